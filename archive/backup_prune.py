"""Making room in a backup (archive/backup.py): states that nobody wants any more, and blobs that no state needs.

The newest state always stays. A state goes as a whole: it is renamed first, so that a killed run leaves none that looks
whole and is not; blobs go last, and only where every state that stays can be read.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from archive.backup import (
    BLOBS,
    TIME,
    State,
    files_of,
    holding,
    locked,
    states,
)
from archive.errors import BackupLacking, BackupUnreadable
from archive.home import Home
from archive.on_disk import sync_folder
from archive.vault import destroyed_blobs
from archive.verify import Bar

REMOVING = "removing"


@dataclass(frozen=True, slots=True)
class Keep:
    """Which states stay: the newest so many, those of the last so many days; not those with what was destroyed."""

    newest: int | None = None
    days: int | None = None
    destroyed: bool = True


@dataclass(frozen=True, slots=True)
class Pruned:
    """The states that go and those that stay, how many blobs go and all bytes; `holding`: stay with what was destroyed."""

    gone: tuple[State, ...]
    kept: tuple[State, ...]
    blobs: int
    bytes: int
    holding: tuple[State, ...]


def prune(home: Home, folder: Path, keep: Keep, today: date, bar: Bar, *, dry_run: bool = False) -> Pruned:
    """Remove what need not stay of this archive's backup in `folder`, or only say what would be.

    Raises BackupLacking, BackupBusy, BackupUnreadable, OSError.
    """
    with home.reading() as connection:
        archive, destroyed = home.vault(connection).archive, destroyed_blobs(connection)
    base = folder if folder.name == archive else folder / archive
    if not base.is_dir():
        raise BackupLacking(file=folder, detail="")
    with locked(base):
        found = sorted(states(base), key=lambda one: (one.manifest.at, len(one.time), one.time))
        if not found:
            raise BackupLacking(file=folder, detail="")
        _require_readable(base, found)
        bad = list(holding(found, destroyed))
        gone = [one for one in found[:-1] if _goes(one, found, bad, keep, today)]
        kept = [one for one in found if one not in gone]
        needed = {name for one in kept for name in files_of(one)}
        files = [path for path in _blobs(base) if path.name not in needed]
        size = sum(path.stat().st_size for path in files)
        size += sum(path.stat().st_size for one in gone for path in one.folder.iterdir())
        if not dry_run:
            _remove(base, gone, files, bar)
    return Pruned(tuple(gone), tuple(kept), len(files), size, tuple(one for one in bad if one in kept))


def _goes(one: State, found: Sequence[State], bad: Sequence[State], keep: Keep, today: date) -> bool:
    if keep.newest is not None and one in found[: -keep.newest]:
        return True
    if keep.days is not None and one.manifest.today < (today - timedelta(days=keep.days)).isoformat():
        return True
    return not keep.destroyed and one in bad


def _require_readable(base: Path, found: Sequence[State]) -> None:
    """Raise BackupUnreadable where something has a state's name that cannot be read: it may need any blob."""
    known = {one.time for one in found}
    for path in sorted(base.iterdir()):
        if TIME.fullmatch(path.name) and path.name not in known:
            raise BackupUnreadable(file=path)


def _blobs(base: Path) -> Iterator[Path]:
    for shard in sorted((base / BLOBS).iterdir()):
        yield from sorted(shard.iterdir())


def _remove(base: Path, gone: Sequence[State], files: Sequence[Path], bar: Bar) -> None:
    removing = base / REMOVING
    shutil.rmtree(removing, ignore_errors=True)  # a killed run's
    for one in gone:
        one.folder.replace(removing)
        sync_folder(base)
        shutil.rmtree(removing)
    with bar(len(files)) as counter:
        for path in files:
            path.unlink()
            counter.advance()
    for shard in {path.parent for path in files}:
        sync_folder(shard)
