"""What every benchmark's command line does: a size, three measurements that show the growth, tables or JSON."""

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]


def main(
    doc: str | None, measure: Callable[[int], Row], default: int, parts: Sequence[int], least: int
) -> None:
    """Measure --size divided by each of `parts`, at least `least`, and print one row each."""
    arguments = parse(doc, default)
    rows = [measure(size) for size in sizes(arguments.size, parts, least)]
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        show(rows)


def parse(doc: str | None, default: int) -> argparse.Namespace:
    """The command line: `size` in households, `json`."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=default, help=f"households (default {default})")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    return parser.parse_args()


def sizes(size: int, parts: Sequence[int], least: int) -> list[int]:
    """The sizes to measure, the smallest first; none below `least`, none twice."""
    return list(dict.fromkeys(max(least, size // part) for part in parts))


def show(rows: Sequence[Row]) -> None:
    """Print rows of the same names as a table."""
    names = list(rows[0])
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    for values in (names, *([row[name] for name in names] for row in rows)):
        print("  ".join(f"{value:>{width}}" for value, width in zip(values, widths, strict=True)))
