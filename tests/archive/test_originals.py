"""Files kept as they came: byte for byte, in pieces, once."""

import hashlib
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from archive import originals
from archive.catalogue import tables
from archive.errors import BlobMissing
from archive.home import Home, create_home
from archive.journal import Actor

DAY = "2026-04-05"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "档案库", None, {"45": "广西"}, Actor("经办人甲", date(2026, 4, 5)))


def keep(home: Home, path: Path, sha256: str = "") -> tuple[str, ...]:
    sha256 = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    with home.writing() as connection:
        return originals.keep(connection, home.vault(connection), path, sha256, DAY)


def content(home: Home, names: tuple[str, ...]) -> bytes:
    with home.reading() as connection:
        return b"".join(originals.read(connection, home.vault(connection), names))


def blobs(home: Home) -> int:
    with home.reading() as connection:
        return connection.execute(select(func.count()).select_from(tables.blob)).scalar_one()


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2000, 3500])
def test_a_file_comes_back_byte_for_byte(
    size: int, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "PIECE", 1000)
    file = tmp_path / "扫描.pdf"
    file.write_bytes(bytes(at * at % 251 for at in range(size)))
    names = keep(home, file)
    assert len(names) == -(-size // 1000)
    assert content(home, names) == file.read_bytes()


def test_what_is_kept_already_is_not_kept_again(home: Home, tmp_path: Path) -> None:
    file, other = tmp_path / "一.pdf", tmp_path / "另一.pdf"
    file.write_bytes(b"a scan")
    other.write_bytes(b"a scan")
    assert keep(home, file) == keep(home, other)
    assert blobs(home) == 1


def test_a_file_that_is_another_by_now_is_told_by_name_and_not_kept(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "扫描.pdf"
    file.write_bytes(b"a scan")
    with pytest.raises(OSError) as told:
        keep(home, file, "0" * 64)
    assert (told.value.errno, told.value.filename) == (None, str(file))
    file.unlink()
    with pytest.raises(FileNotFoundError) as told:
        keep(home, file, "0" * 64)
    assert told.value.filename == str(file)
    assert blobs(home) == 0


def test_a_lost_piece_is_told(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "扫描.pdf"
    file.write_bytes(b"a scan")
    (name,) = keep(home, file)
    (home.folder / "vault" / name[:2] / name).unlink()
    with pytest.raises(BlobMissing):
        content(home, (name,))


def test_a_large_file_is_never_in_memory_whole(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "扫描.pdf"
    with file.open("wb") as out:
        for at in range(5):
            out.write(bytes([at]) * originals.PIECE)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    tracemalloc.start()
    names = keep(home, file, sha256)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(names) == 5
    assert most < 4 * originals.PIECE
