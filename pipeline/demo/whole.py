"""The main job on an invented town, end to end, in a folder of its own."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from archive.errors import FolderNotOurs
from archive.home import create_home
from archive.journal import Actor
from pipeline.campaigns import open_campaign
from pipeline.console import progress, say
from pipeline.demo.town import write_town
from pipeline.divisions import Divisions
from pipeline.planning import PlanCounts, plan_villages
from pipeline.preview import preview_files
from pipeline.printing import PrintCounts, print_campaign
from pipeline.roster.reader import read_rosters
from pipeline.roster.store import ImportCounts, import_roster, villages_with_roster
from pipeline.settings import Settings
from pipeline.stock import stock_templates

HOUSEHOLDS = 400
MARKER = "这是户约的演示文件夹.txt"
STEPS = 6


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demonstration made."""

    folder: Path
    roster: Path
    home: Path
    batches: Path
    previews: Path
    imported: ImportCounts
    planned: PlanCounts
    printed: PrintCounts


def run_demo(folder: Path, actor: Actor) -> Demo:
    """Make the demonstration in `folder`, anew if it holds an older one.

    Raises FolderNotOurs for a folder that is not empty and not a demonstration's.
    """
    _clear(folder)
    roster, place, out, previews = (folder / name for name in ("花名册.xlsx", "档案库", "打印", "预览"))
    divisions, campaign_day = Divisions.shipped(), date(actor.today.year, 3, 1)
    say(f"【1/{STEPS}】编一个虚构的乡镇（{HOUSEHOLDS} 户），写成单位常见的花名册")
    write_town(roster, divisions, households=HOUSEHOLDS, year=campaign_day.year)
    say(f"【2/{STEPS}】建档案库（目录加密）")
    home = create_home(place, None, divisions.names, actor)
    say(f"【3/{STEPS}】读花名册，导入")
    found = read_rosters([roster], divisions, actor.today)
    with home.writing() as connection:
        imported = import_roster(connection, found, actor)
    say(f"　　新增 {imported.added} 人；{imported.held} 人的资料有问题，暂不收，其他人不受影响")
    templates = stock_templates()
    with home.writing() as connection:
        campaign = open_campaign(connection, f"{campaign_day.year}春", campaign_day, None)
        villages = villages_with_roster(connection)
        with progress(f"【4/{STEPS}】安排合同（村）", len(villages)) as bar:
            planned = plan_villages(connection, campaign, villages, templates, Settings(), actor, bar.advance)
    say(f"　　编号 {planned.contracts} 份，待定 {planned.waiting} 份")
    with home.locked(), progress(f"【5/{STEPS}】打印（村）", len(villages)) as bar:
        printed = print_campaign(
            home, campaign, villages, out, actor, copies=1, docx=True, done=bar.advance, say=say
        )
    say(f"　　{len(printed.batches)} 批，{printed.contracts} 份合同，{printed.pages} 页")
    say(f"【6/{STEPS}】出六种合同的预览")
    preview_files(templates, previews, campaign_day)
    return Demo(folder, roster, place, out, previews, imported, planned, printed)


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
