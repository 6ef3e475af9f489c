"""入退档登记: what came into the archive in a year and what left it, and whether in time (15 days)."""

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Connection, Select, select

from archive.audit.classes import FILING_DAYS
from archive.audit.contracts import day_of, read
from archive.catalogue import tables
from archive.catalogue.shelf_tables import disposal, disposal_item, paper
from archive.ledgers.book import Book
from archive.listing import GROUP, Column, Table, village_name
from archive.search_names import Names
from archive.states import State, closing_holds

NAME = "入退档登记"
COLUMNS = (
    Column("day", "登记日期", 11),
    Column("way", "入退", 7),
    Column("why", "事由", 10),
    Column("since", "发生日期", 11),
    Column("limit", "期限", 11),
    Column("late", "超期（天）", 8),
    Column("number", "编号", 31),
    Column("title", "名称", 26),
    Column("village_name", "村", 20),
    Column("group", "组", 5),
    Column("household", "户编号", 9),
    Column("party", "当事人", 16),
    Column("user", "经办人", 10),
)
SUMS = (
    Column("village_name", "村", 22),
    Column("way", "入退", 7),
    Column("why", "事由", 10),
    Column("count", "份数", 8),
    Column("late", "其中超期", 9),
)
SHAPE = [one.key for one in COLUMNS] + ["village"]
IN, OUT = "入档", "退档"


def transfers(
    connection: Connection, frame: pl.DataFrame, within: pl.Expr, year: int, on: str, names: Names
) -> Iterator[Book]:
    """The register of a year as of a date (ISO), of villages that `within` lets through.

    `frame` are the contracts as they stand on the date.
    """
    listed = frame.filter(pl.col("state") != str(State.DECLINED)).with_columns(
        pl.col("template", "village").cast(pl.String)
    )
    contracts = pl.concat([_filed(connection, listed, on), _left(connection, listed, on)])
    rows = pl.concat(
        [
            contracts.with_columns(pl.col("template").replace(names.titles).alias("title")).drop("template"),
            _by_hand(connection, on),
        ],
        how="diagonal_relaxed",
    ).filter(pl.col("day").dt.year() == year, within)
    late = (pl.col("day") - pl.col("limit")).dt.total_days()
    rows = rows.with_columns(
        village_name(rows, names),
        pl.when(late > 0).then(late).alias("late"),
        GROUP,
    ).select(SHAPE)
    sums = rows.group_by("village", "village_name", "way", "why").agg(
        pl.len().alias("count"), pl.col("late").is_not_null().sum()
    )
    title = f"{year} 年合同档案{NAME}（入档：批次归档期限；退档：迁出后 {FILING_DAYS} 天）"
    yield Book(
        f"{NAME}-{year}",
        [
            Table(NAME, title, COLUMNS, rows.sort("day", "way", "number")),
            Table("汇总", f"{year} 年{NAME}：汇总", SUMS, sums.sort("village", "way", "why")),
        ],
    )


ABOUT = ("number", "template", "village", "group", "household", "party")


def _filed(connection: Connection, listed: pl.DataFrame, on: str) -> pl.DataFrame:
    filing = tables.filing
    query = select(filing.c.contract.label("number"), filing.c.user).where(
        filing.c.version == 1, filing.c.filed_on <= on
    )
    rows = listed.filter(pl.col("first_filed_on").is_not_null()).join(read(connection, query), on="number")
    day = pl.col("first_filed_on")
    return rows.select(*ABOUT, "user", *_event(IN, "收件归档", day, day, pl.col("deadline")))


def _left(connection: Connection, listed: pl.DataFrame, on: str) -> pl.DataFrame:
    """Contracts whose party moved away, and those whose papers were destroyed."""
    closing, item = tables.closing, disposal_item
    moved = select(
        closing.c.contract.label("number"), closing.c.day, closing.c.recorded_on, closing.c.user
    ).where(closing.c.kind == "moved", closing_holds(closing, on))
    gone = (
        select(item.c.contract.label("number"), disposal.c.destroyed_on, disposal.c.decided_by.label("user"))
        .join(disposal, disposal.c.id == item.c.disposal_id)
        .where(item.c.contract.is_not(None), disposal.c.destroyed_on <= on)
    )
    limit = day_of("day") + pl.duration(days=FILING_DAYS)
    left = read(connection, moved).select(
        "number", "user", *_event(OUT, "迁出", day_of("recorded_on"), day_of("day"), limit)
    )
    day = day_of("destroyed_on")
    destroyed = read(connection, gone).select(
        "number", "user", *_event(OUT, "鉴定销毁", day, day, pl.lit(None, pl.Date))
    )
    return pl.concat([left, destroyed]).join(listed.select(ABOUT), on="number").select(*ABOUT, "user", *EVENT)


EVENT = ("way", "why", "day", "since", "limit")


def _event(way: str, why: str, day: pl.Expr, since: pl.Expr, limit: pl.Expr) -> list[pl.Expr]:
    values = pl.lit(way), pl.lit(why), day, since, limit
    return [one.alias(name) for name, one in zip(EVENT, values, strict=True)]


def _by_hand(connection: Connection, on: str) -> pl.DataFrame:
    """Papers filed by hand, and those of them that were destroyed."""
    about = (
        paper.c.number,
        paper.c.title,
        paper.c.division.label("village"),
        paper.c.group_no.label("group"),
        paper.c.household_number.label("household"),
        paper.c.party,
    )
    added = select(*about, paper.c.user, paper.c.filed_on.label("on")).where(
        paper.c.version == 1, paper.c.filed_on <= on
    )
    gone: Select[tuple[object, ...]] = (
        select(*about, disposal.c.decided_by.label("user"), disposal.c.destroyed_on.label("on"))
        .join(disposal_item, disposal_item.c.paper == paper.c.number)
        .join(disposal, disposal.c.id == disposal_item.c.disposal_id)
        .where(paper.c.version == 1, disposal.c.destroyed_on <= on)
    )
    parts = []
    for query, way, why in ((added, IN, "手工归档"), (gone, OUT, "鉴定销毁")):
        day = day_of("on")
        rows = read(connection, query)
        event = _event(way, why, day, day, pl.lit(None, pl.Date))
        number = pl.format("手工归档 {} 号", "number").alias("number")
        parts.append(rows.with_columns(event).with_columns(number).drop("on"))
    return pl.concat(parts)
