"""`huyue intake`: scans of signed contracts, into the archive."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from archive import flaw_words
from archive.errors import EXIT_DONE, EXIT_LOOK, EXIT_NO_INPUT, HuyueError
from archive.home import Home
from archive.journal import CHINA
from pipeline.console import FILE, FOLDER, Command, emit, say, session
from pipeline.indexing import keep_index
from pipeline.intake.files import MESSAGES, list_files
from pipeline.intake.receipt import save_receipt
from pipeline.intake.run import take_in
from pipeline.intake.taken import Taken
from pipeline.intake.watch import Watched, watch

SHOWN = 20
EPILOG = (
    "例：huyue --home 档案库 intake 扫描件；huyue --home 档案库 intake 扫描-001.pdf 扫描-002.tif；"
    "huyue --home 档案库 intake --watch 扫描件（守着文件夹，扫一个收一个，按 Ctrl-C 结束）"
)


@click.command(
    cls=Command,
    epilog=EPILOG,
    short_help="把扫描件收进档案库：认出每一页，看每个框，归档。",
    help="把扫描件（PDF、TIFF、JPEG、PNG、HEIC，它们的 zip，或放着它们的文件夹）收进档案库：按页码标识认出每一页，看每个框是否签了、盖了，归档；认不准的进待核。原文件不动。每次收件留一张交接单。中断了，再运行同一命令即可。",
)
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="文件或文件夹…")
@click.option("--receipt", type=FOLDER, metavar="文件夹", help="把交接单（xlsx、json）另存到这个文件夹。")
@click.option("--watch", "watching", is_flag=True, help="守着文件夹：现有的收完，以后来一个收一个。")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=3,
    show_default=True,
    metavar="秒",
    help="--watch 隔多久看一次；两次看都没有变的文件才收。",
)
def intake(paths: tuple[Path, ...], receipt: Path | None, watching: bool, seconds: float) -> int:
    home = session().open_home()
    if watching:
        _watch(home, paths, receipt, seconds)
    actor = session().actor()
    taken = take_in(home, list_files(paths), actor, "收件（页）")
    keep_index(home, actor)
    emit(taken.as_json(), _lines(taken))
    for line in _to_do(taken):
        say(line)
    _hand_out(home, taken, receipt)
    if not taken.files:
        say("没有可收的扫描件。请检查给的是不是放扫描件的文件夹。")
    if not taken.pages:
        return EXIT_NO_INPUT
    waits = any(page.outcome in ("review", "quarantined") or page.flawed for page in taken.pages)
    return EXIT_LOOK if waits or taken.rejected or taken.incomplete else EXIT_DONE


def _watch(home: Home, paths: tuple[Path, ...], receipt: Path | None, seconds: float) -> None:
    """Until Ctrl-C."""
    files = [path for path in paths if path.is_file()]
    if files:
        raise click.UsageError(f"--watch 只守文件夹，{files[0]} 是文件。")
    current = session()

    def done(taken: Taken) -> None:
        keep_index(home, current.actor())
        say(f"{datetime.now(CHINA):%H:%M:%S}　{_round(taken)}{_kept_in(home, taken, receipt)}")

    say(
        f"守着 {'、'.join(map(str, paths))}，每 {seconds:g} 秒看一次；按 Ctrl-C 结束。"
        "交接单存在档案库里，取出：huyue receipt show 号 --out 文件夹"
    )
    watch(home, Watched(paths, say), current.actor, lambda: time.sleep(seconds), done)


def _round(taken: Taken) -> str:
    """A round of watching in one line."""
    rejected = f"，没有收 {len(taken.rejected)} 个" if taken.rejected else ""
    return f"{len(taken.files)} 个文件{rejected}，{len(taken.pages)} 页：{_outcomes(taken)}，交接单 {taken.receipt:04d}"


def _kept_in(home: Home, taken: Taken, folder: Path | None) -> str:
    """Write a round's receipt into the folder that was named; where it is, or why it could not be written."""
    if folder is None or taken.receipt is None:
        return ""
    try:
        return f"，在 {'、'.join(map(str, save_receipt(home, taken.receipt, folder)))}"
    except (HuyueError, OSError) as problem:  # the scans are in: watching goes on
        return f"，没能另存到 {folder}：{problem}"


def _hand_out(home: Home, taken: Taken, folder: Path | None) -> None:
    """Say where the receipt is; write it into the folder that was named."""
    if taken.receipt is None:
        return
    if folder is None:
        say(
            f"交接单 {taken.receipt:04d} 已存在档案库里，取出：huyue receipt show {taken.receipt} --out 文件夹"
        )
    else:
        say(f"交接单在 {'、'.join(map(str, save_receipt(home, taken.receipt, folder)))}")


def _outcomes(taken: Taken) -> str:
    outcomes = taken.outcomes
    return (
        f"归档 {outcomes['filed']} 页，重复 {outcomes['duplicate']} 页，空白和封面 {outcomes['blank']} 页，"
        f"待核 {outcomes['review']} 页，坏页 {outcomes['quarantined']} 页"
    )


def _lines(taken: Taken) -> list[str]:
    flawed = sum(page.flawed for page in taken.pages)
    return [
        f"看了 {len(taken.files)} 个文件，共 {len(taken.pages)} 页：",
        f"  {_outcomes(taken)}。",
        f"涉及合同 {taken.complete + taken.incomplete} 份：齐全 {taken.complete} 份，"
        f"还缺页、缺签、缺章或认不准 {taken.incomplete} 份。",
        *([f"没有收的文件 {len(taken.rejected)} 个，原文件没有动。"] if taken.rejected else []),
        *([f"图像不合格、请重扫的 {flawed} 页。"] if flawed else []),
        *(["待核的页请运行 huyue review next 一页一页看。"] if taken.outcomes["review"] else []),
    ]


def _to_do(taken: Taken) -> Iterator[str]:
    """What a person must do, file by file and page by page."""
    yield from _some(
        [f"没有收 {name}：{MESSAGES[code]}" for name, code in taken.rejected],
        "……共有 {} 个文件没有收。",
    )
    bad = []
    for name, page in taken.named(lambda page: page.outcome == "quarantined"):
        remedy = "再运行一次会重试，还不行请" if page.again else "请"
        bad.append(f"读不了 {name} 第 {page.page} 页，没有归档；{remedy}重新扫描这一页。")
    yield from _some(bad, "……共有 {} 页读不了。")
    flawed = [
        f"图像不合格 {name} 第 {page.page} 页：{flaw_words.what(page.flaws)}。请{flaw_words.remedy(page.flaws)}"
        for name, page in taken.named(lambda page: page.flawed)
    ]
    yield from _some(flawed, "……共有 {} 页的图像不合格。")


def _some(lines: list[str], more: str) -> Iterator[str]:
    """The first of the lines, and how many there are where that is not all."""
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield more.format(len(lines))
