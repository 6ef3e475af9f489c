"""Printed sheets of the tests' town as a scanner sees them, and what may befall them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
from sqlalchemy import Connection, select

from archive.catalogue import tables
from archive.home import code_key, open_home
from pipeline.contracts import content_of_contract, layout_of_id
from pipeline.intake.by_print import ByPrint, Told
from pipeline.intake.channels import red_of
from pipeline.intake.identify import Codes, find_codes
from pipeline.intake.lie import Points, Registration
from pipeline.intake.prove import Claim, Proof, prove
from pipeline.intake.reference import Reference, References
from pipeline.intake.register import register
from tests.conftest import Town

Pixels = npt.NDArray[np.uint8]
TODAY = date(2026, 3, 20)
REFERENCES = References()


@dataclass(frozen=True)
class Sheet:
    """A sheet as it was printed: its contract and place there, and its picture, 200 dpi, in colour."""

    contract: str
    number: int
    layout: str
    pixels: Pixels


@cache
def _pages(batch: Path) -> tuple[dict[str, object], ...]:
    return tuple(json.loads((batch / "print.json").read_text("utf-8"))["pages"])


def sheets(town: Town, template: str, number: int = 1, dpi: int = 200) -> Iterator[Sheet]:
    """The town's sheets of that number of contracts of a template (its two digits)."""
    for batch in town.batches():
        with pdfium.PdfDocument(batch / "print.pdf") as document:
            for page in _pages(batch):
                contract = str(page["contract"] or "")
                if contract[18:20] != template or page["sheet"] != number:
                    continue
                picture = document[int(str(page["page"])) - 1].render(scale=dpi / 72)
                pixels = np.ascontiguousarray(picture.to_numpy()[:, :, 2::-1][:, :, :3])
                yield Sheet(contract, number, str(page["layout"]), pixels)


@contextmanager
def reading(town: Town) -> Iterator[Connection]:
    with open_home(town.home, None).reading() as connection:
        yield connection


