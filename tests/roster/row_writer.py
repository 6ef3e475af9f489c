"""Households to the cells of their rows in a style, and to what must be read back from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

from pipeline.divisions import Divisions
from pipeline.people import HEAD, Household, Person
from pipeline.village_names import COMMUNITY_ENDINGS, VILLAGE_ENDINGS, core
from tests.roster import hand as hands
from tests.roster.mistakes import ERROR, Mistake, spoil
from tests.roster.spreadsheets import Cell, Formula, Value

if TYPE_CHECKING:
    from tests.roster.styles import Style

HOME_FIELDS = ("town", "village", "group", "number", "head", "responsible")
_UNREAD: dict[str, Cell] = {
    "备注": "低保户",
    "母亲姓名": "黎某",
    "年龄": 30,
    "文化程度": "初中",
    "户籍地址": "冲洞屯12号",
}


@dataclass(slots=True)
class Line:
    """One row: cells by column; `heading` for a household's own row. Problems are (code, severity)."""

    household: Household
    cells: dict[str, Cell]
    heading: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list)
    home_problems: list[tuple[str, str]] = field(default_factory=list)


def lines_of(
    style: "Style", homes: Sequence[Household], mistakes: Mapping[tuple[int, int], Mistake],
    divisions: Divisions, chance: Random,
) -> tuple[list[Line], list[dict[str, Any]]]:  # fmt: skip
    """The rows of the homes, and the households of the JSON."""
    lines: list[Line] = []
    households: list[dict[str, Any]] = []
    for place, home in enumerate(homes):
        own = {member: one for (number, member), one in mistakes.items() if number == place}
        written = _Home(style, home, own, divisions, chance)
        lines += written.lines()
        if written.known:
            households.append(written.json())
    return lines, households


