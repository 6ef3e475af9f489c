"""A roster's whole way in a real browser: sent, looked at, imported, planned, printed, downloaded."""

import io
import zipfile
from pathlib import Path

import pypdf
from playwright.sync_api import expect

from tests.web.browser import browsing, logged_in
from tests.web.conftest import Served
from tests.web.test_rosters_pages import SOUND, number_of, someone, workbook


def test_from_a_roster_to_paper(served: Served, villages: list[str], tmp_path: Path) -> None:
    own = served.office.desk.names().divisions[villages[0]]
    roster = tmp_path / "新花名册.xlsx"
    wrong = someone(own, "蓝错号", "451225198805120011", "9002")
    roster.write_bytes(workbook(someone(own, "韦新来", number_of(SOUND)), wrong))
    with browsing() as browser:
        page = logged_in(browser, served, "经办人甲")
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/rosters")
        page.set_input_files("#file", roster)
        page.click("text=传上去看看")
        expect(page.locator("td.bad-error")).to_have_text("451225***********1")
        page.click("text=写入档案库")
        expect(page.locator("main .state").first).to_contain_text("完成")
        page.goto("/campaigns")
        page.fill("#name", "2027春")
        page.fill("#date", "2027-03-01")
        page.click("button:has-text('安排合同')")
        expect(page.locator("main .state").first).to_contain_text("完成")
        page.goto("/campaigns/2027春")
        page.click("tbody a")
        page.click("text=预览 >> nth=0")
        expect(page.locator(".textLayer").first).to_contain_text("韦新来")
        page.goto("/campaigns/2027春")
        page.click("button[value=print]")
        expect(page.locator("main .state").first).to_contain_text("完成", timeout=60_000)
        with page.expect_download() as download:
            page.click("text=一起下载")
        inside = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
        village = served.office.desk.names().village(villages[0])
        assert f"{village}/{villages[0]}/print-2.pdf" in inside.namelist()
        pages = pypdf.PdfReader(io.BytesIO(inside.read(f"{village}/{villages[0]}/print.pdf"))).pages
        assert any("韦新来" in one.extract_text() for one in pages)
