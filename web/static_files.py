"""The desk's own files: style sheets, scripts, icons; of those only what the log-in page needs to whoever is not logged in."""

import mimetypes
from functools import cache

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from web.errors import NotFound
from web.incoming import session_of
from web.rendering import STATIC

BEFORE_LOG_IN = frozenset({"desk.css", "icons.svg"})
KEPT = {"cache-control": "public, max-age=31536000, immutable"}
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}


@cache
def _names() -> frozenset[str]:
    return frozenset(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


async def static_file(request: Request) -> Response:
    """One of them, by its name; nothing else can be named."""
    name = request.path_params["name"]
    if name not in _names():
        raise NotFound()
    if name not in BEFORE_LOG_IN and not await run_in_threadpool(session_of, request.app.state.desk, request):
        raise NotFound()
    path = STATIC / name
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = KEPT if name in BEFORE_LOG_IN else {"cache-control": "private, max-age=31536000, immutable"}
    return FileResponse(path, media_type=kind, headers=headers)
