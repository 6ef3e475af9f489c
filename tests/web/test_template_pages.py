"""Templates on the desk: what is in use, a new one sent, compared, taken into use; nothing unpacks where it should not."""

import io
import zipfile
from collections.abc import Callable

from pipeline.stock import stock_templates
from pipeline.template import MAX_TOML
from pipeline.templates_in_use import templates_in_use
from tests.web.conftest import Answered, Browser, Office

NAME = "contraception_service"  # without clauses and lists: quickly laid out


def parts(**changed: str) -> tuple[bytes, bytes]:
    """The document and the settings of a stock template, some of the settings' values changed."""
    one = next(one for one in stock_templates() if one.manifest.name == NAME)
    toml = one.toml.decode()
    for old, new in (pair.split(" → ") for pair in changed.values()):
        assert old in toml
        toml = toml.replace(old, new)
    return one.docx, toml.encode()


def send(browser: Browser, *files: tuple[str, bytes]) -> Answered:
    browser.get("/templates")
    answer = browser.http.post(
        "/templates", files=[("file", one) for one in files], headers={"X-CSRF-Token": browser.csrf}
    )
    return Answered(answer.status_code, answer.text, answer.content, dict(answer.headers))


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return out.getvalue()


def test_what_is_in_use_is_shown_to_everybody(office: Office) -> None:
    for name in ("检查甲", "经办人甲", "负责人甲"):
        browser = office.browser(name)
        page = browser.get("/templates")
        assert page.text.count("没有问题") == 6
        assert ("传上去检查" in page.text) == (name == "负责人甲")
        assert "2026.1" in browser.get(f"/templates/{NAME}").text
        assert browser.get("/templates/nothing").status == 404
    clerk = office.browser("经办人甲")
    assert send(clerk, ("a.zip", b"")).status == 403
    assert clerk.get("/templates/new/1").status == 403
    for name, may in (("检查甲", False), ("经办人甲", False), ("档案员甲", False), ("负责人甲", True)):
        browser = office.browser(name)
        assert ("约半分钟" in browser.get(f"/templates/{NAME}").text) == may
        assert browser.post(f"/templates/{NAME}").status == (303 if may else 403)


def test_a_changed_one_is_compared_and_taken_into_use(office: Office, work_done: Callable[[], None]) -> None:
    manager = office.browser("负责人甲")
    docx, toml = parts(
        version='version = "2026.1" → version = "2026.2"', days="filing_days = 15 → filing_days = 20"
    )
    answer = send(manager, ("合同.docx", docx), ("合同.toml", toml))
    path = answer.headers["location"]
    shown = manager.get(path).text
    assert "2026.2 版" in shown and "归档天数" in shown and "没有发现问题" in shown
    assert manager.post(path, {"action": "use"}).headers["location"] == "/templates/jobs/1"
    work_done()
    assert "完成" in manager.get("/templates/jobs/1").text, manager.get("/templates/jobs/1").text
    with office.home.reading() as connection:
        assert {
            one.template.manifest.name: one.template.manifest.version for one in templates_in_use(connection)
        }[NAME] == "2026.2"
    page = manager.get(f"/templates/{NAME}").text
    assert "2026.1 版 → 2026.2 版" in page and "归档天数" in page
    assert manager.get(f"/templates/{NAME}?old=1999").status == 422
    assert manager.get(path).status == 404  # it is the work's
    assert office.browser("管理员甲").get("/templates/jobs/1").status == 404


def test_a_faulty_one_is_not_taken(office: Office, work_done: Callable[[], None]) -> None:
    manager = office.browser("负责人甲")
    docx, toml = parts(
        title='title = "落实计划生育节育合同书" → title = "<script>alert(1)</script>"',
        label='label = "乙方姓名" → label = "没有"',
    )
    path = send(manager, ("a.docx", docx), ("a.toml", toml)).headers["location"]
    shown = manager.get(path).text
    assert "错误" in shown and "<script>alert" not in shown
    manager.post(path, {"action": "use"})
    work_done()
    assert "没有完成" in manager.get("/templates/jobs/1").text
    assert manager.get("/templates").text.count("自带") == 6


def test_what_is_no_template_is_refused_and_nothing_unpacks_elsewhere(office: Office) -> None:
    manager = office.browser("负责人甲")
    docx, toml = parts()
    for files in (
        [("a.exe", b"MZ")],
        [("a.docx", docx)],
        [("a.docx", docx), ("b.docx", docx)],
        [("a.toml", toml)],
    ):
        assert send(manager, *files).status == 422
    hostile = {
        "no zip": b"PK\x03\x04 no",
        "nothing in it": packed(readme=b"x"),
        "two": packed(a__contract_dot_docx=docx, b__contract_dot_docx=docx, contract_dot_toml=toml),
        "large": packed(contract_dot_docx=docx, contract_dot_toml=toml + b"#" * MAX_TOML),
        "a bomb": packed(
            contract_dot_docx=packed(word__document_dot_xml=bytes(60_000_000)), contract_dot_toml=toml
        ),
        "no docx": packed(contract_dot_docx=b"%PDF", contract_dot_toml=toml),
    }
    for said, content in hostile.items():
        answer = send(manager, ("a.zip", content))
        assert manager.get(answer.headers["location"]).status == 422, said
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../../contract.docx", docx)
        archive.writestr("/etc/contract.toml", toml)
    path = send(manager, ("a.zip", out.getvalue())).headers["location"]
    assert "没有不同" in manager.get(path).text  # only the two names count, wherever they say to stand
    assert not list((office.home.folder / "desk" / "work").glob("*"))
    assert not list(office.home.folder.parent.rglob("contract.docx"))
    assert send(manager, ("a.zip", bytes(21_000_000))).status == 413
