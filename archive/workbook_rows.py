"""Whole rows written into a sheet at once: ledgers by the hundred thousand are made so.

Cell by cell, xlsxwriter takes ten times as long; here a row goes as XML (ECMA-376, 18.3.1) where xlsxwriter
keeps its own finished rows.
"""

import re
from collections.abc import Sequence
from datetime import date
from html import escape

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

Value = str | int | date | None
DAY_ZERO = date(1899, 12, 30)  # of a workbook's dates
# What cannot stand in a cell's text as it is: markup, spaces at an end, control characters, their own escape.
_ODD = re.compile(r"[&<>\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]|^\s|\s$|_x[0-9A-Fa-f]{4}_")
_UNSAYABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class Rows:
    """Rows of one kind, each below what was written before: a format a column, a height in points.

    A value is text (never a formula), a whole number, a date, or None for an empty cell.
    """

    def __init__(self, sheet: Worksheet, formats: Sequence[Format], height: float | None = None) -> None:
        if sheet.dim_rowmax is not None:  # what was written cell by cell comes first
            sheet._write_single_row(sheet.dim_rowmax + 1)
        self._sheet, self._file = sheet, sheet.row_data_fh
        self._row = "" if height is None else f' ht="{height:g}" customHeight="1"'
        self._columns = [
            (f'<c r="{xl_col_to_name(column)}', f'" s="{one._get_xf_index()}"')
            for column, one in enumerate(formats)
        ]

    def write(self, line: int, values: Sequence[Value]) -> None:
        """Write a row, `line` counted from 0."""
        parts = [f'<row r="{line + 1}"{self._row}>']
        for (start, style), value in zip(self._columns, values, strict=True):
            if value is None or value == "":
                parts.append(f"{start}{line + 1}{style}/>")
            elif isinstance(value, str):
                parts.append(f'{start}{line + 1}{style} t="inlineStr"><is>{_text(value)}</is></c>')
            else:
                number = (value - DAY_ZERO).days if isinstance(value, date) else value
                parts.append(f"{start}{line + 1}{style}><v>{number}</v></c>")
        parts.append("</row>")
        self._file.write("".join(parts))
        self._sheet._check_dimensions(line, len(values) - 1)
        self._sheet.previous_row = line + 1


def _text(value: str) -> str:
    if not _ODD.search(value):
        return f"<t>{value}</t>"
    sayable = _UNSAYABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", _ESCAPE.sub("_x005F_", value))
    return f'<t xml:space="preserve">{escape(sayable, quote=False)}</t>'
