"""The queue of long work in the desk's database: what is asked for, by whom, and how far it is (jobs.py does it)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from archive.journal import CHINA
from web import database
from web.desk import Desk, Viewer
from web.errors import NotFound, TooManyJobs

MOST_WAITING = 20  # jobs of one account


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"  # with or without something to look at: `status` says
    FAILED = "failed"
    CANCELLED = "cancelled"


CHINESE = {
    JobState.QUEUED: "排队",
    JobState.RUNNING: "进行中",
    JobState.DONE: "完成",
    JobState.FAILED: "没有完成",
    JobState.CANCELLED: "已取消",
}
ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


class Asked(msgspec.Struct, frozen=True):
    """What a job runs: command lines, one after another, stopped by the first that fails.

    In an argument before -- {out} stands for the folder that its files are taken from, {in} for that of its uploads,
    by their names. `uploads` are numbers of uploads (uploads.py).
    """

    commands: tuple[tuple[str, ...], ...]
    uploads: tuple[str, ...] = ()


class OutFile(msgspec.Struct, frozen=True):
    """A file that a job wrote: its path in the job's folder, its bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work; `results` are the commands' JSON values, `messages` what they said beside."""

    id: int
    account: int
    title: str
    asked: Asked
    state: JobState
    label: str
    done: int
    total: int
    made_at: str
    ended_at: str
    status: int | None
    results: tuple[Any, ...]
    messages: tuple[str, ...]
    files: tuple[OutFile, ...]

    @property
    def words(self) -> str:
        """Its state in Chinese."""
        return "完成，有要看的" if self.state is JobState.DONE and self.status else CHINESE[self.state]

    @property
    def of(self) -> str:
        """The command that it begins with, "" for none."""
        return self.asked.commands[0][0] if self.asked.commands else ""

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def share(self) -> int:
        """How far it is, in hundredths."""
        return min(100 * self.done // self.total, 100) if self.total else 0


def require_room(connection: Connection, viewer: Viewer) -> None:
    """Raises TooManyJobs where an account has as many waiting as it may have."""
    job = database.job
    waiting = (job.c.account_id == viewer.account, job.c.state == str(JobState.QUEUED))
    if connection.execute(select(func.count()).where(*waiting)).scalar_one() >= MOST_WAITING:
        raise TooManyJobs(most=MOST_WAITING)


def enqueue(
    desk: Desk, viewer: Viewer, title: str, commands: Sequence[Sequence[str]], uploads: Sequence[str] = ()
) -> int:
    """Queue a piece of work; its number. Uploads that are given are its own from now on. Raises NotFound, TooManyJobs."""
    asked = Asked(tuple(map(tuple, commands)), tuple(uploads))
    with desk.database.writing() as connection:
        job, upload = database.job, database.upload
        require_room(connection, viewer)
        done = connection.execute(
            insert(job).values(
                account_id=viewer.account,
                title=title,
                asked=msgspec.json.encode(asked).decode(),
                state=str(JobState.QUEUED),
                label="",
                done=0,
                total=0,
                made_at=now(),
                ended_at="",
                result="[]",
                messages="[]",
                files="[]",
            )
        )
        number = int(done.lastrowid)
        for one in uploads:
            mine = (upload.c.id == one, upload.c.account_id == viewer.account, upload.c.job.is_(None))
            whole = upload.c.got == upload.c.size
            if connection.execute(update(upload).where(*mine, whole).values(job=number)).rowcount != 1:
                raise NotFound()
    return number


def jobs_of(connection: Connection, viewer: Viewer, most: int = 50) -> list[Job]:
    """Somebody's own jobs, the newest first."""
    table = database.job
    query = select(table).where(_is_theirs(viewer)).order_by(table.c.id.desc()).limit(most)
    return [job_of(row) for row in connection.execute(query)]


def find_job(connection: Connection, viewer: Viewer, number: int) -> Job:
    """One of somebody's own jobs. Raises NotFound."""
    table = database.job
    row = connection.execute(select(table).where(table.c.id == number, _is_theirs(viewer))).first()
    if row is None:
        raise NotFound()
    return job_of(row)


def _is_theirs(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a job is the account's, and was made since it may what it may now."""
    table, account = database.job, database.account
    since = select(account.c.changed_at).where(account.c.id == viewer.account).scalar_subquery()
    return and_(table.c.account_id == viewer.account, table.c.made_at >= since)


def job_of(row: Row[Any]) -> Job:
    """A row of the queue."""
    return Job(
        row.id,
        row.account_id,
        row.title,
        msgspec.json.decode(row.asked, type=Asked),
        JobState(row.state),
        row.label,
        row.done,
        row.total,
        row.made_at,
        row.ended_at,
        row.status,
        tuple(json.loads(row.result)),
        tuple(json.loads(row.messages)),
        tuple(msgspec.json.decode(row.files, type=list[OutFile])),
    )


def now() -> str:
    """When something was queued or ended, as the queue keeps it."""
    return datetime.now(CHINA).isoformat(timespec="seconds")
