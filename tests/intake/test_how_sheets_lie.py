"""Sheets brought onto their layout, however they were scanned, photographed or copied."""

import cv2
import numpy as np
import pytest

from pipeline.intake.boxes import box_area
from pipeline.intake.lie import cut, from_numbers
from pipeline.intake.reference import BOX
from tests.conftest import Town
from tests.intake import sheets as on
from tests.intake.sheets import Fate

FATES: dict[str, Fate] = {
    "as printed": lambda pixels: pixels,
    "on its side": on.turned(1),
    "upside down": on.turned(2),
    "on its other side": on.turned(3),
    "copied at 97 per cent, askew": on.placed(0.97, 0.97, 1.5),
    "stretched by a feeder": on.placed(1.0, 1.015),
    "on a larger area": on.placed(1, 1, -2, 200),
    "seen through a bulging lens": on.barrel(0.03),
    "seen through a pinching lens": on.barrel(-0.03),
    "aslant": on.leaning(0.06),
    "curled": on.curled(3),
    "aslant through a lens": lambda pixels: on.barrel(0.02)(on.leaning(0.04)(pixels)),
    "on a table": on.on_a_table,
    "folded": on.folded,
    "in shadow": on.shaded,
    "grey": on.grey,
    "black and white": on.black_and_white,
}


@pytest.mark.parametrize("fate", FATES.values(), ids=FATES)
@pytest.mark.parametrize("template", ["01", "06"])
def test_every_box_is_found_where_it_is(fate: Fate, template: str, town: Town) -> None:
    with on.reading(town) as connection:
        for number in (1, 2):
            sheet = next(on.sheets(town, template, number))
            pixels = fate(sheet.pixels)
            registration = on.laid(connection, sheet, pixels)
            assert registration is not None
            assert registration.residual < 0.2
            for box in on.reference_of(connection, sheet).boxes:
                seen = cut(on.halved(pixels)[0], registration, box_area(box), BOX)
                alike = cv2.matchTemplate(seen, box.empty[6:-6, 6:-6], cv2.TM_CCOEFF_NORMED)
                _, best, _, (across, down) = cv2.minMaxLoc(alike)
                assert best > 0.4
                # On a bent sheet a box is found again by its own frame (boxes.py).
                astray = 0.4 if registration.bend is None else 0.8
                assert np.hypot(across - 6, down - 6) / BOX < astray, box.place.name


def test_a_registration_is_kept_as_numbers(town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        for fate in (on.turned(1), on.barrel(0.03)):
            registration = on.laid(connection, sheet, fate(sheet.pixels))
            assert registration is not None
            points = np.array([(20.0, 30.0), (190.0, 30.0), (105.0, 148.0), (20.0, 280.0)])
            kept = from_numbers(registration.numbers())
            assert np.abs(kept.pixels(points) - registration.pixels(points)).max() < 0.01


def test_another_sheet_is_not_taken_for_this_one(town: Town) -> None:
    with on.reading(town) as connection:
        first, second = (next(on.sheets(town, "01", number)) for number in (1, 2))
        (code,) = on.codes_of(connection, first.pixels).sheets
        assert on.laid_as(connection, first.pixels, code.corners, second) is None
