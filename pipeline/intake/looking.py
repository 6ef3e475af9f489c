"""What is looked at to decide on a page: a scan as the vault has it, a contract's sheet as it was printed.

Drawn in workers, since scans are untrusted. On a printed sheet people's numbers are masked, and its code is signed
with no archive's key, so that no archive takes a print of it for its own.
"""

import io
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pypdfium2 as pdfium
from PIL import Image
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE
from sqlalchemy import Connection, select

from archive.catalogue import tables
from archive.home import Home
from pipeline.contracts import find_printable, layout_of_id
from pipeline.fill import masked_content
from pipeline.intake import pdf_page
from pipeline.intake.lie import cut, from_numbers
from pipeline.intake.limits import limit_memory, seconds
from pipeline.intake.reading import PAGE_SECONDS, SHOWN_DPI
from pipeline.pdf import PdfWriter
from pipeline.sheet_painter import SheetPainter

NO_KEY = b"shown"
BOX_PIXELS = 6  # a mm


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """A page (from 1) of a PDF in the vault."""

    blob: str
    position: int = 1


@dataclass(frozen=True, slots=True)
class PrintedSheet:
    """A contract's sheet (from 1), as it was printed."""

    number: str
    sheet: int


@dataclass(frozen=True, slots=True)
class FiledBox:
    """A place (x, y, w, h in mm) of a filed sheet, whose `bearing` is NewSheet's."""

    page: ScannedPage
    bearing: tuple[float, ...]
    area: tuple[float, float, float, float]


Look = ScannedPage | PrintedSheet | FiledBox


def drawn_look(home: Home, look: Look) -> bytes:
    """In a worker: a PNG picture of it; b"" where there is none, or it cannot be drawn."""
    limit_memory()
    buffer = io.BytesIO()
    with seconds(PAGE_SECONDS):
        try:
            _drawn(home, look).save(buffer, "PNG", compress_level=1)
        except (pdfium.PdfiumError, MemoryError):
            return b""
    return buffer.getvalue()


def _drawn(home: Home, look: Look) -> Image.Image:
    if isinstance(look, FiledBox):
        return _box(home, look)
    if isinstance(look, ScannedPage):
        return _page(home, look)[0]
    with home.reading() as connection:
        pdf = printed_sheet(connection, look)
    with pdfium.PdfDocument(pdf) as document:
        return pdf_page.drawn(document[0], SHOWN_DPI)[0]


@lru_cache(maxsize=2)  # a sheet's boxes are asked for one after the other
def _page(home: Home, look: ScannedPage) -> tuple[Image.Image, int]:
    """The page as a picture, and how many pixels across its scan has before it is turned upright."""
    with home.reading() as connection:
        pdf = home.vault(connection).get(connection, look.blob)
    with pdfium.PdfDocument(pdf) as document:
        page = document[look.position - 1]
        across = max((one.get_px_size()[0] for one in page.get_objects([FPDF_PAGEOBJ_IMAGE], 3)), default=0)
        return pdf_page.drawn(page, SHOWN_DPI)[0].convert("RGB"), across


def _box(home: Home, look: FiledBox) -> Image.Image:
    picture, across = _page(home, look.page)
    found = from_numbers(look.bearing)
    scan = np.rot90(np.asarray(picture), found.turn)  # as it was scanned
    return Image.fromarray(cut(scan, found, look.area, BOX_PIXELS, scan.shape[1] / max(across, 1)))


def printed_sheet(connection: Connection, look: PrintedSheet) -> bytes:
    """The sheet as a PDF of its own, b"" where the contract has none such, or was never printed."""
    contract = tables.contract
    found = connection.execute(
        select(contract.c.layout).where(contract.c.number == look.number)
    ).scalar_one_or_none()
    layout = None if found is None else layout_of_id(connection, found)
    if layout is None or not 1 <= look.sheet <= len(layout.sheets):
        return b""
    printable, buffer = find_printable(connection, look.number), io.BytesIO()
    writer = PdfWriter(buffer, look.number)
    painter = SheetPainter(writer, NO_KEY)
    shown = replace(printable, content=masked_content(printable.content))
    writer.page(*painter.paint(shown, layout, look.sheet - 1))
    writer.close()
    return buffer.getvalue()
