"""Next year's roster beside the last: who joined, left and changed, what became of households, and back again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from archive import journal
from archive.catalogue import tables
from archive.home import Home, create_home
from archive.journal import Actor
from pipeline.errors import NothingImported, SuggestionUnknown
from pipeline.roster.changes import Changes, Someone
from pipeline.roster.screen import change_lines
from pipeline.roster.store import Imported, current, households_of, import_roster, undo_import
from tests.roster.roster_files import COLUMNS, COUNTY, Cells, changed, number, read, row, write

FIRST, NEXT = date(2025, 1, 10), date(2026, 1, 12)
VILLAGE = "451225100201"
HEADINGS = [*COLUMNS, "变动情况"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "home", None, COUNTY.names, Actor("甲", FIRST))


def take(
    home: Home, path: Path, day: date, *rows: Cells, same: frozenset[int] | None = frozenset()
) -> Imported:
    write(path, [HEADINGS, *rows])
    with home.writing() as connection:
        return import_roster(connection, read(path), Actor("甲", day), same)


def person(name: str, household: str = "0001", relation: str = "儿子", **more: object) -> Cells:
    """A row of a household whose head is 韦明; `more` as `row` takes it."""
    return row(name, relation, household=household, **more)  # type: ignore[arg-type]


def family() -> list[Cells]:
    """韦明 of household 0001, his wife, a son of 14, a daughter of 17, his mother of 59."""
    return [
        row("韦明"),
        person("银月", relation="配偶", woman=True, serial=2),
        person("韦大", birth=date(2011, 3, 1), serial=3),
        person("韦小", relation="女儿", birth=date(2007, 12, 1), woman=True, serial=4),
        person("覃兰", relation="母亲", birth=date(1965, 6, 1), woman=True, serial=5),
    ]


def names(found: list[Someone]) -> list[tuple[str, str]]:
    return [(one.name, one.detail) for one in found]


def totals(done: Imported) -> tuple[int, int, int, int, int]:
    counts = done.counts
    return counts.added, counts.changed, counts.unchanged, counts.left, counts.held


def test_the_same_roster_again_changes_nothing_but_ages(home: Home, tmp_path: Path) -> None:
    assert totals(take(home, tmp_path / "a.xlsx", FIRST, *family())) == (5, 0, 0, 0, 0)
    again = take(home, tmp_path / "b.xlsx", NEXT, *family())
    assert totals(again) == (0, 0, 5, 0, 0)
    assert names(again.changes.ages) == [("韦小", "18"), ("覃兰", "60")]
    changes = again.changes
    assert (changes.heads, changes.split, changes.merged, changes.gone) == ([], [], [], [])


def test_each_kind_of_change_is_told(home: Home, tmp_path: Path) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    next_year = [
        row("韦明", head="银月"),
        changed(person("银月", relation="户主", woman=True, serial=2), c9="离婚"),
        changed(person("韦大大", birth=date(2011, 3, 1), serial=3), c1=4, c2="0009"),
        changed(
            person("韦小", relation="女儿", birth=date(2007, 12, 1), woman=True, serial=4),
            c0="大福村",
            c2="7",
        ),
        person("韦新", birth=date(2025, 5, 5), serial=6),
        [
            *changed(person("覃兰", relation="母亲", birth=date(1965, 6, 1), woman=True, serial=5)),
            "2025年12月病故",
        ],
    ]
    next_year[0] = changed(next_year[0], c5="配偶")
    done = take(home, tmp_path / "b.xlsx", NEXT, *next_year)
    changes = done.changes
    assert totals(done) == (1, 4, 0, 1, 0)
    assert names(changes.joined) == [("韦新", "")]
    assert names(changes.left) == [("覃兰", "died")]
    assert names(changes.marital) == [("银月", "已婚")]
    assert names(changes.renamed) == [("韦大大", "韦大")]
    assert names(changes.rehoused) == [("韦大大", "")]
    assert names(changes.moved) == [("韦小", VILLAGE)]
    assert [one.name for one in changes.other] == ["韦明", "银月"]
    assert changes.heads == [((VILLAGE, 3, "0001"), "韦明", "银月")]
    said = "\n".join(change_lines(changes, COUNTY, written=True))
    for words in (
        "离开：注明去世 1 人：覃兰（冲洞村委会3组0001户）",
        "换了村 1 人：韦小",
        "原名韦大",
        "韦明，现在是银月",
    ):
        assert words in said


def test_leaving_is_moved_died_or_unknown(home: Home, tmp_path: Path) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    rows = family()
    done = take(home, tmp_path / "b.xlsx", NEXT, rows[0], [*rows[1], "迁出"], [*rows[2], "身故"])
    assert names(done.changes.left) == [
        ("银月", "moved"),
        ("韦大", "died"),
        ("韦小", "unknown"),
        ("覃兰", "unknown"),
    ]


def test_someone_held_back_has_not_left(home: Home, tmp_path: Path) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    rows = family()
    held = changed(rows[2], c8="", c7="2011.3.1")
    done = take(home, tmp_path / "b.xlsx", NEXT, rows[0], rows[1], held, rows[3], rows[4])
    assert totals(done) == (0, 0, 4, 0, 1)


def test_households_split_and_merge(home: Home, tmp_path: Path) -> None:
    other = [
        row("莫山", household="0002", serial=11, head="莫山"),
        person("莫水", "0002", relation="配偶", woman=True, serial=12),
    ]
    take(home, tmp_path / "a.xlsx", FIRST, *family(), *other)
    rows = [*family(), *other]
    rows[2] = changed(rows[2], c2="0003", c5="户主", c3="韦大")
    rows[3] = changed(rows[3], c2="0003", c3="韦大")
    rows[5], rows[6] = changed(rows[5], c2="0001"), changed(rows[6], c2="0001")
    rows[5], rows[6] = changed(rows[5], c5="其他"), changed(rows[6], c5="其他")
    changes = take(home, tmp_path / "b.xlsx", NEXT, *rows).changes
    one, two, three = ((VILLAGE, 3, f"000{number}") for number in (1, 2, 3))
    assert changes.split == [(one, (one, three))]
    assert changes.merged == [((one, two), one)]
    assert changes.gone == [two]
    said = "\n".join(change_lines(changes, COUNTY, written=True))
    assert "分户 1 户：冲洞村委会3组0001户分成冲洞村委会3组0001户、冲洞村委会3组0003户" in said


def test_another_number_of_the_same_person_is_a_suggestion_until_confirmed(
    home: Home, tmp_path: Path
) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    rows = family()
    rows[2] = changed(rows[2], c8=number(date(2011, 3, 1), serial=33))
    with undone(home) as connection:
        write(tmp_path / "b.xlsx", [HEADINGS, *rows])
        trial = import_roster(connection, read(tmp_path / "b.xlsx"), Actor("甲", NEXT))
    assert totals(trial) == (1, 0, 4, 1, 0)
    (pair,) = trial.changes.suggestions
    assert (pair.name, pair.old[-4:-1], pair.new[-4:-1]) == ("韦大", "007", "067")
    assert "--same" in "\n".join(change_lines(trial.changes, COUNTY, written=False))
    done = take(home, tmp_path / "b.xlsx", NEXT, *rows, same=frozenset({1}))
    assert totals(done) == (0, 1, 4, 0, 0)
    assert names(done.changes.renumbered) == [("韦大", "")]
    assert done.changes.suggestions == [pair]


def test_two_of_one_name_and_birth_are_never_suggested(home: Home, tmp_path: Path) -> None:
    twins = [person("韦大", birth=date(2011, 3, 1), serial=serial) for serial in (3, 7)]
    take(home, tmp_path / "a.xlsx", FIRST, row("韦明"), *twins)
    again = [person("韦大", birth=date(2011, 3, 1), serial=serial) for serial in (30, 70)]
    done = take(home, tmp_path / "b.xlsx", NEXT, row("韦明"), *again)
    assert (totals(done), done.changes.suggestions) == ((2, 0, 1, 2, 0), [])


@contextmanager
def undone(home: Home) -> Iterator[Connection]:
    """A transaction that is rolled back."""
    with home.writing() as connection:
        trial = connection.begin_nested()
        yield connection
        trial.rollback()


def kept(home: Home) -> object:
    """All that imports wrote, but the journal and the noted import itself."""
    with home.reading() as connection:
        everybody = {
            number: (one.own, one.home) for number, one in current(connection, [VILLAGE], ()).items()
        }
        homes = households_of(connection, VILLAGE)
        rows = connection.execute(select(func.count()).select_from(tables.person)).scalar_one()
        links = connection.execute(select(func.count()).select_from(tables.person_link)).scalar_one()
    return everybody, homes, rows, links


def test_an_import_is_taken_back_whole_and_the_one_before_counts(home: Home, tmp_path: Path) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    before = kept(home)
    rows = family()
    rows[2] = changed(rows[2], c8=number(date(2011, 3, 1), serial=33), c2="0002", c5="户主")
    take(home, tmp_path / "b.xlsx", NEXT, *rows, same=None)
    assert kept(home) != before
    with home.writing() as connection:
        back = undo_import(connection, Actor("乙", NEXT))
    assert (back.number, back.persons, back.villages, back.imported_on) == (2, 5, 1, NEXT)
    assert kept(home) == before
    with home.writing() as connection:
        undo_import(connection, Actor("乙", NEXT))
        with pytest.raises(NothingImported):
            undo_import(connection, Actor("乙", NEXT))
    with home.reading() as connection:
        assert journal.broken_at(connection) is None
        actions = list(connection.execute(select(tables.journal.c.action)).scalars())
        used = list(connection.execute(select(tables.roster_import.c.id)).scalars())
    assert actions[-4:] == ["roster_import", "roster_import", "roster_undo", "roster_undo"]
    assert used == [1, 2]
    assert take(home, tmp_path / "c.xlsx", NEXT, *family()).counts.added == 5
    with home.reading() as connection:
        assert connection.execute(select(func.max(tables.roster_import.c.id))).scalar_one() == 3


def test_counts_add_up_whatever_changes(home: Home, tmp_path: Path) -> None:
    first = [person(f"某{serial}", f"{serial % 7:04d}", serial=serial) for serial in range(1, 60)]
    take(home, tmp_path / "a.xlsx", FIRST, *first)
    again = [
        person(f"某{serial}", f"{serial % (5 if serial % 3 else 7):04d}", serial=serial)
        for serial in range(20, 80)
    ]
    done = take(home, tmp_path / "b.xlsx", NEXT, *again)
    assert sum(totals(done)) - done.counts.left == 60
    assert done.counts.changed + done.counts.unchanged + done.counts.left == 59
    assert isinstance(done.changes, Changes)


def test_someone_held_back_and_then_gone_has_left(home: Home, tmp_path: Path) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    rows = family()
    held = changed(rows[2], c8="")
    take(home, tmp_path / "b.xlsx", NEXT, rows[0], rows[1], held, rows[3], rows[4])
    without = take(home, tmp_path / "c.xlsx", NEXT, rows[0], rows[1], rows[3], rows[4])
    assert (totals(without), names(without.changes.left)) == ((0, 0, 4, 1, 0), [("韦大", "unknown")])


@pytest.mark.parametrize("slip", [{"c8": ""}, {"c0": "冲同村"}, {"c1": "上屯"}])
def test_someone_held_back_and_then_corrected_is_who_they_were(
    home: Home, tmp_path: Path, slip: dict[str, object]
) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    rows = family()
    rows[3] = changed(rows[3], **slip)
    held = take(home, tmp_path / "b.xlsx", NEXT, *rows)
    assert (totals(held), held.changes.gone, held.changes.heads) == ((0, 0, 4, 0, 1), [], [])
    again = take(home, tmp_path / "c.xlsx", NEXT, *family())
    assert totals(again) == (0, 0, 5, 0, 0)
    assert ("韦小", "18") in names(again.changes.ages)
    with home.writing() as connection:
        undo_import(connection, Actor("甲", NEXT))
    assert totals(take(home, tmp_path / "d.xlsx", NEXT, *family())) == (0, 0, 5, 0, 0)


def test_a_household_whose_rows_are_held_is_not_gone(home: Home, tmp_path: Path) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    done = take(home, tmp_path / "b.xlsx", NEXT, *(changed(one, c1="上屯") for one in family()))
    assert (totals(done), done.changes.gone) == ((0, 0, 0, 0, 5), [])


def test_other_villages_are_left_out_of_it(home: Home, tmp_path: Path) -> None:
    other = [changed(row("莫山", household="0002", serial=11, birth=date(1967, 1, 1)), c0="大福村")]
    take(home, tmp_path / "a.xlsx", FIRST, *family(), *other)
    done = take(home, tmp_path / "b.xlsx", NEXT, *other)
    assert (totals(done), names(done.changes.ages)) == ((0, 0, 1, 0, 0), [("莫山", "59")])
    comes = changed(family()[3], c0="大福村", c2="0002")
    moved = take(home, tmp_path / "c.xlsx", NEXT, *other, comes)
    assert (names(moved.changes.moved), moved.changes.merged) == ([("韦小", VILLAGE)], [])
    back = take(home, tmp_path / "d.xlsx", NEXT, *family())
    assert [one.name for one in back.changes.moved] == ["韦小"]


def test_a_number_that_was_anothers_of_another_village_is_to_be_checked(home: Home, tmp_path: Path) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    wrong = changed(row("唐新", household="0009", birth=date(2011, 3, 1), serial=3), c0="大福村")
    done = take(home, tmp_path / "b.xlsx", NEXT, wrong)
    assert (names(done.changes.doubtful), done.counts.problems) == ([("唐新", "韦大")], 1)
    assert "请核对：号码与别村" in "\n".join(change_lines(done.changes, COUNTY, written=True))


def test_a_renamed_head_is_no_other_head_and_who_marries_away_splits_no_household(
    home: Home, tmp_path: Path
) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    rows = [changed(one, c3="韦明明") for one in family()]
    rows[0] = changed(rows[0], c4="韦明明")
    rows[3] = changed(rows[3], c0="大福村", c2="0050", c5="户主")
    changes = take(home, tmp_path / "b.xlsx", NEXT, *rows).changes
    assert (names(changes.renamed), changes.heads, changes.split) == ([("韦明明", "韦明")], [], [])


@pytest.mark.parametrize("wrong", [{0}, {2}, {1, 9}])
def test_a_suggestion_that_is_none_is_refused(home: Home, tmp_path: Path, wrong: set[int]) -> None:
    take(home, tmp_path / "a.xlsx", FIRST, *family())
    rows = family()
    rows[2] = changed(rows[2], c8=number(date(2011, 3, 1), serial=33))
    with pytest.raises(SuggestionUnknown):
        take(home, tmp_path / "b.xlsx", NEXT, *rows, same=frozenset(wrong))
