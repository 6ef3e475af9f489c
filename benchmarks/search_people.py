"""An invented archive for the search benchmarks: people of a county with the names that people there have.

Surnames and the characters of given names come as often as in a county of Guangxi, roughly (the ten commonest
surnames are half of all people); a seventh of the given names have one character. Nobody in it exists.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from random import Random

from archive.index.engine import Document
from archive.index.words import Words
from pipeline.divisions import Divisions
from pipeline.stock import stock_templates

# Each list from the common to the rare; the weight of place n is 1 / (n + 6).
SURNAMES = (
    "韦 覃 李 黄 罗 梁 潘 吴 银 谢 廖 王 陈 张 蒙 莫 蓝 卢 杨 刘 周 何 韩 欧 余 唐 林 邓 石 龙 谭 兰 陆 农 邱 "
    "赵 徐 孙 马 朱 胡 郭 高 郑 宋 许 冯 曹 曾 彭 肖 蔡 田 董 袁 于 叶 蒋 杜 苏 魏 程 吕 丁 沈 任 姚 钟 姜 崔 "
    "范 汪 金 贾 夏 付 方 邹 熊 白 孟 秦 侯 江 尹 雷 黎 史 陶 贺 毛 段 郝 顾 龚 邵 万 钱 严 赖 孔 仇 单 解 区 "
    "查 盖 翟 欧阳 司马 诸葛 尉迟"
).split()
MEN = "国建明文华志军伟强德光林荣春海永平金福祥勇辉生贵才忠义兴胜龙成富清庆宏斌峰良新康俊山杰超鹏飞涛波健亮旭浩宇凯鑫帅磊武士杭"
WOMEN = "秀英兰桂花芳丽珍凤玉梅月红菊美莲琴娟艳云香金春荣素燕霞萍玲翠群雪彩连敏静芝娥爱慧琼洁妹婷淑颖惠珠莉芬倩媛娇蓉小晓柳思"
GROUPS = 12
SEED = 20260301
SINGLE = 0.14  # of given names


@dataclass(frozen=True, slots=True)
class Household:
    """A household: its members' names, the head first."""

    village: str
    group: int
    number: str
    responsible: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """Documents, and the dictionary they are indexed with."""

    documents: list[Document]
    words: Words
    divisions: dict[str, str]
    titles: dict[str, str]


def invented(size: int) -> Archive:
    """An archive of `size` contracts, all in memory."""
    divisions, titles, words = dictionary()
    return Archive(list(contracts(size)), words, divisions, titles)


def dictionary() -> tuple[dict[str, str], dict[str, str], Words]:
    """The county's divisions, the titles of the six templates, and the words of both."""
    divisions = dict(Divisions.shipped().names)
    stock = [one.manifest for one in stock_templates()]
    titles = {one.name: one.title for one in stock}
    return divisions, titles, Words(divisions, titles, {one.name: one.number for one in stock})


def contracts(size: int) -> Iterator[Document]:
    """`size` contracts in the order of their numbers, always the same; about 3.8 a household."""
    chance = Random(SEED)  # noqa: S311
    divisions, titles, _ = dictionary()
    villages = Divisions.shipped().villages
    each = -(-size // int(3.65 * len(villages)))
    every = (
        contract
        for village in villages
        for contract in _contracts(chance, list(households(chance, village, each)), titles, divisions)
    )
    return islice(every, size)


def a_name(chance: Random, given: str) -> str:
    """A surname and a given name of the characters of `given`."""
    length = 1 if chance.random() < SINGLE else 2
    return _drawn(chance, SURNAMES) + "".join(_drawn(chance, given) for _ in range(length))


def _drawn(chance: Random, choices: Sequence[str]) -> str:
    return chance.choices(choices, cum_weights=_weights(len(choices)))[0]


_KNOWN: dict[int, list[float]] = {}


def _weights(count: int) -> list[float]:
    if count not in _KNOWN:
        _KNOWN[count] = list(accumulate(1 / (place + 6) for place in range(count)))
    return _KNOWN[count]


def households(chance: Random, village: str, count: int) -> Iterator[Household]:
    """So many households of a village, looked after by one person a group."""
    looks_after = [a_name(chance, MEN + WOMEN) for _ in range(GROUPS)]
    for number in range(1, count + 1):
        group = chance.randint(1, GROUPS)
        members = [a_name(chance, MEN), a_name(chance, WOMEN)]
        members += [a_name(chance, chance.choice((MEN, WOMEN))) for _ in range(chance.choice((0, 1, 1, 2)))]
        yield Household(village, group, f"{number:04d}", looks_after[group - 1], tuple(members))


def _contracts(
    chance: Random, homes: Sequence[Household], titles: dict[str, str], names: dict[str, str]
) -> Iterator[Document]:
    for template_number, (template, title) in enumerate(titles.items(), 1):
        serial = 0
        for home in homes:
            parties = _parties(chance, template_number, home)
            for party in parties:
                serial += 1
                check = chance.choice("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                number = f"{home.village}-2026-{template_number:02d}-{serial:06d}-{check}"
                place = names[home.village[:9]] + names[home.village]
                yield Document(
                    number=number,
                    party=party,
                    template=template,
                    title=title,
                    village=home.village,
                    year=2026,
                    state=chance.choice(("planned", "printed", "filed", "filed", "incomplete")),
                    group=home.group,
                    household=home.number,
                    responsible=home.responsible,
                    campaign="2026春",
                    starts="2026-03-01",
                    ends=chance.choice(("", "2026-12-31", "2027-02-28", "2029-02-28")),
                    text="\n".join(
                        [place, *(home.members if template == "household_responsibility" else ())]
                    ),
                )


def _parties(chance: Random, template: int, home: Household) -> list[str]:
    """Who signs a template: the head the first, the couple the second, one or another member the others."""
    if template == 1:
        return [home.members[0]]
    if template == 2:
        return ["、".join(home.members[:2])] if chance.random() < 0.7 else []
    return [name for name in home.members[:3] if chance.random() < 0.18]
