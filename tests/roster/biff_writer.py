"""Old .xls files, written by hand: no writer of them is installed.

An OLE compound file (MS-CFB) whose one stream is a workbook of records: BIFF8 (MS-XLS) as Excel 97 and WPS
save it, or BIFF5 as Excel 95 does, in code page 936. Enough for a reader; Excel would want more.
"""

import struct
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.roster.spreadsheets import Cell, Grid, Value

_SECTOR = 512
_LEAST = 4096  # a shorter stream would lie in the container's mini stream
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_LONGEST = 8000  # a record holds 8,224 bytes
_PLAIN, _DAY = 0, 1  # cell formats
_DATE_FORMAT = 14


def serial(day: date) -> int:
    """Excel's number of a day from March 1900 on."""
    return (date(day.year, day.month, day.day) - date(1899, 12, 30)).days


def write_biff(
    path: Path, grids: "Sequence[Grid]", *, biff8: bool = True, code_page: int = 1200, small: bool = False
) -> None:
    """Write sheets as an .xls file. BIFF8 is UTF-16 whatever page it states; JExcelAPI states 1252.

    A `small` workbook of less than 4 KB lies in the container's mini stream.
    """
    workbook = _Biff8() if biff8 else _Biff5()
    if biff8:
        workbook.code_page = code_page
    name, stream = "Workbook" if biff8 else "Book", workbook.stream(grids)
    path.write_bytes(_small_container(name, stream) if small else _container(name, stream))


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


class _Biff:
    version = 0
    begin_size = 8

    def __init__(self) -> None:
        self.strings: dict[str, int] = {}

    def stream(self, grids: "Sequence[Grid]") -> bytes:
        sheets = [b"".join(self._sheet(grid)) for grid in grids]
        # The sheets' places stand before them and do not change its length.
        before = len(b"".join(self._globals(grids, [0] * len(sheets))))
        starts = [before + sum(map(len, sheets[:index])) for index in range(len(sheets))]
        return b"".join([*self._globals(grids, starts), *sheets])

    def _begin(self, kind: int) -> bytes:
        return _record(
            0x0809, struct.pack("<HHHH", self.version, kind, 0x0DBB, 1996).ljust(self.begin_size, b"\0")
        )

    def _globals(self, grids: "Sequence[Grid]", starts: Sequence[int]) -> Iterator[bytes]:
        yield self._begin(0x0005)
        yield _record(0x0042, struct.pack("<H", self.code_page))
        yield _record(0x0022, struct.pack("<H", 0))  # days count from 1900
        for number_format in (0, _DATE_FORMAT):
            yield _record(0x00E0, struct.pack("<HH", 0, number_format).ljust(self.format_size, b"\0"))
        for grid, start in zip(grids, starts, strict=True):
            name = self._short(grid.name)
            yield _record(0x0085, struct.pack("<IBB", start, int(grid.hidden), 0) + name)
        yield from self._shared()
        yield _record(0x000A, b"")

    def _sheet(self, grid: "Grid") -> Iterator[bytes]:
        yield self._begin(0x0010)
        width = max((len(cells) for cells in grid.rows), default=0)
        size = struct.pack(self.size_format, 0, len(grid.rows), 0, width, 0)
        yield _record(0x0200, size)
        for column in sorted(grid.hidden_columns):
            yield _record(0x007D, struct.pack("<HHHHHH", column, column, 2048, _PLAIN, 1, 0))
        for line, cells in enumerate(grid.rows):
            flags = 0x0120 if line in grid.hidden_rows else 0x0100
            yield _record(0x0208, struct.pack("<HHHHHHHH", line, 0, len(cells), 255, 0, 0, flags, 0))
            for column, cell in enumerate(cells):
                yield from self._cell(line, column, cell)
        yield from self._merged(grid)
        yield _record(0x000A, b"")

    def _cell(self, line: int, column: int, cell: "Cell") -> Iterator[bytes]:
        from tests.roster.spreadsheets import Formula, shown

        value = shown(cell)
        place = struct.pack("<HHH", line, column, _DAY if isinstance(value, date) else _PLAIN)
        if isinstance(cell, Formula):
            yield from self._formula(place, value)
        elif isinstance(value, bool):
            yield _record(0x0205, place + struct.pack("<BB", value, 0))
        elif isinstance(value, (int, float, date)):
            yield _record(0x0203, place + struct.pack("<d", _number(value)))
        elif value:
            yield self._label(place, value)

    def _formula(self, place: bytes, value: "Value") -> Iterator[bytes]:
        """A formula of one token, the number 1, with its saved result."""
        result = b"\0" * 6 + b"\xff\xff" if isinstance(value, str) else struct.pack("<d", _number(value or 0))
        tokens = struct.pack("<BH", 0x1E, 1)
        yield _record(0x0006, place + result + struct.pack("<HIH", 0, 0, len(tokens)) + tokens)
        if isinstance(value, str):
            yield _record(0x0207, self._long(value))

    code_page = 0
    format_size = 0
    size_format = ""

    def _short(self, text: str) -> bytes:
        raise NotImplementedError

    def _long(self, text: str) -> bytes:
        raise NotImplementedError

    def _label(self, place: bytes, text: str) -> bytes:
        raise NotImplementedError

    def _shared(self) -> Iterator[bytes]:
        yield from ()

    def _merged(self, grid: "Grid") -> Iterator[bytes]:
        yield from ()


