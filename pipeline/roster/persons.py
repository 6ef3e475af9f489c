"""One row's cells to one person, with what is wrong about them."""

from collections.abc import Callable
from datetime import date

from pipeline.people import Person, mask_id
from pipeline.roster.cells import Cell, text
from pipeline.roster.dates import Day, read_day
from pipeline.roster.header import FIELDS, LABELS
from pipeline.roster.identity import Identity, birth_of, read_identity, sex_of
from pipeline.roster.problems import Place, Problem
from pipeline.roster.words import (
    read_marital,
    read_mark,
    read_name,
    read_phone,
    read_place,
    read_relation,
    read_sex,
)

_INDEX = {name: index for index, name in enumerate(FIELDS)}
_SHOWN = 30

# Tells where an identity number stood before, and remembers it for next time.
Seen = Callable[[str, Place, str], str]


def read_person(cells: tuple[Cell, ...], place: Place, seen: Seen) -> tuple[Person, list[Problem]]:
    """The person of a row whose cells come in the order of FIELDS, and the row's own problems.

    The person is not held yet: what the household adds (its village) counts as well.
    """
    problems: list[Problem] = []
    name = read_name(_cell(cells, "name"))
    identity = read_identity(_cell(cells, "id_number"))
    who = f"{name}的" if name else ""
    sex, birth = read_sex(_cell(cells, "sex")), _read_birth(cells, place, who, problems)
    if identity.sound:
        sex = _agreed_sex(sex, identity.number, place, who, problems)
        birth = _agreed_birth(birth, cells, identity.number, place, who, problems)
        if earlier := seen(identity.number, place, name):
            problems.append(place.error("duplicate_person", _duplicate(identity.number, who, earlier)))
        if identity.written:
            problems.append(place.warning("id_upgraded", _upgraded(identity, who)))
    else:
        problems.append(place.error(identity.code, _unsound(identity, who)))
    if not name:
        number = f"（公民身份号码“{mask_id(identity.number)}”）" if identity.number else ""
        problems.append(place.error("name_missing", f"姓名没有填{number}。请补填姓名。"))
    away_from, away_until = (
        _read_away(cells, field, place, who, problems) for field in ("away_from", "away_until")
    )
    wishes = [
        _read_wish(cells, field, place, who, problems)
        for field in ("wants_service", "wants_pension", "wants_choice")
    ]
    person = Person(
        name=name,
        sex=sex,
        birth=birth.day,
        id_number=identity.number,
        relation=read_relation(_cell(cells, "relation")),
        phone=read_phone(_cell(cells, "phone")),
        marital=read_marital(_cell(cells, "marital")),
        away_to=read_place(_cell(cells, "away_to")),
        away_from=away_from.day,
        away_until=away_until.day,
        away_readable=away_from.readable and away_until.readable,
        wants_service=wishes[0],
        wants_pension=wishes[1],
        wants_choice=wishes[2],
    )
    return person, problems


def _cell(cells: tuple[Cell, ...], field: str) -> Cell:
    return cells[_INDEX[field]]


def _written(cells: tuple[Cell, ...], field: str) -> str:
    """A cell's text for a message, cut where it runs on."""
    plain = text(_cell(cells, field))
    return plain if len(plain) <= _SHOWN else plain[:_SHOWN] + "…"


def _read_birth(cells: tuple[Cell, ...], place: Place, who: str, problems: list[Problem]) -> Day:
    birth = read_day(_cell(cells, "birth"))
    if not birth.readable:
        message = f"{who}出生日期“{_written(cells, 'birth')}”读不出来。请写成 2005-03-01 的样子。"
        problems.append(place.error("date_unreadable", message))
    return birth


def _read_away(cells: tuple[Cell, ...], field: str, place: Place, who: str, problems: list[Problem]) -> Day:
    day = read_day(_cell(cells, field))
    if not day.readable:
        message = (
            f"{who}{LABELS[field]}“{_written(cells, field)}”读不出来，外出合同先不拟。"
            "请写成 2026-03-01 的样子，没有期限的写“至今”。"
        )
        problems.append(place.warning("date_unreadable", message))
    return day


def _read_wish(cells: tuple[Cell, ...], field: str, place: Place, who: str, problems: list[Problem]) -> bool:
    mark = read_mark(_cell(cells, field))
    if mark is None:
        message = f"{who}“{LABELS[field]}”一栏写的是“{_written(cells, field)}”，按“否”处理。请写“是”或“否”。"
        problems.append(place.warning("mark_unreadable", message))
    return bool(mark)


def _agreed_sex(sex: str, number: str, place: Place, who: str, problems: list[Problem]) -> str:
    stated = sex_of(number)
    if sex and sex != stated:
        message = (
            f"{who}性别写的是“{sex}”，公民身份号码“{mask_id(number)}”表示的是“{stated}”。请按证件核对这两栏。"
        )
        problems.append(place.error("sex_mismatch", message))
        return sex
    return stated


def _agreed_birth(
    birth: Day, cells: tuple[Cell, ...], number: str, place: Place, who: str, problems: list[Problem]
) -> Day:
    stated: date = birth_of(number)
    if birth.day and birth.day != stated:
        # The number's own date is not told: with the masked number it would be the whole number.
        message = (
            f"{who}出生日期写的是“{_written(cells, 'birth')}”，与公民身份号码里的不同。请按证件核对这两栏。"
        )
        problems.append(place.error("birth_mismatch", message))
        return birth
    return Day(stated, birth.readable)


def _duplicate(number: str, who: str, earlier: str) -> str:
    return f"{who}公民身份号码“{mask_id(number)}”已经出现在{earlier}。请删去重复的一行，或按证件改正号码。"


def _upgraded(identity: Identity, who: str) -> str:
    return (
        f"{who}15位旧号码“{mask_id(identity.written)}”已按规则升为18位“{mask_id(identity.number)}”。"
        "请按现在的证件核对。"
    )


def _unsound(identity: Identity, who: str) -> str:
    shown = f"{who}公民身份号码“{mask_id(identity.number)}”"
    return {
        "id_missing": f"{who}公民身份号码没有填。请按证件补填18位号码。",
        "id_precision_lost": f"{shown}被当成数字存过，后几位已经丢失。请把该列设为文本格式，按证件重新录入。",
        "id_length": f"{shown}有{len(identity.number)}位，应是18位（旧号码15位）。请按证件改正。",
        "id_checksum": f"{shown}的校验码、出生日期或数字不对。请按证件逐位核对。",
    }[identity.code]
