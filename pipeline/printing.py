"""Printing a campaign: a batch a village, by a process pool, with every layout rendered once.

A village is pressed by a worker that only reads the archive. It either writes the whole batch into a folder
beside its place, or says which layouts it lacks: those are rendered together, kept, and the village is
pressed again. The parent puts the folder in its place and marks the contracts printed, village by village,
so that a run that was killed leaves whole batches only, and the same command again makes the rest.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select

from archive import journal
from archive.catalogue import tables
from archive.errors import FolderNotOurs, NothingToPrint
from archive.home import Home, code_key
from archive.journal import Actor
from archive.search import Names
from pipeline import pool, press
from pipeline.campaigns import Campaign
from pipeline.contracts import (
    Printable,
    Printed,
    keep_layouts,
    kept_layout,
    kept_template,
    mark_printed,
    printables,
    villages_of,
)
from pipeline.cover import BatchFacts
from pipeline.layout import Layout, Variant
from pipeline.planning import divisions_of
from pipeline.press import Batch
from pipeline.render_layout import render
from pipeline.responsibles import responsibles_of
from pipeline.template import Template

OURS = re.compile(
    r"print\.pdf|print-([2-9]|collated|a3|part-\d+)\.pdf|print\.json|ledger\.xlsx|contracts\.zip", re.ASCII
)
SCRATCH = re.compile(r"\.huyue-(\d{12})(-old)?", re.ASCII)  # what a killed run leaves
GLYPHS = "{}没有一种字体有。请安装含这些字的字体（如 fonts-hanazono、fonts-babelstone-han）后重新打印。"
TOO_LONG = "文字太长，一页放不下（{}）。请在花名册里缩短，或在合同模板里加宽空格。"


@dataclass(frozen=True, slots=True)
class Job:
    """One village's batch, as a worker gets it; `folder` is empty and beside the batch's place."""

    home: Home
    campaign: Campaign
    village: str
    folder: Path
    copies: int
    docx: bool
    on: date


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of a job: a batch, or the layouts it lacks as (template sha256, variant)."""

    village: str
    printed: tuple[Printed, ...] = ()
    pages: int = 0
    own_layouts: int = 0
    stopped: tuple[tuple[str, str], ...] = ()
    lacking: frozenset[tuple[str, Variant]] = frozenset()


@dataclass(slots=True)
class PrintCounts:
    """What a print run did; `stopped` are (contract, why it was left out)."""

    contracts: int = 0
    pages: int = 0
    batches: list[Path] = field(default_factory=list)
    own_layouts: int = 0
    stopped: list[tuple[str, str]] = field(default_factory=list)


def villages_to_print(connection: Connection, campaign: Campaign, village: str | None) -> list[str]:
    """The villages to print. Raises NothingToPrint where the campaign has no contract there."""
    found = [code for code in villages_of(connection, campaign.id) if village in (None, code)]
    if not found:
        raise NothingToPrint(name=campaign.name)
    return found


