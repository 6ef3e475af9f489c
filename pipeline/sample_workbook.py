"""A spot check's workbooks: the one to fill in, as it is read back, and the one of results."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from archive.numbers import parse
from archive.sample_check import CHINESE, Check, Result, Said
from archive.sample_figures import CONFIDENCE, Figures
from archive.workbook import GRID, list_sheet, new_workbook
from archive.workbook_rows import Rows
from pipeline.errors import ListFaulty
from pipeline.filled_lists import rows_of
from pipeline.roster.cells import folded, text
from pipeline.sample_list import Paper

CHECK, NUMBER, RESULT, NOTE = "抽查号", "合同编号", "结果", "说明"
PAPER = (
    ("序号", 6),
    (CHECK, 8),
    (NUMBER, 31),
    ("合同名称", 26),
    ("村", 24),
    ("组", 5),
    ("户编号", 9),
    ("当事人", 18),
    ("页数", 6),
    ("档号", 30),
)
TO_FILL = ((RESULT, 10), (NOTE, 30))
FOUND = (*TO_FILL, ("经办人", 12), ("登记日期", 12))
COUNTS = (
    ("分层", 34),
    ("总份数", 9),
    ("抽取", 8),
    ("已看", 8),
    ("相符", 8),
    ("不符", 8),
    ("没找到", 8),
    ("不相符率", 10),
    (f"{CONFIDENCE}% 区间", 18),
)
RATE = "不相符率 =（不符 + 没找到）÷ 已看；合计按各层的总份数加权。只说纸，不说人。"
SAID = {folded(words): result for result, words in CHINESE.items()}


def write_to_fill(path: Path, check: Check, papers: Sequence[Paper], day: date) -> None:
    """Write the workbook that is filled in on the screen. Raises OSError."""
    title = f"合同抽查表（第 {check.id} 号，种子 {check.drawn.wanted.seed}）"
    with new_workbook(path, title, day) as book:
        cell, fill = book.add_format(GRID), book.add_format(GRID | {"bg_color": "#FFF2CC"})
        columns = (*PAPER, *TO_FILL)
        sheet = list_sheet(book, "抽查表", title, columns)
        rows = Rows(sheet, [cell] * len(PAPER) + [fill] * len(TO_FILL))
        for line, one in enumerate(papers, 2):
            rows.write(line, (*_of_paper(line - 1, check, one), None, None))
        place = len(PAPER)
        choices = {"validate": "list", "source": list(CHINESE.values())}
        choices |= {"error_title": RESULT, "error_message": "请从列表里选一项，或者空着。"}
        sheet.data_validation(2, place, len(papers) + 1, place, choices)


def read_filled(path: Path, check: Check) -> Iterator[Said | None]:
    """What each row says, None where it says nothing yet.

    Raises ListFaulty for the first that cannot be read, and what `sheets_of` raises.
    """
    drawn = {one.pick.contract for one in check.items}
    for row, cells in rows_of(path, (CHECK, NUMBER, RESULT), "抽查表"):
        number, said = parse(folded(cells[NUMBER])), folded(cells[RESULT])
        if number is None and not said:
            continue
        if number is None or str(number) not in drawn or folded(cells[CHECK]) != str(check.id):
            detail = f"不是第 {check.id} 号抽查抽到的合同，请核对抽查号，不要改动“{CHECK}”“{NUMBER}”两栏。"
            raise ListFaulty(file=path, row=row, detail=detail)
        if said and said not in SAID:
            detail = f"“{RESULT}”一栏的“{said}”不认得，可以写：{'、'.join(CHINESE.values())}。"
            raise ListFaulty(file=path, row=row, detail=detail)
        note = text(cells.get(NOTE, ""))
        if said and SAID[said] is Result.DIFFERS and not note:
            raise ListFaulty(file=path, row=row, detail=f"“不符”要写“{NOTE}”：哪里不符。")
        yield Said(str(number), SAID[said], note) if said else None


def write_results(
    path: Path, check: Check, named: Sequence[tuple[str, Figures]], papers: Sequence[Paper], day: date
) -> None:
    """Write the results: the figures of each stratum by its name and of all, last; then each paper. Raises OSError."""
    title = f"第 {check.id} 号抽查的结果（{check.drawn.wanted.day}，种子 {check.drawn.wanted.seed}）"
    with new_workbook(path, title, day) as book:
        cell = book.add_format(GRID)
        rows = Rows(list_sheet(book, "结果", title, COUNTS), [cell] * len(COUNTS))
        for line, (name, figures) in enumerate(named, 2):
            rows.write(line, (name, *_counts(figures), *rate_said(figures)))
        rows.write(len(named) + 2, (RATE, *[None] * (len(COUNTS) - 1)))
        columns = (*PAPER, *FOUND)
        sheet = list_sheet(book, "清单", title, columns)
        rows = Rows(sheet, [cell] * len(columns))
        for line, (one, item) in enumerate(zip(papers, check.items, strict=True), 2):
            result = CHINESE[item.result] if item.result else "表上认不准" if item.waits else None
            rows.write(
                line, (*_of_paper(line - 1, check, one), result, item.note, item.user, item.recorded_on)
            )
        sheet.autofilter(1, 0, len(papers) + 1, len(columns) - 1)


def _counts(one: Figures) -> tuple[int, ...]:
    return one.size, one.drawn, one.looked, one.agrees, one.differs, one.absent


def rate_said(one: Figures) -> tuple[str, str]:
    """A rate and its interval in percent, "" where there is none."""
    rate = "" if one.rate is None else f"{one.rate:.1%}"
    return rate, "" if one.low is None or one.high is None else f"{one.low:.1%}–{one.high:.1%}"


def _of_paper(line: int, check: Check, one: Paper) -> tuple[str | int | None, ...]:
    where = one.village, one.group or None, one.household, one.party, one.sheets, one.archival_number
    return line, check.id, one.number, one.title, *where
