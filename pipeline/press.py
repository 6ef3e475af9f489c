"""A village's print batch: print.pdf, its copies and other forms, print.json, ledger.xlsx and, if asked for, contracts.zip.

The format of the files is fixed in docs/interfaces.md. The same contracts and layouts give the same bytes.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, TextIO

from pipeline import fonts
from pipeline.compile_template import compile_template
from pipeline.contracts import Printable
from pipeline.contracts_zip import write_contracts_zip
from pipeline.cover import BatchFacts, cover
from pipeline.errors import PagesBeyond
from pipeline.layout import FieldPlace, Layout, Variant, overlaps
from pipeline.ledger import LedgerRow, write_ledger
from pipeline.pdf import A3_BOX, WIDTH, PdfWriter
from pipeline.place import fit, wanted_width
from pipeline.responsibles import NOBODY, Responsibles
from pipeline.sheet_painter import SheetPainter, booklet, sheet_leaves
from pipeline.template import Template

COPIES = ("档案留存（甲方）", "群众留存（乙方）")
NOBODY_NAMED = "未登记责任人"


@dataclass(frozen=True, slots=True)
class Forms:
    """What is printed beside print.pdf.

    `copies`: a print-N.pdf for each beyond the first; `collated`: one file with each contract's copies after
    each other instead; `a3`: a file of booklets; `split`: at most so many leaves a file (0: whole);
    `by_responsible`: files by responsible person.
    """

    copies: int = 1
    collated: bool = False
    a3: bool = False
    split: int = 0
    by_responsible: bool = False
    docx: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Contracts of one village, each with its layout, in printing order.

    `pages`: only these pages (1-based, both ends) of the whole are printed.
    """

    facts: BatchFacts
    contracts: Sequence[tuple[Printable, Layout]]
    templates: Mapping[str, Template]
    code_key: bytes
    charge: Responsibles = NOBODY
    pages: tuple[int, int] | None = None

    @property
    def duplex(self) -> bool:
        """Whether contracts begin on the front of a leaf."""
        return any(template.manifest.duplex for template in self.templates.values())


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of print.pdf: a contract's sheet (both from 0), or neither (a cover, a blank back)."""

    contract: int = -1
    sheet: int = 0
    cover: bool = False


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


def spoilt(layout: Layout) -> list[FieldPlace]:
    """The fields that a layout for a long value has no room for: cut by a page's end, or over another field."""
    found: list[FieldPlace] = []
    for sheet in layout.sheets:
        for place in sheet.fields:
            others = [one for other in sheet.fields if other is not place for one in other.line_rectangles()]
            if place.cut or any(overlaps(others, line) for line in place.line_rectangles()):
                found.append(place)
    return found


def write_batch(folder: Path, batch: Batch, forms: Forms) -> tuple[int, list[int]]:
    """Write the batch into an empty folder; how many pages print.pdf has, and which contracts are on them."""
    everything = range(len(batch.contracts))
    listing = _write_pdf(folder / "print.pdf", batch, everything, COPIES[0])
    shown = sorted({page.contract for page in listing if page.contract >= 0})
    with (folder / "print.json").open("w", encoding="utf-8", newline="\n") as file:
        _write_json(file, batch, listing, shown)
    _write_ledger(folder / "ledger.xlsx", batch, listing)
    if forms.collated:
        label = f"每份合同 {forms.copies} 份，连在一起"
        _write_pdf(folder / "print-collated.pdf", batch, everything, label, each=forms.copies)
    else:
        for copy in range(2, forms.copies + 1):
            label = COPIES[copy - 1] if copy <= len(COPIES) else f"第 {copy} 份"
            _write_pdf(folder / f"print-{copy}.pdf", batch, everything, label)
    if forms.split or forms.by_responsible:
        parts = list(_parts(batch, forms))
        for number, (who, chosen) in enumerate(parts, 1):
            label = f"第 {number} 册，共 {len(parts)} 册" + (f"　责任人：{who}" if who else "")
            _write_pdf(folder / f"print-part-{number:02d}.pdf", batch, chosen, label)
    if forms.a3 and batch.contracts:  # a PDF without a page does not open
        _write_booklets(folder / "print-a3.pdf", batch)
    if forms.docx:
        compiled = {sha: compile_template(template) for sha, template in batch.templates.items()}
        write_contracts_zip(
            folder / "contracts.zip",
            (
                (one.number, compiled[one.template_sha256], one.content)
                for one, _ in (batch.contracts[index] for index in shown)
            ),
        )
    return len(listing), shown


def write_contracts(file: BinaryIO, batch: Batch, title: str) -> None:
    """Write the batch's contracts alone, without cover and blank backs."""
    writer = PdfWriter(file, title)
    painter = SheetPainter(writer, batch.code_key)
    for contract, layout in batch.contracts:
        for index in range(len(layout.sheets)):
            writer.page(*painter.paint(contract, layout, index))
    writer.close()


