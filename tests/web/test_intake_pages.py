"""Scans through the desk: uploads in pieces, an intake of them, and whose the receipts are."""

import base64
import io
import json
import re

import openpyxl
import pytest

from archive.pieces import PIECE
from tests.conftest import Town
from tests.web.conftest import Answered, Browser, Office
from tests.web.reviewing import waiting_town
from web import accounts
from web.job_queue import jobs_of


def tus(browser: Browser, method: str, path: str, content: bytes = b"", **headers: str) -> Answered:
    """A request of the upload protocol."""
    if not browser.csrf:
        browser.get("/account")
    sent = {"X-CSRF-Token": browser.csrf, "Tus-Resumable": "1.0.0"} | headers
    answer = browser.http.request(method, path, content=content, headers=sent)
    return Answered(answer.status_code, answer.text, answer.content, dict(answer.headers))


def begun(browser: Browser, name: str, size: int) -> str:
    """Where a new upload is to be sent."""
    named = base64.b64encode(name.encode()).decode()
    more = {"Upload-Length": str(size), "Upload-Metadata": f"filename {named}"}
    answer = tus(browser, "POST", "/uploads", b"", **more)
    assert answer.status == 201, answer.text
    return answer.headers["location"]


def uploaded(browser: Browser, name: str, content: bytes) -> str:
    """A whole upload's number."""
    path = begun(browser, name, len(content))
    for at in range(0, len(content), PIECE):
        more = {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
        assert tus(browser, "PATCH", path, content[at : at + PIECE], **more).status == 204
    return path.rpartition("/")[2]


def taken_in(browser: Browser, *uploads: str) -> str:
    """Where the intake of these uploads is shown."""
    answer = browser.post("/intake", {"upload": list(uploads)})
    assert answer.status == 303, answer.text
    return answer.headers["location"]


@pytest.fixture(scope="session")
def town(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """With one receipt, of 经办人甲."""
    return waiting_town(town, tmp_path_factory.getbasetemp())


def test_an_upload_goes_on_from_what_is_there_and_is_ones_own(office: Office) -> None:
    one, other = office.browser("经办人甲"), office.browser("经办人乙")
    path = begun(one, "大.pdf", PIECE + 5)
    content = bytes(PIECE)
    assert tus(one, "PATCH", path, content[:9], **{"Upload-Offset": "0"}).status == 422  # broken off
    assert tus(one, "HEAD", path).headers["upload-offset"] == "0"
    assert tus(one, "PATCH", path, content, **{"Upload-Offset": "0"}).status == 204
    assert tus(one, "PATCH", path, content, **{"Upload-Offset": "0"}).status == 409  # came twice
    assert tus(one, "HEAD", path).headers["upload-offset"] == str(PIECE)
    assert "传了 99%" in one.get("/intake").text
    number = path.rpartition("/")[2]
    assert one.post("/intake", {"upload": number}).status == 404  # half of it
    for method in ("HEAD", "PATCH", "DELETE"):
        assert tus(other, method, path, b"x", **{"Upload-Offset": str(PIECE)}).status == 404
    assert other.post("/intake", {"upload": number}).status == 404
    assert other.post(f"/intake/uploads/{number}/remove").status == 404
    assert number not in other.get("/intake").text
    assert one.post("/intake").status == 422
    assert one.post(f"/intake/uploads/{number}/remove").status == 303
    assert tus(one, "HEAD", path).status == 404
    assert office.desk.files.names() == []
    for name in ("../../x.pdf", "C:\\a\\CON.pdf", "\u202efdp.exe"):
        uploaded(one, name, b"x")
    shown = one.get("/intake/uploads").text
    for left in ("../", "\u202e", "C:\\", ">CON.pdf"):
        assert left not in shown


def test_a_receipt_is_for_who_handed_in_and_for_who_sees_all(office: Office) -> None:
    clerk, other = office.browser("经办人甲"), office.browser("经办人乙")
    newest = re.search(r'href="(/receipts/\d+)"', clerk.get("/intake").text)
    assert newest
    receipt = newest[1]
    book = openpyxl.load_workbook(io.BytesIO(clerk.get(f"{receipt}/file.xlsx").content))["总表"]
    rows = {str(row[0]).strip(): row[1] for row in book.iter_rows(values_only=True) if row[0]}
    parts = [rows[name] for name in ("归档", "重复", "空白和封面", "待核", "坏页")]
    assert (rows["页"], parts) == (8, [1, 0, 2, 5, 0])
    assert json.loads(clerk.get(f"{receipt}/file.json").content)["user"] == "经办人甲"
    assert clerk.get(f"{receipt}/file.pdf").status == 404
    shown = clerk.get(receipt).text
    assert "8 页：归档 1，重复 0，空白和封面 2，待核 5，坏页 0" in shown and "没有本库的页码标识" in shown
    assert office.browser("档案员甲").get(receipt).status == 200
    assert f'href="{receipt}"' in clerk.get("/intake").text
    assert f'href="{receipt}"' not in other.get("/intake").text
    for path in (receipt, f"{receipt}/file.xlsx", f"{receipt}/file.json", "/receipts/99"):
        assert other.get(path).status == 404


def test_a_receipt_of_before_is_not_shown_to_who_has_other_villages_now(
    office: Office, villages: list[str]
) -> None:
    newest = re.search(r'href="(/receipts/\d+)"', office.browser("经办人甲").get("/intake").text)
    assert newest
    admin = office.browser("管理员甲")
    number = re.search(r'href="(/admin/accounts/\d+)">经办人甲', admin.get("/admin/accounts").text)
    assert number
    sent = {"role": "clerk", "village": villages[1], "active": "yes"}
    assert admin.post(number[1], sent).status == 303
    clerk = office.browser("经办人甲")
    assert newest[1] not in clerk.get("/intake").text
    for path in (newest[1], f"{newest[1]}/file.xlsx", f"{newest[1]}/file.json"):
        assert clerk.get(path).status == 404
    assert admin.get(newest[1]).status == 200


def test_what_was_cancelled_can_be_taken_in_without_another_upload(office: Office) -> None:
    clerk = office.browser("经办人甲")
    number = uploaded(clerk, '<script>alert(1)</script>{out} --watch".pdf', b"%PDF-")
    where = taken_in(clerk, number)
    assert "排队" in clerk.get(where).text
    assert clerk.post(f"{where}/again").status == 404  # it is still queued
    other = office.browser("经办人乙")
    assert (other.get(where).status, other.post(f"{where}/again").status) == (404, 404)
    job = where.rpartition("/")[2]
    assert f'href="{where}"' in clerk.get(f"/jobs/{job}").text
    assert clerk.post(f"/jobs/{job}/cancel").status == 303
    assert "把文件放回去" in clerk.get(where).text
    assert clerk.post(f"{where}/again").status == 303
    assert f'value="{number}"' in clerk.get("/intake").text
    assert "把文件放回去" not in clerk.get(where).text
    again = taken_in(clerk, number)
    assert again != where and "<script>" not in clerk.get(again).text.partition("<h1")[2]
    with office.desk.database.reading() as connection:
        viewer = next(one for one in accounts.accounts(connection) if one.name == "经办人甲")
        queued, _ = jobs_of(connection, office.desk.viewer(viewer))
    assert queued.asked.commands == (("intake", f"{{in}}/{number}", "--receipt", "{out}"),)
