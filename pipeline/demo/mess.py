"""How an office writes what is true, and the mistakes it makes doing so."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from pipeline.people import FEMALE, HEAD, MALE, Household, Person
from pipeline.roster.problems import ERROR, WARNING
from pipeline.village_names import COMMUNITY_ENDINGS, VILLAGE_ENDINGS, core

# How many of each mistake there are in 400 households.
MISTAKES = {
    "id_missing": 4,
    "id_precision_lost": 3,
    "id_length": 2,
    "id_checksum": 4,
    "sex_mismatch": 2,
    "birth_mismatch": 3,
    "duplicate_person": 3,
    "name_missing": 2,
    "village_unknown": 1,
    "household_without_head": 1,
    "date_unreadable": 2,
    "away_unreadable": 2,
    "id_upgraded": 3,
    "mark_unreadable": 2,
}
_UNREADABLE_DAYS = ("八五年春", "1985.13.40", "待查")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_YES = ("是", "是", "√", "✓", "Y", "参加", "有")
Written = str | int | float | date


@dataclass(slots=True)
class Line:
    """One row as it will be written: a cell a column, "" where nothing; `mistakes` are (code, severity)."""

    cells: dict[str, Written]
    mistakes: list[tuple[str, str]]


def write_household(
    household: Household, village: str, town: str, mistakes: dict[int, str], chance: Random
) -> list[Line]:
    """A household's lines; `mistakes` gives some of its members (by place) the name of one mistake each.

    village_unknown and household_without_head are mistakes of the first member's line.
    """
    written_village = village_variant(village, town, chance)
    lines = []
    for place, person in enumerate(household.members):
        line = Line(_person_cells(person, chance), [])
        if place == 0:
            line.cells |= {
                "village": written_village,
                "group": chance.choice((household.group, f"第{household.group}组", f"{household.group}组")),
                "number": household.number,
                "head": household.head,
                "responsible": household.responsible,
            }
        lines.append(line)
    for place, mistake in mistakes.items():
        if mistake == "village_unknown":
            lines[0].cells["village"] = "上" + core(village, (*COMMUNITY_ENDINGS, *VILLAGE_ENDINGS)) + "新村"
            for line in lines:
                line.mistakes.append((mistake, ERROR))
        else:
            _spoil(lines[place], household.members[place], mistake, chance)
    return lines


def village_variant(village: str, town: str, chance: Random) -> str:
    """冲洞村委会 as 东门镇冲洞村委会, 冲洞村 or 冲洞."""
    endings = COMMUNITY_ENDINGS if village.endswith(COMMUNITY_ENDINGS) else VILLAGE_ENDINGS
    short = core(village, endings)
    everyday = short + ("社区" if endings is COMMUNITY_ENDINGS else "村")
    return chance.choice((village, village, town + village, everyday, short))


def duplicate(person: Person, chance: Random) -> Line:
    """The line of a person who stands elsewhere already, now as someone else's kin."""
    relation = "儿子" if person.sex == MALE else "女儿"
    cells = _person_cells(replace(person, relation=relation), chance)
    return Line(cells, [("duplicate_person", ERROR)])


def _person_cells(person: Person, chance: Random) -> dict[str, Written]:
    cells: dict[str, Written] = {
        "name": _padded(person.name, chance),
        "relation": person.relation,
        "sex": person.sex,
        "birth": _day(person.birth, chance),
        "id_number": _number(person.id_number, chance),
        "marital": person.marital,
        "phone": int(person.phone) if person.phone and chance.random() < 0.2 else person.phone,
        "away_to": person.away_to,
        "away_from": _day(person.away_from, chance),
        "away_until": _day(person.away_until, chance),
        "wants_service": _mark(person.wants_service, chance),
        "wants_pension": _mark(person.wants_pension, chance),
        "wants_choice": _mark(person.wants_choice, chance),
    }
    if person.away_to and person.away_until is None:
        cells["away_until"] = chance.choice(("至今", ""))
    if not person.away_to and chance.random() < 0.05:
        cells["away_from"] = "—"
    return cells


def _spoil(line: Line, person: Person, mistake: str, chance: Random) -> None:
    code, severity = mistake, ERROR
    number = person.id_number
    if mistake == "id_missing":
        line.cells["id_number"] = ""
    elif mistake == "id_precision_lost":
        line.cells["id_number"] = float(number[:15] + "000")
    elif mistake == "id_length":
        line.cells["id_number"] = number[:12] + number[14:]
    elif mistake == "id_checksum":
        line.cells["id_number"] = number[:-1] + ("1" if number[-1] != "1" else "2")
    elif mistake == "sex_mismatch":
        line.cells["sex"] = FEMALE if person.sex == MALE else MALE
    elif mistake == "birth_mismatch" and person.birth:
        line.cells["birth"] = _day(person.birth + timedelta(days=chance.choice((-10, 1, 10, 31))), chance)
    elif mistake == "name_missing":
        line.cells["name"] = ""
    elif mistake == "household_without_head":
        line.cells["relation"] = ""
    elif mistake == "date_unreadable":
        line.cells["birth"] = chance.choice(_UNREADABLE_DAYS)
    elif mistake == "away_unreadable":
        line.cells |= {"away_to": "广东省", "away_from": "年初", "away_until": ""}
        code, severity = "date_unreadable", WARNING
    elif mistake == "id_upgraded":
        line.cells["id_number"] = number[:6] + number[8:17]
        severity = WARNING
    elif mistake == "mark_unreadable":
        line.cells["wants_pension"] = "待定"
        severity = WARNING
    line.mistakes.append((code, severity))


def can_have(mistake: str, person: Person) -> bool:
    """Whether a mistake can be made of this person: an old number needs a birth before 2000."""
    if mistake == "id_upgraded":
        return person.birth is not None and person.birth.year < 2000
    if mistake == "household_without_head":
        return person.relation == HEAD
    return True


def _day(day: date | None, chance: Random) -> Written:
    if day is None:
        return ""
    return chance.choice(
        (
            day,
            day,
            f"{day.year}.{day.month}.{day.day}",
            f"{day.year}年{day.month}月{day.day}日",
            f"{day:%Y%m%d}",
            f"{day:%Y/%m/%d}",
            f"{day:%Y-%m-%d}".translate(_FULL_WIDTH),
            f" {day:%Y-%m-%d}　",
        )
    )


def _number(number: str, chance: Random) -> str:
    kind = chance.random()
    if kind < 0.03:
        return number.translate(_FULL_WIDTH)
    if kind < 0.06:
        return f"{number[:6]} {number[6:14]} {number[14:]}"
    if kind < 0.08:
        return "'" + number
    return number.lower() if kind < 0.1 else number


def _mark(wish: bool, chance: Random) -> str:
    if wish:
        return chance.choice(_YES)
    return chance.choice(("否", "×")) if chance.random() < 0.03 else ""


def _padded(name: str, chance: Random) -> str:
    """刘英 as 刘　英, a dot as one of those in use."""
    if "·" in name:
        return name.replace("·", chance.choice("·•‧・."))
    return f"{name[0]}　{name[1]}" if len(name) == 2 and chance.random() < 0.1 else name
