"""Accounts as an administrator keeps them, and what two people must do together."""

import io
import json
import re

import openpyxl
import pytest
from argon2 import Type, extract_parameters
from sqlalchemy import insert, select, update

from archive import journal
from archive.catalogue import shelf_tables, tables
from archive.home import open_home
from tests.web.conftest import PASSWORD, REAL_HASHER, Browser, Office
from web import accounts, database
from web.roles import Role


def number_of(office: Office, name: str) -> int:
    with office.desk.database.reading() as connection:
        return next(one.id for one in accounts.accounts(connection) if one.name == name)


def role_of(office: Office, name: str) -> tuple[Role, tuple[str, ...], bool]:
    with office.desk.database.reading() as connection:
        one = accounts.account_of(connection, number_of(office, name))
        return one.role, one.villages, one.active


def test_a_new_clerk_gets_a_password_once_changes_it_and_sees_their_village(
    office: Office, villages: list[str]
) -> None:
    admin = office.browser("管理员甲")
    page = admin.get("/admin/accounts/new")
    assert page.status == 200 and villages[0] in page.text
    made = admin.post("/admin/accounts/new", {"name": "新人·乙", "role": "clerk", "village": villages[0]})
    assert made.status == 200
    password = re.search(r"<b>([a-z0-9-]{19})</b>", made.text)
    assert password
    nobody = office.browser()
    answer = nobody.http.post("/login", data={"name": "新人·乙", "password": password[1]})
    assert answer.headers["location"] == "/"
    assert nobody.http.get("/").headers["location"] == "/password"
    assert role_of(office, "新人·乙") == (Role.CLERK, (villages[0],), True)
    with office.home.reading() as connection:
        done = [(one.action, one.user, one.subject) for one in journal.entries(connection)]
    assert ("account_add", "管理员甲", "新人·乙") in done


@pytest.mark.parametrize(
    "sent",
    [
        {"role": "true"},
        {"role": "1"},
        {"role": '["administrator"]'},
        {"role": "ADMINISTRATOR"},
        {"role": ["clerk", "administrator"]},
        {"role": ""},
        {"role": "clerk"},  # of no village
        {"role": "clerk", "village": "451225"},
        {"role": "clerk", "village": "999999999999"},
        {"role": "archivist", "village": "451225107207"},
        {"role": "auditor", "name": "检查甲"},  # there already
        {"role": "auditor", "name": ""},
        {"role": "auditor", "name": "<script>alert(1)</script>"},
        {"role": "auditor", "name": "甲\u202e乙"},
    ],
)
def test_an_account_that_cannot_be_is_not_made(office: Office, sent: dict[str, object]) -> None:
    before = _all(office)
    answer = office.browser("管理员甲").post("/admin/accounts/new", {"name": "不该有", **sent})
    assert answer.status in (409, 422), answer.text
    assert _all(office) == before
    assert "<script>alert" not in answer.text


def test_who_is_no_administrator_changes_no_account_whatever_they_send(office: Office) -> None:
    before, target = _all(office), number_of(office, "管理员甲")
    for name in ("档案员甲", "负责人甲", "检查甲", "经办人甲"):
        browser, own = office.browser(name), number_of(office, name)
        browser.get("/account")
        for path in (f"/admin/accounts/{target}", f"/admin/accounts/{own}", "/admin/accounts/new"):
            for role in ("administrator", "true", "1"):
                sent: dict[str, object] = {"role": role, "active": "yes", "name": "我"}
                assert browser.post(path, sent).status == 403
        assert browser.post(f"/admin/accounts/{target}/password").status == 403
        more = {
            "old": PASSWORD,
            "new": "another long one",
            "again": "another long one",
            "role": "administrator",
        }
        assert browser.post("/password", {**more, "account": str(target)}).status == 303
    assert _all(office) == before
    assert office.browser("管理员甲").get("/admin/accounts").status == 200


