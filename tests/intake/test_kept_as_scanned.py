"""Every way in which a scanner's file holds a page: its pixels right side up, its own image kept as it was."""

import io
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageOps

from archive.pdfa import srgb_profile
from pipeline.intake.page_image import BadPage
from tests.intake.scan_files import (
    DPI,
    HIGH,
    NOISE,
    POINTS,
    WIDE,
    as_scanned,
    bits,
    drawing,
    far,
    fax,
    filed,
    image,
    inline,
    jbig2,
    jbig2_shared,
    lzw,
    made_pdf,
    page_of,
    pdf_of,
    place,
    run_lengths,
    saved,
    shown,
    stamped,
    upright,
    written,
)

RESOURCES = Path(__file__).parents[1] / "resources/scans"

COLOUR, GREY, BLACK = drawing(), drawing("L"), drawing("1")
RAW, RAW_GREY, BITS = COLOUR.tobytes(), GREY.tobytes(), bits(BLACK)
JPEG, JPEG_GREY = (saved(one, "JPEG", quality=90) for one in (COLOUR, GREY))
PALETTE = COLOUR.quantize(16)
NIBBLES = np.pad(np.array(PALETTE), ((0, 0), (0, 1)))
NIBBLES = NIBBLES[:, ::2] << 4 | NIBBLES[:, 1::2]
LOOKUP = bytes(PALETTE.getpalette() or [])[:48]
PREDICTED = zlib.compress(
    b"".join(b"\2" + row.tobytes() for row in np.diff(np.array(GREY), axis=0, prepend=np.uint8(0)))
)
FLAT: dict[str, Any] = {"Filter": Name.FlateDecode}
RGB: dict[str, Any] = {"ColorSpace": Name.DeviceRGB}
ONE: dict[str, Any] = {"BitsPerComponent": 1}
G4: dict[str, Any] = ONE | {"Filter": Name.CCITTFaxDecode}
TO_THE_FAX = Dictionary(K=-1, Columns=WIDE, Rows=HIGH)


def tagged(pdf: pikepdf.Pdf) -> tuple[bytes, dict[str, Any]]:
    profile = pikepdf.Stream(pdf, srgb_profile(), N=3)
    return zlib.compress(RAW), FLAT | {"ColorSpace": Array([Name.ICCBased, profile])}


def tagged_palette(pdf: pikepdf.Pdf) -> tuple[bytes, dict[str, Any]]:
    base, lookup = (
        Array([Name.ICCBased, pikepdf.Stream(pdf, srgb_profile(), N=3)]),
        pikepdf.Stream(pdf, LOOKUP),
    )
    space = Array([Name.Indexed, base, 15, lookup])
    return zlib.compress(NIBBLES.tobytes()), FLAT | {"BitsPerComponent": 4, "ColorSpace": space}


def seen_through(pdf: pikepdf.Pdf) -> tuple[bytes, dict[str, Any]]:
    return JPEG, RGB | {"Filter": Name.DCTDecode, "SMask": image(pdf, zlib.compress(RAW_GREY), **FLAT)}


def badly_tagged(pdf: pikepdf.Pdf) -> tuple[bytes, dict[str, Any]]:
    profile = pikepdf.Stream(pdf, srgb_profile().replace(b"acsp", b"none"), N=3)
    return zlib.compress(RAW), FLAT | {"ColorSpace": Array([Name.ICCBased, profile])}


def sharing(pdf: pikepdf.Pdf) -> tuple[bytes, dict[str, Any]]:
    shared = pikepdf.Stream(pdf, jbig2_shared())
    return jbig2(BLACK), ONE | {"Filter": Name.JBIG2Decode, "DecodeParms": Dictionary(JBIG2Globals=shared)}


