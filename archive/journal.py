"""The tamper-evident log: who did what, when; each entry's hash covers the entry before, a Merkle tree all of them.

Format of the hash: SHA-256 over the UTF-8 bytes of the JSON array [seq, at, today, user, action, subject,
detail, previous], without spaces, non-ASCII characters as themselves; `previous` is the hash of entry
seq − 1, 64 zeros for the first. Entries hold numbers, codes and counts, never a person's name or number.

An entry also vouches for the filings made since the entry before: its detail has their number (`filings`) and the
root (`filings_root`) of the Merkle tree over their rows, a leaf each: the UTF-8 bytes of the JSON array [contract,
version, filed_on, user, blob, sha256, sheets, gaps] in the same form.

The journal's own tree has a leaf an entry, its hash as 64 ASCII characters. The head of a day is the root over all
entries up to the last that was recorded on that day or before, so that one root speaks for everything until then.

A proof is what the journal says of one contract, to be checked against a root on paper, without the archive and
without anything of another contract: JSON with `contract`, the head (`day`, `entries`, `root`) that it leads to, and
for each entry its eight values, its inclusion proof (`path`, hexadecimal) and the contract's filings that it vouches
for, each with its values, its place among `count` leaves, and its path.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, or_, select, update

from archive import merkle
from archive.catalogue.tables import filing, journal
from archive.errors import ProofUnreadable

CHINA = timezone(timedelta(hours=8))
GENESIS = "0" * 64
NAMES = ("seq", "at", "today", "user", "action", "subject", "detail", "previous")
SHORT = 20  # characters of a root's short form, 100 bits
GROUP = 4

PROOF = 1  # version of a proof's form
MOST_BYTES = 64 << 20  # of a proof's file

Values = tuple[int | str, ...]
EntryValues = tuple[int, str, str, str, str, str, str, str]
FilingValues = tuple[str, int, str, str, str, str, int, str]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and the date that counts as today."""

    user: str
    today: date


@dataclass(frozen=True, slots=True)
class Head:
    """The journal as it stood: `root` over its first `entries` entries, in hexadecimal; `day` is the last one's."""

    day: str
    entries: int
    root: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is shown; `detail` is JSON."""

    seq: int
    at: str
    today: str
    user: str
    action: str
    subject: str
    detail: str


def _canonical(values: Values) -> str:
    """Values as they are hashed: a JSON array without spaces."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def entry_hash(values: Values) -> str:
    """The hash of an entry's eight values, as the module says."""
    return hashlib.sha256(_canonical(values).encode()).hexdigest()


