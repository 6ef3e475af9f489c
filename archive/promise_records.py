"""What is recorded of the office's promises: that one was kept, and when; nothing about whom it did good.

Of several entries of a promise the newest counts, none is overwritten. What was promised is in archive/promises.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, insert, select

from archive import journal
from archive.catalogue.audit_tables import promise_kept
from archive.catalogue.shelf_tables import tick_line, tick_list, tick_page, tick_read
from archive.journal import Actor
from archive.tick_lists import Line

KIND = "promise"  # of the list that is ticked
TICK = "kept"


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise of a contract that falls due on a day (ISO)."""

    number: str
    promise: str
    due: str

    @property
    def subject(self) -> str:
        """What a list's line knows it by."""
        return f"{self.number} {self.promise} {self.due}"

    @classmethod
    def of_subject(cls, subject: str) -> "Promised":
        """The promise that a list's line stands for."""
        return cls(*subject.split(" "))


def record(connection: Connection, kept: Sequence[Promised], on: date | None, actor: Actor) -> int:
    """Enter promises as kept on a day, None takes that back; how many entries are new."""
    day = on.isoformat() if on else ""
    new = [one for one in kept if (said_of(connection, one) or "") != day]
    for one in new:
        _enter(connection, one, day, actor)
    return len(new)


def record_ticks(connection: Connection, actor: Actor, lines: Sequence[Line]) -> None:
    """Enter as kept today what a page of a list is ticked for, unless something has been said of it already."""
    for line in lines:
        one = Promised.of_subject(line.subject)
        if TICK in line.ticked and said_of(connection, one) is None:
            _enter(connection, one, actor.today.isoformat(), actor)


def unsure(connection: Connection) -> list[Promised]:
    """What is ticked on a list so that nobody can say it, and nobody has said since."""
    newest = select(func.max(tick_page.c.page_id)).group_by(tick_page.c.list_id, tick_page.c.page)
    query = (
        select(tick_line.c.subject)
        .join(tick_list, tick_list.c.id == tick_line.c.list_id)
        .join(
            tick_page, (tick_page.c.list_id == tick_line.c.list_id) & (tick_page.c.page == tick_line.c.page)
        )
        .join(
            tick_read, (tick_read.c.page_id == tick_page.c.page_id) & (tick_read.c.line == tick_line.c.line)
        )
        .where(tick_list.c.kind == KIND, tick_read.c.verdict == "unsure", tick_page.c.page_id.in_(newest))
        .distinct()
        .order_by(tick_line.c.subject)
    )
    found = [Promised.of_subject(subject) for subject in connection.execute(query).scalars()]
    return [one for one in found if said_of(connection, one) is None]


def said_of(connection: Connection, one: Promised) -> str | None:
    """On which day the newest entry says that it was kept, "" where that was taken back; None where there is none."""
    of_it = (
        (promise_kept.c.contract == one.number)
        & (promise_kept.c.promise == one.promise)
        & (promise_kept.c.due == one.due)
    )
    newest = select(promise_kept.c.kept_on).where(of_it).order_by(promise_kept.c.id.desc()).limit(1)
    said: str | None = connection.execute(newest).scalar()
    return said


def _enter(connection: Connection, one: Promised, day: str, actor: Actor) -> None:
    row = {"contract": one.number, "promise": one.promise, "due": one.due, "kept_on": day}
    who = {"user": actor.user, "recorded_on": actor.today.isoformat()}
    connection.execute(insert(promise_kept).values(row | who))
    detail = {"promise": one.promise, "due": one.due, "kept_on": day}
    journal.record(connection, actor, "promise_kept" if day else "promise_undo", one.number, detail)
