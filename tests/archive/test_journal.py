"""The journal's proofs: any change, cut or older copy is seen against a root on paper; a contract's own goes alone."""

import ast
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from archive import journal
from archive.catalogue import tables
from archive.closings import close_contract
from archive.home import Home
from pipeline.commands.journal import ACTIONS
from tests.archive.papers import DAY, LATER, B, actor, blobs_of, call, copied, file_sheets, made_archive
from tests.archive.test_states import A
from tests.conftest import Answer

Run = Callable[..., Answer]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return made_archive(tmp_path_factory.mktemp("日志"))


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return copied(made, tmp_path)


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `huyue --home HOME --json journal …`."""

    def run(*arguments: str | Path) -> Answer:
        return call(monkeypatch, "--home", home.folder, "--json", "journal", *arguments)

    return run


def test_every_filing_is_vouched_for_by_the_entry_of_its_group(home: Home) -> None:
    with home.reading() as connection:
        rows = connection.execute(select(tables.filing).order_by(tables.filing.c.id)).all()
        entries = {one.seq: json.loads(one.detail) for one in journal.entries(connection)}
        assert journal.unvouched(connection) == []
    assert [(row.contract, row.version, row.entry) for row in rows] == [(A, 1, 2), (A, 2, 3), (B, 1, 3)]
    assert [entries[seq].get("filings") for seq in (1, 2, 3)] == [None, 1, 2]
    contents = blobs_of(home)
    for row in rows:
        assert row.sha256 == hashlib.sha256(contents[row.blob]).hexdigest()
    leaf = json.dumps([A, 1, DAY, "经办人甲", rows[0].blob, rows[0].sha256, 1, "incomplete"],
                      ensure_ascii=False, separators=(",", ":")).encode()  # fmt: skip
    assert entries[2]["filings_root"] == hashlib.sha256(b"\0" + leaf).hexdigest()


@pytest.mark.parametrize(
    ("column", "value"),
    [("contract", B), ("version", 7), ("filed_on", "2026-01-01"), ("user", "乙"), ("sha256", "0"),
     ("sheets", 1), ("gaps", "unsigned"), ("blob", None)],
)  # fmt: skip
def test_a_changed_filing_is_told_by_the_entry_that_vouched_for_it(
    home: Home, column: str, value: object
) -> None:
    second = tables.filing.c.id == 2
    with home.writing() as connection:
        connection.execute(update(tables.filing).where(second).values({column: value}))
        assert journal.unvouched(connection) == [3]


def test_filings_taken_out_or_put_in_are_told(home: Home) -> None:
    filing = tables.filing
    with home.writing() as connection:
        connection.execute(update(filing).where(filing.c.id == 2).values(entry=2))
        assert journal.unvouched(connection) == [2, 3]
        connection.execute(update(filing).where(filing.c.id == 2).values(entry=None))
        assert journal.unvouched(connection) == [3]
        connection.execute(delete(tables.filed_sheet).where(tables.filed_sheet.c.filing_id != 1))
        connection.execute(delete(filing).where(filing.c.id != 1))
        assert journal.unvouched(connection) == [3]


def test_filings_from_before_entries_vouched_for_any_are_vouched_for_by_the_next(home: Home) -> None:
    with home.writing() as connection:
        connection.execute(update(tables.filing).values(entry=None, sha256=""))
        connection.execute(delete(tables.journal).where(tables.journal.c.seq > 1))
        journal.record(connection, actor(LATER), "intake", "", {"files": 0})
        assert set(connection.execute(select(tables.filing.c.entry)).scalars()) == {2}
        *_, last = journal.entries(connection, subject=B)
        assert (last.seq, json.loads(last.detail)["filings"]) == (2, 3)
        assert journal.unvouched(connection) == []
        proven = journal.prove(connection, B, date.fromisoformat(LATER))
    assert journal.faults(proven, proven.root) == []


def test_the_head_of_a_day_is_over_all_entries_until_then(home: Home, run: Run) -> None:
    with home.reading() as connection:
        hashes = (
            connection.execute(select(tables.journal.c.hash).order_by(tables.journal.c.seq)).scalars().all()
        )
    one, two, three = (hashlib.sha256(b"\0" + text.encode()).digest() for text in hashes)
    both = hashlib.sha256(b"\1" + one + two).digest()
    early, late = run("head", "--on", "2026-04-04").json, run("head").json
    assert (early["day"], early["entries"], early["root"]) == (DAY, 2, both.hex())
    assert (late["day"], late["entries"]) == (LATER, 3)
    assert late["root"] == hashlib.sha256(b"\1" + both + three).hexdigest()
    assert [len(part) for part in late["short"].split("-")] == [4] * 5
    for given in (late["root"], late["short"], late["short"].lower().replace("-", " ")):
        assert run("check", "--root", given).json == {"holds": True, "entries": 3}


def test_a_root_on_paper_holds_as_the_archive_grows_and_tells_of_every_change(home: Home, run: Run) -> None:
    paper = run("head").json["short"]
    with home.writing() as connection:
        close_contract(connection, A, "moved", None, "", actor(LATER))
    older = home.folder.with_name("旧")
    assert run("check", "--root", paper, "--on", LATER).json == {"holds": True, "entries": 3}
    assert run("check", "--root", paper, "--on", DAY).status == 5, "it was not the head of an earlier day"
    newer = run("head").json["root"]
    shutil.copytree(home.folder, older)
    with home.writing() as connection:
        connection.execute(delete(tables.journal).where(tables.journal.c.seq == 4))
        assert journal.broken_at(connection) is None, "the chain alone does not tell"
    cut = run("check", "--root", newer)
    assert (cut.status, cut.json) == (5, {"holds": False, "entries": None})
    with home.writing() as connection:  # somebody with the key writes history anew
        connection.execute(delete(tables.journal).where(tables.journal.c.seq > 1))
        for _ in range(3):
            journal.record(connection, actor(LATER), "intake", "", {"files": 1})
        assert journal.broken_at(connection) is None
    assert run("check", "--root", newer).status == run("check", "--root", paper).status == 5


def test_the_list_is_by_days_and_by_subject(home: Home, run: Run) -> None:
    with home.writing() as connection:
        close_contract(connection, B, "moved", None, "", actor("2026-04-09"))
    assert [one["seq"] for one in run("list").json["entries"]] == [1, 2, 3, 4]
    assert [one["seq"] for one in run("list", "--from", LATER, "--to", LATER).json["entries"]] == [3]
    of_b = run("list", "--subject", B).json["entries"]
    assert [(one["action"], one["user"]) for one in of_b] == [("intake", "经办人甲"), ("close", "经办人甲")]
    assert of_b[1]["detail"]["as"] == "moved"
    assert run("list", "--subject", "没有").json == {"entries": []}


@pytest.fixture
def proof(home: Home, run: Run, tmp_path: Path) -> tuple[Path, str]:
    """A's proof, and the root that it leads to, on paper."""
    with home.writing() as connection:
        close_contract(connection, A, "moved", None, "", actor(LATER))
        close_contract(connection, B, "died", None, "", actor(LATER))
    out = tmp_path / "证明.json"
    assert run("proof", A, "--out", out).status == 0
    return out, run("head").json["short"]


