"""What becomes of the contracts of a printed batch: who signs what, what is lost, and how the pile lies."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from pipeline.demo.ink import Mark
from pipeline.demo.scan_page import Kind
from pipeline.layout import BoxPlace


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things go wrong: shares of boxes, of sheets, of contracts or of pages."""

    unsigned: float = 0.05  # of required boxes
    doubtful: float = 0.02  # of all boxes
    consent: float = 0.7  # of signatures that may stay empty, how many are there
    missing: float = 0.02  # of sheets
    lost: float = 0.03  # of contracts
    duplicate: float = 0.02  # of contracts
    codeless: float = 0.01  # of sheets
    turned: float = 0.12  # of pages
    blank: float = 0.03  # of pages, beside the batch's own blank backs
    foreign: float = 0.01  # of pages
    grey: float = 0.2  # of piles


SMOOTH = Rates(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)  # all goes well: for a plan that is to be followed exactly


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one contract: what is in its boxes, and which sheets come back (None: all).

    Boxes not named are filled if required, and else empty.
    """

    boxes: Mapping[str, Mark] = field(default_factory=dict)
    sheets: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class PrintedSheet:
    """A printed sheet of a contract: its 1-based page of print.pdf, its 1-based number, its boxes."""

    page: int
    sheet: int
    boxes: tuple[BoxPlace, ...]


@dataclass(frozen=True, slots=True)
class PilePage:
    """A page of the pile; `page` is that of print.pdf, None if it never was in the batch."""

    kind: Kind
    page: int | None = None
    contract: str | None = None
    sheet: PrintedSheet | None = None


class Printed:
    """A batch as print.json has it; `village` is a number that stands for its village in seeds."""

    def __init__(self, batch: Path) -> None:
        self.pdf = batch / "print.pdf"
        manifest: dict[str, Any] = msgspec.json.decode((batch / "print.json").read_bytes())
        self.contracts: dict[str, list[PrintedSheet]] = {}
        self.backs: dict[int, int] = {}  # blank backs, each by the page before it
        for entry in manifest["pages"]:
            if entry["contract"] is None:
                if entry["page"] > 1:
                    self.backs[entry["page"] - 1] = entry["page"]
                continue
            places = manifest["layouts"][entry["layout"]]["sheets"][entry["sheet"] - 1]["boxes"]
            boxes = msgspec.convert(places, tuple[BoxPlace, ...])
            sheet = PrintedSheet(entry["page"], entry["sheet"], boxes)
            self.contracts.setdefault(entry["contract"], []).append(sheet)
        self.village = zlib.crc32(next(iter(self.contracts), "").split("-")[0].encode())

    def boxes(self, number: str) -> list[BoxPlace]:
        """All boxes of a contract."""
        return [box for sheet in self.contracts[number] for box in sheet.boxes]


def choose(printed: Printed, limit: int | None, rng: np.random.Generator) -> list[str]:
    """Contracts by chance, as many as the limit of sheets lets in."""
    names, chosen, left = list(printed.contracts), [], limit
    for index in rng.permutation(len(names)):
        if left is not None:
            left -= len(printed.contracts[names[index]])
            if left < 0:
                break
        chosen.append(names[index])
    return chosen


def by_chance(printed: Printed, number: str, rates: Rates, rng: np.random.Generator) -> Fate:
    """What becomes of a contract by the rates; of its tick boxes one or two are ticked."""
    boxes = printed.boxes(number)
    ticks = [box.name for box in boxes if box.kind == "tick"]
    ticked = set(rng.permutation(ticks)[: rng.integers(1, 3)])
    marks = {}
    for box in boxes:
        share = 1 - rates.unsigned if box.required else rates.consent
        signed = box.name in ticked if box.kind == "tick" else rng.random() < share
        marks[box.name] = Mark.FILLED if signed else Mark.EMPTY
        if rng.random() < rates.doubtful:
            marks[box.name] = Mark.DOUBTFUL
    back = [sheet.sheet for sheet in printed.contracts[number] if rng.random() >= rates.missing]
    return Fate(marks, () if rng.random() < rates.lost else tuple(back))


def settled(printed: Printed, plan: Mapping[str, Fate]) -> dict[str, Fate]:
    """The plan in the order of print, every box and sheet named.

    Raises ValueError for a contract, box or sheet that the batch does not have.
    """
    if unknown := set(plan) - set(printed.contracts):
        raise ValueError(f"not in the batch: {sorted(unknown)}")
    fates = {}
    for number, sheets in printed.contracts.items():
        if number not in plan:
            continue
        marks, back = plan[number].boxes, plan[number].sheets
        usual = {box.name: Mark.FILLED if box.required else Mark.EMPTY for box in printed.boxes(number)}
        there = tuple(sheet.sheet for sheet in sheets)
        if unknown := {*marks} - {*usual} | {str(sheet) for sheet in {*(back or ())} - {*there}}:
            raise ValueError(f"{number} does not have {sorted(unknown)}")
        fates[number] = Fate(
            usual | {name: Mark(mark) for name, mark in marks.items()}, there if back is None else back
        )
    return fates


def pile_up(
    printed: Printed, fates: Mapping[str, Fate], rates: Rates, rng: np.random.Generator
) -> list[PilePage]:
    """The pages as they lie in the pile: the cover, then contracts roughly in the order of print.

    A few contracts lie back to front; a second scan always comes after the first.
    """
    cover = [PilePage(Kind.COVER, 1), *_back(printed, 1)]
    groups: list[tuple[float, list[PilePage]]] = [(-1e9, cover)]
    for place, (number, fate) in enumerate(fates.items()):
        group = [
            PilePage(_kind(rates, rng), sheet.page, number, sheet)
            for sheet in printed.contracts[number]
            if sheet.sheet in (fate.sheets or ())
        ]
        if rng.random() < 0.06:
            group.reverse()
        where = place + rng.normal(0, 4)
        groups.append((where, [each for page in group for each in (page, *_back(printed, page.page))]))
        if rng.random() < rates.duplicate:
            again = [
                PilePage(Kind.DUPLICATE, page.page, number, page.sheet)
                for page in group
                if page.kind is Kind.SHEET
            ]
            groups.append((where + rng.uniform(1, 40), again))
    groups.sort(key=lambda group: group[0])
    pages = []
    for page in (page for _, group in groups for page in group):
        pages.append(page)
        strays = ((Kind.BLANK, rates.blank), (Kind.FOREIGN, rates.foreign))
        pages += [PilePage(kind) for kind, rate in strays if rng.random() < rate]
    return pages


def _kind(rates: Rates, rng: np.random.Generator) -> Kind:
    return Kind.CODELESS if rng.random() < rates.codeless else Kind.SHEET


def _back(printed: Printed, page: int | None) -> list[PilePage]:
    """The blank back that was printed behind a page, if there is one."""
    back = printed.backs.get(page or 0)
    return [] if back is None else [PilePage(Kind.BLANK, back)]
