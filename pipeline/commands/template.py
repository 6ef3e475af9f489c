"""`huyue template`: the contracts an office has, what is wrong with one, what it looks like, what changed, and a new one taken into use."""

from collections.abc import Sequence
from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.console import FILE, FOLDER, Command, Group, emit, say, session
from pipeline.errors import TemplateRefused
from pipeline.settings import read_settings
from pipeline.template import Template, is_zip, load_template
from pipeline.template_problem import ERROR, TemplateProblem
from pipeline.templates_in_use import named, take_into_use, templates_in_use, templates_of


@click.group(cls=Group, help="合同模板：列出、检查、预览、启用、比较。")
def template() -> None:
    """The template commands."""


@template.command(
    "list",
    cls=Command,
    epilog="例：huyue template list；huyue --home 档案库 template list",
    help="列出合同模板：给出档案库，就列它正在用的；不给，列自带的六种。",
)
def list_() -> None:
    home = session().home_if_any()
    if home is None:
        stock = templates_of(None)
        emit([_described(one) for one in stock], [_line(one) for one in stock])
        return
    with home.reading() as connection:
        found = templates_in_use(connection)
    emit(
        [_described(one.template) | {"since": one.since, "own": one.own} for one in found],
        [
            f"{_line(one.template)}　{'本单位' if one.own else '自带'}"
            + (f"，{one.since} 起用" if one.since else "")
            for one in found
        ],
    )


@template.command(
    cls=Command,
    epilog="例：huyue template check；huyue template check away_period；huyue template check 我的模板文件夹",
    help="检查合同模板：标记、设置、用词、字体和排版。不写名字就检查全部。",
)
@click.argument("names", nargs=-1, metavar="[模板名或文件夹]…")
def check(names: tuple[str, ...]) -> int:
    chosen = _chosen(names)
    rows = [(one, problem) for one in chosen for problem in _problems(one)]
    emit(
        {
            "templates": [one.manifest.name for one in chosen],
            "problems": [_problem(one, problem) for one, problem in rows],
        },
        [_problem_line(one, problem) for one, problem in rows]
        or [f"检查了 {len(chosen)} 个模板，没有发现问题。"],
    )
    return EXIT_LOOK if rows else EXIT_DONE


@template.command(
    cls=Command,
    epilog="例：huyue template preview --out 预览；huyue template preview away_period --out 预览",
    help="用虚构的一户填好合同，出 PDF 和 PNG 供查看。不写名字就出全部。",
)
@click.argument("names", nargs=-1, metavar="[模板名或文件夹]…")
@click.option(
    "--out", type=FOLDER, default=Path("预览"), show_default=True, metavar="文件夹", help="预览文件放在这里。"
)
def preview(names: tuple[str, ...], out: Path) -> None:
    from pipeline.preview import preview_files

    chosen = _chosen(names)
    say(f"排版 {len(chosen)} 个模板……")
    made = preview_files(chosen, out, session().actor().today)
    emit({"files": [str(path) for path in made]}, [f"预览好了：{path}" for path in made])


@template.command(
    cls=Command,
    epilog="例：huyue --home 档案库 template add 我的模板文件夹；加 --dry-run 先看行不行。",
    help="检查一个文件夹（或打成 zip 的）里的模板，没有错误就启用：以后新编号的合同用它。已经编了号的合同不变。",
)
@click.argument("folder", type=FILE, metavar="文件夹或 zip")
@click.option("--dry-run", is_flag=True, help="只检查，不启用。")
def add(folder: Path, dry_run: bool) -> int:
    home, actor = session().open_home(), session().actor()
    new = load_template(folder)
    problems = _problems(new)
    errors = [one for one in problems if one.severity == ERROR]
    if errors:
        listed = "".join(f"{one.where}：{one.message}" for one in errors)
        raise TemplateRefused(file=folder, title=new.manifest.title, count=len(errors), detail=listed)
    with home.writing(dry_run=dry_run) as connection:
        added = take_into_use(connection, new, actor)
    trial = "（试检查，没有启用）" if dry_run else ""
    said = f"从今天（{actor.today}）起用" if added else "已经在用，内容一样，不用再做什么"
    emit(
        _described(new) | {"added": added, "problems": [_problem(new, problem) for problem in problems]},
        [*(_problem_line(new, one) for one in problems), f"{trial}{_line(new)}：{said}。"],
    )
    return EXIT_LOOK if problems else EXIT_DONE


@template.command(
    cls=Command,
    epilog="例：huyue --home 档案库 template diff away_period；huyue --home 档案库 template diff away_period 2026.1 2026.2；huyue --home 档案库 template diff 改好的文件夹；huyue template diff 文件夹一 文件夹二",
    help="两版模板有哪些不同。只写模板名，比最近用过的两版；写文件夹，与正在用的比；写两个文件夹，互相比。",
)
@click.argument("name", metavar="模板名或文件夹")
@click.argument("others", nargs=-1, metavar="[旧版 [新版]]")
def diff(name: str, others: tuple[str, ...]) -> None:
    from pipeline.template_diff import as_json, as_lines, compared

    if len(others) > 2 or (len(others) == 2 and _is_given(name)):
        raise click.UsageError("最多写两个文件夹，或者模板名、旧版、新版。")
    old, new = _two_versions(name, others)
    found = compared(old, new)
    emit(as_json(found), as_lines(found))


def _two_versions(name: str, others: Sequence[str]) -> tuple[Template, Template]:
    """The older and the newer of the two that `diff` is asked about."""
    from pipeline.template_diff import two_of

    if _is_given(name):
        first = load_template(Path(name))
        if others:
            return first, load_template(Path(others[0]))
        return named(templates_of(session().home_if_any()), first.manifest.name), first
    with session().open_home().reading() as connection:
        return two_of(connection, name, others)


def _chosen(names: Sequence[str]) -> list[Template]:
    """What the names or folders mean; all that is in use where none is given."""
    folders = [Path(name) if _is_given(name) else None for name in names]
    if names and all(folders):
        return [load_template(folder) for folder in folders if folder]
    in_use = templates_of(session().home_if_any())
    if not names:
        return in_use
    return [
        load_template(folder) if folder else named(in_use, name)
        for name, folder in zip(names, folders, strict=True)
    ]


def _is_given(name: str) -> bool:
    """Whether it is a template itself, in a folder or a zip, not the name of one that is in use."""
    return Path(name).is_dir() or is_zip(Path(name))


def _problems(one: Template) -> list[TemplateProblem]:
    """What is wrong with a template, the office's own words looked for, too."""
    from pipeline.layout_check import template_problems

    home = session().home_if_any()
    words = read_settings(home.settings).office.warning_words if home else ()
    say(f"检查《{one.manifest.title}》……")
    return template_problems(one, words)


def _described(one: Template) -> dict[str, object]:
    manifest = one.manifest
    return {
        "name": manifest.name,
        "number": manifest.number,
        "title": manifest.title,
        "version": manifest.version,
        "scope": manifest.scope,
    }


def _line(one: Template) -> str:
    manifest = one.manifest
    return f"{manifest.number}　{manifest.title}（{manifest.name}，{manifest.version} 版）"


def _problem(one: Template, problem: TemplateProblem) -> dict[str, object]:
    return {
        "template": one.manifest.name,
        "where": problem.where,
        "severity": problem.severity,
        "message": problem.message,
    }


def _problem_line(one: Template, problem: TemplateProblem) -> str:
    return f"《{one.manifest.title}》{problem.where}：{problem.message}"
