"""Print runs that are killed, interrupted or out of room: whole batches or none, and the same command goes on."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive import journal
from archive.home import open_home
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions
from pipeline.print_run import RECORD
from tests.conftest import FULL, HUYUE, Answer, huyue

TODAY = "2026-03-05"


@dataclass(frozen=True)
class Planned:
    """A planned town that was never printed, and what a quiet run makes of a copy of it."""

    home: Path
    quiet: Answer
    seconds: float
    batches: dict[str, bytes]

    def copied(self, folder: Path) -> Path:
        """A fresh copy of the archive, key and all."""
        home = folder / "档案库"
        shutil.copytree(self.home, home)
        shutil.copy2(self.home.with_name("档案库.key"), folder)
        return home


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    folder = tmp_path_factory.mktemp("planned")
    home, roster = folder / "档案库", folder / "花名册.xlsx"
    write_town(roster, Divisions.shipped(), households=90, seed=8)
    assert huyue("init", home).status == 0
    assert huyue("--home", home, "roster", "import", roster).status == 1
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    made = Planned(home, Answer(0, "", ""), 0.0, {})
    quiet = made.copied(tmp_path_factory.mktemp("quiet"))
    started = time.monotonic()
    answer = huyue(*command(quiet))
    assert answer.status == 0, answer.err
    return Planned(home, answer, time.monotonic() - started, batches(out(quiet)))


def out(home: Path) -> Path:
    return home.with_name("打印")


def command(home: Path) -> list[str | Path]:
    return ["--home", home, "print", "--campaign", "2026春", "--out", out(home), "--docx", "--json"]


def batches(folder: Path) -> dict[str, bytes]:
    """Every file of every batch but the ledger's, whose zip says nothing more."""
    return {f"{file.parent.name}/{file.name}": file.read_bytes() for file in sorted(folder.glob("4*/*"))}


def start(home: Path, *options: str) -> "subprocess.Popen[bytes]":
    """`huyue print`, running, with Ctrl-C as a terminal has it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    return subprocess.Popen(
        [HUYUE, *map(str, command(home)), *options],
        env=environment | {"HUYUE_TODAY": TODAY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def whole_villages(planned: Planned, folder: Path) -> set[str]:
    """The villages in place; each is whole, as a quiet run makes it."""
    found = batches(folder) if folder.exists() else {}
    villages = {name.partition("/")[0] for name in found}
    for name, content in planned.batches.items():
        if name.partition("/")[0] in villages:
            assert found[name] == content, name
    assert found.keys() <= planned.batches.keys()
    return villages


def marked(home: Path) -> set[str]:
    """The villages with contracts that are marked printed."""
    with open_home(home, None).reading() as connection:
        assert journal.broken_at(connection) is None
        rows = connection.exec_driver_sql(
            "SELECT DISTINCT village_code FROM contract WHERE printed_on IS NOT NULL"
        )
        return {row[0] for row in rows}


def assert_goes_on(planned: Planned, home: Path) -> None:
    folder = out(home)
    before = {file: file.stat().st_ino for file in folder.glob("4*/print.pdf")} if folder.exists() else {}
    done, stopped = marked(home), (folder / RECORD).exists()
    assert done <= whole_villages(planned, folder)
    again = huyue(*command(home), today=TODAY)
    assert again.status == 0, again.err
    assert again.json["contracts"] == planned.quiet.json["contracts"]
    assert again.json["pages"] == planned.quiet.json["pages"]
    assert [Path(one).name for one in again.json["batches"]] == [
        Path(one).name for one in planned.quiet.json["batches"]
    ]
    assert batches(folder) == planned.batches
    assert {entry.name for entry in folder.iterdir()} == {name.partition("/")[0] for name in planned.batches}
    assert marked(home) == {name.partition("/")[0] for name in planned.batches}
    kept = [file for file, node in before.items() if file.stat().st_ino == node]
    if stopped:  # the last one may have been marked and not yet recorded
        assert len(kept) >= len(done) - 1
    assert not (folder / RECORD).exists()


@pytest.mark.parametrize("moment", range(20 if FULL else 1))
def test_killed_at_any_moment_the_same_command_makes_the_rest(
    planned: Planned, tmp_path: Path, moment: int
) -> None:
    home = planned.copied(tmp_path)
    seconds = planned.seconds * random.Random(moment).random()  # noqa: S311
    with start(home) as run:
        try:
            run.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
    assert_goes_on(planned, home)


def test_ctrl_c_leaves_whole_batches_and_nothing_else(planned: Planned, tmp_path: Path) -> None:
    home = planned.copied(tmp_path)
    with start(home) as run:
        while run.poll() is None and not list(out(home).glob("4*")):
            pass
        run.send_signal(signal.SIGINT)
        run.communicate()
    assert run.returncode == 130
    assert not list(out(home).glob(".huyue-4*"))
    assert_goes_on(planned, home)


def test_out_of_room_it_says_so_and_leaves_whole_batches(planned: Planned, tmp_path: Path) -> None:
    home = planned.copied(tmp_path)
    with start(home) as run:
        while run.poll() is None and not (limited := _workers(run.pid)):
            pass
        for worker in limited:
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (100_000, 100_000))  # less than any print.pdf
        said, _ = run.communicate()
    assert run.returncode == 2, said.decode()
    assert json.loads(said)["error"]["message"].startswith("读写文件时出错：文件大过这个磁盘允许的大小")
    assert not list(out(home).glob(".huyue-4*"))
    assert_goes_on(planned, home)


def _workers(pid: int) -> list[int]:
    """The processes that press batches: those that run Python's spawned children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_two_at_once_take_their_turns(planned: Planned, tmp_path: Path) -> None:
    home = planned.copied(tmp_path)
    with start(home) as one, start(home) as other:
        for run in (one, other):
            _, said = run.communicate(timeout=120)
            assert run.returncode == 0, said.decode()
    assert batches(out(home)) == planned.batches


