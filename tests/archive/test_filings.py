"""Filings: what a filing lacks, the same sheet again, and versions of which none is overwritten."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import insert, select

from archive import filings
from archive.catalogue import tables
from archive.changes import changed_since, last_change
from archive.filings import Box, Comparison, Drafts, NewSheet, Verdict, current_filing, filing_versions
from archive.home import Home, create_home
from archive.journal import Actor
from archive.signed_pdf import Run, jpeg_picture, sheet_scan
from tests.archive.test_states import OLD, keep
from tests.conftest import page_text

NUMBER = OLD.number
FILLED, EMPTY, UNSURE = Verdict.FILLED, Verdict.EMPTY, Verdict.UNSURE
KINDS = ("signature", "date", "seal", "tick")


def box(name: str, verdict: Verdict, kind: str = "signature", required: bool = True) -> Box:
    return Box(name, kind, required, verdict, 1.5)


def actor(day: str) -> Actor:
    return Actor("经办人甲", date.fromisoformat(day))


def filled(names: str, *flaws: str) -> NewSheet:
    """A sheet with boxes a to d: those named are filled, the others empty."""
    return scanned([box(name, FILLED if name in names else EMPTY) for name in "abcd"], *flaws)


def scanned(boxes: Sequence[Box], *flaws: str) -> NewSheet:
    """A sheet with these boxes."""
    return replace(sheet(1, 1, boxes), flaws=flaws)


@pytest.mark.parametrize(
    ("before", "after", "comparison"),
    [
        ("ab", "ab", "duplicate"), ("ab", "a", "duplicate"), ("ab", "", "duplicate"), ("", "", "duplicate"),
        ("ab", "abc", "better"), ("", "d", "better"),
        ("ab", "ac", "conflict"), ("ab", "cd", "conflict"), ("ab", "bcd", "conflict"),
    ],
)  # fmt: skip
def test_the_same_sheet_again_is_judged_by_its_filled_boxes(before: str, after: str, comparison: str) -> None:
    assert filings.compare(filled(before), filled(after)) == comparison
    assert filings.compare(filled(before), filled(after, "dark")) == comparison


@pytest.mark.parametrize(
    ("before", "after", "comparison"),
    [("ab", "ab", "clearer"), ("", "", "clearer"), ("ab", "a", "duplicate"), ("a", "ab", "better"), ("ab", "ac", "conflict")],
)  # fmt: skip
def test_a_fit_image_of_the_same_is_clearer_than_one_that_is_not(
    before: str, after: str, comparison: str
) -> None:
    assert filings.compare(filled(before, "dark"), filled(after)) == comparison
    unfit = "duplicate" if comparison == "clearer" else comparison
    assert filings.compare(filled(before, "dark"), filled(after, "blurred")) == unfit


SHEETS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(list(Verdict)))


@given(SHEETS, SHEETS, SHEETS, SHEETS)
def test_only_surely_filled_boxes_that_are_no_ticks_count(
    old: dict[str, Verdict], new: dict[str, Verdict], ticks: dict[str, Verdict], others: dict[str, Verdict]
) -> None:
    def boxes(verdicts: dict[str, Verdict], marked: dict[str, Verdict]) -> list[Box]:
        signed = [box(name, one, KINDS[ord(name) % 3]) for name, one in verdicts.items()]
        return signed + [box(name, one, "tick", False) for name, one in marked.items()]

    before, after = (sorted(name for name, one in sheet.items() if one is FILLED) for sheet in (old, new))
    more, fewer = [one for one in after if one not in before], [one for one in before if one not in after]
    expected = "duplicate" if not more else "conflict" if fewer else "better"
    assert filings.compare(scanned(boxes(old, ticks)), scanned(boxes(new, others))) == expected


@pytest.mark.parametrize(
    ("sheets", "of", "gaps"),
    [
        ([], 1, "incomplete"),
        ([[box("a", FILLED)]], 1, ""),
        ([[box("a", FILLED)]], 2, "incomplete"),
        ([[box("a", EMPTY)]], 1, "unsigned"),
        ([[box("a", UNSURE)]], 1, "unsigned"),
        ([[box("a", EMPTY, "seal")], [box("b", UNSURE, "date")]], 2, "unsealed undated"),
        ([[box("a", EMPTY, required=False)], [box("b", EMPTY, "tick")]], 2, ""),
        ([[box("d", EMPTY, "date"), box("s", EMPTY), box("e", EMPTY, "seal"), box("t", EMPTY)]], 2,
         "incomplete unsigned unsealed undated"),
    ],
)  # fmt: skip
def test_a_filing_lacks_sheets_and_required_boxes(sheets: list[list[Box]], of: int, gaps: str) -> None:
    assert " ".join(filings.gaps_of(sheets, of)) == gaps


def picture(grey: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (62, 88), grey).save(out, "JPEG")
    return out.getvalue()


def sheet(number: int, page: int, boxes: Sequence[Box] = ()) -> NewSheet:
    """Sheet `number` of two, as scanned page `page` shows it: its own grey, its own words."""
    words = (Run(f"扫描页{page}", (40, 0, 0, -8, 5, 40)),)
    scan = sheet_scan([jpeg_picture(picture(page * 20), 62, 88, 1)], (62, 88), 72, 0, words)
    return NewSheet(NUMBER, number, 2, "ABCDEF", 0.25, tuple(boxes), scan)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An archive with one printed contract of two sheets, and nine scanned pages."""
    home = create_home(tmp_path / "档案库", None, {"45": "广西"}, actor("2026-03-01"))
    with home.writing() as connection:
        keep(connection, OLD)
        file = {"id": 1, "name": "一.pdf", "sha256": "0", "size": 1, "pages": 9, "code": ""}
        connection.execute(insert(tables.scan_file).values(file | {"taken_on": "2026-03-01"}))
        pages = [{"id": page, "file_id": 1, "index": page - 1, "outcome": "filed"} for page in range(1, 10)]
        connection.execute(insert(tables.scan_page), pages)
    return home


