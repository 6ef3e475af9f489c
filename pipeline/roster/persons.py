"""One row's cells to one person, with what is wrong about them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from pipeline.people import Person
from pipeline.roster.cells import Cell, text
from pipeline.roster.columns import FIELDS, LABELS
from pipeline.roster.dates import Day, read_day
from pipeline.roster.identity import Identity, birth_of, read_identity, sex_of
from pipeline.roster.problems import Place, Problem, quoted, quoted_id
from pipeline.roster.words import (
    doubtful_characters,
    read_marital,
    read_mark,
    read_name,
    read_phone,
    read_place,
    read_relation,
    read_sex,
)

_INDEX = {name: index for index, name in enumerate(FIELDS)}
LONGEST_NAME = 50
LONGEST_TEXT = 100
_DIGITS = 6  # so many make a name a number that slipped into its column

# Tells where an identity number stood before, and remembers it for next time.
Seen = Callable[[str, Place, str], str]


def read_person(cells: tuple[Cell, ...], place: Place, seen: Seen) -> tuple[Person, list[Problem]]:
    """The person of a row whose cells come in the order of FIELDS, and the row's own problems.

    The person is not held yet: what the household adds (its village) counts as well.
    """
    problems: list[Problem] = []
    name = read_name(_cell(cells, "name"))
    if len(name) > LONGEST_NAME or sum(map(str.isdigit, name)) >= _DIGITS:
        name = ""
    identity = read_identity(_cell(cells, "id_number"))
    who = f"{quoted(name)}的" if name else ""
    sex = _short(read_sex(_cell(cells, "sex")), "sex", place, who, problems)
    birth = _read_birth(cells, identity, place, who, problems)
    if identity.sound:
        sex = _agreed_sex(sex, identity.number, place, who, problems)
        birth = _agreed_birth(birth, cells, identity.number, place, who, problems)
        if earlier := seen(identity.number, place, name):
            message = _duplicate(identity.number, who, earlier)
            problems.append(place.error("duplicate_person", message, "id_number"))
        if identity.written:
            problems.append(place.warning("id_upgraded", _upgraded(identity, who), "id_number"))
    else:
        problems.append(place.error(identity.code, _unsound(identity, who), "id_number"))
    if not name:
        problems.append(place.error("name_missing", _no_name(cells, identity), "name"))
    problems += (
        place.warning("character_doubtful", f"{who}姓名里的{doubt}。请照证件核对这个字。", "name")
        for doubt in doubtful_characters(name)
    )
    away_from, away_until = (
        _read_away(cells, field, place, who, problems) for field in ("away_from", "away_until")
    )
    wishes = [
        _read_wish(cells, field, place, who, problems)
        for field in ("wants_service", "wants_pension", "wants_choice")
    ]
    relation, marital, away_to = (
        _short(reader(_cell(cells, field)), field, place, who, problems)
        for field, reader in (("relation", read_relation), ("marital", read_marital), ("away_to", read_place))
    )
    person = Person(
        name=name,
        sex=sex,
        birth=birth.day,
        id_number=identity.number,
        relation=relation,
        phone=_short(_read_phone(cells, place, who, problems), "phone", place, who, problems),
        marital=marital,
        away_to=away_to,
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
    """A cell's text for a message."""
    return quoted(text(_cell(cells, field)))


def _no_name(cells: tuple[Cell, ...], identity: Identity) -> str:
    number = f"（公民身份号码“{quoted_id(identity.number)}”）" if identity.number else ""
    if read_name(_cell(cells, "name")):
        return f"姓名一栏是号码，或者超过{LONGEST_NAME}个字，不像姓名{number}。请写姓名。"
    return f"姓名没有填{number}。请补填姓名。"


