"""The list of a spot check: drawn, recorded with it, and what stands on its lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from archive import sample, sample_check
from archive.archival_numbers import numbers_of_contracts
from archive.audit.classes import CHINESE as CLASSES
from archive.audit.classes import Class
from archive.catalogue import tables
from archive.journal import Actor
from archive.sample_check import CHINESE, By, Check, Of, Result, Wanted
from archive.search_names import Names
from archive.states import Standing, standings
from pipeline.tick_lists import ListLine, TickColumn, TickList, record_list

OF = {Of.FILED: "归档的", Of.PRINTED: "打印了没有收回的", Of.ALL: "打印、归档的"}
NOBODY, FLAWLESS, EVERYTHING = "（没有责任人）", "没有问题", "全部"
CHUNK = 500
COLUMNS, SHELF = ("合同编号", "合同", "村、组、户", "当事人"), "档号"
TICKS = tuple(TickColumn(str(one), CHINESE[one]) for one in Result)


@dataclass(frozen=True, slots=True)
class Paper:
    """What a list says of a contract; `sheets` is None where it was not printed here."""

    number: str
    title: str
    village: str
    group: int
    household: str
    party: str
    sheets: int | None
    archival_number: str

    @property
    def place(self) -> str:
        """Village, group and household."""
        group = f"{self.group} 组 " if self.group else ""
        return f"{self.village} {group}{self.household and f'{self.household} 户'}".strip()


def draw(connection: Connection, wanted: Wanted, names: Names, actor: Actor) -> tuple[Check, bool]:
    """Draw a check and record it with its list, unless it was drawn so before; whether it is new.

    Raises NothingToDraw, FontMissing.
    """
    before = sample_check.known(connection, wanted)
    if before is not None:
        return before, False
    drawn, picks = sample.draw(connection, wanted)
    id_ = sample_check.next_id(connection)
    papers = papers_of(connection, [one.contract for one in picks], date.fromisoformat(wanted.day), names)
    shelved = any(one.archival_number for one in papers)
    lines = tuple(ListLine(one.number, _texts(one, shelved)) for one in papers)
    said = f"第 {id_} 号　{wanted.day} {OF[wanted.of]}合同 {drawn.papers} 份，抽 {len(picks)} 份　种子 {wanted.seed}"
    listed = TickList(sample_check.KIND, "合同抽查表", said, (*COLUMNS, *[SHELF] * shelved), TICKS, lines)
    list_id = record_list(connection, listed, actor)
    sample_check.keep(connection, id_, drawn, picks, list_id, actor)
    return sample_check.find_check(connection, id_), True


def papers_of(connection: Connection, numbers: Sequence[str], on: date, names: Names) -> list[Paper]:
    """What is said of contracts as they stood on a date, in their order."""
    found = {one.number: one for one in standings(connection, on, numbers)}
    sheets, shelf = dict(_sheets(connection, numbers)), numbers_of_contracts(connection, numbers)
    return [_paper(found[number], sheets[number], shelf.get(number, ""), names) for number in numbers]


def _paper(one: Standing, sheets: int | None, archival_number: str, names: Names) -> Paper:
    title, village = names.title(one.template), names.village(one.village)
    return Paper(one.number, title, village, one.group, one.household, one.party, sheets, archival_number)


def _sheets(connection: Connection, numbers: Sequence[str]) -> Iterator[tuple[str, int | None]]:
    contract = tables.contract
    for start in range(0, len(numbers), CHUNK):
        part = contract.c.number.in_(numbers[start : start + CHUNK])
        for row in connection.execute(select(contract.c.number, contract.c.sheets).where(part)):
            yield row.number, row.sheets


def _texts(one: Paper, shelved: bool) -> tuple[str, ...]:
    sheets = f"（{one.sheets} 页）" if one.sheets else ""
    return one.number, one.title + sheets, one.place, one.party, *[one.archival_number] * shelved


def stratum_name(by: By, name: str, names: Names) -> str:
    """What a stratum is called."""
    match by:
        case By.NONE:
            return EVERYTHING
        case By.VILLAGE:
            return names.village(name)
        case By.TEMPLATE:
            return names.title(name)
        case By.RESPONSIBLE:
            return name or NOBODY
        case By.FINDING:
            return CLASSES[Class(name)] if name else FLAWLESS
