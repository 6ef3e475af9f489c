"""What `print` makes beside print.pdf: collated copies, booklets, parts; and parts of a campaign printed again."""

import io
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pypdfium2 as pdfium
import pytest
import zxingcpp
from sqlalchemy import select

from archive.catalogue import tables
from archive.closings import close_contract
from archive.home import open_home
from archive.journal import Actor
from pipeline.cover import BatchFacts, cover
from pipeline.pdf import PdfWriter
from tests.conftest import Town, huyue
from tests.main_job.test_printing import contracts, listing
from tests.templates.template_edits import edited, stock, swap_toml

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


def test_of_a_page_range_only_what_is_on_its_pages_counts_as_printed(tmp_path: Path) -> None:
    roster = tmp_path / "花名册.csv"
    roster.write_text(AWAY, encoding="utf-8")
    home = planned(tmp_path, roster)
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    out = tmp_path / "重印"
    part = ("--village", "冲洞村", "--pages", "3-4", "--docx")
    answer = huyue("--home", home, "print", "--campaign", "2026春", "--out", out, *part, "--json")
    assert (answer.status, answer.json["contracts"], answer.json["pages"]) == (0, 1, 2), answer.err
    (batch,) = answer.json["batches"]
    ((number, _), _) = printed_order(Path(batch))
    assert ZipFile(Path(batch) / "contracts.zip").namelist() == [f"{number}.docx"]
    counted = huyue("--home", home, "campaign", "close", "2026春", "--dry-run", "--json").json
    assert (counted["contracts"], counted["unprinted"]) == (1, 3)


def test_a_village_with_nothing_left_to_print_has_files_that_open(tmp_path: Path) -> None:
    roster = tmp_path / "花名册.csv"
    roster.write_text(AWAY, encoding="utf-8")
    home = planned(tmp_path, roster)
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    with open_home(home, None).writing() as connection:
        for number in connection.execute(select(tables.contract.c.number)).scalars().all():
            close_contract(connection, number, "void", None, "", Actor("甲", date(2026, 3, 5)))
    forms = ("--a3", "--split", "9", "--copies", "2", "--docx", "--json")
    command = ("--home", home, "print", "--campaign", "2026春", "--out", tmp_path / "打印", *forms)
    answer = huyue(*command)
    assert (answer.status, answer.json["contracts"], answer.json["pages"]) == (0, 0, 1), answer.err
    for pdf in Path(answer.json["batches"][0]).glob("*.pdf"):
        assert list(codes(pdf)), pdf.name
    assert huyue(*command).status == 0  # and it may be printed into again
    nothing = huyue(*command[:4], "2026春", "--out", tmp_path / "无", "--unreturned")
    assert (nothing.status, "没有要印的" in nothing.out) == (0, True)


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


@pytest.fixture
def no_office(tmp_path: Path) -> str:
    """A PYTHONPATH under which `huyue` finds no LibreOffice."""
    folder = tmp_path / "没有"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import pipeline.libreoffice as lo\nlo.PROGRAMS = ()\nlo.shutil.which = lambda name: None\n"
    )
    return str(folder)


def planned(tmp_path: Path, roster: Path) -> Path:
    home = tmp_path / "档案库"
    assert huyue("init", home).status == 0
    assert huyue("--home", home, "roster", "import", roster).status in (0, 1)
    return home


def test_without_libreoffice_the_six_are_printed(town: Town, tmp_path: Path, no_office: str) -> None:
    home = planned(tmp_path, town.roster)
    plan = ("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01")
    assert huyue(*plan, PYTHONPATH=no_office).status == 0
    out = tmp_path / "打印"
    answer = huyue(
        "--home", home, "print", "--campaign", "2026春", "--out", out, "--json", PYTHONPATH=no_office
    )
    assert answer.status == 0, answer.err
    assert answer.json["contracts"] == town.printed.json["contracts"]
    for batch in town.batches():
        assert listing(out / batch.name)["layouts"] == listing(batch)["layouts"]


