"""签约批次清点证明: what was counted when a campaign was closed, as a PDF to sign and keep."""

from collections.abc import Sequence
from datetime import date
from typing import BinaryIO

import msgspec

from archive.sheet_counts import Count
from pipeline.facts import chinese_date
from pipeline.pdf import PdfWriter, rule
from pipeline.place import width

TITLE = "签约批次清点证明"
LEFT, RIGHT, TOP, LAST, FOOT = 20.0, 190.0, 20.0, 273.0, 285.0  # mm; TOP, LAST and FOOT are baselines
CENTRE = 105.0
SIZE, LINE = 10.5, 6.0  # points; mm from line to line
NAME_WIDTH = 54.0
COLUMNS = (  # of numbers, with their right ends
    ("打印份数", 90.0),
    ("打印页数", 108.0),
    ("已归档", 123.0),
    ("作废", 136.0),
    ("未签", 149.0),
    ("终止", 162.0),
    ("未收回", 176.0),
    ("未打印", RIGHT),
)
ENDED = {"withdrawn": "当事人撤回", "moved": "迁出", "died": "去世", "unfit": "条件不再符合"}
SIGNATURES = ("经办人：", "复核人：", "日期：")


class Certificate(msgspec.Struct, frozen=True):
    """What a campaign's certificate says; kept as it was counted, so that it can be written again."""

    campaign: str
    day: date
    closes: date
    closed_on: date
    user: str
    villages: list[tuple[str, Count]]
    templates: list[tuple[str, Count]]

    @property
    def total(self) -> Count:
        return sum((count for _, count in self.villages), Count())


def write_certificate(file: BinaryIO, said: Certificate) -> int:
    """Write the certificate into `file`; how many pages it has. The same certificate gives the same bytes.

    Raises GlyphMissing for a character of a name that no font has.
    """
    pages = _Pages(PdfWriter(file, f"{TITLE} {said.campaign}"), f"{TITLE}（{said.campaign}）")
    pages.centred("hei", 22, TITLE)
    for words in (
        f"签约批次：{said.campaign}",
        f"批次日期：{chinese_date(said.day)}　　签约截止：{chinese_date(said.closes)}",
        f"清点办结：{chinese_date(said.closed_on)}　　办结人：{said.user}",
    ):
        pages.line(words)
    pages.line("")
    pages.table("村（社区）", said.villages)
    pages.table("合同名称", said.templates)
    notes = list(_notes(said.total))
    pages.keep_together((len(notes) + 4) * LINE)
    for words in notes:
        pages.line(words)
    pages.signatures()
    return pages.close()


def _notes(total: Count) -> list[str]:
    pulled = "、".join(f"{ENDED[kind]} {count} 页" for kind, count in total.pulled.items() if kind in ENDED)
    notes = [
        f"打印 {total.sheets} 页 = 已归档 {total.filed} 页 + 作废 {_pulled(total, 'void')} 页 + "
        f"未签（自愿）{_pulled(total, 'declined')} 页 + 终止 {_ended(total)} 页 + 未收回 {total.out} 页。",
        "表中除“打印份数”“未打印”为份数外，均为页数；“作废”“未签”“终止”是因此抽出、没有归档的页。",
    ]
    if pulled:
        notes.append(f"终止的页：{pulled}。")
    if total.blanks:
        notes.append(f"打印的合同里，有现场用的空白合同 {total.blanks} 份。")
    if total.unprinted:
        notes.append(f"另有 {total.unprinted} 份安排了、没有打印，没有纸，不在清点之内。")
    return notes


def _pulled(count: Count, kind: str) -> int:
    return count.pulled.get(kind, 0)


def _ended(count: Count) -> int:
    return sum(_pulled(count, kind) for kind in ENDED)


def _numbers(count: Count) -> Sequence[int]:
    """A count as COLUMNS have it."""
    return (
        count.contracts,
        count.sheets,
        count.filed,
        _pulled(count, "void"),
        _pulled(count, "declined"),
        _ended(count),
        count.out,
        count.unprinted,
    )


class _Pages:
    """Lines from top to bottom, a new page where one is full; all of them are written at the end."""

    def __init__(self, writer: PdfWriter, again: str) -> None:
        self._writer, self._again = writer, again
        self._pages: list[list[bytes]] = [[]]
        self._baseline = TOP
        self._head = ""  # of the table that is being written

    def line(self, words: str) -> None:
        self._next(LINE)
        self._write("song", SIZE, LEFT, words, RIGHT - LEFT)

    def centred(self, style: str, size: float, words: str) -> None:
        """A title."""
        self._next(LINE)
        self._write(style, size, CENTRE - width(style, size, words) / 2, words, RIGHT - LEFT)
        self._next(LINE)

    def table(self, head: str, rows: Sequence[tuple[str, Count]]) -> None:
        """A table of counts with its total; its head stands on every page of it."""
        self.keep_together(4 * LINE)
        self._head = head
        self._write_head()
        for name, count in rows:
            self._row("song", name, list(map(str, _numbers(count))))
        self._rule(0.5)
        self._row("hei", "合计", list(map(str, _numbers(sum((count for _, count in rows), Count())))))
        self._rule(1)
        self._head = ""
        self.line("")

    def signatures(self) -> None:
        """Three lines to sign on, side by side."""
        self._next(3 * LINE)
        for x, words in zip((LEFT, 80.0, 140.0), SIGNATURES, strict=True):
            self._write("song", 12, x, words, 50)
            self._rule(0.5, x + width("song", 12, words), x + 50, 1.2)

    def keep_together(self, height: float) -> None:
        """Begin a new page unless that much room is left."""
        if self._baseline + height > LAST:
            self._new_page()

    def close(self) -> int:
        for number, parts in enumerate(self._pages, 1):
            self._baseline = FOOT
            words = f"第 {number} 页，共 {len(self._pages)} 页"
            x = CENTRE - width("song", 9, words) / 2
            self._writer.page(b"".join([*parts, self._writer.text("song", 9, x, FOOT, words)]), {})
        self._writer.close()
        return len(self._pages)

    def _next(self, height: float) -> None:
        if self._baseline + height > LAST:
            self._new_page()
        self._baseline += height

    def _new_page(self) -> None:
        self._pages.append([])
        self._baseline = TOP
        self._write("song", SIZE, LEFT, f"{self._again}　续", RIGHT - LEFT)
        self._baseline += LINE / 2
        if self._head:
            self._write_head()

    def _write_head(self) -> None:
        self._rule(1, lift=LINE / 2 - 3)
        self._row("hei", self._head, [label for label, _ in COLUMNS])
        self._rule(0.5)

    def _row(self, style: str, name: str, numbers: Sequence[str]) -> None:
        self._next(LINE)
        self._write(style, SIZE, LEFT, name, NAME_WIDTH)
        for (_, right), number in zip(COLUMNS, numbers, strict=True):
            self._write(style, SIZE, right - width(style, SIZE, number), number, NAME_WIDTH)

    def _write(self, style: str, size: float, x: float, words: str, room: float) -> None:
        """Words on the current line, condensed to the room they have."""
        if words:
            squeeze = min(1.0, room / width(style, size, words))
            self._pages[-1].append(self._writer.text(style, size, x, self._baseline, words, squeeze))

    def _rule(self, weight: float, start: float = LEFT, end: float = RIGHT, lift: float = 2.0) -> None:
        """A line across, so many mm below the current line."""
        self._pages[-1].append(rule(self._baseline + lift, weight, start, end))
