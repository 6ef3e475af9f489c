"""What a zipped workbook holds that its reader does not tell, looked through before it is opened.

A small zip can unfold into many gigabytes, and one stray value in cell XFD1048576 makes a reader reserve the
whole grid: neither may reach it. On the way the hidden rows and the formulas without a saved result are
found, and the cells counted, formatted empty ones too. Sources: ECMA-376-1 18.3 (SpreadsheetML), ODF 1.3-3 9 (tables).
"""

import errno
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.errors import NotWorkbook, WorkbookTooLarge
from pipeline.roster.limits import MEGABYTE, UNZIPPED_LIMIT, check_cells

_CHUNK = 4 * MEGABYTE
# The longest stretch the patterns below must see whole where two chunks meet.
_OVERLAP = 20_000
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,12})"[^>]*>')
# Cells from column AA or row 100,000 on that hold something: <c .../> is only formatted.
_FAR_CELL = re.compile(rb'\br="(?:([A-Z]{2,3})(\d{1,12})|[A-Z](\d{6,12}))"[^<>]*[^<>/]>')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_FORMULA = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*'
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]{0,9000}</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*"
    rb"</(?:\w+:)?c>"
)
_DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SHEET = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATIONSHIP = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(r"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ODS_TAG = re.compile(rb"<(/?)table:(table|table-row)(?=[\s/>])([^>]*?)(/?)>")
_ODS_HIDDEN = re.compile(rb'table:visibility="(collapse|filter)"')
_ODS_REPEATED = re.compile(rb'table:number-rows-repeated="(\d{1,9})"')
_MOST_HIDDEN = 100_000


@dataclass(slots=True)
class Inside:
    """What a sheet does not show: `hidden_rows`, and `uncached` (row, column), formulas without a result.

    Rows count from 1, columns from 0. `cells` is how many are written in it, those only formatted too; 0 where
    that is not told.
    """

    hidden_rows: list[int] = field(default_factory=list)
    uncached: list[tuple[int, int]] = field(default_factory=list)
    cells: int = 0


def look_inside(path: Path) -> list[Inside]:
    """Every sheet of a zipped workbook, in its order.

    Raises WorkbookTooLarge for one that unfolds too far, NotWorkbook for a broken zip or one that holds a
    document type definition. The sizes a zip declares can be believed: the reader stops at a member that
    unfolds further.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unzipped = sum(member.file_size for member in archive.infolist())
            if unzipped > UNZIPPED_LIMIT:
                detail = f"解开后有 {unzipped // MEGABYTE} MB，上限是 {UNZIPPED_LIMIT // MEGABYTE} MB"
                raise WorkbookTooLarge(file=path, detail=detail, remedy="按村拆成几个文件")
            names = archive.namelist()
            if "xl/workbook.bin" in names:
                raise NotWorkbook(file=path, detail="这是 .xlsb 二进制工作簿")
            _refuse_definitions(path, archive)
            if "content.xml" in names:
                return _ods_sheets(_chunks(archive, "content.xml", 0))
            found = {
                name: _sheet(path, _chunks(archive, name, _OVERLAP))
                for name in names
                if name.startswith("xl/worksheets/") and name.endswith(".xml")
            }
            return [found.get(part, Inside()) for part in _parts(archive)]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        if isinstance(error, OSError | zlib.error) and _is_want_of_memory(error):
            raise MemoryError from error
        raise NotWorkbook(file=path, detail="文件已损坏或没有下载完整") from error


def _is_want_of_memory(error: OSError | zlib.error) -> bool:
    """Whether the system or zlib (its error -4) had no memory left: that says nothing about the file."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return str(error).startswith("Error -4 ")


def is_spreadsheetml(path: Path) -> bool:
    """Whether a file is an .xlsx or .xlsm, whatever its name."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" in archive.namelist()


def column_number(letters: str) -> int:
    """The column that letters name, counted from 1: A is 1, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_letters(number: int) -> str:
    """The letters of a column counted from 1."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _chunks(archive: zipfile.ZipFile, name: str, overlap: int) -> Iterator[bytes]:
    with archive.open(name) as stream:
        tail = b""
        while chunk := stream.read(_CHUNK):
            yield tail + chunk
            tail = chunk[-overlap:] if overlap else b""


def _refuse_definitions(path: Path, archive: zipfile.ZipFile) -> None:
    """No office program writes a document type definition; what has one wants something else of its reader."""
    for member in archive.infolist():
        if member.filename.endswith((".xml", ".rels")):
            with archive.open(member) as stream:
                start = stream.read(4096)
            if _DTD.search(start) or (start.startswith(_UTF16) and _DTD.search(start.replace(b"\0", b""))):
                raise NotWorkbook(file=path, detail="里面有文档类型定义（DTD），不是正常保存的工作簿")


def _parts(archive: zipfile.ZipFile) -> list[str]:
    """The members of a workbook's sheets, in its order; "" for one that cannot be told."""
    try:
        workbook = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return []
    targets = {
        values.get("Id", ""): values.get("Target", "")
        for values in map(_attributes, _RELATIONSHIP.findall(links))
    }
    ids = [_attributes(tag) for tag in _SHEET.findall(workbook)]
    return [
        _member(targets.get(next((v for k, v in one.items() if k.endswith(":id")), ""), "")) for one in ids
    ]


def _member(target: str) -> str:
    return target[1:] if target.startswith("/") else str(PurePosixPath("xl") / target)


def _attributes(tag: str) -> dict[str, str]:
    return {name: first or second for name, first, second in _ATTRIBUTE.findall(tag)}


def _sheet(path: Path, chunks: Iterator[bytes]) -> Inside:
    """Rows down to the last one with a value, times the columns out to the farthest value, must be few enough."""
    rows = seen = 1
    columns, far = 26, "Z"
    cells = twice = 0
    hidden: dict[int, None] = {}
    uncached: dict[tuple[int, int], None] = {}
    for chunk in chunks:
        numbers = [(row.start(), int(row[1])) for row in _ROW.finditer(chunk)]
        # Rows below the last value are only formatted, and cost nothing.
        last_value = max(chunk.rfind(b"v>"), chunk.rfind(b"is>"))
        if last_value >= 0:
            rows = max([rows, seen, *(number for start, number in numbers if start < last_value)])
        seen = max([seen, *(number for _, number in numbers)])
        for letters, far_row, low_row in _FAR_CELL.findall(chunk):
            rows = max(rows, int(far_row or low_row))
            if (number := column_number(letters.decode())) > columns:
                columns, far = number, letters.decode()
        check_cells(path, rows, columns, far)
        cells += _cells(chunk) - twice
        twice = _cells(chunk[-_OVERLAP:])
        if len(hidden) < _MOST_HIDDEN and b"hidden=" in chunk:
            hidden |= {int(row[1]): None for row in _ROW.finditer(chunk) if _HIDDEN.search(row[0])}
        if b"<f" in chunk or b":f>" in chunk:
            for letters, line in _FORMULA.findall(chunk):
                uncached[int(line), column_number(letters.decode()) - 1] = None
    return Inside(list(hidden), list(uncached), cells)


def _cells(part: bytes) -> int:
    return part.count(b"<c ") + part.count(b":c ")


def _ods_sheets(chunks: Iterator[bytes]) -> list[Inside]:
    """The hidden rows of an open document; a formula always has its result there."""
    sheets: list[Inside] = []
    row, rest = 0, b""
    for chunk in chunks:
        whole = rest + chunk
        end = whole.rfind(b"<")
        rest = whole[end:]
        row = _ods_tags(whole[:end], sheets, row)
    _ods_tags(rest, sheets, row)
    return sheets


def _ods_tags(text: bytes, sheets: list[Inside], row: int) -> int:
    for closing, kind, attributes, _ in _ODS_TAG.findall(text):
        if closing:
            continue
        if kind == b"table":
            sheets.append(Inside())
            row = 0
        elif sheets:
            repeated = _ODS_REPEATED.search(attributes)
            count = int(repeated[1]) if repeated else 1
            if _ODS_HIDDEN.search(attributes) and count < _MOST_HIDDEN:
                sheets[-1].hidden_rows += range(row + 1, row + count + 1)
            row += count
    return row
