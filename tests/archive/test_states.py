"""A contract's state on a date, from what was known on it."""

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from archive.catalogue import tables
from archive.closings import Closed, close_contract
from archive.errors import VoidLater
from archive.home import create_home
from archive.index.query import Query
from archive.journal import Actor
from archive.numbers import Number
from archive.search import Names, rebuild, search
from archive.states import State, standing_of, standings

TEMPLATES = Path(__file__).parents[2] / "contract_templates"
MANIFEST = (TEMPLATES / "03_contraception_service/contract.toml").read_bytes()
VILLAGE = "451225100001"
A, B, C = (str(Number(VILLAGE, year, "01", 1)) for year in (2026, 2027, 2028))
SPRING, NEXT, THIRD = 1, 2, 3  # campaigns
CAMPAIGNS = {SPRING: "2026-03-01", NEXT: "2027-03-01", THIRD: "2028-03-01"}
P, L, F, X, S = State.PRINTED, State.INCOMPLETE, State.FILED, State.EXPIRED, State.SUPERSEDED


@dataclass(frozen=True)
class Paper:
    """What happened to a contract; filings are (day, sheets, gaps), closings (kind, day, recorded on)."""

    number: str = A
    campaign: int = SPRING
    planned: str = "2026-03-01"
    printed: str | None = "2026-03-05"
    starts: str = "2026-03-01"
    ends: str | None = "2027-02-28"
    filings: tuple[tuple[str, int, str], ...] = ()
    closings: tuple[tuple[str, str, str], ...] = ()
    key: str = "451225100001/1/7"
    template: str = "service"
    party: str = "覃小明"


OLD = Paper()
FILED = replace(OLD, filings=(("2026-04-01", 2, ""),))
UNSIGNED = replace(OLD, filings=(("2026-04-01", 2, "unsigned"),))
NEW = Paper(B, NEXT, "2027-02-01", None, "2027-03-01", "2028-02-29")
ENDINGS = ("withdrawn", "moved", "died", "unfit")


def keep(connection: Connection, *papers: Paper) -> None:
    """Write into an empty archive what happened to these contracts."""
    connection.execute(insert(tables.division).values(code=VILLAGE, name="冲洞村"))
    for id_, day in CAMPAIGNS.items():
        row = {"id": id_, "name": day, "date": day, "closes": f"{day[:4]}-03-31"}
        connection.execute(insert(tables.campaign).values(row))
    template = {"sha256": "0", "name": "service", "number": "01", "version": "1"}
    connection.execute(insert(tables.template).values(template | {"manifest": MANIFEST, "docx": b""}))
    for one in papers:
        keep_contract(connection, one)
    for one in papers:
        for day, sheets, gaps in one.filings:
            add_filing(connection, one.number, day, sheets, gaps)
        for kind, day, recorded in one.closings:
            actor = Actor("甲", date.fromisoformat(recorded))
            close_contract(connection, one.number, kind, date.fromisoformat(day), "", actor)


def keep_contract(connection: Connection, one: Paper) -> None:
    row = {"number": one.number, "campaign_id": one.campaign, "template_sha256": "0", "sheets": 2}
    row |= {"template": one.template, "village_code": VILLAGE, "group_no": 1, "household_number": "7"}
    row |= {"responsible": "莫秋月", "party_key": one.key, "starts": one.starts, "ends": one.ends}
    row |= {"content": '[{},{"members":[]},[]]', "planned_on": one.planned, "printed_on": one.printed}
    connection.execute(insert(tables.contract).values(row))
    for position, name in enumerate(one.party.split("、")):
        party = {"contract": one.number, "position": position, "name": name, "id_number": "1"}
        connection.execute(insert(tables.party).values(party))


def add_filing(
    connection: Connection, number: str, day: str, sheets: int, gaps: str, blob: str | None = None
) -> None:
    version = len(connection.execute(tables.filing.select().where(tables.filing.c.contract == number)).all())
    row = {"contract": number, "version": version + 1, "filed_on": day, "user": "甲"}
    connection.execute(insert(tables.filing).values(row | {"blob": blob, "sheets": sheets, "gaps": gaps}))


