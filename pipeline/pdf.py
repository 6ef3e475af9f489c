"""A small streaming PDF writer for print batches: pages in order, shared backgrounds, text that reads back.

Objects go to the file as they are made, so that a batch of any size needs the memory of a page; fonts are
subset and written at the end, when the glyphs used are known, each once. What it writes is PDF/A-2u: the same
input gives the same bytes, there is no time in the file and its /ID is a hash of its content. Places are
millimetres from the sheet's top left corner. Reference: ISO 32000-1, ISO 19005-2.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

import deflate
import pikepdf

from archive.pdfa import PRODUCER, metadata, srgb_profile
from archive.to_unicode import to_unicode
from pipeline import fonts
from pipeline.errors import GlyphMissing
from pipeline.fonts import Face

POINTS = 72 / 25.4  # a millimetre in points
WIDTH, HEIGHT = 595.276, 841.89  # A4, in points
A4_BOX = b"[0 0 595.276 841.89]"
A3_BOX = b"[0 0 1190.552 841.89]"  # lying
NODE = 256  # pages under one node of the page tree
LEVEL = 6  # of compression


@dataclass(slots=True)
class _UsedFace:
    """A face and its glyphs so far; `number` is its short name's in what `text` writes, -1 before that."""

    face: Face
    number: int = -1
    glyphs: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """Content that several pages draw: deflated, and what it draws with.

    `faces` are the glyphs of each face with their characters; `own` are resources of another PDF, `source`.
    """

    content: bytes
    faces: Mapping[Face, Mapping[int, str]]
    own: Mapping[str, Any]
    source: pikepdf.Pdf


def rule(y: float, weight: float, left: float, right: float) -> bytes:
    """Content that draws a line across the sheet, `weight` points thick."""
    level = HEIGHT - y * POINTS
    return b"%.2f w %.2f %.2f m %.2f %.2f l S\n" % (weight, left * POINTS, level, right * POINTS, level)


def square(left: float, bottom: float, side: float, weight: float) -> bytes:
    """Content that draws the frame of a square, its corner and side in mm, its line `weight` points thick."""
    at = left * POINTS, HEIGHT - bottom * POINTS, side * POINTS, side * POINTS
    return b"q %g w %.2f %.2f %.2f %.2f re S Q\n" % (weight, *at)


