"""`huyue print`: a campaign's contracts as batches to print, a folder a village."""

from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.campaigns import find_campaign
from pipeline.console import FOLDER, Command, emit, progress, say, session
from pipeline.indexing import keep_index
from pipeline.planning import divisions_of
from pipeline.printing import check_out, print_campaign, villages_to_print

EPILOG = "例：huyue --home 档案库 print --campaign 2026春 --out 打印；huyue --home 档案库 print --campaign 2026春 --out 打印 --village 冲洞村 --docx"
SHOWN = 20


@click.command(
    "print",
    cls=Command,
    epilog=EPILOG,
    help="把签约批次的合同排成打印文件：一村一个文件夹，内有 print.pdf（带封面和页码标识）、台账 ledger.xlsx 和 print.json。",
)
@click.option("--campaign", "name", required=True, metavar="批次", help="签约批次的名字。")
@click.option(
    "--out",
    required=True,
    type=FOLDER,
    metavar="文件夹",
    help="打印文件放在这里；须是空文件夹，或本批次以前的输出。",
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
def print_(name: str, out: Path, village: str | None, docx: bool, copies: int) -> int:
    home, actor = session().open_home(), session().actor()
    with home.locked():
        with home.reading() as connection:
            campaign = find_campaign(connection, name)
            code = divisions_of(connection).find_village(village) if village else None
            villages = villages_to_print(connection, campaign, code)
            check_out(connection, campaign, out)
        with progress("打印（村）", len(villages)) as bar:
            counts = print_campaign(
                home, campaign, villages, out, actor, copies=copies, docx=docx, done=bar.advance, say=say
            )
    keep_index(home, actor)
    emit(
        {
            "contracts": counts.contracts,
            "pages": counts.pages,
            "batches": [str(path) for path in counts.batches],
        },
        [
            f"打印文件 {len(counts.batches)} 批，合同 {counts.contracts} 份，共 {counts.pages} 页（含封面和空白背面），在 {out}。",
            *([f"其中 {counts.own_layouts} 种版面因文字较长而加宽了格子。"] if counts.own_layouts else []),
        ],
    )
    for number, reason in counts.stopped[:SHOWN]:
        say(f"没有打印 {number}：{reason}")
    if len(counts.stopped) > SHOWN:
        say(f"……共有 {len(counts.stopped)} 份没有打印。")
    return EXIT_LOOK if counts.stopped else EXIT_DONE
