"""An archive's key: under a passphrase, under a recovery code, and changed, whatever happens meanwhile."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from archive import keys, rekey
from archive.catalogue import database, tables
from archive.errors import (
    ArchiveLocked,
    HuyueError,
    KeyLocked,
    KeyUnreadable,
    PassphraseWrong,
    RecoveryCodeWrong,
    RecoveryMissing,
    WrongKey,
)
from archive.home import Home, create_home, open_home
from archive.journal import Actor, broken_at
from pipeline.cli import cli
from pipeline.console import Session
from tests.conftest import FULL, HUYUE

ACTOR = Actor("经办人甲", date(2026, 4, 5))
CONTENTS = [f"扫描件 {number}".encode() * 50 for number in range(40)]
WORDS = "四把镇 冲洞村 三月"
OTHER = bytes(range(32))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = create_home(tmp_path / "档案库", None, {"45": "广西"}, ACTOR)
    with made.writing() as connection:
        made.vault(connection).put(connection, CONTENTS, "2026-04-05")
    return made


def whole(home: Home) -> bool:
    """Whether everything in the archive can be read, and is what was put."""
    with home.reading() as connection:
        vault = home.vault(connection)
        names = list(connection.execute(select(tables.blob.c.name)).scalars())
        assert sorted(vault.get(connection, name) for name in names) == sorted(CONTENTS)
        return broken_at(connection) is None


def again(home: Home, ask: keys.Ask | None = None) -> Home:
    return open_home(home.folder, None, ask)


def changed(home: Home) -> Home:
    return rekey.change_key(home, OTHER, keys.written(OTHER), ACTOR, lambda _: None)


def test_a_key_under_a_passphrase_opens_with_it_and_with_nothing_else(home: Home) -> None:
    keys.replace(home.key_file, keys.written(home.key, WORDS))
    assert home.key.hex() not in home.key_file.read_text()
    assert whole(again(home, lambda: WORDS))
    with pytest.raises(KeyLocked):
        again(home)
    with pytest.raises(PassphraseWrong):
        again(home, lambda: WORDS + " ")
    if os.name != "nt":
        assert home.key_file.stat().st_mode & 0o77 == 0


def test_a_passphrase_is_the_same_however_its_characters_are_composed(home: Home) -> None:
    keys.replace(home.key_file, keys.written(home.key, "caf\u00e9 1234567"))
    assert again(home, lambda: "cafe\u0301 1234567").key == home.key


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-20],
        lambda text: text.replace("argon2id", "plain"),
        lambda text: text.replace('"memory_kib":65536', '"memory_kib":99999999'),
        lambda text: text.replace('"passes":3', '"passes":0'),
        lambda text: text.replace('"salt":"', '"salt":"zz'),
        lambda text: '{"huyue": 1}',
        lambda text: "ab" * 31,
        lambda text: "xy" * 32,
        lambda text: "",
    ],
)
def test_a_spoiled_key_file_is_told(home: Home, spoil: Callable[[str], str]) -> None:
    home.key_file.write_text(spoil(keys.written(home.key, WORDS)))
    with pytest.raises(KeyUnreadable):
        again(home, lambda: WORDS)


def test_a_key_file_with_one_byte_altered_never_opens(home: Home) -> None:
    text = keys.written(home.key, WORDS)
    at = text.index('"sealed":"') + 12
    home.key_file.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
    with pytest.raises(PassphraseWrong):
        again(home, lambda: WORDS)


@given(st.binary(min_size=keys.CODE_BYTES, max_size=keys.CODE_BYTES), st.data())
def test_a_recovery_code_with_a_character_wrong_or_two_exchanged_is_no_code(
    data: bytes, drawn: st.DataObject
) -> None:
    letters = keys._letters(data)
    code = letters + keys._check(letters)
    assert keys._plain(code.lower()) == letters
    at = drawn.draw(st.integers(0, len(code) - 1))
    other = drawn.draw(st.sampled_from(keys.LETTERS).filter(lambda one: one != code[at]))
    with pytest.raises(RecoveryCodeWrong):
        keys._plain(code[:at] + other + code[at + 1 :])
    next_ = (at + 1) % len(code)
    swapped = list(code)
    swapped[at], swapped[next_] = swapped[next_], swapped[at]
    if swapped != list(code):
        with pytest.raises(RecoveryCodeWrong):
            keys._plain("".join(swapped))


def test_a_recovery_code_gives_the_key_however_it_is_typed(home: Home) -> None:
    code = keys.new_code()
    keys.keep_under(home.recovery, home.key, code)
    assert len(code.split("-")) == 9
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert keys.recovered(home.recovery, typed) == home.key
    assert home.key.hex() not in home.recovery.read_text()


def test_codes_that_are_wrong_old_or_another_archives_give_nothing(home: Home) -> None:
    with pytest.raises(RecoveryMissing):
        keys.recovered(home.recovery, keys.new_code())
    first, second = keys.new_code(), keys.new_code()
    for code in (first, second):
        keys.keep_under(home.recovery, home.key, code)
    for code in (first, keys.new_code(), "", "ABCD", second[:-1]):
        with pytest.raises(RecoveryCodeWrong):
            keys.recovered(home.recovery, code)


def test_a_changed_key_opens_everything_and_the_old_one_nothing(home: Home) -> None:
    keys.keep_under(home.recovery, home.key, keys.new_code())
    blobs = {path: path.read_bytes() for path in sorted((home.folder / "vault").rglob("*")) if path.is_file()}
    new = changed(home)
    assert new.key == OTHER
    assert whole(again(home))
    assert again(home).key == OTHER
    assert {path: path.read_bytes() for path in blobs} == blobs
    assert not home.recovery.exists()
    assert not home.new_key_file.exists()
    assert not home.new_catalogue.exists()
    old = Home(home.folder, home.key_file, home.key)
    with pytest.raises(WrongKey), old.reading():
        pass


def test_nothing_in_the_catalogue_is_lost_when_the_key_is_changed(home: Home) -> None:
    def rows(of: Home) -> dict[str, list[tuple[object, ...]]]:
        with of.reading() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(select(table))]
                for table in tables.metadata.sorted_tables
            }

    before = rows(home)
    after = rows(changed(home))
    assert after.pop("journal")[:-1] == before.pop("journal")
    assert [row[:1] + row[2:] for row in after.pop("blob")] == [
        row[:1] + row[2:] for row in before.pop("blob")
    ]
    assert after == before


def test_a_key_is_not_changed_while_another_command_reads(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0)
    with home.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM blob").scalar()
        with pytest.raises(ArchiveLocked):
            changed(home)
    assert whole(again(home))
    assert again(home).key == home.key


class Killed(BaseException):
    """What ends a change at a chosen step."""


STEPS = ("copy_under", "sync_file", "write_new", "catalogue", "key")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_change_that_is_killed_at_any_step_is_undone_or_finished(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str, late: bool
) -> None:
    """Before or after each step that lasts, as the disk is then."""

    def killed(really: Callable[..., object]) -> Callable[..., object]:
        def do(*arguments: object) -> object:
            if late:
                really(*arguments)
            raise Killed

        return do

    if step in ("catalogue", "key"):
        really, wanted = Path.replace, home.catalogue if step == "catalogue" else home.key_file

        def replace(path: Path, target: Path) -> Path:
            if target == wanted:
                if late:
                    really(path, target)
                raise Killed
            return really(path, target)

        monkeypatch.setattr(Path, "replace", replace)
    else:
        of = {"copy_under": database, "sync_file": rekey, "write_new": keys}[step]
        monkeypatch.setattr(of, step, killed(getattr(of, step)))
    with pytest.raises(Killed):
        changed(home)
    monkeypatch.undo()
    kept = again(home)
    assert whole(kept)
    done = STEPS.index(step) > 3 or (step == "catalogue" and late)
    assert (kept.key == OTHER) == done
    assert not home.new_key_file.exists()
    assert not home.new_catalogue.exists()
    assert whole(rekey.change_key(kept, bytes(32), keys.written(bytes(32)), ACTOR, lambda _: None))


def test_a_change_under_way_is_not_undone_by_who_opens_the_archive(home: Home) -> None:
    with home.locked():
        home.new_catalogue.write_bytes(b"half")
        script = "import sys; from pathlib import Path; from archive.home import open_home; open_home(Path(sys.argv[1]), None)"
        subprocess.run([sys.executable, "-c", script, home.folder], check=True)
        assert home.new_catalogue.exists()
    assert whole(again(home))
    assert not home.new_catalogue.exists()


@pytest.mark.parametrize("seed", range(30 if FULL else 2))
def test_a_change_that_is_killed_at_a_random_moment_loses_nothing(home: Home, seed: int) -> None:
    """The process really dies, when it has written a certain number of bytes of what it writes."""
    script = """if True:
        import os, signal, sys
        from datetime import date
        from pathlib import Path
        from archive import keys, rekey
        from archive.home import open_home
        from archive.journal import Actor
        left = int(sys.argv[2])
        def trace(frame, event, argument):
            global left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace
        home = open_home(Path(sys.argv[1]), None)
        sys.settrace(trace)
        rekey.change_key(home, bytes(range(32)), keys.written(bytes(range(32))), Actor("甲", date(2026, 4, 5)), lambda _: None)
    """
    lines = 1_000 + seed * 9_973 % 60_000
    done = subprocess.run([sys.executable, "-c", script, home.folder, str(lines)], check=False)
    assert done.returncode in (0, -signal.SIGKILL)
    kept = again(home)
    assert kept.key in (home.key, OTHER)
    assert whole(kept)


def run(home: Home, *arguments: str, typed: str = "") -> tuple[int, str]:
    """A command's exit status, and all it says."""
    done = CliRunner().invoke(cli, ["--home", str(home.folder), *arguments], input=typed, obj=Session())
    if isinstance(done.exception, HuyueError):
        return done.exception.exit_status, str(done.exception)
    return done.exit_code, done.output


