"""`huyue campaign`: the rounds of signing."""

import click

from pipeline.campaigns import campaigns
from pipeline.console import Command, Group, emit, session
from pipeline.planning import plan_counts


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
                "contracts": counts.contracts,
                "waiting": counts.waiting,
            }
            for one, counts in rows
        ],
        [
            f"{one.name}　日期 {one.day}　截止 {one.closes}　合同 {counts.contracts} 份　待定 {counts.waiting} 份"
            for one, counts in rows
        ]
        or ["还没有签约批次。"],
    )
