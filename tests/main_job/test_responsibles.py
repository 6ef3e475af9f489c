"""Who is responsible for whom: an office's list read, refused where it may mean another, kept, and used."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from archive.catalogue import tables
from archive.home import Home, create_home
from archive.journal import Actor
from pipeline.errors import ReasonMissing, ResponsiblesFaulty
from pipeline.responsibles import Recorded, read_responsibles, record
from pipeline.roster.store import import_roster
from tests.conftest import huyue
from tests.main_job.test_planning import family, line, roster
from tests.main_job.test_years import neighbours
from tests.roster.roster_files import COLUMNS, COUNTY, read, row, write

NewHome = Callable[[], Path]
ACTOR = Actor("甲", date(2026, 3, 5))
VILLAGE = "451225100201"  # 冲洞, with a roster; 大福 has none


def test_the_nearest_responsible_person_stands_on_contracts_and_ledgers(
    new_home: NewHome, tmp_path: Path
) -> None:
    home, rows = new_home(), [*family(), *neighbours()]
    other = [line("覃例", "户主", "45122519800512005", number="3", village="大福村")]
    for one in (*rows[3:], *other):
        one[14] = ""
    other[0][1] = "5"
    listed = write(
        tmp_path / "责任人.xlsx",
        [
            ["2026年包村联户责任人名单"],
            ["村", "组别", "户编号", "包村干部", "包组干部", "联户责任人"],
            ["东门镇冲洞村委会", "", "", "甲村", "", ""],
            ["", "三组", "", "", "乙组", ""],
            ["", "", "1", "", "", "丙户"],
            ["大福", "", "", "丁村", "", ""],
            ["合计", "", "", "4 人", "", ""],
        ],
    )
    huyue("--home", home, "roster", "import", roster(tmp_path / "a.xlsx", [*rows, *other]))
    done = huyue("--home", home, "roster", "responsible", listed, "--json")
    assert done.json == {"year": 2026, "added": 4, "changed": 0, "unchanged": 0}
    huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01")
    numbers = [one["contract"] for one in huyue("--home", home, "search", "--json").json["hits"]]
    shown = [huyue("--home", home, "show", number, "--json").json for number in numbers]
    found = {(one["parties"][0]["name"], one["responsible"]) for one in shown}
    assert found == {("韦样", "丙户"), ("蓝例", "丙户"), ("莫例", "乙组"), ("谢样", "乙组"), ("覃例", "丁村")}
    huyue("--home", home, "print", "--campaign", "春", "--out", tmp_path / "out")
    sheet = openpyxl.load_workbook(tmp_path / "out" / "451225100201" / "ledger.xlsx").worksheets[0]
    assert "包村干部：甲村" in str(sheet["A1"].value)
    column = [cell.value for cell in sheet[2]].index("包组干部")
    assert {line[column].value for line in sheet.iter_rows(min_row=3)} == {"乙组"}


def test_a_change_within_the_year_asks_for_a_reason(new_home: NewHome, tmp_path: Path) -> None:
    home = new_home()
    one = write(tmp_path / "a.xlsx", [["村", "责任人"], ["冲洞村", "甲村"], ["大福村", "丁村"]])
    two = write(tmp_path / "b.xlsx", [["村", "责任人"], ["冲洞村", "戊村"], ["大福村", "丁村"]])
    command = ("--home", home, "roster", "responsible")
    assert huyue(*command, one, "--json").json["added"] == 2
    refused = huyue(*command, two, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (2, "reason_missing")
    done = huyue(*command, two, "--reason", "调动", "--json").json
    assert done == {"year": 2026, "added": 0, "changed": 1, "unchanged": 1}
    assert huyue(*command, one, "--year", "2027", "--json").json["added"] == 2
    assert huyue(*command, one, "--dry-run", "--reason", "试", "--json").json["changed"] == 1
    assert huyue(*command, two, "--json").json["unchanged"] == 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["村", "责任人"], ["冲同村", "甲"]], "是不是：东门镇冲洞村委会"),
        ([["村", "组", "责任人"], ["冲洞村", "上屯", "甲"]], "读不出组号"),
        ([["村", "联户责任人"], ["冲洞村", "甲"]], "没有写户编号"),
        ([["村", "责任人"], ["", "甲"]], "没有写村"),
        ([["姓名"], ["甲"]], "没有找到表头"),
    ],
)
def test_a_list_of_responsible_persons_that_cannot_be_read_is_refused_whole(
    new_home: NewHome, tmp_path: Path, rows: list[list[str]], words: str
) -> None:
    home = new_home()
    done = huyue("--home", home, "roster", "responsible", write(tmp_path / "a.xlsx", rows), "--json")
    assert done.status == 2
    assert words in done.json["error"]["message"]


@pytest.fixture
def archive(tmp_path: Path) -> Home:
    """冲洞村 with households 3/0001, 4/0002 and 0009 in both groups; 大福村 has no roster."""
    home = create_home(tmp_path / "home", None, COUNTY.names, ACTOR)
    people = [
        row("韦明", household="0001", group=3, serial=1),
        row("莫山", household="0002", group=4, serial=2),
        row("覃兰", household="0009", group=3, serial=3),
        row("谢石", household="0009", group=4, serial=4),
    ]
    write(tmp_path / "花名册.xlsx", [COLUMNS, *people])
    with home.writing() as connection:
        import_roster(connection, read(tmp_path / "花名册.xlsx"), ACTOR)
    return home


Rows = Sequence[Sequence[str]]
Stored = list[tuple[int | None, str | None, str]]


def take(home: Home, folder: Path, rows: Rows, reason: str = "") -> Recorded:
    listed = read_responsibles(write(folder / "名单.xlsx", rows), COUNTY)
    with home.writing() as connection:
        return record(connection, listed, 2026, reason, ACTOR)


def stored(home: Home) -> Stored:
    """Group, household and name of every entry."""
    table = tables.responsible
    with home.reading() as connection:
        return [
            (one.group_no, one.household_number, one.name)
            for one in connection.execute(select(table).order_by(table.c.id))
        ]


FULL_HEAD = ["村", "组别", "户编号", "包村干部", "包组干部", "联户责任人", "备注"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [["村", "户编号", "联户责任人"], ["冲洞村", "0001", "王某"], ["", "0002", "李某"]],
            [(3, "0001", "王某"), (4, "0002", "李某")],
            id="the group that is not written is the roster's",
        ),
        pytest.param(
            [["村", "组别", "户编号", "责任人"], ["冲洞村", "4组", "0009", "王某"]],
            [(4, "0009", "王某")],
            id="a group tells households of one number apart",
        ),
        pytest.param(
            [["村", "组别", "户编号", "责任人"], ["大福村", "7组", "0500", "王某"]],
            [(7, "0500", "王某")],
            id="a village without a roster takes any household of a group",
        ),
        pytest.param(
            [
                FULL_HEAD,
                ["冲洞村", "3组", "0001", "张一", "李一", "王一", "说明：去年换过"],
                ["冲洞村", "4组", "0002", "", "", "王二", "小计时漏了"],
                ["合计", "", "", "1 人", "", "", ""],
                ["审核：张三", "", "", "", "", "", ""],
                ["", "", "", "", "制表：李四", "", ""],
            ],
            [(None, None, "张一"), (3, None, "李一"), (3, "0001", "王一"), (4, "0002", "王二")],
            id="a remark drops no row, a subtotal and a signature are none",
        ),
        pytest.param(
            [["村", "组别", "户编号", "姓名", "包村干部"], ["冲洞村", "", "", "韦户", "张某"], ["", "3", "0001", "王某", ""]],
            [(None, None, "张某"), (3, "0001", "王某")],
            id="a plain column gives way to its level's",
        ),
        pytest.param(
            [["村", "责任人"], ["冲洞村", "张三、李四"], ["大福村", "甲某\n乙某"]],
            [(None, None, "张三、李四"), (None, None, "甲某、乙某")],
            id="two persons of one cell stay two",
        ),
        pytest.param(
            [FULL_HEAD[:5], ["冲洞村", "3组", "0001", "张一", "李一"], ["冲洞村", "3组", "0009", "张 一", "李一"]],
            [(None, None, "张一"), (3, None, "李一")],
            id="one name again and again is one entry",
        ),
        pytest.param(
            [["村", "包村干部电话", "包村干部", "包村户数"], ["冲洞村", "13812345678", "张一", "12"]],
            [(None, None, "张一")],
            id="what stands beside a name is none",
        ),
    ],
)  # fmt: skip
def test_a_list_is_stored_as_it_means(archive: Home, tmp_path: Path, rows: Rows, expected: Stored) -> None:
    assert take(archive, tmp_path, rows).added == len(expected)
    assert stored(archive) == expected


ROSTER_HEAD = ["村", "组", "户编号", "姓名"]


@pytest.mark.parametrize(
    ("rows", "at", "words"),
    [
        pytest.param([COLUMNS, row()], 1, ["这是花名册，不是责任人名单"], id="a roster"),
        pytest.param(
            [["花名册"], [*ROSTER_HEAD, "身份证号"], ["冲洞村", "3", "0001", "韦明", ""]],
            2,
            ["这是花名册"],
            id="identity numbers",
        ),
        pytest.param(
            [[*ROSTER_HEAD, "与户主关系"], ["冲洞村", "3", "0001", "韦明", "户主"]],
            1,
            ["这是花名册"],
            id="relations",
        ),
        pytest.param(
            [["户编号", "姓名", "身份证号"], ["0001", "韦明", ""]],
            1,
            ["这是花名册"],
            id="a roster with its village in the title",
        ),
        pytest.param(
            [["村", "责任人"], ["冲洞村", "甲"], ["大福村", "乙"], ["东门镇冲洞村委会", "丙"]],
            4,
            ["第2行", "“甲”", "“丙”"],
            id="two names for a village",
        ),
        pytest.param(
            [["村", "组", "户编号", "责任人"], ["冲洞村", "", "0001", "甲"], ["冲洞村", "3", "0001", "乙"]],
            3,
            ["第2行", "“甲”", "“乙”"],
            id="two names for a household, once without its group",
        ),
        pytest.param(
            [["村", "组", "责任人"], ["冲洞村", "3组", "甲"], ["", "", "乙"]],
            3,
            ["没有写村、组别或户编号"],
            id="a second name below a group",
        ),
        pytest.param(
            [["村", "户编号", "联户责任人"], ["冲洞村", "0001", "甲"], ["冲洞村", "9999", "乙"]],
            3,
            ["没有这一户", "9999"],
            id="no such household",
        ),
        pytest.param(
            [["村", "户编号", "联户责任人"], ["冲洞村", "1", "甲"]],
            2,
            ["没有这一户", "花名册里有“0001”"],
            id="a number without its zeros",
        ),
        pytest.param(
            [["村", "组别", "户编号", "联户责任人"], ["冲洞村", "4组", "0001", "甲"]],
            2,
            ["没有这一户：4组“0001”", "在3组"],
            id="a household of another group",
        ),
        pytest.param(
            [["村", "户编号", "联户责任人"], ["冲洞村", "0009", "甲"]],
            2,
            ["几个组都有这个户编号", "3组、4组", "请写组别"],
            id="a household number of two groups",
        ),
        pytest.param(
            [["村", "户编号", "联户责任人"], ["大福村", "0001", "甲"]],
            2,
            ["没有花名册", "请写组别"],
            id="no group in a village without a roster",
        ),
    ],
)
def test_what_may_mean_another_is_refused_with_its_row(
    archive: Home, tmp_path: Path, rows: Rows, at: int, words: list[str]
) -> None:
    with pytest.raises(ResponsiblesFaulty) as refused:
        take(archive, tmp_path, rows)
    assert f"第{at}行：" in str(refused.value)
    assert [word for word in words if word not in str(refused.value)] == []
    assert refused.value.file == str(tmp_path / "名单.xlsx")
    assert stored(archive) == []


def test_a_change_without_a_reason_names_its_file_and_keeps_the_old_name(
    archive: Home, tmp_path: Path
) -> None:
    take(archive, tmp_path, [["村", "责任人"], ["冲洞村", "甲"]])
    with pytest.raises(ReasonMissing) as refused:
        take(archive, tmp_path, [["村", "责任人"], ["冲洞村", "乙13812345678"]])
    assert refused.value.file == str(tmp_path / "名单.xlsx")
    assert "乙138****5678" in str(refused.value)
    assert stored(archive) == [(None, None, "甲")]


@pytest.mark.parametrize(
    ("rows", "hidden", "shown"),
    [
        ([["村", "责任人"], ["451225198006142011", "甲"]], "19800614", "451225***********1"),
        ([["村", "责任人"], ["13812345678", "甲"]], "12345678", "138****5678"),
        ([["村", "组", "责任人"], ["冲洞村", "4512251980061420 1X", "甲"]], "19800614", "451225***********X"),
        ([["村", "责任人"], ["很长的话" * 20, "甲"]], "很长的话" * 8, "…"),
    ],
)
def test_a_message_shows_no_ones_number(
    archive: Home, tmp_path: Path, rows: Rows, hidden: str, shown: str
) -> None:
    with pytest.raises(ResponsiblesFaulty) as refused:
        take(archive, tmp_path, rows)
    assert hidden not in str(refused.value)
    assert shown in str(refused.value)
