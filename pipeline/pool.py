"""A process pool for plain units of work: results in order, a killed worker survived, a clean end at Ctrl-C.

Workers are spawned (alike on Windows and Linux), ignore Ctrl-C, which is the parent's to handle, and end
by themselves when the parent dies, however it dies. What libraries print in them is English and tells a clerk
nothing: it goes nowhere. What is to be told comes back as a result or an exception. Each worker has a pipe of
its own: a worker killed at any moment, with half a result written, ends that pipe and no other.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from time import monotonic
from typing import Any, Generic, TypeVar

from pipeline.errors import WorkerLost

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES = 3  # how many workers an item may cost, usually, before it is given up


def workers() -> int:
    """How many processes to use: the cores this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return min(os.cpu_count() or 1, 60)  # Windows waits for no more


def workers_for(items: int) -> int:
    """How many processes to use for so many items."""
    return min(workers(), max(items, 1))


@dataclass(slots=True, eq=False)
class _Task(Generic[Item, Result]):
    """An item under way; `outcome` is empty until it has a result or an error, `losses` are workers it cost."""

    item: Item
    outcome: tuple[Result] | BaseException | None = None
    losses: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    process: SpawnProcess
    pipe: "Connection[Any, Any]"
    task: "_Task[Any, Any] | None" = None


def ordered(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    count: int,
    lost: Callable[[Item], Result] | None = None,
    tries: int = TRIES,
) -> Generator[Result]:
    """`work` of every item, by `count` processes, in the items' order.

    `work`, the items and the results must pickle. An item whose worker is killed is given to another; one that
    costs so many (`tries`) has `lost` of it for its result, or WorkerLost is raised. Raises whatever `work`
    raises, at the item's turn.
    """
    waiting = iter(items)
    ahead: deque[_Task[Item, Result]] = deque()  # in the items' order
    unassigned: deque[_Task[Item, Result]] = deque()
    running: list[_Worker] = []
    exhausted = False
    try:
        while True:
            while not exhausted and len(ahead) < 2 * count:
                try:
                    ahead.append(_Task(next(waiting)))
                except StopIteration:
                    exhausted = True
                else:
                    unassigned.append(ahead[-1])
            if not ahead:
                return
            if ahead[0].outcome is not None:
                yield _result(ahead.popleft())
                continue
            _assign(running, unassigned, work, count)
            for worker in _spoken(running):
                task = worker.task
                if not _receive(worker):
                    running.remove(worker)
                    if task is not None:
                        _lose(task, unassigned, lost, tries)
    finally:
        _end(running)


def _result(task: _Task[Any, Result]) -> Result:
    if isinstance(task.outcome, tuple):
        return task.outcome[0]
    assert task.outcome is not None  # noqa: S101
    raise task.outcome


def _assign(
    running: list[_Worker], unassigned: deque[_Task[Any, Any]], work: Callable[[Any], Any], count: int
) -> None:
    """Give what waits to workers that have nothing to do, and start those that are missing."""
    while unassigned:
        worker = next((one for one in running if one.task is None), None)
        if worker is None:
            if len(running) >= count:
                return
            worker = _start(work)
            running.append(worker)
        worker.task = unassigned.popleft()
        try:
            worker.pipe.send(worker.task.item)
        except OSError:  # it died; its pipe's end says so next
            return


def _spoken(running: list[_Worker]) -> list[_Worker]:
    """The workers that have a result, or have ended; waits for one."""
    ready = wait([worker.pipe for worker in running])
    return [worker for worker in running if worker.pipe in ready]


def _receive(worker: _Worker) -> bool:
    """Take a worker's result; False where it has ended instead."""
    try:
        outcome = worker.pipe.recv()
    except (EOFError, OSError, pickle.UnpicklingError):
        worker.pipe.close()
        worker.process.join()
        return False
    if worker.task is not None:
        worker.task.outcome, worker.task = outcome, None
    return True


def _lose(
    task: _Task[Item, Result],
    unassigned: deque[_Task[Item, Result]],
    lost: Callable[[Item], Result] | None,
    tries: int,
) -> None:
    """A worker ended over a task: it is tried again, or given up."""
    task.losses += 1
    if task.losses < tries:
        unassigned.appendleft(task)
    else:
        task.outcome = WorkerLost(tries=tries) if lost is None else (lost(task.item),)


class Standing(Generic[Item, Result]):
    """A worker kept for the next item, whenever that comes.

    It ends, and its memory with it, when none comes for `idle` seconds, and after an item that took longer than `long`:
    what that needed it would keep.

    `work`, the items and the results must pickle.
    """

    def __init__(self, work: Callable[[Item], Result], idle: float, long: float) -> None:
        self._work, self._kept = work, (idle, long)
        self._worker: _Worker | None = None
        self._ends = 0
        self._lock = threading.Lock()

    def of(self, item: Item) -> Result:
        """`work` of an item, one at a time. Raises what it raises, or WorkerLost."""
        task: _Task[Item, Result] = _Task(item)
        with self._lock:
            ends = self._ends
            while task.outcome is None:
                if self._ends != ends:
                    raise WorkerLost(tries=1)
                worker = self._worker = self._worker or _start(self._work, self._kept)
                worker.task = task
                with suppress(OSError):  # it has just ended; its pipe's end says so next
                    worker.pipe.send(item)
                if not _receive(worker):
                    self._worker = None
                    _lose(task, deque(), None, TRIES)
        return _result(task)

    def end(self) -> None:
        """End the worker, if there is one; what it is at is lost (WorkerLost)."""
        self._ends += 1
        worker = self._worker
        if worker is not None:
            worker.process.kill()
        with self._lock:
            _end([self._worker] if self._worker else [])
            self._worker = None


def _start(work: Callable[[Any], Any], kept: tuple[float, float] | None = None) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work, kept), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _serve(
    pipe: "Connection[Any, Any]", work: Callable[[Any], Any], kept: tuple[float, float] | None
) -> None:
    """In a worker: `work` of every item that comes, until the parent ends the pipe; a standing one for as long as it is kept."""
    start_worker()
    idle, long = kept or (None, inf)
    while True:
        try:
            if not pipe.poll(idle):
                return
            item = pipe.recv()
        except (EOFError, OSError):
            return
        began = monotonic()
        outcome: Any
        try:
            outcome = (work(item),)
        except Exception as problem:  # it is the parent's to raise
            problem.add_note("".join(traceback.format_exception(problem)))
            outcome = problem
        pipe.send(outcome)
        if monotonic() - began > long:
            return


def start_worker() -> None:
    """What a child process begins with: it leaves Ctrl-C to its parent, is silent, and ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # of C libraries as well as Python's
        os.dup2(nowhere, stream)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(running: list[_Worker]) -> None:
    for worker in running:
        worker.process.terminate()
        worker.pipe.close()
    for worker in running:
        worker.process.join()
