"""What rosters change about contracts: flagged at import, decided on by a person. An import closes nothing.

A contract is flagged while it is alive: neither closed nor past its end. The flag says why and since when;
`close` answers it, or a decision to keep the contract as it is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from archive import journal
from archive.audit.classes import CHANGES
from archive.catalogue import tables
from archive.changes import mark_changed
from archive.closings import close_contract
from archive.journal import Actor
from archive.search_identity import linked_numbers
from archive.states import FREED, not_closed
from pipeline.errors import NotFlagged
from pipeline.manifest import Range
from pipeline.plan import home_key, household_key
from pipeline.roster.changes import DIED, MOVED, Before, Changes, HomeKey, turned_over
from pipeline.roster.reader import Roster
from pipeline.toml_text import decode_manifest

CHUNK = 500
KEPT, RETURNED = "kept", "returned"
# What a person is asked first, where a closing is likely.
SUGGESTED = {"died": "died", "moved": "moved", "marital": "unfit", "age": "unfit"}
_AGE_FACTS = {"age": 0, "husband_age": 0, "wife_age": 1}  # whose it is: the party's position
# What can be again as it was.
_RETURNING = ("left", "died", "moved", "renamed", "head", "household")


@dataclass(frozen=True, slots=True)
class Flagged:
    """A contract flagged and not decided on: its party, and every reason with the day it was flagged."""

    contract: str
    template: str
    village: str
    group: int
    household: str
    party: str
    reasons: tuple[tuple[str, date], ...]


def follow(connection: Connection, imported: int, links: Mapping[str, str]) -> None:
    """Let contracts of an old identity number go on under the new one: old → new."""
    linked = linked_numbers(connection)
    for old, new in links.items():
        _rename(connection, linked.get(old, {old}), old, new)
        connection.execute(insert(tables.person_link).values(import_id=imported, old_id=old, new_id=new))


def unfollow(connection: Connection, imported: int) -> None:
    """Undo what `follow` did for an import."""
    link, linked = tables.person_link, linked_numbers(connection)
    for row in connection.execute(select(link).where(link.c.import_id == imported)).all():
        _rename(connection, linked[row.new_id], row.new_id, row.old_id)


def _rename(connection: Connection, known: Set[str], old: str, new: str) -> None:
    """Name a party, known by several identity numbers, by another; what is printed and frozen stays as it is."""
    contract, party = tables.contract, tables.party
    theirs = select(party.c.contract).where(party.c.id_number.in_(known))
    for row in connection.execute(select(contract).where(contract.c.number.in_(theirs))).all():
        key, freed, own = row.party_key.partition(FREED)
        renamed = "+".join(new if part == old else part for part in key.split("+")) + freed + own
        taken = select(contract.c.number).where(
            contract.c.party_key == renamed,
            contract.c.template == row.template,
            contract.c.campaign_id == row.campaign_id,
        )
        if renamed != row.party_key and connection.execute(taken).first() is None:
            connection.execute(
                update(contract).where(contract.c.number == row.number).values(party_key=renamed)
            )


def flag(
    connection: Connection,
    imported: int,
    changes: Changes,
    before: Mapping[str, Before],
    roster: Roster,
    actor: Actor,
) -> int:
    """Flag the contracts that an import's changes touch; returns how many.

    What was flagged before and is again as the contract has it is taken off the list.
    """
    persons = _reasons(changes)
    oldest = _oldest(connection)
    grown = turned_over(before, set(oldest.values()), actor.today)
    now = {one.then: one.now for one in changes.renumbered}
    grown = Counter({now.get(number, number): age for number, age in grown.items()})
    for number in grown:
        persons[number].add("age")
    linked = linked_numbers(connection)
    _take_off(connection, imported, roster, linked, actor)
    found: dict[str, set[str]] = {}
    for row, number in _of_persons(connection, persons, linked, actor.today):
        reasons = set(persons[number])
        if "+" not in row.party_key:
            reasons.discard("marital")
        if grown[number] <= oldest.get((row.template_sha256, row.position), 200):
            reasons.discard("age")
        found.setdefault(row.number, set()).update(reasons)
    for number, reasons in _of_homes(connection, _home_reasons(changes), actor.today):
        found.setdefault(number, set()).update(reasons)
    found = {number: reasons for number, reasons in found.items() if reasons}
    rows = [
        {
            "import_id": imported,
            "contract": number,
            "reason": reason,
            "day": actor.today.isoformat(),
            "decision": "",
        }
        for number in sorted(found)
        for reason in CHANGES
        if reason in found[number]
    ]
    for start in range(0, len(rows), 5_000):
        connection.execute(insert(tables.subject_change), rows[start : start + 5_000])
    mark_changed(connection, sorted(found))
    return len(found)


def _reasons(changes: Changes) -> defaultdict[str, set[str]]:
    """Why contracts of a person, by the identity number now or last, are to be looked at."""
    persons: defaultdict[str, set[str]] = defaultdict(set)
    for one in changes.left:
        persons[one.then].add({DIED: "died", MOVED: "moved"}.get(one.detail, "left"))
    for reason, people in (
        ("moved", changes.moved),
        ("renamed", changes.renamed),
        ("marital", changes.marital),
        ("identity", changes.renumbered),
    ):
        for one in people:
            persons[one.now].add(reason)
    return persons


def _home_reasons(changes: Changes) -> dict[HomeKey, set[str]]:
    homes: defaultdict[HomeKey, set[str]] = defaultdict(set)
    for key, _, _ in changes.heads:
        homes[key].add("head")
    for key in (*changes.gone, *(key for key, _ in changes.split)):
        homes[key].add("household")
    return homes


def _oldest(connection: Connection) -> dict[tuple[str, int], int]:
    """The age that a party of a template may be at most, by the template's hash and the party's position."""
    found: dict[tuple[str, int], int] = {}
    for row in connection.execute(select(tables.template)):
        who = decode_manifest(row.manifest, row.name).who
        for fact, position in _AGE_FACTS.items():
            wanted = who.get(fact)
            if isinstance(wanted, Range) and wanted.max is not None:
                found[row.sha256, position] = wanted.max
    return found


def _of_persons(
    connection: Connection, persons: Mapping[str, set[str]], linked: Mapping[str, Set[str]], today: date
) -> Iterator[tuple[Row[Any, Any, Any, Any, Any], str]]:
    """Live contracts of the persons, also under earlier numbers, each with the number it is looked for by."""
    contract, party = tables.contract, tables.party
    sought = {one: number for number in persons for one in (number, *linked.get(number, ()))}
    wanted = sorted(sought)
    for start in range(0, len(wanted), CHUNK):
        rows = connection.execute(
            select(
                party.c.id_number,
                party.c.position,
                contract.c.number,
                contract.c.party_key,
                contract.c.template_sha256,
            )
            .join(contract, contract.c.number == party.c.contract)
            .where(party.c.id_number.in_(wanted[start : start + CHUNK]), *_alive(today))
        )
        for row in rows:
            yield row, sought[row.id_number]


def _take_off(
    connection: Connection, imported: int, roster: Roster, linked: Mapping[str, Set[str]], actor: Actor
) -> None:
    """Answer flags whose person or household is again as the contract has it, as returned."""
    contract, change, party = tables.contract, tables.subject_change, tables.party
    rows = connection.execute(
        select(change.c.id, change.c.reason, party.c.id_number, party.c.name)
        .add_columns(contract.c.number, contract.c.village_code, contract.c.party_key)
        .join(contract, contract.c.number == change.c.contract)
        .join(party, party.c.contract == contract.c.number)
        .where(change.c.decision == "", change.c.reason.in_(_RETURNING))
    ).all()
    if not rows:
        return
    wanted = {one for row in rows for one in (row.id_number, *linked.get(row.id_number, ()))}
    homes = {household_key(home): home.head for home in roster.households}
    there = {
        member.id_number: (home.village_code, member.name)
        for home in roster.households
        for member in home.accepted
        if member.id_number in wanted
    }
    # A couple's flag may be either's: it goes where both are as they were.
    as_before: dict[int, bool] = {}
    for row in rows:
        village, name = next(
            (there[one] for one in (row.id_number, *linked.get(row.id_number, ())) if one in there), ("", "")
        )
        again = {
            "left": bool(village),
            "died": bool(village),
            "moved": village == row.village_code,
            "renamed": name == row.name,
            "head": homes.get(row.party_key) == row.name,
            "household": row.party_key in homes,
        }[row.reason]
        as_before[row.id] = as_before.get(row.id, True) and again
    returned = [number for number, again in as_before.items() if again]
    for start in range(0, len(returned), CHUNK):
        connection.execute(
            update(change)
            .where(change.c.id.in_(returned[start : start + CHUNK]))
            .values(decision=RETURNED, decided_on=actor.today.isoformat(), returned_by=imported)
        )
    mark_changed(connection, sorted({row.number for row in rows if as_before[row.id]}))


def flag_again(connection: Connection, imported: int) -> None:
    """Undo what an import took off the list."""
    change = tables.subject_change
    connection.execute(
        update(change)
        .where(change.c.returned_by == imported)
        .values(decision="", decided_on=None, returned_by=None)
    )


def _of_homes(
    connection: Connection, homes: Mapping[HomeKey, set[str]], today: date
) -> Iterator[tuple[str, set[str]]]:
    """Live contracts of the households themselves."""
    contract = tables.contract
    reasons = {home_key(*home): found for home, found in homes.items()}
    wanted = sorted(reasons)
    for start in range(0, len(wanted), CHUNK):
        part = contract.c.party_key.in_(wanted[start : start + CHUNK])
        for row in connection.execute(
            select(contract.c.number, contract.c.party_key).where(part, *_alive(today))
        ):
            yield row.number, reasons[row.party_key]


def _alive(today: date) -> tuple[ColumnElement[bool], ...]:
    contract, day = tables.contract, today.isoformat()
    return not_closed(day), or_(contract.c.ends.is_(None), contract.c.ends >= day)


def flagged(connection: Connection, today: date, village: str | None = None) -> Iterator[Flagged]:
    """Live contracts flagged and not decided on, by number."""
    contract, change, party = tables.contract, tables.subject_change, tables.party
    number = contract.c.number
    names = select(func.group_concat(party.c.name, "、")).where(party.c.contract == number).scalar_subquery()
    told = (
        contract.c.template,
        contract.c.village_code,
        contract.c.group_no,
        contract.c.household_number,
        names,
    )
    query = (
        select(number, *told, change.c.reason, change.c.day)
        .join(change, change.c.contract == number)
        .where(change.c.decision == "", change.c.day <= today.isoformat(), *_alive(today))
        .order_by(number, change.c.id)
    )
    if village is not None:
        query = query.where(contract.c.village_code == village)
    for _, rows in groupby(connection.execute(query), key=lambda row: row.number):
        changes = list(rows)
        days: dict[str, date] = {}
        for row in changes:
            days.setdefault(row.reason, date.fromisoformat(row.day))
        yield Flagged(*changes[0][:6], tuple(days.items()))


def decide(connection: Connection, number: str, decision: str, day: date | None, actor: Actor) -> bool:
    """Answer a contract's flags: keep it as it is, or close it as `decision` from `day` on.

    False where they were answered so before. Raises NotFlagged, and what close_contract raises.
    """
    change = tables.subject_change
    of_it = (change.c.contract == number) & (change.c.day <= actor.today.isoformat())
    open_ones = of_it & (change.c.decision == "")
    reasons = connection.execute(select(change.c.reason).where(open_ones).order_by(change.c.id)).scalars()
    said = "、".join(dict.fromkeys(CHANGES[reason] for reason in reasons))
    if not said:
        if connection.execute(select(change.c.id).where(of_it, change.c.decision == decision)).first():
            return False
        raise NotFlagged(number=number)
    if decision == KEPT:
        journal.record(connection, actor, "keep", number, {})
        mark_changed(connection, [number])
    else:
        close_contract(connection, number, decision, day, f"花名册变动：{said}", actor)
    connection.execute(
        update(change).where(open_ones).values(decision=decision, decided_on=actor.today.isoformat())
    )
    return True


def suggested(reasons: Sequence[tuple[str, date]]) -> str:
    """The closing that the first telling reason suggests, "" for none."""
    return next((SUGGESTED[reason] for reason, _ in reasons if reason in SUGGESTED), "")
