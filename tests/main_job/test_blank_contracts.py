"""Blank contracts: printed for nobody, signed by somebody met on the spot, and theirs from when that is recorded."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pypdf
import pytest
from sqlalchemy import Connection, select

from archive.audit.classes import Class
from archive.audit.findings import audit
from archive.catalogue import tables
from archive.closings import close_contract
from archive.errors import BlankOnlyVoid
from archive.home import Home, open_home
from archive.journal import Actor
from archive.states import State, standing_of
from pipeline.blank_signers import assign
from pipeline.blanks import ROWS, new_blanks
from pipeline.campaigns import find_campaign
from pipeline.contracts import content_of_contract, printables
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.scanner import sign_and_scan
from pipeline.errors import BlankClosed, NoBlankFor, NotBlank, PartyTaken, SignerFaulty
from pipeline.settings import Settings
from pipeline.stock import stock_templates
from tests.conftest import huyue
from tests.main_job.test_closing import BACK, PLANNED, Hamlet, printed_hamlet
from tests.main_job.test_planning import numbered

VILLAGE = "451225100201"
ACTOR = Actor("经办人甲", date.fromisoformat(BACK))
MAN, WOMAN = numbered("45122519850101003"), numbered("45122519880101004")
CHILD, GIRL = (
    numbered("45122520150101001"),
    numbered("45122520080302002"),
)  # GIRL: 18 the day after the campaign's
PASSER_BY = numbered("45272619951103021")
HUSBAND, WIFE = numbered("45122519880512001"), numbered("45122519900321002")  # of the first household
PARTY_SOURCES = ("party.", "husband.", "wife.", "stay.", "household.", "group.")


@dataclass(frozen=True)
class Office:
    """The hamlet with blank contracts printed beside its own, and some of them back; `new` by template number."""

    hamlet: Hamlet
    new: dict[str, list[str]]
    batch: Path
    plan: Any
    intake: Any

    @property
    def numbers(self) -> list[str]:
        """Of all blank contracts, in the order of print."""
        return [number for numbers in self.new.values() for number in numbers]

    def opened(self) -> Home:
        return open_home(self.hamlet.home, None)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("空白")
    hamlet = printed_hamlet(tmp_path_factory).copied(folder)
    new = {}
    with open_home(hamlet.home, None).writing() as connection:
        campaign, actor = find_campaign(connection, "春"), Actor("甲", date.fromisoformat(PLANNED))
        for template in stock_templates()[:2]:
            made = new_blanks(connection, campaign, VILLAGE, template, 2, Settings(), actor)
            new[template.manifest.number] = made
    blank = ("blank", "new", "--campaign", "春", "--village", "冲洞村", "--count", "2", "--template")
    new["04"] = hamlet.run(*blank, "外出期间计划生育合同书", today=PLANNED).json["contracts"]
    plan = hamlet.run("plan", "--campaign", "春", today=PLANNED).json
    assert hamlet.run("print", "--campaign", "春", "--out", folder / "打印", today=PLANNED).status == 0
    batch = folder / "打印" / VILLAGE
    back = {new["02"][0]: Fate(), new["04"][0]: Fate()}
    sign_and_scan(batch, folder / "扫描件", seed=1, plan=back, rates=SMOOTH)
    intake = hamlet.run("intake", folder / "扫描件").json
    return Office(hamlet, new, batch, plan, intake)


class RolledBack(Exception):
    pass


@pytest.fixture
def connection(office: Office) -> Iterator[Connection]:
    with suppress(RolledBack), office.opened().writing() as connection:
        yield connection
        raise RolledBack


def test_blank_contracts_take_the_next_numbers_and_are_no_obligation(
    office: Office, connection: Connection
) -> None:
    assert [int(number[21:27]) for number in (*office.new["01"], *office.new["04"])] == [3, 4, 1, 2]
    assert (office.plan["obligations"], office.plan["contracts"], office.plan["added"]) == (8, 8, 0)
    assert office.plan["by_template"]["away_period"] == 0
    found = audit(connection, ACTOR.today)
    assert found.counts[Class.MISSING] == 8
    of_them = found.findings.filter(pl.col("number").is_in(office.numbers))
    assert {*of_them["class"]} == {Class.WITHOUT_OBLIGATION}, "filed, and nobody known to have signed them"
    assert {*of_them["number"]} < {*office.numbers}


def test_they_are_printed_last_with_everything_of_a_party_left_to_be_written(
    office: Office, connection: Connection
) -> None:
    campaign = find_campaign(connection, "春")
    printed = printables(connection, campaign.id, VILLAGE, ACTOR.today)
    assert [one.blank for one in printed] == [False] * 8 + [True] * 6
    pages = json.loads((office.batch / "print.json").read_text(encoding="utf-8"))["pages"]
    order = list(dict.fromkeys(page["contract"] for page in pages if page["contract"]))
    assert order == [one.number for one in printed]
    assert order[8:] == office.numbers
    first = next(page["page"] for page in pages if page["contract"] == office.new["04"][0])
    text = pypdf.PdfReader(office.batch / "print.pdf").pages[first - 1].extract_text()
    assert office.new["04"][0] in text and "冲洞村委会" in text and "2026年3月1日" in text


@pytest.mark.parametrize("template", stock_templates(), ids=lambda one: str(one.manifest.name))
def test_of_every_template_what_depends_on_the_party_is_empty_and_the_rest_is_there(
    connection: Connection, template: Any
) -> None:
    campaign = find_campaign(connection, "春")
    (number,) = new_blanks(connection, campaign, VILLAGE, template, 1, Settings(), ACTOR)
    content = content_of_contract(connection, number)
    for name, field in template.manifest.fields.items():
        assert bool(content.fields[name]) != field.source.startswith(PARTY_SOURCES), name
    assert content.clauses == ()
    assert {name: len(rows) for name, rows in content.rows.items()} == dict.fromkeys(
        template.manifest.rows, ROWS
    )
    assert not any(value for rows in content.rows.values() for row in rows for value in row.values())
    one = standing_of(connection, number, ACTOR.today)
    assert one is not None and one.blank and one.party == ""
    assert one.starts == date(2026, 1 if template.manifest.number == "01" else 3, 1)


def test_a_blank_contract_comes_back_like_any_other_and_is_asked_about(office: Office) -> None:
    assert (office.intake["filed"], office.intake["contracts_complete"], office.intake["review"]) == (4, 2, 0)
    listed = office.hamlet.run("blank", "list", "--campaign", "春")
    assert listed.status == 1
    found = {
        one["contract"]: (one["state"], one["filed_sheets"], one["assigned"]) for one in listed.json["blanks"]
    }
    back = {office.new["02"][0], office.new["04"][0]}
    assert found == {
        number: ("filed", 2, False) if number in back else ("printed", 0, False) for number in office.numbers
    }
    said = huyue("--home", office.hamlet.home, "show", office.new["04"][0], today=BACK)
    assert "空白合同，没有登记" in said.out and "已归档" in said.out


def test_who_signed_is_recorded_found_by_name_and_corrected(office: Office, tmp_path: Path) -> None:
    hamlet, number = office.hamlet.copied(tmp_path), office.new["04"][0]
    with open_home(hamlet.home, None).writing() as connection:
        assert assign(connection, number, [("覃错记", WOMAN)], 0, "", ACTOR).names == ("覃错记",)
    assert hamlet.run("search", "覃错记").json["total"] == 1
    sign = ("blank", "assign", number, "--name", "阿依古丽•买买提", "--id-number", PASSER_BY)
    signed = hamlet.run(*sign, "--household", "0042", "--group", "3").json
    assert signed == {"contract": number, "party": "阿依古丽·买买提"}
    assert hamlet.run("search", "覃错记").json["total"] == 0
    for query in ("阿依古丽·买买提", PASSER_BY):
        (hit,) = hamlet.run("search", query).json["hits"]
        assert (hit["contract"], hit["state"]) == (number, "filed")
    shown = hamlet.show(number)
    assert shown["parties"] == [
        {"name": "阿依古丽·买买提", "id_number": PASSER_BY[:6] + "*" * 11 + PASSER_BY[-1]}
    ]
    assert [one["event"] for one in shown["history"]] == ["planned", "printed", "filed", "assigned"]
    with open_home(hamlet.home, None).reading() as connection:
        told = connection.execute(select(tables.journal.c.subject, tables.journal.c.detail)).all()
        details = [row.detail for row in told if row.subject == number]
    assert details == ['{"again":false}', '{"again":true}']
    assert not any(secret in str(told) for secret in ("覃", "阿依古丽", WOMAN, PASSER_BY))


def test_who_signed_a_blank_one_is_not_planned_again_and_in_force_in_the_next_campaign(
    office: Office, connection: Connection
) -> None:
    number, planned = office.new["02"][0], office.hamlet.numbers["family_planning"][0]
    couple = [("蓝例", WIFE), ("韦样", HUSBAND)]
    with pytest.raises(PartyTaken, match=planned):
        assign(connection, number, couple, 3, "1", ACTOR)
    close_contract(connection, planned, "void", None, "", ACTOR)
    assert assign(connection, number, couple, 3, "1", ACTOR).names == ("韦样", "蓝例")
    one = standing_of(connection, number, ACTOR.today)
    assert one is not None
    assert (one.party_key, one.party, one.responsible) == (f"{HUSBAND}+{WIFE}", "韦样、蓝例", "")
    assert (one.state, one.blank, one.group, one.household) == (State.FILED, False, 3, "1")
    before = standing_of(connection, number, date(2026, 3, 31))
    assert before is not None and before.blank, "as it was known then"


def test_plans_take_a_signed_blank_contract_for_the_partys_own(office: Office, tmp_path: Path) -> None:
    hamlet, number = office.hamlet.copied(tmp_path), office.new["02"][0]
    with open_home(hamlet.home, None).writing() as connection:
        close_contract(connection, hamlet.numbers["family_planning"][0], "void", None, "", ACTOR)
        assign(connection, number, [("韦样", HUSBAND), ("蓝例", WIFE)], 3, "1", ACTOR)
    again = hamlet.run("plan", "--campaign", "春").json
    assert (again["added"], again["by_template"]["family_planning"]) == (0, 2)
    autumn = hamlet.run("plan", "--campaign", "秋", "--date", "2026-09-01", today="2026-09-01").json
    assert autumn["by_template"]["family_planning"] == 1, "the other couple, whose paper never came back"


FAULTY: list[tuple[str, list[tuple[str, str]], str, str]] = [
    ("04", [("覃路人", MAN[:-1] + "X0"[MAN[-1] == "X"])], "", "请按证件核对"),
    ("04", [("覃路人", MAN[:-1])], "", "位数不对"),
    ("04", [("覃路人", "")], "", "没有写"),
    ("04", [("", MAN)], "", "不像姓名"),
    ("04", [(MAN, MAN)], "", "不像姓名"),
    ("04", [("覃路人", MAN), ("韦路人", WOMAN)], "", "不是夫妻两人签的"),
    ("02", [("覃路人", MAN)], "", "--spouse-name"),
    ("02", [("覃路人", MAN), ("韦路人", HUSBAND)], "", "同一性别"),
    ("01", [("覃路人", MAN)], "", "--household"),
    ("01", [("覃路人", MAN)], "9" * 31, "户编号超过"),
    ("04", [("莫孩童", CHILD)], "", "要满 18 周岁"),
    ("02", [("覃路人", MAN), ("莫孩童", GIRL)], "", "只有 17 周岁"),
]


@pytest.mark.parametrize(("template", "signers", "household", "said"), FAULTY)
def test_what_cannot_be_recorded_is_refused_with_words_and_no_number(
    office: Office,
    connection: Connection,
    template: str,
    signers: list[tuple[str, str]],
    household: str,
    said: str,
) -> None:
    number = office.new[template][1]
    with pytest.raises(SignerFaulty, match=said) as refused:
        assign(connection, number, signers, 0, household, ACTOR)
    assert not any(identity and identity in str(refused.value) for _, identity in signers)
    one = standing_of(connection, number, ACTOR.today)
    assert one is not None and one.blank


def test_a_households_blank_contract_is_the_households(office: Office, connection: Connection) -> None:
    number = office.new["01"][0]
    with pytest.raises(PartyTaken, match=office.hamlet.numbers["household_responsibility"][1]):
        assign(connection, number, [("覃路人", MAN)], 3, "２号", ACTOR)
    old = MAN[:6] + MAN[8:17]
    assert "15 位" in assign(connection, number, [("覃路人", old)], 3, "7", ACTOR).notes[0]
    one = standing_of(connection, number, ACTOR.today)
    assert one is not None and (one.party_key, one.party) == (f"{VILLAGE}/3/7", "覃路人")
    assert [*audit(connection, ACTOR.today).of(number)["class"]] == [Class.MISSING]


def test_what_is_not_blank_or_void_is_no_ones_to_record(office: Office, connection: Connection) -> None:
    signer, number = [("覃路人", MAN)], office.new["04"][1]
    with pytest.raises(NotBlank):
        assign(connection, office.hamlet.numbers["pension_insurance"][0], signer, 0, "", ACTOR)
    with pytest.raises(BlankOnlyVoid):
        close_contract(connection, number, "moved", None, "", ACTOR)
    close_contract(connection, number, "void", None, "", ACTOR)
    with pytest.raises(BlankClosed):
        assign(connection, number, signer, 0, "", ACTOR)


def test_unused_ones_are_made_void_together(office: Office, tmp_path: Path) -> None:
    hamlet = office.hamlet.copied(tmp_path)
    signed = office.new["01"][0]
    with open_home(hamlet.home, None).writing() as connection:
        assign(connection, signed, [("覃路人", MAN)], 1, "7", ACTOR)
    command = ("blank", "void", "--campaign", "春", "--village", "冲洞村", "--reason", "没有用完")
    unused = [office.new["01"][1], office.new["02"][1], office.new["04"][1]]
    assert hamlet.run(*command, "--template", "02", "--dry-run").json == {"contracts": [unused[1]]}
    assert hamlet.run(*command).json == {"contracts": unused}
    assert hamlet.run(*command).json == {"contracts": []}
    counted = hamlet.run("campaign", "close", "春", "--dry-run").json
    assert (counted["blanks"], counted["sheets"], counted["filed"], counted["pulled"]["void"]) == (
        6,
        28,
        4,
        6,
    )
    assert counted["out"] == 18, "the eight of the roster, and the one that somebody signed"


def test_only_households_couples_and_persons_have_blank_contracts(connection: Connection) -> None:
    template = stock_templates()[0]
    manifest = msgspec.structs.replace(template.manifest, scope="village")
    other = type(template)(manifest, template.toml, template.docx, template.sha256)
    with pytest.raises(NoBlankFor):
        new_blanks(connection, find_campaign(connection, "春"), VILLAGE, other, 1, Settings(), ACTOR)
