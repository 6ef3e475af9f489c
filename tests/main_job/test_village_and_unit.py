"""Contracts with villages and units: planned, printed, filed, found, closed and offered again like any other."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from archive.catalogue import tables
from archive.home import Home, create_home
from archive.journal import Actor
from pipeline.bodies import unit_bodies
from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.scanner import sign_and_scan
from pipeline.divisions import Divisions
from pipeline.errors import BadSettings
from pipeline.settings import Unit, read_settings
from pipeline.template import load_template
from pipeline.templates_in_use import take_into_use
from tests.conftest import huyue, page_text
from tests.templates.further_templates import unit_template, village_template

ACTOR = Actor("经办人甲", date(2026, 3, 1))
CLINIC, SCHOOL = "东门镇中心卫生院", "纳翁乡民族小学"
WITH_ROSTER, WITHOUT = "451225100201", "451225203205"  # 冲洞村委会; 纳翁乡民族村委会
UNITS = f"""
[[units]]
name = "{CLINIC}"
village = "冲洞村"
head = "莫示例"

[[units]]
name = "{SCHOOL}"
village = "{WITHOUT}"
"""
ROSTER = """\
村,组,户编号,姓名,性别,出生日期,公民身份号码,与户主关系
冲洞村,1,1,韦样例,男,1988-05-12,999999198805120013,户主
"""


@dataclass(frozen=True)
class Office:
    """An archive with a roster of one village, two units and the two templates in use."""

    home: Home
    folder: Path

    def run(self, *arguments: str | Path, today: str = "2026-03-05") -> Any:
        answer = huyue("--home", self.home.folder, *arguments, "--json", today=today)
        assert answer.status in (0, 1), answer.err
        return answer.json

    def planned(self, campaign: str) -> dict[str, tuple[str, str]]:
        """The campaign's newest contracts with bodies, by party: (number, start)."""
        contract, party = tables.contract, tables.party
        query = (
            select(party.c.name, contract.c.number, contract.c.starts)
            .join(contract, contract.c.number == party.c.contract)
            .join(tables.campaign, tables.campaign.c.id == contract.c.campaign_id)
            .where(tables.campaign.c.name == campaign, party.c.id_number == "")
            .order_by(contract.c.number)
        )
        with self.home.reading() as connection:
            return {row.name: (row.number, row.starts) for row in connection.execute(query)}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("单位")
    home = create_home(folder / "档案库", None, Divisions.shipped().names, ACTOR)
    with home.settings.open("a", encoding="utf-8") as file:
        file.write(UNITS)
    with home.writing() as connection:
        for template in (village_template(folder / "10"), unit_template(folder / "11")):
            assert take_into_use(connection, load_template(template), ACTOR)
    (folder / "花名册.csv").write_text(ROSTER, encoding="utf-8")
    found = Office(home, folder)
    assert found.run("roster", "import", folder / "花名册.csv")["added"] == 1
    return found


