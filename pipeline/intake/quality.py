"""Whether a page's image is fit to be kept: all of it there, light enough, sharp enough, fine enough."""

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.intake.lie import Registration
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import ANCHOR, FLAT, Reference

LOWEST_DPI = 147  # 150 that DA/T 31 asks for at the very least, and what is lost in measuring
OUTSIDE = 1.0  # mm that print may lie beyond the picture's edge
DARKEST = 90  # of 255 that the paper must be bright
FAINTEST = 45  # of 255 that print must be darker than the paper
SHARPEST = 0.42  # of the print's own sharpness; codes become unreadable a little below
LOOKED_AT = 6  # anchors, far apart


def flaws_of(plain: Pixels, registration: Registration, reference: Reference) -> tuple[str, ...]:
    """What is wrong with a page's image: cut_off, dark, blurred, coarse."""
    found, flat = [], registration.flat
    if _is_cut_off(plain, registration, reference):
        found.append("cut_off")
    ink, paper = np.percentile(flat[::9, ::9], (1, 75))
    if paper < DARKEST or paper - ink < FAINTEST:
        found.append("dark")
    if _sharpness(flat, reference) < SHARPEST:
        found.append("blurred")
    if registration.scale * 25.4 < LOWEST_DPI:
        found.append("coarse")
    return tuple(found)


def _is_cut_off(plain: Pixels, registration: Registration, reference: Reference) -> bool:
    """Whether something of the print lies beyond the picture."""
    points = registration.pixels(reference.extent)
    reach = OUTSIDE * registration.scale
    high, wide = plain.shape
    return bool((points < -reach).any() or (points > np.array([wide, high]) + reach).any())


def _sharpness(flat: Pixels, reference: Reference) -> float:
    """How sharp the anchors are beside the print itself, which has 1: by their second derivatives."""
    found: list[float] = []
    for one in reference.anchors[:LOOKED_AT]:
        left, top = one.x * FLAT, one.y * FLAT
        patch = flat[top : top + ANCHOR[1] * FLAT, left : left + ANCHOR[0] * FLAT].astype(np.float32)
        found.append(_edges(patch) / _edges(one.fine))
    return float(np.median(found)) if found else 1.0


def _edges(patch: npt.NDArray[np.float32]) -> float:
    bent = cv2.Laplacian(cv2.GaussianBlur(patch, (0, 0), 0.8), cv2.CV_32F)
    (_, sharp), (_, contrast) = cv2.meanStdDev(bent), cv2.meanStdDev(patch)
    return float(sharp[0, 0] / max(contrast[0, 0], 1.0))
