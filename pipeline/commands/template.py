"""`huyue template`: the contracts an office has, what is wrong with one, and what it looks like."""

from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK, TemplateUnknown
from pipeline.console import FOLDER, Command, Group, emit, say, session
from pipeline.layout_check import template_problems
from pipeline.preview import preview_files
from pipeline.settings import read_settings
from pipeline.stock import stock_templates
from pipeline.template import Template, load_template


@click.group(cls=Group, help="合同模板：列出、检查、预览。")
def template() -> None:
    """The template commands."""


@template.command("list", cls=Command, epilog="例：huyue template list", help="列出合同模板。")
def list_() -> None:
    found = stock_templates()
    emit(
        [
            {
                "name": one.manifest.name,
                "number": one.manifest.number,
                "title": one.manifest.title,
                "version": one.manifest.version,
                "scope": one.manifest.scope,
            }
            for one in found
        ],
        [
            f"{one.manifest.number}　{one.manifest.title}（{one.manifest.name}，{one.manifest.version} 版）"
            for one in found
        ],
    )


@template.command(
    cls=Command,
    epilog="例：huyue template check；huyue template check away_period；huyue template check 我的模板文件夹",
    help="检查合同模板：标记、设置、用词和排版。不写名字就检查全部。",
)
@click.argument("names", nargs=-1, metavar="[模板名或文件夹]…")
def check(names: tuple[str, ...]) -> int:
    chosen = [_find(name) for name in names] or stock_templates()
    home = session().home_if_any()
    words = read_settings(home.settings).office.warning_words if home else ()
    rows = []
    for one in chosen:
        say(f"检查《{one.manifest.title}》……")
        rows += [(one, problem) for problem in template_problems(one, words)]
    emit(
        {
            "templates": [one.manifest.name for one in chosen],
            "problems": [
                {
                    "template": one.manifest.name,
                    "where": problem.where,
                    "severity": problem.severity,
                    "message": problem.message,
                }
                for one, problem in rows
            ],
        },
        [f"《{one.manifest.title}》{problem.where}：{problem.message}" for one, problem in rows]
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
    chosen = [_find(name) for name in names] or stock_templates()
    say(f"排版 {len(chosen)} 个模板……")
    made = preview_files(chosen, out, session().actor().today)
    emit({"files": [str(path) for path in made]}, [f"预览好了：{path}" for path in made])


def _find(name: str) -> Template:
    """A stock template by name, number or title, or the one in a folder."""
    if Path(name).is_dir():
        return load_template(Path(name))
    stock = stock_templates()
    for one in stock:
        if name in (one.manifest.name, one.manifest.number, one.manifest.title):
            return one
    names = "、".join(one.manifest.name for one in stock)
    raise TemplateUnknown(name=name, names=names)
