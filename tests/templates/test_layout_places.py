"""Where values stand on paper: aligned as in Word, never over the page code or in a box, never taken for cut."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pypdfium2 as pdfium
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH

from pipeline import libreoffice, press
from pipeline.compile_template import compile_template
from pipeline.fill import contract_docx
from pipeline.layout import Layout, Variant
from pipeline.layout_check import layout_problems
from pipeline.press import Batch
from pipeline.preview import invented_contract
from pipeline.render_layout import render
from pipeline.shipped import ships
from pipeline.template import Template, load_template
from tests.templates.template_edits import edited, loaded, stock, swap, swap_toml

DAY = date(2026, 3, 5)
OPEN = ("open_stay",)


def away(tmp_path: Path, change: Callable[[Any], None]) -> Template:
    """The away contract as python-docx changes it."""
    folder = edited(stock("04"), tmp_path)
    document: Any = docx.Document(str(folder / "contract.docx"))
    change(document)
    document.save(str(folder / "contract.docx"))
    return load_template(folder)


def of_mark(document: Any, mark: str) -> Any:
    """The paragraph of a table that has the mark."""
    return next(
        paragraph
        for table in document.tables
        for row in table.rows
        for cell in row.cells
        for paragraph in cell.paragraphs
        if mark in paragraph.text
    )


def header(text: str, align: WD_ALIGN_PARAGRAPH) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        top = document.sections[0].header
        top.is_linked_to_previous = False
        top.paragraphs[0].text, top.paragraphs[0].alignment = text, align

    return change


def laid_out(template: Template, variant: Variant = Variant(OPEN)) -> Layout:  # noqa: B008
    (layout,) = render([(template, variant)])
    return layout


def lefts(pdf: bytes, words: str) -> Iterator[float]:
    """Where words begin on the first sheet, in mm."""
    with closing(pdfium.PdfDocument(pdf)) as document:
        text = document[0].get_textpage()
        search = text.search(words)
        while found := search.get_next():
            yield text.get_charbox(found[0], loose=True)[0] / 72 * 25.4


def test_a_value_stands_in_its_cell_as_word_puts_it(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        of_mark(document, "{{乙方姓名}}").alignment = WD_ALIGN_PARAGRAPH.CENTER
        of_mark(document, "{{外出电话}}").alignment = WD_ALIGN_PARAGRAPH.RIGHT

    template = away(tmp_path, change)
    contract, facts = invented_contract(template, DAY)
    out = io.BytesIO()
    batch = Batch(facts, [(contract, laid_out(template))], {template.sha256: template}, b"key")
    press.write_contracts(out, batch, "对照")
    document = tmp_path / "contract.docx"
    document.write_bytes(contract_docx(compile_template(template), contract.content))
    (theirs,) = libreoffice.to_pdf([document], tmp_path, seconds=60)
    for words in ("韦样例", "13800000000", "凤凰社区居委会"):
        mine, other = list(lefts(out.getvalue(), words)), list(lefts(theirs.read_bytes(), words))
        # A blank is a whole number of characters wide: half of one may be lacking at its end.
        assert len(mine) == len(other) >= 1
        assert mine == pytest.approx(other, abs=3), words


def test_members_stand_in_the_middle_of_their_cells() -> None:
    fields = {
        place.name: place for place in laid_out(loaded("01"), Variant((), (("members", 2),))).sheets[0].fields
    }
    assert fields["members.1.name"].centred
    assert fields["members.2.birth"].centred
    assert not fields["village"].centred


def test_a_field_in_the_header_is_whole_on_every_sheet(tmp_path: Path) -> None:
    layout = laid_out(away(tmp_path, header("签约人：{{乙方姓名}}", WD_ALIGN_PARAGRAPH.LEFT)))
    names = [place for sheet in layout.sheets for place in sheet.fields if place.name == "party_b_name"]
    assert len(names) == len(layout.sheets) + 1
    assert not any(place.cut for place in names)


def test_a_blank_that_goes_on_over_the_page_is_cut() -> None:
    layout = laid_out(loaded("04"), Variant(OPEN, (), (("stay_to", 9_000),)))
    parts = [place for sheet in layout.sheets for place in sheet.fields if place.name == "stay_to"]
    assert len(parts) > 1
    assert all(place.cut for place in parts)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            header("{{合同编号}}", WD_ALIGN_PARAGRAPH.RIGHT),
            "第 1 页右上角（从左 105 毫米、从上 30 毫米以内）",
        ),
        (
            lambda document: of_mark(document, "{{框:签订日期}}").add_run("　{{户编号}}"),
            "框“签订日期”里有文字",
        ),
        (
            lambda document: setattr(of_mark(document, "{{外出电话}}").runs[0].font, "outline", True),
            "标记 {{外出电话}} 没有排出来",
        ),
    ],
)
def test_what_is_laid_out_wrongly_is_named_as_the_document_names_it(
    tmp_path: Path, change: Callable[[Any], None], says: str
) -> None:
    found = layout_problems(away(tmp_path, change))
    assert any(says in one.message for one in found), found
    assert {one.severity for one in found} == {"error"}


def test_a_document_that_libreoffice_does_not_open_is_named_as_the_clerk_knows_it(tmp_path: Path) -> None:
    folder = edited(stock("04"), tmp_path, lambda members: members.update({"word\\x\x01.xml": b"<a/>"}))
    (found,) = layout_problems(load_template(folder))
    assert "没能把 contract.docx 转成 PDF" in found.message


def test_whether_layouts_ship_is_known_at_once_however_many_clauses(tmp_path: Path) -> None:
    clauses = "".join(f'c{number} = {{ label = "条款{number}", when = {{ }} }}\n' for number in range(60))
    many = load_template(
        edited(stock("01"), tmp_path, toml=swap_toml("[clauses]\n", f"[clauses]\n{clauses}"))
    )
    assert not ships(many)
    assert ships(loaded("01"))


def test_a_mark_with_characters_that_nobody_sees_is_the_mark(tmp_path: Path) -> None:
    edit = swap("{{乡镇}}", "{{\u200b乡\ufeff镇\xad}}")
    template = load_template(edited(stock("04"), tmp_path, edit))
    compile_template(template)
    assert layout_problems(template) == []
