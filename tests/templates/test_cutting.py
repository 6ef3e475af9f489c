"""Marks wherever Word and WPS put them: each is filled, and what stands around it stays."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest

from pipeline import marks
from pipeline.compile_template import compile_template
from pipeline.errors import TemplateUnreadable
from pipeline.fill import Slot, contract_docx
from pipeline.marks import W
from pipeline.template import load_template
from tests.templates.contents import content
from tests.templates.template_edits import Members, edited, members_of, relation, stock, swap
from tests.templates.word_pieces import add_header, insert, paragraph, run, table

NAME = "＊乙方姓名＊"


def filled(tmp_path: Path, edit: Callable[[Members], None], clauses: tuple[str, ...] = ()) -> Members:
    """The members of a contract of an edited template 04, which python-docx opens."""
    template = load_template(edited(stock("04"), tmp_path, docx=edit))
    made = contract_docx(compile_template(template), content(template.manifest, 0, clauses))
    docx.Document(io.BytesIO(made))
    return members_of(made)


def first_paragraph(members: Members, part: str = "word/document.xml") -> Any:
    return next(marks.parse(members[part]).iter(f"{W}p"))


def shape(element: Any) -> list[str]:
    """A paragraph's runs: what each holds, in order; a text as itself."""
    return [
        (child.text or "").replace("\u3000", "") if child.tag == f"{W}t" else child.tag.partition("}")[2]
        for run_ in element.iter(f"{W}r")
        for child in run_
        if child.tag != f"{W}rPr"
    ]


@pytest.mark.parametrize(
    ("inside", "wanted"),
    [
        ("<w:r><w:t>甲</w:t><w:tab/><w:t>乙{{乙方姓名}}丙</w:t><w:br/><w:t>丁</w:t></w:r>",
         ["甲", "tab", "乙", NAME, "丙", "br", "丁"]),
        ("<w:r><w:tab/><w:t>{{乙方姓名}}</w:t><w:tab/></w:r>", ["tab", NAME, "tab"]),
        ("<w:r><w:t>{{乙方姓名}}{{户编号}}</w:t></w:r>", [NAME, "＊户编号＊"]),
        (run("{{") + '<w:proofErr w:type="spellStart"/>' + run("乙方姓名") + '<w:bookmarkStart w:id="0" '
         'w:name="_GoBack"/><w:bookmarkEnd w:id="0"/>' + run("}}"), [NAME, "", ""]),
        (f'<w:hyperlink w:anchor="_Toc1">{run("见{{乙方姓名}}")}</w:hyperlink>', ["见", NAME]),
        (f'<w:smartTag w:uri="urn:x" w:element="name">{run("{{乙方姓名}}")}</w:smartTag>{run("先生")}',
         [NAME, "先生"]),
        (f"<w:r><w:ruby><w:rubyPr/><w:rt>{run('xìng')}</w:rt><w:rubyBase>{run('姓')}</w:rubyBase></w:ruby></w:r>"
         + run("{{乙方姓名}}"), ["ruby", "xìng", "姓", NAME]),
        ("<w:r><w:t xml:space=\"preserve\"> 乙 {{乙方姓名}} 丙 </w:t></w:r>", [" 乙 ", NAME, " 丙 "]),
    ],
    ids=["text, tab, break", "tabs", "side by side", "split by Word", "link within", "smart tag",
         "ruby", "spaces"],
)  # fmt: skip
def test_a_mark_in_a_run_with_other_things(tmp_path: Path, inside: str, wanted: list[str]) -> None:
    members = filled(tmp_path, lambda members: insert(members, paragraph(inside)))
    assert shape(first_paragraph(members)) == wanted


def test_a_value_has_the_looks_of_its_mark(tmp_path: Path) -> None:
    looks = (
        '<w:rFonts w:eastAsia="楷体"/><w:b/><w:color w:val="1F497D" w:themeColor="text2"/><w:sz w:val="28"/>'
    )
    members = filled(tmp_path, lambda members: insert(members, paragraph(run("甲{{乙方姓名}}", looks))))
    (before, value) = first_paragraph(members).iter(f"{W}rPr")
    for properties in (before, value):
        assert [child.tag.partition("}")[2] for child in properties] == ["rFonts", "b", "color", "sz"]
        assert dict(properties.find(f"{W}color").attrib) == {
            f"{W}val": "1F497D",
            f"{W}themeColor": "text2",
        }


