"""The year's due days: as a list and as a file that calendars take in."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from sqlalchemy import update

from archive.catalogue import tables
from archive.home import Home, create_home
from archive.journal import Actor
from archive.numbers import Number
from tests.archive.test_states import FILED, OLD, VILLAGE, closed, keep
from tests.conftest import Answer, huyue
from tests.main_job.planted_home import PLAIN

PROMISE = '\n[promises]\nvisit = { label = "送政策，讲清楚；到家里,一家一家地送，一户也不漏，送到了才算", days = 30 }\n'
TODAY = "2026-04-05"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("calendar")
    home = create_home(folder / "档案库", None, {"451225": "罗城"}, Actor("甲", date(2026, 3, 1)))
    ending = replace(FILED, ends="2026-12-31")
    papers = [ending, ending, replace(ending, ends="2027-01-01"), OLD, closed(ending, ("declined", TODAY))]
    numbered = [
        replace(one, number=str(Number(VILLAGE, 2026, "01", at)), key=str(at))
        for at, one in enumerate(papers, 1)
    ]
    with home.writing() as connection:
        keep(connection, *numbered)
        title = PLAIN.replace("落实计划生育节育合同书".encode(), "甲,乙;丙".encode())
        connection.execute(update(tables.template).values(manifest=title + PROMISE.encode()))
        connection.execute(
            update(tables.campaign).where(tables.campaign.c.id == 1).values(name="春，\n第一批;A,B\\")
        )
    return home


def run(home: Home, *arguments: str | Path) -> Answer:
    answer = huyue("--home", home.folder, "calendar", *arguments, "--json", today=TODAY)
    assert answer.status == 0, answer.err
    return answer


def test_the_year_has_what_is_due_in_order_with_counts_and_no_persons(home: Home) -> None:
    events = run(home).json["events"]
    assert [(one["date"], one["kind"], one["count"]) for one in events] == [
        ("2026-03-01", "campaign", 0),
        ("2026-03-31", "campaign_close", 0),
        ("2026-03-31", "spot_check", 0),
        ("2026-04-15", "filing_deadline", 0),
        ("2026-05-01", "promise", 3),
        ("2026-06-30", "spot_check", 0),
        ("2026-06-30", "half_year_audit", 0),
        ("2026-09-30", "spot_check", 0),
        ("2026-12-31", "term_end", 2),
        ("2026-12-31", "spot_check", 0),
        ("2026-12-31", "year_end_audit", 0),
    ]
    assert "覃" not in str(events)
    assert [one["kind"] for one in run(home, "--year", "2027").json["events"]].count("term_end") == 1


def test_the_file_reads_back_as_the_list_and_keeps_its_uids(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "日历.ics"
    listed = run(home, "--out", out).json["events"]
    raw = out.read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") and all(len(line) <= 75 for line in raw.split(b"\r\n"))
    assert b"DTSTART;VALUE=DATE:20260501" in raw
    calendar = Calendar.from_ical(raw)
    assert (str(calendar["version"]), str(calendar["x-wr-timezone"])) == ("2.0", "Asia/Shanghai")
    events = list(calendar.walk("VEVENT"))
    days = [(event.decoded("dtstart"), event.decoded("dtend")) for event in events]
    assert days == [
        (day, day + timedelta(days=1)) for day in (date.fromisoformat(one["date"]) for one in listed)
    ]
    assert [str(event["summary"]) for event in events] == [one["title"] for one in listed]
    uids = [str(event["uid"]) for event in events]
    assert len(set(uids)) == len(uids)
    later = tmp_path / "再.ics"
    answer = huyue("--home", home.folder, "calendar", "--year", "2026", "--out", later, today="2026-04-06")
    assert answer.status == 0 and later.read_bytes() != raw
    assert [str(one["uid"]) for one in Calendar.from_ical(later.read_bytes()).walk("VEVENT")] == uids
    again = huyue("--home", home.folder, "calendar", "--out", out, today=TODAY)
    assert again.status == 2 and out.read_bytes() == raw
