"""`huyue roster`: look at an office's workbook, and take it up."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.file_names import once, readable
from archive.home import Home
from pipeline.change_list import change_json, list_lines, write_list
from pipeline.console import FILE, Command, Group, emit, progress, say, session
from pipeline.contracts import template_titles
from pipeline.divisions import Divisions
from pipeline.errors import ColumnMapFaulty
from pipeline.indexing import keep_index
from pipeline.planning import divisions_of
from pipeline.responsibles import read_responsibles, record
from pipeline.roster.columns import ColumnMap
from pipeline.roster.output import roster_json
from pipeline.roster.reader import Roster, read_rosters
from pipeline.roster.screen import change_lines, problem_lines, reading_lines, roster_line
from pipeline.roster.store import import_roster, undo_import
from pipeline.settings import read_settings
from pipeline.subject_changes import flagged

FILES = click.argument("files", nargs=-1, required=True, type=FILE, metavar="文件…")
MAP = click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="栏名=栏目",
    help="这一栏该读作什么，如 --map 公民号=公民身份号码；也可以写列号（F=姓名）；不要的栏写“=不读”。可以写几次。",
)


@click.group(cls=Group, help="花名册：检查、导入、撤销，看变动，登记责任人。")
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
    from pipeline.roster.marked import marked_targets, write_marked  # half of what the group takes to start

    home = session().home_if_any()
    if marked:
        marked_targets(files, marked)  # a name that will not do is said before the files are read
    found = _read(files, pairs, home)
    lines = [*reading_lines(found.sheets), roster_line(found), *problem_lines(found.problems)]
    if not session().json:  # should marking fail, this is not lost; JSON is one value, here or of the failure
        emit(None, lines)
    for copy in write_marked(found, files, marked) if marked else []:
        kept = "" if copy.as_it_was else "；这种格式只能另做一份，原来的字体、颜色没有保留"
        say(f"带标记的副本：{readable(copy.path)}（{copy.problems} 处问题{kept}）。改好后保存，直接导入它。")
    if session().json:
        emit(roster_json(found), [])
    return EXIT_LOOK if found.problems or found.unused else EXIT_DONE


@roster.command(
    "import",
    cls=Command,
    epilog="例：huyue --home 档案库 roster import 花名册.xlsx；先加 --dry-run 看看会有什么变化。",
    help="读花名册并写入档案库，说明与上一次相比变了什么；有问题的人先不收，其他人照收。"
    "受影响的合同只做记号，不会自动终止（见 roster changes）。同一批文件再导入一次，什么也不会变。",
)
@FILES
@MAP
@click.option("--dry-run", is_flag=True, help="只说会有什么变化，不写入。")
@click.option(
    "--same",
    metavar="序号",
    help="试算时列出的“可能是同一人”里，已核对的几对：1,3；都是就写 all。他们的合同跟着新号码走。",
)
def import_(files: tuple[Path, ...], pairs: tuple[str, ...], dry_run: bool, same: str | None) -> int:
    home = session().open_home()
    actor = session().actor()
    confirmed = _numbers(same)
    found = _read(files, pairs, home)
    homes = sum(bool(household.village_code) for household in found.households)
    with home.writing(dry_run=dry_run) as connection, progress("写入（户）", homes) as bar:
        done = import_roster(connection, found, actor, confirmed, bar.advance)
        divisions = divisions_of(connection)
    if not dry_run:
        keep_index(home, actor)
    counts = done.counts
    head = "（试算，没有写入）" if dry_run else ""
    touched = (
        [f"受影响的合同 {done.flagged} 份，已做记号：请看 huyue roster changes。"] if done.flagged else []
    )
    emit(
        asdict(counts),
        [
            f"{head}{found.year} 年花名册：新增 {counts.added} 人，变动 {counts.changed} 人，"
            f"没有变化 {counts.unchanged} 人，离开 {counts.left} 人，有问题暂不收 {counts.held} 人。",
            *change_lines(done.changes, divisions, written=not dry_run),
            *touched,
            *problem_lines(found.problems),
        ],
    )
    return EXIT_LOOK if counts.problems or found.unused else EXIT_DONE


@roster.command(
    cls=Command,
    epilog="例：huyue --home 档案库 roster undo",
    help="撤销最近一次导入，花名册回到上一次的样子。已经按它安排了合同、或处理了变动的，不能撤销。",
)
def undo() -> None:
    home, actor = session().open_home(), session().actor()
    with home.writing() as connection:
        undone = undo_import(connection, actor)
    keep_index(home, actor)
    emit(
        {"year": undone.year, "imported_on": undone.imported_on.isoformat(), "persons": undone.persons},
        [
            f"已撤销 {undone.imported_on} 导入的 {undone.year} 年花名册（{undone.villages} 个村，{undone.persons} 人）。"
        ],
    )


@roster.command(
    cls=Command,
    epilog="例：huyue --home 档案库 roster changes --out 变动名单.xlsx；填好“处理”一栏后："
    "huyue --home 档案库 close --from 变动名单.xlsx",
    help="花名册变动后，哪些合同的当事人变了、还没有处理。加 --out 写成名单，逐份填好处理办法，再一起终止或保留。",
)
@click.option("--village", metavar="村", help="只看一个村：代码或村名。")
@click.option("--out", type=FILE, metavar="文件", help="写成 Excel 名单，供逐份审核。")
def changes(village: str | None, out: Path | None) -> int:
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        divisions = divisions_of(connection)
        code = divisions.find_village(village) if village else None
        found = list(flagged(connection, actor.today, code))
        titles = template_titles(connection)
    if out:
        write_list(out, found, divisions, titles, actor.today)
    emit({"changes": [change_json(one) for one in found]}, list_lines(found, divisions, titles, out))
    return EXIT_LOOK if found else EXIT_DONE


@roster.command(
    cls=Command,
    epilog="例：huyue --home 档案库 roster responsible 责任人.xlsx --year 2026",
    help="登记责任人名单：包村干部、包组干部、联户责任人，一年一定。表里有村，按需要有组、户编号，"
    "以及“包村干部”“包组干部”“联户责任人”三栏，或者一栏“责任人”。安排合同时用最近的一级。",
)
@click.argument("file", type=FILE, metavar="文件")
@click.option(
    "--year",
    type=click.IntRange(2000, 2100),
    metavar="年份",
    help="哪一年的，默认看标题或文件名，再没有就是今年。",
)
@click.option("--reason", default="", metavar="原因", help="年中更换责任人的原因。")
@click.option("--dry-run", is_flag=True, help="只说会有什么变化，不写入。")
def responsible(file: Path, year: int | None, reason: str, dry_run: bool) -> None:
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        divisions = divisions_of(connection)
    listed = read_responsibles(file, divisions)
    with home.writing(dry_run=dry_run) as connection:
        done = record(connection, listed, year or listed.year or actor.today.year, reason, actor)
    head = "（试算，没有写入）" if dry_run else ""
    emit(
        asdict(done),
        [
            f"{head}{done.year} 年责任人：新登记 {done.added} 处，更换 {done.changed} 处，没有变化 {done.unchanged} 处。"
        ],
    )


def _numbers(same: str | None) -> frozenset[int] | None:
    """The suggestions that --same names; None for all."""
    if same is None:
        return frozenset()
    if same.strip().lower() == "all":
        return None
    parts = same.replace("，", ",").replace("、", ",").split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise click.UsageError(f"--same “{same}”写得不对：请写序号，用逗号隔开，如 1,3；或者写 all。")
    return frozenset(int(part) for part in parts)


def _read(files: Sequence[Path], pairs: Sequence[str], home: Home | None) -> Roster:
    """The roster, read with the archive's divisions and columns where there is one, else the shipped county's."""
    written = read_settings(home.settings).roster.columns if home else {}
    mapped = [_pair(pair) for pair in pairs]
    told = ColumnMap.of([*written.items(), *mapped])
    divisions = Divisions.shipped()
    if home:
        with home.reading() as connection:
            divisions = divisions_of(connection)
    files = once(files)
    with progress("读花名册（文件）", len(files)) as bar:
        found = read_rosters(files, divisions, session().actor().today, told, bar.advance)
    # Settings are for all of an office's tables: one need not have every column of theirs.
    unused = tuple(column for column in found.unused if column in {column for column, _ in mapped})
    if unused:
        say(f"--map 里的这几栏，表里没有：{'、'.join(unused)}。请核对栏名或列号。")
    return replace(found, unused=unused)


def _pair(written: str) -> tuple[str, str]:
    column, equals, name = written.replace("＝", "=").rpartition("=")
    if not equals:
        known = "栏名=栏目"
        raise ColumnMapFaulty(written=written, detail="没有等号", known=known)
    return column, name
