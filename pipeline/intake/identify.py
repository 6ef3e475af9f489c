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
from pipeline.page_code import check_of

OURS = re.compile(r"HY1:(\d{12}-\d{4}-\d{2}-\d{6}-[0-9A-Z]):(\d{1,3})\.(\d{1,3}):([A-Z2-7]{6}):([A-Z2-7]{4})")
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
COVER = re.compile(r"HY1:COVER:\d{12}:\d{8}")


@dataclass(frozen=True, slots=True)
class PageCode:
    """A code of a contract's sheet: what it says, whether its check holds, where it is on the page.

    `corners`: its square's corners in pixels (4, 2), from the sheet's top left one clockwise.
    """

    contract: str
    sheet: int
    sheets: int
    layout: str
    genuine: bool
    corners: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Codes:
    """What codes a page carries: sheets of ours, a cover of ours, others' (`foreign`)."""

    sheets: tuple[PageCode, ...] = ()
    cover: bool = False
    foreign: bool = False


def find_codes(grey: Pixels, code_key: bytes) -> Codes:
    """The codes on a page; harder looks are taken only where an easier one finds nothing of ours."""
    found = Codes()
    for image, scale in _looks(grey):
        found = _codes(image, scale, code_key)
        if found.sheets or found.cover:
            return found
    return found


def _looks(grey: Pixels) -> Iterator[tuple[Pixels, float]]:
    """The page at half size, at full size, evened out, and enlarged; with the factor back to its pixels."""
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    yield np.asarray(half, np.uint8), 2
    yield grey, 1
    even = cv2.createCLAHE(3, (16, 16)).apply(cv2.medianBlur(grey, 3))
    yield np.asarray(even, np.uint8), 1
    large = cv2.resize(cv2.GaussianBlur(even, (0, 0), 1), None, fx=1.5, fy=1.5)
    yield np.asarray(large, np.uint8), 1 / 1.5


def _codes(image: Pixels, scale: float, code_key: bytes) -> Codes:
    sheets: dict[str, PageCode] = {}
    cover = foreign = False
    for code in zxingcpp.read_barcodes(image, formats=QR, try_invert=False):
        corners = _corners(code.position) * scale
        said = OURS.fullmatch(code.text)
        if said is not None:
            body = code.text.rpartition(":")[0]
            genuine = hmac.compare_digest(check_of(body, code_key), said[5])
            sheets[code.text] = PageCode(said[1], int(said[2]), int(said[3]), said[4], genuine, corners)
        elif COVER.fullmatch(code.text):
            cover = True
        else:
            foreign = True
    return Codes(tuple(sheets.values()), cover, foreign)


def _corners(position: zxingcpp.Position) -> npt.NDArray[np.float64]:
    points: Sequence[zxingcpp.Point] = (
        position.top_left,
        position.top_right,
        position.bottom_right,
        position.bottom_left,
    )
    return np.array([(point.x, point.y) for point in points], np.float64)
