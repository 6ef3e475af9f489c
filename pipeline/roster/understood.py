"""How each sheet was understood: its columns, how sure that is, and what every row was taken for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pipeline.divisions import Divisions
from pipeline.people import FEMALE, MALE
from pipeline.roster.cells import Cell, folded, is_nothing
from pipeline.roster.columns import FIELDS, LABELS, bare
from pipeline.roster.dates import read_day
from pipeline.roster.groups import read_group, read_household_number
from pipeline.roster.header import Column
from pipeline.roster.identity import read_identity
from pipeline.roster.table import Kind, Table
from pipeline.roster.words import read_mark, read_name, read_phone, read_sex
from pipeline.roster.workbook import Sheet
from pipeline.roster.zipped import column_letters

SAMPLE = 200  # filled cells looked at in a column
GOOD = 0.8  # so many of them must be what the column is read as

# Labels that say nothing else, beside the field's own; all others are understood by a part of them.
_PLAIN = {
    "town": "乡镇 镇 乡 街道 乡镇街道 所属乡镇",
    "village": "村 村委会 村居 社区 行政村 村社区 村居委会 所在村 村名 村别",
    "group": "组 组别 组号 村民小组 小组 队 屯 组名 所在组",
    "number": "户号 户编号 家庭编号 户编码 户序号 户口编号",
    "head": "户主 户主姓名",
    "name": "姓名 成员姓名 家庭成员姓名 家庭成员 人员姓名",
    "relation": "与户主关系 关系 家庭关系 与户主的关系 成员关系",
    "sex": "性别",
    "birth": "出生日期 出生年月日 生日 出生时间",
    "id_number": "公民身份号码 公民身份证号 公民身份证号码 身份证号 身份证号码 身份证 居民身份证号 居民身份证号码 身份号码 证件号码",
    "marital": "婚姻 婚姻状况 婚姻状态 婚否 婚姻情况",
    "phone": "电话 联系电话 手机 手机号 手机号码 电话号码 联系方式 本人电话",
    "away_to": "外出地点 外出地址 流出地 务工地点 外出去向 去向 外出情况地点",
    "away_from": "外出时间 外出日期 外出开始 外出开始时间 外出起始时间 外出情况起 外出情况起始时间 离家时间",
    "away_until": "外出结束 外出结束时间 外出截止时间 返回时间 预计返乡时间 外出情况止 外出情况结束时间",
    "wants_service": "申请服务 技术服务 免费技术服务 自愿申请技术服务 申请免费技术服务",
    "wants_pension": "养老保险 参加养老保险 参保 计生养老保险",
    "wants_choice": "知情选择 知情选择登记",
    "responsible": "联户责任人 责任人 包户干部 包户责任人 联户干部",
    "departure": "变动情况 人口变动情况 变动原因",
}  # fmt: skip
_EXACT = {name: frozenset([*labels.split(), bare(folded(LABELS[name]))]) for name, labels in _PLAIN.items()}
_Fits = Callable[[Cell], bool]


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """A column that is read: its letters and label as the sheet has them, its field, and how it was known.

    `how` is 对照 (the office says so), 相符 (the label is the field's) or 相近 (a part of the label is);
    `good` of the `looked` filled cells are what the field holds, None for a field that takes any text.
    `again` is set where another column is read for the same field, and this one is not.
    """

    letters: str
    label: str
    field: str
    how: str
    looked: int
    good: int | None
    again: bool

    @property
    def sure(self) -> str:
        """确定, 大致 or 请核对."""
        fits = self.good is None or self.good >= GOOD * self.looked
        if self.again or not fits:
            return "请核对"
        return "大致" if self.how == "相近" else "确定"


@dataclass(frozen=True, slots=True)
class SheetReading:
    """A sheet as it was read; `used` is False for one that is no roster.

    `rows` counts them by kind; `left` is the first used column, counted from 0, `cells` how many a copy holds,
    `uncached` the formulas without a result (row, column counted from `left`).
    """

    file: str
    sheet: str
    used: bool
    header_rows: tuple[int, int] | None
    columns: tuple[ColumnReading, ...]
    unread: tuple[tuple[str, str], ...]
    rows: Mapping[Kind, int]
    hidden: bool
    hidden_rows: tuple[int, ...]
    left: int
    cells: int
    uncached: frozenset[tuple[int, int]]

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that no column is read as."""
        there = {column.field for column in self.columns}
        return tuple(name for name in FIELDS if name not in there)


def reading_of(file: str, sheet: Sheet, table: Table, *, used: bool, divisions: Divisions) -> SheetReading:
    """How a sheet was read, with a look at the first cells of each column."""
    header = table.header if used and table.usable else None
    columns = header.all if header else ()
    fits = _fits(divisions)
    return SheetReading(
        file,
        sheet.name,
        used,
        (header.first, header.last) if header else None,
        tuple(_column(one, sheet.left, table, fits) for one in columns if one.field),
        tuple((column_letters(sheet.left + one.column + 1), one.label) for one in columns if not one.field),
        dict(table.kinds),
        sheet.hidden,
        sheet.hidden_rows,
        sheet.left,
        max(table.cells, sheet.stored),
        sheet.uncached,
    )


def _column(one: Column, left: int, table: Table, fits: Mapping[str, _Fits]) -> ColumnReading:
    at = FIELDS.index(one.field)
    persons = (entry.cells[at] for entry in table.entries if entry.person and entry.header is table.header)
    filled = list(islice((cell for cell in persons if not is_nothing(folded(cell))), SAMPLE))
    fit = fits.get(one.field)
    label = bare(one.label)
    how = (
        "相符"
        if label in _EXACT[one.field] or bare(one.label.rpartition("·")[2]) in _EXACT[one.field]
        else "相近"
    )
    return ColumnReading(
        column_letters(left + one.column + 1),
        one.label,
        one.field,
        "对照" if one.told else how,
        len(filled),
        None if fit is None or one.again else sum(map(fit, filled)),
        one.again,
    )


def _fits(divisions: Divisions) -> dict[str, _Fits]:
    """Field → whether a filled cell holds such a thing."""
    return {
        "village": lambda cell: bool(divisions.match(folded(cell))),
        "group": lambda cell: read_group(cell) is not None,
        "sex": lambda cell: read_sex(cell) in (MALE, FEMALE),
        "birth": lambda cell: read_day(cell).readable,
        "id_number": lambda cell: len(read_identity(cell).number) in (15, 18),
        "phone": lambda cell: sum(character.isdigit() for character in read_phone(cell) or "") >= 7,
        "away_from": lambda cell: read_day(cell).readable,
        "away_until": lambda cell: read_day(cell).readable,
        "wants_service": lambda cell: read_mark(cell) is not None,
        "wants_pension": lambda cell: read_mark(cell) is not None,
        "wants_choice": lambda cell: read_mark(cell) is not None,
        "name": lambda cell: len(read_name(cell)) <= 15 and not _digits(cell),
        "head": lambda cell: len(read_name(cell)) <= 15 and not _digits(cell),
        "number": lambda cell: len(read_household_number(cell)) <= 20,
        "relation": lambda cell: len(folded(cell)) <= 8 and not _digits(cell),
    }


def _digits(cell: Cell) -> bool:
    return any(character.isdigit() for character in folded(cell))


def alike(readings: Sequence[SheetReading]) -> list[list[SheetReading]]:
    """Sheets with the same columns together, in the order of the first of each."""
    groups: dict[object, list[SheetReading]] = {}
    for one in readings:
        layout = tuple((column.letters, column.label, column.field, column.sure) for column in one.columns)
        groups.setdefault((layout, one.unread), []).append(one)
    return list(groups.values())
