"""Reading scanned pages in a worker: which sheet, how it lies, what its boxes hold; nothing is written here.

A page is QUARANTINED that cannot be decoded: the same bytes never can. It is LOST where anything else went
wrong (its worker was killed or took too long, its file was changed, a bug): another time it may go well. A file
that cannot be read any more, or trouble with the archive, is no page's fault: it stops the run.
"""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from archive.catalogue import tables
from archive.errors import HuyueError
from archive.filings import Box, NewSheet
from archive.home import Home, code_key
from archive.signed_pdf import SheetScan
from archive.states import not_closed
from pipeline.contracts import content_of_contract, layout_of_id
from pipeline.intake.blank import is_blank
from pipeline.intake.boxes import judge_boxes, unsure_boxes
from pipeline.intake.files import Opened, digest, open_file
from pipeline.intake.identify import find_codes
from pipeline.intake.page_image import BadPage, PageImage, Pages, Pixels, drawn
from pipeline.intake.reference import References
from pipeline.intake.register import Registration, register, register_blind
from pipeline.intake.text_layer import TextLayers, runs
from pipeline.layout import Layout

MEMORY_LIMIT = 4 << 30  # bytes of address space a worker may take
PAGE_SECONDS, OPEN_SECONDS = 60, 120
SHOWN_DPI = 150  # of a picture to look at
STILL_OURS = 0.05  # how far the registered resolution may differ from the one the file says


class Kind(StrEnum):
    """What a page was found to be."""

    SHEET = "sheet"
    BLANK = "blank"
    REVIEW = "review"
    QUARANTINED = "quarantined"
    LOST = "lost"


class Reason(StrEnum):
    """Why a page is for a person to look at."""

    FOREIGN = "foreign"
    UNREADABLE = "unreadable"
    WRONG_CHECK = "wrong_check"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    TWO_CODES = "two_codes"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page as read: a sheet to be filed, or why not; `scan` is the page as it is kept for review.

    `contract` and `sheet` are what its code says, "" and 0 where it says nothing that holds.
    """

    index: int
    kind: Kind
    reason: Reason | None = None
    contract: str = ""
    sheet: int = 0
    new: NewSheet | None = None
    scan: SheetScan | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Pages of one file for a worker: `indexes` from 0; `sha256` as it was opened."""

    home: Home
    on: date
    path: Path
    sha256: str
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A page's PDF as it waits in review, and the sheet that a person says it is."""

    home: Home
    pdf: bytes
    number: str
    sheet: int


_references, _texts = References(), TextLayers()


def open_in_worker(path: Path) -> Opened:
    """What a file is, within the worker's limits."""
    _limit_memory()
    with _seconds(OPEN_SECONDS):
        return open_file(path)


def read_pages(job: Job) -> list[PageRead]:
    """In a worker: the job's pages. Raises OSError where the file cannot be read any more."""
    _limit_memory()
    cv2.setNumThreads(1)
    try:
        with job.home.reading() as connection, Pages.of(job.path) as pages:
            key = code_key(connection)
            found = [_read_safely(connection, key, pages, index, job.on) for index in job.indexes]
    except BadPage:  # the file itself does not open any more
        found = lost(job)
    if any(page.kind in (Kind.QUARANTINED, Kind.LOST) for page in found):
        with _seconds(OPEN_SECONDS):  # libraries do not say whether the page is bad or the disk
            if digest(job.path) != job.sha256:
                return lost(job)
    return found


def _read_safely(connection: Connection, key: bytes, pages: Pages, index: int, on: date) -> PageRead:
    with _seconds(PAGE_SECONDS):
        try:
            return _read(connection, key, pages.page(index), index, on)
        except BadPage:
            return PageRead(index, Kind.QUARANTINED)
        except (OSError, HuyueError, SQLAlchemyError):
            raise
        except Exception:
            return PageRead(index, Kind.LOST)


def lost(job: Job) -> list[PageRead]:
    """The job's pages, as no worker came to an end with them."""
    return [PageRead(index, Kind.LOST) for index in job.indexes]


def read_assigned(job: Assignment) -> NewSheet | None:
    """In a worker: the assigned page, with its boxes; None where it cannot be such a sheet. Raises BadPage."""
    _limit_memory()
    with _seconds(PAGE_SECONDS), job.home.reading() as connection, Pages.of(job.pdf) as pages:
        return _read_as(connection, pages.page(0), job.number, job.sheet)


