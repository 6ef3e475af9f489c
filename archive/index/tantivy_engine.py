"""The search index on tantivy.

Traps this knows: tokenisers are registered again at every open; facets are counted by aggregations over raw
fast fields, whose `size` must be set; hits of one score come in no order of ours, so each score is a search of
its own, ordered by number.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy
from tantivy import Occur, Order
from tantivy import Query as Clause

from archive.index.engine import FACETS, SCORED, Document, Found, Hit, IndexUnreadable, ordered
from archive.index.query import Exact, Needle, Query, household_key, plan
from archive.index.words import BREAK, Words, as_word, characters, number_key, units

WRITER_BYTES = 64_000_000
MOST_VALUES = 60_000  # of a facet; tantivy refuses more than 65,000 buckets
SHARED = 18  # of a number's characters, village, year and template: too many contracts begin so to list them
CONTRACT, MARKER = "contract", "marker"


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("number", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("beginnings", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("names", tokenizer_name="row", index_option="position")
    builder.add_text_field("letters", tokenizer_name="row", index_option="position")
    builder.add_text_field("words", tokenizer_name="row", index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("group", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("household", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("marker", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def create(folder: Path) -> None:
    """An empty index in an empty folder."""
    tantivy.Index(_schema(), str(folder), reuse=False)


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


class TantivyEngine:
    """An Engine on tantivy."""

    def __init__(self, folder: Path, words: Words) -> None:
        self._folder, self._words = folder, words
        with _readable(folder):
            self._index = tantivy.Index.open(str(folder))
            self._schema = self._index.schema
            row = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer("row", row)
            self._index.config_reader("manual")

    def update(self, documents: Iterable[Document], marker: str | None = None) -> None:
        with self._writing(marker) as writer:
            for document in documents:
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

    def search(self, query: Query, offset: int, limit: int) -> Found:
        with _readable(self._folder):
            searcher = self._searcher()
            matching, scoring = self._clauses(searcher, query)
            facets = self._facets(searcher, matching)
            total = sum(count for _, count in facets["state"])
            hits: list[Hit] = []
            for score in range(len(scoring), -1, -1):
                if len(hits) >= limit or offset >= total:
                    break
                level = self._level(matching, scoring, score)
                found = searcher.search(
                    level, limit - len(hits), order_by_field="number", order=Order.Asc, offset=offset
                )
                hits += [Hit(str(number), float(score)) for number, _ in found.hits]
                # What the offset skips is counted only while there is an offset left.
                offset = max(0, offset - self._total(searcher, level)) if offset else 0
            return Found(total, hits, facets)

    def close(self) -> None:
        if hasattr(self, "_index"):  # its files are let go of with it
            del self._index

    @contextmanager
    def _writing(self, marker: str | None) -> Iterator[tantivy.IndexWriter]:
        """A writer, committed at the end; a lock left by a killed process is no lock, the system freed it."""
        with _readable(self._folder):
            writer = self._index.writer(WRITER_BYTES, 2)
        try:
            yield writer
            if marker is not None:
                writer.delete_documents_by_term("kind", MARKER)
                kept = tantivy.Document()
                kept.add_text("kind", MARKER)
                kept.add_text("marker", marker)
                writer.add_document(kept)
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()

    def _indexed(self, document: Document) -> tantivy.Document:
        text = f"{document.title}\n{document.text}"
        made = tantivy.Document()
        made.add_text("kind", CONTRACT)
        made.add_text("number", document.number)
        key = number_key(document.number)
        made.add_text("key", key)
        for length in range(1, SHARED + 1):
            made.add_text("beginnings", key[:length])
        made.add_text("names", " ".join((BREAK, *characters(document.party), BREAK)))
        made.add_text("letters", " ".join(units(text)))
        made.add_text("words", " ".join(self._words.segment(text)))
        for name in FACETS:
            made.add_text(name, str(getattr(document, name)))
        made.add_text("group", str(document.group))
        made.add_text("household", household_key(document.household))
        return made

    def _searcher(self) -> tantivy.Searcher:
        self._index.reload()
        return self._index.searcher()

    def _clauses(self, searcher: tantivy.Searcher, query: Query) -> tuple[Clause, list[Clause]]:
        """What must match, and the clauses each of which adds 1 to the score."""
        wanted = plan(query, self._words)
        clauses = [(Occur.Must, self._term("kind", CONTRACT))]
        clauses += [(Occur.Must, self._any_of(exact)) for exact in wanted.exact]
        clauses += [(Occur.MustNot, self._any_of(exact)) for exact in wanted.without_exact]
        clauses += [(Occur.Must, self._needle(searcher, needle)) for needle in wanted.needles]
        clauses += [(Occur.MustNot, self._needle(searcher, needle)) for needle in wanted.without_needles]
        scoring = [clause for needle in wanted.needles[:SCORED] for clause in self._scoring(needle)]
        return Clause.boolean_query(clauses), scoring

    def _needle(self, searcher: tantivy.Searcher, needle: Needle) -> Clause:
        found = self._named(needle)
        word = as_word(needle.letters)
        # Every word of the dictionary is indexed wherever it stands: one that is there is there everywhere.
        if word and searcher.doc_freq("words", word):
            found.append(self._term("words", word))
        elif needle.letters:
            found.append(self._row("letters", needle.letters))
        return _either(found)

    def _named(self, needle: Needle) -> list[Clause]:
        found = [self._row("names", needle.name)] if needle.name else []
        if needle.number:
            if len(needle.number) <= SHARED:
                found.append(self._term("beginnings", needle.number))
            else:
                found.append(Clause.regex_query(self._schema, "key", needle.number + ".*"))
        return found

    def _scoring(self, needle: Needle) -> list[Clause]:
        """One clause for a name's part, one for a whole name; the second holds only where the first does."""
        whole = [self._row("names", (BREAK, *needle.name, BREAK))] if needle.name else []
        if needle.number:
            whole.append(self._term("key", needle.number))
        return [_either(self._named(needle)), _either(whole)]

    def _level(self, matching: Clause, scoring: list[Clause], score: int) -> Clause:
        """The matches of exactly one score."""
        clauses = [(Occur.Must, matching)]
        for occur, least in ((Occur.Must, score), (Occur.MustNot, score + 1)):
            if 0 < least <= len(scoring):
                counted = [(Occur.Should, clause) for clause in scoring]
                clauses.append((occur, Clause.boolean_query(counted, minimum_number_should_match=least)))
        return Clause.boolean_query(clauses)

    def _facets(self, searcher: tantivy.Searcher, matching: Clause) -> dict[str, list[tuple[str, int]]]:
        wanted = {name: {"terms": {"field": name, "size": MOST_VALUES}} for name in FACETS}
        counted = searcher.aggregate(matching, wanted)
        return {
            name: ordered({bucket["key"]: bucket["doc_count"] for bucket in counted[name]["buckets"]})
            for name in FACETS
        }

    def _total(self, searcher: tantivy.Searcher, clause: Clause) -> int:
        found = searcher.search(clause, 1, count=True)
        return int(found.count or 0)  # type: ignore[attr-defined]  # its stub forgets it

    def _any_of(self, exact: Exact) -> Clause:
        if not exact.values:
            return Clause.empty_query()
        return Clause.term_set_query(self._schema, exact.field, sorted(exact.values))

    def _row(self, name: str, row: Sequence[str]) -> Clause:
        """Tokens side by side."""
        return self._term(name, row[0]) if len(row) == 1 else Clause.phrase_query(self._schema, name, [*row])

    def _term(self, name: str, token: str) -> Clause:
        return Clause.term_query(self._schema, name, token, index_option="basic")


def _either(clauses: list[Clause]) -> Clause:
    return (
        Clause.boolean_query([(Occur.Should, clause) for clause in clauses])
        if clauses
        else Clause.empty_query()
    )
