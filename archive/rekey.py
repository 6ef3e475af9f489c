"""Giving an archive another key, so that whoever has the old one has nothing; no blob is rewritten.

The catalogue is written anew beside its place under the new key, the blobs' keys in it wrapped anew; then the new
key's file is written beside the old one's; then both are renamed into place, the catalogue first. So at any moment
there is a key file that opens the catalogue, and what a killed change left is finished, or undone, by the next
opening.
"""

from collections.abc import Callable

from sqlalchemy import Connection, bindparam, func, select, update

from archive import journal, keys
from archive.catalogue import database, tables
from archive.home import Home
from archive.journal import Actor
from archive.on_disk import rename, sync_file
from archive.vault import Vault

CHUNK = 2_000  # blobs' keys wrapped at a time


def blob_keys(home: Home) -> int:
    """How many blobs have a key that a change wraps anew."""
    with home.reading() as connection:
        return connection.execute(select(func.count()).select_from(tables.blob)).scalar_one()


def change_key(home: Home, key: bytes, written: str, actor: Actor, done: Callable[[int], None]) -> Home:
    """Give the archive this key; `written` is what the key's file is to say. Returns the archive with it.

    `done` is called with how many more blobs' keys are wrapped. Raises ArchiveLocked where another command writes,
    or has the catalogue open.
    """
    with home.locked():
        target = home.new_catalogue
        database.copy_under(home.catalogue, home.key, target, key)
        changed = Home(home.folder, home.key_file, key)
        engine = database.open_engine(target, key, writing=True)
        with engine.begin() as connection:
            count = _wrap_anew(connection, home.vault(connection), changed.vault(connection), done)
            journal.record(connection, actor, "key_change", "", {"blobs": count})
        sync_file(target)
        new = home.new_key_file
        new.unlink(missing_ok=True)
        keys.write_new(new, written)
        rename(target, home.catalogue)
        rename(new, home.key_file)
        # The recovery code was for the key before.
        home.recovery.unlink(missing_ok=True)
    return changed


def _wrap_anew(connection: Connection, old: Vault, new: Vault, done: Callable[[int], None]) -> int:
    """Wrap every blob's key by `new` instead of `old`; how many."""
    table, count, last = tables.blob, 0, ""
    change = update(table).where(table.c.name == bindparam("of")).values(wrapped=bindparam("by"))
    while True:
        query = select(table.c.name, table.c.wrapped).where(table.c.name > last).order_by(table.c.name)
        rows = connection.execute(query.limit(CHUNK)).all()
        if not rows:
            return count
        again = [
            {"of": row.name, "by": new.wrap(row.name, old.unwrap(row.name, bytes(row.wrapped)))}
            for row in rows
        ]
        connection.execute(change, again)
        count, last = count + len(rows), rows[-1].name
        done(len(rows))
