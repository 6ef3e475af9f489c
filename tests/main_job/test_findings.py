"""What is said of findings: explained, fixed, reopened, one by one and by the workbook."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from archive.audit.workbook import COLUMNS
from archive.home import Home, create_home
from archive.journal import Actor
from tests.archive.test_states import OLD, UNSIGNED, keep
from tests.conftest import Answer, huyue

NUMBER = OLD.number
MAY, JUNE, JULY = "2026-05-01", "2026-06-15", "2026-07-15"


@dataclass
class Office:
    home: Home

    def run(self, *arguments: str | Path, today: str) -> Answer:
        return huyue("--home", self.home.folder, *arguments, "--json", today=today)

    def status(self, on: str, today: str = JULY) -> dict[str, str]:
        """The status of each finding of a date."""
        findings = self.run("audit", "--on", on, today=today).json["findings"]
        return {one["class"]: one["status"] for one in findings}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, Actor("甲", date(2026, 3, 1)))
    with home.writing() as connection:
        keep(connection, UNSIGNED)
    yield Office(home)


def test_an_explanation_holds_until_its_day_and_past_audits_do_not_know_it(office: Office) -> None:
    said = (
        "finding",
        "explain",
        NUMBER.replace("-", "").lower(),
        "--reason",
        "人在外地",
        "--until",
        "2026-06-30",
    )
    assert office.run(*said, today=JUNE).json == {"recorded": [{"contract": NUMBER, "class": "unsigned"}]}
    assert office.status(MAY) == {"unsigned": "open"}, "nobody had explained it then"
    assert office.status(JUNE) == office.status("2026-06-30") == {"unsigned": "explained"}
    assert office.status("2026-07-01") == {"unsigned": "open"}
    shown = office.run("finding", "show", NUMBER, "--on", JUNE, today=JULY)
    assert shown.status == 1
    assert [(one["class"], one["status"], one["since"]) for one in shown.json["findings"]] == [
        ("unsigned", "explained", "2026-04-01")
    ]
    assert [(one["kind"], one["reason"], one["until"]) for one in shown.json["notes"]] == [
        ("explained", "人在外地", "2026-06-30")
    ]
    spoken = huyue("--home", office.home.folder, "audit", "--on", JUNE, today=JULY).out
    assert "其中已说明的 1 个" in spoken


def test_what_is_said_to_be_fixed_and_is_found_still_is_told_so_until_it_is_reopened(office: Office) -> None:
    office.run("finding", "fixed", NUMBER, "--class", "unsigned", today=MAY)
    assert office.status(MAY) == {"unsigned": "said_fixed"}
    office.run("finding", "reopen", NUMBER, "--class", "unsigned", "--reason", "没有补", today=JUNE)
    assert office.status(JUNE) == {"unsigned": "open"}
    assert office.status(MAY) == {"unsigned": "said_fixed"}


def test_nothing_is_said_of_a_finding_that_is_not_there(office: Office) -> None:
    answer = office.run("finding", "fixed", NUMBER, "--class", "unsealed", today=MAY)
    assert answer.status == 2
    assert answer.json["error"]["code"] == "finding_unknown"
    assert "缺签名（unsigned）" in answer.json["error"]["message"]
    assert office.run("finding", "show", NUMBER, "--on", "2026-03-20", today=MAY).json["notes"] == []


def test_the_workbook_filled_in_is_taken_as_a_whole_or_not_at_all(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "检查.xlsx"
    office.run("audit", "--out", path, today=MAY)
    places = {label: place for place, (label, _) in enumerate(COLUMNS, 1)}
    book = openpyxl.load_workbook(path)
    sheet = book["问题清单"]
    assert sheet.cell(3, places["依据"]).value == "2026-04-01 归档的纸上，必须签名的框空着或认不准"
    sheet.cell(3, places["处理"]).value = "已说明"
    book.save(path)
    wrong = office.run("finding", "record", path, today=MAY)
    assert (wrong.status, wrong.json["error"]["code"]) == (2, "list_faulty")
    assert "第3行" in wrong.json["error"]["message"]
    sheet.cell(3, places["说明"]).value = "人在外地"
    sheet.cell(3, places["说明到"]).value = date(2026, 6, 30)
    book.save(path)
    done = office.run("finding", "record", path, today=MAY)
    assert (done.status, done.json) == (0, {"recorded": 1, "left": 0, "gone": []})
    assert office.status(MAY) == {"unsigned": "explained"}
