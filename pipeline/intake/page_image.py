"""A page of a scan as pixels, and as it is kept.

A page that is one JPEG is kept byte for byte, one that is one bilevel picture without loss (CCITT group 4),
any other is drawn at its own resolution and kept as a JPEG of high quality.
"""

import ctypes
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageOps, TiffImagePlugin

from archive.signed_pdf import Run, SheetScan
from pipeline.intake.files import PIXEL_LIMIT, is_pdf, open_pdf

Pixels = npt.NDArray[np.uint8]

DRAWN_PIXELS = 35_000_000  # of a page that is no single picture: A3 at 400 dpi
LOWEST_DPI, USUAL_DPI, HIGHEST_DPI = 150, 200, 400  # at which a page that is no single picture is drawn
HIGHEST_BILEVEL_DPI = 600  # if all there is on it is black or white
SIDES = (16, 40_000)  # pixels: what can be looked at, enlarged too
UNPACKED = {"FlateDecode", "LZWDecode", "RunLengthDecode", "ASCII85Decode", "ASCIIHexDecode"}
TAIL = 16  # bytes that a stream may have too many
QUALITY = 90  # of JPEGs of our own making
NEAR = 0.03  # of the page's size by which a picture that fills it may fall short, and pixels be no squares
JPEG_END = b"\xff\xd9"
EXIF_ORIENTATION = 0x0112
TURNS = {6: 1, 3: 2, 8: 3}  # quarter turns clockwise that an EXIF orientation asks for
PLACED: dict[tuple[int, ...], int] = {  # and that a PDF's matrix makes
    (1, 0, 0, 1): 0,
    (0, -1, 1, 0): 1,
    (-1, 0, 0, -1): 2,
    (0, 1, -1, 0): 3,
}


class BadPage(Exception):
    """A page that cannot be read, in a file that opens."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page: `pixels` (height, width) grey or (height, width, 3) red, green, blue; as kept; resolution.

    `turn` quarter turns clockwise make it upright, as far as its file says.
    """

    pixels: Pixels
    kind: str
    image: bytes
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
        colours = 1 if self.pixels.ndim == 2 else 3
        return SheetScan(self.kind, self.image, self.width, self.height, colours, dpi, turn, runs)


class Pages:
    """The pages of an opened file; `page` raises BadPage for one that cannot be read, `of` for all of it."""

    def __init__(self, path: Path | bytes) -> None:
        self._source = path
        self._document: pdfium.PdfDocument | None = None
        self._picture: Image.Image | None = None

    def page(self, index: int) -> PageImage:
        """The page of that 0-based index."""
        try:
            if self._document is not None:
                return _sized(_of_pdf(self._document, index))
            assert self._picture is not None  # noqa: S101
            self._picture.seek(index)
            return _sized(_of_picture(self._picture, self._single_jpeg()))
        except MemoryError:  # may go well another time
            raise
        except Exception as problem:  # Pillow and OpenCV raise whatever a damaged picture trips
            raise BadPage(str(problem)) from None

    def _single_jpeg(self) -> bytes | None:
        if self._picture is None or self._picture.format not in ("JPEG", "MPO"):
            return None
        return self._source if isinstance(self._source, bytes) else self._source.read_bytes()

    @classmethod
    @contextmanager
    def of(cls, source: Path | bytes) -> Iterator["Pages"]:
        """The pages of a file, or of a file's content."""
        pages = cls(source)
        try:
            if is_pdf(_head(source)):
                pages._document = (
                    pdfium.PdfDocument(source) if isinstance(source, bytes) else open_pdf(source)
                )
            else:
                pages._picture = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
        except (pdfium.PdfiumError, OSError, SyntaxError) as problem:
            raise BadPage(str(problem)) from None
        try:
            yield pages
        finally:
            for opened in (pages._document, pages._picture):
                if opened is not None:
                    opened.close()


def drawn(pdf: bytes, dpi: float) -> Image.Image:
    """The first page of a PDF as a picture of that resolution, or of less if it is large. Raises BadPage."""
    try:
        with pdfium.PdfDocument(pdf) as document:
            return _drawn(document[0], dpi)[0]
    except pdfium.PdfiumError as problem:
        raise BadPage(str(problem)) from None


def _drawn(page: pdfium.PdfPage, dpi: float) -> tuple[Image.Image, float]:
    """The page as a picture, and its resolution."""
    wide, high = page.get_size()
    dpi = min(dpi, 72 * (DRAWN_PIXELS / max(wide * high, 1)) ** 0.5)
    return page.render(scale=dpi / 72).to_pil(), dpi


