"""Whose contract is still in force when a campaign begins, and so owes none, or the next from its end on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, or_, select

from archive.catalogue import tables
from archive.states import Standing, State, standings
from pipeline.campaigns import Campaign


@dataclass(frozen=True, slots=True)
class Running:
    """Contracts in force on a campaign's date: their last days by template and party key, None for no end.

    `of` lists them by what names their party: a household's or a body's key, a person's identity number.
    """

    ends: Mapping[tuple[str, str], date | None]
    of: Mapping[str, list[tuple[str, str]]]

    def ending_in(self, names: Iterable[str], campaign: Campaign) -> Iterator[tuple[str, str]]:
        """Those of the parties so named that end within the campaign's signing period: (template, party key)."""
        for one in dict.fromkeys(one for name in names for one in self.of.get(name, ())):
            end = self.ends[one]
            if end is not None and campaign.day <= end <= campaign.closes:
                yield one


def in_force(connection: Connection, campaign: Campaign, today: date) -> Running:
    """The contracts of other campaigns that are filed and whose term holds the campaign's date.

    What was filed by today counts, also where the campaign's date lies before.
    """
    contract, day = tables.contract, campaign.day.isoformat()
    numbers = connection.execute(
        select(contract.c.number)
        .join(tables.filing, tables.filing.c.contract == contract.c.number)
        .where(
            contract.c.campaign_id != campaign.id,
            contract.c.starts <= day,
            or_(contract.c.ends.is_(None), contract.c.ends >= day),
        )
        .distinct()
    ).scalars()
    ends: dict[tuple[str, str], date | None] = {}
    of: dict[str, list[tuple[str, str]]] = {}
    for one in standings(connection, max(campaign.day, today), list(numbers)):
        if not _in_force(one, campaign.day):
            continue
        key = (one.template, one.party_key)
        ends[key] = one.ends
        for name in one.party_key.split("+"):
            of.setdefault(name, []).append(key)
    return Running(ends, of)


def _in_force(one: Standing, day: date) -> bool:
    if not one.filed_sheets or one.gaps:
        return False
    superseded_later = one.state is State.SUPERSEDED and one.successor is not None and one.successor > day
    return one.state in (State.FILED, State.EXPIRED) or superseded_later
