"""A printed batch, read back from paper as it were: text by position, codes from the picture."""

import ctypes
import io
import json
import select
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import docx
import numpy as np
import openpyxl
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import pytest
import zxingcpp

from archive import numbers
from archive.home import code_key, open_home
from pipeline import page_code
from pipeline.campaigns import find_campaign
from pipeline.contracts import Printable, printables
from tests.conftest import FULL, HUYUE, Town, huyue

MM = 72 / 25.4
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


def sheets(town: Town) -> Iterator[tuple[dict[str, Any], dict[str, Any], pdfium.PdfPage]]:
    """Each contract sheet: its line of print.json, its places, and the page itself."""
    for batch in town.batches():
        found = listing(batch)
        document = pdfium.PdfDocument(batch / "print.pdf")
        assert len(document) == len(found["pages"])
        for line in found["pages"]:
            if line["contract"]:
                places = found["layouts"][line["layout"]]["sheets"][line["sheet"] - 1]
                yield line, places, document[line["page"] - 1]
        document.close()


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


def test_every_value_is_there_and_stays_inside_its_box_for_every_template(town: Town) -> None:
    known, seen = contracts(town), Counter[str]()
    for line, places, page in sheets(town):
        contract, height = known[line["contract"]], page.get_height()
        printed = {field["name"]: "" for field in places["fields"]}
        for character, (x0, y0, x1, y1) in _values(page.get_textpage()):
            inside = [
                field["name"]
                for field in places["fields"]
                if field["x"] - 0.2 <= x0 / MM
                and x1 / MM <= field["x"] + field["w"] + 0.2
                and field["y"] - 0.5 <= (height - y1) / MM
                and (height - y0) / MM <= field["y"] + field["h"] + 0.5
            ]
            assert len(inside) == 1, (line, character, inside)
            printed[inside[0]] += character
        for name, halves in printed.items():
            text = halves.encode("utf-16", "surrogatepass").decode("utf-16")  # pdfium counts in UTF-16
            assert text == "".join(contract.content.value(name).split()), (line, name)
        seen[contract.template] += len(printed)
    assert set(seen) == set(TEMPLATES.values())
    assert all(count > 20 for count in seen.values())


def _values(text: pdfium.PdfTextPage) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """The characters set in the fonts that values have and nothing else on the page, with their boxes."""
    buffer, flags = ctypes.create_string_buffer(100), ctypes.c_int()
    for index in range(text.count_chars()):
        pdfium_c.FPDFText_GetFontInfo(text, index, buffer, len(buffer), flags)
        character = chr(pdfium_c.FPDFText_GetUnicode(text, index))
        if (b"WenKai" in buffer.value or b"Hana" in buffer.value) and not character.isspace():
            yield character, text.get_charbox(index)


def test_every_field_of_a_contract_is_printed_somewhere(town: Town) -> None:
    known = contracts(town)
    printed: dict[str, set[str]] = {number: set() for number in known}
    for line, places, _ in sheets(town):
        printed[line["contract"]] |= {field["name"] for field in places["fields"]}
    for number, names in printed.items():
        content = known[number].content
        rows = {
            f"{rows}.{n}.{name}"
            for rows, items in content.rows.items()
            for n, item in enumerate(items, 1)
            for name in item
        }
        assert names == set(content.fields) | rows


def test_no_marker_is_left_on_any_page(town: Town) -> None:
    for _, _, page in sheets(town):
        assert "国国" not in page.get_textpage().get_text_range()
        assert "{{" not in page.get_textpage().get_text_range()


def test_boxes_lie_as_the_interface_demands_and_are_empty(town: Town) -> None:
    checked: set[tuple[str, int]] = set()
    for line, places, page in sheets(town):
        if (line["layout"], line["sheet"]) in checked:
            continue
        checked.add((line["layout"], line["sheet"]))
        grey = page.render(scale=150 / 72, grayscale=True).to_numpy().squeeze()
        scale = 150 / 25.4
        boxes = places["boxes"]
        code = {"x": page_code.LEFT, "y": page_code.TOP, "w": page_code.SIDE, "h": page_code.SIDE}
        for number, box in enumerate(boxes):
            assert box["x"] >= 5
            assert box["x"] + box["w"] <= 205
            assert box["y"] >= 5
            assert box["y"] + box["h"] <= 250
            assert _gap(box, code) >= 25
            if box["kind"] == "seal":
                assert (box["w"], box["h"]) == (42, 42)
            for other in boxes[number + 1 :]:
                assert _gap(box, other) >= (8 if "seal" in (box["kind"], other["kind"]) else 4)
            y, x = int(box["y"] * scale) + 1, int(box["x"] * scale) + 1
            inside = grey[y : int((box["y"] + box["h"]) * scale), x : int((box["x"] + box["w"]) * scale)]
            assert inside.min() > 250, (line, box["name"])
    assert len(checked) > 12


