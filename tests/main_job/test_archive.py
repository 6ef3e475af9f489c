"""The archive's ground: catalogue, migrations, journal, lock."""

import json
import multiprocessing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, insert, inspect, select, update
from sqlalchemy.exc import DatabaseError

from archive import home as home_module
from archive import journal
from archive.catalogue import database, tables
from archive.errors import ArchiveLocked, ArchiveNewer, ArchiveReadOnly, KeyExists
from archive.home import Home, code_key, create_home, open_home
from archive.journal import Actor
from tests.conftest import Town

ACTOR = Actor("经办人甲", date(2026, 3, 5))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "档案库", None, {"45": "广西壮族自治区"}, ACTOR)


def in_order(described: object) -> list[str]:
    """What the database says of a table; the order in which it lists foreign keys is its own."""
    listed = described if isinstance(described, list) else [described]
    return sorted(json.dumps(one, default=str, sort_keys=True) for one in listed)


def test_migrations_make_exactly_the_tables_of_the_code(home: Home) -> None:
    model = create_engine("sqlite://")
    tables.metadata.create_all(model)
    with home.reading() as connection:
        found, wanted = inspect(connection), inspect(model)
        assert set(found.get_table_names()) - {"alembic_version"} == set(wanted.get_table_names())
        for table in wanted.get_table_names():
            for look in (
                "get_columns",
                "get_indexes",
                "get_foreign_keys",
                "get_unique_constraints",
                "get_pk_constraint",
            ):
                assert in_order(getattr(found, look)(table)) == in_order(getattr(wanted, look)(table)), table


def test_the_newest_migration_is_the_one_the_program_knows(home: Home) -> None:
    names = sorted(
        path.name for path in (Path(database.__file__).parent / "migrations/versions").glob("m*.py")
    )
    assert names[-1].startswith(f"m{database.HEAD}_")
    with home.reading() as connection:
        assert database.revision(connection) == database.HEAD


def test_an_archive_of_a_later_version_is_left_alone(home: Home) -> None:
    with home.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ArchiveNewer), home.reading():
        pass


def test_nothing_in_the_database_files_is_readable_without_the_key(home: Home) -> None:
    with home.reading():  # while someone reads, what is written stays in the write-ahead log
        with home.writing() as connection:
            connection.execute(insert(tables.division).values(code="451225999001", name="明文里找不到村"))
        wal = home.catalogue.with_name("catalogue.db-wal").read_bytes()
    whole = home.catalogue.read_bytes() + wal
    assert wal
    for secret in ("明文里找不到村", "广西壮族自治区", "division", "SQLite format"):
        assert secret.encode() not in whole


def test_foreign_keys_hold(home: Home) -> None:
    with pytest.raises(DatabaseError), home.writing() as connection:
        connection.execute(insert(tables.import_village).values(import_id=7, village_code="451225100001"))


def test_a_reader_cannot_write(home: Home) -> None:
    with pytest.raises(ArchiveReadOnly), home.reading() as connection:
        connection.execute(delete(tables.division))


def test_a_failed_change_leaves_neither_change_nor_journal_entry(home: Home) -> None:
    with pytest.raises(RuntimeError), home.writing() as connection:
        connection.execute(insert(tables.division).values(code="1", name="x"))
        journal.record(connection, ACTOR, "test", "", {})
        raise RuntimeError
    with home.reading() as connection:
        assert connection.execute(select(tables.division.c.code)).scalars().all() == ["45"]
        assert len(connection.execute(select(tables.journal)).all()) == 1


@pytest.mark.parametrize("column", ["at", "today", "user", "action", "subject", "detail", "previous", "hash"])
def test_any_change_to_a_journal_entry_is_found_at_that_entry(home: Home, column: str) -> None:
    with home.writing() as connection:
        for number in range(4):
            journal.record(connection, ACTOR, "test", str(number), {"n": number})
        assert journal.broken_at(connection) is None
        connection.execute(update(tables.journal).where(tables.journal.c.seq == 3).values({column: "改"}))
        assert journal.broken_at(connection) == 3


def test_a_missing_journal_entry_is_found(home: Home) -> None:
    with home.writing() as connection:
        for number in range(3):
            journal.record(connection, ACTOR, "test", str(number), {})
        connection.execute(delete(tables.journal).where(tables.journal.c.seq == 2))
        assert journal.broken_at(connection) == 2


def test_the_code_key_is_made_once(home: Home) -> None:
    with home.reading() as connection:
        first = code_key(connection)
    with open_home(home.folder, None).reading() as connection:
        assert code_key(connection) == first
    assert len(first) == 32


def _hold(
    folder: Path, holding: "multiprocessing.synchronize.Event", enough: "multiprocessing.synchronize.Event"
) -> None:
    with open_home(folder, None).writing() as connection:
        connection.execute(insert(tables.division).values(code="2", name="写到一半"))
        holding.set()
        enough.wait(60)


def test_a_second_writer_is_told_and_readers_do_not_wait(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.2)
    context = multiprocessing.get_context("spawn")
    holding, enough = context.Event(), context.Event()
    writer = context.Process(target=_hold, args=(home.folder, holding, enough))
    writer.start()
    try:
        assert holding.wait(60)
        with home.reading() as connection:
            assert connection.execute(select(tables.division.c.code)).scalars().all() == ["45"]
        with pytest.raises(ArchiveLocked), home.writing():
            pass
    finally:
        enough.set()
        writer.join()
    with home.writing() as connection:
        assert "2" in connection.execute(select(tables.division.c.code)).scalars().all()


def test_the_journal_holds_no_name_or_identity_number(town: Town) -> None:
    with open_home(town.home, None).reading() as connection:
        text = "\n".join(map(str, connection.execute(select(tables.journal)).all()))
        people = connection.execute(select(tables.person.c.name, tables.person.c.id_number)).all()
    assert people
    for name, number in people:
        assert not name or name not in text
        assert not number or number not in text


def test_an_init_that_was_killed_before_its_key_was_in_place_is_finished_by_the_next_opening(
    home: Home,
) -> None:
    home.key_file.rename(home.folder / home_module.NEW_KEY)
    with open_home(home.folder, None).reading() as connection:
        assert connection.execute(select(tables.division.c.code)).scalars().all() == ["45"]
    assert home.key_file.is_file()
    assert not (home.folder / home_module.NEW_KEY).exists()


def test_another_archives_key_is_never_replaced(home: Home) -> None:
    home.key_file.rename(home.folder / home_module.NEW_KEY)
    home.key_file.write_text("1" * 64)
    with pytest.raises(KeyExists):
        open_home(home.folder, None)
    assert home.key_file.read_text() == "1" * 64
