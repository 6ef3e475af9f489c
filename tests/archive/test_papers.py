"""Papers filed by hand: byte for byte, described, corrected without loss, once for a place, vouched for, carried along."""

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from archive import journal
from archive.catalogue import tables
from archive.changes import paper_key
from archive.home import Home
from archive.paper_words import joined, parted
from archive.papers import (
    Description,
    Kind,
    NewFile,
    PaperFiler,
    find_paper,
    subject_of,
    words_of,
)
from pipeline import paper_filing
from pipeline.divisions import Divisions
from pipeline.errors import ContractUnknown, PaperFaulty, PlaceUnknown, VillageUnknown
from pipeline.paper_filing import Given, described
from pipeline.paper_place import Place, place_name
from tests.archive.papers import (
    LATER,
    actor,
    call,
    copied,
    head_of,
    look_over,
    made_archive,
)
from tests.archive.test_paper_files import pdf_of, saved
from tests.archive.test_paper_words import ID
from tests.archive.test_states import VILLAGE, A
from tests.conftest import Answer

ABOUT = Description(
    Kind.CONVENTION, "冲洞村村规民约", VILLAGE, day="2009-03", party="冲洞村村民委员会", retention="Y"
)
TODAY = date.fromisoformat(LATER)


def new_file(path: Path, data: bytes, pages: int = 1) -> NewFile:
    path.write_bytes(data)
    return NewFile(path, path.name, hashlib.sha256(data).hexdigest(), "application/pdf", len(data), pages)


