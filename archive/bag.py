"""BagIt packages (RFC 8493, version 1.0), made file by file.

A bag that is being made has no bagit.txt yet; that is written last, so a half-made one is none. Files that a broken
run left whole are not written again.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from archive.on_disk import sync_file

CHUNK = 1 << 20  # bytes
DECLARATION, INFO, PAYLOAD = "bagit.txt", "bag-info.txt", "data"
MANIFEST, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_ESCAPES = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))  # in a manifest's paths (RFC 8493, 2.1.3)


class Bag:
    """A bag that is being made in a folder."""

    def __init__(self, folder: Path) -> None:
        """Begin, or go on with what a broken run left."""
        self.folder = folder
        self._sums: dict[str, tuple[str, int]] = {}
        (folder / PAYLOAD).mkdir(parents=True, exist_ok=True)
        (folder / DECLARATION).unlink(missing_ok=True)

    def holds(self, name: str, sha256: str) -> bool:
        """Whether a payload file lies there whole already; it is counted in then."""
        path = self.path(name)
        if not path.is_file() or _sum(path)[0] != sha256:
            return False
        self._sums[name] = sha256, path.stat().st_size
        return True

    def add(self, name: str, data: bytes) -> None:
        """Write a payload file: `name` is its path below data/, with forward slashes."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        part.replace(path)
        self._sums[name] = hashlib.sha256(data).hexdigest(), len(data)

    def added(self, name: str) -> None:
        """Count in a payload file that somebody else wrote."""
        self._sums[name] = _sum(self.path(name))

    def path(self, name: str) -> Path:
        """Where a payload file lies."""
        return self.folder / PAYLOAD / name

    def close(self, info: Mapping[str, str]) -> None:
        """Remove what is not of this bag, and write the tag files; `info` is for bag-info.txt, in order."""
        for path in sorted((self.folder / PAYLOAD).rglob("*")):
            if path.is_file() and path.relative_to(self.folder / PAYLOAD).as_posix() not in self._sums:
                path.unlink()
        octets = sum(size for _, size in self._sums.values())
        oxum = {"Payload-Oxum": f"{octets}.{len(self._sums)}"}
        lines = [f"{label}: {' '.join(value.split())}\n" for label, value in {**info, **oxum}.items()]
        payload = [
            f"{found}  {PAYLOAD}/{_escaped(name)}\n" for name, (found, _) in sorted(self._sums.items())
        ]
        tags = {
            DECLARATION: "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            INFO: "".join(lines),
            MANIFEST: "".join(payload),
        }
        packed = {name: text.encode() for name, text in tags.items()}
        sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(packed.items())]
        (self.folder / TAGS).write_bytes("".join(sums).encode())
        for name in (INFO, MANIFEST, DECLARATION):
            (self.folder / name).write_bytes(packed[name])


def _escaped(name: str) -> str:
    for plain, escape in _ESCAPES:
        name = name.replace(plain, escape)
    return name


def _sum(path: Path) -> tuple[str, int]:
    found, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
            size += len(chunk)
    return found.hexdigest(), size


def sync(folder: Path) -> None:
    """Have everything of a bag on the disk, where the system can say so for folders."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            sync_file(path)
