"""A batch closes when every sheet is filed or pulled, with a certificate whose numbers add up; else it says what is out."""

import io
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import openpyxl
import pypdf
import pytest

from archive.closings import close_contract
from archive.home import open_home
from archive.journal import Actor
from archive.sheet_counts import Count
from pipeline.campaign_close import certificate_name
from pipeline.certificate import Certificate, write_certificate
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.ink import Mark
from pipeline.demo.scanner import sign_and_scan
from pipeline.intake.review import open_items, reject
from tests.conftest import Answer, huyue
from tests.main_job.test_closing import BACK, Hamlet, printed_hamlet

CLOSED_ON = "2026-04-20"
PARTIES = ("韦样", "蓝例", "罗甲", "莫乙")


@dataclass(frozen=True)
class Counted:
    """The hamlet's campaign from paper that is half out to its certificate: what `campaign close` said at each stage."""

    hamlet: Hamlet
    folder: Path
    half: Answer
    half_said: Answer
    waiting: Answer
    closed: Answer
    order: list[str]

    @property
    def certificate(self) -> Path:
        return self.folder / "证明.pdf"


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder = tmp_path_factory.mktemp("清点")
    hamlet = printed_hamlet(tmp_path_factory).copied(folder)
    (whole, away), (unsealed, moved), (part, died), (declined, void) = hamlet.numbers.values()
    back = {
        whole: Fate(),
        unsealed: Fate({"party_a_seal": Mark.EMPTY}),
        part: Fate(sheets=(1,)),
        void: Fate(),
    }
    sign_and_scan(hamlet.batch, folder / "扫描件", seed=1, plan=back, rates=SMOOTH)
    hamlet.run("close", void, "--as", "void")
    taken = hamlet.run("intake", folder / "扫描件").json
    assert (taken["filed"], taken["review"]) == (5, 2)
    close = ("campaign", "close", "春", "--out", folder / "证明.pdf")
    half = hamlet.run(*close, "--list", folder / "未收回.xlsx")
    half_said = huyue("--home", hamlet.home, *close, "--dry-run", today=BACK)
    kinds = {away: "withdrawn", moved: "moved", part: "unfit", died: "died", declined: "declined"}
    home, actor = open_home(hamlet.home, None), Actor("经办人乙", date.fromisoformat(BACK))
    with home.writing() as connection:
        for number, kind in kinds.items():
            close_contract(connection, number, kind, None, "", actor)
    waiting = hamlet.run(*close)
    with home.writing() as connection:
        for item in list(open_items(connection)):
            reject(connection, item, actor)
    assert hamlet.run(*close, "--dry-run").json["closed"] == ""
    closed = hamlet.run(*close, today=CLOSED_ON)
    return Counted(
        hamlet, folder, half, half_said, waiting, closed, [whole, unsealed, part, away, moved, died, declined]
    )


def test_while_sheets_are_out_it_says_where_and_writes_nothing(counted: Counted) -> None:
    said = counted.half.json
    assert (counted.half.status, said["closed"], said["certificate"]) == (1, "", None)
    assert (said["contracts"], said["sheets"], said["filed"], said["out"], said["review"]) == (8, 16, 5, 9, 2)
    assert {kind: pages for kind, pages in said["pulled"].items() if pages} == {"void": 2}
    (village,) = said["villages"]
    _, _, part, away, moved, died, declined = counted.order
    assert (village["contracts_out"], village["out"], village["review"]) == (5, 9, 2)
    assert sorted(village["first"]) == sorted(village["first"])[:3] and set(village["first"]) < {
        part,
        away,
        moved,
        died,
        declined,
    }
    text = counted.half_said
    assert text.status == 1
    assert "东门镇冲洞村委会：5 份 9 页没有收回，2 页待核" in text.out and village["first"][0] in text.out


