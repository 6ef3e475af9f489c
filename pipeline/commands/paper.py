"""`huyue paper`: papers that are filed by hand, with what is known of them."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from archive.home import Home
from archive.package import RETENTION
from archive.paper_words import parted
from archive.papers import Kind, Paper, find_paper, paper_versions, papers, words_of
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import FIRST_YEAR, FOLDER, LAST_YEAR, Command, Group, emit, say, session
from pipeline.paper_place import Place
from pipeline.paper_saving import save_files
from pipeline.paper_showing import Showing

Function = TypeVar("Function", bound=Callable[..., Any])
PAPER = click.IntRange(1, 2**62)
KEPT = {text: code for code, text in RETENTION.items()}


class PaperDay(click.ParamType[str]):
    """A date, as far as it is known unless it must be whole; "" for none."""

    name = "date"

    def __init__(self, whole: bool) -> None:
        self._shape = r"\d{4}-\d\d-\d\d" if whole else r"\d{4}(-\d\d(-\d\d)?)?"
        self._said = "2009-03-01 这样" if whole else "2009、2009-03 或 2009-03-01 这样"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if text:
            try:
                whole = (
                    date.fromisoformat(text + "-01-01"[len(text) - 4 :])
                    if re.fullmatch(self._shape, text)
                    else None
                )
            except ValueError:
                whole = None
            if whole is None or not FIRST_YEAR <= whole.year <= LAST_YEAR:
                self.fail(f"“{value}”不是日期，请写成 {self._said}。", param, ctx)
        return text


class ContractOrNone(click.ParamType[str]):
    """A contract number; "" for none."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return NUMBER.convert(value, param, ctx) if str(value).strip() else ""


KIND = click.Choice([str(kind) for kind in Kind])
PLACES = (
    click.option("--village", metavar="村", help="哪个村（社区）：村名或代码。"),
    click.option("--town", metavar="乡镇", help="整个乡镇的：名称或代码。"),
    click.option("--county", metavar="县", help="全县的：名称或代码。"),
)
ABOUT = (
    *PLACES,
    click.option("--group", type=click.IntRange(0, 9999), metavar="组", help="第几组；0 是没有。"),
    click.option("--household", "household_number", metavar="户编号", help="户编号。"),
    click.option("--party", metavar="姓名", help="当事人；几个人用顿号隔开。"),
    click.option("--responsible", metavar="姓名", help="联户责任人，或经手人。"),
    click.option("--number", "own_number", metavar="编号", help="文件自己的编号、文号。"),
    click.option("--day", type=PaperDay(whole=False), metavar="日期", help="文件的日期，知道多少写多少：2009、2009-03、2009-03-01。"),
    click.option("--ends", type=PaperDay(whole=True), metavar="日期", help="到期日，如 2012-12-31。"),
    click.option("--contract", type=ContractOrNone(), metavar="合同编号", help="属于哪份合同；地方、当事人、责任人不写就用这份合同的。"),
    click.option("--retention", type=click.Choice(list(KEPT)), help="保管期限，默认 30年；附件默认和它的合同一样。"),
    click.option("--note", metavar="文字", help="说明，可以检索。"),
)  # fmt: skip


