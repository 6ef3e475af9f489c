"""What `print` makes beside print.pdf: collated copies, booklets, parts; and parts of a campaign printed again."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pytest
import zxingcpp

from pipeline import libreoffice
from tests.conftest import Town, huyue
from tests.main_job.test_printing import contracts, listing

VILLAGE = 0  # the batch that is looked at, by its place


@dataclass(frozen=True)
class Made:
    """One village printed in every form."""

    batch: Path
    town: Town


@pytest.fixture(scope="module")
def made(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Made:
    out = tmp_path_factory.mktemp("forms") / "打印"
    village = sorted(town.batches())[VILLAGE].name
    forms = ("--a3", "--split", "6", "--by-responsible", "--copies", "2", "--collated")
    answer = huyue(
        "--home", town.home, "print", "--campaign", "2026春", "--out", out, "--village", village, *forms
    )
    assert answer.status == 0, answer.err
    return Made(out / village, town)


def codes(pdf: Path) -> Iterator[list[tuple[str, float]]]:
    """The codes of every page of a PDF, with how far from the left they lie, from left to right."""
    with closing(pdfium.PdfDocument(pdf)) as document:
        for page in document:
            picture = np.asarray(page.render(scale=2, grayscale=True).to_numpy())
            found = [(code.text, code.position.top_left.x / 2) for code in zxingcpp.read_barcodes(picture)]
            yield sorted(found, key=lambda one: one[1])


def sheet_of(code: str) -> tuple[str, int]:
    """The contract and the sheet that a page code names."""
    _, number, sheets, *_ = code.split(":")
    return number, int(sheets.partition(".")[0])


def printed_order(batch: Path) -> list[tuple[str, int]]:
    return [(line["contract"], line["sheet"]) for line in listing(batch)["pages"] if line["contract"]]


def test_print_pdf_and_its_listing_are_the_same_whatever_else_is_printed(made: Made) -> None:
    plain = sorted(made.town.batches())[VILLAGE]
    for name in ("print.pdf", "print.json"):
        assert (made.batch / name).read_bytes() == (plain / name).read_bytes()
    assert not (made.batch / "print-2.pdf").exists()


def test_collated_copies_of_a_contract_follow_each_other_on_leaves_of_their_own(made: Made) -> None:
    pages = list(codes(made.batch / "print-collated.pdf"))
    assert pages[0][0][0].startswith("HY1:COVER:")
    found = [(position, sheet_of(page[0][0])) for position, page in enumerate(pages[1:], 1) if page]
    order = list(dict.fromkeys(number for number, _ in printed_order(made.batch)))
    firsts = [(position, number) for position, (number, sheet) in found if sheet == 1]
    assert [number for _, number in firsts] == [number for number in order for _ in range(2)]
    assert all(position % 2 == 0 for position, _ in firsts)  # an even index is the front of a leaf
    assert Counter(one for _, one in found) == dict.fromkeys(printed_order(made.batch), 2)


def test_booklets_fold_into_the_contracts_pages_in_order(made: Made) -> None:
    sides = list(codes(made.batch / "print-a3.pdf"))
    with closing(pdfium.PdfDocument(made.batch / "print-a3.pdf")) as document:
        assert {(round(page.get_width()), round(page.get_height())) for page in document} == {(1191, 842)}
    booklets: dict[str, list[list[tuple[int, bool]]]] = {}
    for side in sides:
        halves = [(*sheet_of(code), x > 595) for code, x in side]
        for number in {number for number, _, _ in halves}:
            booklets.setdefault(number, []).append(
                [(sheet, right) for one, sheet, right in halves if one == number]
            )
    assert list(booklets) == list(dict.fromkeys(number for number, _ in printed_order(made.batch)))
    for folded in booklets.values():
        count = max(sheet for side in folded for sheet, _ in side)
        if count <= 2:  # front: page 1 on the right; back: page 2 on the left
            assert folded == [[(1, True)], [(2, False)]][:count]
        else:
            assert folded[0][-1] == (1, True)
            assert folded[1][0] == (2, False)
        assert sorted(sheet for side in folded for sheet, _ in side) == list(range(1, count + 1))


def test_parts_hold_every_contract_once_whole_by_responsible_person_and_not_too_many_leaves(
    made: Made,
) -> None:
    known = contracts(made.town)
    found: list[tuple[str, int]] = []
    owners: list[str] = []
    parts = sorted(made.batch.glob("print-part-*.pdf"))
    assert [part.name for part in parts] == [
        f"print-part-{number:02d}.pdf" for number in range(1, len(parts) + 1)
    ]
    for part in parts:
        pages = list(codes(part))
        assert pages[0][0][0].startswith("HY1:COVER:")
        assert (len(pages) + 1) // 2 <= 6
        sheets = [sheet_of(page[0][0]) for page in pages[1:] if page]
        (owner,) = {known[number].responsible for number, _ in sheets}
        with closing(pdfium.PdfDocument(part)) as document:
            cover = document[0].get_textpage().get_text_range()
        assert f"责任人：{owner or '未登记责任人'}" in cover
        assert f"共 {len(parts)} 册" in cover
        owners.append(owner)
        found += sheets
    assert sorted(found) == sorted(printed_order(made.batch))
    assert len(set(owners)) > 1
    assert owners == sorted(owners)


def print_again(town: Town, out: Path, *options: str | Path) -> Any:
    return huyue("--home", town.home, "print", "--campaign", "2026春", "--out", out, *options, "--json")


def text(pdf: Path, page: int) -> str:
    with closing(pdfium.PdfDocument(pdf)) as document:
        return str(document[page - 1].get_textpage().get_text_range())


def test_one_contract_again_is_the_same_sheets_with_the_same_codes(town: Town, tmp_path: Path) -> None:
    batch = sorted(town.batches())[1]
    number = printed_order(batch)[7][0]
    answer = print_again(town, tmp_path / "重印", "--number", number.replace("-", "").lower())
    assert (answer.status, answer.json["contracts"]) == (0, 1)
    again = tmp_path / "重印" / batch.name
    lines = [line for line in listing(batch)["pages"] if line["contract"] == number]
    others = [line for line in listing(again)["pages"] if line["contract"]]
    assert [{**line, "page": 0} for line in others] == [{**line, "page": 0} for line in lines]
    for line, other in zip(lines, others, strict=True):
        assert text(again / "print.pdf", other["page"]) == text(batch / "print.pdf", line["page"])


def test_a_page_range_is_those_pages_of_the_whole_batch(town: Town, tmp_path: Path) -> None:
    batch = sorted(town.batches())[0]
    answer = print_again(town, tmp_path / "重印", "--village", batch.name, "--pages", "5-8")
    assert (answer.status, answer.json["pages"]) == (0, 4), answer.err
    again = tmp_path / "重印" / batch.name
    assert [text(again / "print.pdf", page) for page in (1, 2, 3, 4)] == [
        text(batch / "print.pdf", page) for page in (5, 6, 7, 8)
    ]
    wanted = [{**line, "page": line["page"] - 4} for line in listing(batch)["pages"][4:8]]
    assert listing(again)["pages"] == wanted
    beyond = print_again(town, tmp_path / "无", "--village", batch.name, "--pages", "9990-9999")
    assert (beyond.status, beyond.json["error"]["code"]) == (2, "pages_beyond")
    assert not list((tmp_path / "无").glob("*"))


def test_a_part_of_a_campaign_never_takes_the_place_of_the_whole(town: Town, tmp_path: Path) -> None:
    batch = sorted(town.batches())[0]
    shutil.copytree(batch, tmp_path / "打印" / batch.name)
    number = printed_order(batch)[0][0]
    answer = print_again(town, tmp_path / "打印", "--number", number)
    assert (answer.status, answer.json["error"]["code"]) == (2, "folder_not_ours")
    assert (tmp_path / "打印" / batch.name / "print.pdf").read_bytes() == (batch / "print.pdf").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        ("--collated",),
        ("--pages", "3-4"),
        ("--pages", "4-3"),
        ("--village", "451225107001", "--pages", "3-4", "--a3"),
        ("--split", "1"),
        ("--number", "451225107001-2026-01-000001-A"),
        ("--number", "451225105001-2026-01-999999-X"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(
    town: Town, tmp_path: Path, options: tuple[str, ...]
) -> None:
    answer = print_again(town, tmp_path / "o", *options)
    assert answer.status == 2, answer.out
    assert answer.json["error"]["message"]
    assert not (tmp_path / "o").exists()


def test_without_libreoffice_the_six_are_printed_and_nothing_else_is_needed(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layouts of the six ship; a fresh archive needs no other program."""
    roster = tmp_path / "花名册.xlsx"
    shutil.copy(town.roster, roster)
    home = tmp_path / "档案库"
    assert huyue("init", home).status == 0
    assert huyue("--home", home, "roster", "import", roster).status == 1
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    nowhere = tmp_path / "没有"
    nowhere.mkdir()
    (nowhere / "sitecustomize.py").write_text(
        "import pipeline.libreoffice as lo\nlo.PROGRAMS = ()\nlo.shutil.which = lambda name: None\n"
    )
    assert libreoffice.find() is not None
    answer = huyue(
        *("--home", home, "print", "--campaign", "2026春", "--out", tmp_path / "打印", "--json"),
        PYTHONPATH=str(nowhere),
    )
    assert answer.status == 0, answer.err
    assert answer.json["contracts"] == town.printed.json["contracts"]
    for batch in town.batches():
        mine = json.loads((tmp_path / "打印" / batch.name / "print.json").read_text(encoding="utf-8"))
        assert mine["layouts"] == listing(batch)["layouts"]
