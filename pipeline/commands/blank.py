"""`huyue blank`: contracts printed without a party, for people met on the spot."""

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.states import CHINESE
from pipeline.blank_signers import assign
from pipeline.blanks import Blank, blanks, new_blanks, void_blanks
from pipeline.campaigns import find_campaign
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import Command, Group, emit, session
from pipeline.indexing import names_of
from pipeline.planning import divisions_of
from pipeline.settings import read_settings
from pipeline.templates_in_use import named, templates_of

MOST = 500  # at a time
SHOWN = 5
CAMPAIGN = click.option("--campaign", "name", required=True, metavar="批次", help="签约批次的名字。")


@click.group(
    cls=Group, short_help="空白合同：现场遇到的人用。", help="空白合同：有编号、没有当事人，现场遇到的人用。"
)
def blank() -> None:
    """The commands for blank contracts."""


@blank.command(
    cls=Command,
    epilog="例：huyue --home 档案库 blank new --campaign 2026春 --village 冲洞村 --template away_period --count 10",
    help="编若干份空白合同：村、批次、期限都印好，当事人的各项空着，当场手写。随批次一起打印，排在本村最后。",
)
@CAMPAIGN
@click.option("--village", required=True, metavar="村", help="哪个村：代码或村名。")
@click.option("--template", required=True, metavar="合同", help="哪种合同：英文名、编号（如 04）或中文名称。")
@click.option("--count", required=True, type=click.IntRange(1, MOST), metavar="份数", help="编几份。")
def new(name: str, village: str, template: str, count: int) -> None:
    home, actor = session().open_home(), session().actor()
    settings, chosen = read_settings(home.settings), named(templates_of(home), template)
    with home.writing() as connection:
        campaign = find_campaign(connection, name)
        code = divisions_of(connection).find_village(village)
        numbers = new_blanks(connection, campaign, code, chosen, count, settings, actor)
    emit(
        {"contracts": numbers},
        [
            f"《{chosen.manifest.title}》空白合同 {len(numbers)} 份：{_listed(numbers)}。",
            f"请用 huyue print --campaign {name} 打印；有人签了，用 huyue blank assign 登记。",
        ],
    )


@blank.command(
    "list",
    cls=Command,
    epilog="例：huyue --home 档案库 blank list --campaign 2026春",
    help="列出一个批次的空白合同：打印没有、收回没有、登记了是谁签的没有。收回了却没有登记的，退出码 1。",
)
@CAMPAIGN
@click.option("--village", metavar="村", help="只列一个村：代码或村名。")
def list_(name: str, village: str | None) -> int:
    home, actor = session().open_home(), session().actor()
    names = names_of(home)
    with home.reading() as connection:
        campaign = find_campaign(connection, name)
        code = divisions_of(connection).find_village(village) if village else None
        found = blanks(connection, campaign, code, None, actor.today)
    unclear = sum(one.unclear for one in found)
    lines = [
        f"{one.standing.number}　{names.titles[one.standing.template]}　{names.village(one.standing.village)}　"
        f"{CHINESE[one.standing.state]}　{_said(one)}"
        for one in found
    ]
    if unclear:
        lines.append(f"有 {unclear} 份收回了还没有登记是谁签的，请用 huyue blank assign 登记。")
    emit({"blanks": [_json(one) for one in found]}, lines or ["这个批次没有空白合同。"])
    return EXIT_LOOK if unclear else EXIT_DONE


@blank.command(
    "assign",
    cls=Command,
    epilog=(
        "例：huyue --home 档案库 blank assign 451225105001-2026-04-000123-Y --name 韦样 --id-number 45…；"
        "按户签的加 --household 户编号 --group 组"
    ),
    help="登记一份空白合同是谁签的。写错了，再登记一次就更正了，要把各项都写上。",
)
@click.argument("number", type=NUMBER, metavar="合同编号")
@click.option("--name", required=True, metavar="姓名", help="签的人（户的合同是户主）。")
@click.option("--id-number", required=True, metavar="号码", help="公民身份号码。")
@click.option("--spouse-name", metavar="姓名", help="夫妻合同的另一人。")
@click.option("--spouse-id-number", metavar="号码", help="另一人的公民身份号码。")
@click.option("--household", default="", metavar="户编号", help="户编号；按户签的合同必须写。")
@click.option("--group", type=click.IntRange(0, 999), default=0, metavar="组", help="村民小组，数字。")
def assign_(
    number: str,
    name: str,
    id_number: str,
    spouse_name: str | None,
    spouse_id_number: str | None,
    household: str,
    group: int,
) -> None:
    if (spouse_name is None) != (spouse_id_number is None):
        raise click.UsageError("--spouse-name 和 --spouse-id-number 要一起写。")
    written = [(name, id_number)]
    if spouse_name is not None and spouse_id_number is not None:
        written.append((spouse_name, spouse_id_number))
    home, actor = session().open_home(), session().actor()
    with home.writing() as connection:
        find_number(connection, number)
        done = assign(connection, number, written, group, household, actor)
    party = "、".join(done.names)
    emit({"contract": number, "party": party}, [f"{number}：登记为 {party} 签的。", *done.notes])


@blank.command(
    cls=Command,
    epilog="例：huyue --home 档案库 blank void --campaign 2026春 --village 冲洞村 --reason 没有用完 --dry-run",
    help="把一个村没有用掉的空白合同（没有收回、没有登记）一起作废，好让批次清点办结。",
)
@CAMPAIGN
@click.option("--village", required=True, metavar="村", help="哪个村：代码或村名。")
@click.option("--template", metavar="合同", help="只作废一种：英文名、编号或中文名称。")
@click.option("--reason", default="", metavar="说明", help="备注。")
@click.option("--dry-run", is_flag=True, help="只数有几份，不作废。")
def void(name: str, village: str, template: str | None, reason: str, dry_run: bool) -> None:
    home, actor = session().open_home(), session().actor()
    only = None if template is None else named(templates_of(home), template).manifest.name
    with home.writing(dry_run=dry_run) as connection:
        campaign = find_campaign(connection, name)
        code = divisions_of(connection).find_village(village)
        found = blanks(connection, campaign, code, only, actor.today)
        numbers = void_blanks(connection, found, reason, actor)
    said = "（试算，没有作废）没有用掉的空白合同" if dry_run else "作废空白合同"
    emit(
        {"contracts": numbers},
        [f"{said} {len(numbers)} 份" + (f"：{_listed(numbers)}。" if numbers else "。")],
    )


def _listed(numbers: list[str]) -> str:
    return "、".join(numbers[:SHOWN]) + ("……" if len(numbers) > SHOWN else "")


def _said(one: Blank) -> str:
    return "已登记是谁签的" if one.assigned else "没有登记"


def _json(one: Blank) -> dict[str, object]:
    standing = one.standing
    return {
        "contract": standing.number,
        "template": standing.template,
        "village": standing.village,
        "state": str(standing.state),
        "filed_sheets": standing.filed_sheets,
        "assigned": one.assigned,
    }
