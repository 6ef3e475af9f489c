"""Who signed a blank contract: recorded after the fact, and corrected when it was wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, Row, func, select, update

from archive import journal
from archive.catalogue import tables
from archive.changes import mark_changed
from archive.journal import Actor
from archive.states import not_closed
from pipeline.blanks import NOBODY, blank_offer
from pipeline.contracts import kept_template
from pipeline.errors import BlankClosed, NotBlank, PartyTaken, SignerFaulty
from pipeline.manifest import Manifest, Range
from pipeline.people import MALE, Household, Person, age_on
from pipeline.responsibles import responsibles_of
from pipeline.roster.groups import read_household_number
from pipeline.roster.households import LONGEST_NUMBER
from pipeline.roster.identity import birth_of, read_identity, sex_of
from pipeline.roster.persons import LONGEST_NAME
from pipeline.roster.problems import quoted, quoted_id
from pipeline.roster.words import read_name

FAULTS = {
    "id_missing": "没有写",
    "id_precision_lost": "后几位已经丢失",
    "id_length": "位数不对，应是 18 位（旧号码 15 位）",
    "id_checksum": "校验码、出生日期或数字不对",
}


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who signs now, a couple's husband first, and what is to be said of their numbers."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


def assign(
    connection: Connection,
    number: str,
    written: Sequence[tuple[str, str]],
    group: int,
    household: str,
    actor: Actor,
) -> Assigned:
    """Record who signed a blank contract, as (name, identity number) of each.

    Again: a correction. Raises NotBlank, BlankClosed, SignerFaulty, PartyTaken.
    """
    contract, campaign = tables.contract, tables.campaign
    row = connection.execute(
        select(contract, campaign.c.date, not_closed(actor.today.isoformat()).label("alive"))
        .join(campaign, campaign.c.id == contract.c.campaign_id)
        .where(contract.c.number == number)
    ).one()
    if not row.blank:
        raise NotBlank(number=number)
    if not row.alive:
        raise BlankClosed(number=number)
    day, manifest = date.fromisoformat(row.date), kept_template(connection, row.template_sha256).manifest
    household = read_household_number(household)
    if len(household) > LONGEST_NUMBER:
        raise SignerFaulty(number=number, detail=f"户编号超过 {LONGEST_NUMBER} 个字，请核对。")
    if manifest.scope == "household" and not household:
        raise SignerFaulty(
            number=number, detail="这是按户签的合同，请用 --household 写户编号，有组的再加 --group。"
        )
    signers, notes = _signers(number, manifest, written)
    _check_ages(number, manifest, signers, day)
    home = Household(row.village_code, group, household, signers[0].name, "", ())
    key = blank_offer(manifest, home, signers, day).party_key
    _check_free(connection, row, key)
    before = [] if row.assigned_on is None else _of_party(connection, row.template, row.party_key)
    charge = responsibles_of(connection, row.village_code, day.year)
    connection.execute(
        update(contract)
        .where(contract.c.number == number)
        .values(
            party_key=key,
            group_no=group,
            household_number=household,
            responsible=charge.nearest(home),
            assigned_on=func.coalesce(contract.c.assigned_on, actor.today.isoformat()),
        )
    )
    party = tables.party
    for position, person in enumerate(signers):
        connection.execute(
            update(party)
            .where(party.c.contract == number, party.c.position == position)
            .values(name=person.name, id_number=person.id_number)
        )
    mark_changed(connection, dict.fromkeys([number, *before]))
    journal.record(connection, actor, "blank_assign", number, {"again": row.assigned_on is not None})
    return Assigned(tuple(person.name for person in signers), notes)


def _signers(
    number: str, manifest: Manifest, written: Sequence[tuple[str, str]]
) -> tuple[list[Person], tuple[str, ...]]:
    """Who signs, a couple's husband first, and which numbers of old were upgraded."""
    wanted = 2 if manifest.scope == "couple" else 1
    if len(written) != wanted:
        detail = (
            "这是夫妻两人签的合同，请加 --spouse-name 和 --spouse-id-number。"
            if wanted == 2
            else "这不是夫妻两人签的合同，请去掉 --spouse-name 和 --spouse-id-number。"
        )
        raise SignerFaulty(number=number, detail=detail)
    found: list[Person] = []
    said: list[str] = []
    for name_written, id_written in written:
        name, identity = read_name(name_written), read_identity(id_written)
        if not name or len(name) > LONGEST_NAME or any(map(str.isdigit, name)):
            raise SignerFaulty(number=number, detail=f"“{quoted(name_written)}”不像姓名，请照证件写姓名。")
        if not identity.sound:
            detail = (
                f"{name}的公民身份号码“{quoted_id(identity.number)}”{FAULTS[identity.code]}，请按证件核对。"
            )
            raise SignerFaulty(number=number, detail=detail)
        if identity.written:
            said.append(
                f"{name}的 15 位旧号码已升为 18 位（{quoted_id(identity.number)}），请按现在的证件核对。"
            )
        found.append(replace(NOBODY, name=name, id_number=identity.number))
    found.sort(key=lambda person: sex_of(person.id_number) != MALE)
    if wanted == 2 and sex_of(found[0].id_number) == sex_of(found[1].id_number):
        raise SignerFaulty(
            number=number, detail="两个公民身份号码表示的是同一性别，不是夫妻两人的，请按证件核对。"
        )
    return found, tuple(said)


def _check_ages(number: str, manifest: Manifest, signers: Sequence[Person], day: date) -> None:
    """Raise SignerFaulty for who is younger on the campaign's date than the template allows."""
    rules = ("husband_age", "wife_age") if manifest.scope == "couple" else ("age",)
    for rule, person in zip(rules, signers, strict=True):
        wanted, age = manifest.who.get(rule), age_on(birth_of(person.id_number), day)
        if isinstance(wanted, Range) and wanted.min is not None and age < wanted.min:
            detail = (
                f"{person.name}在批次日期（{day}）只有 {age} 周岁，《{manifest.title}》要满 {wanted.min} 周岁。"
                f"号码没有写错的，这一份不能算数，请用 huyue close {number} --as void 作废。"
            )
            raise SignerFaulty(number=number, detail=detail)


def _check_free(connection: Connection, row: Row[tuple[object, ...]], key: str) -> None:
    """Raise PartyTaken where the party has another contract of the template in the campaign."""
    contract = tables.contract
    other = connection.execute(
        select(contract.c.number).where(
            contract.c.campaign_id == row.campaign_id,
            contract.c.template == row.template,
            contract.c.party_key == key,
            contract.c.number != row.number,
        )
    ).scalar()
    if other is not None:
        raise PartyTaken(other=other)


def _of_party(connection: Connection, template: str, key: str) -> Sequence[str]:
    """The contracts of a template that a party has, in every campaign: their states may hang together."""
    contract = tables.contract
    found = select(contract.c.number).where(contract.c.party_key == key, contract.c.template == template)
    return connection.execute(found).scalars().all()
