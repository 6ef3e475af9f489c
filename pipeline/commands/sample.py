"""`huyue sample`: spot checks: drawn by a seed, ticked on paper or filled in, and what they say of all papers."""

import io
from dataclasses import asdict
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from archive import sample_check
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.numbers import parse
from archive.sample import new_seed, plain_seed
from archive.sample_check import By, Check, Confidence, Number, Of, Result, Said, Share, Size, Wanted
from archive.sample_figures import CONFIDENCE, figures
from archive.search_names import Names
from pipeline.console import DAY, FOLDER, Command, Group, emit, refuse_existing, session
from pipeline.indexing import names_of
from pipeline.sample_list import Paper, draw, papers_of, stratum_name
from pipeline.sample_showing import again, counted, head, item_json, item_line, result_lines, summary, ticked
from pipeline.sample_workbook import read_filled, write_results, write_to_fill
from pipeline.tick_lists import print_list

PDF, WORKBOOK = "抽查表.pdf", "抽查表.xlsx"
SHOWN = 40  # papers that are shown as text
ID = click.argument("id_", type=click.IntRange(1, 2**62), metavar="号")


class Percent(click.ParamType[Decimal]):
    """A percentage below 100, or no more than 100; more than 0, or 0 where that may be."""

    name = "percent"

    def __init__(self, *, zero: bool = False, hundred: bool = False) -> None:
        self._zero, self._hundred = zero, hundred

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            percent = Decimal(str(value).rstrip("%％"))
            good = 0 < percent < 100 or (percent == 0 and self._zero) or (percent == 100 and self._hundred)
        except InvalidOperation:
            good = False
        if not good:
            self.fail(f"“{value}”不是可以用的百分数，请写 0 到 100 之间的数，如 5。", param, ctx)
        return percent


class Seed(click.ParamType[str]):
    """A seed as it counts."""

    name = "seed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return plain_seed(str(value))
        except ValueError:
            self.fail(f"种子“{value}”不能用：请写 1 到 40 个字母、数字或汉字。", param, ctx)


@click.group(
    cls=Group,
    short_help="不打招呼抽查：随机抽合同，到架上看纸，登记，推算。",
    help="不打招呼抽查：按种子随机抽合同，打印抽查表到架上（或村里）看纸，登记看到的，推算全部的情况。同样的种子抽到同样的合同。只看纸件，不评价人。",
    epilog="例：huyue --home 档案库 sample draw --number 60 --by village --out 抽查；打勾、扫描、intake；sample result 1",
)
def sample() -> None:
    """The commands below."""


