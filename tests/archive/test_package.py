"""Packages: every paper as it was filed, listed, counted and checked; what is missing or wrong is said."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import bagit
import openpyxl
import pikepdf
import pytest
from click.testing import CliRunner
from sqlalchemy import insert, update

from archive import four_checks
from archive.bag import Bag
from archive.catalogue import tables
from archive.errors import BlobDamaged
from archive.filings import Drafts, Verdict
from archive.four_checks import Check, Checked
from archive.home import Home, create_home
from archive.journal import Actor
from archive.numbers import Number
from archive.package import Package, filed_numbers, make_package
from pipeline.cli import cli
from pipeline.console import Session
from tests.archive.test_filings import box, sheet
from tests.archive.test_states import OLD, VILLAGE, keep

ACTOR = Actor("经办人甲", date(2026, 4, 5))
NUMBERS = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, 6)]
FILED = [NUMBERS[0], NUMBERS[2], NUMBERS[3]]  # the second was declined, the fifth is filed later
NAMES = {VILLAGE[:9]: "东门镇", VILLAGE: "冲洞村"}, {"service": "计划生育合同书"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An archive with three contracts filed, one declined, one still out."""
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, ACTOR)
    papers = [
        replace(OLD, number=number, key=f"{VILLAGE}/1/{number}", party=f"覃小明{at}")
        for at, number in enumerate(NUMBERS)
    ]
    papers[1] = replace(papers[1], closings=(("declined", "2026-03-09", "2026-03-09"),))
    with home.writing() as connection:
        keep(connection, *papers)
        file = {"id": 1, "name": "一.pdf", "sha256": "0", "size": 1, "pages": 9, "code": ""}
        connection.execute(insert(tables.scan_file).values(file | {"taken_on": "2026-03-01"}))
        pages = [{"id": page, "file_id": 1, "index": page - 1, "outcome": "filed"} for page in range(1, 10)]
        connection.execute(insert(tables.scan_page), pages)
        drafts = Drafts(connection, home.vault(connection), ACTOR)
        for at, number in enumerate(FILED):
            for place in (1, 2):
                filed = sheet(place, 2 * at + place, [box(f"s{place}", Verdict.FILLED)])
                drafts.place(replace(filed, contract=number), 2 * at + place)
        drafts.write()
    return home


def made(home: Home, folder: Path, numbers: list[str] = FILED) -> Package:
    with home.reading() as connection:
        return make_package(home, connection, numbers, folder, NAMES, ACTOR, lambda _: None)


def cells(path: Path, sheet_name: str = "") -> list[list[object]]:
    book = openpyxl.load_workbook(path)
    return [list(row) for row in book[sheet_name or book.sheetnames[0]].values]


def test_a_package_is_a_sound_bag_of_just_what_was_filed(home: Home, tmp_path: Path) -> None:
    package = made(home, tmp_path / "包")
    bagit.Bag(str(tmp_path / "包")).validate()
    data = tmp_path / "包" / "data"
    assert sorted(path.stem for path in (data / "合同").iterdir()) == FILED
    assert (package.papers, package.sheets) == (3, 6)
    with home.reading() as connection:
        said = json.loads((data / "目录.json").read_bytes())
        for one in said:
            row = connection.execute(
                tables.filing.select().where(tables.filing.c.contract == one["contract"])
            ).one()
            blob = home.vault(connection).get(connection, row.blob)
            assert (data / "合同" / f"{one['contract']}.pdf").read_bytes() == blob
    assert [one["party"] for one in said] == ["覃小明0", "覃小明2", "覃小明3"]
    assert {one["retention"] for one in said} == {"10年"}
    assert said[0]["village"] == "东门镇冲洞村"
    listed = cells(data / "归档文件目录.xlsx", "目录")
    assert [row[2] for row in listed[2:]] == FILED
    assert sum(int(str(row[12])) for row in listed[2:]) == 6
    assert ["件数", "3 份"] in cells(data / "归档文件目录.xlsx", "备考表")
    assert cells(data / "移交清册.xlsx", "清册")[2][3:5] == [3, 6]


