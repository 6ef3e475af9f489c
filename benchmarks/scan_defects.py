"""Paper that was tampered with: pages of a print batch altered before they are signed and scanned.

Everything is drawn into print.pdf, so that any simulator can scan it; print.json stays as it is. What the pages
look like: another contract's page under this contract's code; a value crossed out, or covered with white and
printed or written over; a second contract's code stuck on.
"""

import shutil
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pikepdf
import pypdfium2

from pipeline import page_code
from pipeline.demo import pen
from pipeline.demo.pen import Run

MM = 72 / 25.4  # points a millimetre
HIGH = 297.0
Rectangle = tuple[float, float, float, float]  # left, top, width, height in mm
_QUIET = 1.8
CODE: Rectangle = (
    page_code.LEFT - _QUIET,
    page_code.TOP - _QUIET,
    page_code.SIDE + 2 * _QUIET,
    page_code.SIDE + 2 * _QUIET,
)
CODE_AND_NUMBER: Rectangle = (108.0, 7.5, CODE[0] + CODE[2] - 108.0, CODE[3] + 0.7)
STICKERS = (
    (14.0, 8.0),
    (60.0, 8.0),
    (14.0, 268.0),
    (160.0, 268.0),
    (95.0, 266.0),
)  # where a second code goes
INKS = ("0.08 0.08 0.1", "0.1 0.14 0.4", "0.15 0.25 0.62")  # black, blue-black, blue
TAMPERED = 0.15  # of the contracts
SEEN, DIFFERENT = 4, 60  # pixels a mm, and of 255, that printed values are told apart by
KINDS = ("spliced", "spliced with number", "struck out", "printed over", "written over", "two codes")


class Defect(msgspec.Struct, frozen=True):
    """What was done to a sheet: one of KINDS, and the field whose value it was done to ("" for none)."""

    kind: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class _Character:
    """A printed character and its rectangle."""

    word: str
    place: Rectangle


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet of a contract: its 0-based page of print.pdf, and the printed values by field."""

    contract: str
    sheet: int
    page: int
    layout: str
    values: dict[str, tuple[_Character, ...]]

    def word(self, field: str) -> str:
        return "".join(one.word for one in self.values.get(field, ()))


def tamper(batch: Path, out: Path, share: float, seed: int) -> dict[tuple[str, int], Defect]:
    """Write a batch to `out` with a share of its contracts tampered with: what was done, by contract and sheet."""
    rng = np.random.default_rng([seed, zlib.crc32(batch.name.encode())])
    sheets = _read(batch)
    by_layout: dict[tuple[str, int], list[_Sheet]] = defaultdict(list)
    by_contract: dict[str, list[_Sheet]] = defaultdict(list)
    for one in sheets:
        by_layout[one.layout, one.sheet].append(one)
        by_contract[one.contract].append(one)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(batch / "print.json", out / "print.json")
    names = list(by_contract)
    chosen = [names[place] for place in rng.permutation(len(names))[: round(share * len(names))]]
    done: dict[tuple[str, int], Defect] = {}
    with pikepdf.open(batch / "print.pdf") as pdf, pypdfium2.PdfDocument(batch / "print.pdf") as drawn:
        painter = _Painter(pdf, drawn)
        for number, contract in enumerate(chosen, int(rng.integers(len(KINDS)))):
            number %= len(KINDS)
            for kind in (*KINDS[number:], *KINDS[:number]):
                found = _apply(painter, kind, by_contract[contract], by_layout, sheets, rng)
                if found is not None:
                    done[contract, found[0].sheet] = Defect(kind, found[1])
                    break
        painter.finish()
        pdf.save(out / "print.pdf")
    return done


def _apply(
    painter: "_Painter",
    kind: str,
    own: Sequence[_Sheet],
    by_layout: dict[tuple[str, int], list[_Sheet]],
    sheets: Sequence[_Sheet],
    rng: np.random.Generator,
) -> tuple[_Sheet, str] | None:
    """Do it to one of a contract's sheets: which, and to what field; None where it cannot be done."""
    if kind in ("struck out", "printed over", "written over"):
        values = [(sheet, name) for sheet in own for name in sheet.values if name != "contract_number"]
        for place in rng.permutation(len(values)):
            sheet, name = values[place]
            if _change_value(painter, kind, sheet, name, _alike(sheet, by_layout), rng):
                return sheet, name
        return None
    for place in rng.permutation(len(own)):
        sheet = own[place]
        if kind == "two codes":
            others = [one for one in sheets if one.contract != sheet.contract]
        else:
            others = [one for one in _alike(sheet, by_layout) if _differ(one, sheet)]
        if not others:
            continue
        other = others[rng.integers(len(others))]
        if kind == "two codes":
            painter.second_code(sheet, other, rng)
        else:
            painter.splice(sheet, other, CODE_AND_NUMBER if kind.endswith("number") else CODE, rng)
        return sheet, ""
    return None


