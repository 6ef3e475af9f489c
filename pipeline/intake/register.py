"""Bringing a scanned page onto its layout: where every millimetre of the sheet lies in the scan.

From the code's corners a first guess, good near the code; then printed anchors around it, then some all over the
sheet; last the anchors are matched at full detail. Where that falls short (a photo's
perspective, a lens, a curled sheet), the map is grown outwards from the code instead, in circles, each correcting
the guess for the next. The result is a homography and, where the sheet is bent, a smooth correction of it.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline import page_code
from pipeline.intake.lie import Matrix, Points, Registration, affine, apply, basis, cut, similar
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import ANCHOR, COARSE, FLAT, Anchor, Reference

Pairs = tuple[Points, Points]  # places in mm, and pixels

NEAR, NEAR_ANCHORS = 110.0, 6  # mm around the code, and anchors, of the first look
SPREAD_ANCHORS = 12  # of the second, all over the sheet
ENOUGH_ANCHORS = 24  # for a sheet that lies flat
GLANCED_AT = 20  # anchors by which a sheet is told from others
CIRCLES = (70, 110, 150, 200, 400)  # mm around the start, where the sheet must be followed step by step
FAR_SEARCH, SEARCH, WIDE_SEARCH, FINE_SEARCH, LAST_SEARCH = 12.0, 5.0, 3.0, 1.0, 0.6  # mm
LOOSE, TIGHT = 1.2, 0.4  # mm an anchor may lie off and still count
BENT = 3.0  # mm that an anchor of a bent sheet may lie off the homography
SURE = 0.5  # of a perfect correlation
FEWEST = 8  # anchors that must be found
MOST = 0.7  # of the anchors: so many found and agreeing, and the quick way has done
BROAD = 60.0  # mm across and down that anchors must cover for a homography
CERTAIN = 1 - 1e-9  # that no better map is left: one anchor far from the others settles how a sheet lies
SPREAD = 0.6  # of the anchors' own extent that the found ones must cover
NEAR_BOX = 70.0  # mm from every box to an anchor found
FLEXIBLE = 24  # anchors from which the sheet's bend can be told
STRAIGHT = 0.12  # mm of error with which a homography is as good as can be
STIFF = 0.03  # how little a bend is believed beyond the anchors that show it
_CURVED = np.eye(10)[3:]
_NOTHING = np.empty((0, 2)), np.empty((0, 2)), np.empty(0)
_SQUARE = np.array(
    [
        (page_code.LEFT, page_code.TOP),
        (page_code.LEFT + page_code.SIDE, page_code.TOP),
        (page_code.LEFT + page_code.SIDE, page_code.TOP + page_code.SIDE),
        (page_code.LEFT, page_code.TOP + page_code.SIDE),
    ],
    np.float64,
)


def register(plain: Pixels, half: Pixels, corners: Points, reference: Reference) -> Registration | None:
    """The registration of a page by its code's corners (4, 2) in pixels; None where the print is not found.

    `plain` is the page as one channel, `half` the same at half its size.
    """
    if len(reference.anchors) < FEWEST:
        return None
    # In a photo's corner a square is no square: all its corners say more, though each less surely.
    drawn, *_ = np.linalg.lstsq(np.column_stack([_SQUARE, np.ones(4)]), corners, rcond=None)
    code = np.array((page_code.LEFT + page_code.SIDE / 2, page_code.TOP + page_code.SIDE / 2))
    known = _SQUARE, np.asarray(corners, np.float64)
    quick = _quick(plain, half, similar(_SQUARE, corners), code, reference, known)
    return quick or grow(plain, half, affine(drawn.T), code, reference, known)


def _quick(
    plain: Pixels, half: Pixels, start: Registration, code: Points, reference: Reference, known: Pairs
) -> Registration | None:
    """Two looks at some anchors, for a sheet that lies flat; None where they do not settle how."""
    near = _within(reference, code, NEAR)[:NEAR_ANCHORS]
    found = start
    for anchors, search in ((near, SEARCH), (reference.anchors[:SPREAD_ANCHORS], WIDE_SEARCH)):
        places, pixels, _ = _match(half, 0.5, found, anchors, COARSE, search)
        fitted = _fit(places, pixels, LOOSE, found.scale)
        if fitted is None or fitted[1] < MOST * len(anchors):
            return None
        found = Registration(fitted[0])
    return _finish(plain, found, reference, known, demanding=True)


def glance(half: Pixels, start: Registration, reference: Reference) -> tuple[int, Registration]:
    """How many of a sheet's anchors are where `start` says, roughly, and agree on how it lies; and that."""
    places, pixels, _ = _match(half, 0.5, start, reference.anchors[:GLANCED_AT], COARSE, FAR_SEARCH)
    fitted = _fit(places, pixels, BENT, start.scale)
    return (0, start) if fitted is None else (fitted[1], Registration(fitted[0]))