class PdfWriter:
    """Writes one PDF to `file`; call `close` to finish it."""

    def __init__(self, file: BinaryIO, title: str) -> None:
        self._file, self._title = file, title
        self._offsets: list[int] = [0]
        self._nodes: list[tuple[int, list[int]]] = []
        self._pages = 0
        self._faces: dict[str, _UsedFace] = {}
        self._codes: dict[str, dict[str, tuple[int, bytes]]] = {}
        self._taken: dict[int, Mapping[Face, Mapping[int, str]]] = {}
        self._copied: dict[pikepdf.Pdf, dict[tuple[int, int], int]] = {}
        self._position, self._digest = 0, hashlib.sha256()
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._catalog, self._tree, self._fonts = self._reserve(), self._reserve(), self._reserve()

    @property
    def pages(self) -> int:
        """How many pages there are so far."""
        return self._pages

    def form(self, form: Form) -> int:
        """Write content that pages share, once; its object number, to be drawn by `Do`."""
        if id(form.faces) not in self._taken:  # a sheet's pieces share theirs
            self._taken[id(form.faces)] = form.faces
            for face, glyphs in form.faces.items():
                self.use(face, glyphs)
        head = b"/Type/XObject/Subtype/Form/BBox %b/Filter/FlateDecode/Resources<<%b>>"
        return self._stream(head % (A4_BOX, self._resources(form.own, form.source)), form.content)

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
        parts = [b"BT %.4g Tz " % (100 * squeeze) if squeeze != 1 else b"BT "]
        known = self._codes.setdefault(style, {})
        current = -1
        for character in words:
            code = known.get(character)
            if code is None:
                code = known[character] = self._code(style, character)
            face, glyph = code
            if face != current:
                if current < 0:
                    parts.append(
                        b"/F%d %.5g Tf %.6g %.6g Td<" % (face, size, x * POINTS, HEIGHT - baseline * POINTS)
                    )
                else:
                    parts.append(b">Tj/F%d %.5g Tf<" % (face, size))
                current = face
            parts.append(glyph)
        parts.append(b">Tj ET\n" if current >= 0 else b"ET\n")
        if squeeze != 1:
            return b"q " + b"".join(parts) + b"Q\n"
        return b"".join(parts)

    def use(self, face: Face, glyphs: Mapping[int, str]) -> bytes:
        """Take glyphs of a face, with the characters they stand for, into the file; its resource's name."""
        used = self._faces.get(face.id)
        if used is None:
            used = self._faces[face.id] = _UsedFace(face)
        for glyph, character in glyphs.items():
            used.glyphs.setdefault(glyph, character)
        return b"/" + face.id.encode("ascii")

    def page(self, content: bytes, objects: Mapping[str, int], box: bytes = b"") -> int:
        """Append a page whose content draws `objects` by name; returns its 1-based number. A4 if no `box`."""
        stream = self._stream(b"/Filter/FlateDecode", deflate.zlib_compress(content, LEVEL))
        drawn = b"".join(b"/%b %d 0 R" % (name.encode(), number) for name, number in objects.items())
        return self._page(b"%d 0 R" % stream, b"/Font %d 0 R/XObject<<%b>>" % (self._fonts, drawn), box)

    def background_page(
        self, pieces: Iterable[bytes], own: Mapping[str, Any], source: pikepdf.Pdf, fields: str
    ) -> int:
        """Append a page of content in pieces, each complete in itself, with resources of another PDF.

        `fields` is kept with the page for whoever reads the background (pipeline/background.py).
        """
        numbers = [
            self._stream(b"/Filter/FlateDecode", deflate.zlib_compress(piece, LEVEL)) for piece in pieces
        ]
        contents = b"[%b]" % b" ".join(b"%d 0 R" % number for number in numbers)
        kept = b"/HuyueFields " + pikepdf.String(fields).unparse()
        return self._page(contents, self._resources(own, source), b"", kept)

    def close(self) -> None:
        """Write fonts, page tree, metadata and cross-references; `file` itself stays open."""
        names = []
        for face_id, used in sorted(self._faces.items()):
            number = self._font(used)
            names.append(b"/%b %d 0 R" % (face_id.encode("ascii"), number))
            if used.number >= 0:
                names.append(b"/F%d %d 0 R" % (used.number, number))
        self._object(b"<<" + b"".join(names) + b">>", self._fonts)
        for node, kids in self._nodes:
            listed = b" ".join(b"%d 0 R" % number for number in kids)
            body = b"<</Type/Pages/Parent %d 0 R/Count %d/Kids[%b]>>" % (self._tree, len(kids), listed)
            self._object(body, node)
        nodes = b" ".join(b"%d 0 R" % node for node, _ in self._nodes)
        self._object(
            b"<</Type/Pages/Count %d/Kids[%b]/MediaBox %b>>" % (self._pages, nodes, A4_BOX), self._tree
        )
        xmp = self._stream(b"/Type/Metadata/Subtype/XML", metadata(self._title))
        profile = self._stream(b"/N 3/Filter/FlateDecode", deflate.zlib_compress(srgb_profile(), LEVEL))
        self._object(
            b"<</Type/Catalog/Pages %d 0 R/Lang(zh-CN)/Metadata %d 0 R/ViewerPreferences<</DisplayDocTitle true>>"
            b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB)"
            b"/DestOutputProfile %d 0 R>>]>>" % (self._tree, xmp, profile),
            self._catalog,
        )
        title = pikepdf.String(self._title).unparse()
        info = self._object(b"<</Title %b/Producer(%b)>>" % (title, PRODUCER.encode()))
        start, identity = self._position, self._digest.hexdigest()[:32].encode()
        rows = b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets[1:])
        self._write(b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(self._offsets), rows))
        trailer = (len(self._offsets), self._catalog, info, identity, identity, start)
        self._write(
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n" % trailer
        )

    def _resources(self, own: Mapping[str, Any], source: pikepdf.Pdf) -> bytes:
        """Another PDF's resources; its fonts, if it brings any, in place of the file's."""
        entries = self._entries(own, self._copied.setdefault(source, {}))
        return entries if "/Font" in own else entries + b"/Font %d 0 R" % self._fonts

    def _page(self, contents: bytes, resources: bytes, box: bytes, more: bytes = b"") -> int:
        if self._pages % NODE == 0:
            self._nodes.append((self._reserve(), []))
        node, kids = self._nodes[-1]
        media = b"/MediaBox %b" % box if box else b""
        body = b"<</Type/Page/Parent %d 0 R%b/Contents %b/Resources<<%b>>%b>>"
        kids.append(self._object(body % (node, media, contents, resources, more)))
        self._pages += 1
        return self._pages

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

    def _stream(self, entries: bytes, data: bytes | bytearray, number: int | None = None) -> int:
        head = b"<<%b/Length %d>>\nstream\n" % (entries, len(data))
        return self._object(head + data + b"\nendstream", number)

    def _copy(self, value: Any, copied: dict[tuple[int, int], int]) -> bytes:
        """`value` as PDF text; the indirect objects it refers to are written under new numbers, once."""
        if not isinstance(value, pikepdf.Object):
            return _scalar(value)
        if not value.is_indirect:
            return self._copy_direct(value, copied)
        known = copied.get(value.objgen)
        if known is None:
            known = copied[value.objgen] = self._reserve()
            if isinstance(value, pikepdf.Stream):
                left_out = ("/Length", "/Interpolate")  # PDF/A allows no interpolation
                entries = {key: item for key, item in value.items() if key not in left_out}
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
        found = fonts.style(style).find(character)
        if found is None:
            raise GlyphMissing(character=character)
        face, glyph, _ = found
        self.use(face, {glyph: character})
        used = self._faces[face.id]
        if used.number < 0:
            used.number = sum(other.number >= 0 for other in self._faces.values())
        return used.number, b"%04X" % glyph

    def _font(self, used: _UsedFace) -> int:
        """Embed a face's subset as a composite font (Identity-H: a code is a glyph's number)."""
        data, glyphs = used.face.program(used.glyphs), sorted(used.glyphs)
        name = _subset_name(used.face.postscript_name, glyphs)
        if used.face.is_cff:
            kind, entry, extra = b"CIDFontType0", b"FontFile3", b"/Subtype/CIDFontType0C"
        else:
            kind, entry = b"CIDFontType2", b"FontFile2"
            extra = b"/Length1 %d" % len(data)
        program = self._stream(b"/Filter/FlateDecode" + extra, deflate.zlib_compress(data, LEVEL))
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
        unicode_map = self._stream(
            b"/Filter/FlateDecode", deflate.zlib_compress(to_unicode(used.glyphs), LEVEL)
        )
        return self._object(
            b"<</Type/Font/Subtype/Type0/BaseFont%b/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
            % (name, descendant, unicode_map)
        )


def _scalar(value: object) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, Decimal):
        return f"{value:f}".encode()  # a PDF has no exponents
    if isinstance(value, int):
        return b"%d" % value
    return b"null"


def _subset_name(postscript_name: str, glyphs: list[int]) -> bytes:
    """A subset's name as a PDF name; some fonts' names have spaces or Chinese in them."""
    tag = int.from_bytes(hashlib.sha256(repr(glyphs).encode()).digest()[:8], "big")
    letters = "".join(chr(65 + tag // 26**place % 26) for place in range(6))
    return pikepdf.Name(f"/{letters}+{postscript_name}").unparse()
