"""The vault: what is kept is what was put, anything else is told, and what a killed run left is cleared."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from archive.catalogue import tables
from archive.errors import BlobDamaged, BlobMissing
from archive.home import Home, create_home
from archive.journal import Actor
from archive.vault import AES, BY_MAGIC, CIPHERS
from archive.verify import contracts_of
from tests.archive.papers import call, look_over
from tests.archive.test_states import NEW, OLD, A, B, add_filing, keep

ACTOR = Actor("经办人甲", date(2026, 3, 5))
DAY, VERIFY = "2026-03-05", ("verify", "--json", "--home")
PAPER = "农小燕 451225198006140027 扫描页".encode() * 9
OTHER = b"another paper" * 20
BOTH = pytest.mark.parametrize("cipher", CIPHERS)


@pytest.fixture
def cipher() -> str:
    """Which cipher the archive encrypts with; BOTH tries each."""
    return AES


@pytest.fixture
def home(tmp_path: Path, cipher: str) -> Home:
    return create_home(tmp_path / "县/镇/档案库", None, {"45": "广西"}, ACTOR, cipher=cipher)


def put(home: Home, *contents: bytes) -> list[str]:
    with home.writing() as connection:
        return home.vault(connection).put(connection, contents, DAY)


def got(home: Home, name: str) -> bytes:
    with home.reading() as connection:
        return home.vault(connection).get(connection, name)


def path_of(home: Home, name: str) -> Path:
    return home.folder / "vault" / name[:2] / name


def on_disk(home: Home) -> list[str]:
    """The name of every file in the vault's folder."""
    return sorted(path.name for path in (home.folder / "vault").rglob("*") if path.is_file())


def settle(home: Home) -> None:
    with home.writing():
        pass


@BOTH
def test_what_was_put_comes_back_and_equal_content_is_kept_once(home: Home) -> None:
    first = put(home, PAPER, OTHER, PAPER, b"")
    assert first == put(home, PAPER) + first[1:2] + put(home, PAPER, b"")
    assert [got(home, name) for name in first] == [PAPER, OTHER, PAPER, b""]
    settle(home)
    assert on_disk(home) == sorted(set(first))
    with home.reading() as connection:
        rows = connection.execute(select(tables.blob.c.name, tables.blob.c.size)).all()
    assert dict(map(tuple, rows)) == dict(zip(first, (len(PAPER), len(OTHER), len(PAPER), 0), strict=True))


@BOTH
def test_names_and_files_say_nothing_without_the_archive(home: Home, cipher: str, tmp_path: Path) -> None:
    elsewhere = create_home(tmp_path / "别处", None, {"45": "广西"}, ACTOR, cipher=cipher)
    (name,), (other,) = put(home, PAPER), put(elsewhere, PAPER)
    assert name != other and hashlib.sha256(PAPER).hexdigest() not in (name, other)
    data, again = path_of(home, name).read_bytes(), path_of(elsewhere, other).read_bytes()
    for part in (PAPER, PAPER[:18], b"45122519800614", name.encode()):
        assert part not in data
    assert (
        data[:4] == again[:4] == {"aes": b"HYV1", "sm4": b"HYS1"}[cipher]
        and len(data) == 4 + 12 + len(PAPER) + 16
    )
    blocks = {one[at : at + 16] for one in (data, again) for at in range(4, len(data) - 15)}
    assert len(blocks) == 2 * (len(data) - 19)  # no part like another, of the other archive's neither
    with home.reading() as connection, elsewhere.reading() as foreign:
        with pytest.raises(BlobMissing):
            home.vault(connection).get(foreign, name)
        with pytest.raises(BlobDamaged):
            replace(home.vault(connection), wrap_key=elsewhere.vault(foreign).wrap_key).get(connection, name)
    if os.name == "posix":
        assert {path.stat().st_mode & 0o77 for path in (home.folder / "vault").rglob("*")} == {0}


