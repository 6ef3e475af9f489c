"""Pictures of printed characters, as they should look on a flattened page: to compare a scan with."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from pipeline import fonts
from pipeline.intake.page_image import Pixels
from pipeline.intake.reference import FLAT
from pipeline.layout import MM, RISE

FINER = 4  # times as many pixels are drawn, and averaged
PHASES = 2  # a pixel, in each direction, that a character's place is rounded to
EDGE = 2  # pixels of paper above and below a character; beside it stand others
KEPT = 20_000  # pictures that a worker holds, about 3 KB each


Shades = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """How a character is printed: font style, size in points, horizontal scale, and its place between pixels."""

    style: str
    size: float
    squeeze: float
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed character: where its picture's left top corner lies on the flattened page, in whole pixels."""

    character: str
    x: int
    y: int
    picture: Pixels
    exact: Shades
    look: Look

    @property
    def tells(self) -> bool:
        """Whether there is enough of it to be told from another by: a letter, a digit, a mask's star; no dot or dash."""
        return self.character.isalnum() or self.character == "*"

    def others(self, characters: str) -> Iterator["Printed"]:
        """What others would look like in its place."""
        for other in characters:
            picture = None if other == self.character else _picture(other, self.look)
            if picture is not None:
                yield Printed(other, self.x, self.y, *picture, self.look)


def printed(
    character: str, style: str, size: float, squeeze: float, x: float, baseline: float
) -> Printed | None:
    """The character as printed at a place in mm, `size` in points; None where there is nothing to be seen."""
    left, top = x * FLAT, (baseline - RISE * size * MM) * FLAT - EDGE
    across, down = round(left * PHASES), round(top * PHASES)
    look = Look(style, size, round(squeeze, 3), across % PHASES, down % PHASES)
    picture = _picture(character, look)
    return None if picture is None else Printed(character, across // PHASES, down // PHASES, *picture, look)


@lru_cache(maxsize=KEPT)
def _picture(character: str, look: Look) -> tuple[Pixels, Shades] | None:
    """A character's picture on paper, and the same as numbers that OpenCV is quicker with; None for a blank."""
    found, squeeze = fonts.style(look.style).find(character), look.squeeze
    if found is None or found[0].source is None or character.isspace():
        return None
    face, _, ems = found
    pixels = look.size * MM * FLAT  # a character's square
    wide, high = int(np.ceil(pixels * ems * squeeze)) + 1, int(np.ceil(pixels)) + 2 * EDGE + 1
    canvas = Image.new("L", (round(wide * FINER / squeeze), high * FINER), 255)
    place = (
        look.across / PHASES * FINER / squeeze,
        (EDGE + look.down / PHASES + RISE * pixels) * FINER,
    )
    ImageDraw.Draw(canvas).text(place, character, fill=0, font=_font(face, pixels * FINER), anchor="ls")
    picture = cv2.resize(np.array(canvas), (wide, high), interpolation=cv2.INTER_AREA)
    return None if picture.min() > 200 else (np.asarray(picture, np.uint8), picture.astype(np.float32))


@lru_cache(maxsize=64)
def _font(face: fonts.Face, pixels: float) -> ImageFont.FreeTypeFont:
    assert face.source is not None  # noqa: S101
    path, index = face.source
    return ImageFont.truetype(str(path), pixels, index, layout_engine=ImageFont.Layout.BASIC)
