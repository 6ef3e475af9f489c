"""How a paper becomes a picture: a flat-bed or feeder with its faults, a copier, a fax, a telephone's camera."""

import io
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike
from PIL import Image

from pipeline.demo.stamps import Paper

Range = tuple[float, float]
Map = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
# The EXIF orientation of a picture that was stored turned clockwise by so many degrees.
ORIENTATIONS = {0: 1, 90: 8, 180: 3, 270: 6}


@dataclass(frozen=True, slots=True)
class Optics:
    """A machine: `skew` in degrees, `stretch` of the paper's way, `size` the scale it copies at, `blur` in mm.

    `noise`: grey levels; `dark`, `light`: what black and white become. `mode`: colour, grey or bilevel.
    `worn`: the share of papers for each kind of wear. `photo`: a camera over a table. `loose`: a file a page.
    """

    dpi: tuple[int, ...]
    skew: float
    stretch: float
    blur: Range
    noise: Range
    dark: Range
    light: Range
    quality: tuple[int, int]
    worn: float
    mode: str = "colour"
    size: Range = (1.0, 1.0)
    photo: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """What happens to one picture beside the machine's usual faults."""

    turned: int = 0
    grey: bool = False
    mirrored: bool = False
    wider: bool = False  # more than the paper was scanned
    cropped: bool = False  # a little less
    flaw: str = ""  # cut_off, dark, blurred or coarse


def seen(paper: Paper, optics: Optics, way: Way, dpi: int, rng: np.random.Generator) -> bytes:
    """The file of a picture: JPEG, or a TIFF of one bit a pixel (CCITT G4)."""
    pixels: MatLike = cv2.flip(paper.pixels, 1) if way.mirrored else paper.pixels
    if optics.photo:
        pixels = _photographed(pixels, way, rng)
    else:
        pixels = _scanned(pixels, optics, way, paper.scale, rng)
    pixels = _toned(pixels, optics, way, rng)
    if optics.photo:
        if way.flaw == "coarse":
            share = rng.uniform(0.28, 0.4)
            pixels = cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return _photo_file(pixels, way, int(rng.integers(*optics.quality)), rng)
    if way.turned:
        pixels = cv2.rotate(pixels, TURNS[way.turned])
    if optics.mode == "bilevel":
        return _bilevel(pixels, dpi, rng)
    return _jpeg(pixels, dpi, int(rng.integers(*optics.quality)))


def _scanned(pixels: MatLike, optics: Optics, way: Way, scale: float, rng: np.random.Generator) -> MatLike:
    """Laid down crooked and out of place, fed too fast or slow, more or less of it than there is paper."""
    high, wide = pixels.shape[:2]
    margins: Numbers = np.zeros(4)  # left, top, right, bottom in mm; below 0 something is lost
    if way.wider:
        margins = rng.uniform(0, 14, 4)
    if way.cropped:
        margins = -rng.uniform(0.5, 4, 4) * (rng.random(4) < 0.5)
    if way.flaw == "cut_off":
        margins[rng.choice([0, 1, 2, 3], p=[0.15, 0.15, 0.2, 0.5])] = -rng.uniform(25, 90)
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), rng.uniform(-optics.skew, optics.skew), 1)
    size = rng.uniform(*optics.size)
    matrix = np.diag([size, size * (1 + rng.uniform(-optics.stretch, optics.stretch))]) @ matrix
    slack = (
        np.array([wide, high]) * (1 - np.diag(matrix)[:2]) / 2 * rng.uniform(0, 2, 2)
    )  # a copy lies anywhere
    matrix[:, 2] = matrix[:, 2] + slack + rng.uniform(-2, 2, 2) * scale + margins[:2] * scale
    canvas = (
        round(wide + (margins[0] + margins[2]) * scale),
        round(high + (margins[1] + margins[3]) * scale),
    )
    lid = int(rng.choice([252, 225, 24])) if way.wider else 252
    return cv2.warpAffine(pixels, matrix, canvas, flags=cv2.INTER_LINEAR, borderValue=(lid, lid, lid))


