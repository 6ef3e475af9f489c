"""Contracts in the catalogue: templates and layouts kept by content, contracts written, read in print order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.states import not_closed
from pipeline.fill import Content
from pipeline.layout import Layout, restore
from pipeline.plan import number_order
from pipeline.template import Template
from pipeline.toml_text import decode_manifest


@dataclass(frozen=True, slots=True)
class Printable:
    """A contract as it is printed: its frozen values and what the ledger says of it.

    A `blank` one was made without a party: its own values are empty, whoever has signed it since.
    """

    number: str
    template_sha256: str
    template: str
    group: int
    household: str
    responsible: str
    starts: date
    ends: date | None
    parties: tuple[tuple[str, str], ...]
    content: Content
    blank: bool = False


def keep_template(connection: Connection, template: Template) -> None:
    """Keep a template's version whole, if it is not kept already."""
    known = connection.execute(
        select(tables.template.c.sha256).where(tables.template.c.sha256 == template.sha256)
    ).first()
    if known is None:
        connection.execute(
            insert(tables.template).values(
                sha256=template.sha256,
                name=template.manifest.name,
                number=template.manifest.number,
                version=template.manifest.version,
                manifest=template.toml,
                docx=template.docx,
            )
        )


def kept_template(connection: Connection, sha256: str) -> Template:
    """A template's version as it was kept."""
    row = connection.execute(select(tables.template).where(tables.template.c.sha256 == sha256)).one()
    return Template(decode_manifest(row.manifest, row.name), row.manifest, row.docx, row.sha256)


def template_titles(connection: Connection) -> dict[str, str]:
    """The titles of all templates that contracts were planned with, by name; of the newest version."""
    template = tables.template
    rows = connection.execute(select(template.c.name, template.c.manifest).order_by(template.c.version))
    return {row.name: decode_manifest(row.manifest, row.name).title for row in rows}


def keep_layouts(connection: Connection, layouts: Sequence[Layout]) -> None:
    """Cache rendered layouts under their keys."""
    for layout in layouts:
        connection.execute(
            insert(tables.layout).prefix_with("OR IGNORE"),
            {
                "key": layout.key,
                "id": layout.id,
                "geometry": layout.geometry(),
                "background": layout.background,
            },
        )


def kept_layout(connection: Connection, key: str) -> Layout | None:
    """The layout cached under a key."""
    row = connection.execute(select(tables.layout).where(tables.layout.c.key == key)).first()
    return None if row is None else restore(row.geometry, row.background)


def layout_of_id(connection: Connection, layout_id: str) -> Layout | None:
    """The layout that page codes call so."""
    row = connection.execute(select(tables.layout).where(tables.layout.c.id == layout_id)).first()
    return None if row is None else restore(row.geometry, row.background)


def encode_content(content: Content) -> str:
    """A contract's frozen values as the catalogue holds them."""
    return msgspec.json.encode([content.fields, content.rows, content.clauses]).decode()


def printables(connection: Connection, campaign_id: int, village_code: str, on: date) -> list[Printable]:
    """The village's contracts of a campaign in printing order: group, household, template, party; blank ones last.

    Those void, ended or declined on that day are not among them.
    """
    contract, party = tables.contract, tables.party
    rows = connection.execute(
        select(contract, party.c.name, party.c.id_number)
        .join(party, party.c.contract == contract.c.number)
        .where(
            contract.c.campaign_id == campaign_id,
            contract.c.village_code == village_code,
            not_closed(on.isoformat()),
        )
        .order_by(contract.c.number, party.c.position)
    )
    found = [_printable(list(group)) for _, group in groupby(rows, key=lambda row: row.number)]
    return sorted(found, key=lambda one: print_order(one.blank, one.group, one.household, one.number))


def find_printable(connection: Connection, number: str) -> Printable:
    """A contract that is known, as it is printed."""
    contract, party = tables.contract, tables.party
    rows = connection.execute(
        select(contract, party.c.name, party.c.id_number)
        .join(party, party.c.contract == contract.c.number)
        .where(contract.c.number == number)
        .order_by(party.c.position)
    )
    return _printable(rows.all())


def print_order(
    blank: bool, group: int, household: str, number: str
) -> tuple[bool, int, tuple[int, str], str, str]:
    """Where a contract stands in its village: by group, household, template, party; blank ones last, by number."""
    place = (0, (0, "")) if blank else (group, number_order(household))
    return blank, *place, number[18:20], number


def content_of_contract(connection: Connection, number: str) -> Content:
    """A contract's frozen values."""
    contract = tables.contract
    return decoded_content(
        connection.execute(select(contract.c.content).where(contract.c.number == number)).scalar_one()
    )


def decoded_content(encoded: str) -> Content:
    """The values of `encode_content`."""
    fields, lists, clauses = msgspec.json.decode(
        encoded, type=tuple[dict[str, str], dict[str, list[dict[str, str]]], tuple[str, ...]]
    )
    return Content(fields, lists, clauses)


def _printable(rows: Sequence[Any]) -> Printable:
    row = rows[0]
    return Printable(
        number=row.number,
        template_sha256=row.template_sha256,
        template=row.template,
        group=row.group_no,
        household=row.household_number,
        responsible=row.responsible,
        starts=date.fromisoformat(row.starts),
        ends=None if row.ends is None else date.fromisoformat(row.ends),
        parties=tuple((one.name, one.id_number) for one in rows),
        content=decoded_content(row.content),
        blank=row.blank,
    )


def villages_of(connection: Connection, campaign_id: int) -> list[str]:
    """The villages a campaign has contracts in, by code."""
    contract = tables.contract
    found = select(contract.c.village_code).where(contract.c.campaign_id == campaign_id).distinct()
    return list(connection.execute(found.order_by(contract.c.village_code)).scalars())


@dataclass(frozen=True, slots=True)
class Printed:
    """A contract as it was printed: its number, its layout's id, its sheets."""

    number: str
    layout: str
    sheets: int


def mark_printed(connection: Connection, printed: Sequence[Printed], day: date) -> int:
    """Write the layout into the contracts, and the day into those that had none; how many that were."""
    contract = tables.contract
    which = contract.c.number == bindparam("which")
    first = update(contract).where(which, contract.c.printed_on.is_(None)).values(printed_on=day.isoformat())
    fresh = [one.number for one in printed if connection.execute(first, {"which": one.number}).rowcount]
    again = update(contract).where(which)
    again = again.values(layout=bindparam("with_layout"), sheets=bindparam("with_sheets"))
    rows = [{"which": one.number, "with_layout": one.layout, "with_sheets": one.sheets} for one in printed]
    if rows:
        connection.execute(again, rows)
    mark_changed(connection, fresh)
    return len(fresh)
