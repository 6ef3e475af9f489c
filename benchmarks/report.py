"""What every benchmark's command line does: a size, three measurements that show the growth, a table or JSON."""

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]


def main(
    doc: str | None, measure: Callable[[int], Row], default: int, parts: Sequence[int], least: int
) -> None:
    """Measure --size divided by each of `parts`, at least `least`, and print one row each."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=default, help=f"households (default {default})")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    arguments = parser.parse_args()
    rows = [measure(max(least, arguments.size // part)) for part in parts]
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    names = list(rows[0])
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    for values in (names, *([row[name] for name in names] for row in rows)):
        print("  ".join(f"{value:>{width}}" for value, width in zip(values, widths, strict=True)))
