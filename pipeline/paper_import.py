"""Taking in a package that `huyue export` made: what it has is looked at, what is new is filed, group by group.

A group is one transaction; a run that was killed has filed whole groups, and the same command again goes on with what
is not there yet. Papers are told by their number and SHA-256.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from archive.bag import proven, read_bag
from archive.home import Home
from archive.journal import Actor
from archive.paper_package import (
    Entry,
    Refusal,
    Refused,
    add_divisions,
    known,
    listed,
    new_divisions,
    own_contracts,
    refused,
)
from archive.paper_words import joined
from archive.papers import NewFile, PaperFiler
from pipeline.console import progress
from pipeline.divisions import VILLAGE_DIGITS
from pipeline.errors import PaperFileChanged
from pipeline.intake.files import Code
from pipeline.paper_files import PDF, REFUSED, Looked, look_at

GROUP = 50  # papers of one transaction


@dataclass(slots=True)
class Imported:
    """What became of a package's papers: `papers` = `filed` + `same` + those refused; villages that were new here."""

    papers: int = 0
    filed: int = 0
    same: int = 0
    refused: list[Refused] = field(default_factory=list)
    divisions: list[str] = field(default_factory=list)


def import_package(home: Home, folder: Path, actor: Actor) -> Imported:
    """File what the package has and the archive has not.

    Raises BagFaulty, PackageFaulty, PaperFileChanged, OSError; what was filed before stays.
    """
    with home.locked():
        with home.writing():  # a wrong key is told before anything is read
            pass
        done, new = _examined(home, folder)
        rest = _opened(new, done)
        while group := list(islice(rest, GROUP)):
            _file(home, group, actor, done)
    return done


def try_package(home: Home, folder: Path) -> Imported:
    """What `import_package` would do; nothing is filed. Raises as that does."""
    done, new = _examined(home, folder)
    whole = [entry for entry, _ in _opened(new, done)]
    with home.reading() as connection:
        names = new_divisions(connection, whole)
    done.filed, done.divisions = len(whole), _villages(names)
    return done


def _examined(home: Home, folder: Path) -> tuple[Imported, list[Entry]]:
    """The package proven, and those of its papers that are not here yet."""
    files = read_bag(folder)
    with progress("核对移交包（个）", len(files)) as bar:
        for _ in proven(folder, files):
            bar.advance()
    found = listed(files)
    done = Imported(len(found), refused=[one for one in found if isinstance(one, Refused)])
    entries = [one for one in found if isinstance(one, Entry)]
    with home.reading() as connection:
        there = known(connection, entries)
    gone = [one for one in entries if there.get(one.number)]
    done.refused += [refused(one.number, one.file, Refusal.DESTROYED) for one in gone]
    done.same = len(there) - len(gone)
    return done, [one for one in entries if one.number not in there]


def _opened(entries: Sequence[Entry], done: Imported) -> Iterator[tuple[Entry, Looked]]:
    """The papers that open, with their words, in order; the others are refused."""
    looked = look_at([one.payload.path for one in entries])
    with progress("导入（份）", len(entries)) as bar:
        for entry, one in zip(entries, looked, strict=True):
            if one.code is None and one.media == PDF:
                yield entry, one
            else:
                code = one.code or Code.UNSUPPORTED
                done.refused.append(Refused(entry.number, entry.file, str(code), REFUSED[code]))
            bar.advance()


def _file(home: Home, group: Sequence[tuple[Entry, Looked]], actor: Actor, done: Imported) -> None:
    """File a group, in one transaction."""
    with home.writing() as connection:
        names = new_divisions(connection, [entry for entry, _ in group])
        add_divisions(connection, names)
        own = own_contracts(connection, [entry.number for entry, _ in group])
        filer = PaperFiler(connection, home.vault(connection), actor)
        for entry, looked in group:
            file = NewFile(
                entry.payload.path,
                entry.payload.path.name,
                entry.payload.sha256,
                looked.media,
                looked.size,
                looked.pages,
            )
            about = replace(entry.about, contract=entry.number if entry.number in own else None)
            try:
                filer.file(about, joined(entry.note, "\n".join(looked.texts)), [file])
            except OSError as problem:
                if problem.errno is None:
                    raise PaperFileChanged(file=problem.filename) from None
                raise
        filer.record("import", "", {"filed": len(group), "divisions": len(names)})
    done.filed += len(group)
    done.divisions += _villages(names)


def _villages(names: Mapping[str, str]) -> list[str]:
    return [code for code in names if len(code) == VILLAGE_DIGITS]
