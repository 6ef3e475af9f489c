"""Lists of contracts as tables: what stands in their columns, and a workbook of them, streamed row by row."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format

from archive.search_names import Names
from archive.states import CHINESE as STATES
from archive.states import State
from archive.workbook import GRID, list_sheet, new_workbook
from archive.workbook_rows import Rows, Value

A_SHEET = 1_000_000  # rows; a sheet of a workbook has 1,048,576
WIDEST, A3 = 190, 8  # characters on A4, across; what a wider table is printed on
PART = 5_000  # rows that are Python objects at a time


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the frame's column that it shows, its label, its width in characters of a workbook.

    Without a `key` it is filled in by hand: where it is a `box`, ticked on paper.
    """

    key: str
    label: str
    width: int
    box: bool = False


# What lists say of a contract.
NUMBER = Column("number", "合同编号", 31)
PLACE = (Column("village_name", "村", 20), Column("group", "组", 5), Column("household", "户编号", 9))
CONTRACT = (
    Column("party", "当事人", 16),
    Column("title", "合同名称", 26),
    NUMBER,
    Column("responsible", "联户责任人", 11),
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title; `under` is said below it in print. A sheet of a workbook, or pages of their own."""

    name: str
    title: str
    columns: Sequence[Column]
    frame: pl.DataFrame
    under: str = ""

    def rows(self, box: str | None = None) -> Iterator[tuple[Value, ...]]:
        """The rows as the columns show them, `box` where something is ticked."""
        shown = [
            pl.col(one.key) if one.key else pl.lit(box if one.box else None).alias(f"\0{at}")
            for at, one in enumerate(self.columns)
        ]
        for part in self.frame.iter_slices(PART):
            yield from part.select(shown).iter_rows()


# A group that is 0 is none.
GROUP = pl.when(pl.col("group") != 0).then(pl.col("group")).alias("group")


def village_name(frame: pl.DataFrame, names: Names) -> pl.Expr:
    """What the villages of these rows are called: village_name."""
    codes = frame["village"].unique().cast(pl.String).to_list()
    called = {code: names.village(code) for code in codes}
    return pl.col("village").cast(pl.String).replace(called).alias("village_name")


def described(frame: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Contracts with what their codes are called: title, village_name, state_name; a group that is 0 is none."""
    states = {str(one): STATES[one] for one in State}
    return frame.with_columns(
        pl.col("template").cast(pl.String).replace(names.titles).alias("title"),
        village_name(frame, names),
        pl.col("state").cast(pl.String).replace(states).alias("state_name"),
        pl.col("responsible").cast(pl.String),
        GROUP,
    )


def place_order() -> list[pl.Expr]:
    """Village, group, household (by the number that it begins with, those without one last), contract number."""
    leading = pl.col("household").str.extract(r"^(\d{1,15})").cast(pl.Int64).fill_null(10**15)
    return [
        pl.col("village").cast(pl.String),
        pl.col("group").fill_null(0),
        leading,
        pl.col("household"),
        pl.col("number"),
    ]


def write_book(
    path: Path, tables: Sequence[Table], day: date, done: Callable[[int], None] = lambda _: None
) -> None:
    """Write a workbook of a sheet or more for each table; `done` takes how many rows are written. Raises OSError."""
    with new_workbook(path, tables[0].title, day) as book:
        formats = _Formats(book)
        for table in tables:
            for start in range(0, max(table.frame.height, 1), A_SHEET):
                name = table.name if not start else f"{table.name} {start // A_SHEET + 1}"
                part = replace(table, name=name, frame=table.frame.slice(start, A_SHEET))
                _sheet(book, formats, part, start, done)


class _Formats:
    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.text = book.add_format(GRID | {"text_wrap": True})
        self.number = book.add_format(GRID | {"align": "center"})
        self.day = book.add_format(GRID | {"align": "center", "num_format": "yyyy-mm-dd"})
        self.to_fill = book.add_format(GRID | {"bg_color": "#FFF2CC", "num_format": "yyyy-mm-dd"})

    def of(self, dtype: pl.DataType) -> Format:
        if dtype == pl.Date:
            return self.day
        return self.number if dtype.is_integer() else self.text


def _sheet(
    book: xlsxwriter.Workbook, formats: _Formats, table: Table, start: int, done: Callable[[int], None]
) -> None:
    sheet = list_sheet(
        book, table.name, table.title, [("序号", 7), *((one.label, one.width) for one in table.columns)]
    )
    if sum(one.width for one in table.columns) > WIDEST:
        sheet.set_paper(A3)
    schema = table.frame.schema
    shown = [formats.of(schema[one.key]) if one.key else formats.to_fill for one in table.columns]
    rows = Rows(sheet, [formats.number, *shown])
    line = 1
    for line, values in enumerate(table.rows(), 2):
        rows.write(line, (start + line - 1, *values))
        if line % PART == 0:
            done(PART)
    done(table.frame.height % PART)
    sheet.autofilter(1, 0, max(line, 1), len(table.columns))
