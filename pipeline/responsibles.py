"""Who looks after a village, a group of it, a household, for a year: read from an office's list, kept, looked up.

A list has a column for the village and, as deep as it goes, for the group and the household's number. Names
stand in columns of their own level (包村干部, 包组干部, 联户责任人), or in one for the level of their row. What
households there are, the village's newest roster says.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection, insert, select

from archive import journal
from archive.catalogue import tables
from archive.journal import Actor
from pipeline.divisions import Divisions
from pipeline.errors import ReasonMissing, ResponsiblesFaulty
from pipeline.people import Household
from pipeline.roster.cells import Cell, Row, folded, is_nothing
from pipeline.roster.columns import bare
from pipeline.roster.groups import read_group, read_household_number
from pipeline.roster.header import meaning
from pipeline.roster.opened import sheets_of
from pipeline.roster.persons import LONGEST_NAME
from pipeline.roster.problems import Place, quoted
from pipeline.roster.store import households_of, newest_import
from pipeline.roster.words import read_name
from pipeline.roster.years import year_in_name, year_in_titles

VILLAGE, GROUP, HOUSEHOLD = "包村干部", "包组干部", "联户责任人"
_DEPTHS = (VILLAGE, GROUP, HOUSEHOLD)
_LEVELS = (
    (VILLAGE, re.compile(r"[包驻联]村|村级")),
    (GROUP, re.compile(r"[包联]组|组级|小组长")),
    (HOUSEHOLD, re.compile(r"[包联]户|户级")),
)
_OF_ROW = "姓名"
# What a column says of a responsible person beside the name.
_BESIDE = re.compile(r"电话|手机|联系方式|号码|身份证|单位|职务|性别|[户人]数")
_OF_A_ROSTER = {"id_number", "relation"}
_NO_ENTRY = re.compile(r"[合小总]计|^(填表|填报|制表|审核|备注|说明)")
_LINES = re.compile(r"\s*[\r\n]+\s*")
_SEARCHED = 60
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's charge: a village, a group of it (None: all), a household of that (None: all).

    A household's group is None where the list does not say it.
    """

    village: str
    group: int | None
    household: str | None
    name: str
    place: Place

    @property
    def key(self) -> tuple[str, int | None, str | None]:
        """What is looked after."""
        return self.village, self.group, self.household

    @property
    def level(self) -> str:
        return HOUSEHOLD if self.household else VILLAGE if self.group is None else GROUP


@dataclass(frozen=True, slots=True)
class ResponsibleList:
    """A list as read; `year` is what its titles, sheets or name tell."""

    file: Path
    year: int | None
    entries: tuple[Entry, ...]


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


def record(connection: Connection, listed: ResponsibleList, year: int, reason: str, actor: Actor) -> Recorded:
    """Take a list up within the caller's transaction; what is in no list stays.

    Raises ResponsiblesFaulty where a household is not in its village's roster or two names stand for one
    place, ReasonMissing where someone is changed within the year and no reason is given.
    """
    known: dict[str, Responsibles] = {}
    added = unchanged = 0
    changed: list[Entry] = []
    rows: list[dict[str, object]] = []
    for entry in _one_each(_with_groups(connection, listed.entries)):
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
        names = "、".join(quoted(one.name) for one in changed[:_SHOWN])
        raise ReasonMissing(file=listed.file, year=year, count=len(changed), names=names)
    if rows:
        connection.execute(insert(tables.responsible), rows)
        counts = {"added": added, "changed": len(changed)}
        journal.record(connection, actor, "responsible", str(year), counts)
    return Recorded(year, added, len(changed), unchanged)


