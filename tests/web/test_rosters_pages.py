"""Rosters on the desk: sent, looked at, imported; nobody gets at a village that is not theirs."""

import io
import re
from collections.abc import Callable
from urllib.parse import unquote

import openpyxl
import pytest
from sqlalchemy import func, select

from archive.catalogue.tables import household, person, roster_import
from archive.journal import Actor
from pipeline.divisions import Divisions
from pipeline.roster.reader import read_rosters
from pipeline.roster.store import import_roster
from tests.web.conftest import DAY, Answered, Browser, Office

HEAD = ("村", "组", "户编号", "户主", "姓名", "与户主关系", "性别", "出生日期", "公民身份号码", "婚姻状况")
SOUND = "45122519880512001"


def number_of(digits: str) -> str:
    """A sound identity number (GB 11643) of 17 digits."""
    total = sum(int(one) * 2 ** (17 - place) for place, one in enumerate(digits))
    return digits + "10X98765432"[total % 11]


def workbook(*rows: tuple[str, ...]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "2026年花名册"
    for row in (HEAD, *rows):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def someone(village: str, name: str, identity: str, number: str = "9001") -> tuple[str, ...]:
    return (village, "1", number, name, name, "户主", "男", "1988-05-12", identity, "已婚")


def send(browser: Browser, name: str, content: bytes) -> Answered:
    browser.get("/rosters")
    answer = browser.http.post(
        "/rosters", files={"file": (name, content)}, headers={"X-CSRF-Token": browser.csrf}
    )
    return Answered(answer.status_code, answer.text, answer.content, dict(answer.headers))


def imported(office: Office, content: bytes) -> None:
    """Take a roster up at once, as its work does."""
    path = office.home.folder.parent / "名册.xlsx"
    path.write_bytes(content)
    roster = read_rosters([path], Divisions(office.desk.names().divisions), DAY)
    with office.home.writing() as connection:
        import_roster(connection, roster, Actor("档案员甲", DAY))


def persons(office: Office) -> int:
    with office.home.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(person)).scalar_one())


@pytest.fixture
def own(office: Office, villages: list[str]) -> list[str]:
    """What the two clerks' villages are called."""
    return [office.desk.names().divisions[code] for code in villages]


def test_a_roster_is_looked_at_then_imported_then_undone(
    office: Office, own: list[str], work_done: Callable[[], None]
) -> None:
    clerk, before = office.browser("经办人甲"), persons(office)
    imports = clerk.get("/rosters").text.count("2026 年")
    name = "<img src=x onerror=alert(1)>"
    rows = [
        someone(own[0], name, number_of(SOUND)),
        someone(own[0], "韦错号", "451225198805120011", "9002"),
        someone(own[0], "=HYPERLINK(1)", "", "9003"),
    ]
    answer = send(clerk, "../../花名册<b>.xlsx", workbook(*rows))
    assert answer.status == 303
    path = answer.headers["location"]
    checked = clerk.get(path)
    assert checked.status == 200
    for said in ("公民身份号码", "确定", "校验码", "没有填", "451225***********1"):
        assert said in checked.text, said
    assert "451225198805120011" not in checked.text and number_of(SOUND) not in checked.text
    assert "<img src=x" not in checked.text and "花名册<b>" not in checked.text
    query = path.partition("?")[2]
    shown = clerk.get(f"/rosters/preview?{query}")
    assert "新增" in shown.text and "写入档案库" in shown.text and "<img src=x" not in shown.text
    assert persons(office) == before  # nothing was written yet
    assert "花名册" not in clerk.get("/intake").text.partition("<main")[2]  # it is no scan that waits
    marked = clerk.get(f"/rosters/marked.xlsx?{query}")
    sheets = openpyxl.load_workbook(io.BytesIO(marked.content)).sheetnames
    assert "问题清单" in sheets and "待改.xlsx" in unquote(marked.headers["content-disposition"])
    upload = re.findall(r"file=([\w-]+)", path)
    answer = clerk.post("/rosters/import", {"file": upload})
    assert answer.headers["location"] == "/jobs/1"
    work_done()
    assert "完成" in clerk.get("/jobs/1").text
    assert persons(office) == before + 3
    assert clerk.get(path).status == 404  # it is the work's now
    assert clerk.post("/rosters/undo").headers["location"] == "/rosters"
    assert persons(office) == before
    assert clerk.get("/rosters").text.count("2026 年") == imports


def test_columns_are_read_as_the_clerk_says(office: Office, own: list[str]) -> None:
    clerk = office.browser("经办人甲")
    path = send(clerk, "一村.xlsx", workbook(someone(own[0], "韦一", number_of(SOUND)))).headers["location"]
    changed = clerk.get(f"{path}&map=J=不读&map=A=")
    assert re.search(r'value="J=不读" selected', changed.text)
    assert clerk.get(f"{path}&map=J=没有这一栏").status == 422
    assert clerk.get("/rosters/check").status == 422
    hidden = clerk.get(f"/rosters/preview?{path.partition('?')[2]}&map=J=不读").text
    assert 'name="map" value="J=不读"' in hidden


