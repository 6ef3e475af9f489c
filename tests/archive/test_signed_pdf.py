"""The signed paper as a PDF/A-2u: the scan byte for byte, upright, under exactly the printed text."""

import io
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pikepdf
import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdf import PdfReader

from archive.signed_pdf import (
    MIRRORED,
    KeptPage,
    Picture,
    Run,
    SheetScan,
    jpeg_picture,
    sheet_scan,
    signed_pdf,
)
from pipeline.intake.page_pixels import group_4
from tests.conftest import page_text
from tests.pdfa_check import pdfa_faults

DPI = 144.0
LINES = [
    "计划生育技术服务合同书",
    "𠮷野·阿依古丽",
    "451225105001-2026-01-000123-Y",
    "2026年3月1日至2027年2月28日",
]
RESOURCES = Path(__file__).parents[1] / "resources/scans"
Grey = npt.NDArray[np.float64]


def upright(mode: str = "RGB") -> Image.Image:
    """A picture that is like no turned or mirrored one of itself."""
    picture = Image.new("RGB", (413, 585), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((20, 30, 200, 90), fill="black")
    draw.ellipse((250, 60, 380, 190), outline="red", width=9)
    draw.polygon([(40, 500), (200, 540), (60, 300)], fill="navy")
    return picture.convert(mode)


def runs(*lines: str) -> tuple[Run, ...]:
    """The lines under each other from (50, 100) on, 40 pixels apart, 20 high, a little askew as scans are."""
    return tuple(
        Run(line, (11.0 * len(line), 1.5, 1.2, -20.0, 50.0, 100.0 + 40 * at)) for at, line in enumerate(lines)
    )


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()


def scan(turn: int = 0, mode: str = "RGB", lines: tuple[Run, ...] = ()) -> SheetScan:
    """The picture as a scanner turned it: `turn` quarter turns clockwise make it upright again."""
    turned = upright(mode).rotate(90 * turn, expand=True)
    picture = jpeg_picture(jpeg(turned), *turned.size, 3 if mode == "RGB" else 1)
    return sheet_scan([picture], turned.size, DPI, turn, lines, jpeg(upright(mode).reduce(3)))


def drawn(pdf: bytes, position: int = 1) -> Image.Image:
    """A page as pdfium draws it, a pixel for a pixel."""
    with pdfium.PdfDocument(pdf) as document:
        picture: Image.Image = document[position - 1].render(scale=DPI / 72).to_pil()
    return picture.convert("RGB")


def far(one: Image.Image, other: Image.Image) -> float:
    """How far two pictures of one size are from each other, on average, of 255."""
    assert one.size == other.size
    pixels: list[Grey] = [np.asarray(picture.convert("RGB"), np.float64) for picture in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).mean())


def images(pdf: bytes) -> list[bytes]:
    """Every page's image as it lies in the file."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [
            bytes(image.read_raw_bytes())
            for page in document.pages
            for image in page.Resources.XObject.as_dict().values()
        ]


def texts_of(pdf: bytes, position: int, folder: Path) -> dict[str, list[str]]:
    """A page's lines as each reader there is gives them."""
    with pdfium.PdfDocument(pdf) as document:
        found = {"pdfium": document[position - 1].get_textpage().get_text_range()}
    found["pypdf"] = page_text(pdf, position)
    if shutil.which("pdftotext"):  # of poppler, which the project does not need
        (folder / "a.pdf").write_bytes(pdf)
        pages = ["-f", str(position), "-l", str(position)]
        found["poppler"] = subprocess.run(
            ["pdftotext", "-raw", "-enc", "UTF-8", *pages, folder / "a.pdf", "-"],
            capture_output=True,
            check=True,
        ).stdout.decode()
    return {reader: text.replace("\f", "").splitlines() for reader, text in found.items()}


@pytest.mark.parametrize("turn", range(4))
def test_every_reader_gets_back_exactly_the_printed_lines(turn: int, tmp_path: Path) -> None:
    for reader, lines in texts_of(signed_pdf("x", [scan(turn, lines=runs(*LINES))]), 1, tmp_path).items():
        assert lines == LINES, reader


@pytest.mark.parametrize("turn", range(4))
def test_the_text_lies_where_the_upright_scan_shows_it(turn: int) -> None:
    with pdfium.PdfDocument(signed_pdf("x", [scan(turn, lines=runs("甲乙", "丙丁戊"))])) as document:
        page = document[0].get_textpage()
        for character, x, y in (("甲", 50, 100), ("乙", 61, 100.75), ("丙", 50, 140), ("戊", 72, 141)):
            index = page.get_text_range().replace("\r\n", "\n").replace("\n", "\0\0").index(character)
            left, bottom, _, _ = page.get_charbox(index, loose=True)
            assert left == pytest.approx(x * 72 / DPI, abs=1)
            assert (585 * 72 / DPI - bottom) == pytest.approx(y * 72 / DPI, abs=4)


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_scan_stands_upright_however_it_was_fed(mode: str, turn: int) -> None:
    seen = drawn(signed_pdf("x", [scan(turn, mode, runs(*LINES))]))
    assert far(seen, upright(mode)) < 2
    for wrong in (seen.rotate(180), seen.transpose(Image.Transpose.FLIP_LEFT_RIGHT)):
        assert far(wrong, upright(mode)) > 20


