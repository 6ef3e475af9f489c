"""Files that are no roster, or are one in another format: what is read, and what a clerk is told."""

import contextlib
import os
import struct
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from archive.errors import HuyueError, NoInput
from pipeline.errors import (
    NotWorkbook,
    RosterHeaderMissing,
    RosterIsFolder,
    RosterMissing,
    WorkbookEmpty,
    WorkbookEncrypted,
    WorkbookTooLarge,
)
from pipeline.roster import limits
from tests.conftest import huyue
from tests.roster.roster_files import COLUMNS, RESOURCES, changed, found, homes, read, row, write, write_ods

ONE_HOUSEHOLD = [("451225100201", 3, "0001", ["韦明", "银月"])]


def as_text(delimiter: str) -> str:
    """Two rows of one household as a spreadsheet saves them."""
    first = changed(row("韦明"), c7="1980/6/14", c2='="0001"')
    second = changed(row("银月", "配偶", serial=2), c7="1980年6月14日", c2="")
    second[8] = f'="{second[8]}"'
    lines = [["2025年花名册"], list(COLUMNS), first, [], second]
    lines[1][3] = "户主\n姓名"
    quoted = [[f'"{str(cell).replace(chr(34), chr(34) * 2)}"' for cell in cells] for cells in lines]
    return "\r\n".join(delimiter.join(cells) for cells in quoted) + "\r\n"


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_in_any_usual_encoding_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "花名册.csv"
    path.write_bytes(as_text(delimiter).encode(encoding))
    roster = read(path)
    assert roster.problems == ()
    assert homes(roster) == ONE_HOUSEHOLD
    assert roster.year == 2025


def test_a_text_files_row_is_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(as_text(",").replace("银月", "").replace("韦明", "韦\n明"), encoding="utf-8")
    problem = read(path).problems[0]
    # The header takes two lines, the first person's name and head two more.
    assert (problem.sheet, problem.row, problem.code) == ("", 8, "name_missing")
    assert problem.message.startswith("第8行：")


def test_an_open_document_spreadsheet_is_read(tmp_path: Path) -> None:
    def cell(value: object) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    def line(cells: list[object]) -> str:
        return f"<table:table-row>{''.join(map(cell, cells))}</table:table-row>"

    rows = [["甲", *COLUMNS], ["1", *changed(row("韦明"), c7="1980-06-14")]]
    rows.append(["1", *changed(row("银月", "配偶", serial=2), c7="1980-06-14", c2="")])
    empty = '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'
    path = write_ods(tmp_path / "a.ods", "".join(map(line, rows)) + empty)
    roster = read(path)
    assert found(roster) == []
    assert homes(roster) == ONE_HOUSEHOLD


def test_a_workbook_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, row("韦明")])
    for name in ("a.xls", "a.et", "a.xlsm", "a.csv"):
        assert homes(read(path.rename(tmp_path / name)))
        path = tmp_path / name


def refused(path: Path, error: type[HuyueError]) -> str:
    with pytest.raises(error) as caught:
        read(path)
    assert caught.value.exit_status == 3
    assert caught.value.file == str(path)
    assert str(path) in caught.value.message
    return caught.value.message


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    refused(tmp_path / "没有.xlsx", RosterMissing)
    refused(tmp_path, RosterIsFolder)


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.7\n", b"<html><table></table></html>", b"PK\x03\x04 broken", b"\x89PNG\r\n\0\0", b"\xff\xd8\xff\xe0\0",
     b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"\x80\x81\xff\xfe,,,,\xff"],
)  # fmt: skip
def test_what_is_no_workbook_is_named_as_such(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    assert "另存为" in refused(path, NotWorkbook)


def test_a_workbook_cut_off_is_no_workbook(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, row()])
    path.write_bytes(path.read_bytes()[:-200])
    refused(path, NotWorkbook)


def test_a_document_in_a_zip_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    refused(path, NotWorkbook)


def test_a_password_is_named_with_the_remedy() -> None:
    assert "无密码" in refused(RESOURCES / "password.xlsx", WorkbookEncrypted)


def test_files_without_a_row_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"")
    refused(path, WorkbookEmpty)
    refused(write(tmp_path / "b.xlsx", []), WorkbookEmpty)
    refused(write(tmp_path / "c.xlsx", [["2026年花名册"], COLUMNS, [], ["合计", "0户"]]), WorkbookEmpty)


def test_no_header_in_any_sheet_of_any_file_is_an_error_that_says_what_is_wanted(tmp_path: Path) -> None:
    assert "公民身份号码" in refused(write(tmp_path / "a.xlsx", [row(), row()]), RosterHeaderMissing)
    assert "公民身份号码" in refused(write(tmp_path / "b.xlsx", [["通知"]]), RosterHeaderMissing)


def test_a_file_without_a_table_beside_a_good_one_is_not_passed_over(tmp_path: Path) -> None:
    good = write(tmp_path / "a.xlsx", [COLUMNS, row()])
    other = write(tmp_path / "b.xlsx", [[], ["通知"]])
    (problem,) = read(good, other).problems
    assert (problem.file, problem.row, problem.code) == (str(other), 2, "header_not_found")


def test_a_quote_never_closed_does_not_swallow_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(as_text(",") + '"' + "韦明,\r\n" * 40, encoding="utf-8")
    assert "引号" in refused(path, NotWorkbook)


