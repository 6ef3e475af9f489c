"""Opening the catalogue: SQLAlchemy over SQLCipher, WAL, foreign keys, and Alembic's migrations."""

import shutil
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text

from archive.errors import (
    ArchiveDamaged,
    ArchiveError,
    ArchiveLocked,
    ArchiveNewer,
    ArchiveReadOnly,
    DiskFull,
    WrongKey,
)

# The newest revision in migrations/versions; a test compares the two.
HEAD = "0008"
LOCK_SECONDS = 30  # how long a writer waits for another
# How SQLite says that a file is not what it was.
DAMAGE = ("malformed", "not a database", "disk I/O error", "no such table")
NO_ROOM = 1 << 20  # bytes free: on a full disk a reader cannot make the log's index, and that is an I/O error
CACHE_KIB = 64 * 1024  # with 2 MiB a group-by over a million rows took seven times as long


@lru_cache(maxsize=8)
def open_engine(path: Path, key: bytes, *, writing: bool) -> Engine:
    """An engine on the encrypted database at `path`; `key` is the 32-byte raw key.

    It is kept, since with it SQLAlchemy keeps the statements that it compiled, which takes longer than most of them run.
    No connection is: each transaction opens the file that is there then, and closes it.

    A writing engine's transactions begin IMMEDIATE, so that two writers queue instead of deadlocking.
    The file must exist, unless `create` made it. Raises WrongKey where the key does not open it.
    """

    def connect() -> Any:
        try:
            raw = sqlcipher.connect(
                str(path), isolation_level=None, timeout=LOCK_SECONDS, check_same_thread=False
            )
        except sqlcipher.DatabaseError as problem:
            raise explained(str(problem), path) or ArchiveDamaged(file=path, detail=str(problem)) from None
        raw.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        raw.execute("PRAGMA cipher_log_level = NONE")  # it would write to standard error
        raw.execute("PRAGMA temp_store = MEMORY")
        try:
            raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlcipher.DatabaseError as problem:
            raw.close()
            if "not a database" in str(problem):
                raise WrongKey(file=path) from None
            raise explained(str(problem), path) or ArchiveDamaged(file=path, detail=str(problem)) from None
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if writing:
            raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL" if writing else "PRAGMA query_only = ON")
        return raw

    engine = create_engine("sqlite://", module=sqlcipher, creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def explained(said: str, path: Path) -> ArchiveError | None:
    """What SQLite's word for a catalogue it cannot use means for a clerk; None for any other trouble."""
    if "readonly" in said or "unable to open" in said:
        return ArchiveReadOnly(file=path.parent)
    if "locked" in said:
        return ArchiveLocked(file=path.parent, seconds=LOCK_SECONDS)
    if "is full" in said or ("disk I/O error" in said and shutil.disk_usage(path.parent).free < NO_ROOM):
        return DiskFull(file=path)
    if any(word in said for word in DAMAGE):
        return ArchiveDamaged(file=path, detail=said)
    return None


def make(path: Path, key: bytes) -> None:
    """Make a new, empty database at `path`."""
    raw = sqlcipher.connect(str(path), isolation_level=None)
    raw.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    raw.close()


def create(path: Path, key: bytes) -> None:
    """Make a new, empty catalogue at `path` with all its tables."""
    make(path, key)
    engine = open_engine(path, key, writing=True)
    with engine.begin() as connection:
        migrate(connection)


def copy_under(path: Path, key: bytes, target: Path, new_key: bytes) -> None:
    """Write the catalogue at `path` anew, at `target`, under another key.

    Nobody may have it open meanwhile; no log of it is left beside it. Raises ArchiveLocked where somebody has.
    """
    target.unlink(missing_ok=True)
    with closing(open_engine(path, key, writing=True).raw_connection()) as raw:
        cursor = raw.cursor()
        try:
            cursor.execute("PRAGMA journal_mode = DELETE")
            cursor.execute(f"ATTACH DATABASE ? AS anew KEY \"x'{new_key.hex()}'\"", (str(target),))
            cursor.execute("SELECT sqlcipher_export('anew')")
            cursor.execute("DETACH DATABASE anew")
        except sqlcipher.DatabaseError as problem:
            raise explained(str(problem), path) or ArchiveDamaged(file=path, detail=str(problem)) from None


def revision(connection: Connection) -> str:
    """The schema's revision, as Alembic recorded it."""
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found or ""


def require_current(connection: Connection, path: Path) -> bool:
    """Whether the schema is this program's; raises ArchiveNewer for one that a later version made."""
    found = revision(connection)
    if found > HEAD:
        raise ArchiveNewer(file=path, found=found, known=HEAD)
    return found == HEAD


def migrate(connection: Connection) -> None:
    """Bring the schema to HEAD within the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
