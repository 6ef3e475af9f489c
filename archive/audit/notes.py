"""What people said of findings: explained until a day, fixed, reopened. The next audit knows; nothing is taken off it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from sqlalchemy import ColumnElement, Connection, func, insert, select

from archive import journal
from archive.audit.classes import Class
from archive.audit.contracts import day_of, read
from archive.catalogue.audit_tables import finding_note
from archive.journal import Actor

EXPLAINED, FIXED, REOPENED = "explained", "fixed", "reopened"
OPEN, SAID_FIXED = "open", "said_fixed"
SAYINGS = {EXPLAINED: "已说明", FIXED: "已整改", REOPENED: "重新打开"}  # what a person says
CHINESE = {OPEN: "未处理", EXPLAINED: "已说明", SAID_FIXED: "报称已改，仍查到"}


def note(
    connection: Connection,
    found: Sequence[tuple[str, Class]],
    kind: str,
    reason: str,
    until: date | None,
    actor: Actor,
) -> None:
    """Record what was said of findings, each a contract's number and a class; `until` is an explanation's last day."""
    common = {
        "kind": kind,
        "reason": reason,
        "until": until.isoformat() if until else None,
        "user": actor.user,
        "recorded_on": actor.today.isoformat(),
    }
    rows = [common | {"contract": number, "class": str(cls)} for number, cls in found]
    if rows:
        connection.execute(insert(finding_note), rows)
    for number, cls in found:
        journal.record(connection, actor, f"finding_{kind}", number, {"class": str(cls)})


@dataclass(frozen=True, slots=True)
class Note:
    """What was said of a finding, on a day, by whom."""

    cls: Class
    kind: str
    reason: str
    until: str
    user: str
    day: str

    def as_json(self) -> dict[str, str]:
        """As `finding show --json` lists it."""
        return {
            "class": str(self.cls),
            "kind": self.kind,
            "reason": self.reason,
            "until": self.until,
            "user": self.user,
            "date": self.day,
        }


def notes_of(connection: Connection, number: str, on: date) -> list[Note]:
    """What had been said of a contract's findings by a date, the oldest first."""
    rows = connection.execute(
        select(finding_note)
        .where(finding_note.c.contract == number, finding_note.c.recorded_on <= on.isoformat())
        .order_by(finding_note.c.id)
    ).mappings()
    return [
        Note(
            Class(row["class"]),
            row["kind"],
            row["reason"],
            row["until"] or "",
            row["user"],
            row["recorded_on"],
        )
        for row in rows
    ]


def newest_note(on: date) -> ColumnElement[bool]:
    """The condition that a note is what was said last of its finding by a date."""
    of_each = finding_note.c.contract, finding_note.c["class"]
    newest = select(func.max(finding_note.c.id)).where(finding_note.c.recorded_on <= on.isoformat())
    return finding_note.c.id.in_(newest.group_by(*of_each))


def with_status(connection: Connection, found: pl.DataFrame, on: date) -> pl.DataFrame:
    """Findings with their status as of a date: open, explained (it holds still), said_fixed.

    What was said of a finding before it came up anew says nothing of it: a contract fixed in May and faulty since June
    is open.
    """
    query = select(
        finding_note.c.contract.label("number"),
        finding_note.c["class"],
        finding_note.c.kind,
        finding_note.c.until,
        finding_note.c.recorded_on,
    ).where(newest_note(on))
    said = read(connection, query).with_columns(
        pl.col("class").cast(found.schema["class"]), day_of("until"), day_of("recorded_on")
    )
    holds = pl.col("until").is_null() | (pl.col("until") >= on)
    status = (
        pl.when(pl.col("recorded_on") < pl.col("since"))
        .then(pl.lit(OPEN))
        .when((pl.col("kind") == EXPLAINED) & holds)
        .then(pl.lit(EXPLAINED))
        .when(pl.col("kind") == FIXED)
        .then(pl.lit(SAID_FIXED))
        .otherwise(pl.lit(OPEN))
    )
    return (
        found.join(said, on=["class", "number"], how="left", maintain_order="left")
        .with_columns(status.fill_null(OPEN).alias("status"))
        .drop("kind", "until", "recorded_on")
    )
