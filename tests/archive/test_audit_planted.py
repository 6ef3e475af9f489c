"""Five thousand sound contracts, into which every kind of defect is put in known places: each found, none invented."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random

import polars as pl
import pytest
from sqlalchemy import Connection, insert

from archive.audit.classes import Class
from archive.audit.findings import audit
from archive.catalogue import audit_tables, tables
from archive.home import Home, create_home
from archive.journal import Actor
from archive.numbers import Number
from tests.conftest import huyue

CONTRACTS = 5_000
VILLAGES = [f"4512251000{place:02d}" for place in range(1, 26)]
BEFORE, DEADLINE_PAST, YEAR_END = "2026-04-10", "2026-05-20", "2026-12-20"
DATES = (BEFORE, DEADLINE_PAST, YEAR_END)
LAST = "9999-12-31"
Row = dict[str, object]


@dataclass
class Planted:
    """Rows to be written, and what an audit must find: class and since, from and to which day, by contract."""

    numbers: list[str]
    contracts: dict[str, Row]
    filings: dict[str, list[Row]]
    rows: list[tuple[str, Row]] = field(default_factory=list)
    expected: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def next(self, changed: Row | None = None) -> str:
        """Another contract to plant something in."""
        number = self.numbers.pop()
        self.contracts[number] |= changed or {}
        return number

    def finds(self, cls: Class, number: str, since: str, first: str, last: str = LAST) -> None:
        self.expected.append((str(cls), number, since, first, last))

    def on(self, day: str) -> set[tuple[str, str, str]]:
        return {one[:3] for one in self.expected if one[3] <= day <= one[4]}


def sound() -> Planted:
    """Contracts of two spring campaigns, all filed whole and in time, with years to run."""
    contracts, filings = {}, {}
    for place in range(CONTRACTS):
        year = 2025 + place % 2
        number = str(Number(VILLAGES[place % 25], year, "01", place // 25 + 1))
        contracts[number] = {
            "number": number,
            "campaign_id": year - 2024,
            "template_sha256": "new",
            "template": "service",
            "village_code": VILLAGES[place % 25],
            "group_no": place % 7,
            "household_number": str(place),
            "responsible": f"责任人{place % 30}",
            "party_key": f"person/{place}",
            "starts": f"{year}-03-01",
            "ends": None if place % 3 else f"{year + 3}-02-28",
            "content": "[]",
            "planned_on": f"{year}-02-20",
            "printed_on": f"{year}-02-25",
            "sheets": 2,
            "blank": False,
            "assigned_on": None,
        }
        filings[number] = [filing(f"{year}-04-01")]
    numbers = list(contracts)
    Random(7).shuffle(numbers)  # noqa: S311
    return Planted(numbers, contracts, filings)


def filing(day: str, gaps: str = "", sheets: int = 2) -> Row:
    return {"filed_on": day, "gaps": gaps, "sheets": sheets}


SPRING: Row = {"campaign_id": 2, "planned_on": "2026-02-20", "printed_on": "2026-02-25", "ends": None}
NEW_WORDING: Row = SPRING | {"template": "old", "template_sha256": "second", "planned_on": "2026-05-11"}


def plant() -> Planted:
    all_ = sound()
    for turn in range(4):
        number = all_.next(SPRING | ({"printed_on": None} if turn == 3 else {}))
        all_.filings[number] = []
        all_.finds(Class.MISSING, number, "2026-03-01", "2026-02-20")
    for _ in range(3):
        number = all_.next(SPRING)
        all_.filings[number] = [filing("2026-06-01")]
        all_.finds(Class.MISSING, number, "2026-03-01", "2026-02-20", "2026-05-31")
        all_.finds(Class.LATE, number, "2026-06-01", "2026-06-01")
    for _ in range(3):
        number = all_.next(SPRING | {"campaign_id": 1, "planned_on": "2025-02-20", "ends": "2026-04-30"})
        all_.filings[number] = [filing("2025-04-02")]
        all_.finds(Class.EXPIRING, number, "2026-01-30", "2026-01-30", "2026-04-30")
        all_.finds(Class.EXPIRED, number, "2026-05-01", "2026-05-01")
        number = all_.next(SPRING | {"ends": "2027-01-31"})
        all_.filings[number] = [filing("2026-04-01")]
        all_.finds(Class.EXPIRING, number, "2026-11-02", "2026-11-02", "2027-01-31")
    for cls in (Class.UNSIGNED, Class.UNSEALED, Class.UNDATED, Class.INCOMPLETE):
        for _ in range(3):
            number = all_.next(SPRING)
            all_.filings[number] = [filing("2026-04-05", str(cls), 1 if cls is Class.INCOMPLETE else 2)]
            all_.finds(cls, number, "2026-04-05", "2026-04-05")
        number = all_.next(SPRING)  # put right in the summer: then it is late
        all_.filings[number] = [filing("2026-04-05", str(cls)), filing("2026-07-01")]
        all_.finds(cls, number, "2026-04-05", "2026-04-05", "2026-06-30")
        all_.finds(Class.LATE, number, "2026-07-01", "2026-07-01")
    number = all_.next(SPRING)
    all_.filings[number] = [filing("2026-04-06", "incomplete unsigned unsealed undated", 1)]
    for cls in (Class.UNSIGNED, Class.UNSEALED, Class.UNDATED, Class.INCOMPLETE):
        all_.finds(cls, number, "2026-04-06", "2026-04-06")
    plant_records(all_)
    plant_nothing(all_)
    return all_


def plant_records(all_: Planted) -> None:
    """What is recorded beside contracts."""
    for turn in range(3):
        number = all_.next(SPRING)
        all_.filings[number] = [filing("2026-04-07")]
        all_.rows.append(("flaws", {"contract": number, "flaws": "dark blurred" if turn else "coarse"}))
        all_.finds(Class.UNREADABLE, number, "2026-04-07", "2026-04-07")
        for reason, cls in (("conflict", Class.CONFLICT), ("altered", Class.UNREVIEWED)):
            number = all_.next()
            decided = "2026-06-01" if turn else None
            all_.rows.append(("review", {"contract": number, "reason": reason, "decided_on": decided}))
            all_.finds(cls, number, "2026-04-08", "2026-04-08", "2026-05-31" if turn else LAST)
        number = all_.next(SPRING | {"template": "old", "template_sha256": "first"})
        all_.finds(Class.SUPERSEDED_TEMPLATE, number, "2026-05-10", "2026-05-10")
        number = all_.next(NEW_WORDING | ({"template_sha256": "again"} if turn == 2 else {}))
        all_.finds(Class.MISSING, number, "2026-03-01", "2026-05-11", "2026-05-11")
        all_.filings[number] = [filing("2026-05-12")]
        all_.finds(Class.LATE, number, "2026-05-12", "2026-05-12")
        number = all_.next(SPRING)
        all_.rows.append(("change", {"contract": number, "decided_on": "2026-07-01" if turn else None}))
        all_.finds(Class.SUBJECT_CHANGED, number, "2026-05-01", "2026-05-01", "2026-06-30" if turn else LAST)
        number = all_.next(SPRING | {"blank": True, "assigned_on": "2026-06-01" if turn else None})
        all_.filings[number] = [filing("2026-04-02")]
        all_.finds(
            Class.WITHOUT_OBLIGATION, number, "2026-04-02", "2026-04-02", "2026-05-31" if turn else LAST
        )
        number = all_.next()
        all_.rows.append(("damage", {"contract": number, "mended_on": "2026-08-01" if turn else None}))
        all_.finds(Class.DAMAGED, number, "2026-05-15", "2026-05-15", "2026-07-31" if turn else LAST)


def plant_nothing(all_: Planted) -> None:
    """Faults of contracts of which nothing is owed: none may be found."""
    for kind in ("declined", "withdrawn", "moved", "died", "unfit", "void"):
        number = all_.next(SPRING)
        all_.filings[number] = [filing("2026-04-05", "unsigned")] if kind != "declined" else []
        all_.rows.append(("closing", {"contract": number, "kind": kind}))
    for _ in range(3):  # ended, and signed again the year after
        old, new = all_.next(), all_.next()
        all_.contracts[old] |= {"campaign_id": 1, "planned_on": "2025-02-20", "ends": "2026-02-28"}
        all_.contracts[new] |= SPRING | {"party_key": all_.contracts[old]["party_key"]}
        all_.filings[old], all_.filings[new] = [filing("2025-04-01", "unsigned")], [filing("2026-04-01")]
        all_.contracts[old]["starts"], all_.contracts[new]["starts"] = "2025-03-01", "2026-03-01"
    blank = all_.next(SPRING | {"blank": True})
    all_.filings[blank] = []


def write(connection: Connection, all_: Planted) -> None:
    connection.execute(insert(tables.division), [{"code": code, "name": code} for code in VILLAGES])
    connection.execute(
        insert(tables.campaign),
        [
            {"id": year - 2024, "name": f"{year}春", "date": f"{year}-03-01", "closes": f"{year}-03-31"}
            for year in (2025, 2026)
        ],
    )
    versions = [("new", "service", "1"), ("first", "old", "1"), ("second", "old", "2"), ("again", "old", "2")]
    connection.execute(
        insert(tables.template),
        [
            {"sha256": sha, "name": name, "number": "01", "version": version, "manifest": b"", "docx": b""}
            for sha, name, version in versions
        ],
    )
    used = {"name": "old", "sha256": "second", "since": "2026-05-10", "user": "甲"}
    connection.execute(insert(tables.template_use).values(used))
    connection.execute(insert(tables.contract), list(all_.contracts.values()))
    parties = [{"contract": one, "position": 0, "name": "韦某", "id_number": "1"} for one in all_.contracts]
    connection.execute(insert(tables.party), parties)
    blobs: list[Row] = []
    filings: list[Row] = []
    for number, versions_ in all_.filings.items():
        for version, row in enumerate(versions_, 1):
            blob = f"{len(blobs):064x}"
            blobs.append({"name": blob, "wrapped": b"1", "size": 1, "added_on": row["filed_on"]})
            own = {"id": len(blobs), "contract": number, "version": version, "user": "甲", "blob": blob}
            filings.append(row | own)
    connection.execute(insert(tables.blob), blobs)
    connection.execute(insert(tables.filing), filings)
    newest = {str(row["contract"]): row for row in filings}
    connection.execute(
        insert(tables.scan_file).values(
            id=1, name="a.pdf", sha256="1", size=1, pages=9, code="", taken_on="2026-04-08"
        )
    )
    for place, (kind, row) in enumerate(all_.rows, 1):
        number = str(row["contract"])
        page = {"id": place, "file_id": 1, "index": place, "outcome": "filed", "contract": number, "sheet": 1}
        connection.execute(insert(tables.scan_page).values(page))
        if kind == "flaws":
            sheet = {
                "filing_id": newest[number]["id"],
                "sheet": 1,
                "position": 0,
                "page_id": place,
                "layout": "A",
            }
            connection.execute(
                insert(tables.filed_sheet).values(
                    sheet | {"residual": 0, "boxes": "[]", "flaws": row["flaws"]}
                )
            )
        elif kind == "review":
            said = {
                "page_id": place,
                "blob": blobs[0]["name"],
                "decision": "assigned" if row["decided_on"] else "",
            }
            connection.execute(insert(tables.review).values(row | said | {"sheet": 1}))
        elif kind == "change":
            said = {"import_id": 1, "reason": "moved", "day": "2026-05-01"}
            connection.execute(
                insert(tables.subject_change).values(
                    row | said | {"decision": "kept" if row["decided_on"] else ""}
                )
            )
        elif kind == "damage":
            hurt = {"blob": newest[number]["blob"], "code": "blob_missing", "found_on": "2026-05-15"}
            connection.execute(insert(audit_tables.damage).values(hurt | {"mended_on": row["mended_on"]}))
        else:
            closed = {"day": "2026-04-08", "recorded_on": "2026-04-08", "user": "甲", "reason": ""}
            connection.execute(insert(tables.closing).values(row | closed))


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, planted: Planted) -> Home:
    folder: Path = tmp_path_factory.mktemp("planted") / "档案库"
    home = create_home(folder, None, {"45": "广西"}, Actor("甲", date(2026, 3, 1)))
    with home.writing() as connection:
        connection.execute(
            insert(tables.roster_import).values(id=1, imported_on="2026-05-01", year=2026, undone_on=None)
        )
        write(connection, planted)
    return home


@pytest.mark.parametrize("day", DATES)
def test_every_planted_defect_is_found_and_none_is_invented(
    archive: Home, planted: Planted, day: str
) -> None:
    with archive.reading() as connection:
        found = audit(connection, date.fromisoformat(day))
    assert found.contracts.height >= CONTRACTS - 10
    said = set(found.findings.select("class", "number", pl.col("since").cast(pl.String)).rows())
    assert said == planted.on(day)
    assert found.findings.height == len(said)
    assert not set(found.findings.filter(pl.col("evidence").is_null())["class"])
    if day == DEADLINE_PAST:
        assert {cls for cls, _, _ in said} == {str(cls) for cls in Class} - {"expiring"}


def test_the_command_says_the_same(archive: Home, planted: Planted) -> None:
    answer = huyue("--home", archive.folder, "audit", "--on", DEADLINE_PAST, "--json", today=YEAR_END)
    assert answer.status == 1
    said = {(one["class"], one["contract"], one["since"]) for one in answer.json["findings"]}
    assert said == planted.on(DEADLINE_PAST)
    assert answer.json["counts"] == {
        str(cls): sum(one[0] == cls for one in planted.on(DEADLINE_PAST)) for cls in Class
    }
