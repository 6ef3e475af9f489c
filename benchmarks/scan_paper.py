"""What lies on the glass: printed and signed sheets and what happened to them since, and papers that are not ours.

All places are millimetres on the sheet.
"""

import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import zxingcpp
from cv2.typing import MatLike
from PIL import Image, ImageDraw, ImageFont

from benchmarks.scan_defects import CODE
from pipeline.demo import pen
from pipeline.demo.ink import BLACK, BLUE, BLUE_BLACK
from pipeline.demo.stamps import Paper, round_seal
from pipeline.installed_fonts import font_files
from pipeline.layout import BoxPlace

WIDE, HIGH = 210.0, 297.0
NOTICE = (
    "各村民小组、各户：根据上级安排，定于下月开展农田水利设施的检修。请各组组长提前登记需要维修的水渠和机井，"
    "并于本月底以前把登记表交到村委会办公室。检修期间部分路段临时封闭，请大家绕行，注意安全。"
)


@lru_cache(2)
def _opened(path: Path) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(path)


def printed(source: Path, page: int, scale: float) -> Paper:
    """A page (1-based) of a batch as the printer put it on paper, at `scale` pixels a mm."""
    bitmap = _opened(source)[page - 1].render(scale=scale * 25.4 / 72, prefer_bgrx=True)
    return Paper(cv2.cvtColor(bitmap.to_numpy(), cv2.COLOR_BGRA2BGR), scale)


def bare(scale: float) -> Paper:
    """A sheet of white paper."""
    return Paper(np.full((round(HIGH * scale), round(WIDE * scale), 3), 255, np.uint8), scale)


def fade(paper: Paper, ink: Paper, strength: float) -> None:
    """Lay ink from a white sheet of the same size onto a paper, so much of it."""
    faded = 255 - (255 - ink.pixels.astype(np.float32)) * strength
    paper.pixels[:] = paper.pixels * (faded / 255)


def hide_code(paper: Paper, rng: np.random.Generator) -> None:
    """The code torn, stuck over, scribbled over, or drowned; the number beside it can still be read."""
    x, y, w, h = CODE
    way = rng.integers(4)
    if way == 0:
        leg = 38.0  # through the middle of the code
        edge = np.linspace(0, leg, 30)[:, None] + rng.normal(0, 0.7, (30, 2))
        corner = np.vstack(
            [edge + np.array([WIDE - leg, 0]), [[WIDE + 1, leg], [WIDE + 1, -1], [WIDE - leg, -1]]]
        )
        cv2.fillPoly(paper.pixels, [np.round(corner * paper.scale).astype(np.int32)], (214, 214, 214))
    elif way == 1:
        _box(paper, (x - 2, y - 1, w + 5, h + 3), (236, 244, 248))
    elif way == 2:
        turns = np.column_stack([np.linspace(x, x + w, 40), y + h * (np.arange(40) % 2)])
        turns += rng.normal(0, 0.8, turns.shape)
        points = np.round(turns * paper.scale).astype(np.int32)
        cv2.polylines(paper.pixels, [points], False, BLACK, max(1, round(0.9 * paper.scale)), cv2.LINE_AA)
    else:
        blot = np.array([x + w / 2, y + h / 2]) * paper.scale
        size = int(w * 0.54 * paper.scale)
        cv2.circle(paper.pixels, (int(blot[0]), int(blot[1])), size, (60, 50, 46), -1, cv2.LINE_AA)


def notes(
    paper: Paper, boxes: Sequence[BoxPlace], fields: Sequence[BoxPlace], rng: np.random.Generator
) -> None:
    """Two to five words by hand where nothing is printed: a large note, a telephone number, a reckoning."""
    dark = cv2.cvtColor(paper.pixels, cv2.COLOR_BGR2GRAY) < 200
    hand, wanted = pen.some_hand(rng), int(rng.integers(2, 6))
    colour = (BLACK, BLUE_BLACK, BLUE)[rng.integers(3)]
    for _ in range(60):
        w, h = rng.uniform(25, 90), rng.uniform(6, 11)
        x, y = rng.uniform(6, WIDE - 6 - w), rng.uniform(6, HIGH - 6 - h)
        top, left = round((y - 1) * paper.scale), round((x - 1) * paper.scale)
        below, right = round((y + h + 1) * paper.scale), round((x + w + 1) * paper.scale)
        if dark[top:below, left:right].any() or _near((x, y, w, h), (*boxes, *fields), 4):
            continue
        count = int(w / h)
        word = "".join(rng.choice(list(pen.GIVEN + pen.SURNAMES + "0123456789"), count))
        runs = pen.word_runs(word, hand, rng, 1, 1, w / count, h)
        paper.absorb(pen.draw(runs, hand.width, (w + 2, h + 2), paper.scale), x - 1, y - 1, colour, 0.9)
        dark[top:below, left:right] = True
        wanted -= 1
        if not wanted:
            return


