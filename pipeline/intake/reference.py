"""What a sheet of a layout looks like unsigned: the printed page that scans are registered to.

Drawn from the layout's background once a worker. Anchors are patches of print that values and ink do not
cover; they are looked for in the scan to find out how it lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
from sqlalchemy import Connection

from pipeline.contracts import layout_of_id
from pipeline.intake.page_image import Pixels
from pipeline.layout import BoxPlace, Layout, SheetPlaces

COARSE, FLAT, BOX = 3, 5, 6  # pixels a millimetre: anchors at first and at last, boxes
WIDTH, HEIGHT = 210, 297  # mm
ANCHOR = (18, 9)  # mm
CELLS = (5, 8)  # anchors are spread over the sheet by this grid
ANCHORS_A_CELL = 2
CLEAR = 3.0  # mm that an anchor stays away from boxes, where ink overflows
ENOUGH = (
    16  # anchors: a sheet with fewer, boxes and little else, is known by its boxes' frames and labels as well
)
KEPT = 64  # layouts and references that a worker holds, the latter about 3 MB each
LIGHTEST = 235  # of 255 that print is, thin lines too
FAT = 2  # pixels by which a scan may make it fatter
MARGIN = 7.0  # mm around a box that is looked at with it


@dataclass(frozen=True, slots=True)
class Anchor:
    """A patch of print: its left top corner in whole mm, its picture at both scales, and the fine one's sharpness."""

    x: int
    y: int
    coarse: npt.NDArray[np.float32]
    fine: npt.NDArray[np.float32]
    sharpness: float

    @property
    def centre(self) -> tuple[float, float]:
        """In mm."""
        return self.x + ANCHOR[0] / 2, self.y + ANCHOR[1] / 2


@dataclass(frozen=True, slots=True)
class BoxReference:
    """A box, and how it looks empty with MARGIN around it, BOX pixels a mm."""

    place: BoxPlace
    empty: Pixels


@dataclass(frozen=True, slots=True)
class Reference:
    """A sheet's anchors, the first of them always spread over all of it, its boxes, and the sheet itself.

    `centres`: the anchors' (n, 2), in mm; `near_print`: 1 where the sheet without values has print within FAT pixels, FLAT pixels a mm; `extent`: the
    corners (4, 2) of its print, in mm.
    """

    anchors: tuple[Anchor, ...]
    centres: npt.NDArray[np.float64]
    boxes: tuple[BoxReference, ...]
    near_print: Pixels
    extent: npt.NDArray[np.float64]


class References:
    """Layouts by what page codes call them, and references by layout and sheet; the newest are kept."""

    def __init__(self) -> None:
        self._layouts: dict[str, Layout] = {}
        self._kept: dict[tuple[str, int], Reference] = {}

    def layout(self, connection: Connection, layout_id: str) -> Layout | None:
        """The layout; None where the archive has none."""
        if layout_id not in self._layouts:
            found = layout_of_id(connection, layout_id)
            if found is None:
                return None
            _make_room(self._layouts)
            self._layouts[layout_id] = found
        return self._layouts[layout_id]

    def of(self, layout: Layout, sheet: int) -> Reference:
        """The reference of a 1-based sheet."""
        key = (layout.id, sheet)
        if key not in self._kept:
            _make_room(self._kept)
            self._kept[key] = _drawn(layout, sheet)
        return self._kept[key]


def _make_room(kept: dict[Any, Any]) -> None:
    """Drop the oldest where there are KEPT."""
    if len(kept) >= KEPT:
        del kept[next(iter(kept))]


def _drawn(layout: Layout, sheet: int) -> Reference:
    with pdfium.PdfDocument(layout.background) as document:
        page = document[sheet - 1]
        flat, box = (_red(page.render(scale=scale * 25.4 / 72).to_numpy()) for scale in (FLAT, BOX))
    return make_reference(flat[: HEIGHT * FLAT, : WIDTH * FLAT], box, layout.sheets[sheet - 1])


def _red(picture: npt.NDArray[np.uint8]) -> Pixels:
    """The red channel, in which seals and red pens are paper; of pdfium's blue, green, red."""
    return np.ascontiguousarray(picture[:, :, 2])


