"""`huyue demo`: the whole way on an invented town, to look at."""

from pathlib import Path

import click

from pipeline.console import FOLDER, Command, emit, session
from pipeline.demo.whole import run_demo


@click.command(
    cls=Command,
    epilog="例：huyue demo；huyue demo 演示",
    help="用虚构的一个乡镇从头走一遍：花名册、导入、安排、打印、预览，最后说明看哪些文件。",
)
@click.argument("folder", type=FOLDER, default=Path("demo"), metavar="[文件夹]")
def demo(folder: Path) -> None:
    made = run_demo(folder, session().actor())
    first = made.printed.batches[0]
    emit(
        {
            "folder": str(made.folder),
            "roster": str(made.roster),
            "home": str(made.home),
            "batches": [str(path) for path in made.printed.batches],
            "previews": str(made.previews),
            "contracts": made.printed.contracts,
            "pages": made.printed.pages,
        },
        [
            "",
            "演示做好了，请打开看看：",
            f"  花名册（单位交来的样子）　{made.roster}",
            f"  打印文件（一村一个文件夹）{first / 'print.pdf'}",
            f"  签订台账　　　　　　　　　{first / 'ledger.xlsx'}",
            f"  每份合同的 Word 文件　　　{first / 'contracts.zip'}",
            f"  六种合同的样张　　　　　　{made.previews}",
            f"共 {len(made.printed.batches)} 个村、{made.printed.contracts} 份合同、{made.printed.pages} 页；"
            f"另有 {made.planned.waiting} 份待定，改正花名册后再安排。",
            f"接着试试：huyue --home {made.home} campaign list",
        ],
    )
