"""Lists to work from: they hold what was planted and nobody who declined; what ends is planned from its list."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, insert, select, update

from archive import worklists
from archive.audit.contracts import contracts
from archive.audit.findings import audit
from archive.catalogue import tables
from archive.home import create_home, open_home
from archive.journal import Actor
from tests.archive.test_audit_planted import BEFORE, DATES, YEAR_END
from tests.archive.test_states import FILED, closed, keep
from tests.conftest import Answer, Town, huyue
from tests.main_job.planted_home import FORMULA, Office, planted_office, rows_of, texts_of

TITLES = {"urge": "催办单", "renew": "到期续签名单", "mend": "补签补盖清单", "unfiled": "未归档清单"}
CLASSES: Mapping[str, tuple[str, ...]] = {
    "urge": ("missing",),
    "renew": ("expired", "expiring"),
    "mend": ("unsigned", "unsealed", "undated"),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return planted_office(tmp_path_factory.mktemp("lists"))


def wanted(office: Office, kind: str, day: str) -> set[str]:
    if kind != "unfiled":
        return office.of(day, *CLASSES[kind])
    printed = {
        number
        for number in office.of(day, "missing")
        if (on := office.planted.contracts[number]["printed_on"]) and str(on) <= day
    }
    return printed | office.of(day, "incomplete")


def listed_on(office: Office, kind: str, day: str) -> set[str]:
    with office.home.reading() as connection:
        found = audit(connection, date.fromisoformat(day))
        rows = {
            "urge": lambda: worklists.urge(found),
            "renew": lambda: worklists.renew(found),
            "mend": lambda: worklists.mend(connection, found),
            "unfiled": lambda: worklists.unfiled(connection, found),
        }[kind]()
    assert kind == "mend" or rows.height == rows["number"].n_unique()
    return set(rows["number"])


@pytest.mark.parametrize("kind", TITLES)
def test_a_list_holds_exactly_what_was_planted_on_every_date(office: Office, kind: str) -> None:
    for day in DATES:
        assert listed_on(office, kind, day) == wanted(office, kind, day)


@pytest.fixture(scope="module")
def answers(office: Office) -> dict[str, Answer]:
    """The lists of the year's end as files."""
    return {kind: office.run("worklist", kind, "--out", office.folder / "清单", "--json") for kind in TITLES}


def files(answers: dict[str, Answer], kind: str) -> tuple[list[dict[str, object]], list[str]]:
    """The rows of a list's workbook, and the text of its pages."""
    book, pdf = answers[kind].json["files"]
    return rows_of(Path(book)), texts_of(Path(pdf))


@pytest.mark.parametrize("kind", TITLES)
def test_its_workbook_and_its_pages_hold_the_same_and_add_up(
    office: Office, answers: dict[str, Answer], kind: str
) -> None:
    answer, expected = answers[kind], wanted(office, kind, YEAR_END)
    assert (answer.status, answer.json["contracts"]) == (1, len(expected)), answer.err
    assert sum(one["contracts"] for one in answer.json["villages"]) == len(expected)
    rows, pages = files(answers, kind)
    assert {one["合同编号"] for one in rows} == expected
    sums = rows_of(Path(answer.json["files"][0]), 1)
    assert sum(int(str(one.get("几处", one["份数"]))) for one in sums) == len(rows) == answer.json["rows"]
    for number in expected:
        assert sum(number in text for text in pages) == 1, "on one page"
    assert office.declined not in "".join(pages)


def test_an_empty_list_is_said_and_not_written(office: Office, tmp_path: Path) -> None:
    answer = office.run("worklist", "renew", "--on", "2025-06-01", "--out", tmp_path / "无", "--json")
    assert (answer.status, answer.json["files"]) == (0, []) and not (tmp_path / "无").exists()


