"""Text boxes: Word keeps each twice, and both say the same in a contract."""

import io
import re
from pathlib import Path

import docx
import pytest
from lxml import etree

from pipeline import marks
from pipeline.compile_template import compile_template
from pipeline.errors import TemplateUnreadable
from pipeline.fill import Slot, contract_docx
from pipeline.layout import Variant
from pipeline.marks import MC, W
from pipeline.render_layout import render
from pipeline.template import Template, load_template
from pipeline.template_check import static_problems
from tests.templates.contents import content
from tests.templates.template_edits import Members, edited, members_of, stock
from tests.templates.word_pieces import insert_into_title, paragraph, run, table, text_box

PLACE = {"x": 28, "y": 12, "w": 90, "h": 22}


def with_box(tmp_path: Path, choice: str, fallback: str | None = None, number: str = "04") -> Template:
    def edit(members: Members) -> None:
        insert_into_title(members, text_box(choice, choice if fallback is None else fallback, **PLACE))

    return load_template(edited(stock(number), tmp_path, docx=edit))


def box_texts(document: bytes) -> list[list[str]]:
    """The paragraphs of each text box's Choice, then its Fallback, as they are in the file."""
    root = marks.parse(members_of(document)["word/document.xml"])
    return [[marks.text_of(one) for one in box.iter(f"{W}p")] for box in root.iter(f"{W}txbxContent")]


def test_both_forms_of_a_text_box_are_filled_alike(tmp_path: Path) -> None:
    line = paragraph(run("联系人："), run("{{联户责"), run("任人}}", "<w:b/>"))
    template = with_box(tmp_path, line + paragraph(run("{{乙方姓名}}")))
    assert static_problems(template) == []
    made = contract_docx(compile_template(template), content(template.manifest))
    choice, fallback = box_texts(made)
    assert choice == fallback
    assert choice[0].replace("\u3000", "") == "联系人：＊联户责任人＊"
    assert choice[1] == "＊乙方姓名＊"
    assert "{{" not in members_of(made)["word/document.xml"].decode()
    docx.Document(io.BytesIO(made))


def test_a_layout_has_the_fields_and_the_box_of_a_text_box_once(tmp_path: Path) -> None:
    def edit(members: Members) -> None:
        text = members["word/document.xml"].decode()
        members["word/document.xml"] = text.replace("{{框:乙方签名}}", "", 1).encode()
        lines = paragraph(run("联系人：{{联户责任人}}"), run("（电话{{外出电话}}）")) + paragraph(
            run("{{框:乙方签名}}")
        )
        insert_into_title(members, text_box(lines, lines, **PLACE))

    template = load_template(edited(stock("04"), tmp_path, docx=edit))
    (layout,) = render([(template, Variant())])
    first = layout.sheets[0]
    left, top = PLACE["x"], PLACE["y"]
    inside = [
        field.name
        for field in first.fields
        if field.lines[0].x < left + PLACE["w"] and field.lines[0].baseline < top + PLACE["h"]
    ]
    assert inside == ["responsible", "phone"]
    (signature,) = [box for sheet in layout.sheets for box in sheet.boxes if box.name == "party_b_signature"]
    assert signature.x == pytest.approx(left, abs=0.5)
    assert top < signature.y < top + PLACE["h"]
    names = [field.name for sheet in layout.sheets for field in sheet.fields]
    assert names.count("responsible") == 2  # here, and where the stock template has it


def test_rows_and_clauses_in_a_text_box(tmp_path: Path) -> None:
    inside = (
        table((run("姓名"), run("性别")), (run("{{成员.姓名}}"), run("{{成员.性别}}")))
        + paragraph(run("{{若:六十岁以上老人}}家有老人：{{户主姓名}}"))
        + paragraph(run("完"))
    )

    def edit(members: Members) -> None:
        text = re.sub(r"\{\{成员\.[^}]*\}\}", "", members["word/document.xml"].decode())
        members["word/document.xml"] = text.encode()
        insert_into_title(members, text_box(inside, inside, **PLACE))

    template = load_template(edited(stock("01"), tmp_path, docx=edit))
    compiled = compile_template(template)
    for rows in (1, 3):
        for clauses in ((), ("member_over_sixty",)):
            choice, fallback = box_texts(contract_docx(compiled, content(template.manifest, rows, clauses)))
            assert choice == fallback
            cells = [cell for row in range(1, rows + 1) for cell in (f"成员.姓名{row}", f"成员.性别{row}")]
            assert choice[: 2 + 2 * rows] == ["姓名", "性别", *cells]
            rest = [text.replace("\u3000", "") for text in choice[2 + 2 * rows :]]
            assert rest == (["家有老人：＊户主姓名＊", "完"] if clauses else ["完"])


