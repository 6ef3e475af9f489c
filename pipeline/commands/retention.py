"""`huyue retention`: filed papers that have been kept for as long as they must be."""

from datetime import date

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.retention import due_papers
from pipeline.console import DAY, Command, emit, session
from pipeline.indexing import names_of


@click.command(
    cls=Command,
    epilog="例：huyue --home 档案库 retention；huyue --home 档案库 retention --on 2037-01-01",
    help="列出保管期限已满的归档合同，供鉴定用；只列出来，什么也不删。期限从合同办完（到期、终止、最后一次归档，取最晚的）的第二年 1 月 1 日算起，写着永久的、没有期限又没有终止的不在内。",
)
@click.option("--on", type=DAY, metavar="日期", help="到哪一天为止期满，默认今天。")
def retention(on: date | None) -> int:
    home, actor = session().open_home(), session().actor()
    names, day = names_of(home), on or actor.today
    with home.reading() as connection:
        found = list(due_papers(connection, day))
    value = [
        {
            "contract": one.standing.number,
            "template": one.standing.template,
            "village": one.standing.village,
            "party": one.standing.party,
            "retention": one.retention,
            "done_on": one.done_on.isoformat(),
            "due": one.due.isoformat(),
        }
        for one in found
    ]
    lines = [
        f"{one.standing.number}　{names.village(one.standing.village)}　{one.standing.party}　"
        f"{names.titles.get(one.standing.template, one.standing.template)}　"
        f"{one.done_on} 办完　保管 {one.retention[1:]} 年　{one.due} 期满"
        for one in found
    ]
    emit(
        {"on": day.isoformat(), "contracts": value}, [*lines, f"到 {day} 为止，{len(found)} 份合同保管期满。"]
    )
    return EXIT_LOOK if found else EXIT_DONE
