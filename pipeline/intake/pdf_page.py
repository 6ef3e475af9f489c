"""A page of a PDF: its pixels from pdfium, the pictures that it is kept as from the file, by qpdf.

A page filled by one picture is that picture; one that is nothing but plain pictures keeps each, placed where it
lay; any other is drawn at the resolution of its finest picture.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageOps

from archive.signed_pdf import Matrix, Picture
from pipeline.intake.files import PIXEL_LIMIT
from pipeline.intake.page_pixels import (
    NEAR,
    BadPage,
    PageImage,
    Pixels,
    decoded,
    group_4,
    made,
    seen,
    whole_page,
)
from pipeline.intake.pdf_picture import (
    FORMS_DEEP,
    MissingImage,
    drawn_images,
    has_images,
    is_masked,
    kept_picture,
    unpacked_size,
)

LOOK_DPI, ALIKE = 30, 16  # at which a page is compared with its pictures, and levels that they may differ by
DRAWN_PIXELS = 35_000_000  # of a page that is no single picture: A3 at 400 dpi
LOWEST_DPI, USUAL_DPI, HIGHEST_DPI = 150, 200, 400  # at which a page that is no single picture is drawn
HIGHEST_BILEVEL_DPI = 600  # if all there is on it is black or white
UNPACKED = {"FlateDecode", "LZWDecode", "RunLengthDecode", "ASCII85Decode", "ASCIIHexDecode"}
GREYS = (pdfium_c.FPDF_COLORSPACE_DEVICEGRAY, pdfium_c.FPDF_COLORSPACE_CALGRAY)
INVISIBLE = (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP)
UNSEEN_NOTES = (pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP)
# By how many quarter turns clockwise, and whether mirrored before that, a picture lies that has such a matrix.
LYING: dict[tuple[int, ...], tuple[int, bool]] = {
    (1, 0, 0, 1): (0, False),
    (0, -1, 1, 0): (1, False),
    (-1, 0, 0, -1): (2, False),
    (0, 1, -1, 0): (3, False),
    (-1, 0, 0, 1): (0, True),
    (0, 1, 1, 0): (1, True),
    (1, 0, 0, -1): (2, True),
    (0, -1, -1, 0): (3, True),
}


@dataclass(frozen=True, slots=True)
class _Placed:
    """An image of a page: pdfium's, the file's (None for one within the content), where it lies on the page."""

    image: Any
    stream: pikepdf.Stream | None
    matrix: pdfium.PdfMatrix

    @property
    def dpi(self) -> float:
        """Its resolution, the finer of both ways."""
        a, b, c, d = self.matrix.get()[:4]
        columns, rows = self.image.get_px_size()
        return float(max(columns / max(hypot(a, b), 1), rows / max(hypot(c, d), 1)) * 72)

    @property
    def plain(self) -> bool:
        """Whether the page shows it as it is, and not what the file makes of it."""
        changed = ("/Decode", "/DecodeParms")
        return self.stream is not None and not any(key in self.stream for key in changed)

    def is_as_said(self, pixels: Pixels) -> bool:
        """Whether it has the size and colours in itself that the file says it has."""
        colours = 1 if pixels.ndim == 2 else pixels.shape[2]
        return bool(pixels.shape[1::-1] == self.image.get_px_size() and self.bits == 8 * colours)

    @property
    def bits(self) -> int:
        """Bits a pixel."""
        return int(self.image.get_metadata().bits_per_pixel)

    @property
    def stencil(self) -> bool:
        """Whether it is a stencil: what is set is painted, in the page's colour."""
        return self.bits == 1 and self.image.get_metadata().colorspace == pdfium_c.FPDF_COLORSPACE_UNKNOWN

    @property
    def is_jpeg(self) -> bool:
        return bool(self.image.get_filters(skip_simple=True) == ["DCTDecode"])

    def picture(self) -> Image.Image:
        """It as pdfium has it. Raises BadPage."""
        try:
            picture: Image.Image = self.image.get_bitmap().to_pil()
        except pdfium.PdfiumError:
            raise BadPage("a picture that cannot be drawn") from None
        return picture

    @property
    def masked(self) -> bool:
        """Whether it does not cover what is under it."""
        said = self.stream is not None and is_masked(self.stream)
        return said or bool(pdfium_c.FPDFPageObj_HasTransparency(self.image))

    @property
    def hideable(self) -> bool:
        """Whether it may be there and not be seen: in a form, clipped, or in a layer that can be switched off."""
        clipped = pdfium_c.FPDFClipPath_CountPaths(pdfium_c.FPDFPageObj_GetClipPath(self.image)) > 0
        layered = self.stream is not None and "/OC" in self.stream
        return self.image.container is not None or clipped or layered

    def kept(self) -> Picture | None:
        return None if self.stream is None else kept_picture(self.stream)


