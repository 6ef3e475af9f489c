"""The process pool: order, killed workers, errors, and no worker left behind."""

import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipeline import pool
from pipeline.errors import WorkerLost


def own_process(_: int) -> int:
    return os.getpid()


def stay(mark: Path) -> None:
    """Says which process it is, and never ends."""
    mark.write_text(f"{os.getpid()}")
    threading.Event().wait()


class Ended:
    """A standing worker that is ended with the test."""

    def __init__(self, standing: "pool.Standing[Any, Any]") -> None:
        self.standing, self.close = standing, standing.end


def square(number: int) -> int:
    return number * number


def die_once(item: tuple[int, Path]) -> int:
    """Kills its own process the first time, as a machine out of memory does."""
    number, folder = item
    mark = folder / f"{number}"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_always(_: int) -> int:
    os._exit(9)


def fail(number: int) -> int:
    if number == 2:
        raise ValueError("two")
    return number


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(pool.ordered(square, range(40), 2)) == [number * number for number in range(40)]


def test_a_killed_worker_loses_nothing_and_repeats_no_result(tmp_path: Path) -> None:
    assert list(pool.ordered(die_once, [(number, tmp_path) for number in range(12)], 2)) == list(range(12))


def test_workers_that_die_between_two_results_are_replaced() -> None:
    results = pool.ordered(report, range(8), 2)
    os.kill(next(results), signal.SIGKILL)
    assert len(list(results)) == 7


def test_an_item_that_always_kills_its_worker_is_given_up_with_a_message() -> None:
    with pytest.raises(WorkerLost, match="3 次"):
        list(pool.ordered(die_always, [1], 1))


def test_an_error_in_the_work_comes_at_its_items_turn() -> None:
    found = pool.ordered(fail, range(5), 2)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(found)


PARENT = """
import signal, threading
from pipeline import pool
from tests.main_job.test_pool import report
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts with it ignored
    for pid in pool.ordered(report, [1, 2, 3], 2):
        print(pid, flush=True)
        threading.Event().wait()
"""
ROOT = Path(__file__).parents[2]


def report(number: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, script], env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        children = _children(parent.pid)
        assert worker in children
        parent.send_signal(how)
        parent.wait(60)
        for child in children:
            _wait_until_gone(child)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def _wait_until_gone(pid: int) -> None:
    """Blocks until the process is gone; a process that stays makes the test run into its time limit."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    assert select.select([handle], [], [], 60)[0], "a worker is still there"
    os.close(handle)


def half_a_result(mark: Path) -> bytes:
    """More than a pipe holds; the first time its process is killed while it is being written."""
    if not mark.exists():
        mark.touch()
        threading.Thread(target=_kill_when_written_to, args=(os.getpid(),), daemon=True).start()
    return bytes(50_000_000)


def _kill_when_written_to(pid: int) -> None:
    """Kills the process once it has written a part of it."""
    while int(Path(f"/proc/{pid}/io").read_text().partition("wchar: ")[2].split()[0]) < 1_000_000:
        pass
    os.kill(pid, signal.SIGKILL)


def test_a_worker_killed_with_half_a_result_written_is_replaced(tmp_path: Path) -> None:
    (result,) = pool.ordered(half_a_result, [tmp_path / "mark"], 1)
    assert len(result) == 50_000_000


def large(_: int) -> bytes:
    return bytes(50_000_000)


def test_a_run_given_up_while_results_are_being_written_ends() -> None:
    with closing(pool.ordered(large, range(4), 2)) as results:
        assert len(next(results)) == 50_000_000


def test_a_standing_worker_is_kept_and_replaced_when_it_was_killed(tmp_path: Path) -> None:
    with closing(Ended(pool.Standing(own_process, 600, 600))) as one:
        first = one.standing.of(0)
        assert one.standing.of(0) == first != os.getpid()
        os.kill(first, signal.SIGKILL)
        assert one.standing.of(0) not in (first, os.getpid())
    with closing(Ended(pool.Standing(die_once, 600, 600))) as one:
        assert one.standing.of((3, tmp_path)) == 3, "killed over the item itself"
    with closing(Ended(pool.Standing(die_always, 600, 600))) as one, pytest.raises(WorkerLost):
        one.standing.of(1)
    with closing(Ended(pool.Standing(fail, 600, 600))) as one:
        with pytest.raises(ValueError, match="two"):
            one.standing.of(2)
        assert one.standing.of(1) == 1


def test_a_standing_worker_ended_at_its_work_begins_no_other(tmp_path: Path) -> None:
    standing = pool.Standing(stay, 600, 600)
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            standing.of(tmp_path / "mark")
        except WorkerLost as problem:
            failed.append(problem)

    os.mkfifo(tmp_path / "mark")
    asking = threading.Thread(target=ask)
    asking.start()
    process = int((tmp_path / "mark").read_text())  # it is at its work
    standing.end()
    asking.join(60)
    assert failed and not asking.is_alive()
    _wait_until_gone(process)


def test_a_standing_worker_that_was_long_at_an_item_ends_after_it() -> None:
    with closing(Ended(pool.Standing(own_process, 600, 0))) as one:
        first = one.standing.of(0)
        _wait_until_gone(first)
        assert one.standing.of(0) != first


def test_a_standing_worker_that_nobody_asks_ends_and_another_begins() -> None:
    with closing(Ended(pool.Standing(own_process, 0.2, 600))) as one:
        first = one.standing.of(0)
        _wait_until_gone(first)
        assert one.standing.of(0) != first
