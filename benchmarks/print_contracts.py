"""Contracts to paper: `huyue print` beside docxtpl, on the same contracts of an invented town.

    .venv/bin/python benchmarks/print_contracts.py [--size HOUSEHOLDS] [--json]

ours, print    print.pdf, print.json and ledger.xlsx of every village, layouts cached, all cores
ours, docx     the .docx of every contract in memory, one core
peer           docxtpl filling the same templates (its own notation) with the same values, one core,
               in the same process; .docx only, on a sample of at most 150 contracts

The town is made from a fixed seed, at a quarter, a half and the whole of --size.
"""

import copy
import io
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import docx
from docxtpl import DocxTemplate

from archive.home import Home, create_home
from archive.journal import Actor
from benchmarks.report import main
from pipeline import marks
from pipeline.campaigns import Campaign, open_campaign
from pipeline.compile_template import compile_template
from pipeline.contracts import Printable, printables
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions
from pipeline.fill import contract_docx
from pipeline.planning import plan_villages
from pipeline.printing import print_campaign
from pipeline.roster import read_rosters
from pipeline.roster.store import import_roster, villages_with_roster
from pipeline.settings import Settings
from pipeline.stock import stock_templates
from pipeline.template import Template

ACTOR = Actor("benchmark", date(2026, 3, 1))
SAMPLE = 150


def measure(households: int) -> dict[str, Any]:
    """One town: contracts and sheets a second, ours and the peer's."""
    with tempfile.TemporaryDirectory(prefix="huyue-bench-") as scratch:
        folder = Path(scratch)
        home, campaign, villages = _planned(folder, households)
        _print(home, campaign, villages, folder / "warm")
        started = time.perf_counter()
        contracts, pages = _print(home, campaign, villages, folder / "out")
        printing = time.perf_counter() - started
        with home.reading() as connection:
            planned = [
                one
                for village in villages
                for one in printables(connection, campaign.id, village, ACTOR.today)
            ]
    templates = {template.sha256: template for template in stock_templates()}
    for template in templates.values():
        compile_template(template)
    started = time.perf_counter()
    for one in planned:
        contract_docx(compile_template(templates[one.template_sha256]), one.content)
    filling = (time.perf_counter() - started) / len(planned)
    peer = _docxtpl(planned[:: max(1, len(planned) // SAMPLE)][:SAMPLE], templates)
    return {
        "households": households,
        "contracts": contracts,
        "print contracts/s": round(contracts / printing),
        "print pages/s": round(pages / printing),
        "docx/s": round(1 / filling),
        "docxtpl docx/s": round(1 / peer),
        "print ÷ docxtpl": round(contracts / printing * peer, 1),
        "docx ÷ docxtpl": round(peer / filling, 1),
    }


def _planned(folder: Path, households: int) -> tuple[Home, Campaign, list[str]]:
    divisions = Divisions.shipped()
    write_town(folder / "roster.xlsx", divisions, households=households, seed=1)
    home = create_home(folder / "home", None, divisions.names, ACTOR)
    roster = read_rosters([folder / "roster.xlsx"], divisions, ACTOR.today)
    with home.writing() as connection:
        import_roster(connection, roster, ACTOR)
        campaign = open_campaign(connection, "2026春", ACTOR.today, None)
        villages = villages_with_roster(connection)
        plan_villages(connection, campaign, villages, stock_templates(), Settings(), ACTOR, lambda: None)
    return home, campaign, villages


def _print(home: Home, campaign: Campaign, villages: list[str], out: Path) -> tuple[int, int]:
    with home.locked():
        counts = print_campaign(
            home, campaign, villages, out, ACTOR, copies=1, docx=False, done=lambda: None, say=lambda _: None
        )
    return counts.contracts, counts.pages


def _docxtpl(sample: list[Printable], templates: dict[str, Template]) -> float:
    """Seconds a contract by docxtpl, each from its template's bytes, as its manual does it."""
    theirs = {sha: _in_their_notation(template) for sha, template in templates.items()}
    started = time.perf_counter()
    for one in sample:
        document = DocxTemplate(io.BytesIO(theirs[one.template_sha256]))
        clauses = dict.fromkeys(one.content.clauses, True)
        document.render(
            dict(one.content.fields) | dict(one.content.rows) | {"clauses": clauses}, autoescape=True
        )
        document.save(io.BytesIO())
    return (time.perf_counter() - started) / len(sample)


def _in_their_notation(template: Template) -> bytes:
    """The same document with docxtpl's marks; boxes become empty."""
    manifest = template.manifest
    fields = {field.label: name for name, field in manifest.fields.items()}
    for rows, named in manifest.rows.items():
        fields |= {field.label: f"{rows}.{name}" for name, field in named.items()}
    clauses = {clause.label: name for name, clause in manifest.clauses.items()}
    document = docx.Document(io.BytesIO(template.docx))
    root = document.element
    for paragraph in list(root.iter(f"{marks.W}p")):
        texts = marks.text_runs(paragraph)
        for text in texts:
            found = marks.MARK.findall(text.text or "")
            for inner in found:
                mark = marks.read(inner)
                ours = "{{" + inner + "}}"
                if mark.kind == "box":
                    text.text = (text.text or "").replace(ours, "")
                elif mark.kind == "clause":
                    text.text = (text.text or "").replace(ours, "")
                    _around(document, paragraph, f"{{%p if clauses.{clauses[mark.label]} %}}", "{%p endif %}")
                else:
                    name = fields[mark.label]
                    rows, dot, key = name.partition(".")
                    if dot:
                        row = next(paragraph.iterancestors(f"{marks.W}tr"))
                        if row.get("looped") is None:
                            row.set("looped", "1")
                            _row_loop(row, rows)
                        name = f"one.{key}"
                    text.text = (text.text or "").replace(ours, "{{ " + name + " }}")
    for row in root.iter(f"{marks.W}tr"):
        row.attrib.pop("looped", None)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _around(document: Any, paragraph: Any, before: str, after: str) -> None:
    for words, place in ((before, paragraph.addprevious), (after, paragraph.addnext)):
        added = document.add_paragraph(words)._p
        place(added)


def _row_loop(row: Any, rows: str) -> None:
    for words, place in ((f"{{%tr for one in {rows} %}}", row.addprevious), ("{%tr endfor %}", row.addnext)):
        added = copy.deepcopy(row)
        added.attrib.pop("looped", None)
        texts = list(added.iter(f"{marks.W}t"))
        for text in texts:
            text.text = ""
        texts[0].text = words
        place(added)


if __name__ == "__main__":
    main(__doc__, measure, default=400, parts=(4, 2, 1), least=9)
