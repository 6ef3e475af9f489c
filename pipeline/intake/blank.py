"""Whether a page without a code is blank: a blank back, an empty separator."""

import cv2
import numpy as np

from pipeline.intake.page_image import Pixels

SCALE = 3.0  # pixels a millimetre that the page is looked at with
DARK = 0.12  # of the paper's brightness
DUST = 2.5  # mm: a spot smaller than this across is no writing
SPOTS = 25  # so many spots are no dust
CONTENT = 1.5  # mm² of anything larger that a blank page may have
EDGE = 4.0  # mm along the page's edge in which scanners leave shadows


def is_blank(grey: Pixels, dpi: float) -> bool:
    """Whether there is nothing on the page but paper, dust and shadows at its edge."""
    factor = SCALE / (dpi / 25.4)
    small = cv2.resize(grey, None, fx=min(factor, 1), fy=min(factor, 1), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), 0.6).astype(np.float32)
    paper = cv2.blur(cv2.dilate(cv2.medianBlur(small, 5), np.ones((31, 31), np.uint8)), (31, 31))
    dark = smooth < (1 - DARK) * paper.astype(np.float32)
    count, _, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    high, wide = dark.shape
    edge = EDGE * SCALE
    left, top, across, down, area = stats[1:count].T
    at_edge = ((left < edge) | (top < edge) | (left + across > wide - edge) | (top + down > high - edge)) & (
        np.minimum(across, down) < 2 * edge
    )
    inner = ~at_edge
    large = inner & (np.maximum(across, down) > DUST * SCALE)
    return bool(area[large].sum() / SCALE**2 <= CONTENT and inner.sum() <= SPOTS)