@sample.command(
    "draw",
    cls=Command,
    short_help="抽一批，写抽查表（PDF 和 Excel）。",
    help="随机抽一批合同，写 抽查表.pdf（打勾，扫描收件就登记了）和 抽查表.xlsx（在电脑上填）。抽多少：--share、--number、--confidence 加 --tolerable，写一种。"
    "同样的种子、日期和写法，抽到同样的合同；再抽一次是同一号抽查。",
    epilog="例：huyue --home 档案库 sample draw --number 60 --by village --out 抽查；sample draw --confidence 95 --tolerable 2 --on 2026-03-31 --seed K7QM3DXP --out 抽查",
)
@click.option("--out", required=True, type=FOLDER, metavar="文件夹", help="抽查表写到这里；已有的不会覆盖。")
@click.option(
    "--share", type=Percent(hundred=True), metavar="百分数", help="每层抽百分之几，不足一份的抽一份。"
)
@click.option(
    "--number",
    type=click.IntRange(1, 100_000),
    metavar="份数",
    help="一共抽几份，按各层的份数分，每层至少一份。",
)
@click.option("--confidence", type=Percent(), metavar="百分数", help="把握，如 95，与 --tolerable 一起写。")
@click.option(
    "--tolerable",
    type=Percent(zero=True),
    metavar="百分数",
    help="可容忍的不相符率，如 2：不相符的超过它，就有这样的把握抽到至少一份。分层的，每层都这样。",
)
@click.option(
    "--by",
    type=click.Choice([*map(str, By)]),
    default=str(By.NONE),
    help="分层：按村、合同、联户责任人、检查出的问题，或不分（默认）。",
)
@click.option(
    "--of",
    type=click.Choice([*map(str, Of)]),
    default=str(Of.FILED),
    help="从哪些里抽：归档的（默认）、打印了没有收回的、两样都要。",
)
@click.option("--on", "day", type=DAY, metavar="日期", help="按哪一天的档案抽（按当天所知），默认今天。")
@click.option("--seed", type=Seed(), metavar="种子", help="不写就随机出一个，显示并印在表上。")
def draw_(
    out: Path,
    share: Decimal | None,
    number: int | None,
    confidence: Decimal | None,
    tolerable: Decimal | None,
    by: str,
    of: str,
    day: date | None,
    seed: str | None,
) -> int:
    home, actor = session().open_home(), session().actor()
    day = day or actor.today
    if day > actor.today:
        raise click.UsageError(f"--on 不能晚于今天（{actor.today}）：以后的档案还不知道。")
    wanted = Wanted(
        day.isoformat(), seed or new_seed(), Of(of), By(by), _size(share, number, confidence, tolerable)
    )
    files = [out / PDF, out / WORKBOOK]
    refuse_existing(*files)
    names, pdf = names_of(home), io.BytesIO()
    with home.writing() as connection:
        check, new = draw(connection, wanted, names, actor)
        print_list(connection, check.list_id, pdf)
        papers = _papers(check, names, connection)
        out.mkdir(parents=True, exist_ok=True)  # where it cannot be made, nothing is drawn
    with files[0].open("xb") as written:
        written.write(pdf.getbuffer())
    write_to_fill(files[1], check, papers, actor.today)
    undrawn = [one.name for one in check.drawn.strata if not one.drawn]
    lines = [head(check)]
    if not new:
        lines.append("这一号以前抽过，是同样的合同，没有另抽。")
    named = [(stratum_name(wanted.by, one.name, names), one) for one in check.drawn.strata]
    lines += [f"  {name}：{one.size} 份里抽 {one.drawn} 份" for name, one in named]
    if undrawn:
        lines.append(f"有 {len(undrawn)} 层没有抽到，推算不了全部；请加大 --number。")
    lines += [
        f"打印、打勾、扫描收件：{files[0]}",
        f"或者填好再登记：{files[1]}（huyue sample record {check.id} {WORKBOOK}）",
    ]
    value = summary(check) | {"new": new, "strata": _strata(check), "files": [str(file) for file in files]}
    emit(value, lines)
    return EXIT_LOOK if undrawn else EXIT_DONE


def _size(
    share: Decimal | None, number: int | None, confidence: Decimal | None, tolerable: Decimal | None
) -> Size:
    if (confidence is None) != (tolerable is None):
        raise click.UsageError("--confidence 和 --tolerable 要一起写。")
    given: list[Size] = []
    if share is not None:
        given.append(Share(share))
    if number is not None:
        given.append(Number(number))
    if confidence is not None and tolerable is not None:
        given.append(Confidence(confidence, tolerable))
    if len(given) != 1:
        raise click.UsageError("抽多少要写一种：--share、--number，或 --confidence 加 --tolerable。")
    return given[0]


@sample.command(
    "list",
    cls=Command,
    help="列出各号抽查：种子、抽了多少、看了多少。",
    epilog="例：huyue --home 档案库 sample list",
)
def list_() -> int:
    with session().open_home().reading() as connection:
        found = sample_check.checks(connection)
    lines = [line for one in found for line in (head(one), f"  {counted(one)}")]
    emit({"samples": [summary(one) for one in found]}, lines or ["还没有抽查过。"])
    return EXIT_LOOK if any(one.waiting for one in found) else EXIT_DONE


@sample.command(
    cls=Command,
    help="看一号抽查抽到哪些合同、登记了什么、哪些要人看。",
    epilog="例：huyue --home 档案库 sample show 1",
)
@ID
def show(id_: int) -> int:
    home = session().open_home()
    names = names_of(home)
    with home.reading() as connection:
        check = sample_check.find_check(connection, id_)
        papers = _papers(check, names, connection)
    listed = list(zip(check.items, papers, strict=True))
    waiting = [(item, paper) for item, paper in listed if item.waits]
    lines = [head(check), counted(check), f"再抽出来：{again(check.drawn.wanted)}"]
    lines += [f"  {item_line(item, paper)}" for item, paper in listed[:SHOWN]]
    if len(listed) > SHOWN:
        lines.append(
            f"  ……其余 {len(listed) - SHOWN} 份请加 --json，或用 sample result {id_} --out 写成 Excel。"
        )
    if waiting:
        lines.append(f"有 {len(waiting)} 行打勾认不准，没有登记，请看纸后登记：")
        lines += [
            f"  sample record {id_} {paper.number} --result …（{ticked(item)}）" for item, paper in waiting
        ]
    items = [item_json(item, paper) for item, paper in listed]
    emit(summary(check) | {"strata": _strata(check), "items": items}, lines)
    return EXIT_LOOK if waiting else EXIT_DONE


