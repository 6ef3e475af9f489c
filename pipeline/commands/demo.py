"""`huyue demo`: the whole way on an invented town, to look at."""

from pathlib import Path

import click

from archive.audit.classes import CHINESE
from pipeline.console import FOLDER, Command, emit, session
from pipeline.demo.whole import run_demo


@click.command(
    cls=Command,
    epilog="例：huyue demo；huyue demo 演示",
    help="用虚构的一个乡镇从头走一遍：花名册、导入、安排、打印、签字扫描（模拟）、收件归档、检索、检查，最后说明看哪些文件。",
)
@click.argument("folder", type=FOLDER, default=Path("demo"), metavar="[文件夹]")
def demo(folder: Path) -> None:
    made = run_demo(folder, session().actor())
    first, counts = made.printed.batches[0], made.audited.counts
    emit(
        {
            "folder": str(folder),
            "roster": str(made.at.roster),
            "home": str(made.at.home),
            "batches": [str(path) for path in made.printed.batches],
            "previews": str(made.at.previews),
            "scans": str(made.at.scans),
            "signed": str(made.at.signed),
            "audit": str(made.at.audit),
            "contracts": made.printed.contracts,
            "pages": made.printed.pages,
            "intake": made.filed.as_json(),
            "searches": [{"query": typed, "total": found.total} for typed, found in made.searches],
            "counts": {str(cls): count for cls, count in counts.items()},
        },
        [
            "",
            *(
                f"查“{typed}”：{found.total} 份，"
                + "；".join(f"{hit.standing.party} {hit.standing.number}" for hit in found.hits[:2])
                for typed, found in made.searches
            ),
            f"{made.audited.on} 检查："
            + "，".join(f"{CHINESE[cls]} {count}" for cls, count in counts.items() if count),
            "（只有两个村的签好、扫描了，其余七个村的都是“应有未归”。）",
            "",
            "演示做好了，请打开看看：",
            f"  花名册（单位交来的样子）　{made.at.roster}",
            f"  标出问题的花名册　　　　　{made.at.marked}",
            f"  打印文件（一村一个文件夹）{first / 'print.pdf'}",
            f"  签订台账　　　　　　　　　{first / 'ledger.xlsx'}",
            f"  每份合同的 Word 文件　　　{first / 'contracts.zip'}",
            f"  六种合同的样张　　　　　　{made.at.previews}",
            f"  签好的扫描件（模拟）　　　{made.at.scans}",
            f"  一份归档的合同（可检索）　{made.at.signed}",
            f"  档案检查　　　　　　　　　{made.at.audit}",
            f"共 {len(made.printed.batches)} 个村、{made.printed.contracts} 份合同、{made.printed.pages} 页；"
            f"另有 {made.planned.waiting} 份待定，改正花名册后再安排。",
            f"接着试试：huyue --home {made.at.home} search 姓名；huyue --home {made.at.home} review list",
        ],
    )
