"""Which sheet a page is whose code cannot be read: by what is printed on it, among what is still expected.

First by the number beside the code; where that cannot be read either, the page is laid on the layouts that are
expected, and the number, names and identity numbers are read in their places. It is told for sure only where two
of them agree that do not depend on each other, and everything else on the page is as printed; else there are
suggestions for a person.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

import cv2
import numpy as np
from sqlalchemy import Connection, func, select

from archive.catalogue import tables
from archive.states import filed_whole, newest_filing, not_closed
from pipeline.contracts import content_of_contract
from pipeline.fill import Content
from pipeline.intake.blank import paper_corners
from pipeline.intake.lie import Matrix, Registration, cut
from pipeline.intake.number_line import number_in, number_lines
from pipeline.intake.ocr import read_line
from pipeline.intake.page_image import Pixels
from pipeline.intake.prove import Claim, Proof, prove
from pipeline.intake.reference import HEIGHT, WIDTH, Reference, References
from pipeline.intake.register import glance, grow
from pipeline.layout import FieldPlace, Layout
from pipeline.people import mask_id

LAYOUTS = 24  # that are tried, those of most expected contracts first
LIKELY = 10  # anchors that are found where the layout may be the page's
READ = 8  # pixels a millimetre that a line is read at
AROUND = 1.2  # mm around a value that is read with it
SHOWN = 3  # suggestions
NAME, IDENTITY, SERIAL = 0.35, 0.4, 0.5  # what each agreeing thing adds to a suggestion
ALIKE = 0.6  # of a name or number that must agree to be a suggestion at all


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a page may be: a contract's sheet (from 1), and how likely, from 0 to 1."""

    contract: str
    sheet: int
    score: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a page was told to be: a claim that holds and how the page lies, or what it may be."""

    claim: Claim | None = None
    registration: Registration | None = None
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A page laid on a layout's sheet, and what was read there."""

    layout: Layout
    sheet: int
    registration: Registration
    number: str
    names: tuple[str, ...]
    identities: tuple[str, ...]


