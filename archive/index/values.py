"""What a person writes into a field with fixed values: states, groups, households, days and periods."""

import calendar
import re
from datetime import date, timedelta
from functools import lru_cache

from archive.index.words import BREAK, STOP, fold, units
from archive.states import CHINESE, State

Period = tuple[int, int]  # first and last day, both included, as numbers: 20260301

KINDS = ("旧合同", "附件", "村规民约", "责任书", "其他")  # of papers filed by hand
FIRST_DAY, LAST_DAY = 19000101, 29991231
OPEN_END = 99991231  # how the end of a contract without one is kept: after every day that can be asked for
_DIGITS = "零一二三四五六七八九"
_GROUP = re.compile(r"第?([0-9]{1,4}|[一二三四五六七八九十]{1,3})(?:组|村民小组|小组|队|屯)?", re.ASCII)
_BETWEEN = re.compile(r"\.{2,}|…+|[~～—至到]+")
_COMPACT = re.compile(r"([12][0-9]{3})([0-9]{2})([0-9]{2})?")
_DATED = re.compile(r"([12][0-9]{3})(?:[-./年]([0-9]{1,2})(?:[-./月]([0-9]{1,2})[日号]?)?)?[年月]?")
_MONTHS = {"本月": 0, "这个月": 0, "当月": 0, "下月": 1, "下个月": 1, "上月": -1, "上个月": -1}
_YEARS = {"今年": 0, "本年": 0, "当年": 0, "本年度": 0, "明年": 1, "去年": -1, "前年": -2}
_DAYS = {"今天": 0, "今日": 0, "明天": 1, "昨天": -1}


def kinds(written: str) -> frozenset[str]:
    """The kinds of papers filed by hand that `written` names."""
    return frozenset({"".join(units(written))} & {*KINDS})


def states(written: str) -> frozenset[str]:
    """The states that `written` is the name of or a part of: 已归档, 归档, filed."""
    flat = "".join(units(written))
    return frozenset(state.value for state in State if flat and flat in (state.value, *_state_words(state)))


def _state_words(state: State) -> set[str]:
    """The ways to write a state: 未签（自愿）, 未签, 自愿; 已归档, 归档."""
    parts = re.findall(r"\w+", CHINESE[state])
    return {"".join(parts), *parts, *(part.removeprefix("已") for part in parts)}


@lru_cache(maxsize=10_000)
def household_key(text: str) -> str:
    """A household's number as it is compared: 0012, 12号 and １２ are one."""
    key = "".join(unit for unit in units(text) if unit not in (BREAK, STOP))
    key = re.sub(r"[户号]$", "", key) if len(key) > 1 else key
    return key.lstrip("0") or key


@lru_cache(maxsize=100)
def campaign_key(text: str) -> str:
    """A campaign's name as it is compared: 2026年春 and 2026春 are one."""
    key = "".join(unit for unit in units(text) if unit not in (BREAK, STOP))
    return re.sub(r"(?<=[0-9])年", "", key)


def group_of(written: str) -> str:
    """The number of a group as offices write one (3, 第3组, 三组, 3队); "" if it is none."""
    found = _GROUP.fullmatch("".join(units(written)))
    return str(_counted(found[1])) if found else ""


def _counted(text: str) -> int:
    """The number that digits or Chinese numerals below 100 give: 12, 十二, 二十."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS.find(text[-1])
    return (_DIGITS.find(tens[-1]) if tens else 1) * 10 + (_DIGITS.find(ones[-1]) if ones else 0)


def period(written: str, today: date) -> Period | None:
    """The days that `written` means; None if it is no date.

    2026, 2026-05, 2026年5月1日, 20260501, 本月, 下个月, 今年, 今天, and from one to another: 2024..2026,
    2026-01至2026-03, 2026.. without an end.
    """
    plain = re.sub(r"\s+", "", fold(written))
    if not _BETWEEN.search(plain):
        return _one(plain, today)
    first, last = _BETWEEN.split(plain, maxsplit=1)
    start = _one(first, today) if first else (FIRST_DAY, FIRST_DAY)
    end = _one(last, today) if last else (LAST_DAY, LAST_DAY)
    if start is None or end is None or not (first or last):
        return None
    return min(start[0], end[0]), max(start[1], end[1])


def _one(plain: str, today: date) -> Period | None:
    if plain in _MONTHS:
        months = today.year * 12 + today.month - 1 + _MONTHS[plain]
        return _month(*divmod(months, 12))
    if plain in _YEARS:
        return _year(today.year + _YEARS[plain])
    if plain in _DAYS:
        day = _day(today + timedelta(days=_DAYS[plain]))
        return day, day
    found = _COMPACT.fullmatch(plain) or _DATED.fullmatch(plain)
    if not found:
        return None
    year, month, day_of = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[2] is None:
        return _year(year)
    if not 1 <= month <= 12 or (
        found[3] is not None and not 1 <= day_of <= calendar.monthrange(year, month)[1]
    ):
        return None
    if found[3] is None:
        return _month(year, month - 1)
    return year * 10000 + month * 100 + day_of, year * 10000 + month * 100 + day_of


def _year(year: int) -> Period:
    return year * 10000 + 101, year * 10000 + 1231


def _month(year: int, month: int) -> Period:
    """A month, counted from 0."""
    start = year * 10000 + (month + 1) * 100
    return start + 1, start + calendar.monthrange(year, month + 1)[1]


def _day(day: date) -> int:
    return day.year * 10000 + day.month * 100 + day.day


def day_number(written: str, otherwise: int) -> int:
    """An ISO date as a number; `otherwise` for an empty text."""
    return int(written.replace("-", "")) if written else otherwise


def day_of(number: int) -> str:
    """The ISO date of such a number."""
    return f"{number // 10000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"
