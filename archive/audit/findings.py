"""The audit of a date: what is owed and not there, expired, or there and not as it should be.

It judges papers, from what was known on the date. Declined and void contracts are in no finding, nor are
those that ended or were superseded: nothing is owed of them. A blank contract that nobody has signed is
owed by nobody: it is not missing.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl
from sqlalchemy import Connection

from archive.audit import evidence
from archive.audit.classes import EXPIRING_DAYS, Class
from archive.audit.contracts import Facts
from archive.audit.notes import EXPLAINED, with_status
from archive.states import HELD, State

UNFILED = (State.PLANNED, State.PRINTED)
LIVE = (*UNFILED, *HELD)
PART = 1_000  # findings that are written at a time
CLASSES = pl.Enum([str(cls) for cls in Class])
# A finding as `audit --json` lists it (docs/interfaces.md).
LISTED = (
    "class contract template village group household party responsible since overdue status evidence".split()
)


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit as of `on`.

    `contracts` is as contracts.contracts gives it; `findings` has a row a finding, by class and number: class, number,
    since (pl.Date), overdue (the date is past the deadline for filing), status (open, explained, said_fixed: a person
    said so, and it is found all the same), evidence (the facts, in Chinese).
    """

    on: date
    contracts: pl.DataFrame
    findings: pl.DataFrame

    @property
    def counts(self) -> dict[Class, int]:
        """Findings by class, zero too."""
        found = dict(self.findings.group_by("class").len().iter_rows())
        return {cls: found.get(str(cls), 0) for cls in Class}

    @property
    def states(self) -> Counter[State]:
        """How many contracts are in each state."""
        return Counter(
            {State(name): count for name, count in self.contracts.group_by("state").len().iter_rows()}
        )

    @property
    def explained(self) -> int:
        """How many findings a person has explained."""
        return self.findings.filter(pl.col("status") == EXPLAINED).height

    def within(self, which: pl.Expr) -> "Audit":
        """The audit of those contracts alone that an expression over their columns is true of."""
        some = self.contracts.filter(which)
        of_them = self.findings.join(some.select("number"), on="number", how="semi", maintain_order="left")
        return Audit(self.on, some, of_them)

    def of(self, number: str) -> pl.DataFrame:
        """A contract's findings."""
        return self.findings.filter(pl.col("number") == number)

    def listed(self) -> Iterator[pl.DataFrame]:
        """The findings with what a list says of their contracts (LISTED), in parts, in order."""
        of_it = self.contracts.select(
            *("number template village group household party responsible campaign starts ends state".split())
        )
        place = self.contracts.select("number").with_row_index("place")
        places = self.findings.select("number").join(place, on="number", how="left", maintain_order="left")[
            "place"
        ]
        for start in range(0, len(places), PART):
            part = self.findings.slice(start, PART)
            yield part.drop("number").hstack(of_it[places.slice(start, PART)].rename({"number": "contract"}))

    def as_json(self) -> Iterator[str]:
        """What `audit --json` prints (docs/interfaces.md), in pieces: whole, it is larger than the archive."""
        counts = {str(cls): count for cls, count in self.counts.items()}
        yield f'{{"on": "{self.on}", "counts": {json.dumps(counts)}, "findings": ['
        first = True
        for part in self.listed():
            plain = part.select(LISTED).with_columns(
                pl.col("class", "template", "village", "responsible").cast(pl.String),
                pl.col("since").cast(pl.String),
            )
            lines = plain.select(pl.struct(pl.all()).struct.json_encode().alias("line"))["line"]
            yield ("" if first else ",\n") + ",\n".join(lines)
            first = False
        yield "]}\n"


def audit(connection: Connection, on: date, *, names: bool = True) -> Audit:
    """The audit as of a date; without the parties' `names`, which counts can do without, in less time."""
    return audit_of(connection, Facts.read(connection, names=names), on)


def audit_of(connection: Connection, facts: Facts, on: date) -> Audit:
    """The audit as of a date, of facts that were read within the same transaction."""
    frame = facts.on(on)
    parts = [*_of_contracts(frame, on), *_of_records(connection, frame, on)]
    found = pl.concat(parts).with_columns((pl.col("deadline") < on).alias("overdue")).drop("deadline")
    return Audit(on, frame, with_status(connection, found.sort("class", "number"), on))


def _found(frame: pl.DataFrame, cls: Class, which: pl.Expr, since: pl.Expr, said: pl.Expr) -> pl.DataFrame:
    """The contracts of a class: class, number, since, evidence, deadline."""
    named = pl.lit(str(cls)).cast(CLASSES).alias("class")
    return frame.filter(which).select(
        named, "number", since.alias("since"), said.alias("evidence"), "deadline"
    )


def _of_contracts(frame: pl.DataFrame, on: date) -> Iterator[pl.DataFrame]:
    """What the contracts themselves show."""
    live = frame.filter(pl.col("state").is_in(LIVE))
    filed = live.filter(pl.col("state").is_in(HELD))
    state, ends = pl.col("state"), pl.col("ends")
    unfiled = state.is_in(UNFILED) & ~pl.col("blank")
    yield _found(live, Class.MISSING, unfiled, pl.col("campaign_day"), evidence.MISSING)
    expired = (state == State.EXPIRED).fill_null(False)
    yield _found(filed, Class.EXPIRED, expired, ends + pl.duration(days=1), evidence.EXPIRED)
    warned = ends - pl.duration(days=EXPIRING_DAYS)
    soon = (state == State.FILED) & pl.col("successor").is_null() & (warned <= on)
    yield _found(filed, Class.EXPIRING, soon.fill_null(False), warned, evidence.expiring(on))
    gaps = pl.col("gaps").str.split(" ")
    for cls, said in evidence.GAPS.items():
        yield _found(filed, cls, gaps.list.contains(str(cls)), pl.col("filed_on"), said)
    complete = pl.col("complete_on")
    late = (pl.col("gaps") == "") & (complete > pl.col("deadline"))
    yield _found(filed, Class.LATE, late.fill_null(False), complete, evidence.LATE)
    nobody = pl.col("blank") & (pl.col("filed_sheets") > 0)
    yield _found(filed, Class.WITHOUT_OBLIGATION, nobody, pl.col("first_filed_on"), evidence.NOBODY)


def _of_records(connection: Connection, frame: pl.DataFrame, on: date) -> Iterator[pl.DataFrame]:
    """What is recorded beside them: number, since and evidence of each class, of contracts of which something is owed."""
    live = frame.filter(pl.col("state").is_in(LIVE)).select(
        "number", "ends", "template", "template_sha256", "deadline"
    )
    for cls, rows in evidence.recorded(connection, frame, live, on):
        yield _found(live.join(rows, on="number"), cls, pl.lit(True), pl.col("since"), pl.col("evidence"))
