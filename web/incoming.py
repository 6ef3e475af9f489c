"""What comes with a request: whose browser it is, whether a page of ours sent it, the form that it carries."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request

from web import sessions
from web.desk import Desk
from web.errors import FormStale, TooLarge
from web.sessions import Session

MOST_BYTES = 2 << 20  # of a form


def cookie_of(desk: Desk) -> str:
    """The cookie's name; browsers hold one with __Host- to be ours alone."""
    return "__Host-huyue" if desk.secure else "huyue"


def session_of(desk: Desk, request: Request) -> Session | None:
    """Whose browser it is that asks."""
    kept = request.cookies.get(cookie_of(desk))
    if kept is None:
        return None
    with desk.database.reading() as connection:
        found = sessions.session_of(connection, kept)
    if found is None:
        return None
    session, to_be_noted = found
    if to_be_noted:
        with desk.database.writing() as connection:
            sessions.touch(connection, kept)
    return session


def check_origin(request: Request) -> None:
    """Raises FormStale for what another site has a browser send."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in (None, "same-origin", "none"):
        raise FormStale()
    if origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}":
        raise FormStale()


async def form_of(request: Request) -> FormData:
    """A form without files. Raises TooLarge."""
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > MOST_BYTES:
            raise TooLarge()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(read), "more_body": False}

    return await Request(request.scope, receive).form(max_files=0, max_fields=5000)