@BOTH
def test_any_changed_byte_or_other_length_is_told(home: Home) -> None:
    (name,) = put(home, b"short")
    path, data = path_of(home, name), path_of(home, name).read_bytes()
    changed = [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(len(data))]
    recast = [magic + data[4:] for magic in BY_MAGIC if magic != data[:4]]  # said to be of the other cipher
    for other in (*changed, *recast, *(data[:end] for end in range(len(data))), data + b"\0", data * 2):
        path.write_bytes(other)
        with pytest.raises(BlobDamaged) as told:
            got(home, name)
        assert told.value.file == str(path)


@BOTH
def test_exchanged_blobs_are_told_also_with_their_rows(home: Home) -> None:
    one, other = put(home, PAPER, OTHER)
    first, second = (path_of(home, name).read_bytes() for name in (one, other))
    path_of(home, one).write_bytes(second)
    path_of(home, other).write_bytes(first)
    with home.writing() as connection:
        keys = {row.name: row.wrapped for row in connection.execute(select(tables.blob))}
        for name, instead in ((one, other), (other, one), (one, other), (other, one)):
            with pytest.raises(BlobDamaged):
                home.vault(connection).get(connection, name)
            row = tables.blob.update().where(tables.blob.c.name == name)
            connection.execute(row.values(wrapped=keys[instead]))


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: (path.unlink(), path.mkdir())])
def test_a_missing_blob_is_told(home: Home, lose: Callable[[Path], object]) -> None:
    (name,) = put(home, PAPER)
    lose(path_of(home, name))
    for missing in (name, "0" * 64):
        with pytest.raises(BlobMissing):
            got(home, missing)


def test_a_transaction_that_is_rolled_back_leaves_nothing_after_the_next(home: Home) -> None:
    (kept,) = put(home, OTHER)
    with pytest.raises(RuntimeError), home.writing() as connection:
        (name, _) = home.vault(connection).put(connection, [PAPER, OTHER], DAY)
        raise RuntimeError
    assert name in on_disk(home)
    settle(home)
    assert on_disk(home) == [kept]
    assert (put(home, PAPER), got(home, name), got(home, kept)) == ([name], PAPER, OTHER)


# The process kills itself where the system is about to open or rename the file for the n-th time, or writes
# more than a limit: as any kill, nothing of Python's runs afterwards.
KILLED = """
import os, resource, signal, sys
from pathlib import Path
from archive.home import open_home
home, event, suffix, left = open_home(Path(sys.argv[1]), None), *sys.argv[2:4], int(sys.argv[4])
def hook(name, arguments):
    global left
    if name == event and str(arguments[0]).endswith(suffix):
        left -= 1
        left or os.kill(os.getpid(), signal.SIGKILL)
with home.writing() as connection:
    vault = home.vault(connection)
    sys.addaudithook(hook)
    if event == "limit":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (left, left))
    vault.put(connection, [b"1" * 3_000_000, b"2" * 3_000_000], "2026-03-05")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have SIGKILL")
@pytest.mark.parametrize(
    ("event", "suffix", "times", "files", "parts"),
    [
        ("open", "pending", 1, 0, 0), ("open", ".part", 1, 1, 0), ("limit", "", 1_000_000, 2, 1),
        ("os.rename", ".part", 1, 2, 1), ("open", ".part", 2, 2, 0), ("os.rename", ".part", 2, 3, 1),
        ("never", "", 0, 3, 0),
    ],
    ids="nothing, names, half a file, a file, a blob, a blob and a file, all blobs".split(", "),
)  # fmt: skip
def test_what_a_killed_run_has_written_is_no_fault_and_cleared_by_the_next(
    home: Home, event: str, suffix: str, times: int, files: int, parts: int
) -> None:
    (kept,) = put(home, OTHER)
    settle(home)
    arguments = [sys.executable, "-c", KILLED, str(home.folder), event, suffix, str(times)]
    done = subprocess.run(arguments, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE)
    assert done.returncode in (-signal.SIGKILL, -signal.SIGXFSZ), done.stderr
    left = on_disk(home)
    assert (len(left) - 1, sum(name.endswith(".part") for name in left)) == (files, parts)
    assert look_over(home).findings == []
    assert on_disk(home) == [kept]
    assert [got(home, name)[:2] for name in put(home, b"1" * 3_000_000, OTHER)] == [b"11", b"an"]


def test_garbage_in_the_list_of_names_clears_nothing(home: Home, tmp_path: Path) -> None:
    (kept,) = put(home, OTHER)
    vault, zeros = home.folder / "vault", "0" * 64
    lines = ["../../x", "../huyue.toml", "aside/x", f"{tmp_path}/x", f"{zeros}/../../x", f"../{zeros}"]
    lines += [zeros[1:], zeros + "0", "A" * 64, zeros + "\r", zeros + " ", "..", ".", ""]
    paths = {place for line in lines for place in (path_of(home, line), vault / line)} - {home.settings}
    made = [path for path in paths if path.resolve().is_relative_to(tmp_path) and not path.exists()]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"of someone")
    assert len(made) > 15
    (vault / "pending").write_bytes("\n".join([*lines, kept, ""]).encode() + b"\xff\0\n")
    settle(home)
    assert [path.read_bytes() for path in made] == [b"of someone"] * len(made)
    assert got(home, kept) == OTHER and home.settings.is_file() and not (vault / "pending").exists()


@pytest.fixture
def filed(home: Home) -> tuple[str, str]:
    """Two contracts' filings, each a blob; nothing is left to do."""
    names = put(home, PAPER, OTHER)
    with home.writing() as connection:
        keep(connection, OLD, NEW)
        for number, name in zip((A, B), names, strict=True):
            add_filing(connection, number, DAY, 2, "", name)
    return names[0], names[1]


