"""`huyue review`: scanned pages that a person must look at."""

from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import Command, Group, emit, session
from pipeline.intake import review as reviews
from pipeline.intake.review import CHINESE, Item

ID = click.argument("item_id", type=click.IntRange(1, 2**62), metavar="号")


@click.group(cls=Group, help="待核：程序认不准、要由人看一眼的扫描页。")
def review() -> None:
    """The review commands."""


@review.command(
    "list", cls=Command, epilog="例：huyue --home 档案库 review list", help="列出待核的页，和每一页的原因。"
)
def list_() -> int:
    with session().open_home().reading() as connection:
        items = list(reviews.open_items(connection))
    emit({"items": [item.as_json() for item in items]}, [_line(item) for item in items] or ["没有待核的页。"])
    return EXIT_LOOK if items else EXIT_DONE


@review.command(
    cls=Command,
    epilog="例：huyue --home 档案库 review show 3 --out 第3号.png",
    help="看一页待核的扫描件：说明原因，并把图像存成 PNG。",
)
@ID
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="文件", help="图像存到这个 PNG 文件。"
)
def show(item_id: int, out: Path | None) -> None:
    home = session().open_home()
    with home.reading() as connection:
        item = reviews.find_item(connection, item_id)
        if out is not None:
            out.write_bytes(reviews.picture(home, connection, item))
    value = item.as_json() | {
        "decision": item.decision,
        "assigned": item.assigned,
        "assigned_sheet": item.assigned_sheet,
        "image": None if out is None else str(out),
    }
    emit(value, [_line(item), *([] if out is None else [f"图像存在 {out}。"])])


@review.command(
    cls=Command,
    epilog="例：huyue --home 档案库 review assign 3 451225105001-2026-01-000123-Y 2",
    help="认定这一页是某份合同的某一页，归档。框里签没签、盖没盖照样由程序看；已有的旧页保留在以前的版本里。",
)
@ID
@click.argument("number", type=NUMBER, metavar="合同编号")
@click.argument("sheet", type=click.IntRange(1), metavar="页码")
def assign(item_id: int, number: str, sheet: int) -> None:
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        item = reviews.find_item(connection, item_id)
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
    epilog="例：huyue --home 档案库 review reject 3",
    help="认定这一页不是合同，不归档；图像仍保存，可以撤回。",
)
@ID
def reject(item_id: int) -> None:
    home, actor = session().open_home(), session().actor()
    with home.writing() as connection:
        reviews.reject(connection, reviews.find_item(connection, item_id), actor)
    emit(
        {"id": item_id, "decision": "rejected"},
        [f"第 {item_id} 号不归档。要撤回：huyue review undo {item_id}"],
    )


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


def _line(item: Item) -> str:
    code = "" if item.contract is None else f"　标识：{item.contract} 第 {item.sheet} 页"
    done = {
        "": "",
        "assigned": f"　已归为 {item.assigned} 第 {item.assigned_sheet} 页",
        "rejected": "　已定为不归档",
    }
    return f"{item.id}　{item.file} 第 {item.page} 页　{CHINESE[item.reason]}{code}{done[item.decision]}"
