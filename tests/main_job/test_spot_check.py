"""A spot check's way: drawn, printed, ticked, scanned back, corrected, worked out; through the real command."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from archive.home import Home, create_home, open_home
from archive.journal import Actor
from archive.numbers import Number
from archive.sample_check import find_check
from archive.sample_numbers import interval
from pipeline.contracts import layout_of_id
from pipeline.sample_workbook import PAPER
from tests.archive.test_states import FILED, VILLAGE, keep
from tests.conftest import Answer, huyue, page_text
from tests.main_job.test_tick_lists import Printed

PAPERS, DRAWN = 15, 12
DAY = "2026-05-01"
DRAW = ("sample", "draw", "--number", str(DRAWN), "--seed", "k7qm")
# What is ticked on the paper, by line; what is not here agrees. One line is doubtful.
DOUBTFUL, UNTICKED = 5, 6
PEN = {2: {"differs"}, 3: {"absent"}, 4: {"agrees", "differs"}, DOUBTFUL: set[str](), UNTICKED: set[str]()}


@dataclass(frozen=True)
class Office:
    """An archive with a check that was drawn, ticked and scanned once."""

    home: Home
    out: Path
    drawn: Answer
    paper: Printed
    taken: Answer

    def run(self, *arguments: str | Path, today: str = DAY) -> Answer:
        return huyue("--home", self.home.folder, *arguments, today=today)

    def copied(self, folder: Path) -> "Office":
        """The same once more, to go on with."""
        shutil.copytree(self.home.folder, folder / "库")
        shutil.copy(self.home.key_file, folder / "库.key")
        return replace(self, home=open_home(folder / "库", None))

    def results(self) -> dict[int, str | None]:
        """What is recorded of each line but those that agree."""
        items = self.run("sample", "show", "1", "--json").json["items"]
        return {one["line"]: one["result"] for one in items if one["result"] != "agrees"}

    def number(self, line: int) -> str:
        return str(self.run("sample", "show", "1", "--json").json["items"][line - 1]["contract"])

    def recorded(self, line: int) -> list[dict[str, object]]:
        """What the journal has of a line's contract."""
        answer = self.run("journal", "list", "--subject", self.number(line), "--json")
        entries = answer.json["entries"]
        return [one["detail"] for one in entries if one["action"] == "sample_record"]


def pen(changed: Mapping[int, set[str]]) -> dict[int, set[str]]:
    return {line: {"agrees"} for line in range(1, DRAWN + 1)} | PEN | dict(changed)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("抽查")
    home = create_home(folder / "库", None, {"45": "广西"}, Actor("甲", date(2026, 3, 1)))
    papers = [
        replace(
            FILED, number=str(Number(VILLAGE, 2026, "01", serial)), key=f"{serial}", party=f"覃小明{serial}"
        )
        for serial in range(1, PAPERS + 1)
    ]
    with home.writing() as connection:
        keep(connection, *papers)
    out, scans = folder / "抽查", folder / "扫描"
    drawn = huyue("--home", home.folder, *DRAW, "--out", out, "--json", today=DAY)
    assert drawn.status == 0, drawn.err
    with home.reading() as connection:
        id_ = find_check(connection, 1).list_id
        layout = layout_of_id(connection, id_)
    assert layout is not None
    printed = Printed(id_, out / "抽查表.pdf", tuple(sheet.boxes for sheet in layout.sheets))
    scans.mkdir()
    scan = printed.scanned(1, pen({}), doubtful=[f"{DOUBTFUL}.absent"])
    (scans / "1.jpg").write_bytes(scan)
    taken = huyue("--home", home.folder, "intake", scans, "--json", today=DAY)
    return Office(home, out, drawn, printed, taken)


