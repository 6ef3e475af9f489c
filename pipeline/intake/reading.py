"""Reading scanned pages in a worker: which sheet, how it lies, what its boxes hold; nothing is written here.

A page is QUARANTINED that cannot be decoded: the same bytes never can. It is LOST where anything else went
wrong (its worker was killed or took too long, its file was changed, a bug): another time it may go well. A file
that cannot be read any more, or trouble with the archive, is no page's fault: it stops the run.
"""

import io
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from archive.catalogue import tables
from archive.errors import HuyueError
from archive.filings import NewSheet
from archive.home import Home, code_key
from archive.signed_pdf import SheetScan
from archive.states import not_closed
from archive.tick_lists import TickedPage
from pipeline.contracts import content_of_contract, decoded_content
from pipeline.fill import Content
from pipeline.intake.blank import is_blank
from pipeline.intake.boxes import judge_boxes, unsure_boxes
from pipeline.intake.by_print import ByPrint, Suggestion, lay
from pipeline.intake.channels import red_of
from pipeline.intake.files import digest
from pipeline.intake.identify import PageCode, find_codes, first_codes, further_codes
from pipeline.intake.lie import Registration
from pipeline.intake.limits import OPEN_SECONDS, limit_memory, seconds
from pipeline.intake.page_image import BadPage, PageImage, Pages, Pixels, drawn
from pipeline.intake.prove import Claim, prove
from pipeline.intake.quality import flaws_of
from pipeline.intake.reference import Reference, References
from pipeline.intake.register import register
from pipeline.intake.text_layer import TextLayers, Words, runs
from pipeline.layout import Layout

PAGE_SECONDS = 60
SHOWN_DPI = 150  # of a picture to look at
STILL_OURS = 0.05  # how far the registered resolution may differ from the one the file says
NO_VALUES = Content({}, {}, ())  # of a list, whose words are all of its layout


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
    ALTERED = "altered"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page as read: a sheet to be filed, or why not; `scan` is the page as it is kept for review.

    `ticked` is a list's page to be recorded; of such pages `contract` and `sheet` say nothing. `contract` and `sheet` are what its code says, "" and 0 where it says nothing that holds. `suggestions` are
    the best three, the likeliest first; `differs` names the fields that are not as printed (reason `altered`);
    `flaws` as NewSheet has them; `dpi` as the file says, 0 where no page was decoded.
    """

    index: int
    kind: Kind
    reason: Reason | None = None
    contract: str = ""
    sheet: int = 0
    new: NewSheet | None = None
    scan: SheetScan | None = None
    ticked: TickedPage | None = None
    suggestions: tuple[Suggestion, ...] = ()
    differs: tuple[str, ...] = ()
    flaws: tuple[str, ...] = ()
    dpi: float = 0.0


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


def read_pages(job: Job) -> list[PageRead]:
    """In a worker: the job's pages. Raises OSError where the file cannot be read any more."""
    limit_memory()
    cv2.setNumThreads(1)
    try:
        with job.home.reading() as connection, Pages.of(job.path) as pages:
            key, unread = code_key(connection), ByPrint(connection, job.on, _references)
            found = [_read_safely(connection, key, unread, pages, index, job.on) for index in job.indexes]
    except BadPage:  # the file itself does not open any more
        found = lost(job)
    if any(page.kind in (Kind.QUARANTINED, Kind.LOST) for page in found):
        with seconds(OPEN_SECONDS):  # libraries do not say whether the page is bad or the disk
            if digest(job.path) != job.sha256:
                return lost(job)
    return found


def _read_safely(
    connection: Connection, key: bytes, unread: ByPrint, pages: Pages, index: int, on: date
) -> PageRead:
    with seconds(PAGE_SECONDS):
        try:
            return _read(connection, key, unread, pages.page(index), index, on)
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
    limit_memory()
    with seconds(PAGE_SECONDS), job.home.reading() as connection, Pages.of(job.pdf) as pages:
        return _read_as(connection, pages.page(0), job.number, job.sheet)


def drawn_png(pdf: bytes) -> bytes:
    """In a worker: a page's PDF as a PNG picture to look at. Raises BadPage."""
    limit_memory()
    buffer = io.BytesIO()
    with seconds(PAGE_SECONDS):
        drawn(pdf, SHOWN_DPI).save(buffer, "PNG")
    return buffer.getvalue()


def _read_as(connection: Connection, page: PageImage, number: str, sheet: int) -> NewSheet | None:
    """A page that a person says is this sheet; None where the contract was never printed or has no such sheet."""
    known = _layout_of_contract(connection, number)
    if known is None or not 1 <= sheet <= len(known.sheets):
        return None
    claim = Claim(known, number, content_of_contract(connection, number), sheet, False)
    plain, half = _plain(page.pixels)
    codes = find_codes(plain, half, code_key(connection))
    reference = _references.of(known, sheet)
    registration = None
    if len(codes.sheets) == 1:
        registration = register(plain, half, codes.sheets[0].corners, reference)
    registration = registration or lay(plain, half, reference)
    return _new_sheet(page, plain, claim, registration)[0]


