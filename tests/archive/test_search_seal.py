"""The search index in clear in memory only, sealed on disk: it comes back as it was, or is made anew."""

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from archive import pieces, search_seal
from archive.changes import mark_changed
from archive.home import Home, create_home
from archive.index.query import parse
from archive.journal import Actor
from archive.numbers import Number
from archive.search import Names, behind, search
from archive.search_seal import Seal
from tests.archive.test_states import OLD, keep

DAY, VILLAGE = date(2026, 4, 5), "451225100001"
NUMBERS = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, 5)]
NAMES = Names({VILLAGE: "冲洞村"}, {"service": "计划生育合同书"}, {"service": "01"})


@pytest.fixture(params=["tantivy", "whoosh"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Two contracts of 覃小明, indexed; two more that are not there yet."""
    monkeypatch.setenv("HUYUE_ENGINE", request.param)
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, Actor("甲", DAY))
    with home.writing() as connection:
        keep(connection, *(replace(OLD, number=number, key=number) for number in NUMBERS))
        mark_changed(connection, NUMBERS[:2])
    assert found(home) == NUMBERS[:2]
    return home


@pytest.fixture
def seal(home: Home) -> Seal:
    return Seal(home, os.environ["HUYUE_ENGINE"])


def found(home: Home) -> list[str]:
    hits = search(home, parse("覃小明"), "", NAMES, DAY, 0, 10).hits
    return [hit.standing.number for hit in hits if hit.standing is not None]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.stat().st_size and path.suffix != ".lock"
    }


def add(home: Home, number: str) -> None:
    with home.writing() as connection:
        mark_changed(connection, [number])


def test_no_name_stands_in_clear_in_the_archives_folder(home: Home, seal: Seal) -> None:
    clear = b"".join(contents(seal.clear).values())
    assert "覃".encode() in clear
    assert seal.clear.stat().st_mode & 0o77 == seal.base.parent.stat().st_mode & 0o77 == 0
    kept = [path.read_bytes() for path in home.index.rglob("*") if path.is_file()]
    assert kept
    for word in ("覃", "明", "冲", "tan", "qin"):
        assert not any(word.encode() in one for one in kept)


def test_after_the_power_was_off_it_comes_back_as_it_was(home: Home, seal: Seal) -> None:
    before = contents(seal.clear)
    shutil.rmtree(seal.base)
    assert behind(home, NAMES, DAY) == 0, "nothing is taken up anew"
    assert contents(seal.clear) == before
    assert found(home) == NUMBERS[:2]


def damage(seal: Seal, how: str) -> None:
    paths = sorted((path for path in seal.sealed.iterdir()), key=lambda path: path.stat().st_size)
    largest = paths[-1]
    match how:
        case "a byte":
            data = bytearray(largest.read_bytes())
            data[len(data) // 2] ^= 1
            largest.write_bytes(data)
        case "cut":
            largest.write_bytes(largest.read_bytes()[:-1])
        case "empty":
            largest.write_bytes(b"")
        case "exchanged":
            other = paths[-2].read_bytes()
            paths[-2].write_bytes(largest.read_bytes())
            largest.write_bytes(other)


@pytest.mark.parametrize("how", ["a byte", "cut", "empty", "exchanged"])
def test_what_does_not_open_is_made_anew(home: Home, seal: Seal, how: str) -> None:
    damage(seal, how)
    shutil.rmtree(seal.base)
    assert found(home) == NUMBERS[:2]
    before = contents(seal.clear)
    shutil.rmtree(seal.base)
    seal = Seal(home, seal.engine)
    seal.open()
    assert contents(seal.clear) == before, "and sealed again"


def test_another_key_makes_it_anew(home: Home, seal: Seal) -> None:
    other, before = Seal(Home(home.folder, home.key_file, bytes(32)), seal.engine), seal.base
    assert not other.exists
    assert other.base != before
    assert not seal.base.exists(), "what is in memory under the key before goes"
    other.clear.mkdir()
    (other.clear / "segment").write_bytes(b"under the new key")
    other.close()
    assert other.sealed.is_dir()
    assert not seal.sealed.exists()


def test_what_was_written_and_not_sealed_is_taken_up_again(
    home: Home, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Seal, "close", lambda self: None)  # killed between the two
    add(home, NUMBERS[2])
    assert found(home) == NUMBERS[:3]
    monkeypatch.undo()
    monkeypatch.setenv("HUYUE_ENGINE", seal.engine)
    assert behind(home, NAMES, DAY) == 1
    assert found(home) == NUMBERS[:3]


def test_an_archive_put_back_from_a_copy_is_not_searched_in_a_later_index(
    home: Home, seal: Seal, tmp_path: Path
) -> None:
    shutil.copytree(home.folder, tmp_path / "抄本")
    add(home, NUMBERS[2])
    assert found(home) == NUMBERS[:3]
    shutil.rmtree(home.folder)
    shutil.copytree(tmp_path / "抄本", home.folder)
    assert found(home) == NUMBERS[:2]


@pytest.fixture
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pieces, "PIECE", 64)
    yield


def test_files_of_any_size_come_back_and_a_lost_end_is_seen(few_bytes: None, home: Home) -> None:
    chance = random.Random(5)  # noqa: S311
    seal = Seal(home, "other")
    seal.clear.mkdir()
    for size in (1, 63, 64, 65, 127, 128, 129, 1000):
        (seal.clear / f"of {size}").write_bytes(chance.randbytes(size))
    before = contents(seal.clear)
    seal.close()
    assert seal._in_step()
    shutil.rmtree(seal.clear)
    seal.open()
    assert contents(seal.clear) == before
    (whole,) = seal.sealed.glob("of 128.*")
    whole.write_bytes(whole.read_bytes()[: 64 + pieces.EXTRA])
    shutil.rmtree(seal.clear)
    seal.open()
    assert not seal.exists


def test_a_folder_that_others_can_enter_is_not_used(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_seal, "MEMORY", tmp_path)
    own = tmp_path / f"huyue-{os.getuid()}"
    own.mkdir(mode=0o755)
    own.chmod(0o755)
    assert not Seal(home, "tantivy").is_sealed
    own.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    own.symlink_to(tmp_path / "elsewhere")
    assert not Seal(home, "tantivy").is_sealed
    own.unlink()
    assert Seal(home, "tantivy").is_sealed


def test_indexes_of_archives_that_are_gone_go(home: Home, seal: Seal, tmp_path: Path) -> None:
    other = create_home(tmp_path / "另一个", None, {"45": "广西"}, Actor("甲", DAY))
    assert Seal(other, seal.engine).base.is_dir()
    assert seal.base.is_dir()
    gone = seal.base
    shutil.rmtree(home.folder)
    third = create_home(tmp_path / "第三个", None, {"45": "广西"}, Actor("甲", DAY))
    assert Seal(third, seal.engine).base.is_dir()
    assert not gone.exists()
    assert Seal(other, seal.engine).base.is_dir()
