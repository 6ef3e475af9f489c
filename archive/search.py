"""Search over the archive: the index kept up with the catalogue, a query answered, hits with highlights.

The index can always be made anew (search_place.py). Its marker says up to which change of the catalogue it goes,
and for which date the states in it hold; what it lacks is taken up before a search, unless another command is
writing: a reader never waits.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection, func, select

from archive.catalogue import tables
from archive.changes import last_change, parted
from archive.errors import ArchiveLocked, EngineUnknown
from archive.home import Home
from archive.index.engine import ENGINES, Engine, Found
from archive.index.find import find
from archive.index.highlight import highlight
from archive.index.query import Query
from archive.index.words import fold
from archive.search_documents import documents, every_document, lacking, sentences
from archive.search_hints import Hints, Suggestion, hints_for, suggestions
from archive.search_identity import asked, signed_by
from archive.search_names import Names as Names
from archive.search_papers import ShelfPaper, papers_of
from archive.search_place import FOREVER, Place, make_anew, outdated, with_engine
from archive.states import Standing, standings

CHUNK = 500  # shown at a time


@dataclass(frozen=True, slots=True)
class Result:
    """A contract or paper that was found; `highlights` are HTML, by field."""

    standing: Standing | ShelfPaper
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
    """What matches, best first; who signs by their identity number, which no index holds.

    What may be an identity number, but nobody's here, may begin a contract number: then the index is asked. What is
    found by identity number is in the order of the contract numbers, whatever `sort` says.
    """
    started = time.perf_counter()
    behind, hints = 0, Hints()
    with home.reading() as connection:
        query = replace(query, today=today, known=asked(connection, query))
        found = signed_by(connection, typed, query, today, offset, limit)
        exact = found.total if found else 0
        if found is None:

            def answer(engine: Engine, writable: bool) -> tuple[int, Found, int, Hints]:
                lacks = _keep_up(home, connection, engine, names, today, writable)
                found, exact = find(engine, names.words, query, offset, limit, sort)
                return lacks, found, exact, hints_for(engine, names.words, query, exact, party_of)

            def party_of(numbers: list[str]) -> dict[str, str]:
                return {number: one.party for number, one in _shown(connection, today, numbers).items()}

            place = _place(home, names)
            _renew_first(place, connection, names, today)
            behind, found, exact, hints = with_engine(place, answer)
        scores = {hit.number: hit.score for hit in found.hits}
        known = _shown(connection, today, list(scores))
        hits = tuple(
            Result(known[number], score, _highlights(known[number], query, names))
            for number, score in scores.items()
            if number in known
        )
    took = round((time.perf_counter() - started) * 1000, 1)
    return Results(found.total, took, hits, found.facets, behind, exact, hints.notes, hints.suggestions)


def every(
    home: Home, query: Query, typed: str, names: Names, today: date, sort: str
) -> Iterator[Standing | ShelfPaper]:
    """All that `search` finds, in its order."""
    total = search(home, query, typed, names, today, 0, 0, sort).total
    with home.reading() as connection:
        query = replace(query, today=today, known=asked(connection, query))
        found = signed_by(connection, typed, query, today, 0, total)
        if found is None:
            found, _ = with_engine(
                _place(home, names), lambda engine, _: find(engine, names.words, query, 0, total, sort)
            )
        for start in range(0, len(found.hits), CHUNK):
            numbers = [hit.number for hit in found.hits[start : start + CHUNK]]
            known = _shown(connection, today, numbers)
            yield from (known[number] for number in numbers if number in known)


def suggest(
    home: Home, names: Names, typed: str, today: date, limit: int, within: frozenset[str] | None = None
) -> list[Suggestion]:
    """What may be being typed: names of parties, villages, contract numbers that begin so, within these villages."""
    with home.reading() as connection:

        def party_of(numbers: list[str]) -> dict[str, str]:
            return {number: one.party for number, one in _shown(connection, today, numbers).items()}

        return with_engine(
            _place(home, names),
            lambda engine, _: suggestions(engine, names.words, typed, limit, within, party_of),
        )


def rebuild(home: Home, names: Names, today: date, done: Callable[[int], None]) -> int:
    """Make the index anew; how many contracts and papers it holds. Searches go on meanwhile. Raises ArchiveLocked."""
    place = _place(home, names)
    make_anew(place, _filler(home, names, today, done), lambda: True, FOREVER)
    return with_engine(place, lambda engine, _: engine.count())


def is_outdated(home: Home, names: Names) -> bool:
    """Whether the index is of another dictionary or schema, and `renew` is to be called."""
    return outdated(_place(home, names))


def renew(home: Home, names: Names, today: date, done: Callable[[int], None]) -> bool:
    """Make an outdated index anew while others search in it, unless somebody is at it; whether that was done.

    Raises ArchiveLocked where another command is writing when it is to be put in its place.
    """
    place = _place(home, names)
    return make_anew(place, _filler(home, names, today, done), lambda: outdated(place), 0)


def catch_up(home: Home, names: Names, today: date, done: Callable[[int], None]) -> int:
    """Take up what changed, `done` called with how many more; how many. The caller holds the archive's lock."""
    renewed = 0

    def count(more: int) -> None:
        nonlocal renewed
        renewed += more
        done(more)

    if is_outdated(home, names) and renew(home, names, today, count):
        return renewed
    with home.reading() as connection:

        def take_up(engine: Engine, writable: bool) -> int:
            if not writable:
                return 0
            lacks = _lacking(connection, engine, today)
            _take_up(home, connection, engine, names, today, lacks, done)
            return len(lacks)

        return with_engine(_place(home, names), take_up)


