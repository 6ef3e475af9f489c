"""Pictures, and files that hold them in the ways that scanners do."""

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pikepdf
import pypdfium2 as pdfium
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageDraw

from archive.signed_pdf import Run, signed_pdf
from pipeline.intake.page_image import PageImage, Pages
from tests.pdfa_check import pdfa_faults

WIDE, HIGH, DPI = 413, 585, 288
POINTS = (WIDE * 72 / DPI, HIGH * 72 / DPI)
NOISE = 2.5  # how far a JPEG of the drawing is from it
RUNS = (Run("合同", (60, 0, 0, -30, 40, 200)),)
Grey = npt.NDArray[np.int16]


def drawing(mode: str = "RGB") -> Image.Image:
    """A picture that is like no turned or mirrored one of itself, with a little noise as scanners have."""
    picture = Image.new("RGB", (WIDE, HIGH), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((20, 30, 200, 90), fill="black")
    draw.ellipse((250, 60, 380, 190), outline="red", width=9)
    draw.polygon([(40, 500), (200, 540), (60, 300)], fill="navy")
    if mode == "1":
        return picture.convert("L").point(lambda value: 255 * (value > 150)).convert("1")
    noise = np.random.default_rng(0).integers(-6, 1, (HIGH, WIDE, 1))
    return Image.fromarray(np.clip(np.array(picture) + noise, 0, 255).astype(np.uint8)).convert(mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def bits(picture: Image.Image) -> bytes:
    """Rows of a bit a pixel, 1 is white, padded to bytes."""
    return np.packbits(np.array(picture), axis=1).tobytes()


def fax(picture: Image.Image, compression: str = "group4") -> bytes:
    """The one strip of a TIFF: CCITT, in which black is coded as black."""
    data = saved(picture, "TIFF", compression=compression, tiffinfo={262: 0, 278: picture.height})
    with Image.open(io.BytesIO(data)) as tiff:
        (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]  # type: ignore[attr-defined]
    return data[start : start + length]


def jbig2(picture: Image.Image) -> bytes:
    """A JBIG2 stream as a PDF has it: one generic region, coded as a fax (ITU-T T.88, 7.4.6, with MMR)."""
    size = struct.pack(">II", *picture.size)
    page = size + bytes(8) + b"\0" + bytes(2)
    region = size + bytes(8) + b"\0" + b"\1" + fax(picture)
    segments = ((0, 48, page), (1, 38, region))
    return b"".join(
        struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data for number, kind, data in segments
    )


def jbig2_shared() -> bytes:
    """What JBIG2 streams of a PDF may share: a comment (7.4.16), which belongs to no page."""
    comment = b"\x20\0\0\0" + b"scanner\0three\0\0"
    return struct.pack(">IBBBI", 9, 62, 0, 0, len(comment)) + comment


def image(pdf: pikepdf.Pdf, data: bytes, **entries: Any) -> pikepdf.Stream:
    """An image of a PDF; WIDE × HIGH in grey of 8 bits if not said otherwise, None leaves an entry out."""
    about = {"Width": WIDE, "Height": HIGH, "BitsPerComponent": 8, "ColorSpace": Name.DeviceGray} | entries
    named = {f"/{name}": value for name, value in about.items() if value is not None}
    return pikepdf.Stream(pdf, data, {"/Type": Name.XObject, "/Subtype": Name.Image} | named)


def place(name: str, matrix: tuple[float, ...] = (POINTS[0], 0, 0, POINTS[1], 0, 0)) -> str:
    return "q " + " ".join(f"{one:.4f}" for one in matrix) + f" cm /{name} Do Q "


def written(pdf: pikepdf.Pdf) -> bytes:
    buffer = io.BytesIO()
    pdf.save(buffer, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return buffer.getvalue()


def pdf_of(
    data: bytes, before: str = "", after: str = "", page: dict[str, Any] | None = None, **entries: Any
) -> bytes:
    """A PDF whose one page is this image, with content before and after it, and entries of the page's own."""
    with pikepdf.new() as pdf:
        only = pdf.add_blank_page(page_size=POINTS)
        only.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image(pdf, data, **entries)))
        only.Contents = pikepdf.Stream(pdf, f"{before} {place('I')} {after}".encode())
        for name, value in (page or {}).items():
            only.obj[f"/{name}"] = value
        return written(pdf)


def page_of(content: bytes, index: int = 0) -> PageImage:
    with Pages.of(content) as pages:
        return pages.page(index)


def shown(pdf: bytes, index: int = 0, dpi: float = DPI) -> Image.Image:
    """A page as pdfium draws it."""
    with pdfium.PdfDocument(pdf) as document:
        picture: Image.Image = document[index].render(scale=dpi / 72 * (1 - 1e-6)).to_pil()  # which rounds up
    return picture.convert("RGB")


def upright(page: PageImage) -> Image.Image:
    """A page's pixels, turned as its file says."""
    return Image.fromarray(np.ascontiguousarray(np.rot90(page.pixels, -page.turn))).convert("RGB")


def far(one: Image.Image, other: Image.Image) -> float:
    """How far two pictures are from each other, on average, of 255; their sizes may differ by a pixel."""
    assert max(abs(one.width - other.width), abs(one.height - other.height)) <= 1, (one.size, other.size)
    size = (min(one.width, other.width), min(one.height, other.height))
    pixels: list[Grey] = [
        np.asarray(picture.convert("RGB").crop((0, 0, *size)), np.int16) for picture in (one, other)
    ]
    return float(np.abs(pixels[0] - pixels[1]).mean())


def run_lengths(data: bytes) -> bytes:
    """Packed as /RunLengthDecode unpacks it (ISO 32000-1, 7.4.5), without looking for runs."""
    pieces = [data[at : at + 128] for at in range(0, len(data), 128)]
    return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces) + b"\x80"


