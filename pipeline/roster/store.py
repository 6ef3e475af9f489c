"""Rosters in the catalogue: importing one, taking an import back, reading a village back.

An import adds rows of its own and changes none: the newest import that holds a village is that village's
roster. Someone whom a newer import shows in another village is read there only.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby, islice

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, delete, func, insert, select, update

from archive import journal
from archive.catalogue import tables
from archive.catalogue.tables import household, import_village, person, roster_import
from archive.journal import Actor
from pipeline.errors import ImportUsed, NothingImported
from pipeline.people import MARRIED, Household, Person
from pipeline.roster.changes import OWN, Before, Changes, compare, own_values
from pipeline.roster.reader import Roster
from pipeline.subject_changes import RETURNED, flag, flag_again, follow, unfollow

CHUNK = 5_000
SINGLE = ("未婚", "离婚", "离异", "丧偶")


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What an import did, in persons; `problems` counts the roster's problems, warnings too, and
    numbers that were somebody else's of another village.
    """

    added: int
    changed: int
    unchanged: int
    left: int
    held: int
    problems: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: its counts, the changes one by one, and how many contracts it flagged."""

    counts: ImportCounts
    changes: Changes
    flagged: int


def import_roster(
    connection: Connection,
    roster: Roster,
    actor: Actor,
    confirmed: Collection[int] | None = (),
    done: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Take a roster up within the caller's transaction, compared with what was there.

    `confirmed` are the suggestions to be followed (see `compare`); `done` is given how many households more
    are written. Someone whose village could not be told is
    counted as held and has no place to be kept in.
    """
    villages = sorted({home.village_code for home in roster.households if home.village_code})
    accepted = [member.id_number for home in roster.households for member in home.accepted]
    before = current(connection, villages, accepted)
    changes = compare(before, roster, actor.today, confirmed)
    counts = ImportCounts(
        len(changes.joined),
        changes.changed,
        changes.unchanged,
        len(changes.left),
        changes.held,
        len(roster.problems) + len(changes.doubtful),
    )
    imported = _insert(connection, roster, villages, actor, done)
    held = [
        {"import_id": imported, "id_number": number, "village_code": code} for number, code in changes.carried
    ]
    if held:
        connection.execute(insert(tables.carried), held)
    follow(connection, imported, {one.then: one.now for one in changes.renumbered})
    flagged = flag(connection, imported, changes, before, roster, actor)
    journal.record(
        connection,
        actor,
        "roster_import",
        str(roster.year),
        {"import": imported, "villages": len(villages), "flagged": flagged} | asdict(counts),
    )
    return Imported(counts, changes, flagged)


@dataclass(frozen=True, slots=True)
class Undone:
    """An import that was taken back."""

    number: int
    year: int
    imported_on: date
    persons: int
    villages: int


def undo_import(connection: Connection, actor: Actor) -> Undone:
    """Take the newest import back within the caller's transaction: the one before counts again.

    Raises NothingImported where there is none, ImportUsed where contracts were planned on it, or decided
    upon because of it.
    """
    newest = connection.execute(
        select(roster_import).where(roster_import.c.undone_on.is_(None)).order_by(roster_import.c.id.desc())
    ).first()
    if newest is None:
        raise NothingImported()
    contract, change = tables.contract, tables.subject_change
    held = import_village.c.import_id == newest.id
    # Contracts planned before imports were noted beside them count by village and day.
    unknown = contract.c.import_id.is_(None) & (contract.c.planned_on >= newest.imported_on)
    in_its = contract.c.village_code.in_(select(import_village.c.village_code).where(held))
    planned = connection.execute(
        select(func.count()).where((contract.c.import_id == newest.id) | (unknown & in_its))
    ).scalar_one()
    decided = connection.execute(
        select(func.count(change.c.contract.distinct())).where(
            change.c.import_id == newest.id, change.c.decision.not_in(("", RETURNED))
        )
    ).scalar_one()
    if planned or decided:
        detail = f"已按它安排了 {planned} 份合同" if planned else f"已按它的变动处理了 {decided} 份合同"
        raise ImportUsed(day=newest.imported_on, year=newest.year, detail=detail)
    villages = connection.execute(select(func.count()).where(held)).scalar_one()
    unfollow(connection, newest.id)
    flag_again(connection, newest.id)
    persons = connection.execute(delete(person).where(person.c.import_id == newest.id)).rowcount
    for table in (household, change, tables.carried, tables.person_link, import_village):
        connection.execute(delete(table).where(table.c.import_id == newest.id))
    connection.execute(
        update(roster_import).where(roster_import.c.id == newest.id).values(undone_on=actor.today.isoformat())
    )
    found = Undone(newest.id, newest.year, date.fromisoformat(newest.imported_on), persons, villages)
    counts = {"import": newest.id, "villages": villages, "persons": persons}
    journal.record(connection, actor, "roster_undo", str(newest.year), counts)
    return found


