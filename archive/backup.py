"""Backups of an archive on another disk: its states as they were, sharing the blobs that they have in common.

DIR/ID/blobs/ab/NAME.TAG   a blob, encrypted as in the vault (archive/vault.py)
DIR/ID/TIME/               a state: catalogue.db, encrypted under the archive's key, huyue.toml, recovery.json where
                           there is one, and manifest.json; it appears whole or not at all
DIR/ID/making/             a state that is being made, or that a killed run left: the next begins it anew
DIR/ID/removing/           a state that is being removed (archive/backup_prune.py)
DIR/ID/lock                held by whoever writes here

ID is the archive's (Vault.archive), TIME as 2026-04-05T093000. TAG, 8 hexadecimal digits from a blob's own key, tells
two blobs of one name apart, of which the first was lost and written anew. The archive's key is in no backup.

manifest.json is a Manifest and, as `blobs`, the names of the files that belong to the state.
"""

import hmac
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, count, groupby
from pathlib import Path

import msgspec
import sqlcipher3.dbapi2 as sqlcipher
from cryptography.exceptions import InvalidTag
from filelock import FileLock, Timeout
from sqlalchemy import Connection, select

from archive import journal
from archive.catalogue import database, tables
from archive.errors import (
    ArchiveDamaged,
    BackupBusy,
    BackupInside,
    BackupNoRoom,
    BackupUnreadable,
    BlobDamaged,
    BlobMissing,
)
from archive.home import CATALOGUE, Home
from archive.journal import CHINA
from archive.on_disk import sync_file, sync_folder, write_synced
from archive.vault import PART, Vault, destroyed_blobs
from archive.verify import Bar, keep_head

VERSION = 1
BLOBS, MAKING, LOCK, MANIFEST = "blobs", "making", "lock", "manifest.json"
ARCHIVE, TIME = re.compile(r"[0-9a-f]{12}"), re.compile(r"\d{4}-\d\d-\d\dT\d{6}(-\d+)?")
OVERHEAD = 4096 + 32  # bytes that a blob's file takes beyond its content, at most
SPARE = 64 << 20  # bytes to be left on a disk
GB = 1_000_000_000


class Manifest(msgspec.Struct, frozen=True):
    """What a state is: when it was made, the journal's head, how many blobs it has and their bytes.

    `at` is the real time, `today` the date that counted as today; `lacking` are blobs that were missing or damaged in
    the archive itself.
    """

    version: int
    archive: str
    at: str
    today: str
    day: str
    entries: int
    root: str
    count: int
    bytes: int
    lacking: list[str]


@dataclass(frozen=True, slots=True)
class State:
    """A state that a backup keeps whole."""

    folder: Path
    manifest: Manifest

    @property
    def time(self) -> str:
        return self.folder.name

    @property
    def catalogue(self) -> Path:
        return self.folder / CATALOGUE


