"""Lists that are printed, ticked with a pen and scanned back, through the real command."""

import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium
import pytest
import sqlcipher3.dbapi2 as sqlcipher
import zxingcpp
from sqlalchemy import select, update

from archive.catalogue import tables
from archive.catalogue.shelf_tables import tick_page
from archive.errors import Code
from archive.filings import Box, Comparison, Verdict
from archive.home import Home, create_home, open_home
from archive.journal import Actor
from archive.signed_pdf import SheetScan
from archive.tick_lists import Line, TickedPage, compare, read_back
from archive.verify import Part, verify
from pipeline import page_code
from pipeline.contracts import layout_of_id
from pipeline.demo.ink import Mark
from pipeline.demo.scan_page import Kind, PageJob, scan_page
from pipeline.intake.files import list_files
from pipeline.intake.review import open_items
from pipeline.intake.run import take_in
from pipeline.layout import BoxPlace, SheetPlaces, geometry_faults
from pipeline.tick_list_kinds import MEANINGS
from pipeline.tick_lists import ListLine, TickColumn, TickList, print_list, record_list
from tests.archive.papers import silent
from tests.conftest import Answer, huyue, page_text
from tests.intake.sheets import on_a_table
from tests.pdfa_check import pdfa_faults

ACTOR = Actor("经办人甲", date(2026, 4, 5))
LONG, NOWHERE = "阿依古丽·买买提·吐尔逊江·阿不都热合曼·艾合买提江", "莫\U00100000"
NAMES = ("韦明", "欧阳玉兰", LONG, "覃\U00020bb7", NOWHERE)
COLUMNS = ("合同编号", "签约人", "组")
TICKS = (TickColumn("same", "相符"), TickColumn("differs", "不符"), TickColumn("absent", "没找到"))


def a_list(title: str, count: int) -> TickList:
    lines = tuple(
        ListLine(f"点/{at}", (f"451225105001-2026-01-{at:06d}-Y", NAMES[at % 5], f"第 {at % 4 + 1} 组"))
        for at in range(1, count + 1)
    )
    return TickList("probe", title, "东门镇　种子 7", COLUMNS, TICKS, lines)


PROBE, SHORT, ELSEWHERE = a_list("合同抽查表", 60), a_list("小表", 25), a_list("别的表", 4)

# What is ticked on the paper: of lines 21 to 40 nothing but these, of the others one column each, in turn.
TWICE, NONE, DOUBTFUL = 7, 8, 12
INK = 1  # a seed with which the doubtful mark is a dot: nobody can say
PEN = {line: {TICKS[line % 3].name} for line in range(1, 61) if not 20 < line <= 40}
PEN |= {TWICE: {"same", "differs"}, NONE: set(), 23: {"same"}, 40: {"absent"}}


@dataclass(frozen=True)
class Printed:
    """A list on paper, and where its boxes are, by page."""

    id: str
    pdf: Path
    boxes: tuple[tuple[BoxPlace, ...], ...]

    def scanned(
        self,
        page: int,
        pen: Mapping[int, set[str]],
        scan: int = 1,
        doubtful: Sequence[str] = (),
        *,
        grey: bool = False,
        turned: int = 0,
    ) -> bytes:
        """A page with ticks, as a JPEG of 200 dpi; the same ticks have the same ink, whichever scan it is."""
        marks = tuple(
            (
                box,
                Mark.FILLED
                if column in pen.get(int(line), ())
                else Mark.DOUBTFUL
                if box.name in doubtful
                else Mark.EMPTY,
            )
            for box in self.boxes[page - 1]
            for line, _, column in [box.name.partition(".")]
        )
        return scan_page(
            PageJob(Kind.SHEET, self.pdf, page, marks, "", 1, (INK, page), (scan, page), grey, turned)
        )


def printed(home: Home, wanted: TickList, pdf: Path) -> Printed:
    with home.writing() as connection:
        id_ = record_list(connection, wanted, ACTOR)
        with pdf.open("wb") as file:
            print_list(connection, id_, file)
        layout = layout_of_id(connection, id_)
    assert layout is not None
    return Printed(id_, pdf, tuple(sheet.boxes for sheet in layout.sheets))


def lines_of(home: Home, list_id: str) -> list[Line]:
    with home.reading() as connection:
        return read_back(connection, list_id)


def photographed(jpeg: bytes) -> bytes:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return cv2.imencode(".jpg", on_a_table(np.asarray(picture, np.uint8)))[1].tobytes()


