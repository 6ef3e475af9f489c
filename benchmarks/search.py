"""How fast contracts are indexed and found: our engines beside SQLite's FTS5, over three sizes.

    .venv/bin/python benchmarks/search.py [--size CONTRACTS] [--limit SECONDS] [--json]

A row is an engine at a hundredth, a tenth and the whole of --size, in a process of its own: building (less making up
the contracts), the size on disk, the peak memory, how long 100 replaced contracts take until they are found, and what
twelve kinds of query take, each with the total, the first 20 hits and all facets. `cold` is each of 20 queries a kind
asked once after the index is opened (the files are in the system's cache), `warm` the same again; p50, p95, p99 in
milliseconds. An engine whose smaller size says that the next one will take longer than --limit is not measured there.

FTS5 has the words of the text apart by spaces (unicode61, every character its own word), since its trigrams cannot
look up two characters; its facets are grouped counts of the matches. PostgreSQL is not among the peers yet.
"""

import argparse
import json
import multiprocessing
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from typing import Protocol

from archive.index.engine import COUNTED, Document, open_engine
from archive.index.find import find
from archive.index.query import parse
from archive.index.words import Words, fold
from benchmarks.report import Row, show, sizes
from benchmarks.search_people import contracts, dictionary
from benchmarks.search_queries import timed_queries

PAGE = 20
REPLACED = 100


class Timed(Protocol):
    def build(self, documents: Iterable[Document]) -> None: ...
    def answer(self, typed: str) -> int: ...


class Ours:
    def __init__(self, folder: Path, name: str, words: Words) -> None:
        self._words = words
        self._engine = open_engine(name, folder, words)

    def build(self, documents: Iterable[Document]) -> None:
        self._engine.update(documents)

    def answer(self, typed: str) -> int:
        return find(self._engine, self._words, parse(typed), 0, PAGE)[0].total


class Fts5:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._base = sqlite3.connect(folder / "fts.db")
        columns = ", ".join(f"{name} UNINDEXED" for name in ("number", *COUNTED))
        self._base.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS page USING fts5({columns}, text)")
        self._base.execute("CREATE TABLE IF NOT EXISTS place (number TEXT PRIMARY KEY, at INTEGER)")

    def build(self, documents: Iterable[Document]) -> None:
        with self._base:
            for one in documents:
                known = self._base.execute("SELECT at FROM place WHERE number = ?", [one.number]).fetchone()
                if known:
                    self._base.execute("DELETE FROM page WHERE rowid = ?", known)
                values = [one.number, *(str(getattr(one, name)) for name in COUNTED)]
                text = f"{one.party}\n{one.number.replace('-', ' ')}\n" + "\n".join(one.lines)
                row = self._base.execute(
                    f"INSERT INTO page VALUES ({', '.join('?' * (len(values) + 1))})",  # noqa: S608
                    [*values, _apart(text)],
                )
                self._base.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", [one.number, row.lastrowid])

    def answer(self, typed: str) -> int:
        terms = [_apart(term.text).split() for term in parse(typed).terms]
        match = " ".join('"' + " ".join(term).replace('"', "") + '"' for term in terms if term)
        where, given = ("WHERE page MATCH ?", [match]) if match else ("", [])
        order = "ORDER BY rank" if match else "ORDER BY number"
        self._base.execute(f"SELECT number FROM page {where} {order} LIMIT {PAGE}", given).fetchall()  # noqa: S608
        total = 0
        for name in COUNTED:
            query = f"SELECT {name}, count(*) FROM page {where} GROUP BY 1"  # noqa: S608
            total = sum(count for _, count in self._base.execute(query, given))
        return total


def _apart(text: str) -> str:
    """Every ideograph as a word of its own."""
    return "".join(f" {letter} " if ord(letter) > 0x2E80 else letter for letter in fold(text))


ENGINES: dict[str, Callable[[Path, Words], Timed]] = {
    "tantivy": lambda folder, words: Ours(folder, "tantivy", words),
    "whoosh": lambda folder, words: Ours(folder, "whoosh", words),
    "FTS5": lambda folder, _: Fts5(folder),
}


