"""Small pictures of pages, enough to recognise them by: drawn in workers, since pages are untrusted."""

import io
from dataclasses import dataclass

import pypdfium2 as pdfium

from pipeline.intake.limits import limit_memory, seconds

HIGH, WIDE = 300, 380  # pixels at most
DRAW_SECONDS = 30
QUALITY = 60


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A page (from 1) of a PDF as the vault has it."""

    pdf: bytes
    position: int


def small_picture(page: KeptPicture) -> bytes:
    """In a worker: the page as a small JPEG, b"" where it cannot be drawn."""
    limit_memory()
    buffer = io.BytesIO()
    with seconds(DRAW_SECONDS):
        try:
            with pdfium.PdfDocument(page.pdf) as document:
                sheet = document[page.position - 1]
                wide, high = sheet.get_size()
                picture = sheet.render(scale=min(HIGH / high, WIDE / wide)).to_pil()
        except (pdfium.PdfiumError, MemoryError):
            return b""
        picture.convert("RGB").save(buffer, "JPEG", quality=QUALITY, dpi=(96, 96))
    return buffer.getvalue()


def no_picture(_: KeptPicture) -> bytes:
    """Of a page that takes its worker down."""
    return b""
