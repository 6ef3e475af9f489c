"""The files given to intake: which there are, what each is, whether it opens.

Scans come from anywhere, so they are opened in a worker process (opening.py), within limits.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import pi_heif
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from archive.file_names import readable
from pipeline.errors import ScanMissing

GIGABYTE = 1 << 30
FILE_LIMIT = 2 * GIGABYTE
PAGE_LIMIT = 20_000
PIXEL_LIMIT = 100_000_000  # a page; A3 at 600 dpi has 70 million
IGNORED = {"thumbs.db", "desktop.ini", "__macosx"}  # what Windows and macOS put beside pictures

# Pillow warns at this many pixels and refuses at twice as many.
Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT // 2
pi_heif.register_heif_opener()

DEVICE_LENGTH = 100  # characters
MAKE, MODEL, SOFTWARE, CHANGED_AT = 271, 272, 305, 306  # tags of EXIF and of TIFF
EXIF_PART, TAKEN_AT, TAKEN_OFFSET = 0x8769, 36867, 36881
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}


class Code(StrEnum):
    """Why a file is rejected."""

    UNSUPPORTED = "unsupported"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"


# What opens: its pages, device and time; or why it does not.
_What = tuple[int, str, str] | Code

MESSAGES = {
    Code.UNSUPPORTED: "不是扫描件：内容不是 PDF、TIFF、JPEG、PNG 或 HEIC。rar、7z 和压缩包里的压缩包，请先解压；若是别的格式，请另存为 PDF 再试。",
    Code.ENCRYPTED: "有密码，打不开。请去掉密码，另存或解压后再试。",
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
    """What a file is: its SHA-256, size in bytes, pages; `code` says why it was rejected, None if it opens.

    `device` is what it says of scanner or camera and their software, `captured_at` when it was made (ISO 8601,
    with the offset if there is one); "" where it says nothing.
    """

    sha256: str
    size: int
    pages: int
    code: Code | None = None
    device: str = ""
    captured_at: str = ""


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
    closed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        wished = sorted(name for name in folders if wanted(name))
        # A link to a folder is not gone into: it may lead back here. It is listed, and rejected.
        folders[:] = [name for name in wished if not Path(parent, name).is_symlink()]
        for name in sorted({*names, *wished} - {*folders}):
            if wanted(name):
                yield Path(parent, name)
    for problem in closed:  # a folder that cannot be read is listed, and rejected
        yield Path(problem.filename)


def wanted(name: str) -> bool:
    """Whether a file or folder of that name is one that somebody means."""
    return not name.startswith(".") and name.lower() not in IGNORED


def open_file(path: Path) -> Opened:
    """In a worker: what a file is and how many pages it has."""
    try:
        return _opened(path)
    except Exception:  # no permission, a bad disk, gone meanwhile; or whatever a parser trips over
        return Opened("", 0, 0, Code.DAMAGED)


def _opened(path: Path) -> Opened:
    if not path.is_file():  # a pipe, a link to nowhere or to a folder
        return Opened("", 0, 0, Code.DAMAGED)
    size = path.stat().st_size
    if size > FILE_LIMIT:
        return Opened("", size, 0, Code.TOO_LARGE)
    sha256 = digest(path)
    with path.open("rb") as file:
        head = file.read(1024)
    if not size:
        return Opened(sha256, size, 0, Code.EMPTY)
    what: _What = Code.UNSUPPORTED
    if is_pdf(head):
        what = _of_pdf(path)
    elif is_image(head):
        what = _of_image(path)
    if isinstance(what, Code):
        return Opened(sha256, size, 0, what)
    pages, device, captured_at = what
    if pages > PAGE_LIMIT:
        return Opened(sha256, size, 0, Code.TOO_LARGE)
    return Opened(sha256, size, pages, None if pages else Code.EMPTY, device, captured_at)


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
    """Whether a file that begins so is a TIFF, JPEG, PNG or HEIC."""
    plain = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
    return head.startswith(plain) or _is_heif(head)


def is_zip(head: bytes) -> bool:
    """Whether a file that begins so is a zip, be it a document of Word or Excel."""
    return head.startswith((b"PK\3\4", b"PK\5\6"))


def _is_heif(head: bytes) -> bool:
    """Whether one of the brands that the file says it is of is HEIC (ISO 23008-12, 10.2)."""
    end = min(int.from_bytes(head[:4], "big"), 256)
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    return head[4:8] == b"ftyp" and not brands.isdisjoint(HEIF_BRANDS)


def open_pdf(path: Path) -> pdfium.PdfDocument:
    """The PDF at a path. Raises PdfiumError.

    pypdfium2 itself takes no path that is not UTF-8, and takes a PDF without pages for a failure.
    """
    document = pdfium_c.FPDF_LoadDocument(os.fsencode(path), None)
    if not document:
        raise pdfium.PdfiumError("no PDF that opens", pdfium_c.FPDF_GetLastError())
    return pdfium.PdfDocument(document)


def _of_pdf(path: Path) -> "_What":
    try:
        with open_pdf(path) as document:
            said: dict[str, str] = {}
            with contextlib.suppress(UnicodeDecodeError):  # it is no less a scan for odd words about it
                said = document.get_metadata_dict()
            device = _device(said.get("Creator"), said.get("Producer"))
            return len(document), device, _pdf_time(said.get("CreationDate", ""))
    except pdfium.PdfiumError as problem:
        return Code.ENCRYPTED if problem.err_code == pdfium_c.FPDF_ERR_PASSWORD else Code.DAMAGED


def _of_image(path: Path) -> "_What":
    try:
        with Image.open(path) as image:  # the pictures after the first of other formats are no pages
            pages = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
            return pages, *_said_by(image)
    except Image.DecompressionBombError:
        return Code.TOO_LARGE
    except Exception:  # Pillow raises whatever its parser of a damaged file trips over
        return Code.DAMAGED


def _said_by(image: Image.Image) -> tuple[str, str]:
    """What a picture says of its device, and when it was taken."""
    with contextlib.suppress(Exception):  # it is no less a picture for odd words about it
        tags = image.getexif()
        taken = tags.get_ifd(EXIF_PART)
        make, model = str(tags.get(MAKE, "")).strip("\0 "), str(tags.get(MODEL, "")).strip("\0 ")
        device = _device("" if model.startswith(make) else make, model, tags.get(SOFTWARE))
        return device, _exif_time(taken.get(TAKEN_AT) or tags.get(CHANGED_AT), taken.get(TAKEN_OFFSET))
    return "", ""


def _device(*words: object) -> str:
    """The words in a row, those that are any, each once."""
    kept = dict.fromkeys(
        " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", str(word or "")).split()) for word in words
    )
    return " ".join(word for word in kept if word)[:DEVICE_LENGTH]


def _exif_time(time: object, offset: object) -> str:
    found = re.match(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", str(time))
    ahead = re.match(r"[+-]\d\d:\d\d", str(offset))
    return _moment("{}-{}-{}T{}".format(*found.groups()) + (ahead[0] if ahead else "")) if found else ""


def _pdf_time(said: str) -> str:
    """A date of a PDF (ISO 32000-1, 7.9.4), as D:20260405103000+08'00'; what follows the year may be missing."""
    found = re.match(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-]\d\d)'?(\d\d)?|(Z))?", said)
    if found is None:
        return ""
    year, month, day, hour, minute, second, ahead, more, utc = found.groups()
    offset = "+00:00" if utc else f"{ahead}:{more or '00'}" if ahead else ""
    time = f"{hour or '00'}:{minute or '00'}:{second or '00'}"
    return _moment(f"{year}-{month or '01'}-{day or '01'}T{time}{offset}")


def _moment(text: str) -> str:
    """The moment if there is one like it, else ""."""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return ""
