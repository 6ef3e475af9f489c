"""`huyue retention`: filed papers that have been kept for as long as they must be."""

from datetime import date

import click

from archive.archival_numbers import numbers_of_contracts, numbers_of_papers
from archive.disposal import place_name
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.retention import RETENTION, Due, DuePaper, due_by_hand, due_papers
from archive.search import Names
from pipeline.console import DAY, Command, emit, session
from pipeline.indexing import names_of


@click.command(
    cls=Command,
    epilog="例：huyue --home 档案库 retention；huyue --home 档案库 retention --on 2037-01-01",
    help="列出保管期限已满的归档合同和手工归档的件，供鉴定用；只列出来，什么也不删。期限从办完（到期、终止、最后一次归档，取最晚的）的第二年 1 月 1 日算起，写着永久的、没有期限又没有终止的不在内。提出销毁：huyue dispose propose。",
)
@click.option("--on", type=DAY, metavar="日期", help="到哪一天为止期满，默认今天。")
def retention(on: date | None) -> int:
    home, actor = session().open_home(), session().actor()
    names, day = names_of(home), on or actor.today
    with home.reading() as connection:
        contracts, papers = list(due_papers(connection, day)), list(due_by_hand(connection, day))
        archival = numbers_of_contracts(connection, [one.standing.number for one in contracts])
        by_hand = numbers_of_papers(connection)
    value = {
        "on": day.isoformat(),
        "contracts": [_contract(one, archival.get(one.standing.number, "")) for one in contracts],
        "papers": [_paper(one, by_hand.get(one.number, "")) for one in papers],
    }
    lines = [_line(one, archival.get(one.standing.number, ""), names) for one in contracts]
    lines += [_paper_line(one, by_hand.get(one.number, ""), names) for one in papers]
    hand = f"，手工归档 {len(papers)} 件" if papers else ""
    emit(value, [*lines, f"到 {day} 为止，{len(contracts)} 份合同{hand}保管期满。"])
    return EXIT_LOOK if contracts or papers else EXIT_DONE


def _contract(one: Due, archival: str) -> dict[str, str]:
    return {
        "contract": one.standing.number,
        "archival_number": archival,
        "template": one.standing.template,
        "village": one.standing.village,
        "party": one.standing.party,
        "retention": one.retention,
        "done_on": one.done_on.isoformat(),
        "due": one.due.isoformat(),
    }


def _paper(one: DuePaper, archival: str) -> dict[str, object]:
    return {
        "paper": one.number,
        "archival_number": archival,
        "kind": one.kind,
        "title": one.title,
        "division": one.division,
        "retention": one.retention,
        "done_on": one.done_on.isoformat(),
        "due": one.due.isoformat(),
    }


def _line(one: Due, archival: str, names: Names) -> str:
    what = one.standing
    named = f"{what.number}　{archival}" if archival else what.number
    return (
        f"{named}　{names.village(what.village)}　{what.party}　{names.titles.get(what.template, what.template)}　"
        f"{_until(one)}"
    )


def _paper_line(one: DuePaper, archival: str, names: Names) -> str:
    named = f"手工归档第 {one.number} 件" + (f"　{archival}" if archival else "")
    return f"{named}　{place_name(one.division, names.divisions)}　{one.kind}　{one.title}　{_until(one)}"


def _until(one: Due | DuePaper) -> str:
    return f"{one.done_on} 办完　保管 {RETENTION[one.retention][:-1]} 年　{one.due} 期满"
