"""Files filed by hand or from a package: what each is, and the words on it; looked at in workers, within limits.

Their bytes are kept as they are, so only what people will be able to open is taken: PDF, TIFF, JPEG, PNG and HEIC as
intake takes them, and documents of Word, Excel (without macros) and OFD.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium

from archive.paper_words import MOST
from pipeline import pool
from pipeline.intake.files import MESSAGES, Code, Opened, is_pdf, is_zip, open_file, open_pdf
from pipeline.intake.limits import OPEN_SECONDS, limit_memory, seconds
from pipeline.intake.ocr import SURE, engine
from pipeline.intake.page_image import BadPage, Pages, Pixels
from pipeline.intake.zips import FAULTS

TRIES = 2  # workers that a file, or a page, may cost
READ_PAGES = 40  # pages of a paper whose words are read from their image: nine seconds each
READ_SECONDS = 120  # for one page
READ_SIDE = 2400  # pixels that a page is read with, at most
PDF, TIFF = "application/pdf", "image/tiff"
_OFFICE = "application/vnd.openxmlformats-officedocument."
# What a zip holds that is such a document.
DOCUMENTS = {
    "word/document.xml": _OFFICE + "wordprocessingml.document",
    "xl/workbook.xml": _OFFICE + "spreadsheetml.sheet",
    "OFD.xml": "application/ofd",
}
MACROS = "vbaProject.bin"
REFUSED = MESSAGES | {
    Code.UNSUPPORTED: "内容不是 PDF、图片（TIFF、JPEG、PNG、HEIC），也不是没有口令、没有宏的 docx、xlsx、ofd。"
    "旧的 doc、xls 请另存为 docx、xlsx 或 PDF；压缩包请先解压。",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is: its SHA-256, size in bytes, pages (0 of a document without fixed ones), its content's type.

    `texts` are the words of its pages, as far as its text layer has them; `code` says why it is refused.
    """

    sha256: str
    size: int
    pages: int
    media: str = ""
    texts: tuple[str, ...] = ()
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a file, from 0."""

    path: Path
    index: int


def look_at(paths: Sequence[Path]) -> Iterator[Looked]:
    """What the files are, in their order."""
    return pool.ordered(look_in_worker, paths, pool.workers_for(len(paths)), _not_opened, TRIES)


def look_in_worker(path: Path) -> Looked:
    """What a file is, within the worker's limits."""
    limit_memory()
    with seconds(OPEN_SECONDS):
        return _looked(path, open_file(path))


def _not_opened(_: Path) -> Looked:
    return Looked("", 0, 0, code=Code.TIMEOUT)


def _looked(path: Path, opened: Opened) -> Looked:
    found = Looked(opened.sha256, opened.size, opened.pages, code=opened.code)
    if opened.code not in (None, Code.UNSUPPORTED):
        return found
    with path.open("rb") as file:
        head = file.read(1024)
    if opened.code is None:
        return replace(found, media=_media(head), texts=tuple(_texts(path)) if is_pdf(head) else ())
    media = _document(path) if is_zip(head) else ""
    return replace(found, media=media, code=None) if media else found


def _media(head: bytes) -> str:
    """The type of what `open_file` opens, by how it begins."""
    if is_pdf(head):
        return PDF
    plain = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"II": TIFF, b"MM": TIFF}
    return next((media for begin, media in plain.items() if head.startswith(begin)), "image/heic")


def _document(path: Path) -> str:
    """The type of a document that is a zip, "" for any other zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {info.filename for info in archive.infolist() if not info.flag_bits & 1}
    except FAULTS:
        return ""
    if any(name.endswith(MACROS) for name in names):
        return ""
    return next((media for name, media in DOCUMENTS.items() if name in names), "")


def _texts(path: Path) -> Iterator[str]:
    """The text layer of a PDF page by page, as far as its words are kept."""
    left = MOST
    with open_pdf(path) as document:
        for index in range(len(document)):
            if left <= 0:
                return
            try:
                page = document[index]
                text = page.get_textpage().get_text_range()
                page.close()
            except pdfium.PdfiumError:  # a bad page of a file that opens
                text = ""
            yield text[:left]
            left -= len(text)


def unread(looked: Looked) -> list[int]:
    """The pages, from 0, that are images without words."""
    if looked.media == PDF:
        return [index for index, text in enumerate(looked.texts) if not text.strip()]
    return list(range(looked.pages))


def read_pages(pages: Sequence[tuple[Path, int]]) -> Iterator[str | None]:
    """The words on these images, in order; None for a page that could not be read."""
    tasks = [_Page(*one) for one in pages]
    return pool.ordered(read_in_worker, tasks, pool.workers_for(len(tasks)), _not_read, TRIES)


def read_in_worker(page: _Page) -> str | None:
    """The words on one page, recognised line by line, within the worker's limits."""
    limit_memory()
    cv2.setNumThreads(1)
    with seconds(READ_SECONDS):
        try:
            with Pages.of(page.path) as pages:
                image = pages.page(page.index)
        except BadPage:
            return None
        found = engine()(_small(np.ascontiguousarray(np.rot90(image.pixels, -image.turn))))
        lines = zip(found.txts or (), found.scores or (), strict=True)
        return "\n".join(str(text) for text, score in lines if float(score) >= SURE)


def _not_read(_: _Page) -> None:
    return None


def _small(pixels: Pixels) -> Pixels:
    """The page in colour, READ_SIDE pixels long at most."""
    if pixels.ndim == 2:
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    factor = READ_SIDE / max(pixels.shape[:2])
    if factor < 1:
        size = (max(int(pixels.shape[1] * factor), 1), max(int(pixels.shape[0] * factor), 1))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return pixels
