"""Verify: an archive broken in every way that it has a word for, and what is repaired, noted and never lost."""

import errno
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import sqlcipher3.dbapi2 as sqlcipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update

from archive import journal
from archive import search as searching
from archive import verify as verifying
from archive.audit.findings import audit
from archive.catalogue import database, tables
from archive.changes import mark_changed
from archive.errors import ArchiveDamaged, ArchiveError, Code, DiskFull, Finding
from archive.home import Home
from tests.archive.papers import (
    DAY,
    LATER,
    B,
    actor,
    blob_of,
    call,
    change,
    copied,
    cut_tail,
    file_sheets,
    head_of,
    look_over,
    made_archive,
)
from tests.archive.test_states import A
from tests.conftest import Answer, index_files


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An archive that was verified once."""
    home = made_archive(tmp_path_factory.mktemp("核对"))
    with pytest.MonkeyPatch.context() as patch:
        assert call(patch, "verify", "--home", home.folder).status == 0
    return home


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    shutil.copy(head_of(made), tmp_path)
    return copied(made, tmp_path)


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    def run(*arguments: str, today: str = LATER) -> Answer:
        return call(monkeypatch, "--home", home.folder, "--json", "verify", *arguments, today=today)

    return run


def swapped(home: Home) -> None:
    one, other = blob_of(home, A), blob_of(home, B)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def unreadable(home: Home) -> None:
    """As a disk that fails there, which root meets as well."""
    path = blob_of(home, B)
    path.unlink()
    path.symlink_to("/proc/self/mem")


def renamed_content(home: Home) -> None:
    """Somebody with the key keeps other content under a blob's name."""
    with home.writing() as connection:
        vault = home.vault(connection)
        name = blob_of(home, B).name
        (other,) = vault.put(connection, [b"forged"], DAY)
        rows = connection.execute(select(tables.blob.c.wrapped).where(tables.blob.c.name == other))
        key = vault.unwrap(other, rows.scalar_one())
        sealed = b"HYV1" + b"n" * 12 + AESGCM(key).encrypt(b"n" * 12, b"forged", b"HYV1" + name.encode())
        vault.path(name).write_bytes(sealed)
        row = update(tables.blob).where(tables.blob.c.name == name)
        connection.execute(row.values(wrapped=vault.wrap(name, key)))


def row_gone(home: Home) -> None:
    """Somebody with the key takes a blob's row out."""
    raw = sqlcipher.connect(str(home.catalogue))
    raw.execute(f"PRAGMA key = \"x'{home.key.hex()}'\"")
    name = blob_of(home, B).name
    with raw:
        raw.execute("DELETE FROM blob WHERE name = ?", (name,))
    raw.close()
    (home.folder / "vault" / name[:2] / name).unlink()


def filing_changed(home: Home) -> None:
    with home.writing() as connection:
        connection.execute(update(tables.filing).where(tables.filing.c.contract == A).values(gaps=""))


def entry_changed(home: Home) -> None:
    with home.writing() as connection:
        connection.execute(update(tables.journal).where(tables.journal.c.seq == 2).values(user="乙"))


def history_rewritten(home: Home) -> None:
    cut_tail(home)
    with home.writing() as connection:
        journal.record(connection, actor(LATER), "intake", "", {"files": 1, "filed": 9})


