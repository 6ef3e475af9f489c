"""Where every field and box of a template lies on its sheets, read from LibreOffice's own rendering.

Each blank is filled with marker characters in a colour of its own; the page is rendered once per variant
(optional clauses, numbers of rows), the markers are found by their colour and taken out again, and what is
left is the background that every contract of the variant is printed on. Places are millimetres from the
sheet's top left corner.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

MM = 25.4 / 72  # a point in mm
RISE = 0.88  # of the font size: from the baseline to the top of a character's square
TOUCH = 1.0  # mm that a blank may reach into a box, or another blank
TITLE = "版面"  # of a background as a PDF
CODE_VERSION = 2  # raise it when what a layout says changes; cached layouts are then made anew


Rectangle = tuple[float, float, float, float]  # left, top, width, height in mm


class Line(msgspec.Struct, frozen=True):
    """One line of a blank: left end, baseline and width."""

    x: float
    baseline: float
    width: float


class FieldPlace(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a field's value is printed: its lines, font style (song, kai, hei) and size in points.

    `name` is the field's, of a repeated row `members.1.name`. A value stands `centred` in its blank, at its
    `right` end, else at its left. `cut`: a page's end cuts the blank in two, and this is one part of it.
    """

    name: str
    style: str
    size: float
    centred: bool
    lines: tuple[Line, ...]
    right: bool = False
    cut: bool = False

    def rectangle(self) -> Rectangle:
        """x, y, w, h around all lines, a font size high each."""
        height = self.size * MM
        left = min(line.x for line in self.lines)
        right = max(line.x + line.width for line in self.lines)
        top = min(line.baseline for line in self.lines) - RISE * height
        bottom = max(line.baseline for line in self.lines) + (1 - RISE) * height
        return round(left, 2), round(top, 2), round(right - left, 2), round(bottom - top, 2)

    def line_rectangles(self) -> list[Rectangle]:
        """x, y, w, h of each line, a font size high."""
        height = self.size * MM
        return [(line.x, line.baseline - RISE * height, line.width, height) for line in self.lines]


class BoxPlace(msgspec.Struct, frozen=True):
    """Where a box lies, and what it is for; as print.json has it."""

    name: str
    kind: str
    required: bool
    x: float
    y: float
    w: float
    h: float


class SheetPlaces(msgspec.Struct, frozen=True):
    """What lies on one sheet."""

    boxes: tuple[BoxPlace, ...]
    fields: tuple[FieldPlace, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """What makes one layout of a template differ from another.

    `counts`: rows of each list; `widths`: blanks made wider for a value that does not fit, in mm, by key.
    """

    clauses: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    widths: tuple[tuple[str, int], ...] = ()

    def key(self, template_sha256: str) -> str:
        """What the layout is cached under: whatever it depends on."""
        parts = [CODE_VERSION, template_sha256, self.clauses, self.counts, self.widths]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


class Layout(msgspec.Struct, frozen=True):
    """The layout of one template version and variant.

    `background` is a PDF with a page for each sheet: all that is printed but values and codes. `id` is what
    page codes carry: the first six characters of the base32 SHA-256 of the geometry.
    """

    id: str
    key: str
    template: str
    template_version: str
    sheets: tuple[SheetPlaces, ...]
    background: bytes

    def geometry(self) -> bytes:
        """Canonical JSON of everything but the background."""
        return msgspec.json.encode([self.key, self.template, self.template_version, self.sheets])

    def print_json(self) -> dict[str, object]:
        """The layout as print.json has it (docs/interfaces.md)."""
        sheets = [
            {
                "boxes": [msgspec.to_builtins(box) for box in sheet.boxes],
                "fields": [
                    dict(zip("xywh", field.rectangle(), strict=True)) | {"name": field.name}
                    for field in sheet.fields
                ],
            }
            for sheet in self.sheets
        ]
        return {"template": self.template, "template_version": self.template_version, "sheets": sheets}


def restore(geometry: bytes, background: bytes) -> Layout:
    """The layout whose `geometry()` and background these are."""
    key, template, version, sheets = msgspec.json.decode(
        geometry, type=tuple[str, str, str, tuple[SheetPlaces, ...]]
    )
    return make_layout(key, template, version, sheets, background)


def make_layout(
    key: str, template: str, version: str, sheets: tuple[SheetPlaces, ...], background: bytes
) -> Layout:
    """A layout with the id that its geometry gives it."""
    layout = Layout("", key, template, version, sheets, background)
    digest = hashlib.sha256(layout.geometry()).digest()
    return msgspec.structs.replace(layout, id=base64.b32encode(digest).decode()[:6])


def overlaps(rectangles: Iterable[Rectangle], place: Rectangle) -> bool:
    """Whether one of the rectangles lies over a place; one that only touches it does not."""
    x, y, w, h = place
    return any(
        min(x + w, left + wide) - max(x, left) > TOUCH and min(y + h, top + high) - max(y, top) > TOUCH
        for left, top, wide, high in rectangles
    )


def box_gap(one: BoxPlace, other: BoxPlace) -> float:
    """The distance between two boxes, in mm; 0 where they touch or overlap."""
    across = max(one.x - (other.x + other.w), other.x - (one.x + one.w), 0)
    down = max(one.y - (other.y + other.h), other.y - (one.y + one.h), 0)
    return float((across**2 + down**2) ** 0.5)


def geometry_faults(sheets: Sequence[SheetPlaces], code: BoxPlace, labels: Mapping[str, str]) -> list[str]:
    """What is wrong with where boxes lie, in Chinese, boxes called by their labels; `code` is the black square.

    The rules are those of docs/interfaces.md, "Print batch" and "Page code".
    """
    faults: list[str] = []
    for number, sheet in enumerate(sheets, 1):
        for index, box in enumerate(sheet.boxes):
            place = f"第 {number} 页的框“{labels[box.name]}”"
            if box.x < 5 or box.y < 5 or box.x + box.w > 205:
                faults.append(f"{place}离纸边不到 5 毫米，请往里移。")
            if box.y + box.h > 250:
                faults.append(
                    f"{place}低于 250 毫米处（到了 {box.y + box.h:.0f} 毫米），请往上移或缩短前面的文字。"
                )
            if box_gap(box, code) < 25:
                faults.append(f"{place}离右上角的页码标识不到 25 毫米，请往下移。")
            for other in sheet.boxes[index + 1 :]:
                least = 8 if "seal" in (box.kind, other.kind) else 4
                if box_gap(box, other) < least:
                    faults.append(f"{place}与框“{labels[other.name]}”相距不到 {least} 毫米，请分开一些。")
    return faults
