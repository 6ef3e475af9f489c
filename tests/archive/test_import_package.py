"""Packages taken in: the bag proven first, every paper filed, known or refused by name, nothing twice, killed or not."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from archive import bag as bags
from archive import journal
from archive.bag import Bag, proven, read_bag
from archive.catalogue import tables
from archive.catalogue.shelf_tables import paper
from archive.errors import BagFaulty, PackageFaulty
from archive.filings import current_filing
from archive.home import Home, create_home
from archive.numbers import Number
from archive.paper_package import LIST, listed
from archive.papers import find_paper, papers, words_of
from tests.archive.papers import B, actor, call, change, look_over, made_archive
from tests.archive.test_paper_files import pdf_of
from tests.archive.test_paper_words import ID
from tests.archive.test_papers_kept import destroyed
from tests.archive.test_states import VILLAGE, A
from tests.conftest import FULL, Answer

TODAY = "2026-04-05"
ELSEWHERE = "451226101003"  # a village that no archive here knows
NUMBERS = [str(Number(ELSEWHERE, 2025, "02", serial)) for serial in range(1, 8)]
SAID = {
    "title": "计划生育合同书", "template": "family_planning", "village": "金城江镇东江村委会",
    "village_code": ELSEWHERE, "group": "3", "household": "0007", "party": "韦桂莲、黄大勇", "responsible": "莫秋月",
    "starts": "2025-03-01", "ends": "2028-02-29", "state": "已归档", "lacking": "unsealed", "version": "2",
    "filed_on": "2025-04-01", "filed_by": "经办人乙", "sheets": "1", "template_version": "2025.1", "retention": "10年",
    "archival_number": "J012-WS·2025-D10-DMZ-0001",
}  # fmt: skip

Said = dict[str, str]


def packed(folder: Path, said: list[Said], files: dict[str, bytes]) -> Path:
    """A finished package of another archive: its list, and files by name below data/."""
    bag = Bag(folder)
    for name, data in files.items():
        bag.add(name, data)
    bag.add(LIST, json.dumps(said, ensure_ascii=False).encode())
    bag.close({"Bag-Software-Agent": "huyue"})
    return folder


def described(number: str, data: bytes, **other: str) -> Said:
    return SAID | {"contract": number, "sha256": hashlib.sha256(data).hexdigest()} | other


def package_of(folder: Path, numbers: list[str]) -> Path:
    data = {number: pdf_of(f"合同 {number} {ID}") for number in numbers}
    said = [described(number, content) for number, content in data.items()]
    return packed(folder, said, {f"合同/{number}.pdf": content for number, content in data.items()})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "收方", None, {"45": "广西"}, actor(TODAY))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    def run(home: Home, *arguments: str | Path) -> Answer:
        return call(monkeypatch, "--home", home.folder, "--json", "import", *arguments)

    return run


def division_names(connection: Connection) -> dict[str, str]:
    return {row.code: row.name for row in connection.execute(select(tables.division))}


def counts(answer: Answer) -> tuple[int, int, int, int]:
    one = answer.json
    assert one["papers"] == one["filed"] + one["same"] + len(one["refused"]), answer.out
    return one["papers"], one["filed"], one["same"], len(one["refused"])


def test_what_another_archive_exported_is_filed_once_and_is_the_same(
    home: Home, run: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = made_archive(tmp_path)
    package = tmp_path / "移交包"
    exported = call(monkeypatch, "--home", there.folder, "--json", "export", "--out", package)
    assert exported.status == 0, exported.out
    assert counts(run(home, package, "--dry-run")) == (2, 2, 0, 0)
    with home.reading() as connection:
        assert papers(connection) == []
    done = run(home, package)
    assert (done.status, counts(done)) == (0, (2, 2, 0, 0))
    with home.reading() as connection, there.reading() as other:
        first, second = papers(connection)
        assert [one.about.own_number for one in (first, second)] == sorted([A, B])
        for one in (first, second):
            filing = current_filing(other, one.about.own_number)
            assert filing is not None and filing.blob is not None
            pdf = there.vault(other).get(other, filing.blob)
            assert home.vault(connection).get(connection, *one.files[0].blobs) == pdf
            assert (one.files[0].pages, one.about.retention) == (len(filing.sheets), "D10")
        assert "扫描页" in words_of(connection, first)
        about = first.about
        assert (about.kind, about.division, about.group_no, about.household_number) == (
            "旧合同",
            VILLAGE,
            1,
            "7",
        )
        assert (about.day, about.ends, about.responsible) == ("2026-03-01", "2027-02-28", "莫秋月")
        assert (about.party, about.contract) == ("覃小明", None)
    again = run(home, package)
    assert (again.status, counts(again)) == (0, (2, 0, 2, 0))
    own = run(there, package)
    assert (own.status, counts(own)) == (0, (2, 0, 2, 0)), "its own filings are there already"
    assert look_over(home).findings == []


def test_each_paper_is_filed_known_or_refused_by_name(
    home: Home, run: Callable[..., Answer], tmp_path: Path
) -> None:
    good, other, text = pdf_of(f"好 {ID}"), pdf_of("别的"), b"no PDF"
    one, changed, absent, untold, twice, bad = NUMBERS[:6]
    said = [
        described(one, good),
        described(changed, other, sha256="0" * 64),
        described(absent, other),
        described(untold, other, retention="永远"),
        described(one, other),
        described(twice, other, title=f"合同{ID}"),
        described(bad, text),
        described("../../x", other),
        described(NUMBERS[6], other, party="韦\x1b[2J"),
        described(plain := one.replace("-", ""), other),
    ]
    files = {f"合同/{number}.pdf": other for number in (changed, untold, twice)}
    files |= {
        f"合同/{plain}.pdf": other,
        f"合同/{one}.pdf": good,
        f"合同/{bad}.pdf": text,
        "合同/多.pdf": other,
    }
    done = run(home, packed(tmp_path / "包", said, files))
    assert (done.status, counts(done)) == (1, (11, 1, 0, 10))
    assert [(each["contract"], each["code"]) for each in done.json["refused"]] == [
        (changed, "changed"), (absent, "absent"), (untold, "described"), (one, "twice"), (twice, "described"),
        ("../../x", "described"), (NUMBERS[6], "described"), (plain, "described"), ("", "unlisted"), (bad, "unsupported"),
    ]  # fmt: skip
    assert done.json["refused"][8]["file"] == "合同/多.pdf"
    assert all(each["message"] for each in done.json["refused"])
    with home.reading() as connection:
        (filed,) = papers(connection)
        words = words_of(connection, filed)
        names = division_names(connection)
        *_, entry = journal.entries(connection)
    assert (filed.about.own_number, filed.about.party, filed.about.day) == (
        one,
        "韦桂莲、黄大勇",
        "2025-03-01",
    )
    assert (filed.about.retention, filed.about.ends, filed.about.title) == (
        "D10",
        "2028-02-29",
        "计划生育合同书",
    )
    for kept in ("J012-WS·2025-D10-DMZ-0001", "2025-04-01", "经办人乙", "2025.1", "已归档", "缺盖章"):
        assert kept in words
    assert ID not in words
    assert done.json["divisions"] == [ELSEWHERE]
    assert (names["451226"], names[ELSEWHERE[:9]], names[ELSEWHERE]) == ("451226", "金城江镇", "东江村委会")
    assert (entry.action, json.loads(entry.detail)["filed"]) == ("import", 1)
    assert "韦" not in entry.detail


def test_a_paper_with_the_number_of_a_contract_here_belongs_to_it(
    run: Callable[..., Answer], tmp_path: Path
) -> None:
    home = made_archive(tmp_path)
    newer = pdf_of("后来的一版")
    package = packed(tmp_path / "包", [described(A, newer, village_code=VILLAGE)], {f"合同/{A}.pdf": newer})
    assert counts(run(home, package)) == (1, 1, 0, 0)
    with home.reading() as connection:
        assert find_paper(connection, 1).about.contract == A


def test_what_was_destroyed_here_is_not_taken_for_there_and_does_not_come_back(
    run: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, package = made_archive(tmp_path), tmp_path / "移交包"
    assert call(monkeypatch, "--home", home.folder, "export", "--out", package).status == 0
    destroyed(home, None, A)
    done = run(home, package)
    assert (done.status, counts(done)) == (1, (2, 0, 1, 1))
    assert [(one["contract"], one["code"]) for one in done.json["refused"]] == [(A, "destroyed")]
    other = package_of(tmp_path / "另一包", NUMBERS[:2])
    assert counts(run(home, other)) == (2, 2, 0, 0)
    destroyed(home, 1, None)
    assert counts(run(home, other)) == (2, 0, 1, 1)


Spoil = Callable[[Path], object]


def line_of(name: str, data: bytes = b"x") -> str:
    return f"{hashlib.sha256(data).hexdigest()}  {name}\n"


def more_listed(package: Path, name: str) -> None:
    """A further line in the manifest, that of the tag files in step."""
    manifest = package / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text("utf-8") + line_of(name), "utf-8")
    tags = package / "tagmanifest-sha256.txt"
    lines = [line for line in tags.read_text("utf-8").splitlines(True) if "manifest-sha256" not in line]
    tags.write_text("".join(lines) + line_of(manifest.name, manifest.read_bytes()), "utf-8")


def linked(package: Path) -> None:
    pdf = next((package / "data" / "合同").iterdir())
    pdf.rename(package.parent / "别处.pdf")
    pdf.symlink_to(package.parent / "别处.pdf")


def linked_folder(package: Path) -> None:
    (package / "data").rename(package.parent / "别处")
    (package / "data").symlink_to(package.parent / "别处")


def said_otherwise(package: Path) -> None:
    info = package / "bag-info.txt"
    info.write_text(info.read_text("utf-8").replace("Payload-Oxum: ", "Payload-Oxum: 1"), "utf-8")
    (package / "tagmanifest-sha256.txt").unlink()


def first_pdf(package: Path) -> Path:
    return min((package / "data" / "合同").iterdir())


SPOILT: list[tuple[str, Spoil, str]] = [
    ("a bit", lambda package: change(first_pdf(package)), "被改过"),
    ("a file gone", lambda package: first_pdf(package).unlink(), "缺 data/合同"),
    ("a file more", lambda package: (package / "data" / "x.exe").write_bytes(b"MZ"), "多出 data/x.exe"),
    ("beside", lambda package: (package / "fetch.txt").write_text("http://x 1 data/x"), "fetch.txt"),
    ("a folder beside", lambda package: (package / "别的").mkdir(), "别的"),
    ("a link", linked, "链接"),
    ("data a link", linked_folder, "链接"),
    ("a pipe", lambda package: os.mkfifo(package / "data" / "管"), "管"),
    ("unfinished", lambda package: (package / "bagit.txt").unlink(), "没有导出完"),
    ("another version", lambda package: (package / "bagit.txt").write_text("BagIt-Version: 2.0\n"), "bagit.txt"),
    ("no manifest", lambda package: (package / "manifest-sha256.txt").unlink(), "manifest-sha256.txt"),
    ("a tag file", lambda package: change(package / "bag-info.txt", 0), "bag-info.txt"),
    ("oxum", said_otherwise, "bag-info.txt"),
    ("out of it", lambda package: more_listed(package, "data/../../x"), "manifest-sha256.txt 第"),
    ("absolute", lambda package: more_listed(package, "/etc/passwd"), "manifest-sha256.txt 第"),
    ("backslashes", lambda package: more_listed(package, "data/..\\x"), "manifest-sha256.txt 第"),
    ("twice", lambda package: more_listed(package, f"data/{LIST}"), "manifest-sha256.txt 第"),
    ("not text", lambda package: (package / "manifest-sha256.txt").write_bytes(b"\xff"), "UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), [one[1:] for one in SPOILT], ids=[one[0] for one in SPOILT])
def test_a_bag_that_is_not_as_it_was_made_is_refused_whole(tmp_path: Path, spoil: Spoil, said: str) -> None:
    package = package_of(tmp_path / "包", NUMBERS[:2])
    assert len(list(proven(package, read_bag(package)))) == 3
    spoil(package)
    with pytest.raises(BagFaulty, match=said.replace(".", r"\.")):
        list(proven(package, read_bag(package)))


def test_names_with_line_ends_and_percent_signs_are_read_as_they_were_written(tmp_path: Path) -> None:
    bag = Bag(tmp_path / "包")
    for name in ("a%0Ab", "c\nd", "e\rf%25"):
        bag.add(name, name.encode())
    bag.close({})
    assert sorted(proven(tmp_path / "包", read_bag(tmp_path / "包"))) == ["a%0Ab", "c\nd", "e\rf%25"]


def test_a_bag_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_of(tmp_path / "包", NUMBERS[:1])
    monkeypatch.setattr(bags, "MOST_FILES", 3)
    with pytest.raises(BagFaulty, match="文件太多"):
        read_bag(package)
    monkeypatch.setattr(bags, "MOST_FILES", 99)
    monkeypatch.setattr(bags, "TAG_LIMIT", 10)
    with pytest.raises(BagFaulty, match="太大"):
        read_bag(package)


def test_what_is_no_package_of_ours_is_told(home: Home, run: Callable[..., Answer], tmp_path: Path) -> None:
    bag = Bag(tmp_path / "别的包")
    bag.add("x.pdf", pdf_of("x"))
    bag.close({})
    for folder, code in [
        (tmp_path / "别的包", "package_faulty"),
        (tmp_path, "bag_faulty"),
        (tmp_path / "没有", "scan_missing"),
    ]:
        answer = run(home, folder)
        assert (answer.status, answer.json["error"]["code"]) == (3, code)
    broken = package_of(tmp_path / "坏", NUMBERS[:1])
    broken.joinpath("data", LIST).write_bytes(b"[]")
    assert run(home, broken).json["error"]["code"] == "bag_faulty"
    files = read_bag(package_of(tmp_path / "变", NUMBERS[:1]))
    files[LIST].path.write_bytes(b"[]")
    with pytest.raises(PackageFaulty):  # after it was proven
        listed(files)
    odd = packed(tmp_path / "怪", [{"contract": 1}], {})  # type: ignore[dict-item]
    assert run(home, odd).json["error"]["code"] == "package_faulty"


def started(home: Home, package: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"HUYUE_TODAY": TODAY, "HUYUE_USER": "经办人甲"}
    program = "import pipeline.paper_import as p; p.GROUP = 2; from pipeline.cli import main; main()"
    arguments = [sys.executable, "-c", program, "--home", str(home.folder), "import", str(package)]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def filed(home: Home) -> int:
    with home.reading() as connection:
        return connection.execute(select(func.count()).select_from(paper)).scalar_one()


def wait_for(process: "subprocess.Popen[bytes]", home: Home, blobs: int) -> None:
    """Until the vault has so many files: a moment in the middle of a group, or between two."""
    while process.poll() is None and len(list((home.folder / "vault").glob("??/*"))) < blobs:
        pass


def test_killed_at_any_moment_it_goes_on_and_nothing_is_there_twice(
    home: Home, run: Callable[..., Answer], tmp_path: Path
) -> None:
    package = package_of(tmp_path / "包", NUMBERS)
    for blobs in range(1, 8) if FULL else (3,):
        process = started(home, package)
        wait_for(process, home, blobs)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
        assert filed(home) % 2 == 0 or filed(home) == len(NUMBERS), "whole groups"
    before = filed(home)
    done = run(home, package)
    assert counts(done) == (7, 7 - before, before, 0)
    with home.reading() as connection:
        found = papers(connection)
        assert sorted(one.about.own_number for one in found) == NUMBERS
        assert [one.number for one in found] == list(range(1, 8))
    verified = look_over(home)
    assert (verified.findings, verified.orphaned, verified.blobs) == ([], [], 7)


def test_a_village_of_a_town_that_is_known_is_taken_up_by_its_own_name(
    home: Home, run: Callable[..., Answer], tmp_path: Path
) -> None:
    with home.writing() as connection:
        rows: list[dict[str, Any]] = [
            {"code": "451226", "name": "环江县"},
            {"code": "451226101", "name": "金城"},
        ]
        connection.execute(insert(tables.division), rows)
    data = pdf_of("x")
    said = [described(NUMBERS[0], data, village="金城江村"), described(NUMBERS[1], data, village="江村")]
    said[1]["village_code"] = "451226101004"
    package = packed(tmp_path / "包", said, {f"合同/{number}.pdf": data for number in NUMBERS[:2]})
    assert counts(run(home, package)) == (2, 2, 0, 0)
    with home.reading() as connection:
        names = division_names(connection)
    assert (names[ELSEWHERE], names["451226101004"], names["451226"]) == ("江村", "江村", "环江县")