def test_a_revoked_account_s_session_ends_at_once_and_the_last_administrator_stays(office: Office) -> None:
    admin, clerk = office.browser("管理员甲"), office.browser("经办人甲")
    token = re.search(r"<b>([\w-]{40,})</b>", clerk.post("/account/tokens", {"name": "表格"}).text)
    assert token and clerk.get("/search").status == 200
    number = number_of(office, "经办人甲")
    with office.desk.database.reading() as connection:
        village = accounts.account_of(connection, number).villages[0]
    assert admin.post(f"/admin/accounts/{number}", {"role": "clerk", "village": village}).status == 303
    assert clerk.get("/search").headers["location"].startswith("/login")
    assert (
        office.browser().http.post("/login", data={"name": "经办人甲", "password": PASSWORD}).status_code
        == 401
    )
    with office.desk.database.reading() as connection:
        assert not connection.execute(select(database.token)).all()
    own = number_of(office, "管理员甲")
    for sent in ({"role": "administrator"}, {"role": "auditor", "active": "yes"}):
        assert admin.post(f"/admin/accounts/{own}", sent).status == 409
    assert role_of(office, "管理员甲") == (Role.ADMINISTRATOR, (), True)


def test_the_key_is_changed_by_two_administrators_and_the_desk_goes_on(office: Office) -> None:
    office.add("管理员乙", Role.ADMINISTRATOR)
    first, second = office.browser("管理员甲"), office.browser("管理员乙")
    old = office.home.key
    assert second.post("/admin/key", {"action": "approve"}).status == 422
    assert first.post("/admin/key", {"action": "propose"}).status == 303
    assert first.post("/admin/key", {"action": "approve"}).status == 422
    assert "管理员甲 提出了换密钥" in second.get("/admin/key").text
    assert office.desk.home.key == old
    assert second.post("/admin/key", {"action": "approve"}).status == 303
    new = open_home(office.home.folder, None).key
    assert new != old and office.desk.home.key == new
    assert first.get("/search?q=韦").status == 200
    assert office.browser("检查甲").get("/").status == 200


def test_papers_are_destroyed_only_when_another_person_approved(office: Office) -> None:
    keeper, manager, clerk = (office.browser(name) for name in ("档案员甲", "负责人甲", "经办人甲"))
    assert clerk.get("/disposals").status == 404
    assert keeper.post("/disposals", {"reason": "保管期满"}).status == 422  # nothing is due yet
    assert manager.post("/disposals", {"reason": "保管期满"}).status == 403
    admin = office.browser("管理员甲")
    assert admin.get("/disposals").status == 200
    for path in ("/disposals/1", "/disposals/1/list.xlsx"):
        assert admin.get(path).status in (404, 422)
    assert keeper.post("/disposals/1/decide", {"decision": "approved"}).status == 403


def test_reasons_of_disposals_are_shown_without_people_s_numbers(office: Office) -> None:
    identity, table = "11010519491231002X", shelf_tables.disposal
    row = {"proposed_on": "2026-04-01", "proposed_by": "档案员甲", "reason": f"保管期满 {identity}"}
    row |= {"decision": "refused", "decided_on": "2026-04-02", "decided_by": "负责人甲"}
    row |= {"counted": json.dumps({"refused": f"{identity} 还要用"})}
    with office.home.writing() as connection:  # as it was kept before reasons were masked
        connection.execute(insert(table), row)
    auditor = office.browser("检查甲")
    for path in ("/disposals", "/disposals/1"):
        shown = auditor.get(path).text
        assert "保管期满 ***" in shown and identity not in shown
    assert "*** 还要用" in auditor.get("/disposals/1").text
    book = openpyxl.load_workbook(io.BytesIO(auditor.get("/disposals/1/list.xlsx").content))
    cells = [
        str(cell) for sheet in book for line in sheet.iter_rows(values_only=True) for cell in line if cell
    ]
    assert any("保管期满 ***" in cell for cell in cells) and not any(identity in cell for cell in cells)


