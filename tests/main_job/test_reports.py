"""Reports as files: the same figures in every form, whatever places are called; traced to their contracts."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
from lxml import html
from PIL import Image
from sqlalchemy import update

from archive.audit.classes import CHINESE, Class
from archive.catalogue import tables
from archive.home import Home, create_home
from archive.journal import Actor
from archive.numbers import Number
from archive.reports.charts import as_png, as_svg
from archive.reports.document import Chart
from archive.reports.figures import DEFINITIONS
from archive.reports.tables import NOTES
from pipeline import libreoffice
from tests.archive.test_states import FILED, OLD, UNSIGNED, VILLAGE, Paper, closed, keep
from tests.conftest import Answer, huyue

GUIDE = Path(__file__).parents[2] / "docs/guide/14-统计报表.md"
# What a place may be called: each is a formula, markup or a mark of some form.
ODD = {
    "451225100002": "=1+1村",
    "451225100003": '<b>&amp;"村',
    "451225101001": "#x*_$村[\\",
    "451225101002": "@SUM(A1)村",
}
TOWNS = {"451225100": "东门镇", "451225101": "+黄金镇"}
KINDS: tuple[Paper, ...] = (
    OLD,
    UNSIGNED,
    FILED,
    replace(FILED, filings=(("2026-04-20", 2, ""),)),
    closed(OLD, ("declined", "2026-04-01")),
    FILED,
)
COUNT = 30
TODAY = "2026-07-01"


@dataclass
class Office:
    home: Home
    folder: Path

    def run(self, *arguments: str | Path, today: str = TODAY) -> Answer:
        return huyue("--home", self.home.folder, "report", *arguments, today=today)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Thirty contracts in five villages of two towns, and a quarter's reports of them in every form."""
    folder = tmp_path_factory.mktemp("reports")
    home = create_home(
        folder / "档案库", None, {"451225": "罗城", **TOWNS, **ODD}, Actor("甲", date(2026, 3, 1))
    )
    villages = [VILLAGE, *ODD]
    with home.writing() as connection:
        papers = []
        for at in range(COUNT):
            number = str(Number(VILLAGE, 2026, "01", at + 1))
            papers.append(
                replace(
                    KINDS[at % len(KINDS)], number=number, key=number, party="=cmd|1" if at == 2 else "覃小明"
                )
            )
        keep(connection, *papers)
        contract = tables.contract
        for at, paper in enumerate(papers):
            place = {"village_code": villages[at % 7 % 5], "group_no": at % 2 + 1}
            connection.execute(update(contract).where(contract.c.number == paper.number).values(place))
    return Office(home, folder)


@pytest.fixture(scope="module")
def period(office: Office) -> Answer:
    answer = office.run("period", "2026-Q2", "--out", office.folder / "报表", "--by", "group", "--json")
    assert answer.status == 0, answer.err
    return answer


def rows_of(answer: Answer) -> Iterator[tuple[str, str, list[str]]]:
    """A list's name, a place or template, and its rates as every form shows them."""
    for kind in ("towns", "villages", "groups", "templates"):
        for row in answer.json[kind]:
            shown = []
            for rate in row["rates"].values():
                percent = "—" if rate["rate"] is None else f"{rate['rate']:.1f}%"
                shown.append(f"{percent}\n{rate['numerator']}/{rate['denominator']}")
            yield kind, row["name"], [*([str(row["declined"])] if kind != "groups" else []), *shown]


def path_of(office: Office, ending: str) -> Path:
    return office.folder / "报表" / f"统计报表-2026-Q2.{ending}"


def test_word_has_every_row_as_the_figures_are(office: Office, period: Answer) -> None:
    word = docx.Document(str(path_of(office, "docx")))
    rows = [[cell.text for cell in row.cells] for table in word.tables for row in table.rows]
    for _, name, shown in rows_of(period):
        assert [name, *shown] in rows
    for table in word.tables:
        assert table.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
    texts = [paragraph.text for paragraph in word.paragraphs]
    assert all(texts.count(note) == len(word.tables) for note in NOTES), "under every table"


