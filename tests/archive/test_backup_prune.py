"""Making room in a backup: what goes is what was asked for, what stays can be restored, whenever it is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from archive import journal
from archive.backup import State, files_of, holding, locked, states
from archive.backup_prune import Keep, prune
from archive.destruction import carry_out
from archive.errors import BackupBusy
from archive.home import Home
from archive.restore import restore
from tests.archive.papers import B, actor, blob_of, call, copied, file_sheets, look_over, silent
from tests.archive.test_backup import WHOLE, kept, made
from tests.archive.test_disposal import DUE, approved
from tests.archive.test_states import A
from tests.conftest import FULL, Answer

Run = Callable[..., Answer]
__all__ = ["made"]  # a fixture


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return copied(made, tmp_path)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return tmp_path / "盘" / "备份"


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str | Path, today: str = DUE) -> Answer:
        return call(monkeypatch, "--json", "--home", home.folder, *arguments, today=today)

    return run


def grown(home: Home, disk: Path, days: int = 4) -> list[State]:
    """A backup of a state a day: each time a contract's paper has another version, hence another blob."""
    made = [kept(home, disk).state]
    for day in range(1, days):
        file_sheets(home, "2026-04-05", (B, 2, 4 + day))
        made.append(kept(home, disk).state)
    for at, one in enumerate(made):  # as if days had gone by between them
        path = one.folder.with_name(f"2026-04-0{at + 1}T120000")
        one.folder.rename(path)
        said = json.loads((path / "manifest.json").read_bytes())
        said |= {"at": f"2026-04-0{at + 1}T12:00:00+08:00", "today": f"2026-04-0{at + 1}"}
        (path / "manifest.json").write_text(json.dumps(said))
    return states(disk)


def times(found: list[State]) -> list[str]:
    return [one.time[8:10] for one in found]


def stored(disk: Path) -> set[str]:
    return {path.name for path in disk.glob("*/blobs/*/*")}


def test_the_newest_stay_with_just_the_blobs_that_they_need(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    first, second = grown(home, disk, 2)
    carry_out(
        home, approved(home, A), actor(DUE)
    )  # else a blob that one state needs, every later one needs as well
    third, last = kept(home, disk).state, kept(home, disk).state
    everything = stored(disk)
    size = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file())
    tried = run("backup", "--prune", disk, "--keep", "2", "--dry-run")
    assert (tried.status, tried.json["gone"]) == (0, [first.time, second.time])
    assert stored(disk) == everything and len(states(disk)) == 4
    needed = {*files_of(third), *files_of(last)}
    done = run("backup", "--prune", disk, "--keep", "2")
    assert done.json == tried.json and done.json["blobs"] == len(everything - needed) == 2
    assert stored(disk) == needed
    left = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file())
    assert size - left == done.json["bytes"]
    for one in (third, last):
        back = restore(disk, tmp_path / one.time, home.key_file, home.key, one.time, actor(DUE), silent)
        assert look_over(back.home).findings == [] and back.recreated == 0
    with home.reading() as connection:
        *_, entry = journal.entries(connection)
        assert (entry.action, json.loads(entry.detail)) == (
            "backup_prune", {"states": 2, "blobs": 2, "destroyed": False},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ([], "01 02 03 04"),
        (["--keep", "9"], "01 02 03 04"),
        (["--keep", "1"], "04"),
        (["--keep-days", "1"], "03 04"),
        (["--keep-days", "0"], "04"),
        (["--keep", "3", "--keep-days", "1"], "03 04"),
        (["--destroyed"], "01 02 03 04"),
    ],
    ids=" ".join,
)
def test_the_rules_choose_and_the_newest_always_stays(
    home: Home, disk: Path, run: Run, options: list[str], left: str
) -> None:
    grown(home, disk)
    assert run("backup", "--prune", disk, *options, today="2026-04-04").status == 0
    assert " ".join(times(states(disk))) == left
    run("backup", "--prune", disk, *options, today="2036-04-04")
    assert times(states(disk))[-1] == "04"