def test_another_command_into_the_same_folder_begins_anew(planned: Planned, tmp_path: Path) -> None:
    home = planned.copied(tmp_path)
    with start(home) as run:
        while run.poll() is None and not list(out(home).glob("4*")):
            pass
        run.kill()
        run.communicate()
    again = huyue(*command(home)[:-2], "--copies", "2", "--json", today=TODAY)
    assert again.status == 0, again.err
    names = {file.name for file in out(home).glob("4*/*")}
    assert names == {"print.pdf", "print-2.pdf", "print.json", "ledger.xlsx"}
    assert len(list(out(home).glob("4*/print-2.pdf"))) == len(again.json["batches"])


def kill_on_the_way(home: Path, *options: str) -> None:
    """Kill the command when its first village is in place."""
    with start(home, *options) as run:
        while run.poll() is None and not list(out(home).glob("4*")):
            pass
        run.kill()
        run.communicate()
    assert run.returncode == -signal.SIGKILL


def test_a_part_of_a_campaign_goes_on_where_it_was_stopped(planned: Planned, tmp_path: Path) -> None:
    home = planned.copied(tmp_path)
    assert huyue(*command(home), today=TODAY).status == 0
    shutil.rmtree(out(home))
    kill_on_the_way(home, "--unreturned")
    refused = huyue(*command(home), "--unreturned", "--copies", "2", today=TODAY)
    assert (refused.status, refused.json["error"]["code"]) == (2, "folder_not_ours")
    again = huyue(*command(home), "--unreturned", today=TODAY)
    assert (again.status, again.json["contracts"]) == (0, planned.quiet.json["contracts"]), again.err
    assert batches(out(home)) == planned.batches
    refused = huyue(*command(home), "--unreturned", today=TODAY)  # the run is over
    assert (refused.status, refused.json["error"]["code"]) == (2, "folder_not_ours")


def test_another_archive_does_not_take_over_what_was_printed(planned: Planned, tmp_path: Path) -> None:
    home, other = planned.copied(tmp_path), tmp_path / "又一个"
    assert huyue("init", other).status == 0
    roster = planned.home.with_name("花名册.xlsx")
    assert huyue("--home", other, "roster", "import", roster).status == 1
    assert huyue("--home", other, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    kill_on_the_way(home)
    assert huyue("--home", other, *command(home)[2:], today=TODAY).status == 0
    assert marked(other) == {name.partition("/")[0] for name in planned.batches}
