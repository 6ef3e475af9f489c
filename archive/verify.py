"""Whether the archive is what it should be: catalogue, journal, every blob, and what speaks of them.

Every look at the catalogue is short, so that others may file meanwhile; what was found sound is noted as it goes on,
so that a killed run has not been for nothing. What can be found, and what to do about it, is in archive/errors.py.

KEY.head    beside the key's file: the journal's head as verify or backup last saw it, by archive, so that an older
            copy of the archive, or a journal whose end was cut off, is noticed
"""

import errno
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from itertools import chain, count, groupby
from pathlib import Path
from typing import Protocol

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select, update

from archive import damage, journal, papers
from archive.catalogue import tables
from archive.catalogue.shelf_tables import paper_file, tick_page
from archive.errors import (
    EXIT_ARCHIVE,
    EXIT_DONE,
    EXIT_LOOK,
    NO_FAULT,
    REPAIRED,
    ArchiveDamaged,
    ArchiveLocked,
    BlobDamaged,
    BlobMissing,
    Code,
    DiskFull,
    Finding,
    WrongKey,
)
from archive.home import Home
from archive.on_disk import write_synced
from archive.vault import Vault

CHUNK = 200  # blobs looked at between two looks at the catalogue
NOTED = 5_000  # blobs found sound that are noted at a time
ASIDE = "aside"  # the vault's folder for files that nobody knows
HEAD = ".head"  # of the key file's name
NAMES = 1 << 32  # names of blobs by their first 8 digits
SALT = 16  # bytes that a catalogue begins with, in clear


