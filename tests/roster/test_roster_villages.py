"""Which village a row belongs to."""

from pathlib import Path

import pytest

from pipeline.roster import roster_json
from tests.roster.roster_files import COLUMNS, Cells, changed, found, homes, read, row, write

XIAOCHANGAN = "451225103209"  # 小长安镇民族村委会
NAWENG = "451225203205"  # 纳翁乡民族村委会
CHONGDONG = "451225100201"


def two_of_one_name(*villages: str) -> list[Cells]:
    return [
        row(f"韦{index}甲".replace(str(index), "一二三四五六"[index]), household=f"{index:04d}", village=village,
            serial=index + 1)
        for index, village in enumerate(villages)
    ]  # fmt: skip


def codes(path: Path) -> list[str]:
    return [home[0] for home in homes(read(path))]


@pytest.mark.parametrize(
    "written",
    [
        "东门镇冲洞村委会",
        "冲洞村委会",
        "冲洞村",
        "冲洞",
        "罗城仫佬族自治县东门镇冲洞村民委员会",
        "冲洞村（居）委会",
        CHONGDONG,
    ],
)
def test_every_written_form_is_the_same_village(tmp_path: Path, written: str) -> None:
    assert codes(write(tmp_path / "a.xlsx", [COLUMNS, row(village=written)])) == [CHONGDONG]


def test_the_town_in_the_cell_decides_between_two_of_one_name(tmp_path: Path) -> None:
    rows = two_of_one_name("小长安镇民族村委会", "纳翁乡民族")
    assert codes(write(tmp_path / "a.xlsx", [COLUMNS, *rows])) == [XIAOCHANGAN, NAWENG]


def test_the_town_in_a_column_of_its_own_decides(tmp_path: Path) -> None:
    rows = [["纳翁乡", *row(village="民族村委会")], ["", *row("韦亮", "儿子", serial=2, village="")]]
    assert codes(write(tmp_path / "a.xlsx", [["乡镇", *COLUMNS], *rows])) == [NAWENG]


def test_the_town_in_the_title_or_the_sheets_name_decides(tmp_path: Path) -> None:
    rows = [COLUMNS, *two_of_one_name("民族村委会")]
    assert codes(write(tmp_path / "a.xlsx", [["2026年纳翁乡花名册"], *rows])) == [NAWENG]
    assert codes(write(tmp_path / "b.xlsx", rows, sheet="小长安镇")) == [XIAOCHANGAN]


def test_the_rows_around_decide_where_nothing_else_does(tmp_path: Path) -> None:
    rows = two_of_one_name("龙腾村", "民族村", "守善村", "板阳村", "民族村")
    found_codes = codes(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    assert (found_codes[1], found_codes[4]) == (XIAOCHANGAN, NAWENG)


def test_between_rows_of_both_towns_nobody_can_tell(tmp_path: Path) -> None:
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *two_of_one_name("龙腾村", "民族村", "板阳村")]))
    (problem,) = roster.problems
    assert (problem.row, problem.code) == (3, "village_unknown")
    assert f"小长安镇民族村委会（{XIAOCHANGAN}）、纳翁乡民族村委会（{NAWENG}）" in problem.message


def test_every_member_of_a_household_in_an_unknown_village_is_held(tmp_path: Path) -> None:
    rows = [row(village="冲东村"), changed(row("银月", "配偶", serial=2), c0="", c1="", c2="")]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    assert found(roster) == [(2, "village_unknown", "error"), (3, "village_unknown", "error")]
    (home,) = roster.households
    assert home.village_code == ""
    assert home.accepted == ()
    assert roster_json(roster)["households"] == []


def test_a_row_without_a_number_goes_on_whatever_its_village_cell_says(tmp_path: Path) -> None:
    rows = [row(), row("银月", "配偶", serial=2, village="冲东村", household="")]
    assert found(read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))) == []


def test_one_rows_slip_in_the_village_holds_that_person_only(tmp_path: Path) -> None:
    rows = [row(), row("银月", "配偶", serial=2, village="冲东村"), row("韦亮", "儿子", serial=3)]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    assert found(roster) == [(3, "village_unknown", "error")]
    assert [len(home.accepted) for home in roster.households] == [2]


def test_a_village_of_another_town_than_written_is_unknown(tmp_path: Path) -> None:
    assert found(read(write(tmp_path / "a.xlsx", [COLUMNS, row(village="四把镇冲洞村委会")]))) == [
        (2, "village_unknown", "error")
    ]


@pytest.mark.parametrize(
    ("sheet", "lines"),
    [
        ("冲洞", []),
        ("1冲洞村", []),
        ("花名册", ["2026年东门镇冲洞村住户花名册"]),
        ("花名册", ["2026年花名册", "填报单位（盖章）：冲洞村委会    填报人：  "]),
        ("冲洞村", ["东门镇冲洞村委会花名册"]),
    ],
)
def test_a_village_that_stands_only_over_the_table_is_found(
    tmp_path: Path, sheet: str, lines: list[str]
) -> None:
    without = [COLUMNS[1:], row()[1:]]
    assert codes(write(tmp_path / "a.xlsx", [*([line] for line in lines), *without], sheet=sheet)) == [
        CHONGDONG
    ]


def test_a_sheets_name_and_title_that_differ_decide_nothing(tmp_path: Path) -> None:
    rows = [["东门镇大境村花名册"], COLUMNS[1:], row()[1:]]
    (problem,) = read(write(tmp_path / "a.xlsx", rows, sheet="冲洞村")).problems
    assert problem.code == "village_unknown"
    assert "冲洞村委会" in problem.message
    assert "大境村委会" in problem.message


def test_each_page_may_name_a_village_of_its_own(tmp_path: Path) -> None:
    first, second = row()[1:], row("覃山", serial=2)[1:]
    rows = [["冲洞村花名册"], COLUMNS[1:], first, ["小计", "1"], ["大境村花名册"], COLUMNS[1:], second]
    assert codes(write(tmp_path / "a.xlsx", rows)) == [CHONGDONG, "451225100202"]


def test_no_village_anywhere_is_a_problem_of_every_row(tmp_path: Path) -> None:
    rows = [COLUMNS[1:], row()[1:], row("银月", "配偶", serial=2)[1:]]
    assert found(read(write(tmp_path / "a.xlsx", rows))) == [
        (2, "village_unknown", "error"),
        (3, "village_unknown", "error"),
    ]
