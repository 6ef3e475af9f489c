"""The audit in the browser: counts, lists behind them, what is said of findings, the workbook; all within limits."""

import io
import re
from collections.abc import Callable
from threading import Event

import openpyxl
import pytest
from sqlalchemy import func, select

from archive.audit.findings import audit
from archive.catalogue import tables
from archive.catalogue.audit_tables import finding_note
from archive.journal import Actor
from archive.sample_check import By, Number, Of, Wanted
from pipeline.errors import ListFaulty
from pipeline.sample_list import draw
from tests.web.browser import browsing, logged_in
from tests.web.conftest import DAY, Browser, Office, Served
from tests.web.filed import EVIL, contracts_of, file_paper, rename_party
from web.figures import Figures

COUNT = re.compile(r"(\d[\d,]*) 份（2026-04-05）</h1>")


def count_of(browser: Browser, path: str) -> int:
    """How many the list at `path` says that it has."""
    found = COUNT.search(browser.get(path).text)
    assert found
    return int(found[1].replace(",", ""))


def test_every_number_is_that_of_its_list_and_of_the_audit(office: Office, villages: list[str]) -> None:
    file_paper(office, contracts_of(office, villages[0])[0], "unsigned")
    with office.home.reading() as connection:
        found = audit(connection, DAY)
    browser = office.browser("检查甲")
    shown = browser.get("/audit").text
    for cls, count in found.counts.items():
        assert count_of(browser, f"/audit/list?class={cls}") == count
        if count:
            assert f"class={cls}&amp;on=2026-04-05" in shown
    of_village = found.findings.filter(found.findings["number"].str.starts_with(villages[1])).height
    assert count_of(browser, f"/audit/list?place={villages[1]}") == of_village
    assert browser.get("/audit?on=2025-01-01").text.count("共 0 份") == 1
    assert browser.get("/audit?on=soon").status == 422


def test_a_limited_viewer_has_counts_lists_and_contracts_of_theirs_alone(
    office: Office, villages: list[str]
) -> None:
    mine, others = contracts_of(office, villages[0]), contracts_of(office, villages[1])
    clerk = office.browser("经办人甲")
    assert office.browser("管理员甲").get("/audit").status == 200  # what is kept for all is not shown to all
    assert f"共 {len(mine)} 份" in clerk.get("/audit").text
    assert count_of(clerk, "/audit/list?class=missing") == len(mine)
    for page in ("/audit", "/audit/list", "/audit/list?offset=50", "/tiles"):
        assert villages[1] not in clerk.get(page).text
    for place in (villages[1], "999999999", "45", "x"):
        assert clerk.get(f"/audit?place={place}").status == 404
        assert clerk.get(f"/audit/list?place={place}").status == 404
    assert clerk.get(f"/audit/contracts/{mine[0]}").status == 200
    assert clerk.get(f"/audit/contracts/{others[0]}").status == 404
    said = {"class": "missing", "kind": "explained", "reason": "当事人在外地"}
    assert clerk.post(f"/audit/contracts/{others[0]}", said).status == 404
    assert clerk.post("/audit/workbook", {"on": str(DAY), "place": villages[1]}).status == 404


def test_a_finding_is_explained_fixed_and_reopened(office: Office, villages: list[str]) -> None:
    number = contracts_of(office, villages[0])[0]
    path, clerk = f"/audit/contracts/{number}", office.browser("经办人甲")
    said = {"class": "missing", "kind": "explained", "reason": "", "until": ""}
    assert clerk.post(path, said).status == 422
    assert clerk.post(path, said | {"kind": "declined"}).status == 422
    assert clerk.post(path, said | {"reason": "在外", "class": "expired"}).status == 422
    reason = f"当事人 110101199003078515 在外地{EVIL}"
    assert clerk.post(path, said | {"reason": reason, "until": "2026-06-30"}).status == 303
    shown = clerk.get(path).text
    assert "已说明" in shown and "在外地" in shown and EVIL not in shown and "199003078515" not in shown
    assert count_of(clerk, "/audit/list?status=explained") == 1
    assert clerk.post(path, said | {"kind": "reopened"}).status == 303
    assert count_of(clerk, "/audit/list?status=explained") == 0
    auditor = office.browser("检查甲")
    assert auditor.post(path, said | {"kind": "fixed"}).status == 403
    assert "已整改</button>" not in auditor.get(path).text
    with office.home.reading() as connection:
        assert connection.execute(select(func.count()).select_from(finding_note)).scalar() == 2


