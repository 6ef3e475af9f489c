"""Ledgers: every contract in one place, nobody who declined in any list, sums that are the lists' lengths."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from archive.audit.classes import CHINESE, Class
from archive.audit.findings import audit
from archive.catalogue import tables
from archive.catalogue.shelf_tables import archival_number, disposal, disposal_item, paper
from archive.ledgers.corrections import corrected
from tests.archive.test_audit_planted import YEAR_END
from tests.main_job.planted_home import FORMULA, Office, planted_office, rows_of, texts_of

LEDGERS = ("signing", "transfers", "corrections", "cards", "returns", "catalogue")
SHELF = "J012-WS·2026-D30-DMZ"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The archive, with a paper filed by hand, an archival number, and a contract that was destroyed."""
    office = planted_office(tmp_path_factory.mktemp("ledgers"))
    with office.home.writing() as connection:
        number = destroyed(office)
        shelf = {
            "series": SHELF,
            "item": 7,
            "contract": office.formula,
            "given_on": "2026-06-01",
            "user": "甲",
        }
        connection.execute(insert(archival_number).values(shelf))
        done = {
            "id": 1,
            "proposed_on": "2026-09-01",
            "proposed_by": "甲",
            "reason": "期满",
            "decision": "approved",
        }
        done |= {"decided_on": "2026-09-02", "decided_by": "乙", "destroyed_on": "2026-09-03"}
        connection.execute(insert(disposal).values(done))
        connection.execute(insert(disposal_item).values(disposal_id=1, position=0, contract=number))
        connection.execute(delete(tables.party).where(tables.party.c.contract == number))
        by_hand = {
            "number": 1,
            "version": 1,
            "kind": "旧合同",
            "title": FORMULA,
            "own_number": "",
            "day": "2009",
        }
        by_hand |= {"division": number[:12], "group_no": 1, "household_number": "老户", "party": "韦某"}
        by_hand |= {"responsible": "", "retention": "D30", "words": "", "reason": "", "user": "丙"}
        connection.execute(insert(paper).values(by_hand | {"filed_on": "2026-05-05"}))
    return office


def destroyed(office: Office) -> str:
    """A sound contract of 2026 in which nothing was planted."""
    busy = {one[1] for one in office.planted.expected} | {
        str(row["contract"]) for _, row in office.planted.rows
    }
    return next(
        number
        for number, row in office.planted.contracts.items()
        if number not in busy
        and row["campaign_id"] == 2
        and len(office.planted.filings[number]) == 1
        and office.planted.filings[number][0]["filed_on"] == "2026-04-01"
    )


@pytest.fixture(scope="module")
def written(office: Office) -> dict[str, list[Path]]:
    """The files of every ledger."""
    found = {}
    for kind in LEDGERS:
        answer = office.run("ledger", kind, "--out", office.folder / "台账", "--json")
        assert answer.status == 0, answer.err
        found[kind] = [Path(file) for file in answer.json["files"]]
        assert answer.json["rows"] == sum(
            len(rows_of(file)) for file in found[kind] if file.suffix == ".xlsx"
        )
    return found


def of_year(office: Office) -> set[str]:
    return {number for number, row in office.planted.contracts.items() if row["campaign_id"] == 2}


def closed(office: Office, *kinds: str) -> set[str]:
    return {
        str(row["contract"])
        for kind, row in office.planted.rows
        if kind == "closing" and row["kind"] in kinds
    }


def test_every_contract_of_the_year_is_in_the_signing_ledger_once_and_declined_ones_only_in_sums(
    office: Office, written: dict[str, list[Path]]
) -> None:
    (book,) = written["signing"]
    rows, sums = rows_of(book), rows_of(book, 1)
    assert sorted(str(one["合同编号"]) for one in rows) == sorted(of_year(office) - {office.declined})
    assert sum(int(str(one["安排"])) for one in sums) == len(of_year(office))
    assert sum(int(str(one["未签（自愿）"])) for one in sums) == 1
    assert sum(int(str(one["作废"])) for one in sums) == len(closed(office, "void"))
    assert sum(int(str(one["收齐"])) for one in sums) == sum(one["收齐"] is not None for one in rows)
    row = next(one for one in rows if one["合同编号"] == office.formula)
    assert (row["当事人"], row["档号"]) == (FORMULA, f"{SHELF}-0007")


