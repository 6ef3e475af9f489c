"""What is indexed of contracts and papers, and which of them an index lacks."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from archive.archival_numbers import numbers_of_contracts
from archive.catalogue import tables
from archive.catalogue.shelf_tables import paper
from archive.changes import changed_since, paper_key, parted
from archive.index.engine import Document
from archive.search_names import Names
from archive.search_papers import ShelfPaper, papers_of
from archive.states import Standing, same_party, standings

CHUNK = 500  # contracts read at a time; with 2,000 in one IN list SQLite looks through every contract
MANY = 20_000  # contracts
NEITHER = ",{},[]]"  # how a content without lists and optional clauses ends, as most do
FORM_DIGITS = 16  # of a template version's SHA-256
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
    of_papers = (papers[at : at + CHUNK] for at in range(0, len(papers), CHUNK))
    batches = chain(
        (_of_contracts(connection, names, part) for part in _batches(connection, today, contracts)),
        (_of_papers(connection, names, today, part) for part in of_papers),
    )
    for batch in batches:
        before = len(known)
        for document in batch:
            known.add(document.number)
            yield document
        done(len(known) - before)
    done(len(keys) - len(known))


def _batches(connection: Connection, today: date, numbers: Sequence[str]) -> Iterator[list[Standing]]:
    """These contracts as they stand, some at a time; of many, all are read, which is the faster way."""
    if len(numbers) < MANY:
        for start in range(0, len(numbers), CHUNK):
            yield list(standings(connection, today, numbers[start : start + CHUNK]))
        return
    wanted = set(numbers)
    every = (one for one in standings(connection, today) if one.number in wanted)
    while part := list(islice(every, CHUNK)):
        yield part


def form_of(template_sha256: str, clause: str = "") -> str:
    """What the wording of a template's version is known by, or an optional clause's of it."""
    form = template_sha256[:FORM_DIGITS]
    return f"{form}:{clause}" if clause else form


def sentences(words: str) -> list[str]:
    """The words of a paper by sentence: what stands side by side there is found, wherever its lines end."""
    return [" ".join(one.split()) for one in _SENTENCE.split(words) if one.strip()]


def _of_contracts(connection: Connection, names: Names, part: Sequence[Standing]) -> Iterator[Document]:
    found = {one.number: one for one in part}
    archival = numbers_of_contracts(connection, list(found))
    contract = tables.contract
    query = (
        select(contract.c.number, contract.c.content, contract.c.template_sha256, tables.campaign.c.name)
        .join(tables.campaign, tables.campaign.c.id == contract.c.campaign_id)
        .where(contract.c.number.in_(found))
    )
    for number, content, sha256, campaign in connection.execute(query).all():
        rows, clauses = _particulars(content)
        members = [row["name"] for items in rows.values() for row in items if row.get("name")]
        forms = (form_of(sha256), *(form_of(sha256, clause) for clause in clauses))
        yield _of_contract(found[number], names, campaign, members, archival.get(number, ""), forms)


def _particulars(content: str) -> tuple[dict[str, list[dict[str, str]]], list[str]]:
    """A contract's lists (a household's members) and the optional clauses in it; nothing where the content is gone."""
    if not content or content.endswith(NEITHER):
        return {}, []
    _, rows, clauses = json.loads(content)
    return rows, clauses


def _of_contract(
    one: Standing, names: Names, campaign: str, members: Iterable[str], archival: str, forms: tuple[str, ...]
) -> Document:
    return Document(
        number=one.number,
        party=one.party,
        template=one.template,
        title=names.title(one.template),
        village=one.village,
        year=int(one.number.split("-")[1]),
        state=str(one.state),
        group=one.group,
        household=one.household,
        responsible=one.responsible,
        campaign=campaign,
        starts=one.starts.isoformat(),
        ends=one.ends.isoformat() if one.ends else "",
        text="\n".join([names.village(one.village), *members]),
        archival=archival,
        forms=forms,
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
