"""The font programs that a PDF embeds, read for what a checker asks: which glyphs there are, how wide, whether empty.

Widths are in thousandths of the font size. Reference: Adobe Technical Notes 5176 (CFF) and 5177 (Type 2
charstrings), Adobe Type 1 Font Format; TrueType is read by HarfBuzz.
"""

import re
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import uharfbuzz as hb

MOVES = {1: 0, 3: 0, 18: 0, 23: 0, 19: 0, 20: 0, 21: 2, 4: 1, 22: 1}  # operator: its own operands (0: pairs)


class Program(Protocol):
    """A font program; a glyph is its number in the program, 0 is .notdef."""

    def glyph(self, code: int) -> int | None:
        """The glyph of a character code or a CID, as the kind of font has it; None where there is none."""

    def width(self, glyph: int) -> float: ...

    def empty(self, glyph: int) -> bool:
        """Whether nothing is drawn."""


class TrueType:
    """A TrueType file: a code is a glyph, or is looked up in the table for (1, 0), as a symbolic font's are."""

    def __init__(self, data: bytes, symbolic: bool = False) -> None:
        self.face = hb.Face(hb.Blob(data), 0)
        self.font = hb.Font(self.face)
        self.tables = self.face.table_tags
        self.map = _mac_map(self.face.reference_table("cmap").data) if symbolic else None

    def glyph(self, code: int) -> int | None:
        found = code if self.map is None else self.map.get(code)
        return found if found is not None and found < self.face.glyph_count else None

    def width(self, glyph: int) -> float:
        return float(self.font.get_glyph_h_advance(glyph) * 1000 / self.face.upem)

    def empty(self, glyph: int) -> bool:
        extents = self.font.get_glyph_extents(glyph)
        return extents is None or not (extents.width and extents.height)


def _mac_map(cmap: bytes) -> dict[int, int]:
    """Codes and glyphs of the subtable (1, 0), of format 0 or 6."""
    for at in range(4, 4 + 8 * int.from_bytes(cmap[2:4], "big"), 8):
        platform, encoding, start = struct.unpack(">HHI", cmap[at : at + 8])
        if (platform, encoding) != (1, 0):
            continue
        form = int.from_bytes(cmap[start : start + 2], "big")
        if form == 0:
            return dict(enumerate(cmap[start + 6 : start + 262]))
        if form == 6:
            first, count = struct.unpack(">HH", cmap[start + 6 : start + 10])
            return dict(
                enumerate(struct.unpack(f">{count}H", cmap[start + 10 : start + 10 + 2 * count]), first)
            )
    return {}


