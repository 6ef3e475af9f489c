"""Papers filed by hand as a search knows them: the newest version of each that was filed by a date."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Row, and_, select

from archive.archival_numbers import numbers_of_papers
from archive.catalogue.shelf_tables import paper
from archive.changes import paper_key
from archive.index.values import day_of, period
from archive.retention import destroyed_papers
from archive.states import State, newest_paper, state_words

CHUNK = 500  # numbers in one IN list


@dataclass(frozen=True, slots=True)
class ShelfPaper:
    """A paper on a date. `village` is the code of its village, town or county; `group` 0 where it has none.

    `day` is as it was written down (2009, 2009-03, 2009-03-01, ""), `starts` the first day that this can mean and
    `ends` the last of its term, ISO dates, "" where unknown; `contract` the one that it belongs to, "" if to none;
    `text` is what is written on it, "" once it is destroyed.
    """

    paper: int
    kind: str
    title: str
    own_number: str
    day: str
    starts: str
    ends: str
    village: str
    group: int
    household: str
    party: str
    responsible: str
    contract: str
    text: str
    archival: str
    filed_on: str
    destroyed_on: str
    state: State

    @property
    def number(self) -> str:
        """What an index calls it."""
        return paper_key(self.paper)

    @property
    def template(self) -> str:
        """What stands in an index where a contract has its template."""
        return self.kind

    @property
    def words(self) -> str:
        """Its state in Chinese, and that it is gone."""
        return state_words(self.state, self.destroyed_on)

    @property
    def year(self) -> int:
        """The year of its day, 0 where unknown."""
        return int(self.starts[:4] or 0)


def papers_of(connection: Connection, on: date, numbers: Sequence[int]) -> Iterator[ShelfPaper]:
    """These papers, by number; what was not filed by then is left out."""
    wanted = sorted(set(numbers))
    if not wanted:
        return
    newest = newest_paper(on.isoformat())
    archival, destroyed = numbers_of_papers(connection), destroyed_papers(connection)
    for start in range(0, len(wanted), CHUNK):
        part = and_(paper.c.number.in_(wanted[start : start + CHUNK]), newest)
        for row in connection.execute(select(paper).where(part).order_by(paper.c.number)):
            gone = destroyed.get(row.number, "")
            yield _read(row, on, archival.get(row.number, ""), gone if gone <= on.isoformat() else "")


def _read(row: Row[tuple[object, ...]], on: date, archival: str, destroyed_on: str) -> ShelfPaper:
    day, ends = period(row.day, on), period(row.ends or "", on)
    last = day_of(ends[1]) if ends else ""
    return ShelfPaper(
        paper=row.number,
        kind=row.kind,
        title=row.title,
        own_number=row.own_number,
        day=row.day,
        starts=day_of(day[0]) if day else "",
        ends=last,
        village=row.division,
        group=row.group_no or 0,
        household=row.household_number,
        party=_in_a_line(row.party),
        responsible=_in_a_line(row.responsible),
        contract=row.contract or "",
        text="" if destroyed_on else row.words,
        archival=archival,
        filed_on=row.filed_on,
        destroyed_on=destroyed_on,
        state=_state(last, on.isoformat(), destroyed_on),
    )


def _state(last: str, on: str, destroyed_on: str) -> State:
    if destroyed_on:
        return State.ENDED
    return State.EXPIRED if last and last < on else State.FILED


def _in_a_line(text: str) -> str:
    return " ".join(text.split())
