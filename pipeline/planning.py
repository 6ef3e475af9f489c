"""Planning a campaign in the catalogue: offers become numbered, frozen contracts; what cannot be waits."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Connection, delete, func, insert, select

from archive import journal
from archive.catalogue import tables
from archive.changes import mark_changed
from archive.closings import VOID
from archive.journal import Actor
from archive.numbers import Number
from archive.states import still_blank
from pipeline import facts
from pipeline.bodies import Body, unit_bodies, village_body
from pipeline.campaigns import Campaign
from pipeline.contracts import encode_content, keep_template
from pipeline.divisions import Divisions
from pipeline.facts import Place
from pipeline.fill import Content
from pipeline.in_force import Running, in_force
from pipeline.manifest import Manifest
from pipeline.plan import Offer, Wait, body_offers, names_of, offers, order_of
from pipeline.responsibles import Responsibles, responsibles_of
from pipeline.roster import store
from pipeline.settings import Settings
from pipeline.template import Template

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """A campaign's totals after a plan; `added` is what this call planned."""

    obligations: int
    contracts: int
    added: int
    waiting: int
    by_template: Mapping[str, int]


def divisions_of(connection: Connection) -> Divisions:
    """The division table of an archive."""
    rows = connection.execute(select(tables.division.c.code, tables.division.c.name))
    return Divisions({row.code: row.name for row in rows})


def villages_to_plan(
    connection: Connection, templates: Sequence[Template], settings: Settings, village: str | None
) -> list[str]:
    """The villages that have a roster, or a unit where a template in use is for units; or `village` alone of them.

    Raises BadSettings for units, VillageUnknown and VillageAmbiguous for `village`.
    """
    divisions = divisions_of(connection)
    found = set(store.villages_with_roster(connection))
    if any(template.manifest.scope == "unit" for template in templates):
        found |= unit_bodies(divisions, settings.units).keys()
    if village is not None:
        found &= {divisions.find_village(village)}
    return sorted(found)


def plan_villages(
    connection: Connection,
    campaign: Campaign,
    villages: Sequence[str],
    templates: Sequence[Template],
    settings: Settings,
    actor: Actor,
    done: Callable[[], None],
    only: Set[tuple[str, str]] | None = None,
    chosen: Set[str] | None = None,
) -> PlanCounts:
    """Plan the campaign in the given villages within the caller's transaction; `done` after each village.

    What has a number keeps it; what waits is looked at anew. `only` of these templates and parties (their keys), and of
    the `chosen` templates (their names), if given.
    """
    divisions = divisions_of(connection)
    units = unit_bodies(divisions, settings.units)
    names = [template.manifest.name for template in templates]
    templates = [one for one in templates if chosen is None or one.manifest.name in chosen]
    by_name = {template.manifest.name: template for template in templates}
    for template in templates:
        keep_template(connection, template)
    planned, added = _planned(connection, campaign), 0
    running = in_force(connection, campaign, actor.today)
    for village in villages:
        charge = responsibles_of(connection, village, campaign.day.year)
        bodies = {"village": (village_body(divisions, village),), "unit": units.get(village, ())}
        if store.newest_import(connection, village) is None:
            del bodies["village"]
        found = [
            one
            for one in _offers_of(connection, campaign, village, templates, running, charge, bodies)
            if (one.manifest.name, one.party_key) not in planned
            and (only is None or (one.manifest.name, one.party_key) in only)
        ]
        new = sorted((one for one in found if isinstance(one, Offer)), key=order_of)
        planned |= {(one.manifest.name, one.party_key) for one in new}
        _write_contracts(
            connection, campaign, village, new, by_name, place_of(divisions, village, settings), charge, actor
        )
        _forget_waiting(connection, campaign, village, None if only is None else found, chosen)
        _write_waiting(connection, campaign, village, [one for one in found if isinstance(one, Wait)])
        added += len(new)
        done()
    counts = plan_counts(connection, campaign, added, names)
    journal.record(
        connection,
        actor,
        "plan",
        campaign.name,
        {"villages": len(villages), "added": added, "contracts": counts.contracts, "waiting": counts.waiting},
    )
    return counts


