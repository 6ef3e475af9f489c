"""Strokes through printed values: ink along or across a value that was not printed there, and is no fold or seal."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.intake.channels import darkest
from pipeline.intake.lie import Registration, cut, flatten
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import FLAT, WIDTH, Reference
from pipeline.layout import BoxPlace, Rectangle

Shades = npt.NDArray[np.float32]

PAPER = 0.86  # of the paper's brightness: no ink is there
MORE, BESIDE = 0.4, 1.5  # mm above and below a value, and beside it, that are looked at with it
SLOPES = (-0.2, -0.13, -0.06, 0.0, 0.06, 0.13, 0.2)  # of strokes along a value
UNPRINTED = 190  # of 255: brighter, nothing was printed there
UNEVEN = 0.06  # of the paper's brightness that paper is darker than paper
STROKE = 0.3  # of black that a stroke is darker than what was printed, on what was not
NARROWEST = 0.3  # of a value's width that is taken not to be printed on, at least
# Ink to and fro over a value: in pixels' worth of black for each mm of it, over that much of its width, counted where
# it is this dark and so many pixels around.
SCRIBBLED, OVER, DARK, JOINED = 1.3, 0.5, 0.2, 5
RED, RED_OVER, RED_JOINED = 0.6, 0.3, 9  # the same three of red ink, which no speck, blot or fold is
MOSTLY = 0.5  # of that ink that is red
SHORTEST = 6.0  # mm of a value that can be told from a blot on it
SOME = 0.6  # ink, counted like SCRIBBLED, on a value that is unlike what was printed
NEAR_BOX = 6.0  # mm around a box into which signatures reach
SEAL = 14.0  # mm across, both ways, of what is a seal
REDDER = 25  # of 255 that a seal's red is above its green and blue
FOLD = 0.6  # of the page's width that a fold's line goes on


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A scan as it lies, and its `values` as they were printed on an empty sheet, FLAT pixels a mm."""

    pixels: Pixels
    plain: Pixels
    registration: Registration
    reference: Reference
    values: Pixels


