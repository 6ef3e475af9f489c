"""What is indexed of contracts and papers, and which of them an index lacks."""

import gc
import multiprocessing
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from itertools import chain, islice
from multiprocessing.connection import Connection as Pipe
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select
from sqlalchemy.exc import DatabaseError

from archive.archival_numbers import numbers_of_contracts
from archive.catalogue import tables
from archive.catalogue.shelf_tables import paper
from archive.changes import changed_since, paper_key, parted
from archive.errors import HuyueError
from archive.home import Home
from archive.index.engine import Document
from archive.search_names import Names
from archive.search_papers import ShelfPaper, papers_of
from archive.states import Standing, same_party, standings

CHUNK = 500  # contracts read at a time; with 2,000 in one IN list SQLite looks through every contract
MANY = 20_000  # contracts
NEITHER = ",{},[]]"  # how a content without lists and optional clauses ends, as most do
YEAR = slice(13, 17)  # of a contract's number
FORM_DIGITS = 16  # of a template version's SHA-256
Printed = Row[str, str, str, str]
_SENTENCE = re.compile(r"[。！？；!?;\f]")


def lacking(connection: Connection, seq: int, as_of: str, today: date) -> Iterator[str]:
    """What changed after a change of that number, or may have another state than on `as_of`, and its parties' others.

    `as_of` is an ISO date, "" for a new index, which takes up everything.
    """
    seen = set(changed_since(connection, seq))
    if as_of and as_of != today.isoformat():
        seen.update(_dated(connection, *sorted((as_of, today.isoformat()))))
    yield from sorted(seen)
    if as_of:
        yield from sorted(_others(connection, sorted(seen)) - seen)


