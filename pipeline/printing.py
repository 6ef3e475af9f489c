"""Printing a campaign: a batch a village, by a process pool, with every layout rendered once.

A village is pressed by a worker that only reads the archive. It either writes the whole batch into a folder
beside its place, or says which layouts it lacks: those are rendered together, kept, and the village is
pressed again. The parent puts the folder in its place and marks the contracts printed, village by village,
so that a run that was killed leaves whole batches only, and the same command again makes the rest
(pipeline/print_run.py remembers which are done).
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, Select, func, select

from archive import journal
from archive.catalogue import tables
from archive.home import Home
from archive.journal import Actor
from archive.states import not_closed
from pipeline import libreoffice, pool
from pipeline.campaigns import Campaign
from pipeline.contracts import (
    keep_layouts,
    kept_template,
    mark_printed,
    villages_of,
)
from pipeline.errors import ContractNotThere, FolderNotOurs, NothingToPrint, OutInArchive
from pipeline.layout import Layout, Variant
from pipeline.press import Forms
from pipeline.press_village import Job, Pressed, press_village
from pipeline.print_run import PRINTED, RECORD, PrintRun, Summary
from pipeline.render_layout import render
from pipeline.which import Which

OURS = re.compile(
    r"print\.pdf|print-([2-9]|collated|a3|part-\d+)\.pdf|print\.json|ledger\.xlsx|contracts\.zip", re.ASCII
)
DESK_WORK = Path("desk", "work")  # of an archive
SCRATCH = re.compile(r"\.huyue-(\d{12})(-old)?", re.ASCII)  # what a killed run leaves


@dataclass(slots=True)
class PrintCounts:
    """What a print run did; `stopped` are (contract, why it was left out)."""

    contracts: int = 0
    pages: int = 0
    batches: list[Path] = field(default_factory=list)
    own_layouts: int = 0
    stopped: list[tuple[str, str]] = field(default_factory=list)

    def add(self, village: Summary, batch: Path) -> None:
        """Count a village whose batch is in its place."""
        self.contracts += village.contracts
        self.pages += village.pages
        self.own_layouts += village.own_layouts
        self.stopped += village.stopped
        if village.pages:
            self.batches.append(batch)


def villages_to_print(
    connection: Connection, campaign: Campaign, village: str | None, which: Which, on: date
) -> dict[str, int]:
    """The villages to print, with how many contracts are printed there (of `which` some may be known later).

    Raises NothingToPrint where the campaign has no contract there, ContractNotThere for a number that is none
    of its contracts to print.
    """
    contract = tables.contract
    query = (
        select(contract.c.village_code, func.count())
        .where(contract.c.campaign_id == campaign.id)
        .group_by(contract.c.village_code)
        .order_by(contract.c.village_code)
    )
    if village is not None:
        query = query.where(contract.c.village_code == village)
    if which.numbers:
        query = query.where(contract.c.number.in_(which.numbers), not_closed(on.isoformat()))
    found = {row[0]: row[1] for row in connection.execute(query)}
    if which.numbers and sum(found.values()) < len(which.numbers):
        raise ContractNotThere(name=campaign.name, numbers="、".join(_absent(connection, query, which)))
    if not found:
        raise NothingToPrint(name=campaign.name)
    return found


def _absent(connection: Connection, query: Select[tuple[str, int]], which: Which) -> list[str]:
    number = tables.contract.c.number
    there = set(connection.execute(query.with_only_columns(number).group_by(None).order_by(None)).scalars())
    return [one for one in which.numbers if one not in there]


def check_out(
    home: Home, connection: Connection, campaign: Campaign, out: Path, which: Which, run: PrintRun
) -> None:
    """Raise FolderNotOurs unless `out` is new, empty or holds nothing but this campaign's batches.

    A part of a campaign goes into a new or empty folder, or where the same command was interrupted: it must not
    take the place of the whole. Raises OutInArchive for a folder within the archive's own, but for that in which the
    desk's work is done: what is written there is sealed at once, and goes.
    """
    above = (out.resolve(), *out.resolve().parents)
    if home.folder.resolve() in above and (home.folder / DESK_WORK).resolve() not in above[1:]:
        raise OutInArchive(file=out)
    if not out.exists():
        return
    if not out.is_dir():
        raise FolderNotOurs(file=out, detail="它是一个文件")
    villages = villages_of(connection, campaign.id)
    contract = tables.contract
    for entry in sorted(out.iterdir()):
        if entry.name.startswith(RECORD.stem) or (SCRATCH.fullmatch(entry.name) and entry.is_dir()):
            continue
        if not which.everything and not run.goes_on:
            raise FolderNotOurs(file=out, detail=entry.name)
        number = _first_contract(entry)
        if entry.name not in villages or number is None:
            raise FolderNotOurs(file=out, detail=entry.name)
        ours = select(contract.c.number).where(
            contract.c.number == number,
            contract.c.campaign_id == campaign.id,
            contract.c.village_code == entry.name,
        )
        if number and connection.execute(ours).first() is None:
            raise FolderNotOurs(file=out, detail=entry.name)


def _first_contract(folder: Path) -> str | None:
    """The first contract of a folder that holds a print batch and nothing else, "" for a batch without any.

    None for any other folder.
    """
    if not folder.is_dir():
        return None
    names = {entry.name for entry in folder.iterdir()}
    if not all(OURS.fullmatch(name) for name in names):
        return None
    try:
        pages = json.loads((folder / "print.json").read_text(encoding="utf-8"))["pages"]
        return next((str(page["contract"]) for page in pages if page["contract"]), "")
    except (OSError, ValueError, KeyError, TypeError):
        return None


def print_campaign(
    home: Home,
    campaign: Campaign,
    villages: Mapping[str, int],
    out: Path,
    actor: Actor,
    *,
    forms: Forms,
    which: Which,
    run: PrintRun,
    done: Callable[[int], None],
    say: Callable[[str], None],
) -> PrintCounts:
    """Print the campaign's villages into `out`; `done` is called with the contracts of each, `say` with what goes on.

    Villages that the same command printed before it was interrupted are counted, not printed again, until
    `run.end` is called. The caller holds the archive's lock. Raises LibreOfficeMissing, FontMissing, LayoutFaulty.
    """
    counts = PrintCounts()
    out.mkdir(parents=True, exist_ok=True)
    _clear_scratch(out)
    for village in [village for village in villages if village in run.done]:
        counts.add(run.done[village], out / village)
        done(villages[village])
    renders = libreoffice.find() is not None
    jobs = [
        Job(
            home,
            campaign,
            village,
            (out / f".huyue-{village}").absolute(),
            forms,
            which,
            actor.today,
            renders,
        )
        for village in villages
        if village not in run.done
    ]
    try:
        while jobs:
            lacking: dict[tuple[str, Variant], None] = {}
            again: list[Job] = []
            for job, pressed in zip(
                jobs, pool.ordered(press_village, jobs, min(pool.workers(), len(jobs))), strict=True
            ):
                if pressed.lacking:
                    lacking |= dict.fromkeys(sorted(pressed.lacking, key=repr))
                    again.append(job)
                    continue
                batch = out / job.village
                if pressed.pages:
                    run.begin()
                    _put_in_place(job, batch)
                _record(home, campaign, pressed, actor)
                summary = pressed.summary()
                run.finished(job.village, summary)
                counts.add(summary, batch)
                done(villages[job.village])
            if lacking:
                say(f"排版 {len(lacking)} 种版面（只在第一次需要）……")
                _render_lacking(home, list(lacking))
            jobs = again
    finally:
        _clear_scratch(out)
    counts.batches.sort()
    return counts


def _render_lacking(home: Home, lacking: Sequence[tuple[str, Variant]]) -> None:
    with home.reading() as connection:
        templates = {sha: kept_template(connection, sha) for sha in {sha for sha, _ in lacking}}
    for layouts in _in_tens(render([(templates[sha], variant) for sha, variant in lacking])):
        with home.writing() as connection:
            keep_layouts(connection, layouts)


def _in_tens(layouts: Iterator[Layout]) -> Iterator[list[Layout]]:
    held: list[Layout] = []
    for layout in layouts:
        held.append(layout)
        if len(held) == 10:
            yield held
            held = []
    if held:
        yield held


def _clear_scratch(out: Path) -> None:
    """Remove what a killed run left; an old batch whose new one did not come takes its place again."""
    for entry in list(out.iterdir()):
        found = SCRATCH.fullmatch(entry.name)
        if found is None or not entry.is_dir():
            continue
        if found[2] and not (out / found[1]).exists():
            entry.rename(out / found[1])
        else:
            shutil.rmtree(entry)


def _put_in_place(job: Job, place: Path) -> None:
    """Put a finished batch where the old one was, whole."""
    if place.exists():
        old = job.folder.with_name(job.folder.name + "-old")
        place.rename(old)
        job.folder.rename(place)
        shutil.rmtree(old)
    else:
        job.folder.rename(place)


def _record(home: Home, campaign: Campaign, pressed: Pressed, actor: Actor) -> None:
    if not pressed.pages:
        return
    with home.writing() as connection:
        keep_layouts(connection, pressed.shipped)
        first = mark_printed(connection, pressed.printed, actor.today)
        detail = {
            "campaign": campaign.name,
            "contracts": len(pressed.printed),
            "first": first,
            "pages": pressed.pages,
        }
        journal.record(connection, actor, PRINTED, pressed.village, detail)