def test_a_contracts_proof_is_checked_without_the_archive_and_shows_no_other(
    home: Home, proof: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, root = proof
    with home.reading() as connection:
        rows = connection.execute(select(tables.filing).where(tables.filing.c.contract == A)).all()
        foreign = connection.execute(
            select(tables.filing.c.blob).where(tables.filing.c.contract == B)
        ).scalar_one()
    shutil.rmtree(home.folder)
    checked = call(monkeypatch, "--json", "journal", "check", out, "--root", root)
    assert checked.status == 0, checked.out
    assert checked.json["contract"] == A and checked.json["faults"] == []
    assert [one["action"] for one in checked.json["entries"]] == ["intake", "intake", "close"]
    assert [one["sha256"] for one in checked.json["filings"]] == [row.sha256 for row in rows]
    text = out.read_text(encoding="utf-8")
    assert B not in text and foreign not in text and "died" not in text
    again = call(monkeypatch, "--json", "journal", "proof", A, "--out", out, "--home", home.folder)
    assert again.status == 5 and out.read_text(encoding="utf-8") == text


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every single value stands in a JSON value."""
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in places(inner, (*path, key))]
    if isinstance(value, list):
        return [one for at, inner in enumerate(value) for one in places(inner, (*path, at))]
    return [path]


def test_any_changed_value_of_a_proof_is_told(proof: tuple[Path, str]) -> None:
    out, root = proof
    whole = json.loads(out.read_bytes())
    assert journal.faults(journal.decode_proof(out.read_bytes()), root) == []
    assert journal.faults(journal.decode_proof(out.read_bytes()), "0" * 64) != []
    changed = 0
    for *path, last in places(whole):
        if path == [] and last in ("day", "entries", "version"):  # only said, not proven
            continue
        value = json.loads(out.read_bytes())
        at = value
        for step in path:
            at = at[step]
        old = at[last]
        at[last] = old + 1 if isinstance(old, int) else ("f" if old[:1] == "0" else "0") + old[1:]
        told = journal.faults(journal.decode_proof(json.dumps(value).encode()), root)
        assert told, (path, last)
        changed += 1
    assert changed > 40
    for drop in (0, 1, 2):
        value = json.loads(out.read_bytes())
        value["proofs"][drop]["path"].pop()
        assert journal.faults(journal.decode_proof(json.dumps(value).encode()), root)
    assert journal.faults(journal.decode_proof(json.dumps(whole | {"proofs": []}).encode()), root)


def test_anothers_entries_do_not_pass_for_a_contracts(home: Home, run: Run, proof: tuple[Path, str]) -> None:
    own, root = json.loads(proof[0].read_bytes()), proof[1]
    other = proof[0].with_name("乙.json")
    assert run("proof", B, "--out", other).status == 0
    mixed = own | {"proofs": own["proofs"] + json.loads(other.read_bytes())["proofs"]}
    assert len(journal.faults(journal.decode_proof(json.dumps(mixed).encode()), root)) == 2


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff\0", b'{"version":1}', b"9" * 99, "换".encode()])
def test_what_is_no_proof_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    file = tmp_path / "不是.json"
    file.write_bytes(data)
    answer = call(monkeypatch, "--json", "journal", "check", file, "--root", "0")
    assert (answer.status, answer.json["error"]["code"]) == (3, "proof_unreadable")


def test_entries_of_the_archive_without_filings_go_on_as_before(home: Home) -> None:
    file_sheets(home, LATER, (B, 2, 5))
    with home.writing() as connection:
        journal.record(connection, actor(LATER), "test", "", {"n": 1})
        *_, last = journal.entries(connection)
        assert last.detail == '{"n":1}'
        assert journal.unvouched(connection) == []
        assert journal.broken_at(connection) is None


def recorded() -> Iterator[str]:
    """Every action that the program records, as its source says."""
    for path in (*ROOT.joinpath("archive").rglob("*.py"), *ROOT.joinpath("pipeline").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "record(" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("record"):
                yield from [
                    str(one.value) for one in node.args if isinstance(one, ast.Constant) and one.value
                ][:1]


def test_every_action_is_listed_in_chinese(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    found = set(recorded()) | {"print"}
    assert {"intake", "close", "restore", "plan", "template"} < found
    assert found <= set(ACTIONS)
    said = call(monkeypatch, "--home", home.folder, "journal", "list").out.splitlines()
    assert [line.split("　")[4] for line in said] == ["建库", "收件", "收件"]
    assert said[2].endswith("　文件 1，归档 2，归档件 2")
