"""What every page works with: the archive, the desk's own database, what codes are called, who looks."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from threading import Lock

from archive.errors import HuyueError
from archive.home import Home
from archive.journal import CHINA, Actor
from archive.numbers import VILLAGE_DIGITS
from archive.search import is_outdated, renew
from archive.search_names import Names
from pipeline.indexing import names_of
from web.accounts import Account
from web.database import DeskDatabase
from web.files import SealedFiles
from web.roles import MAY, Permission, Role

NAMES_KEPT = 60  # seconds; a new village or template is called by its name after at most so long


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks; `villages` are the 12-digit codes of those they may see, None for all."""

    account: int
    name: str
    role: Role
    villages: frozenset[str] | None

    def may(self, permission: Permission) -> bool:
        """Whether their role does; the journal, which is of all villages, is only for whoever sees them all."""
        if permission is Permission.JOURNAL and self.villages is not None:
            return False
        return permission in MAY[self.role]

    def sees(self, village: str) -> bool:
        """Whether what belongs to a village, by its code, may be seen."""
        return self.villages is None or village in self.villages

    def sees_contract(self, number: str) -> bool:
        """Whether a contract may be seen, by its number."""
        return self.sees(number[:VILLAGE_DIGITS])


@dataclass(slots=True)
class Desk:
    """The desk of one archive. `fixed_day` is what --today says, None for the clock's day at UTC+8."""

    home: Home
    database: DeskDatabase
    files: SealedFiles
    fixed_day: date | None = None
    secure: bool = False  # browsers reach it by https
    passphrase: str | None = None
    key_change: tuple[int, str] | None = (
        None  # which administrator proposed another key; a second one approves
    )
    _names: tuple[float, Names] | None = field(default=None)
    _lock: Lock = field(default_factory=Lock)

    def today(self) -> date:
        return self.fixed_day or datetime.now(CHINA).date()

    def names(self) -> Names:
        """What codes and templates are called; the dictionary for searching comes with it, and is kept while they stay."""
        now = datetime.now(CHINA).timestamp()
        with self._lock:
            kept = self._names
            if kept is None or now - kept[0] > NAMES_KEPT:
                new = names_of(self.home)
                if kept is not None and (kept[1].divisions, kept[1].titles, kept[1].numbers) == (
                    new.divisions,
                    new.titles,
                    new.numbers,
                ):
                    new = kept[1]
                self._names = kept = (now, new)
            return kept[1]

    def warm(self) -> None:
        """Load what the first search would wait for: the dictionary; and make an outdated index anew meanwhile."""
        self.names().words.read("先读词典")
        with suppress(HuyueError):  # else whoever writes next does it
            if is_outdated(self.home, self.names()):
                renew(self.home, self.names(), self.today(), lambda _: None)

    def viewer(self, account: Account) -> Viewer:
        """The account as a viewer: towns stand for all their villages."""
        villages = None
        if account.villages:
            villages = self.villages_of(account.villages)
        return Viewer(account.id, account.name, account.role, villages)

    def villages_of(self, codes: Iterable[str]) -> frozenset[str]:
        """The villages that codes of villages and towns mean; a code that is none of ours means itself."""
        return _expanded(tuple(self.names().divisions), tuple(codes))

    def actor(self, viewer: Viewer) -> Actor:
        """Who acts, for the journal and records."""
        return Actor(viewer.name, self.today())


@lru_cache(maxsize=64)
def _expanded(divisions: tuple[str, ...], codes: tuple[str, ...]) -> frozenset[str]:
    within = {code for code in divisions if len(code) == VILLAGE_DIGITS and code.startswith(codes)}
    return frozenset(within | set(codes))
