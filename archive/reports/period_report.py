"""The report of a period (统计报表), as a document."""

from collections.abc import Iterator

from archive.reports import wording
from archive.reports.document import Block, Document, Heading, Paragraph, plain
from archive.reports.tables import GROUP, TEMPLATE, TOWN, VILLAGE, Level, Tables

# Which places are reported on, by what is asked for.
BY = {"town": (TOWN,), "village": (TOWN, VILLAGE), "group": (TOWN, VILLAGE, GROUP)}


def period_report(tables: Tables, place: str, by: str) -> Document:
    """The report; `place` is what it is confined to, "" for all; `by` a key of BY."""
    compared = tables.compared
    title = f"{plain(place)}{compared.period.name}合同档案统计报表"
    return Document(title, [wording.as_of(compared)], list(_blocks(tables, by)))


def levels(tables: Tables, by: str) -> list[Level]:
    """The levels of places that there is something to say of: towns where there are several, or alone asked for."""
    return [one for one in BY[by] if one != TOWN or tables.several_towns or by == "town"]


def _blocks(tables: Tables, by: str) -> Iterator[Block]:
    compared = tables.compared
    yield Heading(1, "总体情况")
    yield from (Paragraph(text) for text in wording.overall(compared))
    yield Paragraph(wording.VOLUNTARY)
    yield tables.total()
    yield tables.trend()
    names = {TOWN: "各乡镇情况", VILLAGE: "各村情况", GROUP: "各组情况"}
    for level in levels(tables, by):
        yield Heading(1, names[level])
        yield tables.rates(level, declined=level != GROUP)
        yield tables.changes(level)
        if level != GROUP:
            yield tables.heat(level)
            yield from tables.bars(level)
    yield Heading(1, "各种合同情况")
    yield tables.rates(TEMPLATE, declined=True)
    yield tables.changes(TEMPLATE)
