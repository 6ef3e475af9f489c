"""What a finding rests on: the facts in a sentence, from the contract's own row or from what is recorded beside it."""

from collections.abc import Iterator
from datetime import date

import polars as pl
from sqlalchemy import Connection, func, or_, select

from archive import damage as damages
from archive.audit.classes import CHANGES, EXPIRING_DAYS, WARNED, Class
from archive.audit.contracts import day_of, read
from archive.catalogue import tables
from archive.catalogue.audit_tables import FLAWED, damage
from archive.flaw_words import FLAWS

MISSING = (
    pl.when(pl.col("printed_on").is_null())
    .then(pl.format("{} 安排，还没有打印", "planned_on"))
    .otherwise(pl.format("{} 打印，还没有收回", "printed_on"))
)
EXPIRED = pl.format("期限到 {}，没有下一份", "ends")
LATE = pl.format(
    "归档期限 {}，{} 收齐，晚 {} 天",
    "deadline",
    "complete_on",
    (pl.col("complete_on") - pl.col("deadline")).dt.total_days(),
)
NOBODY = pl.format("空白合同，{} 归档，没有登记是谁签的", "first_filed_on")
_BOX = "{} 归档的纸上，{}空着或认不准"
GAPS = {
    Class.UNSIGNED: pl.format(_BOX, "filed_on", pl.lit("必须签名的框")),
    Class.UNSEALED: pl.format(_BOX, "filed_on", pl.lit("盖章框")),
    Class.UNDATED: pl.format(_BOX, "filed_on", pl.lit("日期框")),
    Class.INCOMPLETE: pl.format("共 {} 页，归了 {} 页", pl.col("sheets").fill_null(0), "filed_sheets"),
}


def expiring(on: date) -> pl.Expr:
    """When it ends, and within how many days: 30, 60 or 90."""
    left = (pl.col("ends") - pl.lit(on)).dt.total_days()
    within = (
        pl.when(left <= WARNED[0])
        .then(WARNED[0])
        .when(left <= WARNED[1])
        .then(WARNED[1])
        .otherwise(EXPIRING_DAYS)
    )
    return pl.format("{} 到期，还有 {} 天（{} 天内）", "ends", left, within)


def recorded(
    connection: Connection, frame: pl.DataFrame, live: pl.DataFrame, on: date
) -> Iterator[tuple[Class, pl.DataFrame]]:
    """By class the contracts that a record speaks of: number, since, evidence; one row each.

    `frame` are all contracts of the date (Facts.on), `live` those of which something is owed.
    """
    day = on.isoformat()
    yield Class.UNREADABLE, _unreadable(connection, day)
    yield from _waiting(connection, day)
    yield Class.SUPERSEDED_TEMPLATE, _old_wording(connection, frame, live, day)
    yield Class.SUBJECT_CHANGED, _changed(connection, live, on)
    yield Class.DAMAGED, _damaged(connection, day)


def _unreadable(connection: Connection, day: str) -> pl.DataFrame:
    """Filed sheets whose image is not fit to keep, of the newest version on the date."""
    filing, sheet = tables.filing, tables.filed_sheet
    newest = (
        select(filing.c.contract, func.max(filing.c.version).label("version"))
        .where(filing.c.filed_on <= day)
        .group_by(filing.c.contract)
        .subquery()
    )
    flawed = (
        select(filing.c.contract.label("number"), filing.c.filed_on, sheet.c.sheet, sheet.c.flaws)
        .join(filing, filing.c.id == sheet.c.filing_id)
        .join(newest, (newest.c.contract == filing.c.contract) & (newest.c.version == filing.c.version))
        .where(FLAWED)
    )
    words = [
        pl.when(pl.col("flaws").str.contains(flaw, literal=True)).then(pl.lit(said))
        for flaw, (said, _) in FLAWS.items()
    ]
    return (
        read(connection, flawed)
        .sort("number", "sheet")
        .with_columns(pl.concat_str(words, separator="、", ignore_nulls=True).alias("said"))
        .group_by("number", maintain_order=True)
        .agg(
            day_of("filed_on").min().alias("since"),
            pl.format("第 {} 页{}", "sheet", "said").str.join("，").alias("evidence"),
        )
    )


