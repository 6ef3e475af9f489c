"""The files given to intake: which there are, what each is, whether it opens.

Scans come from anywhere, so they are opened in a worker process (pipeline.pool), within limits.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from archive.file_names import readable
from pipeline.errors import ScanMissing

GIGABYTE = 1 << 30
FILE_LIMIT = 2 * GIGABYTE
PAGE_LIMIT = 20_000
PIXEL_LIMIT = 100_000_000  # a page; A3 at 600 dpi has 70 million
IGNORED = {"thumbs.db", "desktop.ini"}  # what Windows puts into folders of pictures

# Pillow warns at this many pixels and refuses at twice as many.
Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT // 2


class Code(StrEnum):
    """Why a file is rejected."""

    UNSUPPORTED = "unsupported"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"


MESSAGES = {
    Code.UNSUPPORTED: "不是扫描件：内容不是 PDF、TIFF、JPEG 或 PNG。若是别的格式，请另存为 PDF 再试。",
    Code.ENCRYPTED: "有密码，打不开。请在扫描软件里去掉密码，另存后再试。",
    Code.DAMAGED: "已损坏、没有复制完整，或者没有权限读，打不开。请从扫描仪重新复制，或重新扫描。",
    Code.EMPTY: "是空的，一页也没有。请检查扫描是不是没有完成。",
    Code.TOO_LARGE: f"太大：上限是 {FILE_LIMIT // GIGABYTE} GB、{PAGE_LIMIT} 页。请分成几个文件再试。",
    Code.TIMEOUT: "打开它花的时间太长，没有继续。请重新扫描，或分成几个文件再试。",
}


@dataclass(frozen=True, slots=True)
class ScanFile:
    """A file as it was given: `name` is its path relative to the PATH given, readable, with forward slashes."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file is: its SHA-256, size in bytes, pages; `code` says why it was rejected, None if it opens."""

    sha256: str
    size: int
    pages: int
    code: Code | None = None


def list_files(paths: Sequence[Path]) -> list[ScanFile]:
    """Every file of the given files and folders, by name within each; hidden ones are left out.

    Raises ScanMissing for a path that is not there.
    """
    found: dict[tuple[str, Path], ScanFile] = {}
    for path in paths:
        if not path.exists():
            raise ScanMissing(file=path)
        files = [path] if path.is_file() else _files_in(path)
        for file in files:
            name = readable(Path(file.name) if file == path else file.relative_to(path)).as_posix()
            found[name, file.resolve()] = ScanFile(name, file)
    return list(found.values())


def _files_in(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and name.lower() not in IGNORED and path.is_file():
                yield path


def open_file(path: Path) -> Opened:
    """In a worker: what a file is and how many pages it has."""
    try:
        return _opened(path)
    except OSError:  # no permission, a bad disk, gone meanwhile
        return Opened("", 0, 0, Code.DAMAGED)


def _opened(path: Path) -> Opened:
    size = path.stat().st_size
    if size > FILE_LIMIT:
        return Opened("", size, 0, Code.TOO_LARGE)
    sha256 = digest(path)
    with path.open("rb") as file:
        head = file.read(1024)
    if not size:
        return Opened(sha256, size, 0, Code.EMPTY)
    pages: int | Code = Code.UNSUPPORTED
    if is_pdf(head):
        pages = _pdf_pages(path)
    elif is_image(head):
        pages = _image_pages(path)
    if isinstance(pages, Code):
        return Opened(sha256, size, 0, pages)
    if pages > PAGE_LIMIT:
        return Opened(sha256, size, 0, Code.TOO_LARGE)
    return Opened(sha256, size, pages) if pages else Opened(sha256, size, 0, Code.EMPTY)


def digest(path: Path) -> str:
    """The SHA-256 of a file's content. Raises OSError, which names the file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:  # a failed read does not say of which file
        raise OSError(problem.errno, problem.strerror, str(readable(path))) from None


def is_pdf(head: bytes) -> bool:
    """Whether a file that begins so says that it is a PDF, and is no zip or tar that holds one."""
    return b"%PDF-" in head and not head.startswith(b"PK\3\4") and head[257:262] != b"ustar"


def is_image(head: bytes) -> bool:
    """Whether a file that begins so is a TIFF, JPEG or PNG."""
    return head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def _pdf_pages(path: Path) -> int | Code:
    try:
        with open_pdf(path) as document:
            return len(document)
    except pdfium.PdfiumError as problem:
        return Code.ENCRYPTED if problem.err_code == pdfium_c.FPDF_ERR_PASSWORD else Code.DAMAGED


def open_pdf(path: Path) -> pdfium.PdfDocument:
    """The PDF at a path. Raises PdfiumError.

    pypdfium2 itself takes no path that is not UTF-8, and takes a PDF without pages for a failure.
    """
    document = pdfium_c.FPDF_LoadDocument(os.fsencode(path), None)
    if not document:
        raise pdfium.PdfiumError("no PDF that opens", pdfium_c.FPDF_GetLastError())
    return pdfium.PdfDocument(document)


def _image_pages(path: Path) -> int | Code:
    try:
        with Image.open(path) as image:  # the pictures after the first of other formats are no pages
            return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
    except Image.DecompressionBombError:
        return Code.TOO_LARGE
    except Exception:  # Pillow raises whatever its parser of a damaged file trips over
        return Code.DAMAGED
