"""A page of a scan as pixels, with the pictures that it is kept as; and pictures of our own making.

What a scanner made is kept as it is, or without loss (pdf_page.py, picture_page.py). What a PDF/A-2 cannot hold, and
a page that is not pictures alone, is made anew: in black and white without loss (CCITT group 4), else as a JPEG of
quality 95. Such pages were lossy before (HEIC, JPEG in CMYK, layers) or are drawn by us; without loss they would take
ten times the room, and the file that they came from is kept beside.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, TiffImagePlugin

from archive.pdf_file import packed
from archive.signed_pdf import MIRRORED, WHOLE, Picture, Run, SheetScan, jpeg_picture, sheet_scan
from pipeline.intake.files import PIXEL_LIMIT

Pixels = npt.NDArray[np.uint8]

SIDES = (16, 40_000)  # pixels: what can be looked at, enlarged too
QUALITY, THUMB_QUALITY = 95, 70  # of JPEGs of our own making
THUMB_HIGH = 200  # pixels
NEAR = 0.03  # by which share a picture may fall short of its page, and its pixels be no squares
JPEG_END = b"\xff\xd9"
COLOURS = {"Gray": 1, "YCbCr": 3, "RGB": 3}  # of the JPEGs that are kept, by their colour space


class BadPage(Exception):
    """A page that cannot be read, in a file that opens."""


@dataclass(frozen=True)
class PageImage:
    """A page: `pixels` (height, width) grey or (height, width, 3) red, green, blue; the pictures it is kept as.

    `dpi` is its resolution; `turn` quarter turns clockwise make it upright, as far as its file says.
    """

    pixels: Pixels
    pictures: tuple[Picture, ...]
    dpi: float
    turn: int

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def scan(self, dpi: float, turn: int, runs: tuple[Run, ...]) -> SheetScan:
        """The page as it is filed."""
        thumb = _encoded(np.rot90(self._small, -turn), THUMB_QUALITY, "420")
        return sheet_scan(self.pictures, (self.width, self.height), dpi, turn, runs, thumb)

    @cached_property
    def _small(self) -> Pixels:
        """The page about THUMB_HIGH pixels long: every few pixels are looked at, for speed."""
        step = max(max(self.width, self.height) // (2 * THUMB_HIGH), 1)
        few = (max(self.width // step, 1), max(self.height // step, 1))
        sample = cv2.resize(self.pixels, few, interpolation=cv2.INTER_NEAREST)
        factor = THUMB_HIGH / max(sample.shape[:2])
        size = (max(round(sample.shape[1] * factor), 1), max(round(sample.shape[0] * factor), 1))
        return np.asarray(cv2.resize(sample, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def whole_page(
    pixels: Pixels, picture: Picture, dpi: tuple[float, float], turn: int, mirrored: bool
) -> PageImage:
    """The page that is one picture, `pixels` as that stores them, at `dpi` across and down.

    `mirrored` exchanges left and right before it is turned.
    """
    height, width = pixels.shape[:2]
    if abs(dpi[1] / dpi[0] - 1) > NEAR:  # a fax: pixels are made squares, to be looked at
        fine = max(dpi)
        size = (round(width * fine / dpi[0]), round(height * fine / dpi[1]))
        if not max(size) <= SIDES[1] or size[0] * size[1] > PIXEL_LIMIT:
            raise BadPage("too long")
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        dpi = (fine, fine)
    if mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    return PageImage(pixels, (replace(picture, place=MIRRORED if mirrored else WHOLE),), dpi[0], turn)


def decoded(jpeg: bytes) -> tuple[Pixels, Picture] | None:
    """A JPEG's pixels, and itself as a picture; None for one in CMYK, which is sound all the same.

    Raises BadPage for one with a hole, or without its end. Other decoders fill in grey and go on; this one is told
    to be strict. Zeros before the end mark harm nothing.
    """
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as problem:
        raise BadPage(str(problem)) from None
    if height * width > PIXEL_LIMIT:
        raise BadPage("too many pixels")
    wanted = {1: "GRAY", 3: "RGB"}.get(COLOURS.get(space, 0), "CMYK")
    try:
        pixels = simplejpeg.decode_jpeg(jpeg, wanted, fastupsample=True, strict=True)
    except ValueError as problem:
        if not jpeg.endswith(JPEG_END):
            raise BadPage(str(problem)) from None
        try:
            pixels = simplejpeg.decode_jpeg(
                jpeg[:-2].rstrip(b"\0") + JPEG_END, wanted, fastupsample=True, strict=True
            )
        except ValueError:
            raise BadPage(str(problem)) from None
    if wanted == "CMYK":
        return None
    pixels = np.asarray(pixels[..., 0] if wanted == "GRAY" else pixels, np.uint8)
    return pixels, jpeg_picture(jpeg, width, height, COLOURS[space])


def made(picture: Image.Image, dpi: float) -> PageImage:
    """An upright page that is kept as a picture of our own making."""
    pixels = seen(picture)
    if picture.mode == "1":
        return PageImage(pixels, (group_4(picture),), dpi, 0)
    data = _encoded(pixels, QUALITY, "444")
    height, width = pixels.shape[:2]
    return PageImage(pixels, (jpeg_picture(data, width, height, _colours(pixels)),), dpi, 0)


def seen(picture: Image.Image) -> Pixels:
    """A picture's pixels; grey if that is all there is to them."""
    pixels = plain(picture)
    if pixels.ndim == 3 and _is_grey(pixels):
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    return pixels


