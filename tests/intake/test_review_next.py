"""Deciding what waits for review in few keys, in piles, and by suggestion; two people at once."""

import io
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from PIL import Image
from sqlalchemy import insert, select, update

from archive import journal
from archive.catalogue import tables
from archive.home import Home, open_home
from archive.journal import Actor
from pipeline import cli
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.scanner import sign_and_scan
from pipeline.intake import review as reviews
from pipeline.intake.review import Pile
from tests.intake.odd_pages import scribbled
from tests.main_job.test_closing import BACK, Hamlet, printed_hamlet

VILLAGE = "451225100201"


@dataclass(frozen=True)
class Office:
    """Three pages that nobody knows in 甲, one in 艮; four contracts that are out, and one that is `filed`."""

    hamlet: Hamlet
    numbers: list[str]
    filed: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("逐页")
    hamlet = printed_hamlet(tmp_path_factory).copied(folder)
    every = [number for pair in hamlet.numbers.values() for number in pair]
    scribbled(folder / "扫" / "甲" / "纸.pdf", 3, seed=1)
    sign_and_scan(hamlet.batch, folder / "扫" / "乙", seed=2, plan={every[4]: Fate()}, rates=SMOOTH)
    scribbled(folder / "扫" / "艮" / "纸.pdf", 1, seed=3)
    assert hamlet.run("intake", folder / "扫").json["review"] == 4
    return Office(hamlet, every[:4], every[4])


@pytest.fixture
def office(made: Office, tmp_path: Path) -> Office:
    return Office(made.hamlet.copied(tmp_path), made.numbers, made.filed)


def home_of(office: Office) -> Home:
    return open_home(office.hamlet.home, None)


def suggest(office: Office, *suggested: tuple[str, float], differs: str = "") -> None:
    """Every item may be sheet 2 of these contracts."""
    value = [{"contract": number, "sheet": 2, "score": score} for number, score in suggested]
    with home_of(office).writing() as connection:
        connection.execute(update(tables.review).values(suggestions=json.dumps(value), differs=differs))


def decisions(office: Office) -> list[str]:
    """What was decided of each item, and as which sheet, in their order; the journal being whole."""
    with home_of(office).reading() as connection:
        assert journal.broken_at(connection) is None
        rows = connection.execute(select(tables.review).order_by(tables.review.c.id))
        return [f"{row.assigned} {row.assigned_sheet}" if row.assigned else row.decision for row in rows]


@dataclass(frozen=True)
class Sat:
    """What somebody who sat down to it saw, and what came of it."""

    status: int
    value: Any
    seen: str


