"""A village's print batch: print.pdf, its copies, print.json, ledger.xlsx and, if asked for, contracts.zip.

The format of the files is fixed in docs/interfaces.md. The same contracts and layouts give the same bytes.
"""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

import pikepdf

from pipeline import fonts, page_code
from pipeline.compile_template import compile_template
from pipeline.contracts import Printable
from pipeline.cover import BatchFacts, cover
from pipeline.fill import EPOCH, contract_docx
from pipeline.layout import FieldPlace, Layout, SheetPlaces, Variant
from pipeline.ledger import LedgerRow, write_ledger
from pipeline.pdf import PdfWriter
from pipeline.place import fit, wanted_width, width
from pipeline.responsibles import NOBODY, Responsibles
from pipeline.template import Template

TEXT_RIGHT = 174.0  # mm: the number and sheet beside the code end here
BESIDE_SIZE = 9.0  # points
BESIDE_WIDTH = 64.0  # mm, at most
COPIES = ("档案留存（甲方）", "群众留存（乙方）")


@dataclass(frozen=True, slots=True)
class Batch:
    """Contracts of one village, each with its layout, in printing order."""

    facts: BatchFacts
    contracts: Sequence[tuple[Printable, Layout]]
    templates: Mapping[str, Template]
    code_key: bytes
    charge: Responsibles = NOBODY

    @property
    def duplex(self) -> bool:
        """Whether contracts begin on the front of a leaf."""
        return any(template.manifest.duplex for template in self.templates.values())


def variant_of(contract: Printable) -> Variant:
    """The layout variant that a contract's clauses and rows ask for."""
    counts = tuple((name, len(rows)) for name, rows in contract.content.rows.items())
    return Variant(contract.content.clauses, counts)


def too_small(contract: Printable, layout: Layout) -> list[FieldPlace]:
    """The blanks that the contract's values do not fit."""
    return [
        place
        for sheet in layout.sheets
        for place in sheet.fields
        if fit(place, contract.content.value(place.name)) is None
    ]


def widened(contract: Printable, variant: Variant, small: Sequence[FieldPlace]) -> Variant:
    """The variant with blanks wide enough for the values that do not fit."""
    widths = {place.name: wanted_width(place, contract.content.value(place.name)) for place in small}
    return Variant(variant.clauses, variant.counts, tuple(sorted(widths.items())))


def unprintable(contract: Printable, layout: Layout) -> dict[str, str]:
    """The contract's values with characters that no installed font has, and those characters."""
    values = (
        (place.style, contract.content.value(place.name)) for sheet in layout.sheets for place in sheet.fields
    )
    return {value: absent for style, value in values if (absent := fonts.missing(style, value))}


def cut_by_a_page(layout: Layout) -> list[str]:
    """The fields that a page's end cuts in two: they lie on two sheets."""
    sheets = Counter(name for sheet in layout.sheets for name in {place.name for place in sheet.fields})
    return [name for name, count in sheets.items() if count > 1]


def write_batch(folder: Path, batch: Batch, *, copies: int, docx: bool) -> int:
    """Write the batch into an empty folder; returns the pages of print.pdf."""
    pages = 0
    for copy in range(1, copies + 1):
        name = "print.pdf" if copy == 1 else f"print-{copy}.pdf"
        label = COPIES[copy - 1] if copy <= len(COPIES) else f"第 {copy} 份"
        with (folder / name).open("wb") as file:
            listing = _write_pdf(PdfWriter(file, f"{batch.facts.campaign} {batch.facts.place}"), batch, label)
        if copy == 1:
            pages = len(listing)
            with (folder / "print.json").open("w", encoding="utf-8", newline="\n") as file:
                _write_json(file, batch, listing)
            _write_ledger(folder / "ledger.xlsx", batch, listing)
    if docx:
        _write_docx(folder / "contracts.zip", batch)
    return pages


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of print.pdf: a contract's sheet, or neither (a cover, a blank back)."""

    contract: str | None = None
    layout: str = ""
    sheet: int = 0
    sheets: int = 0


def write_contracts(file: BinaryIO, batch: Batch, title: str) -> None:
    """Write the batch's contracts alone, without cover and blank backs."""
    writer = PdfWriter(file, title)
    _write_all(writer, batch, [], leaves=False)
    writer.close()


def _write_pdf(writer: PdfWriter, batch: Batch, copy: str) -> list[_Page]:
    listing = [_Page()]
    counts: Counter[str] = Counter()
    sheets: Counter[str] = Counter()
    for contract, layout in batch.contracts:
        counts[contract.template_sha256] += 1
        sheets[contract.template_sha256] += len(layout.sheets)
    ordered = sorted(counts, key=lambda sha: (batch.templates[sha].manifest.number, sha))
    rows = [(batch.templates[sha].manifest.title, counts[sha], sheets[sha]) for sha in ordered]
    cover(writer, batch.facts, rows, copy)
    _write_all(writer, batch, listing, leaves=batch.duplex)
    writer.close()
    return listing


