"""Drawing contracts' sheets: a layout's background in pieces, the values in between, and the page's code."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline import page_code
from pipeline.background import read_background
from pipeline.contracts import Printable
from pipeline.layout import FieldPlace, Layout
from pipeline.pdf import PdfWriter
from pipeline.place import fit, width

TEXT_RIGHT = 174.0  # mm: the number and sheet beside the code end here
BESIDE_SIZE = 9.0  # points
BESIDE_WIDTH = 64.0  # mm, at most
REMEMBERED = (
    1_000  # values of a field whose content is kept: villages, dates and names of persons in charge repeat
)


@dataclass(slots=True)
class _Blank:
    """A field's place on a sheet, and the content of values that were printed there before."""

    place: FieldPlace
    known: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One sheet of a layout as a file has it: the pieces' form objects, and the blanks that follow each."""

    forms: tuple[int, ...]
    blanks: tuple[tuple[_Blank, ...], ...]


@dataclass(frozen=True, slots=True)
class BesideCode:
    """A line left of the code: left end, baseline and width in mm, font size in points, horizontal scale."""

    words: str
    x: float
    baseline: float
    width: float
    size: float
    squeeze: float


def beside_code(number: str, sheet: int, sheets: int) -> list[BesideCode]:
    """The number and the sheet in plain text, left of the code."""
    found: list[BesideCode] = []
    for line, words in enumerate((number, f"第 {sheet} 页，共 {sheets} 页")):
        natural = width("song", BESIDE_SIZE, words)
        squeeze = min(1.0, BESIDE_WIDTH / natural)
        across = natural * squeeze
        found.append(BesideCode(words, TEXT_RIGHT - across, 14.5 + 5 * line, across, BESIDE_SIZE, squeeze))
    return found


class SheetPainter:
    """Draws sheets into one PDF; a layout's background is written once, when its first sheet is drawn."""

    def __init__(self, writer: PdfWriter, code_key: bytes) -> None:
        self._writer, self._code_key = writer, code_key
        self._layouts: dict[str, tuple[_Sheet, ...]] = {}

    def paint(
        self, contract: Printable, layout: Layout, index: int, prefix: str = ""
    ) -> tuple[bytes, dict[str, int]]:
        """The content of a contract's sheet (from 0), and the objects it draws, named with `prefix`."""
        writer, sheet = self._writer, self._sheets(layout)[index]
        objects = {f"{prefix}{place}": form for place, form in enumerate(sheet.forms)}
        parts: list[bytes] = []
        for name, blanks in zip(list(objects), sheet.blanks, strict=True):
            parts.append(b"/%b Do\n" % name.encode())
            parts += [
                blank.known.get(value) or self._value(contract, blank, value)
                for blank in blanks
                if (value := contract.content.value(blank.place.name))
            ]
        count = len(layout.sheets)
        text = page_code.page_text(contract.number, index + 1, count, layout.id, self._code_key)
        objects[f"{prefix}Q"] = writer.bitmap(page_code.MODULES, page_code.MODULES, page_code.bitmap(text))
        parts.append(
            writer.place(f"{prefix}Q", page_code.LEFT, page_code.TOP, page_code.SIDE, page_code.SIDE)
        )
        for line in beside_code(contract.number, index + 1, count):
            parts.append(writer.text("song", line.size, line.x, line.baseline, line.words, line.squeeze))
        return b"".join(parts), objects

    def _sheets(self, layout: Layout) -> tuple[_Sheet, ...]:
        found = self._layouts.get(layout.id)
        if found is None:
            found = self._layouts[layout.id] = tuple(
                _Sheet(
                    tuple(self._writer.form(piece.form) for piece in pieces),
                    tuple(tuple(_Blank(places.fields[at]) for at in piece.fields) for piece in pieces),
                )
                for pieces, places in zip(read_background(layout.background), layout.sheets, strict=True)
            )
        return found

    def _value(self, contract: Printable, blank: _Blank, value: str) -> bytes:
        place = blank.place
        lines = fit(place, value)
        if lines is None:
            raise ValueError(f"{contract.number}: {place.name} does not fit")
        made = b"".join(
            self._writer.text(place.style, place.size, line.x, line.baseline, line.words, line.squeeze)
            for line in lines
        )
        if len(blank.known) >= REMEMBERED:
            blank.known.clear()
        blank.known[value] = made
        return made


def sheet_leaves(sheets: int, duplex: bool) -> int:
    """How many leaves of paper so many sheets take."""
    return (sheets + 1) // 2 if duplex else sheets


def booklet(pages: Sequence[int | None]) -> list[tuple[int | None, int | None]]:
    """The sides of A3 paper, left and right page each, that fold into a booklet of the given pages.

    Sides come in printing order, front and back of a leaf after each other, the outermost leaf first.
    """
    padded = [*pages, *([None] * (-len(pages) % 4))]
    last = len(padded) - 1
    return [
        (padded[last - side], padded[side]) if side % 2 == 0 else (padded[side], padded[last - side])
        for side in range(len(padded) // 2)
    ]
