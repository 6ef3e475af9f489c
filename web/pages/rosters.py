"""Rosters: sent, looked at as they were read, with what is wrong and what would change, then imported."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, func, select
from starlette.responses import Response

from archive.audit.classes import CHANGES
from archive.catalogue.tables import household, import_village, person, roster_import
from archive.states import KINDS
from pipeline.change_list import DECISIONS, write_list
from pipeline.contracts import template_titles
from pipeline.planning import divisions_of
from pipeline.roster.columns import LABELS, UNREAD
from pipeline.roster.marked import write_marked
from pipeline.roster.store import undo_import
from pipeline.subject_changes import Flagged, decide, flagged, suggested
from web.asked import Asked, page, raw_page
from web.errors import BadForm, ImportElsewhere
from web.figures import being_worked_out, figures
from web.pages.contract import require_contract
from web.roles import Permission
from web.roster_look import MOST_ROWS, look_at, preview, read
from web.whole_files import MOST_FILES, files_of, kept, name_of, scratch, unsealed
from web.work import queued
from web.written import written_day, written_number

MOST_BYTES = 64 << 20  # of the files of a roster together
WAIT = 15.0  # seconds for which a page waits until a roster is read
LIMIT, SHOWN = 50, 20
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@page("/rosters", Permission.PREPARE)
def rosters(asked: Asked) -> Response:
    """What was imported, in the villages that one may see, and the form for the next."""
    with asked.desk.home.reading() as connection:
        imports = _imports(connection, asked)
        waiting = len(_flagged(connection, asked))
    return asked.page("rosters.html", imports=imports, waiting=waiting, megabytes=MOST_BYTES >> 20)


@raw_page("/rosters", Permission.PREPARE, ("POST",))
async def send(asked: Asked) -> Response:
    """The files of one roster; on to how they are read."""
    uploads = await kept(asked, await files_of(asked, MOST_BYTES))
    return asked.to(f"/rosters/check?{urlencode({'file': uploads}, doseq=True)}")


@page("/rosters/check", Permission.PREPARE)
def check(asked: Asked) -> Response:
    """How the columns were understood, and what is wrong, in the sheet itself."""
    files, pairs = _files(asked), _pairs(asked)
    names = [name_of(asked, one) for one in files]
    key = ("roster", files, pairs, asked.viewer.villages)
    found = figures(asked).of(key, lambda: look_at(asked, files, pairs), WAIT)
    if found is None:
        return being_worked_out(asked, "读花名册")
    values: dict[str, Any] = {"names": names, "files": files, "pairs": pairs, "look": found.value}
    more: dict[str, Any] = {
        "told": dict(pairs),
        "labels": LABELS,
        "unread": UNREAD,
        "most": MOST_ROWS,
        "query": _query(files, pairs),
    }
    return asked.page("roster_check.html", **values, **more)


@page("/rosters/preview", Permission.PREPARE)
def changes_to_come(asked: Asked) -> Response:
    """What importing it would change, as a piece of the page before, with the button that does it."""
    files, pairs = _files(asked), _pairs(asked)
    for one in files:
        name_of(asked, one)
    key = ("roster preview", files, pairs, asked.viewer.villages)
    found = figures(asked).of(key, lambda: preview(asked, files, pairs), WAIT)
    values: dict[str, Any] = {"files": files, "pairs": pairs, "query": _query(files, pairs)}
    return asked.page("roster_preview.html", found=found.value if found else None, **values)


@page("/rosters/marked.xlsx", Permission.PREPARE)
def marked(asked: Asked) -> Response:
    """The workbook with its problems marked; `which` counts the files from 0."""
    files, pairs = _files(asked), _pairs(asked)
    place = written_number(asked.query("which"))
    if place >= len(files):
        raise BadForm(detail="没有这个文件。")
    with unsealed(asked, files) as paths, scratch(asked) as folder:
        copies = write_marked(read(asked, paths, pairs), [paths[place]], folder / "marked.xlsx")
        content = copies[0].path.read_bytes()
        name = f"{paths[place].stem}-待改.xlsx"
    return _workbook(content, name)


@page("/rosters/import", Permission.PREPARE, ("POST",))
def import_(asked: Asked) -> Response:
    """Import it, as work of the queue. Whoever is limited to villages was not let further than `read` with others'."""
    files = tuple(asked.fields("file"))[:MOST_FILES]
    pairs = tuple(pair for one in asked.fields("map") if (pair := _pair(one))[1])
    if not files:
        raise BadForm(detail="请先选花名册文件。")
    with unsealed(asked, files) as paths:
        read(asked, paths, pairs)
    arguments = [f"{{in}}/{one}/{name_of(asked, one)}" for one in files]
    mapped = [f"--map={column}={wanted}" for column, wanted in pairs]
    same = [one for one in asked.fields("same") if one.isdecimal()]
    confirmed = ["--same", ",".join(same)] if same else []
    title = f"导入花名册 {name_of(asked, files[0])}" + (f" 等 {len(files)} 个" if len(files) > 1 else "")
    command = ["roster", "import", *mapped, *confirmed, *arguments]
    return queued(asked, title, [command], files)


