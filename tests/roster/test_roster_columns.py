"""How columns are understood, how sure that is, and an office's own word on them."""

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ColumnMapFaulty
from pipeline.roster import read_rosters
from pipeline.roster.columns import FIELDS, LABELS, ColumnMap
from pipeline.roster.reader import Roster
from pipeline.roster.screen import reading_lines
from pipeline.roster.table import Kind
from tests.conftest import huyue
from tests.roster.roster_files import (
    COLUMNS,
    COUNTY,
    TODAY,
    changed,
    found,
    homes,
    read,
    row,
    write,
    write_sheets,
)


def told(path: Path, *pairs: tuple[str, str]) -> Roster:
    return read_rosters([path], COUNTY, TODAY, ColumnMap.of(pairs))


def how(roster: Roster) -> dict[str, tuple[str, str, str]]:
    """Field → letters, how it was known, how sure, of the first sheet."""
    return {one.field: (one.letters, one.how, one.sure) for one in roster.sheets[0].columns if not one.again}


def test_each_column_is_told_with_its_letters_and_how_sure_it_is(tmp_path: Path) -> None:
    labels = list(COLUMNS)
    labels[0], labels[5], labels[11] = "现住村", "与户主是什么关系", "爱好"
    roster = read(write(tmp_path / "a.xlsx", [["", *labels, "备注"], ["", *row(), "好"]]))
    known = how(roster)
    assert known["village"] == ("B", "相近", "大致")
    assert known["relation"] == ("G", "相近", "大致")
    assert known["id_number"] == ("J", "相符", "确定")
    assert "away_to" not in known
    assert roster.sheets[0].unread == (("M", "爱好"), ("T", "备注"))
    assert roster.sheets[0].missing == ("town", "away_to", "departure")


def test_a_column_that_holds_something_else_is_to_be_checked(tmp_path: Path) -> None:
    wrong = [changed(row(serial=one, household=str(one)), c9="无", c7="见户口簿") for one in range(1, 11)]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *wrong]))
    assert how(roster)["birth"] == ("H", "相符", "请核对")


def test_two_columns_of_one_meaning_are_told_and_the_first_is_read(tmp_path: Path) -> None:
    labels = [*COLUMNS, "手机号码"]
    roster = read(write(tmp_path / "a.xlsx", [labels, [*row(), "13900000000"]]))
    (again,) = [one for one in roster.sheets[0].columns if one.again]
    assert (again.letters, again.field, again.sure) == ("S", "phone", "请核对")
    assert roster.households[0].members[0].phone == "13812345678"
    assert any("有两栏像“联系电话”" in line for line in reading_lines(roster.sheets))


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    lines = [
        ["2026年花名册"],
        COLUMNS,
        row(),
        [],
        ["冲洞村委会", 3, "0002", "银月"],
        changed(row("银月", serial=2), c0="", c2=""),
        ["", "小计", "2人"],
        COLUMNS,
        changed(row("韦红", "女儿", serial=3), c2="0002"),
        ["审核：", "", "日期："],
    ]
    (sheet,) = read(write(tmp_path / "a.xlsx", lines)).sheets
    assert sheet.rows == {Kind.PERSON: 3, Kind.HOUSEHOLD: 1, Kind.HEADER: 2, Kind.TEXT: 2, Kind.NOTHING: 2}
    assert sum(sheet.rows.values()) == len(lines)


@pytest.mark.parametrize("pair", [("公民号", "公民身份号码"), ("I", "id_number"), ("I列", " 公民 身份号码 ")])
def test_an_office_can_say_what_a_column_is(tmp_path: Path, pair: tuple[str, str]) -> None:
    labels = list(COLUMNS)
    labels[8] = "公民号"
    path = write(tmp_path / "a.xlsx", [labels, row()])
    roster = told(path, pair)
    assert found(roster) == []
    assert how(roster)["id_number"] == ("I", "对照", "确定")
    assert homes(roster) == [("451225100201", 3, "0001", ["韦明"])]


def test_an_office_can_have_a_column_left_alone_and_another_read_for_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [[*COLUMNS, "备用号码"], [*row(), "13900000000"]])
    assert told(path, ("联系电话", "不读")).households[0].members[0].phone == ""
    assert told(path, ("备用号码", "联系电话")).households[0].members[0].phone == "13900000000"


def test_a_mapping_holds_under_a_merged_group(tmp_path: Path) -> None:
    labels = [*COLUMNS[:11], "打工去了", "", "", *COLUMNS[14:]]
    below = [""] * 11 + ["哪里", "何时", "到几时"] + [""] * 4
    cells = changed(row(), c11="广东省", c12="2024.1.1", c13="至今")
    path = write(tmp_path / "a.xlsx", [labels, below, cells], merge=["L1:N1"])
    roster = told(path, ("打工去了哪里", "外出地点"), ("何时", "外出开始"), ("到几时", "外出结束"))
    person = roster.households[0].members[0]
    assert (person.away_to, str(person.away_from), person.away_until) == ("广东省", "2024-01-01", None)


