"""`huyue finding`: one contract's findings with their evidence, and what is said of findings."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from archive.audit.classes import CHINESE, RULES, Class
from archive.audit.findings import Audit, audit
from archive.audit.notes import CHINESE as STATUSES
from archive.audit.notes import EXPLAINED, FIXED, REOPENED, SAYINGS, note, notes_of
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.home import Home
from archive.journal import Actor
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import DAY, FILE, Command, Group, emit, session
from pipeline.errors import FindingUnknown
from pipeline.finding_list import read_findings

CLASS = click.option(
    "--class",
    "cls",
    type=click.Choice([str(cls) for cls in Class]),
    metavar="种类",
    help="哪一种问题，如 unsigned；一份合同只有一种问题时可以不写。",
)
NUMBERS = click.argument("numbers", type=NUMBER, nargs=-1, required=True, metavar="合同编号…")


@click.group(
    cls=Group,
    short_help="检查出的问题：依据、说明、整改。",
    help="检查（audit）出的问题：看依据，写说明，登记已整改，重新打开。问题照旧列在检查里，注明情况；明年的检查也知道。",
    epilog="例：huyue --home 档案库 finding show 451225105001-2026-01-000123-Y；finding explain 编号 --reason 当事人在外地，六月回来补签 --until 2026-06-30；finding record 检查.xlsx",
)
def finding() -> None:
    """The commands below."""


@finding.command(
    cls=Command,
    help="一份合同在某一天的问题：规则、依据、怎么办，以前说过什么。",
    epilog="例：huyue --home 档案库 finding show 451225105001-2026-01-000123-Y --on 2026-06-30",
)
@click.argument("number", type=NUMBER, metavar="合同编号")
@click.option("--on", "day", type=DAY, metavar="日期", help="哪一天的情况（按当天所知），默认今天。")
def show(number: str, day: date | None) -> int:
    home, actor = session().open_home(), session().actor()
    on = day or actor.today
    with home.reading() as connection:
        find_number(connection, number)
        found = audit(connection, on, names=False).of(number)
        said = notes_of(connection, number, on)
    rows = found.sort("class").to_dicts()
    lines = [f"{number}：{on} 有 {len(rows)} 个问题。" if rows else f"{number}：{on} 没有问题。"]
    for one in rows:
        rule, remedy = RULES[Class(one["class"])]
        lines += [
            f"{CHINESE[Class(one['class'])]}（{STATUSES[one['status']]}），自 {one['since']}",
            f"  规则：{rule}。",
            f"  依据：{one['evidence']}。",
            f"  怎么办：{remedy}。",
        ]
    if said:
        lines.append("说过的：")
        lines += [
            f"  {one.day} {one.user}：{CHINESE[one.cls]}，{SAYINGS[one.kind]}"
            + (f"（到 {one.until}）" if one.until else "")
            + (f"：{one.reason}" if one.reason else "")
            for one in said
        ]
    listed = [
        {
            "class": one["class"],
            "since": str(one["since"]),
            "overdue": one["overdue"],
            "status": one["status"],
            "rule": RULES[Class(one["class"])][0],
            "evidence": one["evidence"],
            "remedy": RULES[Class(one["class"])][1],
        }
        for one in rows
    ]
    emit(
        {"contract": number, "on": str(on), "findings": listed, "notes": [one.as_json() for one in said]},
        lines,
    )
    return EXIT_LOOK if rows else EXIT_DONE


@finding.command(
    cls=Command,
    help="给问题写说明：为什么，到哪天为止。过了那天，检查又算没有处理。",
    epilog="例：huyue --home 档案库 finding explain 451225105001-2026-01-000123-Y --class unsigned --reason 当事人在外地 --until 2026-06-30",
)
@NUMBERS
@CLASS
@click.option("--reason", required=True, metavar="说明", help="为什么。不要写病情、婚育等私事。")
@click.option("--until", type=DAY, metavar="日期", help="说明到哪天（含）为止有效；不写就一直有效。")
def explain(numbers: Sequence[str], cls: str | None, reason: str, until: date | None) -> None:
    _say(numbers, cls, EXPLAINED, reason, until)


@finding.command(
    cls=Command,
    help="登记问题已经整改。下次检查还查到的，注明“报称已改，仍查到”。",
    epilog="例：huyue --home 档案库 finding fixed 451225105001-2026-01-000123-Y --class unsealed",
)
@NUMBERS
@CLASS
@click.option("--reason", default="", metavar="说明", help="备注。")
def fixed(numbers: Sequence[str], cls: str | None, reason: str) -> None:
    _say(numbers, cls, FIXED, reason, None)


@finding.command(
    cls=Command,
    help="重新打开说明过、登记过已整改的问题。",
    epilog="例：huyue --home 档案库 finding reopen 451225105001-2026-01-000123-Y --class unsigned --reason 说明不成立",
)
@NUMBERS
@CLASS
@click.option("--reason", default="", metavar="说明", help="备注。")
def reopen(numbers: Sequence[str], cls: str | None, reason: str) -> None:
    _say(numbers, cls, REOPENED, reason, None)


@finding.command(
    cls=Command,
    help="按 audit --out 写出、填好“处理”一栏（已说明、已整改、重新打开）的工作簿，一起登记；有一行写错，一行也不登记。",
    epilog="例：huyue --home 档案库 finding record 检查.xlsx",
)
@click.argument("listed", type=FILE, metavar="工作簿")
def record(listed: Path) -> int:
    home, actor = session().open_home(), session().actor()
    rows = list(read_findings(listed))
    there = set(_found(home, actor).findings.select("number", "class").iter_rows())
    unknown = [one for one in rows if one.kind and (one.number, str(one.cls)) not in there]
    with home.writing() as connection:
        for one in rows:
            if one.kind and one not in unknown:
                note(connection, [(one.number, one.cls)], one.kind, one.reason, one.until, actor)
    left = sum(not one.kind for one in rows)
    done = len(rows) - left - len(unknown)
    gone = [{"contract": one.number, "class": str(one.cls)} for one in unknown]
    lines = [
        f"登记 {done} 个；没有填“处理”的 {left} 个，没有动；今天已经查不到的 {len(unknown)} 个，不必登记。"
    ]
    lines += [f"  第 {one.row} 行：{one.number} {CHINESE[one.cls]}，今天查不到" for one in unknown[:20]]
    emit({"recorded": done, "left": left, "gone": gone}, lines)
    return EXIT_LOOK if left or unknown else EXIT_DONE


def _say(numbers: Sequence[str], cls: str | None, kind: str, reason: str, until: date | None) -> None:
    home, actor = session().open_home(), session().actor()
    found = _found(home, actor)
    wanted = [(number, _class(found, number, cls)) for number in dict.fromkeys(numbers)]
    with home.writing() as connection:
        note(connection, wanted, kind, reason, until, actor)
    emit(
        {"recorded": [{"contract": number, "class": str(one)} for number, one in wanted]},
        [f"{number}：{CHINESE[one]}，{SAYINGS[kind]}。" for number, one in wanted],
    )


def _found(home: Home, actor: Actor) -> Audit:
    with home.reading() as connection:
        return audit(connection, actor.today, names=False)


def _class(found: Audit, number: str, named: str | None) -> Class:
    """The class that is meant. Raises FindingUnknown where there is no such finding, or several."""
    there = [Class(name) for name in found.of(number)["class"]]
    meant = [cls for cls in there if named in (None, str(cls))]
    if len(meant) != 1:
        said = "、".join(f"{CHINESE[cls]}（{cls}）" for cls in there) or "没有问题"
        raise FindingUnknown(number=number, day=found.on, said=said)
    return meant[0]
