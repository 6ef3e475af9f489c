"""Limits on workbooks from elsewhere; `opened.py` holds the time and the memory of the process that reads."""

from pathlib import Path

from archive.errors import WorkbookTooLarge

MEGABYTE = 1 << 20
FILE_LIMIT = 100 * MEGABYTE
UNZIPPED_LIMIT = 1024 * MEGABYTE
CELL_LIMIT = 20_000_000  # 19 columns down to Excel's last row
MEMORY_LIMIT = 1024 * MEGABYTE  # of the reading process, in bytes
SECONDS_LIMIT = 60  # for a file, beside what the rest of the work takes


def check_file_size(path: Path, size: int) -> None:
    """Raises WorkbookTooLarge for a file over FILE_LIMIT bytes."""
    if size > FILE_LIMIT:
        detail = f"文件有 {size // MEGABYTE} MB，上限是 {FILE_LIMIT // MEGABYTE} MB"
        raise WorkbookTooLarge(file=path, detail=detail, remedy="删去图片或按村拆成几个文件")


def check_cells(path: Path, rows: int, columns: int, far: str) -> None:
    """Raises WorkbookTooLarge for a sheet whose values span more than CELL_LIMIT cells."""
    if rows * columns > CELL_LIMIT:
        detail = f"有一张表的内容一直到第{rows}行、{far}列"
        raise WorkbookTooLarge(file=path, detail=detail, remedy="删去表格右边和下边零散的内容")