def test_the_text_cannot_be_seen() -> None:
    with_text, without = (signed_pdf("x", [scan(lines=lines)]) for lines in (runs(*LINES), ()))
    assert far(drawn(with_text), drawn(without)) == 0
    assert page_text(without, 1) == ""


def test_the_page_is_as_large_as_the_paper() -> None:
    for turn in range(4):
        box = PdfReader(io.BytesIO(signed_pdf("x", [scan(turn)]))).pages[0].mediabox
        assert (float(box.width), float(box.height)) == pytest.approx((413 / 2, 585 / 2), abs=0.01)


@pytest.mark.parametrize("turn", range(4))
def test_the_jpeg_in_the_file_is_the_scan_byte_for_byte(turn: int) -> None:
    one = scan(turn, lines=runs(*LINES))
    assert images(signed_pdf("x", [one])) == [one.pictures[0].data]


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("wide", [413, 416, 407])
def test_a_bilevel_scan_keeps_every_pixel(wide: int, turn: int) -> None:
    picture = upright("1").crop((0, 0, wide, 300))
    turned = picture.rotate(90 * turn, expand=True)
    pdf = signed_pdf("x", [sheet_scan([group_4(turned)], turned.size, DPI, turn, runs(*LINES))])
    assert images(pdf) == [group_4(turned).data]
    assert far(drawn(pdf), picture) == 0
    assert pdfa_faults(pdf) == []


def test_the_same_sheets_give_the_same_bytes_in_any_process() -> None:
    made = signed_pdf("451225105001-2026-01-000123-Y", [scan(1, lines=runs(*LINES)), scan(0, "L")])
    code = "\n".join(
        [
            "import sys",
            "from tests.archive.test_signed_pdf import LINES, runs, scan, signed_pdf",
            "pages = [scan(1, lines=runs(*LINES)), scan(0, 'L')]",
            "sys.stdout.buffer.write(signed_pdf('451225105001-2026-01-000123-Y', pages))",
        ]
    )
    for seed in "12":
        again = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, cwd=Path(__file__).parents[2],
            capture_output=True, check=True,
        )  # fmt: skip
        assert again.stdout == made


def test_pages_of_earlier_files_are_taken_over_in_any_order(tmp_path: Path) -> None:
    first = signed_pdf("x", [scan(1, lines=runs("第一页", "𠮷野")), scan(2, "L", runs("第二页"))])
    new = scan(3, lines=runs("新的一页"))
    new = replace(new, pictures=(replace(new.pictures[0], data=new.pictures[0].data + b"\0"),))
    mixed = signed_pdf("x", [KeptPage(first, 2), new, KeptPage(first, 1)])
    assert images(mixed) == [images(first)[1], new.pictures[0].data, images(first)[0]]
    assert pdfa_faults(mixed) == []
    for position, lines in enumerate((["第二页"], ["新的一页"], ["第一页", "𠮷野"]), 1):
        assert set(map(tuple, texts_of(mixed, position, tmp_path).values())) == {tuple(lines)}
    for position, before in ((1, drawn(first, 2)), (3, drawn(first, 1))):
        assert far(drawn(mixed, position), before) == 0


def test_a_page_kept_again_and_again_brings_nothing_else_along() -> None:
    first = signed_pdf("x", [scan(0, lines=runs(*LINES)), scan(1)])
    kept = signed_pdf("x", [KeptPage(first, 1)])
    assert len(kept) < len(first) - len(images(first)[1])
    again = kept
    for _ in range(20):
        again = signed_pdf("x", [KeptPage(again, 1)])
    assert len(again) < len(kept) + 100
    assert (images(again), page_text(again, 1)) == (images(first)[:1], page_text(first, 1))


def test_pages_that_pypdf_wrote_are_taken_over(tmp_path: Path) -> None:
    """By the first version of the program."""
    first = (RESOURCES / "filed-by-0.1.pdf").read_bytes()
    mixed = signed_pdf("x", [KeptPage(first, 2), scan(1, lines=runs("新的一页")), KeptPage(first, 1)])
    assert images(mixed)[::2] == images(first)[::-1]
    assert page_text(mixed, 3).splitlines() == ["计划生育技术服务合同书", "𠮷野"]
    for position, before in ((1, 2), (3, 1)):
        assert texts_of(mixed, position, tmp_path) == texts_of(first, before, tmp_path)
        assert far(drawn(mixed, position), drawn(first, before)) == 0
    assert pdfa_faults(mixed) == []


