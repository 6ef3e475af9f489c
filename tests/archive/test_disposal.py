"""Disposals: nothing goes that is not due and approved by a second person, and what goes is really gone."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import insert, select, update

from archive import destruction, journal, keys
from archive.audit.classes import Class
from archive.audit.findings import audit
from archive.audit.notes import EXPLAINED, note
from archive.catalogue import audit_tables, shelf_tables, tables
from archive.destruction import carry_out
from archive.disposal import APPROVED, decide, find_disposal, propose
from archive.errors import BlobDestroyed, SamePerson
from archive.home import Home, open_home
from archive.index.query import parse
from archive.papers import Kind, find_paper, paper_versions, words_of
from archive.rekey import change_key
from archive.search import Names, search
from archive.states import not_closed, standing_of
from archive.vault import DESTROYED
from tests.archive.papers import (
    DAY,
    ORIGINAL,
    B,
    actor,
    blob_of,
    blobs_of,
    call,
    copied,
    head_of,
    look_over,
    made_archive,
    put,
)
from tests.archive.test_archival_numbers import correct_paper, file_paper
from tests.archive.test_states import A
from tests.conftest import FULL, Answer, index_files

DUE = "2038-01-01"  # of both contracts
PROPOSER, APPROVER = "经办人甲", "所长乙"
Run = Callable[..., Answer]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Contracts A and B of one scanned pile, and a page of A that was in review and rejected."""
    home = made_archive(tmp_path_factory.mktemp("销毁"))
    page = tables.scan_page
    with home.writing() as connection:
        for number, pages in ((A, (1, 2)), (B, (3,))):
            of = update(page).where(page.c.id.in_(pages))
            connection.execute(of.values(contract=number, sheet=1))
        connection.execute(update(page).where(page.c.id > 3).values(outcome="blank"))
        connection.execute(update(page).where(page.c.id == 4).values(outcome="review", contract=A))
        (blob,) = home.vault(connection).put(connection, [b"a page in review"], DAY)
        seen = {"page_id": 4, "reason": "conflict", "blob": blob, "contract": A, "sheet": 1}
        connection.execute(insert(tables.review).values(seen | {"decision": "rejected", "decided_on": DAY}))
    return home


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return copied(made, tmp_path)


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str | Path, today: str = DUE, home: Home = home) -> Answer:
        return call(monkeypatch, "--json", "--home", home.folder, *arguments, today=today)

    return run


def approved(home: Home, *contracts: str, papers: tuple[int, ...] = (), on: str = DUE) -> int:
    """A disposal of these, proposed and approved."""
    with home.writing() as connection:
        made = propose(connection, date.fromisoformat(on), contracts, papers, "保管期满", actor(on))
        decide(connection, made.id, APPROVED, "", replace(actor(on), user=APPROVER))
    return made.id


def destroyed(home: Home, *contracts: str, papers: tuple[int, ...] = ()) -> int:
    """A disposal of these that was carried out."""
    number = approved(home, *contracts, papers=papers)
    assert carry_out(home, number, actor(DUE)).overwritten
    return number


def found_by(home: Home, typed: str) -> list[str]:
    found = search(home, parse(typed), typed, Names({}, {}), date.fromisoformat(DUE), 0, 10)
    return [hit.standing.number for hit in found.hits if hit.standing is not None]


def pages_of(home: Home) -> bytes:
    """Every page of the catalogue's file, decrypted: what was deleted and not overwritten, too.

    SQLCipher 4 with a raw key: AES-256-CBC under that key, the nonce in the last 80 bytes of a page's 4096.
    """
    assert {path.name for path in home.folder.glob("catalogue.db*")} == {"catalogue.db"}, "no log is left"
    data, plain = home.catalogue.read_bytes(), []
    for at in range(0, len(data), 4096):
        page = data[at : at + 4096]
        body, nonce = page[16 if at == 0 else 0 : 4016], page[4016:4032]
        decryptor = Cipher(algorithms.AES256(home.key), modes.CBC(nonce)).decryptor()
        plain.append(decryptor.update(body))
    return b"".join(plain)


