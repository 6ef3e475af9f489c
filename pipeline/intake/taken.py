"""What became of everything an intake was given: file by file, page by page; as counts and as a receipt has it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from pipeline.intake.files import MESSAGES, Code, Opened, ScanFile

OUTCOMES = ("filed", "duplicate", "blank", "review", "quarantined")


class TakenPage(msgspec.Struct, frozen=True):
    """A page: `file` is its file's place among the files given and `page` its own there, both from 1.

    `reason` and `decision` are the review's, `contract` and `sheet` what it was decided to be, else what its code
    says. `again`: lost, and tried again by the next run. `known_before`: accounted for by an earlier call, or the
    same bytes under another name. `replaces`: a duplicate whose clearer image took the filed one's place.
    """

    file: int
    page: int
    outcome: str
    reason: str = ""
    decision: str = ""
    contract: str | None = None
    sheet: int | None = None
    flaws: tuple[str, ...] = ()
    again: bool = False
    known_before: bool = False
    replaces: bool = False

    @property
    def flawed(self) -> bool:
        """Whether its image is kept, and not fit for that."""
        return bool(self.flaws) and self.outcome in ("filed", "review")

    @property
    def to_look_at(self) -> bool:
        """Whether a person must do something about it."""
        waits = self.outcome in ("review", "quarantined") and not self.decision
        return waits or (self.flawed and self.decision != "rejected")


class TakenFile(msgspec.Struct, frozen=True):
    """A file; `code` and `message` say why it was not taken in, "" where it was."""

    name: str
    sha256: str
    bytes: int
    pages: int
    code: str
    message: str
    device: str
    captured_at: str


class Receipt(msgspec.Struct, frozen=True):
    """A receipt as its JSON has it; `archive` is the name of the archive's folder."""

    version: int
    number: int
    archive: str
    day: str
    user: str
    counts: dict[str, int]
    files: list[TakenFile]
    pages: list[TakenPage]


@dataclass(slots=True)
class Taken:
    """An intake: its files, its pages in their order, the catalogue's row of each page (None: lost).

    `complete` and `incomplete` count the contracts that the pages belong to; `receipt` is the receipt's number.
    """

    files: list[tuple[ScanFile, Opened]]
    pages: list[TakenPage] = field(default_factory=list)
    rows: list[int | None] = field(default_factory=list)
    complete: int = 0
    incomplete: int = 0
    receipt: int | None = None

    def add(self, page: TakenPage, row: int | None) -> None:
        """One more page is accounted for."""
        self.pages.append(page)
        self.rows.append(row)

    @property
    def outcomes(self) -> Counter[str]:
        """How many pages are in each of the five counts."""
        return Counter(page.outcome for page in self.pages)

    @property
    def contracts(self) -> set[str]:
        """The contracts that the pages belong to."""
        return {page.contract for page in self.pages if page.contract is not None}

    @property
    def rejected(self) -> list[tuple[str, Code]]:
        """The files that were not taken in, and why."""
        return [(file.name, what.code) for file, what in self.files if what.code is not None]

    def named(self, wanted: Callable[[TakenPage], bool]) -> Iterator[tuple[str, TakenPage]]:
        """The pages that are wanted, each with its file's name."""
        for page in self.pages:
            if wanted(page):
                yield self.files[page.file - 1][0].name, page

    def counts(self) -> dict[str, int]:
        """All the counts, as `intake --json` names them."""
        outcomes = self.outcomes
        return {
            "files": len(self.files),
            "pages": len(self.pages),
            **{outcome: outcomes[outcome] for outcome in OUTCOMES},
            "contracts_complete": self.complete,
            "contracts_incomplete": self.incomplete,
        }

    def as_json(self) -> dict[str, object]:
        """As `intake --json` prints it (docs/interfaces.md)."""
        rejected = [
            {"file": name, "code": str(code), "message": MESSAGES[code]} for name, code in self.rejected
        ]
        return {**self.counts(), "rejected_files": rejected}

    def as_receipt(self, number: int, archive: str, day: str, user: str) -> Receipt:
        """As a receipt has it."""
        files = [
            TakenFile(
                file.name,
                what.sha256,
                what.size,
                what.pages,
                str(what.code or ""),
                "" if what.code is None else MESSAGES[what.code],
                what.device,
                what.captured_at,
            )
            for file, what in self.files
        ]
        return Receipt(1, number, archive, day, user, self.counts(), files, self.pages)
