"""Watching folders: what is whole is taken in, once; what is still being written waits; nothing is left out."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from archive.catalogue import tables
from archive.errors import ArchiveLocked
from archive.home import Home, create_home, open_home
from archive.journal import Actor
from pipeline.commands.intake import _kept_in
from pipeline.errors import ScanMissing
from pipeline.intake import opening, run
from pipeline.intake import watch as watching
from pipeline.intake.files import Opened, ScanFile, list_files
from pipeline.intake.receipt import receipts
from pipeline.intake.taken import Taken
from pipeline.intake.watch import Watched, watch
from tests.conftest import HUYUE

ACTOR = Actor("经办人甲", date(2026, 4, 5))


class Desk:
    """A watched folder beside an archive; `opened` are the names of files opened, round by round."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home: Home = create_home(folder / "档案库", None, {"45": "广西"}, ACTOR)
        self.scans = folder / "扫描件"
        self.scans.mkdir()
        self.said: list[str] = []
        self.rounds: list[Taken] = []
        self.opened: list[list[str]] = []
        monkeypatch.setattr(run, "open_files", self._open)

    def _open(self, files: list[ScanFile], staging: Path) -> list[tuple[ScanFile, Opened]]:
        self.opened.append([file.name for file in files])
        return opening.open_files(files, staging)

    def page(self, name: str, wide: int = 80) -> Path:
        path = self.scans / name
        path.parent.mkdir(exist_ok=True)
        Image.new("1", (wide, 120), 1).save(path, "PNG")
        return path

    def watch(self, *steps: Callable[[], object]) -> None:
        """Watch; between looks, what happens meanwhile; Ctrl-C after the last."""
        happening = iter(steps)

        def wait() -> None:
            step = next(happening, None)
            if step is None:
                raise KeyboardInterrupt
            step()

        with pytest.raises(KeyboardInterrupt):
            watch(self.home, Watched([self.scans], self.said.append), lambda: ACTOR, wait, self.rounds.append)

    def names(self) -> list[str]:
        with self.home.reading() as connection:
            return list(connection.execute(select(tables.scan_file.c.name)).scalars())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def nothing() -> None:
    """Time goes by."""


def test_what_lies_there_is_taken_in_and_then_what_comes_each_once(desk: Desk) -> None:
    desk.page("一.png")
    desk.watch(nothing, nothing, lambda: desk.page("四月/二.png", 81), nothing, nothing, nothing)
    assert desk.opened == [["一.png"], ["四月/二.png"]]
    assert [(len(taken.files), taken.outcomes["blank"], taken.receipt) for taken in desk.rounds] == [
        (1, 1, 1),
        (1, 1, 2),
    ]
    with desk.home.reading() as connection:
        assert [one.counts["pages"] for one in receipts(connection)] == [1, 1]


def test_a_file_is_not_taken_while_it_grows_or_has_a_name_of_one_that_is_written(desk: Desk) -> None:
    whole = desk.page("一.png").read_bytes()
    growing = desk.scans / "长.png"
    for name in ("一.png.part", "一.tmp", "~$一.png", "一.PNG.crdownload", ".隐藏.png"):
        (desk.scans / name).write_bytes(whole)

    def write(size: int) -> Callable[[], object]:
        return lambda: growing.write_bytes(whole[:size])

    desk.watch(write(20), write(40), write(len(whole)), nothing, nothing)
    assert desk.opened == [["一.png"], ["长.png"]]
    assert not desk.rounds[1].rejected
    (desk.scans / "一.tmp").rename(desk.scans / "改好名.png")
    desk.watch(nothing)
    assert "改好名.png" in desk.names()


def test_a_file_of_the_same_size_that_was_touched_waits_another_look(desk: Desk) -> None:
    path, times = desk.page("一.png"), iter(range(1, 9))

    def touch() -> None:
        os.utime(path, ns=(0, next(times)))

    desk.watch(touch, touch, touch)
    assert desk.opened == []
    desk.watch(touch, nothing)
    assert desk.opened == [["一.png"]]