def test_a_page_has_every_row_as_the_figures_are_and_asks_for_nothing_from_outside(
    office: Office, period: Answer
) -> None:
    raw = path_of(office, "html").read_bytes()
    page: Any = html.fromstring(raw)
    rows = [[re.sub(r"^\n|\n$", "", "\n".join(cell.itertext())) for cell in row] for row in page.iter("tr")]
    for _, name, shown in rows_of(period):
        assert [name, *shown] in rows
    found = [note.text for note in page.find_class("note")]
    assert all(found.count(note) == len(page.findall(".//table")) for note in NOTES)
    assert not {"script", "link", "img", "iframe", "b"} & {str(element.tag) for element in page.iter()}
    outside = [
        value
        for element in page.iter()
        for name, value in element.items()
        if "href" in name and not value.startswith("#")
    ]
    assert not outside and b"url(http" not in raw and b"@import" not in raw
    assert "default-src 'none'" in page.xpath("//meta[@http-equiv]/@content")[0]
    assert (
        len(page.findall(".//{*}svg")) == len(docx.Document(str(path_of(office, "docx"))).inline_shapes) > 3
    )


def test_pdf_has_every_row_as_the_figures_are(office: Office, period: Answer) -> None:
    pages = pypdf.PdfReader(path_of(office, "pdf")).pages
    text = "".join("".join(page.extract_text().split()) for page in pages)
    for _, name, shown in rows_of(period):
        assert "".join("".join([name, *shown]).split()) in text
    assert text.count("".join(NOTES[1].split())) > 5


def test_a_workbook_has_every_figure_as_a_number_and_no_formula(office: Office, period: Answer) -> None:
    book: Any = openpyxl.load_workbook(path_of(office, "xlsx"))
    sheets = {"towns": "各乡镇情况", "villages": "各村情况", "groups": "各组情况", "templates": "各合同情况"}
    lists = {kind: {row["name"]: row for row in period.json[kind]} for kind in sheets}
    for kind, title in sheets.items():
        rows = {
            str(row[0]): row[1:]
            for row in book[title].iter_rows(min_row=3, values_only=True)
            if row[1] is not None
        }
        assert list(rows) == list(lists[kind])
        for name, values in rows.items():
            one = lists[kind][name]
            expected = [] if kind == "groups" else [one["declined"]]
            for rate in one["rates"].values():
                percent = "—" if rate["rate"] is None else pytest.approx(rate["rate"] / 100)
                expected += [rate["numerator"], rate["denominator"], percent]
            assert list(values[: len(expected)]) == expected
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert book["各村图"]._charts and book["走势"]._charts
    for sheet in book:
        if sheet.max_row > 1:
            assert sheet.freeze_panes and sheet.page_setup.orientation == "landscape"
            assert {cell.value for cell in sheet["A"]} >= set(NOTES)
    assert book["各村各种合同的合同签订率"].conditional_formatting


def test_changes_are_differences_of_the_rates_that_are_shown(office: Office, period: Answer) -> None:
    def change(rate: Any, since: str) -> float | None:
        now, then = rate["rate"], rate[since]["rate"]
        return None if now is None or then is None else round(now - then, 1)

    book: Any = openpyxl.load_workbook(path_of(office, "xlsx"))
    sheet = {row[0]: row[1:11] for row in book["各村增减"].iter_rows(min_row=3, max_row=7, values_only=True)}
    word = docx.Document(str(path_of(office, "docx")))
    lines = [[cell.text for cell in row.cells] for table in word.tables for row in table.rows]
    for row in period.json["villages"]:
        changes = [
            change(rate, since) for rate in row["rates"].values() for since in ("before", "year_before")
        ]
        assert any(changes)
        assert list(sheet[row["name"]]) == ["—" if one is None else one for one in changes]
        assert [
            row["name"],
            *("—" if one is None else f"{one:+.1f}" if one else "0.0" for one in changes),
        ] in lines


