"""A period's figures beside those of the period before and of the year before, and the year's trend.

Each is as it was known on the last day of its period; a period that is not over yet is taken as it stands today.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from archive.reports.figures import Counts, Rate, counted, cube
from archive.reports.periods import Period

NONE = Counts({})
Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A place's or template's counts at the three dates."""

    now: Counts
    before: Counts
    year_before: Counts

    def change(self, rate: Rate, since: str) -> int | None:
        """How many tenths of a percent a rate is above that of `since` ("before", "year_before")."""
        return self.now.share(rate).against(self.at(since).share(rate))

    def at(self, since: str) -> Counts:
        """The counts at one of the earlier dates."""
        return self.before if since == "before" else self.year_before


@dataclass(frozen=True, slots=True)
class Compared:
    """`on` is the day that the figures stand for; `trend` has a count of all at each step of the year."""

    period: Period
    on: date
    cube: pl.DataFrame
    cube_before: pl.DataFrame
    cube_year_before: pl.DataFrame
    trend: Mapping[Period, Counts]

    @property
    def over(self) -> bool:
        return self.on == self.period.last

    @property
    def earlier(self) -> dict[str, str]:
        """What is compared with, by what it is called; a year has only the year before."""
        if not self.period.kind:
            return {"上年": "before"}
        return {"上期": "before", "上年同期": "year_before"}

    @property
    def total(self) -> Row:
        return self.by()[()]

    def by(self, *keys: str) -> dict[Key, Row]:
        """The rows by some of figures.KEYS, in the order of their codes, those without anything left out."""
        now, before, year_before = (
            counted(one, *keys) for one in (self.cube, self.cube_before, self.cube_year_before)
        )
        found = {
            key: Row(now.get(key, NONE), before.get(key, NONE), year_before.get(key, NONE))
            for key in sorted({*now, *before, *year_before})
        }
        return {key: row for key, row in found.items() if not keys or _says_anything(row)}


def _says_anything(row: Row) -> bool:
    return any(any(counts.of.values()) for counts in (row.now, row.before, row.year_before))


def day_of(period: Period, today: date) -> date:
    """The day that a period's figures stand for."""
    return min(period.last, today)


def dates_of(period: Period, today: date, steps: Sequence[Period]) -> dict[date, int]:
    """The dates that `compare` works out, and the year whose campaigns count at each."""
    periods = (period.year_before(), period.before(), *steps, period)
    return {day_of(one, today): one.year for one in periods if one.first <= today}


def compare(
    contracts_of: Callable[[date], pl.DataFrame], period: Period, today: date, steps: Sequence[Period]
) -> Compared:
    """Work the figures out; `contracts_of` gives the contracts of a date, `steps` are the trend's periods."""
    return of_cubes(cubes_of(contracts_of, period, today, steps), period, today, steps)


def cubes_of(
    contracts_of: Callable[[date], pl.DataFrame], period: Period, today: date, steps: Sequence[Period]
) -> dict[date, pl.DataFrame]:
    """The counts (figures.cube) of every date that is compared."""
    return {day: cube(contracts_of(day), year) for day, year in dates_of(period, today, steps).items()}


def of_cubes(
    cubes: Mapping[date, pl.DataFrame], period: Period, today: date, steps: Sequence[Period]
) -> Compared:
    """The comparison that counts of `cubes_of`, or of some places among them, make."""

    def of(one: Period) -> pl.DataFrame:
        return cubes[day_of(one, today)]

    return Compared(
        period,
        day_of(period, today),
        of(period),
        of(period.before()),
        of(period.year_before()),
        {one: counted(of(one))[()] for one in steps if one.first <= today},
    )
