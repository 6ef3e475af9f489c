"""What is nobody's fault: workers killed, files gone or changed meanwhile, odd errors. No page is given up for it."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import pytest
from PIL import Image

from archive.errors import ArchiveDamaged
from archive.home import open_home
from archive.journal import Actor
from pipeline import cli, pool
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.scanner import sign_and_scan
from pipeline.intake import opening, reading, run
from pipeline.intake.files import Code, Opened, ScanFile, list_files, open_file
from pipeline.intake.identify import first_codes as codes_right
from pipeline.intake.reading import Job, Kind, PageRead
from pipeline.intake.run import PAGES_A_GROUP
from tests.main_job.test_closing import BACK, Hamlet, printed_hamlet
from tests.main_job.test_intake_files import COUNTS, outcomes

TODAY = date.fromisoformat(BACK)


def slow_or_deadly(item: str) -> str:
    """Ends its process if it is named so, else takes longer than another's death does."""
    if item == "deadly":
        os._exit(9)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 400_000)
    return item


def given_up(item: str) -> str:
    return f"lost {item}"


@pytest.mark.parametrize("deadly", [0, 1, 3])
def test_only_the_item_that_kills_its_worker_is_blamed(deadly: int) -> None:
    items = ["a", "b", "c", "d", "e"]
    items[deadly] = "deadly"
    expected = [f"lost {item}" if item == "deadly" else item for item in items]
    assert list(pool.ordered(slow_or_deadly, items, 2, given_up)) == expected


def open_or_die(task: Any) -> Opened:
    slow_or_deadly("deadly" if task.path.name == "炸.pdf" else task.path.name)
    return open_file(task.path)


def test_a_file_that_crashes_at_opening_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("一.png", "炸.pdf", "终.png"):
        Image.new("L", (80, 120), 255).save(tmp_path / name, "PNG")
    monkeypatch.setattr(opening, "look_in_worker", open_or_die)
    opened = opening.open_files(list_files([tmp_path]), tmp_path)
    assert [what.code for _, what in opened] == [None, Code.TIMEOUT, None]


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hamlet, Path]:
    """The printed hamlet, and a folder of scans: a group of blank pages, then one contract's two sheets twice."""
    folder = tmp_path_factory.mktemp("失")
    hamlet, scans = printed_hamlet(tmp_path_factory).copied(folder), folder / "扫描件"
    number = hamlet.numbers["family_planning"][0]
    truth = sign_and_scan(hamlet.batch, folder / "原样", seed=1, plan={number: Fate()}, rates=SMOOTH)
    blank = Image.new("1", (80, 120), 1)
    scans.mkdir()
    blank.save(scans / "1.tif", save_all=True, append_images=[blank] * (PAGES_A_GROUP - 1))
    for name in ("2.pdf", "3.pdf"):
        shutil.copy(folder / "原样" / truth.pages[0].file, scans / name)
    return hamlet, scans


def read_or_die(job: Job) -> list[PageRead]:
    if job.path.suffix == ".pdf" and 2 in job.indexes:  # the first sheet, after a cover and its back
        os._exit(1)
    return reading.read_pages(job)


