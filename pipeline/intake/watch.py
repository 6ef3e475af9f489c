"""Watching folders for scans: what lies there is taken in, then whatever comes, each file when it is whole.

Scanners write over the network, where no notification comes, so the folders are looked at again and again. A file
is whole when its size and time have not changed between two looks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import ArchiveLocked
from archive.home import Home
from archive.journal import Actor
from pipeline.errors import ScanChanged, ScanMissing
from pipeline.intake.files import ScanFile, list_files
from pipeline.intake.run import take_in
from pipeline.intake.taken import Taken

UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", ".download")

Stamp = tuple[int, int]  # size in bytes, time of change in nanoseconds


@dataclass(slots=True)
class Watched:
    """The folders, as they were seen; `say` is told of a folder that is gone, and of one that is there again."""

    folders: Sequence[Path]
    say: Callable[[str], None]
    _seen: dict[ScanFile, Stamp] = field(default_factory=dict)
    _taken: dict[ScanFile, Stamp] = field(default_factory=dict)
    _gone: set[Path] = field(default_factory=set)

    def look(self) -> dict[ScanFile, Stamp]:
        """Look at the folders: the files that are whole and not taken in as they are now."""
        before, self._seen = self._seen, dict(self._files())
        return {
            file: stamp
            for file, stamp in self._seen.items()
            if before.get(file) == stamp != self._taken.get(file)
        }

    def took(self, files: dict[ScanFile, Stamp]) -> None:
        """The files are taken in, as they were seen: they are looked at no more until they change."""
        self._taken.update(files)

    def _files(self) -> Iterator[tuple[ScanFile, Stamp]]:
        for folder in self.folders:
            if not self._there(folder):
                continue
            for file in list_files([folder]):
                if not _unfinished(file.path.name):
                    try:
                        found = file.path.stat()
                    except OSError:  # gone meanwhile
                        continue
                    yield file, (found.st_size, found.st_mtime_ns)

    def _there(self, folder: Path) -> bool:
        there = folder.is_dir()
        if there == (folder in self._gone):
            self.say(
                f"文件夹 {folder} 又有了。" if there else f"找不到文件夹 {folder}（网络断了？），等它再出现。"
            )
            self._gone ^= {folder}
        return there


def _unfinished(name: str) -> bool:
    """Whether a name is one that programs give to files that they are still writing."""
    return name.startswith("~$") or name.lower().endswith(UNFINISHED)


def watch(
    home: Home,
    watched: Watched,
    actor: Callable[[], Actor],
    wait: Callable[[], object],
    done: Callable[[Taken], object],
) -> None:
    """Take in what is whole, wait, and again, until `wait` raises; `done` after each round that took something in.

    Trouble with files or a busy archive is told, once, and the round tried again: nothing is left out for it.
    """
    told = ""
    while True:
        try:
            files = watched.look()
            if files:
                taken = take_in(home, list(files), actor())
                watched.took(files)
                told = ""
                done(taken)
        except (ArchiveLocked, ScanChanged, ScanMissing, OSError) as problem:
            if str(problem) != told:
                watched.say(f"这一轮没有收完，稍后再试：{problem}")
            told = str(problem)
        wait()
