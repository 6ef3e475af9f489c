"""Limits on workbooks from elsewhere, and on the processes that read or mark them."""

import sys
from pathlib import Path

from pipeline.errors import WorkbookTooLarge

MEGABYTE = 1 << 20
FILE_LIMIT = 100 * MEGABYTE
UNZIPPED_LIMIT = 1024 * MEGABYTE
CELL_LIMIT = 20_000_000  # 19 columns down to Excel's last row
MEMORY_LIMIT = 1024 * MEGABYTE  # of a process that reads or marks, in bytes
SECONDS_LIMIT = 60  # for a file, beside what the rest of the work takes
MARKING_SECONDS = 300  # for a marked copy: openpyxl takes about 20 for a million cells


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


def limit_memory(limit: int = MEMORY_LIMIT) -> None:
    """In a process of its own: beyond the limit comes MemoryError, or its end, and no dump of what it held."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
