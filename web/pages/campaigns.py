"""Rounds of signing: how far each is by village, planning, printing, one contract before it is printed, the end."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import Response, StreamingResponse

from archive.states import State, standings
from pipeline.campaign_close import Look, certificate_name, look
from pipeline.campaign_progress import Progress, progress_of
from pipeline.campaigns import NAME_LENGTH, Campaign, campaigns, find_campaign, open_campaign, require_open
from pipeline.contracts import printables, villages_of
from pipeline.errors import CampaignNotPrinted, CampaignUnknown, PrintedLater
from pipeline.planning import waiting_reasons
from pipeline.press_village import press_alone
from pipeline.roster.store import villages_with_roster
from pipeline.templates_in_use import templates_in_use
from web.asked import Asked, page
from web.errors import BadForm, NotAllowed, NotFound
from web.figures import being_worked_out, beside, figures
from web.job_queue import find_job
from web.pages.contract import contract_number, require_contract
from web.pages.rosters import day_of
from web.roles import CHINESE, Permission
from web.work import queued
from web.written import written_number
from web.zipped import zipped

LIMIT = 100
MOST_NUMBERS = 500  # that are printed apart at once


@page("/campaigns", Permission.PREPARE)
def campaign_list(asked: Asked) -> Response:
    """All rounds, the newest first, each as it stands in the villages that may be seen, and the form for a new one."""
    with asked.desk.home.reading() as connection:
        found = campaigns(connection)
        values = _choices(connection, asked)
    rows = []
    for one in reversed(found):
        by_village = _progress(asked, one)
        rows.append((one, None if by_village is None else sum(by_village.values(), Progress())))
    return asked.page("campaigns.html", rows=rows, longest=NAME_LENGTH, **values)


@page("/campaigns", Permission.PREPARE, ("POST",))
def plan(asked: Asked) -> Response:
    """Plan a round, a new one too, in some villages, for some kinds of contract: work of the queue."""
    name, day, closes = asked.field("name"), day_of(asked, "date"), day_of(asked, "closes")
    with asked.desk.home.writing(dry_run=True) as connection:
        require_open(open_campaign(connection, name, day, closes))  # what is wrong is said at once
        choices = _choices(connection, asked)
    kinds = asked.fields("template")
    if not kinds or not set(kinds) <= {one for one, _ in choices["templates"]}:
        raise BadForm(detail="请至少选一种合同。")
    command = ["plan", f"--campaign={name}"]
    command += [f"--date={day}"] if day else []
    command += [f"--closes={closes}"] if closes else []
    if len(kinds) < len(choices["templates"]):
        command += [f"--template={one}" for one in kinds]
    commands = [[*command, *more] for more in _of_villages(asked, [code for code, _ in choices["villages"]])]
    return queued(asked, f"安排合同 {name}", commands)


@page("/campaigns/{name:path}", Permission.PREPARE)
def campaign(asked: Asked) -> Response:
    """One round by village, or the contracts of ?village=."""
    if asked.query("village"):
        return _village(asked)
    with asked.desk.home.reading() as connection:
        one = _find(connection, asked)
        values = _choices(connection, asked)
        printed = [code for code in villages_of(connection, one.id) if asked.viewer.sees(code)]
        everywhere = asked.viewer.villages is None
        reasons = waiting_reasons(connection, one) if everywhere else []
        counted, said = _counted(asked, connection, one) if everywhere else (None, "")
    by_village = _progress(asked, one)
    if by_village is None:
        return being_worked_out(asked, one.name)
    total = sum(by_village.values(), Progress())
    out = counted.counts.villages if counted and counted.counts and counted.certificate is None else {}
    more: dict[str, Any] = {"printed": printed, "reasons": reasons, "counted": counted, "out": out}
    return asked.page("campaign.html", one=one, progress=by_village, total=total, said=said, **more, **values)


@page("/campaigns/{name:path}", Permission.PREPARE, ("POST",))
def act(asked: Asked) -> Response:
    """Print, or close the round: `action` says which."""
    with asked.desk.home.reading() as connection:
        one = _find(connection, asked)
        require_open(one)
        if asked.field("action") == "close":
            return _close(asked, one)
        numbers = asked.fields("number")
        if len(numbers) > MOST_NUMBERS:
            raise BadForm(detail=f"一次最多单独印 {MOST_NUMBERS} 份，请分几次。")
        numbers = [require_contract(connection, asked.viewer, number) for number in numbers]
        there = [code for code in villages_of(connection, one.id) if asked.viewer.sees(code)]
    forms = _forms(asked)
    if asked.field("action") == "numbers":
        if not numbers:
            raise BadForm(detail="请先勾选要印的合同。")
        wanted = [f"--number={number}" for number in numbers]
        command = ["print", f"--campaign={one.name}", "--out", "{out}", *wanted, *forms]
        return queued(asked, f"打印 {one.name} {len(numbers)} 份", [command])
    which = ["--unreturned"] if asked.field("action") == "unreturned" else []
    commands = [
        ["print", f"--campaign={one.name}", "--out", _folder(asked, village), *village, *which, *forms]
        for village in _of_villages(asked, there)
    ]
    return queued(asked, f"{'补印' if which else '打印'} {one.name}", commands)


@page("/contracts/{number}/form", Permission.PREPARE)
def form(asked: Asked) -> Response:
    """A contract as it will be printed, in the viewer."""
    with asked.desk.home.reading() as connection:
        number = contract_number(asked, connection)
    return asked.page("campaign_form.html", number=number)


@page("/contracts/{number}/form.pdf", Permission.PREPARE)
def form_pdf(asked: Asked) -> Response:
    """That as a PDF, its code good for nothing."""
    with asked.desk.home.reading() as connection:
        content = press_alone(connection, contract_number(asked, connection))
    return Response(content, media_type="application/pdf", headers={"content-disposition": "inline"})


@page("/jobs/{job}/files.zip", Permission.READ)
def all_files(asked: Asked) -> Response:
    """All files of one's own work in one."""
    with asked.desk.database.reading() as connection:
        job = find_job(connection, asked.viewer, asked.number("job"))
    if not job.files:
        raise NotFound()
    name = quote(f"{job.title}-{job.id}.zip", safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return StreamingResponse(zipped(asked.desk.files, job), media_type="application/zip", headers=headers)


def _find(connection: Connection, asked: Asked) -> Campaign:
    try:
        return find_campaign(connection, asked.path("name"))
    except CampaignUnknown:
        raise NotFound() from None


def _progress(asked: Asked, one: Campaign) -> Mapping[str, Progress] | None:
    """The round by village, of those that may be seen; None while it is being worked out."""
    day = asked.today.isoformat()
    found = figures(asked).of(("campaigns", day), beside(asked, progress_of, day))
    if found is None:
        return None
    of_it = found.value.get(one.id, {})
    return {code: of_it[code] for code in sorted(of_it) if asked.viewer.sees(code)}


def _choices(connection: Connection, asked: Asked) -> dict[str, Any]:
    """Villages with a roster that may be seen, and the kinds of contract, with their names."""
    villages = [code for code in villages_with_roster(connection) if asked.viewer.sees(code)]
    kinds = [one.template.manifest for one in templates_in_use(connection)]
    return {
        "villages": [(code, asked.names.village(code)) for code in villages],
        "templates": [(one.name, one.title) for one in kinds],
    }


def _of_villages(asked: Asked, there: list[str]) -> list[list[str]]:
    """The options of each command: a village apiece, or none where it is all of them and all may be seen."""
    chosen = sorted(set(asked.fields("village")))
    if not chosen:
        raise BadForm(detail="请至少选一个村。")
    if not set(chosen) <= set(there):
        raise NotFound()
    if asked.viewer.villages is None and len(chosen) == len(there):
        return [[]]
    return [["--village", code] for code in chosen]


def _folder(asked: Asked, village: list[str]) -> str:
    """Where a command's batches go: a part of a round must have a folder of its own."""
    return f"{{out}}/{asked.names.village(village[-1])}" if village else "{out}"


def _forms(asked: Asked) -> list[str]:
    """The options of what is printed beside print.pdf."""
    copies, split = asked.field("copies") or "1", asked.field("split")
    if copies not in ("1", "2", "3") or not (not split or (split.isdecimal() and 2 <= int(split) <= 100_000)):
        raise BadForm(detail="份数是 1 到 3，每册张数是 2 到 100000。")
    options = ["--copies", copies] + (["--split", split] if split else [])
    flags = [name for name in ("collated", "a3", "by-responsible", "docx") if asked.field(name) == "yes"]
    if "collated" in flags and copies == "1":
        raise BadForm(detail="几份连着印，份数要选 2 或 3。")
    return options + [f"--{name}" for name in flags]


def _counted(asked: Asked, connection: Connection, one: Campaign) -> tuple[Look | None, str]:
    """How its sheets stand, or why that cannot be said."""
    try:
        return look(connection, one, asked.names, asked.actor), ""
    except (CampaignNotPrinted, PrintedLater) as problem:
        return None, problem.message


def _close(asked: Asked, one: Campaign) -> Response:
    """Close it, with its certificate; only who sees all its villages may."""
    if asked.viewer.villages is not None:
        raise NotAllowed(role=CHINESE[asked.viewer.role])
    command = ["campaign", "close", "--out", f"{{out}}/{certificate_name(one.name)}", "--", one.name]
    return queued(asked, f"清点办结 {one.name}", [command])


def _village(asked: Asked) -> Response:
    """The contracts of a village, each to be looked at or printed apart."""
    village, offset = asked.query("village"), written_number(asked.query("offset"))
    asked.require_village(village)
    with asked.desk.home.reading() as connection:
        one = _find(connection, asked)
        if village not in villages_of(connection, one.id):
            raise NotFound()
        found = printables(connection, one.id, village, asked.today)
        part = found[offset : offset + LIMIT]
        known = {
            each.number: each for each in standings(connection, asked.today, [each.number for each in part])
        }
    rows = [
        (each, known[each.number].words, known[each.number].state == State.PLANNED)
        for each in part
        if each.number in known
    ]
    values: dict[str, Any] = {"offset": offset, "limit": LIMIT, "total": len(found)}
    path = f"/campaigns/{quote(one.name, safe='')}?village={village}&"
    return asked.page("campaign_village.html", one=one, village=village, rows=rows, path=path, **values)