def _write_all(writer: PdfWriter, batch: Batch, listing: list[_Page], *, leaves: bool) -> None:
    """Write every contract; with `leaves`, each begins on the front of one."""
    forms: dict[str, list[int]] = {}
    for contract, layout in batch.contracts:
        if leaves and writer.pages % 2:
            writer.page(b"", {})
            listing.append(_Page())
        if layout.id not in forms:
            with pikepdf.open(io.BytesIO(layout.background)) as background:
                forms[layout.id] = writer.form_objects(background)
        for index, sheet in enumerate(layout.sheets):
            _write_sheet(writer, batch, contract, layout, index, sheet, forms[layout.id][index])
            listing.append(_Page(contract.number, layout.id, index + 1, len(layout.sheets)))


def _write_sheet(
    writer: PdfWriter,
    batch: Batch,
    contract: Printable,
    layout: Layout,
    index: int,
    sheet: SheetPlaces,
    form: int,
) -> None:
    count = len(layout.sheets)
    text = page_code.page_text(contract.number, index + 1, count, layout.id, batch.code_key)
    code = writer.bitmap(page_code.MODULES, page_code.MODULES, page_code.bitmap(text))
    parts = [b"/B Do\n", writer.place("Q", page_code.LEFT, page_code.TOP, page_code.SIDE, page_code.SIDE)]
    for line in beside_code(contract.number, index + 1, count):
        parts.append(writer.text("song", line.size, line.x, line.baseline, line.words, line.squeeze))
    for place in sheet.fields:
        placed_lines = fit(place, contract.content.value(place.name))
        if placed_lines is None:
            raise ValueError(f"{contract.number}: {place.name} does not fit")
        for placed in placed_lines:
            parts.append(
                writer.text(place.style, place.size, placed.x, placed.baseline, placed.words, placed.squeeze)
            )
    writer.page(b"".join(parts), {"B": form, "Q": code})


@dataclass(frozen=True, slots=True)
class BesideCode:
    """A line left of the code: left end, baseline and width in mm, font size in points, horizontal scale."""

    words: str
    x: float
    baseline: float
    width: float
    size: float
    squeeze: float


def beside_code(number: str, sheet: int, sheets: int) -> list[BesideCode]:
    """The number and the sheet in plain text, left of the code."""
    found: list[BesideCode] = []
    for line, words in enumerate((number, f"第 {sheet} 页，共 {sheets} 页")):
        natural = width("song", BESIDE_SIZE, words)
        squeeze = min(1.0, BESIDE_WIDTH / natural)
        across = natural * squeeze
        found.append(BesideCode(words, TEXT_RIGHT - across, 14.5 + 5 * line, across, BESIDE_SIZE, squeeze))
    return found


def _write_json(file: TextIO, batch: Batch, listing: Sequence[_Page]) -> None:
    layouts = {layout.id: layout for _, layout in batch.contracts}
    known = {name: layouts[name].print_json() for name in sorted(layouts)}
    file.write('{"version": 1,\n "layouts": ')
    file.write(json.dumps(known, ensure_ascii=False))
    file.write(',\n "pages": [')
    for number, page in enumerate(listing, 1):
        row: dict[str, object] = {"page": number, "contract": page.contract}
        if page.contract is not None:
            row |= {"layout": page.layout, "sheet": page.sheet, "sheets": page.sheets}
        file.write(("\n  " if number == 1 else ",\n  ") + json.dumps(row))
    file.write("]}\n")


def _write_ledger(path: Path, batch: Batch, listing: Sequence[_Page]) -> None:
    first = {page.contract: number for number, page in enumerate(listing, 1) if page.sheet == 1}

    def rows() -> Iterator[LedgerRow]:
        for contract, layout in batch.contracts:
            yield LedgerRow(
                number=contract.number,
                title=batch.templates[contract.template_sha256].manifest.title,
                group=contract.group,
                household=contract.household,
                parties=contract.parties,
                in_group=batch.charge.of_group(contract.group),
                responsible=contract.responsible,
                starts=contract.starts,
                ends=contract.ends,
                sheets=len(layout.sheets),
                first_page=first[contract.number],
            )

    charge = f"　包村干部：{of_village}" if (of_village := batch.charge.of_village()) else ""
    title = f"{batch.facts.place}合同签订台账（{batch.facts.campaign}）{charge}"
    write_ledger(path, title, batch.facts.day, rows())


def _write_docx(path: Path, batch: Batch) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for contract, _ in batch.contracts:
            compiled = compile_template(batch.templates[contract.template_sha256])
            info = zipfile.ZipInfo(f"{contract.number}.docx", EPOCH)
            archive.writestr(info, contract_docx(compiled, contract.content))
