"""In a real Chromium: scans are uploaded over a broken line; pages are reviewed by keyboard."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect
from sqlalchemy import select

from archive.catalogue import tables
from archive.pieces import PIECE
from tests.conftest import FULL, Town
from tests.intake.odd_pages import scribbled
from tests.web.browser import browsing, logged_in
from tests.web.conftest import Office, Served
from tests.web.reviewing import CONFLICT, FIRST, NOWHERE, OTHERS, SECOND, contracts, waiting_town

LARGE = 200 << 20  # bytes, under HUYUE_FULL
UPLOADED = 240_000 if FULL else 20_000  # milliseconds in which an upload is there


@pytest.fixture(scope="session")
def town(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    return waiting_town(town, tmp_path_factory.getbasetemp())


def decided(office: Office) -> dict[int, str]:
    """What was decided of the items that were, as a contract's sheet or `rejected`."""
    table = tables.review
    with office.home.reading() as connection:
        rows = connection.execute(select(table).where(table.c.decision != "")).all()
    return {row.id: f"{row.assigned}/{row.assigned_sheet}" if row.assigned else row.decision for row in rows}


def looks_at(page: Page, item: int) -> None:
    """Wait until the item and its picture are shown."""
    expect(page.locator("#desk")).to_have_attribute("data-ready", str(item))
    expect(page.locator("#scan canvas")).to_be_visible()


def says(page: Page, words: str) -> None:
    expect(page.locator("#told")).to_contain_text(words)


def test_from_the_scanner_to_the_last_page_in_review(served: Served, tmp_path: Path) -> None:
    with browsing() as browser:
        review_by_keyboard(logged_in(browser, served, "档案员甲"), served.office)
        hand_in(logged_in(browser, served, "经办人甲"), tmp_path)


def busy(until: list[bool]) -> Callable[[Route], None]:
    """The archive is busy until there is something in the list."""

    def answered(route: Route) -> None:
        if until:
            route.continue_()
        else:
            route.fulfill(status=503, content_type="application/json", body=json.dumps({}))

    return answered


def hand_in(page: Page, tmp_path: Path) -> None:
    """Uploads go on after a dropped connection, and after a reload."""
    scribbled(tmp_path / "纸.pdf", 2, seed=9)
    packed = tmp_path / "包.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(tmp_path / "纸.pdf", "纸.pdf")
        archive.writestr("<b>填充</b>.bin", bytes(LARGE if FULL else 2 * PIECE))
    sent: list[int] = []

    def one_break(route: Route, request: Request) -> None:
        """The line breaks once, at the second piece."""
        if request.headers["upload-offset"] == str(PIECE):
            route.abort("connectionreset")
        else:
            route.continue_()

    page.on(
        "request",
        lambda one: sent.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None,
    )
    page.route("**/uploads/*", one_break, times=2)
    page.goto("/intake")
    page.set_input_files("#files", packed)
    expect(page.locator("#waiting [name=upload]")).to_have_count(1, timeout=UPLOADED)
    whole = list(range(0, packed.stat().st_size, PIECE))
    assert sent == [0, PIECE, *whole[1:]]  # the second piece anew, none else

    # The page goes away in the middle of a second file: what there is of it stays.
    other = tmp_path / "另.zip"
    other.write_bytes(packed.read_bytes() + b"\0")
    page.route("**/uploads/*", lambda route, request: _only_the_first(route, request))
    page.set_input_files("#files", other)
    expect(page.locator("#sending li")).to_contain_text(f"{100 * PIECE // other.stat().st_size}%")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.unroute("**/uploads/*")
    sent.clear()
    expect(page.locator("#waiting")).to_contain_text("接着传")
    page.set_input_files("#files", other)
    expect(page.locator("#waiting [name=upload]")).to_have_count(2, timeout=UPLOADED)
    assert sent[0] == PIECE
    page.locator("#waiting li", has_text="另.zip").get_by_role("button").click()
    expect(page.locator("#waiting [name=upload]")).to_have_count(1)

    if FULL:  # taking in what was sent is test_whole_way.py's
        page.click("button[form=take-in]")
        expect(page.locator("#came-of")).to_contain_text("看了 2 个文件，共 2 页", timeout=120_000)
        expect(page.locator("#came-of")).to_contain_text("重复 0 页，空白和封面 0 页，待核 2 页")
        expect(page.locator("#came-of")).to_contain_text("<b>填充</b>.bin")


