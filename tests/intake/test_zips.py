"""Zips of scans: what is in them is taken like files of a folder, what is hostile or damaged is told."""

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import docx
import openpyxl
import pytest
from PIL import Image

from pipeline.intake import zips
from pipeline.intake.files import Code, Opened, digest, list_files
from pipeline.intake.opening import open_files
from pipeline.intake.zips import Member, unpack

PAGE = io.BytesIO()
Image.new("L", (80, 120), 255).save(PAGE, "PNG")
PNG = PAGE.getvalue()
GBK = "怀群镇/扫描-001.png"


def zipped(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path.read_bytes()


def renamed(path: Path, name: bytes, flags: int = 0) -> None:
    """A zip of one page, whose name is these bytes, as other programs write it."""
    plain = zipped(path, {"n" * len(name): PNG})
    data = bytearray(plain.replace(b"n" * len(name), name))
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = data.index(signature) + at
        data[place : place + 2] = struct.pack("<H", flags)
    path.write_bytes(data)


def encrypted(path: Path) -> None:
    """A zip of two pages, of which the first says that it has a password."""
    data = bytearray(zipped(path, {"锁.png": PNG, "开.png": PNG}))
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + at] |= 1
    path.write_bytes(data)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Opened]:
    """Every zip there is, opened at once by workers; by name, as far as the order is as it should be."""
    folder = tmp_path_factory.mktemp("压缩包")
    scans, staging = folder / "扫描件", folder / "暂存"
    scans.mkdir()
    (scans / "一.png").write_bytes(PNG)
    inner = zipped(scans / "两层.zip", {"里.png": PNG})
    zipped(scans / "两层.zip", {"内.zip": inner, "外.png": PNG})
    office = io.BytesIO()
    docx.Document().save(office)
    (scans / "信.zip").write_bytes(office.getvalue())
    openpyxl.Workbook().save(scans / "表.xlsx")
    zipped(scans / "公文.ofd", {"OFD.xml": b"<ofd/>", "Doc_0/Document.xml": b"<x/>"})
    zipped(scans / "好.zip", {
        "乙/扫描-001.png": PNG, "甲.png": PNG + b"\0", "__MACOSX/._甲.png": b"x", "乙/.DS_Store": b"x",
        "Thumbs.db": b"x", "乙/desktop.ini": b"x", "说明.txt": "不是扫描件".encode(), "空/": b"", "零.pdf": b"",
        "../../逃.png": PNG, "/绝对.png": PNG, "C:\\盘\\窗.png": PNG, "..": PNG,
    })  # fmt: skip
    renamed(scans / "国标.zip", GBK.encode("gb18030"))
    renamed(scans / "统一码.zip", GBK.encode("utf-8"))
    renamed(scans / "标了统一码.zip", GBK.encode("utf-8"), flags=0x800)
    encrypted(scans / "密.zip")
    cut = zipped(scans / "半截.zip", {"一.png": PNG})
    (scans / "半截.zip").write_bytes(cut[:-30])
    spoiled = bytearray(zipped(scans / "坏页.zip", {"坏.png": PNG, "好.png": PNG}, zipfile.ZIP_STORED))
    spoiled[spoiled.index(PNG) + 30] ^= 255
    (scans / "坏页.zip").write_bytes(spoiled)
    zipped(scans / "空.zip", {})
    zipped(scans / "只有杂物.zip", {"__MACOSX/x": b"x", ".隐藏.png": PNG})
    (scans / "包.rar").write_bytes(b"Rar!\x1a\7\1\0" + bytes(100))
    (scans / "包.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    files = list_files([scans])
    found = open_files(files, staging)
    assert sorted({file.name.split("/")[0] for file, _ in found}) == sorted({file.name for file in files})
    assert all(file.path.is_relative_to(staging) for file, _ in found if "/" in file.name)
    assert all(part.isascii() and part.isdigit() for file in staging.rglob("*") for part in [file.name])
    assert not list(folder.rglob("*逃*"))
    return {file.name: what for file, what in found}


def codes(opened: dict[str, Opened], name: str) -> dict[str, str]:
    return {
        one.partition("/")[2]: str(what.code or what.pages)
        for one, what in opened.items()
        if one.startswith(name)
    }


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("一.png", {"": "1"}),
        (
            "好.zip",
            {"乙/扫描-001.png": "1", "甲.png": "1", "说明.txt": "unsupported", "零.pdf": "empty", "逃.png": "1",
             "绝对.png": "1", "C:/盘/窗.png": "1", "无名": "1"},
        ),
        ("两层.zip", {"内.zip": "unsupported", "外.png": "1"}),
        ("信.zip", {"": "unsupported"}),
        ("表.xlsx", {"": "unsupported"}),
        ("公文.ofd", {"": "unsupported"}),
        ("国标.zip", {GBK: "1"}),
        ("统一码.zip", {GBK: "1"}),
        ("标了统一码.zip", {GBK: "1"}),
        ("密.zip", {"锁.png": "encrypted", "开.png": "1"}),
        ("半截.zip", {"": "damaged"}),
        ("坏页.zip", {"坏.png": "damaged", "好.png": "1"}),
        ("空.zip", {"": "empty"}),
        ("只有杂物.zip", {"": "empty"}),
        ("包.rar", {"": "unsupported"}),
        ("包.7z", {"": "unsupported"}),
    ],
)  # fmt: skip
def test_what_is_in_a_zip_stands_in_its_place(
    opened: dict[str, Opened], name: str, members: dict[str, str]
) -> None:
    assert codes(opened, name) == members


