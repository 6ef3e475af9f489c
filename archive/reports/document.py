"""A report as a document: what stands in it, whatever form it is written in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_UNSAYABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text without what no form can hold."""
    return _UNSAYABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that is numbered by its form: level 1 一、, level 2 （一）."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A paragraph that is numbered by its form: 1., from 1 after each heading."""

    text: str


@dataclass(frozen=True, slots=True)
class ToFill:
    """Room for what a person writes: a line with what it is for, or one more line ("")."""

    label: str


@dataclass(frozen=True, slots=True)
class Table:
    """Texts in rows under a head. `widths` are parts of the whole; `shades` the colours of cells (row, column) as
    "F4B183"; the first `left` columns are set to the left, the others centred; `notes` stand under it.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]
    left: int = 1
    notes: Sequence[str] = ()
    shades: dict[tuple[int, int], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in percent: bars by name (lying, from the top), or lines over names; None where there is no value."""

    caption: str
    kind: str  # "bars", "lines"
    names: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]


Block = Heading | Paragraph | Item | ToFill | Table | Chart


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report; `lines` stand under its title, `signed` has the lines at its end, to the right."""

    title: str
    lines: Sequence[str]
    blocks: Sequence[Block]
    signed: Sequence[str] = ()