def test_a_file_that_changes_later_under_its_name_is_a_new_file(desk: Desk) -> None:
    desk.page("一.png")
    desk.watch(nothing, lambda: desk.page("一.png", 99), nothing)
    assert desk.opened == [["一.png"], ["一.png"]]
    assert desk.names() == ["一.png", "一.png"]


def test_a_folder_that_vanishes_is_said_once_and_waited_for_and_nothing_is_read_again(desk: Desk) -> None:
    away = desk.scans.with_name("拔了")
    desk.page("一.png")
    desk.watch(
        nothing,
        lambda: desk.scans.rename(away),
        nothing,
        nothing,
        lambda: away.rename(desk.scans),
        lambda: desk.page("二.png", 81),
        nothing,
        nothing,
    )
    assert desk.opened == [["一.png"], ["二.png"]]
    assert len(desk.said) == 2
    assert "找不到" in desk.said[0]
    assert str(desk.scans) in desk.said[0]
    assert "又有了" in desk.said[1]


def test_a_folder_that_vanishes_while_it_is_looked_at_ends_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.page("一.png")
    troubles = iter([True, False, False])

    def listed(paths: list[Path]) -> list[ScanFile]:
        if next(troubles, False):
            raise ScanMissing(file=paths[0])
        return list_files(paths)

    monkeypatch.setattr(watching, "list_files", listed)
    desk.watch(nothing, nothing, nothing)
    assert desk.names() == ["一.png"]
    assert len(desk.said) == 1


def test_a_folder_that_is_not_there_yet_is_waited_for(desk: Desk) -> None:
    desk.scans.rmdir()
    desk.watch(nothing, desk.scans.mkdir, lambda: desk.page("一.png"), nothing)
    assert desk.names() == ["一.png"]


@pytest.mark.parametrize("trouble", [OSError(5, "I/O"), ArchiveLocked(file="档案库", seconds=30)])
def test_trouble_is_told_once_and_the_round_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    troubles: Iterator[Exception | None] = iter([trouble, trouble, None])

    def take_in(home: Home, files: list[ScanFile], actor: Actor) -> Taken:
        if (problem := next(troubles)) is not None:
            raise problem
        return run.take_in(home, files, actor)

    monkeypatch.setattr(watching, "take_in", take_in)
    desk.page("一.png")
    desk.watch(nothing, nothing, nothing, nothing)
    assert desk.names() == ["一.png"]
    assert len(desk.said) == 1


def test_the_lock_is_free_while_nothing_is_taken_in(desk: Desk) -> None:
    desk.page("一.png")
    held: list[bool] = []

    def try_it() -> None:
        with open_home(desk.home.folder, None).locked(seconds=0):
            held.append(True)

    desk.watch(try_it, try_it)
    assert held == [True, True]


def test_ctrl_c_ends_watching_and_what_was_taken_in_stays(tmp_path: Path, desk: Desk) -> None:
    desk.page("一.png")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    command: list[str | Path] = [HUYUE, "--home", desk.home.folder, "intake", "--watch", desk.scans]
    with subprocess.Popen(
        [*command, "--seconds", "0.1", "--receipt", tmp_path / "单"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "归档 0 页" in line:
                break
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert process.returncode == 130
    assert len(lines) == 2, lines
    assert "1 个文件，1 页：归档 0 页" in lines[1]
    assert str(tmp_path / "单") in lines[1]
    assert desk.names() == ["一.png"]
    assert sorted(path.suffix for path in (tmp_path / "单").iterdir()) == [".json", ".xlsx"]
    assert not (desk.home.folder / "staging").exists()


def test_a_receipt_that_cannot_be_written_is_told_in_the_rounds_line(tmp_path: Path, desk: Desk) -> None:
    desk.page("一.png")
    (tmp_path / "单").write_text("这里有个文件")
    taken = run.take_in(desk.home, list_files([desk.scans]), ACTOR)
    assert "没能另存到" in _kept_in(desk.home, taken, tmp_path / "单")


def test_only_folders_are_watched(desk: Desk) -> None:
    done = subprocess.run(
        [HUYUE, "--home", desk.home.folder, "intake", "--watch", desk.page("一.png")],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 2
    shutil.rmtree(desk.scans)
