"""One page through the scanner: printed, signed, laid down a little crooked, and back as a JPEG.

A page's ink comes from one seed and its way through the scanner from another: a sheet scanned twice has the
same ink and two different scans.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2
from cv2.typing import MatLike

from pipeline import page_code
from pipeline.demo import pen
from pipeline.demo.ink import Mark, fill_sheet
from pipeline.demo.stamps import Paper
from pipeline.layout import BoxPlace

DPI = 200
SCALE = DPI / 25.4  # pixels a millimetre
WIDE, HIGH = 1654, 2339  # A4 in pixels
Picture = npt.NDArray[np.uint8]
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class Kind(StrEnum):
    """What a scanned page is; `codeless` is a sheet of ours whose code is covered or torn off."""

    SHEET = "sheet"
    DUPLICATE = "duplicate"
    CODELESS = "codeless"
    COVER = "cover"
    BLANK = "blank"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class PageJob:
    """One page to scan: the page of print.pdf (1-based; None for a page of no batch), and what is done to it."""

    kind: Kind
    source: Path
    page: int | None
    boxes: tuple[tuple[BoxPlace, Mark], ...]
    day: str
    village: int
    ink_seed: tuple[int, ...]
    scan_seed: tuple[int, ...]
    grey: bool
    turned: int


def scan_page(job: PageJob) -> bytes:
    """The page as a JPEG of 200 dpi."""
    cv2.setNumThreads(1)  # the pool has a process for every core already
    ink, scan = np.random.default_rng(job.ink_seed), np.random.default_rng(job.scan_seed)
    pixels = _blank() if job.page is None else _printed(job.source, job.page)
    if job.kind is Kind.FOREIGN:
        _write_letter(Paper(pixels, SCALE), ink)
    fill_sheet(Paper(pixels, SCALE), job.boxes, job.day, job.village, ink)
    if job.kind is Kind.CODELESS:
        _hide_code(pixels, ink)
    if job.grey:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    pixels = _seen(_laid_down(pixels, scan), scan)
    if job.turned:
        pixels = cv2.rotate(pixels, TURNS[job.turned])
    return _jpeg(pixels, int(scan.integers(75, 89)))


def _printed(source: Path, page: int) -> MatLike:
    """A page of the batch as the printer put it on paper.

    The fourth channel is not used: pdfium draws and OpenCV turns four much faster than three.
    """
    with pypdfium2.PdfDocument(source) as document:
        bitmap = document[page - 1].render(scale=DPI / 72, prefer_bgrx=True)
        pixels: MatLike = bitmap.to_numpy().copy()  # the bitmap's own memory is pdfium's
        return pixels


def _blank() -> MatLike:
    return np.full((HIGH, WIDE, 4), 255, np.uint8)


def _write_letter(paper: Paper, rng: np.random.Generator) -> None:
    """A page that is not ours: a handwritten letter on lined paper that came into the pile."""
    hand, words = pen.some_hand(rng), list(pen.GIVEN + pen.SURNAMES)
    colour = (60, 40, 40)
    for line in range(int(rng.integers(8, 18))):
        y = 38.0 + 11 * line
        cv2.line(paper.pixels, (_px(20), _px(y + 9)), (_px(190), _px(y + 9)), (196, 170, 150), 1)
        text = "".join(rng.choice(words, rng.integers(8, 21)))
        mask = pen.draw(pen.word_runs(text, hand, rng, 1, 1, 8, 7.5), hand.width, (170, 10), SCALE)
        paper.absorb(mask, 21, y, colour, 0.9)


def _hide_code(pixels: MatLike, rng: np.random.Generator) -> None:
    """A label stuck over the code, or the corner torn off."""
    left, bottom = page_code.LEFT - 3, page_code.TOP + page_code.SIDE + 3
    if rng.random() < 0.5:
        corners = (_px(left), _px(page_code.TOP - 3)), (_px(left + page_code.SIDE + 6), _px(bottom))
        cv2.rectangle(pixels, *corners, (238, 243, 246), -1)
        cv2.rectangle(pixels, *corners, (205, 208, 210), 1)
        return
    leg = 210 - left + bottom
    torn = np.array([210 - leg, 0]) + np.linspace(0, leg, 25)[:, None] + rng.normal(0, 0.5, (25, 2))
    corner = np.vstack([torn, np.array([[211, leg], [211, -1], [210 - leg, -1]])])
    cv2.fillPoly(pixels, [np.round(corner * SCALE).astype(np.int32)], (226, 226, 226), cv2.LINE_AA)


def _laid_down(pixels: MatLike, rng: np.random.Generator) -> MatLike:
    """Crooked by up to 1.2°, fed a little too fast or slow, a little out of place, a little out of focus."""
    turn = cv2.getRotationMatrix2D((WIDE / 2, HIGH / 2), rng.uniform(-1.2, 1.2), 1)
    turn[1] *= 1 + rng.uniform(-0.003, 0.003)
    turn[:, 2] = turn[:, 2] + rng.uniform(-1.5, 1.5, 2) * SCALE
    pixels = cv2.warpAffine(pixels, turn, (WIDE, HIGH), borderValue=(250, 250, 250))
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    blur = rng.uniform(0, 0.7)
    return cv2.GaussianBlur(pixels, (3, 3), blur) if blur > 0.3 else pixels


def _seen(pixels: MatLike, rng: np.random.Generator) -> MatLike:
    """What the scanner's eye makes of it: the paper's tone, a shadow at an edge, dust, noise."""
    dark, light = rng.uniform(8, 42), rng.uniform(238, 253)
    tint = np.array([0]) if pixels.ndim == 2 else np.sort(rng.uniform(-7, 2, 3))
    curve = dark + np.linspace(0, 1, 256)[:, None] * (light + tint - dark)
    pixels = cv2.LUT(pixels, np.clip(curve, 0, 255).astype(np.uint8).reshape(1, 256, *pixels.shape[2:]))
    if rng.random() < 0.6:
        _shade_edge(pixels, rng)
    for _ in range(int(rng.integers(1, 6))):
        place = (int(rng.integers(0, WIDE * 8)), int(rng.integers(0, HIGH * 8)))
        shade = int(rng.integers(70, 170))
        cv2.circle(pixels, place, int(rng.uniform(0.04, 0.15) * SCALE * 8), (shade,) * 3, -1, cv2.LINE_AA, 3)
    lighter, darker = _noise()
    for _ in range(int(rng.integers(1, 3))):
        y, x = rng.integers(0, lighter.shape[0] - HIGH), rng.integers(0, lighter.shape[1] - WIDE)
        part = np.s_[y : y + HIGH, x : x + WIDE]
        up, down = lighter[part], darker[part]
        if pixels.ndim == 2:
            up, down = up[..., 0], down[..., 0]
        pixels = cv2.subtract(cv2.add(pixels, up), down)
    return pixels


def _shade_edge(pixels: MatLike, rng: np.random.Generator) -> None:
    """Darken a strip of 3–8 mm along one edge, as where the paper bends away from the glass."""
    depth = _px(rng.uniform(3, 8))
    turned = np.rot90(pixels, int(rng.integers(0, 4)))  # a view: its top rows are one of the page's edges
    fall = 1 - rng.uniform(0.08, 0.28) * np.linspace(1, 0, depth) ** 2
    strip = turned[:depth]
    strip[:] = strip * fall.reshape(-1, *[1] * (pixels.ndim - 1))


@lru_cache(1)
def _noise() -> tuple[Picture, Picture]:
    """Sensor noise for more than a page, the same in every process; a page takes its part from somewhere.

    What makes lighter and what makes darker apart: bytes added and subtracted are several times faster than
    signed noise, and that than noise made for every page.
    """
    rng = np.random.default_rng(20260301)
    noise = np.round(rng.standard_normal((HIGH + 97, WIDE + 97, 3), np.float32) * 3).astype(np.int8)
    return np.maximum(noise, 0).astype(np.uint8), np.maximum(-noise, 0).astype(np.uint8)


def _jpeg(pixels: MatLike, quality: int) -> bytes:
    """JPEG bytes that say 200 dpi: OpenCV writes no density, so its JFIF header is put right."""
    data = bytearray(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
    data[13:18] = b"\x01" + DPI.to_bytes(2, "big") * 2  # JFIF: unit dots an inch, across, down
    return bytes(data)


def _px(millimetres: float) -> int:
    return round(millimetres * SCALE)