class _Home:
    def __init__(
        self,
        style: "Style",
        home: Household,
        mistakes: Mapping[int, Mistake],
        divisions: Divisions,
        chance: Random,
    ) -> None:
        self._style = style
        self._home = home
        self._divisions = divisions
        self._chance = chance
        order = list(range(len(home.members)))
        if style.head_last:
            order = order[1:] + order[:1]
        self._members = [(home.members[place], mistakes.get(place)) for place in order]
        self._whole = next((one.name for _, one in self._members if one and one.name in _WHOLE), "")
        self._read: list[Person] = []
        self.known = self._whole != "village_unknown"

    def lines(self) -> Iterator[Line]:
        own = self._own_cells()
        style = self._style
        if style.family == "heading":
            yield Line(self._home, dict(own), heading=True, home_problems=self._once())
        for place, (person, mistake) in enumerate(self._members):
            first = place == 0 and style.family != "heading"
            cells: dict[str, Cell] = dict(own) if first or style.family == "repeated" else {}
            cells |= self._person_cells(person)
            line = Line(self._home, cells)
            held = self._whole in ("village_unknown", "group_unreadable")
            if held:
                line.problems.append((self._whole, ERROR))
            if first:
                line.problems += self._once()
            if self._whole == "household_without_head" and person.relation == HEAD:
                cells["relation"] = None
                person = replace(person, relation="")
            read: Person | None = person
            if mistake and mistake.name not in _WHOLE:
                read = spoil(cells, person, mistake, self._chance)
                line.problems.append((mistake.code, mistake.severity))
            if read and not held:
                self._read.append(read)
            yield line

    def _once(self) -> list[tuple[str, str]]:
        return [(self._whole, ERROR)] if self._whole == "household_without_head" else []

    def json(self) -> dict[str, Any]:
        columns, home = self._style.columns, self._home
        head = home.head
        if self._whole == "household_without_head" and "head" not in columns:
            head = ""
        return {
            "village_code": home.village_code,
            "group": home.group if "group" in columns and self._whole != "group_unreadable" else 0,
            "number": home.number,
            "head": head,
            "responsible": home.responsible if "responsible" in columns else "",
            "members": [_person_json(person, columns) for person in self._read],
        }

    def _own_cells(self) -> dict[str, Cell]:
        home, hand, chance = self._home, self._style.hand, self._chance
        group = hands.any_of(hands.GROUPS, hand.groups, chance)(home.group)
        if self._whole == "group_unreadable":
            group = "上屯"
        return {
            "town": self._divisions.town_name(home.village_code),
            "village": self._village(),
            "group": group,
            "number": home.number,
            "head": self._fits(hands.any_of(hands.NAMES, hand.names, chance)(home.head), home.head),
            "responsible": home.responsible,
        }

    def _village(self) -> Cell:
        code, style = self._home.village_code, self._style
        name, town = self._divisions.name(code), self._divisions.town_name(code)
        community = name.endswith(COMMUNITY_ENDINGS)
        short = core(name, COMMUNITY_ENDINGS if community else VILLAGE_ENDINGS)
        if self._whole == "village_unknown":
            return f"上{short}新村"
        if style.village == "code":
            return self._chance.choice((code, int(code))) if " " not in style.form else code
        if style.village == "town":
            return self._chance.choice((name, short, short + ("社区" if community else "村")))
        forms = [town + name, self._divisions.full_name(code)]
        if len(self._divisions.match(short)) == 1:
            forms += [name, short, short + ("社区" if community else "村"), f" {name}　"]
        written = self._chance.choice(forms)
        return (
            Formula(f'="{written}"', written) if style.formulas and self._chance.random() < 0.3 else written
        )

    def _person_cells(self, person: Person) -> dict[str, Cell]:
        hand, chance = self._style.hand, self._chance
        assert person.birth is not None
        cells: dict[str, Cell] = {
            "name": self._fits(hands.any_of(hands.NAMES, hand.names, chance)(person.name), person.name),
            "relation": hands.any_of(hands.RELATIONS, hand.relations, chance)(person.relation),
            "sex": hands.any_of(hands.SEXES, hand.sexes, chance)(person.sex),
            "birth": self._day(person.birth),
            "id_number": self._fits(
                hands.any_of(hands.NUMBERS, hand.numbers, chance)(person.id_number), person.id_number
            ),
            "marital": hands.any_of(hands.MARITAL, hand.marital, chance)(person.marital),
            "phone": hands.any_of(hands.PHONES, hand.phones, chance)(person.phone),
            "away_to": person.away_to or self._any(hand.nothing),
            "away_from": self._day(person.away_from) if person.away_from else self._any(hand.nothing),
            "away_until": self._day(person.away_until) if person.away_until else self._any(hand.open),
        }
        for wish in ("wants_service", "wants_pension", "wants_choice"):
            cells[wish] = self._any(hand.yes if getattr(person, wish) else hand.no)
        cells |= _UNREAD
        cells["户主身份证号"] = self._home.members[0].id_number
        if self._style.formulas and isinstance(cells["birth"], date):
            cells["birth"] = Formula("=DATE(MID(I2,7,4),MID(I2,11,2),MID(I2,13,2))", cells["birth"])
            cells["sex"] = Formula('=IF(MOD(MID(I2,17,1),2),"男","女")', person.sex)
        return cells

    def _day(self, day: date) -> Value:
        written = hands.any_of(hands.DAYS, self._style.hand.days, self._chance)(day)
        return f"{day:%Y-%m-%d}" if isinstance(written, int) and day < date(1930, 1, 1) else written

    def _any(self, values: tuple[Value, ...]) -> Value:
        return self._chance.choice([value for value in values if self._fits(value, None) is value])

    def _fits(self, value: Value, otherwise: Value) -> Value:
        """`value`, where the file can hold it: text has no true and false, BIFF5 one code page."""
        if isinstance(value, bool) and " " in self._style.form:
            return otherwise
        if isinstance(value, str) and self._style.form == "xls5" and not fits_gbk(value):
            return otherwise
        return value


_WHOLE = ("village_unknown", "group_unreadable", "household_without_head")


def fits_gbk(text: str) -> bool:
    """Whether code page 936 has every character."""
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _person_json(person: Person, columns: Sequence[str]) -> dict[str, Any]:
    """What is read of a person; sex and birth of the number where they have no column."""
    assert person.birth is not None
    return {
        "name": person.name,
        "sex": person.sex,
        "birth": person.birth.isoformat(),
        "id_number": person.id_number,
        "relation": person.relation,
        "phone": person.phone if "phone" in columns else "",
        "marital": person.marital if "marital" in columns else "",
        "away_to": person.away_to if "away_to" in columns else "",
        "away_from": _iso(person.away_from) if "away_from" in columns else "",
        "away_until": _iso(person.away_until) if "away_until" in columns else "",
        "wants_service": person.wants_service and "wants_service" in columns,
        "wants_pension": person.wants_pension and "wants_pension" in columns,
        "wants_choice": person.wants_choice and "wants_choice" in columns,
    }


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
