"""One's own account: password, one-time codes, log-out."""

import re
from typing import Any

import pyotp
from sqlalchemy import Connection
from starlette.responses import Response

from web import accounts, sessions
from web.asked import Asked, page
from web.doors import MINUTES, log_out, new_session
from web.errors import BadForm, TooMany
from web.incoming import cookie_of

SECRET = re.compile("[A-Z2-7]{32}")  # base32, as pyotp makes it


@page("/logout", None, ("POST",))
def leave(asked: Asked) -> Response:
    """The session ends."""
    return log_out(asked.desk, asked.request.cookies.get(cookie_of(asked.desk)))


@page("/account", None)
def account(asked: Asked) -> Response:
    """What one may, and the forms."""
    return _page(asked)


@page("/password", None)
def password_page(asked: Asked) -> Response:
    """The form for a new password, which a temporary one leads to."""
    return asked.page("password.html", said="", temporary=asked.session.account.temporary)


@page("/password", None, ("POST",))
def password(asked: Asked) -> Response:
    """Another password; every session ends, and a new one begins here."""
    number = asked.viewer.account
    old, new, again = (str(asked.form.get(name) or "") for name in ("old", "new", "again"))
    try:
        with asked.desk.database.writing() as connection:
            _check_password(asked, connection, old)
            _require(new == again, "两次输入的新密码不一样。")
            _require(new != old, "新密码要和现在的不同。")
            accounts.set_password(connection, number, new, temporary=False)
    except BadForm as problem:
        temporary = asked.session.account.temporary
        return asked.page("password.html", 422, said=problem.message, temporary=temporary)
    return new_session(asked.desk, number, "/")


@page("/account/totp", None, ("POST",))
def totp(asked: Asked) -> Response:
    """Begin to ask for one-time codes once a first one is right, or stop to."""
    number, code = asked.viewer.account, asked.field("code")
    if asked.field("action") == "off":
        with asked.desk.database.writing() as connection:
            old = str(asked.form.get("old") or "")
            _check_password(asked, connection, old)
            accounts.end_totp(connection, number)
        return asked.to("/account")
    _require(not asked.session.account.totp, "已经在用验证码了；要换，先用密码停掉。")
    secret = asked.field("secret")
    if not secret or not code:
        return _page(asked, secret=pyotp.random_base32())
    _require(SECRET.fullmatch(secret) is not None, "请重新开始设置验证码。")
    with asked.desk.database.writing() as connection:
        if not accounts.begin_totp(connection, number, secret, code):
            return _page(asked, 422, said="验证码不对，请看手机上现在显示的六位数。", secret=secret)
    return asked.to("/account")


def _page(asked: Asked, status: int = 200, said: str = "", secret: str = "") -> Response:
    """The page; `secret` is what one-time codes are about to be made from."""
    with asked.desk.database.reading() as connection:
        tokens = sessions.tokens(connection, asked.viewer.account)
    values: dict[str, Any] = {"tokens": tokens, "expires_on": sessions.last_day(sessions.TOKEN_DAYS)}
    values |= {"first": sessions.last_day(0), "last": sessions.last_day(sessions.MOST_TOKEN_DAYS)}
    account = asked.session.account
    return asked.page("account.html", status, said=said, secret=secret, account=account, **values)


def _check_password(asked: Asked, connection: Connection, written: str) -> None:
    """Raises BadForm for another than one's own, TooMany for whoever found a browser open and guesses."""
    tries, who = asked.request.app.state.tries, f"account {asked.viewer.account}"
    if tries.is_over(who):
        raise TooMany(minutes=MINUTES)
    tries.add(who)
    _require(accounts.has_password(connection, asked.viewer.account, written), "现在的密码不对。")
    tries.take_back(who)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadForm(detail=otherwise)