class ByPrint:
    """Tells pages without a readable code; for one reading transaction."""

    def __init__(self, connection: Connection, on: date, references: References) -> None:
        self._connection, self._on, self._references = connection, on, references
        self._layouts: list[tuple[Layout, Content, set[str], set[str]]] | None = None

    def tell(self, pixels: Pixels, plain: Pixels, half: Pixels) -> Told:
        """What a page is; `plain` is it as one channel, `half` that at half its size."""
        frames = list(_frames(plain))
        for frame in frames:
            for line in number_lines(plain, frame):
                told = self._by_number(pixels, plain, half, line.number, line.sheet, line.start)
                if told is not None:
                    return told
        seen = self._laid(plain, half, frames)
        return Told() if seen is None else self._by_values(pixels, plain, half, seen)

    def _by_number(
        self, pixels: Pixels, plain: Pixels, half: Pixels, number: str, said: int, start: Registration
    ) -> Told | None:
        """The sheet of a number that was read; None where it is not expected here."""
        layout = self._layout_of(number)
        if layout is None:
            return None
        sheets = [said] if 1 <= said <= len(layout.sheets) else range(1, len(layout.sheets) + 1)
        for sheet in sheets:
            registration = grow(
                plain, half, start, np.array((150.0, 14.0)), self._references.of(layout, sheet)
            )
            if registration is not None:
                claim, proof, sure = self._proven(pixels, plain, registration, layout, number, sheet)
                if sure:
                    return Told(claim, registration)
                if not proof.differs:
                    return Told(suggestions=(Suggestion(number, sheet, 0.9),))
                # The number of one contract beside the values of another: it may be either.
                fields = _identifying(layout, sheet, claim.content, *self._parties(number))
                others = self._alike(_seen(plain, registration, layout, sheet, *fields))
                more = [one for one in _suggestions(others, sheet) if one.contract != number]
                return Told(suggestions=(Suggestion(number, sheet, 0.6), *more)[:SHOWN])
        return Told(suggestions=tuple(Suggestion(number, sheet, 0.8) for sheet in sheets[:SHOWN]))

    def _by_values(self, pixels: Pixels, plain: Pixels, half: Pixels, seen: _Seen) -> Told:
        """The sheet whose names and numbers were read."""
        found = self._alike(seen)
        sure = [number for number, score, things in found if things >= 2 and score >= NAME + IDENTITY]
        if len(sure) == 1:
            told = self._laid_anew(pixels, plain, half, seen, sure[0])
            if told is not None:
                return told
        return Told(suggestions=tuple(_suggestions(found, seen.sheet)))

    def _laid_anew(
        self, pixels: Pixels, plain: Pixels, half: Pixels, seen: _Seen, number: str
    ) -> Told | None:
        """The page as this contract's, on its own layout; None where it does not show what was printed."""
        layout = self._layout_of(number)
        if layout is None or seen.sheet > len(layout.sheets):
            return None
        registration: Registration | None = seen.registration
        if layout.id != seen.layout.id:
            middle = np.array((WIDTH / 2, HEIGHT / 3))
            registration = grow(
                plain, half, seen.registration, middle, self._references.of(layout, seen.sheet)
            )
        if registration is None:
            return None
        claim, _, sure = self._proven(pixels, plain, registration, layout, number, seen.sheet)
        return Told(claim, registration) if sure else None

    def _proven(
        self,
        pixels: Pixels,
        plain: Pixels,
        registration: Registration,
        layout: Layout,
        number: str,
        sheet: int,
    ) -> tuple[Claim, Proof, bool]:
        """That the page is a contract's sheet, what proves it, and whether that is enough."""
        claim = Claim(layout, number, content_of_contract(self._connection, number), sheet, False)
        proof = prove(pixels, plain, registration, self._references.of(layout, sheet), claim)
        return claim, proof, not proof.differs and self._identifies(claim, proof)

    def _identifies(self, claim: Claim, proof: Proof) -> bool:
        """Whether a party's name or identity number is among what was found as printed."""
        names, identities = self._parties(claim.number)
        return any(claim.content.value(name) in names | identities for name in proof.agrees)

    def _parties(self, number: str) -> tuple[set[str], set[str]]:
        """The names of who signs a contract, and their identity numbers, whole and masked."""
        party = tables.party
        rows = self._connection.execute(
            select(party.c.name, party.c.id_number).where(party.c.contract == number)
        ).all()
        return {row.name for row in rows}, {
            one for row in rows for one in (row.id_number, mask_id(row.id_number))
        }

    def _layout_of(self, number: str) -> Layout | None:
        """The layout that an open contract was printed with."""
        contract = tables.contract
        row = self._connection.execute(
            select(contract.c.layout).where(contract.c.number == number, not_closed(self._on.isoformat()))
        ).first()
        return (
            None
            if row is None or row.layout is None
            else self._references.layout(self._connection, row.layout)
        )

    def _expected(self) -> list[tuple[Layout, Content, set[str], set[str]]]:
        """The layouts of what is still expected: each with a contract's values, who signs it, and their numbers."""
        if self._layouts is None:
            contract, campaign, filing = tables.contract, tables.campaign, tables.filing
            rows = self._connection.execute(
                select(contract.c.layout, func.min(contract.c.number).label("number"))
                .join(campaign, campaign.c.id == contract.c.campaign_id)
                .where(
                    contract.c.layout.is_not(None),
                    campaign.c.closed_on.is_(None),
                    not_closed(self._on.isoformat()),
                    ~select(filing.c.id)
                    .where(filing.c.contract == contract.c.number, newest_filing(filing), filed_whole(filing))
                    .exists(),
                )
                .group_by(contract.c.layout)
                .order_by(func.count().desc(), contract.c.layout)
                .limit(LAYOUTS)
            ).all()
            self._layouts = []
            for row in rows:
                layout = self._references.layout(self._connection, row.layout)
                if layout is not None:
                    content = content_of_contract(self._connection, row.number)
                    self._layouts.append((layout, content, *self._parties(row.number)))
        return self._layouts

    def _laid(self, plain: Pixels, half: Pixels, frames: Sequence[Matrix]) -> _Seen | None:
        """The page on the expected layout that it fits best, with what was read there."""
        found: list[tuple[int, int, Registration]] = []
        fields: list[tuple[Layout, int, list[FieldPlace], list[FieldPlace]]] = []
        for layout, content, names, identities in self._expected():
            for sheet in range(1, len(layout.sheets) + 1):
                named, numbered = _identifying(layout, sheet, content, names, identities)
                if not named and not numbered:
                    continue
                for frame in frames:
                    count, start = glance(half, Registration(frame), self._references.of(layout, sheet))
                    if count >= LIKELY:
                        found.append((count, len(fields), start))
                fields.append((layout, sheet, named, numbered))
        for _, at, start in sorted(found, key=lambda one: -one[0])[:SHOWN]:
            layout, sheet, named, numbered = fields[at]
            middle = np.array((WIDTH / 2, HEIGHT / 2))
            registration = grow(plain, half, start, middle, self._references.of(layout, sheet))
            if registration is not None:
                return _seen(plain, registration, layout, sheet, named, numbered)
        return None

    def _alike(self, seen: _Seen) -> list[tuple[str, float, int]]:
        """Expected contracts that share what was read: number, score, how many things agree wholly; best first."""
        contract, campaign, party = tables.contract, tables.campaign, tables.party
        rows = self._connection.execute(
            select(contract.c.number, party.c.name, party.c.id_number)
            .join(party, party.c.contract == contract.c.number)
            .join(campaign, campaign.c.id == contract.c.campaign_id)
            .where(
                contract.c.template == seen.layout.template,
                contract.c.layout.is_not(None),
                campaign.c.closed_on.is_(None),
                not_closed(self._on.isoformat()),
            )
            .order_by(contract.c.number)
        )
        scores: dict[str, tuple[float, int]] = {}
        for row in rows:
            name = max((_same(one, row.name) for one in seen.names), default=0.0)
            shown = (row.id_number, mask_id(row.id_number))
            identity = max((_same(one, two) for one in seen.identities for two in shown), default=0.0)
            serial = seen.number == row.number
            if max(name, identity) < ALIKE and not serial:
                continue
            score = NAME * name + IDENTITY * identity + SERIAL * serial
            things = (name == 1) + (identity == 1) + serial
            if score > scores.get(row.number, (0.0, 0))[0]:
                scores[row.number] = (score, things)
        ordered = sorted(scores.items(), key=lambda one: (-one[1][0], one[0]))
        return [(number, score, things) for number, (score, things) in ordered]


