"""Other ways from a contract's values to its paper: docxtpl, LibreOffice, Typst. Nothing of ours but the text."""

import copy
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docx
import pypdfium2 as pdfium
from docxtpl import DocxTemplate
from lxml import etree

from pipeline import libreoffice, marks
from pipeline.compile_template import compile_template
from pipeline.contracts import Printable
from pipeline.fill import contract_docx
from pipeline.marks import W
from pipeline.template import Template, open_docx

Templates = Mapping[str, Template]
LIMIT = 1_800.0  # seconds a call of LibreOffice may take


def docxtpl_seconds(sample: Sequence[Printable], templates: Templates) -> float:
    """Seconds a contract by docxtpl, each from its template's bytes, as its manual does it."""
    theirs = {sha: _in_their_notation(template) for sha, template in templates.items()}
    started = time.perf_counter()
    for one in sample:
        _by_docxtpl(theirs[one.template_sha256], one)
    return (time.perf_counter() - started) / len(sample)


def a_file_each(sample: Sequence[Printable], templates: Templates, folder: Path) -> tuple[float, float]:
    """Seconds and pages a contract by LibreOffice, called for each of docxtpl's files."""
    theirs = {sha: _in_their_notation(template) for sha, template in templates.items()}
    seconds, pages = 0.0, 0
    for one in sample:
        path = folder / "one.docx"
        path.write_bytes(_by_docxtpl(theirs[one.template_sha256], one))
        started = time.perf_counter()
        (pdf,) = libreoffice.to_pdf([path], folder, seconds=LIMIT)
        seconds += time.perf_counter() - started
        pages += _pages(pdf)
    return seconds / len(sample), pages / len(sample)


def merged(sample: Sequence[Printable], templates: Templates, folder: Path) -> tuple[float, float]:
    """Seconds and pages a contract by LibreOffice, of one document with all of them, a page break between."""
    files = [contract_docx(compile_template(templates[one.template_sha256]), one.content) for one in sample]
    document = docx.Document(io.BytesIO(files[0]))
    section = document.element.body.sectPr
    for file in files[1:]:
        body = marks.parse(open_docx(file)["word/document.xml"])[0]
        next(body.iter(f"{W}pStyle")).addnext(etree.Element(f"{W}pageBreakBefore"))
        for child in list(body)[:-1]:
            section.addprevious(child)
    document.save(str(folder / "merged.docx"))
    started = time.perf_counter()
    (pdf,) = libreoffice.to_pdf([folder / "merged.docx"], folder, seconds=LIMIT)
    return (time.perf_counter() - started) / len(sample), _pages(pdf) / len(sample)


def typst(sample: Sequence[Printable], templates: Templates, folder: Path) -> tuple[float, float]:
    """Seconds and pages a contract by Typst, all of them in one file."""
    import typst as compiler

    parts = []
    for one in sample:
        made = contract_docx(compile_template(templates[one.template_sha256]), one.content)
        parts.append(_typst_of(marks.parse(open_docx(made)["word/document.xml"])[0]))
    source = folder / "contracts.typ"
    source.write_text(_TYPST + "\n#pagebreak()\n#counter(page).update(1)\n".join(parts), encoding="utf-8")
    started = time.perf_counter()
    compiler.compile(source, output=folder / "typst.pdf")
    return (time.perf_counter() - started) / len(sample), _pages(folder / "typst.pdf") / len(sample)


def _pages(path: Path) -> int:
    with pdfium.PdfDocument(path) as document:
        return len(document)


def _by_docxtpl(template: bytes, contract: Printable) -> bytes:
    document, content, out = DocxTemplate(io.BytesIO(template)), contract.content, io.BytesIO()
    clauses = dict.fromkeys(content.clauses, True)
    document.render(dict(content.fields) | dict(content.rows) | {"clauses": clauses}, autoescape=True)
    document.save(out)
    return out.getvalue()


def _in_their_notation(template: Template) -> bytes:
    """The same document with docxtpl's marks; boxes become empty."""
    manifest = template.manifest
    fields = {field.label: name for name, field in manifest.fields.items()}
    for rows, named in manifest.rows.items():
        fields |= {field.label: f"{rows}.{name}" for name, field in named.items()}
    clauses = {clause.label: name for name, clause in manifest.clauses.items()}
    document = docx.Document(io.BytesIO(template.docx))
    root = document.element
    for paragraph in list(root.iter(f"{W}p")):
        for text in marks.text_runs(paragraph):
            for inner in marks.MARK.findall(text.text or ""):
                mark = marks.read(inner)
                theirs = ""
                if mark.kind == "clause":
                    _around(document, paragraph, f"{{%p if clauses.{clauses[mark.label]} %}}", "{%p endif %}")
                elif mark.kind == "field":
                    rows, dot, key = fields[mark.label].partition(".")
                    if dot:
                        _row_loop(next(paragraph.iterancestors(f"{W}tr")), rows)
                    theirs = f"{{{{ one.{key} }}}}" if dot else f"{{{{ {rows} }}}}"
                text.text = (text.text or "").replace("{{" + inner + "}}", theirs)
    for row in root.iter(f"{W}tr"):
        row.attrib.pop("looped", None)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _around(document: Any, paragraph: Any, before: str, after: str) -> None:
    for words, place in ((before, paragraph.addprevious), (after, paragraph.addnext)):
        added = document.add_paragraph(words)._p
        place(added)


