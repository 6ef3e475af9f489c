"""Print batches: what lies in a village's folder, in which order, and what a second run makes of it."""

import io
import json
import shutil
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdfium2 as pdfium
import pytest

from archive import numbers
from archive.home import open_home
from pipeline.campaigns import find_campaign
from pipeline.contracts import Printable, printables
from tests.conftest import Town, huyue

TEMPLATES = {
    "01": "household_responsibility",
    "02": "family_planning",
    "03": "contraception_service",
    "04": "away_period",
    "05": "pension_insurance",
    "06": "informed_choice",
}


def listing(batch: Path) -> Any:
    return json.loads((batch / "print.json").read_text(encoding="utf-8"))


def contracts(town: Town) -> dict[str, Printable]:
    """Every contract of the town as the catalogue holds it."""
    with open_home(town.home, None).reading() as connection:
        campaign = find_campaign(connection, "2026春")
        return {
            one.number: one
            for batch in town.batches()
            for one in printables(connection, campaign.id, batch.name, date(2026, 3, 5))
        }


def test_the_counts_of_the_command_add_up_to_what_lies_in_the_folders(town: Town) -> None:
    said = town.printed.json
    assert said["batches"] == [str(batch) for batch in town.batches()]
    pages = [line for batch in town.batches() for line in listing(batch)["pages"]]
    assert said["pages"] == len(pages)
    assert said["contracts"] == len({line["contract"] for line in pages} - {None})
    with open_home(town.home, None).reading() as connection:
        planned = connection.exec_driver_sql("SELECT count(*) FROM contract").scalar_one()
        unprinted = connection.exec_driver_sql(
            "SELECT count(*) FROM contract WHERE printed_on IS NULL"
        ).scalar_one()
    assert (said["contracts"], unprinted) == (planned, 0)


def test_every_template_is_there(town: Town) -> None:
    kinds = Counter(number[18:20] for number in contracts(town))
    assert set(kinds) == set(TEMPLATES)


def test_contracts_lie_in_group_and_household_order_each_on_the_front_of_a_leaf(town: Town) -> None:
    known = contracts(town)
    for batch in town.batches():
        pages = listing(batch)["pages"]
        firsts = [
            line for line in pages if line["sheet" if line["contract"] else "page"] == 1 and line["contract"]
        ]
        keys = [(known[one["contract"]].group, int(known[one["contract"]].household)) for one in firsts]
        assert keys == sorted(keys)
        assert all(one["page"] % 2 == 1 for one in firsts)
        for line in pages:
            if line["contract"]:
                assert line["sheet"] <= line["sheets"]


def test_printing_again_elsewhere_on_another_day_gives_the_same_bytes(town: Town, tmp_path: Path) -> None:
    again = huyue(
        "--home", town.home, "print", "--campaign", "2026春", "--out", tmp_path / "又一次", today="2026-04-09"
    )
    assert again.status == 0
    for batch in town.batches():
        for name in ("print.pdf", "print.json"):
            assert (tmp_path / "又一次" / batch.name / name).read_bytes() == (batch / name).read_bytes()


def test_its_own_batch_is_replaced_whole_and_anything_else_is_left_alone(town: Town, tmp_path: Path) -> None:
    out, village = tmp_path / "打印", next(town.batches()).name
    command = (
        "--home",
        town.home,
        "print",
        "--campaign",
        "2026春",
        "--out",
        out,
        "--village",
        village,
        "--json",
    )
    assert huyue(*command, "--copies", "2").status == 0
    assert {path.name for path in (out / village).iterdir()} == {
        "print.pdf",
        "print-2.pdf",
        "print.json",
        "ledger.xlsx",
    }
    assert huyue(*command).status == 0
    assert {path.name for path in (out / village).iterdir()} == {"print.pdf", "print.json", "ledger.xlsx"}
    assert [path.name for path in out.iterdir()] == [village]
    (out / village / "扫描件.pdf").write_bytes(b"x")
    answer = huyue(*command)
    assert (answer.status, answer.json["error"]["code"]) == (2, "folder_not_ours")
    assert (out / village / "扫描件.pdf").read_bytes() == b"x"
    (out / village / "扫描件.pdf").rename(out / village / "print-笔记.txt")
    assert huyue(*command).status == 2
    assert (out / village / "print-笔记.txt").read_bytes() == b"x"
    shutil.rmtree(out / village)
    (out / "照片").mkdir()
    assert huyue(*command).status == 2
    (out / "照片").rename(out / ".huyue-照片")
    assert huyue(*command).status == 2
    assert [path.name for path in out.iterdir()] == [".huyue-照片"]
    (out / ".huyue-照片").rmdir()
    (out / f".huyue-{village}-old").mkdir()  # a run was killed between the two renames
    shutil.copy(next(town.batches()) / "print.pdf", out / f".huyue-{village}-old")
    assert huyue(*command).status == 0
    assert [path.name for path in out.iterdir()] == [village]


