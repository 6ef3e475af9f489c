"""Households and persons as a roster names them: plain values, no I/O."""

from dataclasses import dataclass
from datetime import date

MALE = "男"
FEMALE = "女"
MARRIED = "已婚"
HEAD = "户主"


@dataclass(frozen=True, slots=True)
class Person:
    """One row of a roster, cleaned.

    `held` is the code of the first error that holds the person back ("" for an accepted person); a held
    person's values are what could be read, None or "" where nothing could.
    An open or missing end of a stay is None; `away_readable` is False when a date of the stay is
    written but cannot be read.
    """

    name: str
    sex: str
    birth: date | None
    id_number: str
    relation: str
    phone: str
    marital: str
    away_to: str
    away_from: date | None
    away_until: date | None
    away_readable: bool
    wants_service: bool
    wants_pension: bool
    wants_choice: bool
    held: str = ""


@dataclass(frozen=True, slots=True)
class Household:
    """A household of one year's roster: its village, group and number name it.

    `head` is the head's name as written, also when the head is held back; `members` holds accepted and
    held persons, in the roster's order.
    """

    village_code: str
    group: int
    number: str
    head: str
    responsible: str
    members: tuple[Person, ...]

    @property
    def accepted(self) -> tuple[Person, ...]:
        """The members no problem holds back."""
        return tuple(person for person in self.members if not person.held)


def age_on(birth: date, day: date) -> int:
    """Whole years from `birth` to `day`; someone born on 29 February turns a year older on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
