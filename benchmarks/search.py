"""How fast contracts are indexed and found: our engines beside SQLite's FTS5 and PostgreSQL, over three sizes.

    .venv/bin/python benchmarks/search.py [--size CONTRACTS] [--limit SECONDS] [--json]

A row is an engine at a hundredth, a tenth and the whole of --size, in a process of its own: building (less making up
the contracts), the size on disk, the peak memory, how long 100 replaced contracts take until they are found, and what
twelve kinds of query take, each with the total, the first 20 hits and all facets. `cold` is each of 20 queries a kind
asked once after the index is opened (the files are in the system's cache), `warm` the same again; p50, p95, p99 in
milliseconds. An engine whose smaller size says that the next one takes longer than --limit or more than --memory, or
that is not done in --limit, is not measured there, and the table says so. Peers: search_databases.py.
`index rebuild` is the command as a clerk runs it over a county's catalogue (county.py), its start and the sealing of
the index included; its 100 contracts are changed in the catalogue and found by the next search.
"""

import json
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from typing import Protocol

from archive.index.engine import Document, open_engine
from archive.index.find import find
from archive.index.query import parse
from archive.index.words import Words
from benchmarks import report
from benchmarks.report import Row, show, sizes
from benchmarks.search_databases import PAGE, Fts5, PostgreSql, Trigram, postgres_missing
from benchmarks.search_people import contracts, dictionary
from benchmarks.search_queries import timed_queries
from benchmarks.search_rebuild import rebuilt

REPLACED = 100
PLACES = (50, 95, 99)
REBUILD = "index rebuild"
FIGURES = ("built/s", "MB", "peak MB", "100 visible ms")


class Timed(Protocol):
    """`answer` gives the number of matches, `beside` the bytes of memory that are held outside this process."""

    def build(self, documents: Iterable[Document]) -> None: ...
    def answer(self, typed: str) -> int: ...
    def beside(self) -> int: ...
    def close(self) -> None: ...


class Ours:
    def __init__(self, folder: Path, name: str, words: Words) -> None:
        self._words = words
        self._engine = open_engine(name, folder, words)

    def build(self, documents: Iterable[Document]) -> None:
        self._engine.update(documents)

    def answer(self, typed: str) -> int:
        return find(self._engine, self._words, parse(typed), 0, PAGE)[0].total

    def beside(self) -> int:
        return 0

    def close(self) -> None:
        self._engine.close()


ENGINES: dict[str, Callable[[Path, Words], Timed]] = {
    "tantivy": lambda folder, words: Ours(folder, "tantivy", words),
    "whoosh": lambda folder, words: Ours(folder, "whoosh", words),
    "FTS5": lambda folder, _: Fts5(folder),
    "FTS5 trigram": lambda folder, _: Trigram(folder),
    "PostgreSQL": lambda folder, _: PostgreSql(folder),
}


