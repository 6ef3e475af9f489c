"""The clerk's own workbook again, with what is wrong marked in it: coloured cells, comments, a list.

openpyxl keeps the sheets' looks, merged cells and hidden rows; formulas become the results that were read.
A format it does not write (.xls, .ods, text) is made into an .xlsx of the same rows. Marks come off again:
what a cell had before is kept beside them, its comment below ours, its fill in a sheet nobody sees.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.merge import MergedCellRange
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.roster.cells import NONCHARACTERS, Cell
from pipeline.roster.problems import ERROR, Problem
from pipeline.roster.table import LIST, is_list
from pipeline.roster.workbook import Sheet, read_sheets
from pipeline.roster.zipped import column_letters, is_spreadsheetml

AUTHOR = "户约"
UNNAMED = "花名册"  # the sheet that a text file becomes
FILLS = f"{LIST}0"  # read as a list, so never as a roster; its rows have the fills that marks stand over
_ERROR = PatternFill("solid", fgColor="FFC7CE")
_WARNING = PatternFill("solid", fgColor="FFEB9C")
_OURS = ("FFC7CE", "FFEB9C")
_NO_FILL = PatternFill()
_TOP = Alignment(wrap_text=True, vertical="top", horizontal="left")
_THIN = Side("thin")
_LINES = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_TITLES = ("序号", "工作表", "行", "列", "类别", "问题和改法")
_WIDTHS = (6, 20, 8, 6, 8, 100)
_COMMENT = 2_000  # characters of ours in a comment
_KEPT_FILL = re.compile(r"^—— 原底色 (\d{1,6})$", re.MULTILINE)
_KEPT_COMMENT = re.compile(r"^—— 原批注（(.*)）\n((?s:.*))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be marked. By sheet: `left` is its first used column, `uncached` its formulas without a result
    (row, column counted from `left`).
    """

    source: Path
    year: int
    problems: tuple[Problem, ...]
    left: Mapping[str, int]
    uncached: Mapping[str, frozenset[tuple[int, int]]]


def write_copy(job: Job, path: Path) -> bool:
    """Write the marked copy; whether it has the looks of the source, not its values alone."""
    opened = _opened(job) if is_spreadsheetml(job.source) else None
    workbook = opened or _copied(job.source)
    _unmark(workbook)
    _mark(workbook, job)
    _list(workbook, job)
    workbook.save(path)
    return opened is not None


def _opened(job: Job) -> openpyxl.Workbook | None:
    """The clerk's workbook with results for formulas, as the roster was read; None if openpyxl cannot.

    A formula without a result stays: it says more than an empty cell.
    """
    try:
        formulas = _formulas(job) if job.uncached else {}
        with job.source.open("rb") as stream:
            workbook = openpyxl.load_workbook(stream, data_only=True)
    except (OSError, MemoryError):
        raise
    except Exception:  # whatever a part it does not know makes it stumble over: the values can still be had
        return None
    for (name, row, column), formula in formulas.items():
        workbook[name].cell(row, column).value = formula
    return workbook


def _formulas(job: Job) -> dict[tuple[str, int, int], Any]:
    with job.source.open("rb") as stream:
        workbook = openpyxl.load_workbook(stream)
    places = (
        (name, row, job.left[name] + column + 1)
        for name, cells in job.uncached.items()
        for row, column in cells
    )
    return {(name, row, column): workbook[name].cell(row, column).value for name, row, column in places}


