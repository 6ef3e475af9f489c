"""Tables (archive/listing.py) on paper: A4 lying, each table on pages of its own, streamed a page at a time.

Typst sets thirty pages a second here and holds the document in memory: a county's lists have tens of thousands of pages
(docs/decisions/0028). Places are millimetres from the lying sheet's top left corner.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from archive.listing import Column, Table
from archive.workbook_rows import Value
from pipeline.cell_text import SIZE, cell, centred, drop
from pipeline.pdf import HEIGHT, PdfWriter, rule, square

LYING = b"[0 0 841.89 595.276]"
DOWN = b"1 0 0 1 0 %.3f cm\n" % (595.276 - HEIGHT)  # the writer measures from the top of a standing sheet
LEFT, RIGHT, CENTRE = 12.0, 285.0, 148.5
ROOM = RIGHT - LEFT
TITLE_LINE, UNDER_LINE, HEAD, TOP = 17.0, 24.5, 28.0, 36.0
ROW, ROWS = 8.0, 19  # rows' height, and how many stand on a page
FOOT_LINE, NUMBER_LINE = 196.0, 202.0
LINE, BOX, FRAME = 12.0, 4.5, 0.8  # width of the column of numbers; a box's side; points of its frame
TICKED = 12.0  # the width of a column of boxes
TICK = "\0"  # what stands for a box among a row's texts


def write_pages(
    file: BinaryIO,
    title: str,
    tables: Iterable[Table],
    foot: str,
    done: Callable[[int], None] = lambda _: None,
) -> int:
    """Write tables as a PDF, `foot` under each page; its pages. `done` takes how many rows are written."""
    writer = PdfWriter(file, title)
    for table in tables:
        columns = list(_columns(table.columns))
        pages = -(-table.frame.height // ROWS) or 1
        rows = iter(table.rows(TICK))
        for page in range(1, pages + 1):
            content = [DOWN, *_head(writer, table, columns)]
            part = list(islice(rows, ROWS))
            for row, values in enumerate(part):
                content += _row(writer, columns, row, (page - 1) * ROWS + row + 1, values)
            content += _foot(writer, foot, page, pages)
            writer.page(b"".join(content), {}, LYING)
            done(len(part))
    writer.close()
    return writer.pages


def _columns(columns: Sequence[Column]) -> Iterator[tuple[float, float]]:
    """Left end and width of each: boxes have theirs, the others share the room as they share a workbook's."""
    room = ROOM - LINE - TICKED * sum(one.box for one in columns)
    whole = sum(one.width for one in columns if not one.box)
    left = LEFT + LINE
    for one in columns:
        wide = TICKED if one.box else room * one.width / whole
        yield left, wide
        left += wide


def _head(writer: PdfWriter, table: Table, columns: Sequence[tuple[float, float]]) -> Iterator[bytes]:
    yield centred(writer, "hei", 16, CENTRE, TITLE_LINE, table.title, ROOM)
    yield centred(writer, "song", SIZE, CENTRE, UNDER_LINE, table.under, ROOM)
    yield rule(HEAD, 0.8, LEFT, RIGHT)
    middle = (HEAD + TOP) / 2
    yield cell(writer, "hei", LEFT, LINE, middle, "序号")
    for (left, wide), one in zip(columns, table.columns, strict=True):
        if one.box:
            yield centred(writer, "hei", SIZE, left + wide / 2, middle + drop(SIZE), one.label, wide - 2)
        else:
            yield cell(writer, "hei", left, wide, middle, one.label)
    yield rule(TOP, 0.8, LEFT, RIGHT)


def _row(
    writer: PdfWriter,
    columns: Sequence[tuple[float, float]],
    row: int,
    number: int,
    values: Sequence[Value],
) -> Iterator[bytes]:
    middle = TOP + (row + 0.5) * ROW
    yield cell(writer, "song", LEFT, LINE, middle, str(number))
    for (left, wide), value in zip(columns, values, strict=True):
        if value == TICK:
            yield _box(left + wide / 2, middle)
        elif value is not None and value != "":
            yield cell(writer, "song", left, wide, middle, str(value))
    yield rule(middle + ROW / 2, 0.3, LEFT, RIGHT)


def _foot(writer: PdfWriter, foot: str, page: int, pages: int) -> Iterator[bytes]:
    yield centred(writer, "song", 9, CENTRE, FOOT_LINE, foot, ROOM)
    yield centred(writer, "song", 9, CENTRE, NUMBER_LINE, f"第 {page} 页，共 {pages} 页", ROOM)


def _box(centre: float, middle: float) -> bytes:
    return square(centre - BOX / 2, middle + BOX / 2, BOX, FRAME)
