"""What every search engine of the archive does, and how one is opened.

All engines find the same documents, count the same facets and order the same way, whatever they are built on:
hits by score, the higher first, then by number. A term scores 2 where it is a party's whole name or the whole
number, 1 where it is a part of a name or the number's beginning, 0 in other text; only the first SCORED
terms score.
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from archive.index.query import Query
from archive.index.words import Words

SCHEMA = 1  # goes up with every change of what is indexed or how
ENGINES = ("tantivy", "whoosh")
FACETS = ("village", "template", "year", "state")
SCORED = 4
STAMP = "index.stamp"  # which engine, schema and dictionary made the folder


class IndexUnreadable(Exception):
    """The index cannot be used as it is. Its folder may be deleted and the index built anew."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is indexed of one contract. Only the number is stored; no identity or phone number belongs in it.

    `party` is a name, or two as 甲、乙; `village` a 12-digit code; `state` a State's value; `text` what else
    it is to be found by, a line each (names of village and town, responsible person, address).
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
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A contract that matches."""

    number: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """The exact number of matches, one page of them, and for each of FACETS the counts over all matches.

    Counts are the higher first, then by value.
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

    def search(self, query: Query, offset: int, limit: int) -> Found:
        """The matches from `offset` on, at most `limit`; a limit of 0 only counts."""

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

    A new one appears whole: it is made beside its place and renamed into it. Raises IndexUnreadable if the
    folder holds an index of another engine, schema or dictionary, a damaged one, or something else.
    """
    create, open_folder = _functions(name)
    stamp = f"huyue index {name} {SCHEMA} {words.fingerprint}\n"
    if not folder.is_dir() or not any(folder.iterdir()):
        _create(create, folder, stamp)
    try:
        found = (folder / STAMP).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise IndexUnreadable(f"{folder}: no {STAMP}") from None
    if found != stamp:
        raise IndexUnreadable(f"{folder}: {found.strip()}, not {stamp.strip()}")
    return open_folder(folder, words)


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


def ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts as a facet shows them: the higher first, then by value."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