def _read(
    connection: Connection, key: bytes, unread: ByPrint, page: PageImage, index: int, on: date
) -> PageRead:
    plain, half = _plain(page.pixels)
    codes = first_codes(half, key)
    if not (codes.ours or codes.foreign) and is_blank(_grey(page.pixels), page.dpi):
        return PageRead(index, Kind.BLANK, dpi=page.dpi)
    codes = codes if codes.settled else further_codes(plain, key, codes)
    if codes.cover and not codes.sheets:
        return PageRead(index, Kind.BLANK, dpi=page.dpi)

    def review(reason: Reason, contract: str = "", sheet: int = 0, **more: Any) -> PageRead:
        kept = page.scan(page.dpi, page.turn, ())
        return PageRead(index, Kind.REVIEW, reason, contract, sheet, scan=kept, dpi=page.dpi, **more)

    if not codes.sheets:
        told = unread.tell(page.pixels, plain, half)
        if told.claim is None or told.registration is None:
            return review(Reason.FOREIGN, suggestions=told.suggestions)
        return _sheet(page, plain, told.claim, told.registration, index)
    if len(codes.sheets) > 1:
        return review(Reason.TWO_CODES)
    code = codes.sheets[0]
    if not code.genuine:
        return review(Reason.WRONG_CHECK)
    layout = _references.layout(connection, code.layout)
    if not code.contract:
        if layout is None or code.sheet > len(layout.sheets):
            return review(Reason.UNKNOWN)
        return _list_page(page, plain, half, code, layout, index) or review(Reason.UNREADABLE)
    contract = tables.contract
    known = connection.execute(
        select(contract.c.content, not_closed(on.isoformat()).label("open")).where(
            contract.c.number == code.contract
        )
    ).first()
    if known is None or layout is None or code.sheet > len(layout.sheets):
        return review(Reason.UNKNOWN)
    if not known.open:
        return review(Reason.CLOSED, code.contract, code.sheet)
    registration = register(plain, half, code.corners, _references.of(layout, code.sheet))
    if registration is None:
        return review(Reason.UNREADABLE, code.contract, code.sheet)
    claim = Claim(layout, code.contract, decoded_content(known.content), code.sheet)
    return _sheet(page, plain, claim, registration, index)


def _sheet(page: PageImage, plain: Pixels, claim: Claim, registration: Registration, index: int) -> PageRead:
    """The page as the sheet that it says it is, or for review where it does not show what was printed."""
    new, differs = _new_sheet(page, plain, claim, registration)
    return PageRead(
        index,
        Kind.REVIEW if differs else Kind.SHEET,
        Reason.ALTERED if differs else None,
        claim.number,
        claim.sheet,
        None if differs else new,
        replace(new.scan, text=b"", codes=b""),
        differs=differs,
        flaws=new.flaws,
        dpi=page.dpi,
    )


def _list_page(
    page: PageImage, plain: Pixels, half: Pixels, code: PageCode, layout: Layout, index: int
) -> PageRead | None:
    """The page of a list with what is ticked on it; None where it does not lie on what was printed."""
    reference = _references.of(layout, code.sheet)
    registration = register(plain, half, code.corners, reference)
    if registration is None:
        return None
    boxes = judge_boxes(page.pixels, plain, registration, reference.boxes)
    words = _texts.of(layout, code.layout, NO_VALUES, code.sheet)
    scan, flaws = _kept(page, plain, registration, reference, words)
    ticked = TickedPage(code.layout, code.sheet, boxes, scan)
    waiting = replace(scan, text=b"", codes=b"")
    return PageRead(index, Kind.SHEET, ticked=ticked, scan=waiting, flaws=flaws, dpi=page.dpi)


def _kept(
    page: PageImage, plain: Pixels, registration: Registration, reference: Reference, words: list[Words]
) -> tuple[SheetScan, tuple[str, ...]]:
    """The page as it is kept, its words where it shows them, and why it is not fit for that."""
    measured = registration.scale * 25.4
    dpi = page.dpi if abs(measured / page.dpi - 1) < STILL_OURS else round(measured, 1)
    scan = page.scan(dpi, registration.turn, runs(words, registration, page.width, page.height))
    return scan, flaws_of(plain, registration, reference)


def _new_sheet(
    page: PageImage, plain: Pixels, claim: Claim, registration: Registration | None
) -> tuple[NewSheet, tuple[str, ...]]:
    """The page as a sheet to be filed, and which fields are not as printed."""
    reference = _references.of(claim.layout, claim.sheet)
    about = (claim.number, claim.sheet, len(claim.layout.sheets), claim.layout.id)
    if registration is None:
        scan = page.scan(page.dpi, page.turn, ())
        return NewSheet(*about, -1.0, unsure_boxes(reference.boxes), scan), ()
    proof = prove(page.pixels, plain, registration, reference, claim)
    boxes = judge_boxes(page.pixels, plain, registration, reference.boxes)
    words = _texts.of(claim.layout, claim.number, claim.content, claim.sheet)
    scan, flaws = _kept(page, plain, registration, reference, words)
    new = NewSheet(*about, registration.residual, boxes, scan, flaws, registration.numbers())
    return new, proof.differs


def _layout_of_contract(connection: Connection, number: str) -> Layout | None:
    """The layout a contract was printed with, from the catalogue."""
    found = connection.execute(
        select(tables.contract.c.layout).where(tables.contract.c.number == number)
    ).scalar_one_or_none()
    return None if found is None else _references.layout(connection, found)


def _plain(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """The page as one channel, in which seals and red pens are all but paper, and that at half its size."""
    plain = red_of(pixels)
    return plain, np.asarray(cv2.resize(plain, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def _grey(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
