"""Which contracts changed, in order, so that a search index knows what it lacks."""

from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection, delete, func, insert, select

from archive.catalogue.tables import index_change

CHUNK = 500


def mark_changed(connection: Connection, numbers: Iterable[str]) -> None:
    """Note that these contracts changed, within the caller's transaction."""
    seq = last_change(connection) + 1
    rest = iter(numbers)
    while part := list(islice(rest, CHUNK)):
        connection.execute(delete(index_change).where(index_change.c.contract.in_(part)))
        connection.execute(insert(index_change), [{"contract": number, "seq": seq} for number in part])


def last_change(connection: Connection) -> int:
    """The number of the newest change, 0 where there is none."""
    return connection.execute(select(func.max(index_change.c.seq))).scalar_one() or 0


def changed_since(connection: Connection, seq: int) -> Iterator[str]:
    """The contracts that changed after the change of that number."""
    query = select(index_change.c.contract).where(index_change.c.seq > seq).order_by(index_change.c.contract)
    yield from connection.execute(query).scalars()
