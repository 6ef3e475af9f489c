"""Verify among other work: by slices, while others file, killed, with another command writing; what it notes stays."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from archive.catalogue import tables
from archive.errors import Code
from archive.home import Home, open_home
from archive.vault import Vault
from archive.verify import Part
from tests.archive.papers import LATER, B, blob_of, call, change, copied, look_over, made_archive, put
from tests.conftest import Answer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return made_archive(tmp_path_factory.mktemp("核对"))


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return copied(made, tmp_path)


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    def run(*arguments: str, today: str = LATER) -> Answer:
        return call(monkeypatch, "--home", home.folder, "--json", "verify", *arguments, today=today)

    return run


def checked(home: Home) -> dict[str, str | None]:
    """When each blob was last found sound."""
    with home.reading() as connection:
        table = tables.blob
        return {
            row.name: row.checked_on for row in connection.execute(select(table.c.name, table.c.checked_on))
        }


def test_each_blob_is_in_one_slice_of_any_number_and_stays_in_it(home: Home) -> None:
    put(home, *(str(number).encode() for number in range(40)))
    before: dict[str, int] = {}
    for of in (1, 2, 3, 7, 1000):
        seen: Counter[str] = Counter()
        for number in (
            range(1, of + 1)
            if of < 1000
            else [int(int(name[:8], 16) * 1000 >> 32) + 1 for name in checked(home)]
        ):
            with home.reading() as connection:
                query = select(tables.blob.c.name).where(Part(number, of).holds())
                names = connection.execute(query).scalars().all()
            if of == 7:
                before |= dict.fromkeys(names, number)
            seen.update(set(names) if of < 1000 else {name for name in names if name not in seen})
        assert seen == Counter(checked(home).keys()), of
    put(home, *(str(number).encode() for number in range(40, 90)))
    with home.reading() as connection:
        for number in range(1, 8):
            now = connection.execute(select(tables.blob.c.name).where(Part(number, 7).holds())).scalars()
            assert all(before.get(name, number) == number for name in now)


def test_a_slice_looks_at_its_blobs_and_what_is_sound_is_noted_with_the_day(
    home: Home, run: Callable[..., Answer]
) -> None:
    names = put(home, *(str(number).encode() for number in range(30)))
    sound = next(name for name in names if name[0] not in "89abcdef")
    spoilt = next(name for name in names if name[0] not in "89abcdef" and name != sound)
    with home.reading() as connection:
        spoilt_path = home.vault(connection).path(spoilt)
    change(spoilt_path)
    first = run("--slice", "1/2", today="2026-05-01")
    assert (first.status, first.json["damaged"], first.json["missing"]) == (5, [spoilt], [])
    days = checked(home)
    assert days[sound] == "2026-05-01" and days[spoilt] is None
    assert {name[0] in "89abcdef" for name, day in days.items() if day == "2026-05-01"} == {False}
    assert first.json["blobs"] == sum(name[0] not in "89abcdef" for name in days)
    assert first.json["never_checked"] == sum(day is None for day in days.values()) > 1
    change(spoilt_path)
    second = run("--slice", "2/2", today="2026-05-02")
    assert (second.status, second.json["never_checked"]) == (0, 1), (
        "the one that was spoilt is in the first half"
    )
    assert first.json["blobs"] + second.json["blobs"] == len(days)
    third = run(today="2026-05-03")
    assert (third.status, third.json["never_checked"], third.json["checked_since"]) == (0, 0, "2026-05-03")


@pytest.mark.parametrize("wrong", ["0/2", "3/2", "x/2", "1", "1/", "1/1001", "²/3", "-1/2"])
def test_what_is_no_slice_is_wrong_usage(run: Callable[..., Answer], wrong: str) -> None:
    answer = run(f"--slice={wrong}")
    assert (answer.status, answer.json["error"]["code"]) == (2, "wrong_usage")


def test_others_file_while_verify_reads(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = blob_of(home, B)
    kept = lost.read_bytes()

    def meanwhile(sealed: Vault, name: str) -> bytes:
        """After its row was read, a blob is lost and written anew; others are filed."""
        monkeypatch.undo()
        with home.reading() as connection:
            content = home.vault(connection).get(connection, lost.name)
        lost.unlink()
        put(home, content, b"filed meanwhile")
        assert lost.read_bytes() != kept
        return sealed.sealed(name)

    monkeypatch.setattr(Vault, "sealed", meanwhile)
    assert look_over(home).findings == []


def _hold(
    folder: Path, holding: "multiprocessing.synchronize.Event", enough: "multiprocessing.synchronize.Event"
) -> None:

    with open_home(folder, None).locked():
        holding.set()
        enough.wait(60)


def test_while_another_command_writes_all_is_looked_at_and_nothing_noted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, b"new")
    stranger = blob_of(home, B).with_name("Thumbs.db")
    stranger.write_bytes(b"x")
    context = multiprocessing.get_context("spawn")
    holding, enough = context.Event(), context.Event()
    writer = context.Process(target=_hold, args=(home.folder, holding, enough))
    writer.start()
    try:
        assert holding.wait(60)
        locked = Home.locked
        monkeypatch.setattr(Home, "locked", lambda self, seconds=0: locked(self, 0))
        found = look_over(home)
    finally:
        enough.set()
        writer.join()
    assert (found.status, [one.code for one in found.findings], found.blobs) == (
        1,
        [Code.BUSY],
        len(checked(home)),
    )
    assert stranger.is_file() and None in checked(home).values()
    monkeypatch.undo()
    assert [one.code for one in look_over(home).findings] == [Code.BLOB_UNKNOWN]


KILLED = """
import os, signal, sys
from contextlib import nullcontext
from pathlib import Path
from archive import verify as verifying
from archive.home import open_home
verifying.CHUNK, verifying.NOTED = 5, 10
home, left = open_home(Path(sys.argv[1]), None), int(sys.argv[2])
class Counter:
    def advance(self, count=1):
        global left
        left -= count
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
verifying.verify(home, verifying.Part(), "2026-06-01", lambda total: nullcontext(Counter()))
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have SIGKILL")
def test_what_a_killed_verify_found_sound_stays_noted(home: Home) -> None:
    put(home, *(str(number).encode() for number in range(40)))
    arguments = [sys.executable, "-c", KILLED, str(home.folder), "30"]
    done = subprocess.run(arguments, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE)
    assert done.returncode == -signal.SIGKILL, done.stderr
    noted = sorted(name for name, day in checked(home).items() if day == "2026-06-01")
    assert noted == sorted(checked(home))[: len(noted)] and 20 <= len(noted) <= 30
    assert look_over(home).status == 0
