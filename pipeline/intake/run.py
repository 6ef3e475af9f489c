"""Taking in piles of scans: files opened, pages read by workers, sheets filed in order, every page counted.

Pages are written in groups, one transaction each, cut by the list of files alone; so a run that was killed
ends, when it is started again, in the archive that one run makes. A page is known by its file's SHA-256 and
its index: what was taken in under a name before keeps its result, and is not read again. A page that was lost
(see reading.py) counts as quarantined, but is not kept: the next run tries it again. A file's own bytes are kept
with the first of it that is written.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Connection, exists, insert, select, update

from archive import journal, originals, tick_lists
from archive.catalogue import tables
from archive.filings import Comparison, Drafts
from archive.home import Home
from archive.journal import Actor
from archive.signed_pdf import signed_pdf
from archive.states import standings
from archive.tick_lists import TickedPage
from archive.vault import Vault
from pipeline import pool
from pipeline.console import progress
from pipeline.errors import ScanChanged
from pipeline.intake.files import Code, Opened, ScanFile, digest
from pipeline.intake.opening import open_files
from pipeline.intake.reading import Job, Kind, PageRead, Reason, lost, read_pages
from pipeline.intake.receipt import keep_receipt
from pipeline.intake.taken import Taken, TakenPage
from pipeline.tick_list_kinds import MEANINGS

PAGES_A_JOB, PAGES_A_GROUP = 12, 96
KEPT_THOUGH_REJECTED = (Code.ENCRYPTED, Code.DAMAGED, Code.TIMEOUT)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Consecutive pages of one file, by index, and those of them that a worker reads; a rejected file has none.

    `place` is the file's among those given, from 1.
    """

    place: int
    file: ScanFile
    opened: Opened
    indexes: range
    to_read: tuple[int, ...]


def take_in(home: Home, files: Sequence[ScanFile], actor: Actor, label: str = "") -> Taken:
    """Take in the files and keep a receipt of them; with a `label` progress is shown under it.

    Raises ScanChanged and OSError where a file cannot be read any more: what was filed by then stays.
    """
    with home.locked():
        with (
            home.writing()
        ):  # a wrong key is said before anything is opened; what a killed run left is cleared
            pass
        home.staging.mkdir(mode=0o700)
        taken = Taken([(file, _hashed(file, what)) for file, what in open_files(files, home.staging)])
        with home.reading() as connection:
            units = _units(connection, taken.files)
        pages = sum(len(unit.indexes) for unit in units)
        with progress(label, pages) if label else nullcontext() as bar:
            _take_units(home, units, taken, actor, (lambda _: None) if bar is None else bar.advance)
        with home.reading() as connection:
            for one in standings(connection, actor.today, sorted(taken.contracts)):
                if one.filed_sheets:
                    taken.complete += not one.gaps
                    taken.incomplete += bool(one.gaps)
        if taken.files:
            taken.receipt = keep_receipt(home, taken, actor)
    return taken


def _hashed(file: ScanFile, what: Opened) -> Opened:
    """With the SHA-256 of a file that did not open in time, so that it can be kept all the same."""
    if what.sha256 or what.code not in KEPT_THOUGH_REJECTED or not file.path.is_file():
        return what
    try:
        return replace(what, sha256=digest(file.path), size=file.path.stat().st_size)
    except OSError:  # it cannot be read at all
        return what


def _take_units(
    home: Home, units: Sequence[_Unit], taken: Taken, actor: Actor, done: Callable[[int], None]
) -> None:
    jobs = [
        Job(home, actor.today, unit.file.path, unit.opened.sha256, unit.to_read)
        for unit in units
        if unit.to_read
    ]
    results = _results(jobs)
    with ThreadPoolExecutor(1) as writer:  # a group is written while the next is read
        writing: list[Future[int]] = []
        for group in _groups(units):
            read = [(unit, next(results) if unit.to_read else []) for unit in group]
            while writing:
                done(writing.pop().result())
            writing.append(writer.submit(_write_group, home, read, taken, actor))
        while writing:
            done(writing.pop().result())


def _write_group(home: Home, read: Sequence[tuple[_Unit, list[PageRead]]], taken: Taken, actor: Actor) -> int:
    """Write these units in one transaction: how many pages they have."""
    before = len(taken.pages)
    with home.writing(held=True) as connection:
        _Group(connection, home.vault(connection), actor, taken).write(read)
        _record(connection, [unit for unit, _ in read], taken.pages[before:], actor)
    return len(taken.pages) - before


