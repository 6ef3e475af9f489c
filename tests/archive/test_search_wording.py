"""The wording of the templates is searched by version and optional clause, and not in every contract."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.home import Home, create_home
from archive.index.query import parse
from archive.journal import Actor
from archive.numbers import Number
from archive.search import Results, engine_name, search
from pipeline.contracts import keep_template
from pipeline.indexing import names_of
from pipeline.stock import stock_templates
from tests.archive.test_states import OLD, VILLAGE, keep
from tests.conftest import index_files

DAY = date(2026, 3, 5)
NUMBERS = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, 5)]
# What is printed on each: the template, the optional clauses, the members of the household.
PRINTED = [
    ("household_responsibility", ["child_under_three"], ["韦桂兰"]),
    ("household_responsibility", [], ["莫普惠"]),
    ("away_period", ["open_stay"], []),
    ("away_period", [], []),
]


@pytest.fixture(scope="module", params=["tantivy", "whoosh"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = create_home(tmp_path_factory.mktemp("wording") / "档案库", None, {"45": "广西"}, Actor("甲", DAY))
    known = {one.manifest.name: one for one in stock_templates()}
    with home.writing() as connection:
        keep(connection, *(replace(OLD, number=number, key=number) for number in NUMBERS))
        for name in ("household_responsibility", "away_period"):
            keep_template(connection, known[name])
        contract = tables.contract
        for number, (name, clauses, members) in zip(NUMBERS, PRINTED, strict=True):
            lists = {"members": [{"name": member} for member in members]} if members else {}
            content = json.dumps([{}, lists, clauses], separators=(",", ":"))
            values = {"template": name, "template_sha256": known[name].sha256, "content": content}
            connection.execute(update(contract).where(contract.c.number == number).values(values))
        mark_changed(connection, NUMBERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUYUE_ENGINE", request.param)
        yield home


def ask(home: Home, typed: str) -> Results:
    return search(home, parse(typed), typed, names_of(home), DAY, 0, 10)


@pytest.mark.parametrize(
    ("typed", "places"),
    [
        ("条款:托育", [0]),
        ("条款:“普惠 托育”", [0]),
        ("条款:归期未定", [2]),
        ("条款:避孕", [0, 1, 2, 3]),
        ("条款:家庭计划生育责任书", [0, 1]),
        ("条款:托育 或 条款:归期未定", [0, 2]),
        ("条款:避孕 -条款:托育", [1, 2, 3]),
        ("条款:乙方姓名", []),  # what is filled in is no wording
        ("条款:无中生有", []),
        ("普惠", [1]),  # a member's name, not the wording
    ],
)
def test_which_contracts_have_a_clause(home: Home, typed: str, places: list[int]) -> None:
    found = ask(home, typed)
    assert [hit.standing.number for hit in found.hits[: found.exact]] == [NUMBERS[place] for place in places]


def test_a_word_of_the_wording_alone_is_told(home: Home) -> None:
    assert ask(home, "托育").notes == (
        "“托育”是合同条款里的字，见：家庭计划生育责任书（2026.1）。要找这些合同，请写 条款:托育。",
    )
    assert ask(home, "普惠").notes == ()
    assert ask(home, "条款:无中生有").notes == ("没有哪种合同的条款里写着“无中生有”。",)


def test_no_index_holds_the_wording(home: Home) -> None:
    ask(home, "")
    held = b"".join(path.read_bytes() for path in index_files(home, engine_name()))
    assert held
    assert "托育".encode() not in held
