"""Review in the browser: from a key to the next page's picture, measured in Chromium.

    .venv/bin/python benchmarks/web_review.py [--size PAGES] [--json]

An archive is printed, signed and scanned (fixed seed); its contracts are void by then, so that every page waits for
review with what was printed beside it. `huyue serve` runs in a process of its own; Chromium goes through the pages by
key, each accepted (Enter) or rejected (R) in turn, so many ms after it is seen. Making it is not counted.

look ms   how long each page is looked at before the key
p50 ms, p95 ms, most ms   from the key to the next page's picture painted
kept s    from the last key until every decision is kept
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import insert, select

from archive.catalogue import tables
from archive.home import open_home
from benchmarks import report
from pipeline.demo.fates import SMOOTH
from pipeline.demo.scanner import sign_and_scan
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions

HUYUE = Path(sys.executable).with_name("huyue")
DAY, PASSWORD = "2026-04-05", "correct horse battery"
LOOKS = (300, 1000, 2000)  # ms
# In the page: when a key was pressed, and when the next picture was painted.
WATCH = """
window.pressed = 0; window.took = [];
addEventListener("keydown", () => { window.pressed = performance.now(); }, true);
new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => {
  const desk = document.getElementById("desk");
  if (desk?.dataset.ready && window.pressed) { window.took.push(performance.now() - window.pressed); window.pressed = 0; }
}))).observe(document, {subtree: true, attributes: true, attributeFilter: ["data-ready"]});
"""


def main() -> None:
    """Measure each length of look on pages of its own, and print a row each."""
    arguments = report.parser(__doc__, 60, "pages").parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        home = waiting(Path(folder), arguments.size)
        with sync_playwright() as playwright:
            switches = ["--no-sandbox"] if os.getuid() == 0 else []
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=switches)
            serving = subprocess.Popen(
                [HUYUE, "--home", home, "--today", DAY, "serve", "--port", "0"],
                stderr=subprocess.PIPE,
                text=True,
            )
            setup = serving.stderr.readline().strip().rpartition("：")[2] if serving.stderr else ""
            subprocess.Popen(["cat"], stdin=serving.stderr, stdout=subprocess.DEVNULL)
            base = setup.partition("/setup/")[0]
            page = browser.new_context(base_url=base, viewport={"width": 1280, "height": 720}).new_page()
            page.goto(setup)
            page.fill("#name", "管理员甲")
            page.fill("#password", PASSWORD)
            page.fill("#again", PASSWORD)
            page.click("button.main")
            page.wait_for_url("**/")
            page.add_init_script(WATCH)
            for look in LOOKS:
                rows.append(gone_through(page, arguments.size // len(LOOKS), look))
            browser.close()
            serving.terminate()
            serving.wait()
    report.tell(rows, as_json=arguments.json)


def gone_through(page: Page, pages: int, look: int) -> report.Row:
    """Decide on so many pages, each after a look."""
    page.goto("/review")
    page.get_by_role("link", name="一页一页看").click()
    desk = page.locator("#desk[data-ready]:not([data-ready=''])")
    for number in range(pages):
        desk.wait_for()
        item = page.locator("#desk").get_attribute("data-ready")
        page.wait_for_timeout(look)
        page.keyboard.press("Enter" if number % 2 else "r")
        page.locator(f"#desk[data-ready]:not([data-ready='']):not([data-ready='{item}'])").wait_for()
    ended = time.monotonic()
    told = page.locator("#desk[data-waiting='0']")
    told.wait_for(timeout=600_000)
    kept, took = time.monotonic() - ended, sorted(page.evaluate("window.took"))
    cuts = statistics.quantiles(took, n=20)
    return {
        "look ms": look,
        "pages": len(took),
        "p50 ms": round(statistics.median(took)),
        "p95 ms": round(cuts[18]),
        "most ms": round(took[-1]),
        "kept s": round(kept, 1),
    }


def waiting(folder: Path, pages: int) -> Path:
    """An archive of which at least so many pages, and a few more, wait."""
    home, roster = folder / "档案库", folder / "花名册.xlsx"
    write_town(roster, Divisions.shipped(), households=max(60, 3 * pages), seed=3)
    run("init", home)
    run("--home", home, "roster", "import", roster)
    run("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01")
    run("--home", home, "print", "--campaign", "春", "--out", folder / "打印")
    for batch in sorted((folder / "打印").iterdir()):
        sign_and_scan(batch, folder / "扫" / batch.name, seed=1, limit=pages // 4 + 5, rates=SMOOTH)
    with open_home(home, None).writing() as connection:
        about = {"kind": "void", "day": "2026-03-02", "recorded_on": "2026-03-02", "user": "", "reason": ""}
        for number in connection.execute(select(tables.contract.c.number)).scalars().all():
            connection.execute(insert(tables.closing).values(contract=number, **about))
    run("--home", home, "intake", folder / "扫")
    return home


def run(*arguments: str | Path) -> None:
    """A command; what it says goes nowhere."""
    environment = os.environ | {"HUYUE_TODAY": DAY}
    subprocess.run([HUYUE, *arguments], env=environment, capture_output=True, check=False)


if __name__ == "__main__":
    main()
