"""The search index on tantivy.

Traps this knows: tokenisers are registered again at every open; facets are counted by aggregations over raw
fast fields, whose `size` must be set; hits of one score come in no order of ours, so each score is a search of
its own, ordered by number; ranges are asked of fast fields, a text is no range.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import tantivy
from tantivy import FieldType, Occur
from tantivy import Query as Clause

from archive.errors import DiskFull
from archive.index.engine import (
    COUNTED,
    FULL,
    MOST_RESPONSIBLE,
    Document,
    Found,
    Hit,
    IndexUnreadable,
    facets_of,
    foremost,
    ordered,
)
from archive.index.looks import Alternative, Among, Begins, Look, Plan, Row
from archive.index.names import (
    SHARED,
    unpacked,
)
from archive.index.tantivy_fields import COLUMN, CONTRACT, MARKER, fields_of, make_schema
from archive.index.tantivy_order import (
    MOST_VALUES,
    PACKED,
    count_of,
    ordered_numbers,
)
from archive.index.words import STOP, Words, as_word

WRITER_BYTES = 64_000_000
LINES_KEPT, TEXTS_KEPT = 20_000, 2_000
SEEN_BYTES = 8 << 20
FEW_SCORES = 2  # above the least: each is looked for by itself sooner than all matches are scored
SCORED_AT_ONCE = 3_000  # hits; a page further on is looked for score by score
MOST_KNOWN = 200  # keys of names that begin alike, the most frequent, of which names are suggested


def create(folder: Path) -> None:
    """An empty index in an empty folder."""
    tantivy.Index(make_schema(), str(folder), reuse=False)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Turn tantivy's complaints about its files, panics among them, into IndexUnreadable."""
    try:
        yield
    except (ValueError, OSError) as problem:
        raise IndexUnreadable(f"{folder}: {problem}") from problem
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":  # pyo3's, which cannot be imported
            raise
        raise IndexUnreadable(f"{folder}: {problem}") from problem


class _Seen:
    """Which numbers were there before, told by a bit each: of two that share one, it may be wrong with the second."""

    def __init__(self) -> None:
        self._bits = bytearray(SEEN_BYTES)

    def perhaps(self, number: str) -> bool:
        """Whether the number may have been asked for before; never False where it was."""
        at = hash(number) % (8 * SEEN_BYTES)
        mask, byte = 1 << (at & 7), at >> 3
        there = self._bits[byte] & mask
        self._bits[byte] |= mask
        return bool(there)