def is_struck(page: Page, area: Rectangle, *, unlike: bool) -> bool:
    """Whether a stroke goes along a value, or to and fro over it, and ends near it, as a fold does not.

    `unlike`: all of the value is less like what was printed than the rest of the page, and darker; less says so then.
    """
    x, y, w, h = area
    excess, allowed, (left, top) = _excess(page, (x - BESIDE, y - MORE, w + 2 * BESIDE, h + 2 * MORE))
    high, wide = excess.shape
    much = float(excess.sum())
    # Most values are done with here: not even all of it in one row would be a stroke.
    if much < STROKE * NARROWEST * wide or not high:
        return False
    strip = np.dstack([excess, (allowed > UNPRINTED).astype(np.float32)])
    most, row = max(_darkest(strip, slope) for slope in SLOPES)
    scribbled = _covers(excess, w, SCRIBBLED, OVER, JOINED) or (unlike and much > SOME * w)
    in_red = _covers(excess, w, RED, RED_OVER, RED_JOINED) and _is_red(page, excess, left, top)
    if most <= STROKE and not (scribbled or in_red):
        return False
    if _is_fold(page, top + row, slice(left, left + wide)):
        return False
    if page.pixels.ndim == 3:
        return True
    # Without colour a seal is told by its size.
    wider, _, (_, above) = _excess(page, (x - BESIDE, y - SEAL / 2, w + 2 * BESIDE, h + SEAL))
    joined = cv2.dilate((wider > STROKE).astype(np.uint8), np.ones((9, 9), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(joined, np.uint8), connectivity=8)
    there = np.bincount(labels[top + row - above], minlength=2)[1:]
    return bool(stats[1 + int(there.argmax()), cv2.CC_STAT_HEIGHT] < (h + 2 * BESIDE) * FLAT)


def _covers(excess: Shades, wide: float, ink: float, over: float, joined: int) -> bool:
    """Whether so much ink too many lies over a value, `wide` mm, and over so much of it, as no speck or blot does."""
    if wide < SHORTEST or excess.sum() < ink * wide:
        return False
    columns = (excess > DARK).any(axis=0)
    return float(np.convolve(columns, np.ones(joined), "same").astype(bool).mean()) > over


def _is_red(page: Page, excess: Shades, left: int, top: int) -> bool:
    """Whether most of the ink too many is red."""
    if page.pixels.ndim == 2:
        return False
    high, wide = excess.shape
    colours = cut(page.pixels, page.registration, (left / FLAT, top / FLAT, wide / FLAT, high / FLAT), FLAT)
    red, green, blue = cv2.split(colours)
    reddish = cv2.subtract(red, cv2.max(green, blue)) > REDDER
    return float(excess[reddish].sum()) > MOSTLY * float(excess.sum())


def _excess(page: Page, area: Rectangle) -> tuple[Shades, Pixels, tuple[int, int]]:
    """Where a scan is darker than was printed, from 0 to 1; what was printed; the left top pixel of both."""
    left, top = (max(round(one * FLAT), 0) for one in area[:2])
    right, bottom = round((area[0] + area[2]) * FLAT), round((area[1] + area[3]) * FLAT)
    place = slice(top, bottom), slice(left, right)
    high, wide = page.values[place].shape
    if not high or not wide:
        return np.zeros((0, 0), np.float32), page.values[place], (left, top)
    value = darkest(
        cut(page.pixels, page.registration, (left / FLAT, top / FLAT, wide / FLAT, high / FLAT), FLAT)
    )
    fat = 3 if page.pixels.ndim == 3 else 5  # black and white makes print fatter
    allowed = cv2.GaussianBlur(cv2.erode(page.values[place], np.ones((fat, fat), np.uint8)), (0, 0), 0.7)
    allowed[page.reference.near_print[place] > 0] = 0
    paper = max(float(cv2.blur(value, (5, 5)).max()), 1.0)
    darker = cv2.addWeighted(allowed, 1 / 255, value, -1 / paper, -UNEVEN, dtype=cv2.CV_32F)
    return np.maximum(np.asarray(darker, np.float32), 0), np.asarray(allowed, np.uint8), (left, top)


def _darkest(strip: npt.NDArray[np.float32], slope: float) -> tuple[float, int]:
    """How much too dark the darkest row of a strip (h, w, 2: excess, unprinted) is that leans by `slope`; which."""
    high, wide = strip.shape[:2]
    matrix = np.array([[1, 0, 0], [slope, 1, -slope * wide / 2]], np.float32)
    sums = cv2.warpAffine(strip, matrix, (wide, high)).sum(axis=1)
    shares = sums[:, 0] / np.maximum(sums[:, 1], NARROWEST * wide)
    return float(shares.max()), int(shares.argmax())


def _is_fold(page: Page, row: int, value: slice) -> bool:
    """Whether a dark line goes on over the page's unprinted places, far beyond a value."""
    near = slice(max(row - 3, 0), row + 4)
    unprinted = (page.values[near].min(axis=0) > 200) & (page.reference.near_print[near].max(axis=0) == 0)
    unprinted[value] = False
    top = max(row - 50, 0)
    band = flatten(page.plain, page.registration, (0, top / FLAT, WIDTH, 100 / FLAT), FLAT)
    paper = np.percentile(band, 80)
    dark = band[near.start - top : near.stop - top].min(axis=0)[unprinted] < PAPER * paper
    return bool(len(dark) and dark.mean() > FOLD)


def seals(pixels: Pixels, registration: Registration) -> list[Rectangle]:
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


def around(box: BoxPlace) -> Rectangle:
    return box.x - NEAR_BOX, box.y - NEAR_BOX, box.w + 2 * NEAR_BOX, box.h + 2 * NEAR_BOX


def meets(one: Rectangle, others: Sequence[Rectangle]) -> bool:
    """Whether a rectangle overlaps one of others."""
    return any(
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
        for other in others
    )
