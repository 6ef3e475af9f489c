"""`huyue arrange`: archival numbers for a year's filed papers."""

import click

from archive.archival_numbers import Arranged, Given, arrange
from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.console import FIRST_YEAR, LAST_YEAR, Command, emit, session
from pipeline.divisions import Divisions
from pipeline.indexing import keep_index, names_of
from pipeline.settings import archive_codes
from pipeline.village_names import compact, town_forms

SHOWN = 20  # lines of a kind


@click.command(
    "arrange",
    cls=Command,
    epilog="例：huyue --home 档案库 arrange --year 2026 --dry-run；huyue --home 档案库 arrange --year 2026 --town 东门镇",
    short_help="整理：给一年归档的件编档号。",
    help="整理一年的件，编档号（DA/T 22）：全宗号-门类·年度-保管期限-单位-件号。按村、合同种类、编号的先后接着编；编过的不改，也不再用。全宗号写在 huyue.toml 的 [archive] 一段。",
)
@click.option(
    "--year",
    type=click.IntRange(FIRST_YEAR, LAST_YEAR),
    required=True,
    metavar="年",
    help="哪一年：合同编号里的年；手工归档的看它的日期。",
)
@click.option(
    "--town", "towns", multiple=True, metavar="乡镇", help="只编这个乡镇的，可以写几次；名称或 9 位代码。"
)
@click.option("--incomplete", is_flag=True, help="不齐全、补不齐了的，也按现在的样子编。")
@click.option("--dry-run", is_flag=True, help="只看会编成什么，不写。")
def arrange_(year: int, towns: tuple[str, ...], incomplete: bool, dry_run: bool) -> int:
    home, actor = session().open_home(), session().actor()
    divisions = names_of(home).divisions
    codes = archive_codes(home.settings, divisions)
    wanted = frozenset(_town(Divisions(divisions), written) for written in towns)
    with home.writing(dry_run=dry_run) as connection:
        done = arrange(connection, year, codes, divisions, wanted, actor, incomplete=incomplete)
    if done.given and not dry_run:
        keep_index(home, actor)
    value = {"year": year, "given": len(done.given), "had": done.had, "incomplete": list(done.incomplete)}
    emit(value | {"numbers": [_value(one) for one in done.given]}, _lines(year, done, dry_run))
    return EXIT_LOOK if done.incomplete else EXIT_DONE


def _town(divisions: Divisions, written: str) -> str:
    """The code of the one town that is meant."""
    flat = compact(written)
    found = [code for code in divisions.towns if flat == code or flat in town_forms(divisions.name(code))]
    if len(found) != 1:
        known = "、".join(divisions.name(code) for code in divisions.towns)
        raise click.BadParameter(f"没有“{written}”这个乡镇，或者不止一个。有：{known}。", param_hint="--town")
    return found[0]


def _value(one: Given) -> dict[str, object]:
    return {"archival_number": one.number, "contract": one.contract, "paper": one.paper}


def _lines(year: int, done: Arranged, dry_run: bool) -> list[str]:
    total = len(done.given) + done.had + len(done.incomplete)
    given = [f"{one.number}　{one.contract or f'手工归档第 {one.paper} 件'}" for one in done.given]
    waiting = [f"不齐全，没有编：{number}" for number in done.incomplete]
    return [
        *_shortened(given),
        *_shortened(waiting),
        f"{year} 年归档 {total} 件：{'会' if dry_run else '这次'}编档号 {len(done.given)} 件，以前编过 {done.had} 件，"
        f"不齐全没有编 {len(done.incomplete)} 件。",
        *(["没有写：去掉 --dry-run 就编。"] if dry_run else []),
    ]


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= SHOWN:
        return lines
    return [*lines[: SHOWN - 1], f"……（一共 {len(lines)} 行，用 --json 看全部）", lines[-1]]