def test_the_figures_add_up_and_each_is_as_long_as_its_list(office: Office, period: Answer) -> None:
    total = period.json["total"]
    assert total["declined"] == 5
    for rate, parts in total["rates"].items():
        for part in ("numerator", "denominator"):
            assert parts[part] == sum(row["rates"][rate][part] for row in period.json["villages"])
    assert {name: (one["numerator"], one["denominator"]) for name, one in total["rates"].items()} == {
        "signed": (15, 25), "returned": (20, 25), "in_time": (10, 15), "whole": (15, 20), "expired": (0, 20),
    }  # fmt: skip
    assert total["rates"]["signed"]["before"] == {"numerator": 0, "denominator": 30, "rate": 0.0}
    assert total["rates"]["signed"]["year_before"]["rate"] is None
    village = period.json["villages"][1]
    listed = office.run(
        "contracts", "2026-Q2", "--figure", "收齐", "--village", village["village"], "--json"
    ).json
    assert len(listed["contracts"]) == village["rates"]["signed"]["numerator"] > 0
    assert all("declined" not in row for row in period.json["groups"])


def test_a_list_behind_a_figure_is_written_without_formulas(office: Office) -> None:
    out = office.folder / "清单.xlsx"
    answer = office.run("contracts", "2026-Q2", "--figure", "filed", "--town", "东门镇", "--out", out)
    assert answer.status == 0
    rows = list(openpyxl.load_workbook(out)["合同"].iter_rows(min_row=3))
    assert f"{len(rows)} 份" in answer.out
    assert [row[0].value for row in rows] == list(range(1, len(rows) + 1))
    listed = office.run("contracts", "2026-Q2", "--figure", "回收", "--town", "451225100", "--json").json
    assert [row[1].value for row in rows] == listed["contracts"]
    assert "=cmd|1" in [row[6].value for row in rows]
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "d", "inlineStr"}
    again = office.run("contracts", "2026-Q2", "--figure", "filed", "--out", out)
    assert again.status == 2 and "已经存在" in again.err


def test_a_bulletin_is_an_official_paper_in_the_order_of_codes(office: Office, tmp_path: Path) -> None:
    out = office.folder / "通报.docx"
    assert office.run("bulletin", "2026-Q2", "--out", out).status == 0
    word = docx.Document(str(out))
    section = word.sections[0]
    page = (section.page_width, section.page_height, section.top_margin, section.left_margin)
    assert [round(length.mm) for length in page if length] == [210, 297, 37, 28]
    villages = [row.cells[0].text for row in word.tables[1].rows][1:]
    assert villages == [
        "东门镇冲洞村",
        "东门镇=1+1村",
        '东门镇<b>&amp;"村',
        "+黄金镇#x*_$村[\\",
        "+黄金镇@SUM(A1)村",
    ]
    assert [cell.text for cell in word.tables[1].rows[0].cells] == [
        "村",
        *(one.name for one in DEFINITIONS.values()),
    ]
    assert "覃小明" not in "\n".join(paragraph.text for paragraph in word.paragraphs)
    (pdf,) = libreoffice.to_pdf([out], tmp_path, seconds=120)
    text = "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(pdf).pages)
    for said in (
        "一、总体情况",
        "二、各村情况",
        "三、下一步工作",
        "1.还有5份打印后没有收回",
        "2.还有5份收回后不齐",
    ):
        assert said in text


