"""Spot checks as they are recorded: what was asked for, what was drawn, and what was found of each paper.

Nothing is overwritten: what is found is entered, and of several entries the newest counts. What comes back on paper
never takes the place of what a person entered (docs/decisions/0027).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from archive import journal, tick_lists
from archive.catalogue.audit_tables import spot_check, spot_item, spot_result
from archive.errors import WrongUsage
from archive.journal import Actor
from archive.tick_lists import Line


class SampleUnknown(WrongUsage):
    """没有第 {id} 号抽查。请看现有的抽查（huyue sample list）。"""


class NotInSample(WrongUsage):
    """合同 {number} 不在第 {id} 号抽查里。请核对编号，或看抽到的有哪些（huyue sample show {id}）。"""


class Of(StrEnum):
    """Which papers are drawn from: those of which something is filed, those printed of which nothing is, or both."""

    FILED = "filed"
    PRINTED = "printed"
    ALL = "all"


class By(StrEnum):
    """What strata are made of."""

    NONE = "none"
    VILLAGE = "village"
    TEMPLATE = "template"
    RESPONSIBLE = "responsible"
    FINDING = "finding"


class Result(StrEnum):
    """What was found of a paper; the tick list's columns have these names."""

    AGREES = "agrees"
    DIFFERS = "differs"
    ABSENT = "absent"


CHINESE = {Result.AGREES: "相符", Result.DIFFERS: "不符", Result.ABSENT: "没找到"}
KIND = "spot"  # of its list
SCANNED, BY_HAND = "scanned", "by_hand"


class Share(msgspec.Struct, frozen=True, tag="share"):
    """So many percent of each stratum."""

    share: Decimal


class Number(msgspec.Struct, frozen=True, tag="number"):
    """So many papers in all."""

    number: int


class Confidence(msgspec.Struct, frozen=True, tag="confidence"):
    """As many of each stratum as it takes, if more than the tolerable rate of it are not in order, to find one.

    Confidence and rate in percent.
    """

    confidence: Decimal
    tolerable: Decimal


Size = Share | Number | Confidence


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for: the papers as known on `day` (ISO), by which seed. The same again is the same check."""

    day: str
    seed: str
    of: Of
    by: By
    size: Size


class Stratum(msgspec.Struct, frozen=True):
    """A stratum of `size` papers of which `drawn` were drawn; `name` is a code or a name, "" of what has none."""

    name: str
    size: int
    drawn: int


class Drawn(msgspec.Struct, frozen=True):
    """How a check was drawn from how many papers, in however many strata each of them stands."""

    wanted: Wanted
    papers: int
    strata: tuple[Stratum, ...]


class Pick(msgspec.Struct, frozen=True):
    """A contract that was drawn: the strata that drew it, and in how many it stands."""

    contract: str
    strata: tuple[str, ...]
    within: int


@dataclass(frozen=True, slots=True)
class Item:
    """A paper of a check and what was found of it; `result` is None, and what follows "", for nothing yet.

    `how` is SCANNED or BY_HAND; `ticked` and `unsure` are what its line has, none while that has not come back.
    """

    position: int
    pick: Pick
    result: Result | None
    note: str
    how: str
    user: str
    recorded_on: str
    ticked: tuple[str, ...]
    unsure: tuple[str, ...]

    @property
    def waits(self) -> bool:
        """Whether its line was ticked so that a person must say what is meant."""
        return self.result is None and bool(self.ticked or self.unsure)


@dataclass(frozen=True, slots=True)
class Check:
    """A spot check; its items are in the order of its list."""

    id: int
    drawn: Drawn
    drawn_on: str
    user: str
    list_id: str
    items: tuple[Item, ...]

    @property
    def waiting(self) -> int:
        """How many of its lines wait for a person."""
        return sum(one.waits for one in self.items)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person found of a contract."""

    contract: str
    result: Result
    note: str


def numbers_of(size: Size) -> dict[str, float]:
    """A sample's size as it was given, by the names of the options."""
    given = msgspec.structs.asdict(size).items()
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in given}


def next_id(connection: Connection) -> int:
    """The number of the check that `keep` records next, which its list bears."""
    return int(connection.execute(select(func.max(spot_check.c.id))).scalar() or 0) + 1


def keep(
    connection: Connection, id_: int, drawn: Drawn, picks: Sequence[Pick], list_id: str, actor: Actor
) -> None:
    """Record a check of these contracts, in the order of the list that is recorded."""
    wanted = drawn.wanted
    row = {"id": id_, "day": wanted.day, "seed": wanted.seed, "drawn": msgspec.json.encode(drawn).decode()}
    row |= {"drawn_on": actor.today.isoformat(), "user": actor.user, "list_id": list_id}
    connection.execute(insert(spot_check).values(row))
    rows = [
        {"spot_id": id_, "position": position, "contract": one.contract, "within": one.within}
        | {"strata": msgspec.json.encode(one.strata).decode()}
        for position, one in enumerate(picks, 1)
    ]
    connection.execute(insert(spot_item), rows)
    asked = {"on": wanted.day, "seed": wanted.seed, "of": wanted.of, "by": wanted.by}
    detail = asked | numbers_of(wanted.size) | {"contracts": len(picks)}
    journal.record(connection, actor, "sample_draw", f"sample:{id_}", detail)