def _photographed(pixels: MatLike, way: Way, rng: np.random.Generator) -> MatLike:
    """On a table, from a little aside, by a lens that bends."""
    tall = int(rng.choice([3264, 3648, 4000]))
    high, wide = tall, tall * 3 // 4
    share = rng.uniform(0.72, 0.94)
    size = np.array([wide * share * rng.uniform(0.94, 1), wide * share * np.sqrt(2)])
    size *= min(1.0, 0.96 * high / size[1])
    centre = np.array([wide, high]) / 2
    middle = centre + rng.uniform(-0.5, 0.5, 2) * ((wide, high) - size) * 0.8
    if way.flaw == "cut_off":
        middle += (
            size * (0, rng.uniform(0.2, 0.4)) if rng.random() < 0.6 else -size * (rng.uniform(0.2, 0.4), 0)
        )
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size / 2
    corners += rng.uniform(-0.06, 0.06, (4, 2)) * size
    turn = np.radians(rng.uniform(-5, 5))
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + middle
    k1 = rng.uniform(-0.06, 0.06)
    if way.flaw != "cut_off":  # all of the paper stays in the picture, with a little of the table
        room = centre * 0.985 * (1 + min(k1, 0))
        corners = np.clip(corners - centre, -room, room) + centre
    paper = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * (pixels.shape[1], pixels.shape[0])
    back = cv2.getPerspectiveTransform(corners.astype(np.float32), paper.astype(np.float32))
    across, down = _bent(wide, high, k1)
    weight = back[2, 0] * across + back[2, 1] * down + back[2, 2]
    x = ((back[0, 0] * across + back[0, 1] * down + back[0, 2]) / weight).astype(np.float32)
    y = ((back[1, 0] * across + back[1, 1] * down + back[1, 2]) / weight).astype(np.float32)
    x, y = (cv2.resize(one, (wide, high), interpolation=cv2.INTER_LINEAR) for one in (x, y))
    picture = _table(wide, high, rng)
    cv2.remap(pixels, x, y, cv2.INTER_LINEAR, dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
    return _lit(picture, rng)


def _bent(wide: int, high: int, k1: float) -> tuple[Map, Map]:
    """Where a lens sees each pixel of a coarse grid over a picture: r is 1 at the picture's corners."""
    across, down = np.meshgrid(np.linspace(-1, 1, wide // 16), np.linspace(-1, 1, high // 16))
    across, down = across * wide / 2, down * high / 2
    bend = 1 + k1 * (across**2 + down**2) / ((wide / 2) ** 2 + (high / 2) ** 2)
    return (across * bend + wide / 2).astype(np.float32), (down * bend + high / 2).astype(np.float32)


def _table(wide: int, high: int, rng: np.random.Generator) -> MatLike:
    grain = rng.normal(rng.uniform((20, 30, 40), (90, 100, 130)), 7, (high // 40, wide // 8, 3))
    return cv2.resize(np.clip(grain, 0, 255).astype(np.uint8), (wide, high), interpolation=cv2.INTER_LINEAR)


def _lit(picture: MatLike, rng: np.random.Generator) -> MatLike:
    """Light from one side, and more often than not the shadow of a hand or of the telephone."""
    high, wide = picture.shape[:2]
    across, down = np.meshgrid(np.linspace(-1, 1, 30), np.linspace(-1, 1, 40))
    angle = rng.uniform(0, 2 * np.pi)
    side = across * np.cos(angle) + down * np.sin(angle)
    light = 1 - rng.uniform(0.05, 0.3) * (side + 1.4) / 2.8
    if rng.random() < 0.6:
        place = rng.uniform(-1, 1, 2)
        away = np.hypot(
            (across - place[0]) / rng.uniform(0.4, 1.1), (down - place[1]) / rng.uniform(0.4, 1.1)
        )
        light *= 1 - rng.uniform(0.15, 0.42) / (1 + np.exp((away - 0.8) / rng.uniform(0.05, 0.3)))
    whole = cv2.resize(light.astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(picture, cv2.merge([whole] * 3), dtype=cv2.CV_8U)


def _toned(pixels: MatLike, optics: Optics, way: Way, rng: np.random.Generator) -> MatLike:
    """Colour, sharpness, contrast and noise."""
    if way.grey or optics.mode != "colour":
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    per_mm = max(pixels.shape[:2]) / (330 if optics.photo else 297)
    blur = rng.uniform(0.5, 0.9) if way.flaw == "blurred" else rng.uniform(*optics.blur)
    if blur * per_mm > 0.25:
        pixels = cv2.GaussianBlur(pixels, (0, 0), blur * per_mm)
    dark, light = rng.uniform(*optics.dark), rng.uniform(*optics.light)
    if way.flaw == "dark":
        dark, light = rng.uniform(0, 8), rng.uniform(32, 70)
    tint = np.array([0]) if pixels.ndim == 2 else rng.uniform(-9, 3, 3)
    curve = dark + np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.85, 1.2) * (light + tint - dark)
    pixels = cv2.LUT(pixels, np.clip(curve, 0, 255).astype(np.uint8).reshape(1, 256, *pixels.shape[2:]))
    for _ in range(int(rng.integers(0, 5))):
        place = int(rng.integers(pixels.shape[1])), int(rng.integers(pixels.shape[0]))
        shade = int(rng.integers(60, 170))
        cv2.circle(pixels, place, max(1, round(rng.uniform(0.05, 0.2) * per_mm)), (shade,) * 3, -1)
    grain, sigma = _grain(), rng.uniform(*optics.noise)
    high, wide = pixels.shape[:2]
    layers = []
    for _ in range(1 if pixels.ndim == 2 else 3):
        y, x = rng.integers(0, grain.shape[0] - high), rng.integers(0, grain.shape[1] - wide)
        layers.append(grain[y : y + high, x : x + wide])
    noise = layers[0] if pixels.ndim == 2 else cv2.merge(layers)
    return cv2.addWeighted(pixels, 1, noise, sigma / 24, -128 * sigma / 24, dtype=cv2.CV_8U)


@lru_cache(1)
def _grain() -> npt.NDArray[np.uint8]:
    """Noise of deviation 24 around 128, more than a picture of it, a little smeared as sensors' is."""
    rng = np.random.default_rng(20260405)
    noise = cv2.GaussianBlur(rng.standard_normal((4600, 4200), np.float32), (0, 0), 0.45)
    grain: npt.NDArray[np.uint8] = np.clip(128 + noise * 24 / noise.std(), 0, 255).astype(np.uint8)
    return grain


def _bilevel(pixels: MatLike, dpi: int, rng: np.random.Generator) -> bytes:
    """Black where a threshold says so, with the specks that such scans have, as TIFF in group 4."""
    paper = float(np.percentile(pixels[::16, ::16], 70))
    white = pixels > paper * rng.uniform(0.55, 0.78)
    specks = rng.integers(0, pixels.size, int(pixels.size * rng.uniform(0, 4e-5)))
    white.reshape(-1)[specks] = False
    buffer = io.BytesIO()
    Image.fromarray(white).save(buffer, "TIFF", compression="group4", dpi=(dpi, dpi))
    return buffer.getvalue()


def _jpeg(pixels: MatLike, dpi: int, quality: int) -> bytes:
    """JPEG bytes that say their resolution: OpenCV writes none, so the JFIF header is put right."""
    data = bytearray(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
    data[13:18] = b"\x01" + dpi.to_bytes(2, "big") * 2
    return bytes(data)


def _photo_file(pixels: MatLike, way: Way, quality: int, rng: np.random.Generator) -> bytes:
    """A telephone's JPEG: stored as its sensor lay, the orientation in EXIF; or without, and turned."""
    stored = int(rng.choice([0, 90, 180, 270])) if rng.random() < 0.7 else 0
    exif = Image.Exif()
    exif[0x0112] = ORIENTATIONS[stored]
    exif[0x010F], exif[0x0110] = "Example", "Telephone 12"
    if stored or way.turned:
        whole = (stored + way.turned) % 360
        pixels = cv2.rotate(pixels, TURNS[whole]) if whole else pixels
    buffer = io.BytesIO()
    image = Image.fromarray(pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    image.save(buffer, "JPEG", quality=quality, dpi=(72, 72), exif=exif)
    return buffer.getvalue()
