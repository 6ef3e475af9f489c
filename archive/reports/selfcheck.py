"""年度档案检查自查报告: written out from the audit's findings and the year's figures, to be gone over by hand."""

from collections.abc import Iterator

import polars as pl

from archive.audit.classes import CHINESE, RULES, Class
from archive.audit.findings import Audit
from archive.audit.notes import CHINESE as STATUSES
from archive.reports import wording
from archive.reports.document import Block, Document, Heading, Item, Paragraph, Table, ToFill
from archive.reports.tables import VILLAGE, Tables
from archive.states import CHINESE as STATES
from archive.states import State

ONCE = "注：一份合同可以有几种问题，每种最多算一次。只看纸件，不评价人；未签（自愿）的不算问题。"


def selfcheck(tables: Tables, found: Audit) -> Document:
    """The report of the year that `tables` are of; `found` is the audit as of the same day."""
    title = f"{tables.compared.period.year}年度合同档案检查自查报告"
    signed = ("（单位名称、印章）", "　　　年　　月　　日")
    return Document(title, [], list(_blocks(tables, found)), signed)


def _blocks(tables: Tables, found: Audit) -> Iterator[Block]:
    yield ToFill("单位名称")
    yield Heading(1, "总体情况")
    yield from _overall(tables, found)
    yield Heading(1, "检查内容")
    yield Paragraph(f"逐份核对了档案库里的合同纸件，共{len(Class)}项：")
    yield from (Item(f"{CHINESE[cls]}：{RULES[cls][0]}。") for cls in Class)
    yield Heading(1, "发现的问题")
    yield from _problems(tables, found)
    yield Heading(1, "原因分析")
    yield from (ToFill(label) for label in ("原因", "", "", ""))
    yield Heading(1, "整改措施")
    yield _measures(found)
    yield Heading(1, "下一步工作")
    yield from (Item(f"{CHINESE[cls]}（{count}份）：{RULES[cls][1]}。") for cls, count in _some(found))
    yield Item(f"{tables.compared.period.year + 1}年继续按期检查，问题整改情况列入下一次自查。")


def _some(found: Audit) -> list[tuple[Class, int]]:
    """The classes with findings."""
    return [(cls, count) for cls, count in found.counts.items() if count]


def _overall(tables: Tables, found: Audit) -> Iterator[Block]:
    states = found.states
    said = "，".join(f"{STATES[one]}{states[one]}份" for one in State if states[one])
    day = wording.day_in_words(found.on)
    yield Paragraph(f"到{day}，档案库里的合同共{states.total()}份{'：' if said else ''}{said}。")
    yield from (Paragraph(text) for text in wording.overall(tables.compared))
    yield Paragraph(wording.VOLUNTARY)
    yield tables.total()


def _problems(tables: Tables, found: Audit) -> Iterator[Block]:
    some = _some(found)
    if not some:
        yield Paragraph("没有发现问题。")
        return
    touched = found.findings["number"].n_unique()
    listed = "，".join(f"{CHINESE[cls]}{count}份" for cls, count in some)
    yield Paragraph(
        f"共发现问题{found.findings.height}个，涉及合同{touched}份：{listed}。其中已说明原因的{found.explained}个。"
    )
    yield Heading(2, "按种类")
    yield _by_class(found)
    yield Heading(2, "按村")
    yield _by_village(tables, found)


def _by_class(found: Audit) -> Table:
    counts = {
        (cls, status): count
        for cls, status, count in found.findings.group_by("class", "status").len().iter_rows()
    }
    overdue = dict(found.findings.filter("overdue").group_by("class").len().iter_rows())
    rows = []
    for cls, count in _some(found):
        by_status = [counts.get((cls, status), 0) for status in STATUSES]
        rows.append((CHINESE[cls], *map(str, (count, overdue.get(cls, 0), *by_status))))
    head = ("种类", "份数", "已过归档期限", "未处理", "已说明", "报称已改\n仍查到")
    return Table("发现的问题（按种类）", head, rows, (30, 12, 14, 12, 12, 14), notes=(ONCE,))


def _by_village(tables: Tables, found: Audit) -> Table:
    classes = [cls for cls, _ in _some(found)]
    places = found.contracts.select("number", pl.col("village").cast(pl.String))
    counts = {
        (village, cls): count
        for village, cls, count in found.findings.join(places, on="number")
        .group_by("village", "class")
        .len()
        .iter_rows()
    }
    rows = []
    for village in sorted({village for village, _ in counts}):
        of_it = [counts.get((village, str(cls)), 0) for cls in classes]
        rows.append((tables.label(VILLAGE, (village,)), *map(str, (*of_it, sum(of_it)))))
    head = ("村", *(CHINESE[cls] for cls in classes), "合计")
    widths = (26, *[10] * (len(classes) + 1))
    return Table("发现的问题（按村）", head, rows, widths, notes=(ONCE,))


def _measures(found: Audit) -> Table:
    """A row for each class found, to be filled in by hand."""
    rows = [(CHINESE[cls], str(count), "", "", "") for cls, count in _some(found)] or [("", "", "", "", "")]
    head = ("问题", "份数", "整改措施", "谁办", "何时办完")
    return Table("整改措施（请填写）", head, rows, (26, 9, 40, 13, 13))
