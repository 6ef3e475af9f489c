"""Campaigns: rounds of signing, each with a date that fixes who is offered what, a last day, and an end."""

from dataclasses import dataclass
from datetime import date, timedelta
from unicodedata import category

from sqlalchemy import Connection, Row, insert, select

from archive.catalogue import tables
from pipeline.errors import (
    CampaignClosed,
    CampaignClosesEarly,
    CampaignDateFixed,
    CampaignDateMissing,
    CampaignNameBad,
    CampaignUnknown,
)

NAME_LENGTH = 40  # characters
SIGNING_DAYS = 30  # a campaign's close, when none is named


@dataclass(frozen=True, slots=True)
class Campaign:
    """One round of signing; the last day to sign is `closes`, `closed_on` the day all its sheets were accounted for."""

    id: int
    name: str
    day: date
    closes: date
    closed_on: date | None = None


def require_open(campaign: Campaign) -> None:
    """Raise CampaignClosed for a closed campaign: its sheets are counted, and no new ones may go out."""
    if campaign.closed_on is not None:
        raise CampaignClosed(name=campaign.name, day=campaign.closed_on)


def find_campaign(connection: Connection, name: str) -> Campaign:
    """The campaign of that name. Raises CampaignUnknown, listing those there are."""
    found = _campaign(connection, name)
    if found is None:
        names = "、".join(connection.execute(select(tables.campaign.c.name)).scalars()) or "（还没有）"
        raise CampaignUnknown(name=name, names=names)
    return found


def campaigns(connection: Connection) -> list[Campaign]:
    """All campaigns, the oldest first."""
    rows = connection.execute(select(tables.campaign).order_by(tables.campaign.c.date, tables.campaign.c.id))
    return [_campaign_of(row) for row in rows]


def open_campaign(connection: Connection, name: str, day: date | None, closes: date | None) -> Campaign:
    """The campaign of that name, made with `day` and `closes` if it is new.

    Its first plan fixes both. Raises CampaignDateMissing for a new one without a date, CampaignDateFixed
    for another date or close than it has.
    """
    found = _campaign(connection, name)
    if found is None:
        if not 0 < len(name.strip()) <= NAME_LENGTH or not all(category(one)[0] in "LNPZ" for one in name):
            raise CampaignNameBad(name=name, length=NAME_LENGTH)
        if day is None:
            raise CampaignDateMissing(name=name)
        closes = closes or day + timedelta(days=SIGNING_DAYS)
        if closes < day:
            raise CampaignClosesEarly(closes=closes, day=day)
        connection.execute(
            insert(tables.campaign).values(name=name, date=day.isoformat(), closes=closes.isoformat())
        )
        return find_campaign(connection, name)
    for what, fixed, given in (("日期", found.day, day), ("截止日", found.closes, closes)):
        if given is not None and given != fixed:
            raise CampaignDateFixed(name=name, what=what, fixed=fixed, given=given)
    return found


def _campaign(connection: Connection, name: str) -> Campaign | None:
    row = connection.execute(select(tables.campaign).where(tables.campaign.c.name == name)).first()
    return None if row is None else _campaign_of(row)


def _campaign_of(row: Row[tuple[object, ...]]) -> Campaign:
    closed = None if row.closed_on is None else date.fromisoformat(row.closed_on)
    return Campaign(row.id, row.name, date.fromisoformat(row.date), date.fromisoformat(row.closes), closed)
