"""Long work: one's own list of it, each with its progress as it goes, what came of it, its files."""

import asyncio
import mimetypes
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from web.asked import Asked, page
from web.errors import NotFound, TooManyStreams
from web.job_process import file_name
from web.job_queue import Job, find_job, jobs_of
from web.jobs import Jobs
from web.rendering import render
from web.roles import Permission

EVERY = 0.5  # seconds
MOST_STREAMS = 8  # that an account has open at once


class _Events(StreamingResponse):
    """Server-sent events; `opened` counts those of each account. Raises TooManyStreams instead of the first of them."""

    def __init__(self, events: AsyncIterator[str], opened: Counter[int], account: int) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})
        self._opened, self._account = opened, account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._opened[self._account] >= MOST_STREAMS:
            raise TooManyStreams(most=MOST_STREAMS)
        self._opened[self._account] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._opened[self._account] -= 1


@page("/jobs", Permission.READ)
def jobs(asked: Asked) -> Response:
    """The list."""
    with asked.desk.database.reading() as connection:
        return asked.page("jobs.html", jobs=jobs_of(connection, asked.viewer))


@page("/jobs/{job}", Permission.READ)
def job(asked: Asked) -> Response:
    """One, with its progress."""
    return asked.page("job.html", job=_find(asked))


@page("/jobs/{job}/events", Permission.READ)
def events(asked: Asked) -> Response:
    """Its progress as server-sent events (`progress`: a piece of the page), until it ends."""
    _find(asked)
    return _Events(_told(asked), asked.request.app.state.streams, asked.viewer.account)


@page("/jobs/{job}/cancel", Permission.READ, ("POST",))
def cancel(asked: Asked) -> Response:
    """Break it off."""
    work: Jobs = asked.request.app.state.jobs
    number = asked.number("job")
    work.cancel(asked.viewer, number)
    return asked.to(f"/jobs/{number}")


@page("/jobs/{job}/files/{place}", Permission.READ)
def file(asked: Asked) -> Response:
    """A file that it wrote, to be kept: never shown in the desk's own window."""
    found, place = _find(asked), asked.number("place")
    if place >= len(found.files):
        raise NotFound()
    one = found.files[place]
    name = one.name.replace("/", "-")
    return StreamingResponse(
        asked.desk.files.read(file_name(found.id, place)),
        media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "content-length": str(one.size),
        },
    )


def _find(asked: Asked) -> Job:
    with asked.desk.database.reading() as connection:
        return find_job(connection, asked.viewer, asked.number("job"))


async def _told(asked: Asked) -> AsyncIterator[str]:
    shown = ""
    while True:
        try:
            one = await run_in_threadpool(_find, asked)
        except NotFound:
            return
        piece = render("job_piece.html", job=one, csrf=asked.session.csrf)
        if piece != shown:
            shown = piece
            lines = "".join(f"data: {line}\n" for line in piece.splitlines())
            yield f"event: progress\n{lines}\n"
        if one.ended:
            yield "event: ended\ndata: \n\n"
            return
        await asyncio.sleep(EVERY)