def _row_loop(row: Any, rows: str) -> None:
    """Rows of docxtpl's around a row that repeats, once."""
    if row.get("looped") is not None:
        return
    for words, place in ((f"{{%tr for one in {rows} %}}", row.addprevious), ("{%tr endfor %}", row.addnext)):
        added = copy.deepcopy(row)
        texts = list(added.iter(f"{W}t"))
        for text in texts:
            text.text = ""
        texts[0].text = words
        place(added)
    row.set("looped", "1")


_TYPST = """
#set page(paper: "a4", margin: (top: 37mm, left: 28mm, right: 26mm, bottom: 40mm),
  footer: context align(center, text(10.5pt)[第 #counter(page).display() 页]))
#set text(font: "Noto Serif CJK SC", size: 12pt, lang: "zh", top-edge: 0.88em, bottom-edge: -0.12em)
#set par(justify: true, leading: 7pt, spacing: 7pt)
#let hei(words) = text(font: "Noto Sans CJK SC", words)
#let kai(words) = text(font: "LXGW WenKai", words)
#let blank(words) = underline(kai(words))
#set table(stroke: 0.5pt, inset: (x: 1.5mm, y: 3pt), align: horizon)
"""
# Of the stock templates' styles (they share them): size in points, alignment, first line's indent.
_LOOKS = {"P01": (22, "center", 0), "P03": (12, "left", 2), "P04": (12, "left", 2), "P05": (12, "left", 2),
          "P06": (12, "center", 0), "P07": (12, "center", 0), "P09": (10.5, "left", 0), "P10": (12, "center", 0),
          "P11": (10.5, "left", 2), "P12": (10.5, "left", 0), "P13": (12, "left", 2), "P14": (12, "right", 0),
          "P16": (5, "left", 0), "P17": (1, "left", 0), "P20": (10.5, "left", 0)}  # fmt: skip
_RUNS = {"C22": "hei", "C23": "blank", "C24": "kai"}
_NUMBERS = "一 二 三 四 五 六 七 八 九 十 十一 十二 十三 十四 十五".split()


def _typst_of(body: etree._Element) -> str:
    """A contract's paragraphs and tables in Typst's markup."""
    parts: list[str] = []
    clause = 0
    for child in body:
        if child.tag == f"{W}tbl":
            parts.append(_typst_table(child))
        elif child.tag == f"{W}p":
            number = ""
            if _style_of(child) == "P05":
                number = f'#hei("第{_NUMBERS[clause]}条 ")'
                clause += 1
            parts.append(_typst_paragraph(child, number))
    return "\n\n".join(parts)


def _style_of(paragraph: etree._Element) -> str:
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    return "" if style is None else str(style.get(f"{W}val"))


def _typst_paragraph(paragraph: etree._Element, number: str) -> str:
    size, side, indent = _LOOKS.get(_style_of(paragraph), (12, "left", 0))
    runs = [number]
    for run in paragraph.iter(f"{W}r"):
        words = "".join("　" if child.tag == f"{W}tab" else child.text or "" for child in run)
        style = run.find(f"{W}rPr/{W}rStyle")
        look = _RUNS.get(str(style.get(f"{W}val"))) if style is not None else None
        if words:
            runs.append(f"#{look}({_quoted(words)})" if look else f"#{_quoted(words)}")
    inside = f"#set text({size}pt)\n#h({indent}em)" + "".join(runs)
    return f"#align({side})[{inside}]" if side != "left" else f"#[{inside}]"


def _quoted(words: str) -> str:
    """A string of Typst's: nothing in it is markup."""
    return json.dumps(words, ensure_ascii=False)


def _typst_table(table: etree._Element) -> str:
    columns = [f"{int(str(one.get(f'{W}w'))) / 20}pt" for one in table.iter(f"{W}gridCol")]
    cells: list[str] = []
    heights: list[str] = []
    for row in marks.rows_of(table):
        height = row.find(f"{W}trPr/{W}trHeight")
        empty = not any(text.text for text in row.iter(f"{W}t"))
        tall = empty and height is not None
        heights.append(f"{int(str(height.get(f'{W}val'))) / 20}pt" if tall and height is not None else "auto")
        for cell in marks.cells_of(row):
            span = cell.find(f"{W}tcPr/{W}gridSpan")
            inside = "\n\n".join(_typst_paragraph(one, "") for one in cell.iter(f"{W}p"))
            across = 1 if span is None else span.get(f"{W}val")
            cells.append(f"table.cell(colspan: {across})[{inside}]")
    inside = ",\n".join(cells)
    return f"#table(columns: ({', '.join(columns)}), rows: ({', '.join(heights)},),\n{inside})"