def page_of(document: pdfium.PdfDocument, file: pikepdf.Pdf | None, index: int) -> PageImage:
    """The page of that 0-based index, of a document that pdfium has open, and qpdf too, if it can.

    Raises BadPage, and whatever the libraries raise over damaged pages.
    """
    streams, unit, expected = _known(file, index)
    page = document[index]
    try:
        images, covered, bare = _objects(page)
        if not images and bare and expected:
            raise BadPage("nothing to be seen where a picture should be")
        for one in images:
            columns, rows = one.image.get_px_size()
            if columns * rows > PIXEL_LIMIT:
                raise BadPage("too many pixels")
        if streams is not None and len(images) == len(streams):
            images = [replace(one, stream=stream) for one, stream in zip(images, streams, strict=True)]
        found = _only(page, images[0], unit) if len(images) == 1 and not covered else None
        if found is None:
            for one in images:
                _checked(one)
            plain = bare and images and not any(one.hideable for one in images)
            found = _side_by_side(page, images, unit) if plain else None
        if found is None or (images[0].hideable and not _is_shown(page, found)):
            return _as_drawn(page, images, unit)
        return found
    finally:
        page.close()


def _is_shown(page: pdfium.PdfPage, found: PageImage) -> bool:
    """Whether the page looks like its pictures."""
    seen = np.asarray(drawn(page, LOOK_DPI)[0].convert("L"), np.float32)
    upright = np.rot90(found.pixels, -found.turn)
    grey = upright if upright.ndim == 2 else upright.mean(axis=2)
    small = cv2.resize(np.ascontiguousarray(grey, np.float32), seen.shape[::-1], interpolation=cv2.INTER_AREA)
    return bool(np.abs(small - seen).mean() < ALIKE)


def _known(file: pikepdf.Pdf | None, index: int) -> tuple[list[pikepdf.Stream | None] | None, float, bool]:
    """The images a page draws, in order, None where qpdf cannot tell; how many points its unit is; whether there
    should be something to be seen on it.
    """
    try:
        if file is None:
            return None, 1, True
        page = file.pages[index]
        return drawn_images(page), max(float(page.obj.get("/UserUnit", 1)), 0) or 1, has_images(page)
    except MissingImage as missing:
        raise BadPage(f"{missing} is missing") from None
    except (pikepdf.PdfError, IndexError):
        return None, 1, True


def drawn(page: pdfium.PdfPage, dpi: float) -> tuple[Image.Image, float]:
    """The page as a picture, and its resolution: less than `dpi` if it is large."""
    wide, high = page.get_size()
    dpi = min(dpi, 72 * (DRAWN_PIXELS / max(wide * high, 1)) ** 0.5)
    return page.render(scale=dpi / 72).to_pil(), dpi


