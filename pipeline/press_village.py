"""One village's batch: which contracts can be printed, on which layouts, written by a worker.

A worker only reads the archive. A layout that it lacks is the parent's to make (pipeline/printing.py).
"""

import io
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from archive.home import Home, code_key
from archive.numbers import VILLAGE_DIGITS
from archive.search import Names
from pipeline import libreoffice, press
from pipeline.campaigns import Campaign
from pipeline.contracts import Printable, Printed, find_printable, kept_layout, kept_template, printables
from pipeline.cover import BatchFacts
from pipeline.errors import NotPrintable
from pipeline.fill import masked_content
from pipeline.layout import FieldPlace, Layout, Variant
from pipeline.planning import divisions_of
from pipeline.press import Batch, Forms
from pipeline.print_run import Summary
from pipeline.render_layout import render
from pipeline.responsibles import responsibles_of
from pipeline.shipped import shipped_layout, ships
from pipeline.template import Template
from pipeline.which import Which

GLYPHS = "{}没有一种字体有。请安装含这些字的字体（如 fonts-hanazono、fonts-babelstone-han）后重新打印。"
NO_LIBREOFFICE = (
    "这一份人多或者文字长（{}），要单独排版，而这台电脑没有 LibreOffice。请安装 LibreOffice 后重新打印；"
    "或者在花名册里缩短文字，作废后重新安排。"
)
TOO_LONG = "文字太长，一页放不下（{}）。请在花名册里缩短，或在合同模板里加宽空格。"