SIXTEEN = np.array(GREY).astype(">u2") * 257
# A PDF, what its image is to be kept as (the stream itself), and the picture it shows.
KEPT: dict[str, tuple[Callable[[], bytes], bytes, Image.Image]] = {
    "jpeg": (lambda: pdf_of(JPEG, **RGB, Filter=Name.DCTDecode), JPEG, COLOUR),
    "jpeg in a list": (lambda: pdf_of(JPEG, **RGB, Filter=Array([Name.DCTDecode])), JPEG, COLOUR),
    "jpeg grey": (lambda: pdf_of(JPEG_GREY, Filter=Name.DCTDecode), JPEG_GREY, GREY),
    "jpeg inverted": (
        lambda: pdf_of(saved(ImageOps.invert(GREY), "JPEG", quality=90), Filter=Name.DCTDecode, Decode=[1, 0]),
        saved(ImageOps.invert(GREY), "JPEG", quality=90),
        GREY,
    ),
    "jpeg deflated": (
        lambda: pdf_of(zlib.compress(JPEG), **RGB, Filter=Array([Name.FlateDecode, Name.DCTDecode])),
        JPEG,
        COLOUR,
    ),
    "fax, group 4": (lambda: pdf_of(fax(BLACK), **G4, DecodeParms=TO_THE_FAX), fax(BLACK), BLACK),
    "fax, group 3": (
        lambda: pdf_of(fax(BLACK, "group3"), **G4, DecodeParms=Dictionary(K=0, Columns=WIDE, EndOfLine=True)),
        fax(BLACK, "group3"),
        BLACK,
    ),
    "fax, black is 1": (
        lambda: pdf_of(
            fax(BLACK), **G4, DecodeParms=Dictionary(K=-1, Columns=WIDE, Rows=HIGH, BlackIs1=True), Decode=[1, 0]
        ),
        fax(BLACK),
        BLACK,
    ),
    "jbig2": (lambda: pdf_of(jbig2(BLACK), **ONE, Filter=Name.JBIG2Decode), jbig2(BLACK), BLACK),
    "jbig2 that shares": (lambda: made_pdf(sharing), jbig2(BLACK), BLACK),
    "jpeg 2000": (
        lambda: pdf_of(saved(COLOUR, "JPEG2000"), ColorSpace=None, BitsPerComponent=None, Filter=Name.JPXDecode),
        saved(COLOUR, "JPEG2000"),
        COLOUR,
    ),
    "jpeg 2000 grey": (
        lambda: pdf_of(saved(GREY, "JPEG2000"), Filter=Name.JPXDecode),
        saved(GREY, "JPEG2000"),
        GREY,
    ),
    "flate": (lambda: pdf_of(zlib.compress(RAW), **RGB, **FLAT), zlib.compress(RAW), COLOUR),
    "flate, predicted": (
        lambda: pdf_of(PREDICTED, **FLAT, DecodeParms=Dictionary(Predictor=12, Columns=WIDE)),
        PREDICTED,
        GREY,
    ),
    "flate, 16 bits": (
        lambda: pdf_of(zlib.compress(SIXTEEN.tobytes()), **FLAT | {"BitsPerComponent": 16}),
        zlib.compress(SIXTEEN.tobytes()),
        GREY,
    ),
    "flate, a profile": (lambda: made_pdf(tagged), zlib.compress(RAW), COLOUR),
    "flate, no profile though it says so": (lambda: made_pdf(badly_tagged), zlib.compress(RAW), COLOUR),
    "flate, a palette": (
        lambda: pdf_of(
            zlib.compress(NIBBLES.tobytes()),
            **FLAT | {"BitsPerComponent": 4, "ColorSpace": Array([Name.Indexed, Name.DeviceRGB, 15, String(LOOKUP)])},
        ),
        zlib.compress(NIBBLES.tobytes()),
        PALETTE,
    ),
    "flate, a palette with a profile": (lambda: made_pdf(tagged_palette), zlib.compress(NIBBLES.tobytes()), PALETTE),
    "flate, a bit": (lambda: pdf_of(zlib.compress(BITS), **ONE, **FLAT), zlib.compress(BITS), BLACK),
    "flate, a bit, inverted": (
        lambda: pdf_of(zlib.compress(bytes(255 - one for one in BITS)), **ONE, **FLAT, Decode=[1, 0]),
        zlib.compress(bytes(255 - one for one in BITS)),
        BLACK,
    ),
    "a stencil": (
        lambda: pdf_of(zlib.compress(BITS), before="0 g", **ONE, **FLAT, ImageMask=True, ColorSpace=None),
        zlib.compress(BITS),
        BLACK,
    ),
    "run lengths": (lambda: pdf_of(run_lengths(BITS), **ONE, Filter=Name.RunLengthDecode), run_lengths(BITS), BLACK),
}  # fmt: skip


