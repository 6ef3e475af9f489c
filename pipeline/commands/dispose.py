"""`huyue dispose`: papers whose retention is over, proposed, approved by a second person, and destroyed."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from archive import destruction, disposal
from archive.disposal import APPROVED, REFUSED, Disposal, Listed, place_name
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.retention import RETENTION
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import DAY, Command, Group, emit, say, session
from pipeline.errors import FileExists
from pipeline.indexing import keep_index, names_of

EXAMPLES = (
    "例：huyue --home 档案库 dispose propose --reason 保管期满；dispose show 1 --xlsx 销毁清册.xlsx；"
    "dispose approve 1 --user 批准人；dispose carry-out 1"
)
SHOWN = 20  # papers that are shown as text
ID = click.argument("id_", type=click.IntRange(1, 2**62), metavar="号")
KINDS = {"filings": "归档件", "reviews": "待核页", "originals": "原扫描件", "files": "手工归档的文件"}


@click.group(
    cls=Group,
    short_help="鉴定销毁：提出、批准、销毁保管期满的件。",
    help="鉴定销毁：保管期满的件，由一个人提出，另一个人批准或退回，然后销毁，留下清册。销毁了的不能恢复。",
    epilog=EXAMPLES,
)
def dispose() -> None:
    """The commands below."""


@dispose.command(
    cls=Command,
    epilog="例：huyue --home 档案库 dispose propose --reason 保管期满，无继续保存价值",
    help="提出一批销毁：写明编号的，或者不写编号、到今天（--on）为止期满的全部。只是提出，什么也不删。",
)
@click.argument("numbers", nargs=-1, type=NUMBER, metavar="[合同编号…]")
@click.option(
    "--paper",
    "papers",
    multiple=True,
    type=click.IntRange(1, 2**62),
    metavar="号",
    help="手工归档的件，可以写几次。",
)
@click.option("--on", type=DAY, metavar="日期", help="到哪一天为止期满，默认今天。")
@click.option("--reason", required=True, metavar="意见", help="鉴定意见，写进清册。不要写姓名。")
def propose(numbers: tuple[str, ...], papers: tuple[int, ...], on: date | None, reason: str) -> None:
    home, actor = session().open_home(), session().actor()
    with home.writing() as connection:
        for number in numbers:
            find_number(connection, number)
        made = disposal.propose(connection, on or actor.today, numbers, papers, reason, actor)
    lines = [
        f"第 {made.id} 号销毁清册，{made.items} 件，等另一个人批准。",
        f"打印清册：huyue dispose show {made.id} --xlsx 文件.xlsx；批准：huyue dispose approve {made.id} --user 批准人。",
    ]
    emit(asdict(made), lines)
    if made.elsewhere:
        say(f"另有 {made.elsewhere} 件期满的已经在别的清册里，没有再提。")


@dispose.command(
    "list",
    cls=Command,
    epilog="例：huyue --home 档案库 dispose list",
    help="列出各号销毁清册，办到哪一步了。",
)
def list_() -> int:
    with session().open_home().reading() as connection:
        found = disposal.disposals(connection)
    emit(
        {"disposals": [_value(one) for one in found]}, [_line(one) for one in found] or ["还没有提出过销毁。"]
    )
    waits = any(one.decision != REFUSED and not one.destroyed_on for one in found)
    return EXIT_LOOK if waits else EXIT_DONE


@dispose.command(
    cls=Command,
    epilog="例：huyue --home 档案库 dispose show 1 --xlsx 销毁清册.xlsx",
    help="看一号销毁清册里有哪些件；--xlsx 写成可以打印、签字的清册和审批表。",
)
@ID
@click.option(
    "--xlsx",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="文件",
    help="写到这里；已有的文件不会覆盖。",
)
def show(id_: int, xlsx: Path | None) -> None:
    home, actor = session().open_home(), session().actor()
    names = names_of(home)
    with home.reading() as connection:
        found = disposal.find_disposal(connection, id_)
        papers = disposal.listed(connection, id_, names.titles)
    if xlsx is not None:
        from archive.disposal_list import write_list  # with a reader of PDFs behind it

        if xlsx.exists():
            raise FileExists(file=xlsx)
        write_list(xlsx, found, papers, names.divisions, actor.today)
    lines = [_line(one) for one in (found,)]
    lines += [f"  {_paper_line(one, names.divisions)}" for one in papers[:SHOWN]]
    if len(papers) > SHOWN:
        lines.append(f"  ……一共 {len(papers)} 件（--xlsx 写出全部）。")
    lines += [f"  销毁了：{_counted(found)}"] if found.counted else []
    lines += [f"清册写到了 {xlsx}。"] if xlsx else []
    emit(_value(found) | {"list": [_listed(one) for one in papers]}, lines)


@dispose.command(
    cls=Command,
    epilog="例：huyue --home 档案库 dispose approve 1 --user 批准人",
    help="批准一号销毁清册。提出的人自己不能批准。",
)
@ID
def approve(id_: int) -> None:
    _decide(id_, APPROVED, "")
    emit({"id": id_, "decision": APPROVED}, [f"第 {id_} 号批准了。销毁：huyue dispose carry-out {id_}"])


@dispose.command(
    cls=Command,
    epilog="例：huyue --home 档案库 dispose refuse 1 --reason 仍有查考价值 --user 批准人",
    help="退回一号销毁清册，批准了还没有销毁的也可以。提出的人自己不能退回。",
)
@ID
@click.option("--reason", required=True, metavar="说明", help="为什么退回。不要写姓名。")
def refuse(id_: int, reason: str) -> None:
    _decide(id_, REFUSED, reason)
    emit({"id": id_, "decision": REFUSED}, [f"第 {id_} 号退回了，里面的件照旧保管。"])


def _decide(id_: int, decision: str, reason: str) -> None:
    home, actor = session().open_home(), session().actor()
    with home.writing() as connection:
        disposal.decide(connection, id_, decision, reason, actor)


@dispose.command(
    "carry-out",
    cls=Command,
    short_help="销毁批准了的一号清册，不能恢复。",
    epilog="例：huyue --home 档案库 dispose carry-out 1 --user 监销人",
    help="销毁批准了的一号清册：归档件、待核页、原扫描件的密钥和文件都销毁，合同上的姓名、内容从目录里去掉，不能恢复；编号、档号、日期、校验值和清册留着。中断了，再运行同一命令。",
)
@ID
@click.option("--yes", is_flag=True, help="不再问。")
@click.option("--with-quarantined", is_flag=True, help="原扫描件里的坏页已经看过，一并销毁。")
def carry_out(id_: int, yes: bool, with_quarantined: bool) -> int:
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        found = disposal.find_disposal(connection, id_)
    ask = f"第 {id_} 号销毁清册，{found.items} 件，销毁以后不能恢复。销毁吗？"
    if found.decision == APPROVED and not (found.destroyed_on or yes or click.confirm(ask, err=True)):
        emit(_value(found), ["没有销毁。"])
        return EXIT_DONE
    done = destruction.carry_out(home, id_, actor, with_quarantined=with_quarantined)
    keep_index(home, actor)
    emit(
        _value(done.disposal),
        [f"第 {id_} 号 {done.disposal.words}：{_counted(done.disposal)}。", *_left(done.disposal)],
    )
    if not done.overwritten:
        say(
            f"别的命令正开着目录，里面旧的一部分还没有盖掉。请等它们结束，再运行 huyue dispose carry-out {id_}。"
        )
    return EXIT_DONE if done.overwritten else EXIT_LOOK


def _left(found: Disposal) -> list[str]:
    shared = found.counted.get("shared", 0)
    return [
        *([f"有 {shared} 个文件别的件也要用，没有销毁。"] if shared else []),
        "以前的备份里还有，请接着做：huyue backup 备份盘，再 huyue backup --prune 备份盘 --destroyed。",
        "纸质件、打印过的、导出过的，请照清册另行销毁。",
    ]


def _value(one: Disposal) -> dict[str, object]:
    return asdict(one) | {"counted": dict(one.counted)}


def _listed(one: Listed) -> dict[str, object]:
    kept = one.kept
    return {
        "place": one.place,
        "contract": one.contract,
        "paper": one.paper,
        "archival_number": one.archival_number,
        "title": one.title,
        "division": one.division,
        "starts": one.starts,
        "ends": one.ends,
        "sheets": one.sheets,
        "retention": kept.retention,
        "done_on": kept.done_on.isoformat() if kept.done_on else "",
        "due": kept.due.isoformat() if kept.due else "",
        "destroyed": dict(one.destroyed),
    }


def _line(one: Disposal) -> str:
    why = f"（{one.refused}）" if one.refused else ""
    return f"第 {one.id} 号　{one.items} 件　{one.proposed_on} 由 {one.proposed_by} 提出：{one.reason}　{one.words}{why}"


def _paper_line(one: Listed, divisions: Mapping[str, str]) -> str:
    named = f"{one.name}　{one.archival_number}" if one.archival_number else one.name
    kept = one.kept
    return (
        f"{named}　{place_name(one.division, divisions)}　{one.title}　{one.sheets} 页　"
        f"保管 {RETENTION[kept.retention]}　{kept.due} 期满"
    )


def _counted(found: Disposal) -> str:
    counted = found.counted
    parts = [f"{word} {counted[kind]} 个" for kind, word in KINDS.items() if counted.get(kind)]
    return (
        f"{'，'.join(parts)}，共 {counted.get('blobs', 0)} 个加密文件、{counted.get('bytes', 0) / 1e6:.2f} MB"
    )
