"""The invented town: written as offices write, read back as it was made up."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from pipeline.demo.mess import MISTAKES
from pipeline.demo.town import VILLAGES, invent_town, lay_out, write_town
from pipeline.people import Person, age_on
from pipeline.roster.identity import read_identity
from tests.roster.roster_files import COUNTY, found, read


@pytest.mark.parametrize(("seed", "households"), [(1, 400), (2, 60), (3, 3), (4, 1)])
def test_it_is_read_back_with_exactly_the_problems_put_in(tmp_path: Path, seed: int, households: int) -> None:
    path = tmp_path / "a.xlsx"
    town = invent_town(COUNTY, households=households, seed=seed, year=2026)
    mistakes = lay_out(path, town)
    roster = read(path)
    assert found(roster) == [(mistake.row, mistake.code, mistake.severity) for mistake in mistakes]
    assert roster.year == 2026


def test_everybody_without_a_mistake_is_read_as_made_up(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    town = invent_town(COUNTY, households=400, seed=5, year=2026)
    lay_out(path, town)
    read_homes = {(home.village_code, home.group, home.number): home for home in read(path).households}
    compared = 0
    for home, lines in zip(town.households, town.lines, strict=True):
        if lines[0].mistakes and lines[0].mistakes[0][0] == "village_unknown":
            continue
        read_home = read_homes[home.village_code, home.group, home.number]
        assert (read_home.head, read_home.responsible) == (home.head, home.responsible)
        # A household may end with somebody who stands elsewhere already.
        members = read_home.members[: len(home.members)]
        for made_up, line, member in zip(home.members, lines, members, strict=False):
            if not line.mistakes:
                assert member == made_up
                compared += 1
    assert compared > 1200


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.xlsx", "b.xlsx", "c.xlsx")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        write_town(path, COUNTY, households=40, seed=seed)
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again
    assert first != other


def test_the_town_has_what_the_contracts_need() -> None:
    town = invent_town(COUNTY, households=400, seed=1, year=2026)
    people = [person for home in town.households for person in home.members]
    day = date(2026, 3, 1)

    def ages(low: int, high: int) -> list[Person]:
        return [p for p in people if p.birth and low <= age_on(p.birth, day) <= high]

    assert len({home.village_code for home in town.households}) == VILLAGES
    assert len({person.id_number for person in people}) == len(people)
    assert all(read_identity(person.id_number).sound for person in people)
    assert all(low for low in (len(ages(0, 2)), len(ages(60, 120))))
    assert any(p.away_to and p.away_until for p in people)
    assert any(p.away_to and not p.away_until for p in people)
    assert all(
        any(getattr(p, wish) for p in people) for wish in ("wants_service", "wants_pension", "wants_choice")
    )
    assert any(p.marital == "已婚" and p.sex == "女" for p in ages(20, 49))
    names = "".join(person.name for person in people)
    assert any("\u3400" <= character <= "\u4dbf" for character in names)
    assert any(character >= "\U00020000" for character in names)
    assert "·" in names
    assert any(len(person.name) == 4 for person in people)


def test_four_hundred_households_hold_every_kind_of_mistake() -> None:
    town = invent_town(COUNTY, households=400, seed=1, year=2026)
    codes = Counter(code for lines in town.lines for line in lines for code, _ in line.mistakes)
    assert set(codes) == set(MISTAKES) - {"away_unreadable"}
