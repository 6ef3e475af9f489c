"""A small PDF in memory: objects as they come, each kept once, and around them what makes it a PDF/A-2u.

The same objects give the same bytes: there is no time in the file, and its /ID is a hash of its content.
Reference: ISO 32000-1, 7.5; ISO 19005-2.
"""

import hashlib
from functools import cache
from typing import Any

import deflate
import pikepdf

from archive.pdfa import PRODUCER, metadata, srgb_profile

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
CATALOG, TREE = 1, 2  # numbers of the first two objects
LEVEL = 6  # of compression
SMALL = 1 << 16  # bytes of an object that may well be there already
_LEFT_OUT = ("/Length", "/Interpolate")  # of streams that are copied; PDF/A allows no interpolation


def packed(data: bytes) -> bytes:
    """The data as /FlateDecode unpacks them."""
    return bytes(deflate.zlib_compress(data, LEVEL))


class PdfFile:
    """Collects objects and pages; `finish` gives the file."""

    def __init__(self) -> None:
        self._parts = [HEADER]
        self._offsets = [0, 0, 0]  # of the table's own first row, of CATALOG and TREE
        self._position = len(HEADER)
        self._known: dict[bytes, int] = {}
        self._pages: list[int] = []

    def object(self, body: bytes) -> int:
        """Write an object, if there is none like it; its number."""
        known = self._known.get(body)
        if known is None:
            known = self._known[body] = len(self._offsets)
            self._offsets.append(0)
            self._write(known, body)
        return known

    def stream(self, entries: bytes, data: bytes) -> int:
        """Write a stream of these dictionary entries; its number."""
        head = b"<<%b/Length %d>>\nstream\n" % (entries, len(data))
        if len(data) < SMALL:
            return self.object(b"%b%b\nendstream" % (head, data))
        number = len(self._offsets)
        self._offsets.append(0)
        self._write(number, head, data, b"\nendstream")
        return number

    def page(self, entries: bytes) -> None:
        """Append a page."""
        self._pages.append(len(self._offsets))
        self._offsets.append(0)
        self._write(self._pages[-1], b"<</Type/Page/Parent %d 0 R%b>>" % (TREE, entries))

    def copied_page(self, page: pikepdf.Page) -> None:
        """Append a page of another file, which stays open, as it is."""
        self.page(self._entries(page.obj, ("/Type", "/Parent")))

    def finish(self, title: str) -> bytes:
        """The file."""
        kids = b" ".join(b"%d 0 R" % number for number in self._pages)
        self._write(TREE, b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(self._pages), kids))
        xmp = self.stream(b"/Type/Metadata/Subtype/XML", metadata(title))
        profile = self.stream(b"/N 3/Filter/FlateDecode", _packed_profile())
        self._write(
            CATALOG,
            b"<</Type/Catalog/Pages %d 0 R/Lang(zh-CN)/Metadata %d 0 R/ViewerPreferences<</DisplayDocTitle true>>"
            b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB)"
            b"/DestOutputProfile %d 0 R>>]>>" % (TREE, xmp, profile),
        )
        title_text = b"<FEFF%b>" % title.encode("utf-16-be").hex().encode() if title else b"()"
        info = self.object(b"<</Title %b/Producer(%b)>>" % (title_text, PRODUCER.encode()))
        digest = hashlib.sha256()
        for part in self._parts:
            digest.update(part)
        identity, start = digest.hexdigest()[:32].encode(), self._position
        rows = b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets[1:])
        trailer = (len(self._offsets), CATALOG, info, identity, identity, start)
        self._parts += [
            b"xref\n0 %d\n0000000000 65535 f \n" % len(self._offsets),
            rows,
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n" % trailer,
        ]
        return b"".join(self._parts)

    def _write(self, number: int, *body: bytes) -> None:
        self._offsets[number] = self._position
        parts = (b"%d 0 obj\n" % number, *body, b"\nendobj\n")
        self._parts += parts
        self._position += sum(map(len, parts))

    def _copied(self, value: Any) -> bytes:
        """A value of another file as PDF text; the objects it refers to are written."""
        if isinstance(value, pikepdf.Stream):
            return b"%d 0 R" % self.stream(self._entries(value, _LEFT_OUT), value.read_raw_bytes())
        if isinstance(value, pikepdf.Dictionary):
            body = b"<<%b>>" % self._entries(value, ())
        elif isinstance(value, pikepdf.Array):
            body = b"[%b]" % b" ".join(self._copied(item) for item in value)
        else:
            return value.unparse() if isinstance(value, pikepdf.Object) else _scalar(value)
        return b"%d 0 R" % self.object(body) if value.is_indirect else body

    def _entries(self, owner: pikepdf.Object, left_out: tuple[str, ...]) -> bytes:
        return b"".join(
            b"%b %b" % (pikepdf.Name(key).unparse(), self._copied(value))
            for key, value in owner.items()
            if key not in left_out
        )


def _scalar(value: Any) -> bytes:
    """What pikepdf gives as a value of Python's."""
    return pikepdf.Array([value]).unparse().strip(b"[ ]")


@cache
def _packed_profile() -> bytes:
    return packed(srgb_profile())
