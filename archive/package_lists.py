"""The lists in a package: 归档文件目录 with 备考表, 移交清册, 漏号, 四性检测."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from archive.four_checks import CHINESE, PROPERTY, Check, Checked
from archive.journal import Actor
from archive.workbook import GRID, list_sheet, new_workbook
from archive.workbook_rows import Rows

PAPERS = "合同"  # the folder of the papers
CATALOGUE = (
    ("序号", 6),
    ("档号", 28),
    ("编号", 28),
    ("题名", 25),
    ("当事人", 14),
    ("村", 20),
    ("组", 4),
    ("户编号", 7),
    ("联户责任人", 10),
    ("开始", 11),
    ("结束", 11),
    ("状态", 9),
    ("页数", 5),
    ("归档日期", 11),
    ("保管期限", 8),
    ("备注", 14),
)
_KEYS = (
    "archival_number",
    "contract",
    "title",
    "party",
    "village",
    "group",
    "household",
    "responsible",
    "starts",
    "ends",
    "state",
)
LACKING = {"incomplete": "缺页", "unsigned": "缺签名", "unsealed": "缺盖章", "undated": "缺日期"}
MISSING = (("序号", 6), ("编号", 31), ("为什么不在这里", 26))
CHECKS = (
    ("性质", 10),
    ("检查什么", 44),
    ("查了几份", 10),
    ("合格", 8),
    ("不合格", 8),
    ("不合格的（编号）", 60),
)
NAMED = 20  # papers that fail a check, by number


@dataclass(frozen=True, slots=True)
class Paper:
    """A contract's signed paper as a package describes it; `said` are the values of 目录.json, all text."""

    number: str
    blob: str
    sha256: str
    sheets: int
    said: dict[str, str]

    @property
    def file(self) -> str:
        """Where it lies in the package."""
        return f"{PAPERS}/{self.number}.pdf"


@dataclass(frozen=True, slots=True)
class Gap:
    """A number between the package's that is not in it, and why, in Chinese."""

    number: str
    why: str


def write_lists(
    folder: Path, papers: Sequence[Paper], gaps: Sequence[Gap], checked: Checked, actor: Actor
) -> Iterator[str]:
    """Write the lists into a folder; their names. Raises OSError."""
    sheets = sum(paper.sheets for paper in papers)
    counts = f"共 {len(papers)} 份，{sheets} 页"
    with _book(folder, name := "归档文件目录.xlsx", f"归档文件目录（{counts}）", actor) as book:
        catalogue_sheet(book, f"归档文件目录（{counts}）", papers)
        _remarks(book, papers, gaps, actor)
    yield name
    with _book(folder, name := "移交清册.xlsx", "移交清册", actor) as book:
        _handed_over(book, papers, counts)
    yield name
    with _book(folder, name := "漏号.xlsx", "漏号", actor) as book:
        sheet = list_sheet(book, "漏号", f"漏号（{len(gaps)} 个）", MISSING)
        rows = Rows(sheet, [book.add_format(GRID)] * len(MISSING))
        for line, gap in enumerate(gaps, 2):
            rows.write(line, (line - 1, gap.number, gap.why))
    yield name
    with _book(folder, name := "四性检测.xlsx", "四性检测", actor) as book:
        write_checks(book, checked)
    yield name


def _book(folder: Path, name: str, title: str, actor: Actor) -> AbstractContextManager[xlsxwriter.Workbook]:
    return new_workbook(folder / name, title, actor.today)


def catalogue_sheet(book: xlsxwriter.Workbook, title: str, papers: Sequence[Paper]) -> None:
    """归档文件目录: a line a paper."""
    sheet = list_sheet(book, "目录", title, CATALOGUE)
    rows = Rows(sheet, [book.add_format(GRID)] * len(CATALOGUE))
    for line, paper in enumerate(papers, 2):
        said = paper.said
        lacking = "、".join(LACKING.get(gap, gap) for gap in said["lacking"].split())
        values = [said[key] for key in _KEYS]
        rows.write(line, (line - 1, *values, paper.sheets, said["filed_on"], said["retention"], lacking))
    sheet.autofilter(1, 0, max(len(papers) + 1, 1), len(CATALOGUE) - 1)


