"""Words in the cells of a drawn table: centred or from the left, condensed where they must be, never cut."""

from pipeline import fonts
from pipeline.cover import GETA
from pipeline.fill import TIGHTEST
from pipeline.layout import MM
from pipeline.pdf import PdfWriter
from pipeline.place import advances, width

SIZE, SMALL = 10.5, 8.5  # points of a text on one line, and on two
PAD = 1.0  # mm beside a text


def centred(
    writer: PdfWriter, style: str, size: float, centre: float, baseline: float, text: str, room: float
) -> bytes:
    """A centred line, condensed as far as it must be to be no wider than `room`, in mm."""
    words = _printable(style, text)
    squeeze = _squeeze(style, size, words, room)
    left = centre - width(style, size, words) * squeeze / 2
    return writer.text(style, size, left, baseline, words, squeeze)


def cell(writer: PdfWriter, style: str, left: float, wide: float, middle: float, text: str) -> bytes:
    """A text in a column: on one line, or smaller on two, condensed as far as it must be; it is never cut."""
    words, room = _printable(style, text), wide - 2 * PAD
    size, lines = SIZE, [words]
    if width(style, SIZE, words) * TIGHTEST > room:
        size, lines = SMALL, _halves(style, words)
    parts = []
    for at, line in enumerate(lines):
        baseline = middle + drop(size) + (at - (len(lines) - 1) / 2) * 1.15 * size * MM
        squeeze = _squeeze(style, size, line, room)
        parts.append(writer.text(style, size, left + PAD, baseline, line, squeeze))
    return b"".join(parts)


def drop(size: float) -> float:
    """From the middle of a line of Chinese to its baseline, in mm."""
    return 0.37 * size * MM


def _squeeze(style: str, size: float, words: str, room: float) -> float:
    return min(1.0, room / (width(style, size, words) or room))


def _halves(style: str, words: str) -> list[str]:
    """The words in two parts as nearly alike in width as can be."""
    ems = advances(style, words)
    at = min(range(len(words)), key=lambda cut: max(sum(ems[:cut]), sum(ems[cut:])))
    return [words[:at], words[at:]]


def _printable(style: str, text: str) -> str:
    """The text on one line; what no font has as printers set it."""
    words = " ".join(text.split())
    return "".join(GETA if fonts.missing(style, character) else character for character in words)
