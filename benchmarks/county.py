"""A county's archive written straight into the catalogue, for benchmarks: three campaigns, most of it filed.

People are those of search_people.py, always the same for a size. Nothing is printed or scanned: a filing has its row and
its blob's, but no bytes in the vault.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random

from sqlalchemy import Connection, Table, insert
from stdnum.cn import ric

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.home import Home, create_home
from archive.journal import Actor
from archive.numbers import TOWN_DIGITS, Number
from benchmarks.search_people import SEED, Household, households
from pipeline.contracts import encode_content, keep_template
from pipeline.divisions import Divisions
from pipeline.fill import Content
from pipeline.stock import stock_templates
from pipeline.template import Template

CAMPAIGNS = (date(2024, 3, 1), date(2025, 3, 1), date(2026, 3, 1))
A_HOUSEHOLD = 2.4  # contracts in a campaign; somewhat more are offered, and left out in the last villages
YEARS = {
    "family_planning": 3,
    "pension_insurance": 3,
    "informed_choice": 3,
}  # how seldom one is signed; else yearly
ENDLESS = "pension_insurance"
RELATIONS = ("户主", "配偶", "儿子", "女儿")
FILED, CLOSED = 0.85, 0.02
GAPS = ("",) * 85 + ("unsigned",) * 5 + ("unsealed",) * 4 + ("undated unsigned",) * 3 + ("incomplete",) * 3
KINDS = ("declined", "moved", "died", "unfit")
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Signed:
    """A contract to be written; `signers` are the household's members that sign it, by place."""

    number: str
    campaign: int
    template: Template
    home: Household
    ids: tuple[str, ...]
    signers: tuple[int, ...]

    @property
    def day(self) -> date:
        return CAMPAIGNS[self.campaign]

    @property
    def last(self) -> date:
        name = self.template.manifest.name
        if self.template.manifest.number == "01":
            return self.day.replace(month=12, day=31)
        return self.day.replace(year=self.day.year + YEARS.get(name, 1)) - timedelta(days=1)


def make_county(folder: Path, contracts: int) -> Home:
    """An archive of so many contracts at `folder`, where nothing is yet; its key lies beside it."""
    divisions = Divisions.shipped()
    home = create_home(folder, None, divisions.names, Actor("bench", CAMPAIGNS[0]))
    each = 2 + int(contracts / (A_HOUSEHOLD * len(CAMPAIGNS) * len(divisions.villages)))
    with home.writing() as connection:
        writer = _Writer(connection, Random(SEED), divisions.names)  # noqa: S311
        for village in divisions.villages:
            contracts -= writer.write(village, each, contracts)
    if contracts:
        raise AssertionError(f"{contracts} contracts too few")
    return home


