"""A template edited as a clerk would in Word: a logo, a header, a longer table, other words; then used, without code."""

import io
import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
import numpy as np
import pypdfium2 as pdfium
import pytest
from docx.shared import Mm
from PIL import Image, ImageDraw

from pipeline.demo.fates import SMOOTH
from pipeline.demo.scanner import sign_and_scan
from tests.conftest import Answer, huyue
from tests.templates.template_edits import edited, stock, swap_toml

HEADER, WORDS, ROW = "东门镇便民服务中心", "外出务工的，可以拨打镇政府服务电话咨询。", "服务窗口"
ROSTER = """\
村,组,户编号,姓名,性别,出生日期,公民身份号码,与户主关系,外出地点,外出日期,返乡日期
冲洞村,1,1,韦样例,男,1988-05-12,999999198805120013,户主,广东省佛山市,2025-11-05,至今
冲洞村,1,2,蓝样例,女,1990-03-21,99999919900321002X,户主,,,
"""


@dataclass(frozen=True)
class Office:
    """An archive planned with the stock template first, then with the edited one."""

    home: Path
    folder: Path
    template: Path
    added: Answer

    def run(self, *arguments: str | Path, today: str = "2026-03-05") -> Answer:
        return huyue("--home", self.home, *arguments, "--json", today=today)


def edit(path: Path) -> None:
    """What a clerk does in Word, by python-docx."""
    document: Any = docx.Document(str(path))
    header = document.sections[0].header
    header.is_linked_to_previous = False
    line = header.paragraphs[0]
    line.paragraph_format.line_spacing = 1.0
    line.add_run().add_picture(logo(), height=Mm(9))
    line.add_run(HEADER)
    header.add_paragraph("签约人：{{乙方姓名}}")
    table = document.tables[0]
    cells = table.add_row().cells
    cells[0].text = ROW
    cells[1].text = "一号窗口"
    clause = next(one for one in document.paragraphs if one.text.startswith("临行前"))
    clause.add_run(WORDS)
    document.save(str(path))


def logo() -> io.BytesIO:
    image = Image.new("RGB", (180, 180), "white")
    ImageDraw.Draw(image).ellipse((10, 10, 170, 170), fill="black")
    out = io.BytesIO()
    image.save(out, "PNG")
    out.seek(0)
    return out


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("改模板")
    home, roster = folder / "档案库", folder / "花名册.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    assert huyue("init", home).status == 0
    assert huyue("--home", home, "roster", "import", roster).status == 0
    first = huyue("--home", home, "plan", "--campaign", "2025冬", "--date", "2025-12-01", today="2025-12-01")
    assert first.status == 0, first.err
    template = edited(stock("04"), folder, toml=swap_toml('version = "2026.1"', 'version = "2026.1-东门"'))
    edit(template / "contract.docx")
    added = huyue("--home", home, "template", "add", template, "--json")
    assert huyue("--home", home, "plan", "--campaign", "2026春", "--date", "2026-03-01").status == 0
    return Office(home, folder, template, added)


def printed(office: Office, campaign: str) -> tuple[Path, str]:
    """The campaign's batch, and its contract of the edited template."""
    out = office.folder / campaign
    answer = office.run("print", "--campaign", campaign, "--out", out, "--docx")
    assert answer.status == 0, answer.err
    (batch,) = map(Path, answer.json["batches"])
    pages = json.loads((batch / "print.json").read_text(encoding="utf-8"))["pages"]
    return batch, next(page["contract"] for page in pages if page["contract"] and "-04-" in page["contract"])


def sheets(batch: Path, number: str) -> list[tuple[str, "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"]]:
    """The text and the picture (2 pixels a point) of each of a contract's sheets."""
    pages = json.loads((batch / "print.json").read_text(encoding="utf-8"))["pages"]
    with closing(pdfium.PdfDocument(batch / "print.pdf")) as document:
        found = [document[page["page"] - 1] for page in pages if page["contract"] == number]
        return [
            (
                "".join(page.get_textpage().get_text_range().split()),
                page.render(scale=2, grayscale=True).to_numpy(),
            )
            for page in found
        ]


def test_it_is_checked_and_taken_into_use(office: Office) -> None:
    assert office.added.status == 0, office.added.out
    (mine,) = [one for one in office.run("template", "list").json if one["name"] == "away_period"]
    assert (mine["version"], mine["own"]) == ("2026.1-东门", True)
    assert huyue("template", "check", office.template, "--json").json["problems"] == []


def test_new_contracts_are_printed_with_the_logo_the_header_the_row_and_the_words(office: Office) -> None:
    batch, number = printed(office, "2026春")
    pages = sheets(batch, number)
    for text, picture in pages:
        assert f"{HEADER}签约人：韦样例" in text
        assert (picture[60:120, 160:320] < 100).mean() > 0.05, "the logo stands in the header of every sheet"
    whole = "".join(text for text, _ in pages)
    assert ROW in whole
    assert WORDS in whole
    assert "韦样例" in pages[0][0]
    assert "广东省佛山市" in whole


def test_contracts_that_have_a_number_keep_their_version(office: Office) -> None:
    batch, number = printed(office, "2025冬")
    whole = "".join(text for text, _ in sheets(batch, number))
    assert HEADER not in whole
    assert ROW not in whole
    assert office.run("show", number).json["template_version"] == "2026.1"


def test_the_difference_is_told_in_words(office: Office) -> None:
    said = json.dumps(office.run("template", "diff", "away_period").json, ensure_ascii=False)
    for words in (HEADER, WORDS, ROW, "2026.1-东门"):
        assert words in said


def test_its_signed_sheets_are_filed_like_any_others(office: Office) -> None:
    batch, number = printed(office, "2026春")
    scans = office.folder / "扫描件"
    sign_and_scan(batch, scans, seed=3, limit=20, rates=SMOOTH)
    taken = office.run("intake", scans, today="2026-04-01")
    assert taken.json["review"] == 0, office.run("review", "list").out
    shown = office.run("show", number, today="2026-04-01").json
    assert shown["state"] == "filed"
    assert {name: verdict for name, verdict in shown["boxes"].items() if name != "privacy_consent"} == {
        "party_a_seal": "filled",
        "party_a_signature": "filled",
        "party_b_signature": "filled",
        "sign_date": "filled",
    }


def test_a_picture_in_lines_too_low_for_it_is_warned_of(tmp_path: Path) -> None:
    copy = edited(stock("05"), tmp_path)
    document = docx.Document(str(copy / "contract.docx"))
    document.paragraphs[3].add_run().add_picture(logo(), height=Mm(30))
    document.save(str(copy / "contract.docx"))
    said = huyue("template", "check", copy, "--json").json["problems"]
    assert [one["severity"] for one in said] == ["warning"], said
    assert "单倍行距" in said[0]["message"]
