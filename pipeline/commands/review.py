"""`huyue review`: scanned pages that a person must look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.home import Home
from archive.search import Names
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.commands.review_next import look_through
from pipeline.console import Command, Group, emit, say, session
from pipeline.divisions import Divisions
from pipeline.errors import NothingSuggested
from pipeline.indexing import names_of
from pipeline.intake import review as reviews
from pipeline.intake.review import CHINESE, EVERYTHING, Item, Pile

ID = click.argument("item_id", type=click.IntRange(1, 2**62), metavar="号")
PILE = (
    click.option("--village", metavar="村", help="只看一个村的：代码或村名。"),
    click.option("--reason", type=click.Choice(list(CHINESE)), help="只看这一种原因的。"),
    click.option("--file", metavar="文字", help="只看文件名里有这几个字的。"),
)


def of_a_pile(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which items are meant."""
    for option in reversed(PILE):
        command = option(command)
    return command


@click.group(cls=Group, help="待核：程序认不准、要由人看一眼的扫描页。")
def review() -> None:
    """The review commands."""


@review.command(
    "list",
    cls=Command,
    epilog="例：huyue --home 档案库 review list；huyue --home 档案库 review list --village 虾洞村 --reason foreign",
    help="列出待核的页，和每一页的原因。",
)
@of_a_pile
def list_(village: str | None, reason: str | None, file: str | None) -> int:
    home = session().open_home()
    names = names_of(home)
    with home.reading() as connection:
        items = list(reviews.open_items(connection, _pile(names, village, reason, file)))
        lines = [_line(item, names, reviews.labels_of(connection, item)) for item in items]
    emit({"items": [item.as_json() for item in items]}, lines or ["没有待核的页。"])
    return EXIT_LOOK if items else EXIT_DONE


@review.command(
    "next",
    cls=Command,
    epilog="例：huyue --home 档案库 review next --village 虾洞村",
    help="一页一页看待核的：打开图像，列出可能的合同，按一个键就处理好。",
)
@of_a_pile
@click.option("--no-open", is_flag=True, help="不打开图像。")
def next_(village: str | None, reason: str | None, file: str | None, no_open: bool) -> int:
    home, actor = session().open_home(), session().actor()
    names = names_of(home)
    pile = _pile(names, village, reason, file)
    with home.reading() as connection:
        items = list(reviews.open_items(connection, pile))
    done = look_through(home, actor, items, names, no_open=no_open)
    with home.reading() as connection:
        left = sum(1 for _ in reviews.open_items(connection, pile))
    text = f"认定 {done['assigned']} 页，不归档 {done['rejected']} 页，还有 {left} 页待核。"
    emit({**done, "left": left}, [text if items else "没有待核的页。"])
    return EXIT_LOOK if left else EXIT_DONE


@review.command(
    cls=Command,
    epilog="例：huyue --home 档案库 review show 3 --out 第3号.png",
    help="看一页待核的扫描件：说明原因、可能的合同，并把图像存成 PNG。",
)
@ID
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="文件", help="图像存到这个 PNG 文件。"
)
def show(item_id: int, out: Path | None) -> None:
    home = session().open_home()
    with home.reading() as connection:
        item = reviews.find_item(connection, item_id)
        line = _line(item, names_of(home), reviews.labels_of(connection, item))
        if out is not None:
            out.write_bytes(reviews.picture(home, connection, item))
    value = item.as_json() | {
        "differs": list(item.differs),
        "decision": item.decision,
        "assigned": item.assigned,
        "assigned_sheet": item.assigned_sheet,
        "image": None if out is None else str(out),
    }
    suggested = [f"  可能是 {one.contract} 第 {one.sheet} 页（{one.score:.0%}）" for one in item.suggestions]
    emit(value, [line, *suggested, *([] if out is None else [f"图像存在 {out}。"])])