def _read_birth(
    cells: tuple[Cell, ...], identity: Identity, place: Place, who: str, problems: list[Problem]
) -> Day:
    birth = read_day(_cell(cells, "birth"))
    written = _written(cells, "birth")
    if not birth.readable:
        message = f"{who}出生日期“{written}”读不出来。请写成 2005-03-01 的样子。"
        problems.append(place.error("date_unreadable", message, "birth"))
    if birth.day and birth.two_digits:
        if identity.sound and birth.day.year % 100 == birth_of(identity.number).year % 100:
            birth = replace(birth, day=birth.day.replace(year=birth_of(identity.number).year))
        problems.append(_two_digits(birth, written, "birth", place, who))
    return birth


def _read_away(cells: tuple[Cell, ...], field: str, place: Place, who: str, problems: list[Problem]) -> Day:
    day = read_day(_cell(cells, field))
    written = _written(cells, field)
    if not day.readable:
        message = (
            f"{who}{LABELS[field]}“{written}”读不出来，外出合同先不拟。"
            "请写成 2026-03-01 的样子，没有期限的写“至今”。"
        )
        problems.append(place.warning("date_unreadable", message, field))
    if day.two_digits:
        problems.append(_two_digits(day, written, field, place, who))
    return day


def _two_digits(day: Day, written: str, field: str, place: Place, who: str) -> Problem:
    year = f"{day.day.year}年" if day.day else ""
    message = f"{who}{LABELS[field]}“{written}”的年份只有两位，按{year}读。请写四位年份。"
    return place.warning("year_two_digits", message, field)


def _read_phone(cells: tuple[Cell, ...], place: Place, who: str, problems: list[Problem]) -> str:
    phone = read_phone(_cell(cells, "phone"))
    if phone is None:
        message = f"{who}联系电话“{_written(cells, 'phone')}”被当成数字存过，读不出来，按空着读。请把该列设为文本格式，重新录入。"
        problems.append(place.warning("phone_unreadable", message, "phone"))
    return phone or ""


def _short(value: str, field: str, place: Place, who: str, problems: list[Problem]) -> str:
    """The value, unless no contract could hold it."""
    if len(value) <= LONGEST_TEXT:
        return value
    message = f"{who}“{LABELS[field]}”一栏超过{LONGEST_TEXT}个字，按空着读。请写短。"
    problems.append(place.warning("text_too_long", message, field))
    return ""


def _read_wish(cells: tuple[Cell, ...], field: str, place: Place, who: str, problems: list[Problem]) -> bool:
    mark = read_mark(_cell(cells, field))
    if mark is None:
        message = f"{who}“{LABELS[field]}”一栏写的是“{_written(cells, field)}”，按“否”处理。请写“是”或“否”。"
        problems.append(place.warning("mark_unreadable", message, field))
    return bool(mark)


def _agreed_sex(sex: str, number: str, place: Place, who: str, problems: list[Problem]) -> str:
    stated = sex_of(number)
    if sex and sex != stated:
        message = f"{who}性别写的是“{quoted(sex)}”，公民身份号码“{quoted_id(number)}”表示的是“{stated}”。请按证件核对这两栏。"
        problems.append(place.error("sex_mismatch", message, "sex"))
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
        problems.append(place.error("birth_mismatch", message, "birth"))
        return birth
    return Day(stated, birth.readable)


def _duplicate(number: str, who: str, earlier: str) -> str:
    return f"{who}公民身份号码“{quoted_id(number)}”已经出现在{earlier}。请删去重复的一行，或按证件改正号码。"


def _upgraded(identity: Identity, who: str) -> str:
    return (
        f"{who}15位旧号码“{quoted_id(identity.written)}”已按规则升为18位“{quoted_id(identity.number)}”。"
        "请按现在的证件核对。"
    )


def _unsound(identity: Identity, who: str) -> str:
    shown = f"{who}公民身份号码“{quoted_id(identity.number)}”"
    return {
        "id_missing": f"{who}公民身份号码没有填。请按证件补填18位号码。",
        "id_precision_lost": f"{shown}被当成数字存过，后几位已经丢失。请把该列设为文本格式，按证件重新录入。",
        "id_length": f"{shown}有{len(identity.number)}位，应是18位（旧号码15位）。请按证件改正。",
        "id_checksum": f"{shown}的校验码、出生日期或数字不对。请按证件逐位核对。",
    }[identity.code]
