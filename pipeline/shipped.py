"""What ships with the program so that the stock templates print without LibreOffice: their layouts, and glyphs.

The layouts are those that pipeline.render_layout makes, of every variant up to MEMBERS rows; a test renders them
again and compares. The faces hold the glyphs of those layouts alone, for machines where they are not installed.
`make layouts` makes the file anew.
"""

import io
import lzma
from collections.abc import Mapping
from functools import cache
from itertools import combinations
from pathlib import Path

import msgspec
import pikepdf

from pipeline import fonts
from pipeline.fonts import Face
from pipeline.layout import TITLE, Layout, Variant, restore
from pipeline.pdf import PdfWriter
from pipeline.template import Template

FILE = Path(__file__).parent / "data" / "stock_layouts.xz"
MEMBERS = 40  # rows of the table of members: a larger household's contract is laid out where LibreOffice is


class ShippedSheet(msgspec.Struct, frozen=True, array_like=True):
    """A page of a background: its content in pieces, its fields, the characters of each face's glyphs."""

    pieces: tuple[bytes, ...]
    fields: str
    glyphs: dict[str, dict[int, str]]


class ShippedLayout(msgspec.Struct, frozen=True, array_like=True):
    """A layout: its geometry as the catalogue keeps it, and its background's pages."""

    geometry: bytes
    sheets: tuple[ShippedSheet, ...]


class ShippedFace(msgspec.Struct, frozen=True, array_like=True):
    """A face's PostScript name, the glyphs it has here, and its font file."""

    name: str
    glyphs: tuple[int, ...]
    file: bytes


class Shipped(msgspec.Struct, frozen=True, array_like=True):
    """The whole file: layouts by key, faces by id."""

    layouts: dict[str, ShippedLayout]
    faces: dict[str, ShippedFace]


def shipped_layout(key: str) -> Layout | None:
    """The layout that ships under a key, None where none does."""
    found = _shipped().layouts.get(key)
    return None if found is None else restore(found.geometry, _background(found))


def ships(template: Template) -> bool:
    """Whether the layouts of this version of a template ship."""
    least = Variant((), tuple((name, 1) for name in template.manifest.rows))
    return least.key(template.sha256) in _shipped().layouts


def shipped_face(face_id: str, glyphs: Mapping[int, str]) -> Face | None:
    """The face that ships under an id, None where none does or it lacks one of the glyphs."""
    found = _shipped().faces.get(face_id)
    return _face(face_id) if found is not None and glyphs.keys() <= set(found.glyphs) else None


def shipped_variants(template: Template) -> list[Variant]:
    """The variants of a stock template whose layouts ship: any clauses, every number of rows up to MEMBERS."""
    names = tuple(template.manifest.clauses)
    clauses = [chosen for size in range(len(names) + 1) for chosen in combinations(names, size)]
    rows = tuple(template.manifest.rows)
    counts = [tuple((name, count) for name in rows) for count in range(1, MEMBERS + 1)] if rows else [()]
    return [Variant(chosen, count) for chosen in clauses for count in counts]


def _background(layout: ShippedLayout) -> bytes:
    """The background as it was when it was rendered."""
    out = io.BytesIO()
    writer = PdfWriter(out, TITLE)
    with pikepdf.new() as nothing:
        for sheet in layout.sheets:
            for face_id, glyphs in sheet.glyphs.items():
                writer.use(fonts.by_id(face_id) or _face(face_id), glyphs)
            writer.background_page(sheet.pieces, {}, nothing, sheet.fields)
        writer.close()
    return out.getvalue()


@cache
def _face(face_id: str) -> Face:
    found = _shipped().faces[face_id]
    return fonts.from_file(found.file, found.name, face_id)


@cache
def _shipped() -> Shipped:
    if not FILE.is_file():
        return Shipped({}, {})
    return msgspec.msgpack.decode(lzma.decompress(FILE.read_bytes()), type=Shipped)
