"""How the archive is kept: backup, verify, the journal, the key, and what is destroyed after its retention."""

import secrets
import tempfile
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from starlette.responses import Response

from archive import destruction, disposal, journal, keys
from archive.disposal import APPROVED, REFUSED
from archive.disposal_list import write_list
from archive.errors import HuyueError
from archive.rekey import change_key
from pipeline.commands.journal import ACTIONS
from pipeline.indexing import keep_index
from pipeline.journal_words import said
from web.asked import Asked, page
from web.errors import BadForm, NotFound
from web.roles import Permission
from web.work import queued
from web.written import written_day

MOST_ENTRIES = 500
DAYS = 7
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@page("/admin/journal", Permission.JOURNAL)
def journal_page(asked: Asked) -> Response:
    """Who did what, of some days, perhaps of one subject; and the root to be put on paper."""
    first, last = _day(asked, "from", asked.today - timedelta(days=DAYS)), _day(asked, "to", asked.today)
    subject = asked.query("subject").strip()
    with asked.desk.home.reading() as connection:
        found = list(islice(journal.entries(connection, first, last, subject or None), MOST_ENTRIES + 1))
        head = journal.head(connection, last)
    shown = [(one, said(one.detail)) for one in found[:MOST_ENTRIES]]
    return asked.page(
        "journal.html",
        entries=shown,
        more=len(found) > MOST_ENTRIES,
        first=first,
        last=last,
        subject=subject,
        head=head,
        short=journal.short(head.root),
        actions=ACTIONS,
    )


@page("/admin/verify", Permission.ADMINISTER, ("POST",))
def verify(asked: Asked) -> Response:
    """Look over the archive, or the slice of it whose turn it is this month."""
    command = ["verify"]
    if asked.field("part") == "month":
        command += ["--slice", f"{asked.today.month}/12"]
    return queued(asked, "核对档案库", [command])


@page("/admin/backup", Permission.ADMINISTER, ("POST",))
def backup(asked: Asked) -> Response:
    """Back up to a folder of the machine that the desk runs on."""
    folder = Path(asked.field("folder"))
    if not folder.is_absolute() or not folder.is_dir():
        raise BadForm(detail="请写出本机上备份盘的完整路径，如 /media/备份盘 或 E:\\备份；盘要先接好。")
    return queued(asked, "备份", [["backup", str(folder)]])


@page("/admin/key", Permission.ADMINISTER)
def key_page(asked: Asked) -> Response:
    """Where the key is, how it is protected, and who has proposed to change it."""
    home = asked.desk.home
    return asked.page(
        "key.html",
        file=str(home.key_file),
        protected=keys.has_passphrase(home.key_file),
        recovery=home.recovery.is_file(),
        proposed=asked.desk.key_change,
    )


@page("/admin/key", Permission.ADMINISTER, ("POST",))
def change_the_key(asked: Asked) -> Response:
    """Propose another key, or as a second administrator give the archive that key, or take the proposal back."""
    desk, action = asked.desk, asked.field("action")
    if action == "propose":
        desk.key_change = (asked.viewer.account, asked.viewer.name)
        return asked.to("/admin/key")
    if action == "withdraw":
        desk.key_change = None
        return asked.to("/admin/key")
    if action != "approve" or desk.key_change is None:
        raise BadForm(detail="还没有人提出换密钥，请刷新页面。")
    if desk.key_change[0] == asked.viewer.account:
        raise BadForm(detail="提出换密钥的人自己不能批准，请另一位管理员来。")
    if keys.has_passphrase(desk.home.key_file):
        raise BadForm(detail="密钥文件有口令，请关掉网页，在服务的机器上运行 huyue key change。")
    proposed, desk.key_change = desk.key_change, None  # at once: a second click finds none
    new = secrets.token_bytes(keys.LENGTH)
    try:
        desk.home = change_key(desk.home, new, keys.written(new), asked.actor, lambda _: None)
    except HuyueError:  # another command is at work: it can be approved again
        desk.key_change = proposed
        raise
    return asked.to("/admin/key")


@page("/disposals", Permission.READ)
def disposals(asked: Asked) -> Response:
    """The disposals, each with how far it is; only for whoever sees all villages."""
    _require_all_villages(asked)
    with asked.desk.home.reading() as connection:
        return asked.page("disposals.html", disposals=disposal.disposals(connection))


@page("/disposals", Permission.PROPOSE, ("POST",))
def propose(asked: Asked) -> Response:
    """Propose all that is due today."""
    _require_all_villages(asked)
    reason = asked.field("reason")
    if len(reason) < 4:
        raise BadForm(detail="请写鉴定意见（至少 4 个字），它写进清册。不要写姓名。")
    with asked.desk.home.writing() as connection:
        made = disposal.propose(connection, asked.today, (), (), reason, asked.actor)
    return asked.to(f"/disposals/{made.id}")


@page("/disposals/{disposal}", Permission.READ)
def one_disposal(asked: Asked) -> Response:
    """What a disposal lists."""
    found, listed = _disposal(asked)
    return asked.page("disposal.html", disposal=found, listed=listed[:MOST_ENTRIES], count=len(listed))


@page("/disposals/{disposal}/list.xlsx", Permission.READ)
def disposal_list(asked: Asked) -> Response:
    """The list on paper, to be signed."""
    found, listed = _disposal(asked)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "list.xlsx")
        write_list(file, found, listed, asked.names.divisions, asked.today)
        content = file.read_bytes()
    named = f'attachment; filename="disposal-{found.id}.xlsx"'
    return Response(content, media_type=XLSX, headers={"content-disposition": named})


@page("/disposals/{disposal}/decide", Permission.APPROVE, ("POST",))
def decide(asked: Asked) -> Response:
    """Approve or refuse, as another person than who proposed."""
    _require_all_villages(asked)
    number, decision, reason = asked.number("disposal"), asked.field("decision"), asked.field("reason")
    if decision not in (APPROVED, REFUSED):
        raise BadForm(detail="请选批准或退回。")
    if decision == REFUSED and len(reason) < 4:
        raise BadForm(detail="请写明为什么退回（至少 4 个字）。")
    with asked.desk.home.writing() as connection:
        disposal.decide(connection, number, decision, reason, asked.actor)
    return asked.to(f"/disposals/{number}")


@page("/disposals/{disposal}/carry-out", Permission.PROPOSE, ("POST",))
def carry_out(asked: Asked) -> Response:
    """Destroy what was approved."""
    _require_all_villages(asked)
    number = asked.number("disposal")
    if asked.field("sure") != "销毁":
        raise BadForm(detail="销毁以后不能恢复。要销毁，请在框里写“销毁”两个字。")
    destruction.carry_out(asked.desk.home, number, asked.actor, with_quarantined=False)
    keep_index(asked.desk.home, asked.actor)
    return asked.to(f"/disposals/{number}")


def _disposal(asked: Asked) -> tuple[disposal.Disposal, list[disposal.Listed]]:
    """The disposal that the address names, and what it lists; only for whoever sees all villages."""
    _require_all_villages(asked)
    number = asked.number("disposal")
    with asked.desk.home.reading() as connection:
        found = disposal.find_disposal(connection, number)
        listed = disposal.listed(connection, number, asked.names.titles)
    return found, listed


def _require_all_villages(asked: Asked) -> None:
    if asked.viewer.villages is not None:
        raise NotFound()


def _day(asked: Asked, name: str, otherwise: date) -> date:
    return written_day(asked.query(name)) if asked.query(name) else otherwise
