"""Receipts: every page of an intake, what became of it, and the files as they came, byte for byte."""

import hashlib
import io
import json
import shutil
import zipfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pikepdf
import pytest
from PIL import Image

from archive.filings import filing_versions
from archive.home import open_home
from archive.journal import Actor
from pipeline import pool
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.scanner import sign_and_scan
from pipeline.intake import reading, receipt_workbook, run
from pipeline.intake import review as reviews
from pipeline.intake.files import list_files
from pipeline.intake.receipt_workbook import write_receipt
from pipeline.intake.small_pictures import KeptPicture, no_picture, small_picture
from pipeline.intake.taken import Receipt, TakenFile, TakenPage
from tests.conftest import Answer, huyue
from tests.intake.odd_pages import scribbled
from tests.main_job.test_closing import BACK, Hamlet, printed_hamlet
from tests.main_job.test_intake_files import COUNTS, jpegs_of

OPENED = {  # every file that opens, with what becomes of its pages
    "=1+1.pdf": ["blank", "blank", "filed", "filed"],
    "坏.jpg": ["quarantined"],
    "杂.zip/纸.pdf": ["review"],
    "白.png": ["blank"],
    "重复.jpg": ["duplicate"],
}
REJECTED = {"加密.pdf": "encrypted", "半截.pdf": "damaged", "空.pdf": "empty", "说明.txt": "unsupported"}


