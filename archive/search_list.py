"""What a search finds, all of it, as a workbook."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import xlsxwriter

from archive.numbers import TOWN_DIGITS
from archive.search_names import Names
from archive.search_papers import ShelfPaper
from archive.states import Standing
from archive.workbook import GRID, list_sheet, new_workbook
from archive.workbook_rows import Rows

COLUMNS = (
    ("序号", 7),
    ("编号", 32),
    ("合同、文件", 30),
    ("乡镇", 12),
    ("村", 16),
    ("组", 6),
    ("户编号", 9),
    ("当事人", 20),
    ("联户责任人", 12),
    ("开始", 12),
    ("到期", 12),
    ("状态", 16),
)
MOST_ROWS = 1_000_000  # of a sheet; what is more goes on in the next
FIRST_ROW = 2


def write_matches(
    path: Path, found: Iterable[Standing | ShelfPaper], names: Names, typed: str, day: date
) -> int:
    """Write the list; how many contracts it has. Raises OSError where it cannot be written."""
    title = f"合同查找结果（{typed}，{day}）" if typed else f"合同清单（{day}）"
    count = 0
    with new_workbook(path, title, day) as book:
        rows = _sheet(book, title, 1)
        for count, one in enumerate(found, 1):
            if count > 1 and count % MOST_ROWS == 1:
                rows = _sheet(book, title, count // MOST_ROWS + 1)
            rows.write(FIRST_ROW + (count - 1) % MOST_ROWS, _values(count, one, names))
    return count


def _sheet(book: xlsxwriter.Workbook, title: str, page: int) -> Rows:
    sheet = list_sheet(book, "查找结果" if page == 1 else f"查找结果（{page}）", title, COLUMNS)
    cell, day = book.add_format(GRID), book.add_format(GRID | {"num_format": "yyyy-mm-dd"})
    return Rows(sheet, [day if label in ("开始", "到期") else cell for label, _ in COLUMNS])


def _values(place: int, one: Standing | ShelfPaper, names: Names) -> list[str | int | date | None]:
    number: str = one.number
    title: str = names.title(one.template)
    starts: str | date = one.day if isinstance(one, ShelfPaper) else one.starts
    if isinstance(one, ShelfPaper):
        number, title = f"手工归档 {one.paper} 号", f"{one.kind}：{one.title}"
    return [
        place,
        number,
        title,
        names.divisions.get(one.village[:TOWN_DIGITS], ""),
        names.divisions.get(one.village, one.village),
        one.group or None,
        one.household,
        one.party,
        one.responsible,
        starts,
        one.ends,
        one.words,
    ]
