"""Marked copies within limits of memory, time and cells, and nothing left of one that failed."""

import errno
import zlib
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from pipeline.errors import MarkingFailed, WorkbookTooLarge
from pipeline.roster import marked, zipped
from pipeline.roster.marked import write_marked
from pipeline.roster.zipped import look_inside
from tests.roster.roster_files import COLUMNS, changed, read, row, write

ROWS = [COLUMNS, changed(row("韦明"), c7="1980-06-14", c8="")]


def formatted(path: Path, *cells: tuple[int, int], merge: str = "") -> Path:
    """A roster with one problem, and cells elsewhere that are only coloured or merged."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("花名册")
        red = workbook.add_format({"bg_color": "red"})
        for line, values in enumerate(ROWS):
            sheet.write_row(line, 0, values)
        for line, column in cells:
            sheet.write_blank(line, column, None, red)
        if merge:
            sheet.merge_range(merge, "")
    return path


def refused(path: Path) -> str:
    out = path.with_name("b.xlsx")
    with pytest.raises(WorkbookTooLarge) as caught:
        write_marked(read(path), [path], out)
    assert (caught.value.exit_status, caught.value.file) == (3, str(path))
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    return caught.value.message


def test_one_formatted_cell_far_off_costs_no_more_than_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marked, "MEMORY_LIMIT", 200 << 20)
    path = formatted(tmp_path / "a.xlsx", (2_999, 16_383))
    write_marked(read(path), [path], tmp_path / "b.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")["花名册"]
    assert (sheet["I2"].comment is not None, sheet["XFD3000"].fill.fill_type) == (True, "solid")


def test_cells_that_are_only_formatted_or_merged_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marked, "CELLS", 500)
    spread = [(line, 30) for line in range(500)]
    assert "--marked" in refused(formatted(tmp_path / "a.xlsx", *spread))
    (tmp_path / "a.xlsx").unlink()
    assert "--marked" in refused(formatted(tmp_path / "c.xlsx", merge="T10:Z200"))


def test_every_written_cell_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "_CHUNK", 30_000)
    path = formatted(tmp_path / "a.xlsx", *((line, 30) for line in range(4_000)))
    assert [one.cells for one in look_inside(path)] == [
        4_000 + sum(bool(cell) for line in ROWS for cell in line)
    ]


def test_marking_that_needs_too_much_memory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marked, "MEMORY_LIMIT", 1)
    assert "内存" in refused(formatted(tmp_path / "a.xlsx", *((line, 30) for line in range(4_000))))


@pytest.mark.parametrize(
    "error", [zlib.error("Error -4 while decompressing data"), OSError(errno.ENOMEM, "")]
)
def test_want_of_memory_is_not_taken_for_a_broken_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = formatted(tmp_path / "a.xlsx")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(zipped, "_refuse_definitions", fail)
    with pytest.raises(MemoryError):
        look_inside(path)


def test_marking_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marked, "MARKING_SECONDS", 0)
    assert "0 秒" in refused(formatted(tmp_path / "a.xlsx"))


def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, row("韦明")])
    (tmp_path / ".b.xlsx.part").mkdir()
    (tmp_path / ".b.xlsx.part" / "whole.xlsx").write_bytes(path.read_bytes())
    write_marked(read(path), [path], tmp_path / "b.xlsx")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.xlsx", "b.xlsx"]


def test_what_openpyxl_stumbles_over_is_no_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, changed(row("韦明"), c8="")])
    roster = read(path)
    write(path, [COLUMNS], sheet="别的名称")  # saved under another sheet's name since it was read
    with pytest.raises(MarkingFailed, match="--marked"):
        write_marked(roster, [path], tmp_path / "b.xlsx")
