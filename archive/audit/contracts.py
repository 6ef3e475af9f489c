"""Every contract as it stands on a date, as one table of columns: what audits and reports are worked out from.

The same definition as archive/states.py, which is for a few contracts at a time; a test holds the two together. A
million contracts are read in three scans, not looked up one by one (docs/decisions/0025).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl
from sqlalchemy import Connection, Select, and_, select

from archive.audit.classes import FILING_DAYS
from archive.catalogue import shelf_tables, tables
from archive.catalogue.audit_tables import CONTRACT_FACTS
from archive.numbers import TOWN_DIGITS
from archive.states import CLOSED, FREED, KINDS, State

TAKEN = 500  # rows from the database at a time: as stay in the processor's caches until they are columns
SHAPED = 100  # times so many
DAYS = ("starts", "ends", "planned_on", "printed_on", "assigned_on")
REPEATED = ("template", "template_sha256", "village", "responsible")  # kept once each


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was ever recorded of contracts, as columns: read once, asked of any date.

    `row` is a contract's place in `contracts`, by number; the others speak of contracts by it.
    """

    contracts: pl.DataFrame
    filings: pl.DataFrame
    closings: pl.DataFrame
    destroyed: pl.DataFrame

    @classmethod
    def read(cls, connection: Connection, *, names: bool = True) -> "Facts":
        """Read them; without the parties' names (`names`) in two thirds of the time."""
        planned = _planned(connection)
        rows = planned.select("row", "number")
        if names:
            planned = planned.join(_parties(connection, rows), on="row", how="left", maintain_order="left")
        others = (_rows_of(one(connection), rows) for one in (_filings, _closings, _destroyed))
        return cls(planned, *others)

    def on(self, day: date) -> pl.DataFrame:
        """The contracts planned by a date as they stand on it, by number; one row each.

        number, template, template_sha256, village, town (12 digits each), group, household, responsible, party (a couple's
        as 甲、乙; if the names were read), state (a State's value), campaign, campaign_day, closes, deadline, starts, ends
        (null: no end), planned_on, printed_on (null: not yet), sheets (of the paper, null: not printed), filed_sheets (0:
        nothing is filed), gaps (audit classes, by spaces), filed_on (since when the filing stands so), first_filed_on,
        complete_on (when it first became complete), successor (the day on which the term of the same party's next
        contract begins), blank (printed without a party, and nobody known to have signed it), closed_on (the day of the
        closing that holds), destroyed_on. Dates are pl.Date.
        """
        planned = self.contracts.filter(pl.col("planned_on") <= day).with_columns(
            pl.when(pl.col("printed_on") <= day).then("printed_on").alias("printed_on"),
            pl.col("blank") & (pl.col("assigned_on").is_null() | (pl.col("assigned_on") > day)),
        )
        holding = self._holding(day)
        closed = (
            holding.sort("row", "rank", "closed_on")
            .unique("row", keep="last")
            .select("row", "rank", "closed_on")
        )
        dropped = holding.filter(pl.col("kind").is_in(["void", "declined"])).select("row").unique()
        destroyed = (
            self.destroyed.filter(pl.col("destroyed_on") <= day).group_by("row").agg(pl.max("destroyed_on"))
        )
        for known in (self._filed(day), closed, destroyed, _successors(planned, dropped)):
            planned = planned.join(known, on="row", how="left", maintain_order="left")
        return (
            planned.with_columns(pl.col("filed_sheets").fill_null(0), pl.col("gaps").fill_null(""))
            .with_columns(_state(day))
            .drop("row", "whose", "campaign_rank", "assigned_on", "rank")
        )

    def _filed(self, day: date) -> pl.DataFrame:
        """How each contract's signed paper stands: its newest version."""
        versions = self.filings.filter(pl.col("filed_on") <= day)
        return versions.group_by("row").agg(
            pl.last("filed_on", "filed_sheets", "gaps"),
            pl.min("filed_on").alias("first_filed_on"),
            pl.col("filed_on").filter(pl.col("gaps") == "").min().alias("complete_on"),
        )

    def _holding(self, day: date) -> pl.DataFrame:
        """Closings recorded by the date that hold on it: of one kind the last recorded, which corrects the others."""
        recorded = self.closings.filter(pl.col("recorded_on") <= day)
        last = recorded.unique(["row", "kind"], keep="last", maintain_order=True)
        return last.filter(pl.col("closed_on") <= day)


