"""An archive's home folder: its catalogue, settings and key, and the lock that one writer holds.

DIR/catalogue.db    the encrypted catalogue (SQLCipher 4, raw key)
DIR/vault/          the signed papers, encrypted (archive/vault.py)
DIR/index/          the search index, which can always be made anew (archive/search.py)
DIR/huyue.toml      the office's settings, written by init with its explanations
DIR/lock            held by whoever writes
DIR/staging/        what whoever holds the lock unpacks, in clear: gone when the lock is taken and let go
DIR/recovery.json   the key under a recovery code, if one was made (archive/keys.py)
DIR.key             the key, 32 bytes, mode 0600 (or the file HUYUE_KEY_FILE names; archive/keys.py)
"""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DatabaseError

from archive import journal, keys, vault
from archive.catalogue import database, tables
from archive.errors import ArchiveLocked, HomeExists, KeyExists, NotAnArchive
from archive.journal import Actor
from archive.on_disk import rename, sync_folder

CATALOGUE, RECOVERY = "catalogue.db", "recovery.json"
NEW_KEY = "new.key"  # a new archive's key, until it is in its place beside the folder
SETTINGS = """\
# 户约的设置。以 # 开头的行是说明；改完保存即可。
[office]
# 合同里“计划生育技术服务站”一方的名称；留空则用“乡镇名 + 计划生育技术服务站”。
station = ""
# huyue template check 除自带的以外还要提醒的用词，如 ["保证金", "名额"]。
warning_words = []

# 档号（huyue arrange）：fonds 是全宗号，向档案馆问；units 是各乡镇的代号，不写就用拼音首字母。去掉前面的 # 就生效。
# [archive]
# fonds = "J012"
# category = "WS"
# units = { "451225100" = "DMZ" }

# 花名册里认不出、或认错了的栏：栏名（或列号）= 栏目；不要的写“不读”。
[roster.columns]
# "公民号" = "公民身份号码"

# 单位：有“每个单位一份”的合同模板时，给这里列出的单位各安排一份。village 写所在的村（村名或 12 位代码），
# head 写谁代表单位签字，可以不写。一个单位一段，去掉前面的 # 就生效。
# [[units]]
# name = "东门镇中心卫生院"
# village = "凤凰社区"
# head = ""
"""