def _objects(page: pdfium.PdfPage) -> tuple[list[_Placed], bool, bool]:
    """A page's images; whether anything that shows is painted after the first; whether nothing else shows at all."""
    images: list[_Placed] = []
    covered, bare = False, True
    for one in page.get_objects(max_depth=FORMS_DEEP + 1):
        if one.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            matrix, around = one.get_matrix(), one.container
            while around is not None:
                matrix, around = matrix.multiply(around.get_matrix()), around.container
            images.append(_Placed(one, None, matrix))
        elif one.type != pdfium_c.FPDF_PAGEOBJ_FORM and _shows(one):
            bare = False
            covered = covered or bool(images)
    return (images, True, False) if _is_annotated(page) else (images, covered, bare)


def _is_annotated(page: pdfium.PdfPage) -> bool:
    """Whether stamps or notes are on the page, which are drawn over all else."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        note = pdfium_c.FPDFPage_GetAnnot(page, index)
        kind = pdfium_c.FPDFAnnot_GetSubtype(note)
        pdfium_c.FPDFPage_CloseAnnot(note)
        if kind not in UNSEEN_NOTES:
            return True
    return False


def _shows(one: Any) -> bool:
    if one.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
        return pdfium_c.FPDFTextObj_GetTextRenderMode(one) not in INVISIBLE
    if one.type == pdfium_c.FPDF_PAGEOBJ_PATH:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium_c.FPDFPath_GetDrawMode(one, fill, stroke)
        return bool(fill.value or stroke.value)
    return True


def _frame(page: pdfium.PdfPage) -> tuple[float, float, float, float]:
    """What of the page is shown, in its own frame: left, bottom, width, height, in points."""
    left, bottom, right, top = page.get_cropbox()
    media = page.get_mediabox()
    left, bottom = max(left, media[0]), max(bottom, media[1])
    return left, bottom, min(right, media[2]) - left, min(top, media[3]) - bottom


def _only(page: pdfium.PdfPage, one: _Placed, unit: float) -> PageImage | None:
    """The page as its only picture is, if that fills it and can be kept."""
    lying = _lying(page, one)
    if lying is None or one.masked:
        return None
    turn, mirrored, across, down = lying

    def whole(pixels: Pixels, kept: Picture) -> PageImage:
        dpi = (pixels.shape[1] / across * 72 / unit, pixels.shape[0] / down * 72 / unit)
        return whole_page(pixels, kept, dpi, turn, mirrored)

    kept = one.kept()
    if one.is_jpeg:
        found = decoded(kept.data if kept else bytes(one.image.get_data(decode_simple=True)))
        if found is None or not one.is_as_said(found[0]):
            kept = None
        elif kept is not None and one.plain:
            return whole(found[0], kept)
    picture = _checked(one) or one.picture()
    bilevel = _bilevel(one, picture)
    if bilevel is not None:
        return whole(np.array(bilevel.convert("L")), kept or group_4(bilevel))
    if one.stencil:  # in a colour
        return None
    pixels = _bitmap(one, picture)
    return whole(pixels, kept or made(Image.fromarray(pixels), 1).pictures[0])


def _lying(page: pdfium.PdfPage, one: _Placed) -> tuple[int, bool, float, float] | None:
    """How the picture lies: quarter turns, mirrored, how many points across and down; None if it does not fill it."""
    left, bottom, wide, high = _frame(page)
    a, b, c, d, e, f = one.matrix.get()
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    if max(abs(min(xs) - left), abs(max(xs) - left - wide)) > NEAR * wide:
        return None
    if max(abs(min(ys) - bottom), abs(max(ys) - bottom - high)) > NEAR * high:
        return None
    size = (hypot(a, c), hypot(b, d), hypot(a, c), hypot(b, d))
    signs = tuple(
        0 if abs(side) < 0.01 * scale else 1 if side > 0 else -1
        for side, scale in zip((a, b, c, d), size, strict=True)
    )
    lying = LYING.get(signs)
    if lying is None:
        return None
    return (lying[0] + page.get_rotation() // 90) % 4, lying[1], hypot(a, b), hypot(c, d)


def _side_by_side(page: pdfium.PdfPage, images: Sequence[_Placed], unit: float) -> PageImage | None:
    """The page of plain pictures, each kept as it is, where it lies; None if one cannot be."""
    kept: list[Picture] = []
    for one in images:
        picture = None if one.stencil or one.masked else one.kept()
        if picture is None:
            return None
        kept.append(replace(picture, place=_share(page, one.matrix)))
    image, dpi = _looked_at(page, images)
    return PageImage(seen(image), tuple(kept), dpi / unit, 0)


def _share(page: pdfium.PdfPage, matrix: pdfium.PdfMatrix) -> Matrix:
    """Where an image lies on the upright page, in shares of that."""
    left, bottom, wide, high = _frame(page)
    placed = matrix.translate(-left, -bottom).scale(1 / wide, 1 / high)
    upright = {0: (1, 0, 0, 1, 0, 0), 1: (0, -1, 1, 0, 0, 1), 2: (-1, 0, 0, -1, 1, 1), 3: (0, 1, -1, 0, 1, 0)}
    a, b, c, d, e, f = placed.multiply(pdfium.PdfMatrix(*upright[page.get_rotation() // 90])).get()
    return a, b, c, d, e, f


def _as_drawn(page: pdfium.PdfPage, images: Sequence[_Placed], unit: float) -> PageImage:
    image, dpi = _looked_at(page, images)
    return made(image, dpi / unit)


def _looked_at(page: pdfium.PdfPage, images: Sequence[_Placed]) -> tuple[Image.Image, float]:
    """The page as a picture: in black and white if there is nothing else on it, else grey or in colours."""
    finest = max((one.dpi for one in images), default=USUAL_DPI)
    if _is_bilevel(page, images):
        image, dpi = drawn(page, min(max(finest, LOWEST_DPI), HIGHEST_BILEVEL_DPI))
        return image.convert("L").point(lambda value: 255 * (value > 127)).convert("1"), dpi
    image, dpi = drawn(page, min(max(finest, LOWEST_DPI), HIGHEST_DPI))
    return image.convert("RGB"), dpi


def _is_bilevel(page: pdfium.PdfPage, images: Sequence[_Placed]) -> bool:
    """Whether there is nothing on the page but pictures in black and white."""
    _, _, bare = _objects(page)
    return (
        bare
        and bool(images)
        and all(one.bits == 1 and _bilevel(one, one.picture()) is not None for one in images)
    )


def _bitmap(one: _Placed, picture: Image.Image) -> Pixels:
    """A picture's pixels as the page shows them, grey or red, green and blue."""
    pixels = np.array(picture.convert("RGB"))
    if one.image.get_metadata().colorspace in GREYS:
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def _bilevel(one: _Placed, picture: Image.Image) -> Image.Image | None:
    """A picture of one bit a pixel, black and white as the page shows it; None for any other."""
    if one.bits != 1:
        return None
    picture = picture.convert("RGB")
    if one.stencil:  # what is set is painted
        paint = [ctypes.c_uint() for _ in range(4)]
        pdfium_c.FPDFPageObj_GetFillColor(one.image, *paint)
        if [colour.value for colour in paint] != [0, 0, 0, 255]:
            return None
        picture = ImageOps.invert(picture)
    if not {colour for _, colour in picture.getcolors(2) or [(0, None)]} <= {(0, 0, 0), (255, 255, 255)}:
        return None
    return picture.convert("1", dither=Image.Dither.NONE)


def _checked(one: _Placed) -> Image.Image | None:
    """A picture as pdfium has it, None for a JPEG. Raises BadPage unless all of it is there.

    pdfium leaves white or black what it cannot decode.
    """
    if one.is_jpeg:
        decoded(bytes(one.image.get_data(decode_simple=True)))
        return None
    picture = one.picture()
    if set(one.image.get_filters()) <= UNPACKED:
        wanted = None if one.stream is None else unpacked_size(one.stream)
        if wanted is not None and len(one.image.get_data(decode_simple=True)) < wanted:
            raise BadPage("a picture that ends early")
    return picture
