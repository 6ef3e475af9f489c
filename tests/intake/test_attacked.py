"""What hostile or unlucky files did to an intake: pages that lie, names that bite, files that are left out."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from archive.signed_pdf import signed_pdf
from pipeline.intake import files, prove, zips
from pipeline.intake.files import Code, list_files, open_file
from pipeline.intake.receipt_workbook import write_receipt
from pipeline.intake.reference import FLAT
from pipeline.intake.taken import Receipt, TakenFile, TakenPage
from tests.conftest import Town, huyue
from tests.intake import sheets as on
from tests.intake.scan_files import HIGH, WIDE, far, image, page_of, place, saved, shown, upright, written

ESCAPE = "\x1b[2J"  # clears a terminal


def test_words_about_a_pdf_that_are_no_text_make_it_no_worse(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        lone = pikepdf.Object.parse(b"<FEFFD8000041>")  # half of a surrogate pair
        pdf.trailer.Info = pdf.make_indirect(Dictionary(Creator=lone, Producer=lone, CreationDate=lone))
        pdf.save(tmp_path / "扫描.pdf")
    opened = open_file(tmp_path / "扫描.pdf")
    assert (opened.code, opened.pages) == (None, 1)


def layered(over: Callable[[pikepdf.Pdf, pikepdf.Page, pikepdf.Stream], bytes], *, alone: bool) -> bytes:
    """A page on which one picture hides another, or would if it showed: dark over bright, or the dark one alone."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(WIDE / 4, HIGH / 4))
        bright, dark = (
            image(pdf, saved(Image.new("L", (WIDE, HIGH), shade), "JPEG"), Filter=Name.DCTDecode)
            for shade in (230, 40)
        )
        page.Resources = Dictionary(XObject=Dictionary(Bright=bright, Dark=dark))
        below = "" if alone else place("Bright", FILLS)
        page.Contents = pikepdf.Stream(pdf, below.encode() + over(pdf, page, dark))
        return written(pdf)


FILLS = (WIDE / 4, 0, 0, HIGH / 4, 0, 0)
DARK = place("Dark", FILLS).encode()


def switched_off(pdf: pikepdf.Pdf, page: pikepdf.Page, dark: pikepdf.Stream) -> bytes:
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name="章"))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    dark.OC = layer
    return DARK


def clipped_away(pdf: pikepdf.Pdf, page: pikepdf.Page, dark: pikepdf.Stream) -> bytes:
    return b"q 0 0 1 1 re W n " + DARK + b" Q"


def form(pdf: pikepdf.Pdf, page: pikepdf.Page, dark: pikepdf.Stream, box: tuple[float, ...]) -> None:
    page.Resources.XObject.Form = pikepdf.Stream(
        pdf,
        DARK,
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array(box),
        Group=Dictionary(S=Name.Transparency),
        Resources=Dictionary(XObject=Dictionary(Dark=dark)),
    )


def in_a_small_form(pdf: pikepdf.Pdf, page: pikepdf.Page, dark: pikepdf.Stream) -> bytes:
    form(pdf, page, dark, (0, 0, 1, 1))
    return b"/Form Do"


def in_an_unseen_form(pdf: pikepdf.Pdf, page: pikepdf.Page, dark: pikepdf.Stream) -> bytes:
    form(pdf, page, dark, (0, 0, WIDE, HIGH))
    page.Resources.ExtGState = Dictionary(Unseen=Dictionary(ca=0))
    return b"/Unseen gs /Form Do"


@pytest.mark.parametrize("alone", [False, True], ids=["over another", "alone"])
@pytest.mark.parametrize("hidden", [switched_off, clipped_away, in_a_small_form, in_an_unseen_form])
def test_a_picture_that_the_page_does_not_show_is_neither_read_nor_filed(
    hidden: Callable[[pikepdf.Pdf, pikepdf.Page, pikepdf.Stream], bytes], alone: bool
) -> None:
    content = layered(hidden, alone=alone)
    page = page_of(content)
    kept = signed_pdf("", [page.scan(page.dpi, page.turn, ())])
    small = [picture.resize((60, 85)) for picture in (shown(content), upright(page), shown(kept))]
    assert np.asarray(small[0]).mean() > 200  # the dark one does not show
    assert far(small[0], small[1]) < 6
    assert far(small[0], small[2]) < 6


@pytest.mark.parametrize("template", ["01", "02", "04", "06"])
def test_a_sheet_on_which_nothing_is_as_printed_proves_nothing(template: str, town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, template))
        wiped = sheet.pixels.copy()
        wiped[70:135, 840:1390] = 255  # the number beside the code
        names = [one.name for one in on.claim_of(connection, sheet.contract, sheet).layout.sheets[0].fields]
        for name in names:
            left, top, right, bottom = on.area_of(connection, sheet, name)
            wiped[top - 3 : bottom + 3, left - 3 : right + 3] = 255
        proof = on.proof_of(connection, sheet, wiped)
        assert proof.agrees == ()
        assert {"party_b_name", "husband_name"} & set(proof.differs)


