"""`huyue promise`: what the office promised in its contracts, due when, kept when."""

import io
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import click
import polars as pl

from archive.audit.contracts import contracts
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.listing import described, place_order, write_book
from archive.numbers import VILLAGE_DIGITS
from archive.promise_records import Promised, record, unsure
from archive.promises import promises
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.commands.villages import VILLAGES, village_codes
from pipeline.console import DAY, FILE, FOLDER, Command, Group, emit, progress, refuse_existing, session
from pipeline.errors import PromiseUnknown
from pipeline.indexing import names_of
from pipeline.promise_list import STATUSES, WORKBOOK, open_ones, read_kept, tables_of, totals, village_list
from pipeline.tick_lists import print_list

A_YEAR = timedelta(days=366)  # as far ahead a promise may be kept before it is due
SHOWN = 20
WHICH = click.argument("promise_", metavar="承诺")
DUE = click.option(
    "--due", type=DAY, metavar="日期", help="哪一天应兑现的那一次；不写就是最早没有兑现的一次。"
)


@click.group(
    cls=Group,
    short_help="合同兑现：村（居）委会、服务站在合同里答应的事，什么时候该办、办了没有。",
    help="合同兑现：甲方在合同里答应的事（contract.toml 的 [promises]），什么时候该办、办了没有。只记办了没有，不记别的，不评价人。",
    epilog="例：huyue --home 档案库 promise due --village 冲洞村 --out 兑现；打勾、扫描、intake；promise done 编号 policy_visit",
)
def promise() -> None:
    """The commands below."""


@promise.command(
    cls=Command,
    short_help="该兑现的、已过期的；写兑现单（打勾扫描）和 Excel。",
    help="统计到某一天应兑现、已兑现、已过期没有兑现的，和 30 天内快到期的；加 --out 写一村一份的 兑现单.pdf（打勾，扫描收件就登记了）和 兑现清单.xlsx（填好用 promise record 登记）。",
    epilog="例：huyue --home 档案库 promise due --on 2026-06-30 --village 冲洞村 --out 兑现",
)
@click.option("--on", "day", type=DAY, metavar="日期", help="哪一天的情况（按当天所知），默认今天。")
@VILLAGES
@click.option("--out", type=FOLDER, metavar="文件夹", help="兑现单写到这里；已有的不会覆盖。")
def due(day: date | None, villages: Sequence[str], out: Path | None) -> int:
    home, actor = session().open_home(), session().actor()
    names, on = names_of(home), day or actor.today
    with home.reading() as connection:
        frame = promises(connection, contracts(connection, on), on)
        doubtful = unsure(connection)
    if villages:
        codes = village_codes(names, villages)
        frame = frame.filter(pl.col("village").cast(pl.String).is_in(codes))
        doubtful = [one for one in doubtful if one.number[:VILLAGE_DIGITS] in codes]
    frame = (
        described(frame, names).with_columns(pl.col("village").cast(pl.String)).sort(*place_order(), "due")
    )
    files = _write(frame, on, out) if out and not open_ones(frame).is_empty() else []
    whole = totals(frame).row(0, named=True)
    lines = [
        f"{on} 应兑现 {whole['due']} 项："
        + "，".join(f"{said} {whole[one]} 项" for one, said in STATUSES.items())
    ]
    for one in totals(frame, "village_name", "title").iter_rows(named=True):
        lines.append(
            f"  {one['village_name']} {one['title']}：应兑现 {one['due']}，已兑现 {one['done']}，已过期 {one['overdue']}，快到期 {one['coming']}"
        )
    if doubtful:
        lines.append(f"有 {len(doubtful)} 项打勾认不准，没有登记，请看纸后登记：")
        lines += [f"  promise done {one.number} {one.promise} --due {one.due}" for one in doubtful[:SHOWN]]
    value = (
        {"on": str(on)}
        | whole
        | {
            "villages": totals(frame, "village", "template").to_dicts(),
            "unsure": [{"contract": one.number, "promise": one.promise, "due": one.due} for one in doubtful],
            "files": [str(file) for file in files],
        }
    )
    emit(value, [*lines, *(f"写在 {file}。" for file in files)])
    return EXIT_LOOK if whole["overdue"] or doubtful else EXIT_DONE


def _write(frame: pl.DataFrame, on: date, out: Path) -> list[Path]:
    """Write the workbook, and record and print a list a village; the files."""
    home, actor = session().open_home(), session().actor()
    villages = {
        part["village"][0]: part for part in open_ones(frame).partition_by("village", maintain_order=True)
    }
    book = out / f"{WORKBOOK}-{on}.xlsx"
    lists = {code: out / f"兑现单-{on}-{code}.pdf" for code in villages}
    refuse_existing(book, *lists.values())
    out.mkdir(parents=True, exist_ok=True)
    with progress("写兑现单（项）", frame.height) as bar:
        for code, part in villages.items():
            pdf = io.BytesIO()
            with home.writing() as connection:
                print_list(connection, village_list(connection, part, on, actor), pdf)
            with lists[code].open("xb") as written:
                written.write(pdf.getbuffer())
            bar.advance(part.height)
    write_book(book, tables_of(frame, on), actor.today)
    return [book, *lists.values()]


