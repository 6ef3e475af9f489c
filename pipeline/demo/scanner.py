"""A printed batch, signed by nobody and scanned by a careless office: piles as they come back, and the truth.

`sign_and_scan` decides everything from one seed: who signs what, which sheets are lost, scanned twice or
turned (`fates.py`). Each page's ink and scan then have seeds of their own, so that the same bytes come out
whatever the number of processes. Ink is `pen.py`, `stamps.py` and `ink.py`, the scanner `scan_page.py`, the
files `piles.py`.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import numpy as np

from pipeline import pool
from pipeline.demo.fates import Fate, PilePage, Printed, Rates, by_chance, choose, pile_up, settled
from pipeline.demo.ink import Mark
from pipeline.demo.piles import Pile, cut_into_piles, write_pile
from pipeline.demo.scan_page import Kind, PageJob, scan_page
from pipeline.layout import BoxPlace


class PageTruth(msgspec.Struct, frozen=True):
    """One scanned page: the file in the scans folder, its 0-based index there, and what it is.

    `turned`: by how many degrees, clockwise.
    """

    file: str
    index: int
    kind: Kind
    contract: str | None
    sheet: int | None
    turned: int
    grey: bool


class ContractTruth(msgspec.Struct, frozen=True):
    """One chosen contract: what is in each box on paper, and which of its `of` sheets were scanned.

    `scanned` sheets can be told by their code, `codeless` ones cannot. A contract with neither never came back.
    """

    boxes: dict[str, Mark]
    of: int
    scanned: tuple[int, ...]
    codeless: tuple[int, ...]


class Truth(msgspec.Struct, frozen=True):
    """What the piles really hold: pages in the order of their files, contracts in the order of print."""

    pages: tuple[PageTruth, ...]
    contracts: dict[str, ContractTruth]


def sign_and_scan(
    batch: Path,
    out: Path,
    *,
    seed: int,
    limit: int | None = None,
    plan: Mapping[str, Fate] | None = None,
    rates: Rates | None = None,
    workers: int | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> Truth:
    """Sign and scan a batch folder (print.pdf, print.json) into files in `out`; `done` hears of each page.

    `limit`: at most so many sheets of contracts, chosen by chance; covers, blanks, foreign pages and second
    scans come on top. `plan`: exactly these contracts with these fates, whatever `limit` says; what the rates
    say of second scans and pages (turned, blank, codeless and so on) still holds: `SMOOTH` for none of it.
    """
    rates, printed = rates or Rates(), Printed(batch)
    rng = np.random.default_rng([seed, printed.village])
    if plan is None:
        plan = {number: by_chance(printed, number, rates, rng) for number in choose(printed, limit, rng)}
    fates = settled(printed, plan)
    pages = pile_up(printed, fates, rates, rng)
    piles = cut_into_piles(len(pages), rates.grey, rng)
    greys = [pile.grey for pile in piles for _ in range(pile.pages)]
    jobs = [
        _job(printed, fates, page, grey, _turn(rates, rng), (seed, printed.village, place))
        for place, (page, grey) in enumerate(zip(pages, greys, strict=True))
    ]
    places = [pile.place(number) for pile in piles for number in range(pile.pages)]
    out.mkdir(parents=True, exist_ok=True)
    _scan(jobs, piles, out, workers or pool.workers(), done)
    rows = [_page_truth(*row) for row in zip(places, pages, jobs, strict=True)]
    return Truth(tuple(rows), {number: _contract_truth(printed, fates, number, pages) for number in fates})


def write_truth(truth: Truth, file: Path) -> None:
    """Write the truth as JSON; beside the scans folder, for in it it would be taken for a scan."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1))


def read_truth(file: Path) -> Truth:
    """The truth that `write_truth` wrote."""
    return msgspec.json.decode(file.read_bytes(), type=Truth)


def _scan(
    jobs: Sequence[PageJob], piles: Sequence[Pile], out: Path, workers: int, done: Callable[[int], None]
) -> None:
    """Scan all pages and write the piles, one pile in memory at a time."""
    scans = pool.ordered(scan_page, jobs, workers)
    with ExitStack() as ending:
        if close := getattr(scans, "close", None):  # the pool ends now, not when the garbage is collected
            ending.callback(close)
        for pile in piles:
            pictures = []
            for _ in range(pile.pages):
                pictures.append(next(scans))
                done(1)
            write_pile(out, pile, pictures)


def _job(
    printed: Printed,
    fates: Mapping[str, Fate],
    page: PilePage,
    grey: bool,
    turned: int,
    scan_seed: tuple[int, int, int],
) -> PageJob:
    """A page's work. Ink is seeded by contract and sheet, so that a second scan shows the same paper."""
    ink_seed: tuple[int, ...] = (*scan_seed, 1)
    marked: tuple[tuple[BoxPlace, Mark], ...] = ()
    day = ""
    if page.contract is not None and page.sheet is not None:
        marks, contract = fates[page.contract].boxes, zlib.crc32(page.contract.encode())
        ink_seed = (scan_seed[0], contract, page.sheet.sheet)
        marked = tuple((box, marks[box.name]) for box in page.sheet.boxes)
        day = f"{page.contract.split('-')[1]}年3月{5 + contract % 25}日"
    return PageJob(
        page.kind, printed.pdf, page.page, marked, day, printed.village, ink_seed, scan_seed, grey, turned
    )


def _turn(rates: Rates, rng: np.random.Generator) -> int:
    """By how many degrees a page lies turned in the feeder; mostly by none, else mostly upside down."""
    return int(rng.choice([90, 180, 180, 270])) if rng.random() < rates.turned else 0


def _page_truth(place: tuple[str, int], page: PilePage, job: PageJob) -> PageTruth:
    sheet = page.sheet.sheet if page.sheet else None
    return PageTruth(*place, page.kind, page.contract, sheet, job.turned, job.grey)


def _contract_truth(
    printed: Printed, fates: Mapping[str, Fate], number: str, pages: Sequence[PilePage]
) -> ContractTruth:
    def sheets(kind: Kind) -> tuple[int, ...]:
        found = [
            page.sheet.sheet for page in pages if page.sheet and (page.contract, page.kind) == (number, kind)
        ]
        return tuple(sorted(found))

    boxes, of = dict(fates[number].boxes), len(printed.contracts[number])
    return ContractTruth(boxes, of, sheets(Kind.SHEET), sheets(Kind.CODELESS))
