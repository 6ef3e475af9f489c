"""Rendering layouts: marker documents through LibreOffice, markers read by colour and taken out."""

import ctypes
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from archive.errors import LayoutFaulty
from pipeline import libreoffice, page_code
from pipeline.compile_template import compile_template
from pipeline.fill import Compiled, Slot, blank_of
from pipeline.layout import (
    MM,
    RISE,
    BoxPlace,
    FieldPlace,
    Layout,
    Line,
    SheetPlaces,
    Variant,
    geometry_faults,
    make_layout,
)
from pipeline.pdf import HEIGHT, POINTS
from pipeline.template import Template

GUARD = "国"  # a full-width character: a blank of n em is n of them
CALL = 40  # documents a LibreOffice call: one that hangs costs no more than these
SECONDS = 60.0  # a call's limit, and this much again for every ten documents
FRAME_GAP = 0.6  # mm a box's frame stands outside it
_TEXT = frozenset(("Tj", "TJ", "'", '"'))
_PAINT = {"rg": 3, "RG": 3}


@dataclass(frozen=True, slots=True)
class _Marker:
    slot: Slot
    key: str


@dataclass(frozen=True, slots=True)
class _Char:
    left: float
    right: float
    baseline: float
    size: float
    font: str


def render(requests: Sequence[tuple[Template, Variant]]) -> Iterator[Layout]:
    """The layouts of template variants, in order, rendered together in as few calls as possible.

    Raises LibreOfficeMissing, ConversionFailed, or LayoutFaulty naming the template and what to change.
    """
    for start in range(0, len(requests), CALL):
        chunk = requests[start : start + CALL]
        with tempfile.TemporaryDirectory(prefix="huyue-layout-", ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch)
            documents, markers = [], []
            for number, (template, variant) in enumerate(chunk):
                data, found = _marker_document(compile_template(template), variant)
                documents.append(folder / f"{number:04d}.docx")
                documents[-1].write_bytes(data)
                markers.append(found)
            pdfs = libreoffice.to_pdf(documents, folder, seconds=SECONDS * (1 + len(chunk) / 10))
            for (template, variant), found, pdf in zip(chunk, markers, pdfs, strict=True):
                yield _read_layout(template, variant, found, pdf.read_bytes())


def _marker_document(compiled: Compiled, variant: Variant) -> tuple[bytes, list[_Marker]]:
    """The variant with every blank full of guards in a colour of its own; the marker of each colour."""
    markers: list[_Marker] = []
    numbers: dict[tuple[int, int], int] = {}
    widths = dict(variant.widths)

    def paint(slot: Slot, row: int) -> tuple[str, str]:
        number = numbers.get((id(slot), row))
        if number is None:
            number = numbers[id(slot), row] = len(markers)
            markers.append(_Marker(slot, slot.key.format(row)))
        marker = markers[number]
        text = GUARD
        if slot.kind == "field":
            width = widths.get(marker.key, blank_of(compiled.manifest, slot).width)
            text = GUARD * max(1, int(width / (slot.size * MM)))
        red, green, blue = _colour(number)
        return f'<w:color w:val="{red:02X}{green:02X}{blue:02X}"/>', text

    data = compiled.render(variant.clauses, dict(variant.counts), paint)
    return data, markers


def _colour(number: int) -> tuple[int, int, int]:
    """A colour that no office document has, another for every number below 48,400."""
    return 241, 17 + number // 220, 19 + number % 220


def _number(red: int, green: int, blue: int, count: int) -> int | None:
    number = (green - 17) * 220 + blue - 19
    return number if red == 241 and 0 <= number < count and 0 <= blue - 19 < 220 else None


def _read_layout(template: Template, variant: Variant, markers: Sequence[_Marker], pdf: bytes) -> Layout:
    compiled = compile_template(template)
    pages = _find_markers(pdf, len(markers))
    sheets = [_sheet(compiled, markers, found) for found in pages]
    seen = {number for found in pages for number in found}
    faults = [
        f"标记“{markers[number].key}”没有排出来，请检查它所在的格子是否放得下。"
        for number in sorted(set(range(len(markers))) - seen)
    ]
    faults += geometry_faults(
        sheets, BoxPlace("", "code", False, page_code.LEFT, page_code.TOP, page_code.SIDE, page_code.SIDE)
    )
    if faults:
        raise LayoutFaulty(title=template.manifest.title, detail="".join(faults[:5]))
    background = _background(pdf, len(markers), sheets)
    return make_layout(
        variant.key(template.sha256),
        template.manifest.name,
        template.manifest.version,
        tuple(sheets),
        background,
    )


def _find_markers(pdf: bytes, count: int) -> list[dict[int, list[_Char]]]:
    """For every page, the guard characters of each marker, by their fill colour."""
    document = pdfium.PdfDocument(pdf)
    try:
        return [_markers_of(page, count) for page in document]
    finally:
        document.close()


