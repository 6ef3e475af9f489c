"""Lists to work from: what to ask for, renew, mend, look for; what changed. Of papers, never of who declined.

All but the changes are the findings of the audit (archive/audit), so that a list and the audit cannot differ.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

import polars as pl
from sqlalchemy import Connection, select

from archive.audit.classes import CHANGES, EXPIRING_DAYS, WARNED, Class
from archive.audit.contracts import day_of, read
from archive.audit.findings import Audit
from archive.audit.notes import EXPLAINED
from archive.catalogue import tables
from archive.filings import GAP_OF_KIND, Verdict, decode_boxes
from archive.manifests import manifests
from archive.states import State

FORTNIGHT = timedelta(days=14)
# What a list knows of each contract.
OF_CONTRACT = "number template village group household party responsible state".split()
CLOSINGS = {
    "withdrawn": "终止：当事人撤回",
    "moved": "终止：迁出",
    "died": "终止：去世",
    "unfit": "终止：条件不再符合",
    "void": "作废",
}
SAID = {Verdict.EMPTY: "空着", Verdict.UNSURE: "认不准"}


class Worklist(StrEnum):
    """The lists."""

    URGE = "urge"
    RENEW = "renew"
    MEND = "mend"
    UNFILED = "unfiled"
    CHANGES = "changes"


def urge(found: Audit) -> pl.DataFrame:
    """What is owed and of which nothing has come back: OF_CONTRACT, deadline, said."""
    return _found(found, Class.MISSING).with_columns(_said().alias("said"))


def renew(found: Audit) -> pl.DataFrame:
    """What has expired, or does within 90 days, with nothing to follow: OF_CONTRACT, ends, within, said."""
    left = (pl.col("ends") - found.on).dt.total_days()
    within = (
        pl.when(pl.col("class") == str(Class.EXPIRED))
        .then(pl.lit("已到期"))
        .when(left <= WARNED[0])
        .then(pl.lit(f"{WARNED[0]} 天内"))
        .when(left <= WARNED[1])
        .then(pl.lit(f"{WARNED[1]} 天内"))
        .otherwise(pl.lit(f"{EXPIRING_DAYS} 天内"))
    )
    rows = _found(found, Class.EXPIRED, Class.EXPIRING)
    return rows.with_columns(within.alias("within"), _said().alias("said"))


def mend(connection: Connection, found: Audit) -> pl.DataFrame:
    """The required boxes of filed sheets that are empty or unsure, a row each: OF_CONTRACT, sheet, box, verdict, said."""
    rows = _found(found, Class.UNSIGNED, Class.UNSEALED, Class.UNDATED).unique("number", keep="any")
    of_them = found.contracts.join(rows.select("number"), on="number", how="semi")
    said = dict(of_them.select("number", pl.col("template_sha256").cast(pl.String)).iter_rows())
    labels = {sha256: one.get("boxes", {}) for sha256, one in manifests(connection).items()}
    boxes = [
        (number, sheet, labels[said[number]].get(name, {}).get("label", name), SAID[verdict])
        for number, sheet, name, verdict in _open_boxes(connection, found.on)
        if number in said
    ]
    schema = {"number": pl.String, "sheet": pl.Int64, "box": pl.String, "verdict": pl.String}
    listed = rows.with_columns(_said().alias("said")).join(
        pl.DataFrame(boxes, schema=schema, orient="row"), on="number", how="left"
    )
    return listed.sort("number", "sheet")


def unfiled(connection: Connection, found: Audit) -> pl.DataFrame:
    """What was printed and is not back, or not all of it: OF_CONTRACT, printed_on, deadline, sheets, lacking, said."""
    rows = _found(found, Class.MISSING, Class.INCOMPLETE).filter(
        (pl.col("class") == str(Class.INCOMPLETE)) | (pl.col("state") == str(State.PRINTED))
    )
    there = _filed_sheets(connection, found.on).group_by("number").agg(pl.col("sheet").sort())
    whole = pl.int_ranges(1, pl.col("sheets").fill_null(0) + 1)
    gone = whole.list.set_difference(pl.col("sheet").fill_null(pl.lit([], pl.List(pl.Int64)))).list.sort()
    named = pl.format("第 {} 页", gone.cast(pl.List(pl.String)).list.join("、"))
    lacking = pl.when(pl.col("class") == str(Class.MISSING)).then(pl.lit("全部")).otherwise(named)
    return rows.join(there, on="number", how="left").with_columns(
        lacking.alias("lacking"), _said().alias("said")
    )


def changes(connection: Connection, frame: pl.DataFrame, on: date) -> tuple[pl.DataFrame, int]:
    """What happened in the fortnight up to a date: OF_CONTRACT, day, event, said; and how many declined in it.

    `frame` are the contracts as they stand on the date. Of who declined by it nothing is listed.
    """
    since = on - FORTNIGHT
    in_it = (pl.col("day") > since) & (pl.col("day") <= on)
    listed = frame.filter(pl.col("state") != str(State.DECLINED))
    nothing = pl.lit("").alias("said")
    parts = [
        listed.select("number", pl.col(column).alias("day"), pl.lit(event).alias("event"), nothing)
        for column, event in (("planned_on", "安排"), ("printed_on", "打印"))
    ]
    closed = _closings(connection, since, on)
    declined = frame.filter(pl.col("state") == str(State.DECLINED)).join(
        closed.filter(pl.col("kind") == "declined"), on="number"
    )
    others = closed.filter(pl.col("kind") != "declined")
    parts += [_filings(connection, since, on), others.select("number", "day", "event", "said")]
    parts.append(_subjects(connection, since, on))
    rows = pl.concat(parts).filter(in_it).join(listed.select(OF_CONTRACT), on="number")
    return rows.sort("day", "event", "number"), declined["number"].n_unique()


def _found(found: Audit, *classes: Class) -> pl.DataFrame:
    """The findings of classes with their contracts."""
    wanted = found.findings.filter(pl.col("class").is_in([str(cls) for cls in classes]))
    about = found.contracts.select(*OF_CONTRACT, "deadline", "ends", "printed_on", "sheets")
    return wanted.join(about, on="number", how="left", maintain_order="left")


def _said() -> pl.Expr:
    """What the finding rests on, and whether it has been explained."""
    explained = pl.when(pl.col("status") == EXPLAINED).then(pl.lit("（已说明）")).otherwise(pl.lit(""))
    return pl.col("evidence") + explained


def _open_boxes(connection: Connection, on: date) -> Iterator[tuple[str, int, str, Verdict]]:
    """Required boxes that are not surely filled, of the papers as they stood on a date: number, sheet, name, verdict."""
    filing, sheet = tables.filing, tables.filed_sheet
    query = (
        select(filing.c.contract, filing.c.version, sheet.c.sheet, sheet.c.boxes)
        .join(sheet, sheet.c.filing_id == filing.c.id)
        .where(filing.c.filed_on <= on.isoformat(), filing.c.gaps != "")
        .order_by(filing.c.contract, filing.c.version.desc(), sheet.c.sheet)
    )
    newest = ("", 0)
    for number, version, at, boxes in connection.execute(query):
        if number != newest[0]:
            newest = (number, version)
        if (number, version) == newest:
            for box in decode_boxes(boxes):
                if box.required and box.kind in GAP_OF_KIND and box.verdict is not Verdict.FILLED:
                    yield number, at, box.name, box.verdict


def _filed_sheets(connection: Connection, on: date) -> pl.DataFrame:
    """The sheets of papers of which some are missing, as they stood on a date: number, sheet."""
    filing, sheet = tables.filing, tables.filed_sheet
    query = (
        select(filing.c.contract.label("number"), filing.c.version, sheet.c.sheet)
        .join(sheet, sheet.c.filing_id == filing.c.id)
        .where(filing.c.filed_on <= on.isoformat(), filing.c.gaps.contains("incomplete"))
    )
    rows = read(connection, query)
    return rows.filter(pl.col("version") == pl.col("version").max().over("number")).select("number", "sheet")


def _filings(connection: Connection, since: date, on: date) -> pl.DataFrame:
    """Papers that came in within a time: number, day, event, said."""
    filing = tables.filing
    query = select(filing.c.contract.label("number"), filing.c.filed_on, filing.c.gaps).where(
        filing.c.filed_on > since.isoformat(), filing.c.filed_on <= on.isoformat(), filing.c.sheets > 0
    )
    event = pl.when(pl.col("gaps") == "").then(pl.lit("归档（收齐）")).otherwise(pl.lit("归档（还不齐）"))
    rows = read(connection, query).select("number", day_of("filed_on").alias("day"), event.alias("event"))
    return rows.unique(maintain_order=True).with_columns(pl.lit("").alias("said"))


def _closings(connection: Connection, since: date, on: date) -> pl.DataFrame:
    """Closings that were recorded within a time: number, kind, day, event, said."""
    closing = tables.closing
    query = select(
        closing.c.contract.label("number"), closing.c.kind, closing.c.recorded_on, closing.c.day
    ).where(closing.c.recorded_on > since.isoformat(), closing.c.recorded_on <= on.isoformat())
    return read(connection, query).select(
        "number",
        "kind",
        day_of("recorded_on").alias("day"),
        pl.col("kind").replace(CLOSINGS).alias("event"),
        pl.format("自 {} 起", "day").alias("said"),
    )


def _subjects(connection: Connection, since: date, on: date) -> pl.DataFrame:
    """What rosters changed about parties within a time: number, day, event, said."""
    change = tables.subject_change
    query = select(change.c.contract.label("number"), change.c.day, change.c.reason).where(
        change.c.day > since.isoformat(), change.c.day <= on.isoformat()
    )
    return read(connection, query).select(
        "number",
        day_of("day").alias("day"),
        pl.lit("人户有变动").alias("event"),
        pl.col("reason").replace(CHANGES).alias("said"),
    )
