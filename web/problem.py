"""What is said when something is not done: as a page, as a piece of one for htmx, or as JSON for a script."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from web.asked import as_json
from web.rendering import render


def problem_response(request: Request, said: str, status: int) -> Response:
    """The answer that says it."""
    if request.headers.get("HX-Request"):
        return HTMLResponse(render("problem_piece.html", said=said), status)
    if "application/json" in request.headers.get("Accept", ""):
        return as_json({"error": {"message": said}}, status)
    return HTMLResponse(render("problem.html", said=said), status)
