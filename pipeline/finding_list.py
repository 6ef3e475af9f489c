"""The audit's workbook as a person filled it in: what is said of each finding."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from archive.audit.classes import CHINESE, Class
from archive.audit.notes import EXPLAINED, SAYINGS
from archive.audit.workbook import REASON, SAID, UNTIL
from archive.numbers import parse
from pipeline.errors import ListFaulty
from pipeline.filled_lists import rows_of
from pipeline.roster.cells import folded
from pipeline.roster.dates import read_day

KINDS = {words: kind for kind, words in SAYINGS.items()}
CLASSES = {folded(words): cls for cls, words in CHINESE.items()}


@dataclass(frozen=True, slots=True)
class Said:
    """A row of the list; `kind` is "" where nothing is said."""

    row: int
    number: str
    cls: Class
    kind: str
    reason: str
    until: date | None


def read_findings(path: Path) -> Iterator[Said]:
    """What each row says. Raises ListFaulty for the first that cannot be read, and what `sheets_of` raises."""
    for row, cells in rows_of(path, ("合同编号", "问题", SAID), "检查的问题清单"):
        said, typed = folded(cells[SAID]), folded(cells["合同编号"])
        number, cls = parse(typed), CLASSES.get(folded(cells["问题"]))
        if number is None and not said:
            continue
        if number is None or cls is None:
            raise ListFaulty(file=path, row=row, detail="合同编号或问题的种类认不出来，请不要改动这两栏。")
        if said and said not in KINDS:
            raise ListFaulty(
                file=path, row=row, detail=f"“{SAID}”一栏的“{said}”不认得，可以写：{'、'.join(KINDS)}。"
            )
        kind, reason = KINDS.get(said, ""), folded(cells.get(REASON, ""))
        until = read_day(cells.get(UNTIL, ""))
        if not until.readable or until.two_digits:
            raise ListFaulty(file=path, row=row, detail=f"“{UNTIL}”读不出来，请写成 2026-03-01 的样子。")
        if kind == EXPLAINED and not reason:
            raise ListFaulty(file=path, row=row, detail=f"“已说明”要写“{REASON}”。")
        yield Said(row, str(number), cls, kind, reason, until.day if kind == EXPLAINED else None)
