"""Filings: the signed sheets of contracts as versions, each a PDF in the vault, none ever overwritten."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, Row, insert, select

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.journal import Actor
from archive.signed_pdf import KeptPage, SheetScan, signed_pdf
from archive.vault import Vault

# The audit class that a required box of a kind, not surely filled, brings its contract into.
GAP_OF_KIND = {"signature": "unsigned", "seal": "unsealed", "date": "undated"}
GAPS = ("incomplete", *GAP_OF_KIND.values())


class Verdict(StrEnum):
    """What a box of a scanned sheet is."""

    FILLED = "filled"
    EMPTY = "empty"
    UNSURE = "unsure"


class Box(msgspec.Struct, frozen=True):
    """A box of a filed sheet; `score` is the ink found in it, in mm²."""

    name: str
    kind: str
    required: bool
    verdict: Verdict
    score: float


@dataclass(frozen=True, slots=True)
class FiledSheet:
    """One sheet of a filing: its page (1-based) of the filing's PDF, the scanned page it came from, its boxes.

    `residual` is how far printed marks lay from their places after registration, in mm; `flaws` and `bearing` as
    NewSheet has them.
    """

    sheet: int
    position: int
    page_id: int
    layout: str
    residual: float
    boxes: tuple[Box, ...]
    flaws: tuple[str, ...]
    bearing: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Filing:
    """A version of a contract's signed paper."""

    contract: str
    version: int
    filed_on: str
    user: str
    blob: str | None
    gaps: tuple[str, ...]
    sheets: tuple[FiledSheet, ...]


@dataclass(frozen=True, slots=True)
class NewSheet:
    """A sheet to be filed: its scan, and what was read of it; `sheets` is how many its contract has.

    `flaws` say why the image is not fit to keep ("cut_off", "dark", "blurred", "coarse"); `bearing` takes mm of
    the sheet to pixels of the scan (pipeline.intake.register.Registration), () where the page could not be
    brought onto its layout.
    """

    contract: str
    sheet: int
    sheets: int
    layout: str
    residual: float
    boxes: tuple[Box, ...]
    scan: SheetScan
    flaws: tuple[str, ...] = ()
    bearing: tuple[float, ...] = ()


class Comparison(StrEnum):
    """What a scan of a sheet that is filed already is to the filed one."""

    DUPLICATE = "duplicate"
    CLEARER = "clearer"
    BETTER = "better"
    CONFLICT = "conflict"


def compare(old: FiledSheet | NewSheet, new: NewSheet) -> Comparison:
    """Compare two scans of one sheet by which boxes, ticks aside, are surely filled; not by their ink.

    One that is fit to keep, where the other is not, is clearer.
    """
    before, after = _filled(old.boxes), _filled(new.boxes)
    if before == after and old.flaws and not new.flaws:
        return Comparison.CLEARER
    if after <= before:
        return Comparison.DUPLICATE
    return Comparison.BETTER if before < after else Comparison.CONFLICT


def _filled(boxes: Sequence[Box]) -> frozenset[str]:
    return frozenset(box.name for box in boxes if box.kind != "tick" and box.verdict is Verdict.FILLED)


def gaps_of(sheets: Sequence[Sequence[Box]], of: int) -> tuple[str, ...]:
    """What a filing of these sheets' boxes lacks, as audit classes; `of` is the contract's number of sheets."""
    found = {"incomplete"} if len(sheets) < of else set()
    for boxes in sheets:
        for box in boxes:
            if box.required and box.verdict is not Verdict.FILLED and box.kind in GAP_OF_KIND:
                found.add(GAP_OF_KIND[box.kind])
    return tuple(gap for gap in GAPS if gap in found)


def current_filing(connection: Connection, contract: str, on: str | None = None) -> Filing | None:
    """The newest version of a contract's filing, or the one that stood on a date; None if there is none."""
    table = tables.filing
    query = select(table).where(table.c.contract == contract)
    if on is not None:
        query = query.where(table.c.filed_on <= on)
    row = connection.execute(query.order_by(table.c.version.desc()).limit(1)).first()
    return None if row is None else _filing(connection, row)


def filing_versions(connection: Connection, contract: str) -> list[Filing]:
    """All versions of a contract's filing, the oldest first."""
    table = tables.filing
    rows = connection.execute(select(table).where(table.c.contract == contract).order_by(table.c.version))
    return [_filing(connection, row) for row in rows.all()]


def _filing(connection: Connection, row: Row[tuple[object, ...]]) -> Filing:
    table = tables.filed_sheet
    rows = connection.execute(select(table).where(table.c.filing_id == row.id).order_by(table.c.sheet))
    sheets = tuple(
        FiledSheet(
            one.sheet,
            one.position,
            one.page_id,
            one.layout,
            one.residual,
            decode_boxes(one.boxes),
            tuple(one.flaws.split()),
            msgspec.json.decode(one.bearing, type=tuple[float, ...]),
        )
        for one in rows
    )
    return Filing(
        row.contract, row.version, row.filed_on, row.user, row.blob, tuple(row.gaps.split()), sheets
    )


def decode_boxes(text: str) -> tuple[Box, ...]:
    """A sheet's boxes as the catalogue holds them."""
    return msgspec.json.decode(text, type=tuple[Box, ...])


@dataclass(frozen=True, slots=True)
class _Kept:
    """A sheet that an earlier version has, and the blob of that version."""

    filed: FiledSheet
    blob: str


@dataclass(frozen=True, slots=True)
class _Placed:
    """A sheet that is filed now, and the scanned page it came from."""

    new: NewSheet
    page_id: int


