"""What the office promised: when it falls due, when it counts as kept; the office's promises alone."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import polars as pl
import pytest
from sqlalchemy import Connection, select, update

from archive import journal
from archive.audit.contracts import contracts
from archive.catalogue import tables
from archive.catalogue.audit_tables import promise_kept
from archive.journal import Actor
from archive.numbers import Number
from archive.promise_records import Promised, record, record_ticks
from archive.promises import promises
from archive.tick_lists import Line
from tests.archive.test_states import FILED, OLD, UNSIGNED, VILLAGE, Paper, closed, keep

VISIT = b'[promises]\nvisit = { label = "V", days = 30 }\n'
YEARLY = b'[promises]\nyearly = { label = "Y", every_months = 12 }\n'
CALL = b'[promises]\ncall = { label = "C", days = 10, every_months = 3 }\n'
# Signed 2026-03-01 for a year, filed whole on 2026-04-01.
THREE_YEARS, SHORT = replace(FILED, ends="2029-02-28"), replace(FILED, ends="2026-04-20")
CALENDAR, ENDLESS = replace(FILED, starts="2026-01-01", ends="2026-12-31"), replace(FILED, ends=None)
LATER = replace(FILED, starts="2026-06-01", ends="2026-12-31")
TOO_LATE = replace(FILED, ends="2026-03-20")
MENDED = replace(FILED, filings=(("2026-04-01", 2, "unsigned"), ("2026-04-20", 2, "")))
NEXT = replace(FILED, number=str(Number(VILLAGE, 2027, "01", 1)), campaign=2, starts="2026-07-01")
FAR = "2029-12-31"
CASES: list[tuple[str, bytes, list[Paper], str, list[str]]] = [
    ("days after it is whole", VISIT, [FILED], FAR, ["2026-05-01"]),
    ("not before it is known", VISIT, [FILED], "2026-03-31", []),
    ("within thirty days it is listed", VISIT, [FILED], "2026-04-01", ["2026-05-01"]),
    ("days after the term has begun", VISIT, [LATER], FAR, ["2026-07-01"]),
    ("a term that is over before", VISIT, [SHORT], FAR, ["2026-04-20"]),
    ("filed after the term", VISIT, [TOO_LATE], FAR, []),
    ("nothing while a signature is missing", VISIT, [UNSIGNED], FAR, []),
    ("from when the signature came", VISIT, [MENDED], FAR, ["2026-05-20"]),
    ("once a year of the term", YEARLY, [THREE_YEARS], FAR, ["2027-02-28", "2028-02-29", "2029-02-28"]),
    ("once in a calendar year", YEARLY, [CALENDAR], FAR, ["2026-12-31"]),
    ("a shorter term once", YEARLY, [replace(FILED, ends="2026-08-31")], FAR, ["2026-08-31"]),
    ("without end, as far as it is looked at", YEARLY, [ENDLESS], "2028-02-10", ["2027-02-28", "2028-02-29"]),
    ("again after the first time", CALL, [CALENDAR], FAR, ["2026-04-11", "2026-07-11", "2026-10-11"]),
    ("not printed at all", VISIT, [OLD], FAR, []),
    ("moved before it fell due", VISIT, [closed(FILED, ("moved", "2026-04-20"))], FAR, []),
    ("moved after it fell due", VISIT, [closed(FILED, ("moved", "2026-05-02"))], FAR, ["2026-05-01"]),
    ("declined", VISIT, [closed(FILED, ("declined", "2026-06-01"))], FAR, []),
    ("void", VISIT, [closed(FILED, ("void", "2026-06-01"))], FAR, []),
    (
        "until the next one begins",
        CALL,
        [CALENDAR, replace(NEXT, filings=())],
        FAR,
        ["2026-04-11"],
    ),
]


def kept(connection: Connection, manifest: bytes, papers: list[Paper]) -> None:
    keep(connection, *papers)
    connection.execute(update(tables.template).values(manifest=manifest))


def dues(connection: Connection, on: str) -> list[str]:
    day = date.fromisoformat(on)
    found = promises(connection, contracts(connection, day), day)
    return [str(one) for one in found["due"]]


@pytest.mark.parametrize(
    ("manifest", "papers", "on", "due"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_promise_falls_due_when_its_manifest_says(
    connection: Connection, manifest: bytes, papers: list[Paper], on: str, due: list[str]
) -> None:
    kept(connection, manifest, papers)
    assert dues(connection, on) == due


def test_who_signed_a_blank_one_is_not_known_and_nothing_is_due(connection: Connection) -> None:
    kept(connection, VISIT, [FILED])
    connection.execute(update(tables.contract).values(blank=True))
    assert dues(connection, FAR) == []
    connection.execute(update(tables.contract).values(assigned_on="2026-05-01"))
    assert dues(connection, FAR) == ["2026-05-01"]


def standing(connection: Connection, on: str) -> list[tuple[str, str | None]]:
    day = date.fromisoformat(on)
    found = promises(connection, contracts(connection, day), day)
    return found.select("status", pl.col("kept_on").cast(pl.String)).rows()


def actor(day: str) -> Actor:
    return Actor("乙", date.fromisoformat(day))


def test_what_was_kept_counts_from_when_it_was_recorded_and_can_be_taken_back(connection: Connection) -> None:
    kept(connection, VISIT, [FILED])
    one = Promised(FILED.number, "visit", "2026-05-01")
    assert standing(connection, "2026-05-01") == [("coming", None)]
    assert standing(connection, "2026-05-02") == [("overdue", None)]
    assert record(connection, [one], date(2026, 4, 20), actor("2026-05-05")) == 1
    assert record(connection, [one], date(2026, 4, 20), actor("2026-05-06")) == 0
    assert standing(connection, "2026-05-04") == [("overdue", None)], "it was not known then"
    assert standing(connection, "2026-05-05") == [("done", "2026-04-20")]
    assert record(connection, [one], None, actor("2026-05-07")) == 1
    assert standing(connection, "2026-05-06") == [("done", "2026-04-20")]
    assert standing(connection, "2026-05-07") == [("overdue", None)]
    assert len(connection.execute(select(promise_kept)).all()) == 2, "nothing is overwritten"
    said = [entry.action for entry in journal.entries(connection) if entry.subject == FILED.number]
    assert said == ["promise_kept", "promise_undo"]


def line(promised: Promised, *ticked: str, unsure: tuple[str, ...] = ()) -> Line:
    return Line("LIST", 1, 1, promised.subject, True, ticked, unsure)


def test_a_tick_says_it_was_kept_unless_something_was_said_of_it_already(connection: Connection) -> None:
    kept(connection, CALL, [CALENDAR])
    first, second, third = (
        Promised(FILED.number, "call", f"2026-{month}-11") for month in ("04", "07", "10")
    )
    record(connection, [second], date(2026, 7, 1), actor("2026-07-02"))
    record(connection, [second], None, actor("2026-07-03"))
    lines = [line(first, "kept"), line(second, "kept"), line(third, unsure=("kept",))]
    for _ in range(2):  # the page comes back with more ticks
        record_ticks(connection, actor("2026-08-01"), lines)
    rows = connection.execute(select(promise_kept.c.due, promise_kept.c.kept_on)).all()
    assert [tuple(row) for row in rows] == [
        ("2026-07-11", "2026-07-01"),
        ("2026-07-11", ""),
        ("2026-04-11", "2026-08-01"),
    ]


def months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def plainly(paper: Paper, days: int | None, months: int | None, last: date) -> list[str]:
    """When a promise falls due, worked out a day at a time."""
    starts, ends = date.fromisoformat(paper.starts), date.fromisoformat(paper.ends or "2099-12-31")
    base = max(starts, date.fromisoformat(paper.filings[0][0]))
    found = set()
    if days is not None:
        first = min(base + timedelta(days=days), ends)
        found.add(first)
        found |= {months_on(first, months * at) for at in range(1, 60)} if months else set()
    elif months:
        found |= {months_on(starts, months * at) - timedelta(days=1) for at in range(1, 60)}
        found |= {ends} if min(found) > ends else set()
    return [str(one) for one in sorted(found) if base <= one <= min(ends, last)]


@pytest.mark.parametrize(("days", "months"), [(None, 1), (None, 5), (17, None), (40, 7)])
def test_many_terms_fall_due_as_they_do_worked_out_one_by_one(
    connection: Connection, days: int | None, months: int | None
) -> None:
    random, papers = Random(days or months), []  # noqa: S311
    for at in range(1, 80):
        starts = date(2026, 1, 1) + timedelta(days=random.randrange(400))
        filed = date(2026, 3, 1) + timedelta(days=random.randrange(400))
        ends = None if at % 5 == 0 else str(starts + timedelta(days=random.randrange(900)))
        term = replace(FILED, starts=str(starts), ends=ends, filings=((str(filed), 2, ""),))
        papers.append(replace(term, number=str(Number(VILLAGE, 2026, "01", at)), key=str(at)))
    said = [f"days = {days}"] * (days is not None) + [f"every_months = {months}"] * (months is not None)
    kept(connection, f'[promises]\na = {{ label = "A", {", ".join(said)} }}\n'.encode(), papers)
    on = date(2028, 6, 30)
    found = promises(connection, contracts(connection, on), on)
    for paper in papers:
        due = [str(one) for one in found.filter(pl.col("number") == paper.number)["due"]]
        assert due == plainly(paper, days, months, on + timedelta(days=30)), paper
