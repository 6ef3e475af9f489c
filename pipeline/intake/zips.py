"""Zips of scans: what is in one, unpacked by a worker into a folder of the archive's own, within limits.

What comes out is counted, not what the zip says of itself. Names in it are shown to people and lead nowhere:
a file is unpacked under its number.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.intake.files import FILE_LIMIT, GIGABYTE, Code, wanted

MEMBER_LIMIT = 20_000
UNPACKED_LIMIT = 4 * GIGABYTE  # all that comes out of a zip
CHUNK = 1 << 20  # bytes
NAMELESS = "无名"  # what a member is called whose name is dots and slashes only
ENCRYPTED, NAMED_IN_UTF_8 = 0x1, 0x800  # flags of a member (APPNOTE.TXT, 4.4.4)
DOCUMENTS = {"[Content_Types].xml", "mimetype", "OFD.xml"}  # in what Word, Excel, WPS and OFD readers save
# What zipfile raises over a damaged zip, or one packed in a way that it does not know.
FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a zip: its name there, readable, with forward slashes; where it was unpacked, or why it was not."""

    name: str
    path: Path
    code: Code | None = None


class _TooLarge(Exception):
    """More comes out of a zip than may."""


def unpack(path: Path, folder: Path) -> list[Member] | Code:
    """In a worker: unpack the zip at `path` into `folder`, which is made; its members, or why it is rejected.

    Raises OSError where `folder` cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        archive = zipfile.ZipFile(path)
    except MemoryError:
        return Code.TOO_LARGE
    except FAULTS:
        return Code.DAMAGED
    with archive:
        infos = archive.infolist()
        if not DOCUMENTS.isdisjoint(info.filename for info in infos):
            return Code.UNSUPPORTED
        files = [(name, info) for info in infos if not info.is_dir() and _meant(name := _name(info))]
        if len(files) > MEMBER_LIMIT:
            return Code.TOO_LARGE
        try:
            members = list(_unpacked(archive, files, folder))
        except _TooLarge:
            return Code.TOO_LARGE
    return members or Code.EMPTY


def _unpacked(
    archive: zipfile.ZipFile, files: list[tuple[str, zipfile.ZipInfo]], folder: Path
) -> Iterator[Member]:
    left = UNPACKED_LIMIT
    for number, (name, info) in enumerate(files):
        target = folder / str(number)
        code, size = _write(archive, info, target, left)
        left -= size
        if left < 0:
            raise _TooLarge
        if code is not None:  # what came of it is of no use, and takes room
            target.write_bytes(b"")
        yield Member(name, target, code)


def _write(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, left: int
) -> tuple[Code | None, int]:
    """Unpack a member; why it is rejected, if it is, and how many bytes came out, one more than may at most."""
    if info.flag_bits & ENCRYPTED:
        return Code.ENCRYPTED, 0
    size, most = 0, min(FILE_LIMIT, left) + 1
    with target.open("wb") as out:
        try:
            packed = archive.open(info)
        except NotImplementedError:  # packed in a way that only newer programs know
            return Code.UNSUPPORTED, 0
        except FAULTS:
            return Code.DAMAGED, 0
        with packed:
            while size < most:
                chunk = _next(packed, min(CHUNK, most - size))
                if chunk is None:
                    return Code.DAMAGED, size
                if not chunk:
                    return None, size
                out.write(chunk)
                size += len(chunk)
    return Code.TOO_LARGE, size


def _next(packed: IO[bytes], size: int) -> bytes | None:
    """The next bytes of a member, none at its end; None where it is damaged."""
    try:
        return packed.read(size)
    except FAULTS:
        return None


def _name(info: zipfile.ZipInfo) -> str:
    """The name as people read it: in UTF-8 if the zip says so or it is, else in the encoding of Chinese Windows."""
    name = info.filename
    if not info.flag_bits & NAMED_IN_UTF_8:
        raw = name.encode("cp437", "replace")
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.decode("gb18030", "replace")
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", "..")) or NAMELESS


def _meant(name: str) -> bool:
    return all(wanted(part) for part in name.split("/"))
