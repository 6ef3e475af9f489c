"""The roster workbook of an invented town, written as offices write them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random

import xlsxwriter

from pipeline.demo.mess import MISTAKES, Line, can_have, duplicate, write_household
from pipeline.demo.people import Inventor
from pipeline.divisions import Divisions
from pipeline.people import Household

SHEET = "花名册"
VILLAGES = 9
_GROUPS = (
    ("序号", ("序号",)),
    ("村（居）委会", ("village",)),
    ("组别", ("group",)),
    ("户编号", ("number",)),
    ("户主\n姓名", ("head",)),
    ("家庭成员基本情况", ("name", "relation", "sex", "birth", "id_number", "marital", "phone")),
    ("外出情况", ("away_to", "away_from", "away_until")),
    ("自愿登记事项", ("wants_service", "wants_pension", "wants_choice")),
    ("联户\n责任人", ("responsible",)),
    ("备注", ("备注",)),
)
_LABELS = {
    "name": "姓 名",
    "relation": "与户主\n关系",
    "sex": "性别",
    "birth": "出生日期",
    "id_number": "公民身份号码",
    "marital": "婚姻状况",
    "phone": "联系电话",
    "away_to": "地点",
    "away_from": "起始时间",
    "away_until": "结束时间",
    "wants_service": "免费技术\n服务",
    "wants_pension": "养老保险",
    "wants_choice": "知情选择",
}
_COLUMNS = tuple(name for _, names in _GROUPS for name in names)
_MERGED = ("序号", "village", "group", "number", "head", "responsible")


@dataclass(frozen=True, slots=True)
class Town:
    """An invented town: its households as they are, and their lines as the office writes them."""

    name: str
    year: int
    households: tuple[Household, ...]
    lines: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A problem put into the workbook, in the sheet's own row."""

    row: int
    code: str
    severity: str


def write_town(
    path: Path, divisions: Divisions, *, households: int = 400, seed: int = 1, year: int = 2026
) -> None:
    """Write the roster of one town of the divisions to `path`, .xlsx; same arguments, same bytes."""
    lay_out(path, invent_town(divisions, households=households, seed=seed, year=year))


def invent_town(divisions: Divisions, *, households: int, seed: int, year: int) -> Town:
    """Make up a town of up to nine villages, and the office's mistakes."""
    chance = Random(seed)  # noqa: S311 - invented people, and the same ones every time
    code = min(divisions.towns, key=lambda town: abs(len(divisions.villages_of(town)) - VILLAGES - 0.1))
    town = divisions.name(code)
    villages = divisions.villages_of(code)[:VILLAGES]
    homes = tuple(Inventor(chance, year).households(villages, households))
    mistakes, doubled = _mistakes(homes, chance)
    lines = []
    for index, home in enumerate(homes):
        written = write_household(home, divisions.name(home.village_code), town, mistakes[index], chance)
        if index in doubled:
            written.append(duplicate(homes[doubled[index]].members[-1], chance))
        lines.append(tuple(written))
    return Town(town, year, homes, tuple(lines))


def lay_out(path: Path, town: Town) -> list[Mistake]:
    """Write a town's workbook and tell in which rows its mistakes came to stand."""
    mistakes: list[Mistake] = []
    with xlsxwriter.Workbook(path) as workbook:
        workbook.set_properties({"created": datetime(town.year, 1, 10)})
        sheet = workbook.add_worksheet(SHEET)
        page = _Page(workbook, sheet, town)
        page.titles()
        page.header()
        for index, (home, lines) in enumerate(zip(town.households, town.lines, strict=True)):
            before = town.households[index - 1] if index else home
            if before.village_code != home.village_code:
                page.subtotal(before.village_code)
                page.header()
            # Every fiftieth household runs on over the end of a page.
            split = len(lines) - 1 if index % 50 == 49 and len(lines) > 1 else len(lines)
            mistakes += page.household(index + 1, lines[:split])
            if split < len(lines):
                page.header()
                mistakes += page.household(None, lines[split:])
        page.ending()
        notes = workbook.add_worksheet("填表说明")
        notes.write(
            0,
            0,
            "一、本表一户一栏。二、公民身份号码请用文本格式录入。三、自愿登记事项由本人决定，不填即为否。",
        )
    return mistakes


