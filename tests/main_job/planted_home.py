"""A small archive with every kind of defect in known places (tests/archive/test_audit_planted.py), for lists and ledgers."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import openpyxl
import pypdf
import pytest
from sqlalchemy import insert, select, update

from archive.catalogue import tables
from archive.home import Home, create_home
from archive.journal import Actor
from tests.archive import test_audit_planted
from tests.archive.test_audit_planted import Planted, plant, write
from tests.archive.test_states import MANIFEST
from tests.conftest import Answer, huyue

CONTRACTS = 250
PLAIN = MANIFEST.partition(b"[promises]")[0]  # a manifest without promises, to add others to
DIVISIONS = {"45": "广西", "451225100": "东门镇"}
FORMULA = "=cmd|' /C calc'!A1"
BOXES = [
    {"name": "party_b_signature", "kind": "signature", "required": True, "verdict": "unsure", "score": 3.0},
    {"name": "party_a_seal", "kind": "seal", "required": True, "verdict": "filled", "score": 9.0},
    {"name": "privacy_consent", "kind": "signature", "required": False, "verdict": "empty", "score": 0.0},
]


@dataclass
class Office:
    """The archive, and what was planted in it; `formula` is a contract that is missing, its party called as one."""

    home: Home
    planted: Planted
    folder: Path
    formula: str

    def run(self, *arguments: str | Path, today: str = test_audit_planted.YEAR_END) -> Answer:
        return huyue("--home", self.home.folder, *arguments, today=today)

    def of(self, day: str, *classes: str) -> set[str]:
        """The contracts in which defects of these classes were planted that an audit of a day finds."""
        return {number for cls, number, _ in self.planted.on(day) if cls in classes}

    @property
    def declined(self) -> str:
        """The contract that was declined."""
        kinds = {str(row["contract"]): row["kind"] for kind, row in self.planted.rows if kind == "closing"}
        return next(number for number, kind in kinds.items() if kind == "declined")


def planted_office(folder: Path) -> Office:
    """Make the archive in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_audit_planted, "CONTRACTS", CONTRACTS)
        planted = plant()
    home = create_home(folder / "档案库", None, DIVISIONS, Actor("甲", date(2026, 3, 1)))
    formula = next(one[1] for one in planted.expected if one[0] == "missing" and one[4] > "2026-12-31")
    with home.writing() as connection:
        roster = {"id": 1, "imported_on": "2026-05-01", "year": 2026, "undone_on": None}
        connection.execute(insert(tables.roster_import).values(roster))
        write(connection, planted)
        connection.execute(update(tables.template).values(manifest=MANIFEST))
        whose = tables.party.c.contract == formula
        connection.execute(update(tables.party).where(whose).values(name=FORMULA))
        filing = tables.filing
        unsigned = select(filing.c.id).where(filing.c.gaps.contains("unsigned"))
        for position, id_ in enumerate(connection.execute(unsigned).scalars().all()):
            page = {"id": 1000 + position, "file_id": 1, "index": 1000 + position, "outcome": "filed"}
            connection.execute(insert(tables.scan_page).values(page))
            sheet = {"filing_id": id_, "sheet": 2, "position": 0, "page_id": 1000 + position, "layout": "A"}
            boxes = {"residual": 0, "boxes": json.dumps(BOXES)}
            connection.execute(insert(tables.filed_sheet).values(sheet | boxes))
    return Office(home, planted, folder, formula)


def rows_of(path: Path, sheet: int = 0) -> list[dict[str, object]]:
    """A workbook's rows below the heads of its columns, none of them a formula."""
    cells = list(openpyxl.load_workbook(path).worksheets[sheet].iter_rows(min_row=2))
    assert not [cell for row in cells for cell in row if cell.data_type == "f"]
    heads = [str(cell.value) for cell in cells[0]]
    return [dict(zip(heads, [cell.value for cell in row], strict=True)) for row in cells[1:]]


def texts_of(path: Path) -> list[str]:
    """The text of a PDF's pages, without spaces."""
    return ["".join(page.extract_text().split()) for page in pypdf.PdfReader(path).pages]