def check_out(connection: Connection, campaign: Campaign, out: Path) -> None:
    """Raise FolderNotOurs unless `out` is new, empty or holds nothing but this campaign's batches."""
    if not out.exists():
        return
    if not out.is_dir():
        raise FolderNotOurs(file=out, detail="它是一个文件")
    villages = villages_of(connection, campaign.id)
    contract = tables.contract
    for entry in sorted(out.iterdir()):
        if SCRATCH.fullmatch(entry.name) and entry.is_dir():
            continue
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
    villages: Sequence[str],
    out: Path,
    actor: Actor,
    *,
    copies: int,
    docx: bool,
    done: Callable[[], None],
    say: Callable[[str], None],
) -> PrintCounts:
    """Print the campaign's villages into `out`; `done` is called after each, `say` with what goes on.

    The caller holds the archive's lock. Raises LibreOfficeMissing, FontMissing, LayoutFaulty.
    """
    counts = PrintCounts()
    out.mkdir(parents=True, exist_ok=True)
    _clear_scratch(out)
    jobs = [
        Job(home, campaign, village, (out / f".huyue-{village}").absolute(), copies, docx, actor.today)
        for village in villages
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
                _put_in_place(job, out / job.village)
                _record(home, campaign, pressed, actor)
                counts.contracts += len(pressed.printed)
                counts.pages += pressed.pages
                counts.batches.append(out / job.village)
                counts.own_layouts += pressed.own_layouts
                counts.stopped += pressed.stopped
                done()
            if lacking:
                say(f"排版 {len(lacking)} 种版面（只在第一次需要）……")
                _render_lacking(home, list(lacking))
            jobs = again
    finally:
        _clear_scratch(out)
    counts.batches.sort()
    return counts


def press_village(job: Job) -> Pressed:
    """In a worker: write one village's batch into the job's folder, or say which layouts are lacking."""
    with job.home.reading() as connection:
        contracts = printables(connection, job.campaign.id, job.village, job.on)
        templates = {
            sha: kept_template(connection, sha) for sha in sorted({one.template_sha256 for one in contracts})
        }
        find = partial(_find_layout, connection, templates, {})
        wanted: list[tuple[Printable, Variant, Layout]] = []
        lacking: set[tuple[str, Variant]] = set()
        for one in contracts:
            variant = press.variant_of(one)
            base = find(one, variant)
            if base is None:
                lacking.add((one.template_sha256, variant))
            else:
                wanted.append((one, variant, base))
        if lacking:
            return Pressed(job.village, lacking=frozenset(lacking))
        ready: list[tuple[Printable, Layout]] = []
        stopped: list[tuple[str, str]] = []
        own: set[Variant] = set()
        for one, variant, layout in wanted:
            absent = press.unprintable(one, layout)
            if absent:
                said = "、".join(f"“{value}”里的“{characters}”" for value, characters in absent.items())
                stopped.append((one.number, GLYPHS.format(said)))
                continue
            small, used = press.too_small(one, layout), layout
            if small:
                wider = press.widened(one, variant, small)
                found = find(one, wider)
                if found is None:
                    lacking.add((one.template_sha256, wider))
                    continue
                own.add(wider)
                small, used = press.too_small(one, found), found
            cut = dict.fromkeys([*(place.name for place in small), *press.cut_by_a_page(used)])
            if cut:
                stopped.append((one.number, TOO_LONG.format("、".join(cut))))
                continue
            ready.append((one, used))
        if lacking:
            return Pressed(job.village, lacking=frozenset(lacking))
        place = Names(divisions_of(connection).names, {}).village(job.village)
        campaign = job.campaign
        charge = responsibles_of(connection, job.village, campaign.day.year)
        facts = BatchFacts(job.village, place, campaign.name, campaign.day, campaign.closes)
        batch = Batch(facts, ready, templates, code_key(connection), charge)
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir()
    pages = press.write_batch(job.folder, batch, copies=job.copies, docx=job.docx)
    printed = tuple(Printed(one.number, layout.id, len(layout.sheets)) for one, layout in ready)
    return Pressed(job.village, printed, pages, len(own), tuple(stopped))


def _find_layout(
    connection: Connection,
    templates: dict[str, Template],
    seen: dict[str, Layout],
    contract: Printable,
    variant: Variant,
) -> Layout | None:
    """The layout of a contract's variant, from the catalogue once and from `seen` after that."""
    key = variant.key(templates[contract.template_sha256].sha256)
    if key not in seen:
        found = kept_layout(connection, key)
        if found is None:
            return None
        seen[key] = found
    return seen[key]


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
    with home.writing() as connection:
        first = mark_printed(connection, pressed.printed, actor.today)
        detail = {
            "campaign": campaign.name,
            "contracts": len(pressed.printed),
            "first": first,
            "pages": pressed.pages,
        }
        journal.record(connection, actor, "print", pressed.village, detail)