def _markers_of(page: pdfium.PdfPage, count: int) -> dict[int, list[_Char]]:
    text, height = page.get_textpage(), page.get_height()
    found: dict[int, list[_Char]] = {}
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    x, y = ctypes.c_double(), ctypes.c_double()
    box = pdfium_c.FS_RECTF()
    name, flags = ctypes.create_string_buffer(200), ctypes.c_int()
    for index in range(text.count_chars()):
        if pdfium_c.FPDFText_GetUnicode(text, index) != ord(GUARD):
            continue
        pdfium_c.FPDFText_GetFillColor(text, index, red, green, blue, alpha)
        number = _number(red.value, green.value, blue.value, count)
        if number is None:
            continue
        pdfium_c.FPDFText_GetCharOrigin(text, index, x, y)
        pdfium_c.FPDFText_GetLooseCharBox(text, index, box)
        pdfium_c.FPDFText_GetFontInfo(text, index, name, len(name), flags)
        size = pdfium_c.FPDFText_GetFontSize(text, index)
        char = _Char(
            x.value * MM,
            (x.value + size) * MM,
            (height - y.value) * MM,
            size,
            name.value.decode("ascii", "replace"),
        )
        found.setdefault(number, []).append(char)
    text.close()
    return found


def _sheet(compiled: Compiled, markers: Sequence[_Marker], found: Mapping[int, list[_Char]]) -> SheetPlaces:
    boxes, fields = [], []
    for number in sorted(found):
        marker, chars = markers[number], found[number]
        first = chars[0]
        if marker.slot.kind == "box":
            box = compiled.manifest.boxes[marker.slot.name]
            top = first.baseline - RISE * first.size * MM
            boxes.append(
                BoxPlace(
                    marker.slot.name,
                    box.kind,
                    box.required,
                    round(first.left, 2),
                    round(top, 2),
                    box.w,
                    box.h,
                )
            )
        else:
            lines = tuple(_lines(chars))
            fields.append(
                FieldPlace(marker.key, _style(first.font), round(first.size, 2), not marker.slot.alone, lines)
            )
    return SheetPlaces(tuple(boxes), tuple(fields))


def _lines(chars: Sequence[_Char]) -> Iterator[Line]:
    """The guards of one blank, a line for each baseline."""
    start = 0
    for index in range(1, len(chars) + 1):
        if index == len(chars) or abs(chars[index].baseline - chars[start].baseline) > 1:
            left, right = chars[start].left, chars[index - 1].right
            yield Line(round(left, 2), round(chars[start].baseline, 2), round(right - left, 2))
            start = index


def _style(font: str) -> str:
    if any(part in font for part in ("Kai", "kai")):
        return "kai"
    return "hei" if any(part in font for part in ("Sans", "Hei", "hei")) else "song"


def _background(pdf: bytes, count: int, sheets: Sequence[SheetPlaces]) -> bytes:
    """The rendered pages without their markers, with a thin frame around every box."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for page, sheet in zip(document.pages, sheets, strict=True):
            kept = _without_markers(page, count)
            page.Contents = document.make_stream(kept + _frames(sheet.boxes))
        out = io.BytesIO()
        document.remove_unreferenced_resources()
        document.save(out, deterministic_id=True)
        return out.getvalue()


def _without_markers(page: pikepdf.Page, count: int) -> bytes:
    """The page's content without text in marker colours; lines in them (underlines) become black."""
    kept: list[Any] = []
    fill_is_marker, saved = False, []
    for instruction in pikepdf.parse_content_stream(page):
        operands: list[Any] = list(instruction.operands)
        operator = instruction.operator
        name = str(operator)
        if name == "q":
            saved.append(fill_is_marker)
        elif name == "Q":
            fill_is_marker = saved.pop() if saved else False
        elif name in _PAINT:
            red, green, blue = (round(float(value) * 255) for value in operands)
            marker = _number(red, green, blue, count) is not None
            if name == "rg":
                fill_is_marker = marker
            if marker:
                operands = [0, 0, 0]
        elif name in ("g", "k", "sc", "scn", "cs"):
            fill_is_marker = False
        elif name in _TEXT and fill_is_marker:
            continue
        kept.append((operands, operator))
    return pikepdf.unparse_content_stream(kept)


def _frames(boxes: Sequence[BoxPlace]) -> bytes:
    parts = [b"\nq 0.4 w 0.55 G"]
    for box in boxes:
        x, y = (box.x - FRAME_GAP) * POINTS, HEIGHT - (box.y + box.h + FRAME_GAP) * POINTS
        w, h = (box.w + 2 * FRAME_GAP) * POINTS, (box.h + 2 * FRAME_GAP) * POINTS
        parts.append(b"%.2f %.2f %.2f %.2f re S" % (x, y, w, h))
    return b"\n".join([*parts, b"Q\n"])
