"""The search index on whoosh, where only pure Python can be installed.

Its terms are whole lines: villages, titles and names recur, so there are far fewer of them than documents,
and a posting for every character would make it five times slower to write. A query looks through the lines
of a segment, joined to one string, and unites the postings of those that hold it. Lines, numbers and facets
of a segment are held in memory once it has been searched.
"""

import heapq
import threading
import time
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

from whoosh import fields, index

from archive.index.engine import FACETS, SCORED, Document, Found, Hit, IndexUnreadable, ordered
from archive.index.query import Exact, Needle, Plan, Query, household_key, plan
from archive.index.words import BREAK, STOP, Words, characters, number_key, units

WRITER_MEGABYTES = 64
TRIES, PAUSE = 40, 0.05  # seconds; a writer may remove what a reader was about to open
MARKER = "marker"
SEPARATOR = "\t"
Value = TypeVar("Value")


def _schema() -> Any:
    return fields.Schema(
        kind=fields.ID(),
        number=fields.ID(sortable=True),
        names=fields.ID(),
        lines=fields.ID(),
        facets=fields.COLUMN(),
        group=fields.ID(),
        household=fields.ID(),
        marker=fields.STORED(),
    )


def create(folder: Path) -> None:
    """An empty index in an empty folder."""
    index.create_in(str(folder), _schema())


@dataclass(frozen=True, slots=True)
class _Columns:
    """What is held of a segment: by document its number ("" of the marker), the number's key and its facets;
    by field its lines.
    """

    numbers: list[str]
    keys: list[str]
    facets: list[tuple[str, ...]]
    lines: dict[str, "_Lines"]


class _Lines:
    """The distinct lines of a segment's field, encoded, to be looked through.

    `documents` holds what was read of the postings, deleted documents perhaps among them.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        spaced = [b" %s \n" % line for line in lines]
        self._text = b"".join(spaced)
        self._ends = array("Q", accumulate(map(len, spaced)))
        self.documents: dict[bytes, tuple[int, ...]] = {}

    def holding(self, row: Sequence[str]) -> Iterator[bytes]:
        """The lines in which the units of `row` stand side by side."""
        wanted = f" {' '.join(row)} ".encode()
        at = self._text.find(wanted)
        while at >= 0:
            line = bisect_right(self._ends, at)
            start, end = self._ends[line - 1] if line else 0, self._ends[line]
            yield self._text[start + 1 : end - 2]
            at = self._text.find(wanted, end)


@dataclass(frozen=True, slots=True)
class _Segment:
    """A segment at one commit; `alive` are its documents that are not deleted."""

    searcher: Any
    columns: _Columns
    alive: frozenset[int]


class WhooshEngine:
    """An Engine on whoosh."""

    def __init__(self, folder: Path, words: Words) -> None:
        self._folder, self._words = folder, words
        self._lock = threading.Lock()
        self._columns: dict[str, _Columns] = {}
        self._segments: list[_Segment] = []
        self._searcher: Any = None
        # Given the schema, whoosh does not unpickle the one in the folder.
        self._index = self._retried(lambda: index.open_dir(str(folder), schema=_schema()))

    def update(self, documents: Iterable[Document], marker: str | None = None) -> None:
        empty = self.count() == 0
        seen: set[str] = set()
        with self._writing(marker) as writing:
            for document in documents:
                if document.number in seen:  # whoosh cannot take back what is not committed yet
                    writing.again()
                    seen, empty = set(), False
                seen.add(document.number)
                if not empty:
                    writing.writer.delete_by_term("number", document.number)
                writing.writer.add_document(**self._indexed(document))

    def delete(self, numbers: Iterable[str], marker: str | None = None) -> None:
        with self._writing(marker) as writing:
            for number in numbers:
                writing.writer.delete_by_term("number", number)

    def set_marker(self, marker: str) -> None:
        self.delete((), marker)

    def stored_marker(self) -> str:
        with self._lock:
            return self._retried(self._read_marker)

    def count(self) -> int:
        with self._lock:
            return self._retried(lambda: sum(len(segment.alive) for segment in self._current()))

    def search(self, query: Query, offset: int, limit: int) -> Found:
        wanted = plan(query, self._words)
        with self._lock:
            return self._retried(lambda: self._find(wanted, offset, limit))

    def close(self) -> None:
        with self._lock:
            if self._searcher is not None:
                self._searcher.close()
            self._searcher, self._segments = None, []
            self._index.close()

    @contextmanager
    def _writing(self, marker: str | None) -> Iterator["_Writing"]:
        """A writer, committed at the end, and the marker with it.

        What a killed writer left is cleared: its lock by the system, its files by the next commit.
        """
        writing = _Writing(self._index)
        try:
            yield writing
            if marker is not None:
                writing.writer.delete_by_term("kind", MARKER)
                writing.writer.add_document(kind=MARKER, marker=marker)
        except BaseException:
            writing.writer.cancel()
            raise
        writing.writer.commit()

    def _indexed(self, document: Document) -> dict[str, Any]:
        text = f"{document.title}\n{document.text}"
        return {
            "number": document.number,
            "names": " ".join((BREAK, *characters(document.party), BREAK)),
            "lines": [line.strip() for line in " ".join(units(text)).split(STOP) if line.strip()],
            "facets": SEPARATOR.join(str(getattr(document, name)) for name in FACETS).encode(),
            "group": str(document.group),
            "household": household_key(document.household),
        }

    def _retried(self, read: Callable[[], Value]) -> Value:
        """What `read` gives, tried again where a writer took a file away meanwhile. Raises IndexUnreadable."""
        for left in range(TRIES - 1, -1, -1):
            try:
                return read()
            except (OSError, index.EmptyIndexError) as problem:
                if not left or not self._folder.is_dir():
                    raise IndexUnreadable(f"{self._folder}: {problem}") from problem
                time.sleep(PAUSE)
            except Exception as problem:  # whoosh has no error of its own for a damaged file
                raise IndexUnreadable(f"{self._folder}: {problem}") from problem
        raise AssertionError("not reached")

    def _current(self) -> list[_Segment]:
        """The newest commit's segments."""
        if self._searcher is None or self._searcher.reader().generation() != self._index.latest_generation():
            # Its refresh() would bring back documents of segments that were merged away.
            searcher = self._index.searcher()
            held, self._columns = self._columns, {}
            self._segments = []
            if searcher.doc_count():
                self._segments = [self._opened(leaf, held) for leaf, _ in searcher.leaf_searchers()]
            if self._searcher is not None:
                self._searcher.close()
            self._searcher = searcher
        return self._segments

    def _opened(self, leaf: Any, held: dict[str, _Columns]) -> _Segment:
        reader = leaf.reader()
        name = reader.segment().segment_id()
        columns = held.get(name) or _read_columns(reader)
        self._columns[name] = columns
        alive = frozenset(document for document in reader.all_doc_ids() if columns.numbers[document])
        return _Segment(leaf, columns, alive)

    def _read_marker(self) -> str:
        for segment in self._current():
            for document in _matching(segment, "kind", MARKER):
                return str(segment.searcher.reader().stored_fields(document)["marker"])
        return ""

    def _find(self, wanted: Plan, offset: int, limit: int) -> Found:
        facets: Counter[tuple[str, ...]] = Counter()
        scored: list[tuple[int, str]] = []
        for segment in self._current():
            documents = _documents(segment, wanted)
            facets.update(map(segment.columns.facets.__getitem__, documents))
            scored += _scored(segment, wanted, documents)
        page = heapq.nsmallest(offset + limit, scored)[offset:] if limit else []
        counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
        for values, count in facets.items():
            for name, value in zip(FACETS, values, strict=True):
                counts[name][value] += count
        return Found(
            total=len(scored),
            hits=[Hit(number, float(-score)) for score, number in page],
            facets={name: ordered(counts[name]) for name in FACETS},
        )


