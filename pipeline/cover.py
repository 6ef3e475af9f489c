"""A batch's cover sheet: what the batch holds, for whoever prints, hands out and collects it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline import fonts, page_code
from pipeline.facts import chinese_date
from pipeline.layout import MM
from pipeline.pdf import PdfWriter, rule
from pipeline.place import width

LEFT, RIGHT, CENTRE = 30.0, 180.0, 105.0
TABLE = 90.0  # mm for the table's rows, however many templates there are
GETA = "〓"  # what printers set for a character that they do not have


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What a batch says of itself."""

    village_code: str
    place: str
    campaign: str
    day: date
    closes: date


def cover(writer: PdfWriter, facts: BatchFacts, rows: Sequence[tuple[str, int, int]], copy: str) -> None:
    """Append the cover as a page of its own: `rows` are (template title, contracts, sheets)."""
    code = writer.bitmap(
        page_code.MODULES,
        page_code.MODULES,
        page_code.bitmap(page_code.cover_text(facts.village_code, facts.day)),
    )
    parts = [writer.place("Q", page_code.LEFT, page_code.TOP, page_code.SIDE, page_code.SIDE)]

    def centred(style: str, size: float, baseline: float, said: str) -> None:
        words = "".join(GETA if fonts.missing(style, character) else character for character in said)
        room = RIGHT - LEFT
        natural = width(style, size, words)
        squeeze = min(1.0, room / natural)
        parts.append(writer.text(style, size, CENTRE - natural * squeeze / 2, baseline, words, squeeze))

    step = min(9.0, TABLE / max(1, len(rows)))
    size = min(14.0, 0.8 * step / MM)

    def columns(style: str, baseline: float, name: str, contracts: str, sheets: str) -> None:
        natural = width(style, size, name)
        parts.append(writer.text(style, size, LEFT, baseline, name, min(1.0, 85 / natural)))
        for right, words in ((145.0, contracts), (RIGHT, sheets)):
            parts.append(writer.text(style, size, right - width(style, size, words), baseline, words))

    centred("hei", 26, 62, "合同打印批次封面")
    centred("song", 18, 80, facts.place)
    centred("song", 14, 92, f"签约批次：{facts.campaign}")
    centred("song", 14, 101, f"批次日期：{chinese_date(facts.day)}　签约截止：{chinese_date(facts.closes)}")
    centred("song", 14, 110, copy)
    parts.append(rule(120, 1, LEFT, RIGHT))
    columns("hei", 128, "合同", "份数", "页数")
    parts.append(rule(132, 0.5, LEFT, RIGHT))
    y = 140.0
    for title, contracts, sheets in rows:
        columns("song", y, title, str(contracts), str(sheets))
        y += step
    parts.append(rule(y - 4, 0.5, LEFT, RIGHT))
    columns("hei", y + 4, "合计", str(sum(row[1] for row in rows)), str(sum(row[2] for row in rows)))
    parts.append(rule(y + 8, 1, LEFT, RIGHT))
    y += 22
    for words in (
        "一、合同按村民小组、户编号的顺序排列，与台账 ledger.xlsx 一致。",
        "二、请双面打印，缩放选“实际大小”（100%），不要选“适合纸张”。",
        "三、签与不签由群众自愿；不签的，不问原因，把没签的合同单独交回即可。",
        "四、签好后整批扫描，顺序不必整理，本封面可以一起扫，不必挑出来。",
    ):
        parts.append(writer.text("song", 12, LEFT, y, words))
        y += 8
    writer.page(b"".join(parts), {"Q": code})
