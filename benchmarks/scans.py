"""A print batch signed and scanned in many ways, with the truth of every page and box.

Pens, seals and fingers are the demonstration's (pipeline/demo); what happens to the paper (scan_paper.py), what
the machine makes of it (scan_optics.py) and how papers are tampered with (scan_defects.py) are this benchmark's.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import img2pdf  # type: ignore[import-untyped]
import msgspec
import numpy as np
from PIL import Image

from benchmarks.scan_defects import TAMPERED, Defect, tamper
from benchmarks.scan_optics import Optics, Way, seen
from benchmarks.scan_paper import (
    WORN,
    bare,
    fade,
    foreign,
    hide_code,
    notes,
    number_of,
    printed,
    seal_over,
    show_through,
)
from benchmarks.scan_truth import HONEST, BoxTruth, PageTruth, Truth
from pipeline import pool
from pipeline.demo.fates import Fate, PilePage, Printed, Rates, by_chance, choose, pile_up
from pipeline.demo.ink import Mark, fill_sheet
from pipeline.demo.scan_page import Kind
from pipeline.layout import BoxPlace

AUGRAPHY = "augraphy"  # clean scans, degraded by augraphy afterwards
PROFILES = {
    "office": Optics((200, 240, 300), 1.5, 0.003, (0.0, 0.09), (1, 6), (5, 40), (236, 254), (68, 93), 0.02),
    "rough": Optics((150, 170, 200), 4.0, 0.006, (0.06, 0.17), (4, 13), (25, 85), (205, 245), (35, 70), 0.15),
    "phone": Optics(
        (250,), 0, 0, (0.04, 0.14), (3, 9), (15, 60), (190, 245), (70, 92), 0.1, photo=True, loose=True
    ),
    "grey": Optics((200, 300), 1.5, 0.003, (0.0, 0.1), (1, 7), (5, 45), (232, 254), (60, 90), 0.03, "grey"),
    "copier": Optics(
        (200, 300),
        1.5,
        0.01,
        (0.02, 0.12),
        (2, 8),
        (0, 30),
        (240, 255),
        (55, 85),
        0.05,
        "grey",
        (0.965, 0.975),
    ),
    "fax200": Optics((200,), 1.5, 0.004, (0.02, 0.1), (2, 10), (5, 50), (225, 252), (1, 2), 0.03, "bilevel"),
    "fax300": Optics((300,), 1.5, 0.004, (0.02, 0.1), (2, 10), (5, 50), (225, 252), (1, 2), 0.03, "bilevel"),
    AUGRAPHY: Optics((200,), 1.5, 0.003, (0.0, 0.05), (1, 3), (5, 30), (240, 254), (90, 95), 0, loose=True),
}
RATES = Rates(codeless=0.03, turned=0.15, blank=0.04, foreign=0.03)
FLAWED, MIRRORED = 0.03, 0.004  # shares of sheets
FLAWS = ("cut_off", "dark", "blurred", "coarse")
NOTED, SEALED_OVER, FAINT = 0.05, 0.05, 0.08  # shares of sheets
WIDER, CROPPED, SHOWS_THROUGH = 0.06, 0.05, 0.5  # shares of pages, of pages, of blank ones
PILE = 40  # pages a file
PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Shot:
    """One page to scan; `paper` and `scan` are seeds: a sheet scanned twice has one paper and two scans."""

    truth: PageTruth
    source: Path
    page: int | None
    boxes: tuple[tuple[BoxPlace, Mark], ...]
    fields: tuple[BoxPlace, ...]
    day: str
    village: int
    paper: tuple[int, ...]
    scan: tuple[int, ...]
    optics: Optics
    way: Way


@dataclass(frozen=True, slots=True)
class _Pile:
    """Pages of one file, or of a folder of JPEGs (a name without ending), in the folder of its batch."""

    folder: Path
    name: str
    shots: tuple[Shot, ...]

    def truths(self) -> Iterator[PageTruth]:
        """Its pages as intake will name them."""
        for index, shot in enumerate(self.shots):
            file, at = (self.name, index) if "." in self.name else (f"{self.name}/{index + 1:04d}.jpg", 0)
            yield msgspec.structs.replace(shot.truth, file=f"{self.folder.name}/{file}", index=at)


def scan_town(batches: Sequence[Path], place: Path, profile: str, size: int, seed: int) -> Truth:
    """Sign and scan about `size` contracts of the batches into `place`/scans, a folder a batch."""
    prints = {batch: Printed(batch) for batch in batches}
    share = min(1.0, size / sum(len(one.contracts) for one in prints.values()))
    piles: list[_Pile] = []
    boxes: dict[str, dict[str, BoxTruth]] = {}
    for batch, known in prints.items():
        rng = np.random.default_rng([seed, known.village, number_of(profile)])
        names = choose(known, None, rng)[: round(share * len(known.contracts))]
        fates = {name: by_chance(known, name, RATES, rng) for name in known.contracts if name in names}
        piles += _lie(batch, known, fates, place, profile, seed, rng)
        boxes |= _boxes(known, fates)
    pictures = pool.ordered(take, (shot for pile in piles for shot in pile.shots), PROCESSES)
    for pile in piles:
        pile.folder.mkdir(parents=True, exist_ok=True)
        write_pile(pile.folder, pile.name, [next(pictures) for _ in pile.shots])
    return Truth(tuple(page for pile in piles for page in pile.truths()), boxes)


def _boxes(known: Printed, fates: dict[str, Fate]) -> dict[str, dict[str, BoxTruth]]:
    return {
        number: {box.name: BoxTruth(box.kind, str(fate.boxes[box.name])) for box in known.boxes(number)}
        for number, fate in fates.items()
    }


def _lie(
    batch: Path,
    known: Printed,
    fates: dict[str, Fate],
    place: Path,
    profile: str,
    seed: int,
    rng: np.random.Generator,
) -> Iterator[_Pile]:
    """The files that a batch's papers will be scanned into, some of the papers tampered with."""
    altered = place / "batch" / batch.name
    defects = tamper(batch, altered, TAMPERED, seed)
    fields, optics = _fields(batch), PROFILES[profile]
    shots = [
        _shot(page, altered, known, fates, defects, fields, profile, (seed, known.village, number), rng)
        for number, page in enumerate(pile_up(known, fates, RATES, rng))
    ]
    for number, first in enumerate(range(0, len(shots), PILE), 1):
        chance = rng.random()
        ending = ".pdf" if chance < 0.65 else ".tif" if chance < 0.85 or optics.mode == "bilevel" else ""
        name = f"扫描-{number:03d}{'' if optics.loose else ending}"
        yield _Pile(place / "scans" / batch.name, name, tuple(shots[first : first + PILE]))


