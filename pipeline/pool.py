"""A process pool for plain units of work: results in order, a killed worker survived, a clean end at Ctrl-C.

Workers are spawned (alike on Windows and Linux), ignore Ctrl-C, which is the parent's to handle, and end
by themselves when the parent dies, however it dies. What libraries print in them is English and tells a clerk
nothing: it goes nowhere. What is to be told comes back as a result or an exception.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from archive.errors import WorkerLost

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES = 3  # how many workers an item may cost before it is given up: one in company, the others alone


def workers() -> int:
    """How many processes to use: the cores this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return min(os.cpu_count() or 1, 60)  # Windows waits for no more


def ordered(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    count: int,
    lost: Callable[[Item], Result] | None = None,
) -> Iterator[Result]:
    """`work` of every item, by `count` processes, in the items' order.

    `work` and the items must pickle. When a worker is killed, nobody knows over which item: what was under way
    is done again one item at a time, alone, until one has cost its worker again. An item that costs three
    has `lost` of it for its result, or WorkerLost is raised. Raises whatever `work` raises, at the item's turn.
    """
    waiting = iter(items)
    pending: deque[tuple[Item, Future[Result]]] = deque()
    pool = _pool(count)
    try:
        while True:
            for item in islice(waiting, 2 * count - len(pending)):
                pending.append((item, _given(pool, work, item)))
            if not pending:
                return
            item, future = pending[0]
            try:
                result = future.result()
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                guilty = False
                while pending and not guilty:
                    item, future = pending.popleft()
                    if _broken(future):
                        result, guilty = _alone(work, item, lost)
                    else:
                        result = future.result()
                    yield result
                pool = _pool(count)
                pending = deque(
                    (item, _given(pool, work, item) if _broken(future) else future)
                    for item, future in pending
                )
                continue
            pending.popleft()
            yield result
    finally:
        _end(pool)


def _given(pool: ProcessPoolExecutor, work: Callable[[Item], Result], item: Item) -> "Future[Result]":
    """The item's result to come; a pool that broke in the meantime is told at the item's turn."""
    try:
        return pool.submit(work, item)
    except BrokenProcessPool as problem:
        future: Future[Result] = Future()
        future.set_exception(problem)
        return future


def _broken(future: "Future[Result]") -> bool:
    """Whether the pool broke before the work was done."""
    return future.cancelled() or isinstance(future.exception(), BrokenProcessPool)


def _alone(
    work: Callable[[Item], Result], item: Item, lost: Callable[[Item], Result] | None
) -> tuple[Result, bool]:
    """The result of an item that is the only one under way, and whether it cost its worker."""
    for losses in range(TRIES - 1):
        pool = _pool(1)
        try:
            return pool.submit(work, item).result(), losses > 0
        except BrokenProcessPool:
            continue
        finally:
            _end(pool)
    if lost is None:
        raise WorkerLost(tries=TRIES)
    return lost(item), True


def _pool(count: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=start_worker)


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


def _end(pool: ProcessPoolExecutor) -> None:
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
