"""Scans into the archive: uploads that wait, the intake of some of them, what came of it, the receipts.

A receipt is shown to whoever sees all villages, and to whoever handed the files in since they may what they may now.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection, delete, func, select, update
from starlette.responses import Response

from archive import flaw_words
from archive.catalogue.tables import journal
from pipeline.errors import ReceiptUnknown
from pipeline.intake.receipt import KeptReceipt, find_receipt, receipts
from pipeline.intake.receipt_workbook import OUTCOMES
from pipeline.intake.review import CHINESE as REASONS
from pipeline.intake.taken import Receipt, TakenPage
from web import database
from web.asked import Asked, page
from web.errors import BadForm, NotFound
from web.job_queue import Job, JobState, find_job
from web.roles import Permission
from web.whole_files import FORM
from web.work import queued

RECENT = 20  # receipts that are listed
LOOKED_AT = 200  # pages that are listed one by one
RECEIPT = re.compile(r"交接单-(\d+)\.xlsx")
KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of one's own that no intake was given yet; sizes in bytes."""

    id: str
    name: str
    size: int
    got: int

    @property
    def whole(self) -> bool:
        return self.got == self.size


@page("/intake", Permission.TAKE_IN)
def intake(asked: Asked) -> Response:
    """Where scans are handed in, and the last intakes."""
    with asked.desk.home.reading() as connection:
        earlier = _earlier(asked, connection)
        seen = (one for one in reversed(receipts(connection)) if _sees(asked, one, earlier))
        kept = list(islice(seen, RECENT))
    return asked.page("intake.html", uploads=_uploads(asked), receipts=kept, outcomes=OUTCOMES)


@page("/intake/uploads", Permission.TAKE_IN)
def waiting(asked: Asked) -> Response:
    """The uploads alone, as the page shows them."""
    return asked.page("intake_uploads.html", uploads=_uploads(asked))


@page("/intake", Permission.TAKE_IN, ("POST",))
def begin(asked: Asked) -> Response:
    """Take in the uploads that were chosen, as one piece of work."""
    chosen = list(dict.fromkeys(asked.fields("upload")))
    if not chosen:
        raise BadForm(detail="请先上传扫描件，再点归档。")
    names = {one.id: one.name for one in _uploads(asked)}
    if not all(one in names for one in chosen):
        raise NotFound()
    # Each by its folder: what is in a file's name is then no part of a command.
    command = ["intake", *(f"{{in}}/{one}" for one in chosen), "--receipt", "{out}"]
    title = f"归档 {names[chosen[0]]}" + (f" 等 {len(chosen)} 个文件" if len(chosen) > 1 else "")
    return queued(asked, title, [command], chosen, pages="/intake")


@page("/intake/{job}", Permission.TAKE_IN)
def came_of(asked: Asked) -> Response:
    """An intake under way, or what came of it."""
    job = _job(asked)
    value = job.results[0] if job.results and isinstance(job.results[0], dict) else {}
    found = [one for file in job.files if (one := RECEIPT.fullmatch(file.name))]
    receipt = _shown_receipt(asked, int(found[0][1])) if found else None
    piece = asked.request.headers.get("HX-Target") == "came-of"
    return asked.page(
        "intake_result.html" if piece else "intake_job.html",
        job=job,
        value=value if "pages" in value else None,
        outcomes=OUTCOMES,
        receipt=receipt,
        again=job.ended and job.state is not JobState.DONE and _is_kept(asked, job),
    )


@page("/intake/{job}/again", Permission.TAKE_IN, ("POST",))
def put_back(asked: Asked) -> Response:
    """The files of an intake that did not come to its end wait again."""
    job, table = _job(asked), database.upload
    if not job.ended or job.state is JobState.DONE:
        raise NotFound()
    with asked.desk.database.writing() as connection:
        connection.execute(
            update(table)
            .where(table.c.job == job.id, table.c.account_id == asked.viewer.account)
            .values(job=None)
        )
    return asked.to("/intake")


@page("/intake/uploads/{upload}/remove", Permission.TAKE_IN, ("POST",))
def remove(asked: Asked) -> Response:
    """An upload that is not wanted any more."""
    table, number = database.upload, asked.path("upload")
    mine = (table.c.id == number, table.c.account_id == asked.viewer.account, table.c.job.is_(None))
    with asked.desk.database.writing() as connection:
        if connection.execute(delete(table).where(*mine)).rowcount != 1:
            raise NotFound()
    asked.desk.files.remove(number)
    return asked.to("/intake")