def _alike(sheet: _Sheet, by_layout: dict[tuple[str, int], list[_Sheet]]) -> list[_Sheet]:
    """The same sheet of other contracts of the same layout."""
    return [one for one in by_layout[sheet.layout, sheet.sheet] if one.contract != sheet.contract]


def _differ(one: _Sheet, other: _Sheet) -> bool:
    """Whether somebody could see that the sheets are of two contracts, but for their numbers."""
    return any(one.word(name) != other.word(name) for name in one.values if name != "contract_number")


def _change_value(
    painter: "_Painter",
    kind: str,
    sheet: _Sheet,
    name: str,
    others: Sequence[_Sheet],
    rng: np.random.Generator,
) -> bool:
    characters = sheet.values[name]
    if kind == "struck out":
        painter.strike(sheet, _around(characters), rng)
        return True
    if kind == "written over":
        first, count = _part(len(characters), rng)
        painter.write_over(sheet, characters[first : first + count], rng)
        return True
    differing = [one for one in others if name in one.values and one.word(name) != sheet.word(name)]
    if not differing:
        return False
    other = differing[rng.integers(len(differing))]
    return painter.print_over(sheet, other, _around((*characters, *other.values[name])))


def _part(count: int, rng: np.random.Generator) -> tuple[int, int]:
    """All of so many characters, or as often some in a row: the first, and how many."""
    if rng.random() < 0.5 or count < 3:
        return 0, count
    some = int(rng.integers(1, min(4, count)))
    return int(rng.integers(0, count - some + 1)), some


