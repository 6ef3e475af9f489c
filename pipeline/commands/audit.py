"""`huyue audit`: what is missing, expired or incomplete on a date."""

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import click

from archive.audit.classes import CHINESE
from archive.audit.findings import Audit, audit
from archive.audit.workbook import write_audit
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.states import CHINESE as STATES
from archive.states import State
from pipeline.commands.villages import VILLAGES, of_villages
from pipeline.console import DAY, Command, session
from pipeline.indexing import names_of

EPILOG = "例：huyue --home 档案库 audit --on 2026-12-31 --out 年度检查.xlsx"


@click.command(
    "audit",
    cls=Command,
    epilog=EPILOG,
    short_help="检查某一天的合同档案：缺的、到期的、不齐全的。",
    help="检查某一天的合同档案：应有未归、到期、将到期、缺签名、缺盖章、缺日期、缺页、归档超期、看不清、两份不一致、模板已换新、人户有变动、无应签而归档、档案损坏、待核未核。只看纸件，不评价人；未签（自愿）的不在名单里。",
)
@click.option("--on", "day", type=DAY, metavar="日期", help="检查哪一天的情况（按当天所知），默认今天。")
@VILLAGES
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="文件", help="另存 Excel 工作簿。"
)
def audit_(day: date | None, villages: Sequence[str], out: Path | None) -> int:
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        found = audit(connection, day or actor.today, names=out is not None or session().json)
    if villages:
        found = found.within(of_villages(names_of(home), villages))
    if out is not None:
        names = names_of(home)
        write_audit(out, found, names.titles, names.village)
    if session().json:
        sys.stdout.writelines(found.as_json())
    else:
        for line in _lines(found, out):
            click.echo(line)
    return EXIT_DONE if found.findings.is_empty() else EXIT_LOOK


def _lines(found: Audit, out: Path | None) -> Iterator[str]:
    states = "，".join(f"{STATES[one]} {found.states[one]} 份" for one in State if found.states[one])
    yield f"{found.on} 的合同档案：共 {found.states.total()} 份。{states}{'。' if states else ''}"
    yield from (f"  {CHINESE[cls]} {count} 份" for cls, count in found.counts.items() if count)
    if found.findings.is_empty():
        yield "没有发现问题。"
    if found.explained:
        yield f"其中已说明的 {found.explained} 个。"
    if out is not None:
        yield f"问题清单在 {out}。"
