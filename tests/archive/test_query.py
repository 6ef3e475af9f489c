"""The query parser reads whatever is typed, and never fails."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.index.looks import Alternative, Among, Row, Span
from archive.index.plan import SCORED, plan
from archive.index.query import MOST_TERMS, Field, Query, Term, parse
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
    {"family_planning": "计划生育合同书", "away_period": "外出期间计划生育合同书"},
    {"family_planning": "02", "away_period": "04"},
)
TODAY = date(2026, 12, 15)
ANYTHING = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from('"“”:：-－村组户年状态 　0123456789十𠮷、·|¶\n或到期.weiguanl\0\ud800'),
    )
)


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("覃小明 冲洞", [Term("覃小明"), Term("冲洞")]),
        ("覃小明　冲洞", [Term("覃小明"), Term("冲洞")]),
        ('"东门镇 冲洞村"', [Term("东门镇 冲洞村", exact=True)]),
        ("“东门镇 冲洞村”覃", [Term("东门镇 冲洞村", exact=True), Term("覃")]),
        ("覃 “东门镇 冲洞村", [Term("覃"), Term("东门镇 冲洞村", exact=True)]),
        ('-作废 －"上 寨"', [Term("作废", excluded=True), Term("上 寨", excluded=True, exact=True)]),
        ("村:冲洞", [Term("冲洞", Field.VILLAGE)]),
        ("村：冲洞 姓名: 覃", [Term("冲洞", Field.VILLAGE), Term("覃", Field.PARTY)]),
        ("-状态:作废", [Term("作废", Field.STATE, excluded=True)]),
        ("YEAR:2026 ｙｅａｒ:2025", [Term("2026", Field.YEAR), Term("2025", Field.YEAR)]),
        ("备注:冲洞", [Term("冲洞")]),
        ("any:冲洞", [Term("冲洞")]),
        ('姓名:"欧阳 修"', [Term("欧阳 修", Field.PARTY, exact=True)]),
        ("镇:东门 责任人:潘", [Term("东门", Field.TOWN), Term("潘", Field.RESPONSIBLE)]),
        ("到期：本月 期限:2026", [Term("本月", Field.ENDS), Term("2026", Field.TERM)]),
        ("a AND b and c", [Term("a"), Term("b"), Term("c")]),
        ("冲洞 12:30", [Term("冲洞"), Term("12:30")]),
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


@pytest.mark.parametrize(
    ("typed", "groups"),
    [
        ("覃 或 韦", ["覃 韦"]),
        ("覃|韦｜罗", ["覃 韦 罗"]),
        ("冲洞 覃 或 韦 外出", ["冲洞", "覃 韦", "外出"]),
        ("覃 or 韦 OR 罗", ["覃 韦 罗"]),
        ("姓名:或 韦", ["或", "韦"]),
        ('"或" 韦', ["或", "韦"]),
        ("或 韦", ["韦"]),
        ("韦 或", ["韦"]),
        ("韦 或 -罗", ["韦", "罗"]),
        ("-韦 或 罗", ["韦", "罗"]),
    ],
)
def test_or_binds_closer_than_the_space(typed: str, groups: list[str]) -> None:
    assert [" ".join(term.text for term in group) for group in parse(typed).groups] == groups


@pytest.mark.parametrize(
    "typed",
    ["-", "--", '"', '""', "“", "村:", "，。！", "(", "- - -", ":", '村:""', "\0", "\ud800", "姓名:(", "或"],
)
def test_what_was_typed_without_anything_to_look_for_finds_nothing(typed: str) -> None:
    query = parse(typed)
    assert (query.groups, query.unreadable) == ((), True)
    assert any("里没有可以查的" in note for note in query.notes)
    assert parse(f"{typed} 覃").unreadable is False
    assert Among("state", frozenset()) in looks(query)


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ('"覃小明', "引号只有一半"),
        ("备注:冲洞", "没有“备注”这一栏"),
        ("覃 姓名:(", "“姓名:”后面没有写要找的"),
        ("覃 或", "“或”的后面没有词"),
        ("a AND", "最后的“并且”后面没有词"),
        ("或 覃", "“或”要写在两个词的中间"),
        ("覃 或 -韦", "“或”的两边不能是减号词"),
        ("龙" * 5000, "有一个词太长"),
        ("龙 " * 5000, "词太多"),
        ("状态:丢了", "没有“丢了”这种状态"),
        ("村:没有这个村", "没有叫“没有这个村”的村"),
        ("镇:没有", "没有叫“没有”的乡镇"),
        ("合同:没有", "没有叫“没有”的合同"),
        ("组:三十三年", "看不出是第几组"),
        ("年:好久以前", "看不出是哪一年"),
        ("到期:改天", "看不出是什么日子"),
        ("编号:冲洞", "没有编号的数字"),
        ("档号:“13812345678”", "看不出是档号"),
        ("条款:托育", "没有哪种合同的条款里写着“托育”"),
        ("尾号:韦", "没有身份证号以“韦”结尾的人"),
        ("外出:广东", "没有外出到“广东”的人"),
    ],
)
def test_what_is_not_understood_is_said(typed: str, note: str) -> None:
    assert any(note in one for one in plan(parse(typed), WORDS).notes)


@pytest.mark.parametrize("typed", ["覃小明 冲洞", "a AND b", '"东门镇 冲洞村" -作废', "到期:本月", ""])
def test_what_is_understood_needs_no_note(typed: str) -> None:
    assert plan(parse(typed), WORDS).notes == ()


@given(ANYTHING, st.booleans())
def test_no_text_makes_it_fail(typed: str, similar: bool) -> None:
    query = parse(typed)
    made = plan(query, WORDS, similar=similar)
    assert len(made.needles) + len(made.without) <= len(query.groups) + query.unreadable
    assert sum(needle.worth[1] > 0 for needle in made.needles) <= SCORED


@given(st.lists(st.sampled_from(["覃小明", "冲洞", "𠮷", "12号"]), min_size=1))
def test_terms_between_spaces_come_back_in_order(typed: list[str]) -> None:
    assert [term.text for term in parse(" ".join(typed)).terms] == typed[:MOST_TERMS]


def looks(query: Query) -> Alternative:
    """The looks of a query that there is one way to find."""
    return tuple(
        look for needle in plan(query, WORDS).needles for looks_of in needle.alternatives for look in looks_of
    )


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
        ("年:去年", "year", {"2025"}),
        ("年:2024..2026", "year", {"2024", "2025", "2026"}),
        ("年:2024-2026", "year", set()),
        ("年:好久", "year", set()),
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
        *(
            (f"村:{written}", "village", {"451225100201"})
            for written in ("chongdong", "衝洞", "ChongdongCun")
        ),
        *(
            (f"镇:{written}", "village", {"451225100", "451225100201"})
            for written in ("东门", "东门镇", "東門", "451225100")
        ),
        ("镇:冲洞", "village", set()),
        *((f"合同:{written}", "template", {"away_period"}) for written in ("04", "4", "外出", "外出合同")),
        ("模板:away_period", "template", {"away_period"}),
        ("种类:计划生育合同", "template", {"away_period", "family_planning"}),
        ("批次:2026年春", "campaign", {"2026春"}),
        ("种类:村规民约", "template", {"村规民约"}),
        ("尾号:1234", "number", set()),  # what the catalogue was not asked
        ("状态:已", "state", set()),
    ],
)
def test_a_field_means_these_values(typed: str, field: str, values: set[str]) -> None:
    assert looks(replace(parse(typed), today=TODAY)) == (Among(field, frozenset(values)),)


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2026-05", 20260501, 20260531),
        ("2026年5月", 20260501, 20260531),
        ("2028.2", 20280201, 20280229),
        ("2026-05-07", 20260507, 20260507),
        ("20260507", 20260507, 20260507),
        ("２０２６年５月７日", 20260507, 20260507),
        ("2026", 20260101, 20261231),
        ("本月", 20261201, 20261231),
        ("下个月", 20270101, 20270131),
        ("上月", 20261101, 20261130),
        ("明年", 20270101, 20271231),
        ("今天", 20261215, 20261215),
        ("2026-11..2027-01", 20261101, 20270131),
        ("2027-01至2026-11", 20261101, 20270131),
        ("2026-11..", 20261101, 29991231),
        ("..2026-11", 19000101, 20261130),
    ],
)
def test_a_period_is_read_so(typed: str, first: int, last: int) -> None:
    assert looks(replace(parse(f"到期:{typed}"), today=TODAY)) == (Span("ends", first, last),)
    term = looks(replace(parse(f"期限:{typed}"), today=TODAY))
    assert term == (Span("starts", 0, last), Span("ends", first, 99991231))


@pytest.mark.parametrize("typed", ["2026-13", "2026-02-30", "..x", "2026-5-7-1", "9999999", "20265", "一月"])
def test_what_is_no_period_finds_nothing(typed: str) -> None:
    assert looks(parse(f"到期:{typed}")) == (Among("year", frozenset()),)


@pytest.mark.parametrize(
    ("typed", "look"),
    [
        ("2026年", Among("year", frozenset({"2026"}))),
        ("2024..2025", Among("year", frozenset({"2024", "2025"}))),
        ("2026年春", Among("campaign", frozenset({"2026春"}))),
        ("第三组", Among("group", frozenset({"3"}))),
        ("3队", Among("group", frozenset({"3"}))),
        ("0412", Among("household", frozenset({"412"}))),
        ("12户", Among("household", frozenset({"12"}))),
        ("已归档", Among("state", frozenset({"filed"}))),
        ("本月到期", Span("ends", 20261201, 20261231)),
        ("2026年到期", Span("ends", 20260101, 20261231)),
        ("外出合同", Among("template", frozenset({"away_period"}))),
        ("chongdong", Among("village", frozenset({"451225100201"}))),
    ],
)
def test_a_bare_word_means_more_than_its_letters_unless_it_is_quoted(typed: str, look: Among | Span) -> None:
    assert look in looks(replace(parse(typed), today=TODAY))
    assert look not in looks(replace(parse(f'"{typed}"'), today=TODAY))


def test_filters_of_the_command_line_stand_beside_the_terms() -> None:
    query = Query(((Term("覃"),),), frozenset({"451225100201"}), "family_planning", 2026, "filed\udc80")
    made = plan(query, WORDS)
    filters = [
        look for needle in made.needles[1:] for (look,) in needle.alternatives if isinstance(look, Among)
    ]
    assert {look.field: set(look.values) for look in filters} == {
        "village": {"451225100201"},
        "template": {"family_planning"},
        "year": {"2026"},
        "state": {"filed?"},
    }


def test_a_personal_number_is_looked_for_nowhere_in_texts() -> None:
    found = looks(parse("45122519800614001X"))
    assert found
    assert not any(isinstance(look, Row) and look.field == "letters" for look in found)


def test_what_is_marked_is_what_was_looked_for_in_texts() -> None:
    assert parse("覃 -作废 村:冲洞 组:3 编号:4512 姓名:韦").highlighted == ("覃", "冲洞", "4512", "韦")


def test_what_only_the_catalogue_can_tell_is_given_with_the_query() -> None:
    query = parse("-尾号:1234 外出:广东")
    known = {query.terms[0]: frozenset({"甲"}), query.terms[1]: frozenset({"乙", "丙"})}
    made = plan(replace(query, known=known), WORDS)
    assert [one.alternatives for one in made.without] == [[(Among("number", frozenset({"甲"})),)]]
    assert [one.alternatives for one in made.needles] == [[(Among("number", frozenset({"乙", "丙"})),)]]
    assert made.notes == ()


def test_an_archival_number_is_asked_for_whole_or_in_part() -> None:
    row = Row("archival", ("j012", "ws", "2026", "d30", "dmz", "0001"))
    assert looks(parse("档号:J012-WS·2026-D30-DMZ-0001")) == (row,)
    assert row in looks(parse("J012-WS·2026-D30-DMZ-0001"))
    assert looks(parse("档号:0001")) == (Row("archival", ("0001",)),)
