"""What scanned pages really are: written by our simulator, or read from an outside one's truth.json."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.scan_defects import Defect

HONEST = Defect("")


class PageTruth(msgspec.Struct, frozen=True):
    """A scanned page: `file` as intake names it, the 0-based `index` in it, and what it is.

    `kind`: sheet, duplicate (a second scan), mirrored, blank, cover or foreign. `code`: whether a code is to be
    seen on it. `defect`: how the paper was tampered with, "" for honest paper; a spliced page's `contract` is the
    one that its false code names. `flaws`: why the image is not fit to keep. `extras`: what else was done to it.
    """

    file: str
    index: int
    kind: str
    contract: str = ""
    sheet: int = 0
    code: bool = True
    defect: str = ""
    flaws: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()


class BoxTruth(msgspec.Struct, frozen=True):
    """A box of a contract: its kind, and what is in it (filled, empty or doubtful)."""

    kind: str
    mark: str


class Truth(msgspec.Struct, frozen=True):
    """All pages of a folder of scans, and the boxes of every contract in it by name."""

    pages: tuple[PageTruth, ...]
    boxes: dict[str, dict[str, BoxTruth]]


def write_truth(truth: Truth, file: Path) -> None:
    """Write the truth as JSON."""
    file.write_bytes(msgspec.json.encode(truth))


def read_truth(file: Path) -> Truth:
    """The truth that `write_truth` wrote."""
    return msgspec.json.decode(file.read_bytes(), type=Truth)


def outside_truth(scans: Path, batch: Path, defects: Mapping[tuple[str, int], Defect]) -> Truth:
    """What an outside simulator's truth.json says of a batch's scans; `defects` by contract and sheet.

    Files are named as intake names them when the folder above `scans` is given to it.
    """
    told = json.loads((scans / "truth.json").read_bytes())
    kinds = box_kinds(batch)
    pages: list[PageTruth] = []
    seen: set[tuple[str, int]] = set()
    for file in told["files"]:
        folder = (scans / file["file"]).is_dir()
        for row in file["pages"]:
            name = f"{scans.name}/{file['file']}"
            place = (f"{name}/{row['index']:04d}.jpg", 0) if folder else (name, row["index"])
            if row["kind"] != "page":
                pages.append(PageTruth(place[0], place[1], row["kind"]))
                continue
            sheet = row["contract"], row["sheet"]
            kind = "duplicate" if sheet in seen else "sheet"
            seen.add(sheet)
            defect = defects.get(sheet, HONEST)
            extras = (defect.field,) if defect.field else ()
            pages.append(
                PageTruth(
                    place[0], place[1], kind, sheet[0], sheet[1], row["code"], defect.kind, extras=extras
                )
            )
    boxes = {
        number: {
            name: BoxTruth(kinds[number][name], "filled" if filled else "empty")
            for name, filled in contract["filled"].items()
        }
        for number, contract in told["contracts"].items()
    }
    return Truth(tuple(pages), boxes)


def box_kinds(batch: Path) -> dict[str, dict[str, str]]:
    """The kind of every box by contract and name, from the batch's print.json."""
    manifest = json.loads((batch / "print.json").read_bytes())
    kinds: dict[str, dict[str, str]] = {}
    for page in manifest["pages"]:
        if page["contract"] is not None:
            places = manifest["layouts"][page["layout"]]["sheets"][page["sheet"] - 1]["boxes"]
            kinds.setdefault(page["contract"], {}).update((box["name"], box["kind"]) for box in places)
    return kinds


def joined(truths: Sequence[Truth]) -> Truth:
    """Several folders' truths as one."""
    boxes = {number: marks for truth in truths for number, marks in truth.boxes.items()}
    return Truth(tuple(page for truth in truths for page in truth.pages), boxes)