def test_a_file_over_the_limit_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE_LIMIT", 1000)
    refused(write(tmp_path / "a.xlsx", [COLUMNS, row()]), WorkbookTooLarge)


def test_a_zip_that_unfolds_too_far_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        # Declared, not there: nothing may try to unfold it.
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 1000)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 1000), struct.pack("<I", 2**31)))
    assert "MB" in refused(path, WorkbookTooLarge)


def test_a_stray_value_far_off_is_named_instead_of_taking_all_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "姓名")
        sheet.write(1_048_575, 16_383, "x")
    assert "第1048576行、XFD列" in refused(path, WorkbookTooLarge)


def test_a_cell_that_names_a_row_far_off_is_seen_whatever_its_row_says(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, row()])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part.replace(b'"E2"', b'"E26105963"') if name == sheet else part)
    assert "第26105963行" in refused(path, WorkbookTooLarge)


@pytest.mark.parametrize(
    ("record", "at", "value"),
    [(b"\xfd\x00\x0a\x00", 6, 60_000), (b"\x00\x02\x0e\x00", 14, 60_000), (b"\x00\x02\x0e\x00", 10, 60_000)],
    ids=["cell's column", "sheet's columns", "sheet's rows"],
)
def test_a_damaged_old_workbook_is_refused_before_it_takes_all_memory(
    tmp_path: Path, record: bytes, at: int, value: int
) -> None:
    data = bytearray((RESOURCES / "village-a-sheet.xls").read_bytes())
    struct.pack_into("<H", data, data.index(record) + at, value)
    path = tmp_path / "a.xls"
    path.write_bytes(data)
    refused(path, NotWorkbook)


def test_an_old_workbook_cut_off_anywhere_is_read_or_refused_with_words(tmp_path: Path) -> None:
    data = (RESOURCES / "village-a-sheet.xls").read_bytes()
    path = tmp_path / "a.xls"
    for length in range(8, len(data), 97):
        path.write_bytes(data[:length])
        with contextlib.suppress(NoInput):
            assert homes(read(path))


def test_mere_formatting_far_off_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        red = workbook.add_format({"bg_color": "red"})
        for line, cells in enumerate([COLUMNS, changed(row("韦明"), c7="1980-06-14")]):
            sheet.write_row(line, 0, cells)
        sheet.write_blank(1_048_575, 16_383, None, red)
    assert homes(read(path)) == [("451225100201", 3, "0001", ["韦明"])]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xef\xbb\xbf\r\n\n<HTML xmlns:x><table>", "网页"),
        (b"  <!-- saved -->\n<html>", "网页"),
        (b"MIME-Version: 1.0\r\n", "网页"),
        ("\ufeff<meta charset=utf-16>".encode("utf-16-le"), "网页"),
        (b'\xef\xbb\xbf <?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', "XML"),
    ],
)
def test_other_programs_files_under_a_workbooks_name_are_told_apart(
    tmp_path: Path, data: bytes, said: str
) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(data)
    message = refused(path, NotWorkbook)
    assert said in message
    assert "另存为 .xlsx" in message


def test_a_cell_too_long_is_not_taken_for_a_quote_never_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(as_text(",") + f'"{"长" * 140_000}",1\r\n', encoding="utf-8")
    message = refused(path, WorkbookTooLarge)
    assert "第7行" in message
    assert "131072" in message
    path.write_text(as_text(",") + '"' + "韦明,\r\n" * 40_000, encoding="utf-8")
    assert "引号" in refused(path, NotWorkbook)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_one_byte_gone_wrong_is_told_with_its_line(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(as_text(",").encode(encoding) + b"a,\r\nb\xff,\xff\r\n")
    assert "第8行" in refused(path, NotWorkbook)


def test_file_names_in_gbk_are_shown_as_people_read_them(tmp_path: Path) -> None:
    names = ["一村", "二村"]
    paths = [tmp_path / os.fsdecode(f"{name}.xlsx".encode("gb18030")) for name in names]
    for serial, path in enumerate(paths, start=1):
        write(path, [COLUMNS, changed(row(serial=serial), c4="")])
    done = huyue("roster", "check", *paths, "--marked", tmp_path / "改.xlsx")
    assert done.status == 1
    for name in names:
        assert f"{name}.xlsx 工作表" in done.out
        assert (tmp_path / f"改-{name}.xlsx").is_file()
        assert f"改-{name}.xlsx" in done.err
    listed = huyue("--json", "roster", "check", *paths).json["problems"]
    assert {problem["file"] for problem in listed} == {str(tmp_path / f"{name}.xlsx") for name in names}
    paths[0].write_bytes(b"%PDF-1.7")
    assert "一村.xlsx" in huyue("roster", "check", *paths).err
    paths[0].unlink()
    assert "一村.xlsx" in huyue("roster", "check", *paths).err


def test_a_file_given_twice_counts_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, row()])
    link = tmp_path / "b.xlsx"
    link.symlink_to(path)
    roster = read(path, tmp_path / "." / "a.xlsx", link)
    assert (len(roster.households), found(roster)) == (1, [])
    done = huyue("roster", "check", path, link, "--marked", tmp_path / "c.xlsx")
    assert (done.status, (tmp_path / "c.xlsx").is_file()) == (0, True)


def test_a_roster_that_everybody_left_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [[*COLUMNS, "变动情况"], [*row(), "去世"]])
    (household,) = read(path).households
    assert (household.members, len(household.departed)) == ((), 1)
