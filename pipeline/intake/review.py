"""Pages that a person must look at: listed, shown, assigned to a sheet, rejected, and any of it taken back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Row, Select, select, update

from archive import journal
from archive.catalogue import tables
from archive.filings import Drafts, Filing, NewSheet, current_filing
from archive.home import Home
from archive.journal import Actor
from pipeline import pool
from pipeline.errors import (
    ReviewDecided,
    ReviewNotDecided,
    ReviewReplaced,
    ReviewUnknown,
    ReviewUnreadable,
    SheetUnknown,
)
from pipeline.intake.page_image import BadPage
from pipeline.intake.reading import Assignment, drawn_png, read_assigned

Task = TypeVar("Task")
Result = TypeVar("Result")

ASSIGNED, REJECTED = "assigned", "rejected"

CHINESE = {
    "foreign": "没有本库的页码标识",
    "unreadable": "是本库的页，但印的内容对不上版面，或太模糊",
    "wrong_check": "页码标识的校验不符，可能是别的档案库的，或被改过",
    "unknown": "页码标识上的合同，本库里没有",
    "closed": "合同已作废、终止或未签，纸却回来了",
    "two_codes": "一页上有两个不同的页码标识",
    "altered": "印的内容与档案不符",
    "conflict": "这一页已经归档，新扫的与旧的签盖不一致",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A page in review: why, which file and page (from 1), what its code said, and what was decided."""

    id: int
    reason: str
    file: str
    page: int
    contract: str | None
    sheet: int | None
    decision: str
    assigned: str | None
    assigned_sheet: int | None
    blob: str
    page_id: int

    def as_json(self) -> dict[str, object]:
        """As `review list` has it: the code's own word is the only suggestion there is."""
        known = self.contract is not None
        suggestions = [{"contract": self.contract, "sheet": self.sheet, "score": 1.0}] if known else []
        return {
            "id": self.id,
            "reason": self.reason,
            "file": self.file,
            "page": self.page,
            "suggestions": suggestions,
        }


def open_items(connection: Connection) -> Iterator[Item]:
    """What waits to be looked at, in the order in which it came."""
    review = tables.review
    query = _query().where(review.c.decision == "").order_by(review.c.id)
    for row in connection.execute(query):
        yield _item(row)


def find_item(connection: Connection, item_id: int) -> Item:
    """One item, decided or not. Raises ReviewUnknown."""
    row = connection.execute(_query().where(tables.review.c.id == item_id)).first()
    if row is None:
        raise ReviewUnknown(id=item_id)
    return _item(row)


def picture(home: Home, connection: Connection, item: Item) -> bytes:
    """The page as a PNG picture. Raises ReviewUnreadable."""
    return _in_worker(drawn_png, _scanned(home, connection, item), item)


def _scanned(home: Home, connection: Connection, item: Item) -> bytes:
    """The page as a PDF of its own, as it was scanned."""
    return home.vault(connection).get(connection, item.blob)


def _in_worker(work: Callable[[Task], Result], task: Task, item: Item) -> Result:
    """What comes of an untrusted page, within a worker's limits. Raises ReviewUnreadable, WorkerLost."""
    try:
        (result,) = pool.ordered(work, [task], 1)
    except (BadPage, MemoryError):
        raise ReviewUnreadable(id=item.id) from None
    return result


def read_as(home: Home, connection: Connection, item: Item, number: str, sheet: int) -> NewSheet:
    """The page as this sheet; what its boxes say is judged as ever.

    For a reading transaction: the worker reads the archive too. Raises ReviewDecided, ReviewUnreadable,
    SheetUnknown.
    """
    if item.decision:
        raise ReviewDecided(id=item.id)
    task = Assignment(home, _scanned(home, connection, item), number, sheet)
    new = _in_worker(read_assigned, task, item)
    if new is None:
        raise SheetUnknown(number=number, sheet=sheet)
    return new


def assign(home: Home, connection: Connection, item: Item, new: NewSheet, actor: Actor) -> Filing:
    """File the page as what it was read as, in place of one that is filed; the contract's filing as it is now.

    Raises ReviewDecided, where somebody else has come first.
    """
    if item.decision:
        raise ReviewDecided(id=item.id)
    drafts = Drafts(connection, home.vault(connection), actor)
    drafts.place(new, item.page_id)
    drafts.write()
    _decide(connection, item, ASSIGNED, new.contract, new.sheet, actor)
    detail = {"contract": new.contract, "sheet": new.sheet}
    journal.record(connection, actor, "review_assign", str(item.id), detail)
    filing = current_filing(connection, new.contract)
    assert filing is not None  # noqa: S101
    return filing


def reject(connection: Connection, item: Item, actor: Actor) -> None:
    """Say that the page is no contract's: it stays kept, and is listed no more. Raises ReviewDecided."""
    if item.decision:
        raise ReviewDecided(id=item.id)
    _decide(connection, item, REJECTED, None, None, actor)
    journal.record(connection, actor, "review_reject", str(item.id), {})


def undo(home: Home, connection: Connection, item: Item, actor: Actor) -> None:
    """Take a decision back: the page waits again, and a sheet filed by it is as it was before.

    Raises ReviewNotDecided; ReviewReplaced where another page has been filed in its place since.
    """
    if not item.decision:
        raise ReviewNotDecided(id=item.id)
    if item.decision == ASSIGNED and item.assigned is not None and item.assigned_sheet is not None:
        drafts = Drafts(connection, home.vault(connection), actor)
        if not drafts.take_back(item.assigned, item.assigned_sheet, item.page_id):
            raise ReviewReplaced(id=item.id, number=item.assigned, sheet=item.assigned_sheet)
        drafts.write()
    _decide(connection, item, "", None, None, actor)
    journal.record(connection, actor, "review_undo", str(item.id), {"was": item.decision})


def _decide(
    connection: Connection, item: Item, decision: str, number: str | None, sheet: int | None, actor: Actor
) -> None:
    values = {
        "decision": decision,
        "decided_on": actor.today.isoformat() if decision else None,
        "assigned": number,
        "assigned_sheet": sheet,
    }
    connection.execute(update(tables.review).where(tables.review.c.id == item.id).values(values))


def _query() -> Select[tuple[object, ...]]:
    review, page, file = tables.review, tables.scan_page, tables.scan_file
    return (
        select(review, file.c.name, page.c.index.label("page_index"))
        .join(page, page.c.id == review.c.page_id)
        .join(file, file.c.id == page.c.file_id)
    )


def _item(row: Row[tuple[object, ...]]) -> Item:
    return Item(
        row.id,
        row.reason,
        row.name,
        row.page_index + 1,
        row.contract,
        row.sheet,
        row.decision,
        row.assigned,
        row.assigned_sheet,
        row.blob,
        row.page_id,
    )