def _fields(batch: Path) -> dict[int, tuple[BoxPlace, ...]]:
    """Where values stand, by the 1-based page of print.pdf."""
    manifest = msgspec.json.decode((batch / "print.json").read_bytes())
    return {
        entry["page"]: tuple(
            BoxPlace(one["name"], "field", False, one["x"], one["y"], one["w"], one["h"])
            for one in manifest["layouts"][entry["layout"]]["sheets"][entry["sheet"] - 1]["fields"]
        )
        for entry in manifest["pages"]
        if entry["contract"] is not None
    }


def _shot(
    page: PilePage,
    altered: Path,
    known: Printed,
    fates: dict[str, Fate],
    defects: dict[tuple[str, int], Defect],
    fields: dict[int, tuple[BoxPlace, ...]],
    profile: str,
    seeds: tuple[int, int, int],
    rng: np.random.Generator,
) -> Shot:
    optics = PROFILES[profile]
    paper: tuple[int, ...] = (*seeds, number_of(profile), 1)
    marked: tuple[tuple[BoxPlace, Mark], ...] = ()
    kind, contract, sheet, day = str(page.kind), page.contract or "", 0, ""
    defect, extras, flaw = HONEST, list[str](), ""
    if page.sheet is not None and page.contract is not None:
        sheet = page.sheet.sheet
        marked = tuple((box, fates[page.contract].boxes[box.name]) for box in page.sheet.boxes)
        day = f"{page.contract.split('-')[1]}年3月{5 + number_of(page.contract) % 25}日"
        defect = defects.get((page.contract, sheet), HONEST)
        paper = (seeds[0], number_of(page.contract), sheet)
        kind = "duplicate" if page.kind is Kind.DUPLICATE else "sheet"
        extras = _extras(optics, page.kind, bool(defect.kind), np.random.default_rng([*paper, 9]))
        if page.kind is Kind.SHEET and not defect.kind:
            if rng.random() < MIRRORED:
                kind = "mirrored"
            elif rng.random() < FLAWED:
                flaw = FLAWS[rng.integers(len(FLAWS))]
    elif page.kind is Kind.BLANK and rng.random() < SHOWS_THROUGH:
        extras = ["show-through"]
    way = Way(
        turned=int(rng.choice([90, 180, 180, 270])) if rng.random() < RATES.turned else 0,
        grey=rng.random() < 0.1,
        mirrored=kind == "mirrored",
        wider=not optics.photo and rng.random() < WIDER and not flaw,
        cropped=not optics.photo and rng.random() < CROPPED and not flaw,
        flaw=flaw,
    )
    extras += [name for name, there in (("wider", way.wider), ("cropped", way.cropped)) if there]
    truth = PageTruth(
        "",
        0,
        kind,
        contract,
        sheet,
        code=page.kind is not Kind.CODELESS or bool(defect.kind),
        defect=defect.kind,
        flaws=(flaw,) if flaw else (),
        extras=(defect.field, *extras) if defect.field else tuple(extras),
    )
    places = fields.get(page.page or 0, ())
    scan = (*seeds, number_of(profile))
    return Shot(
        truth, altered / "print.pdf", page.page, marked, places, day, known.village, paper, scan, optics, way
    )


