"""`huyue search` and `huyue index`: finding contracts."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from archive import search as searching
from archive import search_saved as searches
from archive.errors import ArchiveLocked
from archive.home import Home
from archive.index.engine import SORTS
from archive.index.query import Field, Query, Term, parse
from archive.index.values import KINDS, kinds
from archive.journal import Actor
from archive.search import Names, Results
from archive.search_list import write_matches
from archive.search_papers import ShelfPaper
from archive.search_saved import SavedSearch
from archive.states import CHINESE, Standing, State
from pipeline.console import FILE, FIRST_YEAR, LAST_YEAR, Command, Group, emit, progress, say, session
from pipeline.divisions import Divisions
from pipeline.indexing import names_of

EPILOG = (
    "例：huyue --home 档案库 search 覃小明；search '冲洞村 外出'；search '\"东门镇 冲洞村\" -状态:作废'；"
    "search weiguilan；search wgl 冲洞；search 镇:东门 到期:本月；search '覃小明 或 韦秀英'；"
    "search 2026年春 第三组 --xlsx 名单.xlsx；search 尾号:1234 冲洞；search 外出:广东；search 种类:村规民约；search 条款:托育；"
    "search --suggest 韦桂；search 冲洞 状态:不完整 --save 冲洞不完整；search --saved 冲洞不完整"
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
@click.option(
    "--year", type=click.IntRange(FIRST_YEAR, LAST_YEAR), metavar="年", help="只查编号里是这一年的。"
)
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
    help="次序：score 最像的在前（默认），number 编号，village 村、组、户，end 到期日，party 当事人拼音。",
)
@click.option("--xlsx", type=FILE, metavar="文件", help="把找到的全部另存为 Excel 工作簿。")
@click.option("--id-last4", metavar="四位", help="当事人身份证号的最后四位。")
@click.option("--suggest", is_flag=True, help="不查，只列出这样开头的姓名、村、编号（边打边提示用）。")
@click.option("--save", metavar="名字", help="查，并把这样的查法记下来，大家都能用。")
@click.option("--saved", metavar="名字", help="照记下来的查法查；再写的词、选项加在上面。")
@click.option("--list-saved", is_flag=True, help="列出记下来的查法。")
@click.option("--forget", metavar="名字", help="不再记着这个查法。")
def search(
    words: tuple[str, ...],
    limit: int,
    offset: int,
    xlsx: Path | None,
    suggest: bool,
    save: str | None,
    saved: str | None,
    list_saved: bool,
    forget: str | None,
    **filters: str | int | None,
) -> None:
    home, actor = session().open_home(), session().actor()
    unknown = next((word for word in words if word.startswith("--")), None)
    if unknown is not None:
        raise click.NoSuchOption(unknown)
    if list_saved:
        _list_saved(home)
        return
    if forget is not None:
        _forget(home, forget, actor)
        return
    names, typed = names_of(home), " ".join(words)
    if suggest:
        found = searching.suggest(home, names, typed, actor.today, SUGGESTED)
        emit([{"kind": one.kind, "text": one.text} for one in found], [one.text for one in found])
        return
    chosen = {name: value for name, value in filters.items() if value is not None}
    if saved is not None:
        kept = _saved(home, saved)
        typed, chosen = f"{kept.query} {typed}".strip(), {**kept.filters, **chosen}
    query, sort = _query(typed, chosen, names), str(chosen.get("sort", SORTS[0]))
    if save is not None:
        _save(home, save, typed, chosen, actor)
    _answer(home, query, typed, names, actor.today, offset, limit, sort)
    if xlsx is not None:
        matches = searching.every(home, query, typed, names, actor.today, sort)
        count = write_matches(xlsx, matches, names, typed, actor.today)
        say(f"全部 {count} 份在 {xlsx}。")
    if searching.is_outdated(home, names):
        _renew(home, names, actor.today)


def _query(typed: str, chosen: Mapping[str, str | int], names: Names) -> Query:
    """What is asked for; `chosen` are the options given, by name."""
    query, filters = parse(typed), dict(chosen)
    if "village" in filters:
        village = Divisions(names.divisions).find_village(str(filters["village"]))
        query = replace(query, villages=frozenset({village}))
    if "template" in filters:
        query = replace(query, template=_template(str(filters["template"]), names))
    if "year" in filters:
        query = replace(query, year=int(filters["year"]))
    if "state" in filters:
        query = replace(query, state=str(filters["state"]))
    if "id_last4" in filters:
        query = replace(query, groups=(*query.groups, (Term(str(filters["id_last4"]), Field.ID_END),)))
    return query


def _answer(
    home: Home, query: Query, typed: str, names: Names, today: date, offset: int, limit: int, sort: str
) -> None:
    found = searching.search(home, query, typed, names, today, offset, limit, sort)
    emit(_value(found), _lines(found, names, offset))
    for note in found.notes:
        say(note)
    if found.behind and not searching.is_outdated(home, names):
        say(f"另一个命令正在写入，检索还差 {found.behind} 份没有更新，稍后再查一次。")


def _renew(home: Home, names: Names, today: date) -> None:
    """Make an outdated index anew, now that the question is answered."""
    say("村名、合同名称有变化，或者软件换了新版本：上面是用旧的索引查的。正在重做索引，别的查找不受影响。")
    with home.reading() as connection:
        count = searching.document_count(connection)
    with suppress(ArchiveLocked), progress("重做索引（份）", count) as bar:  # the next search does it then
        searching.renew(home, names, today, bar.advance)


def _saved(home: Home, written: str) -> SavedSearch:
    with home.reading() as connection:
        found = searches.saved(connection, searches.plain_name(written))
    if found is None:
        raise click.BadParameter(f"没有记着叫“{written}”的查法。huyue search --list-saved 可以看有哪些。")
    return found


def _save(home: Home, written: str, typed: str, chosen: Mapping[str, str | int], actor: Actor) -> None:
    name = searches.plain_name(written)
    if not name:
        raise click.BadParameter(f"查法的名字要有 1 到 {searches.MOST_LETTERS} 个字。")
    if "id_last4" in chosen or searches.names_a_person(typed):
        raise click.BadParameter(
            "查法里有身份证号码（或尾号），大家都看得到，不能记下来。请改用姓名、村来查。"
        )
    with home.writing() as connection:
        if not searches.save(connection, name, typed, chosen, actor):
            raise click.BadParameter(
                f"已经有叫“{name}”的查法，没有改它。请换个名字，或先 huyue search --forget {name}。"
            )
    say(f"记下了查法“{name}”。以后运行 huyue search --saved {name}。")


def _list_saved(home: Home) -> None:
    with home.reading() as connection:
        found = searches.all_saved(connection)
    emit([asdict(one) for one in found], [_saved_line(one) for one in found] or ["还没有记下来的查法。"])


def _saved_line(one: SavedSearch) -> str:
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in sorted(one.filters.items()))
    return (
        f"{one.name}：{' '.join(filter(None, (one.query, options))) or '（全部）'}　{one.user} {one.saved_on}"
    )


def _forget(home: Home, written: str, actor: Actor) -> None:
    name = _saved(home, written).name
    with home.writing() as connection:
        searches.forget(connection, name, actor)
    emit({"forgotten": name}, [f"不再记着查法“{name}”。"])


def _template(given: str, names: Names) -> str:
    """The template's name that a person wrote, by name or title; or a kind of papers filed by hand."""
    found = [name for name, title in names.titles.items() if given in (name, title)] or [*kinds(given)]
    if not found:
        known = "、".join(f"{title}（{name}）" for name, title in names.titles.items())
        raise click.BadParameter(
            f"没有“{given}”这种合同，现有：{known or '还没有'}；手工归档的有：{'、'.join(KINDS)}。"
        )
    return found[0]


