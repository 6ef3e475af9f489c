"""Carrying a disposal out: the keys of everything that was kept of its papers are destroyed, with what names people.

One transaction takes the keys out of the catalogue, and out of it what is personal; then the files go, the search index,
which is made anew, and the old pages of the catalogue. Killed before the transaction stands, nothing has happened; after
it, the next command that writes finishes the files, and the same command again finishes the rest.

What stays of a contract: its number, template, village, dates, filings with their hashes, closings without their
reasons, its archival number and the disposal. What goes: all printed values, the parties, the household, the responsible
person, the verdicts on its boxes, its layout, which tells which clauses it had. Of a paper filed by hand its kind, title, own number, division and dates stay.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Select, delete, func, or_, select, tuple_, update

from archive import journal
from archive.catalogue import audit_tables, database, shelf_tables, tables
from archive.changes import mark_changed, paper_key
from archive.disposal import APPROVED, Disposal, disposal, find_disposal, item, not_due, some
from archive.errors import DisposalNotApproved, NoLongerDue, PagesWaiting
from archive.home import Home
from archive.journal import Actor
from archive.search_seal import Seal
from archive.vault import destroyed_blobs

Value = TypeVar("Value")
CHUNK = 500
NOTHING = "[{},{},[]]"  # a contract's content without a value (pipeline/contracts.py)


@dataclass(frozen=True, slots=True)
class Destroyed:
    """A disposal that was carried out; `overwritten`: no old page of the catalogue is left beside it."""

    disposal: Disposal
    overwritten: bool


@dataclass(slots=True)
class _Doomed:
    """What goes: blobs by name, and the hashes of each paper's, by kind, for its item; not what is `gone` already."""

    gone: frozenset[str]
    blobs: set[str] = field(default_factory=set)
    hashes: dict[str | int, dict[str, list[str]]] = field(default_factory=dict)
    originals: set[str] = field(default_factory=set)
    counted: dict[str, int] = field(default_factory=dict)

    def add(self, of: str | int, kind: str, digest: str, blobs: Iterable[str]) -> None:
        there = set(blobs) - self.gone
        if not there:
            return
        self.hashes.setdefault(of, {}).setdefault(kind, []).append(digest)
        self.blobs.update(there)
        if kind == "originals":
            self.originals.add(digest)
            self.counted[kind] = len(self.originals)
        else:
            self.counted[kind] = self.counted.get(kind, 0) + 1


def carry_out(home: Home, id_: int, actor: Actor, *, with_quarantined: bool = False) -> Destroyed:
    """Destroy what a disposal lists; one that was destroyed is finished.

    Raises DisposalUnknown, DisposalNotApproved, NoLongerDue, PagesWaiting.
    """
    with home.locked():
        with home.writing() as connection:
            found = find_disposal(connection, id_)
            if not found.destroyed_on:
                _destroy(home, connection, found, actor, with_quarantined)
        with home.writing() as connection:  # and so the files go
            found = find_disposal(connection, id_)
        Seal(home, "").forget()  # the names that it holds go with its old files only
        return Destroyed(found, _overwrite(home))


def _destroy(
    home: Home, connection: Connection, found: Disposal, actor: Actor, with_quarantined: bool
) -> None:
    if found.decision != APPROVED:
        raise DisposalNotApproved(id=found.id)
    rows = connection.execute(
        select(item.c.contract, item.c.paper).where(item.c.disposal_id == found.id)
    ).all()
    early = not_due(connection, [(row.contract, row.paper) for row in rows], actor.today)
    if early:
        raise NoLongerDue(id=found.id, named=some([f"{what}（{why}）" for what, why in early]))
    contracts = [row.contract for row in rows if row.contract]
    papers = [row.paper for row in rows if row.paper is not None]
    doomed = _doomed(connection, contracts, papers)
    waiting = [*_waiting(connection, contracts, doomed.originals, with_quarantined)]
    if waiting:
        raise PagesWaiting(id=found.id, named=some(waiting))
    names = sorted(doomed.blobs - set(_needed(connection, doomed, contracts, papers)))
    counted = {"contracts": len(contracts), "papers": len(papers), **doomed.counted, "blobs": len(names)}
    counted |= {"bytes": _bytes(connection, names), "shared": len(doomed.blobs) - len(names)}
    day = actor.today.isoformat()
    connection.exec_driver_sql("PRAGMA secure_delete = ON")  # what is freed is overwritten
    home.vault(connection).destroy(connection, names, day)
    _forget_contracts(connection, contracts)
    _forget_papers(connection, papers)
    for of, hashes in doomed.hashes.items():
        owner = item.c.contract if isinstance(of, str) else item.c.paper
        which = update(item).where(item.c.disposal_id == found.id, owner == of)
        connection.execute(which.values(destroyed=json.dumps(hashes)))
    done = update(disposal).where(disposal.c.id == found.id)
    connection.execute(done.values(destroyed_on=day, counted=json.dumps(counted)))
    journal.record(connection, actor, "dispose_carry_out", str(found.id), counted)
    mark_changed(connection, [*contracts, *map(paper_key, papers)])


