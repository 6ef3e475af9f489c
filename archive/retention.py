"""Which papers have been kept for as long as they must be: a list for people to decide on, nothing goes by it.

Retention counts from 1 January of the year after a paper was done with: after its term, its closing and its last
filing, whichever came last. What is kept for ever (Y), or has no end and was never closed, is never due. A paper filed
by hand is done with after its own day and term; one that belongs to a contract is not due before that is.
"""

from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from sqlalchemy import Connection, Row, func, select

from archive.catalogue import shelf_tables, tables
from archive.manifests import manifests
from archive.states import CHUNK, Standing, destroyed_day, newest_paper, standings

YEARS = {"D10": 10, "D30": 30}
DEFAULT = "D30"  # of a template that does not say
LAST_DAY = "9999-12-31"
RETENTION = {"Y": "永久", "D30": "30年", "D10": "10年"}


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a contract's papers, or a paper filed by hand, are kept: `due` is the day from which on they need not be.

    `done_on`: the day on which it was done with, None where it is not; `due` is None where it never is.
    """

    retention: str
    done_on: date | None
    due: date | None

    @property
    def why_not(self) -> str:
        """Why it is not due, in Chinese."""
        if self.due is not None:
            return f"{self.due} 才保管期满"
        return "永久保管" if self.retention == "Y" else "没有期限，也没有终止"


@dataclass(frozen=True, slots=True)
class Due:
    """A contract whose papers need be kept no longer, from `due` on; `done_on`: the day it was done with."""

    standing: Standing
    retention: str
    done_on: date
    due: date


@dataclass(frozen=True, slots=True)
class DuePaper:
    """A paper filed by hand that need be kept no longer."""

    number: int
    kind: str
    title: str
    division: str
    retention: str
    done_on: date
    due: date


def due_papers(connection: Connection, on: date) -> Iterator[Due]:
    """The contracts that are due by a date, by number."""
    rows = kept_contracts(connection)
    while part := list(islice(rows, CHUNK)):
        found = {
            number: (kept.retention, kept.done_on, kept.due)
            for number, kept in part
            if kept.done_on is not None and kept.due is not None and kept.due <= on
        }
        for standing in standings(connection, on, list(found)):
            yield Due(standing, *found[standing.number])


def kept_contracts(
    connection: Connection, numbers: Sequence[str] | None = None, *, gone: bool = False
) -> Iterator[tuple[str, Kept]]:
    """How long the papers of the filed contracts, or of these, are kept, by number; destroyed ones only if `gone`."""
    contract, filing, closing = tables.contract, tables.filing, tables.closing
    kept = retentions(connection)
    last_filed = func.max(filing.c.filed_on)
    closed = select(func.max(closing.c.day)).where(closing.c.contract == contract.c.number).scalar_subquery()
    query = (
        select(contract.c.number, contract.c.template_sha256, contract.c.ends, closed, last_filed)
        .join(filing, filing.c.contract == contract.c.number)
        .group_by(contract.c.number)
        .order_by(contract.c.number)
    )
    if not gone:
        query = query.where(destroyed_day(LAST_DAY).is_(None))
    parts = [None] if numbers is None else [numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)]
    for part in parts:
        narrowed = query if part is None else query.where(contract.c.number.in_(part))
        for number, template, ends, closed_on, filed_on in connection.execute(narrowed):
            ended = [day for day in (ends, closed_on) if day]
            yield number, _kept(kept[template], max(*ended, filed_on) if ended else None)


def due_by_hand(connection: Connection, on: date) -> Iterator[DuePaper]:
    """The papers filed by hand that are due by a date, by number."""
    for row, kept in kept_papers(connection):
        if kept.done_on is not None and kept.due is not None and kept.due <= on:
            yield DuePaper(
                row.number, row.kind, row.title, row.division, kept.retention, kept.done_on, kept.due
            )


def kept_papers(
    connection: Connection, numbers: Collection[int] | None = None, *, gone: bool = False
) -> Iterator[tuple[Row[tuple[object, ...]], Kept]]:
    """How long the papers filed by hand, or these, are kept, by number, each with its newest row; as kept_contracts."""
    paper = shelf_tables.paper
    query = select(paper).where(newest_paper()).order_by(paper.c.number)
    rows = [row for row in connection.execute(query) if numbers is None or row.number in numbers]
    destroyed = destroyed_papers(connection)
    of = dict(kept_contracts(connection, sorted({row.contract for row in rows if row.contract}), gone=True))
    for row in rows:
        if gone or row.number not in destroyed:
            yield row, _kept_with(row, of)


def _kept_with(row: Row[tuple[object, ...]], contracts: dict[str, Kept]) -> Kept:
    kept = _kept(row.retention, max(last_day(row.day), row.ends or "", row.filed_on))
    contract = contracts.get(row.contract or "")
    if contract is None or kept.due is None:
        return kept
    due = None if contract.due is None else max(kept.due, contract.due)
    return Kept(kept.retention, kept.done_on, due)


def destroyed_papers(connection: Connection) -> dict[int, str]:
    """The papers filed by hand that were destroyed, and when (ISO)."""
    item, disposal = shelf_tables.disposal_item, shelf_tables.disposal
    query = (
        select(item.c.paper, disposal.c.destroyed_on)
        .join(disposal, disposal.c.id == item.c.disposal_id)
        .where(item.c.paper.is_not(None), disposal.c.destroyed_on.is_not(None))
    )
    return {row.paper: row.destroyed_on for row in connection.execute(query)}


def last_day(written: str) -> str:
    """The last day (ISO) that a year, a month or a day may mean; "" for none."""
    if len(written) == len("2009"):
        return f"{written}-12-31"
    if len(written) == len("2009-03"):
        return f"{written}-{monthrange(int(written[:4]), int(written[5:]))[1]}"
    return written


def _kept(retention: str, done: str | None) -> Kept:
    years = YEARS.get(retention)
    done_on = None if done is None else date.fromisoformat(done)
    due = None if done_on is None or years is None else date(done_on.year + 1 + years, 1, 1)
    return Kept(retention, done_on, due)


def retentions(connection: Connection) -> dict[str, str]:
    """Every template version's retention, by its hash."""
    return {sha256: one.get("retention", DEFAULT) for sha256, one in manifests(connection).items()}