@dataclass(frozen=True, slots=True)
class Job:
    """One village's batch, as a worker gets it; `folder` is empty and beside the batch's place.

    `renders`: layouts that are lacking can be made here; else a contract of a stock template that needs one of
    its own is left out.
    """

    home: Home
    campaign: Campaign
    village: str
    folder: Path
    forms: Forms
    which: Which
    on: date
    renders: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of a job: a batch, or the layouts it lacks as (template sha256, variant).

    `shipped`: layouts that shipped with the program and are not in the catalogue yet.
    """

    village: str
    printed: tuple[Printed, ...] = ()
    pages: int = 0
    own_layouts: int = 0
    stopped: tuple[tuple[str, str], ...] = ()
    shipped: tuple[Layout, ...] = ()
    lacking: frozenset[tuple[str, Variant]] = frozenset()

    def summary(self) -> Summary:
        """What is counted and told of it."""
        return Summary(len(self.printed), self.pages, self.own_layouts, self.stopped)


def press_village(job: Job) -> Pressed:
    """In a worker: write one village's batch into the job's folder, or say which layouts are lacking.

    A part of a campaign that has none of its contracts in the village writes nothing.
    """
    with job.home.reading() as connection:
        contracts = job.which.of(
            connection, job.village, printables(connection, job.campaign.id, job.village, job.on)
        )
        if not contracts and not job.which.everything:
            return Pressed(job.village)
        templates = {
            sha: kept_template(connection, sha) for sha in sorted({one.template_sha256 for one in contracts})
        }
        layouts = _Layouts(connection, templates, renders=job.renders)
        ready: list[tuple[Printable, Layout]] = []
        stopped: list[tuple[str, str]] = []
        for one in contracts:
            layout, reason = _lay_out(one, layouts)
            if layout is not None:
                ready.append((one, layout))
            elif reason:
                stopped.append((one.number, reason))
        if layouts.lacking:
            return Pressed(job.village, lacking=frozenset(layouts.lacking))
        place = Names(divisions_of(connection).names, {}).village(job.village)
        campaign = job.campaign
        charge = responsibles_of(connection, job.village, campaign.day.year)
        facts = BatchFacts(job.village, place, campaign.name, campaign.day, campaign.closes)
        batch = Batch(facts, ready, templates, code_key(connection), charge, job.which.pages)
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir()
    pages, shown = press.write_batch(job.folder, batch, job.forms)
    printed = tuple(
        Printed(one.number, layout.id, len(layout.sheets))
        for one, layout in (ready[index] for index in shown)
    )
    return Pressed(job.village, printed, pages, len(layouts.own), tuple(stopped), tuple(layouts.shipped))


def press_alone(connection: Connection, number: str) -> bytes:
    """One contract as it would be printed, to be looked at: a PDF without cover.

    People's numbers are masked, and its code is signed with no archive's key, so that no archive takes it for its own; a
    layout that is lacking is made and not kept. Raises NotPrintable, LibreOfficeMissing, LayoutFaulty.
    """
    contract = find_printable(connection, number)
    contract = replace(contract, content=masked_content(contract.content))
    templates = {contract.template_sha256: kept_template(connection, contract.template_sha256)}
    layouts = _Layouts(connection, templates, renders=libreoffice.find() is not None)
    layout, reason = _lay_out(contract, layouts)
    while layouts.lacking:
        layouts.take(render([(templates[sha], variant) for sha, variant in layouts.lacking]))
        layout, reason = _lay_out(contract, layouts)
    if layout is None:
        raise NotPrintable(number=number, reason=reason)
    out = io.BytesIO()
    batch = Batch(
        BatchFacts(number[:VILLAGE_DIGITS], "", "", date.min, date.min),
        [(contract, layout)],
        templates,
        b"preview",
    )
    press.write_contracts(out, batch, f"预览 {number}")
    return out.getvalue()


class _Layouts:
    """The layouts of a village's contracts: from the catalogue, from those that ship, else lacking.

    `own` are variants made for values that did not fit.
    """

    def __init__(self, connection: Connection, templates: dict[str, Template], *, renders: bool) -> None:
        self._connection, self._templates, self._renders = connection, templates, renders
        self._seen: dict[str, Layout | None] = {}
        self.shipped: list[Layout] = []
        self.lacking: set[tuple[str, Variant]] = set()
        self.own: set[Variant] = set()

    def find(self, contract: Printable, variant: Variant) -> Layout | None:
        """The layout of a contract's variant; None where it is lacking, or cannot be made here."""
        template = self._templates[contract.template_sha256]
        key = variant.key(template.sha256)
        if key not in self._seen:
            found = kept_layout(self._connection, key)
            if found is None and (found := shipped_layout(key)) is not None:
                self.shipped.append(found)
            if found is None and self.can_make(contract):
                self.lacking.add((template.sha256, variant))
            self._seen[key] = found
        return self._seen[key]

    def take(self, made: Iterable[Layout]) -> None:
        """What was lacking was made."""
        self._seen |= {layout.key: layout for layout in made}
        self.lacking.clear()

    def labels(self, contract: Printable, places: Sequence[FieldPlace]) -> str:
        """What the document calls some of a contract's fields."""
        manifest = self._templates[contract.template_sha256].manifest
        return "、".join(dict.fromkeys(manifest.label_of(place.name) for place in places))

    def can_make(self, contract: Printable) -> bool:
        """Whether a layout of the contract's template may be waited for: it is made, or its lack ends the run."""
        return self._renders or not ships(self._templates[contract.template_sha256])


def _lay_out(contract: Printable, layouts: _Layouts) -> tuple[Layout | None, str]:
    """The layout a contract is printed with; else why it is left out, "" where a layout is lacking yet."""
    variant = press.variant_of(contract)
    layout = layouts.find(contract, variant)
    if layout is None:
        rows = "、".join(f"{count} 行" for _, count in variant.counts)
        return None, "" if layouts.can_make(contract) else NO_LIBREOFFICE.format(rows)
    absent = press.unprintable(contract, layout)
    if absent:
        said = "、".join(f"“{value}”里的“{characters}”" for value, characters in absent.items())
        return None, GLYPHS.format(said)
    small = press.too_small(contract, layout)
    if not small:
        return layout, ""
    layout = layouts.find(contract, wider := press.widened(contract, variant, small))
    if layout is None:
        return None, "" if layouts.can_make(contract) else NO_LIBREOFFICE.format(
            layouts.labels(contract, small)
        )
    layouts.own.add(wider)
    full = press.too_small(contract, layout) or press.spoilt(layout)
    return (None, TOO_LONG.format(layouts.labels(contract, full))) if full else (layout, "")
