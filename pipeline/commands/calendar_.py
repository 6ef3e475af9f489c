"""`huyue calendar`: what is due on which day of a year, as a list and for Outlook and phones."""

from pathlib import Path

import click

from archive.due_days import due_days
from pipeline.console import FIRST_YEAR, LAST_YEAR, Command, emit, refuse_existing, session
from pipeline.indexing import names_of

EPILOG = "例：huyue --home 档案库 calendar --year 2026 --out 档案日历.ics"


@click.command(
    "calendar",
    cls=Command,
    epilog=EPILOG,
    short_help="一年里哪天该办什么：批次、归档期限、期满、抽查、检查、兑现。",
    help="列出一年里哪天该办什么：签约批次的开始、截止、归档期限，期满的合同（只有份数），每季度的抽查，半年、年终检查，该兑现的承诺（只有项数）。没有人名。加 --out 写成 .ics，Outlook 和手机的日历都能打开。",
)
@click.option("--year", type=click.IntRange(FIRST_YEAR, LAST_YEAR), metavar="年", help="哪一年，默认今年。")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="文件.ics",
    help="另存日历文件；已有的不会覆盖。",
)
def calendar_(year: int | None, out: Path | None) -> None:
    home, today = session().open_home(), session().actor().today
    year = year or today.year
    if out is not None:
        refuse_existing(out)
    names = names_of(home)
    with home.reading() as connection:
        found = due_days(connection, year, today, names.titles)
        archive = home.vault(connection).archive
    if out is not None:
        from pipeline.due_calendar import as_calendar

        with out.open("xb") as written:
            written.write(as_calendar(found, year, archive, today))
    events = [
        {"date": str(one.day), "kind": str(one.kind), "title": one.title, "count": one.count} for one in found
    ]
    lines = [f"{one.day}　{one.title}" for one in found]
    emit(
        {"year": year, "events": events, "file": str(out or "")},
        [*lines, *([f"日历在 {out}。"] if out else [])],
    )
