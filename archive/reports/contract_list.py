"""The list of the contracts behind a figure, as a workbook."""

from datetime import date
from pathlib import Path

import polars as pl

from archive.listing import CONTRACT, NUMBER, PLACE, Column, Table, described, write_book
from archive.search_names import Names

PARTY, TITLE, RESPONSIBLE = (one for one in CONTRACT if one is not NUMBER)
COLUMNS = (
    NUMBER,
    TITLE,
    *PLACE,
    PARTY,
    RESPONSIBLE,
    Column("state_name", "状态", 16),
    Column("filed_on", "归档日期", 12),
    Column("complete_on", "收齐日期", 12),
    Column("ends", "期限到", 12),
)


def write_contract_list(path: Path, title: str, contracts: pl.DataFrame, names: Names, day: date) -> None:
    """Write contracts (as archive.audit.contracts gives them), a row each. Raises OSError."""
    write_book(path, [Table("合同", title, COLUMNS, described(contracts, names))], day)
