"""Pages that a person must look at: shown, assigned, rejected and taken back; second scans; closed contracts."""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image
from sqlalchemy import select

from archive import journal
from archive.catalogue import tables
from archive.filings import current_filing
from archive.home import open_home
from pipeline import pool
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.ink import Mark
from pipeline.demo.scanner import Truth, sign_and_scan
from pipeline.errors import ReviewUnreadable, WorkerLost
from pipeline.intake import review as reviews
from pipeline.intake.page_image import BadPage, Pages
from pipeline.intake.reading import drawn_png
from tests.intake.odd_pages import stick_code_on
from tests.main_job.test_closing import Hamlet, printed_hamlet
from tests.main_job.test_intake_files import jpegs_of


def spoil(scans: Path, truth: Truth, others: Path) -> None:
    """Stick another sheet's code onto the scan's one sheet."""
    (place,) = [page for page in truth.pages if page.contract]
    other = jpegs_of(next(others.iterdir()))[-1]  # the first two are a cover and its back
    stick_code_on(scans / place.file, place.index, other)


@dataclass(frozen=True)
class Office:
    """The hamlet's paper after two scans, named for what happens to it.

    `torn`: its second sheet has another's code on it, too; `resealed`: scanned without its seal, then with; `worse`:
    the other way about; `disputed`: without seal, then without signature; `void` and `declined`: closed
    between; `stray`: its sheet has another's code on it and is for rejecting. `first`, `second`: what the calls said.
    """

    hamlet: Hamlet
    torn: str
    resealed: str
    worse: str
    disputed: str
    void: str
    declined: str
    stray: str
    first: Any
    second: Any

    def waiting(self) -> dict[str, Any]:
        """The items of `review list` by the file's first folder and page, as JSON has them."""
        return {
            f"{one['file']}:{one['page']}": one for one in self.hamlet.run("review", "list").json["items"]
        }

    def item(self, file: str) -> Any:
        """The one item from that scan."""
        (found,) = [one for place, one in self.waiting().items() if place.startswith(file)]
        return found


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("待核")
    hamlet = printed_hamlet(tmp_path_factory).copied(folder)
    (torn, worse), (resealed, disputed), (void, declined), (stray, _) = hamlet.numbers.values()
    whole, unsealed = Fate(sheets=(2,)), Fate({"party_a_seal": Mark.EMPTY}, (2,))
    unsigned = Fate({"party_a_signature": Mark.EMPTY}, (2,))
    scans = {
        "1/平": {torn: Fate(sheets=(1,)), resealed: unsealed, worse: whole, disputed: unsealed},
        "2/好": {resealed: whole, worse: unsealed},
        "2/争": {disputed: unsigned},
        "2/废": {void: Fate(sheets=(1,)), declined: Fate(sheets=(2,))},
        "2/撕": {torn: Fate(sheets=(2,))},
        "2/弃": {stray: Fate(sheets=(1,))},
    }
    for seed, (name, plan) in enumerate(scans.items()):
        truth = sign_and_scan(hamlet.batch, folder / name, seed=seed, plan=plan, rates=SMOOTH)
        if name[-1] in "撕弃":
            spoil(folder / name, truth, folder / "1/平")
    first = hamlet.run("intake", folder / "1")
    hamlet.run("close", void, "--as", "void")
    hamlet.run("close", declined, "--as", "declined")
    second = hamlet.run("intake", folder / "2")
    return Office(hamlet, torn, resealed, worse, disputed, void, declined, stray, first.json, second.json)


def filed_sheets(shown: Any) -> list[int]:
    return [one["sheet"] for one in shown["sheets"] if one["filed"]]


def actions(hamlet: Hamlet) -> list[tuple[str, str]]:
    """The journal's actions and subjects, the chain being whole."""
    with open_home(hamlet.home, None).reading() as connection:
        assert journal.broken_at(connection) is None
        rows = connection.execute(select(tables.journal).order_by(tables.journal.c.seq))
        return [(row.action, row.subject) for row in rows]


def test_a_superset_replaces_and_a_subset_is_a_duplicate(office: Office) -> None:
    assert office.first["filed"] == 4
    assert (office.second["filed"], office.second["duplicate"]) == (1, 1)
    better, worse = office.hamlet.show(office.resealed), office.hamlet.show(office.worse)
    assert better["boxes"]["party_a_seal"] == worse["boxes"]["party_a_seal"] == "filled"
    assert [one["lacking"] for one in better["filings"]] == [["incomplete", "unsealed"], ["incomplete"]]
    assert len(worse["filings"]) == 1


