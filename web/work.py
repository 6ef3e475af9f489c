"""From a page to the queue of long work (job_queue.py)."""

from collections.abc import Sequence

from starlette.responses import Response

from web.asked import Asked
from web.job_queue import enqueue
from web.jobs import Jobs


def queued(
    asked: Asked,
    title: str,
    commands: Sequence[Sequence[str]],
    uploads: Sequence[str] = (),
    pages: str = "/jobs",
) -> Response:
    """On to the page of a new piece of work, one of `pages`. Raises NotFound as `enqueue` does."""
    number = enqueue(asked.desk, asked.viewer, title, commands, uploads)
    work: Jobs = asked.request.app.state.jobs
    work.wake()
    return asked.to(f"{pages}/{number}")
