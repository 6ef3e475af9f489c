"""The search index kept encrypted: sealed on disk, in clear in memory only.

Names stand in clear in an index, where a copied folder or a stolen disk would show them. Where the machine has a file
system in memory (/dev/shm on Linux), the index is worked on in a folder of that, which only its user can enter and
which goes with the power; DIR/index/<engine>.<key>.sealed holds its files sealed, <key> telling under which. An
engine's segments never change once they are written, so that after a commit only what is new is sealed. Elsewhere the
index lies in DIR/index in clear, and `doctor` says so.

A sealed file is called NAME.TIME, the time being that of the file it was made from, in nanoseconds: by name, time and
size the two folders are compared. It is sealed in pieces (archive/pieces.py) with a key made from the archive's. An
index that does not open is made anew from the catalogue, as after a change of the key.
"""

import hmac
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from filelock import FileLock

from archive import pieces
from archive.errors import ArchiveLocked
from archive.home import Home

MEMORY = Path("/dev/shm")  # noqa: S108
WHOSE = "home"  # the file in a folder in memory that says whose it is
SEALED = re.compile(r"(.+)\.(\d+)")

Files = dict[str, tuple[int, int]]  # time (ns) and size of each by name


@dataclass(frozen=True)
class Seal:
    """Where one engine's index of an archive is in clear, and where it is sealed."""

    home: Home
    engine: str

    @cached_property
    def base(self) -> Path:
        """The folder of the archive's indexes in clear: in memory where there is such, else DIR/index."""
        own = _own_memory()
        if own is None:
            return self.home.index
        folder = str(self.home.folder.resolve())
        base = own / hmac.digest(self.home.key, f"index of {folder}".encode(), "sha256").hex()[:24]
        if not base.is_dir():
            _forget_others(own, folder)
            base.mkdir(mode=0o700, exist_ok=True)
            (base / WHOSE).write_text(folder, encoding="utf-8")
        return base

    @property
    def clear(self) -> Path:
        return self.base / self.engine

    @property
    def sealed(self) -> Path:
        which = hmac.digest(self.home.key, b"which key", "sha256").hex()[:8]
        return self.home.index / f"{self.engine}.{which}.sealed"

    @property
    def exists(self) -> bool:
        """Whether there is an index, sealed or in clear."""
        return self.clear.is_dir() or self.sealed.is_dir()

    @property
    def is_sealed(self) -> bool:
        """Whether the index is in clear in memory only."""
        return self.base != self.home.index

    def open(self) -> None:
        """Bring into memory what is sealed, where that is not there, or is another.

        It is another where whoever wrote was killed before sealing, and where the archive's folder was put back from
        a copy. While somebody is writing it is left as it is.
        """
        if not self.is_sealed or self._in_step():
            return
        with FileLock(self._lock):
            if not self.clear.is_dir():
                self._unseal()
                return
        with suppress(ArchiveLocked), self.home.locked(seconds=0), FileLock(self._lock):
            if not self._in_step():
                self._unseal()

    def close(self) -> None:
        """Seal what was written; while somebody else is writing, that is theirs to do."""
        if not self.is_sealed or self._in_step():
            return
        with suppress(ArchiveLocked), self.home.locked(seconds=0), FileLock(self._lock):
            self._seal()

    def forget(self) -> None:
        """Remove the index, sealed and in clear; the caller holds the archive's lock."""
        for folder in (self.home.index, self.base):
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def _lock(self) -> Path:
        return self.base / f".{self.engine}.seal"

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(hmac.digest(self.home.key, b"search index", "sha256"))

    def _in_step(self) -> bool:
        sealed = {name: (time, pieces.plain_size(size)) for name, time, size in _sealed(self.sealed)}
        return sealed == _files(self.clear)

    def _seal(self) -> None:
        """What is new, in the order in which it was written: what names others comes after them."""
        self.sealed.mkdir(mode=0o700, parents=True, exist_ok=True)
        files, known = _files(self.clear), {(name, time) for name, time, _ in _sealed(self.sealed)}
        for name, (time, size) in sorted(files.items(), key=lambda item: item[1]):
            if (name, time) not in known:
                part = self.sealed / f".{secrets.token_hex(8)}"
                with (self.clear / name).open("rb") as source, part.open("wb") as target:
                    for piece in pieces.sealed_pieces(self._cipher, name, source, size):
                        target.write(piece)
                part.replace(self.sealed / f"{name}.{time}")
        kept = {f"{name}.{time}" for name, (time, _) in files.items()}
        for path in self.sealed.iterdir():
            if path.name not in kept:
                path.unlink()
        for other in self.home.index.glob(f"{self.engine}.*.sealed"):  # under the key before
            if other != self.sealed:
                shutil.rmtree(other)

    def _unseal(self) -> None:
        """Leaves nothing, and so an index to be made anew, where something does not open."""
        shutil.rmtree(self.clear, ignore_errors=True)
        made = self.base / f".{self.engine}.unsealed"
        shutil.rmtree(made, ignore_errors=True)
        found = sorted(_sealed(self.sealed), key=lambda one: one[1])
        if not found:
            return
        made.mkdir(mode=0o700)
        try:
            for name, time, _ in found:
                with (
                    (self.sealed / f"{name}.{time}").open("rb") as source,
                    (made / name).open("wb") as target,
                ):
                    for piece in pieces.clear_pieces(self._cipher, name, source):
                        target.write(piece)
                os.utime(made / name, ns=(time, time))
        except (InvalidTag, OSError):
            shutil.rmtree(made, ignore_errors=True)
            shutil.rmtree(self.sealed, ignore_errors=True)
            return
        made.rename(self.clear)


def _files(folder: Path) -> Files:
    """The files of an index; locks are none."""
    found: Files = {}
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            about = entry.stat()
            if about.st_size and not entry.name.endswith(".lock"):
                found[entry.name] = about.st_mtime_ns, about.st_size
    return found


def _sealed(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Name, time and sealed size of what is sealed, one version of a file after another."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            said = SEALED.fullmatch(entry.name)
            if said is not None:
                yield said[1], int(said[2]), entry.stat().st_size


def _own_memory() -> Path | None:
    """This user's folder in memory; None where there is none, or somebody else could enter it."""
    if not MEMORY.is_dir():
        return None
    own = MEMORY / f"huyue-{os.getuid()}"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        about = own.lstat()
    except OSError:
        return None
    mine = about.st_uid == os.getuid() and not about.st_mode & 0o077 and own.is_dir() and not own.is_symlink()
    return own if mine else None


def _forget_others(own: Path, folder: str) -> None:
    """Remove the indexes of archives that are not there any more, and those of this one under the key before."""
    for base in own.iterdir():
        with suppress(OSError):
            whose = (base / WHOSE).read_text(encoding="utf-8")
            if whose == folder or not Path(whose).is_dir():
                shutil.rmtree(base, ignore_errors=True)
