"""Disposals (鉴定销毁): papers whose retention is over, proposed by one person and approved or refused by another.

What is approved is destroyed by archive/destruction.py. A disposal, and what it lists of each paper, stays for ever:
numbers, dates, counts and hashes, no name of a party, and reasons without people's numbers.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from archive import journal
from archive.archival_numbers import numbers_of_contracts, numbers_of_papers
from archive.catalogue import shelf_tables, tables
from archive.errors import DisposalDecided, DisposalUnknown, NotDue, NothingDue, SamePerson
from archive.journal import Actor
from archive.paper_words import masked
from archive.retention import Kept, due_by_hand, due_papers, kept_contracts, kept_papers
from archive.states import CHUNK, newest_filing, newest_paper

APPROVED, REFUSED = "approved", "refused"
NAMED = 5  # of what a message names
disposal, item = shelf_tables.disposal, shelf_tables.disposal_item


@dataclass(frozen=True, slots=True)
class Disposal:
    """A disposal; `refused` is why it was refused, `counted` what was destroyed, by kind."""

    id: int
    proposed_on: str
    proposed_by: str
    reason: str
    decision: str
    decided_on: str
    decided_by: str
    destroyed_on: str
    items: int
    refused: str
    counted: Mapping[str, int]

    @property
    def words(self) -> str:
        """How it stands, in Chinese."""
        if self.destroyed_on:
            return f"{self.destroyed_on} 已销毁"
        if self.decision == REFUSED:
            return f"{self.decided_on} 由 {self.decided_by} 退回"
        return f"{self.decided_on} 由 {self.decided_by} 批准，还没有销毁" if self.decision else "等批准"


@dataclass(frozen=True, slots=True)
class Listed:
    """A paper of a disposal as its list has it: a contract's, or one filed by hand; dates ISO, "" where there is none.

    `destroyed` are the hashes of what was destroyed of it, by kind.
    """

    place: int
    contract: str | None
    paper: int | None
    archival_number: str
    title: str
    division: str
    starts: str
    ends: str
    sheets: int
    kept: Kept
    destroyed: Mapping[str, list[str]]

    @property
    def name(self) -> str:
        """What it is called in a message."""
        return name_of(self.contract, self.paper)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A new disposal, and how many papers that are due stand in another one that is not carried out."""

    id: int
    items: int
    elsewhere: int


def propose(
    connection: Connection,
    on: date,
    contracts: Sequence[str],
    papers: Sequence[int],
    reason: str,
    actor: Actor,
) -> Proposed:
    """Propose these contracts and papers, or all that are due by a date. Raises NotDue, NothingDue."""
    taken = _in_open_ones(connection)
    if contracts or papers:
        chosen = [(number, None) for number in dict.fromkeys(contracts)]
        named: list[tuple[str | None, int | None]] = [
            *chosen,
            *((None, one) for one in dict.fromkeys(papers)),
        ]
        _require_due(connection, named, on, taken)
        elsewhere = 0
    else:
        due: list[tuple[str | None, int | None]] = [
            *((one.standing.number, None) for one in due_papers(connection, on)),
            *((None, one.number) for one in due_by_hand(connection, on)),
        ]
        named = [one for one in due if one not in taken]
        elsewhere = len(due) - len(named)
    if not named:
        raise NothingDue(day=on, more="另外的" if elsewhere else "")
    row = {"proposed_on": actor.today.isoformat(), "proposed_by": actor.user, "reason": masked(reason)}
    new = int(connection.execute(insert(disposal).returning(disposal.c.id), row).scalar_one())
    rows = [
        {"disposal_id": new, "position": place, "contract": contract, "paper": paper}
        for place, (contract, paper) in enumerate(named, 1)
    ]
    connection.execute(insert(item), rows)
    counts = {"contracts": sum(row["contract"] is not None for row in rows), "items": len(rows)}
    journal.record(connection, actor, "dispose_propose", str(new), counts)
    return Proposed(new, len(rows), elsewhere)


def decide(connection: Connection, id_: int, decision: str, reason: str, actor: Actor) -> None:
    """Approve a disposal, or refuse one, an approved one too, for a reason.

    Raises DisposalUnknown, DisposalDecided, SamePerson where who decides has proposed it.
    """
    found = find_disposal(connection, id_)
    if found.destroyed_on or found.decision == REFUSED or found.decision == decision:
        raise DisposalDecided(id=id_, said=f"已经定了：{found.words}")
    if _plain(found.proposed_by) == _plain(actor.user):
        raise SamePerson(id=id_, user=found.proposed_by)
    values = {
        "decision": decision,
        "decided_on": actor.today.isoformat(),
        "decided_by": actor.user,
        "counted": json.dumps({REFUSED: masked(reason)}, ensure_ascii=False) if decision == REFUSED else "",
    }
    connection.execute(update(disposal).where(disposal.c.id == id_).values(values))
    action = "dispose_approve" if decision == APPROVED else "dispose_refuse"
    journal.record(connection, actor, action, str(id_), {})


def disposals(connection: Connection) -> list[Disposal]:
    """All disposals, by number."""
    return [_disposal(row) for row in connection.execute(_query().order_by(disposal.c.id))]


def find_disposal(connection: Connection, id_: int) -> Disposal:
    """One disposal. Raises DisposalUnknown."""
    row = connection.execute(_query().where(disposal.c.id == id_)).first()
    if row is None:
        raise DisposalUnknown(id=id_)
    return _disposal(row)


