"""What is printed is PDF/A-2u: by our own checker, whose rules are each broken once, and by two renderers.

There is no outside validator to be had; where `verapdf` is installed, it is asked too.
"""

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import deflate
import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageCms, ImageDraw

from archive.pdfa import srgb_profile
from archive.sheet_counts import Count
from pipeline import press
from pipeline.certificate import Certificate, write_certificate
from pipeline.fonts import from_file, style
from pipeline.pdf import Form, PdfWriter
from pipeline.preview import invented_contract, preview_files
from pipeline.render_layout import render
from pipeline.template import load_template
from tests.conftest import FULL, Town, huyue
from tests.main_job.test_rare_characters import NAMES
from tests.pdfa_check import pdfa_faults
from tests.pdfa_mutations import BYTES, OBJECTS, written
from tests.templates.template_edits import Members, edited, loaded, stock, swap
from tests.templates.test_nothing_is_fetched import PACKAGE, REL, picture
from tests.templates.word_pieces import SPACES, add_header, paragraph, run

DAY = date(2026, 3, 5)
PAGES = None if FULL else 3  # of a file, at most, for what takes long
BLOCK = 12  # pixels a side, of 144 dpi: where two renderings are compared
SPACING = '<w:pPr><w:spacing w:line="240" w:lineRule="auto"/></w:pPr>'  # a fixed one cuts a picture off
LATIN = '<w:rFonts w:ascii="DejaVu Sans" w:hAnsi="DejaVu Sans"/>'