def grow(
    plain: Pixels,
    half: Pixels,
    start: Registration,
    origin: Points,
    reference: Reference,
    known: Pairs = _NOTHING[:2],
) -> Registration | None:
    """The registration grown from a point in mm around which `start` is nearly right; None where it is not.

    `known` are places (n, 2) in mm and where they are in the scan, in pixels.
    """
    found = start
    for circle in CIRCLES:
        near = _within(reference, origin, circle)
        if len(near) >= 4:
            places, pixels, _ = _match(half, 0.5, found, near, COARSE, SEARCH)
            found = _fitted(places, pixels, LOOSE, found, known) or found
    return _finish(plain, found, reference, known, demanding=False)


def _within(reference: Reference, point: Points, far: float) -> list[Anchor]:
    """The anchors within so many mm of a point."""
    near = np.linalg.norm(reference.centres - point, axis=1) < far
    return [reference.anchors[at] for at in np.flatnonzero(near)]


def _fitted(
    places: Points, pixels: Points, loose: float, before: Registration, known: Pairs
) -> Registration | None:
    """The map of some anchors, with the sheet's bend where there is one; None where they do not agree.

    `known` are the code's corners: less sure than anchors, they steady a few and tell of a bend where none are.
    """
    more = np.vstack([places, known[0]]), np.vstack([pixels, known[1]])
    most = more if len(places) < FLEXIBLE else (places, pixels)
    fitted = _fit(most[0], most[1], loose, before.scale)
    if fitted is None:
        return None
    found = Registration(fitted[0])
    broad = len(places) >= FLEXIBLE and np.ptp(places, axis=0).min() >= BROAD
    if broad and np.sqrt((_errors(found, places, pixels) ** 2).mean()) > STRAIGHT:
        return _with_bend(found, *more) or found
    return found


def _finish(
    plain: Pixels, found: Registration, reference: Reference, known: Pairs, *, demanding: bool
) -> Registration | None:
    """Match all anchors at full detail."""
    result = found
    # What bends is far off where no anchor was found yet, and near once one is.
    for search in (LAST_SEARCH,) if demanding else (WIDE_SEARCH, FINE_SEARCH):
        anchors = reference.anchors[:ENOUGH_ANCHORS] if demanding else reference.anchors
        places, pixels, scores = _match(plain, 1.0, result, anchors, FLAT, search)
        if len(places) < max(FEWEST, (MOST if demanding else 0) * len(anchors)):
            return None
        fitted = _fitted(places, pixels, TIGHT if demanding else LOOSE, result, known)
        if fitted is None:
            return None
        result = fitted
    errors = _errors(result, places, pixels)
    good = errors < TIGHT
    if good.sum() < FEWEST or good.sum() < 0.4 * len(places):
        return None
    if demanding and np.sqrt((errors**2).mean()) > STRAIGHT:
        return None  # it does not lie flat
    if not _covers(places[good], reference):
        return None
    residual = round(float(np.sqrt((errors[good] ** 2).mean())), 3)
    return Registration(result.matrix, result.bend, residual, round(float(np.median(scores[good])), 3))


def _covers(places: Points, reference: Reference) -> bool:
    """Whether the anchors found say how all of the sheet lies: they are spread as most are, and near every box."""
    # One far from all others, a page number at the foot, may be missing.
    extent, wanted = (
        np.subtract(*np.percentile(one, (90, 10), axis=0)) for one in (places, reference.centres)
    )
    if (extent < SPREAD * wanted).any():
        return False
    boxes = [one.place for one in reference.boxes]
    middles = np.array([(one.x + one.w / 2, one.y + one.h / 2) for one in boxes]).reshape(-1, 1, 2)
    return bool((np.linalg.norm(middles - places, axis=2).min(axis=1, initial=np.inf) < NEAR_BOX).all())


