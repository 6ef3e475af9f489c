"""Marked copies of a roster's files: a process for each, within limits, and whole in their place or not at all."""

import errno
import multiprocessing
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from archive.errors import HuyueError, WrongUsage
from archive.file_names import once, readable
from archive.workbook import part_folder
from pipeline.errors import FileExists, MarkingFailed, WorkbookTooLarge
from pipeline.pool import start_worker
from pipeline.roster.limits import MARKING_SECONDS, MEGABYTE, MEMORY_LIMIT, limit_memory
from pipeline.roster.marking import Job, write_copy
from pipeline.roster.reader import Roster

CELLS = 1_500_000  # openpyxl holds each in about 500 bytes: within MEMORY_LIMIT
_LISTED = 16  # cells that a problem weighs as much as: a comment, its drawing, a line of the list
_REMEDY = "删去零散的格式和大片的合并，按村拆成几个文件，或者去掉 --marked "


@dataclass(frozen=True, slots=True)
class MarkedCopy:
    """A written copy; `as_it_was` is False where only the values could be kept, not the workbook's looks."""

    path: Path
    problems: int
    as_it_was: bool


def marked_targets(sources: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Where each source's copy goes: `out` for one, `out` with their names added for several.

    Raises WrongUsage for another ending than .xlsx, FileExists, or OSError of a folder that is not there.
    """
    if out.suffix.lower() != ".xlsx":
        detail = f"带标记的副本是 .xlsx 文件：请把“{readable(out).name}”改成以 .xlsx 结尾的名字。"
        raise WrongUsage(detail=detail)
    if not out.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(readable(out.parent)))
    files = once(sources)
    targets: dict[Path, Path] = {}
    names: set[str] = set()
    for source in files:
        stem = out.stem if len(files) == 1 else f"{out.stem}-{readable(source).stem}"
        name, number = f"{stem}.xlsx", 2
        while name.lower() in names:  # files of one name in several folders
            name, number = f"{stem}-{number}.xlsx", number + 1
        names.add(name.lower())
        targets[source] = out if len(files) == 1 else out.with_name(name)
        if targets[source].exists():
            raise FileExists(file=targets[source])
    return targets


def write_marked(roster: Roster, sources: Sequence[Path], out: Path) -> list[MarkedCopy]:
    """Write a marked copy of every source.

    Raises what `marked_targets` does, WorkbookTooLarge or MarkingFailed; OSError where a copy cannot be written.
    """
    copies: list[MarkedCopy] = []
    for source, target in marked_targets(sources, out).items():
        name = str(readable(source))
        sheets = [one for one in roster.sheets if one.file == name]
        problems = tuple(problem for problem in roster.problems if problem.file == name)
        if (cells := sum(one.cells for one in sheets) + _LISTED * len(problems)) > CELLS:
            detail = f"连同合并的、只有格式的格子和问题清单有 {cells} 格，能做标记的最多 {CELLS} 格"
            raise WorkbookTooLarge(file=name, detail=detail, remedy=_REMEDY)
        job = Job(
            source,
            roster.year,
            problems,
            {one.sheet: one.left for one in sheets},
            {one.sheet: one.uncached for one in sheets if one.uncached},
        )
        with part_folder(target) as parts:
            as_it_was = _in_a_process(job, parts / "whole.xlsx")
            (parts / "whole.xlsx").replace(target)
        copies.append(MarkedCopy(target, len(problems), as_it_was))
    return copies


def _in_a_process(job: Job, whole: Path) -> bool:
    """Have a copy written by a process of its own; what openpyxl takes for some workbooks has no other bound."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_write, args=(theirs, job, whole, MEMORY_LIMIT), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(MARKING_SECONDS):
            detail = f"做标记用了 {MARKING_SECONDS} 秒还没有做完"
            raise WorkbookTooLarge(file=job.source, detail=detail, remedy=_REMEDY)
        answer: bool | Exception = ours.recv()
    except EOFError:
        answer = MemoryError()
    finally:
        process.kill()
        process.join()
        ours.close()
    if isinstance(answer, MemoryError):
        detail = f"做标记要用的内存超过 {MEMORY_LIMIT // MEGABYTE} MB"
        raise WorkbookTooLarge(file=job.source, detail=detail, remedy=_REMEDY)
    if isinstance(answer, Exception):
        raise answer
    return answer


def _write(pipe: Connection, job: Job, whole: Path, memory: int) -> None:
    """The process; what openpyxl puts down on the way stays beside the copy, and goes with its folder."""
    start_worker()
    limit_memory(memory)
    tempfile.tempdir = str(whole.parent)
    try:
        pipe.send(write_copy(job, whole))
    except (HuyueError, OSError, MemoryError) as error:
        pipe.send(error)
    except Exception:  # whatever openpyxl stumbles over in a workbook that the reader understood
        pipe.send(MarkingFailed(file=job.source))
