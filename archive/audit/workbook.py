"""The audit as a workbook: totals by village and template, a list of findings to work from, and the rules."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
import xlsxwriter

from archive.audit.classes import CHINESE, RULES, Class
from archive.audit.findings import Audit
from archive.audit.notes import CHINESE as STATUSES
from archive.audit.notes import SAYINGS
from archive.listing import A_SHEET
from archive.states import CHINESE as STATES
from archive.states import State
from archive.workbook import GRID, HEAD_HEIGHT, list_sheet, new_workbook
from archive.workbook_rows import Rows

# What a person fills in, for `finding --from`; the rest is as it was found.
SAID, REASON, UNTIL = "处理", "说明", "说明到"
COLUMNS = (
    ("序号", 6),
    ("问题", 14),
    ("合同编号", 30),
    ("合同名称", 24),
    ("村", 20),
    ("组", 4),
    ("户编号", 8),
    ("当事人", 13),
    ("联户责任人", 10),
    ("自何时起", 11),
    ("已过归档期限", 8),
    ("依据", 38),
    ("情况", 12),
    (SAID, 10),
    (REASON, 20),
    (UNTIL, 11),
)


def write_audit(
    path: Path, found: Audit, titles: Mapping[str, str], village_name: Callable[[str], str]
) -> None:
    """Write the workbook; `titles` are templates' by name. Raises OSError where it cannot be written."""
    title = f"合同档案检查（{found.on}）"
    with new_workbook(path, title, found.on) as book:
        _Sheets(book, found, titles, village_name).write(title)


class _Sheets:
    def __init__(
        self,
        book: xlsxwriter.Workbook,
        found: Audit,
        titles: Mapping[str, str],
        village_name: Callable[[str], str],
    ) -> None:
        self._book, self._found, self._titles, self._name = book, found, titles, village_name
        self._shown = [cls for cls, count in found.counts.items() if count] or [Class.MISSING]
        self._heading = book.add_format(
            {"bold": True, "font_name": "黑体", "font_size": 16, "align": "center"}
        )
        self._note = book.add_format({"font_name": "宋体", "font_size": 10})
        self._head = book.add_format(
            GRID | {"bold": True, "align": "center", "bg_color": "#E7E6E6", "text_wrap": True}
        )
        self._cell = book.add_format(GRID)
        self._wrapped = book.add_format(GRID | {"text_wrap": True})
        self._day = book.add_format(GRID | {"num_format": "yyyy-mm-dd"})
        self._to_fill = book.add_format(GRID | {"bg_color": "#FFF2CC"})
        self._day_to_fill = book.add_format(GRID | {"bg_color": "#FFF2CC", "num_format": "yyyy-mm-dd"})

    def write(self, title: str) -> None:
        self._totals(title)
        self._findings(title)
        self._rules()

    def _totals(self, title: str) -> None:
        sheet = self._book.add_worksheet("汇总")
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 15, 11)
        sheet.merge_range(0, 0, 0, max(5, len(self._shown)), "", self._heading)
        sheet.write_string(0, 0, title, self._heading)
        counted = self._found.states
        states = "，".join(f"{STATES[one]} {counted[one]} 份" for one in State if counted[one])
        explained = f"；已说明的问题 {self._found.explained} 个" if self._found.explained else ""
        notes = (
            f"合同共 {counted.total()} 份：{states or '没有'}{explained}。",
            "检查只看合同纸件是否齐全，不评价任何人；签订自愿，未签的不在任何名单里。",
        )
        for line, said in enumerate(notes, 1):
            sheet.write_string(line, 0, said, self._note)
        line = self._table(sheet, 4, "村", "village", self._name)
        self._table(sheet, line + 1, "合同", "template", lambda name: self._titles.get(name, name))

    def _table(
        self,
        sheet: xlsxwriter.worksheet.Worksheet,
        line: int,
        what: str,
        column: str,
        name: Callable[[str], str],
    ) -> int:
        of_it = self._found.contracts.select("number", pl.col(column).cast(pl.String).alias("key"))
        grouped = self._found.findings.join(of_it, on="number", how="left").group_by("key", "class").len()
        counts = {(key, cls): count for key, cls, count in grouped.iter_rows()}
        sheet.set_row(line, HEAD_HEIGHT)
        for place, text in enumerate((what, *(CHINESE[cls] for cls in self._shown))):
            sheet.write_string(line, place, text, self._head)
        for key in sorted({key for key, _ in counts}):
            line += 1
            sheet.write_string(line, 0, name(key), self._cell)
            for place, cls in enumerate(self._shown, 1):
                sheet.write_number(line, place, counts.get((key, cls), 0), self._cell)
        line += 1
        sheet.write_string(line, 0, "合计", self._head)
        for place, cls in enumerate(self._shown, 1):
            sheet.write_number(line, place, self._found.counts[cls], self._head)
        return line + 1

    def _findings(self, title: str) -> None:
        rows = self._rows()
        total = self._found.findings.height
        for start in range(0, max(total, 1), A_SHEET):
            name = "问题清单" if total <= A_SHEET else f"问题清单 {start // A_SHEET + 1}"
            sheet = list_sheet(self._book, name, f"{title}：问题清单", COLUMNS)
            formats = {"自何时起": self._day, "依据": self._wrapped, UNTIL: self._day_to_fill}
            formats |= dict.fromkeys((SAID, REASON), self._to_fill)
            written = Rows(sheet, [formats.get(label, self._cell) for label, _ in COLUMNS])
            last = min(A_SHEET, total - start) + 1
            for line in range(2, last + 1):
                written.write(line, next(rows))
            place = [label for label, _ in COLUMNS].index(SAID)
            choices = {"validate": "list", "source": list(SAYINGS.values())}
            sheet.data_validation(2, place, max(last, 2), place, choices)
            sheet.autofilter(1, 0, max(last, 1), len(COLUMNS) - 1)

    def _rows(self) -> Iterator[tuple[str | int | None, ...]]:
        at = 0
        for part in self._found.listed():
            for one in part.iter_rows(named=True):
                at += 1
                who = (one["group"] or None, one["household"], one["party"], one["responsible"])
                yield (
                    *(at, CHINESE[Class(one["class"])], one["contract"]),
                    *(self._titles.get(one["template"], one["template"]), self._name(one["village"]), *who),
                    *(one["since"], "是" if one["overdue"] else "", one["evidence"]),
                    *(STATUSES[one["status"]], None, None, None),
                )

    def _rules(self) -> None:
        sheet = self._book.add_worksheet("各种问题")
        for place, width in enumerate((20, 50, 60)):
            sheet.set_column(place, place, width)
        for place, label in enumerate(("问题", "是什么", "怎么办")):
            sheet.write_string(0, place, label, self._head)
        for line, (cls, (rule, remedy)) in enumerate(RULES.items(), 1):
            for place, said in enumerate((CHINESE[cls], rule, remedy)):
                sheet.write_string(line, place, said, self._wrapped)
