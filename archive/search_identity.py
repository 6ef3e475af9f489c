"""Contracts by who signs them, asked of the catalogue: no identity number is in an index."""

from collections import Counter
from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, select

from archive.catalogue import tables
from archive.index.engine import COUNTED, Found, Hit, facets_of
from archive.index.plan import WHOLE
from archive.index.query import Query
from archive.states import Standing, standings


def signed_by(
    connection: Connection, identities: Collection[str], query: Query, today: date, offset: int, limit: int
) -> Found | None:
    """A page of the contracts signed with one of these identity numbers, by number; None if there are none.

    Of `query` only the filters count.
    """
    party = tables.party
    numbers = (
        connection.execute(select(party.c.contract).where(party.c.id_number.in_(identities))).scalars().all()
    )
    if not numbers:
        return None
    found = [one for one in standings(connection, today, numbers) if _passes(one, query)]
    counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
    for one in found:
        values = (one.village, one.template, one.number.split("-")[1], str(one.state), one.responsible)
        for name, value in zip(COUNTED, values, strict=True):
            counts[name][value] += 1
    hits = [Hit(one.number, float(WHOLE)) for one in found[offset : offset + limit]]
    return Found(len(found), hits, facets_of(counts))


def _passes(one: Standing, query: Query) -> bool:
    return (
        (query.villages is None or one.village in query.villages)
        and query.template in (None, one.template)
        and query.year in (None, int(one.number.split("-")[1]))
        and query.state in (None, str(one.state))
    )
