"""The list of a disposal on paper (销毁清册): what is destroyed, and room for who appraised, approved and watched it."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from archive.disposal import APPROVED, Disposal, Listed, place_name
from archive.package_lists import form_sheet
from archive.retention import RETENTION
from archive.workbook import GRID, list_sheet, new_workbook
from archive.workbook_rows import Rows

COLUMNS = (
    ("序号", 6),
    ("档号", 27),
    ("编号", 29),
    ("题名", 24),
    ("所在", 20),
    ("开始", 11),
    ("结束", 11),
    ("页数", 6),
    ("保管期限", 9),
    ("办完", 11),
    ("期满", 11),
    ("备注", 8),
)
HEIGHT = 28  # points: two lines


def write_list(
    path: Path, found: Disposal, papers: Sequence[Listed], divisions: Mapping[str, str], day: date
) -> None:
    """Write the list as a workbook; `divisions` are names by code. Raises OSError."""
    sheets = sum(one.sheets for one in papers)
    counts = f"{len(papers)} 件，{sheets} 页"
    title = f"第 {found.id} 号档案销毁清册（{counts}）"
    with new_workbook(path, title, day) as book:
        cell = book.add_format(GRID | {"text_wrap": True})
        rows = Rows(list_sheet(book, "清册", title, COLUMNS), [cell] * len(COLUMNS), HEIGHT)
        for line, one in enumerate(papers, 2):
            rows.write(line, _row(one, divisions))
        form_sheet(book, "审批", f"第 {found.id} 号档案销毁清册审批", _form(found, counts))


def _row(one: Listed, divisions: Mapping[str, str]) -> list[str | int | date | None]:
    return [
        one.place,
        one.archival_number,
        one.name,
        one.title,
        place_name(one.division, divisions),
        one.starts,
        one.ends,
        one.sheets,
        RETENTION[one.kept.retention],
        one.kept.done_on and one.kept.done_on.isoformat(),
        one.kept.due and one.kept.due.isoformat(),
        "",
    ]


def _form(found: Disposal, counts: str) -> list[tuple[str, str]]:
    approved = found.decision == APPROVED
    return [
        ("销毁内容", counts),
        ("鉴定意见", found.reason),
        ("提出人、提出日期", f"{found.proposed_by}　{found.proposed_on}"),
        ("鉴定人（签名）", ""),
        ("鉴定日期", ""),
        ("批准人", f"{found.decided_by}　{found.decided_on}" if approved else ""),
        ("批准人（签名、盖章）", ""),
        ("批准日期", ""),
        ("销毁方式", ""),
        ("电子件销毁日期", found.destroyed_on),
        ("纸质件销毁日期、地点", ""),
        ("监销人（签名）", ""),
        ("监销人（签名）", ""),
        ("监销日期", ""),
    ]
