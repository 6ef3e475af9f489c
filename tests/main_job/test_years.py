"""The second year: what a new roster means for contracts, decided on by a list."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.conftest import HUYUE, huyue
from tests.main_job.test_planning import family, line, numbered, roster

NewHome = Callable[[], Path]


@pytest.fixture
def home(new_home: NewHome, tmp_path: Path) -> Path:
    """Two households, planned in March 2026: contracts of the households, the couples, 韦样's pension."""
    home = new_home()
    file = roster(tmp_path / "2026.xlsx", [*family(), *neighbours()])
    huyue("--home", home, "roster", "import", file, today="2026-01-10")
    huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", today="2026-03-01")
    return home


def neighbours() -> list[list[str]]:
    return [
        line("莫例", "户主", "45122519770512003", number="2", pension="是"),
        line("谢样", "配偶", "45122519760801004", number="2", service="是"),
    ]


def next_year() -> list[list[str]]:
    """韦样 has died, 蓝例 heads the household; the 莫 have moved to another village."""
    widow = family()
    widow[1][5], widow[1][9] = "户主", "丧偶"
    moved = neighbours()
    for one in moved:
        one[0] = "大福村"
    return [*widow[1:], *moved]


def changes(home: Path, today: str = "2027-01-12") -> dict[str, list[str]]:
    """Contract → the reasons it is flagged for."""
    found = huyue("--home", home, "roster", "changes", "--json", today=today).json["changes"]
    return {one["contract"]: [reason["reason"] for reason in one["reasons"]] for one in found}


def test_an_import_flags_contracts_and_closes_none(home: Path, tmp_path: Path) -> None:
    before = huyue("--home", home, "search", "--json").json["hits"]
    file = roster(tmp_path / "2027.xlsx", next_year(), "2027年花名册")
    trial = huyue("--home", home, "roster", "import", file, "--dry-run", today="2027-01-12")
    assert changes(home) == {}
    for words in (
        "试算，没有写入",
        "离开：原因没有写 1 人：韦样",
        "换了村 2 人：莫例（大福村委会",
        "受影响的合同",
    ):
        assert words in trial.out
    huyue("--home", home, "roster", "import", file, today="2027-01-12")
    flagged = changes(home)
    by_template = sorted((number[18:20], reasons) for number, reasons in flagged.items())
    # Household contracts ended with 2026; the couples' and the pensions' run on.
    assert by_template == [
        ("02", ["left", "marital"]),
        ("02", ["moved", "age"]),
        ("03", ["moved", "age"]),
        ("05", ["left"]),
        ("05", ["moved"]),
    ]
    after = huyue("--home", home, "search", "--json").json["hits"]
    assert [one["state"] for one in after] == [one["state"] for one in before]
    audit = huyue("--home", home, "audit", "--json", today="2027-01-12").json
    assert audit["counts"]["subject_changed"] == 5
    assert {one["since"] for one in audit["findings"] if one["class"] == "subject_changed"} == {"2027-01-12"}
    number = min(flagged)
    shown = huyue("--home", home, "show", number, today="2027-01-12")
    assert "2027-01-12 花名册变动：花名册里没有了" in shown.out


def test_an_age_no_longer_fitting_is_flagged_once(home: Path, tmp_path: Path) -> None:
    file = roster(tmp_path / "2027.xlsx", [*family(), *neighbours()], "2027年花名册")
    huyue("--home", home, "roster", "import", file, today="2026-09-01")
    found = changes(home)
    assert [(number[18:20], reasons) for number, reasons in found.items()] == [
        ("02", ["age"]),
        ("03", ["age"]),
    ]
    huyue("--home", home, "roster", "import", file, today="2026-10-01")
    assert changes(home) == found


def test_a_reviewed_list_closes_and_keeps_at_once(home: Path, tmp_path: Path) -> None:
    file = roster(tmp_path / "2027.xlsx", next_year(), "2027年花名册")
    huyue("--home", home, "roster", "import", file, today="2027-01-12")
    listed = tmp_path / "变动名单.xlsx"
    done = huyue("--home", home, "roster", "changes", "--out", listed, today="2027-01-12")
    assert (done.status, "5 份" in done.out) == (1, True)
    assert huyue("--home", home, "roster", "changes", "--out", listed, today="2027-01-12").status == 2
    book = openpyxl.load_workbook(listed)
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[2]][:2] == ["序号", "合同编号"]
    numbers = [sheet.cell(row, 2).value for row in range(3, 8)]
    for row, decision, day in ((3, "终止：去世", "2026年12月1日"), (4, "保留", None), (5, "扔掉", None)):
        sheet.cell(row, 11).value, sheet.cell(row, 12).value = decision, day
    book.save(listed)
    wrong = huyue("--home", home, "close", "--from", listed, today="2027-01-13")
    assert (wrong.status, "第5行" in wrong.err, "扔掉" in wrong.err) == (2, True, True)
    assert len(changes(home)) == 5
    sheet.cell(5, 11).value = None
    book.save(listed)
    done = huyue("--home", home, "close", "--from", listed, "--json", today="2027-01-13")
    assert (done.status, done.json) == (1, {"closed": 1, "kept": 1, "left": 3, "known": 0})
    assert list(changes(home)) == numbers[2:]
    first = huyue("--home", home, "show", str(numbers[0]), "--json", today="2027-01-13").json
    assert first["state"] == "ended"
    assert first["history"][-1] == {"date": "2027-01-13", "event": "died", "from": "2026-12-01"}
    kept = huyue("--home", home, "show", str(numbers[1]), "--json", today="2027-01-13").json
    assert kept["history"][-1]["event"] == "kept"
    again = huyue("--home", home, "close", "--from", listed, "--json", today="2027-01-13")
    assert (again.status, again.json) == (1, {"closed": 0, "kept": 0, "left": 3, "known": 2})
    sheet.cell(3, 11).value = "保留"
    book.save(listed)
    other = huyue("--home", home, "close", "--from", listed, today="2027-01-13")
    assert (other.status, "第3行" in other.err) == (2, True)
    audit = huyue("--home", home, "audit", "--json", today="2027-01-13").json
    assert audit["counts"]["subject_changed"] == 3
    then = huyue("--home", home, "audit", "--on", "2027-01-12", "--json", today="2027-01-13").json
    assert then["counts"]["subject_changed"] == 5


