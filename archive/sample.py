"""Drawing a spot check: the papers that can be drawn, their strata, and a random sample that a seed gives again.

A stratum's papers are put in the order of HMAC-SHA-256 with the seed as key (both UTF-8) over `<stratum>\\n<contract
number>`, and the first so many are drawn. As nobody who does not know the key can tell it from one of all orders with
equal chances (docs/decisions/0027), each set of so many papers is as likely as any other: a simple random sample. It
depends on the seed, the strata and the numbers alone.
"""

import hmac
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from heapq import nsmallest

import polars as pl
from sqlalchemy import Connection

from archive.audit.classes import Class
from archive.audit.contracts import contracts
from archive.audit.findings import audit
from archive.errors import WrongUsage
from archive.sample_check import By, Confidence, Drawn, Number, Of, Pick, Share, Size, Stratum, Wanted
from archive.sample_numbers import by_number, by_share, to_find_one
from archive.states import State

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that is taken for another
SEED = 8  # letters of a seed that nobody gave: 31 to the 8th are some 40 bits
LONGEST = 40  # of a seed that was given
TEMPLATE_AT = slice(18, 20)  # where a contract's number has its template's


class NothingToDraw(WrongUsage):
    """{day} 没有可以抽的合同：{what}。请核对 --on 和 --of。"""


NOTHING = {
    Of.FILED: "没有归档的",
    Of.PRINTED: "没有打印了还没有收回的",
    Of.ALL: "没有打印、归档的",
}


def new_seed() -> str:
    """A seed that nobody could foresee."""
    return "".join(secrets.choice(LETTERS) for _ in range(SEED))


def plain_seed(written: str) -> str:
    """A seed as it counts: full-width forms folded, in upper case, without spaces. Raises ValueError for none."""
    seed = "".join(unicodedata.normalize("NFKC", written).upper().split())
    if not seed or len(seed) > LONGEST or not seed.isprintable():
        raise ValueError(written)
    return seed


def draw(connection: Connection, wanted: Wanted) -> tuple[Drawn, list[Pick]]:
    """A sample as wanted, by contract number. Raises NothingToDraw."""
    strata = strata_of(connection, date.fromisoformat(wanted.day), wanted.of, wanted.by)
    if not strata:
        raise NothingToDraw(day=wanted.day, what=NOTHING[wanted.of])
    counts = _counts([len(numbers) for numbers in strata.values()], wanted.size)
    drew: dict[str, list[str]] = {}
    within: dict[str, int] = {}
    for (name, numbers), count in zip(strata.items(), counts, strict=True):
        for number in numbers:
            within[number] = within.get(number, 0) + 1
        for number in first_of(wanted.seed, name, numbers, count):
            drew.setdefault(number, []).append(name)
    sizes = tuple(Stratum(name, len(strata[name]), count) for name, count in zip(strata, counts, strict=True))
    picks = [Pick(number, tuple(drew[number]), within[number]) for number in sorted(drew)]
    return Drawn(wanted, len(within), sizes), picks


def first_of(seed: str, stratum: str, numbers: Sequence[str], count: int) -> list[str]:
    """The first `count` of a stratum's contracts in the order that the seed gives them."""
    key = seed.encode()

    def place(number: str) -> tuple[bytes, str]:
        return hmac.digest(key, f"{stratum}\n{number}".encode(), "sha256"), number

    return nsmallest(count, numbers, key=place)


def strata_of(connection: Connection, on: date, of: Of, by: By) -> Mapping[str, Sequence[str]]:
    """The contracts that can be drawn, as known on a date, by the name of their stratum; one of all is called "".

    No void or declined contract is among them, nor one whose paper was destroyed. By finding, a contract stands in the
    stratum of each class that it has, in "" without any; a class, or name, of no contract is no stratum.
    """
    found = audit(connection, on, names=False) if by is By.FINDING else None
    frame = contracts(connection, on, names=False) if found is None else found.contracts
    frame = frame.filter(_can_be_drawn(of))
    if found is not None:
        classes = found.findings.select("number", pl.col("class").cast(pl.String).alias("stratum"))
        frame = frame.join(classes, on="number", how="left")
        order = [*map(str, Class), ""]
    else:
        name = pl.lit("") if by is By.NONE else pl.col(by.value).cast(pl.String)
        frame = frame.with_columns(name.alias("stratum"))
    rows = (
        frame.select("stratum", "number")
        .with_columns(pl.col("stratum").fill_null(""))
        .sort("stratum", "number")
    )
    strata: dict[str, list[str]] = {}
    for stratum, number in rows.iter_rows():
        strata.setdefault(stratum, []).append(number)
    if found is not None:
        return {name: strata[name] for name in order if name in strata}
    if by is By.TEMPLATE:
        return {name: strata[name] for name in sorted(strata, key=lambda one: strata[one][0][TEMPLATE_AT])}
    return strata


def _can_be_drawn(of: Of) -> pl.Expr:
    dropped = pl.col("state").is_in([State.VOID.value, State.DECLINED.value])
    filed = (pl.col("filed_sheets") > 0) & pl.col("destroyed_on").is_null() & ~dropped
    printed = pl.col("state") == State.PRINTED.value
    return {Of.FILED: filed, Of.PRINTED: printed, Of.ALL: filed | printed}[of]


def _counts(sizes: Sequence[int], size: Size) -> list[int]:
    """How many to draw of strata of these sizes."""
    match size:
        case Share(percent):
            return [by_share(one, percent) for one in sizes]
        case Number(papers):
            return by_number(sizes, papers)
        case Confidence(percent, tolerable):
            return [to_find_one(one, percent, tolerable) for one in sizes]
