"""`huyue close`: a contract that no longer counts, and why."""

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from archive.closings import close_contract
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.states import CHINESE, KINDS
from pipeline.change_list import decide_by_list, read_list
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import DAY, FILE, Command, emit, session
from pipeline.indexing import keep_index

EPILOG = (
    "例：huyue --home 档案库 close 451225105001-2026-01-000123-Y --as moved --date 2026-06-01；"
    "huyue --home 档案库 close --from 变动名单.xlsx"
)


@click.command(
    cls=Command,
    epilog=EPILOG,
    short_help="终止一份合同：未签、撤回、迁出、去世、条件不符、作废。",
    help="终止一份合同：declined 未签（自愿，不问原因）、withdrawn 当事人撤回、moved 迁出、died 去世、unfit 条件不再符合、void 作废（编错了，以后重新安排）。日期或说明登记错了，用同一种方式再登记一次，就更正了。",
)
@click.argument("number", type=NUMBER, metavar="合同编号", required=False)
@click.option("--as", "kind", type=click.Choice(list(KINDS)), metavar="方式", help="怎样终止，见上。")
@click.option("--date", "day", type=DAY, metavar="日期", help="从哪天起，默认今天。")
@click.option("--reason", default="", metavar="说明", help="备注；declined 不需要原因。")
@click.option(
    "--from",
    "listed",
    type=FILE,
    metavar="名单",
    help="按 roster changes --out 写出、已填好“处理”一栏的名单，一起终止或保留。",
)
def close(
    number: str | None, kind: str | None, day: date | None, reason: str, listed: Path | None
) -> int | None:
    if listed is not None:
        if number or kind or day or reason:
            raise click.UsageError("--from 要单独使用：编号、方式、日期都写在名单里。")
        return _by_list(listed)
    if number is None or kind is None:
        raise click.UsageError("请写合同编号和 --as 方式，或者用 --from 给出名单。")
    _one(number, kind, day, reason)
    return None


def _by_list(listed: Path) -> int:
    home, actor = session().open_home(), session().actor()
    rows = list(read_list(listed))
    with home.writing() as connection:
        done = decide_by_list(connection, listed, rows, actor)
    keep_index(home, actor)
    emit(
        asdict(done),
        [
            f"终止 {done.closed} 份，保留 {done.kept} 份；没有填“处理”的 {done.left} 份，没有动；以前已经这样处理的 {done.known} 份。"
        ],
    )
    return EXIT_LOOK if done.left else EXIT_DONE


def _one(number: str, kind: str, day: date | None, reason: str) -> None:
    if kind == "declined" and reason:
        raise click.UsageError("未签是自愿的，不问、也不记原因，请去掉 --reason。")
    home, actor = session().open_home(), session().actor()
    with home.writing() as connection:
        find_number(connection, number)
        closed = close_contract(connection, number, kind, day, reason, actor)
    said = f"{number}：{CHINESE[closed.state]}，从 {closed.day} 起。"
    if closed.known:
        said += "（以前登记过，已按这次的更正。）" if closed.changed else "（以前已经这样登记过，没有改动。）"
    emit({"contract": number, "state": str(closed.state)}, [said])
