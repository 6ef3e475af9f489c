"""What a sheet of a layout looks like unsigned: the printed page that scans are registered to.

Drawn from the layout's background once a worker. Anchors are patches of print that values and ink do not
cover; they are looked for in the scan to find out how it lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium

from pipeline.intake.page_image import Pixels
from pipeline.layout import BoxPlace, Layout, SheetPlaces

COARSE, FINE = 3, 8  # pixels a millimetre
WIDTH, HEIGHT = 210, 297  # mm
ANCHOR = (18, 9)  # mm
CELLS = (5, 8)  # anchors are spread over the sheet by this grid
ANCHORS_A_CELL = 2
CLEAR = 3.0  # mm that an anchor stays away from boxes, where ink overflows
ENOUGH = (
    16  # anchors: a sheet with fewer, boxes and little else, is known by its boxes' frames and labels as well
)
KEPT = 96  # references that a worker holds, about 2 MB each
MARGIN = 7.0  # mm around a box that is looked at with it


@dataclass(frozen=True, slots=True)
class Anchor:
    """A patch of print: its left top corner in mm, and its picture at both scales."""

    x: float
    y: float
    coarse: Pixels
    fine: Pixels

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + ANCHOR[0] / 2, self.y + ANCHOR[1] / 2


@dataclass(frozen=True, slots=True)
class BoxReference:
    """A box, and how it looks empty with MARGIN around it, FINE pixels a mm."""

    place: BoxPlace
    empty: Pixels


@dataclass(frozen=True, slots=True)
class Reference:
    """A sheet's anchors and boxes."""

    anchors: tuple[Anchor, ...]
    boxes: tuple[BoxReference, ...]


class References:
    """References by layout and sheet, the newest kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], Reference] = {}

    def of(self, layout: Layout, sheet: int) -> Reference:
        """The reference of a 1-based sheet."""
        key = (layout.id, sheet)
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = _drawn(layout, sheet)
        return self._kept[key]


def _drawn(layout: Layout, sheet: int) -> Reference:
    with pdfium.PdfDocument(layout.background) as document:
        image = document[sheet - 1].render(scale=FINE * 25.4 / 72, grayscale=True).to_numpy()
    return make_reference(np.asarray(image[:, :, 0] if image.ndim == 3 else image), layout.sheets[sheet - 1])


def make_reference(fine: Pixels, places: SheetPlaces) -> Reference:
    """The reference of a sheet drawn at FINE pixels a mm, unsigned and without values."""
    fine = np.ascontiguousarray(fine)
    size = (WIDTH * COARSE, HEIGHT * COARSE)
    coarse = np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.uint8)
    found = _anchor_places(coarse, places, CLEAR)
    if len(found) < ENOUGH:
        nearer = _anchor_places(coarse, places, 0)
        found += [place for place in nearer if not any(_overlap(place, other) for other in found)]
    anchors = [Anchor(x, y, _cut(coarse, x, y, COARSE), _cut(fine, x, y, FINE)) for x, y in found]
    return Reference(tuple(anchors), tuple(_box(fine, place) for place in places.boxes))


def _cut(image: Pixels, x: float, y: float, scale: int) -> Pixels:
    left, top = round(x * scale), round(y * scale)
    return image[top : top + ANCHOR[1] * scale, left : left + ANCHOR[0] * scale].copy()


def _anchor_places(coarse: Pixels, places: SheetPlaces, clear: float) -> list[tuple[float, float]]:
    """Where print is that pins a place down in both directions, spread over the sheet; `clear` mm off boxes."""
    corners = cv2.cornerMinEigenVal(cv2.GaussianBlur(coarse, (0, 0), 0.8), 5)
    forbidden = np.zeros(coarse.shape, np.uint8)
    for x, y, w, h in chain(
        ((box.x - clear, box.y - clear, box.w + 2 * clear, box.h + 2 * clear) for box in places.boxes),
        (field.rectangle() for field in places.fields),
    ):
        _fill(forbidden, x, y, w, h)
    value = np.sqrt(np.maximum(corners, 0))
    size = (ANCHOR[0] * COARSE, ANCHOR[1] * COARSE)
    score = np.asarray(
        cv2.boxFilter(value, -1, size, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT), np.float32
    )
    blocked = cv2.boxFilter(
        forbidden.astype(np.float32), -1, size, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    score[blocked > 0.001] = 0
    score[HEIGHT * COARSE - size[1] - 4 * COARSE :, :] = 0
    score[:, WIDTH * COARSE - size[0] - 4 * COARSE :] = 0
    score[: 4 * COARSE, :] = 0
    score[:, : 4 * COARSE] = 0
    least = 0.25 * float(score.max())
    found: list[tuple[float, float]] = []
    rows, columns = np.linspace(0, score.shape[0], CELLS[1] + 1), np.linspace(0, score.shape[1], CELLS[0] + 1)
    for top, bottom in zip(rows[:-1].astype(int), rows[1:].astype(int), strict=True):
        for left, right in zip(columns[:-1].astype(int), columns[1:].astype(int), strict=True):
            cell = score[top:bottom, left:right]
            for _ in range(ANCHORS_A_CELL):
                down, across = np.unravel_index(int(cell.argmax()), cell.shape)
                if cell[down, across] <= max(least, 0):
                    break
                found.append(((left + int(across)) / COARSE, (top + int(down)) / COARSE))
                _clear(score, left + int(across), top + int(down), size)
    return found


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two anchors' patches share paper."""
    return abs(one[0] - other[0]) < ANCHOR[0] and abs(one[1] - other[1]) < ANCHOR[1]


def _fill(mask: Pixels, x: float, y: float, w: float, h: float) -> None:
    left, top = max(0, int(x * COARSE)), max(0, int(y * COARSE))
    mask[top : int((y + h) * COARSE) + 1, left : int((x + w) * COARSE) + 1] = 1


def _clear(score: npt.NDArray[np.float32], left: int, top: int, size: Sequence[int]) -> None:
    """Keep the next anchor from overlapping one at that place."""
    score[max(0, top - size[1]) : top + size[1], max(0, left - size[0]) : left + size[0]] = 0


def _box(fine: Pixels, place: BoxPlace) -> BoxReference:
    left, top = round((place.x - MARGIN) * FINE), round((place.y - MARGIN) * FINE)
    wide, high = round((place.w + 2 * MARGIN) * FINE), round((place.h + 2 * MARGIN) * FINE)
    empty = np.full((high, wide), 255, np.uint8)
    x0, y0 = max(0, left), max(0, top)
    part = fine[y0 : top + high, x0 : left + wide]
    empty[y0 - top : y0 - top + part.shape[0], x0 - left : x0 - left + part.shape[1]] = part
    return BoxReference(place, empty)