def test_a_check_is_drawn_once_and_printed_the_same(office: Office, tmp_path: Path) -> None:
    said = office.drawn.json
    assert (said["id"], said["seed"], said["papers"], said["drawn"], said["new"]) == (
        1,
        "K7QM",
        PAPERS,
        DRAWN,
        True,
    )
    again = office.run(
        *DRAW, "--on", DAY, "--of", "filed", "--out", tmp_path / "再", "--json", today="2026-06-01"
    )
    assert (again.json["id"], again.json["new"]) == (1, False)
    assert (tmp_path / "再/抽查表.pdf").read_bytes() == (office.out / "抽查表.pdf").read_bytes()
    other = office.run("sample", "draw", "--number", "5", "--seed", "k7qm", "--out", office.out, "--json")
    assert (other.status, other.json["error"]["code"]) == (2, "file_exists")
    assert len(office.run("sample", "list", "--json").json["samples"]) == 1


def test_the_list_says_which_paper_is_meant(office: Office) -> None:
    pdf = (office.out / "抽查表.pdf").read_bytes()
    text = "".join(page_text(pdf, 1).split())
    items = office.run("sample", "show", "1", "--json").json["items"]
    assert len(items) == DRAWN
    for one in items:
        assert one["contract"] in text
        assert f"{one['party']}" in text
    assert "种子K7QM" in text
    assert "（2页）" in text


def test_what_is_ticked_is_recorded_and_what_is_doubtful_waits(office: Office) -> None:
    assert (office.taken.status, office.taken.json["filed"]) == (0, 1), office.taken.err
    assert office.results() == {2: "differs", 3: "absent", 4: None, DOUBTFUL: None, UNTICKED: None}
    shown = office.run("sample", "show", "1")
    assert shown.status == 1
    assert "有 2 行打勾认不准" in shown.out
    assert f"sample record 1 {office.number(4)} --result …（相符、不符）" in shown.out
    assert f"sample record 1 {office.number(DOUBTFUL)} --result …（没找到？）" in shown.out
    assert office.run("sample", "list").status == 1
    assert office.recorded(2) == [{"sample": 1, "result": "differs", "how": "scanned"}]


def test_a_better_scan_changes_what_scans_said_and_nothing_that_a_person_did(
    office: Office, tmp_path: Path
) -> None:
    office = office.copied(tmp_path)
    by_hand = office.number(7)
    said = ("--result", "differs", "--note", "缺第2页")
    assert office.run("sample", "record", "1", by_hand.replace("-", "").lower(), *said).status == 0
    changed = {UNTICKED: {"agrees"}, 8: {"agrees", "absent"}}
    scan = tmp_path / "又.jpg"
    scan.write_bytes(office.paper.scanned(1, pen(changed), 2, doubtful=[f"{DOUBTFUL}.absent"]))
    assert office.run("intake", scan, "--json").json["filed"] == 1
    assert office.results() == {2: "differs", 3: "absent", 4: None, DOUBTFUL: None, 7: "differs", 8: None}
    shown = office.run("sample", "show", "1")
    assert "有 3 行打勾认不准" in shown.out
    assert "不符：缺第2页（表上：相符）" in shown.out
    assert [one["result"] for one in office.recorded(8)] == ["agrees", ""]


