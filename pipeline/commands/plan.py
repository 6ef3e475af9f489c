"""`huyue plan`: decide who is offered which contract, and number them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.campaigns import open_campaign, require_open
from pipeline.console import DAY, FILE, Command, emit, progress, session
from pipeline.errors import NothingToPlan
from pipeline.indexing import keep_index
from pipeline.planning import plan_villages, villages_to_plan, waiting_reasons
from pipeline.renewal_list import read_renewals
from pipeline.settings import read_settings
from pipeline.templates_in_use import named, templates_in_use

SHOWN = 20
EPILOG = "例：huyue --home 档案库 plan --campaign 2026春 --date 2026-03-01；加 --dry-run 先看数目。"


@click.command(
    cls=Command,
    epilog=EPILOG,
    help="按各合同模板的规则，算出每一户、每个人该给哪几份合同，编好号。再运行一次不会重复；已有编号的保持不变。",
)
@click.option("--campaign", "name", required=True, metavar="批次", help="签约批次的名字，如 2026春。")
@click.option("--date", "day", type=DAY, metavar="日期", help="批次日期，第一次安排时定下，以后不再变。")
@click.option("--closes", type=DAY, metavar="日期", help="签约截止日，默认批次日期后 30 天。")
@click.option("--village", metavar="村", help="只安排一个村：代码或村名。")
@click.option(
    "--from",
    "listed",
    type=FILE,
    metavar="名单",
    help="只安排 worklist renew 写出的到期续签名单上的当事人和合同；不续的，先从名单里删去那一行。",
)
@click.option(
    "--template",
    "named_ones",
    multiple=True,
    metavar="模板",
    help="只安排这种合同：模板名、编号或名称；可以写几次。",
)
@click.option("--dry-run", is_flag=True, help="只算数目，不写入。")
def plan(
    name: str,
    day: date | None,
    closes: date | None,
    village: str | None,
    listed: Path | None,
    named_ones: tuple[str, ...],
    dry_run: bool,
) -> int:
    home, actor = session().open_home(), session().actor()
    settings = read_settings(home.settings)
    with home.writing(dry_run=dry_run) as connection:
        campaign = open_campaign(connection, name, day, closes)
        require_open(campaign)
        templates = [one.template for one in templates_in_use(connection)]
        chosen = {named(templates, one).manifest.name for one in named_ones} or None
        offered = [one for one in templates if chosen is None or one.manifest.name in chosen]
        villages = villages_to_plan(connection, offered, settings, village)
        renewals = None if listed is None else read_renewals(connection, listed)
        if renewals is not None:
            villages = [one for one in villages if one in renewals.villages]
        if not villages:
            raise NothingToPlan(place=f"“{village}”" if village else "档案库里")
        with progress("安排合同（村）", len(villages)) as bar:
            only = None if renewals is None else set(renewals.parties.values())
            counts = plan_villages(
                connection, campaign, villages, templates, settings, actor, bar.advance, only, chosen
            )
        reasons = waiting_reasons(connection, campaign)
        unplanned = [] if renewals is None else renewals.unplanned(connection, campaign)
    if not dry_run:
        keep_index(home, actor)
    titles = {template.manifest.name: template.manifest.title for template in templates}
    listed_ones = {} if renewals is None else {"listed": len(renewals.parties), "unplanned": unplanned}
    emit(
        asdict(counts) | listed_ones,
        [
            f"{'（试算，没有写入）' if dry_run else ''}签约批次“{campaign.name}”，日期 {campaign.day}，截止 {campaign.closes}。",
            f"拟签 {counts.obligations} 份：已编号 {counts.contracts} 份（这次新编 {counts.added} 份），待定 {counts.waiting} 份。",
            *(f"  {titles.get(one, one)} {count} 份" for one, count in counts.by_template.items()),
            *(["待定的原因："] if reasons else []),
            *(f"  {reason}：{count} 份" for reason, count in reasons),
            *([] if renewals is None else _of_list(len(renewals.parties), unplanned)),
        ],
    )
    return EXIT_LOOK if unplanned else EXIT_DONE


def _of_list(listed: int, unplanned: Sequence[str]) -> list[str]:
    """What became of a list."""
    said = [f"名单上 {listed} 份，这个批次里已经安排 {listed - len(unplanned)} 份。"]
    if unplanned:
        said.append(
            f"没有安排的 {len(unplanned)} 份：批次截止以前不到期、不再符合条件、待定，或者花名册里没有了："
        )
        said += [f"  {number}" for number in unplanned[:SHOWN]]
        said += [f"  ……其余 {len(unplanned) - SHOWN} 份见 --json。"] * (len(unplanned) > SHOWN)
    return said