def _sized(page: PageImage) -> PageImage:
    if not SIDES[0] <= min(page.width, page.height) <= max(page.width, page.height) <= SIDES[1]:
        raise BadPage("too narrow or too long")
    return page


def _head(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:1024]
    with source.open("rb") as file:
        return file.read(1024)


def _of_pdf(document: pdfium.PdfDocument, index: int) -> PageImage:
    page = document[index]
    try:
        wide, high = page.get_size()
        turn = page.get_rotation() // 90
        images = list(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=4))
        for one in images:
            columns, rows = one.get_px_size()
            if columns * rows > PIXEL_LIMIT:
                raise BadPage("too many pixels")
            if not _whole(one):
                raise BadPage("a picture that cannot be drawn, or not to its end")
        if len(images) == 1:
            found = _of_only(images[0], wide, high, turn)
            if found is not None:
                return found
        largest = max((_dpi_of(one) for one in images), default=USUAL_DPI)
        if _is_bilevel(page, images):  # in strips
            picture, dpi = _drawn(page, min(max(largest, LOWEST_DPI), HIGHEST_BILEVEL_DPI))
            return _made(picture.convert("L").point(lambda value: 255 * (value > 127)).convert("1"), dpi, 0)
        picture, dpi = _drawn(page, min(max(largest, LOWEST_DPI), HIGHEST_DPI))
        return _made(picture.convert("RGB"), dpi, 0)
    finally:
        page.close()


def _of_only(image: Any, wide: float, high: float, turn: int) -> PageImage | None:
    """The page as its only picture is, if that fills it and can be kept so; page size in points, upright."""
    placed = _placed(image, *((wide, high) if turn % 2 == 0 else (high, wide)))
    if placed is None:
        return None
    turn = (turn + placed) % 4
    columns, rows = image.get_px_size()
    if turn % 2:
        wide, high = high, wide
    dpi = columns / wide * 72
    if abs(rows / high * 72 / dpi - 1) > NEAR:
        return None
    if image.get_filters(skip_simple=True) == ["DCTDecode"]:
        return _jpeg(bytes(image.get_data(decode_simple=True)), dpi, turn)
    bilevel = _bilevel(image)
    return None if bilevel is None else _made(bilevel, dpi, turn)


def _is_bilevel(page: pdfium.PdfPage, images: list[Any]) -> bool:
    """Whether there is nothing on the page but pictures in black and white."""
    plain = (pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_FORM)
    only = all(one.type in plain for one in page.get_objects(max_depth=4))
    return bool(images) and only and all(_bilevel(one) is not None for one in images)


def _bilevel(image: Any) -> Image.Image | None:
    """A picture of one bit a pixel, black and white as the page shows it; None for any other."""
    about = image.get_metadata()
    if about.bits_per_pixel != 1:
        return None
    picture: Image.Image = image.get_bitmap().to_pil().convert("RGB")
    if about.colorspace == pdfium_c.FPDF_COLORSPACE_UNKNOWN:  # a stencil: what is set is painted
        paint = [ctypes.c_uint() for _ in range(4)]
        pdfium_c.FPDFPageObj_GetFillColor(image, *paint)
        if [one.value for one in paint] != [0, 0, 0, 255]:
            return None
        picture = ImageOps.invert(picture)
    if not {colour for _, colour in picture.getcolors(2) or [(0, None)]} <= {(0, 0, 0), (255, 255, 255)}:
        return None
    return picture.convert("1", dither=Image.Dither.NONE)


