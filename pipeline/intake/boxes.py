"""Whether a box on a registered page is filled: ink that was not printed, by how much and of what kind.

A box under test is brought to BOX pixels a millimetre with a margin around it. What is darker or more
coloured than the paper around it and was not printed there is ink. Ink is judged in connected pieces: one
that lies mostly outside the box (a seal's rim, a stroke from beside it) never makes a box filled, only
unsure. In a coloured scan red ink is judged apart from the rest, so that a seal over a signature hides
nothing; without colour a box under a seal is unsure. `unsure` never counts as signed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from archive.filings import Box, Verdict
from pipeline.intake.channels import darkest, red_of
from pipeline.intake.lie import Registration, cut
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import BOX, MARGIN, BoxReference
from pipeline.layout import Rectangle

Mask = npt.NDArray[np.bool_]

PAPER_REACH = 5.0  # mm within which some bare paper is expected
INK, STRONG_INK = 0.10, 0.17  # of the paper's brightness: at least, and somewhere in every piece
NOISES = 5.0  # ink is this many times the paper's own unevenness
SPECK = 0.25  # mm² of a piece that counts
BRIDGE = 1.6  # mm over which pieces of ink belong together: over a box's frame, too
PRINT_REACH = 0.35  # mm around print that is not looked at, and the registration's error twice
# Of a piece that must lie in the box to count for it; of one that is not seen whole.
MOSTLY, ALMOST_ALL = 0.5, 0.85
CREASE, ACROSS = 6.0, 0.9  # mm of a straight piece of a crease; of the way across that it goes in all
FEW_LINES, FOLDED = 9, 0.7  # pixels; of the way across, in so many lines together
CREASE_EDGE, CREASE_MOST = 0.4, 1.8  # mm that a crease is softer, at its edge; to either side, at most
ASTRAY = 1.5  # mm that a box of a bent sheet may lie off its place
ALIKE = 0.3  # correlation with the empty box from which its place is told by it
COARSER, A_LITTLE_RED = (
    4,
    12,
)  # times; of 255 that red is above the darkest channel where a box is seen in colour
REDDER = 0.12  # of the paper's brightness that red ink's red is above its green and blue


@dataclass(frozen=True, slots=True)
class Limits:
    """Ink in mm²: `filled` and more fills a box of extent `across` mm, `empty` and less does not."""

    filled: float
    empty: float
    across: float


LIMITS = {
    "signature": Limits(5.0, 1.0, 6.0),
    "date": Limits(4.0, 1.0, 6.0),
    "seal": Limits(60.0, 4.0, 15.0),
    "tick": Limits(1.2, 0.35, 1.5),
}


def judge_boxes(
    pixels: Pixels, plain: Pixels, registration: Registration, boxes: tuple[BoxReference, ...]
) -> tuple[Box, ...]:
    """The verdicts on a sheet's boxes; `pixels` grey or colour, as scanned, `plain` the one channel of them."""
    return tuple(_judge(pixels, plain, registration, box) for box in boxes)


def unsure_boxes(boxes: tuple[BoxReference, ...]) -> tuple[Box, ...]:
    """The boxes of a sheet that could not be registered."""
    return tuple(
        Box(one.place.name, one.place.kind, one.place.required, Verdict.UNSURE, 0.0) for one in boxes
    )


def box_area(box: BoxReference) -> Rectangle:
    """A box with what is looked at around it."""
    place = box.place
    return place.x - MARGIN, place.y - MARGIN, place.w + 2 * MARGIN, place.h + 2 * MARGIN


def _judge(pixels: Pixels, plain: Pixels, registration: Registration, box: BoxReference) -> Box:
    place = box.place
    if not registration.shows((place.x, place.y, place.w, place.h), pixels):
        return Box(place.name, place.kind, place.required, Verdict.UNSURE, 0.0)
    patch = _patch(pixels if _has_red(pixels, registration, box) else plain, registration, box)
    edge = round(MARGIN * BOX)
    inside = np.zeros(patch.shape[:2], bool)
    inside[edge:-edge, edge:-edge] = True
    printed = _grown(box.empty < 200, PRINT_REACH + 2 * registration.residual)
    limits = LIMITS[place.kind]
    sure = some = 0.0
    for ink in _inks(patch, printed):
        much, doubtful, across = _pieces(ink, inside, place.kind)
        sure, some = max(sure, much), some + much + doubtful
        if much >= limits.filled and across >= limits.across:
            verdict = Verdict.FILLED
            break
    else:
        # In black and white a seal is often not there at all.
        lost = place.kind == "seal" and _is_bilevel(pixels)
        verdict = Verdict.EMPTY if some <= limits.empty and not lost else Verdict.UNSURE
    return Box(place.name, place.kind, place.required, verdict, round(sure, 2))


