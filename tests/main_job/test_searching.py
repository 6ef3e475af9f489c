"""Search through the command line, on a town that is planned and printed."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from archive import search as searching
from archive.catalogue import tables
from archive.home import open_home
from archive.index.query import parse
from pipeline.indexing import names_of
from tests.conftest import Town, huyue, index_files

ENGINES = ("tantivy", "whoosh")


@pytest.fixture(scope="module")
def home(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the town's archive, that this module may spoil."""
    folder = tmp_path_factory.mktemp("search") / "档案库"
    shutil.copytree(town.home, folder)
    shutil.copy(f"{town.home}.key", f"{folder}.key")
    return folder


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def find(home: Path, *words: str, engine: str = "tantivy", today: str = "2026-03-05") -> Any:
    answer = huyue("--home", home, "search", *words, "--json", today=today, HUYUE_ENGINE=engine)
    assert answer.status == 0, answer.err
    return answer.json


def rows(home: Path) -> list[Any]:
    """Every contract with its first party."""
    contract, party = tables.contract, tables.party
    with open_home(home, None).reading() as connection:
        query = select(contract, party.c.name, party.c.id_number).join(party).where(party.c.position == 0)
        return list(connection.execute(query.order_by(contract.c.number)))


def test_a_name_finds_every_contract_of_that_name(home: Path, engine: str) -> None:
    every = rows(home)
    name = every[0].name
    wanted = {row.number for row in every if row.name == name}
    found = find(home, f"姓名:{name}", "--limit", "100", engine=engine)
    assert wanted <= {hit["contract"] for hit in found["hits"]}
    assert found["total"] == len(found["hits"])
    top = found["hits"][0]
    assert name in top["party"]
    assert f"<mark>{name}</mark>" in top["highlights"]["party"]


def test_an_identity_number_finds_its_contracts_and_stands_in_no_index(home: Path, engine: str) -> None:
    row = rows(home)[0]
    found = find(home, row.id_number, engine=engine)
    assert row.number in {hit["contract"] for hit in found["hits"]}
    assert all(row.name in hit["party"] for hit in found["hits"])
    assert row.id_number not in str(found)
    kept = b"".join(file.read_bytes() for file in index_files(home, engine))
    assert row.id_number.encode() not in kept


def test_facets_count_every_match_and_filters_narrow_them(home: Path, engine: str) -> None:
    every = rows(home)
    found = find(home, engine=engine)
    assert found["total"] == len(every)
    assert len(found["hits"]) == 20
    for name, column in (("village", "village_code"), ("template", "template")):
        counts = {one["value"]: one["count"] for one in found["facets"][name]}
        assert counts == {
            value: sum(getattr(row, column) == value for row in every)
            for value in {getattr(row, column) for row in every}
        }
    assert found["facets"]["state"] == [{"value": "printed", "count": len(every)}]
    village = every[0].village_code
    narrow = find(home, "--village", village, "--template", "family_planning", "--limit", "0", engine=engine)
    assert narrow["total"] == sum(
        row.village_code == village and row.template == "family_planning" for row in every
    )
    assert narrow["hits"] == []
    assert find(home, "--state", "filed", engine=engine)["total"] == 0


def test_pages_of_hits_follow_each_other(home: Path, engine: str) -> None:
    first = find(home, "--limit", "7", engine=engine)["hits"]
    second = find(home, "--limit", "7", "--offset", "7", engine=engine)["hits"]
    both = find(home, "--limit", "14", engine=engine)["hits"]
    assert first + second == both


def test_both_engines_find_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_home(home, None)
    names = names_of(opened)
    for words in ("韦", "外出期间", "家庭 责任书", "-外出", "组:3", "2026年", '"', "状态:已打印"):
        found = []
        for engine in ENGINES:
            monkeypatch.setenv("HUYUE_ENGINE", engine)
            one = searching.search(opened, parse(words), words, names, date(2026, 3, 5), 0, 20)
            found.append((one.total, one.hits, one.facets))
        assert found[0] == found[1], words


