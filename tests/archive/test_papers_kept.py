"""Papers filed by hand stay what they are: what is broken is told, what is carried off and back is the same."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Executable, delete, insert, update

from archive.backup import backup
from archive.catalogue import tables
from archive.catalogue.shelf_tables import disposal, disposal_item, paper, paper_file
from archive.errors import BlobDamaged, BlobMissing, Code
from archive.home import Home
from archive.papers import PaperFiler, altered, find_paper, papers, papers_in, words_of
from archive.restore import restore
from archive.verify import contracts_of
from pipeline.paper_saving import save_files
from tests.archive.papers import LATER, actor, call, change, look_over, silent
from tests.archive.test_paper_files import pdf_of
from tests.archive.test_papers import ABOUT, TODAY, home, made, new_file
from tests.archive.test_states import VILLAGE, A
from tests.conftest import Answer

__all__ = ["home", "made"]


def test_a_correction_of_one_moment_is_one_version_and_numbers_are_given_once(
    home: Home, tmp_path: Path
) -> None:
    with home.writing() as connection:
        filer = PaperFiler(connection, home.vault(connection), actor(LATER))
        old = find_paper(connection, 2)
        filer.correct(old, old.about, "", "一")
        assert filer.file(ABOUT, "", [new_file(tmp_path / "新.pdf", b"new")]) == 3
        filer.record("paper_correct", "", {})
        assert [one.number for one in papers(connection)] == [1, 2, 3]
        assert [one.number for one in papers(connection, division=VILLAGE[:6], contract=A)] == [2]
        assert papers(connection, division="999999") == []
        assert altered(connection) == []


def blob_at(home: Home, number: int) -> Path:
    """The first blob's file of a paper."""
    with home.reading() as connection:
        return home.vault(connection).path(find_paper(connection, number).files[0].blobs[0])


def row_gone(home: Home) -> None:
    """Somebody with the key takes a blob's row out."""
    path = blob_at(home, 2)
    raw = sqlcipher.connect(str(home.catalogue))
    raw.execute(f"PRAGMA key = \"x'{home.key.hex()}'\"")
    with raw:
        raw.execute("DELETE FROM blob WHERE name = ?", (path.name,))
    raw.close()
    path.unlink()


def write(home: Home, *statements: Executable) -> None:
    with home.writing() as connection:
        for statement in statements:
            connection.execute(statement)


def exchanged(home: Home) -> None:
    """One paper's file in another's place."""
    with home.writing() as connection:
        blobs = json.dumps(find_paper(connection, 1).files[0].blobs)
        connection.execute(update(paper_file).where(paper_file.c.paper_id == 2).values(blobs=blobs))


def slipped_in(home: Home) -> None:
    with home.writing() as connection:
        filer = PaperFiler(connection, home.vault(connection), actor(LATER))
        old = find_paper(connection, 2)
        filer.correct(old, old.about, "", "nobody did this")


BROKEN: list[tuple[Code, Callable[[Home], object], int]] = [
    (Code.BLOB_MISSING, lambda home: blob_at(home, 2).unlink(), 5),
    (Code.BLOB_ALTERED, lambda home: change(blob_at(home, 2)), 5),
    (Code.ROW_WITHOUT_BLOB, row_gone, 5),
    (Code.FILING_ALTERED, exchanged, 5),
    (Code.FILING_ALTERED, slipped_in, 5),
    (Code.FILING_ALTERED, lambda home: write(home, update(paper).values(user="乙")), 5),
    (
        Code.FILING_ALTERED,
        lambda home: write(home, delete(paper_file).where(paper_file.c.paper_id == 2), delete(paper).where(paper.c.id == 2)),
        5,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "break_it", "status"), BROKEN, ids=[
    "missing", "a bit", "row gone", "exchanged", "slipped in", "who", "taken out",
])  # fmt: skip
def test_a_paper_broken_so_is_told_by_its_code(
    home: Home, code: Code, break_it: Callable[[Home], object], status: int
) -> None:
    break_it(home)
    found = look_over(home)
    assert (found.status, {one.code for one in found.findings}) == (status, {code})
    with home.reading() as connection:
        lost = set(found.lost)
        blob = code is not Code.FILING_ALTERED
        assert papers_in(connection, lost) == ([2] if blob else [])
        assert contracts_of(connection, found.lost) == ([A] if blob else [])


