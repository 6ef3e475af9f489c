"""What an interrupted print run had done: a record in the output folder, so that the same command goes on.

The record holds what the run was asked for, and where the journal stood: a village is passed over only by the
same command on an archive in which nothing but printing has happened since. When the command is done it goes.
"""

import hashlib
from datetime import date
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select

from archive.catalogue import tables
from pipeline.campaigns import Campaign
from pipeline.layout import CODE_VERSION
from pipeline.press import Forms
from pipeline.which import Which

RECORD = Path(".huyue-run.json")
PRINTED = "print"  # the journal's action of a village printed


class Summary(msgspec.Struct, frozen=True):
    """What a run did in one village; `stopped` are (contract, why it was left out)."""

    contracts: int
    pages: int
    own_layouts: int
    stopped: tuple[tuple[str, str], ...]


class PrintRun:
    """The villages a run has done, kept in its output folder."""

    def __init__(self, file: Path, asked: str, done: dict[str, Summary]) -> None:
        self._file, self._asked, self.done = file, asked, done

    @classmethod
    def open(
        cls, out: Path, connection: Connection, campaign: Campaign, forms: Forms, which: Which, on: date
    ) -> "PrintRun":
        """The interrupted run of the same command into `out`, else a new one."""
        journal = tables.journal
        stands = connection.execute(
            select(func.max(journal.c.seq)).where(journal.c.action != PRINTED)
        ).scalar_one()
        words = repr((campaign, forms, which, on, stands, CODE_VERSION))
        asked = hashlib.sha256(words.encode()).hexdigest()
        file = out / RECORD
        try:
            known, done = msgspec.json.decode(file.read_bytes(), type=tuple[str, dict[str, Summary]])
        except (OSError, msgspec.MsgspecError):
            known, done = "", {}
        there = {village: one for village, one in done.items() if (out / village / "print.json").is_file()}
        return cls(file, asked, there if known == asked else {})

    def finished(self, village: str, summary: Summary) -> None:
        """A village is in its place and marked printed."""
        self.done[village] = summary
        beside = self._file.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode([self._asked, self.done]))
        beside.replace(self._file)


def end(out: Path) -> None:
    """The command that printed into `out` has done all it had to: the next one begins anew."""
    (out / RECORD).unlink(missing_ok=True)
