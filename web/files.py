"""Files that the desk keeps for a while, sealed: uploads until they are taken in, what work wrote until it is old.

DIR/desk/files/NAME holds a file's pieces (archive/pieces.py) under a key made from the archive's. Names are the desk's own.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from archive import pieces

NAME = re.compile(r"[a-z0-9-]{1,80}")
PART = ".part"  # how the name of a file that is being written ends


@dataclass(frozen=True, slots=True)
class SealedFiles:
    """The sealed files in `folder`, under the 32-byte `key`."""

    folder: Path
    key: bytes

    def write(self, name: str, source: BinaryIO, size: int) -> None:
        """Keep a whole file of so many bytes; what had the name is replaced."""
        part = self._path(name).with_suffix(PART)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part.open("wb") as target:
            for piece in pieces.sealed_pieces(AESGCM(self.key), name, source, size):
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        part.replace(self._path(name))

    def append(self, name: str, place: int, clear: bytes, *, last: bool) -> None:
        """Put a piece in its place: the first is 0; what a broken-off write left there goes."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path(name).open("ab") as target:
            target.truncate(place * (pieces.PIECE + pieces.EXTRA))
            target.seek(0, os.SEEK_END)
            target.write(pieces.seal(AESGCM(self.key), name, place, clear, last=last))

    def read(self, name: str) -> Iterator[bytes]:
        """What is in a file, in pieces. Raises OSError where it is not there, InvalidTag where it was altered."""
        with self._path(name).open("rb") as source:
            yield from pieces.clear_pieces(AESGCM(self.key), name, source)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self._path(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The files that there are."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name))

    def forget_parts(self, before: float) -> None:
        """Remove what writes that were broken off before a time (seconds since 1970) left."""
        for path in self.folder.glob(f"*{PART}"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a sealed file")
        return self.folder / name
