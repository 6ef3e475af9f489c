"""What a page is asked, and the pages that there are: each says who may ask it, and none can be there without.

A page is a function from Asked to a response. It runs in a thread of its own, so it may wait for files and databases.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from archive.journal import Actor
from archive.search_names import Names
from web.desk import Desk, Viewer
from web.errors import BadForm, NotFound
from web.rendering import render
from web.roles import Permission
from web.sessions import Session

Handler = Callable[["Asked"], Response]
RawHandler = Callable[["Asked"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `viewer` and `session` are those of whoever is logged in; `form` what was sent with a POST."""

    desk: Desk
    request: Request
    viewer: Viewer
    session: Session
    form: FormData

    @property
    def names(self) -> Names:
        return self.desk.names()

    @property
    def today(self) -> date:
        return self.desk.today()

    @property
    def actor(self) -> Actor:
        return self.desk.actor(self.viewer)

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A part of the address that is a number. Raises NotFound."""
        written = self.path(name)
        if not (written.isascii() and written.isdigit() and len(written) < 15):
            raise NotFound()
        return int(written)

    def query(self, name: str) -> str:
        """A value from the address's query, "" where there is none."""
        return self.request.query_params.get(name, "")

    def field(self, name: str) -> str:
        """A value of the form, trimmed, "" where there is none. Raises BadForm where it is a file or came twice."""
        values = self.form.getlist(name)
        if not values:
            return ""
        if len(values) > 1 or not isinstance(values[0], str):
            raise BadForm(detail="表单不完整，请刷新页面再试一次。")
        return values[0].strip()

    def fields(self, name: str) -> list[str]:
        """All values of the form under a name."""
        return [value.strip() for value in self.form.getlist(name) if isinstance(value, str)]

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A template of web/templates with what all pages show."""
        return HTMLResponse(
            render(template, asked=self, viewer=self.viewer, csrf=self.session.csrf, **values), status
        )

    def to(self, path: str) -> Response:
        """On to another page of the desk; htmx follows it as a browser does."""
        if self.request.headers.get("HX-Request"):
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, 303)

    def require_village(self, village: str) -> None:
        """Raises NotFound where what belongs to that village may not be seen."""
        if not self.viewer.sees(village):
            raise NotFound()


@dataclass(frozen=True, slots=True)
class Page:
    """A page: `may` is what whoever asks must be permitted, None for everybody who is logged in.

    A `raw` one is asked before the body is read, and reads it itself; its handler is a coroutine function.
    """

    path: str
    methods: tuple[str, ...]
    may: Permission | None
    handler: Handler | RawHandler
    raw: bool = False


PAGES: list[Page] = []


def raw_page(path: str, may: Permission | None, methods: Sequence[str]) -> Callable[[RawHandler], RawHandler]:
    """Make a coroutine function a raw page."""

    def add(handler: RawHandler) -> RawHandler:
        PAGES.append(Page(path, tuple(methods), may, handler, raw=True))
        return handler

    return add


def page(
    path: str, may: Permission | None, methods: Sequence[str] = ("GET",)
) -> Callable[[Handler], Handler]:
    """Make a function a page of the desk."""

    def add(handler: Handler) -> Handler:
        PAGES.append(Page(path, tuple(methods), may, handler))
        return handler

    return add


def as_json(value: Mapping[str, object] | list[object], status: int = 200) -> Response:
    """A JSON answer, for scripts of the desk."""
    return Response(json.dumps(value, ensure_ascii=False), status, media_type="application/json")
