"""Limits on workbooks from elsewhere, checked before anything opens them.

A small zip can unfold into many gigabytes, and one stray value in cell XFD1048576 makes a reader reserve the
whole grid; calamine ends the process then, so neither may reach it.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from archive.errors import NotWorkbook, WorkbookTooLarge

MEGABYTE = 1 << 20
FILE_LIMIT = 100 * MEGABYTE
UNZIPPED_LIMIT = 1024 * MEGABYTE
CELL_LIMIT = 30_000_000  # about 1.2 GB in memory; 28 columns down to Excel's last row

_CHUNK = 4 * MEGABYTE
# The longest tag the patterns below must see whole where two chunks meet.
_OVERLAP = 512
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,12})"')
# Cells from column AA or row 100,000 on that hold something: <c .../> is only formatted.
_FAR_CELL = re.compile(rb'\br="(?:([A-Z]{2,3})(\d{1,12})|[A-Z](\d{6,12}))"[^<>]*[^<>/]>')


def check_file_size(path: Path, size: int) -> None:
    """Raises WorkbookTooLarge for a file over FILE_LIMIT bytes."""
    if size > FILE_LIMIT:
        detail = f"文件有 {size // MEGABYTE} MB，上限是 {FILE_LIMIT // MEGABYTE} MB"
        raise WorkbookTooLarge(file=path, detail=detail, remedy="删去图片或按村拆成几个文件")


def check_zip(path: Path) -> None:
    """Raises WorkbookTooLarge for a zipped workbook that unfolds too far, NotWorkbook for a broken zip.

    The sizes a zip declares can be believed: calamine stops at a member that unfolds further.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unzipped = sum(member.file_size for member in archive.infolist())
            if unzipped > UNZIPPED_LIMIT:
                detail = f"解开后有 {unzipped // MEGABYTE} MB，上限是 {UNZIPPED_LIMIT // MEGABYTE} MB"
                raise WorkbookTooLarge(file=path, detail=detail, remedy="按村拆成几个文件")
            if "xl/workbook.bin" in archive.namelist():
                raise NotWorkbook(file=path, detail="这是 .xlsb 二进制工作簿")
            for member in archive.infolist():
                if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                    _check_extent(path, _chunks(archive, member))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise NotWorkbook(file=path, detail="文件已损坏或没有下载完整") from error


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as stream:
        tail = b""
        while chunk := stream.read(_CHUNK):
            yield tail + chunk
            tail = chunk[-_OVERLAP:]


def _check_extent(path: Path, chunks: Iterator[bytes]) -> None:
    """Rows down to the last one with a value, times the columns out to the farthest value."""
    rows = seen = 1
    columns, far = 26, "Z"
    for chunk in chunks:
        numbers = [(row.start(), int(row[1])) for row in _ROW.finditer(chunk)]
        # Rows below the last value are only formatted, and cost nothing.
        last_value = max(chunk.rfind(b"v>"), chunk.rfind(b"is>"))
        if last_value >= 0:
            rows = max([rows, seen, *(number for start, number in numbers if start < last_value)])
        seen = max([seen, *(number for _, number in numbers)])
        for letters, far_row, low_row in _FAR_CELL.findall(chunk):
            rows = max(rows, int(far_row or low_row))
            if (number := _column_number(letters)) > columns:
                columns, far = number, letters.decode()
        if rows * columns > CELL_LIMIT:
            detail = f"有一张表的内容一直到第{rows}行、{far}列"
            raise WorkbookTooLarge(file=path, detail=detail, remedy="删去表格右边和下边零散的内容")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
