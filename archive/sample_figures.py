"""What a spot check found, counted by stratum and in all, and what that says of all the papers.

Of papers, never of people: strata of responsible persons have counts only, in the order of their names.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from archive.sample_check import By, Check, Item, Result
from archive.sample_numbers import Seen, estimate, interval, stratified_interval

CONFIDENCE = 95  # percent, of every interval
DIGITS = 6  # of a rate


@dataclass(frozen=True, slots=True)
class Figures:
    """Papers of a stratum, or of all: how many there are, were drawn, were looked at, and what was found.

    `rate` is the estimated part of all papers, from 0 to 1, that are not in order (differ or are absent), with the
    95 % interval from `low` to `high`; None where none is given.
    """

    stratum: str
    size: int
    drawn: int
    looked: int
    agrees: int
    differs: int
    absent: int
    rate: float | None
    low: float | None
    high: float | None


def figures(check: Check) -> tuple[list[Figures], Figures]:
    """Those of each stratum, in order, and those of all."""
    parts = [
        _of_stratum(check, at.name, at.size, [one for one in check.items if at.name in one.pick.strata])
        for at in check.drawn.strata
    ]
    return parts, _of_all(check, parts)


def _of_stratum(check: Check, name: str, size: int, items: Sequence[Item]) -> Figures:
    counts = _counted(items)
    looked, bad = counts.total(), counts[Result.DIFFERS] + counts[Result.ABSENT]
    numbers = counts[Result.AGREES], counts[Result.DIFFERS], counts[Result.ABSENT]
    if check.drawn.wanted.by is By.RESPONSIBLE or not looked:
        return Figures(name, size, len(items), looked, *numbers, None, None, None)
    low, high = interval(size, looked, bad)
    ends = _rounded(low / size), _rounded(high / size)
    return Figures(name, size, len(items), looked, *numbers, _rounded(bad / looked), *ends)


def _of_all(check: Check, parts: Sequence[Figures]) -> Figures:
    """A paper counts once, whatever strata drew it; for the estimate it counts in part in each that it stands in.

    So the estimate is one of the parts' sum (Sirken, Journal of the American Statistical Association 65, 1970,
    257–266).
    """
    counts, papers = _counted(check.items), check.drawn.papers
    looked, bad = counts.total(), counts[Result.DIFFERS] + counts[Result.ABSENT]
    numbers = counts[Result.AGREES], counts[Result.DIFFERS], counts[Result.ABSENT]
    if not looked:
        return Figures("", papers, len(check.items), 0, 0, 0, 0, None, None, None)
    if len(parts) == 1:
        rate: float | None = bad / looked
        fewest, most = interval(papers, looked, bad)
        low, high = fewest / papers, most / papers
    else:
        seen = [Seen(one.size, one.looked, _bad_in(check, one.stratum)) for one in parts]
        rate = estimate(seen, papers)
        low, high = stratified_interval(seen, papers, in_part=check.drawn.wanted.by is By.FINDING)
        low, high = max(low, bad / papers), min(high, 1 - counts[Result.AGREES] / papers)
        rate = None if rate is None else min(max(rate, low), high)
    ends = _rounded(low), _rounded(high)
    return Figures("", papers, len(check.items), looked, *numbers, _rounded(rate), *ends)


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, DIGITS)


def _bad_in(check: Check, stratum: str) -> float:
    return float(
        sum(
            Fraction(1, one.pick.within)
            for one in check.items
            if stratum in one.pick.strata and one.result in (Result.DIFFERS, Result.ABSENT)
        )
    )


def _counted(items: Sequence[Item]) -> Counter[Result]:
    return Counter(one.result for one in items if one.result is not None)
