"""Lists that were printed to be ticked by hand: what their pages say that came back (pipeline/tick_lists.py prints them).

Nothing is overwritten: a page that comes back with more ticks is kept beside the one before, and counts from then on.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from archive.catalogue.shelf_tables import tick_line, tick_list, tick_page, tick_read
from archive.filings import Box, Comparison, Verdict
from archive.journal import Actor
from archive.signed_pdf import SheetScan, signed_pdf
from archive.vault import Vault


@dataclass(frozen=True, slots=True)
class TickedPage:
    """A page (from 1) of a list as it was scanned; its boxes' names are those of `box_name`."""

    list_id: str
    page: int
    boxes: tuple[Box, ...]
    scan: SheetScan


@dataclass(frozen=True, slots=True)
class Line:
    """A line (from 1 through all pages) of a list and the names of its columns that are ticked, in printed order.

    `unsure` are those of which nobody can say it; both are empty, and `back` is false, while its page has not come
    back. `subject` is what the list's maker knows the line by.
    """

    list_id: str
    page: int
    line: int
    subject: str
    back: bool
    ticked: tuple[str, ...]
    unsure: tuple[str, ...]


def box_name(line: int, column: str) -> str:
    """What a line's box in a column is called among the boxes of its sheet."""
    return f"{line}.{column}"


def kind_of(connection: Connection, list_id: str) -> str:
    """The kind of a list that is there."""
    return str(connection.execute(select(tick_list.c.kind).where(tick_list.c.id == list_id)).scalar_one())


def compare(connection: Connection, new: TickedPage) -> Comparison | None:
    """What a page is to the one that counts; None where none has come back.

    It is a conflict where a tick is gone. One that is only unsure now says nothing else, unless others came.
    """
    page_id = _newest(connection, new.list_id, new.page)
    if page_id is None:
        return None
    rows = connection.execute(select(tick_read).where(tick_read.c.page_id == page_id))
    old = {box_name(row.line, row.column): Verdict(row.verdict) for row in rows}
    was, now = (_by_verdict(verdicts) for verdicts in (old, {box.name: box.verdict for box in new.boxes}))
    if was[Verdict.FILLED] & now[Verdict.EMPTY]:
        return Comparison.CONFLICT
    if now[Verdict.FILLED] - was[Verdict.FILLED]:
        return Comparison.BETTER if was[Verdict.FILLED] <= now[Verdict.FILLED] else Comparison.CONFLICT
    return Comparison.BETTER if now[Verdict.UNSURE] < was[Verdict.UNSURE] else Comparison.DUPLICATE


def _by_verdict(verdicts: dict[str, Verdict]) -> dict[Verdict, frozenset[str]]:
    return {one: frozenset(name for name, is_ in verdicts.items() if is_ is one) for one in Verdict}


def place(connection: Connection, vault: Vault, new: TickedPage, page_id: int, actor: Actor) -> list[Line]:
    """Record a page that came back as the one that counts; its lines, as it says."""
    day = actor.today.isoformat()
    (blob,) = vault.put(connection, [signed_pdf(new.list_id, [new.scan])], day)
    page = {"page_id": page_id, "list_id": new.list_id, "page": new.page, "blob": blob}
    connection.execute(insert(tick_page).values(page | {"read_on": day, "user": actor.user}))
    rows = []
    for position, box in enumerate(new.boxes):
        line, _, column = box.name.partition(".")
        row = {"page_id": page_id, "position": position, "line": int(line), "column": column}
        rows.append(row | {"verdict": str(box.verdict)})
    connection.execute(insert(tick_read), rows)
    return read_back(connection, new.list_id, new.page)


def read_back(connection: Connection, list_id: str, page: int | None = None) -> list[Line]:
    """The lines of a list, or of a page of it, in order, with what is ticked as far as their pages have come back."""
    newest = select(func.max(tick_page.c.page_id).label("page_id")).where(tick_page.c.list_id == list_id)
    lines = select(tick_line).where(tick_line.c.list_id == list_id)
    if page is not None:
        newest, lines = newest.where(tick_page.c.page == page), lines.where(tick_line.c.page == page)
    counting = newest.group_by(tick_page.c.page).subquery()
    columns: dict[int, dict[Verdict, list[str]]] = {}
    query = select(tick_read).join(counting, counting.c.page_id == tick_read.c.page_id)
    for row in connection.execute(query.order_by(tick_read.c.page_id, tick_read.c.position)):
        columns.setdefault(row.line, {one: [] for one in Verdict})[Verdict(row.verdict)].append(row.column)
    found = []
    for row in connection.execute(lines.order_by(tick_line.c.line)):
        read = columns.get(row.line, {})
        ticked, unsure = (tuple(read.get(one, ())) for one in (Verdict.FILLED, Verdict.UNSURE))
        found.append(Line(list_id, row.page, row.line, row.subject, row.line in columns, ticked, unsure))
    return found


def _newest(connection: Connection, list_id: str, page: int) -> int | None:
    """The scanned page that counts for a page of a list."""
    of = (tick_page.c.list_id == list_id) & (tick_page.c.page == page)
    return connection.execute(select(func.max(tick_page.c.page_id)).where(of)).scalar()
