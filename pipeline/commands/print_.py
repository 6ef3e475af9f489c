"""`huyue print`: a campaign's contracts as batches to print, a folder a village."""

import re
from pathlib import Path
from typing import Any

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.campaigns import find_campaign, require_open
from pipeline.commands.contract_number import NUMBER
from pipeline.console import FOLDER, Command, emit, progress, say, session
from pipeline.indexing import keep_index
from pipeline.planning import divisions_of
from pipeline.press import Forms
from pipeline.print_run import PrintRun
from pipeline.printing import check_out, print_campaign, villages_to_print
from pipeline.which import Which

EPILOG = (
    "例：huyue --home 档案库 print --campaign 2026春 --out 打印；"
    "huyue --home 档案库 print --campaign 2026春 --out 打印 --copies 2 --split 500；"
    "huyue --home 档案库 print --campaign 2026春 --out 补印 --unreturned；"
    "huyue --home 档案库 print --campaign 2026春 --out 重印 --village 冲洞村 --pages 41-60"
)
SHOWN = 20


class PageRange(click.ParamType[tuple[int, int]]):
    """Pages as 12-20, or one page as 12."""

    name = "pages"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,7})(?:-(\d{1,7}))?", str(value), re.ASCII)
        if found is None or not 1 <= int(found[1]) <= int(found[2] or found[1]):
            self.fail(f"“{value}”不是页码范围，请写成 12-20 这样。", param, ctx)
        return int(found[1]), int(found[2] or found[1])


@click.command(
    "print",
    cls=Command,
    epilog=EPILOG,
    help="把签约批次的合同排成打印文件：一村一个文件夹，内有 print.pdf（带封面和页码标识）、台账 ledger.xlsx 和 print.json。中断了，再运行同一条命令就接着做。",
)
@click.option("--campaign", "name", required=True, metavar="批次", help="签约批次的名字。")
@click.option(
    "--out",
    required=True,
    type=FOLDER,
    metavar="文件夹",
    help="打印文件放在这里；须是空文件夹，或本批次以前的输出。只印一部分时须是空文件夹。",
)
@click.option("--village", metavar="村", help="只打印一个村：代码或村名。")
@click.option("--docx", is_flag=True, help="另存每份合同的 Word 文件（contracts.zip）。")
@click.option(
    "--copies",
    type=click.IntRange(1, 9),
    default=1,
    metavar="份数",
    help="打印几份；2 为另出乙方留存的 print-2.pdf。",
)
@click.option(
    "--collated",
    is_flag=True,
    help="几份连着印：每份合同的各份挨在一起（print-collated.pdf），要有 --copies。",
)
@click.option("--a3", is_flag=True, help="另出 A3 小册子（print-a3.pdf），双面印好对折。")
@click.option(
    "--split",
    type=click.IntRange(2, 100_000),
    metavar="张数",
    help="另分成几册，每册最多这么多张纸（print-part-01.pdf……）。",
)
@click.option("--by-responsible", is_flag=True, help="另按责任人分册，每人一册，封面写责任人。")
@click.option(
    "--number", "numbers", type=NUMBER, multiple=True, metavar="编号", help="只印这一份；可以写几次。"
)
@click.option("--unreturned", is_flag=True, help="只印已经印过、还没有收齐的。")
@click.option("--blank", is_flag=True, help="只印空白合同（huyue blank new 编的号）。")
@click.option(
    "--pages",
    type=PageRange(),
    metavar="页码",
    help="只印完整 print.pdf 的这几页，如 41-60；要写 --village。",
)
def print_(
    name: str,
    out: Path,
    village: str | None,
    docx: bool,
    copies: int,
    collated: bool,
    a3: bool,
    split: int | None,
    by_responsible: bool,
    numbers: tuple[str, ...],
    unreturned: bool,
    blank: bool,
    pages: tuple[int, int] | None,
) -> int:
    if collated and copies < 2:
        raise click.UsageError("--collated 要和 --copies 一起用，例如 --copies 2 --collated。")
    if pages and (not village or numbers or unreturned or blank):
        raise click.UsageError("--pages 只能和 --village 一起用：页码是一个村完整的 print.pdf 里的。")
    if pages and (collated or a3 or split or by_responsible):
        raise click.UsageError(
            "--pages 只重印几页，不能和 --collated、--a3、--split、--by-responsible 一起用。"
        )
    forms = Forms(copies, collated, a3, split or 0, by_responsible, docx)
    which = Which(tuple(sorted(set(numbers))), unreturned, blank, pages)
    home, actor = session().open_home(), session().actor()
    with home.locked():
        with home.reading() as connection:
            campaign = find_campaign(connection, name)
            require_open(campaign)
            code = divisions_of(connection).find_village(village) if village else None
            villages = villages_to_print(connection, campaign, code, which, actor.today)
            run = PrintRun.open(out, connection, campaign, forms, which, actor.today)
            check_out(home, connection, campaign, out, which, run)
        with progress("打印（份）", sum(villages.values())) as bar:
            counts = print_campaign(
                home,
                campaign,
                villages,
                out,
                actor,
                forms=forms,
                which=which,
                run=run,
                done=bar.advance,
                say=say,
            )
    keep_index(home, actor)
    run.end()
    emit(
        {
            "contracts": counts.contracts,
            "pages": counts.pages,
            "batches": [str(path) for path in counts.batches],
        },
        [
            f"打印文件 {len(counts.batches)} 批，合同 {counts.contracts} 份，共 {counts.pages} 页（含封面和空白背面），在 {out}。"
            if counts.batches
            else "没有要印的：这个范围里没有符合的合同。",
            *([f"其中 {counts.own_layouts} 种版面因文字较长而加宽了格子。"] if counts.own_layouts else []),
        ],
    )
    for number, reason in counts.stopped[:SHOWN]:
        say(f"没有打印 {number}：{reason}")
    if len(counts.stopped) > SHOWN:
        say(f"……共有 {len(counts.stopped)} 份没有打印。")
    return EXIT_LOOK if counts.stopped else EXIT_DONE