def test_papers_without_any_entry_are_told(home: Home) -> None:
    """As where somebody wrote them past the journal."""
    with home.writing() as connection:
        connection.execute(update(tables.journal).values(detail="{}"))
        assert altered(connection) == [0]


def test_a_paper_is_no_stranger_and_one_left_by_a_killed_run_goes(home: Home, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), home.writing() as connection:
        filer = PaperFiler(connection, home.vault(connection), actor(LATER))
        filer.file(ABOUT, "", [new_file(tmp_path / "半.pdf", b"half")])
        raise KeyboardInterrupt
    with home.writing():
        pass
    found = look_over(home)
    assert (found.findings, found.orphaned, found.blobs) == ([], [], 7)


def test_a_file_that_changes_while_it_is_filed_is_not_filed(home: Home, tmp_path: Path) -> None:
    one = new_file(tmp_path / "变.pdf", b"before")
    one.path.write_bytes(b"after")
    with pytest.raises(OSError), home.writing() as connection:
        PaperFiler(connection, home.vault(connection), actor(LATER)).file(ABOUT, "", [one])
    with home.reading() as connection:
        assert len(papers(connection)) == 2


def test_a_paper_comes_out_whole_or_not_at_all(home: Home, tmp_path: Path) -> None:
    with home.writing() as connection:
        vault, whole = home.vault(connection), find_paper(connection, 1)
        assert [path.name for path in save_files(connection, vault, whole, tmp_path / "取件")] == [
            "约.pdf",
            "表决.jpg",
        ]
        forged = replace(whole, files=(whole.files[0], replace(whole.files[1], sha256="0" * 64)))
        with pytest.raises(BlobDamaged):
            save_files(connection, vault, forged, tmp_path / "假")
        vault.path(whole.files[1].blobs[0]).unlink()
        with pytest.raises(BlobMissing):
            save_files(connection, vault, whole, tmp_path / "缺")
    assert [*(tmp_path / "假").iterdir(), *(tmp_path / "缺").iterdir()] == []


def destroyed(home: Home, paper: int | None, contract: str | None) -> None:
    """As a disposal leaves it, its blobs aside."""
    with home.writing() as connection:
        row = {"proposed_on": LATER, "proposed_by": "甲", "reason": "期满", "destroyed_on": "2026-04-06"}
        number = connection.execute(insert(disposal).returning(disposal.c.id), row).scalar_one()
        item = {"disposal_id": number, "position": 1, "paper": paper, "contract": contract, "destroyed": "{}"}
        connection.execute(insert(disposal_item), item)


def test_a_paper_that_was_destroyed_says_so_and_is_not_corrected(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    destroyed(home, 2, None)

    def run(*arguments: str) -> Answer:
        return call(monkeypatch, "--home", home.folder, "--json", "paper", *arguments)

    assert run("show", "2").json["destroyed"] == "2026-04-06"
    assert [one["destroyed"] for one in run("list").json["papers"]] == ["", "2026-04-06"]
    refused = run("correct", "2", "--title", "x", "--reason", "x")
    assert (refused.status, refused.json["error"]["code"]) == (2, "paper_destroyed")


def contents(home: Home) -> Iterator[tuple[int, list[bytes], str]]:
    with home.reading() as connection:
        vault = home.vault(connection)
        for one in papers(connection):
            files = [b"".join(vault.get(connection, name) for name in file.blobs) for file in one.files]
            yield one.number, files, words_of(connection, one)


def test_backup_and_restore_carry_papers(home: Home, tmp_path: Path) -> None:
    backup(home, tmp_path / "盘", TODAY, silent)
    done = restore(tmp_path / "盘", tmp_path / "新", home.key_file, home.key, "", actor(LATER), silent)
    assert list(contents(done.home)) == list(contents(home)) != []
    assert look_over(done.home).findings == []
    assert {one[1][0] for one in contents(done.home)} == {pdf_of("爱护山林"), b"%PDF attached"}
