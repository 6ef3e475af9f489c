"""Workbooks written row by row: whole in their place or not at all, and nothing of them anywhere else."""

import errno
import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

GRID = {"border": 1, "font_name": "宋体", "font_size": 10, "valign": "vcenter"}
HEAD_HEIGHT = 30  # points: two lines


@contextmanager
def new_workbook(path: Path, title: str, day: date) -> Iterator[xlsxwriter.Workbook]:
    """A workbook to fill, dated `day`; it takes its place when the block ends. Texts are never formulas.

    Raises OSError of `path` where it cannot be written.
    """
    with part_folder(path) as parts:
        packed = _Packed()
        options = {"constant_memory": True, "strings_to_formulas": False, "tmpdir": str(parts)}
        book = xlsxwriter.Workbook(packed, options)
        book.set_properties({"title": title, "created": datetime(day.year, day.month, day.day, tzinfo=UTC)})
        try:
            yield book
            book.close()
        finally:
            _let_go(book)
        whole = parts / "whole.xlsx"
        whole.write_bytes(packed.getbuffer())
        whole.replace(path.resolve())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole, in the place of one that is there, or not at all. Raises OSError of `path`."""
    with part_folder(path) as parts:
        whole = parts / "whole"
        whole.write_bytes(content)
        whole.replace(path.resolve())


@contextmanager
def part_folder(path: Path) -> Iterator[Path]:
    """A folder for what a file is made of, beside it, that only we can read; gone whatever happens.

    What a killed run left there goes when the same file is written again. Raises OSError of `path`.
    """
    place = path.resolve()
    parts = place.with_name(f".{place.name}.part")
    try:
        if place.exists() and not place.is_file():  # a folder; or a device, which is not to be replaced
            raise IsADirectoryError(errno.EISDIR, "not a file")
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir(mode=0o700)
        yield parts
    except (OSError, FileCreateError) as problem:
        cause = problem if isinstance(problem, OSError) else problem.args[0]
        raise OSError(cause.errno, cause.strerror, str(path)) from problem
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def list_sheet(
    book: xlsxwriter.Workbook, name: str, title: str, columns: Sequence[tuple[str, int]]
) -> xlsxwriter.worksheet.Worksheet:
    """A sheet for a list: its title, then the heads of `columns` (label, width), on every printed page.

    Rows go from the third on. Printed across A4, with page numbers.
    """
    heading = book.add_format({"bold": True, "font_name": "黑体", "font_size": 16, "align": "center"})
    head = book.add_format(GRID | {"bold": True, "align": "center", "bg_color": "#E7E6E6", "text_wrap": True})
    sheet = book.add_worksheet(name)
    for column, (_, width) in enumerate(columns):
        sheet.set_column(column, column, width)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(1)
    sheet.set_footer("&C第 &P 页 共 &N 页")
    sheet.merge_range(0, 0, 0, len(columns) - 1, "", heading)
    sheet.write_string(0, 0, title, heading)
    sheet.set_row(1, HEAD_HEIGHT)
    for column, (label, _) in enumerate(columns):
        sheet.write_string(1, column, label, head)
    sheet.freeze_panes(2, 0)
    return sheet


class _Packed(io.BytesIO):
    """Holds the packed workbook. A ZipFile that a failure left writes its end when it is let go of.

    Into a file on a full disk, or one that is closed, it could not, and would complain on standard error.
    """

    def close(self) -> None:
        pass


def _let_go(book: xlsxwriter.Workbook) -> None:
    """Close the files that a failure leaves open; Windows removes no open file."""
    for sheet in book.worksheets():
        for file in (sheet.fh, sheet.row_data_fh):
            if file is not None:
                with suppress(OSError):
                    file.close()
