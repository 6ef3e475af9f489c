"""A roster that was uploaded and not imported yet: how it was read, what is wrong in it, what it would change."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archive.file_names import readable
from archive.home import Home
from pipeline.divisions import Divisions
from pipeline.people import mask_id
from pipeline.planning import divisions_of
from pipeline.roster.cells import text
from pipeline.roster.changes import Changes, HomeKey, Pair
from pipeline.roster.columns import ColumnMap
from pipeline.roster.opened import sheets_of
from pipeline.roster.problems import ERROR, Problem, quoted, quoted_id
from pipeline.roster.reader import Roster, read_rosters
from pipeline.roster.screen import change_lines
from pipeline.roster.store import ImportCounts, import_roster
from pipeline.roster.understood import SheetReading
from pipeline.roster.zipped import column_letters, column_number
from pipeline.settings import read_settings
from web.asked import Asked
from web.errors import RosterElsewhere
from web.whole_files import unsealed

MOST_ROWS = 300  # with a problem that are shown; the marked workbook has all
OTHER = "别的村"


@dataclass(frozen=True, slots=True)
class MarkedCell:
    """A cell as it may be shown; `bad` is the severity of what is wrong with it, "" for nothing."""

    said: str
    bad: str


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A row with problems: its number in the sheet, its cells, what is wrong (severity, message)."""

    row: int
    cells: tuple[MarkedCell, ...]
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MarkedSheet:
    """The rows of a sheet with problems; `columns` are (letters, label)."""

    file: str
    sheet: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[MarkedRow, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What a roster holds, in numbers, and how each sheet was read; `villages` are codes."""

    year: int
    households: int
    persons: int
    accepted: int
    departed: int
    villages: tuple[str, ...]
    sheets: tuple[SheetReading, ...]
    marked: tuple[MarkedSheet, ...]
    errors: int
    warnings: int
    rows: int  # with a problem
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: its counts, the changes in words, who may be one person under two (masked) numbers."""

    counts: ImportCounts
    lines: tuple[str, ...]
    suggestions: tuple[Pair, ...]


def look_at(asked: Asked, uploads: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Look:
    """Read the uploads as one roster. Raises what read_rosters does, and RosterElsewhere."""
    with unsealed(asked, uploads) as paths:
        roster = read(asked, paths, pairs)
        villages = sorted({one.village_code for one in roster.households if one.village_code})
        severity = Counter(one.severity for one in roster.problems)
        return Look(
            year=roster.year,
            households=len(roster.households),
            persons=sum(len(one.members) for one in roster.households),
            accepted=sum(len(one.accepted) for one in roster.households),
            departed=sum(len(one.departed) for one in roster.households),
            villages=tuple(villages),
            sheets=tuple(replace(one, file=Path(one.file).name) for one in roster.sheets),
            marked=tuple(_marked(paths, roster)),
            errors=severity[ERROR],
            warnings=len(roster.problems) - severity[ERROR],
            rows=len({(one.file, one.sheet, one.row) for one in roster.problems}),
            unused=roster.unused,
        )


def read(asked: Asked, paths: Sequence[Path], pairs: Sequence[tuple[str, str]]) -> Roster:
    """The roster of some files, as `huyue roster check` reads it.

    Raises what read_rosters does, and RosterElsewhere for a village whose people are not the viewer's to import.
    """
    home = asked.desk.home
    told = ColumnMap.of([*read_settings(home.settings).roster.columns.items(), *pairs])
    roster = read_rosters(paths, _divisions(home), asked.today, told)
    if not all(asked.viewer.sees(one.village_code) for one in roster.households if one.village_code):
        raise RosterElsewhere()
    ours = {column for column, _ in pairs}
    return replace(roster, unused=tuple(one for one in roster.unused if one in ours))


def preview(asked: Asked, uploads: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Preview:
    """What importing the uploads would change; nothing is written. Raises as look_at."""
    with unsealed(asked, uploads) as paths:
        roster = read(asked, paths, pairs)
    with asked.desk.home.writing(dry_run=True) as connection:
        done = import_roster(connection, roster, asked.actor)
        divisions = divisions_of(connection)
    changes = done.changes
    if asked.viewer.villages is not None:
        changes = _own(changes, asked)
        divisions = Divisions(
            {
                code: OTHER if len(code) == 12 and not asked.viewer.sees(code) else name
                for code, name in divisions.names.items()
            }
        )
    said = change_lines(replace(changes, suggestions=[]), divisions, written=False)
    return Preview(done.counts, tuple(said), tuple(map(_masked, changes.suggestions)))


def _own(changes: Changes, asked: Asked) -> Changes:
    """Without the names of who lived in another village, and without other villages' households."""
    doubtful = {one.now for one in changes.doubtful}

    def ours(*homes: HomeKey) -> bool:
        return all(asked.viewer.sees(code) for code, _, _ in homes)

    return replace(
        changes,
        doubtful=[replace(one, detail="另一个名字") for one in changes.doubtful],
        renamed=[
            replace(one, detail="另一个名字") if one.now in doubtful else one for one in changes.renamed
        ],
        heads=[one for one in changes.heads if ours(one[0])],
        split=[one for one in changes.split if ours(one[0], *one[1])],
        merged=[one for one in changes.merged if ours(*one[0], one[1])],
        gone=[one for one in changes.gone if ours(one)],
        left=[one for one in changes.left if ours(one.home)],
    )


def _masked(pair: Pair) -> Pair:
    return replace(pair, old=mask_id(pair.old), new=mask_id(pair.new), birth="")


def _divisions(home: Home) -> Divisions:
    with home.reading() as connection:
        return divisions_of(connection)


def _marked(paths: Sequence[Path], roster: Roster) -> Iterator[MarkedSheet]:
    """The sheets with the first rows that have problems, their cells as they stand in the files."""
    if not roster.problems:
        return
    left = MOST_ROWS
    for path, sheets in sheets_of(paths):
        name = str(readable(path))
        for sheet in sheets:
            of_it: dict[int, list[Problem]] = {}
            for one in roster.problems:
                if one.file == name and one.sheet == sheet.name:
                    of_it.setdefault(one.row, []).append(one)
            reading = next(
                (one for one in roster.sheets if one.file == name and one.sheet == sheet.name), None
            )
            rows = []
            for number, cells in sheet.rows:  # all are taken, though not all are shown
                if number in of_it and left > 0:
                    left -= 1
                    rows.append(
                        _row(number, [text(cell) for cell in cells], of_it[number], reading, sheet.left)
                    )
            if rows:
                width = max(len(one.cells) for one in rows)
                yield MarkedSheet(path.name, sheet.name, _labels(reading, sheet.left, width), tuple(rows))


def _row(
    number: int, cells: list[str], problems: list[Problem], reading: SheetReading | None, left: int
) -> MarkedRow:
    identity = _place(reading, "id_number", left)
    bad: dict[int, str] = {}
    for one in problems:
        if one.column is not None:
            bad.setdefault(one.column, one.severity)
    width = max([len(cells), *(place + 1 for place in bad)])
    cells += [""] * (width - len(cells))
    shown = (
        MarkedCell(quoted_id(cell) if place == identity and cell else quoted(cell), bad.get(place, ""))
        for place, cell in enumerate(cells)
    )
    said = tuple((one.severity, one.message.partition("：")[2] or one.message) for one in problems)
    return MarkedRow(number, tuple(shown), said)


def _place(reading: SheetReading | None, field: str, left: int) -> int | None:
    """Where in a row a field's column is, counted from 0."""
    columns = reading.columns if reading else ()
    return next((column_number(one.letters) - 1 - left for one in columns if one.field == field), None)


def _labels(reading: SheetReading | None, left: int, width: int) -> tuple[tuple[str, str], ...]:
    known = {one.letters: one.label for one in reading.columns} if reading else {}
    known |= dict(reading.unread) if reading else {}
    letters = [column_letters(left + place + 1) for place in range(width)]
    return tuple((one, known.get(one, "")) for one in letters)
