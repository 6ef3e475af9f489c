"""What is due on which day of a year: campaigns, filing, terms that end, checks, promises. Counts only, no persons."""

from calendar import monthrange
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl
from sqlalchemy import Connection, select

from archive.audit.classes import deadline_of
from archive.audit.contracts import contracts
from archive.catalogue import tables
from archive.promises import promises
from archive.states import HELD


class Due(StrEnum):
    """What kind of thing is due."""

    CAMPAIGN = "campaign"
    CLOSE = "campaign_close"
    FILING = "filing_deadline"
    TERM = "term_end"
    SPOT = "spot_check"
    HALF = "half_year_audit"
    YEAR = "year_end_audit"
    PROMISE = "promise"


@dataclass(frozen=True, slots=True)
class DueDay:
    """Something due on a day; `what` names it among those of its kind, `count` is of contracts or promises, else 0."""

    day: date
    kind: Due
    what: str
    title: str
    count: int = 0


def due_days(
    connection: Connection,
    year: int,
    today: date,
    titles: Mapping[str, str],
    villages: Collection[str] | None = None,
) -> list[DueDay]:
    """All that is due in a year as far as is known today, in order; `titles` are templates' by name.

    Contracts and promises are counted of `villages` alone, if given.
    """
    frame = contracts(connection, today)
    if villages is not None:
        frame = frame.filter(pl.col("village").cast(pl.String).is_in(sorted(villages)))
    found = [
        *_campaigns(connection),
        *_checks(year),
        *_terms(frame, titles),
        *_promises(connection, frame, year, today),
    ]
    order = list(Due)
    return sorted(
        (one for one in found if one.day.year == year),
        key=lambda one: (one.day, order.index(one.kind), one.what),
    )


def _campaigns(connection: Connection) -> Iterator[DueDay]:
    campaign = tables.campaign
    for row in connection.execute(select(campaign.c.name, campaign.c.date, campaign.c.closes)):
        closes = date.fromisoformat(row.closes)
        yield DueDay(date.fromisoformat(row.date), Due.CAMPAIGN, row.name, f"签约批次“{row.name}”开始")
        yield DueDay(closes, Due.CLOSE, row.name, f"签约批次“{row.name}”截止")
        yield DueDay(deadline_of(closes), Due.FILING, row.name, f"签约批次“{row.name}”归档期限")


def _checks(year: int) -> Iterator[DueDay]:
    """The last day for what offices do every quarter, half-year and year."""
    for quarter in range(1, 5):
        last = date(year, 3 * quarter, monthrange(year, 3 * quarter)[1])
        yield DueDay(last, Due.SPOT, f"{quarter}", f"第{'一二三四'[quarter - 1]}季度不打招呼抽查，最迟这一天")
    yield DueDay(date(year, 6, 30), Due.HALF, "", "半年检查")
    yield DueDay(date(year, 12, 31), Due.YEAR, "", "年终检查")


def _terms(frame: pl.DataFrame, titles: Mapping[str, str]) -> Iterator[DueDay]:
    held = frame.filter(pl.col("state").is_in([str(one) for one in HELD]), pl.col("ends").is_not_null())
    counts = held.group_by("ends", pl.col("template").cast(pl.String)).len()
    for day, template, count in counts.iter_rows():
        yield DueDay(day, Due.TERM, template, f"期满：{titles.get(template, template)} {count} 份", count)


def _promises(connection: Connection, frame: pl.DataFrame, year: int, today: date) -> Iterator[DueDay]:
    """What is to be kept and has not been."""
    owed = promises(connection, frame, today, date(year, 12, 31) - today).filter(pl.col("status") != "done")
    for day, label, count in owed.group_by("due", "label").len().iter_rows():
        yield DueDay(day, Due.PROMISE, label, f"兑现：{label} {count} 项", count)
