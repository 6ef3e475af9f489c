"""What the office promised and has not kept yet, as lists: a village's to be ticked and scanned back, all as a workbook."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from archive import journal
from archive.journal import Actor
from archive.listing import CONTRACT, PLACE, Column, Table
from archive.numbers import parse
from archive.promise_records import KIND, TICK, Promised
from pipeline.errors import ListFaulty
from pipeline.filled_lists import rows_of
from pipeline.roster.cells import folded
from pipeline.roster.dates import read_day
from pipeline.tick_lists import ListLine, TickColumn, TickList, record_list

WORKBOOK, TITLE = "兑现清单", "合同兑现单"
STATUSES = {"done": "已兑现", "overdue": "已过期", "coming": "快到期"}
PROMISE, DUE, KEPT = "承诺", "应兑现日期", "兑现日期"
COLUMNS = (
    *PLACE,
    *CONTRACT,
    Column("label", PROMISE, 30),
    Column("due", DUE, 12),
    Column("said", "情况", 9),
    Column("", KEPT, 12),
)
SUMS = (
    Column("village_name", "村", 22),
    Column("title", "合同", 28),
    Column("due", "应兑现（项）", 10),
    Column("done", "已兑现", 9),
    Column("overdue", "已过期没有兑现", 11),
    Column("coming", "快到期", 9),
)
ON_PAPER = ("组、户", "当事人", "合同", "承诺", "应兑现日期")


def open_ones(frame: pl.DataFrame) -> pl.DataFrame:
    """Those that have not been kept, with what their status is called."""
    status = pl.col("status").replace(STATUSES).alias("said")
    return frame.filter(pl.col("status") != "done").with_columns(status)


def totals(frame: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """How many promises there are, how many of each status, by keys."""
    counts = [(pl.col("status") == status).sum().alias(status) for status in STATUSES]
    all_of_it = pl.len().alias("due"), *counts
    return frame.group_by(keys).agg(all_of_it).sort(keys) if keys else frame.select(all_of_it)


def tables_of(frame: pl.DataFrame, on: date) -> list[Table]:
    """The workbook's tables."""
    title = f"{TITLE[:4]}清单（{on}）"
    sums = totals(frame, "village", "village_name", "title")
    return [
        Table(WORKBOOK, title, COLUMNS, open_ones(frame)),
        Table("汇总", f"{title}：汇总", SUMS, sums),
    ]


def village_list(connection: Connection, frame: pl.DataFrame, on: date, actor: Actor) -> str:
    """Record the list of a village's promises that have not been kept; its id. Raises FontMissing."""
    village, overdue = frame["village_name"][0], (frame["status"] == "overdue").sum()
    said = f"{village}，{on}：{frame.height} 项，其中已过期 {overdue} 项"
    lines = tuple(_line(one) for one in frame.iter_rows(named=True))
    wanted = TickList(KIND, TITLE, said, ON_PAPER, (TickColumn(TICK, "已兑现"),), lines)
    id_ = record_list(connection, wanted, actor)
    journal.record(connection, actor, "promise_list", f"list:{id_}", {"promises": frame.height})
    return id_


def _line(one: dict[str, object]) -> ListLine:
    group = f"{one['group']} 组 " if one["group"] else ""
    place = f"{group}{one['household']}".strip()
    texts = (place, one["party"], one["title"], one["label"], one["due"])
    subject = Promised(str(one["number"]), str(one["promise"]), str(one["due"])).subject
    return ListLine(subject, tuple(map(str, texts)))


def read_kept(path: Path, frame: pl.DataFrame, today: date) -> Iterator[tuple[Promised, date] | None]:
    """What each row of a filled workbook says was kept, and when; None where nothing is filled in.

    `frame` are the promises that there are. Raises ListFaulty for the first that cannot be read, and what `sheets_of`
    raises.
    """
    known: dict[tuple[str, str, date | None], str] = {
        (number, folded(label), due): promise for number, label, due, promise in _known(frame)
    }
    for row, cells in rows_of(path, ("合同编号", PROMISE, DUE, KEPT), WORKBOOK):
        number, due, kept = parse(folded(cells["合同编号"])), read_day(cells[DUE]), read_day(cells[KEPT])
        if number is None and not folded(cells[KEPT]):
            continue
        if kept.readable and kept.day is None:
            yield None
            continue
        if not kept.readable or kept.two_digits or kept.day is None:
            raise ListFaulty(file=path, row=row, detail=f"“{KEPT}”读不出来，请写成 2026-03-01 的样子。")
        if kept.day > today:
            raise ListFaulty(file=path, row=row, detail=f"“{KEPT}”{kept.day} 还没有到，兑现了的才登记。")
        promise = known.get((str(number), folded(cells[PROMISE]), due.day))
        if promise is None:
            detail = f"没有这一项承诺，请不要改动“合同编号”“{PROMISE}”“{DUE}”三栏。"
            raise ListFaulty(file=path, row=row, detail=detail)
        yield Promised(str(number), promise, str(due.day)), kept.day


def _known(frame: pl.DataFrame) -> Sequence[tuple[str, str, date, str]]:
    return frame.select("number", "label", "due", "promise").rows()