def _units(connection: Connection, files: Sequence[tuple[ScanFile, Opened]]) -> list[_Unit]:
    units: list[_Unit] = []
    claimed: dict[str, set[int]] = {}
    for place, (file, what) in enumerate(files, 1):
        if what.code is not None:
            units.append(_Unit(place, file, what, range(0), ()))
            continue
        if what.sha256 not in claimed:
            claimed[what.sha256] = _known_indexes(connection, what.sha256)
        for first in range(0, what.pages, PAGES_A_JOB):
            indexes = range(first, min(first + PAGES_A_JOB, what.pages))
            to_read = tuple(index for index in indexes if index not in claimed[what.sha256])
            claimed[what.sha256].update(to_read)
            units.append(_Unit(place, file, what, indexes, to_read))
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
    """What the workers read, job by job; a page that takes its worker down twice is lost, its neighbours are not.

    A job that takes its worker down is read page by page at once: a page that hangs takes a minute each time.
    """
    count = pool.workers_for(len(jobs))
    for job, found in zip(jobs, pool.ordered(read_pages, jobs, count, _nothing, tries=1), strict=True):
        if found:
            yield found
            continue
        single = [replace(job, indexes=(index,)) for index in job.indexes]
        yield [page for pages in pool.ordered(read_pages, single, 1, lost, tries=2) for page in pages]


def _nothing(job: Job) -> list[PageRead]:
    return []


