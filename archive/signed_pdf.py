"""The signed contract as one PDF: every sheet's scan as it is, under an invisible layer of its printed text.

The text layer is what was printed, run by run, at the place where the scan shows it; so the paper can be
searched and copied from, without any character recognition. Its font has boxes for characters: a code is a
character's number in the PDF, and ToUnicode says which (ISO 32000-1, 9.10.3). The same sheets give the same
bytes. pypdf puts the file together.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from archive.box_font import box_font
from archive.to_unicode import to_unicode


@dataclass(frozen=True, slots=True)
class Run:
    """Printed text in one line.

    `matrix` (a, b, c, d, e, f) takes its own frame to the upright scan's, in pixels from the top left: the
    baseline runs along (a, b), one unit long for the whole run; (c, d) is a font size upwards.
    """

    text: str
    matrix: tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class SheetScan:
    """A scanned sheet: its image file's content (`kind` "jpeg", or "g4": CCITT group 4, 1 is black).

    `width` and `height` in pixels as the image has them; `turn` quarter turns clockwise make it upright.
    `colours` 1 or 3; `dpi` gives the page's size.
    """

    kind: str
    image: bytes
    width: int
    height: int
    colours: int
    dpi: float
    turn: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page of an earlier PDF of this kind, taken over as it is; `position` from 1."""

    pdf: bytes
    position: int


def signed_pdf(title: str, pages: Sequence[SheetScan | KeptPage]) -> bytes:
    """One PDF of the pages, in order."""
    writer = PdfWriter()
    writer.add_metadata({"/Title": title, "/Producer": "huyue"})
    scans = [page for page in pages if isinstance(page, SheetScan)]
    codes = _codes(run.text for scan in scans for run in scan.runs)
    font = _font(writer, codes) if codes else None
    for page in pages:
        if isinstance(page, KeptPage):
            writer.add_page(PdfReader(io.BytesIO(page.pdf)).pages[page.position - 1])
        else:
            _add_scan(writer, page, codes, font)
    writer.root_object[NameObject("/Lang")] = TextStringObject("zh-CN")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _codes(texts: Iterable[str]) -> dict[str, int]:
    """A number from 1 for every character that occurs."""
    return {
        character: code for code, character in enumerate(sorted({one for text in texts for one in text}), 1)
    }


def _add_scan(writer: PdfWriter, scan: SheetScan, codes: dict[str, int], font: IndirectObject | None) -> None:
    scale = 72 / scan.dpi
    wide, high = (scan.width, scan.height) if scan.turn % 2 == 0 else (scan.height, scan.width)
    page = writer.add_blank_page(wide * scale, high * scale)
    image = writer._add_object(_image(scan))
    fonts = {} if font is None else {"Font": _dictionary(T=font)}
    page[NameObject("/Resources")] = _dictionary(XObject=_dictionary(I=image), **fonts)
    content = _place_image(scan.turn, wide * scale, high * scale) + _text(scan, high, scale, codes)
    page[NameObject("/Contents")] = _stream(writer, content)


def _place_image(turn: int, wide: float, high: float) -> bytes:
    """Content that draws the image upright over the whole page."""
    matrix = {
        0: (wide, 0, 0, high, 0, 0),
        1: (0, -high, wide, 0, 0, high),
        2: (-wide, 0, 0, -high, wide, high),
        3: (0, high, -wide, 0, wide, 0),
    }[turn]
    return b"q %.4f %.4f %.4f %.4f %.4f %.4f cm /I Do Q\n" % matrix


def _text(scan: SheetScan, high: int, scale: float, codes: dict[str, int]) -> bytes:
    parts = [b"BT 3 Tr\n"]
    for run in scan.runs:
        a, b, c, d, e, f = run.matrix
        size, long = hypot(c, d) * scale, hypot(a, b) * scale
        if size <= 0 or long <= 0:
            continue
        wide = 100 * long / (len(run.text) * size)  # a code is an em wide
        turned = (a * scale / long, -b * scale / long, c * scale / size, -d * scale / size)
        shown = "".join(f"{codes[character]:04X}" for character in run.text)
        place = (size, wide, *turned, e * scale, (high - f) * scale, shown.encode())
        parts.append(b"/T %.2f Tf %.2f Tz %.5f %.5f %.5f %.5f %.3f %.3f Tm <%b> Tj\n" % place)
    return b"".join([*parts, b"ET\n"]) if scan.runs else b""


def _image(scan: SheetScan) -> StreamObject:
    entries: dict[str, object] = {"Type": "/XObject", "Subtype": "/Image"}
    entries |= {"Width": scan.width, "Height": scan.height}
    if scan.kind == "jpeg":
        space = "/DeviceRGB" if scan.colours == 3 else "/DeviceGray"
        entries |= {"ColorSpace": space, "BitsPerComponent": 8, "Filter": "/DCTDecode"}
    else:
        parameters = _dictionary(K=-1, Columns=scan.width, Rows=scan.height)
        entries |= {"ColorSpace": "/DeviceGray", "BitsPerComponent": 1, "Filter": "/CCITTFaxDecode"}
        entries |= {"DecodeParms": parameters}
    image = StreamObject()
    image.set_data(scan.image)
    image.update(_dictionary(**entries))
    return image


def _font(writer: PdfWriter, codes: dict[str, int]) -> IndirectObject:
    """A composite font of boxes, in which `codes` number the characters; every code is an em wide."""
    descriptor = _dictionary(
        Type="/FontDescriptor",
        FontName="/HuyueText",
        Flags=4,
        FontBBox=ArrayObject(NumberObject(one) for one in (0, -120, 1000, 880)),
        ItalicAngle=0,
        Ascent=880,
        Descent=-120,
        CapHeight=880,
        StemV=80,
        FontFile2=_stream(writer, box_font(), Length1=len(box_font())),
    )
    system = _dictionary(Supplement=0)
    system |= {NameObject("/Registry"): TextStringObject("Adobe")}
    system |= {NameObject("/Ordering"): TextStringObject("Identity")}
    descendant = _dictionary(
        Type="/Font",
        Subtype="/CIDFontType2",
        BaseFont="/HuyueText",
        CIDSystemInfo=system,
        FontDescriptor=writer._add_object(descriptor),
        DW=1000,
        CIDToGIDMap=_stream(writer, b"\0\0" + b"\0\1" * len(codes)),
    )
    font = _dictionary(
        Type="/Font",
        Subtype="/Type0",
        BaseFont="/HuyueText",
        Encoding="/Identity-H",
        DescendantFonts=ArrayObject([writer._add_object(descendant)]),
        ToUnicode=_stream(writer, to_unicode({code: character for character, code in codes.items()})),
    )
    return writer._add_object(font)


def _stream(writer: PdfWriter, data: bytes, **entries: object) -> IndirectObject:
    stream = DecodedStreamObject()
    stream.set_data(data)
    packed = stream.flate_encode()
    packed.update(_dictionary(**entries))
    return writer._add_object(packed)


def _dictionary(**entries: object) -> DictionaryObject:
    """A PDF dictionary; text is taken for names."""
    return DictionaryObject({NameObject(f"/{name}"): _value(value) for name, value in entries.items()})


def _value(value: object) -> PdfObject:
    match value:
        case PdfObject():
            return value
        case int():
            return NumberObject(value)
        case _:
            return NameObject(str(value))