def _has_red(pixels: Pixels, registration: Registration, box: BoxReference) -> bool:
    """Whether in or around a box ink may be that the one channel shows too weakly."""
    if pixels.ndim == 2:
        return False
    x, y, w, h = box_area(box)
    corners = registration.pixels(np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]))
    left, top = np.maximum(corners.min(axis=0), 0).astype(int)
    right, bottom = corners.max(axis=0).astype(int)
    part = pixels[top:bottom, left:right]
    shrink = 1 / COARSER
    small = np.asarray(cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    reddish = np.asarray(cv2.subtract(red_of(small), darkest(small)))
    return bool(reddish.max(initial=0) > A_LITTLE_RED)


def _is_bilevel(pixels: Pixels) -> bool:
    """Whether a page is black and white, nothing between."""
    return pixels.ndim == 2 and bool(np.isin(pixels[::7, ::7], (0, 255)).all())


def _patch(pixels: Pixels, registration: Registration, box: BoxReference) -> Pixels:
    """The box as scanned with MARGIN around it; on a bent sheet, at the place where its own print says it is."""
    x, y, w, h = box_area(box)
    if registration.bend is None:
        return cut(pixels, registration, (x, y, w, h), BOX)
    patch = cut(pixels, registration, (x - ASTRAY, y - ASTRAY, w + 2 * ASTRAY, h + 2 * ASTRAY), BOX)
    plain = red_of(patch)
    likeness = cv2.matchTemplate(plain, box.empty, cv2.TM_CCOEFF_NORMED)
    _, best, _, (column, row) = cv2.minMaxLoc(likeness)
    if best < ALIKE:
        row = column = round(ASTRAY * BOX)
    high, wide = box.empty.shape
    return np.ascontiguousarray(patch[row : row + high, column : column + wide])


def _inks(patch: Pixels, printed: Mask) -> Iterator[Mask]:
    """Where ink is that was not printed: all of it, and of a coloured patch with red in it, red and the rest apart."""
    smooth = np.asarray(cv2.GaussianBlur(patch, (0, 0), 0.12 * BOX), np.uint8)
    if smooth.ndim == 2:
        yield _ink(_brightness(smooth), printed)
        return
    whole = _ink(_brightness(darkest(smooth)), printed)
    yield whole
    first, second, third = cv2.split(smooth)
    others = np.asarray(cv2.max(second, third), np.uint8)
    plain = _brightness(np.asarray(first, np.uint8))
    red = whole & (cv2.subtract(plain, _brightness(others)) > REDDER * 255)
    if red.any():
        yield red
        yield _ink(plain, printed)


def _brightness(value: Pixels) -> Pixels:
    """The brightness as a share of that of the paper around, 255 for bare paper."""
    small = cv2.resize(value, None, fx=1 / BOX, fy=1 / BOX, interpolation=cv2.INTER_AREA)
    reach = 2 * round(PAPER_REACH) + 1
    bright = cv2.dilate(cv2.medianBlur(small, 3), np.ones((reach, reach), np.uint8))
    bright = np.maximum(cv2.blur(bright, (reach, reach)), 1)
    paper = cv2.resize(bright, (value.shape[1], value.shape[0]))
    return np.asarray(cv2.divide(value, paper, scale=255), np.uint8)


def _ink(bright: Pixels, printed: Mask) -> Mask:
    dark, bare = cv2.bitwise_not(bright), ~printed
    counts = cv2.calcHist([dark], [0], bare.view(np.uint8), [256], [0, 256]).ravel()[: int(INK * 255) + 1]
    noise = 1.4826 * _deviation(counts.astype(np.int64))
    weak = dark > max(INK * 255, NOISES * noise)
    strong = dark > max(STRONG_INK * 255, 1.5 * NOISES * noise)
    ink = weak & bare
    return _touched(_without_folds(weak) & ink if _may_be_folded(ink) else ink, strong)


def _may_be_folded(ink: Mask) -> bool:
    """Whether ink goes so far across, and so much of it lies in few rows or columns, as it does in a crease."""
    for axis in (0, 1):
        across = FOLDED * ink.shape[axis]
        if np.count_nonzero(ink.any(axis=1 - axis)) <= across:
            continue
        lines = np.count_nonzero(ink, axis=axis)
        if np.convolve(lines, np.ones(FEW_LINES), "same").max() > across:
            return True
    return False


def _without_folds(dark: Mask) -> Mask:
    """What is dark but for straight lines from edge to edge, which are creases of the paper."""
    kept = dark.copy()
    for seen, there in ((dark, kept), (np.ascontiguousarray(dark.T), kept.T)):
        kernel = np.ones((1, round(CREASE * BOX)), np.uint8)
        level = np.asarray(cv2.morphologyEx(seen.view(np.uint8), cv2.MORPH_OPEN, kernel))
        if np.count_nonzero(level.any(axis=0)) <= ACROSS * seen.shape[1]:
            continue  # all of it together does not go across
        _, labels, stats, _ = cv2.connectedComponentsWithStats(level, connectivity=8)
        for one in np.flatnonzero(stats[:, cv2.CC_STAT_WIDTH] > ACROSS * seen.shape[1]):
            if one:
                rows, columns = np.nonzero(labels == one)
                slope, start = np.polyfit(columns, rows, 1)
                middle = start + slope * np.arange(seen.shape[1])
                thick = np.quantile(np.abs(rows - middle[columns]), 0.95) / BOX + CREASE_EDGE
                far = np.abs(np.arange(seen.shape[0])[:, None] - middle) / BOX
                there &= far > min(thick, CREASE_MOST)
    return kept


def _deviation(counts: npt.NDArray[np.int64]) -> float:
    """The median distance from the median of values 0, 1, 2 … that occur so often."""
    if not counts.any():
        return 0.0
    middle = _middle(np.arange(len(counts)), counts)
    return _middle(np.abs(np.arange(len(counts)) - middle), counts)


def _middle(values: npt.NDArray[np.float64] | npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> float:
    """The median of values that occur so often: the first that half of all do not exceed."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(counts[order])
    half = below[-1] / 2
    at = int(np.searchsorted(below, half))
    return float(values[order[at]])


def _touched(weak: Mask, strong: Mask) -> Mask:
    """The pieces of `weak` that have something of `strong` in them."""
    count, labels = cv2.connectedComponents(weak.view(np.uint8), connectivity=8)
    at = np.flatnonzero(weak)
    pieces = labels.ravel()[at]
    kept = np.zeros(count, bool)
    kept[pieces[strong.ravel()[at]]] = True
    found = np.zeros(weak.shape, bool)
    found.ravel()[at] = kept[pieces]
    return found


def _pieces(ink: Mask, inside: Mask, kind: str) -> tuple[float, float, float]:
    """Ink inside the box in mm²: of pieces mostly in it, of others; and how far the former reach, in mm."""
    at = np.flatnonzero(ink)
    if not len(at):
        return 0.0, 0.0, 0.0
    joined = _grown(ink, BRIDGE / 2)
    count, labels = cv2.connectedComponents(joined.view(np.uint8), connectivity=8)
    pieces, is_inside = labels.ravel()[at], inside.ravel()[at]
    area = np.bincount(pieces, minlength=count) / BOX**2
    within = np.bincount(pieces[is_inside], minlength=count) / BOX**2
    outer = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    share = np.full(count, MOSTLY)
    if kind != "seal":
        share[outer] = ALMOST_ALL  # it goes on, nobody sees how far: a seal's rim
    counted = within >= np.maximum(SPECK, share * area)
    doubtful = float(within[(within >= SPECK) & ~counted].sum())
    rows, columns = np.divmod(at[is_inside & counted[pieces]], ink.shape[1])
    across = float(max(np.ptp(rows), np.ptp(columns)) / BOX) if len(rows) else 0.0
    return float(within[counted].sum()), doubtful, across


def _grown(mask: Mask, reach: float) -> Mask:
    """The mask with everything within `reach` mm of it."""
    size = 2 * round(reach * BOX) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(mask.view(np.uint8), kernel)).view(bool)
