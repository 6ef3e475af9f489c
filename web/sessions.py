"""Who is logged in: sessions of browsers, tokens of other systems, the one-time link of the first start.

Only hashes of what browsers and systems hold are kept. A session ends after IDLE without a request, in any case after
LONGEST, at log-out, and when its account is changed. A token ends after the day that was said when it was made.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from archive.journal import CHINA
from web import database
from web.accounts import Account, account_of
from web.errors import NotFound

IDLE, LONGEST = timedelta(hours=2), timedelta(hours=12)
SEEN = timedelta(minutes=1)  # how exactly it is kept when a session was last used
TOKEN_DAYS, MOST_TOKEN_DAYS = 365, 730  # for which a token holds, if nothing else is said; at most


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in of a browser; `csrf` is what its forms must send back."""

    account: Account
    csrf: str


@dataclass(frozen=True, slots=True)
class Token:
    """What lets another system in, made by its account; `used_on` is the last day on which it was used, None for never."""

    id: int
    account: int
    account_name: str
    name: str
    made_on: date
    used_on: date | None
    expires_on: date

    @property
    def expired(self) -> bool:
        return self.expires_on < _now().date()


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


def new_token(connection: Connection, account: int, name: str, expires_on: date) -> str:
    """A token for another system, which may what the account may; it is shown this once."""
    kept, today = secrets.token_urlsafe(32), _now().date().isoformat()
    values = {"account_id": account, "hash": _hash(kept), "name": name, "made_on": today, "used_on": ""}
    connection.execute(insert(database.token).values(values | {"expires_on": expires_on.isoformat()}))
    return kept


def tokens(connection: Connection, account: int | None = None) -> list[Token]:
    """All tokens, or an account's, by account, the oldest first; those that have expired, too."""
    table, owner = database.token, database.account
    query = select(table, owner.c.name.label("account_name")).join(owner, owner.c.id == table.c.account_id)
    if account is not None:
        query = query.where(table.c.account_id == account)
    return [_token(row) for row in connection.execute(query.order_by(owner.c.name, table.c.id))]


def end_token(connection: Connection, number: int, account: int | None = None) -> Token:
    """Take a token back, only an account's where one is given; what it was. Raises NotFound."""
    found = next((one for one in tokens(connection, account) if one.id == number), None)
    if found is None:
        raise NotFound()
    connection.execute(delete(database.token).where(database.token.c.id == number))
    return found


def account_of_token(connection: Connection, kept: str) -> tuple[Account, bool] | None:
    """Whose token it is, and whether it is to be noted that it was used today; None for none that holds."""
    table, today = database.token, _now().date().isoformat()
    row = connection.execute(
        select(table).where(table.c.hash == _hash(kept), table.c.expires_on >= today)
    ).first()
    if row is None:
        return None
    account = account_of(connection, row.account_id)
    return (account, row.used_on != today) if account.active and not account.temporary else None


def touch_token(connection: Connection, kept: str) -> None:
    """Note that a token was used today."""
    table, today = database.token, _now().date().isoformat()
    connection.execute(update(table).where(table.c.hash == _hash(kept)).values(used_on=today))


def last_day(days: int) -> date:
    """The last day of something that holds for so many days from today, by the clock: no --today makes it longer."""
    return _now().date() + timedelta(days=days)


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


def _token(row: Row[tuple[object, ...]]) -> Token:
    return Token(
        row.id,
        row.account_id,
        row.account_name,
        row.name,
        date.fromisoformat(row.made_on),
        date.fromisoformat(row.used_on) if row.used_on else None,
        date.fromisoformat(row.expires_on),
    )


def _hash(kept: str) -> bytes:
    return hashlib.sha256(kept.encode()).digest()


def _now() -> datetime:
    return datetime.now(CHINA)