@dataclass(frozen=True)
class Office:
    """An archive whose lists have been printed, ticked and scanned once; `first` is what the intake said."""

    home: Home
    scans: Path
    probe: Printed
    short: Printed
    first: Answer

    def copied(self, folder: Path) -> Home:
        """The archive once more, to go on with."""
        shutil.copytree(self.home.folder, folder / "库")
        shutil.copy(self.home.key_file, folder / "库.key")
        return open_home(folder / "库", None)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("清单")
    home = create_home(folder / "库", None, {"45": "广西壮族自治区"}, ACTOR)
    shutil.copytree(home.folder, folder / "旧库")
    shutil.copy(home.key_file, folder / "旧库.key")
    other = open_home(folder / "旧库", None)
    unknown = printed(other, ELSEWHERE, folder / "未知.pdf")
    with other.writing() as connection:  # from here on it is another archive
        key = tables.meta.c.key == "code_key"
        connection.execute(update(tables.meta).where(key).values(value=bytes(32)))
    theirs = printed(other, PROBE, folder / "别.pdf")
    probe, short = printed(home, PROBE, folder / "表.pdf"), printed(home, SHORT, folder / "小.pdf")
    assert theirs.id == probe.id
    scans = folder / "扫描"
    scans.mkdir()
    (scans / "1.jpg").write_bytes(probe.scanned(1, PEN, doubtful=[f"{DOUBTFUL}.absent"], turned=180))
    (scans / "2.jpg").write_bytes(probe.scanned(2, PEN, grey=True, turned=90))
    (scans / "3.jpg").write_bytes(photographed(probe.scanned(3, PEN)))
    (scans / "小.jpg").write_bytes(short.scanned(2, {22: {"differs"}}))
    (scans / "别.jpg").write_bytes(theirs.scanned(1, {}))
    (scans / "未知.jpg").write_bytes(unknown.scanned(1, {}))
    first = huyue("--home", home.folder, "intake", scans, "--json", today="2026-04-05")
    return Office(home, scans, probe, short, first)


def test_a_list_is_recorded_once_and_prints_the_same_bytes(office: Office) -> None:
    probe, again = office.probe, io.BytesIO()
    with office.home.writing(dry_run=True) as connection:
        assert record_list(connection, PROBE, Actor("经办人乙", date(2027, 1, 1))) == probe.id
        assert print_list(connection, probe.id, again) == 3
    assert again.getvalue() == probe.pdf.read_bytes()
    assert pdfa_faults(again.getvalue()) == []


def test_every_text_is_on_its_page_and_the_boxes_are_where_boxes_may_be(office: Office) -> None:
    probe, data = office.probe, office.probe.pdf.read_bytes()
    code = BoxPlace("", "", False, page_code.LEFT, page_code.TOP, page_code.SIDE, page_code.SIDE)
    labels = {box.name: box.name for sheet in probe.boxes for box in sheet}
    assert len(labels) == 60 * len(TICKS)
    for page in (1, 2, 3):
        text = "".join(page_text(data, page).split())
        for line in PROBE.lines[20 * page - 20 : 20 * page]:
            for one in line.texts:
                assert "".join(one.split()).replace("\U00100000", "〓") in text
        assert f"第{page}页，共3页" in text
        assert all(one in text for one in (probe.id, "抽查表", "种子7", "没找到", "在方框里打勾"))
    assert geometry_faults([SheetPlaces(one, ()) for one in probe.boxes], code, labels) == []
    assert min(box.w for sheet in probe.boxes for box in sheet) >= 5
    with pdfium.PdfDocument(data) as document:
        codes = [zxingcpp.read_barcode(page.render(scale=200 / 72).to_numpy()) for page in document]
    heads = [code.text.rpartition(":")[0] for code in codes if code is not None]
    assert heads == [f"HY1:LIST:{probe.id}:{page}.3" for page in (1, 2, 3)]


def test_what_is_ticked_comes_back_as_it_is_on_the_paper(office: Office) -> None:
    assert office.first.status == 1, office.first.err
    said = office.first.json
    counts = {name: said[name] for name in ("pages", "filed", "duplicate", "blank", "review", "quarantined")}
    assert counts == {"pages": 6, "filed": 4, "duplicate": 0, "blank": 0, "review": 2, "quarantined": 0}
    found = lines_of(office.home, office.probe.id)
    assert [one.subject for one in found] == [line.subject for line in PROBE.lines]
    for one in found:
        assert one.back
        wanted = tuple(tick.name for tick in TICKS if tick.name in PEN.get(one.line, ()))
        assert (one.ticked, one.unsure) == (wanted, ("absent",) if one.line == DOUBTFUL else ()), one


def test_lines_of_a_page_that_was_lost_are_told(office: Office) -> None:
    found = lines_of(office.home, office.short.id)
    assert [one.line for one in found if not one.back] == list(range(1, 21))
    assert {one.line: one.ticked for one in found if one.ticked} == {22: ("differs",)}
    assert [one.page for one in found] == [1] * 20 + [2] * 5