def _errors(found: Registration, places: Points, pixels: Points) -> Points:
    """How far each anchor lies off, in mm."""
    return np.asarray(np.linalg.norm(found.pixels(places) - pixels, axis=1) / found.scale, np.float64)


def _match(
    image: Pixels,
    shrunk: float,
    found: Registration,
    anchors: Sequence[Anchor],
    scale: int,
    search: float,
) -> tuple[Points, Points, Points]:
    """Anchors looked for within `search` mm of where they should be: centres in mm (n, 2), pixels, correlations.

    `image` is the scan at `shrunk` times its size; the pixels are the scan's own. The anchors are compared at
    `scale` pixels a mm, COARSE or FLAT.
    """
    reach = round(search * scale)
    more = reach / scale
    size = ANCHOR[0] + 2 * more, ANCHOR[1] + 2 * more
    seen: list[tuple[float, float, float, float, float]] = []
    for one in anchors:
        window = cut(image, found, (one.x - more, one.y - more, *size), scale, shrunk)
        score = cv2.matchTemplate(  # OpenCV correlates these faster
            window.astype(np.float32), one.coarse if scale == COARSE else one.fine, cv2.TM_CCOEFF_NORMED
        )
        _, best, _, (x, y) = cv2.minMaxLoc(score)
        if best < SURE or not (0 < x < 2 * reach and 0 < y < 2 * reach):
            continue
        x_off = x - reach + _peak(*score[y, x - 1 : x + 2].tolist())
        y_off = y - reach + _peak(*score[y - 1 : y + 2, x].tolist())
        seen.append((*one.centre, x_off / scale, y_off / scale, best))
    if not seen:
        return _NOTHING
    table = np.array(seen)
    places = np.ascontiguousarray(table[:, :2])
    return places, found.pixels(places + table[:, 2:4]), table[:, 4]


def _peak(before: float, at: float, after: float) -> float:
    """Where between pixels a parabola through three values has its top."""
    bend = before - 2 * at + after
    return float((before - after) / (2 * bend)) if bend < 0 else 0.0


def _fit(places: Points, pixels: Points, loose: float, scale: float) -> tuple[Matrix, int] | None:
    """The map that most anchors agree on and how many do: a homography where there are enough, or an affine one.

    Where anchors lie in a narrow strip, a homography that fits them says nothing of the rest of the sheet.
    """
    found: list[tuple[Matrix, int]] = []
    if len(places) >= FEWEST and np.ptp(places, axis=0).min() >= BROAD:
        matrix, inside = cv2.findHomography(
            places, pixels, cv2.RANSAC, loose * scale, maxIters=2000, confidence=CERTAIN
        )
        if matrix is not None and int(inside.sum()) >= FEWEST:
            found.append((np.asarray(matrix, np.float64), int(inside.sum())))
    if len(places) >= 4:
        affine, inside = cv2.estimateAffine2D(places, pixels, ransacReprojThreshold=loose * scale)
        if affine is not None and int(inside.sum()) >= 4:
            found.append((np.vstack([affine, (0, 0, 1)]).astype(np.float64), int(inside.sum())))
    return max(found, key=lambda one: one[1]) if found else None


def _with_bend(straight: Registration, places: Points, pixels: Points) -> Registration | None:
    """The map with the sheet's bend: what is left over after the homography, as a smooth function of the place."""
    found = straight
    moved = apply(np.asarray(np.linalg.inv(straight.matrix), np.float64), pixels) - places
    kept = np.linalg.norm(moved, axis=1) < BENT
    for limit in (BENT, 2 * TIGHT, TIGHT):
        if kept.sum() < FLEXIBLE:
            return None
        wide = np.vstack([basis(places[kept]), STIFF * kept.sum() ** 0.5 * _CURVED])
        wanted = np.vstack([moved[kept], np.zeros((len(_CURVED), 2))])
        bend, *_ = np.linalg.lstsq(wide, wanted, rcond=None)
        found = Registration(straight.matrix, np.asarray(bend, np.float64))
        kept = _errors(found, places, pixels) < limit
    return found
