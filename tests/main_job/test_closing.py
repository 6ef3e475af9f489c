"""Closing contracts: what state each way gives, what is printed, planned and offered again, and what history says."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archive.home import open_home
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.ink import Mark
from pipeline.demo.scanner import sign_and_scan
from pipeline.showing import show_contract
from tests.conftest import Answer, huyue
from tests.main_job.test_planning import family, line, roster

PLANNED, BACK = "2026-03-05", "2026-04-01"  # when contracts are planned and printed; when paper comes back


@dataclass(frozen=True)
class Hamlet:
    """Two households with four contracts of two sheets each, printed and not yet back.

    `numbers` by template: of the first household, then of the second.
    """

    home: Path
    batch: Path
    numbers: dict[str, list[str]]

    def run(self, *arguments: str | Path, today: str = BACK) -> Answer:
        """A command on the archive, for JSON."""
        return huyue("--home", self.home, *arguments, "--json", today=today)

    def show(self, number: str, today: str = BACK) -> Any:
        """What `show` says of a contract."""
        with open_home(self.home, None).reading() as connection:
            return show_contract(connection, number, date.fromisoformat(today)).value

    def copied(self, folder: Path) -> "Hamlet":
        """The same archive, untouched, in a folder of its own."""
        home = folder / self.home.name
        shutil.copytree(self.home, home)
        shutil.copy(self.home.with_name(f"{self.home.name}.key"), folder)
        return Hamlet(home, self.batch, self.numbers)


def printed_hamlet(factory: pytest.TempPathFactory) -> Hamlet:
    """The hamlet, made once for all modules; for copying only."""
    return _made(factory.getbasetemp())


@cache
def _made(base: Path) -> Hamlet:
    folder = base / "两户"
    folder.mkdir()
    home, out = folder / "档案库", folder / "打印"
    rows = [
        *family(),
        line("罗甲", "户主", "45122519850101003", number="2", pension="是"),
        line("莫乙", "配偶", "45122519880101004", number="2", choice="是"),
    ]
    huyue("init", home)
    huyue("--home", home, "roster", "import", roster(folder / "花名册.xlsx", rows))
    huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", today=PLANNED)
    printed = huyue("--home", home, "print", "--campaign", "春", "--out", out, "--json", today=PLANNED)
    assert printed.json["contracts"] == 8, printed.err
    batch = next(out.iterdir())
    return Hamlet(home, batch, numbers_by_template(batch))


def numbers_by_template(batch: Path) -> dict[str, list[str]]:
    listing = json.loads((batch / "print.json").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for page in listing["pages"]:
        if page["contract"] is not None and page["sheet"] == 1:
            found.setdefault(listing["layouts"][page["layout"]]["template"], []).append(page["contract"])
    return {name: sorted(numbers) for name, numbers in found.items()}
