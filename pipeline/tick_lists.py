"""Lists that are printed, ticked by hand and scanned back: laid out, recorded, drawn (docs/decisions/0024).

A list is recorded before it is printed, its sheets as a layout whose boxes are what is ticked, and printed from that
record; what came back of it is in archive/tick_lists.py. The same list made again is the same list. Whoever makes
lists of a kind says so in the journal, and in pipeline/tick_list_kinds.py what their ticks mean.

All places are millimetres from the sheet's top left corner.
"""

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import msgspec
from sqlalchemy import Connection, insert, select

from archive.catalogue import tables
from archive.catalogue.shelf_tables import tick_line, tick_list
from archive.home import code_key
from archive.journal import Actor
from archive.tick_lists import box_name
from pipeline import page_code
from pipeline.background import read_background
from pipeline.cell_text import PAD, SIZE, cell, centred, drop
from pipeline.contracts import layout_of_id
from pipeline.layout import TITLE, BoxPlace, Layout, SheetPlaces, make_layout
from pipeline.pdf import PdfWriter, rule, square
from pipeline.place import width
from pipeline.sheet_painter import beside_code

ID = 8  # characters of a list's id; layouts of contracts have six
VERSION = 1  # raise it when lists are drawn in another way: the same list is then another
LEFT, RIGHT, CENTRE = 15.0, 195.0, 105.0
TITLE_LINE, SUBTITLE_LINE, HOW_LINE = 35.0, 42.0, 48.5
HEAD, TOP, ROW, ROWS = 51.0, 58.0, 9.5, 20  # of the table: head, first row; rows' height and number a page
BOX, FRAME = 5.0, 0.6  # a box's side; how far outside of it its frame is
THICK = 0.6  # points of the frame's line
NUMBER, TICK = 20.0, 16.0  # widths of the columns of numbers and of boxes
HOW = "在方框里打勾，用黑色或蓝色笔；整张扫描回来，不必整理。"
SIGNED, SIGNED_LINE = "填写人：＿＿＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日", 264.0
MISTAKES, MISTAKES_LINE = "漏打了的，补上再扫一次；打错了的，重新打印这一页再打，涂掉的勾认不出来。", 288.0


@dataclass(frozen=True, slots=True)
class TickColumn:
    """A column of boxes; `name` is a short latin word, `label` what stands over it."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class ListLine:
    """A line: what its maker knows it by, and a text for each column."""

    subject: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TickList:
    """A list of at least one line; `kind` is a short latin word, `columns` what stands over the texts."""

    kind: str
    title: str
    subtitle: str
    columns: tuple[str, ...]
    ticks: tuple[TickColumn, ...]
    lines: tuple[ListLine, ...]


def record_list(connection: Connection, wanted: TickList, actor: Actor) -> str:
    """Record a list, unless it is already; its id. Raises FontMissing."""
    key = hashlib.sha256(msgspec.json.encode([VERSION, wanted])).hexdigest()
    known = connection.execute(select(tables.layout.c.id).where(tables.layout.c.key == key)).scalar()
    if known is not None:
        return str(known)
    layout = _layout(wanted, key)
    id_ = base64.b32encode(hashlib.sha256(layout.geometry()).digest()).decode()[:ID]
    kept = {"key": key, "id": id_, "geometry": layout.geometry(), "background": layout.background}
    connection.execute(insert(tables.layout).values(kept))
    made = {"id": id_, "kind": wanted.kind, "title": wanted.title, "made_on": actor.today.isoformat()}
    connection.execute(insert(tick_list).values(made | {"user": actor.user, "pages": len(layout.sheets)}))
    rows = [
        {"list_id": id_, "line": at + 1, "page": at // ROWS + 1, "subject": line.subject}
        for at, line in enumerate(wanted.lines)
    ]
    connection.execute(insert(tick_line), rows)
    return id_


def print_list(connection: Connection, list_id: str, file: BinaryIO) -> int:
    """Write a list that is recorded as a PDF; its pages. The same bytes each time."""
    layout = layout_of_id(connection, list_id)
    assert layout is not None  # noqa: S101
    title = connection.execute(select(tick_list.c.title).where(tick_list.c.id == list_id)).scalar_one()
    writer, key, pages = PdfWriter(file, title), code_key(connection), len(layout.sheets)
    for page, pieces in enumerate(read_background(layout.background), 1):
        objects = {f"B{at}": writer.form(piece.form) for at, piece in enumerate(pieces)}
        parts = [b"/%b Do\n" % name.encode() for name in objects]
        code = page_code.bitmap(page_code.list_text(list_id, page, pages, key))
        objects["Q"] = writer.bitmap(page_code.MODULES, page_code.MODULES, code)
        parts.append(writer.place("Q", page_code.LEFT, page_code.TOP, page_code.SIDE, page_code.SIDE))
        for line in beside_code(list_id, page, pages):
            parts.append(writer.text("song", line.size, line.x, line.baseline, line.words, line.squeeze))
        writer.page(b"".join(parts), objects)
    writer.close()
    return pages


def _layout(wanted: TickList, key: str) -> Layout:
    """The list's sheets with their boxes, and as they are printed but for their codes."""
    out = io.BytesIO()
    writer = PdfWriter(out, TITLE)
    columns = _columns(wanted)
    numbered, sheets = list(enumerate(wanted.lines, 1)), []
    for first in range(0, len(numbered), ROWS):
        content, boxes = _page(writer, wanted, columns, numbered[first : first + ROWS])
        writer.page(content, {})
        sheets.append(SheetPlaces(boxes, ()))
    writer.close()
    return make_layout(key, wanted.kind, str(VERSION), tuple(sheets), out.getvalue())


