"""Pictures of scans and prints, whole or a box of one: drawn in a process of their own, and kept in memory for a while.

Nothing here asks who may see a picture: a page asks that on every request before it comes here.
"""

import multiprocessing
from collections import OrderedDict
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Lock

from starlette.responses import Response

from archive.home import Home
from pipeline.intake.looking import Look, drawn_look
from pipeline.pool import TRIES, start_worker
from web.asked import Asked
from web.errors import BadForm

KEPT = 40  # pictures, of about 2 MB


class Pictures:
    """An archive's pictures, the last KEPT that were asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Look, Future[bytes]] = OrderedDict()
        self._pool: ProcessPoolExecutor | None = None

    def of(self, home: Home, look: Look) -> bytes:
        """A PNG picture; b"" where there is none, it cannot be drawn, or it takes its process down again and again."""
        for _ in range(TRIES):
            try:
                return self._asked(home, look).result()
            except BrokenProcessPool:
                with self._lock:
                    self._kept.pop(look, None)
        return b""

    def _asked(self, home: Home, look: Look) -> "Future[bytes]":
        with self._lock:
            found = self._kept.get(look)
            if found is None or found.cancelled() or (found.done() and found.exception() is not None):
                found = self._kept[look] = self._submitted(home, look)
            self._kept.move_to_end(look)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found

    def _submitted(self, home: Home, look: Look) -> "Future[bytes]":
        for _ in range(TRIES):
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, context, start_worker)
            try:
                return self._pool.submit(drawn_look, home, look)
            except BrokenProcessPool:  # whatever was drawn last took it down
                self._pool = None
        raise AssertionError("a new process takes what it is given")


def picture_of(asked: Asked, look: Look) -> Response:
    """The picture as an answer; who asks was seen to be allowed. Raises BadForm where there is none."""
    pictures: Pictures = asked.request.app.state.pictures
    content = pictures.of(asked.desk.home, look)
    if not content:
        raise BadForm(detail="这张图像没有，或者读不出来。")
    return Response(content, media_type="image/png")
