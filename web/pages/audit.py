"""The audit on the screen: counts, from each number to its list, from a line to the contract and what is said of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

import polars as pl
from sqlalchemy import Connection
from starlette.responses import Response

from archive.audit.classes import CHINESE, RULES, Class
from archive.audit.findings import Audit, audit
from archive.audit.notes import CHINESE as STATUSES
from archive.audit.notes import EXPLAINED, FIXED, REOPENED, SAYINGS, note, notes_of, with_status
from archive.listing import place_order
from archive.numbers import TOWN_DIGITS, VILLAGE_DIGITS
from archive.reports.figures import Count, marked
from archive.states import CHINESE as STATES
from archive.states import State
from pipeline.errors import FindingUnknown
from web import places
from web.asked import Asked, page
from web.errors import BadForm, NotFound
from web.figures import WAIT, Worked, being_worked_out, beside, figures
from web.pages.contract import contract_number, journal_text
from web.roles import Permission
from web.work import queued
from web.written import written_day, written_number

TITLE, LIMIT = "检查", 50
LISTED = "number village template group household party responsible".split()


@dataclass(frozen=True, slots=True)
class Taken:
    """What is kept of an audit: its findings with what a list says of their contracts (no status: that changes), how
    many contracts there are by village and state and when the last of them was filed, and of the newest campaign by
    village the counts of a report.
    """

    on: date
    findings: pl.DataFrame
    states: pl.DataFrame
    campaign: str
    progress: pl.DataFrame

    @classmethod
    def of(cls, found: Audit) -> "Taken":
        contracts = found.contracts
        about = contracts.select(LISTED)
        findings = found.findings.drop("status").join(about, on="number", how="left", maintain_order="left")
        states = contracts.group_by("village", "state").agg(pl.len(), pl.max("filed_on"))
        newest = contracts.filter(pl.col("campaign_day") == pl.col("campaign_day").max())
        newest = newest.filter(pl.col("campaign") == pl.col("campaign").first())
        if newest.is_empty():
            return cls(found.on, findings, states, "", pl.DataFrame())
        counts = marked(newest, newest["campaign_day"][0].year).group_by("village").agg(pl.col(*Count).sum())
        return cls(found.on, findings, states, str(newest["campaign"][0]), counts)


@dataclass(frozen=True, slots=True)
class Line:
    """A class of findings, or a place's or template's counts by class: each with the address of its list."""

    key: str
    label: str
    path: str
    counts: tuple[tuple[int, str], ...]


def taken(asked: Asked, on: date, wait: float = WAIT) -> Worked[Taken] | None:
    """The audit as of a day, of all villages; None while it is worked out."""
    return figures(asked).of(("audit", on), beside(asked, _take, on), wait)


def _take(connection: Connection, on: date) -> Taken:
    return Taken.of(audit(connection, on))


@page("/audit", Permission.AUDIT)
def audit_page(asked: Asked) -> Response:
    """The counts: by class, by place, by template."""
    on, place = day_of(asked), places.place_of(asked, asked.query("place"))
    found = taken(asked, on)
    if found is None:
        return being_worked_out(asked, TITLE)
    findings = _with_status(asked, found.value.findings.filter(places.within(asked, place)), on)
    states = found.value.states.filter(places.within(asked, place)).group_by("state").agg(pl.sum("len"))
    counted = dict(states.iter_rows())
    by_class = dict(findings.group_by("class").len().iter_rows())
    shown = [cls for cls in Class if by_class.get(str(cls))]
    kept = {"on": on.isoformat(), **({"place": place} if place else {})}
    return asked.page(
        "audit.html",
        on=on,
        at=found.at,
        place=place,
        above=places.above(asked, place),
        total=sum(counted.values()),
        states=[(STATES[one], counted[one]) for one in State if counted.get(one)],
        classes=_classes(findings, kept),
        heads=[CHINESE[cls] for cls in shown],
        places=_places(asked, findings, place, on, shown),
        templates=_templates(asked, findings, kept, shown),
        statuses=STATUSES,
        rules=RULES,
    )


@page("/audit/list", Permission.AUDIT)
def audit_list(asked: Asked) -> Response:
    """The findings behind a number."""
    on, place = day_of(asked), places.place_of(asked, asked.query("place"))
    cls, status, template = _class(asked.query("class")), asked.query("status"), asked.query("template")
    found = taken(asked, on)
    if found is None:
        return being_worked_out(asked, TITLE)
    which = places.within(asked, place)
    if cls is not None:
        which &= pl.col("class") == str(cls)
    if template:
        which &= pl.col("template").cast(pl.String) == template
    findings = _with_status(asked, found.value.findings.filter(which), on)
    if asked.query("overdue"):
        findings = findings.filter("overdue")
    if status in STATUSES:
        findings = findings.filter(pl.col("status") == status)
    chosen = {name: asked.query(name) for name in ("class", "template", "status", "overdue", "place")}
    path = "/audit/list?" + urlencode({"on": on.isoformat()} | {k: v for k, v in chosen.items() if v})
    offset = min(written_number(asked.query("offset")), max(findings.height - 1, 0))
    part = findings.sort("class", *place_order()).slice(offset, LIMIT)
    title = CHINESE[cls] if cls else "全部问题"
    said = [STATUSES[status]] if status in STATUSES else []
    said += ["已过归档期限"] if asked.query("overdue") else []
    said += [asked.names.title(template)] if template else []
    return asked.page(
        "audit_list.html",
        title=title,
        said=said,
        on=on,
        at=found.at,
        rows=list(part.iter_rows(named=True)),
        above=places.above(asked, place),
        total=findings.height,
        offset=offset,
        limit=LIMIT,
        path=path + "&",
        cls=cls,
        classes=CHINESE,
        rules=RULES,
        statuses=STATUSES,
    )


@page("/audit/contracts/{number}", Permission.AUDIT)
def finding_page(asked: Asked) -> Response:
    """One contract's findings: the rule, the evidence, what to do, what has been said; and the form to say more."""
    on = day_of(asked)
    with asked.desk.home.reading() as connection:
        number = contract_number(asked, connection)
        said = notes_of(connection, number, on)
    found = taken(asked, on)
    if found is None:
        return being_worked_out(asked, TITLE)
    rows = _with_status(asked, found.value.findings.filter(pl.col("number") == number), on)
    return asked.page(
        "audit_contract.html",
        number=number,
        on=on,
        rows=list(rows.sort("class").iter_rows(named=True)),
        notes=said,
        classes=CHINESE,
        rules=RULES,
        statuses=STATUSES,
        sayings=SAYINGS,
        today=asked.today,
    )


