"""Villagers' groups and household numbers."""

import re

from pipeline.roster.cells import Cell, folded, is_nothing

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMERAL = r"(?:\d{1,3}|[零〇一二两三四五六七八九十百]{1,5})"
_UNIT = r"(?:村民小组|居民小组|村民组|居民组|生产小?队|小组|组|小队|队|屯|社)"
_ALONE = re.compile(rf"第?({_NUMERAL}){_UNIT}?")
_WITHIN = re.compile(rf"第?({_NUMERAL}){_UNIT}")


def read_group(cell: Cell) -> int | None:
    """The number of a group: 3, 第3组, 三组, 3队, 第三村民小组, 三屯 are 3; an empty cell is 0.

    None when something is written and no number can be told.
    """
    plain = folded(cell)
    if is_nothing(plain):
        return 0
    alone = _ALONE.fullmatch(plain)
    numerals = [alone[1]] if alone else [found[1] for found in _WITHIN.finditer(plain)]
    return _number(numerals[0]) if len(numerals) == 1 else None


def read_household_number(cell: Cell) -> str:
    """A household's number as text, leading zeros kept; "" for an empty cell. 第0006户 is 0006."""
    plain = folded(cell)
    if is_nothing(plain):
        return ""
    return re.sub(r"^第|[户号]$", "", plain) or plain


def _number(numeral: str) -> int | None:
    """An Arabic or Chinese numeral under a thousand; 一二 is 12, as on door plates. None for 十百."""
    if numeral.isdecimal():
        return int(numeral)
    if not re.search("[十百]", numeral):
        return int("".join(str(_DIGITS[character]) for character in numeral))
    parts = re.fullmatch(
        r"(?:([一二两三四五六七八九])?百)?[零〇]?(?:([一二两三四五六七八九])?(十))?([一二三四五六七八九])?",
        numeral,
    )
    if not parts:
        return None
    hundreds = _DIGITS[parts[1]] if parts[1] else int("百" in numeral)
    tens = _DIGITS[parts[2]] if parts[2] else int(parts[3] is not None)
    return hundreds * 100 + tens * 10 + (_DIGITS[parts[4]] if parts[4] else 0)
