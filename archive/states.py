"""What state a contract is in on a date, from what was known on that date.

Of the states that apply the last of `State` wins. "Filed" in these rules means that at least one sheet is
filed: unfiled past its end a contract stays printed, and an unfiled one is superseded as soon as its
successor is planned, a filed one when the successor's own term begins. What was destroyed after its retention is
ended: nothing is owed of it, printed or taken in again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from sys import intern
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    and_,
    case,
    func,
    or_,
    select,
)

from archive.catalogue import shelf_tables, tables

CHUNK = 500  # numbers in one IN list


class State(StrEnum):
    """The states, in the order in which the later wins."""

    PLANNED = "planned"
    PRINTED = "printed"
    INCOMPLETE = "incomplete"
    FILED = "filed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    ENDED = "ended"
    DECLINED = "declined"
    VOID = "void"


HELD = (State.INCOMPLETE, State.FILED, State.EXPIRED)  # of which paper is kept, and something is owed
CHINESE = {
    State.PLANNED: "已安排",
    State.PRINTED: "已打印",
    State.INCOMPLETE: "不完整",
    State.FILED: "已归档",
    State.EXPIRED: "已到期",
    State.SUPERSEDED: "已被新合同代替",
    State.ENDED: "已终止",
    State.DECLINED: "未签（自愿）",
    State.VOID: "作废",
}

# How a closing changes the state; the highest of a contract's closings holds.
CLOSED = {1: State.ENDED, 2: State.DECLINED, 3: State.VOID}
KINDS = {"declined": 2, "withdrawn": 1, "moved": 1, "died": 1, "unfit": 1, "void": 3}
FREED = "/void/"  # in a void contract's party key: what stands before it is the party's own (closings.py)


@dataclass(frozen=True, slots=True)
class Standing:
    """A contract as it stands on a date.

    `gaps` are the audit classes its filing falls short by, `filed_sheets` how many sheets are filed,
    `filed_on` since when the filing stands so, `complete_on` when it first became complete;
    `successor` is the day on which the term of the same party's next contract begins; `blank` if it was
    printed without a party and nobody had signed it by then, as far as was known; `destroyed_on` is when its papers
    were destroyed after their retention.
    """

    number: str
    state: State
    template: str
    village: str
    group: int
    household: str
    party_key: str
    party: str
    responsible: str
    campaign_day: date
    closes: date
    starts: date
    ends: date | None
    filed_sheets: int
    gaps: tuple[str, ...]
    filed_on: date | None
    complete_on: date | None
    successor: date | None
    blank: bool
    destroyed_on: date | None

    @property
    def words(self) -> str:
        """Its state in Chinese, and that its papers are gone."""
        return state_words(self.state, self.destroyed_on)


def state_words(state: State, destroyed_on: date | str | None) -> str:
    """A state in Chinese, and when the papers were destroyed, if they were."""
    return CHINESE[state] + (f"，{destroyed_on} 已销毁" if destroyed_on else "")


def standings(connection: Connection, on: date, numbers: Sequence[str] | None = None) -> Iterator[Standing]:
    """The contracts planned by a date as they stand on it, by number; of `numbers` alone if given."""
    contract = tables.contract
    day = on.isoformat()
    query = _query(day).order_by(contract.c.number)
    if numbers is None:
        for row in connection.execute(query.execution_options(stream_results=True)):
            yield _standing(row, day)
        return
    wanted = sorted(set(numbers))
    for start in range(0, len(wanted), CHUNK):
        part = contract.c.number.in_(wanted[start : start + CHUNK])
        for row in connection.execute(query.where(part)):
            yield _standing(row, day)


def standing_of(connection: Connection, number: str, on: date) -> Standing | None:
    """One contract's standing; None if no such contract was planned by then."""
    return next(standings(connection, on, [number]), None)


@lru_cache(maxsize=8)
def not_closed(on: str) -> ColumnElement[bool]:
    """The condition that a contract is not void, ended, declined or destroyed on a date (ISO)."""
    closing = tables.closing
    found = select(closing.c.id).where(
        closing.c.contract == tables.contract.c.number, closing_holds(closing, on)
    )
    return and_(~found.exists(), destroyed_day(on).is_(None))


