"""The bulletin (通报): how villages' papers stand beside each other, in the order of the villages' codes."""

from collections.abc import Iterator

from archive.reports import wording
from archive.reports.compared import Key, Row
from archive.reports.document import Block, Document, Heading, Item, Paragraph, plain
from archive.reports.figures import Count
from archive.reports.tables import TOWN, VILLAGE, Tables

FEW = 30  # villages, each with a sentence of its own


def bulletin(tables: Tables, place: str) -> Document:
    """The bulletin; `place` is what it is confined to, "" for all."""
    period = tables.compared.period.name
    title = f"关于{plain(place)}{period}合同档案情况的通报"
    signed = ("（单位名称、印章）", "　　　年　　月　　日")
    return Document(title, [], list(_blocks(tables)), signed)


def _blocks(tables: Tables) -> Iterator[Block]:
    compared = tables.compared
    villages = compared.by(*VILLAGE)
    yield Paragraph(
        f"现将{compared.period.name}各村（社区）合同纸件的回收、归档情况通报如下。"
        "本通报只看纸件是否收回、齐全，按村的代码顺序列出，不排名次，不评价人。"
    )
    yield Heading(1, "总体情况")
    yield from (Paragraph(text) for text in wording.overall(compared))
    yield tables.total()
    yield Heading(1, "各村情况")
    yield from _summary(villages)
    if tables.several_towns:
        yield from (
            Paragraph(wording.of_place(compared, tables.label(TOWN, key), row))
            for key, row in compared.by(*TOWN).items()
        )
    if len(villages) <= FEW:
        yield from (
            Paragraph(wording.of_place(compared, tables.label(VILLAGE, key), row))
            for key, row in villages.items()
        )
    yield tables.rates(VILLAGE, declined=False)  # sent to every village: it is to press nobody
    yield from tables.bars(VILLAGE)
    yield Heading(1, "下一步工作")
    yield from (Item(text) for text in _next(compared.total))


def _summary(villages: dict[Key, Row]) -> Iterator[Paragraph]:
    """How many villages have all their papers, and how many not."""
    now = [row.now for row in villages.values() if row.now[Count.DUE]]
    whole = sum(one[Count.COMPLETE] == one[Count.DUE] for one in now)
    out = sum(one[Count.FILED] < one[Count.PRINTED] for one in now)
    lacking = sum(one[Count.COMPLETE] < one[Count.FILED] for one in now)
    yield Paragraph(
        f"有应签合同的村（社区）{len(now)}个。全部收齐的{whole}个；有打印后没有收回的{out}个；有收回后不齐的{lacking}个。"
        "（一个村可以两样都有。）"
    )


def _next(total: Row) -> Iterator[str]:
    now = total.now
    if unprinted := now[Count.DUE] - now[Count.PRINTED]:
        yield f"还有{unprinted}份没有打印，请及时打印，请当事人看。"
    if out := now[Count.PRINTED] - now[Count.FILED]:
        yield f"还有{out}份打印后没有收回。签好的请扫描收件；当事人不签的，登记未签（自愿），不得催逼，不问原因。"
    if lacking := now[Count.FILED] - now[Count.COMPLETE]:
        yield f"还有{lacking}份收回后不齐，请找到缺的页，缺签名、盖章、日期的请当事人自愿补上，重新扫描。"
    if lapsed := now[Count.LAPSED]:
        yield f"有{lapsed}份已经期满、没有下一份。愿意续签的，安排到下一批次。"
    yield "以后签好的合同，请在归档期限内扫描收件。"
