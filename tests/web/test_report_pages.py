"""Reports in the browser: the figures of the command line, the contracts behind each, charts, files; within limits."""

import io
import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest

from archive.reports.figures import LISTED
from tests.conftest import huyue
from tests.web.conftest import DAY, Office
from tests.web.filed import contracts_of, file_paper

LINK = re.compile(r'<a href="(/reports/contracts\?[^"]+)">([\d,]+)</a>')
TOTAL = re.compile(r"：([\d,]+) 份（")


@pytest.fixture
def filed(office: Office, villages: list[str]) -> Office:
    """Three papers of one village are filed, one of them lacks a signature."""
    for number, gaps in zip(contracts_of(office, villages[0])[:3], ("", "", "unsigned"), strict=True):
        file_paper(office, number, gaps)
    return office


def test_every_figure_is_as_many_as_its_list_and_as_the_command_says(filed: Office) -> None:
    browser = filed.browser("检查甲")
    shown = browser.get("/reports?period=2026-Q2").text
    links = {(path.replace("&amp;", "&"), int(count.replace(",", ""))) for path, count in LINK.findall(shown)}
    assert len(links) > 10
    for path, count in links:
        found = TOTAL.search(browser.get(path).text)
        assert found and int(found[1].replace(",", "")) == count, path
    said = huyue("--home", filed.home.folder, "--today", str(DAY), "report", "period", "2026-Q2", "--json")
    total = json.loads(said.out)["total"]["rates"]
    assert f"{total['signed']['rate']}%" in shown and f"{total['whole']['rate']}%" in shown
    assert f'figure=due">{total["signed"]["denominator"]:,}</a>' in shown
    assert "合同签订率＝收齐的份数÷应签的份数" in shown


def test_there_is_no_list_of_the_declined_and_no_period_of_the_future(filed: Office) -> None:
    browser = filed.browser("检查甲")
    assert browser.get("/reports/contracts?period=2026&figure=declined").status == 404
    assert browser.post("/reports/contracts", {"period": "2026", "figure": "declined"}).status == 404
    for period in ("2027", "2026-13", "x", "2026-Q9"):
        assert browser.get(f"/reports?period={period}").status == 422


def test_a_limited_viewer_has_figures_charts_and_lists_of_theirs_alone(
    filed: Office, villages: list[str]
) -> None:
    whole = filed.browser("检查甲").get("/reports?period=2026")
    clerk, count = filed.browser("经办人乙"), len(contracts_of(filed, villages[1]))
    shown = clerk.get("/reports?period=2026").text
    assert f"应签{count}份" in shown and f"应签{count}份" not in whole.text
    assert villages[0] not in shown
    for figure in LISTED:
        listed = clerk.get(f"/reports/contracts?period=2026&figure={figure}").text
        assert not [one for one in contracts_of(filed, villages[0]) if one in listed]
    for path in ("/reports?", "/reports/contracts?figure=due&", "/reports/charts/0.svg?"):
        assert clerk.get(f"{path}period=2026&place={villages[0]}").status == 404
    sent = {"period": "2026", "place": villages[0], "form": "xlsx", "what": "report"}
    assert clerk.post("/reports/files", sent).status == 404
    for what in ("bulletin", "selfcheck"):
        assert clerk.post("/reports/files", {"period": "2026", "what": what}).status == 422


def test_charts_are_pictures_of_what_may_be_seen(filed: Office) -> None:
    mine = filed.browser("经办人甲").get("/reports/charts/0.svg?period=2026")
    theirs = filed.browser("经办人乙").get("/reports/charts/0.svg?period=2026")
    assert mine.headers["content-type"].startswith("image/svg+xml") and mine.text.lstrip().startswith("<?xml")
    assert mine.text != theirs.text
    assert filed.browser("经办人甲").get("/reports/charts/9.svg?period=2026").status == 404


def test_files_are_made_within_limits(
    filed: Office, villages: list[str], work_done: Callable[[], None]
) -> None:
    clerk = filed.browser("经办人甲")
    report = clerk.post("/reports/files", {"period": "2026", "form": "xlsx", "what": "report"})
    listed = clerk.post("/reports/contracts", {"period": "2026", "figure": "due"})
    work_done()
    assert clerk.post("/reports/files", {"period": "2026", "what": "report"}).status == 422
    book = openpyxl.load_workbook(io.BytesIO(_file(clerk, report)), read_only=True)
    count = len(contracts_of(filed, villages[0]))
    texts = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    assert any(f"应签{count}份" in text or text == str(count) for text in texts)
    rows = openpyxl.load_workbook(io.BytesIO(_file(clerk, listed)), read_only=True)["合同"]
    numbers = [str(row[1]) for row in rows.iter_rows(min_row=3, values_only=True)]
    assert numbers == contracts_of(filed, villages[0])


def _file(browser: object, answer: object) -> bytes:
    path = answer.headers["location"]  # type: ignore[attr-defined]
    return browser.get(f"{path}/files/0").content  # type: ignore[attr-defined,no-any-return]


def test_links_say_what_they_count(filed: Office) -> None:
    shown = filed.browser("检查甲").get("/reports?period=2026").text
    figures = {
        parse_qs(urlsplit(path.replace("&amp;", "&")).query)["figure"][0] for path, _ in LINK.findall(shown)
    }
    assert {"due", "printed", "filed", "complete", "in_time"} <= figures