def newest_import(connection: Connection, village_code: str) -> int | None:
    """The import that is a village's roster."""
    newest: int | None = connection.execute(
        select(func.max(import_village.c.import_id)).where(import_village.c.village_code == village_code)
    ).scalar_one()
    return newest


def households_of(connection: Connection, village_code: str) -> list[Household]:
    """The village's households as its newest roster has them, in village, group, household order."""
    rows = connection.execute(_current().where(household.c.village_code == village_code)).mappings()
    return [_household(group) for _, group in groupby(rows, key=lambda row: row["household_id"])]


def villages_with_roster(connection: Connection) -> list[str]:
    """The codes of all villages that an import holds."""
    return list(
        connection.execute(
            select(import_village.c.village_code).distinct().order_by(import_village.c.village_code)
        ).scalars()
    )


def newly_married(connection: Connection, village_code: str, year: int) -> frozenset[str]:
    """Identity numbers in a village who are married now and were single in the year before's newest roster."""
    now, then, last = person.alias(), person.alias(), roster_import.alias()
    home = household.alias()
    found = connection.execute(
        select(now.c.id_number, then.c.marital)
        .join(home, home.c.id == now.c.household_id)
        .join(then, then.c.id_number == now.c.id_number)
        .join(last, last.c.id == then.c.import_id)
        .where(
            home.c.village_code == village_code,
            home.c.import_id == _newest(home.c.village_code),
            now.c.marital == MARRIED,
            now.c.held == "",
            then.c.held == "",
            last.c.year == year - 1,
        )
        .order_by(last.c.id)
    )
    newest = {row.id_number: row.marital for row in found}
    return frozenset(number for number, marital in newest.items() if marital in SINGLE)


def _newest(village_code: object) -> object:
    return (
        select(func.max(import_village.c.import_id))
        .where(import_village.c.village_code == village_code)
        .scalar_subquery()
    )


def _current() -> Select[tuple[object, ...]]:
    """Every person of every village's newest roster, unless a newer import shows them elsewhere."""
    later, other = person.alias(), household.alias()
    elsewhere = (
        select(later.c.id)
        .join(other, other.c.id == later.c.household_id)
        .where(
            other.c.import_id == _newest(other.c.village_code),
            later.c.id_number == person.c.id_number,
            later.c.import_id > person.c.import_id,
            later.c.held == "",
            person.c.held == "",
        )
        .exists()
    )
    return _persons().where(household.c.import_id == _newest(household.c.village_code), ~elsewhere)


def _persons() -> Select[tuple[object, ...]]:
    """Persons with their households, in the roster's order."""
    return (
        select(
            household.c.id.label("household_id"),
            household.c.village_code,
            household.c.group_no,
            household.c.number,
            household.c.head,
            household.c.responsible,
            *(person.c[name] for name in OWN),
        )
        .join(person, person.c.household_id == household.c.id)
        .join(roster_import, roster_import.c.id == household.c.import_id)
        .order_by(household.c.id, person.c.id)
    )


