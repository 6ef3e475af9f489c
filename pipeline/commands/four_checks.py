"""`huyue four-checks`: whether what the archive holds is authentic, complete, usable and safe (DA/T 70-2018)."""

from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.four_checks import CHINESE, PROPERTY, Check, Checked
from archive.inspection import inspect, part_of
from archive.package import filed_numbers
from archive.package_lists import write_checks
from archive.verify import Part
from archive.workbook import new_workbook
from pipeline.commands.verify import PartType
from pipeline.console import FIRST_YEAR, LAST_YEAR, Command, emit, progress, session
from pipeline.divisions import Divisions
from pipeline.indexing import names_of

SHOWN = 5  # contracts that are named as text


@click.command(
    "four-checks",
    cls=Command,
    epilog="例：huyue --home 档案库 four-checks --out 四性检测.xlsx；huyue --home 档案库 four-checks --slice 3/12",
    short_help="四性检测：归档的每一份是不是真实、完整、可用、安全。",
    help="四性检测（DA/T 70）：把归档的合同一份一份读出来，看是不是和归档时一样、页数齐不齐、打不打得开、有没有脚本和附件。移交包里的四性检测，导出时已经做好。",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="文件", help="另存 Excel 工作簿。"
)
@click.option("--village", metavar="村", help="只看一个村的：代码或村名。")
@click.option(
    "--year", type=click.IntRange(FIRST_YEAR, LAST_YEAR), metavar="年", help="只看编号里是这一年的。"
)
@click.option(
    "--slice",
    "part",
    type=PartType(),
    metavar="份/份数",
    help="只看一份，如 3/12 是十二份里的第三份；每份都做一次，就全部看过了。",
)
def four_checks(out: Path | None, village: str | None, year: int | None, part: Part | None) -> int:
    home, actor = session().open_home(), session().actor()
    names, part = names_of(home), part or Part()
    with home.reading() as connection:
        villages = None if village is None else frozenset({Divisions(names.divisions).find_village(village)})
        filed = filed_numbers(connection, actor.today, villages=villages, year=year)
        wanted = part_of(filed, part.number, part.of)
        with progress("四性检测（份）", len(wanted)) as bar:
            both = names.divisions, names.titles
            checked = inspect(home, connection, wanted, both, actor.today, bar.advance)
    if out is not None:
        with new_workbook(out, "四性检测", actor.today) as book:
            write_checks(book, checked)
    failed = {str(check): numbers for check, numbers in checked.failed.items()}
    emit({"papers": checked.papers, "of": len(filed), "failed": failed}, _lines(checked, len(filed), out))
    return EXIT_DONE if checked.sound else EXIT_LOOK


def _lines(checked: Checked, filed: int, out: Path | None) -> list[str]:
    lines = [f"看了 {checked.papers} 份（归档的共 {filed} 份）。"]
    for check in Check:
        bad = checked.failed[check]
        if not bad:
            said = "合格"
        elif check is Check.JOURNAL:
            said = f"不合格，从第 {bad[0]} 条起对不上，请运行 huyue verify"
        else:
            said = f"{len(bad)} 份不合格：{'、'.join(bad[:SHOWN])}{'……' if len(bad) > SHOWN else ''}"
        lines.append(f"  {PROPERTY[check]}　{CHINESE[check]}：{said}")
    return [*lines, *([f"清单在 {out}。"] if out else [])]
