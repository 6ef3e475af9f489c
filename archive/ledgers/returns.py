"""回收登记表: per village and batch, what was printed and came back; by whom it was taken in, and when. Counts only."""

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Connection, select

from archive.audit.contracts import read
from archive.catalogue import tables
from archive.ledgers.book import Book
from archive.listing import Column, Table, village_name
from archive.search_names import Names
from archive.states import State

NAME = "回收登记表"
BATCH = (Column("village_name", "村", 24), Column("campaign", "批次", 14))
SUMS = (
    *BATCH,
    Column("printed_on", "打印日期", 12),
    Column("printed", "已打印", 9),
    Column("back", "收回", 9),
    Column("whole", "收齐", 9),
    Column("declined", "未签（自愿）", 9),
    Column("closed", "作废、终止未收", 9),
    Column("out", "没有收回", 9),
    Column("blank", "空白合同", 9),
)
DAYS = (
    *BATCH,
    Column("first_filed_on", "收回日期", 12),
    Column("user", "收件人", 12),
    Column("count", "收回（份）", 10),
    Column("", "移交人签名", 16),
    Column("", "备注", 20),
)


def returns(connection: Connection, frame: pl.DataFrame, on: str, names: Names) -> Iterator[Book]:
    """The register as of a date (ISO); `frame` are the contracts as they stand on it."""
    back = pl.col("filed_sheets") > 0
    printed = frame.filter(pl.col("printed_on").is_not_null() | back).with_columns(
        pl.col("village").cast(pl.String)
    )
    state, named = pl.col("state"), ~pl.col("blank")
    declined = named & ~back & (state == str(State.DECLINED))
    closed = named & ~back & state.is_in([str(State.VOID), str(State.ENDED), str(State.SUPERSEDED)])
    counts = {
        "printed": pl.len(),
        "back": back.sum(),
        "whole": (back & pl.col("complete_on").is_not_null()).sum(),
        "declined": declined.sum(),
        "closed": closed.sum(),
        "out": (named & ~back & ~declined & ~closed).sum(),
        "blank": (pl.col("blank") & ~back).sum(),
    }
    keys = ("village", "campaign_day", "campaign")
    sums = printed.group_by(keys).agg(pl.min("printed_on"), **counts).sort(keys)
    filing = tables.filing
    query = select(filing.c.contract.label("number"), filing.c.user).where(
        filing.c.version == 1, filing.c.filed_on <= on
    )
    days = (
        printed.filter(back)
        .join(read(connection, query), on="number")
        .group_by(*keys, "first_filed_on", "user")
        .agg(pl.len().alias("count"))
        .sort(*keys, "first_filed_on", "user")
    )
    called = village_name(frame, names)
    title = f"合同{NAME}（{on}）"
    yield Book(
        f"{NAME}-{on}",
        [
            Table("各批", title, SUMS, sums.with_columns(called)),
            Table("收回登记", f"{title}：逐日", DAYS, days.with_columns(called)),
        ],
    )
