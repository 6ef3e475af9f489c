"""The printed sheets, read back from paper as it were: text by position, codes from the picture."""

import ctypes
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import zxingcpp

from archive.home import code_key, open_home
from pipeline import page_code
from tests.conftest import Town
from tests.main_job.test_printing import TEMPLATES, contracts, listing

MM = 72 / 25.4


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


def test_every_value_is_there_and_stays_inside_its_box_for_every_template(town: Town) -> None:
    known, seen = contracts(town), Counter[str]()
    for line, places, page in sheets(town):
        contract = known[line["contract"]]
        printed = values_by_field(page, places["fields"])
        for name, text in printed.items():
            assert text == "".join(contract.content.value(name).split()), (line, name)
        seen[contract.template] += len(printed)
    assert set(seen) == set(TEMPLATES.values())
    assert all(count > 20 for count in seen.values())


def values_by_field(page: pdfium.PdfPage, fields: Sequence[dict[str, Any]]) -> dict[str, str]:
    """What is printed in each field of a sheet (as print.json has it); every value's character lies in one of them."""
    height, printed = page.get_height(), {field["name"]: "" for field in fields}
    for character, (x0, y0, x1, y1) in _values(page.get_textpage()):
        inside = [
            field["name"]
            for field in fields
            if field["x"] - 0.2 <= x0 / MM
            and x1 / MM <= field["x"] + field["w"] + 0.2
            and field["y"] - 0.5 <= (height - y1) / MM
            and (height - y0) / MM <= field["y"] + field["h"] + 0.5
        ]
        assert len(inside) == 1, (character, inside)
        printed[inside[0]] += character
    # pdfium counts in UTF-16
    return {name: text.encode("utf-16", "surrogatepass").decode("utf-16") for name, text in printed.items()}


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
