"""What is known about a contract: facts that rules ask about, and sources that fields are filled from.

Both are named in manifests (contract.toml), so the names here are fixed; `FACTS` and `SOURCES` list them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.manifest import Condition, Field, Manifest, Range, Term
from pipeline.people import Household, Person, age_on, mask_id, mask_phone
from pipeline.roster.identity import birth_of, read_identity

OPEN_DAYS = 10**6  # an open stay is longer than any that a rule can name
OPEN_END = "长期"

Fact = bool | str | int

FACTS: dict[str, frozenset[str]] = {
    "household": frozenset({"members", "youngest_age", "oldest_age"}),
    "couple": frozenset({"husband_age", "wife_age", "newly_married"}),
    "person": frozenset(
        "age sex marital away_days away_open wants_service wants_pension wants_choice".split()
    ),
    "village": frozenset(),
    "unit": frozenset(),
}
_PLACE = (
    "contract.number contract.copies campaign.name campaign.date campaign.year office.station village.name town.name "
    "county.name village.responsible term.start term.end"
).split()
_HOME = "household.address household.group household.number household.responsible group.responsible".split()
_PERSON = "name id_number sex birth age phone".split()
SOURCES: dict[str, frozenset[str]] = {
    "household": frozenset([*_PLACE, *_HOME, *(f"party.{name}" for name in _PERSON)]),
    "couple": frozenset(
        [*_PLACE, *_HOME, *(f"{who}.{name}" for who in ("husband", "wife") for name in _PERSON)]
    ),
    "person": frozenset([*_PLACE, *_HOME, *(f"party.{name}" for name in _PERSON), "stay.to", "stay.from"]),
    "village": frozenset(_PLACE),
    "unit": frozenset([*_PLACE, "unit.name", "unit.head"]),
    "member": frozenset(f"member.{name}" for name in [*_PERSON, "relation"]),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a household lives, and who offers it services: names as the division table has them."""

    county: str
    town: str
    village: str
    station: str


def add_years(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def years_less_a_day(day: date, years: int) -> date:
    """The last day of a term of `years` that begins on `day`."""
    return add_years(day, years) - timedelta(days=1)


def known_birth(person: Person) -> date | None:
    """The birth date as written, else the one in a sound identity number."""
    if person.birth is not None:
        return person.birth
    return birth_of(person.id_number) if read_identity(person.id_number).sound else None


def person_facts(person: Person, day: date) -> dict[str, Fact]:
    """What rules may ask about one person on `day`; what is not known is not there."""
    facts: dict[str, Fact] = {
        "sex": person.sex,
        "marital": person.marital,
        "wants_service": person.wants_service,
        "wants_pension": person.wants_pension,
        "wants_choice": person.wants_choice,
    }
    birth = known_birth(person)
    if birth is not None:
        facts["age"] = age_on(birth, day)
    days = away_days(person, day)
    if days is not None:
        facts |= {"away_days": days, "away_open": person.away_until is None}
    return facts


def away_days(person: Person, day: date) -> int | None:
    """How long the person's stay is, in days, as seen on `day`; None for who is not away then.

    A stay counts when it is open or ends on or after `day` and starts within `day`'s year; no start
    counts as `day`. A stay with a date that cannot be read counts as open, unless its other date
    rules it out: the contract waits for it.
    """
    start = person.away_from or day
    if not person.away_to or start.year > day.year:
        return None
    if person.away_until is None or (not person.away_readable and person.away_until >= day):
        return OPEN_DAYS
    return (person.away_until - start).days if person.away_until >= day else None


def couple_facts(husband: Person, wife: Person, day: date, newly_married: bool) -> dict[str, Fact]:
    """What rules may ask about a couple on `day`."""
    facts: dict[str, Fact] = {"newly_married": newly_married}
    for name, person in (("husband_age", husband), ("wife_age", wife)):
        birth = known_birth(person)
        if birth is not None:
            facts[name] = age_on(birth, day)
    return facts


def household_facts(household: Household, day: date) -> dict[str, Fact]:
    """What rules may ask about a household on `day`: its accepted members."""
    ages = [age_on(person.birth, day) for person in household.accepted if person.birth is not None]
    facts: dict[str, Fact] = {"members": len(household.accepted)}
    return facts | ({"youngest_age": min(ages), "oldest_age": max(ages)} if ages else {})


def holds(condition: Condition, facts: Mapping[str, Fact]) -> bool:
    """Whether every named fact has the wanted value; a fact that is not known never has it."""
    return all(name in facts and _matches(wanted, facts[name]) for name, wanted in condition.items())


def _matches(wanted: bool | str | Range, fact: Fact) -> bool:
    if not isinstance(wanted, Range):
        return fact == wanted
    above = wanted.min is None or int(fact) >= wanted.min
    return above and (wanted.max is None or int(fact) <= wanted.max)


def term_of(term: Term, day: date, person: Person | None) -> tuple[date, date | None]:
    """The first and last day of a contract offered on `day`; None for no end."""
    match term.kind:
        case "calendar_year":
            return date(day.year, 1, 1), date(day.year, 12, 31)
        case "years":
            return day, years_less_a_day(day, term.years)
        case "open":
            return day, None
        case "away":
            start = max(day, person.away_from) if person and person.away_from else day
            until = person.away_until if person else None
            return start, until or years_less_a_day(start, 1)


def person_sources(prefix: str, person: Person, day: date) -> dict[str, str | date]:
    """What fields can say about one person, under `prefix` (party, husband, wife, member)."""
    values: dict[str, str | date] = {
        "name": person.name,
        "id_number": person.id_number,
        "sex": person.sex,
        "phone": person.phone,
        "relation": person.relation,
    }
    if person.birth is not None:
        values |= {"birth": person.birth, "age": str(age_on(person.birth, day))}
    return {f"{prefix}.{name}": value for name, value in values.items()}


def fill(fields: Mapping[str, Field], sources: Mapping[str, str | date]) -> dict[str, str]:
    """The printed text of every field; "" where its source has nothing."""
    return {name: _printed(field, sources.get(field.source, "")) for name, field in fields.items()}


def _printed(field: Field, value: str | date) -> str:
    if isinstance(value, date):
        return chinese_date(value)
    if field.format == "masked":
        return mask_phone(value) if field.source.endswith(".phone") else mask_id(value)
    return value


def chinese_date(day: date) -> str:
    """As 2026年3月1日."""
    return f"{day.year}年{day.month}月{day.day}日"


def clauses_that_hold(manifest: Manifest, facts: Mapping[str, Fact]) -> list[str]:
    """The names of the optional clauses that are in this contract, in the manifest's order."""
    return [name for name, clause in manifest.clauses.items() if holds(clause.when, facts)]


def fill_rows(manifest: Manifest, members: Sequence[Person], day: date) -> dict[str, list[dict[str, str]]]:
    """The printed rows of the manifest's lists; there is one list, the household's members."""
    return {
        name: [fill(fields, person_sources("member", person, day)) for person in members]
        for name, fields in manifest.rows.items()
    }
