"""The search index on whoosh, where only pure Python can be installed.

Its terms are whole lines: villages, titles and names recur, so there are far fewer of them than documents,
and a posting for every character would make it five times slower to write. A query looks through the lines
of a segment, joined to one string, and unites the postings of those that hold it. Lines, numbers and facets
of a segment are held in memory once it has been searched.
"""

import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from whoosh import fields, index

from archive.index.engine import (
    COUNTED,
    SORTS,
    Document,
    Found,
    Hit,
    IndexUnreadable,
    facets_of,
    foremost,
    ordered,
)
from archive.index.looks import Alternative, Among, Begins, Look, Needle, Plan, Row
from archive.index.names import CHECKED, ENDING, endings, known_as, name_row, similar_row
from archive.index.values import OPEN_END, campaign_key, day_number, household_key
from archive.index.whoosh_lines import Lines
from archive.index.words import STOP, Words, number_key, units

WRITER_MEGABYTES = 64
TRIES, PAUSE = 40, 0.05  # seconds; a writer may remove what a reader was about to open
MARKER = "marker"
SEPARATOR = "\t"
ROWS = {
    "letters": "lines",
    "names": "names",
    "similar": "similar",
    "keeper": "keeper",
    "archival": "archival",
}  # by what is looked for
Value = TypeVar("Value")


