"""Whatever lies in a folder of scans: each page is counted once, each bad file named, and no neighbour suffers."""

import hashlib
import io
import resource
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import docx
import pikepdf
import pytest
from PIL import Image, ImageOps
from sqlalchemy import select

from archive.catalogue import tables
from archive.home import open_home
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.scan_page import DPI, HIGH, WIDE
from pipeline.demo.scanner import sign_and_scan
from tests.conftest import Answer
from tests.main_job.test_closing import Hamlet, make_hamlet, printed_hamlet
from tests.main_job.test_planning import line

HEIC = Path(__file__).parents[1] / "resources/scans/turned.heic"
COUNTS = ("filed", "duplicate", "blank", "review", "quarantined")
REJECTED = {
    "乱写.pdf": "unsupported",
    "信.docx": "unsupported",
    "加密.pdf": "encrypted",
    "半截.pdf": "damaged",
    "半截.tif": "damaged",
    "无页.pdf": "empty",
    "零.pdf": "empty",
    "说大话.jpg": "too_large",
    "附.zip/乱写.txt": "unsupported",
}
# Every file that opens: what becomes of its pages; a page in review with the reason.
PAGES = {
    "一叠.pdf": ["blank", "blank", "filed", "filed"],  # a cover and its back, two sheets
    "坏图.pdf": ["filed", "quarantined", "quarantined", "quarantined", "filed"],
    "说大话.pdf": ["quarantined", "quarantined", "filed"],
    "五米.pdf": ["foreign"],
    "缺图.pdf": ["quarantined", "duplicate"],  # a page whose picture is gone is no blank one
    "一线.png": ["quarantined"],
    "半截.jpg": ["quarantined"],
    "二值.tif": ["filed"],
    "彩色.png": ["filed"],
    "灰度.jpg": ["filed"],
    "灰度复件.jpg": ["duplicate"],
    "空白.png": ["blank"],
    "空白复件.png": ["blank"],
    "两码.png": ["two_codes"],
    "别库.jpg": ["wrong_check"],
    "照片.heic": ["foreign"],
    "附.zip/补/空白.png": ["blank"],
    "附.zip/补/灰度.jpg": ["duplicate"],
    "镜像.png": ["foreign"],  # a code seen from behind counts for nothing
}


@dataclass(frozen=True)
class Pile:
    """A folder of all that, taken in once into an archive of its own; `digests` of its files before."""

    hamlet: Hamlet
    folder: Path
    digests: Mapping[str, str]
    answer: Answer


@pytest.fixture(scope="module")
def pile(tmp_path_factory: pytest.TempPathFactory) -> Pile:
    folder = tmp_path_factory.mktemp("杂")
    hamlet, scans = printed_hamlet(tmp_path_factory).copied(folder), folder / "扫描件"
    write_pile(hamlet, scans, folder)
    (scans / "别库.jpg").write_bytes(sheet_of_another_archive(folder))
    return Pile(hamlet, scans, digests(scans), hamlet.run("intake", scans))


