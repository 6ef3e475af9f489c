"""Figures that take long to work out: one at a time, in a process beside, and kept for a while for all who look.

They are of all villages; who looks takes their part before anything is counted (places.py). A million contracts take
half a minute: meanwhile a page says so and asks again (`being_worked_out`).
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

from sqlalchemy import Connection, func, select
from starlette.responses import Response

from archive.catalogue.tables import journal
from archive.home import Home
from archive.journal import CHINA
from pipeline.pool import Standing
from web.asked import Asked
from web.desk import Desk

LOG = logging.getLogger("huyue.desk")
WAIT = 1.5  # seconds for which a page waits for them
LONGEST = 600.0  # seconds for which they stand; verify, say, changes what they rest on without an entry of the journal
SLOW, REST = (
    5.0,
    5.0,
)  # slower ones (the process's start is in it) stand so many times as long, whatever changed
MOST, MOST_WAITING = 4, 6  # kept, of a county some 100 MB each, and to be worked out
IDLE = 600.0  # seconds for which the process beside waits for the next
T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Worked(Generic[T]):
    """Figures; `at` is when they were worked out, `entry` the journal's last entry then."""

    value: T
    at: datetime
    entry: int
    seconds: float
    began: float

    def stands(self, entry: int) -> bool:
        """Whether they need not be worked out anew yet."""
        rest = self.seconds * REST if self.seconds > SLOW else 0.0
        return self.age < LONGEST and (self.entry == entry or self.age < rest)

    @property
    def age(self) -> float:
        """Seconds since they were begun."""
        return monotonic() - self.began


@dataclass(slots=True)
class Figures:
    """The figures of an archive, by what they are."""

    desk: Desk
    _kept: OrderedDict[Hashable, Worked[Any]] = field(default_factory=OrderedDict)
    _under_way: dict[Hashable, Event] = field(default_factory=dict)
    _failed: dict[Hashable, Exception] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _turn: Lock = field(default_factory=Lock)

    def of(self, key: Hashable, make: Callable[[], T], wait: float = WAIT) -> Worked[T] | None:
        """What `make` gives, worked out now or kept.

        Where that takes longer than `wait` seconds: the older ones, if they are no older than LONGEST, else None. Raises
        what `make` raised.
        """
        with self.desk.home.reading() as connection:
            entry = _entry(connection)
        with self._lock:
            self._raise_failure(key)  # of a while ago, which nobody waited for
            kept = self._kept.get(key)
            if kept is not None and kept.stands(entry):
                self._kept.move_to_end(key)
                return cast(Worked[T], kept)
            done = self._under_way.get(key)
            if done is None:
                if len(self._under_way) >= MOST_WAITING:
                    return None
                done = self._under_way[key] = Event()
                Thread(target=self._work, args=(key, make, done), name="figures", daemon=True).start()
        if not done.wait(wait):
            return cast(Worked[T], kept) if kept is not None and kept.age < LONGEST else None
        with self._lock:
            self._raise_failure(key)
            return cast("Worked[T] | None", self._kept.get(key))

    def _raise_failure(self, key: Hashable) -> None:
        problem = self._failed.pop(key, None)
        if problem is not None:
            raise problem

    def _work(self, key: Hashable, make: Callable[[], T], done: Event) -> None:
        worked, problem = None, None
        try:
            with self._turn:
                with self.desk.home.reading() as connection:
                    entry, began = _entry(connection), monotonic()
                value = make()
                worked = Worked(value, datetime.now(CHINA), entry, monotonic() - began, began)
        except Exception as failure:  # whoever waits is told
            LOG.error("figures: %s", type(failure).__name__)
            problem = failure
        with self._lock:
            if problem is not None:
                self._failed[key] = problem
                if len(self._failed) > MOST:  # nobody may ask again
                    del self._failed[next(iter(self._failed))]
            elif worked is not None:
                self._kept[key] = worked
                self._kept.move_to_end(key)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
            del self._under_way[key]
            done.set()


def beside(
    asked: Asked, make: Callable[Concatenate[Connection, P], T], *args: P.args, **more: P.kwargs
) -> Callable[[], T]:
    """What `make` gives of the catalogue, by a process beside the desk's, so that no page waits for its turn.

    All of it must pickle.
    """
    work = partial(_made, asked.desk.home, make, *args, **more)
    return lambda: cast(T, _BESIDE.of(work))


def end_beside() -> None:
    """End the process beside, with what it is at; the next question starts another."""
    _BESIDE.end()


def _made(home: Home, make: Callable[..., T], *args: object, **more: object) -> T:
    with home.reading() as connection:
        return make(connection, *args, **more)


def _call(work: Callable[[], T]) -> T:
    return work()


_BESIDE: Standing[Callable[[], Any], Any] = Standing(_call, IDLE, SLOW)


def _entry(connection: Connection) -> int:
    return int(connection.execute(select(func.max(journal.c.seq))).scalar() or 0)


def figures(asked: Asked) -> Figures:
    """Those of the desk that is asked."""
    found: Figures = asked.request.app.state.figures
    return found


def being_worked_out(asked: Asked, title: str) -> Response:
    """The page while its figures are worked out: it asks again by itself."""
    path = asked.request.url.path + (f"?{asked.request.url.query}" if asked.request.url.query else "")
    return asked.page("being_worked_out.html", title=title, path=path)
