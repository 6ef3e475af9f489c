"""Pages of colour, 200 dpi, taken in by `huyue intake`, beside OCRmyPDF and a plain loop that only reads codes.

    .venv/bin/python benchmarks/intake.py [--size PAGES] [--keep DIR] [--json]

A town is invented (fixed seed), planned and printed; every page is another sheet of another contract, signed and
scanned in PDFs of fifty. Making them is not counted (--keep DIR keeps them for the next run). First table, growth:
a sixteenth, a quarter and the whole of --size (500, 2,000 and 8,000), each into a fresh copy of the archive.

pages/s      `huyue intake` as a clerk runs it, its start and the index included: every page identified, brought
             onto its layout, its values proven and boxes judged, kept as PDF/A, encrypted, filed and indexed,
             the original files kept as well; on all cores
parent MB    the most memory that the command held (VmHWM); worker MB: the largest of its workers
floor        zxing-cpp and pypdfium2: every page drawn grey at 200 dpi and its codes read, by as many processes;
             nothing else is done

Second table: the first forty of the pages, ours beside OCRmyPDF (tesseract, chi_sim, PDF/A, on all cores), which
recognises their text; ours has it from the archive. Both with their start.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from threading import Event, Thread
from typing import Any

import cv2
import pypdfium2
import zxingcpp

from benchmarks import report
from benchmarks.intake_outcomes import copy_home, huyue, print_town
from benchmarks.scan_optics import Optics, Way
from benchmarks.scan_paper import number_of
from benchmarks.scan_truth import PageTruth
from benchmarks.scans import Shot, take, write_pile
from pipeline import pool
from pipeline.demo.fates import Printed
from pipeline.demo.ink import Mark

FEEDER = Optics((200,), 1.2, 0.003, (0.0, 0.08), (1, 5), (8, 40), (238, 253), (75, 89), 0)
A_FILE, FEW, SEED = 50, 40, 3
MEMORY_EACH = 0.1  # seconds between looks at how much memory is held


def main() -> None:
    """Measure, and print both tables or one JSON value with both."""
    arguments = _parse()
    kept = (
        nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory(prefix="huyue-bench-")
    )
    with kept as folder:
        place = Path(folder, f"pages-{arguments.size}")
        if not (place / "scanned").exists():
            shutil.rmtree(place, ignore_errors=True)
            _scan(place, arguments.size)
            (place / "scanned").touch()
        files = sorted((place / "scans").iterdir())
        growth = [_measure(place, files, pages) for pages in report.sizes(arguments.size, (16, 4, 1), 100)]
        beside = _beside(place, files[0])
    if arguments.json:
        print(json.dumps({"growth": growth, "peers": beside}, ensure_ascii=False))
        return
    report.show(growth)
    print()
    report.show(beside)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=8_000, help="pages (default 8000)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the scans there, and use them again")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    return parser.parse_args()


def _scan(place: Path, pages: int) -> None:
    """A town's archive at `place`/home, and so many of its sheets, signed and scanned, in `place`/scans."""
    batches = print_town(place, pages // 2, SEED)
    shots = [shot for batch in batches for shot in _shots(batch)]
    if len(shots) < pages:
        raise SystemExit(f"the town has only {len(shots)} sheets")
    pictures = pool.ordered(take, shots[:pages], pool.workers())
    (place / "scans").mkdir()
    for number, first in enumerate(range(0, pages, A_FILE), 1):
        pile = [next(pictures) for _ in range(min(A_FILE, pages - first))]
        write_pile(place / "scans", f"扫描-{number:04d}.pdf", pile)


def _shots(batch: Path) -> Iterator[Shot]:
    """Every sheet of a batch, all its boxes filled but the ticks."""
    known = Printed(batch)
    for number, sheets in known.contracts.items():
        for sheet in sheets:
            marks = tuple((box, Mark.EMPTY if box.kind == "tick" else Mark.FILLED) for box in sheet.boxes)
            truth = PageTruth("", 0, "sheet", number, sheet.sheet)
            seeds = (SEED, number_of(number), sheet.sheet)
            day = "2026年3月9日"
            yield Shot(
                truth, known.pdf, sheet.page, marks, (), day, known.village, seeds, (*seeds, 1), FEEDER, Way()
            )


def _measure(place: Path, files: Sequence[Path], pages: int) -> report.Row:
    """Ours and the floor on the first so many pages, in whole files."""
    chosen = files[: -(-pages // A_FILE)]
    seconds, parent, worker, counts = _take_in(place, chosen)
    started = time.perf_counter()
    read = sum(pool.ordered(_read_codes, chosen, pool.workers()))
    floor = time.perf_counter() - started
    return {
        "pages": counts["pages"],
        "filed": counts["filed"],
        "s": round(seconds, 1),
        "pages/s": round(counts["pages"] / seconds, 1),
        "parent MB": parent,
        "worker MB": worker,
        "floor codes": read,
        "floor pages/s": round(counts["pages"] / floor, 1),
        "÷ floor": round(floor / seconds, 2),
    }


def _take_in(place: Path, files: Sequence[Path]) -> tuple[float, int, int, Any]:
    """Seconds, the most memory of the command and of a worker in MB, and the counts, in a fresh archive."""
    home = place / "taken"
    copy_home(place / "home", home)
    peaks: dict[int, int] = {}
    done = Event()
    watch = Thread(target=_watch, args=(set(_below(os.getpid())), peaks, done))
    watch.start()
    started = time.perf_counter()
    counts = huyue("--home", home, "intake", *files)
    seconds = time.perf_counter() - started
    done.set()
    watch.join()
    command, *workers = [peaks[process] for process in sorted(peaks)] or [
        0
    ]  # the first started is the command
    return seconds, command, max(workers, default=0), counts


def _watch(others: set[int], peaks: dict[int, int], done: Event) -> None:
    """Note the most memory (MB) that each process we started, but for `others`, ever held, as /proc has it."""
    while not done.wait(MEMORY_EACH):
        for process in set(_below(os.getpid())) - others:
            try:
                status = Path(f"/proc/{process}/status").read_text()
            except OSError:  # it has ended
                continue
            held = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
            if held:
                peaks[process] = int(held[0]) // 1024


def _below(process: int) -> Iterator[int]:
    """The processes that a process has started, and those have."""
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found = [int(child) for child in thread.read_text().split()]
        except OSError:
            continue
        for child in found:
            yield child
            yield from _below(child)


def _read_codes(path: Path) -> int:
    """The floor: how many of a file's pages have a code that reads."""
    cv2.setNumThreads(1)
    found = 0
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            grey = page.render(scale=200 / 72, grayscale=True).to_numpy()
            found += bool(zxingcpp.read_barcodes(grey.reshape(grey.shape[:2])))
    return found


def _beside(place: Path, file: Path) -> list[report.Row]:
    """The second table, on the first pages of a file."""
    few = place / "few.pdf"
    with pypdfium2.PdfDocument(file) as document, pypdfium2.PdfDocument.new() as part:
        part.import_pages(document, list(range(min(FEW, len(document)))))
        pages = len(part)
        part.save(few)
    ours, _, _, _ = _take_in(place, [few])
    theirs = _ocrmypdf(few)
    return [
        {
            "work": f"{pages} pages",
            "ours s": round(ours, 1),
            "ours pages/s": round(pages / ours, 1),
            "peer": "OCRmyPDF" if theirs else "OCRmyPDF or tesseract's chi_sim is not installed",
            "peer s": round(theirs, 1) if theirs else "-",
            "peer pages/s": round(pages / theirs, 2) if theirs else "-",
            "ratio": round(theirs / ours, 1) if theirs else "-",
        }
    ]


def _ocrmypdf(file: Path) -> float | None:
    """Seconds for a file; None where it or the language is not installed."""
    if not (shutil.which("ocrmypdf") and shutil.which("tesseract")):
        return None
    known = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True).stdout
    if "chi_sim" not in known.split():
        return None
    out, jobs = file.with_suffix(".ocr.pdf"), str(pool.workers())
    started = time.perf_counter()
    subprocess.run(
        ["ocrmypdf", "-q", "-l", "chi_sim", "--jobs", jobs, "--output-type", "pdfa", str(file), str(out)],
        check=True,
        stderr=subprocess.DEVNULL if sys.stderr.isatty() else None,
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
