"""Read the workbooks of one roster into households and problems."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from archive.file_names import once, readable
from pipeline.divisions import Divisions
from pipeline.errors import RosterHeaderMissing, WorkbookEmpty
from pipeline.people import Household
from pipeline.roster.columns import LABELS, REQUIRED, ColumnMap
from pipeline.roster.households import HouseholdReader
from pipeline.roster.opened import sheets_of
from pipeline.roster.problems import Place, Problem
from pipeline.roster.table import Table, is_explanation, is_list, read_table
from pipeline.roster.understood import SheetReading, reading_of
from pipeline.roster.workbook import Sheet
from pipeline.roster.years import year_in_name, year_in_titles


@dataclass(frozen=True, slots=True)
class Roster:
    """One year's roster, all given files together.

    Households stand in the order they first appear in, problems in that of files, sheets, rows and, within a
    row, of the codes. `unused` are the office's own names of columns that no header has.
    """

    year: int
    households: tuple[Household, ...]
    problems: tuple[Problem, ...]
    sheets: tuple[SheetReading, ...]
    unused: tuple[str, ...] = ()


def read_rosters(
    paths: Sequence[Path],
    divisions: Divisions,
    today: date,
    told: ColumnMap | None = None,
    done: Callable[[], None] = lambda: None,
) -> Roster:
    """Read workbooks that together are one roster; one given twice counts once.

    `today` gives the year where no title, sheet or file names one, `told` the office's own names of columns;
    `done` is called after each file.
    Raises a NoInput error that names the file: for one that cannot be read or is empty, and where no sheet of
    any file has a header, or none has a person below it.
    """
    reader = HouseholdReader(divisions)
    order: dict[tuple[str, str], int] = {}
    first = ""
    year: int | None = None
    readings: list[SheetReading] = []
    told = told or ColumnMap()
    used: set[str] = set()
    for path, sheets in sheets_of(once(paths)):
        name = str(readable(path))
        every = [(sheet, read_table(sheet, told)) for sheet in sheets]
        tables = _tables(path, every)
        for sheet, table in tables:
            order.setdefault((name, sheet.name), len(order))
            used |= table.told
            if table.usable:
                first = first or name
                reader.read(table, name, sheet.name, sheet.uncached)
            else:
                reader.problems.append(_no_header(name, sheet.name, table))
        readings += (
            reading_of(name, sheet, table, used=any(table is one for _, one in tables), divisions=divisions)
            for sheet, table in every
        )
        year = year or _year(path, tables, every)
        done()
    if not first:
        raise RosterHeaderMissing(file=reader.problems[0].file, detail=reader.problems[0].message)
    households = tuple(reader.households())
    if not any(household.members or household.departed for household in households):
        raise WorkbookEmpty(file=first)
    problems = sorted(
        reader.problems, key=lambda found: (order[found.file, found.sheet], found.row, found.rank)
    )
    unused = tuple(written for written in told.written if written not in used)
    return Roster(year or today.year, households, tuple(problems), tuple(readings), unused)


def _tables(path: Path, tables: Sequence[tuple[Sheet, Table]]) -> list[tuple[Sheet, Table]]:
    """The sheets of a file that hold persons, and those that look so but have no usable header.

    A sheet of explanations counts only where no other sheet is a roster; a sheet of mere text does not count,
    unless the file has nothing else.
    """
    filled = [(sheet, table) for sheet, table in tables if table.first_row]
    if not filled:
        raise WorkbookEmpty(file=path)
    own = [(sheet, table) for sheet, table in filled if not is_explanation(sheet.name)]
    if not any(table.usable for _, table in own):
        own = filled
    return [(sheet, table) for sheet, table in own if table.header or table.first_data_row] or filled[:1]


def _no_header(file: str, sheet: str, table: Table) -> Problem:
    if table.header:
        missing = "、".join(LABELS[name] for name in table.header.missing)
        message = f"表头里没有这几栏：{missing}。请补上（或改成这样的栏名），再读一次。"
        return Place(file, sheet, table.header.first).error("header_not_found", message)
    wanted = "、".join(LABELS[name] for name in REQUIRED)
    message = f"这张表没有找到表头，一行也没有读。请在数据上面补上表头行，至少要有：{wanted}。"
    return Place(file, sheet, table.first_data_row or table.first_row).error("header_not_found", message)


def _year(
    path: Path, tables: Sequence[tuple[Sheet, Table]], every: Sequence[tuple[Sheet, Table]]
) -> int | None:
    """The year in the titles, the sheets' names, the list of a marked copy (the name of whose file was
    another's), or the file's name.
    """
    usable = [(sheet.name, table) for sheet, table in tables if table.usable]
    by_title = year_in_titles(line for _, table in usable for line in table.pages[0])
    of_lists = (line for sheet, table in every if is_list(sheet.name) for line in table.pages[0])
    by_name = (
        year_in_name(name) for name in (*(sheet for sheet, _ in usable), *of_lists, readable(path).stem)
    )
    return by_title or next((year for year in by_name if year), None)