def test_a_page_lost_with_its_worker_counts_as_quarantined_and_is_tried_again(
    sheets: tuple[Hamlet, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hamlet, scans), quiet = sheets, sheets[0].copied(tmp_path / "静")
    hamlet = hamlet.copied(tmp_path / "失")
    files, home = list_files([scans]), open_home(hamlet.home, None)
    monkeypatch.setattr(run, "read_pages", read_or_die)
    taken = run.take_in(home, files, Actor("甲", TODAY))
    assert [(name, page.page) for name, page in taken.named(lambda page: page.again)] == [("2.pdf", 3)]
    said = {count: taken.outcomes[count] for count in COUNTS}
    assert sum(said.values()) == len(taken.pages) == PAGES_A_GROUP + 8
    assert (said["filed"], said["quarantined"], said["duplicate"]) == (1, 1, 2)
    again, clean = hamlet.run("intake", scans), quiet.run("intake", scans)
    assert (again.status, again.out) == (clean.status, clean.out)
    assert (again.json["filed"], again.json["quarantined"]) == (2, 0)
    assert hamlet.run("intake", scans).out == clean.out


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def taken_away_before_reading(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> Callable[[Path, Path], int]:
    """`intake` in this process, for JSON; `change` is done to `2.pdf` once all files are opened."""

    def open_files(files: list[ScanFile], staging: Path) -> list[tuple[ScanFile, Opened]]:
        opened = opening.open_files(files, staging)
        [change(file.path) for file in files if file.name == "2.pdf"]
        return opened

    monkeypatch.setattr(run, "open_files", open_files)
    return lambda home, scans: cli.run(
        ["--home", str(home), "--today", BACK, "--user", "甲", "intake", str(scans), "--json"]
    )


def test_a_file_gone_before_it_is_read_stops_the_run_and_keeps_what_is_done(
    sheets: tuple[Hamlet, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hamlet, quiet = sheets[0].copied(tmp_path / "失"), sheets[0].copied(tmp_path / "静")
    scans = tmp_path / "扫描件"
    shutil.copytree(sheets[1], scans)
    status = taken_away_before_reading(monkeypatch, Path.unlink)(hamlet.home, scans)
    error: Any = json.loads(capsys.readouterr().out)["error"]
    assert (status, error["code"], error["file"]) == (2, "file_trouble", str(scans / "2.pdf"))
    assert str(scans / "2.pdf") in error["message"]
    assert "找不到" in error["message"]
    assert outcomes(hamlet.home) == {"1.tif": ["blank"] * PAGES_A_GROUP}
    shutil.copy(sheets[1] / "2.pdf", scans)
    assert hamlet.run("intake", scans).out == quiet.run("intake", scans).out


def test_a_file_changed_before_it_is_read_gives_no_page_up(
    sheets: tuple[Hamlet, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hamlet, scans = sheets[0].copied(tmp_path), tmp_path / "扫描件"
    shutil.copytree(sheets[1], scans)
    (scans / "3.pdf").unlink()
    assert taken_away_before_reading(monkeypatch, cut)(hamlet.home, scans) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["quarantined"] == 4
    assert "2.pdf 第 4 页，没有归档；再运行一次会重试" in captured.err
    shutil.copy(sheets[1] / "2.pdf", scans)
    again = hamlet.run("intake", scans).json
    assert (again["filed"], again["quarantined"]) == (2, 0)


def read_in_this_process(
    sheets: tuple[Hamlet, Path], monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> list[PageRead]:
    """The four pages of a file, of which the third raises this."""
    hamlet, scans = sheets
    path, looked = scans / "2.pdf", iter([None, None, trouble, None])

    def first_codes(*arguments: Any) -> Any:
        if (problem := next(looked)) is not None:
            raise problem
        return codes_right(*arguments)

    monkeypatch.setattr(reading, "limit_memory", lambda: None)
    monkeypatch.setattr(reading, "first_codes", first_codes)
    home = open_home(hamlet.home, None)
    return reading.read_pages(Job(home, TODAY, path, open_file(path).sha256, (0, 1, 2, 3)))


@pytest.mark.parametrize("trouble", [ValueError("odd"), MemoryError(), cv2.error("odd")])
def test_an_error_nobody_thought_of_costs_its_page_alone(
    sheets: tuple[Hamlet, Path], monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    found = read_in_this_process(sheets, monkeypatch, trouble)
    assert [page.kind for page in found] == [Kind.BLANK, Kind.BLANK, Kind.LOST, Kind.SHEET]


@pytest.mark.parametrize("trouble", [OSError(5, "I/O"), ArchiveDamaged(file="档案库", detail="")])
def test_trouble_with_the_archive_is_no_pages_fault(
    sheets: tuple[Hamlet, Path], monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    with pytest.raises(type(trouble)):
        read_in_this_process(sheets, monkeypatch, trouble)