@pytest.mark.parametrize("what", ["damaged", "missing"])
def test_verify_names_the_contract_of_a_lost_blob(
    home: Home, filed: tuple[str, str], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, data = path_of(home, filed[1]), path_of(home, filed[1]).read_bytes()
    path.write_bytes(data[:-1]) if what == "damaged" else path.unlink()
    answer = call(monkeypatch, *VERIFY, home.folder, today=DAY)
    assert (answer.status, answer.json["contracts"], answer.json[what]) == (5, [B], [filed[1]])
    path.write_bytes(data)
    answer = call(monkeypatch, *VERIFY, home.folder, today=DAY)
    assert (answer.status, answer.json["blobs"], answer.json["contracts"]) == (0, 2, [])


def test_contracts_of_more_blobs_than_a_query_takes_are_named(home: Home, filed: tuple[str, str]) -> None:
    many = [f"{number:064x}" for number in range(300_000)]
    with home.reading() as connection:
        assert contracts_of(connection, [filed[1], *many, filed[0]]) == [A, B]
        assert contracts_of(connection, []) == []


def test_verify_puts_unknown_files_aside_unchanged(
    home: Home, filed: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = home.folder / "vault"
    places = (path_of(home, "0" * 64), vault / filed[0][:2] / ".DS_Store", vault / "ff/.DS_Store")
    for number, path in enumerate(places):
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(number))
    answer = call(monkeypatch, *VERIFY, home.folder, today=DAY)
    assert (answer.status, len(answer.json["orphaned"])) == (1, 3)
    assert sorted(path.read_text() for path in (vault / "aside").iterdir()) == ["0", "1", "2"]
    assert not any(path.exists() for path in places)
    assert call(monkeypatch, *VERIFY, home.folder, today=DAY).status == 0


@BOTH
def test_content_that_was_lost_is_written_anew_when_it_comes_again(home: Home) -> None:
    gone, spoiled = put(home, PAPER, OTHER)
    path_of(home, gone).unlink()
    path_of(home, spoiled).write_bytes(b"HYV1 nothing of the kind")
    assert put(home, PAPER, OTHER) == [gone, spoiled]
    assert [got(home, gone), got(home, spoiled)] == [PAPER, OTHER]
