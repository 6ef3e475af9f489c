"""The mistakes that lists hold, one of each code, and what a clerk must be told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from pipeline.people import FEMALE, HEAD, MALE, Household, Person
from tests.roster.spreadsheets import Cell, Formula

ERROR, WARNING = "error", "warning"
# Of a whole household: every row of it, or its first.
OF_HOMES = ("village_unknown", "group_unreadable", "household_without_head")
# Mistake → the column it is made in, and how bad it is.
MISTAKES = {
    "id_missing": ("id_number", ERROR),
    "id_precision_lost": ("id_number", ERROR),
    "id_length": ("id_number", ERROR),
    "id_checksum": ("id_number", ERROR),
    "sex_mismatch": ("sex", ERROR),
    "birth_mismatch": ("birth", ERROR),
    "duplicate_person": ("id_number", ERROR),
    "name_missing": ("name", ERROR),
    "village_unknown": ("village", ERROR),
    "group_unreadable": ("group", ERROR),
    "household_without_head": ("relation", ERROR),
    "birth_unreadable": ("birth", ERROR),
    "away_unreadable": ("away_from", WARNING),
    "id_upgraded": ("id_number", WARNING),
    "mark_unreadable": ("wants_pension", WARNING),
    "year_two_digits": ("birth", WARNING),
    "character_doubtful": ("name", WARNING),
    "phone_unreadable": ("phone", WARNING),
    "text_too_long": ("away_to", WARNING),
    "formula_without_value": ("marital", WARNING),
}
_CODES = {"birth_unreadable": "date_unreadable", "away_unreadable": "date_unreadable"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake, by its name above."""

    name: str

    @property
    def code(self) -> str:
        return _CODES.get(self.name, self.name)

    @property
    def severity(self) -> str:
        return MISTAKES[self.name][1]


def plant(
    homes: Sequence[Household], names: Sequence[str], columns: Sequence[str]
) -> tuple[list[Household], dict[tuple[int, int], Mistake]]:
    """The homes with each of the mistakes that these columns can have, one a household of two or more.

    Where nobody can have a mistake it is left out.
    """
    changed = list(homes)
    found: dict[tuple[int, int], Mistake] = {}
    left = [number for number, home in enumerate(homes) if len(home.members) > 1]
    for name in names:
        if MISTAKES[name][0] not in columns:
            continue
        number = next((number for number in left if _member(name, changed[number]) is not None), None)
        if number is None:
            continue
        left.remove(number)
        home = changed[number]
        place = _member(name, home) or 0
        if name == "duplicate_person":
            # The number of somebody before, who has no mistake of their own: this one is told.
            other, place = home.members[-1], len(home.members)
            again = replace(other, relation="儿子" if other.sex == MALE else "女儿")
            changed[number] = replace(home, members=(*home.members, again))
        found[number, place] = Mistake(name)
    return changed, found


def _member(name: str, home: Household) -> int | None:
    """Which member can have the mistake, None where nobody can."""
    for place, person in enumerate(home.members):
        if name in OF_HOMES:
            return place if person.relation == HEAD else None
        assert person.birth is not None
        if name == "id_upgraded" and not 1920 < person.birth.year < 2000:
            continue
        if name == "year_two_digits" and person.birth.year < 1930:
            continue
        if person.relation != HEAD:
            return place
    return None


def spoil(cells: dict[str, Cell], person: Person, mistake: Mistake, chance: Random) -> Person | None:
    """Make the mistake in a person's cells; the person as read then, None for one who is held."""
    number, birth = person.id_number, person.birth
    assert birth is not None
    new: Mapping[str, Cell]
    match mistake.name:
        case "id_missing":
            new = {"id_number": chance.choice((None, "—", "未办", "无"))}
        case "id_precision_lost":
            new = {
                "id_number": chance.choice((float(number[:15] + "000"), f"{float(number[:15] + '000'):.5E}"))
            }
        case "id_length":
            new = {"id_number": number[:12] + number[14:]}
        case "id_checksum":
            new = {"id_number": number[:-1] + ("1" if number[-1] != "1" else "2")}
        case "sex_mismatch":
            new = {"sex": FEMALE if person.sex == MALE else MALE}
        case "birth_mismatch":
            new = {"birth": f"{birth + timedelta(days=10):%Y.%m.%d}"}
        case "name_missing":
            new = {"name": chance.choice((None, "", "—"))}
        case "birth_unreadable":
            new = {"birth": chance.choice(("八五年春", "1985.13.40", "待查", "1985年3月"))}
        case "away_unreadable":
            new = {"away_to": "广东省", "away_from": "年初", "away_until": None}
            person = replace(person, away_to="广东省", away_from=None, away_until=None)
        case "id_upgraded":
            new = {"id_number": number[:6] + number[8:17]}
        case "mark_unreadable":
            new = {"wants_pension": "待定"}
            person = replace(person, wants_pension=False)
        case "year_two_digits":
            new = {"birth": f"{birth.year % 100:02d}.{birth.month}.{birth.day}"}
        case "character_doubtful":
            new = {"name": person.name[0] + "？"}
            person = replace(person, name=person.name[0] + "？")
        case "phone_unreadable":
            new = {"phone": "1.38E+10"}
            person = replace(person, phone="")
        case "text_too_long":
            new = {"away_to": "广东省" * 40}
            person = replace(person, away_to="")
        case "formula_without_value":
            new = {"marital": Formula('=IF(1,"已婚","")', None)}
            person = replace(person, marital="")
        case _:
            new = {}
    cells |= new
    return person if mistake.severity == WARNING else None
