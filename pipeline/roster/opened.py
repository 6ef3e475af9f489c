"""Workbooks opened in a process of its own: what hangs, crashes or eats memory there harms nobody here.

The process reads on while the rows it sent are looked at.
"""

import contextlib
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from archive.errors import HuyueError
from pipeline.errors import NotWorkbook, RosterIsFolder, RosterMissing, WorkbookEmpty, WorkbookTooLarge
from pipeline.pool import start_worker
from pipeline.roster.cells import Row, cut
from pipeline.roster.limits import MEGABYTE, MEMORY_LIMIT, SECONDS_LIMIT, check_file_size, limit_memory
from pipeline.roster.workbook import Sheet, read_sheets

_ROWS = 2_000  # sent at a time
Message = Sheet | list[tuple[int, Row]] | HuyueError | None  # a sheet, then its rows; None ends rows, sheets


def sheets_of(paths: Sequence[Path]) -> Iterator[tuple[Path, Iterator[Sheet]]]:
    """Each file with its sheets; a sheet's rows must be taken before the next sheet, those before the next file.

    Texts come cut to LONGEST_CELL. Raises RosterMissing, RosterIsFolder, WorkbookEmpty (no byte in it), WorkbookTooLarge, WorkbookEncrypted
    or NotWorkbook.
    """
    with _Reader() as reader:
        for path in paths:
            _check(path)
            yield path, reader.sheets(path)


def _check(path: Path) -> None:
    if path.is_dir():
        raise RosterIsFolder(file=path)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise RosterMissing(file=path) from None
    except OSError as error:
        raise NotWorkbook(file=path, detail=f"打不开（{error.strerror}）") from error
    check_file_size(path, size)
    if not size:
        raise WorkbookEmpty(file=path)


class _Reader:
    """The process that reads, started at the first file."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def sheets(self, path: Path) -> Iterator[Sheet]:
        pipe = self._started()
        pipe.send(path)
        deadline = _Deadline(path)
        while (sheet := self._next(pipe, deadline)) is not None:
            if isinstance(sheet, Sheet):
                yield replace(sheet, rows=self._rows(pipe, deadline))

    def _rows(self, pipe: Connection, deadline: "_Deadline") -> Iterator[tuple[int, Row]]:
        while isinstance(rows := self._next(pipe, deadline), list):
            yield from rows

    def _started(self) -> Connection:
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, other = context.Pipe()
            self._process = context.Process(target=_read_all, args=(other,), daemon=True)
            self._process.start()
            other.close()
        return self._pipe

    def _next(self, pipe: Connection, deadline: "_Deadline") -> Message:
        started = time.monotonic()
        try:
            if not pipe.poll(deadline.left):
                raise deadline.missed()
            message: Message = pipe.recv()
        except (EOFError, OSError):
            raise _too_much_memory(deadline.path) from None
        deadline.left -= time.monotonic() - started
        if isinstance(message, HuyueError):
            raise message
        return message


class _Deadline:
    """What is left of the time a file may take, in seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left: float = SECONDS_LIMIT

    def missed(self) -> WorkbookTooLarge:
        detail = f"读了 {SECONDS_LIMIT} 秒还没有读完"
        return WorkbookTooLarge(file=self.path, detail=detail, remedy="按村拆成几个文件")


def _read_all(pipe: Connection) -> None:
    """The process: reads the files it is told, until the parent goes."""
    start_worker()
    limit_memory()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            _read(pipe, pipe.recv())


def _read(pipe: Connection, path: Path) -> None:
    try:
        for sheet in read_sheets(path):
            rows = ((number, cut(cells)) for number, cells in sheet.rows)
            pipe.send(replace(sheet, rows=()))
            while part := list(islice(rows, _ROWS)):
                pipe.send(part)
            pipe.send(None)
        pipe.send(None)
    except HuyueError as error:
        pipe.send(error)
    except MemoryError:
        pipe.send(_too_much_memory(path))
    except OSError as error:
        pipe.send(NotWorkbook(file=path, detail=f"打不开（{error.strerror}）"))
    except Exception as error:  # whatever a spoilt file makes a reader stumble over
        pipe.send(NotWorkbook(file=path, detail=f"文件已损坏（{type(error).__name__}）"))


def _too_much_memory(path: Path) -> WorkbookTooLarge:
    detail = f"读它要用的内存超过 {MEMORY_LIMIT // MEGABYTE} MB，或者文件已损坏"
    return WorkbookTooLarge(file=path, detail=detail, remedy="按村拆成几个文件")