class _Writer:
    """Writes the templates and campaigns, then a village at a time."""

    def __init__(self, connection: Connection, chance: Random, names: Mapping[str, str]) -> None:
        self._connection, self._chance, self._names = connection, chance, names
        self._templates = stock_templates()
        self._households, self._persons = count(1), count()
        for template in self._templates:
            keep_template(connection, template)
        campaigns = [(day, day + timedelta(days=30)) for day in CAMPAIGNS]
        self._insert(
            tables.campaign,
            ({"name": f"{day.year}春", "date": str(day), "closes": str(last)} for day, last in campaigns),
        )
        self._insert(tables.roster_import, [{"imported_on": str(CAMPAIGNS[-1]), "year": CAMPAIGNS[-1].year}])

    def write(self, village: str, each: int, most: int) -> int:
        """A village of so many households, with its contracts, at most so many; how many."""
        homes = [
            (home, tuple(self._identity(village) for _ in home.members))
            for home in households(self._chance, village, each)
        ]
        self._insert(tables.import_village, [{"import_id": 1, "village_code": village}])
        for home, ids in homes:
            at = next(self._households)
            self._insert(tables.household, [_household_row(at, home)])
            self._insert(tables.person, _person_rows(at, home, ids))
        signed = [one for campaign in range(len(CAMPAIGNS)) for one in self._signed(village, campaign, homes)]
        self._write_contracts(signed[:most])
        return len(signed[:most])

    def _identity(self, village: str) -> str:
        after, day = divmod(next(self._persons), 16_000)
        born = date(1960, 1, 1) + timedelta(days=day)
        body = f"{village[:6]}{born:%Y%m%d}{after:03d}"
        return body + ric.calc_check_digit(body + "0")

    def _signed(
        self, village: str, campaign: int, homes: Sequence[tuple[Household, tuple[str, ...]]]
    ) -> Iterator[_Signed]:
        """A village's contracts of a campaign, in the order of their numbers."""
        for template in self._templates:
            serial = count(1)
            every = YEARS.get(template.manifest.name, 1)
            for home, ids in homes[campaign % every :: every]:
                for signers in self._signers(template.manifest.number, home):
                    number = Number(village, CAMPAIGNS[campaign].year, template.manifest.number, next(serial))
                    yield _Signed(str(number), campaign, template, home, ids, signers)

    def _signers(self, number: str, home: Household) -> list[tuple[int, ...]]:
        """Who signs a template: the head the first, the couple the second, one or another member the others."""
        if number == "01":
            return [(0,)]
        if number == "02":
            return [(0, 1)] if self._chance.random() < 0.7 else []
        return [(at,) for at in range(min(3, len(home.members))) if self._chance.random() < 0.18]

    def _write_contracts(self, signed: Sequence[_Signed]) -> None:
        self._insert(tables.contract, map(self._contract_row, signed))
        self._insert(tables.party, (row for one in signed for row in _party_rows(one)))
        filed = [one for one in signed if self._chance.random() < FILED]
        self._insert(tables.blob, map(_blob_row, filed))
        self._insert(tables.filing, map(self._filing_row, filed))
        closed = [one for one in signed if self._chance.random() < CLOSED]
        self._insert(tables.closing, map(self._closing_row, closed))
        mark_changed(self._connection, [one.number for one in signed])

    def _insert(self, table: Table, rows: Iterator[Row] | Sequence[Row]) -> None:
        every = list(rows)
        if every:
            self._connection.execute(insert(table), every)

    def _contract_row(self, one: _Signed) -> Row:
        home, manifest = one.home, one.template.manifest
        of_home = f"{home.village}/{home.group}/{home.number}"
        return {
            "number": one.number,
            "campaign_id": one.campaign + 1,
            "template_sha256": one.template.sha256,
            "template": manifest.name,
            "village_code": home.village,
            "group_no": home.group,
            "household_number": home.number,
            "responsible": home.responsible,
            "party_key": of_home if manifest.number == "01" else "+".join(one.ids[at] for at in one.signers),
            "starts": str(one.day),
            "ends": None if manifest.name == ENDLESS else str(one.last),
            "content": encode_content(self._content(one)),
            "planned_on": str(one.day - timedelta(days=10)),
            "printed_on": str(one.day - timedelta(days=5)),
            "layout": "ABCDEF",
            "sheets": 2,
            "import_id": 1,
        }

    def _content(self, one: _Signed) -> Content:
        home, day, last = one.home, one.day, one.last
        town, village = self._names[home.village[:TOWN_DIGITS]], self._names[home.village]
        fields = {
            "campaign_name": f"{day.year}春",
            "contract_number": one.number,
            "village": village,
            "town": town,
            "party_b_name": home.members[one.signers[0]],
            "party_b_id": f"{one.ids[one.signers[0]][:6]}***********7",
            "group": str(home.group),
            "household_number": home.number,
            "address": f"罗城仫佬族自治县{town}{village}{home.group}组",
            "phone": "186****7639",
            "responsible": home.responsible,
            "term_start": f"{day.year}年{day.month}月{day.day}日",
            "term_end": f"{last.year}年{last.month}月{last.day}日",
            "copies": "2",
        }
        if one.template.manifest.number != "01":
            return Content(fields, {}, ())
        members = [
            {"name": name, "relation": relation, "sex": "女", "birth": "1982年1月21日"}
            for name, relation in zip(home.members, RELATIONS[: len(home.members)], strict=True)
        ]
        return Content(fields, {"members": members}, ("member_over_sixty",) if len(members) > 2 else ())

    def _filing_row(self, one: _Signed) -> Row:
        filed = {
            "filed_on": str(one.day + timedelta(days=self._chance.randrange(60))),
            "gaps": self._chance.choice(GAPS),
        }
        row = _blob_row(one)
        blob = {"blob": row["name"], "sha256": row["name"], "sheets": 2}
        return {"contract": one.number, "version": 1, "user": "bench", **filed, **blob}

    def _closing_row(self, one: _Signed) -> Row:
        day = str(one.day + timedelta(days=self._chance.randrange(300)))
        kind = self._chance.choice(KINDS)
        told = {"day": day, "recorded_on": day, "user": "bench", "reason": ""}
        return {"contract": one.number, "kind": kind, **told}


def _blob_row(one: _Signed) -> Row:
    name = one.number.replace("-", "").lower().rjust(64, "0")
    return {"name": name, "wrapped": bytes(60), "size": 50_000, "added_on": str(one.day)}


def _party_rows(one: _Signed) -> Iterator[Row]:
    for position, at in enumerate(one.signers):
        who = {"name": one.home.members[at], "id_number": one.ids[at]}
        yield {"contract": one.number, "position": position, **who}


def _household_row(at: int, home: Household) -> Row:
    place = {"village_code": home.village, "group_no": home.group, "number": home.number}
    return {"id": at, "import_id": 1, **place, "head": home.members[0], "responsible": home.responsible}


def _person_rows(at: int, home: Household, ids: Sequence[str]) -> Iterator[Row]:
    for name, id_number, relation in zip(home.members, ids, RELATIONS[: len(ids)], strict=True):
        row: Row = {"household_id": at, "import_id": 1, "name": name, "id_number": id_number}
        birth = f"{id_number[6:10]}-{id_number[10:12]}-{id_number[12:14]}"
        row |= {"sex": "女", "birth": birth, "relation": relation, "phone": "", "marital": "已婚"}
        row |= {"away_to": "", "away_readable": True, "held": ""}
        yield row | dict.fromkeys(("wants_service", "wants_pension", "wants_choice"), False)
