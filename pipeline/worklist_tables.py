"""The lists to work from as tables: for a workbook, and for paper, a table a village or responsible person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl
from sqlalchemy import Connection

from archive import worklists
from archive.audit.contracts import contracts
from archive.audit.findings import audit
from archive.listing import CONTRACT, NUMBER, PLACE, Column, Table, described, place_order
from archive.search_names import Names
from archive.worklists import Worklist

TITLES = {
    Worklist.URGE: "催办单",
    Worklist.RENEW: "到期续签名单",
    Worklist.MEND: "补签补盖清单",
    Worklist.UNFILED: "未归档清单",
    Worklist.CHANGES: "近半月变动",
}
FEET = {
    Worklist.URGE: "签不签由当事人自愿；不签的不问原因，登记未签，就不再列在这里。只看纸件，不评价人。",
    Worklist.RENEW: "续不续签由当事人自愿；不续的，到期自然结束，请把那一行从工作簿里删去，再用它安排。",
    Worklist.MEND: "请当事人自愿补签，不得代签；补好后整页重新扫描。认不准的先看纸，签了的在待核里认定。",
    Worklist.UNFILED: "找到纸就扫描收件；还在当事人手里的，等其考虑，不得催逼；不签的登记未签（自愿）。",
    Worklist.CHANGES: "未签（自愿）的不在名单里，只计总数。",
}
PARTY, TITLE = CONTRACT[0], CONTRACT[1]
RESPONSIBLE, SAID = CONTRACT[3], Column("said", "情况", 32)
HOME = PLACE[1:]
NOBODY = "（没有联户责任人）"
BOXES = tuple(Column("", label, 7, box=True) for label in ("已送", "已签", "收回"))
NOTE = Column("", "备注", 14)
# What stands on each list beside village and responsible person.
COLUMNS = {
    Worklist.URGE: (*HOME, PARTY, TITLE, NUMBER, Column("deadline", "归档期限", 12), SAID, *BOXES, NOTE),
    Worklist.RENEW: (
        *HOME,
        PARTY,
        TITLE,
        NUMBER,
        Column("ends", "期限到", 12),
        Column("within", "何时到期", 10),
        NOTE,
    ),
    Worklist.MEND: (
        *HOME,
        PARTY,
        TITLE,
        NUMBER,
        Column("sheet", "第几页", 7),
        Column("box", "哪一处", 16),
        Column("verdict", "怎样", 8),
        Column("", "补好", 7, box=True),
    ),
    Worklist.UNFILED: (
        *HOME,
        PARTY,
        TITLE,
        NUMBER,
        Column("printed_on", "打印日期", 12),
        Column("lacking", "没有收回的", 16),
        Column("deadline", "归档期限", 12),
        Column("", "找到", 7, box=True),
        NOTE,
    ),
    Worklist.CHANGES: (
        Column("day", "日期", 12),
        Column("event", "变动", 14),
        *HOME,
        PARTY,
        TITLE,
        NUMBER,
        Column("said", "说明", 22),
    ),
}
GROUPED = {
    Worklist.URGE: ("village", "responsible"),
    Worklist.RENEW: ("village",),
    Worklist.MEND: ("village",),
    Worklist.UNFILED: ("village",),
    Worklist.CHANGES: ("village",),
}
SUMMED = {
    Worklist.URGE: (RESPONSIBLE,),
    Worklist.RENEW: (Column("within", "何时到期", 10),),
    Worklist.MEND: (Column("box", "哪一处", 16),),
    Worklist.UNFILED: (Column("lacking", "没有收回的", 16),),
    Worklist.CHANGES: (Column("day", "日期", 12), Column("event", "变动", 14)),
}
COUNT, CONTRACTS = Column("count", "几处", 8), Column("contracts", "份数", 8)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: its title, its rows in order with what codes are called, and what is said of it on every page."""

    kind: Worklist
    title: str
    frame: pl.DataFrame
    foot: str

    @property
    def contracts(self) -> int:
        """How many contracts are on it."""
        return self.frame["number"].n_unique()

    def villages(self) -> pl.DataFrame:
        """How many contracts of each village are on it: village, contracts."""
        return (
            self.frame.group_by("village").agg(pl.col("number").n_unique().alias("contracts")).sort("village")
        )

    def sheets(self) -> Sequence[Table]:
        """The list and its sums, for a workbook."""
        columns = (PLACE[0], *COLUMNS[self.kind])
        if self.kind is not Worklist.CHANGES:
            columns = (*columns[:-1], RESPONSIBLE, columns[-1])
        by = SUMMED[self.kind]
        sums = (
            self.frame.group_by("village", "village_name", *(one.key for one in by))
            .agg(pl.len().alias("count"), pl.col("number").n_unique().alias("contracts"))
            .sort("village", *(one.key for one in by))
        )
        counted = (PLACE[0], *by, *((COUNT,) if self.kind is Worklist.MEND else ()), CONTRACTS)
        return [
            Table(TITLES[self.kind], self.title, columns, self.frame),
            Table("汇总", f"{self.title}：汇总", counted, sums),
        ]

    def pages(self) -> Iterator[Table]:
        """The same for paper: a table for each village, or for each responsible person in it."""
        whole = Table(TITLES[self.kind], self.title, COLUMNS[self.kind], self.frame)
        by = GROUPED[self.kind]
        for part in self.frame.partition_by(by, maintain_order=True):
            named = part.row(0, named=True)
            said: list[str] = [named["village_name"]]
            if "responsible" in by:
                said.append(f"联户责任人：{named['responsible'] or NOBODY}")
            said.append(f"{part['number'].n_unique()} 份")
            yield replace(whole, frame=part, under="，".join(said))


def listed(kind: Worklist, rows: pl.DataFrame, names: Names, on: date, declined: int) -> Listed:
    """A list of rows of archive/worklists.py; `declined` only counts in the changes."""
    frame = described(rows, names).with_columns(pl.col("village").cast(pl.String))
    before = ["village", "responsible"] if kind is Worklist.URGE else ["village"]
    order: list[str | pl.Expr] = [*before, *(["day"] if kind is Worklist.CHANGES else []), *place_order()]
    after = ["sheet", "box"] if kind is Worklist.MEND else []
    foot = FEET[kind] + (f"近半月有 {declined} 份。" if kind is Worklist.CHANGES else "")
    return Listed(kind, f"{TITLES[kind]}（{on}）", frame.sort(*order, *after), foot)


def make_list(connection: Connection, kind: Worklist, within: pl.Expr, names: Names, on: date) -> Listed:
    """A list as of a date, of the contracts that `within` is true of."""
    declined = 0
    if kind is Worklist.CHANGES:
        rows, declined = worklists.changes(connection, contracts(connection, on).filter(within), on)
        return listed(kind, rows, names, on, declined)
    found = audit(connection, on)
    match kind:
        case Worklist.URGE:
            rows = worklists.urge(found)
        case Worklist.RENEW:
            rows = worklists.renew(found)
        case Worklist.MEND:
            rows = worklists.mend(connection, found)
        case Worklist.UNFILED:
            rows = worklists.unfiled(connection, found)
    return listed(kind, rows.filter(within), names, on, declined)
