"""A .docx as bytes, where most members never change: their zip records are made once and copied.

Written by hand (PKWARE's APPNOTE, 4.3), as zipfile would compress and date every member again for every
contract. Always deflate, 1980-01-01, no attributes: the same parts give the same bytes on any machine.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import deflate

LEVEL = 6  # of libdeflate: a tenth smaller than level 1, twice as fast as zlib at 6
TYPES = "[Content_Types].xml"  # the package's first member
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_NEEDED = 20  # version 2.0: deflate
_UTF8 = 1 << 11
_DEFLATED = 8
_DAY = 1 << 5 | 1  # 1 January 1980


@dataclass(frozen=True, slots=True)
class Package:
    """The members that never change, packed: `head` their local records, `index` their directory entries."""

    head: bytes
    index: bytes
    count: int

    def docx(self, parts: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The whole .docx: the members that never change, then the given parts (name, content)."""
        pieces, index, offset, count = [self.head], [self.index], len(self.head), self.count
        for name, content in parts:
            record, entry = _records(name, content, offset)
            pieces += record
            index += entry
            offset += sum(map(len, record))
            count += 1
        directory = b"".join(index)
        pieces += (directory, _END.pack(b"PK\5\6", 0, 0, count, count, len(directory), offset, 0))
        return b"".join(pieces)


def pack(members: Mapping[str, bytes]) -> Package:
    """The package of members that never change, its list of content types first."""
    head: list[bytes] = []
    index: list[bytes] = []
    offset = 0
    for name in sorted(members, key=lambda name: name != TYPES):
        record, entry = _records(name.encode(), members[name], offset)
        head += record
        index += entry
        offset += sum(map(len, record))
    return Package(b"".join(head), b"".join(index), len(members))


def _records(name: bytes, content: bytes, offset: int) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """A member's local record at `offset`, and its entry in the central directory."""
    packed = bytes(deflate.deflate_compress(content, LEVEL))
    flags = 0 if name.isascii() else _UTF8
    said = (
        _NEEDED,
        flags,
        _DEFLATED,
        0,
        _DAY,
        deflate.crc32(content),
        len(packed),
        len(content),
        len(name),
        0,
    )
    record = (_LOCAL.pack(b"PK\3\4", *said), name, packed)
    return record, (_CENTRAL.pack(b"PK\1\2", _NEEDED, *said, 0, 0, 0, 0, offset), name)
