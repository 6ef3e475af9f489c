"""What is read of the catalogue for an index, and the connections that it is read by."""

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from archive import search_documents
from archive.catalogue import database, shelf_tables, tables
from archive.changes import mark_changed, paper_key
from archive.errors import WrongKey
from archive.home import Home, create_home
from archive.index.engine import Document
from archive.journal import Actor
from archive.numbers import Number
from archive.search_documents import documents, every_document, lacking
from archive.search_names import Names
from tests.archive.test_states import OLD, VILLAGE, keep

DAY = date(2026, 3, 5)
NAMES = Names({VILLAGE: "冲洞村"}, {"service": "服务合同"})
NUMBERS = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, 7)]
LATER = {NUMBERS[0], NUMBERS[3]}  # are planned on a day to come
MEMBERS = '[{"a":"[],{}]"},{"members":[{"name":"韦桂莲","sex":"女"},{"name":""}],"cars":[{"plate":"1"}]},["over_sixty"]]'
CONTENTS = {NUMBERS[1]: MEMBERS, NUMBERS[2]: '[{"a":"1"},{},[]]', NUMBERS[4]: ""}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An archive of six contracts of six people, one of them with an archival number, and a paper."""
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, Actor("甲", DAY))
    with home.writing() as connection:
        papers = [
            replace(
                OLD,
                number=number,
                key=number,
                party=name,
                planned="2026-04-01" if number in LATER else "2026-03-01",
            )
            for number, name in zip(
                NUMBERS, ("甲一", "乙二、丙三", "丁四", "戊五", "己六", "庚七"), strict=True
            )
        ]
        keep(connection, *papers)
        for number, content in CONTENTS.items():
            of_it = tables.contract.c.number == number
            connection.execute(update(tables.contract).where(of_it).values(content=content))
        given = {"contract": NUMBERS[2], "series": "J012-WS·2026-D30-DMZ", "item": 7}
        connection.execute(
            shelf_tables.archival_number.insert().values(given | {"given_on": "2026-03-05", "user": "甲"})
        )
        paper = {"number": 1, "version": 1, "kind": "附件", "title": "协议", "own_number": "", "day": "2009"}
        paper |= {
            "division": VILLAGE,
            "household_number": "",
            "party": "辛八",
            "responsible": "",
            "words": "桥",
        }
        paper |= {"retention": "Y", "filed_on": "2026-03-05", "user": "甲", "reason": ""}
        connection.execute(shelf_tables.paper.insert().values(paper))
        mark_changed(connection, [*NUMBERS, paper_key(1)])
    return home


@pytest.mark.parametrize("many", [1, 20_000])
def test_each_document_has_what_is_its_own(home: Home, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_documents, "MANY", many)
    monkeypatch.setattr(search_documents, "CHUNK", 2)
    known, done = set[str](), list[int]()
    with home.reading() as connection:
        keys = list(lacking(connection, 0, "", DAY))
        assert keys == [*NUMBERS, paper_key(1)]
        made = {one.number: one for one in documents(connection, NAMES, DAY, keys, known, done.append)}
    assert list(made) == [*(number for number in NUMBERS if number not in LATER), paper_key(1)]
    assert known == {*made}
    assert sum(done) == len(keys)
    assert [_told(made[number]) for number in (NUMBERS[1], NUMBERS[2], NUMBERS[4], NUMBERS[5])] == [
        ("乙二、丙三", "冲洞村\n韦桂莲", ("0", "0:over_sixty"), ""),
        ("丁四", "冲洞村", ("0",), "J012-WS·2026-D30-DMZ-0007"),
        ("己六", "冲洞村", ("0",), ""),
        ("庚七", "冲洞村", ("0",), ""),
    ]
    assert {(one.year, one.title, one.campaign) for one in made.values() if one.campaign} == {
        (2026, "服务合同", "2026-03-01")
    }
    assert made[paper_key(1)].party == "辛八"


def _told(one: Document) -> tuple[str, str, tuple[str, ...], str]:
    return one.party, one.text, one.forms, one.archival


def test_of_many_that_are_there_only_those_that_are_asked_for(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_documents, "MANY", 1)
    with home.reading() as connection:
        found = documents(connection, NAMES, DAY, [NUMBERS[4], NUMBERS[1]], set(), lambda _: None)
        assert [one.number for one in found] == [NUMBERS[1], NUMBERS[4]]


def _send_one_and_end(pipe: "Pipe[Any, Any]", home: Home, names: Names, today: date) -> None:
    """What a second process does that is killed after its first part."""
    with home.reading() as connection:
        keys = list(lacking(connection, 0, "", today))
        pipe.send_bytes(
            msgspec.msgpack.encode(list(documents(connection, names, today, keys[:3], set(), lambda _: None)))
        )
    os._exit(1)


@pytest.mark.parametrize("killed", [False, True])
def test_a_second_process_sends_the_same_and_what_it_leaves_is_read_here(
    home: Home, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_documents, "MANY", 1)
    if killed:
        monkeypatch.setattr(search_documents, "_send_all", _send_one_and_end)
    known, done, asked = set[str](), list[int](), list[list[str]]()
    others = set(multiprocessing.active_children())  # of other tests, in the same process
    read_here = search_documents.documents

    def documents_here(*given: Any) -> Iterator[Document]:
        asked.append(given[3])
        return read_here(*given)

    monkeypatch.setattr(search_documents, "documents", documents_here)
    with home.reading() as connection:
        keys = list(lacking(connection, 0, "", DAY))
        wanted = list(read_here(connection, NAMES, DAY, keys, set(), lambda _: None))
        made = list(every_document(home, connection, NAMES, DAY, keys, known, done.append))
    assert made == wanted
    assert known == {one.number for one in wanted}
    assert sum(done) == len(keys)
    left = [NUMBERS[0], *NUMBERS[3:], paper_key(1)] if killed else [NUMBERS[0], NUMBERS[3]]
    assert asked == [left]
    assert set(multiprocessing.active_children()) <= others


def test_an_engine_is_kept_but_no_connection(home: Home, tmp_path: Path) -> None:
    def names() -> list[str]:
        with home.reading() as connection:
            assert _opened(home)
            return list(connection.execute(select(tables.division.c.name)).scalars())

    one, other = (database.open_engine(home.catalogue, home.key, writing=False) for _ in range(2))
    assert one is other
    before = tmp_path / "before"
    shutil.copyfile(home.catalogue, before)
    with home.writing() as connection:
        connection.execute(update(tables.division).values(name="壮乡"))
    assert set(names()) == {"壮乡"}
    assert not _opened(home)
    before.replace(home.catalogue)  # as a restored archive's
    assert set(names()) == {"广西", "冲洞村"}
    with pytest.raises(WrongKey), Home(home.folder, home.key_file, bytes(32)).reading():
        pass
    assert not _opened(home)


def _opened(home: Home) -> list[str]:
    """The files of the catalogue that this process has open."""
    links = list(Path("/proc/self/fd").iterdir())
    found = [str(link.readlink()) for link in links if link.is_symlink()]
    return [path for path in found if path.startswith(str(home.catalogue.resolve()))]
