"""Reports on the screen: a period's figures and charts, from each figure to the contracts that it counts; the files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from urllib.parse import urlencode

import polars as pl
from sqlalchemy import Connection
from starlette.responses import Response

from archive.audit.contracts import Facts
from archive.numbers import TOWN_DIGITS, VILLAGE_DIGITS
from archive.reports import wording
from archive.reports.compared import Compared, Key, Row, cubes_of, day_of, of_cubes
from archive.reports.document import Chart
from archive.reports.figures import COUNTS, DEFINITIONS, KEYS, LISTED, Count, Rate, marked
from archive.reports.periods import Period
from archive.reports.tables import GROUP, HEADS, NOTES, TEMPLATE, TOWN, VILLAGE, Level, Tables, change
from archive.states import standings
from pipeline import fonts
from web import places
from web.asked import Asked, page
from web.errors import BadForm, NotFound
from web.figures import being_worked_out, beside, figures
from web.roles import Permission
from web.work import queued
from web.written import written_number

TITLE, LIMIT, YEARS = "报表", 50, 3
FORMS = {"xlsx": "Excel", "docx": "Word", "pdf": "PDF", "html": "网页"}
PARTS = ("", "H1", "H2", "Q1", "Q2", "Q3", "Q4", *(f"{month:02d}" for month in range(1, 13)))
WHOLE = "“{what}”写的是全部的村，您的账号只看得到自己的村，做不了。请找档案员。"
_DRAWING = Lock()  # the charts' library draws one at a time


@dataclass(frozen=True, slots=True)
class Cell:
    """A rate, with the two counts that it is made of and the addresses of their lists; how far from earlier ones."""

    share: str
    numerator: tuple[int, str]
    denominator: tuple[int, str]
    changes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A place's or template's figures; `declined` is None where that is not said."""

    label: str
    path: str
    declined: int | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A table: its caption, what its rows are, the rows."""

    caption: str
    head: str
    lines: tuple[Line, ...]


@page("/reports", Permission.AUDIT)
def reports_page(asked: Asked) -> Response:
    """The figures of a period: of all that may be seen, of the places below, of templates."""
    period, place = _period(asked, asked.query("period")), places.place_of(asked, asked.query("place"))
    found = _compared(asked, period, place)
    if found is None:
        return being_worked_out(asked, TITLE)
    tables, at = found
    level = _level(asked, place)
    blocks = [Block("总体情况", "", (_line(asked, tables, (), (), tables.compared.total, place),))]
    blocks += [_block(asked, tables, one, place) for one in (level, TEMPLATE)]
    return asked.page(
        "reports.html",
        period=period,
        periods=_periods(asked.today),
        place=place,
        above=places.above(asked, place),
        said=[*wording.overall(tables.compared), wording.VOLUNTARY],
        blocks=blocks,
        rates=[one.name for one in DEFINITIONS.values()],
        charts=[(number, one.caption) for number, one in enumerate(_charts(tables, level))],
        notes=NOTES,
        forms=FORMS,
        limited=asked.viewer.villages is not None,
        at=at,
    )


@page("/reports/charts/{number}.svg", Permission.AUDIT)
def chart(asked: Asked) -> Response:
    """One of the page's charts, of what may be seen."""
    period, place = _period(asked, asked.query("period")), places.place_of(asked, asked.query("place"))
    found = _compared(asked, period, place)
    number = asked.number("number")
    if found is None:
        raise NotFound()
    charts = _charts(found[0], _level(asked, place))
    if number >= len(charts):
        raise NotFound()
    from archive.reports.charts import as_svg  # with matplotlib behind it

    fonts.style("hei")  # who has no Chinese font is told, instead of empty boxes
    with _DRAWING:
        drawn = as_svg(charts[number])
    return Response(drawn, media_type="image/svg+xml")


