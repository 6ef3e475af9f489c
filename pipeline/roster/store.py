"""Rosters in the catalogue: importing one, comparing it with the one before, reading a village back.

An import adds rows of its own and changes none: the newest import that holds a village is that village's
roster. Someone whom a newer import shows in another village is read there only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import Connection, RowMapping, Select, func, insert, select

from archive import journal
from archive.catalogue.tables import household, import_village, person, roster_import
from archive.journal import Actor
from pipeline.people import MARRIED, Household, Person
from pipeline.roster.reader import Roster

CHUNK = 5_000
SINGLE = ("未婚", "离婚", "离异", "丧偶")
_OWN = (
    "name sex birth id_number relation phone marital away_to away_from away_until away_readable "
    "wants_service wants_pension wants_choice held"
).split()


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What an import did, in persons; `problems` counts the roster's problems, warnings too."""

    added: int
    changed: int
    unchanged: int
    left: int
    held: int
    problems: int


def import_roster(connection: Connection, roster: Roster, actor: Actor) -> ImportCounts:
    """Take a roster up within the caller's transaction, compared with what was there.

    Someone whose village could not be told is counted as held and has no place to be kept in.
    """
    villages = sorted({home.village_code for home in roster.households if home.village_code})
    before = {row["id_number"]: row for row in _current_rows(connection) if not row["held"]}
    added = changed = unchanged = held = 0
    seen: set[str] = set()
    held_as: set[tuple[object, ...]] = set()
    for home in roster.households:
        for member in home.members:
            row = _row_of(home, member)
            if member.held:
                held += 1
                held_as |= set(_traces(row))
                continue
            seen.add(member.id_number)
            old = before.get(member.id_number)
            if old is None:
                added += 1
            elif _same(old, row):
                unchanged += 1
            else:
                changed += 1
    covered = set(villages)
    left = sum(
        1
        for number, row in before.items()
        if row["village_code"] in covered and number not in seen and held_as.isdisjoint(_traces(row))
    )
    counts = ImportCounts(added, changed, unchanged, left, held, len(roster.problems))
    _insert(connection, roster, villages, actor)
    journal.record(
        connection, actor, "roster_import", str(roster.year), {"villages": len(villages)} | asdict(counts)
    )
    return counts


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
    return (
        select(
            household.c.id.label("household_id"),
            household.c.village_code,
            household.c.group_no,
            household.c.number,
            household.c.head,
            household.c.responsible,
            *(person.c[name] for name in _OWN),
        )
        .join(person, person.c.household_id == household.c.id)
        .where(household.c.import_id == _newest(household.c.village_code), ~elsewhere)
        .order_by(household.c.id, person.c.id)
    )


def _current_rows(connection: Connection) -> Iterator[Mapping[str, object]]:
    for row in connection.execute(_current()).mappings():
        yield dict(row)


def _row_of(home: Household, member: Person) -> dict[str, object]:
    """A person as the catalogue holds one, with the household that it compares by."""
    values: dict[str, object] = {name: getattr(member, name) for name in _OWN}
    for name in ("birth", "away_from", "away_until"):
        day = values[name]
        values[name] = day.isoformat() if isinstance(day, date) else None
    return values | {"village_code": home.village_code, "group_no": home.group, "number": home.number}


def _same(old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    return all(old[name] == value for name, value in new.items())


def _traces(row: Mapping[str, object]) -> Iterator[tuple[object, ...]]:
    """By any of these someone held back is the person who was there before."""
    if row["id_number"]:
        yield ("id", row["id_number"])
    if row["name"]:
        yield ("home", row["name"], row["village_code"], row["group_no"], row["number"])
        if row["birth"]:
            yield ("birth", row["name"], row["village_code"], row["birth"])


def _insert(connection: Connection, roster: Roster, villages: list[str], actor: Actor) -> None:
    last = connection.execute(select(func.coalesce(func.max(roster_import.c.id), 0))).scalar_one()
    imported = last + 1
    connection.execute(
        insert(roster_import).values(id=imported, imported_on=actor.today.isoformat(), year=roster.year)
    )
    if villages:
        connection.execute(
            insert(import_village), [{"import_id": imported, "village_code": code} for code in villages]
        )
    next_id: int = connection.execute(select(func.coalesce(func.max(household.c.id), 0) + 1)).scalar_one()
    homes: list[dict[str, object]] = []
    people: list[dict[str, object]] = []
    known = [home for home in roster.households if home.village_code]
    for home_id, home in enumerate(known, next_id):
        homes.append(
            {
                "id": home_id,
                "import_id": imported,
                "village_code": home.village_code,
                "group_no": home.group,
                "number": home.number,
                "head": home.head,
                "responsible": home.responsible,
            }
        )
        for member in home.members:
            row = _row_of(home, member)
            people.append(
                {name: row[name] for name in _OWN} | {"household_id": home_id, "import_id": imported}
            )
    for table, rows in ((household, homes), (person, people)):
        for start in range(0, len(rows), CHUNK):
            connection.execute(insert(table), rows[start : start + CHUNK])


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
    values = {name: row[name] for name in _OWN}
    for name in ("birth", "away_from", "away_until"):
        text = values[name]
        values[name] = date.fromisoformat(text) if isinstance(text, str) else None
    return Person(**values)