class Cff:
    """A bare CFF table. If it is CID-keyed a code is a CID, else the glyph's number."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        _, at = _index(data, data[2])
        tops, at = _index(data, at)
        _, at = _index(data, at)
        self.global_subrs, _ = _index(data, at)
        top = _dict(tops[0])
        self.charstrings, _ = _index(data, int(top[17][0]))
        self.cid_keyed = (12, 30) in top
        if self.cid_keyed:
            dicts, _ = _index(data, int(top[12, 36][0]))
            self.privates = [self._private(_dict(one)) for one in dicts]
            self.of_glyph = self._selected(int(top[12, 37][0]))
            cids = self._charset(int(top[15][0]))
            self.glyphs = {cid: glyph for glyph, cid in enumerate(cids)}
        else:
            self.privates, self.of_glyph = [self._private(top)], [0] * len(self.charstrings)
            self.glyphs = {glyph: glyph for glyph in range(len(self.charstrings))}

    def glyph(self, code: int) -> int | None:
        return self.glyphs.get(code)

    def width(self, glyph: int) -> float:
        private = self.privates[self.of_glyph[glyph]]
        found = _Type2(private.subrs, self.global_subrs).stated(self.charstrings[glyph])
        return private.default if found is None else private.nominal + found

    def empty(self, glyph: int) -> bool:
        scan = _Type2(self.privates[self.of_glyph[glyph]].subrs, self.global_subrs)
        scan.stated(self.charstrings[glyph])
        return scan.stopped_at == 14  # endchar comes first

    def _private(self, entries: "dict[int | tuple[int, int], list[float]]") -> "_Private":
        size, start = (int(value) for value in entries[18])
        private = _dict(self.data[start : start + size])
        subrs = _index(self.data, start + int(private[19][0]))[0] if 19 in private else []
        return _Private(private.get(20, [0.0])[0], private.get(21, [0.0])[0], subrs)

    def _selected(self, at: int) -> list[int]:
        count = len(self.charstrings)
        if self.data[at] == 0:
            return list(self.data[at + 1 : at + 1 + count])
        ranges = int.from_bytes(self.data[at + 1 : at + 3], "big")
        rows = [struct.unpack(">HB", self.data[at + 3 + 3 * n : at + 6 + 3 * n]) for n in range(ranges)]
        end = int.from_bytes(self.data[at + 3 + 3 * ranges : at + 5 + 3 * ranges], "big")
        firsts = [first for first, _ in rows] + [end]
        return [
            number for (first, number), last in zip(rows, firsts[1:], strict=True) for _ in range(first, last)
        ]

    def _charset(self, at: int) -> list[int]:
        kind, at, found, count = self.data[at], at + 1, [0], len(self.charstrings)
        while len(found) < count:
            first = int.from_bytes(self.data[at : at + 2], "big")
            more = int.from_bytes(self.data[at + 2 : at + 2 + kind], "big")
            found += range(first, first + more + 1)
            at += 2 + kind
        return found


@dataclass(frozen=True, slots=True)
class _Private:
    default: float
    nominal: float
    subrs: list[bytes]


def _index(data: bytes, at: int) -> tuple[list[bytes], int]:
    """The items of an INDEX, and where it ends."""
    count = int.from_bytes(data[at : at + 2], "big")
    if not count:
        return [], at + 2
    size, first = data[at + 2], at + 3
    offsets = [
        int.from_bytes(data[first + size * n : first + size * (n + 1)], "big") for n in range(count + 1)
    ]
    base = first + size * (count + 1) - 1
    return [data[base + a : base + b] for a, b in pairwise(offsets)], base + offsets[-1]


def _dict(data: bytes) -> dict[int | tuple[int, int], list[float]]:
    found: dict[int | tuple[int, int], list[float]] = {}
    operands: list[float] = []
    at = 0
    while at < len(data):
        byte = data[at]
        if byte <= 21:
            key: int | tuple[int, int] = (12, data[at + 1]) if byte == 12 else byte
            at += 2 if byte == 12 else 1
            found[key], operands = operands, []
        elif byte == 30:
            digits = ""
            while "f" not in digits:
                at += 1
                digits += f"{data[at]:02x}"
            text = (
                digits.partition("f")[0]
                .replace("a", ".")
                .replace("c", "E-")
                .replace("b", "E")
                .replace("e", "-")
            )
            operands.append(float(text))
            at += 1
        elif byte in (28, 29):
            size = 2 if byte == 28 else 4
            operands.append(int.from_bytes(data[at + 1 : at + 1 + size], "big", signed=True))
            at += 1 + size
        else:
            value, at = _small(data, at)
            operands.append(value)
    return found


def _small(data: bytes, at: int) -> tuple[float, int]:
    """A number of one or two bytes (32 to 254), and where the next thing begins."""
    byte = data[at]
    if byte <= 246:
        return byte - 139, at + 1
    sign, base = (1, 247) if byte <= 250 else (-1, 251)
    return sign * ((byte - base) * 256 + data[at + 1] + 108), at + 2


class _Type2:
    """Reads a charstring as far as its first operator that clears the stack: there its width stands."""

    def __init__(self, subrs: list[bytes], global_subrs: list[bytes]) -> None:
        self.subrs, self.global_subrs = subrs, global_subrs
        self.stack: list[float] = []
        self.stopped_at: int | None = None

    def stated(self, code: bytes) -> float | None:
        """The width as it stands there, less the nominal one; None: the default width."""
        self._run(code)
        stack = self.stack
        if self.stopped_at is None:
            raise ValueError("a charstring without an end")
        if self.stopped_at == 14:
            return stack[0] if len(stack) in (1, 5) else None
        own = MOVES[self.stopped_at]
        surplus = len(stack) > own if own else len(stack) % 2 == 1
        return stack[0] if surplus else None

    def _run(self, code: bytes) -> None:
        at = 0
        while at < len(code) and self.stopped_at is None:
            byte = code[at]
            if byte == 28 or byte == 255:
                size, scale = (2, 1) if byte == 28 else (4, 65536)
                self.stack.append(int.from_bytes(code[at + 1 : at + 1 + size], "big", signed=True) / scale)
                at += 1 + size
            elif byte >= 32:
                value, at = _small(code, at)
                self.stack.append(value)
            elif byte in (10, 29):
                subrs = self.subrs if byte == 10 else self.global_subrs
                bias = 107 if len(subrs) < 1240 else 1131 if len(subrs) < 33900 else 32768
                self._run(subrs[int(self.stack.pop()) + bias])
                at += 1
            elif byte == 11:
                return
            elif byte == 14 or byte in MOVES:
                self.stopped_at = byte
            else:
                raise ValueError(f"operator {byte} before the width")


class Type1:
    """A Type 1 program with its own encoding; its charstrings begin with `sbx wx hsbw`."""

    def __init__(self, data: bytes) -> None:
        clear, _, secret = data.partition(b"eexec")
        private = _decrypted(secret.lstrip(b" \t\r\n"), 55665, 4)
        skipped = re.search(rb"/lenIV (\d+)", private)
        lead = int(skipped[1]) if skipped else 4
        self.names: list[bytes] = [b".notdef"]
        self.charstrings: dict[bytes, bytes] = {}
        start = private.index(b"/CharStrings")
        while row := re.compile(rb"/(\S+) (\d+) (?:RD|-\|) ").search(private, start):
            start = row.end() + int(row[2])
            self.charstrings[row[1]] = _decrypted(private[row.end() : start], 4330, lead)
            if row[1] != b".notdef":
                self.names.append(row[1])
        self.encoding = {int(code): name for code, name in re.findall(rb"dup (\d+) ?/(\S+) put", clear)}

    def glyph(self, code: int) -> int | None:
        name = self.encoding.get(code, b".notdef")
        return self.names.index(name) if name in self.names else None

    def _operands(self, glyph: int) -> tuple[list[float], bytes]:
        """The numbers at the beginning of a charstring, and what follows them."""
        code, numbers, at = self.charstrings[self.names[glyph]], [], 0
        while code[at] >= 32:
            if code[at] == 255:
                numbers.append(float(int.from_bytes(code[at + 1 : at + 5], "big", signed=True)))
                at += 5
            else:
                value, at = _small(code, at)
                numbers.append(value)
        return numbers, code[at:]

    def width(self, glyph: int) -> float:
        return self._operands(glyph)[0][1]

    def empty(self, glyph: int) -> bool:
        return self._operands(glyph)[1][:2] == b"\x0d\x0e"  # hsbw, endchar


def _decrypted(data: bytes, key: int, lead: int) -> bytes:
    out = bytearray()
    for byte in data:
        out.append(byte ^ key >> 8)
        key = (byte + key) * 52845 + 22719 & 0xFFFF
    return bytes(out[lead:])
