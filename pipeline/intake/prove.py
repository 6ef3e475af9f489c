"""Whether a page that says it is a contract's sheet shows what was printed on that sheet.

A code that reads proves nothing: it may be stuck on another household's page. So every value, and the number
beside the code, is compared with the flattened scan, character by character. A character whose ink is missing,
or a digit that looks like another, tells another text from the printed one; a stroke too many along a value
tells that it was struck out. A seal, a fold, a speck or a signature from a box nearby is neither.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import median

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.fill import Content
from pipeline.intake.glyphs import Printed, printed
from pipeline.intake.lie import Registration, flatten
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import FLAT, HEIGHT, WIDTH, Reference
from pipeline.intake.strokes import PAPER, Page, around, is_struck, meets, seals
from pipeline.layout import MM, RISE, Layout, Rectangle
from pipeline.place import advances, fit
from pipeline.sheet_painter import BESIDE_SIZE, beside_code

Shades = npt.NDArray[np.float32]

BESIDE_CODE = "beside_code"  # the field's name of the number and the sheet beside the code
DIGITS = "0123456789"
REACH = 2  # pixels within which a character is looked for
AROUND = 25  # pixels of the page around a value's line that are looked at with it
# A value that is less than that much of the anchors' likeness is looked for as a whole, within so many pixels; found
# with that correlation, it is taken to be there.
SLIPPED, SLIP, IN_PLACE = 0.8, 15, 0.5
LOW = 0.6  # of the anchors' likeness: a character below may be another
GONE = 0.3  # of a character's ink missing: it is another
# The same of a character that is like no other: 男 in the place of 女 leaves most of the ink where it was.
LOWEST, SOMETHING = 0.56, 0.1
# Of the page's usual correlation, and of ink that is missing: half of a value's characters below, and it is another.
ALL_LOW, ALL_GONE = 0.74, 0.05
# Ink less than that much of the page's usual strength, where the character is not quite as printed: another pen's, in
# a colour that the one channel shows weakly. Of each value so many characters say what is usual.
PALE, NOT_QUITE, SAMPLED = 0.6, 0.95, 2
# Of the page's usual correlation that all of a value has where a pen went over it, and of the usual ink.
WORSE, DARKER = 0.795, 1.04
INKED, FEW_INKED, FEW = (
    90,
    140,
    4,
)  # of 255 that a picture's ink is dark at least; where fewer pixels are, and how few
DOUBT = 0.88  # of a value's usual correlation: below it other digits are tried
# Of correlation that another digit is better by; of the printed one's ink that is missing.
CLEARLY, TRACE = 0.12, 0.08
PLAINLY, AS_PRINTED = 0.12, 0.8  # of correlation that it is better by, of a value's usual one that it has
A_LITTLE, TOGETHER = 0.04, 0.16  # of correlation that other digits are better by, each and in all of a value
# So many per cent of all characters below that much of the anchors' likeness: the fonts or the scan are such that
# nothing can be proven; unless so much of their ink is missing that none of them is there.
BEST, UNLIKE, MISSING = 85, 0.75, 0.33


@dataclass(frozen=True, slots=True)
class Proof:
    """What of a sheet was found as printed.

    `differs`: the names of the fields that are not; `agrees`: of those that are, every character. Both are empty
    where the scan allows no proof.
    """

    differs: tuple[str, ...] = ()
    agrees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a page is said to be: a contract's 1-based sheet in a layout, with its frozen values.

    `coded`: its code says so; what stands beside one that cannot be read need not be there either.
    """

    layout: Layout
    number: str
    content: Content
    sheet: int
    coded: bool = True