def test_each_responsible_person_of_a_village_has_a_page_with_boxes(answers: dict[str, Answer]) -> None:
    rows, pages = files(answers, "urge")
    whose = {(one["村"], one["联户责任人"]) for one in rows}
    assert len(pages) == len(whose)
    for village, name in whose:
        assert sum(f"{village}，联户责任人：{name}，" in text for text in pages) == 1
    assert all(all(label in text for label in ("已送", "已签", "收回", "自愿")) for text in pages)


def test_a_name_like_a_formula_is_text_and_no_identity_number_is_on_a_list(
    office: Office, answers: dict[str, Answer]
) -> None:
    listed, pages = files(answers, "urge")
    rows = {one["合同编号"]: one for one in listed}
    assert rows[office.formula]["当事人"] == FORMULA
    assert any("".join(FORMULA.split()) in text for text in pages)
    assert not [label for label in rows[office.formula] if "证件" in label or "电话" in label]


def test_a_list_to_mend_says_which_box_of_which_page(office: Office, answers: dict[str, Answer]) -> None:
    listed, _ = files(answers, "mend")
    unsigned = [one for one in listed if one["合同编号"] in office.of(YEAR_END, "unsigned")]
    assert unsigned
    for one in unsigned:
        assert (one["第几页"], one["哪一处"], one["怎样"]) == (2, "乙方签名", "认不准")
    assert not [one for one in listed if "单独同意" in str(one["哪一处"])], "nobody is chased for consent"


def test_a_list_can_be_narrowed_and_nothing_is_overwritten(
    office: Office, answers: dict[str, Answer], tmp_path: Path
) -> None:
    row = files(answers, "urge")[0][0]
    village = str(row["合同编号"])[:12]
    more = ("--village", village, "--responsible", str(row["联户责任人"]))
    answer = office.run("worklist", "urge", "--out", tmp_path, *more, "--json")
    assert {one["village"] for one in answer.json["villages"]} == {village}
    assert {one["联户责任人"] for one in rows_of(Path(answer.json["files"][0]))} == {row["联户责任人"]}
    again = office.run("worklist", "urge", "--out", tmp_path, *more)
    assert again.status == 2 and "已经存在" in again.err


def test_changes_of_a_fortnight_are_listed_by_day_but_not_who_declined(office: Office) -> None:
    out = office.folder / "变动"
    answer = office.run("worklist", "changes", "--on", BEFORE, "--out", out, "--json")
    assert answer.status == 0, answer.err
    listed = [
        (str(one["日期"])[:10], one["变动"], one["合同编号"])
        for one in rows_of(Path(answer.json["files"][0]))
    ]
    planted, since = office.planted, "2026-03-27"
    closed = {str(row["contract"]): row["kind"] for kind, row in planted.rows if kind == "closing"}
    expected = [
        (str(row["filed_on"]), "归档（还不齐）" if row["gaps"] else "归档（收齐）", number)
        for number, rows in planted.filings.items()
        for row in rows
        if since < str(row["filed_on"]) <= BEFORE
    ]
    words = {"void": "作废", "moved": "终止：迁出", "died": "终止：去世", "unfit": "终止：条件不再符合"}
    words["withdrawn"] = "终止：当事人撤回"
    expected += [
        ("2026-04-08", words[str(kind)], number) for number, kind in closed.items() if kind != "declined"
    ]
    assert sorted(listed) == sorted(expected)
    assert listed == sorted(listed, key=lambda one: (str(one[2])[:12], one[0])), "by village and day"
    assert "近半月有1份" in texts_of(Path(answer.json["files"][1]))[0]