def test_passwords_are_kept_as_the_docs_say(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_HASHER", REAL_HASHER)  # not the quick one of the tests
    made = office.add("真的", Role.AUDITOR)
    with office.desk.database.reading() as connection:
        kept = select(database.account.c.password).where(database.account.c.id == made)
        written = connection.execute(kept).scalar_one()
    found = extract_parameters(written)
    assert (found.type, found.version) == (Type.ID, 19)
    assert (found.memory_cost, found.time_cost, found.parallelism) == (64 * 1024, 3, 1)  # KiB, passes, lanes
    assert (found.salt_len, found.hash_len) == (16, 32)


def test_what_is_administered_is_shown(office: Office, work_done: object) -> None:
    admin = office.browser("管理员甲")
    for path in ("/admin", "/admin/accounts", "/admin/journal", "/admin/key", "/disposals"):
        assert admin.get(path).status == 200
    assert "操作日志" in office.browser("检查甲").get("/admin/journal").text
    assert admin.get("/admin/journal?from=x").status == 422
    for folder in ("", "../x", "/no/such/folder"):
        assert admin.post("/admin/backup", {"folder": folder}).status == 422


def test_verify_and_backup_are_work_of_the_queue(office: Office, work_done: object, tmp_path: object) -> None:
    admin = office.browser("管理员甲")
    there = office.home.folder.parent / "备份"
    there.mkdir()
    assert admin.post("/admin/verify", {"part": "all"}).headers["location"] == "/jobs/1"
    assert admin.post("/admin/backup", {"folder": str(there)}).headers["location"] == "/jobs/2"
    assert callable(work_done)
    work_done()
    for number in (1, 2):
        page = admin.get(f"/jobs/{number}")
        assert "完成" in page.text, page.text
    assert any(there.iterdir())
    assert office.browser("档案员甲").get("/jobs/1").status == 404


def test_unmasking_asks_a_reason_and_is_journalled_without_numbers(office: Office) -> None:
    clerk = office.browser("经办人甲")
    number = _contract(office, clerk)
    with office.home.reading() as connection:
        party = tables.party
        identity = (
            connection.execute(select(party.c.id_number).where(party.c.contract == number)).scalars().first()
        )
    assert identity and identity not in clerk.get(f"/contracts/{number}").text
    assert clerk.post(f"/contracts/{number}/unmask", {"reason": "看"}).status == 422
    shown = clerk.post(f"/contracts/{number}/unmask", {"reason": f"核对本人 {identity}\n第二行"})
    assert identity in shown.text
    with office.home.reading() as connection:
        entry = [one for one in journal.entries(connection) if one.action == "unmask"][-1]
    assert (entry.user, entry.subject) == ("经办人甲", number)
    assert identity not in entry.detail and "\\n" not in entry.detail
    assert office.browser("检查甲").post(f"/contracts/{number}/unmask", {"reason": "核对本人"}).status == 403
    assert (
        office.browser("经办人乙").post(f"/contracts/{number}/unmask", {"reason": "核对本人"}).status == 404
    )


def _contract(office: Office, browser: Browser) -> str:
    found = re.search(r"/contracts/([\w-]+)", browser.get("/search?q=").text)
    assert found
    return found[1]


def _all(office: Office) -> list[tuple[str, str, str, int]]:
    table = database.account
    with office.desk.database.reading() as connection:
        query = select(table.c.name, table.c.role, table.c.villages, table.c.active).order_by(table.c.id)
        return [tuple(row) for row in connection.execute(query)]


def test_a_session_ends_when_it_is_old_or_idle(office: Office) -> None:
    browser = office.browser("检查甲")
    table = database.session
    for column in (table.c.made_at, table.c.seen_at):
        with office.desk.database.writing() as connection:
            kept = connection.execute(select(column)).scalars().first()
            connection.execute(update(table).values({column.name: "2020-01-01T00:00:00+08:00"}))
        assert browser.get("/search").status == 303
        with office.desk.database.writing() as connection:
            connection.execute(update(table).values({column.name: kept}))
        assert browser.get("/search").status == 200