def test_it_takes_two_people_and_what_went_is_gone_and_the_record_stays(
    home: Home, run: Run, tmp_path: Path
) -> None:
    proposed = run("dispose", "propose", A, "--reason", "保管期满，无保存价值")
    assert (proposed.status, proposed.json) == (0, {"id": 1, "items": 1, "elsewhere": 0})
    assert run("dispose", "carry-out", "1", "--yes").json["error"]["code"] == "disposal_not_approved"
    assert run("dispose", "approve", "1").json["error"]["code"] == "same_person"
    assert run("--user", APPROVER, "dispose", "approve", "1").status == 0
    listed = run("dispose", "show", "1").json["list"]
    contents, wrapped = blobs_of(home), wrapped_keys(home)
    filing, entry = filings_of(home), list(wrapped)
    done = run("--user", "监销人丙", "dispose", "carry-out", "1", "--yes")
    assert done.status == 0, done.out
    counted = done.json["counted"]
    assert counted | {"bytes": 0} == {
        "contracts": 1, "papers": 0, "filings": 2, "reviews": 1, "originals": 1, "blobs": 4, "bytes": 0, "shared": 0,
    }  # fmt: skip
    left = {blob_of(home, B).name}
    gone = contents.keys() - left
    assert counted["bytes"] == sum(len(contents[name]) for name in gone)
    with home.reading() as connection:
        vault = home.vault(connection)
        assert vault.get(connection, *left) == contents[next(iter(left))]
        for name in gone:
            with pytest.raises(BlobDestroyed):
                vault.get(connection, name)
        assert {path.name for path in vault.files()} == left and not vault.pending()
        assert vault.archive and {name for name in entry if name not in left} == gone
        assert journal.broken_at(connection) is None and journal.unvouched(connection) == []
    assert filings_of(home) == filing, "what was filed when, by whom and with which hash stays known"
    assert look_over(home).findings == []
    verified = run("verify")
    assert (verified.status, verified.json["blobs"], verified.json["never_checked"]) == (0, 1, 0)
    again = run("dispose", "show", "1").json
    hashes = again["list"][0].pop("destroyed")
    assert listed[0].pop("destroyed") == {} and again["list"] == listed
    assert hashes["filings"] == [sha256 for number, sha256 in filing if number == A]
    assert len(hashes["originals"]) == len(hashes["reviews"]) == 1
    assert [again[key] for key in ("proposed_by", "decided_by", "destroyed_on")] == [PROPOSER, APPROVER, DUE]
    assert run("dispose", "carry-out", "1").json["counted"] == counted, "again, nothing more happens"


def wrapped_keys(home: Home) -> dict[str, bytes]:
    with home.reading() as connection:
        table = tables.blob
        return {row.name: row.wrapped for row in connection.execute(select(table.c.name, table.c.wrapped))}


def filings_of(home: Home) -> list[tuple[str, str]]:
    filing = tables.filing
    with home.reading() as connection:
        rows = connection.execute(select(filing.c.contract, filing.c.sha256).order_by(filing.c.id))
        return [(row.contract, row.sha256) for row in rows]


def say_of(home: Home, contract: str, said: str) -> None:
    """Something is said of a finding of a contract, and of it in a spot check."""
    with home.writing() as connection:
        note(connection, [(contract, Class.UNSIGNED)], EXPLAINED, said, None, actor(DAY))
        for table, row in (
            (tables.layout, {"key": "list", "id": "LIST", "geometry": b"", "background": b""}),
            (
                shelf_tables.tick_list,
                {"id": "LIST", "kind": "spot", "title": "抽查表", "made_on": DAY, "user": "甲", "pages": 1},
            ),
            (
                audit_tables.spot_check,
                {
                    "id": 1,
                    "day": DAY,
                    "drawn_on": DAY,
                    "user": "甲",
                    "seed": "S",
                    "drawn": "{}",
                    "list_id": "LIST",
                },
            ),
            (
                audit_tables.spot_item,
                {"spot_id": 1, "position": 1, "contract": contract, "strata": "[]", "within": 1},
            ),
            (
                audit_tables.spot_result,
                {
                    "spot_id": 1,
                    "position": 1,
                    "result": "differs",
                    "note": said,
                    "how": "by_hand",
                    "user": "甲",
                    "recorded_on": DAY,
                },
            ),
        ):
            connection.execute(insert(table).values(row))