def test_of_who_declined_no_change_is_listed_also_where_it_was_made_void_since(tmp_path: Path) -> None:
    home = create_home(tmp_path / "库", None, {"45": "广西"}, Actor("甲", date(2026, 3, 1)))
    declined = ("declined", "2026-04-02")
    papers = [FILED, closed(FILED, declined), closed(FILED, declined, ("void", "2026-04-03"))]
    with home.writing() as connection:
        numbered = [replace(one, number=f"{at}", key=f"{at}") for at, one in enumerate(papers)]
        keep(connection, *numbered)
        on = date(2026, 4, 5)
        rows, count = worklists.changes(connection, contracts(connection, on), on)
    filed, void = "归档（收齐）", "作废"
    assert rows.select("number", "event").sort("number", "event").rows() == [
        ("0", filed),
        ("2", void),
        ("2", filed),
    ]
    assert count == 1


def a_list_of(numbers: list[str], path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["到期续签名单"])
    sheet.append(["序号", "合同编号", "何时到期"])
    for number in numbers:
        sheet.append([1, number, "已到期"])
    book.save(path)
    return path


def test_what_ends_is_planned_from_its_list_and_nothing_else(town: Town, tmp_path: Path) -> None:
    home = tmp_path / "库"
    shutil.copytree(town.home, home)
    shutil.copy(town.home.with_name(f"{town.home.name}.key"), tmp_path / "库.key")
    contract = tables.contract
    with open_home(home, None).writing() as connection:
        query = select(contract.c.number).where(contract.c.template == "family_planning")
        numbers = list(connection.execute(query.order_by(contract.c.number).limit(3)).scalars())
        waits = connection.execute(select(func.count()).select_from(tables.waiting)).scalar_one()
        for number in numbers:
            filed = {"contract": number, "version": 1, "filed_on": "2026-03-06", "user": "甲", "sheets": 2}
            connection.execute(insert(tables.filing).values(filed | {"gaps": ""}))
        ended = update(contract).where(contract.c.number.in_(numbers))
        connection.execute(ended.values(ends="2026-04-30"))

    def run(*arguments: str | Path) -> dict[str, Any]:
        answer = huyue("--home", home, *arguments, "--json", today="2026-05-02")
        assert answer.status in (0, 1), answer.err + answer.out
        said: dict[str, Any] = answer.json
        return said

    book = Path(str(run("worklist", "renew", "--out", tmp_path / "名单")["files"][0]))
    assert {one["合同编号"] for one in rows_of(book)} == set(numbers)
    summer = ("plan", "--campaign", "2026夏")
    first = run(*summer, "--date", "2026-05-10", "--from", a_list_of(numbers[:2], tmp_path / "两份.xlsx"))
    assert {name: first[name] for name in ("contracts", "added", "waiting", "listed", "unplanned")} == {
        "contracts": 2, "added": 2, "waiting": 0, "listed": 2, "unplanned": [],
    }  # fmt: skip
    second = run(*summer, "--from", book)
    assert (second["contracts"], second["added"], second["listed"]) == (3, 1, 3)
    with open_home(home, None).reading() as connection:
        keys = select(contract.c.template, contract.c.party_key)
        old = set(connection.execute(keys.where(contract.c.number.in_(numbers))).all())
        new = connection.execute(keys.where(contract.c.planned_on == "2026-05-02")).all()
    assert set(new) == old and len(new) == 3
    whole = run(*summer)
    assert whole["waiting"] == waits > 0
    assert run(*summer, "--from", book)["waiting"] == waits, "what waits beside the list goes on waiting"


def test_a_list_with_a_row_that_means_no_contract_is_refused_whole(office: Office, tmp_path: Path) -> None:
    plan = ("plan", "--campaign", "2026夏", "--date", "2026-06-01", "--json", "--from")
    for typed, said in (("451225100001-2026-01-999999-1", "第3行"), ("张三", "不是合同编号")):
        answer = office.run(*plan, a_list_of([typed], tmp_path / f"{said}.xlsx"))
        assert (answer.status, answer.json["error"]["code"]) == (2, "list_faulty")
        assert said in answer.json["error"]["message"]
    with office.home.reading() as connection:
        campaigns = list(connection.execute(select(tables.campaign.c.name)).scalars())
    assert "2026夏" not in campaigns
