"""A file as sheets of rows: .xlsx, .xlsm, .xls (BIFF), .ods, and text with commas or tabs."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import python_calamine as calamine

from pipeline.errors import NotWorkbook, WorkbookEncrypted, WorkbookTooLarge
from pipeline.roster.biff import OldWorkbook, look_through
from pipeline.roster.cells import Row
from pipeline.roster.limits import MEGABYTE
from pipeline.roster.zipped import Inside, look_inside

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The stream of an OLE container that holds a password-protected .xlsx (MS-OFFCRYPTO 2.3.4.4).
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_OTHERS = (
    (re.compile(rb"%pdf"), "这是 PDF"),
    (re.compile(rb"<\?xml"), "这是 XML 表格，不是 Excel 工作簿"),
    (re.compile(rb"<[a-z!]|mime-version:"), "这是网页，不是 Excel 工作簿"),
    (re.compile(rb"\{\\rtf"), "这是文档"),
)
# A quote that is never closed swallows the rows after it: such a file is refused rather than read wrongly.
_MOST_LINES = 10
_MOST_MERGED = 1_000_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: `rows` yields (row number in the sheet, cells), hidden rows and sheets like any other.

    Row numbers start at 1; a text file's is the line a record begins on. Cells start at the sheet's first
    used column, which is `left` (0 for A). `merged` maps (row number, column) of a covered cell to that of the
    cell shown; None where the format does not tell. `uncached` are the cells (row number, column) of formulas
    without a saved result, which read as empty. `stored` is how many cells a copy of the sheet holds that keeps
    its looks: merged and merely formatted ones too; 0 where the format does not tell.
    """

    name: str
    rows: Iterable[tuple[int, Row]]
    merged: Mapping[tuple[int, int], tuple[int, int]] | None = None
    left: int = 0
    hidden: bool = False
    hidden_rows: tuple[int, ...] = ()
    uncached: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    stored: int = 0


def read_sheets(path: Path) -> Iterator[Sheet]:
    """The sheets of a workbook in its order, one at a time.

    Raises WorkbookTooLarge, WorkbookEncrypted or NotWorkbook; OSError where the file cannot be read.
    """
    with path.open("rb") as stream:
        start = stream.read(1024)
    if start.startswith(_ZIP):
        yield from _calamine_sheets(path, look_inside(path))
    elif start.startswith(_OLE):
        data = path.read_bytes()
        if _ENCRYPTED_STREAM in data:
            raise WorkbookEncrypted(file=path)
        old = look_through(data)
        if old is None:
            raise NotWorkbook(file=path, detail="文件已损坏，或者不是表格")
        yield from _calamine_sheets(path, [Inside(rows) for rows in old.hidden], old)
    else:
        # Of another program under a workbook's name; UTF-16 has a zero beside each letter.
        words = start.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"").lstrip().lower()
        for mark, detail in _OTHERS:
            if mark.match(words):
                raise NotWorkbook(file=path, detail=detail)
        yield Sheet("", _text_rows(path, path.read_bytes()))


def _calamine_sheets(path: Path, insides: list[Inside], old: OldWorkbook | None = None) -> Iterator[Sheet]:
    try:
        # By content: from_path would go by a name's ending, and offices save .xlsx under .xls.
        with (
            io.BytesIO(old.data) if old else path.open("rb") as stream,
            calamine.CalamineWorkbook.from_filelike(stream) as workbook,
        ):
            for index, known in enumerate(workbook.sheets_metadata):
                if known.typ == calamine.SheetTypeEnum.WorkSheet:
                    inside = insides[index] if index < len(insides) else Inside()
                    hidden = known.visible != calamine.SheetVisibleEnum.Visible
                    sheet = _calamine_sheet(workbook.get_sheet_by_index(index), hidden, inside)
                    yield _older_sheet(sheet, old) if old and not old.biff8 else sheet
    except calamine.PasswordError:
        raise WorkbookEncrypted(file=path) from None
    except calamine.CalamineError as error:
        if "limit" in str(error):
            detail = "表格的行列太多"
            raise WorkbookTooLarge(file=path, detail=detail, remedy="删去表格右边和下边零散的内容") from error
        # "Cannot detect file format" also of an .ods with too many cells.
        raise NotWorkbook(file=path, detail="文件已损坏、不是表格，或者行列太多") from error
    except BaseException as error:
        # A panic of the Rust reader is no Exception, and its class cannot be imported.
        if type(error).__name__ == "PanicException":
            raise NotWorkbook(file=path, detail="文件已损坏") from error
        raise


