"""Whether a box on a registered page is filled: ink that was not printed, by how much and of what kind.

A box under test is brought to FINE pixels a millimetre with a margin around it. What is darker or more
coloured than the paper around it and was not printed there is ink. Ink is judged in connected pieces: one
that lies mostly outside the box (a seal's rim, a stroke from beside it) never makes a box filled, only
unsure. `unsure` never counts as signed.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from archive.filings import Box, Verdict
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import FINE, MARGIN, BoxReference
from pipeline.intake.register import Registration, cut

Mask = npt.NDArray[np.bool_]

PAPER_REACH = 5.0  # mm within which some bare paper is expected
INK, STRONG_INK = 0.10, 0.17  # of the paper's brightness: at least, and somewhere in every piece
NOISES = 5.0  # ink is this many times the paper's own unevenness
SPECK = 0.25  # mm² of a piece that counts
BRIDGE = 0.6  # mm over which pieces of ink belong together
PRINT_REACH = 0.35  # mm around print that is not looked at, and the registration's error twice
MOSTLY = 0.5  # of a piece that must lie in the box to count for it


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
    pixels: Pixels, registration: Registration, boxes: tuple[BoxReference, ...]
) -> tuple[Box, ...]:
    """The verdicts on a sheet's boxes; `pixels` grey or colour, as scanned."""
    return tuple(_judge(pixels, registration, box) for box in boxes)


def unsure_boxes(boxes: tuple[BoxReference, ...]) -> tuple[Box, ...]:
    """The boxes of a sheet that could not be registered."""
    return tuple(
        Box(one.place.name, one.place.kind, one.place.required, Verdict.UNSURE, 0.0) for one in boxes
    )


def _judge(pixels: Pixels, registration: Registration, box: BoxReference) -> Box:
    place = box.place
    high, wide = box.empty.shape
    patch = cut(pixels, registration.matrix, place.x - MARGIN, place.y - MARGIN, (wide, high))
    inside = np.zeros((high, wide), bool)
    edge = round(MARGIN * FINE)
    inside[edge : high - edge, edge : wide - edge] = True
    reach = PRINT_REACH + 2 * registration.residual
    printed = _grown(box.empty < 200, reach)
    ink = _ink(patch, printed, inside)
    sure, doubtful, across = _pieces(ink, inside)
    limits = LIMITS[place.kind]
    if sure >= limits.filled and across >= limits.across:
        verdict = Verdict.FILLED
    elif sure + doubtful <= limits.empty:
        verdict = Verdict.EMPTY
    else:
        verdict = Verdict.UNSURE
    return Box(place.name, place.kind, place.required, verdict, round(sure, 2))


def _ink(patch: Pixels, printed: Mask, inside: Mask) -> Mask:
    """Where ink is that was not printed."""
    smooth = cv2.GaussianBlur(patch, (0, 0), 0.12 * FINE)
    value = (smooth if smooth.ndim == 2 else smooth.min(axis=2)).astype(np.float32)
    paper = _paper(value)
    dark = 1 - value / np.maximum(paper, 1)
    bare = dark[(dark < INK) & ~printed]
    noise = 1.4826 * float(np.median(np.abs(bare - np.median(bare)))) if bare.size else 0.0
    weak = dark > max(INK, NOISES * noise)
    strong = dark > max(STRONG_INK, 1.5 * NOISES * noise)
    return _touched(weak & ~printed, strong)


def _paper(value: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The brightness of the paper everywhere, from the brightest around."""
    small = cv2.resize(value, None, fx=1 / FINE, fy=1 / FINE, interpolation=cv2.INTER_AREA)
    reach = 2 * round(PAPER_REACH) + 1
    bright = cv2.dilate(cv2.medianBlur(small, 3), np.ones((reach, reach), np.uint8))
    bright = cv2.blur(bright, (reach, reach))
    return np.asarray(cv2.resize(bright, (value.shape[1], value.shape[0])), np.float32)


def _touched(weak: Mask, strong: Mask) -> Mask:
    """The pieces of `weak` that have something of `strong` in them."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[np.unique(labels[strong & weak])] = True
    kept[0] = False
    return np.asarray(kept[labels], bool)


def _pieces(ink: Mask, inside: Mask) -> tuple[float, float, float]:
    """Ink inside the box in mm²: of pieces mostly in it, of others; and how far the former reach, in mm."""
    joined = _grown(ink, BRIDGE / 2)
    count, labels = cv2.connectedComponents(joined.astype(np.uint8), connectivity=8)
    area = np.bincount(labels[ink], minlength=count) / FINE**2
    within = np.bincount(labels[ink & inside], minlength=count) / FINE**2
    area[0] = within[0] = 0
    counted = within >= np.maximum(SPECK, MOSTLY * area)
    doubtful = float(within[(within >= SPECK) & ~counted].sum())
    rows, columns = np.nonzero(counted[labels] & ink & inside)
    across = float(max(np.ptp(rows), np.ptp(columns)) / FINE) if len(rows) else 0.0
    return float(within[counted].sum()), doubtful, across


def _grown(mask: Mask, reach: float) -> Mask:
    """The mask with everything within `reach` mm of it."""
    size = 2 * round(reach * FINE) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel), bool)