@dataclass(frozen=True)
class Office:
    """Places and takes back sheets, each in a transaction of its own."""

    home: Home

    def place(self, day: str, *sheets: tuple[int, int]) -> None:
        """File (sheet, scanned page) on a day."""
        with self.home.writing() as connection:
            drafts = Drafts(connection, self.home.vault(connection), actor(day))
            for number, page in sheets:
                drafts.place(sheet(number, page, [box(f"s{number}", FILLED)]), page)
            assert drafts.write() == [NUMBER]

    def take_back(self, day: str, number: int, page: int) -> bool:
        with self.home.writing() as connection:
            drafts = Drafts(connection, self.home.vault(connection), actor(day))
            done = drafts.take_back(NUMBER, number, page)
            assert drafts.write() == ([NUMBER] if done else [])
        return done

    def versions(self) -> list[dict[int, int]]:
        """Which page is which sheet, in each version; every PDF is read to see that it holds just these."""
        with self.home.reading() as connection:
            found = filing_versions(connection, NUMBER)
            for one in found:
                if one.blob is not None:
                    pdf = self.home.vault(connection).get(connection, one.blob)
                    assert_holds(pdf, [each.page_id for each in one.sheets])
        assert [one.version for one in found] == list(range(1, len(found) + 1))
        assert all((one.blob is None) == (one.sheets == ()) for one in found)
        return [{each.sheet: each.page_id for each in one.sheets} for one in found]


def assert_holds(pdf: bytes, pages: list[int]) -> None:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        found = [
            image.read_raw_bytes()
            for page in document.pages
            for image in page.Resources.XObject.as_dict().values()
        ]
    assert found == [picture(page * 20) for page in pages]
    assert [page_text(pdf, at) for at in range(1, len(pages) + 1)] == [f"扫描页{page}" for page in pages]


def test_a_filings_pages_stand_in_the_order_of_its_sheets(home: Home) -> None:
    office = Office(home)
    office.place("2026-04-01", (2, 7))
    office.place("2026-04-02", (1, 3))
    assert office.versions() == [{2: 7}, {1: 3, 2: 7}]


def test_every_version_stays_and_a_date_has_the_one_that_stood_then(home: Home) -> None:
    office = Office(home)
    office.place("2026-04-01", (1, 1))
    office.place("2026-04-03", (1, 2), (2, 3))
    office.place("2026-04-03", (2, 4))
    with home.reading() as connection:
        for day, version, gaps in (("04-01", 1, "incomplete"), ("04-02", 1, "incomplete"), ("04-03", 3, "")):
            stood = current_filing(connection, NUMBER, f"2026-{day}")
            assert stood and (stood.version, " ".join(stood.gaps)) == (version, gaps)
        assert current_filing(connection, NUMBER, "2026-03-31") is None
        newest = current_filing(connection, NUMBER)
    assert newest and (newest.filed_on, newest.user) == ("2026-04-03", "经办人甲")
    assert [(one.sheet, one.position, one.layout, one.residual) for one in newest.sheets] == [
        (1, 1, "ABCDEF", 0.25), (2, 2, "ABCDEF", 0.25),
    ]  # fmt: skip
    assert newest.sheets[0].boxes == (box("s1", FILLED),)
    assert office.versions() == [{1: 1}, {1: 2, 2: 3}, {1: 2, 2: 4}]


