"""How names sound: the readings of a name, and what a person types in pinyin.

Readings have no tones; ü is v. A character's reading is the first that pypinyin's table gives, except where the
tables here say more: surnames and characters of given names that are read in two ways are found by both.
"""

import json
import re
import unicodedata
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path

from archive.index.traditional import simplified

Sounds = tuple[str, ...]

MOST_READINGS = 16  # of one name, or of what is typed
SURNAMES = {
    character: tuple(readings.split("/"))
    for character, readings in (
        entry.split(" ")
        for entry in (
            "覃 qin/tan,仇 qiu/chou,单 shan/dan,曾 zeng/ceng,解 xie/jie,区 ou/qu,查 zha/cha,盖 ge/gai,"
            "朴 piao/pu,翟 zhai/di,乐 le/yue,卜 bu/bo,洗 xian/xi,员 yun/yuan,种 chong/zhong,"
            "重 chong/zhong,缪 miao/mou,折 she/zhe,黑 he/hei,秘 bi/mi,祭 zhai/ji,车 che/ju,召 shao/zhao,"
            "隗 kui/wei,牟 mu/mou,贾 jia/gu,谌 chen/shen,郇 xun/huan,宓 mi/fu,薄 bo/bao,柏 bai/bo,莘 xin/shen,"
            "郗 xi/chi,郄 qie/xi,瞿 qu/ju,长 zhang/chang,盛 sheng/cheng,沈 shen/chen,叶 ye/xie,俞 yu/shu,"
            "尉 wei/yu,藏 zang/cang,褚 chu/zhe,谷 gu/yu,角 jue/jiao,句 gou/ju,炅 gui/jiong,阿 a/e,"
            "都 du/dou,能 nai/neng,乜 nie/mie,粘 nian/zhan,不 fou/bu,干 gan/qian,"
            "繁 po/fan,适 kuo/shi,么 yao/me,行 xing/hang"
        ).split(",")
    )
}
COMPOUND_SURNAMES: dict[str, tuple[Sounds, ...]] = {
    "尉迟": (("yu", "chi"), ("wei", "chi")),
    "万俟": (("mo", "qi"), ("wan", "si")),
    "长孙": (("zhang", "sun"), ("chang", "sun")),
    "澹台": (("tan", "tai"), ("dan", "tai")),
    "单于": (("chan", "yu"), ("shan", "yu"), ("dan", "yu")),
}
# Read in more than one way within a given name, or first in pypinyin's table as no name has it.
GIVEN = {
    character: tuple(readings.split("/"))
    for character, readings in (
        entry.split(" ")
        for entry in (
            "乐 le/yue,行 xing/hang,长 chang/zhang,朝 chao/zhao,茜 qian/xi,晟 sheng/cheng,盛 sheng/cheng,"
            "参 shen/can,重 chong/zhong,调 diao/tiao,传 chuan/zhuan,绿 lv/lu,莞 guan/wan,"
            "颉 jie/xie,娜 na/nuo,露 lu/lou,弹 dan/tan,焘 tao/dao,奇 qi/ji,干 gan/qian,曾 zeng/ceng,"
            "降 jiang/xiang,大 da/dai,仔 zai/zi,"
            "柏 bai/bo,伽 jia/qie/ga,般 ban/bo,蔓 man/wan,涌 yong/chong,蕃 fan/bo,"
            "莘 shen/xin,单 dan/shan"
        ).split(",")
    )
}
_LETTERS = re.compile(r"[a-z]+")
_GAP = re.compile(r"[\s'’`\-.·]+")
_TONE = re.compile(r"(?<=[a-z])[0-5]")
_SYLLABLE = re.compile(r"(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])?[aoeiuv][a-z]{0,4}")
_INITIAL = re.compile(r"[zcs]h|[bpmfdtnlgkhjqxrzcsywaoe]")
_AS_WRITTEN = {"lyu": "lv", "nyu": "nv", "lue": "lve", "nue": "nve", "lyue": "lve", "nyue": "nve"}


