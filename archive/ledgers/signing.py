"""签订台账: every contract of a year, a file a town. Who declined is only in its sums."""

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Connection

from archive.ledgers.book import Book, archival_numbers, by_town
from archive.listing import CONTRACT, PLACE, Column, Table, described, place_order
from archive.search_names import Names
from archive.states import State

NAME = "签订台账"
COLUMNS = (
    *PLACE,
    *CONTRACT,
    Column("campaign", "批次", 10),
    Column("starts", "期限起", 11),
    Column("ends", "期限止", 11),
    Column("planned_on", "安排", 11),
    Column("printed_on", "打印", 11),
    Column("first_filed_on", "归档", 11),
    Column("complete_on", "收齐", 11),
    Column("state_name", "状态", 14),
    Column("archival", "档号", 28),
)
SUMS = (
    Column("village_name", "村", 22),
    Column("title", "合同名称", 26),
    Column("all", "安排", 8),
    Column("printed", "打印", 8),
    Column("filed", "归档", 8),
    Column("complete", "收齐", 8),
    Column("declined", "未签（自愿）", 9),
    Column("void", "作废", 8),
)


def signing(connection: Connection, frame: pl.DataFrame, year: int, names: Names) -> Iterator[Book]:
    """The ledger of the contracts of a year's campaigns; `frame` are contracts as they stand on a date."""
    of_year = frame.filter(pl.col("campaign_day").dt.year() == year)
    whole = described(of_year, names).join(
        archival_numbers(connection, of="contract"), on="number", how="left"
    )
    state = pl.col("state")
    declined = state == str(State.DECLINED)
    sums = {
        "all": pl.len(),
        "printed": pl.col("printed_on").is_not_null().sum(),
        "filed": (pl.col("filed_sheets") > 0).sum(),
        "complete": ((pl.col("filed_sheets") > 0) & pl.col("complete_on").is_not_null()).sum(),
        "declined": declined.sum(),
        "void": (state == str(State.VOID)).sum(),
    }
    for town, part in by_town(whole, names.divisions):
        rows = part.filter(~declined).sort(place_order())
        counted = part.group_by(pl.col("village").cast(pl.String), "village_name", "title").agg(**sums)
        title = f"{town}{year} 年合同{NAME}"
        yield Book(
            f"{NAME}-{year}-{town}",
            [
                Table(NAME, f"{title}（{rows.height} 份；未签的只计总数，见汇总）", COLUMNS, rows),
                Table("汇总", f"{title}：汇总", SUMS, counted.sort("village", "title")),
            ],
        )
