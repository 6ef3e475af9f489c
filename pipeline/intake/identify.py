"""Which sheet a scanned page is: the codes on it, in any rotation."""

import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from pipeline.intake.page_image import Pixels
from pipeline.page_code import MODULES, bitmap, check_of

OURS = re.compile(
    r"HY1:(?P<contract>\d{12}-\d{4}-\d{2}-\d{6}-[0-9A-Z]):(?P<sheet>\d{1,3})\.(?P<sheets>\d{1,3})"
    r":(?P<layout>[A-Z2-7]{6}):(?P<check>[A-Z2-7]{4})"
)
LIST = re.compile(
    r"HY1:LIST:(?P<layout>[A-Z2-7]{8}):(?P<sheet>\d{1,4})\.(?P<sheets>\d{1,4}):(?P<check>[A-Z2-7]{4})"
)
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
PIXELS = 4  # a module that a code is looked at with
LARGEST = 9000  # pixels a side that a page is enlarged to
COVER = re.compile(r"HY1:COVER:\d{12}:\d{8}")


@dataclass(frozen=True, slots=True)
class PageCode:
    """A code of a contract's sheet: what it says, whether its check holds, where it is on the page.

    Of a list's page (pipeline/tick_lists.py) `contract` is "", `layout` the list. `corners`: its square's corners in pixels (4, 2), from the sheet's top left one clockwise.
    """

    contract: str
    sheet: int
    sheets: int
    layout: str
    genuine: bool
    corners: npt.NDArray[np.float64]

    @property
    def says(self) -> tuple[str, int, int, str, bool]:
        """What it says, wherever it is."""
        return self.contract, self.sheet, self.sheets, self.layout, self.genuine


@dataclass(frozen=True, slots=True)
class Codes:
    """What codes a page carries: sheets of ours, a cover of ours, others' (`foreign`), one that cannot be read."""

    sheets: tuple[PageCode, ...] = ()
    cover: bool = False
    foreign: bool = False
    unread: bool = False

    @property
    def ours(self) -> bool:
        """Whether one of them is a sheet's or a cover's."""
        return bool(self.sheets) or self.cover

    @property
    def settled(self) -> bool:
        """Whether something of ours was found, and nothing that a closer look could tell more of."""
        return self.ours and not self.unread


def first_codes(half: Pixels, code_key: bytes) -> Codes:
    """The codes that are seen on a page at half its size: nearly always all there are."""
    return _codes(half, 2, code_key)


def find_codes(plain: Pixels, half: Pixels, code_key: bytes) -> Codes:
    """The codes on a page; harder looks are taken only where an easier one finds nothing of ours."""
    found = first_codes(half, code_key)
    return found if found.settled else further_codes(plain, code_key, found)


def further_codes(plain: Pixels, code_key: bytes, first: Codes) -> Codes:
    """The codes on a page of which `first_codes` did not settle what they are: with `first`, its own findings.

    Beside one that was read, another that could not be is looked at once more, at full size.
    """
    found = first
    for image, scale in _looks(plain):
        found = _codes(image, scale, code_key)
        if first.ours or found.ours:
            break
    known = {one.says for one in first.sheets}
    sheets = (*first.sheets, *(one for one in found.sheets if one.says not in known))
    return Codes(sheets, first.cover or found.cover, first.foreign or found.foreign, found.unread)


def _looks(plain: Pixels) -> Iterator[tuple[Pixels, float]]:
    """The page at full size, evened out, in black and white, enlarged; with the factor back to its pixels."""
    yield plain, 1
    even = cv2.createCLAHE(3, (16, 16)).apply(cv2.medianBlur(plain, 3))
    yield np.asarray(even, np.uint8), 1
    block = max(plain.shape) // 40 * 2 + 1
    smooth = cv2.GaussianBlur(plain, (0, 0), 1.2)
    yield (
        np.asarray(
            cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, 12),
            np.uint8,
        ),
        1,
    )
    for sigma, factor in ((1.0, 1.5), (2.0, 2.0)):
        soft = cv2.GaussianBlur(even, (0, 0), sigma)
        sharp = cv2.addWeighted(even, 2.0, soft, -1.0, 0) if factor > 1.5 else soft
        if max(sharp.shape) * factor < LARGEST:
            yield np.asarray(cv2.resize(sharp, None, fx=factor, fy=factor), np.uint8), 1 / factor


def _codes(image: Pixels, scale: float, code_key: bytes) -> Codes:
    sheets: dict[str, PageCode] = {}
    cover = foreign = unread = False
    for code in zxingcpp.read_barcodes(image, formats=QR, try_invert=False, return_errors=True):
        said = OURS.fullmatch(code.text) or LIST.fullmatch(code.text)
        if not code.valid:
            unread = True
        elif said is not None:
            corners = _corners(code.position)
            if _is_mirrored(image, corners, code.text):
                continue  # it shows through from the other side, or the scan is mirrored
            body = code.text.rpartition(":")[0]
            parts = {"contract": ""} | said.groupdict()
            genuine = hmac.compare_digest(check_of(body, code_key), parts["check"])
            number, layout = parts["contract"], parts["layout"]
            about = (number, int(parts["sheet"]), int(parts["sheets"]), layout, genuine)
            sheets[code.text] = PageCode(*about, corners * scale)
        elif COVER.fullmatch(code.text):
            cover = True
        else:
            foreign = True
    return Codes(tuple(sheets.values()), cover, foreign, unread)


def _is_mirrored(image: Pixels, corners: npt.NDArray[np.float64], text: str) -> bool:
    """Whether a code that was read is seen from behind: a reader takes it either way."""
    square = np.array([(0, 0), (MODULES, 0), (MODULES, MODULES), (0, MODULES)], np.float32) * PIXELS
    to_square = cv2.getPerspectiveTransform(corners.astype(np.float32), square)
    seen = cv2.warpPerspective(image, to_square, (MODULES * PIXELS, MODULES * PIXELS))
    modules = cv2.resize(seen, (MODULES, MODULES), interpolation=cv2.INTER_AREA).astype(np.float64)
    packed = np.frombuffer(bitmap(text), np.uint8).reshape(MODULES, -1)
    paper = np.unpackbits(packed, axis=1)[:, :MODULES].astype(np.float64) - 0.5
    right, behind = (float((modules * one).sum()) for one in (paper, paper.T))
    return behind > right


def _corners(position: zxingcpp.Position) -> npt.NDArray[np.float64]:
    points: Sequence[zxingcpp.Point] = (
        position.top_left,
        position.top_right,
        position.bottom_right,
        position.bottom_left,
    )
    return np.array([(point.x, point.y) for point in points], np.float64)
