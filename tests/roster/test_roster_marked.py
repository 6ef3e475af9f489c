"""The marked copy of a clerk's workbook: what is wrong is seen in it, and it reads back the same."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.chart
import pytest

from pipeline.errors import FileExists, WorkbookTooLarge
from pipeline.roster import marked
from pipeline.roster.marked import write_marked
from pipeline.roster.marking import AUTHOR
from pipeline.roster.table import LIST
from tests.conftest import huyue
from tests.roster.roster_files import (
    COLUMNS,
    RESOURCES,
    changed,
    found,
    homes,
    number,
    read,
    row,
    write,
)

SOUND = number(date(1980, 6, 14))


def copy_of(path: Path, out: Path) -> Any:
    """The marked copy of one file, opened again."""
    (copy,) = write_marked(read(path), [path], out)
    assert copy.path == out
    return openpyxl.load_workbook(out)


def marks(sheet: Any) -> dict[str, str]:
    """Cell → its comment, of the marked cells."""
    return {cell.coordinate: cell.comment.text for line in sheet.iter_rows() for cell in line if cell.comment}


def test_the_bad_cells_are_coloured_and_say_what_to_do(tmp_path: Path) -> None:
    rows = [
        ["2025年花名册"],
        COLUMNS,
        row("韦明"),
        changed(row("", "配偶", serial=2), c7="1981.1.1"),
        changed(row("银月", "女儿", serial=3), c15="大概"),
    ]
    path = write(tmp_path / "a.xlsx", rows, merge=["A3:A5", "A1:R1"])
    workbook = copy_of(path, tmp_path / "b.xlsx")
    sheet = workbook["花名册"]
    said = marks(sheet)
    assert set(said) == {"E4", "H4", "P5"}
    assert "姓名没有填" in said["E4"]
    assert "按证件核对" in said["H4"]
    assert (sheet["E4"].fill.fgColor.rgb, sheet["P5"].fill.fgColor.rgb) == ("00FFC7CE", "00FFEB9C")
    assert set(str(sheet.merged_cells).split()) == {"A1:R1", "A3:A5"}
    listed = [[cell.value for cell in line] for line in workbook[LIST].iter_rows(min_row=4)]
    assert [line[1:5] for line in listed] == [
        ["花名册", 4, "H", "错误"],
        ["花名册", 4, "E", "错误"],
        ["花名册", 5, "P", "提醒"],
    ]
    assert workbook[LIST]["C4"].hyperlink.location == "'花名册'!H4"
    assert workbook.active.title == LIST


def test_a_copy_reads_as_its_original_and_corrected_loses_its_problems(tmp_path: Path) -> None:
    path = write(tmp_path / "2023年花名册.xlsx", [COLUMNS, row("韦明"), changed(row("银月", "配偶"), c8="")])
    first = read(path)
    workbook = copy_of(path, tmp_path / "b.xlsx")
    again = read(tmp_path / "b.xlsx")
    assert (again.households, again.year, found(again)) == (first.households, 2023, found(first))
    workbook["花名册"]["I3"].value = number(date(1980, 6, 14), serial=2)
    workbook.save(tmp_path / "b.xlsx")
    corrected = read(tmp_path / "b.xlsx")
    assert found(corrected) == []
    write_marked(corrected, [tmp_path / "b.xlsx"], tmp_path / "c.xlsx")
    clean = openpyxl.load_workbook(tmp_path / "c.xlsx")
    assert marks(clean["花名册"]) == {}
    assert clean["花名册"]["I3"].fill.fill_type is None
    assert clean.sheetnames == ["花名册", LIST]


def test_a_clerks_own_comment_and_looks_stay(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, changed(row("韦明"), c8="")])
    workbook = openpyxl.load_workbook(path)
    sheet: Any = workbook["花名册"]
    sheet["I2"].comment = openpyxl.comments.Comment("问过本人", "经办人")
    sheet["E2"].font = openpyxl.styles.Font(name="仿宋", bold=True)
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["E"].width = 33
    workbook.save(path)
    copy = copy_of(path, tmp_path / "b.xlsx")["花名册"]
    assert marks(copy)["I2"].endswith("问过本人")
    assert (copy["E2"].font.name, copy["E2"].font.bold) == ("仿宋", True)
    assert copy.row_dimensions[2].hidden
    assert copy.column_dimensions["E"].width == 33


def test_nothing_in_a_copy_is_a_formula(tmp_path: Path) -> None:
    evil = "=cmd|' /C calc'!A1"
    path = tmp_path / "a.csv"
    lines = [
        COLUMNS,
        changed(row(evil), c7="1980-06-14", c3="+1+1", c17="@SUM(A1)", c11='=HYPERLINK("http://x")'),
    ]
    path.write_text("\n".join("\t".join(map(str, line)) for line in lines), encoding="utf-8")
    workbook = copy_of(path, tmp_path / "b.xlsx")
    kinds = {cell.data_type for sheet in workbook for line in sheet.iter_rows() for cell in line}
    assert "f" not in kinds
    assert workbook["花名册"]["E2"].value == evil


@pytest.mark.parametrize("kind", ["xls", "csv"])
def test_other_formats_become_a_workbook_of_the_same_rows(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "xls":
        shutil.copy(RESOURCES / "village-a-sheet.xls", path)
    else:
        lines = [["2025年花名册"], COLUMNS, changed(row("韦\n明"), c7="1980-06-14", c2='="0001"'), []]
        lines.append(changed(row("", "配偶", serial=2), c7="1980年6月14日", c2=""))
        quoted = [",".join(f'"{str(one).replace(chr(34), chr(34) * 2)}"' for one in line) for line in lines]
        path.write_bytes("\r\n".join(quoted).encode("gb18030"))
    first = read(path)
    (copy,) = write_marked(first, [path], tmp_path / "b.xlsx")
    assert not copy.as_it_was
    again = read(copy.path)
    assert (homes(again), again.year, found(again)) == (homes(first), first.year, found(first))


def test_several_files_get_a_copy_each_and_nothing_is_overwritten(tmp_path: Path) -> None:
    one = write(tmp_path / "一村.xlsx", [COLUMNS, row("韦明")])
    two = write(tmp_path / "二村.xlsx", [COLUMNS, row("银月")])
    roster = read(one, two)
    copies = write_marked(roster, [one, two], tmp_path / "改.xlsx")
    assert [(copy.path.name, copy.problems) for copy in copies] == [("改-一村.xlsx", 0), ("改-二村.xlsx", 1)]
    with pytest.raises(FileExists):
        write_marked(roster, [one, two], tmp_path / "改.xlsx")
    with pytest.raises(FileExists):
        write_marked(read(one), [one], one)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "一村.xlsx", "二村.xlsx", "改-一村.xlsx", "改-二村.xlsx"
    ]  # fmt: skip


def test_a_workbook_too_large_to_be_marked_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marked, "CELLS", 30)
    path = write(tmp_path / "a.xlsx", [COLUMNS, row("韦明")])
    with pytest.raises(WorkbookTooLarge, match="--marked"):
        write_marked(read(path), [path], tmp_path / "b.xlsx")
    assert not (tmp_path / "b.xlsx").exists()


def test_a_problem_in_a_merged_cell_is_marked_where_it_shows(tmp_path: Path) -> None:
    rows = [COLUMNS, changed(row("韦明"), c0="桃源村"), changed(row("银月", "配偶", serial=2), c0="")]
    workbook = copy_of(write(tmp_path / "a.xlsx", rows, merge=["A2:A3"]), tmp_path / "b.xlsx")
    assert set(marks(workbook["花名册"])) == {"A2"}


def test_the_command_says_where_the_copy_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, changed(row("韦明"), c8="")])
    done = huyue("roster", "check", path, "--marked", tmp_path / "b.xlsx")
    assert (done.status, "1 处问题" in done.err) == (1, True)
    assert openpyxl.load_workbook(tmp_path / "b.xlsx")["花名册"]["I2"].comment.author == AUTHOR
    again = huyue("--json", "roster", "check", path, "--marked", tmp_path / "b.xlsx")
    assert (again.status, again.json["error"]["code"]) == (2, "file_exists")
    nowhere = huyue("roster", "check", path, "--marked", tmp_path / "没有" / "b.xlsx")
    assert (nowhere.status, "Traceback" in nowhere.err) == (2, False)


def saved(path: Path, change: Any) -> Path:
    """The workbook, changed and saved as a clerk does."""
    workbook = openpyxl.load_workbook(path)
    change(workbook)
    workbook.save(path)
    return path


def test_a_clerks_comment_and_fill_come_back_when_the_marks_go(tmp_path: Path) -> None:
    green = openpyxl.styles.PatternFill("lightGrid", fgColor=openpyxl.styles.colors.Color(theme=4, tint=0.6))

    def note(workbook: Any) -> None:
        cell = workbook["花名册"]["I2"]
        cell.comment = openpyxl.comments.Comment("证件在派出所\n—— 问李主任", "王会计")
        cell.fill = green
        workbook["花名册"]["I3"].fill = openpyxl.styles.PatternFill("solid", fgColor="00FF00")

    rows = [COLUMNS, changed(row("韦明"), c8="451225"), changed(row("银月", "配偶", serial=2), c8="")]
    path = saved(write(tmp_path / "a.xlsx", rows), note)
    first, second, third = (tmp_path / f"{name}.xlsx" for name in "bcd")
    for source, copy in ((path, first), (first, second)):
        sheet = copy_of(source, copy)["花名册"]
        assert sheet["I2"].comment.author == AUTHOR
        assert "应是18位" in sheet["I2"].comment.text
        assert "—— 原批注（王会计）\n证件在派出所" in sheet["I2"].comment.text
        assert sheet["I2"].comment.text.count("应是18位") == 1
        assert sheet["I2"].fill.fgColor.rgb == "00FFC7CE"

    def correct(workbook: Any) -> None:
        workbook["花名册"].insert_rows(2)  # the fills are found whatever row the cells are in by then
        workbook["花名册"]["I3"] = SOUND
        workbook["花名册"]["I4"] = number(date(1980, 6, 14), serial=2)

    assert homes(read(second)) == homes(read(path))
    clean = copy_of(saved(second, correct), third)
    sheet = clean["花名册"]
    assert marks(sheet) == {"I3": "证件在派出所\n—— 问李主任"}
    assert sheet["I3"].comment.author == "王会计"
    assert (sheet["I3"].fill.fill_type, sheet["I3"].fill.fgColor.theme) == ("lightGrid", 4)
    assert (sheet["I4"].fill.fill_type, sheet["I4"].fill.fgColor.rgb) == ("solid", "0000FF00")
    assert clean.sheetnames == ["花名册", LIST]


def test_a_fill_that_a_clerk_gave_a_marked_cell_stays(tmp_path: Path) -> None:
    def colour(workbook: Any) -> None:
        workbook["花名册"]["I2"].fill = openpyxl.styles.PatternFill("solid", fgColor="00FF00")

    path = write(tmp_path / "a.xlsx", [COLUMNS, changed(row("韦明"), c8="")])
    copy_of(path, tmp_path / "b.xlsx")
    done = saved(saved(tmp_path / "b.xlsx", colour), lambda book: book["花名册"].__setitem__("I2", SOUND))
    assert copy_of(done, tmp_path / "c.xlsx")["花名册"]["I2"].fill.fgColor.rgb == "0000FF00"


def test_a_formula_without_a_result_stays_and_is_said_again(tmp_path: Path) -> None:
    rows = [["", *COLUMNS], ["", *changed(row("韦明"), c10='="138"&"12345678"', c7="1980-06-14")]]
    path = write(tmp_path / "a.xlsx", rows)
    sheet = copy_of(path, tmp_path / "b.xlsx")["花名册"]
    assert (sheet["L2"].value, set(marks(sheet))) == ('="138"&"12345678"', {"L2"})
    assert found(read(tmp_path / "b.xlsx")) == [(2, "formula_without_value", "warning")]


def test_two_problems_under_one_merged_cell_are_one_comment(tmp_path: Path) -> None:
    rows = [COLUMNS, changed(row("韦明"), c0="桃源村"), changed(row("银月", "配偶", serial=2), c0="桃源村")]
    path = write(tmp_path / "a.xlsx", rows, merge=["A2:A3"])
    assert "原批注" not in marks(copy_of(path, tmp_path / "b.xlsx")["花名册"])["A2"]


@pytest.mark.parametrize("odd", ["\uffff", "\ufdd0", "\U0001ffff"])
def test_a_character_that_is_none_is_not_read_and_stops_nothing(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "a.csv"
    lines = [
        [*COLUMNS, "备注"],
        [*changed(row(f"韦{odd}明"), c8="", c7="1980-06-14", c0=f"桃源村{odd}"), f"好{odd}"],
    ]
    path.write_text("\n".join("\t".join(map(str, line)) for line in lines), encoding="utf-8")
    workbook = copy_of(path, tmp_path / "b.xlsx")
    assert (workbook["花名册"]["E2"].value, workbook["花名册"]["S2"].value) == ("韦明", "好")
    assert homes(read(path))[0][3] == ["韦明"]


def test_files_of_one_name_get_a_number(tmp_path: Path) -> None:
    files = [tmp_path / folder / "花名册.xlsx" for folder in ("一村", "二村")]
    for serial, path in enumerate(files, start=1):
        path.parent.mkdir()
        write(path, [COLUMNS, row("韦明", serial=serial)])
    copies = write_marked(read(*files), files, tmp_path / "待改.xlsx")
    assert [copy.path.name for copy in copies] == ["待改-花名册.xlsx", "待改-花名册-2.xlsx"]


def test_a_name_that_will_not_do_is_said_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    other = huyue("--json", "roster", "check", path, "--marked", tmp_path / "b.xls")
    assert (other.status, other.json["error"]["code"]) == (2, "wrong_usage")
    assert ".xlsx" in other.json["error"]["message"]
    nowhere = huyue("--json", "roster", "check", path, "--marked", tmp_path / "没有" / "b.xlsx")
    assert (nowhere.status, nowhere.json["error"]["file"]) == (2, str(tmp_path / "没有"))


def test_the_check_is_printed_though_the_copy_fails(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, changed(row("韦明"), c8="")], merge=["T1:XFD100"])
    done = huyue("roster", "check", path, "--marked", tmp_path / "b.xlsx")
    assert (done.status, "发现 1 处问题" in done.out, "--marked" in done.err) == (3, True, True)
    assert str(path) in done.err


def test_the_copy_opens_on_its_list_though_there_is_a_chart_sheet(tmp_path: Path) -> None:
    def chart(workbook: Any) -> None:
        workbook.create_chartsheet("图", 0).add_chart(openpyxl.chart.BarChart())
        workbook.active = workbook["图"]

    path = saved(write(tmp_path / "a.xlsx", [COLUMNS, changed(row("韦明"), c8="")]), chart)
    workbook = copy_of(path, tmp_path / "b.xlsx")
    assert workbook.active.title == LIST
    views = [view for sheet in workbook.chartsheets for view in sheet.sheetViews.sheetView]
    assert not any(view.tabSelected for view in views)