def _schema() -> Any:
    return fields.Schema(
        kind=fields.ID(),
        number=fields.ID(sortable=True),
        own=fields.COLUMN(),
        facets=fields.COLUMN(),
        marker=fields.STORED(),
        **{name: fields.ID() for name in ROWS.values()},
        **{
            name: fields.ID()
            for name in ("person", "group", "household", "campaign", "form", "starts", "ends")
        },
        **{f"by_{sort}": fields.COLUMN() for sort in SORTS[2:]},
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
    lines: dict[str, Lines]


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

    def search(self, wanted: Plan, offset: int, limit: int, sort: str = "score") -> Found:
        with self._lock:
            return self._retried(lambda: self._find(wanted, offset, limit, sort))

    def total(self, wanted: Plan) -> int:
        return self.search(wanted, 0, 0, "number").total

    def people(self, beginning: str, limit: int) -> list[str]:
        with self._lock:
            return self._retried(lambda: self._people(beginning, limit))

    def numbers(self, beginning: str, limit: int) -> list[str]:
        wanted = Plan([Needle(((0, ((Begins(beginning),),)),))])
        return [hit.number for hit in self.search(wanted, 0, limit, "number").hits]

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
        lines = (line.strip() for text in document.lines for line in " ".join(units(text)).split(STOP))
        archival = " ".join(units(document.archival))
        return {
            "number": document.number,
            **({"own": document.key.encode()} if document.own_number else {}),
            "names": name_row(document.party),
            "similar": similar_row(document.party),
            "keeper": name_row(document.responsible),
            "person": list(known_as(document.party)),
            "lines": [line for line in lines if line],
            "facets": SEPARATOR.join(str(getattr(document, name)) for name in COUNTED).encode(),
            "group": str(document.group),
            "household": household_key(document.household),
            "campaign": campaign_key(document.campaign),
            **({"archival": archival} if archival else {}),
            **({"form": list(document.forms)} if document.forms else {}),
            "starts": str(day_number(document.starts, 0)),
            "ends": str(day_number(document.ends, OPEN_END)),
            **{f"by_{sort}": document.sort_key(sort).encode() for sort in SORTS[2:]},
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

    def _find(self, wanted: Plan, offset: int, limit: int, sort: str) -> Found:
        facets: Counter[tuple[str, ...]] = Counter()
        found: list[tuple[int | str, str, int]] = []
        for segment in self._current():
            documents = _documents(segment, wanted)
            facets.update(map(segment.columns.facets.__getitem__, documents))
            scores = _scores(segment, wanted, documents) if sort == "score" else {}
            found += _placed(segment, documents, scores, sort)
        page = heapq.nsmallest(offset + limit, found)[offset:] if limit else []
        counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
        for values, count in facets.items():
            for name, value in zip(COUNTED, values, strict=True):
                counts[name][value] += count
        by_field = facets_of(counts)
        return Found(
            total=len(found),
            hits=[Hit(number, float(score)) for _, number, score in page],
            facets=by_field | {"responsible": foremost(by_field["responsible"])},
        )

    def _people(self, beginning: str, limit: int) -> list[str]:
        counts: dict[str, int] = {}
        for segment in self._current():
            known: Counter[str] = Counter()
            reader = segment.searcher.reader()
            for term in reader.expand_prefix("person", beginning):
                name = term.decode().rpartition("\t")[2]
                known[name] = max(known[name], reader.doc_frequency("person", term))
            for name, count in known.items():
                counts[name] = counts.get(name, 0) + count
        return [name for name, _ in ordered(counts)[:limit]]


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
    lines = {name: Lines(reader.lexicon(name)) for name in ROWS.values()}
    numbers = [str(number) for number in reader.column_reader("number")]
    known: dict[bytes, tuple[str, ...]] = {}
    facets = []
    for packed in reader.column_reader("facets"):
        if packed not in known:
            known[packed] = tuple(packed.decode().split(SEPARATOR))
        facets.append(known[packed])
    owns = reader.column_reader("own")
    keys = [own.decode() or number_key(number) for own, number in zip(owns, numbers, strict=True)]
    return _Columns(numbers, keys, facets, lines)


def _documents(segment: _Segment, wanted: Plan) -> set[int]:
    """The segment's documents that match."""
    documents = set(segment.alive)
    for needle in wanted.needles:
        documents &= _either(segment, needle.alternatives)
    for needle in wanted.without:
        documents -= _either(segment, needle.alternatives)
    return documents


def _scores(segment: _Segment, wanted: Plan, documents: set[int]) -> Counter[int]:
    """The score of each of `documents`, those of 0 left out."""
    scores: Counter[int] = Counter()
    for needle in wanted.needles:
        left = documents
        for worth, alternatives in needle.tiers:
            found = _either(segment, alternatives) & left if worth else set()
            left = left - found
            for document in found:
                scores[document] += worth
    return scores


def _placed(
    segment: _Segment, documents: set[int], scores: Mapping[int, int], sort: str
) -> Iterator[tuple[int | str, str, int]]:
    """What each document stands in order by, its number and its score."""
    numbers = segment.columns.numbers
    if sort == "score":
        yield from ((-scores.get(one, 0), numbers[one], scores.get(one, 0)) for one in documents)
    elif sort == "number":
        yield from ((numbers[one], numbers[one], 0) for one in documents)
    else:
        column = segment.searcher.reader().column_reader(f"by_{sort}")
        yield from ((column[one].decode(), numbers[one], 0) for one in documents)


def _either(segment: _Segment, alternatives: Iterable[Alternative]) -> set[int]:
    """The documents with one of the alternatives."""
    found: set[int] = set()
    for looks in alternatives:
        found |= set.intersection(*(_looked_for(segment, look) for look in looks))
    return found


def _looked_for(segment: _Segment, look: Look) -> set[int]:
    keys = segment.columns.keys
    match look:
        case Row(name, tokens):
            return _row(segment, ROWS[name], tokens)
        case Among("key", values):
            return {document for document, key in enumerate(keys) if key in values}
        case Among("number", values):
            numbers = segment.columns.numbers
            return {document for document, number in enumerate(numbers) if number in values}
        case Among("numbers", values):
            return {document for token in values for document in _numbered(keys, token)}
        case Among(name, values) if name in COUNTED:
            at = COUNTED.index(name)
            return {
                document
                for document, facets in enumerate(segment.columns.facets)
                if facets[at : at + 1] and facets[at] in values
            }
        case Among(name, values):
            return {document for value in values for document in _matching(segment, name, value)}
        case Begins(beginning):
            return {document for document, key in enumerate(keys) if key.startswith(beginning)}
        case _:
            days = segment.searcher.reader().lexicon(look.field)
            within = [day.decode() for day in days if look.first <= int(day) <= look.last]
            return {document for day in within for document in _matching(segment, look.field, day)}


def _numbered(keys: Sequence[str], token: str) -> Iterator[int]:
    """The documents that the token, a beginning or an end of a number, is one of (names.number_tokens)."""
    if token[0] not in (ENDING, CHECKED):
        yield from (document for document, key in enumerate(keys) if key.startswith(token))
        return
    end = token[1:]
    for document, key in enumerate(keys):
        if end in key and token in endings(key):
            yield document


def _row(segment: _Segment, name: str, row: Sequence[str]) -> set[int]:
    """The documents with the units side by side in a line."""
    found: set[int] = set()
    reader, lines = segment.searcher.reader(), segment.columns.lines[name]
    for line in lines.holding(row):
        if line not in lines.documents:
            lines.documents[line] = tuple(reader.postings(name, line).all_ids())
        found.update(lines.documents[line])
    return found


def _matching(segment: _Segment, name: str, value: str) -> set[int]:
    reader = segment.searcher.reader()
    return set(reader.postings(name, value).all_ids()) if (name, value) in reader else set()
