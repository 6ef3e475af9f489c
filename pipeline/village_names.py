"""The ways an office writes one village or town: 冲洞村委会, 冲洞村, 冲洞; 东门镇, 东门."""

import re
import unicodedata
from functools import lru_cache

# Official and everyday endings of a village's and a community's name, longest first.
VILLAGE_ENDINGS = ("村民委员会", "村委会", "村委", "村")
COMMUNITY_ENDINGS = (
    "社区居民委员会",
    "社区居委会",
    "社区居委",
    "社区委员会",
    "居民委员会",
    "居委会",
    "居委",
    "社区",
)
# How a form's printed column title is sometimes written into the cell: 冲洞村(居)委会.
EITHER_ENDINGS = ("村居民委员会", "村居委会", "村社区", "村居")
TOWN_ENDINGS = ("镇人民政府", "乡人民政府", "镇政府", "乡政府", "街道办事处", "街道", "镇", "乡")
# What may stand right before a village named inside a longer text: 2026年度冲洞村…, 罗城县冲洞村….
_BEFORE = re.compile(r"[年度县市区镇乡省的在及和与份]$")

_SPACE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\ufeff]+")
_PUNCTUATION = re.compile(r"[()（）\[\]【】“”\"'、,，:：;；|/]+")


def spaceless(text: str) -> str:
    """`text` with full-width forms folded and every space gone."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text))


def compact(text: str) -> str:
    """`text` with full-width forms folded, spaces and punctuation gone."""
    return _PUNCTUATION.sub("", spaceless(text))


def core(name: str, endings: tuple[str, ...]) -> str:
    """`name` without the first of `endings` it ends in; unchanged where that would leave nothing."""
    for ending in endings:
        if name.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name


def village_forms(name: str) -> frozenset[str]:
    """Every accepted way to write the village or community officially called `name`.

    A community is never taken for a village of the same name, nor the other way round: 大新社区 and 大新村
    may both exist. The bare name and a form's 村(居)委会 fit either.
    """
    community = name.endswith(COMMUNITY_ENDINGS)
    endings = COMMUNITY_ENDINGS if community else VILLAGE_ENDINGS
    short = core(name, endings)
    return frozenset({name, short, *(short + ending for ending in (*endings, *EITHER_ENDINGS))})


def town_forms(name: str) -> frozenset[str]:
    """Every accepted way to write a town: 东门镇, 东门, 东门镇人民政府, 东门镇政府."""
    short = core(name, TOWN_ENDINGS)
    return frozenset({name, short, name + "人民政府", name + "政府"})


def county_forms(name: str) -> frozenset[str]:
    """A county's full name, and its short one with and without 县: 罗城仫佬族自治县, 罗城县, 罗城."""
    # Where 罗城 ends and 仫佬族 begins cannot be seen; nearly all such places have two characters.
    of_a_people = name.endswith(("自治县", "自治旗"))
    short = name[:2] if of_a_people else re.sub(r"[县市区旗]$", "", name)
    return frozenset({name, short, short + "县"}) if len(short) >= 2 else frozenset({name})


def stands_alone(before: str) -> bool:
    """Whether a name that follows `before` in a text is a name of its own, not the tail of a longer one."""
    return not before or not re.search(r"[\u3400-\u9fff]$", before) or bool(_BEFORE.search(before))


def alike(written: str, name: str) -> bool:
    """Whether `written` may be a slip for the village or town called `name`: it sounds the same, is its
    pinyin, or differs by one character (another, one more, one fewer, two changed over). Both are bare names.
    """
    if _one_off(written, name):
        return True
    return pinyin(written) == pinyin(name)


@lru_cache(maxsize=4096)
def pinyin(name: str) -> str:
    """A name's usual reading, without tones: 冲洞 and ChongDong are chongdong."""
    from pypinyin import lazy_pinyin  # half of what a command takes to start, and rarely needed

    return re.sub(r"[^a-z]", "", "".join(lazy_pinyin(name)).lower())


def _one_off(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 2 or abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
