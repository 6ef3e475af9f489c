"""What a searcher may have meant: where nothing is exactly what was typed, and while something is being typed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from archive.changes import PAPER
from archive.index.alike import Alike
from archive.index.engine import Engine
from archive.index.find import find
from archive.index.names import known_as, names_of, nearly
from archive.index.plan import plan
from archive.index.query import Field, Query, Term
from archive.index.shapes import shaped
from archive.index.sounds import initials, readings, typed_sounds
from archive.index.words import Words, characters, number_key, trimmed

MOST_SUGGESTED = 5
LOOKED_AT = 20  # contracts of names that may be meant
MOST_TERMS = 4  # of a query that are looked into
LEAST_DIGITS = 4  # of a number before any is suggested
NAMED = (Field.ANY, Field.PARTY)
PLACED = (Field.ANY, Field.VILLAGE, Field.TOWN, Field.TEMPLATE)


Parties = Callable[[list[str]], Mapping[str, str]]  # the parties of contracts, by number


@dataclass(frozen=True, slots=True)
class Hints:
    """What of a query was not understood, and what may have been meant."""

    notes: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to complete what is being typed with; `kind` is party, village or contract."""

    kind: str
    text: str


def hints_for(engine: Engine, words: Words, query: Query, exact: int, parties: Parties) -> Hints:
    """The hints for a query of which so many contracts are exactly what was typed."""
    notes = list(plan(query, words).notes)
    terms = [term for term in query.terms if not term.excluded][:MOST_TERMS]
    if exact or not terms:
        return Hints(tuple(notes))
    alone = {term: engine.total(plan(_only(query, term), words)) for term in terms}
    notes += [note for term, count in alone.items() if not count for note in _clauses(words, term)]
    meant: list[str] = []
    spelled = [term.text for term in terms if term.field in NAMED and typed_sounds(term.text)]
    if len(spelled) > 1:  # they may be one name
        meant += _people(engine, words, query, Term(" ".join(spelled)), parties)
    for term in terms:
        if not alone[term]:
            meant += [*_places(words, term), *_people(engine, words, query, term, parties)]
    if len(terms) > 1 and all(alone.values()) and len(query.groups) == len(query.terms):
        counts = "，".join(f"“{term.text}”{count} 份" for term, count in alone.items())
        notes.append(f"分开查都有（{counts}），没有一份合同同时符合。")
    return Hints(tuple(notes), tuple(dict.fromkeys(meant))[:MOST_SUGGESTED])


def _only(query: Query, term: Term) -> Query:
    return Query(((term,),), within=query.within, today=query.today, known=query.known)


def _clauses(words: Words, term: Term) -> Iterator[str]:
    """That a word which no contract has of its own stands in the wording of templates."""
    found = words.wordings(term.text) if term.field is Field.ANY else []
    if found:
        titles = "、".join(dict.fromkeys(one.title for one in found))
        yield f"“{term.text}”是合同条款里的字，见：{titles}。要找这些合同，请写 条款:{term.text}。"


def _places(words: Words, term: Term) -> Iterator[str]:
    """Villages, towns and templates whose name is nearly what was typed, or sounds like it."""
    written = trimmed(characters(term.text))
    if term.field not in PLACED or len(written) < 2:
        return
    alike = _alike_names(words)
    for name in (*alike.sounding(written), *alike.looking(written), *alike.mistyped(written)):
        if tuple(name) != written:
            yield name


@lru_cache(maxsize=2)
def _alike_names(words: Words) -> Alike:
    """The names of places and templates, to be found by what is nearly one."""
    return Alike(words.shown_names)


def _people(engine: Engine, words: Words, query: Query, term: Term, parties: Parties) -> Iterator[str]:
    """Names of parties that sound or look like what was typed, the likeliest first."""
    wanted = plan(_only(query, term), words, similar=True)
    if term.field not in NAMED or not wanted.loose:
        return
    numbers = [hit.number for hit in engine.search(wanted, 0, LOOKED_AT).hits]
    known = parties(numbers)
    for number in numbers:
        for name in known.get(number, "").split("、"):
            if any(_alike(tuple(characters(term.text)), term.text, row) for row in names_of(name)):
                yield name


def _alike(written: tuple[str, ...], text: str, name: tuple[str, ...]) -> bool:
    """Whether a name is heard, seen or mistyped as what was written."""
    sounds = {*typed_sounds(text)} or {*readings(written)}
    first = {initials(row) for row in sounds}
    heard = readings(name)
    return (
        any(row in sounds or initials(row) in sounds & first for row in heard)
        or shaped(name) == shaped(written)
        or nearly(name, written)
    )


def suggestions(
    engine: Engine, words: Words, typed: str, limit: int, within: frozenset[str] | None, parties: Parties
) -> list[Suggestion]:
    """Names of parties, villages and numbers that begin as `typed` does, of each kind at most `limit`.

    `within` are the villages that may be seen (12-digit codes), None for all; `parties` as in `hints_for`.
    """
    written = typed.strip()
    plain = "".join(trimmed(characters(written)))
    if not plain:
        return []
    if within is None:
        people = engine.people(plain, limit)
    else:  # the engine's list of names is of all villages
        people = _people_within(engine, words, written, limit, within, parties)
    found = [Suggestion("party", name) for name in people]
    found += [Suggestion("village", name) for name in words.villages_beginning(plain)[:limit]]
    key = number_key(written)
    if len(key) >= LEAST_DIGITS:
        numbers = [one for one in engine.numbers(key, limit) if not one.startswith(PAPER)]
        if within is not None:
            numbers = _numbers_within(key, engine, words, limit, within)
        found += [Suggestion("contract", number) for number in numbers]
    return found


def _people_within(
    engine: Engine, words: Words, written: str, limit: int, within: frozenset[str], parties: Parties
) -> list[str]:
    """Names of parties in these villages that begin as was typed, or whose pinyin or initials do."""
    beginning = "".join(trimmed(characters(written)))
    query = Query(((Term(written, Field.PARTY),),), within=within)
    numbers = [hit.number for hit in find(engine, words, query, 0, LOOKED_AT)[0].hits]
    known = parties(numbers)
    keys = [key for number in numbers for key in known_as(known.get(number, ""))]
    names = [key.rpartition("\t")[2] for key in keys if key.startswith(beginning)]
    return list(dict.fromkeys(names))[:limit]


def _numbers_within(key: str, engine: Engine, words: Words, limit: int, within: frozenset[str]) -> list[str]:
    """Numbers of contracts in these villages that begin so."""
    query = Query(((Term(key, Field.NUMBER),),), within=within)
    hits = engine.search(plan(query, words), 0, LOOKED_AT, "number").hits
    return [hit.number for hit in hits if number_key(hit.number).startswith(key)][:limit]
