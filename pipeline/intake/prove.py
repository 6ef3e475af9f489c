"""Whether a page that says it is a contract's sheet shows what was printed on that sheet.

A code that reads proves nothing: it may be stuck on another household's page. So every value, and the number
beside the code, is compared with the flattened scan, character by character. A character whose ink is missing,
or a digit that looks like another, tells another text from the printed one; a stroke too many along a value
tells that it was struck out. A seal, a fold, a speck or a signature from a box nearby is neither.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.fill import Content
from pipeline.intake.channels import darkest
from pipeline.intake.glyphs import Printed, printed
from pipeline.intake.lie import Registration, cut, flatten
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import FLAT, HEIGHT, WIDTH, Reference
from pipeline.layout import MM, RISE, BoxPlace, Layout, Rectangle
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
PAPER = 0.86  # of the paper's brightness: no ink is there
DOUBT = 0.88  # of a value's usual correlation: below it other digits are tried
# Of correlation that another digit is better by; of the printed one's ink that is missing.
CLEARLY, TRACE = 0.12, 0.08
PLAINLY, AS_PRINTED = 0.12, 0.8  # of correlation that it is better by, of a value's usual one that it has
A_LITTLE, TOGETHER = 0.04, 0.16  # of correlation that other digits are better by, each and in all of a value
# So many per cent of all characters below that much of the anchors' likeness: the fonts or the scan are such that
# nothing can be proven; unless so much of their ink is missing that none of them is there.
BEST, UNLIKE, MISSING = 85, 0.75, 0.33
MORE, BESIDE = 0.4, 1.5  # mm above and below a value, and beside it, that are looked at with it
SLOPES = (-0.2, -0.13, -0.06, 0.0, 0.06, 0.13, 0.2)  # of strokes along a value
UNEVEN = 0.06  # of the paper's brightness that paper is darker than paper
STROKE = 0.3  # of black that a stroke is darker than what was printed, on what was not
NARROWEST = 0.3  # of a value's width that is taken not to be printed on, at least
NEAR_BOX = 6.0  # mm around a box into which signatures reach
SEAL = 14.0  # mm across, both ways, of what is a seal
REDDER = 25  # of 255 that a seal's red is above its green and blue
FOLD = 0.6  # of the page's width that a fold's line goes on


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
    if np.percentile(scores, BEST) < UNLIKE * registration.likeness:
        gone = [_gone(one) for found in every for one in found]
        nothing_there = float(np.median(gone)) > MISSING
        return Proof(tuple(dict.fromkeys(one.name for one in lines)) if nothing_there else ())
    values = _painted((HEIGHT * FLAT, WIDTH * FLAT), (0, 0), lines)
    struck = [line for line in lines if _is_struck(pixels, plain, registration, reference, values, line)]
    if struck:
        inked = [_around(box) for box in claim.layout.sheets[claim.sheet - 1].boxes]
        inked += _seals(pixels, registration)
        struck = [one for one in struck if not _meets(one.area, inked)]
    differs = dict.fromkeys(
        line.name
        for line, found in zip(lines, every, strict=True)
        if line in struck or _is_another(found, registration.likeness)
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
    """A part of the flattened page; `left` and `top` are its corner's place on that."""

    image: Pixels
    left: int
    top: int

    def part(self, left: int, top: int, right: int, bottom: int) -> Shades:
        """What of it lies between these places on the page."""
        across, down = (
            slice(max(left - self.left, 0), max(right - self.left, 0)),
            slice(max(top - self.top, 0), max(bottom - self.top, 0)),
        )
        return self.image[down, across].astype(np.float32)  # OpenCV correlates these faster


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
    return _Strip(flatten(plain, registration, area, FLAT), left, top)


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


def _is_another(found: list[_Found], likeness: float) -> bool:
    """Whether there is other text than the printed one."""
    if any(one.score < LOW * likeness and _gone(one) > GONE for one in found):
        return True
    usual = median(one.score for one in found) if found else 0.0
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
    return float((there[ink] > PAPER * np.percentile(around, 90)).mean())


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


