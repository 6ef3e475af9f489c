"""Importing and planning in the catalogue: counts, numbers that stay, everything once."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pypdfium2 as pdfium
import pytest
from sqlalchemy import select, update

from archive.catalogue import tables
from archive.home import open_home
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions
from tests.conftest import FULL, Town, huyue

HEAD = ("村", "组", "户编号", "户主姓名", "姓名", "与户主关系", "性别", "出生日期", "公民身份号码", "婚姻状况", "外出地点",
        "自愿申请技术服务", "参加养老保险", "知情选择登记", "联户责任人")  # fmt: skip


def numbered(body: str) -> str:
    """An identity number of nobody: seventeen digits with their check."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def line(
    name: str, relation: str, body: str, *, village: str = "冲洞村", number: str = "1", **wishes: str
) -> list[str]:
    identity = numbered(body)
    birth = f"{body[6:10]}-{body[10:12]}-{body[12:14]}"
    sex = "男" if int(body[16]) % 2 else "女"
    married = "已婚" if relation in ("户主", "配偶") else "未婚"
    wanted = [wishes.get(wish, "") for wish in ("away", "service", "pension", "choice")]
    return [village, "3", number, "韦样", name, relation, sex, birth, identity, married, *wanted, "覃示"]


def family(**more: str) -> list[list[str]]:
    return [
        line("韦样", "户主", "45122519880512001", pension="是", **more),
        line("蓝例", "配偶", "45122519900321002", choice="是", **more),
        line("韦小样", "儿子", "45122520150601001", **more),
    ]


def roster(path: Path, rows: list[list[str]], title: str = "2026年花名册") -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in ([title], HEAD, *rows):
        sheet.append(list(row))
    book.save(path)
    return path


def test_a_roster_imported_twice_changes_nothing(new_home: Callable[[], Path], tmp_path: Path) -> None:
    home = new_home()
    file = roster(tmp_path / "一.xlsx", family())
    first = huyue("--home", home, "roster", "import", file, "--json")
    assert first.status == 0
    assert first.json == {"added": 3, "changed": 0, "unchanged": 0, "left": 0, "held": 0, "problems": 0}
    again = huyue("--home", home, "roster", "import", file, "--json").json
    assert again == {"added": 0, "changed": 0, "unchanged": 3, "left": 0, "held": 0, "problems": 0}


def test_the_next_roster_is_compared_person_by_person(new_home: Callable[[], Path], tmp_path: Path) -> None:
    home = new_home()
    other = line("潘远", "户主", "45122519700101003", village="凤凰社区")
    huyue("--home", home, "roster", "import", roster(tmp_path / "一.xlsx", [*family(), other]))
    now = family()
    now[0][11] = "是"  # another wish
    now[1][8] = now[1][8][:-1] + ("0" if now[1][8][-1] != "0" else "1")  # held back is not left
    now[2] = line("韦新", "女儿", "45122520200601002")  # the son is gone, a daughter is there
    answer = huyue("--home", home, "roster", "import", roster(tmp_path / "二.xlsx", now), "--json")
    assert answer.status == 1
    assert answer.json == {"added": 1, "changed": 1, "unchanged": 0, "left": 1, "held": 1, "problems": 1}


