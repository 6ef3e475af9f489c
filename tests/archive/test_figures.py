"""The figures of a period: every contract counted where it belongs, as known on three dates, and no other."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from sqlalchemy import Connection, insert, update

from archive.audit.classes import Class
from archive.audit.contracts import contracts
from archive.audit.findings import audit
from archive.catalogue import tables
from archive.home import Home
from archive.numbers import Number
from archive.reports.compared import Compared, compare
from archive.reports.figures import (
    DEFINITIONS,
    KEYS,
    LISTED,
    Count,
    Counts,
    Rate,
    Share,
    counted,
    cube,
    members,
)
from archive.reports.periods import Period
from tests.archive.test_states import NEXT, SPRING, VILLAGE, Paper, keep

OTHER = "451225101002"  # a village of another town
EXTRA = 4  # a second campaign of 2027
Q1, Q2 = Period(2027, "Q", 1), Period(2027, "Q", 2)
YEAR_BEFORE = Period(2026, "Q", 2)
MARCH, JUNE, A_YEAR_AGO = Q1.last, Q2.last, YEAR_BEFORE.last

NEW = Paper(campaign=NEXT, planned="2027-02-01", printed="2027-02-05", starts="2027-03-01", ends="2028-02-29")
OLD = Paper(campaign=SPRING)
SOON = ("2027-03-20", 2, "")
NOTHING = ""
SIGNED = "due printed filed complete in_time termed"

# A contract, and what counts it at the end of 2026-Q2, of 2027-Q1 and of 2027-Q2.
CASES: dict[str, tuple[Paper, str, str, str]] = {
    "complete in time": (replace(NEW, filings=(SOON,)), NOTHING, SIGNED, SIGNED),
    "complete on the last day to file": (
        replace(NEW, filings=(("2027-04-15", 2, ""),)), NOTHING, "due printed", SIGNED,
    ),
    "complete the day after": (
        replace(NEW, filings=(("2027-04-16", 2, ""),)),
        NOTHING, "due printed", "due printed filed complete termed",
    ),
    "signed later": (
        replace(NEW, filings=(("2027-03-25", 2, "unsigned"), ("2027-04-20", 2, ""))),
        NOTHING, "due printed filed termed", "due printed filed complete termed",
    ),
    "a sheet is missing": (
        replace(NEW, filings=(("2027-04-01", 1, "incomplete"),)),
        NOTHING, "due printed", "due printed filed termed",
    ),
    "all taken back": (
        replace(NEW, filings=(SOON, ("2027-05-01", 0, "incomplete"))), NOTHING, SIGNED, "due printed",
    ),
    "printed only": (NEW, NOTHING, "due printed", "due printed"),
    "not printed": (replace(NEW, printed=None), NOTHING, "due", "due"),
    "filed, never marked as printed": (replace(NEW, printed=None, filings=(SOON,)), NOTHING, SIGNED, SIGNED),
    "planned later": (replace(NEW, planned="2027-04-05", printed=None), NOTHING, NOTHING, "due"),
    "declined": (
        replace(NEW, closings=(("declined", "2027-04-10", "2027-04-10"),)), NOTHING, "due printed", "declined",
    ),
    "void": (replace(NEW, closings=(("void", "2027-03-10", "2027-03-10"),)), NOTHING, NOTHING, NOTHING),
    "moved before it came back": (
        replace(NEW, closings=(("moved", "2027-05-01", "2027-05-01"),)), NOTHING, "due printed", NOTHING,
    ),
    "moved after it was filed": (
        replace(NEW, filings=(SOON,), closings=(("moved", "2027-05-01", "2027-05-01"),)),
        NOTHING, SIGNED, "due printed filed complete in_time",
    ),
    "superseded before it came back": (replace(NEW, key="x"), NOTHING, "due printed", NOTHING),
    "its successor": (
        replace(NEW, campaign=EXTRA, planned="2027-05-01", printed=None, key="x"), NOTHING, NOTHING, "due",
    ),
    "of the year before, run out": (
        replace(OLD, filings=(("2026-04-01", 2, ""),)), SIGNED, "termed lapsed", "termed lapsed",
    ),
    "of the year before, unsigned and run out": (
        replace(OLD, filings=(("2026-04-01", 2, "unsigned"),)),
        "due printed filed termed", "termed lapsed", "termed lapsed",
    ),
    "of the year before, without end": (
        replace(OLD, ends=None, filings=(("2026-04-01", 2, ""),)),
        "due printed filed complete in_time", NOTHING, NOTHING,
    ),
    "of the year before, renewed": (
        replace(OLD, key="y", filings=(("2026-04-01", 2, ""),)), SIGNED, NOTHING, NOTHING,
    ),
    "the renewal": (replace(NEW, key="y", filings=(SOON,)), NOTHING, SIGNED, SIGNED),
    "of the year before, unfiled": (OLD, "due printed", NOTHING, NOTHING),
    "blank, filed, nobody has signed it": (
        replace(NEW, party="", filings=(SOON,)), NOTHING, NOTHING, NOTHING,
    ),
    "blank, nobody has signed it": (replace(NEW, party=""), NOTHING, NOTHING, NOTHING),
}  # fmt: skip
NUMBERS = {name: str(Number(VILLAGE, 2027, "01", serial)) for serial, name in enumerate(CASES, 1)}


@pytest.fixture(scope="module")
def archive(home: Home) -> Iterator[Connection]:
    """The contracts of CASES, by turns in two villages of two towns, in three groups, of two templates."""
    with home.writing() as connection:
        extra = {"id": EXTRA, "name": "补", "date": "2027-05-01", "closes": "2027-05-31"}
        connection.execute(insert(tables.campaign).values(extra))
        connection.execute(insert(tables.division).values(code=OTHER, name="大新村"))
        papers = []
        for at, (name, (paper, *_)) in enumerate(CASES.items()):
            alone = paper.key == OLD.key  # what supersedes is of one template and one party
            template = "pension" if alone and at % 5 == 0 else "service"
            key = NUMBERS[name] if alone else paper.key
            papers.append(replace(paper, number=NUMBERS[name], key=key, template=template))
        keep(connection, *papers)
        contract = tables.contract
        for at, number in enumerate(NUMBERS.values()):
            place = {"village_code": (VILLAGE, OTHER)[at % 2], "group_no": at % 3 + 1}
            place["blank"] = name_of(number).startswith("blank")
            connection.execute(update(contract).where(contract.c.number == number).values(place))
    with home.reading() as connection:
        yield connection


@pytest.fixture(scope="module")
def frames(archive: Connection) -> dict[date, pl.DataFrame]:
    """The contracts as they stood on the three dates."""
    return {day: contracts(archive, day) for day in (A_YEAR_AGO, MARCH, JUNE)}


def name_of(number: str) -> str:
    return next(name for name, one in NUMBERS.items() if one == number)


def compared(archive: Connection, period: Period = Q2, today: date = date(2027, 12, 31)) -> Compared:
    return compare(lambda day: contracts(archive, day), period, today, period.steps())


def expected(at: int) -> Counts:
    """The totals of a date (1: the year before, 2: the period before, 3: now), by CASES."""
    said = [str(case[at]).split() for case in CASES.values()]
    return Counts({count: sum(count in one for one in said) for count in Count})


@pytest.mark.parametrize("name", CASES)
def test_a_contract_is_counted_by_what_was_known_on_the_date(
    frames: dict[date, pl.DataFrame], name: str
) -> None:
    for day, said in zip((A_YEAR_AGO, MARCH, JUNE), CASES[name][1:], strict=True):
        alone = frames[day].filter(pl.col("number") == NUMBERS[name])
        counts = counted(cube(alone, day.year))[()]
        assert {str(count) for count in Count if counts[count]} == set(said.split()), day


def test_a_period_stands_beside_the_one_before_and_the_year_before(archive: Connection) -> None:
    found = compared(archive)
    total = found.total
    assert (total.year_before, total.before, total.now) == (expected(1), expected(2), expected(3))
    assert list(found.trend.values()) == [expected(2), expected(3)]
    assert found.on == JUNE and found.over
    assert total.now.share(Rate.SIGNED) == Share(7, 13)
    assert total.now.share(Rate.RETURNED) == Share(8, 10)


def test_a_period_that_is_not_over_stands_as_it_is_known_today(archive: Connection) -> None:
    found = compared(archive, Q2, date(2027, 4, 10))
    assert (found.on, found.over) == (date(2027, 4, 10), False)
    assert (
        found.total.now[Count.DECLINED] == 1 and found.total.now[Count.COMPLETE] < expected(3)[Count.COMPLETE]
    )
    assert found.total.before == expected(2)


def test_every_count_of_every_row_is_as_long_as_its_list(frames: dict[date, pl.DataFrame]) -> None:
    frame = frames[JUNE].with_columns(pl.col("town", "village", "template").cast(pl.String))
    found = cube(frame, 2027)
    for keys in (
        (),
        ("town",),
        ("village",),
        ("village", "group"),
        ("template",),
        ("village", "template"),
        KEYS,
    ):
        for key, counts in counted(found, *keys).items():
            part = frame.filter(*(pl.col(column) == value for column, value in zip(keys, key, strict=True)))
            for count in LISTED:
                listed = members(part, 2027, count)["number"].to_list()
                assert len(listed) == len(set(listed)) == counts[count], (key, count)
    assert counted(found)[()] == expected(3)
    assert [name_of(number) for number in members(frame, 2027, Count.LAPSED)["number"]] == [
        "of the year before, run out", "of the year before, unsigned and run out",
    ]  # fmt: skip


def test_what_is_due_and_not_filed_is_what_the_audit_misses(archive: Connection) -> None:
    found = audit(archive, JUNE)
    of_year = found.contracts.filter(pl.col("campaign_day").dt.year() == 2027)["number"]
    missing = found.findings.filter(
        (pl.col("class") == str(Class.MISSING)) & pl.col("number").is_in(of_year.implode())
    )
    due, filed = (set(members(found.contracts, 2027, count)["number"]) for count in (Count.DUE, Count.FILED))
    assert set(missing["number"]) == due - filed
    assert found.counts[Class.EXPIRED] == expected(3)[Count.LAPSED]


def test_those_who_declined_are_in_no_list_and_no_denominator(frames: dict[date, pl.DataFrame]) -> None:
    frame = frames[JUNE]
    with pytest.raises(ValueError, match="declined"):
        members(frame, 2027, Count.DECLINED)
    for count in LISTED:
        assert NUMBERS["declined"] not in set(members(frame, 2027, count)["number"])


@pytest.mark.parametrize(
    ("share", "said", "percent"),
    [
        (Share(0, 0), "—", None),
        (Share(0, 7), "0.0%", 0.0),
        (Share(1, 3), "33.3%", 33.3),
        (Share(2, 3), "66.7%", 66.7),
        (Share(1, 2000), "0.1%", 0.1),  # a half is rounded up
        (Share(1999, 2000), "100.0%", 100.0),
        (Share(7, 7), "100.0%", 100.0),
    ],
)
def test_a_rate_has_one_decimal_and_none_of_nothing(share: Share, said: str, percent: float | None) -> None:
    assert (str(share), share.percent) == (said, percent)


def test_a_change_is_the_difference_of_what_is_shown() -> None:
    assert Share(2, 3).against(Share(1, 3)) == 334  # 66.7 - 33.3
    assert Share(1, 3).against(Share(0, 0)) is Share(0, 0).against(Share(1, 3)) is None


def test_every_rate_is_defined_by_two_counts_that_have_lists() -> None:
    for one in DEFINITIONS.values():
        assert {one.numerator, one.denominator} <= set(LISTED)
        assert one.words.startswith(f"{one.name}＝") and "÷" in one.words


PERIODS = {
    # written: (first, last, the one before, the year before, name)
    "2026-03": ("2026-03-01", "2026-03-31", "2026-02", "2025-03", "2026年3月"),
    "2024-02": ("2024-02-01", "2024-02-29", "2024-01", "2023-02", "2024年2月"),
    "2026-01": ("2026-01-01", "2026-01-31", "2025-12", "2025-01", "2026年1月"),
    "2026-12": ("2026-12-01", "2026-12-31", "2026-11", "2025-12", "2026年12月"),
    "2026-Q1": ("2026-01-01", "2026-03-31", "2025-Q4", "2025-Q1", "2026年第一季度"),
    "2026-q4": ("2026-10-01", "2026-12-31", "2026-Q3", "2025-Q4", "2026年第四季度"),
    "2026-H1": ("2026-01-01", "2026-06-30", "2025-H2", "2025-H1", "2026年上半年"),
    "2026-H2": ("2026-07-01", "2026-12-31", "2026-H1", "2025-H2", "2026年下半年"),
    "2026": ("2026-01-01", "2026-12-31", "2025", "2025", "2026年"),
}


@pytest.mark.parametrize("written", PERIODS)
def test_a_period_knows_its_days_and_its_neighbours(written: str) -> None:
    period = Period.parse(written)
    parts = (period.first, period.last, period.before(), period.year_before(), period.name)
    assert tuple(map(str, parts)) == PERIODS[written]
    assert str(period) == written.upper() and Period.parse(str(period)) == period


def test_a_trend_goes_through_the_year_up_to_the_period() -> None:
    steps: Mapping[str, str] = {
        "2026-03": "2026-01 2026-02 2026-03",
        "2026-Q2": "2026-Q1 2026-Q2",
        "2026-H1": "2026-Q1 2026-Q2",
        "2026": "2026-Q1 2026-Q2 2026-Q3 2026-Q4",
    }
    for written, said in steps.items():
        assert " ".join(map(str, Period.parse(written).steps())) == said


@pytest.mark.parametrize(
    "written", ["", "26", "2026-13", "2026-0", "2026-Q5", "2026-H3", "2026Q1", "1900", "9999", "三月"]
)
def test_what_is_no_period_is_refused_with_how_to_write_it(written: str) -> None:
    with pytest.raises(ValueError, match="请写成 2026-03（月）"):
        Period.parse(written)