def write_pile(hamlet: Hamlet, scans: Path, folder: Path) -> None:
    """Scans of the first household's four contracts, and everything that scanners and people do to files."""
    scans.mkdir()
    plan = {numbers[0]: Fate() for numbers in hamlet.numbers.values()}
    truth = sign_and_scan(hamlet.batch, folder / "原样", seed=1, plan=plan, rates=SMOOTH)
    source = folder / "原样" / truth.pages[0].file
    places = {(page.contract, page.sheet): page.index for page in truth.pages}
    a, b, c, d = ([places[number, sheet] for sheet in (1, 2)] for number in plan)
    jpegs = jpegs_of(source)

    def write(name: str, indexes: list[int], change: Callable[[list[pikepdf.Page]], object] = len) -> None:
        """A PDF of these pages, changed."""
        with pikepdf.Pdf.open(source) as pdf, pikepdf.Pdf.new() as new:
            new.pages.extend(pdf.pages[index] for index in indexes)
            change(list(new.pages))
            new.save(scans / name, stream_decode_level=pikepdf.StreamDecodeLevel.none)

    def spoil(pages: list[pikepdf.Page]) -> None:
        cut, short = jpegs[b[0]][: len(jpegs[b[0]]) // 2], zlib.compress(bytes(10_000))
        pages[1].Resources.XObject.Scan.write(cut, filter=pikepdf.Name.DCTDecode)
        pages[2].Resources.XObject.Scan.write(short, filter=pikepdf.Name.FlateDecode)
        pages[3].Resources.XObject.Scan.write(b"not JPEG 2000", filter=pikepdf.Name.JPXDecode)

    def boast(pages: list[pikepdf.Page]) -> None:
        pages[0].Resources.XObject.Scan.Width = pages[0].Resources.XObject.Scan.Height = 60_000
        pages[1].Resources.XObject.Scan.write(boastful(jpegs[b[0]]), filter=pikepdf.Name.DCTDecode)

    def lose(pages: list[pikepdf.Page]) -> None:
        del pages[0].Resources.XObject["/Scan"]

    def spread(pages: list[pikepdf.Page]) -> None:
        pages[0].MediaBox = pikepdf.Array([0, 0, 14173, 14173])

    write("一叠.pdf", [0, 1, *a])
    write("坏图.pdf", [b[0], *a, c[0], b[1]], spoil)
    write("说大话.pdf", [*a, d[0]], boast)
    write("缺图.pdf", [a[1], a[0]], lose)
    write("五米.pdf", [a[0]], spread)
    pictures = [Image.open(io.BytesIO(jpeg)).convert("RGB") for jpeg in jpegs]
    black = pictures[c[0]].convert("L").point(lambda value: 255 * (value > 150)).convert("1")
    black.save(scans / "二值.tif", compression="group4", dpi=(DPI, DPI))
    pictures[c[1]].convert("L").save(scans / "灰度.jpg", quality=85)
    pictures[d[1]].save(scans / "彩色.png")
    ImageOps.mirror(pictures[a[0]]).save(scans / "镜像.png")
    both = ImageOps.expand(pictures[a[0]], (0, 0, WIDE, 0))  # two sheets side by side on the glass
    both.paste(pictures[b[0]], (WIDE, 0))
    both.save(scans / "两码.png")
    Image.new("L", (WIDE, HIGH), 255).save(scans / "空白.png")
    Image.new("L", (1, HIGH), 255).save(scans / "一线.png")
    shutil.copy(scans / "灰度.jpg", scans / "灰度复件.jpg")
    shutil.copy(scans / "空白.png", scans / "空白复件.png")
    shutil.copy(HEIC, scans / "照片.heic")
    write_zip(scans)
    write_rejected(source, jpegs[a[0]], scans)


def write_zip(scans: Path) -> None:
    """Some of the files again, as people send them."""
    with zipfile.ZipFile(scans / "附.zip", "w") as archive:
        for name in ("空白.png", "灰度.jpg"):
            archive.write(scans / name, f"补/{name}")
        archive.writestr("乱写.txt", "不是扫描件")
        archive.writestr("__MACOSX/._空白.png", b"")


def write_rejected(source: Path, jpeg: bytes, scans: Path) -> None:
    """Files that do not open, files that are no scans, and files that nobody means."""
    (scans / "零.pdf").write_bytes(b"")
    (scans / "乱写.pdf").write_text("这不是扫描件。" * 40, encoding="utf-8")
    (scans / "半截.pdf").write_bytes(source.read_bytes()[:-10_000])
    (scans / "半截.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (scans / "说大话.jpg").write_bytes(boastful(jpeg))
    docx.Document().save(str(scans / "信.docx"))
    with pikepdf.Pdf.open(source) as pdf:
        pdf.save(scans / "加密.pdf", encryption=pikepdf.Encryption(owner="甲", user="乙"))
    pikepdf.Pdf.new().save(scans / "无页.pdf")
    frame, buffer = Image.open(io.BytesIO(jpeg)).resize((400, 565)), io.BytesIO()
    frame.save(buffer, "TIFF", save_all=True, append_images=[frame] * 3, compression="jpeg")
    (scans / "半截.tif").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (scans / ".缓存").mkdir()
    for name in (".隐藏.jpg", "Thumbs.db", "DESKTOP.INI", ".缓存/页.jpg"):
        (scans / name).write_bytes(jpeg)


def boastful(jpeg: bytes) -> bytes:
    """The JPEG, whose frame header says 60000 × 60000."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", 60_000, 60_000) + jpeg[at + 4 :]


def sheet_of_another_archive(folder: Path) -> bytes:
    """A sheet with a number and a layout that our archive knows too, printed by another."""
    other = make_hamlet(folder / "别库", [line("韦样", "户主", "45122519880512001")])
    truth = sign_and_scan(other.batch, folder / "别库", seed=1, rates=SMOOTH)
    [place] = [page for page in truth.pages if page.sheet == 2]
    return jpegs_of(folder / "别库" / place.file)[place.index]


def jpegs_of(file: Path) -> list[bytes]:
    with pikepdf.Pdf.open(file) as pdf:
        return [bytes(page.Resources.XObject.Scan.read_raw_bytes()) for page in pdf.pages]


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def outcomes(home: Path) -> dict[str, list[str]]:
    """What the archive says of every page, by file: its count, or of a page in review the reason."""
    file, page, review = tables.scan_file, tables.scan_page, tables.review
    query = (
        select(file.c.name, page.c.outcome, review.c.reason)
        .join(page, page.c.file_id == file.c.id)
        .outerjoin(review, review.c.page_id == page.c.id)
        .order_by(file.c.name, page.c.index)
    )
    with open_home(home, None).reading() as connection:
        rows = connection.execute(query).all()
    return {row.name: [one.reason or one.outcome for one in rows if one.name == row.name] for row in rows}


def test_every_page_is_what_it_is_whatever_lies_beside_it(pile: Pile) -> None:
    assert outcomes(pile.hamlet.home) == PAGES


def test_every_bad_file_is_named_with_its_code_and_a_message(pile: Pile) -> None:
    rejected = pile.answer.json["rejected_files"]
    assert {one["file"]: one["code"] for one in rejected} == REJECTED
    assert all(one["message"] and one["file"] in pile.answer.err for one in rejected)


def test_the_five_counts_add_up_and_hidden_files_are_none(pile: Pile) -> None:
    said, expected = pile.answer.json, [outcome for pages in PAGES.values() for outcome in pages]
    assert (pile.answer.status, said["files"]) == (1, len(PAGES) + len(REJECTED))
    assert said["pages"] == sum(said[count] for count in COUNTS) == len(expected)
    assert all(said[count] == expected.count(count) for count in COUNTS if count != "review")
    assert (said["contracts_complete"], said["contracts_incomplete"]) == (4, 0)


def test_scans_of_any_form_and_colour_are_judged_alike(pile: Pile) -> None:
    for numbers in pile.hamlet.numbers.values():
        shown = pile.hamlet.show(numbers[0])
        assert shown["state"] == "filed"
        for name, verdict in shown["boxes"].items():
            assert verdict == ("empty" if name.endswith("privacy_consent") else "filled"), (numbers[0], name)


def test_pictures_that_boast_take_no_memory(pile: Pile) -> None:
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # of any process so far
    assert largest < 2.5 * (1 << 30) < 60_000**2


def test_the_same_folder_again_says_exactly_the_same_and_changes_nothing(pile: Pile) -> None:
    before = outcomes(pile.hamlet.home)
    again = pile.hamlet.run("intake", pile.folder)
    assert (again.status, again.out) == (pile.answer.status, pile.answer.out)
    assert outcomes(pile.hamlet.home) == before
    assert pile.hamlet.run("verify").json["orphaned"] == []


def test_a_file_given_twice_is_looked_at_once_and_elsewhere_it_is_a_duplicate(
    pile: Pile, tmp_path: Path
) -> None:
    known = pile.folder / "灰度.jpg"
    twice = pile.hamlet.run("intake", known, pile.folder / ".." / pile.folder.name / known.name, known).json
    assert (twice["files"], twice["pages"], twice["filed"]) == (1, 1, 1)
    for name, count in (("灰度.jpg", "duplicate"), ("空白.png", "blank"), ("两码.png", "duplicate")):
        other = tmp_path / f"又名-{name}"
        shutil.copy(pile.folder / name, other)
        said = pile.hamlet.run("intake", other).json
        assert (said["pages"], said[count]) == (1, 1), name


def test_the_originals_are_untouched(pile: Pile) -> None:
    assert digests(pile.folder) == dict(pile.digests)


def test_nothing_to_take_in_says_so_in_counts_or_in_an_error(pile: Pile, tmp_path: Path) -> None:
    empty = pile.hamlet.run("intake", tmp_path)
    assert empty.status == 3
    assert {empty.json[count] for count in ("files", "pages", *COUNTS)} == {0}
    only_bad = pile.hamlet.run("intake", pile.folder / "零.pdf")
    assert (only_bad.status, only_bad.json["files"], only_bad.json["pages"]) == (3, 1, 0)
    missing = pile.hamlet.run("intake", tmp_path / "没有")
    assert (missing.status, missing.json["error"]["code"]) == (3, "scan_missing")
    assert missing.json["error"]["file"] == str(tmp_path / "没有")