@dataclass(slots=True)
class _Draft:
    version: int
    of: int
    sheets: dict[int, _Kept | _Placed]
    changed: bool = False


class Drafts:
    """The filings that one transaction changes: sheets are placed or taken back, then written as new versions."""

    def __init__(self, connection: Connection, vault: Vault, actor: Actor) -> None:
        self._connection, self._vault, self._actor = connection, vault, actor
        self._drafts: dict[str, _Draft] = {}

    def compare(self, new: NewSheet) -> Comparison | None:
        """What a scanned sheet is to the one that is filed; None where none is."""
        held = self._draft(new.contract).sheets.get(new.sheet)
        return None if held is None else compare(_read(held), new)

    def place(self, new: NewSheet, page_id: int) -> None:
        """File the sheet, in place of one that is filed; one not written yet becomes a version first."""
        if isinstance(self._draft(new.contract).sheets.get(new.sheet), _Placed):
            self.write()
        draft = self._draft(new.contract)
        draft.sheets[new.sheet], draft.of, draft.changed = _Placed(new, page_id), new.sheets, True

    def take_back(self, contract: str, sheet: int, page_id: int) -> bool:
        """Undo the filing of a scanned page: the sheet filed before it comes back, if there was one.

        False where another page has taken its place since.
        """
        draft = self._draft(contract)
        held = draft.sheets.get(sheet)
        if not isinstance(held, _Kept) or held.filed.page_id != page_id:
            return False
        del draft.sheets[sheet]
        draft.changed = True
        before = self._under(contract, sheet)
        if before is not None:
            draft.sheets[sheet] = before
        return True

    def _under(self, contract: str, sheet: int) -> _Kept | None:
        """What lies under the newest scan of a filed sheet: the scan it took the place of."""
        stack: list[_Kept] = []
        for filing in filing_versions(self._connection, contract):
            found = next((one for one in filing.sheets if one.sheet == sheet), None)
            if found is None or filing.blob is None:
                stack.clear()
                continue
            pages = [one.filed.page_id for one in stack]
            if found.page_id in pages:  # it stayed, or what lay over it was taken back
                del stack[pages.index(found.page_id) :]
            stack.append(_Kept(found, filing.blob))
        return stack[-2] if len(stack) > 1 else None

    def write(self) -> list[str]:
        """Write a new version of every filing that changed; the contracts they are of."""
        changed = {number: draft for number, draft in self._drafts.items() if draft.changed}
        pdfs = {number: self._pdf(number, draft) for number, draft in changed.items() if draft.sheets}
        names = self._vault.put(self._connection, list(pdfs.values()), self._actor.today.isoformat())
        blobs = dict(zip(pdfs, names, strict=True))
        for number, draft in changed.items():
            digest = hashlib.sha256(pdfs[number]).hexdigest() if number in pdfs else ""
            self._write(number, draft, blobs.get(number), digest)
        mark_changed(self._connection, changed)
        self._drafts.clear()
        return list(changed)

    def _draft(self, contract: str) -> _Draft:
        if contract not in self._drafts:
            filing = current_filing(self._connection, contract)
            of = self._connection.execute(
                select(tables.contract.c.sheets).where(tables.contract.c.number == contract)
            ).scalar_one()
            draft = _Draft(0, of or 0, {})
            if filing is not None:
                draft.version = filing.version
                if filing.blob is not None:
                    draft.sheets = {one.sheet: _Kept(one, filing.blob) for one in filing.sheets}
            self._drafts[contract] = draft
        return self._drafts[contract]

    def _pdf(self, number: str, draft: _Draft) -> bytes:
        pages: list[SheetScan | KeptPage] = []
        for _, held in sorted(draft.sheets.items()):
            if isinstance(held, _Placed):
                pages.append(held.new.scan)
            else:
                pages.append(KeptPage(self._vault.get(self._connection, held.blob), held.filed.position))
        return signed_pdf(number, pages)

    def _write(self, number: str, draft: _Draft, blob: str | None, sha256: str) -> None:
        boxes = [_read(held).boxes for held in draft.sheets.values()]
        row = {
            "contract": number,
            "version": draft.version + 1,
            "filed_on": self._actor.today.isoformat(),
            "user": self._actor.user,
            "blob": blob,
            "sheets": len(draft.sheets),
            "gaps": " ".join(gaps_of(boxes, draft.of)),
            "sha256": sha256,
        }
        filing_id = self._connection.execute(
            insert(tables.filing).returning(tables.filing.c.id), row
        ).scalar_one()
        rows = [
            _sheet_row(filing_id, position, sheet, held)
            for position, (sheet, held) in enumerate(sorted(draft.sheets.items()), 1)
        ]
        if rows:
            self._connection.execute(insert(tables.filed_sheet), rows)


def _sheet_row(filing_id: int, position: int, sheet: int, held: _Kept | _Placed) -> dict[str, object]:
    source = _read(held)
    return {
        "filing_id": filing_id,
        "sheet": sheet,
        "position": position,
        "page_id": held.filed.page_id if isinstance(held, _Kept) else held.page_id,
        "layout": source.layout,
        "residual": source.residual,
        "boxes": msgspec.json.encode(source.boxes).decode(),
        "bearing": msgspec.json.encode(source.bearing).decode(),
        "flaws": " ".join(source.flaws),
    }


def _read(held: _Kept | _Placed) -> FiledSheet | NewSheet:
    """What was read of a sheet."""
    return held.filed if isinstance(held, _Kept) else held.new
