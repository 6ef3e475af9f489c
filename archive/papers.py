"""Papers filed by hand, or from a package: their files' own bytes, what is known of them, versions, none overwritten.

A paper has a number of its own. A correction is a new version under it, with the same files. The journal vouches
for them as for filings: the entry of a transaction that filed papers has, in its detail, their number (`papers`), the
last one's row (`papers_to`) and the root (`papers_root`) of the Merkle tree over their rows since the entry before, a
leaf each: the UTF-8 bytes of the JSON array [number, version, filed_on, user, files] without spaces, `files` of
[sha256, size, pages, blobs].
"""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select

from archive import journal, merkle, originals
from archive.catalogue.shelf_tables import paper, paper_file
from archive.catalogue.tables import journal as entries
from archive.changes import mark_changed, paper_key
from archive.errors import PaperUnknown
from archive.journal import Actor
from archive.states import newest_paper
from archive.vault import Vault


class Kind(StrEnum):
    """What a paper is."""

    CONTRACT = "旧合同"
    ATTACHMENT = "附件"
    CONVENTION = "村规民约"
    RESPONSIBILITY = "责任书"
    OTHER = "其他"


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a paper, its words aside; "" and None where nothing is.

    `division` is the code of a county, town or village; `own_number` the number that it carries itself; `day` its
    date as far as known (2009, 2009-03, 2009-03-01), `ends` the last day of its term; `contract` the contract that it
    belongs to; `retention` Y, D30 or D10.
    """

    kind: Kind
    title: str
    division: str
    own_number: str = ""
    day: str = ""
    ends: str | None = None
    group_no: int | None = None
    household_number: str = ""
    party: str = ""
    responsible: str = ""
    contract: str | None = None
    retention: str = "D30"

    @property
    def place(self) -> tuple[object, ...]:
        """Where it belongs: of one place no file is filed twice."""
        return self.division, self.group_no, self.household_number, self.contract


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be filed: its name as people read it, its content's type, size in bytes; pages, 0 where it has none."""

    path: Path
    name: str
    sha256: str
    media: str
    size: int
    pages: int


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A file of a paper, and the blobs that its bytes are in, in order."""

    name: str
    sha256: str
    media: str
    size: int
    pages: int
    blobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A version of a paper; `reason` says why it was corrected, "" of the first."""

    number: int
    version: int
    about: Description
    files: tuple[PaperFile, ...]
    filed_on: str
    user: str
    reason: str


def subject_of(number: int) -> str:
    """What the journal calls a paper."""
    return f"paper:{number}"


_ABOUT = tuple(paper.c[name] for name in Description.__dataclass_fields__)
_FILE = tuple(paper_file.c[name] for name in PaperFile.__dataclass_fields__)


class PaperFiler:
    """Papers filed or corrected in one write transaction, which `record` journals."""

    def __init__(self, connection: Connection, vault: Vault, actor: Actor) -> None:
        self._connection, self._vault, self._actor = connection, vault, actor
        self._before = connection.execute(select(func.max(paper.c.id))).scalar() or 0

    def file(self, about: Description, words: str, files: Sequence[NewFile]) -> int:
        """Keep the files and file them as a paper; its number. Raises OSError as originals.keep does."""
        day = self._actor.today.isoformat()
        kept = [
            PaperFile(
                one.name,
                one.sha256,
                one.media,
                one.size,
                one.pages,
                originals.keep(self._connection, self._vault, one.path, one.sha256, day),
            )
            for one in files
        ]
        number = (self._connection.execute(select(func.max(paper.c.number))).scalar() or 0) + 1
        self._write(number, 1, about, words, kept, "")
        return number

    def correct(self, old: Paper, about: Description, words: str, reason: str) -> None:
        """Describe a paper anew; `old` is its newest version, whose files go on."""
        self._write(old.number, old.version + 1, about, words, old.files, reason)

    def _write(
        self,
        number: int,
        version: int,
        about: Description,
        words: str,
        files: Sequence[PaperFile],
        reason: str,
    ) -> None:
        row = {"number": number, "version": version, **asdict(about), "kind": str(about.kind), "words": words}
        row |= {"filed_on": self._actor.today.isoformat(), "user": self._actor.user, "reason": reason}
        paper_id = self._connection.execute(insert(paper).returning(paper.c.id), row).scalar_one()
        rows = [
            asdict(one) | {"paper_id": paper_id, "position": position, "blobs": json.dumps(one.blobs)}
            for position, one in enumerate(files, 1)
        ]
        self._connection.execute(insert(paper_file), rows)
        mark_changed(self._connection, [paper_key(number)])

    def record(self, action: str, subject: str, detail: Mapping[str, object]) -> None:
        """Journal what was filed, with the entry that vouches for it."""
        tree = merkle.Tree()
        for _, leaf in _leaves(self._connection, self._before):
            tree.add(leaf)
        last = self._connection.execute(select(func.max(paper.c.id))).scalar_one()
        vouched = {"papers": tree.size, "papers_to": last, "papers_root": tree.root().hex()}
        journal.record(self._connection, self._actor, action, subject, {**detail, **vouched})


