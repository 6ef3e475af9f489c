"""Persons, households and papers filed by hand: what is shown of them to whom, and their files."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from archive.catalogue import tables
from archive.journal import Actor
from archive.papers import Description, Kind, NewFile, PaperFiler
from tests.web.conftest import DAY, Office
from tests.web.filed import EVIL, PDF, contracts_of, file_paper, rename_party

BYTES = b"<html><script>alert(1)</script></html>"


def identity_of(office: Office, number: str) -> str:
    party = tables.party
    with office.home.reading() as connection:
        query = select(party.c.id_number).where(party.c.contract == number, party.c.position == 0)
        return str(connection.execute(query).scalar_one())


def give_identity(office: Office, number: str, identity: str) -> None:
    party = tables.party
    with office.home.writing() as connection:
        mine = party.c.contract == number, party.c.position == 0
        connection.execute(update(party).where(*mine).values(id_number=identity))


@pytest.fixture
def paper(office: Office, villages: list[str], tmp_path: Path) -> int:
    """A paper filed by hand for the first household of the first village, with a file that is not what it says."""
    number = contracts_of(office, villages[0])[0]
    contract = tables.contract
    path = tmp_path / "旧合同.pdf"
    path.write_bytes(BYTES)
    with office.home.writing() as connection:
        query = select(contract.c.group_no, contract.c.household_number).where(contract.c.number == number)
        group, household = connection.execute(query).one()
        filer = PaperFiler(connection, office.home.vault(connection), Actor("经办人甲", DAY))
        about = Description(
            Kind.CONTRACT,
            f"计划生育合同{EVIL}",
            villages[0],
            group_no=group or None,
            household_number=household,
        )
        file = NewFile(
            path, f"甲/{EVIL}旧.pdf", hashlib.sha256(BYTES).hexdigest(), "application/pdf", len(BYTES), 1
        )
        made = filer.file(about, "", [file])
        filer.record("paper_add", f"paper:{made}", {})
    return made


def test_a_persons_page_has_all_their_papers_within_limits(office: Office, villages: list[str]) -> None:
    mine, others = contracts_of(office, villages[0]), contracts_of(office, villages[1])
    identity = identity_of(office, mine[0])
    give_identity(office, others[0], identity)
    path = f"/people?contract={mine[0]}&position=0"
    assert others[0] in office.browser("检查甲").get(path).text
    shown = office.browser("经办人甲").get(path).text
    assert mine[0] in shown and others[0] not in shown
    assert identity not in shown and identity[:6] in shown
    clerk = office.browser("经办人甲")
    for wrong in (f"/people?contract={others[0]}", f"/people?contract={mine[0]}&position=7", "/people"):
        assert clerk.get(wrong).status == 404
    assert clerk.get(f"/people?contract={identity}").status == 404


def test_declined_and_void_contracts_are_in_no_list_of_a_person(office: Office, villages: list[str]) -> None:
    number = contracts_of(office, villages[0])[0]
    path = f"/people?contract={number}&position=0"
    browser = office.browser("管理员甲")
    assert f'href="/contracts/{number}"' in browser.get(path).text
    row = {"contract": number, "kind": "declined", "day": "2026-04-01", "recorded_on": "2026-04-01"}
    with office.home.writing() as connection:
        columns = {column.name for column in tables.closing.columns}
        more = {"reason": "", "user": "x"}
        connection.execute(
            tables.closing.insert().values(row | {k: v for k, v in more.items() if k in columns})
        )
    assert f'href="/contracts/{number}"' not in browser.get(path).text


def test_a_dossier_is_of_what_may_be_seen_and_its_reason_is_journalled(
    office: Office, villages: list[str], work_done: Callable[[], None]
) -> None:
    mine, others = contracts_of(office, villages[0])[0], contracts_of(office, villages[1])[0]
    give_identity(office, others, identity_of(office, mine))
    clerk, sent = office.browser("经办人甲"), {"contract": mine, "position": "0", "reason": "本人来要复印件"}
    assert clerk.post("/people/dossier", sent).status == 422  # nothing is filed yet
    file_paper(office, mine)
    file_paper(office, others)
    assert clerk.post("/people/dossier", sent | {"reason": "要"}).status == 422
    assert clerk.post("/people/dossier", sent | {"contract": others}).status == 404
    assert office.browser("检查甲").post("/people/dossier", sent).status == 403
    answer = clerk.post("/people/dossier", sent)
    assert answer.status == 303
    work_done()
    job = clerk.get(answer.headers["location"]).text
    assert f"{mine}.pdf" in job and f"{others}.pdf" not in job
    with office.home.reading() as connection:
        entry = tables.journal
        query = select(entry.c.detail).where(entry.c.action == "dossier", entry.c.subject == mine)
        assert "本人来要复印件" in connection.execute(query).scalar_one()


def test_a_household_s_dossier_is_of_that_household(
    office: Office, villages: list[str], work_done: Callable[[], None]
) -> None:
    contract, numbers = tables.contract, contracts_of(office, villages[0])
    with office.home.reading() as connection:
        query = select(contract.c.number, contract.c.group_no, contract.c.household_number)
        home = {number: (group, own) for number, group, own in connection.execute(query)}
    of_one = next(
        found for one in numbers if len(found := [each for each in numbers if home[each] == home[one]]) > 1
    )
    theirs, neighbour = of_one[:2], next(one for one in numbers if home[one] != home[of_one[0]])
    others = contracts_of(office, villages[1])[0]
    with office.home.writing() as connection:  # the same numbers in another village: not the same household
        group, own = home[theirs[0]]
        there = update(contract).where(contract.c.number == others)
        connection.execute(there.values(group_no=group, household_number=own))
    clerk, sent = office.browser("经办人甲"), {"contract": theirs[0], "reason": "户主来要复印件"}
    assert "导出一户档案" not in clerk.get(f"/people?contract={theirs[0]}").text
    assert clerk.post("/people/dossier", sent).status == 422  # nothing is filed yet
    for one in (*theirs, neighbour, others):
        file_paper(office, one)
    assert "导出一户档案" in clerk.get(f"/people?contract={theirs[0]}").text
    assert office.browser("检查甲").post("/people/dossier", sent).status == 403
    assert "导出一户档案" not in office.browser("检查甲").get(f"/people?contract={theirs[0]}").text
    assert clerk.post("/people/dossier", sent | {"contract": others}).status == 404
    answer = clerk.post("/people/dossier", sent)
    assert answer.status == 303
    work_done()
    job = clerk.get(answer.headers["location"]).text
    assert all(f"{one}.pdf" in job for one in theirs)
    assert f"{neighbour}.pdf" not in job and f"{others}.pdf" not in job
    with office.home.reading() as connection:
        entry = tables.journal
        query = select(entry.c.detail).where(entry.c.action == "dossier", entry.c.subject == theirs[0])
        assert "户主来要复印件" in connection.execute(query).scalar_one()


def test_a_paper_filed_by_hand_is_shown_and_its_file_only_kept(
    office: Office, villages: list[str], paper: int
) -> None:
    clerk, number = office.browser("经办人甲"), contracts_of(office, villages[0])[0]
    household = clerk.get(f"/people?contract={number}").text
    assert f'href="/papers/{paper}"' in household and EVIL not in household
    shown = clerk.get(f"/papers/{paper}").text
    assert "计划生育合同&lt;script&gt;" in shown and EVIL not in shown
    file = clerk.get(f"/papers/{paper}/files/0")
    assert file.content == BYTES
    assert file.headers["content-disposition"].startswith("attachment;")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert clerk.get(f"/papers/{paper}/files/1").status == 404
    other = office.browser("经办人乙")
    for path in (f"/papers/{paper}", f"/papers/{paper}/files/0", "/papers/999", "/papers/x"):
        assert other.get(path).status == 404


def test_a_name_is_text(office: Office, villages: list[str]) -> None:
    number = contracts_of(office, villages[0])[0]
    rename_party(office, number, EVIL)
    for path in (f"/people?contract={number}", f"/people?contract={number}&position=0"):
        assert EVIL not in office.browser("检查甲").get(path).text
    assert PDF
