"""户卡: a page a household, with all its papers: contracts as they stand on a date, papers filed by hand."""

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Connection, select

from archive.audit.contracts import day_of, read
from archive.catalogue import tables
from archive.catalogue.shelf_tables import paper
from archive.ledgers.book import Book, archival_numbers, by_town
from archive.listing import GROUP, PLACE, Column, Table, described, place_order, village_name
from archive.retention import destroyed_papers
from archive.search_names import Names
from archive.states import State, newest_paper

NAME = "户卡"
COLUMNS = (
    Column("title", "合同、材料", 26),
    Column("number", "编号", 31),
    Column("party", "当事人", 16),
    Column("starts", "期限起", 11),
    Column("ends", "期限止", 11),
    Column("filed_on", "归档日期", 11),
    Column("state_name", "状态", 14),
    Column("archival", "档号", 29),
)
HOME = ("village", "village_name", "group", "household")
SHAPE = (*HOME, *(one.key for one in COLUMNS))
LEFT_OUT = (State.VOID, State.DECLINED)


def papers_of_households(connection: Connection, frame: pl.DataFrame, on: str, names: Names) -> pl.DataFrame:
    """The papers of households, a row each, in order; `frame` are the contracts as they stand on a date (ISO)."""
    kept = frame.filter(
        ~pl.col("state").is_in([str(one) for one in LEFT_OUT]),
        pl.col("destroyed_on").is_null(),
        pl.col("household") != "",
    )
    numbers = archival_numbers(connection, of="contract")
    contracts = described(kept, names).join(numbers, on="number", how="left")
    rows = [contracts.with_columns(pl.col("village").cast(pl.String)).select(SHAPE)]
    rows.append(_by_hand(connection, on, names))
    return pl.concat(rows, how="vertical_relaxed").sort(place_order())


def cards(rows: pl.DataFrame, on: str, names: Names) -> Iterator[Book]:
    """A workbook a town, of the rows of `papers_of_households`."""
    for town, part in by_town(rows, names.divisions):
        title = f"{town}{NAME}（{on}）"
        yield Book(f"{NAME}-{on}-{town}", [Table(NAME, title, (*PLACE, *COLUMNS), part)])


def card_pages(rows: pl.DataFrame, heads: pl.DataFrame, on: str) -> Iterator[Table]:
    """A table a household, to be printed on a page of its own."""
    named = rows.join(
        heads, on=["village", "group", "household"], how="left", nulls_equal=True, maintain_order="left"
    )
    for part in named.partition_by("village", "group", "household", maintain_order=True):
        one = part.row(0, named=True)
        said = [one["village_name"], f"{one['group']} 组" if one["group"] else "", f"{one['household']} 户"]
        said += [f"户主 {one['head']}"] if one["head"] else []
        under = "，".join(text for text in [*said, f"{part.height} 份"] if text)
        yield Table(NAME, f"{NAME}（{on}）", COLUMNS, part, under)


def heads(connection: Connection, on: str) -> pl.DataFrame:
    """The heads of households as each village's newest roster of a date has them."""
    household, roster = tables.household, tables.roster_import
    query = (
        select(
            household.c.village_code.label("village"),
            household.c.group_no.label("group"),
            household.c.number.label("household"),
            household.c.head,
            household.c.import_id,
        )
        .join(roster, roster.c.id == household.c.import_id)
        .where(roster.c.imported_on <= on, roster.c.undone_on.is_(None))
    )
    rows = read(connection, query).sort("import_id")
    places = ["village", "group", "household"]
    return rows.with_columns(GROUP).unique(places, keep="last", maintain_order=True).drop("import_id")


def _by_hand(connection: Connection, on: str, names: Names) -> pl.DataFrame:
    """The papers filed by hand that belong to a household."""
    query = select(
        paper.c.division.label("village"),
        paper.c.group_no.label("group"),
        paper.c.household_number.label("household"),
        paper.c.title,
        paper.c.number.label("paper"),
        paper.c.party,
        paper.c.ends,
        paper.c.filed_on,
    ).where(newest_paper(on), paper.c.household_number != "")
    gone = [number for number, day in destroyed_papers(connection).items() if day <= on]
    rows = read(connection, query).filter(~pl.col("paper").is_in(gone))
    archival = archival_numbers(connection, of="paper")
    return (
        rows.join(archival, left_on="paper", right_on="number", how="left")
        .with_columns(
            village_name(rows, names),
            pl.format("手工归档 {} 号", "paper").alias("number"),
            pl.lit(None, pl.Date).alias("starts"),
            day_of("ends"),
            day_of("filed_on"),
            pl.lit("已归档").alias("state_name"),
            GROUP,
        )
        .select(SHAPE)
    )
