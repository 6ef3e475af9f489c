"""Whole workbooks in the two usual layouts, and what a careful clerk reads from them."""

from datetime import date, datetime
from pathlib import Path

from pipeline.people import Household, Person
from pipeline.roster import roster_json
from tests.roster.roster_files import (
    COLUMNS,
    RESOURCES,
    Rows,
    changed,
    found,
    homes,
    number,
    read,
    row,
    write,
    write_sheets,
)

HUSBAND = number(date(1980, 6, 14))
WIFE = number(date(1982, 5, 6), woman=True)
SON = number(date(2010, 10, 1))


def test_a_merged_layout_with_two_header_rows_reads_as_the_clerk_reads_it(tmp_path: Path) -> None:
    path = write(
        tmp_path / "merged.xlsx",
        [
            ["2026年东门镇住户花名册"],
            ["填报单位（盖章）：东门镇人民政府     填报人：     单位：户、人"],
            ["序号", "村（居）\n委会", "组别", "户编号", "户主\n姓名", "家庭成员", "", "", "", "", "", "联系电话",
             "外出情况", "", "", "自愿登记事项", "", "", "联户\n责任人"],
            ["", "", "", "", "", "姓 名", "与户主\n关系", "性别", "出生\n日期", "身份证号", "婚否", "",
             "地点", "起", "止", "技术服务", "养老保险", "知情选择", ""],
            [1, "东门镇冲洞村委会", "第三村民小组", "0006", "刘英", "刘　英", "户主", "男", datetime(1980, 6, 14),
             HUSBAND, "已婚", 13812345678, "", "—", "", "", "", "", "银月"],
            ["", "", "", "", "", "阿依古丽‧买买提", "配偶", "女", "１９８２-０５-０６", f" {WIFE[:6]} {WIFE[6:14]} {WIFE[14:]}",
             "已", "", "南宁市江南区", "2026.1.5", "至今", "是", "√", "×", ""],
            ["小计", "1户", "", "", "", "2人"],
            ["", "", "", "", "", "刘𠮷", "儿子", "", "", f"'{SON}", "未婚", "", "", "", "", "", "", "", ""],
            [],
            ["合 计", "1户"],
            ["审核人：", "", "", "", "", "", "", "", "", "填报日期：2026年1月10日"],
        ],
        merge=("A1:S1", "A2:S2", "F3:K3", "M3:O3", "P3:R3", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:E4", "L3:L4",
               "S3:S4", "A5:A6", "B5:B6", "C5:C6", "D5:D6", "E5:E6", "S5:S6"),
    )  # fmt: skip

    roster = read(path)

    assert roster.problems == ()
    assert roster.year == 2026
    assert roster.households == (
        Household(
            "451225100201", 3, "0006", "刘英", "银月",
            (
                Person("刘英", "男", date(1980, 6, 14), HUSBAND, "户主", "13812345678", "已婚", "", None, None, True,
                       False, False, False),
                Person("阿依古丽·买买提", "女", date(1982, 5, 6), WIFE, "配偶", "", "已婚", "南宁市江南区",
                       date(2026, 1, 5), None, True, True, True, False),
                Person("刘𠮷", "男", date(2010, 10, 1), SON, "儿子", "", "未婚", "", None, None, True, False, False, False),
            ),
        ),
    )  # fmt: skip


def test_a_flat_layout_repeats_the_household_on_every_row(tmp_path: Path) -> None:
    first = row("韦明")
    second = row("银月", "配偶", woman=True, serial=2, village="东门镇冲洞村")
    other_household = row("覃山", household="0002", serial=3, head="覃山", group="四组")
    roster = read(write(tmp_path / "flat.xlsx", [COLUMNS, first, second, other_household]))

    assert found(roster) == []
    assert homes(roster) == [
        ("451225100201", 3, "0001", ["韦明", "银月"]),
        ("451225100201", 4, "0002", ["覃山"]),
    ]


