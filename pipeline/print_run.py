"""What an interrupted print run had done: a record in the output folder, so that the same command goes on.

The record holds what the run was asked for, and how the journal stood: a village is passed over only by the
same command on an archive in which nothing but printing has happened since, and only if all its contracts could
be printed. When the command is done the record goes.
"""

import hashlib
from datetime import date
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

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
    """The villages a run has done, kept in its output folder; `goes_on` if there is a record of it there."""

    def __init__(self, file: Path, asked: str, done: dict[str, Summary], *, goes_on: bool) -> None:
        self._file, self._asked, self.done, self.goes_on = file, asked, done, goes_on

    @classmethod
    def open(
        cls, out: Path, connection: Connection, campaign: Campaign, forms: Forms, which: Which, on: date
    ) -> "PrintRun":
        """The interrupted run of the same command into `out`, else a new one."""
        journal = tables.journal
        stands = connection.execute(
            select(journal.c.hash).where(journal.c.action != PRINTED).order_by(journal.c.seq.desc()).limit(1)
        ).scalar_one()
        words = repr((campaign, forms, which, on, stands, CODE_VERSION))
        asked = hashlib.sha256(words.encode()).hexdigest()
        file = out / RECORD
        try:
            known, done = msgspec.json.decode(file.read_bytes(), type=tuple[str, dict[str, Summary]])
        except (OSError, msgspec.MsgspecError):
            known, done = "", {}
        there = {
            village: one
            for village, one in done.items()
            if not one.stopped and (one.pages == 0 or (out / village / "print.json").is_file())
        }
        goes_on = known == asked
        return cls(file, asked, there if goes_on else {}, goes_on=goes_on)

    def begin(self) -> None:
        """The first village is about to be put in its place: it is to be known for this run's."""
        if not self.goes_on:
            self.goes_on = True
            self._keep()

    def finished(self, village: str, summary: Summary) -> None:
        """A village is in its place and marked printed."""
        self.done[village] = summary
        self._keep()

    def _keep(self) -> None:
        beside = self._file.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode([self._asked, self.done]))
        beside.replace(self._file)

    def end(self) -> None:
        """The command has done all it had to: the next one begins anew."""
        self._file.unlink(missing_ok=True)
