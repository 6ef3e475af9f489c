"""Taking in piles of scans: files opened, pages read by workers, sheets filed in order, every page counted.

Pages are written in groups, one transaction each, cut by the list of files alone; so a run that was killed
ends, when it is started again, in the archive that one run makes. A page is known by its file's SHA-256 and
its index: what was taken in under a name before keeps its result, and is not read again. A page that was lost
(see reading.py) counts as quarantined, but is not kept: the next run tries it again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection, insert, select

from archive import journal
from archive.catalogue import tables
from archive.filings import Comparison, Drafts
from archive.home import Home
from archive.journal import Actor
from archive.signed_pdf import signed_pdf
from archive.states import standings
from archive.vault import Vault
from pipeline import pool
from pipeline.intake.files import MESSAGES, Code, Opened, ScanFile
from pipeline.intake.reading import Job, Kind, PageRead, Reason, lost, open_in_worker, read_pages

PAGES_A_JOB, PAGES_A_GROUP = 12, 96
OUTCOMES = ("filed", "duplicate", "blank", "review", "quarantined")


@dataclass(slots=True)
class IntakeCounts:
    """What became of everything given: `outcomes` counts pages; `rejected` are (file, code, message).

    `bad_pages` are the quarantined ones: (file, page from 1, whether the next run tries it again).
    """

    files: int = 0
    pages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    contracts: set[str] = field(default_factory=set)
    complete: int = 0
    incomplete: int = 0
    rejected: list[tuple[str, Code, str]] = field(default_factory=list)
    bad_pages: list[tuple[str, int, bool]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """As `intake --json` prints it (docs/interfaces.md)."""
        return {
            "files": self.files,
            "pages": self.pages,
            **{outcome: self.outcomes[outcome] for outcome in OUTCOMES},
            "contracts_complete": self.complete,
            "contracts_incomplete": self.incomplete,
            "rejected_files": [
                {"file": file, "code": str(code), "message": message} for file, code, message in self.rejected
            ],
        }


@dataclass(frozen=True, slots=True)
class _Unit:
    """Consecutive pages of one file, by index, and those of them that a worker reads; a rejected file has none."""

    file: ScanFile
    opened: Opened
    indexes: range
    to_read: tuple[int, ...]


def open_files(files: Sequence[ScanFile]) -> list[Opened]:
    """Open every file in workers: what each is, and how many pages it has."""
    paths = [file.path for file in files]
    return list(pool.ordered(open_in_worker, paths, min(pool.workers(), max(len(paths), 1)), _not_opened))


def take_in(
    home: Home,
    files: Sequence[ScanFile],
    opened: Sequence[Opened],
    actor: Actor,
    done: Callable[[int], None],
) -> IntakeCounts:
    """Take in the files; `done` is called with how many more pages are accounted for.

    The caller holds the archive's lock.
    """
    counts = IntakeCounts(files=len(files))
    with home.writing():  # what a killed run left is cleared, even where nothing is written now
        pass
    with home.reading() as connection:
        units = _units(connection, files, opened)
    jobs = [
        Job(home, actor.today, unit.file.path, unit.opened.sha256, unit.to_read)
        for unit in units
        if unit.to_read
    ]
    results = _results(jobs)
    for group in _groups(units):
        read = [(unit, next(results) if unit.to_read else []) for unit in group]
        with home.writing() as connection:
            before = counts.outcomes.copy()
            _write_group(connection, home.vault(connection), read, actor, counts)
            _record(connection, group, counts.outcomes - before, actor)
        done(sum(len(unit.indexes) for unit in group))
    with home.reading() as connection:
        for one in standings(connection, actor.today, sorted(counts.contracts)):
            if one.filed_sheets:
                counts.complete += not one.gaps
                counts.incomplete += bool(one.gaps)
    return counts


def _not_opened(path: Path) -> Opened:
    """A file that took a worker down, or too long, three times."""
    return Opened("", 0, 0, Code.TIMEOUT)


def _units(connection: Connection, files: Sequence[ScanFile], opened: Sequence[Opened]) -> list[_Unit]:
    units: list[_Unit] = []
    claimed: dict[str, set[int]] = {}
    for file, what in zip(files, opened, strict=True):
        if what.code is not None:
            units.append(_Unit(file, what, range(0), ()))
            continue
        if what.sha256 not in claimed:
            claimed[what.sha256] = _known_indexes(connection, what.sha256)
        for first in range(0, what.pages, PAGES_A_JOB):
            indexes = range(first, min(first + PAGES_A_JOB, what.pages))
            to_read = tuple(index for index in indexes if index not in claimed[what.sha256])
            claimed[what.sha256].update(to_read)
            units.append(_Unit(file, what, indexes, to_read))
    return units


def _known_indexes(connection: Connection, sha256: str) -> set[int]:
    page, file = tables.scan_page, tables.scan_file
    query = select(page.c.index).join(file, file.c.id == page.c.file_id).where(file.c.sha256 == sha256)
    return set(connection.execute(query).scalars())


def _groups(units: Sequence[_Unit]) -> Iterator[list[_Unit]]:
    """Units by the pages that one transaction writes."""
    group: list[_Unit] = []
    pages = 0
    for unit in units:
        group.append(unit)
        pages += len(unit.indexes)
        if pages >= PAGES_A_GROUP:
            yield group
            group, pages = [], 0
    if group:
        yield group


def _results(jobs: Sequence[Job]) -> Iterator[list[PageRead]]:
    """What the workers read, job by job; a page that takes its worker down is lost, its neighbours are not."""
    for job, found in zip(
        jobs, pool.ordered(read_pages, jobs, min(pool.workers(), max(len(jobs), 1)), _nothing), strict=True
    ):
        if found:
            yield found
            continue
        single = [replace(job, indexes=(index,)) for index in job.indexes]
        yield [page for pages in pool.ordered(read_pages, single, 1, lost) for page in pages]


def _nothing(job: Job) -> list[PageRead]:
    return []


def _write_group(
    connection: Connection,
    vault: Vault,
    read: Sequence[tuple[_Unit, list[PageRead]]],
    actor: Actor,
    counts: IntakeCounts,
) -> None:
    drafts = Drafts(connection, vault, actor)
    for unit, found in read:
        file_id = _file_row(connection, unit, actor)
        if unit.opened.code is not None:
            counts.rejected.append((unit.file.name, unit.opened.code, MESSAGES[unit.opened.code]))
            continue
        pages = {page.index: page for page in found}
        for index in unit.indexes:
            page = pages.get(index)
            outcome, contract = _known(connection, file_id, unit.opened.sha256, index) or _take(
                connection, vault, drafts, file_id, page, actor
            )
            counts.pages += 1
            counts.outcomes[outcome] += 1
            if outcome == Kind.QUARANTINED:
                again = page is not None and page.kind is Kind.LOST
                counts.bad_pages.append((unit.file.name, index + 1, again))
            if contract is not None:
                counts.contracts.add(contract)
    drafts.write()


def _file_row(connection: Connection, unit: _Unit, actor: Actor) -> int:
    """The id of the file's row, made if the file is new under this name."""
    table, opened = tables.scan_file, unit.opened
    known = connection.execute(
        select(table.c.id).where(table.c.name == unit.file.name, table.c.sha256 == opened.sha256)
    ).scalar_one_or_none()
    if known is not None:
        return int(known)
    row = {
        "name": unit.file.name,
        "sha256": opened.sha256,
        "size": opened.size,
        "pages": opened.pages,
        "code": str(opened.code or ""),
        "taken_on": actor.today.isoformat(),
    }
    return int(connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one())


