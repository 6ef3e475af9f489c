"""The signed contract as one PDF/A-2u: every sheet's scan as it is, under an invisible layer of its printed text.

The text layer is what was printed, run by run, at the place where the scan shows it; so the paper can be
searched and copied from, without any character recognition. Its font has boxes for characters: a code is the
character's own UTF-16 unit, and ToUnicode says so (ISO 32000-1, 9.10.3). What costs time is done where a
`SheetScan` is made, in a worker; `signed_pdf`, in the one process that writes, only joins. The same sheets give
the same bytes.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import hypot

import pikepdf

from archive.box_font import box_font
from archive.pdf_file import PdfFile, packed
from archive.to_unicode import to_unicode

Matrix = tuple[float, float, float, float, float, float]

WHOLE: Matrix = (1, 0, 0, 1, 0, 0)  # fills its sheet
MIRRORED: Matrix = (-1, 0, 0, 1, 1, 0)  # fills it, left and right exchanged
POINTS_LEAST, POINTS_MOST = 3, 14400  # of a page's sides (ISO 19005-2, 6.1.13)
RARE = 0xD800  # the code of the first character on a sheet that is no UTF-16 unit by itself


@dataclass(frozen=True, slots=True)
class Run:
    """Printed text in one line.

    `matrix` (a, b, c, d, e, f) takes its own frame to the upright scan's, in pixels from the top left: the
    baseline runs along (a, b), one unit long for the whole run; (c, d) is a font size upwards.
    """

    text: str
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as a PDF holds it (ISO 32000-1, 8.9.5): `data`, packed as `entries` of its dictionary say.

    `entries` have a %d for the object number of each of `streams`, which are (entries, data) alike. `place`
    takes the unit square, upwards, to where the image lies on its sheet before that is turned, in shares of it.
    """

    entries: bytes
    data: bytes
    streams: tuple[tuple[bytes, bytes], ...] = ()
    place: Matrix = WHOLE


