"""Opening the files given to intake, and those in zips, in workers: which there are, and what each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import pool
from pipeline.intake.files import Code, Opened, ScanFile, is_zip, open_file
from pipeline.intake.limits import OPEN_SECONDS, limit_memory, seconds
from pipeline.intake.zips import Member, unpack

UNPACK_SECONDS = 900
TRIES = 2  # workers that a file may cost


@dataclass(frozen=True, slots=True)
class _Task:
    """A file, and the folder that it is unpacked into if it is a zip."""

    path: Path
    folder: Path


def open_files(files: Sequence[ScanFile], staging: Path) -> list[tuple[ScanFile, Opened]]:
    """Open every file in workers; a zip's members stand in its place, named `压缩包.zip/目录/扫描-001.pdf`.

    Zips are unpacked into folders of `staging`, which the caller clears when the members are taken in. Raises
    OSError where `staging` cannot be written.
    """
    tasks = [_Task(file.path, staging / str(number)) for number, file in enumerate(files)]
    found = pool.ordered(look_in_worker, tasks, pool.workers_for(len(tasks)), _not_opened, TRIES)
    listed: list[tuple[ScanFile, Opened | None]] = []
    for file, what in zip(files, found, strict=True):
        if isinstance(what, Opened):
            listed.append((file, what))
        else:
            listed += [
                (ScanFile(f"{file.name}/{member.name}", member.path), _rejected(member)) for member in what
            ]
    staged = [file.path for file, what in listed if what is None]
    opened = pool.ordered(open_in_worker, staged, pool.workers_for(len(staged)), _not_opened, TRIES)
    return [(file, next(opened) if what is None else what) for file, what in listed]


def look_in_worker(task: _Task) -> Opened | list[Member]:
    """What a file is, or of a zip the members, unpacked."""
    limit_memory()
    with seconds(OPEN_SECONDS):
        opened = open_file(task.path)
        if opened.code is not Code.UNSUPPORTED or not _is_zip(task.path):
            return opened
    with seconds(UNPACK_SECONDS):
        members = unpack(task.path, task.folder)
    return Opened(opened.sha256, opened.size, 0, members) if isinstance(members, Code) else members


def open_in_worker(path: Path) -> Opened:
    """What a file is, within the worker's limits."""
    limit_memory()
    with seconds(OPEN_SECONDS):
        return open_file(path)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return is_zip(file.read(4))


def _rejected(member: Member) -> Opened | None:
    return None if member.code is None else Opened("", 0, 0, member.code)


def _not_opened(_: object) -> Opened:
    """A file that took a worker down, or too long, twice."""
    return Opened("", 0, 0, Code.TIMEOUT)
