"""The clerk's own workbook again, with what is wrong marked in it: coloured cells, comments, a list.

openpyxl keeps the sheets' looks, merged cells and hidden rows; formulas become the results that were read.
A format it does not write (.xls, .ods, text) is made into an .xlsx of the same rows.
"""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from archive.errors import FileExists, MarkingFailed, WorkbookTooLarge
from pipeline.pool import ordered
from pipeline.roster.cells import Cell
from pipeline.roster.opened import sheets_of
from pipeline.roster.problems import ERROR, Problem
from pipeline.roster.reader import Roster
from pipeline.roster.table import LIST, is_list
from pipeline.roster.workbook import Sheet
from pipeline.roster.zipped import column_letters, is_spreadsheetml

AUTHOR = "户约"
CELLS = 2_000_000  # held in memory at about 300 bytes each
UNNAMED = "花名册"  # the sheet that a text file becomes
_ERROR = PatternFill("solid", fgColor="FFC7CE")
_WARNING = PatternFill("solid", fgColor="FFEB9C")
_NO_FILL = PatternFill()
_TOP = Alignment(wrap_text=True, vertical="top", horizontal="left")
_THIN = Side("thin")
_LINES = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_TITLES = ("序号", "工作表", "行", "列", "类别", "问题和改法")
_WIDTHS = (6, 20, 8, 6, 8, 100)
_COMMENT = 2_000  # characters of a comment


@dataclass(frozen=True, slots=True)
class MarkedCopy:
    """A written copy; `as_it_was` is False where only the values could be kept, not the workbook's looks."""

    path: Path
    problems: int
    as_it_was: bool


@dataclass(frozen=True, slots=True)
class _Job:
    """One file to be marked; `left` is the first used column by sheet."""

    source: Path
    target: Path
    year: int
    problems: tuple[Problem, ...]
    left: Mapping[str, int]


def write_marked(roster: Roster, sources: Sequence[Path], out: Path) -> list[MarkedCopy]:
    """Write a marked copy of every source: `out` for one, `out` with their names added for several.

    Raises FileExists, WorkbookTooLarge or MarkingFailed; OSError where a copy cannot be written.
    """
    jobs: list[_Job] = []
    for source in dict.fromkeys(sources):
        target = out if len(set(sources)) == 1 else out.with_name(f"{out.stem}-{source.stem}.xlsx")
        if target.exists() or target in {job.target for job in jobs}:
            raise FileExists(file=target)
        sheets = [one for one in roster.sheets if one.file == str(source)]
        if (cells := sum(one.cells for one in sheets)) > CELLS:
            detail = f"有 {cells} 格，能做标记的最多 {CELLS} 格"
            raise WorkbookTooLarge(file=source, detail=detail, remedy="按村拆成几个文件，或者去掉 --marked")
        mine = tuple(problem for problem in roster.problems if problem.file == str(source))
        jobs.append(_Job(source, target, roster.year, mine, {one.sheet: one.left for one in sheets}))
    return list(ordered(_write, jobs, 1, _lost))


def _lost(job: _Job) -> MarkedCopy:
    raise MarkingFailed(file=job.source)


def _write(job: _Job) -> MarkedCopy:
    """In a process of its own; what openpyxl puts down on the way stays beside the copy, and goes."""
    with tempfile.TemporaryDirectory(prefix=".", dir=job.target.parent) as folder:
        tempfile.tempdir = folder
        opened = _opened(job.source) if is_spreadsheetml(job.source) else None
        workbook = opened or _copied(job.source)
        _unmark(workbook)
        _mark(workbook, job)
        _list(workbook, job)
        part = Path(folder, "part.xlsx")
        workbook.save(part)
        part.replace(job.target)
        return MarkedCopy(job.target, len(job.problems), opened is not None)


def _opened(source: Path) -> openpyxl.Workbook | None:
    """The clerk's workbook with results for formulas, as the roster was read; None if openpyxl cannot."""
    try:
        with source.open("rb") as stream:
            return openpyxl.load_workbook(stream, data_only=True)
    except OSError:
        raise
    except Exception:  # whatever a part it does not know makes it stumble over: the values can still be had
        return None


