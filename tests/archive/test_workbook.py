"""A workbook is whole in its place or not there, and nothing of it is left anywhere else."""

import gc
import resource
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from xlsxwriter import Workbook

from archive.workbook import new_workbook
from pipeline.ledger import LedgerRow, write_ledger
from tests.conftest import huyue

DAY = date(2026, 3, 1)


def fill(book: Workbook, rows: int = 2000) -> None:
    sheet = book.add_worksheet("台账")
    for row in range(rows):
        sheet.write_string(row, 0, f"覃小明{row * 7919}")


def rows(count: int) -> Iterator[LedgerRow]:
    for at in range(count):
        parties = ((f"覃小明{at * 7919}", "45122519800614001X"),)
        yield LedgerRow(f"{at:024d}", "责任书", 1, "7", parties, "", "莫秋月", DAY, None, 2, at)


@pytest.fixture
def system_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What tempfile takes for the system's folder for temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A place for a workbook, in a folder of its own, where an older one stands."""
    path = tmp_path / "out" / "检查.xlsx"
    path.parent.mkdir()
    path.write_bytes(b"the older one")
    return path


def test_rows_wait_beside_the_workbook_for_nobody_else_to_read(out: Path, system_folder: Path) -> None:
    with new_workbook(out, "台账", DAY) as book:
        fill(book)
        (parts,) = (one for one in out.parent.iterdir() if one != out)
        assert parts.stat().st_mode & 0o777 == 0o700
        assert any("覃小明" in file.read_text("utf-8") for file in parts.iterdir())
        assert out.read_bytes() == b"the older one"
        assert list(system_folder.iterdir()) == []
    assert [one.name for one in out.parent.iterdir()] == [out.name]
    read = openpyxl.load_workbook(out)
    assert read["台账"].max_row == 2000
    assert (read.properties.title, read.properties.created.date()) == ("台账", DAY)


def test_a_block_that_fails_leaves_the_older_workbook_and_nothing_else(
    out: Path, system_folder: Path
) -> None:
    with pytest.raises(KeyError), new_workbook(out, "台账", DAY) as book:
        fill(book)
        raise KeyError
    assert [one.name for one in out.parent.iterdir()] == [out.name]
    assert out.read_bytes() == b"the older one"
    assert list(system_folder.iterdir()) == []


def test_what_a_killed_run_left_goes_with_the_next_one(out: Path) -> None:
    left = out.with_name(f".{out.name}.part")
    left.mkdir()
    (left / "tmp1234").write_text("覃小明")
    with new_workbook(out, "台账", DAY) as book:
        fill(book)
    assert [one.name for one in out.parent.iterdir()] == [out.name]


@contextmanager
def little_room(most: int) -> Iterator[None]:
    """No file may grow beyond `most` bytes, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def a_workbook(path: Path) -> None:
    with new_workbook(path, "台账", DAY) as book:
        fill(book)


def a_ledger(path: Path) -> None:
    write_ledger(path, "台账", DAY, rows(2000))


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("write", [a_workbook, a_ledger])
@pytest.mark.parametrize("full", ["in the rows", "in the sheet"])
def test_a_full_disk_is_an_error_of_the_file_that_was_asked_for(
    out: Path,
    system_folder: Path,
    write: Callable[[Path], None],
    full: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write(system_folder / "a.xlsx")
    with zipfile.ZipFile(system_folder / "a.xlsx") as packed:
        sheet = packed.getinfo("xl/worksheets/sheet1.xml").file_size
    (system_folder / "a.xlsx").unlink()
    most = {"in the rows": 20_000, "in the sheet": sheet - 64}[full]
    with pytest.raises(OSError) as problem, little_room(most):
        write(out)
    assert problem.value.filename == str(out)
    assert problem.value.errno
    del problem
    gc.collect()
    assert [one.name for one in out.parent.iterdir()] == [out.name]
    assert out.read_bytes() == b"the older one"
    assert list(system_folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("没有/检查.xlsx", "找不到"),
        ("文件/检查.xlsx", "路径中有一段是文件"),
        ("名" * 90 + ".xlsx", "名字太长"),
    ],
)
def test_an_audit_that_cannot_be_saved_says_where_and_what_to_do(
    new_home: Callable[[], Path], tmp_path: Path, place: str, said: str
) -> None:
    home, out = new_home(), tmp_path / place
    (tmp_path / "文件").write_bytes(b"")
    answer = huyue("--home", home, "audit", "--out", out, "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "file_trouble")
    assert answer.json["error"]["file"] == str(out)
    assert said in answer.json["error"]["message"] and "请换一个位置" in answer.json["error"]["message"]
    assert answer.err == ""


def test_neither_a_folder_nor_a_device_is_replaced(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(IsADirectoryError):
            a_workbook(path)
    assert Path("/dev/null").is_char_device()


def test_a_link_stays_a_link(out: Path) -> None:
    link = out.with_name("链接.xlsx")
    link.symlink_to(out.name)
    a_workbook(link)
    assert link.is_symlink() and openpyxl.load_workbook(out)["台账"].max_row == 2000