@dataclass(frozen=True, slots=True)
class Home:
    """An archive that exists; `key_file` is where its key lies, `key` the 32 bytes in it."""

    folder: Path
    key_file: Path
    key: bytes = field(repr=False)

    @property
    def catalogue(self) -> Path:
        return self.folder / CATALOGUE

    @property
    def settings(self) -> Path:
        return self.folder / "huyue.toml"

    @property
    def index(self) -> Path:
        return self.folder / "index"

    @property
    def staging(self) -> Path:
        return self.folder / "staging"

    @property
    def new_catalogue(self) -> Path:
        """The catalogue under another key, while that is changed (archive/rekey.py)."""
        return self.folder / (CATALOGUE + keys.NEW)

    @property
    def new_key_file(self) -> Path:
        """The other key's file, while the key is changed."""
        return self.key_file.with_name(self.key_file.name + ".change")

    @property
    def recovery(self) -> Path:
        return self.folder / RECOVERY

    def vault(self, connection: Connection) -> vault.Vault:
        """The archive's blobs, within the caller's transaction."""
        return vault.open_vault(self.folder, self.key, connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read-only transaction; it waits for no writer."""
        engine = database.open_engine(self.catalogue, self.key, writing=False)
        with self._told_apart():
            with engine.begin() as connection:
                if database.require_current(connection, self.catalogue):
                    yield connection
                    return
            with self.writing():  # brings the tables up to date
                pass
            with engine.begin() as connection:
                yield connection

    @contextmanager
    def writing(self, *, dry_run: bool = False, held: bool = False) -> Iterator[Connection]:
        """A write transaction under the archive's lock, committed at the end or rolled back as a whole.

        With `dry_run` what is done in it is rolled back. `held`: another thread holds the lock for this one.
        Raises ArchiveLocked when another command has held the lock for 30 seconds.
        """
        with nullcontext() if held else self.locked(), self._told_apart():
            engine = database.open_engine(self.catalogue, self.key, writing=True)
            with engine.begin() as connection:
                if not database.require_current(connection, self.catalogue):
                    database.migrate(connection)
                self.vault(connection).settle(connection)
                trial = connection.begin_nested() if dry_run else None
                yield connection
                if trial is not None:
                    trial.rollback()

    @contextmanager
    def _told_apart(self) -> Iterator[None]:
        """Turn the database's word for a damaged or locked file into an error that says what to do."""
        try:
            yield
        except DatabaseError as problem:
            known = database.explained(str(problem.orig), self.catalogue)
            if known is None:
                raise
            raise known from None

    @contextmanager
    def locked(self, seconds: float | None = None) -> Iterator[None]:
        """Hold the archive's lock for several write transactions; it nests within one thread.

        `staging` is the holder's to make and use meanwhile; what one that was killed left there goes. Raises
        ArchiveLocked when another command, or thread, has held it for so many seconds (LOCK_SECONDS unless told).
        """
        seconds = database.LOCK_SECONDS if seconds is None else seconds
        lock = FileLock(self.folder / "lock", is_singleton=True)
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            raise ArchiveLocked(file=self.folder, seconds=seconds) from None
        outermost = lock.lock_counter == 1
        try:
            if outermost:
                shutil.rmtree(self.staging, ignore_errors=True)
            yield
        finally:
            if outermost:
                shutil.rmtree(self.staging, ignore_errors=True)
            lock.release()


def key_file_of(folder: Path, named: str | None) -> Path:
    """Where the key of the archive at `folder` lies: the file named (HUYUE_KEY_FILE), else DIR.key beside it."""
    if named:
        return Path(named)
    whole = folder.absolute()
    return whole.with_name(whole.name + ".key")


def open_home(folder: Path, named_key: str | None, ask: keys.Ask | None = None) -> Home:
    """The archive at `folder`; `ask` gives its key's passphrase, if that has one.

    Raises NotAnArchive, KeyMissing, KeyUnreadable, KeyLocked, PassphraseWrong.
    """
    catalogue, key_file = folder / CATALOGUE, key_file_of(folder, named_key)
    if not catalogue.is_file():
        raise NotAnArchive(file=folder)
    _hand_over_key(folder, key_file)
    _finish_key_change(Home(folder, key_file, b""))
    return Home(folder, key_file, keys.read_key(key_file, ask))


def create_home(
    folder: Path,
    named_key: str | None,
    divisions: Mapping[str, str],
    actor: Actor,
    ask: keys.Ask | None = None,
    cipher: str = vault.AES,
) -> Home:
    """Make a new archive at `folder`; `divisions` are names by code, `cipher` is the vault's (of CIPHERS).

    It appears whole or not at all: it is built beside its place and renamed into it. A key file that
    HUYUE_KEY_FILE names is used if it is there, `ask` gives its passphrase; DIR.key is never overwritten.
    Raises HomeExists, KeyExists, KeyUnreadable, KeyLocked, PassphraseWrong, CipherMissing.
    """
    vault.CIPHERS[cipher].require()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise HomeExists(file=folder)
    key_file = key_file_of(folder, named_key)
    if key_file.exists() and not named_key:
        raise KeyExists(file=key_file)
    key = keys.read_key(key_file, ask) if key_file.exists() else secrets.token_bytes(keys.LENGTH)
    whole = folder.absolute()
    whole.parent.mkdir(parents=True, exist_ok=True)
    building = whole.with_name(f".{whole.name}.building-{secrets.token_hex(4)}")
    building.mkdir(mode=0o700)
    try:
        home = Home(building, key_file, key)
        home.settings.write_text(SETTINGS, encoding="utf-8")
        database.create(home.catalogue, key)
        engine = database.open_engine(home.catalogue, key, writing=True)
        with engine.begin() as connection:
            own = [
                {"key": "code_key", "value": secrets.token_bytes(32)},
                {"key": "cipher", "value": cipher.encode()},
            ]
            connection.execute(insert(tables.meta), own)
            rows = [{"code": code, "name": name} for code, name in divisions.items()]
            connection.execute(insert(tables.division), rows)
            journal.record(connection, actor, "init", "", {"divisions": len(rows), "cipher": cipher})
        if not key_file.exists():
            keys.write_new(building / NEW_KEY, keys.written(key))
        try:
            if whole.exists():
                whole.rmdir()
            building.rename(whole)
        except OSError:  # another init was first
            raise HomeExists(file=folder) from None
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    _hand_over_key(folder, key_file)
    return Home(folder, key_file, key)


def _hand_over_key(folder: Path, key_file: Path) -> None:
    """Put a new archive's key in its place; an init that was killed before is finished by the next opening.

    Raises KeyExists where another key has come to be there: the new one is then kept inside the folder.
    """
    new = folder / NEW_KEY
    if not new.is_file():
        return
    key_file.parent.mkdir(parents=True, exist_ok=True)
    key = keys.read_key(new)
    try:
        keys.write_new(key_file, keys.written(key))
    except FileExistsError:
        if keys.has_passphrase(key_file) or keys.read_key(key_file) != key:
            raise KeyExists(file=key_file) from None
    new.unlink()


def _finish_key_change(home: Home) -> None:
    """Finish a change of the key that was killed once its catalogue was in place, or undo it; not one under way."""
    if not (home.new_catalogue.exists() or home.new_key_file.exists()):
        return
    with suppress(ArchiveLocked), home.locked(seconds=0):
        if home.new_catalogue.exists():
            home.new_key_file.unlink(missing_ok=True)
            sync_folder(home.key_file.parent)  # left alone, it would be taken for a change to be finished
            home.new_catalogue.unlink()
        elif home.new_key_file.exists():
            rename(home.new_key_file, home.key_file)
            home.recovery.unlink(missing_ok=True)


def code_key(connection: Connection) -> bytes:
    """The key that page codes are signed with, made once by init."""
    return bytes(
        connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == "code_key")).scalar_one()
    )
