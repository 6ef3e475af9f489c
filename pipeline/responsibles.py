"""Who looks after a village, a group of it, a household, for a year: read from an office's list, kept, looked up.

A list has a column for the village and, as deep as it goes, for the group and the household's number. Names
stand in columns of their own level (包村干部, 包组干部, 联户责任人), or in one for the level of their row.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select

from archive import journal
from archive.catalogue import tables
from archive.errors import ReasonMissing, ResponsiblesFaulty
from archive.journal import Actor
from pipeline.divisions import Divisions
from pipeline.people import Household
from pipeline.roster.cells import Row, folded, is_nothing
from pipeline.roster.columns import bare
from pipeline.roster.groups import read_group, read_household_number
from pipeline.roster.header import meaning
from pipeline.roster.opened import sheets_of
from pipeline.roster.persons import LONGEST_NAME
from pipeline.roster.words import read_name
from pipeline.roster.workbook import Sheet
from pipeline.roster.years import year_in_name, year_in_titles

VILLAGE, GROUP, HOUSEHOLD = "包村干部", "包组干部", "联户责任人"
_LEVELS = (
    (VILLAGE, re.compile(r"[包驻联]村|村级")),
    (GROUP, re.compile(r"[包联]组|组级|小组长")),
    (HOUSEHOLD, re.compile(r"[包联]户|户级")),
)
_OF_ROW = "姓名"
_SUBTOTAL = re.compile(r"[合小总]计|^(填表|制表|审核|备注|说明)")
_SEARCHED = 60
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's charge: a village, a group of it (None: all), a household of that (None: all)."""

    village: str
    group: int | None
    household: str | None
    name: str

    @property
    def key(self) -> tuple[str, int | None, str | None]:
        """What is looked after."""
        return self.village, self.group, self.household


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a list brought, in entries."""

    year: int
    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Responsibles:
    """A village's responsible persons of a year."""

    names: dict[tuple[int | None, str | None], str]

    def of_village(self) -> str:
        return self.names.get((None, None), "")

    def of_group(self, group: int) -> str:
        return self.names.get((group, None), "")

    def nearest(self, household: Household) -> str:
        """Who looks after a household: by the list, by its roster, else whoever has its group or village."""
        own = self.names.get((household.group, household.number), "") or household.responsible
        return own or self.of_group(household.group) or self.of_village()


NOBODY = Responsibles({})


def responsibles_of(connection: Connection, village: str, year: int) -> Responsibles:
    """The newest entries of a village for a year."""
    table = tables.responsible
    rows = connection.execute(
        select(table).where(table.c.village_code == village, table.c.year == year).order_by(table.c.id)
    )
    return Responsibles({(row.group_no, row.household_number): row.name for row in rows})


def record(
    connection: Connection, year: int, entries: Iterable[Entry], reason: str, actor: Actor
) -> Recorded:
    """Take a list up within the caller's transaction; what is in no list stays.

    Raises ReasonMissing where someone is changed within the year and no reason is given.
    """
    known: dict[str, Responsibles] = {}
    added = unchanged = 0
    changed: list[Entry] = []
    rows: list[dict[str, object]] = []
    for entry in {one.key: one for one in entries}.values():
        if entry.village not in known:
            known[entry.village] = responsibles_of(connection, entry.village, year)
        before = known[entry.village].names.get((entry.group, entry.household))
        if before == entry.name:
            unchanged += 1
            continue
        if before is None:
            added += 1
        else:
            changed.append(entry)
        rows.append(
            {
                "year": year,
                "village_code": entry.village,
                "group_no": entry.group,
                "household_number": entry.household,
                "name": entry.name,
                "recorded_on": actor.today.isoformat(),
                "user": actor.user,
                "reason": "" if before is None else reason,
            }
        )
    if changed and not reason:
        raise ReasonMissing(
            year=year, count=len(changed), names="、".join(one.name for one in changed[:_SHOWN])
        )
    if rows:
        connection.execute(insert(tables.responsible), rows)
        counts = {"added": added, "changed": len(changed)}
        journal.record(connection, actor, "responsible", str(year), counts)
    return Recorded(year, added, len(changed), unchanged)