def closed(paper: Paper, *closings: tuple[str, str], known: str = "") -> Paper:
    """The paper with closings (kind, day), recorded on that day or on `known`."""
    return replace(paper, closings=tuple((kind, day, known or day) for kind, day in closings))


def test_the_states_stand_in_the_order_in_which_the_later_wins() -> None:
    assert " ".join(State) == "planned printed incomplete filed expired superseded ended declined void"


APRIL, MAY, JUNE, THEN = "2026-04-01", "2026-05-01", "2026-06-01", "2027-03-05"
SIGNED_LATER = replace(OLD, filings=((APRIL, 2, "unsigned"), ("2026-04-09", 2, "")))
UNPRINTED, ENDLESS = replace(OLD, printed=None), replace(FILED, ends=None)
LATE_START = replace(NEW, starts="2027-04-01")
MOVED_LATER = replace(FILED, closings=(("moved", APRIL, APRIL), ("moved", JUNE, MAY)))
DECLINED_LATER = replace(NEW, closings=(("declined", THEN, THEN), ("declined", "2027-03-09", "2027-03-07")))
CASES: list[tuple[str, list[Paper], str, State | None]] = [
    ("not yet planned", [OLD], "2026-02-28", None),
    ("planned today", [OLD], "2026-03-01", State.PLANNED),
    ("printed tomorrow", [OLD], "2026-03-04", State.PLANNED),
    ("printed today", [OLD], "2026-03-05", P),
    ("filed tomorrow", [FILED], "2026-03-31", P),
    ("filed today", [FILED], APRIL, F),
    ("filed before it was marked as printed", [replace(FILED, printed=None)], APRIL, F),
    ("filed before its term begins", [replace(FILED, starts=JUNE)], APRIL, F),
    ("a sheet is missing", [replace(OLD, filings=((APRIL, 1, "incomplete"),))], MAY, L),
    ("a signature is missing", [UNSIGNED], MAY, L),
    ("the missing signature came tomorrow", [SIGNED_LATER], "2026-04-08", L),
    ("the missing signature came", [SIGNED_LATER], "2026-04-09", F),
    (
        "every sheet was taken back",
        [replace(FILED, filings=((APRIL, 2, ""), (MAY, 0, "incomplete")))],
        MAY,
        P,
    ),
    ("the last day of its term", [FILED], "2027-02-28", F),
    ("the day after its term", [FILED], "2027-03-01", X),
    ("unsigned past its end", [UNSIGNED], "2027-03-01", X),
    ("unfiled past its end", [OLD], "2030-01-01", P),
    ("unprinted past its end", [UNPRINTED], "2030-01-01", State.PLANNED),
    ("no end", [ENDLESS], "2099-12-31", F),
    ("unfiled, its successor planned tomorrow", [OLD, NEW], "2027-01-31", P),
    ("unfiled, its successor planned today", [OLD, NEW], "2027-02-01", S),
    ("unprinted, its successor planned", [UNPRINTED, NEW], "2027-02-01", S),
    ("filed, its successor planned", [FILED, NEW], "2027-02-28", F),
    ("filed, its successor's term begun", [FILED, NEW], "2027-03-01", S),
    ("filed without end, its successor's term begun", [ENDLESS, NEW], "2027-03-01", S),
    ("unsigned, its successor planned", [UNSIGNED, NEW], "2027-02-28", L),
    ("unsigned, its successor's term begun", [UNSIGNED, NEW], "2027-03-01", S),
    ("expired, its successor not begun", [FILED, LATE_START], "2027-03-31", X),
    ("expired, its successor begun", [FILED, LATE_START], "2027-04-01", S),
    ("the successor itself", [NEW, FILED], "2027-03-01", State.PLANNED),
    ("another party's later contract", [OLD, replace(NEW, key="451225100001/1/8")], THEN, P),
    ("the party's later contract of another kind", [OLD, replace(NEW, template="pension")], THEN, P),
    ("its successor declined", [OLD, closed(NEW, ("declined", THEN))], THEN, P),
    ("its successor declined tomorrow", [OLD, closed(NEW, ("declined", THEN))], "2027-03-04", S),
    ("its successor void", [OLD, closed(NEW, ("void", THEN))], THEN, P),
    ("its successor void tomorrow", [OLD, closed(NEW, ("void", THEN))], "2027-03-04", S),
    ("filed, its begun successor void", [FILED, closed(NEW, ("void", THEN))], THEN, X),
    ("filed, its begun successor void tomorrow", [FILED, closed(NEW, ("void", THEN))], "2027-03-04", S),
    ("its successor withdrawn", [OLD, closed(NEW, ("withdrawn", THEN))], THEN, S),
    *((kind, [closed(FILED, (kind, MAY))], MAY, State.ENDED) for kind in ENDINGS),
    ("declined", [closed(FILED, ("declined", MAY))], MAY, State.DECLINED),
    ("void", [closed(FILED, ("void", MAY))], MAY, State.VOID),
    ("void tomorrow", [closed(FILED, ("void", MAY))], "2026-04-30", F),
    ("void tomorrow, its successor's term begun", [closed(FILED, ("void", THEN)), NEW], "2027-03-04", S),
    ("moved tomorrow, known before", [closed(FILED, ("moved", MAY), known=APRIL)], "2026-04-30", F),
    ("moved before, known tomorrow", [closed(FILED, ("moved", APRIL), known=MAY)], "2026-04-30", F),
    ("moved before, known today", [closed(FILED, ("moved", APRIL), known=MAY)], MAY, State.ENDED),
    ("ended wins over superseded", [closed(FILED, ("died", MAY)), NEW], THEN, State.ENDED),
    ("ended wins over printed", [closed(OLD, ("died", MAY))], MAY, State.ENDED),
    ("ended wins over expired", [closed(FILED, ("died", MAY))], THEN, State.ENDED),
    ("declined wins over ended", [closed(FILED, ("declined", MAY), ("moved", MAY))], MAY, State.DECLINED),
    ("void wins over all", [closed(FILED, ("void", MAY), ("declined", MAY), ("died", MAY))], MAY, State.VOID),
    ("moved, the correction not known yet", [MOVED_LATER], "2026-04-30", State.ENDED),
    ("moved, corrected to a later day", [MOVED_LATER], MAY, F),
    ("moved, on the corrected day", [MOVED_LATER], JUNE, State.ENDED),
    ("its successor declined, the correction not known yet", [OLD, DECLINED_LATER], "2027-03-06", P),
    ("its successor declined, corrected to a later day", [OLD, DECLINED_LATER], "2027-03-08", S),
    ("its successor declined, on the corrected day", [OLD, DECLINED_LATER], "2027-03-09", P),
    (
        "moved, corrected, but withdrawn too",
        [replace(MOVED_LATER, closings=(*MOVED_LATER.closings, ("withdrawn", MAY, MAY)))],
        MAY,
        State.ENDED,
    ),
    ("declined, void later", [closed(OLD, ("declined", MAY), ("void", JUNE))], MAY, State.DECLINED),
]


