"""The year a roster is for."""

import re
import unicodedata
from collections.abc import Iterable

_YEAR = r"(19[89]\d|20\d\d)"
_WITH_WORD = re.compile(rf"(?<!\d){_YEAR}年")
# 2026, 202601, 20260110, but no part of a longer number.
_BARE = re.compile(rf"(?<!\d){_YEAR}(?:\d\d|\d{{4}})?(?!\d)")
_CHINESE = re.compile("二[零〇○]([零〇○一二三四五六七八九]{2})年")
_DIGITS = {"零": 0, "〇": 0, "○": 0} | {
    digit: value for value, digit in enumerate("一二三四五六七八九", start=1)
}
_DAY = re.compile(r"日期|时间|年\d{1,2}月\d{1,2}日")


def year_in_titles(titles: Iterable[str]) -> int | None:
    """The year in a sheet's titles; the day a sheet was filled in (填报日期) is not one."""
    for title in titles:
        plain = unicodedata.normalize("NFKC", title)
        if not _DAY.search(plain) and (year := year_in_name(plain)):
            return year
    return None


def year_in_name(name: str) -> int | None:
    """The year in a sheet's or file's name: 2026年…, 二〇二六年…, 2026春, 20260110."""
    plain = unicodedata.normalize("NFKC", name)
    if found := _WITH_WORD.search(plain) or _BARE.search(plain):
        return int(found[1])
    if found := _CHINESE.search(plain):
        return 2000 + _DIGITS[found[1][0]] * 10 + _DIGITS[found[1][1]]
    return None
