"""Long work: a queue in the desk's database, done one after another by the commands of the command line.

Each piece of work is a process of its own (job_process.py) that runs `huyue` commands one after another, so that it
can be ended as at a terminal, and what is broken off is begun again and goes on where it was: after a restart of the
desk, what was under way is queued anew. What a job is given are uploads; what it writes is kept sealed until KEPT
after, or until somebody removes it.
"""

import json
import logging
import multiprocessing
import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from multiprocessing.connection import Connection as Pipe
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update

from archive.errors import EXIT_BUG, EXIT_DONE, EXIT_INTERRUPTED, EXIT_LOOK
from archive.journal import CHINA
from web import database
from web.desk import Desk, Viewer
from web.errors import NotFound, TooManyJobs
from web.job_process import Work, file_name, work

LOG = logging.getLogger("huyue.desk")
KEPT = timedelta(days=7)
BROKEN_OFF = timedelta(days=1)  # a file that is still being written so long after is not
MOST_WAITING = 20  # jobs of one account
LOOKED = 5.0  # seconds between looks into the queue that nobody woke


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
                made_at=_now(),
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
    return [_job(row) for row in connection.execute(query)]


def find_job(connection: Connection, viewer: Viewer, number: int) -> Job:
    """One of somebody's own jobs. Raises NotFound."""
    table = database.job
    row = connection.execute(select(table).where(table.c.id == number, _is_theirs(viewer))).first()
    if row is None:
        raise NotFound()
    return _job(row)


