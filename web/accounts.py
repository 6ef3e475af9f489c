"""Accounts of the desk: who may log in, with what password, in which role, for which villages.

Passwords are kept as argon2id (64 MiB and 3 passes, as RFC 9106 has them where memory is short; one lane, since the
desk's machine has few cores), one-time codes are RFC 6238.
After FREE failures in a row an account is locked for a minute, then twice as long with each further one, at most an
hour. What was wrong is never said.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from archive.journal import CHINA
from web import database
from web.errors import AccountTaken, BadForm, LastAdministrator, NotFound
from web.roles import LIMITED, Role

FREE = 5  # wrong passwords in a row that cost nothing
LEAST, MOST = 10, 200  # characters of a password
NAME = re.compile(r"[\w·.\-]{1,40}")
STEP = 30  # seconds of a one-time code
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)


@dataclass(frozen=True, slots=True)
class Account:
    """`villages` are codes of villages or towns, none for all; `temporary`: the password is to be changed first."""

    id: int
    name: str
    role: Role
    villages: tuple[str, ...]
    temporary: bool
    active: bool
    totp: bool


def accounts(connection: Connection) -> list[Account]:
    """All of them, by name."""
    return [_account(row) for row in connection.execute(select(database.account).order_by("name"))]


def account_of(connection: Connection, number: int) -> Account:
    """Raises NotFound."""
    row = connection.execute(select(database.account).where(database.account.c.id == number)).first()
    if row is None:
        raise NotFound()
    return _account(row)


def add(
    connection: Connection, name: str, role: Role, villages: Iterable[str], password: str, *, temporary: bool
) -> int:
    """A new account's number. Raises BadForm, AccountTaken."""
    name, kept = name.strip(), tuple(sorted(set(villages)))
    if not NAME.fullmatch(name):
        raise BadForm(detail="账号名要有 1 到 40 个字，只用汉字、字母、数字、点和连字号。")
    check_villages(role, kept)
    check_password(password, name)
    table = database.account
    if connection.execute(select(table.c.id).where(table.c.name == name)).first():
        raise AccountTaken(name=name)
    done = connection.execute(
        insert(table).values(
            name=name,
            role=str(role),
            villages=json.dumps(kept),
            password=_HASHER.hash(password),
            temporary=temporary,
            active=True,
            totp_step=0,
            failures=0,
            locked_until="",
            made_at=_now().isoformat(),
            changed_at="",
        )
    )
    return int(done.lastrowid)


def check_villages(role: Role, villages: tuple[str, ...]) -> None:
    """Raises BadForm where a role and villages do not go together."""
    if role is Role.CLERK and not villages:
        raise BadForm(detail="经办人要写明负责哪些村（或整个乡镇）。")
    if villages and role not in LIMITED:
        raise BadForm(detail="只有经办人和检查人员可以限定村；别的角色看全部的村。")


def check_password(password: str, name: str) -> None:
    """Raises BadForm for a password that is too short, too long, or the name."""
    if not LEAST <= len(password) <= MOST:
        raise BadForm(detail=f"密码要有 {LEAST} 到 {MOST} 个字符；用几个词连起来，好记又难猜。")
    if len(set(password)) < 4 or name.lower() in password.lower():
        raise BadForm(detail="这个密码太容易猜：不要用账号名，也不要老是同几个字符。")


def change(
    connection: Connection, number: int, *, role: Role, villages: Iterable[str], active: bool
) -> Account:
    """Another role, other villages, or no more log-in; all its sessions and tokens end.

    Raises NotFound, BadForm, LastAdministrator.
    """
    before, kept = account_of(connection, number), tuple(sorted(set(villages)))
    check_villages(role, kept)
    table = database.account
    if before.role is Role.ADMINISTRATOR and before.active and (role is not Role.ADMINISTRATOR or not active):
        admins = select(func.count()).where(table.c.role == str(Role.ADMINISTRATOR), table.c.active == 1)
        if connection.execute(admins).scalar_one() < 2:
            raise LastAdministrator()
    connection.execute(
        update(table)
        .where(table.c.id == number)
        .values(role=str(role), villages=json.dumps(kept), active=active, changed_at=_now().isoformat())
    )
    end_all(connection, number)
    return account_of(connection, number)