def documents(
    connection: Connection,
    names: Names,
    today: date,
    keys: Sequence[str],
    known: set[str],
    done: Callable[[int], None],
) -> Iterator[Document]:
    """The documents of these contracts, and papers by their paper_key, that are there today; their keys go into `known`."""
    contracts, papers = parted(keys)
    made = chain(
        _of_contracts(connection, names, today, contracts), _of_papers(connection, names, today, papers)
    )
    count = 0
    for count, document in enumerate(made, 1):
        known.add(document.number)
        yield document
        if not count % CHUNK:
            done(CHUNK)
    done(len(keys) - count // CHUNK * CHUNK)


def every_document(
    home: Home,
    connection: Connection,
    names: Names,
    today: date,
    keys: Sequence[str],
    known: set[str],
    done: Callable[[int], None],
) -> Iterator[Document]:
    """As `documents`, for an index that has none: many are read by a second process while this one indexes them.

    That one sees the catalogue a moment later; what changes in between is told twice. What it leaves undone, because it
    was killed or could not read on, is read here.
    """
    if len(keys) >= MANY:
        for part in _read_beside(home, names, today):
            known.update([document.number for document in part])
            yield from part
            done(len(part))
    yield from documents(connection, names, today, [key for key in keys if key not in known], known, done)


def _read_beside(home: Home, names: Names, today: date) -> Iterator[list[Document]]:
    """All documents, in parts, as far as a second process sends them."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    plain = Names(names.divisions, names.titles)  # what gives the wordings cannot be sent, and is not asked
    process = context.Process(target=_send_all, args=(theirs, home, plain, today), daemon=True)
    process.start()
    theirs.close()
    decode = msgspec.msgpack.Decoder(list[Document]).decode
    try:
        with suppress(EOFError, OSError):
            while True:
                yield decode(ours.recv_bytes())
    finally:
        ours.close()
        process.terminate()
        process.join()


def _send_all(pipe: "Pipe[Any, Any]", home: Home, names: Names, today: date) -> None:
    """In the second process, which ends when nobody takes what it sends. What goes wrong is for the first to find."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # nothing here refers to itself, and looking for what does takes a fifth of the time
    with suppress(HuyueError, DatabaseError, OSError), home.reading() as connection:
        keys = list(lacking(connection, 0, "", today))
        made = documents(connection, names, today, keys, set(), lambda _: None)
        while part := list(islice(made, CHUNK)):
            pipe.send_bytes(msgspec.msgpack.encode(part))


def form_of(template_sha256: str, clause: str = "") -> str:
    """What the wording of a template's version is known by, or an optional clause's of it."""
    form = template_sha256[:FORM_DIGITS]
    return f"{form}:{clause}" if clause else form


def sentences(words: str) -> list[str]:
    """The words of a paper by sentence: what stands side by side there is found, wherever its lines end."""
    return [" ".join(one.split()) for one in _SENTENCE.split(words) if one.strip()]


def _of_contracts(
    connection: Connection, names: Names, today: date, numbers: Sequence[str]
) -> Iterator[Document]:
    """These contracts by number; of many, all are read, which is the faster way."""
    wanted = set(numbers)
    some = None if len(wanted) >= MANY else sorted(wanted)
    every = (one for one in standings(connection, today, some) if one.number in wanted)
    printed = _printed(connection, some)
    while part := list(islice(every, CHUNK)):
        archival = numbers_of_contracts(connection, [one.number for one in part])
        for one in part:
            row = next(printed)
            while row[0] != one.number:  # planned on a later date
                row = next(printed)
            yield _of_contract(one, names, archival.get(one.number, ""), row)


def _printed(connection: Connection, numbers: Sequence[str] | None) -> Iterator[Printed]:
    """Number, content, template's version and campaign of contracts, by number: of these, which are in order, or of all."""
    contract, campaign = tables.contract, tables.campaign
    query = (
        select(contract.c.number, contract.c.content, contract.c.template_sha256, campaign.c.name)
        .join(campaign, campaign.c.id == contract.c.campaign_id)
        .order_by(contract.c.number)
    )
    if numbers is None:
        yield from connection.execute(query).yield_per(CHUNK)
        return
    for start in range(0, len(numbers), CHUNK):
        yield from connection.execute(query.where(contract.c.number.in_(numbers[start : start + CHUNK])))


class _Listed(msgspec.Struct):
    """A row of a list in a contract, such as a member of a household."""

    name: str = ""


_CONTENT = msgspec.json.Decoder(tuple[msgspec.Raw, dict[str, list[_Listed]], list[str]])


def _particulars(content: str) -> tuple[list[str], list[str]]:
    """The names in a contract's lists and the optional clauses in it; nothing where the content is gone."""
    if not content or content.endswith(NEITHER):
        return [], []
    _, rows, clauses = _CONTENT.decode(content)
    return [row.name for items in rows.values() for row in items if row.name], clauses


def _of_contract(one: Standing, names: Names, archival: str, printed: Printed) -> Document:
    _, content, sha256, campaign = printed
    members, clauses = _particulars(content)
    return Document(
        number=one.number,
        party=one.party,
        template=one.template,
        title=names.title(one.template),
        village=one.village,
        year=int(one.number[YEAR]),
        state=str(one.state),
        group=one.group,
        household=one.household,
        responsible=one.responsible,
        campaign=campaign,
        starts=one.starts.isoformat(),
        ends=one.ends.isoformat() if one.ends else "",
        text="\n".join([names.village(one.village), *members]),
        archival=archival,
        forms=(form_of(sha256), *[form_of(sha256, clause) for clause in clauses]),
    )


def _of_papers(
    connection: Connection, names: Names, today: date, numbers: Sequence[int]
) -> Iterator[Document]:
    for one in papers_of(connection, today, numbers):
        yield Document(
            number=one.number,
            party=one.party,
            template=one.kind,
            title=one.title,
            village=one.village,
            year=one.year,
            state=str(one.state),
            group=one.group,
            household=one.household,
            responsible=one.responsible,
            campaign="",
            starts=one.starts,
            ends=one.ends,
            text="\n".join([names.village(one.village), *_lines(one)]),
            own_number=one.own_number,
            archival=one.archival,
        )


def _lines(one: ShelfPaper) -> Iterator[str]:
    yield from (one.kind, one.own_number, one.day)
    yield from sentences(one.text)


def _dated(connection: Connection, first: str, last: str) -> Iterator[str]:
    """What something begins or ends for between two days (ISO).

    What begins on a day holds on it already; what ends on one holds on it still.
    """
    contract, closing, filing = tables.contract, tables.closing, tables.filing

    def begins(*days: ColumnElement[str]) -> ColumnElement[bool]:
        return or_(*(and_(day > first, day <= last) for day in days))

    ends = and_(contract.c.ends >= first, contract.c.ends < last)
    starts = begins(contract.c.starts, contract.c.planned_on, contract.c.printed_on)
    queries = [
        select(contract.c.number).where(or_(ends, starts)),
        select(closing.c.contract).where(begins(closing.c.day, closing.c.recorded_on)),
        select(filing.c.contract).where(begins(filing.c.filed_on)),
    ]
    for query in queries:
        yield from connection.execute(query).scalars()
    # The end of a paper's term may be a month or a year: then something ends within it at the latest.
    soonest = func.substr(paper.c.ends, 1, 4)
    near = and_(soonest >= first[:4], soonest <= last[:4])
    for number in connection.execute(
        select(paper.c.number).where(or_(near, begins(paper.c.filed_on))).distinct()
    ).scalars():
        yield paper_key(number)


def _others(connection: Connection, numbers: Sequence[str]) -> set[str]:
    """The same parties' other contracts: a successor's change is a change of the state of the one before."""
    changed, other = tables.contract.alias("changed"), tables.contract.alias("other")
    found: set[str] = set()
    for start in range(0, len(numbers), CHUNK):
        part = changed.c.number.in_(numbers[start : start + CHUNK])
        query = select(other.c.number).join(changed, same_party(changed, other)).where(part)
        found.update(connection.execute(query).scalars())
    return found