def test_the_file_is_pdfa_and_every_reader_takes_it_without_a_word(tmp_path: Path) -> None:
    kept = KeptPage(signed_pdf("x", [scan(1)]), 1)
    pdf = signed_pdf("《合同》(一)", [scan(0, lines=runs(*LINES)), scan(2, "L", runs("另一页𠮷")), kept])
    assert pdfa_faults(pdf) == []
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.check_pdf_syntax() == []
    said = PdfReader(io.BytesIO(pdf), strict=True).metadata
    assert said == {"/Title": "《合同》(一)", "/Producer": "huyue"}
    if shutil.which("pdftoppm"):  # of poppler, which the project does not need
        (tmp_path / "a.pdf").write_bytes(pdf)
        command = ["pdftoppm", "-r", str(DPI), "-png", str(tmp_path / "a.pdf"), str(tmp_path / "a")]
        assert subprocess.run(command, capture_output=True, check=True).stderr == b""
        for page in (1, 3):
            assert far(Image.open(tmp_path / f"a-{page}.png"), upright()) < 2


def test_sheets_share_what_is_alike_and_no_more() -> None:
    """The font's boxes and what an image refers to are there once, each sheet's codes for itself."""
    profile = (b"/N 3", b"a profile" * 99)
    one = scan(0, lines=runs("甲乙"))
    tagged = replace(one.pictures[0], entries=one.pictures[0].entries + b"/Of %d 0 R", streams=(profile,))
    pdf = signed_pdf("x", [replace(one, pictures=(tagged,)), replace(one, pictures=(tagged,), dpi=100)])
    assert pdf.count(b"/FontFile2") == 1 and pdf.count(profile[1]) == 1
    pdf = signed_pdf("x", [one, scan(0, lines=runs("丙𠮷")), scan(0, lines=runs("丁𫞩"))])
    assert [page_text(pdf, page) for page in (1, 2, 3)] == ["甲乙", "丙𠮷", "丁𫞩"]


def test_pictures_lie_where_they_are_placed() -> None:
    picture = upright()
    halves = [picture.crop((0, 0, 413, 285)), picture.crop((0, 285, 413, 585))]
    placed = [
        jpeg_picture(jpeg(half), *half.size, 3, place)
        for half, place in zip(
            halves, ((1, 0, 0, 285 / 585, 0, 300 / 585), (1, 0, 0, 300 / 585, 0, 0)), strict=True
        )
    ]
    for turn in range(4):
        size = picture.size if turn % 2 == 0 else picture.size[::-1]
        turned = picture.rotate(-90 * turn, expand=True)
        seen = drawn(signed_pdf("x", [sheet_scan(placed, picture.size, DPI, turn, ())]))
        assert seen.size == size and far(seen, turned) < 2, turn
    mirrored = jpeg_picture(jpeg(picture), *picture.size, 3, MIRRORED)
    seen = drawn(signed_pdf("x", [sheet_scan([mirrored], picture.size, DPI, 0, ())]))
    assert far(seen, picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) < 2


def test_a_page_has_its_small_picture() -> None:
    one = scan(1, lines=runs("甲"))
    with pikepdf.open(io.BytesIO(signed_pdf("x", [one]))) as document:
        thumb = document.pages[0].obj.Thumb
        assert thumb.read_raw_bytes() == one.thumb
        assert (int(thumb.Width), int(thumb.Height), str(thumb.ColorSpace)) == (138, 195, "/DeviceRGB")


def test_a_page_is_no_larger_or_smaller_than_a_page_may_be() -> None:
    grey = Image.new("L", (8000, 16), 200)
    for dpi in (20, 1200):
        pdf = signed_pdf("x", [sheet_scan([jpeg_picture(jpeg(grey), 8000, 16, 1)], (8000, 16), dpi, 0, ())])
        assert pdfa_faults(pdf) == []


def test_a_picture_that_no_pdfa_may_hold_is_found_by_the_checker() -> None:
    """The checker looks where we think it does."""
    one = scan()
    for entries in (b"/Interpolate true", b"/SMask %d 0 R"):
        streams = ((b"/Subtype/Image/ColorSpace/DeviceRGB", b"x"),) if b"%d" in entries else ()
        picture = Picture(one.pictures[0].entries + entries, one.pictures[0].data, streams)
        assert pdfa_faults(signed_pdf("x", [replace(one, pictures=(picture,))])) != []


# No hyphen: at a line's end pdfium takes it for a break within a word.
PRINTED = st.one_of(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
    st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF),
    st.sampled_from("0123456789Xx／（）《》：；，。、·□☑√×①ABC"),
)


@given(st.lists(st.text(PRINTED, min_size=1, max_size=20), min_size=1, max_size=8))
def test_any_printed_text_comes_back(lines: list[str]) -> None:
    with pdfium.PdfDocument(signed_pdf("x", [scan(lines=runs(*lines))])) as document:
        found = document[0].get_textpage().get_text_range()
    assert "".join(found.split()) == "".join(
        lines
    )  # where a line of one character ends is the reader's guess