def _copied(source: Path) -> openpyxl.Workbook:
    """A new workbook of the same sheets, rows, merged cells and hidden rows."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for sheet in read_sheets(source):
        made: Any = workbook.create_sheet(sheet.name or UNNAMED)
        for row, cells in sheet.rows:
            for column, cell in enumerate(cells, start=sheet.left + 1):
                if cell != "":
                    _put(made, row, column, cell)
        for area in _areas(sheet):
            merged = MergedCellRange(made, area)
            made._clean_merge_range(merged)  # merge_cells would compare it with every other
            made.merged_cells.ranges.add(merged)
        for row in sheet.hidden_rows:
            made.row_dimensions[row].hidden = True
        made.sheet_state = "hidden" if sheet.hidden else "visible"
    return workbook


def _put(sheet: Worksheet, row: int, column: int, value: Cell) -> None:
    """A value as it is: a text never becomes a formula, a long number never a rounded one."""
    cell: Any = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = _clean(value)
        cell.data_type = "s"
        cell.number_format = "@"
        return
    cell.value = value
    if isinstance(value, datetime) and value.time() == time.min:
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, timedelta):
        cell.number_format = "[h]:mm:ss"


def _clean(value: str) -> str:
    """A text without the characters that no workbook can hold."""
    return NONCHARACTERS.sub("", ILLEGAL_CHARACTERS_RE.sub("", value))


def _areas(sheet: Sheet) -> list[str]:
    """The merged areas of a sheet, as A1:B2."""
    ends: dict[tuple[int, int], tuple[int, int]] = {}
    for (row, column), shown in (sheet.merged or {}).items():
        last = ends.get(shown, shown)
        ends[shown] = (max(last[0], row), max(last[1], column))
    return [
        f"{column_letters(sheet.left + first + 1)}{top}:{column_letters(sheet.left + last + 1)}{bottom}"
        for (top, first), (bottom, last) in ends.items()
    ]


def _unmark(workbook: openpyxl.Workbook) -> None:
    """Take the marks of an earlier copy off, and give the cells back what they had."""
    fills: Any = workbook[FILLS] if FILLS in workbook.sheetnames else None
    for sheet in workbook.worksheets:
        for cell in list(_existing(sheet)):
            if cell.comment is None or cell.comment.author != AUTHOR:
                continue
            own = _KEPT_COMMENT.search(cell.comment.text)
            fill = _KEPT_FILL.search(cell.comment.text, 0, own.start() if own else len(cell.comment.text))
            if str(cell.fill.fgColor.rgb)[-6:] in _OURS:
                cell.fill = copy(fills.cell(int(fill[1]), 1).fill) if fill and fills else _NO_FILL
            cell.comment = Comment(own[2], own[1]) if own else None
    for name in [name for name in workbook.sheetnames if is_list(name)]:
        workbook.remove(workbook[name])


def _existing(sheet: Any) -> Any:
    """The cells that are there; going by rows would make all others, out to the farthest."""
    return sheet._cells.values()


def _mark(workbook: openpyxl.Workbook, job: Job) -> None:
    fills: Any = workbook.create_sheet(FILLS)
    fills.sheet_state = "veryHidden"
    kept = 0
    by_sheet: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in job.problems:
        by_sheet[problem.sheet].append(problem)
    for name, listed in by_sheet.items():
        sheet = workbook[name or UNNAMED]
        shown = _shown(sheet)
        marks: defaultdict[tuple[int, int], list[Problem]] = defaultdict(list)
        for problem in listed:
            place = problem.row, job.left.get(name, 0) + (problem.column or 0) + 1
            marks[shown.get(place, place)].append(problem)
        for (row, column), problems in marks.items():
            cell: Any = sheet.cell(row, column)
            said = ["\n".join(_said(problem) for problem in problems)[:_COMMENT]]
            if cell.fill.fill_type is not None:
                kept += 1
                fills.cell(kept, 1).fill = copy(cell.fill)
                said.append(f"—— 原底色 {kept}")
            if cell.comment is not None:
                said.append(f"—— 原批注（{cell.comment.author}）\n{cell.comment.text}")
            cell.comment = Comment("\n".join(said), AUTHOR, height=120, width=320)
            cell.fill = _ERROR if any(one.severity == ERROR for one in problems) else _WARNING
    if not kept:
        workbook.remove(fills)


def _said(problem: Problem) -> str:
    return _clean(problem.message.partition("：")[2])


def _shown(sheet: Worksheet) -> dict[tuple[int, int], tuple[int, int]]:
    """Covered cell → the one that shows for it, of merged cells."""
    return {place: (area.min_row, area.min_col) for area in sheet.merged_cells.ranges for place in area.cells}


def _list(workbook: openpyxl.Workbook, job: Job) -> None:
    sheet: Any = workbook.create_sheet(LIST)
    sheet.append([f"{job.year}年花名册{LIST}：{len(job.problems)} 处"])
    sheet.append(["红色是错误，这个人暂不收；黄色是提醒。改好以后保存，直接导入这个文件。"])
    sheet.append(list(_TITLES))
    last = 3
    for number, problem in enumerate(job.problems, start=1):
        last += 1  # asked for its last row or column, openpyxl looks at every cell
        name = problem.sheet or UNNAMED
        letters = column_letters(job.left.get(problem.sheet, 0) + (problem.column or 0) + 1)
        kind = "错误" if problem.severity == ERROR else "提醒"
        sheet.append([number, name, problem.row, letters, kind, _said(problem)])
        for column in range(1, len(_TITLES) + 1):
            cell = sheet.cell(last, column)
            cell.alignment, cell.border = _TOP, _LINES
            if isinstance(cell.value, str):
                cell.data_type = "s"
        link, fill = sheet.cell(last, 3), sheet.cell(last, 5)
        place = f"'{name.replace(chr(39), chr(39) * 2)}'!{letters}{problem.row}"
        link.hyperlink = Hyperlink(ref=link.coordinate, location=place)
        link.font = Font(color="0563C1", underline="single")
        fill.fill = _ERROR if problem.severity == ERROR else _WARNING
    for column, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[column_letters(column)].width = width
        sheet.cell(3, column).font = Font(bold=True)
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.freeze_panes = "A4"
    sheet.auto_filter.ref = f"A3:F{max(4, last)}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage = 0, True
    sheet.print_title_rows = "3:3"
    workbook.active = sheet
    for other in workbook.worksheets:
        other.sheet_view.tabSelected = other is sheet
    for chart in workbook.chartsheets:
        for view in chart.sheetViews.sheetView:
            view.tabSelected = False
