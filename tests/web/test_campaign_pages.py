"""Rounds of signing on the desk: progress, planning, printing, one contract looked at, closing."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from urllib.parse import quote

import pypdf
import pytest
from sqlalchemy import select, update

from archive.catalogue.tables import campaign, closing, contract
from archive.closings import close_contract
from archive.journal import Actor, entries
from tests.web.conftest import DAY, Office
from web import database

ROUND = f"/campaigns/{quote('2026春')}"


def numbers(office: Office, village: str) -> list[str]:
    with office.home.reading() as connection:
        found = select(contract.c.number).where(contract.c.village_code == village)
        return list(connection.execute(found.order_by(contract.c.number)).scalars())


def count(page: str, label: str) -> int:
    """The number of a tile."""
    found = re.search(rf"<span>{label}</span><b>([\d,]+)</b>", page)
    assert found, label
    return int(found[1].replace(",", ""))


def queued(office: Office, job: int) -> list[list[str]]:
    """What a job runs."""
    with office.desk.database.reading() as connection:
        asked = connection.execute(select(database.job.c.asked).where(database.job.c.id == job)).scalar_one()
    commands: list[list[str]] = json.loads(asked)["commands"]
    return commands


def test_progress_is_of_the_villages_that_one_may_see(office: Office, villages: list[str]) -> None:
    own, other = (len(numbers(office, code)) for code in villages[:2])
    clerk, keeper = office.browser("经办人甲"), office.browser("档案员甲")
    page = clerk.get(ROUND)
    assert count(page.text, "安排") == own == count(page.text, "已印") == count(page.text, "印了还欠")
    assert villages[0] in page.text and villages[1] not in page.text
    assert "清点办结" not in page.text
    everything = keeper.get(ROUND).text
    assert count(everything, "安排") > own + other and "还不能办结" in everything
    assert clerk.get("/campaigns").text.count(f">{own}<") >= 1
    assert f">{count(everything, '安排')}<" not in clerk.get("/campaigns").text
    assert clerk.get("/campaigns/没有").status == 404
    for name in ("检查甲", "负责人甲"):
        assert office.browser(name).get(ROUND).status == 403


def test_a_village_is_listed_only_to_who_is_in_charge_of_it(office: Office, villages: list[str]) -> None:
    clerk = office.browser("经办人甲")
    listed = set(re.findall(r"/contracts/([\w-]+)/form", clerk.get(f"{ROUND}?village={villages[0]}").text))
    assert listed and listed <= set(numbers(office, villages[0]))
    gone, never = (clerk.get(f"{ROUND}?village={code}") for code in (villages[1], "451225999999"))
    assert gone.status == never.status == 404 and gone.text == never.text
    for written, left in (
        ("1", 1),
        ("٣", 0),
        ("-1", 0),
        ("1e9", 0),
        ("1" * 30, 0),
        ("999999999", len(listed)),
    ):
        page = clerk.get(f"{ROUND}?village={villages[0]}&offset={written}").text
        assert len(re.findall(r"/contracts/[\w-]+/form", page)) == len(listed) - left, written


def test_a_contract_is_looked_at_before_it_is_printed(office: Office, villages: list[str]) -> None:
    clerk, mine, other = (
        office.browser("经办人甲"),
        numbers(office, villages[0])[0],
        numbers(office, villages[1])[0],
    )
    assert f'data-pdf="/contracts/{mine}/form.pdf"' in clerk.get(f"/contracts/{mine}/form").text
    shown = clerk.get(f"/contracts/{mine}/form.pdf")
    assert shown.headers["content-type"] == "application/pdf"
    assert mine in pypdf.PdfReader(io.BytesIO(shown.content)).pages[0].extract_text()
    for path in ("form", "form.pdf"):
        assert clerk.get(f"/contracts/{other}/{path}").status == 404
        assert office.browser("检查甲").get(f"/contracts/{mine}/{path}").status == 403


def test_a_round_is_planned_and_printed_for_chosen_villages_and_kinds(
    office: Office, villages: list[str], work_done: Callable[[], None]
) -> None:
    clerk, other = office.browser("经办人甲"), numbers(office, villages[1])
    form = {
        "name": "2027春",
        "date": "2027-03-01",
        "village": villages[0],
        "template": "household_responsibility",
    }
    for wrong in (
        {"name": "2027春", "date": ""},
        {"name": "2026春", "date": "2026-01-01"},
        {"template": "nothing"},
        {"village": ""},
        {"date": "2026-13-01"},
    ):
        assert clerk.post("/campaigns", form | wrong).status in (404, 422), wrong
    assert clerk.post("/campaigns", form | {"village": villages[1]}).status == 404
    assert clerk.post("/campaigns", form).headers["location"] == "/jobs/1"
    command = ["plan", "--campaign=2027春", "--date=2027-03-01", "--template=household_responsibility"]
    assert queued(office, 1) == [[*command, "--village", villages[0]]]
    assert clerk.post("/jobs/1/cancel").status == 303
    assert clerk.post(ROUND, {"action": "print", "village": villages[1]}).status == 404
    assert clerk.post(ROUND, {"action": "numbers", "number": other[0]}).status == 404
    assert clerk.post(ROUND, {"action": "print", "village": villages[0], "copies": "99"}).status == 422
    assert clerk.post(ROUND, {"action": "print"}).status == 422
    assert clerk.post(ROUND, {"action": "close"}).status == 403
    assert office.jobs.next() is None
    some = numbers(office, villages[0])[:2]
    assert clerk.post(ROUND, {"action": "numbers", "number": some}).headers["location"] == "/jobs/2"
    work_done()
    assert "完成" in clerk.get("/jobs/2").text, clerk.get("/jobs/2").text
    answer = clerk.get("/jobs/2/files.zip")
    inside = zipfile.ZipFile(io.BytesIO(answer.content))
    assert inside.testzip() is None
    assert {f"{villages[0]}/{name}" for name in ("print.pdf", "print.json", "ledger.xlsx")} == {
        *inside.namelist()
    }
    pages = pypdf.PdfReader(io.BytesIO(inside.read(f"{villages[0]}/print.pdf"))).pages
    assert {number for page in pages for number in some if number in page.extract_text()} == set(some)
    assert office.browser("经办人乙").get("/jobs/2/files.zip").status == 404
    assert not [*(office.home.folder / "desk" / "work").glob("*")]


def test_a_round_is_closed_when_every_sheet_is_accounted_for(
    office: Office, villages: list[str], work_done: Callable[[], None]
) -> None:
    keeper = office.browser("档案员甲")
    with office.home.writing() as connection:
        for number in connection.execute(select(contract.c.number)).scalars().all():
            close_contract(connection, number, "declined", None, "", Actor("档案员甲", DAY))
        connection.execute(update(campaign).values(name="{out}"))  # what a job calls its folder
    path = f"/campaigns/{quote('{out}')}"
    assert "可以办结" in keeper.get(path).text
    assert keeper.post(path, {"action": "close"}).headers["location"] == "/jobs/1"
    work_done()
    page = keeper.get("/jobs/1").text
    assert "清点证明-{out}.pdf" in page, page
    closed = keeper.get(path).text
    assert "清点办结" in closed and 'value="print"' not in closed
    assert keeper.post(path, {"action": "print", "village": villages[0]}).status == 422


@pytest.mark.parametrize(("kind", "state"), [("declined", "未签"), ("moved", "已终止"), ("void", "作废")])
def test_a_contract_is_closed_on_its_page(office: Office, villages: list[str], kind: str, state: str) -> None:
    clerk, mine, other = (
        office.browser("经办人甲"),
        numbers(office, villages[0])[0],
        numbers(office, villages[1])[0],
    )
    assert "不再算数" in clerk.get(f"/contracts/{mine}").text
    assert "不再算数" not in office.browser("检查甲").get(f"/contracts/{mine}").text
    assert clerk.post(f"/contracts/{other}/close", {"as": kind}).status == 404
    assert office.browser("负责人甲").post(f"/contracts/{mine}/close", {"as": kind}).status == 403
    for wrong in (
        {},
        {"as": "gone"},
        {"as": "declined", "reason": "不愿意"},
        {"as": kind, "date": "昨天"},
        {"as": kind, "date": "1990-01-01"},
    ):
        assert clerk.post(f"/contracts/{mine}/close", wrong).status == 422, wrong
    reason = {} if kind == "declined" else {"reason": "号码 451225198805120011\n<b>"}
    assert clerk.post(f"/contracts/{mine}/close", {"as": kind, **reason}).status == 303
    assert state in clerk.get(f"/contracts/{mine}").text
    with office.home.reading() as connection:
        row = connection.execute(select(closing)).one()
        last = list(entries(connection))[-1]
    assert (row.contract, row.kind, row.user, last.action, last.user) == (
        mine,
        kind,
        "经办人甲",
        "close",
        "经办人甲",
    )
    assert "451225198805120011" not in row.reason and "\n" not in row.reason
