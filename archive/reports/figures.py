"""The figures of a date: counts of contracts and the rates made of them, each defined once.

Every form of a report, and the list behind a figure, comes from `marked`. Signing is voluntary: who was offered a
contract and declined is in no denominator and in no list, only in a total of its own (never by group, where a group
is so small that it would point at somebody).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from archive.states import HELD, State


class Count(StrEnum):
    """What is counted, in contracts."""

    DUE = "due"
    PRINTED = "printed"
    FILED = "filed"
    COMPLETE = "complete"
    IN_TIME = "in_time"
    TERMED = "termed"
    LAPSED = "lapsed"
    DECLINED = "declined"


COUNTS = {
    Count.DUE: "应签",
    Count.PRINTED: "已打印",
    Count.FILED: "回收",
    Count.COMPLETE: "收齐",
    Count.IN_TIME: "及时",
    Count.TERMED: "有期限",
    Count.LAPSED: "到期",
    Count.DECLINED: "未签（自愿）",
}
LISTED = tuple(one for one in Count if one is not Count.DECLINED)  # the counts that have a list


class Rate(StrEnum):
    """The rates."""

    SIGNED = "signed"
    RETURNED = "returned"
    IN_TIME = "in_time"
    WHOLE = "whole"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a rate is called, what is divided by what, and both in words."""

    name: str
    numerator: Count
    denominator: Count
    words: str

    @property
    def short(self) -> str:
        """Its name where there is little room: 签订率."""
        return self.name[-3:]


DEFINITIONS = {
    Rate.SIGNED: Definition(
        "合同签订率",
        Count.COMPLETE,
        Count.DUE,
        "合同签订率＝收齐的份数÷应签的份数。收齐：页数齐全，必须的签名、盖章、日期都有。应签：本年各批次安排的合同，"
        "不算未签（自愿）的、作废的、还没有归档就终止或被下一份代替的，以及没有登记是谁签的空白合同。",
    ),
    Rate.RETURNED: Definition(
        "回收率",
        Count.FILED,
        Count.PRINTED,
        "回收率＝至少归了一页的份数÷应签里已打印的份数。",
    ),
    Rate.IN_TIME: Definition(
        "归档及时率",
        Count.IN_TIME,
        Count.COMPLETE,
        "归档及时率＝归档期限（批次截止日后15天）内收齐的份数÷应签里收齐的份数。",
    ),
    Rate.WHOLE: Definition(
        "完整率",
        Count.COMPLETE,
        Count.FILED,
        "完整率＝没有缺页、缺签名、缺盖章、缺日期的份数÷应签里至少归了一页的份数。认不准的算缺。",
    ),
    Rate.EXPIRED: Definition(
        "到期率",
        Count.LAPSED,
        Count.TERMED,
        "到期率＝期满、没有下一份接上的份数÷归了档、有期限的份数。各年的都算，不算作废、终止、未签（自愿）和已被下一份代替的。",
    ),
}
NOTHING = "—"  # where nothing is to be divided by
KEYS = ("town", "village", "group", "template")
# What of a contract the counts rest on.
USED = "campaign_day blank state filed_sheets gaps printed_on complete_on deadline ends".split()


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    numerator: int
    denominator: int

    @property
    def tenths(self) -> int | None:
        """Tenths of a percent, a half rounded up; None of nothing."""
        if not self.denominator:
            return None
        return (2000 * self.numerator + self.denominator) // (2 * self.denominator)

    @property
    def percent(self) -> float | None:
        """In percent, to one place."""
        return None if self.tenths is None else self.tenths / 10

    def __str__(self) -> str:
        return NOTHING if self.tenths is None else f"{self.tenths // 10}.{self.tenths % 10}%"

    def against(self, earlier: "Share") -> int | None:
        """How many tenths of a percent more than an earlier one, as both are shown."""
        if self.tenths is None or earlier.tenths is None:
            return None
        return self.tenths - earlier.tenths


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a place, a template or all."""

    of: Mapping[Count, int]

    def __getitem__(self, count: Count) -> int:
        return self.of.get(count, 0)

    def share(self, rate: Rate) -> Share:
        """A rate's numerator and denominator."""
        by = DEFINITIONS[rate]
        return Share(self[by.numerator], self[by.denominator])


def marked(contracts: pl.DataFrame, year: int) -> pl.DataFrame:
    """Contracts as they stand on a date, with a column for each Count: whether it counts them.

    `contracts` is as archive.audit.contracts.contracts gives it; `year` that of the campaigns that are reported on.
    """
    state, filed = pl.col("state"), pl.col("filed_sheets") > 0
    named = ~pl.col("blank")
    of_year = (pl.col("campaign_day").dt.year() == year) & named
    dropped = state.is_in([State.VOID, State.DECLINED])
    unfiled_end = state.is_in([State.ENDED, State.SUPERSEDED]) & ~filed
    due = of_year & ~dropped & ~unfiled_end
    whole = due & filed & (pl.col("gaps") == "")
    termed = state.is_in(HELD) & named & pl.col("ends").is_not_null()
    which = {
        Count.DUE: due,
        Count.PRINTED: due & (pl.col("printed_on").is_not_null() | filed),
        Count.FILED: due & filed,
        Count.COMPLETE: whole,
        Count.IN_TIME: whole & (pl.col("complete_on") <= pl.col("deadline")).fill_null(False),
        Count.TERMED: termed,
        Count.LAPSED: termed & (state == State.EXPIRED),
        Count.DECLINED: of_year & (state == State.DECLINED),
    }
    return contracts.with_columns(**{str(count): one for count, one in which.items()})


def cube(contracts: pl.DataFrame, year: int) -> pl.DataFrame:
    """The counts by town, village, group and template: KEYS and a column for each Count."""
    needed = (*KEYS, *USED)
    each = marked(contracts.select(needed), year)
    texts = pl.col("town", "village", "template").cast(pl.String)
    return each.group_by(KEYS).agg(pl.col(*Count).sum().cast(pl.Int64)).with_columns(texts).sort(KEYS)


def members(contracts: pl.DataFrame, year: int, count: Count) -> pl.DataFrame:
    """The contracts that a figure counts, by number. Declined ones are in no list: raises ValueError for them."""
    if count not in LISTED:
        raise ValueError(count)
    return marked(contracts, year).filter(pl.col(str(count))).select(contracts.columns).sort("number")


def counted(cube: pl.DataFrame, *keys: str) -> dict[tuple[str | int, ...], Counts]:
    """The counts by some of KEYS, in their order; by none: of all, under ()."""
    if not keys:
        sums = cube.select(pl.col(*Count).sum())
        return {(): _counts(sums.row(0, named=True))}
    rows = cube.group_by(keys).agg(pl.col(*Count).sum()).sort(keys)
    return {tuple(row[key] for key in keys): _counts(row) for row in rows.iter_rows(named=True)}


def _counts(row: Mapping[str, int]) -> Counts:
    return Counts({count: row[count] for count in Count})
