"""The values on a scan compared with what was printed: honest pages pass, tampered ones do not."""

from itertools import islice

import cv2
import numpy as np
import pytest

from tests.conftest import Town
from tests.intake import sheets as on
from tests.intake.sheets import Fate, Pixels

HONEST: dict[str, Fate] = {
    "as printed": lambda pixels: pixels,
    "upside down": on.turned(2),
    "blurred": lambda pixels: np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.2), np.uint8),
    "copied": on.placed(0.97, 0.97, 1),
    "through a lens": on.barrel(0.03),
    "in shadow": on.shaded,
    "folded": on.folded,
    "grey": on.grey,
    "black and white": on.black_and_white,
    "coarse": lambda pixels: np.asarray(
        cv2.resize(pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA), np.uint8
    ),
}


@pytest.mark.parametrize("fate", HONEST.values(), ids=HONEST)
def test_an_honest_page_is_as_printed(fate: Fate, town: Town) -> None:
    with on.reading(town) as connection:
        for template in ("01", "02", "04", "06"):
            for number in (1, 2):
                sheet = next(on.sheets(town, template, number))
                proof = on.proof_of(connection, sheet, fate(sheet.pixels))
                assert proof.differs == ()
                assert proof.agrees


def test_a_page_of_another_household_is_seen_for_what_it_is(town: Town) -> None:
    with on.reading(town) as connection:
        for template in ("01", "02", "06"):
            for number in (1, 2):
                sheet = next(
                    one for one in on.sheets(town, template, number) if on.others_like(connection, one)
                )
                for other in on.others_like(connection, sheet)[:4]:
                    proof = on.proof_of(connection, sheet, sheet.pixels, other)
                    assert "beside_code" in proof.differs
                    assert number == 2 or len(proof.differs) >= 3


def struck(pixels: Pixels, area: tuple[int, int, int, int], ink: tuple[int, int, int]) -> Pixels:
    left, top, right, bottom = area
    marked = pixels.copy()
    middle = (top + bottom) // 2
    cv2.line(marked, (left - 4, middle + 3), (right + 4, middle - 3), ink, 3, cv2.LINE_AA)
    return marked


@pytest.mark.parametrize("ink", [(30, 30, 35), (40, 50, 150), (215, 50, 60)], ids=["black", "blue", "red"])
@pytest.mark.parametrize("field", ["party_b_name", "party_b_id", "address", "term_end"])
def test_a_value_struck_out_is_seen(field: str, ink: tuple[int, int, int], town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        marked = struck(sheet.pixels, on.area_of(connection, sheet, field), ink)
        assert on.proof_of(connection, sheet, marked).differs == (field,)


def test_a_value_covered_and_written_over_is_seen(town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        left, top, right, bottom = on.area_of(connection, sheet, "party_b_name")
        marked = sheet.pixels.copy()
        marked[top:bottom, left:right] = 253
        cv2.putText(marked, "Wei", (left + 9, bottom - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (30, 30, 60), 2)
        assert on.proof_of(connection, sheet, marked).differs == ("party_b_name",)


def test_a_changed_digit_is_seen_and_a_speck_on_one_is_not(town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        other = next(one for one in on.sheets(town, "01") if one.contract != sheet.contract)
        marked = sheet.pixels.copy()
        area = np.s_[80:125, 985:1380]  # the number beside the code
        marked[area] = other.pixels[area]
        assert on.proof_of(connection, sheet, marked).differs == ("beside_code",)
        left, top, right, bottom = on.area_of(connection, sheet, "address")
        for x in range(left, right, 25):
            marked = sheet.pixels.copy()
            cv2.circle(marked, (x, (top + bottom) // 2), 4, (60, 60, 60), -1, cv2.LINE_AA)
            assert on.proof_of(connection, sheet, marked).differs == ()


@pytest.mark.parametrize("fate", [lambda pixels: pixels, on.grey], ids=["colour", "grey"])
def test_a_seal_over_values_is_no_tampering(fate: Fate, town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        left, top, right, bottom = on.area_of(connection, sheet, "address")
        sealed = on.seal_at(sheet.pixels, (left + right) // 2, (top + bottom) // 2 + 20)
        assert on.proof_of(connection, sheet, fate(sealed)).differs == ()


@pytest.mark.parametrize("turns", [3, 4, 5])
def test_a_thin_red_pen_to_and_fro_over_a_value_is_seen(turns: int, town: Town) -> None:
    """Its strokes are too steep to lie along the value, and too thin for as much ink as a scribble has."""
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        left, top, right, bottom = on.area_of(connection, sheet, "town")
        corners = [
            (x, top if place % 2 else bottom)
            for place, x in enumerate(np.linspace(left - 3, right + 3, turns))
        ]
        marked = sheet.pixels.copy()
        cv2.polylines(marked, [np.array(corners, np.int32)], False, (205, 90, 80), 1, cv2.LINE_AA)
        assert on.proof_of(connection, sheet, marked).differs == ("town",)


def test_a_number_of_which_most_digits_are_others_is_seen_in_a_blurred_scan(town: Town) -> None:
    with on.reading(town) as connection:
        pages = list(islice(on.sheets(town, "01"), 24))
        areas = {one.contract: on.area_of(connection, one, "household_number") for one in pages}
        values = {
            one.contract: on.claim_of(connection, one.contract, one).content.value("household_number")
            for one in pages
        }
        sheet, other = next(
            (one, two)
            for one in pages
            for two in pages
            if len(values[one.contract]) == len(values[two.contract])
            and sum(a != b for a, b in zip(values[one.contract], values[two.contract], strict=True)) >= 3
        )
        left, top, right, bottom = areas[sheet.contract]
        x, y = areas[other.contract][:2]
        marked = sheet.pixels.copy()
        marked[top:bottom, left:right] = other.pixels[y : y + bottom - top, x : x + right - left]
        blurred = np.asarray(cv2.GaussianBlur(marked, (0, 0), 1.6), np.uint8)
        assert on.proof_of(connection, sheet, blurred).differs == ("household_number",)
