"""A look through an old .xls before it is opened: damaged cells must not reach the reader.

calamine reserves the grid that the sheet's stated size and its cells' own columns span; a damaged column
number of 60,000 makes it ask for gigabytes, and the process ends. It also takes the code page for that of
every text, and wants one byte a character of it: it is told another one. Sources: MS-CFB 2.1 to 2.6 (the
container), MS-XLS 2.4 (the records).
"""

import struct
from dataclasses import dataclass, field

LAST_COLUMN = 255
ROWS = 65_536
_FREE = 0xFFFFFFFA  # this and above are no sectors: end of chain, free, FAT, DIFAT
_DIRECTORY_ENTRY = 128
_STREAMS = ("Workbook", "Book")
# Records of one cell, row and column first: formula, blank, number, label, boolean, RK, label of the table …
_CELLS = frozenset({0x0006, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E, 0x00FD, 0x00D6})
# … and of several in a row, whose last column stands at the end.
_CELL_RUNS = frozenset({0x00BD, 0x00BE})
_DIMENSIONS = 0x0200
_BOUND_SHEET = 0x0085  # its first four bytes: where the sheet's records begin
_BEGINNINGS = frozenset({0x0809, 0x0409, 0x0209})
_ROW = 0x0208
_ROW_HIDDEN = 0x0020
_END = 0x000A
_CODE_PAGE = 0x0042
_BIFF8 = 0x0600
_UTF16_PAGE, _WESTERN_PAGE = 1200, 1252
# Pages of two bytes a character; GB 18030 holds all of 936.
_ENCODINGS = {932: "cp932", 936: "gb18030", 949: "cp949", 950: "cp950"}
# Code page 1252's characters to the bytes they stand for; what it leaves open stands for itself.
_BYTES = {
    ord(character): byte
    for byte in range(0x80, 0xA0)
    if (character := bytes([byte]).decode("cp1252", "ignore"))
}


@dataclass(slots=True)
class OldWorkbook:
    """An .xls as it is to be opened: its bytes, the hidden rows of every sheet, counted from 1.

    Before BIFF8 nothing tells of merged cells. `encoding` is that of its texts, which come out of `data` as if each byte were a character of code page
    1252; "" where they come out right.
    """

    data: bytes
    biff8: bool
    encoding: str = ""
    hidden: list[list[int]] = field(default_factory=list)

    def text(self, read: str) -> str:
        """A text that came out of `data`, as it stands in the file."""
        if not self.encoding or read.isascii():
            return read
        return read.translate(_BYTES).encode("latin-1", "replace").decode(self.encoding, "replace")


def look_through(data: bytes) -> OldWorkbook | None:
    """An OLE file's workbook; None for one that is not sound.

    Sound is a workbook whose sheets and cells lie within the format's rows and columns.
    """
    try:
        stream, places = _workbook_stream(data)
        biff8: bool = struct.unpack_from("<H", stream, 4)[0] == _BIFF8
        found = OldWorkbook(data, biff8, hidden=_hidden(stream))
        _retell_code_page(found, stream, places)
    except (struct.error, IndexError, ValueError):
        return None
    return found


def _retell_code_page(found: OldWorkbook, stream: bytes, places: "_Places") -> None:
    """Before BIFF8 texts are in the code page; since then they are UTF-16, whatever page a program states."""
    at = 0
    while at < len(stream) - 6:
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == _END:
            return
        if kind == _CODE_PAGE:
            stated = struct.unpack_from("<H", stream, at + 4)[0]
            if not found.biff8:
                found.encoding = _ENCODINGS.get(stated, "")
            wanted = _UTF16_PAGE if found.biff8 else _WESTERN_PAGE if found.encoding else stated
            if wanted != stated:
                changed = bytearray(found.data)
                for offset, byte in enumerate(struct.pack("<H", wanted)):
                    changed[places.of(at + 4 + offset)] = byte
                found.data = bytes(changed)
            return
        at += 4 + size


