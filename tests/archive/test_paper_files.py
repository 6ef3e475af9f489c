"""Files of papers: told by their content, refused where they will not open, their words read."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from archive.signed_pdf import Run, jpeg_picture, sheet_scan, signed_pdf
from pipeline import fonts, pool
from pipeline.intake.files import Code as Refused
from pipeline.paper_files import look_at, read_pages, unread
from tests.archive.test_filings import picture

RESOURCES = Path(__file__).parents[1] / "resources/scans"


def pdf_of(*pages: str) -> bytes:
    """A scan with these words as its text layer, a page each."""
    scans = [
        sheet_scan(
            [jpeg_picture(picture(20 * at), 62, 88, 1)], (62, 88), 72, 0, (Run(words, (40, 0, 0, -8, 5, 40)),)
        )
        for at, words in enumerate(pages, 1)
    ]
    return signed_pdf("纸", scans)


def office(name: str) -> bytes:
    buffer = io.BytesIO()
    if name == "docx":
        docx.Document().save(buffer)
    else:
        openpyxl.Workbook().save(buffer)
    return buffer.getvalue()


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return buffer.getvalue()


def sealed(data: bytes) -> bytes:
    """A zip that says of its first member that it is encrypted (APPNOTE.TXT, 4.4.4)."""
    changed = bytearray(data)
    changed[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def saved(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (60, 80), 200).save(buffer, kind, **options)
    return buffer.getvalue()


def locked_pdf() -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_of("密"))) as document:
        document.save(buffer, encryption=pikepdf.Encryption(owner="o", user="u"))
    return buffer.getvalue()


MS = "application/vnd.openxmlformats-officedocument."
KINDS: list[tuple[str, Callable[[], bytes], str, int]] = [
    ("文.pdf", lambda: pdf_of("第一页的字", "第二页"), "application/pdf", 2),
    ("图.pdf", lambda: saved("TIFF", save_all=True, append_images=[Image.new("L", (9, 9))]), "image/tiff", 2),
    ("a.tif", lambda: saved("JPEG"), "image/jpeg", 1),
    ("b", lambda: saved("PNG"), "image/png", 1),
    ("c.jpg", lambda: (RESOURCES / "turned.heic").read_bytes(), "image/heic", 1),
    ("d.docx", lambda: office("docx"), MS + "wordprocessingml.document", 0),
    ("e.zip", lambda: office("xlsx"), MS + "spreadsheetml.sheet", 0),
    ("f.ofd", lambda: zipped("OFD.xml", "Doc_0/Document.xml"), "application/ofd", 0),
]
REFUSED: list[tuple[str, Callable[[], bytes], Refused]] = [
    ("话.pdf", lambda: "不是PDF".encode(), Refused.UNSUPPORTED),
    ("包.docx", lambda: zipped("一.pdf"), Refused.UNSUPPORTED),
    ("宏.docx", lambda: zipped("word/document.xml", "word/vbaProject.bin"), Refused.UNSUPPORTED),
    ("密.ofd", lambda: sealed(zipped("OFD.xml")), Refused.UNSUPPORTED),
    ("断.docx", lambda: office("docx")[:900], Refused.UNSUPPORTED),
    ("密.pdf", locked_pdf, Refused.ENCRYPTED),
    ("坏.pdf", lambda: pdf_of("坏")[:400], Refused.DAMAGED),
    ("空.pdf", lambda: b"", Refused.EMPTY),
]


def test_a_file_is_told_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    given = [(name, data()) for name, data, *_ in KINDS] + [(name, data()) for name, data, _ in REFUSED]
    for name, data in given:
        (tmp_path / name).write_bytes(data)
    found = list(look_at([tmp_path / name for name, _ in given]))
    assert [(one.media, one.pages) for one in found[: len(KINDS)]] == [(media, n) for *_, media, n in KINDS]
    assert [one.code for one in found] == [None] * len(KINDS) + [code for *_, code in REFUSED]
    assert [text.strip() for text in found[0].texts] == ["第一页的字", "第二页"]
    assert [unread(one) for one in found[:3]] == [[], [0, 1], [0]]
    assert (found[0].sha256, found[0].size) == (hashlib.sha256(given[0][1]).hexdigest(), len(given[0][1]))


def test_words_on_images_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "workers", lambda: 1)  # who reads, loads its models: once is enough
    face = fonts.style("song").find("村")
    assert face is not None and face[0].source is not None
    path, index = face[0].source
    image = Image.new("L", (1000, 400), 255)
    font = ImageFont.truetype(str(path), 60, index)
    ImageDraw.Draw(image).text((60, 60), "冲洞村村规民约", fill=0, font=font)
    ImageDraw.Draw(image).text((60, 220), "爱护山林 2009", fill=0, font=font)
    image.rotate(180).save(tmp_path / "转.jpg", exif=orientation(3))
    Image.new("L", (1000, 400), 255).save(tmp_path / "白.png")
    (tmp_path / "坏.jpg").write_bytes(b"\xff\xd8\xff")
    wanted = [(tmp_path / name, 0) for name in ("转.jpg", "白.png", "坏.jpg")]
    read, blank, bad = read_pages(wanted)
    assert read is not None
    assert read.replace(" ", "").split("\n") == ["冲洞村村规民约", "爱护山林2009"]
    assert (blank, bad) == ("", None)


def orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif
