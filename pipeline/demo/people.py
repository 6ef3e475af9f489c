"""Invented households of one town: nobody in them exists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from stdnum.cn import ric

from pipeline.people import FEMALE, HEAD, MALE, MARRIED, Household, Person, age_on
from pipeline.roster.words import MIDDLE_DOT, UNMARRIED

_SURNAMES: tuple[str, ...] = (
    *"王李张刘陈杨黄吴周徐孙马朱胡郭何林罗梁宋韦覃蒙银潘谢莫廖卢游贾兰",
    "欧阳",
    "诸葛",
    "上官",
    "司马",
)
_GIVEN_MEN = "伟强军建国文志明海永杰康斌辉俊山林峰"
_GIVEN_WOMEN = "芳丽秀英兰桂珍凤月莲雪梅婷媛彩玉燕"
_GIVEN_RARE = "㛃㑇㸌䶮堃玥璟喆"  # the first four are in extension A
_GIVEN_EXTENSION_B = "𠮷𤧛𥔲𣲗"
_DOTTED = (("阿依", "热依", "帕提", "买合", "艾山", "吐尔"), ("古丽", "木提", "曼江", "努尔", "洪江", "西丁"))
# Registered at birth in this county, in its code of before 2002, or in a neighbouring one.
_BIRTH_COUNTIES = ("451225", "451225", "451225", "452723", "450221")
_AWAY_TO = (
    "广东省东莞市长安镇",
    "广东省深圳市宝安区",
    "浙江省义乌市",
    "南宁市江南区",
    "柳州市柳南区",
    "福建省晋江市",
)
_FAMILIES = ("single", "couple", "parents", "three", "daughter")
_WEIGHTS = (12, 18, 40, 20, 10)
GROUPS = 12


@dataclass(slots=True)
class Inventor:
    """Makes people up from a source of chance; identity numbers and household numbers never come twice.

    Ages are those of 1 January of `year`.
    """

    chance: Random
    year: int
    _used: set[str]

    def __init__(self, chance: Random, year: int) -> None:
        self.chance = chance
        self.year = year
        self._used = set()

    def households(self, villages: Sequence[str], count: int) -> Iterator[Household]:
        """`count` households spread over the villages, in the order of village, group and number."""
        homes = sorted(
            (villages[index % len(villages)], self.chance.randint(1, GROUPS)) for index in range(count)
        )
        numbers = {village: self.chance.sample(range(1, 1 + 3 * count), count) for village in villages}
        for village, group in homes:
            members = tuple(self._family())
            number = f"{numbers[village].pop():04d}"
            yield Household(village, group, number, members[0].name, self._name(FEMALE), members)

    def _family(self) -> Iterator[Person]:
        """One of five kinds of family, its head first."""
        kind = self.chance.choices(_FAMILIES, _WEIGHTS)[0]
        if kind == "single":
            yield self._person(self.chance.choice((MALE, FEMALE)), HEAD, self.chance.randint(22, 85))
            return
        age = self.chance.randint(52, 72) if kind in ("three", "daughter") else self.chance.randint(24, 58)
        head_sex = MALE if self.chance.random() < 0.8 else FEMALE
        yield self._person(head_sex, HEAD, age, MARRIED)
        yield self._person(_other(head_sex), "配偶", max(age - self.chance.randint(-2, 5), 21), MARRIED)
        if kind == "parents":
            yield from self._children(age, "儿子", "女儿")
            if self.chance.random() < 0.25:
                yield self._person(MALE, "父亲", age + self.chance.randint(22, 28), MARRIED)
                yield self._person(FEMALE, "母亲", age + self.chance.randint(20, 26), MARRIED)
        elif kind in ("three", "daughter"):
            own, spouse = ("儿子", "儿媳") if kind == "three" else ("女儿", "女婿")
            own_sex = MALE if kind == "three" else FEMALE
            young = max(age - self.chance.randint(23, 30), 21)
            yield self._person(own_sex, own, young, MARRIED)
            yield self._person(_other(own_sex), spouse, max(young - self.chance.randint(-2, 4), 20), MARRIED)
            yield from self._children(young, "孙子", "孙女")

    def _children(self, parent_age: int, boy: str, girl: str) -> Iterator[Person]:
        for _ in range(self.chance.choice((0, 1, 1, 2, 2, 3))):
            sex = self.chance.choice((MALE, FEMALE))
            age = self.chance.randint(0, max(parent_age - 22, 1))
            yield self._person(sex, boy if sex == MALE else girl, age, UNMARRIED)

    def _person(self, sex: str, relation: str, age: int, marital: str = UNMARRIED) -> Person:
        birth = date(self.year - age, 1, 1) - timedelta(days=self.chance.randrange(365))
        person = Person(
            name=self._name(sex),
            sex=sex,
            birth=birth,
            id_number=self._number(sex, birth),
            relation=relation,
            phone=f"1{self.chance.choice('3578')}{self.chance.randrange(10**9):09d}" if age >= 14 else "",
            marital=marital,
            away_to="",
            away_from=None,
            away_until=None,
            away_readable=True,
            wants_service=False,
            wants_pension=False,
            wants_choice=False,
        )
        return self._with_wishes(self._with_stay(person))

    def _with_stay(self, person: Person) -> Person:
        if not self._adult_under(person, 50) or self.chance.random() > 0.15:
            return person
        start = date(self.year, 1, 1) + timedelta(days=self.chance.randrange(-200, 150))
        until = start + timedelta(days=self.chance.randrange(60, 600)) if self.chance.random() < 0.6 else None
        place = self.chance.choice(_AWAY_TO)
        return replace(person, away_to=place, away_from=start, away_until=until)

    def _with_wishes(self, person: Person) -> Person:
        if not self._adult_under(person, 60):
            return person
        young = self._adult_under(person, 50)
        return replace(
            person,
            wants_service=young and self.chance.random() < 0.12,
            wants_pension=self.chance.random() < 0.2,
            wants_choice=young and self.chance.random() < 0.2,
        )

    def _adult_under(self, person: Person, years: int) -> bool:
        return person.birth is not None and 18 <= age_on(person.birth, date(self.year, 1, 1)) < years

    def _number(self, sex: str, birth: date) -> str:
        while True:
            serial = self.chance.randrange(0, 499) * 2 + (1 if sex == MALE else 2)
            body = f"{self.chance.choice(_BIRTH_COUNTIES)}{birth:%Y%m%d}{serial:03d}"
            number = body + str(ric.calc_check_digit(body + "0"))
            if number not in self._used:
                self._used.add(number)
                return number

    def _name(self, sex: str) -> str:
        kind = self.chance.random()
        if kind < 0.01:
            return MIDDLE_DOT.join("".join(map(self.chance.choice, _DOTTED)) for _ in range(2))
        given = _GIVEN_MEN if sex == MALE else _GIVEN_WOMEN
        if kind < 0.04:
            given += _GIVEN_RARE * 3
        elif kind < 0.05:
            given += _GIVEN_EXTENSION_B * 8
        length = 2 if self.chance.random() < 0.75 else 1
        return self.chance.choice(_SURNAMES) + "".join(self.chance.choice(given) for _ in range(length))


def _other(sex: str) -> str:
    return FEMALE if sex == MALE else MALE
