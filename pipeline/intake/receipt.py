"""Receipts of intakes (交接单): every file and page that was given, and what became of it, kept in the vault.

One is written after the last page, in a transaction of its own: a run that was killed leaves none, and the same
command again leaves one with all pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import msgspec
from sqlalchemy import Connection, RowMapping, func, insert, or_, select

from archive import journal
from archive.catalogue import tables
from archive.file_names import readable
from archive.home import Home
from archive.journal import Actor
from pipeline import pool
from pipeline.errors import OriginalAmbiguous, OriginalNotKept, OriginalUnknown, ReceiptUnknown
from pipeline.intake.receipt_workbook import write_receipt
from pipeline.intake.small_pictures import KeptPicture, no_picture, small_picture
from pipeline.intake.taken import OUTCOMES, Taken

PICTURES = 500  # pages that the workbook shows as pictures
COUNTS = ("files", "pages", *OUTCOMES)


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt that is kept; `counts` are COUNTS by name, `json` and `workbook` its blobs."""

    number: int
    day: str
    user: str
    counts: dict[str, int]
    json: str
    workbook: str


def keep_receipt(home: Home, taken: Taken, actor: Actor) -> int:
    """Write and keep the receipt of an intake; its number. For who holds the archive's lock and its staging."""
    path, day = home.staging / "receipt.xlsx", actor.today.isoformat()
    with home.reading() as connection:
        number = (connection.execute(select(func.max(tables.receipt.c.id))).scalar() or 0) + 1
        pictures = _pictures(home, connection, taken)
    receipt = taken.as_receipt(number, readable(Path(home.folder.absolute().name)).name, day, actor.user)
    write_receipt(path, receipt, pictures)
    counts = {name: receipt.counts[name] for name in COUNTS}
    with home.writing() as connection:
        contents = [msgspec.json.encode(receipt), path.read_bytes()]
        json, workbook = home.vault(connection).put(connection, contents, day)
        row = {"id": number, "day": day, "user": actor.user, "json": json, "workbook": workbook}
        connection.execute(insert(tables.receipt).values(row | counts))
        journal.record(connection, actor, "receipt", str(number), counts)
    return number


def _pictures(home: Home, connection: Connection, taken: Taken) -> dict[int, bytes]:
    """Small JPEG pictures of the first pages to be looked at, by place in the pages; b"" where none can be drawn."""
    blobs: dict[int, tuple[str, int]] = {}
    for place, (page, row) in enumerate(zip(taken.pages, taken.rows, strict=True)):
        if len(blobs) == PICTURES:
            break
        if page.to_look_at and row is not None:
            found = _where_kept(connection, row)
            if found is not None:
                blobs[place] = found
    vault = home.vault(connection)
    tasks = (KeptPicture(vault.get(connection, blob), position) for blob, position in blobs.values())
    drawn = pool.ordered(small_picture, tasks, pool.workers_for(len(blobs)), no_picture)
    return dict(zip(blobs, drawn, strict=True))


def _where_kept(connection: Connection, page_id: int) -> tuple[str, int] | None:
    """The blob that holds a page's image, and which page of that PDF (from 1) it is; None where none is kept."""
    review, filing, sheet = tables.review, tables.filing, tables.filed_sheet
    waiting = connection.execute(select(review.c.blob).where(review.c.page_id == page_id)).scalar()
    if waiting is not None:
        return waiting, 1
    filed = connection.execute(
        select(filing.c.blob, sheet.c.position)
        .join(sheet, sheet.c.filing_id == filing.c.id)
        .where(sheet.c.page_id == page_id)
        .order_by(filing.c.id.desc())
        .limit(1)
    ).first()
    return None if filed is None else (filed.blob, filed.position)


def receipts(connection: Connection) -> list[KeptReceipt]:
    """All receipts, the oldest first."""
    rows = connection.execute(select(tables.receipt).order_by(tables.receipt.c.id)).mappings()
    return [_kept(row) for row in rows]


def find_receipt(connection: Connection, number: int) -> KeptReceipt:
    """The receipt of that number. Raises ReceiptUnknown."""
    query = select(tables.receipt).where(tables.receipt.c.id == number)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise ReceiptUnknown(number=number)
    return _kept(row)


def _kept(row: RowMapping) -> KeptReceipt:
    counts = {name: row[name] for name in COUNTS}
    return KeptReceipt(row["id"], row["day"], row["user"], counts, row["json"], row["workbook"])


def save_receipt(home: Home, number: int, folder: Path) -> list[Path]:
    """Write a receipt's two files into a folder, made if it is not there; nothing there is overwritten.

    Raises ReceiptUnknown; OSError where they cannot be written.
    """
    with home.reading() as connection:
        kept, vault = find_receipt(connection, number), home.vault(connection)
        contents = [vault.get(connection, blob) for blob in (kept.json, kept.workbook)]
    folder.mkdir(parents=True, exist_ok=True)
    paths = next(both for both in _names(folder, number) if not any(path.exists() for path in both))
    for path, content in zip(paths, contents, strict=True):
        with path.open("xb") as file:
            file.write(content)
    return list(paths)


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it came: its name there, size in bytes, and the blobs that its bytes are in."""

    name: str
    sha256: str
    size: int
    blobs: tuple[str, ...]


def find_original(connection: Connection, wanted: str) -> Original:
    """The file that was taken in, or rejected, under a name, or has a SHA-256.

    Raises OriginalUnknown, OriginalNotKept; OriginalAmbiguous where different files had that name.
    """
    table = tables.scan_file
    named = or_(table.c.name == wanted, table.c.sha256 == wanted.lower())
    rows = connection.execute(select(table).where(named).order_by(table.c.id)).all()
    if not rows:
        raise OriginalUnknown(name=wanted)
    kept = {row.sha256: row for row in rows if row.original}
    if not kept:
        raise OriginalNotKept(name=wanted)
    if len(kept) > 1:
        raise OriginalAmbiguous(name=wanted, count=len(kept), digests="、".join(kept))
    (row,) = kept.values()
    blobs = msgspec.json.decode(row.original, type=tuple[str, ...])
    return Original(row.name, row.sha256, row.size, blobs)


def _names(folder: Path, number: int) -> Iterator[Sequence[Path]]:
    """Pairs of names for a receipt's files, the plain ones first."""
    stem = f"交接单-{number:04d}"
    for again in count(1):
        name = stem if again == 1 else f"{stem}-{again}"
        yield folder / f"{name}.json", folder / f"{name}.xlsx"
