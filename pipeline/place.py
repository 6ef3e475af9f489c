"""Putting a value into its blank: as it is, condensed to a limit, over several lines, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pipeline import fonts
from pipeline.fill import TIGHTEST
from pipeline.layout import MM, FieldPlace


@dataclass(frozen=True, slots=True)
class Placed:
    """Words on one line: left end and baseline in mm, horizontal scale."""

    x: float
    baseline: float
    words: str
    squeeze: float


class _Ems(dict[str, float]):
    """Advances of characters in a style, in ems, looked up once."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self._style = fonts.style(style)

    def __missing__(self, character: str) -> float:
        found = self._style.find(character)
        ems = self[character] = found[2] if found else 1.0
        return ems


_ems = cache(_Ems)


def width(style: str, size: float, words: str) -> float:
    """The natural width of `words` in mm at a font size in points."""
    return sum(map(_ems(style).__getitem__, words)) * size * MM


def advances(style: str, words: str) -> list[float]:
    """Each character's advance in ems."""
    return [_ems(style)[character] for character in words]


def fit(place: FieldPlace, value: str) -> list[Placed] | None:
    """`value` in its blank, None where it does not fit even condensed: it is then laid out for itself."""
    if not value:
        return []
    natural = width(place.style, place.size, value)
    line = place.lines[0]
    if natural <= line.width:
        spare = (line.width - natural) * (0.5 if place.centred else 1.0 if place.right else 0.0)
        return [Placed(line.x + spare, line.baseline, value, 1)]
    if len(place.lines) == 1:
        squeeze = line.width / natural
        return [Placed(line.x, line.baseline, value, squeeze)] if squeeze >= TIGHTEST else None
    for squeeze in (1.0, TIGHTEST):
        placed = list(_broken(place, value, squeeze))
        if sum(len(part.words) for part in placed) == len(value):
            return placed
    return None


def _broken(place: FieldPlace, value: str, squeeze: float) -> Iterator[Placed]:
    """As much of `value` as its lines hold, each line filled before the next."""
    ems, start = _ems(place.style), 0
    for line in place.lines:
        end, used = start, 0.0
        while end < len(value):
            used += ems[value[end]] * place.size * MM * squeeze
            if used > line.width + 0.01:
                break
            end += 1
        if end > start:
            yield Placed(line.x, line.baseline, value[start:end], squeeze)
        start = end


def wanted_width(place: FieldPlace, value: str) -> int:
    """The width in whole mm of a blank that holds `value`, with a character to spare on each line."""
    return int(width(place.style, place.size, value) + 3 * place.size * MM) + 1
