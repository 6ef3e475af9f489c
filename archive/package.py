"""Contracts handed out as a package: their papers in clear, described, listed, counted and checked (BagIt).

    data/合同/<number>.pdf      the signed paper as it stands, PDF/A with its text
    data/目录.json              what is known of each, for programs
    data/归档文件目录.xlsx       the same for people; with a sheet 备考表
    data/移交清册.xlsx           what is handed over, to be signed by both sides
    data/漏号.xlsx              the numbers in between that are not here, and why
    data/四性检测.xlsx           what was checked of every paper, and what was found (four_checks.py)

An encrypted package would fail the usability that DA/T 70 asks for, so nothing in it is; who takes it must keep it
as the papers themselves. Identity numbers stand on the papers only.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from archive import journal
from archive.archival_numbers import numbers_of_contracts
from archive.bag import Bag, sync
from archive.catalogue import tables
from archive.four_checks import Check, Checked
from archive.home import Home
from archive.journal import Actor
from archive.package_lists import Gap, Paper, write_lists
from archive.retention import RETENTION as RETENTION
from archive.retention import retentions
from archive.states import CHINESE, Standing, newest_filing, standings
from archive.vault import Vault

CHUNK = 500  # contracts read at a time
YEAR, SERIES, SERIAL = slice(13, 17), slice(0, 20), slice(21, 27)  # of a contract number (archive/numbers.py)


@dataclass(slots=True)
class Package:
    """What went into a package."""

    papers: int = 0
    sheets: int = 0
    octets: int = 0
    gaps: list[Gap] = field(default_factory=list)
    checked: Checked = field(default_factory=Checked)


def filed_numbers(
    connection: Connection,
    on: date,
    *,
    villages: frozenset[str] | None = None,
    year: int | None = None,
    campaign: str | None = None,
    identity: frozenset[str] | None = None,
) -> list[str]:
    """The contracts with a signed paper that are of all of these, by number."""
    contract, party = tables.contract, tables.party
    query = (
        select(contract.c.number)
        .select_from(contract)
        .join(tables.filing, newest_filing(tables.filing, on.isoformat()))
        .join(tables.blob, tables.blob.c.name == tables.filing.c.blob)
        .where(tables.blob.c.destroyed_on.is_(None))
        .order_by(contract.c.number)
    )
    if villages is not None:
        query = query.where(contract.c.village_code.in_(villages))
    if campaign is not None:
        named = select(tables.campaign.c.id).where(tables.campaign.c.name == campaign)
        query = query.where(contract.c.campaign_id.in_(named))
    if identity is not None:
        signed = select(party.c.contract).where(party.c.id_number.in_(identity))
        query = query.where(contract.c.number.in_(signed))
    numbers = connection.execute(query).scalars()
    return [number for number in numbers if year in (None, int(number[YEAR]))]


def make_package(
    home: Home,
    connection: Connection,
    numbers: Sequence[str],
    folder: Path,
    names: tuple[Mapping[str, str], Mapping[str, str]],
    actor: Actor,
    done: Callable[[int], None],
) -> Package:
    """Write the package at `folder`, which is made; a run that was broken goes on where it stopped.

    `names` are divisions' by code and templates' titles by name; `done` is called after each paper. Raises OSError,
    BlobMissing, BlobDamaged.
    """
    made, vault = Package(), home.vault(connection)
    bag = Bag(folder)
    papers: list[Paper] = []
    for paper in papers_of(connection, numbers, names, actor.today):
        _put(connection, vault, bag, paper, made)
        papers.append(paper)
        done(1)
    broken = journal.broken_at(connection)
    if broken is not None:
        made.checked.failed[Check.JOURNAL].append(str(broken))
    made.gaps = list(_gaps(connection, numbers, actor.today))
    bag.add("目录.json", msgspec.json.format(msgspec.json.encode([paper.said for paper in papers]), indent=1))
    for name in write_lists(bag.path("."), papers, made.gaps, made.checked, actor):
        bag.added(name)
    bag.close(
        {
            "Bag-Software-Agent": "huyue",
            "Bagging-Date": actor.today.isoformat(),
            "External-Description": f"合同档案 {made.papers} 份，{made.sheets} 页",
            "Contact-Name": actor.user,
        }
    )
    sync(folder)
    return made


def _put(connection: Connection, vault: Vault, bag: Bag, paper: Paper, made: Package) -> None:
    """A paper into the bag, looked at as it is there."""
    sha256 = paper.sha256
    if not (sha256 and bag.holds(paper.file, sha256)):
        content = vault.get(connection, paper.blob)
        sha256 = (
            sha256 or hashlib.sha256(content).hexdigest()
        )  # filed before it was kept; the vault vouches for it
        bag.add(paper.file, content)
    pdf = bag.path(paper.file).read_bytes()
    made.papers, made.sheets, made.octets = (
        made.papers + 1,
        made.sheets + paper.sheets,
        made.octets + len(pdf),
    )
    made.checked.look(paper.number, pdf, sha256, paper.sheets, paper.said)


def papers_of(
    connection: Connection,
    numbers: Sequence[str],
    names: tuple[Mapping[str, str], Mapping[str, str]],
    on: date,
) -> Iterator[Paper]:
    """The signed papers of these contracts as they stand, in order, and what is said of each.

    `names` are divisions' by code and templates' titles by name.
    """
    contract, filing, template = tables.contract, tables.filing, tables.template
    kept = retentions(connection)
    for start in range(0, len(numbers), CHUNK):
        part = numbers[start : start + CHUNK]
        query = (
            select(
                filing,
                template.c.sha256.label("version_of"),
                template.c.version.label("printed_as"),
            )
            .join(contract, contract.c.number == filing.c.contract)
            .join(template, template.c.sha256 == contract.c.template_sha256)
            .where(filing.c.contract.in_(part), newest_filing(filing, on.isoformat()))
        )
        rows = {row.contract: row for row in connection.execute(query)}
        archival = numbers_of_contracts(connection, part)
        for one in standings(connection, on, part):
            row = rows[one.number]
            about = {
                "archival_number": archival.get(one.number, ""),
                "version": str(row.version),
                "filed_on": row.filed_on,
                "filed_by": row.user,
                "sheets": str(row.sheets),
                "sha256": row.sha256,
                "template_version": row.printed_as,
                "retention": RETENTION[kept[row.version_of]],
            }
            yield Paper(one.number, row.blob, row.sha256, row.sheets, _said(one, names) | about)


def _said(one: Standing, names: tuple[Mapping[str, str], Mapping[str, str]]) -> dict[str, str]:
    divisions, titles = names
    return {
        "contract": one.number,
        "title": titles.get(one.template, one.template),
        "template": one.template,
        "village": divisions.get(one.village[:9], "") + divisions.get(one.village, one.village),
        "village_code": one.village,
        "group": str(one.group or ""),
        "household": one.household,
        "party": one.party,
        "responsible": one.responsible,
        "starts": one.starts.isoformat(),
        "ends": one.ends.isoformat() if one.ends else "",
        "state": CHINESE[one.state],
        "lacking": " ".join(one.gaps),
    }


def _gaps(connection: Connection, numbers: Sequence[str], on: date) -> Iterator[Gap]:
    """The serial numbers up to the highest in each series of the package that are not in it."""
    series: dict[str, int] = {}
    for number in numbers:
        key, serial = number[SERIES], int(number[SERIAL])
        series[key] = max(series.get(key, 0), serial)
    inside, contract = set(numbers), tables.contract
    for key, last in sorted(series.items()):
        query = select(contract.c.number).where(contract.c.number > key, contract.c.number < key + "~")
        known = {
            int(number[SERIAL]): number
            for number in connection.execute(query.order_by(contract.c.number)).scalars()
        }
        absent = [
            known[serial] for serial in range(1, last + 1) if serial in known and known[serial] not in inside
        ]
        why = {one.number: one.words for one in standings(connection, on, absent)}
        for serial in range(1, last + 1):
            if serial not in known:
                yield Gap(f"{key}-{serial:06d}", "没有编过")
            elif known[serial] not in inside:
                yield Gap(known[serial], why.get(known[serial], "以后才安排"))