def _doomed(connection: Connection, contracts: Sequence[str], papers: Sequence[int]) -> _Doomed:
    filing, review, file = tables.filing, tables.review, tables.scan_file
    doomed = _Doomed(destroyed_blobs(connection))
    for part in _parts(contracts):
        query = select(filing).where(filing.c.contract.in_(part), filing.c.blob.is_not(None))
        for row in connection.execute(query.order_by(filing.c.id)):
            doomed.add(row.contract, "filings", row.sha256, [row.blob])
        of = _owner()
        query = select(review.c.blob, of.label("contract")).where(of.in_(part)).order_by(review.c.id)
        for row in connection.execute(query):
            doomed.add(row.contract, "reviews", row.blob, [row.blob])
        pages = _pages_of(part).subquery()
        query = (
            select(file.c.sha256, file.c.original, pages.c.contract).distinct().where(file.c.original != "")
        )
        query = query.join(pages, pages.c.file_id == file.c.id).order_by(file.c.sha256)
        for row in connection.execute(query):
            doomed.add(row.contract, "originals", row.sha256, json.loads(row.original))
    paper, kept = shelf_tables.paper, shelf_tables.paper_file
    for numbers in _parts(papers):
        query = select(paper.c.number, kept.c.sha256, kept.c.blobs).join(kept, kept.c.paper_id == paper.c.id)
        for row in connection.execute(query.where(paper.c.number.in_(numbers)).order_by(kept.c.paper_id)):
            doomed.add(row.number, "files", row.sha256, json.loads(row.blobs))
    return doomed


def _owner() -> ColumnElement[str | None]:
    """The contract that a page in review is of: the one it was assigned to, else the one of its code."""
    return func.coalesce(tables.review.c.assigned, tables.review.c.contract)


def _pages_of(contracts: Sequence[str]) -> Select[tuple[int, str]]:
    """The files with pages of these contracts, by what was decided of a page, else by its code."""
    page, review = tables.scan_page, tables.review
    of = func.coalesce(review.c.assigned, page.c.contract).label("contract")
    return (
        select(page.c.file_id, of).outerjoin(review, review.c.page_id == page.c.id).where(of.in_(contracts))
    )


def _waiting(
    connection: Connection, contracts: Sequence[str], originals: Iterable[str], with_quarantined: bool
) -> Iterator[str]:
    """The pages that nobody has decided on: of the contracts, and of any in the files that go."""
    page, review, file = tables.scan_page, tables.review, tables.scan_file
    undecided = (page.c.outcome == "review") & (review.c.decision == "")
    lost = page.c.outcome == "quarantined"
    query = (
        select(file.c.name, page.c.index.label("place"), review.c.id.label("review"))
        .join(file, file.c.id == page.c.file_id)
        .outerjoin(review, review.c.page_id == page.c.id)
        .where(undecided if with_quarantined else or_(undecided, lost))
        .order_by(file.c.id, page.c.index)
    )
    seen: dict[str, None] = {}
    wanted = [file.c.sha256.in_(part) for part in _parts(sorted(originals))]
    wanted += [page.c.contract.in_(part) for part in _parts(contracts)]
    for which in wanted:
        for row in connection.execute(query.where(which)):
            why = "坏页" if row.review is None else f"待核第 {row.review} 号"
            seen[f"{row.name} 第 {row.place + 1} 页（{why}）"] = None
    yield from seen


