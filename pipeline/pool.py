"""A process pool for plain units of work: results in order, a killed worker survived, a clean end at Ctrl-C.

Workers are spawned (alike on Windows and Linux), ignore Ctrl-C, which is the parent's to handle, and end
by themselves when the parent dies, however it dies.
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
from typing import TypeVar

from archive.errors import WorkerLost

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES = 3  # how often one item is given to a new worker before it is blamed for the loss


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

    `work` and the items must pickle. An item whose worker was killed is tried again by a new one; after
    three losses its result is `lost` of it, or WorkerLost is raised. Raises whatever `work` raises, at the
    item's turn.
    """
    waiting = iter(items)
    pending: deque[tuple[Item, Future[Result] | None]] = deque()
    pool = _pool(count)
    losses = 0
    try:
        while True:
            while len(pending) < 2 * count:
                try:
                    pending.append((next(waiting), None))
                except StopIteration:
                    break
            if not pending:
                return
            try:
                pending = deque((item, future or pool.submit(work, item)) for item, future in pending)
                first = pending[0][1]
                if first is None:
                    continue
                result = first.result()
            except BrokenProcessPool:
                losses += 1
                if losses >= TRIES and lost is None:
                    raise WorkerLost(tries=TRIES) from None
                pool.shutdown(cancel_futures=True)
                pool = _pool(count)
                pending = deque((item, _kept(future)) for item, future in pending)
                if losses < TRIES or lost is None:
                    continue
                result = lost(pending[0][0])
            losses = 0
            pending.popleft()
            yield result
    finally:
        _end(pool)


def _kept(future: "Future[Result] | None") -> "Future[Result] | None":
    """The future if it had its result before the pool broke; None for work to be given anew."""
    if future is None or not future.done() or future.cancelled():
        return None
    return None if isinstance(future.exception(), BrokenProcessPool) else future


def _pool(count: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=start_worker)


def start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
