"""Is the person found that a clerk means? Known-item queries over an invented archive, ours beside peers.

    .venv/bin/python benchmarks/search_quality.py [--size CONTRACTS] [--each QUERIES] [--json]

Twelve kinds of query (search_queries.py), so many of each; an answer is right where a contract of the person meant is
the first (@1), or among the first ten (@10). Compared: our default (tantivy), our whoosh engine, and what one would
put together without this project (search_peers.py): whoosh with jieba, character pairs as paperless-ngx indexes
Chinese, and SQLite's FTS5 with trigrams.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from archive.index.engine import open_engine
from benchmarks import report
from benchmarks.report import Row
from benchmarks.search_peers import CharacterPairs, JiebaWhoosh, Ours, Searcher, Trigram
from benchmarks.search_people import Archive, invented
from benchmarks.search_queries import KINDS, Wanted, known_items

ENGINES: dict[str, Callable[[Path, Archive], Searcher]] = {
    "tantivy": lambda folder, archive: Ours(open_engine("tantivy", folder, archive.words), archive.words),
    "whoosh": lambda folder, archive: Ours(open_engine("whoosh", folder, archive.words), archive.words),
    "jieba+whoosh": lambda folder, _: JiebaWhoosh(folder),
    "pairs": lambda folder, _: CharacterPairs(folder),
    "trigram": lambda folder, _: Trigram(folder),
}


def measure(archive: Archive, queries: list[Wanted], folder: Path) -> list[Row]:
    """A row a kind, with every engine's @1 and @10; then the rows of building and of answering."""
    rows: dict[str, Row] = {kind: {"kind": kind, "queries": 0} for kind in KINDS}
    rows |= {name: {"kind": name, "queries": ""} for name in ("build, contracts/s", "answer, ms")}
    for query in queries:
        rows[query.kind]["queries"] += 1
    for name, opened in ENGINES.items():
        engine = opened(folder / name, archive)
        started = time.perf_counter()
        engine.build(archive.documents)
        built = time.perf_counter()
        places = [(query.kind, _place(engine.best(query.typed), query)) for query in queries]
        answered = time.perf_counter()
        print(f"{name}: {built - started:.0f} s, {answered - built:.0f} s", file=sys.stderr)
        rows["build, contracts/s"] |= {
            f"{name} @1": round(len(archive.documents) / (built - started)),
            f"{name} @10": "",
        }
        rows["answer, ms"] |= {
            f"{name} @1": round(1000 * (answered - built) / len(queries), 1),
            f"{name} @10": "",
        }
        for kind in KINDS:
            of_kind = [place for one, place in places if one == kind]
            for most in (1, 10):
                right = sum(place <= most for place in of_kind)
                rows[kind][f"{name} @{most}"] = f"{right / len(of_kind):.2f}"
    return list(rows.values())


def _place(best: list[str], query: Wanted) -> int:
    """Where the first contract of the person stands, from 1; 11 if not among the ten."""
    return next((place for place, number in enumerate(best, 1) if number in query.numbers), 11)


def main() -> None:
    parser = report.parser(__doc__, 100_000, "contracts")
    parser.add_argument(
        "--each", type=int, default=60, help="queries of each of the twelve kinds (default 60)"
    )
    arguments = parser.parse_args()
    archive = invented(arguments.size)
    queries = known_items(archive, arguments.each)
    with tempfile.TemporaryDirectory(prefix="huyue-bench-") as folder:
        rows = measure(archive, queries, Path(folder))
    report.tell(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