def test_rows_of_one_household_far_apart_join_it(tmp_path: Path) -> None:
    rows = [row("韦明"), row("覃山", household="0002", serial=2), row("韦亮", "儿子", serial=3)]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    assert [home[3] for home in homes(roster)] == [["韦明", "韦亮"], ["覃山"]]


def test_an_old_binary_workbook_with_a_sheet_a_village_reads_hidden_rows_and_sheets_too() -> None:
    roster = read(RESOURCES / "village-a-sheet.xls")
    assert roster.year == 2026
    assert found(roster) == []
    assert homes(roster) == [
        ("451225100201", 1, "0006", ["韦㛃", "银桂珍"]),
        ("451225100201", 2, "7", ["覃永明"]),
        ("451225100202", 3, "0006", ["潘丽"]),
    ]


def test_the_head_is_who_is_marked_not_the_first_row(tmp_path: Path) -> None:
    rows = [row("银月", "配偶", woman=True, head=""), row("韦明", serial=2, head="")]
    (home,) = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows])).households
    assert home.head == "韦明"


def test_a_held_head_is_still_named_and_still_a_member(tmp_path: Path) -> None:
    rows = [changed(row("韦明"), c8=""), row("银月", "配偶", woman=True, serial=2)]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    (home,) = roster.households
    assert home.head == "韦明"
    assert [(person.name, person.held) for person in home.members] == [("韦明", "id_missing"), ("银月", "")]
    assert [person["name"] for person in roster_json(roster)["households"][0]["members"]] == ["银月"]


def test_rows_that_are_no_persons_are_passed_over(tmp_path: Path) -> None:
    rows = [
        ["2025年度花名册"],
        ["说明：本表一式两份"],
        COLUMNS,
        ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
        row("韦明"),
        [],
        ["小计：1户"],
        ["2025年度花名册"],
        COLUMNS,
        changed(row("银月", "配偶", woman=True, serial=2), c0="", c1="", c2=""),
        ["", "", "", "", "本页合计", "2"],
        ["注：无"],
        ["审核人：", "", "填报日期：2025年3月1日"],
        ["第1页，共1页"],
    ]
    roster = read(write(tmp_path / "a.xlsx", rows))
    assert found(roster) == []
    assert homes(roster) == [("451225100201", 3, "0001", ["韦明", "银月"])]
    assert roster.year == 2025


def test_a_header_repeated_with_other_columns_counts_from_there_on(tmp_path: Path) -> None:
    turned = [*COLUMNS[:4], *reversed(COLUMNS[4:])]
    second = row("银月", "配偶", woman=True, serial=2)
    rows = [COLUMNS, row("韦明"), turned, [*second[:4], *reversed(second[4:])]]
    roster = read(write(tmp_path / "a.xlsx", rows))
    assert found(roster) == []
    (home,) = roster.households
    assert [(person.name, person.id_number) for person in home.members] == [
        ("韦明", HUSBAND),
        ("银月", second[8]),
    ]


def test_a_repeated_group_row_is_no_person(tmp_path: Path) -> None:
    groups = ["户情况", "", "", "", "成员情况", "", "", "", "", "", "说明"]
    rows = [groups, COLUMNS, row("韦明"), groups, COLUMNS, row("银月", "配偶", woman=True, serial=2)]
    roster = read(write(tmp_path / "a.xlsx", rows, merge=("A1:D1", "E1:J1", "A4:D4", "E4:J4")))
    assert found(roster) == []
    assert homes(roster) == [("451225100201", 3, "0001", ["韦明", "银月"])]


def test_a_table_that_starts_down_and_to_the_right_keeps_its_own_row_numbers(tmp_path: Path) -> None:
    rows = [[], [], *(["", "", *cells] for cells in (COLUMNS, changed(row("韦明"), c8="")))]
    assert found(read(write(tmp_path / "a.xlsx", rows))) == [(4, "id_missing", "error")]


