"""contract.toml: everything about a contract template that is not its wording.

An office changes wording in Word and rules here; a seventh template is a folder with both files and no code.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*\Z")]
Label = Annotated[str, Meta(min_length=1)]
Millimetres = Annotated[float, Meta(gt=0, le=210)]


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A closed range a number must lie in; either end may be open."""

    min: int | None = None
    max: int | None = None


# A fact's wanted value: the rule holds when every named fact has it. A fact that is not known never holds.
Condition = dict[str, bool | str | Range]


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when to when a contract runs.

    `kind` "calendar_year": 1 January to 31 December of the campaign's year; "years": the campaign's date
    and `years` years, less a day; "open": from the campaign's date, no end; "away": the time away from the
    campaign's date on, an open stay one year less a day.
    """

    kind: Literal["calendar_year", "years", "open", "away"]
    years: Annotated[int, Meta(ge=0, le=99)] = 0


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A blank of fixed width (mm) that a value is printed into.

    `label` is what the document says between the double braces; `source` names a fact of the contract.
    """

    label: Label
    source: str
    width: Millimetres
    format: Literal["text", "date", "masked"] = "text"


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An optional clause: paragraphs and table rows that begin with its mark are there only when it holds."""

    label: Label
    when: Condition


class Box(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place on the paper that is signed, sealed, dated or ticked; sizes in mm."""

    label: Label
    kind: Literal["signature", "date", "seal", "tick"]
    w: Millimetres
    h: Millimetres
    required: bool = True


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word of the warning list that an office keeps, and why."""

    word: str
    reason: Annotated[str, Meta(min_length=4)]


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the office promises in a clause, and by when (archive/promises.py).

    `days` after the contract is whole, at the earliest after its term has begun; `every_months`: once in every so many
    months of the term; with both, again every so many months after the first time.
    """

    label: Label
    days: Annotated[int, Meta(ge=0, le=3660)] | None = None
    every_months: Annotated[int, Meta(ge=1, le=120)] | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One contract.toml."""

    name: Name
    number: Annotated[str, Meta(pattern=r"^(0[1-6]|[1-9][0-9])\Z")]
    version: Annotated[str, Meta(min_length=1)]
    title: Label
    scope: Literal["household", "couple", "person", "village", "unit"]
    term: Term
    fields: dict[Name, Field]
    boxes: dict[Name, Box]
    who: Condition = {}
    clauses: dict[Name, Clause] = {}
    rows: dict[Name, dict[Name, Field]] = {}
    copies: Annotated[int, Meta(ge=1, le=9)] = 2
    duplex: bool = True
    filing_days: Annotated[int, Meta(ge=0)] = 15
    retention: Literal["Y", "D30", "D10"] = "D30"
    accepted: tuple[Accepted, ...] = ()
    promises: dict[Name, Promise] = {}

    def label_of(self, key: str) -> str:
        """What the document calls a field, given its key in a layout: `phone`, or `members.1.name` of a row."""
        if "." not in key:
            return self.fields[key].label
        rows, _, name = key.split(".")
        return self.rows[rows][name].label