def test_names_are_shown_as_text(office: Office, villages: list[str]) -> None:
    number = contracts_of(office, villages[0])[0]
    rename_party(office, number, EVIL)
    shown = office.browser("检查甲").get("/audit/list?class=missing").text
    assert "&lt;script&gt;" in shown and EVIL not in shown


def test_the_workbook_of_a_limited_viewer_is_of_their_villages(
    office: Office, villages: list[str], work_done: Callable[[], None]
) -> None:
    clerk = office.browser("经办人甲")
    answer = clerk.post("/audit/workbook", {"on": str(DAY)})
    assert answer.status == 303
    work_done()
    path = answer.headers["location"]
    book = openpyxl.load_workbook(io.BytesIO(clerk.get(f"{path}/files/0").content), read_only=True)
    rows = list(book["问题清单"].iter_rows(min_row=3, values_only=True))
    assert sorted(str(row[2]) for row in rows) == contracts_of(office, villages[0])
    assert office.browser("经办人乙").get(path).status == 404


def test_figures_are_worked_out_once_and_anew_when_something_changed(
    office: Office, villages: list[str]
) -> None:
    figures, going, made = Figures(office.desk), Event(), []

    def make() -> int:
        going.wait(20)
        made.append(1)
        with office.home.reading() as connection:
            return connection.execute(select(func.count()).select_from(tables.contract)).scalar_one()

    assert figures.of("a", make, wait=0) is None
    assert figures.of("a", make, wait=0) is None
    going.set()
    first = figures.of("a", make, wait=20)
    assert first is not None and first.value > 0 and len(made) == 1
    assert figures.of("a", make) is first
    file_paper(office, contracts_of(office, villages[0])[0])
    again = figures.of("a", make, wait=20)
    assert again is not None and again is not first and len(made) == 2


def test_a_failure_is_told_and_not_kept(office: Office) -> None:
    figures, good = Figures(office.desk), False

    def make() -> int:
        if not good:
            raise ListFaulty(file="x", row=1, detail="坏了")
        return 1

    with pytest.raises(ListFaulty):
        figures.of("a", make, wait=20)
    good = True
    found = figures.of("a", make, wait=20)
    assert found is not None and found.value == 1


def test_a_page_whose_figures_take_long_asks_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.pages.audit.taken", lambda *_, **__: None)
    shown = office.browser("检查甲").get("/audit?on=2026-04-01").text
    assert "正在计算" in shown and 'hx-get="/audit?on=2026-04-01"' in shown


def test_from_a_number_to_its_list_to_a_contract_and_before_the_shelf_in_chromium(
    served: Served, villages: list[str]
) -> None:
    number = contracts_of(served.office, villages[0])[0]
    file_paper(served.office, number, "unsigned")
    wanted = Wanted(str(DAY), "K7QM3DXP", Of.PRINTED, By.VILLAGE, Number(20))
    with served.office.home.writing() as connection:
        draw(connection, wanted, served.office.desk.names(), Actor("档案员甲", DAY))
    with browsing() as browser:
        page = logged_in(browser, served, "经办人甲")
        page.goto("/audit")
        page.get_by_role("row", name="缺签名").get_by_role("link", name="1").first.click()
        page.locator("tbody a").first.click()
        page.get_by_label("说明（").fill("当事人在外地，六月回来补签")
        page.get_by_role("button", name="已说明").click()
        page.get_by_text("六月回来补签").wait_for()
        assert page.locator(".state", has_text="已说明").count() == 1
        page.goto("/reports?period=2026-Q2")
        chart = page.locator("img.chart").first
        chart.scroll_into_view_if_needed()
        assert chart.evaluate("one => one.decode().then(() => one.naturalWidth)") > 100
        page.set_viewport_size({"width": 820, "height": 1180})  # a tablet
        page.goto("/samples/1")
        tick = page.locator("form.paper .tick span").first
        box = tick.bounding_box()
        assert box is not None and box["height"] >= 44 and box["width"] >= 44
        tick.click()
        page.get_by_text("已登记：相符").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