LONG = "广东省佛山市南海区狮山镇桃园东路六十八号佛山高新技术产业开发区科技创业园三号楼十二层一二零三室" * 2
AWAY = """\
村,组,户编号,姓名,性别,出生日期,公民身份号码,与户主关系,外出地点,外出日期,返乡日期
冲洞村,1,1,韦样例,男,1988-05-12,999999198805120013,户主,广东省佛山市,2026-01-05,至今
冲洞村,1,2,蓝样例,女,1990-03-21,99999919900321002X,户主,LONG,2026-01-05,至今
""".replace("LONG", LONG[:90])


def test_without_libreoffice_a_contract_that_needs_a_layout_of_its_own_is_named_and_the_rest_printed(
    tmp_path: Path, no_office: str
) -> None:
    roster = tmp_path / "花名册.csv"
    roster.write_text(AWAY, encoding="utf-8")
    home = planned(tmp_path, roster)
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    command = ("--home", home, "print", "--campaign", "2026春", "--json", "--out")
    answer = huyue(*command, tmp_path / "打印", PYTHONPATH=no_office)
    assert (answer.status, answer.json["contracts"]) == (1, 3), answer.err
    assert "-2026-04-000002-" in answer.err
    assert "没有 LibreOffice" in answer.err
    assert huyue(*command, tmp_path / "再印").json["contracts"] == 4


def test_without_libreoffice_a_changed_template_says_what_to_install(tmp_path: Path, no_office: str) -> None:
    roster = tmp_path / "花名册.csv"
    roster.write_text(AWAY, encoding="utf-8")
    home = planned(tmp_path, roster)
    changed = edited(stock("01"), tmp_path, toml=swap_toml('version = "2026.1"', 'version = "2026.2"'))
    assert huyue("--home", home, "template", "add", changed).status == 0
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    out = tmp_path / "打印"
    answer = huyue(
        "--home", home, "print", "--campaign", "2026春", "--out", out, "--json", PYTHONPATH=no_office
    )
    assert (answer.status, answer.json["error"]["code"]) == (4, "libre_office_missing")
    assert "请安装" in answer.json["error"]["message"] or "apt-get install" in answer.json["error"]["message"]
    assert not list(out.glob("4*"))


def test_blank_contracts_are_printed_last_and_alone_if_asked_for(tmp_path: Path) -> None:
    roster = tmp_path / "花名册.csv"
    roster.write_text(AWAY, encoding="utf-8")
    home = planned(tmp_path, roster)
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    new = ("blank", "new", "--campaign", "2026春", "--village", "冲洞村", "--template", "02", "--count", "2")
    assert huyue("--home", home, *new).status == 0

    def printed(*options: str) -> list[str]:
        out = tmp_path / "-".join(("印", *options))
        answer = huyue("--home", home, "print", "--campaign", "2026春", "--out", out, *options, "--json")
        assert answer.status == 0, answer.err
        (batch,) = out.iterdir()
        return list(dict.fromkeys(number for number, _ in printed_order(batch)))

    everything = printed()
    blanks = [number for number in everything if "-02-" in number]
    assert everything[-2:] == blanks
    assert len(everything) == 6
    assert printed("--blank") == blanks
    assert printed("--unreturned") == everything[:-2]
    assert printed("--unreturned", "--blank") == blanks


def test_print_files_are_not_put_into_the_archive(town: Town) -> None:
    answer = print_again(town, town.home / "打印")
    assert (answer.status, answer.json["error"]["code"]) == (2, "out_in_archive")
    assert not (town.home / "打印").exists()


@pytest.mark.parametrize("rows", [1, 6, 25])
def test_a_cover_holds_every_template_and_names_whom_it_can(rows: int) -> None:
    out = io.BytesIO()
    writer = PdfWriter(out, "封面")
    facts = BatchFacts("451225100201", "东门镇冲洞村委会", "2026春", date(2026, 3, 1), date(2026, 3, 31))
    cover(
        writer,
        facts,
        [(f"第{row}种合同书", row, 2 * row) for row in range(1, rows + 1)],
        "责任人：韦\U0002ebf0",
    )
    writer.close()
    with closing(pdfium.PdfDocument(out.getvalue())) as document:
        text = document[0].get_textpage()
        said = text.get_text_range()
        lowest = min(text.get_charbox(index)[1] for index in range(text.count_chars()))
    assert all(f"第{row}种合同书" in said for row in range(1, rows + 1))
    assert "责任人：韦〓" in said
    assert lowest > 20, "nothing runs off the page"
