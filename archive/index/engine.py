"""What every search engine of the archive does, and how one is opened.

All engines find the same documents, count the same facets and order the same way, whatever they are built on: by
score, the higher first, then by number, or as SORTS say. A hit scores the sum of its needles' (plan.py).
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from archive.changes import PAPER
from archive.index.looks import Plan
from archive.index.names import sorting_name
from archive.index.words import Words, number_key, unnumbered
from archive.numbers import TOWN_DIGITS, parse

SCHEMA = 5  # goes up with every change of what is indexed or how
SEARCHABLE = frozenset({2, 3, 4, SCHEMA})  # those in which can be searched until it is made anew
ENGINES = ("tantivy", "whoosh")
COUNTED = ("village", "template", "year", "state", "responsible")
FACETS = ("town", *COUNTED)
SORTS = ("score", "number", "village", "end", "party")
MOST_RESPONSIBLE = 100  # in their facet; a county has tens of thousands
STAMP = "index.stamp"  # which engine, schema and dictionary made the folder
FULL = ("No space left", "os error 28", "os error 112")  # how the system says that the disk is full


class IndexUnreadable(Exception):
    """The index cannot be used as it is. Its folder may be deleted and the index built anew."""


class IndexOutdated(IndexUnreadable):
    """The index is of another dictionary or schema, but can be searched in until it is made anew."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is indexed of one contract or paper. Only the number is stored; no identity or phone number belongs in it.

    `number` is the contract's, or a paper_key; `party` a name, or two as 甲、乙; `template` the template's name, or
    what kind of paper it is; `village` a 12-digit code, of a paper perhaps a town's or county's; `state` a State's
    value; `starts` and `ends` ISO dates, "" for none; `campaign` its name; `text` what else it is to be found by, a
    line each (names of village and town, members of the household). `year` is 0 where unknown. `own_number` is what
    a paper carries as its number, `archival` an archival number; `forms` are what the wording is known by (words.py).
    """

    number: str
    party: str
    template: str
    title: str
    village: str
    year: int
    state: str
    group: int
    household: str
    responsible: str
    campaign: str
    starts: str
    ends: str
    text: str
    own_number: str = ""
    archival: str = ""
    forms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Leave out of names what may be an identity or phone number that strayed there."""
        for name in ("party", "responsible"):
            object.__setattr__(self, name, unnumbered(getattr(self, name)))

    @property
    def key(self) -> str:
        """What it is found by as a number: a contract's number, a paper's own where that has letters and digits alone."""
        if not self.own_number:
            return "" if self.number.startswith(PAPER) else self.number.replace("-", "")
        key = number_key(self.own_number)
        return key if parse(key) or unnumbered(key) == key else ""

    @property
    def lines(self) -> list[str]:
        """All the lines that words are looked for in."""
        return [self.title, self.responsible, *self.text.split("\n")]

    @property
    def place(self) -> str:
        """Village and group in 17 digits; a town's or county's papers come before its villages' contracts."""
        return f"{self.village:0<12}{min(self.group, 99_999):05d}"

    def sort_key(self, sort: str) -> str:
        """What it stands in order by for a sort other than the score; ends in the number, so no two are alike."""
        if sort == "village":
            return f"{self.place}{self.household:>12} {self.number}"
        if sort == "end":
            return f"{self.ends or '9999'} {self.number}"
        return f"{sorting_name(self.party)} {self.number}" if sort == "party" else self.number


@dataclass(frozen=True, slots=True)
class Hit:
    """A contract or paper that matches."""

    number: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """The exact number of matches, one page of them, and for each of FACETS the counts over all matches.

    Counts are the higher first, then by value. Of the responsible persons only those are counted that stand
    before all others of the MOST_RESPONSIBLE with the most.
    """

    total: int
    hits: list[Hit] = field(default_factory=list)
    facets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


