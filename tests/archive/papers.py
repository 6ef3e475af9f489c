"""A small archive with filed contracts, and commands run on it within this process."""

import hashlib
import io
import json
import shutil
from contextlib import AbstractContextManager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from archive import journal, originals
from archive.catalogue import tables
from archive.changes import mark_changed
from archive.filings import Drafts, Verdict
from archive.home import Home, create_home, open_home
from archive.journal import Actor
from archive.numbers import Number
from archive.verify import Part, Verified, verify
from pipeline import cli
from tests.archive.test_filings import box, sheet
from tests.archive.test_states import OLD, VILLAGE, A, keep
from tests.conftest import Answer

B = str(Number(VILLAGE, 2026, "01", 2))
DAY, LATER = "2026-04-01", "2026-04-05"
ORIGINAL = b"%PDF-1.7 as it came from the scanner"


def actor(day: str) -> Actor:
    return Actor("经办人甲", date.fromisoformat(day))


def made_archive(folder: Path) -> Home:
    """Contract A filed in two versions by two groups, B in the second, and a scan file kept; all journalled."""
    home = create_home(folder / "档案库", None, {"45": "广西"}, actor(DAY))
    scan = folder / "一.pdf"
    scan.write_bytes(ORIGINAL)
    with home.writing() as connection:
        keep(connection, OLD, replace(OLD, number=B, key="another", party="韦桂莲"))
        digest = hashlib.sha256(ORIGINAL).hexdigest()
        kept = originals.keep(connection, home.vault(connection), scan, digest, DAY)
        file = {"id": 1, "name": "一.pdf", "sha256": digest, "size": 1, "pages": 9, "code": ""}
        connection.execute(
            insert(tables.scan_file).values(file | {"taken_on": DAY, "original": json.dumps(kept)})
        )
        pages = [{"id": page, "file_id": 1, "index": page - 1, "outcome": "filed"} for page in range(1, 10)]
        connection.execute(insert(tables.scan_page), pages)
        mark_changed(connection, [A, B])
    file_sheets(home, DAY, (A, 1, 1))
    file_sheets(home, LATER, (A, 2, 2), (B, 1, 3))
    return home


def file_sheets(home: Home, day: str, *placed: tuple[str, int, int]) -> None:
    """File (contract, sheet, scanned page), as one group of an intake."""
    with home.writing() as connection:
        drafts = Drafts(connection, home.vault(connection), actor(day))
        for number, which, page in placed:
            new = replace(sheet(which, page, [box(f"s{which}", Verdict.FILLED)]), contract=number)
            drafts.place(new, page)
        drafts.write()
        journal.record(connection, actor(day), "intake", "", {"files": 1, "filed": len(placed)})


def copied(home: Home, folder: Path) -> Home:
    """A copy of the archive with its key, in a folder of its own."""
    shutil.copytree(home.folder, folder / home.folder.name)
    shutil.copy(home.key_file, folder)
    return open_home(folder / home.folder.name, None)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path, today: str = LATER) -> Answer:
    """Run a command as `huyue` does, in this process."""
    monkeypatch.setenv("HUYUE_TODAY", today)
    monkeypatch.setenv("HUYUE_USER", "经办人甲")
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.run([*map(str, arguments)])
    return Answer(status, out.getvalue(), err.getvalue())


def blobs_of(home: Home) -> dict[str, bytes]:
    """Every blob's content by its name."""
    with home.reading() as connection:
        names = connection.execute(select(tables.blob.c.name).order_by(tables.blob.c.name)).scalars().all()
        vault = home.vault(connection)
        return {name: vault.get(connection, name) for name in names}


def head_of(home: Home) -> Path:
    """The file beside the key."""
    return home.key_file.with_name(home.key_file.name + ".head")


def blob_of(home: Home, contract: str) -> Path:
    """The file of a contract's newest filing."""
    filing = tables.filing
    query = select(filing.c.blob).where(filing.c.contract == contract).order_by(filing.c.version.desc())
    with home.reading() as connection:
        return home.vault(connection).path(connection.execute(query.limit(1)).scalar_one())


def put(home: Home, *contents: bytes) -> list[str]:
    with home.writing() as connection:
        return home.vault(connection).put(connection, contents, DAY)


def change(path: Path, at: int = -1) -> None:
    """Turn a bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


class Silent:
    """Progress that nobody sees."""

    def advance(self, count: int = 1) -> None: ...


def silent(total: int) -> AbstractContextManager[Silent]:
    return nullcontext(Silent())


def look_over(home: Home) -> Verified:
    """What a look at everything finds."""
    return verify(home, Part(), LATER, silent)


def cut_tail(home: Home) -> None:
    """Take the journal's last entry out, so that its chain holds."""
    with home.writing() as connection:
        connection.execute(delete(tables.journal).where(tables.journal.c.seq == 3))
        connection.execute(update(tables.filing).where(tables.filing.c.entry == 3).values(entry=None))
