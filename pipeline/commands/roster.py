"""`huyue roster`: look at an office's workbook, and take it up."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.console import FILE, Command, Group, emit, say, session
from pipeline.divisions import Divisions
from pipeline.planning import divisions_of
from pipeline.roster.output import roster_json
from pipeline.roster.problems import Problem
from pipeline.roster.reader import Roster, read_rosters
from pipeline.roster.store import import_roster

SHOWN = 40  # problems listed on the screen; --json has all


@click.group(cls=Group, help="花名册：检查、导入。")
def roster() -> None:
    """The roster commands."""


@roster.command(
    cls=Command,
    epilog="例：huyue roster check 花名册.xlsx；huyue --json roster check 一村.xlsx 二村.csv > 结果.json",
    help="读花名册，说明读到了多少户、多少人，有哪些问题；不写入档案库。",
)
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="文件…")
def check(files: tuple[Path, ...]) -> int:
    say(f"正在读 {len(files)} 个文件……")
    found = read_rosters(files, _divisions(), session().actor().today)
    emit(roster_json(found) if session().json else None, _told(found))
    return EXIT_LOOK if found.problems else EXIT_DONE


@roster.command(
    "import",
    cls=Command,
    epilog="例：huyue --home 档案库 roster import 花名册.xlsx；先加 --dry-run 看看会有什么变化。",
    help="读花名册并写入档案库；有问题的人先不收，其他人照收。同一批文件再导入一次，什么也不会变。",
)
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="文件…")
@click.option("--dry-run", is_flag=True, help="只说会有什么变化，不写入。")
def import_(files: tuple[Path, ...], dry_run: bool) -> int:
    home = session().open_home()
    actor = session().actor()
    say(f"正在读 {len(files)} 个文件……")
    with home.reading() as connection:
        divisions = divisions_of(connection)
    found = read_rosters(files, divisions, actor.today)
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
            *_problem_lines(found.problems),
        ],
    )
    return EXIT_LOOK if found.problems else EXIT_DONE


def _divisions() -> Divisions:
    """The archive's table where one is named, else the shipped county's."""
    home = session().home_if_any()
    if home is None:
        return Divisions.shipped()
    with home.reading() as connection:
        return divisions_of(connection)


def _told(found: Roster) -> Iterator[str]:
    persons = sum(len(household.members) for household in found.households)
    accepted = sum(len(household.accepted) for household in found.households)
    yield f"{found.year} 年花名册：{len(found.households)} 户，{persons} 人，其中 {accepted} 人没有问题。"
    yield from _problem_lines(found.problems)


def _problem_lines(problems: tuple[Problem, ...]) -> Iterator[str]:
    if not problems:
        yield "没有发现问题。"
        return
    errors = Counter(problem.severity for problem in problems)
    yield f"发现 {len(problems)} 处问题（错误 {errors['error']}，提醒 {errors['warning']}）："
    for problem in problems[:SHOWN]:
        yield f"  {Path(problem.file).name} {problem.message}"
    if len(problems) > SHOWN:
        yield f"  ……其余 {len(problems) - SHOWN} 处请加 --json 查看。"