def _is_theirs(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a job is the account's, and was made since it may what it may now."""
    table, account = database.job, database.account
    since = select(account.c.changed_at).where(account.c.id == viewer.account).scalar_subquery()
    return and_(table.c.account_id == viewer.account, table.c.made_at >= since)


class Jobs:
    """Does what is queued, in a thread; `start` and `stop` it with the server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._running: tuple[int, Pipe[Any, Any]] | None = None

    def start(self) -> None:
        """Begin, with what was under way when the desk ended before; what it left half-written goes."""
        table = database.job
        shutil.rmtree(self._desk.home.folder / "desk" / "work", ignore_errors=True)
        self._desk.files.forget_parts((datetime.now(CHINA) - BROKEN_OFF).timestamp())
        with self._desk.database.writing() as connection:
            connection.execute(
                update(table).where(table.c.state == str(JobState.RUNNING)).values(state=str(JobState.QUEUED))
            )
        self._thread = threading.Thread(target=self._go_on, name="jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is broken off, to be begun again at the next start."""
        self._stopping.set()
        self._wake.set()
        self._end_running()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Something was queued."""
        self._wake.set()

    def cancel(self, viewer: Viewer, number: int) -> None:
        """Break a job off, or take it out of the queue. Raises NotFound."""
        table = database.job
        with self._desk.database.writing() as connection:
            job = find_job(connection, viewer, number)
            if job.ended:
                return
            connection.execute(
                update(table)
                .where(table.c.id == number)
                .values(state=str(JobState.CANCELLED), ended_at=_now())
            )
        self._end_running(number)

    def _end_running(self, number: int | None = None) -> None:
        """Interrupt what is under way, only if it is that job where a number is given."""
        running = self._running
        if running is not None and number in (None, running[0]):
            with suppress(OSError):
                running[1].send("end")

    def _go_on(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self.next()
                if job is not None:
                    self.do(job)
                    continue
            except Exception as problem:  # the queue goes on whatever happens to one
                LOG.error("job: %s", type(problem).__name__)
            self._wake.wait(LOOKED)
            self._wake.clear()

    def next(self) -> Job | None:
        """The job whose turn it is, now running; None where none is queued."""
        self._forget_old()
        table = database.job
        with self._desk.database.writing() as connection:
            self._drop_of_changed(connection)
            queued = select(table).where(table.c.state == str(JobState.QUEUED)).order_by(table.c.id).limit(1)
            row = connection.execute(queued).first()
            if row is None:
                return None
            connection.execute(
                update(table)
                .where(table.c.id == row.id)
                .values(state=str(JobState.RUNNING), label="", done=0, total=0)
            )
            return _job(row)

    def _drop_of_changed(self, connection: Connection) -> None:
        """What was queued before its account was stopped, or may other things, is not done."""
        table, account = database.job, database.account
        changed = select(account.c.id).where(
            account.c.id == table.c.account_id, account.c.changed_at > table.c.made_at
        )
        connection.execute(
            update(table)
            .where(table.c.state == str(JobState.QUEUED), changed.exists())
            .values(state=str(JobState.CANCELLED), ended_at=_now())
        )

    def do(self, job: Job) -> None:
        """Do one, in a process of its own, to its end."""
        with self._desk.database.reading() as connection:
            user = connection.execute(
                select(database.account.c.name).where(database.account.c.id == job.account)
            ).scalar_one()
            table = database.upload
            rows = connection.execute(select(table).where(table.c.job == job.id).order_by(table.c.id))
            uploads = [(row.id, row.name) for row in rows]
        desk = self._desk
        asked = Work(
            job.id,
            job.asked.commands,
            tuple(uploads),
            str(desk.home.folder),
            str(desk.home.key_file),
            user,
            desk.today().isoformat(),
            desk.passphrase,
            desk.files,
        )
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, asked))
        process.start()
        theirs.close()
        self._running = (job.id, ours)
        if self._stopping.is_set() or self._is_cancelled(job.id):  # while its process was being made
            self._end_running(job.id)
        outcome: dict[str, Any] | None = None
        try:
            while True:
                told = ours.recv()
                if "status" in told:
                    outcome = told
                else:
                    self._note(job.id, told)
        except (EOFError, OSError):
            pass
        finally:
            self._running = None
            ours.close()
            process.join()
        if not self._stopping.is_set():
            self._finish(job.id, outcome)

    def _is_cancelled(self, number: int) -> bool:
        table = database.job
        with self._desk.database.reading() as connection:
            state = connection.execute(select(table.c.state).where(table.c.id == number)).scalar()
        return state == str(JobState.CANCELLED)

    def _note(self, number: int, told: dict[str, Any]) -> None:
        with self._desk.database.writing() as connection:
            connection.execute(update(database.job).where(database.job.c.id == number).values(**told))

    def _finish(self, number: int, outcome: dict[str, Any] | None) -> None:
        """What came of a job; one whose process died says so."""
        table = database.job
        outcome = outcome or {
            "status": EXIT_BUG,
            "results": [],
            "messages": ["后台进程意外中止，可以再做一次。"],
            "files": [],
        }
        state = JobState.DONE if outcome["status"] in (EXIT_DONE, EXIT_LOOK) else JobState.FAILED
        if outcome["status"] == EXIT_INTERRUPTED:
            state = JobState.CANCELLED
        values = {
            "status": outcome["status"],
            "result": json.dumps(outcome["results"], ensure_ascii=False),
            "messages": json.dumps(outcome["messages"], ensure_ascii=False),
            "files": json.dumps(outcome["files"], ensure_ascii=False),
            "ended_at": _now(),
        }
        with self._desk.database.writing() as connection:
            connection.execute(update(table).where(table.c.id == number).values(**values))
            running = (table.c.id == number, table.c.state == str(JobState.RUNNING))
            connection.execute(update(table).where(*running).values(state=str(state)))
        if state is JobState.DONE:
            self._forget_uploads(number)

    def _forget_uploads(self, number: int) -> None:
        table = database.upload
        with self._desk.database.writing() as connection:
            gone = connection.execute(select(table.c.id).where(table.c.job == number)).scalars().all()
            connection.execute(delete(table).where(table.c.job == number))
        for one in gone:
            self._desk.files.remove(one)

    def _forget_old(self) -> None:
        """Jobs that ended long ago, uploads that nobody used, sealed files that belong to nothing any more."""
        old = (datetime.now(CHINA) - KEPT).isoformat()
        job, upload = database.job, database.upload
        there_are = self._desk.files.names()  # before it is asked what is known: what is sent meanwhile stays
        with self._desk.database.writing() as connection:
            connection.execute(delete(job).where(job.c.ended_at != "", job.c.ended_at < old))
            there = select(job.c.id)
            connection.execute(delete(upload).where(upload.c.made_at < old, upload.c.job.is_(None)))
            connection.execute(delete(upload).where(upload.c.job.is_not(None), upload.c.job.not_in(there)))
            known = set(connection.execute(select(upload.c.id)).scalars())
            for row in connection.execute(select(job.c.id, job.c.files)):
                known |= {file_name(row.id, place) for place in range(len(json.loads(row.files)))}
            running = select(job.c.id).where(job.c.state == str(JobState.RUNNING))
            if connection.execute(running).first() is not None:
                return
        for name in there_are:
            if name not in known:
                self._desk.files.remove(name)


def _job(row: Row[Any]) -> Job:
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


def _now() -> str:
    return datetime.now(CHINA).isoformat(timespec="seconds")