def record(
    connection: Connection, actor: Actor, action: str, subject: str, detail: Mapping[str, object]
) -> None:
    """Append an entry within the caller's transaction, so that it stands if and only if the change does."""
    last = connection.execute(
        select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    at = datetime.now(CHINA).isoformat(timespec="seconds")
    text = json.dumps({**detail, **_vouched(connection, seq)}, ensure_ascii=False, separators=(",", ":"))
    values = (seq, at, actor.today.isoformat(), actor.user, action, subject, text, previous)
    row = dict(zip(NAMES, values, strict=True))
    connection.execute(insert(journal).values(row | {"hash": entry_hash(values)}))


def _vouched(connection: Connection, seq: int) -> dict[str, object]:
    """Have entry `seq` vouch for the filings that none vouches for; what its detail says of them."""
    new = filing.c.entry.is_(None)
    tree = merkle.Tree()
    for row in connection.execute(select(filing).where(new).order_by(filing.c.id)):
        tree.add(_filing_leaf(_filing_values(row)))
    if not tree.size:
        return {}
    connection.execute(update(filing).where(new).values(entry=seq))
    return {"filings": tree.size, "filings_root": tree.root().hex()}


def _filing_values(row: Row[Any]) -> FilingValues:
    """What an entry vouches for of a filing's row."""
    blob = row.blob or ""
    return row.contract, row.version, row.filed_on, row.user, blob, row.sha256, row.sheets, row.gaps


def _filing_leaf(values: FilingValues) -> bytes:
    """A filing's leaf in the tree of those that one entry vouches for."""
    return _canonical(values).encode()


def _entry_values(row: Row[Any]) -> EntryValues:
    """What an entry's hash covers."""
    return row.seq, row.at, row.today, row.user, row.action, row.subject, row.detail, row.previous


def broken_at(connection: Connection) -> int | None:
    """The first sequence number at which the chain does not hold, None for a sound journal."""
    previous, expected = GENESIS, 1
    for row in connection.execute(select(journal).order_by(journal.c.seq)):
        if row.seq != expected or row.previous != previous or row.hash != entry_hash(_entry_values(row)):
            return expected
        previous, expected = row.hash, expected + 1
    return None


def unvouched(connection: Connection) -> list[int]:
    """The entries that vouch for other filings than there are."""
    said = {}
    query = select(journal.c.seq, journal.c.detail).where(journal.c.detail.contains('"filings_root"'))
    for seq, text in connection.execute(query):
        detail = json.loads(text)
        if "filings_root" in detail:
            said[seq] = detail["filings"], detail["filings_root"]
    found: dict[int, merkle.Tree] = {}
    rows = select(filing).where(filing.c.entry.is_not(None)).order_by(filing.c.id)
    for row in connection.execute(rows):
        found.setdefault(row.entry, merkle.Tree()).add(_filing_leaf(_filing_values(row)))
    held = {seq: (tree.size, tree.root().hex()) for seq, tree in found.items()}
    return sorted(seq for seq in said.keys() | held.keys() if said.get(seq) != held.get(seq))


def head(connection: Connection, on: date | None = None) -> Head:
    """The journal's head of a day, or of now."""
    query = select(journal.c.seq, journal.c.today).order_by(journal.c.seq.desc()).limit(1)
    if on is not None:
        query = query.where(journal.c.today <= on.isoformat())
    last = connection.execute(query).first()
    if last is None:
        return Head("", 0, merkle.Tree().root().hex())
    return Head(last.today, last.seq, root_of(connection, last.seq))


def root_of(connection: Connection, entries: int) -> str:
    """The root over the first so many entries, in hexadecimal; over all, where there are fewer."""
    tree = merkle.Tree()
    for _, _, leaf in _leaves(connection, entries):
        tree.add(leaf)
    return tree.root().hex()


def holds(connection: Connection, root: str, on: date) -> int | None:
    """How many entries the journal had when `root`, whole or short, was its head on that day or before.

    None where it never was: entries were cut off, changed or left out since, or the root was misread.
    """
    tree, wanted = merkle.Tree(), _plain(root)
    for seq, today, leaf in _leaves(connection, None):
        tree.add(leaf)
        if today <= on.isoformat() and wanted in _forms(tree.root().hex()):
            return seq
    return None


def _leaves(connection: Connection, entries: int | None) -> Iterator[tuple[int, str, bytes]]:
    """Sequence number, date and leaf of the first so many entries."""
    query = select(journal.c.seq, journal.c.today, journal.c.hash).order_by(journal.c.seq).limit(entries)
    for seq, today, text in connection.execute(query):
        yield seq, today, text.encode()


def short(root: str) -> str:
    """A root's short form, for comparing on paper: ABCD-EFGH-… of base 32 (RFC 4648), without a check."""
    letters = base64.b32encode(bytes.fromhex(root)).decode()[:SHORT]
    return "-".join(letters[at : at + GROUP] for at in range(0, SHORT, GROUP))


def _plain(root: str) -> str:
    """A root as somebody typed it, without hyphens and spaces, in upper case."""
    return "".join(root.split()).replace("-", "").upper()


def _forms(root: str) -> tuple[str, str]:
    """Both ways to write a root, plain."""
    return root.upper(), _plain(short(root))


def entries(
    connection: Connection, first: date | None = None, last: date | None = None, subject: str | None = None
) -> Iterator[Entry]:
    """The entries recorded from one day to another, of one subject: those that vouch for its filings, too."""
    query = select(*(journal.c[name] for name in NAMES[:-1])).order_by(journal.c.seq)
    if first is not None:
        query = query.where(journal.c.today >= first.isoformat())
    if last is not None:
        query = query.where(journal.c.today <= last.isoformat())
    if subject is not None:
        of = select(filing.c.entry).where(filing.c.contract == subject, filing.c.entry.is_not(None))
        query = query.where(or_(journal.c.subject == subject, journal.c.seq.in_(of)))
    for row in connection.execute(query):
        yield Entry(*row)


class ProvenFiling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A filing's values, its place (from 0) among `count` that one entry vouches for, and its path."""

    values: FilingValues
    place: int
    count: int
    path: tuple[str, ...]


class ProvenEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry's values, its path in the journal's tree, and the contract's filings that it vouches for."""

    values: EntryValues
    path: tuple[str, ...]
    filings: tuple[ProvenFiling, ...]

    @property
    def shown(self) -> Entry:
        return Entry(*self.values[:-1])


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contract's entries, proven by the head of a day."""

    version: int
    contract: str
    day: str
    entries: int
    root: str
    proofs: tuple[ProvenEntry, ...]


def prove(connection: Connection, contract: str, on: date) -> Proof:
    """What the journal has of a contract up to a day, proven by that day's head."""
    top = head(connection, on)
    own = [one.seq for one in entries(connection, subject=contract) if one.seq <= top.entries]
    leaves = [merkle.leaf_hash(leaf) for _, _, leaf in _leaves(connection, top.entries)]
    found = []
    for seq, path in zip(own, merkle.paths(leaves, [seq - 1 for seq in own]), strict=True):
        row = connection.execute(select(journal).where(journal.c.seq == seq)).one()
        filings = tuple(_proven_filings(connection, contract, seq))
        found.append(ProvenEntry(_entry_values(row), _hex(path), filings))
    return Proof(PROOF, contract, top.day, top.entries, top.root, tuple(found))


def _proven_filings(connection: Connection, contract: str, seq: int) -> Iterator[ProvenFiling]:
    rows = connection.execute(select(filing).where(filing.c.entry == seq).order_by(filing.c.id)).all()
    leaves = [merkle.leaf_hash(_filing_leaf(_filing_values(row))) for row in rows]
    places = [place for place, row in enumerate(rows) if row.contract == contract]
    for place, path in zip(places, merkle.paths(leaves, places), strict=True):
        yield ProvenFiling(_filing_values(rows[place]), place, len(rows), _hex(path))


def _hex(path: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in path)


def decode_proof(data: bytes) -> Proof:
    """A proof's file. Raises ProofUnreadable."""
    try:
        proof = msgspec.json.decode(data, type=Proof)
        bytes.fromhex(proof.root)
    except ValueError:
        raise ProofUnreadable() from None
    if proof.version != PROOF:
        raise ProofUnreadable()
    return proof


def faults(proof: Proof, root: str) -> list[str]:
    """What does not hold of a proof against a root, whole or short, that somebody has on paper; [] for a sound one."""
    found = []
    if _plain(root) not in _forms(proof.root):
        found.append("文件里的校验根和给出的不同：不是这个档案库那一天的，或者抄错了。")
    if not proof.proofs:
        found.append("文件里没有这份合同的记录。")
    for one in proof.proofs:
        said = f"第 {one.values[0]} 条记录"
        leaf = entry_hash(one.values).encode()
        if _root(leaf, one.values[0] - 1, proof.entries, one.path) != proof.root:
            found.append(f"{said}和校验根对不上，被改过。")
        elif one.values[5] != proof.contract and not one.filings:
            found.append(f"{said}不是这份合同的。")
        if not all(_is_vouched(proof, one, each) for each in one.filings):
            found.append(f"{said}所登记的归档件被改过。")
    return found


def _is_vouched(proof: Proof, entry: ProvenEntry, one: ProvenFiling) -> bool:
    """Whether the entry vouches for this filing, and it is of this contract."""
    try:
        detail = json.loads(entry.values[6])
        said = detail["filings"], detail["filings_root"]
    except (ValueError, TypeError, KeyError):
        return False
    found = one.count, _root(_filing_leaf(one.values), one.place, one.count, one.path)
    return one.values[0] == proof.contract and found == said


def _root(leaf: bytes, place: int, size: int, path: Sequence[str]) -> str | None:
    """The root that a path leads to, in hexadecimal."""
    try:
        found = merkle.root_from(leaf, place, size, [bytes.fromhex(one) for one in path])
    except ValueError:
        return None
    return None if found is None else found.hex()
