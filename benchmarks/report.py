"""What every benchmark's command line does: a size, three measurements that show the growth, tables or JSON."""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def main(
    doc: str | None, measure: Callable[[int], Row], default: int, parts: Sequence[int], least: int
) -> None:
    """Measure --size divided by each of `parts`, at least `least`, and print one row each."""
    arguments = parse(doc, default)
    tell([measure(size) for size in sizes(arguments.size, parts, least)], as_json=arguments.json)


def parse(doc: str | None, default: int) -> argparse.Namespace:
    """The command line: `size` in households, `json`."""
    return parser(doc, default, "households").parse_args()


def parser(doc: str | None, default: int, of: str) -> argparse.ArgumentParser:
    """A command line with `size` and `json`, to which more may be added."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--size", type=int, default=default, help=f"{of} (default {default})")
    made.add_argument("--json", action="store_true", help="print one JSON value")
    return made


def archives_parser(doc: str | None) -> argparse.ArgumentParser:
    """A command line of what is measured on archives of up to a million contracts, which may be kept (`keep`)."""
    made = parser(doc, 1_000_000, "contracts")
    made.add_argument("--keep", type=Path, metavar="DIR", help="keep the archives there, and use those there")
    return made


@contextmanager
def archives_folder(keep: Path | None) -> Iterator[Path]:
    """The folder to keep archives in, else one that goes afterwards."""
    if keep:
        yield keep
    else:
        with tempfile.TemporaryDirectory(prefix="huyue-") as folder:
            yield Path(folder)


def tell(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print rows as one JSON value, or as a table."""
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        show(rows)


def sizes(size: int, parts: Sequence[int], least: int) -> list[int]:
    """The sizes to measure, the smallest first; none below `least`, none twice."""
    return list(dict.fromkeys(max(least, size // part) for part in parts))


def show(rows: Sequence[Row]) -> None:
    """Print rows of the same names as a table."""
    names = list(rows[0])
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    for values in (names, *([row[name] for name in names] for row in rows)):
        print("  ".join(f"{value:>{width}}" for value, width in zip(values, widths, strict=True)))
