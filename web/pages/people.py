"""A person, and the household: all their papers. Whoever is meant is named by a contract and a place among its parties."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import Connection, func, select
from starlette.responses import Response, StreamingResponse

from archive import journal, originals
from archive.archival_numbers import numbers_of_contracts
from archive.catalogue import tables
from archive.catalogue.shelf_tables import paper as paper_table
from archive.errors import PaperUnknown
from archive.ledgers.cards import LEFT_OUT
from archive.package import RETENTION, filed_numbers
from archive.paper_words import parted
from archive.papers import Paper, find_paper, paper_versions, words_of
from archive.search_identity import contracts_of
from archive.states import Standing, newest_paper, standings
from pipeline.paper_showing import Showing
from pipeline.people import mask_id
from web.asked import Asked, page
from web.errors import BadForm, NotFound
from web.job_queue import require_room
from web.pages.contract import LEAST_REASON, journal_text, require_contract
from web.roles import Permission
from web.work import queued


@dataclass(frozen=True, slots=True)
class Party:
    """Who signs a contract, at `position` among its parties."""

    position: int
    name: str
    masked: str


@dataclass(frozen=True, slots=True)
class Household:
    """A household's village, group (0: none) and number ("": none)."""

    village: str
    group: int
    household: str

    @property
    def words(self) -> str:
        """Group and household in words."""
        group = f"{self.group} 组" if self.group else ""
        return f"{group} {self.household} 户".strip() if self.household else group


@dataclass(frozen=True, slots=True)
class Listed:
    """A contract with what a household's page says of it."""

    standing: Standing
    archival: str


@page("/people", Permission.READ)
def person_page(asked: Asked) -> Response:
    """A person's papers (?contract=…&position=…), or a household's (?contract=…), as far as they may be seen."""
    with asked.desk.home.reading() as connection:
        number = require_contract(connection, asked.viewer, asked.query("contract"))
        parties = _parties(connection, number)
        who, home = _who(parties, asked.query("position")), _home_of(connection, number)
        if who is None:
            numbers = _of_household(connection, number, home)
        else:
            numbers = _of_person(asked, connection, number, who.position)
        listed = _listed(asked, connection, numbers)
        by_hand = _by_hand(connection, home) if who is None else []
        showing = Showing.of(connection)
    return asked.page(
        "people.html",
        number=number,
        parties=parties,
        who=who,
        home=home,
        listed=listed,
        by_hand=[(one, showing.archival.get(one.number, "")) for one in by_hand],
        filed=any(one.standing.filed_sheets for one in listed),
    )


@page("/people/dossier", Permission.UNMASK, ("POST",))
def dossier(asked: Asked) -> Response:
    """The signed papers of a person, or without `position` of a household, that may be seen: work of the queue.

    They are in clear, for a reason that the journal keeps.
    """
    reason = journal_text(asked.field("reason"))
    if len(reason) < LEAST_REASON:
        raise BadForm(detail="请写明为什么要导出（至少 4 个字），这会记在操作日志里。")
    with asked.desk.database.reading() as connection:  # before the journal says that they were exported
        require_room(connection, asked.viewer)
    with asked.desk.home.writing() as connection:
        number = require_contract(connection, asked.viewer, asked.field("contract"))
        who = _who(_parties(connection, number), asked.field("position"))
        if who is None:
            title, place = "一户档案", ""
            numbers = _of_household(connection, number, _home_of(connection, number))
        else:
            title, place = "个人档案", str(who.position)
            numbers = _of_person(asked, connection, number, who.position)
        listed = {one.standing.number for one in _listed(asked, connection, numbers)}
        filed = [one for one in filed_numbers(connection, asked.today) if one in listed]
        if not filed:
            raise BadForm(detail="还没有归档的扫描件可以导出。")
        detail = {"reason": reason, "position": place, "contracts": len(filed)}
        journal.record(connection, asked.actor, "dossier", number, detail)
    return queued(asked, title, [["export", *filed, "--out", f"{{out}}/{title}"]])