def _extras(optics: Optics, kind: Kind, tampered: bool, rng: np.random.Generator) -> list[str]:
    """What else there is on a paper."""
    chances = {"notes": NOTED, "seal over values": SEALED_OVER, "faint": FAINT}
    chances |= dict.fromkeys(WORN, optics.worn)
    drawn = {name for name, chance in chances.items() if rng.random() < chance}
    return sorted(drawn - {"notes", "seal over values"} if tampered else drawn)


def take(shot: Shot) -> bytes:
    """In a worker: the picture of a page."""
    cv2.setNumThreads(1)
    rng, scan = np.random.default_rng(shot.paper), np.random.default_rng(shot.scan)
    optics, truth = shot.optics, shot.truth
    dpi = int(scan.choice(optics.dpi))
    if shot.way.flaw == "coarse" and not optics.photo:
        dpi = int(scan.integers(80, 125))
    scale = dpi / 25.4
    if truth.kind == "foreign":
        return seen(foreign(scale, rng), optics, shot.way, dpi, scan)
    paper = bare(scale) if shot.page is None else printed(shot.source, shot.page, scale)
    if truth.kind == "blank" and truth.extras:
        show_through(paper, shot.source, 3, rng)
    if shot.boxes and "faint" in truth.extras:
        ink = bare(scale)
        ink.pixels.resize(paper.pixels.shape, refcheck=False)
        fill_sheet(ink, shot.boxes, shot.day, shot.village, rng)
        fade(paper, ink, rng.uniform(0.45, 0.7))
    else:
        fill_sheet(paper, shot.boxes, shot.day, shot.village, rng)
    places = tuple(box for box, _ in shot.boxes)
    if "notes" in truth.extras:
        notes(paper, places, shot.fields, rng)
    if "seal over values" in truth.extras and shot.fields:
        seal_over(paper, places, shot.fields, shot.village, rng)
    for name, wear in WORN.items():
        if name in truth.extras:
            wear(paper, rng)
    if not truth.code:
        hide_code(paper, rng)
    return seen(paper, optics, shot.way, dpi, scan)


def write_pile(folder: Path, name: str, pictures: Sequence[bytes]) -> None:
    """Write a pile: a PDF of pictures as they are, a TIFF of many pages, or a folder of JPEGs."""
    if name.endswith(".pdf"):
        (folder / name).write_bytes(img2pdf.convert(list(pictures)))
    elif name.endswith(".tif"):
        frames = (Image.open(io.BytesIO(picture)) for picture in pictures)
        first = next(frames)
        how = {"compression": "group4"} if first.mode == "1" else {"compression": "jpeg", "quality": 88}
        first.save(folder / name, save_all=True, append_images=frames, dpi=first.info["dpi"], **how)
    else:
        (folder / name).mkdir()
        for number, picture in enumerate(pictures, 1):
            (folder / name / f"{number:04d}.jpg").write_bytes(picture)
