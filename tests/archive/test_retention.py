"""What is due for appraisal: the year after all is done, and ten or thirty more; never what is kept for ever."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Connection, update

from archive.catalogue import tables
from archive.home import Home
from archive.retention import due_papers
from tests.archive.papers import call, made_archive
from tests.archive.test_states import FILED, OLD, A, Paper, closed, keep

LONG_AGO = replace(FILED, ends="2026-12-31")


@pytest.mark.parametrize(
    ("paper", "retention", "due"),
    [
        (LONG_AGO, "D10", "2037-01-01"),
        (LONG_AGO, "D30", "2057-01-01"),
        (LONG_AGO, "Y", None),
        (OLD, "D10", None),
        (replace(FILED, ends=None), "D10", None),
        (closed(replace(FILED, ends=None), ("moved", "2027-02-03")), "D10", "2038-01-01"),
        (closed(LONG_AGO, ("withdrawn", "2026-05-06")), "D10", "2037-01-01"),
        (closed(LONG_AGO, ("died", "2027-01-01")), "D10", "2038-01-01"),
        (replace(LONG_AGO, filings=(("2026-04-01", 1, ""), ("2028-01-01", 2, ""))), "D10", "2039-01-01"),
    ],
    ids="ten, thirty, for ever, nothing filed, no end, closed, closed early, closed late, filed late".split(
        ", "
    ),
)
def test_a_paper_is_due_after_its_years_and_not_a_day_before(
    connection: Connection, paper: Paper, retention: str, due: str | None
) -> None:
    keep(connection, paper)
    manifest = f'retention = "{retention}"'.encode()
    connection.execute(update(tables.template).values(manifest=manifest))
    far = [one.due.isoformat() for one in due_papers(connection, date(2199, 1, 1))]
    assert far == ([] if due is None else [due])
    if due is not None:
        day = date.fromisoformat(due)
        assert list(due_papers(connection, date.fromordinal(day.toordinal() - 1))) == []
        (found,) = due_papers(connection, day)
        assert (found.standing.number, found.standing.party, found.retention) == (A, "覃小明", retention)


def test_the_list_is_said_and_exits_with_1(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home: Home = made_archive(tmp_path_factory.mktemp("期满"))
    none = call(monkeypatch, "--json", "--home", home.folder, "retention")
    assert (none.status, none.json) == (0, {"on": "2026-04-05", "contracts": [], "papers": []})
    due = call(monkeypatch, "--json", "--home", home.folder, "retention", "--on", "2038-01-01")
    assert due.status == 1
    assert [one["party"] for one in due.json["contracts"]] == ["覃小明", "韦桂莲"]
    assert due.json["contracts"][0] | {"party": ""} == {
        "contract": A, "archival_number": "", "template": "service", "village": "451225100001", "party": "", "retention": "D10",
        "done_on": "2027-02-28", "due": "2038-01-01",
    }  # fmt: skip
    assert (
        "保管 10 年　2038-01-01 期满"
        in call(monkeypatch, "--home", home.folder, "retention", "--on", "2038-01-01").out
    )
