"""`huyue intake`: scans of signed contracts, into the archive."""

from pathlib import Path

import click

from archive.errors import EXIT_DONE, EXIT_LOOK, EXIT_NO_INPUT
from pipeline.console import FILE, Command, emit, progress, say, session
from pipeline.indexing import keep_index
from pipeline.intake.files import list_files
from pipeline.intake.run import IntakeCounts, open_files, take_in

SHOWN = 20
EPILOG = "例：huyue --home 档案库 intake 扫描件；huyue --home 档案库 intake 扫描-001.pdf 扫描-002.tif"


@click.command(
    cls=Command,
    epilog=EPILOG,
    short_help="把扫描件收进档案库：认出每一页，看每个框，归档。",
    help="把扫描件（PDF、TIFF、JPEG、PNG，或放着它们的文件夹）收进档案库：按页码标识认出每一页，看每个框是否签了、盖了，归档；认不准的进待核。原文件不动。中断了，再运行同一命令即可。",
)
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="文件或文件夹…")
def intake(paths: tuple[Path, ...]) -> int:
    home, actor = session().open_home(), session().actor()
    files = list_files(paths)
    with home.locked():
        with home.reading():  # a wrong key is said before anything is opened
            pass
        opened = open_files(files)
        with progress("收件（页）", sum(one.pages for one in opened)) as bar:
            counts = take_in(home, files, opened, actor, bar.advance)
    keep_index(home, actor)
    emit(counts.as_json(), _lines(counts))
    for file, _, message in counts.rejected[:SHOWN]:
        say(f"没有收 {file}：{message}")
    if len(counts.rejected) > SHOWN:
        say(f"……共有 {len(counts.rejected)} 个文件没有收。")
    for file, page, again in counts.bad_pages[:SHOWN]:
        remedy = "再运行一次会重试，还不行请" if again else "请"
        say(f"读不了 {file} 第 {page} 页，没有归档；{remedy}重新扫描这一页。")
    if len(counts.bad_pages) > SHOWN:
        say(f"……共有 {len(counts.bad_pages)} 页读不了。")
    if not counts.pages and not counts.files:
        say("没有可收的扫描件。请检查给的是不是放扫描件的文件夹。")
    if not counts.pages:
        return EXIT_NO_INPUT
    look = counts.outcomes["review"] or counts.outcomes["quarantined"] or counts.rejected or counts.incomplete
    return EXIT_LOOK if look else EXIT_DONE


def _lines(counts: IntakeCounts) -> list[str]:
    outcomes = counts.outcomes
    return [
        f"看了 {counts.files} 个文件，共 {counts.pages} 页：",
        f"  归档 {outcomes['filed']} 页，重复 {outcomes['duplicate']} 页，空白和封面 {outcomes['blank']} 页，"
        f"待核 {outcomes['review']} 页，坏页 {outcomes['quarantined']} 页。",
        f"涉及合同 {counts.complete + counts.incomplete} 份：齐全 {counts.complete} 份，"
        f"还缺页、缺签、缺章或认不准 {counts.incomplete} 份。",
        *([f"没有收的文件 {len(counts.rejected)} 个，原文件没有动。"] if counts.rejected else []),
        *(["待核的页请运行 huyue review list 查看。"] if outcomes["review"] else []),
    ]
