"""Review in the desk: who sees which page, what is decided once and by whom, and what is shown beside it."""

import io
import json
import multiprocessing
import shutil

import pypdf
import pypdfium2 as pdfium
import pytest
from PIL import Image
from sqlalchemy import func, insert, select, update

from archive.catalogue import tables
from archive.home import code_key
from pipeline.intake.identify import find_codes
from pipeline.intake.looking import PrintedSheet, printed_sheet
from tests.conftest import Town
from tests.web.conftest import Office
from tests.web.reviewing import CONFLICT, FIRST, NOWHERE, OTHERS, SECOND, TODAY, contracts, waiting_town
from web import accounts
from web.pictures import Pictures
from web.roles import Role


@pytest.fixture(scope="session")
def town(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    return waiting_town(town, tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def looked_at(town: Town, villages: list[str], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A desk on which nothing is decided."""
    folder = tmp_path_factory.mktemp("看") / "档案库"
    shutil.copytree(town.home, folder)
    shutil.copy(town.home.with_name("档案库.key"), folder.with_name("档案库.key"))
    made = Office(folder)
    made.add("档案员甲", Role.ARCHIVIST)
    made.add("经办人甲", Role.CLERK, villages[0])
    made.add("经办人乙", Role.CLERK, villages[1])
    return made


def numbers(office: Office) -> tuple[list[str], list[str]]:
    return contracts(office.home.folder)


def decisions(office: Office) -> dict[int, tuple[str, str | None]]:
    """What was decided of the items that were, and as which contract."""
    table = tables.review
    with office.home.reading() as connection:
        rows = connection.execute(select(table).where(table.c.decision != "")).all()
    return {row.id: (row.decision, row.assigned) for row in rows}


def recorded(office: Office, action: str) -> int:
    with office.home.reading() as connection:
        table = tables.journal
        count = select(func.count()).where(table.c.action == action)
        return int(connection.execute(count).scalar_one())


def test_each_sees_what_is_likely_of_their_villages(looked_at: Office) -> None:
    office = looked_at
    expected = {
        "档案员甲": {FIRST, SECOND, CONFLICT, OTHERS, NOWHERE},
        "经办人甲": {FIRST, SECOND, CONFLICT},
        "经办人乙": {OTHERS},
    }
    for name, seen in expected.items():
        browser = office.browser(name)
        page = browser.get("/review")
        assert {one for one in range(1, 6) if f'href="/review/{one}"' in page.text} == seen
        assert f"全部 {len(seen)} 页" in page.text
        for one in range(1, 6):
            for path in ("", "/piece", "/like?typed=1"):
                assert browser.get(f"/review/{one}{path}").status == (200 if one in seen else 404)
    ids = office.browser("经办人甲").get(f"/review/{FIRST}").text
    assert f'data-ids="[{FIRST}, {SECOND}, {CONFLICT}]"' in ids


def test_a_clerk_gets_nothing_of_another_village(looked_at: Office) -> None:
    office = looked_at
    here, there = numbers(office)
    clerk = office.browser("经办人乙")
    for one in (FIRST, SECOND, CONFLICT, NOWHERE):
        assert clerk.post(f"/review/{one}/assign", {"contract": there[0], "sheet": "1"}).status == 404
        assert clerk.post(f"/review/{one}/reject").status == 404
        assert clerk.post(f"/review/{one}/undo").status == 404
    assert clerk.post("/review/reject", {"item": str(FIRST)}).status == 404
    assert clerk.post(f"/review/{OTHERS}/assign", {"contract": here[0], "sheet": "1"}).status == 404
    for name in ("picture.png", "filed.png"):
        assert clerk.get(f"/review/{CONFLICT}/{name}").status == 404
    assert clerk.get(f"/review/printed/{here[0]}/1").status == 404
    assert here[0] not in clerk.get(f"/review/{OTHERS}/like?typed={here[0]}&sheet=1").text
    assert decisions(office) == {}
    # Nor what a page of theirs may be elsewhere.
    shown = office.browser("经办人甲").get(f"/review/{FIRST}/piece").text
    assert here[1] in shown and there[0] not in shown
    assert there[0] in office.browser("档案员甲").get(f"/review/{FIRST}/piece").text


def test_a_limited_clerk_gets_no_page_that_was_filed_elsewhere_since(office: Office) -> None:
    _, there = numbers(office)
    archivist, clerk = office.browser("档案员甲"), office.browser("经办人甲")
    sent = {"contract": there[0], "sheet": "2"}
    assert archivist.post(f"/review/{FIRST}/assign", sent).status == 200
    assert clerk.get(f"/review/{FIRST}").status == 404
    assert clerk.post(f"/review/{FIRST}/undo").status == 404
    assert f"/review/{FIRST}" in archivist.get("/review").text
    assert "最近处理过的" not in clerk.get("/review").text


def test_what_is_decided_is_decided_once_and_can_be_taken_back(office: Office) -> None:
    here, _ = numbers(office)
    one, other = office.browser("档案员甲"), office.browser("经办人甲")
    sent = {"contract": here[1], "sheet": "2"}
    done = one.post(f"/review/{FIRST}/assign", sent)
    assert json.loads(done.text)["said"].startswith(f"第 {FIRST} 号归为 {here[1]} 第 2 页。")
    for what in ("assign", "reject"):
        late = other.post(f"/review/{FIRST}/{what}", sent, Accept="application/json")
        assert late.status == 409
        assert json.loads(late.text) == {
            "error": {"message": f"第 {FIRST} 号刚才已由别人处理了，您的没有再记。"}
        }
    assert decisions(office) == {FIRST: ("assigned", here[1])}
    assert (recorded(office, "review_assign"), recorded(office, "review_reject")) == (1, 0)
    assert other.post(f"/review/{FIRST}/undo").status == 200
    assert other.post(f"/review/{FIRST}/undo").status == 422
    assert decisions(office) == {}
    assert other.post("/review/reject", {"item": [str(FIRST), str(SECOND)]}).status == 303
    assert decisions(office) == {FIRST: ("rejected", None), SECOND: ("rejected", None)}
    third = office.browser("经办人乙")
    assert third.post(f"/review/{OTHERS}/reject").status == 200
    assert "没有待核的页" in third.get("/review").text


def test_what_cannot_be_such_a_sheet_is_said_and_nothing_is_done(looked_at: Office) -> None:
    office = looked_at
    here, _ = numbers(office)
    browser = office.browser("经办人甲")
    for contract, sheet, status in (
        (here[1], "9", 422),
        (here[1], "0", 422),
        (here[1], "x", 422),
        ("1", "1", 404),
    ):
        assert (
            browser.post(f"/review/{FIRST}/assign", {"contract": contract, "sheet": sheet}).status == status
        )
    assert decisions(office) == {}


def test_a_number_or_a_part_of_one_is_looked_up(looked_at: Office) -> None:
    office = looked_at
    here, _ = numbers(office)
    browser = office.browser("经办人甲")
    assert f"{here[2]}/2" in browser.get(f"/review/{FIRST}/like?typed=3&sheet=2").text
    assert (
        f"{here[4]}/1" in browser.get(f"/review/{FIRST}/like?typed={here[4].replace('-', '')}&sheet=1").text
    )
    assert "没有这样的合同" in browser.get(f"/review/{FIRST}/like?typed=999&sheet=1").text
    assert "不知道这一页是哪个村的" in office.browser("档案员甲").get(f"/review/{NOWHERE}/like?typed=3").text


def test_pictures_are_nobody_elses_and_kept_by_no_browser(office: Office) -> None:
    here, _ = numbers(office)
    clerk = office.browser("经办人甲")
    paths = [
        f"/review/{CONFLICT}/picture.png",
        f"/review/{CONFLICT}/filed.png",
        f"/review/printed/{here[0]}/1",
    ]
    drawn = [clerk.get(path) for path in paths]
    assert [(one.status, one.headers["content-type"], one.headers["cache-control"]) for one in drawn] == [
        (200, "image/png", "no-store")
    ] * 3
    for one in drawn:
        with Image.open(io.BytesIO(one.content)) as picture:
            assert picture.height / picture.width == pytest.approx(297 / 210, rel=0.02)
    assert len({one.content for one in drawn}) == 3
    assert clerk.get(f"/review/{FIRST}/filed.png").status == 404
    assert clerk.get(f"/review/printed/{here[0]}/9").status == 422
    # They are in memory by now: who may no longer see them gets none all the same.
    with office.desk.database.writing() as connection:
        number = next(one.id for one in accounts.accounts(connection) if one.name == "经办人甲")
        accounts.change(connection, number, role=Role.CLERK, villages=[here[0][:11] + "9"], active=True)
    assert {clerk.get(path).status for path in paths} == {303}
    again = office.browser("经办人甲")
    assert {again.get(path).status for path in paths} == {404}


def test_a_killed_drawing_process_is_made_anew(office: Office) -> None:
    here, _ = numbers(office)
    pictures = Pictures()
    assert pictures.of(office.home, PrintedSheet(here[0], 1)).startswith(b"\x89PNG")
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
    assert pictures.of(office.home, PrintedSheet(here[0], 2)).startswith(b"\x89PNG")
    assert pictures.of(office.home, PrintedSheet(here[0], 3)) == b""


def test_a_printed_sheet_has_no_number_of_a_person_and_no_archives_code(office: Office) -> None:
    here, _ = numbers(office)
    whole = "45122519850101003X"
    table = tables.contract
    with office.home.writing() as connection:
        kept = connection.execute(select(table.c.content).where(table.c.number == here[0])).scalar_one()
        fields, rows, clauses = json.loads(kept)
        name = next(one for one, value in fields.items() if "****" in value and len(value) == 18)
        changed = json.dumps([fields | {name: whole}, rows, clauses])
        connection.execute(update(table).where(table.c.number == here[0]).values(content=changed))
    with office.home.reading() as connection:
        pdf, key = printed_sheet(connection, PrintedSheet(here[0], 1)), code_key(connection)
    text = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert here[0] in text and whole not in text and whole[:17] not in text
    with pdfium.PdfDocument(pdf) as document:
        large, half = (document[0].render(scale=scale, grayscale=True).to_numpy() for scale in (4, 2))
    found = find_codes(large, half, key).sheets
    assert [(one.contract, one.genuine) for one in found] == [(here[0], False)]


def test_nobody_who_declined_is_named_and_a_file_name_is_no_page(office: Office) -> None:
    here, _ = numbers(office)
    with office.home.reading() as connection:
        party = tables.party
        named = connection.execute(select(party.c.name).where(party.c.contract == here[2])).scalar_one()
    browser = office.browser("经办人甲")
    assert named in browser.get(f"/review/{SECOND}/piece").text
    table = tables.scan_file
    with office.home.writing() as connection:
        about = {"day": TODAY, "recorded_on": TODAY, "user": "经办人甲", "reason": ""}
        connection.execute(insert(tables.closing).values(contract=here[2], kind="declined", **about))
        hostile = "<script>alert(1)</script>.pdf"
        connection.execute(update(table).where(table.c.name == "纸.pdf").values(name=hostile))
    shown = browser.get(f"/review/{SECOND}/piece").text
    assert here[2] in shown and named not in shown
    for path in ("/review", f"/review/{SECOND}", f"/review/{SECOND}/piece"):
        text = browser.get(path).text
        assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text