def _only_the_first(route: Route, request: Request) -> None:
    """The first piece arrives; of the others nothing is heard."""
    if request.method != "PATCH" or request.headers["upload-offset"] == "0":
        route.continue_()


def review_by_keyboard(page: Page, office: Office) -> None:
    """Looked at, chosen, accepted, rejected, taken back; somebody else is first once; the archive is busy once."""
    here, there = contracts(office.home.folder)
    page.goto("/review")
    page.get_by_role("link", name="一页一页看").click()
    looks_at(page, FIRST)
    expect(page.locator("[name=choice]:checked")).to_have_value(f"{here[1]}/2")
    expect(page.locator("#beside canvas")).to_be_visible()

    # Looking: turned, larger, on and back; nothing is decided by that.
    before = page.locator("#scan canvas").bounding_box()
    page.keyboard.press("t")
    page.keyboard.press("+")
    after = page.locator("#scan canvas").bounding_box()
    assert before and after and before["height"] > before["width"] and after["width"] > after["height"]
    assert after["width"] > before["width"]
    page.keyboard.press("0")
    page.keyboard.press("ArrowRight")
    looks_at(page, SECOND)
    page.keyboard.press("j")
    looks_at(page, CONFLICT)
    expect(page.locator("#beside-name")).to_have_text("已归档的那一张")
    page.keyboard.press("e")
    expect(page.locator("#beside-name")).to_have_text("印的样子")
    page.keyboard.press("k")
    looks_at(page, SECOND)
    page.keyboard.press("ArrowLeft")
    looks_at(page, FIRST)
    assert decided(office) == {}

    # Rejected, and taken back; then another than the first is chosen and accepted.
    page.keyboard.press("r")
    looks_at(page, SECOND)
    says(page, f"第 {FIRST} 号不归档")
    assert decided(office) == {FIRST: "rejected"}
    page.keyboard.press("u")
    says(page, f"第 {FIRST} 号的处理撤回了")
    looks_at(page, FIRST)
    page.keyboard.press("2")
    expect(page.locator("[name=choice]:checked")).to_have_value(f"{there[0]}/2")
    page.keyboard.press("3")
    expect(page.locator("[name=choice]:checked")).to_have_value(f"{here[2]}/2")
    page.keyboard.press("Enter")
    looks_at(page, SECOND)
    says(page, f"第 {FIRST} 号归为 {here[2]} 第 2 页")

    # Somebody else is first: it is said, nothing is decided twice, and the next one is there.
    clerk = office.browser("经办人甲")
    assert clerk.post(f"/review/{SECOND}/reject").status == 200
    page.keyboard.press("Enter")
    looks_at(page, CONFLICT)
    expect(page.locator("#trouble")).to_contain_text("已由别人处理")

    # The archive is busy: one goes on, and what was decided is kept a little later.
    free: list[bool] = []
    page.route("**/review/*/reject", busy(free))
    page.keyboard.press("r")
    looks_at(page, OTHERS)
    says(page, "档案库正忙")
    free.append(True)
    page.keyboard.press("Delete")
    looks_at(page, NOWHERE)
    says(page, f"第 {OTHERS} 号不归档")

    # A page that nothing is known of: its number is written, seen, and accepted; then all is done.
    page.keyboard.press("/")
    page.keyboard.type(here[3])
    page.fill("#sheet", "2")
    page.keyboard.press("Enter")
    expect(page.locator("[name=choice]:checked")).to_have_value(f"{here[3]}/2")
    page.keyboard.press("Enter")
    expect(page.locator("#end")).to_be_visible()
    says(page, f"第 {NOWHERE} 号归为 {here[3]} 第 2 页")
    assert decided(office) == {
        FIRST: f"{here[2]}/2",
        SECOND: "rejected",
        CONFLICT: "rejected",
        OTHERS: "rejected",
        NOWHERE: f"{here[3]}/2",
    }
