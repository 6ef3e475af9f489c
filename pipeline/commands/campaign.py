"""`huyue campaign`: the rounds of signing."""

from collections.abc import Iterator
from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.campaign_close import (
    Look,
    certificate_name,
    close_campaign,
    look,
    look_json,
    missing_lines,
    write_out_list,
)
from pipeline.campaigns import campaigns, find_campaign
from pipeline.console import FILE, Command, Group, emit, session
from pipeline.indexing import names_of
from pipeline.planning import plan_counts

CLOSE_EPILOG = (
    "例：huyue --home 档案库 campaign close 2026春 --dry-run；"
    "huyue --home 档案库 campaign close 2026春 --list 未收回.xlsx；"
    "huyue --home 档案库 campaign close 2026春 --out 清点证明.pdf"
)


@click.group(cls=Group, help="签约批次。")
def campaign() -> None:
    """The campaign commands."""


@campaign.command(
    "list", cls=Command, epilog="例：huyue --home 档案库 campaign list", help="列出签约批次和各有多少份合同。"
)
def list_() -> None:
    with session().open_home().reading() as connection:
        rows = [(one, plan_counts(connection, one, 0, ())) for one in campaigns(connection)]
    emit(
        [
            {
                "name": one.name,
                "date": one.day.isoformat(),
                "closes": one.closes.isoformat(),
                "closed": "" if one.closed_on is None else one.closed_on.isoformat(),
                "contracts": counts.contracts,
                "waiting": counts.waiting,
            }
            for one, counts in rows
        ],
        [
            f"{one.name}　日期 {one.day}　截止 {one.closes}　合同 {counts.contracts} 份　待定 {counts.waiting} 份"
            + (f"　{one.closed_on} 清点办结" if one.closed_on else "")
            for one, counts in rows
        ]
        or ["还没有签约批次。"],
    )


@campaign.command(
    cls=Command,
    epilog=CLOSE_EPILOG,
    short_help="清点办结一个批次，出清点证明。",
    help="清点一个批次：打印出去的每一页，或已归档，或因作废、未签、终止抽出。都有着落，就办结，出清点证明（PDF）；没有，就说出哪个村还差什么。办结以后不能再安排、打印，收件照常；再办一次，是把同一份证明再写一遍。",
)
@click.argument("name", metavar="批次")
@click.option("--out", type=FILE, metavar="文件", help="清点证明（PDF）存到这里，默认在当前文件夹。")
@click.option("--list", "listed", type=FILE, metavar="文件", help="没有收回的合同，另存 Excel 清单。")
@click.option("--dry-run", is_flag=True, help="只清点，不办结。")
def close(name: str, out: Path | None, listed: Path | None, dry_run: bool) -> int:
    home, actor = session().open_home(), session().actor()
    names = names_of(home)
    with home.reading() as connection:
        found = look(connection, find_campaign(connection, name), names, actor)
        if listed is not None and found.first:
            write_out_list(connection, listed, found.campaign, names, actor)
    certificate = None
    if found.certificate is not None and not dry_run:
        certificate = out or certificate_name(name)
        found = close_campaign(home, name, certificate, names, actor)
        if found.certificate is None:  # a page came back in the meantime
            certificate = None
    lines = list(missing_lines(found, names) if found.certificate is None else _counted(found, certificate))
    if listed is not None:
        lines.append(f"未收回清单：{listed}。" if found.first else "没有未收回的页，没有写清单。")
    emit(look_json(found, certificate), lines)
    return EXIT_LOOK if found.certificate is None else EXIT_DONE


def _counted(found: Look, certificate: Path | None) -> Iterator[str]:
    """What is said of a campaign whose sheets are all accounted for."""
    assert found.certificate is not None  # noqa: S101
    total, name = found.certificate.total, found.campaign.name
    pulled = sum(total.pulled.values())
    if found.counts is None:
        yield f"签约批次“{name}”已于 {found.certificate.closed_on} 清点办结。"
    elif certificate is None:
        yield f"（只清点，没有办结）签约批次“{name}”可以办结。"
    else:
        yield f"签约批次“{name}”清点办结。"
    yield f"打印 {total.contracts} 份 {total.sheets} 页：已归档 {total.filed} 页，抽出 {pulled} 页，没有未收回的。"
    if total.unprinted:
        yield f"另有 {total.unprinted} 份安排了、没有打印；办结以后不能再打印。"
    if certificate is not None:
        yield f"清点证明：{certificate}。"