def file(home: Home, about: Description, *files: NewFile, words: str = "") -> int:
    with home.writing() as connection:
        filer = PaperFiler(connection, home.vault(connection), actor(LATER))
        number = filer.file(about, words, files)
        filer.record("paper_add", subject_of(number), {"version": 1})
    return number


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two contracts, and two papers: a convention of two files, an attachment of a contract."""
    folder = tmp_path_factory.mktemp("手工归档")
    home = made_archive(folder)
    one, two = new_file(folder / "约.pdf", pdf_of("爱护山林"), 1), new_file(folder / "表决.jpg", b"a photo")
    assert file(home, ABOUT, one, two, words=joined("全村通过", "爱护山林")) == 1
    attached = Description(Kind.ATTACHMENT, "承诺书", VILLAGE, contract=A)
    assert file(home, attached, new_file(folder / "附.pdf", b"%PDF attached")) == 2
    assert look_over(home).findings == []
    return home


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    shutil.copy(head_of(made), tmp_path)
    return copied(made, tmp_path)


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    def run(*arguments: str | Path) -> Answer:
        return call(monkeypatch, "--home", home.folder, "--json", *arguments)

    return run


SHIPPED = Divisions.shipped()


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (Place(village="冲洞村"), "451225100201"),
        (Place(village="451225100201"), "451225100201"),
        (Place(town="东门"), "451225100"),
        (Place(town=" 东门镇人民政府"), "451225100"),
        (Place(town="451225100"), "451225100"),
        (Place(county="罗城"), "451225"),
        (Place(county="罗城仫佬族自治县"), "451225"),
        (Place(), None),
    ],
)
def test_a_place_is_found_as_offices_write_it(place: Place, code: str | None) -> None:
    assert place.find(SHIPPED) == code


def test_an_unknown_place_is_told_with_those_there_are() -> None:
    with pytest.raises(PlaceUnknown, match="东门镇（451225100）"):
        Place(town="西门镇").find(SHIPPED)
    with pytest.raises(PlaceUnknown, match="451225"):
        Place(county="451225100").find(SHIPPED)
    with pytest.raises(VillageUnknown):
        Place(village="没有村").find(SHIPPED)
    village = SHIPPED.find_village("冲洞村")
    assert place_name(SHIPPED, village) == "东门镇" + SHIPPED.name(village)
    assert place_name(SHIPPED, "999999999999") == "999999999999"


VALID = Given(Place(village=VILLAGE), Kind.CONTRACT, "计划生育合同")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given(Place(village=VILLAGE), Kind.CONTRACT, "  "), "题名"),
        (Given(Place(village=VILLAGE), None, "合同"), "--kind"),
        (Given(kind=Kind.CONTRACT, title="合同"), "写明是哪里的"),
        (Given(Place(village=VILLAGE), Kind.ATTACHMENT, "表"), "附件要写明"),
        (Given(Place(village=VILLAGE), Kind.OTHER, "字" * 201), "题名太长"),
        (Given(Place(village=VILLAGE), Kind.OTHER, "表", party=f"韦桂莲{ID}"), "当事人里有身份证号"),
        (Given(Place(village=VILLAGE), Kind.OTHER, "表", day="2026-05"), "晚于今天"),
        (Given(Place(village=VILLAGE), Kind.OTHER, "表", day="2009-05", ends="2009-04-30"), "早于日期"),
        (Given(Place(village=VILLAGE), Kind.OTHER, "\x1b"), "题名"),
        (Given(Place(county="45"), Kind.OTHER, "表"), "区划表里没有"),
    ],
)
def test_what_cannot_be_filed_so_is_said_with_the_remedy(made: Home, given: Given, said: str) -> None:
    with made.reading() as connection, pytest.raises((PaperFaulty, PlaceUnknown), match=said):
        described(connection, None, given, TODAY)


def test_a_paper_of_a_contract_has_its_place_and_party_and_an_attachment_its_retention(made: Home) -> None:
    with made.reading() as connection:
        given = Given(kind=Kind.ATTACHMENT, title="承诺书", contract=A, day="2026-04-05", ends="")
        about = described(connection, None, given, TODAY)
        assert about == Description(
            Kind.ATTACHMENT,
            "承诺书",
            VILLAGE,
            day="2026-04-05",
            group_no=1,
            household_number="7",
            party="覃小明",
            responsible="莫秋月",
            contract=A,
            retention="D10",
        )
        other = Given(kind=Kind.OTHER, title="信", contract=A, party="韦桂莲", group=0)
        found = described(connection, None, other, TODAY)
        assert (found.party, found.group_no, found.retention) == ("韦桂莲", None, "D30")
        with pytest.raises(ContractUnknown):
            described(connection, None, Given(kind=Kind.OTHER, title="信", contract="x"), TODAY)
        with pytest.raises(PaperFaulty, match="和给出的地方不同"):
            moved = Given(Place(), contract=A)
            described(connection, Description(Kind.OTHER, "信", "45"), moved, TODAY)


def test_from_the_command_line_a_paper_goes_in_is_shown_corrected_and_comes_back_as_it_was(
    run: Callable[..., Answer], home: Home, tmp_path: Path
) -> None:
    scan, photo = tmp_path / "旧合同.pdf", tmp_path / "照片" / "旧合同.pdf"
    photo.parent.mkdir()
    scan.write_bytes(pdf_of(f"计划生育合同 {ID}", "第二页"))
    photo.write_bytes(saved("JPEG"))
    about = ["--kind", "旧合同", "--title", " 计划生育\x1b\t 合同", "--village", VILLAGE, "--group", "3"]
    about += ["--household", "0012", "--party", "韦桂莲、黄大勇", "--number", "冲字12", "--day", "2009-03"]
    about += ["--ends", "2012-12-31", "--retention", "永久", "--note", f"补归档，{ID}"]
    answer = run("paper", "add", scan, photo, *about)
    assert answer.status == 0, answer.out
    added = answer.json
    assert (added["paper"], added["version"], added["kind"], added["place"]) == (3, 1, "旧合同", "冲洞村")
    assert (added["group"], added["retention"], added["ends"]) == (3, "Y", "2012-12-31")
    assert [one["name"] for one in added["files"]] == ["旧合同.pdf"] * 2
    assert [one["pages"] for one in added["files"]] == [2, 1]

    shown = run("paper", "show", "3").json
    assert shown["note"] == "补归档，***"
    with home.reading() as connection:
        words = words_of(connection, find_paper(connection, 3))
    assert "计划生育合同" in words.replace(" ", "") and "第二页" in words and ID not in words
    assert shown["characters"] == len(parted(words)[1])

    again = run("paper", "add", scan, *about)
    assert (again.status, again.json["error"]["code"]) == (2, "paper_there")
    assert "第 3 号" in again.json["error"]["message"]

    fixed = run("paper", "correct", "3", "--title", "计划生育合同", "--ends", "", "--reason", "题名写错")
    assert fixed.json | {"files": 0} == added | {
        "version": 2, "title": "计划生育合同", "ends": "", "reason": "题名写错", "files": 0,
    }  # fmt: skip
    assert fixed.json["files"] == added["files"]
    assert run("paper", "correct", "3", "--title", "计划生育合同", "--reason", "x").status == 2
    named = run("paper", "correct", "3", "--title", "x", "--reason", f"错写了{ID}")
    assert named.json["error"]["code"] == "paper_faulty"
    noted = run("paper", "correct", "3", "--note", "换了说明", "--reason", "说明")
    assert noted.json["version"] == 3
    shown = run("paper", "show", "3").json
    assert [(one["version"], one["reason"]) for one in shown["versions"]] == [
        (1, ""),
        (2, "题名写错"),
        (3, "说明"),
    ]
    assert (shown["note"], shown["characters"]) == ("换了说明", len(parted(words)[1]))

    got = run("paper", "get", "3", "--out", tmp_path / "取件")
    files = [Path(one["file"]) for one in got.json["files"]]
    assert [path.name for path in files] == ["旧合同.pdf", "旧合同-2.pdf"]
    assert [path.read_bytes() for path in files] == [scan.read_bytes(), photo.read_bytes()]
    files[0].unlink()
    files[1].write_bytes(b"mine")
    assert run("paper", "get", "3", "--out", tmp_path / "取件").json["error"]["code"] == "file_exists"
    assert (files[0].exists(), files[1].read_bytes()) == (False, b"mine")

    listed = run("paper", "list", "--village", VILLAGE, "--kind", "旧合同").json["papers"]
    assert [(one["paper"], one["version"]) for one in listed] == [(3, 3)]
    assert [one["paper"] for one in run("paper", "list", "--contract", A).json["papers"]] == [2]
    assert run("paper", "list", "--village", VILLAGE, "--town", "东门").json["error"]["code"] == "wrong_usage"
    assert run("paper", "show", "9").json["error"]["code"] == "paper_unknown"
    with home.reading() as connection:
        *_, first, second, third = journal.entries(connection)
        detail = json.loads(first.detail)
        changed = connection.execute(select(tables.index_change.c.contract)).scalars().all()
    assert [(one.action, one.subject) for one in (first, second, third)] == [
        ("paper_add", "paper:3"), ("paper_correct", "paper:3"), ("paper_correct", "paper:3"),
    ]  # fmt: skip
    assert detail["files"] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in (scan, photo)]
    assert not any(word in one.detail for one in (first, second, third) for word in ("韦", ID, "题名"))
    assert paper_key(3) in changed
    assert look_over(home).findings == []


def test_the_same_file_elsewhere_is_filed_and_told(
    run: Callable[..., Answer], home: Home, tmp_path: Path
) -> None:
    (tmp_path / "约.pdf").write_bytes(pdf_of("爱护山林"))
    with home.writing() as connection:
        connection.execute(insert(tables.division).values(code="451225100009", name="大新村"))
    about = ["--kind", "村规民约", "--title", "村规民约", "--village"]
    answer = run("paper", "add", tmp_path / "约.pdf", *about, "451225100009")
    assert (answer.status, answer.json["paper"]) == (0, 3), answer.out
    assert "第 1 号《冲洞村村规民约》" in answer.err
    assert run("paper", "add", tmp_path / "约.pdf", *about, VILLAGE).json["error"]["code"] == "paper_there"


def test_a_file_that_changes_meanwhile_is_told(
    run: Callable[..., Answer], home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its words are read, which may take minutes."""
    file, read = tmp_path / "变.pdf", paper_filing._text

    def meanwhile(*given: Any) -> tuple[str, int]:
        file.write_bytes(b"%PDF another")
        return read(*given)

    file.write_bytes(pdf_of("先"))
    monkeypatch.setattr(paper_filing, "_text", meanwhile)
    answer = run("paper", "add", file, "--kind", "其他", "--title", "表", "--village", VILLAGE)
    assert (answer.status, answer.json["error"]["code"]) == (2, "paper_file_changed")
    assert answer.json["error"]["file"] == str(file)
    assert len(run("paper", "list").json["papers"]) == 2


def test_one_bad_file_and_nothing_is_filed(run: Callable[..., Answer], home: Home, tmp_path: Path) -> None:
    (tmp_path / "好.pdf").write_bytes(pdf_of("好"))
    (tmp_path / "坏.doc").write_bytes(b"\xd0\xcf\x11\xe0 old Word")
    about = ("--kind", "其他", "--title", "表", "--village", VILLAGE)
    answer = run("paper", "add", tmp_path / "好.pdf", tmp_path / "坏.doc", *about)
    assert (answer.status, answer.json["error"]["code"]) == (3, "paper_file_refused")
    assert "另存为 docx" in answer.json["error"]["message"]
    assert run("paper", "add", tmp_path / "没有.pdf", *about).status == 3
    shutil.copy(tmp_path / "好.pdf", tmp_path / "又.pdf")
    answer = run("paper", "add", tmp_path / "好.pdf", tmp_path / "又.pdf", *about)
    assert (answer.status, "一模一样" in answer.json["error"]["message"]) == (3, True)
    assert len(run("paper", "list").json["papers"]) == 2
