"""The audit of a date: what is owed and not there, expired, or there and not as it should be.

It judges papers, from what was known on the date. Declined and void contracts are in no finding, nor are
those that ended or were superseded: nothing is owed of them. A blank contract that nobody has signed is
owed by nobody: it is not missing.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import chain

from sqlalchemy import Connection, func, or_, select

from archive.catalogue import tables
from archive.states import Standing, State, standings

EXPIRING_DAYS = 90
FILING_DAYS = 15  # after a campaign's close


class Class(StrEnum):
    """The classes of findings; a contract has at most one finding of each."""

    MISSING = "missing"
    EXPIRED = "expired"
    EXPIRING = "expiring"
    UNSIGNED = "unsigned"
    UNSEALED = "unsealed"
    UNDATED = "undated"
    INCOMPLETE = "incomplete"
    LATE = "late"
    UNREADABLE = "unreadable"
    CONFLICT = "conflict"
    SUPERSEDED_TEMPLATE = "superseded_template"
    SUBJECT_CHANGED = "subject_changed"
    WITHOUT_OBLIGATION = "without_obligation"
    DAMAGED = "damaged"
    UNREVIEWED = "unreviewed"


CHINESE = {
    Class.MISSING: "应有未归",
    Class.EXPIRED: "已经到期",
    Class.EXPIRING: f"{EXPIRING_DAYS} 天内到期、没有续签",
    Class.UNSIGNED: "缺签名",
    Class.UNSEALED: "缺盖章",
    Class.UNDATED: "缺日期",
    Class.INCOMPLETE: "缺页",
    Class.LATE: "归档超期",
    Class.UNREADABLE: "看不清",
    Class.CONFLICT: "两份不一致",
    Class.SUPERSEDED_TEMPLATE: "模板已换新",
    Class.SUBJECT_CHANGED: "人户有变动",
    Class.WITHOUT_OBLIGATION: "无应签而归档",
    Class.DAMAGED: "档案损坏",
    Class.UNREVIEWED: "待核未核",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one contract, since when, and whether the deadline for filing it has passed."""

    cls: Class
    standing: Standing
    since: date
    overdue: bool

    def as_json(self) -> dict[str, object]:
        """As `audit --json` lists it (docs/interfaces.md)."""
        one = self.standing
        return {
            "class": str(self.cls),
            "contract": one.number,
            "template": one.template,
            "village": one.village,
            "group": one.group,
            "household": one.household,
            "party": one.party,
            "responsible": one.responsible,
            "since": self.since.isoformat(),
            "overdue": self.overdue,
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """All findings of a date, by class and contract; `states` counts every contract planned by then."""

    on: date
    findings: tuple[Finding, ...]
    states: Counter[State]

    @property
    def counts(self) -> dict[Class, int]:
        """Findings by class, zero too."""
        found = Counter(finding.cls for finding in self.findings)
        return {cls: found[cls] for cls in Class}

    def as_json(self) -> Iterator[str]:
        """What `audit --json` prints (docs/interfaces.md), in pieces: whole, it is larger than the archive."""
        encode = json.JSONEncoder(ensure_ascii=False).encode
        counts = {str(cls): count for cls, count in self.counts.items()}
        yield f'{{"on": "{self.on}", "counts": {encode(counts)}, "findings": ['
        for place, finding in enumerate(self.findings):
            yield (", " if place else "") + encode(finding.as_json())
        yield "]}\n"


def deadline_of(closes: date) -> date:
    """The last day to file what was signed in a campaign."""
    return closes + timedelta(days=FILING_DAYS)


def audit(connection: Connection, on: date) -> Audit:
    """The audit as of a date."""
    found: dict[Class, list[Finding]] = {cls: [] for cls in Class}
    states: Counter[State] = Counter()
    changed = changed_since(connection, on)
    for one in standings(connection, on):  # by number
        states[one.state] += 1
        for finding in findings_of(one, on, changed.get(one.number)):
            found[finding.cls].append(finding)
    return Audit(on, tuple(chain.from_iterable(found.values())), states)


def changed_since(connection: Connection, on: date) -> dict[str, date]:
    """Contracts whose party a roster changed, not decided on by a date, and since when."""
    change, day = tables.subject_change, on.isoformat()
    waiting = or_(change.c.decided_on.is_(None), change.c.decided_on > day)
    rows = connection.execute(
        select(change.c.contract, func.min(change.c.day))
        .where(change.c.day <= day, waiting)
        .group_by(change.c.contract)
    )
    return {row[0]: date.fromisoformat(row[1]) for row in rows}


def findings_of(one: Standing, on: date, changed: date | None = None) -> Iterator[Finding]:
    """What is wrong with a contract as it stands on a date; `changed` is since when its party is another."""
    deadline = deadline_of(one.closes)

    def found(cls: Class, since: date) -> Finding:
        return Finding(cls, one, since, on > deadline)

    match one.state:
        case State.PLANNED | State.PRINTED:
            if not one.blank:
                yield found(Class.MISSING, one.campaign_day)
        case State.INCOMPLETE | State.FILED | State.EXPIRED:
            if one.ends is not None and one.state is State.EXPIRED:
                yield found(Class.EXPIRED, one.ends + timedelta(days=1))
            if one.ends is not None and one.state is State.FILED and one.successor is None:
                warned = one.ends - timedelta(days=EXPIRING_DAYS)
                if warned <= on:
                    yield found(Class.EXPIRING, warned)
            for gap in one.gaps:
                yield found(Class(gap), one.filed_on or on)
            if one.complete_on is not None and not one.gaps and one.complete_on > deadline:
                yield found(Class.LATE, one.complete_on)
        case _:
            return
    if changed is not None and (one.ends is None or one.ends >= on):
        yield found(Class.SUBJECT_CHANGED, changed)
