"""A period's figures as `report period --json` prints them (docs/interfaces.md)."""

from archive.reports.compared import Key, Row
from archive.reports.figures import COUNTS, DEFINITIONS, Count, Counts, Rate, Share
from archive.reports.periods import Period
from archive.reports.tables import GROUP, TEMPLATE, TOWN, VILLAGE, Level, Tables

LISTS = {TOWN: "towns", VILLAGE: "villages", GROUP: "groups", TEMPLATE: "templates"}


def period_json(tables: Tables, levels: list[Level]) -> dict[str, object]:
    """The figures of all, of the places of `levels`, of templates, and the trend."""
    compared = tables.compared
    period = compared.period
    value: dict[str, object] = {
        "period": str(period),
        "name": period.name,
        "first": str(period.first),
        "last": str(period.last),
        "on": str(compared.on),
        "over": compared.over,
        "before": str(period.before()),
        "year_before": str(period.year_before()),
        "definitions": [_definition(rate) for rate in Rate],
        "total": _row(compared.total, declined=True),
    }
    for level in (*levels, TEMPLATE):
        rows = compared.by(*level)
        value[LISTS[level]] = [_named(tables, level, key, row) for key, row in rows.items()]
    return value | {"trend": [_step(step, counts) for step, counts in compared.trend.items()]}


def _definition(rate: Rate) -> dict[str, str]:
    one = DEFINITIONS[rate]
    parts = {"numerator": COUNTS[one.numerator], "denominator": COUNTS[one.denominator]}
    return {"rate": str(rate), "name": one.name} | parts | {"text": one.words}


def _named(tables: Tables, level: Level, key: Key, row: Row) -> dict[str, object]:
    return (
        dict(zip(level, key, strict=True))
        | {"name": tables.label(level, key)}
        | _row(row, declined=level != GROUP)
    )


def _row(row: Row, *, declined: bool) -> dict[str, object]:
    rates = {
        str(rate): _share(row.now.share(rate))
        | {"before": _share(row.before.share(rate)), "year_before": _share(row.year_before.share(rate))}
        for rate in Rate
    }
    return ({"declined": row.now[Count.DECLINED]} if declined else {}) | {"rates": rates}


def _step(step: Period, counts: Counts) -> dict[str, object]:
    return {"period": str(step), "rates": {str(rate): _share(counts.share(rate)) for rate in Rate}}


def _share(share: Share) -> dict[str, object]:
    return {"numerator": share.numerator, "denominator": share.denominator, "rate": share.percent}
