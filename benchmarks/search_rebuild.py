"""`huyue index rebuild` as a clerk runs it, over a county's catalogue, and 100 changed contracts found by the next search."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import select, update

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.home import Home
from archive.index.query import parse
from archive.search import search
from archive.search_names import Names
from archive.search_seal import Seal
from benchmarks.county import CAMPAIGNS, make_county
from pipeline.indexing import names_of

CHANGED = 100
TURNS = 5
TODAY = CAMPAIGNS[-1]
HUYUE = Path(sys.executable).with_name("huyue")


def rebuilt(size: int) -> tuple[float, float, int, int]:
    """Seconds of the command, its start included; MB of the sealed index; MB of memory; ms until 100 changed are found."""
    with tempfile.TemporaryDirectory(prefix="huyue-bench-") as scratch:
        home = make_county(Path(scratch, "home"), size)
        seal = Seal(home, "tantivy")
        try:
            started = time.perf_counter()
            process = subprocess.Popen(
                [HUYUE, "--home", home.folder, "--today", str(TODAY), "index", "rebuild"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, used = os.wait4(process.pid, 0)
            took = time.perf_counter() - started
            if status:
                raise AssertionError(f"huyue index rebuild: {os.waitstatus_to_exitcode(status)}")
            sealed = sum(path.stat().st_size for path in seal.sealed.iterdir())
            return took, sealed / 1e6, used.ru_maxrss // 1024, _visible(home)
        finally:
            seal.forget()


def _visible(home: Home) -> int:
    """The middle of five times, after a search that brings what the first in a process does."""
    names = names_of(home)
    numbers = select(tables.contract.c.number).order_by(tables.contract.c.number).limit(CHANGED)
    with home.reading() as connection:
        changed = list(connection.execute(numbers).scalars())
    return round(sorted(_found_after(home, names, changed, turn) for turn in range(TURNS + 1))[TURNS // 2])


def _found_after(home: Home, names: Names, changed: list[str], turn: int) -> float:
    """Milliseconds of the search that takes up the change and finds it."""
    person = f"新责任{'一二三四五六'[turn]}"
    contract = tables.contract
    with home.writing() as connection:
        connection.execute(update(contract).where(contract.c.number.in_(changed)).values(responsible=person))
        mark_changed(connection, changed)
    started = time.perf_counter()
    found = search(home, parse(f'责任人:"{person}"'), person, names, TODAY, 0, 20)
    took = (time.perf_counter() - started) * 1000
    if found.exact != len(changed):
        raise AssertionError(f"{found.exact} of {len(changed)} are found")
    return took
