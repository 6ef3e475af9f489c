"""Archival numbers (档号 of DA/T 22-2015): J012-WS·2026-D30-DMZ-0001, given once and never again.

Fonds – category · year – retention – unit – item. All but the item is a series; its items run from 1, without a hole,
in the order of village, template and contract number, papers filed by hand after the contracts, by division and number.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from archive import journal
from archive.catalogue import shelf_tables, tables
from archive.changes import mark_changed, paper_key
from archive.errors import UnitAmbiguous
from archive.journal import Actor
from archive.retention import destroyed_papers, retentions
from archive.states import newest_filing, newest_paper

COUNTY, TOWN, VILLAGE = 6, 9, 12  # digits of a division's code
YEAR_AT = 14  # where the year begins in a contract number, from 1 (archive/numbers.py)
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Codes:
    """What the settings in `file` say: `units` are codes of units by a division's code."""

    file: Path
    fonds: str
    category: str
    units: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Given:
    """A number, and the contract or the paper filed by hand that has it."""

    number: str
    contract: str | None
    paper: int | None


@dataclass(frozen=True, slots=True)
class Arranged:
    """The numbers given now, how many papers had theirs, and the contracts that are not whole and have none."""

    given: tuple[Given, ...]
    had: int
    incomplete: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Filed:
    """What may get a number: where it is from, how long it is kept; `gaps` as a filing has them."""

    contract: str | None
    paper: int | None
    division: str
    retention: str
    gaps: str = ""


def arrange(
    connection: Connection,
    year: int,
    codes: Codes,
    divisions: Mapping[str, str],
    towns: frozenset[str],
    actor: Actor,
    *,
    incomplete: bool = False,
) -> Arranged:
    """Give a year's filed papers that have no number theirs; of these towns alone, unless there are none.

    Contracts that are not whole get none, unless `incomplete`. `divisions` are names by code. Raises UnitAmbiguous.
    """
    table, units = shelf_tables.archival_number, _Units(codes, divisions)
    last = _last_items(connection)
    given: list[Given] = []
    rows: list[dict[str, object]] = []
    had, waiting = 0, list[str]()
    numbered = _numbered(connection)
    for one in _filed(connection, year):
        if towns and one.division[:TOWN] not in towns:
            continue
        if (one.contract, one.paper) in numbered:
            had += 1
            continue
        if one.gaps and not incomplete:
            waiting.append(one.contract or "")
            continue
        series = f"{codes.fonds}-{codes.category}·{year}-{one.retention}-{units.of(one.division)}"
        last[series] = item = last.get(series, 0) + 1
        given.append(Given(_written(series, item), one.contract, one.paper))
        rows.append({"series": series, "item": item, "contract": one.contract, "paper": one.paper})
    stamp = {"given_on": actor.today.isoformat(), "user": actor.user}
    if rows:
        connection.execute(insert(table), [row | stamp for row in rows])
        mark_changed(connection, (one.contract or paper_key(one.paper or 0) for one in given))
        counts = {"given": len(given), "had": had, "incomplete": len(waiting)}
        journal.record(connection, actor, "arrange", str(year), counts)
    return Arranged(tuple(given), had, tuple(waiting))


def numbers_of_contracts(connection: Connection, contracts: Sequence[str]) -> dict[str, str]:
    """The archival numbers of these contracts, of those that have one."""
    table = shelf_tables.archival_number
    found: dict[str, str] = {}
    for start in range(0, len(contracts), CHUNK):
        part = table.c.contract.in_(contracts[start : start + CHUNK])
        rows = connection.execute(select(table.c.contract, table.c.series, table.c.item).where(part))
        found |= {row.contract: _written(row.series, row.item) for row in rows}
    return found


def numbers_of_papers(connection: Connection) -> dict[int, str]:
    """The archival numbers of the papers filed by hand, of those that have one."""
    table = shelf_tables.archival_number
    query = select(table.c.paper, table.c.series, table.c.item).where(table.c.paper.is_not(None))
    return {row.paper: _written(row.series, row.item) for row in connection.execute(query)}


