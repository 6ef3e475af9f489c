"""Backup and restore: every state comes back as it was, whatever happened meanwhile, and nothing half looks whole."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from pathlib import Path

import pytest
from sqlalchemy import select

from archive import backup as backing
from archive import journal, keys
from archive.backup import Made, backup, states
from archive.catalogue import tables
from archive.errors import BackupBusy, BackupInside, BackupNoRoom
from archive.home import Home, open_home
from archive.index.query import parse
from archive.rekey import change_key
from archive.restore import restore
from archive.search import Names, search
from archive.verify import unchecked
from tests.archive.papers import (
    LATER,
    B,
    actor,
    blobs_of,
    call,
    copied,
    file_sheets,
    look_over,
    made_archive,
    put,
    silent,
)
from tests.archive.test_states import A
from tests.conftest import FULL, Answer

Run = Callable[..., Answer]
TODAY = date.fromisoformat(LATER)


def kept(home: Home, disk: Path) -> Made:
    return backup(home, disk, TODAY, silent)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return made_archive(tmp_path_factory.mktemp("备份"))


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return copied(made, tmp_path)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return tmp_path / "盘" / "备份"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str | Path) -> Answer:
        return call(monkeypatch, "--json", *arguments)

    return run


def restored(run: Run, home: Home, disk: Path, target: Path, *more: str) -> tuple[Answer, Home]:
    """The archive brought back with its key, and what the command said."""
    shutil.copy(home.key_file, target.with_name(target.name + ".key"))
    answer = run("restore", disk, target, *more)
    return answer, open_home(target, None)


def brought_back(home: Home, disk: Path, target: Path, at: str = "") -> Home:
    """The archive as it was then, found sound."""
    done = restore(disk, target, home.key_file, home.key, at, actor(LATER), silent)
    with done.home.reading() as connection:
        assert unchecked(connection)[1] == "", "nothing on the new disk has been looked at"
    assert look_over(done.home).findings == []
    return done.home


def found_by(home: Home, typed: str) -> list[str]:
    found = search(home, parse(typed), typed, Names({}, {}), TODAY, 0, 10)
    return [hit.standing.number for hit in found.hits]


def rows_of(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the catalogue but the days of checks, and the entry that restoring adds."""
    with home.reading() as connection:
        rows = {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
            if table is not tables.blob
        }
        blob = tables.blob.c
        rows["blob"] = [
            tuple(row) for row in connection.execute(select(blob.name, blob.wrapped).order_by(blob.name))
        ]
    rows["journal"] = [row for row in rows["journal"] if "restore" not in row]
    return rows