@pytest.mark.parametrize(
    ("papers", "on", "state"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_contract_is_in_the_state_that_what_was_known_gives(
    connection: Connection, papers: list[Paper], on: str, state: State | None
) -> None:
    keep(connection, *papers)
    found = standing_of(connection, papers[0].number, date.fromisoformat(on))
    assert (found and found.state) == state


def test_only_a_void_contract_frees_its_obligation(connection: Connection) -> None:
    keep(connection, OLD, replace(OLD, number=C, key="another", closings=(("declined", MAY, MAY),)))
    again = replace(OLD, number=B)
    for key in (OLD.key, "another"):
        with pytest.raises(IntegrityError), connection.begin_nested():
            keep_contract(connection, replace(again, key=key))
    close_contract(connection, A, "void", None, "", Actor("甲", date.fromisoformat(MAY)))
    keep_contract(connection, again)
    states = {one.number: one.state for one in standings(connection, date.fromisoformat(MAY))}
    assert states == {A: State.VOID, B: P, C: State.DECLINED}


def test_a_closing_is_corrected_but_never_rewritten_and_frees_its_obligation_once(
    connection: Connection,
) -> None:
    keep(connection, OLD)
    closing, journal = tables.closing, tables.journal

    def close(recorded: str, day: str | None = None, reason: str = "") -> Closed:
        given = None if day is None else date.fromisoformat(day)
        return close_contract(connection, A, "void", given, reason, Actor("甲", date.fromisoformat(recorded)))

    assert close(MAY, APRIL, "编错了") == Closed(State.VOID, date(2026, 4, 1), known=False, changed=True)
    said_before = Closed(State.VOID, date(2026, 4, 1), known=True, changed=False)
    for same in (close(JUNE), close(JUNE, APRIL), close(JUNE, APRIL, "编错了"), close(JUNE, reason="编错了")):
        assert same == said_before
    key = select(tables.contract.c.party_key).where(tables.contract.c.number == A)
    freed = connection.execute(key).scalar_one()
    assert close(JUNE, MAY) == Closed(State.VOID, date(2026, 5, 1), known=True, changed=True)
    assert close(JUNE, reason="印错了").day == date(2026, 5, 1)
    with pytest.raises(VoidLater):
        close(JUNE, "2026-06-02")
    assert connection.execute(key).scalar_one() == freed
    rows = connection.execute(select(closing.c.day, closing.c.recorded_on, closing.c.reason))
    assert [tuple(row) for row in rows] == [
        (APRIL, MAY, "编错了"),
        (MAY, JUNE, "编错了"),
        (MAY, JUNE, "印错了"),
    ]
    entries = connection.execute(select(journal.c.detail).where(journal.c.action == "close")).scalars()
    assert [json.loads(entry) for entry in entries] == [
        {"as": "void", "day": APRIL},
        {"as": "void", "day": MAY, "corrects": APRIL},
        {"as": "void", "day": MAY, "corrects": MAY},
    ]


def test_the_nearest_of_several_successors_counts(connection: Connection) -> None:
    keep(connection, FILED, NEW, replace(NEW, number=C, campaign=THIRD, starts="2028-03-01", ends=None))
    found = standing_of(connection, A, date(2027, 2, 28))
    assert found and found.successor == date(2027, 3, 1)


def test_complete_is_since_the_first_complete_filing_and_filed_since_the_newest(
    connection: Connection,
) -> None:
    filings = (("2026-04-01", 1, "incomplete"), ("2026-04-09", 2, ""), ("2026-04-20", 2, ""))
    keep(connection, replace(OLD, filings=filings, party="覃小明、莫秋月"))
    found = standing_of(connection, A, date(2026, 5, 1))
    assert found and (found.complete_on, found.filed_on) == (date(2026, 4, 9), date(2026, 4, 20))
    assert (found.party, found.filed_sheets, found.household) == ("覃小明、莫秋月", 2, "7")


def test_any_number_of_contracts_is_looked_up_in_order(connection: Connection) -> None:
    numbers = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, 1202)]
    keep(connection, *(replace(OLD, number=number, key=number) for number in numbers))
    on = date(2026, 5, 1)
    assert [one.number for one in standings(connection, on, [*numbers[::-1], "unknown"])] == numbers


@pytest.mark.parametrize("kind", ["declined", "void"])
def test_a_search_knows_what_a_closed_successor_makes_of_the_older_contract(
    tmp_path: Path, kind: str
) -> None:
    day, names = date(2027, 3, 5), Names({}, {})
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, Actor("甲", day))
    with home.writing() as connection:
        keep(connection, OLD, NEW)
        connection.execute(insert(tables.index_change).values([{"contract": n, "seq": 1} for n in (A, B)]))
    rebuild(home, names, day, lambda _: None)
    found = search(home, Query(state="superseded"), "", names, day, 0, 10)
    assert [hit.standing.number for hit in found.hits] == [A]
    with home.writing() as connection:
        close_contract(connection, B, kind, day, "", Actor("甲", day))
    found = search(home, Query(state="superseded"), "", names, day, 0, 10)
    assert (found.total, found.behind) == (0, 0)
