"""A page that is an image file, or a frame of one."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from archive.signed_pdf import Picture
from pipeline.intake.files import PIXEL_LIMIT
from pipeline.intake.page_pixels import (
    BadPage,
    PageImage,
    Pixels,
    decoded,
    fax_picture,
    lossless,
    made,
    plain,
    png_picture,
    strips,
    whole_page,
)

EXIF_ORIENTATION = 0x0112
# Quarter turns clockwise that an orientation asks for, and whether the picture is mirrored before that (CIPA DC-008).
ORIENTATIONS = {
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (1, False),
    7: (1, True),
    8: (3, False),
}
A4_LONG = 297 / 25.4  # inches
DPI_LEAST, DPI_MOST = 50, 1200  # what a file may say
STRIPS_MOST = 500
GROUP_4, JPEG = 4, 7  # compressions of TIFF
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
OFFSETS, SAMPLES, ROWS_A_STRIP, COUNTS, JPEG_TABLES = 273, 277, 278, 279, 347
ADOBE_RGB = (
    b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"  # a segment: the colours are red, green and blue themselves
)
REVERSED = bytes(int(f"{one:08b}"[::-1], 2) for one in range(256))
PNG_COLOURS = {0: 1, 2: 3, 3: 1}  # by colour type, those without opacity: samples a pixel


def page_of(picture: Image.Image, source: bytes | None) -> PageImage:
    """The page as an opened image file has it; `source` is the whole file, but for a TIFF.

    Raises BadPage, and whatever Pillow raises over damaged pictures.
    """
    if picture.width * picture.height > PIXEL_LIMIT:
        raise BadPage("too many pixels")
    dpi = _dpi(picture)
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        return _of_tiff(picture, dpi)
    turn, mirrored = ORIENTATIONS.get(picture.getexif().get(EXIF_ORIENTATION, 1), (0, False))
    if source is not None and picture.format in ("JPEG", "MPO"):
        found = decoded(source)
        if found is not None:
            return whole_page(*found, dpi, turn, mirrored)
    if source is not None and picture.format == "PNG":
        kept = _png(picture, source)
        if kept is not None:
            return whole_page(plain(picture), kept, dpi, turn, mirrored)
        return whole_page(*lossless(picture), dpi, turn, mirrored)
    page = made(picture, max(dpi))  # a JPEG in CMYK; a HEIC, which its library has turned, and says so
    return whole_page(page.pixels, page.pictures[0], dpi, turn, mirrored)


def _dpi(picture: Image.Image) -> tuple[float, float]:
    """The resolution across and down, as the file says; as if the page were A4 if it says nothing likely."""
    said = [float(one or 0) for one in picture.info.get("dpi", (0, 0))]
    if all(DPI_LEAST <= one <= DPI_MOST for one in said):
        return said[0], said[1]
    guess = max(picture.width, picture.height) / A4_LONG
    return guess, guess


def _png(picture: Image.Image, data: bytes) -> Picture | None:
    """A PNG's own stream; None for one that is interlaced or transparent."""
    chunks = list(_chunks(data))
    head = next(body for kind, body in chunks if kind == b"IHDR")
    width, height = (int.from_bytes(head[at : at + 4], "big") for at in (0, 4))
    bits, kind, interlaced = head[8], head[9], head[12]
    if kind not in PNG_COLOURS or interlaced or any(name == b"tRNS" for name, _ in chunks):
        return None
    palette = next((body for name, body in chunks if name == b"PLTE"), b"") if kind == 3 else b""
    stream = b"".join(body for name, body in chunks if name == b"IDAT")
    return png_picture(stream, width, height, PNG_COLOURS[kind], bits, palette)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _of_tiff(picture: TiffImagePlugin.TiffImageFile, dpi: tuple[float, float]) -> PageImage:
    tags: Any = picture.tag_v2
    kept: tuple[Picture, ...] | None = None
    pixels: Pixels | None = None
    if tags.get(EXIF_ORIENTATION, 1) == 1:
        if tags.get(COMPRESSION) == GROUP_4:
            kept = _fax_strips(picture, tags)
        elif tags.get(COMPRESSION) == JPEG:
            found = _jpeg_strips(picture, tags)
            if found is not None:
                pixels, kept = found
    if pixels is None:
        picture.load()  # turns it upright, by its orientation
        pixels = plain(picture) if kept else None
    if pixels is None or kept is None:
        return whole_page(*lossless(picture), dpi, 0, False)
    page = whole_page(pixels, kept[0], dpi, 0, False)
    return PageImage(page.pixels, kept, page.dpi, 0)


def _strips(picture: TiffImagePlugin.TiffImageFile, tags: Any) -> tuple[list[bytes], list[int]] | None:
    """The strips as they lie in the file, and the rows of each; None where there are tiles, or too many."""
    file = picture.fp
    if file is None or OFFSETS not in tags or not 1 <= len(tags[OFFSETS]) <= STRIPS_MOST:
        return None
    rows, height = min(tags.get(ROWS_A_STRIP, tags[HEIGHT]), tags[HEIGHT]), tags[HEIGHT]
    data = []
    for start, length in zip(tags[OFFSETS], tags[COUNTS], strict=True):
        file.seek(start)
        data.append(file.read(length))
    heights = [min(rows, height - at * rows) for at in range(len(data))]
    return (data, heights) if heights[-1] > 0 and sum(heights) == height else None


def _fax_strips(picture: TiffImagePlugin.TiffImageFile, tags: Any) -> tuple[Picture, ...] | None:
    found = _strips(picture, tags)
    if found is None or tags.get(SAMPLES, 1) != 1 or tags.get(PHOTOMETRIC) not in (0, 1):
        return None
    data, heights = found
    if tags.get(FILL_ORDER, 1) == 2:
        data = [one.translate(REVERSED) for one in data]
    inverted = tags[PHOTOMETRIC] == 1
    pictures = [
        fax_picture(one, tags[WIDTH], high, black_is_1=inverted)
        for one, high in zip(data, heights, strict=True)
    ]
    return strips(pictures, heights)


def _jpeg_strips(
    picture: TiffImagePlugin.TiffImageFile, tags: Any
) -> tuple[Pixels, tuple[Picture, ...]] | None:
    """Strips of JPEG with the tables that they share; None where the colours are other than usual."""
    found = _strips(picture, tags)
    colours = (tags.get(SAMPLES, 1), tags.get(PHOTOMETRIC))
    if found is None or colours not in ((1, 1), (3, 2), (3, 6)) or set(tags.get(BITS, (8,))) != {8}:
        return None
    tables = bytes(tags.get(JPEG_TABLES, b""))[2:-2]  # without its begin and end marks
    if colours == (3, 2):
        tables = ADOBE_RGB + tables
    pages = [decoded(one[:2] + tables + one[2:]) for one in found[0]]
    pixels = [one[0] for one in pages if one is not None]
    if [(one.shape[0], one.shape[1]) for one in pixels] != [(high, tags[WIDTH]) for high in found[1]]:
        return None  # such a strip is filled up to whole blocks
    return np.concatenate(pixels), strips([one[1] for one in pages if one is not None], found[1])