def test_a_restored_archive_is_the_same_verifies_clean_and_answers_alike(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    home.recovery.write_text("the key under a recovery code")
    home.settings.write_text("# 本所的设置\n", encoding="utf-8")
    answer = run("--home", home.folder, "backup", disk)
    assert answer.status == 0, answer.out
    assert (answer.json["blobs"], answer.json["copied"], answer.json["lacking"]) == (4, 4, [])
    assert "密钥" not in answer.out and "同一个盘" in answer.err
    done, back = restored(run, home, disk, tmp_path / "新")
    assert (done.status, done.json["blobs"]) == (0, 4), done.out
    assert [one["code"] for one in done.json["findings"]] == ["index_behind"]
    assert done.json["never_checked"] == 0
    assert rows_of(back) == rows_of(home)
    assert blobs_of(back) == blobs_of(home)
    for typed in ("覃小明", "韦桂莲", "莫秋月", A):
        assert found_by(back, typed) == found_by(home, typed) != []
    assert back.recovery.read_bytes() == home.recovery.read_bytes()
    assert back.settings.read_bytes() == home.settings.read_bytes()
    with back.writing() as connection:
        *_, last = journal.entries(connection)
        assert (last.action, last.subject) == ("restore", answer.json["time"])
        assert journal.broken_at(connection) is None
    file_sheets(back, LATER, (B, 2, 7))
    assert run("--home", back.folder, "verify").status == 0


def test_nothing_of_the_key_or_of_anybody_is_readable_in_a_backup(home: Home, disk: Path) -> None:
    made = kept(home, disk)
    for name, data in files_of(disk).items():
        for secret in (
            home.key,
            home.key.hex().encode(),
            "覃小明".encode(),
            "莫秋月".encode(),
            b"SQLite format",
        ):
            assert secret not in data, name
    assert {path.stat().st_mode & 0o77 for path in disk.rglob("*") if path.is_dir()} == {0}
    manifest = json.loads((made.state.folder / "manifest.json").read_bytes())
    with home.reading() as connection:
        head = journal.head(connection)
    assert (manifest["entries"], manifest["root"], manifest["day"]) == (head.entries, head.root, head.day)
    stored = {path.name for path in (made.state.folder.parent / "blobs").rglob("*") if path.is_file()}
    assert set(manifest["blobs"]) == stored and manifest["count"] == len(stored) == 4


class Noon(datetime):
    """A clock that stands still, so that states are made within one second."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Noon":
        return cls(2026, 4, 5, 12, tzinfo=tz)


def test_only_what_is_new_is_copied_and_every_state_can_be_restored(
    home: Home, disk: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing, "datetime", Noon)
    first = kept(home, disk)
    store = first.state.folder.parent / "blobs"
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()}
    contents, rows = blobs_of(home), rows_of(home)
    again = kept(home, disk)
    file_sheets(home, LATER, (B, 2, 7))
    third = kept(home, disk)
    assert [one.copied for one in (first, again, third)] == [4, 0, 1]
    assert {path: path.stat().st_mtime_ns for path in before} == before, "what is there is not written again"
    listed = run("backup", "--list", disk).json["states"]
    times = [f"2026-04-05T120000{more}" for more in ("", "-2", "-3")]
    assert [one["time"] for one in listed] == [one.state.time for one in (first, again, third)] == times
    assert [one["blobs"] for one in listed] == [4, 4, 5]
    done, back = restored(run, home, disk, tmp_path / "早", "--at", first.state.time)
    assert (done.status, done.json["time"]) == (0, first.state.time) and "比这份备份更新" not in done.err
    assert (blobs_of(back), rows_of(back)) == (contents, rows)
    left = tmp_path / ".晚.restoring"  # by a restore that was killed
    left.mkdir()
    (left / "vault").write_text("half")
    assert rows_of(brought_back(home, disk, tmp_path / "晚")) == rows_of(home) and not left.exists()
    too_early = run("restore", disk, tmp_path / "早", "--at", "2020-01-01")
    assert too_early.json["error"]["code"] == "home_exists"
    shutil.copy(home.key_file, tmp_path / "空.key")
    too_early = run("restore", disk, tmp_path / "空", "--at", "2020-01-01")
    assert (too_early.status, too_early.json["error"]["code"]) == (2, "backup_lacking")
    day = run("restore", disk, tmp_path / "空", "--at", third.state.time[:10])
    assert day.json["time"] == third.state.time


def test_going_back_behind_the_head_beside_the_key_is_said_and_then_known(
    home: Home, disk: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUYUE_KEY_FILE", str(home.key_file))
    old = kept(home, disk)
    file_sheets(home, LATER, (B, 2, 7))
    kept(home, disk)
    done = call(monkeypatch, "restore", disk, tmp_path / "旧", "--at", old.state.time)
    assert done.status == 0 and "比这份备份更新" in done.err
    assert call(monkeypatch, "verify", "--home", tmp_path / "旧").status == 0
    assert call(monkeypatch, "verify", "--home", home.folder).status == 5, "two archives now claim to be one"


def test_a_wrong_key_no_key_no_backup_and_a_full_folder_are_told(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    kept(home, disk)
    target = tmp_path / "新"

    def said() -> tuple[int, str]:
        answer = run("restore", disk, target)
        assert not target.exists() and not list(tmp_path.glob(".新*"))
        return answer.status, answer.json["error"]["code"]

    assert said() == (5, "key_missing")
    (tmp_path / "新.key").write_text("12" * 32)
    assert said() == (5, "wrong_key")
    shutil.copy(home.key_file, tmp_path / "新.key")
    assert run("restore", tmp_path / "没有", target).json["error"]["code"] == "backup_lacking"
    target.mkdir()
    (target / "有.txt").write_text("别人的")
    full = run("restore", disk, target)
    assert (full.status, full.json["error"]["code"]) == (2, "home_exists")
    assert [path.read_text() for path in target.iterdir()] == ["别人的"]


def test_two_archives_on_one_disk_do_not_mix(home: Home, disk: Path, tmp_path: Path) -> None:
    (tmp_path / "乙").mkdir()
    other = made_archive(tmp_path / "乙")
    kept(other, disk)
    kept(home, disk)
    kept(other, disk)
    assert len({one.manifest.archive for one in states(disk)}) == 2
    for one in (home, other):
        assert rows_of(brought_back(one, disk, tmp_path / f"回{one.folder.parent.name}")) == rows_of(one)


def test_what_others_write_meanwhile_is_in_the_state_whole_or_not_at_all(
    home: Home, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, snapshot = rows_of(home), backing.snapshot

    def busy(home: Home, target: Path) -> None:
        with home.locked():  # a backup waits for no writer
            snapshot(home, target)
        file_sheets(home, LATER, (B, 2, 7))

    monkeypatch.setattr(backing, "snapshot", busy)
    assert kept(home, disk).state.manifest.count == 4
    assert rows_of(brought_back(home, disk, tmp_path / "新")) == before


def test_a_blob_written_anew_after_it_was_lost_is_kept_beside_the_first(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    first = kept(home, disk)
    name, content = max(blobs_of(home).items())
    (home.folder / "vault" / name[:2] / name).unlink()
    lacking = run("--home", home.folder, "backup", disk)
    assert (lacking.status, lacking.json["lacking"]) == (0, []), "the backup has it from before"
    with home.writing() as connection:
        assert home.vault(connection).put(connection, [content], LATER) == [name]
    assert kept(home, disk).copied == 1
    for at in (first.state.time, "9"):
        assert blobs_of(brought_back(home, disk, tmp_path / f"到{at}", at))[name] == content


def test_what_is_damaged_here_or_there_is_said_and_the_rest_is_kept(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    lost, spoilt, rotten, sound = sorted(blobs_of(home))
    (home.folder / "vault" / lost[:2] / lost).unlink()
    (home.folder / "vault" / spoilt[:2] / spoilt).write_bytes(b"HYV1 spoilt")
    answer = run("--home", home.folder, "backup", disk)
    assert (answer.status, answer.json["lacking"], answer.json["blobs"]) == (1, [lost, spoilt], 2)
    (path,) = disk.glob(f"*/blobs/{rotten[:2]}/{rotten}.*")
    path.write_bytes(path.read_bytes()[:-1])
    done, back = restored(run, home, disk, tmp_path / "新")
    assert (done.status, sorted(done.json["missing"])) == (5, [lost, spoilt, rotten])
    assert [name for name in (sound,) if back.folder.joinpath("vault", name[:2], name).is_file()] == [sound]


def test_where_a_backup_cannot_be_is_told_before_anything_is_copied(
    home: Home, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackupInside):
        kept(home, home.folder / "备份")
    made = kept(home, disk)
    with backing.locked(made.state.folder.parent), pytest.raises(BackupBusy):
        kept(home, disk)
    usage = shutil.disk_usage(disk)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=70 << 20))
    kept(home, disk)
    monkeypatch.setattr(backing, "OVERHEAD", 10 << 20)
    file_sheets(home, LATER, (B, 2, 7))
    with pytest.raises(BackupNoRoom) as told:
        kept(home, disk)
    assert "0.1 GB" in str(told.value)
    assert len(states(disk)) == 2


# The process kills itself where the system is about to open or rename a file of the disk for the n-th time, or
# writes more to one than a limit.
KILLED = """
import os, resource, signal, sys
from contextlib import nullcontext
from datetime import date, datetime, tzinfo
from pathlib import Path
from archive.backup import backup
from archive.home import open_home
home, disk, left, limit = open_home(Path(sys.argv[1]), None), Path(sys.argv[2]), *map(int, sys.argv[3:])
class Silent:
    def advance(self, count=1): ...
def hook(name, arguments):
    global left
    if name in ("open", "os.rename", "os.mkdir") and str(disk) in str(arguments[0]):
        left -= 1
        left or os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
backup(home, disk, date(2026, 4, 5), lambda total: nullcontext(Silent()))
print(-left)
"""


WHOLE = {"catalogue.db", "huyue.toml", "manifest.json"}


def killed_at(home: Home, disk: Path, moment: int, limit: int = 0) -> subprocess.CompletedProcess[bytes]:
    arguments = [sys.executable, "-c", KILLED, str(home.folder), str(disk), str(moment), str(limit)]
    return subprocess.run(arguments, cwd=Path(__file__).parents[2], capture_output=True)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have SIGKILL")
def test_killed_at_any_moment_the_next_backup_is_whole(home: Home, tmp_path: Path) -> None:
    moments = int(killed_at(home, tmp_path / "数", 0).stdout)
    assert moments > 20
    for moment in random.Random(4).sample(range(1, moments + 1), 30 if FULL else 1):  # noqa: S311
        disk = tmp_path / str(moment)
        assert killed_at(home, disk, moment).returncode == -signal.SIGKILL
        made = kept(home, disk)
        whole = states(disk)
        assert made.state in whole
        left = {path.name for path in made.state.folder.parent.iterdir()}
        assert left == {"blobs", "lock", *(one.time for one in whole)}
        for one in whole:
            assert {path.name for path in one.folder.iterdir()} == WHOLE
        assert not list(disk.rglob("*.part"))
        assert rows_of(brought_back(home, disk, tmp_path / f"回{moment}")) == rows_of(home)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have limits on files")
def test_killed_within_a_blob_the_next_backup_has_it_whole(home: Home, disk: Path, tmp_path: Path) -> None:
    put(home, b"long" * 1_000_000)
    assert look_over(home).status == 0
    assert killed_at(home, disk, 0, 3_000_000).returncode == -signal.SIGXFSZ
    (part,) = disk.rglob("*.part")
    assert part.stat().st_size == 3_000_000
    kept(home, disk)
    assert blobs_of(brought_back(home, disk, tmp_path / "新")) == blobs_of(home)
    assert not list(disk.rglob("*.part"))


def test_a_key_that_was_changed_opens_the_newer_states_only(
    home: Home, disk: Path, run: Run, tmp_path: Path
) -> None:
    old, before = tmp_path / "旧.key", kept(home, disk)
    shutil.copy(home.key_file, old)
    key = bytes(range(32))
    now = change_key(home, key, keys.written(key), actor(LATER), lambda _: None)
    assert kept(now, disk).copied == 0, "no blob is copied again for that"
    assert blobs_of(brought_back(now, disk, tmp_path / "新")) == blobs_of(now)
    assert run("restore", disk, tmp_path / "旧").json["error"]["code"] == "wrong_key"
    assert run("restore", disk, tmp_path / "旧", "--at", before.state.time).status == 0


def test_a_backup_of_an_older_copy_is_told(home: Home, disk: Path, run: Run) -> None:
    shutil.copytree(home.folder, home.folder.with_name("旧"))
    file_sheets(home, LATER, (B, 2, 7))
    assert run("--home", home.folder, "backup", disk).status == 0
    shutil.rmtree(home.folder)
    home.folder.with_name("旧").rename(home.folder)
    answer = run("--home", home.folder, "backup", disk)
    assert answer.status == 1 and "对不上" in answer.err
