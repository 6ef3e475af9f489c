"""Which filed papers have been kept for as long as they must be: a list for people to decide on, nothing goes by it.

Retention counts from 1 January of the year after a paper was done with: after its term, its closing and its last
filing, whichever came last. What is kept for ever (Y), or has no end and was never closed, is never due.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from sqlalchemy import Connection, func, select

from archive.catalogue import tables
from archive.states import CHUNK, Standing, standings

YEARS = {"D10": 10, "D30": 30}
DEFAULT = "D30"  # of a template that does not say


@dataclass(frozen=True, slots=True)
class Due:
    """A contract whose papers need be kept no longer, from `due` on; `done_on`: the day it was done with."""

    standing: Standing
    retention: str
    done_on: date
    due: date


def due_papers(connection: Connection, on: date) -> Iterator[Due]:
    """The contracts that are due by a date, by number."""
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
    rows = iter(connection.execute(query))
    while part := list(islice(rows, CHUNK)):
        found: dict[str, tuple[str, date, date]] = {}
        for number, template, ends, closed_on, filed_on in part:
            done = [date.fromisoformat(day) for day in (ends, closed_on) if day]
            years = YEARS.get(kept[template])
            if not done or years is None:
                continue
            done_on = max(*done, date.fromisoformat(filed_on))
            due = date(done_on.year + 1 + years, 1, 1)
            if due <= on:
                found[number] = kept[template], done_on, due
        for standing in standings(connection, on, list(found)):
            yield Due(standing, *found[standing.number])


def retentions(connection: Connection) -> dict[str, str]:
    """Every template version's retention, by its hash."""
    template = tables.template
    rows = connection.execute(select(template.c.sha256, template.c.manifest))
    return {sha256: tomllib.loads(bytes(text).decode()).get("retention", DEFAULT) for sha256, text in rows}
