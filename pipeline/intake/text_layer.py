"""What was printed on a sheet, run by run with its place: the text layer of the filed scan.

Nothing is recognised: the text is the layout's own, read from its background once, and the contract's
frozen values, placed as the print batch placed them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pypdfium2 as pdfium

from archive.signed_pdf import Run
from pipeline.background import pieces_as_pages, read_background
from pipeline.fill import Content
from pipeline.intake.lie import Points, Registration
from pipeline.layout import MM, FieldPlace, Layout
from pipeline.place import fit, width
from pipeline.sheet_painter import beside_code

HEIGHT = 841.89  # points
GAP = 3.0  # points between characters of one run at most: a blank or a tab begins another


@dataclass(frozen=True, slots=True)
class Words:
    """Text in one line of the sheet: left end, baseline, width and font size in mm."""

    text: str
    x: float
    baseline: float
    width: float
    size: float


class TextLayers:
    """The text of sheets; a layout's own is read once and kept."""

    def __init__(self) -> None:
        self._own = lru_cache(maxsize=256)(_background_words)

    def of(self, layout: Layout, number: str, content: Content, sheet: int) -> list[Words]:
        """Everything printed on a contract's 1-based sheet, in the order of the print batch."""
        found: list[Words] = []
        fields = dict(enumerate(layout.sheets[sheet - 1].fields))
        for words, places in self._own(layout.background, sheet - 1):
            found += words
            for at in places:
                found += _value(fields.pop(at), content)
        for place in fields.values():
            found += _value(place, content)
        for line in beside_code(number, sheet, len(layout.sheets)):
            found.append(Words(line.words, line.x, line.baseline, line.width, line.size * MM))
        return found


def _value(place: FieldPlace, content: Content) -> Iterator[Words]:
    for placed in fit(place, content.value(place.name)) or []:
        across = width(place.style, place.size, placed.words) * placed.squeeze
        yield Words(placed.words, placed.x, placed.baseline, across, place.size * MM)


def runs(words: list[Words], registration: Registration, wide: int, high: int) -> tuple[Run, ...]:
    """The words where the scan of `wide` × `high` pixels shows them, once it is turned upright."""
    if not words:
        return ()
    ends = np.array(
        [
            point
            for one in words
            for point in (
                (one.x, one.baseline),
                (one.x + one.width, one.baseline),
                (one.x, one.baseline - one.size),
            )
        ]
    )
    placed = _upright(registration.pixels(ends), registration.turn, wide, high).reshape(-1, 3, 2)
    return tuple(
        Run(
            one.text,
            (
                float(end[0] - start[0]),
                float(end[1] - start[1]),
                float(top[0] - start[0]),
                float(top[1] - start[1]),
                float(start[0]),
                float(start[1]),
            ),
        )
        for one, (start, end, top) in zip(words, placed, strict=True)
    )


def _upright(points: Points, turn: int, wide: int, high: int) -> Points:
    x, y = points[:, 0], points[:, 1]
    match turn:
        case 1:
            x, y = high - y, x
        case 2:
            x, y = wide - x, high - y
        case 3:
            x, y = y, wide - x
    return np.stack([x, y], axis=1)


def _background_words(background: bytes, index: int) -> list[tuple[list[Words], tuple[int, ...]]]:
    """The words of each piece of a sheet's background, and the sheet's fields that follow it."""
    pieces = read_background(background)[index]
    with pdfium.PdfDocument(pieces_as_pages(background, index)) as document:
        return [
            (list(_lines(page.get_textpage())), piece.fields)
            for page, piece in zip(document, pieces, strict=True)
        ]


def _lines(text: pdfium.PdfTextPage) -> Iterator[Words]:
    """Characters that follow each other on one baseline, as words."""
    start: tuple[float, float, float, float] | None = None
    words = ""
    for index in range(text.count_chars()):
        character = text.get_text_range(index, 1)
        if character in ("\r", "\n", "") or not character.strip():
            continue
        box = text.get_charbox(index, loose=True)
        if (
            start is not None
            and abs(box[1] - start[1]) < 1.5
            and -2 < box[0] - start[2] < 40
            and len(words) < 60
        ):
            words, start = words + character, (start[0], start[1], box[2], start[3])
            continue
        if start is not None:
            yield _words(words, start)
        words, start = character, (box[0], box[1], box[2], box[3])
    if start is not None:
        yield _words(words, start)


def _words(text: str, box: tuple[float, float, float, float]) -> Words:
    """The words in a box (left, bottom, right, top) of font height, in points from the bottom."""
    left, bottom, right, top = box
    size = top - bottom
    baseline = HEIGHT - (bottom + 0.12 * size)
    return Words(text, left * MM, baseline * MM, (right - left) * MM, size * MM)