def _hidden(stream: bytes) -> list[list[int]]:
    """Hidden rows by sheet. Raises ValueError for a size, or a cell's column, that no sheet has."""
    starts: list[int] = []
    hidden: dict[int, list[int]] = {}
    here: list[int] = []
    at, end = 0, len(stream) - 4
    while at <= end:
        kind, size = struct.unpack_from("<HH", stream, at)
        columns = [0]
        if kind in _CELLS and size >= 4:
            columns = [struct.unpack_from("<H", stream, at + 6)[0]]
        elif kind in _CELL_RUNS and size >= 6:
            columns = [struct.unpack_from("<H", stream, place)[0] for place in (at + 6, at + 2 + size)]
        elif kind == _DIMENSIONS and size in (10, 14):
            # First row, row past the last, first column, column past the last; rows were shorter before BIFF8.
            sizes = struct.unpack_from("<IIHH" if size == 14 else "<HHHH", stream, at + 4)
            if not sizes[0] <= sizes[1] <= ROWS or not sizes[2] <= sizes[3]:
                raise ValueError
            columns = [sizes[3] - 1 if sizes[3] else 0]
        elif kind == _BOUND_SHEET and size >= 6:
            starts.append(struct.unpack_from("<I", stream, at + 4)[0])
        elif kind in _BEGINNINGS:
            here = hidden.setdefault(at, [])
        elif kind == _ROW and size >= 16 and struct.unpack_from("<H", stream, at + 16)[0] & _ROW_HIDDEN:
            here.append(struct.unpack_from("<H", stream, at + 4)[0] + 1)
        if max(columns) > LAST_COLUMN:
            raise ValueError
        at += 4 + size
    return [hidden.get(start, []) for start in starts]


def _workbook_stream(data: bytes) -> "tuple[bytes, _Places]":
    """The container's Workbook stream, and where it lies. Raises ValueError where there is none."""
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise ValueError
    directory_start, mini_cutoff, mini_fat_start = struct.unpack_from("<I4xII", data, 48)
    sectors = _Sectors(data, 1 << shift, 1 << shift)
    sectors.read_fat()
    directory = sectors.chain(directory_start)
    root = _entry(directory, 0)
    for number in range(len(directory) // _DIRECTORY_ENTRY):
        name, start, size = _entry(directory, number)
        if name in _STREAMS:
            whole = _Places(sectors, sectors.numbers(start if size >= mini_cutoff else root[1]))
            if size >= mini_cutoff:
                return sectors.chain(start)[:size], whole
            mini = _Sectors(sectors.chain(root[1]), 1 << mini_shift, 0)
            fat = sectors.chain(mini_fat_start)
            mini.fat = struct.unpack(f"<{len(fat) // 4}I", fat)
            return mini.chain(start)[:size], _Places(mini, mini.numbers(start), whole)
    raise ValueError


def _entry(directory: bytes, number: int) -> tuple[str, int, int]:
    """A directory entry's name, first sector and size in bytes."""
    at = number * _DIRECTORY_ENTRY
    name_size = min(struct.unpack_from("<H", directory, at + 64)[0], 64)
    name = directory[at : at + max(name_size - 2, 0)].decode("utf-16-le", "replace")
    start, size = struct.unpack_from("<II", directory, at + 116)
    return name, start, size


class _Sectors:
    """Chained sectors of `size` bytes, the first at byte `first` of `data`."""

    def __init__(self, data: bytes, size: int, first: int) -> None:
        self._data = data
        self.size = size
        self._first = first
        self.fat: tuple[int, ...] = ()

    def read_fat(self) -> None:
        """Read the allocation table, whose own sectors the header (and its continuation) lists."""
        listed = list(struct.unpack_from("<109I", self._data, 76))
        more, count = struct.unpack_from("<II", self._data, 68)
        for _ in range(min(count, len(self._data) // self.size)):
            if more >= _FREE:
                break
            *numbers, more = struct.unpack(f"<{self.size // 4}I", self._sector(more))
            listed += numbers
        table = b"".join(self._sector(number) for number in listed if number < _FREE)
        self.fat = struct.unpack(f"<{len(table) // 4}I", table)

    def chain(self, number: int) -> bytes:
        """The bytes of the chain that begins with sector `number`. Raises ValueError for a chain in a ring."""
        return b"".join(map(self._sector, self.numbers(number)))

    def numbers(self, number: int) -> list[int]:
        """The sectors of the chain that begins with `number`. Raises ValueError for a chain in a ring."""
        numbers: list[int] = []
        while number < _FREE:
            if len(numbers) > len(self.fat):
                raise ValueError
            numbers.append(number)
            number = self.fat[number]
        return numbers

    def place(self, number: int, offset: int) -> int:
        """Where byte `offset` of a chain lies that takes sector `number` there."""
        return self._first + number * self.size + offset % self.size

    def _sector(self, number: int) -> bytes:
        start = self._first + number * self.size
        if start >= len(self._data):
            raise ValueError
        # The last sector may be cut short; the rest of it is never part of a stream.
        return self._data[start : start + self.size].ljust(self.size, b"\0")


@dataclass(frozen=True, slots=True)
class _Places:
    """Where in the file a stream's bytes lie; one in the mini stream lies in sectors of `within`."""

    sectors: _Sectors
    numbers: list[int]
    within: "_Places | None" = None

    def of(self, offset: int) -> int:
        place = self.sectors.place(self.numbers[offset // self.sectors.size], offset)
        return self.within.of(place) if self.within else place