class _Biff8(_Biff):
    version, begin_size, code_page, format_size, size_format = 0x0600, 16, 1200, 20, "<IIHHH"

    def _short(self, text: str) -> bytes:
        return struct.pack("<BB", _units(text), 1) + text.encode("utf-16-le")

    def _long(self, text: str) -> bytes:
        return struct.pack("<HB", _units(text), 1) + text.encode("utf-16-le")

    def _label(self, place: bytes, text: str) -> bytes:
        number = self.strings.setdefault(text, len(self.strings))
        return _record(0x00FD, place + struct.pack("<I", number))

    def _shared(self) -> Iterator[bytes]:
        """The table of all strings, broken between two of them where a record is full."""
        part, kind = struct.pack("<II", len(self.strings), len(self.strings)), 0x00FC
        for text in self.strings:
            if len(part) + len(self._long(text)) > _LONGEST:
                yield _record(kind, part)
                part, kind = b"", 0x003C
            part += self._long(text)
        yield _record(kind, part)

    def _merged(self, grid: "Grid") -> Iterator[bytes]:
        for start in range(0, len(grid.merged), 1000):
            areas = grid.merged[start : start + 1000]
            listed = b"".join(
                struct.pack("<HHHH", top, bottom, left, right) for top, left, bottom, right in areas
            )
            yield _record(0x00E5, struct.pack("<H", len(areas)) + listed)


class _Biff5(_Biff):
    """Its format has no word of merged cells, and no character beyond the code page."""

    version, begin_size, code_page, format_size, size_format = 0x0500, 8, 936, 16, "<HHHHH"

    def _short(self, text: str) -> bytes:
        return struct.pack("<B", len(text.encode("gbk"))) + text.encode("gbk")

    def _long(self, text: str) -> bytes:
        return struct.pack("<H", len(text.encode("gbk"))) + text.encode("gbk")

    def _label(self, place: bytes, text: str) -> bytes:
        return _record(0x0204, place + self._long(text))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _number(value: "Value") -> float:
    if isinstance(value, datetime):
        return serial(value) + (value.hour * 60 + value.minute) / 1440
    return float(serial(value)) if isinstance(value, date) else float(value or 0)


def _container(name: str, stream: bytes) -> bytes:
    """A compound file: header, allocation table, directory, the stream."""
    stream = stream.ljust(max(_LEAST, -len(stream) % _SECTOR + len(stream)), b"\0")
    length = len(stream) // _SECTOR
    tables = next(count for count in range(1, 110) if (count + 1 + length) <= count * _SECTOR // 4)
    first = tables + 1
    chain = [*([_FAT] * tables), _END, *range(first + 1, first + length), _END]
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(tables * _SECTOR, b"\xff")
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry(name, 2, _FREE, first, len(stream))
    header = _header(range(tables), directory=tables)
    return header + fat + directory.ljust(_SECTOR, b"\0") + stream


def _small_container(name: str, stream: bytes) -> bytes:
    """A compound file whose stream lies in 64-byte sectors, the first of which is somebody else's."""
    assert len(stream) < _LEAST
    parts = -(-len(stream) // 64)
    mini = (bytes(64) + stream).ljust((parts + 8) // 8 * _SECTOR, b"\0")
    length = len(mini) // _SECTOR
    chain = [_FAT, _END, _END, *range(4, 3 + length), _END]
    mini_chain = [_END, *range(2, 1 + parts), _END]
    directory = _entry("Root Entry", 5, 1, 3, len(mini)) + _entry(name, 2, _FREE, 1, len(stream))
    tables = [struct.pack(f"<{len(one)}I", *one).ljust(_SECTOR, b"\xff") for one in (chain, mini_chain)]
    header = _header([0], directory=1, mini=2)
    return header + tables[0] + directory.ljust(_SECTOR, b"\0") + tables[1] + mini


def _header(tables: Sequence[int], directory: int, mini: int = _END) -> bytes:
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x003E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack(
        "<IIIIIIIII", 0, len(tables), directory, 0, _LEAST, mini, int(mini != _END), _END, 0
    )
    return header + struct.pack("<109I", *tables, *([_FREE] * (109 - len(tables))))


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    entry += struct.pack("<III", _FREE, _FREE, child) + bytes(36)
    return entry + struct.pack("<IQ", start, size)