def test_numbers_in_between_are_named_with_the_reason(home: Home, tmp_path: Path) -> None:
    package = made(home, tmp_path / "包")
    assert [(gap.number, gap.why) for gap in package.gaps] == [(NUMBERS[1], "未签（自愿）")]
    fewer = made(home, tmp_path / "少", FILED[-1:])
    assert [(gap.number, gap.why) for gap in fewer.gaps] == [
        (NUMBERS[0], "已归档"),
        (NUMBERS[1], "未签（自愿）"),
        (NUMBERS[2], "已归档"),
    ]
    assert cells(tmp_path / "包" / "data" / "漏号.xlsx")[2][1:] == [NUMBERS[1], "未签（自愿）"]


def test_what_is_chosen_is_of_all_that_is_asked_for(home: Home) -> None:
    with home.reading() as connection:

        def chosen(**asked: object) -> list[str]:
            return filed_numbers(connection, ACTOR.today, **asked)  # type: ignore[arg-type]

        assert chosen() == chosen(villages=frozenset({VILLAGE})) == chosen(year=2026) == FILED
        assert chosen(villages=frozenset({"451225100999"})) == chosen(year=2025) == []
        assert chosen(campaign="2026-03-01") == FILED
        assert chosen(campaign="2027-03-01") == chosen(identity=frozenset({"2"})) == []
        assert chosen(identity=frozenset({"1"}), villages=frozenset({VILLAGE})) == FILED


def test_a_package_that_was_broken_off_is_gone_on_with_and_no_stray_file_stays(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(home, tmp_path / "整")
    bag = tmp_path / "包"
    written: list[str] = []
    really = Bag.add

    def add(self: Bag, name: str, data: bytes) -> None:
        written.append(name)
        if len(written) == 3:
            raise KeyboardInterrupt
        really(self, name, data)

    monkeypatch.setattr(Bag, "add", add)
    with pytest.raises(KeyboardInterrupt):
        made(home, bag)
    assert not (bag / "bagit.txt").exists()
    (bag / "data" / "合同" / "别的.pdf").write_bytes(b"x")
    (bag / "data" / "合同" / f"{FILED[0]}.pdf").write_bytes(b"half")
    made(home, bag)
    assert written[3:] == [f"合同/{FILED[0]}.pdf", f"合同/{FILED[2]}.pdf", "目录.json"]
    bagit.Bag(str(bag)).validate()
    papers = [path.relative_to(bag) for path in sorted((bag / "data" / "合同").iterdir())]
    assert papers == [
        path.relative_to(tmp_path / "整") for path in sorted((tmp_path / "整/data/合同").iterdir())
    ]


def test_a_damaged_paper_stops_the_package(home: Home, tmp_path: Path) -> None:
    path = max((home.folder / "vault").rglob("*"), key=lambda path: path.stat().st_size * path.is_file())
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BlobDamaged):
        made(home, tmp_path / "包")
    assert not (tmp_path / "包" / "bagit.txt").exists()


