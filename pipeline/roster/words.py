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


# What a departure is written with: when (2025年12月, 2025.3.1, 20250301, 去年底), marks, and where.
_WHEN = re.compile(
    r"[于在]?(?:农历)?(?:\d{2,4}[-./]\d{1,2}(?:[-./]\d{1,2})?(?!\d)"
    r"|[\d〇○零一二三四五六七八九十]{1,4}(?:年|月份?|日|号)|(?:19|20)\d{2}(?:\d{2}){0,2}(?!\d)|[今去前]年"
    r"|(?<=[\d年月])(?:年?[初中底末]|[上下]半年|[上中下]旬))+"
)
_MARKS = re.compile(r"[-—–,，。.、;；:：()\[\]【】“”\"'/]+")
# A place's characters, but those that may say: not (yet), back again, here, or somebody else.
_ELSEWHERE = r"(?:(?!来(?!宾))[^\W_未拟没不待准申欲仍尚又已办想需后回返入计打曾再读学工住本我此该这现父母妻夫儿女媳婿孙配偶])"
_PLACE = rf"{_ELSEWHERE}{{1,15}}(?:[省市县区镇乡村组屯州盟旗]|街道|社区)"
_SHORT_PLACE = rf"(?:(?![居房屋宅家处户]){_ELSEWHERE}){{2,3}}"
_STRUCK = r"(?:(?:户口|户籍)?已?(?:注销|销户)|已?注销(?:户口|户籍))"
_BEFORE = r"(?:本人|人)?(?:户口|户籍|全家|全户|整户|举家)?(?:已经|[已均])?"
_AFTER = rf"(?:了|人口|人员)?{_STRUCK}?"
_AT = rf"(?:家中?|医院|{_PLACE})"
_DEPARTURES = (
    (
        "died",
        rf"{_BEFORE}(?:[在于]{_AT})?(?:因病|因故|意外|自然|正常|车祸|溺水)?"
        rf"(?:死亡?|亡故?|已故|病[故逝亡]|身[故亡]|[去过逝离]世|去逝|殁)(?:[在于]{_AT})?{_AFTER}",
    ),
    (
        "moved",
        rf"{_BEFORE}(?:因?婚嫁?)?(?:迁出|迁走|迁离|外迁|搬走|嫁出|外嫁|远嫁|出嫁|转出"
        rf"|(?:[迁嫁]往|(?:迁出|外迁|嫁出|外嫁|远嫁|出嫁)[到至往])(?:{_PLACE}|{_SHORT_PLACE})){_AFTER}",
    ),
    ("", rf"{_STRUCK}|[在于]?{_PLACE}"),
)
_PARTS = tuple((kind, re.compile(pattern)) for kind, pattern in _DEPARTURES)
_LEAVING = re.compile(
    r"死|亡|[已病身]故|[去过离]世|逝|殁|迁(?![入来])|嫁(?![入进来])|搬(?![入进来])|转出|移出|注销|销户"
)
_LONGEST_DEPARTURE = 60


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
    """Why someone still listed is no longer there: `died` or `moved`; "" where it says anything else, or more.

    Only the usual words count, with a date, a place and marks: 配偶死亡, 未迁出 and 迁出又迁回 are remarks.
    """
    plain = folded(cell)
    if len(plain) > _LONGEST_DEPARTURE or not _LEAVING.search(plain):
        return ""
    kinds = {_kind_of_part(part) for part in _MARKS.split(_WHEN.sub("", plain)) if part} - {""}
    return (kinds.pop() or "") if len(kinds) == 1 else ""


def _kind_of_part(part: str) -> str | None:
    return next((kind for kind, pattern in _PARTS if pattern.fullmatch(part)), None)


def is_doubtful_departure(cell: Cell) -> bool:
    """Whether a cell speaks of dying or moving and is no departure by `read_departure`."""
    return not read_departure(cell) and _LEAVING.search(folded(cell)) is not None


def read_place(cell: Cell) -> str:
    """A place of stay as written; "" for an empty cell or a dash."""
    plain = text(cell)
    return "" if is_nothing(plain) or plain in ("否", "未外出", "在家") else plain