class _Page:
    """The sheet being written, row by row. Rows here count from 0, as xlsxwriter's do."""

    def __init__(
        self, workbook: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet, town: Town
    ) -> None:
        self._sheet = sheet
        self._town = town
        self._row = 0
        middle = {"align": "center", "valign": "vcenter", "border": 1, "text_wrap": True}
        self._title = workbook.add_format({"bold": True, "font_size": 16, "align": "center"})
        self._label = workbook.add_format({**middle, "bold": True})
        self._cell = workbook.add_format(middle)
        self._day = workbook.add_format({**middle, "num_format": "yyyy-mm-dd"})
        widths = {"village": 20, "birth": 13, "id_number": 21, "phone": 13, "away_to": 20}
        for column, name in enumerate(_COLUMNS):
            sheet.set_column(column, column, widths.get(name, 9))

    def titles(self) -> None:
        title = f"{self._town.year}年{self._town.name}住户花名册"
        self._sheet.merge_range(0, 0, 0, len(_COLUMNS) - 1, title, self._title)
        unit = f"填报单位（盖章）：{self._town.name}人民政府        填报人：            单位：户、人"
        self._sheet.merge_range(1, 0, 1, len(_COLUMNS) - 1, unit)
        self._row = 2

    def header(self) -> None:
        """Two rows: the groups merged over their columns, single columns merged down."""
        column = 0
        for label, names in _GROUPS:
            last = column + len(names) - 1
            if len(names) == 1:
                self._sheet.merge_range(self._row, column, self._row + 1, column, label, self._label)
            else:
                self._sheet.merge_range(self._row, column, self._row, last, label, self._label)
                for place, name in enumerate(names):
                    self._sheet.write(self._row + 1, column + place, _LABELS[name], self._label)
            column = last + 1
        self._row += 2

    def household(self, serial: int | None, lines: Sequence[Line]) -> list[Mistake]:
        """A household's lines, its own cells merged down; `serial` None for what runs on from another page."""
        first = self._row
        mistakes = []
        for line in lines:
            for column, name in enumerate(_COLUMNS):
                if name not in _MERGED:
                    self._write(column, line.cells.get(name, ""))
            self._row += 1
            mistakes += [Mistake(self._row, code, severity) for code, severity in line.mistakes]
        for column, name in enumerate(_COLUMNS):
            if name in _MERGED:
                value = serial if name == "序号" else lines[0].cells.get(name)
                shown = "" if value is None else value
                if len(lines) > 1:
                    self._sheet.merge_range(first, column, self._row - 1, column, shown, self._cell)
                else:
                    self._sheet.write(first, column, shown, self._cell)
        return mistakes

    def subtotal(self, village: str) -> None:
        homes = [home for home in self._town.households if home.village_code == village]
        people = sum(len(home.members) for home in homes)
        self._sheet.write_row(
            self._row, 0, ("小 计", f"{len(homes)}户", "", "", "", f"{people}人"), self._cell
        )
        self._row += 2

    def ending(self) -> None:
        self.subtotal(self._town.households[-1].village_code)
        self._sheet.write_row(self._row, 0, ("合计", f"{len(self._town.households)}户"), self._cell)
        self._sheet.write(self._row + 2, 0, "审核人：")
        self._sheet.write(self._row + 2, _COLUMNS.index("id_number"), f"填报日期：{self._town.year}年1月10日")

    def _write(self, column: int, value: object) -> None:
        if isinstance(value, date):
            self._sheet.write_datetime(self._row, column, value, self._day)
        elif isinstance(value, str):
            # Not write(): it would make an equation or a link of some texts.
            self._sheet.write_string(self._row, column, value, self._cell)
        else:
            self._sheet.write_number(self._row, column, value, self._cell)


def _mistakes(homes: Sequence[Household], chance: Random) -> tuple[list[dict[int, str]], dict[int, int]]:
    """Per household which member gets which mistake, at most one; and which households repeat whom.

    A household appears in one list only, and is repeated from only without a mistake of its own.
    """
    mistakes: list[dict[int, str]] = [{} for _ in homes]
    doubled: dict[int, int] = {}
    free = list(range(len(homes)))
    chance.shuffle(free)
    for mistake, per_400 in MISTAKES.items():
        for _ in range(max(1, round(per_400 * len(homes) / 400))):
            fitting = [
                (home, place)
                for home in free
                for place, person in enumerate(homes[home].members)
                if can_have(mistake, person)
            ]
            if len(free) < 2 or not fitting:
                break
            home, place = chance.choice(fitting)
            free.remove(home)
            if mistake == "duplicate_person":
                earlier = min(home, other := free.pop())
                doubled[max(home, other)] = earlier
            else:
                mistakes[home][place] = mistake
    return mistakes, doubled