@dataclass(frozen=True, slots=True)
class Made:
    """The state that a backup made, and how many blobs of how many bytes were copied for it.

    `in_step`: the journal goes on from where it was when the archive was last verified or backed up. `holding` are the
    earlier states that still have what was destroyed since.
    """

    state: State
    copied: int
    bytes: int
    in_step: bool
    holding: tuple[State, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob by its row, and what its file is called in a backup, "" where its key cannot be unwrapped."""

    name: str
    file: str
    wrapped: bytes
    size: int


def stored(vault: Vault, connection: Connection) -> Iterator[tuple[str, list[Stored]]]:
    """Every blob of the catalogue that is not destroyed, by the folder that it lies in."""
    table = tables.blob
    query = select(table.c.name, table.c.wrapped, table.c.size).order_by(table.c.name)
    query = query.where(table.c.destroyed_on.is_(None))
    for shard, rows in groupby(connection.execute(query), lambda row: str(row.name[:2])):
        yield (
            shard,
            [
                Stored(row.name, _file_name(vault, row.name, row.wrapped), row.wrapped, row.size)
                for row in rows
            ],
        )


def _file_name(vault: Vault, name: str, wrapped: bytes) -> str:
    try:
        return f"{name}.{hmac.digest(vault.unwrap(name, wrapped), b'huyue backup', 'sha256')[:4].hex()}"
    except (InvalidTag, ValueError):
        return ""


def proven(vault: Vault, blob: Stored, data: bytes) -> bytes:
    """A blob's file as it was read, if it is what was put into the vault. Raises BlobDamaged."""
    if vault.name_of(vault.opened(blob.name, blob.wrapped, data)) != blob.name:
        raise BlobDamaged(file=vault.path(blob.name))
    return data


def backup(home: Home, folder: Path, today: date, bar: Bar) -> Made:
    """Keep the archive's state now in `folder`; only blobs that are not there yet are copied.

    Others may write to the archive meanwhile. Raises BackupInside, BackupBusy, BackupNoRoom, DiskFull, OSError.
    """
    if folder.resolve().is_relative_to(home.folder.resolve()):
        raise BackupInside(file=folder)
    with home.reading() as connection:
        base = folder / home.vault(connection).archive
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(base):
        making = base / MAKING
        shutil.rmtree(making, ignore_errors=True)
        require_room(base, home.catalogue.stat().st_size)
        making.mkdir(mode=0o700)
        (base / BLOBS).mkdir(mode=0o700, exist_ok=True)
        snapshot(home, making / CATALOGUE)
        engine = database.open_engine(making / CATALOGUE, home.key, writing=False)
        with engine.begin() as connection:
            store = _Store(base / BLOBS, home.vault(connection), connection)
            copied = store.fill(bar)
            _write_manifest(making, store, today)
            in_step = keep_head(home, connection)
            gone = destroyed_blobs(connection)
        for path in (home.settings, home.recovery):
            with suppress(FileNotFoundError):
                write_synced(making / path.name, path.read_bytes())
        sync_folder(making)
        state = read_state(_named(base, making))
        return Made(state, *copied, in_step, tuple(holding(states(base), gone)))


def snapshot(home: Home, target: Path) -> None:
    """Write the catalogue as it is at one moment, under the same key. Raises ArchiveDamaged, DiskFull."""
    raw = database.open_engine(home.catalogue, home.key, writing=True).raw_connection()
    try:
        raw.cursor().execute("VACUUM INTO ?", (str(target),))
    except sqlcipher.DatabaseError as problem:
        known = database.explained(str(problem), target)
        raise known or ArchiveDamaged(file=home.catalogue, detail=str(problem)) from None
    finally:
        raw.close()
    sync_file(target)


@dataclass(slots=True)
class _Store:
    """The blobs of a backup, and those of the state that is being made; `lacking` are not in it."""

    folder: Path
    vault: Vault
    connection: Connection
    lacking: list[str] = field(default_factory=list)

    def fill(self, bar: Bar) -> tuple[int, int]:
        """Copy the blobs that are not there yet, on the disk before this returns; how many, and their bytes."""
        sizes = [blob.size for _, blobs in self._new() for blob in blobs]
        require_room(self.folder, sum(sizes) + OVERHEAD * len(sizes))
        copied = [0, 0]
        with bar(len(sizes)) as counter:
            for shard, blobs in self._new():
                for blob in blobs:
                    if self._copy(shard, blob):
                        copied[0] += 1
                        copied[1] += blob.size
                    counter.advance()
                sync_folder(self.folder / shard)
        sync_folder(self.folder)
        return copied[0], copied[1]

    def _new(self) -> Iterator[tuple[str, list[Stored]]]:
        for shard, blobs in stored(self.vault, self.connection):
            folder = self.folder / shard
            folder.mkdir(mode=0o700, exist_ok=True)
            there = {path.name for path in folder.iterdir()}
            missing = [blob for blob in blobs if blob.file not in there]
            if missing:
                yield shard, missing

    def _copy(self, shard: str, blob: Stored) -> bool:
        try:
            data = proven(self.vault, blob, self.vault.sealed(blob.name))
        except (BlobMissing, BlobDamaged, OSError):
            self.lacking.append(blob.name)
            return False
        path = self.folder / shard / blob.file
        part = path.with_name(blob.file + PART)
        write_synced(part, data)
        part.replace(path)
        return True

    def held(self) -> Iterator[Stored]:
        """The blobs of the state."""
        lacking = frozenset(self.lacking)
        for _, blobs in stored(self.vault, self.connection):
            yield from (blob for blob in blobs if blob.name not in lacking)


def _write_manifest(making: Path, store: _Store, today: date) -> None:
    sizes = [blob.size for blob in store.held()]
    head = journal.head(store.connection)
    manifest = Manifest(
        VERSION,
        store.vault.archive,
        datetime.now(CHINA).isoformat(timespec="seconds"),
        today.isoformat(),
        head.day,
        head.entries,
        head.root,
        len(sizes),
        sum(sizes),
        store.lacking,
    )
    path = making / MANIFEST
    with path.open("w", encoding="ascii") as file:
        file.write(json.dumps(msgspec.to_builtins(manifest), indent=1)[:-2] + ',\n "blobs": [')
        for number, blob in enumerate(store.held()):
            file.write(f'{"," if number else ""}\n  "{blob.file}"')
        file.write("\n ]\n}\n")
    sync_file(path)


def _named(base: Path, making: Path) -> Path:
    """Give the state that is whole now its name: the time."""
    now = datetime.now(CHINA).strftime("%Y-%m-%dT%H%M%S")
    names = chain([now], (f"{now}-{number}" for number in count(2)))
    folder = next(base / name for name in names if not (base / name).exists())
    making.replace(folder)
    sync_folder(base)
    return folder


def read_state(folder: Path) -> State:
    """The state in a folder. Raises OSError, ValueError where there is none."""
    return State(folder, msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest))


