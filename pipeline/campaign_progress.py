"""How far a campaign is, by village: what is planned, printed, back."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from archive.catalogue import tables
from archive.states import filed_whole, newest_filing, not_closed, still_blank


@dataclass(frozen=True, slots=True)
class Progress:
    """Contracts of a village: `planned` are all that count, some of them `printed`, of those some `whole` (every sheet
    filed) or `partly` so; `ended` were declined, ended or void; `waiting` cannot be planned yet.
    """

    planned: int = 0
    printed: int = 0
    whole: int = 0
    partly: int = 0
    ended: int = 0
    waiting: int = 0

    def __add__(self, other: "Progress") -> "Progress":
        return Progress(
            self.planned + other.planned,
            self.printed + other.printed,
            self.whole + other.whole,
            self.partly + other.partly,
            self.ended + other.ended,
            self.waiting + other.waiting,
        )

    @property
    def owed(self) -> int:
        """How many are printed and not back whole."""
        return max(self.printed - self.whole, 0)


def progress_of(connection: Connection, on: str) -> Mapping[int, Mapping[str, Progress]]:
    """Every campaign's progress as known on a date (ISO), by its id and by village code.

    Blank contracts without a party are in none.
    """
    contract, filing, waiting = tables.contract, tables.filing, tables.waiting
    open_, whole = not_closed(on), and_(filing.c.id.is_not(None), filed_whole(filing))

    def counted(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((and_(*conditions), 1), else_=0))

    printed = contract.c.printed_on <= on
    rows = connection.execute(
        select(
            contract.c.campaign_id,
            contract.c.village_code,
            counted(open_).label("planned"),
            counted(open_, printed).label("printed"),
            counted(open_, whole).label("whole"),
            counted(open_, filing.c.sheets > 0, ~whole).label("partly"),
            counted(~open_).label("ended"),
        )
        .select_from(contract.outerjoin(filing, newest_filing(filing, on)))
        .where(~still_blank())
        .group_by(contract.c.campaign_id, contract.c.village_code)
        .order_by(contract.c.campaign_id, contract.c.village_code)
    )
    found: defaultdict[int, dict[str, Progress]] = defaultdict(dict)
    for campaign, village, *counts in rows:
        found[campaign][village] = Progress(*counts)
    waits = select(waiting.c.campaign_id, waiting.c.village_code, func.count())
    for campaign, village, count in connection.execute(
        waits.group_by(waiting.c.campaign_id, waiting.c.village_code)
    ):
        of_it = found[campaign]
        of_it[village] = of_it.get(village, Progress()) + Progress(waiting=count)
    return found
