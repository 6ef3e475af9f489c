"""What a page is, how it is kept, and which pictures are not whole; what libraries say of them reaches nobody."""

import io
import random
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pikepdf
import pytest
from pikepdf import Name
from PIL import Image, ImageDraw

from archive.signed_pdf import signed_pdf
from pipeline.intake.files import open_file
from pipeline.intake.page_image import BadPage, PageImage, Pages
from tests.main_job.test_closing import printed_hamlet
from tests.main_job.test_intake_files import outcomes

WIDE, HIGH, DPI = 1653, 2339, 200
POINTS = (WIDE / DPI * 72, HIGH / DPI * 72)
Grey = npt.NDArray[np.uint8]


def scribble() -> Image.Image:
    """A grey page with something everywhere."""
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(225, 255, (HIGH, WIDE), np.uint8))
    draw = ImageDraw.Draw(picture)
    for y in range(60, HIGH - 60, 30):
        draw.line([(x, y + int(rng.integers(-9, 9))) for x in range(90, WIDE - 90, 12)], fill=20, width=3)
    return picture


GREY = scribble()
BLACK = GREY.point(lambda value: 255 * (value > 150)).convert("1")


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pdf_of(
    data: bytes,
    *,
    points: tuple[float, float] = POINTS,
    matrix: tuple[float, ...] = (POINTS[0], 0, 0, POINTS[1], 0, 0),
    before: str = "",
    rotate: int = 0,
    **entries: Any,
) -> bytes:
    """A PDF whose one page has this picture on it."""
    about = {"Width": WIDE, "Height": HIGH, "BitsPerComponent": 8, "ColorSpace": Name.DeviceGray} | entries
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=points)
        named = {f"/{name}": value for name, value in about.items() if value is not None}
        image = pikepdf.Stream(pdf, data, {"/Type": Name.XObject, "/Subtype": Name.Image} | named)
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image))
        place = " ".join(f"{one:.3f}" for one in matrix)
        page.Contents = pikepdf.Stream(pdf, f"q {before} {place} cm /I Do Q".encode())
        page.Rotate = rotate
        buffer = io.BytesIO()
        pdf.save(buffer, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return buffer.getvalue()


def page_of(content: bytes) -> PageImage:
    with Pages.of(content) as pages:
        return pages.page(0)


def image_of(page: PageImage) -> bytes:
    """The one picture that the page is kept as, as it is packed."""
    (picture,) = page.pictures
    return picture.data


@pytest.mark.parametrize("kind", ["MPO", "PNG"])
def test_an_image_file_is_one_page_however_many_pictures_it_has(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "连拍"
    file.write_bytes(saved(GREY, kind, save_all=True, append_images=[BLACK.convert("L")] * 2))
    with Image.open(file) as image:
        assert getattr(image, "n_frames", 1) == 3
    assert open_file(file).pages == 1
    assert np.abs(page_of(file.read_bytes()).pixels.astype(int) - np.array(GREY)).mean() < 9
    file.write_bytes(saved(GREY, "TIFF", save_all=True, append_images=[GREY] * 2))
    assert open_file(file).pages == 3


BITS = np.packbits(np.array(BLACK), axis=1).tobytes()
INVERTED = bytes(255 - one for one in BITS)
ONE_BIT: dict[str, Any] = {"BitsPerComponent": 1, "Filter": Name.FlateDecode}
SIDEWAYS: dict[str, Any] = {"points": POINTS[::-1], "matrix": (0, -POINTS[0], POINTS[1], 0, 0, POINTS[0])}
BILEVEL: dict[str, tuple[Callable[[], bytes], int]] = {  # with the quarter turns that make the page upright
    "fax": (lambda: saved(BLACK, "PDF", resolution=DPI), 0),
    "packed": (lambda: pdf_of(zlib.compress(BITS), **ONE_BIT), 0),
    "inverted": (lambda: pdf_of(zlib.compress(INVERTED), **ONE_BIT, Decode=[1, 0]), 0),
    "stencil": (
        lambda: pdf_of(zlib.compress(BITS), **ONE_BIT, ImageMask=True, ColorSpace=None, before="0 g"),
        0,
    ),
    "turned page": (lambda: pdf_of(zlib.compress(BITS), **ONE_BIT, rotate=90), 1),
    "turned picture": (lambda: pdf_of(zlib.compress(BITS), **ONE_BIT, **SIDEWAYS), 1),
}


@pytest.mark.parametrize(("make", "turn"), BILEVEL.values(), ids=BILEVEL)
def test_a_bilevel_pdf_page_is_kept_bit_for_bit_at_its_own_resolution(
    make: Callable[[], bytes], turn: int
) -> None:
    page = page_of(make())
    assert (page.turn, round(page.dpi, 1)) == (turn, DPI)
    assert np.array_equal(page.pixels > 0, np.array(BLACK))
    waiting = page_of(signed_pdf("", [page.scan(page.dpi, page.turn, ())]))
    assert (waiting.turn, image_of(waiting)) == (turn, image_of(page))
    assert np.array_equal(waiting.pixels, page.pixels)


def test_a_bilevel_page_in_strips_is_kept_bilevel() -> None:
    middle = HIGH // 2 * ((WIDE + 7) // 8)
    halves = ((BITS[:middle], HIGH // 2), (BITS[middle:], HIGH - HIGH // 2))
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=POINTS)
        content, top = "", POINTS[1]
        for name, (bits, rows) in zip("AB", halves, strict=True):
            high = rows / DPI * 72
            top -= high
            image = pikepdf.Stream(pdf, zlib.compress(bits), {"/Type": Name.XObject, "/Subtype": Name.Image})
            image.Width, image.Height, image.BitsPerComponent = WIDE, rows, 1
            image.ColorSpace, image.Filter = Name.DeviceGray, Name.FlateDecode
            page.add_resource(image, Name.XObject, Name(f"/{name}"))
            content += f"q {POINTS[0]:.4f} 0 0 {high:.4f} 0 {top:.4f} cm /{name} Do Q "
        page.Contents = pikepdf.Stream(pdf, content.encode())
        buffer = io.BytesIO()
        pdf.save(buffer, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    kept = page_of(buffer.getvalue())
    assert round(kept.dpi) == DPI
    assert np.mean((kept.pixels[:HIGH, :WIDE] > 0) == np.array(BLACK)) > 0.95


def test_two_colours_that_are_not_black_and_white_stay_colours() -> None:
    palette = [Name.Indexed, Name.DeviceRGB, 1, pikepdf.String(b"\0\0\xff\xff\xff\xff")]
    for entries in (
        {"ColorSpace": palette},
        {"ImageMask": True, "ColorSpace": None, "before": "0 0 1 rg"},
    ):
        page = page_of(pdf_of(zlib.compress(BITS), **ONE_BIT, **entries))
        assert page.pixels.ndim == 3


def test_a_turned_jpeg_page_is_kept_byte_for_byte() -> None:
    jpeg = saved(GREY, "JPEG", quality=80)
    page = page_of(pdf_of(jpeg, Filter=Name.DCTDecode, **SIDEWAYS))
    assert (image_of(page), page.turn) == (jpeg, 1)
    assert image_of(page_of(signed_pdf("", [page.scan(page.dpi, page.turn, ())]))) == jpeg


def test_a_tiff_that_says_how_it_lies_is_turned_once() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    page = page_of(saved(BLACK, "TIFF", compression="group4", exif=exif))
    assert (page.width, page.height, page.turn) == (HIGH, WIDE, 0)


FORMS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "colour": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "many restarts": {"restart_marker_blocks": 8},
}
SMALL: dict[str, Any] = {
    "matrix": (POINTS[0] / 2, 0, 0, POINTS[1] / 2, 20, 20)
}  # a picture that does not fill its page


def in_pdf(jpeg: bytes, **more: Any) -> bytes:
    colours = Image.open(io.BytesIO(jpeg)).mode
    space = Name.DeviceRGB if colours == "RGB" else Name.DeviceGray
    return pdf_of(jpeg, Filter=Name.DCTDecode, ColorSpace=space, **more)


@pytest.mark.parametrize("form", FORMS)
def test_a_jpeg_with_a_hole_is_a_bad_page_in_a_file_and_in_a_pdf(form: str) -> None:
    picture = GREY.convert("RGB") if form == "colour" else GREY
    jpeg = saved(picture, "JPEG", quality=80, **FORMS[form])
    for whole in (jpeg, in_pdf(jpeg), in_pdf(jpeg, **SMALL)):
        page_of(whole)
    rng = random.Random(form)  # noqa: S311
    for size in (30_000, 100_000):
        start = rng.randrange(2000, len(jpeg) - size - 2000)
        for filling in (bytes(size), b""):
            holed = jpeg[:start] + filling + jpeg[start + size :]
            for content in (holed, in_pdf(holed), in_pdf(holed, **SMALL)):
                with pytest.raises(BadPage):
                    page_of(content)


def test_a_jpeg_may_be_padded_at_its_end_but_must_have_one() -> None:
    jpeg = saved(GREY, "JPEG", quality=80)
    for padded in (jpeg[:-2] + bytes(20) + jpeg[-2:], jpeg + bytes(9), jpeg + b"\r\n", jpeg + b"more"):
        assert image_of(page_of(padded)) == padded
    for short in (jpeg[:-2], jpeg[:-2] + bytes(20), jpeg[:-200] + bytes(198) + jpeg[-2:]):
        with pytest.raises(BadPage):
            page_of(short)


def test_what_libraries_say_of_pictures_reaches_nobody(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hamlet, scans = printed_hamlet(tmp_path_factory).copied(tmp_path), tmp_path / "扫描件"
    scans.mkdir()
    jpeg = saved(GREY, "JPEG", quality=80)
    (scans / "大.png").write_bytes(saved(Image.new("1", (45_000, 1_200), 1), "PNG"))
    (scans / "洞.jpg").write_bytes(jpeg[:60_000] + bytes(60_000) + jpeg[120_000:])
    (scans / "尾.jpg").write_bytes(jpeg[:-2] + bytes(20) + jpeg[-2:])
    (scans / "坏.tif").write_bytes(saved(GREY, "TIFF", compression="jpeg")[:90_000])
    (scans / "假.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))
    answer = hamlet.run("intake", scans)
    assert outcomes(hamlet.home) == {
        "大.png": ["quarantined"],
        "洞.jpg": ["quarantined"],
        "尾.jpg": ["foreign"],
    }
    assert not re.search(
        "[A-Za-z]{4}", re.sub("PDF|TIFF|JPEG|PNG|HEIC|huyue receipt show", "", answer.err)
    ), answer.err
