"""A village planned, printed, signed, scanned, filed, searched and audited, compared with what is really on paper."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2 as pdfium
import pytest
from sqlalchemy import Connection

from archive.audit.classes import Class
from archive.filings import Box, Verdict, current_filing
from archive.home import Home, open_home
from pipeline.demo.fates import Rates
from pipeline.demo.ink import Mark
from pipeline.demo.scan_page import Kind
from pipeline.demo.scanner import ContractTruth, PageTruth, Truth, sign_and_scan
from pipeline.showing import show_contract
from tests.conftest import FULL, Answer, Town, huyue

BACK = "2026-04-01"  # when the papers come back
RATES = Rates(
    unsigned=0.12,
    doubtful=0.06,
    missing=0.06,
    lost=0.1,
    duplicate=0.12,
    codeless=0.06,
    turned=0.3,
    blank=0.06,
    foreign=0.06,
    grey=0.3,
)
SHEETS = 400 if FULL else 70


@dataclass(frozen=True)
class Returned:
    """The town's largest village, back from the scanner and taken in."""

    home: Path
    batch: Path
    scans: Path
    truth: Truth
    intake: Answer

    def opened(self) -> Home:
        return open_home(self.home, None)


@pytest.fixture(scope="module")
def returned(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Returned:
    scans = tmp_path_factory.mktemp("scans") / "扫描件"
    batch = max(town.batches(), key=lambda folder: (folder / "print.pdf").stat().st_size)
    truth = told_by_print(sign_and_scan(batch, scans, seed=5, limit=SHEETS, rates=RATES))
    intake = huyue("--home", town.home, "intake", scans, "--json", today=BACK)
    return Returned(town.home, batch, scans, truth, intake)


def told_by_print(truth: Truth) -> Truth:
    """What can be told: a first sheet whose code is hidden has its number, names and identity numbers left."""

    def page(one: PageTruth) -> PageTruth:
        hidden = one.kind is Kind.CODELESS and one.sheet == 1
        return msgspec.structs.replace(one, kind=Kind.SHEET) if hidden else one

    def contract(one: ContractTruth) -> ContractTruth:
        told = [sheet for sheet in one.codeless if sheet == 1]
        return msgspec.structs.replace(
            one,
            scanned=tuple(sorted((*one.scanned, *told))),
            codeless=tuple(sheet for sheet in one.codeless if sheet != 1),
        )

    contracts = {number: contract(one) for number, one in truth.contracts.items()}
    assert any(one.kind is Kind.CODELESS and one.sheet == 1 for one in truth.pages)
    return Truth(tuple(map(page, truth.pages)), contracts)


@pytest.fixture
def connection(returned: Returned) -> Iterator[Connection]:
    with returned.opened().reading() as connection:
        yield connection


def scanned(truth: Truth) -> dict[str, ContractTruth]:
    """The contracts of which a page came back that can be told."""
    return {number: one for number, one in truth.contracts.items() if one.scanned}


def test_every_page_is_counted_where_it_belongs(returned: Returned) -> None:
    said, kinds = returned.intake.json, Counter(page.kind for page in returned.truth.pages)
    assert returned.intake.status == 1
    assert said["pages"] == len(returned.truth.pages) == sum(kinds.values())
    assert said["files"] == len({page.file for page in returned.truth.pages})
    assert said["filed"] == kinds[Kind.SHEET]
    assert said["duplicate"] == kinds[Kind.DUPLICATE]
    assert said["blank"] == kinds[Kind.BLANK] + kinds[Kind.COVER]
    assert said["review"] == kinds[Kind.FOREIGN] + kinds[Kind.CODELESS]
    assert said["quarantined"] == 0
    assert said["rejected_files"] == []
    assert said["contracts_complete"] + said["contracts_incomplete"] == len(scanned(returned.truth))
    assert set(kinds) >= set(Kind) - {Kind.CODELESS}, "the pile should hold a page of every kind"


def test_every_box_is_judged_as_it_is_on_paper(returned: Returned, connection: Connection) -> None:
    doubtful: Counter[Verdict] = Counter()
    for number, truth in scanned(returned.truth).items():
        for box in filed_boxes(connection, number):
            match truth.boxes[box.name]:
                case Mark.FILLED:
                    assert box.verdict is Verdict.FILLED, (number, box)
                case Mark.EMPTY:
                    assert box.verdict is Verdict.EMPTY, (number, box)
                case Mark.DOUBTFUL if box.kind != "tick":  # a stroke across a corner may tick a box
                    doubtful[box.verdict] += 1
    assert doubtful[Verdict.FILLED] == 0
    assert doubtful[Verdict.UNSURE] > 0


def filed_boxes(connection: Connection, number: str) -> list[Box]:
    filing = current_filing(connection, number)
    return [] if filing is None else [box for sheet in filing.sheets for box in sheet.boxes]


def test_every_contract_is_shown_as_it_is_on_paper(returned: Returned, connection: Connection) -> None:
    for number, truth in returned.truth.contracts.items():
        shown: Any = show_contract(connection, number, date.fromisoformat(BACK)).value
        assert shown["sheets"] == [
            {"sheet": sheet, "filed": sheet in truth.scanned} for sheet in range(1, truth.of + 1)
        ]
        verdicts = shown["boxes"]
        whole = truth.scanned == tuple(range(1, truth.of + 1))
        signed = all(verdicts.get(name) == "filled" for name in required(returned.batch, number))
        assert shown["state"] == (
            "printed" if not truth.scanned else "filed" if whole and signed else "incomplete"
        )
        assert len(shown["filings"]) == bool(truth.scanned) or len(truth.scanned) > 1
        ticks = [
            name for name, mark in truth.boxes.items() if kinds_of(returned.batch, number)[name] == "tick"
        ]
        if whole and not any(truth.boxes[name] is Mark.DOUBTFUL for name in ticks):
            assert shown["ticks"] == {"filled": sum(truth.boxes[name] is Mark.FILLED for name in ticks)}
        assert not set(ticks) & set(verdicts)
        consents = [truth.boxes[name] for name in truth.boxes if name.endswith("privacy_consent")]
        if whole and Mark.DOUBTFUL not in consents:
            assert shown["consent"] is all(mark is Mark.FILLED for mark in consents)


def places(batch: Path, number: str) -> list[dict[str, Any]]:
    listing = json.loads((batch / "print.json").read_text(encoding="utf-8"))
    return [
        box
        for page in listing["pages"]
        if page["contract"] == number
        for box in listing["layouts"][page["layout"]]["sheets"][page["sheet"] - 1]["boxes"]
    ]


def kinds_of(batch: Path, number: str) -> dict[str, str]:
    return {box["name"]: box["kind"] for box in places(batch, number)}


def required(batch: Path, number: str) -> list[str]:
    return [box["name"] for box in places(batch, number) if box["required"]]


def test_what_never_came_back_has_no_filing(returned: Returned, connection: Connection) -> None:
    absent = [number for number, one in returned.truth.contracts.items() if not one.scanned]
    assert absent
    assert all(current_filing(connection, number) is None for number in absent)


def test_the_filed_pdf_says_exactly_what_was_printed(returned: Returned, connection: Connection) -> None:
    listing = json.loads((returned.batch / "print.json").read_text(encoding="utf-8"))
    vault, looked = returned.opened().vault(connection), 0
    with closing(pdfium.PdfDocument(returned.batch / "print.pdf")) as printed:
        for page in listing["pages"]:
            filing = current_filing(connection, page["contract"]) if page["contract"] else None
            sheet = (
                next((one for one in filing.sheets if one.sheet == page["sheet"]), None) if filing else None
            )
            if filing is None or filing.blob is None or sheet is None:
                continue
            with closing(pdfium.PdfDocument(vault.get(connection, filing.blob))) as kept:
                assert len(kept) == len(filing.sheets)
                assert flat(kept[sheet.position - 1]) == flat(printed[page["page"] - 1])
            looked += 1
    assert looked == returned.intake.json["filed"]


def flat(page: pdfium.PdfPage) -> str:
    return "".join(page.get_textpage().get_text_range().split())


def test_search_finds_what_was_filed_by_name_and_by_number(
    returned: Returned, connection: Connection
) -> None:
    number, _ = next(iter(scanned(returned.truth).items()))
    shown: Any = show_contract(connection, number, date.fromisoformat(BACK)).value
    name = shown["parties"][0]["name"]
    found = huyue("--home", returned.home, "search", name, "--json", "--limit", "200", today=BACK).json
    hit = next(one for one in found["hits"] if one["contract"] == number)
    assert hit["state"] == shown["state"]
    assert f"<mark>{name}</mark>" in hit["highlights"]["party"]
    states = huyue(
        "--home", returned.home, "search", "--json", "--village", returned.batch.name, today=BACK
    ).json
    filed = {one["value"]: one["count"] for one in states["facets"]["state"]}
    assert filed["filed"] == returned.intake.json["contracts_complete"]
    assert filed["incomplete"] == returned.intake.json["contracts_incomplete"]
    by_number = huyue(
        "--home", returned.home, "search", number.replace("-", "").lower(), "--json", today=BACK
    ).json
    assert [one["contract"] for one in by_number["hits"]] == [number]


def test_the_audit_is_what_the_papers_say(returned: Returned, connection: Connection, town: Town) -> None:
    answer = huyue("--home", returned.home, "audit", "--on", "2026-04-02", "--json", today=BACK)
    said, counts = answer.json, answer.json["counts"]
    assert answer.status == 1
    assert list(counts) == [str(cls) for cls in Class]
    came = scanned(returned.truth)
    assert counts["missing"] == town.printed.json["contracts"] - len(came)
    assert counts["incomplete"] == sum(len(one.scanned) < one.of for one in came.values())
    for cls, kind in (("unsigned", "signature"), ("unsealed", "seal"), ("undated", "date")):
        lacking = {
            number
            for number in came
            for box in filed_boxes(connection, number)
            if box.required and box.kind == kind and box.verdict is not Verdict.FILLED
        }
        on_paper = {
            number
            for number in came
            for box in filed_boxes(connection, number)
            if box.required and box.kind == kind and came[number].boxes[box.name] is Mark.EMPTY
        }
        found = {one["contract"] for one in said["findings"] if one["class"] == cls}
        assert found == lacking >= on_paper
    assert not any(one["overdue"] for one in said["findings"]), "15 days after the close are not over"
    later = huyue("--home", returned.home, "audit", "--on", "2026-04-16", "--json", today=BACK).json
    assert all(one["overdue"] for one in later["findings"])
    before = huyue("--home", returned.home, "audit", "--on", "2026-03-31", "--json", today=BACK).json
    assert before["counts"]["missing"] == town.printed.json["contracts"], "nothing had come back by then"


def test_what_is_not_back_is_printed_again_and_nothing_else(
    returned: Returned, connection: Connection, tmp_path: Path
) -> None:
    printed = json.loads((returned.batch / "print.json").read_text(encoding="utf-8"))["pages"]
    sheets = {line["contract"]: line["sheets"] for line in printed if line["contract"]}
    filed = {number: current_filing(connection, number) for number in sheets}
    out = {
        number
        for number, count in sheets.items()
        if (filing := filed[number]) is None or len(filing.sheets) < count
    }
    answer = huyue(
        *("--home", returned.home, "print", "--campaign", "2026春", "--out", tmp_path / "补印"),
        *("--village", returned.batch.name, "--unreturned", "--json"),
        today=BACK,
    )
    assert (answer.status, answer.json["contracts"]) == (0, len(out))
    again = json.loads((tmp_path / "补印" / returned.batch.name / "print.json").read_text(encoding="utf-8"))
    assert {line["contract"] for line in again["pages"]} - {None} == out
    assert 0 < len(out) < len(sheets)
