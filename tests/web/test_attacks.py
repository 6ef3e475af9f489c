"""What somebody with ill will tries at the desk (docs/guide/17: what holds against it)."""

import base64
import io
import json
import logging
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from time import time

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from starlette.testclient import TestClient

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.pieces import PIECE
from tests.web.conftest import PASSWORD, Browser, Office
from tests.web.test_admin import number_of
from web import accounts, database
from web.asked import PAGES
from web.job_process import Work, _filled
from web.job_queue import JobState, enqueue, find_job
from web.roles import Role
from web.security import Guarded, Limit
from web.uploads import LONGEST_NAME, safe_name

EVIL = "<img src=x onerror=alert(1)>\"'&"
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in "123456789")}


def upload(browser: Browser, name: str, content: bytes) -> str:
    """Upload a file, piece by piece; its number."""
    browser.get("/account")
    sent = {"X-CSRF-Token": browser.csrf, "Tus-Resumable": "1.0.0"}
    said = f"filename {base64.b64encode(name.encode('utf-8', 'surrogatepass')).decode()}"
    begun = browser.http.post(
        "/uploads", headers=sent | {"Upload-Length": str(len(content)), "Upload-Metadata": said}
    )
    assert begun.status_code == 201, begun.text
    where = begun.headers["location"]
    for at in range(0, len(content), PIECE):
        answer = browser.http.patch(
            where, content=content[at : at + PIECE], headers=sent | {"Upload-Offset": str(at)}
        )
        assert answer.status_code == 204, answer.text
    return where.rpartition("/")[2]


@given(
    st.text(max_size=300)
    | st.sampled_from(
        [
            "../../etc/passwd",
            "..\\..\\x",
            "C:\\x",
            "con.txt",
            "nul",
            "a\u202egnp.exe",
            ".",
            "..",
            " ",
            "a\n.pdf",
            "//h/s",
            "é" * 200 + ".pdf",
        ]
    )
)
def test_a_name_leads_nowhere_and_is_what_it_seems(written: str) -> None:
    name = safe_name(written)
    assert 0 < len(name) <= LONGEST_NAME + 1
    assert PurePosixPath(name).name == name and PureWindowsPath(name).name == name
    assert name.partition(".")[0].lower() not in RESERVED and name not in (".", "..")
    assert not re.search('[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069<>:"/\\\\|?*]', name)
    assert safe_name(name) == name