def test_a_page_of_a_zip_is_known_by_its_own_bytes(opened: dict[str, Opened], tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(PNG)
    assert {opened[name].sha256 for name in ("一.png", "好.zip/乙/扫描-001.png", f"国标.zip/{GBK}")} == {
        digest(tmp_path / "x")
    }


def unpacked(path: Path) -> Sequence[Member] | Code:
    return unpack(path, path.with_suffix(".d"))


def test_what_comes_out_of_a_zip_is_counted_and_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zip whose member says that it is small."""
    monkeypatch.setattr(zips, "FILE_LIMIT", 10_000)
    monkeypatch.setattr(zips, "UNPACKED_LIMIT", 25_000)
    path = tmp_path / "炸.zip"
    data = bytearray(zipped(path, {"大.pdf": bytes(5_000_000), "小.png": PNG}))
    for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = data.index(signature) + at
        data[place : place + 4] = struct.pack("<I", 100)
    path.write_bytes(data)
    members = unpacked(path)
    assert not isinstance(members, Code)
    assert [member.code for member in members] == [Code.DAMAGED, None]
    zipped(path, {"大.pdf": bytes(5_000_000), "小.png": PNG})
    members = unpacked(path)
    assert not isinstance(members, Code)
    assert [member.code for member in members] == [Code.TOO_LARGE, None]
    assert sum(member.path.stat().st_size for member in members) <= 10_001 + len(PNG)
    zipped(path, {f"{at}.pdf": bytes(9_000) for at in range(3)})
    assert unpacked(path) is Code.TOO_LARGE
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.d/*")) <= 25_001
    monkeypatch.setattr(zips, "MEMBER_LIMIT", 2)
    zipped(path, {f"{at}.png": PNG for at in range(3)})
    assert unpacked(path) is Code.TOO_LARGE


def test_a_zip_packed_in_a_way_that_nobody_here_knows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "新.zip"
    data = bytearray(zipped(path, {"一.png": PNG}))
    for signature, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        data[data.index(signature) + at] = 9  # Deflate64, of Windows' own for large ones
    path.write_bytes(data)
    members = unpacked(path)
    assert not isinstance(members, Code)
    assert [member.code for member in members] == [Code.UNSUPPORTED]


def test_any_broken_zip_is_told_and_nothing_raised(tmp_path: Path) -> None:
    path = tmp_path / "碎.zip"
    whole = zipped(path, {"一.png": PNG, "二.png": PNG})
    for at in range(0, len(whole), 7):
        for broken in (whole[:at], whole[:at] + b"\xff" + whole[at + 1 :]):
            path.write_bytes(broken)
            found = unpacked(path)
            assert isinstance(found, Code) or all(isinstance(member, Member) for member in found)


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_zip(tmp_path: Path) -> None:
    path = tmp_path / "一.zip"
    zipped(path, {"一.png": PNG})
    (tmp_path / "一.d").write_text("in the way")
    with pytest.raises(OSError):
        unpacked(path)
