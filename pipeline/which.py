"""Which of a campaign's contracts are printed: all, or a part of them on top of what was printed before."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from archive.catalogue import tables
from archive.states import filed_whole, newest_filing
from pipeline.contracts import Printable


@dataclass(frozen=True, slots=True)
class Which:
    """A part of a campaign; nothing given is all of it.

    `numbers`: these contracts; `unreturned`: those that were printed and are not all back, blank ones apart;
    `blank`: those for people met on the spot; `pages`: pages of a village's print.pdf, from and to (1-based, both included).
    """

    numbers: tuple[str, ...] = ()
    unreturned: bool = False
    blank: bool = False
    pages: tuple[int, int] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self == EVERYTHING

    def of(self, connection: Connection, village: str, contracts: Sequence[Printable]) -> list[Printable]:
        """Those of a village's contracts that are meant; `pages` is the batch's own matter."""
        chosen = list(contracts)
        if self.numbers:
            wanted = frozenset(self.numbers)
            chosen = [one for one in chosen if one.number in wanted]
        if self.unreturned:
            back = _returned(connection, village)
            chosen = [one for one in chosen if one.number not in back and one.blank == self.blank]
        elif self.blank:
            chosen = [one for one in chosen if one.blank]
        return chosen


EVERYTHING = Which()


def _returned(connection: Connection, village: str) -> set[str]:
    """The village's contracts with every sheet filed, and those that were never printed."""
    contract, filing = tables.contract, tables.filing
    there = contract.c.village_code == village
    current = contract.join(filing, newest_filing(filing))
    filed = select(contract.c.number).select_from(current).where(there, filed_whole(filing))
    never = select(contract.c.number).where(there, contract.c.printed_on.is_(None))
    return {*connection.execute(filed).scalars(), *connection.execute(never).scalars()}
