"""四性检测 of the archive itself: every signed paper that it holds, looked at as DA/T 70-2018 asks (four_checks.py)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from archive import journal
from archive.errors import BlobDamaged, BlobMissing
from archive.four_checks import Check, Checked
from archive.home import Home
from archive.package import papers_of

UNREADABLE = b""  # in place of a paper whose file is lost or altered: it fails what its bytes are asked for


def inspect(
    home: Home,
    connection: Connection,
    numbers: Sequence[str],
    names: tuple[Mapping[str, str], Mapping[str, str]],
    on: date,
    done: Callable[[int], None],
) -> Checked:
    """Look at the signed papers of these contracts, and at the journal; `names` as in package.papers_of."""
    checked, vault = Checked(), home.vault(connection)
    for paper in papers_of(connection, numbers, names, on):
        try:
            pdf = vault.get(connection, paper.blob)
        except (BlobMissing, BlobDamaged):
            pdf = UNREADABLE
        sha256 = (
            paper.sha256 or hashlib.sha256(pdf).hexdigest()
        )  # filed before it was kept; the vault vouches for it
        checked.look(paper.number, pdf, sha256, paper.sheets, paper.said)
        done(1)
    broken = journal.broken_at(connection)
    if broken is not None:
        checked.failed[Check.JOURNAL].append(str(broken))
    return checked


def part_of(numbers: Sequence[str], number: int, of: int) -> list[str]:
    """Slice `number` of `of`, by a hash of the contract's number: a slice keeps its contracts as the archive grows."""
    return [
        one for one in numbers if int.from_bytes(hashlib.sha256(one.encode()).digest()[:8]) % of == number - 1
    ]
