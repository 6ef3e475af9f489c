"""The main job on an invented town, end to end, in a folder of its own.

Everything is printed; two of the villages are signed and scanned by the simulator, filed, searched and
audited. The dates are the campaign's own: planned on 1 March, back by 5 April, audited on 30 April.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from archive import search as searching
from archive.audit.findings import Audit, audit
from archive.audit.workbook import write_audit
from archive.filings import current_filing
from archive.home import Home, create_home
from archive.index.query import parse
from archive.journal import Actor
from archive.search import Results
from archive.states import State
from pipeline.campaigns import Campaign, open_campaign
from pipeline.console import progress, say
from pipeline.demo.scanner import sign_and_scan
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions
from pipeline.errors import FolderNotOurs
from pipeline.indexing import names_of
from pipeline.intake.files import list_files
from pipeline.intake.run import take_in
from pipeline.intake.taken import Taken
from pipeline.planning import PlanCounts, plan_villages
from pipeline.press import Forms
from pipeline.preview import preview_files
from pipeline.print_run import PrintRun
from pipeline.printing import PrintCounts, print_campaign, villages_to_print
from pipeline.roster.marked import write_marked
from pipeline.roster.reader import read_rosters
from pipeline.roster.store import import_roster, villages_with_roster
from pipeline.settings import Settings
from pipeline.stock import stock_templates
from pipeline.which import EVERYTHING

HOUSEHOLDS = 400
SCANNED_VILLAGES, SHEETS_A_VILLAGE = 2, 130
SEED = 13
MARKER = "这是户约的演示文件夹.txt"
STEPS = 9


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the demonstration's things lie."""

    folder: Path

    @property
    def roster(self) -> Path:
        return self.folder / "花名册.xlsx"

    @property
    def marked(self) -> Path:
        return self.folder / "花名册-待改.xlsx"

    @property
    def home(self) -> Path:
        return self.folder / "档案库"

    @property
    def batches(self) -> Path:
        return self.folder / "打印"

    @property
    def previews(self) -> Path:
        return self.folder / "预览"

    @property
    def scans(self) -> Path:
        return self.folder / "扫描件"

    @property
    def signed(self) -> Path:
        return self.folder / "一份归档的合同.pdf"

    @property
    def audit(self) -> Path:
        return self.folder / "档案检查.xlsx"


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demonstration made; `searches` are what was typed and what it found."""

    at: Folders
    planned: PlanCounts
    printed: PrintCounts
    filed: Taken
    searches: Sequence[tuple[str, Results]]
    audited: Audit


def run_demo(folder: Path, actor: Actor) -> Demo:
    """Make the demonstration in `folder`, anew if it holds an older one.

    Raises FolderNotOurs for a folder that is not empty and not a demonstration's.
    """
    _clear(folder)
    at, divisions = Folders(folder), Divisions.shipped()
    year = actor.today.year if actor.today >= date(actor.today.year, 4, 30) else actor.today.year - 1
    begin, back, checked = (replace(actor, today=date(year, *day)) for day in ((3, 1), (4, 5), (4, 30)))
    home, campaign, planned = _plan(at, divisions, begin)
    printed = _print(at, home, campaign, begin)
    filed = _come_back(at, home, printed.batches, back)
    searches = _search(at, home, checked)
    with home.reading() as connection:
        audited = audit(connection, checked.today)
    names = names_of(home)
    write_audit(at.audit, audited, names.titles, names.village)
    return Demo(at, planned, printed, filed, searches, audited)


def _plan(at: Folders, divisions: Divisions, actor: Actor) -> tuple[Home, Campaign, PlanCounts]:
    say(f"【1/{STEPS}】编一个虚构的乡镇（{HOUSEHOLDS} 户），写成单位常见的花名册")
    write_town(at.roster, divisions, households=HOUSEHOLDS, year=actor.today.year)
    say(f"【2/{STEPS}】建档案库（加密）")
    home = create_home(at.home, None, divisions.names, actor)
    say(f"【3/{STEPS}】读花名册，导入")
    found = read_rosters([at.roster], divisions, actor.today)
    write_marked(found, [at.roster], at.marked)
    with home.writing() as connection:
        imported = import_roster(connection, found, actor).counts
    say(f"　　新增 {imported.added} 人；{imported.held} 人的资料有问题，暂不收，其他人不受影响")
    with home.writing() as connection:
        campaign = open_campaign(connection, f"{actor.today.year}春", actor.today, None)
        villages = villages_with_roster(connection)
        with progress(f"【4/{STEPS}】安排合同（村）", len(villages)) as bar:
            planned = plan_villages(
                connection, campaign, villages, stock_templates(), Settings(), actor, bar.advance
            )
    say(f"　　编号 {planned.contracts} 份，待定 {planned.waiting} 份")
    return home, campaign, planned


def _print(at: Folders, home: Home, campaign: Campaign, actor: Actor) -> PrintCounts:
    forms = Forms(docx=True)
    with home.reading() as connection:
        villages = villages_to_print(connection, campaign, None, EVERYTHING, actor.today)
        run = PrintRun.open(at.batches, connection, campaign, forms, EVERYTHING, actor.today)
    with home.locked(), progress(f"【5/{STEPS}】打印（份）", sum(villages.values())) as bar:
        printed = print_campaign(
            home,
            campaign,
            villages,
            at.batches,
            actor,
            forms=forms,
            which=EVERYTHING,
            run=run,
            done=bar.advance,
            say=say,
        )
    run.end()
    say(f"　　{len(printed.batches)} 批，{printed.contracts} 份合同，{printed.pages} 页")
    say(f"【6/{STEPS}】出六种合同的预览")
    preview_files(stock_templates(), at.previews, campaign.day)
    return printed


def _layouts(batch: Path) -> int:
    return len(json.loads((batch / "print.json").read_text(encoding="utf-8"))["layouts"])


def _come_back(at: Folders, home: Home, batches: Sequence[Path], actor: Actor) -> Taken:
    """Sign and scan two villages, those with the fewest layouts, and take the scans in."""
    chosen = sorted(batches, key=_layouts)[:SCANNED_VILLAGES]
    with progress(f"【7/{STEPS}】模拟签字、盖章、扫描（村）", len(chosen)) as bar:
        for batch in chosen:
            sign_and_scan(batch, at.scans / batch.name, seed=SEED, limit=SHEETS_A_VILLAGE)
            bar.advance()
    filed = take_in(home, list_files([at.scans]), actor, f"【8/{STEPS}】收件（页）")
    outcomes = filed.outcomes
    say(
        f"　　归档 {outcomes['filed']} 页，重复 {outcomes['duplicate']} 页，空白和封面 {outcomes['blank']} 页，"
        f"待核 {outcomes['review']} 页；合同齐全 {filed.complete} 份，不齐全 {filed.incomplete} 份"
    )
    return filed


def _search(at: Folders, home: Home, actor: Actor) -> list[tuple[str, Results]]:
    """Three searches as clerks type them, for a contract that is filed, and that contract as a file."""
    say(f"【9/{STEPS}】检索、检查")
    names = names_of(home)
    filed = searching.search(home, replace(parse(""), state=str(State.FILED)), "", names, actor.today, 0, 1)
    one = filed.hits[0].standing
    with home.reading() as connection:
        filing = current_filing(connection, one.number)
        if filing is not None and filing.blob is not None:
            at.signed.write_bytes(home.vault(connection).get(connection, filing.blob))
    village = names.divisions[one.village].removesuffix("委会")
    typed = [one.party.split("、")[0], f"{village} 外出期间", one.number[:20]]
    return [(text, searching.search(home, parse(text), text, names, actor.today, 0, 5)) for text in typed]


def _clear(folder: Path) -> None:
    if folder.exists():
        if not folder.is_dir():
            raise FolderNotOurs(file=folder, detail="它是一个文件")
        others = [entry.name for entry in folder.iterdir()]
        if others and MARKER not in others:
            raise FolderNotOurs(file=folder, detail=others[0])
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    text = "本文件夹由 huyue demo 生成，里面的人都是虚构的；再运行一次会整个重做。\n"
    (folder / MARKER).write_text(text, encoding="utf-8")
