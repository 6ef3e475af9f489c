"""A county's roster read: `huyue roster check` beside openpyxl and pandas, on the same workbooks.

    .venv/bin/python benchmarks/roster.py [--size HOUSEHOLDS] [--json]

ours       every file to households and problems: headers, villages, households, identity numbers, dates
openpyxl   read-only, every cell's value, nothing else
pandas     read_excel of every sheet (its usual engine, openpyxl), nothing else

One workbook a town, a sheet a village, about 3.4 persons a household; made from a fixed seed at a hundredth,
a tenth and the whole of --size. Each reader is a process of its own, one after another; the peak is that
process's and its children's (the largest of them).
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import date
from itertools import groupby
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import openpyxl
import xlsxwriter

from benchmarks.report import main
from pipeline.demo.people import Inventor
from pipeline.divisions import Divisions
from pipeline.people import Household
from pipeline.roster import read_rosters

TITLES = ("组别", "户编号", "户主姓名", "姓名", "与户主关系", "性别", "出生日期", "公民身份号码", "婚姻状况",
          "联系电话", "外出地点", "外出开始", "外出结束", "技术服务", "养老保险", "知情选择", "联户责任人")  # fmt: skip
Given = TypeVar("Given")
TODAY = date(2026, 3, 1)


def measure(households: int) -> dict[str, Any]:
    """One county: seconds and peak memory, ours and the peers'."""
    with tempfile.TemporaryDirectory(prefix="huyue-bench-") as scratch:
        folder = Path(scratch)
        # In a process of its own as well: Linux hands a parent's peak down to its children.
        in_process(write_workbooks, (folder, households))
        paths = sorted(folder.glob("*.xlsx"))
        size = sum(path.stat().st_size for path in paths)
        ours, peak, persons = in_process(_ours, paths)
        plain, plain_peak, _ = in_process(_openpyxl, paths)
        frames, frames_peak, _ = in_process(_pandas, paths)
    return {
        "households": households,
        "persons": persons,
        "files": len(paths),
        "MB": round(size / 1e6, 1),
        "ours s": round(ours, 1),
        "openpyxl s": round(plain, 1),
        "pandas s": round(frames, 1),
        "÷ openpyxl": round(plain / ours, 1),
        "÷ pandas": round(frames / ours, 1),
        "ours MB": peak,
        "openpyxl MB": plain_peak,
        "pandas MB": frames_peak,
    }


def write_workbooks(county: tuple[Path, int]) -> int:
    """Write a county's workbooks: (folder, households); how many."""
    return len(_write_county(*county))


def _write_county(folder: Path, households: int) -> list[Path]:
    """Workbooks of an invented county: one a town, a sheet a village."""
    divisions = Divisions.shipped()
    homes = Inventor(Random(1), 2026).households(divisions.villages, households)  # noqa: S311
    paths = []
    for town, of_town in groupby(homes, key=lambda home: home.village_code[:9]):
        path = folder / f"{divisions.name(town)}2026年花名册.xlsx"
        with xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": folder}) as workbook:
            day = workbook.add_format({"num_format": "yyyy-mm-dd"})
            for village, of_village in groupby(of_town, key=lambda home: home.village_code):
                sheet = workbook.add_worksheet(divisions.name(village))
                sheet.write_row(0, 0, [f"{divisions.full_name(village)}2026年花名册"])
                sheet.write_row(1, 0, TITLES)
                _write_village(sheet, of_village, day)
        paths.append(path)
    return paths


def _write_village(sheet: Any, homes: Iterable[Household], day: Any) -> None:
    line = 2
    for home in homes:
        for index, one in enumerate(home.members):
            own = [home.group, home.number, home.head] if index == 0 else ["", "", ""]
            sheet.write_row(line, 0, [*own, one.name, one.relation, one.sex])
            if one.birth:
                sheet.write_datetime(line, 6, one.birth, day)
            sheet.write_row(line, 7, [one.id_number, one.marital, one.phone, one.away_to])
            for column, known in ((11, one.away_from), (12, one.away_until)):
                if known:
                    sheet.write_datetime(line, column, known, day)
            wishes = (one.wants_service, one.wants_pension, one.wants_choice)
            sheet.write_row(line, 13, ["是" if wish else "" for wish in wishes])
            sheet.write_string(line, 16, home.responsible)
            line += 1


def _ours(paths: list[Path]) -> int:
    found = read_rosters(paths, Divisions.shipped(), TODAY)
    return sum(len(household.members) for household in found.households)


def _openpyxl(paths: list[Path]) -> int:
    cells = 0
    for path in paths:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        for sheet in workbook:
            cells += sum(len(row) for row in sheet.iter_rows(values_only=True))
        workbook.close()
    return cells


def _pandas(paths: list[Path]) -> int:
    import pandas as pd

    return sum(
        len(frame) for path in paths for frame in pd.read_excel(path, sheet_name=None, header=1).values()
    )


def in_process(work: Callable[[Given], int], given: Given) -> tuple[float, int, int]:
    """Seconds, peak memory in MB, and the result of work in a process of its own; start-up counts."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(work, given, sender))
    started = time.perf_counter()
    process.start()
    sender.close()
    peak, result = receiver.recv()
    process.join()
    return time.perf_counter() - started, peak, result


def _measured(work: Callable[[Given], int], given: Given, sender: Connection) -> None:
    result = work(given)
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds)
    sender.send((peak // (1024 if sys.platform == "linux" else 1 << 20), result))


if __name__ == "__main__":
    main(__doc__, measure, default=100_000, parts=(100, 10, 1), least=100)
