"""`huyue worklist`: lists to work from, as a workbook and on paper."""

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
import polars as pl

from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.listing import write_book
from archive.worklists import Worklist
from pipeline.commands.villages import VILLAGES, of_villages
from pipeline.console import DAY, FOLDER, Command, emit, progress, refuse_existing, session
from pipeline.indexing import names_of
from pipeline.list_pages import write_pages
from pipeline.worklist_tables import TITLES, Listed, make_list

EPILOG = (
    "例：huyue --home 档案库 worklist urge --village 冲洞村 --out 清单；worklist renew --out 清单，再 "
    "huyue --home 档案库 plan --campaign 2027春 --date 2027-03-01 --from 清单/到期续签名单-2027-02-01.xlsx"
)


@click.command(
    cls=Command,
    epilog=EPILOG,
    short_help="工作清单：催办单、到期续签名单、补签补盖清单、未归档清单、近半月变动。",
    help="写一份工作清单（Excel 和 PDF）：urge 催办单（按村、联户责任人，一人一页）、renew 到期续签名单（可以交给 plan --from）、"
    "mend 补签补盖清单（哪一页哪一处）、unfiled 未归档清单、changes 近半月变动。只看纸件，不评价人；未签（自愿）的不在任何名单里。",
)
@click.argument("kind", type=click.Choice([str(one) for one in Worklist]), metavar="清单")
@click.option("--on", "day", type=DAY, metavar="日期", help="哪一天的情况（按当天所知），默认今天。")
@VILLAGES
@click.option("--responsible", metavar="姓名", help="只列一位联户责任人的。")
@click.option(
    "--out", required=True, type=FOLDER, metavar="文件夹", help="清单写到这里；已有的文件不会覆盖。"
)
def worklist(kind: str, day: date | None, villages: Sequence[str], responsible: str | None, out: Path) -> int:
    wanted = Worklist(kind)
    home, on = session().open_home(), day or session().actor().today
    names = names_of(home)
    files = [out / f"{TITLES[wanted]}-{on}.{ending}" for ending in ("xlsx", "pdf")]
    refuse_existing(*files)
    within = of_villages(names, villages)
    if responsible is not None:
        within &= pl.col("responsible").cast(pl.String) == responsible.strip()
    with home.reading() as connection:
        found = make_list(connection, wanted, within, names, on)
    if found.frame.height:
        _write(found, files, session().actor().today)
    said = [f"{found.title}：{found.contracts} 份合同。"]
    said += [f"  {names.village(code)}：{count} 份" for code, count in found.villages().iter_rows()]
    said += [f"清单在 {file}。" for file in files] if found.frame.height else ["没有要列的，没有写文件。"]
    value = {
        "list": kind,
        "on": str(on),
        "contracts": found.contracts,
        "rows": found.frame.height,
        "villages": found.villages().to_dicts(),
        "files": [str(file) for file in files] if found.frame.height else [],
    }
    emit(value, said)
    return EXIT_LOOK if found.frame.height and wanted is not Worklist.CHANGES else EXIT_DONE


def _write(found: Listed, files: Sequence[Path], today: date) -> None:
    files[0].parent.mkdir(parents=True, exist_ok=True)
    with progress("写清单（行）", 2 * found.frame.height) as bar:
        write_book(files[0], found.sheets(), today, bar.advance)
        pdf = io.BytesIO()
        write_pages(pdf, found.title, found.pages(), found.foot, bar.advance)
    with files[1].open("xb") as written:
        written.write(pdf.getbuffer())
