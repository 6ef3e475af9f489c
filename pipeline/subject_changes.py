"""What rosters change about contracts: flagged at import, decided on by a person. An import closes nothing.

A contract is flagged while it is alive: neither closed nor past its end. The flag says why and since when;
`close` answers it, or a decision to keep the contract as it is.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from archive import journal
from archive.catalogue import tables
from archive.changes import mark_changed
from archive.closings import close_contract
from archive.errors import NotFlagged
from archive.journal import Actor
from archive.states import FREED, not_closed
from pipeline.manifest import Range
from pipeline.roster.changes import DIED, MOVED, Before, Changes, HomeKey, turned_over
from pipeline.toml_text import decode_manifest

CHUNK = 500
KEPT = "kept"
CHINESE = {
    "died": "去世",
    "moved": "迁走",
    "left": "花名册里没有了",
    "renamed": "改了姓名",
    "identity": "改了公民身份号码",
    "head": "换了户主",
    "household": "户有变动（分户、并户或改了编号）",
    "marital": "婚姻状况变了",
    "age": "年龄不再符合",
}
# What a person is asked first, where a closing is likely.
SUGGESTED = {"died": "died", "moved": "moved", "marital": "unfit", "age": "unfit"}
_AGE_FACTS = ("age", "husband_age", "wife_age")


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
    for old, new in links.items():
        connection.execute(insert(tables.person_link).values(import_id=imported, old_id=old, new_id=new))
        _rename(connection, old, new)


def unfollow(connection: Connection, imported: int) -> None:
    """Undo what `follow` did for an import."""
    link = tables.person_link
    for row in connection.execute(select(link).where(link.c.import_id == imported)).all():
        _rename(connection, row.new_id, row.old_id)


def _rename(connection: Connection, old: str, new: str) -> None:
    """Name parties by another identity number; what is printed and frozen stays as it is."""
    contract = tables.contract
    keys = connection.execute(
        select(contract.c.number, contract.c.party_key).where(
            contract.c.party_key.contains(old, autoescape=True)
        )
    ).all()
    for row in keys:
        key, freed, own = row.party_key.partition(FREED)
        renamed = "+".join(new if part == old else part for part in key.split("+")) + freed + own
        taken = select(contract.c.number).where(
            contract.c.party_key == renamed,
            contract.c.template.in_(select(contract.c.template).where(contract.c.number == row.number)),
            contract.c.campaign_id.in_(select(contract.c.campaign_id).where(contract.c.number == row.number)),
        )
        if connection.execute(taken).first() is None:
            connection.execute(
                update(contract).where(contract.c.number == row.number).values(party_key=renamed)
            )


def flag(
    connection: Connection, imported: int, changes: Changes, before: Mapping[str, Before], actor: Actor
) -> int:
    """Flag the contracts that an import's changes touch; returns how many."""
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
            persons[one.then].add(reason)
    oldest = _oldest(connection)
    grown = turned_over(before, set(oldest.values()), actor.today)
    for number in grown:
        persons[number].add("age")
    homes: defaultdict[HomeKey, set[str]] = defaultdict(set)
    for key, _, _ in changes.heads:
        homes[key].add("head")
    for key in changes.gone:
        homes[key].add("household")
    for key, _ in changes.split:
        homes[key].add("household")
    found: dict[str, set[str]] = {}
    for row, reasons in _of_persons(connection, persons, actor.today):
        if "+" not in row.party_key:
            reasons.discard("marital")
        if grown[row.id_number] <= oldest.get(row.template_sha256, 200):
            reasons.discard("age")
        found.setdefault(row.number, set()).update(reasons)
    for number, reasons in _of_homes(connection, homes, actor.today):
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
        for reason in CHINESE
        if reason in found[number]
    ]
    for start in range(0, len(rows), 5_000):
        connection.execute(insert(tables.subject_change), rows[start : start + 5_000])
    mark_changed(connection, sorted(found))
    return len(found)


def _oldest(connection: Connection) -> dict[str, int]:
    """The age that a party of a template may be at most, by the template's hash."""
    found: dict[str, int] = {}
    for row in connection.execute(select(tables.template)):
        who = decode_manifest(row.manifest, row.name).who
        wanted = [one.max for fact in _AGE_FACTS if isinstance(one := who.get(fact), Range) and one.max]
        if wanted:
            found[row.sha256] = min(wanted)
    return found


def _of_persons(
    connection: Connection, persons: Mapping[str, set[str]], today: date
) -> Iterator[tuple[Row[Any, Any, Any, Any], set[str]]]:
    """Live contracts of the persons, each with the reasons of one of its parties."""
    contract, party = tables.contract, tables.party
    wanted = sorted(persons)
    for start in range(0, len(wanted), CHUNK):
        rows = connection.execute(
            select(party.c.id_number, contract.c.number, contract.c.party_key, contract.c.template_sha256)
            .join(contract, contract.c.number == party.c.contract)
            .where(party.c.id_number.in_(wanted[start : start + CHUNK]), *_alive(today))
        )
        for row in rows:
            yield row, set(persons[row.id_number])


def _of_homes(
    connection: Connection, homes: Mapping[HomeKey, set[str]], today: date
) -> Iterator[tuple[str, set[str]]]:
    """Live contracts of the households themselves."""
    contract = tables.contract
    reasons = {f"{village}/{group}/{number}": found for (village, group, number), found in homes.items()}
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
        .where(change.c.decision == "", *_alive(today))
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


def decide(connection: Connection, number: str, decision: str, day: date | None, actor: Actor) -> None:
    """Answer a contract's flags: keep it as it is, or close it as `decision` from `day` on.

    Raises NotFlagged, and what close_contract raises.
    """
    change = tables.subject_change
    open_ones = (change.c.contract == number) & (change.c.decision == "")
    reasons = connection.execute(select(change.c.reason).where(open_ones).order_by(change.c.id)).scalars()
    said = "、".join(dict.fromkeys(CHINESE[reason] for reason in reasons))
    if not said:
        raise NotFlagged(number=number)
    if decision == KEPT:
        journal.record(connection, actor, "keep", number, {})
        mark_changed(connection, [number])
    else:
        close_contract(connection, number, decision, day, f"花名册变动：{said}", actor)
    connection.execute(
        update(change).where(open_ones).values(decision=decision, decided_on=actor.today.isoformat())
    )


def suggested(reasons: Sequence[tuple[str, date]]) -> str:
    """The closing that the first telling reason suggests, "" for none."""
    return next((SUGGESTED[reason] for reason, _ in reasons if reason in SUGGESTED), "")