def lossless(picture: Image.Image) -> tuple[Pixels, Picture]:
    """A picture's pixels, and all of them as a picture."""
    pixels = plain(picture)
    if picture.mode == "1":
        return pixels, group_4(picture)
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)  # every row less the one above (PNG, 9.2)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return pixels, png_picture(packed(filtered.tobytes()), width, height, _colours(pixels), 8)


def plain(picture: Image.Image) -> Pixels:
    """A picture as grey or as red, green and blue of 8 bits; what is transparent is paper."""
    if picture.mode.startswith("I;16"):
        return np.asarray(np.array(picture) >> 8, np.uint8)
    if picture.mode in ("LA", "PA", "RGBA") or (picture.mode == "P" and "transparency" in picture.info):
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        grey = picture.mode == "LA"
        picture = paper.convert("L" if grey else "RGB")
    return np.array(picture.convert("L" if picture.mode in ("1", "L", "I", "F") else "RGB"))


def png_picture(
    data: bytes, width: int, height: int, colours: int, bits: int, palette: bytes = b""
) -> Picture:
    """Rows packed as in a PNG (its IDAT); `palette` of red, green and blue bytes, or none."""
    space = b"/DeviceRGB" if colours == 3 else b"/DeviceGray"
    if palette:
        space = b"[/Indexed/DeviceRGB %d<%b>]" % (len(palette) // 3 - 1, palette.hex().encode())
    entries = (
        b"/Width %d/Height %d/BitsPerComponent %d/ColorSpace %b/Filter/FlateDecode"
        b"/DecodeParms<</Predictor 15/Colors %d/BitsPerComponent %d/Columns %d>>"
    )
    return Picture(entries % (width, height, bits, space, colours, bits, width), data)


def fax_picture(data: bytes, width: int, height: int, *, black_is_1: bool = False) -> Picture:
    """CCITT group 4 as a TIFF holds it in a strip."""
    entries = (
        b"/Width %d/Height %d/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode"
        b"/DecodeParms<</K -1/Columns %d/Rows %d%b>>"
    )
    return Picture(entries % (width, height, width, height, b"/BlackIs1 true" if black_is_1 else b""), data)


def group_4(picture: Image.Image) -> Picture:
    """A picture of mode "1" as CCITT group 4."""
    buffer = io.BytesIO()
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[TiffImagePlugin.ROWSPERSTRIP] = picture.height
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 0
    picture.save(buffer, "TIFF", compression="group4", tiffinfo=tags)
    data = buffer.getvalue()
    with Image.open(buffer) as saved:
        assert isinstance(saved, TiffImagePlugin.TiffImageFile)  # noqa: S101
        (start,), (length,) = saved.tag_v2[273], saved.tag_v2[279]
    return fax_picture(data[start : start + length], picture.width, picture.height)


def sized(page: PageImage) -> PageImage:
    """The page, if it is one that can be looked at. Raises BadPage."""
    if not SIDES[0] <= min(page.width, page.height) <= max(page.width, page.height) <= SIDES[1]:
        raise BadPage("too narrow or too long")
    return page


def strips(pictures: Sequence[Picture], heights: Sequence[int]) -> tuple[Picture, ...]:
    """The pictures, of these heights, under each other, as wide as the page."""
    whole, placed, top = sum(heights), [], 0
    for picture, high in zip(pictures, heights, strict=True):
        top += high
        placed.append(replace(picture, place=(1, 0, 0, high / whole, 0, 1 - top / whole)))
    return tuple(placed)


def _colours(pixels: Pixels) -> int:
    return 3 if pixels.ndim == 3 else 1


def _encoded(pixels: Pixels, quality: int, sampling: str) -> bytes:
    grey = pixels.ndim == 2
    pixels = np.ascontiguousarray(pixels[..., None] if grey else pixels)
    data: bytes = simplejpeg.encode_jpeg(
        pixels, quality, "GRAY" if grey else "RGB", "Gray" if grey else sampling
    )
    return data


def _is_grey(pixels: Pixels) -> bool:
    size = (max(pixels.shape[1] // 4, 1), max(pixels.shape[0] // 4, 1))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.int16)
    return int(np.ptp(small, axis=2).max()) < 8
