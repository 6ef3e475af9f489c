"""Contracts of a test's town, and some of them filed."""

import hashlib

from sqlalchemy import insert, select, update

from archive import journal
from archive.catalogue import tables
from archive.journal import Actor
from tests.web.conftest import DAY, Office

PDF = b"%PDF-1.7 a signed paper"
EVIL = "<script>alert(1)</script>"


def contracts_of(office: Office, village: str, template: str | None = None) -> list[str]:
    """The numbers of a village's contracts, in order."""
    contract = tables.contract
    query = select(contract.c.number).where(contract.c.village_code == village).order_by(contract.c.number)
    if template is not None:
        query = query.where(contract.c.template == template)
    with office.home.reading() as connection:
        return list(connection.execute(query).scalars())


def file_paper(office: Office, number: str, gaps: str = "", day: str = "2026-04-01") -> None:
    """File a signed paper of a contract, whole unless something is lacking."""
    with office.home.writing() as connection:
        blob = office.home.vault(connection).put(connection, [PDF], day)[0]
        row = {
            "contract": number,
            "version": 1,
            "filed_on": day,
            "user": "经办人甲",
            "blob": blob,
            "gaps": gaps,
        }
        row |= {"sheets": 2, "sha256": hashlib.sha256(PDF).hexdigest()}
        connection.execute(insert(tables.filing).values(row))
        journal.record(connection, Actor("经办人甲", DAY), "intake", "", {"filed": 1})


def rename_party(office: Office, number: str, name: str) -> None:
    """Have whoever signs a contract be called so."""
    party = tables.party
    with office.home.writing() as connection:
        connection.execute(
            update(party).where(party.c.contract == number, party.c.position == 0).values(name=name)
        )
        journal.record(connection, Actor("经办人甲", DAY), "plan", "", {})