def test_a_phone_merged_over_a_household_is_each_members(tmp_path: Path) -> None:
    rows = [COLUMNS, row("韦明"), changed(row("银月", "配偶", woman=True, serial=2), c10="")]
    (home,) = read(write(tmp_path / "a.xlsx", rows, merge=("K2:K3",))).households
    assert [person.phone for person in home.members] == ["13812345678", "13812345678"]
    shifted = [["", "", *cells] for cells in rows]
    (home,) = read(write(tmp_path / "b.xlsx", shifted, merge=("M2:M3",))).households
    assert [person.phone for person in home.members] == ["13812345678", "13812345678"]


def test_group_and_village_written_once_hold_for_the_households_below(tmp_path: Path) -> None:
    rows = [
        COLUMNS,
        row("韦明"),
        row("覃山", household="0002", serial=2, village="", group=""),
        row("潘英", household="0003", serial=3, village="大境村", group=""),
    ]
    roster = read(write(tmp_path / "a.xlsx", rows))
    assert [home[:3] for home in homes(roster)] == [
        ("451225100201", 3, "0001"),
        ("451225100201", 3, "0002"),
        ("451225100202", 0, "0003"),
    ]


def test_explanations_with_example_rows_are_not_the_roster(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {
        "花名册": [COLUMNS, row("韦明")],
        "填表说明": [COLUMNS, row("张某某", serial=9)],
    }
    assert [home[3] for home in homes(read(write_sheets(tmp_path / "a.xlsx", sheets)))] == [["韦明"]]


def test_a_roster_on_a_sheet_left_named_as_the_sample_is_read(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {"填表说明": [["一户一栏"]], "样表": [COLUMNS, row("韦明")]}
    roster = read(write_sheets(tmp_path / "a.xlsx", sheets))
    assert found(roster) == []
    assert [home[3] for home in homes(roster)] == [["韦明"]]


def test_the_year_comes_from_the_title_then_the_sheet_then_the_file_then_today(tmp_path: Path) -> None:
    rows = [COLUMNS, row("韦明")]
    assert read(write(tmp_path / "2022.xlsx", [["二〇二五年花名册"], *rows], sheet="2023")).year == 2025
    assert (
        read(write(tmp_path / "2022.xlsx", [["填报日期：2019年3月1日"], *rows], sheet="2023年")).year == 2023
    )
    assert read(write(tmp_path / "花名册20220110.xlsx", rows)).year == 2022
    assert read(write(tmp_path / "花名册451225100201.xlsx", rows)).year == 2024


def test_of_several_files_the_first_that_names_a_year_gives_it(tmp_path: Path) -> None:
    names = ("甲.xlsx", "2025.xlsx", "2026.xlsx")
    paths = [write(tmp_path / name, [COLUMNS, row("韦明", serial=index)]) for index, name in enumerate(names)]
    assert read(*paths).year == 2025


def test_the_json_is_exactly_the_interfaces(tmp_path: Path) -> None:
    away = changed(row("韦明"), c11="南宁市", c12="2026-01-05", c13="至今", c14="有")
    path = write(tmp_path / "2026.xlsx", [COLUMNS, away, changed(row("银月", "配偶", serial=2), c4="")])
    assert roster_json(read(path)) == {
        "year": 2026,
        "households": [
            {
                "village_code": "451225100201",
                "group": 3,
                "number": "0001",
                "head": "韦明",
                "responsible": "银月",
                "members": [
                    {
                        "name": "韦明",
                        "sex": "男",
                        "birth": "1980-06-14",
                        "id_number": HUSBAND,
                        "relation": "户主",
                        "phone": "13812345678",
                        "marital": "已婚",
                        "away_to": "南宁市",
                        "away_from": "2026-01-05",
                        "away_until": "",
                        "wants_service": True,
                        "wants_pension": False,
                        "wants_choice": False,
                    }
                ],
            }
        ],
        "problems": [
            {
                "file": str(path),
                "sheet": "花名册",
                "row": 3,
                "code": "name_missing",
                "severity": "error",
                "message": "工作表“花名册”第3行：姓名没有填（公民身份号码“451225***********"
                + number(date(1980, 6, 14), serial=2)[-1:]
                + "”）。请补填姓名。",
            }
        ],
    }
