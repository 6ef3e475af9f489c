"""Closing contracts: what state each way gives, what is printed, planned and offered again, and what history says."""

import json
import shutil
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from stdnum.iso7064 import mod_37_36

from archive.catalogue import tables
from archive.home import open_home
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.ink import Mark
from pipeline.demo.scanner import sign_and_scan
from pipeline.showing import show_contract
from tests.conftest import Answer, huyue
from tests.main_job.test_planning import family, line, roster

PLANNED, BACK = "2026-03-05", "2026-04-01"  # when contracts are planned and printed; when paper comes back


@dataclass(frozen=True)
class Hamlet:
    """Two households with four contracts of two sheets each, printed and not yet back.

    `numbers` by template: of the first household, then of the second.
    """

    home: Path
    batch: Path
    numbers: dict[str, list[str]]

    def run(self, *arguments: str | Path, today: str = BACK) -> Answer:
        """A command on the archive, for JSON."""
        return huyue("--home", self.home, *arguments, "--json", today=today)

    def show(self, number: str, today: str = BACK) -> Any:
        """What `show` says of a contract."""
        with open_home(self.home, None).reading() as connection:
            return show_contract(connection, number, date.fromisoformat(today)).value

    def copied(self, folder: Path) -> "Hamlet":
        """The same archive, untouched, in a folder of its own."""
        home = folder / self.home.name
        shutil.copytree(self.home, home)
        shutil.copy(self.home.with_name(f"{self.home.name}.key"), folder)
        return Hamlet(home, self.batch, self.numbers)


def printed_hamlet(factory: pytest.TempPathFactory) -> Hamlet:
    """The hamlet, made once for all modules; for copying only."""
    return _made(factory.getbasetemp())


@cache
def _made(base: Path) -> Hamlet:
    second = [
        line("罗甲", "户主", "45122519850101003", number="2", pension="是"),
        line("莫乙", "配偶", "45122519880101004", number="2", choice="是"),
    ]
    made = make_hamlet(base / "两户", [*family(), *second])
    assert [len(numbers) for numbers in made.numbers.values()] == [2, 2, 2, 2]
    return made


def make_hamlet(folder: Path, rows: list[list[str]]) -> Hamlet:
    """An archive of these people of one village, imported, planned and printed."""
    folder.mkdir()
    home, out = folder / "档案库", folder / "打印"
    huyue("init", home)
    huyue("--home", home, "roster", "import", roster(folder / "花名册.xlsx", rows))
    huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", today=PLANNED)
    printed = huyue("--home", home, "print", "--campaign", "春", "--out", out, today=PLANNED)
    assert printed.status == 0, printed.err
    batch = next(out.iterdir())
    return Hamlet(home, batch, numbers_by_template(batch))


