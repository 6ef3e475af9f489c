"""乡镇工作明细账: per town what an audit finds, since when, who corrects it; and what was corrected in the year, and when.

What is open comes from the audit itself. What was corrected is told by facts that have a day: a better paper filed, a page
decided on, a change settled, a file mended, a signer recorded. What cannot be corrected (late), or ends otherwise
(expiring, expired, an older wording), is only there while it is open.
"""

from collections.abc import Iterator
from datetime import date

import polars as pl
from sqlalchemy import Connection, select

from archive.audit.classes import CHINESE, Class
from archive.audit.contracts import day_of, read
from archive.audit.findings import Audit
from archive.audit.notes import CHINESE as STATUSES
from archive.audit.notes import newest_note
from archive.catalogue import tables
from archive.catalogue.audit_tables import FLAWED, damage, finding_note
from archive.filings import GAPS
from archive.ledgers.book import Book, by_town
from archive.listing import CONTRACT, PLACE, Column, Table, described, place_order
from archive.search_names import Names
from archive.states import State

NAME = "工作明细账"
CORRECTED = "已改正"
COLUMNS = (
    PLACE[0],
    Column("finding", "问题", 16),
    *PLACE[1:],
    *CONTRACT,
    Column("since", "自何时起", 11),
    Column("evidence", "依据", 36),
    Column("status", "情况", 13),
    Column("corrected_on", "改正日期", 11),
    Column("said", "说明", 20),
    Column("by", "说明人", 10),
)
SUMS = (
    Column("village_name", "村", 22),
    Column("finding", "问题", 20),
    Column("open", "没有改正", 9),
    Column("corrected", "已改正", 9),
)
KEY = ("number", "class")
SHAPE = (*KEY, "since", "evidence", "status", "corrected_on")


def corrections(connection: Connection, found: Audit, year: int, names: Names) -> Iterator[Book]:
    """The ledger of a year as of the audit's date, a workbook a town."""
    open_ = found.findings.with_columns(
        pl.col("class").cast(pl.String),
        pl.col("status").replace(STATUSES),
        pl.lit(None, pl.Date).alias("corrected_on"),
    ).select(SHAPE)
    done = (
        corrected(connection, found)
        .filter(pl.col("corrected_on").dt.year() == year)
        .with_columns(pl.lit("").alias("evidence"), pl.lit(CORRECTED).alias("status"))
        .select(SHAPE)
    )
    of_it = found.contracts.select(*"number template village group household party responsible state".split())
    rows = pl.concat([open_, done]).join(of_it, on="number")
    rows = described(rows, names).join(_notes(connection, found.on), on=KEY, how="left")
    called = {str(cls): said for cls, said in CHINESE.items()}
    whole = rows.with_columns(pl.col("class").replace(called).alias("finding"))
    count = {
        "open": (pl.col("status") != CORRECTED).sum(),
        "corrected": (pl.col("status") == CORRECTED).sum(),
    }
    for town, part in by_town(whole, names.divisions):
        title = f"{town}{year} 年合同档案{NAME}（到 {found.on}）"
        sums = part.group_by(pl.col("village").cast(pl.String), "village_name", "finding").agg(**count)
        yield Book(
            f"{NAME}-{year}-{town}",
            [
                Table(NAME, title, COLUMNS, part.sort(*place_order(), "class", "since")),
                Table("汇总", f"{title}：汇总", SUMS, sums.sort("village", "finding")),
            ],
        )


def corrected(connection: Connection, found: Audit) -> pl.DataFrame:
    """What had been corrected by the audit's date, of contracts that findings speak of: KEY, since, corrected_on."""
    dropped = [str(one) for one in (State.DECLINED, State.VOID)]
    listed = found.contracts.filter(~pl.col("state").is_in(dropped), pl.col("destroyed_on").is_null())
    on = found.on.isoformat()
    overdue = listed.filter(pl.col("first_filed_on") > pl.col("deadline"), ~pl.col("blank"))
    parts = [
        _row(overdue, str(Class.MISSING), pl.col("campaign_day"), pl.col("first_filed_on")),
        *_refiled(connection, on),
        *_decided(connection, on),
        _mended(connection, on),
        _signers(connection, listed, on),
    ]
    return (
        pl.concat(parts).join(listed.select("number"), on="number", how="semi").unique().sort(*KEY, "since")
    )