def lzw(data: bytes) -> bytes:
    """Packed as /LZWDecode unpacks it, by the simplest encoder: nine bits a byte, the table cleared in time."""
    codes = [256]
    for at, byte in enumerate(data, 1):
        codes.append(byte)
        if at % 200 == 0:
            codes.append(256)
    text = "".join(f"{code:09b}" for code in [*codes, 257])
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def filed(page: PageImage) -> bytes:
    """The page as it is filed, which is a PDF/A."""
    pdf = signed_pdf("x", [page.scan(page.dpi, page.turn, RUNS)])
    assert pdfa_faults(pdf) == []
    return pdf


def as_scanned(page: PageImage, data: bytes, picture: Image.Image, near: float = NOISE) -> None:
    """The page shows the picture, is kept as these bytes, and is the same page when it comes out of a filing."""
    assert far(upright(page), picture) <= near
    assert [one.data for one in page.pictures] == [data]
    assert round(page.dpi) == DPI
    pdf = filed(page)
    assert far(shown(pdf, dpi=page.dpi), upright(page)) < 0.5
    again = page_of(pdf)
    assert [one.data for one in again.pictures] == [data]
    assert again.turn == page.turn and np.array_equal(again.pixels, page.pixels)


def stamped(content: bytes) -> bytes:
    """With a red square over a corner, as programs that comment on PDFs put it there."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        look = pikepdf.Stream(pdf, b"1 0 0 rg 0 0 30 30 re f", Subtype=Name.Form, BBox=[0, 0, 30, 30])
        stamp = Dictionary(
            Type=Name.Annot, Subtype=Name.Stamp, Rect=[5, 5, 35, 35], F=4, AP=Dictionary(N=look)
        )
        pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(stamp)])
        return written(pdf)


def inline(picture: Image.Image) -> bytes:
    with pikepdf.new() as pdf:
        only = pdf.add_blank_page(page_size=POINTS)
        head = f"q {POINTS[0]:.4f} 0 0 {POINTS[1]:.4f} 0 0 cm BI /W {WIDE} /H {HIGH} /BPC 8 /CS /RGB ID "
        only.Contents = pikepdf.Stream(pdf, head.encode() + picture.tobytes() + b" EI Q")
        return written(pdf)


def made_pdf(make: Callable[[pikepdf.Pdf], tuple[bytes, dict[str, Any]]]) -> bytes:
    """A PDF of one image, whose entries need the PDF to be made."""
    with pikepdf.new() as pdf:
        data, entries = make(pdf)
        only = pdf.add_blank_page(page_size=POINTS)
        only.Resources = Dictionary(XObject=Dictionary(I=image(pdf, data, **entries)))
        only.Contents = pikepdf.Stream(pdf, place("I").encode())
        return written(pdf)