def listed(connection: Connection, id_: int, titles: Mapping[str, str]) -> list[Listed]:
    """What a disposal lists, the same before and after it is destroyed; `titles` are templates' by name."""
    rows = connection.execute(select(item).where(item.c.disposal_id == id_).order_by(item.c.position)).all()
    contracts = [row.contract for row in rows if row.contract]
    papers = [row.paper for row in rows if row.paper is not None]
    numbers, of_papers = numbers_of_contracts(connection, contracts), numbers_of_papers(connection)
    kept = dict(kept_contracts(connection, contracts, gone=True))
    by_hand = {row.number: (row, one) for row, one in kept_papers(connection, papers, gone=True)}
    known, pages = _contracts(connection, contracts), _pages(connection, papers)
    found = []
    for row in rows:
        destroyed = json.loads(row.destroyed or "{}")
        if row.contract:
            template, village, starts, ends, sheets = known[row.contract]
            about = titles.get(template, template), village, starts, ends
            number, how = numbers.get(row.contract, ""), kept[row.contract]
        else:
            paper, how = by_hand[row.paper]
            about = paper.title, paper.division, paper.day, paper.ends or ""
            number, sheets = of_papers.get(row.paper, ""), pages.get(row.paper, 0)
        found.append(Listed(row.position, row.contract, row.paper, number, *about, sheets, how, destroyed))
    return found


def _in_open_ones(connection: Connection) -> dict[tuple[str | None, int | None], int]:
    """What is proposed and neither refused nor destroyed, with the disposal's number."""
    query = (
        select(item.c.contract, item.c.paper, item.c.disposal_id)
        .join(disposal, disposal.c.id == item.c.disposal_id)
        .where(disposal.c.decision != REFUSED, disposal.c.destroyed_on.is_(None))
    )
    return {(row.contract, row.paper): row.disposal_id for row in connection.execute(query)}


def _require_due(
    connection: Connection,
    named: Sequence[tuple[str | None, int | None]],
    on: date,
    taken: Mapping[tuple[str | None, int | None], int],
) -> None:
    bad = [(name_of(*one), f"已经在第 {taken[one]} 号销毁清册里") for one in named if one in taken]
    bad += not_due(connection, [one for one in named if one not in taken], on)
    if bad:
        raise NotDue(named=some([f"{what}（{why}）" for what, why in bad]))


def not_due(
    connection: Connection, named: Sequence[tuple[str | None, int | None]], on: date
) -> list[tuple[str, str]]:
    """Of these contracts and papers those that are not due by a date, and why, in Chinese."""
    contracts = [contract for contract, _ in named if contract is not None]
    papers = [paper for _, paper in named if paper is not None]
    kept: dict[str | int, Kept] = dict(kept_contracts(connection, contracts))
    kept |= {row.number: one for row, one in kept_papers(connection, papers)}
    found = []
    for contract, paper in named:
        what, one = name_of(contract, paper), kept.get(contract or paper or 0)
        if one is None:
            found.append((what, "没有归档的件，或者已经销毁"))
        elif one.due is None or one.due > on:
            found.append((what, one.why_not))
    return found


def name_of(contract: str | None, paper: int | None) -> str:
    """What a contract or a paper filed by hand is called in a message."""
    return contract or f"手工归档第 {paper} 件"


def place_name(division: str, divisions: Mapping[str, str]) -> str:
    """A division's name, with its town's."""
    town = divisions.get(division[:9], "") if len(division) > len("451225100") else ""
    return town + divisions.get(division, division)


def some(named: Sequence[str]) -> str:
    """The first few for a message, and how many there are."""
    more = f"……（一共 {len(named)} 个）" if len(named) > NAMED else ""
    return "、".join(named[:NAMED]) + more


def _contracts(connection: Connection, numbers: Sequence[str]) -> dict[str, tuple[str, str, str, str, int]]:
    """Template, village, first and last day, and filed sheets of each contract."""
    contract, filing = tables.contract, tables.filing
    both = contract.join(filing, newest_filing(filing))
    query = select(contract, filing.c.sheets.label("filed")).select_from(both)
    found = {}
    for start in range(0, len(numbers), CHUNK):
        part = contract.c.number.in_(numbers[start : start + CHUNK])
        for row in connection.execute(query.where(part)):
            found[row.number] = row.template, row.village_code, row.starts, row.ends or "", row.filed
    return found


def _pages(connection: Connection, papers: Sequence[int]) -> dict[int, int]:
    """How many pages the newest version of each paper filed by hand has."""
    paper, file = shelf_tables.paper, shelf_tables.paper_file
    query = (
        select(paper.c.number, func.sum(file.c.pages))
        .join(file, file.c.paper_id == paper.c.id)
        .where(paper.c.number.in_(papers), newest_paper())
        .group_by(paper.c.number)
    )
    return {number: pages for number, pages in connection.execute(query)}  # noqa: C416


def _query() -> Select[tuple[object, ...]]:
    items = select(func.count()).where(item.c.disposal_id == disposal.c.id).scalar_subquery()
    return select(disposal, items.label("items"))


def _disposal(row: Row[tuple[object, ...]]) -> Disposal:
    said = json.loads(row.counted or "{}")
    refused = masked(said.pop(REFUSED, ""))
    return Disposal(
        row.id,
        row.proposed_on,
        row.proposed_by,
        masked(row.reason),  # what was kept before it was masked, too
        row.decision,
        row.decided_on or "",
        row.decided_by or "",
        row.destroyed_on or "",
        row.items,
        refused,
        said,
    )


def _plain(user: str) -> str:
    """A user's name as it is compared: full-width forms, spaces and case aside."""
    return "".join(unicodedata.normalize("NFKC", user).split()).casefold()
