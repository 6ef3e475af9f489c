"""Small rosters for tests: rows written as a clerk would, persons invented on the spot."""

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
from stdnum.cn import ric

from pipeline.divisions import Divisions
from pipeline.roster import Roster, read_rosters

TODAY = date(2024, 5, 1)
COUNTY = Divisions.shipped()
RESOURCES = Path(__file__).parent.parent / "resources" / "roster"
COLUMNS = ("村(居)委会", "组别", "户编号", "户主姓名", "姓名", "与户主关系", "性别", "出生日期", "公民身份号码", "婚姻状况",
           "联系电话", "外出地点", "外出开始", "外出结束", "申请服务", "养老保险", "知情选择", "联户责任人")  # fmt: skip
# What a cell may hold is whatever openpyxl writes.
Cells = list[Any]
Rows = Sequence[Sequence[Any]]


def number(birth: date, *, woman: bool = False, serial: int = 1, county: str = "451225") -> str:
    """A valid identity number of nobody."""
    body = f"{county}{birth:%Y%m%d}{serial * 2 + (0 if woman else 1):03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def row(name: str = "韦明", relation: str = "户主", *, household: str = "0001", village: str = "冲洞村委会",
        group: object = 3, birth: date = date(1980, 6, 14), woman: bool = False, serial: int = 1,
        head: str = "韦明") -> Cells:  # fmt: skip
    """A sound row in the order of COLUMNS."""
    return [village, group, household, head, name, relation, "女" if woman else "男", birth,
            number(birth, woman=woman, serial=serial), "已婚", "13812345678", "", "", "", "", "", "", "银月"]  # fmt: skip


def changed(cells: Cells, **columns: object) -> Cells:
    """The row with some cells otherwise; columns by their place, as `c8=…`."""
    copy = list(cells)
    for column, value in columns.items():
        copy[int(column[1:])] = value
    return copy


def write(path: Path, rows: Rows, *, sheet: str = "花名册", merge: Sequence[str] = ()) -> Path:
    """A workbook of one sheet."""
    return write_sheets(path, {sheet: rows}, merge=merge)


def write_sheets(path: Path, sheets: Mapping[str, Rows], *, merge: Sequence[str] = ()) -> Path:
    """A workbook; `merge` are cell ranges merged in every sheet."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for line, cells in enumerate(rows, start=1):
            for column, value in enumerate(cells, start=1):
                if value not in ("", None):
                    sheet.cell(line, column).value = value
        for area in merge:
            sheet.merged_cells.add(area)
    workbook.save(path)
    return path


def write_ods(path: Path, rows: str) -> Path:
    """An open document of one sheet, its rows given as XML."""
    namespaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text", "manifest")
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", f"<manifest:manifest {namespaces}/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {namespaces}><office:body><office:spreadsheet><table:table table:name='花名册'>"
            f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return path


def read(*paths: Path, today: date = TODAY) -> Roster:
    """Read files with the shipped county."""
    return read_rosters(paths, COUNTY, today)


def found(roster: Roster) -> list[tuple[int, str, str]]:
    """Row, code and severity of each problem."""
    return [(problem.row, problem.code, problem.severity) for problem in roster.problems]


def homes(roster: Roster) -> list[tuple[str, int, str, list[str]]]:
    """Village, group, number and all members' names of each household."""
    return [
        (home.village_code, home.group, home.number, [person.name for person in home.members])
        for home in roster.households
    ]