def prove(
    pixels: Pixels, plain: Pixels, registration: Registration, reference: Reference, claim: Claim
) -> Proof:
    """Compare a scan with what was printed on the sheet that it is said to be; `plain` is it as one channel."""
    lines, every = [], []
    for line in _lines(claim):
        if not line.characters or not registration.shows(line.area, pixels):
            continue  # nothing can be said of it
        strip = _strip(plain, registration, line)
        found = _all_found(strip, line)
        if found and median(one.score for one in found) < SLIPPED * registration.likeness:
            line = _in_its_place(strip, line)
            found = _all_found(strip, line)
        lines.append(line)
        every.append(found)
    scores = [one.score for found in every for one in found]
    if not scores:
        return Proof()
    if sorted(scores)[len(scores) * BEST // 100] < UNLIKE * registration.likeness:
        gone = [_gone(one) for found in every for one in found]
        nothing_there = float(np.median(gone)) > MISSING
        return Proof(tuple(dict.fromkeys(one.name for one in lines)) if nothing_there else ())
    values = _painted((HEIGHT * FLAT, WIDTH * FLAT), (0, 0), lines)
    page = Page(pixels, plain, registration, reference, values)
    usual = cache(lambda: median(_strength(one) for found in every for one in found[:SAMPLED]))
    typical = median(scores)
    struck = [
        line
        for line, found in zip(lines, every, strict=True)
        if is_struck(page, line.area, unlike=_is_unlike(found, typical, usual))
    ]
    if struck:
        inked = [around(box) for box in claim.layout.sheets[claim.sheet - 1].boxes]
        inked += seals(pixels, registration)
        struck = [one for one in struck if not meets(one.area, inked)]
    differs = dict.fromkeys(
        line.name
        for line, found in zip(lines, every, strict=True)
        if line in struck
        or _is_another(found, registration.likeness, typical)
        or (line.name != BESIDE_CODE and _is_pale(found, registration.likeness, usual))
    )
    return Proof(tuple(differs), tuple(dict.fromkeys(one.name for one in lines if one.name not in differs)))


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A value's line on the flattened page: the field's name, its characters, its rectangle in mm."""

    name: str
    characters: tuple[Printed, ...]
    area: Rectangle


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """A part of the flattened page; `left` and `top` are its corner's place on that, `paper` its brightness bare."""

    image: Shades
    left: int
    top: int
    paper: float

    def part(self, left: int, top: int, right: int, bottom: int) -> Shades:
        """What of it lies between these places on the page."""
        across, down = (
            slice(max(left - self.left, 0), max(right - self.left, 0)),
            slice(max(top - self.top, 0), max(bottom - self.top, 0)),
        )
        return self.image[down, across]


@dataclass(frozen=True, slots=True)
class _Found:
    """A character as found in a strip of the scan: its correlation, and where its picture's corner lies."""

    strip: _Strip
    printed: Printed
    score: float
    x: int
    y: int


def _lines(claim: Claim) -> Iterator[_Line]:
    sheets = claim.layout.sheets
    for place in sheets[claim.sheet - 1].fields:
        for one in fit(place, claim.content.value(place.name)) or []:
            yield _line(place.name, place.style, place.size, one.words, one.squeeze, one.x, one.baseline)
    for beside in beside_code(claim.number, claim.sheet, len(sheets)) if claim.coded else ():
        yield _line(BESIDE_CODE, "song", BESIDE_SIZE, beside.words, beside.squeeze, beside.x, beside.baseline)


def _line(name: str, style: str, size: float, words: str, squeeze: float, x: float, baseline: float) -> _Line:
    characters, at = [], x
    for character, ems in zip(words, advances(style, words), strict=True):
        found = printed(character, style, size, squeeze, at, baseline)
        if found is not None:
            characters.append(found)
        at += ems * size * MM * squeeze
    high = size * MM
    return _Line(name, tuple(characters), (x, baseline - RISE * high, at - x, high))


def _strip(plain: Pixels, registration: Registration, line: _Line) -> _Strip:
    """The page around a line, flattened."""
    left, top, right, bottom = _extent(line)
    left, top = max(left - AROUND, 0), max(top - AROUND, 0)
    right, bottom = min(right + AROUND, WIDTH * FLAT), min(bottom + AROUND, HEIGHT * FLAT)
    area = left / FLAT, top / FLAT, (right - left) / FLAT, (bottom - top) / FLAT
    image = flatten(plain, registration, area, FLAT)
    paper = max(_brighter_than(image[::4, ::4], 0.8), 1.0)
    return _Strip(image.astype(np.float32), left, top, paper)  # OpenCV correlates these faster


def _extent(line: _Line) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a line's pictures."""
    left, top = min(one.x for one in line.characters), min(one.y for one in line.characters)
    right = max(one.x + one.picture.shape[1] for one in line.characters)
    bottom = max(one.y + one.picture.shape[0] for one in line.characters)
    return left, top, right, bottom


def _all_found(strip: _Strip, line: _Line) -> list[_Found]:
    return [_found(strip, one) for one in line.characters if one.tells]


def _in_its_place(strip: _Strip, line: _Line) -> _Line:
    """The line where it is in the scan as a whole: away from anchors a bent sheet is not laid to the tenth of a mm."""
    left, top, right, bottom = _extent(line)
    if left < SLIP or top < SLIP:
        return line
    whole = _painted((bottom - top, right - left), (left, top), [line]).astype(np.float32)
    window = strip.part(left - SLIP, top - SLIP, right + SLIP, bottom + SLIP)
    if window.shape[0] < whole.shape[0] or window.shape[1] < whole.shape[1]:
        return line
    score = cv2.matchTemplate(window, whole, cv2.TM_CCOEFF_NORMED)
    _, best, _, (across, down) = cv2.minMaxLoc(score)
    if best < IN_PLACE:
        return line
    across, down = across - SLIP, down - SLIP
    moved = tuple(replace(one, x=one.x + across, y=one.y + down) for one in line.characters)
    x, y, w, h = line.area
    return replace(line, characters=moved, area=(x + across / FLAT, y + down / FLAT, w, h))


def _found(strip: _Strip, one: Printed) -> _Found:
    high, wide = one.picture.shape
    left, top = max(one.x - REACH, strip.left), max(one.y - REACH, strip.top)
    window = strip.part(left, top, one.x + wide + REACH, one.y + high + REACH)
    if window.shape[0] < high or window.shape[1] < wide:
        return _Found(strip, one, 0.0, one.x, one.y)
    score = cv2.matchTemplate(window, one.exact, cv2.TM_CCOEFF_NORMED)
    _, best, _, (across, down) = cv2.minMaxLoc(score)
    return _Found(strip, one, float(best), left + across, top + down)


def _is_another(found: list[_Found], likeness: float, typical: float) -> bool:
    """Whether there is other text than the printed one; `typical` is the page's usual correlation."""
    low = [(one.score, _gone(one)) for one in found if one.score < LOW * likeness]
    if sum(gone for _, gone in low) > GONE:
        return True
    if any(score < LOWEST * likeness and gone > SOMETHING for score, gone in low):
        return True
    own = median(one.score for one in found) if found else typical
    if len(found) > 1 and own < ALL_LOW * typical and median(map(_gone, found)) > ALL_GONE:
        return True
    # Of a value that is another in most of its characters, what is usual of it says nothing.
    usual = max(own, typical)
    better = [(one, _best_other(one)) for one in found if one.score < DOUBT * usual]
    more = [(one, other - one.score, other > AS_PRINTED * usual) for one, other in better]
    # One digit that looks like another may have a speck on it: all of its own ink is there then, and it does not
    # look like the other as if that had been printed.
    for one, by, whole in more:
        if (by > CLEARLY and _gone(one) > TRACE) or (by > PLAINLY and whole):
            return True
    several = [by for _, by, _ in more if by > A_LITTLE]
    return len(several) > 1 and sum(several) > TOGETHER


def _gone(one: _Found) -> float:
    """How much of a character's ink is not there."""
    high, wide = one.printed.picture.shape
    there = one.strip.part(one.x, one.y, one.x + wide, one.y + high)
    around = one.strip.part(one.x - wide, one.y - high, one.x + 2 * wide, one.y + 2 * high)
    ink = one.printed.picture < 110
    if not ink.any() or there.shape != ink.shape:
        return 0.0
    return float((there[ink] > PAPER * _brighter_than(around, 0.9)).mean())


def _brighter_than(image: Pixels | Shades, share: float) -> float:
    """The brightness that such a share of an image's pixels do not exceed; np.percentile takes ten times as long."""
    values = image.ravel()
    at = min(round(share * len(values)), len(values) - 1)
    return float(np.partition(values, at)[at])


def _is_pale(found: list[_Found], likeness: float, usual: Callable[[], float]) -> bool:
    """Whether a character's ink is much weaker than the page's: somebody's red pen."""
    return any(one.score < NOT_QUITE * likeness and _strength(one) < PALE * usual() for one in found)


def _is_unlike(found: list[_Found], typical: float, usual: Callable[[], float]) -> bool:
    """Whether a value of several characters is less like the printed one than others are, and darker: ink lies over it."""
    if len(found) < 2 or median(one.score for one in found) > WORSE * typical:
        return False
    return median(_strength(one) for one in found) > DARKER * usual()


def _strength(one: _Found) -> float:
    """How dark the scan is where a character's ink should be, from 0 to 1."""
    high, wide = one.printed.picture.shape
    there = one.strip.part(one.x, one.y, one.x + wide, one.y + high)
    ink = (one.printed.picture < INKED).view(np.uint8)
    if cv2.countNonZero(ink) < FEW:
        ink = (one.printed.picture < FEW_INKED).view(np.uint8)
    if not ink.any() or there.shape != ink.shape:
        return 1.0
    return float(1 - cv2.mean(there, ink)[0] / one.strip.paper)


def _best_other(one: _Found) -> float:
    """How much the likeliest other digit is like what is there; 0 where no digit was printed."""
    if one.printed.character not in DIGITS:
        return 0.0
    return max(_found(one.strip, other).score for other in one.printed.others(DIGITS))


def _painted(size: tuple[int, int], corner: tuple[int, int], lines: Sequence[_Line]) -> Pixels:
    """Lines as they were printed, on empty paper of this height and width whose left top corner is there."""
    paper = np.full(size, 255, np.uint8)
    for line in lines:
        for one in line.characters:
            left, top = one.x - corner[0], one.y - corner[1]
            high, wide = one.picture.shape
            part = paper[max(top, 0) : top + high, max(left, 0) : left + wide]
            picture = one.picture[max(-top, 0) :, max(-left, 0) :]
            np.minimum(part, picture[: part.shape[0], : part.shape[1]], out=part)
    return paper
