"""A sheet's rows sorted into persons and everything else: titles, repeated headers, subtotals, signatures."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from pipeline.roster.cells import Cell, Row, folded, is_nothing
from pipeline.roster.columns import FIELDS, ColumnMap
from pipeline.roster.header import DEPTH, ENOUGH, Header, find_header, meaning, read_header
from pipeline.roster.workbook import Sheet

LIST = "问题清单"
_EXPLANATION = re.compile(r"说明|须知|示例|样例|样表|范例")
_ID_LIKE = re.compile(r"[^0-9A-Z]*(\d{14,17}[0-9X]|\d(\.\d+)?E\+?1\d)[^0-9A-Z]*")
_ID_FROM = 10**14
_SUBTOTAL = re.compile(r"(合|小|总|共|累)计")
_SIGNATURE = re.compile(
    r"^(审核|填报|填表|制表|单位|负责人?|经办|核对|复核|校对|录入|盖章|签字|签名|日期|时间|联系电话|注|备注|说明|第\d+页)"
    r"[^:：]{0,12}[:：]|^第?\d+页[,，/]?共?\d*页?$|^注\d*[:：.、]"
)
# 村主任（签字）：, 计生专干：黎某 — no person's name.
_LABELLED = re.compile(r"[^:：\d]{2,15}[:：]")
_COLUMN_NUMBER = re.compile(r"\(?([1-9]|[1-3]\d|[甲乙丙丁戊己庚辛])\)?")
_NAME_LIKE = re.compile(r"[^\d\s:：,，。、;；()（）]{2,20}")
_NO_NAME = re.compile(r"花名册|登记表|统计表|一览表|汇总表|委员会|村委会|居委会|社区$|人民政府|年度")
_NUMBER_LIKE = re.compile(r"[0-9A-Za-z-]{1,12}")

_INDEX = {name: index for index, name in enumerate(FIELDS)}
_NAME, _ID, _NUMBER = _INDEX["name"], _INDEX["id_number"], _INDEX["number"]
_SEX = _INDEX["sex"]
_PERSONAL = tuple(_INDEX[name] for name in ("name", "id_number", "relation", "sex", "birth", "phone"))
# What one merged cell may say for a whole household; a person's own identity is never shared.
_SHARED = tuple(
    index for name, index in _INDEX.items() if name not in ("name", "id_number", "relation", "sex", "birth")
)


class Kind(Enum):
    """What a row below the header is."""

    PERSON = auto()
    HOUSEHOLD = auto()  # names a household, no person
    HEADER = auto()
    TEXT = auto()  # title, heading, note, signature
    NOTHING = auto()  # blank, subtotal, column numbers


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that names a person or at least a household: cells in the order of FIELDS, "" where no column."""

    row: int
    cells: tuple[Cell, ...]
    page: int
    person: bool
    header: Header


@dataclass(slots=True)
class Table:
    """A sheet's entries, and per page the texts that stand above its rows.

    `kinds` counts rows by what they are, `cells` all cells. `header` is None where none was found, and may lack required columns; in both cases there are no entries
    and `first_data_row` is the first row that looks like a person's, 0 if there is none. `first_row` is the
    first row with anything in it, 0 in an empty sheet.
    """

    header: Header | None = None
    first_row: int = 0
    first_data_row: int = 0
    entries: list[Entry] = field(default_factory=list)
    pages: list[list[str]] = field(default_factory=lambda: [[]])
    kinds: Counter[Kind] = field(default_factory=Counter)
    cells: int = 0

    @property
    def told(self) -> set[str]:
        """The office's own names of columns that its headers have."""
        headers = {id(one): one for one in (self.header, *(entry.header for entry in self.entries)) if one}
        return {column.told for header in headers.values() for column in header.all}

    @property
    def usable(self) -> bool:
        """Whether there is a header with every required column."""
        return self.header is not None and not self.header.missing


def is_explanation(sheet_name: str) -> bool:
    """Whether a sheet explains how to fill in the others (填表说明) and holds no persons of its own."""
    return is_list(sheet_name) or _EXPLANATION.search(sheet_name) is not None


def is_list(sheet_name: str) -> bool:
    """Whether a sheet is a marked copy's list of problems."""
    return sheet_name.rstrip("0123456789") == LIST


def read_table(sheet: Sheet, told: ColumnMap) -> Table:
    """Read a sheet's rows; a header repeated further down may order its columns anew."""
    rows = list(sheet.rows)
    table = Table(header=find_header(sheet, rows, told))
    table.cells = sum(len(cells) for _, cells in rows)
    table.first_row = next((number for number, cells in rows if _texts(cells)), 0)
    header = table.header
    if header is None or header.missing:
        table.first_data_row = next((number for number, cells in rows if any(map(_is_id_like, cells))), 0)
        filled = [texts for _, cells in rows if (texts := _texts(cells))]
        table.kinds = Counter({Kind.TEXT: len(filled), Kind.NOTHING: len(rows) - len(filled)})
        table.pages[0] += filled[0] if filled else []
        return table
    by_number = dict(rows) if sheet.merged else {}
    top = _top(rows, header)
    labels = frozenset(text for texts, kind in top.items() if kind is Kind.HEADER for text in texts)
    skip_to = header.last
    for index, (number, cells) in enumerate(rows):
        if number <= skip_to:
            if number < header.first:
                table.pages[-1].extend(_texts(cells))
            table.kinds[Kind.TEXT if number < header.first else Kind.HEADER] += 1
            continue
        values = _values(cells, header)
        kind = _kind(cells, values, top, labels)
        table.kinds[kind] += 1
        if kind is Kind.HEADER:
            header = _header_around(sheet, rows, index, told) or header
            skip_to = max(header.last, number)
        elif kind is Kind.TEXT:
            if table.entries and table.entries[-1].page == len(table.pages) - 1:
                table.pages.append([])
            table.pages[-1].extend(_texts(cells))
        elif kind is not Kind.NOTHING:
            if sheet.merged:
                values = _shared(sheet, by_number, header, number, values)
            table.entries.append(Entry(number, values, len(table.pages) - 1, kind is Kind.PERSON, header))
    return table


