"""print.pdf against what LibreOffice makes of the same contracts' .docx: every template and choice of clauses.

Households are the invented town's, six of them in the usual run, 200 with HUYUE_FULL=1.
"""

import io
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pypdfium2 as pdfium
import pytest

from pipeline import facts, libreoffice, press
from pipeline.campaigns import Campaign
from pipeline.compile_template import compile_template
from pipeline.contracts import Printable
from pipeline.cover import BatchFacts
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions
from pipeline.facts import Place
from pipeline.fill import contract_docx
from pipeline.layout import Layout
from pipeline.people import Household
from pipeline.plan import Offer
from pipeline.press import Batch
from pipeline.preview import as_printable
from pipeline.responsibles import NOBODY
from pipeline.roster.reader import read_rosters
from pipeline.shipped import shipped_layout, shipped_variants
from pipeline.stock import stock_templates
from pipeline.template import Template
from tests.conftest import FULL
from tests.main_job.test_printed_pages import values_by_field

DAY = date(2026, 3, 1)
CAMPAIGN = Campaign(0, "2026春", DAY, date(2026, 3, 31))
HOUSEHOLDS = 200 if FULL else 6
MM = 72 / 25.4


@dataclass(frozen=True)
class Pair:
    """One contract: as print.pdf has it, and as LibreOffice lays out its .docx."""

    contract: Printable
    layout: Layout
    printed: bytes
    laid_out: bytes


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    folder = tmp_path_factory.mktemp("word")
    contracts = list(_contracts(folder))
    documents = []
    for number, (template, contract, _) in enumerate(contracts):
        documents.append(folder / f"{number:05d}.docx")
        documents[-1].write_bytes(contract_docx(compile_template(template), contract.content))
    made: list[Pair] = []
    for start in range(0, len(contracts), 50):
        pdfs = libreoffice.to_pdf(documents[start : start + 50], folder, seconds=300)
        for (template, contract, layout), pdf in zip(contracts[start : start + 50], pdfs, strict=True):
            made.append(Pair(contract, layout, _printed(template, contract, layout), pdf.read_bytes()))
    return made


def _contracts(folder: Path) -> Iterator[tuple[Template, Printable, Layout]]:
    """Every template with every choice of its clauses for every household, with the layout that ships."""
    roster = folder / "花名册.xlsx"
    write_town(roster, Divisions.shipped(), households=300, seed=11)
    households = [
        one for one in read_rosters([roster], Divisions.shipped(), DAY).households if len(one.accepted) > 1
    ]
    chosen = random.Random(5).sample(households, HOUSEHOLDS)  # noqa: S311
    chosen[0] = max(households, key=lambda one: len(one.members[0].name))  # condensed, to lie in its blank
    for serial, household in enumerate(chosen, 1):
        for template in stock_templates():
            for clauses in dict.fromkeys(one.clauses for one in shipped_variants(template)):
                contract = _contract(
                    template, replace(household, members=household.accepted), clauses, serial
                )
                layout = shipped_layout(press.variant_of(contract).key(template.sha256))
                assert layout is not None, (template.manifest.name, clauses)
                if not press.too_small(contract, layout):
                    yield template, contract, layout


def _contract(template: Template, household: Household, clauses: tuple[str, ...], serial: int) -> Printable:
    manifest = template.manifest
    parties = household.members[:2] if manifest.scope == "couple" else household.members[:1]
    starts, ends = facts.term_of(manifest.term, DAY, household.members[0])
    offer = Offer(manifest, household, parties, DAY, starts, ends, clauses)
    place = Place("罗城仫佬族自治县", "东门镇", "冲洞村委会", "东门镇计划生育技术服务站")
    return as_printable(template, offer, serial, CAMPAIGN, place, NOBODY)


def _printed(template: Template, contract: Printable, layout: Layout) -> bytes:
    out = io.BytesIO()
    batch_facts = BatchFacts("451225100201", "东门镇冲洞村委会", CAMPAIGN.name, CAMPAIGN.day, CAMPAIGN.closes)
    press.write_contracts(
        out, Batch(batch_facts, [(contract, layout)], {template.sha256: template}, b"key"), "对照"
    )
    return out.getvalue()


def _lines(pdf: bytes) -> list[str]:
    """The text of a PDF line by line, as it lies on the paper; what stands left of the page code is left out."""
    found: list[str] = []
    with closing(pdfium.PdfDocument(pdf)) as document:
        for page in document:
            text, height = page.get_textpage(), page.get_height()
            placed: list[tuple[float, float, str]] = []
            for index in range(text.count_chars()):
                character = text.get_text_range(index, 1)
                left, bottom, _, top = text.get_charbox(index, loose=True)
                if character.strip() and not (left > 105 * MM and height - top < 24 * MM):
                    placed.append((bottom, left, character))
            found += [*_rows(placed), "页"]
    return found


def _rows(placed: list[tuple[float, float, str]]) -> Iterator[str]:
    row: list[tuple[float, str]] = []
    base = 0.0
    for bottom, left, character in sorted(placed, key=lambda one: -one[0]):
        if row and abs(bottom - base) > 3:
            yield "".join(text for _, text in sorted(row))
            row = []
        if not row:
            base = bottom
        row.append((left, character))
    if row:
        yield "".join(text for _, text in sorted(row))


def test_text_and_pages_are_those_of_the_word_file_in_all(pairs: list[Pair]) -> None:
    assert {pair.contract.template for pair in pairs} == {one.manifest.name for one in stock_templates()}
    for pair in pairs:
        printed, laid_out = _lines(pair.printed), _lines(pair.laid_out)
        assert "".join(printed) == "".join(laid_out), pair.contract.number
        assert printed.count("页") == laid_out.count("页") == len(pair.layout.sheets)


def test_lines_break_as_in_the_word_file(pairs: list[Pair]) -> None:
    same = sum(_lines(pair.printed) == _lines(pair.laid_out) for pair in pairs)
    assert same >= 0.95 * len(pairs), f"{same} of {len(pairs)}"


def test_every_value_lies_in_its_blank(pairs: list[Pair]) -> None:
    for pair in pairs:
        places = cast(list[dict[str, Any]], pair.layout.print_json()["sheets"])
        with closing(pdfium.PdfDocument(pair.printed)) as document:
            for page, sheet in zip(document, places, strict=True):
                for name, text in values_by_field(page, sheet["fields"]).items():
                    assert text == "".join(pair.contract.content.value(name).split()), (
                        pair.contract.number,
                        name,
                    )


def test_text_copied_from_the_print_file_reads_as_the_document_does(pairs: list[Pair]) -> None:
    for pair in pairs:
        with closing(pdfium.PdfDocument(pair.printed)) as document:
            texts = ["".join(page.get_textpage().get_text_range().split()) for page in document]
        with closing(pdfium.PdfDocument(pair.laid_out)) as document:
            theirs = ["".join(page.get_textpage().get_text_range().split()) for page in document]
        for text, other in zip(texts, theirs, strict=True):
            assert text.startswith(other), pair.contract.number