def test_a_receipt_with_odd_names_opens(tmp_path: Path) -> None:
    names = [f"{ESCAPE}\x01扫描.png", "=1+1.png", "两\n行.png"]
    files = [TakenFile(name, "0" * 64, 1, 1, "", "", "", "") for name in names]
    pages = [TakenPage(place, 1, "review", "foreign") for place in (1, 2, 3)]
    counts = {"files": 3, "pages": 3, "filed": 0, "duplicate": 0, "blank": 0, "review": 3, "quarantined": 0}
    counts |= {"contracts_complete": 0, "contracts_incomplete": 0}
    picture = io.BytesIO()
    Image.new("L", (30, 40), 255).save(picture, "JPEG")
    receipt = Receipt(1, 1, "档案库", "2026-04-05", "经办人甲", counts, files, pages)
    write_receipt(tmp_path / "交接单.xlsx", receipt, dict.fromkeys(range(3), picture.getvalue()))
    book = openpyxl.load_workbook(tmp_path / "交接单.xlsx")  # which takes well-formed XML only
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "=1+1.png" in {cell.value for cell in cells}
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert sum(len(sheet._images) for sheet in book) == 3  # type: ignore[attr-defined, misc]


def test_names_do_nothing_to_the_terminal(tmp_path: Path) -> None:
    home, scans = tmp_path / "档案库", tmp_path / "扫描件"
    assert huyue("init", home).status == 0
    scans.mkdir()
    (scans / f"{ESCAPE}一.txt").write_text("不是扫描件")
    (scans / "二\r没有收.png").write_bytes(saved(Image.new("L", (400, 560), 120), "PNG"))
    (scans / "三\u202egnp.txt").write_text("也不是")
    said = huyue("--home", home, "intake", scans)
    listed = huyue("--home", home, "review", "list")
    for text in (said.out, said.err, listed.out):
        assert not {"\x1b", "\r", "\u202e"} & set(text)


def test_what_is_left_out_of_a_folder_is_never_left_out_unsaid(tmp_path: Path) -> None:
    elsewhere, scans = tmp_path / "共享", tmp_path / "扫描件"
    elsewhere.mkdir()
    scans.mkdir()
    (elsewhere / "一.png").write_bytes(b"x")
    (scans / "链接").symlink_to(elsewhere, target_is_directory=True)
    (scans / "断了.pdf").symlink_to(tmp_path / "没有了.pdf")
    os.mkfifo(scans / "管道.pdf")
    names = {file.name for file in list_files([scans])}
    assert any(name.startswith("链接") for name in names)
    assert {"断了.pdf", "管道.pdf"} <= names


def test_a_member_that_is_rejected_takes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "FILE_LIMIT", 1 << 20)
    with zipfile.ZipFile(tmp_path / "扫描.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("大.png", bytes(3 << 20))
    assert isinstance(zips.unpack(tmp_path / "扫描.zip", tmp_path / "暂存"), list)
    assert sum(path.stat().st_size for path in (tmp_path / "暂存").rglob("*")) == 0


@pytest.mark.parametrize("field", ["phone"])
def test_a_digit_made_another_with_a_pen_is_seen(field: str, town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        lines = prove._lines(on.claim_of(connection, sheet.contract, sheet))
        line = next(one for one in lines if one.name == field)
        digit = next(one for one in line.characters if one.character in "123457")
        (eight,) = digit.others("8")
        factor = 200 / 25.4 / FLAT
        ink = cv2.resize(eight.picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        left, top = round(eight.x * factor), round(eight.y * factor)
        marked = sheet.pixels.copy()
        there = marked[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.minimum(there, ink[..., None], out=there)
        assert on.proof_of(connection, sheet, marked).differs == (field,)


def test_a_folder_that_cannot_be_read_is_listed_and_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "锁着").mkdir()
    (tmp_path / "一.png").write_bytes(b"x")
    really = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "锁着":
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listed = list_files([tmp_path])
    assert [file.name for file in listed] == ["一.png", "锁着"]
    assert open_file(listed[1].path).code is Code.DAMAGED


def test_a_file_that_a_parser_trips_over_is_rejected_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trips(path: Path) -> None:
        raise IndexError

    monkeypatch.setattr(files, "open_pdf", trips)
    (tmp_path / "一.pdf").write_bytes(b"%PDF-1.7")
    assert open_file(tmp_path / "一.pdf").code is Code.DAMAGED
