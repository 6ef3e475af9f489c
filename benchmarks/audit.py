"""The audit of a county as of a date, and its reports, beside the same questions asked with pandas over an export.

    .venv/bin/python benchmarks/audit.py [--size CONTRACTS] [--keep DIR] [--json]

An archive of three campaigns is written straight into a catalogue (county.py, fixed seed); making it is not counted
(--keep DIR keeps it for the next run). Rows are a hundredth, a tenth and the whole of --size (1,000,000), each work in a
process of its own:

audit s      the findings of a date, from opening the catalogue, every contract with its state; MB: peak memory
json s       the same, with every party's name, and every finding written as `audit --json` has it
reports s    the year's report in four forms, the bulletin and the self-check by their commands, one after the other;
             MB: of the one that takes most
pandas s     the same states, classes (missing, expired, expiring, gaps, late) and counts by village, template and class
             asked of CSV files of contracts, filings, parties and closings, exported before: reading them included
ratio        pandas s ÷ audit s
"""

import multiprocessing
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

import pandas as pd
from sqlalchemy import select

from archive.audit.contracts import read
from archive.audit.findings import audit
from archive.catalogue import tables
from archive.catalogue.audit_tables import CONTRACT_FACTS
from archive.home import open_home
from benchmarks import report
from benchmarks.county import make_county

ON = date(2026, 6, 1)
HUYUE = Path(sys.executable).with_name("huyue")
PARTS = (100, 10, 1)
CLASSES = ("missing", "expired", "expiring", "unsigned", "unsealed", "undated", "incomplete", "late")


def main() -> None:
    """Measure each size, and print a row each."""
    arguments = report.archives_parser(__doc__).parse_args()
    with report.archives_folder(arguments.keep) as folder:
        rows = [_measured(folder, size) for size in report.sizes(arguments.size, PARTS, 1000)]
    report.tell(rows, as_json=arguments.json)


def _measured(folder: Path, size: int) -> report.Row:
    place = folder / str(size)
    if not (place / "exported").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        make_county(place / "home", size)
        _export(place)
        (place / "exported").touch()
    ours, found, memory = _apart(_audit, place)
    written, _, _ = _apart(_json, place)
    reported, _, reports_memory = _apart(_reports, place)
    asked, same, peer_memory = _apart(_pandas, place)
    if found != same:
        raise AssertionError(f"pandas counts otherwise: {found} {same}")
    return {
        "contracts": size,
        "findings": sum(found.values()),
        "audit s": round(ours, 2),
        "MB": memory,
        "json s": round(written, 2),
        "reports s": round(reported, 1),
        "reports MB": reports_memory,
        "pandas s": round(asked, 2),
        "pandas MB": peer_memory,
        "ratio": round(asked / ours, 2),
    }