def _value(found: Results) -> dict[str, object]:
    return {
        "total": found.total,
        "exact": found.exact,
        "took_ms": found.took_ms,
        "hits": [
            {
                **_named(hit.standing),
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


def _named(one: Standing | ShelfPaper) -> dict[str, object]:
    """What tells a contract from a paper filed by hand."""
    if isinstance(one, ShelfPaper):
        return {
            "contract": None,
            "template": None,
            "paper": one.paper,
            "kind": one.kind,
            "title": one.title,
            "archival_number": one.archival,
        }
    return {"contract": one.number, "template": one.template}


def _lines(found: Results, names: Names, offset: int) -> list[str]:
    lines = [f"找到 {found.total} 份{_alike(found)}（{found.took_ms:.0f} 毫秒）。"]
    if found.suggestions:
        lines.append(f"　你是不是要找：{'、'.join(found.suggestions)}")
    for place, hit in enumerate(found.hits, offset + 1):
        lines.append(f"{place}　{_line(hit.standing, names)}")
    if len(found.hits) < found.total:
        for name, heading in SHOWN_FACETS.items():
            counts = found.facets.get(name, [])
            shown = "，".join(f"{_called(name, value, names)} {count}" for value, count in counts[:SHOWN])
            more = f"，还有 {len(counts) - SHOWN} 个" if len(counts) > SHOWN else ""
            lines += [f"　{heading}：{shown}{more}"] if shown else []
    return lines


def _line(one: Standing | ShelfPaper, names: Names) -> str:
    place = names.village(one.village)
    if not isinstance(one, ShelfPaper):
        return "　".join((one.number, one.party, names.title(one.template), place, one.words))
    gone = one.words if one.destroyed_on else ""
    told = (f"〔手工归档 {one.paper} 号〕", one.kind, one.title, one.party, place, one.day, gone)
    return "　".join(filter(None, told))


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
            return names.title(value)
        case "year":
            return value if value != "0" else "（不知）"
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
    with home.reading() as connection:
        count = searching.document_count(connection)
    with progress("重做索引（份）", count) as bar:
        held = searching.rebuild(home, names_of(home), actor.today, bar.advance)
    emit({"contracts": held, "engine": searching.engine_name()}, [f"索引重做好了，共 {held} 份。"])
