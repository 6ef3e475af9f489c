"""What people put in the boxes: signatures, dates, seals, ticks, and marks nobody can be sure of.

All places are millimetres on the sheet.
"""

from collections.abc import Sequence
from enum import StrEnum

import cv2
import numpy as np

from pipeline.demo import pen
from pipeline.demo.pen import Mask
from pipeline.demo.stamps import Paper, fingerprint, name_seal, round_seal, seal_radius
from pipeline.layout import BoxPlace

BLACK, BLUE_BLACK, BLUE = (28, 24, 24), (76, 38, 30), (162, 58, 30)  # blue, green, red
OVERRUN = 1.2  # mm that a signature may leave its box by; boxes are at least 4 mm apart


class Mark(StrEnum):
    """What is in a box: `doubtful` means that a careful clerk could not say."""

    FILLED = "filled"
    EMPTY = "empty"
    DOUBTFUL = "doubtful"


def fill_sheet(
    paper: Paper, boxes: Sequence[tuple[BoxPlace, Mark]], day: str, village: int, rng: np.random.Generator
) -> None:
    """Sign, date, seal and tick a sheet's boxes as said; `village` tells one village's seal from another's."""
    rim = _rim_target(boxes, village, rng)
    for box, mark in boxes:
        if mark is Mark.DOUBTFUL and not (rim and rim[0] == box.name):
            _doubtful(paper, box, village, rng)
        if mark is not Mark.FILLED:
            continue
        if box.kind == "seal":
            centre = box.x + box.w / 2, box.y + box.h / 2
            off = rng.uniform(-6, 6, 2) if rng.random() < 0.5 else rng.uniform(-2.5, 2.5, 2)
            place = rim[1] if rim else (centre[0] + off[0], centre[1] + off[1])
            round_seal(paper, village, place, rng)
        elif box.kind == "date":
            _pen_word(paper, box, day, rng)
        elif box.kind == "tick":
            _tick(paper, box, rng)
        else:
            _signature(paper, box, rng)


def _signature(paper: Paper, box: BoxPlace, rng: np.random.Generator) -> None:
    name = str(rng.choice(list(pen.SURNAMES))) + "".join(rng.choice(list(pen.GIVEN), rng.integers(1, 4)))
    way = rng.random()
    if way < 0.86:
        _pen_word(paper, box, name, rng)
    if 0.76 < way < 0.94:
        fingerprint(paper, box, rng)
    if way > 0.94:
        name_seal(paper, box, (name + "正正")[:4], rng)


def _pen(rng: np.random.Generator) -> tuple[int, int, int]:
    return (BLACK, BLACK, BLUE_BLACK, BLUE)[rng.integers(4)]


def _pen_word(paper: Paper, box: BoxPlace, word: str, rng: np.random.Generator) -> None:
    """Write a word into a box, about as large as the box lets, with an over-run of a millimetre at most."""
    hand = pen.some_hand(rng)
    size = min(box.h * rng.uniform(0.72, 1.12), 12.5)
    places = sum(0.5 if character in "0123456789" else 1.0 for character in word)
    pitch = min(size * rng.uniform(0.85, 1.05), box.w / places)
    room, spare = box.w - pitch * places, box.h - size
    left, top = rng.uniform(0, max(room, 0.1)), spare * rng.uniform(0.2, 0.8)
    runs = pen.word_runs(word, hand, rng, left + 3, top + 3, pitch, size)
    low, high = 3 - OVERRUN, (box.w + 3 + OVERRUN, box.h + 3 + OVERRUN)
    kept = [(np.clip(line, low, high), pressure) for line, pressure in runs]
    mask = pen.draw(kept, hand.width, (box.w + 6, box.h + 6), paper.scale)
    paper.absorb(_dried(mask, rng), box.x - 3, box.y - 3, _pen(rng), rng.uniform(0.8, 1))