def test_no_name_content_or_key_is_left_in_any_page_of_the_catalogue(home: Home) -> None:
    say_of(home, A, "覃小明在外地")
    number = approved(home, A)
    assert found_by(home, "覃小明") == [A]
    index = index_files(home)
    keys_before = {name: one for name, one in wrapped_keys(home).items() if name != blob_of(home, B).name}
    with home.reading():
        pass
    before = pages_of(home)
    assert "覃小明".encode() in before and all(one in before for one in keys_before.values())
    assert carry_out(home, number, actor(DUE)).overwritten
    after = pages_of(home)
    assert "覃小明".encode() not in after
    assert not [name for name, one in keys_before.items() if one in after or one[-40:] in after]
    assert "韦桂莲".encode() in after and A.encode() in after, "the other contract, and the record"
    assert index and not [path for path in index if path.exists()], "and none of the index's old files"


def test_what_is_left_of_a_contract_is_no_persons(home: Home) -> None:
    destroyed(home, A)
    with home.reading() as connection:
        contract = connection.execute(select(tables.contract).where(tables.contract.c.number == A)).one()
        party = tables.party
        assert connection.execute(select(party).where(party.c.contract == A)).all() == []
        assert connection.execute(select(party).where(party.c.contract == B)).all() != []
        assert (contract.content, contract.group_no, contract.household_number) == ("[{},{},[]]", 0, "")
        assert (contract.responsible, contract.party_key, contract.layout) == ("", f"destroyed/{A}", None)
        assert (contract.village_code, contract.starts, contract.ends) == (A[:12], "2026-03-01", "2027-02-28")


def test_a_destroyed_contract_is_ended_in_no_finding_and_not_taken_in_again(
    home: Home, run: Run, tmp_path: Path
) -> None:
    destroyed(home, A)
    on, before = date.fromisoformat(DUE), date(2037, 12, 31)
    with home.reading() as connection:
        then, now = standing_of(connection, A, before), standing_of(connection, A, on)
        assert then is not None and now is not None
        assert (str(then.state), then.destroyed_on) == ("expired", None)
        assert (str(now.state), now.destroyed_on, now.party, now.words) == (
            "ended",
            on,
            "",
            f"已终止，{DUE} 已销毁",
        )
        assert A not in audit(connection, on).findings["number"]
        assert B in audit(connection, on).findings["number"]
        number = tables.contract.c.number
        open_ones = select(number).where(not_closed(DUE))
        assert list(connection.execute(open_ones).scalars()) == [B]
    assert [one["contract"] for one in run("retention").json["contracts"]] == [B]
    assert found_by(home, "覃小明") == [] and found_by(home, "韦桂莲") == [B]
    assert run("search", A).json["hits"][0]["state"] == "ended"
    only_b = run("export", "--out", tmp_path / "包")
    assert only_b.json["papers"] == 1
    assert [(gap["contract"], gap["why"]) for gap in only_b.json["gaps"]] == [(A, f"已终止，{DUE} 已销毁")]
    assert run("export", A, "--out", tmp_path / "无").status == 3
    assert run("journal", "proof", A, "--out", tmp_path / "证明.json").status == 0
    again = run("dispose", "propose", A, "--reason", "再一次")
    assert (again.status, again.json["error"]["code"]) == (2, "not_due")
    assert "已经销毁" in again.json["error"]["message"]