def measure(name: str, size: int, gigabytes: float, sender: Connection) -> None:
    """One engine at one size: the row of the table, and a row for each kind of query."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a server is stopped, too
    if name == REBUILD:
        took, on_disk, peak, visible = rebuilt(size)
        sender.send((_row(name, size, (round(size / took), round(on_disk, 1), peak, visible)), []))
        return
    resource.setrlimit(resource.RLIMIT_DATA, (int(gigabytes * 1e9), resource.RLIM_INFINITY))
    _, _, words = dictionary()
    words.read("先读词典")
    with tempfile.TemporaryDirectory(prefix="huyue-bench-") as scratch:
        Path(scratch).chmod(0o711)  # PostgreSQL's server is another user's
        folder = Path(scratch, "index")
        with closing(ENGINES[name](folder, words)) as engine:
            started = time.perf_counter()
            engine.build(contracts(size))
            built = time.perf_counter() - started - _made_up(size)
        with closing(ENGINES[name](folder, words)) as engine:
            sender.send(_measured(name, size, built, engine, folder))


def _measured(name: str, size: int, built: float, engine: Timed, folder: Path) -> tuple[Row, list[Row]]:
    asked = {kind: list(islice(typed, 20)) for kind, typed in timed_queries(size)}
    cold = {kind: [_timed(engine, typed) for typed in of_kind] for kind, of_kind in asked.items()}
    warm = {kind: [_timed(engine, typed) for typed in of_kind] for kind, of_kind in asked.items()}
    on_disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    visible = round(_replaced(engine, size))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 + engine.beside() // 2**20
    figures = (round(size / built), round(on_disk / 1e6, 1), peak, visible)
    row = _row(name, size, figures)
    row |= _spread("cold", [one for times in cold.values() for one in times])
    row |= _spread("warm", [one for times in warm.values() for one in times])
    kinds = [
        {"engine": name, "contracts": size, "kind": kind}
        | _spread("cold", cold[kind])
        | _spread("warm", warm[kind])
        for kind in asked
    ]
    return row, kinds


def _row(name: str, size: int, figures: Sequence[object]) -> Row:
    """A row without the times of queries."""
    spread = [f"{label} p{place}" for label in ("cold", "warm") for place in PLACES]
    found = dict(zip(FIGURES, figures, strict=True))
    return {"engine": name, "contracts": size, **found, **dict.fromkeys(spread, "")}


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
    return {f"{label} p{place}": round(cuts[place - 1], 1) for place in PLACES}


def rows(size: int, limit: float, gigabytes: float, names: Sequence[str]) -> Iterator[tuple[Row, list[Row]]]:
    """Every engine at every size that it does in the time and the memory, and at the next why it does not."""
    for name in names:
        known: tuple[int, float] | None = None  # contracts and the seconds that they took
        for one in sizes(size, (100, 10, 1), 1_000):
            why = postgres_missing() if name == "PostgreSQL" else ""
            if known and known[1] * one / known[0] > limit:
                why = f"over {limit:.0f} s by what {known[0]} took"
            started = time.perf_counter()
            measured = None if why else _apart(name, one, limit, gigabytes)
            if measured is None:
                why = why or f"not in {limit:.0f} s and {gigabytes:g} GB"
                print(f"{name}, {one}: {why}", file=sys.stderr)
                yield _row(name, one, (why, *[""] * (len(FIGURES) - 1))), []
                break
            print(measured[0], file=sys.stderr)
            yield measured
            known = one, time.perf_counter() - started


def _apart(name: str, size: int, limit: float, gigabytes: float) -> tuple[Row, list[Row]] | None:
    """`measure` in a process of its own; None if it is not done in time, or fails."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(name, size, gigabytes, sender))
    process.start()
    sender.close()
    try:
        done = receiver.recv() if receiver.poll(limit) else None
    except EOFError:
        done = None
    if done is None:
        process.terminate()
    process.join()
    return done


def main() -> None:
    parser = report.parser(__doc__, 1_000_000, "contracts")
    parser.add_argument("--limit", type=float, default=900, help="seconds an engine may take (default 900)")
    parser.add_argument("--memory", type=float, default=8, help="GB an engine may take (default 8)")
    parser.add_argument(
        "--engine", action="append", choices=[*ENGINES, REBUILD], help="measure this one; may be repeated"
    )
    arguments = parser.parse_args()
    found = list(
        rows(arguments.size, arguments.limit, arguments.memory, arguments.engine or [*ENGINES, REBUILD])
    )
    engines = [row for row, _ in found]
    # The kinds only at each engine's largest size.
    largest = {row["engine"]: of_kind for row, of_kind in found if of_kind}
    kinds = [row for of_kind in largest.values() for row in of_kind]
    if arguments.json:
        print(json.dumps({"engines": engines, "kinds": kinds}, ensure_ascii=False))
    else:
        show(engines)
        if kinds:
            print()
            show(kinds)


if __name__ == "__main__":
    main()
