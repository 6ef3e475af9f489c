"""`huyue roster`: look at an office's workbook, and take it up."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK, ColumnMapFaulty
from archive.home import Home
from pipeline.console import FILE, Command, Group, emit, say, session
from pipeline.divisions import Divisions
from pipeline.planning import divisions_of
from pipeline.roster.columns import ColumnMap
from pipeline.roster.marked import write_marked
from pipeline.roster.output import roster_json
from pipeline.roster.reader import Roster, read_rosters
from pipeline.roster.screen import problem_lines, reading_lines, roster_line
from pipeline.roster.store import import_roster
from pipeline.settings import read_settings

FILES = click.argument("files", nargs=-1, required=True, type=FILE, metavar="文件…")
MAP = click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="栏名=栏目",
    help="这一栏该读作什么，如 --map 公民号=公民身份号码；也可以写列号（F=姓名）；不要的栏写“=不读”。可以写几次。",
)


@click.group(cls=Group, help="花名册：检查、导入。")
def roster() -> None:
    """The roster commands."""


@roster.command(
    cls=Command,
    epilog="例：huyue roster check 花名册.xlsx；huyue roster check 花名册.xlsx --marked 花名册-待改.xlsx；"
    "huyue --json roster check 一村.xlsx 二村.csv > 结果.json",
    help="读花名册，说明每一栏读作什么，读到了多少户、多少人，有哪些问题；不写入档案库。",
)
@FILES
@MAP
@click.option(
    "--marked",
    type=FILE,
    metavar="文件",
    help="另写一份带标记的副本（.xlsx）：有问题的格子上色、加批注，另有一张“问题清单”。改好后可直接导入。",
)
def check(files: tuple[Path, ...], pairs: tuple[str, ...], marked: Path | None) -> int:
    home = session().home_if_any()
    found = _read(files, pairs, home)
    copies = write_marked(found, files, marked) if marked else []
    emit(
        roster_json(found) if session().json else None,
        [*reading_lines(found.sheets), roster_line(found), *problem_lines(found.problems)],
    )
    for copy in copies:
        kept = "" if copy.as_it_was else "；这种格式只能另做一份，原来的字体、颜色没有保留"
        say(f"带标记的副本：{copy.path}（{copy.problems} 处问题{kept}）。改好后保存，直接导入它。")
    return EXIT_LOOK if found.problems else EXIT_DONE


@roster.command(
    "import",
    cls=Command,
    epilog="例：huyue --home 档案库 roster import 花名册.xlsx；先加 --dry-run 看看会有什么变化。",
    help="读花名册并写入档案库；有问题的人先不收，其他人照收。同一批文件再导入一次，什么也不会变。",
)
@FILES
@MAP
@click.option("--dry-run", is_flag=True, help="只说会有什么变化，不写入。")
def import_(files: tuple[Path, ...], pairs: tuple[str, ...], dry_run: bool) -> int:
    home = session().open_home()
    actor = session().actor()
    found = _read(files, pairs, home)
    with home.writing() as connection:
        trial = connection.begin_nested()
        counts = import_roster(connection, found, actor)
        trial.rollback() if dry_run else trial.commit()
    head = "（试算，没有写入）" if dry_run else ""
    emit(
        asdict(counts),
        [
            f"{head}{found.year} 年花名册：新增 {counts.added} 人，变动 {counts.changed} 人，"
            f"没有变化 {counts.unchanged} 人，离开 {counts.left} 人，有问题暂不收 {counts.held} 人。",
            *problem_lines(found.problems),
        ],
    )
    return EXIT_LOOK if found.problems else EXIT_DONE


def _read(files: Sequence[Path], pairs: Sequence[str], home: Home | None) -> Roster:
    """The roster, read with the archive's divisions and columns where there is one, else the shipped county's."""
    written = read_settings(home.settings).roster.columns if home else {}
    told = ColumnMap.of([*written.items(), *map(_pair, pairs)])
    divisions = Divisions.shipped()
    if home:
        with home.reading() as connection:
            divisions = divisions_of(connection)
    say(f"正在读 {len(files)} 个文件……")
    return read_rosters(files, divisions, session().actor().today, told)


def _pair(written: str) -> tuple[str, str]:
    column, equals, name = written.replace("＝", "=").rpartition("=")
    if not equals:
        known = "栏名=栏目"
        raise ColumnMapFaulty(written=written, detail="没有等号", known=known)
    return column, name
