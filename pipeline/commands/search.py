"""`huyue search` and `huyue index`: finding contracts."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from archive import search as searching
from archive.home import Home
from archive.index.engine import SORTS
from archive.index.query import Query, parse
from archive.search import Names, Results
from archive.search_list import write_matches
from archive.states import CHINESE, State
from pipeline.console import FILE, Command, Group, emit, progress, say, session
from pipeline.divisions import Divisions
from pipeline.indexing import names_of

EPILOG = (
    "例：huyue --home 档案库 search 覃小明；search '冲洞村 外出'；search '\"东门镇 冲洞村\" -状态:作废'；"
    "search weiguilan；search wgl 冲洞；search 镇:东门 到期:本月；search '覃小明 或 韦秀英'；"
    "search 2026年春 第三组 --xlsx 名单.xlsx；search --suggest 韦桂"
)
SHOWN = 8  # values of a facet
SUGGESTED = 10
SHOWN_FACETS = {
    "template": "合同",
    "state": "状态",
    "town": "乡镇",
    "village": "村",
    "year": "年份",
    "responsible": "责任人",
}


class StateName(click.ParamType[str]):
    """A state by its name, English or Chinese."""

    name = "state"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = [str(state) for state, chinese in CHINESE.items() if value in (str(state), chinese)]
        if not found:
            known = "、".join(f"{chinese}（{state}）" for state, chinese in CHINESE.items())
            self.fail(f"没有“{value}”这种状态，可用：{known}。", param, ctx)
        return found[0]


STATE = StateName()


@click.command(
    "search",
    cls=Command,
    epilog=EPILOG,
    context_settings={"ignore_unknown_options": True},  # -词 is a word to exclude
    help="查合同：按姓名（或其中几个字、拼音、拼音首字母、同音字、形近字）、乡镇、村、组、户、合同名称、联户责任人、"
    "编号（或其中一段）、到期日、身份证号。几个词之间是“都要有”。",
)
@click.argument("words", nargs=-1, metavar="词…")
@click.option("--village", metavar="村", help="只查一个村：代码或村名。")
@click.option(
    "--template", metavar="模板", help="只查一种合同：名称（外出期间计划生育合同书）或模板名（away_period）。"
)
@click.option("--year", type=click.IntRange(1950, 2200), metavar="年", help="只查编号里是这一年的。")
@click.option(
    "--state", type=STATE, metavar="状态", help="只查一种状态，如 已归档（filed）、已打印（printed）。"
)
@click.option(
    "--limit", type=click.IntRange(0, 1000), default=20, metavar="条数", help="最多显示几条，默认 20。"
)
@click.option("--offset", type=click.IntRange(0), default=0, metavar="条数", help="从第几条之后开始显示。")
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default=SORTS[0],
    help="次序：score 最像的在前（默认），number 编号，village 村、组、户，end 到期日，party 当事人拼音。",
)
@click.option("--xlsx", type=FILE, metavar="文件", help="把找到的全部另存为 Excel 工作簿。")
@click.option("--suggest", is_flag=True, help="不查，只列出这样开头的姓名、村、编号（边打边提示用）。")
def search(
    words: tuple[str, ...],
    village: str | None,
    template: str | None,
    year: int | None,
    state: str | None,
    limit: int,
    offset: int,
    sort: str,
    xlsx: Path | None,
    suggest: bool,
) -> None:
    home, actor = session().open_home(), session().actor()
    typed, names = " ".join(words), names_of(home)
    villages = None if village is None else frozenset({Divisions(names.divisions).find_village(village)})
    unknown = next((word for word in words if word.startswith("--")), None)
    if unknown is not None:
        raise click.NoSuchOption(unknown)
    if suggest:
        found = searching.suggest(home, names, typed, SUGGESTED)
        emit([{"kind": one.kind, "text": one.text} for one in found], [one.text for one in found])
        return
    chosen = None if template is None else _template(template, names)
    query = replace(parse(typed), villages=villages, template=chosen, year=year, state=state)
    _answer(home, query, typed, names, actor.today, offset, limit, sort)
    if xlsx is not None:
        matches = searching.every(home, query, typed, names, actor.today, sort)
        count = write_matches(xlsx, matches, names, typed, actor.today)
        say(f"全部 {count} 份在 {xlsx}。")


def _answer(
    home: Home, query: Query, typed: str, names: Names, today: date, offset: int, limit: int, sort: str
) -> None:
    found = searching.search(home, query, typed, names, today, offset, limit, sort)
    emit(_value(found), _lines(found, names, offset))
    for note in found.notes:
        say(note)
    if found.behind:
        say(f"另一个命令正在写入，检索还差 {found.behind} 份合同没有更新，稍后再查一次。")


def _template(given: str, names: Names) -> str:
    """The template's name that a person wrote, by name or title."""
    found = [name for name, title in names.titles.items() if given in (name, title)]
    if not found:
        known = "、".join(f"{title}（{name}）" for name, title in names.titles.items())
        raise click.BadParameter(f"没有“{given}”这种合同，现有：{known or '还没有'}。")
    return found[0]


