"""What the office promised in its contracts: due when, kept when. The office's promises, never the people's."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

import polars as pl
from sqlalchemy import Connection
from starlette.responses import Response

from archive.audit.contracts import contracts
from archive.numbers import TOWN_DIGITS, VILLAGE_DIGITS, parse
from archive.promise_records import Promised, record, said_of, unsure
from archive.promises import promises
from pipeline.promise_list import STATUSES, totals
from web import places
from web.asked import Asked, page
from web.errors import BadForm, NotFound
from web.figures import Worked, being_worked_out, beside, figures
from web.pages.audit import day_of
from web.roles import Permission
from web.work import queued
from web.written import written_day, written_number

TITLE, LIMIT = "兑现", 50
SHOWN = ("number", "promise", "label", "due", "village", "group", "household", "party", "template")


@dataclass(frozen=True, slots=True)
class Line:
    """A promise of a contract; `kept_on` is what has been recorded by now ("": not kept)."""

    number: str
    promise: str
    label: str
    due: date
    village: str
    group: int
    household: str
    party: str
    template: str
    kept_on: str
    overdue: bool

    @property
    def key(self) -> str:
        """What a page knows it by."""
        return f"{self.number}-{self.promise}-{self.due}"


@page("/promises", Permission.AUDIT)
def promises_page(asked: Asked) -> Response:
    """How many are due, kept, overdue, coming, by place; and the list of one status."""
    on, place = day_of(asked), places.place_of(asked, asked.query("place"))
    found = _promises(asked, on)
    if found is None:
        return being_worked_out(asked, TITLE)
    frame = found.value.filter(places.within(asked, place))
    below = dict(places.below(asked, place)) or {place: asked.names.village(place)}
    whole = totals(frame).row(0, named=True)
    status = asked.query("status")
    if status not in STATUSES:
        status = "overdue" if whole["overdue"] else "coming"
    digits = TOWN_DIGITS if len(next(iter(below), "")) == TOWN_DIGITS else VILLAGE_DIGITS
    by_place = totals(frame.with_columns(places.VILLAGE.str.slice(0, digits).alias("key")), "key")
    listed = frame.filter(pl.col("status") == status).sort("village", "due", "number")
    offset = min(written_number(asked.query("offset")), max(listed.height - 1, 0))
    with asked.desk.home.reading() as connection:
        lines = [_line(connection, row, on) for row in listed.slice(offset, LIMIT).select(SHOWN).iter_rows()]
        doubtful = [one for one in unsure(connection) if asked.viewer.sees_contract(one.number)]
    path = "/promises?" + urlencode({"on": on.isoformat(), "place": place, "status": status})
    return asked.page(
        "promises.html",
        on=on,
        place=place,
        above=places.above(asked, place),
        chosen=status,
        statuses=STATUSES,
        totals=whole,
        places=[
            (row["key"], below.get(row["key"], row["key"]), row) for row in by_place.iter_rows(named=True)
        ],
        lines=lines,
        doubtful=[one for one in doubtful if one.number.startswith(place)],
        total=listed.height,
        offset=offset,
        limit=LIMIT,
        path=path + "&",
        today=asked.today,
        at=found.at,
    )


@page("/promises", Permission.RECORD, ("POST",))
def say(asked: Asked) -> Response:
    """Record a promise as kept on a day, or take that back (?action=undo); its line again."""
    number, named, due = parse(asked.field("contract")), asked.field("promise"), asked.field("due")
    if number is None or not asked.viewer.sees(number.village):
        raise NotFound()
    day = None if asked.field("action") == "undo" else _day(asked)
    on = asked.today if not asked.field("on") else written_day(asked.field("on"))
    found = _promises(asked, on)
    if found is None:
        raise BadForm(detail="兑现还没有算好，请过一会儿再登记。")
    same = (pl.col("number") == str(number)) & (pl.col("promise") == named)
    rows = found.value.filter(same & (pl.col("due").cast(pl.String) == due)).select(SHOWN).rows()
    if not rows:
        raise NotFound()
    with asked.desk.home.writing() as connection:
        record(connection, [Promised(str(number), named, due)], day, asked.actor)
        line = _line(connection, rows[0], on)
    if not asked.request.headers.get("HX-Request"):
        return asked.to("/promises")
    return asked.page("promise_line.html", one=line, on=on, today=asked.today)


@page("/promises/files", Permission.RECORD, ("POST",))
def files(asked: Asked) -> Response:
    """The workbook, and a sheet a village to be ticked and scanned back, as a piece of work."""
    place, on = places.place_of(asked, asked.field("place")), asked.field("on")
    day = ["--on", str(written_day(on))] if on else []
    command = ["promise", "due", *day, *places.options(asked, place)]
    return queued(asked, "兑现单", [[*command, "--out", "{out}"]])


def _promises(asked: Asked, on: date) -> Worked[pl.DataFrame] | None:
    """Every promise due by a day or soon after, of all villages; None while that is worked out."""
    return figures(asked).of(("promises", on), beside(asked, _work_out, on))


def _work_out(connection: Connection, on: date) -> pl.DataFrame:
    return promises(connection, contracts(connection, on), on).select(*SHOWN, "status")


def _line(connection: Connection, row: tuple[object, ...], on: date) -> Line:
    said = dict(zip(SHOWN, row, strict=True))
    one = Promised(str(said["number"]), str(said["promise"]), str(said["due"]))
    kept = said_of(connection, one) or ""
    return Line(**said, kept_on=kept, overdue=one.due < on.isoformat())  # type: ignore[arg-type]


def _day(asked: Asked) -> date:
    """The day on which it was kept. Raises BadForm."""
    day = written_day(asked.field("day")) if asked.field("day") else asked.today
    if day > asked.today:
        raise BadForm(detail=f"兑现的日期不能晚于今天（{asked.today}）：兑现了的才登记。")
    return day
