"""An office takes changed templates, and further ones, into use: what is planned from then on uses them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from archive.catalogue import tables
from archive.errors import WrongUsage
from archive.home import Home, create_home
from archive.journal import Actor
from pipeline.divisions import Divisions
from pipeline.errors import (
    TemplateNumberTaken,
    TemplateRenumbered,
    TemplateScopeChanged,
    TemplateTitleTaken,
    TemplateVersionSingle,
    TemplateVersionTaken,
    TemplateVersionUnknown,
)
from pipeline.template import load_template
from pipeline.template_diff import two_of
from pipeline.templates_in_use import InUse, take_into_use, templates_in_use
from tests.conftest import Answer, huyue
from tests.templates.further_templates import village_template
from tests.templates.template_edits import edited, stock, swap, swap_toml

NewHome = Callable[[], Path]
FIRST, SECOND = Actor("经办人甲", date(2026, 3, 5)), Actor("经办人乙", date(2026, 3, 9))
RESPONSIBILITY = "household_responsibility"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "档案库", None, Divisions.shipped().names, FIRST)


def changed(tmp_path: Path, version: str, wording: str = "自己决定") -> Path:
    """The first stock template with another wording and version."""
    edit = swap("<w:t>签不签由本户决定。", f"<w:t>签不签由本户{wording}。")
    return edited(stock("01"), tmp_path / version, edit, swap_toml('"2026.1"', f'"{version}"'))


def use(home: Home, folder: Path, actor: Actor = FIRST) -> bool:
    with home.writing() as connection:
        return take_into_use(connection, load_template(folder), actor)


def in_use(home: Home) -> dict[str, InUse]:
    with home.reading() as connection:
        return {one.template.manifest.name: one for one in templates_in_use(connection)}


def test_the_newest_version_taken_into_use_is_the_one_in_use(home: Home, tmp_path: Path) -> None:
    shipped = in_use(home)[RESPONSIBILITY]
    assert (shipped.template, shipped.since, shipped.own) == (load_template(stock("01")), "", False)
    second = changed(tmp_path, "2026.2")
    assert use(home, second)
    now = in_use(home)[RESPONSIBILITY]
    assert (now.template.manifest.version, now.since, now.own) == ("2026.2", "2026-03-05", True)
    assert not use(home, second, SECOND), "the very same bytes again are nothing to do"
    assert in_use(home)[RESPONSIBILITY] == now
    assert use(home, stock("01"), SECOND), "an earlier version may be used again"
    back = in_use(home)[RESPONSIBILITY]
    assert (back.template.manifest.version, back.since, back.own) == ("2026.1", "2026-03-09", False)
    assert use(home, second, SECOND)
    assert in_use(home)[RESPONSIBILITY].template == now.template


def test_the_journal_tells_who_took_which_bytes_into_use(home: Home, tmp_path: Path) -> None:
    second = changed(tmp_path, "2026.2")
    assert use(home, second, SECOND)
    with home.reading() as connection:
        entry = connection.execute(select(tables.journal).where(tables.journal.c.action == "template")).one()
    assert (entry.user, entry.subject) == ("经办人乙", RESPONSIBILITY)
    assert load_template(second).sha256 in entry.detail


@pytest.mark.parametrize(
    ("edits", "error", "says"),
    [
        (
            {"village_targets": "other", '"10"': '"04"'},
            TemplateNumberTaken,
            "编号 04 是合同模板“away_period”的",
        ),
        ({"village_targets": "other"}, TemplateNumberTaken, "编号 10 是合同模板“village_targets”的"),
        ({"village_targets": "away_period"}, TemplateRenumbered, "编号一直是 04，不能改成 10"),
        ({'"10"': '"12"'}, TemplateRenumbered, "编号一直是 10，不能改成 12"),
        (
            {"village_targets": "other", '"10"': '"12"'},
            TemplateTitleTaken,
            "“计划生育目标管理责任书”已经是合同模板“village_targets”的",
        ),
        (
            {"计划生育目标管理责任书": "计划生育合同书", "2026.1": "2"},
            TemplateTitleTaken,
            "“family_planning”的",
        ),
        ({"width = 40": "width = 41"}, TemplateVersionTaken, "请在 contract.toml 里改 version"),
        (
            {'scope = "village"': 'scope = "unit"', "2026.1": "2"},
            TemplateScopeChanged,
            "一直是跟 village 签的",
        ),
    ],
)
def test_a_name_keeps_its_number_title_scope_and_versions(
    home: Home, tmp_path: Path, edits: dict[str, str], error: type[WrongUsage], says: str
) -> None:
    assert use(home, village_template(tmp_path / "first"))
    second = village_template(tmp_path / "second") / "contract.toml"
    text = second.read_text(encoding="utf-8")
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    second.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=says):
        use(home, second.parent)
    assert len(in_use(home)) == 7


def test_a_shipped_version_is_taken_before_anything_was_planned(home: Home, tmp_path: Path) -> None:
    with pytest.raises(TemplateVersionTaken, match=r"2026\.1 版已经有了"):
        use(home, edited(stock("01"), tmp_path, swap("<w:t>签不签由本户决定。", "<w:t>自愿。")))


@pytest.mark.parametrize("number", ["07", "09", "00", "100"])
def test_numbers_between_the_six_and_ten_are_nobodys(tmp_path: Path, number: str) -> None:
    folder = edited(stock("01"), tmp_path, toml=swap_toml('number = "01"', f'number = "{number}"'))
    answer = huyue("template", "check", folder)
    assert answer.status == 2
    assert "自编的用 10 至 99" in answer.err


def test_the_last_two_versions_in_use_are_compared(home: Home, tmp_path: Path) -> None:
    def two(*wanted: str) -> tuple[str, str]:
        with home.reading() as connection:
            old, new = two_of(connection, "01", wanted)
        return old.manifest.version, new.manifest.version

    with pytest.raises(TemplateVersionSingle, match=r"只有 2026\.1 一版"):
        two()
    use(home, changed(tmp_path, "2026.2"))
    assert two() == ("2026.1", "2026.2")
    use(home, changed(tmp_path, "2026.3", "说了算"))
    assert two() == ("2026.2", "2026.3")
    assert two("2026.1") == ("2026.1", "2026.3")
    assert two("2026.1", "2026.2") == ("2026.1", "2026.2")
    use(home, stock("01"))
    assert two() == ("2026.3", "2026.1")
    with pytest.raises(TemplateVersionUnknown, match=r"没有.*2025\.9 版。有：2026\.2、2026\.3、2026\.1。"):
        two("2025.9")


def add(home: Path, folder: Path, *options: str) -> Answer:
    return huyue("--home", home, "template", "add", folder, "--json", *options)


def test_a_seventh_is_checked_added_listed_and_shown_by_its_name(new_home: NewHome, tmp_path: Path) -> None:
    """A word of the warning list does not keep it out, but is told."""
    home = new_home()
    seventh = edited(village_template(tmp_path / "10"), tmp_path / "a", swap("商定本年的工作", "议定押金"))
    assert huyue("template", "check", "village_targets").status == 2
    tried = add(home, seventh, "--dry-run")
    assert (tried.status, tried.json["added"]) == (1, True)
    assert len(huyue("--home", home, "template", "list", "--json").json) == 6
    added = add(home, seventh)
    assert (added.status, added.json["added"]) == (1, True)
    assert [(one["severity"], one["where"]) for one in added.json["problems"]] == [("warning", "正文第4段")]
    *_, last = huyue("--home", home, "template", "list", "--json").json
    assert last == {
        "name": "village_targets",
        "number": "10",
        "title": "计划生育目标管理责任书",
        "version": "2026.1",
        "scope": "village",
        "since": "2026-03-05",
        "own": True,
    }
    lines = huyue("--home", home, "template", "list").out.splitlines()
    assert lines[0] == "01　家庭计划生育责任书（household_responsibility，2026.1 版）　自带"
    assert lines[6] == "10　计划生育目标管理责任书（village_targets，2026.1 版）　本单位，2026-03-05 起用"
    out = tmp_path / "out"
    shown = huyue("--home", home, "template", "preview", "village_targets", "--out", out, "--json")
    assert [Path(one).name for one in shown.json["files"]] == ["village_targets.pdf", "village_targets-1.png"]
    without = huyue("template", "list", "--json").json
    assert [set(one) for one in without] == [{"name", "number", "title", "version", "scope"}] * 6


def test_a_template_with_errors_is_refused_with_all_of_them(new_home: NewHome, tmp_path: Path) -> None:
    home = new_home()
    seal = swap_toml("w = 42, h = 42", "w = 40, h = 40")
    answer = add(
        home, edited(village_template(tmp_path / "10"), tmp_path / "a", swap("{{乡镇}}", "{{乡鎮}}"), seal)
    )
    assert answer.status == 2
    error = answer.json["error"]
    assert error["code"] == "template_refused"
    assert "2 处错误" in error["message"]
    assert "正文第3段：标记 {{乡鎮}}" in error["message"]
    assert "42 × 42" in error["message"]
    assert len(huyue("--home", home, "template", "list", "--json").json) == 6


def test_what_has_a_number_keeps_its_version_and_new_contracts_get_the_new_one(
    home: Home, tmp_path: Path
) -> None:
    roster = tmp_path / "花名册.csv"
    plan = ("--home", home.folder, "plan", "--campaign", "2026春", "--date", "2026-03-01", "--json")
    rows = "村,组,户编号,姓名,性别,出生日期,公民身份号码,与户主关系\n冲洞村,1,1,韦样例,男,1988-05-12,999999198805120013,户主\n"
    roster.write_text(rows, encoding="utf-8")
    assert huyue("--home", home.folder, "roster", "import", roster).status == 0
    assert huyue(*plan).json["added"] == 1
    use(home, changed(tmp_path, "2026.2"))
    assert huyue(*plan).json["added"] == 0
    rows += "冲洞村,1,2,蓝样例,女,1990-03-21,99999919900321002X,户主\n"
    roster.write_text(rows, encoding="utf-8")
    assert huyue("--home", home.folder, "roster", "import", roster).status == 0
    assert huyue(*plan).json["added"] == 1
    kept, contract = tables.template, tables.contract
    with home.reading() as connection:
        found = connection.execute(
            select(contract.c.household_number, kept.c.version).join(
                kept, kept.c.sha256 == contract.c.template_sha256
            )
        ).all()
    assert sorted(map(tuple, found)) == [("1", "2026.1"), ("2", "2026.2")]
