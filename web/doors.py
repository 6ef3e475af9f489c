"""What is there for whoever is not logged in: the log-in page, and the link of the first start. Nothing else."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from web import accounts, sessions
from web.desk import Desk
from web.errors import BadForm, NotFound, TooMany
from web.incoming import check_origin, cookie_of, form_of
from web.rendering import render
from web.roles import Role
from web.security import Limit

WRONG = "账号、密码或验证码不对，或者账号暂时锁着。"
MINUTES = 15
MOST_TRIES = 30  # failures from one address in so many minutes


def open_doors() -> list[Route]:
    """The routes of these pages."""
    return [
        Route("/login", log_in_page, name="login"),
        Route("/login", log_in, methods=["POST"]),
        Route("/setup/{token}", setup_page),
        Route("/setup/{token}", setup, methods=["POST"]),
    ]


async def log_in_page(request: Request) -> Response:
    """The form."""
    return _form(request, "")


async def log_in(request: Request) -> Response:
    """A new session, or the form again."""
    check_origin(request)
    form = await form_of(request)
    desk: Desk = request.app.state.desk
    source = request.client.host if request.client else ""
    tries: Limit = request.app.state.tries
    if tries.is_over(source):
        raise TooMany(minutes=MINUTES)
    name, password, code = (str(form.get(field) or "") for field in ("name", "password", "code"))
    tries.add(source)  # before it is known: many at once are counted too
    kept = await run_in_threadpool(_begun, desk, name, password, code, request.cookies.get(cookie_of(desk)))
    if kept is None:
        return _form(request, WRONG, 401)
    tries.take_back(source)
    return _with_cookie(desk, kept, local(request.query_params.get("next", "")))


def local(path: str) -> str:
    """A path of the desk, whatever was asked for."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else "/"


def log_out(desk: Desk, kept: str | None) -> Response:
    """The session ended, the cookie gone."""
    if kept is not None:
        with desk.database.writing() as connection:
            sessions.end(connection, kept)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_of(desk), secure=desk.secure, httponly=True, samesite="strict")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def new_session(desk: Desk, account: int, path: str) -> Response:
    """A session begun for an account, on to `path`."""
    with desk.database.writing() as connection:
        kept = sessions.begin(connection, account)
    return _with_cookie(desk, kept, path)


async def setup_page(request: Request) -> Response:
    """The form for the first account. Raises NotFound where the link is used or was never given."""
    await run_in_threadpool(_check_setup, request)
    return HTMLResponse(render("setup.html", said="", name=""))


async def setup(request: Request) -> Response:
    """The first account, an administrator."""
    check_origin(request)
    await run_in_threadpool(_check_setup, request)
    form = await form_of(request)
    name, password, again = (str(form.get(field) or "") for field in ("name", "password", "again"))
    try:
        return await run_in_threadpool(_set_up, request.app.state.desk, name, password, again)
    except BadForm as problem:
        return HTMLResponse(render("setup.html", said=problem.message, name=name), 422)


def _form(request: Request, said: str, status: int = 200) -> Response:
    following = local(request.query_params.get("next", ""))
    return HTMLResponse(render("login.html", said=said, following=following), status)


def _begun(desk: Desk, name: str, password: str, code: str, before: str | None) -> str | None:
    """What the new session's cookie holds; the session that the browser had is ended."""
    with desk.database.writing() as connection:
        account = accounts.log_in(connection, name, password, code)
        if account is None:
            return None
        if before is not None:
            sessions.end(connection, before)
        return sessions.begin(connection, account.id)


def _with_cookie(desk: Desk, kept: str, path: str) -> Response:
    answer = RedirectResponse(path, 303)
    answer.set_cookie(cookie_of(desk), kept, secure=desk.secure, httponly=True, samesite="strict")
    return answer


def _check_setup(request: Request) -> None:
    desk: Desk = request.app.state.desk
    with desk.database.reading() as connection:
        if not sessions.is_setup(connection, request.path_params["token"]):
            raise NotFound()


def _set_up(desk: Desk, name: str, password: str, again: str) -> Response:
    if password != again:
        raise BadForm(detail="两次输入的密码不一样。")
    with desk.database.writing() as connection:
        account = accounts.add(connection, name, Role.ADMINISTRATOR, (), password, temporary=False)
        sessions.end_setup(connection)
        kept = sessions.begin(connection, account)
    return _with_cookie(desk, kept, "/")