def test_an_upload_is_its_owner_s_whole_and_in_order(office: Office) -> None:
    clerk, other = office.browser("经办人甲"), office.browser("经办人乙")
    content = bytes(range(256)) * (PIECE // 256) + b"rest"
    number = upload(clerk, "../../扫描.pdf", content)
    assert b"".join(office.desk.files.read(number)) == content
    with office.desk.database.reading() as connection:
        row = connection.execute(select(database.upload)).one()
    assert (row.name, row.got, row.size) == ("扫描.pdf", len(content), len(content))
    kept = (office.home.folder / "desk" / "files" / number).read_bytes()
    assert content[1000:1100] not in kept
    other.get("/account")
    sent = {"X-CSRF-Token": other.csrf, "Upload-Offset": "0"}
    assert other.http.head(f"/uploads/{number}").status_code == 404
    assert other.http.patch(f"/uploads/{number}", content=b"x", headers=sent).status_code == 404
    assert other.http.delete(f"/uploads/{number}", headers=sent).status_code == 404
    for path in ("/uploads/..%2f..%2fcatalogue.db", "/uploads/%00", f"/uploads/{number}/../x"):
        assert other.http.head(path).status_code in (404, 405)
    clerk.get("/account")
    mine = {"X-CSRF-Token": clerk.csrf}
    begun = clerk.http.post("/uploads", headers=mine | {"Upload-Length": str(PIECE + 1)})
    where = begun.headers["location"]
    wrong = [
        ({"Upload-Offset": "5"}, b"x" * PIECE, 409),
        ({"Upload-Offset": "0"}, b"x" * 10, 422),
        ({"Upload-Offset": "0"}, b"x" * (PIECE + 1), 413),
        ({"Upload-Offset": "-1"}, b"x", 422),
        ({"Upload-Offset": "٣"}, b"x", 422),
    ]
    for more, body, status in wrong:
        headers = [(key.encode(), value.encode()) for key, value in (mine | more).items()]
        assert clerk.http.patch(where, content=body, headers=headers).status_code == status, more
    assert clerk.http.head(where).headers["upload-offset"] == "0"
    for length, status in (("99999999999999", 413), ("", 422), ("-1", 422), ("1e3", 422)):
        assert clerk.http.post("/uploads", headers=mine | {"Upload-Length": length}).status_code == status


def test_a_job_takes_only_its_owner_s_whole_uploads(office: Office) -> None:
    clerk = office.browser("经办人甲")
    number = upload(clerk, "a.pdf", b"%PDF-1.7")
    with office.desk.database.reading() as connection:
        others = office.desk.viewer(accounts.account_of(connection, number_of(office, "经办人乙")))
        mine = office.desk.viewer(accounts.account_of(connection, number_of(office, "经办人甲")))
    with pytest.raises(Exception, match="没有这一页"):
        enqueue(office.desk, others, "收件", [["intake", "{in}"]], [number])
    made = enqueue(office.desk, mine, "收件", [["intake", "{in}"]], [number])
    with pytest.raises(Exception, match="没有这一页"):
        enqueue(office.desk, mine, "收件", [["intake", "{in}"]], [number])
    with office.desk.database.reading() as connection:
        assert find_job(connection, mine, made).asked.uploads == (number,)
        with pytest.raises(Exception, match="没有这一页"):
            find_job(connection, others, made)


def test_what_somebody_wrote_is_no_folder_of_a_job() -> None:
    given_, written = Path("/a"), Path("/b")
    for said, meant in {
        "{in}/1/{out}.xlsx": "/a/1/{out}.xlsx",
        "{out}": "/b",
        "--campaign={out}": "--campaign={out}",
        "{inner}": "{inner}",
    }.items():
        assert _filled([said, "--", said], given_, written) == [meant, "--", said]


def test_what_was_queued_before_an_account_was_stopped_is_not_done(office: Office) -> None:
    number = number_of(office, "档案员甲")
    with office.desk.database.reading() as connection:
        mine = office.desk.viewer(accounts.account_of(connection, number))
    made = enqueue(office.desk, mine, "核对", [["verify"]])
    with office.desk.database.writing() as connection:
        accounts.change(connection, number, role=Role.ARCHIVIST, villages=(), active=False)
    assert office.jobs.next() is None
    with office.desk.database.reading() as connection:
        state = connection.execute(select(database.job.c.state).where(database.job.c.id == made)).scalar()
    assert state == JobState.CANCELLED


def test_what_is_cancelled_while_its_process_is_being_made_is_interrupted(office: Office) -> None:
    with office.desk.database.reading() as connection:
        mine = office.desk.viewer(accounts.account_of(connection, number_of(office, "管理员甲")))
    made = enqueue(office.desk, mine, "核对", [["verify"]])
    job = office.jobs.next()
    assert job is not None
    office.jobs.cancel(mine, made)
    office.jobs.do(job)
    with office.desk.database.reading() as connection:
        done = find_job(connection, mine, made)
    assert (done.state, done.status) == (JobState.CANCELLED, 130)


def test_what_is_sent_while_old_files_are_looked_for_stays(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk, kept = office.browser("经办人甲"), office.desk.files
    listed = type(kept).names
    sent: list[str] = []

    def names(files: object) -> list[str]:
        assert isinstance(files, type(kept))
        there_are = listed(files)
        sent.append(upload(clerk, "晚到.pdf", b"%PDF"))
        return there_are

    monkeypatch.setattr(type(kept), "names", names)
    assert office.jobs.next() is None
    assert b"".join(kept.read(sent[0])) == b"%PDF"


def test_what_is_in_clear_for_a_job_is_gone_after_it_however_it_ends(
    office: Office, work_done: object
) -> None:
    clerk = office.browser("经办人甲")
    number = upload(clerk, "假的.pdf", b"<html><script>alert(1)</script></html>")
    with office.desk.database.reading() as connection:
        mine = office.desk.viewer(accounts.account_of(connection, number_of(office, "经办人甲")))
    made = enqueue(office.desk, mine, "收件", [["intake", f"{{in}}/{number}/假的.pdf"]], [number])
    assert callable(work_done)
    work_done()
    with office.desk.database.reading() as connection:
        job = find_job(connection, mine, made)
    result = job.results[0]
    assert result["rejected_files"][0]["code"] in ("unsupported", "damaged"), result
    assert not list((office.home.folder / "desk" / "work").iterdir())
    assert not [
        path for path in office.home.folder.rglob("*") if path.is_file() and b"alert(1)" in path.read_bytes()
    ]
    assert Work.__dataclass_fields__["passphrase"]


def test_script_in_a_name_stays_text_on_every_page(office: Office, villages: list[str]) -> None:
    with office.home.writing() as connection:
        number = (
            connection.execute(select(tables.contract.c.number).order_by(tables.contract.c.number))
            .scalars()
            .first()
        )
        assert number
        connection.execute(update(tables.party).where(tables.party.c.contract == number).values(name=EVIL))
        connection.execute(
            update(tables.contract).where(tables.contract.c.number == number).values(responsible=EVIL)
        )
        mark_changed(connection, [number])
    admin = office.browser("管理员甲")
    shown = 0
    paths = [
        "/",
        "/search?q=img",
        f"/contracts/{number}",
        "/suggest?q=img",
        f"/search?q={EVIL}",
        "/search?sort=%3Cimg",
        f"/contracts/{EVIL}",
        f"/jobs/{EVIL}",
    ]
    paths += [page.path for page in PAGES if "{" not in page.path and "GET" in page.methods]
    for path in paths:
        answer = admin.get(path)
        assert answer.status < 500, path
        assert "<img src=x" not in answer.text, path
        shown += "&lt;img src=x" in answer.text
    assert shown >= 3


def test_a_one_time_code_is_good_once(office: Office) -> None:
    secret = pyotp.random_base32()
    known, nobody, codes = office.browser("检查甲"), office.browser(), pyotp.TOTP(secret)
    now = int(time())
    code, following = codes.at(now), codes.at(now + accounts.STEP)
    assert known.post("/account/totp", {"secret": secret, "code": code}).status == 303

    def log_in(sent: str) -> int:
        return nobody.http.post(
            "/login", data={"name": "检查甲", "password": PASSWORD, "code": sent}
        ).status_code

    # The code with which they were begun is used, too.
    assert [log_in(sent) for sent in ("", code, following, following)] == [401, 401, 303, 401]


def test_the_log_names_nobody_and_keeps_its_lines(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "huyue.desk")
    clerk = office.browser("经办人甲")
    for path in (
        "/search?q=11010519491231002X",
        "/contracts/11010519491231002X",
        "/contracts/a%0d%0aINFO%20forged%1b[31m",
        "/nothing/%E9%9F%A6%E6%A1%82%E5%85%B0",
    ):
        clerk.get(path)
    said = "\n".join(caplog.messages)
    assert "/contracts/" in said
    assert (
        "11010519491231002X" not in said
        and "韦桂兰" not in said
        and "\x1b" not in said
        and "forged%1b" not in said
    )
    assert all("\n" not in one and "\r" not in one for one in caplog.messages)


def test_a_fault_of_the_program_is_told_without_what_it_was_about(
    office: Office, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("11010519491231002X 韦桂兰")

    monkeypatch.setattr("web.pages.contract.show_contract", broken)
    clerk = office.browser("经办人甲")
    clerk.http = type(clerk.http)(
        office.app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False
    )
    clerk.http.post("/login", data={"name": "经办人甲", "password": PASSWORD})
    found = re.search(r"/contracts/([\w-]+)", clerk.get("/search?q=").text)
    assert found
    answer = clerk.get(found[0])
    assert answer.status == 500 and "没有料到的错（ValueError）" in answer.text
    assert "11010519491231002X" not in answer.text + caplog.text
    assert "韦桂兰" not in answer.text + caplog.text and "ValueError" in caplog.text


def test_the_server_is_told_nothing_of_a_fault() -> None:
    async def broken(*_: object) -> None:
        raise ValueError("11010519491231002X")

    answer = TestClient(Guarded(broken, frozenset({"127.0.0.1", "::1"}), secure=False), "http://[::1]:8451")
    assert answer.get("/").status_code == 500 and "1101" not in answer.get("/").text


def test_tries_that_come_at_once_are_counted() -> None:
    tries = Limit(2, 60)
    tries.add("a")
    tries.add("a")
    assert tries.is_over("a")
    tries.take_back("a")
    assert not tries.is_over("a") and not tries.is_over("b")


def test_one_time_codes_are_not_changed_without_the_password(office: Office) -> None:
    clerk, theirs, other = office.browser("经办人甲"), pyotp.random_base32(), pyotp.random_base32()
    for secret in ("1" * 32, "汉" * 32):
        assert clerk.post("/account/totp", {"secret": secret, "code": "1"}).status == 422
    for secret, status in ((theirs, 303), (other, 422)):
        sent = {"secret": secret, "code": pyotp.TOTP(secret).now()}
        assert clerk.post("/account/totp", sent).status == status
    with office.desk.database.reading() as connection:
        assert set(connection.execute(select(database.account.c.totp)).scalars()) == {None, theirs}


def test_ones_own_password_is_not_guessed_at_an_open_browser(office: Office) -> None:
    clerk, new = office.browser("经办人甲"), "another horse battery"
    sent = {"old": "wrong horse", "new": new, "again": new}
    assert [clerk.post("/password", sent).status for _ in range(31)] == [422] * 30 + [429]
    assert clerk.post("/password", sent | {"old": PASSWORD}).status == 429
    assert office.browser("经办人乙").post("/password", sent | {"old": PASSWORD}).status == 303


def test_who_says_to_come_through_a_proxy_is_not_believed(office: Office) -> None:
    nobody = office.browser()
    for number in range(31):
        last = nobody.http.post(
            "/login",
            data={"name": f"无{number}", "password": "x"},
            headers={"X-Forwarded-For": f"10.0.0.{number}"},
        )
    assert last.status_code == 429
    for more in (
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example"},
    ):
        answer = nobody.http.get("/search", headers=more)
        assert answer.headers["location"].startswith("/login?next=") and "evil" not in answer.text


def test_what_is_downloaded_is_never_shown_as_a_page(office: Office) -> None:
    clerk = office.browser("经办人甲")
    with office.desk.database.reading() as connection:
        mine = office.desk.viewer(accounts.account_of(connection, number_of(office, "经办人甲")))
    made = enqueue(office.desk, mine, "报表", [])
    content = b"<svg onload=alert(1)>"
    for place in range(4):
        office.desk.files.write(f"job-{made}-{place}", io.BytesIO(content), len(content))
    files = [
        {"name": name, "size": 21} for name in ("x.html", "x.svg", '"><script>.html', "报表\u202exslx.exe")
    ]
    with office.desk.database.writing() as connection:
        connection.execute(update(database.job).values(files=json.dumps(files), state="done"))
    for place in range(4):
        answer = clerk.get(f"/jobs/{made}/files/{place}")
        assert answer.status == 200
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<" not in answer.headers["content-disposition"]
    assert "<script>" not in clerk.get(f"/jobs/{made}").text
    assert clerk.get(f"/jobs/{made}/files/9").status == 404
    assert office.browser("管理员甲").get(f"/jobs/{made}/files/0").status == 404


def test_what_others_wrote_is_as_it_is_in_its_package() -> None:
    import hashlib
    import tomllib

    folder = Path("web/static/vendor")
    known = tomllib.loads((folder / "vendor.toml").read_text(encoding="utf-8"))
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(known) == set(files) - {"vendor.toml"}
    for name, path in files.items():
        if name != "vendor.toml":
            assert hashlib.sha256(path.read_bytes()).hexdigest() == known[name]["sha256"], name
    assert {one["licence"] for one in known.values()} <= {"0BSD", "MIT", "Apache-2.0"}
