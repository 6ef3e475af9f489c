"""Files kept as they came, byte for byte, as blobs of the vault: in pieces, so that none is in memory whole."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection

from archive.file_names import readable
from archive.vault import Vault

PIECE = 32 << 20  # bytes of a file in one blob


def keep(connection: Connection, vault: Vault, path: Path, sha256: str, day: str) -> tuple[str, ...]:
    """Keep the file whose SHA-256 is this, on the disk before this returns; its blobs' names, in order.

    What is kept already costs no more space. Raises OSError, which names the file; without an errno where its
    content is another by now: the caller's transaction must not stand then.
    """
    names: list[str] = []
    seen = hashlib.sha256()
    for piece in _pieces(path):
        seen.update(piece)
        names += vault.put(connection, [piece], day)
    if seen.hexdigest() != sha256:
        raise OSError(None, "changed while it was read", str(readable(path)))
    return tuple(names)


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
    except OSError as problem:  # a failed read does not say of which file
        raise OSError(problem.errno, problem.strerror, str(readable(path))) from None


def read(connection: Connection, vault: Vault, names: Sequence[str]) -> Iterator[bytes]:
    """The content of a file that was kept under these names, piece by piece. Raises BlobMissing, BlobDamaged."""
    for name in names:
        yield vault.get(connection, name)
