"""The desk as an ASGI application: who asks, whether they may, that a form is theirs, and what is said when not."""

import hmac
import logging
import threading
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from archive.errors import ArchiveLocked, HuyueError
from web.api import make_api
from web.asked import PAGES, Asked, Page
from web.desk import Desk
from web.doors import MINUTES, MOST_TRIES, open_doors
from web.errors import FormStale, NotAllowed, NotFound, http_status
from web.figures import Figures, end_beside
from web.incoming import check_origin, form_of, session_of
from web.jobs import Jobs
from web.pages import load
from web.pictures import Pictures
from web.problem import problem_response
from web.roles import CHINESE
from web.security import Guarded, Limit
from web.static_files import static_file

LOG = logging.getLogger("huyue.desk")
SAFE = frozenset({"GET", "HEAD"})


def make_app(desk: Desk, jobs: Jobs, hosts: frozenset[str]) -> ASGIApp:
    """The application; `hosts` are the names by which browsers may ask for it."""
    load()

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        jobs.start()
        threading.Thread(target=desk.warm, daemon=True).start()
        try:
            yield
        finally:
            await run_in_threadpool(jobs.stop)
            await run_in_threadpool(end_beside)

    routes = [Route(one.path, _endpoint(one), methods=[*one.methods]) for one in PAGES]
    app = Starlette(
        routes=[
            *open_doors(),
            Route("/static/{name:path}", static_file),
            Mount("/api", make_api(desk)),
            *routes,
        ],
        lifespan=living,
        exception_handlers={HTTPException: _unknown, HuyueError: _told, Exception: _bug},
    )
    app.state.desk, app.state.jobs = desk, jobs
    app.state.pictures, app.state.figures = Pictures(), Figures(desk)
    app.state.tries = Limit(MOST_TRIES, MINUTES * 60)
    app.state.streams = Counter()
    return Guarded(app, hosts, secure=desk.secure)


def _endpoint(page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        desk: Desk = request.app.state.desk
        found = await run_in_threadpool(session_of, desk, request)
        if found is None:
            return _to_log_in(request)
        if found.account.temporary and request.url.path not in ("/password", "/logout"):
            return RedirectResponse("/password", 303)
        viewer = await run_in_threadpool(desk.viewer, found.account)
        if page.may is not None and not viewer.may(page.may):
            raise NotAllowed(role=CHINESE[viewer.role])
        form = FormData()
        if request.method not in SAFE:
            check_origin(request)
            if not page.raw:
                form = await form_of(request)
            sent = request.headers.get("X-CSRF-Token") or form.get("csrf") or ""
            if not (isinstance(sent, str) and hmac.compare_digest(sent.encode(), found.csrf.encode())):
                raise FormStale()
        asked = Asked(desk, request, viewer, found, form)
        handler: Any = page.handler
        if page.raw:
            raw: Response = await handler(asked)
            return raw
        done: Response = await run_in_threadpool(handler, asked)
        return done

    return endpoint


def _to_log_in(request: Request) -> Response:
    if request.headers.get("HX-Request"):
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    if request.method != "GET" or "application/json" in request.headers.get("Accept", ""):
        return Response("请先登录。", 401, media_type="text/plain")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(path, safe='/')}", 303)


async def _told(request: Request, problem: Exception) -> Response:
    """What an error of ours says, as a page, a piece of one, or JSON, as it was asked for."""
    assert isinstance(problem, HuyueError)  # noqa: S101
    status = 503 if isinstance(problem, ArchiveLocked) else http_status(problem)
    return await run_in_threadpool(problem_response, request, problem.message, status)


async def _unknown(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 404
    return await run_in_threadpool(problem_response, request, NotFound().message, status)


async def _bug(request: Request, problem: Exception) -> Response:
    # What went wrong and where; never what it was about, which may be somebody's.
    where = [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(problem.__traceback__)]
    LOG.error("bug: %s\n  %s", type(problem).__name__, "\n  ".join(where))
    said = f"程序出了没有料到的错（{type(problem).__name__}），刚才的操作没有完成。请告诉管理员。"
    return await run_in_threadpool(problem_response, request, said, 500)