def test_formulas_in_names_are_text(home: Home, tmp_path: Path) -> None:
    with home.writing() as connection:
        connection.execute(update(tables.party).values(name="=1+1"))
    made(home, tmp_path / "包")
    book = openpyxl.load_workbook(tmp_path / "包" / "data" / "归档文件目录.xlsx")
    cell = book["目录"]["E3"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def spoiled(pdf: bytes, how: Callable[[pikepdf.Pdf], None]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        how(document)
        document.save(out)
    return out.getvalue()


def _script(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _attached(document: pikepdf.Pdf) -> None:
    document.attachments["x.exe"] = b"MZ"


def _linked(document: pikepdf.Pdf) -> None:
    action = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="http://example.invalid")
    link = pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=action)
    document.pages[0].Annots = pikepdf.Array([link])


def _no_metadata(document: pikepdf.Pdf) -> None:
    del document.Root.Metadata


def _page_gone(document: pikepdf.Pdf) -> None:
    del document.pages[1]


SAID = {"filed_on": "2026-04-05", "filed_by": "甲", "title": "合同", "contract": "1", "village": "冲洞村"}
SAID |= {"party": "覃小明", "retention": "10年"}


@pytest.mark.parametrize(
    ("how", "check"),
    [
        (_script, Check.PASSIVE),
        (_attached, Check.PASSIVE),
        (_linked, Check.PASSIVE),
        (_no_metadata, Check.PDFA),
        (_page_gone, Check.SHEETS),
    ],
)
def test_each_property_is_seen_to_be_wanting(
    home: Home, tmp_path: Path, how: Callable[[pikepdf.Pdf], None], check: Check
) -> None:
    made(home, tmp_path / "包")
    pdf = (tmp_path / "包" / "data" / "合同" / f"{FILED[0]}.pdf").read_bytes()
    assert failed(pdf, SAID) == {Check.SAME}
    assert failed(spoiled(pdf, how), SAID) == {Check.SAME, check}
    assert failed(pdf, SAID | {"party": ""}) == {Check.SAME, Check.DESCRIBED}
    assert failed(pdf, SAID | {"filed_by": ""}) == {Check.SAME, Check.KNOWN}
    assert failed(pdf[:300], SAID) >= {Check.OPENS, Check.SAME}


def failed(pdf: bytes, said: dict[str, str]) -> set[Check]:
    """The checks that a paper of two sheets fails; its SHA-256 is never what was filed here."""
    checked = Checked()
    checked.look("1", pdf, "0" * 64, 2, said)
    return {check for check, numbers in checked.failed.items() if numbers}


def test_every_check_has_its_words() -> None:
    assert set(four_checks.CHINESE) == set(four_checks.PROPERTY) == set(Check)
    assert {"真实性", "完整性", "可用性", "安全性"} == set(four_checks.PROPERTY.values())


def export(home: Home, *arguments: str) -> tuple[int, str]:
    """The command's exit status, and all it says."""
    given = ["--home", str(home.folder), "--today", "2026-04-05", "export", *arguments]
    done = CliRunner().invoke(cli, given, obj=Session(), standalone_mode=False)
    if done.exception is not None:
        return getattr(done.exception, "exit_code", 2), str(done.exception)
    return int(done.return_value or 0), done.output


def test_the_command_says_what_is_not_there_and_takes_no_folder_with_other_things(
    home: Home, tmp_path: Path
) -> None:
    status, said = export(home, FILED[0], NUMBERS[4], "--out", str(tmp_path / "取件"))
    assert status == 1
    assert f"{NUMBERS[4]} 还没有归档的扫描件" in said
    assert export(home, FILED[0], "--out", str(tmp_path / "取件"))[0] == 0
    assert export(home, "--year", "2025", "--out", str(tmp_path / "空"))[0] == 3
    assert not (tmp_path / "空").exists()
    with home.writing() as connection:
        connection.execute(update(tables.party).values(id_number="451225199001010010"))
    assert export(home, "--person", "45122519900101001Y", "--out", str(tmp_path / "个人"))[0] == 2
    status, said = export(home, "--person", "451225199001010010", "--out", str(tmp_path / "个人"))
    assert status == 0, said
    bagit.Bag(str(tmp_path / "个人")).validate()
    (tmp_path / "别的").mkdir()
    (tmp_path / "别的" / "合同.docx").write_bytes(b"x")
    assert export(home, "--out", str(tmp_path / "别的"))[0] == 2
    with home.reading() as connection:
        entries = connection.execute(tables.journal.select().where(tables.journal.c.action == "export")).all()
    assert len(entries) == 3
    assert not any("覃" in entry.detail for entry in entries)