@pytest.mark.parametrize("form", KEPT)
def test_a_picture_that_fills_its_page_is_kept_as_it_is(form: str) -> None:
    make, data, picture = KEPT[form]
    as_scanned(
        page_of(make()), data, picture, near=3 if "profile" in form else NOISE if "jpeg" in form else 1
    )


PACKED_ANEW: dict[str, tuple[Callable[[], bytes], Image.Image]] = {
    "not packed": (lambda: pdf_of(RAW, **RGB), COLOUR),
    "in letters": (
        lambda: pdf_of(RAW_GREY.hex().encode() + b">", Filter=Name.ASCIIHexDecode),
        GREY,
    ),
    "in letters and deflated": (
        lambda: pdf_of(
            zlib.compress(RAW_GREY).hex().encode() + b">",
            Filter=Array([Name.ASCIIHexDecode, Name.FlateDecode]),
        ),
        GREY,
    ),
}


@pytest.mark.parametrize("form", PACKED_ANEW)
def test_what_is_packed_otherwise_is_packed_anew_without_loss(form: str) -> None:
    make, picture = PACKED_ANEW[form]
    page = page_of(make())
    assert [zlib.decompress(one.data) for one in page.pictures] == [picture.tobytes()]
    as_scanned(page, page.pictures[0].data, picture, near=0)


def test_lzw_which_a_pdfa_may_not_hold_is_packed_anew() -> None:
    page = page_of(pdf_of(lzw(RAW_GREY), Filter=Name.LZWDecode))
    assert [zlib.decompress(one.data) for one in page.pictures] == [RAW_GREY]
    as_scanned(page, page.pictures[0].data, GREY, near=0)


CMYK = COLOUR.convert("CMYK")
CONVERTED: dict[str, Callable[[], bytes]] = {
    "jpeg in cmyk": lambda: pdf_of(
        saved(CMYK, "JPEG", quality=95), ColorSpace=Name.DeviceCMYK, Filter=Name.DCTDecode, Decode=[1, 0] * 4
    ),
    "flate in cmyk": lambda: pdf_of(zlib.compress(CMYK.tobytes()), **FLAT | {"ColorSpace": Name.DeviceCMYK}),
    "jpeg 2000 without a header": lambda: pdf_of(
        saved(COLOUR, "JPEG2000", no_jp2=True), **RGB, Filter=Name.JPXDecode
    ),
    "something painted over it": lambda: pdf_of(
        JPEG, after="1 g 5 5 20 20 re f", **RGB, Filter=Name.DCTDecode
    ),
    "jpeg 2000 of several depths": lambda: pdf_of(
        saved(COLOUR, "JPEG2000").replace(b"\0\3\x07\x07", b"\0\3\xff\x07", 1), **RGB, Filter=Name.JPXDecode
    ),
    "jpeg of another size than said": lambda: pdf_of(
        saved(COLOUR.resize((200, 300)), "JPEG"), **RGB, Filter=Name.DCTDecode
    ),
    "seen through": lambda: made_pdf(seen_through),
    "with colours left out": lambda: pdf_of(zlib.compress(RAW_GREY), **FLAT, Mask=[0, 60]),
    "a stamp on it": lambda: stamped(pdf_of(JPEG, **RGB, Filter=Name.DCTDecode)),
    "inline": lambda: inline(COLOUR),
}


@pytest.mark.parametrize("form", CONVERTED)
def test_what_a_pdfa_cannot_hold_is_kept_as_a_jpeg_of_high_quality(form: str) -> None:
    pdf = CONVERTED[form]()
    page = page_of(pdf)
    (kept,) = page.pictures
    assert b"/DCTDecode" in kept.entries and kept.data not in pdf
    assert far(upright(page), shown(pdf, dpi=page.dpi)) < NOISE
    assert far(shown(filed(page), dpi=page.dpi), shown(pdf, dpi=page.dpi)) < NOISE


