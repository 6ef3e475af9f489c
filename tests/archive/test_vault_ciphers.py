"""The vault's ciphers: as their standards have them, chosen by init, and the same archive whichever it is."""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import SEED
from sqlalchemy import delete, select

from archive import journal, keys, originals
from archive.backup import backup
from archive.catalogue import tables
from archive.errors import BlobDamaged, BlobDestroyed, WrongKey
from archive.home import Home, create_home, open_home
from archive.rekey import change_key
from archive.restore import restore
from archive.vault import AES, CIPHERS, open_vault
from tests.archive.papers import DAY, LATER, actor, blobs_of, call, change, look_over, put, silent

SM4, PAPER, OTHER = "sm4", "农小燕 扫描页".encode() * 9, b"another paper"
NEW_KEY = bytes(range(32))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An archive of SM4."""
    return create_home(tmp_path / "档案库", None, {"45": "广西"}, actor(DAY), cipher=SM4)


def begins(home: Home, name: str) -> bytes:
    return (home.folder / "vault" / name[:2] / name).read_bytes()[:4]


@pytest.mark.parametrize(
    ("cipher", "key", "nonce", "bound", "content", "sealed"),
    [
        pytest.param(
            SM4,
            "0123456789abcdeffedcba9876543210",
            "00001234567800000000abcd",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
            "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
            "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
            "83de3541e4c2b58177e065a9bf7b62ec",
            id="RFC 8998, A.1",
        ),
        pytest.param(
            AES,
            "feffe9928665731c6d6a8f9467308308" * 2,
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b",
            id="McGrew and Viega, The Galois/Counter Mode of Operation, test case 16",
        ),
    ],
)
def test_a_cipher_is_its_standards(
    cipher: str, key: str, nonce: str, bound: str, content: str, sealed: str
) -> None:
    given = [bytes.fromhex(one) for one in (key, nonce, content, bound)]
    assert CIPHERS[cipher].encrypt(*given).hex() == sealed
    given[2] = bytes.fromhex(sealed)
    assert CIPHERS[cipher].decrypt(*given).hex() == content


def test_every_blob_has_a_key_of_its_own_as_long_as_the_cipher_wants(home: Home) -> None:
    put(home, PAPER, OTHER)
    with home.reading() as connection:
        vault = home.vault(connection)
        found = [vault.unwrap(row.name, row.wrapped) for row in connection.execute(select(tables.blob))]
    assert [len(key) for key in found] == [16, 16]
    assert found[0] != found[1]


@pytest.mark.parametrize("cipher", CIPHERS)
def test_what_one_cipher_wrote_is_read_where_another_writes(cipher: str, tmp_path: Path) -> None:
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, actor(DAY), cipher=cipher)
    (instead,) = set(CIPHERS) - {cipher}
    (one,) = put(home, PAPER)
    with home.writing() as connection:
        other_vault = replace(home.vault(connection), cipher=CIPHERS[instead])
        two = other_vault.put(connection, [PAPER, OTHER], DAY)
        assert [other_vault.get(connection, name) for name in two] == [PAPER, OTHER]
    assert begins(home, one) != begins(home, two[1])
    assert blobs_of(home) == {one: PAPER, two[1]: OTHER}
    assert look_over(home).findings == []


def test_an_archive_from_before_there_was_a_choice_goes_on_with_aes(tmp_path: Path) -> None:
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, actor(DAY))
    with home.writing() as connection:
        connection.execute(delete(tables.meta).where(tables.meta.c.key == "cipher"))
    names = put(home, PAPER)
    assert (begins(home, names[0]), blobs_of(home)) == (b"HYV1", {names[0]: PAPER})


def test_an_archive_of_sm4_is_verified_and_what_is_altered_in_it_seen(home: Home) -> None:
    (name, _) = put(home, PAPER, OTHER)
    assert (look_over(home).blobs, look_over(home).findings) == (2, [])
    change(home.folder / "vault" / name[:2] / name)
    assert [(one.code, one.subject) for one in look_over(home).findings] == [("blob_altered", name)]


def test_its_key_is_changed_and_the_old_one_opens_no_blob(home: Home) -> None:
    put(home, PAPER, OTHER)
    before = blobs_of(home)
    with home.reading() as connection:
        wrapped = {row.name: row.wrapped for row in connection.execute(select(tables.blob))}
        with pytest.raises(BlobDamaged):
            open_vault(home.folder, NEW_KEY, connection).get(connection, next(iter(before)))
    files = {path: path.read_bytes() for path in (home.folder / "vault").glob("??/*")}
    changed = change_key(home, NEW_KEY, keys.written(NEW_KEY), actor(LATER), lambda _: None)
    assert blobs_of(open_home(home.folder, None)) == before
    assert {path: path.read_bytes() for path in files} == files
    with pytest.raises(WrongKey), home.reading():
        pass
    with changed.reading() as connection:
        vault = changed.vault(connection)
        for name, by_the_old in wrapped.items():
            with pytest.raises(BlobDamaged):
                vault.opened(name, by_the_old, vault.sealed(name))
    (third,) = put(changed, b"a third")
    assert begins(changed, third) == b"HYS1"


def test_it_is_backed_up_and_restored_goes_on_as_it_was(home: Home, tmp_path: Path) -> None:
    put(home, PAPER, OTHER)
    today, disk = date.fromisoformat(LATER), tmp_path / "盘"
    made = backup(home, disk, today, silent)
    assert (made.copied, made.state.manifest.lacking) == (2, [])
    back = restore(disk, tmp_path / "新", home.key_file, home.key, "", actor(LATER), silent).home
    assert blobs_of(back) == blobs_of(home)
    assert look_over(back).findings == []
    (third,) = put(back, b"a third")
    assert begins(back, third) == b"HYS1"


def test_a_large_file_is_kept_in_pieces_and_a_destroyed_blob_is_gone(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "PIECE", 1000)
    scan, content = tmp_path / "一.pdf", bytes(at % 251 for at in range(2500))
    scan.write_bytes(content)
    with home.writing() as connection:
        vault = home.vault(connection)
        names = originals.keep(connection, vault, scan, hashlib.sha256(content).hexdigest(), DAY)
        assert len(names) == 3
        assert b"".join(originals.read(connection, vault, names)) == content
        vault.destroy(connection, names[:1], DAY)
        with pytest.raises(BlobDestroyed):
            vault.get(connection, names[0])


def test_init_takes_it_and_doctor_and_the_journal_say_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "档案库"
    made = call(monkeypatch, "--json", "init", folder, "--cipher", SM4)
    assert (made.status, made.json["cipher"]) == (0, SM4), made.err
    assert "归档的扫描件：逐个加密存放（国密 SM4-GCM）" in call(monkeypatch, "--home", folder, "doctor").out
    with open_home(folder, None).reading() as connection:
        first, *_ = journal.entries(connection)
    assert (first.action, '"cipher":"sm4"' in first.detail) == ("init", True)
    assert call(monkeypatch, "init", tmp_path / "别的", "--cipher", "des").status == 2
    usual = call(monkeypatch, "--json", "init", tmp_path / "平常")
    assert usual.json["cipher"] == AES
    assert "（AES-256-GCM）" in call(monkeypatch, "--home", tmp_path / "平常", "doctor").out


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL without SM4: in its place stands a cipher that it has no Galois/counter mode of."""
    monkeypatch.setitem(CIPHERS, SM4, replace(CIPHERS[SM4], algorithm=SEED))


@pytest.mark.usefixtures("without")
def test_where_openssl_has_none_init_says_so_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = call(monkeypatch, "--json", "init", tmp_path / "档案库", "--cipher", SM4)
    assert (answer.status, answer.json["error"]["code"]) == (4, "cipher_missing")
    assert "没有国密 SM4-GCM" in answer.json["error"]["message"]
    assert list(tmp_path.iterdir()) == []
    assert call(monkeypatch, "init", tmp_path / "平常").status == 0


def test_where_openssl_has_none_an_archive_that_needs_it_says_so(
    home: Home, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, PAPER)
    request.getfixturevalue("without")
    answer = call(monkeypatch, "--json", "--home", home.folder, "verify")
    assert (answer.status, answer.json["error"]["code"]) == (4, "cipher_missing")
    looked = call(monkeypatch, "--json", "--home", home.folder, "doctor")
    assert looked.status == 4
    assert [one["name"] for one in looked.json if one["remedy"]] == ["归档的扫描件"]