@pytest.fixture
def sit(office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`review …` with keys typed."""

    def typed(keys: str, *arguments: str) -> Sat:
        monkeypatch.setattr("sys.stdin", io.StringIO(keys))
        options = ["--home", str(office.hamlet.home), "--today", BACK, "--user", "乙", "--json"]
        status = cli.run([*options, "review", *arguments])
        captured = capsys.readouterr()
        return Sat(status, json.loads(captured.out), captured.err)

    return typed


def test_one_key_assigns_rejects_skips_and_takes_back(office: Office, sit: Any) -> None:
    a, b, c, _ = office.numbers
    suggest(office, (a, 0.9), (b, 0.5), (c, 0.3))
    sat = sit("1 r u s s 2", "next", "--no-open")
    assert decisions(office) == [f"{a} 2", "", "", f"{b} 2"]
    assert (sat.status, sat.value) == (1, {"assigned": 2, "rejected": 0, "left": 2})
    assert "【1/4】第 1 号　没有本库的页码标识" in sat.seen
    assert f"  2　{b} 第 2 页　" in sat.seen
    assert "韦样" in sat.seen
    assert office.hamlet.show(a)["boxes"]
    rest = sit("3uu3r", "next", "--no-open")
    assert decisions(office) == [f"{a} 2", f"{c} 2", "rejected", f"{b} 2"]
    assert (rest.status, rest.value) == (0, {"assigned": 1, "rejected": 1, "left": 0})
    assert "没有可以撤回的" in rest.seen
    assert "没有待核的页" in sit("", "next", "--no-open").seen + "没有待核的页。"
    with home_of(office).reading() as connection:
        done = connection.execute(select(tables.journal.c.action, tables.journal.c.user)).all()
    assert [one.action for one in done if one.user == "乙"] == [
        *("review_assign", "review_reject", "review_undo", "review_assign"),
        *("review_assign", "review_undo", "review_assign", "review_reject"),
    ]


def test_a_capital_r_rejects_all_further_pages_of_that_file_and_reason(office: Office, sit: Any) -> None:
    assert sit("s R s", "next", "--no-open").value == {"assigned": 0, "rejected": 2, "left": 2}
    assert decisions(office) == ["", "rejected", "rejected", ""]
    sit("u s R", "next", "--no-open")  # another sitting's decisions are not this one's to take back
    assert decisions(office) == ["", "rejected", "rejected", "rejected"]
    assert sit("R u q", "next", "--no-open").value == {"assigned": 0, "rejected": 0, "left": 1}
    assert "看完了" in sit("R u r x", "next", "--no-open").seen
    assert decisions(office) == ["rejected"] * 4


def test_u_takes_back_a_whole_file(office: Office, sit: Any) -> None:
    assert sit("R u q", "next", "--no-open").value == {"assigned": 0, "rejected": 0, "left": 4}
    assert decisions(office) == [""] * 4


def test_a_number_may_be_typed_in_part_where_it_is_the_only_one_expected(office: Office, sit: Any) -> None:
    a, b, *_ = office.numbers
    suggest(office, (office.filed, 0.1))
    other = [number for number in office.numbers if number[13:20] == a[13:20]]
    assert len(other) == 2
    sat = sit(f"4\n{a[13:20]} 2\n4 {a[18:]} 2\nq", "next", "--no-open")
    assert decisions(office)[0] == f"{a} 2"
    assert f"“{a[13:20]}”在" in sat.seen
    assert " 份。请再按 4" in sat.seen
    assert all(number in sat.seen for number in other)
    sat = sit(f"4\n{b.replace('-', '').lower()} 2\n4 {b}\n4 无 2\n4 {a[:-1]}* 2\nq", "next", "--no-open")
    assert decisions(office)[1] == f"{b} 2"
    assert "要写编号和页码两样" in sat.seen
    assert sat.seen.count("有 0 份") == 2
    with home_of(office).writing() as connection:
        connection.execute(update(tables.review).values(suggestions="[]"))
    assert "不知道这一页是哪个村的" in sit("4 1 2\nq", "next", "--no-open").seen


def test_of_several_with_the_serial_the_one_whose_sheet_is_still_to_come_is_meant(office: Office) -> None:
    with home_of(office).reading() as connection:
        numbers = [number for pair in office.hamlet.numbers.values() for number in pair]
        first = sorted(number for number in numbers if "-000001-" in number)
        assert reviews.numbers_like(connection, VILLAGE, "1", 2) == [
            one for one in first if one != office.filed
        ]
        assert reviews.numbers_like(connection, VILLAGE, office.filed[18:], 2) == [office.filed]
        assert reviews.numbers_like(connection, "", "1", 2) == []
        assert reviews.numbers_like(connection, "", office.filed.lower(), 2) == [office.filed]


def test_pictures_are_opened_one_by_one_and_gone_at_the_end(
    office: Office, sit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[Path, tuple[int, int]]] = []

    def launch(url: str) -> int:
        with Image.open(url) as picture:
            picture.load()
            opened.append((Path(url), picture.size))
        return 0

    monkeypatch.setattr(click, "launch", launch)
    sit("s r u s q", "next")
    assert [path.name for path, _ in opened] == ["1.png", "2.png", "3.png", "2.png", "3.png"]
    assert all(high > wide > 1000 for _, (wide, high) in opened)
    assert not any(path.exists() for path, _ in opened)


def test_what_another_has_decided_meanwhile_is_said_and_left(
    office: Office, sit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, home = office.numbers[0], home_of(office)
    suggest(office, (a, 0.9))
    reading = reviews.read_as

    def slower(*arguments: Any) -> Any:
        new = reading(*arguments)
        with home.writing() as connection:  # while the page is read
            reviews.reject(
                connection, reviews.find_item(connection, 1), Actor("甲", date.fromisoformat(BACK))
            )
            reviews.reject(
                connection, reviews.find_item(connection, 2), Actor("甲", date.fromisoformat(BACK))
            )
        return new

    monkeypatch.setattr(reviews, "read_as", slower)
    sat = sit("1 q", "next", "--no-open")
    assert decisions(office) == ["rejected", "rejected", "", ""]
    assert "第 1 号刚才已由别人处理" in sat.seen
    assert "第 2 号已由别人处理" in sat.seen
    assert sat.value == {"assigned": 0, "rejected": 0, "left": 2}


def test_a_page_that_cannot_be_that_sheet_stays_and_is_asked_again(office: Office, sit: Any) -> None:
    a = office.numbers[0]
    sat = sit(f"4 {a} 9\nx s s s s", "next", "--no-open")
    assert "没有第 9 页" in sat.seen
    assert "没有“x”这个键" in sat.seen
    assert decisions(office) == [""] * 4


def test_list_knows_piles_by_village_reason_and_file(office: Office, sit: Any) -> None:
    def files(*arguments: str) -> list[str]:
        return [one["file"][0] for one in sit("", "list", *arguments).value["items"]]

    assert sorted(files()) == ["甲", "甲", "甲", "艮"]
    assert files("--file", "甲/") == ["甲"] * 3
    assert files("--reason", "closed") == []
    assert files("--village", VILLAGE) == []
    suggest(office, (office.numbers[0], 0.4))
    assert len(files("--village", VILLAGE, "--reason", "foreign")) == 4
    assert sit("", "list", "--village", "没有村").value["error"]["code"] == "village_unknown"


def test_a_page_that_nothing_is_known_of_is_from_where_its_file_is_mostly_from(office: Office) -> None:
    home = home_of(office)
    with home.writing() as connection:
        page, file = tables.scan_page, tables.scan_file
        waits = (
            connection.execute(select(tables.review.c.page_id).order_by(tables.review.c.id)).scalars().first()
        )
        beside = connection.execute(select(page.c.file_id).where(page.c.id == waits)).scalar_one()
        rows = [(number, 500 + place) for place, number in enumerate(office.numbers[:2])]
        for number, index in rows:
            row = {"file_id": beside, "index": index, "outcome": "filed", "contract": number, "sheet": 1}
            connection.execute(insert(page).values(row))
    with home.reading() as connection:
        found = list(reviews.open_items(connection, Pile(village=VILLAGE)))
        assert {item.file for item in found} == {
            connection.execute(select(file.c.name).where(file.c.id == beside)).scalar_one()
        }


def test_suggestions_stand_behind_the_codes_own_word_and_the_first_is_what_assign_takes(
    office: Office, sit: Any
) -> None:
    a, b, c, _ = office.numbers
    assert sit("", "assign", "1").value["error"]["code"] == "nothing_suggested"
    suggest(office, (a, 0.75), (b, 0.5))
    with home_of(office).writing() as connection:
        connection.execute(update(tables.review).where(tables.review.c.id == 2).values(contract=c, sheet=1))
        connection.execute(update(tables.review).where(tables.review.c.id == 3).values(contract=a, sheet=2))
    items = {one["id"]: one["suggestions"] for one in sit("", "list").value["items"]}
    suggested = [{"contract": a, "sheet": 2, "score": 0.75}, {"contract": b, "sheet": 2, "score": 0.5}]
    assert items[1] == suggested
    assert items[2] == [{"contract": c, "sheet": 1, "score": 1.0}, *suggested]
    assert items[3] == [{"contract": a, "sheet": 2, "score": 1.0}, suggested[1]]
    assert sit("", "assign", "1").value == {"id": 1, "decision": "assigned", "contract": a, "sheet": 2}
    assert sit("", "assign", "2", b).value["error"]["code"] == "wrong_usage"


def test_fields_that_differ_are_called_as_the_contract_calls_them(office: Office, sit: Any) -> None:
    number, keys = (
        office.hamlet.numbers["household_responsibility"][0],
        "party_b_name members.2.name beside_code",
    )
    values = {"differs": keys, "contract": number, "sheet": 1, "reason": "altered"}
    with home_of(office).writing() as connection:
        connection.execute(update(tables.review).where(tables.review.c.id == 1).values(values))
    assert "不符的：户主姓名、成员第2行姓名、二维码旁的编号" in sit("q", "next", "--no-open").seen
    assert sit("", "show", "1").value["differs"] == keys.split()


def test_a_pile_is_rejected_at_once_after_a_word(office: Office, sit: Any) -> None:
    asked = sit("n\n", "reject", "--file", "甲/")
    assert "一共 3 页" in asked.seen
    assert (asked.value, decisions(office)) == ({"items": []}, [""] * 4)
    done = sit("y\n", "reject", "--file", "甲/")
    assert [one["decision"] for one in done.value["items"]] == ["rejected"] * 3
    assert sorted(decisions(office)) == ["", "rejected", "rejected", "rejected"]
    assert len(sit("", "reject", "--reason", "foreign", "--yes").value["items"]) == 1
    assert sit("", "reject", "--reason", "foreign").value == {"items": []}
    assert decisions(office) == ["rejected"] * 4


def test_several_are_rejected_by_their_numbers_all_or_none(office: Office, sit: Any) -> None:
    assert sit("", "reject", "1", "2", "99").value["error"]["code"] == "review_unknown"
    assert decisions(office) == [""] * 4
    done = sit("", "reject", "1", "2").value
    assert done == {"items": [{"id": 1, "decision": "rejected"}, {"id": 2, "decision": "rejected"}]}
    assert sit("", "reject", "3", "2").value["error"]["code"] == "review_decided"
    assert decisions(office) == ["rejected", "rejected", "", ""]
    for arguments in ((), ("3", "--reason", "foreign")):
        assert sit("", "reject", *arguments).status == 2
