"""Known-item queries: what a clerk types who looks for one person's contracts and remembers only so much.

Where several people share what is typed (the name, or how it sounds), the clerk adds the village, and where that is
not enough, the group; with a character that looks wrong or is missing always the village. Wrong characters come from tables of their own, not from
those of the program: the character that looks most alike of 3,879 drawn in Noto Sans and Noto Serif CJK, and any
character of GB 2312's first level with the same sound.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from archive.index.engine import Document
from archive.index.sounds import readings
from archive.index.traditional import PAIRS
from archive.numbers import VILLAGE_DIGITS
from benchmarks.search_people import MEN, SURNAMES, WOMEN, Archive, a_name, dictionary

# A character, and the one it looks most like.
NEAREST = (
    "国围建逮明阴文义华毕志忠军宰伟讳强弧德穗光先林材荣荥春眷海侮永未平乎金余福幅祥样勇舅辉晖生主贵责忠志义文胜肿龙尤成或富寓"
    "清渭庆厌斌赋峰蜂良畏新靳康庸俊浚山由杰态超起鹏膳涛清波彼健键亮高旭胆浩洁宇字凯瓤帅师磊矗武截士土杭抗秀秃英荚桂挂芳劳丽朋"
    "珍诊凤风玉王梅悔月且红扛菊葡美荚莲蓬琴零娟婿艳绝香番素累燕蒸霞震萍薄玲怜翠覃群鲜雪雷彩影连迷敏敬静酵芝乏娥蛾爱夏慧意琼谅"
    "洁浩妹姝淑漱颖颍惠愚珠诛莉蓟芬芽倩情媛嫒娇矫蓉暮晓骁柳榔思恩韦事覃章李丰黄寅罗岁梁粱潘灌吴昊银根谢谰廖廓王玉陈阵张胀蒙董"
    "莫奠蓝篮卢芦杨扬刘刻周局何河韩棘欧欣余佘唐庸邓邪谭潭陆陡农衣邱郎赵趁徐涂马乌朱未胡朗郭郸高离郑郊宋末许件曹普曾普彭彰肖肯"
    "蔡察田闺董童袁衰于干叶吐蒋幕杜社苏芳魏馥程穆吕昌丁了沈忱任仟姚眺钟种姜菱崔祺范芭汪江贾费夏复付讨邹部熊煎白由孟盂秦奏侯候"
    "江汪雷雪黎黍史吏陶胸贺贾毛宅段股郝都顾颐龚聋邵郡钱饯严产赖颗孔礼仇供单革解醒区医查直盖蛊翟霍阳限诸锗葛慕尉耐迟近"
)
KINDS = {
    "exact name": True,
    "part of a name": True,
    "name and village": True,
    "pinyin in full": False,
    "pinyin initials": False,
    "same sound": False,
    "look-alike": False,
    "traditional": False,
    "one mistyped": False,
    "part of the number": True,
    "place and template": True,
    "responsible person": True,
}  # by whether every engine could be exact


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is typed, and the contracts of the one person that is looked for."""

    kind: str
    typed: str
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    village: str
    group: int
    household: str
    contracts: tuple[Document, ...]


def known_items(archive: Archive, each: int, seed: int = 7) -> list[Wanted]:
    """`each` queries of each of KINDS, for people drawn by chance."""
    return list(_Maker(archive, Random(seed)).queries(each))  # noqa: S311


