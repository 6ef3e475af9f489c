"""What is pressed on paper in red: fingerprints, square name seals, round village seals with their uneven ink.

All places are millimetres on the sheet. Ink takes light away, so that print stays to be seen under a seal
and a seal under a signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

from pipeline.demo import pen
from pipeline.demo.pen import Mask
from pipeline.layout import BoxPlace

SEAL_FINE = 16.0  # pixels a mm that a seal is cut with


@dataclass(frozen=True, slots=True)
class Paper:
    """A page of pixels (blue, green, red and perhaps more) to put ink on, and its pixels a millimetre."""

    pixels: MatLike
    scale: float

    def absorb(
        self,
        mask: MatLike,
        left: float,
        top: float,
        colour: Sequence[float] | npt.NDArray[np.float64],
        strength: float,
    ) -> None:
        """Lay ink of a colour where `mask` says, its corner at (left, top) mm; what lies outside is cut off."""
        x, y = round(left * self.scale), round(top * self.scale)
        high, wide = self.pixels.shape[:2]
        part = mask[max(0, -y) : high - y, max(0, -x) : wide - x]
        if not part.size:
            return
        under = self.pixels[max(0, y) :, max(0, x) :, :3][: part.shape[0], : part.shape[1]]
        taken = part[..., None].astype(np.float32) * (strength / 255)
        under[:] = under * (1 - taken * (1 - np.array(colour, np.float32) / 255))


def seal_radius(village: int) -> float:
    """The radius of a village's seal, in mm."""
    return float(np.random.default_rng(village).uniform(17.2, 19.8))


