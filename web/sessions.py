"""Who is logged in: sessions of browsers, tokens of other systems, the one-time link of the first start.

Only hashes of what browsers and systems hold are kept. A session ends after IDLE without a request, in any case after
LONGEST, at log-out, and when its account is changed.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from archive.journal import CHINA
from web import database
from web.accounts import Account, account_of

IDLE, LONGEST = timedelta(hours=2), timedelta(hours=12)
SEEN = timedelta(minutes=1)  # how exactly it is kept when a session was last used


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in of a browser; `csrf` is what its forms must send back."""

    account: Account
    csrf: str


def begin(connection: Connection, account: int) -> str:
    """A new session; what the cookie is to hold."""
    kept, now = secrets.token_urlsafe(32), _now()
    old = (now - LONGEST).isoformat()
    connection.execute(delete(database.session).where(database.session.c.made_at < old))
    connection.execute(
        insert(database.session).values(
            id=_hash(kept),
            account_id=account,
            csrf=secrets.token_urlsafe(32),
            made_at=now.isoformat(),
            seen_at=now.isoformat(),
        )
    )
    return kept


def session_of(connection: Connection, kept: str) -> tuple[Session, bool] | None:
    """The session of a cookie, and whether it is time to note that it was used; None for none that holds."""
    table = database.session
    row = connection.execute(select(table).where(table.c.id == _hash(kept))).first()
    now = _now()
    if row is None:
        return None
    made, seen = datetime.fromisoformat(row.made_at), datetime.fromisoformat(row.seen_at)
    if now - made > LONGEST or now - seen > IDLE:
        return None
    account = account_of(connection, row.account_id)
    return (Session(account, row.csrf), now - seen > SEEN) if account.active else None


def touch(connection: Connection, kept: str) -> None:
    """Note that a session was used."""
    table = database.session
    connection.execute(update(table).where(table.c.id == _hash(kept)).values(seen_at=_now().isoformat()))


def end(connection: Connection, kept: str) -> None:
    """Log out."""
    connection.execute(delete(database.session).where(database.session.c.id == _hash(kept)))


def new_token(connection: Connection, account: int, name: str) -> str:
    """A token for another system, which may what the account may; it is shown this once."""
    kept, now = secrets.token_urlsafe(32), _now().isoformat()
    connection.execute(
        insert(database.token).values(account_id=account, hash=_hash(kept), name=name, made_at=now)
    )
    return kept


def account_of_token(connection: Connection, kept: str) -> Account | None:
    """Whose token it is; None for none that holds."""
    table = database.token
    found = connection.execute(select(table.c.account_id).where(table.c.hash == _hash(kept))).scalar()
    if found is None:
        return None
    account = account_of(connection, found)
    return account if account.active and not account.temporary else None


def new_setup(connection: Connection) -> str | None:
    """The token of the one-time link with which the first account is made; None where there is an account."""
    if connection.execute(select(func.count()).select_from(database.account)).scalar_one():
        return None
    kept = secrets.token_urlsafe(32)
    connection.execute(delete(database.setup))
    connection.execute(insert(database.setup).values(hash=_hash(kept), made_at=_now().isoformat()))
    return kept


def is_setup(connection: Connection, kept: str) -> bool:
    """Whether it is that link's token, and nobody has used it."""
    return (
        connection.execute(select(database.setup).where(database.setup.c.hash == _hash(kept))).first()
        is not None
    )


def end_setup(connection: Connection) -> None:
    """The link is used."""
    connection.execute(delete(database.setup))


def _hash(kept: str) -> bytes:
    return hashlib.sha256(kept.encode()).digest()


def _now() -> datetime:
    return datetime.now(CHINA)