def destroyed_day(on: str) -> ScalarSelect[str]:
    """The day, up to a date (ISO), on which the papers of a contract were destroyed; None where they were not."""
    item, disposal = shelf_tables.disposal_item, shelf_tables.disposal
    return (
        select(func.max(disposal.c.destroyed_on))
        .join(item, item.c.disposal_id == disposal.c.id)
        .where(item.c.contract == tables.contract.c.number, disposal.c.destroyed_on <= on)
        .correlate(tables.contract)
        .scalar_subquery()
    )


def newest_paper(on: str | None = None) -> ColumnElement[bool]:
    """The condition that a paper filed by hand is a version as it stands, or stood on a date."""
    paper, versions = shelf_tables.paper, shelf_tables.paper.alias()
    newest = select(func.max(versions.c.version)).where(versions.c.number == paper.c.number)
    if on is not None:
        newest = newest.where(versions.c.filed_on <= on)
    return paper.c.version == newest.correlate(paper).scalar_subquery()


def still_blank() -> ColumnElement[bool]:
    """The condition that a contract was printed without a party and has none yet."""
    contract = tables.contract
    return and_(contract.c.blank, contract.c.assigned_on.is_(None))


def same_party(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """The condition that `other`, a contract, has the template and the party of `one`; void ones too."""
    end = func.instr(one.c.party_key, FREED)
    key = case((end > 0, func.substr(one.c.party_key, 1, end - 1)), else_=one.c.party_key)
    freed = and_(other.c.party_key > key + FREED, other.c.party_key < key + FREED + "~")
    return and_(other.c.template == one.c.template, or_(other.c.party_key == key, freed))


def newest_filing(filing: FromClause, on: str | None = None) -> ColumnElement[bool]:
    """The condition that `filing` is how a contract's signed paper stands, or stood on a date (ISO)."""
    contract, versions = tables.contract, tables.filing.alias("versions")
    newest = select(func.max(versions.c.version)).where(versions.c.contract == contract.c.number)
    if on is not None:
        newest = newest.where(versions.c.filed_on <= on)
    version = newest.correlate(contract).scalar_subquery()
    return and_(filing.c.contract == contract.c.number, filing.c.version == version)


def filed_whole(filing: FromClause) -> ColumnElement[bool]:
    """The condition that every sheet is filed, of those that the paper itself says it has."""
    return and_(filing.c.sheets > 0, ~filing.c.gaps.contains("incomplete"))


def closing_holds(closing: FromClause, on: str) -> ColumnElement[bool]:
    """That a closing was recorded and holds on a date, and was not corrected by then."""
    later = tables.closing.alias("correction")
    corrected = select(later.c.id).where(
        later.c.contract == closing.c.contract,
        later.c.kind == closing.c.kind,
        later.c.id > closing.c.id,
        later.c.recorded_on <= on,
    )
    return and_(closing.c.day <= on, closing.c.recorded_on <= on, ~corrected.correlate(closing).exists())


def closing_rank(closing: FromClause) -> ColumnElement[int]:
    """How much a closing counts beside a contract's others: the highest holds (CLOSED)."""
    return case(*((closing.c.kind == kind, value) for kind, value in KINDS.items()), else_=1)


@lru_cache(maxsize=8)
def _query(on: str) -> Select[tuple[object, ...]]:
    contract, filing, closing = tables.contract, tables.filing, tables.closing
    own, other = tables.campaign.alias("own"), tables.campaign.alias("other")
    versions = filing.alias("versions")
    of_it = and_(versions.c.contract == contract.c.number, versions.c.filed_on <= on)
    complete = (
        select(func.min(versions.c.filed_on)).where(of_it, versions.c.gaps == "").correlate(contract)
    ).scalar_subquery()
    closed = (
        select(func.max(closing_rank(closing)))
        .where(closing.c.contract == contract.c.number, closing_holds(closing, on))
        .scalar_subquery()
    )
    later, undone = contract.alias("later"), closing.alias("undone")
    dropped = select(undone.c.id).where(
        undone.c.contract == later.c.number,
        undone.c.kind.in_(("void", "declined")),
        closing_holds(undone, on),
    )
    successor = (
        select(func.min(later.c.starts))
        .join(other, other.c.id == later.c.campaign_id)
        .where(
            same_party(contract, later),
            later.c.planned_on <= on,
            or_(other.c.date > own.c.date, and_(other.c.date == own.c.date, other.c.id > own.c.id)),
            ~dropped.exists(),
        )
        .scalar_subquery()
    )
    return (
        select(
            contract.c.number,
            contract.c.template,
            contract.c.village_code,
            contract.c.group_no,
            contract.c.household_number,
            contract.c.party_key,
            contract.c.responsible,
            contract.c.starts,
            contract.c.ends,
            contract.c.printed_on,
            contract.c.blank,
            contract.c.assigned_on,
            own.c.date,
            own.c.closes,
            filing.c.sheets.label("filed_sheets"),
            filing.c.gaps,
            filing.c.filed_on,
            complete.label("complete_on"),
            closed.label("closed"),
            successor.label("successor"),
            destroyed_day(on).label("destroyed_on"),
            _party_name(0).label("first_name"),
            _party_name(1).label("second_name"),
        )
        .join(own, own.c.id == contract.c.campaign_id)
        .outerjoin(filing, newest_filing(filing, on))
        .where(contract.c.planned_on <= on)
    )


def _party_name(position: int) -> ScalarSelect[str]:
    """The name of who signs a contract at that position."""
    party = tables.party
    of_it = and_(party.c.contract == tables.contract.c.number, party.c.position == position)
    return select(party.c.name).where(of_it).correlate(tables.contract).scalar_subquery()


def _standing(row: Row[Any], on: str) -> Standing:
    """A row of _query's, taken apart by position: by name, that would cost more than all the rest."""
    values: tuple[Any, ...] = tuple(row)
    number, template, village, group, household, party_key, responsible, starts, ends, printed_on = values[
        :10
    ]
    blank, assigned_on, campaign_day, closes, sheets, gaps, filed_on, complete_on = values[10:18]
    closed, successor, destroyed_on, first_name, second_name = values[18:]
    return Standing(
        number=number,
        state=_state(closed, destroyed_on, successor, sheets, ends, gaps, printed_on, on),
        template=intern(template),
        village=intern(village),
        group=group,
        household=household,
        party_key=party_key,
        party=f"{first_name}、{second_name}"
        if first_name and second_name
        else first_name or second_name or "",
        responsible=intern(responsible),
        campaign_day=_date(campaign_day),
        closes=_date(closes),
        starts=_date(starts),
        ends=_day(ends),
        filed_sheets=sheets or 0,
        gaps=_gaps(gaps or ""),
        filed_on=_day(filed_on),
        complete_on=_day(complete_on),
        successor=_day(successor),
        blank=blank and (assigned_on is None or assigned_on > on),
        destroyed_on=_day(destroyed_on),
    )


def _state(
    closed: int | None,
    destroyed_on: str | None,
    successor: str | None,
    sheets: int | None,
    ends: str | None,
    gaps: str | None,
    printed_on: str | None,
    on: str,
) -> State:
    if closed:
        return CLOSED[closed]
    if destroyed_on is not None:
        return State.ENDED
    if successor is not None and (not sheets or successor <= on):
        return State.SUPERSEDED
    if sheets:
        if ends is not None and ends < on:
            return State.EXPIRED
        return State.INCOMPLETE if gaps else State.FILED
    return State.PRINTED if printed_on is not None and printed_on <= on else State.PLANNED


def _day(text: str | None) -> date | None:
    return None if text is None else _date(text)


# What recurs is one object: an audit holds hundreds of thousands of standings.
_date = lru_cache(maxsize=4096)(date.fromisoformat)
_gaps = lru_cache(maxsize=256)(lambda gaps: tuple(gaps.split()))
