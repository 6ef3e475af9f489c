"""Contracts by who signs them, asked of the catalogue: no identity number and no place of stay is in an index."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date

from sqlalchemy import Connection, func, select

from archive.catalogue import tables
from archive.identity import upgraded
from archive.index.engine import COUNTED, Found, Hit, facets_of
from archive.index.plan import WHOLE
from archive.index.query import ASKED, Field, Query, Term
from archive.index.words import fold, units
from archive.numbers import VILLAGE_DIGITS
from archive.states import Standing, standings

CHUNK = 500  # numbers in one IN list
_ID_END = re.compile("[0-9]{3}[0-9X]")


def signed_by(
    connection: Connection, typed: str, query: Query, today: date, offset: int, limit: int
) -> Found | None:
    """A page of what the person of the identity number `typed` signs, under their other numbers too, by number.

    Of `query` only the filters count. None if it is no identity number, or nobody's here that may be seen.
    """
    identity = identity_of(typed)
    if not identity:
        return None
    numbers = sorted(
        number
        for number in contracts_of(connection, {identity})
        if query.within is None or number[:VILLAGE_DIGITS] in query.within
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


def identity_of(typed: str) -> str:
    """The identity number that was typed, upgraded to 18 characters; "" if it is none."""
    return upgraded(fold(typed).strip().upper())


def asked(connection: Connection, query: Query) -> dict[Term, frozenset[str]]:
    """What the query's terms mean that no index can tell: the numbers of the contracts, by term."""
    return {
        term: frozenset(contracts_of(connection, _people_of(connection, term)))
        for term in query.terms
        if term.field in ASKED
    }


def linked_numbers(connection: Connection) -> dict[str, set[str]]:
    """Identity numbers that were confirmed to be one person's: each with all of them."""
    link = tables.person_link
    one_person: dict[str, set[str]] = {}
    for row in connection.execute(select(link.c.old_id, link.c.new_id)):
        joined = one_person.get(row.old_id, {row.old_id}) | one_person.get(row.new_id, {row.new_id})
        one_person |= dict.fromkeys(joined, joined)
    return one_person


def _people_of(connection: Connection, term: Term) -> set[str]:
    """The identity numbers of the people that a term means."""
    if term.field is Field.STAY:
        return set(_staying(connection, "".join(units(term.text))))
    end = fold(term.text).strip().upper()
    return set(_ending(connection, end)) if _ID_END.fullmatch(end) else set()


def contracts_of(connection: Connection, identities: Collection[str]) -> set[str]:
    """The numbers of the contracts signed with these identity numbers, or with others of the same persons."""
    linked = linked_numbers(connection)
    every = sorted({number for identity in identities for number in linked.get(identity, {identity})})
    party = tables.party
    found: set[str] = set()
    for start in range(0, len(every), CHUNK):
        signed = select(party.c.contract).where(party.c.id_number.in_(every[start : start + CHUNK]))
        found.update(connection.execute(signed).scalars())
    return found


def _ending(connection: Connection, end: str) -> Iterator[str]:
    """The identity numbers that end so, of parties and of persons linked to them."""
    link = tables.person_link
    for column in (tables.party.c.id_number, link.c.old_id, link.c.new_id):
        yield from connection.execute(
            select(column).where(func.substr(column, -4) == end).distinct()
        ).scalars()


def _staying(connection: Connection, place: str) -> Iterator[str]:
    """The identity numbers of those whom their village's newest roster has away at `place` (folded)."""
    person, household, held = tables.person, tables.household, tables.import_village
    away = connection.execute(select(person.c.away_to).where(person.c.away_to != "").distinct()).scalars()
    places = [written for written in away if place in "".join(units(written))]
    later = person.alias("later")
    since = select(later.c.id).where(
        later.c.id_number == person.c.id_number, later.c.import_id > person.c.import_id, later.c.held == ""
    )
    newest = (
        select(func.max(held.c.import_id))
        .where(held.c.village_code == household.c.village_code)
        .scalar_subquery()
    )
    query = (
        select(person.c.id_number)
        .join(household, household.c.id == person.c.household_id)
        .where(household.c.import_id == newest, person.c.held == "", ~since.exists())
    )
    for start in range(0, len(places), CHUNK):
        part = person.c.away_to.in_(places[start : start + CHUNK])
        yield from connection.execute(query.where(part)).scalars()


def _passes(one: Standing, query: Query) -> bool:
    return (
        (query.villages is None or one.village in query.villages)
        and query.template in (None, one.template)
        and query.year in (None, int(one.number.split("-")[1]))
        and query.state in (None, str(one.state))
    )