def test_what_waits_is_listed_with_its_reason_and_what_its_code_says(office: Office) -> None:
    waiting, second = office.waiting(), office.second
    assert second["review"] == len(waiting) == 5
    assert second["pages"] == second["filed"] + second["duplicate"] + second["blank"] + second["review"]
    said = {
        (one["reason"], *((s["contract"], s["sheet"]) for s in one["suggestions"]))
        for one in waiting.values()
    }
    assert said == {
        ("conflict", (office.disputed, 2)),
        ("closed", (office.void, 1)),
        ("closed", (office.declined, 2)),
        ("two_codes",),
    }
    assert len({one["id"] for one in waiting.values()}) == 5


def test_paper_of_a_closed_contract_is_not_filed(office: Office) -> None:
    for number, state in ((office.void, "void"), (office.declined, "declined")):
        shown = office.hamlet.show(number)
        assert (shown["state"], shown["filings"]) == (state, [])


def test_show_saves_the_page_as_a_picture(office: Office, tmp_path: Path) -> None:
    item, out = office.item("撕"), tmp_path / "页.png"
    shown = office.hamlet.run("review", "show", str(item["id"]), "--out", out).json
    decided = {"decision": "", "assigned": None, "assigned_sheet": None}
    assert shown == item | {"differs": [], "image": str(out)} | decided
    with Image.open(out) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert picture.height / picture.width == pytest.approx(297 / 210, rel=0.01)
        assert 0.005 < sum(picture.convert("L").histogram()[:100]) / (picture.width * picture.height) < 0.3


def test_an_assigned_page_is_judged_and_completes_its_contract_until_it_is_taken_back(office: Office) -> None:
    hamlet, item = office.hamlet, str(office.item("撕")["id"])
    before = hamlet.show(office.torn)
    assert (before["state"], filed_sheets(before), before["boxes"]) == ("incomplete", [1], {})
    spoken = office.torn.replace("-", "").lower()
    assigned = hamlet.run("review", "assign", item, spoken, "2")
    assert assigned.json == {"id": int(item), "decision": "assigned", "contract": office.torn, "sheet": 2}
    after = hamlet.show(office.torn)
    assert (after["state"], filed_sheets(after)) == ("filed", [1, 2])
    assert after["boxes"].pop("privacy_consent") == "empty"
    assert after["boxes"]
    assert set(after["boxes"].values()) == {"filled"}
    assert not any(place.startswith("撕") for place in office.waiting())
    scans = hamlet.home.parent / "2"
    complete = hamlet.run("intake", scans).json["contracts_complete"]
    assert complete == office.second["contracts_complete"] + 1
    assert hamlet.run("review", "assign", item, office.torn, "2").json["error"]["code"] == "review_decided"
    assert hamlet.run("review", "undo", item).status == 0
    undone = hamlet.show(office.torn)
    assert {key: undone[key] for key in ("state", "sheets", "boxes")} == {
        key: before[key] for key in ("state", "sheets", "boxes")
    }
    assert [one["sheets"] for one in undone["filings"]] == [[1], [1, 2], [1]]
    assert office.item("撕")["id"] == int(item)
    again = hamlet.run("review", "undo", item)
    assert (again.status, again.json["error"]["code"]) == (2, "review_not_decided")
    assert [one for one in actions(hamlet) if one[1] == item] == [
        ("review_assign", item),
        ("review_undo", item),
    ]


def test_a_conflict_leaves_the_first_until_a_person_decides_and_gives_it_back_after(office: Office) -> None:
    hamlet, item = office.hamlet, str(office.item("争")["id"])
    before = scans_of(hamlet, office.disputed)
    assert boxes_of(office) == {"party_a_seal": "empty", "party_a_signature": "filled"}
    hamlet.run("review", "assign", item, office.disputed, "2")
    assert boxes_of(office) == {"party_a_seal": "filled", "party_a_signature": "empty"}
    assert scans_of(hamlet, office.disputed) != before
    hamlet.run("review", "undo", item)
    assert boxes_of(office) == {"party_a_seal": "empty", "party_a_signature": "filled"}
    assert scans_of(hamlet, office.disputed) == before


def boxes_of(office: Office) -> dict[str, str]:
    boxes = office.hamlet.show(office.disputed)["boxes"]
    return {name: boxes[name] for name in ("party_a_seal", "party_a_signature")}


