"""The tamper-evident log: who did what, when; each entry's hash covers the entry before.

Format of the hash: SHA-256 over the UTF-8 bytes of the JSON array [seq, at, today, user, action, subject,
detail, previous], without spaces, non-ASCII characters as themselves; `previous` is the hash of entry
seq − 1, 64 zeros for the first. Entries hold numbers, codes and counts, never a person's name or number.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from sqlalchemy import Connection, insert, select

from archive.catalogue.tables import journal

CHINA = timezone(timedelta(hours=8))
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and the date that counts as today."""

    user: str
    today: date


def entry_hash(values: list[object]) -> str:
    """The hash of an entry's eight values, as the module says."""
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def record(
    connection: Connection, actor: Actor, action: str, subject: str, detail: Mapping[str, object]
) -> None:
    """Append an entry within the caller's transaction, so that it stands if and only if the change does."""
    last = connection.execute(
        select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    at = datetime.now(CHINA).isoformat(timespec="seconds")
    text = json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
    values = [seq, at, actor.today.isoformat(), actor.user, action, subject, text, previous]
    names = ("seq", "at", "today", "user", "action", "subject", "detail", "previous")
    connection.execute(
        insert(journal).values(dict(zip(names, values, strict=True)) | {"hash": entry_hash(values)})
    )


def broken_at(connection: Connection) -> int | None:
    """The first sequence number at which the chain does not hold, None for a sound journal."""
    previous, expected = GENESIS, 1
    for row in connection.execute(select(journal).order_by(journal.c.seq)):
        values = [row.seq, row.at, row.today, row.user, row.action, row.subject, row.detail, row.previous]
        if row.seq != expected or row.previous != previous or row.hash != entry_hash(values):
            return expected
        previous, expected = row.hash, expected + 1
    return None