def _rows_of(found: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What is known of contracts by their number, in its order, with their rows instead."""
    return found.join(rows, left_on="contract", right_on="number", maintain_order="left").drop("contract")


def contracts(connection: Connection, on: date, *, names: bool = True) -> pl.DataFrame:
    """The contracts planned by a date as they stand on it (Facts.on), without the parties' `names` if not wanted."""
    return Facts.read(connection, names=names).on(on)


def read(
    connection: Connection,
    query: Select[tuple[object, ...]],
    shaped: Callable[[pl.DataFrame], pl.DataFrame] = pl.DataFrame.clone,
) -> pl.DataFrame:
    """A query's rows as columns of their names.

    No row is held as Python objects for longer than its part is read, nor as it was written for longer than until it is
    `shaped`, a part at a time.
    """
    result = connection.execute(
        query.execution_options(stream_results=False)
    )  # which would hold the first rows back
    cursor = result.cursor
    schema = {
        column.name: _DTYPES.get(column.type.python_type, pl.String()) for column in query.selected_columns
    }
    raw = {name: pl.Int64() if kind == pl.Boolean() else kind for name, kind in schema.items()}

    def part(rows: list[pl.DataFrame]) -> pl.DataFrame:
        return shaped(pl.concat(rows).cast(dict(schema)))

    parts = [part([pl.DataFrame(schema=raw)])]
    taken: list[pl.DataFrame] = []
    while cursor is not None and (rows := cursor.fetchmany(TAKEN)):
        taken.append(pl.DataFrame(dict(zip(schema, zip(*rows, strict=True), strict=True)), schema=raw))
        if len(taken) == SHAPED:
            parts.append(part(taken))
            taken = []
    if taken:
        parts.append(part(taken))
    return pl.concat(parts)


def day_of(name: str) -> pl.Expr:
    """A column of ISO dates as dates."""
    return pl.col(name).str.to_date("%Y-%m-%d")


_DTYPES = {int: pl.Int64(), bool: pl.Boolean(), float: pl.Float64()}


def _planned(connection: Connection) -> pl.DataFrame:
    """What was fixed when they were planned and printed, and who is known to have signed a blank one since when."""
    contract, campaign = tables.contract, tables.campaign
    called = {"village_code": "village", "group_no": "group", "household_number": "household"}
    query = select(*(contract.c[name].label(called.get(name, name)) for name in CONTRACT_FACTS))
    campaigns = (
        read(connection, select(campaign.c.id, campaign.c.name, campaign.c.date, campaign.c.closes))
        .sort("date", "id")
        .with_row_index("campaign_rank")
        .select(
            "campaign_rank",
            pl.col("id").alias("campaign_id"),
            pl.col("name").cast(pl.Categorical).alias("campaign"),
            day_of("date").alias("campaign_day"),
            day_of("closes"),
        )
        .with_columns((pl.col("closes") + pl.duration(days=FILING_DAYS)).alias("deadline"))
    )
    found = read(connection, query, _planned_part).join(campaigns, on="campaign_id", how="left")
    # Whose contract it is, of which template, as a number: two are one party's if theirs are the same.
    party = (
        pl.col("party_key")
        .str.split_exact(FREED, 1)
        .struct.field("field_0")
        .cast(pl.Categorical)
        .to_physical()
    )
    whose = party.cast(pl.Int64) * 2**32 + pl.col("template").to_physical()
    return (
        found.with_columns(
            (pl.col("village").cast(pl.String).str.slice(0, TOWN_DIGITS) + "000")
            .cast(pl.Categorical)
            .alias("town"),
            whose.alias("whose"),
        )
        .drop("campaign_id", "party_key")
        .sort("number")
        .with_row_index("row")
    )


def _planned_part(part: pl.DataFrame) -> pl.DataFrame:
    return part.with_columns(
        *(pl.col(name).cast(pl.Categorical) for name in REPEATED), *(day_of(name) for name in DAYS)
    )


def _filings(connection: Connection) -> pl.DataFrame:
    """Every version of every filing, in order."""
    filing = tables.filing
    query = select(
        *(
            filing.c.contract,
            filing.c.version,
            filing.c.filed_on,
            filing.c.sheets.label("filed_sheets"),
            filing.c.gaps,
        )
    )
    rows = read(connection, query).sort("contract", "version").drop("version")
    return rows.with_columns(day_of("filed_on"))


def _closings(connection: Connection) -> pl.DataFrame:
    """Every closing, in the order in which they were recorded; `rank`: which of several holds."""
    closing = tables.closing
    query = select(closing.c.contract, closing.c.kind, closing.c.day, closing.c.recorded_on).order_by(
        closing.c.id
    )
    return read(connection, query).select(
        "contract",
        "kind",
        day_of("day").alias("closed_on"),
        day_of("recorded_on"),
        pl.col("kind").replace_strict(KINDS, return_dtype=pl.Int64).alias("rank"),
    )


def _destroyed(connection: Connection) -> pl.DataFrame:
    item, disposal = shelf_tables.disposal_item, shelf_tables.disposal
    query = (
        select(item.c.contract, disposal.c.destroyed_on)
        .join(disposal, disposal.c.id == item.c.disposal_id)
        .where(and_(item.c.contract.is_not(None), disposal.c.destroyed_on.is_not(None)))
    )
    return read(connection, query).with_columns(day_of("destroyed_on"))


def _parties(connection: Connection, rows: pl.DataFrame) -> pl.DataFrame:
    """Who signs, a couple's names together, the husband's first."""
    party = tables.party
    found = read(
        connection, select(party.c.contract, party.c.position, party.c.name).where(party.c.name != "")
    )
    found = _rows_of(found, rows)
    second = found.filter(pl.col("position") == 1).select("row", pl.col("name").alias("second"))
    return (
        found.filter(pl.col("position") == 0)
        .join(second, on="row", how="full", coalesce=True)
        .select("row", pl.concat_str("name", "second", separator="、", ignore_nulls=True).alias("party"))
    )


def _successors(planned: pl.DataFrame, dropped: pl.DataFrame) -> pl.DataFrame:
    """When the term of each party's next contract of a template begins, if a later campaign has one that counts."""
    of_it = planned.select("row", "whose", "campaign_rank", "starts")
    counted = (
        of_it.join(dropped, on="row", how="anti").group_by("whose", "campaign_rank").agg(pl.min("starts"))
    )
    steps = (
        of_it.select("whose", "campaign_rank")
        .unique()
        .join(counted, on=["whose", "campaign_rank"], how="left")
    )
    steps = steps.sort("whose", "campaign_rank", descending=[False, True])
    # Each step takes over what the one before it, of a later campaign of the same party, knows.
    same = pl.col("whose") == pl.col("whose").shift(1)
    nearest = pl.min_horizontal(pl.col("starts").shift(1), pl.col("successor").shift(1))
    steps = steps.with_columns(pl.lit(None, pl.Date).alias("successor"))
    for _ in range(planned["campaign_rank"].n_unique() - 1):
        steps = steps.with_columns(pl.when(same).then(nearest).alias("successor"))
    followed = steps.filter(pl.col("successor").is_not_null()).drop("starts")
    return of_it.join(followed, on=["whose", "campaign_rank"]).select("row", "successor")


def _state(on: date) -> pl.Expr:
    """The state, as archive/states.py has it: of those that apply the last wins."""
    closed = pl.col("rank").replace_strict(
        {rank: one.value for rank, one in CLOSED.items()}, return_dtype=pl.String
    )
    unfiled, expired = pl.col("filed_sheets") == 0, pl.col("ends") < on
    return (
        pl.when(pl.col("rank").is_not_null())
        .then(closed)
        .when(pl.col("destroyed_on").is_not_null())
        .then(pl.lit(State.ENDED.value))
        .when(pl.col("successor").is_not_null() & (unfiled | (pl.col("successor") <= on)))
        .then(pl.lit(State.SUPERSEDED.value))
        .when(~unfiled & expired.fill_null(False))
        .then(pl.lit(State.EXPIRED.value))
        .when(~unfiled & (pl.col("gaps") != ""))
        .then(pl.lit(State.INCOMPLETE.value))
        .when(~unfiled)
        .then(pl.lit(State.FILED.value))
        .when(pl.col("printed_on").is_not_null())
        .then(pl.lit(State.PRINTED.value))
        .otherwise(pl.lit(State.PLANNED.value))
        .cast(pl.Enum([one.value for one in State]))
        .alias("state")
    )