def test_words_that_cannot_be_seen_are_no_part_of_the_picture() -> None:
    """Scanners' software writes what it reads under, or invisibly over, the picture."""
    words = "BT /F 12 Tf 3 Tr 20 20 Td (words) Tj ET"
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    with pikepdf.open(
        io.BytesIO(pdf_of(JPEG, after=words, before="0.9 g 0 0 99 99 re f", **RGB, Filter=Name.DCTDecode))
    ) as pdf:
        pdf.pages[0].Resources.Font = Dictionary(F=font)
        as_scanned(page_of(written(pdf)), JPEG, COLOUR)
        pdf.pages[0].Contents = pikepdf.Stream(
            pdf, pdf.pages[0].Contents.read_bytes().replace(b"3 Tr", b"0 Tr")
        )
        assert page_of(written(pdf)).pictures[0].data != JPEG


# How a page is turned, or its picture lies; what it shows is said by pdfium.
W, H = POINTS
LYING: dict[str, dict[str, Any]] = {
    "upside down": {"before": f"-1 0 0 -1 {W} {H} cm"},
    "mirrored": {"before": f"-1 0 0 1 {W} 0 cm"},
    "top to bottom": {"before": f"1 0 0 -1 0 {H} cm"},
    "turned page": {"page": {"Rotate": 90}},
    "page turned back": {"page": {"Rotate": 270}},
    "mirrored on a turned page": {"before": f"-1 0 0 1 {W} 0 cm", "page": {"Rotate": 90}},
    "elsewhere": {"before": "1 0 0 1 100 200 cm", "page": {"MediaBox": [100, 200, 100 + W, 200 + H]}},
    "large units": {
        "before": "0.5 0 0 0.5 0 0 cm",
        "page": {"MediaBox": [0, 0, W / 2, H / 2], "UserUnit": 2},
    },
    "clipped": {"before": f"0 0 {W} {H} re W n"},
}


@pytest.mark.parametrize("lying", LYING)
@pytest.mark.parametrize("form", ["jpeg", "fax"])
def test_a_picture_is_upright_however_it_lies(lying: str, form: str) -> None:
    data = JPEG if form == "jpeg" else fax(BLACK)
    entries = RGB | {"Filter": Name.DCTDecode} if form == "jpeg" else G4 | {"DecodeParms": TO_THE_FAX}
    pdf = pdf_of(data, **LYING[lying], **entries)
    expected = shown(pdf, dpi=DPI * (2 if lying == "large units" else 1))
    as_scanned(page_of(pdf), data, expected, near=1)


def test_a_picture_larger_than_what_the_page_shows_is_kept_whole_and_cut_only_for_the_eye() -> None:
    pdf = pdf_of(JPEG, **RGB, Filter=Name.DCTDecode, page={"CropBox": [30, 40, W - 20, H - 10]})
    page = page_of(pdf)
    assert [one.data for one in page.pictures] == [JPEG]
    assert far(upright(page), shown(pdf)) < 1.5 and far(shown(filed(page)), shown(pdf)) < 2.5


def test_a_picture_in_a_form_lies_where_the_form_does() -> None:
    with pikepdf.new() as pdf:
        only = pdf.add_blank_page(page_size=POINTS)
        form = pikepdf.Stream(pdf, place("I", (W, 0, 0, H / 2, 0, 0)).encode())
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, W, H])
        form.Matrix = Array([1, 0, 0, 4, 0, 0])
        form.Resources = Dictionary(XObject=Dictionary(I=image(pdf, JPEG, **RGB, Filter=Name.DCTDecode)))
        only.Resources = Dictionary(XObject=Dictionary(F=form))
        only.Contents = pikepdf.Stream(pdf, b"q 1 0 0 0.5 0 0 cm /F Do Q")
        as_scanned(page_of(written(pdf)), JPEG, COLOUR)


def strips_pdf(pieces: list[tuple[bytes, int]], rotate: int = 0, **entries: Any) -> bytes:
    """A page of strips from top to bottom: (stream, rows) each."""
    with pikepdf.new() as pdf:
        only = pdf.add_blank_page(page_size=POINTS)
        content, top = "", H
        for number, (data, rows) in enumerate(pieces):
            top -= rows * 72 / DPI
            name = only.add_resource(image(pdf, data, Height=rows, **entries), Name.XObject)
            content += place(str(name)[1:], (W, 0, 0, rows * 72 / DPI, 0, top))
            assert number < 9
        only.Contents = pikepdf.Stream(pdf, content.encode())
        only.Rotate = rotate
        return written(pdf)