def logo() -> bytes:
    """A PNG with parts that can be seen through."""
    image = Image.new("RGBA", (200, 120), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((10, 10, 190, 110), fill=(200, 30, 30, 180))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def with_header(words: str) -> Any:
    """An edit: a header with the logo and some words."""

    def edit(members: Members) -> None:
        add_header(members, paragraph(SPACING, picture('<a:blip r:embed="rId90"/>'), words))
        swap("<w:hdr ", f'<w:hdr {SPACES} xmlns:r="{REL}" ', "word/header1.xml")(members)
        image = f'<Relationship Id="rId90" Type="{REL}/image" Target="media/logo.png"/>'
        rels = f'<Relationships xmlns="{PACKAGE}">{image}</Relationships>'
        members["word/_rels/header1.xml.rels"] = rels.encode()
        members["word/media/logo.png"] = logo()
        png = '<Default Extension="png" ContentType="image/png"/>'
        swap('<Default Extension="xml"', png + '<Default Extension="xml"', "[Content_Types].xml")(members)

    return edit


@pytest.fixture(scope="module")
def files(town: Town, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every kind of PDF that is printed."""
    folder = tmp_path_factory.mktemp("pdfa")
    batches = list(town.batches())[None if FULL else 6 :]
    found = {f"print.pdf of {batch.name}": (batch / "print.pdf").read_bytes() for batch in batches}
    common = ("--home", town.home, "print", "--campaign", "2026春", "--village", batches[0].name)
    for options in (("--copies", "2", "--a3"), ("--copies", "2", "--collated", "--split", "9")):
        out = folder / options[-1]
        assert huyue(*common, *options, "--out", out).status == 0
        found |= {path.name: path.read_bytes() for path in (out / batches[0].name).glob("print-*.pdf")}
    found["rare characters"] = rare_names()
    # A ligature's glyph is several characters: such a layout keeps the fonts that LibreOffice embeds.
    templates = [
        load_template(edited(stock("04"), folder / "logo", docx=with_header(run("凤凰社区")))),
        load_template(
            edited(stock("05"), folder / "ligature", docx=with_header(run("office affinity", LATIN)))
        ),
    ]
    made = preview_files(templates, folder / "preview", DAY)
    found |= {path.stem: path.read_bytes() for path in made if path.suffix == ".pdf"}
    found["certificate"] = certificate()
    return found


def certificate() -> bytes:
    """A campaign's, of several pages."""
    rows = [(f"冲洞村第{number}村民小组", Count(contracts=number, sheets=2 * number)) for number in range(60)]
    out = io.BytesIO()
    write_certificate(out, Certificate("2026春", DAY, DAY, DAY, "经办人甲", rows, rows))
    return out.getvalue()


def rare_names() -> bytes:
    """A contract of template 04 for each rare name."""
    template = loaded("04")
    contract, facts = invented_contract(template, DAY)
    [layout] = render([(template, press.variant_of(contract))])
    content = contract.content
    names = {key for key, value in content.fields.items() if value == contract.parties[0][0]}
    contracts = [
        (
            replace(
                contract, content=replace(content, fields={**content.fields, **dict.fromkeys(names, name)})
            ),
            layout,
        )
        for name in NAMES
    ]
    out = io.BytesIO()
    batch = press.Batch(facts, contracts, {template.sha256: template}, b"key")
    press.write_contracts(out, batch, "生僻字")
    return out.getvalue()


@pytest.fixture(scope="module")
def good(files: dict[str, bytes]) -> bytes:
    """The file with most kinds of things in it: fonts of four kinds, and the logo."""
    return files["pension_insurance"]


def test_everything_printed_keeps_to_the_rules(files: dict[str, bytes]) -> None:
    kinds = {"print-2.pdf", "print-a3.pdf", "print-collated.pdf", "print-part-02.pdf"}
    assert kinds < set(files)
    for name, data in files.items():
        assert pdfa_faults(data) == [], name


def test_the_samples_hold_what_the_rules_are_about(files: dict[str, bytes], good: bytes) -> None:
    assert {"/Type0", "/CIDFontType0", "/CIDFontType2", "/TrueType", "/Type1"} <= subtypes(good)
    for data in (good, files["away_period"]):
        with pikepdf.open(io.BytesIO(data)) as pdf:
            assert any(isinstance(one, pikepdf.Stream) and "/SMask" in one for one in pdf.objects)
    assert {"/Type1", "/TrueType"}.isdisjoint(subtypes(files["away_period"]))
    with pikepdf.open(io.BytesIO(files["rare characters"])) as pdf:
        names = {
            str(one.BaseFont)[8:]
            for one in pdf.objects
            if isinstance(one, pikepdf.Dictionary) and "/BaseFont" in one
        }
    assert any(name.startswith("Hana") for name in names)


def subtypes(data: bytes) -> set[str]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return {
            str(one.Subtype)
            for one in pdf.objects
            if isinstance(one, pikepdf.Dictionary) and "/Subtype" in one
        }


@pytest.mark.parametrize("name", BYTES)
def test_a_file_with_one_fault_in_its_bytes_is_found_out(good: bytes, name: str) -> None:
    said, change = BYTES[name]
    only(said, pdfa_faults(change(good)))


@pytest.mark.parametrize("name", OBJECTS)
def test_a_file_with_one_faulty_object_is_found_out(good: bytes, name: str) -> None:
    said, change = OBJECTS[name]
    with pikepdf.open(io.BytesIO(good)) as pdf:
        change(pdf)
        only(said, pdfa_faults(written(pdf)))


def only(said: str, faults: list[str]) -> None:
    """That is what is said, and nothing else."""
    assert faults
    assert [fault for fault in faults if said not in fault] == []


def test_an_encrypted_file_is_found_out(good: bytes) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(good)) as pdf:
        pdf.save(
            out,
            encryption=pikepdf.Encryption(owner="a", user="", R=4),
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    assert "6.1.3 the file is encrypted" in pdfa_faults(out.getvalue())


def test_a_file_written_again_without_a_change_has_no_faults(good: bytes) -> None:
    with pikepdf.open(io.BytesIO(good)) as pdf:
        assert pdfa_faults(written(pdf)) == []


def test_what_is_copied_from_another_pdf_is_neither_interpolated_nor_has_it_exponents() -> None:
    source = pikepdf.new()
    size = {"Width": 1, "Height": 1, "BitsPerComponent": 8, "ColorSpace": pikepdf.Name.DeviceGray}
    image = source.make_stream(
        b"a", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Interpolate=True, **size
    )
    own = {
        "/ExtGState": pikepdf.Object.parse(b"<</EGS1<</LW 0.0000001/ca 0.25>>>>"),
        "/XObject": pikepdf.Dictionary(Im1=image),
    }
    content = bytes(deflate.zlib_compress(b"/EGS1 gs /Im1 Do"))
    out = io.BytesIO()
    writer = PdfWriter(out, "x")
    writer.page(b"/P Do\n", {"P": writer.form(Form(content, {}, own, source))})
    writer.close()
    assert b"/LW 0.0000001/ca 0.25" in out.getvalue()
    assert pdfa_faults(out.getvalue()) == []


def test_a_font_may_have_any_name() -> None:
    [face] = style("kai").faces[:1]
    named = from_file(face.font_file([face.glyph("国")]), "方正 仿宋(GBK)/甲", "x.1")
    named.postscript_name = "方正 仿宋(GBK)/甲"
    out = io.BytesIO()
    writer = PdfWriter(out, "x")
    writer.use(named, {face.glyph("国"): "国"})
    writer.page(b"BT /x.1 12 Tf <%04X> Tj ET\n" % face.glyph("国"), {})
    writer.close()
    assert pdfa_faults(out.getvalue()) == []
    with pikepdf.open(io.BytesIO(out.getvalue())) as pdf:
        assert str(pdf.pages[0].Resources.Font["/x.1"].BaseFont).endswith("+方正 仿宋(GBK)/甲")


def test_the_profile_is_srgb_to_the_eye() -> None:
    ours, theirs = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile())), ImageCms.createProfile("sRGB")
    colours = Image.fromarray(np.mgrid[0:256:17, 0:256:17, 0:256:51].reshape(3, -1).T.astype(np.uint8)[None])
    seen = ImageCms.profileToProfile(colours, ours, theirs)
    assert seen is not None
    assert np.abs(np.asarray(seen, int) - np.asarray(colours, int)).max() <= 12
    assert np.abs(np.asarray(seen, int) - np.asarray(colours, int)).mean() < 2