def test_what_is_not_due_is_refused_with_the_day_when_it_is(home: Home, run: Run) -> None:
    early = run("dispose", "propose", A, B, "--reason", "早了", today="2037-12-31")
    assert (early.status, early.json["error"]["code"]) == (2, "not_due")
    assert early.json["error"]["message"].count(f"{DUE} 才保管期满") == 2
    assert (
        run("dispose", "propose", "--reason", "早了", today="2037-12-31").json["error"]["code"]
        == "nothing_due"
    )
    assert run("dispose", "list").json == {"disposals": []}
    planned = run("dispose", "propose", A, "--on", DUE, "--reason", "先报", today="2037-12-01")
    assert planned.status == 0
    assert run("--user", APPROVER, "dispose", "approve", "1", today="2037-12-02").status == 0
    with home.writing() as connection:
        before = connection.execute(select(tables.blob)).all()
    too_soon = run("dispose", "carry-out", "1", "--yes", today="2037-12-31")
    assert too_soon.json["error"]["code"] == "no_longer_due" and A in too_soon.json["error"]["message"]
    with home.reading() as connection:
        assert connection.execute(select(tables.blob)).all() == before
    taken = run("dispose", "propose", A, "--reason", "又一次")
    assert "已经在第 1 号销毁清册里" in taken.json["error"]["message"]
    rest = run("dispose", "propose", "--reason", "其余的")
    assert rest.json == {"id": 2, "items": 1, "elsewhere": 1} and "另有 1 件" in rest.err
    none = run("dispose", "propose", "--reason", "没有了")
    assert none.json["error"]["code"] == "nothing_due"


@pytest.mark.parametrize("same", [PROPOSER, " 经办人甲 ", "经办人　甲", "经办人 甲\u200a"])
@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_the_proposer_is_the_same_person_however_the_name_is_typed(
    home: Home, same: str, decision: str
) -> None:
    with home.writing() as connection:
        number = propose(connection, date.fromisoformat(DUE), [A], [], "保管期满", actor(DUE)).id
        with pytest.raises(SamePerson):
            decide(connection, number, decision, "", replace(actor(DUE), user=same))
        assert find_disposal(connection, number).decision == ""


def test_what_is_refused_is_kept_and_can_be_proposed_again(home: Home, run: Run) -> None:
    run("dispose", "propose", "--reason", "保管期满，本人 110105194912310 02X 来问过")
    with home.reading() as connection:
        kept = connection.execute(select(shelf_tables.disposal.c.reason)).scalar_one()
    assert kept == "保管期满，本人 *** 来问过", "a disposal stays for ever"
    assert run("dispose", "list").status == 1, "it waits for somebody"
    other = ("--user", APPROVER, "dispose")
    assert run(*other, "refuse", "1", "--reason", "还有查考价值 11010519491231002X").status == 0
    shown = run("dispose", "show", "1").json
    assert (shown["decision"], shown["refused"], shown["counted"]) == ("refused", "还有查考价值 ***", {})
    assert run("dispose", "list").status == 0
    for command in (("approve", "1"), ("refuse", "1", "--reason", "再")):
        assert run(*other, *command).json["error"]["code"] == "disposal_decided"
    assert run(*other, "carry-out", "1", "--yes").json["error"]["code"] == "disposal_not_approved"
    assert run("dispose", "propose", "--reason", "再提").json["items"] == 2
    assert run(*other, "approve", "2").status == 0
    assert run(*other, "refuse", "2", "--reason", "批早了").status == 0, "before it is destroyed"
    assert run("dispose", "show", "9").json["error"]["code"] == "disposal_unknown"
    assert look_over(home).findings == []


