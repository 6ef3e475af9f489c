"""Invented contracts for the search engines, and the dictionary they are indexed with."""

import random
from collections.abc import Iterator
from dataclasses import replace

from archive.index.engine import Document
from archive.index.words import Words

DIVISIONS = {
    "451225": "罗城仫佬族自治县",
    "451225100": "东门镇",
    "451225100201": "冲洞村委会",
    "451225100202": "上冲洞村委会",
    "451225103": "小长安镇",
    "451225103001": "长安社区居委会",
    "451225103209": "民族村委会",
    "451225203": "纳翁乡",
    "451225203205": "民族村委会",
}
VILLAGES = sorted(code for code in DIVISIONS if len(code) == 12)
TITLES = {"household_responsibility": "家庭计划生育责任书", "family_planning": "计划生育合同书"}
NUMBERS = {"household_responsibility": "01", "family_planning": "02"}
WORDS = Words(DIVISIONS, TITLES, NUMBERS)
STATES = ("planned", "printed", "filed", "expired")


def document(serial: int, party: str = "覃小明", place: str = "", **changes: object) -> Document:
    """A contract of 冲洞村 unless `changes` say otherwise; `place` is one more line of its text."""
    made = Document(
        number=f"451225100201-2026-02-{serial:06d}-Y",
        party=party,
        template="family_planning",
        title=TITLES["family_planning"],
        village="451225100201",
        year=2026,
        state="filed",
        group=3,
        household="0012",
        responsible="潘建国",
        campaign="2026春",
        starts="2026-03-01",
        ends="2029-02-28",
        text=f"罗城仫佬族自治县东门镇冲洞村委会\n{place}",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def numbers(*serials: int) -> list[str]:
    return [document(serial).number for serial in serials]


def generated(count: int) -> Iterator[Document]:
    """Invented contracts of five villages, always the same."""
    chance = random.Random(20260301)  # noqa: S311
    for serial in range(count):
        village, template = chance.choice(VILLAGES), chance.choice(sorted(TITLES))
        year, group = chance.choice((2024, 2025, 2026)), chance.randrange(1, 13)
        place = f"{chance.choice('上下大新')}{chance.choice('寨屯坡')}{chance.randrange(1, 150)}号"
        yield Document(
            number=f"{village}-{year}-{chance.randrange(1, 7):02d}-{serial:06d}-{chance.choice('0129AXZ')}",
            party="、".join(a_name(chance) for _ in range(chance.choice((1, 1, 2)))),
            template=template,
            title=TITLES[template],
            village=village,
            year=year,
            state=chance.choice(STATES),
            group=group,
            household=str(chance.randrange(1, 60)),
            responsible=a_name(chance),
            campaign=f"{year}春",
            starts=f"{year}-03-01",
            ends=chance.choice(("", f"{year}-12-31", f"{year + 3}-02-28")),
            text=f"{DIVISIONS[village[:9]]}{DIVISIONS[village]}\n第{group}组{place}",
        )


def a_name(chance: random.Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(("欧阳", "阿依古丽·买买提", "𠮷田"))
    return chance.choice("覃韦罗李王𠮷欧") + "".join(
        chance.choice("小明秀英建国㛃阳") for _ in range(chance.choice((1, 2)))
    )
