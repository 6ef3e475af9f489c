"""Archival numbers: given by year in order, each once, without a hole, never changed; what is missing is said."""

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Connection, insert, select, update

from archive.archival_numbers import Codes, arrange, initials, numbers_of_contracts
from archive.catalogue import shelf_tables, tables
from archive.home import Home, create_home
from archive.numbers import Number
from archive.papers import Description, Kind, NewFile, PaperFiler, find_paper
from tests.archive.papers import actor, call
from tests.archive.test_states import OLD as PAPER
from tests.archive.test_states import VILLAGE, A, add_filing, keep
from tests.conftest import Answer

DAY = "2027-01-15"
TOWNS = {"451225100": "东门镇", "451225103": "小长安镇"}
NEXT, FAR = "451225100002", "451225103209"  # villages
DIVISIONS = {"451225": "罗城仫佬族自治县", **TOWNS, NEXT: "大新社区", FAR: "民族村委会"}
# In the order of their numbers.
ORDER = [
    str(Number(VILLAGE, 2026, "01", 1)),
    str(Number(VILLAGE, 2026, "01", 2)),
    str(Number(VILLAGE, 2026, "02", 1)),
    str(Number(NEXT, 2026, "01", 1)),
    str(Number(FAR, 2026, "01", 1)),
]
LAST_YEAR = str(Number(VILLAGE, 2025, "01", 1))
OUT = str(Number(VILLAGE, 2026, "01", 3))  # never filed
LACKING = str(Number(VILLAGE, 2026, "01", 4))
SETTINGS = '[archive]\nfonds = "J012"\n'
Run = Callable[..., Answer]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Contracts of three villages of two towns, planned and filed in any order."""
    home = create_home(tmp_path / "档案库", None, DIVISIONS, actor("2026-03-01"))
    numbers = [*ORDER, LAST_YEAR, OUT, LACKING]
    random.Random(5).shuffle(numbers)  # noqa: S311
    with home.writing() as connection:
        keep(connection, *(replace(PAPER, number=one, key=one) for one in numbers))
        contract = tables.contract
        for number in numbers:
            own = update(contract).where(contract.c.number == number)
            connection.execute(own.values(village_code=number[:12]))
        for number in [one for one in numbers if one != OUT]:
            file_it(home, connection, number, "unsigned" if number == LACKING else "")
    home.settings.write_text(SETTINGS, encoding="utf-8")
    return home


def file_it(home: Home, connection: Connection, number: str, gaps: str = "") -> None:
    (blob,) = home.vault(connection).put(connection, [number.encode() + gaps.encode()], "2026-04-01")
    add_filing(connection, number, "2026-04-01", 2, gaps, blob)


def file_paper(home: Home, filed_on: str, content: bytes = b"an old contract", **about: Any) -> int:
    """File a paper by hand on a day; its number."""
    path = home.folder.with_name("一份.pdf")
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    files = [NewFile(path, path.name, digest, "application/pdf", len(content), 3)]
    known: dict[str, Any] = {"kind": Kind.CONTRACT, "title": "旧合同一份", "division": VILLAGE}
    with home.writing() as connection:
        filer = PaperFiler(connection, home.vault(connection), actor(filed_on))
        number = filer.file(Description(**known | about), "字里行间", files)
        filer.record("paper_add", str(number), {})
    return number


def correct_paper(home: Home, filed_on: str, number: int, **about: Any) -> None:
    with home.writing() as connection:
        filer, old = (
            PaperFiler(connection, home.vault(connection), actor(filed_on)),
            find_paper(connection, number),
        )
        filer.correct(old, replace(old.about, **about), "另外的字", "写错了")
        filer.record("paper_correct", str(number), {})


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str | Path) -> Answer:
        return call(monkeypatch, "--json", "--home", home.folder, *arguments, today=DAY)

    return run


def given(answer: Answer) -> dict[str | int, str]:
    return {one["contract"] or one["paper"]: one["archival_number"] for one in answer.json["numbers"]}


def test_a_years_papers_are_numbered_in_order_once(home: Home, run: Run) -> None:
    first = run("arrange", "--year", "2026")
    assert given(first) == {
        ORDER[0]: "J012-WS·2026-D10-DMZ-0001",
        ORDER[1]: "J012-WS·2026-D10-DMZ-0002",
        ORDER[2]: "J012-WS·2026-D10-DMZ-0003",
        ORDER[3]: "J012-WS·2026-D10-DMZ-0004",
        ORDER[4]: "J012-WS·2026-D10-XCAZ-0001",
    }
    assert (first.status, first.json["given"], first.json["had"]) == (1, 5, 0)
    assert first.json["incomplete"] == [LACKING], "and what was never filed is no paper"
    again = run("arrange", "--year", "2026")
    assert (again.json["given"], again.json["had"], again.json["incomplete"]) == (0, 5, [LACKING])
    with home.writing() as connection:  # it comes back, and before some in the order
        file_it(home, connection, OUT)
    later = run("arrange", "--year", "2026", "--incomplete")
    assert given(later) == {OUT: "J012-WS·2026-D10-DMZ-0005", LACKING: "J012-WS·2026-D10-DMZ-0006"}
    assert (later.status, later.json["had"]) == (0, 5)
    assert list(given(run("arrange", "--year", "2025")).values()) == ["J012-WS·2025-D10-DMZ-0001"]
    with home.reading() as connection:
        numbers = numbers_of_contracts(connection, [*ORDER, OUT, LACKING, LAST_YEAR])
        assert {one: numbers[str(one)] for one in given(first)} == given(first)
        entries = connection.execute(
            select(tables.journal.c.detail).where(tables.journal.c.action == "arrange")
        ).scalars()
        assert [json.loads(one)["given"] for one in entries] == [5, 2, 1], "nothing given, nothing said"


def test_however_towns_and_days_are_mixed_no_number_is_given_twice_or_left_out(home: Home) -> None:
    codes, choice = Codes(home.settings, "J012", "WS", {}), random.Random(3)  # noqa: S311
    more = [str(Number(choice.choice([NEXT, FAR, VILLAGE]), 2026, "01", serial)) for serial in range(50, 80)]
    with home.writing() as connection:
        before: dict[str, str] = {}
        for number in more:
            row = dict(connection.execute(select(tables.contract)).mappings().first() or {})
            new = {"number": number, "party_key": number, "village_code": number[:12]}
            connection.execute(insert(tables.contract).values(row | new))
            file_it(home, connection, number)
            some = frozenset(choice.choice([(), *((town,) for town in TOWNS)]))
            arrange(connection, 2026, codes, DIVISIONS, some, actor(DAY))
            now = numbers_of_contracts(connection, [*ORDER, *more])
            assert before.items() <= now.items()
            before = now
        arrange(connection, 2026, codes, DIVISIONS, frozenset(), actor(DAY))
        now = numbers_of_contracts(connection, [*ORDER, *more])
        assert len(now) == len(ORDER) + len(more)
        for series in {one.rpartition("-")[0] for one in now.values()}:
            items = sorted(int(one.rpartition("-")[2]) for one in now.values() if one.startswith(series))
            assert items == list(range(1, len(items) + 1))


def test_papers_filed_by_hand_come_after_the_contracts_by_their_own_day_place_and_retention(
    home: Home, run: Run
) -> None:
    assert file_paper(home, "2026-05-01", day="2026-03", retention="D10") == 1
    assert file_paper(home, "2026-05-01", division="451225", retention="Y") == 2
    correct_paper(home, "2027-01-02", 2, title="改过的")
    assert file_paper(home, "2026-05-01", day="2009", division="451225103") == 3
    found = given(run("arrange", "--year", "2026"))
    assert {one: found[one] for one in (1, 2)} == {
        1: "J012-WS·2026-D10-DMZ-0005",
        2: "J012-WS·2026-Y-LCMLZZZX-0001",
    }, "one without a day is of the year in which it was first filed, whatever was corrected since"
    assert given(run("arrange", "--year", "2009")) == {3: "J012-WS·2009-D30-XCAZ-0001"}
    correct_paper(home, "2027-01-02", 1, retention="Y")
    assert run("arrange", "--year", "2026").json["given"] == 0, "a correction changes no number"


def test_only_the_towns_that_are_asked_for_and_only_seen_in_a_dry_run(home: Home, run: Run) -> None:
    tried = given(run("arrange", "--year", "2026", "--dry-run"))
    assert len(tried) == 5
    with home.reading() as connection:
        assert connection.execute(select(shelf_tables.archival_number)).all() == []
    assert list(given(run("arrange", "--year", "2026", "--town", "小长安"))) == [ORDER[4]]
    assert {*given(run("arrange", "--year", "2026", "--town", "451225100")), ORDER[4]} == {*tried}
    assert run("arrange", "--year", "2026", "--town", "没有镇").status == 2


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ("", "fonds_missing", 'fonds = "J012"'),
        ("[archive]\nunits = {}\n", "fonds_missing", 'fonds = "J012"'),
        ('[archive]\nfonds = "J-1"\n', "archive_code_bad", "J-1"),
        (SETTINGS + 'category = "文书"\n', "archive_code_bad", "文书"),
        (SETTINGS + 'units = { "451225100" = "" }\n', "archive_code_bad", "451225100"),
        (SETTINGS + 'units = { "999" = "DMZ" }\n', "archive_code_bad", "没有这个区划代码"),
        (SETTINGS + 'unit = "X"\n', "bad_settings", "unit"),
    ],
)
def test_settings_that_do_not_do_are_told_with_what_to_write(
    home: Home, run: Run, settings: str, code: str, said: str
) -> None:
    home.settings.write_text(settings, encoding="utf-8")
    answer = run("arrange", "--year", "2026")
    assert (answer.status, answer.json["error"]["code"]) == (2, code)
    assert said in answer.json["error"]["message"] and "huyue.toml" in answer.json["error"]["message"]


def test_units_are_what_the_settings_say_and_two_towns_of_one_code_are_asked_about(
    home: Home, run: Run
) -> None:
    with home.writing() as connection:
        connection.execute(insert(tables.division), [{"code": "451225109", "name": "东门州"}])
    answer = run("arrange", "--year", "2026")
    assert (answer.status, answer.json["error"]["code"]) == (2, "unit_ambiguous")
    message = answer.json["error"]["message"]
    assert "东门镇" in message and "东门州" in message and '"451225100" = "DMZ1"' in message
    units = 'units = { "451225100" = "DM", "451225100002" = "DX" }\n'
    home.settings.write_text(SETTINGS + 'category = "KJ"\n' + units, encoding="utf-8")
    found = given(run("arrange", "--year", "2026"))
    assert [found[one] for one in ORDER] == [
        *(f"J012-KJ·2026-D10-DM-000{item}" for item in (1, 2, 3)),
        "J012-KJ·2026-D10-DX-0001",
        "J012-KJ·2026-D10-XCAZ-0001",
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("东门镇", "DMZ"),
        ("小长安镇", "XCAZ"),
        ("重庆街道", "CQJD"),
        ("罗城仫佬族自治县", "LCMLZZZX"),
        ("A1 工业园", "A1GYY"),
    ],
)
def test_a_units_code_is_the_initials_of_its_name_as_it_is_read(name: str, code: str) -> None:
    assert initials(name) == code


def cells(path: Path) -> list[Mapping[str, object]]:
    rows = list(openpyxl.load_workbook(path).worksheets[0].values)
    return [dict(zip(map(str, rows[1]), row, strict=True)) for row in rows[2:]]


def test_the_number_stands_in_packages_and_in_the_list_of_what_is_due(
    home: Home, run: Run, tmp_path: Path
) -> None:
    numbers = given(run("arrange", "--year", "2026"))
    assert run("export", "--out", tmp_path / "包").status == 1, "these are no real PDFs"
    said = json.loads((tmp_path / "包" / "data" / "目录.json").read_bytes())
    assert {one["contract"]: one["archival_number"] for one in said} == {
        LAST_YEAR: "",
        LACKING: "",
        **numbers,
    }
    listed = {row["编号"]: row["档号"] or "" for row in cells(tmp_path / "包" / "data" / "归档文件目录.xlsx")}
    assert listed == {LAST_YEAR: "", LACKING: "", **numbers}
    due = run("retention", "--on", "2099-01-01").json["contracts"]
    assert {one["contract"]: one["archival_number"] for one in due} == listed
    assert date.fromisoformat(due[0]["due"]) < date(2099, 1, 1) and A in listed