def _leaves(connection: Connection, after: int) -> Iterator[tuple[int, bytes]]:
    """Rows and leaves of the papers from a row on."""
    columns = (paper.c.id, paper.c.number, paper.c.version, paper.c.filed_on, paper.c.user)
    query = (
        select(*columns, *_FILE)
        .join(paper_file, paper_file.c.paper_id == paper.c.id)
        .where(paper.c.id > after)
        .order_by(paper.c.id, paper_file.c.position)
    )
    rows = connection.execution_options(stream_results=True).execute(query)
    for paper_id, some in groupby(rows, lambda row: int(row.id)):
        whole = list(some)
        first, files = whole[0], [(row.sha256, row.size, row.pages, json.loads(row.blobs)) for row in whole]
        values = (first.number, first.version, first.filed_on, first.user, files)
        yield paper_id, json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def altered(connection: Connection) -> list[int]:
    """The journal's entries that vouch for other papers than there are; 0 for papers without any entry."""
    query = select(entries.c.seq, entries.c.detail).where(entries.c.detail.contains('"papers_root"'))
    said = [
        (seq, detail["papers_to"], (detail["papers"], detail["papers_root"]))
        for seq, text in connection.execute(query.order_by(entries.c.seq))
        if "papers_root" in (detail := json.loads(text))
    ]
    trees = [merkle.Tree() for _ in said] or [merkle.Tree()]
    at = 0
    for row, leaf in _leaves(connection, 0):
        while at + 1 < len(said) and row > said[at][1]:  # what came after the last entry counts as its own
            at += 1
        trees[at].add(leaf)
    if not said:
        return [0] if trees[0].size else []
    held = [(tree.size, tree.root().hex()) for tree in trees]
    return [seq for (seq, _, root), found in zip(said, held, strict=True) if root != found]


def papers(
    connection: Connection,
    *,
    division: str = "",
    kind: Kind | None = None,
    contract: str | None = None,
) -> list[Paper]:
    """The papers as they stand, by number: of a division and those below it, of a kind, of a contract."""
    wanted: list[ColumnElement[bool]] = [paper.c.division.startswith(division)]
    if kind is not None:
        wanted.append(paper.c.kind == str(kind))
    if contract is not None:
        wanted.append(paper.c.contract == contract)
    return list(_papers(connection, newest_paper(), *wanted))


def find_paper(connection: Connection, number: int) -> Paper:
    """A paper as it stands. Raises PaperUnknown."""
    found = paper_versions(connection, number)
    if not found:
        raise PaperUnknown(number=number)
    return found[-1]


def paper_versions(connection: Connection, number: int) -> list[Paper]:
    """All versions of a paper, the oldest first."""
    return list(_papers(connection, paper.c.number == number))


def papers_with(connection: Connection, sha256: Sequence[str]) -> list[Paper]:
    """The papers, as they stand, that have a file with one of these hashes."""
    having = select(paper_file.c.paper_id).where(paper_file.c.sha256.in_(sha256))
    return list(_papers(connection, newest_paper(), paper.c.id.in_(having)))


def papers_in(connection: Connection, blobs: Set[str]) -> list[int]:
    """The papers, by number, that have a file in one of these blobs."""
    return sorted({number for number, _ in _lying_in(connection, blobs)})


def contracts_in(connection: Connection, blobs: Set[str]) -> set[str]:
    """The contracts that these papers belong to."""
    return {contract for _, contract in _lying_in(connection, blobs) if contract is not None}


def _lying_in(connection: Connection, blobs: Set[str]) -> Iterator[tuple[int, str | None]]:
    file = paper_file.c
    query = select(paper.c.number, paper.c.contract, file.blobs).join(paper_file, file.paper_id == paper.c.id)
    for row in connection.execute(query):
        if not blobs.isdisjoint(json.loads(row.blobs)):
            yield row.number, row.contract


def words_of(connection: Connection, one: Paper) -> str:
    """The words of a version (paper_words.py)."""
    same = (paper.c.number == one.number, paper.c.version == one.version)
    return str(connection.execute(select(paper.c.words).where(*same)).scalar_one())


def _papers(connection: Connection, *wanted: ColumnElement[bool]) -> Iterator[Paper]:
    columns = (paper.c.number, paper.c.version, *_ABOUT, paper.c.filed_on, paper.c.user, paper.c.reason)
    query = (
        select(*columns, *_FILE)
        .join(paper_file, paper_file.c.paper_id == paper.c.id)
        .where(*wanted)
        .order_by(paper.c.number, paper.c.version, paper_file.c.position)
    )
    for _, rows in groupby(connection.execute(query), lambda row: (row.number, row.version)):
        yield _paper(list(rows))


def _paper(rows: Sequence[Any]) -> Paper:
    first = rows[0]
    said = {name: getattr(first, name) for name in Description.__dataclass_fields__}
    about = Description(**said | {"kind": Kind(first.kind)})
    files = tuple(
        PaperFile(
            row.name,
            row.sha256,
            row.media,
            row.size,
            row.pages,
            msgspec.json.decode(row.blobs, type=tuple[str, ...]),
        )
        for row in rows
    )
    return Paper(first.number, first.version, about, files, first.filed_on, first.user, first.reason)
