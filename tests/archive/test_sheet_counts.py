"""Where a contract's printed sheets are on a date: filed, pulled, out; and that the numbers always add up."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, insert, update

from archive.catalogue import tables
from archive.sheet_counts import Count, count_sheets, sheets_out
from tests.archive.test_states import (
    FILED,
    OLD,
    SPRING,
    UNSIGNED,
    VILLAGE,
    A,
    B,
    C,
    Paper,
    closed,
    keep,
)

APRIL, MAY, JUNE = "2026-04-01", "2026-05-01", "2026-06-01"
PART = replace(OLD, filings=((APRIL, 1, "incomplete"),))


def pulled(filed: int = 0, **kinds: int) -> Count:
    return Count(contracts=1, sheets=2, filed=filed, pulled=kinds)


OUT = Count(contracts=1, sheets=2, out=2, short=1)
IN = Count(contracts=1, sheets=2, filed=2)
# A contract of two sheets, the date asked about, and what is counted of it.
CASES: list[tuple[str, Paper, str, Count]] = [
    ("not planned yet", OLD, "2026-02-28", Count()),
    ("planned, never printed", replace(OLD, printed=None), MAY, Count(unprinted=1)),
    ("printed tomorrow", OLD, "2026-03-04", Count(unprinted=1)),
    ("printed", OLD, "2026-03-05", OUT),
    ("filed", FILED, APRIL, IN),
    ("filed tomorrow", FILED, "2026-03-31", OUT),
    ("a box empty, every sheet filed", UNSIGNED, APRIL, IN),
    ("one sheet filed", PART, APRIL, Count(contracts=1, sheets=2, filed=1, out=1, short=1)),
    (
        "filed whole on one sheet, printed again on two",
        replace(OLD, filings=((APRIL, 1, ""),)),
        MAY,
        Count(1, 0, 1, 1),
    ),
    (
        "two sheets of three filed, printed again on two",
        replace(OLD, filings=((APRIL, 2, "incomplete"),)),
        MAY,
        Count(1, 0, 3, 2, {}, 1, 1),
    ),
    ("all taken back", replace(OLD, filings=((APRIL, 2, ""), (MAY, 0, "incomplete"))), MAY, OUT),
    ("printed but not marked so, back", replace(FILED, printed=None), APRIL, IN),
    ("void", closed(OLD, ("void", APRIL)), APRIL, pulled(void=2)),
    ("void tomorrow", closed(OLD, ("void", APRIL)), "2026-03-31", OUT),
    ("declined", closed(OLD, ("declined", APRIL)), MAY, pulled(declined=2)),
    ("withdrawn after it was filed", closed(FILED, ("withdrawn", MAY)), MAY, pulled(filed=2)),
    ("one sheet filed, then moved", closed(PART, ("moved", MAY)), MAY, pulled(filed=1, moved=1)),
    ("died, recorded later", closed(OLD, ("died", APRIL), known=MAY), "2026-04-30", OUT),
    ("moved from June on", closed(OLD, ("moved", JUNE), known=MAY), MAY, OUT),
    ("moved, then void", closed(OLD, ("moved", APRIL), ("void", MAY)), MAY, pulled(void=2)),
    ("void, then moved", closed(OLD, ("void", APRIL), ("moved", MAY)), MAY, pulled(void=2)),
    ("moved, then died", closed(OLD, ("moved", APRIL), ("died", MAY)), MAY, pulled(died=2)),
    ("void, never printed", closed(replace(OLD, printed=None), ("void", APRIL)), MAY, Count()),
]


@pytest.mark.parametrize(
    ("paper", "on", "count"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_every_sheet_is_filed_pulled_or_out(
    connection: Connection, paper: Paper, on: str, count: Count
) -> None:
    keep(connection, paper)
    found = count_sheets(connection, SPRING, on)
    assert found.total == count
    total = found.total
    assert total.sheets == total.filed + sum(total.pulled.values()) + total.out
    assert sum(found.templates.values(), Count()) == count
    short = [one.number for one in sheets_out(connection, SPRING, on)]
    assert short == ([A] if count.out else [])


def test_one_sheet_of_a_contract_that_was_never_marked_printed_leaves_one_out_at_least(
    connection: Connection,
) -> None:
    keep(connection, replace(PART, printed=None))
    connection.execute(update(tables.contract).values(sheets=None))
    assert count_sheets(connection, SPRING, MAY).total == Count(1, 0, 2, 1, {}, 1, 1)


def test_the_list_of_what_is_out_names_the_sheets_and_whoever_signs(connection: Connection) -> None:
    couple = replace(PART, number=B, key="1+2", party="覃小明、韦样")
    keep(connection, OLD, couple, replace(closed(OLD, ("declined", APRIL)), number=C, key="3"))
    filing = connection.execute(tables.filing.select()).one()
    file = {"id": 1, "name": "一.pdf", "sha256": "0", "size": 1, "pages": 1, "code": "", "taken_on": APRIL}
    connection.execute(insert(tables.scan_file).values(file))
    page = {"id": 1, "file_id": 1, "index": 0, "outcome": "filed", "contract": B, "sheet": 1}
    connection.execute(insert(tables.scan_page).values(page))
    sheet = {
        "filing_id": filing.id,
        "sheet": 1,
        "position": 1,
        "page_id": 1,
        "layout": "",
        "residual": 0,
        "boxes": "[]",
    }
    connection.execute(insert(tables.filed_sheet).values(sheet))
    found = [(one.number, one.party, one.sheets) for one in sheets_out(connection, SPRING, MAY)]
    assert found == [(A, "覃小明", (1, 2)), (B, "覃小明、韦样", (2,))]
    total = count_sheets(connection, SPRING, MAY)
    assert total.villages == {VILLAGE: Count(3, 0, 6, 1, {"declined": 2}, 3, 2)}


def test_pages_that_wait_in_review_count_for_their_contracts_village(connection: Connection) -> None:
    keep(connection, FILED)
    blob = {"name": "b", "wrapped": b"", "size": 1, "added_on": APRIL}
    connection.execute(insert(tables.blob).values(blob))
    file = {"id": 1, "name": "一.pdf", "sha256": "0", "size": 1, "pages": 3, "code": "", "taken_on": APRIL}
    connection.execute(insert(tables.scan_file).values(file))
    for at, decision in enumerate(("", "", "rejected")):
        page = {"id": at + 1, "file_id": 1, "index": at, "outcome": "review", "contract": A, "sheet": 1}
        connection.execute(insert(tables.scan_page).values(page))
        waiting = {"page_id": at + 1, "reason": "conflict", "blob": "b", "contract": A, "sheet": 1}
        connection.execute(insert(tables.review).values(waiting | {"decision": decision}))
    count = count_sheets(connection, SPRING, MAY).total
    assert (count.review, count.out, count.settled) == (2, 0, False)