class _Group:
    """The pages that one transaction writes."""

    def __init__(self, connection: Connection, vault: Vault, actor: Actor, taken: Taken) -> None:
        self._connection, self._vault, self._actor, self._taken = connection, vault, actor, taken
        self._drafts = Drafts(connection, vault, actor)

    def write(self, read: Sequence[tuple[_Unit, list[PageRead]]]) -> None:
        """Write the units, and what was read of their pages that were not known."""
        for unit, found in read:
            file_id = self._file_row(unit, found)
            pages = {page.index: page for page in found}
            for index in unit.indexes:
                page = pages.get(index)
                known = self._known(file_id, unit, index) if page is None else None
                self._taken.add(*(known or self._take(file_id, unit, index, page)))
        self._drafts.write()

    def _file_row(self, unit: _Unit, found: Sequence[PageRead]) -> int:
        """The id of the file's row, made if the file is new under this name; its bytes are kept if they are not."""
        table, opened = tables.scan_file, unit.opened
        same = table.c.sha256 == opened.sha256
        row = self._connection.execute(
            select(table.c.id, table.c.original).where(table.c.name == unit.file.name, same)
        ).first()
        if row is None:
            kept = select(table.c.original).where(same, table.c.original != "").limit(1)
            values = {
                "name": unit.file.name,
                "sha256": opened.sha256,
                "size": opened.size,
                "pages": opened.pages,
                "code": str(opened.code or ""),
                "taken_on": self._actor.today.isoformat(),
                "original": self._connection.execute(kept).scalar() or "",
                "device": opened.device,
                "captured_at": opened.captured_at,
            }
            query = insert(table).values(values).returning(table.c.id, table.c.original)
            row = self._connection.execute(query).one()
        if not row.original and _worth_keeping(opened, found):
            names = msgspec.json.encode(self._keep(unit)).decode()
            self._connection.execute(update(table).where(table.c.id == row.id).values(original=names))
        return int(row.id)

    def _keep(self, unit: _Unit) -> tuple[str, ...]:
        """Keep the file's bytes: their blobs. Raises ScanChanged, OSError."""
        sha256, day = unit.opened.sha256, self._actor.today.isoformat()
        try:
            return originals.keep(self._connection, self._vault, unit.file.path, sha256, day)
        except OSError as problem:
            if problem.errno is None:
                raise ScanChanged(file=unit.file.name) from None
            raise

    def _known(self, file_id: int, unit: _Unit, index: int) -> tuple[TakenPage, int] | None:
        """A page that was taken in before, as what it belongs to now, and its row; None for a new page.

        The same bytes under another name are a duplicate of what came first, a blank stays blank.
        """
        page, file, review, sheet = tables.scan_page, tables.scan_file, tables.review, tables.filed_sheet
        rows = self._connection.execute(
            select(
                page,
                *(review.c.reason, review.c.decision, review.c.assigned, review.c.assigned_sheet),
                exists().where(sheet.c.page_id == page.c.id).label("placed"),
            )
            .join(file, file.c.id == page.c.file_id)
            .outerjoin(review, review.c.page_id == page.c.id)
            .where(file.c.sha256 == unit.opened.sha256, page.c.index == index)
            .order_by(page.c.id)
        ).all()
        if not rows:
            return None
        own = next((row for row in rows if row.file_id == file_id), None)
        first = own or rows[0]
        taken = TakenPage(
            unit.place,
            index + 1,
            first.outcome,
            contract=first.assigned or first.contract,
            sheet=first.assigned_sheet or first.sheet,
            flaws=tuple(first.flaws.split()),
            known_before=True,
        )
        if own is not None:
            replaces = own.outcome == "duplicate" and own.placed
            more = {"reason": own.reason or "", "decision": own.decision or "", "replaces": replaces}
            return msgspec.structs.replace(taken, **more), own.id
        outcome = "blank" if first.outcome == "blank" else "duplicate"
        row = {"contract": first.contract, "sheet": first.sheet, "dpi": first.dpi, "flaws": first.flaws}
        page_id = self._page_row(file_id, index, outcome, row)
        return msgspec.structs.replace(taken, outcome=outcome), page_id

    def _take(
        self, file_id: int, unit: _Unit, index: int, page: PageRead | None
    ) -> tuple[TakenPage, int | None]:
        """File the page, or put it where it belongs: what became of it, and its row."""
        if page is None:  # the same bytes under another name: the page was lost there
            return TakenPage(unit.place, index + 1, "duplicate", known_before=True), None
        if page.kind is Kind.LOST:
            return TakenPage(unit.place, index + 1, "quarantined", again=True), None
        reason, outcome, place = page.reason, str(page.kind), False
        if page.kind is Kind.SHEET:
            compared = self._compared(page)
            place = compared in (None, Comparison.BETTER, Comparison.CLEARER)
            match compared:
                case Comparison.DUPLICATE | Comparison.CLEARER:
                    outcome = "duplicate"
                case Comparison.CONFLICT:
                    outcome, reason = "review", Reason.CONFLICT
                case _:
                    outcome = "filed"
        taken = TakenPage(
            unit.place,
            index + 1,
            outcome,
            str(reason or ""),
            contract=page.contract or None,
            sheet=page.sheet or None,
            flaws=page.flaws,
            replaces=place and outcome == "duplicate",
        )
        row = {
            "contract": taken.contract,
            "sheet": taken.sheet,
            "dpi": page.dpi,
            "flaws": " ".join(page.flaws),
        }
        page_id = self._page_row(file_id, index, outcome, row)
        if page.new is not None and place:
            self._drafts.place(page.new, page_id)
        if page.ticked is not None and place:
            self._record_ticks(page.ticked, page_id)
        if outcome == "review":
            self._put_into_review(page, taken, page_id)
        return taken, page_id

    def _compared(self, page: PageRead) -> Comparison | None:
        """What the page is to the one that is filed; None where none is."""
        if page.new is not None:
            return self._drafts.compare(page.new)
        assert page.ticked is not None  # noqa: S101
        return tick_lists.compare(self._connection, page.ticked)

    def _record_ticks(self, page: TickedPage, page_id: int) -> None:
        lines = tick_lists.place(self._connection, self._vault, page, page_id, self._actor)
        meaning = MEANINGS.get(tick_lists.kind_of(self._connection, page.list_id))
        if meaning is not None:
            meaning(self._connection, self._actor, lines)

    def _put_into_review(self, page: PageRead, taken: TakenPage, page_id: int) -> None:
        assert page.scan is not None  # noqa: S101
        day = self._actor.today.isoformat()
        (blob,) = self._vault.put(self._connection, [signed_pdf("", [page.scan])], day)
        row = {
            "page_id": page_id,
            "reason": taken.reason,
            "blob": blob,
            "contract": taken.contract,
            "sheet": taken.sheet,
            "decision": "",
            "suggestions": msgspec.json.encode(page.suggestions).decode(),
            "differs": " ".join(page.differs),
        }
        self._connection.execute(insert(tables.review).values(row))

    def _page_row(self, file_id: int, index: int, outcome: str, values: Mapping[str, object]) -> int:
        row = {**values, "file_id": file_id, "index": index, "outcome": outcome}
        table = tables.scan_page
        return int(self._connection.execute(insert(table).returning(table.c.id), row).scalar_one())


def _worth_keeping(opened: Opened, found: Sequence[PageRead]) -> bool:
    """Whether a file's own bytes are to be kept, now that this was read of it."""
    if opened.code is not None:
        return opened.code in KEPT_THOUGH_REJECTED and bool(opened.sha256)
    return any(page.kind is not Kind.LOST for page in found)


def _record(connection: Connection, group: Sequence[_Unit], pages: Sequence[TakenPage], actor: Actor) -> None:
    if any(unit.to_read or unit.opened.code for unit in group):
        files = len({unit.place for unit in group})
        outcomes = Counter(page.outcome for page in pages)
        journal.record(connection, actor, "intake", "", {"files": files, **dict(sorted(outcomes.items()))})
