"""Workbooks written row by row: whole in their place or not at all, and nothing of them anywhere else."""

import errno
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError


@contextmanager
def new_workbook(path: Path, title: str, day: date) -> Iterator[xlsxwriter.Workbook]:
    """A workbook to fill, dated `day`; it takes its place when the block ends. Texts are never formulas.

    Its rows wait in a folder beside it that only we can read, gone whatever happens; what a killed run left
    there goes when the same file is written again. Raises OSError of `path` where it cannot be written.
    """
    place = path.resolve()
    parts = place.with_name(f".{place.name}.part")
    try:
        if place.exists() and not place.is_file():  # a folder; or a device, which is not to be replaced
            raise IsADirectoryError(errno.EISDIR, "not a file")
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir(mode=0o700)
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
        whole.replace(place)
    except (OSError, FileCreateError) as problem:
        cause = problem if isinstance(problem, OSError) else problem.args[0]
        raise OSError(cause.errno, cause.strerror, str(path)) from problem
    finally:
        shutil.rmtree(parts, ignore_errors=True)


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
