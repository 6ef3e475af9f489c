"""The first page: what waits for whoever looks."""

from starlette.responses import Response

from pipeline.campaigns import campaigns
from web.asked import Asked, page
from web.job_queue import jobs_of
from web.pages.tiles import tiles
from web.roles import Permission


@page("/", None)
def home(asked: Asked) -> Response:
    """Counts with links to their lists, and one's own work under way."""
    viewer = asked.viewer
    with asked.desk.home.reading() as connection:
        found = campaigns(connection) if viewer.may(Permission.PREPARE) else []
    with asked.desk.database.reading() as connection:
        jobs = jobs_of(connection, viewer, 5)
    return asked.page("home.html", board=tiles(asked), campaigns=found, jobs=jobs)