def _waiting(connection: Connection, day: str) -> Iterator[tuple[Class, pl.DataFrame]]:
    """Pages that had come in by the date and nobody had decided on."""
    review, page, file = tables.review, tables.scan_page, tables.scan_file
    undecided = or_(review.c.decided_on.is_(None), review.c.decided_on > day)
    query = (
        select(
            review.c.contract.label("number"),
            review.c.id,
            review.c.reason,
            file.c.name,
            page.c.index,
            file.c.taken_on,
        )
        .join(page, page.c.id == review.c.page_id)
        .join(file, file.c.id == page.c.file_id)
        .where(review.c.contract.is_not(None), file.c.taken_on <= day, undecided)
        .order_by(review.c.id)
    )
    waiting = read(connection, query)
    said = pl.format("待核 {}：{} 第 {} 页", "id", "name", pl.col("index") + 1)
    for cls, which in (
        (Class.CONFLICT, pl.col("reason") == "conflict"),
        (Class.UNREVIEWED, pl.col("reason") != "conflict"),
    ):
        grouped = waiting.filter(which).group_by("number", maintain_order=True)
        yield cls, grouped.agg(day_of("taken_on").min().alias("since"), said.str.join("，").alias("evidence"))


def _old_wording(connection: Connection, frame: pl.DataFrame, live: pl.DataFrame, day: str) -> pl.DataFrame:
    """Contracts of another version of a template than the one that was in use on the date.

    A version is in use since it was last taken into use, or since it was first planned with. Other bytes under the same
    version, as a later release of the program may ship them, are no other version.
    """
    use, kept = tables.template_use, tables.template
    versions = read(connection, select(kept.c.sha256, kept.c.name, kept.c.version))
    used = read(connection, select(use.c.sha256, use.c.since).where(use.c.since <= day))
    planned = frame.group_by(pl.col("template_sha256").cast(pl.String).alias("sha256")).agg(
        pl.min("planned_on").alias("since")
    )
    newest = (
        pl.concat([used.select("sha256", day_of("since"), taken=True), planned.with_columns(taken=False)])
        .join(versions, on="sha256")
        .group_by("name", "version")
        .agg(pl.col("since").filter(pl.col("taken")).max().alias("taken_on"), pl.min("since"))
        .with_columns(pl.coalesce("taken_on", "since").alias("since"))
        .sort("name", "since", "version")
        .group_by("name", maintain_order=True)
        .agg(pl.last("version").alias("new"), pl.last("since"))
    )
    return (
        live.with_columns(pl.col("template", "template_sha256").cast(pl.String))
        .join(newest, left_on="template", right_on="name")
        .join(versions, left_on="template_sha256", right_on="sha256")
        .filter(pl.col("version") != pl.col("new"))
        .select(
            "number",
            "since",
            pl.format("用的是 {} 版，{} 起用 {} 版", "version", "since", "new").alias("evidence"),
        )
    )


def _changed(connection: Connection, live: pl.DataFrame, on: date) -> pl.DataFrame:
    """Contracts in force whose party a roster changed, not decided on by the date."""
    change, day = tables.subject_change, on.isoformat()
    waiting = or_(change.c.decided_on.is_(None), change.c.decided_on > day)
    query = select(change.c.contract.label("number"), change.c.reason, change.c.day).where(
        change.c.day <= day, waiting
    )
    in_force = live.filter(pl.col("ends").is_null() | (pl.col("ends") >= on)).select("number")
    said = pl.format("{}（{}）", pl.col("reason").replace_strict(CHANGES, return_dtype=pl.String), "day")
    return (
        read(connection, query.order_by(change.c.id))
        .join(in_force, on="number", how="semi", maintain_order="left")
        .group_by("number", maintain_order=True)
        .agg(
            day_of("day").min().alias("since"),
            said.unique(maintain_order=True).str.join("、").alias("evidence"),
        )
    )


def _damaged(connection: Connection, day: str) -> pl.DataFrame:
    """Contracts of whose filed paper verify found the file lost or altered, and not sound since."""
    filing = tables.filing
    mended = or_(damage.c.mended_on.is_(None), damage.c.mended_on > day)
    query = (
        select(filing.c.contract.label("number"), damage.c.code, damage.c.found_on)
        .join(filing, filing.c.blob == damage.c.blob)
        .where(damage.c.found_on <= day, mended)
    )
    words = {str(code): said for code, said in damages.WORDS.items()}
    said = pl.format("{} 核对：{}", "found_on", pl.col("code").replace_strict(words, return_dtype=pl.String))
    return (
        read(connection, query.order_by(damage.c.id))
        .group_by("number", maintain_order=True)
        .agg(
            day_of("found_on").min().alias("since"),
            said.unique(maintain_order=True).str.join("，").alias("evidence"),
        )
    )
