"""Grids of cells written as the files that offices keep: .xlsx, .xlsm, .xls, .ods, and text."""

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from odf import number, opendocument, style, table, teletype, text  # type: ignore[import-untyped]

from tests.roster.biff_writer import serial, write_biff

EMPTY = None
Value = str | int | float | bool | date | None


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula with its saved result; None for one that was never worked out."""

    text: str
    value: Value


Cell = Value | Formula
Area = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0


@dataclass(slots=True)
class Grid:
    """A sheet as it will be written. Rows and columns count from 0."""

    name: str
    rows: list[list[Cell]] = field(default_factory=list)
    merged: list[Area] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    hidden: bool = False


def write(path: Path, form: str, grids: Sequence[Grid]) -> list[list[int]]:
    """Write a file; returns, a grid, the number by which the file knows each of its rows.

    `form` is xlsx, xlsm, xls (BIFF8), jxl (BIFF8 as JExcelAPI writes it), xls5 (BIFF5), ods, or a delimiter and an encoding (`csv gb18030`,
    `tab utf-16`), which holds one grid.
    """
    kind, _, encoding = form.partition(" ")
    if encoding:
        (grid,) = grids
        return [_write_text(path, grid, "," if kind == "csv" else "\t", encoding)]
    if kind == "ods":
        _write_ods(path, grids)
    elif kind == "xls5":
        write_biff(path, grids, biff8=False)
    elif kind in ("xls", "jxl"):
        write_biff(path, grids, code_page=1252 if kind == "jxl" else 1200)
    else:
        _write_xlsx(path, grids)
        if kind == "xlsm":
            _add_macros(path)
    return [list(range(1, len(grid.rows) + 1)) for grid in grids]


def shown(value: Cell) -> Value:
    """What a cell shows: a formula its saved result."""
    return shown(value.value) if isinstance(value, Formula) else value


def _write_xlsx(path: Path, grids: Sequence[Grid]) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        day_format = workbook.add_format({"num_format": "yyyy-mm-dd"})
        for grid in grids:
            sheet = workbook.add_worksheet(grid.name)
            for area in grid.merged:
                sheet.merge_range(*area, "")
            for line, cells in enumerate(grid.rows):
                for column, cell in enumerate(cells):
                    _write_xlsx_cell(sheet, line, column, cell, day_format)
            for line in grid.hidden_rows:
                sheet.set_row(line, None, None, {"hidden": True})
            for column in grid.hidden_columns:
                sheet.set_column(column, column, None, None, {"hidden": True})
            if grid.hidden:
                sheet.hide()


def _write_xlsx_cell(sheet: Any, line: int, column: int, cell: Cell, day_format: Any) -> None:
    if isinstance(cell, Formula):
        value, style = cell.value, None
        if isinstance(value, date):
            value, style = serial(value), day_format
        sheet.write_formula(line, column, cell.text, style, "" if value is None else value)
    elif isinstance(cell, date):
        sheet.write_datetime(line, column, cell, day_format)
    elif isinstance(cell, str) and cell:
        sheet.write_string(line, column, cell)
    elif cell is not None and cell != "":
        sheet.write(line, column, cell)


def _add_macros(path: Path) -> None:
    """Make an .xlsx what Excel calls macro-enabled."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    types, links = parts["[Content_Types].xml"], parts["xl/_rels/workbook.xml.rels"]
    parts["[Content_Types].xml"] = types.replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    ).replace(
        b"<Default ",
        b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Default ',
        1,
    )
    parts["xl/_rels/workbook.xml.rels"] = links.replace(
        b"</Relationships>",
        b'<Relationship Id="rId99" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" '
        b'Target="vbaProject.bin"/></Relationships>',
    )
    parts["xl/vbaProject.bin"] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1528)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def _write_ods(path: Path, grids: Sequence[Grid]) -> None:
    document = opendocument.OpenDocumentSpreadsheet()
    format_ = number.DateStyle(name="ymd")
    for part in (
        number.Year(style="long"),
        number.Text(text="-"),
        number.Month(style="long"),
        number.Text(text="-"),
        number.Day(style="long"),
    ):
        format_.addElement(part)
    day_style = style.Style(name="day", family="table-cell", datastylename=format_)
    wide = style.Style(name="wide", family="table-column")
    wide.addElement(style.TableColumnProperties(columnwidth="2cm"))
    away = style.Style(name="away", family="table")
    away.addElement(style.TableProperties(display="false"))
    for element in (format_, day_style, wide, away):
        document.automaticstyles.addElement(element)
    for grid in grids:
        sheet = table.Table(name=grid.name, **({"stylename": away} if grid.hidden else {}))
        for column in range(max((len(cells) for cells in grid.rows), default=0)):
            hidden = {"visibility": "collapse"} if column in grid.hidden_columns else {}
            sheet.addElement(table.TableColumn(stylename=wide, **hidden))
        spans = {area[:2]: area for area in grid.merged}
        covered = {
            (line, column)
            for top, left, bottom, right in grid.merged
            for line in range(top, bottom + 1)
            for column in range(left, right + 1)
        } - spans.keys()
        for line, cells in enumerate(grid.rows):
            row = table.TableRow(**({"visibility": "collapse"} if line in grid.hidden_rows else {}))
            for column, cell in enumerate(cells):
                if (line, column) in covered:
                    row.addElement(table.CoveredTableCell())
                else:
                    row.addElement(_ods_cell(cell, spans.get((line, column)), day_style))
            sheet.addElement(row)
        document.spreadsheet.addElement(sheet)
    document.save(path)


def _ods_cell(cell: Cell, area: Area | None, day_style: Any) -> Any:
    attributes: dict[str, Any] = {}
    if area:
        attributes["numberrowsspanned"] = area[2] - area[0] + 1
        attributes["numbercolumnsspanned"] = area[3] - area[1] + 1
    if isinstance(cell, Formula):
        attributes["formula"] = "of:" + cell.text
    value = shown(cell)
    if value is None or value == "":
        return table.TableCell(**attributes)
    if isinstance(value, bool):
        return table.TableCell(valuetype="boolean", booleanvalue=str(value).lower(), **attributes)
    if isinstance(value, date):
        shown_as = value.isoformat()
        made = table.TableCell(valuetype="date", datevalue=shown_as, stylename=day_style, **attributes)
    elif isinstance(value, (int, float)):
        shown_as = f"{value:.15g}"
        made = table.TableCell(valuetype="float", value=shown_as, **attributes)
    else:
        made = table.TableCell(valuetype="string", **attributes)
        shown_as = value
    for part in shown_as.split("\n"):
        paragraph = text.P()
        teletype.addTextToElement(paragraph, part)
        made.addElement(paragraph)
    return made


def _write_text(path: Path, grid: Grid, delimiter: str, encoding: str) -> list[int]:
    """As a spreadsheet saves text: values as shown, a line end within a cell quoted."""
    lines: list[int] = []
    line = 1
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    for cells in grid.rows:
        lines.append(line)
        texts = [_as_text(shown(cell)) for cell in cells]
        writer.writerow(texts)
        line += 1 + sum(text.count("\n") for text in texts)
    path.write_bytes(out.getvalue().encode(encoding))
    return lines


def _as_text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return f"{value.year}/{value.month}/{value.day} {value.hour}:{value.minute:02d}"
    if isinstance(value, date):
        return f"{value.year}/{value.month}/{value.day}"
    if isinstance(value, (int, float)):
        # Excel shows eleven digits of a number, then an exponent.
        return f"{value:.5E}" if abs(value) >= 10**11 else f"{value:.15g}"
    return value
