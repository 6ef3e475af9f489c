"""A receipt as a workbook to hand over with the paper: totals to sign, files, pages, and the pages to look at."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import xlsxwriter

from archive import flaw_words
from archive.workbook import GRID, list_sheet, new_workbook
from archive.workbook_rows import Rows
from pipeline.intake.review import CHINESE as REASONS
from pipeline.intake.taken import Receipt, TakenPage

OUTCOMES = {
    "filed": "归档",
    "duplicate": "重复",
    "blank": "空白和封面",
    "review": "待核",
    "quarantined": "坏页",
}
DECISIONS = {"": "", "assigned": "已认定", "rejected": "已定为不归档"}
REMEDIES = {  # what to do about a page in review
    "foreign": "是合同的，在待核里（huyue review next）归到那一份；不是的，不归档。",
    "unreadable": "放平重扫；重扫不了的，在待核里（huyue review next）认定。",
    "wrong_check": "看是不是别的单位的；是的不归档，纸退回。",
    "unknown": "先不要处理，请技术人员看档案库是不是旧的。",
    "closed": "确实终止了的，不归档；登记错了的，见指南第 08 章。",
    "two_codes": "把两张纸分开重扫。",
    "altered": "拿纸对照：贴错、改写的退回重签；印的没有变的，在待核里（huyue review next）认定。",
    "conflict": "两张都看看，留对的那一张。",
}
FILES = (
    ("序号", 6),
    ("文件", 41),
    ("页数", 7),
    ("字节", 12),
    ("没有收的原因", 41),
    ("扫描设备", 18),
    ("扫描时间", 25),
    ("SHA-256", 41),
)
PAGES = (
    ("序号", 7),
    ("文件", 40),
    ("页", 6),
    ("结果", 11),
    ("合同编号", 31),
    ("合同的第几页", 8),
    ("原因", 36),
    ("图像的毛病", 20),
    ("以前收过", 8),
    ("处理", 24),
)
LOOK = (
    ("序号", 6),
    ("文件", 28),
    ("页", 6),
    ("合同编号", 31),
    ("原因", 26),
    ("怎么办", 32),
    ("图像", 42),
    ("处理情况", 14),
)
PICTURE_HEIGHT, TEXT_HEIGHT = 172, 30  # points of a row with a picture, and without
PICTURE_SCALE = 0.75
PICTURE_MARGIN = 2  # pixels


def write_receipt(path: Path, receipt: Receipt, pictures: Mapping[int, bytes]) -> None:
    """Write the workbook; `pictures` are JPEGs by place in the receipt's pages. Raises OSError of `path`."""
    title = f"扫描件交接单 {receipt.number:04d}"
    with new_workbook(path, title, date.fromisoformat(receipt.day)) as book:
        book.use_zip64()
        _Sheets(book, receipt, title).write(pictures)


