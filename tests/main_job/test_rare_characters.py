"""Rare characters of names, from the roster to the audit: each as itself, or its one contract stopped by name."""

import csv
import io
import json
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pypdf
import pypdfium2 as pdfium
import pytest
from lxml import etree

from pipeline import fonts
from pipeline.cli import run
from tests.conftest import Answer, huyue
from tests.roster.roster_files import COLUMNS, Cells, row, write

ENGINES = ("tantivy", "whoosh")
# In every installation that the set-up makes: the Basic block, extension A, B (𠮷 and another), C, D, E and F;
# the last five only in a font for rare characters.
COMMON = "㛃〇䶮堃玥璟喆𠮷𦊍𪱝𫞐𫾉𬺰"
# In extensions G and H free fonts hold a part; the first two that are there.
FURTHER = "".join(
    next((character for character in block if fonts.style("kai").find(character)), "")
    for block in (map(chr, range(0x30000, 0x3134B)), map(chr, range(0x31350, 0x323B0)))
)
RARE = COMMON + FURTHER
# Extension I, a corner of G, and last one that no standard has.
ABSENT = next(c for c in "\U0002ebf0\U00030041\U000323b0" if not fonts.style("kai").find(c))
DOTTED = "阿依古丽·买买提"
NAMES = [*(f"韦{character}" for character in RARE), DOTTED, f"{RARE[0]}{RARE[7]}{RARE[-1]}"]
LOST = f"覃{ABSENT}"
VILLAGES = {"冲洞村委会": "451225100201", "大境村委会": "451225100202"}


@dataclass(frozen=True)
class Office:
    """What the commands made of two rosters of the same names, a workbook and a text, each of one village."""

    home: Path
    out: Path
    check: Answer
    planned: Answer
    printed: Answer

    def pages(self) -> Iterator[tuple[str, str]]:
        """Every contract with the text of its first sheet."""
        for village in VILLAGES.values():
            batch = self.out / village
            reader = pypdf.PdfReader(batch / "print.pdf")
            for page in json.loads((batch / "print.json").read_text(encoding="utf-8"))["pages"]:
                if page["contract"] and page["sheet"] == 1:
                    yield page["contract"], reader.pages[page["page"] - 1].extract_text()


def rows(village: str, first: int) -> list[Cells]:
    """Each name the head of a household of one, who is offered one contract."""
    made = []
    for place, name in enumerate([*NAMES, LOST]):
        cells = row(name, household=f"{place + 1:04d}", village=village, birth=date(1950, 1, 1 + place), head=name,
                    serial=first)  # fmt: skip
        cells[9] = "丧偶"
        made.append(cells)
    return made


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("rare")
    (workbook_village, text_village) = VILLAGES
    workbook = write(folder / "2026年冲洞.xlsx", [COLUMNS, *rows(workbook_village, 1)])
    text = folder / "2026年大境.csv"
    with text.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows(text_village, 2)])
    home, out = folder / "档案库", folder / "打印"
    check = huyue("roster", "check", workbook, text, "--json")
    assert huyue("init", home).status == 0
    added = huyue("--home", home, "roster", "import", workbook, text, "--json")
    assert (added.status, added.json["added"]) == (0, 2 * len(NAMES) + 2), added.err
    planned = huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01", "--json")
    printed = huyue("--home", home, "print", "--campaign", "2026春", "--out", out, "--docx", "--json")
    return Office(home, out, check, planned, printed)


