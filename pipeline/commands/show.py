"""`huyue show`: one contract."""

from pathlib import Path
from typing import Any

import click

from archive import flaw_words
from archive.audit.classes import CHANGES
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import Command, emit, session
from pipeline.errors import NothingFiled
from pipeline.indexing import names_of
from pipeline.showing import show_contract

EPILOG = "例：huyue --home 档案库 show 451225105001-2026-01-000123-Y --pdf 合同.pdf"
VERDICTS = {"filled": "有", "empty": "空", "unsure": "认不准"}
EVENTS = {
    "planned": "安排",
    "printed": "打印",
    "assigned": "登记签的人",
    "filed": "归档",
    "declined": "未签（自愿）",
    "withdrawn": "当事人撤回",
    "moved": "迁出",
    "died": "去世",
    "unfit": "条件不再符合",
    "void": "作废",
    "subject_changed": "花名册变动",
    "kept": "核过变动，保留",
    "returned": "花名册又和合同一致",
    "destroyed": "鉴定销毁",
}


@click.command(
    cls=Command,
    epilog=EPILOG,
    help="看一份合同：当事人、期限、状态、哪几页归了档、每个框签没签、经过；--pdf 取出归档的扫描件。",
)
@click.argument("number", type=NUMBER, metavar="合同编号")
@click.option(
    "--pdf",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="文件",
    help="把归档的扫描件（可检索的 PDF）存到这里。",
)
def show(number: str, pdf: Path | None) -> None:
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        find_number(connection, number)
        shown = show_contract(connection, number, actor.today)
        if pdf is not None:
            if shown.filing is None or shown.filing.blob is None:
                raise NothingFiled(number=number)
            pdf.write_bytes(home.vault(connection).get(connection, shown.filing.blob))
    value: Any = shown.value
    village = names_of(home).village(value["village"])
    people = "、".join(_person(one) for one in value["parties"] if one["name"])
    nobody = "（已销毁）" if value["destroyed_on"] else "（空白合同，没有登记）"
    filed = [str(one["sheet"]) for one in value["sheets"] if one["filed"]]
    consents = {True: "已单独同意", False: "没有单独同意", None: "单独同意尚不知"}
    lines = [
        f"{number}　{shown.title}（{value['template_version']}）",
        f"批次 {value['campaign']}　{village}　当事人 {people or nobody}　联户责任人 {value['responsible'] or '—'}",
        f"期限 {value['start']} 至 {value['end'] or '长期'}　状态：{shown.state}",
        *([f"档号 {value['archival_number']}"] if value["archival_number"] else []),
        f"共 {len(value['sheets'])} 页，归档 {len(filed)} 页"
        + (f"（第 {'、'.join(filed)} 页）" if filed else ""),
        *(
            f"  {shown.labels.get(name, name)}：{VERDICTS[verdict]}"
            for name, verdict in value["boxes"].items()
        ),
        *(
            f"  第 {one.sheet} 页的图像{flaw_words.what(one.flaws)}：请{flaw_words.remedy(one.flaws)}"
            for one in (shown.filing.sheets if shown.filing else ())
            if one.flaws
        ),
        *([f"  打了勾的框 {value['ticks']['filled']} 个（勾的是哪些不读）"] if filed and shown.ticks else []),
        *([f"  {consents[value['consent']]}"] if filed else []),
        *map(_paper, value["papers"]),
        "经过：" + "；".join(map(_event, value["history"])),
        *([f"扫描件存在 {pdf}。"] if pdf is not None else []),
    ]
    emit(value, lines)


def _person(party: dict[str, str]) -> str:
    """A party's name, with its number where it has one: a village or a unit has none."""
    return party["name"] + (f"（{party['id_number']}）" if party["id_number"] else "")


def _paper(one: dict[str, Any]) -> str:
    """A paper filed by hand that belongs to the contract."""
    day = f"（{one['day']}）" if one["day"] else ""
    return f"  手工归档第 {one['paper']} 号：{one['kind']}《{one['title']}》{day}"


def _event(one: dict[str, Any]) -> str:
    """What happened on a day: 2026-05-02 迁出（从 2026-05-01 起）."""
    more = f"（从 {one['from']} 起）" if one.get("from", one["date"]) != one["date"] else ""
    reason = f"：{CHANGES[one['reason']]}" if "reason" in one else ""
    return f"{one['date']} {EVENTS[one['event']]}{reason}{more}"
