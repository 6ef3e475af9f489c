"""Bringing a scanned page onto its layout: where every millimetre of the sheet lies in the scan.

From the code's corners a first guess, good near the code; then printed anchors are looked for in growing
circles around it, each circle correcting the guess for the next, so that skew, stretch and a photo's
perspective are followed; last the anchors are matched at full detail. The result is a homography.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline import page_code
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import ANCHOR, COARSE, FINE, HEIGHT, WIDTH, Anchor, Reference

Matrix = npt.NDArray[np.float64]
Points = npt.NDArray[np.float64]
Shift = tuple[float, float]  # how far something lies off, in pixels

CIRCLES = (90, 180, 400)  # mm around the start
SEARCH, FINE_SEARCH = 5.0, 1.2  # mm
LOOSE, TIGHT = 1.2, 0.4  # mm an anchor may lie off and still count
SURE = 0.5  # of a perfect correlation
FEWEST = 8  # anchors that must be found
BROAD = 60.0  # mm across and down that anchors must cover for a homography
CERTAIN = 1 - 1e-9  # that no better map is left: one anchor far from the others settles how a sheet lies
SPREAD = 0.6  # of the anchors' own extent that the found ones must cover
_SQUARE = np.array(
    [
        (page_code.LEFT, page_code.TOP),
        (page_code.LEFT + page_code.SIDE, page_code.TOP),
        (page_code.LEFT + page_code.SIDE, page_code.TOP + page_code.SIDE),
        (page_code.LEFT, page_code.TOP + page_code.SIDE),
    ],
    np.float64,
)


@dataclass(frozen=True, slots=True)
class Registration:
    """`matrix` takes millimetres of the sheet to pixels of the scan; `residual` is the anchors' error in mm."""

    matrix: Matrix
    residual: float

    def pixels(self, points: Points) -> Points:
        """Points (n, 2) in mm as pixels."""
        return apply(self.matrix, points)

    @property
    def scale(self) -> float:
        """Pixels a millimetre, in the middle of the sheet."""
        return _scale(self.matrix)

    @property
    def turn(self) -> int:
        """The quarter turns clockwise that make the scan upright."""
        left, right = self.pixels(np.array([(20.0, HEIGHT / 2), (WIDTH - 20.0, HEIGHT / 2)]))
        across = right - left
        if abs(across[0]) >= abs(across[1]):
            return 0 if across[0] > 0 else 2
        return 3 if across[1] > 0 else 1


def apply(matrix: Matrix, points: Points) -> Points:
    """Points (n, 2) under a homography."""
    return np.asarray(
        cv2.perspectiveTransform(np.asarray(points, np.float64).reshape(-1, 1, 2), matrix), np.float64
    ).reshape(-1, 2)


def register(grey: Pixels, corners: Points, reference: Reference) -> Registration | None:
    """The registration of a page by its code's corners (4, 2) in pixels; None where the print is not found."""
    guess, _ = cv2.estimateAffinePartial2D(_SQUARE, corners)
    if guess is None:
        return None
    start = (page_code.LEFT + page_code.SIDE / 2, page_code.TOP + page_code.SIDE / 2)
    return _grow(grey, np.vstack([guess, (0, 0, 1)]).astype(np.float64), start, reference)


def register_blind(grey: Pixels, reference: Reference) -> Registration | None:
    """The registration of a page whose code is not readable: the page as the frame, in four rotations."""
    high, wide = grey.shape
    frame = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    sheet = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    found = [
        _grow(
            grey,
            np.asarray(cv2.getPerspectiveTransform(sheet, np.roll(frame, turn, axis=0)), np.float64),
            (WIDTH / 2, HEIGHT / 2),
            reference,
        )
        for turn in range(4)
    ]
    return min((one for one in found if one is not None), key=lambda one: one.residual, default=None)


def _grow(
    grey: Pixels, guess: Matrix, start: tuple[float, float], reference: Reference
) -> Registration | None:
    centres = np.array([anchor.centre for anchor in reference.anchors], np.float64).reshape(-1, 2)
    if len(centres) < FEWEST:
        return None
    distances = np.linalg.norm(centres - np.array(start), axis=1)
    small = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    matrix = guess
    for circle in CIRCLES:
        near = np.flatnonzero(distances < circle)
        if len(near) < 4:
            continue
        places, pixels = _match_coarse(small, matrix, reference, near)
        fitted = _fit(places, pixels, LOOSE, _scale(matrix), full=circle > 150)
        if fitted is not None:
            matrix = fitted
    places, pixels = _match_fine(grey, matrix, reference)
    if len(places) < FEWEST:
        return None
    fitted = _fit(places, pixels, TIGHT, _scale(matrix), full=True)
    if fitted is None:
        return None
    errors = np.linalg.norm(apply(fitted, places) - pixels, axis=1) / _scale(fitted)
    good = errors < TIGHT
    if good.sum() < FEWEST or good.sum() < 0.4 * len(places):
        return None
    if (np.ptp(places[good], axis=0) < SPREAD * np.ptp(centres, axis=0)).any():
        return None
    return Registration(fitted, round(float(np.sqrt((errors[good] ** 2).mean())), 3))


