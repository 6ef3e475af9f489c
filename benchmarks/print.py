"""A county planned and printed by `huyue plan` and `huyue print`, beside four other ways to its paper.

    .venv/bin/python benchmarks/print.py [--size HOUSEHOLDS] [--json]

First table, growth: a county is invented (fixed seed) at a hundredth, a tenth and the whole of --size, its
rosters imported into an archive, and the two commands run as a clerk runs them, on all cores.

plan s       plan, number and freeze the values of every contract, into the encrypted catalogue
print s      print.pdf, print.json and ledger.xlsx of every village, layouts that are lacking included
B/sheet      bytes of print.pdf a sheet
MB           the most that any one process of the command ever held

Second table, contracts and pages a second of ours and of each peer on a sample of the largest county:

docx         ours: .docx into a zip a village on disk, one core; docxtpl: the same templates in its own notation,
             in memory, one core
pdf          ours: `huyue print` as above, all cores, its start, codes, ledgers and files included. Peers:
 a file each    docxtpl, then LibreOffice called for every contract
 merged         all contracts of the sample in one document, LibreOffice called once; making the document is
                not counted (page numbers and clauses count on through all of it, so nobody could use it)
 typst          the same text, tables and values in one .typ file, compiled once; writing the file is not counted

A county has 100,000 households: --size 100000 takes about seven minutes on two cores.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from archive.home import Home, open_home
from benchmarks.report import Row, parse, show, sizes
from benchmarks.roster import in_process, write_workbooks
from pipeline.campaigns import find_campaign
from pipeline.compile_template import compile_template
from pipeline.contracts import Printable, kept_template, printables, villages_of
from pipeline.contracts_zip import write_contracts_zip
from pipeline.template import Template

TODAY, CAMPAIGN = date(2026, 3, 1), "2026春"
SAMPLE = 300  # contracts the peers work on
FILES = 5  # of them one by one through LibreOffice


def main() -> None:
    """Measure, and print both tables or one JSON value with both."""
    arguments = parse(__doc__, 2_000)
    growth: list[Row] = []
    for households in sizes(arguments.size, (100, 10, 1), 100):
        with county(households) as folder:
            growth.append(commands(folder, households))
            if households == max(arguments.size, 100):
                beside = beside_peers(folder, growth[-1])
    if arguments.json:
        print(json.dumps({"growth": growth, "peers": beside}, ensure_ascii=False))
        return
    show(growth)
    print()
    show(beside)


@contextmanager
def county(households: int) -> Iterator[Path]:
    """A folder with an archive, `home`, that holds the county's rosters."""
    with tempfile.TemporaryDirectory(prefix="huyue-bench-") as scratch:
        folder = Path(scratch)
        # In a process of its own: Linux hands a parent's peak down to its children.
        in_process(write_workbooks, (folder, households))
        _huyue("init", folder / "home")
        _huyue("--home", folder / "home", "roster", "import", *sorted(folder.glob("*.xlsx")))
        yield folder


def commands(folder: Path, households: int) -> Row:
    """Plan and print a county: what came out, how long it took, what it held."""
    home = ("--home", folder / "home")
    planning, plan_peak, _ = _huyue(*home, "plan", "--campaign", CAMPAIGN, "--date", TODAY.isoformat())
    printing, peak, printed = _huyue(*home, "print", "--campaign", CAMPAIGN, "--out", folder / "out")
    batches = [Path(batch) for batch in printed["batches"]]
    listings = (json.loads((batch / "print.json").read_bytes())["pages"] for batch in batches)
    sheets = sum(page["contract"] is not None for pages in listings for page in pages)
    size = sum((batch / "print.pdf").stat().st_size for batch in batches)
    return {
        "households": households,
        "contracts": printed["contracts"],
        "sheets": sheets,
        "pages": printed["pages"],
        "plan s": round(planning, 1),
        "print s": round(printing, 1),
        "minutes": round((planning + printing) / 60, 2),
        "contracts/s": round(printed["contracts"] / printing),
        "pages/s": round(printed["pages"] / printing),
        "sheets/s": round(sheets / printing),
        "B/sheet": round(size / sheets),
        "plan MB": plan_peak,
        "print MB": peak,
    }