def measure(name: str, size: int, sender: Connection) -> None:
    """One engine at one size: the row of the table, and a row for each kind of query."""
    _, _, words = dictionary()
    words.read("先读词典")
    with tempfile.TemporaryDirectory(prefix="huyue-bench-") as scratch:
        folder = Path(scratch, "index")
        engine = ENGINES[name](folder, words)
        started = time.perf_counter()
        engine.build(contracts(size))
        built = time.perf_counter() - started - _made_up(size)
        engine = ENGINES[name](folder, words)
        asked = {kind: list(islice(typed, 20)) for kind, typed in timed_queries(size)}
        cold = {kind: [_timed(engine, typed) for typed in of_kind] for kind, of_kind in asked.items()}
        warm = {kind: [_timed(engine, typed) for typed in of_kind] for kind, of_kind in asked.items()}
        on_disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        row = {
            "engine": name,
            "contracts": size,
            "built/s": round(size / built),
            "MB": round(on_disk / 1e6, 1),
            "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "100 visible ms": round(_replaced(engine, size)),
            **_spread("cold", [one for times in cold.values() for one in times]),
            **_spread("warm", [one for times in warm.values() for one in times]),
        }
        kinds = [
            {"engine": name, "contracts": size, "kind": kind}
            | _spread("cold", cold[kind])
            | _spread("warm", warm[kind])
            for kind in asked
        ]
    sender.send((row, kinds))


def _made_up(size: int) -> float:
    """Seconds that making up the contracts takes."""
    started = time.perf_counter()
    for _ in contracts(size):
        pass
    return time.perf_counter() - started


def _timed(engine: Timed, typed: str) -> float:
    started = time.perf_counter()
    engine.answer(typed)
    return (time.perf_counter() - started) * 1000


def _replaced(engine: Timed, size: int) -> float:
    """Milliseconds until 100 contracts with another party are found: the middle of five times."""
    took: list[float] = []
    for turn in range(5):
        party = f"新名{'一二三四五'[turn]}"
        changed = [replace(one, party=party) for one in islice(contracts(size), REPLACED)]
        started = time.perf_counter()
        engine.build(changed)
        found = engine.answer(f'"{party}"')
        took.append((time.perf_counter() - started) * 1000)
        if found != min(REPLACED, size):
            raise AssertionError(f"{found} of {REPLACED} are found")
    return sorted(took)[2]


def _spread(label: str, times: list[float]) -> Row:
    cuts = quantiles(times, n=100, method="inclusive")
    return {f"{label} p{place}": round(cuts[place - 1], 1) for place in (50, 95, 99)}


def rows(size: int, limit: float) -> Iterator[tuple[Row, list[Row]]]:
    """Every engine at every size that it is likely to do in time."""
    context = multiprocessing.get_context("spawn")
    for name in ENGINES:
        before: tuple[int, float] | None = None
        for one in sizes(size, (100, 10, 1), 1_000):
            if before and before[1] * one / before[0] > limit:
                print(f"{name}: {one} contracts would take longer than {limit:.0f} s", file=sys.stderr)
                break
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=measure, args=(name, one, sender))
            started = time.perf_counter()
            process.start()
            sender.close()
            row, kinds = receiver.recv()
            process.join()
            print(row, file=sys.stderr)
            yield row, kinds
            before = one, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1_000_000, help="contracts (default 1000000)")
    parser.add_argument("--limit", type=float, default=900, help="seconds an engine may take (default 900)")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    arguments = parser.parse_args()
    found = list(rows(arguments.size, arguments.limit))
    engines = [row for row, _ in found]
    largest = {
        row["engine"]: of_kind for row, of_kind in found
    }  # the kinds only at each engine's largest size
    kinds = [row for of_kind in largest.values() for row in of_kind]
    if arguments.json:
        print(json.dumps({"engines": engines, "kinds": kinds}, ensure_ascii=False))
    else:
        show(engines)
        print()
        show(kinds)


if __name__ == "__main__":
    main()
