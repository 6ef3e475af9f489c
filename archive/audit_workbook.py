"""The audit as a workbook: totals by village and template, and a list of findings to work from."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from archive.audit import CHINESE, Audit, Class
from archive.states import CHINESE as STATES
from archive.states import State
from archive.workbook import GRID, HEAD_HEIGHT, list_sheet, new_workbook

COLUMNS = (
    ("序号", 6),
    ("问题", 16),
    ("合同编号", 31),
    ("合同名称", 26),
    ("村", 22),
    ("组", 5),
    ("户编号", 9),
    ("当事人", 18),
    ("联户责任人", 12),
    ("自何时起", 12),
    ("已过归档期限", 8),
    ("处理情况", 20),
)
SHOWN = (*tuple(Class)[:8], Class.SUBJECT_CHANGED)  # the classes that are worked out so far


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
        self._heading = book.add_format(
            {"bold": True, "font_name": "黑体", "font_size": 16, "align": "center"}
        )
        self._note = book.add_format({"font_name": "宋体", "font_size": 10})
        self._head = book.add_format(
            GRID | {"bold": True, "align": "center", "bg_color": "#E7E6E6", "text_wrap": True}
        )
        self._cell = book.add_format(GRID)
        self._day = book.add_format(GRID | {"num_format": "yyyy-mm-dd"})

    def write(self, title: str) -> None:
        self._totals(title)
        self._findings(title)

    def _totals(self, title: str) -> None:
        sheet = self._book.add_worksheet("汇总")
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, len(SHOWN), 11)
        sheet.merge_range(0, 0, 0, len(SHOWN), "", self._heading)
        sheet.write_string(0, 0, title, self._heading)
        states = "，".join(
            f"{STATES[one]} {self._found.states[one]} 份" for one in State if self._found.states[one]
        )
        sheet.write_string(1, 0, f"合同共 {self._found.states.total()} 份：{states or '没有'}。", self._note)
        sheet.write_string(
            2, 0, "检查只看合同纸件是否齐全，不评价任何人；签订自愿，未签的不在任何名单里。", self._note
        )
        line = 4
        by_village = Counter((one.standing.village, one.cls) for one in self._found.findings)
        by_template = Counter((one.standing.template, one.cls) for one in self._found.findings)
        line = self._table(sheet, line, "村", by_village, self._name)
        self._table(sheet, line + 1, "合同", by_template, lambda name: self._titles.get(name, name))

    def _table(
        self,
        sheet: xlsxwriter.worksheet.Worksheet,
        line: int,
        what: str,
        counts: Counter[tuple[str, Class]],
        name: Callable[[str], str],
    ) -> int:
        sheet.set_row(line, HEAD_HEIGHT)
        for column, text in enumerate((what, *(CHINESE[cls] for cls in SHOWN))):
            sheet.write_string(line, column, text, self._head)
        for key in sorted({key for key, _ in counts}):
            line += 1
            sheet.write_string(line, 0, name(key), self._cell)
            for column, cls in enumerate(SHOWN, 1):
                sheet.write_number(line, column, counts[key, cls], self._cell)
        line += 1
        sheet.write_string(line, 0, "合计", self._head)
        for column, cls in enumerate(SHOWN, 1):
            total = sum(count for (_, one), count in counts.items() if one is cls)
            sheet.write_number(line, column, total, self._head)
        return line + 1

    def _findings(self, title: str) -> None:
        sheet = list_sheet(self._book, "问题清单", f"{title}：问题清单", COLUMNS)
        line = 1
        for line, finding in enumerate(self._found.findings, 2):
            one = finding.standing
            sheet.write_number(line, 0, line - 1, self._cell)
            texts = (CHINESE[finding.cls], one.number, self._titles.get(one.template, one.template))
            for column, text in enumerate((*texts, self._name(one.village)), 1):
                sheet.write_string(line, column, text, self._cell)
            sheet.write_number(line, 5, one.group, self._cell)
            for column, text in enumerate((one.household, one.party, one.responsible), 6):
                sheet.write_string(line, column, text, self._cell)
            sheet.write_datetime(line, 9, _midnight(finding.since), self._day)
            sheet.write_string(line, 10, "是" if finding.overdue else "", self._cell)
            sheet.write_blank(line, 11, None, self._cell)
        sheet.autofilter(1, 0, max(line, 1), len(COLUMNS) - 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)