def _calamine_sheet(sheet: calamine.CalamineSheet, hidden: bool, inside: Inside) -> Sheet:
    # calamine's rows begin at row 1, but at the first used column; its merged ranges count from A1.
    left = sheet.start[1] if sheet.start else 0
    stored = inside.cells
    merged: dict[tuple[int, int], tuple[int, int]] | None = None
    if sheet.merged_cell_ranges is not None:
        merged = {}
        for (top, first), (bottom, last) in sheet.merged_cell_ranges:
            area = (bottom - top + 1) * (last - first + 1)
            stored += area
            if area + len(merged) > _MOST_MERGED:
                continue  # a whole column merged by a slip: no household's cell
            shown = (top + 1, first - left)
            for row in range(top + 1, bottom + 2):
                for column in range(first - left, last - left + 1):
                    merged[row, column] = shown
            merged.pop(shown, None)
    return Sheet(
        sheet.name,
        enumerate(sheet.iter_rows(), start=1),
        merged,
        left,
        hidden,
        tuple(inside.hidden_rows),
        frozenset((row, column - left) for row, column in inside.uncached),
        stored,
    )


def _older_sheet(sheet: Sheet, old: OldWorkbook) -> Sheet:
    rows = (
        (number, [old.text(cell) if isinstance(cell, str) else cell for cell in cells])
        for number, cells in sheet.rows
    )
    return replace(sheet, name=old.text(sheet.name), rows=rows, merged=None)


def _text_rows(path: Path, data: bytes) -> Iterator[tuple[int, Row]]:
    content = _decoded(path, data)
    head = content[:20_000]
    delimiter = "\t" if head.count("\t") > head.count(",") else ","
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if reader.line_num - line > _MOST_LINES:
                raise csv.Error
            yield line, list(cells)
            line = reader.line_num + 1
    except csv.Error as error:
        if "limit" in str(error) and reader.line_num - line <= _MOST_LINES:
            detail = f"第{line}行有一格超过 {csv.field_size_limit()} 个字"
            raise WorkbookTooLarge(file=path, detail=detail, remedy="把这一格写短") from error
        raise NotWorkbook(file=path, detail=f"第{line}行的引号没有成对") from error


def _decoded(path: Path, data: bytes) -> str:
    """Text in UTF-8 or UTF-16 with a byte order mark, in UTF-8 without, or in GB 18030."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        if b"\0" in data[:65536]:
            raise NotWorkbook(file=path, detail="不是表格，也不是文本")
        encodings = ["utf-8", "gb18030"]
    at = 0
    for encoding in encodings:
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            at = error.start
            if encoding == "utf-8" and _is_mostly_utf8(data):
                break
    line = data.count(b"\n", 0, at) + 1
    raise NotWorkbook(file=path, detail=f"第{line}行有读不出的字（文字编码不是 UTF-8，也不是 GB 18030）")


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether a text that is not wholly UTF-8 has a slip or two: another encoding's would hardly fit anywhere."""
    if data.startswith(b"\xef\xbb\xbf"):
        return True
    some = data[:MEGABYTE].decode("utf-8", "replace")
    return 20 * some.count("\ufffd") < sum(one > "\x7f" for one in some)
