"""How many papers a spot check draws, and what those that were looked at say of all of them.

Samples are drawn without replacement from a known number of papers, so that what is found in one is hypergeometric.
Sizes, and the interval of one stratum, are worked out in whole numbers: they are the same on every machine.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, comb, exp, floor, log, perm, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TAIL = Fraction(1, 40)  # of each side of a 95 % interval
EXACT, TINY = 12, 1e-15  # digits of a rate that floating point gives; what it can tell from 0 beside 1
THIRDS, HALVES = 24, 32  # steps of the two searches, each taking so much off


@dataclass(frozen=True, slots=True)
class Seen:
    """A stratum of `size` papers of which `looked` were looked at; `bad` of those count as not in order.

    A paper that stands in several strata counts as a part in each.
    """

    size: int
    looked: int
    bad: float


def by_share(size: int, percent: Decimal) -> int:
    """So many percent of `size`, rounded up, at least one."""
    return max(1, ceil(size * Fraction(percent) / 100))


def by_number(sizes: Sequence[int], number: int) -> list[int]:
    """`number` split in proportion to `sizes` by largest remainder, at least one of each while it lasts.

    Whose quota is below one has one; the rest is split among the others. Of equal remainders the first counts. What
    is more than there is, is left.
    """
    number = min(number, sum(sizes))
    if number < len(sizes):
        largest = sorted(range(len(sizes)), key=lambda at: -sizes[at])[:number]
        return [int(at in largest) for at in range(len(sizes))]
    found = [1] * len(sizes)
    shared, rest, whole = list(range(len(sizes))), number, sum(sizes)
    while small := [at for at in shared if rest * sizes[at] < whole]:
        rest -= len(small)
        whole -= sum(sizes[at] for at in small)
        shared = [at for at in shared if at not in small]
    for at in shared:
        found[at] = rest * sizes[at] // whole
    left = rest - sum(found[at] for at in shared)
    for at in sorted(shared, key=lambda at: -(rest * sizes[at] % whole))[:left]:
        found[at] += 1
    return found


def to_find_one(size: int, confidence: Decimal, tolerable: Decimal) -> int:
    """The fewest of `size` to look at so that, with that confidence, one that is not in order would be among them.

    It holds if more than the tolerable rate are not in order (both in percent): discovery sampling, of k bad papers
    none is found with probability C(size − k, n) / C(size, n).
    """
    bad = floor(size * Fraction(tolerable) / 100) + 1
    risk = 1 - Fraction(confidence) / 100
    most = min(
        size, ceil(-log(risk) * size / bad) + 1
    )  # for (1 − bad / size)^n is more, and less than e^(−n bad / size)
    return bisect_left(range(most + 1), True, key=lambda drawn: _is_rare(size, bad, drawn, risk))


def _is_rare(size: int, bad: int, drawn: int, risk: Fraction) -> bool:
    """Whether C(size − bad, drawn) / C(size, drawn), in which both may change places, is at most `risk`."""
    more, fewer = max(bad, drawn), min(bad, drawn)
    return perm(size - more, fewer) * risk.denominator <= perm(size, fewer) * risk.numerator


def interval(size: int, looked: int, bad: int) -> tuple[int, int]:
    """The fewest and the most of `size` papers that may be bad, if `bad` of `looked` are: a 95 % interval.

    All numbers that neither one-sided hypergeometric test rejects at 2.5 % (Clopper and Pearson, Biometrika 26, 1934,
    404–413; for the hypergeometric distribution Buonaccorsi, The American Statistician 41, 1987, 215–218). Its
    confidence is 95 % or more whatever the truth. Nothing looked at: 0 and all.
    """
    return _fewest(size, looked, bad), size - _fewest(size, looked, looked - bad)


def _fewest(size: int, looked: int, bad: int) -> int:
    """The smallest number k of bad ones of which P(X ≥ bad | k) is more than TAIL."""
    below = (1 - TAIL) * comb(size, looked)
    possible = range(bad, size - looked + bad + 1)
    return bad + bisect_left(possible, True, key=lambda k: _ways(size, k, looked, bad) < below)


def _ways(size: int, k: int, looked: int, bad: int) -> int:
    """In how many samples fewer than `bad` are of the k."""
    first = max(0, looked - (size - k))
    ways, term = 0, comb(k, first) * comb(size - k, looked - first)
    for found in range(first, bad):
        ways += term
        term = term * (k - found) * (looked - found) // ((found + 1) * (size - k - looked + found + 1))
    return ways


def estimate(strata: Sequence[Seen], papers: int) -> float | None:
    """The stratified estimate of the rate of bad ones, Σ (N_h / N) · bad_h / n_h (Cochran, Sampling Techniques, 3rd
    ed. 1977, chapter 5); None while nothing was looked at in some stratum."""
    if any(one.looked == 0 for one in strata):
        return None
    return sum(one.size / papers * one.bad / one.looked for one in strata)


def stratified_interval(strata: Sequence[Seen], papers: int, *, in_part: bool = False) -> tuple[float, float]:
    """A 95 % interval of the rate of bad ones in all `papers`, from samples of strata drawn independently.

    `in_part`: some count in part. A rate is in it unless, however it is spread over the strata, an estimate this far
    from it has a probability of less than 2.5 % by Chernoff's bound (Annals of Mathematical Statistics 23, 1952,
    493–507). With weights W_h = N_h / N, an estimate p, unknown rates p_h and q_h = 1 − e^(−s W_h / n_h), for every s:

        ln P(Σ W_h X_h / n_h ≤ p) ≤ s p + Σ_h min(n_h ln(1 − p_h q_h), N_h p_h ln(1 − f_h q_h)),  f_h = n_h / N_h

    The first of the two holds for samples without replacement and for papers that count in part (Hoeffding, Journal of
    the American Statistical Association 58, 1963, theorem 4 and lemma 1). The second is the first with sample and bad
    papers in each other's place, which leaves a hypergeometric distribution what it is; not for those in part. So its
    confidence is 95 % or more however the sample was allocated; it is somewhat wider than it need be. Strata looked at
    whole add no doubt, those not looked at all there is.
    """
    good = [Seen(one.size, one.looked, one.looked - one.bad) for one in strata]
    whole = sum(one.size for one in strata) / papers
    low, high = whole - _highest(good, papers, in_part), _highest(strata, papers, in_part)
    return round(max(0.0, low), EXACT), round(min(1.0, high), EXACT)


def _highest(strata: Sequence[Seen], papers: int, in_part: bool) -> float:
    """The upper end of the interval of Σ W_h p_h."""
    whole = sum(one.size / papers * one.bad / one.looked for one in strata if one.looked == one.size)
    blind = sum(one.size for one in strata if one.looked == 0) / papers
    part = [one for one in strata if 0 < one.looked < one.size]
    if not part:
        return whole + blind
    size, looked, bad = (np.array(one, np.float64) for one in zip(*map(astuple, part), strict=True))
    fraction = np.zeros(len(part)) if in_part else looked / size
    weight = size / papers

    def at(exponent: float) -> float:
        return _highest_at(exp(exponent), weight, looked, fraction, float((weight * bad / looked).sum()))

    low, high = log(float(min(looked / weight))) - 7, log(float(max(looked / weight))) + 7
    for _ in range(THIRDS):  # the bound falls to one lowest place, then rises; any s gives one that holds
        third = (high - low) / 3
        low, high = (low, high - third) if at(low + third) < at(high - third) else (low + third, high)
    return whole + blind + at((low + high) / 2)


def _highest_at(s: float, weight: Floats, looked: Floats, fraction: Floats, found: float) -> float:
    """The largest Σ W_h p_h of which the bound, with this s, is not below 2.5 %: by a multiplier m of that condition.

    For any m the Lagrangian's largest value is no less; here it is that where m is as large as the condition needs.
    """
    allowed = s * found - log(TAIL)
    q = -np.expm1(-s * weight / looked)
    curve = np.minimum(q, 1 - TINY)
    slope = -looked / np.where(fraction > 0, fraction, 1) * np.log1p(-fraction * curve) * (fraction > 0)

    def rates(m: float) -> Floats:
        return np.where(m * weight < slope, 0, np.clip(1 / q - looked / (m * weight), fraction, 1))

    def cost(rate: Floats) -> float:
        return float(np.where(rate < fraction, rate * slope, -looked * np.log1p(-rate * curve)).sum())

    low = float(min(looked * q / weight)) / 2  # below it all rates are 0, above `high` all are 1
    high = float(max(looked / (weight * np.maximum(1 - q, TINY))))
    for _ in range(HALVES):
        middle = sqrt(low * high)
        low, high = (middle, high) if cost(rates(middle)) <= allowed else (low, middle)
    most = rates(high)
    return min(float(weight.sum()), float((weight * most).sum()) - (cost(most) - allowed) / high)
