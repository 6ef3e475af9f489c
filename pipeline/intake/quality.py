"""Whether a page's image is fit to be kept: all of it there, light enough, sharp enough, fine enough."""

import numpy as np

from pipeline.intake.lie import Registration, cut, flatten
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import ANCHOR, FLAT, HEIGHT, WIDTH, Reference, sharpness

LOWEST_DPI = 147  # 150 that DA/T 31 asks for at the very least, and what is lost in measuring
OUTSIDE = 1.0  # mm that print may lie beyond the picture's edge
DARKEST = 90  # of 255 that the paper must be bright
FAINTEST = 45  # of 255 that print must be darker than the paper
SHARPEST = 0.42  # of the print's own sharpness; codes become unreadable a little below
LOOKED_AT = 6  # anchors, far apart


def flaws_of(plain: Pixels, registration: Registration, reference: Reference) -> tuple[str, ...]:
    """What is wrong with a page's image: cut_off, dark, blurred, coarse."""
    found = []
    if _is_cut_off(plain, registration, reference):
        found.append("cut_off")
    counts = np.bincount(flatten(plain, registration, (0, 0, WIDTH, HEIGHT), 1).ravel(), minlength=256)
    ink, paper = np.searchsorted(np.cumsum(counts), (0.01 * counts.sum(), 0.75 * counts.sum()))
    if paper < DARKEST or paper - ink < FAINTEST:
        found.append("dark")
    if _sharpness(plain, registration, reference) < SHARPEST:
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


def _sharpness(plain: Pixels, registration: Registration, reference: Reference) -> float:
    """How sharp the anchors are beside the print itself, which has 1."""
    found: list[float] = []
    for one in reference.anchors[:LOOKED_AT]:
        patch = cut(plain, registration, (one.x, one.y, *ANCHOR), FLAT).astype(np.float32)
        found.append(sharpness(patch) / one.sharpness)
    return float(np.median(found)) if found else 1.0