def _row(frame: pl.DataFrame, cls: str | pl.Expr, since: pl.Expr, on: pl.Expr) -> pl.DataFrame:
    kind = pl.lit(cls) if isinstance(cls, str) else cls
    return frame.select("number", kind.alias("class"), since.alias("since"), on.alias("corrected_on"))


def _refiled(connection: Connection, on: str) -> Iterator[pl.DataFrame]:
    """What a version of a paper lacked and the next one has."""
    filing, sheet = tables.filing, tables.filed_sheet
    query = select(
        filing.c.id,
        filing.c.contract.label("number"),
        filing.c.version,
        filing.c.filed_on,
        filing.c.gaps,
        filing.c.sheets,
    ).where(filing.c.filed_on <= on)
    flawed = read(connection, select(sheet.c.filing_id.label("id")).where(FLAWED)).unique()
    lacks = pl.col("gaps") + pl.when(pl.col("flawed")).then(pl.lit(f" {Class.UNREADABLE}")).otherwise(
        pl.lit("")
    )
    versions = (
        read(connection, query)
        .join(flawed.with_columns(flawed=pl.lit(True)), on="id", how="left")
        .with_columns(pl.col("flawed").fill_null(False), day_of("filed_on"))
        .with_columns(lacks.str.split(" ").alias("lacks"))
        .sort("number", "version")
        .with_columns(
            pl.col("lacks").shift(-1).over("number").alias("then"),
            pl.col("sheets").shift(-1).over("number").alias("sheets_then"),
            pl.col("filed_on").shift(-1).over("number").alias("then_on"),
        )
        .filter(pl.col("sheets_then") > 0)
    )
    for cls in (*GAPS, str(Class.UNREADABLE)):
        better = pl.col("lacks").list.contains(cls) & ~pl.col("then").list.contains(cls)
        whole = ~pl.col("then").list.contains(
            str(Class.INCOMPLETE)
        )  # a sheet that was taken back mends nothing
        yield _row(versions.filter(better & whole), cls, pl.col("filed_on"), pl.col("then_on"))


def _decided(connection: Connection, on: str) -> Iterator[pl.DataFrame]:
    """Pages in review that were decided on, and changes of parties that were."""
    review, page, file, change = tables.review, tables.scan_page, tables.scan_file, tables.subject_change
    pages = (
        select(review.c.contract.label("number"), review.c.reason, file.c.taken_on, review.c.decided_on)
        .join(page, page.c.id == review.c.page_id)
        .join(file, file.c.id == page.c.file_id)
        .where(review.c.contract.is_not(None), review.c.decided_on <= on)
    )
    conflict = pl.col("reason") == str(Class.CONFLICT)
    kind = pl.when(conflict).then(pl.lit(str(Class.CONFLICT))).otherwise(pl.lit(str(Class.UNREVIEWED)))
    yield _row(read(connection, pages), kind, day_of("taken_on"), day_of("decided_on"))
    changes = select(change.c.contract.label("number"), change.c.day, change.c.decided_on).where(
        change.c.decided_on <= on
    )
    yield _row(read(connection, changes), str(Class.SUBJECT_CHANGED), day_of("day"), day_of("decided_on"))


def _mended(connection: Connection, on: str) -> pl.DataFrame:
    filing = tables.filing
    query = (
        select(filing.c.contract.label("number"), damage.c.found_on, damage.c.mended_on)
        .join(filing, filing.c.blob == damage.c.blob)
        .where(damage.c.mended_on <= on)
    )
    return _row(read(connection, query), str(Class.DAMAGED), day_of("found_on"), day_of("mended_on"))


def _signers(connection: Connection, listed: pl.DataFrame, on: str) -> pl.DataFrame:
    """Blank contracts that had been filed before somebody was recorded as having signed them."""
    contract = tables.contract
    query = select(contract.c.number, contract.c.assigned_on).where(
        contract.c.blank, contract.c.assigned_on <= on
    )
    assigned = read(connection, query).with_columns(day_of("assigned_on"))
    both = listed.join(assigned, on="number").filter(pl.col("assigned_on") > pl.col("first_filed_on"))
    return _row(both, str(Class.WITHOUT_OBLIGATION), pl.col("first_filed_on"), pl.col("assigned_on"))


def _notes(connection: Connection, on: date) -> pl.DataFrame:
    """What was said last of each finding by a date: KEY, said, by."""
    query = select(
        finding_note.c.contract.label("number"),
        finding_note.c["class"],
        finding_note.c.reason.label("said"),
        finding_note.c.user.label("by"),
    ).where(newest_note(on))
    return read(connection, query)
