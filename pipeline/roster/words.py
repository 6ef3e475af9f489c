"""Names, phones, yes-marks, sexes, relations and marital states as offices write them."""

import re
import unicodedata
from collections.abc import Iterator

from pipeline.people import FEMALE, HEAD, MALE, MARRIED
from pipeline.roster.cells import Cell, folded, is_nothing, text

MIDDLE_DOT = "·"
UNMARRIED = "未婚"

_DOTS = re.compile(r"\s*[·•‧・･.．﹒∙⋅᛫●]\s*")
_INNER_SPACE = re.compile(r"(?<![A-Za-z])\s+|\s+(?![A-Za-z])")

# Compatibility ideographs and radicals fold to one of these.
_IDEOGRAPHS = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]+")
_STAND_INS = frozenset("?？□■＊*\ufffd")

_YES = frozenset({"是", "√", "✓", "Y", "1", "参加", "愿意", "有"})
_NO = frozenset({"", "否", "×", "N", "0", "不参加", "无", "-"})
_DASH = re.compile(r"[－—–―‐‑−]+")

_MEN = frozenset({"男", "男性", "M", "1"})
_WOMEN = frozenset({"女", "女性", "F", "2"})
_HEADS = frozenset({"户主", "本人", "户主本人", "本户户主"})
_MARRIED = frozenset(
    {"已婚", "已", "是", "√", "✓", "Y", "1", "初婚", "再婚", "复婚", "有配偶", "已结婚", "结婚"}
)
_UNMARRIED = frozenset({"未婚", "未", "否", "×", "N", "0", "未结婚", "没结婚"})


_DEPARTURES = (
    ("died", re.compile(r"死亡|去世|病故|亡故|已故|身故|过世|死|殁")),
    ("moved", re.compile(r"迁出|迁往|外迁|迁走|搬走|嫁出|外嫁|出嫁|转出|(?<!未)迁移")),
)


def read_name(cell: Cell) -> str:
    """A name without the spaces that pad it (刘　英), its dots U+00B7; no other character is replaced."""
    plain = text(cell)
    if is_nothing(plain):
        return ""
    joined = _DOTS.sub(MIDDLE_DOT, plain) if _DOTS.search(plain) else plain
    return _INNER_SPACE.sub("", joined).strip(MIDDLE_DOT)


def doubtful_characters(name: str) -> Iterator[str]:
    """What is to be said of a name's characters that look like others, differ by machine, or stand for none."""
    for character in name:
        usual = unicodedata.normalize("NFKC", character)
        at = f"“{character}”（U+{ord(character):04X}）"
        if unicodedata.category(character) == "Co":
            yield f"“{character}”是自造字（U+{ord(character):04X}），在别的电脑上会显示成别的字"
        elif usual != character and _IDEOGRAPHS.fullmatch(usual):
            yield f"{at}是兼容字，通常写作“{usual}”（U+{ord(usual):04X}）"
        elif character in _STAND_INS:
            yield f"{at}像是一个没有存下来的字"


def read_phone(cell: Cell) -> str | None:
    """A phone's digits (and the hyphens of a landline); None where Excel has spoilt it beyond reading."""
    plain = folded(cell)
    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", plain, re.IGNORECASE):
        return None
    return "" if is_nothing(plain) else plain.removesuffix(".0")


def read_mark(cell: Cell) -> bool | None:
    """Whether a wish is marked; None for a mark that is neither a yes nor a no."""
    plain = _DASH.sub("-", folded(cell).upper())
    if plain in _YES:
        return True
    return False if plain in _NO else None


def read_sex(cell: Cell) -> str:
    """男 or 女; "" for an empty cell, the text as written for anything else."""
    plain = folded(cell).upper()
    if plain in _MEN:
        return MALE
    if plain in _WOMEN:
        return FEMALE
    return "" if is_nothing(plain) else plain


def read_relation(cell: Cell) -> str:
    """The relation to the head as written, without spaces; 户主 for the head's other words (本人)."""
    plain = folded(cell)
    return HEAD if plain in _HEADS else plain


def read_marital(cell: Cell) -> str:
    """已婚 or 未婚, also of a column headed 婚否; other states (离婚, 丧偶) as written."""
    plain = folded(cell).upper()
    if plain in _MARRIED:
        return MARRIED
    if plain in _UNMARRIED:
        return UNMARRIED
    return "" if is_nothing(plain) else plain


def read_departure(cell: Cell) -> str:
    """Why someone still listed is no longer there: `died` or `moved`; "" for any other remark."""
    plain = folded(cell)
    return next((kind for kind, words in _DEPARTURES if words.search(plain)), "")


def read_place(cell: Cell) -> str:
    """A place of stay as written; "" for an empty cell or a dash."""
    plain = text(cell)
    return "" if is_nothing(plain) or plain in ("否", "未外出", "在家") else plain