def _gap(one: dict[str, float], other: dict[str, float]) -> float:
    across = max(one["x"] - other["x"] - other["w"], other["x"] - one["x"] - one["w"], 0)
    down = max(one["y"] - other["y"] - other["h"], other["y"] - one["y"] - one["h"], 0)
    return float(np.hypot(across, down))


def test_the_boxes_of_a_contract_are_its_templates(town: Town) -> None:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for line, places, _ in sheets(town):
        boxes = found.setdefault(line["contract"], {})
        for box in places["boxes"]:
            assert box["name"] not in boxes
            boxes[box["name"]] = box
    common = {"party_a_seal", "party_a_signature", "sign_date"}
    one = common | {"party_b_signature", "privacy_consent"}
    couple = common | {
        "husband_signature",
        "wife_signature",
        "husband_privacy_consent",
        "wife_privacy_consent",
    }
    wanted = dict.fromkeys(("01", "03", "04", "05"), one) | {"02": couple}
    for number, boxes in found.items():
        names = {name for name in boxes if not name.startswith("choice_")}
        if number[18:20] == "06":
            assert names == {"party_b_signature", "counsellor_signature", "sign_date", "privacy_consent"}
            assert len(boxes) > len(names)
        else:
            assert names == set(boxes) == wanted[number[18:20]]
        for name, box in boxes.items():
            assert box["required"] is not (box["kind"] == "tick" or name.endswith("privacy_consent"))


def test_every_sheet_has_one_code_that_says_what_it_is_and_covers_one_of_their_own(town: Town) -> None:
    with open_home(town.home, None).reading() as connection:
        key = code_key(connection)
    for batch in list(town.batches())[:3]:
        document, found = pdfium.PdfDocument(batch / "print.pdf"), listing(batch)
        for line in found["pages"]:
            page = document[line["page"] - 1]
            codes = zxingcpp.read_barcodes(page.render(scale=200 / 72, grayscale=True).to_numpy().squeeze())
            if line["page"] == 1:
                assert [code.text for code in codes] == [f"HY1:COVER:{batch.name}:20260301"]
            elif line["contract"] is None:
                assert codes == []
                assert page.get_textpage().count_chars() == 0
            else:
                [code] = codes
                assert code.text == page_code.page_text(
                    line["contract"], line["sheet"], line["sheets"], line["layout"], key
                )
                width = (code.position.top_right.x - code.position.top_left.x) / 200 * 25.4
                assert width >= 14.3
                assert line["contract"] in page.get_textpage().get_text_range()
        document.close()


def test_the_first_sheet_names_every_party(town: Town) -> None:
    known = contracts(town)
    for line, _, page in sheets(town):
        if line["sheet"] == 1:
            text = page.get_textpage().get_text_range()
            for name, _ in known[line["contract"]].parties:
                assert name in text


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
            assert pages[int(str(row[11])) - 1]["contract"] == contract.number
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


@pytest.mark.parametrize("moment", range(3) if FULL else [1])
def test_a_run_that_is_killed_half_way_is_made_good_by_the_same_command(
    town: Town, tmp_path: Path, moment: int
) -> None:
    command: list[str | Path] = [
        "--home",
        town.home,
        "print",
        "--campaign",
        "2026春",
        "--out",
        tmp_path / "o",
    ]
    with subprocess.Popen(
        [HUYUE, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        while run.poll() is None and len(list((tmp_path / "o").glob("4*"))) < 3 * moment + 1:
            select.select([], [], [], 0.005)
        run.kill()
    again = huyue(*command, "--json")
    assert again.status == 0, again.err
    assert {path.name for path in (tmp_path / "o").iterdir()} == {batch.name for batch in town.batches()}
    for batch in town.batches():
        assert (tmp_path / "o" / batch.name / "print.pdf").read_bytes() == (batch / "print.pdf").read_bytes()
