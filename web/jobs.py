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
from contextlib import suppress
from datetime import datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any

from sqlalchemy import Connection, delete, select, update

from archive.errors import EXIT_BUG, EXIT_DONE, EXIT_INTERRUPTED, EXIT_LOOK
from archive.journal import CHINA
from web import database
from web.desk import Desk, Viewer
from web.job_process import Work, file_name, work
from web.job_queue import Job, JobState, find_job, job_of, now

LOG = logging.getLogger("huyue.desk")
KEPT = timedelta(days=7)
BROKEN_OFF = timedelta(days=1)  # a file that is still being written so long after is not
LOOKED = 5.0  # seconds between looks into the queue that nobody woke


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
                .values(state=str(JobState.CANCELLED), ended_at=now())
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
            return job_of(row)

    def _drop_of_changed(self, connection: Connection) -> None:
        """What was queued before its account was stopped, or may other things, is not done."""
        table, account = database.job, database.account
        changed = select(account.c.id).where(
            account.c.id == table.c.account_id, account.c.changed_at > table.c.made_at
        )
        connection.execute(
            update(table)
            .where(table.c.state == str(JobState.QUEUED), changed.exists())
            .values(state=str(JobState.CANCELLED), ended_at=now())
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
            "ended_at": now(),
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
