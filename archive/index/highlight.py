"""The places in a shown text that a query found, marked for HTML."""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from archive.index.words import BREAK, IDEOGRAPH, fold

_PART = re.compile(rf"[{IDEOGRAPH}]|[^\W_]")


def highlight(text: str, query_terms: Iterable[str]) -> str | None:
    """`text` escaped for HTML, with <mark>…</mark> around what the terms find; None if that is nothing.

    Width, case and what is neither letter, digit nor ideograph do not matter to a match, but the text is shown
    as it is. A run of letters or digits is found by its beginning. Where finds overlap or touch, one mark
    goes around them.
    """
    row, origins = _flat(text)
    marked = [False] * len(text)
    for term in sorted(set(query_terms), key=lambda term: (-len(term), term)):
        wanted = _flat(term)[0].strip(BREAK)
        for start in _places(row, wanted):
            first, last = origins[start], origins[start + len(wanted) - 1]
            for place in range(first[0], last[1]):
                marked[place] = True
    return _written(text, marked) if any(marked) else None


@lru_cache(maxsize=4096)  # villages, templates and terms come again and again on one page
def _flat(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The folded characters that count, and for each where in `text` it starts and ends.

    A character with the combining marks after it is folded as one, as normalising the whole text would.
    """
    row: list[str] = []
    origins: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.category(text[end]).startswith("M"):
            end += 1
        for character in fold(text[start:end]):
            breaks = character in "\n、"
            if breaks or _PART.match(character):
                row.append(BREAK if breaks else character)
                origins.append((start, end))
        start = end
    return "".join(row), tuple(origins)


def _places(row: str, wanted: str) -> Iterator[int]:
    start = row.find(wanted) if wanted else -1
    while start >= 0:
        if start == 0 or not (_in_run(row[start - 1]) and _in_run(row[start])):
            yield start
        start = row.find(wanted, start + 1)


def _in_run(character: str) -> bool:
    return character != BREAK and not re.match(f"[{IDEOGRAPH}]", character)


def _written(text: str, marked: list[bool]) -> str:
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end = start
        while end < len(text) and marked[end] == marked[start]:
            end += 1
        piece = html.escape(text[start:end])
        pieces.append(f"<mark>{piece}</mark>" if marked[start] else piece)
        start = end
    return "".join(pieces)
