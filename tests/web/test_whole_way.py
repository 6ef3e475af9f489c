"""The whole way in a real browser, as a clerk goes it: from a roster to paper, from scans to the audit and a report."""

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pypdf
from playwright.sync_api import Page, expect

from pipeline.demo.fates import SMOOTH, Fate, Printed
from pipeline.demo.ink import Mark
from pipeline.demo.scanner import sign_and_scan
from tests.web.browser import browsing, logged_in
from tests.web.conftest import Served
from tests.web.test_rosters_pages import SOUND, number_of, someone, workbook

ROUND, DATE = "2026夏", "2026-04-01"


def test_from_a_roster_to_a_report(served: Served, villages: list[str], tmp_path: Path) -> None:
    village = served.office.desk.names().village(villages[0])
    with browsing() as browser:
        page = logged_in(browser, served, "经办人甲")
        page.on("dialog", lambda dialog: dialog.accept())
        import_roster(page, tmp_path, served.office.desk.names().divisions[villages[0]])
        plan(page)
        batch = printed(page, tmp_path) / village / villages[0]
        assert batch.joinpath("print-2.pdf").is_file()
        texts = [one.extract_text() for one in pypdf.PdfReader(batch / "print.pdf").pages]
        assert any("韦新来" in text for text in texts)
        first, second = scans(batch, tmp_path / "扫描")
        take_in(page, tmp_path / "扫描")
        review(page, second)
        missing, whole, lacking = audited(page, first, second)
        rates = reported(page)
        assert rates["回收率"] == ("回收", whole + lacking, "已打印", whole + lacking + missing)
        assert rates["完整率"] == ("收齐", whole, "回收", whole + lacking)


def done(page: Page) -> None:
    """Wait for the end of the work whose page this is."""
    expect(page.locator("main .state").first).to_have_text(re.compile("^完成"), timeout=60_000)


def import_roster(page: Page, folder: Path, village: str) -> None:
    """Two persons are taken up, a third has a wrong number; looking again sends nothing twice."""
    roster = folder / "新花名册.xlsx"
    wrong = someone(village, "蓝错号", "451225198805120011", "9002")
    other = someone(village, "蒙后来", number_of("45122519880512003"), "9003")
    roster.write_bytes(workbook(someone(village, "韦新来", number_of(SOUND)), wrong, other))
    page.goto("/rosters")
    page.set_input_files("#file", roster)
    page.click("text=传上去看看")
    expect(page.locator("td.bad-error")).to_have_text("451225***********1")
    page.reload()
    expect(page.locator("td.bad-error")).to_have_text("451225***********1")
    page.click("text=写入档案库")
    done(page)


def plan(page: Page) -> None:
    """A new round; then back to the form and on again, which plans nothing more."""
    page.goto("/campaigns")
    page.fill("#name", ROUND)
    page.fill("#date", DATE)
    page.click("button:has-text('安排合同')")
    done(page)
    here = page.url
    page.go_back()
    expect(page.get_by_role("link", name=ROUND)).to_be_visible()
    page.go_forward()
    done(page)
    assert page.url == here


def printed(page: Page, folder: Path) -> Path:
    """The round is looked at, printed, and downloaded; the page is loaded anew while it is printed."""
    page.goto(f"/campaigns/{ROUND}")
    page.click("tbody a")
    page.click("text=预览 >> nth=0")
    expect(page.locator(".textLayer").first).to_contain_text("韦新来")
    page.go_back()
    page.go_back()
    page.click("button[value=print]")
    page.reload()
    done(page)
    with page.expect_download() as download:
        page.click("text=一起下载")
    target = folder / "打印"
    zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())).extractall(target)
    return target


def scans(batch: Path, folder: Path) -> tuple[str, str]:
    """One contract comes back whole, one without its seal, whose second sheet comes again sealed and not signed."""
    first, second = Printed(batch).contracts
    unsigned = Fate({"party_a_signature": Mark.EMPTY}, (2,))
    plans = [{first: Fate(), second: Fate({"party_a_seal": Mark.EMPTY})}, {second: unsigned}]
    for place, fates in enumerate(plans):
        made = folder / str(place)
        sign_and_scan(batch, made, seed=place, plan=fates, rates=SMOOTH, workers=1)
        for file in [*made.iterdir()]:
            file.rename(folder / f"{place}-{file.name}")
        made.rmdir()
    return first, second


def take_in(page: Page, folder: Path) -> None:
    """The files are sent, and taken in."""
    files = sorted(folder.iterdir())
    page.goto("/intake")
    page.set_input_files("#files", files)
    expect(page.locator("#waiting [name=upload]")).to_have_count(len(files))
    page.click("button[form=take-in]")
    expect(page.locator("#came-of")).to_contain_text("待核 1 页", timeout=60_000)
    page.reload()
    expect(page.locator("#came-of")).to_contain_text("坏页 0 页")
    page.goto(page.url.replace("/intake/", "/jobs/"))
    expect(page.locator("main")).to_contain_text("交接单在 交接单-0001.json")  # no folder of the server's
    page.go_back()


def review(page: Page, number: str) -> None:
    """The sheet that came again takes the place of the one before, by one key."""
    page.click("text=去看待核的页")
    page.click("text=一页一页看")
    expect(page.locator("#desk")).not_to_have_attribute("data-ready", "")
    expect(page.locator("[name=choice]:checked")).to_have_value(f"{number}/2")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text(f"归为 {number} 第 2 页")
    page.go_back()
    expect(page.locator("main")).to_contain_text("没有待核的页")


def audited(page: Page, first: str, second: str) -> tuple[int, int, int]:
    """How many contracts did not come back at all, are whole, lack something, as the audit has them."""
    page.goto("/audit")
    row = page.get_by_role("row", name="应有未归").first
    missing = int((row.get_by_role("link").first.text_content() or "").replace(",", ""))
    said = page.locator("main").inner_text()
    whole, lacking = (re.search(rf"{state} (\d+)", said) for state in ("已归档", "不完整"))
    assert whole and lacking
    page.get_by_role("row", name="缺签名").first.get_by_role("link").first.click()
    expect(page.locator("tbody")).to_contain_text(second)
    expect(page.locator("tbody")).not_to_contain_text(first)
    assert "缺盖章" not in said.partition("按地方")[2]  # the sheet without a seal is not what is kept now
    return missing, int(whole[1]), int(lacking[1])


def reported(page: Page) -> dict[str, tuple[object, ...]]:
    """What the report's workbook says of each rate: what is divided by what."""
    page.goto("/reports")
    page.uncheck("[name=form][value=docx]")
    page.click("button[value=report]")
    done(page)
    with page.expect_download() as download:
        page.click("text=统计报表-2026.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()), read_only=True)
    rows = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    return {str(row[0]): row[1:5] for row in rows if str(row[0]).endswith("率")}