def test_a_text_box_whose_only_paragraph_is_optional_keeps_an_empty_one(tmp_path: Path) -> None:
    line = paragraph(run("{{若:归期未定}}归期未定")) + paragraph(run("{{若:归期未定}}{{乙方姓名}}"))
    template = with_box(tmp_path, line)
    compiled = compile_template(template)
    for clauses, wanted in (((), [""]), (("open_stay",), ["归期未定", "＊乙方姓名＊"])):
        choice, fallback = box_texts(contract_docx(compiled, content(template.manifest, 0, clauses)))
        assert [text.replace("\u3000", "") for text in choice] == wanted
        assert choice == fallback


@pytest.mark.parametrize("fallback", [paragraph(run("看不见")), ""], ids=["a picture's words", "nothing"])
def test_a_fallback_without_marks_is_left_as_it_is(tmp_path: Path, fallback: str) -> None:
    template = with_box(tmp_path, paragraph(run("{{乙方姓名}}")), fallback)
    choice, other = box_texts(contract_docx(compile_template(template), content(template.manifest)))
    assert (choice, other) == (["＊乙方姓名＊"], ["看不见"] if fallback else [])


@pytest.mark.parametrize(
    ("choice", "fallback"),
    [
        ("没有标记", "{{乙方姓名}}"),
        ("{{乙方姓名}}", "{{户编号}}"),
        ("{{乙方姓名}}{{户编号}}", "{{户编号}}{{乙方姓名}}"),
        ("{{乙方姓名}}", "{{乙方姓名}}{{乙方姓名}}"),
        ("{{乙方姓名}}", "{{不认识的}}"),
    ],
)
def test_two_forms_with_other_marks_are_refused(tmp_path: Path, choice: str, fallback: str) -> None:
    template = with_box(tmp_path, paragraph(run(choice)), paragraph(run(fallback)))
    with pytest.raises(TemplateUnreadable, match=r"两份内容.*重新插入"):
        compile_template(template)


def test_alternatives_within_a_paragraph_are_filled_alike(tmp_path: Path) -> None:
    words = run("甲{{乙方姓名}}") + run("{{户编号}}")
    either = (
        f'<mc:AlternateContent><mc:Choice Requires="wps">{words}</mc:Choice>'
        f"<mc:Fallback>{words}</mc:Fallback></mc:AlternateContent>"
    )
    template = load_template(
        edited(stock("04"), tmp_path, docx=lambda members: insert_into_title(members, either))
    )
    made = contract_docx(compile_template(template), content(template.manifest))
    root = marks.parse(members_of(made)["word/document.xml"])
    for form in next(root.iter(f"{MC}AlternateContent")):
        text = "".join(one.text or "" for one in form.iter(f"{W}t")).replace("\u3000", "")
        assert text == "甲＊乙方姓名＊＊户编号＊"


def test_two_text_boxes_of_one_paragraph_do_not_share(tmp_path: Path) -> None:
    def edit(members: Members) -> None:
        for label in ("户编号", "乙方姓名"):
            inside = paragraph(run(f"{{{{{label}}}}}"))
            insert_into_title(members, text_box(inside, inside, **PLACE))

    template = load_template(edited(stock("04"), tmp_path, docx=edit))
    made = contract_docx(compile_template(template), content(template.manifest))
    assert box_texts(made) == [["＊乙方姓名＊"]] * 2 + [["＊户编号＊"]] * 2


def test_a_text_box_in_a_text_box_s_later_form_is_filled_from_the_first(tmp_path: Path) -> None:
    again = paragraph(run("{{户编号}}"))
    inner = paragraph(run("{{乙方姓名}}"), text_box(again, again, **PLACE))
    template = with_box(tmp_path, inner)
    compiled = compile_template(template)
    root = etree.fromstring(
        members_of(contract_docx(compiled, content(template.manifest)))["word/document.xml"]
    )
    assert len(list(root.iter(f"{MC}AlternateContent"))) == 3
    words = ["".join(text.text or "" for text in box.iter(f"{W}t")) for box in root.iter(f"{W}txbxContent")]
    assert words.count("＊户编号＊") == 4
    slots: dict[int, str] = {}

    def paint(slot: Slot, row: int) -> tuple[str, str]:
        slots[id(slot)] = slot.name
        return "", ""

    compiled.render((), {}, paint)
    assert list(slots.values()).count("household_number") == 2  # the box's, and the stock template's own
