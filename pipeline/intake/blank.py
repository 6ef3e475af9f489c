"""Where the paper is on a page, and whether there is anything on it: a blank back, an empty separator."""

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.intake.page_image import Pixels

SCALE = 3.0  # pixels a millimetre that the page is looked at with
DARK = 0.12  # of the paper's brightness
DUST = 2.5  # mm: a spot smaller than this across is no writing
SPOTS = 25  # so many spots are no dust
CONTENT = 1.5  # mm² of anything larger that a blank page may have
EDGE = 4.0  # mm along the paper's edge in which scanners leave shadows
LEAST = 0.25  # of the picture that a sheet of paper takes up
LONG, A4 = (140.0, 450.0), 297.0  # mm that a page's long side may be, and is
BESIDE = 0.02  # of the picture that is not paper, and a sheet lies on something else

Mask = npt.NDArray[np.bool_]


def paper_corners(grey: Pixels) -> npt.NDArray[np.float64] | None:
    """The corners (4, 2) in pixels of a sheet that lies on something darker, clockwise; None where it fills the page."""
    small, factor = _shrunk(grey, max(grey.shape) / 600)
    hull = _paper(small)
    if hull is None:
        return None
    around = cv2.approxPolyDP(hull, 0.02 * cv2.arcLength(hull, True), True)
    if len(around) != 4:
        around = cv2.boxPoints(cv2.minAreaRect(hull)).reshape(-1, 1, 2)
    corners = np.asarray(around, np.float64).reshape(4, 2) / factor
    across, down = corners[:, 0] + corners[:, 1], corners[:, 0] - corners[:, 1]
    first = int(across.argmin())
    turned = np.roll(corners, -first, axis=0)
    return turned if turned[1, 0] - turned[1, 1] == down.max() else turned[[0, 3, 2, 1]]


def is_blank(grey: Pixels, dpi: float) -> bool:
    """Whether there is nothing on the page but paper, dust and shadows at the paper's edge."""
    long = max(grey.shape) / dpi * 25.4
    long = long if LONG[0] < long < LONG[1] else A4  # a photo's file knows no size
    small, _ = _shrunk(grey, max(grey.shape) / long / SCALE)
    smooth = cv2.GaussianBlur(small, (0, 0), 0.6).astype(np.float32)
    paper = cv2.blur(cv2.dilate(cv2.medianBlur(small, 5), np.ones((31, 31), np.uint8)), (31, 31))
    dark = smooth < (1 - DARK) * paper.astype(np.float32)
    inner = _inner(small)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    across, down, area = stats[:, 2], stats[:, 3], stats[:, 4]
    outside = np.bincount(labels[~inner], minlength=count) > 0
    at_edge = outside & (np.minimum(across, down) < 2 * EDGE * SCALE)
    beyond = np.bincount(labels[inner], minlength=count) == 0
    counted = ~(at_edge | beyond)
    counted[0] = False
    large = counted & (np.maximum(across, down) > DUST * SCALE)
    return bool(area[large].sum() / SCALE**2 <= CONTENT and counted.sum() <= SPOTS)


def _shrunk(grey: Pixels, by: float) -> tuple[Pixels, float]:
    """The page at a `by`th of its size, at most as it is; and its size now."""
    factor = 1 / max(by, 1)
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), factor


def _inner(small: Pixels) -> Mask:
    """The paper but its edge."""
    edge = round(EDGE * SCALE)
    hull = _paper(small)
    sheet = np.zeros(small.shape, np.uint8)
    if hull is None:
        sheet[:] = 1
    else:
        cv2.fillConvexPoly(sheet, hull.astype(np.int32), 1)
    framed = cv2.copyMakeBorder(sheet, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    kernel = np.ones((2 * edge + 1, 2 * edge + 1), np.uint8)
    return np.asarray(cv2.erode(framed, kernel)[1:-1, 1:-1], bool)


def _paper(small: Pixels) -> npt.NDArray[np.float32] | None:
    """The outline of a sheet that lies on something darker; None where there is nothing beside it."""
    smooth = cv2.medianBlur(cv2.dilate(small, np.ones((5, 5), np.uint8)), 5)
    level, bright = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(bright, np.uint8), connectivity=4)
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    outlines, _ = cv2.findContours(
        (labels == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    hull = cv2.convexHull(max(outlines, key=cv2.contourArea))
    share = cv2.contourArea(hull) / small.size
    if not LEAST < share < 1 - BESIDE:
        return None
    inside = np.zeros(small.shape, np.uint8)
    cv2.fillConvexPoly(inside, hull, 1)
    # What lies around a sheet is dark all over; what is printed on one, here and there.
    return np.asarray(hull, np.float32) if (smooth[inside == 0] <= level).mean() > 0.8 else None
