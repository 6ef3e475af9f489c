"""A document as an official paper in Word (GB/T 9704-2012 as far as fonts go): margins, sizes, numbering, page numbers."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.enum.section import WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

from archive.reports.charts import as_png
from archive.reports.document import Chart, Document, Heading, Item, Paragraph, Table, ToFill
from archive.workbook import write_whole

# GB/T 9704-2012, 5.2.1 and 6: A4, 37 mm above, 28 mm at the left, a text of 156 × 225 mm; three (16 pt) in lines of 28 pt.
MARGINS = {"top_margin": 37, "bottom_margin": 35, "left_margin": 28, "right_margin": 26}
TEXT_WIDTH = 156  # mm
BODY, LINE = 16, 28  # points
LATIN = "Times New Roman"
_TWIPS = 1440 / 25.4  # a mm
_NUMBERING = f"""
<w:abstractNum {nsdecls("w")} w:abstractNumId="90">
  <w:multiLevelType w:val="multilevel"/>
  <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:pStyle w:val="Heading1"/>
    <w:suff w:val="nothing"/><w:lvlText w:val="%1、"/><w:lvlJc w:val="left"/></w:lvl>
  <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:pStyle w:val="Heading2"/>
    <w:suff w:val="nothing"/><w:lvlText w:val="（%2）"/><w:lvlJc w:val="left"/></w:lvl>
  <w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="ListNumber"/>
    <w:lvlRestart w:val="1"/><w:suff w:val="nothing"/><w:lvlText w:val="%3."/><w:lvlJc w:val="left"/></w:lvl>
