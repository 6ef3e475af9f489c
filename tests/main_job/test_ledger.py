"""The ledger and the work lists: every contract once on each, a box to tick, and each person's pages their own."""

import io
import re
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from archive.workbook import new_workbook
from archive.workbook_rows import Rows
from pipeline.ledger import LedgerRow, write_ledger

DAY = date(2026, 3, 1)
ID = "45122519800614001X"
TITLE = "冲洞村委会合同签订台账（2026春）"


def row(at: int, responsible: str, *names: str, blank: bool = False) -> LedgerRow:
    parties = tuple((name, ID if name else "") for name in names)
    number = f"451225105001-2026-01-{at:06d}-Y"
    ends = None if at % 2 else date(2027, 2, 28)
    return LedgerRow(
        number,
        "家庭计划生育责任书",
        at % 3,
        f"{at:04d}",
        parties,
        "乙组",
        responsible,
        DAY,
        ends,
        2,
        2 * at,
        blank,
    )


ROWS = [
    row(1, "丙户", "覃小明"),
    row(2, "", "莫<&>例"),
    row(3, "丁户", "韦样", "蓝例"),
    row(4, "丙户", "谢样"),
    row(5, "", "罗甲"),
    row(6, "", "", "", blank=True),
    row(7, "", "阿依古丽·买买提", blank=True),
]


@pytest.fixture
def sheets(tmp_path: Path) -> tuple[Worksheet, Worksheet]:
    write_ledger(tmp_path / "ledger.xlsx", TITLE, DAY, iter(ROWS))
    ledger, work = openpyxl.load_workbook(tmp_path / "ledger.xlsx").worksheets
    return ledger, work


def test_the_ledger_has_a_box_to_tick_for_every_contract(sheets: tuple[Worksheet, Worksheet]) -> None:
    table = list(sheets[0].iter_rows(min_row=2, values_only=True))
    rows = [dict(zip(table[0], line, strict=True)) for line in table[1:]]
    assert [one["合同编号"] for one in rows] == [one.number for one in ROWS]
    assert {one["收回"] for one in rows} == {"□"}
    assert [one["当事人"] for one in rows][:4] == ["覃小明", "莫<&>例", "韦样、蓝例", "谢样"]
    assert [one["备注"] for one in rows][4:] == [None, "空白合同", "空白合同"]
    assert (rows[0]["组"], rows[2]["组"], rows[5]["当事人"], rows[5]["证件号码"]) == (1, None, None, None)
    assert (rows[1]["起始日期"].date(), rows[1]["截止日期"].date()) == (DAY, date(2027, 2, 28))  # type: ignore[union-attr]
    assert (rows[0]["截止日期"], rows[0]["页数"], rows[0]["打印页码"]) == ("长期", 2, 2)


def test_long_names_are_small_rather_than_cut(sheets: tuple[Worksheet, Worksheet]) -> None:
    small = {
        str(sheets[0].cell(2, cell.column or 1).value)
        for cell in sheets[0][3]
        if cell.alignment.shrink_to_fit
    }
    assert small == {"当事人", "证件号码", "包组干部", "联户责任人"}


def test_every_responsible_person_has_a_block_of_their_own_and_blank_ones_come_last(
    sheets: tuple[Worksheet, Worksheet],
) -> None:
    work = sheets[1]
    assert [cell.value for cell in work[2]] == [
        "组", "户编号", "当事人", "合同名称", "合同编号", "页数", "已送", "已签", "收回", "联户责任人"
    ]  # fmt: skip
    blocks: dict[str, list[str]] = {}
    starts: list[int] = []
    for line, cells in enumerate(work.iter_rows(min_row=3, values_only=True), 3):
        if cells[4] is None:
            blocks[str(cells[0])] = numbers = []
            starts.append(line)
        else:
            numbers.append(str(cells[4]))
            assert cells[6:9] == ("□", "□", "□")
    assert blocks == {
        "联户责任人：丙户　2 份": [ROWS[0].number, ROWS[3].number],
        "联户责任人：未登记　2 份": [ROWS[1].number, ROWS[4].number],
        "联户责任人：丁户　1 份": [ROWS[2].number],
        "空白合同（现场填写）　2 份": [ROWS[5].number, ROWS[6].number],
    }
    assert [one.id for one in work.row_breaks.brk] == [line - 1 for line in starts[1:]]


def test_the_work_list_prints_on_a4_with_its_head_on_every_page_and_no_identity_number(
    sheets: tuple[Worksheet, Worksheet],
) -> None:
    work = sheets[1]
    assert (work.title, work.page_setup.paperSize, work.print_title_rows) == ("责任人工作单", 9, "$2:$2")
    assert work.sheet_properties.pageSetUpPr is not None and work.sheet_properties.pageSetUpPr.fitToPage
    shown = [str(cell) for line in work.iter_rows(values_only=True) for cell in line if cell is not None]
    assert any("韦样、蓝例" in text for text in shown)
    assert not any(re.search(r"\d{6}\*|\d{17}", text) for text in shown)


def test_the_same_contracts_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_ledger(tmp_path / name, TITLE, DAY, iter(ROWS))
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_village_without_contracts_has_a_ledger_too(tmp_path: Path) -> None:
    write_ledger(tmp_path / "a.xlsx", TITLE, DAY, iter(()))
    assert [sheet.max_row for sheet in openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets] == [2, 2]


HARD = (
    "覃<小>&明",
    " 两头有空格 ",
    "=1+1",
    "_x0041_",
    "a\x0bb\x00",
    "引\"号'",
    "第一行\n第二行",
    "𱍓",
    "\ufffe",
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from(HARD)), min_size=1, max_size=6))
def test_whatever_text_a_row_holds_it_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "文字.xlsx"
    with new_workbook(path, "文字", DAY) as book:
        sheet = book.add_worksheet("文字")
        Rows(sheet, [book.add_format({})] * len(texts)).write(0, texts)
    with zipfile.ZipFile(path) as packed:
        xml = packed.read("xl/worksheets/sheet1.xml")
    cells = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).worksheets[0]
    read = [cells.cell(1, column).value or "" for column in range(1, len(texts) + 1)]
    assert b"<f>" not in xml
    assert [unescaped(str(one)) for one in read] == texts


def unescaped(text: str) -> str:
    """A cell's text as Excel shows it (ECMA-376, 22.9.2.19); openpyxl leaves the escapes as they are."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)
