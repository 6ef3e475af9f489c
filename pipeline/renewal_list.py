"""The list of what ends (`worklist renew`), given back to `plan`: whom and what alone to plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from archive.catalogue import tables
from archive.numbers import parse
from archive.states import CHUNK, FREED
from pipeline.campaigns import Campaign
from pipeline.errors import ListFaulty
from pipeline.filled_lists import rows_of
from pipeline.roster.cells import folded

NUMBER, WITHIN = "合同编号", "何时到期"


@dataclass(frozen=True, slots=True)
class Renewals:
    """The contracts on a list by number, each with its template and party key; the villages that their parties may be in."""

    parties: dict[str, tuple[str, str]]
    villages: frozenset[str]

    def unplanned(self, connection: Connection, campaign: Campaign) -> list[str]:
        """The contracts on the list whose party has none of the template in a campaign, by number."""
        contract = tables.contract
        query = select(contract.c.template, contract.c.party_key).where(contract.c.campaign_id == campaign.id)
        planned = {(row.template, row.party_key) for row in connection.execute(query)}
        return sorted(number for number, party in self.parties.items() if party not in planned)


def read_renewals(connection: Connection, path: Path) -> Renewals:
    """What a list names. Raises ListFaulty for a row that no contract is meant by, and what `sheets_of` raises."""
    named: dict[str, int] = {}
    for row, cells in rows_of(path, (NUMBER, WITHIN), "到期续签名单"):
        typed = folded(cells[NUMBER])
        number = parse(typed)
        if number is None and typed:
            raise ListFaulty(file=path, row=row, detail=f"“{typed}”不是合同编号，请改正或删去这一行。")
        if number is not None:
            named.setdefault(str(number), row)
    parties: dict[str, tuple[str, str]] = {}
    villages: set[str] = set()
    for number_, template, key, village in _contracts(connection, list(named)):
        parties[number_] = template, key.partition(FREED)[0]
        villages.add(village)
    unknown = next((number for number in named if number not in parties), None)
    if unknown is not None:
        raise ListFaulty(file=path, row=named[unknown], detail=f"档案库里没有 {unknown} 这份合同。")
    ids = sorted({part for _, key in parties.values() for part in key.split("+")})
    return Renewals(parties, frozenset(villages | set(_homes(connection, ids))))


def _contracts(connection: Connection, numbers: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    contract = tables.contract
    columns = contract.c.number, contract.c.template, contract.c.party_key, contract.c.village_code
    for start in range(0, len(numbers), CHUNK):
        part = contract.c.number.in_(numbers[start : start + CHUNK])
        for row in connection.execute(select(*columns).where(part)):
            yield row.number, row.template, row.party_key, row.village_code


def _homes(connection: Connection, ids: Sequence[str]) -> Iterator[str]:
    """The villages in which these identity numbers were in any roster."""
    person, household = tables.person, tables.household
    for start in range(0, len(ids), CHUNK):
        query = select(household.c.village_code).join(person, person.c.household_id == household.c.id)
        of_them = person.c.id_number.in_(ids[start : start + CHUNK])
        yield from connection.execute(query.where(of_them).distinct()).scalars()