def plan_counts(connection: Connection, campaign: Campaign, added: int, names: Iterable[str]) -> PlanCounts:
    """The campaign's totals, void contracts and blank ones left out; every template of `names` is counted, zero too."""
    contract, waiting, closing = tables.contract, tables.waiting, tables.closing
    void = select(closing.c.id).where(closing.c.contract == contract.c.number, closing.c.kind == VOID)
    rows = connection.execute(
        select(contract.c.template, func.count())
        .where(contract.c.campaign_id == campaign.id, ~still_blank(), ~void.exists())
        .group_by(contract.c.template)
    )
    by_template = dict.fromkeys(names, 0) | {row[0]: row[1] for row in rows}
    waits = connection.execute(
        select(func.count()).select_from(waiting).where(waiting.c.campaign_id == campaign.id)
    ).scalar_one()
    contracts = sum(by_template.values())
    return PlanCounts(contracts + waits, contracts, added, waits, by_template)


def waiting_reasons(connection: Connection, campaign: Campaign) -> list[tuple[str, int]]:
    """Why contracts of a campaign wait, and how many for each reason."""
    waiting = tables.waiting
    rows = connection.execute(
        select(waiting.c.reason, func.count())
        .where(waiting.c.campaign_id == campaign.id)
        .group_by(waiting.c.reason)
        .order_by(func.count().desc(), waiting.c.reason)
    )
    return [(row[0], row[1]) for row in rows]


def place_of(divisions: Divisions, village: str, settings: Settings) -> Place:
    """The names of a village, its town and county, and of the station that serves it."""
    town = divisions.town_name(village)
    station = settings.office.station or f"{town}计划生育技术服务站"
    return Place(divisions.name(village[:6]), town, divisions.name(village), station)


def _offers_of(
    connection: Connection,
    campaign: Campaign,
    village: str,
    templates: Sequence[Template],
    running: Running,
    charge: Responsibles,
    bodies: Mapping[str, Sequence[Body]],
) -> list[Offer | Wait]:
    manifests = {template.manifest.name: template.manifest for template in templates}
    newly = store.newly_married(connection, village, campaign.day.year)
    found: list[Offer | Wait] = []

    def add(
        names: Iterable[str], offered: Callable[[Iterable[Manifest], date], Sequence[Offer | Wait]]
    ) -> None:
        for one in offered(manifests.values(), campaign.day):
            if (one.manifest.name, one.party_key) not in running.ends:
                found.append(one)
        for template, key in running.ending_in(names, campaign):
            day = (running.ends[template, key] or campaign.day) + timedelta(days=1)
            following = offered([manifests[template]] if template in manifests else [], day)
            found.extend(one for one in following if one.party_key == key)

    for listed in store.households_of(connection, village):
        household = replace(listed, responsible=charge.nearest(listed))
        add(names_of(household), partial(offers, household, newly_married=newly))
    theirs = [body.key for of_scope in bodies.values() for body in of_scope]
    add(theirs, partial(body_offers, village, charge.of_village(), bodies))
    return found


def _planned(connection: Connection, campaign: Campaign) -> set[tuple[str, str]]:
    """What of the campaign is planned already, wherever its party lived then: (template, party key)."""
    contract = tables.contract
    rows = connection.execute(
        select(contract.c.template, contract.c.party_key).where(contract.c.campaign_id == campaign.id)
    )
    return {(row.template, row.party_key) for row in rows}


def _write_contracts(
    connection: Connection,
    campaign: Campaign,
    village: str,
    new: Sequence[Offer],
    templates: Mapping[str, Template],
    place: Place,
    charge: Responsibles,
    actor: Actor,
) -> None:
    serials = serials_of(connection, village, campaign.day.year)
    planned_on_import = store.newest_import(connection, village)
    contracts: list[dict[str, object]] = []
    parties: list[dict[str, object]] = []
    for offer in new:
        template = templates[offer.manifest.name]
        serials[template.manifest.number] += 1
        serial = serials[template.manifest.number]
        number = str(Number(village, campaign.day.year, template.manifest.number, serial))
        contracts.append(
            {
                "number": number,
                "campaign_id": campaign.id,
                "template_sha256": template.sha256,
                "template": offer.manifest.name,
                "village_code": offer.household.village_code,
                "group_no": offer.household.group,
                "household_number": offer.household.number,
                "responsible": offer.household.responsible,
                "party_key": offer.party_key,
                "starts": offer.starts.isoformat(),
                "ends": None if offer.ends is None else offer.ends.isoformat(),
                "content": encode_content(content_of(offer, number, campaign, place, charge)),
                "planned_on": actor.today.isoformat(),
                "import_id": planned_on_import,
            }
        )
        parties += [
            {"contract": number, "position": position, "name": person.name, "id_number": person.id_number}
            for position, person in enumerate(offer.parties)
        ]
    keep_serials(connection, village, campaign.day.year, serials)
    for table, rows in ((tables.contract, contracts), (tables.party, parties)):
        for start in range(0, len(rows), CHUNK):
            connection.execute(insert(table), rows[start : start + CHUNK])
    mark_changed(connection, [str(row["number"]) for row in contracts])