def test_pages_of_other_archives_and_of_lists_that_are_not_here_wait(office: Office) -> None:
    with office.home.reading() as connection:
        items = [one.as_json() for one in open_items(connection)]
    assert [(one["file"], one["reason"], one["suggestions"]) for one in items] == [
        ("别.jpg", "wrong_check", []),
        ("未知.jpg", "unknown", []),
    ]
    shown = huyue("--home", office.home.folder, "review", "show", str(items[0]["id"]), "--json")
    assert (shown.status, shown.json["reason"]) == (0, "wrong_check"), shown.err


def test_the_same_files_again_say_the_same(office: Office, tmp_path: Path) -> None:
    home = office.copied(tmp_path)
    taken = take_in(home, list_files([office.scans]), ACTOR)
    assert taken.as_json() == office.first.json
    assert lines_of(home, office.probe.id) == lines_of(office.home, office.probe.id)


def test_more_ticks_count_fewer_wait_and_equal_ones_change_nothing(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, scans, probe = office.copied(tmp_path), tmp_path / "再扫", office.probe
    told: list[Line] = []
    monkeypatch.setitem(MEANINGS, "probe", lambda _, actor, lines: told.extend(lines))
    more, fewer = PEN | {22: {"differs"}}, PEN | {50: set[str]()}
    scans.mkdir()
    shutil.copy(office.scans / "1.jpg", scans / "又名.jpg")
    (scans / "同.jpg").write_bytes(probe.scanned(1, PEN, 2, doubtful=[f"{DOUBTFUL}.absent"]))
    (scans / "多.jpg").write_bytes(probe.scanned(2, more, 2))
    (scans / "少.jpg").write_bytes(probe.scanned(3, fewer, 2))
    before = {one.line: one for one in lines_of(home, probe.id)}
    taken = take_in(home, list_files([scans]), ACTOR)
    outcomes = {taken.files[page.file - 1][0].name: (page.outcome, page.reason) for page in taken.pages}
    assert outcomes == {
        "又名.jpg": ("duplicate", ""),
        "同.jpg": ("duplicate", ""),
        "多.jpg": ("filed", ""),
        "少.jpg": ("review", "conflict"),
    }
    after = {one.line: one for one in lines_of(home, probe.id)}
    assert {line for line in after if after[line] != before[line]} == {22}
    assert after[22].ticked == ("differs",)
    assert told == [one for one in after.values() if 20 < one.line <= 40]


SETTLED, DOUBTED, NEW = f"{DOUBTFUL}.absent", "1.differs", "2.same"


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, Comparison.DUPLICATE),
        ({SETTLED: Verdict.EMPTY}, Comparison.BETTER),
        ({DOUBTED: Verdict.UNSURE}, Comparison.DUPLICATE),
        ({NEW: Verdict.FILLED}, Comparison.BETTER),
        ({NEW: Verdict.FILLED, DOUBTED: Verdict.UNSURE}, Comparison.CONFLICT),
        ({NEW: Verdict.FILLED, DOUBTED: Verdict.EMPTY}, Comparison.CONFLICT),
    ],
)
def test_what_is_doubtful_in_one_of_two_scans_only(
    office: Office, changed: dict[str, Verdict], wanted: Comparison
) -> None:
    verdicts = {SETTLED: Verdict.UNSURE} | changed
    boxes = []
    for box in office.probe.boxes[0]:
        line, _, column = box.name.partition(".")
        inked = Verdict.FILLED if column in PEN[int(line)] else Verdict.EMPTY
        boxes.append(Box(box.name, box.kind, False, verdicts.get(box.name, inked), 0.0))
    page = TickedPage(office.probe.id, 1, tuple(boxes), SheetScan((), 1, 1, 200.0, 0))
    with office.home.reading() as connection:
        assert compare(connection, page) is wanted


def test_every_page_that_came_back_is_kept_and_verified(office: Office, tmp_path: Path) -> None:
    home = office.copied(tmp_path)
    with home.reading() as connection:
        rows = connection.execute(select(tick_page).order_by(tick_page.c.page_id)).all()
        kept = [home.vault(connection).get(connection, row.blob) for row in rows]
    assert [(row.list_id, row.page, row.read_on, row.user) for row in rows] == [
        *((office.probe.id, page, "2026-04-05", "经办人甲") for page in (1, 2, 3)),
        (office.short.id, 2, "2026-04-05", "经办人甲"),
    ]
    for row, pdf in zip(rows, kept, strict=True):
        assert row.list_id in page_text(pdf, 1)
        assert "在方框里打勾" in page_text(pdf, 1)
    assert verify(home, Part(), "2026-04-05", silent).findings == []
    raw = sqlcipher.connect(str(home.catalogue))
    raw.execute(f"PRAGMA key = \"x'{home.key.hex()}'\"")
    with raw:
        raw.execute("DELETE FROM blob WHERE name = ?", (rows[0].blob,))
    raw.close()
    assert rows[0].blob in verify(home, Part(), "2026-04-05", silent).subjects(Code.ROW_WITHOUT_BLOB)
