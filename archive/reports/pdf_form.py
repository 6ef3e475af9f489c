"""A document as PDF/A-2u, laid out by Typst; the texts are handed over as data, never as markup."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import typst

from archive.reports.charts import as_svg
from archive.reports.document import Block, Chart, Document, Table
from archive.workbook import write_whole

LAYOUT = Path(__file__).with_name("report.typ")


def write_pdf(path: Path, document: Document, day: date) -> None:
    """Write the file, dated `day`. Raises OSError."""
    paper = {
        "title": document.title,
        "lines": document.lines,
        "blocks": [_block(block) for block in document.blocks],
        "signed": document.signed,
    }
    whole = typst.compile(
        LAYOUT.read_bytes(),
        format="pdf",
        sys_inputs={"paper": json.dumps(paper, ensure_ascii=False)},
        pdf_standards="a-2u",
        timestamp=datetime(day.year, day.month, day.day, tzinfo=UTC),
    )
    write_whole(path, whole)


def _block(block: Block) -> dict[str, object]:
    written = {"kind": type(block).__name__.lower()} | asdict(block)
    if isinstance(block, Chart):
        return {"kind": "chart", "caption": block.caption, "svg": as_svg(block)}
    if isinstance(block, Table):
        written["shades"] = {f"{row},{column}": colour for (row, column), colour in block.shades.items()}
    return written
