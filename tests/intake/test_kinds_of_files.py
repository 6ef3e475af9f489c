"""Image files of every kind that scanners, cameras and people make: which open, what they show, how they are kept."""

import io
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageOps, TiffImagePlugin

from pipeline.intake.files import Code, Opened, open_file
from pipeline.intake.page_image import BadPage
from tests.intake.scan_files import (
    DPI,
    HIGH,
    NOISE,
    WIDE,
    as_scanned,
    drawing,
    far,
    filed,
    page_of,
    pdf_of,
    saved,
    shown,
    upright,
    written,
)

RESOURCES = Path(__file__).parents[1] / "resources/scans"
COLOUR, GREY, BLACK = drawing(), drawing("L"), drawing("1")
PALETTE = COLOUR.quantize(16)
SIXTEEN = np.array(GREY).astype(np.uint16) * 257


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_upright_by_its_orientation_and_kept_as_it_is(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(COLOUR, "JPEG", quality=90, exif=exif, dpi=(DPI, DPI))
    with Image.open(io.BytesIO(data)) as picture:
        expected = ImageOps.exif_transpose(picture)
    as_scanned(page_of(data), data, expected)


def tiff(picture: Image.Image, compression: str, rows: int = HIGH, **tags: int) -> bytes:
    info = {278: rows} | {int(key[1:]): value for key, value in tags.items()}
    return saved(picture, "TIFF", compression=compression, tiffinfo=info, dpi=(DPI, DPI))


def strips_of(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as picture:
        assert isinstance(picture, TiffImagePlugin.TiffImageFile)
        places = zip(picture.tag_v2[273], picture.tag_v2[279], strict=True)
        return [data[start : start + length] for start, length in places]


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("rows", [HIGH, 100])
def test_a_fax_in_a_tiff_keeps_its_strips(rows: int, photometric: int) -> None:
    data = tiff(BLACK, "group4", rows, t262=photometric)
    page = page_of(data)
    assert far(upright(page), BLACK) == 0
    assert [one.data for one in page.pictures] == strips_of(data)
    assert len(page.pictures) == -(-HIGH // rows)
    assert far(shown(filed(page), dpi=page.dpi), BLACK) == 0


def test_a_fax_in_a_tiff_with_its_bits_the_other_way_round() -> None:
    data = bytearray(tiff(BLACK, "group4", t262=0, t266=1))
    plain = page_of(bytes(data))
    (strip,) = strips_of(bytes(data))
    at = data.index(strip)
    data[at : at + len(strip)] = bytes(int(f"{one:08b}"[::-1], 2) for one in strip)
    with Image.open(io.BytesIO(bytes(data))) as picture:
        entry = data.index(b"\x0a\x01\x03\0\1\0\0\0\1")  # tag 266, a short
        assert isinstance(picture, TiffImagePlugin.TiffImageFile)
    data[entry + 8] = 2
    page = page_of(bytes(data))
    assert [one.data for one in page.pictures] == [one.data for one in plain.pictures]
    assert far(upright(page), BLACK) == 0


@pytest.mark.parametrize("mode", ["RGB", "YCbCr", "L"])
@pytest.mark.parametrize("rows", [HIGH, 64])
def test_jpegs_in_a_tiff_are_kept_with_the_tables_that_they_share(mode: str, rows: int) -> None:
    picture = drawing(mode)
    page = page_of(
        saved(picture, "TIFF", compression="jpeg", quality=90, tiffinfo={278: rows}, dpi=(DPI, DPI))
    )
    assert len(page.pictures) == -(-HIGH // rows)
    assert all(b"/DCTDecode" in one.entries for one in page.pictures)
    assert all((b"Adobe" in one.data) == (mode == "RGB") for one in page.pictures)  # else taken for YCbCr
    assert far(upright(page), picture) < NOISE
    assert far(shown(filed(page), dpi=page.dpi), upright(page)) < 0.5


def interlaced(picture: Image.Image) -> bytes:
    """A grey picture as a PNG in seven passes (PNG, 8.2), which Pillow reads but does not write."""
    pixels, rows = np.array(picture), b""
    for x, y, across, down in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):  # fmt: skip
        rows += b"".join(b"\0" + row.tobytes() for row in pixels[y::down, x::across])
    head = struct.pack(">IIBBBBB", *picture.size, 8, 0, 0, 0, 1)
    density = struct.pack(">IIB", round(DPI / 0.0254), round(DPI / 0.0254), 1)
    chunks = ((b"IHDR", head), (b"pHYs", density), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


LOSSLESS: dict[str, tuple[Callable[[], bytes], Image.Image]] = {
    "tiff": (lambda: tiff(COLOUR, "raw"), COLOUR),
    "tiff, lzw": (lambda: tiff(COLOUR, "tiff_lzw"), COLOUR),
    "tiff, deflate, grey": (lambda: tiff(GREY, "tiff_adobe_deflate"), GREY),
    "tiff, packbits, a bit": (lambda: tiff(BLACK, "packbits"), BLACK),
    "tiff, group 3": (lambda: tiff(BLACK, "group3"), BLACK),
    "tiff, a palette": (lambda: saved(PALETTE, "TIFF", compression="tiff_lzw", dpi=(DPI, DPI)), PALETTE),
    "png": (lambda: saved(COLOUR, "PNG", dpi=(DPI, DPI)), COLOUR),
    "png, grey": (lambda: saved(GREY, "PNG", dpi=(DPI, DPI)), GREY),
    "png, a bit": (lambda: saved(BLACK, "PNG", dpi=(DPI, DPI)), BLACK),
    "png, a palette": (lambda: saved(PALETTE, "PNG", dpi=(DPI, DPI)), PALETTE),
    "png, 16 bits": (lambda: saved(Image.fromarray(SIXTEEN), "PNG", dpi=(DPI, DPI)), GREY),
    "png, interlaced": (lambda: interlaced(GREY), GREY),
    "png, with opacity": (lambda: saved(COLOUR.convert("RGBA"), "PNG", dpi=(DPI, DPI)), COLOUR),
    "png, grey with opacity": (lambda: saved(GREY.convert("LA"), "PNG", dpi=(DPI, DPI)), GREY),
}


@pytest.mark.parametrize("form", LOSSLESS)
def test_an_image_file_without_loss_is_kept_without_loss(form: str) -> None:
    make, picture = LOSSLESS[form]
    data = make()
    page = page_of(data)
    assert far(upright(page), picture) <= 1 and abs(page.dpi - DPI) < 0.1
    assert far(shown(filed(page), dpi=page.dpi), picture) <= NOISE
    again = page_of(filed(page))
    assert [one.data for one in again.pictures] == [one.data for one in page.pictures]
    assert np.array_equal(again.pixels, page.pixels)
    if form.startswith("png") and "opacity" not in form and "interlaced" not in form:
        chunks = re.findall(rb"(?s)IDAT(.*?).{4}(?=.{4}(?:IDAT|IEND))", data)
        assert page.pictures[0].data == b"".join(chunks)


def test_what_is_transparent_is_paper() -> None:
    clear = Image.new("RGBA", (WIDE, HIGH), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (20, 30, 200, 90))
    page = page_of(saved(clear, "PNG", dpi=(DPI, DPI)))
    assert page.pixels[5, 5].tolist() == [255] * 3 and page.pixels[50, 50].tolist() == [0] * 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_upright_by_its_orientation(orientation: int) -> None:
    for compression in ("group4", "raw"):
        page = page_of(tiff(BLACK, compression, t274=orientation))
        with Image.open(io.BytesIO(saved(BLACK, "TIFF"))) as picture:
            picture.getexif()[0x0112] = orientation
            expected = ImageOps.exif_transpose(picture)
        assert far(upright(page), expected) == 0
        assert far(shown(filed(page), dpi=page.dpi), expected) == 0


def test_a_fax_whose_pixels_are_no_squares_is_seen_in_shape_and_kept_as_it_came() -> None:
    low = BLACK.resize((WIDE, HIGH // 2))
    data = saved(low, "TIFF", compression="group4", tiffinfo={278: HIGH}, dpi=(DPI, DPI / 2))
    page = page_of(data)
    assert (page.width, page.height, round(page.dpi)) == (WIDE, HIGH // 2 * 2, DPI)
    assert [one.data for one in page.pictures] == strips_of(data)
    assert far(upright(page), BLACK) < 5 and far(shown(filed(page), dpi=page.dpi), BLACK) < 5
    again = page_of(filed(page))
    assert (again.width, again.height) == (page.width, page.height)


def test_a_heic_is_turned_once_as_it_says_itself() -> None:
    page = page_of((RESOURCES / "turned.heic").read_bytes())
    assert (page.width, page.height, page.turn) == (320, 240, 0)
    assert (
        page.pixels[15, 15].max() < 60
        and page.pixels[70, 203].tolist()[0] > 180 > page.pixels[70, 203].tolist()[1]
    )
    assert (
        b"/DCTDecode" in page.pictures[0].entries
        and far(shown(filed(page), dpi=page.dpi), upright(page)) < NOISE
    )


def test_jbig2_by_an_encoder_of_the_world_is_kept() -> None:
    data = (RESOURCES / "congress-jbig2.pdf").read_bytes()
    page = page_of(data)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        (own,) = (one.read_raw_bytes() for one in pdf.pages[0].Resources.XObject.as_dict().values())
    assert [one.data for one in page.pictures] == [own]
    assert 0.03 < np.mean(page.pixels < 128) < 0.3
    assert far(shown(filed(page), dpi=100), shown(data, dpi=100)) < 0.1


def test_a_page_has_a_small_picture_that_stands_upright() -> None:
    page = page_of(pdf_of(saved(GREY, "JPEG"), Filter=pikepdf.Name.DCTDecode, page={"Rotate": 90}))
    thumb = Image.open(io.BytesIO(page.scan(page.dpi, page.turn, ()).thumb))
    assert thumb.size == (200, 141)
    assert far(thumb, GREY.rotate(-90, expand=True).resize(thumb.size)) < 12


BOMBS: dict[str, Callable[[], bytes]] = {
    "png": lambda: saved(Image.new("1", (12_000, 12_000)), "PNG"),
    "tiff": lambda: saved(Image.new("1", (12_000, 12_000)), "TIFF", compression="group4"),
    "pdf": lambda: pdf_of(
        zlib.compress(bytes(100)), Filter=pikepdf.Name.FlateDecode, Width=12_000, Height=12_000
    ),
}


@pytest.mark.parametrize("form", BOMBS)
def test_a_picture_of_too_many_pixels_is_never_unpacked(form: str) -> None:
    with pytest.raises(BadPage):
        page_of(BOMBS[form]())


def said(tmp_path: Path, data: bytes) -> Opened:
    path = tmp_path / "扫描"
    path.write_bytes(data)
    return open_file(path)


def test_a_file_says_which_device_made_it_and_when(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271], exif[272], exif[305], exif[306] = (
        "Canon",
        "Canon DR-C240",
        "CaptureOnTouch\0",
        "2026:04:05 10:30:00",
    )
    for kind in ("JPEG", "TIFF", "PNG"):
        found = said(tmp_path, saved(GREY, kind, exif=exif))
        assert (found.device, found.captured_at) == ("Canon DR-C240 CaptureOnTouch", "2026-04-05T10:30:00"), (
            kind
        )
    exif.get_ifd(0x8769).update({36867: "2026:04:04 09:00:00", 36881: "+08:00"})
    assert said(tmp_path, saved(GREY, "JPEG", exif=exif)).captured_at == "2026-04-04T09:00:00+08:00"
    found = said(tmp_path, (RESOURCES / "turned.heic").read_bytes())
    assert (found.pages, found.device, found.captured_at) == (1, "Apple iPhone 13", "2026-04-05T10:30:00")


def test_odd_words_about_a_file_make_it_no_worse(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271], exif[272], exif[306] = "甲" * 300, "\x1b[31m红\r\n", "0000:00:00 00:00:00"
    found = said(tmp_path, saved(GREY, "TIFF", exif=exif))
    assert (found.code, found.captured_at, len(found.device)) == (None, "", 100)
    assert found.device.isprintable()
    assert said(tmp_path, saved(GREY, "PNG")).device == ""


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("D:20260405103000+08'00'", "2026-04-05T10:30:00+08:00"),
        ("D:20260405103000+08'00", "2026-04-05T10:30:00+08:00"),
        ("D:20260405103000Z", "2026-04-05T10:30:00+00:00"),
        ("D:20260405103000", "2026-04-05T10:30:00"),
        ("D:202604", "2026-04-01T00:00:00"),
        ("D:20269905103000", ""),
        ("yesterday", ""),
    ],
)
def test_a_pdf_says_which_device_made_it_and_when(date: str, moment: str, tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(pdf_of(saved(GREY, "JPEG"), Filter=pikepdf.Name.DCTDecode))) as pdf:
        pdf.docinfo["/Creator"] = "Canon iR-ADV C5535"
        pdf.docinfo["/Producer"] = "Adobe PSL 1.3e for Canon"
        pdf.docinfo["/CreationDate"] = date
        found = said(tmp_path, written(pdf))
    assert (found.device, found.captured_at) == ("Canon iR-ADV C5535 Adobe PSL 1.3e for Canon", moment)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(200),
        saved(GREY, "JPEG2000"),
        saved(GREY, "BMP"),
        saved(GREY, "GIF"),
    ],
)
def test_pictures_of_other_kinds_are_no_scans(data: bytes, tmp_path: Path) -> None:
    assert said(tmp_path, data).code is Code.UNSUPPORTED


def test_a_heic_cut_short_is_damaged_or_bad(tmp_path: Path) -> None:
    data = (RESOURCES / "turned.heic").read_bytes()
    for end in range(40, len(data) - 1, 400):
        if said(tmp_path, data[:end]).code is None:
            with pytest.raises(BadPage):
                page_of(data[:end])
