"""Pages whose code cannot be read: told by their print, suggested, or left to a person."""

import cv2
import numpy as np
import pytest

from archive.numbers import parse
from pipeline.intake.number_line import number_in
from tests.conftest import Town
from tests.intake import sheets as on
from tests.intake.sheets import Fate, Pixels

CODE, NUMBER = np.s_[60:220, 1380:1560], np.s_[75:175, 900:1380]  # of a 200 dpi picture


def covered(pixels: Pixels, *places: tuple[slice, slice]) -> Pixels:
    marked = pixels.copy()
    for place in places:
        marked[place] = 246
    return marked


@pytest.mark.parametrize(
    "fate",
    [lambda pixels: pixels, on.turned(1), on.turned(2), on.placed(1, 1, 3), on.leaning(0.03)],
    ids=["upright", "on its side", "upside down", "askew", "aslant"],
)
def test_a_sheet_is_told_by_the_number_beside_its_code_and_a_name(fate: Fate, town: Town) -> None:
    with on.reading(town) as connection:
        for template in ("01", "02"):
            sheet = next(on.sheets(town, template))
            pixels = fate(covered(sheet.pixels, CODE))
            assert not on.codes_of(connection, pixels).ours
            found = on.told(connection, pixels)
            assert found.claim is not None
            assert (found.claim.number, found.claim.sheet) == (sheet.contract, 1)


def test_a_sheet_is_told_by_name_and_identity_number(town: Town) -> None:
    with on.reading(town) as connection:
        for template in ("03", "05"):
            sheet = next(on.sheets(town, template))
            found = on.told(connection, covered(sheet.pixels, CODE, NUMBER))
            assert found.claim is not None
            assert (found.claim.number, found.claim.sheet) == (sheet.contract, 1)


def test_a_sheet_that_shows_its_number_only_is_suggested(town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01", 2))
        found = on.told(connection, covered(sheet.pixels, CODE))
        assert found.claim is None
        assert [(one.contract, one.sheet) for one in found.suggestions] == [(sheet.contract, 2)]


def test_a_tampered_sheet_is_not_told_but_suggested(town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        left, top, right, bottom = on.area_of(connection, sheet, "party_b_name")
        pixels = covered(sheet.pixels, CODE, np.s_[top:bottom, left:right])
        found = on.told(connection, pixels)
        assert found.claim is None
        assert found.suggestions[0].contract == sheet.contract


def test_a_sheet_beside_whose_code_anothers_number_stands_may_be_either(town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        other = next(one for one in on.sheets(town, "01") if one.contract != sheet.contract)
        pixels = covered(sheet.pixels, CODE)
        pixels[NUMBER] = other.pixels[NUMBER]
        found = on.told(connection, pixels)
        assert found.claim is None
        assert {one.contract for one in found.suggestions} >= {sheet.contract, other.contract}


def test_anybody_elses_paper_is_nothing(town: Town) -> None:
    with on.reading(town) as connection:
        pixels = np.full((2339, 1654, 3), 250, np.uint8)
        for line in range(12):
            place = (120, 200 + 90 * line)
            cv2.putText(
                pixels, f"Notice {line} of the office", place, cv2.FONT_HERSHEY_COMPLEX, 1.2, (30, 30, 30), 2
            )
        found = on.told(connection, pixels)
        assert (found.claim, found.suggestions) == (None, ())


def test_a_number_is_taken_only_with_a_sound_check() -> None:
    number = str(parse("451225105208202605000002R"))
    assert str(number_in(number)) == number
    assert str(number_in(number.replace("0", "O", 3))) == number  # a reader's usual mistake
    for at, digit in enumerate(number):
        if digit.isdigit():
            assert number_in(number[:at] + str((int(digit) + 1) % 10) + number[at + 1 :]) is None
    assert number_in("第1页，共2页") is None
    assert number_in("") is None
