"""Work lists, the year's calendar, and papers kept for as long as they must be: on the screen, as files to work from."""

from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote

import polars as pl
from sqlalchemy import Connection
from starlette.responses import Response

from archive.due_days import DueDay, due_days
from archive.retention import RETENTION, Due, DuePaper, due_by_hand, due_papers
from archive.search_names import Names
from archive.worklists import Worklist
from pipeline.console import FIRST_YEAR, LAST_YEAR
from pipeline.due_calendar import CATEGORIES, as_calendar
from pipeline.worklist_tables import COLUMNS, RESPONSIBLE, TITLES, make_list
from web import places
from web.asked import Asked, page
from web.errors import NotFound
from web.figures import Worked, being_worked_out, beside, figures
from web.pages.audit import day_of
from web.roles import Permission
from web.work import queued
from web.written import written_day, written_number

LIMIT = 50
WHAT = {
    Worklist.URGE: "安排了、还没有收回的，按联户责任人。",
    Worklist.RENEW: "到期的、90 天内到期的，没有下一份的。",
    Worklist.MEND: "归了档，缺签名、盖章、日期的：哪一页哪一处。",
    Worklist.UNFILED: "打印了，没有收回，或没有收齐的。",
    Worklist.CHANGES: "近十四天安排、打印、归档、终止的，和人户变动。",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Papers whose retention is over, of a village (a town or county, of papers filed by hand)."""

    division: str
    one: Due | DuePaper


@page("/worklists", Permission.AUDIT)
def worklists_page(asked: Asked) -> Response:
    """The lists to choose from; with ?kind= one of them."""
    kind, on = asked.query("kind"), day_of(asked)
    if not kind:
        return asked.page("worklists.html", titles=TITLES, what=WHAT, on=on)
    wanted, place = _kind(kind), places.place_of(asked, asked.query("place"))
    names, within = asked.names, pl.lit(True)
    limited = None
    if wanted is Worklist.CHANGES:  # it says how many declined: of those that may be seen
        within, limited = places.within(asked), asked.viewer.villages
    plain = Names(names.divisions, names.titles)  # what gives the wordings cannot be sent, and is not asked
    made = beside(asked, make_list, wanted, within, plain, on)
    found = figures(asked).of(("worklist", wanted, on, limited), made)
    if found is None:
        return being_worked_out(asked, TITLES[wanted])
    frame = found.value.frame.filter(places.within(asked, place))
    responsible = asked.query("responsible")
    responsibles = sorted(set(frame["responsible"].drop_nulls().to_list()) - {""})
    if responsible:
        frame = frame.filter(pl.col("responsible") == responsible)
    listed = replace(found.value, frame=frame)
    offset = min(written_number(asked.query("offset")), max(frame.height - 1, 0))
    columns = [one for one in COLUMNS[wanted] if one.key]
    columns += [] if wanted is Worklist.CHANGES else [RESPONSIBLE]
    part = replace(listed, frame=frame.slice(offset, LIMIT))
    chosen = f"kind={kind}&on={on}"
    return asked.page(
        "worklist.html",
        kind=kind,
        title=TITLES[wanted],
        what=WHAT[wanted],
        on=on,
        place=place,
        above=places.above(asked, place),
        below=places.below(asked, place),
        responsible=responsible,
        responsibles=responsibles if place or len(responsibles) <= LIMIT else [],
        columns=columns,
        rows=list(part.frame.iter_rows(named=True)),
        contracts=listed.contracts,
        total=frame.height,
        foot=found.value.foot,
        chosen=chosen,
        offset=offset,
        limit=LIMIT,
        path=f"/worklists?{chosen}&place={place}&responsible={quote(responsible)}&",
        at=found.at,
    )


@page("/worklists", Permission.AUDIT, ("POST",))
def worklist_files(asked: Asked) -> Response:
    """A list as a workbook and on paper, as a piece of work."""
    kind, place = _kind(asked.field("kind")), places.place_of(asked, asked.field("place"))
    on, responsible = asked.field("on"), asked.field("responsible")
    day = ["--on", str(written_day(on))] if on else []
    command = ["worklist", str(kind), *day, *places.options(asked, place)]
    command += [f"--responsible={responsible}"] if responsible else []
    return queued(asked, TITLES[kind], [[*command, "--out", "{out}"]])


@page("/calendar", Permission.AUDIT)
def calendar_page(asked: Asked) -> Response:
    """What is due on which day of a year: counts, no persons."""
    found, year = _calendar(asked)
    if found is None:
        return being_worked_out(asked, "日历")
    return asked.page(
        "calendar.html",
        year=year,
        days=found.value,
        categories=CATEGORIES,
        today=asked.today,
        at=found.at,
    )


@page("/calendar/{year}.ics", Permission.AUDIT)
def calendar_file(asked: Asked) -> Response:
    """The same for Outlook and phones."""
    found, year = _calendar(asked, asked.number("year"))
    if found is None:
        return being_worked_out(asked, "日历")
    with asked.desk.home.reading() as connection:
        archive = asked.desk.home.vault(connection).archive
    name = quote(f"档案日历-{year}.ics")
    return Response(
        as_calendar(found.value, year, archive, asked.today),
        media_type="text/calendar",
        headers={"content-disposition": f"attachment; filename*=UTF-8''{name}"},
    )


@page("/retention", Permission.AUDIT)
def retention_page(asked: Asked) -> Response:
    """The papers that need be kept no longer, for people to decide on; nothing goes by it."""
    on, place = day_of(asked), places.place_of(asked, asked.query("place"))
    found = figures(asked).of(("retention", on), beside(asked, _kept, on))
    if found is None:
        return being_worked_out(asked, "保管期满")
    listed = [
        kept for kept in found.value if asked.viewer.sees(kept.division) and kept.division.startswith(place)
    ]
    offset = min(written_number(asked.query("offset")), max(len(listed) - 1, 0))
    return asked.page(
        "retention.html",
        on=on,
        rows=[kept.one for kept in listed[offset : offset + LIMIT]],
        above=places.above(asked, place),
        below=places.below(asked, place),
        retentions=RETENTION,
        total=len(listed),
        offset=offset,
        limit=LIMIT,
        path=f"/retention?on={on}&place={place}&",
        at=found.at,
    )


def _kept(connection: Connection, on: date) -> list[Kept]:
    kept = [Kept(one.standing.village, one) for one in due_papers(connection, on)]
    return kept + [Kept(one.division, one) for one in due_by_hand(connection, on)]


def _kind(written: str) -> Worklist:
    if written not in set(Worklist):
        raise NotFound()
    return Worklist(written)


def _calendar(asked: Asked, year: int | None = None) -> tuple[Worked[list[DueDay]] | None, int]:
    """The year's due days, of what may be seen. Raises NotFound."""
    year = year or written_number(asked.query("year")) or asked.today.year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound()
    titles, today, limited = asked.names.titles, asked.today, asked.viewer.villages
    made = beside(asked, due_days, year, today, titles, limited)
    return figures(asked).of(("calendar", year, today, limited), made), year
