"""Tokens of other systems: two beside each other, listed, taken back one by one, ended by the calendar, journalled."""

import re

from sqlalchemy import select, update
from starlette.testclient import TestClient

from archive import journal
from tests.web.conftest import ADDRESS, Browser, Office
from web import database, sessions


def made(browser: Browser, name: str, **more: str) -> str:
    """A new token, as it is shown once."""
    shown = browser.post("/account/tokens", {"name": name, **more})
    found = re.search(r"<b>([\w-]{40,})</b>", shown.text)
    assert found, shown.text
    return found[1]


def asks(office: Office, token: str) -> int:
    """How the API answers it."""
    api = TestClient(office.app, base_url=ADDRESS, headers={"Authorization": f"Bearer {token}"})
    return api.get("/api/v1/suggest?q=x").status_code


def ends(page: str) -> dict[str, str]:
    """The addresses at which the tokens of a page are taken back, by what they are for."""
    return {name: path for path, name in re.findall(r'action="([^"]+/end)" data-ask="收回“([^”]+)”', page)}


def test_tokens_are_listed_and_taken_back_one_by_one(office: Office) -> None:
    admin, clerk, other = (office.browser(name) for name in ("管理员甲", "经办人甲", "经办人乙"))
    tables, figures = made(clerk, "表格系统"), made(clerk, "统计系统 11010519491231002X")
    assert "没有用过" in clerk.get("/account").text
    assert (asks(office, tables), asks(office, figures)) == (200, 200)
    today = str(sessions.last_day(0))
    for page in (admin.get("/admin/tokens").text, clerk.get("/account").text):
        assert {*ends(page)} == {"表格系统", "统计系统 ***"} and "没有用过" not in page
        assert page.count(f"<td>{today}</td><td>{today}</td>") == 2  # made, used
        assert tables not in page and figures not in page
    everybody, own = ends(admin.get("/admin/tokens").text), ends(clerk.get("/account").text)
    assert "经办人甲</a>" in admin.get("/admin/tokens").text and not ends(other.get("/account").text)
    assert other.post(own["表格系统"]).status == 404
    assert clerk.post(everybody["表格系统"]).status == 403
    assert asks(office, tables) == 200
    assert admin.post(everybody["表格系统"]).headers["location"] == "/admin/tokens"
    assert (asks(office, tables), asks(office, figures)) == (401, 200)
    assert clerk.post(own["统计系统 ***"]).headers["location"] == "/account"
    assert asks(office, figures) == 401
    assert admin.post(everybody["统计系统 ***"]).status == 404
    with office.home.reading() as connection:
        done = [one for one in journal.entries(connection) if one.action.startswith("token_")]
    assert [(one.action, one.user, one.subject) for one in done] == [
        ("token_new", "经办人甲", "经办人甲"),
        ("token_new", "经办人甲", "经办人甲"),
        ("token_end", "管理员甲", "经办人甲"),
        ("token_end", "经办人甲", "经办人甲"),
    ]
    assert "表格系统" in done[2].detail and "11010519491231002X" not in "".join(one.detail for one in done)


def test_a_token_ends_on_its_day(office: Office) -> None:
    clerk, table = office.browser("经办人甲"), database.token
    for wrong in (sessions.last_day(-1), sessions.last_day(sessions.MOST_TOKEN_DAYS + 1), "x"):
        assert clerk.post("/account/tokens", {"name": "表格", "expires": str(wrong)}).status == 422
    last = made(clerk, "只用今天", expires=str(sessions.last_day(0)))
    year = made(clerk, "一年")
    with office.desk.database.reading() as connection:
        kept = connection.execute(select(table.c.expires_on).order_by(table.c.id)).scalars().all()
    assert kept == [str(sessions.last_day(0)), str(sessions.last_day(365))]
    assert (asks(office, last), asks(office, year)) == (200, 200)
    with office.desk.database.writing() as connection:
        yesterday = str(sessions.last_day(-1))
        connection.execute(update(table).where(table.c.name == "只用今天").values(expires_on=yesterday))
    assert (asks(office, last), asks(office, year)) == (401, 200)
    assert office.browser("管理员甲").get("/admin/tokens").text.count("到期了") == 1
