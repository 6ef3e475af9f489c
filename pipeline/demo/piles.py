"""Scans as files: piles of PDFs, one TIFF of many pages and one folder of pictures, as scanners write them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pikepdf
from PIL import Image

from pipeline.demo.scan_page import DPI

LARGEST = 60  # pages a PDF
FEWEST = 12  # pages that make more than one pile


class Form(StrEnum):
    """How a pile is written."""

    PDF = ".pdf"
    TIFF = ".tif"
    FOLDER = ""


@dataclass(frozen=True, slots=True)
class Pile:
    """One pile: its name without ending, its form, how many pages, and whether the scanner saw no colour."""

    name: str
    form: Form
    pages: int
    grey: bool

    def place(self, number: int) -> tuple[str, int]:
        """The file of the pile's page `number` (0-based), in the scans folder, and the page's index in it."""
        if self.form is Form.FOLDER:
            return f"{self.name}/{number + 1:04d}.jpg", 0
        return self.name + self.form, number


def cut_into_piles(pages: int, grey: float, rng: np.random.Generator) -> list[Pile]:
    """Piles for so many pages: PDFs, and if there are enough of them a TIFF and a folder of JPEGs at the end."""
    few = min(20, pages // 10) if pages >= FEWEST else 0
    few = max(few, 2) if few else 0
    rest = pages - 2 * few
    count = -(-rest // LARGEST)
    sizes = [(Form.PDF, rest // count + (number < rest % count)) for number in range(count)]
    if few:
        sizes += [(Form.TIFF, few), (Form.FOLDER, few)]
    return [
        Pile(f"扫描-{number:03d}", form, size, bool(rng.random() < grey))
        for number, (form, size) in enumerate(sizes, 1)
    ]


def write_pile(folder: Path, pile: Pile, pictures: Sequence[bytes]) -> None:
    """Write a pile's pages, JPEGs of 200 dpi, in the pile's form."""
    if pile.form is Form.PDF:
        _write_pdf(folder / pile.place(0)[0], pictures)
    elif pile.form is Form.TIFF:
        frames = [Image.open(io.BytesIO(picture)) for picture in pictures]
        frames[0].save(
            folder / pile.place(0)[0],
            save_all=True,
            append_images=frames[1:],
            compression="jpeg",
            quality=85,
            dpi=(DPI, DPI),
        )
    else:
        (folder / pile.name).mkdir(exist_ok=True)
        for number, picture in enumerate(pictures):
            (folder / pile.place(number)[0]).write_bytes(picture)


def _write_pdf(file: Path, pictures: Sequence[bytes]) -> None:
    """A PDF with a JPEG a page, taken over as it is; the same bytes for the same pages."""
    with pikepdf.Pdf.new() as pdf:
        for picture in pictures:
            with Image.open(io.BytesIO(picture)) as opened:
                (wide, high), grey = opened.size, opened.mode == "L"
            page = pdf.add_blank_page(page_size=(wide * 72 / DPI, high * 72 / DPI))
            image = pikepdf.Stream(
                pdf,
                picture,
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Image,
                Width=wide,
                Height=high,
                BitsPerComponent=8,
                ColorSpace=pikepdf.Name.DeviceGray if grey else pikepdf.Name.DeviceRGB,
                Filter=pikepdf.Name.DCTDecode,
            )
            name = page.add_resource(image, pikepdf.Name.XObject, pikepdf.Name("/Scan"))
            matrix = f"{wide * 72 / DPI:.3f} 0 0 {high * 72 / DPI:.3f} 0 0 cm"
            page.contents_add(f"q {matrix} {name} Do Q".encode())
        pdf.save(file, deterministic_id=True)
