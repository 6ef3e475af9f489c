"""Pages that a person must look at: listed, shown, assigned to a sheet, rejected, and any of it taken back."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, update

from archive import journal
from archive.catalogue import tables
from archive.filings import Drafts, Filing, NewSheet, current_filing
from archive.home import Home
from archive.journal import Actor
from archive.numbers import parse
from pipeline import pool
from pipeline.contracts import kept_template
from pipeline.errors import (
    ReviewDecided,
    ReviewNotDecided,
    ReviewReplaced,
    ReviewUnknown,
    ReviewUnreadable,
    SheetUnknown,
)
from pipeline.intake.by_print import Suggestion
from pipeline.intake.page_image import BadPage
from pipeline.intake.reading import Assignment, drawn_png, read_assigned

Task = TypeVar("Task")
Result = TypeVar("Result")

ASSIGNED, REJECTED = "assigned", "rejected"
VILLAGE = 12  # characters of a contract's number that are its village's code

CHINESE = {
    "foreign": "没有本库的页码标识",
    "unreadable": "是本库的页，但印的内容对不上版面，或太模糊",
    "wrong_check": "页码标识的校验不符，可能是别的档案库的，或被改过",
    "unknown": "页码标识上的合同或清单，本库里没有",
    "closed": "合同已作废、终止或未签，纸却回来了",
    "two_codes": "一页上有两个不同的页码标识",
    "altered": "印的内容与档案不符",
    "conflict": "这一页已经归档，新扫的与旧的签盖、打勾不一致",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A page in review: why, which file and page (from 1), what its code said, and what was decided.

    `suggestions`: what it may be, its code's own word first; `differs`: the fields that are not as printed;
    `village`: where it is likely from, "" where nothing says.
    """

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
    suggestions: tuple[Suggestion, ...]
    differs: tuple[str, ...]
    village: str

    def as_json(self) -> dict[str, object]:
        """As `review list` has it."""
        return {
            "id": self.id,
            "reason": self.reason,
            "file": self.file,
            "page": self.page,
            "suggestions": [
                {"contract": one.contract, "sheet": one.sheet, "score": one.score} for one in self.suggestions
            ],
        }


@dataclass(frozen=True, slots=True)
class Pile:
    """Which of the items in review: of a village, a reason, with this in the file's name; None for any."""

    village: str | None = None
    reason: str | None = None
    file: str | None = None

    def __contains__(self, item: Item) -> bool:
        return (
            self.village in (None, item.village)
            and self.reason in (None, item.reason)
            and (self.file is None or self.file in item.file)
        )


EVERYTHING = Pile()


def open_items(connection: Connection, pile: Pile = EVERYTHING) -> Iterator[Item]:
    """What waits to be looked at of a pile, in the order in which it came."""
    review = tables.review
    waiting = review.c.decision == ""
    villages = _villages_of_files(connection, waiting)
    query = _query().where(waiting).order_by(review.c.id)
    for row in connection.execute(query):
        item = _item(row, villages)
        if item in pile:
            yield item


def decided_items(connection: Connection, since: date) -> Iterator[Item]:
    """What was decided from that day on, the latest day first."""
    review = tables.review
    decided = review.c.decision != ""
    villages = _villages_of_files(connection, decided)
    query = _query().where(decided, review.c.decided_on >= since.isoformat())
    for row in connection.execute(query.order_by(review.c.decided_on.desc(), review.c.id.desc())):
        yield _item(row, villages)


def _villages_of_files(connection: Connection, of_items: ColumnElement[bool]) -> dict[int, str]:
    """The village that most filed pages of a file are from, for the files of those items in review."""
    page, other, review = tables.scan_page, tables.scan_page.alias(), tables.review
    files = select(other.c.file_id).join(review, review.c.page_id == other.c.id).where(of_items)
    village, many = func.substr(page.c.contract, 1, VILLAGE), func.count()
    rows = connection.execute(
        select(page.c.file_id, village)
        .where(page.c.outcome == "filed", page.c.file_id.in_(files))
        .group_by(page.c.file_id, village)
        .order_by(many, village.desc())
    )
    return {file: found for file, found in rows}  # noqa: C416 (the commonest is the last)


def find_item(connection: Connection, item_id: int) -> Item:
    """One item, decided or not. Raises ReviewUnknown."""
    row = connection.execute(_query().where(tables.review.c.id == item_id)).first()
    if row is None:
        raise ReviewUnknown(id=item_id)
    return _item(row, _villages_of_files(connection, tables.review.c.id == item_id))