def _tick(paper: Paper, box: BoxPlace, rng: np.random.Generator) -> None:
    hand = pen.some_hand(rng)
    size = max(box.w, box.h) * rng.uniform(0.85, 1.25)
    runs = pen.character_runs("√", hand, rng, 3, 3 + (box.h - size) / 2 - 0.3, size, size)
    mask = pen.draw(runs, hand.width, (box.w + 6, box.h + 6), paper.scale)
    paper.absorb(mask, box.x - 3, box.y - 3, _pen(rng), rng.uniform(0.8, 1))


def _doubtful(paper: Paper, box: BoxPlace, village: int, rng: np.random.Generator) -> None:
    """A dot, an accidental touch, a line across a corner; in a seal's box a sliver of a seal."""
    if box.kind == "seal":
        radius = seal_radius(village)
        place = (box.x + box.w / 2 + rng.uniform(-3, 3), box.y + box.h / 2 + rng.uniform(-3, 3))
        round_seal(paper, village, place, rng, shown=(place[1] + radius * rng.uniform(0.55, 0.75)))
        return
    inside = rng.uniform((0.2 * box.w, 0.25 * box.h), (0.8 * box.w, 0.75 * box.h)) + 4
    way, angle = rng.integers(0, 3), rng.uniform(0, 2 * np.pi)
    towards = np.array([np.cos(angle), np.sin(angle)])
    small = 0.5 if box.kind == "tick" else 1.0
    if way == 0:
        line, width = [inside, inside + 0.1 * towards], rng.uniform(0.7, 1.1) * (0.5 + small / 2)
    elif way == 1:
        line = [inside, inside + rng.uniform(1, 3) * small * towards + rng.normal(0, 0.1, 2)]
        width = rng.uniform(0.35, 0.55)
    else:
        sides = rng.uniform(2.4, 4.8, 2) * (0.25 + 0.75 * small)
        across, down = np.array([4 + sides[0], 4.0]), np.array([4.0, 4 + sides[1]])
        run = (across - down) / np.hypot(*(across - down))
        line, width = [down - run * rng.uniform(0.8, 2), across + run * rng.uniform(0.8, 2)], 0.45
    points = np.array(line)
    points = points[0] + np.linspace(0, 1, 12)[:, None] * (points[-1] - points[0])
    mask = pen.draw([(points, np.linspace(1, 0.6, 12))], width, (box.w + 8, box.h + 8), paper.scale)
    paper.absorb(mask, box.x - 4, box.y - 4, _pen(rng), rng.uniform(0.75, 1))


def _dried(mask: Mask, rng: np.random.Generator) -> Mask:
    """Pen ink with a little unevenness along its lines."""
    clouds = cv2.resize(rng.uniform(0.72, 1.1, (9, 31)), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return (mask * np.minimum(clouds, 1)).astype(np.uint8)


def _rim_target(
    boxes: Sequence[tuple[BoxPlace, Mark]], village: int, rng: np.random.Generator
) -> tuple[str, tuple[float, float]] | None:
    """A doubtful signature box and the seal's centre whose rim reaches 1–2.5 mm into it, if one can.

    The seal must stay mostly in its own box and may touch no third box that has no ink of its own.
    """
    seals = [box for box, mark in boxes if box.kind == "seal" and mark is Mark.FILLED]
    doubtful = [box for box, mark in boxes if box.kind != "seal" and mark is Mark.DOUBTFUL]
    if len(seals) != 1 or not doubtful or rng.random() < 0.4:
        return None
    seal, target, radius = seals[0], doubtful[0], seal_radius(village)
    middle = target.y + target.h / 2
    y = seal.y + seal.h / 2 + float(np.clip(middle - seal.y - seal.h / 2, -6, 6))
    away = max(target.y - y, y - target.y - target.h, 0)
    if away > 0.8 * radius:
        return None
    reach = (radius**2 - away**2) ** 0.5 - rng.uniform(1, 2.5)
    x = target.x - reach if target.x > seal.x else target.x + target.w + reach
    if abs(x - seal.x - seal.w / 2) > 15:
        return None
    for box, mark in boxes:
        apart = np.hypot(max(box.x - x, x - box.x - box.w, 0), max(box.y - y, y - box.y - box.h, 0))
        if box not in (seal, target) and mark is not Mark.FILLED and apart < radius + 0.5:
            return None
    return target.name, (x, y)