def test_nobody_who_does_not_say_yes_destroys_anything(
    home: Home, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(home, A)
    for typed in ("n\n", "\n", ""):
        stdin = home.folder.with_name("typed")
        stdin.write_text(typed)
        with stdin.open() as keyboard, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", keyboard)
            answer = run("dispose", "carry-out", "1")
        assert answer.status in (0, 130)
        with home.reading() as connection:
            assert find_disposal(connection, 1).destroyed_on == ""
    assert look_over(home).findings == []


def set_page(home: Home, page: int, outcome: str, decision: str | None = None) -> None:
    with home.writing() as connection:
        connection.execute(
            update(tables.scan_page).where(tables.scan_page.c.id == page).values(outcome=outcome)
        )
        if decision is not None:
            (blob,) = home.vault(connection).put(connection, [b"another page"], DAY)
            row = {"page_id": page, "reason": "foreign", "blob": blob, "decision": decision}
            connection.execute(insert(tables.review).values(row))


def test_a_pile_with_a_page_that_nobody_has_decided_on_is_not_destroyed(home: Home, run: Run) -> None:
    number = approved(home, A)
    set_page(home, 6, "review", "")
    set_page(home, 7, "quarantined")
    answer = run("dispose", "carry-out", str(number), "--yes")
    assert (answer.status, answer.json["error"]["code"]) == (2, "pages_waiting")
    assert "一.pdf 第 6 页（待核第 2 号）" in answer.json["error"]["message"]
    assert "一.pdf 第 7 页（坏页）" in answer.json["error"]["message"]
    assert look_over(home).findings == []
    assert run("dispose", "carry-out", str(number), "--yes", "--with-quarantined").status == 2
    with home.writing() as connection:
        connection.execute(update(tables.review).values(decision="rejected"))
    assert run("dispose", "carry-out", str(number), "--yes").status == 2
    assert run("dispose", "carry-out", str(number), "--yes", "--with-quarantined").status == 0
    with home.reading() as connection:
        other = connection.execute(
            select(tables.review.c.blob).where(tables.review.c.page_id == 6)
        ).scalar_one()
        assert home.vault(connection).get(connection, other) == b"another page", "it is no page of A"


def test_a_page_that_was_assigned_to_another_contract_is_that_ones(home: Home) -> None:
    with home.writing() as connection:
        connection.execute(update(tables.review).values(decision="assigned", assigned=B, assigned_sheet=1))
    destroyed(home, A)
    with home.reading() as connection:
        (blob,) = connection.execute(select(tables.review.c.blob)).scalars()
        assert home.vault(connection).get(connection, blob) == b"a page in review"
    number = destroyed(home, B)
    assert blobs_left(home) == []
    with home.reading() as connection:
        counted = find_disposal(connection, number).counted
    assert [counted.get(kind) for kind in ("filings", "reviews", "originals")] == [1, 1, None], "gone already"


def blobs_left(home: Home) -> list[str]:
    with home.reading() as connection:
        return [path.name for path in home.vault(connection).files()]


def test_a_paper_filed_by_hand_goes_with_all_its_versions(home: Home, run: Run) -> None:
    named = {"party": "韦桂莲", "responsible": "莫秋月", "household_number": "7", "group_no": 3}
    number = file_paper(home, "2020-01-01", b"old", day="2009-02", retention="D10", **named)
    correct_paper(home, "2026-05-01", number, title="旧合同一份（2009 年）")
    other = file_paper(home, "2020-01-01", b"for ever", retention="Y", party="韦桂莲")
    due = run("retention", "--on", "2037-01-01").json["papers"]
    assert [(one["paper"], one["done_on"], one["due"]) for one in due] == [
        (number, "2026-05-01", "2037-01-01")
    ]
    assert run("dispose", "propose", "--paper", "2", "--reason", "期满").json["error"]["code"] == "not_due"
    disposal = destroyed(home, papers=(number,))
    shown = run("dispose", "show", str(disposal)).json
    hashes = shown["list"][0].pop("destroyed")
    assert shown["list"][0] == {
        "place": 1, "contract": None, "paper": 1, "archival_number": "", "title": "旧合同一份（2009 年）",
        "division": A[:12], "starts": "2009-02", "ends": "", "sheets": 3, "retention": "D10",
        "done_on": "2026-05-01", "due": "2037-01-01",
    }  # fmt: skip
    with home.reading() as connection:
        files = shelf_tables.paper_file
        kept = list(connection.execute(select(files.c.name, files.c.sha256).order_by(files.c.paper_id)))
        assert [row.name for row in kept] == ["", "", "一份.pdf"]
        assert hashes == {"files": [row.sha256 for row in kept[:2]]}
        for one in paper_versions(connection, number):
            assert words_of(connection, one) == one.reason == ""
            about = one.about
            assert (about.party, about.responsible, about.household_number, about.group_no) == (
                "",
                "",
                "",
                None,
            )
        assert find_paper(connection, other).about.party == "韦桂莲"
    assert b"for ever" in blobs_of_living(home) and b"old" not in blobs_of_living(home)
    assert run("retention", "--on", "2199-01-01").json["papers"] == []
    assert look_over(home).findings == []


def blobs_of_living(home: Home) -> list[bytes]:
    table = tables.blob
    with home.reading() as connection:
        names = connection.execute(select(table.c.name).where(table.c.destroyed_on.is_(None))).scalars().all()
        return [home.vault(connection).get(connection, name) for name in names]


def test_an_attachment_is_not_due_before_its_contract(home: Home, run: Run) -> None:
    file_paper(home, "2026-04-01", kind=Kind.ATTACHMENT, contract=A, retention="D10", day="2026")
    assert run("retention", "--on", "2037-06-01").json["papers"] == []
    assert [one["due"] for one in run("retention").json["papers"]] == [DUE]
    with home.writing() as connection:
        connection.execute(update(tables.contract).where(tables.contract.c.number == A).values(ends=None))
    assert run("retention", "--on", "2199-01-01").json["papers"] == []


def test_what_something_else_holds_as_well_by_the_same_content_stays(home: Home, run: Run) -> None:
    file_paper(home, DAY, ORIGINAL, retention="Y")
    number = approved(home, A)
    answer = run("dispose", "carry-out", str(number), "--yes")
    assert (answer.json["counted"]["shared"], answer.json["counted"]["blobs"]) == (1, 3)
    assert ORIGINAL in blobs_of_living(home)
    assert look_over(home).findings == []
    with home.writing() as connection:  # and what is filed again lives again
        vault = home.vault(connection)
        gone = (
            connection.execute(select(tables.blob.c.name).where(tables.blob.c.wrapped == DESTROYED))
            .scalars()
            .all()
        )
        assert len(gone) == 3
        (again,) = vault.put(connection, [b"a page in review"], DUE)
        assert again in gone and vault.get(connection, again) == b"a page in review"
    assert look_over(home).findings == []
    with home.writing() as connection:
        assert home.vault(connection).get(connection, again) == b"a page in review"


def test_the_key_can_be_changed_afterwards(home: Home) -> None:
    destroyed(home, A)
    key = bytes(range(32))
    changed = change_key(home, key, keys.written(key), actor(DUE), lambda _: None)
    assert look_over(changed).findings == []
    assert wrapped_keys(changed)[blobs_left(changed)[0]] != DESTROYED
    assert list(wrapped_keys(changed).values()).count(DESTROYED) == 4


def test_another_command_that_has_the_catalogue_open_is_said_and_again_finishes(home: Home, run: Run) -> None:
    number = approved(home, A)
    with home.reading() as connection:
        connection.execute(select(tables.party)).all()
        answer = run("dispose", "carry-out", str(number), "--yes")
    assert (answer.status, answer.json["destroyed_on"]) == (1, DUE)
    assert f"再运行 huyue dispose carry-out {number}" in answer.err
    assert run("dispose", "carry-out", str(number)).status == 0
    assert "覃小明".encode() not in pages_of(home)


def test_the_list_on_paper_has_no_formula_and_room_for_everybody(
    home: Home, run: Run, tmp_path: Path
) -> None:
    evil = '=HYPERLINK("http://x","y")'
    file_paper(home, "2020-01-01", retention="D10", title=evil)
    run("dispose", "propose", "--reason", "+保管期满")
    path = tmp_path / "清册.xlsx"
    assert run("dispose", "show", "1", "--xlsx", path).status == 0
    book = openpyxl.load_workbook(path)
    rows = list(book["清册"].values)
    assert "第 1 号档案销毁清册（3 件，6 页）" in str(rows[0][0])
    assert [row[2] for row in rows[2:]] == [A, B, "手工归档第 1 件"]
    assert rows[2][5:11] == ("2026-03-01", "2027-02-28", 2, "10年", "2027-02-28", DUE)
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert rows[4][3] == evil
    form = {row[0]: row[1] for row in book["审批"].iter_rows(min_row=3, values_only=True)}
    assert form["鉴定意见"] == "+保管期满" and form["提出人、提出日期"] == f"{PROPOSER}　{DUE}"
    assert {"鉴定人（签名）", "批准人（签名、盖章）", "监销人（签名）", "批准日期", "监销日期"} <= form.keys()
    assert "覃小明" not in str(rows), "a list that is kept for ever names nobody"
    assert run("dispose", "show", "1", "--xlsx", path).json["error"]["code"] == "file_exists"


# The process kills itself where the system is about to open, remove or rename something of the archive for the n-th time.
KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from archive.destruction import carry_out
from archive.home import open_home
from archive.journal import Actor
home, number, left = open_home(Path(sys.argv[1]), None), *map(int, sys.argv[2:])
def hook(name, arguments):
    global left
    if name in ("open", "os.remove", "os.rmdir", "os.rename", "sqlite3.connect") and str(home.folder) in str(arguments[0]):
        left -= 1
        left or os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
carry_out(home, number, Actor("丙", date(2038, 1, 1)))
print(-left)
"""


def killed_at(home: Home, number: int, moment: int) -> subprocess.CompletedProcess[bytes]:
    arguments = [sys.executable, "-c", KILLED, str(home.folder), str(number), str(moment)]
    return subprocess.run(arguments, cwd=Path(__file__).parents[2], capture_output=True)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have SIGKILL")
def test_killed_at_any_moment_all_is_there_or_all_is_gone_and_again_finishes(
    home: Home, run: Run, tmp_path: Path
) -> None:
    number = approved(home, A)
    assert found_by(home, "覃小明") == [A]  # so that there is an index to be removed
    whole = blobs_of(home)
    copies = iter(range(1000))

    def copy() -> Home:
        folder = tmp_path / str(next(copies))
        folder.mkdir()
        return copied(home, folder)

    moments = int(killed_at(copy(), number, 0).stdout)
    assert moments > 12
    seen = set()
    for moment in range(1, moments + 1, 1 if FULL else max(1, moments // 2)):
        here = copy()
        assert killed_at(here, number, moment).returncode == -signal.SIGKILL
        with open_home(here.folder, None).reading() as connection:
            gone = bool(find_disposal(connection, number).destroyed_on)
        seen.add(gone)
        assert look_over(here).findings == [], "a command that writes clears what was left"
        if not gone:
            assert blobs_of(here) == whole
        assert run("dispose", "carry-out", str(number), "--yes", home=here).status == 0
        assert blobs_left(here) == [blob_of(here, B).name]
        assert "覃小明".encode() not in pages_of(here)
    assert found_by(here, "覃小明") == []
    assert seen == {False, True}


def test_a_failure_within_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    number, before = approved(home, A), blobs_of(home)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(destruction, "mark_changed", fail)
        carry_out(home, number, actor(DUE))
    assert look_over(home).findings == [] and blobs_of(home) == before


def test_a_file_put_back_of_what_was_destroyed_is_put_aside(home: Home, run: Run) -> None:
    number, path = approved(home, A), blob_of(home, A)
    shutil.copy(path, home.folder.with_name("copy"))
    carry_out(home, number, actor(DUE))
    shutil.copy(home.folder.with_name("copy"), path)
    verified = run("verify")
    assert (verified.status, verified.json["orphaned"]) == (1, [path.name])
    assert run("verify").status == 0 and head_of(home).is_file()


def test_blobs_put_meanwhile_are_untouched(home: Home) -> None:
    (name,) = put(home, b"more")
    destroyed(home, A)
    assert name in blobs_left(home)