def drawn_png(pdf: bytes) -> bytes:
    """In a worker: a page's PDF as a PNG picture to look at. Raises BadPage."""
    _limit_memory()
    buffer = io.BytesIO()
    with _seconds(PAGE_SECONDS):
        drawn(pdf, SHOWN_DPI).save(buffer, "PNG")
    return buffer.getvalue()


def _read_as(connection: Connection, page: PageImage, number: str, sheet: int) -> NewSheet | None:
    """A page that a person says is this sheet; None where the contract was never printed or has no such sheet."""
    known = _layout_of_contract(connection, number)
    if known is None or not 1 <= sheet <= len(known.sheets):
        return None
    reference = _references.of(known, sheet)
    grey = _grey(page.pixels)
    codes = find_codes(grey, code_key(connection))
    registration = None
    if len(codes.sheets) == 1:
        registration = register(grey, codes.sheets[0].corners, reference)
    registration = registration or register_blind(grey, reference)
    return _new_sheet(connection, page, number, sheet, known, registration)


def _read(connection: Connection, key: bytes, page: PageImage, index: int, on: date) -> PageRead:
    grey = _grey(page.pixels)
    codes = find_codes(grey, key)
    kept = page.scan(page.dpi, page.turn, ())
    if not codes.sheets:
        if codes.cover or (not codes.foreign and is_blank(grey, page.dpi)):
            return PageRead(index, Kind.BLANK)
        return PageRead(index, Kind.REVIEW, Reason.FOREIGN, scan=kept)
    if len({code.contract for code in codes.sheets}) > 1 or len(codes.sheets) > 1:
        return PageRead(index, Kind.REVIEW, Reason.TWO_CODES, scan=kept)
    code = codes.sheets[0]
    if not code.genuine:
        return PageRead(index, Kind.REVIEW, Reason.WRONG_CHECK, scan=kept)
    layout = layout_of_id(connection, code.layout)
    contract = tables.contract
    known = select(not_closed(on.isoformat())).where(contract.c.number == code.contract)
    is_open = connection.execute(known).scalar_one_or_none()
    if is_open is None or layout is None or code.sheet > len(layout.sheets):
        return PageRead(index, Kind.REVIEW, Reason.UNKNOWN, scan=kept)
    if not is_open:
        return PageRead(index, Kind.REVIEW, Reason.CLOSED, code.contract, code.sheet, scan=kept)
    registration = register(grey, code.corners, _references.of(layout, code.sheet))
    if registration is None:
        return PageRead(index, Kind.REVIEW, Reason.UNREADABLE, code.contract, code.sheet, scan=kept)
    new = _new_sheet(connection, page, code.contract, code.sheet, layout, registration)
    return PageRead(index, Kind.SHEET, None, code.contract, code.sheet, new, kept)


def _new_sheet(
    connection: Connection,
    page: PageImage,
    number: str,
    sheet: int,
    layout: Layout,
    registration: Registration | None,
) -> NewSheet:
    reference = _references.of(layout, sheet)
    boxes: tuple[Box, ...]
    if registration is None:
        boxes, residual = unsure_boxes(reference.boxes), -1.0
        scan = page.scan(page.dpi, page.turn, ())
    else:
        boxes, residual = judge_boxes(page.pixels, registration, reference.boxes), registration.residual
        measured = registration.scale * 25.4
        dpi = page.dpi if abs(measured / page.dpi - 1) < STILL_OURS else round(measured, 1)
        words = _texts.of(layout, number, content_of_contract(connection, number), sheet)
        scan = page.scan(dpi, registration.turn, runs(words, registration, page.width, page.height))
    return NewSheet(number, sheet, len(layout.sheets), layout.id, residual, boxes, scan)


def _layout_of_contract(connection: Connection, number: str) -> Layout | None:
    """The layout a contract was printed with, from the catalogue."""
    found = connection.execute(
        select(tables.contract.c.layout).where(tables.contract.c.number == number)
    ).scalar_one_or_none()
    return None if found is None else layout_of_id(connection, found)


def _grey(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


@contextmanager
def _seconds(limit: float) -> Iterator[None]:
    """End this process if what is within takes longer: nothing else stops a library that hangs."""
    timer = threading.Timer(limit, os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
