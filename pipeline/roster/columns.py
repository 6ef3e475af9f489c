"""What an office says of its columns: `[roster.columns]` in huyue.toml, and `--map`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import ColumnMapFaulty
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
class Told:
    """What an office says of a column: its `field`, "" for one that is not to be read; `written` names it."""

    written: str
    field: str


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What is told of columns by their label or their letters; letters that are a label too are in both."""

    by_label: Mapping[str, Told] = field(default_factory=dict)
    by_column: Mapping[int, Told] = field(default_factory=dict)

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
        by_label: dict[str, Told] = {}
        by_column: dict[int, Told] = {}
        for column, wanted in pairs:
            label, named = bare(folded(column)), bare(folded(wanted))
            name = names.get(named, names.get(folded(wanted)))
            if not label or name is None:
                detail = f"没有叫“{wanted}”的栏目" if label else "等号前面没有写栏名或列号"
                known = "、".join([*LABELS.values(), UNREAD])
                raise ColumnMapFaulty(written=f"{column}={wanted}", detail=detail, known=known)
            by_label[label.upper()] = Told(column, name)
            if letters := _LETTERS.fullmatch(label):
                by_column[column_number(letters[1].upper()) - 1] = by_label[label.upper()]
        return cls(by_label, by_column)

    def of_header(self, paths: Sequence[tuple[str, ...]], left: int) -> list[Told | None]:
        """What the office says of each column of a header, the first of which is the sheet's column `left`.

        A path is a column's bare labels from the top group down: the lowest one names it, or all together.
        Letters name a column only where no label of the header is the same: a column may be headed ID.
        """
        if not self.by_label:
            return [None] * len(paths)
        named = [self._named(path) for path in paths]
        return [
            by_letters
            if (by_letters := self.by_column.get(left + column)) and by_letters not in named
            else told
            for column, told in enumerate(named)
        ]

    def _named(self, path: tuple[str, ...]) -> Told | None:
        whole = "".join(path).upper()
        return self.by_label.get(whole, self.by_label.get(path[-1].upper()) if path else None)

    @property
    def written(self) -> tuple[str, ...]:
        """The labels and letters, as the office wrote them."""
        return tuple(dict.fromkeys(told.written for told in self.by_label.values()))