def known(connection: Connection, wanted: Wanted) -> Check | None:
    """The check that was drawn so before."""
    query = select(spot_check).where(spot_check.c.day == wanted.day, spot_check.c.seed == wanted.seed)
    found = [_check(connection, row) for row in connection.execute(query.order_by(spot_check.c.id)).all()]
    return next((one for one in found if one.drawn.wanted == wanted), None)


def checks(connection: Connection) -> list[Check]:
    """All checks, in the order in which they were drawn."""
    rows = connection.execute(select(spot_check).order_by(spot_check.c.id)).all()
    return [_check(connection, row) for row in rows]


def find_check(connection: Connection, id_: int) -> Check:
    """A check. Raises SampleUnknown."""
    row = connection.execute(select(spot_check).where(spot_check.c.id == id_)).first()
    if row is None:
        raise SampleUnknown(id=id_)
    return _check(connection, row)


def _check(connection: Connection, row: Row[Any]) -> Check:
    drawn = msgspec.json.decode(row.drawn, type=Drawn)
    lines = {line.line: line for line in tick_lists.read_back(connection, row.list_id)}
    items = tuple(_items(connection, row.id, lines))
    return Check(row.id, drawn, row.drawn_on, row.user, row.list_id, items)


def _items(connection: Connection, id_: int, lines: dict[int, Line]) -> Iterator[Item]:
    found = {row.position: row for row in _newest(connection, spot_result.c.spot_id == id_)}
    query = select(spot_item).where(spot_item.c.spot_id == id_).order_by(spot_item.c.position)
    for row in connection.execute(query):
        line, said = lines[row.position], found.get(row.position)
        pick = Pick(row.contract, msgspec.json.decode(row.strata, type=tuple[str, ...]), row.within)
        ticks = line.ticked, line.unsure
        if said is None or not said.result:
            yield Item(row.position, pick, None, "", "", "", "", *ticks)
        else:
            of_it = said.note, said.how, said.user, said.recorded_on
            yield Item(row.position, pick, Result(said.result), *of_it, *ticks)


def _newest(connection: Connection, of: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Of each item the entry that counts."""
    whose = spot_result.c.spot_id, spot_result.c.position
    newest = select(func.max(spot_result.c.id)).where(of).group_by(*whose)
    return connection.execute(select(spot_result).where(spot_result.c.id.in_(newest))).all()


def record(connection: Connection, check: Check, said: Sequence[Said], actor: Actor) -> int:
    """Enter what a person found; how many entries are new. Raises NotInSample."""
    items = {item.pick.contract: item for item in check.items}
    new = 0
    for one in said:
        item = items.get(one.contract)
        if item is None:
            raise NotInSample(number=one.contract, id=check.id)
        if (item.result, item.note, item.how) != (one.result, one.note, BY_HAND):
            new += 1
            row = {"spot_id": check.id, "position": item.position, "result": str(one.result)}
            _enter(connection, row | {"note": one.note, "how": BY_HAND}, one.contract, actor)
    return new


def record_ticks(connection: Connection, actor: Actor, lines: Sequence[Line]) -> None:
    """Enter what a page of a check's list says, and take back what it said before and does not say any more.

    A line with two ticks, or with one that nobody is sure of, says nothing. What a person entered stands.
    """
    query = select(spot_check.c.id).where(spot_check.c.list_id == lines[0].list_id)
    id_ = connection.execute(query).scalar_one()
    found = {row.position: row for row in _newest(connection, spot_result.c.spot_id == id_)}
    for line in lines:
        before = found.get(line.line)
        now = line.ticked[0] if len(line.ticked) == 1 and not line.unsure else ""
        if (before is None and now) or (
            before is not None and before.how == SCANNED and before.result != now
        ):
            row = {"spot_id": id_, "position": line.line, "result": now, "note": "", "how": SCANNED}
            _enter(connection, row, line.subject, actor)


def _enter(connection: Connection, row: dict[str, object], contract: str, actor: Actor) -> None:
    who = {"user": actor.user, "recorded_on": actor.today.isoformat()}
    connection.execute(insert(spot_result).values(row | who))
    detail = {"sample": row["spot_id"], "result": row["result"], "how": row["how"]}
    journal.record(connection, actor, "sample_record", contract, detail)
