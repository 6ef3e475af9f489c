"""All contracts at once stand as each stands by itself."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from archive.audit import contracts as columns
from archive.audit.contracts import contracts
from archive.numbers import Number
from archive.states import KINDS, standings
from tests.archive.test_states import VILLAGE, Paper, keep

DAYS = [
    f"{year}-{month:02d}-{day}"
    for year in (2026, 2027, 2028)
    for month in (2, 3, 4, 9)
    for day in ("01", "28")
]
DAY = st.sampled_from(DAYS)
GAPS = st.sampled_from(["", "", "unsigned", "incomplete undated", "unsealed"])


@st.composite
def closing(draw: st.DrawFn, kind: str, planned: str) -> tuple[str, str, str]:
    day, recorded = max(planned, draw(DAY)), max(planned, draw(DAY))
    return kind, min(day, recorded) if kind == "void" else day, recorded


@st.composite
def papers(draw: st.DrawFn) -> list[Paper]:
    """A few contracts of two parties in three campaigns, with all that may happen to them."""
    found: list[Paper] = []
    taken: set[tuple[int, str]] = set()
    for serial in range(1, draw(st.integers(1, 7)) + 1):
        campaign, key = draw(st.sampled_from([1, 2, 3])), draw(st.sampled_from(["a", "b"]))
        if (campaign, key) in taken:
            continue
        taken.add((campaign, key))
        planned = draw(DAY)
        days = sorted(draw(st.lists(DAY, max_size=3)))
        kinds = draw(st.lists(st.sampled_from(list(KINDS)), max_size=2, unique=True))
        found.append(
            Paper(
                number=str(Number(VILLAGE, 2025 + campaign, "01", serial)),
                campaign=campaign,
                planned=planned,
                printed=draw(st.none() | DAY),
                starts=draw(DAY),
                ends=draw(st.none() | DAY),
                filings=tuple((day, draw(st.integers(0, 2)), draw(GAPS)) for day in days),
                closings=tuple(
                    (kind, max(planned, draw(DAY)), "2028-09-28") for kind in kinds if kind != "void"
                ),
                key=key,
                party=draw(st.sampled_from(["覃小明", "覃小明、莫秋月"])),
            )
        )
    return found


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(papers=papers(), on=DAY)
def test_all_together_they_stand_as_each_alone(connection: Connection, papers: list[Paper], on: str) -> None:
    day = date.fromisoformat(on)
    trial = connection.begin_nested()
    try:
        keep(connection, *papers)
        alone = list(standings(connection, day))
        with pytest.MonkeyPatch.context() as patch:  # so that few are several parts
            patch.setattr(columns, "TAKEN", 2)
            patch.setattr(columns, "SHAPED", 2)
            together = contracts(connection, day)
    finally:
        trial.rollback()
    assert [
        (
            one.number,
            one.state,
            one.party,
            one.gaps,
            one.filed_sheets,
            one.filed_on,
            one.complete_on,
            one.successor,
        )
        for one in alone
    ] == [
        (
            *(row["number"], row["state"], row["party"], tuple(row["gaps"].split()), row["filed_sheets"]),
            *(row["filed_on"], row["complete_on"], row["successor"]),
        )
        for row in together.iter_rows(named=True)
    ]