@pytest.mark.parametrize("pair", [("甲", "没有这一栏"), ("", "姓名"), ("·", "姓名")])
def test_a_mapping_that_says_nothing_is_refused_with_what_can_be_said(pair: tuple[str, str]) -> None:
    with pytest.raises(ColumnMapFaulty, match="联户责任人"):
        ColumnMap.of([pair])


@given(st.sampled_from(FIELDS), st.text(st.characters(categories=["Lo"]), min_size=4, max_size=8))
def test_every_field_has_a_name_that_a_mapping_takes(name: str, label: str) -> None:
    assert ColumnMap.of([(label, LABELS[name])]) == ColumnMap.of([(label, name)])
    assert [told.field for told in ColumnMap.of([(label, LABELS[name])]).by_label.values()] == [name]


def test_the_command_line_and_the_settings_say_it_alike(tmp_path: Path) -> None:
    labels = list(COLUMNS)
    labels[8], labels[4] = "公民号", "名讳"
    path = write(tmp_path / "a.xlsx", [labels, row()])
    ours = ["--map", "公民号＝公民身份号码", "--map", "E=姓名"]
    by_option = huyue("--json", "roster", "check", path, *ours)
    assert by_option.status == 0
    huyue("init", tmp_path / "home")
    settings = tmp_path / "home" / "huyue.toml"
    settings.write_text('[roster.columns]\n"公民号" = "公民身份号码"\n"名讳" = "姓名"\n', encoding="utf-8")
    by_settings = huyue("--home", tmp_path / "home", "--json", "roster", "check", path)
    assert by_settings.json == by_option.json
    wrong = huyue("roster", "check", path, "--map", "公民号")
    assert (wrong.status, "没有等号" in wrong.err) == (2, True)


def test_hidden_rows_and_sheets_and_other_sheets_are_told(tmp_path: Path) -> None:
    path = write_sheets(
        tmp_path / "a.xlsx", {"一": [COLUMNS, row(), row("银月", "配偶", serial=2)], "二": [["通知"]]}
    )
    workbook = openpyxl.load_workbook(path)
    workbook["一"].row_dimensions[3].hidden = True
    workbook["一"].sheet_state = "hidden"
    workbook.active = 1
    workbook.save(path)
    roster = read(path)
    assert homes(roster) == [("451225100201", 3, "0001", ["韦明", "银月"])]
    said = "\n".join(reading_lines(roster.sheets))
    assert "“一”是隐藏的，照读" in said
    assert "有 1 行是隐藏的（第 3 行），照读" in said
    assert "“二”：没有读，不是花名册（1 行）" in said


def test_a_formula_without_a_result_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c10="=B2&1", c4="=E9")])
    roster = read(path)
    assert found(roster) == [
        (2, "name_missing", "error"),
        (2, "formula_without_value", "warning"),
        (2, "formula_without_value", "warning"),
    ]
    assert [problem.column for problem in roster.problems] == [4, 4, 10]


@pytest.mark.parametrize("label", ["ID", "Id"])
def test_a_label_that_could_be_letters_is_the_label_where_there_is_one(tmp_path: Path, label: str) -> None:
    labels = list(COLUMNS)
    labels[8] = label
    path = write(tmp_path / "a.xlsx", [labels, row()])
    roster = told(path, ("ID", "公民身份号码"))
    assert (how(roster)["id_number"], roster.unused) == (("I", "对照", "确定"), ())


def test_a_mapping_that_no_sheet_has_is_named(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "a.xlsx", {"一": [COLUMNS, row()], "二": [["通知"]]})
    ours = (("公民号", "公民身份号码"), ("XZ", "姓名"), ("E", "姓名"), ("联户责任人", "不读"))
    assert told(path, *ours).unused == ("公民号", "XZ")
    options = [part for pair in ours for part in ("--map", "=".join(pair))]
    done = huyue("roster", "check", path, *options)
    assert (done.status, "公民号、XZ" in done.err) == (1, True)


def test_a_mapping_used_on_a_later_page_only_is_used(tmp_path: Path) -> None:
    again = ["证号" if label == "公民身份号码" else label for label in COLUMNS]
    path = write(tmp_path / "a.xlsx", [COLUMNS, row(), again, row("银月", "配偶", serial=2)])
    assert told(path, ("证号", "公民身份号码")).unused == ()


def test_settings_are_for_all_tables_and_a_fault_in_them_names_the_key(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, row()])
    huyue("init", tmp_path / "home")
    settings = tmp_path / "home" / "huyue.toml"
    settings.write_text('[roster.columns]\n"公民号" = "公民身份号码"\n', encoding="utf-8")
    done = huyue("--home", tmp_path / "home", "roster", "check", path)
    assert (done.status, "公民号" in done.err) == (0, False)
    settings.write_text('[roster.columns]\n"姓名" = "姓名"\n"公民号" = 5\n', encoding="utf-8")
    assert "roster.columns.公民号" in huyue("--home", tmp_path / "home", "roster", "check", path).err
