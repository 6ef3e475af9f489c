"""Citizen identity numbers (GB 11643-1999): 17 digits and a check character, or 15 digits of old."""

import re
from dataclasses import dataclass
from datetime import date

from archive.identity import upgraded
from pipeline.people import FEMALE, MALE
from pipeline.roster.cells import Cell, folded, is_nothing

_NOT_YET = re.compile(r"未办理?|未上户|未落户|待办|没办")
# Excel keeps 15 significant digits: a longer number typed as a number is already another number.
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
_EXACT_BELOW = 10**15
# Other characters typed for the check character X.
_X = str.maketrans({"x": "X", "×": "X", "х": "X", "Х": "X", "✕": "X", "＊": "X", "*": "X"})


@dataclass(frozen=True, slots=True)
class Identity:
    """What a cell says of an identity number.

    `number` is what could be read, 18 characters when sound; `code` is "" for a sound number, else its
    problem; `written` is the 15-digit number that `number` was upgraded from, else "".
    """

    number: str
    code: str = ""
    written: str = ""

    @property
    def sound(self) -> bool:
        return not self.code


def read_identity(cell: Cell) -> Identity:
    """The identity number in a cell, whatever its first six digits: divisions come and go."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) >= _EXACT_BELOW:
        return Identity(f"{cell:.0f}", "id_precision_lost")
    plain = folded(cell).replace("-", "")
    if is_nothing(plain) or _NOT_YET.fullmatch(plain):
        return Identity("", "id_missing")
    if _SCIENTIFIC.fullmatch(plain):
        return Identity(plain, "id_precision_lost")
    number = plain.removesuffix(".0") or plain
    number = number[:-1] + number[-1].translate(_X)
    if len(number) == 15:
        return _upgraded(number)
    if len(number) != 18:
        return Identity(number, "id_length")
    if not upgraded(number):
        # A number that went through Excel as a number and was then made text ends in three zeros.
        lost = number.isdigit() and number.endswith("000")
        return Identity(number, "id_precision_lost" if lost else "id_checksum")
    return Identity(number)


def sex_of(number: str) -> str:
    """The sex a sound 18-character number states: its 17th digit is odd for a man."""
    return MALE if int(number[16]) % 2 else FEMALE


def birth_of(number: str) -> date:
    """The birth date a sound 18-character number states."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def _upgraded(number: str) -> Identity:
    full = upgraded(number)
    return Identity(full, written=number) if full else Identity(number, "id_checksum")