def current(connection: Connection, villages: Sequence[str], numbers: Collection[str]) -> dict[str, Before]:
    """Who was in the villages before, and who of the numbers was anywhere, by identity number.

    That is everybody of the newest rosters whom nothing holds back, and, as they last were, those who were
    there before and are held back now.
    """
    found: dict[str, Before] = {}
    for part in _parts(villages):
        _add(found, connection, _current().where(household.c.village_code.in_(part)))
        _add_carried(found, connection, tables.carried.c.village_code.in_(part))
    others = select(import_village.c.village_code).where(import_village.c.village_code.not_in(villages))
    if connection.execute(others.limit(1)).first() is not None:
        for part in _parts([number for number in numbers if number not in found]):
            _add(found, connection, _current().where(person.c.id_number.in_(part)))
            _add_carried(found, connection, tables.carried.c.id_number.in_(part))
    return found


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _add_carried(found: dict[str, Before], connection: Connection, which: ColumnElement[bool]) -> None:
    """Add those held back in their village's newest import as the last import that accepted them had them."""
    carried, later = tables.carried, person.alias()
    last = (
        select(func.max(later.c.id))
        .where(
            later.c.id_number == carried.c.id_number,
            later.c.held == "",
            later.c.import_id < carried.c.import_id,
        )
        .correlate(carried)
        .scalar_subquery()
    )
    shown_since = select(later.c.id).where(
        later.c.id_number == carried.c.id_number, later.c.held == "", later.c.import_id > carried.c.import_id
    )
    held_now = select(last).where(
        which, carried.c.import_id == _newest(carried.c.village_code), ~shown_since.exists()
    )
    _add(found, connection, _persons().where(person.c.id.in_(held_now)))


def _add(found: dict[str, Before], connection: Connection, rows: Select[tuple[object, ...]]) -> None:
    days: dict[str, date] = {}
    same: dict[object, object] = {}  # of equal values one is kept: villages, heads, relations, days
    streamed = connection.execution_options(stream_results=True)
    for row in streamed.execute(rows.add_columns(roster_import.c.imported_on).where(person.c.held == "")):
        values = row._mapping
        own = tuple(same.setdefault(values[name], values[name]) for name in OWN)
        home = (str(same.setdefault(row.village_code, row.village_code)), row.group_no, row.number)
        head = str(same.setdefault(row.head, row.head))
        day = days.setdefault(row.imported_on, date.fromisoformat(row.imported_on))
        found[row.id_number] = Before(own, home, head, day)


def _insert(
    connection: Connection, roster: Roster, villages: list[str], actor: Actor, done: Callable[[int], None]
) -> int:
    """Write the rows of an import, a part at a time; returns its number."""
    last: int = connection.execute(select(func.coalesce(func.max(roster_import.c.id), 0))).scalar_one()
    imported = last + 1
    connection.execute(
        insert(roster_import).values(id=imported, imported_on=actor.today.isoformat(), year=roster.year)
    )
    if villages:
        connection.execute(
            insert(import_village), [{"import_id": imported, "village_code": code} for code in villages]
        )
    next_id: int = connection.execute(select(func.coalesce(func.max(household.c.id), 0) + 1)).scalar_one()
    known = (home for home in roster.households if home.village_code)
    numbered = enumerate(known, next_id)
    while part := list(islice(numbered, CHUNK)):
        connection.execute(insert(household), [_home_row(home, number, imported) for number, home in part])
        people = [
            dict(zip(OWN, own_values(member), strict=True)) | {"household_id": number, "import_id": imported}
            for number, home in part
            for member in home.members
        ]
        if people:
            connection.execute(insert(person), people)
        done(len(part))
    return imported


def _home_row(home: Household, number: int, imported: int) -> dict[str, object]:
    return {
        "id": number,
        "import_id": imported,
        "village_code": home.village_code,
        "group_no": home.group,
        "number": home.number,
        "head": home.head,
        "responsible": home.responsible,
    }


def _household(rows: Iterable[RowMapping]) -> Household:
    members = list(rows)
    first = members[0]
    return Household(
        village_code=first["village_code"],
        group=first["group_no"],
        number=first["number"],
        head=first["head"],
        responsible=first["responsible"],
        members=tuple(_person(row) for row in members),
    )


def _person(row: RowMapping) -> Person:
    values = {name: row[name] for name in OWN}
    for name in ("birth", "away_from", "away_until"):
        text = values[name]
        values[name] = date.fromisoformat(text) if isinstance(text, str) else None
    return Person(**values)
