"""Rows to households: which household each row belongs to, who its head is, and who is held back."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from pipeline.divisions import Divisions
from pipeline.people import HEAD, Departed, Household, Person
from pipeline.roster.cells import LONGEST_CELL, Cell, folded, is_cut, text
from pipeline.roster.columns import FIELDS, LABELS
from pipeline.roster.groups import read_group, read_household_number
from pipeline.roster.identity import read_identity
from pipeline.roster.persons import LONGEST_NAME, read_person
from pipeline.roster.places import Village, villages_of_rows
from pipeline.roster.problems import ERROR, Place, Problem, quoted
from pipeline.roster.table import Entry, Table
from pipeline.roster.words import is_doubtful_departure, read_departure, read_name

_GROUP, _NUMBER = FIELDS.index("group"), FIELDS.index("number")
_HEAD, _RESPONSIBLE = FIELDS.index("head"), FIELDS.index("responsible")
_NAME, _ID, _DEPARTURE = FIELDS.index("name"), FIELDS.index("id_number"), FIELDS.index("departure")
LONGEST_NUMBER = 30


@dataclass(slots=True)
class _Draft:
    """A household being read. `group` is None where something is written that holds no number.

    A `number` over LONGEST_NUMBER is cut to one character more, an ellipsis; nobody under it is accepted.
    """

    place: Place
    village: Village
    group: int | None
    group_written: str
    number: str
    head: str = ""
    marked_head: str | None = None
    responsible: str = ""
    members: list[Person] = field(default_factory=list)
    departed: list[Departed] = field(default_factory=list)


class HouseholdReader:
    """Reads the tables of all given files, in order, into households and problems."""

    def __init__(self, divisions: Divisions) -> None:
        self._divisions = divisions
        self._drafts: dict[tuple[object, ...], _Draft] = {}
        self._seen: dict[str, tuple[Place, str]] = {}
        self.problems: list[Problem] = []

    def read(self, table: Table, file: str, sheet: str, uncached: Collection[tuple[int, int]]) -> None:
        """Read one sheet's table. A row without a number goes on with the household above it in the sheet.

        `uncached` are the cells (row, column) of formulas without a saved result.
        """
        current: _Draft | None = None
        villages = villages_of_rows(table, sheet, self._divisions)
        for entry, village in zip(table.entries, villages, strict=True):
            place = Place(file, sheet, entry.row, entry.header.columns)
            current = self._household(entry, village, place, current)
            current.head = current.head or _short_name(entry.cells[_HEAD])
            current.responsible = current.responsible or _short_name(entry.cells[_RESPONSIBLE])
            if entry.person:
                self._add_person(entry, village, place, current)
            if uncached:
                self.problems += _formulas(entry, place, uncached)
            if any(map(is_cut, entry.cells)):
                self.problems += _cut(entry, place, self.problems)

    def households(self) -> Iterator[Household]:
        """The households in the order they first appear in; adds the problem of those without a head."""
        for draft in self._drafts.values():
            if draft.marked_head is None and (draft.members or not draft.departed):
                message = f"{self._named(draft)}没有人的“与户主关系”是“户主”。请在户主那一行写上“户主”。"
                self.problems.append(draft.place.error("household_without_head", message, "relation"))
            yield Household(
                village_code=draft.village.code,
                group=draft.group or 0,
                number=draft.number,
                head=draft.marked_head or draft.head,
                responsible=draft.responsible,
                members=tuple(draft.members),
                departed=tuple(draft.departed),
            )

    def _household(self, entry: Entry, village: Village, place: Place, current: _Draft | None) -> _Draft:
        number = read_household_number(entry.cells[_NUMBER])
        if len(number) > LONGEST_NUMBER:
            number = number[:LONGEST_NUMBER] + "…"
        if current is not None and not number:
            return current
        group, written = read_group(entry.cells[_GROUP]), folded(entry.cells[_GROUP])
        if current is not None and not written and village.key == current.village.key:
            # Written once for several households, as in a cell merged down over them.
            group, written = current.group, current.group_written
        same = current is not None and (number, group) == (current.number, current.group)
        if current is not None and same and current.village.code and not village.code:
            # One row's slip in the village's name does not make another household.
            return current
        # Where village or group cannot be told, what is written keeps households apart.
        group_key = written if group is None else group
        key = (village.code or (place.file, place.sheet, village.written), group_key, number)
        if key not in self._drafts:
            self._drafts[key] = _Draft(place, village, group, written, number)
        return self._drafts[key]

    def _add_person(self, entry: Entry, village: Village, place: Place, household: _Draft) -> None:
        departure = read_departure(entry.cells[_DEPARTURE])
        if departure:
            number = read_identity(entry.cells[_ID])
            household.departed.append(
                Departed(read_name(entry.cells[_NAME])[:LONGEST_NAME], number.number, departure)
            )
            return
        person, problems = read_person(entry.cells, place, self._seen_before)
        continues = not folded(entry.cells[_NUMBER])
        unknown = household.village if continues else village
        if not unknown.code:
            problems.append(place.error("village_unknown", self._unknown_village(unknown), "village"))
        if household.group is None:
            message = f"组别“{quoted(household.group_written)}”读不出组号。请写成“3”或“第3组”的样子。"
            problems.append(place.error("group_unreadable", message, "group"))
        if len(household.number) > LONGEST_NUMBER:
            message = f"户编号“{quoted(household.number)}”超过{LONGEST_NUMBER}个字，不像户编号。请改正。"
            problems.append(place.error("text_too_long", message, "number"))
        if is_doubtful_departure(entry.cells[_DEPARTURE]):
            written = quoted(text(entry.cells[_DEPARTURE]))
            message = (
                f"{f'{quoted(person.name)}的' if person.name else ''}“变动情况”一栏写的是“{written}”，按仍在这一户读。"
                "不在了的，请只写“去世”或“迁出”；还在的，请清空这一格。"
            )
            problems.append(place.warning("departure_doubtful", message, "departure"))
        problems.sort(key=lambda problem: problem.rank)
        self.problems.extend(problems)
        held = next((problem.code for problem in problems if problem.severity == ERROR), "")
        household.members.append(replace(person, held=held) if held else person)
        if person.relation == HEAD and household.marked_head is None:
            household.marked_head = person.name

    def _seen_before(self, number: str, place: Place, name: str) -> str:
        """Where an identity number stood before, for a message; "" the first time."""
        if number not in self._seen:
            self._seen[number] = (place, name)
            return ""
        earlier, other = self._seen[number]
        file = f"“{earlier.file}”" if earlier.file != place.file else ""
        return f"{file}{earlier}" + (f"（{quoted(other)}）" if other else "")

    def _unknown_village(self, village: Village) -> str:
        if village.candidates:
            named = f"“{quoted(village.written)}”" if village.written else "表名、标题里的村"
            listed = self._divisions.listed(village.candidates)
            return f"{named}不止一个：{listed}。请在村名前写明乡镇。"
        if village.written:
            near = self._divisions.near(village.written) if len(village.written) <= LONGEST_NAME else ()
            hint = f"是不是{self._divisions.listed(near)}？" if near else ""
            return (
                f"区划表里没有“{quoted(village.written)}”。{hint}请照区划表写全村名，如“东门镇冲洞村委会”。"
            )
        return "没有写村（居）委会，表名和标题里也没有。请在这一行写上村名。"

    def _named(self, draft: _Draft) -> str:
        written = quoted(draft.village.written)
        village = self._divisions.name(draft.village.code) if draft.village.code else written
        group = f"第{draft.group}组" if draft.group else quoted(text(draft.group_written))
        return (
            f"{village}{group}“{quoted(draft.number)}”户" if draft.number else f"{village}{group}没有编号的户"
        )


def _short_name(cell: Cell) -> str:
    name = read_name(cell)
    return name if len(name) <= LONGEST_NAME else ""


def _formulas(entry: Entry, place: Place, uncached: Collection[tuple[int, int]]) -> Iterator[Problem]:
    """A warning for each of the row's formulas that has no result to read."""
    for name, column in place.columns.items():
        if (entry.row, column) in uncached:
            message = f"“{LABELS[name]}”是公式，文件里没有存它的结果，按空着读。请用 Excel 或 WPS 打开、保存一次再读。"
            yield place.warning("formula_without_value", message, name)


def _cut(entry: Entry, place: Place, known: Sequence[Problem]) -> Iterator[Problem]:
    """A warning for each of the row's texts that were not read to their end, unless the cell has a problem."""
    here = place.file, place.sheet, place.row
    own = takewhile(lambda one: (one.file, one.sheet, one.row) == here, reversed(known))
    said = {one.column for one in own}
    for name, column in place.columns.items():
        if column not in said and is_cut(entry.cells[FIELDS.index(name)]):
            message = f"“{LABELS[name]}”一栏有{LONGEST_CELL}个字以上，后面的没有读。请写短。"
            yield place.warning("text_too_long", message, name)
