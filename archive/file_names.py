"""Names of files as people read them, and one name for one file."""

import os
from collections.abc import Iterable
from pathlib import Path


def readable(path: Path) -> Path:
    """A path as people read it; its parts may come from systems that name files in GBK."""
    return Path(*(_decoded(os.fsencode(part)) for part in path.parts))


def once(paths: Iterable[Path]) -> list[Path]:
    """The paths without those that lead to a file named before."""
    found: dict[str, Path] = {}
    for path in paths:
        found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def _decoded(name: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "backslashreplace")