def test_qpdf_has_no_objection_nor_has_verapdf(files: dict[str, bytes], tmp_path: Path) -> None:
    for number, (name, data) in enumerate(files.items()):
        with pikepdf.open(io.BytesIO(data)) as pdf:
            assert (pdf.check_pdf_syntax(), pdf.get_warnings()) == ([], []), name
        (tmp_path / f"{number}.pdf").write_bytes(data)
    if program := shutil.which("verapdf"):
        done = subprocess.run([program, "--flavour", "2u", tmp_path], capture_output=True, timeout=600)
        assert done.returncode == 0, done.stdout.decode()


Grey = np.ndarray[Any, np.dtype[np.float64]]


def drawn(data: bytes) -> Iterator[tuple[str, Grey]]:
    """Each page's text without white space, and its picture, as pdfium has them."""
    with pdfium.PdfDocument(data) as document:
        for page in list(document)[:PAGES]:
            picture = page.render(scale=144 / 72, grayscale=True).to_numpy().squeeze()
            yield solid(page.get_textpage().get_text_range()), blocks(picture)


def blocks(picture: "np.ndarray[Any, Any]") -> Grey:
    """The mean grey of every block."""
    high, wide = (side // BLOCK * BLOCK for side in picture.shape)
    cut = np.asarray(picture[:high, :wide], np.float64)
    means: Grey = cut.reshape(high // BLOCK, BLOCK, wide // BLOCK, BLOCK).mean((1, 3))
    return means


def solid(text: str) -> str:
    return "".join(text.split())


def poppler(program: str, *arguments: str | Path) -> bytes:
    """What a program of poppler prints; it must have nothing to complain about."""
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def test_two_renderers_show_and_read_the_same(files: dict[str, bytes], tmp_path: Path) -> None:
    last = () if PAGES is None else ("-l", str(PAGES))
    for name, data in files.items():
        path = tmp_path / "a.pdf"
        path.write_bytes(data)
        theirs = poppler("pdftotext", "-raw", "-enc", "UTF-8", *last, path, "-").decode().split("\f")
        for old in tmp_path.glob("page*"):
            old.unlink()
        poppler("pdftoppm", "-r", "144", "-gray", *last, path, tmp_path / "page")
        pictures = sorted(tmp_path.glob("page*"))
        for number, (text, ours) in enumerate(drawn(data)):
            assert solid(theirs[number]) == text, (name, number)
            with Image.open(pictures[number]) as image:
                difference = np.abs(blocks(np.asarray(image)) - ours)
            assert (difference.mean() < 2, difference.max() < 50) == (True, True), (name, number)