def catalogue_changed(home: Home) -> None:
    """A bit in the middle, where nothing is that opening reads."""
    with home.writing():
        pass
    change(home.catalogue, home.catalogue.stat().st_size // 2)


def catalogue_cut(home: Home) -> None:
    with home.catalogue.open("r+b") as file:
        file.truncate(home.catalogue.stat().st_size // 2)


def other_key(home: Home) -> None:
    home.key_file.write_text("12" * 32)


def key_of_another(home: Home) -> None:
    """The key of an archive that is known beside that key."""
    folder = home.folder.parent / "别处"
    folder.mkdir()
    there = made_archive(folder)
    assert look_over(there).status == 0
    shutil.copy(there.key_file, home.key_file)
    shutil.copy(head_of(there), head_of(home))


def index_spoilt(home: Home) -> None:
    for path in index_files(home):
        if not path.name.startswith("index.stamp"):
            path.write_bytes(b"spoilt")


def index_behind(home: Home) -> None:
    file_sheets(home, LATER, (B, 2, 5))
    with home.writing() as connection:
        mark_changed(connection, [B])


BROKEN: list[tuple[Code, Callable[[Home], object], int]] = [
    (Code.BLOB_MISSING, lambda home: blob_of(home, B).unlink(), 5),
    (Code.BLOB_ALTERED, lambda home: change(blob_of(home, B)), 5),
    (Code.BLOB_ALTERED, lambda home: blob_of(home, B).write_bytes(b""), 5),
    (Code.BLOB_ALTERED, swapped, 5),
    (Code.BLOB_ALTERED, renamed_content, 5),
    (Code.BLOB_UNREADABLE, unreadable, 5),
    (Code.BLOB_UNKNOWN, lambda home: blob_of(home, B).with_name("Thumbs.db").write_bytes(b"x"), 1),
    (Code.ROW_WITHOUT_BLOB, row_gone, 5),
    (Code.FILING_ALTERED, filing_changed, 5),
    (Code.JOURNAL_BROKEN, entry_changed, 5),
    (Code.JOURNAL_CUT, cut_tail, 5),
    (Code.JOURNAL_CUT, history_rewritten, 5),
    (Code.CATALOGUE_DAMAGED, catalogue_changed, 5),
    (Code.CATALOGUE_DAMAGED, catalogue_cut, 5),
    (Code.CATALOGUE_DAMAGED, lambda home: change(home.catalogue, 100), 5),
    (Code.KEY_WRONG, other_key, 5),
    (Code.KEY_OF_ANOTHER, key_of_another, 5),
    (Code.INDEX_UNREADABLE, index_spoilt, 1),
    (Code.INDEX_BEHIND, index_behind, 0),
]


@pytest.mark.parametrize(("code", "break_it", "status"), BROKEN, ids=[
    "missing", "a bit", "empty", "swapped", "forged", "unreadable", "unknown", "row gone", "filing", "entry", "tail cut",
    "rewritten", "catalogue bit", "catalogue cut", "catalogue head", "wrong key", "another's key", "index", "behind",
])  # fmt: skip
def test_an_archive_broken_so_is_told_by_its_code(
    home: Home, run: Callable[..., Answer], code: Code, break_it: Callable[[Home], object], status: int
) -> None:
    break_it(home)
    answer = run()
    codes = {one["code"] for one in answer.json["findings"]}
    assert (answer.status, codes) == (status, {str(code)}), answer.out
    for one in answer.json["findings"]:
        assert one["subject"] and one["subject"] in one["message"]
    again = run()
    assert again.status == (5 if status == 5 else 0), (
        "what is repaired is repaired, what is not is told again"
    )


def test_an_audit_knows_what_was_damaged_and_until_when(home: Home, run: Callable[..., Answer]) -> None:
    path = blob_of(home, B)
    kept = path.read_bytes()
    path.unlink()
    assert [run(today=day).status for day in ("2026-07-10", "2026-07-12")] == [5, 5]
    path.write_bytes(kept)
    assert run(today="2026-07-20").status == 0
    with home.reading() as connection:
        found = {
            day: audit(connection, date.fromisoformat(f"2026-07-{day}")).findings.filter(
                pl.col("class") == "damaged"
            )
            for day in ("09", "10", "19", "20")
        }
    assert [found[day].height for day in found] == [0, 1, 1, 0]
    row = found["19"].row(0, named=True)
    assert (row["number"], str(row["since"])) == (B, "2026-07-10")
    assert row["evidence"] == "2026-07-10 核对：文件不见了"


def test_every_code_has_words_and_is_tried_here() -> None:
    tried = {code for code, _, _ in BROKEN} | {Code.DISK_FULL, Code.BUSY}
    assert tried == set(Code)
    for code in Code:
        assert Finding(code, "某处").message.endswith(("。", "）。"))


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def exhausted(*_: object) -> None:
    """As tantivy says it."""
    raise ValueError("An IO error occurred: 'No space left on device (os error 28)'")


@pytest.mark.parametrize(
    ("where", "name", "how"),
    [(verifying._Sound, "note", full), (searching, "catch_up", full), (searching, "catch_up", exhausted)],
)
def test_of_a_full_disk_it_is_said(
    run: Callable[..., Answer],
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    name: str,
    how: Callable[..., None],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(where, name, how)
        answer = run()
    (finding,) = answer.json["findings"]
    assert (answer.status, finding["code"]) == (5, "disk_full")
    assert "磁盘满了" in finding["message"]
    assert run().status == 0


def test_a_full_catalogue_is_said(
    home: Home, run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own word, by the number of pages that the catalogue may have."""
    note = verifying._Sound.note

    def narrow(self: verifying._Sound) -> None:
        with home.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.execute(
                tables.division.insert(), [{"code": f"9{n}", "name": "村" * 99} for n in range(200)]
            )
        note(self)

    monkeypatch.setattr(verifying._Sound, "note", narrow)
    answer = run()
    assert [one["code"] for one in answer.json["findings"]] == ["disk_full"]
    monkeypatch.undo()


@pytest.mark.parametrize(("free", "error"), [(0, DiskFull), (1 << 30, ArchiveDamaged)])
def test_an_input_output_error_on_a_full_disk_is_no_damage(
    home: Home, monkeypatch: pytest.MonkeyPatch, free: int, error: type[ArchiveError]
) -> None:
    """There SQLite cannot make the index of its log, even to read."""
    usage = shutil.disk_usage(home.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
    assert type(database.explained("disk I/O error", home.catalogue)) is error


def test_the_head_beside_the_key_is_of_each_archive_and_of_no_use_to_forgers(home: Home) -> None:
    head = head_of(home)
    before = head.read_bytes()
    assert home.key.hex() not in before.decode()
    cut_tail(home)
    assert look_over(home).status == 5
    assert head.read_bytes() == before, "what does not hold is not made the new truth"
    head.write_bytes(b"garbage")
    assert look_over(home).status == 0, "without it only the root on paper tells"
    assert head.stat().st_mode & 0o77 == 0


def test_a_rolled_back_copy_is_told(home: Home, run: Callable[..., Answer]) -> None:
    shutil.copytree(home.folder, home.folder.with_name("旧"))
    file_sheets(home, LATER, (B, 2, 6))
    assert run().status == 0
    shutil.rmtree(home.folder)
    home.folder.with_name("旧").rename(home.folder)
    assert [one["code"] for one in run().json["findings"]] == ["journal_cut"]


def test_the_four_checks_of_the_archive_name_what_is_not_as_it_was(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "四性检测.xlsx"
    asked = ("--home", home.folder, "--json", "four-checks")
    whole = call(monkeypatch, *asked)
    assert whole.json["papers"] == whole.json["of"] == 2
    parts = [call(monkeypatch, *asked, "--slice", f"{part}/3").json["papers"] for part in (1, 2, 3)]
    assert sum(parts) == 2
    path = blob_of(home, B)
    kept = path.read_bytes()
    path.write_bytes(blob_of(home, A).read_bytes())
    answer = call(monkeypatch, *asked, "--out", out)
    assert answer.status == 1
    failed = {check: numbers for check, numbers in answer.json["failed"].items() if numbers}
    assert failed.keys() >= {"same", "opens"} and all(B in numbers for numbers in failed.values())
    rows = openpyxl.load_workbook(out)["四性检测"].iter_rows(min_row=3, values_only=True)
    assert next(rows)[:6] == ("真实性", "内容与归档时登记的 SHA-256 一致", 2, 1, 1, B)
    path.write_bytes(kept)
