"""How a sheet lies in a scan: the map from its millimetres to the scan's pixels, and pieces of it cut out flat."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import HEIGHT, WIDTH

Matrix = npt.NDArray[np.float64]
Points = npt.NDArray[np.float64]

KNOTS = 40  # a side, between which a bent sheet is taken for straight


@dataclass(frozen=True, slots=True)
class Registration:
    """How a sheet lies in a scan.

    `matrix` takes millimetres of the sheet to pixels of the scan, after `bend` has moved them: the coefficients
    (10, 2) of a cubic in both directions, in mm, or None. `residual` is the anchors' error in mm, `likeness` the
    anchors' correlation with the print, the median of those found, 1 for a perfect scan.
    """

    matrix: Matrix
    bend: Points | None = None
    residual: float = 0.0
    likeness: float = 1.0

    def pixels(self, points: Points) -> Points:
        """Points (n, 2) in mm as pixels."""
        points = np.asarray(points, np.float64)
        return apply(self.matrix, points if self.bend is None else points + basis(points) @ self.bend)

    def local(self, x: float, y: float, w: float, h: float) -> Matrix:
        """The homography that is right at a rectangle's corners; all in mm."""
        if self.bend is None:
            return self.matrix
        corners = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
        return np.asarray(
            cv2.getPerspectiveTransform(corners.astype(np.float32), self.pixels(corners).astype(np.float32)),
            np.float64,
        )

    def shows(self, area: tuple[float, float, float, float], pixels: Pixels) -> bool:
        """Whether all of a rectangle (x, y, w, h in mm) is in the picture."""
        x, y, w, h = area
        corners = self.pixels(np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]))
        high, wide = pixels.shape[:2]
        return bool((corners >= 0).all() and (corners <= (wide, high)).all())

    def numbers(self) -> tuple[float, ...]:
        """The matrix's nine numbers, row by row, and the bend's twenty where there is one."""
        parts = [self.matrix] if self.bend is None else [self.matrix, self.bend]
        return tuple(float(f"{one:.9g}") for part in parts for one in part.ravel())

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


def from_numbers(numbers: tuple[float, ...]) -> Registration:
    """The registration of `numbers()`."""
    matrix = np.array(numbers[:9], np.float64).reshape(3, 3)
    return Registration(matrix, np.array(numbers[9:], np.float64).reshape(10, 2) if numbers[9:] else None)


def similar(places: Points, pixels: Points) -> Registration:
    """The turn, size and place with which places (n, 2) in mm, two at least, fit pixels best."""
    middle, there = places.mean(axis=0), pixels.mean(axis=0)
    before, after = ((one[:, 0] + 1j * one[:, 1]) for one in (places - middle, pixels - there))
    turn = complex((after * before.conj()).sum() / (before * before.conj()).sum())
    rotation = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return affine(np.column_stack([rotation, there - rotation @ middle]))


def affine(matrix: npt.ArrayLike) -> Registration:
    """The registration of an affine map (2, 3)."""
    return Registration(np.vstack([np.asarray(matrix, np.float64), (0, 0, 1)]))


def apply(matrix: Matrix, points: Points) -> Points:
    """Points (n, 2) under a homography."""
    return np.asarray(
        cv2.perspectiveTransform(np.asarray(points, np.float64).reshape(-1, 1, 2), matrix), np.float64
    ).reshape(-1, 2)


def _scale(matrix: Matrix) -> float:
    """Pixels a millimetre in the middle of the sheet."""
    left, right = apply(matrix, np.array([(WIDTH / 2 - 5, HEIGHT / 2), (WIDTH / 2 + 5, HEIGHT / 2)]))
    return float(np.linalg.norm(right - left)) / 10


def flatten(
    image: Pixels, found: Registration, area: tuple[float, float, float, float], scale: int
) -> Pixels:
    """A rectangle of the sheet (x, y, w, h in mm) from the scan, `scale` pixels a mm; what is beyond its edge repeats."""
    x, y, w, h = area
    size = (round(w * scale), round(h * scale))
    if found.bend is None:
        return cut(image, found, area, scale)
    step = [-(-one // KNOTS) for one in size]  # pixels between knots; one more on each side carries the edges
    columns, rows = ((np.arange(-1, KNOTS + 1) + 0.5) * one - 0.5 for one in step)
    across, down = np.meshgrid(columns, rows)
    points = np.stack([across.ravel() / scale + x, down.ravel() / scale + y], axis=1)
    knots = found.pixels(points).astype(np.float32).reshape(*across.shape, 2)
    whole = ((KNOTS + 2) * step[0], (KNOTS + 2) * step[1])
    maps = np.asarray(cv2.resize(knots, whole, interpolation=cv2.INTER_LINEAR))
    x_map, y_map = cv2.split(maps[step[1] : step[1] + size[1], step[0] : step[0] + size[0]])
    return np.asarray(
        cv2.remap(image, x_map, y_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def cut(
    image: Pixels,
    found: Registration,
    area: tuple[float, float, float, float],
    scale: int,
    shrunk: float = 1.0,
) -> Pixels:
    """A small rectangle of the sheet (x, y, w, h in mm) from the scan, `scale` pixels a mm.

    `image` is the scan at `shrunk` times its size.
    """
    x, y, w, h = area
    place = np.array([[1 / scale, 0, x], [0, 1 / scale, y], [0, 0, 1.0]])
    matrix = found.local(*area) @ place
    matrix[:2] *= shrunk
    return _warped(image, matrix, (round(w * scale), round(h * scale)))


def _warped(image: Pixels, matrix: Matrix, size: tuple[int, int]) -> Pixels:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def basis(points: Points) -> Points:
    """The ten products of a cubic at points (n, 2) in mm."""
    u, v = points[:, 0] / (WIDTH / 2) - 1, points[:, 1] / (HEIGHT / 2) - 1
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v, u**3, u * u * v, u * v * v, v**3], axis=1)
