"""Search engines as one would put them together without this project, over the same lines of text.

jieba + whoosh    whoosh's text field with jieba's ChineseAnalyzer, BM25F
character pairs   tantivy with every two neighbouring characters as a token, all asked for, BM25
FTS5 trigram      SQLite's trigram tokenizer, BM25; terms under three characters, which it cannot look up, by looking through
"""

import sqlite3
import unicodedata
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import tantivy

from archive.index.engine import Document, Engine
from archive.index.find import find
from archive.index.query import parse
from archive.index.words import Words

FOUND = 10


class Searcher(Protocol):
    """Something that is given documents once and asked for the ten best numbers."""

    def build(self, documents: Iterable[Document]) -> None: ...
    def best(self, typed: str) -> list[str]: ...


class Ours:
    """An engine of the project, asked as `huyue search` asks it."""

    def __init__(self, engine: Engine, words: Words) -> None:
        self._engine, self._words = engine, words

    def build(self, documents: Iterable[Document]) -> None:
        self._engine.update(documents)

    def best(self, typed: str) -> list[str]:
        return [hit.number for hit in find(self._engine, self._words, parse(typed), 0, FOUND)[0].hits]


class JiebaWhoosh:
    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import jieba
            from jieba.analyse.analyzer import ChineseAnalyzer
        from whoosh import fields, index

        folder.mkdir()
        jieba.dt.tmp_dir = str(folder)  # else it keeps its cache in the shared temporary folder
        text = fields.TEXT(analyzer=ChineseAnalyzer())
        self._index: Any = index.create_in(str(folder), fields.Schema(number=fields.STORED, text=text))

    def build(self, documents: Iterable[Document]) -> None:
        writer = self._index.writer(limitmb=256)
        for one in documents:
            writer.add_document(number=one.number, text=line(one))
        writer.commit()

    def best(self, typed: str) -> list[str]:
        from whoosh.qparser import QueryParser

        with self._index.searcher() as searcher:
            query = QueryParser("text", self._index.schema).parse(plain(typed))
            return [hit["number"] for hit in searcher.search(query, limit=FOUND)]


class CharacterPairs:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("number", stored=True, tokenizer_name="raw")
        builder.add_text_field("text", tokenizer_name="row", index_option="freq")
        self._index = tantivy.Index(builder.build(), str(folder))
        self._index.register_tokenizer(
            "row", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        )

    def build(self, documents: Iterable[Document]) -> None:
        writer = self._index.writer(64_000_000)
        for one in documents:
            made = tantivy.Document()
            made.add_text("number", one.number)
            made.add_text("text", " ".join(pairs(line(one))))
            writer.add_document(made)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def best(self, typed: str) -> list[str]:
        asked = dict.fromkeys(pairs(plain(typed)))
        if not asked:
            return []
        clauses = [
            (
                tantivy.Occur.Must,
                tantivy.Query.term_query(self._index.schema, "text", pair, index_option="freq"),
            )
            for pair in asked
        ]
        searcher = self._index.searcher()
        found = searcher.search(tantivy.Query.boolean_query(clauses), FOUND).hits
        return [str(searcher.doc(address).get_first("number")) for _, address in found]


class Trigram:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._base = sqlite3.connect(folder / "fts.db")
        self._base.execute(
            "CREATE VIRTUAL TABLE page USING fts5(number UNINDEXED, text, tokenize = 'trigram')"
        )

    def build(self, documents: Iterable[Document]) -> None:
        with self._base:
            rows = ((one.number, line(one)) for one in documents)
            self._base.executemany("INSERT INTO page VALUES (?, ?)", rows)

    def best(self, typed: str) -> list[str]:
        terms = plain(typed).split()
        long = " ".join('"' + term.replace('"', '""') + '"' for term in terms if len(term) > 2)
        short = [term for term in terms if len(term) < 3]
        where = [*(["page MATCH ?"] if long else []), *["instr(text, ?)" for _ in short]]
        order = " ORDER BY rank" if long else ""
        query = f"SELECT number FROM page WHERE {' AND '.join(where)}{order} LIMIT {FOUND}"  # noqa: S608
        return [row[0] for row in self._base.execute(query, [*([long] if long else []), *short])]


def line(one: Document) -> str:
    """All that is known of a contract, as one text."""
    place = one.text.replace("\n", " ")
    return lowered(
        f"{one.number} {one.party} {one.title} {place} {one.group}组 {one.household} {one.responsible}"
    )


def plain(typed: str) -> str:
    """A query without field words, which the peers have not."""
    return lowered(" ".join(term.text for term in parse(typed).terms))


def lowered(text: str) -> str:
    """Full-width forms folded, in lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def pairs(text: str) -> list[str]:
    """Every two neighbouring characters of each word."""
    return [word[at : at + 2] for word in text.split() for at in range(max(1, len(word) - 1))]