def _known(connection: Connection, file_id: int, sha256: str, index: int) -> tuple[str, str | None] | None:
    """The outcome of a page that was taken in before, and the contract it belongs to now; None for a new page.

    The same bytes under another name are a duplicate of what came first, a blank stays blank.
    """
    page, file, review = tables.scan_page, tables.scan_file, tables.review
    rows = connection.execute(
        select(page, review.c.assigned)
        .join(file, file.c.id == page.c.file_id)
        .outerjoin(review, review.c.page_id == page.c.id)
        .where(file.c.sha256 == sha256, page.c.index == index)
        .order_by(page.c.id)
    ).all()
    for row in rows:
        if row.file_id == file_id:
            return row.outcome, row.assigned or row.contract
    if not rows:
        return None
    first = rows[0]
    outcome = "blank" if first.outcome == "blank" else "duplicate"
    _page_row(connection, file_id, index, outcome, first.contract, first.sheet)
    return outcome, first.assigned or first.contract


def _take(
    connection: Connection, vault: Vault, drafts: Drafts, file_id: int, page: PageRead | None, actor: Actor
) -> tuple[str, str | None]:
    """File the page, or put it where it belongs; its outcome and its contract."""
    if page is None:  # the same bytes under another name: the page was lost there
        return "duplicate", None
    if page.kind is Kind.LOST:
        return "quarantined", None
    contract, sheet = page.contract or None, page.sheet or None
    reason, outcome = page.reason, str(page.kind)
    if page.new is not None:
        match drafts.compare(page.new):
            case Comparison.DUPLICATE:
                outcome = "duplicate"
            case Comparison.CONFLICT:
                outcome, reason = "review", Reason.CONFLICT
            case _:
                outcome = "filed"
    page_id = _page_row(connection, file_id, page.index, outcome, contract, sheet)
    if outcome == "filed" and page.new is not None:
        drafts.place(page.new, page_id)
    if outcome == "review" and page.scan is not None:
        (blob,) = vault.put(connection, [signed_pdf("", [page.scan])], actor.today.isoformat())
        row = {"page_id": page_id, "reason": str(reason), "blob": blob, "decision": ""}
        connection.execute(insert(tables.review).values(row | {"contract": contract, "sheet": sheet}))
    return outcome, contract


def _page_row(
    connection: Connection, file_id: int, index: int, outcome: str, contract: str | None, sheet: int | None
) -> int:
    row = {"file_id": file_id, "index": index, "outcome": outcome, "contract": contract, "sheet": sheet}
    table = tables.scan_page
    return int(connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one())


def _record(connection: Connection, group: Sequence[_Unit], outcomes: Counter[str], actor: Actor) -> None:
    if any(unit.to_read or unit.opened.code for unit in group):
        files = len({unit.file.name for unit in group})
        journal.record(connection, actor, "intake", "", {"files": files, **dict(sorted(outcomes.items()))})
