"""Administration: accounts and their roles; what else an administrator comes for is linked from here."""

import secrets
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from archive import journal
from archive.numbers import TOWN_DIGITS, VILLAGE_DIGITS
from web import accounts
from web.accounts import Account
from web.asked import Asked, page
from web.errors import BadForm
from web.roles import LIMITED, Permission, Role

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@page("/admin", Permission.JOURNAL)
def admin(asked: Asked) -> Response:
    """What there is to administer."""
    return asked.page("admin.html")


@page("/admin/accounts", Permission.ADMINISTER)
def account_list(asked: Asked) -> Response:
    """All accounts."""
    with asked.desk.database.reading() as connection:
        return asked.page("accounts.html", accounts=accounts.accounts(connection))


@page("/admin/accounts/new", Permission.ADMINISTER)
def new_account(asked: Asked) -> Response:
    """The form for a new one."""
    return asked.page("account_form.html", account=None, said="", **_choices(asked))


@page("/admin/accounts/new", Permission.ADMINISTER, ("POST",))
def add_account(asked: Asked) -> Response:
    """A new account with a password that is shown once, and must be changed at the first log-in."""
    name, role, villages = asked.field("name"), _role(asked), _villages(asked)
    password = _password()
    try:
        with asked.desk.home.writing() as archive, asked.desk.database.writing() as connection:
            number = accounts.add(connection, name, role, villages, password, temporary=True)
            _record(asked, archive, "account_add", accounts.account_of(connection, number))
    except BadForm as problem:
        return asked.page("account_form.html", 422, account=None, said=problem.message, **_choices(asked))
    return asked.page("account_password.html", name=name.strip(), password=password)


@page("/admin/accounts/{account}", Permission.ADMINISTER)
def one_account(asked: Asked) -> Response:
    """One account, to be changed."""
    with asked.desk.database.reading() as connection:
        found = accounts.account_of(connection, asked.number("account"))
    return asked.page("account_form.html", account=found, said="", **_choices(asked))


@page("/admin/accounts/{account}", Permission.ADMINISTER, ("POST",))
def change_account(asked: Asked) -> Response:
    """Another role, other villages, no more log-in: whoever is logged in with it is logged out."""
    number, role, villages = asked.number("account"), _role(asked), _villages(asked)
    with asked.desk.home.writing() as archive, asked.desk.database.writing() as connection:
        active = asked.field("active") == "yes"
        found = accounts.change(connection, number, role=role, villages=villages, active=active)
        _record(asked, archive, "account_change", found)
    return asked.to("/admin/accounts")


@page("/admin/accounts/{account}/password", Permission.ADMINISTER, ("POST",))
def reset_password(asked: Asked) -> Response:
    """A new temporary password, shown once; no one-time code is asked for any more."""
    number, password = asked.number("account"), _password()
    with asked.desk.home.writing() as archive, asked.desk.database.writing() as connection:
        found = accounts.account_of(connection, number)
        accounts.set_password(connection, number, password, temporary=True)
        accounts.end_totp(connection, number)
        _record(asked, archive, "account_password", found)
    return asked.page("account_password.html", name=found.name, password=password)


def _choices(asked: Asked) -> dict[str, Any]:
    """What the form offers: roles, towns with their villages."""
    divisions = asked.names.divisions
    towns = [
        (
            code,
            name,
            [
                (one, of)
                for one, of in sorted(divisions.items())
                if len(one) == VILLAGE_DIGITS and one.startswith(code)
            ],
        )
        for code, name in sorted(divisions.items())
        if len(code) == TOWN_DIGITS
    ]
    return {"towns": towns, "limited": LIMITED}


def _role(asked: Asked) -> Role:
    written = asked.field("role")
    if written not in set(Role):
        raise BadForm(detail="请选一个角色。")
    return Role(written)


def _villages(asked: Asked) -> list[str]:
    known = asked.names.divisions
    written = [code for code in asked.fields("village") if code]
    if any(code not in known or len(code) not in (TOWN_DIGITS, VILLAGE_DIGITS) for code in written):
        raise BadForm(detail="有一个村不在区划里，请刷新页面再选。")
    return written


def _password() -> str:
    """Sixteen letters in groups, easy to read aloud: 79 bits."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def _record(asked: Asked, archive: Connection, action: str, account: Account) -> None:
    detail = {"role": str(account.role), "villages": list(account.villages), "active": account.active}
    journal.record(archive, asked.actor, action, account.name, detail)
