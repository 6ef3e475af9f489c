"""What an office says of its columns: `[roster.columns]` in huyue.toml, and `--map`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from archive.errors import ColumnMapFaulty
from pipeline.roster.cells import folded
from pipeline.roster.zipped import column_number

# Field → what a clerk calls it; the order is that of the columns of `Entry.cells`.
LABELS = {
    "town": "乡镇",
    "village": "村（居）委会",
    "group": "组别",
    "number": "户编号",
    "head": "户主姓名",
    "name": "姓名",
    "relation": "与户主关系",
    "sex": "性别",
    "birth": "出生日期",
    "id_number": "公民身份号码",
    "marital": "婚姻状况",
    "phone": "联系电话",
    "away_to": "外出地点",
    "away_from": "外出开始",
    "away_until": "外出结束",
    "wants_service": "自愿申请技术服务",
    "wants_pension": "参加养老保险",
    "wants_choice": "知情选择登记",
    "responsible": "联户责任人",
    "departure": "变动情况",
}
FIELDS = tuple(LABELS)
REQUIRED = ("name", "id_number", "number", "relation")
UNREAD = "不读"

_MARKS = re.compile(r"[()\[\]【】{}<>《》“”\"'、,.。:;/\\*★☆#·_|-]+")
_LETTERS = re.compile(r"([A-Z]{1,3})列?", re.IGNORECASE)


def bare(label: str) -> str:
    """A folded label without punctuation: 村(居)委会 is 村居委会."""
    return _MARKS.sub("", label)


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The field of a column by its label or its letter; "" for a column that is not to be read."""

    by_label: Mapping[str, str] = field(default_factory=dict)
    by_column: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "ColumnMap":
        """From (label or letter, field's name); a later pair beats an earlier one.

        A field is named as the roster's own columns are (公民身份号码) or by its key (id_number).
        Raises ColumnMapFaulty.
        """
        names = {bare(folded(label)): name for name, label in LABELS.items()} | {
            name: name for name in FIELDS
        }
        names[UNREAD] = ""
        by_label: dict[str, str] = {}
        by_column: dict[int, str] = {}
        for column, wanted in pairs:
            label, named = bare(folded(column)), bare(folded(wanted))
            name = names.get(named, names.get(folded(wanted)))
            if not label or name is None:
                detail = f"没有叫“{wanted}”的栏目" if label else "等号前面没有写栏名或列号"
                known = "、".join([*LABELS.values(), UNREAD])
                raise ColumnMapFaulty(written=f"{column}={wanted}", detail=detail, known=known)
            if letters := _LETTERS.fullmatch(label):
                by_column[column_number(letters[1].upper()) - 1] = name
            else:
                by_label[label] = name
        return cls(by_label, by_column)

    def field(self, path: tuple[str, ...], column: int) -> str | None:
        """The field the office says a column is, counted from 0; None where it says nothing.

        `path` is the column's bare labels from the top group down: the lowest one names it, or all together.
        """
        if column in self.by_column:
            return self.by_column[column]
        whole = "".join(path)
        return self.by_label.get(whole, self.by_label.get(path[-1]) if path else None)