def test_bodies_go_all_the_way(office: Office) -> None:
    plan = ("plan", "--campaign", "2026春", "--date", "2026-03-01")
    counts = office.run(*plan)
    assert counts["by_template"]["village_targets"] == 1, "one for the village that has a roster"
    assert counts["by_template"]["unit_cooperation"] == 2, "one for each unit, also where there is no roster"
    assert (counts["contracts"], counts["waiting"]) == (4, 0)
    assert office.run(*plan)["added"] == 0
    assert office.run("audit")["counts"]["missing"] == 4

    office.run("print", "--campaign", "2026春", "--out", office.folder / "打印")
    numbers = {party: number for party, (number, _) in office.planned("2026春").items()}
    assert set(numbers) == {"冲洞村委会", CLINIC, SCHOOL}
    assert numbers["冲洞村委会"].startswith(f"{WITH_ROSTER}-2026-10-000001-")
    assert numbers[CLINIC].startswith(f"{WITH_ROSTER}-2026-11-000001-")
    assert numbers[SCHOOL].startswith(f"{WITHOUT}-2026-11-000001-")
    batch = office.folder / "打印" / WITH_ROSTER
    listing = json.loads((batch / "print.json").read_text(encoding="utf-8"))["pages"]
    text = {
        one["contract"]: page_text((batch / "print.pdf").read_bytes(), one["page"])
        for one in listing
        if one["contract"]
    }
    assert "冲洞村委会" in text[numbers["冲洞村委会"]]
    assert CLINIC in text[numbers[CLINIC]]
    assert "莫示例" in text[numbers[CLINIC]]

    scans = office.folder / "扫描"
    sign_and_scan(
        batch, scans, seed=1, plan={numbers[one]: Fate() for one in ("冲洞村委会", CLINIC)}, rates=SMOOTH
    )
    taken = office.run("intake", scans, today="2026-03-20")
    assert (taken["filed"], taken["contracts_complete"], taken["review"]) == (2, 2, 0)
    shown = office.run("show", numbers[CLINIC], today="2026-03-20")
    assert shown["parties"] == [{"name": CLINIC, "id_number": ""}]
    assert (shown["state"], shown["start"], shown["end"], shown["consent"]) == (
        "filed",
        "2026-01-01",
        "2026-12-31",
        None,
    )
    found = office.run("search", "卫生院", today="2026-03-20")
    assert [one["contract"] for one in found["hits"]] == [numbers[CLINIC]]

    office.run("close", numbers[SCHOOL], "--as", "void", today="2026-03-20")
    assert office.run(*plan, today="2026-03-21")["added"] == 1
    assert office.planned("2026春")[SCHOOL][0].startswith(f"{WITHOUT}-2026-11-000002-")

    office.run("roster", "import", office.folder / "花名册.csv", today="2026-06-01")
    assert office.run("audit", today="2026-06-01")["counts"]["subject_changed"] == 0
    follow = ("plan", "--campaign", "2027", "--date", "2026-12-20", "--closes", "2027-01-20")
    follows = office.run(*follow, today="2026-12-20")["by_template"]
    assert (follows["village_targets"], follows["unit_cooperation"]) == (1, 2)
    starts = {party: start for party, (_, start) in office.planned("2027").items()}
    # What is in force goes on from its end; what was never filed is due at once.
    assert starts == {"冲洞村委会": "2027-01-01", CLINIC: "2027-01-01", SCHOOL: "2026-01-01"}


@pytest.mark.parametrize(
    ("units", "says"),
    [
        ([Unit("甲", "没有村")], "“甲”的 village 认不出来：区划表里没有“没有村”"),
        ([Unit("甲", "民族村")], "不止一个，请写明乡镇或用12位代码"),
        ([Unit("甲", "冲洞村"), Unit("甲", WITH_ROSTER)], "“甲”在同一个村写了两遍"),
        ([Unit("甲+乙", "冲洞村")], "不能有“\\+”“/”"),
        ([Unit("甲" * 51, "冲洞村")], "最多 50 个字"),
    ],
)
def test_a_unit_that_cannot_be_a_party_is_named_with_the_remedy(units: list[Unit], says: str) -> None:
    with pytest.raises(BadSettings, match=says) as caught:
        unit_bodies(Divisions.shipped(), units)
    assert "huyue.toml" in caught.value.message


def test_units_are_read_from_the_settings_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "huyue.toml").write_text(UNITS, encoding="utf-8")
    assert read_settings(tmp_path / "huyue.toml").units == (
        Unit(CLINIC, "冲洞村", "莫示例"),
        Unit(SCHOOL, WITHOUT, ""),
    )
    (tmp_path / "huyue.toml").write_text("[[units]]\nname = '甲'\n", encoding="utf-8")
    with pytest.raises(BadSettings, match=r"“units\.0\.village”没有写"):
        read_settings(tmp_path / "huyue.toml")