def fill(path: Path, said: Mapping[int, tuple[str, str]]) -> None:
    """Fill in a check's workbook, by line."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    for line, (result, note) in said.items():
        sheet.cell(line + 2, len(PAPER) + 1).value = result
        sheet.cell(line + 2, len(PAPER) + 2).value = note
    book.save(path)


def test_the_workbook_is_taken_whole_or_not_at_all(office: Office, tmp_path: Path) -> None:
    office, path = office.copied(tmp_path), tmp_path / "抽查表.xlsx"
    shutil.copy(office.out / "抽查表.xlsx", path)
    fill(path, {1: ("相符", ""), 2: ("不符", "")})
    refused = office.run("sample", "record", "1", path, "--json")
    assert (refused.status, refused.json["error"]["code"]) == (2, "list_faulty")
    assert "第4行" in refused.json["error"]["message"]
    fill(path, {2: ("没 找到", ""), 4: ("不符", "日期不对"), DOUBTFUL: ("相符", ""), UNTICKED: ("相符", "")})
    done = office.run("sample", "record", "1", path, "--json")
    assert (done.status, done.json) == (1, {"id": 1, "recorded": 5, "same": 0, "left": 7})
    assert office.results() == {2: "absent", 3: "absent", 4: "differs"}
    again = office.run("sample", "record", "1", path, "--json")
    assert again.json == {"id": 1, "recorded": 0, "same": 5, "left": 7}
    assert office.run("sample", "show", "1").status == 0
    fill(path, {3: ("有", "")})
    assert "不认得" in office.run("sample", "record", "1", path, "--json").json["error"]["message"]
    assert office.run("sample", "record", "1", office.out / "抽查表.pdf").status == 3


def test_a_workbook_of_another_check_is_refused(office: Office, tmp_path: Path) -> None:
    office = office.copied(tmp_path)
    other = office.run("sample", "draw", "--share", "10", "--out", tmp_path / "二", "--json").json
    assert (other["id"], other["drawn"]) == (2, 2)
    fill(tmp_path / "二/抽查表.xlsx", {1: ("相符", "")})
    refused = office.run("sample", "record", "1", tmp_path / "二/抽查表.xlsx", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (2, "list_faulty")


def test_results_are_counted_with_their_interval_and_written(office: Office, tmp_path: Path) -> None:
    office = office.copied(tmp_path)
    assert (
        office.run("sample", "record", "1", office.number(2), "--result", "differs", "--note", "=补签").status
        == 0
    )
    answer = office.run("sample", "result", "1", "--out", tmp_path / "结果.xlsx", "--json")
    assert answer.status == 1
    total = answer.json["total"]
    assert [total[name] for name in ("size", "drawn", "looked", "agrees", "differs", "absent")] == [
        *(PAPERS, DRAWN, 9, 7, 1, 1)
    ]
    fewest, most = interval(PAPERS, 9, 2)
    ends = [round(one, 6) for one in (2 / 9, fewest / PAPERS, most / PAPERS)]
    assert [total["rate"], total["low"], total["high"]] == ends
    book = openpyxl.load_workbook(tmp_path / "结果.xlsx")
    last = [cell.value for cell in book["结果"][4]]
    assert last[:7] == ["合计", PAPERS, DRAWN, 9, 7, 1, 1]
    listed = {
        row[2]: row[len(PAPER) : len(PAPER) + 2]
        for row in book["清单"].iter_rows(min_row=3, values_only=True)
    }
    assert listed[office.number(2)] == ("不符", "=补签")
    assert listed[office.number(4)] == ("表上认不准", None)
    assert book["清单"].cell(4, len(PAPER) + 2).data_type == "s"
    assert office.run("sample", "result", "1", "--out", tmp_path / "结果.xlsx").status == 2


def test_what_cannot_be_done_is_said(office: Office, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "无")
    cases = [
        (("sample", "draw", *out), "抽多少要写一种"),
        (("sample", "draw", "--share", "5", "--number", "3", *out), "抽多少要写一种"),
        (("sample", "draw", "--confidence", "95", *out), "要一起写"),
        (("sample", "draw", "--confidence", "100", "--tolerable", "2", *out), "不是可以用的百分数"),
        (("sample", "draw", "--share", "0", *out), "不是可以用的百分数"),
        (("sample", "draw", "--number", "3", "--on", "2026-05-02", *out), "不能晚于今天"),
        (("sample", "draw", "--number", "3", "--on", "2026-03-01", *out), "没有归档的"),
        (("sample", "draw", "--number", "3", "--seed", " ", *out), "种子"),
        (("sample", "show", "9"), "没有第 9 号抽查"),
        (("sample", "record", "1", office.number(1)), "--result"),
        (("sample", "record", "1", office.number(1), "--result", "differs"), "--note"),
        (
            ("sample", "record", "1", str(Number(VILLAGE, 2026, "01", 99)), "--result", "agrees"),
            "不在第 1 号抽查里",
        ),
    ]
    for arguments, said in cases:
        answer = office.run(*arguments)
        assert (answer.status, answer.out) == (2, ""), arguments
        assert said in answer.err
    assert not (tmp_path / "无").exists()
