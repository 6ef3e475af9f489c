"""The number printed beside a page's code: found without the code, and read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from archive.numbers import Number
from pipeline.intake.lie import Matrix, Registration, flatten, similar
from pipeline.intake.ocr import read_line
from pipeline.intake.page_image import Pixels
from pipeline.layout import MM
from pipeline.sheet_painter import TEXT_RIGHT, beside_code

AREA = (88.0, 0.0, 102.0, 40.0)  # mm of the sheet around the number: x, y, w, h
SCALE = 8  # pixels a millimetre
LENGTH = 0.2  # by so much a line may be longer or shorter than the number is printed
HIGH = (1.5, 6.0)  # mm
TRIED = 3  # lines in one place
BELOW = 5.0  # mm from the number's line to that of the sheet
NUMBER = re.compile(r"(\d{12})(\d{4})(\d{2})(\d{6})([0-9A-Z])")
SHEET = re.compile(r"第(\d{1,3})页")
ALIKE = str.maketrans("OQDIL|SBZ", "000111582")  # what a digit may be read as


@dataclass(frozen=True, slots=True)
class NumberLine:
    """A contract number as read, its sheet (0 where that was not), and how the sheet lies around it."""

    number: str
    sheet: int
    start: Registration


def number_lines(plain: Pixels, frame: Matrix) -> Iterator[NumberLine]:
    """Numbers with a sound check that stand where a sheet has its own; `frame` takes mm to pixels, roughly."""
    rough = Registration(frame)
    strip = flatten(plain, rough, AREA, SCALE)
    for ends, high in _lines(strip):
        number = number_in(read_line(_cut(strip, ends, high, 0)))
        if number is not None:
            said = SHEET.search(read_line(_cut(strip, ends, high, BELOW)))
            yield NumberLine(str(number), int(said[1]) if said else 0, _start(rough, ends, str(number)))


def number_in(text: str) -> Number | None:
    """The contract number that was read; None where there is none, or its check is wrong."""
    said = re.sub(r"[^0-9A-Z|]", "", text.upper())
    if len(said) != 25:
        return None
    found = NUMBER.fullmatch(said[:24].translate(ALIKE) + said[24])
    if found is None or int(found[4]) == 0:
        return None
    number = Number(found[1], int(found[2]), found[3], int(found[4]))
    check = str(number)[-1]
    return number if check.translate(ALIKE) == found[5].translate(ALIKE) else None


def _lines(strip: Pixels) -> Iterator[tuple[npt.NDArray[np.float64], float]]:
    """Lines of print as long as a number: their ends (2, 2), left one first, and height, in pixels."""
    wanted = beside_code("451225105001-2026-01-000123-Y", 1, 1)[0].width * SCALE
    paper = cv2.blur(cv2.dilate(strip, np.ones((9, 9), np.uint8)), (41, 41))
    ink = (strip < 0.72 * paper).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    blots = np.flatnonzero(stats[:, cv2.CC_STAT_HEIGHT] > HIGH[1] * SCALE)
    ink[np.isin(labels, blots[blots > 0])] = 0  # the code's remains
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, round(2.2 * SCALE)), np.uint8))
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found: list[tuple[float, npt.NDArray[np.float64], float]] = []
    for outline in outlines:
        corners = cv2.boxPoints(cv2.minAreaRect(outline)).astype(np.float64)
        sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
        long = int(sides[0] < sides[1])
        length, high = float(sides[long]), float(sides[1 - long])
        if abs(length / wanted - 1) > LENGTH or not HIGH[0] * SCALE < high < HIGH[1] * SCALE:
            continue
        ends = np.array(
            [
                (corners[(long + 3) % 4] + corners[long]) / 2,
                (corners[(long + 1) % 4] + corners[(long + 2) % 4]) / 2,
            ]
        )
        found.append((abs(length / wanted - 1), ends[ends[:, 0].argsort()], high))
    for _, ends, high in sorted(found, key=lambda one: one[0])[:TRIED]:
        yield ends, high


def _cut(strip: Pixels, ends: npt.NDArray[np.float64], high: float, below: float) -> Pixels:
    """A line made level, `below` mm under the one between the ends, and a little around it."""
    across = ends[1] - ends[0]
    length = float(np.linalg.norm(across))
    along = across / length
    down = np.array((-along[1], along[0]))
    tall = round(1.7 * high)
    corner = ends[0] - along * high + down * (below * SCALE - tall / 2)
    matrix = np.array([[along[0], down[0], corner[0]], [along[1], down[1], corner[1]]])
    size = (round(length + 2 * high), tall)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(strip, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _start(rough: Registration, ends: npt.NDArray[np.float64], number: str) -> Registration:
    """How the sheet lies, from where its number does."""
    line = beside_code(number, 1, 1)[0]
    middle = line.baseline - 0.36 * line.size * MM
    places = np.array([(TEXT_RIGHT - line.width, middle), (TEXT_RIGHT, middle)])
    seen = rough.pixels(ends / SCALE + np.array(AREA[:2]))
    return similar(places, seen)
