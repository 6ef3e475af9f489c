"""What ledgers share: a ledger as a file of tables, archival numbers in columns, who came by which town."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, select

from archive.audit.contracts import read
from archive.catalogue.shelf_tables import archival_number
from archive.listing import Table
from archive.numbers import TOWN_DIGITS


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook to be: its file's name without ending, and its tables."""

    name: str
    tables: Sequence[Table]


def by_town(frame: pl.DataFrame, divisions: Mapping[str, str]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows by the town of their village, in the order of codes, with the town's name."""
    codes = pl.col("village").cast(pl.String).str.slice(0, TOWN_DIGITS).alias("town_code")
    parts = frame.with_columns(codes).partition_by("town_code", as_dict=True)
    for (code,), part in sorted(parts.items()):
        yield divisions.get(str(code), str(code)), part.drop("town_code")


def archival_numbers(connection: Connection, *, of: str) -> pl.DataFrame:
    """The archival numbers of contracts (of "contract") or papers filed by hand ("paper"): number, archival."""
    table = archival_number
    query = select(table.c[of].label("number"), table.c.series, table.c.item).where(table.c[of].is_not(None))
    item = pl.col("item").cast(pl.String).str.zfill(4)
    return read(connection, query).select("number", pl.format("{}-{}", "series", item).alias("archival"))
