"""The smallest TrueType font that PDF readers take: every character an em-wide box.

It is for text that is not drawn (text rendering mode 3) but can be searched, marked and copied; the box is
there because readers take a character without extent for none. Tables as a PDF's CIDFontType2 needs them
(ISO 32000-1, 9.9; OpenType 1.9).
"""

import struct
from functools import cache

UNITS = 1000  # per em
BOX = (0, -120, UNITS, 880)  # left, bottom, right, top of a character


@cache
def box_font() -> bytes:
    """The font file: glyph 0 for what is missing, glyph 1 for every character."""
    left, bottom, right, top = BOX
    across = (left, right - left, 0, left - right)  # each point from the one before
    up = (bottom, 0, top - bottom, 0)
    glyph = struct.pack(">hhhhhHH4B4h4h", 1, *BOX, 3, 0, 1, 1, 1, 1, *across, *up)
    glyph += b"\0" * (-len(glyph) % 2)
    head = struct.pack(
        ">IIIIHHQQhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, UNITS, 0, 0, *BOX, 0, 8, 2, 0, 0
    )
    tables = {
        b"glyf": glyph * 2,
        b"head": head,
        b"hhea": struct.pack(
            ">IhhhHhhhhhhQhH", 0x10000, top, bottom, 0, UNITS, 0, 0, UNITS, 1, 0, 0, 0, 0, 2
        ),
        b"hmtx": struct.pack(">HhHh", UNITS, 0, UNITS, 0),
        b"loca": struct.pack(">HHH", 0, len(glyph) // 2, len(glyph)),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, 2, 4, 1, 0, 0, 1, *([0] * 8)),
    }
    data = _font_file(tables)
    adjustment = (0xB1B0AFBA - _checksum(data)) & 0xFFFFFFFF
    tables[b"head"] = head[:8] + struct.pack(">I", adjustment) + head[12:]
    return _font_file(tables, head)


def _font_file(tables: dict[bytes, bytes], head: bytes = b"") -> bytes:
    """The tables with their directory; `head` is the one whose checksum counts (its adjustment is 0)."""
    count = len(tables)
    directory = struct.pack(">IHHHH", 0x10000, count, 64, 2, count * 16 - 64)
    offset, body = 12 + 16 * count, b""
    for tag, data in tables.items():
        padded = data + b"\0" * (-len(data) % 4)
        counted = head if tag == b"head" and head else data
        directory += struct.pack(">4sIII", tag, _checksum(counted), offset + len(body), len(data))
        body += padded
    return directory + body


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (-len(data) % 4)
    total: int = sum(struct.unpack(f">{len(padded) // 4}I", padded))
    return total & 0xFFFFFFFF