class TantivyEngine:
    """An Engine on tantivy."""

    def __init__(self, folder: Path, words: Words) -> None:
        self._folder, self._words = folder, words
        with _readable(folder):
            self._index = tantivy.Index.open(str(folder))
            self._schema = self._index.schema
            row = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer("row", row)
            whole = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).build()
            self._index.register_fast_field_tokenizer(COLUMN, whole)
            nothing = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw())
            self._index.register_tokenizer(COLUMN, nothing.filter(tantivy.Filter.remove_long(1)).build())
            self._index.config_reader("manual")
        self._beside = ThreadPoolExecutor(thread_name_prefix="facets")
        self._line = lru_cache(maxsize=LINES_KEPT)(self._read_line)
        self._text = lru_cache(maxsize=TEXTS_KEPT)(self._read_text)

    def update(self, documents: Iterable[Document], marker: str | None = None) -> None:
        with self._writing(marker) as writer:
            seen = None if self.count() else _Seen()
            for document in documents:
                # In an empty index there is nothing to be replaced, and a deletion costs a third of an addition.
                if seen is None or seen.perhaps(document.number):
                    writer.delete_documents_by_term("number", document.number)
                writer.add_document(self._indexed(document))

    def delete(self, numbers: Iterable[str], marker: str | None = None) -> None:
        with self._writing(marker) as writer:
            for number in numbers:
                writer.delete_documents_by_term("number", number)

    def set_marker(self, marker: str) -> None:
        self.delete((), marker)

    def stored_marker(self) -> str:
        with _readable(self._folder):
            searcher = self._searcher()
            found = searcher.search(self._term("kind", MARKER), 1).hits
            return str(searcher.doc(found[0][1]).get_first("marker")) if found else ""

    def count(self) -> int:
        with _readable(self._folder):
            return self._total(self._searcher(), self._term("kind", CONTRACT))

    def search(self, wanted: Plan, offset: int, limit: int, sort: str = "score") -> Found:
        with _readable(self._folder):
            searcher = self._searcher()
            matching = self._matching(searcher, wanted)
            counted = self._beside.submit(self._facets, searcher, matching)
            try:
                hits = self._page(searcher, matching, wanted, offset, limit, sort) if limit else []
            finally:
                facets = counted.result()
            return Found(sum(count for _, count in facets["state"]), hits, facets)

    def total(self, wanted: Plan) -> int:
        with _readable(self._folder):
            searcher = self._searcher()
            return self._total(searcher, self._matching(searcher, wanted))

    def people(self, beginning: str, limit: int) -> list[str]:
        with _readable(self._folder):
            counts: dict[str, int] = {}
            for term, count in self._searcher().terms_with_prefix("person", beginning, limit=MOST_KNOWN):
                counts[term.rpartition("\t")[2]] = count
            return [name for name, _ in ordered(counts)[:limit]]

    def numbers(self, beginning: str, limit: int) -> list[str]:
        with _readable(self._folder):
            searcher = self._searcher()
            short = len(beginning) <= SHARED
            look = Among("numbers", frozenset({beginning})) if short else Begins(beginning)
            clause = self._clause(searcher, look)
            return [hit.number for hit in self._ordered(searcher, clause, 0, "number", 0, limit)[0]]

    def close(self) -> None:
        self._beside.shutdown()
        if hasattr(self, "_index"):  # its files are let go of with it
            del self._index

    @contextmanager
    def _writing(self, marker: str | None) -> Iterator[tantivy.IndexWriter]:
        """A writer, committed at the end; a lock left by a killed process is no lock, the system freed it."""
        with _readable(self._folder):
            # A second thread makes more and smaller segments, and merging them costs more than it gains.
            writer = self._index.writer(WRITER_BYTES, 1)
        try:
            yield writer
            if marker is not None:
                writer.delete_documents_by_term("kind", MARKER)
                kept = tantivy.Document()
                kept.add_text("kind", MARKER)
                kept.add_text("marker", marker)
                writer.add_document(kept)
            writer.commit()
        except BaseException as problem:
            if any(word in str(problem) for word in FULL):  # nothing can be undone then either
                raise DiskFull(file=self._folder) from None
            writer.rollback()
            raise
        finally:
            with suppress(ValueError):
                writer.wait_merging_threads()

    def _indexed(self, document: Document) -> tantivy.Document:
        letters, words = self._text(*document.lines)
        return tantivy.Document.from_dict(fields_of(document, letters, words), self._schema)

    def _read_text(self, *lines: str) -> tuple[str, str]:
        """The units and the words of a document's lines, as they are indexed."""
        read = [self._line(line) for line in lines]
        return f" {STOP} ".join([letters for letters, _ in read]), " ".join([words for _, words in read])

    def _read_line(self, line: str) -> tuple[str, str]:
        row, words = self._words.read(line)
        return " ".join(row), " ".join(words)

    def _searcher(self) -> tantivy.Searcher:
        self._index.reload()
        return self._index.searcher()

    def _matching(self, searcher: tantivy.Searcher, wanted: Plan) -> Clause:
        found = [(Occur.Must, self._either(searcher, needle.alternatives)) for needle in wanted.needles]
        return Clause.boolean_query([*(found or self._everything()), *self._without(searcher, wanted)])

    def _everything(self) -> list[tuple[Occur, Clause]]:
        """What keeps the marker out, which no needle finds."""
        return [(Occur.Must, self._term("kind", CONTRACT))]

    def _without(self, searcher: tantivy.Searcher, wanted: Plan) -> list[tuple[Occur, Clause]]:
        return [(Occur.MustNot, self._either(searcher, needle.alternatives)) for needle in wanted.without]

    def _page(
        self,
        searcher: tantivy.Searcher,
        matching: Clause,
        wanted: Plan,
        offset: int,
        limit: int,
        sort: str,
    ) -> list[Hit]:
        if sort == "score":
            return self._best(searcher, wanted, offset, limit)
        by = "number" if sort == "number" else f"by_{sort}"
        return self._ordered(searcher, matching, 0, by, offset, limit)[0]

    def _best(self, searcher: tantivy.Searcher, wanted: Plan, offset: int, limit: int) -> list[Hit]:
        """A page in the order of score and number.

        Each score is a search of its own, the highest first; where many scores are possible, the best matches are
        scored at once, and such searches come after them.
        """
        steps = [needle.worth[1] - needle.worth[0] for needle in wanted.needles]
        top, least = sum(steps), sum(needle.worth[0] for needle in wanted.needles)
        hits: list[Hit] = []
        passed = 0  # matches of higher scores
        if top > FEW_SCORES and offset + limit <= SCORED_AT_ONCE:
            best, every = self._scored(searcher, wanted)
            if every:
                return best[offset : offset + limit]
            top = int(best[-1].score) - least
            best = [hit for hit in best if hit.score > best[-1].score]
            hits, passed = best[offset : offset + limit], len(best)
        for step in range(top, -1, -1):
            if len(hits) == limit:
                break
            level = self._level(searcher, wanted, step)
            more, count = self._ordered(
                searcher, level, float(least + step), "number", max(0, offset - passed), limit - len(hits)
            )
            hits += more
            passed += count
        return hits

    def _scored(self, searcher: tantivy.Searcher, wanted: Plan) -> tuple[list[Hit], bool]:
        """The best SCORED_AT_ONCE, in order, and whether they are all; else those of the last score are any of it."""
        clauses = self._without(searcher, wanted)
        for needle in wanted.needles:
            tiers = [
                Clause.const_score_query(self._either(searcher, alternatives), float(worth))
                for worth, alternatives in needle.tiers
            ]
            clauses.append((Occur.Must, Clause.disjunction_max_query(tiers)))
        found = searcher.search(Clause.boolean_query(clauses), SCORED_AT_ONCE, count=False).hits
        parts = [searcher.fast_field_values(name, [address for _, address in found]) for name in PACKED]
        numbers = map(unpacked, *parts)
        hits = [Hit(number, float(score)) for number, (score, _) in zip(numbers, found, strict=True)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.number)), len(hits) < SCORED_AT_ONCE

    def _level(self, searcher: tantivy.Searcher, wanted: Plan, step: int) -> Clause:
        """The matches that score so many above the least, of all needles together."""
        several = [needle for needle in wanted.needles if needle.worth[0] < needle.worth[1]]
        if len(several) == 1:  # what scores so much, without what scores more
            (needle,) = several
            score = needle.worth[0] + step
            needles = [one for one in wanted.needles if one is not needle]
            needles.append(needle.from_score(score))
            without = [*wanted.without, needle.from_score(score + 1)]
            return self._matching(searcher, Plan(needles, without))
        every = [
            (Occur.Should, self._either(searcher, needle.from_score(score).alternatives))
            for needle in several
            for score in range(needle.worth[0] + 1, needle.worth[1] + 1)
        ]
        clauses = [(Occur.Must, self._matching(searcher, wanted))]
        for occur, least in ((Occur.Must, step), (Occur.MustNot, step + 1)):
            if 0 < least <= len(every):
                clauses.append((occur, Clause.boolean_query(every, minimum_number_should_match=least)))
        return Clause.boolean_query(clauses)

    def _ordered(
        self, searcher: tantivy.Searcher, clause: Clause, score: float, by: str, offset: int, limit: int
    ) -> tuple[list[Hit], int]:
        """A page of those that match, in the order of a field, and how many there are."""
        numbers, count = ordered_numbers(self._schema, searcher, clause, by, offset, limit)
        return [Hit(number, score) for number in numbers], count

    def _facets(self, searcher: tantivy.Searcher, matching: Clause) -> dict[str, list[tuple[str, int]]]:
        wanted = {name: {"terms": {"field": name, "size": MOST_VALUES}} for name in COUNTED}
        wanted["responsible"]["terms"] |= {"size": MOST_RESPONSIBLE + 1, "segment_size": MOST_VALUES}
        counted = searcher.aggregate(matching, wanted)
        facets = facets_of(
            {
                name: {bucket["key"]: bucket["doc_count"] for bucket in counted[name]["buckets"]}
                for name in COUNTED
            }
        )
        return facets | {"responsible": foremost(facets["responsible"])}

    def _total(self, searcher: tantivy.Searcher, clause: Clause) -> int:
        return count_of(searcher.search(clause, 1))

    def _either(self, searcher: tantivy.Searcher, alternatives: Sequence[Alternative]) -> Clause:
        clauses = [self._all(searcher, looks) for looks in alternatives]
        if len(clauses) < 2:
            return clauses[0] if clauses else Clause.empty_query()
        return Clause.boolean_query([(Occur.Should, clause) for clause in clauses])

    def _all(self, searcher: tantivy.Searcher, looks: Alternative) -> Clause:
        if len(looks) == 1:
            return self._clause(searcher, looks[0])
        return Clause.boolean_query([(Occur.Must, self._clause(searcher, look)) for look in looks])

    def _clause(self, searcher: tantivy.Searcher, look: Look) -> Clause:
        match look:
            case Row("letters", tokens):
                word = as_word(tokens)
                # Every word of the dictionary is indexed wherever it stands: one that is there is there everywhere.
                if word and searcher.doc_freq("words", word):
                    return self._term("words", word)
                return self._row("letters", tokens)
            case Row(name, tokens):
                return self._row(name, tokens)
            case Among(name, values):
                if len(values) == 1:
                    return self._term(name, *values)
                if not values:
                    return Clause.empty_query()
                return Clause.term_set_query(self._schema, name, sorted(values))
            case Begins(key):
                return Clause.regex_query(self._schema, "key", key + ".*")
            case _:
                return Clause.range_query(self._schema, look.field, FieldType.Unsigned, look.first, look.last)

    def _row(self, name: str, row: Sequence[str]) -> Clause:
        """Tokens side by side."""
        return self._term(name, row[0]) if len(row) == 1 else Clause.phrase_query(self._schema, name, [*row])

    def _term(self, name: str, token: str) -> Clause:
        return Clause.term_query(self._schema, name, token, index_option="basic")