def test_the_list_of_what_is_out_can_be_printed_and_ticked(counted: Counted) -> None:
    sheet = openpyxl.load_workbook(counted.folder / "未收回.xlsx").worksheets[0]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    _, _, part, away, moved, died, declined = counted.order
    assert {str(row["合同编号"]): row["未收回的页"] for row in table} == {
        part: "第 2 页", away: "第 1、2 页", moved: "第 1、2 页", died: "第 1、2 页", declined: "第 1、2 页"
    }  # fmt: skip
    assert [row["户编号"] for row in table] == ["1", "1", "2", "2", "2"]
    assert {row["打印日期"] for row in table} == {"2026-03-05"}
    assert sheet.page_setup.paperSize == 9 and sheet.print_title_rows == "$2:$2"
    again = counted.hamlet.run(
        "campaign",
        "close",
        "春",
        "--out",
        counted.folder / "证明.pdf",
        "--list",
        counted.folder / "未收回.xlsx",
    )
    assert again.status == 0, "nothing is out any more, and the list that may be filled in stays"
    assert sheet.max_row == openpyxl.load_workbook(counted.folder / "未收回.xlsx").worksheets[0].max_row


def test_a_page_in_review_keeps_it_open(counted: Counted) -> None:
    assert (counted.waiting.status, counted.waiting.json["out"], counted.waiting.json["review"]) == (1, 0, 2)
    assert counted.waiting.json["certificate"] is None


def test_the_certificate_adds_up_and_names_no_party(counted: Counted) -> None:
    said = counted.closed.json
    assert (counted.closed.status, said["closed"], said["out"], said["villages"]) == (0, CLOSED_ON, 0, [])
    pulled = {"declined": 2, "withdrawn": 2, "moved": 2, "died": 2, "unfit": 1, "void": 2}
    assert said["pulled"] == pulled
    assert said["sheets"] == said["filed"] + sum(pulled.values()) == 16
    text = text_of(counted.certificate.read_bytes())
    assert rows_of(text, "东门镇冲洞村委会") == [[8, 16, 5, 2, 2, 7, 0, 0]]
    assert rows_of(text, "合计") == [[8, 16, 5, 2, 2, 7, 0, 0]] * 2
    assert rows_of(text, "家庭计划生育责任书") == [[2, 4, 2, 0, 0, 2, 0, 0]]
    assert rows_of(text, "计生养老保险合同书") == [[2, 4, 1, 0, 0, 3, 0, 0]]
    assert "打印 16 页 = 已归档 5 页 + 作废 2 页 + 未签（自愿）2 页 + 终止 7 页 + 未收回 0 页" in text
    for words in (
        "签约批次清点证明",
        "签约批次：春",
        "2026年4月20日",
        "经办人甲",
        "经办人：",
        "复核人：",
        "第 1 页，共 1 页",
    ):
        assert words in text
    assert not any(name in text for name in PARTIES)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def rows_of(text: str, name: str) -> list[list[int]]:
    """The numbers of every row of the certificate that begins with that name."""
    found = re.findall(rf"^{re.escape(name)}((?: \d+){{8}})$", text, re.M)
    return [[int(one) for one in row.split()] for row in found]


def test_closed_again_it_is_the_same_certificate_whatever_happened_since(counted: Counted) -> None:
    hamlet = counted.hamlet
    hamlet.run("close", counted.order[0], "--as", "withdrawn", today="2026-05-02")
    again = counted.folder / "再来.pdf"
    said = hamlet.run("campaign", "close", "春", "--out", again, today="2027-01-01")
    assert (said.status, said.json["closed"], said.json["filed"]) == (0, CLOSED_ON, 5)
    assert again.read_bytes() == counted.certificate.read_bytes()
    again.write_bytes(b"something else")
    refused = hamlet.run("campaign", "close", "春", "--out", again)
    assert (refused.status, refused.json["error"]["code"]) == (2, "file_exists")
    assert again.read_bytes() == b"something else"


