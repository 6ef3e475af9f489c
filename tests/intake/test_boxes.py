"""What boxes are said to hold: ink under seals, creases across them, scans without colour or without the box."""

import cv2
import numpy as np
import pytest
from sqlalchemy import Connection

from archive.filings import Verdict
from pipeline.intake.boxes import judge_boxes
from pipeline.intake.channels import red_of
from tests.conftest import Town
from tests.intake import sheets as on
from tests.intake.sheets import Fate, Pixels, Sheet

MM = 200 / 25.4


def verdicts(town: Town, mark: str, fate: Fate) -> dict[str, Verdict]:
    """The boxes of the second sheet of a household's contract, with one thing in `party_b_signature`."""
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01", 2))
        pixels = marked(connection, sheet, mark)
        registration = on.laid(connection, sheet, pixels)
        assert registration is not None
        boxes = on.reference_of(connection, sheet).boxes
        seen = fate(pixels)
        if fate is not cropped:  # there the code, above, told where everything is
            registration = on.laid(connection, sheet, seen)
            assert registration is not None
        found = judge_boxes(seen, red_of(seen), registration, boxes)
        return {one.name: one.verdict for one in found}


def marked(connection: Connection, sheet: Sheet, mark: str) -> Pixels:
    boxes = {one.place.name: one.place for one in on.reference_of(connection, sheet).boxes}
    box = boxes["party_b_signature"]
    left, top, wide, high = (round(one * MM) for one in (box.x, box.y, box.w, box.h))
    pixels = sheet.pixels.copy()
    if "pen" in mark:
        points = np.array([(left + 30 + 12 * at, top + high // 2 + 26 * (-1) ** at) for at in range(14)])
        shade = (150, 150, 160) if "faint" in mark else (35, 35, 60)
        cv2.polylines(pixels, [points.astype(np.int32)], False, shade, 3, cv2.LINE_AA)
    if "fingerprint" in mark:
        for radius in range(4, 34, 6):
            cv2.ellipse(
                pixels, (left + wide // 2, top + high // 2), (radius, radius + 8), 0, 0, 360, (205, 60, 70), 2
            )
    if "seal" in mark:
        pixels = on.seal_at(pixels, left + wide // 2, top + high + 90)
    if "stroke beside" in mark:
        cv2.line(pixels, (left - 50, top + high + 20), (left - 10, top - 20), (40, 40, 40), 3)
    if "crease" in mark:
        rows = np.arange(len(pixels))
        light = 1 - 0.4 * np.exp(-(((rows - top - high / 2) / 5) ** 2))
        pixels = np.asarray(pixels * light[:, None, None], np.uint8)
    return pixels


def cropped(pixels: Pixels) -> Pixels:
    """Without its lower third."""
    return np.ascontiguousarray(pixels[: len(pixels) // 3])


@pytest.mark.parametrize(
    ("mark", "fate", "verdict"),
    [
        ("nothing", lambda pixels: pixels, Verdict.EMPTY),
        ("pen", lambda pixels: pixels, Verdict.FILLED),
        ("faint pen", lambda pixels: pixels, Verdict.FILLED),
        ("fingerprint", lambda pixels: pixels, Verdict.FILLED),
        ("pen under a seal", lambda pixels: pixels, Verdict.FILLED),
        ("fingerprint in black and white", on.black_and_white, Verdict.FILLED),
        ("stroke beside", lambda pixels: pixels, Verdict.EMPTY),
        ("crease", lambda pixels: pixels, Verdict.EMPTY),
        ("pen over a crease", lambda pixels: pixels, Verdict.FILLED),
        ("pen", on.black_and_white, Verdict.FILLED),
        ("pen", on.on_a_table, Verdict.FILLED),
        ("pen", on.barrel(0.03), Verdict.FILLED),
        ("nothing", on.barrel(0.03), Verdict.EMPTY),
        ("pen", cropped, Verdict.UNSURE),
    ],
)
def test_a_signature_box(mark: str, fate: Fate, verdict: Verdict, town: Town) -> None:
    assert verdicts(town, mark, fate)["party_b_signature"] is verdict


@pytest.mark.parametrize("fate", [lambda pixels: pixels, on.grey, on.black_and_white])
def test_a_seal_reaching_into_a_box_never_signs_it(fate: Fate, town: Town) -> None:
    assert verdicts(town, "seal", fate)["party_b_signature"] is not Verdict.FILLED


def test_a_seal_box_in_black_and_white_is_unsure_rather_than_empty(town: Town) -> None:
    assert verdicts(town, "nothing", on.grey)["party_a_seal"] is Verdict.EMPTY
    assert verdicts(town, "nothing", on.black_and_white)["party_a_seal"] is Verdict.UNSURE
