"""Searches kept under a name."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from archive.catalogue import tables
from archive.catalogue.shelf_tables import saved_search
from archive.changes import mark_changed
from archive.home import Home, create_home
from archive.journal import Actor
from archive.numbers import Number
from tests.archive.papers import call
from tests.archive.test_states import OLD, VILLAGE, keep

NUMBERS = [str(Number(VILLAGE, 2026, "01", serial)) for serial in (1, 2)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    day = Actor("甲", date(2026, 3, 5))
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, day)
    with home.writing() as connection:
        papers = zip(NUMBERS, ("韦桂兰", "覃小明"), strict=True)
        keep(connection, *(replace(OLD, number=number, key=number, party=party) for number, party in papers))
        mark_changed(connection, NUMBERS)
    return home


def test_a_search_is_kept_with_its_filters_and_asked_again_by_anybody(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = ("--home", home.folder, "search")
    options = ("--state", "已打印", "--village", "冲洞", "--sort", "party")
    saved = call(monkeypatch, *search, "韦 或 覃", *options, "--save", " 冲洞打印的 ", "--json")
    assert (saved.status, saved.json["total"]) == (0, 2)
    assert "记下了查法“冲洞打印的”" in saved.err
    again = call(monkeypatch, "--user", "乙", *search, "--saved", "冲洞打印的", "--json")
    assert [hit["contract"] for hit in again.json["hits"]] == NUMBERS[::-1]
    narrower = call(monkeypatch, *search, "--saved", "冲洞打印的", "韦", "--json")
    assert [hit["contract"] for hit in narrower.json["hits"]] == NUMBERS[:1]
    other = call(monkeypatch, *search, "--saved", "冲洞打印的", "--state", "已归档", "--json")
    assert other.json["total"] == 0
    listed = call(monkeypatch, *search, "--list-saved", "--json").json
    assert listed == [
        {
            "name": "冲洞打印的",
            "query": "韦 或 覃",
            "filters": {"village": "冲洞", "state": "printed", "sort": "party"},
            "user": "经办人甲",
            "saved_on": "2026-04-05",
        }
    ]
    shown = call(monkeypatch, *search, "--list-saved").out
    assert shown == "冲洞打印的：韦 或 覃 --sort party --state printed --village 冲洞　经办人甲 2026-04-05\n"


def test_nothing_is_overwritten_and_what_is_forgotten_is_gone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = ("--home", home.folder, "search")
    assert call(monkeypatch, *search, "韦", "--save", "一").status == 0
    assert call(monkeypatch, *search, "韦", "--save", "一").status == 0
    refused = call(monkeypatch, *search, "覃", "--save", "一")
    assert (refused.status, "没有改它" in refused.err) == (2, True)
    assert call(monkeypatch, *search, "覃", "--save", "龙" * 51).status == 2
    assert call(monkeypatch, *search, "覃", "--save", "").status == 2
    assert call(monkeypatch, *search, "--saved", "二").status == 2
    assert call(monkeypatch, *search, "--forget", "二").status == 2
    assert call(monkeypatch, *search, "--forget", "一", "--json").json == {"forgotten": "一"}
    assert call(monkeypatch, *search, "--list-saved", "--json").json == []
    with home.reading() as connection:
        journal = tables.journal
        entries = connection.execute(select(journal).where(journal.c.action.like("search%"))).all()
    assert [(one.action, one.user, one.detail) for one in entries] == [
        ("search_save", "经办人甲", '{"saved":1}'),
        ("search_forget", "经办人甲", '{"saved":0}'),
    ]


@pytest.mark.parametrize(
    "words",
    [("451225198006140012",), ("韦", "451225800614001"), ("尾号:0012",), ("韦", "--id-last4", "0012")],
)
def test_whose_identity_number_is_asked_for_is_not_kept(
    home: Home, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    answer = call(monkeypatch, "--home", home.folder, "search", *words, "--save", "这个人")
    assert (answer.status, "身份证号码" in answer.err) == (2, True)
    with home.reading() as connection:
        assert connection.execute(select(saved_search)).all() == []
