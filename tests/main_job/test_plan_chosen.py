"""Planning only some kinds of contract: the others, and what of them waits, are left alone."""

import shutil
from pathlib import Path

from tests.conftest import Town, huyue

ASKED = ("plan", "--campaign", "2026夏", "--date", "2027-03-01", "--json")


def test_only_the_chosen_kinds_are_planned_and_the_rest_can_follow(town: Town, tmp_path: Path) -> None:
    home = tmp_path / "档案库"
    shutil.copytree(town.home, home)
    shutil.copy(town.home.with_name("档案库.key"), tmp_path / "档案库.key")
    first = huyue("--home", home, *ASKED, "--template", "01", "--template", "外出期间计划生育合同书").json
    kinds = {name for name, count in first["by_template"].items() if count}
    assert kinds == {"household_responsibility", "away_period"} and len(first["by_template"]) == 6
    every = huyue("--home", home, *ASKED).json
    assert every["added"] == every["contracts"] - first["contracts"] > 0
    assert every["waiting"] > first["waiting"] > 0
    again = huyue("--home", home, *ASKED, "--template", "01").json
    assert (again["added"], again["waiting"]) == (0, every["waiting"])
    answer = huyue("--home", home, *ASKED, "--template", "没有")
    assert answer.status == 2 and "没有叫“没有”的合同模板" in answer.json["error"]["message"]