def numbers_by_template(batch: Path) -> dict[str, list[str]]:
    listing = json.loads((batch / "print.json").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for page in listing["pages"]:
        if page["contract"] is not None and page["sheet"] == 1:
            found.setdefault(listing["layouts"][page["layout"]]["template"], []).append(page["contract"])
    return {name: sorted(numbers) for name, numbers in found.items()}


KINDS = {  # how each contract of `closed` is closed, by template and household, and what state that gives
    ("household_responsibility", 0): ("void", "void"),
    ("household_responsibility", 1): ("moved", "ended"),
    ("family_planning", 0): ("unfit", "ended"),
    ("family_planning", 1): ("declined", "declined"),
    ("pension_insurance", 0): ("withdrawn", "ended"),
    ("pension_insurance", 1): ("died", "ended"),
}


@dataclass(frozen=True)
class Closed:
    """The hamlet with contracts closed in every way: numbers and answers by kind."""

    hamlet: Hamlet
    numbers: dict[str, str]
    answers: dict[str, Any]

    @property
    def open(self) -> list[str]:
        every = (number for pair in self.hamlet.numbers.values() for number in pair)
        return sorted(set(every) - set(self.numbers.values()))


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    hamlet = printed_hamlet(tmp_path_factory).copied(tmp_path_factory.mktemp("终止"))
    numbers = {kind: hamlet.numbers[template][which] for (template, which), (kind, _) in KINDS.items()}
    answers = {kind: hamlet.run("close", number, "--as", kind) for kind, number in numbers.items()}
    assert {answer.status for answer in answers.values()} == {0}
    return Closed(hamlet, numbers, {kind: answer.json for kind, answer in answers.items()})


def test_each_way_of_closing_gives_its_state(closed: Closed) -> None:
    for kind, state in KINDS.values():
        number = closed.numbers[kind]
        assert closed.answers[kind] == {"contract": number, "state": state}
        assert closed.hamlet.show(number)["state"] == state
    assert {closed.hamlet.show(number)["state"] for number in closed.open} == {"printed"}


def test_nothing_closed_is_printed_again(closed: Closed, tmp_path: Path) -> None:
    answer = closed.hamlet.run("print", "--campaign", "春", "--out", tmp_path / "再印")
    assert answer.json["contracts"] == len(closed.open) == 2
    printed = numbers_by_template(next((tmp_path / "再印").iterdir()))
    assert sorted(number for numbers in printed.values() for number in numbers) == closed.open


def test_only_what_is_void_is_planned_again_under_a_new_number(closed: Closed) -> None:
    plan = ("plan", "--campaign", "春")
    again = closed.hamlet.run(*plan).json
    assert (again["added"], again["contracts"], again["waiting"], again["obligations"]) == (1, 8, 0, 8)
    assert again["by_template"]["household_responsibility"] == 2
    new = closed.hamlet.run("show", "451225100201202601000003" + check("451225100201202601000003")).json
    old = closed.hamlet.show(closed.numbers["void"])
    assert old["state"] == "void"
    assert new["contract"].startswith("451225100201-2026-01-000003-")
    for same in ("parties", "start", "end", "campaign"):
        assert new[same] == old[same]
    assert closed.hamlet.run(*plan).json == again | {"added": 0}


def check(digits: str) -> str:
    return str(mod_37_36.calc_check_digit(digits))


def test_a_closing_is_corrected_by_closing_again_and_history_shows_both(closed: Closed) -> None:
    hamlet, number = closed.hamlet, closed.numbers["moved"]
    close = ("--home", hamlet.home, "close", number, "--as", "moved")
    for again in (close, (*close, "--date", BACK)):
        assert "没有改动" in huyue(*again, today="2026-05-02").out
    answer = huyue(*close, "--date", "2026-05-01", today="2026-05-02")
    assert answer.status == 0
    assert "从 2026-05-01 起" in answer.out and "更正" in answer.out
    assert "没有改动" in huyue(*close, today="2026-05-03").out
    assert [one for one in hamlet.show(number, "2026-05-03")["history"] if one["event"] == "moved"] == [
        {"date": BACK, "event": "moved", "from": BACK},
        {"date": "2026-05-02", "event": "moved", "from": "2026-05-01"},
    ]
    assert hamlet.show(number, "2026-04-15")["state"] == "ended", "as it was known then"
    assert huyue(*close, "--date", "2026-06-01", today="2026-05-04").status == 0
    assert hamlet.show(number, "2026-05-05")["state"] == "printed"
    found = hamlet.run("search", number, "--state", "printed", today="2026-05-05")
    assert found.json["total"] == 1, "the index knows it too"
    assert hamlet.show(number, "2026-06-01")["state"] == "ended"


def test_history_says_what_happened_and_when_and_knows_no_future(hamlet: Hamlet) -> None:
    number = hamlet.numbers["pension_insurance"][1]
    closing = ("close", number.replace("-", "").lower(), "--as", "moved", "--date", "2026-05-01")
    assert hamlet.run(*closing).json == {"contract": number, "state": "ended"}
    assert hamlet.run(*closing).json["state"] == "ended", "a second time changes nothing"
    shown = hamlet.run("show", number, today="2026-05-02").json
    assert shown["history"] == [
        {"date": PLANNED, "event": "planned"},
        {"date": PLANNED, "event": "printed"},
        {"date": BACK, "event": "moved", "from": "2026-05-01"},
    ]
    assert (shown["start"], shown["end"], shown["campaign"]) == ("2026-03-01", "", "春")
    for today, state in (("2026-03-31", "printed"), ("2026-04-30", "printed"), ("2026-05-01", "ended")):
        assert hamlet.show(number, today)["state"] == state
    assert [one["event"] for one in hamlet.show(number, "2026-03-31")["history"]] == ["planned", "printed"]


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory: pytest.TempPathFactory) -> Hamlet:
    """The hamlet with the first household's paper back, complete but for one seal."""
    folder = tmp_path_factory.mktemp("在期")
    hamlet = printed_hamlet(tmp_path_factory).copied(folder)
    fates = {numbers[0]: Fate() for numbers in hamlet.numbers.values()}
    fates[hamlet.numbers["family_planning"][0]] = Fate({"party_a_seal": Mark.EMPTY})
    sign_and_scan(hamlet.batch, folder / "扫描件", seed=1, plan=fates, rates=SMOOTH)
    said = hamlet.run("intake", folder / "扫描件").json
    assert (said["contracts_complete"], said["contracts_incomplete"]) == (3, 1)
    return hamlet


