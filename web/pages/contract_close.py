"""A contract that no longer counts, and why."""

from starlette.responses import Response

from archive.closings import close_contract
from archive.states import KINDS
from web.asked import Asked, page
from web.errors import BadForm
from web.pages.contract import contract_number, journal_text
from web.pages.rosters import day_of
from web.roles import Permission


@page("/contracts/{number}/close", Permission.CLOSE, ("POST",))
def close(asked: Asked) -> Response:
    """Close it from a day on (today if none is given); once more in the same way corrects what was said before."""
    kind, day, reason = asked.field("as"), day_of(asked, "date"), journal_text(asked.field("reason"))
    if kind not in KINDS:
        raise BadForm(detail="请选为什么不再算数。")
    if kind == "declined" and reason:
        raise BadForm(detail="未签是自愿的，不问、也不记原因，请把说明删去。")
    with asked.desk.home.writing() as connection:
        number = contract_number(asked, connection)
        close_contract(connection, number, kind, day, reason, asked.actor)
    return asked.to(f"/contracts/{number}")