class Engine(Protocol):
    """An open index. Whoever writes holds the archive's lock; readers may be open meanwhile, anywhere.

    What a reader sees is the newest commit at the beginning of the call. Every method may raise
    IndexUnreadable.
    """

    def update(self, documents: Iterable[Document], marker: str | None = None) -> None:
        """Add documents, replacing those of the same numbers; of one number given twice the later stays.

        Committed and visible at return, all or nothing, and the marker with them; memory does not grow with
        the number of documents.
        """

    def delete(self, numbers: Iterable[str], marker: str | None = None) -> None:
        """Take documents out, and set the marker with the same commit; unknown numbers do not matter."""

    def search(self, wanted: Plan, offset: int, limit: int, sort: str = "score") -> Found:
        """The matches from `offset` on, at most `limit`; a limit of 0 only counts. `sort` is one of SORTS."""

    def total(self, wanted: Plan) -> int:
        """How many match."""

    def people(self, beginning: str, limit: int) -> list[str]:
        """Names of parties that begin so, or whose pinyin or initials do, by how many contracts they have."""

    def numbers(self, beginning: str, limit: int) -> list[str]:
        """The numbers of what has a number that begins so (without hyphens, in upper case), in order."""

    def count(self) -> int:
        """How many documents there are."""

    def stored_marker(self) -> str:
        """The text set last, "" if none was."""

    def set_marker(self, marker: str) -> None:
        """Keep a small text with the index, such as up to where it has read the catalogue."""

    def close(self) -> None:
        """Let go of the files."""


def open_engine(name: str, folder: Path, words: Words) -> Engine:
    """The index in `folder`, made if there is none; `name` is one of ENGINES.

    A new one appears whole: it is made beside its place and renamed into it. Raises IndexOutdated, or IndexUnreadable
    if the folder holds an index of another engine, a damaged one, or something else.
    """
    create, open_folder = _functions(name)
    if not folder.is_dir() or not any(folder.iterdir()):
        _create(create, folder, _stamp(name, SCHEMA, words))
    check(name, folder, words)
    return open_folder(folder, words)


def check(name: str, folder: Path, words: Words) -> None:
    """Raises IndexOutdated or IndexUnreadable where a folder's index is not one to be written to."""
    try:
        found = (folder / STAMP).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise IndexUnreadable(f"{folder}: no {STAMP}") from None
    if found == _stamp(name, SCHEMA, words):
        return
    searchable = {_stamp(name, schema, words).rpartition(" ")[0] for schema in SEARCHABLE}
    problem = IndexOutdated if found.rpartition(" ")[0] in searchable else IndexUnreadable
    raise problem(f"{folder}: {found.strip()}")


def open_outdated(name: str, folder: Path, words: Words) -> Engine:
    """An index that is outdated, to be searched in only. Raises IndexUnreadable."""
    _, open_folder = _functions(name)
    return open_folder(folder, words)


def _stamp(name: str, schema: int, words: Words) -> str:
    return f"huyue index {name} {schema} {words.fingerprint}\n"


class _Create(Protocol):
    def __call__(self, folder: Path) -> None: ...


class _Open(Protocol):
    def __call__(self, folder: Path, words: Words) -> Engine: ...


def _functions(name: str) -> tuple[_Create, _Open]:
    """An engine's functions; only the engine that is used is imported."""
    if name == "tantivy":
        from archive.index import tantivy_engine

        return tantivy_engine.create, tantivy_engine.TantivyEngine
    if name == "whoosh":
        from archive.index import whoosh_engine

        return whoosh_engine.create, whoosh_engine.WhooshEngine
    raise ValueError(f"no search engine is called {name!r}, only {', '.join(ENGINES)}")


def _create(create: _Create, folder: Path, stamp: str) -> None:
    whole = folder.absolute()
    building = whole.with_name(f".{whole.name}.building-{secrets.token_hex(4)}")
    building.mkdir(mode=0o700, parents=True)
    try:
        create(building)
        (building / STAMP).write_text(stamp, encoding="utf-8")
        if whole.is_dir() and os.name == "nt":  # there a folder does not replace an empty one
            whole.rmdir()
        building.replace(whole)
    except OSError:
        if not (whole / STAMP).is_file():  # else another process was first
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def facets_of(counts: Mapping[str, Mapping[str, int]]) -> dict[str, list[tuple[str, int]]]:
    """The facets from the counts of COUNTED; a town's is its villages' together."""
    towns: dict[str, int] = {}
    for village, count in counts["village"].items():
        towns[village[:TOWN_DIGITS]] = towns.get(village[:TOWN_DIGITS], 0) + count
    return {"town": ordered(towns)} | {name: ordered(counts[name]) for name in COUNTED}


def foremost(counted: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Of more than MOST_RESPONSIBLE values, in order, those that no other has as many as."""
    if len(counted) <= MOST_RESPONSIBLE:
        return counted
    left_out = counted[MOST_RESPONSIBLE][1]
    return [(value, count) for value, count in counted[:MOST_RESPONSIBLE] if count > left_out]


def ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts as a facet shows them: the higher first, then by value."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