@pytest.fixture(params=ENGINES)
def find(office: Office, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch,
         capsys: pytest.CaptureFixture[str]) -> Any:  # fmt: skip
    """Searches as the command line does; a process of its own for every word would take minutes."""
    monkeypatch.setenv("HUYUE_ENGINE", request.param)
    monkeypatch.setenv("HUYUE_TODAY", "2026-03-05")

    def search(words: str) -> Any:
        assert run(["--home", str(office.home), "search", words, "--limit", "100", "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return search


def test_both_rosters_are_read_without_a_word_about_any_character(office: Office) -> None:
    assert (office.check.status, office.check.json["problems"]) == (0, [])
    for code in VILLAGES.values():
        homes = [home for home in office.check.json["households"] if home["village_code"] == code]
        assert [home["head"] for home in homes] == [*NAMES, LOST]
        assert [home["members"][0]["name"] for home in homes] == [*NAMES, LOST]


def test_only_the_contracts_without_a_glyph_are_stopped_and_named(office: Office) -> None:
    assert office.planned.json["contracts"] == 2 * len(NAMES) + 2
    assert (office.printed.status, office.printed.json["contracts"]) == (1, 2 * len(NAMES))
    stopped = [line for line in office.printed.err.splitlines() if ABSENT in line]
    assert len(stopped) == len(VILLAGES)
    for line, village in zip(stopped, VILLAGES.values(), strict=True):
        assert re.search(rf"{village}-2026-01-\d{{6}}-\w", line)
        assert f"“{LOST}”里的“{ABSENT}”没有一种字体有" in line


def test_every_name_is_text_on_its_page(office: Office) -> None:
    shown = dict(office.pages())
    assert len(shown) == 2 * len(NAMES)
    for name in NAMES:
        assert sum(name in text for text in shown.values()) == len(VILLAGES), name
    assert not any(ABSENT in text for text in shown.values())


def test_every_rare_character_is_drawn_as_itself(office: Office) -> None:
    batch = office.out / VILLAGES["冲洞村委会"]
    pages = dict(pictures(batch))
    assert set(pages) == set(RARE)
    # Boxes for what a font lacks would all look alike.
    assert len(set(pages.values())) == len(RARE)
    assert all(np.frombuffer(pictured, np.uint8).min() < 128 for pictured in pages.values())


def pictures(batch: Path) -> Iterator[tuple[str, bytes]]:
    """Each rare character that ends a name, as it looks where it is first printed."""
    document = pdfium.PdfDocument(batch / "print.pdf")
    for page in document:
        text = page.get_textpage()
        codes = [pdfium.raw.FPDFText_GetUnicode(text, index) for index in range(text.count_chars())]
        # Beyond the basic plane a character is two of these, in one place.
        read = struct.pack(f"<{len(codes)}H", *codes).decode("utf-16-le", "replace")
        name = re.search(f"韦([{RARE}])", read)
        if name:
            place = len(read[: name.start(1)].encode("utf-16-le")) // 2
            left, bottom, right, top = text.get_charbox(place)
            height = page.get_height()
            crop = (left, bottom, page.get_width() - right, height - top)
            yield name[1], page.render(scale=4, crop=crop, grayscale=True).to_numpy().tobytes()


def test_every_name_stands_in_its_word_file_and_in_the_ledger(office: Office) -> None:
    for village in VILLAGES.values():
        with zipfile.ZipFile(office.out / village / "contracts.zip") as archive:
            files = [document_text(archive.read(name)) for name in archive.namelist()]
        sheet = openpyxl.load_workbook(office.out / village / "ledger.xlsx").worksheets[0]
        ledger = {str(cell) for cells in sheet.iter_rows(values_only=True) for cell in cells}
        assert len(files) == len(NAMES)
        for name in NAMES:
            assert sum(name in text for text in files) == 1, name
            assert name in ledger
        assert LOST not in ledger


def document_text(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as document:
        root = etree.fromstring(document.read("word/document.xml"))
    return "".join(str(text) for text in root.itertext("{*}t"))


def test_every_name_is_found_as_it_is_written(find: Any) -> None:
    for name in [*NAMES, LOST]:
        hits = find(name)["hits"]
        assert [hit["party"] for hit in hits[:2]] == [name, name]
        assert f"<mark>{name}</mark>" in hits[0]["highlights"]["party"]


def test_one_rare_character_finds_everyone_who_has_it(find: Any) -> None:
    for character in RARE + ABSENT:
        found = find(character)
        wanted = [name for name in [*NAMES, LOST] if character in name] * 2
        assert sorted(hit["party"] for hit in found["hits"]) == sorted(wanted)
        assert found["total"] == len(wanted)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_clerk_finds_and_shows_one_in_processes_of_their_own(office: Office, engine: str) -> None:
    answer = huyue("--home", office.home, "search", NAMES[7], "--json", HUYUE_ENGINE=engine)
    first = answer.json["hits"][0]
    assert first["party"] == NAMES[7]
    shown = huyue("--home", office.home, "show", first["contract"], "--json").json
    assert [party["name"] for party in shown["parties"]] == [NAMES[7]]


def test_every_contract_shows_its_party_and_its_page(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    for contract, text in office.pages():
        assert run(["--home", str(office.home), "show", contract, "--json"]) == 0
        (party,) = json.loads(capsys.readouterr().out)["parties"]
        assert party["name"] in text


def test_every_name_stands_in_the_workbook_of_the_audit(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "检查.xlsx"
    answer = huyue("--home", office.home, "audit", "--on", "2026-12-31", "--out", path, "--json")
    assert answer.status == 1
    assert {finding["party"] for finding in answer.json["findings"]} == {*NAMES, LOST}
    book = openpyxl.load_workbook(path)
    cells = {str(cell) for sheet in book for line in sheet.iter_rows(values_only=True) for cell in line}
    assert cells >= {*NAMES, LOST}