def content_of(offer: Offer, number: str, campaign: Campaign, place: Place, charge: Responsibles) -> Content:
    """The contract's values as they are printed, frozen from now on."""
    household, manifest = offer.household, offer.manifest
    group = str(household.group) if household.group else ""  # 0: the roster has none
    sources: dict[str, str | date] = {
        "contract.number": number,
        "contract.copies": str(manifest.copies),
        "campaign.name": campaign.name,
        "campaign.date": campaign.day,
        "campaign.year": str(campaign.day.year),
        "office.station": place.station,
        "village.name": place.village,
        "town.name": place.town,
        "county.name": place.county,
        "household.address": f"{place.county}{place.town}{place.village}" + (f"{group}组" if group else ""),
        "household.group": group,
        "household.number": household.number,
        "household.responsible": household.responsible,
        "group.responsible": charge.of_group(household.group),
        "village.responsible": charge.of_village(),
        "term.start": offer.starts,
        "term.end": offer.ends or facts.OPEN_END,
    }
    prefixes = ("husband", "wife") if manifest.scope == "couple" else ("party",)
    for prefix, party in zip(prefixes, offer.parties, strict=True):
        if isinstance(party, Body):
            sources |= {"unit.name": party.name, "unit.head": party.head}
        else:
            sources |= facts.person_sources(prefix, party, offer.day)
            sources |= {"stay.to": party.away_to, "stay.from": party.away_from or ""}
    rows = facts.fill_rows(manifest, household.accepted, offer.day)
    return Content(facts.fill(manifest.fields, sources), rows, offer.clauses)


def serials_of(connection: Connection, village: str, year: int) -> Counter[str]:
    """The last serial of each template number in a village and year; a serial once given is never given again."""
    serial = tables.serial
    rows = connection.execute(
        select(serial.c.template_number, serial.c.last).where(
            serial.c.village_code == village, serial.c.year == year
        )
    )
    return Counter({row.template_number: row.last for row in rows})


def keep_serials(connection: Connection, village: str, year: int, serials: Counter[str]) -> None:
    """Keep the last serials of a village and year, as `serials_of` gave them and more were given."""
    serial = tables.serial
    connection.execute(delete(serial).where(serial.c.village_code == village, serial.c.year == year))
    rows = [
        {"village_code": village, "year": year, "template_number": number, "last": last}
        for number, last in serials.items()
    ]
    if rows:
        connection.execute(insert(serial), rows)


def _forget_waiting(
    connection: Connection,
    campaign: Campaign,
    village: str,
    looked_at: Sequence[Offer | Wait] | None,
    chosen: Set[str] | None,
) -> None:
    """Take away what waited in a village before it was looked at anew; None: all of it was, of the `chosen` templates."""
    waiting = tables.waiting
    theirs = delete(waiting).where(waiting.c.campaign_id == campaign.id, waiting.c.village_code == village)
    if chosen is not None:
        theirs = theirs.where(waiting.c.template.in_(chosen))
    if looked_at is None:
        connection.execute(theirs)
        return
    for one in looked_at:
        who = one.party if isinstance(one, Wait) else "、".join(party.name for party in one.parties)
        connection.execute(
            theirs.where(
                waiting.c.template == one.manifest.name,
                waiting.c.group_no == one.household.group,
                waiting.c.household_number == one.household.number,
                waiting.c.party.in_((who, one.household.head)),
            )
        )


def _write_waiting(connection: Connection, campaign: Campaign, village: str, waits: Sequence[Wait]) -> None:
    waiting = tables.waiting
    if waits:
        connection.execute(
            insert(waiting),
            [
                {
                    "campaign_id": campaign.id,
                    "template": wait.manifest.name,
                    "village_code": village,
                    "group_no": wait.household.group,
                    "household_number": wait.household.number,
                    "party": wait.party,
                    "reason": wait.reason,
                }
                for wait in waits
            ],
        )
