"""One list in the styles of many offices: each file reads back as the list, with its mistakes and no other."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.demo.people import Inventor
from pipeline.people import Household, Person
from pipeline.roster import roster_json
from tests.conftest import FULL
from tests.roster.biff_writer import write_biff
from tests.roster.hand import EVERY, Hand
from tests.roster.mistakes import MISTAKES, plant
from tests.roster.named_styles import STYLES
from tests.roster.roster_files import COUNTY, read
from tests.roster.row_writer import fits_gbk
from tests.roster.spreadsheets import Grid
from tests.roster.styles import AWAY, STANDARD, WISHES, Style, Written, write_list

# Two of one name in two towns, a community, and names that hold another's.
VILLAGES = ("451225100201", "451225100202", "451225103209", "451225105001", "451225203205")


def invent(seed: int, count: int, villages: Sequence[str] = VILLAGES) -> list[Household]:
    """Households in reading order."""
    chance = Random(seed)  # noqa: S311
    homes = list(Inventor(chance, 2026).households(villages, count))
    states = ("未婚", "离婚", "丧偶")
    return [
        replace(
            home,
            members=tuple(
                person if person.marital == "已婚" else replace(person, marital=chance.choice(states))
                for person in home.members
            ),
        )
        for home in homes
    ]


def within_gbk(homes: Sequence[Household]) -> list[Household]:
    """The homes with names that code page 936 can hold."""

    def plain(name: str) -> str:
        return "".join(character if fits_gbk(character) else "明" for character in name)

    def person(one: Person) -> Person:
        return replace(one, name=plain(one.name))

    return [
        replace(
            home,
            head=plain(home.head),
            responsible=plain(home.responsible),
            members=tuple(map(person, home.members)),
        )
        for home in homes
    ]


def written(folder: Path, style: Style, homes: Sequence[Household], seed: int) -> Written:
    """The list in a style, with the mistakes planted that the style asks for."""
    if style.form == "xls5":
        homes = within_gbk(homes)
    names = [
        name for name in style.planted if name != "formula_without_value" or style.form in ("xlsx", "xlsm")
    ]
    spoilt, mistakes = plant(homes, names, style.columns)
    return write_list(folder, style, spoilt, mistakes, COUNTY, seed)


def without_messages(problems: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in problem.items() if key != "message"} for problem in problems]


def assert_reads_back(wanted: Written) -> None:
    roster = read(*wanted.paths)
    answer = roster_json(roster)
    assert without_messages(answer["problems"]) == wanted.problems
    assert answer["households"] == wanted.households
    assert answer["year"] == wanted.year
    assert sum(len(sheet.hidden_rows) for sheet in roster.sheets) == wanted.hidden_rows


@pytest.mark.parametrize("name", STYLES)
def test_the_list_reads_back_as_it_was_made_up(tmp_path: Path, name: str) -> None:
    assert_reads_back(written(tmp_path, STYLES[name], invent(11, 45), seed=1))


def test_every_code_is_planted_somewhere(tmp_path: Path) -> None:
    wanted = written(tmp_path, STYLES["every mistake"], invent(11, 45), seed=1)
    codes = {problem["code"] for problem in wanted.problems}
    assert codes >= set(MISTAKES) - {"birth_unreadable", "away_unreadable"} | {"header_not_found"}


@pytest.mark.parametrize("biff8", [True, False])
def test_an_old_workbook_of_a_few_cells_is_read_wherever_its_container_keeps_it(
    tmp_path: Path, biff8: bool
) -> None:
    path = tmp_path / "a.xls"
    grid = Grid(
        "冲洞村", [["户号", "姓名", "关系", "身份证号"], ["0001", "韦明", "户主", "451225198006142010"]]
    )
    write_biff(path, [grid], biff8=biff8, code_page=936, small=True)
    (home,) = read(path).households
    assert (home.village_code, home.head) == ("451225100201", "韦明")


def some(every: Sequence[Any]) -> Any:
    return st.lists(st.sampled_from(every), min_size=1, max_size=3).map(tuple)


HANDS = st.builds(
    Hand,
    groups=some(EVERY.groups),
    days=some(EVERY.days),
    numbers=some(EVERY.numbers),
    phones=some(EVERY.phones),
    names=some(EVERY.names),
    sexes=some(EVERY.sexes),
    marital=some(EVERY.marital),
    relations=some(EVERY.relations),
    yes=st.just(EVERY.yes),
    no=st.just(EVERY.no),
    open=st.just(EVERY.open),
    nothing=st.just(EVERY.nothing),
)
MADE_UP = st.builds(
    Style,
    form=st.sampled_from(("xlsx", "xls", "xls5", "ods", "csv gb18030", "tab utf-8-sig")),
    columns=st.permutations(STANDARD).map(tuple),
    groups=st.sampled_from(((), ((AWAY, WISHES),))),
    family=st.sampled_from(("repeated", "blank", "merged", "heading")),
    hand=HANDS,
    above=st.sampled_from(((), ("2026年{town}花名册",), ("花名册", "填报单位：{town}人民政府"))),
    numbering=st.sampled_from(("", "digits", "stems")),
    page=st.sampled_from((0, 1, 4, 9)),
    between=st.sampled_from(((), ((),), (("小计", "3户"),))),
    titled=st.booleans(),
    turn=st.booleans(),
    end=st.sampled_from(
        ((), (("审核人：", "填报人：黎某", "2026年1月10日"),), (("合计", "", "9"), ("注：无",)))
    ),
    head_last=st.booleans(),
    hidden=st.booleans(),
    left=st.integers(0, 2),
    down=st.integers(0, 2),
    planted=st.permutations(sorted(MISTAKES)).map(lambda names: tuple(names[:4])),
)
SOME_VILLAGES = st.lists(st.sampled_from(COUNTY.villages), min_size=1, max_size=4, unique=True).map(sorted)


@settings(max_examples=300 if FULL else 15, deadline=None)
@given(st.sampled_from(sorted(STYLES)), st.integers(0, 2**32), st.integers(1, 12), SOME_VILLAGES)
def test_any_list_reads_back_in_any_style(name: str, seed: int, count: int, villages: list[str]) -> None:
    with TemporaryDirectory() as folder:
        assert_reads_back(written(Path(folder), STYLES[name], invent(seed, count, villages), seed))


@settings(max_examples=1000 if FULL else 15, deadline=None)
@given(MADE_UP, st.integers(0, 2**32), st.integers(1, 12), SOME_VILLAGES)
def test_any_list_reads_back_in_a_style_nobody_has_yet(
    style: Style, seed: int, count: int, villages: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        assert_reads_back(written(Path(folder), style, invent(seed, count, villages), seed))