def behind(home: Home, names: Names, today: date) -> int:
    """How many contracts and papers the index lacks."""
    with home.reading() as connection:
        return with_engine(_place(home, names), lambda engine, _: len(_lacking(connection, engine, today)))


def document_count(connection: Connection) -> int:
    """How many contracts and papers there are to index."""
    return connection.execute(select(func.count()).select_from(tables.index_change)).scalar_one()


def _place(home: Home, names: Names) -> Place:
    return Place(home, engine_name(), names.words)


def _filler(home: Home, names: Names, today: date, done: Callable[[int], None]) -> Callable[[Engine], None]:
    """What takes up whatever an index lacks of the catalogue as it is then."""

    def fill(engine: Engine) -> None:
        with home.reading() as connection:
            lacks = _lacking(connection, engine, today)
            if lacks or not _is_of(engine, today):
                _take_up(home, connection, engine, names, today, lacks, done)

    return fill


def _keep_up(
    home: Home, connection: Connection, engine: Engine, names: Names, today: date, writable: bool
) -> int:
    """Take up what the index lacks if nobody is writing; how many contracts it lacks still."""
    lacks = _lacking(connection, engine, today)
    if not lacks and _is_of(engine, today):
        return 0
    if not writable:
        return len(lacks)
    try:
        with home.locked(seconds=0):
            _take_up(home, connection, engine, names, today, lacks, lambda _: None)
        return 0
    except ArchiveLocked:
        return len(lacks)


def _take_up(
    home: Home,
    connection: Connection,
    engine: Engine,
    names: Names,
    today: date,
    keys: list[str],
    done: Callable[[int], None],
) -> None:
    """Index these contracts and papers as they are now, and note that the index is up with the catalogue."""
    known: set[str] = set()
    marker = json.dumps([last_change(connection), today.isoformat()])
    if engine.count():
        made = documents(connection, names, today, keys, known, done)
    else:
        made = every_document(home, connection, names, today, keys, known, done)
    engine.update(made, marker)
    gone = [key for key in keys if key not in known]
    if gone:  # planned or filed on a later date than today
        engine.delete(gone)


def _read_marker(engine: Engine) -> tuple[int, str]:
    """Up to which change the index goes, and the date its states hold for; (0, "") for a new one."""
    try:
        seq, as_of = json.loads(engine.stored_marker())
        return int(seq), str(as_of)
    except (ValueError, TypeError):
        return 0, ""


def _is_of(engine: Engine, today: date) -> bool:
    """Whether the states in an index are those of that day."""
    return _read_marker(engine)[1] == today.isoformat()


def _renew_first(place: Place, connection: Connection, names: Names, today: date) -> None:
    """Make an outdated index anew before it is asked if it lacks more than half of what it has."""
    if outdated(place) and with_engine(
        place, lambda engine, _: 2 * len(_lacking(connection, engine, today)) > engine.count()
    ):
        with suppress(ArchiveLocked):
            renew(place.home, names, today, lambda _: None)


def _lacking(connection: Connection, engine: Engine, today: date) -> list[str]:
    return list(lacking(connection, *_read_marker(engine), today))


def _shown(connection: Connection, today: date, keys: list[str]) -> dict[str, Standing | ShelfPaper]:
    """What is shown of these contracts and papers, by what an index calls them."""
    contracts, papers = parted(keys)
    found: dict[str, Standing | ShelfPaper] = {
        one.number: one for one in standings(connection, today, contracts)
    }
    return found | {one.number: one for one in papers_of(connection, today, papers)}


def _highlights(one: Standing | ShelfPaper, query: Query, names: Names) -> dict[str, str]:
    """The shown fields in which something of the query stands."""
    shown = {
        "contract": one.number,
        "party": one.party,
        "village": names.village(one.village),
        "template": names.title(one.template),
        "responsible": one.responsible,
    }
    if isinstance(one, ShelfPaper):
        del shown["contract"]
        shown |= {"title": one.title, "own_number": one.own_number, "archival_number": one.archival}
    marked = {name: highlight(text, query.highlighted) for name, text in shown.items()}
    if isinstance(one, ShelfPaper):
        marked["words"] = _excerpt(one.text, query.highlighted)
    return {name: text for name, text in marked.items() if text is not None}


def _excerpt(text: str, terms: Sequence[str]) -> str | None:
    """The first part of a sentence of a paper in which one of the terms stands as typed."""
    folded = [fold(term).strip() for term in terms]
    for sentence in sentences(text):
        if any(term in fold(sentence) for term in folded):
            parts = (highlight(part, terms) for part in (*re.split("[，,、：:]", sentence), sentence))
            return next(filter(None, parts), None)
    return None