@page("/receipts/{number}", Permission.TAKE_IN)
def receipt_page(asked: Asked) -> Response:
    """What was handed in, and what became of it."""
    shown = _shown_receipt(asked, asked.number("number"))
    if shown is None:
        raise NotFound()
    return asked.page("intake_receipt.html", receipt=shown, outcomes=OUTCOMES)


@page("/receipts/{number}/file.{kind}", Permission.TAKE_IN)
def receipt_file(asked: Asked) -> Response:
    """The receipt as a workbook, or as JSON."""
    kind = asked.path("kind")
    with asked.desk.home.reading() as connection:
        kept = _receipt(asked, connection, asked.number("number"))
        if kind not in KINDS or kept is None:
            raise NotFound()
        blob = kept.workbook if kind == "xlsx" else kept.json
        content = asked.desk.home.vault(connection).get(connection, blob)
    name = quote(f"交接单-{kept.number:04d}.{kind}")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=KINDS[kind], headers=headers)


def _uploads(asked: Asked) -> list[Upload]:
    """One's own uploads that no work was given yet, in the order in which they were begun."""
    table = database.upload
    mine = (table.c.account_id == asked.viewer.account, table.c.job.is_(None), ~table.c.id.startswith(FORM))
    with asked.desk.database.reading() as connection:
        rows = connection.execute(select(table).where(*mine).order_by(table.c.made_at, table.c.id))
        return [Upload(row.id, row.name, row.size, row.got) for row in rows]


def _job(asked: Asked) -> Job:
    """One's own intake. Raises NotFound."""
    with asked.desk.database.reading() as connection:
        job = find_job(connection, asked.viewer, asked.number("job"))
    if job.of != "intake":
        raise NotFound()
    return job


def _is_kept(asked: Asked, job: Job) -> bool:
    """Whether the desk still has the files that a job was given."""
    table = database.upload
    with asked.desk.database.reading() as connection:
        return connection.execute(select(table.c.id).where(table.c.job == job.id)).first() is not None


def _sees(asked: Asked, kept: KeptReceipt, earlier: frozenset[str]) -> bool:
    mine = kept.user == asked.viewer.name and str(kept.number) not in earlier
    return asked.viewer.villages is None or mine


def _earlier(asked: Asked, connection: Connection) -> frozenset[str]:
    """The receipts from before the account was last changed, when it may have had other villages."""
    if asked.viewer.villages is None:
        return frozenset()
    changed = (journal.c.action == "account_change", journal.c.subject == asked.viewer.name)
    last = connection.execute(select(func.max(journal.c.seq)).where(*changed)).scalar()
    if last is None:
        return frozenset()
    before = select(journal.c.subject).where(journal.c.action == "receipt", journal.c.seq < last)
    return frozenset(connection.execute(before).scalars())


def _receipt(asked: Asked, connection: Connection, number: int) -> KeptReceipt | None:
    try:
        kept = find_receipt(connection, number)
    except ReceiptUnknown:
        return None
    return kept if _sees(asked, kept, _earlier(asked, connection)) else None


def _shown_receipt(asked: Asked, number: int) -> dict[str, Any] | None:
    """What the templates say of a receipt; None where there is none, or it may not be seen."""
    with asked.desk.home.reading() as connection:
        kept = _receipt(asked, connection, number)
        if kept is None:
            return None
        content = asked.desk.home.vault(connection).get(connection, kept.json)
    receipt = msgspec.json.decode(content, type=Receipt)
    look = [one for one in receipt.pages if one.to_look_at]
    return {
        "number": kept.number,
        "day": kept.day,
        "user": kept.user,
        "counts": receipt.counts,
        "rejected": [one for one in receipt.files if one.code],
        "look": [_line(receipt.files[one.file - 1].name, one) for one in look[:LOOKED_AT]],
        "more": max(0, len(look) - LOOKED_AT),
    }


def _line(name: str, one: TakenPage) -> tuple[str, int, str, str]:
    """A page to look at: its file, its place there, what it is, why."""
    why: Sequence[str] = (
        REASONS.get(one.reason, ""),
        flaw_words.what(one.flaws),
        "读不出来，请重新扫描这一页" if one.outcome == "quarantined" else "",
    )
    return name, one.page, OUTCOMES[one.outcome], "；".join(filter(None, why))
