"""Papers filed by hand are found beside the contracts, by either engine, as their newest version says."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import insert

from archive.catalogue.shelf_tables import archival_number, paper
from archive.changes import mark_changed, paper_key
from archive.home import Home, create_home
from archive.index.engine import FACETS
from archive.index.query import parse
from archive.index.values import KINDS
from archive.journal import Actor
from archive.numbers import Number
from archive.papers import Kind
from archive.search import Names, Results, engine_name, search, suggest
from archive.search_list import FIRST_ROW
from archive.search_papers import ShelfPaper
from tests.archive.papers import call
from tests.archive.test_states import OLD, VILLAGE, keep
from tests.conftest import index_files

DAY = date(2026, 4, 5)
CONTRACT = str(Number(VILLAGE, 2026, "01", 1))
OF_OLD = str(Number(VILLAGE, 2009, "02", 17))
TOWN = VILLAGE[:9]
NAMES = Names({TOWN: "东门镇", VILLAGE: "冲洞村"}, {"service": "计划生育合同书"}, {"service": "01"})
BLANK: dict[str, object] = {
    "version": 1, "own_number": "", "day": "", "division": VILLAGE, "household_number": "", "party": "",
    "responsible": "", "retention": "D30", "words": "", "filed_on": "2026-04-01", "user": "甲", "reason": "",
}  # fmt: skip
PAPERS: list[dict[str, object]] = [
    {"number": 1, "kind": "村规民约", "title": "冲洞村计划生育村规民约", "day": "2009-03", "words": "尊老爱\n幼。移风\n易俗"},
    {"number": 2, "kind": "旧合同", "title": "合同书", "own_number": OF_OLD, "day": "2009", "ends": "2012",
     "party": "韦桂兰", "group_no": 3, "household_number": "0412", "responsible": "潘建国"},
    {"number": 3, "kind": "责任书", "title": "目标管理", "own_number": "2010018", "division": TOWN, "day": "2010-01-20"},
    {"number": 4, "kind": "其他", "title": "笔录", "words": "身份证号451225198006140012，电话13812345678", "filed_on": "2026-04-06"},
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("papers") / "档案库"
    home = create_home(folder, None, {"45": "广西", TOWN: "东门镇"}, Actor("甲", DAY))
    with home.writing() as connection:
        keep(connection, replace(OLD, number=CONTRACT, party="韦桂兰、覃小明"))
        for one in PAPERS:
            connection.execute(insert(paper).values(BLANK | one))
        given: dict[str, object] = {"series": "J012-WS·2026-D30-DMZ", "given_on": "2026-04-01", "user": "甲"}
        for item, (name, value) in enumerate((("contract", CONTRACT), ("paper", 2)), 1):
            connection.execute(insert(archival_number).values(given | {"item": item, name: value}))
        mark_changed(connection, [CONTRACT, *(paper_key(number) for number in range(1, 5))])
    return home


@pytest.fixture(params=["tantivy", "whoosh"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUYUE_ENGINE", request.param)


def ask(home: Home, typed: str, day: date = DAY) -> Results:
    found = search(home, parse(typed), typed, NAMES, day, 0, 10)
    assert len(found.hits) == found.total
    for facet in FACETS:
        assert sum(count for _, count in found.facets[facet]) == found.total
    return found


def found(home: Home, typed: str, day: date = DAY) -> list[int | str]:
    """The papers' numbers and the contracts' that are exactly what was typed."""
    answer = ask(home, typed, day)
    hits = [one.standing for one in answer.hits[: answer.exact]]
    return [one.paper if isinstance(one, ShelfPaper) else one.number for one in hits]


@pytest.mark.parametrize(
    ("typed", "papers"),
    [
        ("", [CONTRACT, 1, 2, 3]),
        ("村规民约", [1]),
        ("种类:村规民约", [1]),
        ("种类:旧合同", [2]),
        ("合同:责任书", [3]),
        ("-种类:旧合同 -种类:村规民约", [CONTRACT, 3]),
        ("移风易俗", [1]),  # over the end of a line
        ("爱幼移风", []),  # but not of a sentence
        ("韦桂兰", [CONTRACT, 2]),
        ("姓名:韦桂兰 年:2009", [2]),
        ("weiguilan", []),
        ("负责人:潘建国", [2]),
        ("第三组 412户", [2]),
        (OF_OLD, [2]),
        (OF_OLD[:17], [2]),
        ("编号:17", [2]),
        ("2010018", [3]),
        ("编号:2010", [3]),
        ("年:2009", [1, 2]),
        ("年:2010", [3]),
        ("2009-03", [1]),
        ("到期:2012-12", [2]),
        ("期限:2009-02", [2]),
        ("期限:2009-03", [1, 2]),
        ("镇:东门", [CONTRACT, 1, 2, 3]),
        ("村:冲洞", [CONTRACT, 1, 2]),
        ("状态:已到期", [2]),
        ("档号:J012-WS·2026-D30", [CONTRACT, 2]),
        ("档号:0002", [2]),
        ("j012-ws 2026 D30-DMZ-0001", []),
        ("J012-WS·2026-D30-DMZ-0001", [CONTRACT]),
        ("档号:J013", []),
        ("450612", []),
        ("笔录", []),  # filed tomorrow
    ],
)
def test_papers_and_contracts_are_found(home: Home, typed: str, papers: list[int | str]) -> None:
    assert found(home, typed) == papers


def test_what_sounds_alike_is_found_of_papers_too(home: Home) -> None:
    answer = ask(home, "wei guilan")
    assert [one.standing.number for one in answer.hits] == [CONTRACT, paper_key(2)]
    assert answer.suggestions == ("韦桂兰",)
    assert [one.text for one in suggest(home, NAMES, OF_OLD[:20], DAY, 5)] == []


def test_the_day_that_is_asked_for_counts(home: Home) -> None:
    assert found(home, "笔录", date(2026, 4, 6)) == [4]
    assert found(home, "笔录", date(2026, 4, 5)) == []
    assert found(home, "状态:已到期", date(2012, 12, 31)) == []


def test_the_newest_version_counts_and_no_identity_number_is_in_the_index(tmp_path: Path) -> None:
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, Actor("甲", DAY))
    with home.writing() as connection:
        keep(connection)
        row = BLANK | PAPERS[3] | {"own_number": "451225198006140012", "filed_on": "2026-04-01"}
        connection.execute(insert(paper).values(row))
        mark_changed(connection, [paper_key(4)])
    assert found(home, "笔录") == [4]
    with home.writing() as connection:
        row |= {"version": 2, "title": "会议记录", "reason": "写错了", "filed_on": "2026-04-05"}
        connection.execute(insert(paper).values(row))
        mark_changed(connection, [paper_key(4)])
    assert (found(home, "笔录"), found(home, "会议记录"), found(home, "身份证号")) == ([], [4], [4])
    assert found(home, "451225198006140012") == found(home, "编号:451225") == found(home, "13812345678") == []
    held = b"".join(path.read_bytes() for path in index_files(home, engine_name()))
    assert not any(number in held for number in (b"451225198006140012", b"13812345678", b"45122519800614"))


def test_a_hit_says_that_it_is_a_paper(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "名单.xlsx"
    command = ("--home", home.folder, "search", "韦桂兰")
    answer = call(monkeypatch, *command, "--xlsx", out, "--json")
    assert answer.status == 0, answer.err
    second, first = answer.json["hits"]
    assert {
        key: first[key] for key in ("contract", "template", "paper", "kind", "title", "archival_number")
    } == {
        "contract": None,
        "template": None,
        "paper": 2,
        "kind": "旧合同",
        "title": "合同书",
        "archival_number": "J012-WS·2026-D30-DMZ-0002",
    }
    assert (second["contract"], second["template"], "paper" in second) == (CONTRACT, "service", False)
    facet = {one["value"]: one["count"] for one in answer.json["facets"]["template"]}
    assert facet == {"旧合同": 1, "service": 1}
    rows = list(openpyxl.load_workbook(out).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[FIRST_ROW + 1][1:3] == ("手工归档 2 号", "旧合同：合同书")
    lines = call(monkeypatch, *command).out.splitlines()
    assert lines[2] == "2　〔手工归档 2 号〕　旧合同　合同书　韦桂兰　东门镇冲洞村　2009"
    assert CONTRACT in lines[1]
    shown = call(monkeypatch, "--home", home.folder, "search", "移风", "--template", "村规民约", "--json")
    assert shown.json["hits"][0]["highlights"] == {"words": "<mark>移风</mark> 易俗"}


def test_the_kinds_are_those_that_papers_are_filed_by() -> None:
    assert list(Kind) == list(KINDS)
