"""The desk for other systems of the office: JSON over HTTP, by tokens, described by /api/openapi.json.

A token may what its account may, in the same villages, by the same functions as the pages. Everything only reads.
"""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.responses import Response

from archive.errors import HuyueError
from archive.filings import filing_versions
from archive.index.query import parse
from archive.search import search, suggest
from archive.states import State
from pipeline.campaigns import campaigns
from pipeline.showing import show_contract
from web import sessions
from web.desk import Desk, Viewer
from web.errors import NotAllowed, NotFound, TooMany, http_status
from web.pages.contract import require_contract
from web.pages.search import MOST_LETTERS, narrowed
from web.roles import CHINESE, Permission
from web.security import Limit
from web.written import MOST_WRITTEN

MINUTES, MOST_TRIES = 15, 30  # of tokens that are none, from one address
STATES = tuple(str(one) for one in State)


class Problem(BaseModel):
    """What was wrong, in Chinese."""

    code: str
    message: str


class Failure(BaseModel):
    error: Problem


class Hit(BaseModel):
    """A contract or a paper filed by hand that was found; `highlights` are HTML with <mark>."""

    number: str
    template: str
    village: str
    party: str
    responsible: str
    state: str
    ends: str
    score: float
    highlights: dict[str, str]


class Counted(BaseModel):
    value: str
    count: int


class Found(BaseModel):
    """`total` of all, `exact` of them are what was typed; facets count all."""

    total: int
    exact: int
    took_ms: float
    hits: list[Hit]
    facets: dict[str, list[Counted]]
    notes: list[str]
    suggestions: list[str]


class Suggested(BaseModel):
    kind: Literal["party", "village", "contract"]
    text: str


class Round(BaseModel):
    name: str
    day: date
    closes: date


FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": said}
    for status, said in (
        (401, "No token that holds"),
        (403, "The account may not"),
        (404, "Not there, or not to be seen"),
        (422, "Wrong input"),
        (429, "Too many tries"),
    )
}