@dataclass(frozen=True, slots=True)
class SheetScan:
    """A scanned sheet as it is filed: its pictures, in the order in which they are painted.

    `width` and `height` of the sheet in pixels before it is turned; `turn` quarter turns clockwise make it
    upright; `dpi` gives the page's size. `text` is the content of the text layer and `codes` the CMap for it,
    both packed, b"" for none; `thumb` a small upright picture (JPEG), b"" for none. `sheet_scan` makes one.
    """

    pictures: tuple[Picture, ...]
    width: int
    height: int
    dpi: float
    turn: int
    text: bytes = b""
    codes: bytes = b""
    thumb: bytes = b""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page of an earlier PDF of this kind, taken over as it is; `position` from 1."""

    pdf: bytes
    position: int


def jpeg_picture(data: bytes, width: int, height: int, colours: int, place: Matrix = WHOLE) -> Picture:
    """A JPEG, byte for byte, of 1 (grey) or 3 `colours`."""
    return Picture(_jpeg_entries(width, height, colours), data, (), place)


def sheet_scan(
    pictures: Sequence[Picture],
    size: tuple[int, int],
    dpi: float,
    turn: int,
    runs: Sequence[Run],
    thumb: bytes = b"",
) -> SheetScan:
    """The sheet of these pictures under these runs of text; `size` is its width and height in pixels, not turned."""
    rare = sorted({character for run in runs for character in run.text if ord(character) > 0xFFFF})
    swap = str.maketrans({character: chr(RARE + at) for at, character in enumerate(rare)})
    written = sorted({character for run in runs for character in run.text})
    codes = {ord(character.translate(swap)): character for character in written}
    high = size[0] if turn % 2 else size[1]
    text = _text(runs, swap, high, _scale(size, dpi))
    text, cmap = (packed(text), packed(to_unicode(codes))) if text else (b"", b"")
    return SheetScan(tuple(pictures), *size, dpi, turn, text, cmap, thumb)


def signed_pdf(title: str, pages: Sequence[SheetScan | KeptPage]) -> bytes:
    """One PDF of the pages, in order."""
    file = PdfFile()
    for page in pages:
        if isinstance(page, KeptPage):
            with pikepdf.open(io.BytesIO(page.pdf)) as earlier:
                file.copied_page(earlier.pages[page.position - 1])
        else:
            _add_scan(file, page)
    return file.finish(title)


def _add_scan(file: PdfFile, scan: SheetScan) -> None:
    scale = _scale((scan.width, scan.height), scan.dpi)
    wide, high = scan.width * scale, scan.height * scale
    if scan.turn % 2:
        wide, high = high, wide
    names = [b"I%d" % at for at in range(len(scan.pictures))]
    drawn = b"".join(
        b"q %b cm/%b Do Q " % (_in_pixels(picture.place, scan.width, scan.height), name)
        for name, picture in zip(names, scan.pictures, strict=True)
    )
    contents = [file.stream(b"", b"q %b cm %bQ\n" % (_upright(scan, wide, high), drawn))]
    images = b"".join(
        b"/%b %d 0 R" % (name, _add_picture(file, one))
        for name, one in zip(names, scan.pictures, strict=True)
    )
    font = thumb = b""
    if scan.text:
        contents.append(file.stream(b"/Filter/FlateDecode", scan.text))
        font = b"/Font<</T %d 0 R>>" % _add_font(file, scan.codes)
    if scan.thumb:
        thumb = b"/Thumb %d 0 R" % file.stream(_jpeg_entries(*_jpeg_size(scan.thumb)), scan.thumb)
    listed = b" ".join(b"%d 0 R" % number for number in contents)
    place = (wide, high, listed, images, font, thumb)
    file.page(b"/MediaBox[0 0 %.4f %.4f]/Contents[%b]/Resources<</XObject<<%b>>%b>>%b" % place)


def _add_picture(file: PdfFile, picture: Picture) -> int:
    numbers = tuple(file.stream(*stream) for stream in picture.streams)
    return file.stream(b"/Type/XObject/Subtype/Image" + picture.entries % numbers, picture.data)


def _scale(size: tuple[int, int], dpi: float) -> float:
    """Points a pixel: what the resolution says, as far as a page may be so large or small."""
    return max(min(72 / dpi, POINTS_MOST / max(size)), POINTS_LEAST / min(size))


def _upright(scan: SheetScan, wide: float, high: float) -> bytes:
    """The matrix that takes the sheet, in pixels from its bottom left corner, to the whole page of that size, turned."""
    across, down = (high, wide) if scan.turn % 2 else (wide, high)
    x, y = across / scan.width, down / scan.height
    matrix = {
        0: (x, 0, 0, y, 0, 0),
        1: (0, -x, y, 0, 0, high),
        2: (-x, 0, 0, -y, wide, high),
        3: (0, x, -y, 0, wide, 0),
    }[scan.turn]
    return b"%.6f %.6f %.6f %.6f %.4f %.4f" % matrix


def _in_pixels(place: Matrix, width: int, height: int) -> bytes:
    return b"%.4f %.4f %.4f %.4f %.4f %.4f" % tuple(
        share * side for share, side in zip(place, (width, height) * 3, strict=True)
    )


def _text(runs: Sequence[Run], swap: dict[int, str], high: int, scale: float) -> bytes:
    """The runs as content, for a page of that height in pixels; b"" if there is nothing to write."""
    parts = []
    for run in runs:
        a, b, c, d, e, f = run.matrix
        size, long = hypot(c, d) * scale, hypot(a, b) * scale
        if size <= 0 or long <= 0 or not run.text:
            continue
        wide = 100 * long / (len(run.text) * size)  # a code is an em wide
        turned = (a * scale / long, -b * scale / long, c * scale / size, -d * scale / size)
        shown = run.text.translate(swap).encode("utf-16-be", "surrogatepass").hex().encode()
        place = (size, wide, *turned, e * scale, (high - f) * scale, shown)
        parts.append(b"/T %.2f Tf %.2f Tz %.5f %.5f %.5f %.5f %.3f %.3f Tm <%b> Tj\n" % place)
    return b"".join([b"BT 3 Tr\n", *parts, b"ET\n"]) if parts else b""


def _jpeg_entries(width: int, height: int, colours: int) -> bytes:
    space = b"RGB" if colours == 3 else b"Gray"
    entries = b"/Width %d/Height %d/BitsPerComponent 8/ColorSpace/Device%b/Filter/DCTDecode"
    return entries % (width, height, space)


def _jpeg_size(data: bytes) -> tuple[int, int, int]:
    """Width, height and colours of a JPEG of our own making: baseline, its frame header after segments."""
    at = 2
    while data[at + 1] != 0xC0:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    height, width = (int.from_bytes(data[at + k : at + k + 2], "big") for k in (5, 7))
    return width, height, data[at + 9]


def _add_font(file: PdfFile, codes: bytes) -> int:
    """A composite font of boxes, whose codes stand for what the packed CMap says; every code is an em wide."""
    program = file.stream(b"/Filter/FlateDecode/Length1 %d" % len(box_font()), _packed_font())
    descriptor = file.object(
        b"<</Type/FontDescriptor/FontName/HuyueText/Flags 4/FontBBox[0 -120 1000 880]/ItalicAngle 0/Ascent 880"
        b"/Descent -120/CapHeight 880/StemV 80/FontFile2 %d 0 R>>" % program
    )
    glyphs = file.stream(b"/Filter/FlateDecode", _packed_glyphs())
    descendant = file.object(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/HuyueText/CIDSystemInfo<</Registry(Adobe)"
        b"/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/DW 1000/CIDToGIDMap %d 0 R>>"
        % (descriptor, glyphs)
    )
    return file.object(
        b"<</Type/Font/Subtype/Type0/BaseFont/HuyueText/Encoding/Identity-H/DescendantFonts[%d 0 R]"
        b"/ToUnicode %d 0 R>>" % (descendant, file.stream(b"/Filter/FlateDecode", codes))
    )


@cache
def _packed_font() -> bytes:
    return packed(box_font())


@cache
def _packed_glyphs() -> bytes:
    """The glyph of every code: the box, but for code 0."""
    return packed(b"\0\0" + b"\0\1" * 0xFFFF)
