"""Files that are on the disk when a call returns, whatever happens to the machine afterwards."""

import os
from pathlib import Path


def write_synced(path: Path, data: bytes, *, append: bool = False, new: bool = False) -> None:
    """Write a file anew, or its end, or one that must not be there yet. Raises FileExistsError."""
    how = os.O_APPEND if append else os.O_EXCL if new else os.O_TRUNC
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Have a file on the disk that somebody else wrote."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def rename(path: Path, target: Path) -> None:
    """Give a file another's name, in its place if there is one; it has it for good when this returns."""
    path.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename last, where the system can (Windows cannot open folders, and needs no such thing)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
