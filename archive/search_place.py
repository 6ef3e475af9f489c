"""Where an archive's search index lies, how it is opened, and how it is made anew beside the one in use.

<engine>/           the index in use
.<engine>.new/      one being made: left by a killed process, it is begun anew
.<engine>.retired/  the one before, for the moment in which the new one takes its place
.<engine>.lock      held by whoever makes one (in DIR/index)

All in a folder in memory, of which DIR/index holds the index in use sealed (search_seal.py), or in DIR/index.
"""

import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from archive.errors import ArchiveLocked, IndexBusy
from archive.home import Home
from archive.index.engine import Engine, IndexOutdated, IndexUnreadable, check, open_engine, open_outdated
from archive.index.words import Words
from archive.search_seal import Seal

Value = TypeVar("Value")
FOREVER = -1.0


@dataclass(frozen=True)
class Place:
    """Where the index of one engine is."""

    home: Home
    engine: str
    words: Words

    @cached_property
    def seal(self) -> Seal:
        """How it is kept sealed."""
        return Seal(self.home, self.engine)

    @property
    def folder(self) -> Path:
        return self.seal.clear

    @property
    def new(self) -> Path:
        return self.folder.with_name(f".{self.engine}.new")

    @property
    def retired(self) -> Path:
        return self.folder.with_name(f".{self.engine}.retired")


def outdated(place: Place) -> bool:
    """Whether the index is to be made anew, for another dictionary or schema, and can be searched in until then."""
    place.seal.open()
    try:
        check(place.engine, place.folder, place.words)
    except IndexOutdated:
        return True
    except IndexUnreadable:
        pass
    return False


def with_engine(place: Place, work: Callable[[Engine, bool], Value]) -> Value:
    """What `work` gives with the index open; told whether that may be written to, as an outdated one may not.

    One that cannot be read is begun anew. Raises IndexBusy, at once, where another command is writing.
    """
    place.home.index.mkdir(mode=0o700, exist_ok=True)
    place.seal.open()
    try:
        return _tried(place, work)
    except IndexUnreadable:
        pass
    try:
        with place.home.locked(seconds=0):
            try:
                return _tried(place, work)  # another command may have made it anew meanwhile
            except IndexUnreadable:
                shutil.rmtree(place.folder, ignore_errors=True)
    except ArchiveLocked:
        raise IndexBusy(file=place.home.index) from None
    return _tried(place, work)


def make_anew(
    place: Place, fill: Callable[[Engine], None], is_wanted: Callable[[], bool], seconds: float
) -> bool:
    """Make the index anew while others search in the one there is; False if somebody else did, or is doing so.

    `fill` takes up what an index lacks: first everything, then, while nobody may write, what changed meanwhile.
    `is_wanted` is asked once nobody else is making one, who is waited for so many seconds. Raises ArchiveLocked.
    """
    place.home.index.mkdir(mode=0o700, exist_ok=True)
    try:
        with FileLock(place.home.index / f".{place.engine}.lock", timeout=seconds):
            if not is_wanted():
                return False
            shutil.rmtree(place.new, ignore_errors=True)
            try:
                _fill(place, fill)
                with place.home.locked():
                    _fill(place, fill)
                    _put_in_place(place)
            finally:
                shutil.rmtree(place.new, ignore_errors=True)
            return True
    except Timeout:
        return False


def _fill(place: Place, fill: Callable[[Engine], None]) -> None:
    with closing(open_engine(place.engine, place.new, place.words)) as engine:
        fill(engine)


def _put_in_place(place: Place) -> None:
    shutil.rmtree(place.retired, ignore_errors=True)
    if place.folder.exists():
        place.folder.rename(place.retired)
    place.new.rename(place.folder)
    shutil.rmtree(place.retired, ignore_errors=True)
    place.seal.close()


def _tried(place: Place, work: Callable[[Engine, bool], Value]) -> Value:
    folder = _found(place)
    if folder == place.folder:
        try:
            engine = open_engine(place.engine, folder, place.words)
        except IndexOutdated:
            pass
        else:
            with closing(engine):
                done = work(engine, True)
            place.seal.close()
            return done
    with closing(open_outdated(place.engine, folder, place.words)) as engine:
        return work(engine, False)


def _found(place: Place) -> Path:
    """The folder to open: the one before, while a new one takes its place."""
    if place.folder.is_dir() or not place.retired.is_dir():
        return place.folder
    with suppress(ArchiveLocked), place.home.locked(seconds=0):
        if not place.folder.is_dir():  # whoever was at it was killed
            place.retired.rename(place.folder)
        return place.folder
    return place.retired