class _Painter:
    """Draws what is altered; pages are taken as they were printed, and changed at the end."""

    def __init__(self, pdf: pikepdf.Pdf, drawn: pypdfium2.PdfDocument) -> None:
        self._pdf, self._drawn = pdf, drawn
        self._changed: dict[int, tuple[list[str], dict[str, int]]] = {}

    def splice(self, sheet: _Sheet, other: _Sheet, patch: Rectangle, rng: np.random.Generator) -> None:
        """The other's page with this sheet's code on it, stuck on a little out of place."""
        self._begin(sheet, other)
        off = rng.uniform(-0.5, 0.5, 2)
        self._paste(sheet.page, sheet.page, patch, (off[0], off[1]))

    def second_code(self, sheet: _Sheet, other: _Sheet, rng: np.random.Generator) -> None:
        """This sheet's page with the other's code stuck on somewhere else."""
        self._begin(sheet, sheet)
        left, top = STICKERS[rng.integers(len(STICKERS))]
        self._paste(sheet.page, other.page, CODE, (left - CODE[0], top - CODE[1]))

    def print_over(self, sheet: _Sheet, other: _Sheet, place: Rectangle) -> bool:
        """The other's printed value in the place of this sheet's; False where nobody would see a difference."""
        patch = _grown(place, 0.4)
        before, after = (self._seen(one.page, patch) for one in (sheet, other))
        if np.abs(before - after).max() < DIFFERENT:
            return False
        self._begin(sheet, sheet)
        self._paste(sheet.page, other.page, patch, (0, 0))
        return True

    def _seen(self, page: int, patch: Rectangle) -> npt.NDArray[np.float64]:
        """What is printed there, from 0 to 255."""
        picture = self._drawn[page].render(scale=SEEN / MM, grayscale=True).to_numpy()
        x, y, w, h = (round(one * SEEN) for one in patch)
        part = picture.reshape(picture.shape[:2])[y : y + h, x : x + w]
        return np.asarray(part, np.float64)

    def strike(self, sheet: _Sheet, place: Rectangle, rng: np.random.Generator) -> None:
        """A value crossed out by one line, two, or to and fro."""
        self._begin(sheet, sheet)
        x, y, w, h = _grown(place, rng.uniform(0.3, 1.5))
        middle, way = y + h / 2, rng.random()
        if way < 0.75:
            heights = [middle] if way < 0.45 else [middle - h * 0.15, middle + h * 0.15]
            lines = [
                [(x, at + rng.uniform(-0.5, 0.5)), (x + w, at + rng.uniform(-0.5, 0.5))] for at in heights
            ]
        else:
            turns = max(3, round(w / 3))
            lines = [
                [
                    (x + w * turn / turns, middle + (0.38 if turn % 2 else -0.38) * h)
                    for turn in range(turns + 1)
                ]
            ]
        runs = [_hand_drawn(line, rng) for line in lines]
        self._pen(sheet.page, runs, rng.uniform(0.4, 0.8), rng)

    def write_over(self, sheet: _Sheet, characters: Sequence[_Character], rng: np.random.Generator) -> None:
        """Characters covered with white, and others written in their place."""
        self._begin(sheet, sheet)
        x, y, w, h = _grown(_around(characters), 0.35)
        white = rng.uniform(0.95, 1)
        self._draw(
            sheet.page, f"{white:.3f} {white:.3f} {white - 0.01:.3f} rg {x:.2f} {y:.2f} {w:.2f} {h:.2f} re f"
        )
        hand, runs = pen.some_hand(rng), list[Run]()
        for one in characters:
            left, top, wide, high = one.place
            runs += pen.character_runs(
                _another(one.word, rng), hand, rng, left, top - 0.3, max(wide, 1.4), high + 0.6
            )
        self._pen(sheet.page, runs, hand.width * 0.7, rng)

    def finish(self) -> None:
        """Put what was drawn into the pages."""
        forms = {}
        for name, page in {pair for _, objects in self._changed.values() for pair in objects.items()}:
            forms[name] = self._pdf.pages[page].as_form_xobject()
            forms[name].write(forms[name].read_bytes())  # else it is read when the page has changed already
        for page, (content, objects) in self._changed.items():
            target = self._pdf.pages[page]
            xobjects = pikepdf.Dictionary({f"/{name}": forms[name] for name in objects})
            target.obj.Resources = pikepdf.Dictionary(XObject=xobjects)
            target.obj.Contents = self._pdf.make_stream("\n".join(content).encode())

    def _begin(self, sheet: _Sheet, shown: _Sheet) -> None:
        name = f"P{shown.page}"
        self._changed[sheet.page] = ([f"q /{name} Do Q"], {name: shown.page})

    def _paste(self, page: int, source: int, patch: Rectangle, off: tuple[float, float]) -> None:
        """Cut `patch` out of a printed page and stick it on another, moved by `off` mm."""
        content, objects = self._changed[page]
        name = f"P{source}"
        objects[name] = source
        x, y, w, h = patch
        clip = f"{x * MM:.3f} {(HIGH - y - h) * MM:.3f} {w * MM:.3f} {h * MM:.3f} re"
        move = f"1 0 0 1 {off[0] * MM:.3f} {-off[1] * MM:.3f} cm"
        content.append(f"q {move} {clip} W n 1 g {clip} f 0 g /{name} Do Q")

    def _pen(self, page: int, runs: Sequence[Run], width: float, rng: np.random.Generator) -> None:
        parts = [f"{INKS[rng.integers(len(INKS))]} RG 1 J 1 j"]
        for line, pressure in runs:
            for start, end, pressed in zip(line[:-1], line[1:], pressure[1:], strict=True):
                thick = max(0.12, width * float(pressed))
                parts.append(f"{thick:.2f} w {start[0]:.2f} {start[1]:.2f} m {end[0]:.2f} {end[1]:.2f} l S")
        self._draw(page, "\n".join(parts))

    def _draw(self, page: int, drawing: str) -> None:
        """Add a drawing in mm from the sheet's top left corner."""
        self._changed[page][0].append(f"q {MM:.6f} 0 0 {-MM:.6f} 0 {HIGH * MM:.3f} cm {drawing} Q")


