"""The pages of an opened scan, each as pixels, and as it is kept."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
from PIL import Image

from pipeline.intake import pdf_page, picture_page
from pipeline.intake.files import is_pdf, open_pdf
from pipeline.intake.page_pixels import BadPage, PageImage, Pixels, sized

__all__ = ["BadPage", "PageImage", "Pages", "Pixels", "drawn"]


class Pages:
    """The pages of an opened file; `page` raises BadPage for one that cannot be read, `of` for all of it."""

    def __init__(self, source: Path | bytes) -> None:
        self._source = source
        self._document: pdfium.PdfDocument | None = None
        self._file: pikepdf.Pdf | None = None
        self._picture: Image.Image | None = None

    def page(self, index: int) -> PageImage:
        """The page of that 0-based index."""
        try:
            if self._document is not None:
                return sized(pdf_page.page_of(self._document, self._file, index))
            assert self._picture is not None  # noqa: S101
            self._picture.seek(index)
            return sized(picture_page.page_of(self._picture, self._content()))
        except MemoryError:  # may go well another time
            raise
        except Exception as problem:  # Pillow, OpenCV and qpdf raise whatever a damaged picture trips
            raise BadPage(str(problem)) from None

    def _content(self) -> bytes | None:
        if self._picture is None or self._picture.format == "TIFF":
            return None
        return self._source if isinstance(self._source, bytes) else self._source.read_bytes()

    @classmethod
    @contextmanager
    def of(cls, source: Path | bytes) -> Iterator["Pages"]:
        """The pages of a file, or of a file's content."""
        pages = cls(source)
        try:
            if is_pdf(_head(source)):
                pages._document = (
                    pdfium.PdfDocument(source) if isinstance(source, bytes) else open_pdf(source)
                )
                with suppress(pikepdf.PdfError):  # what pdfium can read is read all the same
                    pages._file = pikepdf.open(_stream(source))
            else:
                pages._picture = Image.open(_stream(source))
        except (pdfium.PdfiumError, OSError, SyntaxError, Image.DecompressionBombError) as problem:
            raise BadPage(str(problem)) from None
        try:
            yield pages
        finally:
            for opened in (pages._document, pages._file, pages._picture):
                if opened is not None:
                    opened.close()


def drawn(pdf: bytes, dpi: float) -> Image.Image:
    """The first page of a PDF as a picture of that resolution, or of less if it is large. Raises BadPage."""
    try:
        with pdfium.PdfDocument(pdf) as document:
            return pdf_page.drawn(document[0], dpi)[0]
    except pdfium.PdfiumError as problem:
        raise BadPage(str(problem)) from None


def _stream(source: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _head(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:1024]
    with source.open("rb") as file:
        return file.read(1024)
