"""Codes seen from behind, pages with nothing on them, and images not fit to be kept."""

from itertools import islice

import cv2
import numpy as np
import pytest

from archive.home import code_key
from pipeline.intake.blank import is_blank, paper_corners
from pipeline.intake.identify import first_codes
from pipeline.intake.quality import flaws_of
from tests.conftest import Town
from tests.intake import sheets as on
from tests.intake.sheets import Fate, Pixels


def test_a_code_is_read_in_every_rotation_and_never_from_behind(town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        for quarters in range(4):
            (code,) = on.codes_of(connection, on.turned(quarters)(sheet.pixels)).sheets
            assert (code.contract, code.genuine) == (sheet.contract, True)
            behind = on.turned(quarters)(np.ascontiguousarray(sheet.pixels[:, ::-1]))
            assert not on.codes_of(connection, behind).ours


def paper(shade: int = 250) -> Pixels:
    noise = np.random.default_rng(2).integers(-4, 4, (2339, 1654, 3))
    return np.clip(noise + shade, 0, 255).astype(np.uint8)


def seen_through(town: Town) -> Pixels:
    sheet = next(on.sheets(town, "01"))
    return np.asarray(255 - (255 - sheet.pixels[:, ::-1].astype(int)) * 0.08, np.uint8)


def test_nothing_but_paper_is_blank(town: Town) -> None:
    for pixels in (paper(), paper(170), on.on_a_table(paper()), on.shaded(paper()), seen_through(town)):
        assert is_blank(on.grey(pixels), 200)
    assert is_blank(on.grey(on.on_a_table(paper())), 72)  # a photo's file knows no size


def test_a_line_of_writing_is_not_blank() -> None:
    written = paper()
    cv2.putText(written, "14 May", (700, 1200), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.5, (90, 90, 140), 2)
    for pixels in (written, on.on_a_table(written), on.turned(1)(written)):
        assert not is_blank(on.grey(pixels), 200)


def test_a_sheet_on_a_table_is_found_by_its_corners() -> None:
    photo = on.on_a_table(paper())
    corners = paper_corners(on.grey(photo))
    assert corners is not None
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    assert 1.3 < (sides[1] + sides[3]) / (sides[0] + sides[2]) < 1.55
    assert paper_corners(on.grey(paper())) is None


FLAWED: dict[str, tuple[Fate, tuple[str, ...]]] = {
    "none": (lambda pixels: pixels, ()),
    "cut off": (lambda pixels: np.ascontiguousarray(pixels[:, 260:]), ("cut_off",)),
    "dark": (lambda pixels: np.asarray(pixels * 0.25, np.uint8), ("dark",)),
    "coarse": (
        lambda pixels: np.asarray(
            cv2.resize(pixels, None, fx=0.62, fy=0.62, interpolation=cv2.INTER_AREA), np.uint8
        ),
        ("coarse",),
    ),
    "blurred": (lambda pixels: np.asarray(cv2.GaussianBlur(pixels, (0, 0), 3.4), np.uint8), ("blurred",)),
}


@pytest.mark.parametrize(("fate", "flaws"), FLAWED.values(), ids=FLAWED)
def test_images_not_fit_to_be_kept_are_said_to_be(fate: Fate, flaws: tuple[str, ...], town: Town) -> None:
    with on.reading(town) as connection:
        sheet = next(on.sheets(town, "01"))
        pixels = fate(sheet.pixels)
        (code,) = on.codes_of(connection, pixels if "blurred" not in flaws else sheet.pixels).sheets
        reference = on.reference_of(connection, sheet)
        start = on.laid_as(connection, pixels, code.corners, sheet)
        assert start is not None
        assert flaws_of(on.halved(pixels)[0], start, reference) == flaws


def test_a_second_code_too_small_for_the_first_look_is_found(town: Town) -> None:
    """Beside one that is read at half size, it is seen to be one there, and read at full size."""
    with on.reading(town) as connection:
        sheet, other = islice(on.sheets(town, "01"), 2)
        code = on.codes_of(connection, other.pixels).sheets[0]
        (left, top), (right, bottom) = (
            code.corners.min(axis=0).astype(int),
            code.corners.max(axis=0).astype(int),
        )
        picture = other.pixels[top - 20 : bottom + 20, left - 20 : right + 20]
        seen = 0
        for factor in np.arange(0.4, 0.7, 0.02):
            small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            marked = sheet.pixels.copy()
            marked[1300 : 1300 + small.shape[0], 700 : 700 + small.shape[1]] = small
            first = first_codes(on.halved(marked)[1], code_key(connection))
            if len(first.sheets) == 1 and first.unread:
                seen += 1
                assert [one.contract for one in first.sheets] == [sheet.contract]
                found = {one.contract for one in on.codes_of(connection, marked).sheets}
                assert found == {sheet.contract, other.contract}
        assert seen
