"""What is wrong with a roster's rows: codes, their order, and words that say what a clerk does next."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.people import mask_id, mask_phone

ERROR = "error"
WARNING = "warning"

# Every code in the order that problems of one row are listed in; a person is held by the first error.
ERRORS = (
    "id_missing",
    "id_precision_lost",
    "id_length",
    "id_checksum",
    "sex_mismatch",
    "birth_mismatch",
    "duplicate_person",
    "name_missing",
    "village_unknown",
    "group_unreadable",
    "text_too_long",
    "household_without_head",
    "header_not_found",
    "date_unreadable",
)
WARNINGS = (
    "date_unreadable",
    "id_upgraded",
    "mark_unreadable",
    "year_two_digits",
    "character_doubtful",
    "phone_unreadable",
    "text_too_long",
    "formula_without_value",
    "departure_doubtful",
)
_ORDER = {
    **{(ERROR, code): place for place, code in enumerate(ERRORS)},
    **{(WARNING, code): len(ERRORS) + place for place, code in enumerate(WARNINGS)},
}
_SHOWN = 30
# Where columns are shifted, any cell may hold a number that no screen or printed list is to show.
_ID = re.compile(r"\d(?:[\s-]*\d){13,}[\s-]*[\dXx×✕хХ*]")
_PHONE = re.compile(r"(?<!\d)(?:86[\s-]*)?(\d(?:[\s-]*\d){10})(?!\d)")
_GAPS = re.compile(r"[\s-]+")


def quoted(written: str) -> str:
    """What a cell says, for a message: identity numbers and phones in it masked, cut where it runs on."""
    plain = unicodedata.normalize("NFKC", written)
    masked = _ID.sub(lambda found: mask_id(_GAPS.sub("", found[0])), plain)
    masked = _PHONE.sub(lambda found: mask_phone(_GAPS.sub("", found[1])), masked)
    return _cut(written if masked == plain else masked)


def quoted_id(number: str) -> str:
    """What was read for an identity number, masked and cut."""
    return _cut(mask_id(number))


def _cut(shown: str) -> str:
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that a person should look at. `row` is the sheet's own; `sheet` is "" for a text file.

    `column` is that of the cell at fault, counted from 0 at the sheet's first used one; None for the whole row.
    """

    file: str
    sheet: str
    row: int
    code: str
    severity: str
    message: str
    column: int | None = None

    @property
    def rank(self) -> int:
        """Its place among the problems of one row."""
        return _ORDER[self.severity, self.code]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands, and in which of its columns each field."""

    file: str
    sheet: str
    row: int
    columns: Mapping[str, int] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return f"工作表“{self.sheet}”第{self.row}行" if self.sheet else f"第{self.row}行"

    def error(self, code: str, message: str, field: str = "") -> Problem:
        return self._problem(ERROR, code, message, field)

    def warning(self, code: str, message: str, field: str = "") -> Problem:
        return self._problem(WARNING, code, message, field)

    def _problem(self, severity: str, code: str, message: str, field: str) -> Problem:
        column = self.columns.get(field)
        return Problem(self.file, self.sheet, self.row, code, severity, f"{self}：{message}", column)