class _Writing:
    """A writer and the index it writes to."""

    def __init__(self, opened: Any) -> None:
        self._index = opened
        self.writer = opened.writer(limitmb=WRITER_MEGABYTES)

    def again(self) -> None:
        """Commit, and go on with a new writer."""
        self.writer.commit()
        self.writer = self._index.writer(limitmb=WRITER_MEGABYTES)


def _read_columns(reader: Any) -> _Columns:
    lines = {name: _Lines(reader.lexicon(name)) for name in ("lines", "names")}
    numbers = [str(number) for number in reader.column_reader("number")]
    known: dict[bytes, tuple[str, ...]] = {}
    facets = []
    for packed in reader.column_reader("facets"):
        if packed not in known:
            known[packed] = tuple(packed.decode().split(SEPARATOR))
        facets.append(known[packed])
    return _Columns(numbers, [number_key(number) for number in numbers], facets, lines)


def _documents(segment: _Segment, wanted: Plan) -> set[int]:
    """The segment's documents that match."""
    documents = set(segment.alive)
    for exact in wanted.exact:
        documents &= _exact(segment, exact, documents)
    for needle in wanted.needles:
        documents &= _needle(segment, needle)
    for exact in wanted.without_exact:
        documents -= _exact(segment, exact, documents)
    for needle in wanted.without_needles:
        documents -= _needle(segment, needle)
    return documents


def _scored(segment: _Segment, wanted: Plan, documents: set[int]) -> list[tuple[int, str]]:
    """The score below zero and the number of each of `documents`, so that the least come first."""
    scores: Counter[int] = Counter()
    for needle in wanted.needles[:SCORED]:
        scores.update(_named(segment, needle, whole=False) & documents)
        scores.update(_named(segment, needle, whole=True) & documents)
    numbers = segment.columns.numbers
    return [(-scores[document], numbers[document]) for document in documents]


def _needle(segment: _Segment, needle: Needle) -> set[int]:
    return _named(segment, needle, whole=False) | _row(segment, "lines", needle.letters)


def _named(segment: _Segment, needle: Needle, *, whole: bool) -> set[int]:
    """The documents with the needle in a party's name or at the number's beginning, or as one of them."""
    row = (BREAK, *needle.name, BREAK) if whole and needle.name else needle.name
    found = _row(segment, "names", row)
    if needle.number:
        for document, key in enumerate(segment.columns.keys):
            if key.startswith(needle.number) and (not whole or key == needle.number):
                found.add(document)
    return found


def _exact(segment: _Segment, exact: Exact, documents: set[int]) -> set[int]:
    """Which of `documents` hold one of the values."""
    if exact.field in FACETS:
        at, facets = FACETS.index(exact.field), segment.columns.facets
        return {document for document in documents if facets[document][at] in exact.values}
    found: set[int] = set()
    for value in exact.values:
        found |= _matching(segment, exact.field, value)
    return found


def _row(segment: _Segment, name: str, row: Sequence[str]) -> set[int]:
    """The documents with the units side by side in a line."""
    found: set[int] = set()
    reader, lines = segment.searcher.reader(), segment.columns.lines[name]
    for line in lines.holding(row) if row else ():
        if line not in lines.documents:
            lines.documents[line] = tuple(reader.postings(name, line).all_ids())
        found.update(lines.documents[line])
    return found


def _matching(segment: _Segment, name: str, value: str) -> set[int]:
    reader = segment.searcher.reader()
    return set(reader.postings(name, value).all_ids()) if (name, value) in reader else set()