@pytest.mark.parametrize("case", ["empty", "not a list", "no file", "with a number"])
def test_what_is_no_list_is_refused_with_words(home: Path, tmp_path: Path, case: str) -> None:
    listed = tmp_path / "名单.xlsx"
    more: list[str] = []
    if case == "empty":
        listed.write_bytes(b"")
    elif case != "no file":
        roster(listed, family())
    if case == "with a number":
        more = ["451225100201-2026-01-000001-X"]
    done = huyue("--home", home, "close", *more, "--from", listed, "--json")
    status = {"empty": 3, "no file": 3}.get(case, 2)
    assert (done.status, bool(done.json["error"]["message"])) == (status, True)


def test_an_import_is_taken_back_until_contracts_were_planned_on_it(home: Path, tmp_path: Path) -> None:
    file = roster(tmp_path / "2027.xlsx", next_year(), "2027年花名册")
    huyue("--home", home, "roster", "import", file, today="2027-01-12")
    undone = huyue("--home", home, "roster", "undo", "--json", today="2027-01-13")
    assert undone.json == {"year": 2027, "imported_on": "2027-01-12", "persons": 4}
    assert changes(home) == {}
    same = roster(tmp_path / "2026b.xlsx", [*family(), *neighbours()])
    counts = huyue("--home", home, "roster", "import", same, "--json", "--dry-run", today="2026-01-11").json
    assert counts == {"added": 0, "changed": 0, "unchanged": 5, "left": 0, "held": 0, "problems": 0}
    refused = huyue("--home", home, "roster", "undo", "--json", today="2027-01-13")
    assert (refused.status, refused.json["error"]["code"]) == (2, "import_used")
    assert huyue("--home", home, "verify").status == 0


def test_a_confirmed_number_takes_its_contracts_along(home: Path, tmp_path: Path) -> None:
    rows = [*family(), *neighbours()]
    rows[3] = line("莫例", "户主", "45122519770512009", number="2", pension="是")
    file = roster(tmp_path / "2027.xlsx", rows, "2027年花名册")
    assert "1. 冲洞村委会 莫例" in huyue("--home", home, "roster", "import", file, "--dry-run").out
    copy = home.with_name("copy")
    shutil.copytree(home, copy)
    shutil.copy(f"{home}.key", f"{copy}.key")
    plan = ("plan", "--campaign", "春", "--json")
    huyue("--home", home, "roster", "import", file, "--same", "1", today="2026-04-01")
    assert huyue("--home", home, *plan, today="2026-04-01").json["added"] == 0
    assert ["identity"] in changes(home).values()
    by_new, by_old = (
        huyue("--home", home, "search", numbered(body), "--json").json["hits"]
        for body in ("45122519770512009", "45122519770512003")
    )
    assert [one["contract"] for one in by_new] == [one["contract"] for one in by_old] != []
    huyue("--home", copy, "roster", "import", file, today="2026-04-01")
    assert huyue("--home", copy, *plan, today="2026-04-01").json["added"] > 0


@pytest.mark.parametrize("said", ["读花名册", "写入（户）"])
def test_an_import_killed_half_way_has_not_happened_or_is_whole(
    home: Path, tmp_path: Path, said: str
) -> None:
    file = roster(tmp_path / "2027.xlsx", next_year(), "2027年花名册")
    environment = os.environ | {"HUYUE_TODAY": "2027-01-12", "HUYUE_USER": "甲"}
    command = [str(HUYUE), "--home", str(home), "roster", "import", str(file)]
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        assert process.stderr is not None
        while said.encode() not in (line := process.stderr.readline()):
            assert line, "it ended before it could be killed"
        process.kill()
    again = huyue("--home", home, "roster", "import", file, "--json", today="2027-01-12").json
    happened = {"added": 0, "changed": 0, "unchanged": 4, "left": 0, "held": 0, "problems": 0}
    assert again in (happened, happened | {"changed": 3, "unchanged": 1, "left": 1})
    assert len(changes(home)) == 5
    assert huyue("--home", home, "verify").status == 0
