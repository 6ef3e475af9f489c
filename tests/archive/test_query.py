"""The query parser reads whatever is typed, and never fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.index.query import Exact, Field, Query, Term, parse, plan
from archive.index.words import Words

WORDS = Words(
    {
        "451225100": "东门镇",
        "451225100201": "冲洞村委会",
        "451225103": "小长安镇",
        "451225103209": "民族村委会",
        "451225203": "纳翁乡",
        "451225203205": "民族村委会",
        "451225103001": "长安社区居委会",
    },
    ["计划生育合同书"],
)
ANYTHING = st.text(
    st.one_of(st.characters(), st.sampled_from('"“”:：-－村组户年状态 　0123456789十𠮷、·|¶\n'))
)


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("覃小明 冲洞", [Term("覃小明"), Term("冲洞")]),
        ("覃小明　冲洞", [Term("覃小明"), Term("冲洞")]),
        ('"东门镇 冲洞村"', [Term("东门镇 冲洞村")]),
        ("“东门镇 冲洞村”覃", [Term("东门镇 冲洞村"), Term("覃")]),
        ("覃 “东门镇 冲洞村", [Term("覃"), Term("东门镇 冲洞村")]),
        ('-作废 －"上 寨"', [Term("作废", excluded=True), Term("上 寨", excluded=True)]),
        ("村:冲洞", [Term("冲洞", Field.VILLAGE)]),
        ("村：冲洞 姓名: 覃", [Term("冲洞", Field.VILLAGE), Term("覃", Field.PARTY)]),
        ("-状态:作废", [Term("作废", Field.STATE, excluded=True)]),
        ("YEAR:2026 ｙｅａｒ:2025", [Term("2026", Field.YEAR), Term("2025", Field.YEAR)]),
        ("备注:冲洞", [Term("备注:冲洞")]),
        ("any:冲洞", [Term("any:冲洞")]),
        ('姓名:"欧阳 修"', [Term("欧阳 修", Field.PARTY)]),
        ("451225100201-2026-02", [Term("451225100201-2026-02")]),
        ("𠮷", [Term("𠮷")]),
        ("\ue000", [Term("\ue000")]),
    ],
)
def test_what_is_typed_is_read_so(typed: str, terms: list[Term]) -> None:
    assert list(parse(typed).terms) == terms


@pytest.mark.parametrize("typed", ["", "  　", "\n"])
def test_without_a_word_everything_is_asked_for(typed: str) -> None:
    assert parse(typed) == Query()


@pytest.mark.parametrize("typed", ["-", "--", '"', '""', "“", "村:", "，。！", "(", "- - -", ":", '村:""'])
def test_what_was_typed_without_anything_to_look_for_finds_nothing(typed: str) -> None:
    assert parse(typed) == Query(unreadable=True)
    assert parse(f"{typed} 覃").unreadable is False


@given(ANYTHING)
def test_no_text_makes_it_fail(typed: str) -> None:
    query = parse(typed)
    made = plan(query, WORDS)
    assert len(made.needles) + len(made.exact) <= len(query.terms) + query.unreadable


@given(st.lists(st.sampled_from(["覃小明", "冲洞", "𠮷", "12号"]), min_size=1))
def test_terms_between_spaces_come_back_in_order(typed: list[str]) -> None:
    assert [term.text for term in parse(" ".join(typed)).terms] == typed[:32]


@pytest.mark.parametrize(
    ("typed", "field", "values"),
    [
        *(
            (f"组:{written}", "group", {"3"})
            for written in ("3", "３", "03", "第3组", "三组", "3队", "第三村民小组")
        ),
        *((f"组:{written}", "group", {"12"}) for written in ("12", "十二", "第十二组")),
        ("组:十", "group", {"10"}),
        ("组:二十一", "group", {"21"}),
        ("组:" + "9" * 5000, "group", set()),
        *((f"户:{written}", "household", {"12"}) for written in ("12", "0012", "12号", "１２户")),
        ("户:0", "household", {"0"}),
        *((f"年:{written}", "year", {"2026"}) for written in ("2026", "２０２６", "2026年")),
        ("年:去年", "year", set()),
        *((f"状态:{written}", "state", {"filed"}) for written in ("filed", "FILED", "已归档", "归档")),
        *((f"状态:{written}", "state", {"declined"}) for written in ("未签", "自愿", "未签（自愿）")),
        ("状态:丢了", "state", set()),
        *((f"村:{written}", "village", {"451225100201"}) for written in ("冲洞", "冲洞村", "冲洞村委会")),
        *(
            (f"村:{written}", "village", {"451225100201"})
            for written in ("东门镇冲洞村委会", "东门冲洞", "东门镇", "东门")
        ),
        *(
            (f"村:{written}", "village", {"451225100201"})
            for written in ("451225100201", "451225100", "洞村")
        ),
        ("村:民族村", "village", {"451225103209", "451225203205"}),
        ("村:纳翁乡民族村", "village", {"451225203205"}),
        ("村:长安", "village", {"451225103001"}),
        ("村:长安村", "village", set()),
        ("村:999999999999", "village", {"999999999999"}),
        ("村:没有这个村", "village", set()),
    ],
)
def test_a_field_means_these_values(typed: str, field: str, values: set[str]) -> None:
    assert plan(parse(typed), WORDS).exact == [Exact(field, frozenset(values))]


def test_filters_of_the_command_line_stand_beside_the_terms() -> None:
    query = Query((Term("覃"),), frozenset({"451225100201"}), "family_planning", 2026, "filed\udc80")
    made = plan(query, WORDS)
    assert len(made.needles) == 1
    assert {exact.field: set(exact.values) for exact in made.exact} == {
        "village": {"451225100201"},
        "template": {"family_planning"},
        "year": {"2026"},
        "state": {"filed?"},
    }


def test_a_personal_number_is_looked_for_nowhere_in_texts() -> None:
    (needle,) = plan(parse("45122519800614001X"), WORDS).needles
    assert needle.letters == ()


def test_what_is_marked_is_what_was_looked_for_in_texts() -> None:
    assert parse("覃 -作废 村:冲洞 组:3 编号:4512 姓名:韦").highlighted == ("覃", "冲洞", "4512", "韦")
