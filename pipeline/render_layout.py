"""Rendering layouts: marker documents through LibreOffice, markers read by colour and taken out."""

import ctypes
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from pipeline import libreoffice, page_code
from pipeline.background import make_background
from pipeline.compile_template import compile_template
from pipeline.errors import ConversionFailed, LayoutFaulty
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
from pipeline.template import DOCUMENT, Template

GUARD = "国"  # a full-width character: a blank of n em is n of them
TICK = "□"  # a box to tick, as the .docx has it: it stays on the page as text that is not drawn
CALL = 40  # documents a LibreOffice call: one that hangs costs no more than these
SECONDS = 60.0  # a call's limit, and this much again for every ten documents
FRAME_GAP = 0.6  # mm a box's frame stands outside it


@dataclass(frozen=True, slots=True)
class _Marker:
    slot: Slot
    key: str
    guards: int  # how many a whole blank has


@dataclass(frozen=True, slots=True)
class _Char:
    left: float
    right: float
    baseline: float
    size: float
    font: str


def render(requests: Sequence[tuple[Template, Variant]]) -> Iterator[Layout]:
    """The layouts of template variants, in order, rendered together in as few calls as possible.

    Raises LibreOfficeMissing, or LayoutFaulty naming the template and what to change.
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
            try:
                pdfs = libreoffice.to_pdf(documents, folder, seconds=SECONDS * (1 + len(chunk) / 10))
            except ConversionFailed as problem:
                guilty = [one.name for one in documents].index(Path(problem.file or "").name)
                detail = problem.message.replace(problem.file or DOCUMENT, DOCUMENT)  # not our copy of it
                raise LayoutFaulty(title=chunk[guilty][0].manifest.title, detail=detail) from None
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
            key, guards = slot.key.format(row), 1
            if slot.kind == "field":
                width = widths.get(key, blank_of(compiled.manifest, slot).width)
                guards = max(1, int(width / (slot.size * MM)))
            markers.append(_Marker(slot, key, guards))
        red, green, blue = _colour(number)
        text = TICK if _is_tick(compiled, slot) else GUARD * markers[number].guards
        return f'<w:color w:val="{red:02X}{green:02X}{blue:02X}"/>', text

    data = compiled.render(variant.clauses, dict(variant.counts), paint)
    return data, markers


def _is_tick(compiled: Compiled, slot: Slot) -> bool:
    return slot.kind == "box" and compiled.manifest.boxes[slot.name].kind == "tick"


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
        f"标记 {_shown(compiled, markers[number].slot)} 没有排出来，请检查它所在的格子是否放得下，"
        "有没有设成隐藏、空心、阴影、阳文、阴文。"
        for number in sorted(set(range(len(markers))) - seen)
    ]
    faults += geometry_faults(
        sheets,
        BoxPlace("", "code", False, page_code.LEFT, page_code.TOP, page_code.SIDE, page_code.SIDE),
        {name: box.label for name, box in template.manifest.boxes.items()},
    )
    if faults:
        raise LayoutFaulty(title=template.manifest.title, detail="".join(faults[:5]))
    places = [_field_places(markers, found) for found in pages]
    background = make_background(
        pdf,
        lambda red, green, blue: _number(
            round(red * 255), round(green * 255), round(blue * 255), len(markers)
        ),
        places,
        {number for number, marker in enumerate(markers) if _is_tick(compiled, marker.slot)},
        [_frames(sheet.boxes) for sheet in sheets],
    )
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
        if pdfium_c.FPDFText_GetUnicode(text, index) not in (ord(GUARD), ord(TICK)):
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
            alone, align = marker.slot.alone, marker.slot.align
            fields.append(
                FieldPlace(
                    name=marker.key,
                    style=_style(first.font),
                    size=round(first.size, 2),
                    centred=not alone or align == "center",
                    lines=tuple(_lines(chars)),
                    right=alone and align == "right",
                    cut=len(chars) < marker.guards,
                )
            )
    return SheetPlaces(tuple(boxes), tuple(fields))


def _shown(compiled: Compiled, slot: Slot) -> str:
    """The mark as it stands in the document."""
    if slot.kind == "box":
        return f"{{{{框:{compiled.manifest.boxes[slot.name].label}}}}}"
    return f"{{{{{blank_of(compiled.manifest, slot).label}}}}}"


def _field_places(markers: Sequence[_Marker], found: Mapping[int, list[_Char]]) -> dict[int, int]:
    """The place among the sheet's fields of each field's marker, in the order of `_sheet`."""
    fields = [number for number in sorted(found) if markers[number].slot.kind == "field"]
    return {number: place for place, number in enumerate(fields)}


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


def _frames(boxes: Sequence[BoxPlace]) -> bytes:
    """Content that draws a thin frame around every box."""
    parts = [b"\nq 0.4 w 0.55 G"]
    for box in boxes:
        x, y = (box.x - FRAME_GAP) * POINTS, HEIGHT - (box.y + box.h + FRAME_GAP) * POINTS
        w, h = (box.w + 2 * FRAME_GAP) * POINTS, (box.h + 2 * FRAME_GAP) * POINTS
        parts.append(b"%.2f %.2f %.2f %.2f re S" % (x, y, w, h))
    return b"\n".join([*parts, b"Q\n"])
