"""`huyue close`: a contract that no longer counts, and why."""

from datetime import date

import click

from archive.closings import close_contract
from archive.states import CHINESE, KINDS
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import DAY, Command, emit, session

EPILOG = "例：huyue --home 档案库 close 451225105001-2026-01-000123-Y --as moved --date 2026-06-01"


@click.command(
    cls=Command,
    epilog=EPILOG,
    short_help="终止一份合同：未签、撤回、迁出、去世、条件不符、作废。",
    help="终止一份合同：declined 未签（自愿，不问原因）、withdrawn 当事人撤回、moved 迁出、died 去世、unfit 条件不再符合、void 作废（编错了，以后重新安排）。",
)
@click.argument("number", type=NUMBER, metavar="合同编号")
@click.option(
    "--as", "kind", required=True, type=click.Choice(list(KINDS)), metavar="方式", help="怎样终止，见上。"
)
@click.option("--date", "day", type=DAY, metavar="日期", help="从哪天起，默认今天。")
@click.option("--reason", default="", metavar="说明", help="备注；declined 不需要原因。")
def close(number: str, kind: str, day: date | None, reason: str) -> None:
    if kind == "declined" and reason:
        raise click.UsageError("未签是自愿的，不问、也不记原因，请去掉 --reason。")
    home, actor = session().open_home(), session().actor()
    with home.writing() as connection:
        find_number(connection, number)
        closed = close_contract(connection, number, kind, day, reason, actor)
    said = f"{number}：{CHINESE[closed.state]}，从 {closed.day} 起。"
    emit(
        {"contract": number, "state": str(closed.state)},
        [said + ("（以前已经这样登记过，没有改动。）" if closed.known else "")],
    )
