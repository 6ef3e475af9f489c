"""DIR/desk.db: accounts, sessions, tokens and the queue of work. Not part of the archive, and of no backup of it.

It is apart from the catalogue so that nobody who logs in, or looks how far a piece of work is, waits for the archive's
lock. SQLCipher, under a key made from the archive's code key, which no change of the archive's key changes.
"""

import hmac
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from archive.catalogue import database
from archive.home import Home, code_key

VERSION = 1
metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("villages", Text, nullable=False),  # JSON: codes of villages or towns; [] for all
    Column("password", String, nullable=False),  # argon2id, in its own form
    Column(
        "temporary", Integer, nullable=False
    ),  # 1: the password was given by an administrator, to be changed
    Column("active", Integer, nullable=False),
    Column("totp", String),  # the secret in base32, NULL where it is not used
    Column("totp_step", Integer, nullable=False),  # the last 30 seconds of which a code was used
    Column("failures", Integer, nullable=False),  # in a row
    Column("locked_until", String, nullable=False),
    Column("made_at", String, nullable=False),
    Column(
        "changed_at", String, nullable=False
    ),  # its role or villages: jobs made before are not shown to it
)
session = Table(
    "session",
    metadata,
    Column("id", LargeBinary, primary_key=True),  # SHA-256 of what the cookie holds
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("csrf", String, nullable=False),
    Column("made_at", String, nullable=False),
    Column("seen_at", String, nullable=False),
)
token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("name", String, nullable=False),  # of the system that it is for
    Column("made_on", String, nullable=False),
    Column("used_on", String, nullable=False),  # "" where it never was
    Column("expires_on", String, nullable=False),  # the last day on which it holds
)
setup = Table(
    "setup",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # of the one-time link's token
    Column("made_at", String, nullable=False),
)
job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("title", String, nullable=False),
    Column("asked", Text, nullable=False),  # JSON: what is to be run (jobs.Asked)
    Column("state", String, nullable=False, index=True),
    Column("label", String, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("made_at", String, nullable=False),
    Column("ended_at", String, nullable=False),
    Column("status", Integer),  # the exit status
    Column("result", Text, nullable=False),  # the command's JSON
    Column("messages", Text, nullable=False),
    Column("files", Text, nullable=False),  # JSON: [{"name", "size"}] of what it wrote, sealed (files.py)
)
upload = Table(
    "upload",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("got", Integer, nullable=False),
    Column("made_at", String, nullable=False),
    Column("job", Integer),  # that it was given to
)


@dataclass(frozen=True, slots=True)
class DeskDatabase:
    """The desk's database at `path`, under the 32-byte `key`."""

    path: Path
    key: bytes

    def reading(self) -> AbstractContextManager[Connection]:
        return database.open_engine(self.path, self.key, writing=False).begin()

    def writing(self) -> AbstractContextManager[Connection]:
        return database.open_engine(self.path, self.key, writing=True).begin()


def open_database(home: Home) -> DeskDatabase:
    """The desk's database of an archive, made if it is not there. Raises WrongKey where it is another archive's."""
    found = DeskDatabase(home.folder / "desk.db", desk_key(home, "database"))
    if not found.path.exists():
        database.make(found.path, found.key)
        found.path.chmod(0o600)
    with found.writing() as connection:
        if connection.execute(text("PRAGMA user_version")).scalar() != VERSION:
            metadata.create_all(connection)
            connection.execute(text(f"PRAGMA user_version = {VERSION}"))
    return found


def desk_key(home: Home, use: str) -> bytes:
    """32 bytes for one use, the same whatever the archive's key is."""
    with home.reading() as connection:
        return hmac.digest(code_key(connection), f"desk {use}".encode(), "sha256")