def _remarks(book: xlsxwriter.Workbook, papers: Sequence[Paper], gaps: Sequence[Gap], actor: Actor) -> None:
    """备考表: what whoever opens the box must know."""
    whole = sum(not paper.said["lacking"] for paper in papers)
    form_sheet(
        book,
        "备考表",
        "备考表",
        [
            ("件数", f"{len(papers)} 份"),
            ("页数", f"{sum(paper.sheets for paper in papers)} 页"),
            ("齐全", f"{whole} 份"),
            ("缺页、缺签、缺章、缺日期", f"{len(papers) - whole} 份，见目录的备注"),
            ("漏号", f"{len(gaps)} 个，见漏号.xlsx"),
            ("说明", ""),
            ("整理人", actor.user),
            ("整理日期", actor.today.isoformat()),
            ("检查人", ""),
            ("检查日期", ""),
        ],
    )


def _handed_over(book: xlsxwriter.Workbook, papers: Sequence[Paper], counts: str) -> None:
    groups: dict[tuple[str, str], list[Paper]] = {}
    for paper in papers:
        groups.setdefault((paper.said["village"], paper.said["retention"]), []).append(paper)
    columns = (("序号", 6), ("村", 30), ("保管期限", 10), ("份数", 8), ("页数", 8), ("起止编号", 64))
    sheet = list_sheet(book, "清册", f"移交清册（{counts}）", columns)
    rows = Rows(sheet, [book.add_format(GRID)] * len(columns))
    for line, ((village, retention), some) in enumerate(sorted(groups.items()), 2):
        ends = f"{some[0].number} 至 {some[-1].number}"
        rows.write(line, (line - 1, village, retention, len(some), sum(one.sheets for one in some), ends))
    empty = ("移交单位（章）", "移交人（签名）", "接收单位（章）", "接收人（签名）", "监交人（签名）", "日期")
    form_sheet(
        book, "签收", "移交签收", [("移交内容", f"合同档案，{counts}"), *((label, "") for label in empty)]
    )


def form_sheet(book: xlsxwriter.Workbook, name: str, title: str, lines: Sequence[tuple[str, str]]) -> None:
    """A sheet of labels with what there is to say, or room to write."""
    sheet = book.add_worksheet(name)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 52)
    sheet.merge_range(0, 0, 0, 1, "")
    heading = {"bold": True, "font_name": "黑体", "font_size": 16, "align": "center"}
    sheet.write_string(0, 0, title, book.add_format(heading))
    cell = book.add_format(GRID | {"font_size": 12, "text_wrap": True})
    for line, (label, text) in enumerate(lines, 2):
        sheet.set_row(line, 34)
        sheet.write_string(line, 0, label, cell)
        sheet.write_string(line, 1, text, cell)


def write_checks(book: xlsxwriter.Workbook, checked: Checked) -> None:
    """四性检测: each check, how many papers were looked at, how many hold, which do not."""
    verdict = "全部合格" if checked.sound else "有不合格的"
    sheet = list_sheet(book, "四性检测", f"四性检测（{checked.papers} 份，{verdict}）", CHECKS)
    wrapped = book.add_format(GRID | {"text_wrap": True})
    rows = Rows(sheet, [wrapped] * len(CHECKS))
    for line, check in enumerate(Check, 2):
        failed = checked.failed[check]
        looked = 1 if check is Check.JOURNAL else checked.papers
        named = "、".join(failed[:NAMED]) + ("……" if len(failed) > NAMED else "")
        bad = min(len(failed), looked)
        rows.write(line, (PROPERTY[check], CHINESE[check], looked, looked - bad, bad, named))
