"""The audit of a date: each class just inside and just outside, and the workbook as a spreadsheet reads it."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Connection, insert, select

from archive.audit.classes import CHINESE, Class, deadline_of
from archive.audit.findings import audit
from archive.audit.workbook import write_audit
from archive.catalogue import tables
from archive.home import create_home
from archive.journal import Actor
from archive.numbers import Number
from archive.states import State
from tests.archive.test_states import FILED, NEW, OLD, UNSIGNED, VILLAGE, Paper, closed, keep

# The campaign of 2026-03-01 closes on 2026-03-31; the last day to file is 2026-04-15.
INSIDE, OUTSIDE = "2026-04-15", "2026-04-16"
MAY, END = "2026-05-01", "2027-02-28"
ALL_GAPS = "incomplete unsigned unsealed undated"


def filed(day: str, gaps: str = "", *more: tuple[str, int, str], sheets: int = 2) -> Paper:
    return replace(OLD, filings=((day, sheets, gaps), *more))


def test_the_last_day_to_file_is_fifteen_days_after_the_close() -> None:
    assert deadline_of(date(2026, 3, 31)).isoformat() == INSIDE
    assert deadline_of(date(2026, 2, 28)).isoformat() == "2026-03-15"


# A contract (with others of its party), the date asked about, and its findings: class, since, overdue.
CASES: list[tuple[str, list[Paper], str, list[tuple[str, str, bool]]]] = [
    ("not planned yet", [OLD], "2026-02-28", []),
    ("planned", [replace(OLD, printed=None)], "2026-03-01", [("missing", "2026-03-01", False)]),
    ("unfiled on the last day to file", [OLD], INSIDE, [("missing", "2026-03-01", False)]),
    ("unfiled the day after", [OLD], OUTSIDE, [("missing", "2026-03-01", True)]),
    ("unfiled past its end", [OLD], "2027-03-01", [("missing", "2026-03-01", True)]),
    ("filed tomorrow", [filed(MAY)], "2026-04-30", [("missing", "2026-03-01", True)]),
    ("filed on the last day to file", [filed(INSIDE)], MAY, []),
    ("filed the day after", [filed(OUTSIDE)], OUTSIDE, [("late", OUTSIDE, True)]),
    ("filed the day after, asked the day before", [filed(OUTSIDE)], INSIDE, [("missing", "2026-03-01", False)]),
    ("complete on the last day to file", [filed("2026-04-01", "unsigned", (INSIDE, 2, ""))], MAY, []),
    (
        "signed in time, complete the day after",
        [filed("2026-04-01", "unsigned", (OUTSIDE, 2, ""))],
        MAY,
        [("late", OUTSIDE, True)],
    ),
    ("complete in time, scanned better later", [filed("2026-04-01", "", (MAY, 2, ""))], MAY, []),
    ("one sheet filed", [filed("2026-04-01", "incomplete", sheets=1)], MAY, [("incomplete", "2026-04-01", True)]),
    ("unsigned in time", [filed("2026-04-01", "unsigned")], INSIDE, [("unsigned", "2026-04-01", False)]),
    ("unsigned past the last day", [filed("2026-04-01", "unsigned")], OUTSIDE, [("unsigned", "2026-04-01", True)]),
    ("unsealed", [filed("2026-04-01", "unsealed")], MAY, [("unsealed", "2026-04-01", True)]),
    ("undated", [filed("2026-04-01", "undated")], MAY, [("undated", "2026-04-01", True)]),
    (
        "everything lacks",
        [filed("2026-04-02", ALL_GAPS, sheets=1)],
        MAY,
        [(cls, "2026-04-02", True) for cls in ("unsigned", "unsealed", "undated", "incomplete")],
    ),
    ("all taken back", [filed("2026-04-01", "", (MAY, 0, "incomplete"), sheets=2)], MAY, [("missing", "2026-03-01", True)]),
    ("91 days before its end", [FILED], "2026-11-29", []),
    ("90 days before its end", [FILED], "2026-11-30", [("expiring", "2026-11-30", True)]),
    ("on its last day", [FILED], END, [("expiring", "2026-11-30", True)]),
    ("the day after its end", [FILED], "2027-03-01", [("expired", "2027-03-01", True)]),
    ("soon to end, its successor planned", [FILED, NEW], END, []),
    ("soon to end, its successor declined", [FILED, closed(NEW, ("declined", END))], END, [("expiring", "2026-11-30", True)]),
    ("ended, its successor not begun", [FILED, replace(NEW, starts="2027-04-01")], "2027-03-31", [("expired", "2027-03-01", True)]),
    ("no end", [replace(FILED, ends=None)], "2099-12-31", []),
    (
        "unsigned and past its end",
        [UNSIGNED],
        "2027-03-01",
        [("expired", "2027-03-01", True), ("unsigned", "2026-04-01", True)],
    ),
    ("superseded unfiled", [OLD, NEW], END, []),
    ("superseded unsigned", [UNSIGNED, NEW], "2027-03-01", []),
    *((f"{kind} unfiled", [closed(OLD, (kind, MAY))], MAY, []) for kind in ("declined", "void", "moved", "died")),
    *((f"{kind} unsigned", [closed(UNSIGNED, (kind, MAY))], MAY, []) for kind in ("declined", "void", "unfit")),
    ("declined tomorrow", [closed(OLD, ("declined", MAY))], "2026-04-30", [("missing", "2026-03-01", True)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("papers", "on", "findings"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_contract_is_in_the_findings_that_what_was_known_gives(
    connection: Connection, papers: list[Paper], on: str, findings: list[tuple[str, str, bool]]
) -> None:
    keep(connection, *papers)
    found = audit(connection, date.fromisoformat(on))
    of_it = found.of(papers[0].number).select("class", pl.col("since").cast(pl.String), "overdue").rows()
    assert of_it == findings
    assert max(Counter(cls for cls, _, _ in of_it).values(), default=1) == 1


def test_an_archive_without_contracts_has_fifteen_classes_of_zero(connection: Connection) -> None:
    found = audit(connection, date(2026, 5, 1))
    assert " ".join(found.counts) == (
        "missing expired expiring unsigned unsealed undated incomplete late unreadable conflict "
        "superseded_template subject_changed without_obligation damaged unreviewed"
    )
    assert set(found.counts.values()) == {0}


def village(count: int) -> list[Paper]:
    """Contracts of one village, by turns unfiled, unsigned, lacking everything, sound, late and declined."""
    kinds = [
        OLD,
        UNSIGNED,
        filed("2026-04-01", ALL_GAPS, sheets=1),
        FILED,
        filed(OUTSIDE),
        closed(OLD, ("declined", "2026-04-01")),
    ]
    numbers = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, count + 1)]
    return [replace(kinds[at % 6], number=number, key=number) for at, number in enumerate(numbers)]


def test_findings_come_by_class_and_number_and_add_up(connection: Connection) -> None:
    keep(connection, *village(12))
    found = audit(connection, date.fromisoformat(MAY))
    counts = {str(cls): count for cls, count in found.counts.items() if count}
    assert counts == {"missing": 2, "unsigned": 4, "unsealed": 2, "undated": 2, "incomplete": 2, "late": 2}
    order = [
        (list(Class).index(Class(cls)), number) for cls, number in found.findings["class", "number"].rows()
    ]
    assert order == sorted(order)
    assert found.states == {State.PRINTED: 2, State.INCOMPLETE: 4, State.FILED: 4, State.DECLINED: 2}


def test_a_finding_says_all_that_the_interface_asks_for(connection: Connection) -> None:
    keep(connection, replace(OLD, party="覃小明、莫秋月"))
    said = json.loads("".join(audit(connection, date.fromisoformat(OUTSIDE)).as_json()))
    assert (said["on"], said["counts"]["missing"]) == (OUTSIDE, 1)
    assert said["findings"] == [
        {
            "class": "missing",
            "contract": OLD.number,
            "template": "service",
            "village": VILLAGE,
            "group": 1,
            "household": "7",
            "party": "覃小明、莫秋月",
            "responsible": "莫秋月",
            "since": "2026-03-01",
            "overdue": True,
            "status": "open",
            "evidence": "2026-03-05 打印，还没有收回",
        }
    ]


def totals(sheet: Worksheet, what: str) -> dict[str, list[Any]]:
    """A table of the sheet of totals, by its first column; its heads under `what`."""
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    start = next(at for at, row in enumerate(rows) if row[:1] == [what])
    end = next(at for at, row in enumerate(rows) if at > start and row[:1] == ["合计"])
    return {str(row[0]): row[1:] for row in rows[start : end + 1]}


def test_the_workbook_lists_every_finding_and_its_totals_add_up(
    connection: Connection, tmp_path: Path
) -> None:
    papers = village(12)
    papers[0] = replace(papers[0], party="=1+1")
    papers[6] = replace(papers[6], party="{=SUM(A1)}", template="other", key="@x")
    keep(connection, *papers)
    found = audit(connection, date.fromisoformat(MAY))
    write_audit(tmp_path / "检查.xlsx", found, {"service": "服务合同"}, {VILLAGE: "东门镇冲洞村"}.__getitem__)
    book = openpyxl.load_workbook(tmp_path / "检查.xlsx")
    assert book.sheetnames == ["汇总", "问题清单", "各种问题"]

    lists = book["问题清单"]
    rows = list(lists.iter_rows(min_row=3, values_only=True))
    assert len(rows) == len(found.findings)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    listed = found.findings["class", "number"].rows()
    assert [(row[1], row[2]) for row in rows] == [(CHINESE[Class(cls)], number) for cls, number in listed]
    assert rows[0][3:9] == ("服务合同", "东门镇冲洞村", 1, "7", "=1+1", "莫秋月")
    assert lists["H3"].data_type == "s" and lists["H4"].value == "{=SUM(A1)}" and rows[1][3] == "other"
    assert rows[0][9:11] == (datetime(2026, 3, 1), "是")

    shown = [cls for cls in Class if found.counts[cls]]
    heads = [CHINESE[cls] for cls in shown]
    counts = [found.counts[cls] for cls in shown]
    for what, keys in (("村", ["东门镇冲洞村"]), ("合同", ["other", "服务合同"])):
        table = totals(book["汇总"], what)
        assert list(table) == [what, *keys, "合计"]
        assert table[what] == heads and table["合计"] == counts
        assert [sum(column) for column in zip(*(table[key] for key in keys), strict=True)] == counts
    assert (
        book["汇总"]["A2"].value == "合同共 12 份：已打印 2 份，不完整 4 份，已归档 4 份，未签（自愿） 2 份。"
    )


def test_a_workbook_without_findings_opens(connection: Connection, tmp_path: Path) -> None:
    write_audit(tmp_path / "检查.xlsx", audit(connection, date(2026, 5, 1)), {}, str)
    book = openpyxl.load_workbook(tmp_path / "检查.xlsx")
    assert book["汇总"]["A2"].value == "合同共 0 份：没有。"
    assert book["问题清单"].max_row == 2
    assert totals(book["汇总"], "村")["合计"] == [0]


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """The home of an archive of 30,000 contracts, each with a finding."""
    folder = tmp_path / "档案库"
    with create_home(folder, None, {"45": "广西"}, Actor("甲", date(2026, 3, 1))).writing() as connection:
        keep(connection, OLD)
        for table in (tables.contract, tables.party):
            (row,) = connection.execute(select(table)).mappings()
            column = "number" if table is tables.contract else "contract"
            rows = [
                dict(row) | {column: number} | ({"party_key": number} if column == "number" else {})
                for number in (str(Number(VILLAGE, 2026, "01", serial)) for serial in range(2, 30_001))
            ]
            connection.execute(insert(table), rows)
    return folder


PEAK = """
import sys, tracemalloc
from pipeline.cli import run
tracemalloc.start()
status = run(sys.argv[1:])
print(tracemalloc.get_traced_memory()[1], file=sys.stderr)
sys.exit(status)
"""


def peak(home: Path, *arguments: str) -> tuple[int, bytes]:
    """The most memory that a command's Python objects held, in bytes, and what it printed."""
    command = [sys.executable, "-c", PEAK, "--home", str(home), "--today", "2026-05-01", *arguments]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 1
    return int(done.stderr), done.stdout


def test_the_json_is_written_finding_by_finding(large: Path) -> None:
    least, _ = peak(large, "finding", "show", OLD.number)  # reads as much, and prints one contract's
    most, printed = peak(large, "audit", "--json")
    value = json.loads(printed)
    assert list(value) == ["on", "counts", "findings"]
    assert (value["on"], value["counts"]["missing"], len(value["findings"])) == ("2026-05-01", 30_000, 30_000)
    assert most - least < 0.5 * len(printed), "as one text it takes all of that, and once more encoded"


def test_the_json_of_an_archive_without_findings_is_one_value(connection: Connection) -> None:
    text = "".join(audit(connection, date(2026, 5, 1)).as_json())
    assert json.loads(text) == {
        "on": "2026-05-01",
        "counts": dict.fromkeys(map(str, Class), 0),
        "findings": [],
    }
