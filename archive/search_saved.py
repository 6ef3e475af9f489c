"""Searches that somebody keeps under a name, for everybody in the office."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from archive import journal
from archive.catalogue.shelf_tables import saved_search
from archive.index.query import Field, parse
from archive.journal import Actor
from archive.search_identity import identity_of

MOST_LETTERS = 50  # of a name

Filters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """`query` is what was typed, `filters` what was chosen beside it, by option; `saved_on` an ISO date."""

    name: str
    query: str
    filters: Filters
    user: str
    saved_on: str


def plain_name(written: str) -> str:
    """A name as it is kept: folded (NFKC), without spaces around; "" if it cannot be one."""
    name = unicodedata.normalize("NFKC", written).strip()
    return name if name.isprintable() and len(name) <= MOST_LETTERS else ""


def names_a_person(query: str) -> bool:
    """Whether an identity number, or the end of one, is in a query: such a one is not kept."""
    terms = parse(query).terms
    texts = (query, *(term.text for term in terms))
    return any(term.field is Field.ID_END for term in terms) or any(map(identity_of, texts))


def save(connection: Connection, name: str, query: str, filters: Filters, actor: Actor) -> bool:
    """Keep a search, within the caller's transaction; False if the name is another search's already."""
    there = saved(connection, name)
    if there is not None:
        return (there.query, there.filters) == (query, filters)
    row = {"name": name, "query": query, "filters": json.dumps(filters, ensure_ascii=False)}
    row |= {"user": actor.user, "saved_on": actor.today.isoformat()}
    connection.execute(insert(saved_search).values(row))
    _record(connection, actor, "search_save")
    return True


def saved(connection: Connection, name: str) -> SavedSearch | None:
    """The search of that name."""
    return next((one for one in all_saved(connection) if one.name == name), None)


def all_saved(connection: Connection) -> list[SavedSearch]:
    """All searches that are kept, by name."""
    rows = connection.execute(select(saved_search).order_by(saved_search.c.name))
    return [SavedSearch(row.name, row.query, json.loads(row.filters), row.user, row.saved_on) for row in rows]


def forget(connection: Connection, name: str, actor: Actor) -> bool:
    """Keep a search no longer, within the caller's transaction; False if there is none of that name."""
    gone = connection.execute(delete(saved_search).where(saved_search.c.name == name)).rowcount
    if gone:
        _record(connection, actor, "search_forget")
    return bool(gone)


def _record(connection: Connection, actor: Actor, action: str) -> None:
    """The journal has how many there are, not what is in them: a name may be a person's."""
    count = connection.execute(select(func.count()).select_from(saved_search)).scalar_one()
    journal.record(connection, actor, action, "", {"saved": count})
