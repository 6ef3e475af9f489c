"""A look through an old .xls before it is opened: damaged cells must not reach the reader.

calamine reserves the grid that the sheet's stated size and its cells' own columns span; a damaged column
number of 60,000 makes it ask for gigabytes, and the process ends. Sources: MS-CFB 2.1 to 2.6 (the container), MS-XLS 2.4 (the records).
"""

import struct

LAST_COLUMN = 255
ROWS = 65_536
_FREE = 0xFFFFFFFA  # this and above are no sectors: end of chain, free, FAT, DIFAT
_DIRECTORY_ENTRY = 128
_STREAMS = ("Workbook", "Book")
# Records of one cell, row and column first: formula, blank, number, label, boolean, RK, label of the table …
_CELLS = frozenset({0x0006, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E, 0x00FD, 0x00D6, 0x0207})
# … and of several in a row, whose last column stands at the end.
_CELL_RUNS = frozenset({0x00BD, 0x00BE})
_DIMENSIONS = 0x0200
_BOUND_SHEET = 0x0085  # its first four bytes: where the sheet's records begin
_BEGINNINGS = frozenset({0x0809, 0x0409, 0x0209})
_ROW = 0x0208
_ROW_HIDDEN = 0x0020


def hidden_rows(data: bytes) -> list[list[int]] | None:
    """The hidden rows of every sheet of an OLE file, counted from 1; None for one that is not sound.

    Sound is a workbook whose sheets and cells lie within the format's rows and columns.
    """
    try:
        stream = _workbook_stream(data)
        return _hidden(stream)
    except (struct.error, IndexError, ValueError):
        return None


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


def _workbook_stream(data: bytes) -> bytes:
    """The bytes of the container's Workbook stream. Raises ValueError where there is none."""
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
            if size >= mini_cutoff:
                return sectors.chain(start)[:size]
            mini = _Sectors(sectors.chain(root[1]), 1 << mini_shift, 0)
            fat = sectors.chain(mini_fat_start)
            mini.fat = struct.unpack(f"<{len(fat) // 4}I", fat)
            return mini.chain(start)[:size]
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
        self._size = size
        self._first = first
        self.fat: tuple[int, ...] = ()

    def read_fat(self) -> None:
        """Read the allocation table, whose own sectors the header (and its continuation) lists."""
        listed = list(struct.unpack_from("<109I", self._data, 76))
        more, count = struct.unpack_from("<II", self._data, 68)
        for _ in range(min(count, len(self._data) // self._size)):
            if more >= _FREE:
                break
            *numbers, more = struct.unpack(f"<{self._size // 4}I", self._sector(more))
            listed += numbers
        table = b"".join(self._sector(number) for number in listed if number < _FREE)
        self.fat = struct.unpack(f"<{len(table) // 4}I", table)

    def chain(self, number: int) -> bytes:
        """The bytes of the chain that begins with sector `number`. Raises ValueError for a chain in a ring."""
        parts: list[bytes] = []
        while number < _FREE:
            if len(parts) > len(self.fat):
                raise ValueError
            parts.append(self._sector(number))
            number = self.fat[number]
        return b"".join(parts)

    def _sector(self, number: int) -> bytes:
        start = self._first + number * self._size
        if start >= len(self._data):
            raise ValueError
        # The last sector may be cut short; the rest of it is never part of a stream.
        return self._data[start : start + self._size].ljust(self._size, b"\0")