def set_password(connection: Connection, number: int, password: str, *, temporary: bool) -> None:
    """Raises BadForm. All sessions and tokens of the account end, and its lock is taken off."""
    check_password(password, account_of(connection, number).name)
    connection.execute(
        update(database.account)
        .where(database.account.c.id == number)
        .values(password=_HASHER.hash(password), temporary=temporary, failures=0, locked_until="")
    )
    end_all(connection, number)


def end_all(connection: Connection, number: int) -> None:
    """End an account's sessions and tokens."""
    connection.execute(delete(database.session).where(database.session.c.account_id == number))
    connection.execute(delete(database.token).where(database.token.c.account_id == number))


def log_in(connection: Connection, name: str, password: str, code: str) -> Account | None:
    """The account, if name, password and one-time code are right and it is not locked; a failure is counted."""
    table = database.account
    row = connection.execute(select(table).where(table.c.name == name.strip())).first()
    right = _verified(row.password if row is not None and row.active else _nobody(), password)
    if row is None or not row.active:
        return None
    now = _now()
    if row.locked_until > now.isoformat():
        return None
    step = _step_of(row.totp, row.totp_step, code, now)
    if not right or step is None:
        failures = row.failures + 1
        wait = min(2 ** (failures - FREE), 60) if failures >= FREE else 0
        until = (now + timedelta(minutes=wait)).isoformat() if wait else ""
        connection.execute(
            update(table).where(table.c.id == row.id).values(failures=failures, locked_until=until)
        )
        return None
    values: dict[str, object] = {"failures": 0, "locked_until": "", "totp_step": step}
    if _HASHER.check_needs_rehash(row.password):
        values["password"] = _HASHER.hash(password)
    connection.execute(update(table).where(table.c.id == row.id).values(**values))
    return _account(row)


def has_password(connection: Connection, number: int, password: str) -> bool:
    """Whether it is the account's."""
    kept = select(database.account.c.password).where(database.account.c.id == number)
    return _verified(connection.execute(kept).scalar_one(), password)


def begin_totp(connection: Connection, number: int, secret: str, code: str) -> bool:
    """Ask for a one-time code at log-in from now on, if this one is right; it is used with that."""
    step = _step_of(secret, 0, code, _now())
    if step is not None:
        _set_totp(connection, number, secret, step)
    return step is not None


def end_totp(connection: Connection, number: int) -> None:
    """Ask for no one-time code any more."""
    _set_totp(connection, number, None, 0)


def _set_totp(connection: Connection, number: int, secret: str | None, step: int) -> None:
    table = database.account
    connection.execute(update(table).where(table.c.id == number).values(totp=secret, totp_step=step))


def _step_of(secret: str | None, used: int, code: str, now: datetime) -> int | None:
    """The 30 seconds that the one-time code is of, after those `used`; None for a wrong one, 0 where none is asked for."""
    if secret is None:
        return 0
    current, asked = int(now.timestamp()) // STEP, pyotp.TOTP(secret)
    for step in (current, current - 1, current + 1):
        if step > used and pyotp.utils.strings_equal(code.strip(), asked.at(step * STEP)):
            return step
    return None


def _verified(kept: str, password: str) -> bool:
    if len(password) > MOST:
        return False
    try:
        return _HASHER.verify(kept, password)
    except VerificationError:
        return False


@cache
def _nobody() -> str:
    """What is verified for an account that is not there, so that it takes as long."""
    return _HASHER.hash("nobody's password")


def _account(row: Row[tuple[object, ...]]) -> Account:
    return Account(
        row.id,
        row.name,
        Role(row.role),
        tuple(json.loads(row.villages)),
        bool(row.temporary),
        bool(row.active),
        row.totp is not None,
    )


def _now() -> datetime:
    return datetime.now(CHINA)
