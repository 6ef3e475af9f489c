"""What tests share: the real command line, and a small town imported, planned and printed once."""

import io
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import settings

from archive.home import Home, open_home
from archive.search_seal import Seal
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions

FULL = os.environ.get("HUYUE_FULL") == "1"
HUYUE = Path(sys.executable).with_name("huyue")
ROOT = Path(__file__).parents[1]
LONGEST = 300  # seconds that a command may take
# The gate tries the same examples every time: what it refuses is what was changed, never the luck of a draw.
settings.register_profile("huyue", max_examples=100 if FULL else 40, derandomize=not FULL)
settings.load_profile("huyue")


@dataclass(frozen=True)
class Answer:
    """What a command did: its exit status, standard output and standard error."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def huyue(*arguments: str | Path, today: str = "2026-03-05", **variables: str) -> Answer:
    """Run the installed `huyue` in a process of its own, as a clerk's shell does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    environment |= {"HUYUE_TODAY": today, "HUYUE_USER": "经办人甲"} | variables
    if not all(name.startswith("HUYUE_") for name in variables):  # what Python itself looks at when it starts
        command: list[str | Path] = [HUYUE, *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=LONGEST, stdin=subprocess.DEVNULL
        )
        return Answer(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        asked = {"arguments": [*map(str, arguments)], "environment": environment, "folder": str(Path.cwd())}
        status = _answered(json.dumps(asked | {"out": str(out), "err": str(err)}))
        return Answer(status, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def _answered(asked: str) -> int:
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    print(asked, file=server.stdin, flush=True)
    if not select.select([server.stdout], [], [], LONGEST)[0]:
        server.kill()
        _server.cache_clear()
        raise TimeoutError(f"{asked}: no answer in {LONGEST} seconds")
    return int(server.stdout.readline())


@lru_cache(maxsize=1)
def _server() -> subprocess.Popen[str]:
    """The process that forks commands (tests/warm.py); it ends when this one does, whose pipe it reads."""
    command = [sys.executable, "-m", "tests.warm"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def index_in_clear(home: Path | Home, engine: str = "tantivy") -> Path:
    """The folder in memory in which an archive's index is searched."""
    return Seal(home if isinstance(home, Home) else open_home(home, None), engine).clear


def index_files(home: Path | Home, engine: str = "tantivy") -> list[Path]:
    """The files of an archive's index, in clear and sealed."""
    clear = index_in_clear(home, engine)
    kept = (home.folder if isinstance(home, Home) else home) / "index"
    return [path for folder in (clear, kept) for path in folder.rglob("*") if path.is_file()]


@dataclass(frozen=True)
class Town:
    """A town of 60 households, all the way to paper; `kept` is its archive as it was then, for copying only."""

    roster: Path
    home: Path
    out: Path
    printed: Answer
    kept: Path

    def batches(self) -> Iterator[Path]:
        yield from sorted(path for path in self.out.iterdir())


def page_text(pdf: bytes, position: int) -> str:
    """The text of a PDF's page (from 1), as pypdf reads it."""
    return pypdf.PdfReader(io.BytesIO(pdf)).pages[position - 1].extract_text()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("town")
    roster, home, out = folder / "花名册.xlsx", folder / "档案库", folder / "打印"
    write_town(roster, Divisions.shipped(), households=60, seed=3)
    assert huyue("init", home).status == 0
    assert huyue("--home", home, "roster", "import", roster).status == 1
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    printed = huyue("--home", home, "print", "--campaign", "2026春", "--out", out, "--docx", "--json")
    assert printed.status == 0, printed.err
    kept = folder / "原样" / home.name  # tests take scans into the other
    shutil.copytree(home, kept)
    shutil.copy(folder / f"{home.name}.key", kept.parent)
    return Town(roster, home, out, printed, kept)


@pytest.fixture
def new_home(tmp_path: Path) -> Callable[[], Path]:
    """Makes an empty archive."""

    def make() -> Path:
        home = tmp_path / "档案库"
        answer = huyue("init", home)
        assert answer.status == 0, answer.err
        return home

    return make