def make_reference(flat: Pixels, box: Pixels, places: SheetPlaces) -> Reference:
    """The reference of a sheet drawn at FLAT and at BOX pixels a mm, unsigned and without values."""
    size = (WIDTH * COARSE, HEIGHT * COARSE)
    coarse = np.asarray(cv2.resize(box, size, interpolation=cv2.INTER_AREA), np.uint8)
    found = _anchor_places(coarse, places, CLEAR)
    if len(found) < ENOUGH:
        nearer = _anchor_places(coarse, places, 0)
        found += [place for place in nearer if not any(_overlap(place, other) for other in found)]
    anchors = [_anchor(coarse, flat, x, y) for x, y in _spread(found)]
    boxes = tuple(_box(box, place) for place in places.boxes)
    print_ = (flat < LIGHTEST).astype(np.uint8)
    near = cv2.dilate(print_, np.ones((2 * FAT + 1, 2 * FAT + 1), np.uint8))
    centres = np.array([one.centre for one in anchors]).reshape(-1, 2)
    return Reference(tuple(anchors), centres, boxes, np.asarray(near, np.uint8), _extent(flat))


def _extent(flat: Pixels) -> npt.NDArray[np.float64]:
    left, top, wide, high = cv2.boundingRect((flat < 128).astype(np.uint8))
    right, bottom = left + wide, top + high
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64) / FLAT


def _spread(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places in an order in which each lies as far as can be from all before it."""
    if not places:
        return []
    points = np.array(places, np.float64)
    order, far = [0], np.linalg.norm(points - points[0], axis=1)
    while len(order) < len(points):
        order.append(int(far.argmax()))
        far = np.minimum(far, np.linalg.norm(points - points[order[-1]], axis=1))
    return [places[one] for one in order]


def sharpness(patch: npt.NDArray[np.float32]) -> float:
    """How sharp a picture is, whatever its contrast: by its second derivatives."""
    bent = cv2.Laplacian(cv2.GaussianBlur(patch, (0, 0), 0.8), cv2.CV_32F)
    (_, sharp), (_, contrast) = cv2.meanStdDev(bent), cv2.meanStdDev(patch)
    return float(sharp[0, 0] / max(contrast[0, 0], 1.0))


def _anchor(coarse: Pixels, flat: Pixels, x: int, y: int) -> Anchor:
    fine = _cut(flat, x, y, FLAT)
    return Anchor(x, y, _cut(coarse, x, y, COARSE), fine, sharpness(fine))


def _cut(image: Pixels, x: int, y: int, scale: int) -> npt.NDArray[np.float32]:
    left, top = x * scale, y * scale
    return image[top : top + ANCHOR[1] * scale, left : left + ANCHOR[0] * scale].astype(np.float32)


def _anchor_places(coarse: Pixels, places: SheetPlaces, clear: float) -> list[tuple[int, int]]:
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
    found: list[tuple[int, int]] = []
    rows, columns = np.linspace(0, HEIGHT, CELLS[1] + 1), np.linspace(0, WIDTH, CELLS[0] + 1)
    for top, bottom in zip(rows[:-1].astype(int), rows[1:].astype(int), strict=True):
        for left, right in zip(columns[:-1].astype(int), columns[1:].astype(int), strict=True):
            cell = score[top * COARSE : bottom * COARSE : COARSE, left * COARSE : right * COARSE : COARSE]
            for _ in range(ANCHORS_A_CELL):
                down, across = np.unravel_index(int(cell.argmax()), cell.shape)
                if cell[down, across] <= max(least, 0):
                    break
                place = left + int(across), top + int(down)
                found.append(place)
                _clear(score, place[0] * COARSE, place[1] * COARSE, size)
    return found


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two anchors' patches share paper."""
    return abs(one[0] - other[0]) < ANCHOR[0] and abs(one[1] - other[1]) < ANCHOR[1]


def _fill(mask: Pixels, x: float, y: float, w: float, h: float) -> None:
    left, top = max(0, int(x * COARSE)), max(0, int(y * COARSE))
    mask[top : int((y + h) * COARSE) + 1, left : int((x + w) * COARSE) + 1] = 1


def _clear(score: npt.NDArray[np.float32], left: int, top: int, size: Sequence[int]) -> None:
    """Keep the next anchor from overlapping one at that place."""
    score[max(0, top - size[1]) : top + size[1], max(0, left - size[0]) : left + size[0]] = 0


def _box(picture: Pixels, place: BoxPlace) -> BoxReference:
    left, top = round((place.x - MARGIN) * BOX), round((place.y - MARGIN) * BOX)
    wide, high = round((place.w + 2 * MARGIN) * BOX), round((place.h + 2 * MARGIN) * BOX)
    empty = np.full((high, wide), 255, np.uint8)
    x0, y0 = max(0, left), max(0, top)
    part = picture[y0 : top + high, x0 : left + wide]
    empty[y0 - top : y0 - top + part.shape[0], x0 - left : x0 - left + part.shape[1]] = part
    return BoxReference(place, empty)