def test_the_households_copy_has_the_same_codes(town: Town, tmp_path: Path) -> None:
    village = next(town.batches()).name
    command = (
        "--home",
        town.home,
        "print",
        "--campaign",
        "2026春",
        "--out",
        tmp_path / "o",
        "--village",
        village,
    )
    assert huyue(*command, "--copies", "2").status == 0
    first, second = (
        pdfium.PdfDocument(tmp_path / "o" / village / name) for name in ("print.pdf", "print-2.pdf")
    )
    assert len(first) == len(second)
    for one, other in list(zip(first, second, strict=True))[1:6]:
        assert one.get_textpage().get_text_range() == other.get_textpage().get_text_range()
        pictures = [page.render(scale=1, grayscale=True).to_numpy() for page in (one, other)]
        assert (pictures[0] == pictures[1]).all()


def test_the_ledger_has_a_row_a_contract_and_no_full_identity_number(town: Town) -> None:
    known = contracts(town)
    for batch in town.batches():
        sheet = openpyxl.load_workbook(batch / "ledger.xlsx").active
        assert sheet is not None
        rows = list(sheet.iter_rows(min_row=3, values_only=True))
        pages = listing(batch)["pages"]
        order = list(dict.fromkeys(line["contract"] for line in pages if line["contract"]))
        assert [row[1] for row in rows] == order
        for row in rows:
            contract = known[str(row[1])]
            assert row[5] == "、".join(name for name, _ in contract.parties)
            for _, number in contract.parties:
                assert number not in str(row)
            assert pages[int(str(row[12])) - 1]["contract"] == contract.number
        assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def test_every_contract_has_a_word_file_with_its_values(town: Town) -> None:
    known = contracts(town)
    for batch in list(town.batches())[:2]:
        with zipfile.ZipFile(batch / "contracts.zip") as archive:
            order = list(
                dict.fromkeys(line["contract"] for line in listing(batch)["pages"] if line["contract"])
            )
            assert archive.namelist() == [f"{number}.docx" for number in order]
            for number in order:
                document = docx.Document(io.BytesIO(archive.read(f"{number}.docx")))
                cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
                text = "\n".join([*cells, *(paragraph.text for paragraph in document.paragraphs)])
                assert "{{" not in text
                content = known[number].content
                for value in [
                    *content.fields.values(),
                    *(v for rows in content.rows.values() for r in rows for v in r.values()),
                ]:
                    assert value in text
                assert document.core_properties.author != "python-docx"


def test_numbers_are_sound_and_count_up_by_village_and_template(town: Town) -> None:
    serials: dict[tuple[str, str], list[int]] = {}
    for number in sorted(contracts(town)):
        parsed = numbers.parse(number)
        assert parsed is not None
        assert (str(parsed), parsed.year) == (number, 2026)
        serials.setdefault((parsed.village, parsed.template), []).append(parsed.serial)
    assert all(found == list(range(1, len(found) + 1)) for found in serials.values())


@pytest.mark.parametrize("name", ["没有的批次"])
def test_an_unknown_campaign_is_wrong_usage(town: Town, tmp_path: Path, name: str) -> None:
    answer = huyue("--home", town.home, "print", "--campaign", name, "--out", tmp_path / "o", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "campaign_unknown")
    assert "2026春" in answer.json["error"]["message"]