def _suggestions(found: Sequence[tuple[str, float, int]], sheet: int) -> list[Suggestion]:
    """The best of `_alike`'s."""
    return [Suggestion(number, sheet, round(min(score, 0.95), 2)) for number, score, _ in found[:SHOWN]]


def _identifying(
    layout: Layout, sheet: int, content: Content, names: set[str], identities: set[str]
) -> tuple[list[FieldPlace], list[FieldPlace]]:
    """The sheet's fields that hold a name, and those that hold an identity number, of who signs."""
    places = layout.sheets[sheet - 1].fields
    named, numbered = (
        [one for one in places if content.value(one.name) in them] for them in (names, identities)
    )
    return named, numbered


def _seen(
    plain: Pixels,
    registration: Registration,
    layout: Layout,
    sheet: int,
    named: Sequence[FieldPlace],
    numbered: Sequence[FieldPlace],
) -> _Seen:
    """What is read in these fields, and beside the code."""
    names, identities = (
        tuple(filter(None, (_read(plain, registration, one) for one in places)))
        for places in (named, numbered)
    )
    return _Seen(layout, sheet, registration, _read_number(plain, registration), names, identities)


def lay(plain: Pixels, half: Pixels, reference: Reference) -> Registration | None:
    """The registration of a page of which only the sheet is known; None where it does not lie on that."""
    starts = [glance(half, Registration(frame), reference) for frame in _frames(plain)]
    middle = np.array((WIDTH / 2, HEIGHT / 2))
    found = (
        grow(plain, half, start, middle, reference) for _, start in sorted(starts, key=lambda one: -one[0])
    )
    return next((one for one in found if one is not None), None)


def _frames(plain: Pixels) -> Iterator[Matrix]:
    """Maps from mm to pixels, as if the sheet filled the picture, or were the paper seen in it, either way up."""
    high, wide = plain.shape
    whole = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float64)
    sheet = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    paper = paper_corners(plain)
    for corners in (whole,) if paper is None else (paper, whole):
        sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
        upright = sides[0] + sides[2] <= sides[1] + sides[3]
        for turn in (0, 2) if upright else (1, 3):
            placed = np.roll(corners, -turn, axis=0).astype(np.float32)
            yield np.asarray(cv2.getPerspectiveTransform(sheet, placed), np.float64)


def _read(plain: Pixels, registration: Registration, place: FieldPlace) -> str:
    x, y, w, h = place.rectangle()
    area = (x - AROUND, y - AROUND / 2, w + 2 * AROUND, h + AROUND)
    return read_line(cut(plain, registration, area, READ))


def _read_number(plain: Pixels, registration: Registration) -> str:
    """The number where the layout has it, beside the code; "" where it is not read with a sound check."""
    found = number_in(read_line(cut(plain, registration, (108.0, 10.5, 67.0, 6.0), READ)))
    return "" if found is None else str(found)


def _same(one: str, other: str) -> float:
    """How much two texts agree, from 0 to 1."""
    return 1.0 if one == other else SequenceMatcher(None, one, other).ratio()
