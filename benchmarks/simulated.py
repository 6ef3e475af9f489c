"""Other people's simulators: of scanners, run on batches of ours; and augraphy, run on our scans."""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.scan_defects import TAMPERED, tamper
from benchmarks.scan_truth import Truth, joined, outside_truth

PROCESSES = 2


def simulate(script: Path, batches: Sequence[Path], place: Path, profile: str, size: int, seed: int) -> Truth:
    """Scan about `size` contracts of the batches into `place`/scans, a folder a batch, by the simulator."""
    counts = [_contracts(batch) for batch in batches]
    shares = [round(size * count / sum(counts)) for count in counts]

    chosen = [number for number, share in enumerate(shares) if share]
    altered = {number: place / "batch" / batches[number].name for number in chosen}
    defects = {number: tamper(batches[number], altered[number], TAMPERED, seed) for number in chosen}

    def run(number: int) -> Truth:
        scans = place / "scans" / batches[number].name
        command = [sys.executable, script, altered[number], scans]
        options = ["--profile", profile, "--seed", seed + number, "--contracts", shares[number]]
        subprocess.run([str(part) for part in command + options], check=True, stdout=subprocess.DEVNULL)
        return outside_truth(scans, altered[number], defects[number])

    with ThreadPoolExecutor(PROCESSES) as pool:
        return joined(list(pool.map(run, chosen)))


def degrade(interpreter: Path, scans: Path, seed: int) -> None:
    """Have augraphy, which the interpreter has, make every JPEG of a folder old and dirty."""
    script = Path(__file__).with_name("augraphy_pages.py")
    files = sorted(scans.rglob("*.jpg"))

    def run(number: int) -> None:
        names = "\n".join(str(file) for file in files[number::PROCESSES])
        command = [str(part) for part in (interpreter, script, seed)]
        subprocess.run(command, input=names, text=True, check=True, stdout=subprocess.DEVNULL)

    with ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(run, range(PROCESSES)))


def _contracts(batch: Path) -> int:
    pages = json.loads((batch / "print.json").read_bytes())["pages"]
    return len({page["contract"] for page in pages} - {None})
