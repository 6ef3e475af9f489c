"""One contract, all that is known of it: who, what, since when, which sheets and boxes, and how it came so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Row, select

from archive.archival_numbers import numbers_of_contracts
from archive.catalogue import tables
from archive.filings import Box, Filing, Verdict, filing_versions
from archive.papers import papers
from archive.states import standing_of
from pipeline.contracts import kept_template, layout_of_id
from pipeline.people import mask_id
from pipeline.subject_changes import KEPT, RETURNED

CONSENT = "privacy_consent"


@dataclass(frozen=True, slots=True)
class Shown:
    """What `show` says; `value` is its JSON (docs/interfaces.md), `state` in Chinese, `labels` the boxes' by name."""

    value: dict[str, object]
    title: str
    state: str
    labels: Mapping[str, str]
    ticks: int
    filing: Filing | None


def show_contract(connection: Connection, number: str, on: date) -> Shown:
    """A contract as it stands on a date; the number is one that the archive has."""
    contract, party = tables.contract, tables.party
    row = connection.execute(
        select(contract, tables.campaign.c.name.label("campaign"), tables.template.c.version)
        .join(tables.campaign, tables.campaign.c.id == contract.c.campaign_id)
        .join(tables.template, tables.template.c.sha256 == contract.c.template_sha256)
        .where(contract.c.number == number)
    ).one()
    parties = connection.execute(
        select(party.c.name, party.c.id_number).where(party.c.contract == number).order_by(party.c.position)
    ).all()
    day = max(on.isoformat(), row.planned_on)
    standing = standing_of(connection, number, date.fromisoformat(day))
    assert standing is not None  # noqa: S101
    versions = [one for one in filing_versions(connection, number) if one.filed_on <= day]
    filing = versions[-1] if versions else None
    filed = {} if filing is None else {one.sheet: one for one in filing.sheets}
    boxes = [box for one in filed.values() for box in one.boxes]
    value: dict[str, object] = {
        "contract": number,
        "template": row.template,
        "template_version": row.version,
        "campaign": row.campaign,
        "village": row.village_code,
        "parties": [{"name": one.name, "id_number": mask_id(one.id_number)} for one in parties],
        "responsible": row.responsible,
        "start": row.starts,
        "end": row.ends or "",
        "state": str(standing.state),
        "archival_number": numbers_of_contracts(connection, [number]).get(number, ""),
        "destroyed_on": standing.destroyed_on.isoformat() if standing.destroyed_on else "",
        "sheets": [{"sheet": one, "filed": one in filed} for one in range(1, (row.sheets or 0) + 1)],
        "boxes": {box.name: str(box.verdict) for box in boxes if box.kind != "tick"},
        "ticks": {"filled": sum(box.kind == "tick" and box.verdict is Verdict.FILLED for box in boxes)},
        "consent": consent(boxes, _consents(connection, row.layout)),
        "filings": [
            {
                "version": one.version,
                "filed_on": one.filed_on,
                "user": one.user,
                "sheets": [sheet.sheet for sheet in one.sheets],
                "lacking": list(one.gaps),
            }
            for one in versions
        ],
        "papers": [
            {"paper": one.number, "kind": str(one.about.kind), "title": one.about.title, "day": one.about.day}
            for one in papers(connection, contract=number)
        ],
        "history": _history(connection, row, versions, day, standing.destroyed_on),
    }
    manifest = kept_template(connection, row.template_sha256).manifest
    labels = {name: box.label for name, box in manifest.boxes.items()}
    ticks = sum(box.kind == "tick" for box in manifest.boxes.values())
    return Shown(value, manifest.title, standing.words, labels, ticks, filing)


def consent(boxes: list[Box], expected: int) -> bool | None:
    """Whether all who sign consented to the use of sensitive data; None where that is not known."""
    verdicts = [box.verdict for box in boxes if box.name.endswith(CONSENT)]
    if Verdict.EMPTY in verdicts:
        return False
    if not verdicts or Verdict.UNSURE in verdicts or len(verdicts) < expected:
        return None
    return True


def _consents(connection: Connection, layout_id: str | None) -> int:
    """How many boxes for consent a layout has."""
    layout = None if layout_id is None else layout_of_id(connection, layout_id)
    if layout is None:
        return 0
    return sum(box.name.endswith(CONSENT) for sheet in layout.sheets for box in sheet.boxes)


def _history(
    connection: Connection,
    row: Row[tuple[object, ...]],
    versions: list[Filing],
    day: str,
    destroyed_on: date | None,
) -> list[dict[str, object]]:
    """What happened to a contract, by date, as far as it was known on a day."""
    events: list[dict[str, object]] = [{"date": row.planned_on, "event": "planned"}]
    if row.printed_on is not None:
        events.append({"date": row.printed_on, "event": "printed"})
    events += [{"date": one.filed_on, "event": "filed", "version": one.version} for one in versions]
    if row.assigned_on is not None:
        events.append({"date": row.assigned_on, "event": "assigned"})
    closing = tables.closing
    query = select(closing).where(closing.c.contract == row.number).order_by(closing.c.id)
    for closed in connection.execute(query):
        events.append({"date": closed.recorded_on, "event": closed.kind, "from": closed.day})
    change = tables.subject_change
    query = select(change).where(change.c.contract == row.number).order_by(change.c.id)
    for changed in connection.execute(query):
        events.append({"date": changed.day, "event": "subject_changed", "reason": changed.reason})
        answer: dict[str, object] = {"date": changed.decided_on, "event": changed.decision}
        if changed.decision in (KEPT, RETURNED) and answer not in events:
            events.append(answer)
    if destroyed_on is not None:
        events.append({"date": destroyed_on.isoformat(), "event": "destroyed"})
    return sorted((one for one in events if str(one["date"]) <= day), key=lambda one: str(one["date"]))