</w:abstractNum>"""


def write_docx(path: Path, document: Document, day: date) -> None:
    """Write the paper, dated `day`. Raises OSError."""
    whole = io.BytesIO()
    _Paper(document, day).word.save(whole)
    write_whole(path, whole.getvalue())


class _Paper:
    def __init__(self, document: Document, day: date) -> None:
        self.word = docx.Document()
        self._page()
        self._styles()
        when = datetime(day.year, day.month, day.day, tzinfo=UTC)
        properties = self.word.core_properties
        properties.title, properties.created, properties.modified = document.title, when, when
        properties.author = properties.last_modified_by = ""
        self._line(document.title, "Title")
        for text in document.lines:
            self._line(text, "Subtitle")
        for block in document.blocks:
            self._block(block)
        self._sign(document.signed)

    def _sign(self, lines: Sequence[str]) -> None:
        """The lines at the end, on one page with the paragraph before them."""
        for text in ("", *lines) if lines else ():
            self.word.paragraphs[-1].paragraph_format.keep_with_next = True
            self._line(text, "Normal").alignment = WD_ALIGN_PARAGRAPH.RIGHT

    def _page(self) -> None:
        section = self.word.sections[0]
        section.start_type = WD_SECTION.NEW_PAGE
        section.page_width, section.page_height = Mm(210), Mm(297)
        for name, size in MARGINS.items():
            setattr(section, name, Mm(size))
        section.footer_distance = Mm(35 - 7 - 5)  # the number is 7 mm below the text (7.5 of the standard)
        self.word.settings.odd_and_even_pages_header_footer = True
        for footer, side in (
            (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
            (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
        ):
            paragraph = footer.paragraphs[0]
            paragraph.alignment = side
            inside = "left" if side is WD_ALIGN_PARAGRAPH.LEFT else "right"
            paragraph.paragraph_format.__setattr__(f"{inside}_indent", Pt(14))
            paragraph._p.extend(_page_number())

    def _styles(self) -> None:
        word = self.word
        numbering = word.part.numbering_part.element
        numbering.insert(0, parse_xml(_NUMBERING))
        number = numbering.add_num(90).numId
        self._style("Normal", "仿宋", BODY, indent=2)
        self._style("Title", "宋体", 22, bold=True, align=WD_ALIGN_PARAGRAPH.CENTER, after=LINE)
        self._style("Subtitle", "楷体", BODY, align=WD_ALIGN_PARAGRAPH.CENTER, after=LINE / 2)
        self._style("Heading 1", "黑体", BODY, indent=2, level=0, number=number)
        self._style("Heading 2", "楷体", BODY, indent=2, level=1, number=number)
        self._style("List Number", "仿宋", BODY, indent=2, level=2, number=number)
        self._style("Caption", "黑体", 12, align=WD_ALIGN_PARAGRAPH.CENTER, line=20, before=8)
        word.styles.add_style("Note", WD_STYLE_TYPE.PARAGRAPH).base_style = word.styles["Normal"]
        self._style("Note", "宋体", 9, line=13)
        for name in ("Heading 1", "Heading 2", "Caption"):
            word.styles[name].paragraph_format.keep_with_next = True

    def _style(
        self,
        name: str,
        font: str,
        size: float,
        *,
        bold: bool = False,
        align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY,
        indent: int = 0,
        line: float = LINE,
        before: float = 0,
        after: float = 0,
        level: int | None = None,
        number: int = 0,
    ) -> None:
        """Set a style; `indent` is in characters, the rest in points."""
        style = self.word.styles[name]
        properties = style.element.get_or_add_pPr()
        for child in list(properties):
            properties.remove(child)
        run = style.element.get_or_add_rPr()
        for child in list(run):
            run.remove(child)
        style.font.name, style.font.size, style.font.bold = LATIN, Pt(size), bold
        run.rFonts.set(qn("w:eastAsia"), font)
        layout = style.paragraph_format
        layout.alignment, layout.first_line_indent = align, Pt(indent * size)
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
        layout.space_before, layout.space_after = Pt(before), Pt(after)
        if level is not None:
            numbered = properties.get_or_add_numPr()
            numbered.get_or_add_ilvl().val, numbered.get_or_add_numId().val = level, number

    def _line(self, text: str, style: str) -> Any:
        return self.word.add_paragraph(text, style=style)

    def _block(self, block: object) -> None:
        match block:
            case Heading(level, text):
                self._line(text, f"Heading {level}")
            case Paragraph(text):
                self._line(text, "Normal")
            case Item(text):
                self._line(text, "List Number")
            case ToFill(label):
                line = self._line(f"{label}：\t" if label else "\t", "Normal")
                line.paragraph_format.tab_stops.add_tab_stop(
                    Mm(TEXT_WIDTH), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.LINES
                )
            case Table():
                self._table(block)
            case Chart():
                self._chart(block)

    def _table(self, table: Table) -> None:
        self._line(table.caption, "Caption")
        self.word.element.body.insert_element_before(parse_xml("".join(_table_xml(table))), "w:sectPr")
        for text in table.notes:
            self._line(text, "Note")
        if not table.notes:  # Word joins tables that nothing stands between
            self._line("", "Note")

    def _chart(self, chart: Chart) -> None:
        self._line(chart.caption, "Caption")
        paragraph = self._line("", "Note")
        paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
        picture = paragraph.add_run().add_picture(io.BytesIO(as_png(chart)), width=Mm(TEXT_WIDTH))
        picture._inline.docPr.set("descr", chart.caption)


def _table_xml(table: Table) -> Iterator[str]:
    """The table as WordprocessingML (ISO/IEC 29500-1, 17.4).

    python-docx has no repeated heads and no colours of cells, and takes eight times as long cell by cell.
    """
    whole = sum(table.widths)
    widths = [round(TEXT_WIDTH * _TWIPS * part / whole) for part in table.widths]
    yield f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        yield f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
    yield '</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="40" w:type="dxa"/>'
    yield '<w:right w:w="40" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>'
    yield from (f'<w:gridCol w:w="{width}"/>' for width in widths)
    yield "</w:tblGrid>"
    for line, row in enumerate((table.head, *table.rows), -1):
        yield "<w:tr><w:trPr><w:cantSplit/>" + ("<w:tblHeader/>" if line < 0 else "") + "</w:trPr>"
        for column, (text, width) in enumerate(zip(row, widths, strict=True)):
            fill = "E7E6E6" if line < 0 else table.shades.get((line, column))
            yield from _cell_xml(text, width, fill, centred=line < 0 or column >= table.left, bold=line < 0)
        yield "</w:tr>"
    yield "</w:tbl>"


def _cell_xml(text: str, width: int, fill: str | None, *, centred: bool, bold: bool) -> Iterator[str]:
    yield f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>'
    if fill:
        yield f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>'
    yield '<w:vAlign w:val="center"/></w:tcPr><w:p><w:pPr><w:spacing w:line="260" w:lineRule="exact"/>'
    yield f'<w:ind w:firstLine="0"/><w:jc w:val="{"center" if centred else "left"}"/></w:pPr><w:r><w:rPr>'
    yield f'<w:rFonts w:eastAsia="{"黑体" if bold else "宋体"}"/><w:sz w:val="18"/></w:rPr>'
    lines: Sequence[str] = text.split("\n")
    for at, line in enumerate(lines):
        yield ("<w:br/>" if at else "") + f'<w:t xml:space="preserve">{escape(line)}</w:t>'
    yield "</w:r></w:p></w:tc>"


def _page_number() -> list[Any]:
    """— 1 — in four (14 pt) 宋体."""
    font = f'<w:rPr><w:rFonts w:ascii="{LATIN}" w:eastAsia="宋体"/><w:sz w:val="28"/></w:rPr>'
    parts = (
        "<w:t>— </w:t>",
        '<w:fldChar w:fldCharType="begin"/>',
        '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
        '<w:fldChar w:fldCharType="end"/>',
        "<w:t> —</w:t>",
    )
    return [parse_xml(f"<w:r {nsdecls('w')}>{font}{part}</w:r>") for part in parts]