@page("/audit/contracts/{number}", Permission.RECORD, ("POST",))
def say(asked: Asked) -> Response:
    """Explain a finding of today, enter that it was fixed, or reopen it."""
    kind, cls, reason = asked.field("kind"), _class(asked.field("class")), journal_text(asked.field("reason"))
    until = written_day(asked.field("until")) if asked.field("until") else None
    if kind not in (EXPLAINED, FIXED, REOPENED) or cls is None:
        raise BadForm(detail="请选一种处理：已说明、已整改或重新打开。")
    if kind == EXPLAINED and not reason:
        raise BadForm(detail="“已说明”要写明原因。")
    with asked.desk.home.reading() as connection:
        number = contract_number(asked, connection)
    found = taken(asked, asked.today)
    if found is None:
        raise BadForm(detail="检查还没有算好，请过一会儿再登记。")
    there = found.value.findings.filter(pl.col("number") == number)["class"].to_list()
    if str(cls) not in there:
        said = "、".join(CHINESE[Class(one)] for one in there) or "没有问题"
        raise FindingUnknown(number=number, day=asked.today, said=said)
    with asked.desk.home.writing() as connection:
        note(connection, [(number, cls)], kind, reason, until if kind == EXPLAINED else None, asked.actor)
    return asked.to(f"/audit/contracts/{number}")


