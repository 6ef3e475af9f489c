"""Spot checks, work lists, promises, the calendar, retention, tiles: what is shown to whom, and what may be entered."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from archive import sample_check
from archive.catalogue.audit_tables import promise_kept
from archive.journal import Actor
from archive.sample_check import By, Check, Number, Of, Wanted
from archive.worklists import Worklist
from pipeline.sample_list import draw
from tests.web.conftest import DAY, Office
from tests.web.filed import EVIL, contracts_of, file_paper, rename_party


@pytest.fixture
def check(office: Office) -> Check:
    """A spot check of all that was printed."""
    wanted = Wanted(str(DAY), "K7QM3DXP", Of.PRINTED, By.VILLAGE, Number(20))
    with office.home.writing() as connection:
        return draw(connection, wanted, office.desk.names(), Actor("档案员甲", DAY))[0]


def of_village(check: Check, village: str) -> list[str]:
    return [one.pick.contract for one in check.items if one.pick.contract.startswith(village)]


def test_a_check_is_drawn_by_who_sees_all(office: Office, work_done: Callable[[], None]) -> None:
    sent = {"of": "printed", "by": "none", "size": "number", "number": "5", "seed": "k7", "on": str(DAY)}
    archivist = office.browser("档案员甲")
    answer = archivist.post("/samples", sent)
    assert answer.status == 303
    work_done()
    assert "抽查表.pdf" in archivist.get(answer.headers["location"]).text
    assert "第 1 号" in archivist.get("/samples").text
    assert archivist.post("/samples", sent | {"number": "--out=/tmp"}).status == 422
    assert archivist.post("/samples", sent | {"by": "person"}).status == 404
    for name in ("经办人甲", "检查甲"):
        assert office.browser(name).post("/samples", sent).status == 403


def test_a_limited_viewer_sees_and_ticks_their_papers_alone(
    office: Office, villages: list[str], check: Check
) -> None:
    mine, others = of_village(check, villages[0]), of_village(check, villages[1])
    clerk = office.browser("经办人甲")
    shown = clerk.get("/samples/1").text
    assert all(one in shown for one in mine) and not any(one in shown for one in others)
    assert f"您的村抽到 {len(mine)} 份" in shown and "95% 区间" not in shown
    assert f">{len(mine)} 份<" in clerk.get("/samples").text
    assert clerk.post("/samples/1/items", {"contract": others[0], "result": "agrees"}).status == 404
    assert clerk.post("/samples/1/result").status == 403
    assert clerk.get("/samples/2").status == 404
    differs = {"contract": mine[0], "result": "differs", "note": ""}
    assert clerk.post("/samples/1/items", differs).status == 422
    line = clerk.post("/samples/1/items", differs | {"note": f"缺第2页{EVIL}"}, **{"HX-Request": "true"})
    assert "已登记：不符：缺第2页" in line.text and EVIL not in line.text
    whole = office.browser("档案员甲").get("/samples/1").text
    assert "95% 区间" in whole and "缺第2页" in whole
    with office.home.reading() as connection:
        found = sample_check.find_check(connection, 1)
    assert [one.note for one in found.items if one.result] == [f"缺第2页{EVIL}"]


def test_work_lists_are_of_what_may_be_seen(office: Office, villages: list[str]) -> None:
    file_paper(office, contracts_of(office, villages[1])[0], "unsigned", day=str(DAY))
    rename_party(office, contracts_of(office, villages[0])[0], EVIL)
    whole, clerk = office.browser("档案员甲"), office.browser("经办人甲")
    for kind in Worklist:
        assert EVIL not in whole.get(f"/worklists?kind={kind}").text
        for path in (f"/worklists?kind={kind}", f"/worklists?kind={kind}&offset=50"):
            assert villages[1] not in clerk.get(path).text
        assert clerk.get(f"/worklists?kind={kind}&place={villages[1]}").status == 404
        assert clerk.post("/worklists", {"kind": kind, "place": villages[1]}).status == 404
    assert contracts_of(office, villages[1])[0] in whole.get("/worklists?kind=mend").text
    assert clerk.get("/worklists?kind=people").status == 404


def test_the_files_of_a_work_list_are_of_what_may_be_seen(
    office: Office, villages: list[str], work_done: Callable[[], None]
) -> None:
    clerk = office.browser("经办人甲")
    answer = clerk.post("/worklists", {"kind": "urge", "on": str(DAY)})
    work_done()
    path = answer.headers["location"]
    assert "催办单-2026-04-05.pdf" in clerk.get(path).text
    with office.desk.database.reading() as connection:
        from web import database

        said = connection.execute(select(database.job.c.result)).scalar_one()
    assert villages[0] in said and villages[1] not in said


def test_promises_are_kept_and_taken_back_within_limits(office: Office, villages: list[str]) -> None:
    mine, others = contracts_of(office, villages[0])[0], contracts_of(office, villages[1])[0]
    file_paper(office, mine, day="2026-04-01")
    file_paper(office, others, day="2026-04-01")
    clerk = office.browser("经办人甲")
    shown = clerk.get("/promises").text
    assert mine in shown and others not in shown
    found = re.search(
        r'name="contract" value="([^"]+)"><input type="hidden" name="promise" value="([^"]+)">'
        r'<input type="hidden" name="due" value="([^"]+)">',
        shown,
    )
    assert found
    sent = {"contract": found[1], "promise": found[2], "due": found[3], "action": "done"}
    assert clerk.post("/promises", sent | {"contract": others}).status == 404
    assert clerk.post("/promises", sent | {"day": "2026-04-06"}).status == 422
    assert clerk.post("/promises", sent | {"promise": "gold"}).status == 404
    kept = clerk.post("/promises", sent | {"day": "2026-04-04"}, **{"HX-Request": "true"})
    assert "2026-04-04 兑现" in kept.text and "撤回" in kept.text
    back = clerk.post("/promises", sent | {"action": "undo"}, **{"HX-Request": "true"})
    assert "已兑现</button>" in back.text
    with office.home.reading() as connection:
        assert connection.execute(select(func.count()).select_from(promise_kept)).scalar() == 2
    assert office.browser("检查甲").post("/promises", sent).status == 403
    assert clerk.get(f"/promises?place={villages[1]}").status == 404


def test_the_calendar_counts_what_may_be_seen(office: Office, villages: list[str]) -> None:
    for number in contracts_of(office, villages[1]):
        file_paper(office, number)
    clerk, other = office.browser("经办人甲"), office.browser("经办人乙")
    assert "兑现：" not in clerk.get("/calendar").text and "兑现：" in other.get("/calendar").text
    file = other.get("/calendar/2026.ics")
    assert file.text.startswith("BEGIN:VCALENDAR") and file.headers["content-disposition"].startswith(
        "attach"
    )
    assert "兑现" in file.text and "兑现" not in clerk.get("/calendar/2026.ics").text
    assert clerk.get("/calendar/20261.ics").status == 404


def test_retention_lists_what_may_be_seen(office: Office, villages: list[str]) -> None:
    mine, others = (
        contracts_of(office, villages[0], "away_period"),
        contracts_of(office, villages[1], "away_period"),
    )
    for number in (mine[0], others[0]):
        file_paper(office, number)
    clerk = office.browser("经办人甲")
    shown = clerk.get("/retention?on=2099-01-01").text
    assert mine[0] in shown and others[0] not in shown
    assert others[0] in office.browser("档案员甲").get("/retention?on=2099-01-01").text


def test_tiles_wait_for_nothing_and_are_of_what_may_be_seen(office: Office, villages: list[str]) -> None:
    clerk = office.browser("经办人甲")
    first = clerk.get("/tiles").text
    assert "—" in first and 'hx-get="/tiles"' in first
    assert clerk.get("/audit").status == 200
    shown = clerk.get("/tiles").text
    count = len(contracts_of(office, villages[0]))
    assert f"<span>应有未归</span><b>{count}</b>" in shown and 'hx-get="/tiles"' not in shown
    assert "各地方的进度" in shown and villages[1] not in shown
