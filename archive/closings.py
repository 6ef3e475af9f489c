"""Closing a contract: declined, withdrawn, moved, died, no longer fit, or void."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, insert, select, update

from archive import journal
from archive.catalogue import tables
from archive.changes import mark_changed
from archive.errors import BlankOnlyVoid, ClosingTooEarly, VoidLater
from archive.journal import Actor
from archive.states import CLOSED, FREED, KINDS, State, still_blank

VOID = "void"


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing a contract gave: its state from `day` on.

    `known` if it was closed in that way before, `changed` unless that said the same.
    """

    state: State
    day: date
    known: bool
    changed: bool


def close_contract(
    connection: Connection, number: str, kind: str, day: date | None, reason: str, actor: Actor
) -> Closed:
    """Close a contract from `day` on (None: today).

    Closing it again in the same way, from another day or for another reason, corrects the closing before;
    a day or a reason that is not given stays. A void contract frees its obligation: the next plan numbers it
    anew. Raises ClosingTooEarly for a day before the contract was planned, VoidLater for voiding it from a
    later day than today, BlankOnlyVoid for any other way where there is no party yet.
    """
    contract, closing = tables.contract, tables.closing
    planned, key, blank = connection.execute(
        select(contract.c.planned_on, contract.c.party_key, still_blank()).where(contract.c.number == number)
    ).one()
    if blank and kind != VOID:
        raise BlankOnlyVoid(number=number)
    rows = connection.execute(select(closing).where(closing.c.contract == number).order_by(closing.c.id))
    standing = {row.kind: row for row in rows}  # the last of each way
    before = standing.get(kind)
    if before is not None:
        day, reason = day or date.fromisoformat(before.day), reason or before.reason
    day = day or actor.today
    if day.isoformat() < planned:
        raise ClosingTooEarly(number=number, day=day, planned=planned)
    if kind == VOID and day > actor.today:
        raise VoidLater(number=number, day=day)
    state = CLOSED[max(KINDS[one] for one in (kind, *standing))]
    if before is not None and (before.day, before.reason) == (day.isoformat(), reason):
        return Closed(state, day, known=True, changed=False)
    row = {
        "contract": number,
        "kind": kind,
        "day": day.isoformat(),
        "recorded_on": actor.today.isoformat(),
        "user": actor.user,
        "reason": reason,
    }
    connection.execute(insert(closing).values(row))
    if kind == VOID and before is None:  # the party key becomes its own, and its obligation free
        own = f"{key}{FREED}{number}"
        connection.execute(update(contract).where(contract.c.number == number).values(party_key=own))
    mark_changed(connection, [number])
    corrects = {} if before is None else {"corrects": before.day}
    journal.record(connection, actor, "close", number, {"as": kind, "day": day.isoformat()} | corrects)
    return Closed(state, day, known=before is not None, changed=True)
