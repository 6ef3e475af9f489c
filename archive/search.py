"""Search over the archive: the index kept up with the catalogue, a query answered, hits with highlights.

The index lies in DIR/index/<engine>/ and can always be made anew. Its marker says up to which change of the
catalogue it goes, and for which date the states in it hold; what it lacks is taken up before a search,
unless another command is writing: a reader never waits.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from archive.catalogue import tables
from archive.changes import changed_since, last_change
from archive.errors import ArchiveLocked, EngineUnknown, IndexBusy
from archive.home import Home
from archive.identity import upgraded
from archive.index.engine import (
    ENGINES,
    Document,
    Engine,
    Found,
    IndexUnreadable,
    open_engine,
)
from archive.index.find import find
from archive.index.highlight import highlight
from archive.index.query import Query
from archive.index.words import Words, fold
from archive.search_hints import Hints, Suggestion, hints_for, suggestions
from archive.search_identity import signed_by
from archive.states import Standing, same_party, standings

Value = TypeVar("Value")
CHUNK = 500  # contracts read at a time; with 2,000 in one IN list SQLite looks through every contract


@dataclass(frozen=True, slots=True)
class Result:
    """A contract that was found; `highlights` are HTML, by field."""

    standing: Standing
    score: float
    highlights: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """`total` matches in all, one page of them, facets over all. `behind`: how many contracts the index lacks.

    `exact` of all are what was typed, the others only sound or look like it. `notes` say in Chinese what of the query
    was not understood, `suggestions` what may have been meant where nothing is exactly so.
    """

    total: int
    took_ms: float
    hits: tuple[Result, ...] = ()
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    behind: int = 0
    exact: int = 0
    notes: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """What codes and names are called: divisions by code, template titles and numbers by template name."""

    divisions: Mapping[str, str]
    titles: Mapping[str, str]
    numbers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def words(self) -> Words:
        """The dictionary of these names."""
        return Words(self.divisions, self.titles, self.numbers)

    def village(self, code: str) -> str:
        """A village's full name, with its town's."""
        return self.divisions.get(code[:9], "") + self.divisions.get(code, code)


def engine_name() -> str:
    """The engine that HUYUE_ENGINE names, tantivy if none. Raises EngineUnknown."""
    name = os.environ.get("HUYUE_ENGINE") or ENGINES[0]
    if name not in ENGINES:
        raise EngineUnknown(name=name, names="、".join(ENGINES))
    return name


def search(
    home: Home,
    query: Query,
    typed: str,
    names: Names,
    today: date,
    offset: int,
    limit: int,
    sort: str = "score",
) -> Results:
    """The contracts that match, best first; who signs by their identity number, which no index holds.

    What may be an identity number, but nobody's here, may begin a contract number: then the index is asked. What is
    found by identity number is in the order of the contract numbers, whatever `sort` says.
    """
    started = time.perf_counter()
    query = replace(query, today=today)
    identity = upgraded(fold(typed).strip().upper())
    behind, hints = 0, Hints()
    with home.reading() as connection:
        found = _of_person(connection, identity, query, today, offset, limit)
        exact = found.total if found else 0
        if found is None:

            def answer(engine: Engine) -> tuple[int, Found, int, Hints]:
                lacking = _keep_up(home, connection, engine, names, today)
                found, exact = find(engine, names.words, query, offset, limit, sort)
                return lacking, found, exact, hints_for(engine, names.words, query, exact, party_of)

            def party_of(numbers: list[str]) -> dict[str, str]:
                return {one.number: one.party for one in standings(connection, today, numbers)}

            behind, found, exact, hints = _with_engine(home, names, answer)
        scores = {hit.number: hit.score for hit in found.hits}
        known = {one.number: one for one in standings(connection, today, list(scores))}
        hits = tuple(
            Result(known[number], score, _highlights(known[number], query, names))
            for number, score in scores.items()
            if number in known
        )
    took = round((time.perf_counter() - started) * 1000, 1)
    return Results(found.total, took, hits, found.facets, behind, exact, hints.notes, hints.suggestions)


def every(home: Home, query: Query, typed: str, names: Names, today: date, sort: str) -> Iterator[Standing]:
    """All that `search` finds, in its order."""
    total = search(home, query, typed, names, today, 0, 0, sort).total
    query = replace(query, today=today)
    identity = upgraded(fold(typed).strip().upper())
    with home.reading() as connection:
        found = _of_person(connection, identity, query, today, 0, total)
        if found is None:
            found, _ = _with_engine(
                home, names, lambda engine: find(engine, names.words, query, 0, total, sort)
            )
        for start in range(0, len(found.hits), CHUNK):
            numbers = [hit.number for hit in found.hits[start : start + CHUNK]]
            known = {one.number: one for one in standings(connection, today, numbers)}
            yield from (known[number] for number in numbers if number in known)


def suggest(home: Home, names: Names, typed: str, limit: int) -> list[Suggestion]:
    """What may be being typed: names of parties, villages, contract numbers that begin so."""
    return _with_engine(home, names, lambda engine: suggestions(engine, names.words, typed, limit))


def rebuild(home: Home, names: Names, today: date, done: Callable[[int], None]) -> int:
    """Make the index anew; how many contracts it holds. The caller holds the archive's lock."""
    shutil.rmtree(home.index / engine_name(), ignore_errors=True)
    catch_up(home, names, today, done)
    return _with_engine(home, names, lambda engine: engine.count())