def fingerprint(paper: Paper, box: BoxPlace, rng: np.random.Generator) -> None:
    """A finger in red ink paste: an ellipse of ridges about 12 × 16 mm, at most 2 mm over the box's edges."""
    fine, side = 2 * paper.scale, 18.0
    grid = np.linspace(-side / 2, side / 2, round(side * fine))
    across, down = np.meshgrid(grid, grid)
    angle = rng.uniform(-0.5, 0.5)
    u, v = across * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - across * np.sin(angle)
    coarse = cv2.resize(rng.normal(0, 1, (9, 9)), grid.shape * 2, interpolation=cv2.INTER_CUBIC)
    core = rng.uniform(-1.5, 1.5, 2)
    whorl = np.hypot(u - core[0], (v - core[1]) * 0.75 + 0.06 * np.abs(u) ** 1.4)
    ridges = np.sin(2 * np.pi * (whorl / 0.52) + coarse * 0.9)
    edge = 1 - np.hypot(u / rng.uniform(5.6, 6.4), v / rng.uniform(7.4, 8.4)) + 0.05 * coarse
    pressed = np.clip(edge * 7, 0, 1) * np.clip(0.8 + 0.28 * coarse, 0.25, 1)
    taken = pressed * np.clip(0.6 + ridges * 0.9, 0.12, 1)
    mask = cv2.resize((taken * 255).astype(np.uint8), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    left = box.x + rng.uniform(0.05, 0.95) * max(box.w - 13, 0) - 2.5
    top = box.y + box.h / 2 - side / 2 + rng.uniform(-1, 1)
    cut = round((box.y - 2 - top) * paper.scale), round((box.y + box.h + 2 - top) * paper.scale)
    mask[: max(cut[0], 0)] = 0
    mask[max(cut[1], 0) :] = 0
    paper.absorb(mask, left, top, (62, 52, 208), rng.uniform(0.6, 0.95))


def name_seal(paper: Paper, box: BoxPlace, name: str, rng: np.random.Generator) -> None:
    """A square name seal of 10 mm: four characters, read from the right, cut or raised."""
    size, fine = 10.0, round(10.0 * SEAL_FINE)
    canvas = np.zeros((fine + 32, fine + 32), np.uint8)
    white = rng.random() < 0.5
    cv2.rectangle(canvas, (16, 16), (fine + 16, fine + 16), 255, -1 if white else 11)
    for index, character in enumerate(name):
        corner = np.array([16 + fine * (0.52 - 0.44 * (index // 2)), 16 + fine * (0.08 + 0.44 * (index % 2))])
        for stroke in pen.glyph(character):
            points = np.round(stroke * fine * 0.40 / 100 + corner).astype(np.int32)
            cv2.polylines(canvas, [points], False, 0 if white else 255, 9)
    place = (
        box.x + rng.uniform(0.15, 0.85) * max(box.w - size, 0) + size / 2,
        box.y + box.h / 2 + rng.uniform(-0.8, 0.8),
    )
    _print_seal(paper, canvas, place, rng.normal(0, 5), rng)


def round_seal(
    paper: Paper,
    village: int,
    centre: tuple[float, float],
    rng: np.random.Generator,
    shown: float | None = None,
) -> None:
    """A village's seal at a place; with `shown` only what lies below that height (mm) took ink."""
    below = None if shown is None else shown - centre[1]
    _print_seal(paper, _cut_seal(village), centre, rng.normal(0, 7), rng, below)


@lru_cache(64)
def _cut_seal(village: int) -> Mask:
    """The face of a village's round seal: ring, star, characters along the arc, feet to the centre."""
    rng, radius = np.random.default_rng(village), seal_radius(village)
    unit, half = SEAL_FINE, round((radius + 1) * SEAL_FINE)
    canvas = np.zeros((2 * half, 2 * half), np.uint8)
    ring = 1.1 * unit
    cv2.circle(canvas, (half, half), round(radius * unit - ring / 2), 255, round(ring), cv2.LINE_AA)
    turns = np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2 == 0, 0.36, 0.36 * 0.382) * radius * unit
    star = np.column_stack([half + reach * np.sin(turns), half - reach * np.cos(turns)])
    cv2.fillPoly(canvas, [np.round(star).astype(np.int32)], 255, cv2.LINE_AA)
    words = "".join(rng.choice(list(pen.GIVEN), rng.integers(2, 5))) + "村民委员会"
    span = np.radians(min(240, 29 * len(words)))
    for angle, character in zip(np.linspace(-span / 2, span / 2, len(words)), words, strict=True):
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        for stroke in pen.glyph(character):
            points = (stroke - 50) / 100 * (0.20 * radius, 0.27 * radius) - (0, 0.735 * radius)
            places = np.round(points @ turn * unit + half).astype(np.int32)
            cv2.polylines(canvas, [places], False, 255, round(0.5 * unit), cv2.LINE_AA)
    return canvas


def _print_seal(
    paper: Paper,
    face: Mask,
    centre: tuple[float, float],
    degrees: float,
    rng: np.random.Generator,
    below: float | None = None,
) -> None:
    """Press a seal's face on the paper, turned a little, its ink uneven, sometimes pale."""
    middle = (face.shape[1] / 2, face.shape[0] / 2)
    turned = cv2.warpAffine(face, cv2.getRotationMatrix2D(middle, degrees, 1), face.shape[::-1])
    small = cv2.resize(turned, None, fx=paper.scale / SEAL_FINE, fy=paper.scale / SEAL_FINE, interpolation=3)
    size = small.shape[::-1]
    clouds = cv2.resize(rng.normal(0, 1, (7, 7)), size, interpolation=cv2.INTER_CUBIC)
    grain = 3 * cv2.GaussianBlur(np.asarray(rng.standard_normal(small.shape)), (0, 0), 0.8)
    took = np.clip(1.15 + 0.3 * clouds - 0.33 * np.maximum(grain + 0.5 * clouds - 0.5, 0) ** 2, 0.1, 1)
    mask = (small * took).astype(np.uint8)
    if below is not None:
        rows = np.arange(len(mask))[:, None] / paper.scale - len(mask) / 2 / paper.scale
        mask = (mask * np.clip((rows - below) / 2.5, 0, 1)).astype(np.uint8)
    strength = rng.uniform(0.42, 0.6) if rng.random() < 0.12 else rng.uniform(0.7, 0.95)
    colour = rng.uniform((52, 34, 196), (84, 58, 226))
    half = small.shape[1] / 2 / paper.scale
    paper.absorb(mask, centre[0] - half, centre[1] - half, colour, strength)