def _parts(batch: Batch, forms: Forms) -> Iterator[tuple[str, list[int]]]:
    """The contracts of each file and whom it is for ("" for everyone), none of more leaves than allowed.

    A file's cover takes a leaf; a contract is never divided.
    """

    def in_charge(index: int) -> str:
        if not forms.by_responsible:
            return ""
        return batch.contracts[index][0].responsible or NOBODY_NAMED

    ordered = sorted(range(len(batch.contracts)), key=in_charge)
    for who, indexes in groupby(ordered, key=in_charge):
        chosen: list[int] = []
        used = 1
        for index in indexes:
            leaves = sheet_leaves(len(batch.contracts[index][1].sheets), batch.duplex)
            if chosen and forms.split and used + leaves > forms.split:
                yield who, chosen
                chosen, used = [], 1
            chosen.append(index)
            used += leaves
        yield who, chosen


def _pages(batch: Batch, chosen: Sequence[int], each: int) -> list[_Page]:
    """The pages of a file: its cover, then every contract `each` times; each begins on a leaf's front.

    Raises PagesBeyond where a part is asked for that is not there.
    """
    listing = [_Page(cover=True)]
    for index in chosen:
        sheets = range(len(batch.contracts[index][1].sheets))
        for _ in range(each):
            if batch.duplex and len(listing) % 2:
                listing.append(_Page())
            listing += [_Page(index, sheet) for sheet in sheets]
    if batch.pages is None:
        return listing
    first, last = batch.pages
    if first > len(listing):
        raise PagesBeyond(village=batch.facts.place, pages=len(listing), first=first)
    return listing[first - 1 : last]


def _write_pdf(path: Path, batch: Batch, chosen: Sequence[int], label: str, each: int = 1) -> list[_Page]:
    """Write one file of A4 pages; what its pages are."""
    listing = _pages(batch, chosen, each)
    with path.open("wb") as file:
        writer = PdfWriter(file, f"{batch.facts.campaign} {batch.facts.place}")
        painter = SheetPainter(writer, batch.code_key)
        for page in listing:
            if page.cover:
                cover(writer, batch.facts, _cover_rows(batch, chosen), label)
            elif page.contract < 0:
                writer.page(b"", {})
            else:
                writer.page(*painter.paint(*batch.contracts[page.contract], page.sheet))
        writer.close()
    return listing


def _cover_rows(batch: Batch, chosen: Sequence[int]) -> list[tuple[str, int, int]]:
    """Title, contracts and sheets of each template among the chosen contracts."""
    counts: Counter[str] = Counter()
    sheets: Counter[str] = Counter()
    for index in chosen:
        contract, layout = batch.contracts[index]
        counts[contract.template_sha256] += 1
        sheets[contract.template_sha256] += len(layout.sheets)
    ordered = sorted(counts, key=lambda sha: (batch.templates[sha].manifest.number, sha))
    return [(batch.templates[sha].manifest.title, counts[sha], sheets[sha]) for sha in ordered]


def _write_booklets(path: Path, batch: Batch) -> None:
    """Write every contract as a booklet on A3 paper, printed on both sides and folded in the middle."""
    with path.open("wb") as file:
        writer = PdfWriter(file, f"{batch.facts.campaign} {batch.facts.place}")
        painter = SheetPainter(writer, batch.code_key)
        for contract, layout in batch.contracts:
            for left, right in booklet(range(len(layout.sheets))):
                parts: list[bytes] = []
                objects: dict[str, int] = {}
                for index, prefix, x in ((left, "L", 0.0), (right, "R", WIDTH)):
                    if index is not None:
                        content, drawn = painter.paint(contract, layout, index, prefix)
                        parts.append(b"q 1 0 0 1 %.3f 0 cm\n%bQ\n" % (x, content))
                        objects |= drawn
                writer.page(b"".join(parts), objects, A3_BOX)
        writer.close()


def _write_json(file: TextIO, batch: Batch, listing: Sequence[_Page], shown: Sequence[int]) -> None:
    layouts = {batch.contracts[index][1].id: batch.contracts[index][1] for index in shown}
    known = {name: layouts[name].print_json() for name in sorted(layouts)}
    file.write('{"version": 1,\n "layouts": ')
    file.write(json.dumps(known, ensure_ascii=False))
    file.write(',\n "pages": [')
    for number, page in enumerate(listing, 1):
        row: dict[str, object] = {"page": number, "contract": None}
        if page.contract >= 0:
            contract, layout = batch.contracts[page.contract]
            row["contract"] = contract.number
            row |= {"layout": layout.id, "sheet": page.sheet + 1, "sheets": len(layout.sheets)}
        file.write(("\n  " if number == 1 else ",\n  ") + json.dumps(row))
    file.write("]}\n")


def _write_ledger(path: Path, batch: Batch, listing: Sequence[_Page]) -> None:
    first = {
        page.contract: number for number, page in reversed([*enumerate(listing, 1)]) if page.contract >= 0
    }

    def rows() -> Iterator[LedgerRow]:
        for index, (contract, layout) in enumerate(batch.contracts):
            if index in first:
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
                    first_page=first[index],
                    blank=contract.blank,
                )

    charge = f"　包村干部：{of_village}" if (of_village := batch.charge.of_village()) else ""
    title = f"{batch.facts.place}合同签订台账（{batch.facts.campaign}）{charge}"
    write_ledger(path, title, batch.facts.day, rows())
