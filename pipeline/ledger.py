"""合同签订台账: the batch's contracts as a workbook, to be ticked off by hand when they come back.

Its second sheet, 责任人工作单, is the same by responsible person: a page or more for each to carry along.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import xlsxwriter

from archive.workbook import GRID, list_sheet, new_workbook
from archive.workbook_rows import Rows
from pipeline.people import mask_id

TICK = "□"
NOBODY = "未登记"
BLANK = "空白合同（现场填写）"
COLUMNS = (  # no wider than they must be: a line goes on A4 lying
    ("序号", 5),
    ("合同编号", 30),
    ("合同名称", 23),
    ("组", 4),
    ("户编号", 8),
    ("当事人", 13),
    ("证件号码", 20),
    ("包组干部", 9),
    ("联户责任人", 10),
    ("起始日期", 11),
    ("截止日期", 11),
    ("页数", 5),
    ("打印页码", 6),
    ("收回", 5),
    ("签订日期", 10),
    ("收回日期", 10),
    ("备注", 11),
)
WORK_COLUMNS = (
    ("组", 5),
    ("户编号", 9),
    ("当事人", 18),
    ("合同名称", 26),
    ("合同编号", 31),
    ("页数", 6),
    ("已送", 6),
    ("已签", 6),
    ("收回", 6),
    ("联户责任人", 12),
)
CENTRE: dict[str, object] = {"align": "center"}
SHRUNK: dict[str, object] = {"shrink": True}  # two long names are small rather than cut
WORK_HEIGHT = 20  # points: room for a finger and a pen


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One contract of a batch; `first_page` is the page of print.pdf it begins on, `in_group` who has its group."""

    number: str
    title: str
    group: int
    household: str
    parties: tuple[tuple[str, str], ...]
    in_group: str
    responsible: str
    starts: date
    ends: date | None
    sheets: int
    first_page: int
    blank: bool = False

    @property
    def names(self) -> str:
        """Who signs, "" while nobody has signed a blank one."""
        return "、".join(name for name, _ in self.parties if name)


def write_ledger(path: Path, title: str, day: date, rows: Iterable[LedgerRow]) -> None:
    """Write the ledger. Raises OSError where it cannot be written."""
    listed = list(rows)
    with new_workbook(path, title, day) as book:
        _write_list(book, title, listed)
        _write_work(book, title, listed)


def _write_list(book: xlsxwriter.Workbook, title: str, rows: Sequence[LedgerRow]) -> None:
    sheet = list_sheet(book, "台账", title, COLUMNS)
    cell, days, tick, whole = (
        book.add_format(GRID | more) for more in ({}, {"num_format": "yyyy-mm-dd"}, CENTRE, SHRUNK)
    )
    formats = {"起始日期": days, "截止日期": days, "收回": tick}
    formats |= dict.fromkeys(("当事人", "证件号码", "包组干部", "联户责任人"), whole)
    written = Rows(sheet, [formats.get(label, cell) for label, _ in COLUMNS])
    line = 1
    for line, row in enumerate(rows, 2):
        numbers = "、".join(mask_id(number) for _, number in row.parties if number)
        paper = (row.starts, row.ends or "长期", row.sheets, row.first_page, TICK)
        who = (row.household, row.names, numbers, row.in_group, row.responsible)
        by_hand = (None, None, "空白合同" if row.blank else None)
        written.write(line, (line - 1, row.number, row.title, row.group or None, *who, *paper, *by_hand))
    sheet.autofilter(1, 0, max(line, 1), len(COLUMNS) - 1)


def _write_work(book: xlsxwriter.Workbook, title: str, rows: Sequence[LedgerRow]) -> None:
    """A block of rows for each responsible person, on pages of their own; blank contracts at the end."""
    sheet = list_sheet(book, "责任人工作单", f"{title}　责任人工作单", WORK_COLUMNS)
    blocks: dict[str, list[LedgerRow]] = {}
    for row in sorted(rows, key=lambda row: row.blank):
        heading = BLANK if row.blank else f"联户责任人：{row.responsible or NOBODY}"
        blocks.setdefault(heading, []).append(row)
    name = book.add_format({"bold": True, "font_name": "黑体", "font_size": 12, "valign": "vcenter"})
    cell, centred, whole = (book.add_format(GRID | more) for more in ({}, CENTRE, SHRUNK))
    formats = {"户编号": cell, "当事人": whole, "合同名称": cell, "合同编号": cell, "联户责任人": whole}
    headings = Rows(sheet, [name], WORK_HEIGHT)
    written = Rows(sheet, [formats.get(label, centred) for label, _ in WORK_COLUMNS], WORK_HEIGHT)
    line, breaks = 2, []
    for heading, found in blocks.items():
        breaks.append(line)
        headings.write(line, [f"{heading}　{len(found)} 份"])
        for row in found:
            line += 1
            who = (row.group or None, row.household, row.names)
            written.write(line, (*who, row.title, row.number, row.sheets, TICK, TICK, TICK, row.responsible))
        line += 1
    sheet.set_h_pagebreaks(breaks[1:])