def _is_struck(
    pixels: Pixels,
    plain: Pixels,
    registration: Registration,
    reference: Reference,
    values: Pixels,
    line: _Line,
) -> bool:
    """Whether a stroke goes along a value that was not printed there, and ends near it, as a fold does not."""
    x, y, w, h = line.area
    area = (x - BESIDE, y - MORE, w + 2 * BESIDE, h + 2 * MORE)
    strip, (left, top) = _excess(pixels, registration, reference, values, area)
    high, wide = strip.shape[:2]
    # Most values are done with here: not even all of it in one row would be a stroke.
    if not high or strip[:, :, 0].sum() < STROKE * NARROWEST * wide:
        return False
    most, row = max(_darkest(strip, slope) for slope in SLOPES)
    if most <= STROKE:
        return False
    if _is_fold(plain, registration, reference, values, top + row, slice(left, left + wide)):
        return False
    if pixels.ndim == 3:
        return True
    # Without colour a seal is told by its size.
    around = (x - BESIDE, y - SEAL / 2, w + 2 * BESIDE, h + SEAL)
    wider, (_, above) = _excess(pixels, registration, reference, values, around)
    joined = cv2.dilate((wider[:, :, 0] > STROKE).astype(np.uint8), np.ones((9, 9), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(joined, np.uint8), connectivity=8)
    there = np.bincount(labels[top + row - above], minlength=2)[1:]
    return bool(stats[1 + int(there.argmax()), cv2.CC_STAT_HEIGHT] < (h + 2 * BESIDE) * FLAT)


def _excess(
    pixels: Pixels, registration: Registration, reference: Reference, values: Pixels, area: Rectangle
) -> tuple[Shades, tuple[int, int]]:
    """Where a scan is darker than was printed, from 0 to 1, and where nothing was (h, w, 2); its left top pixel."""
    left, top = (max(round(one * FLAT), 0) for one in area[:2])
    right, bottom = round((area[0] + area[2]) * FLAT), round((area[1] + area[3]) * FLAT)
    place = slice(top, bottom), slice(left, right)
    high, wide = values[place].shape
    if not high or not wide:
        return np.zeros((0, 0, 2), np.float32), (left, top)
    value = darkest(cut(pixels, registration, (left / FLAT, top / FLAT, wide / FLAT, high / FLAT), FLAT))
    fat = 3 if pixels.ndim == 3 else 5  # black and white makes print fatter
    allowed = cv2.GaussianBlur(cv2.erode(values[place], np.ones((fat, fat), np.uint8)), (0, 0), 0.7)
    allowed[reference.near_print[place] > 0] = 0
    paper = max(float(cv2.blur(value, (5, 5)).max()), 1.0)
    excess = allowed.astype(np.float32) / 255 - value.astype(np.float32) / paper - UNEVEN
    strip = np.dstack([np.maximum(excess, 0), (allowed > 190).astype(np.float32)])
    return np.asarray(strip, np.float32), (left, top)


def _darkest(strip: npt.NDArray[np.float32], slope: float) -> tuple[float, int]:
    """How much too dark the darkest row of a strip (h, w, 2: excess, unprinted) is that leans by `slope`; which."""
    high, wide = strip.shape[:2]
    matrix = np.array([[1, 0, 0], [slope, 1, -slope * wide / 2]], np.float32)
    sums = cv2.warpAffine(strip, matrix, (wide, high)).sum(axis=1)
    shares = sums[:, 0] / np.maximum(sums[:, 1], NARROWEST * wide)
    return float(shares.max()), int(shares.argmax())


def _is_fold(
    plain: Pixels,
    registration: Registration,
    reference: Reference,
    values: Pixels,
    row: int,
    value: slice,
) -> bool:
    """Whether a dark line goes on over the page's unprinted places, far beyond a value."""
    near = slice(max(row - 3, 0), row + 4)
    unprinted = (values[near].min(axis=0) > 200) & (reference.near_print[near].max(axis=0) == 0)
    unprinted[value] = False
    top = max(row - 50, 0)
    band = flatten(plain, registration, (0, top / FLAT, WIDTH, 100 / FLAT), FLAT)
    paper = np.percentile(band, 80)
    dark = band[near.start - top : near.stop - top].min(axis=0)[unprinted] < PAPER * paper
    return bool(len(dark) and dark.mean() > FOLD)


def _seals(pixels: Pixels, registration: Registration) -> list[Rectangle]:
    """Where seals are on a coloured page."""
    if pixels.ndim == 2:
        return []
    small = cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    red, green, blue = cv2.split(small)
    red = (cv2.subtract(red, cv2.max(green, blue)) > REDDER).astype(np.uint8)
    red = np.asarray(cv2.morphologyEx(red, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
    count, _, stats, _ = cv2.connectedComponentsWithStats(red, connectivity=8)
    least = SEAL * registration.scale / 4
    back = np.linalg.inv(registration.matrix)
    found: list[Rectangle] = []
    for left, top, across, down, _ in stats[1:count].tolist():
        if min(across, down) >= least:
            right, bottom = left + across, top + down
            corners = np.array([(left, top), (right, top), (left, bottom), (right, bottom)], np.float64) * 4
            places = cv2.perspectiveTransform(corners.reshape(-1, 1, 2), back).reshape(-1, 2)
            (x, y), (x2, y2) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
            found.append((x, y, x2 - x, y2 - y))
    return found


def _around(box: BoxPlace) -> Rectangle:
    return box.x - NEAR_BOX, box.y - NEAR_BOX, box.w + 2 * NEAR_BOX, box.h + 2 * NEAR_BOX


def _meets(one: Rectangle, others: Sequence[Rectangle]) -> bool:
    """Whether a rectangle overlaps one of others."""
    return any(
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
        for other in others
    )