def test_a_self_check_says_what_the_audit_found_and_leaves_room(office: Office) -> None:
    out = office.folder / "自查.docx"
    answer = office.run("selfcheck", "2026", "--out", out, "--json")
    assert (answer.status, answer.json["on"]) == (1, TODAY)
    counts = answer.json["counts"]
    assert {name: count for name, count in counts.items() if count} == {
        "missing": 5,
        "unsigned": 5,
        "late": 5,
    }
    word = docx.Document(str(out))
    by_class, by_village, measures = word.tables[1:]
    assert [[cell.text for cell in row.cells][:2] for row in by_class.rows][1:] == [
        [CHINESE[cls], "5"] for cls in (Class.MISSING, Class.UNSIGNED, Class.LATE)
    ]
    assert sum(int(row.cells[-1].text) for row in by_village.rows[1:]) == 15
    assert {row.cells[2].text for row in measures.rows[1:]} == {""}
    texts = [paragraph.text for paragraph in word.paragraphs]
    assert "单位名称：\t" in texts and all(
        any(text.startswith(f"{CHINESE[cls]}：") for text in texts) for cls in Class
    )


def test_an_archive_without_contracts_has_reports_too(tmp_path: Path) -> None:
    home = create_home(tmp_path / "档案库", None, {"451225": "罗城"}, Actor("甲", date(2026, 3, 1)))
    office = Office(home, tmp_path)
    answer = office.run("period", "2026", "--out", tmp_path / "报表", "--json")
    assert answer.status == 0, answer.err
    assert {one["rate"] for one in answer.json["total"]["rates"].values()} == {None}
    assert len(answer.json["files"]) == 4 and all(Path(file).stat().st_size for file in answer.json["files"])
    answer = office.run("selfcheck", "2026", "--out", tmp_path / "自查.docx", "--json")
    assert (answer.status, set(answer.json["counts"].values())) == (0, {0})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["period", "2026-Q9"], "请写成 2026-03"),
        (["period", "2026-Q4"], "还没有开始"),
        (["period", "2026-Q2", "--out", "x", "--format", "doc"], "没有“doc”这种格式"),
        (["period", "2026-Q2", "--town", "东门镇", "--village", "冲洞"], "只能写一个"),
        (["bulletin", "2026-Q2", "--out", "通报.txt"], ".docx 或 .pdf"),
        (["contracts", "2026-Q2", "--figure", "declined"], "declined"),
        (["contracts", "2026-Q2", "--figure", "回收", "--template", "没有"], "没有叫“没有”的合同模板"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_worked_out(
    office: Office, arguments: list[str], said: str
) -> None:
    answer = office.run(*arguments)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err


def test_nothing_that_is_there_is_overwritten(office: Office, period: Answer) -> None:
    before = path_of(office, "html").read_bytes()
    answer = office.run("period", "2026-Q2", "--out", office.folder / "报表", "--format", "html")
    assert answer.status == 2 and "已经存在" in answer.err
    assert path_of(office, "html").read_bytes() == before


def test_a_chart_has_its_texts_as_outlines_and_its_picture_300_dpi(recwarn: pytest.WarningsRecorder) -> None:
    chart = Chart("图", "bars", ("冲洞村", "𠮷村", "$x_1$"), (("签订率", (50.0, None, 100.0)),))
    drawn = as_svg(chart)
    assert "<text" not in drawn and as_svg.__wrapped__(chart) == drawn
    assert not [one for one in recwarn if "missing from" in str(one.message)], "an empty box for a character"
    picture = Image.open(io.BytesIO(as_png(chart)))
    assert abs(picture.width - 6.14 * 300) < 5


def test_long_names_leave_room_for_the_bars() -> None:
    chart = Chart("图", "bars", ("中华村" * 13, "短村"), (("签订率", (100.0, 50.0)),))
    bar = re.search(r'd="M ([\d.]+) [\d.]+ \s*L ([\d.]+)[^"]*"[^>]*fill: #2f5597', as_svg(chart))
    assert bar and float(bar[2]) - float(bar[1]) > 6.14 * 72 / 3


def test_the_guide_has_the_definitions_that_the_program_has() -> None:
    said = GUIDE.read_text(encoding="utf-8")
    for one in DEFINITIONS.values():
        assert one.words in said
