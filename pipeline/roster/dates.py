"""Dates as offices write them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from pipeline.roster.cells import Cell, folded, is_nothing, text

_OPEN = re.compile(r"至今|现在|今|目前|长期|未定|不定|不限|未返回?")
_DAY = re.compile(r"([12]\d{3})[-/.年,、。·_~]+(\d{1,2})[-/.月,、。·_~]+(\d{1,2})[日号.]?")
_SHORT_DAY = re.compile(r"(\d{2})[-/.年,、。·_~]+(\d{1,2})[-/.月,、。·_~]+(\d{1,2})[日号.]?")
_DASHES = re.compile(r"[－—–―‐‑−﹣]")
_COMPACT = re.compile(r"([12]\d{3})(\d{2})(\d{2})")
_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")
# Excel's day 1 is 1 January 1900, and it holds 1900 for a leap year: from March 1900 on this is day 0.
_EXCEL_DAY_0 = date(1899, 12, 30)
_EXCEL_DAYS = range(61, 73051)  # to the end of 2099


@dataclass(frozen=True, slots=True)
class Day:
    """What a cell says of a day: None for an open or empty cell, and unreadable if it says anything else.

    With `two_digits` the century is Excel's guess: 00 to 29 are of this one, 30 to 99 of the last.
    """

    day: date | None
    readable: bool = True
    two_digits: bool = False


NO_DAY = Day(None)
_UNREADABLE = Day(None, readable=False)


def read_day(cell: Cell) -> Day:
    """The day a cell states: an Excel date or its number, 2005.3.1, 2005年3月1日, 20050301, 2005/03/01, 至今.

    A year of two digits is said to be one; a date without its day cannot be read.
    """
    if isinstance(cell, datetime):
        return Day(cell.date())
    if isinstance(cell, date):
        return Day(cell)
    plain = text(cell)
    return _read_written(plain) if plain else NO_DAY


@lru_cache(maxsize=1 << 16)
def _read_written(plain: str) -> Day:
    written = _DASHES.sub("-", unicodedata.normalize("NFKC", plain))
    plain = folded(_TIME.sub("", written))
    if is_nothing(plain) or _OPEN.fullmatch(plain):
        return NO_DAY
    if plain.isdecimal() and len(plain) == 5 and int(plain) in _EXCEL_DAYS:
        return Day(_EXCEL_DAY_0 + timedelta(days=int(plain)))
    # 2005 3 1: the spaces are all that parts it.
    parts = _COMPACT.fullmatch(plain) or _DAY.fullmatch(plain) or _DAY.fullmatch(re.sub(r"\s+", "-", written))
    short = None if parts else _SHORT_DAY.fullmatch(plain)
    if not (parts := parts or short):
        return _UNREADABLE
    year = int(parts[1])
    if short:
        year += 2000 if year < 30 else 1900
    try:
        return Day(date(year, int(parts[2]), int(parts[3])), two_digits=short is not None)
    except ValueError:
        return _UNREADABLE