CUTS = ((0, 200), (200, 400), (400, HIGH))


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("form", ["jpeg", "fax"])
def test_a_page_in_strips_keeps_every_strip(form: str, rotate: int) -> None:
    picture = COLOUR if form == "jpeg" else BLACK
    cut = [picture.crop((0, top, WIDE, bottom)) for top, bottom in CUTS]
    data = [saved(one, "JPEG", quality=90) if form == "jpeg" else fax(one) for one in cut]
    pieces = [(one, strip.height) for one, strip in zip(data, cut, strict=True)]
    if form == "jpeg":
        pdf = strips_pdf(pieces, rotate, **RGB, Filter=Name.DCTDecode)
    else:
        pdf = strips_pdf(pieces, rotate, **G4, DecodeParms=Dictionary(K=-1, Columns=WIDE))
    page = page_of(pdf)
    assert [one.data for one in page.pictures] == data
    expected = picture.rotate(-rotate, expand=True)
    assert far(upright(page), expected) < 2
    again = filed(page)
    assert far(shown(again), expected) < 2
    assert [one.data for one in page_of(again).pictures] == data


def test_a_mask_is_not_kept_without_what_it_masks() -> None:
    """A page in layers, as scanners make to save room: colours below, the ink as a stencil above."""
    with pikepdf.new() as pdf:
        only = pdf.add_blank_page(page_size=POINTS)
        below = image(pdf, JPEG, **RGB, Filter=Name.DCTDecode)
        ink = image(pdf, zlib.compress(BITS), **ONE, **FLAT, ImageMask=True, ColorSpace=None)
        only.Resources = Dictionary(XObject=Dictionary(A=below, B=ink))
        only.Contents = pikepdf.Stream(pdf, f"{place('A')} 0 g {place('B')}".encode())
        made = written(pdf)
    page = page_of(made)
    assert len(page.pictures) == 1 and far(upright(page), shown(made)) < 1.5


def test_a_page_that_draws_what_is_not_there_is_bad_and_not_blank() -> None:
    whole = pdf_of(JPEG, **RGB, Filter=Name.DCTDecode)
    gone = pikepdf.open(io.BytesIO(whole))
    del gone.pages[0].Resources.XObject["/I"]
    dangling = whole.replace(b"/I ", b"/X ", 1)
    no_content = pikepdf.open(io.BytesIO(whole))
    del no_content.pages[0].obj["/Contents"]
    assert page_of(whole).pictures
    undrawn = whole.replace(b"/I Do", b"     ", 1)
    layer_lost = pdf_of(JPEG, after="/Ink Do", **RGB, Filter=Name.DCTDecode)
    for content in (written(gone), dangling, written(no_content), undrawn, layer_lost):
        with pytest.raises(BadPage):
            page_of(content)


def test_an_empty_page_is_no_bad_one() -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=POINTS)
        assert page_of(written(pdf)).pixels.min() == 255


def test_a_pdf_with_broken_cross_references_is_read_all_the_same() -> None:
    whole = pdf_of(JPEG, **RGB, Filter=Name.DCTDecode)
    at = whole.rindex(b"startxref")
    as_scanned(page_of(whole[:at] + b"startxref\n12345\n%%EOF\n"), JPEG, COLOUR)
    with pytest.raises(BadPage):  # nothing says any more which of the objects is the document
        page_of(whole[: whole.rindex(b"xref\n0")])


@pytest.mark.parametrize("seed", range(12))
def test_a_file_cut_anywhere_is_bad_or_whole_but_never_blank(seed: int) -> None:
    """Also with its second half overwritten by zeros, as after a failed copy."""
    rng = random.Random(seed)  # noqa: S311
    form = rng.choice(list(KEPT))
    data = KEPT[form][0]()
    at = rng.randrange(len(data) // 3, len(data) - 20)
    for broken in (data[:at], data[:at] + bytes(len(data) - at)):
        try:
            page = page_of(broken)
        except BadPage:
            continue
        assert page.pixels.min() < 100, form