def test_who_is_in_force_owes_none_and_all_others_are_offered_again(hamlet: Hamlet) -> None:
    plan = hamlet.run("plan", "--campaign", "秋", "--date", "2026-09-01", today="2026-09-01").json
    assert plan["by_template"] == {
        "household_responsibility": 1,  # the first household's is filed, and holds until December
        "family_planning": 2,  # one has no seal, the other never came back
        "contraception_service": 0,
        "away_period": 0,
        "pension_insurance": 1,  # the first has no end
        "informed_choice": 1,
    }
    assert (plan["obligations"], plan["contracts"], plan["waiting"]) == (5, 5, 0)


def test_what_ends_within_the_signing_period_is_offered_the_next_from_the_day_after(hamlet: Hamlet) -> None:
    dates = ("--date", "2026-12-10", "--closes", "2027-01-10")
    plan = hamlet.run("plan", "--campaign", "冬", *dates, today="2026-12-10").json
    assert plan["by_template"]["household_responsibility"] == 2
    ended = hamlet.numbers["household_responsibility"][0]
    [following] = [
        one
        for one in contracts_of(hamlet, "冬", "household_responsibility")
        if one["parties"] == hamlet.show(ended)["parties"]
    ]
    assert (following["start"], following["end"]) == ("2027-01-01", "2027-12-31")
    assert hamlet.show(ended, "2026-12-31")["state"] == "filed"
    assert hamlet.show(ended, "2027-01-01")["state"] == "superseded"


def contracts_of(hamlet: Hamlet, campaign: str, template: str) -> list[Any]:
    contract = tables.contract
    with open_home(hamlet.home, None).reading() as connection:
        numbers = connection.execute(
            select(contract.c.number)
            .join(tables.campaign, tables.campaign.c.id == contract.c.campaign_id)
            .where(tables.campaign.c.name == campaign, contract.c.template == template)
        ).scalars()
        return [show_contract(connection, one, date(2026, 12, 10)).value for one in numbers.all()]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--as", "void", "--date", "2026-03-04"), "closing_too_early"),
        (("--as", "declined", "--reason", "不愿意"), "wrong_usage"),
        (("--as", "lost"), "wrong_usage"),
    ],
)
def test_a_closing_that_cannot_be_is_wrong_usage(
    closed: Closed, arguments: tuple[str, ...], code: str
) -> None:
    answer = closed.hamlet.run("close", closed.open[0], *arguments)
    assert (answer.status, answer.json["error"]["code"]) == (2, code)
    assert closed.hamlet.show(closed.open[0])["state"] == "printed"
