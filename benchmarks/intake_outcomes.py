"""A town's archive to take scans into, `huyue intake` run on it, and what became of every page."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from archive.catalogue import tables
from archive.filings import decode_boxes
from archive.home import open_home
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions

PLANNED, BACK, CAMPAIGN = "2026-03-01", "2026-04-05", "2026春"
CONTRACTS_A_HOUSEHOLD = 2.2  # at least; how many there are depends on who lives there


@dataclass(frozen=True, slots=True)
class Suggested:
    """A sheet that a page in review may be."""

    contract: str
    sheet: int


@dataclass(slots=True)
class Outcome:
    """What became of a page; `boxes` are the verdicts where it was filed, by name; `differs`: fields."""

    outcome: str
    contract: str
    sheet: int
    flaws: tuple[str, ...]
    reason: str = ""
    differs: str = ""
    suggestions: tuple[Suggested, ...] = ()
    boxes: dict[str, str] = field(default_factory=dict)


def huyue(*arguments: str | Path, today: str = BACK) -> Any:
    """The JSON of a command of ours; it may say that there is something to look at."""
    program = Path(sys.executable).with_name("huyue")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    with tempfile.TemporaryFile() as out:
        status = subprocess.run(
            [program, *map(str, arguments), "--json"],
            env=environment | {"HUYUE_TODAY": today},
            stdout=out,
            stderr=subprocess.DEVNULL,
        ).returncode
        out.seek(0)
        answer = out.read()
    if status > 1:
        raise SystemExit(answer.decode())
    return json.loads(answer or "null")


def print_town(folder: Path, contracts: int, seed: int) -> list[Path]:
    """An invented town with about so many contracts: its archive at `folder`/home, its batches, printed."""
    households = max(12, round(contracts / CONTRACTS_A_HOUSEHOLD))
    folder.mkdir(parents=True)
    write_town(folder / "roster.xlsx", Divisions.shipped(), households=households, seed=seed)
    home = ("--home", folder / "home")
    huyue("init", folder / "home", today=PLANNED)
    huyue(*home, "roster", "import", folder / "roster.xlsx", today=PLANNED)
    huyue(*home, "plan", "--campaign", CAMPAIGN, "--date", PLANNED, today=PLANNED)
    printed = huyue(*home, "print", "--campaign", CAMPAIGN, "--out", folder / "batch", today=PLANNED)
    return [Path(batch) for batch in printed["batches"]]


def take_in(fresh: Path, scans: Path, home: Path) -> tuple[float, dict[tuple[str, int], Outcome]]:
    """Take `scans` into a copy of the archive `fresh` at `home`: seconds, and every page by file and index."""
    copy_home(fresh, home)
    started = time.perf_counter()
    huyue("--home", home, "intake", scans)
    seconds = time.perf_counter() - started
    return seconds, outcomes(home)


def copy_home(fresh: Path, home: Path) -> None:
    """A copy of an archive nothing was taken into, with its key; one from an earlier run is replaced."""
    key = home.with_name(home.name + ".key")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(fresh, home)
    shutil.copyfile(fresh.with_name(fresh.name + ".key"), key)
    key.chmod(0o600)


def outcomes(home: Path) -> dict[tuple[str, int], Outcome]:
    """What became of every page that was taken in, by file and 0-based index."""
    page, file, sheet, review = tables.scan_page, tables.scan_file, tables.filed_sheet, tables.review
    found: dict[tuple[str, int], Outcome] = {}
    by_id: dict[int, Outcome] = {}
    with open_home(home, None).reading() as connection:
        for row in connection.execute(
            select(page, page.c.index.label("place"), file.c.name).join(file, file.c.id == page.c.file_id)
        ):
            one = Outcome(row.outcome, row.contract or "", row.sheet or 0, tuple(row.flaws.split()))
            found[row.name, row.place] = by_id[row.id] = one
        for filed in connection.execute(select(sheet.c.page_id, sheet.c.boxes)):
            by_id[filed.page_id].boxes = {box.name: str(box.verdict) for box in decode_boxes(filed.boxes)}
        for waiting in connection.execute(select(review.c.page_id, review.c.differs)):
            by_id[waiting.page_id].differs = waiting.differs
    for item in huyue("--home", home, "review", "list")["items"]:
        one = found[item["file"], item["page"] - 1]
        one.reason = item["reason"]
        one.suggestions = tuple(Suggested(each["contract"], each["sheet"]) for each in item["suggestions"])
    return found