def scans_of(hamlet: Hamlet, number: str) -> list[bytes]:
    """A contract's filed pages as the scanner wrote them."""
    home = open_home(hamlet.home, None)
    with home.reading() as connection:
        filing = current_filing(connection, number)
        assert filing is not None
        content = home.vault(connection).get(connection, filing.blob or "")
    with pikepdf.Pdf.open(io.BytesIO(content)) as pdf:
        return [
            bytes(image.read_raw_bytes())
            for page in pdf.pages
            for image in page.Resources.XObject.as_dict().values()
        ]


def test_a_rejected_page_is_listed_no_more_and_can_be_called_back(office: Office) -> None:
    hamlet, item = office.hamlet, str(office.item("弃")["id"])
    assert hamlet.run("review", "reject", item).json == {"id": int(item), "decision": "rejected"}
    assert not any(place.startswith("弃") for place in office.waiting())
    assert hamlet.run("review", "show", item).json["decision"] == "rejected"
    assert hamlet.run("review", "undo", item).status == 0
    assert office.item("弃")["id"] == int(item)
    assert hamlet.show(office.stray)["filings"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "999"), "review_unknown"),
        (("reject", "999"), "review_unknown"),
        (("assign", "ID", "TORN", "3"), "sheet_unknown"),
        (("assign", "ID", "451225100201-2026-01-999999-7", "1"), "contract_unknown"),
        (("assign", "ID", "451225", "1"), "number_unreadable"),
    ],
)
def test_what_cannot_be_is_wrong_usage_and_changes_nothing(
    office: Office, arguments: tuple[str, ...], code: str
) -> None:
    words = {"ID": str(office.item("撕")["id"]), "TORN": office.torn}
    before = actions(office.hamlet)
    answer = office.hamlet.run("review", *(words.get(one, one) for one in arguments))
    assert (answer.status, answer.json["error"]["code"]) == (2, code)
    assert actions(office.hamlet) == before


def test_a_bilevel_page_keeps_its_form_when_it_is_assigned(office: Office, tmp_path: Path) -> None:
    hamlet, scans = office.hamlet.copied(tmp_path), tmp_path / "黑白"
    fate = {office.stray: Fate(sheets=(2,))}
    truth = sign_and_scan(hamlet.batch, scans, seed=9, plan=fate, rates=SMOOTH)
    spoil(scans, truth, office.hamlet.home.parent / "1/平")
    [place] = [page for page in truth.pages if page.contract == office.stray]
    with Image.open(io.BytesIO(jpegs_of(scans / place.file)[place.index])) as picture:
        black = picture.convert("L").point(lambda value: 255 * (value > 150)).convert("1")
    (scans / place.file).unlink()
    black.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "横.pdf", resolution=200)
    with pikepdf.Pdf.open(tmp_path / "横.pdf") as pdf:
        pdf.pages[0].Rotate = 90
        pdf.save(scans / "黑.pdf")
    assert hamlet.run("intake", scans).json["review"] == 1
    [item] = [one for one in hamlet.run("review", "list").json["items"] if one["file"] == "黑.pdf"]
    assert hamlet.run("review", "assign", str(item["id"]), office.stray, "2").status == 0
    with Pages.of(scans / "黑.pdf") as pages:
        page = pages.page(0)
    (kept,) = page.pictures
    assert b"/CCITTFaxDecode" in kept.entries
    assert scans_of(hamlet, office.stray) == [kept.data]


def die(_: object) -> bytes:
    os._exit(9)


def unreadable(_: object) -> bytes:
    raise BadPage("odd")


@pytest.mark.parametrize(("work", "error"), [(die, WorkerLost), (unreadable, ReviewUnreadable)])
def test_a_page_is_looked_at_in_a_process_of_its_own(
    office: Office, monkeypatch: pytest.MonkeyPatch, work: Any, error: type[Exception]
) -> None:
    home = open_home(office.hamlet.home, None)
    monkeypatch.setattr(reviews, "drawn_png", work)
    monkeypatch.setattr(reviews, "read_assigned", work)
    with home.reading() as connection:
        item = reviews.find_item(connection, office.item("撕")["id"])
        with pytest.raises(error):
            reviews.picture(home, connection, item)
        with pytest.raises(error):
            reviews.read_as(home, connection, item, office.torn, 2)


def test_a_page_of_five_metres_is_shown_small(tmp_path: Path) -> None:
    Image.new("L", (5000, 5000), 255).save(tmp_path / "大.pdf", resolution=25)
    with Image.open(io.BytesIO(drawn_in_child((tmp_path / "大.pdf").read_bytes()))) as picture:
        assert picture.width == picture.height
        assert 30_000_000 < picture.width * picture.height < 36_000_000


def drawn_in_child(pdf: bytes) -> bytes:
    (found,) = pool.ordered(drawn_png, [pdf], 1)
    return found
