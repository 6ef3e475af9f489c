"""`huyue import`: a package that another archive handed over is taken in."""

from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK
from pipeline.console import FOLDER, Command, emit, session
from pipeline.errors import ScanMissing

SHOWN = 20  # papers that are named


@click.command(
    "import",
    cls=Command,
    epilog="例：huyue --home 档案库 import 移交包 --dry-run；huyue --home 档案库 import 移交包",
    short_help="导入：收下别的档案库移交来的包。",
    help="收下 huyue export 导出的移交包：先逐个核对包里的文件，再把每份合同作为手工归档的旧合同存进档案库。已经有的不再收；中断了，再运行同一命令，接着做。",
)
@click.argument("package", type=FOLDER, metavar="移交包")
@click.option("--dry-run", is_flag=True, help="只试算，什么也不收。")
def import_(package: Path, dry_run: bool) -> int:
    from pipeline.paper_import import import_package, try_package  # a second to load, for what opens files

    home, actor = session().open_home(), session().actor()
    if not package.is_dir():
        raise ScanMissing(file=package)
    done = try_package(home, package) if dry_run else import_package(home, package, actor)
    value = {
        "package": str(package),
        "papers": done.papers,
        "filed": done.filed,
        "same": done.same,
        "refused": [
            {"contract": one.number, "file": one.file, "code": one.code, "message": one.message}
            for one in done.refused
        ],
        "divisions": done.divisions,
    }
    verb = "可以收下" if dry_run else "收下"
    lines = [
        f"包里 {done.papers} 份：{verb} {done.filed} 份，已经有的 {done.same} 份，没有收的 {len(done.refused)} 份。",
        *(f"  没有收 {one.number or one.file}：{one.message}" for one in done.refused[:SHOWN]),
    ]
    if len(done.refused) > SHOWN:
        lines.append(f"……没有收的一共 {len(done.refused)} 份（用 --json 看全部）。")
    if done.divisions:
        lines.append(
            f"区划表{'要' if dry_run else '已'}加上 {len(done.divisions)} 个村：{'、'.join(done.divisions)}。"
        )
    emit(value, lines)
    return EXIT_LOOK if done.refused else EXIT_DONE