def test_a_clerk_imports_no_other_village_and_is_not_told_which(
    office: Office, own: list[str], villages: list[str]
) -> None:
    clerk, before = office.browser("经办人甲"), persons(office)
    both = workbook(
        someone(own[0], "韦一", number_of(SOUND)),
        someone(own[1], "蓝二", number_of("45122519880512003"), "9002"),
    )
    path = send(clerk, "两村.xlsx", both).headers["location"]
    query = path.partition("?")[2]
    for asked in (path, f"/rosters/preview?{query}", f"/rosters/marked.xlsx?{query}"):
        refused = clerk.get(asked)
        assert refused.status == 422 and "不归您负责的村" in refused.text
        assert own[1] not in refused.text and villages[1] not in refused.text
    assert clerk.post("/rosters/import", {"file": re.findall(r"file=([\w-]+)", path)}).status == 422
    assert office.jobs.next() is None and persons(office) == before
    keeper = office.browser("档案员甲")
    assert keeper.get(path).status == 404  # another's upload is nobody's
    imported(office, both)
    assert persons(office) == before + 2
    assert clerk.post("/rosters/undo").status == 403  # the newest import holds the other's village too
    with office.home.reading() as connection:
        undone = select(roster_import.c.undone_on).order_by(roster_import.c.id.desc()).limit(1)
        assert connection.execute(undone).scalar_one() is None


def test_who_moves_here_is_shown_without_the_name_of_where_from(
    office: Office, own: list[str], villages: list[str]
) -> None:
    with office.home.reading() as connection:
        found = connection.execute(
            select(person.c.id_number, person.c.name)
            .join(household, household.c.id == person.c.household_id)
            .where(household.c.village_code == villages[1], person.c.held == "", person.c.sex == "男")
        ).first()
    assert found is not None
    clerk = office.browser("经办人甲")
    born = f"{found.id_number[6:10]}-{found.id_number[10:12]}-{found.id_number[12:14]}"
    row = (own[0], "1", "9001", "生人", "生人", "户主", "男", born, found.id_number, "已婚")
    path = send(clerk, "一村.xlsx", workbook(row)).headers["location"]
    shown = clerk.get(f"/rosters/preview?{path.partition('?')[2]}").text
    assert "请核对：号码与别村另一个名字的人相同 1 人" in shown
    assert "别的村" in shown and own[1] not in shown and found.name not in shown


def test_changes_are_listed_and_decided_on_by_who_is_in_charge(office: Office, own: list[str]) -> None:
    rows = [
        someone(name, "新人", number_of(f"4512251988051200{place}"), "9001")
        for place, name in ((1, own[0]), (3, own[1]))
    ]
    imported(office, workbook(*rows))
    first, second = (office.browser(name) for name in ("经办人甲", "经办人乙"))
    listed = [
        set(re.findall(r"/contracts/([\w-]+)", one.get("/rosters/changes").text)) for one in (first, second)
    ]
    assert listed[0] and listed[1] and not listed[0] & listed[1]
    book = openpyxl.load_workbook(io.BytesIO(first.get("/rosters/changes.xlsx").content))
    inside = {row[1] for row in book.worksheets[0].iter_rows(min_row=3, values_only=True)}
    assert listed[0] <= inside and not inside & listed[1]
    for written in ("٣", "-1", "1" * 30):
        assert listed[0] == set(
            re.findall(r"/contracts/([\w-]+)", first.get(f"/rosters/changes?offset={written}").text)
        )
    number, other = min(listed[0]), min(listed[1])
    assert first.post("/rosters/changes", {"number": other, "decision": "moved"}).status == 404
    assert first.post("/rosters/changes", {"number": number, "decision": "gone"}).status == 422
    assert (
        first.post("/rosters/changes", {"number": number, "decision": "moved", "day": "不是"}).status == 422
    )
    assert first.post("/rosters/changes", {"number": number, "decision": "moved"}).status == 303
    assert number not in first.get("/rosters/changes").text
    assert "已终止" in first.get(f"/contracts/{number}").text


def test_what_is_no_roster_is_refused_in_words(office: Office) -> None:
    clerk = office.browser("经办人甲")
    for name, content in (("a.xlsx", b"<html>"), ("a.xls", b"MZ"), ("空.csv", b"")):
        answer = send(clerk, name, content)
        assert clerk.get(answer.headers["location"]).status == 422, name
    clerk.get("/rosters")
    token = {"X-CSRF-Token": clerk.csrf}
    assert clerk.http.post("/rosters", headers=token).status_code == 422
    assert clerk.http.post("/rosters", files={"other": b"x"}, headers=token).status_code == 422
    assert clerk.http.post("/rosters", files={"file": ("a.csv", b"x")}).status_code == 403
    large = clerk.http.post("/rosters", files={"file": ("a.csv", bytes((64 << 20) + 1))}, headers=token)
    assert large.status_code == 413
    assert not list((office.home.folder / "desk" / "work").glob("*"))
