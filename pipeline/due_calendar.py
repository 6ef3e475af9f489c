"""The year's due days as a calendar file (RFC 5545) that Outlook and phones take in."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from icalendar import Calendar, Event

from archive.due_days import Due, DueDay
from archive.journal import CHINA

CATEGORIES = {
    Due.CAMPAIGN: "签约批次",
    Due.CLOSE: "签约批次",
    Due.FILING: "归档期限",
    Due.TERM: "期满",
    Due.SPOT: "抽查",
    Due.HALF: "检查",
    Due.YEAR: "检查",
    Due.PROMISE: "兑现",
}


def as_calendar(found: Sequence[DueDay], year: int, archive: str, today: date) -> bytes:
    """The file. An event keeps its UID, whatever its count: taken in again it takes the place of the earlier one."""
    calendar = Calendar()
    calendar.add("prodid", "-//huyue//calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"合同档案 {year} 年")
    calendar.add("x-wr-timezone", "Asia/Shanghai")
    for one in found:
        event = Event()
        event.add("uid", _uid(one, archive))
        event.add("dtstamp", datetime.combine(today, time(), CHINA).astimezone(UTC))
        event.add("dtstart", one.day)  # a date without a time: VALUE=DATE, the same day in every time zone
        event.add("dtend", one.day + timedelta(days=1))
        event.add("summary", one.title)
        event.add("categories", [CATEGORIES[one.kind]])
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _uid(one: DueDay, archive: str) -> str:
    what = hashlib.sha256(one.what.encode()).hexdigest()[:12]
    return f"{one.kind}-{one.day}-{what}@{archive}.huyue"
