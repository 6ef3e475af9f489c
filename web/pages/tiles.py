"""The first page's tiles: what waits, and how far the newest campaign is; from the audit that is kept."""

from dataclasses import dataclass

import polars as pl
from starlette.responses import Response

from archive.audit.classes import Class
from archive.numbers import TOWN_DIGITS, VILLAGE_DIGITS
from archive.reports.figures import Count
from pipeline.intake.review import open_items
from web import places
from web.asked import Asked, page
from web.pages.audit import Taken, taken
from web.roles import Permission

NOT_YET = "—"
SHOWN = {Class.MISSING: "应有未归", Class.EXPIRING: "90 天内到期", Class.EXPIRED: "已经到期"}


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with what it counts and where its list is; "—" while it is worked out."""

    label: str
    count: str
    path: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the newest campaign is in a place: of what is due, how many are printed, back, whole."""

    label: str
    path: str
    due: int
    printed: int
    filed: int
    complete: int


@dataclass(frozen=True, slots=True)
class Tiles:
    """What tiles.html shows; it asks again by itself where something is `waiting` to be worked out."""

    tiles: list[Tile]
    campaign: str
    progress: list[Progress]
    waiting: bool


@page("/tiles", None)
def tiles_piece(asked: Asked) -> Response:
    """The tiles alone, for htmx."""
    return asked.page("tiles.html", board=tiles(asked))


def tiles(asked: Asked) -> Tiles:
    """What whoever asks may see, at once: nothing is waited for."""
    found: list[Tile] = []
    if asked.viewer.may(Permission.REVIEW):
        with asked.desk.home.reading() as connection:
            waiting = sum(asked.viewer.sees(one.village) for one in open_items(connection))
        found.append(Tile("待核的页", f"{waiting:,}", "/review"))
    if not asked.viewer.may(Permission.AUDIT):
        return Tiles(found, "", [], waiting=False)
    kept = taken(asked, asked.today, wait=0.0)
    one = None if kept is None else kept.value
    found += _of_audit(asked, one)
    return Tiles(found, one.campaign if one else "", _progress(asked, one) if one else [], one is None)


def _of_audit(asked: Asked, one: Taken | None) -> list[Tile]:
    paths = {cls: f"/audit/list?class={cls}" for cls in SHOWN}
    last, overdue = "/intake" if asked.viewer.may(Permission.TAKE_IN) else "/search", "/audit/list?overdue=1"
    if one is None:
        shown = [(SHOWN[cls], NOT_YET, path) for cls, path in paths.items()]
        shown += [("过了归档期限的", NOT_YET, overdue), ("最近归档", NOT_YET, last)]
        return [Tile(*each) for each in shown]
    findings = one.findings.filter(places.within(asked))
    counts = dict(findings.group_by(pl.col("class").cast(pl.String)).len().iter_rows())
    day = one.states.filter(places.within(asked))["filed_on"].max()
    shown = [(SHOWN[cls], f"{counts.get(str(cls), 0):,}", path) for cls, path in paths.items()]
    shown += [("过了归档期限的", f"{findings['overdue'].sum():,}", overdue)]
    shown += [("最近归档", str(day) if day else "还没有", last)]
    return [Tile(*each) for each in shown]


def _progress(asked: Asked, one: Taken) -> list[Progress]:
    """By town or village, in the order of codes."""
    if one.progress.is_empty():
        return []
    below = dict(places.below(asked, ""))
    digits = TOWN_DIGITS if len(next(iter(below), "")) == TOWN_DIGITS else VILLAGE_DIGITS
    mine = one.progress.filter(places.within(asked))
    rows = mine.group_by(places.VILLAGE.str.slice(0, digits).alias("code")).agg(pl.col(*Count).sum())
    counted = (Count.DUE, Count.PRINTED, Count.FILED, Count.COMPLETE)
    return [
        Progress(
            below.get(row["code"], row["code"]),
            f"/audit?place={row['code']}",
            *(row[str(count)] for count in counted),
        )
        for row in rows.sort("code").iter_rows(named=True)
        if row[str(Count.DUE)]
    ]