class _Maker:
    def __init__(self, archive: Archive, chance: Random) -> None:
        self._chance = chance
        self._archive = archive
        self._people = _people(archive)
        self._homophones = _homophones()
        self._nearest = dict(zip(NEAREST[0::2], NEAREST[1::2], strict=True))
        self._traditional = {plain: old for old, plain in zip(PAIRS[0::2], PAIRS[1::2], strict=True)}
        self._names = self._counted(lambda name: name)
        self._sounds = self._counted(_spelled)
        self._initials = self._counted(_initials)

    def queries(self, each: int) -> Iterator[Wanted]:
        for kind in KINDS:
            made = 0
            while made < each:
                person = self._chance.choice(self._people)
                one = self._chance.choice(person.contracts)
                typed = self._typed(kind, person, one)
                if typed:
                    made += 1
                    yield Wanted(kind, typed, self._meant(kind, person, one))

    def _meant(self, kind: str, person: _Person, one: Document) -> frozenset[str]:
        """The person's contracts, or the household's of a template where no name is typed."""
        if kind != "place and template":
            return frozenset(contract.number for contract in person.contracts)
        place = (one.village, one.household, one.template)
        return frozenset(
            other.number
            for other in self._archive.documents
            if (other.village, other.household, other.template) == place
        )

    def _typed(self, kind: str, person: _Person, one: Document) -> str:
        """What is typed, "" if this person has no query of the kind."""
        name, chance = person.name, self._chance
        village = self._village(person)
        match kind:
            case "exact name":
                return self._enough(name, person, self._names, str)
            case "part of a name":
                return f"{name[1:]} {village} {person.group}组" if len(name) > 2 else ""
            case "name and village":
                return f"{name} {village}" if self._alone(person, self._names, str) else ""
            case "pinyin in full":
                typed = chance.choice(("", " ")).join(readings(tuple(name))[0])
                return self._enough(typed, person, self._sounds, _spelled)
            case "pinyin initials":
                return self._enough(_initials(name), person, self._initials, _initials)
            case "same sound":
                return self._enough(self._changed(name, self._homophones), person, self._sounds, _spelled)
            case "look-alike":
                nearest = {key: [value] for key, value in self._nearest.items()}
                return self._in_village(self._changed(name, nearest), person)
            case "traditional":
                typed = "".join(self._traditional.get(character, character) for character in name)
                return self._enough(typed, person, self._names, str) if typed != name else ""
            case "one mistyped":
                return self._in_village(self._mistyped(name), person)
            case "part of the number":
                shown = chance.choice(
                    (one.number[18:27], one.number[13:27], one.number[21:29], one.number[21:27])
                )
                template = (
                    ""
                    if shown.count("-") > 1 or shown[2] == "-"
                    else f" 合同:{self._archive.titles[one.template]}"
                )
                return f"{shown} {village}{template}"
            case "place and template":
                title = self._archive.titles[one.template]
                return f"{village} {person.group}组 户:{person.household} {title}"
            case _:
                return f"{one.responsible} {village} {name[1:]}" if len(name) > 2 else ""

    def _counted(self, key: Callable[[str], str]) -> dict[tuple[str, ...], int]:
        """How many people share a key, in all, in a village, in a group."""
        found: Counter[tuple[str, ...]] = Counter()
        for one in self._people:
            known = key(one.name)
            found.update([(known,), (known, one.village), (known, one.village, str(one.group))])
        return found

    def _enough(
        self, typed: str, person: _Person, shared: dict[tuple[str, ...], int], key: Callable[[str], str]
    ) -> str:
        """What is typed with as much of the place as tells the person apart; "" if nothing does."""
        known = key(person.name)
        if not typed or shared[known, person.village, str(person.group)] > 1:
            return ""
        if shared[known, person.village] > 1:
            return f"{typed} {self._village(person)} {person.group}组"
        return f"{typed} {self._village(person)}" if shared[(known,)] > 1 else typed

    def _in_village(self, typed: str, person: _Person) -> str:
        """A name with a mistake in it: it alone tells nobody apart in a county."""
        return f"{typed} {self._village(person)}" if typed else ""

    def _alone(self, person: _Person, shared: dict[tuple[str, ...], int], key: Callable[[str], str]) -> bool:
        return shared[key(person.name), person.village] == 1

    def _village(self, person: _Person) -> str:
        return self._archive.divisions[person.village]

    def _changed(self, name: str, others: dict[str, list[str]]) -> str:
        """The name with one character that has others replaced by one of them; "" if none has."""
        places = [at for at, character in enumerate(name) if others.get(character)]
        if not places:
            return ""
        at = self._chance.choice(places)
        return name[:at] + self._chance.choice(others[name[at]]) + name[at + 1 :]

    def _mistyped(self, name: str) -> str:
        """The name with a character of the given name missing or another; of three or more, since of two one is left."""
        if len(name) < 3:
            return ""
        at = self._chance.randrange(1, len(name))
        other = self._chance.choice(list(self._nearest)) if self._chance.random() < 0.5 else ""
        return "" if other == name[at] else name[:at] + other + name[at + 1 :]


def _people(archive: Archive) -> list[_Person]:
    found: dict[tuple[str, str, str], list[Document]] = defaultdict(list)
    for one in archive.documents:
        for name in one.party.split("、"):
            found[one.village, one.household, name].append(one)
    return [
        _Person(name, village, contracts[0].group, household, tuple(contracts))
        for (village, household, name), contracts in sorted(found.items())
    ]


def _spelled(name: str) -> str:
    return "".join(readings(tuple(name))[0])


def _initials(name: str) -> str:
    return "".join(sound[0] for sound in readings(tuple(name))[0])


def _homophones() -> dict[str, list[str]]:
    """Characters of GB 2312's first level by each other of the same sound."""
    common = [
        bytes((high, low)).decode("gb2312", "ignore")
        for high in range(0xB0, 0xD8)
        for low in range(0xA1, 0xFF)
    ]
    by_sound: dict[str, list[str]] = defaultdict(list)
    for character in filter(None, common):
        by_sound[readings((character,))[0][0]].append(character)
    return {one: [other for other in alike if other != one] for alike in by_sound.values() for one in alike}


def timed_queries(size: int, seed: int = 11) -> Iterator[tuple[str, Iterator[str]]]:
    """Kinds of query and endless queries of each, for an archive of that size: what finds much and what finds little."""
    divisions, titles, _ = dictionary()
    villages = [name for code, name in divisions.items() if len(code) == VILLAGE_DIGITS]
    chance = Random(seed)  # noqa: S311

    def name() -> str:
        return a_name(chance, chance.choice((MEN, WOMEN)))

    makers: dict[str, Callable[[], str]] = {
        "name": name,
        "surname": lambda: chance.choice(SURNAMES),
        "part of a name": lambda: name()[-2:],
        "name, village": lambda: f"{name()} {chance.choice(villages)}",
        "name, village, template": lambda: (
            f"{name()} {chance.choice(villages)} {chance.choice([*titles.values()])}"
        ),
        "pinyin": lambda: _spelled(name()),
        "initials, village": lambda: f"{_initials(name())} {chance.choice(villages)}",
        "village": lambda: chance.choice(villages),
        "common word": lambda: chance.choice(("计划生育", "合同", "责任书", "外出", "村委会", "社区")),
        "number": lambda: f"01-{chance.randrange(1, max(2, size // 600)):06d}",
        "either, not": lambda: f"{name()} 或 {name()} -外出",
        "everything": lambda: "",
    }
    for kind, make in makers.items():
        yield kind, iter(make, None)
