"""Searching: as one types, with facets, highlights, sorts; only among the villages that one may see."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from archive.index.engine import SORTS
from archive.index.query import Query, parse
from archive.search import Result, Results, search, suggest
from archive.search_hints import Suggestion
from archive.search_papers import ShelfPaper
from archive.states import CHINESE, State
from web.asked import Asked, page
from web.desk import Desk, Viewer
from web.roles import Permission
from web.written import written_number

LIMIT, SUGGESTED, SHOWN = 20, 8, 8
MOST_LETTERS = 5000  # of a query
FILTERS = ("village", "template", "year", "state")
LABELS = {
    "town": "乡镇",
    "village": "村",
    "template": "合同",
    "year": "年份",
    "state": "状态",
    "responsible": "责任人",
}
SORTED = {
    "score": "最像的在前",
    "number": "按编号",
    "village": "按村、组、户",
    "end": "按到期日",
    "party": "按姓名拼音",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet: what it is called, how many, the address of the search narrowed to it or widened again."""

    label: str
    count: int
    path: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of the list; the texts are escaped, with what was found marked."""

    path: str
    number: str
    title: Markup
    party: Markup
    village: Markup
    responsible: Markup
    state: str
    ends: str
    words: Markup


@page("/search", Permission.READ)
def search_page(asked: Asked) -> Response:
    """The page, or for htmx only what was found."""
    chosen = {name: asked.query(name) for name in FILTERS if asked.query(name)}
    typed, offset = (
        asked.query("q")[:MOST_LETTERS].strip(),
        written_number(asked.query("offset")),
    )
    sort = asked.query("sort") if asked.query("sort") in SORTS else SORTS[0]
    year, state = chosen.get("year", ""), chosen.get("state")
    query = narrowed(
        asked.desk,
        asked.viewer,
        parse(typed),
        chosen.get("village"),
        chosen.get("template"),
        written_number(year) or None,
        state if state in set(State) else None,
    )
    found = search(asked.desk.home, query, typed, asked.names, asked.today, offset, LIMIT, sort)
    values: dict[str, Any] = {
        "typed": typed,
        "chosen": chosen,
        "sort": sort,
        "sorts": SORTED,
        "found": found,
        "hits": [_hit(asked, one) for one in found.hits],
        "facets": _facets(asked, found, typed, chosen, sort),
        "suggestions": [(text, _path(text, {}, sort)) for text in found.suggestions],
        "offset": offset,
        "limit": LIMIT,
        "path": _path(typed, chosen, sort, more=True),
    }
    piece = asked.request.headers.get("HX-Target") == "found"
    return asked.page("search_found.html" if piece else "search.html", **values)


@page("/suggest", Permission.READ)
def suggest_page(asked: Asked) -> Response:
    """What may be being typed, as options of a list."""
    typed = asked.query("q")[:200].strip()
    found: list[Suggestion] = []
    if typed:
        viewer = asked.viewer
        found = suggest(asked.desk.home, asked.names, typed, asked.today, SUGGESTED, viewer.villages)
    return asked.page("suggestions.html", suggestions=found)


def narrowed(
    desk: Desk,
    viewer: Viewer,
    query: Query,
    village: str | None,
    template: str | None,
    year: int | None,
    state: str | None,
) -> Query:
    """The query with its filters, within what may be seen; `village` is a village's code or a town's."""
    villages = desk.villages_of([village]) if village else None
    return replace(
        query, villages=villages, template=template, year=year, state=state, within=viewer.villages
    )


def _hit(asked: Asked, result: Result) -> Hit:
    one, names = result.standing, asked.names
    paper = isinstance(one, ShelfPaper)

    def shown(name: str, text: str) -> Markup:
        marked = result.highlights.get(name)
        return Markup(marked) if marked is not None else Markup.escape(text)  # noqa: S704  (escaped by highlight)

    title = names.title(one.template)
    if isinstance(one, ShelfPaper):
        path, number = f"/papers/{one.paper}", f"手工归档 {one.paper} 号"
        text = shown("title", one.title)
    else:
        path, number, text = f"/contracts/{one.number}", one.number, shown("template", title)
    return Hit(
        path,
        number,
        text,
        shown("party", one.party),
        shown("village", names.village(one.village)),
        shown("responsible", one.responsible),
        one.words,
        str(one.ends or ""),
        Markup(result.highlights.get("words", "")) if paper else Markup(""),  # noqa: S704
    )


def _facets(
    asked: Asked, found: Results, typed: str, chosen: dict[str, str], sort: str
) -> list[tuple[str, list[Choice]]]:
    shown = []
    for name, label in LABELS.items():
        counts = found.facets.get(name, [])[:SHOWN]
        if name == "responsible":
            choices = [
                Choice(value, count, _path(f'{typed} 责任人:"{value}"'.strip(), chosen, sort), False)
                for value, count in counts
                if value
            ]
        else:
            choices = [_choice(asked, name, value, count, typed, chosen, sort) for value, count in counts]
        if choices:
            shown.append((label, choices))
    return shown


def _choice(
    asked: Asked, facet: str, value: str, count: int, typed: str, chosen: dict[str, str], sort: str
) -> Choice:
    names, name = asked.names, "village" if facet == "town" else facet
    label = {
        "town": lambda: names.divisions.get(value, value),
        "village": lambda: names.village(value),
        "template": lambda: names.title(value),
        "state": lambda: CHINESE.get(State(value), value) if value in set(State) else value,
    }.get(facet, lambda: value)()
    held = chosen.get(name) == value
    rest = {key: kept for key, kept in chosen.items() if key != name}
    return Choice(label, count, _path(typed, rest if held else rest | {name: value}, sort), held)


def _path(typed: str, chosen: dict[str, str], sort: str, *, more: bool = False) -> str:
    values = {"q": typed, **chosen} | ({"sort": sort} if sort != SORTS[0] else {})
    return f"/search?{urlencode(values)}" + ("&" if more else "")