def test_a_content_control_around_a_mark_gives_way_to_its_content(tmp_path: Path) -> None:
    bound = '<w:sdtPr><w:id w:val="7"/><w:showingPlcHdr/><w:dataBinding w:xpath="/a" w:storeItemID="{1}"/></w:sdtPr>'
    kept = f"<w:sdt><w:sdtPr/><w:sdtContent>{run('不动')}</w:sdtContent></w:sdt>"
    inside = f"<w:sdt>{bound}<w:sdtContent>{run('{{乙方姓名}}')}</w:sdtContent></w:sdt>"
    whole = f"<w:sdt>{bound}<w:sdtContent>{paragraph(inside, kept)}</w:sdtContent></w:sdt>"
    members = filled(tmp_path, lambda members: insert(members, whole))
    found = first_paragraph(members)
    assert shape(found) == [NAME, "不动"]
    assert [child.tag for child in found] == [f"{W}r", f"{W}sdt"]
    assert found.getparent().tag == f"{W}body"


def test_marks_in_headers_footers_and_nested_tables(tmp_path: Path) -> None:
    def edit(members: Members) -> None:
        add_header(members, paragraph(run("编号 {{合同编号}}")))
        swap("第 </w:t>", "{{乙方姓名}} 第 </w:t>", "word/footer1.xml")(members)
        inner = table((run("小格"), run("{{户编号}}")))
        outer = f"<w:tbl><w:tblPr/><w:tr><w:tc><w:tcPr/>{inner}{paragraph()}</w:tc></w:tr></w:tbl>"
        insert(members, outer)

    members = filled(tmp_path, edit)
    assert shape(first_paragraph(members, "word/header1.xml")) == ["编号 ", "＊合同编号＊"]
    assert shape(first_paragraph(members, "word/footer1.xml"))[:2] == [NAME, " 第 "]
    cells = list(marks.parse(members["word/document.xml"]).iter(f"{W}tc"))[:3]
    assert shape(cells[2]) == ["＊户编号＊"]


def test_a_header_whose_only_paragraph_is_optional_keeps_an_empty_one(tmp_path: Path) -> None:
    for clauses, wanted in (((), []), (("open_stay",), ["长期在外"])):
        folder = tmp_path / str(len(clauses))
        folder.mkdir()
        members = filled(
            folder, lambda members: add_header(members, paragraph(run("{{若:归期未定}}长期在外"))), clauses
        )
        assert shape(first_paragraph(members, "word/header1.xml")) == wanted


def test_an_optional_paragraph_that_ends_a_section_leaves_the_section(tmp_path: Path) -> None:
    def edit(members: Members) -> None:
        text = members["word/document.xml"].decode()
        (section,) = re.findall(r"<w:sectPr>.*?</w:sectPr>", text, re.DOTALL)
        insert(members, f"<w:p><w:pPr>{section}</w:pPr>{run('{{若:归期未定}}长期在外')}</w:p>")

    root = marks.parse(filled(tmp_path, edit)["word/document.xml"])
    assert len(list(root.iter(f"{W}sectPr"))) == 2
    assert shape(next(root.iter(f"{W}p"))) == []


def test_what_a_program_remembers_is_not_in_a_contract(tmp_path: Path) -> None:
    w14 = "http://schemas.microsoft.com/office/word/2010/wordml"
    remembered = (
        f'<w:p xmlns:w14="{w14}" w14:paraId="1A2B3C4D" w14:textId="77777777" w:rsidR="00AA11BB">'
        f'<w:bookmarkStart w:id="0" w:name="_GoBack"/><!-- <?huyue end?> -->{run("{{乙方姓名}}")}'
        '<w:bookmarkEnd w:id="0"/></w:p>'
    )
    text = filled(tmp_path, lambda members: insert(members, remembered))["word/document.xml"].decode()
    assert NAME in text
    assert not re.search("rsid|paraId|textId|bookmark|<!--|_GoBack", text)