def spoil(home: Path, engine: str) -> None:
    for file in index_files(home, engine):
        if file.stat().st_size:
            file.write_bytes(b"\0" * file.stat().st_size)


def test_a_damaged_index_is_made_anew(home: Path, engine: str) -> None:
    before = find(home, engine=engine)["total"]
    spoil(home, engine)
    assert find(home, engine=engine)["total"] == before
    assert huyue("--home", home, "verify", HUYUE_ENGINE=engine).status == 0


def test_a_search_does_not_wait_for_a_writer(home: Path) -> None:
    number = rows(home)[0].number
    find(home)
    assert huyue("--home", home, "close", number, "--as", "declined").status == 0
    with open_home(home, None).locked():
        answer = huyue("--home", home, "search", number, "--json")
        assert answer.status == 0
        assert [hit["state"] for hit in answer.json["hits"]] == ["declined"], "hits say what is the case now"
        assert "还差 1 份" in answer.err
        assert answer.json["facets"]["state"] == [{"value": "printed", "count": 1}], "the index is behind"
    assert find(home, number)["facets"]["state"] == [{"value": "declined", "count": 1}]


@pytest.mark.parametrize("typed", ["(", "，。", '""'])
def test_punctuation_alone_finds_nothing_and_says_so(home: Path, engine: str, typed: str) -> None:
    answer = huyue("--home", home, "search", typed, "--json", HUYUE_ENGINE=engine)
    assert (answer.status, answer.json["total"], answer.json["hits"]) == (0, 0, [])
    assert set(answer.json["facets"]) == {"town", "village", "template", "year", "state", "responsible"}
    assert f"“{typed}”里没有可以查的" in answer.err
    assert find(home, "", engine=engine)["total"] == len(rows(home))


def test_digits_that_begin_contract_numbers_find_them(home: Path, engine: str) -> None:
    every = [row.number.replace("-", "") for row in rows(home)]
    for length in (15, 18):
        wanted = sum(number.startswith(every[0][:length]) for number in every)
        assert find(home, every[0][:length], engine=engine)["total"] == wanted


KEEP = """
import sys
from datetime import date
from pathlib import Path
from archive.home import open_home
from archive.journal import Actor
from pipeline.indexing import keep_index
keep_index(open_home(Path(sys.argv[1]), None), Actor("甲", date(2026, 3, 5)))
"""


def test_an_index_to_be_made_anew_while_another_command_writes_is_told_at_once(
    home: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUYUE_ENGINE", engine)
    before = find(home, engine=engine)["total"]
    spoil(home, engine)
    with open_home(home, None).locked():
        started = time.monotonic()
        answer = huyue("--home", home, "search", "覃", "--json", HUYUE_ENGINE=engine)
        assert time.monotonic() - started < 15
        assert (answer.status, answer.json["error"]["code"]) == (5, "index_busy")
        known = find(home, rows(home)[0].id_number, engine=engine)
        assert known["total"], "what needs no index is answered"
        keeping = subprocess.run([sys.executable, "-c", KEEP, home], timeout=15)
        assert keeping.returncode == 0, "a command that is done leaves it to the next search"
    assert find(home, engine=engine)["total"] == before


def test_an_unknown_engine_is_wrong_usage(home: Path) -> None:
    answer = huyue("--home", home, "search", "覃", "--json", HUYUE_ENGINE="别的")
    assert answer.status == 2
    assert answer.json["error"]["code"] == "engine_unknown"


def test_the_index_made_anew_finds_what_it_found(home: Path, engine: str) -> None:
    before = find(home, "韦", engine=engine)
    answer = huyue("--home", home, "index", "rebuild", "--json", HUYUE_ENGINE=engine)
    assert answer.json == {"contracts": len(rows(home)), "engine": engine}
    assert find(home, "韦", engine=engine)["hits"] == before["hits"]
