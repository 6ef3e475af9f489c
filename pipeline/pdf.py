"""A small streaming PDF writer for print batches: pages in order, shared backgrounds, text that reads back.

Objects go to the file as they are made, so that a batch of any size needs the memory of a page; fonts are
subset and written at the end, when the glyphs used are known. The same input gives the same bytes: there
is no time in the file and its /ID is a hash of its content. Places are millimetres from the sheet's top
left corner. Reference: ISO 32000-1.
"""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

import pikepdf

from archive.errors import GlyphMissing
from archive.to_unicode import to_unicode
from pipeline import fonts
from pipeline.fonts import Face

POINTS = 72 / 25.4  # a millimetre in points
HEIGHT = 841.89  # A4, in points
A4_BOX = b"[0 0 595.276 841.89]"


@dataclass(slots=True)
class _UsedFace:
    face: Face
    number: int
    glyphs: dict[int, str] = field(default_factory=dict)


class PdfWriter:
    """Writes one PDF to `file`; call `close` to finish it."""

    def __init__(self, file: BinaryIO, title: str) -> None:
        self._file, self._title = file, title
        self._offsets: list[int] = [0]
        self._pages: list[int] = []
        self._faces: dict[tuple[str, int], _UsedFace] = {}
        self._codes: dict[str, dict[str, tuple[int, bytes]]] = {}
        self._position, self._digest = 0, hashlib.sha256()
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._catalog, self._tree, self._fonts = self._reserve(), self._reserve(), self._reserve()

    @property
    def pages(self) -> int:
        """How many pages there are so far."""
        return len(self._pages)

    def form_objects(self, pdf: pikepdf.Pdf) -> list[int]:
        """Take the pages of another PDF as form objects that pages share; their object numbers, in order."""
        copied: dict[tuple[int, int], int] = {}
        return [self._form(page, copied) for page in pdf.pages]

    def bitmap(self, width: int, height: int, rows: bytes) -> int:
        """A black and white picture: a bit a pixel, rows padded to bytes, 1 is paper; its object number."""
        head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 1/ColorSpace/DeviceGray"
        return self._stream(head % (width, height), rows)

    def place(self, name: str, x: float, y: float, w: float, h: float) -> bytes:
        """Content that draws the page's image object `name` into a rectangle."""
        bottom = HEIGHT - (y + h) * POINTS
        matrix = (w * POINTS, h * POINTS, x * POINTS, bottom, name.encode())
        return b"q %.3f 0 0 %.3f %.3f %.3f cm/%b Do Q\n" % matrix

    def text(
        self, style: str, size: float, x: float, baseline: float, words: str, squeeze: float = 1
    ) -> bytes:
        """Content that writes `words`: font size in points, `squeeze` the horizontal scale (1 is natural).

        Each character comes from the first face of the style that has it; the caller has checked that one
        does (`fonts.missing`).
        """
        place = (100 * squeeze, x * POINTS, HEIGHT - baseline * POINTS)
        parts = [b"BT %.2f Tz 1 0 0 1 %.3f %.3f Tm" % place]
        known = self._codes.setdefault(style, {})
        current = -1
        for character in words:
            code = known.get(character)
            if code is None:
                code = known[character] = self._code(style, character)
            face, glyph = code
            if face != current:
                parts.append((b"" if current < 0 else b">Tj") + b"/F%d %.2f Tf<" % (face, size))
                current = face
            parts.append(glyph)
        return b"".join(parts) + (b">Tj ET\n" if words else b" ET\n")

    def page(self, content: bytes, objects: Mapping[str, int]) -> int:
        """Append an A4 page whose content draws `objects` by name; returns its 1-based number."""
        drawn = b"".join(b"/%b %d 0 R" % (name.encode(), number) for name, number in objects.items())
        stream = self._stream(b"/Filter/FlateDecode", zlib.compress(content, 6))
        head = b"<</Type/Page/Parent %d 0 R/MediaBox %b/Contents %d 0 R/Resources<</Font %d 0 R/XObject<<%b>>>>>>"
        self._pages.append(self._object(head % (self._tree, A4_BOX, stream, self._fonts, drawn)))
        return len(self._pages)

    def close(self) -> None:
        """Write fonts, page tree and cross-references; `file` itself stays open."""
        names = [b"/F%d %d 0 R" % (used.number, self._font(used)) for used in self._faces.values()]
        self._object(b"<<" + b"".join(names) + b">>", self._fonts)
        kids = b" ".join(b"%d 0 R" % number for number in self._pages)
        self._object(b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(self._pages), kids), self._tree)
        self._object(b"<</Type/Catalog/Pages %d 0 R/Lang(zh-CN)>>" % self._tree, self._catalog)
        title = pikepdf.String(self._title).unparse()
        info = self._object(b"<</Title %b/Producer(huyue)>>" % title)
        start, identity = self._position, self._digest.hexdigest()[:32].encode()
        rows = b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets[1:])
        self._write(b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(self._offsets), rows))
        trailer = (len(self._offsets), self._catalog, info, identity, identity, start)
        self._write(
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n" % trailer
        )

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._position += len(data)

    def _reserve(self) -> int:
        self._offsets.append(0)
        return len(self._offsets) - 1

    def _object(self, body: bytes, number: int | None = None) -> int:
        number = self._reserve() if number is None else number
        self._offsets[number] = self._position
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        return number

    def _stream(self, entries: bytes, data: bytes, number: int | None = None) -> int:
        return self._object(b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries, len(data), data), number)

    def _form(self, page: pikepdf.Page, copied: dict[tuple[int, int], int]) -> int:
        resources = self._copy(page.obj.get("/Resources", pikepdf.Dictionary()), copied)
        page.contents_coalesce()
        data = zlib.compress(page.obj.Contents.read_bytes(), 9)
        head = b"/Type/XObject/Subtype/Form/BBox %b/Filter/FlateDecode/Resources %b"
        return self._stream(head % (A4_BOX, resources), data)

    def _copy(self, value: Any, copied: dict[tuple[int, int], int]) -> bytes:
        """`value` as PDF text; the indirect objects it refers to are written under new numbers."""
        if not isinstance(value, pikepdf.Object):
            return _scalar(value)
        if not value.is_indirect:
            return self._copy_direct(value, copied)
        known = copied.get(value.objgen)
        if known is None:
            known = copied[value.objgen] = self._reserve()
            if isinstance(value, pikepdf.Stream):
                entries = {key: item for key, item in value.items() if key != "/Length"}
                self._stream(self._entries(entries, copied), value.read_raw_bytes(), known)
            else:
                self._object(self._copy_direct(value, copied), known)
        return b"%d 0 R" % known

    def _copy_direct(self, value: pikepdf.Object, copied: dict[tuple[int, int], int]) -> bytes:
        if isinstance(value, pikepdf.Dictionary):
            return b"<<%b>>" % self._entries(dict(value.items()), copied)
        if isinstance(value, pikepdf.Array):
            return b"[%b]" % b" ".join(self._copy(item, copied) for item in value)
        return value.unparse()

    def _entries(self, items: Mapping[str, Any], copied: dict[tuple[int, int], int]) -> bytes:
        return b"".join(
            b"%b %b" % (pikepdf.Name(key).unparse(), self._copy(item, copied)) for key, item in items.items()
        )

    def _code(self, style: str, character: str) -> tuple[int, bytes]:
        """The number of the face a character is printed with, and its glyph in hexadecimal."""
        found = fonts.find(style, character)
        if found is None:
            raise GlyphMissing(character=character)
        face, glyph = found
        used = self._faces.get(face.key)
        if used is None:
            used = self._faces[face.key] = _UsedFace(face, len(self._faces))
        used.glyphs.setdefault(glyph, character)
        return used.number, b"%04X" % glyph

    def _font(self, used: _UsedFace) -> int:
        """Embed a face's subset as a composite font (Identity-H: a code is a glyph's number)."""
        subset, glyphs = used.face.subset(used.glyphs), sorted(used.glyphs)
        name = b"/%b" % _subset_name(used.face.postscript_name, glyphs)
        if used.face.is_cff:
            kind, entry, extra = b"CIDFontType0", b"FontFile3", b"/Subtype/CIDFontType0C"
            data = bytes(subset.reference_table("CFF ").data)
        else:
            kind, entry, data = b"CIDFontType2", b"FontFile2", bytes(subset.blob.data)
            extra = b"/Length1 %d" % len(data)
        program = self._stream(b"/Filter/FlateDecode" + extra, zlib.compress(data, 6))
        descriptor = self._object(
            b"<</Type/FontDescriptor/FontName%b/Flags 4/FontBBox[-200 -300 1200 1000]/ItalicAngle 0"
            b"/Ascent 880/Descent -120/CapHeight 700/StemV 80/%b %d 0 R>>" % (name, entry, program)
        )
        widths = b" ".join(b"%d[%.5g]" % (glyph, used.face.advance(glyph)) for glyph in glyphs)
        to_glyph = b"" if used.face.is_cff else b"/CIDToGIDMap/Identity"
        descendant = self._object(
            b"<</Type/Font/Subtype/%b/BaseFont%b/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
            b"/FontDescriptor %d 0 R/DW 1000/W[%b]%b>>" % (kind, name, descriptor, widths, to_glyph)
        )
        unicode_map = self._stream(b"/Filter/FlateDecode", zlib.compress(to_unicode(used.glyphs), 6))
        return self._object(
            b"<</Type/Font/Subtype/Type0/BaseFont%b/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
            % (name, descendant, unicode_map)
        )


def _scalar(value: object) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int | Decimal):
        return str(value).encode()
    return b"null"


def _subset_name(postscript_name: str, glyphs: list[int]) -> bytes:
    tag = int.from_bytes(hashlib.sha256(repr(glyphs).encode()).digest()[:8], "big")
    letters = "".join(chr(65 + tag // 26**place % 26) for place in range(6))
    return f"{letters}+{postscript_name}".encode("ascii", "replace")
