"""An index of another dictionary or schema is searched in until it is made anew, beside it; killed, it is begun anew."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from archive.changes import mark_changed
from archive.home import Home, create_home
from archive.index.engine import SCHEMA, STAMP, Engine
from archive.index.query import parse
from archive.journal import Actor
from archive.numbers import Number
from archive.search import Names, behind, catch_up, engine_name, is_outdated, rebuild, renew, search
from archive.search_place import FOREVER, Place, make_anew, with_engine
from archive.search_seal import WHOSE, Seal
from tests.archive.papers import call
from tests.archive.test_states import OLD, VILLAGE, keep
from tests.conftest import index_in_clear

DAY = date(2026, 3, 5)
NUMBERS = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, 4)]
NAMES = Names({VILLAGE: "冲洞村"}, {"service": "计划生育合同书"}, {"service": "01"})
OTHER = Names({VILLAGE: "冲洞村", "451225100002": "上寨村"}, {"service": "计划生育合同书"}, {"service": "01"})


@pytest.fixture(params=["tantivy", "whoosh"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Three contracts, two of them indexed."""
    monkeypatch.setenv("HUYUE_ENGINE", request.param)
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, Actor("甲", DAY))
    with home.writing() as connection:
        keep(connection, *(replace(OLD, number=number, key=number) for number in NUMBERS))
        mark_changed(connection, NUMBERS[:2])
    assert found(home, NAMES) == NUMBERS[:2]
    with home.writing() as connection:
        mark_changed(connection, NUMBERS[2:])
    yield home
    engine = str(request.param)
    left = {path.name for path in (*home.index.iterdir(), *index_in_clear(home, engine).parent.iterdir())}
    locks = {f".{engine}.lock", f".{engine}.seal", WHOSE}
    assert left - locks == {engine, Seal(home, engine).sealed.name}, "nothing is left beside the index"


def found(home: Home, names: Names) -> list[str]:
    return [hit.standing.number for hit in search(home, parse("覃小明"), "", names, DAY, 0, 10).hits]


def ignored(_: int) -> None:
    pass


def folder_of(home: Home) -> Path:
    return index_in_clear(home, engine_name())


def test_the_old_one_answers_until_the_new_one_is_in_its_place(home: Home) -> None:
    assert not is_outdated(home, NAMES)
    assert is_outdated(home, OTHER)
    answer = search(home, parse("覃小明"), "", OTHER, DAY, 0, 10)
    assert (answer.total, answer.behind) == (2, 1)
    with home.locked():
        assert found(home, OTHER) == NUMBERS[:2]
    left = folder_of(home).with_name(f".{engine_name()}.new")
    left.mkdir()
    (left / STAMP).write_text("of something else")
    assert renew(home, OTHER, DAY, ignored)
    assert not is_outdated(home, OTHER)
    assert not renew(home, OTHER, DAY, ignored)
    assert found(home, OTHER) == NUMBERS
    assert behind(home, OTHER, DAY) == 0


def test_searches_go_on_while_it_is_made_and_what_changes_meanwhile_is_in_it(home: Home) -> None:
    place = Place(home, folder_of(home).name, OTHER.words)
    seen: list[list[str]] = []

    def fill(engine: Engine) -> None:
        seen.append(found(home, OTHER))
        with home.writing() as connection:  # nobody is kept from writing, but at the end
            mark_changed(connection, NUMBERS)
        with_engine(place, lambda _, writable: seen.append([str(writable)]))
        engine.set_marker("")

    assert make_anew(place, fill, lambda: True, FOREVER)
    assert seen == [NUMBERS[:2], ["False"], NUMBERS[:2], ["False"]]
    assert found(home, OTHER) == NUMBERS


def test_an_old_one_that_lacks_most_is_made_anew_before_it_is_asked(home: Home) -> None:
    assert search(home, parse("覃小明"), "", NAMES, date(2026, 2, 1), 0, 10).total == 0, "not planned by then"
    assert found(home, OTHER) == NUMBERS


def test_verify_and_rebuild_leave_a_new_one(home: Home) -> None:
    assert catch_up(home, OTHER, DAY, ignored) == 3
    assert not is_outdated(home, OTHER)
    assert rebuild(home, NAMES, DAY, ignored) == 3
    assert not is_outdated(home, NAMES)
    assert catch_up(home, NAMES, DAY, ignored) == 0


def test_an_index_of_the_schema_before_is_searched_in_too(home: Home) -> None:
    stamp = folder_of(home) / STAMP
    stamp.write_text(
        stamp.read_text(encoding="utf-8").replace(f" {SCHEMA} ", f" {SCHEMA - 1} "), encoding="utf-8"
    )
    Seal(home, engine_name()).close()
    assert is_outdated(home, NAMES)
    assert found(home, NAMES) == NUMBERS[:2]
    stamp.write_text(stamp.read_text(encoding="utf-8").replace(f" {SCHEMA - 1} ", " 1 "), encoding="utf-8")
    Seal(home, engine_name()).close()
    assert not is_outdated(home, NAMES), "one of long ago is begun anew"
    assert found(home, NAMES) == NUMBERS


def test_two_at_once_make_one(home: Home) -> None:
    made: list[bool] = []
    place = Place(home, folder_of(home).name, OTHER.words)
    filling, go_on = threading.Event(), threading.Event()

    def fill(engine: Engine) -> None:
        filling.set()
        assert go_on.wait(20)
        engine.set_marker("")

    first = threading.Thread(
        target=lambda: made.append(make_anew(place, fill, lambda: is_outdated(home, OTHER), FOREVER))
    )
    first.start()
    assert filling.wait(20)
    assert not renew(home, OTHER, DAY, ignored), "a search does not wait for it"
    second = threading.Thread(
        target=lambda: made.append(make_anew(place, fill, lambda: is_outdated(home, OTHER), FOREVER))
    )
    second.start()
    go_on.set()
    first.join()
    second.join()
    assert sorted(made) == [False, True]


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from archive import search_place
from archive.home import open_home
from archive.search import renew
from tests.archive.test_search_renewed import DAY, OTHER
moment = sys.argv[2]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
rename = Path.rename
def renamed(self, target):
    if moment == "before the swap" and self.name.endswith(".new"):
        die()
    result = rename(self, target)
    if moment == "in the swap" and str(target).endswith(".retired"):
        die()
    return result
Path.rename = renamed
home = open_home(Path(sys.argv[1]), None)
renew(home, OTHER, DAY, die if moment == "while it is filled" else lambda _: None)
"""


@pytest.mark.parametrize("moment", ["while it is filled", "before the swap", "in the swap"])
@pytest.mark.parametrize("home", ["tantivy"], indirect=True)
def test_one_that_was_killed_is_begun_anew(home: Home, moment: str) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, home.folder, moment])
    assert killed.returncode == -9
    assert found(home, OTHER) == NUMBERS[:2], "the old one is there"
    assert renew(home, OTHER, DAY, ignored)
    assert found(home, OTHER) == NUMBERS


def test_the_command_answers_first_and_then_makes_it_anew(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("--home", home.folder, "--today", DAY.isoformat(), "search", "覃小明", "--json")
    first, second = (call(monkeypatch, *command) for _ in range(2))
    assert (first.json["total"], second.json["total"]) == (2, 3)
    assert "正在重做索引" in first.err
    assert "正在重做索引" not in second.err