def _hand_drawn(corners: Sequence[tuple[float, float]], rng: np.random.Generator) -> Run:
    """A line through the corners as a hand draws it."""
    points = np.array(corners)
    along = np.linspace(0, len(points) - 1, 12 * len(points))
    line = np.column_stack([np.interp(along, np.arange(len(points)), points[:, axis]) for axis in (0, 1)])
    waves = rng.uniform(0.05, 0.25) * np.sin(along * rng.uniform(2, 5) + rng.uniform(0, 6))
    line[:, 1] += waves
    pressure: npt.NDArray[np.float64] = np.linspace(1, rng.uniform(0.6, 0.9), len(line))
    return line, pressure


def _another(character: str, rng: np.random.Generator) -> str:
    """Another character of the same kind that a pen can write."""
    if character in "年月日":
        return character
    if character in "0123456789*":
        return str(rng.choice(list("0123456789".replace(character, ""))))
    return str(rng.choice(list((pen.SURNAMES + pen.GIVEN).replace(character, ""))))


def _around(characters: Sequence[_Character]) -> Rectangle:
    left = min(one.place[0] for one in characters)
    top = min(one.place[1] for one in characters)
    right = max(one.place[0] + one.place[2] for one in characters)
    bottom = max(one.place[1] + one.place[3] for one in characters)
    return left, top, right - left, bottom - top


def _grown(place: Rectangle, by: float) -> Rectangle:
    return place[0] - by, place[1] - by, place[2] + 2 * by, place[3] + 2 * by


def _read(batch: Path) -> list[_Sheet]:
    """All sheets of a batch and what was printed into their fields."""
    manifest = msgspec.json.decode((batch / "print.json").read_bytes())
    found = []
    with pypdfium2.PdfDocument(batch / "print.pdf") as document:
        for entry in manifest["pages"]:
            if entry["contract"] is None:
                continue
            fields = manifest["layouts"][entry["layout"]]["sheets"][entry["sheet"] - 1]["fields"]
            characters = list(_characters(document[entry["page"] - 1]))
            values = {field["name"]: _inside(characters, field) for field in fields}
            known = {name: value for name, value in values.items() if value}
            found.append(_Sheet(entry["contract"], entry["sheet"], entry["page"] - 1, entry["layout"], known))
    return found


def _characters(page: pypdfium2.PdfPage) -> Iterator[_Character]:
    text = page.get_textpage()
    words = text.get_text_range()
    for place, word in enumerate(words[: text.count_chars()]):
        if word.strip():
            left, bottom, right, top = text.get_charbox(place)
            yield _Character(
                word, (left / MM, HIGH - top / MM, (right - left) / MM, max(top - bottom, 1) / MM)
            )


def _inside(characters: Sequence[_Character], field: dict[str, float]) -> tuple[_Character, ...]:
    def within(place: Rectangle) -> bool:
        across, down = place[0] + place[2] / 2, place[1] + place[3] / 2
        return (
            field["x"] <= across <= field["x"] + field["w"] and field["y"] <= down <= field["y"] + field["h"]
        )

    return tuple(one for one in characters if within(one.place))