@page("/reports/contracts", Permission.AUDIT)
def report_list(asked: Asked) -> Response:
    """The contracts that a figure counts. Of those declined there is no list."""
    period, place = _period(asked, asked.query("period")), places.place_of(asked, asked.query("place"))
    count = _count(asked.query("figure"))
    template, group = asked.query("template"), asked.query("group")
    on = day_of(period, asked.today)
    found = figures(asked).of(("counted", on, period.year), beside(asked, _counted, on, period.year))
    if found is None:
        return being_worked_out(asked, TITLE)
    which = places.within(asked, place) & pl.col(str(count))
    if template:
        which &= pl.col("template").cast(pl.String) == template
    if group:
        which &= pl.col("group") == written_number(group)
    numbers = found.value.filter(which)["number"]
    offset = min(written_number(asked.query("offset")), max(len(numbers) - 1, 0))
    with asked.desk.home.reading() as connection:
        part = list(standings(connection, on, numbers.slice(offset, LIMIT).to_list()))
    chosen = {"period": str(period), "figure": str(count), "place": place, "template": template}
    said = ([asked.names.title(template)] if template else []) + ([f"{group} 组"] if group else [])
    more = {"group": group} if group else {}
    path = "/reports/contracts?" + urlencode({k: v for k, v in (chosen | more).items() if v})
    return asked.page(
        "report_list.html",
        title=COUNTS[count],
        said=said,
        period=period,
        on=on,
        rows=part,
        above=places.above(asked, place),
        total=len(numbers),
        offset=offset,
        limit=LIMIT,
        path=path + "&",
        chosen={} if group else chosen,
        at=found.at,
    )


@page("/reports/contracts", Permission.AUDIT, ("POST",))
def list_file(asked: Asked) -> Response:
    """The same list as a workbook, as a piece of work."""
    period, place = _period(asked, asked.field("period")), places.place_of(asked, asked.field("place"))
    count, template = _count(asked.field("figure")), asked.field("template")
    if template and template not in asked.names.titles:
        raise NotFound()
    command = ["report", "contracts", str(period), "--figure", str(count), *_options(asked, place)]
    command += [*(["--template", template] if template else [])]
    command += ["--out", f"{{out}}/{COUNTS[count]}-{period}.xlsx"]
    return queued(asked, f"“{COUNTS[count]}”的合同清单（{period.name}）", [command])


@page("/reports/files", Permission.AUDIT, ("POST",))
def files(asked: Asked) -> Response:
    """A report in the forms that were chosen, the bulletin or the self-check, as a piece of work."""
    period, place = _period(asked, asked.field("period")), places.place_of(asked, asked.field("place"))
    match asked.field("what"):
        case "report":
            forms = [one for one in asked.fields("form") if one in FORMS]
            if not forms:
                raise BadForm(detail="请至少选一种格式。")
            by = "group" if asked.field("groups") else "village"
            command = ["report", "period", str(period), "--format", ",".join(forms), "--by", by]
            return queued(
                asked,
                f"{period.name}统计报表",
                [[*command, *_options(asked, place), "--out", "{out}"]],
            )
        case "bulletin":
            if asked.viewer.villages is not None:
                raise BadForm(detail=WHOLE.format(what="通报"))
            town = ["--town", place[:TOWN_DIGITS]] if place else []
            command = ["report", "bulletin", str(period), *town, "--out", f"{{out}}/通报-{period}.docx"]
            return queued(asked, f"{period.name}通报", [command])
        case "selfcheck":
            if asked.viewer.villages is not None:
                raise BadForm(detail=WHOLE.format(what="年度自查报告"))
            year = str(period.year)
            command = ["report", "selfcheck", year, "--out", f"{{out}}/自查报告-{year}.docx"]
            return queued(asked, f"{year} 年度自查报告", [command])
    raise NotFound()


def _options(asked: Asked, place: str) -> list[str]:
    """As places.options; a town as such, where all of it may be seen."""
    if asked.viewer.villages is None and len(place) == TOWN_DIGITS:
        return ["--town", place]
    return places.options(asked, place)