def _value(found: Results) -> dict[str, object]:
    return {
        "total": found.total,
        "exact": found.exact,
        "took_ms": found.took_ms,
        "hits": [
            {
                "contract": hit.standing.number,
                "template": hit.standing.template,
                "village": hit.standing.village,
                "party": hit.standing.party,
                "state": str(hit.standing.state),
                "score": hit.score,
                "highlights": dict(hit.highlights),
            }
            for hit in found.hits
        ],
        "facets": {
            name: [{"value": value, "count": count} for value, count in counts]
            for name, counts in found.facets.items()
        },
        "notes": list(found.notes),
        "suggestions": list(found.suggestions),
    }


def _lines(found: Results, names: Names, offset: int) -> list[str]:
    lines = [f"找到 {found.total} 份{_alike(found)}（{found.took_ms:.0f} 毫秒）。"]
    if found.suggestions:
        lines.append(f"　你是不是要找：{'、'.join(found.suggestions)}")
    for place, hit in enumerate(found.hits, offset + 1):
        one = hit.standing
        title = names.titles.get(one.template, one.template)
        lines.append(
            f"{place}　{one.number}　{one.party}　{title}　{names.village(one.village)}　{CHINESE[one.state]}"
        )
    if len(found.hits) < found.total:
        for name, heading in SHOWN_FACETS.items():
            counts = found.facets.get(name, [])
            shown = "，".join(f"{_called(name, value, names)} {count}" for value, count in counts[:SHOWN])
            more = f"，还有 {len(counts) - SHOWN} 个" if len(counts) > SHOWN else ""
            lines.append(f"　{heading}：{shown}{more}")
    return lines


def _alike(found: Results) -> str:
    """How many are not exactly what was typed."""
    if found.exact == found.total:
        return ""
    if not found.exact:
        return "，是按读音、字形相近或差一个字找到的"
    return f"，其中 {found.total - found.exact} 份是按读音、字形相近或差一个字找到的，排在后面"


def _called(facet: str, value: str, names: Names) -> str:
    match facet:
        case "village":
            return names.village(value)
        case "town":
            return names.divisions.get(value, value)
        case "template":
            return names.titles.get(value, value)
        case "state":
            return CHINESE[State(value)]
        case _:
            return value or "（空）"


@click.group(cls=Group, help="检索用的索引；平时会自己更新，不用管。")
def index() -> None:
    """The index commands."""


@index.command(cls=Command, epilog="例：huyue --home 档案库 index rebuild", help="按目录把索引整个重做一遍。")
def rebuild() -> None:
    home, actor = session().open_home(), session().actor()
    with home.locked():
        with home.reading() as connection:
            count = searching.contract_count(connection)
        with progress("重做索引（份）", count) as bar:
            held = searching.rebuild(home, names_of(home), actor.today, bar.advance)
    emit({"contracts": held, "engine": searching.engine_name()}, [f"索引重做好了，共 {held} 份合同。"])