def seal_over(
    paper: Paper,
    boxes: Sequence[BoxPlace],
    fields: Sequence[BoxPlace],
    village: int,
    rng: np.random.Generator,
) -> None:
    """A red seal over printed values, as some offices put one over the head of a paper; clear of the boxes."""
    for _ in range(60):
        over = fields[int(rng.integers(len(fields)))]
        x, y = over.x + rng.uniform(0, over.w), over.y + rng.uniform(-6, 6)
        around = (x - 20, y - 20, 40.0, 40.0)
        if 20 < x < WIDE - 20 and y > 20 and not _near(around, boxes, 1) and not _meet(around, CODE, 1):
            round_seal(paper, village + 1, (x, y), rng)
            return


def fold(paper: Paper, rng: np.random.Generator) -> None:
    """Creases across the sheet: a dark line with a bright edge, one side of it shaded."""
    for where in ((1 / 2,), (1 / 3, 2 / 3), (1 / 4, 1 / 2))[rng.integers(3)]:
        high = paper.pixels.shape[0]
        middle = int((where + rng.uniform(-0.02, 0.02)) * high)
        rows = (np.arange(high) - middle) / paper.scale
        crease = 1 - rng.uniform(0.1, 0.35) * np.exp(-((rows / 0.25) ** 2))
        crease += rng.uniform(0, 0.12) * np.exp(-(((rows - 0.6) / 0.3) ** 2))
        shade = 1 - rng.uniform(0, 0.12) * np.exp(-np.maximum(rows, 0) / 18) * (rows > 0)
        _darken(paper, (crease * shade)[:, None])


def stain(paper: Paper, rng: np.random.Generator) -> None:
    """The ring of a cup."""
    ring = np.zeros(paper.pixels.shape[:2], np.uint8)
    middle = rng.uniform((20, 20), (WIDE - 20, HIGH - 20)) * paper.scale
    radius = rng.uniform(32, 44) * paper.scale
    box = ((float(middle[0]), float(middle[1])), (2 * radius, 2 * radius * rng.uniform(0.94, 1)), 20.0)
    cv2.ellipse(ring, box, 46, -1, cv2.LINE_AA)
    cv2.ellipse(ring, box, 255, max(1, round(rng.uniform(0.8, 2.2) * paper.scale)), cv2.LINE_AA)
    ring = cv2.GaussianBlur(ring, (0, 0), 0.35 * paper.scale)
    paper.absorb(ring, 0, 0, (96, 140, 176), rng.uniform(0.35, 0.8))


def holes(paper: Paper, rng: np.random.Generator) -> None:
    """Two holes punched at the left edge; behind them is whatever the lid is."""
    behind = (30, 30, 30) if rng.random() < 0.6 else (215, 215, 215)
    x = rng.uniform(9, 13)
    for y in (HIGH / 2 - 40, HIGH / 2 + 40):
        place = round(x * paper.scale), round((y + rng.uniform(-3, 3)) * paper.scale)
        cv2.circle(paper.pixels, place, round(2.9 * paper.scale), behind, -1, cv2.LINE_AA)


def staple(paper: Paper, rng: np.random.Generator) -> None:
    """A staple in the corner, and the holes of one that was taken out."""
    x, y = rng.uniform(8, 16, 2)
    end = x + 9, y - rng.uniform(2, 6)
    ends = [(round(a * paper.scale), round(b * paper.scale)) for a, b in ((x, y), end)]
    cv2.line(paper.pixels, ends[0], ends[1], (92, 98, 104), max(1, round(0.7 * paper.scale)), cv2.LINE_AA)
    for place in ends:
        spot = place[0] + round(3 * paper.scale), place[1] + round(4 * paper.scale)
        cv2.circle(paper.pixels, spot, max(1, round(0.4 * paper.scale)), (70, 90, 120), -1, cv2.LINE_AA)


def shadow(paper: Paper, rng: np.random.Generator) -> None:
    """A soft shadow over a part of the sheet: a hand, a book's spine, a lamp at one side."""
    high, wide = paper.pixels.shape[:2]
    coarse = np.ones((24, 17), np.float32)
    across, down = np.meshgrid(np.arange(17), np.arange(24))
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(-4, 6)
    side = (across - 8) * np.cos(angle) + (down - 12) * np.sin(angle)
    coarse -= rng.uniform(0.12, 0.42) / (1 + np.exp(-(side - reach) / rng.uniform(0.6, 4)))
    _darken(paper, cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC))


def show_through(paper: Paper, source: Path, page: int, rng: np.random.Generator) -> None:
    """What is printed on the other side, seen faintly and mirrored."""
    other = cv2.flip(printed(source, page, paper.scale).pixels, 1)
    other = cv2.GaussianBlur(other, (0, 0), 0.15 * paper.scale)
    fade(
        paper,
        Paper(other[: paper.pixels.shape[0], : paper.pixels.shape[1]], paper.scale),
        rng.uniform(0.03, 0.09),
    )


