"""`huyue search` and `huyue index`: finding contracts."""

from dataclasses import replace
from typing import Any

import click

from archive import search as searching
from archive.index.query import parse
from archive.search import Names, Results
from archive.states import CHINESE, State
from pipeline.console import Command, Group, emit, progress, say, session
from pipeline.divisions import Divisions
from pipeline.indexing import names_of

EPILOG = (
    "例：huyue --home 档案库 search 覃小明；search '冲洞村 外出'；search '\"东门镇 冲洞村\" -状态:作废'；"
    "search 姓名:覃 --state filed；search 451225105001-2026"
)
SHOWN = 8  # values of a facet
SHOWN_FACETS = {"template": "合同", "state": "状态", "village": "村", "year": "年份"}


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
    help="查合同：按姓名（或其中几个字）、村、合同名称、联户责任人、编号（或开头）、身份证号。几个词之间是“都要有”。",
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
def search(
    words: tuple[str, ...],
    village: str | None,
    template: str | None,
    year: int | None,
    state: str | None,
    limit: int,
    offset: int,
) -> None:
    home, actor = session().open_home(), session().actor()
    typed, names = " ".join(words), names_of(home)
    villages = None if village is None else frozenset({Divisions(names.divisions).find_village(village)})
    unknown = next((word for word in words if word.startswith("--")), None)
    if unknown is not None:
        raise click.NoSuchOption(unknown)
    chosen = None if template is None else _template(template, names)
    query = replace(parse(typed), villages=villages, template=chosen, year=year, state=state)
    found = searching.search(home, query, typed, names, actor.today, offset, limit)
    emit(_value(found), _lines(found, names, offset))
    if query.unreadable:
        say(f"“{typed}”里没有可以查的字、字母或数字。要看全部，查找的词就什么都不写。")
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
    }


def _lines(found: Results, names: Names, offset: int) -> list[str]:
    lines = [f"找到 {found.total} 份（{found.took_ms:.0f} 毫秒）。"]
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


def _called(facet: str, value: str, names: Names) -> str:
    match facet:
        case "village":
            return names.village(value)
        case "template":
            return names.titles.get(value, value)
        case "state":
            return CHINESE[State(value)]
        case _:
            return value


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
