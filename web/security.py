"""What holds for every answer of the desk, whatever page it is: hosts, headers, sizes, a log that names nobody."""

import logging
import re
from collections import deque
from threading import Lock
from time import monotonic

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("huyue.desk")
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self' blob: data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}
_NUMBERS = re.compile(r"\d{6,}|[0-9A-Za-z_-]{30,}|[^\x20-\x7e]+|%[0-9A-Fa-f]{2}")


class Guarded:
    """The desk's application behind its guard: only known hosts, headers on every answer, each one logged."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], *, secure: bool) -> None:
        self._app, self._hosts = app, hosts
        self._headers = HEADERS | ({"strict-transport-security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, started = monotonic(), 500, False

        async def guarded(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            if _host(Headers(scope=scope)) in self._hosts:
                await self._app(scope, receive, guarded)
            else:
                answer = PlainTextResponse("没有这个网址。请用开始时给出的网址。", 421)
                await answer(scope, receive, guarded)
        except Exception:
            # app.py said where; the server would log what it was about too, which may be somebody's.
            if not started:
                await PlainTextResponse("程序出了没有料到的错。", 500)(scope, receive, guarded)
        finally:
            path = _NUMBERS.sub("*", scope["path"])
            LOG.info("%s %s %d %.0f ms", scope["method"], path, status, (monotonic() - began) * 1000)


def _host(headers: Headers) -> str:
    """The host that a browser asked for, without its port."""
    named = headers.getlist("host")
    if len(named) != 1:
        return ""
    if named[0].startswith("["):  # [::1]:8451
        return named[0][1:].partition("]")[0].lower()
    return named[0].rsplit(":", 1)[0].lower()


class Limit:
    """At most `most` events from one source in so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._seen: dict[str, deque[float]] = {}
        self._lock = Lock()

    def is_over(self, source: str) -> bool:
        """Whether there were as many already."""
        with self._lock:
            return len(self._recent(source)) >= self._most

    def add(self, source: str) -> None:
        """Note one."""
        with self._lock:
            self._recent(source).append(monotonic())

    def take_back(self, source: str) -> None:
        """What was noted last does not count."""
        with self._lock:
            seen = self._recent(source)
            if seen:
                seen.pop()

    def _recent(self, source: str) -> deque[float]:
        if len(self._seen) > 10_000:  # somebody invents sources
            self._seen = {key: seen for key, seen in self._seen.items() if self._kept(seen)}
        return self._kept(self._seen.setdefault(source, deque()))

    def _kept(self, seen: deque[float]) -> deque[float]:
        while seen and monotonic() - seen[0] > self._seconds:
            seen.popleft()
        return seen
