"""Households and persons as a roster names them: plain values, no I/O."""

from dataclasses import dataclass
from datetime import date

MALE = "男"
FEMALE = "女"
MARRIED = "已婚"
HEAD = "户主"

# Other words for the relations that couples are made of; the roster keeps the word as written.
_KIN = {
    "配偶": ("妻", "妻子", "夫", "丈夫", "爱人", "老婆", "老公"),
    "父亲": ("父", "爸爸"),
    "母亲": ("母", "妈妈"),
    "儿子": ("子", "独生子", "长子", "次子", "三子", "四子", "五子", "二子", "小儿子", "大儿子"),
    "女儿": ("女", "独生女", "长女", "次女", "三女", "四女", "五女", "二女", "小女儿", "大女儿"),
    "儿媳": ("媳", "媳妇", "儿媳妇", "长媳", "次媳"),
    "女婿": ("婿", "长婿", "次婿"),
}
_KIN_OF = {word: kin for kin, words in _KIN.items() for word in words}


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
class Departed:
    """Someone still listed whose row says that they `died` or `moved` (`reason`): no member any more."""

    name: str
    id_number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Household:
    """A household of one year's roster: its village, group and number name it.

    `head` is the head's name as written, also when the head is held back; `members` holds accepted and
    held persons, in the roster's order. `village_code` is "" where the village could not be told; all its
    members are held then.
    """

    village_code: str
    group: int
    number: str
    head: str
    responsible: str
    members: tuple[Person, ...]
    departed: tuple[Departed, ...] = ()

    @property
    def accepted(self) -> tuple[Person, ...]:
        """The members no problem holds back."""
        return tuple(person for person in self.members if not person.held)


def age_on(birth: date, day: date) -> int:
    """Whole years from `birth` to `day`; someone born on 29 February turns a year older on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def kin(relation: str) -> str:
    """The usual word for a relation to the head (GB/T 4761): 妻 and 丈夫 are 配偶, 长子 is 儿子.

    A word that is not known comes back as it is.
    """
    return _KIN_OF.get(relation, relation)


def mask_id(number: str) -> str:
    """An identity number for papers, lists, logs and messages: 451225***********7.

    The first six and the last character show: the birth date often stands beside it, and with more of the
    end the number could be worked out from its check. Of anything shorter than 15 characters only the last
    two show, since it may be a damaged number or another document's.
    """
    if len(number) >= 15:
        return number[:6] + "*" * (len(number) - 7) + number[-1:]
    return "*" * (len(number) - 2) + number[-2:]


def mask_phone(number: str) -> str:
    """A phone number for lists, logs and messages: 138****5678; of any other length the last four show."""
    if len(number) == 11:
        return number[:3] + "****" + number[-4:]
    return "*" * (len(number) - 4) + number[-4:]