@page("/papers/{paper}", Permission.READ)
def paper_page(asked: Asked) -> Response:
    """A paper filed by hand: what is known of it, its files, how it was corrected."""
    with asked.desk.home.reading() as connection:
        found = _paper(asked, connection)
        versions = paper_versions(connection, found.number)
        note, text = parted(words_of(connection, found))
        showing = Showing.of(connection)
    return asked.page(
        "paper.html",
        paper=found,
        place=showing.place(found),
        archival=showing.archival.get(found.number, ""),
        destroyed=showing.destroyed.get(found.number, ""),
        retention=RETENTION[found.about.retention],
        versions=versions,
        note=note,
        characters=len(text),
    )


@page("/papers/{paper}/files/{place}", Permission.READ)
def paper_file(asked: Asked) -> Response:
    """One of its files as it came, to be kept: never shown in the desk's own window."""
    home, place = asked.desk.home, asked.number("place")
    with home.reading() as connection:
        found = _paper(asked, connection)
        if place >= len(found.files) or found.number in Showing.of(connection).destroyed:
            raise NotFound()
    one = found.files[place]

    def content() -> Iterator[bytes]:
        with home.reading() as connection:
            yield from originals.read(connection, home.vault(connection), one.blobs)

    named = quote(one.name.rpartition("/")[2] or f"{found.number}-{place + 1}", safe="")
    return StreamingResponse(
        content(),
        media_type=one.media,
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{named}",
            "content-length": str(one.size),
        },
    )


def _paper(asked: Asked, connection: Connection) -> Paper:
    """The paper of the address. Raises NotFound for none, and for one that may not be seen, alike."""
    try:
        found = find_paper(connection, asked.number("paper"))
    except PaperUnknown:
        raise NotFound() from None
    asked.require_village(found.about.division)
    return found


def _parties(connection: Connection, number: str) -> list[Party]:
    party = tables.party
    rows = connection.execute(
        select(party.c.position, party.c.name, party.c.id_number)
        .where(party.c.contract == number)
        .order_by(party.c.position)
    )
    return [Party(row.position, row.name, mask_id(row.id_number)) for row in rows]


def _who(parties: list[Party], written: str) -> Party | None:
    """The party meant, None for the household. Raises NotFound."""
    if not written:
        return None
    found = [one for one in parties if str(one.position) == written]
    if not found:
        raise NotFound()
    return found[0]


def _of_person(asked: Asked, connection: Connection, number: str, position: int) -> list[str]:
    """The contracts that a party of a contract signs, under their other numbers too, as far as they may be seen."""
    party = tables.party
    query = select(party.c.id_number).where(party.c.contract == number, party.c.position == position)
    identity = connection.execute(query).scalar_one()
    found = contracts_of(connection, {identity}) if identity else {number}
    return sorted(one for one in found if asked.viewer.sees_contract(one))


def _home_of(connection: Connection, number: str) -> Household:
    contract = tables.contract
    columns = (contract.c.village_code, contract.c.group_no, contract.c.household_number)
    return Household(*connection.execute(select(*columns).where(contract.c.number == number)).one())


def _of_household(connection: Connection, number: str, home: Household) -> list[str]:
    """The contracts of the household that a contract is of; of none, itself alone."""
    contract = tables.contract
    if not home.household:
        return [number]
    query = select(contract.c.number).where(
        contract.c.village_code == home.village,
        contract.c.group_no == home.group,
        contract.c.household_number == home.household,
    )
    return list(connection.execute(query).scalars())


def _listed(asked: Asked, connection: Connection, numbers: list[str]) -> list[Listed]:
    """The contracts as they stand; like a household's card without the void and declined ones."""
    shelf = numbers_of_contracts(connection, numbers)
    found = [one for one in standings(connection, asked.today, numbers) if one.state not in LEFT_OUT]
    found.sort(key=lambda one: (one.starts, one.number), reverse=True)
    return [Listed(one, shelf.get(one.number, "")) for one in found]


def _by_hand(connection: Connection, home: Household) -> list[Paper]:
    """The papers filed by hand that belong to a household."""
    if not home.household:
        return []
    query = select(paper_table.c.number).where(
        newest_paper(),
        paper_table.c.division == home.village,
        func.coalesce(paper_table.c.group_no, 0) == home.group,
        paper_table.c.household_number == home.household,
    )
    return [find_paper(connection, one) for one in connection.execute(query).scalars()]
