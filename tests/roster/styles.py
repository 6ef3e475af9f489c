"""One list of households, written as different offices write it, and what a careful clerk reads from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from pipeline.divisions import Divisions
from pipeline.people import Household
from pipeline.village_names import COMMUNITY_ENDINGS, VILLAGE_ENDINGS, core
from tests.roster.hand import PLAIN, Hand
from tests.roster.mistakes import Mistake
from tests.roster.row_writer import HOME_FIELDS, Line, lines_of
from tests.roster.spreadsheets import Area, Cell, Formula, Grid, write

# The usual order; 序号, 备注 and the like are columns that nobody reads.
STANDARD = (
    "village", "group", "number", "head", "name", "relation", "sex", "birth", "id_number", "marital", "phone",
    "away_to", "away_from", "away_until", "wants_service", "wants_pension", "wants_choice", "responsible",
)  # fmt: skip
LABELS = {
    "town": "乡镇", "village": "村（居）委会", "group": "组别", "number": "户编号", "head": "户主姓名",
    "name": "姓名", "relation": "与户主关系", "sex": "性别", "birth": "出生日期", "id_number": "公民身份号码",
    "marital": "婚姻状况", "phone": "联系电话", "away_to": "外出地点", "away_from": "外出开始",
    "away_until": "外出结束", "wants_service": "申请服务", "wants_pension": "养老保险",
    "wants_choice": "知情选择", "responsible": "联户责任人",
}  # fmt: skip
# A group's label, and its columns' under it.
AWAY = ("外出情况", {"away_to": "地点", "away_from": "起", "away_until": "止"})
WISHES = (
    "自愿登记事项",
    {"wants_service": "技术服务", "wants_pension": "养老保险", "wants_choice": "知情选择"},
)
MEMBERS = (
    "家庭成员情况",
    {
        "name": "姓 名",
        "relation": "与户主\n关系",
        "sex": "性别",
        "birth": "出生\n年月日",
        "id_number": "身份证号",
    },
)
Group = tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Style:
    """How an office lays its list out.

    `split`: one sheet, sheets (one a village), villages (a file each) or groups (a file each). `village`: where
    it stands (column, code, town: beside a column of towns, sheet: its name, title, page: each page's title). `family`: how a household's own
    cells go down its rows (repeated, blank, merged, heading: a row of their own). `page` is how many persons
    stand on a page, 0 for no pages; after each comes what `between` says and the header again, its columns
    turned about where `turn` is set. `end` are the rows at the end. `planted` are mistakes to make.
    """

    form: str = "xlsx"
    split: str = "sheet"
    village: str = "column"
    columns: tuple[str, ...] = STANDARD
    labels: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[tuple[Group, ...], ...] = ()  # the upper header rows, the highest first
    centred: bool = False  # groups stand over their columns without being merged
    family: str = "repeated"
    hand: Hand = PLAIN
    above: tuple[str, ...] = ()
    numbering: str = ""
    page: int = 0
    between: tuple[tuple[str, ...], ...] = ()
    titled: bool = False  # the title again on each page
    turn: bool = False
    end: tuple[tuple[str, ...], ...] = ()
    head_last: bool = False
    hidden: bool = False
    formulas: bool = False
    extras: bool = False  # a sheet of explanations, and one of persons without a header
    left: int = 0
    down: int = 0
    planted: tuple[str, ...] = ()


@dataclass(slots=True)
class Written:
    """Files as written, and the JSON that `roster check` must make of them, messages aside."""

    paths: list[Path] = field(default_factory=list)
    year: int = 2024
    households: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    hidden_rows: int = 0


def write_list(
    folder: Path, style: Style, homes: Sequence[Household], mistakes: Mapping[tuple[int, int], Mistake],
    divisions: Divisions, seed: int,
) -> Written:  # fmt: skip
    """Write the list into `folder`; `mistakes` by household and member, both counted from 0."""
    chance = Random(seed)  # noqa: S311
    return _Writer(folder, style, divisions, chance).write(homes, mistakes)


class _Writer:
    def __init__(self, folder: Path, style: Style, divisions: Divisions, chance: Random) -> None:
        self._folder = folder
        self._style = style
        self._divisions = divisions
        self._chance = chance
        self._written = Written()

    def write(self, homes: Sequence[Household], mistakes: Mapping[tuple[int, int], Mistake]) -> Written:
        style = self._style
        lines, self._written.households = lines_of(style, homes, mistakes, self._divisions, self._chance)
        if any("2026年" in title or "二〇二六年" in title for title in style.above):
            self._written.year = 2026
        parts = [list(part) for _, part in groupby(lines, key=self._part)]
        one_file = style.split in ("sheet", "sheets")
        for number, book in enumerate([parts] if one_file else [[part] for part in parts], start=1):
            self._file(number, book)
        return self._written

    def _part(self, line: Line) -> object:
        village = line.household.village_code
        return {
            "sheet": 0,
            "sheets": village,
            "villages": village,
            "groups": (village, line.household.group),
        }[self._style.split]

    def _file(self, number: int, book: Sequence[list[Line]]) -> None:
        kind, _, encoding = self._style.form.partition(" ")
        ending = {"xls5": "xls", "jxl": "xls", "tab": "txt"}.get(kind, kind)
        path = self._folder / f"第{'一二三四五六七八九十'[number % 10]}份{number:03d}.{ending}"
        sheets = [
            _Sheet(self._style, self._divisions, self._chance, part, f"附表{place}")
            for place, part in enumerate(book, start=1)
        ]
        grids = [sheet.grid for sheet in sheets]
        if self._style.extras:
            grids += [explanations(), without_header()]
        numbers = write(path, self._style.form, grids)
        self._written.paths.append(path)
        for sheet, rows in zip(sheets, numbers, strict=False):
            self._written.hidden_rows += len(sheet.grid.hidden_rows)
            self._written.problems += [
                {
                    "file": str(path),
                    "sheet": "" if encoding else sheet.grid.name,
                    "row": rows[line],
                    "code": code,
                    "severity": severity,
                }
                for line, code, severity in sheet.problems
            ]
        if self._style.extras:
            self._written.problems.append(
                {
                    "file": str(path),
                    "sheet": "补报",
                    "row": 2,
                    "code": "header_not_found",
                    "severity": "error",
                }
            )


class _Sheet:
    """One sheet as it grows: what stands above, pages of persons, what stands below."""

    def __init__(
        self, style: Style, divisions: Divisions, chance: Random, lines: list[Line], name: str
    ) -> None:
        self._style = style
        self._divisions = divisions
        self._columns = style.columns
        self.problems: list[tuple[int, str, str]] = []
        village = lines[0].household.village_code
        self.grid = Grid(self._name(village) or name)
        self.grid.hidden = style.hidden and style.split == "sheets" and village[-1] in "13579"
        for _ in range(style.down):
            self._add([])
        for number, page in enumerate(self._pages(lines)):
            if number:
                for texts in style.between:
                    self._add(list(texts))
                if style.turn:
                    self._columns = self._columns[::-1]
            if number == 0 or style.titled:
                self._titles(page[0].household.village_code)
            self._header()
            self._persons(page)
        for texts in style.end:
            self._add(list(texts))
        if style.hidden and " " not in style.form:
            last = len(self.grid.rows) - 1
            self.grid.hidden_rows = set(chance.sample(range(last), last // 4))
            self.grid.hidden_columns = {style.left + 1, style.left + len(style.columns) // 2}

    def _name(self, village: str) -> str:
        """The sheet's name, where the village is in it."""
        if self._style.village == "sheet":
            return self._divisions.town_name(village) + self._divisions.name(village)
        return ""

    def _pages(self, lines: list[Line]) -> Iterator[list[Line]]:
        """Pages of so many rows; where its title names the village, a page has no other."""
        parts = [lines]
        if self._style.village == "page":
            parts = [list(part) for _, part in groupby(lines, key=lambda line: line.household.village_code)]
        for part in parts:
            size = self._style.page or len(part)
            for start in range(0, len(part), size):
                yield part[start : start + size]

    def _titles(self, village: str) -> None:
        town, name = self._divisions.town_name(village), self._divisions.name(village)
        short = core(name, COMMUNITY_ENDINGS if name.endswith(COMMUNITY_ENDINGS) else VILLAGE_ENDINGS)
        width = len(self._style.columns)
        for title in self._style.above:
            line = self._add([title.format(town=town, village=name, short=short)])
            if width > 1:
                self.grid.merged.append((line, self._style.left, line, self._style.left + width - 1))

    def _header(self) -> None:
        style = self._style
        depth = len(style.groups)
        own = LABELS | dict(style.labels)
        for _, columns in style.groups[-1] if depth else ():
            own |= columns
        top = len(self.grid.rows)
        for level, groups in enumerate(style.groups):
            known = {column: label for label, columns in groups for column in columns}
            texts = [known.get(column, "") for column in self._columns]
            for place, column in enumerate(self._columns):
                grouped = any(
                    column in columns for upper in style.groups[: level + 1] for _, columns in upper
                )
                if level == 0 and not any(
                    column in columns for upper in style.groups for _, columns in upper
                ):
                    texts[place] = own.get(column, column)
                    self._merge((top, place, top + depth, place))
                elif not grouped:
                    texts[place] = ""
            start = 0
            for label, run in groupby(texts):
                count = len(list(run))
                if label in {label for label, _ in groups}:
                    texts[start + 1 : start + count] = [""] * (count - 1)
                    if not style.centred:
                        self._merge((top + level, start, top + level, start + count - 1))
                start += count
            self._add([*texts])
        grouped_columns = {column for groups in style.groups for _, columns in groups for column in columns}
        self._add(
            [
                own.get(column, column) if not depth or column in grouped_columns else ""
                for column in self._columns
            ]
        )
        if style.numbering:
            self._add([_column_number(style.numbering, place) for place in range(len(self._columns))])

    def _merge(self, area: Area) -> None:
        top, left, bottom, right = area
        if (top, left) != (bottom, right):
            self.grid.merged.append((top, left + self._style.left, bottom, right + self._style.left))

    def _persons(self, page: list[Line]) -> None:
        first = len(self.grid.rows)
        for serial, line in enumerate(page, start=1):
            if line.heading:
                self._add([line.cells.get(c) if c in HOME_FIELDS else None for c in self._columns])
                self.problems += [(len(self.grid.rows) - 1, *problem) for problem in line.home_problems]
                continue
            cells = [line.cells.get(column) for column in self._columns]
            if "序号" in self._columns:
                number: Cell = Formula(f"={serial}", serial) if self._style.formulas else serial
                cells[self._columns.index("序号")] = number
            self._add(cells)
            self.problems += [(len(self.grid.rows) - 1, *problem) for problem in line.problems]
        if self._style.family == "merged":
            start = first
            for _, run in groupby(page, key=lambda line: line.household.number + line.household.village_code):
                count = len(list(run))
                for place, column in enumerate(self._columns):
                    if column in HOME_FIELDS:
                        self._merge((start, place, start + count - 1, place))
                start += count

    def _add(self, cells: list[Cell]) -> int:
        """Add a row; its place from 0."""
        self.grid.rows.append([None] * self._style.left + cells if cells else [])
        return len(self.grid.rows) - 1


def explanations() -> Grid:
    """A sheet that shows how to fill in the others, on somebody who is nobody's neighbour."""
    example = ["冲洞村", "3", "0001", "张某某", "张某某", "户主", "男", "1980-06-14", "451225198006142010"]
    return Grid(
        "填表说明", [["本表一户一栏，照下面的样子填："], [*map(LABELS.__getitem__, STANDARD[:9])], [*example]]
    )


def without_header() -> Grid:
    """A sheet of persons that somebody pasted without its header."""
    return Grid(
        "补报", [["补报一人"], ["冲洞村", 3, "0002", "韦明", "韦明", "户主", "男", "", "451225198006142010"]]
    )


def _column_number(kind: str, place: int) -> Cell:
    if kind == "stems" and place < 4:
        return "甲乙丙丁"[place]
    return place - 3 if kind == "stems" else place + 1 if kind == "digits" else f"（{place + 1}）"