def catch_up(home: Home, names: Names, today: date, done: Callable[[int], None]) -> int:
    """Take up what changed, `done` called with how many more; how many. The caller holds the archive's lock."""
    with home.reading() as connection:

        def take_up(engine: Engine) -> int:
            lacking = list(_lacking(connection, engine, today))
            _take_up(connection, engine, names, today, lacking, done)
            return len(lacking)

        return _with_engine(home, names, take_up)


def behind(home: Home, names: Names, today: date) -> int:
    """How many contracts the index lacks."""
    with home.reading() as connection:
        return _with_engine(home, names, lambda engine: sum(1 for _ in _lacking(connection, engine, today)))


def contract_count(connection: Connection) -> int:
    """How many contracts there are to index."""
    return connection.execute(select(func.count()).select_from(tables.contract)).scalar_one()


def _with_engine(home: Home, names: Names, work: Callable[[Engine], Value]) -> Value:
    """What `work` gives with the index open; one that cannot be read is begun anew.

    Raises IndexBusy, at once, where that cannot be done because another command is writing.
    """
    folder, words = home.index / engine_name(), names.words
    home.index.mkdir(mode=0o700, exist_ok=True)
    try:
        with closing(open_engine(engine_name(), folder, words)) as engine:
            return work(engine)
    except IndexUnreadable:
        try:
            with home.locked(seconds=0):
                shutil.rmtree(folder, ignore_errors=True)
        except ArchiveLocked:
            raise IndexBusy(file=home.index) from None
    with closing(open_engine(engine_name(), folder, words)) as engine:
        return work(engine)


def _keep_up(home: Home, connection: Connection, engine: Engine, names: Names, today: date) -> int:
    """Take up what the index lacks if nobody is writing; how many contracts it lacks still."""
    lacking = list(_lacking(connection, engine, today))
    if not lacking and _read_marker(engine)[1] == today.isoformat():
        return 0
    try:
        with home.locked(seconds=0):
            _take_up(connection, engine, names, today, lacking, lambda _: None)
        return 0
    except ArchiveLocked:
        return len(lacking)


def _take_up(
    connection: Connection,
    engine: Engine,
    names: Names,
    today: date,
    numbers: list[str],
    done: Callable[[int], None],
) -> None:
    """Index these contracts as they are now, and note that the index is up with the catalogue."""
    known: set[str] = set()
    marker = _marker(last_change(connection), today)
    engine.update(_documents(connection, names, today, numbers, known, done), marker)
    gone = [number for number in numbers if number not in known]
    if gone:  # planned on a later date than today
        engine.delete(gone)


def _marker(seq: int, today: date) -> str:
    return json.dumps([seq, today.isoformat()])


def _read_marker(engine: Engine) -> tuple[int, str]:
    """Up to which change the index goes, and the date its states hold for; (0, "") for a new one."""
    try:
        seq, as_of = json.loads(engine.stored_marker())
        return int(seq), str(as_of)
    except (ValueError, TypeError):
        return 0, ""


def _lacking(connection: Connection, engine: Engine, today: date) -> Iterator[str]:
    """The contracts that changed, or whose state the days between may have changed, and their parties' others."""
    seq, as_of = _read_marker(engine)
    seen = set(changed_since(connection, seq))
    if as_of and as_of != today.isoformat():
        seen.update(_dated(connection, *sorted((as_of, today.isoformat()))))
    yield from sorted(seen)
    if as_of:  # a new index takes up all of them anyhow
        yield from sorted(_others(connection, sorted(seen)) - seen)


