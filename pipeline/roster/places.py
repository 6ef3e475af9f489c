"""Which village each row belongs to: its own cell, the rows above it, or what stands over the table."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.divisions import TOWN_DIGITS, Divisions
from pipeline.roster.cells import folded, is_nothing
from pipeline.roster.columns import FIELDS
from pipeline.roster.table import Entry, Table

_TOWN, _VILLAGE = FIELDS.index("town"), FIELDS.index("village")


@dataclass(frozen=True, slots=True)
class Village:
    """The village of a row: `code` is "" where it cannot be told, `written` then what was written for it.

    `candidates` are the villages it may be: none of that name, or several.
    """

    written: str
    candidates: tuple[str, ...]

    @property
    def code(self) -> str:
        return self.candidates[0] if len(self.candidates) == 1 else ""

    @property
    def key(self) -> str:
        """What tells villages apart, also those that are not known."""
        return self.code or self.written


@dataclass(frozen=True, slots=True)
class _Page:
    towns: tuple[str, ...]
    villages: tuple[str, ...]


def villages_of_rows(table: Table, sheet_name: str, divisions: Divisions) -> list[Village]:
    """The village of each of a table's entries.

    An empty cell goes on with the cell above, and on a page that has none with the village in the page's
    title, 填报单位 or the sheet's name. Between two villages of one name decides the town in the cell, then
    that of the page, then that of the nearest rows above and below.
    """
    pages = _pages(table, sheet_name, divisions)
    found: list[Village] = []
    town = written = ""
    page = -1
    for entry in table.entries:
        if entry.page != page and (page < 0 or pages[entry.page].villages != pages[page].villages):
            town = written = ""
        page = entry.page
        own_town, own = (_plain(entry, column) for column in (_TOWN, _VILLAGE))
        if own_town and own_town != town:
            town, written = own_town, ""
        written = own or written
        here = pages[page]
        if not written:
            found.append(Village("", here.villages))
            continue
        candidates = divisions.match(town + written, here.towns) if town else ()
        found.append(Village(written, candidates or divisions.match(written, here.towns)))
    return _settled_by_rows_around(found)


def _plain(entry: Entry, column: int) -> str:
    plain = folded(entry.cells[column])
    return "" if is_nothing(plain) else plain


def _pages(table: Table, sheet_name: str, divisions: Divisions) -> list[_Page]:
    """Towns and villages named above each page's rows; a page that names none goes on with the one before."""
    named_by_sheet = divisions.match(re.sub(r"[\d.\s]+", "", sheet_name)) or divisions.villages_in(sheet_name)
    before = _Page(divisions.towns_in(sheet_name), named_by_sheet)
    pages: list[_Page] = []
    for number, lines in enumerate(table.pages):
        towns = (
            tuple(dict.fromkeys(town for line in lines for town in divisions.towns_in(line))) or before.towns
        )
        villages = tuple(dict.fromkeys(code for line in lines for code in divisions.villages_in(line)))
        if number == 0:
            # The sheet's name and its title speak of the same village; where they differ, nobody can tell.
            villages = tuple(dict.fromkeys((*before.villages, *villages)))
        near = tuple(code for code in villages if code[:TOWN_DIGITS] in towns)
        before = _Page(towns, near or villages or before.villages)
        pages.append(before)
    return pages


def _settled_by_rows_around(found: Sequence[Village]) -> list[Village]:
    """Villages of one name told apart by the nearest rows, above and below, whose village is known."""
    known = [index for index, village in enumerate(found) if village.code]
    settled = list(found)
    for index, village in enumerate(found):
        if len(village.candidates) > 1 and village.written:
            at = bisect_left(known, index)
            around = {found[near].code[:TOWN_DIGITS] for near in known[max(at - 1, 0) : at + 1]}
            near_ones = tuple(code for code in village.candidates if code[:TOWN_DIGITS] in around)
            if len(near_ones) == 1:
                settled[index] = Village(village.written, near_ones)
    return settled
