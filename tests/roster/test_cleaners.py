"""Whatever stands in a cell, its cleaner gives a value or says that it cannot: it never fails."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.people import FEMALE, HEAD, MALE, MARRIED
from pipeline.roster.cells import Cell, folded, text
from pipeline.roster.dates import read_day
from pipeline.roster.groups import read_group, read_household_number
from pipeline.roster.identity import birth_of, read_identity, sex_of
from pipeline.roster.words import (
    doubtful_characters,
    read_departure,
    read_marital,
    read_mark,
    read_name,
    read_phone,
    read_place,
    read_relation,
    read_sex,
)
from tests.conftest import FULL
from tests.roster.roster_files import COUNTY

# What offices write, in any order, is likelier to come near a pattern's edge than any character.
_PIECES = st.sampled_from(
    [*"0123456789Xx×年月日.-/ 　'\"=第组屯队村社区号户男女是否已未√✓·•?？□〇零一二十百\u200b\t\n\0\ufeff\ue000豈𠮷",
     "至今", "户主", "配偶", "婚", "4.5E+17", "冲洞", "民族", "东门镇", "451225", "19800614", "死亡", "迁出", "٣", "²"]
)  # fmt: skip
_TEXTS = st.one_of(st.text(max_size=30), st.lists(_PIECES, max_size=20).map("".join))
# A workbook's numbers: 64 bits, or a float, which may be none.
_NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats())
_TIMES = st.one_of(st.dates(), st.datetimes(), st.times(), st.timedeltas())
CELLS: st.SearchStrategy[Cell] = st.one_of(_TEXTS, _NUMBERS, st.booleans(), _TIMES)
ODD: list[Cell] = [
    float("nan"), float("inf"), -0.0, 1e300, 2**63 - 1, date.min, date.max, datetime.max, time(0), timedelta(days=-1),
    "\ud800", "=\"\"", "第", "十百", "号", "·", "1.E+5", "0" * 18, "٣" * 18, "9999-99-99", "二〇二六年三月",
]  # fmt: skip
_settings = settings(max_examples=2000 if FULL else 50, deadline=None)


def plain_text(value: Any) -> bool:
    """Whether a value is text without padding or line ends."""
    return isinstance(value, str) and value == value.strip() and "\n" not in value


def text_or_none(value: Any) -> bool:
    return value is None or plain_text(value)


CLEANERS: dict[str, tuple[Callable[[Cell], Any], Callable[[Any], bool]]] = {
    "text": (text, plain_text),
    "folded": (folded, lambda value: isinstance(value, str) and not any(map(str.isspace, value))),
    "name": (
        read_name,
        lambda value: plain_text(value) and not value.startswith("·") and not value.endswith("·"),
    ),
    "phone": (read_phone, text_or_none),
    "mark": (read_mark, lambda value: value in (True, False, None)),
    "sex": (read_sex, plain_text),
    "relation": (read_relation, plain_text),
    "marital": (read_marital, plain_text),
    "place": (read_place, plain_text),
    "departure": (read_departure, lambda value: value in ("", "died", "moved")),
    "group": (read_group, lambda value: value is None or 0 <= value < 10_000),
    "household": (read_household_number, plain_text),
    "day": (read_day, lambda value: value.readable or value.day is None),
    "identity": (
        read_identity,
        lambda value: value.sound == (value.code == "") and isinstance(value.number, str),
    ),
}


@pytest.mark.parametrize("name", CLEANERS)
@given(cell=CELLS)
@_settings
def test_any_cell_is_a_value_or_said_to_be_none(name: str, cell: Cell) -> None:
    read, allowed = CLEANERS[name]
    assert allowed(read(cell))


@pytest.mark.parametrize("name", CLEANERS)
@pytest.mark.parametrize("cell", ODD, ids=repr)
def test_an_odd_cell_is_no_exception(name: str, cell: Cell) -> None:
    read, allowed = CLEANERS[name]
    assert allowed(read(cell))


@given(CELLS)
@_settings
@example("٤٥١٢٢٥١٩٨٠٠٦١٤٢٠١٠")
@example("45122519800614²01X")
@example(".0")
def test_a_sound_number_always_states_a_sex_and_a_birth(cell: Cell) -> None:
    identity = read_identity(cell)
    if identity.sound:
        assert sex_of(identity.number) in (MALE, FEMALE)
        assert birth_of(identity.number)
        assert identity.number.isascii()


@given(CELLS)
@_settings
def test_what_a_cleaner_gave_is_read_as_itself(cell: Cell) -> None:
    for read in (read_name, read_sex, read_relation, read_marital):
        once = read(cell)
        assert normalize("NFC", read(once)) == normalize("NFC", once)
    if read_sex(cell) in (MALE, FEMALE):
        assert read_sex(read_sex(cell)) == read_sex(cell)
    assert read_relation(HEAD) == HEAD
    assert read_marital(MARRIED) == MARRIED


@given(_TEXTS)
@_settings
def test_every_doubt_names_a_character_of_the_name(name: str) -> None:
    for doubt in doubtful_characters(name):
        assert any(character in doubt for character in name)


@given(_TEXTS, st.lists(st.sampled_from(COUNTY.towns), max_size=2))
@_settings
def test_any_text_is_some_villages_or_none(written: str, towns: list[str]) -> None:
    found = COUNTY.match(written, towns)
    assert set(found) <= set(COUNTY.villages)
    assert len(COUNTY.match(written)) >= len(found)
    near = COUNTY.near(written)
    assert len(near) <= 5
    assert set(near) <= set(COUNTY.villages)
    assert set(COUNTY.villages_in(written)) <= set(COUNTY.villages)
    assert set(COUNTY.towns_in(written)) <= set(COUNTY.towns)