def _period(asked: Asked, written: str) -> Period:
    """The period that is asked for, this year where none is. Raises BadForm."""
    try:
        period = Period.parse(written or str(asked.today.year))
    except ValueError as problem:
        raise BadForm(detail=str(problem)) from None
    if period.first > asked.today:
        raise BadForm(detail=f"{period.name}还没有开始，没有可统计的。")
    return period


def _periods(today: date) -> list[tuple[int, list[Period]]]:
    """The periods to choose from, by year, the newest year first."""
    found = []
    for year in range(today.year, today.year - YEARS, -1):
        all_of_it = (Period.parse(f"{year}-{part}" if part else str(year)) for part in PARTS)
        found.append((year, [one for one in all_of_it if one.first <= today]))
    return found


def _count(written: str) -> Count:
    """A count that has a list. Raises NotFound."""
    if written not in {str(one) for one in LISTED}:
        raise NotFound()
    return Count(written)


def _compared(asked: Asked, period: Period, place: str) -> tuple[Tables, object] | None:
    """The period's figures of a place, within what may be seen, and when they were worked out."""
    today, steps = asked.today, period.steps()
    found = figures(asked).of(("cubes", period, today), beside(asked, _cubes, period, today, steps))
    if found is None:
        return None
    cubes = {day: one.filter(places.within(asked, place)) for day, one in found.value.items()}
    compared: Compared = of_cubes(cubes, period, today, steps)
    return Tables(compared, asked.names), found.at


def _cubes(
    connection: Connection, period: Period, today: date, steps: Sequence[Period]
) -> dict[date, pl.DataFrame]:
    return cubes_of(Facts.read(connection, names=False).on, period, today, steps)


def _counted(connection: Connection, on: date, year: int) -> pl.DataFrame:
    """Which contracts each count has, by number and place."""
    each = marked(Facts.read(connection, names=False).on(on), year)
    return each.select("number", *KEYS, *(str(one) for one in LISTED))


def _level(asked: Asked, place: str) -> Level:
    """What the rows below a place are: towns, villages, groups."""
    below = places.below(asked, place)
    if not below:
        return GROUP
    return TOWN if len(below[0][0]) == TOWN_DIGITS else VILLAGE


def _charts(tables: Tables, level: Level) -> list[Chart]:
    charts = [tables.trend()]
    if level != GROUP:
        charts += tables.bars(level)
    return [one for one in charts if one.names]


def _block(asked: Asked, tables: Tables, level: Level, place: str) -> Block:
    rows = tables.compared.by(*level)
    lines = (_line(asked, tables, level, key, row, place) for key, row in rows.items())
    return Block(f"各{HEADS[level]}情况", HEADS[level], tuple(lines))


def _line(asked: Asked, tables: Tables, level: Level, key: Key, row: Row, place: str) -> Line:
    period = str(tables.compared.period)
    chosen = {"period": period, **({"place": place} if place else {})}
    path = ""
    match level:
        case ("town",):
            chosen["place"] = str(key[0])[:TOWN_DIGITS]
        case ("village",):
            chosen["place"] = str(key[0])
        case ("village", "group"):
            chosen |= {"place": str(key[0]), "group": str(key[1])}
        case ("template",):
            chosen["template"] = str(key[0])
    if level in (TOWN, VILLAGE) and len(chosen["place"]) <= VILLAGE_DIGITS:
        path = "/reports?" + urlencode({"period": period, "place": chosen["place"]})
    declined = None if level == GROUP else row.now[Count.DECLINED]
    cells = tuple(_cell(tables, row, rate, chosen) for rate in Rate)
    return Line(tables.label(level, key) if level else "合计", path, declined, cells)


def _cell(tables: Tables, row: Row, rate: Rate, chosen: dict[str, str]) -> Cell:
    share, of = row.now.share(rate), DEFINITIONS[rate]

    def path(count: Count) -> str:
        return "/reports/contracts?" + urlencode({**chosen, "figure": str(count)})

    changes = tuple(
        (called, change(row.change(rate, since))) for called, since in tables.compared.earlier.items()
    )
    return Cell(
        str(share),
        (share.numerator, path(of.numerator)),
        (share.denominator, path(of.denominator)),
        changes,
    )