def _apart(work: Callable[[Path], dict[str, int]], place: Path) -> tuple[float, dict[str, int], int]:
    """The work in a process of its own: its seconds, what it gave, its peak memory in MB."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_timed, args=(work, place, sender))
    process.start()
    sender.close()
    answer: tuple[float, dict[str, int], int] = receiver.recv()
    process.join()
    return answer


def _timed(work: Callable[[Path], dict[str, int]], place: Path, sender: Connection) -> None:
    started = time.perf_counter()
    found = work(place)
    took = time.perf_counter() - started
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if peak is None:
        raise AssertionError("no VmHWM")
    of_commands = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sender.send((took, found, max(int(peak[1]), of_commands) // 1024))


def _audit(place: Path) -> dict[str, int]:
    with open_home(place / "home", None).reading() as connection:
        found = audit(connection, ON, names=False)
    return {str(cls): count for cls, count in found.counts.items() if str(cls) in CLASSES}


def _json(place: Path) -> dict[str, int]:
    with open_home(place / "home", None).reading() as connection, (place / "audit.json").open("w") as file:
        file.writelines(audit(connection, ON).as_json())
    return {}


def _reports(place: Path) -> dict[str, int]:
    with tempfile.TemporaryDirectory(dir=place) as folder:
        for asked in (
            ("period", "2026", "--out", f"{folder}/年报", "--format", "xlsx,docx,pdf,html"),
            ("bulletin", "2026", "--out", f"{folder}/通报.docx"),
            ("selfcheck", "2026", "--out", f"{folder}/自查报告.docx"),
        ):
            command = [HUYUE, "--home", place / "home", "--today", str(ON), "report", *asked]
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode not in (0, 1):
                raise AssertionError(f"{asked}: {done.returncode}")
    return {}


def _export(place: Path) -> None:
    """The tables that the questions are about, as CSV."""
    contract, filing, party = tables.contract, tables.filing, tables.party
    closing, campaign = tables.closing, tables.campaign
    queries = {
        "contracts": select(
            *(contract.c[name] for name in CONTRACT_FACTS), campaign.c.date, campaign.c.closes
        ).join(campaign, campaign.c.id == contract.c.campaign_id),
        "filings": select(
            filing.c.contract,
            filing.c.version,
            filing.c.filed_on,
            filing.c.sheets.label("filed"),
            filing.c.gaps,
        ),
        "parties": select(party.c.contract, party.c.position, party.c.name),
        "closings": select(closing.c.contract, closing.c.kind, closing.c.day),
    }
    with open_home(place / "home", None).reading() as connection:
        for name, query in queries.items():
            read(connection, query).write_csv(place / f"{name}.csv")


def _pandas(place: Path) -> dict[str, int]:
    """The same of CSV files, as an office's own analyst would ask it."""
    contracts, filings, parties, closings = (
        pd.read_csv(place / f"{name}.csv", keep_default_na=False, dtype={"gaps": "category"})
        for name in ("contracts", "filings", "parties", "closings")
    )
    on = str(ON)
    contracts = contracts[contracts["planned_on"] <= on]
    newest = (
        filings[filings["filed_on"] <= on].sort_values("version").drop_duplicates("contract", keep="last")
    )
    whole = filings[filings["gaps"] == ""].groupby("contract")["filed_on"].min().rename("complete")
    names = parties.sort_values("position").groupby("contract")["name"].agg("、".join).rename("party")
    closed = closings[closings["day"] <= on].drop_duplicates("contract")["contract"]
    merged = (
        contracts.merge(newest, left_on="number", right_on="contract", how="left")
        .merge(whole, left_on="number", right_index=True, how="left")
        .merge(names, left_on="number", right_index=True, how="left")
    )
    merged = merged.sort_values(["template", "party_key", "campaign_id"])
    dropped = merged["number"].isin(
        closings[(closings["kind"].isin(["void", "declined"])) & (closings["day"] <= on)]["contract"]
    )
    merged["own"] = merged["starts"].where(~dropped)
    whose = merged.groupby(["template", "party_key"], sort=False)["own"]
    keys = [merged["template"], merged["party_key"]]
    merged["successor"] = whose.bfill().groupby(keys, sort=False).shift(-1)
    filed = merged["filed"].fillna(0) > 0
    gone = merged["number"].isin(closed)
    later = merged["successor"].notna()
    superseded = later & (~filed | (merged["successor"] <= on))
    live = ~gone & ~superseded
    ended = filed & (merged["ends"] != "") & (merged["ends"] < on)
    gaps = merged["gaps"].astype(str).fillna("")
    deadline = (pd.to_datetime(merged["closes"]) + pd.Timedelta(days=15)).dt.strftime("%Y-%m-%d")
    soon = (pd.to_datetime(merged["ends"], errors="coerce") - pd.Timedelta(days=90)) <= pd.Timestamp(ON)
    found = {
        "missing": live & ~filed,
        "expired": live & ended,
        "expiring": live & filed & ~ended & (gaps == "") & ~later & soon,
        **{cls: live & filed & gaps.str.contains(cls) for cls in CLASSES[3:7]},
        "late": live & filed & (gaps == "") & (merged["complete"] > deadline),
    }
    for which in found.values():
        merged[which].groupby(["village_code", "template"]).size()
    return {cls: int(which.sum()) for cls, which in found.items()}


if __name__ == "__main__":
    main()