@sample.command(
    cls=Command,
    help="登记看到的：填好的 抽查表.xlsx，或一份合同的编号加 --result。再登记一次就是更正，以后一次的为准。",
    epilog="例：huyue --home 档案库 sample record 1 抽查表.xlsx；sample record 1 451225105001-2026-01-000123-Y --result differs --note 缺第2页",
)
@ID
@click.argument("what", metavar="工作簿|合同编号")
@click.option(
    "--result",
    type=click.Choice([*map(str, Result)]),
    help="相符（agrees）、不符（differs）、没找到（absent）。",
)
@click.option("--note", default="", metavar="说明", help="不符的，写哪里不符。不要写病情、婚育等私事。")
def record(id_: int, what: str, result: str | None, note: str) -> int:
    home, actor, number = session().open_home(), session().actor(), parse(what)
    if number is not None and result is None:
        raise click.UsageError("请用 --result 写明看到的：agrees、differs 或 absent。")
    if number is None and (result is not None or note):
        raise click.UsageError(f"“{what}”不是合同编号；登记工作簿不用写 --result、--note。")
    if result == Result.DIFFERS and not note:
        raise click.UsageError("不符的请用 --note 写明哪里不符。")
    with home.writing() as connection:
        check = sample_check.find_check(connection, id_)
        if result is None:
            rows = list(read_filled(Path(what), check))
        else:
            rows = [Said(str(number), Result(result), note)]
        said = [one for one in rows if one is not None]
        new = sample_check.record(connection, check, said, actor)
        check = sample_check.find_check(connection, id_)
    left, same = len(rows) - len(said), len(said) - new
    lines = [
        f"登记 {new} 份"
        + (f"，{same} 份以前登记过同样的" if same else "")
        + (f"，没有填的 {left} 份" if left else "")
        + "。"
    ]
    emit({"id": id_, "recorded": new, "same": same, "left": left}, [*lines, counted(check)])
    return EXIT_LOOK if left else EXIT_DONE


@sample.command(
    cls=Command,
    help=f"抽查的结果：各层和全部看了多少、相符多少，推算全部的不相符率和 {CONFIDENCE}% 区间。按联户责任人分层的只有份数，不算率。",
    epilog="例：huyue --home 档案库 sample result 1 --out 抽查结果.xlsx",
)
@ID
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="文件.xlsx",
    help="另存 Excel；已有的不会覆盖。",
)
def result(id_: int, out: Path | None) -> int:
    home, actor = session().open_home(), session().actor()
    if out is not None:
        refuse_existing(out)
    names = names_of(home)
    with home.reading() as connection:
        check = sample_check.find_check(connection, id_)
        papers = _papers(check, names, connection)
    parts, total = figures(check)
    by = check.drawn.wanted.by
    named = [(stratum_name(by, one.stratum, names), one) for one in parts]
    if out is not None:
        write_results(out, check, [*named, ("合计", total)], papers, actor.today)
    value = summary(check) | {"confidence": CONFIDENCE, "strata": [asdict(one) for one in parts]}
    whole = asdict(total)
    del whole["stratum"]
    emit(value | {"total": whole}, result_lines(check, named, total, out))
    return EXIT_DONE if total.agrees == total.drawn else EXIT_LOOK


def _papers(check: Check, names: Names, connection: Connection) -> list[Paper]:
    day = date.fromisoformat(check.drawn.wanted.day)
    return papers_of(connection, [one.pick.contract for one in check.items], day, names)


def _strata(check: Check) -> list[dict[str, object]]:
    return [{"stratum": one.name, "size": one.size, "drawn": one.drawn} for one in check.drawn.strata]