def _columns(wanted: TickList) -> list[tuple[float, float]]:
    """Left end and width of each column of texts: as wide as its widest text, or a fair share of the room."""
    room = RIGHT - LEFT - NUMBER - TICK * len(wanted.ticks)
    texts = zip(wanted.columns, *(line.texts for line in wanted.lines), strict=True)
    longest = [max(width("song", SIZE, one) for one in column) + 2 * PAD for column in texts]
    wide = [0.0] * len(longest)
    narrow_first = sorted(range(len(longest)), key=longest.__getitem__)
    for left, at in zip(range(len(longest), 0, -1), narrow_first, strict=True):
        wide[at] = min(longest[at], (room - sum(wide)) / left)
    spare = (room - sum(wide)) / len(wide)
    found, left_end = [], LEFT + NUMBER + TICK * len(wanted.ticks)
    for one in wide:
        found.append((left_end, one + spare))
        left_end += one + spare
    return found


def _page(
    writer: PdfWriter,
    wanted: TickList,
    columns: Sequence[tuple[float, float]],
    numbered: Sequence[tuple[int, ListLine]],
) -> tuple[bytes, tuple[BoxPlace, ...]]:
    """A page of these lines: its content, and its boxes."""
    parts = [
        centred(writer, "hei", 16, CENTRE, TITLE_LINE, wanted.title, RIGHT - LEFT),
        centred(writer, "song", 11, CENTRE, SUBTITLE_LINE, wanted.subtitle, RIGHT - LEFT),
        centred(writer, "hei", SIZE, CENTRE, HOW_LINE, HOW, RIGHT - LEFT),
        *_head(writer, wanted, columns),
    ]
    boxes: list[BoxPlace] = []
    for row, (number, line) in enumerate(numbered):
        middle = TOP + (row + 0.5) * ROW
        parts.append(cell(writer, "song", LEFT, NUMBER, middle, f"第 {number} 行"))
        for centre, tick in zip(_tick_centres(wanted), wanted.ticks, strict=True):
            place = centre - BOX / 2, middle - BOX / 2, BOX, BOX
            boxes.append(BoxPlace(box_name(number, tick.name), "tick", False, *place))
        for (left, wide), text in zip(columns, line.texts, strict=True):
            parts.append(cell(writer, "song", left, wide, middle, text))
        parts.append(rule(middle + ROW / 2, 0.3, LEFT, RIGHT))
    parts += [_frame(box) for box in boxes]
    parts.append(centred(writer, "song", SIZE, CENTRE, SIGNED_LINE, SIGNED, RIGHT - LEFT))
    parts.append(centred(writer, "song", 9, CENTRE, MISTAKES_LINE, MISTAKES, RIGHT - LEFT))
    return b"".join(parts), tuple(boxes)


def _head(writer: PdfWriter, wanted: TickList, columns: Sequence[tuple[float, float]]) -> Iterator[bytes]:
    middle = (HEAD + TOP) / 2
    yield rule(HEAD, 0.8, LEFT, RIGHT)
    for centre, tick in zip(_tick_centres(wanted), wanted.ticks, strict=True):
        room = TICK - 2 * PAD
        yield centred(writer, "hei", SIZE, centre, middle + drop(SIZE), tick.label, room)
    for (left, wide), label in zip(columns, wanted.columns, strict=True):
        yield cell(writer, "hei", left, wide, middle, label)
    yield rule(TOP, 0.8, LEFT, RIGHT)


def _tick_centres(wanted: TickList) -> list[float]:
    """Between number and texts, so that print is near on both sides: it tells how the boxes lie in a scan."""
    return [LEFT + NUMBER + TICK * (at + 0.5) for at in range(len(wanted.ticks))]


def _frame(box: BoxPlace) -> bytes:
    """The square that is seen: outside the box, so that ink on it is not in it."""
    return square(box.x - FRAME, box.y + box.h + FRAME, box.w + 2 * FRAME, THICK)
