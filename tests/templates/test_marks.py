"""Marks in a document: read whatever way Word split them, and placed as a clerk counts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline import marks
from pipeline.marks import Mark, W

NS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PIECES = st.lists(
    st.sampled_from(
        ["自", "起至", "止。", "{{起始日期}}", "{{框:乙方签名}}", "{{成员.姓名}}", "（", "}", "{"]
    ),
    max_size=8,
).map("".join)


def _document(*runs: str) -> etree._Element:
    body = "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in runs)
    return marks.parse(f"<w:document {NS}><w:body><w:p>{body}</w:p></w:body></w:document>".encode())


@given(PIECES, st.lists(st.integers(0, 60), max_size=12))
def test_healing_keeps_the_text_and_puts_every_mark_into_one_run(text: str, cuts: list[int]) -> None:
    ends = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    runs = [text[start:end] for start, end in pairwise(ends)]
    root = _document(*runs)
    marks.heal(root)
    paragraph = next(root.iter(f"{W}p"))
    assert marks.text_of(paragraph) == text
    whole = [found for run in marks.text_runs(paragraph) for found in marks.MARK.findall(run.text or "")]
    assert whole == marks.MARK.findall(text)


def test_what_follows_a_split_mark_keeps_its_own_run() -> None:
    root = _document("自{{起", "始日", "期}}起至")
    assert marks.heal(root)
    assert [run.text for run in marks.text_runs(next(root.iter(f"{W}p")))] == ["自{{起始日期}}", "", "起至"]


def test_a_mark_is_a_field_a_box_or_a_clause() -> None:
    assert marks.read("成员.姓名") == Mark("field", "成员.姓名")
    assert marks.read(" 框： 乙方签名 ") == Mark("box", "乙方签名")
    assert marks.read("若:归期未定") == Mark("clause", "归期未定")
    assert marks.read("时间:起") == Mark("field", "时间:起")


def test_places_are_counted_as_a_clerk_counts() -> None:
    def p(text: str) -> str:
        return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"

    def table(*cells: str) -> str:
        return "<w:tbl><w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr></w:tbl>"

    body = p("一") + "<w:p/>" + p("二") + table(p("三"), table(p("四")) + p("五")) + table(p("六")) + p("七")
    root = marks.parse(f"<w:document {NS}><w:body>{body}</w:body></w:document>".encode())
    places = {marks.text_of(one): place for one, place in marks.paragraphs(root, "word/document.xml")}
    del places[""]
    assert places == {
        "一": "正文第1段",
        "二": "正文第2段",
        "三": "表格1第1行第1格",
        "四": "表格1第1行第2格里的小表格",
        "五": "表格1第1行第2格",
        "六": "表格2第1行第1格",
        "七": "正文第3段",
    }
    header = dict(marks.paragraphs(root, "word/header2.xml"))
    assert set(header.values()) >= {"页眉第1段", "页眉表格1第1行第1格"}


def test_entities_stay_unresolved() -> None:
    bomb = f'<!DOCTYPE d [<!ENTITY e "机密">]><w:p {NS}><w:r><w:t>&e;</w:t></w:r></w:p>'
    assert "机密" not in marks.text_of(marks.parse(bomb.encode()))
