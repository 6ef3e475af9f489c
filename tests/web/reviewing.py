"""A town of which pages wait for review, made once for all tests of the desk that need one; for copying only."""

import json
import shutil
from functools import cache
from pathlib import Path

from sqlalchemy import select, update

from archive.catalogue import tables
from archive.home import open_home
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.scanner import sign_and_scan
from tests.conftest import Answer, Town, huyue
from tests.intake.odd_pages import scribbled

TODAY = "2026-04-01"
FIRST, SECOND, CONFLICT, OTHERS, NOWHERE = 1, 2, 3, 4, 5  # the items


@cache
def waiting_town(town: Town, base: Path) -> Town:
    """The town with five pages in review, of which nobody knows anything but what is said here.

    FIRST may be sheet 2 of the first village's contracts 2, 3 and 4, or of the second village's first; SECOND of the
    first village's contract 3. CONFLICT is sheet 1 of the first village's first contract, which is filed. OTHERS may
    be sheet 1 of the second village's first contract, and of NOWHERE nothing is known.
    """
    folder = base / "待核的镇"
    home = folder / "档案库"
    shutil.copytree(town.home, home)
    shutil.copy(town.home.with_name(f"{town.home.name}.key"), folder)
    here, there = contracts(home)
    sign_and_scan(
        next(town.batches()), folder / "扫" / "好", seed=1, plan={here[0]: Fate(sheets=(1,))}, rates=SMOOTH
    )
    scribbled(folder / "扫" / "纸.pdf", 5, seed=1)
    taken: Answer = huyue("--home", home, "intake", folder / "扫", "--json", today=TODAY)
    assert (taken.json["filed"], taken.json["review"]) == (1, 5), taken.err
    suggested = {
        FIRST: [(here[1], 2, 0.9), (there[0], 2, 0.8), (here[2], 2, 0.7), (here[3], 2, 0.6)],
        SECOND: [(here[2], 2, 0.9)],
        CONFLICT: [],
        OTHERS: [(there[0], 1, 0.9)],
        NOWHERE: [],
    }
    with open_home(home, None).writing() as connection:
        for item, listed in suggested.items():
            value = [{"contract": number, "sheet": sheet, "score": score} for number, sheet, score in listed]
            which = tables.review.c.id == item
            connection.execute(update(tables.review).where(which).values(suggestions=json.dumps(value)))
        conflict = {"reason": "conflict", "contract": here[0], "sheet": 1}
        connection.execute(update(tables.review).where(tables.review.c.id == CONFLICT).values(conflict))
    return Town(town.roster, home, town.out, town.printed, home)


def contracts(home: Path) -> tuple[list[str], list[str]]:
    """The numbers of the first template's contracts in the first two villages, in their order."""
    table = tables.contract
    with open_home(home, None).reading() as connection:
        rows = connection.execute(
            select(table.c.number, table.c.village_code)
            .where(table.c.template == "household_responsibility")
            .order_by(table.c.number)
        ).all()
    villages = sorted({row.village_code for row in rows})
    first, second = ([row.number for row in rows if row.village_code == one] for one in villages[:2])
    return first, second
