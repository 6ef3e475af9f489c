"""The list of the contracts behind a figure, as a workbook."""

from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from archive.search_names import Names
from archive.states import CHINESE as STATES
from archive.states import State
from archive.workbook import GRID, list_sheet, new_workbook
from archive.workbook_rows import Rows

COLUMNS = (
    ("序号", 6),
    ("合同编号", 31),
    ("合同名称", 26),
    ("村", 24),
    ("组", 5),
    ("户编号", 9),
    ("当事人", 18),
    ("联户责任人", 12),
    ("状态", 16),
    ("归档日期", 12),
    ("收齐日期", 12),
    ("期限到", 12),
)


def write_contract_list(path: Path, title: str, contracts: pl.DataFrame, names: Names, day: date) -> None:
    """Write contracts (as archive.audit.contracts gives them), a row each. Raises OSError."""
    with new_workbook(path, title, day) as book:
        sheet = list_sheet(book, "合同", title, COLUMNS)
        cell = book.add_format(GRID)
        dates = book.add_format(GRID | {"num_format": "yyyy-mm-dd"})
        rows = Rows(sheet, [cell] * 9 + [dates] * 3)
        titles, villages = cache(names.title), cache(names.village)
        columns = "number template village group household party responsible state filed_on complete_on ends"
        line = 1
        for line, one in enumerate(contracts.select(columns.split()).iter_rows(), 2):
            number, template, village, group, household, party, responsible, state, *days = one
            who = (household, party, responsible, STATES[State(state)])
            rows.write(
                line, (line - 1, number, titles(template), villages(village), group or None, *who, *days)
            )
        sheet.autofilter(1, 0, max(line, 1), len(COLUMNS) - 1)
