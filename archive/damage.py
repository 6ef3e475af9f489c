"""Which blobs verify found lost or altered, and when: so that an audit as of any date knows of it."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select, update

from archive.catalogue import tables
from archive.catalogue.audit_tables import damage
from archive.errors import Code, Finding

# What may be wrong with a blob that the catalogue lists.
WORDS = {
    Code.BLOB_MISSING: "文件不见了",
    Code.BLOB_ALTERED: "文件损坏，或者被人改过",
    Code.BLOB_UNREADABLE: "文件读不出来",
}


def record(connection: Connection, found: Iterable[Finding], day: str) -> None:
    """Note blobs that are faulty, but for those whose damage is known; a blob that no row lists is not noted."""
    open_ = select(damage.c.blob).where(damage.c.mended_on.is_(None))
    known = set(connection.execute(open_).scalars())
    for one in found:
        listed = select(tables.blob.c.name).where(tables.blob.c.name == one.subject)
        if one.subject not in known and connection.execute(listed).first() is not None:
            row = {"blob": one.subject, "code": str(one.code), "found_on": day}
            connection.execute(insert(damage).values(row))
            known.add(one.subject)


def mend(connection: Connection, sound: Sequence[str], day: str) -> None:
    """Note that blobs, a few hundred names, are sound, of those that were found faulty before."""
    faulty = damage.c.blob.in_(sound), damage.c.mended_on.is_(None)
    connection.execute(update(damage).where(*faulty).values(mended_on=day))