@page("/rosters/undo", Permission.PREPARE, ("POST",))
def undo(asked: Asked) -> Response:
    """Take the newest import back; of whoever is limited, only one that holds nobody else's villages."""
    with asked.desk.home.writing() as connection:
        newest = select(func.max(roster_import.c.id)).where(roster_import.c.undone_on.is_(None))
        held = import_village.c.import_id == newest.scalar_subquery()
        villages = connection.execute(select(import_village.c.village_code).where(held)).scalars()
        if not all(map(asked.viewer.sees, villages)):
            raise ImportElsewhere()
        undo_import(connection, asked.actor)
    return asked.to("/rosters")


@page("/rosters/changes", Permission.PREPARE)
def changes(asked: Asked) -> Response:
    """The contracts whose party changed and that nobody has decided on."""
    offset = written_number(asked.query("offset"))
    with asked.desk.home.reading() as connection:
        found = _flagged(connection, asked)
    shown = [(one, suggested(one.reasons)) for one in found[offset : offset + LIMIT]]
    values: dict[str, Any] = {"total": len(found), "offset": offset, "limit": LIMIT, "reasons": CHANGES}
    return asked.page("roster_changes.html", rows=shown, decisions=DECISIONS, **values)


@page("/rosters/changes.xlsx", Permission.PREPARE)
def changes_list(asked: Asked) -> Response:
    """The same as a workbook."""
    with asked.desk.home.reading() as connection, scratch(asked) as folder:
        path, divisions = folder / "list.xlsx", divisions_of(connection)
        write_list(path, _flagged(connection, asked), divisions, template_titles(connection), asked.today)
        return _workbook(path.read_bytes(), f"变动名单-{asked.today}.xlsx")


@page("/rosters/changes", Permission.CLOSE, ("POST",))
def decide_on(asked: Asked) -> Response:
    """Close one of these contracts from a day on, or leave it as it is."""
    decision = asked.field("decision")
    if decision not in DECISIONS.values():
        raise BadForm(detail="请选怎样处理。")
    with asked.desk.home.writing() as connection:
        number = require_contract(connection, asked.viewer, asked.field("number"))
        decide(connection, number, decision, day_of(asked, "day") if decision in KINDS else None, asked.actor)
    return asked.to("/rosters/changes")


def day_of(asked: Asked, name: str) -> date | None:
    """A day of the form, None where none is written. Raises BadForm."""
    return written_day(asked.field(name)) if asked.field(name) else None


def _flagged(connection: Connection, asked: Asked) -> list[Flagged]:
    villages = asked.viewer.villages
    if villages is None:
        return list(flagged(connection, asked.today))
    return [one for code in sorted(villages) for one in flagged(connection, asked.today, code)]


def _imports(connection: Connection, asked: Asked) -> list[dict[str, object]]:
    """The newest imports that count, with a village that may be seen: year, day, villages and persons of those."""
    seen = asked.viewer.villages
    persons = (
        select(func.count(person.c.id))
        .join(household, household.c.id == person.c.household_id)
        .where(household.c.import_id == roster_import.c.id)
    )
    villages = select(func.count()).where(import_village.c.import_id == roster_import.c.id)
    if seen is not None:
        persons = persons.where(household.c.village_code.in_(seen))
        villages = villages.where(import_village.c.village_code.in_(seen))
    query = select(
        roster_import.c.id,
        roster_import.c.year,
        roster_import.c.imported_on,
        villages.scalar_subquery().label("villages"),
        persons.scalar_subquery().label("persons"),
    )
    query = query.where(roster_import.c.undone_on.is_(None)).order_by(roster_import.c.id.desc())
    if seen is not None:
        of_it = select(import_village.c.import_id).where(import_village.c.village_code.in_(seen))
        query = query.where(roster_import.c.id.in_(of_it))
    return [dict(row) for row in connection.execute(query.limit(SHOWN)).mappings()]


def _files(asked: Asked) -> tuple[str, ...]:
    files = tuple(asked.request.query_params.getlist("file"))[:MOST_FILES]
    if not files:
        raise BadForm(detail="请先选花名册文件。")
    return files


def _pairs(asked: Asked) -> tuple[tuple[str, str], ...]:
    """What the office says of its columns: `map` is 列=栏目, of which one that is "" says nothing."""
    return tuple(pair for one in asked.request.query_params.getlist("map") if (pair := _pair(one))[1])


def _pair(written: str) -> tuple[str, str]:
    column, _, wanted = written[:200].rpartition("=")
    return column, wanted


def _query(files: Sequence[str], pairs: Sequence[tuple[str, str]]) -> str:
    mapped = [f"{column}={wanted}" for column, wanted in pairs]
    return urlencode({"file": files, "map": mapped}, doseq=True)


def _workbook(content: bytes, name: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(content, media_type=XLSX, headers=headers)
