"""Files of papers filed by hand, written out again as they came."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from archive import originals
from archive.errors import BlobDamaged
from archive.papers import Paper, PaperFile
from archive.vault import Vault
from pipeline.errors import FileExists

FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # in a file's name on Windows


def save_files(connection: Connection, vault: Vault, paper: Paper, folder: Path) -> list[Path]:
    """Write a paper's files into a folder, made if it is not there; all or none, and nothing there is overwritten.

    Raises FileExists, BlobMissing, BlobDamaged, BlobDestroyed, OSError.
    """
    targets = list(_targets(paper.files, folder))
    for target in targets:
        if target.exists() or target.is_symlink():
            raise FileExists(file=target)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    try:
        for one, target in zip(paper.files, targets, strict=True):
            with target.open("xb") as file:
                written.append(target)
                seen = hashlib.sha256()
                for piece in originals.read(connection, vault, one.blobs):
                    seen.update(piece)
                    file.write(piece)
            if seen.hexdigest() != one.sha256:
                raise BlobDamaged(file=target)
    except BaseException:
        for target in written:
            with suppress(OSError):
                target.unlink()
        raise
    return targets


def _targets(files: Sequence[PaperFile], folder: Path) -> Iterator[Path]:
    """Where each goes: under its name, without what no system takes, with a number where two are called alike."""
    taken: set[str] = set()
    for one in files:
        plain = FORBIDDEN.sub("_", one.name).strip(". ") or "文件"
        stem, dot, ending = plain.rpartition(".")
        name, count = plain, 1
        while name.casefold() in taken:
            count += 1
            name = f"{stem}-{count}.{ending}" if dot else f"{plain}-{count}"
        taken.add(name.casefold())
        yield folder / name