@promise.command(
    cls=Command,
    help="一份合同里甲方答应的事：哪天该办，办了没有。",
    epilog="例：huyue --home 档案库 promise show 451225105001-2026-01-000123-Y",
)
@click.argument("number", type=NUMBER, metavar="合同编号")
def show(number: str) -> int:
    frame = _of(number)
    lines = [
        f"{one['label']}（{one['promise']}）　应兑现 {one['due']}　{STATUSES[one['status']] if one['due'] <= session().actor().today or one['kept_on'] else '还没有到'}"
        + (f"　{one['kept_on']} 兑现" if one["kept_on"] else "")
        for one in frame.iter_rows(named=True)
    ]
    listed = [
        {"promise": one["promise"], "label": one["label"], "due": str(one["due"]), "status": one["status"]}
        | {"kept_on": str(one["kept_on"] or "")}
        for one in frame.iter_rows(named=True)
    ]
    emit({"contract": number, "promises": listed}, lines or [f"{number} 现在没有应兑现的承诺。"])
    return EXIT_LOOK if "overdue" in frame["status"] else EXIT_DONE


@promise.command(
    cls=Command,
    help="登记一项承诺已经兑现。",
    epilog="例：huyue --home 档案库 promise done 451225105001-2026-01-000123-Y policy_visit --date 2026-06-01",
)
@click.argument("number", type=NUMBER, metavar="合同编号")
@WHICH
@DUE
@click.option("--date", "day", type=DAY, metavar="日期", help="哪一天兑现的，默认今天。")
def done(number: str, promise_: str, due: date | None, day: date | None) -> None:
    actor = session().actor()
    if day is not None and day > actor.today:
        raise click.UsageError(f"--date 不能晚于今天（{actor.today}）：兑现了的才登记。")
    _enter(number, promise_, due, day or actor.today)


@promise.command(
    cls=Command,
    help="撤回登记错的兑现。",
    epilog="例：huyue --home 档案库 promise undo 451225105001-2026-01-000123-Y policy_visit",
)
@click.argument("number", type=NUMBER, metavar="合同编号")
@WHICH
@DUE
def undo(number: str, promise_: str, due: date | None) -> None:
    _enter(number, promise_, due, None)


@promise.command(
    "record",
    cls=Command,
    help="按 promise due --out 写出、填好“兑现日期”的 兑现清单.xlsx，一起登记；有一行写错，一行也不登记。",
    epilog="例：huyue --home 档案库 promise record 兑现清单-2026-06-30.xlsx",
)
@click.argument("listed", type=FILE, metavar="工作簿")
def record_(listed: Path) -> int:
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        frame = promises(connection, contracts(connection, actor.today), actor.today, A_YEAR)
    rows = list(read_kept(listed, frame, actor.today))
    said = [one for one in rows if one is not None]
    with home.writing() as connection:
        new = sum(record(connection, [one], day, actor) for one, day in said)
    left = len(rows) - len(said)
    emit(
        {"recorded": new, "same": len(said) - new, "left": left},
        [f"登记 {new} 项；以前登记过同样的 {len(said) - new} 项；没有填的 {left} 项，没有动。"],
    )
    return EXIT_LOOK if left else EXIT_DONE


def _of(number: str) -> pl.DataFrame:
    """A contract's promises, those of the coming year too."""
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        find_number(connection, number)
        return (
            promises(connection, contracts(connection, actor.today), actor.today, A_YEAR)
            .filter(pl.col("number") == number)
            .sort("due", "promise")
        )


def _enter(number: str, named: str, due: date | None, day: date | None) -> None:
    """Record a promise as kept on a day, or take that back. Raises PromiseUnknown."""
    home, actor = session().open_home(), session().actor()
    frame = _of(number)
    kept = pl.col("kept_on").is_not_null()
    meant = frame.filter((pl.col("promise") == named) | (pl.col("label") == named))
    if due is not None:
        meant = meant.filter(pl.col("due") == due)
    elif day is None:
        meant = meant.filter(kept).tail(1)
    else:
        meant = meant.filter(~kept)
    if meant.is_empty():
        said = "、".join(
            f"{one}（{name}）{on}" for name, one, on in frame.select("promise", "label", "due").rows()
        )
        raise PromiseUnknown(number=number, said=said or "现在没有应兑现的承诺")
    name, label, on = meant.select("promise", "label", "due").row(0)
    one = Promised(number, name, str(on))
    with home.writing() as connection:
        new = record(connection, [one], day, actor)
    said = f"{day} 兑现" if day else "撤回了兑现"
    value = {"contract": number, "promise": name, "due": str(on), "kept_on": str(day or ""), "new": bool(new)}
    emit(value, [f"{number} {label}（应 {on} 兑现）：{said}{'。' if new else '，以前登记过。'}"])