def options(*some: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Several options of a command, in order."""

    def add(function: Function) -> Function:
        for option in reversed(some):
            function = option(function)
        return function

    return add


@click.group(
    cls=Group,
    short_help="手工归档：旧合同、附件、村规民约、责任书等。",
    help="手工归档：没有二维码的旧合同、合同的附件、村规民约、责任书，写明是什么，原文件一个字节不差地存进档案库。",
)
def paper() -> None:
    """The commands for papers filed by hand."""


@paper.command(
    cls=Command,
    epilog="例：huyue --home 档案库 paper add 旧合同.pdf --kind 旧合同 --title 计划生育合同 --village 冲洞村 --group 3 "
    "--party 韦桂莲 --day 2009-03 --retention 永久；paper add 表决记录.jpg --kind 附件 --title 表决记录 "
    "--contract 451225105001-2026-01-000123-Y",
    short_help="归档一份文件：原文件，和它是什么、哪里的、谁的。",
    help="归档一份文件（可以是几个文件：正文、附件、几张照片）。收 PDF、图片（TIFF、JPEG、PNG、HEIC）和 docx、xlsx、ofd。PDF 里的字、说明里的字以后可以检索，身份证号和电话会遮住。",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="文件…")
@click.option("--kind", required=True, type=KIND, help="是什么。")
@click.option("--title", required=True, metavar="题名", help="题名，如 2009 年计划生育合同。")
@options(*ABOUT)
@click.option("--ocr", is_flag=True, help="认出图像里的字，供检索；一页约十秒，最多 40 页。")
def add(files: tuple[Path, ...], note: str | None, ocr: bool, **said: Any) -> None:
    from pipeline.paper_filing import file_by_hand  # a second to load, for what opens files

    home, actor = session().open_home(), session().actor()
    filed = file_by_hand(home, files, _given(said), note or "", actor, ocr=ocr)
    showing = _showing(home)
    lines = [f"已归档，第 {filed.paper.number} 号。", *showing.lines(filed.paper)]
    if filed.characters:
        lines.append(f"读出 {filed.characters} 个字，可以检索。")
    if filed.unread:
        lines.append(f"有 {filed.unread} 页是图像，里面的字检索不到。" + ("" if ocr else "加 --ocr 可以认。"))
    emit(showing.value(filed.paper), lines)
    for one in filed.elsewhere:
        say(f"同样的文件也在别处：第 {one.number} 号《{one.about.title}》，{showing.place(one)}。")


@paper.command(
    cls=Command,
    epilog="例：huyue --home 档案库 paper correct 12 --title 2009年计划生育合同 --reason 题名写错",
    short_help="更正题名、地方、日期等；原来的一版留着。",
    help='更正一份手工归档的文件的题名、地方、日期等：写哪项改哪项，写成空的（""）就去掉。原来的一版留着，文件不变；文件错了，另外归档一份。',
)
@click.argument("number", type=PAPER, metavar="号")
@click.option("--reason", required=True, metavar="原因", help="为什么更正。")
@click.option("--kind", type=KIND, help="是什么。")
@click.option("--title", metavar="题名", help="题名。")
@options(*ABOUT)
def correct(number: int, reason: str, note: str | None, **said: Any) -> None:
    from pipeline.paper_filing import correct as corrected  # see add

    if not reason.strip():
        raise click.BadParameter("请写明为什么更正。", param_hint="--reason")
    home, actor = session().open_home(), session().actor()
    found = corrected(home, number, _given(said), note, reason.strip(), actor)
    showing = _showing(home)
    emit(showing.value(found), [f"已更正，第 {number} 号第 {found.version} 版。", *showing.lines(found)])


def _showing(home: Home) -> Showing:
    with home.reading() as connection:
        return Showing.of(connection)


def _given(said: dict[str, Any]) -> Any:
    from pipeline.paper_filing import Given

    place = _place(*(said.pop(name) for name in ("village", "town", "county")))
    kind, retention = said.pop("kind"), said.pop("retention")
    return Given(place, kind and Kind(kind), retention=retention and KEPT[retention], **said)


def _place(village: str | None, town: str | None, county: str | None) -> Place:
    if sum(one is not None for one in (village, town, county)) > 1:
        raise click.UsageError("--village、--town、--county 只写一个。")
    return Place(village, town, county)


@paper.command(
    cls=Command,
    epilog="例：huyue --home 档案库 paper show 12",
    help="看一份手工归档的文件：是什么、哪里的、有哪些文件、更正过几次。",
)
@click.argument("number", type=PAPER, metavar="号")
def show(number: int) -> None:
    home = session().open_home()
    with home.reading() as connection:
        found = find_paper(connection, number)
        versions = paper_versions(connection, number)
        note, text = parted(words_of(connection, found))
        showing = Showing.of(connection)
    history = [
        {"version": one.version, "filed_on": one.filed_on, "user": one.user, "reason": one.reason}
        for one in versions
    ]
    value = showing.value(found) | {"note": note, "characters": len(text), "versions": history}
    lines = [
        f"第 {number} 号（第 {found.version} 版）",
        *showing.lines(found),
        *([f"说明：{note}"] if note else []),
        f"可以检索的字 {len(text)} 个",
        "经过：" + "；".join(_event(one) for one in versions),
    ]
    emit(value, lines)


def _event(one: Paper) -> str:
    what = "归档" if one.version == 1 else f"更正为第 {one.version} 版：{one.reason}"
    return f"{one.filed_on} {one.user} {what}"


@paper.command(
    "list",
    cls=Command,
    epilog="例：huyue --home 档案库 paper list --village 冲洞村 --kind 旧合同",
    help="列出手工归档的文件。",
)
@options(*PLACES)
@click.option("--kind", type=KIND, help="只列一种。")
@click.option("--contract", type=NUMBER, metavar="合同编号", help="只列一份合同的。")
def list_(
    village: str | None, town: str | None, county: str | None, kind: str | None, contract: str | None
) -> None:
    home = session().open_home()
    with home.reading() as connection:
        showing = Showing.of(connection)
        division = _place(village, town, county).find(showing.divisions) or ""
        if contract is not None:
            find_number(connection, contract)
        found = papers(
            connection, division=division, kind=None if kind is None else Kind(kind), contract=contract
        )
    lines = [showing.line(one) for one in found]
    emit(
        {"papers": [showing.value(one) for one in found]},
        [*lines, f"共 {len(found)} 份。"] if found else ["没有这样的文件。"],
    )


@paper.command(
    cls=Command,
    epilog="例：huyue --home 档案库 paper get 12 --out 取件",
    help="取出一份手工归档的文件，和归档时一个字节也不差；已有的文件不会覆盖。",
)
@click.argument("number", type=PAPER, metavar="号")
@click.option("--out", required=True, type=FOLDER, metavar="文件夹", help="存到这个文件夹。")
def get(number: int, out: Path) -> None:
    home = session().open_home()
    with home.reading() as connection:
        found = find_paper(connection, number)
        targets = save_files(connection, home.vault(connection), found, out)
    value = [
        {"name": one.name, "sha256": one.sha256, "bytes": one.size, "file": str(target)}
        for one, target in zip(found.files, targets, strict=True)
    ]
    lines = [
        f"{one.name} 存在 {target}（{one.size} 字节）。"
        for one, target in zip(found.files, targets, strict=True)
    ]
    emit({"paper": number, "version": found.version, "files": value}, lines)