def _scale(matrix: Matrix) -> float:
    """Pixels a millimetre in the middle of the sheet."""
    left, right = apply(matrix, np.array([(WIDTH / 2 - 5, HEIGHT / 2), (WIDTH / 2 + 5, HEIGHT / 2)]))
    return float(np.linalg.norm(right - left)) / 10


def _match_coarse(
    small: Pixels, matrix: Matrix, reference: Reference, which: npt.NDArray[np.intp]
) -> tuple[Points, Points]:
    """Anchors found in the half-size scan: their centres in mm, and in full-size pixels."""
    to_small = np.diag([0.5, 0.5, 1.0]) @ matrix @ np.diag([1 / COARSE, 1 / COARSE, 1.0])
    flat = cv2.warpPerspective(
        small,
        to_small,
        (WIDTH * COARSE, HEIGHT * COARSE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    reach = round(SEARCH * COARSE)
    padded = cv2.copyMakeBorder(flat, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    found: list[tuple[Anchor, Shift | None]] = []
    for index in which:
        anchor = reference.anchors[index]
        left, top = round(anchor.x * COARSE), round(anchor.y * COARSE)
        window = padded[
            top : top + ANCHOR[1] * COARSE + 2 * reach, left : left + ANCHOR[0] * COARSE + 2 * reach
        ]
        found.append((anchor, _shift(np.asarray(window, np.uint8), anchor.coarse, reach)))
    return _places(found, matrix, COARSE)


def _match_fine(grey: Pixels, matrix: Matrix, reference: Reference) -> tuple[Points, Points]:
    """Anchors found at full detail: their centres in mm, and in pixels."""
    reach = round(FINE_SEARCH * FINE)
    found: list[tuple[Anchor, Shift | None]] = []
    size = (ANCHOR[0] * FINE + 2 * reach, ANCHOR[1] * FINE + 2 * reach)
    for anchor in reference.anchors:
        window = cut(grey, matrix, anchor.x - reach / FINE, anchor.y - reach / FINE, size)
        found.append((anchor, _shift(window, anchor.fine, reach)))
    return _places(found, matrix, FINE)


def _places(found: list[tuple[Anchor, Shift | None]], matrix: Matrix, scale: int) -> tuple[Points, Points]:
    """Centres in mm of the anchors that were found, and where they are in the scan, `scale` pixels a mm."""
    seen = [(anchor.centre, shift) for anchor, shift in found if shift is not None]
    if not seen:
        return np.empty((0, 2)), np.empty((0, 2))
    centres = np.array([centre for centre, _ in seen])
    return centres, apply(matrix, centres + np.array([shift for _, shift in seen]) / scale)


def cut(image: Pixels, matrix: Matrix, x: float, y: float, size: tuple[int, int]) -> Pixels:
    """A piece of the sheet from the scan, from (x, y) in mm on, FINE pixels a mm, `size` (width, height) pixels."""
    to_scan = matrix @ np.array([[1 / FINE, 0, x], [0, 1 / FINE, y], [0, 0, 1.0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(image, to_scan, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _shift(window: Pixels, patch: Pixels, reach: int) -> Shift | None:
    """How far the patch lies off the window's middle, in pixels; None where it is not found."""
    score = np.asarray(cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED), np.float64)
    _, best, _, (across, down) = cv2.minMaxLoc(score)
    if best < SURE or not (0 < across < score.shape[1] - 1 and 0 < down < score.shape[0] - 1):
        return None
    return (
        across - reach + _peak(*score[down, across - 1 : across + 2]),
        down - reach + _peak(*score[down - 1 : down + 2, across]),
    )


def _peak(before: float, at: float, after: float) -> float:
    """Where between pixels a parabola through three values has its top."""
    bend = before - 2 * at + after
    return float((before - after) / (2 * bend)) if bend < 0 else 0.0


def _fit(places: Points, pixels: Points, loose: float, scale: float, *, full: bool) -> Matrix | None:
    """The map that most anchors agree on: a homography if `full` and there are enough, or an affine one.

    Where anchors lie in a narrow strip, a homography that fits them says nothing of the rest of the sheet.
    """
    found: list[tuple[int, Matrix]] = []
    if full and len(places) >= FEWEST and np.ptp(places, axis=0).min() >= BROAD:
        matrix, inside = cv2.findHomography(
            places, pixels, cv2.RANSAC, loose * scale, maxIters=2000, confidence=CERTAIN
        )
        if matrix is not None and int(inside.sum()) >= FEWEST:
            found.append((int(inside.sum()), np.asarray(matrix, np.float64)))
    if len(places) >= 4:
        affine, inside = cv2.estimateAffine2D(places, pixels, ransacReprojThreshold=loose * scale)
        if affine is not None and int(inside.sum()) >= 4:
            found.append((int(inside.sum()), np.vstack([affine, (0, 0, 1)]).astype(np.float64)))
    return max(found, key=lambda one: one[0])[1] if found else None
