"""合同签订台账: the batch's contracts as a workbook, to be ticked off by hand when they come back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from archive.workbook import GRID, list_sheet, new_workbook
from pipeline.people import mask_id

COLUMNS = (
    ("序号", 6),
    ("合同编号", 31),
    ("合同名称", 26),
    ("组", 5),
    ("户编号", 9),
    ("当事人", 18),
    ("证件号码", 21),
    ("包组干部", 12),
    ("联户责任人", 12),
    ("起始日期", 12),
    ("截止日期", 12),
    ("页数", 6),
    ("打印页码", 9),
    ("签订日期", 12),
    ("收回日期", 12),
    ("备注", 16),
)


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


def write_ledger(path: Path, title: str, day: date, rows: Iterable[LedgerRow]) -> None:
    """Write the ledger. Raises OSError where it cannot be written."""
    with new_workbook(path, title, day) as book:
        sheet = list_sheet(book, "台账", title, COLUMNS)
        cell, days = book.add_format(GRID), book.add_format(GRID | {"num_format": "yyyy-mm-dd"})
        line = 1
        for line, row in enumerate(rows, 2):
            names = "、".join(name for name, _ in row.parties)
            numbers = "、".join(mask_id(number) for _, number in row.parties)
            sheet.write_number(line, 0, line - 1, cell)
            for column, text in enumerate((row.number, row.title), 1):
                sheet.write_string(line, column, text, cell)
            sheet.write_number(line, 3, row.group, cell)
            for column, text in enumerate((row.household, names, numbers, row.in_group, row.responsible), 4):
                sheet.write_string(line, column, text, cell)
            sheet.write_datetime(line, 9, datetime(row.starts.year, row.starts.month, row.starts.day), days)
            if row.ends is None:
                sheet.write_string(line, 10, "长期", cell)
            else:
                sheet.write_datetime(line, 10, datetime(row.ends.year, row.ends.month, row.ends.day), days)
            sheet.write_number(line, 11, row.sheets, cell)
            sheet.write_number(line, 12, row.first_page, cell)
            for column in (13, 14, 15):
                sheet.write_blank(line, column, None, cell)
        sheet.autofilter(1, 0, max(line, 1), len(COLUMNS) - 1)
