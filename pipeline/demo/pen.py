"""Handwriting of nobody: simple Chinese characters and digits written as a pen writes them.

A character is its strokes in a square of 100 × 100, in writing order. A hand (`Hand`) leans, hurries, joins
strokes and presses in its own way, so that two signatures of the same characters never look alike. Ink is a
mask, a byte a pixel, 255 for full ink, that `ink.py` lays on a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]  # (n, 2), x to the right and y down
Mask = npt.NDArray[np.uint8]
Run = tuple[
    Points, npt.NDArray[np.float64]
]  # a line the pen draws without leaving the paper, and its pressure

STEP = 0.45  # mm between the points of a line
SHARPER = 3  # masks are drawn so many times larger and shrunk, for smooth edges

_STROKES = {
    "王": "15,15 85,13;20,48 80,46;50,15 50,85;8,87 92,85",
    "李": "15,20 85,17;50,4 50,48;48,20 12,46;52,20 90,44;28,56 70,54 48,66;50,64 52,92 40,90;10,74 90,72",
    "丁": "12,18 88,15;54,17 54,84 38,76",
    "田": "16,16 16,86;16,16 84,14 84,86;16,50 84,49;50,15 50,84;16,84 84,83",
    "石": "12,15 90,13;46,15 32,42 10,62;32,48 32,88;32,50 80,48 78,86;32,84 78,83",
    "江": "18,12 28,22;10,36 20,46;10,88 30,60;42,24 86,22;62,24 62,80;36,82 94,80",
    "方": "46,5 56,15;10,28 90,25;44,28 38,62 14,90;42,46 76,44 70,88 54,80",
    "文": "46,5 56,16;10,30 90,27;66,30 46,66 12,90;30,32 54,66 92,88",
    "林": "6,30 44,28;25,8 25,90;24,32 6,66;27,36 42,56;50,28 94,26;72,6 72,92;70,30 48,70;74,30 96,72",
    "大": "10,34 90,31;50,6 44,50 12,90;50,36 66,66 92,88",
    "小": "50,8 50,88 36,78;28,36 12,66;72,34 90,62",
    "平": "18,14 82,12;32,26 38,40;70,22 60,40;10,54 90,52;50,14 50,94",
    "生": "30,8 14,38;26,26 82,23;22,54 80,51;50,4 50,88;8,90 92,88",
    "玉": "15,15 85,13;20,48 80,46;50,15 50,85;8,87 92,85;64,60 76,74",
    "云": "24,16 78,14;8,40 92,37;46,40 20,82 80,78;66,60 86,90",
    "仁": "32,6 8,48;24,34 24,92;48,28 88,26;40,80 94,78",
    "明": "10,18 10,76;10,18 36,16 36,76;10,46 36,45;10,74 36,73;54,10 54,56 42,92;54,12 88,10 88,90 76,82;"
    "56,36 86,35;56,60 86,59",
    "吉": "14,18 86,16;50,4 50,42;24,44 76,42;26,58 26,90;26,58 76,56 74,90;28,88 74,87",
    "山": "50,10 50,80;16,38 16,82 86,80;86,34 86,84",
    "天": "20,16 80,14;8,44 92,42;50,16 44,54 10,92;50,46 66,70 92,90",
    "古": "10,26 90,24;50,6 50,50;26,52 26,90;26,52 76,50 74,90;26,87 74,86",
    "朱": "26,10 14,34;24,24 78,22;8,46 92,44;50,4 50,94;48,46 14,82;52,46 90,80",
    "万": "10,16 90,14;44,16 38,56 12,90;42,42 78,40 72,88 56,80",
    "正": "14,16 86,14;50,16 50,84;52,48 82,47;22,46 22,84;8,87 92,85",
    "兰": "28,8 36,24;70,6 60,24;16,34 84,32;22,60 78,58;8,86 92,84",
    "村": "6,30 44,28;25,8 25,90;24,32 6,66;27,36 42,56;50,34 94,31;76,8 76,88 62,80;58,50 66,62",
    "民": "18,14 76,12 76,38;20,38 76,37;20,14 20,88 44,76;20,58 86,55;52,38 66,76 90,92 92,74",
    "委": "62,4 34,14;12,24 88,22;50,10 50,48;46,26 14,46;54,26 88,44;44,48 30,72 76,92;72,60 56,78 20,94;8,66 92,64",
    "员": "30,8 30,26;30,8 70,7 70,26;30,26 70,25;22,38 22,78;22,38 78,36 78,78;50,48 44,72 12,94;58,74 86,92",
    "会": "50,4 34,26 8,44;50,6 92,42;34,40 66,38;16,56 84,54;48,56 24,84 76,82;66,66 84,90",
    "年": "28,4 12,34;26,20 82,18;26,42 78,40;26,42 26,64;6,66 94,63;54,20 54,96",
    "月": "26,12 26,58 12,92;26,12 76,10 76,90 62,82;28,36 74,35;28,60 74,59",
    "日": "24,12 24,88;24,12 76,10 76,88;24,48 76,47;24,86 76,85",
    "0": "58,10 32,20 22,52 34,84 60,88 78,52 66,16 50,10",
    "1": "54,8 48,90",
    "2": "24,26 44,10 70,22 64,46 22,88 84,86",
    "3": "26,16 56,10 70,26 44,46 74,64 60,86 22,84",
    "4": "48,8 18,60 86,58;62,36 58,92",
    "5": "32,12 28,44 60,42 76,64 56,88 22,84;30,12 78,10",
    "6": "62,8 32,48 28,78 52,90 70,70 54,56 32,66",
    "7": "20,14 78,12 44,90",
    "8": "66,18 40,10 30,28 64,58 66,82 42,90 28,74 62,40 68,22",
    "9": "68,26 46,12 28,28 40,48 66,34 66,28 58,90",
    "√": "6,52 34,90 96,8",
}
_GLYPHS = {
    character: [
        np.array([point.split(",") for point in stroke.split()], np.float64) for stroke in strokes.split(";")
    ]
    for character, strokes in _STROKES.items()
}
SURNAMES = "王李丁田石江方文林古朱万"
GIVEN = "大小平生玉云仁明吉山天正兰文林江"


@dataclass(frozen=True, slots=True)
class Hand:
    """How one person writes: pen width in mm; lean and haste from 0 (upright, neat) to about 1."""

    width: float
    lean: float
    haste: float
    wobble: float
    taper: float


def some_hand(rng: np.random.Generator) -> Hand:
    """A hand at random: a gel pen or a ball pen, neat or hurried."""
    return Hand(
        width=float(rng.uniform(0.42, 0.85)),
        lean=float(rng.uniform(-0.06, 0.24)),
        haste=float(rng.choice([0.15, 0.5, 0.85])),
        wobble=float(rng.uniform(1.5, 4)),
        taper=float(rng.uniform(0.45, 0.9)),
    )


def glyph(character: str) -> Sequence[Points]:
    """The strokes of a character, for seals that are cut rather than written."""
    return _GLYPHS[character]


def character_runs(
    character: str, hand: Hand, rng: np.random.Generator, left: float, top: float, wide: float, high: float
) -> list[Run]:
    """A character written into a rectangle (mm): one run for every time the pen is put down."""
    tilt = rng.normal(0, 0.05)
    runs: list[Run] = []
    for stroke in _GLYPHS[character]:
        points = stroke + rng.normal(0, hand.wobble, stroke.shape)
        points[:, 1] += tilt * (points[:, 0] - 50)
        points[:, 0] -= hand.lean * (points[:, 1] - 50)
        points = points / 100 * (wide, high) + (left, top)
        line = _even(points, STEP)
        pressure = _pressure(len(line), hand.taper, rng)
        if runs and rng.random() < hand.haste:
            before, pressed = runs.pop()
            bridge = _even(np.array([before[-1], line[0]]), STEP)
            thin = np.full(len(bridge), rng.uniform(0.3, 0.5))
            line, pressure = np.vstack([before, bridge, line]), np.concatenate([pressed, thin, pressure])
        runs.append((line, pressure))
    rounding = 1 + round(0.95 * hand.haste * min(wide, high))
    return [(_rounded(line, rounding), _rounded(pressure[:, None], 3)[:, 0]) for line, pressure in runs]


def draw(runs: Sequence[Run], width: float, size: tuple[float, float], scale: float) -> Mask:
    """The ink of runs (mm) on a mask of `size` mm at `scale` pixels a mm; `width` is the pen's, in mm."""
    fine = scale * SHARPER
    high, wide = round(size[1] * scale), round(size[0] * scale)
    canvas = np.zeros((high * SHARPER, wide * SHARPER), np.uint8)
    for line, pressure in runs:
        places = np.round(line * fine * 16).astype(np.int32)
        widths = np.maximum(1, np.round(width * fine * pressure)).astype(int)
        for start, end, thick in zip(places[:-1], places[1:], widths[1:], strict=True):
            ends = ((int(start[0]), int(start[1])), (int(end[0]), int(end[1])))
            cv2.line(canvas, *ends, 255, int(thick), cv2.LINE_8, 4)
    return cv2.resize(canvas, (wide, high), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def word_runs(
    word: str, hand: Hand, rng: np.random.Generator, left: float, top: float, pitch: float, size: float
) -> list[Run]:
    """Characters side by side, `pitch` mm apart and about `size` mm high; digits and dots are narrower."""
    runs: list[Run] = []
    for character in word:
        narrow = 0.5 if character in "0123456789" else 1.0
        high = size * rng.uniform(0.86, 1.0)
        down = (size - high) * rng.random()
        wide = min(pitch * narrow * rng.uniform(0.84, 0.98), high * 1.15)
        runs += character_runs(character, hand, rng, left, top + down, wide, high)
        left += pitch * narrow
    return runs


def _even(points: Points, step: float) -> Points:
    """The same line with a point about every `step` mm, ends kept."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.linspace(0, along[-1], max(3, int(along[-1] / step) + 1))
    return np.column_stack([np.interp(wanted, along, points[:, axis]) for axis in (0, 1)])


def _rounded(line: Points, reach: int) -> Points:
    """Each point the mean of its neighbours within `reach`, ends kept: corners as a moving hand makes them."""
    reach = min(reach, (len(line) - 1) // 2)
    kernel = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(line, ((reach, reach), (0, 0)), "reflect", reflect_type="odd") if reach else line
    return np.column_stack([np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T])


def _pressure(count: int, taper: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """How hard the pen presses along a stroke: put down firmly, lighter in the middle, lifted at the end."""
    along = np.linspace(0, 1, count)
    start = np.interp(along, [0, 0.08, 0.3], [0.7, 1.1, 0.9])
    lift = np.interp(along, [0.55, 0.85, 1], [1, 1 - 0.25 * taper, 1 - 0.75 * taper])
    return np.asarray(start * lift * rng.uniform(0.85, 1.1))
