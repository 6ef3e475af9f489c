"""Contract numbers: `451225105001-2026-01-000123-Y`, by village, year, template and serial.

The last character is the ISO 7064 MOD 37,36 check over all digits before it.
"""

import re
from dataclasses import dataclass

from stdnum.iso7064 import mod_37_36

TOWN_DIGITS, VILLAGE_DIGITS = 9, 12  # of a division's code
_SHAPE = re.compile(r"(\d{12})-?(\d{4})-?(\d{2})-?(\d{6})-?([0-9A-Z])")


@dataclass(frozen=True, slots=True)
class Number:
    """A contract number's parts; `str()` gives it with hyphens."""

    village: str
    year: int
    template: str
    serial: int

    def __str__(self) -> str:
        body = f"{self.village}-{self.year:04d}-{self.template}-{self.serial:06d}"
        return f"{body}-{mod_37_36.calc_check_digit(body.replace('-', ''))}"


def parse(text: str) -> Number | None:
    """The number a person typed, with or without hyphens, in either case; None if it is none."""
    found = _SHAPE.fullmatch(text.strip().upper())
    if found is None or int(found[4]) == 0:
        return None
    number = Number(found[1], int(found[2]), found[3], int(found[4]))
    return number if str(number)[-1] == found[5] else None