def _whole(image: Any) -> bool:
    """Whether all of a picture is there: pdfium leaves white or black what it cannot decode, and says nothing."""
    filters = list(image.get_filters())
    if image.get_filters(skip_simple=True) == ["DCTDecode"]:
        return _sound(bytes(image.get_data(decode_simple=True)))
    try:
        image.get_bitmap()
    except pdfium.PdfiumError:
        return False
    if filters and not set(filters) <= UNPACKED:
        return True
    columns, rows = image.get_px_size()
    colours = max(image.get_metadata().bits_per_pixel // 8, 1)
    length = len(image.get_data(decode_simple=True))
    sizes = [(columns * colours * bits + 7) // 8 * rows for bits in (1, 2, 4, 8)]
    return length >= sizes[-1] or any(0 <= length - size <= TAIL for size in sizes)


def _placed(image: Any, wide: float, high: float) -> int | None:
    """By how many quarter turns clockwise the image lies in the page's own frame; None if it does not fill it."""
    left, bottom, right, top = image.get_bounds()
    if max(abs(left), abs(right - wide)) > NEAR * wide or max(abs(bottom), abs(top - high)) > NEAR * high:
        return None
    matrix = image.get_matrix().get()[:4]
    return PLACED.get(tuple(0 if abs(one) < 0.01 else 1 if one > 0 else -1 for one in matrix))


def _dpi_of(image: Any) -> float:
    left, bottom, right, top = image.get_bounds()
    columns, rows = image.get_px_size()
    return float(max(columns, rows) / max(right - left, top - bottom, 1) * 72)


def _jpeg(data: bytes, dpi: float, turn: int) -> PageImage | None:
    """A page that is this JPEG; None for one whose colours a PDF says otherwise (CMYK)."""
    with Image.open(io.BytesIO(data)) as picture:
        if picture.mode not in ("L", "RGB"):
            return None
        wanted = cv2.IMREAD_GRAYSCALE if picture.mode == "L" else cv2.IMREAD_COLOR_RGB
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), wanted | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise BadPage("not a JPEG after all")
    return PageImage(np.asarray(pixels, np.uint8), "jpeg", data, dpi, turn)


def _sound(jpeg: bytes) -> bool:
    """Whether the JPEG is decoded without a complaint; after a hole or an early end there is one.

    Pillow, OpenCV and pdfium fill in grey and go on; qpdf is strict. Zeros before the end mark harm nothing.
    """
    with Image.open(io.BytesIO(jpeg)):  # refuses one of too many pixels before it takes memory
        pass
    if _strictly_decoded(jpeg):
        return True
    return jpeg.endswith(JPEG_END) and _strictly_decoded(jpeg[:-2].rstrip(b"\0") + JPEG_END)


def _strictly_decoded(jpeg: bytes) -> bool:
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, jpeg, Filter=pikepdf.Name.DCTDecode)
        try:
            return bool(stream.read_bytes(pikepdf.StreamDecodeLevel.all))
        except pikepdf.PikepdfError:
            return False


def _of_picture(picture: Image.Image, jpeg: bytes | None) -> PageImage:
    if jpeg is None:
        picture.load()  # turns a TIFF upright
    elif not _sound(jpeg):
        raise BadPage("the JPEG has a hole or ends early")
    dpi = float(picture.info.get("dpi", (0, 0))[0] or 0)
    if not 50 <= dpi <= 1200:
        dpi = max(picture.width, picture.height) / 297 * 25.4  # as if it were A4
    turn = TURNS.get(picture.getexif().get(EXIF_ORIENTATION, 1), 0)
    if jpeg is not None:
        found = _jpeg(jpeg, dpi, turn)
        if found is not None:
            return found
    return _made(picture, dpi, turn)


def _made(picture: Image.Image, dpi: float, turn: int) -> PageImage:
    """A page that is kept as a picture of our own making."""
    if picture.mode == "1":
        grey = np.array(picture.convert("L"))
        return PageImage(grey, "g4", _group_4(picture), dpi, turn)
    if picture.mode == "I;16":  # 16 bits of grey
        picture = Image.fromarray((np.array(picture) >> 8).astype(np.uint8))
    picture = picture.convert("L" if picture.mode in ("L", "LA", "I", "F") else "RGB")
    if picture.mode == "RGB" and _is_grey(picture):
        picture = picture.convert("L")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return PageImage(np.array(picture), "jpeg", buffer.getvalue(), dpi, turn)


def _is_grey(picture: Image.Image) -> bool:
    small = np.array(picture.reduce(4)).astype(np.int16)
    return int(np.ptp(small, axis=2).max()) < 8


def _group_4(picture: Image.Image) -> bytes:
    """The picture as CCITT group 4 in one strip, as a PDF holds it."""
    buffer = io.BytesIO()
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[TiffImagePlugin.ROWSPERSTRIP] = picture.height
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 0
    picture.save(buffer, "TIFF", compression="group4", tiffinfo=tags)
    data = buffer.getvalue()
    with Image.open(buffer) as saved:
        assert isinstance(saved, TiffImagePlugin.TiffImageFile)  # noqa: S101
        (start,), (length,) = saved.tag_v2[273], saved.tag_v2[279]
    return data[start : start + length]