def test_a_document_with_another_prefix_is_well_formed_in_every_colour(tmp_path: Path) -> None:
    def edit(members: Members) -> None:
        text = members["word/document.xml"].decode()
        text = re.sub(r"(</?|[ ])w:(?=\w)", r"\1ns0:", text).replace("xmlns:w=", "xmlns:ns0=")
        members["word/document.xml"] = text.encode()

    template = load_template(edited(stock("04"), tmp_path, docx=edit))
    compiled = compile_template(template)
    colour = '<w:color w:val="F11113"/>'
    made = members_of(compiled.render((), {}, lambda slot, row: (colour, "〓")))["word/document.xml"]
    found = list(marks.parse(made).iter(f"{W}color"))
    assert len(found) == made.decode().count("〓") > 20


def sizes(tmp_path: Path, edit: Callable[[Members], None]) -> float:
    """The size of the first slot of an edited template 04."""
    found: list[float] = []

    def paint(slot: Slot, row: int) -> tuple[str, str]:
        found.append(slot.size)
        return "", ""

    compile_template(load_template(edited(stock("04"), tmp_path, docx=edit))).render((), {}, paint)
    return found[0]


STYLES = (
    '<w:style w:type="character" w:styleId="X1"><w:basedOn w:val="X2"/><w:rPr><w:szCs w:val="60"/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="X2"><w:basedOn w:val="X1"/><w:rPr><w:sz w:val="36"/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="X3"><w:rPr><w:sz w:val="44"/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="X4"/>'
    '<w:style w:type="table" w:styleId="X5"><w:rPr><w:sz w:val="18"/></w:rPr></w:style>'
)
TABLE = '<w:tbl><w:tblPr><w:tblStyle w:val="X5"/></w:tblPr><w:tr><w:tc><w:tcPr/>{}</w:tc></w:tr></w:tbl>'


@pytest.mark.parametrize(
    ("paragraph_style", "properties", "wanted"),
    [
        ("X3", '<w:rStyle w:val="X1"/><w:sz w:val="30"/>', 15),
        ("X3", '<w:rStyle w:val="X1"/><w:szCs w:val="90"/>', 18),
        ("X3", "", 22),
        ("X3", '<w:sz w:val="0"/>', 22),
        ("X3", '<w:sz w:val="-4"/>', 22),
        ("X3", '<w:sz w:val="大"/>', 22),
        ("X4", "", 9),
    ],
    ids=["its own", "a character style's", "a paragraph style's", "zero", "below zero", "a word", "a table style's"],
)  # fmt: skip
def test_the_size_of_a_blank(tmp_path: Path, paragraph_style: str, properties: str, wanted: float) -> None:
    style = f'<w:pPr><w:pStyle w:val="{paragraph_style}"/></w:pPr>'

    def edit(members: Members) -> None:
        swap("</w:styles>", f"{STYLES}</w:styles>", "word/styles.xml")(members)
        insert(members, TABLE.format(f"<w:p>{style}{run('{{乙方姓名}}', properties)}</w:p>"))

    assert sizes(tmp_path, edit) == wanted


@pytest.mark.parametrize("mode", ['TargetMode="External"', 'TargetMode=" external "'])
def test_no_link_to_elsewhere_is_ever_compiled(tmp_path: Path, mode: str) -> None:
    edit = relation("image", "http://127.0.0.1/a.png", f" {mode}")
    template = load_template(edited(stock("04"), tmp_path, docx=edit))
    with pytest.raises(TemplateUnreadable, match=r"word/_rels/document\.xml\.rels.*127\.0\.0\.1.*取消"):
        compile_template(template)


def test_a_part_that_imitates_our_own_signs_is_refused(tmp_path: Path) -> None:
    folder = edited(
        stock("04"),
        tmp_path,
        docx=lambda members: insert(members, paragraph(run("&#xFDD0;text:999&#xFDD1;"))),
    )
    with pytest.raises(TemplateUnreadable, match="不是文字的字符"):
        compile_template(load_template(folder))