class _Sheets:
    def __init__(self, book: xlsxwriter.Workbook, receipt: Receipt, title: str) -> None:
        self._book, self._receipt, self._title = book, receipt, title
        font = {"font_name": "宋体", "font_size": 11}
        self._heading = book.add_format(
            {"bold": True, "font_name": "黑体", "font_size": 18, "align": "center"}
        )
        self._plain = book.add_format(font)
        self._line = book.add_format({"bottom": 1})
        self._label = book.add_format(GRID | {"bold": True, "font_size": 11})
        self._number = book.add_format(GRID | {"font_size": 11, "num_format": "#,##0"})
        self._cell = book.add_format(GRID)
        self._wrapped = book.add_format(GRID | {"text_wrap": True})

    def write(self, pictures: Mapping[int, bytes]) -> None:
        look = [place for place, page in enumerate(self._receipt.pages) if page.to_look_at]
        self._totals(len(look))
        self._files()
        self._pages()
        self._look(look, pictures)

    def _totals(self, look: int) -> None:
        sheet, receipt = self._book.add_worksheet("总表"), self._receipt
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 1)
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 14)
        sheet.set_column(2, 3, 30)
        sheet.set_row(0, 30)
        sheet.merge_range(0, 0, 0, 3, "", self._heading)
        sheet.write_string(0, 0, self._title, self._heading)
        who = f"档案库：{receipt.archive}　　收件日期：{receipt.day}　　收件人：{receipt.user}"
        sheet.write_string(1, 0, who, self._plain)
        rejected = sum(bool(file.code) for file in receipt.files)
        counts = receipt.counts
        rows = (
            ("文件（个）", counts["files"], ""),
            ("　其中没有收的", rejected, "原因见“文件”一页" if rejected else ""),
            ("页", counts["pages"], "等于下面五项相加"),
            *((f"　{label}", counts[name], "") for name, label in OUTCOMES.items()),
            ("合同齐全（份）", counts["contracts_complete"], "这些页所属的合同，收件以后的情形"),
            ("合同还不齐全（份）", counts["contracts_incomplete"], "缺页、缺签、缺章或认不准"),
            ("要看的页", look, "见“要看的页”" if look else ""),
        )
        for line, (label, number, note) in enumerate(rows, 3):
            sheet.write_string(line, 0, label, self._label)
            sheet.write_number(line, 1, number, self._number)
            sheet.write_string(line, 2, f"　{note}" if note else "", self._plain)
        below = 3 + len(rows) + 2
        for line, who in enumerate(("交件人", "收件人", "日期"), below):
            sheet.set_row(line, 34)
            sheet.write_string(line, 0, f"{who}（签名）：" if who != "日期" else "日期：", self._plain)
            sheet.write_blank(line, 1, None, self._line)
            sheet.write_blank(line, 2, None, self._line)
        sheet.write_string(
            below + 4, 0, "本单没有加密，含扫描页的小图像，请同纸质合同一样保管。", self._plain
        )

    def _files(self) -> None:
        sheet = list_sheet(self._book, "文件", f"{self._title}：文件", FILES)
        rows = Rows(sheet, [self._wrapped if width > 40 else self._cell for _, width in FILES])
        for line, file in enumerate(self._receipt.files, 2):
            rows.write(
                line,
                (
                    line - 1,
                    file.name,
                    file.pages,
                    file.bytes,
                    file.message,
                    file.device,
                    file.captured_at,
                    file.sha256,
                ),
            )
        _filtered(sheet, len(self._receipt.files), FILES)

    def _pages(self) -> None:
        sheet = list_sheet(self._book, "页", f"{self._title}：每一页", PAGES)
        rows = Rows(sheet, [self._cell] * len(PAGES))
        for line, page in enumerate(self._receipt.pages, 2):
            rows.write(
                line,
                (
                    line - 1,
                    self._receipt.files[page.file - 1].name,
                    page.page,
                    OUTCOMES[page.outcome],
                    page.contract,
                    page.sheet,
                    _why(page),
                    flaw_words.what(page.flaws),
                    "是" if page.known_before else "",
                    DECISIONS[page.decision],
                ),
            )
        _filtered(sheet, len(self._receipt.pages), PAGES)

    def _look(self, look: Sequence[int], pictures: Mapping[int, bytes]) -> None:
        sheet = list_sheet(self._book, "要看的页", f"{self._title}：要看的页", LOOK)
        for line, place in enumerate(look, 2):
            page, picture = self._receipt.pages[place], pictures.get(place, b"")
            sheet.set_row(line, PICTURE_HEIGHT if picture else TEXT_HEIGHT)
            sheet.write_number(line, 0, line - 1, self._cell)
            sheet.write_string(line, 1, self._receipt.files[page.file - 1].name, self._wrapped)
            sheet.write_number(line, 2, page.page, self._cell)
            why = "；".join(filter(None, (_why(page), flaw_words.what(page.flaws))))
            texts = (page.contract or "", why, _remedy(page), "" if picture else _no_picture(page), "")
            for column, text in enumerate(texts, 3):
                sheet.write_string(line, column, text, self._wrapped)
            if picture:
                sheet.insert_image(
                    line,
                    6,
                    f"{place}.jpg",
                    {
                        "image_data": io.BytesIO(picture),
                        "x_scale": PICTURE_SCALE,
                        "y_scale": PICTURE_SCALE,
                        "x_offset": PICTURE_MARGIN,
                        "y_offset": PICTURE_MARGIN,
                        "description": f"第 {page.file} 个文件第 {page.page} 页",
                    },
                )
        _filtered(sheet, len(look), LOOK)


def _filtered(sheet: xlsxwriter.worksheet.Worksheet, rows: int, columns: Sequence[tuple[str, int]]) -> None:
    sheet.autofilter(1, 0, rows + 1, len(columns) - 1)


def _why(page: TakenPage) -> str:
    """Why a page is where it is, "" where that needs no word."""
    if page.outcome == "quarantined":
        return "这一次没有读成" if page.again else "图像残缺，读不出来"
    if page.replaces:
        return "图像比归档的清楚，换成了这一张"
    return REASONS.get(page.reason, "")


def _remedy(page: TakenPage) -> str:
    """What to do about a page that is to be looked at."""
    if page.outcome == "quarantined":
        return "再收一次会重读；还不行，重新扫描这一页。" if page.again else "重新扫描这一页。"
    if page.outcome == "review" and not page.decision:
        return REMEDIES[page.reason]
    return flaw_words.remedy(page.flaws)


def _no_picture(page: TakenPage) -> str:
    if page.outcome == "quarantined":
        return "（读不出来，没有图像）"
    return "（这里没有放图像，请在待核里看）" if page.outcome == "review" else "（这里没有放图像）"