def read_responsibles(path: Path, divisions: Divisions) -> tuple[list[Entry], int | None]:
    """The entries of a list, and the year that its titles, sheets or name tell.

    Raises ResponsiblesFaulty for the first row that cannot be understood, and what `sheets_of` raises.
    """
    entries: list[Entry] = []
    titles: list[str] = []
    names = [path.stem]
    for _, sheets in sheets_of([path]):
        for sheet in sheets:
            names.insert(-1, sheet.name)
            entries += _entries(path, sheet, list(sheet.rows), divisions, titles)
    if not entries:
        detail = (
            "没有找到表头，或者表头下面没有人。表头要有“村”，以及“包村干部”“包组干部”“联户责任人”或“责任人”"
        )
        raise ResponsiblesFaulty(file=path, row=1, detail=detail)
    found = next((year for year in map(year_in_name, names) if year), None)
    return entries, year_in_titles(titles) or found


def _entries(
    path: Path, sheet: Sheet, rows: Sequence[tuple[int, Row]], divisions: Divisions, titles: list[str]
) -> Iterator[Entry]:
    columns: dict[str, int] = {}
    village, group = "", None
    for number, cells in rows:
        labels = [folded(cell) for cell in cells]
        found = _columns(labels)
        if found:
            columns, village, group = found, "", None
            continue
        if not columns:
            titles += filter(None, labels)
            if number > _SEARCHED:
                return
            continue
        texts = {name: labels[column] for name, column in columns.items() if column < len(labels)}
        people = {
            name: read_name(cells[columns[name]])
            for name in (VILLAGE, GROUP, HOUSEHOLD, _OF_ROW)
            if name in texts and not is_nothing(texts[name])
        }
        if not people or any(_SUBTOTAL.search(label) for label in labels if label):
            continue

        def wrong(detail: str, number: int = number) -> ResponsiblesFaulty:
            return ResponsiblesFaulty(file=path, row=number, detail=detail)

        if texts.get("village"):
            codes = divisions.match(texts.get("town", "") + texts["village"]) or divisions.match(
                texts["village"]
            )
            if len(codes) != 1:
                listed = divisions.listed(codes or divisions.near(texts["village"]))
                asked = f"是不是：{listed}？" if listed else ""
                raise wrong(f"村“{texts['village'][:30]}”认不出。{asked}请照区划表写全村名。")
            if codes[0] != village:
                village, group = codes[0], None
        if not village:
            raise wrong("没有写村。")
        household = read_household_number(texts.get("number", ""))
        written = read_group(texts.get("group", ""))
        if written is None:
            raise wrong(f"组别“{texts['group'][:30]}”读不出组号。请写成“3”或“第3组”的样子。")
        if written or not household:
            group = written or None
        if max(map(len, people.values())) > LONGEST_NAME:
            raise wrong(f"姓名超过 {LONGEST_NAME} 个字。")
        for name, person in people.items():
            if (name == HOUSEHOLD and not household) or (name == GROUP and group is None):
                raise wrong(f"写了{name}，没有写{'户编号' if name == HOUSEHOLD else '组别'}。")
            deep = {VILLAGE: 0, GROUP: 1, HOUSEHOLD: 2, _OF_ROW: 2}[name]
            yield Entry(
                village,
                (group or (0 if household else None)) if deep else None,
                (household or None) if deep > 1 else None,
                person,
            )


def _columns(labels: Sequence[str]) -> dict[str, int]:
    """What a header row's columns are; empty for any other row."""
    found: dict[str, int] = {}
    for column, label in enumerate(labels):
        level = next((name for name, pattern in _LEVELS if pattern.search(bare(label))), "")
        own = level or meaning((label,)) if label else ""
        name = _OF_ROW if own in ("name", "responsible") else own
        if name in ("town", "village", "group", "number", VILLAGE, GROUP, HOUSEHOLD, _OF_ROW):
            found.setdefault(name, column)
    named = {VILLAGE, GROUP, HOUSEHOLD, _OF_ROW} & found.keys()
    return found if "village" in found and named else {}