def _dated(connection: Connection, first: str, last: str) -> Iterator[str]:
    """The contracts that something begins or ends for between two days (ISO).

    What begins on a day holds on it already; what ends on one holds on it still.
    """
    contract, closing, filing = tables.contract, tables.closing, tables.filing

    def begins(*days: ColumnElement[str]) -> ColumnElement[bool]:
        return or_(*(and_(day > first, day <= last) for day in days))

    ends = and_(contract.c.ends >= first, contract.c.ends < last)
    starts = begins(contract.c.starts, contract.c.planned_on, contract.c.printed_on)
    queries = [
        select(contract.c.number).where(or_(ends, starts)),
        select(closing.c.contract).where(begins(closing.c.day, closing.c.recorded_on)),
        select(filing.c.contract).where(begins(filing.c.filed_on)),
    ]
    for query in queries:
        yield from connection.execute(query).scalars()


def _others(connection: Connection, numbers: list[str]) -> set[str]:
    """The same parties' other contracts: a successor's change is a change of the state of the one before."""
    changed, other = tables.contract.alias("changed"), tables.contract.alias("other")
    found: set[str] = set()
    for start in range(0, len(numbers), CHUNK):
        part = changed.c.number.in_(numbers[start : start + CHUNK])
        query = select(other.c.number).join(changed, same_party(changed, other)).where(part)
        found.update(connection.execute(query).scalars())
    return found


def _documents(
    connection: Connection,
    names: Names,
    today: date,
    numbers: list[str],
    known: set[str],
    done: Callable[[int], None],
) -> Iterator[Document]:
    """The documents of these contracts; their numbers go into `known`."""
    contents = tables.contract
    for start in range(0, len(numbers), CHUNK):
        part = numbers[start : start + CHUNK]
        found = {one.number: one for one in standings(connection, today, part)}
        query = (
            select(contents.c.number, contents.c.content, tables.campaign.c.name)
            .join(tables.campaign, tables.campaign.c.id == contents.c.campaign_id)
            .where(contents.c.number.in_(part))
        )
        for number, content, campaign in connection.execute(query).all():
            if number in found:
                known.add(number)
                yield _document(found[number], content, campaign, names)
        done(len(part))


def _document(one: Standing, content: str, campaign: str, names: Names) -> Document:
    """What is indexed of a contract: of its printed values, the names in its lists (a household's members)."""
    _, rows, _ = json.loads(content)
    members = [row["name"] for items in rows.values() for row in items if row.get("name")]
    title = names.titles.get(one.template, one.template)
    return Document(
        number=one.number,
        party=one.party,
        template=one.template,
        title=title,
        village=one.village,
        year=int(one.number.split("-")[1]),
        state=str(one.state),
        group=one.group,
        household=one.household,
        responsible=one.responsible,
        campaign=campaign,
        starts=one.starts.isoformat(),
        ends=one.ends.isoformat() if one.ends else "",
        text="\n".join([names.village(one.village), *members]),
    )


def linked_numbers(connection: Connection) -> dict[str, set[str]]:
    """Identity numbers that were confirmed to be one person's: each with all of them."""
    link = tables.person_link
    one_person: dict[str, set[str]] = {}
    for row in connection.execute(select(link.c.old_id, link.c.new_id)):
        joined = one_person.get(row.old_id, {row.old_id}) | one_person.get(row.new_id, {row.new_id})
        one_person |= dict.fromkeys(joined, joined)
    return one_person


def _of_person(
    connection: Connection, identity: str, query: Query, today: date, offset: int, limit: int
) -> Found | None:
    """What the person of an identity number signs, under their other numbers too; None if there is no such person."""
    if not identity:
        return None
    known = linked_numbers(connection).get(identity, {identity})
    return signed_by(connection, known, query, today, offset, limit)


def _highlights(one: Standing, query: Query, names: Names) -> dict[str, str]:
    """The shown fields in which something of the query stands."""
    shown = {
        "contract": one.number,
        "party": one.party,
        "village": names.village(one.village),
        "template": names.titles.get(one.template, one.template),
        "responsible": one.responsible,
    }
    marked = {name: highlight(text, query.highlighted) for name, text in shown.items()}
    return {name: text for name, text in marked.items() if text is not None}
