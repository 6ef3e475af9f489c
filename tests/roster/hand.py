"""How offices write one value: every way a careful clerk reads at once, by the name of the habit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from tests.roster.biff_writer import serial
from tests.roster.spreadsheets import Value

_FULL_WIDTH = str.maketrans("0123456789X/-.", "０１２３４５６７８９Ｘ／－．")
_NUMERALS = "零一二三四五六七八九"


def chinese(value: int) -> str:
    """A number under 100 in Chinese numerals."""
    tens, ones = divmod(value, 10)
    if not tens:
        return _NUMERALS[ones]
    return ("" if tens == 1 else _NUMERALS[tens]) + "十" + (_NUMERALS[ones] if ones else "")


GROUPS: Mapping[str, Callable[[int], Value]] = {
    "number": lambda group: group,
    "digits": str,
    "第3组": lambda group: f"第{group}组",
    "三组": lambda group: f"{chinese(group)}组",
    "3队": lambda group: f"{group}队",
    "第三村民小组": lambda group: f"第{chinese(group)}村民小组",
    "三屯": lambda group: f"{chinese(group)}屯",
    "full width": lambda group: f"第{group}组".translate(_FULL_WIDTH),
    "padded": lambda group: f" 第 {group} 组　",
}
DAYS: Mapping[str, Callable[[date], Value]] = {
    "date": lambda day: day,
    "date and time": lambda day: datetime(day.year, day.month, day.day),
    "serial": serial,
    "dots": lambda day: f"{day.year}.{day.month}.{day.day}",
    "年月日": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "spaced": lambda day: f"{day.year} 年 {day.month} 月 {day.day} 日",
    "compact": lambda day: f"{day:%Y%m%d}",
    "compact number": lambda day: int(f"{day:%Y%m%d}"),
    "slashes": lambda day: f"{day:%Y/%m/%d}",
    "full width": lambda day: f"{day:%Y-%m-%d}".translate(_FULL_WIDTH),
    "full width 年": lambda day: f"{day.year}年{day.month:02d}月{day.day:02d}日".translate(_FULL_WIDTH),
    "padded": lambda day: f" {day:%Y-%m-%d}　",
    "apostrophe": lambda day: f"'{day:%Y-%m-%d}",
}
NUMBERS: Mapping[str, Callable[[str], Value]] = {
    "plain": lambda number: number,
    "spaced": lambda number: f"{number[:6]} {number[6:14]} {number[14:]}",
    "full width": lambda number: number.translate(_FULL_WIDTH),
    "small x": str.lower,
    "apostrophe": lambda number: "'" + number,
    "quoted": lambda number: f'="{number}"',
    "tab": lambda number: "\t" + number,
    "padded": lambda number: f"\u00a0{number} ",
}
PHONES: Mapping[str, Callable[[str], Value]] = {
    "text": lambda phone: phone,
    "number": lambda phone: int(phone) if phone else "",
    "float": lambda phone: float(phone) if phone else "",
    ".0": lambda phone: f"{phone}.0" if phone else "",
    "spaced": lambda phone: f"{phone[:3]} {phone[3:7]} {phone[7:]}" if phone else "无",
    "full width": lambda phone: phone.translate(_FULL_WIDTH),
    "apostrophe": lambda phone: f"'{phone}" if phone else "/",
}
NAMES: Mapping[str, Callable[[str], Value]] = {
    "plain": lambda name: name,
    "wide": lambda name: f"{name[0]}　{name[1]}" if len(name) == 2 else name,
    "narrow": lambda name: " ".join(name) if len(name) == 2 else name,
    "no-break": lambda name: f"{name[0]}\u00a0{name[1:]} ",
    "•": lambda name: name.replace("·", "•"),
    "‧": lambda name: name.replace("·", " ‧ "),
    "・": lambda name: name.replace("·", "・"),
    ".": lambda name: name.replace("·", "."),
}
SEXES: Mapping[str, Callable[[str], Value]] = {
    "plain": lambda sex: sex,
    "long": lambda sex: f"{sex}性",
    "letter": lambda sex: {"男": "M", "女": "F"}[sex],
    "code": lambda sex: {"男": 1, "女": 2}[sex],
    "padded": lambda sex: f"{sex} ",
}
MARITAL: Mapping[str, Callable[[str], Value]] = {
    "plain": lambda state: state,
    "short": lambda state: {"已婚": "已", "未婚": "未"}.get(state, state),
    "是否": lambda state: {"已婚": "是", "未婚": "否"}.get(state, state),
    "初婚": lambda state: {"已婚": "初婚"}.get(state, state),
    "marks": lambda state: {"已婚": "√", "未婚": "×"}.get(state, state),
}
RELATIONS: Mapping[str, Callable[[str], Value]] = {
    "plain": lambda relation: relation,
    "spaced": lambda relation: " ".join(relation),
    "本人": lambda relation: "本人" if relation == "户主" else relation,
}
YES: tuple[Value, ...] = ("是", "√", "✓", "Y", "y", "Ｙ", 1, "1", "参加", "愿意", "有", " 是 ", True)
NO: tuple[Value, ...] = (None, "", "否", "×", "N", 0, "0", "不参加", "无", "-", "—", False)
OPEN: tuple[Value, ...] = (None, "至今", "长期", "未定", "未返回", " 至 今 ", "—")
NOTHING: tuple[Value, ...] = (None, "", "-", "/", "无", "—")


@dataclass(frozen=True, slots=True)
class Hand:
    """The habits one office has, each by names from above; a cell takes any of them."""

    groups: tuple[str, ...] = ("number",)
    days: tuple[str, ...] = ("date",)
    numbers: tuple[str, ...] = ("plain",)
    phones: tuple[str, ...] = ("text",)
    names: tuple[str, ...] = ("plain",)
    sexes: tuple[str, ...] = ("plain",)
    marital: tuple[str, ...] = ("plain",)
    relations: tuple[str, ...] = ("plain",)
    yes: tuple[Value, ...] = ("是",)
    no: tuple[Value, ...] = (None,)
    open: tuple[Value, ...] = (None,)
    nothing: tuple[Value, ...] = (None,)


PLAIN = Hand()
EVERY = Hand(
    tuple(GROUPS), tuple(DAYS), tuple(NUMBERS), tuple(PHONES), tuple(NAMES), tuple(SEXES), tuple(MARITAL),
    tuple(RELATIONS), YES, NO, OPEN, NOTHING,
)  # fmt: skip


def any_of(
    ways: Mapping[str, Callable[..., Value]], names: tuple[str, ...], chance: Random
) -> Callable[..., Value]:
    """One of the named ways."""
    return ways[chance.choice(names)]