def foreign(scale: float, rng: np.random.Generator) -> Paper:
    """A paper that is none of ours: a letter, a notice, a form with a code of its own, a picture."""
    paper = bare(scale)
    (_letter, _notice, _form, _picture)[rng.integers(4)](paper, rng)
    return paper


def _letter(paper: Paper, rng: np.random.Generator) -> None:
    hand, words = pen.some_hand(rng), list(pen.GIVEN + pen.SURNAMES)
    for line in range(int(rng.integers(6, 20))):
        text = "".join(rng.choice(words, rng.integers(6, 20)))
        runs = pen.word_runs(text, hand, rng, 1, 1, 8, 7.2)
        paper.absorb(pen.draw(runs, hand.width, (180, 11), paper.scale), 18, 30 + 12 * line, BLUE_BLACK, 0.9)


def _notice(paper: Paper, rng: np.random.Generator) -> None:
    lines = [NOTICE[start : start + 26] for start in range(0, len(NOTICE), 26)] * 3
    texts = [("关于检修水利设施的通知", 55.0, 40.0, 9.0)]
    texts += [(line, 26.0, 62 + 9 * row, 6.0) for row, line in enumerate(lines[: rng.integers(6, 15)])]
    _print(paper, texts)
    if rng.random() < 0.6:
        round_seal(paper, int(rng.integers(1, 9999)), (150, 215), rng)


def _form(paper: Paper, rng: np.random.Generator) -> None:
    grey = (60, 60, 60)
    for row in range(9):
        _box(paper, (24, 60 + 16 * row, 162, 16), grey, line=True)
        _box(paper, (24, 60 + 16 * row, 40, 16), grey, line=True)
    _print(paper, [(NOTICE[3 * row : 3 * row + 4], 28.0, 65 + 16 * row, 5.5) for row in range(9)])
    text = f"https://example.com/pay/{rng.integers(10**9)}"
    code = np.array(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=8))
    side = round(28 * paper.scale)
    code = cv2.resize(code, (side, side), interpolation=cv2.INTER_AREA)
    left, top = round(160 * paper.scale), round(14 * paper.scale)
    paper.pixels[top : top + side, left : left + side] = code[..., None]


def _picture(paper: Paper, rng: np.random.Generator) -> None:
    """The copy of a card: a block of colours with a few lines beside."""
    noise = cv2.resize(rng.uniform(40, 230, (12, 16, 3)), (round(86 * paper.scale), round(54 * paper.scale)))
    top, left = round(rng.uniform(30, 180) * paper.scale), round(rng.uniform(30, 90) * paper.scale)
    high, wide = noise.shape[:2]
    paper.pixels[top : top + high, left : left + wide] = cv2.GaussianBlur(noise, (0, 0), 2).astype(np.uint8)
    _print(paper, [("复印件仅供办理补贴使用", 40.0, 250.0, 6.0)])


def _print(paper: Paper, texts: Sequence[tuple[str, float, float, float]]) -> None:
    """Texts as (words, left, top, height) in print."""
    image = Image.fromarray(paper.pixels)
    draw = ImageDraw.Draw(image)
    for words, x, y, size in texts:
        font = ImageFont.truetype(_font(), max(4, round(size * 0.8 * paper.scale)))
        draw.text((x * paper.scale, y * paper.scale), words, (30, 30, 30), font)
    paper.pixels[:] = np.asarray(image)


@lru_cache(1)
def _font() -> Path:
    return next(path for path in font_files() if "NotoSerifCJK" in path.name)


def _box(
    paper: Paper,
    place: tuple[float, float, float, float],
    colour: tuple[int, int, int],
    *,
    line: bool = False,
) -> None:
    x, y, w, h = (round(one * paper.scale) for one in place)
    cv2.rectangle(paper.pixels, (x, y), (x + w, y + h), colour, 2 if line else -1)


def _darken(paper: Paper, factor: MatLike) -> None:
    paper.pixels[:] = np.minimum(paper.pixels * factor[..., None], 255)


def _near(place: tuple[float, float, float, float], boxes: Sequence[BoxPlace], gap: float) -> bool:
    return any(_meet(place, (box.x, box.y, box.w, box.h), gap) for box in boxes)


def _meet(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float], gap: float
) -> bool:
    return (
        one[0] < other[0] + other[2] + gap
        and other[0] < one[0] + one[2] + gap
        and one[1] < other[1] + other[3] + gap
        and other[1] < one[1] + one[3] + gap
    )


WORN: dict[str, Callable[[Paper, np.random.Generator], None]] = {
    "fold": fold,
    "stain": stain,
    "holes": holes,
    "staple": staple,
    "shadow": shadow,
}


def number_of(text: str) -> int:
    """A number that stands for a text in seeds."""
    return zlib.crc32(text.encode())