def test_who_moved_between_villages_has_changed_and_is_planned_once(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home = new_home()
    huyue("--home", home, "roster", "import", roster(tmp_path / "一.xlsx", family()))
    moved = [line("韦样", "户主", "45122519880512001", village="凤凰社区", pension="是")]
    answer = huyue("--home", home, "roster", "import", roster(tmp_path / "二.xlsx", moved), "--json")
    assert answer.json["changed"] == 1
    planned = huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", "--json").json
    assert planned["by_template"]["pension_insurance"] == 1


def test_a_dry_run_writes_nothing(new_home: Callable[[], Path], tmp_path: Path) -> None:
    home, file = new_home(), roster(tmp_path / "一.xlsx", family())
    assert huyue("--home", home, "roster", "import", file, "--dry-run", "--json").json["added"] == 3
    assert huyue("--home", home, "roster", "import", file, "--json").json["added"] == 3
    plan = ("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", "--json")
    assert huyue(*plan, "--dry-run").json["added"] == huyue(*plan).json["added"] == 4
    assert huyue("--home", home, "campaign", "list", "--json").json[0]["contracts"] == 4


def test_a_plan_adds_up_and_a_second_adds_nothing(town: Town) -> None:
    again = huyue("--home", town.home, "plan", "--campaign", "2026春", "--json").json
    assert again["added"] == 0
    assert again["obligations"] == again["contracts"] + again["waiting"]
    assert again["contracts"] == sum(again["by_template"].values()) == town.printed.json["contracts"]
    assert again["waiting"] > 0
    assert len(again["by_template"]) == 6


def test_the_first_plan_fixes_date_and_close(town: Town) -> None:
    for option, value in (("--date", "2026-03-02"), ("--closes", "2026-04-30")):
        answer = huyue("--home", town.home, "plan", "--campaign", "2026春", option, value, "--json")
        assert (answer.status, answer.json["error"]["code"]) == (2, "campaign_date_fixed")
    assert huyue("--home", town.home, "plan", "--campaign", "2026春", "--closes", "2026-03-31").status == 0
    answer = huyue("--home", town.home, "plan", "--campaign", "新的", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "campaign_date_missing")


def test_a_fresh_home_numbers_alike_and_villages_one_by_one_too(tmp_path: Path) -> None:
    file = tmp_path / "花名册.xlsx"
    write_town(file, Divisions.shipped(), households=40, seed=9)
    found = []
    for name in ("一", "二"):
        home = tmp_path / name
        huyue("init", home)
        huyue("--home", home, "roster", "import", file)
        with open_home(home, None).reading() as connection:
            villages = sorted(set(connection.execute(select(tables.household.c.village_code)).scalars()))
        if name == "二":
            for village in reversed(villages):
                args = ("--campaign", "春", "--date", "2026-03-01", "--village", village)
                assert huyue("--home", home, "plan", *args).status == 0
        total = huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", "--json").json
        with open_home(home, None).reading() as connection:
            rows = connection.execute(
                select(tables.contract.c.number, tables.contract.c.content).order_by(tables.contract.c.number)
            ).all()
        found.append((total["contracts"], total["waiting"], [tuple(row) for row in rows]))
    assert found[0] == found[1]
    assert found[0][0] > 60


def test_serials_follow_household_and_identity_number(town: Town) -> None:
    with open_home(town.home, None).reading() as connection:
        rows = connection.execute(
            select(tables.contract, tables.party.c.id_number)
            .join(tables.party, tables.party.c.contract == tables.contract.c.number)
            .where(tables.party.c.position == 0)
            .order_by(tables.contract.c.number)
        ).all()
    last: dict[str, tuple[int, int, str]] = {}
    for row in rows:
        key = (row.group_no, int(row.household_number), row.id_number)
        series = row.number[:20]
        assert last.get(series, (0, 0, "")) < key
        last[series] = key


def test_who_is_put_right_gets_the_next_number_and_nobody_elses_changes(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home, rows = new_home(), family()
    rows.append(line("罗甲", "户主", "45122519600101001", number="2"))
    right = rows[0][8]
    rows[0][8] = right[:-2]
    huyue("--home", home, "roster", "import", roster(tmp_path / "一.xlsx", rows))
    plan = ("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", "--json")
    first = huyue(*plan).json
    assert first["by_template"] | {"x": first["waiting"]} == first["by_template"] | {"x": 3}
    with open_home(home, None).reading() as connection:
        before = connection.execute(select(tables.contract.c.number)).scalars().all()
    rows[0][8] = right
    huyue("--home", home, "roster", "import", roster(tmp_path / "二.xlsx", rows))
    second = huyue(*plan).json
    assert (second["added"], second["waiting"]) == (3, 0)
    with open_home(home, None).reading() as connection:
        after = connection.execute(select(tables.contract.c.number)).scalars().all()
    assert set(before) < set(after)
    assert "451225100201-2026-01-000002" in {number[:-2] for number in after} - {
        number[:-2] for number in before
    }


def test_newly_married_couples_get_their_clause_from_last_years_roster(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home, last = new_home(), family()
    for row in last[:2]:
        row[9] = "未婚"
    older = [[*row[:9], "已婚", *row[10:]] for row in last]
    huyue("--home", home, "roster", "import", roster(tmp_path / "年初.xlsx", older, "2025年花名册"))
    huyue("--home", home, "roster", "import", roster(tmp_path / "去年.xlsx", last, "2025年花名册"))
    huyue("--home", home, "roster", "import", roster(tmp_path / "今年.xlsx", family(), "2026年花名册"))
    huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01")
    with open_home(home, None).reading() as connection:
        where = tables.contract.c.template == "family_planning"
        content = connection.execute(select(tables.contract.c.content).where(where)).scalar_one()
    assert json.loads(content)[2] == ["newly_married"]


def test_planning_without_a_roster_says_what_to_do(new_home: Callable[[], Path]) -> None:
    answer = huyue("--home", new_home(), "plan", "--campaign", "春", "--date", "2026-03-01", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "nothing_to_plan")


def test_a_name_that_no_font_has_stops_that_one_contract_only(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home, rows = new_home(), family()
    rows[0][4] = "韦\U00033400样"  # a character of Unicode 17 that no font has yet
    huyue("--home", home, "roster", "import", roster(tmp_path / "一.xlsx", rows))
    planned = huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", "--json").json
    answer = huyue("--home", home, "print", "--campaign", "春", "--out", tmp_path / "o", "--json")
    assert answer.status == 1
    assert 0 < answer.json["contracts"] < planned["contracts"]
    assert "没有打印 451225100201-2026-" in answer.err


@pytest.mark.parametrize("length", [14, 30, 70] if FULL else [70])
def test_a_long_value_is_condensed_or_laid_out_for_itself_but_never_cut(
    new_home: Callable[[], Path], tmp_path: Path, length: int
) -> None:
    home, rows = new_home(), family()
    rows[0][10] = "广" * length
    huyue("--home", home, "roster", "import", roster(tmp_path / "一.xlsx", rows))
    huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01")
    answer = huyue("--home", home, "print", "--campaign", "春", "--out", tmp_path / "o")
    assert answer.status == 0, answer.err
    assert ("加宽了格子" in answer.out) is (length > 40)
    document = pdfium.PdfDocument(tmp_path / "o" / "451225100201" / "print.pdf")
    text = "".join("".join(page.get_textpage().get_text_range().split()) for page in document)
    assert "广" * length in text
    assert "广" * (length + 1) not in text
    shutil.rmtree(tmp_path / "o")


def test_who_was_married_in_last_years_newest_roster_is_not_newly_married(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home, older = new_home(), [[*row[:9], "未婚", *row[10:]] for row in family()]
    huyue("--home", home, "roster", "import", roster(tmp_path / "年初.xlsx", older, "2025年花名册"))
    huyue("--home", home, "roster", "import", roster(tmp_path / "年底.xlsx", family(), "2025年花名册"))
    huyue("--home", home, "roster", "import", roster(tmp_path / "今年.xlsx", family(), "2026年花名册"))
    huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01")
    with open_home(home, None).reading() as connection:
        where = tables.contract.c.template == "family_planning"
        content = connection.execute(select(tables.contract.c.content).where(where)).scalar_one()
    assert json.loads(content)[2] == []


def test_a_person_put_into_another_village_by_mistake_and_taken_out_again_is_still_there(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home = new_home()
    other = line("潘远", "户主", "45122519700101003", village="凤凰社区")
    wrong = line("韦样", "户主", "45122519880512001", village="凤凰社区", number="2")
    for name, rows in (("一", family()), ("二", [other, wrong]), ("三", [other])):
        huyue("--home", home, "roster", "import", roster(tmp_path / f"{name}.xlsx", rows))
    planned = huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", "--json").json
    assert planned["by_template"]["household_responsibility"] == 2
    assert planned["by_template"]["pension_insurance"] == 1


def test_households_of_groups_that_cannot_be_read_stay_apart_and_wait(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home = new_home()
    rows = [line("韦甲", "户主", "45122519880512001"), line("韦乙", "户主", "45122519900321001")]
    rows[0][1], rows[1][1] = "上屯", "下屯"
    answer = huyue("--home", home, "roster", "import", roster(tmp_path / "一.xlsx", rows), "--json")
    assert (answer.status, answer.json["held"]) == (1, 2)
    planned = huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01", "--json").json
    assert (planned["contracts"], planned["waiting"]) == (0, 2)


def test_a_value_longer_than_a_page_stops_that_contract_and_says_so(
    new_home: Callable[[], Path], tmp_path: Path
) -> None:
    home, rows = new_home(), family()
    rows[0][10] = "广东省佛山市"
    huyue("--home", home, "roster", "import", roster(tmp_path / "一.xlsx", rows))
    with open_home(home, None).writing() as connection:  # a roster read before cells had a limit
        connection.execute(update(tables.person).values(away_to="广东省佛山市" * 250))
    huyue("--home", home, "plan", "--campaign", "春", "--date", "2026-03-01")
    answer = huyue("--home", home, "print", "--campaign", "春", "--out", tmp_path / "o", "--json")
    assert (answer.status, answer.json["contracts"]) == (1, 4)
    assert "文字太长" in answer.err


@pytest.mark.parametrize("name", ["春🎉", "", " ", "春" * 41])
def test_a_campaign_name_that_cannot_be_printed_is_refused(town: Town, name: str) -> None:
    answer = huyue("--home", town.home, "plan", "--campaign", name, "--date", "2026-03-01", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "campaign_name_bad")