def make_api(desk: Desk) -> FastAPI:
    """The application under /api."""
    api = FastAPI(
        title="户约",
        version="1",
        servers=[{"url": "/api"}],
        description="Contracts of an archive, for other systems of the office. Tokens are made on the page 我的账号.",
        docs_url=None,
        redoc_url=None,
        responses=FAILURES,
        openapi_url=None,
    )
    tries = Limit(MOST_TRIES, MINUTES * 60)
    bearer = HTTPBearer(auto_error=False, description="A token of an account (页面“我的账号”)")

    def viewer_of(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> Viewer:
        if given is None:
            raise _NoToken()
        with desk.database.reading() as connection:
            found = sessions.account_of_token(connection, given.credentials)
        if found is not None:
            account, to_be_noted = found
            if to_be_noted:
                with desk.database.writing() as connection:
                    sessions.touch_token(connection, given.credentials)
            return desk.viewer(account)
        source = request.client.host if request.client else ""
        if tries.is_over(source):  # another system behind the same address may have a token that holds
            raise TooMany(minutes=MINUTES)
        tries.add(source)
        raise _NoToken()

    def may(permission: Permission) -> Any:
        def check(viewer: Annotated[Viewer, Depends(viewer_of)]) -> Viewer:
            if not viewer.may(permission):
                raise NotAllowed(role=CHINESE[viewer.role])
            return viewer

        return Depends(check)

    reader = may(Permission.READ)

    @api.get("/openapi.json", include_in_schema=False)
    def described(_: Annotated[Viewer, reader]) -> dict[str, Any]:
        return api.openapi()

    @api.get("/v1/search")
    def search_contracts(
        viewer: Annotated[Viewer, reader],
        q: Annotated[str, Query(max_length=MOST_LETTERS, description="As typed into the search box")] = "",
        village: Annotated[
            str | None, Query(pattern=r"^([0-9]{9}|[0-9]{12})$", description="A village's or town's code")
        ] = None,
        template: Annotated[str | None, Query(max_length=60)] = None,
        year: Annotated[int | None, Query(ge=1950, le=2200)] = None,
        state: Annotated[Literal[STATES] | None, Query()] = None,  # type: ignore[valid-type]
        sort: Annotated[Literal["score", "number", "village", "end", "party"], Query()] = "score",
        limit: Annotated[int, Query(ge=0, le=200)] = 20,
        offset: Annotated[int, Query(ge=0, le=MOST_WRITTEN)] = 0,
    ) -> Found:
        """Search contracts, and papers filed by hand."""
        names = desk.names()
        query = narrowed(desk, viewer, parse(q), village, template, year, state)
        found = search(desk.home, query, q, names, desk.today(), offset, limit, sort)
        hits = [
            Hit(
                number=one.standing.number,
                template=one.standing.template,
                village=one.standing.village,
                party=one.standing.party,
                responsible=one.standing.responsible,
                state=str(one.standing.state),
                ends=str(one.standing.ends or ""),
                score=one.score,
                highlights=dict(one.highlights),
            )
            for one in found.hits
        ]
        facets = {
            name: [Counted(value=value, count=count) for value, count in counts]
            for name, counts in found.facets.items()
        }
        return Found(
            total=found.total,
            exact=found.exact,
            took_ms=found.took_ms,
            hits=hits,
            facets=facets,
            notes=list(found.notes),
            suggestions=list(found.suggestions),
        )

    @api.get("/v1/suggest")
    def suggest_words(
        viewer: Annotated[Viewer, reader], q: Annotated[str, Query(max_length=200)] = ""
    ) -> list[Suggested]:
        """What may be being typed."""
        found = suggest(desk.home, desk.names(), q, desk.today(), 10, viewer.villages) if q.strip() else []
        return [Suggested(kind=one.kind, text=one.text) for one in found]  # type: ignore[arg-type]

    @api.get("/v1/contracts/{number}")
    def one_contract(
        viewer: Annotated[Viewer, reader], number: Annotated[str, Path(max_length=40)]
    ) -> dict[str, Any]:
        """A contract as `huyue show --json` has it; identity numbers are masked."""
        with desk.home.reading() as connection:
            known = require_contract(connection, viewer, number)
            return dict(show_contract(connection, known, desk.today()).value)

    @api.get(
        "/v1/contracts/{number}/scan",
        response_class=Response,
        responses={200: {"content": {"application/pdf": {}}}},
    )
    def scan(viewer: Annotated[Viewer, reader], number: Annotated[str, Path(max_length=40)]) -> Response:
        """The newest version of the signed paper, a PDF."""
        with desk.home.reading() as connection:
            known = require_contract(connection, viewer, number)
            kept = [one.blob for one in filing_versions(connection, known)][-1:]
            if not kept or kept[0] is None:
                raise NotFound()
            content = desk.home.vault(connection).get(connection, kept[0])
        named = f'attachment; filename="{known}.pdf"'
        return Response(content, media_type="application/pdf", headers={"content-disposition": named})

    @api.get("/v1/campaigns")
    def rounds(viewer: Annotated[Viewer, may(Permission.PREPARE)]) -> list[Round]:
        """The rounds of signing."""
        with desk.home.reading() as connection:
            return [Round(name=one.name, day=one.day, closes=one.closes) for one in campaigns(connection)]

    @api.exception_handler(HuyueError)
    async def told(_: Request, problem: HuyueError) -> JSONResponse:
        status = 401 if isinstance(problem, _NoToken) else http_status(problem)
        return _failure(status, problem.code, problem.message)

    @api.exception_handler(RequestValidationError)
    async def wrong(_: Request, problem: RequestValidationError) -> JSONResponse:
        where = "、".join(sorted({str(one["loc"][-1]) for one in problem.errors()}))
        return _failure(422, "wrong_usage", f"参数不对：{where}。")

    @api.exception_handler(404)
    async def unknown(_: Request, __: Exception) -> JSONResponse:
        return _failure(404, "not_found", "没有这个接口。")

    return api


class _NoToken(HuyueError):
    """请在请求头里写 Authorization: Bearer 令牌。令牌在“我的账号”页面上建；到期的、收回的、改过密码或角色的，要重新建。"""


def _failure(status: int, code: str, message: str) -> JSONResponse:
    headers = {"www-authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers=headers)
