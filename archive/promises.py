"""What an office promised in its contracts, and whether it was kept: the office's promises, never the people's.

A manifest says what and by when (`[promises]` in contract.toml): `days` after the contract is whole, at the earliest
after its term has begun; `every_months` again and again within the term. From that and from what was recorded as kept
everything else is worked out, for a date. What was kept is recorded in archive/promise_records.py.
"""

from datetime import date, timedelta

import polars as pl
from sqlalchemy import Connection, func, select

from archive.audit.contracts import day_of, read
from archive.catalogue.audit_tables import promise_kept
from archive.manifests import manifests
from archive.states import State

AHEAD = timedelta(days=30)  # what falls due so soon is listed
KEY = ("number", "promise", "due")
# What is known of a contract whose promises are looked at.
OF_CONTRACT = "number template village town group household party responsible state".split()
_DEFINED = {
    "template_sha256": pl.String,
    "promise": pl.String,
    "label": pl.String,
    "days": pl.Int64,
    "months": pl.Int64,
}


def promises(connection: Connection, frame: pl.DataFrame, on: date, ahead: timedelta = AHEAD) -> pl.DataFrame:
    """Every promise that has fallen due by a date, or does within `ahead` of it; a row for each day that it is due.

    `frame` are the contracts as they stand on the date (archive.audit.contracts).
    OF_CONTRACT, promise, label, due, kept_on (null: not kept, as far as was known on the date), status (done, overdue,
    coming); by number and due. Contracts that are whole count, while they run: not after the term, a closing, or the
    beginning of the party's next one.
    """
    counting = frame.filter(
        ~pl.col("blank"),
        pl.col("complete_on").is_not_null(),
        pl.col("destroyed_on").is_null(),
        ~pl.col("state").is_in([State.VOID, State.DECLINED]),
    )
    owed = (
        counting.with_columns(pl.col("template_sha256").cast(pl.String))
        .join(_defined(connection), on="template_sha256")
        .with_columns(
            pl.max_horizontal("starts", "complete_on").alias("base"),
            pl.min_horizontal("ends", pl.lit(on + ahead)).alias("last"),
            pl.min_horizontal("closed_on", "successor").alias("over"),
        )
    )
    day = pl.col("due")
    falls = (day <= pl.col("last")) & (day >= pl.col("base")) & (day < pl.col("over")).fill_null(True)
    due = pl.concat([_once(owed), _again(owed), _each(owed)]).filter(falls)
    status = (
        pl.when(pl.col("kept_on").is_not_null())
        .then(pl.lit("done"))
        .when(day < on)
        .then(pl.lit("overdue"))
        .otherwise(pl.lit("coming"))
    )
    return (
        due.select(*OF_CONTRACT, "promise", "label", "due")
        .join(_kept(connection, on), on=KEY, how="left")
        .with_columns(status.alias("status"))
        .sort(*KEY)
    )


def _defined(connection: Connection) -> pl.DataFrame:
    """The promises of each template version."""
    rows = [
        (sha256, name, one["label"], one.get("days"), one.get("every_months"))
        for sha256, manifest in manifests(connection).items()
        for name, one in manifest.get("promises", {}).items()
    ]
    return pl.DataFrame(rows, schema=_DEFINED, orient="row")


def _first() -> pl.Expr:
    """So many days after the contract is whole, or on the last day of a term that is over before."""
    after = pl.col("base") + pl.duration(days=pl.col("days"))
    return pl.min_horizontal(after, "ends")


def _once(owed: pl.DataFrame) -> pl.DataFrame:
    """What is due a number of days after: also where it comes again."""
    return owed.filter(pl.col("days").is_not_null()).with_columns(_first().alias("due"))


def _again(owed: pl.DataFrame) -> pl.DataFrame:
    """What comes again after the first time."""
    again = owed.filter(pl.col("days").is_not_null() & pl.col("months").is_not_null())
    return _repeated(again, _first(), 0)


def _each(owed: pl.DataFrame) -> pl.DataFrame:
    """What is due once in every so many months of the term: on their last day, in a shorter term on that's."""
    each = owed.filter(pl.col("days").is_null())
    months = _repeated(each, pl.col("starts"), 1)
    whole = pl.col("starts").dt.offset_by(pl.format("{}mo", "months")) - pl.duration(days=1)
    short = each.filter(whole > pl.col("ends")).with_columns(pl.col("ends").alias("due"))
    return pl.concat([months, short])


def _repeated(owed: pl.DataFrame, start: pl.Expr, less: int) -> pl.DataFrame:
    """A row for each time, up to `last`, that the months have gone by since `start`, `less` days before it."""
    most = ((pl.col("last") - start).dt.total_days() // (28 * pl.col("months"))).fill_null(0)
    each = owed.with_columns(pl.int_ranges(1, pl.max_horizontal(most, 0) + 2).alias("times")).explode("times")
    gone = start.dt.offset_by(pl.format("{}mo", pl.col("times") * pl.col("months")))
    return each.with_columns((gone - pl.duration(days=less)).alias("due")).drop("times")


def _kept(connection: Connection, on: date) -> pl.DataFrame:
    """What had been recorded as kept by a date: KEY and kept_on."""
    newest = select(func.max(promise_kept.c.id)).where(promise_kept.c.recorded_on <= on.isoformat())
    whose = promise_kept.c.contract, promise_kept.c.promise, promise_kept.c.due
    query = select(promise_kept.c.contract.label("number"), *whose[1:], promise_kept.c.kept_on)
    counting = query.where(promise_kept.c.id.in_(newest.group_by(*whose)), promise_kept.c.kept_on != "")
    return read(connection, counting).with_columns(day_of("due"), day_of("kept_on"))