def _written(series: str, item: int) -> str:
    return f"{series}-{item:04d}"


def _last_items(connection: Connection) -> dict[str, int]:
    table = shelf_tables.archival_number
    query = select(table.c.series, func.max(table.c.item)).group_by(table.c.series)
    return {series: item for series, item in connection.execute(query)}  # noqa: C416


def _numbered(connection: Connection) -> set[tuple[str | None, int | None]]:
    table = shelf_tables.archival_number
    return {(row.contract, row.paper) for row in connection.execute(select(table.c.contract, table.c.paper))}


def _filed(connection: Connection, year: int) -> Iterator[_Filed]:
    """The contracts of a year that have a signed paper, then the papers filed by hand, in the order of their items."""
    contract, filing, blob = tables.contract, tables.filing, tables.blob
    kept = retentions(connection)
    query = (
        select(contract.c.number, contract.c.village_code, contract.c.template_sha256, filing.c.gaps)
        .select_from(contract)
        .join(filing, newest_filing(filing))
        .join(blob, blob.c.name == filing.c.blob)
        .where(func.substr(contract.c.number, YEAR_AT, 4) == str(year), blob.c.destroyed_on.is_(None))
        .order_by(contract.c.number)
    )
    for row in connection.execute(query):
        yield _Filed(row.number, None, row.village_code, kept[row.template_sha256], row.gaps)
    yield from _by_hand(connection, year)


def _by_hand(connection: Connection, year: int) -> Iterator[_Filed]:
    """The papers filed by hand whose day, or first filing, is of a year."""
    paper, versions = shelf_tables.paper, shelf_tables.paper.alias("versions")
    of_it = versions.c.number == paper.c.number
    first = select(func.min(versions.c.filed_on)).where(of_it).scalar_subquery()
    query = (
        select(
            paper.c.number,
            paper.c.day,
            paper.c.division,
            paper.c.retention,
            first.label("first"),
        )
        .where(newest_paper())
        .order_by(paper.c.division, paper.c.number)
    )
    destroyed = destroyed_papers(connection)
    for row in connection.execute(query):
        if row.number not in destroyed and (row.day or row.first)[:4] == str(year):
            yield _Filed(None, row.number, row.division, row.retention)


class _Units:
    """The codes of the units that papers belong to."""

    def __init__(self, codes: Codes, divisions: Mapping[str, str]) -> None:
        self._codes, self._divisions = codes, divisions
        self._found: dict[str, str] = {}

    def of(self, division: str) -> str:
        """The unit of a division: what the settings give its village, town or county, else its town's initials.

        Raises UnitAmbiguous where another town has those initials.
        """
        given = self._codes.units
        named = next(
            (given[division[:digits]] for digits in (VILLAGE, TOWN, COUNTY) if division[:digits] in given), ""
        )
        return named or self._derived(division[:TOWN])

    def _derived(self, town: str) -> str:
        if town not in self._found:
            code = initials(self._divisions.get(town, town))
            alike = [
                other for other in self._divisions if len(other) == TOWN and self._code_of(other) == code
            ]
            if [other for other in alike if other != town]:
                raise UnitAmbiguous(
                    towns="、".join(self._divisions[one] for one in alike),
                    code=code,
                    file=self._codes.file,
                    example="{ "
                    + ", ".join(f'"{one}" = "{code}{at}"' for at, one in enumerate(alike, 1))
                    + " }",
                )
            self._found[town] = code
        return self._found[town]

    def _code_of(self, town: str) -> str:
        return self._codes.units.get(town) or initials(self._divisions[town])


def initials(name: str) -> str:
    """The first letters of a name's pinyin, in upper case, as pypinyin reads it: 东门镇 DMZ, 小长安镇 XCAZ.

    What has no reading stands for itself where it is a letter or a digit, and is left out otherwise.
    """
    from pypinyin import Style, lazy_pinyin  # takes a fifth of a second

    first = lazy_pinyin(name, style=Style.FIRST_LETTER)
    return "".join(_letters(first)).upper()


def _letters(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        yield from (letter for letter in part if letter.isascii() and letter.isalnum())
