"""Which contracts and papers changed, in order, so that a search index knows what it lacks."""

from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection, delete, func, insert, select

from archive.catalogue.tables import index_change

CHUNK = 500
PAPER = "paper:"  # begins no contract number


def parted(keys: Iterable[str]) -> tuple[list[str], list[int]]:
    """Contracts and papers, of such keys."""
    keys = list(keys)
    contracts = [key for key in keys if not key.startswith(PAPER)]
    return contracts, [int(key.removeprefix(PAPER)) for key in keys if key.startswith(PAPER)]


def paper_key(number: int) -> str:
    """What a paper filed by hand is called here and in an index, where a contract is called by its number."""
    return f"{PAPER}{number:08d}"  # so that their order is that of the numbers


def mark_changed(connection: Connection, numbers: Iterable[str]) -> None:
    """Note that these contracts, or papers by their paper_key, changed, within the caller's transaction."""
    seq = last_change(connection) + 1
    rest = iter(numbers)
    while part := list(islice(rest, CHUNK)):
        connection.execute(delete(index_change).where(index_change.c.contract.in_(part)))
        connection.execute(insert(index_change), [{"contract": number, "seq": seq} for number in part])


def last_change(connection: Connection) -> int:
    """The number of the newest change, 0 where there is none."""
    return connection.execute(select(func.max(index_change.c.seq))).scalar_one() or 0


def changed_since(connection: Connection, seq: int) -> Iterator[str]:
    """The contracts and papers that changed after the change of that number, in any order.

    In order by contract, SQLite would go through all of them.
    """
    query = select(index_change.c.contract).where(index_change.c.seq > seq)
    yield from connection.execute(query).scalars()
