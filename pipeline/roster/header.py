"""Which column means what: header rows recognised by meaning, whatever an office calls them.

A header is one to three rows; a merged group (外出情况) stands above its columns (地点, 起, 止).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.roster.cells import Row, folded
from pipeline.roster.columns import REQUIRED, ColumnMap, Told, bare
from pipeline.roster.workbook import Sheet

# The first pattern that fits names the field. Labels come without spaces and punctuation.
_OTHERS = "配偶|父亲|母亲|父母|监护|子女|经办|填报|联系人|责任|曾用|签|干部|联户|包户|组长"
_AWAY = r"^(?=.*(外出|流出|流入|流往|务工))"
_MEANINGS = [
    ("number", r"(?<![开账])户[编序籍]?(编号|号码|号|编码)|家庭(编号|编码|户号|号)|户口[簿本]?编?号"),
    ("relation", r"^(?!.*(劳动|证明)).*关系"),
    ("head", r"户主(姓名|名字|名)?$"),
    ("birth", rf"^(?!.*(户主|{_OTHERS}|出生地|出生证|医学)).*(出生|生日)"),
    ("id_number", rf"^(?!姓名|.*(户主|{_OTHERS})).*(身份证|身份号|证件号)(?!.*(有效|期限|地址|住址))"),
    ("name", rf"^(?!.*(户主|{_OTHERS}|组名|村名)).*(姓名|名字)|^(家庭|户内)?成员$"),
    ("sex", rf"^(?!.*(户主|{_OTHERS})).*性别"),
    ("marital", r"^(?!.*(日期|时间|证)).*(婚姻|婚否|婚况|是否[已结]?婚)"),
    (
        "away_until",
        _AWAY + r".*((?<!起)止|结束|返|回|截|终|(情况|期间|时间|日期)至$)|^预?计?返(乡|回|家)(时间|日期)?$",
    ),
    ("away_from", _AWAY + r".*(起|开始|始|离|时间|日期|自$)|^离(乡|家|开)(时间|日期)$"),
    ("away_to", _AWAY + r".*(地|去向|何处|往|址)|^(去向|流向)$"),
    ("wants_service", r"(技术|申请|免费|节育).*服务(?!.*(证|时间|日期|单位))"),
    ("wants_pension", r"(养老|参保)(?!.*(号|金额|档次|时间|日期|年限|机构))"),
    ("wants_choice", r"知情选择(?!.*(时间|日期))"),
    ("responsible", r"^(?!.*(电话|手机|单位|关系)).*(联户|包户|联系户|责任人|负责人)"),
    ("phone", rf"^(?!.*(户主|{_OTHERS}|紧急)).*(电话|手机|联系方式|联系号码)"),
    ("group", r"^(所在|所属)?(村民|居民|生产|自然|村(?=小组))?小?(组|队|屯)[组队屯]?(别|号|名|名称|编号)?$"),
    (
        "village",
        r"^(所在|所属|现住|户籍)?(行政)?(村民委员会|村委会?|村|社区|居委会?|居)"
        r"(居民委员会|居委会|居委|委员会|委会|委|社区|村|居|名称?|别)*$",
    ),
    ("departure", r"^(人口|人员|户口)?(变动|异动|增减|注销|减少)(情况|原因|类型|类别|说明|备注|状态)$"),
    ("town", r"^(所在|所属)?(乡|镇|街道|街)+场?(名称?|别)?$"),
]
_PATTERNS = [(field, re.compile(pattern)) for field, pattern in _MEANINGS]
_HEAD_GROUP = re.compile(r"^户主(情况|信息|资料|基本情况)?$")
# What a header row never holds: a date, or a number longer than a year.
_DATA = re.compile(r"\d{6}|\d{4}[-/.年]\d")

# How deep a header may go, and how far down a sheet its first one may stand.
DEPTH = 3
_LABEL = 100  # characters; what is longer is no label, and would be searched for every one
_SEARCHED = 60
# So many recognised columns make a row a header, even where a required one is missing.
ENOUGH = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a header: its label (a group's before it), and the field it is read as, "" for none.

    `column` counts from 0 at the first used one. `told` is how the office's own mapping names it, "" if
    it does not; `again` says that another column is read for the same field already.
    """

    column: int
    label: str
    field: str
    told: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header: rows `first` to `last` (the sheet's own numbers), field → column."""

    first: int
    last: int
    columns: dict[str, int]
    all: tuple[Column, ...] = ()

    @property
    def weight(self) -> tuple[int, int]:
        """What makes one reading of the same rows better than another: more columns, then fewer rows."""
        return len(self.columns), self.first - self.last

    @property
    def missing(self) -> tuple[str, ...]:
        """The required fields that have no column."""
        return tuple(name for name in REQUIRED if name not in self.columns)


def find_header(sheet: Sheet, rows: Sequence[tuple[int, Row]], told: ColumnMap) -> Header | None:
    """The first header in the first rows of a sheet, or None.

    Of the row pairs that could be it the one with the most recognised columns wins, the shortest of those.
    """
    best: Header | None = None
    for start in range(min(len(rows), _SEARCHED)):
        if best and rows[start][0] > best.last:
            break
        for depth in range(1, DEPTH + 1):
            header = read_header(sheet, rows[start : start + depth], told)
            if header and (best is None or header.weight > best.weight):
                best = header
    return best


def read_header(sheet: Sheet, rows: Sequence[tuple[int, Row]], told: ColumnMap) -> Header | None:
    """The header that exactly these rows make, or None if they are none."""
    lines = _labels(sheet, rows)
    if not lines or any(_DATA.search(label) for label in lines[-1]):
        return None
    paths = [
        tuple(dict.fromkeys(line[column] for line in lines if column < len(line) and line[column]))
        for column in range(max(len(line) for line in lines))
    ]
    by_office = told.of_header([tuple(map(bare, path)) for path in paths], sheet.left)
    columns: dict[str, int] = {}
    for column, said in enumerate(by_office):
        if said and said.field:
            columns.setdefault(said.field, column)
    for column, path in enumerate(paths):
        if by_office[column] is None and (name := meaning(path)):
            columns.setdefault(name, column)
    if len(columns) < ENOUGH or not {"name", "id_number"} & columns.keys():
        return None
    every = tuple(
        _column(column, path, by_office[column], columns)
        for column, path in enumerate(paths)
        if path or by_office[column]
    )
    return Header(rows[0][0], rows[-1][0], columns, every)


def _column(column: int, path: tuple[str, ...], told: Told | None, columns: Mapping[str, int]) -> Column:
    name = meaning(path) if told is None else told.field
    again = bool(name) and columns[name] != column
    return Column(column, "·".join(path), name, told.written if told else "", again)


@lru_cache(maxsize=1024)
def meaning(path: tuple[str, ...]) -> str:
    """The field a column's labels name, from the top group down; "" if none of ours."""
    if not path or len(path[-1]) > _LABEL:
        return ""
    labels = [bare(label) for label in path]
    own = _field(labels[-1])
    if len(labels) > 1 and any(_HEAD_GROUP.match(group) for group in labels[:-1]):
        # 户主: 姓名, 身份证号 … beside 家庭成员: 姓名, 身份证号 …
        return {"name": "head", "head": "head", "number": "number"}.get(own, "")
    return own or _field("".join(labels))


def _field(label: str) -> str:
    return next((name for name, pattern in _PATTERNS if pattern.search(label)), "")


def _labels(sheet: Sheet, rows: Sequence[tuple[int, Row]]) -> list[list[str]]:
    """The labels of header rows, each group's repeated over all the columns it covers."""
    lines = [[folded(cell) for cell in cells] for _, cells in rows]
    for (number, _), labels, below in zip(rows, lines, lines[1:], strict=False):
        for column, label in enumerate(labels):
            if label:
                continue
            shown_row, shown_column = (sheet.merged or {}).get((number, column), (0, -1))
            if shown_row == number and 0 <= shown_column < len(labels):
                labels[column] = labels[shown_column]
            elif (
                not shown_row
                and column
                and _named(below, column)
                and _beside_group(sheet, number, column, below)
            ):
                labels[column] = labels[column - 1]
    return lines


def _named(labels: Sequence[str], column: int) -> bool:
    return column < len(labels) and bool(labels[column])


def _beside_group(sheet: Sheet, number: int, column: int, below: Sequence[str]) -> bool:
    """Whether what stands to the left may be a group's label: one written, or centred, over several columns.

    Where merged cells are known, it has a label below it and is not merged itself.
    """
    return sheet.merged is None or ((number, column - 1) not in sheet.merged and _named(below, column - 1))
