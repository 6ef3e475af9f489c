"""What is taken for an identity number, and what for the beginning of a contract number."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.home import Home, create_home
from archive.identity import upgraded
from archive.index.query import parse
from archive.journal import Actor
from archive.numbers import Number
from archive.search import Names, search
from tests.archive.test_states import OLD, keep

DAY = date(2026, 3, 5)
PERSON = "451225198006140012"
OF_OLD = "451225800614001"
# 100201 can be a birth date, 1002-01-20 too, and 451225100201202401 has a sound check digit.
FIRST = str(Number("451225100201", 2024, "01", 1))
SECOND = str(Number("451225100201", 2026, "02", 7))
NOBODY = "451225198001010016"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An archive of two contracts; a person of known number signs the second."""
    home = create_home(tmp_path_factory.mktemp("search") / "档案库", None, {"45": "广西"}, Actor("甲", DAY))
    with home.writing() as connection:
        keep(connection, replace(OLD, number=FIRST), replace(OLD, number=SECOND, key="another"))
        party = tables.party
        connection.execute(update(party).where(party.c.contract == SECOND).values(id_number=PERSON))
        mark_changed(connection, [FIRST, SECOND])
    return home


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        (PERSON, [SECOND]),
        (f" {PERSON}　", [SECOND]),
        ("４５１２２５１９８００６１４００１２", [SECOND]),
        (OF_OLD, [SECOND]),
        (NOBODY, []),
        (FIRST.replace("-", "")[:15], [FIRST, SECOND]),
        (FIRST.replace("-", "")[:18], [FIRST]),
        (SECOND.replace("-", "")[:18], [SECOND]),
        (SECOND.replace("-", "")[:12], [FIRST, SECOND]),
    ],
)
def test_digits_find_a_person_or_contract_numbers_that_begin_so(
    home: Home, monkeypatch: pytest.MonkeyPatch, engine: str, typed: str, numbers: list[str]
) -> None:
    monkeypatch.setenv("HUYUE_ENGINE", engine)
    found = search(home, parse(typed), typed, Names({}, {}), DAY, 0, 10)
    assert [hit.standing.number for hit in found.hits] == numbers
    assert found.total == len(numbers)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        (PERSON, PERSON),
        (OF_OLD, PERSON),
        ("45122519800614008X", "45122519800614008X"),
        ("451225198006140013", ""),  # wrong check digit
        ("451225198013140010", ""),  # no such month
        ("451225801314001", ""),
        ("45122519800614001", ""),
        ("姓名", ""),
        ("", ""),
    ],
)
def test_only_a_sound_number_is_an_identity_number(typed: str, number: str) -> None:
    assert upgraded(typed) == number
