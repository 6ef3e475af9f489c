"""The desk with many people at once: `huyue serve` over a county, asked as browsers ask it.

    .venv/bin/python benchmarks/web.py [--size CONTRACTS] [--users N] [--seconds S] [--keep DIR] [--json]

An archive is written straight into a catalogue (county.py, fixed seed; --keep DIR keeps it) and indexed; neither is
counted. The server is a process of its own, on the same two cores as those who ask. Rows are a hundredth, a tenth and
the whole of --size (1,000,000):

typing       each of --users (20) logged in, a search page every 2 s with facets and highlights, of twelve kinds of query
at once      the same without a pause: what the desk can do
first KB     what Chromium fetches for the search page the first time, scripts and all; seen s: until it can be used
MB           the server's memory at its highest
No peer is claimed: paperless-ngx needs services that no table here could be fair to.
"""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import quantiles
from urllib.parse import urlencode

import httpx2
from playwright.sync_api import sync_playwright

from archive.home import Home, open_home
from benchmarks import report
from benchmarks.county import CAMPAIGNS, make_county
from benchmarks.search_queries import timed_queries

PARTS = (100, 10, 1)
TODAY = CAMPAIGNS[-1]
HUYUE = Path(sys.executable).with_name("huyue")
NAME, PASSWORD = "测试用户", "correct horse battery"
PAUSE = 2.0  # seconds that somebody looks at what was found
CHROMIUM = "/usr/bin/chromium"
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def main() -> None:
    """Measure each size, and print a row each."""
    parser = report.archives_parser(__doc__)
    parser.add_argument("--users", type=int, default=20, help="people at once (default 20)")
    parser.add_argument("--seconds", type=float, default=30, help="of each measurement (default 30)")
    arguments = parser.parse_args()
    with report.archives_folder(arguments.keep) as folder:
        rows = [
            _measured(folder, size, arguments.users, arguments.seconds)
            for size in report.sizes(arguments.size, PARTS, 1_000)
        ]
    report.tell(rows, as_json=arguments.json)


def _measured(folder: Path, size: int, users: int, seconds: float) -> report.Row:
    home = _archive(folder / str(size) / "home", size)
    with _served(home) as (address, process):
        asked = [
            f"/search?{urlencode({'q': typed})}"
            for _, of_kind in timed_queries(size)
            for typed in islice(of_kind, 20)
        ]
        _ask(address, asked, 1, 5, 0)  # the dictionary and the index are loaded
        typing = _ask(address, asked, users, seconds, PAUSE)
        at_once = _ask(address, asked, users, seconds, 0)
        kilobytes, seen = _first_page(address)
        memory = _memory(process.pid)
    row: report.Row = {"contracts": size, "users": users}
    for label, times in (("typing", typing), ("at once", at_once)):
        cuts = quantiles(times, n=100, method="inclusive")
        row |= {
            f"{label} p50 ms": round(cuts[49]),
            f"{label} p95 ms": round(cuts[94]),
            f"{label} p99 ms": round(cuts[98]),
        }
        row |= {f"{label} /s": round(len(times) / seconds, 1)}
    return row | {"first KB": round(kilobytes), "seen s": round(seen, 2), "MB": memory}


def _archive(folder: Path, size: int) -> Home:
    """The county's archive, indexed, with an account for those who ask."""
    from web import accounts  # not at the top: there this file is called so
    from web.database import open_database
    from web.roles import Role

    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        make_county(folder, size)
    home = open_home(folder, None)
    subprocess.run(
        [HUYUE, "--home", folder, "--today", str(TODAY), "search", "--limit", "0", "x"],
        check=False,
        capture_output=True,
    )
    database = open_database(home)
    with database.writing() as connection:
        known = {one.name for one in accounts.accounts(connection)}
        if NAME not in known:
            accounts.add(connection, NAME, Role.ARCHIVIST, (), PASSWORD, temporary=False)
    return home


@contextmanager
def _served(home: Home) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    process = subprocess.Popen(
        [HUYUE, "--home", home.folder, "--today", str(TODAY), "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None  # noqa: S101
    found = re.search(r"http://[\d.:]+", process.stderr.readline())
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        if found is None:
            raise AssertionError("huyue serve did not say where it is")
        yield found[0], process
    finally:
        process.terminate()
        process.wait(60)


def _ask(address: str, paths: list[str], users: int, seconds: float, pause: float) -> list[float]:
    """Milliseconds of every answer that `users` people got in so many seconds."""
    times: list[float] = []
    cookie = _log_in(address)
    until = time.monotonic() + seconds

    def one(number: int) -> None:
        order = Random(number)  # noqa: S311
        mine = paths[:]
        order.shuffle(mine)
        with httpx2.Client(
            base_url=address, cookies=cookie, headers={"HX-Target": "found"}, timeout=60
        ) as client:
            time.sleep(order.uniform(0, pause))
            for path in cycle(mine):
                if time.monotonic() > until:
                    return
                started = time.perf_counter()
                answer = client.get(path)
                times.append((time.perf_counter() - started) * 1000)
                if answer.status_code != 200:
                    raise AssertionError(f"{path}: {answer.status_code}")
                time.sleep(order.uniform(0.5, 1.5) * pause)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _log_in(address: str) -> dict[str, str]:
    answer = httpx2.post(f"{address}/login", data={"name": NAME, "password": PASSWORD})
    return {"huyue": answer.cookies["huyue"]}


def _first_page(address: str) -> tuple[float, float]:
    """KB that a browser without anything of ours fetches for the search page, and seconds until it can be used."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES])
        context = browser.new_context(base_url=address)
        context.add_cookies([{"name": "huyue", "value": _log_in(address)["huyue"], "url": address}])
        page = context.new_page()
        page.goto("/search", wait_until="load")
        fetched = page.evaluate(
            "() => performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
            ".reduce((sum, one) => sum + one.transferSize, 0)"
        )
        seen = page.evaluate("() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        browser.close()
    return float(fetched) / 1000, float(seen) / 1000


def _memory(pid: int) -> int:
    """The highest memory that a process took, in MB."""
    said = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", said)
    return int(found[1]) // 1024 if found else 0


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).parent))
    main()
