"""One contract: who, what, until when, what of it is filed, what is in its boxes, and how it came so."""

from urllib.parse import quote

from sqlalchemy import Connection, select
from starlette.responses import Response

from archive import journal
from archive.catalogue import tables
from archive.filings import Filing, filing_versions
from archive.numbers import parse
from pipeline.commands.show import EVENTS, VERDICTS
from pipeline.contracts import layout_of_id
from pipeline.intake.looking import FiledBox, ScannedPage
from pipeline.showing import show_contract
from web.asked import Asked, page
from web.desk import Viewer
from web.errors import BadForm, NotFound
from web.pictures import picture_of
from web.roles import Permission

LEAST_REASON = 4  # characters
MARGIN = 3.0  # mm around a box


@page("/contracts/{number}", Permission.READ)
def contract(asked: Asked) -> Response:
    """The page."""
    with asked.desk.home.reading() as connection:
        number = contract_number(asked, connection)
        shown = show_contract(connection, number, asked.today)
    return asked.page(
        "contract.html", number=number, shown=shown, value=shown.value, events=EVENTS, verdicts=VERDICTS
    )


@page("/contracts/{number}/scan.pdf", Permission.READ)
def scan(asked: Asked) -> Response:
    """The signed paper, of the newest version or of ?version=N: to be looked at here, or kept with ?keep=1."""
    with asked.desk.home.reading() as connection:
        number = contract_number(asked, connection)
        blob = _version(filing_versions(connection, number), asked.query("version")).blob
        if blob is None:  # destroyed after its retention
            raise NotFound()
        content = asked.desk.home.vault(connection).get(connection, blob)
    kind = "attachment" if asked.query("keep") else "inline"
    headers = {"content-disposition": f"{kind}; filename*=UTF-8''{quote(number)}.pdf"}
    return Response(content, media_type="application/pdf", headers=headers)


@page("/contracts/{number}/view", Permission.READ)
def view(asked: Asked) -> Response:
    """The signed paper in a viewer, with the words of a search marked."""
    with asked.desk.home.reading() as connection:
        number = contract_number(asked, connection)
        version = _version(filing_versions(connection, number), asked.query("version")).version
    return asked.page("view.html", number=number, version=version, words=asked.query("q"))


@page("/contracts/{number}/boxes/{box}", Permission.READ)
def box(asked: Asked) -> Response:
    """A box of the newest version as it was filled in."""
    with asked.desk.home.reading() as connection:
        number = contract_number(asked, connection)
        filing = _version(filing_versions(connection, number), "")
        look = _box(connection, filing, asked.path("box"))
    return picture_of(asked, look)


@page("/contracts/{number}/unmask", Permission.UNMASK, ("POST",))
def unmask(asked: Asked) -> Response:
    """The parties' identity numbers, for a reason that the journal keeps."""
    reason = asked.field("reason")
    if len(reason) < LEAST_REASON:
        raise BadForm(detail="请写明为什么要看身份证号（至少 4 个字），这会记在操作日志里。")
    with asked.desk.home.writing() as connection:
        number = contract_number(asked, connection)
        journal.record(connection, asked.actor, "unmask", number, {"reason": journal_text(reason)})
        party = tables.party
        rows = connection.execute(
            select(party.c.name, party.c.id_number)
            .where(party.c.contract == number)
            .order_by(party.c.position)
        ).all()
    return asked.page("unmasked.html", parties=[(row.name, row.id_number) for row in rows])


def contract_number(asked: Asked, connection: Connection) -> str:
    """The contract of the address. Raises NotFound."""
    return require_contract(connection, asked.viewer, asked.path("number"))


def require_contract(connection: Connection, viewer: Viewer, written: str) -> str:
    """A contract's number. Raises NotFound for none, and for one of a village that may not be seen, alike."""
    number = parse(written)
    if number is None or not viewer.sees(number.village):
        raise NotFound()
    table = tables.contract
    if connection.execute(select(table.c.number).where(table.c.number == str(number))).first() is None:
        raise NotFound()
    return str(number)


def journal_text(reason: str) -> str:
    """A reason as it may stand in the journal: no people's numbers, no line breaks, not too long."""
    from archive.paper_words import masked

    return masked(" ".join(reason.split()))[:200]


def _box(connection: Connection, filing: Filing, name: str) -> FiledBox:
    """Where a box that somebody signs lies in a filing's scans. Raises NotFound for none, or for a tick, which is private."""
    for sheet in filing.sheets:
        layout = layout_of_id(connection, sheet.layout) if sheet.bearing and filing.blob else None
        places = layout.sheets[sheet.sheet - 1].boxes if layout else ()
        for one in places:
            if one.name == name and one.kind != "tick" and filing.blob:
                area = (one.x - MARGIN, one.y - MARGIN, one.w + 2 * MARGIN, one.h + 2 * MARGIN)
                return FiledBox(ScannedPage(filing.blob, sheet.position), sheet.bearing, area)
    raise NotFound()


def _version(versions: list[Filing], asked_for: str) -> Filing:
    """The version asked for, the newest where none is. Raises NotFound."""
    found = [one for one in versions if not asked_for or str(one.version) == asked_for]
    if not found:
        raise NotFound()
    return found[-1]
