"""The marked copy of a clerk's workbook: what is wrong is seen in it, and it reads back the same."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from archive.errors import FileExists, WorkbookTooLarge
from pipeline.roster import marked
from pipeline.roster.marked import AUTHOR, write_marked
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