def test_what_came_in_and_what_left_is_in_the_register_with_days_beyond_the_limit(
    office: Office, written: dict[str, list[Path]]
) -> None:
    rows = rows_of(written["transfers"][0])
    came = {
        number: min(str(row["filed_on"]) for row in filings)
        for number, filings in office.planted.filings.items()
        if filings and number != office.declined
    }
    listed = {str(one["编号"]): one for one in rows if one["事由"] == "收件归档"}
    assert set(listed) == {number for number, day in came.items() if day.startswith("2026")}
    limit = date(2026, 4, 15)
    for number, one in listed.items():
        days = (date.fromisoformat(came[number]) - limit).days
        late = days if office.planted.contracts[number]["campaign_id"] == 2 else days + 365
        assert one["超期（天）"] == (late if late > 0 else None), number
    others = [
        (one["入退"], one["事由"], one["编号"], str(one["登记日期"])[:10], one["经办人"])
        for one in rows
        if one["事由"] != "收件归档"
    ]
    assert sorted(others) == sorted(
        [
            ("入档", "手工归档", "手工归档 1 号", "2026-05-05", "丙"),
            ("退档", "鉴定销毁", destroyed(office), "2026-09-03", "乙"),
            *(("退档", "迁出", number, "2026-04-08", "甲") for number in closed(office, "moved")),
        ]
    )
    assert sum(int(str(one["份数"])) for one in rows_of(written["transfers"][0], 1)) == len(rows)


def test_the_detailed_ledger_has_what_is_open_and_what_was_corrected_and_when(
    office: Office, written: dict[str, list[Path]]
) -> None:
    rows = rows_of(written["corrections"][0])
    names = {said: cls for cls, said in CHINESE.items()}
    open_ = {(names[str(one["问题"])], one["合同编号"]) for one in rows if one["情况"] != "已改正"}
    assert open_ == {(Class(cls), number) for cls, number, _ in office.planted.on(YEAR_END)}
    done = {
        (
            str(names[str(one["问题"])]),
            str(one["合同编号"]),
            str(one["自何时起"])[:10],
            str(one["改正日期"])[:10],
        )
        for one in rows
        if one["情况"] == "已改正"
    }
    ends = {  # what was planted to be found no longer after a day, and not because its term ran on
        (cls, number, since, str(date.fromordinal(date.fromisoformat(last).toordinal() + 1)))
        for cls, number, since, _, last in office.planted.expected
        if last < YEAR_END and cls not in ("expiring", "expired")
    }
    in_time = {one for one in ends if one[0] == "missing" and one[3] <= "2026-04-15"}
    assert done == ends - in_time
    assert len(rows) == len(open_) + len(done)


def test_nothing_is_corrected_before_it_was(office: Office) -> None:
    with office.home.reading() as connection:
        found = audit(connection, date(2026, 5, 31))
        assert {str(one) for one in corrected(connection, found)["corrected_on"]} == {"2026-05-12"}


def test_a_household_has_a_page_with_all_its_papers(office: Office, written: dict[str, list[Path]]) -> None:
    book, pdf = written["cards"]
    rows, pages = rows_of(book), texts_of(pdf)
    shown = set(office.planted.contracts) - closed(office, "void", "declined") - {destroyed(office)}
    assert sorted(str(one["编号"]) for one in rows) == sorted([*shown, "手工归档 1 号"])
    homes = {(one["村"], one["组"], one["户编号"]) for one in rows}
    assert len(pages) == len(homes)
    assert sum("老户户" in page and FORMULA.replace(" ", "") in page for page in pages) == 1
    assert sum(f"{SHELF}-0007" in page for page in pages) == 1
    assert not any(office.declined in page for page in pages)


def test_what_was_printed_came_back_or_is_accounted_for(
    office: Office, written: dict[str, list[Path]]
) -> None:
    batches, days = rows_of(written["returns"][0]), rows_of(written["returns"][0], 1)
    for one in batches:
        parts = ("收回", "未签（自愿）", "作废、终止未收", "没有收回", "空白合同")
        assert sum(int(str(one[part])) for part in parts) == one["已打印"]
        back = [row["收回（份）"] for row in days if (row["村"], row["批次"]) == (one["村"], one["批次"])]
        assert sum(map(int, map(str, back))) == one["收回"]
    assert sum(int(str(one["没有收回"])) for one in batches) == 3, (
        "of four that are missing one was not printed"
    )
    assert {row["收件人"] for row in days} == {"甲"}


def test_the_catalogue_is_the_one_that_packages_have(office: Office, written: dict[str, list[Path]]) -> None:
    listed = {one["编号"] for one in rows_of(written["catalogue"][0])}
    filed = {number for number, filings in office.planted.filings.items() if filings}
    assert listed == {number for number in filed if number[13:17] == "2026"}


def test_a_village_alone_and_nothing_overwritten(office: Office, tmp_path: Path) -> None:
    village = next(iter(office.planted.contracts))[:12]
    for kind in LEDGERS:
        out = tmp_path / kind
        answer = office.run("ledger", kind, "--village", village, "--out", out, "--json")
        for file in answer.json["files"]:
            if file.endswith(".xlsx"):
                assert {str(one.get("村")) for one in rows_of(Path(file))} <= {f"东门镇{village}"}
    again = office.run("ledger", "signing", "--out", tmp_path / "signing", "--village", village)
    assert again.status == 2 and "已经存在" in again.err
    assert (
        office.run("ledger", "signing", "--out", tmp_path, "--village", village, "--town", "东门镇").status
        == 2
    )