def _copied(source: Path) -> openpyxl.Workbook:
    """A new workbook of the same sheets, rows, merged cells and hidden rows."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for _, sheets in sheets_of([source]):
        for sheet in sheets:
            copy = workbook.create_sheet(sheet.name or UNNAMED)
            for row, cells in sheet.rows:
                for column, cell in enumerate(cells, start=sheet.left + 1):
                    if cell != "":
                        _put(copy, row, column, cell)
            for area in _areas(sheet):
                copy.merge_cells(area)
            for row in sheet.hidden_rows:
                copy.row_dimensions[row].hidden = True
            copy.sheet_state = "hidden" if sheet.hidden else "visible"
    return workbook


def _put(sheet: Worksheet, row: int, column: int, value: Cell) -> None:
    """A value as it is: a text never becomes a formula, a long number never a rounded one."""
    cell: Any = sheet.cell(row, column)
    if isinstance(value, str):
        try:
            cell.value = value
        except IllegalCharacterError:
            cell.value = "".join(one for one in value if one >= " " or one in "\t\n\r")
        cell.data_type = "s"
        cell.number_format = "@"
        return
    cell.value = value
    if isinstance(value, datetime) and value.time() == time.min:
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, timedelta):
        cell.number_format = "[h]:mm:ss"


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
    """Take the marks of an earlier copy off."""
    for name in [name for name in workbook.sheetnames if is_list(name)]:
        workbook.remove(workbook[name])
    for sheet in workbook.worksheets:
        for cells in sheet.iter_rows():
            for cell in cells:
                if cell.comment is not None and cell.comment.author == AUTHOR:
                    cell.comment = None
                    cell.fill = _NO_FILL


def _mark(workbook: openpyxl.Workbook, job: _Job) -> None:
    marks: defaultdict[tuple[str, int, int], list[Problem]] = defaultdict(list)
    for problem in job.problems:
        column = job.left.get(problem.sheet, 0) + (problem.column or 0) + 1
        marks[problem.sheet or UNNAMED, problem.row, column].append(problem)
    for (name, row, column), problems in marks.items():
        cell: Any = _shown(workbook[name], row, column)
        earlier = [] if cell.comment is None else [cell.comment.text]
        said = [problem.message.partition("：")[2] for problem in problems]
        cell.comment = Comment("\n".join([*said, *earlier])[:_COMMENT], AUTHOR, height=120, width=320)
        cell.fill = _ERROR if any(one.severity == ERROR for one in problems) else _WARNING


def _shown(sheet: Worksheet, row: int, column: int) -> Any:
    """The cell itself, or the one that shows for it where it is merged."""
    cell = sheet.cell(row, column)
    if not isinstance(cell, MergedCell):
        return cell
    area = next(one for one in sheet.merged_cells.ranges if cell.coordinate in one)
    return sheet.cell(area.min_row, area.min_col)


def _list(workbook: openpyxl.Workbook, job: _Job) -> None:
    sheet: Any = workbook.create_sheet(LIST)
    sheet.append([f"{job.year}年花名册{LIST}：{len(job.problems)} 处"])
    sheet.append(["红色是错误，这个人暂不收；黄色是提醒。改好以后保存，直接导入这个文件。"])
    sheet.append(list(_TITLES))
    for number, problem in enumerate(job.problems, start=1):
        name = problem.sheet or UNNAMED
        letters = column_letters(job.left.get(problem.sheet, 0) + (problem.column or 0) + 1)
        kind = "错误" if problem.severity == ERROR else "提醒"
        sheet.append([number, name, problem.row, letters, kind, problem.message.partition("：")[2]])
        for cell in sheet[sheet.max_row]:
            cell.alignment, cell.border = _TOP, _LINES
            if isinstance(cell.value, str):
                cell.data_type = "s"
        link, fill = sheet.cell(sheet.max_row, 3), sheet.cell(sheet.max_row, 5)
        place = f"'{name.replace(chr(39), chr(39) * 2)}'!{letters}{problem.row}"
        link.hyperlink = Hyperlink(ref=link.coordinate, location=place)
        link.font = Font(color="0563C1", underline="single")
        fill.fill = _ERROR if problem.severity == ERROR else _WARNING
    for column, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[column_letters(column)].width = width
        sheet.cell(3, column).font = Font(bold=True)
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.freeze_panes = "A4"
    sheet.auto_filter.ref = f"A3:F{max(4, sheet.max_row)}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage = 0, True
    sheet.print_title_rows = "3:3"
    workbook.active = workbook.worksheets.index(sheet)
    for other in workbook.worksheets:
        other.sheet_view.tabSelected = other is sheet