def _values(cells: Row, header: Header) -> tuple[Cell, ...]:
    width = len(cells)
    columns = (header.columns.get(name, width) for name in FIELDS)
    return tuple(cells[column] if column < width else "" for column in columns)


def _top(rows: Sequence[tuple[int, Row]], header: Header) -> dict[tuple[str, ...], Kind]:
    """The texts of the rows down to the header, which the next page may repeat."""
    return {
        tuple(_texts(cells)): Kind.HEADER if number >= header.first else Kind.TEXT
        for number, cells in rows
        if number <= header.last
    }


def _kind(
    cells: Row, values: tuple[Cell, ...], top: dict[tuple[str, ...], Kind], labels: frozenset[str]
) -> Kind:
    if _is_id_like(values[_ID]):
        return Kind.PERSON
    filled = _texts(cells)
    if not filled:
        return Kind.NOTHING
    if repeated := top.get(tuple(filled)):
        return repeated
    if _is_header_like(values, filled, labels):
        return Kind.HEADER
    name = folded(values[_NAME])
    if any(_SUBTOTAL.search(plain) for plain in filled[:3] if len(plain) <= 20):
        return Kind.NOTHING
    if _SIGNATURE.search(filled[0]) or _SIGNATURE.search(name):
        return Kind.TEXT
    if (_LABELLED.match(filled[0]) or _LABELLED.match(name)) and is_nothing(folded(values[_SEX])):
        return Kind.TEXT
    if len(filled) == 1:
        return _kind_of_single(filled[0], values)
    if _COLUMN_NUMBER.fullmatch(name) and _COLUMN_NUMBER.fullmatch(folded(values[_ID])):
        return Kind.NOTHING
    if any(not is_nothing(folded(values[index])) for index in _PERSONAL):
        return Kind.PERSON
    return Kind.TEXT if is_nothing(folded(values[_NUMBER])) else Kind.HOUSEHOLD


def _is_header_like(values: tuple[Cell, ...], filled: Sequence[str], labels: frozenset[str]) -> bool:
    """Whether a row names columns again: 姓名 or 公民身份号码 in their place, or three others.

    With its columns in another order it is a row of the first header's labels, or of enough others.
    """
    named = [name for name, value in zip(FIELDS, values, strict=True) if meaning((folded(value),)) == name]
    if {"name", "id_number"} & set(named) or len(named) >= 3:
        return True
    if len(filled) > 1 and labels.issuperset(filled):
        return True
    meant = {meaning((plain,)) for plain in filled} - {""}
    return len(meant) >= ENOUGH and {"name", "id_number"} <= meant


def _kind_of_single(plain: str, values: tuple[Cell, ...]) -> Kind:
    """A row with one filled cell: a title, unless the cell is a name, or a number in its own column."""
    if folded(values[_NAME]) == plain and _NAME_LIKE.fullmatch(plain) and not _NO_NAME.search(plain):
        return Kind.PERSON
    if folded(values[_NUMBER]) == plain and _NUMBER_LIKE.fullmatch(plain):
        return Kind.HOUSEHOLD
    return Kind.NOTHING if is_nothing(plain) else Kind.TEXT


def _header_around(
    sheet: Sheet, rows: Sequence[tuple[int, Row]], index: int, told: ColumnMap
) -> Header | None:
    """The header that the row at `index` belongs to, on another page."""
    windows = (
        rows[start:end]
        for start in range(max(index - 2, 0), index + 1)
        for end in range(index + 1, start + DEPTH + 1)
    )
    found = [
        header for window in windows if (header := read_header(sheet, window, told)) and not header.missing
    ]
    return max(found, key=lambda header: header.weight, default=None)


def _shared(
    sheet: Sheet, by_number: dict[int, Row], header: Header, number: int, values: tuple[Cell, ...]
) -> tuple[Cell, ...]:
    """`values` with what a cell merged down over this row says."""
    merged = sheet.merged or {}
    filled = list(values)
    for index in _SHARED:
        column = header.columns.get(FIELDS[index], -1)
        shown_row, shown_column = merged.get((number, column), (0, -1))
        if shown_column == column and filled[index] == "" and shown_row:
            filled[index] = by_number[shown_row][column]
    return tuple(filled)


def _texts(cells: Row) -> list[str]:
    return [plain for cell in cells if (plain := folded(cell))]


def _is_id_like(cell: Cell) -> bool:
    if isinstance(cell, str):
        return len(cell) >= 7 and _ID_LIKE.fullmatch(folded(cell).upper()) is not None
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and cell >= _ID_FROM