def whose(connection: Connection, titles: Mapping[str, str], number: str) -> str:
    """A contract's parties and title, by which a person knows it; of a declined one the title alone."""
    party, contract, closing = tables.party, tables.contract, tables.closing
    declined = closing.c.kind == "declined"
    if connection.execute(select(closing.c.id).where(closing.c.contract == number, declined)).first():
        people = []
    else:
        query = select(party.c.name).where(party.c.contract == number).order_by(party.c.position)
        people = [name for name in connection.execute(query).scalars() if name]
    template = select(contract.c.template).where(contract.c.number == number)
    title = titles.get(connection.execute(template).scalar() or "", "")
    return f"{'、'.join(people)}　{title}"


def labels_of(connection: Connection, item: Item) -> list[str]:
    """What the contract calls the fields that are not as printed: 户主姓名, 成员第2行姓名."""
    sha256 = tables.contract.c.template_sha256
    found = connection.execute(select(sha256).where(tables.contract.c.number == item.contract)).scalar()
    if found is None or not item.differs:
        return list(item.differs)
    manifest, labels = kept_template(connection, found).manifest, []
    for key in item.differs:
        try:
            rows, dot, field = manifest.label_of(key).partition(".")
            labels.append(
                f"{rows}第{key.split('.')[1]}行{field}" if dot and "." in key else rows + dot + field
            )
        except KeyError:  # no field of the template's: what stands beside the code
            labels.append("二维码旁的编号")
    return labels


def numbers_like(connection: Connection, village: str, typed: str, sheet: int) -> list[str]:
    """The contracts that a person may mean by a number, whole or the serial's last digits or any part.

    A whole number stands for itself. A part is looked for among the village's contracts that are not closed: those
    of that very serial, else those that have it; of several, those whose sheet is still to come.
    """
    whole = parse(typed)
    if whole is not None:
        return [str(whole)]
    text = "".join(typed.upper().split())
    contract, closing = tables.contract, tables.closing
    closed = select(closing.c.contract).where(closing.c.contract == contract.c.number)
    query = select(contract.c.number).where(contract.c.village_code == village, ~closed.exists())
    numbers = list(connection.execute(query.order_by(contract.c.number)).scalars())
    serials = {one: parsed.serial for one in numbers if (parsed := parse(one)) is not None}
    found = [one for one in numbers if text.isdecimal() and len(text) < 7 and serials[one] == int(text)] or [
        one for one in numbers if text and (text in one[VILLAGE:] or text in one[VILLAGE:].replace("-", ""))
    ]
    if len(found) > 1:
        expected = [one for one in found if not _is_filed(connection, one, sheet)]
        return expected or found
    return found


def _is_filed(connection: Connection, number: str, sheet: int) -> bool:
    filing = current_filing(connection, number)
    return filing is not None and any(one.sheet == sheet for one in filing.sheets)


def picture(home: Home, connection: Connection, item: Item) -> bytes:
    """The page as a PNG picture. Raises ReviewUnreadable."""
    return _in_worker(drawn_png, _scanned(home, connection, item), item)


def pictures(home: Home, items: Iterable[Item]) -> Generator[bytes]:
    """The items' pages as PNG pictures, the next one drawn while one is looked at; b"" where it cannot be drawn."""

    def scanned() -> Iterator[bytes]:
        for item in items:
            with home.reading() as connection:
                yield _scanned(home, connection, item)

    return pool.ordered(drawn_if_it_can_be, scanned(), 2, _not_drawn)


def drawn_if_it_can_be(pdf: bytes) -> bytes:
    """In a worker: a page's PDF as a PNG picture, b"" where that fails."""
    try:
        return drawn_png(pdf)
    except (BadPage, MemoryError):
        return b""


def _not_drawn(_: bytes) -> bytes:
    """Of a page that takes its worker down."""
    return b""


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


def reject_waiting(connection: Connection, ids: Iterable[int], actor: Actor) -> list[int]:
    """Reject those of the items that still wait; which these are."""
    waiting = [item for one in ids if not (item := find_item(connection, one)).decision]
    for item in waiting:
        reject(connection, item, actor)
    return [item.id for item in waiting]


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
        select(review, file.c.name, page.c.file_id, page.c.index.label("page_index"))
        .join(page, page.c.id == review.c.page_id)
        .join(file, file.c.id == page.c.file_id)
    )


def _item(row: Row[tuple[object, ...]], villages: Mapping[int, str]) -> Item:
    """`villages` by file, for pages of which nothing else says where they are from."""
    more = msgspec.json.decode(row.suggestions, type=tuple[Suggestion, ...])
    own = () if row.contract is None else (Suggestion(row.contract, row.sheet, 1.0),)
    suggestions = own + tuple(one for one in more if (one.contract, one.sheet) != (row.contract, row.sheet))
    village = suggestions[0].contract[:VILLAGE] if suggestions else villages.get(row.file_id, "")
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
        suggestions,
        tuple(row.differs.split()),
        village,
    )
