"""The desk's frame: who gets in, who may what, what no answer lacks."""

import inspect
import re

import pytest

from archive import errors as archive_errors
from archive import sample_check
from archive.errors import HuyueError
from pipeline import errors as pipeline_errors
from pipeline.intake.receipt_workbook import REMEDIES
from tests.web.conftest import PASSWORD, Office
from web.asked import PAGES
from web.roles import MAY, Permission, Role

ROLES = {
    "管理员甲": Role.ADMINISTRATOR,
    "档案员甲": Role.ARCHIVIST,
    "负责人甲": Role.MANAGER,
    "检查甲": Role.AUDITOR,
    "经办人甲": Role.CLERK,
}


COMMAND = re.compile("（[^（）]*huyue [^（）]*）")
AT_A_TERMINAL = {  # what no page of the desk can end with
    "BackupLacking",
    "HomeNotGiven",
    "NotAnArchive",
    "NotBlank",
    "PackageFaulty",
    "PaperThere",
    "PaperUnknown",
    "PartyTaken",
    "PassphraseWrong",
    "ProofUnreadable",
    "ReceiptUnknown",
    "TemplateVersionSingle",
}


def test_nothing_is_served_before_log_in_but_the_log_in_page(office: Office) -> None:
    nobody = office.browser()
    for one in PAGES:
        path = re.sub(r"\{[^}]*\}", "1", one.path)
        for method in one.methods:
            answer = nobody.http.request(method, path)
            assert answer.status_code in (303, 401), (method, path)
            assert answer.status_code == 401 or answer.headers["location"].startswith("/login?next=")
    assert nobody.get("/login").status == 200
    assert nobody.get("/static/desk.css").status == 200
    assert nobody.get("/static/vendor/htmx/htmx.min.js").status == 404
    assert nobody.get("/setup/1").status == 404


@pytest.mark.parametrize("name", ROLES)
def test_a_page_is_refused_to_a_role_that_may_not(office: Office, name: str) -> None:
    browser = office.browser(name)
    browser.get("/account")
    for one in PAGES:
        if one.may is not None and one.may not in MAY[ROLES[name]]:
            path = re.sub(r"\{[^}]*\}", "1", one.path)
            for method in one.methods:
                answer = browser.http.request(method, path, headers={"X-CSRF-Token": browser.csrf})
                assert answer.status_code == 403, (method, path)


def test_a_form_of_another_site_or_without_its_token_does_nothing(office: Office) -> None:
    browser = office.browser("管理员甲")
    for more in ({}, {"X-CSRF-Token": "x"}):
        assert browser.http.post("/logout", headers=more).status_code == 403
    browser.get("/account")
    for header in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert browser.post("/logout", None, **header).status == 403
    assert browser.get("/").status == 200
    assert browser.post("/logout").status == 303
    assert browser.get("/").status == 303


def test_every_answer_has_its_guards_and_an_unknown_host_gets_none(office: Office) -> None:
    browser = office.browser("管理员甲")
    for path in ("/", "/login", "/static/desk.css", "/nothing", "/search?q=韦"):
        headers = browser.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-store" if "static" not in path else headers["cache-control"])
    assert browser.http.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_log_in_locks_an_account_after_failures_and_says_nothing_of_which(office: Office) -> None:
    nobody = office.browser()
    known = {
        nobody.http.post("/login", data={"name": "检查甲", "password": f"wrong {n}"}).text for n in range(5)
    }
    unknown = nobody.http.post("/login", data={"name": "没有人", "password": "wrong"}).text
    assert known == {unknown}
    locked = nobody.http.post("/login", data={"name": "检查甲", "password": PASSWORD})
    assert locked.status_code == 401 and locked.text == unknown


def test_too_many_failures_from_one_place_are_refused(office: Office) -> None:
    nobody = office.browser()
    answers = [
        nobody.http.post("/login", data={"name": f"无{n}", "password": "x"}).status_code for n in range(31)
    ]
    assert answers == [401] * 30 + [429]


def test_log_in_begins_another_session_and_leads_only_to_the_desk(office: Office) -> None:
    browser = office.browser("管理员甲")
    before = browser.http.cookies["huyue"]
    for following, leads in (
        ("/search?q=1", "/search?q=1"),
        ("//evil.example", "/"),
        ("//[", "/"),
        ("https://evil.example/", "/"),
    ):
        answer = browser.http.post(
            f"/login?next={following}", data={"name": "管理员甲", "password": PASSWORD}
        )
        assert answer.headers["location"] == leads
        assert (
            "httponly" in answer.headers["set-cookie"].lower()
            and "samesite=strict" in answer.headers["set-cookie"].lower()
        )
    after = browser.http.cookies["huyue"]
    assert after != before
    stale = office.browser()
    stale.http.cookies.set("huyue", before)
    assert stale.get("/").status == 303


def test_a_temporary_password_leads_to_a_new_one(office: Office) -> None:
    office.add("新来的", Role.AUDITOR, temporary=True)
    browser = office.browser("新来的")
    assert browser.get("/search").headers["location"] == "/password"
    browser.get("/password")
    sent = {"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}
    assert browser.post("/password", sent).status == 422
    sent |= {"new": "another long secret", "again": "another long secret"}
    assert browser.post("/password", sent).status == 303
    assert browser.get("/search").status == 200


def test_permissions_are_all_given_to_somebody() -> None:
    assert MAY[Role.ADMINISTRATOR] == frozenset(Permission)
    assert Permission.UNMASK not in MAY[Role.AUDITOR]


def test_what_an_error_says_to_do_can_be_done_without_a_command_line() -> None:
    """A command is named only in brackets behind what is to be done, which the desk has a page for."""
    said = dict(REMEDIES)
    for module in (archive_errors, pipeline_errors, sample_check):
        for name, one in inspect.getmembers(module, inspect.isclass):
            if issubclass(one, HuyueError):
                said[name] = one.__doc__ or ""
    assert len(said) > 100
    named = {name for name, text in said.items() if "huyue" in COMMAND.sub("", text)}
    assert named == AT_A_TERMINAL