@dataclass(frozen=True)
class Office:
    """A pile of everything, taken in once; `out` is where the receipt was put, `whole` a scan of a contract."""

    hamlet: Hamlet
    scans: Path
    out: Path
    answer: Answer
    whole: Path
    number: str

    def receipt(self, number: int = 1) -> Any:
        return json.loads((self.out / f"交接单-{number:04d}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("交接")
    hamlet, scans, out = (
        printed_hamlet(tmp_path_factory).copied(folder),
        folder / "扫描件",
        folder / "交" / "接",
    )
    number = hamlet.numbers["family_planning"][0]
    truth = sign_and_scan(hamlet.batch, folder / "整", seed=1, plan={number: Fate()}, rates=SMOOTH)
    scribbled(folder / "纸.pdf", 1, seed=2)
    whole = folder / "整" / truth.pages[0].file
    scans.mkdir()
    shutil.copy(whole, scans / "=1+1.pdf")
    (scans / "重复.jpg").write_bytes(jpegs_of(whole)[2])
    (scans / "坏.jpg").write_bytes(jpegs_of(whole)[2][:20_000])
    Image.new("1", (80, 120), 1).save(scans / "白.png")
    with zipfile.ZipFile(scans / "杂.zip", "w") as packed:
        packed.write(folder / "纸.pdf", "纸.pdf")
    with pikepdf.Pdf.open(whole) as pdf:
        pdf.save(scans / "加密.pdf", encryption=pikepdf.Encryption(owner="甲", user="乙"))
    (scans / "半截.pdf").write_bytes(whole.read_bytes()[:5000])
    (scans / "空.pdf").touch()
    (scans / "说明.txt").write_text("不是扫描件", encoding="utf-8")
    answer = hamlet.run("intake", scans, "--receipt", out)
    assert answer.status == 1, answer.err
    return Office(hamlet, scans, out, answer, whole, number)


def outcomes_of(receipt: Any) -> dict[str, list[str]]:
    names = [file["name"] for file in receipt["files"] if not file["code"]]
    pages = [(receipt["files"][page["file"] - 1]["name"], page["outcome"]) for page in receipt["pages"]]
    return {name: [outcome for one, outcome in pages if one == name] for name in names}


def test_a_receipt_says_what_became_of_every_page_and_its_counts_add_up(office: Office) -> None:
    receipt, said = office.receipt(), office.answer.json
    rejected = said.pop("rejected_files")
    assert receipt["counts"] == said
    assert outcomes_of(receipt) == OPENED
    assert len(receipt["pages"]) == said["pages"] == sum(said[count] for count in COUNTS)
    for count in COUNTS:
        assert said[count] == sum(page["outcome"] == count for page in receipt["pages"])
    refused = [file for file in receipt["files"] if file["code"]]
    assert {file["name"]: file["code"] for file in refused} == REJECTED
    assert [(one["file"], one["message"]) for one in rejected] == [
        (file["name"], file["message"]) for file in refused
    ]
    assert (receipt["number"], receipt["day"], receipt["user"], receipt["archive"]) == (
        1,
        BACK,
        "经办人甲",
        "档案库",
    )
    assert not any(page["known_before"] for page in receipt["pages"])
    filed = [page for page in receipt["pages"] if page["outcome"] == "filed"]
    assert [(page["contract"], page["sheet"]) for page in filed] == [(office.number, 1), (office.number, 2)]
    (waiting,) = [page for page in receipt["pages"] if page["outcome"] == "review"]
    assert (waiting["reason"], waiting["page"]) == ("foreign", 1)
    for file in receipt["files"]:
        path = office.scans / file["name"]
        if path.is_file():
            assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
            assert file["bytes"] == path.stat().st_size


def images_of(book: Any) -> list[Any]:
    """The pictures of what is to be looked at."""
    images: list[Any] = book["要看的页"]._images
    return images


def cells(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]


def test_the_workbook_lists_the_same_and_shows_what_is_to_be_looked_at(office: Office) -> None:
    book = openpyxl.load_workbook(office.out / "交接单-0001.xlsx")
    assert book.sheetnames == ["总表", "文件", "页", "要看的页"]
    totals: dict[Any, Any] = {row[0].value: row[1].value for row in book["总表"].iter_rows() if row[0].value}
    said = office.answer.json
    assert (
        totals["页"]
        == said["pages"]
        == sum(totals[f"　{label}"] for label in ("归档", "重复", "空白和封面", "待核", "坏页"))
    )
    assert totals["文件（个）"] == said["files"]
    assert {"交件人（签名）：", "收件人（签名）：", "日期："} <= set(totals)
    files, pages, look = (cells(book[name]) for name in ("文件", "页", "要看的页"))
    assert [row[1] for row in files] == [file["name"] for file in office.receipt()["files"]]
    assert [row[1] for row in pages].count("=1+1.pdf") == 4
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert {row[1]: row[6] for row in look} == {
        "坏.jpg": "（读不出来，没有图像）",
        "杂.zip/纸.pdf": "",
    }
    assert all(row[5] for row in look)
    (shown,) = images_of(book)
    with Image.open(io.BytesIO(shown._data())) as picture:
        assert (picture.format, picture.height) == ("JPEG", 300)
        assert picture.height / picture.width == pytest.approx(297 / 210, rel=0.02)
        assert 0.005 < sum(picture.convert("L").histogram()[:200]) / (picture.width * picture.height) < 0.5
    for name in ("文件", "页", "要看的页"):
        sheet = book[name]
        assert (sheet.freeze_panes, sheet.page_setup.orientation, sheet.page_setup.paperSize) == (
            "A3",
            "landscape",
            9,
        )
        assert sheet.auto_filter.ref.startswith("A2:")


def test_the_same_folder_again_leaves_another_receipt_in_which_all_was_known(
    office: Office, tmp_path: Path
) -> None:
    hamlet = office.hamlet.copied(tmp_path)
    again = hamlet.run("intake", office.scans, "--receipt", tmp_path)
    assert again.out == office.answer.out
    second = json.loads((tmp_path / "交接单-0002.json").read_text(encoding="utf-8"))
    assert outcomes_of(second) == OPENED
    assert all(page["known_before"] for page in second["pages"])
    assert [one["number"] for one in hamlet.run("receipt", "list").json["receipts"]] == [1, 2]
    assert hamlet.run("verify").json["orphaned"] == []


def test_a_receipt_can_be_had_again_and_overwrites_nothing(office: Office, tmp_path: Path) -> None:
    (tmp_path / "交接单-0001.xlsx").write_text("别的")
    shown = office.hamlet.run("receipt", "show", "1", "--out", tmp_path)
    assert shown.json == office.receipt()
    for kind in ("json", "xlsx"):
        kept = (office.out / f"交接单-0001.{kind}").read_bytes()
        assert (tmp_path / f"交接单-0001-2.{kind}").read_bytes() == kept
    assert (tmp_path / "交接单-0001.xlsx").read_text() == "别的"
    assert not (tmp_path / "交接单-0001.json").exists()
    unknown = office.hamlet.run("receipt", "show", "9")
    assert (unknown.status, unknown.json["error"]["code"]) == (2, "receipt_unknown")


def test_a_file_comes_back_byte_for_byte_under_its_name_or_its_digest(office: Office, tmp_path: Path) -> None:
    kept = [*OPENED, "加密.pdf", "半截.pdf"]
    for file in office.receipt()["files"]:
        for place, key in enumerate(("name", "sha256")):
            out = tmp_path / f"{file['sha256']}-{place}"
            answer = office.hamlet.run("receipt", "original", file[key], "--out", out)
            if file["name"] in kept:
                assert hashlib.sha256(out.read_bytes()).hexdigest() == file["sha256"]
            else:
                assert (answer.status, answer.json["error"]["code"]) == (2, "original_not_kept")
                assert not out.exists()
    taken = office.hamlet.run("receipt", "original", "坏.jpg", "--out", tmp_path)
    assert taken.status == 2
    (tmp_path / "有").write_text("别的")
    there = office.hamlet.run("receipt", "original", "坏.jpg", "--out", tmp_path / "有")
    assert (there.json["error"]["code"], (tmp_path / "有").read_text()) == ("file_exists", "别的")
    unknown = office.hamlet.run("receipt", "original", "没有.pdf", "--out", tmp_path / "无")
    assert unknown.json["error"]["code"] == "original_unknown"


def test_two_files_of_one_name_are_told_apart_by_their_digests(office: Office, tmp_path: Path) -> None:
    hamlet, other = office.hamlet.copied(tmp_path), tmp_path / "白.png"
    Image.new("1", (90, 120), 1).save(other)
    assert hamlet.run("intake", other).json["blank"] == 1
    both = hamlet.run("receipt", "original", "白.png", "--out", tmp_path / "回.png").json["error"]
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    assert (both["code"], digest in both["message"]) == ("original_ambiguous", True)
    hamlet.run("receipt", "original", digest.upper(), "--out", tmp_path / "回.png")
    assert (tmp_path / "回.png").read_bytes() == other.read_bytes()


def read_as_dark(job: reading.Job) -> list[reading.PageRead]:
    """What is read of pages that all lie in the dark."""
    pages = reading.read_pages(job)
    return [
        replace(page, flaws=("dark",), new=None if page.new is None else replace(page.new, flaws=("dark",)))
        for page in pages
    ]


def test_a_page_not_fit_to_keep_is_named_and_a_clearer_one_takes_its_place_as_a_duplicate(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hamlet = printed_hamlet_of(office, tmp_path)
    home, actor = open_home(hamlet.home, None), Actor("甲", date.fromisoformat(BACK))
    dark, clear = tmp_path / "暗.pdf", tmp_path / "亮.pdf"
    shutil.copy(office.whole, dark)
    with pikepdf.Pdf.open(office.whole) as pdf:  # the same pages in other bytes
        pdf.save(clear, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    monkeypatch.setattr(run, "read_pages", read_as_dark)
    first = run.take_in(home, list_files([dark]), actor)
    assert [page.page for page in first.pages if page.flawed] == [3, 4]
    said = hamlet.run("intake", dark)
    assert said.status == 1
    assert "图像不合格 暗.pdf 第 3 页：太暗。请" in said.err
    monkeypatch.setattr(run, "read_pages", reading.read_pages)
    second = run.take_in(home, list_files([clear]), actor)
    assert (second.outcomes["duplicate"], second.outcomes["filed"]) == (2, 0)
    assert [page.replaces for page in second.pages] == [False, False, True, True]
    assert second.receipt is not None
    with home.reading() as connection:
        versions = filing_versions(connection, office.number)
        assert [[sheet.flaws for sheet in one.sheets] for one in versions] == [[("dark",)] * 2, [()] * 2]
    third = run.take_in(home, list_files([clear]), actor)
    assert [page.replaces for page in third.pages] == [False, False, True, True]
    assert run.take_in(home, list_files([office.whole]), actor).outcomes["duplicate"] == 2
    assert len(filing_versions_of(hamlet, office.number)) == 2


def printed_hamlet_of(office: Office, folder: Path) -> Hamlet:
    """The hamlet with nothing taken in."""
    return Hamlet(office.hamlet.batch.parent.parent / "档案库", office.hamlet.batch, {}).copied(folder)


def filing_versions_of(hamlet: Hamlet, number: str) -> list[Any]:
    with open_home(hamlet.home, None).reading() as connection:
        return list(filing_versions(connection, number))


def test_show_names_the_flaws_of_a_filed_image(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hamlet = printed_hamlet_of(office, tmp_path)
    monkeypatch.setattr(run, "read_pages", read_as_dark)
    run.take_in(
        open_home(hamlet.home, None), list_files([office.whole]), Actor("甲", date.fromisoformat(BACK))
    )
    assert "第 2 页的图像太暗" in huyue("--home", hamlet.home, "show", office.number, today=BACK).out


def receipt_of(pages: list[TakenPage]) -> Receipt:
    counts = dict.fromkeys(("files", "pages", *COUNTS, "contracts_complete", "contracts_incomplete"), 0)
    files = [TakenFile("一.pdf", "0" * 64, 1, len(pages), "", "", "\x07=cmd()", "")]
    return Receipt(1, 7, "库", "2026-04-01", "甲", counts, files, pages)


def test_what_is_beyond_the_pictures_is_listed_and_said_to_have_none(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (210, 300), 200).save(buffer, "JPEG")
    waits = [TakenPage(1, page, "review", reason) for page, reason in enumerate(receipt_workbook.REMEDIES, 1)]
    others = [
        TakenPage(1, 20, "quarantined", again=True),
        TakenPage(1, 21, "filed", flaws=("cut_off", "coarse")),
        TakenPage(1, 22, "review", "foreign", decision="assigned"),
        TakenPage(1, 23, "blank"),
    ]
    write_receipt(tmp_path / "单.xlsx", receipt_of([*waits, *others]), {0: buffer.getvalue()})
    book = openpyxl.load_workbook(tmp_path / "单.xlsx")
    look = cells(book["要看的页"])
    assert [row[2] for row in look] == [*range(1, len(waits) + 1), 20, 21]
    assert all(row[4] and row[5] for row in look)
    assert len(images_of(book)) == 1
    assert [bool(row[6]) for row in look] == [False] + [True] * (len(look) - 1)
    assert book["文件"]["F3"].data_type == "s"


def test_every_reason_for_review_has_its_words(tmp_path: Path) -> None:
    assert set(receipt_workbook.REMEDIES) == set(reading.Reason) == set(reviews.CHINESE)


def test_a_receipts_json_reads_back(office: Office) -> None:
    content = (office.out / "交接单-0001.json").read_bytes()
    assert msgspec.json.encode(msgspec.json.decode(content, type=Receipt, strict=True)) == content


def test_pictures_are_drawn_small_whatever_the_page_and_of_rubbish_there_is_none(tmp_path: Path) -> None:
    Image.new("L", (4000, 40), 255).save(tmp_path / "长.pdf")
    tasks = [KeptPicture((tmp_path / "长.pdf").read_bytes(), 1), KeptPicture(b"%PDF-1.7 rubbish", 1)]
    long, none = pool.ordered(small_picture, tasks, 1, no_picture)
    with Image.open(io.BytesIO(long)) as picture:
        assert (picture.width, picture.height) == (380, 4)
    assert none == b""
