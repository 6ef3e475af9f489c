"""What the office promised: listed, ticked on paper and scanned back, filled in, entered by hand."""

import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import msgspec
import openpyxl
import pytest
from sqlalchemy import select, update

from archive.catalogue import tables
from archive.catalogue.shelf_tables import tick_list
from archive.home import Home, create_home
from archive.journal import Actor
from archive.numbers import Number
from pipeline.contracts import layout_of_id
from pipeline.demo.ink import Mark
from pipeline.demo.scan_page import Kind, PageJob, scan_page
from pipeline.manifest import Promise
from pipeline.stock import stock_templates
from pipeline.template_rules import manifest_problems
from tests.archive.test_states import FILED, VILLAGE, closed, keep
from tests.conftest import Answer, huyue
from tests.main_job.planted_home import FORMULA, PLAIN, rows_of

PROMISES = """
[promises]
visit = { label = "送政策到家", days = 30 }
call = { label = "到期前问一次", every_months = 6 }
"""
DIVISIONS = {"451225": "罗城", VILLAGE[:9]: "东门镇"}
TODAY, LATER = "2026-04-20", "2026-05-10"
NUMBERS = [str(Number(VILLAGE, 2026, "01", at)) for at in range(1, 6)]


@dataclass
class Office:
    home: Home
    folder: Path

    def run(self, *arguments: str | Path, today: str = LATER) -> Answer:
        return huyue("--home", self.home.folder, "promise", *arguments, "--json", today=today)

    def totals(self, today: str = LATER) -> tuple[int, ...]:
        said = self.run("due", today=today).json
        assert said["due"] == said["done"] + said["overdue"] + said["coming"]
        for count in ("due", "done", "overdue", "coming"):
            assert sum(one[count] for one in said["villages"]) == said[count]
        return said["due"], said["done"], said["overdue"], said["coming"]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Four contracts filed whole on 1 April, one of them declined since, and one that is not filed."""
    home = create_home(tmp_path / "档案库", None, DIVISIONS, Actor("甲", date(2026, 3, 1)))
    papers = [FILED, replace(FILED, party=FORMULA), FILED, closed(FILED, ("declined", "2026-04-02"))]
    papers.append(replace(FILED, filings=()))
    with home.writing() as connection:
        numbered = zip(NUMBERS, papers, strict=True)
        keep(connection, *(replace(one, number=number, key=number) for number, one in numbered))
        connection.execute(update(tables.template).values(manifest=PLAIN + PROMISES.encode()))
    return Office(home, tmp_path)


def scanned(office: Office, list_id: str, pdf: Path, ticked: set[int], doubtful: set[int]) -> bytes:
    with office.home.reading() as connection:
        layout = layout_of_id(connection, list_id)
    assert layout is not None
    marks = []
    for box in layout.sheets[0].boxes:
        line = int(box.name.partition(".")[0])
        marks.append(
            (box, Mark.FILLED if line in ticked else Mark.DOUBTFUL if line in doubtful else Mark.EMPTY)
        )
    return scan_page(PageJob(Kind.SHEET, pdf, 1, tuple(marks), "", 1, (1, 1), (1, 1), grey=False, turned=0))


def test_ticks_that_come_back_are_promises_kept_and_doubtful_ones_are_shown(office: Office) -> None:
    out = office.folder / "兑现"
    answer = office.run("due", "--out", out, today=TODAY)
    assert (answer.status, answer.json["due"], answer.json["overdue"]) == (0, 3, 0), answer.err
    book, pdf = map(Path, answer.json["files"])
    assert {one["合同编号"] for one in rows_of(book)} == set(NUMBERS[:3])
    assert FORMULA in {one["当事人"] for one in rows_of(book)}
    with office.home.reading() as connection:
        list_id = connection.execute(select(tick_list.c.id)).scalar_one()
    scans = office.folder / "扫描"
    scans.mkdir()
    (scans / "1.jpg").write_bytes(scanned(office, list_id, pdf, {1}, {3}))
    taken = huyue("--home", office.home.folder, "intake", scans, "--json", today=LATER)
    assert taken.json["filed"] == 1, taken.err
    said = office.run("due")
    assert (said.status, said.json["done"], said.json["overdue"]) == (1, 1, 2)
    doubt = {"contract": NUMBERS[2], "promise": "visit", "due": "2026-05-01"}
    assert said.json["unsure"] == [doubt]
    shown = office.run("show", NUMBERS[0]).json["promises"]
    assert [(one["promise"], one["due"], one["kept_on"]) for one in shown] == [
        ("visit", "2026-05-01", LATER),
        ("call", "2026-08-31", ""),
        ("call", "2027-02-28", ""),
    ]
    assert office.run("done", NUMBERS[2], "送政策到家", "--due", "2026-05-01").status == 0
    assert office.run("due").json["unsure"] == []
    assert office.totals() == (3, 2, 1, 0)


def test_a_filled_workbook_is_recorded_whole_or_not_at_all(office: Office) -> None:
    book = Path(office.run("due", "--out", office.folder / "兑现").json["files"][0])
    opened = openpyxl.load_workbook(book)
    sheet = opened.worksheets[0]
    heads = [cell.value for cell in sheet[2]]
    column = heads.index("兑现日期") + 1
    sheet.cell(3, column, date(2026, 5, 2))
    sheet.cell(4, column, "2026年6月2日")
    faulty, good = office.folder / "错.xlsx", office.folder / "对.xlsx"
    opened.save(faulty)
    answer = office.run("record", faulty)
    assert (answer.status, answer.json["error"]["code"]) == (2, "list_faulty")
    assert "第4行" in answer.json["error"]["message"] and "还没有到" in answer.json["error"]["message"]
    assert office.totals() == (3, 0, 3, 0)
    sheet.cell(4, column, "2026.5.3")
    opened.save(good)
    answer = office.run("record", good)
    assert (answer.status, answer.json) == (1, {"recorded": 2, "same": 0, "left": 1})
    assert office.run("record", good).json == {"recorded": 0, "same": 2, "left": 1}
    assert office.totals() == (3, 2, 1, 0)
    assert office.totals(TODAY) == (3, 0, 0, 3), "it was not known then"
    sheet.cell(3, heads.index("承诺") + 1, "别的")
    opened.save(faulty)
    assert "没有这一项承诺" in office.run("record", faulty).json["error"]["message"]


def test_a_promise_is_entered_by_hand_and_taken_back(office: Office) -> None:
    one = NUMBERS[0]
    answer = office.run("done", one, "visit", "--date", "2026-04-30")
    assert answer.json == {
        "contract": one, "promise": "visit", "due": "2026-05-01", "kept_on": "2026-04-30", "new": True,
    }  # fmt: skip
    assert office.totals() == (3, 1, 2, 0)
    assert office.run("done", one, "visit").json["error"]["code"] == "promise_unknown", "it is kept already"
    assert office.run("done", one, "call", "--date", "2026-05-11").status == 2
    assert office.run("undo", one, "visit").json["kept_on"] == ""
    assert office.run("undo", one, "visit").json["error"]["code"] == "promise_unknown"
    assert office.totals() == (3, 0, 3, 0)
    for number in NUMBERS[3:]:  # declined, and not filed: nothing is owed
        assert office.run("done", number, "visit").json["error"]["code"] == "promise_unknown"
    log = huyue("--home", office.home.folder, "journal", "list", "--subject", one, "--json").json["entries"]
    assert [entry["action"] for entry in log if "promise" in entry["action"]] == [
        "promise_kept",
        "promise_undo",
    ]


def test_nothing_is_overwritten(office: Office) -> None:
    out = office.folder / "兑现"
    assert office.run("due", "--out", out, today=TODAY).status == 0
    kept = {file.name: file.read_bytes() for file in out.iterdir()}
    assert office.run("due", "--out", out, today=TODAY).json["error"]["code"] == "file_exists"
    assert {file.name: file.read_bytes() for file in out.iterdir()} == kept
    shutil.rmtree(out)
    assert office.run("due", "--out", out, today=TODAY).status == 0
    assert (out / f"兑现单-{TODAY}-{VILLAGE}.pdf").read_bytes() == kept[f"兑现单-{TODAY}-{VILLAGE}.pdf"]


def test_the_six_say_what_their_clauses_promise_and_only_that_it_was_kept() -> None:
    for template in stock_templates():
        manifest = template.manifest
        assert 3 <= len(manifest.promises) <= 5
        assert not [one for one in manifest_problems(manifest) if "promises" in one.where]
        assert "copy_handed" in manifest.promises, "every one has two copies"


def test_a_promise_without_a_day_or_with_another_s_words_is_a_fault() -> None:
    manifest = stock_templates()[0].manifest
    promises = {
        "never": Promise("没有日子"),
        "one": Promise("一样的", days=3),
        "other": Promise("一样的", every_months=3),
        "line": Promise("两\n行", days=3),
        "long": Promise("长" * 41, days=3),
    }
    problems = list(manifest_problems(msgspec.structs.replace(manifest, promises=promises)))
    said = {one.where.rpartition(".")[2]: one.message for one in problems}
    assert set(said) == set(promises)
    assert "every_months" in said["never"] and "2 次" in said["one"] and "看不见" in said["line"]
