"""Tokens of other systems: made by whom they read for, listed, taken back one by one."""

from datetime import date

from starlette.responses import Response

from archive import journal
from web import sessions
from web.asked import Asked, page
from web.errors import BadForm
from web.pages.contract import journal_text
from web.roles import Permission
from web.written import written_day


@page("/account/tokens", None, ("POST",))
def new_token(asked: Asked) -> Response:
    """A token with which another system of the office may what this account may, shown once."""
    name, expires_on = journal_text(asked.field("name")), _last_day(asked)
    if not 1 <= len(name) <= 40:
        raise BadForm(detail="请写明是给哪个系统用的（40 个字以内）。")
    with asked.desk.home.writing() as archive, asked.desk.database.writing() as connection:
        token = sessions.new_token(connection, asked.viewer.account, name, expires_on)
        detail = {"system": name, "until": str(expires_on)}
        journal.record(archive, asked.actor, "token_new", asked.viewer.name, detail)
    return asked.page("token.html", name=name, token=token, expires_on=expires_on)


@page("/account/tokens/{token}/end", None, ("POST",))
def end_ones_own(asked: Asked) -> Response:
    """One's own taken back."""
    _end(asked, asked.viewer.account)
    return asked.to("/account")


@page("/admin/tokens", Permission.ADMINISTER)
def token_list(asked: Asked) -> Response:
    """Those of all accounts."""
    with asked.desk.database.reading() as connection:
        return asked.page("tokens.html", tokens=sessions.tokens(connection))


@page("/admin/tokens/{token}/end", Permission.ADMINISTER, ("POST",))
def end_any(asked: Asked) -> Response:
    """Anybody's taken back."""
    _end(asked, None)
    return asked.to("/admin/tokens")


def _last_day(asked: Asked) -> date:
    """The last day on which a new token is to hold. Raises BadForm."""
    if not asked.field("expires"):
        return sessions.last_day(sessions.TOKEN_DAYS)
    day, first = written_day(asked.field("expires")), sessions.last_day(0)
    last = sessions.last_day(sessions.MOST_TOKEN_DAYS)
    if not first <= day <= last:
        raise BadForm(detail=f"令牌用到哪一天，要在 {first} 到 {last} 之间；到期以后再建一个。")
    return day


def _end(asked: Asked, account: int | None) -> None:
    with (
        asked.desk.database.writing() as connection
    ):  # at once: the journal may have to wait for the archive's lock
        ended = sessions.end_token(connection, asked.number("token"), account)
    with asked.desk.home.writing() as archive:
        journal.record(archive, asked.actor, "token_end", ended.account_name, {"system": ended.name})
