"""`huyue search` on an archive of four contracts: what it prints, and the list it writes."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import update

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.home import Home, create_home
from archive.index.query import parse
from archive.journal import Actor
from archive.numbers import Number
from archive.search import Names, every, search, suggest
from archive.search_list import COLUMNS, FIRST_ROW, write_matches
from tests.archive.test_states import OLD, VILLAGE, keep
from tests.conftest import huyue

DAY = date(2026, 3, 5)
PARTIES = ["韦桂兰", "韦贵兰、覃小明", '=HYPERLINK("http://x","韦桂兰")', "莫<b>兰"]
NUMBERS = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, 5)]
NAMES = Names({VILLAGE: "冲洞村"}, {"service": "计划生育合同书"}, {"service": "01"})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = create_home(tmp_path_factory.mktemp("search") / "档案库", None, {"45": "广西"}, Actor("甲", DAY))
    papers = [
        replace(OLD, number=number, key=number, party=party)
        for number, party in zip(NUMBERS, PARTIES, strict=True)
    ]
    with home.writing() as connection:
        keep(connection, *papers)
        mark_changed(connection, NUMBERS)
    return home


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_an_answer_says_what_is_exact_what_is_meant_and_what_was_not_understood(
    home: Home, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("HUYUE_ENGINE", engine)
    query = parse("wei guilan 备注:莫秋月")
    found = search(home, query, "", NAMES, DAY, 0, 10)
    assert [hit.standing.party for hit in found.hits] == PARTIES[:3]
    assert (found.total, found.exact) == (3, 0)
    assert found.suggestions == ("韦桂兰", "韦贵兰")
    assert [note[:9] for note in found.notes] == ["没有“备注”这一栏"]
    assert dict(found.facets)["responsible"] == [("莫秋月", 3)]
    assert dict(found.facets)["town"] == [(VILLAGE[:9], 3)]
    found = search(home, parse("韦桂兰"), "", NAMES, DAY, 0, 1)
    assert [(hit.standing.party, hit.highlights["party"]) for hit in found.hits] == [
        ("韦桂兰", "<mark>韦桂兰</mark>")
    ]
    assert (found.total, found.exact, found.suggestions) == (3, 2, ())
    assert [one.text for one in suggest(home, NAMES, "wgl", DAY, 5)] == ["韦桂兰", "韦贵兰"]
    assert [one.text for one in suggest(home, NAMES, NUMBERS[2][:24], DAY, 5)] == NUMBERS


def test_the_list_holds_every_match_in_order_and_no_formula(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "名单.xlsx"
    found = every(home, parse("莫秋月"), "", NAMES, DAY, "party")
    assert write_matches(path, found, NAMES, '=1+1"', DAY) == 4
    rows = list(openpyxl.load_workbook(path).active.iter_rows())  # type: ignore[union-attr]
    assert [cell.value for cell in rows[1]] == [label for label, _ in COLUMNS]
    listed = rows[FIRST_ROW:]
    at = [label for label, _ in COLUMNS].index("当事人")
    assert sorted(str(row[at].value) for row in listed) == sorted(PARTIES)
    assert [row[at].value for row in listed][-1] == "韦贵兰、覃小明"
    assert all(cell.data_type != "f" for row in rows for cell in row)
    first = {label: cell.value for (label, _), cell in zip(COLUMNS, listed[-1], strict=True)}
    assert first["序号"] == 4
    assert (first["编号"], first["村"], first["合同、文件"]) == (NUMBERS[1], "冲洞村", "计划生育合同书")


def test_the_command_line(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "全部.xlsx"
    answer = huyue("--home", home.folder, "search", "韦桂兰 或", "--sort", "party", "--xlsx", out, "--json")
    assert answer.status == 0, answer.err
    assert (answer.json["total"], answer.json["exact"]) == (3, 2)
    assert answer.json["notes"] == ["“或”的后面没有词，已略去。"]
    assert "“或”的后面没有词" in answer.err
    assert f"全部 3 份在 {out}" in answer.err
    assert openpyxl.load_workbook(out).active.max_row == FIRST_ROW + 3  # type: ignore[union-attr]
    answer = huyue("--home", home.folder, "search", "--suggest", "韦桂", "--json")
    assert answer.json == [{"kind": "party", "text": "韦桂兰"}]
    answer = huyue("--home", home.folder, "search", "weiguilan")
    assert "是按读音、字形相近或差一个字找到的" in answer.out
    assert "你是不是要找：韦桂兰、韦贵兰" in answer.out
    assert huyue("--home", home.folder, "search", "韦", "--sort", "别的", "--json").status == 2


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_who_may_see_other_villages_only_finds_counts_and_is_hinted_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("HUYUE_ENGINE", engine)
    elsewhere = frozenset({"451225100999"})
    known = linked = 0
    for typed in ("韦桂兰", "wei guilan", "韦桂澜", "wgl", NUMBERS[0], "冲洞", "", "-李"):
        query = replace(parse(typed), within=elsewhere)
        found = search(home, query, typed, NAMES, DAY, 0, 10)
        assert (found.total, found.exact, found.hits) == (0, 0, ()), typed
        assert not any(found.facets.values())
        assert not set(found.suggestions) & {"韦桂兰", "韦贵兰"}
        assert not any("份" in note for note in found.notes), found.notes
        shown = {one.text for one in suggest(home, NAMES, typed, DAY, 5, elsewhere)}
        assert shown <= {"冲洞村"}
        own = frozenset({VILLAGE})
        known += search(home, replace(parse(typed), within=own), typed, NAMES, DAY, 0, 10).total
        linked += len(suggest(home, NAMES, typed, DAY, 5, own))
    assert known > 15 and linked > 5
    identity, absent = "11010519491231002X", "440524188001010014"
    party = tables.party
    with home.writing() as connection:
        connection.execute(update(party).where(party.c.contract == NUMBERS[0]).values(id_number=identity))
    assert search(home, parse(identity), identity, NAMES, DAY, 0, 10).total == 1
    nobody = search(home, replace(parse(identity), within=elsewhere), identity, NAMES, DAY, 0, 10)
    never = search(home, replace(parse(absent), within=elsewhere), absent, NAMES, DAY, 0, 10)
    assert (nobody.total, nobody.notes, nobody.suggestions) == (0, never.notes, never.suggestions)
