"""Workbooks made to harm who opens them, or spoilt beyond sense: a message or a reading, within the limits."""

import contextlib
import os
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import HuyueError, NoInput
from pipeline.errors import NotWorkbook, WorkbookTooLarge
from pipeline.roster import limits, opened
from pipeline.roster.cells import LONGEST_CELL, _unwrapped
from pipeline.roster.workbook import read_sheets
from tests.roster.roster_files import COLUMNS, changed, found, homes, read, row, write, write_ods

SHEET = "xl/worksheets/sheet1.xml"


def altered(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The workbook with its members changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, change(name, part))
    return path


def refused(path: Path, error: type[HuyueError]) -> str:
    with pytest.raises(error) as caught:
        read(path)
    assert (caught.value.exit_status, caught.value.file) == (3, str(path))
    return caught.value.message


def test_a_zip_that_really_unfolds_into_gigabytes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, row()])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media/a.bin", "w", force_zip64=True) as member:  # fmt: skip
        for _ in range(260):
            member.write(bytes(limits.MEGABYTE * 4))
    assert path.stat().st_size < 2 * limits.MEGABYTE
    assert "MB" in refused(path, WorkbookTooLarge)


def test_garbage_in_16384_columns_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("花名册")
        for line, cells in enumerate([COLUMNS, changed(row(), c7="1980-06-14")]):
            sheet.write_row(line, 0, [*cells, *(f"x{line}" for _ in range(16_384 - len(cells)))])
    assert homes(read(path)) == [("451225100201", 3, "0001", ["韦明"])]


def test_cells_of_32000_characters_are_named_and_go_nowhere(tmp_path: Path) -> None:
    long = "长" * 32_000
    cells = changed(row(), c0="冲洞", c9=long, c10=long, c11=long, c17=long)
    path = write(tmp_path / "a.xlsx", [COLUMNS, cells, changed(row(serial=2), c4=long, c5=long, c6=long)])
    roster = read(path)
    assert found(roster) == [
        *[(2, "text_too_long", "warning")] * 4,
        (3, "name_missing", "error"),
        *[(3, "text_too_long", "warning")] * 2,
    ]
    assert max(len(problem.message) for problem in roster.problems) < 200
    assert len(repr(roster.households)) < 2000


def test_long_villages_groups_and_numbers_do_not_fill_the_message(tmp_path: Path) -> None:
    long = "村" * 32_000
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c0=long, c1=long)]))
    assert [code for _, code, _ in found(roster)] == ["village_unknown", "group_unreadable"]
    assert max(len(problem.message) for problem in roster.problems) < 200


def test_control_and_direction_characters_are_not_kept(tmp_path: Path) -> None:
    name = "\u202e韦\u2066\u200b\u0007明\u2069\U000e0041"
    path = tmp_path / "a.csv"
    lines = [COLUMNS, changed(row(name), c7="1980-06-14", c3="\u202d韦明\u202c", c11="\u061c广东\r\n省")]
    path.write_text("\n".join("\t".join(f'"{one}"' for one in line) for line in lines), encoding="utf-8")
    member = read(path).households[0].members[0]
    assert (member.name, member.away_to) == ("韦明", "广东 省")


@pytest.mark.parametrize("name", [SHEET, "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_definition_is_refused(tmp_path: Path, name: str, encoding: str) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    path = write(tmp_path / "a.xlsx", [COLUMNS, row()])
    altered(path, lambda part, data: (bomb + data.decode()).encode(encoding) if part == name else data)
    assert "DTD" in refused(path, NotWorkbook)


def test_external_links_are_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c10="='file:///etc/[passwd]x'!A1")])
    link = b'<Relationship Id="rId9" Type="http://x/externalLink" Target="http://127.0.0.1:9/x" TargetMode="External"/>'
    altered(
        path,
        lambda part, data: (
            data.replace(b"</Relationships>", link + b"</Relationships>")
            if part.endswith("workbook.xml.rels")
            else data
        ),
    )
    assert homes(read(path)) == [("451225100201", 3, "0001", ["韦明"])]


def test_a_reader_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "SECONDS_LIMIT", 0)
    assert "0 秒" in refused(write(tmp_path / "a.xlsx", [COLUMNS, row()]), WorkbookTooLarge)


def test_a_reader_killed_from_outside_is_told_not_waited_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [COLUMNS, row()])
    with opened._Reader() as reader:
        reader._started()
        assert reader._process is not None and reader._process.pid is not None
        os.kill(reader._process.pid, signal.SIGKILL)
        with pytest.raises(WorkbookTooLarge):
            list(reader.sheets(path))


def test_memory_beyond_the_limit_is_told(tmp_path: Path) -> None:
    cells = '<table:table-cell office:value-type="string" table:number-columns-repeated="1000"><text:p>x</text:p></table:table-cell>'
    rows = f'<table:table-row table:number-rows-repeated="20000">{cells}</table:table-row>'
    path = write_ods(tmp_path / "a.ods", rows)
    assert "1024 MB" in refused(path, WorkbookTooLarge)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=40))
def test_any_bytes_changed_in_a_workbook_are_read_or_refused_with_words(
    sound: Path, at: int, junk: bytes
) -> None:
    data = bytearray(sound.read_bytes())
    at %= len(data)
    data[at : at + len(junk)] = junk
    path = sound.with_name("b.xlsx")
    path.write_bytes(data)
    with contextlib.suppress(NoInput):
        for sheet in read_sheets(path):
            list(sheet.rows)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("sound") / "a.xlsx", [COLUMNS, row(), row(serial=2)])


def test_a_text_that_is_cut_is_said_in_whatever_column(tmp_path: Path) -> None:
    padded = "冲洞村委会" + " " * 6_000 + "五里组"
    cells = changed(
        row(), c0=padded, c2="0001" + " " * 6_000 + "x", c10="13812345678" + " " * 6_000 + "x", c3=padded
    )
    path = write(tmp_path / "a.xlsx", [[*COLUMNS, "备注"], [*cells, "长" * 6_000]])
    roster = read(path)
    assert [(problem.code, problem.column) for problem in roster.problems] == [
        ("text_too_long", column) for column in (0, 2, 3, 10)
    ]
    assert homes(roster) == [("451225100201", 3, "0001", ["韦明"])]


def test_no_more_of_a_text_comes_than_any_field_holds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [["长" * 6_000]])
    ((_, sheets),) = opened.sheets_of([path])
    assert [len(str(cell)) for sheet in sheets for _, cells in sheet.rows for cell in cells] == [LONGEST_CELL]


def test_long_texts_are_not_remembered(tmp_path: Path) -> None:
    before = _unwrapped.cache_info().misses
    read(
        write(
            tmp_path / "a.xlsx",
            [COLUMNS, *(changed(row(serial=one), c9=f"{one}" * 400) for one in range(90))],
        )
    )
    assert _unwrapped.cache_info().misses - before < 90 + 50  # numbers and labels