def _needed(
    connection: Connection, doomed: _Doomed, contracts: Sequence[str], papers: Sequence[int]
) -> Iterator[str]:
    """The blobs that something else holds as well, by the same content: they stay."""
    filing, review, receipt = tables.filing, tables.review, tables.receipt
    going = frozenset(contracts)
    for part in _parts(sorted(doomed.blobs)):
        rows = connection.execute(select(filing.c.blob, filing.c.contract).where(filing.c.blob.in_(part)))
        yield from (row.blob for row in rows if row.contract not in going)
        rows = connection.execute(select(review.c.blob, _owner().label("of")).where(review.c.blob.in_(part)))
        yield from (row.blob for row in rows if row.of not in going)
        for column in (receipt.c.json, receipt.c.workbook):
            yield from connection.execute(select(column).where(column.in_(part))).scalars()
    file, paper, kept = tables.scan_file, shelf_tables.paper, shelf_tables.paper_file
    rows = connection.execute(select(file.c.sha256, file.c.original).where(file.c.original != ""))
    yield from (
        name for row in rows if row.sha256 not in doomed.originals for name in json.loads(row.original)
    )
    query = select(paper.c.number, kept.c.blobs).join(kept, kept.c.paper_id == paper.c.id)
    gone = frozenset(papers)
    yield from (
        name for row in connection.execute(query) if row.number not in gone for name in json.loads(row.blobs)
    )


def _bytes(connection: Connection, names: Sequence[str]) -> int:
    table = tables.blob
    sizes = (select(func.sum(table.c.size)).where(table.c.name.in_(part)) for part in _parts(names))
    return sum(connection.execute(query).scalar_one() for query in sizes)


def _forget_contracts(connection: Connection, contracts: Sequence[str]) -> None:
    contract, filing = tables.contract, tables.filing
    for part in _parts(contracts):
        of = contract.c.number.in_(part)
        gone = {"content": NOTHING, "layout": None, "group_no": 0, "household_number": "", "responsible": ""}
        own = "destroyed/" + contract.c.number
        connection.execute(update(contract).where(of).values(**gone, party_key=own))
        connection.execute(delete(tables.party).where(tables.party.c.contract.in_(part)))
        filings = select(filing.c.id).where(filing.c.contract.in_(part))
        sheets = tables.filed_sheet
        connection.execute(delete(sheets).where(sheets.c.filing_id.in_(filings)))
        for said in (tables.closing, audit_tables.finding_note):
            connection.execute(update(said).where(said.c.contract.in_(part)).values(reason=""))
        item, result = audit_tables.spot_item, audit_tables.spot_result
        looked = select(item.c.spot_id, item.c.position).where(item.c.contract.in_(part))
        of_them = tuple_(result.c.spot_id, result.c.position).in_(looked)
        connection.execute(update(result).where(of_them).values(note=""))


def _forget_papers(connection: Connection, papers: Sequence[int]) -> None:
    paper, kept = shelf_tables.paper, shelf_tables.paper_file
    words = dict.fromkeys(("party", "responsible", "household_number", "words", "reason"), "")
    for part in _parts(papers):
        of = paper.c.number.in_(part)
        connection.execute(update(paper).where(of).values(**words, group_no=None))
        ids = select(paper.c.id).where(of)
        connection.execute(update(kept).where(kept.c.paper_id.in_(ids)).values(name=""))


def _overwrite(home: Home) -> bool:
    """Bring the catalogue's log into it, whose freed parts are overwritten (secure_delete), and empty the log.

    False where another command has the catalogue open.
    """
    engine = database.open_engine(home.catalogue, home.key, writing=True)
    with closing(engine.raw_connection()) as raw:
        cursor = raw.cursor()
        cursor.execute("PRAGMA busy_timeout = 1000")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (found,) = cursor.fetchall()
    return not found[0]  # busy


def _parts(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
