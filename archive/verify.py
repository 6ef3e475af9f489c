"""Whether the archive is what it should be: journal, every blob, and what speaks of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from sqlalchemy import Connection, func, select

from archive import journal
from archive.catalogue import tables
from archive.errors import BlobDamaged, BlobMissing
from archive.vault import Vault

CHUNK = 500  # blobs in one IN list
ASIDE = "aside"  # the vault's folder for files that nobody knows


@dataclass(slots=True)
class Verified:
    """What was looked at and found; `broken_at` is the journal's first entry that does not hold.

    `orphaned` are files that no catalogue row speaks of and that no killed run explains.
    """

    blobs: int = 0
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    orphaned: list[Path] = field(default_factory=list)
    broken_at: int | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is lost; files that nobody knows are put aside."""
        return not (self.damaged or self.missing or self.broken_at)


def blob_count(connection: Connection) -> int:
    """How many blobs there are to look at."""
    return connection.execute(select(func.count()).select_from(tables.blob)).scalar_one()


def verify(connection: Connection, vault: Vault, done: Callable[[], None]) -> Verified:
    """Read every blob and the whole journal; `done` is called after each blob."""
    found = Verified(broken_at=journal.broken_at(connection))
    names = list(connection.execute(select(tables.blob.c.name).order_by(tables.blob.c.name)).scalars())
    for name in names:
        try:
            vault.get(connection, name)
        except BlobMissing:
            found.missing.append(name)
        except BlobDamaged:
            found.damaged.append(name)
        found.blobs += 1
        done()
    found.orphaned = _orphaned(connection, vault)
    return found


def _orphaned(connection: Connection, vault: Vault) -> list[Path]:
    """The files that nobody knows, of what is there now: others may have filed since `connection` looked."""
    files, pending = [path for path in vault.files() if path.is_file()], vault.pending()
    with (
        connection.engine.begin() as later
    ):  # after both, so that what was cleared from the one is in the other
        pending.update(later.execute(select(tables.blob.c.name)).scalars())
    return [path for path in files if path != vault.path(path.name) or path.name not in pending]


def contracts_of(connection: Connection, blobs: list[str]) -> list[str]:
    """The contracts whose filings lie in these blobs, or the files that their pages came in."""
    filing, file, page = tables.filing, tables.scan_file, tables.scan_page
    found: set[str] = set()
    for start in range(0, len(blobs), CHUNK):
        query = select(filing.c.contract).where(filing.c.blob.in_(blobs[start : start + CHUNK]))
        found.update(connection.execute(query).scalars())
    if blobs:
        lost = frozenset(blobs)
        rows = connection.execute(select(file.c.id, file.c.original).where(file.c.original != ""))
        for row in [one for one in rows if not lost.isdisjoint(json.loads(one.original))]:
            there = select(page.c.contract).where(page.c.file_id == row.id, page.c.contract.is_not(None))
            found.update(connection.execute(there).scalars())
    return sorted(found)


def set_aside(vault: Vault, files: list[Path]) -> list[str]:
    """Move files that no catalogue row speaks of out of the way, unchanged; the names of those moved."""
    moved: list[str] = []
    for path in files:
        if path.is_file():
            (vault.folder / ASIDE).mkdir(mode=0o700, exist_ok=True)
            path.replace(_free(vault.folder / ASIDE / path.name))
            moved.append(path.name)
    return moved


def _free(path: Path) -> Path:
    """The path, or with a number behind it where another file has it already."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(one for one in chain([path], numbered) if not one.exists())
