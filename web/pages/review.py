"""Pages that wait for a person: the list of them, and each beside what was printed, decided with a key.

Who is limited to villages sees what is likely from those, and may file it as a contract of those only.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from archive.filings import current_filing
from pipeline.errors import ReviewDecided, ReviewUnknown
from pipeline.intake import review as reviews
from pipeline.intake.looking import Look, PrintedSheet, ScannedPage
from pipeline.intake.review import CHINESE, Item, Pile
from web.asked import Asked, as_json, page
from web.desk import Viewer
from web.errors import BadForm, ItemTaken, NotFound
from web.pages.contract import require_contract
from web.pictures import picture_of
from web.roles import Permission
from web.written import written_number

LISTED = 50  # on a page
CHOICES = 9  # that a key each is for
RECENT, RECENT_DAYS = 20, timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Choice:
    """A sheet that a page may be; `score` in hundredths, None where a person wrote the number."""

    contract: str
    sheet: int
    whose: str
    village: str
    score: int | None


@page("/review", Permission.REVIEW)
def listed(asked: Asked) -> Response:
    """What waits, by village and reason; what was decided of late."""
    pile, offset = _pile(asked), written_number(asked.query("offset"))
    with asked.desk.home.reading() as connection:
        every = [item for item in reviews.open_items(connection) if sees(asked.viewer, item)]
        done = reviews.decided_items(connection, asked.today - RECENT_DAYS)
        decided = list(islice((item for item in done if sees(asked.viewer, item)), RECENT))
    items = [item for item in every if item in pile]
    return asked.page(
        "review.html",
        piles=sorted(Counter((item.village, item.reason) for item in every).items()),
        items=items[offset : offset + LISTED],
        total=len(items),
        every=len(every),
        first=items[0].id if items else None,
        offset=offset,
        limit=LISTED,
        query=_query(pile),
        pile=pile,
        decided=decided,
        reasons=CHINESE,
    )


@page("/review/reject", Permission.REVIEW, ("POST",))
def reject_several(asked: Asked) -> Response:
    """Those that were ticked in the list are no contract's."""
    ids = [written_number(one) for one in asked.fields("item")]
    with asked.desk.home.writing() as connection:
        reviews.reject_waiting(connection, [_item(asked, connection, one).id for one in ids], asked.actor)
    return asked.to("/review")


@page("/review/{item}", Permission.REVIEW)
def item_page(asked: Asked) -> Response:
    """One, and those of its pile that come before and after."""
    pile = _pile(asked)
    with asked.desk.home.reading() as connection:
        item = _item(asked, connection, asked.number("item"))
        ids = [one.id for one in reviews.open_items(connection, pile) if sees(asked.viewer, one)]
        shown = _shown(asked, connection, item)
    return asked.page(
        "review_page.html",
        ids=json.dumps(ids if item.id in ids else [item.id, *ids]),
        query=_query(pile),
        **shown,
    )


@page("/review/{item}/piece", Permission.REVIEW)
def piece(asked: Asked) -> Response:
    """What is said of one, for the page of another that goes on to it."""
    with asked.desk.home.reading() as connection:
        shown = _shown(asked, connection, _item(asked, connection, asked.number("item")))
    return asked.page("review_item.html", **shown)


@page("/review/{item}/like", Permission.REVIEW)
def like(asked: Asked) -> Response:
    """The sheets that a number, or a part of one, may mean."""
    typed, sheet = asked.query("typed")[:40], written_number(asked.query("sheet")) or 1
    with asked.desk.home.reading() as connection:
        item = _item(asked, connection, asked.number("item"))
        found = reviews.numbers_like(connection, item.village, typed, sheet)
        seen = [number for number in found if asked.viewer.sees_contract(number)]
        choices = [_choice(asked, connection, number, sheet, None) for number in seen[:CHOICES]]
    said = "" if choices else "没有这样的合同。请多写几位，或把编号写全。"
    if not choices and not item.village:
        said = "不知道这一页是哪个村的，请把编号写全。"
    if len(seen) > CHOICES:
        said = f"这样的合同有 {len(seen)} 份，只列出 {CHOICES} 份。请多写几位。"
    return asked.page("review_choices.html", item=item, choices=choices, said=said)


@page("/review/{item}/picture.png", Permission.REVIEW)
def picture(asked: Asked) -> Response:
    """The scanned page."""
    with asked.desk.home.reading() as connection:
        look = ScannedPage(_item(asked, connection, asked.number("item")).blob)
    return picture_of(asked, look)


@page("/review/{item}/filed.png", Permission.REVIEW)
def filed(asked: Asked) -> Response:
    """The scan that is filed as the sheet which this page's code names."""
    with asked.desk.home.reading() as connection:
        look = _filed(asked, connection, _item(asked, connection, asked.number("item")))
    if look is None:
        raise NotFound()
    return picture_of(asked, look)


