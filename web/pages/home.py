"""The first page: what waits for whoever looks."""

from starlette.responses import Response

from pipeline.campaigns import campaigns
from pipeline.intake.review import open_items
from web.asked import Asked, page
from web.jobs import jobs_of
from web.roles import Permission


@page("/", None)
def home(asked: Asked) -> Response:
    """Counts with links to their lists, and one's own work under way."""
    viewer, waiting = asked.viewer, 0
    with asked.desk.home.reading() as connection:
        if viewer.may(Permission.REVIEW):
            waiting = sum(1 for item in open_items(connection) if viewer.sees(item.village))
        found = campaigns(connection) if viewer.may(Permission.PREPARE) else []
    with asked.desk.database.reading() as connection:
        jobs = jobs_of(connection, viewer, 5)
    return asked.page("home.html", waiting=waiting, campaigns=found, jobs=jobs)