@lru_cache(maxsize=20_000)
def readings(name: tuple[str, ...]) -> tuple[Sounds, ...]:
    """The ways one party's name may be read, the likely first; a character without a reading stands for itself."""
    compound = COMPOUND_SURNAMES.get("".join(name[:2])) if len(name) > 2 else None
    surname: tuple[Sounds, ...] = compound or tuple(product(*map(_surname, name[:1])))
    rest = product(*map(_given, name[2 if compound else 1 :]))
    found = ((*first, *others) for others in rest for first in surname)
    return tuple(dict.fromkeys(islice(found, MOST_READINGS)))


def initials(sounds: Sounds) -> Sounds:
    """The first letters, in upper case so that none is taken for a syllable."""
    return tuple(sound[0].upper() for sound in sounds)


def typed_sounds(text: str) -> list[Sounds]:
    """The ways to read `text` as pinyin: with or without spaces and tones, in full, as initials, or mixed.

    weiguilan, wéi guìlán and wei2 gui4 lan2 give (wei, gui, lan); wgl gives (W, G, L), weigl (wei, G, L). Empty
    where the text is no pinyin.
    """
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower()).replace("u\u0308", "v")
    plain = _TONE.sub("", "".join(letter for letter in plain if not unicodedata.combining(letter)))
    pieces = [piece for piece in _GAP.split(plain.strip()) if piece]
    if not pieces or not all(map(_LETTERS.fullmatch, pieces)) or sum(map(len, pieces)) > 40:
        return []
    found = product(*(_spelled(piece) or _abbreviated(piece) for piece in pieces))
    whole = [tuple(sound for part in parts for sound in part) for parts in islice(found, MOST_READINGS)]
    if len(pieces) == 1 and 2 <= len(plain) <= 4 and all(map(_INITIAL.fullmatch, pieces[0])):
        whole.append(tuple(pieces[0].upper()))
    return list(dict.fromkeys(whole))


@cache
def _surname(character: str) -> Sounds:
    return SURNAMES.get(character) or _first(character)


@cache
def _given(character: str) -> Sounds:
    return GIVEN.get(character) or _first(character)


def _first(character: str) -> Sounds:
    listed = _table().get(str(ord(character)), "")
    return (_toneless(listed.split(",")[0]) or character,)


def _toneless(reading: str) -> str:
    plain = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return re.sub("[^a-z]", "", plain)


@cache
def _table() -> dict[str, str]:
    """pypinyin's readings by code point; imported, it would take a fifth of a second, for phrases above all."""
    package = find_spec("pypinyin")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("pypinyin")
    path = Path(package.submodule_search_locations[0], "pinyin_dict.json")
    table: dict[str, str] = json.loads(path.read_bytes())
    return table


@cache
def _syllables() -> frozenset[str]:
    """Every syllable that some common character has; the table's odd ones (hng, ê) are no pinyin to type."""
    common = (listed for code, listed in _table().items() if 0x4E00 <= int(code) <= 0x9FFF)
    found = {_toneless(listed.split(",")[0]) for listed in common}
    return frozenset(sound for sound in found if _SYLLABLE.fullmatch(sound))


def _spelled(piece: str) -> list[Sounds]:
    """The ways to cut a run of letters into whole syllables, the fewest first."""
    found: list[Sounds] = []

    def cut(at: int, sounds: Sounds) -> None:
        if at == len(piece):
            found.append(sounds)
        elif len(found) < MOST_READINGS:
            for end in range(min(len(piece), at + 6), at, -1):
                part = _AS_WRITTEN.get(piece[at:end], piece[at:end])
                if part in _syllables():
                    cut(end, (*sounds, part))

    cut(0, ())
    return sorted(found, key=len)


def _abbreviated(piece: str) -> list[Sounds]:
    """As initials, or some syllables in full and initials: wgl, zhgl, weigl; none if a letter is neither."""
    sounds: list[str] = []
    at = 0
    while at < len(piece):
        ends = range(min(len(piece), at + 6), at + 1, -1)
        full = next((piece[at:end] for end in ends if piece[at:end] in _syllables()), "")
        first = _INITIAL.match(piece, at)
        if full:
            sounds.append(full)
            at += len(full)
        elif first:
            sounds.append(first[0][0].upper())
            at = first.end()
        else:
            return []
    return [tuple(sounds)]


def plain_pinyin(text: str) -> str:
    """The likely reading of a text in one run: 冲洞村 gives chongdongcun, for sorting and for comparing."""
    return "".join(_given(character)[0] for character in simplified(text))
