"""`huyue export`: signed papers in clear, as a package to hand over or to hand out."""

from pathlib import Path

import click

from archive import journal
from archive.errors import EXIT_DONE, EXIT_LOOK, EXIT_NO_INPUT
from archive.home import Home
from archive.identity import upgraded
from archive.package import Package, filed_numbers, make_package
from archive.search_identity import linked_numbers
from archive.states import standing_of
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import FIRST_YEAR, FOLDER, LAST_YEAR, Command, emit, progress, say, session
from pipeline.divisions import Divisions
from pipeline.indexing import names_of

EPILOG = (
    "例：huyue --home 档案库 export --year 2026 --village 冲洞村 --out 移交包；"
    "export 451225105001-2026-01-000123-Y --out 取件；export --person 身份证号 --out 个人档案"
)


@click.command(
    cls=Command,
    epilog=EPILOG,
    short_help="导出：移交包、几份合同，或一个人的全部合同（不加密）。",
    help="把归档的合同导出成移交包（BagIt）：PDF、归档文件目录、备考表、移交清册、漏号、四性检测。包里不加密，请同纸质合同一样保管。中断了，再运行同一命令，接着做。",
)
@click.argument("numbers", nargs=-1, type=NUMBER, metavar="合同编号…")
@click.option(
    "--out", type=FOLDER, required=True, metavar="文件夹", help="包放在这里：新文件夹，或上次没有做完的包。"
)
@click.option("--village", metavar="村", help="只要一个村的：代码或村名。")
@click.option(
    "--year", type=click.IntRange(FIRST_YEAR, LAST_YEAR), metavar="年", help="只要编号里是这一年的。"
)
@click.option("--campaign", metavar="批次", help="只要一个签约批次的。")
@click.option("--person", metavar="身份证号", help="只要这个人签的。")
def export(
    numbers: tuple[str, ...],
    out: Path,
    village: str | None,
    year: int | None,
    campaign: str | None,
    person: str | None,
) -> int:
    home, actor = session().open_home(), session().actor()
    names = names_of(home)
    _only_ours(out)
    with home.reading() as connection:
        for number in numbers:
            find_number(connection, number)
        villages = None if village is None else frozenset({Divisions(names.divisions).find_village(village)})
        identity = None
        if person is not None:
            known = upgraded(person.strip().upper())
            if not known:
                raise click.BadParameter("这不是身份证号：校验码或日期不对。", param_hint="--person")
            identity = frozenset(linked_numbers(connection).get(known, {known}))
        chosen = filed_numbers(
            connection, actor.today, villages=villages, year=year, campaign=campaign, identity=identity
        )
        wanted = [number for number in chosen if not numbers or number in numbers]
        if not wanted:
            say("没有归档的合同可以导出。请检查条件；还没有收回扫描件的、已经销毁的合同不能导出。")
            return EXIT_NO_INPUT
        with progress("导出（份）", len(wanted)) as bar:
            made = make_package(
                home, connection, wanted, out, (names.divisions, names.titles), actor, bar.advance
            )
    with home.writing() as connection:
        counts = {"papers": made.papers, "sheets": made.sheets, "person": person is not None}
        journal.record(connection, actor, "export", "", counts)
    emit(_value(made, out), _lines(made, out))
    absent = sorted(set(numbers) - set(wanted))
    for number in absent:
        say(f"{number} {_why_not(home, number)}，不在包里。")
    return EXIT_DONE if made.checked.sound and not absent else EXIT_LOOK


def _why_not(home: Home, number: str) -> str:
    """Why a contract has no paper to export."""
    with home.reading() as connection:
        standing = standing_of(connection, number, session().actor().today)
    if standing is not None and standing.destroyed_on is not None:
        return f"{standing.destroyed_on} 已销毁"
    return "还没有归档的扫描件"


def _only_ours(out: Path) -> None:
    """Refuse a folder with anything in it that no package of ours has."""
    ours = {"data", "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"}
    if out.is_dir() and {path.name for path in out.iterdir()} - ours:
        raise click.BadParameter(f"{out} 里有别的文件。请给一个新文件夹。", param_hint="--out")


def _value(made: Package, out: Path) -> dict[str, object]:
    return {
        "out": str(out),
        "papers": made.papers,
        "sheets": made.sheets,
        "bytes": made.octets,
        "gaps": [{"contract": gap.number, "why": gap.why} for gap in made.gaps],
        "checks": {str(check): numbers for check, numbers in made.checked.failed.items()},
    }


def _lines(made: Package, out: Path) -> list[str]:
    bad = sum(map(bool, made.checked.failed.values()))
    return [
        f"导出 {made.papers} 份，{made.sheets} 页，在 {out}。没有加密，请同纸质合同一样保管。",
        "四性检测：全部合格。"
        if not bad
        else f"四性检测：有 {bad} 项不合格，见 {out / 'data' / '四性检测.xlsx'}。",
        *([f"漏号 {len(made.gaps)} 个，见 {out / 'data' / '漏号.xlsx'}。"] if made.gaps else []),
    ]