def test_the_folder_of_the_archive_itself_may_be_given_and_another_archive_is_left_alone(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    grown(home, disk, 2)
    base = states(disk)[0].folder.parent
    other = disk / ("0" * 12)
    shutil.copytree(base, other)
    assert run("backup", "--prune", base, "--keep", "1").json["gone"] == ["2026-04-01T120000"]
    assert len(states(other)) == 2 and len(states(base)) == 1
    for nothing in (tmp_path / "没有", other):
        answer = run("backup", "--prune", nothing, "--keep", "1")
        assert (answer.status, answer.json["error"]["code"]) == (2, "backup_lacking")
    assert run("backup", disk, "--keep", "1").status == run("backup", "--list", "--prune", disk).status == 2


def test_states_that_still_hold_what_was_destroyed_are_named_and_go(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    grown(home, disk, 2)
    first = run("backup", disk)
    assert first.json["holding_destroyed"] == [] and "销毁" not in first.err
    gone = blob_of(home, A).name
    carry_out(home, approved(home, A), actor(DUE))
    early = run("backup", "--prune", disk, "--destroyed")
    assert early.json["gone"] == ["2026-04-01T120000", "2026-04-02T120000"]
    assert (early.status, early.json["holding_destroyed"]) == (1, [first.json["time"]])
    assert "先再备份一次" in early.err, "the newest stays until there is another"
    said = run("backup", disk)
    assert said.status == 0 and said.json["holding_destroyed"] == [first.json["time"]]
    assert first.json["time"] in said.err and "--destroyed" in said.err
    tried = run("backup", "--prune", disk, "--destroyed", "--dry-run")
    assert (tried.status, tried.json["gone"]) == (0, [first.json["time"]])
    assert run("backup", "--prune", disk).status == 1, "they are named whatever else is asked for"
    assert any(name.startswith(gone) for name in stored(disk))
    done = run("backup", "--prune", disk, "--destroyed")
    assert (done.status, done.json["holding_destroyed"]) == (0, [])
    assert not any(name.startswith(gone) for name in stored(disk))
    (left,) = states(disk)
    assert list(holding([left], frozenset({gone}))) == []
    back = restore(disk, tmp_path / "新", home.key_file, home.key, "", actor(DUE), silent)
    assert look_over(back.home).findings == [] and back.recreated == 0


def test_restoring_a_state_from_before_says_what_it_brought_back(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    first = kept(home, disk).state
    carry_out(home, approved(home, A), actor(DUE))
    kept(home, disk)
    target = tmp_path / "旧"
    shutil.copy(home.key_file, target.with_name("旧.key"))
    back = run("restore", disk, target, "--at", first.time)
    assert back.status == 1 and back.json["recreated"] == {"blobs": 2, "disposals": [1]}
    assert f"第 1 号（{DUE}）" in back.err
    newest = tmp_path / "新"
    shutil.copy(home.key_file, newest.with_name("新.key"))
    assert run("restore", disk, newest).json["recreated"] == {"blobs": 0, "disposals": []}


def test_what_cannot_be_read_may_need_any_blob_so_none_goes(home: Home, disk: Path, run: Run) -> None:
    first, *_ = grown(home, disk)
    manifest = first.folder / "manifest.json"
    whole, everything = manifest.read_bytes(), stored(disk)
    shortened = msgspec.json.decode(whole)
    del shortened["blobs"]
    for spoilt in (b"", whole[:-3], msgspec.json.encode(shortened)):
        manifest.write_bytes(spoilt)
        answer = run("backup", "--prune", disk, "--keep-days", "9", today="2026-04-04")
        assert (answer.status, answer.json["error"]["code"]) == (2, "backup_unreadable")
        assert first.time in answer.json["error"]["file"]
        assert stored(disk) == everything
    shutil.rmtree(first.folder)
    assert run("backup", "--prune", disk).json["blobs"] == 0, "the next state needs what the first had"


def test_nobody_prunes_while_a_backup_is_made(home: Home, disk: Path) -> None:
    first, *_ = grown(home, disk, 2)
    with locked(first.folder.parent), pytest.raises(BackupBusy):
        prune(home, disk, Keep(newest=1), date(2026, 4, 5), silent)
    assert len(states(disk)) == 2


def test_what_a_killed_backup_left_goes_and_the_next_backup_is_whole(
    home: Home, disk: Path, run: Run
) -> None:
    first, *_ = grown(home, disk, 2)
    shard = next((first.folder.parent / "blobs").iterdir())
    (shard / "half.part").write_bytes(b"x")
    (first.folder.parent / "making").mkdir()
    assert run("backup", "--prune", disk).json["blobs"] == 1
    assert run("backup", disk).status == 0
    assert {path.name for path in first.folder.parent.iterdir()} == {
        "blobs", "lock", *(one.time for one in states(disk)),
    }  # fmt: skip


# The process kills itself where the system is about to rename or remove something of the disk for the n-th time.
KILLED = """
import os, signal, sys
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from archive.backup_prune import Keep, prune
from archive.home import open_home
home, disk, left = open_home(Path(sys.argv[1]), None), Path(sys.argv[2]), int(sys.argv[3])
class Silent:
    def advance(self, count=1): ...
def hook(name, arguments):
    global left
    if name in ("os.rename", "os.remove", "os.rmdir"):
        left -= 1
        left or os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
prune(home, disk, Keep(newest=1), date(2026, 4, 5), lambda total: nullcontext(Silent()))
print(-left)
"""


def killed_at(home: Home, disk: Path, moment: int) -> subprocess.CompletedProcess[bytes]:
    arguments = [sys.executable, "-c", KILLED, str(home.folder), str(disk), str(moment)]
    return subprocess.run(arguments, cwd=Path(__file__).parents[2], capture_output=True)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have SIGKILL")
def test_killed_at_any_moment_every_state_there_is_whole_and_again_finishes(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    grown(home, disk, 2)
    carry_out(home, approved(home, A), actor(DUE))
    kept(home, disk)
    whole = tmp_path / "整"
    shutil.copytree(disk, whole)
    moments = int(killed_at(home, disk, 0).stdout)
    finished = stored(disk)
    assert moments > 8
    for moment in range(1 if FULL else 2, moments + 1, 1 if FULL else 9):
        shutil.rmtree(disk)
        shutil.copytree(whole, disk)
        assert killed_at(home, disk, moment).returncode == -signal.SIGKILL
        for one in states(disk):
            assert {path.name for path in one.folder.iterdir()} == WHOLE
            assert set(files_of(one)) <= stored(disk)
            back = restore(
                disk, tmp_path / f"{moment}-{one.time}", home.key_file, home.key, one.time, actor(DUE), silent
            )
            assert look_over(back.home).findings == []
        assert run("backup", "--prune", disk, "--keep", "1").status == 0
        assert stored(disk) == finished
        assert not (states(disk)[0].folder.parent / "removing").exists()
