"""BagIt packages (RFC 8493, version 1.0), made file by file, and read.

A bag that is being made has no bagit.txt yet; that is written last, so a half-made one is none. Files that a broken
run left whole are not written again.

What is read comes from anywhere: it is a bag like ours, whole and unchanged, or it is refused. Nothing is followed
that leads out of its folder.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from archive.errors import BagFaulty
from archive.file_names import readable
from archive.on_disk import sync_file

CHUNK = 1 << 20  # bytes
MOST_FILES, TAG_LIMIT = 1_000_000, 256 << 20  # files of a bag, bytes of a tag file
TOLD = 5  # faults that are named
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


@dataclass(frozen=True, slots=True)
class Payload:
    """A file of a bag that is read: where it lies, the SHA-256 that the manifest gives it, its size in bytes."""

    path: Path
    sha256: str
    size: int


def read_bag(folder: Path) -> dict[str, Payload]:
    """The payload of a bag by its path below data/, complete as the manifest has it; its content is not read yet.

    Raises BagFaulty for what is no bag, is unfinished, lacks files or has others, links among them; OSError.
    """
    there = _files(folder)
    tags = {name: _tag(folder, there, name) for name in (DECLARATION, MANIFEST, INFO, TAGS) if name in there}
    said = tags.get(DECLARATION, "").split("\n")
    if said[:2] != ["BagIt-Version: 1.0", "Tag-File-Character-Encoding: UTF-8"]:
        raise BagFaulty(
            file=folder, detail=f"没有 {DECLARATION}，或者不是 1.0 版的 BagIt：没有导出完，或者给错了文件夹"
        )
    if MANIFEST not in tags:
        raise BagFaulty(file=folder, detail=f"没有 {MANIFEST}")
    _require(folder, list(_tag_faults(folder, tags.get(TAGS, ""))))
    sums = dict(_lines(folder, MANIFEST, tags[MANIFEST]))
    found = {
        name.removeprefix(f"{PAYLOAD}/"): there[name] for name in there if name.startswith(f"{PAYLOAD}/")
    }
    _require(
        folder,
        [
            *(f"缺 {PAYLOAD}/{name}" for name in sorted(sums.keys() - found.keys())),
            *(f"多出 {PAYLOAD}/{readable(Path(name))}" for name in sorted(found.keys() - sums.keys())),
        ],
    )
    return {name: Payload(folder / PAYLOAD / name, sums[name], size) for name, size in found.items()}


def proven(folder: Path, files: Mapping[str, Payload]) -> Iterator[str]:
    """Read every file of a bag; after each, its name. Raises BagFaulty at the end if any is not what the manifest says."""
    changed = []
    for name, one in files.items():
        if _sum(one.path) != (one.sha256, one.size):
            changed.append(f"{PAYLOAD}/{name} 被改过，或者没有复制好")
        yield name
    _require(folder, changed)
    info = folder / INFO
    said = re.search(
        r"^Payload-Oxum: *(\S+) *$", info.read_text("utf-8") if info.is_file() else "", re.MULTILINE
    )
    if said and said[1] != f"{sum(one.size for one in files.values())}.{len(files)}":
        raise BagFaulty(file=folder, detail=f"文件的大小或个数和 {INFO} 里写的（{said[1]}）不同")


def _require(folder: Path, faults: Sequence[str]) -> None:
    if faults:
        more = f"等 {len(faults)} 处" if len(faults) > TOLD else ""
        raise BagFaulty(file=folder, detail="；".join(faults[:TOLD]) + more)


def _files(folder: Path) -> dict[str, int]:
    """Every file of a bag by its path with forward slashes, and its size; nothing that is no plain file or folder."""
    found: dict[str, int] = {}
    waiting = [PurePosixPath()]
    while waiting:
        below = waiting.pop()
        with os.scandir(folder / below) as entries:
            for entry in entries:
                name = below / entry.name
                about = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(about.st_mode) and name.parts[0] == PAYLOAD:
                    waiting.append(name)
                elif not stat.S_ISREG(about.st_mode) or (not below.parts and entry.name not in _OURS):
                    detail = f"里面有 {readable(Path(name))}，包里不该有它（链接、别的文件夹、别的文件）"
                    raise BagFaulty(file=folder, detail=detail)
                found |= {} if stat.S_ISDIR(about.st_mode) else {str(name): about.st_size}
                if len(found) > MOST_FILES:
                    raise BagFaulty(file=folder, detail=f"文件太多，超过 {MOST_FILES} 个")
    return found


_OURS = frozenset((DECLARATION, INFO, MANIFEST, TAGS))  # what lies in a bag's folder beside the payload


def _tag(folder: Path, there: Mapping[str, int], name: str) -> str:
    if there[name] > TAG_LIMIT:
        raise BagFaulty(file=folder, detail=f"{name} 太大")
    try:
        return (folder / name).read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise BagFaulty(file=folder, detail=f"{name} 不是 UTF-8 编码") from None


def _tag_faults(folder: Path, text: str) -> Iterator[str]:
    """What does not hold of the manifest of tag files."""
    for name, sha256 in _lines(folder, TAGS, text):
        if name not in _OURS or not (folder / name).is_file() or _sum(folder / name)[0] != sha256:
            yield f"{name} 缺了，或者被改过"


def _lines(folder: Path, manifest: str, text: str) -> Iterator[tuple[str, str]]:
    """The files of a manifest, payload below data/, and their sums. Raises BagFaulty."""
    seen = set()
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):
        found = re.fullmatch(r"([0-9a-fA-F]{64})[ \t]+(\S.*)", line)
        name = "" if found is None else _unescaped(found[2])
        inner = name.removeprefix(f"{PAYLOAD}/") if manifest == MANIFEST else name
        safe = all(part not in ("", ".", "..") for part in inner.split("/")) and "\\" not in inner
        if (
            found is None
            or not safe
            or "\0" in name
            or (manifest == MANIFEST) != (inner != name)
            or name in seen
        ):
            raise BagFaulty(file=folder, detail=f"{manifest} 第 {number} 行不对")
        seen.add(name)
        yield inner, found[1].lower()


def _unescaped(name: str) -> str:
    for plain, escape in reversed(_ESCAPES):
        name = re.sub(escape, plain, name, flags=re.IGNORECASE)
    return name
