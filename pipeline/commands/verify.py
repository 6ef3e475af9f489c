"""`huyue verify`: is everything in the archive that should be, and unchanged?"""

import errno
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from archive import search as searching
from archive.errors import ArchiveDamaged, ArchiveLocked, Code, DiskFull, WrongKey
from archive.home import Home
from archive.index.engine import FULL, STAMP, IndexUnreadable
from archive.journal import Actor
from archive.papers import papers_in
from archive.search_seal import Seal
from archive.verify import Part, Verified, contracts_of, unchecked, verify
from pipeline.console import Command, emit, progress, session
from pipeline.indexing import names_of

SHOWN = 20  # findings of a kind that are shown as text


class PartType(click.ParamType[Part]):
    """A slice as 3/12."""

    name = "part"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Part:
        number, _, of = str(value).partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of) <= 1000):
            self.fail(f"“{value}”不是第几份/共几份，请写成 3/12 这样，最多分 1000 份。", param, ctx)
        return Part(int(number), int(of))


@click.command(
    "verify",
    cls=Command,
    epilog="例：huyue --home 档案库 verify；huyue --home 档案库 verify --slice 3/12",
    help="核对档案库：逐个读出归档的文件看有没有缺、有没有被改过，核对目录和日志，检索落后的补上。退出码 0 完好，1 有问题、已修好，5 有修不好的。",
)
@click.option(
    "--slice",
    "part",
    type=PartType(),
    metavar="份/份数",
    help="只核对文件的一份，如 3/12 是十二份里的第三份；每份都做一次，就全部核对过了。",
)
def verify_(part: Part | None) -> int:
    home, actor = session().open_home(), session().actor()
    found = look_over(home, actor, part or Part())
    value, lines = report(home, found)
    emit(value, lines)
    return found.status


def look_over(home: Home, actor: Actor, part: Part) -> Verified:
    """Verify the archive, and bring its index up, if it can be opened."""
    found = verify(home, part, actor.today.isoformat(), partial(progress, "核对（个）"))
    if not found.subjects(
        Code.KEY_WRONG, Code.KEY_OF_ANOTHER, Code.CATALOGUE_DAMAGED, Code.DISK_FULL, Code.BUSY
    ):
        _keep_index(home, actor, found)
    return found


def _keep_index(home: Home, actor: Actor, found: Verified) -> None:
    """Take up what the index lacks; one that cannot be read is made anew."""
    seal = Seal(home, searching.engine_name())
    there = seal.exists
    seal.open()
    before = _stamp(seal.clear)
    names = names_of(home)
    try:
        with home.locked():
            indexed = searching.catch_up(home, names, actor.today, lambda _: None)
    except ArchiveLocked:
        found.add(Code.BUSY, home.folder)
        return
    except (DiskFull, OSError, ValueError, IndexUnreadable) as problem:
        if not _is_full(problem):
            raise
        found.add(Code.DISK_FULL, home.index)
        return
    after = _stamp(seal.clear)
    made_anew = before is None or (before != after and before[1] == after[1] if after else False)
    if there and made_anew:  # not because it was made by another version
        found.add(Code.INDEX_UNREADABLE, indexed)
    elif indexed:
        found.add(Code.INDEX_BEHIND, indexed)


def _stamp(folder: Path) -> tuple[int, str] | None:
    """When the index was made, and by what; None where that cannot be told."""
    stamp = folder / STAMP
    try:
        return stamp.stat().st_mtime_ns, stamp.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _is_full(problem: Exception) -> bool:
    """Whether this is how a full disk shows; the engines have no error of their own for it."""
    if isinstance(problem, OSError):
        return problem.errno == errno.ENOSPC
    return isinstance(problem, DiskFull) or any(word in str(problem) for word in FULL)


def report(home: Home, found: Verified) -> tuple[dict[str, object], list[str]]:
    """What verify prints, as JSON and as lines."""
    lost, never, since, contracts, papers = found.lost, 0, "", list[str](), list[int]()
    with suppress(ArchiveDamaged, WrongKey, DiskFull), home.reading() as connection:
        contracts, papers = contracts_of(connection, lost), papers_in(connection, set(lost))
        never, since = unchecked(connection)
    broken = found.subjects(Code.JOURNAL_BROKEN)
    value: dict[str, object] = {
        "blobs": found.blobs,
        "damaged": found.subjects(Code.BLOB_ALTERED, Code.BLOB_UNREADABLE),
        "missing": found.subjects(Code.BLOB_MISSING, Code.ROW_WITHOUT_BLOB),
        "contracts": contracts,
        "papers": papers,
        "orphaned": found.subjects(Code.BLOB_UNKNOWN),
        "indexed": sum(map(int, found.subjects(Code.INDEX_BEHIND, Code.INDEX_UNREADABLE))),
        "journal_broken_at": int(broken[0]) if broken else None,
        "never_checked": never,
        "checked_since": since,
        "findings": [{**asdict(one), "message": one.message} for one in found.findings],
    }
    lines = [f"核对了 {found.blobs} 个文件。"]
    for code in Code:
        messages = [one.message for one in found.findings if one.code is code]
        lines += messages[:SHOWN]
        if len(messages) > SHOWN:
            lines.append(f"……这样的一共 {len(messages)} 个（用 --json 看全部）。")
    lines += [f"  涉及合同 {number}" for number in contracts]
    lines += [f"  涉及手工归档第 {number} 号" for number in papers]
    if never:
        lines.append(f"还有 {never} 个文件从来没有核对过。")
    elif since:
        lines.append(f"所有文件都在 {since} 或以后核对过。")
    if not found.subjects(Code.BUSY):
        lines.append({0: "档案库完好。", 1: "已修好。", 5: "有修不好的，请照上面说的办。"}[found.status])
    return value, lines