@page("/audit/workbook", Permission.AUDIT, ("POST",))
def workbook(asked: Asked) -> Response:
    """The audit's workbook, of what may be seen, as a piece of work."""
    on, place = written_day(asked.field("on")), places.place_of(asked, asked.field("place"))
    command = ["audit", "--on", on.isoformat(), "--out", f"{{out}}/档案检查-{on}.xlsx"]
    return queued(asked, f"检查工作簿（{on}）", [[*command, *places.options(asked, place)]])


def day_of(asked: Asked) -> date:
    """The day that is asked about: ?on=, else today. Raises BadForm."""
    return written_day(asked.query("on")) if asked.query("on") else asked.today


def _class(written: str) -> Class | None:
    """A class by its name, None for "". Raises NotFound."""
    if not written:
        return None
    if written not in set(Class):
        raise NotFound()
    return Class(written)


def _with_status(asked: Asked, findings: pl.DataFrame, on: date) -> pl.DataFrame:
    with asked.desk.home.reading() as connection:
        return with_status(connection, findings, on)


def _path(**chosen: str) -> str:
    return "/audit/list?" + urlencode(chosen)


def _classes(findings: pl.DataFrame, kept: dict[str, str]) -> list[Line]:
    """A line a class: how many, how many past the deadline, how many of each status."""
    grouped = findings.group_by("class").agg(
        pl.len().alias("all"),
        pl.col("overdue").sum(),
        *((pl.col("status") == status).sum().alias(status) for status in STATUSES),
    )
    rows = {row["class"]: row for row in grouped.iter_rows(named=True)}
    lines = []
    for cls in Class:
        row = rows.get(str(cls), {})
        of_it = {"class": str(cls), **kept}
        counts = [(row.get("all", 0), _path(**of_it)), (row.get("overdue", 0), _path(**of_it, overdue="1"))]
        counts += [(row.get(status, 0), _path(**of_it, status=status)) for status in STATUSES]
        lines.append(Line(str(cls), CHINESE[cls], "", tuple(counts)))
    return lines


def _places(asked: Asked, findings: pl.DataFrame, place: str, on: date, shown: Iterable[Class]) -> list[Line]:
    """A line for each place below that has findings, in the order of codes."""
    day = on.isoformat()
    below = dict(places.below(asked, place)) or {place: asked.names.village(place)}
    digits = TOWN_DIGITS if len(next(iter(below), "")) == TOWN_DIGITS else VILLAGE_DIGITS
    counts = _by(findings, places.VILLAGE.str.slice(0, digits))
    lines = []
    for code in sorted({code for code, _ in counts}):
        cells = [
            (counts.get((code, str(cls)), 0), _path(on=day, place=code, **{"class": str(cls)}))
            for cls in shown
        ]
        path = "/audit?" + urlencode({"on": day, "place": code})
        lines.append(Line(code, below.get(code, code), path, tuple(cells)))
    return lines


def _templates(
    asked: Asked, findings: pl.DataFrame, kept: dict[str, str], shown: Iterable[Class]
) -> list[Line]:
    counts = _by(findings, pl.col("template").cast(pl.String))
    lines = []
    for name in sorted({name for name, _ in counts}, key=lambda one: asked.names.numbers.get(one, one)):
        cells = [
            (counts.get((name, str(cls)), 0), _path(template=name, **{"class": str(cls)}, **kept))
            for cls in shown
        ]
        lines.append(Line(name, asked.names.title(name), "", tuple(cells)))
    return lines


def _by(findings: pl.DataFrame, key: pl.Expr) -> dict[tuple[str, str], int]:
    grouped = findings.group_by(key.alias("key"), "class").len()
    return {(row[0], row[1]): row[2] for row in grouped.iter_rows()}
