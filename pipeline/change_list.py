"""The list of contracts that a roster flagged: on the screen, and as a workbook that a person fills in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from archive.audit.classes import CHANGES
from archive.errors import WrongUsage
from archive.journal import Actor
from archive.numbers import parse
from archive.workbook import GRID, list_sheet, new_workbook
from pipeline.divisions import Divisions
from pipeline.errors import FileExists, ListFaulty
from pipeline.filled_lists import rows_of
from pipeline.roster.cells import Cell, folded
from pipeline.roster.dates import read_day
from pipeline.subject_changes import KEPT, Flagged, decide, suggested

SHOWN = 40
# What the list says → how a contract is closed; KEPT leaves it.
DECISIONS = {
    "终止：迁走": "moved",
    "终止：去世": "died",
    "终止：不再符合": "unfit",
    "终止：本人撤回": "withdrawn",
    "作废": "void",
    "保留": KEPT,
}
_SAID = {kind: words for words, kind in DECISIONS.items()}
_READ = {folded(words): kind for words, kind in DECISIONS.items()}
_COLUMNS = (
    ("序号", 6),
    ("合同编号", 31),
    ("合同名称", 26),
    ("村", 20),
    ("组", 5),
    ("户编号", 9),
    ("当事人", 18),
    ("变动", 34),
    ("登记日期", 12),
    ("建议", 14),
    ("处理", 16),
    ("从哪天起", 12),
)
ListRow = tuple[int, str, str, Cell]
_NUMBER, _DECISION, _DAY = "合同编号", "处理", "从哪天起"


@dataclass(frozen=True, slots=True)
class Decided:
    """How many contracts of a list were closed, kept, left undecided, and known to be decided so before."""

    closed: int
    kept: int
    left: int
    known: int


def change_json(one: Flagged) -> dict[str, object]:
    """A flagged contract as JSON."""
    return {
        "contract": one.contract,
        "template": one.template,
        "village": one.village,
        "group": one.group,
        "household": one.household,
        "party": one.party,
        "reasons": [{"reason": reason, "since": day.isoformat()} for reason, day in one.reasons],
    }


def list_lines(
    found: Sequence[Flagged], divisions: Divisions, titles: Mapping[str, str], out: Path | None
) -> Iterator[str]:
    """What `roster changes` says."""
    if not found:
        yield "没有待处理的变动。"
        return
    yield f"当事人有变动、还没有处理的合同 {len(found)} 份："
    for one in found[:SHOWN]:
        said = "、".join(f"{CHANGES[reason]}（{day}）" for reason, day in one.reasons)
        yield f"  {one.contract} {titles[one.template]}，{divisions.plain_name(one.village)}，{one.party}：{said}"
    if len(found) > SHOWN:
        yield f"  ……其余 {len(found) - SHOWN} 份请加 --out 或 --json 查看。"
    if out:
        yield f"名单：{out}。请在“处理”一栏选好，保存后运行 huyue close --from {out.name}。"


def write_list(
    path: Path, found: Sequence[Flagged], divisions: Divisions, titles: Mapping[str, str], today: date
) -> None:
    """Write the list for a person to fill in.

    Raises FileExists for one that is there: it may be filled in; OSError where it cannot be written.
    """
    if path.exists():
        raise FileExists(file=path)
    with new_workbook(path, "合同变动名单", today) as book:
        sheet = list_sheet(book, "变动名单", f"合同变动名单（{today}）", _COLUMNS)
        cell, to_fill = (
            book.add_format(GRID | more) for more in ({"text_wrap": True}, {"bg_color": "#FFF2CC"})
        )
        day = book.add_format(GRID | {"bg_color": "#FFF2CC", "num_format": "yyyy-mm-dd"})
        for line, one in enumerate(found, start=2):
            sheet.write_number(line, 0, line - 1, cell)
            texts = (
                one.contract,
                titles[one.template],
                divisions.plain_name(one.village),
                str(one.group or ""),
                one.household,
                one.party,
                "、".join(CHANGES[reason] for reason, _ in one.reasons),
                min(since for _, since in one.reasons).isoformat(),
                _SAID.get(suggested(one.reasons), ""),
            )
            for column, text in enumerate(texts, start=1):
                sheet.write_string(line, column, text, cell)
            sheet.write_blank(line, 10, None, to_fill)
            sheet.write_blank(line, 11, None, day)
        last = max(2, len(found) + 1)
        sheet.data_validation(
            2,
            10,
            last,
            10,
            {
                "validate": "list",
                "source": list(DECISIONS),
                "error_title": "处理",
                "error_message": "请从列表里选一项，或者空着。",
            },
        )


def decide_by_list(connection: Connection, path: Path, rows: Iterable[ListRow], actor: Actor) -> Decided:
    """Close and keep contracts as a filled-in list says, all within the caller's transaction.

    Raises ListFaulty for the first row that cannot be carried out, and then nothing may stand.
    """
    closed = kept = left = known = 0
    for row, number, decision, day in rows:
        if not decision:
            left += 1
            continue
        kind = _READ.get(decision)
        until = read_day(day)
        if kind is None:
            raise ListFaulty(
                file=path, row=row, detail=f"“处理”一栏的“{decision}”不认得，可以写：{'、'.join(DECISIONS)}。"
            )
        if not until.readable or until.two_digits or (until.day is None and folded(day)):
            raise ListFaulty(
                file=path, row=row, detail=f"“从哪天起”的“{folded(day)}”读不出来，请写成 2026-03-01 的样子。"
            )
        try:
            new = decide(connection, str(parse(number) or number), kind, until.day, actor)
        except WrongUsage as problem:
            raise ListFaulty(file=path, row=row, detail=str(problem)) from problem
        known += not new
        closed += new and kind != KEPT
        kept += new and kind == KEPT
    return Decided(closed, kept, left, known)


def read_list(path: Path) -> Iterator[ListRow]:
    """Row, contract number, decision and day of every contract in a list.

    Raises ListFaulty for a file that is none, and what `sheets_of` raises.
    """
    for row, cells in rows_of(path, (_NUMBER, _DECISION), "变动名单"):
        number, decision = folded(cells[_NUMBER]), folded(cells[_DECISION])
        if parse(number) or (number and decision):
            yield row, number, decision, cells.get(_DAY, "")