@dataclass(frozen=True, slots=True)
class Part:
    """Slice `number` of `of`, by the blobs' names: all slices together are every blob, however the archive grows."""

    number: int = 1
    of: int = 1

    def holds(self) -> ColumnElement[bool]:
        """The condition on a blob's name."""
        name = tables.blob.c.name
        first, end = (NAMES * number // self.of for number in (self.number - 1, self.number))
        there = tables.blob.c.destroyed_on.is_(None)
        return there & (name >= f"{first:08x}") & (name < (f"{end:08x}" if end < NAMES else "g"))


@dataclass(slots=True)
class Verified:
    """What was looked at and found; `orphaned` are files that no row speaks of and that no killed run explains."""

    blobs: int = 0
    findings: list[Finding] = field(default_factory=list)
    orphaned: list[Path] = field(default_factory=list)

    def add(self, code: Code, subject: object) -> None:
        self.findings.append(Finding(code, str(subject)))

    def subjects(self, *codes: Code) -> list[str]:
        """What was found by these codes."""
        return [one.subject for one in self.findings if one.code in codes]

    @property
    def lost(self) -> list[str]:
        """The blobs that are not what they were."""
        return self.subjects(*damage.WORDS, Code.ROW_WITHOUT_BLOB)

    @property
    def status(self) -> int:
        """The exit status: 0 sound, 1 repaired, 5 not repairable."""
        codes = {one.code for one in self.findings} - NO_FAULT
        return EXIT_ARCHIVE if codes - REPAIRED else EXIT_LOOK if codes else EXIT_DONE


class Counter(Protocol):
    def advance(self, count: int = 1) -> None: ...


Bar = Callable[[int], AbstractContextManager[Counter]]  # of progress, by the total


def verify(home: Home, part: Part, day: str, bar: Bar) -> Verified:
    """Look at everything, of the blobs at those of `part`.

    What can be repaired of it is: files that nobody knows are put aside, and what a killed run left is cleared.
    Raises KeyMissing, ArchiveReadOnly, ArchiveNewer, where nothing can be looked at.
    """
    found = Verified()
    try:
        _look_at_catalogue(home, found)
        if found.findings:  # nothing that it says is sure, and nothing may be written to it
            return found
        with home.reading() as connection:
            _look_at_journal(home, connection, found)
            for name in _unlisted(connection):
                found.add(Code.ROW_WITHOUT_BLOB, name)
        sound = _Sound(home, day)
        _look_at_blobs(home, part, found, sound, bar)
        found.orphaned = list(_strangers(home))
        _repair(home, found, sound)
        if not found.subjects(Code.JOURNAL_BROKEN):
            with home.reading() as connection:
                keep_head(home, connection)
    except WrongKey:
        found.add(*_why_it_does_not_open(home))
    except ArchiveDamaged:
        found.add(Code.CATALOGUE_DAMAGED, "有的地方读不出来")
    except (DiskFull, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno != errno.ENOSPC:
            raise
        found.add(Code.DISK_FULL, home.folder)
    return found


def _look_at_catalogue(home: Home, found: Verified) -> None:
    """Every page of the catalogue's file, against the code that authenticates it, and how they hang together."""
    said: list[str] = []
    for _ in range(2):  # a page that somebody writes meanwhile is sound the next time
        with home.reading() as connection:
            said = _catalogue_faults(connection)
        if not said:
            return
    found.add(Code.CATALOGUE_DAMAGED, said[0])


def _catalogue_faults(connection: Connection) -> list[str]:
    pages = connection.exec_driver_sql("PRAGMA cipher_integrity_check").scalars().all()
    tree = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
    return [*map(str, pages), *(str(one) for one in tree if one != "ok")]


def _look_at_journal(home: Home, connection: Connection, found: Verified) -> None:
    broken = journal.broken_at(connection)
    if broken is not None:
        found.add(Code.JOURNAL_BROKEN, broken)
    kept = _kept_heads(home).get(home.vault(connection).archive)
    if kept is not None and journal.root_of(connection, kept.entries) != kept.root:
        found.add(Code.JOURNAL_CUT, kept.day)
    if broken is None:
        for seq in sorted({*journal.unvouched(connection), *papers.altered(connection)}):
            found.add(Code.FILING_ALTERED, seq)


def _unlisted(connection: Connection) -> Iterator[str]:
    """Blobs that a row speaks of and the list of blobs lacks."""
    blob, receipt = tables.blob.c.name, tables.receipt.c
    blobs = tables.filing.c.blob, tables.review.c.blob, tick_page.c.blob, receipt.json, receipt.workbook
    for named in blobs:
        query = select(named).where(named.is_not(None), ~select(blob).where(blob == named).exists())
        yield from connection.execute(query.distinct().order_by(named)).scalars()
    original = tables.scan_file.c.original
    for listed in (select(original).where(original != ""), select(paper_file.c.blobs).distinct()):
        for text in connection.execute(listed).scalars():
            names = json.loads(text)
            known = set(connection.execute(select(blob).where(blob.in_(names))).scalars())
            yield from (name for name in names if name not in known)


class _Sound:
    """Blobs found sound, until that is noted in the catalogue."""

    def __init__(self, home: Home, day: str) -> None:
        self._home, self.day, self._names = home, day, list[str]()

    def add(self, names: Iterable[str]) -> None:
        """Note them if they are many, and nobody else is writing."""
        self._names += names
        if len(self._names) >= NOTED:
            with suppress(ArchiveLocked), self._home.locked(seconds=0):
                self.note()

    def note(self) -> None:
        """Note them, and clear what a killed run left. The caller holds the archive's lock."""
        table = tables.blob
        with self._home.writing() as connection:
            for start in range(0, len(self._names), CHUNK):
                part = self._names[start : start + CHUNK]
                connection.execute(update(table).where(table.c.name.in_(part)).values(checked_on=self.day))
                damage.mend(connection, part, self.day)
        self._names.clear()


def _look_at_blobs(home: Home, part: Part, found: Verified, sound: _Sound, bar: Bar) -> None:
    with home.reading() as connection:
        query = select(func.count()).select_from(tables.blob).where(part.holds())
        total = connection.execute(query).scalar_one()
    with bar(total) as counter:
        for vault, rows in _chunks(home, part):
            whole = []
            for name, wrapped in rows:
                code = _fault(vault, name, wrapped)
                if code is not None and _still(home, name):
                    found.add(code, name)
                else:
                    whole.append(name)
            sound.add(whole)
            found.blobs += len(rows)
            counter.advance(len(rows))


def _chunks(home: Home, part: Part) -> Iterator[tuple[Vault, list[tuple[str, bytes]]]]:
    """Names and wrapped keys of the blobs, by name."""
    table, last = tables.blob, ""
    query = select(table.c.name, table.c.wrapped).where(part.holds()).order_by(table.c.name).limit(CHUNK)
    while True:
        with home.reading() as connection:
            vault = home.vault(connection)
            rows = [(name, wrapped) for name, wrapped in connection.execute(query.where(table.c.name > last))]
        if not rows:
            return
        yield vault, rows
        last = rows[-1][0]


def _fault(vault: Vault, name: str, wrapped: bytes) -> Code | None:
    try:
        content = vault.opened(name, wrapped, vault.sealed(name))
    except BlobMissing:
        return Code.BLOB_MISSING
    except BlobDamaged:
        return Code.BLOB_ALTERED
    except OSError:
        return Code.BLOB_UNREADABLE
    return None if vault.name_of(content) == name else Code.BLOB_ALTERED


def _still(home: Home, name: str) -> bool:
    """Whether a blob is faulty still: one that was lost may have been written anew since its row was read."""
    with home.reading() as connection:
        query = select(tables.blob.c.wrapped).where(
            tables.blob.c.name == name, tables.blob.c.destroyed_on.is_(None)
        )
        wrapped = connection.execute(query).scalar_one_or_none()
        return wrapped is not None and _fault(home.vault(connection), name, wrapped) is not None


def _strangers(home: Home) -> Iterator[Path]:
    """The files that nobody knows, of what is there now: others may have filed since the blobs were looked at."""
    with home.reading() as connection:
        vault = home.vault(connection)
    name = tables.blob.c.name
    for shard, paths in groupby(vault.files(), lambda path: path.parent.name):
        files = [path for path in paths if path.is_file()]
        known = vault.pending()
        with home.reading() as later:  # after both, so that what was cleared from the one is in the other
            here = (name >= shard) & (name < shard + "g")
            there = tables.blob.c.destroyed_on.is_(None)
            known.update(later.execute(select(name).where(here, there)).scalars())
        yield from (path for path in files if path != vault.path(path.name) or path.name not in known)


def _repair(home: Home, found: Verified, sound: _Sound) -> None:
    try:
        with home.locked():
            with home.reading() as connection:
                vault = home.vault(connection)
            for path in found.orphaned:
                if path.is_file():
                    (vault.folder / ASIDE).mkdir(mode=0o700, exist_ok=True)
                    path.replace(_free(vault.folder / ASIDE / path.name))
                    found.add(Code.BLOB_UNKNOWN, path.name)
            sound.note()
            faulty = [one for one in found.findings if one.code in damage.WORDS]
            if faulty:
                with home.writing() as connection:
                    damage.record(connection, faulty, sound.day)
    except ArchiveLocked:
        found.add(Code.BUSY, home.folder)


def _free(path: Path) -> Path:
    """The path, or with a number behind it where another file has it already."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(one for one in chain([path], numbered) if not one.exists())


def contracts_of(connection: Connection, blobs: list[str]) -> list[str]:
    """The contracts whose filings or attachments lie in these blobs, or the files that their pages came in."""
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
        found.update(papers.contracts_in(connection, lost))
    return sorted(found)


def unchecked(connection: Connection) -> tuple[int, str]:
    """How many blobs were never found sound, and the day since which every other was; "" where there is none."""
    checked, there = tables.blob.c.checked_on, tables.blob.c.destroyed_on.is_(None)
    never = select(func.count()).select_from(tables.blob).where(checked.is_(None), there)
    since = connection.execute(select(func.min(checked)).where(there)).scalar_one()
    return connection.execute(never).scalar_one(), since or ""


class _KeptHead(msgspec.Struct, frozen=True):
    """An archive's head, a check of the key that opened it, and how its catalogue's file began, in hexadecimal."""

    day: str
    entries: int
    root: str
    key: str
    catalogue: str


def _kept_heads(home: Home) -> dict[str, _KeptHead]:
    """The heads beside the key, by archive: two may share a key."""
    try:
        return msgspec.json.decode(_head_file(home).read_bytes(), type=dict[str, _KeptHead])
    except (OSError, ValueError):
        return {}


def keep_head(home: Home, connection: Connection, *, instead: bool = False) -> bool:
    """Keep the journal's head beside the key, unless the one there does not hold any more: False then.

    With `instead` it takes that one's place even so, because the archive is knowingly an older one. Where the key
    lies on something that cannot be written to, nothing is kept.
    """
    heads, archive = _kept_heads(home), home.vault(connection).archive
    before, now = heads.get(archive), journal.head(connection)
    in_step = before is None or journal.root_of(connection, before.entries) == before.root
    if not (in_step or instead):
        return False
    heads[archive] = _KeptHead(now.day, now.entries, now.root, _key_check(home), _salt(home))
    file = _head_file(home)
    new = file.with_name(file.name + ".new")
    with suppress(OSError):
        write_synced(new, msgspec.json.format(msgspec.json.encode(heads)) + b"\n")
        new.replace(file)
    return in_step


def _why_it_does_not_open(home: Home) -> tuple[Code, str]:
    """A key that opened this very file before is right, so the file is damaged; else it is another's, or changed."""
    heads = _kept_heads(home).values()
    known = [one for one in heads if hmac.compare_digest(one.key, _key_check(home))]
    if any(one.catalogue == _salt(home) for one in known):
        return Code.CATALOGUE_DAMAGED, "开头读不出来"
    return (Code.KEY_OF_ANOTHER if known else Code.KEY_WRONG), str(home.key_file)


def _head_file(home: Home) -> Path:
    return home.key_file.with_name(home.key_file.name + HEAD)


def _key_check(home: Home) -> str:
    return hmac.digest(home.key, b"huyue key check", "sha256")[:8].hex()


def _salt(home: Home) -> str:
    with home.catalogue.open("rb") as file:
        return file.read(SALT).hex()