def beside_peers(folder: Path, ours: Row) -> list[Row]:
    """The second table: each work, ours and a peer's contracts and pages a second, and the ratios."""
    from benchmarks import peers  # optional packages, which --help and the first table do without

    home = open_home(folder / "home", None)
    sample, templates = _sample(home, ours["contracts"])
    pages = ours["pages"] / ours["contracts"]
    docx = _docx_rate(home, templates, folder / "contracts.zip")
    filling = peers.docxtpl_seconds(sample, templates)
    each, each_pages = peers.a_file_each(sample[:: max(1, len(sample) // FILES)][:FILES], templates, folder)
    merged, merged_pages = peers.merged(sample, templates, folder)
    typst, typst_pages = peers.typst(sample, templates, folder)
    print_rate = ours["contracts/s"]
    return [
        _row("docx", "docxtpl", (docx, 0), (1 / filling, 0)),
        _row(
            "pdf",
            "docxtpl + LibreOffice, a file each",
            (print_rate, pages),
            (1 / (filling + each), each_pages),
        ),
        _row("pdf", "merged, LibreOffice", (print_rate, pages), (1 / merged, merged_pages)),
        _row("pdf", "typst", (print_rate, pages), (1 / typst, typst_pages)),
    ]


def _row(work: str, peer: str, ours: tuple[float, float], theirs: tuple[float, float]) -> Row:
    """`ours` and `theirs`: contracts a second, pages a contract (0: it makes no pages)."""
    return {
        "work": work,
        "peer": peer,
        "ours contracts/s": round(ours[0]),
        "peer contracts/s": round(theirs[0], 1),
        "ratio": round(ours[0] / theirs[0], 1),
        "ours pages/s": round(ours[0] * ours[1]) or "-",
        "peer pages/s": round(theirs[0] * theirs[1], 1) or "-",
    }


def _contracts(home: Home) -> Iterator[list[Printable]]:
    """Every village's contracts."""
    with home.reading() as connection:
        campaign = find_campaign(connection, CAMPAIGN)
        for village in villages_of(connection, campaign.id):
            yield printables(connection, campaign.id, village, TODAY)


def _sample(home: Home, count: int) -> tuple[list[Printable], dict[str, Template]]:
    """Contracts spread evenly over the county, and the templates by their sha256."""
    step, place = max(1, count // SAMPLE), 0
    found: list[Printable] = []
    for village in _contracts(home):
        found += village[-place % step :: step]
        place += len(village)
    with home.reading() as connection:
        return found[:SAMPLE], {
            sha: kept_template(connection, sha) for sha in {one.template_sha256 for one in found}
        }


def _docx_rate(home: Home, templates: dict[str, Template], path: Path) -> float:
    """Contracts a second, each village's written into a zip on disk; reading and compiling are not counted."""
    for template in templates.values():
        compile_template(template)
    seconds, count = 0.0, 0
    for village in _contracts(home):
        started = time.perf_counter()
        write_contracts_zip(
            path,
            ((one.number, compile_template(templates[one.template_sha256]), one.content) for one in village),
        )
        seconds += time.perf_counter() - started
        count += len(village)
    return count / seconds


def _huyue(*arguments: str | Path) -> tuple[float, int, Any]:
    """Seconds, the largest process's peak in MB, and the JSON of a command of ours."""
    program = Path(sys.executable).with_name("huyue")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            [program, *map(str, arguments), "--json"],
            env=environment | {"HUYUE_TODAY": TODAY.isoformat()},
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        answer = out.read()
    if process.returncode > 1:  # 1: something to look at, as invented offices make mistakes
        raise SystemExit(answer.decode())
    return (
        seconds,
        usage.ru_maxrss // (1024 if sys.platform == "linux" else 1 << 20),
        json.loads(answer or "null"),
    )


if __name__ == "__main__":
    main()
