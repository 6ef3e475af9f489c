"""Restoring an archive from a backup (archive/backup.py) to an empty folder, as it was at one of its states."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select, update

from archive import journal
from archive.backup import (
    BLOBS,
    OVERHEAD,
    State,
    proven,
    require_room,
    states,
    stored,
)
from archive.catalogue import database, shelf_tables, tables
from archive.errors import (
    ArchiveDamaged,
    ArchiveNewer,
    BackupLacking,
    BlobDamaged,
    HomeExists,
    WrongKey,
)
from archive.home import Home
from archive.journal import Actor
from archive.on_disk import sync_folder, write_synced
from archive.vault import destroyed_blobs
from archive.verify import Bar, keep_head


@dataclass(frozen=True, slots=True)
class Restored:
    """The archive, and the state it is as; `in_step`: no newer journal of it was known beside the key.

    `recreated`: how many blobs it has again that were destroyed after that state, by the newest state there;
    `disposals` are the disposals (number, day) by which they were.
    """

    home: Home
    state: State
    in_step: bool
    recreated: int
    disposals: tuple[tuple[int, str], ...]


def restore(
    folder: Path, target: Path, key_file: Path, key: bytes, at: str, actor: Actor, bar: Bar
) -> Restored:
    """Make `target` the archive as it was at the last state of `at` or before, which is a time or its beginning.

    It appears whole or not at all; its search index is made by the first search. Raises HomeExists, BackupLacking,
    BackupNoRoom, WrongKey, OSError.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise HomeExists(file=target)
    state = _chosen(folder, key, at)
    whole = target.absolute()
    building = whole.with_name(f".{whole.name}.restoring")
    shutil.rmtree(building, ignore_errors=True)
    require_room(
        building, state.manifest.bytes + OVERHEAD * state.manifest.count + state.catalogue.stat().st_size
    )
    try:
        _fill(Home(building, key_file, key), state, actor, bar)
        if whole.exists():
            whole.rmdir()
        building.replace(whole)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    sync_folder(whole.parent)
    home = Home(target, key_file, key)
    with home.reading() as connection:
        in_step = keep_head(home, connection, instead=True)
        return Restored(home, state, in_step, *_recreated(connection, state, key))


def _recreated(connection: Connection, state: State, key: bytes) -> tuple[int, tuple[tuple[int, str], ...]]:
    """What was destroyed, as the newest state of the archive that the key opens says, and is here again."""
    blob, disposal = tables.blob, shelf_tables.disposal
    for later in reversed(states(state.folder.parent)):
        with suppress(WrongKey, ArchiveDamaged, ArchiveNewer):
            engine = database.open_engine(later.catalogue, key, writing=False)
            with engine.begin() as then:
                if not database.require_current(then, later.catalogue):
                    continue
                gone = destroyed_blobs(then)
                done = select(disposal.c.id, disposal.c.destroyed_on).where(
                    disposal.c.destroyed_on.is_not(None)
                )
                carried_out = {(row.id, row.destroyed_on) for row in then.execute(done)}
            alive = select(blob.c.name).where(blob.c.destroyed_on.is_(None))
            again = gone.intersection(connection.execute(alive).scalars())
            known = {(row.id, row.destroyed_on) for row in connection.execute(done)}
            return len(again), tuple(sorted(carried_out - known)) if again else ()
    return 0, ()


def _chosen(folder: Path, key: bytes, at: str) -> State:
    """Of the archive that the key opens, the state of that very time, else the last one before."""
    found = states(folder)
    found = [one for one in found if one.time == at] or [
        one for one in found if not at or one.time[: len(at)] <= at
    ]
    newest = {one.manifest.archive: one for one in found}
    if not newest:
        raise BackupLacking(file=folder, detail=f"（到 {at} 为止）" if at else "")
    for state in newest.values():
        with suppress(WrongKey):
            engine = database.open_engine(state.catalogue, key, writing=False)
            with engine.begin():
                return state
    raise WrongKey(file=state.catalogue)


def _fill(home: Home, state: State, actor: Actor, bar: Bar) -> None:
    """Put everything into the new folder, on the disk before this returns; blobs of which there is no sound file not."""
    shutil.copyfile(state.catalogue, home.catalogue)
    for path in (home.settings, home.recovery):
        with suppress(FileNotFoundError):
            write_synced(path, (state.folder / path.name).read_bytes())
    lost = 0
    with home.writing() as connection:
        vault = home.vault(connection)
        with bar(state.manifest.count) as counter:
            for shard, blobs in stored(vault, connection):
                (vault.folder / shard).mkdir(mode=0o700)
                for blob in blobs:
                    try:
                        file = state.folder.parent / BLOBS / shard / blob.file
                        data = proven(vault, blob, file.read_bytes())
                    except (BlobDamaged, OSError):
                        lost += 1
                    else:
                        write_synced(vault.path(blob.name), data)
                        counter.advance()
                sync_folder(vault.folder / shard)
        connection.execute(
            update(tables.blob).where(tables.blob.c.destroyed_on.is_(None)).values(checked_on=None)
        )
        journal.record(connection, actor, "restore", state.time, {"lost": lost})
    sync_folder(vault.folder)
    sync_folder(home.folder)