def test_a_closed_campaign_is_planned_no_more_and_still_takes_paper_in(counted: Counted) -> None:
    hamlet, folder = counted.hamlet, counted.folder
    blank = ("blank", "new", "--campaign", "春", "--village", "冲洞村", "--template", "04", "--count", "1")
    for command in (("plan", "--campaign", "春"), blank):
        refused = hamlet.run(*command, today="2026-05-03")
        assert (refused.status, refused.json["error"]["code"]) == (2, "campaign_closed")
    (row,) = hamlet.run("campaign", "list").json
    assert (row["closed"], row["contracts"]) == (CLOSED_ON, 7)
    sign_and_scan(hamlet.batch, folder / "补盖", seed=2, plan={counted.order[1]: Fate()}, rates=SMOOTH)
    taken = hamlet.run("intake", folder / "补盖", today="2026-05-03").json
    assert (taken["filed"], taken["contracts_complete"]) == (1, 1), (
        "the sheet with the seal replaces the one without"
    )


def test_a_campaign_without_paper_cannot_be_closed(counted: Counted, tmp_path: Path) -> None:
    hamlet = counted.hamlet.copied(tmp_path)
    hamlet.run("plan", "--campaign", "夏", "--date", "2026-06-01", today="2026-06-01")
    for name, code in (("夏", "campaign_not_printed"), ("冬", "campaign_unknown")):
        refused = hamlet.run("campaign", "close", name, "--out", tmp_path / "a.pdf", today="2026-06-01")
        assert (refused.status, refused.json["error"]["code"]) == (2, code)
    assert not (tmp_path / "a.pdf").exists()


def test_a_clock_that_is_behind_closes_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    hamlet = printed_hamlet(tmp_path_factory).copied(tmp_path_factory.mktemp("旧日期"))
    refused = hamlet.run(
        "campaign", "close", "春", "--out", hamlet.home.with_name("证明.pdf"), today="2026-03-04"
    )
    assert (refused.status, refused.json["error"]["code"]) == (2, "printed_later")
    assert not hamlet.home.with_name("证明.pdf").exists()


def test_a_campaigns_name_makes_a_file_name_everywhere() -> None:
    assert certificate_name("2026春/第2批").name == "签约批次清点证明-2026春_第2批.pdf"


@pytest.mark.parametrize("villages", [1, 30, 31, 150])
def test_a_countys_certificate_goes_over_pages_with_its_head_on_each(villages: int) -> None:
    counts = [
        (
            f"东门镇第{at}村委会",
            Count(at, 0, 2 * at, at, {"void": at - at // 2, "declined": at // 2}, unprinted=1),
        )
        for at in range(1, villages + 1)
    ]
    said = Certificate(
        "2026春", date(2026, 3, 1), date(2026, 3, 31), date(2026, 5, 6), "甲", counts, counts[:1]
    )
    first, second = io.BytesIO(), io.BytesIO()
    pages = write_certificate(first, said)
    write_certificate(second, said)
    assert first.getvalue() == second.getvalue()
    texts = [page.extract_text() for page in pypdf.PdfReader(first).pages]
    assert len(texts) == pages
    for number, text in enumerate(texts, 1):
        assert f"第 {number} 页，共 {pages} 页" in text
        assert ("打印份数 打印页数" in text) == bool(re.search(r"第\d+村委会|合计", text)), (
            "the head stands where rows are"
        )
    for name, count in counts[1:]:
        numbers = [
            count.contracts,
            count.sheets,
            count.filed,
            count.pulled["void"],
            count.pulled["declined"],
            0,
            0,
            1,
        ]
        assert [row for text in texts for row in rows_of(text, name)] == [numbers]
    sums = [row for text in texts for row in rows_of(text, "合计")]
    total = villages * (villages + 1) // 2
    assert sums[0][:3] == [total, 2 * total, total] and sums[0][2] + sum(sums[0][3:7]) == 2 * total
    assert "经办人：" in texts[-1] and texts[-1].count("复核人：") == 1