def _with_groups(connection: Connection, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries, those of households with the group that the newest roster has them in."""
    groups: dict[str, Mapping[str, Set[int]] | None] = {}
    for entry in entries:
        if entry.household is None:
            yield entry
            continue
        if entry.village not in groups:
            groups[entry.village] = _groups_of_households(connection, entry.village)
        yield replace(entry, group=_group(entry, entry.household, groups[entry.village]))


def _groups_of_households(connection: Connection, village: str) -> Mapping[str, Set[int]] | None:
    """Household number → the groups that have it; None where the village has no roster yet."""
    if newest_import(connection, village) is None:
        return None
    found: defaultdict[str, set[int]] = defaultdict(set)
    for home in households_of(connection, village):
        found[home.number].add(home.group)
    return found


def _group(entry: Entry, number: str, groups: Mapping[str, Set[int]] | None) -> int:
    if groups is None:
        if entry.group is None:
            raise _faulty(entry.place, "这个村还没有花名册，光看户编号不知道是哪一组。请写组别。")
        return entry.group
    found = groups.get(number, set())
    if entry.group is not None and entry.group in found:
        return entry.group
    if entry.group is None and len(found) == 1:
        return next(iter(found))
    written, listed = quoted(number), "、".join(_group_name(group) for group in sorted(found))
    if entry.group is None and found:
        raise _faulty(entry.place, f"几个组都有这个户编号“{written}”（{listed}），请写组别。")
    alike = next((one for one in groups if not found and one.lstrip("0") == number.lstrip("0")), "")
    hint = f"这个户编号在{listed}。" if found else f"花名册里有“{alike}”，前面的零要一样。" if alike else ""
    within = "" if entry.group is None else _group_name(entry.group)
    raise _faulty(entry.place, f"花名册里没有这一户：{within}“{written}”。{hint}请照花名册写组别和户编号。")


def _group_name(group: int) -> str:
    return f"{group}组" if group else "0组（没有组别）"


def _one_each(entries: Iterable[Entry]) -> Iterable[Entry]:
    """One entry for each place; two names for one are refused."""
    found: dict[tuple[str, int | None, str | None], Entry] = {}
    for entry in entries:
        first = found.setdefault(entry.key, entry)
        if first.name != entry.name:
            detail = (
                f"{entry.level}写的是“{quoted(entry.name)}”，{first.place}同一处写的是“{quoted(first.name)}”。"
                "一处只写一行；几个人一起负责的，写在一格里，用顿号隔开。"
            )
            raise _faulty(entry.place, detail)
    return found.values()


def read_responsibles(path: Path, divisions: Divisions) -> ResponsibleList:
    """Read a list.

    Raises ResponsiblesFaulty for the first row that cannot be understood, and what `sheets_of` raises.
    """
    entries: list[Entry] = []
    titles: list[str] = []
    names = [path.stem]
    for _, sheets in sheets_of([path]):
        for sheet in sheets:
            names.insert(-1, sheet.name)
            reading = _SheetReading(path, sheet.name, divisions)
            for number, cells in sheet.rows:
                entries += reading.read(number, cells)
            titles += reading.titles
    if not entries:
        detail = (
            "没有找到表头，或者表头下面没有人。表头要有“村”，以及“包村干部”“包组干部”“联户责任人”或“责任人”"
        )
        raise ResponsiblesFaulty(file=path, row=1, detail=detail)
    by_name = next((year for year in map(year_in_name, names) if year), None)
    return ResponsibleList(path, year_in_titles(titles) or by_name, tuple(entries))


@dataclass(slots=True)
class _SheetReading:
    """A sheet on its way: the columns of the header above, the village and group that rows go on with."""

    file: Path
    sheet: str
    divisions: Divisions
    titles: list[str] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)
    village: str = ""
    group: int | None = None

    def read(self, number: int, cells: Row) -> Iterator[Entry]:
        """The entries of one row: none of a title, a header, a subtotal."""
        if not self.columns and number > _SEARCHED:
            return
        place = Place(str(self.file), self.sheet, number)
        labels = [folded(cell) for cell in cells]
        if header := _columns(labels, place):
            self.columns, self.village, self.group = header, "", None
        elif not self.columns:
            self.titles += filter(None, labels)
        elif not _NO_ENTRY.search(next(filter(None, labels), "")):
            texts = {
                name: "" if is_nothing(labels[column]) else labels[column]
                for name, column in self.columns.items()
                if column < len(labels)
            }
            people = {
                name: _name(cells[self.columns[name]]) for name in (*_DEPTHS, _OF_ROW) if texts.get(name)
            }
            if people:
                yield from self._entries(texts, people, place)

    def _entries(self, texts: Mapping[str, str], people: Mapping[str, str], place: Place) -> Iterator[Entry]:
        if texts.get("village"):
            self._go_to(texts, place)
        if not self.village:
            raise _faulty(place, "没有写村。")
        household = read_household_number(texts.get("number", "")) or None
        self._go_to_group(texts.get("group", ""), household, place)
        if max(map(len, people.values())) > LONGEST_NAME:
            raise _faulty(place, f"姓名超过 {LONGEST_NAME} 个字。")
        row_depth = 2 if household else 1 if self.group is not None else 0
        for name, person in people.items():
            depth = row_depth if name == _OF_ROW else _DEPTHS.index(name)
            if name == _OF_ROW:
                if _DEPTHS[depth] in self.columns:
                    continue
                if not (household or texts.get("group") or texts.get("village")):
                    raise _faulty(place, "没有写村、组别或户编号，不知道负责哪里。")
            elif depth > row_depth or (depth == 1 and self.group is None):
                raise _faulty(place, f"写了{name}，没有写{'户编号' if name == HOUSEHOLD else '组别'}。")
            yield Entry(
                self.village, self.group if depth else None, household if depth == 2 else None, person, place
            )

    def _go_to(self, texts: Mapping[str, str], place: Place) -> None:
        written = texts["village"]
        codes = self.divisions.match(texts.get("town", "") + written) or self.divisions.match(written)
        if len(codes) != 1:
            listed = self.divisions.listed(codes or self.divisions.near(written))
            asked = f"是不是：{listed}？" if listed else ""
            raise _faulty(place, f"村“{quoted(written)}”认不出。{asked}请照区划表写全村名。")
        if codes[0] != self.village:
            self.village, self.group = codes[0], None

    def _go_to_group(self, written: str, household: str | None, place: Place) -> None:
        """A row of a household without a group goes on with the one above, any other is of the village."""
        if written:
            self.group = read_group(written)
            if self.group is None:
                raise _faulty(place, f"组别“{quoted(written)}”读不出组号。请写成“3”或“第3组”的样子。")
        elif not household:
            self.group = None


def _name(cell: Cell) -> str:
    """A name as written; two on two lines of a cell are two."""
    return read_name(_LINES.sub("、", cell.strip()) if isinstance(cell, str) else cell)


def _faulty(place: Place, detail: str) -> ResponsiblesFaulty:
    return ResponsiblesFaulty(file=place.file, row=place.row, detail=detail)


def _columns(labels: Sequence[str], place: Place) -> dict[str, int]:
    """What a header row's columns are; empty for any other row. Raises ResponsiblesFaulty for a roster's."""
    found: dict[str, int] = {}
    for column, label in enumerate(labels):
        name = _meaning(label)
        if name:
            found.setdefault(name, column)
    if _OF_A_ROSTER & found.keys() and {"village", _OF_ROW} & found.keys():
        detail = (
            "这是花名册，不是责任人名单：表头里有公民身份号码或与户主关系。"
            "花名册请用 huyue roster import；确是责任人名单的，请删去这一栏。"
        )
        raise _faulty(place, detail)
    named = {*_DEPTHS, _OF_ROW} & found.keys()
    return found if "village" in found and named else {}


def _meaning(label: str) -> str:
    """What a column is: a place's part, whose name it holds, what only a roster has; "" for any other."""
    own = meaning((label,)) if label else ""
    if own in _OF_A_ROSTER:
        return own
    if _BESIDE.search(label):
        return ""
    level = next((name for name, pattern in _LEVELS if pattern.search(bare(label))), "")
    if level:
        return level
    if own in ("name", "responsible"):
        return _OF_ROW
    return own if own in ("town", "village", "group", "number") else ""