# Sheets placed (sheet:page) and taken back (-sheet:page), in order, and which page is which sheet in the end.
HISTORIES: list[tuple[str, str, dict[int, int]]] = [
    ("the only page", "1:1 -1:1", {}),
    ("a page in place of another", "1:1 1:2 -1:2", {1: 1}),
    ("the other sheet stays", "1:1 2:5 1:2 -1:2", {1: 1, 2: 5}),
    ("the other sheet came between", "1:1 1:2 2:5 -1:2", {1: 1, 2: 5}),
    ("one after the other", "1:1 1:2 1:3 -1:3 -1:2", {1: 1}),
    ("all of them", "1:1 1:2 -1:2 -1:1", {}),
    ("a third in place of what came back", "1:1 1:2 -1:2 1:3 -1:3", {1: 1}),
    ("twice the same", "1:1 1:2 -1:2 1:2 -1:2", {1: 1}),
    ("a page that was filed before", "1:1 -1:1 1:2 1:1 -1:1", {1: 2}),
    ("the first one after all", "1:1 1:2 -1:2 1:3 -1:3 -1:1", {}),
]


@pytest.mark.parametrize(("events", "end"), [one[1:] for one in HISTORIES], ids=[one[0] for one in HISTORIES])
def test_what_is_taken_back_brings_the_sheet_before_it_back(
    home: Home, events: str, end: dict[int, int]
) -> None:
    office = Office(home)
    for event in events.split():
        number, page = map(int, event.lstrip("-").split(":"))
        if event.startswith("-"):
            assert office.take_back("2026-04-02", number, page)
        else:
            office.place("2026-04-01", (number, page))
    versions = office.versions()
    assert (len(versions), versions[-1]) == (len(events.split()), end)


def test_what_another_page_replaced_cannot_be_taken_back(home: Home) -> None:
    office = Office(home)
    office.place("2026-04-01", (1, 1))
    office.place("2026-04-02", (1, 2))
    for number, page in ((1, 1), (1, 9), (2, 2)):
        assert not office.take_back("2026-04-03", number, page)
    assert office.versions() == [{1: 1}, {1: 2}]


def test_bearing_and_flaws_stay_with_a_sheet_through_versions(home: Home) -> None:
    lying = replace(sheet(1, 1), bearing=(7.9, 0.1, 3.5, -0.1, 7.9, 2.25, 0, 0, 1), flaws=("dark", "coarse"))
    with home.writing() as connection:
        drafts = Drafts(connection, home.vault(connection), actor("2026-04-01"))
        drafts.place(lying, 1)
        drafts.write()
    Office(home).place("2026-04-02", (2, 2))
    with home.reading() as connection:
        versions = filing_versions(connection, NUMBER)
    for one in versions:
        assert (one.sheets[0].bearing, one.sheets[0].flaws) == (lying.bearing, lying.flaws)
    assert (versions[-1].sheets[1].bearing, versions[-1].sheets[1].flaws) == ((), ())


def test_a_scan_is_compared_with_what_is_filed_or_placed_just_now(home: Home) -> None:
    Office(home).place("2026-04-01", (1, 1))
    with home.writing() as connection:
        drafts = Drafts(connection, home.vault(connection), actor("2026-04-01"))
        assert drafts.compare(sheet(2, 2)) is None
        assert drafts.compare(sheet(1, 2, [box("s1", UNSURE)])) is Comparison.DUPLICATE
        better = sheet(1, 2, [box("s1", FILLED), box("b", FILLED)])
        assert drafts.compare(better) is Comparison.BETTER
        drafts.place(better, 2)
        assert drafts.compare(better) is Comparison.DUPLICATE
        assert drafts.compare(sheet(1, 3, [box("c", FILLED)])) is Comparison.CONFLICT


def test_a_filing_that_is_rolled_back_leaves_nothing_and_one_that_stands_is_marked(home: Home) -> None:
    with pytest.raises(RuntimeError), home.writing() as connection:
        drafts = Drafts(connection, home.vault(connection), actor("2026-04-01"))
        drafts.place(sheet(1, 1), 1)
        drafts.write()
        raise RuntimeError
    with home.writing() as connection:
        assert filing_versions(connection, NUMBER) == []
        assert list(home.vault(connection).files()) == []
        before = last_change(connection)
    Office(home).place("2026-04-01", (1, 1))
    with home.reading() as connection:
        assert list(changed_since(connection, before)) == [NUMBER]
        (text,) = connection.execute(select(tables.filed_sheet.c.boxes)).scalars()
        assert filings.decode_boxes(text) == (box("s1", FILLED),)