def states(folder: Path) -> list[State]:
    """The states that a backup's folder keeps, or the one of an archive in it: by archive, the oldest first."""
    own = [folder] if ARCHIVE.fullmatch(folder.name) else []
    below = [path for path in folder.iterdir() if ARCHIVE.fullmatch(path.name)] if folder.is_dir() else []
    found = []
    for base in sorted(own + below):
        for path in sorted(base.iterdir()) if base.is_dir() else ():
            if TIME.fullmatch(path.name) and (path / CATALOGUE).is_file():
                with suppress(OSError, ValueError):
                    found.append(read_state(path))
    return found


def require_room(folder: Path, needed: int) -> None:
    """Raise BackupNoRoom unless so many bytes can be written there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise BackupNoRoom(file=folder, needed=f"{(needed + SPARE) / GB:.1f} GB", free=f"{free / GB:.1f} GB")


def holding(found: Sequence[State], destroyed: frozenset[str]) -> Iterator[State]:
    """The states that have one of these blobs. Raises BackupUnreadable."""
    for state in found if destroyed else ():
        if any(name.partition(".")[0] in destroyed for name in files_of(state)):
            yield state


def files_of(state: State) -> list[str]:
    """The files among the blobs that belong to a state. Raises BackupUnreadable."""
    try:
        return msgspec.json.decode((state.folder / MANIFEST).read_bytes(), type=_Files).blobs
    except (OSError, ValueError):
        raise BackupUnreadable(file=state.folder) from None


class _Files(msgspec.Struct, frozen=True):
    blobs: list[str]


@contextmanager
def locked(base: Path) -> Iterator[None]:
    """Be the only one who writes to an archive's backup. Raises BackupBusy."""
    lock = FileLock(base / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BackupBusy(file=base.parent) from None
    try:
        yield
    finally:
        lock.release()