@page("/review/printed/{number}/{sheet}", Permission.REVIEW)
def printed(asked: Asked) -> Response:
    """A sheet of a contract as it was printed."""
    with asked.desk.home.reading() as connection:
        number = require_contract(connection, asked.viewer, asked.path("number"))
    return picture_of(asked, PrintedSheet(number, asked.number("sheet")))


@page("/review/{item}/assign", Permission.REVIEW, ("POST",))
def assign(asked: Asked) -> Response:
    """File it as a sheet of a contract."""
    sheet, home = written_number(asked.field("sheet")), asked.desk.home
    if sheet < 1:
        raise BadForm(detail="请写明是合同的第几页。")
    with _in_time(asked.number("item")), home.reading() as connection:
        item = _item(asked, connection, asked.number("item"))
        number = require_contract(connection, asked.viewer, asked.field("contract"))
        new = reviews.read_as(home, connection, item, number, sheet)
    with _in_time(asked.number("item")), home.writing() as connection:
        item = _item(asked, connection, item.id)
        filing = reviews.assign(home, connection, item, new, asked.actor)
    whole = "合同还不齐全。" if filing.gaps else "合同齐全了。"
    return as_json({"said": f"第 {item.id} 号归为 {number} 第 {sheet} 页。{whole}"})


@page("/review/{item}/reject", Permission.REVIEW, ("POST",))
def reject(asked: Asked) -> Response:
    """It is no contract's."""
    with _in_time(asked.number("item")), asked.desk.home.writing() as connection:
        item = _item(asked, connection, asked.number("item"))
        reviews.reject(connection, item, asked.actor)
    return as_json({"said": f"第 {item.id} 号不归档。"})


@page("/review/{item}/undo", Permission.REVIEW, ("POST",))
def undo(asked: Asked) -> Response:
    """Take back what was decided of it."""
    with asked.desk.home.writing() as connection:
        item = _item(asked, connection, asked.number("item"))
        reviews.undo(asked.desk.home, connection, item, asked.actor)
    return as_json({"said": f"第 {item.id} 号的处理撤回了。"})


def sees(viewer: Viewer, item: Item) -> bool:
    """Whether a page in review may be seen: what nothing says the village of, only by who sees all."""
    return viewer.sees(item.village) and (item.assigned is None or viewer.sees_contract(item.assigned))


def _item(asked: Asked, connection: Connection, number: int) -> Item:
    """Raises NotFound."""
    try:
        item = reviews.find_item(connection, number)
    except ReviewUnknown:
        raise NotFound() from None
    if not sees(asked.viewer, item):
        raise NotFound()
    return item


@contextmanager
def _in_time(number: int) -> Iterator[None]:
    """Says it in the desk's words where somebody else has come first."""
    try:
        yield
    except ReviewDecided:
        raise ItemTaken(id=number) from None


def _shown(asked: Asked, connection: Connection, item: Item) -> dict[str, Any]:
    """What the templates say of an item."""
    suggested = [one for one in item.suggestions if asked.viewer.sees_contract(one.contract)][:CHOICES]
    choices = [
        _choice(asked, connection, one.contract, one.sheet, round(100 * one.score)) for one in suggested
    ]
    return {
        "item": item,
        "choices": choices,
        "said": "",
        "differs": reviews.labels_of(connection, item),
        "reason": CHINESE[item.reason],
        "filed": _filed(asked, connection, item) is not None,
    }


def _choice(asked: Asked, connection: Connection, number: str, sheet: int, score: int | None) -> Choice:
    names = asked.names
    whose = reviews.whose(connection, names.titles, number)
    return Choice(number, sheet, whose, names.village(number[: reviews.VILLAGE]), score)


def _filed(asked: Asked, connection: Connection, item: Item) -> Look | None:
    """The sheet that its code names, as it is filed."""
    if item.contract is None or not asked.viewer.sees_contract(item.contract):
        return None
    filing = current_filing(connection, item.contract)
    if filing is None or filing.blob is None:
        return None
    return next(
        (ScannedPage(filing.blob, one.position) for one in filing.sheets if one.sheet == item.sheet), None
    )


def _pile(asked: Asked) -> Pile:
    reason = asked.query("reason")
    return Pile(asked.query("village") or None, reason if reason in CHINESE else None)


def _query(pile: Pile) -> str:
    """The pile, as addresses have it: "" or "?…"."""
    held = {name: value for name, value in (("village", pile.village), ("reason", pile.reason)) if value}
    return f"?{urlencode(held)}" if held else ""