def test_the_way_of_a_clerk(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase, a recovery code, the key's file lost, found again, the key changed."""
    monkeypatch.delenv("HUYUE_PASSPHRASE", raising=False)
    assert "没有，拿到文件就能打开" in run(home, "key", "show")[1]
    status, said = run(home, "key", "protect", typed=f"短\n短\n{WORDS}\n{WORDS}\n")
    assert status == 0, said
    assert "口令太短" in said
    assert run(home, "key", "show")[0] == 5
    monkeypatch.setenv("HUYUE_PASSPHRASE", "不对不对不对不对不对")
    assert "口令不对" in run(home, "key", "show")[1]
    monkeypatch.setenv("HUYUE_PASSPHRASE", WORDS)
    assert "口令：有" in run(home, "key", "show")[1]
    said = run(home, "key", "recovery")[1]
    code = next(line.strip() for line in said.splitlines() if line.count("-") == 8)
    home.key_file.unlink()
    assert run(home, "key", "recover", typed=keys.new_code() + "\n")[0] == 2
    status, said = run(home, "key", "recover", typed=code + "\n")
    assert status == 0, said
    monkeypatch.delenv("HUYUE_PASSPHRASE")
    assert again(home).key == home.key
    status, said = run(home, "key", "change")
    assert status == 0, said
    assert again(home).key != home.key
    assert whole(again(home))
    assert "恢复码：没有" in run(home, "key", "show")[1]


def test_a_locked_key_is_told_and_a_passphrase_in_the_environment_opens_it_for_all_workers(
    home: Home, tmp_path: Path
) -> None:
    keys.replace(home.key_file, keys.written(home.key, WORDS))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    command = [str(HUYUE), "--home", str(home.folder), "verify"]
    locked = subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert locked.returncode == 5
    assert "有口令" in locked.stderr
    opened = subprocess.run(
        command, env=environment | {"HUYUE_PASSPHRASE": WORDS}, capture_output=True, text=True
    )
    assert opened.returncode == 0, opened.stderr
    shutil.rmtree(home.folder)