def halved(pixels: Pixels) -> tuple[Pixels, Pixels]:
    plain = red_of(pixels)
    return plain, np.asarray(cv2.resize(plain, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def codes_of(connection: Connection, pixels: Pixels) -> Codes:
    return find_codes(*halved(pixels), code_key(connection))


def reference_of(connection: Connection, sheet: Sheet) -> Reference:
    layout = layout_of_id(connection, sheet.layout)
    assert layout is not None
    return REFERENCES.of(layout, sheet.number)


def laid(connection: Connection, sheet: Sheet, pixels: Pixels) -> Registration | None:
    """How the sheet lies in a picture, by its code."""
    (code,) = codes_of(connection, pixels).sheets
    assert code.contract == sheet.contract
    return register(*halved(pixels), code.corners, reference_of(connection, sheet))


def laid_as(connection: Connection, pixels: Pixels, corners: Points, sheet: Sheet) -> Registration | None:
    """How a picture would lie if it were this sheet, its code's corners being there."""
    return register(*halved(pixels), corners, reference_of(connection, sheet))


def claim_of(connection: Connection, contract: str, sheet: Sheet) -> Claim:
    """That the sheet is this contract's."""
    layout = layout_of_id(connection, sheet.layout)
    assert layout is not None
    return Claim(layout, contract, content_of_contract(connection, contract), sheet.number)


def proof_of(connection: Connection, sheet: Sheet, pixels: Pixels, contract: str = "") -> Proof:
    """What the picture proves of the sheet, or of another contract's in its place."""
    registration = laid(connection, sheet, pixels)
    assert registration is not None
    claim = claim_of(connection, contract or sheet.contract, sheet)
    return prove(pixels, red_of(pixels), registration, reference_of(connection, sheet), claim)


def told(connection: Connection, pixels: Pixels) -> Told:
    return ByPrint(connection, TODAY, REFERENCES).tell(pixels, *halved(pixels))


def others_like(connection: Connection, sheet: Sheet) -> list[str]:
    """Other contracts on the same layout."""
    contract = tables.contract
    query = select(contract.c.number).where(
        contract.c.layout == sheet.layout, contract.c.number != sheet.contract
    )
    return list(connection.execute(query.order_by(contract.c.number)).scalars())


def area_of(connection: Connection, sheet: Sheet, field: str) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a field's value in a 200 dpi picture: its first half line."""
    layout = layout_of_id(connection, sheet.layout)
    assert layout is not None
    x, y, w, h = next(one for one in layout.sheets[sheet.number - 1].fields if one.name == field).rectangle()
    mm = 200 / 25.4
    return round(x * mm), round(y * mm), round((x + w) * mm), round((y + h) * mm)


# What befalls a page: each takes a picture and gives one.
Fate = Callable[[Pixels], Pixels]


def _mapped(fate: Callable[..., tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]) -> Fate:
    def bent(pixels: Pixels) -> Pixels:
        high, wide = pixels.shape[:2]
        x, y = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
        across, down = fate(x, y, wide, high)
        maps = across.astype(np.float32), down.astype(np.float32)
        return np.asarray(cv2.remap(pixels, *maps, cv2.INTER_LINEAR, borderValue=(90, 95, 100)), np.uint8)

    return bent


def barrel(much: float) -> Fate:
    """A lens's distortion: so much of the way to the middle at a corner."""

    def fate(x, y, wide, high):  # type: ignore[no-untyped-def]
        across, down = x - wide / 2, y - high / 2
        far = (across**2 + down**2) / (wide**2 / 4 + high**2 / 4)
        shrink = (1 + much * far) / (1 + 0.3 * much)
        return wide / 2 + across * shrink, high / 2 + down * shrink

    return _mapped(fate)


def curled(mm: float) -> Fate:
    """A sheet that does not lie flat."""

    def fate(x, y, wide, high):  # type: ignore[no-untyped-def]
        return x, y + mm * high / 297 * np.sin(x / wide * np.pi)

    return _mapped(fate)


def leaning(much: float) -> Fate:
    """A photo taken aslant."""

    def fate(pixels: Pixels) -> Pixels:
        high, wide = pixels.shape[:2]
        before = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
        after = before + np.array(
            [
                (much * wide, 0.3 * much * high),
                (-0.2 * much * wide, 0),
                (0, 0),
                (0.1 * much * wide, -much * high),
            ],
            np.float32,
        )
        matrix = cv2.getPerspectiveTransform(before, after)
        return np.asarray(
            cv2.warpPerspective(pixels, matrix, (wide, high), borderValue=(90, 95, 100)), np.uint8
        )

    return fate


def placed(across: float, down: float, degrees: float = 0.0, room: int = 0) -> Fate:
    """Stretched, askew, on a larger area of so many pixels more on every side."""

    def fate(pixels: Pixels) -> Pixels:
        high, wide = pixels.shape[:2]
        matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, 1)
        matrix[:2, :2] = matrix[:2, :2] @ np.diag([across, down])
        matrix[:, 2] += room
        size = wide + 2 * room, high + 2 * room
        return np.asarray(cv2.warpAffine(pixels, matrix, size, borderValue=(250, 250, 250)), np.uint8)

    return fate


def turned(quarters: int) -> Fate:
    return lambda pixels: np.ascontiguousarray(np.rot90(pixels, quarters))


def on_a_table(pixels: Pixels) -> Pixels:
    """Photographed on something dark that is larger."""
    high, wide = pixels.shape[:2]
    table = np.random.default_rng(1).integers(45, 70, (round(1.3 * high), round(1.5 * wide), 3), np.uint8)
    table[:, :, 1] += 30
    top, left = round(0.15 * high), round(0.25 * wide)
    table[top : top + high, left : left + wide] = pixels
    return leaning(0.04)(table)


def folded(pixels: Pixels) -> Pixels:
    """With a dark crease across the middle."""
    rows = np.arange(len(pixels))
    shade = 1 - 0.35 * np.exp(-(((rows - len(pixels) * 0.28) / 6) ** 2))
    return np.asarray(np.clip(pixels * shade[:, None, None], 0, 255), np.uint8)


def shaded(pixels: Pixels) -> Pixels:
    """With a shadow over one side."""
    return np.asarray(pixels * np.linspace(0.45, 1, pixels.shape[1])[None, :, None], np.uint8)


def grey(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def black_and_white(pixels: Pixels) -> Pixels:
    return np.where(grey(pixels) > 150, 255, 0).astype(np.uint8)


def seal_at(pixels: Pixels, x: int, y: int, radius: int = 150) -> Pixels:
    """With a red seal around a point."""
    layer = np.full_like(pixels, 255)
    cv2.circle(layer, (x, y), radius, (215, 60, 70), 11, cv2.LINE_AA)
    cv2.circle(layer, (x, y), radius // 4, (215, 60, 70), -1, cv2.LINE_AA)
    return np.asarray(np.minimum(pixels, layer), np.uint8)