@review.command(
    cls=Command,
    epilog="例：huyue --home 档案库 review assign 3 451225105001-2026-01-000123-Y 2；huyue --home 档案库 review assign 3（归到最可能的那一份）",
    help="认定这一页是某份合同的某一页，归档；不写编号，就是最可能的那一份。框里签没签、盖没盖照样由程序看；已有的旧页保留在以前的版本里。",
)
@ID
@click.argument("number", type=NUMBER, required=False, metavar="[合同编号]")
@click.argument("sheet", type=click.IntRange(1), required=False, metavar="[页码]")
def assign(item_id: int, number: str | None, sheet: int | None) -> None:
    if (number is None) != (sheet is None):
        raise click.UsageError("合同编号和页码要一起写，或者都不写。")
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        item = reviews.find_item(connection, item_id)
        if number is None or sheet is None:
            if not item.suggestions:
                raise NothingSuggested(id=item_id)
            number, sheet = item.suggestions[0].contract, item.suggestions[0].sheet
        find_number(connection, number)
        new = reviews.read_as(home, connection, item, number, sheet)
    with home.writing() as connection:
        filing = reviews.assign(home, connection, reviews.find_item(connection, item_id), new, actor)
    emit(
        {"id": item_id, "decision": "assigned", "contract": number, "sheet": sheet},
        [
            f"第 {item_id} 号已归为 {number} 第 {sheet} 页。"
            + ("合同还不齐全。" if filing.gaps else "合同齐全了。")
        ],
    )


@review.command(
    cls=Command,
    epilog="例：huyue --home 档案库 review reject 3 5 8；huyue --home 档案库 review reject --reason foreign --village 虾洞村",
    help="认定这些页不是合同，不归档；图像仍保存，可以撤回。可以写号，也可以用 --village、--reason、--file 一次处理一批。",
)
@click.argument("ids", nargs=-1, type=click.IntRange(1, 2**62), metavar="[号…]")
@of_a_pile
@click.option("--yes", is_flag=True, help="一批处理时不再问。")
def reject(
    ids: tuple[int, ...], village: str | None, reason: str | None, file: str | None, yes: bool
) -> None:
    home, actor = session().open_home(), session().actor()
    if bool(ids) == any((village, reason, file)):
        raise click.UsageError("请写号，或者写 --village、--reason、--file 说明是哪一批，二者取一。")
    if ids:
        with home.writing() as connection:
            for one in ids:
                reviews.reject(connection, reviews.find_item(connection, one), actor)
        done = list(ids)
    else:
        done = _reject_pile(home, _pile(names_of(home), village, reason, file), yes)
    items = [{"id": one, "decision": "rejected"} for one in done]
    lines = [f"第 {one} 号不归档。要撤回：huyue review undo {one}" for one in done]
    emit(items[0] if len(ids) == 1 else {"items": items}, lines or ["没有处理。"])


def _reject_pile(home: Home, pile: Pile, yes: bool) -> list[int]:
    """Reject all of a pile that still waits, once that is confirmed; which these are."""
    with home.reading() as connection:
        items = list(reviews.open_items(connection, pile))
    if not items:
        say("这样的待核页一页也没有。")
        return []
    if not yes and not click.confirm(f"一共 {len(items)} 页，都不归档？", err=True):
        return []
    with home.writing() as connection:
        return reviews.reject_waiting(connection, [item.id for item in items], session().actor())


@review.command(
    cls=Command,
    epilog="例：huyue --home 档案库 review undo 3",
    help="撤回对一页的处理，它重新待核；已归档的恢复成处理以前的样子。",
)
@ID
def undo(item_id: int) -> None:
    home, actor = session().open_home(), session().actor()
    with home.writing() as connection:
        reviews.undo(home, connection, reviews.find_item(connection, item_id), actor)
    emit({"id": item_id, "decision": ""}, [f"第 {item_id} 号的处理已撤回，重新待核。"])


def _pile(names: Names, village: str | None, reason: str | None, file: str | None) -> Pile:
    """The pile that the options name. Raises VillageUnknown, VillageAmbiguous."""
    if not any((village, reason, file)):
        return EVERYTHING
    return Pile(Divisions(names.divisions).find_village(village) if village else None, reason, file)


def _line(item: Item, names: Names, differs: list[str]) -> str:
    """An item in one line, with what the contract calls the fields that differ."""
    code = "" if item.contract is None else f"　标识：{item.contract} 第 {item.sheet} 页"
    village = f"　{names.village(item.village)}" if item.village else ""
    unlike = f"（{'、'.join(differs)}）" if differs else ""
    done = {
        "": "",
        "assigned": f"　已归为 {item.assigned} 第 {item.assigned_sheet} 页",
        "rejected": "　已定为不归档",
    }
    return (
        f"{item.id}　{item.file} 第 {item.page} 页{village}　{CHINESE[item.reason]}{unlike}"
        f"{code}{done[item.decision]}"
    )
