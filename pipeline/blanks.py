"""Blank contracts: numbered and printed without a party, for people met on the spot.

They are nobody's obligation. Who has signed one is recorded afterwards (blank_signers.py); from then on it is
that party's contract like any other, but for its printed values, which stay as they are on the paper. One that
nobody signed is pulled by making it void.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, insert, select

from archive import journal
from archive.catalogue import tables
from archive.changes import mark_changed
from archive.closings import VOID, close_contract
from archive.journal import Actor
from archive.numbers import Number
from archive.states import Standing, State, standings
from pipeline import facts
from pipeline.campaigns import Campaign, require_open
from pipeline.contracts import encode_content, keep_template
from pipeline.errors import NoBlankFor
from pipeline.fill import Content
from pipeline.manifest import Manifest
from pipeline.people import Household, Person
from pipeline.plan import Offer
from pipeline.planning import content_of, divisions_of, keep_serials, place_of, serials_of
from pipeline.responsibles import responsibles_of
from pipeline.settings import Settings
from pipeline.template import Template

SCOPES = ("household", "couple", "person")
ROWS = 6  # empty rows of a list, to be written into
NOBODY = Person(
    name="",
    sex="",
    birth=None,
    id_number="",
    relation="",
    phone="",
    marital="",
    away_to="",
    away_from=None,
    away_until=None,
    away_readable=True,
    wants_service=False,
    wants_pension=False,
    wants_choice=False,
)


def new_blanks(
    connection: Connection,
    campaign: Campaign,
    village: str,
    template: Template,
    count: int,
    settings: Settings,
    actor: Actor,
) -> list[str]:
    """Number `count` blank contracts of a village; their numbers. Raises CampaignClosed, NoBlankFor."""
    require_open(campaign)
    manifest = template.manifest
    if manifest.scope not in SCOPES:
        raise NoBlankFor(title=manifest.title)
    keep_template(connection, template)
    place = place_of(divisions_of(connection), village, settings)
    charge = responsibles_of(connection, village, campaign.day.year)
    serials = serials_of(connection, village, campaign.day.year)
    last = serials[manifest.number]
    numbers = [
        str(Number(village, campaign.day.year, manifest.number, serial))
        for serial in range(last + 1, last + count + 1)
    ]
    serials[manifest.number] += count
    keep_serials(connection, village, campaign.day.year, serials)
    offer = blank_offer(manifest, Household(village, 0, "", "", "", (NOBODY,) * ROWS), (), campaign.day)
    common = {
        "campaign_id": campaign.id,
        "template_sha256": template.sha256,
        "template": manifest.name,
        "village_code": village,
        "group_no": 0,
        "household_number": "",
        "responsible": "",
        "starts": offer.starts.isoformat(),
        "ends": None if offer.ends is None else offer.ends.isoformat(),
        "planned_on": actor.today.isoformat(),
        "blank": True,
    }
    contracts = []
    for number in numbers:
        content = content_of(offer, number, campaign, place, charge)
        own = {"number": number, "party_key": f"blank/{number}"}
        contracts.append(common | own | {"content": encode_content(_without_address(content, manifest))})
    connection.execute(insert(tables.contract), contracts)
    parties = [
        {"contract": number, "position": position, "name": "", "id_number": ""}
        for number in numbers
        for position in range(len(offer.parties))
    ]
    connection.execute(insert(tables.party), parties)
    mark_changed(connection, numbers)
    detail = {"village": village, "template": manifest.name, "count": count}
    journal.record(connection, actor, "blank_new", campaign.name, detail)
    return numbers


def blank_offer(manifest: Manifest, household: Household, signers: Sequence[Person], day: date) -> Offer:
    """As a plan offers a contract; without `signers` to nobody, of whom no fact is known."""
    people = 2 if manifest.scope == "couple" else 1
    starts, ends = facts.term_of(manifest.term, day, None)
    clauses = tuple(facts.clauses_that_hold(manifest, {}))
    return Offer(manifest, household, tuple(signers) or (NOBODY,) * people, day, starts, ends, clauses)


def _without_address(content: Content, manifest: Manifest) -> Content:
    """The values without the address: where someone met on the spot lives is not known."""
    addresses = [name for name, field in manifest.fields.items() if field.source == "household.address"]
    return replace(content, fields={**content.fields, **dict.fromkeys(addresses, "")})


@dataclass(frozen=True, slots=True)
class Blank:
    """A contract that was printed without a party; `assigned` once it is known who signed it."""

    standing: Standing
    assigned: bool

    @property
    def unclear(self) -> bool:
        """Whether paper came back that nobody is recorded for."""
        return (
            bool(self.standing.filed_sheets) and not self.assigned and self.standing.state is not State.VOID
        )


def blanks(
    connection: Connection, campaign: Campaign, village: str | None, template: str | None, today: date
) -> list[Blank]:
    """A campaign's blank contracts, by number. Those declined since are not among them."""
    contract = tables.contract
    query = select(contract.c.number).where(contract.c.campaign_id == campaign.id, contract.c.blank)
    if village is not None:
        query = query.where(contract.c.village_code == village)
    if template is not None:
        query = query.where(contract.c.template == template)
    numbers = connection.execute(query).scalars().all()
    found = standings(connection, today, numbers)
    return [Blank(one, not one.blank) for one in found if one.state is not State.DECLINED]


def void_blanks(connection: Connection, found: Sequence[Blank], reason: str, actor: Actor) -> list[str]:
    """Make those void that nobody signed and nothing is filed of; their numbers."""
    unused = [
        one.standing.number
        for one in found
        if not one.assigned and one.standing.state in (State.PLANNED, State.PRINTED)
    ]
    for number in unused:
        close_contract(connection, number, VOID, None, reason, actor)
    return unused
