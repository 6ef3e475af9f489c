"""Pages that nobody's contract can be told from: for tests of what waits for a person."""

import io
from pathlib import Path

import numpy as np
import pikepdf
import zxingcpp
from PIL import Image, ImageDraw

from tests.main_job.test_intake_files import jpegs_of

DPI = 150
WIDE, HIGH = 1240, 1754  # A4


def scribbled(path: Path, pages: int, seed: int) -> None:
    """A PDF of pages written on by hand, none of ours."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(pages):
        picture = Image.fromarray(rng.integers(225, 255, (HIGH, WIDE), np.uint8))
        draw = ImageDraw.Draw(picture)
        for y in range(90, HIGH - 90, 70):
            line = [(x, y + int(rng.integers(-14, 14))) for x in range(120, WIDE - 120, 17)]
            draw.line(line, fill=20, width=3)
        made.append(picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    made[0].save(path, "PDF", save_all=True, append_images=made[1:], resolution=DPI)


def stick_code_on(pdf: Path, index: int, other: bytes) -> None:
    """Stick the code of another sheet's scan (a JPEG) onto a page of a PDF of scans, below everything."""
    with Image.open(io.BytesIO(jpegs_of(pdf)[index])) as page, Image.open(io.BytesIO(other)) as source:
        corners = zxingcpp.read_barcodes(source)[0].position
        points = [(one.x, one.y) for one in (corners.top_left, corners.bottom_right)]
        (left, top), (right, bottom) = (
            map(min, zip(*points, strict=True)),
            map(max, zip(*points, strict=True)),
        )
        quiet = (right - left) // 8
        code = source.crop((left - quiet, top - quiet, right + quiet, bottom + quiet))
        page.paste(code, (page.width // 8, page.height - code.height - page.height // 40))
        buffer = io.BytesIO()
        page.save(buffer, "JPEG", quality=85)
    with pikepdf.Pdf.open(pdf, allow_overwriting_input=True) as document:
        stream = document.pages[index].Resources.XObject.Scan
        stream.write(buffer.getvalue(), filter=pikepdf.Name.DCTDecode)
        document.save(pdf, stream_decode_level=pikepdf.StreamDecodeLevel.none)
