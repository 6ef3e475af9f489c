"""Spot checks: who can be drawn, how many, that all are as likely, and what a sample says of the rest."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, product
from math import ceil, comb, prod
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from archive.catalogue.shelf_tables import disposal, disposal_item
from archive.home import create_home
from archive.journal import Actor
from archive.numbers import Number as ContractNumber
from archive.sample import NothingToDraw, draw, first_of, new_seed, plain_seed, strata_of
from archive.sample_check import (
    By,
    Check,
    Drawn,
    Item,
    Number,
    Of,
    Pick,
    Result,
    Share,
    Size,
    Stratum,
    Wanted,
)
from archive.sample_figures import figures
from archive.sample_numbers import (
    Seen,
    by_number,
    by_share,
    estimate,
    interval,
    stratified_interval,
    to_find_one,
)
from tests.archive.test_states import FILED, OLD, VILLAGE, Paper, keep

ROOT = Path(__file__).parents[2]
DAY = "2026-05-01"


def paper(serial: int, of: Paper = FILED, **more: object) -> Paper:
    number = str(ContractNumber(VILLAGE, 2026, "01", serial))
    return replace(of, number=number, key=f"{VILLAGE}/1/{serial}", **more)  # type: ignore[arg-type]


def wanted(size: Size, by: By = By.NONE, seed: str = "K7QM", of: Of = Of.FILED) -> Wanted:
    return Wanted(DAY, seed, of, by, size)


# How many


def test_a_share_is_rounded_up_without_an_error_of_binary_fractions() -> None:
    sizes = [by_share(20, Decimal(5)), by_share(21, Decimal(5)), by_share(1, Decimal("0.1"))]
    assert sizes == [1, 2, 1]
    assert [by_share(1000, Decimal("0.7")), by_share(300, Decimal(100))] == [7, 300]


@pytest.mark.parametrize(
    ("sizes", "number", "found"),
    [
        ((100, 100, 10), 21, [10, 10, 1]),
        ((53, 24, 23), 10, [5, 3, 2]),  # remainders .3, .4, .3
        ((50, 50), 5, [3, 2]),  # of equal remainders the first
        ((1000, 1, 1), 10, [8, 1, 1]),
        ((3, 9, 5), 2, [0, 1, 1]),  # the largest, where there are fewer than strata
        ((3, 2), 99, [3, 2]),
    ],
)
def test_a_number_is_split_by_largest_remainder(sizes: Sequence[int], number: int, found: list[int]) -> None:
    assert by_number(sizes, number) == found


def test_a_number_is_split_whole_and_as_nearly_in_proportion_as_ones_allow() -> None:
    for sizes in product((1, 2, 5, 11), repeat=3):
        for number in range(3, sum(sizes) + 1):
            found = by_number(sizes, number)
            assert sum(found) == number
            quotas = [Fraction(number * size, sum(sizes)) for size in sizes]
            assert all(1 <= count <= size for count, size in zip(found, sizes, strict=True))
            if min(quotas) >= 1:
                assert all(abs(count - quota) < 1 for count, quota in zip(found, quotas, strict=True))


def chance_of_none(size: int, bad: int, drawn: int) -> Fraction:
    """Counted sample by sample; the first `bad` are the bad ones."""
    samples = list(combinations(range(size), drawn))
    return Fraction(sum(all(one >= bad for one in sample) for sample in samples), len(samples))


def test_the_sample_that_finds_one_is_the_smallest_that_does() -> None:
    for size in range(1, 10):
        for tolerable in (0, 10, 25, 60):
            fewest = size * tolerable // 100 + 1  # bad ones, more than the tolerable rate
            found = to_find_one(size, Decimal(90), Decimal(tolerable))
            smallest = next(n for n in range(size + 1) if chance_of_none(size, fewest, n) <= Fraction(1, 10))
            assert found == smallest, (size, tolerable)


def test_the_sample_that_finds_one_is_that_of_cannon_and_roe() -> None:
    """Their formula, R. M. Cannon, Preventive Veterinary Medicine 49, 2001, 141–163, is near it and known to all."""
    for size, bad in ((100, 5), (1000, 10), (1000, 50), (5000, 100)):
        formula = (1 - 0.05 ** (1 / bad)) * (size - (bad - 1) / 2)
        tolerable = Decimal(bad) * 100 / size - Decimal("0.001")
        assert to_find_one(size, Decimal(95), tolerable) == ceil(formula), size
    assert to_find_one(100, Decimal(95), Decimal("4.9")) == 45


def test_sizes_of_a_county_are_worked_out_at_once() -> None:
    sizes = [to_find_one(350_000, Decimal(95), Decimal(percent)) for percent in (2, 50, 0)]
    assert sizes == [149, 5, 332_500]


# What a sample says


def chance(size: int, k: int, looked: int, bad: int) -> Fraction:
    return Fraction(comb(k, bad) * comb(size - k, looked - bad), comb(size, looked))


def test_an_interval_has_every_number_that_no_test_rejects() -> None:
    for size in range(1, 9):
        for looked in range(size + 1):
            for bad in range(looked + 1):
                kept = [
                    k
                    for k in range(bad, size - looked + bad + 1)
                    if sum(chance(size, k, looked, x) for x in range(bad, looked + 1)) > Fraction(1, 40)
                    and sum(chance(size, k, looked, x) for x in range(bad + 1)) > Fraction(1, 40)
                ]
                assert interval(size, looked, bad) == (min(kept), max(kept)), (size, looked, bad)


def test_intervals_of_very_many_papers_are_those_of_clopper_and_pearson() -> None:
    """The binomial limits of C. J. Clopper, E. S. Pearson, 1934, as tables give them: 0 and 1 of 10, 7 of 50."""
    ends = [
        tuple(round(end / 10**6, 3) for end in interval(10**6, *one)) for one in ((10, 0), (10, 1), (50, 7))
    ]
    assert ends == [(0.0, 0.308), (0.003, 0.445), (0.058, 0.267)]


@pytest.mark.parametrize("looked", [(2, 2, 1), (4, 3, 1)])
def test_the_interval_of_strata_together_holds_the_truth_as_often_as_it_says(looked: tuple[int, ...]) -> None:
    sizes = (6, 4, 2)
    papers = sum(sizes)
    ends = {}
    for found in product(*(range(one + 1) for one in looked)):
        seen = [Seen(*one) for one in zip(sizes, looked, found, strict=True)]
        low, high = stratified_interval(seen, papers)
        assert 0 <= low <= (estimate(seen, papers) or 0) <= high <= 1
        ends[found] = low, high
    for bad in product(*(range(size + 1) for size in sizes)):
        rate = sum(bad) / papers
        missed = [
            prod((chance(*one) for one in zip(sizes, bad, looked, found, strict=True)), start=Fraction(1))
            for found, (low, high) in ends.items()
            if all(0 <= x <= k for x, k in zip(found, bad, strict=True)) and not low <= rate <= high
        ]
        assert sum(missed) <= Fraction(1, 20), bad


def test_the_interval_of_papers_that_count_in_part_holds_the_truth_as_often() -> None:
    ends: dict[tuple[float, float], tuple[float, float]] = {}
    values = (0.0, 0.5, 1.0)
    for first in combinations_with_replacement(values, 4):
        for second in combinations_with_replacement(values, 2):
            rate, missed, ways = (sum(first) + sum(second)) / 6, 0, 0
            for one, other in product(combinations(first, 3), second):
                bad = sum(one), other
                if bad not in ends:
                    seen = [Seen(4, 3, bad[0]), Seen(2, 1, bad[1])]
                    ends[bad] = stratified_interval(seen, 6, in_part=True)
                ways += 1
                missed += not ends[bad][0] - 1e-9 <= rate <= ends[bad][1] + 1e-9
            assert missed <= ways / 20, (first, second)


def test_a_sample_of_nearly_all_says_more_of_whole_papers() -> None:
    seen = [Seen(40, 38, 0)] * 5
    assert stratified_interval(seen, 200)[1] < 0.0063  # of the ten others one may be bad, with 0.005
    assert 0.019 < stratified_interval(seen, 200, in_part=True)[1] < 0.0195  # as of 190 with replacement


def test_the_interval_of_strata_together_is_as_narrow_as_one_samples_where_nothing_is_bad() -> None:
    low, high = stratified_interval([Seen(1000, 10, 0)] * 6, 6000)
    assert low == pytest.approx(0, abs=1e-9)
    assert high == pytest.approx(1 - 0.025 ** (1 / 60), abs=1e-6)


def test_strata_together_weigh_by_their_size() -> None:
    seen = [Seen(90, 3, 1), Seen(10, 10, 2)]
    assert estimate(seen, 100) == pytest.approx(0.9 / 3 + 0.1 * 0.2)
    assert estimate([*seen, Seen(5, 0, 0)], 105) is None
    known = [Seen(8, 8, 2), Seen(2, 2, 1)]
    assert stratified_interval(known, 10) == pytest.approx((0.3, 0.3))
    low, high = stratified_interval([*known, Seen(10, 0, 0)], 20)
    assert (low, high) == pytest.approx((0.15, 0.65))


# Which


def test_every_set_of_papers_is_as_likely() -> None:
    numbers = [paper(serial).number for serial in range(1, 7)]
    drawn = Counter(tuple(sorted(first_of(f"种子{seed}", "", numbers, 2))) for seed in range(3000))
    assert len(drawn) == 15
    chi_square = sum((count - 200) ** 2 / 200 for count in drawn.values())
    assert chi_square < 36.1  # 14 degrees of freedom, one in a thousand


def test_samples_of_two_strata_are_independent() -> None:
    numbers = [paper(serial).number for serial in range(1, 5)]
    both = Counter(
        (first_of(f"{seed}", "unsigned", numbers, 1)[0], first_of(f"{seed}", "undated", numbers, 1)[0])
        for seed in range(3200)
    )
    assert len(both) == 16
    assert sum((count - 200) ** 2 / 200 for count in both.values()) < 37.7  # 15 degrees of freedom


def test_a_known_sample_stays_what_it_was() -> None:
    """The order of `printf '\\n1' | openssl dgst -sha256 -hmac K7QM` and so on."""
    numbers = [f"{at}" for at in range(1, 9)]
    assert first_of("K7QM", "", numbers, 4) == ["2", "3", "7", "4"]


DRAW = """
import sys
from pathlib import Path
from decimal import Decimal
from archive.home import open_home
from archive.sample import draw
from archive.sample_check import *
with open_home(Path(sys.argv[1]), None).reading() as connection:
    for by in By:
        drawn, picks = draw(connection, Wanted("2026-05-01", "K7QM", Of.ALL, by, Share(Decimal(20))))
        print(drawn.strata, [(one.contract, one.strata) for one in picks])
"""


def test_the_same_seed_gives_the_same_sample_in_any_process_whatever_the_order_of_rows(
    tmp_path: Path,
) -> None:
    gaps = ("", "unsigned", "unsigned undated")
    papers = [paper(serial, filings=(("2026-04-01", 2, gaps[serial % 3]),)) for serial in range(1, 41)]
    said = []
    for name, ordered, salt in (("甲", papers, "1"), ("乙", papers[::-1], "2")):
        home = create_home(tmp_path / name, None, {"45": "广西"}, Actor("甲", date(2026, 3, 1)))
        with home.writing() as connection:
            keep(connection, *ordered)
        environment = {**os.environ, "PYTHONHASHSEED": salt}
        command = [sys.executable, "-c", DRAW, str(home.folder)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
        said.append(done.stdout.decode())
        shutil.rmtree(home.folder)
    assert said[0] == said[1]
    assert said[0].count("Stratum") == 1 + 1 + 1 + 1 + 3


def test_seeds_are_read_as_people_type_them() -> None:
    assert plain_seed(" k7 qm　３ｄ") == "K7QM3D"
    for bad in ("", "　", "长" * 41, "a\x00"):
        with pytest.raises(ValueError):
            plain_seed(bad)
    seeds = [new_seed() for _ in range(20)]
    assert len(set(seeds)) == 20
    assert [plain_seed(one.lower()) for one in seeds] == seeds


def test_who_can_be_drawn(connection: Connection) -> None:
    gone = paper(8, ends="2026-04-10")
    papers = [
        paper(1),
        paper(2, OLD),
        paper(3, OLD, printed=None),
        paper(4, closings=(("void", "2026-04-09", "2026-04-09"),)),
        paper(5, closings=(("declined", "2026-04-09", "2026-04-09"),)),
        paper(6, closings=(("moved", "2026-04-09", "2026-04-09"),)),
        paper(7, OLD, closings=(("moved", "2026-04-09", "2026-04-09"),)),
        gone,
        paper(9, filings=(("2026-05-02", 2, ""),)),
        paper(10, filings=(("2026-04-01", 1, "incomplete"),), ends="2026-04-20"),
    ]
    keep(connection, *papers)
    row = {"id": 1, "proposed_on": DAY, "proposed_by": "甲", "reason": "", "destroyed_on": DAY}
    connection.execute(insert(disposal).values(row))
    item = {"disposal_id": 1, "position": 1, "contract": gone.number}
    connection.execute(insert(disposal_item).values(item))
    day = date.fromisoformat(DAY)
    serials = {one.number: at for at, one in enumerate(papers, 1)}
    found = {of: [serials[one] for one in strata_of(connection, day, of, By.NONE)[""]] for of in Of}
    assert found == {Of.FILED: [1, 6, 10], Of.PRINTED: [2, 9], Of.ALL: [1, 2, 6, 9, 10]}
    with pytest.raises(NothingToDraw, match="没有归档的"):
        draw(connection, Wanted("2026-03-01", "K7QM", Of.FILED, By.NONE, Number(5)))


def test_a_contract_of_several_classes_is_drawn_in_each_and_counted_once(connection: Connection) -> None:
    two = "unsigned undated"
    papers = [paper(at, filings=(("2026-04-01", 2, two if at < 3 else ""),)) for at in range(1, 6)]
    keep(connection, *papers)
    drawn, picks = draw(connection, wanted(Share(Decimal(100)), By.FINDING))
    assert drawn.papers == 5
    assert drawn.strata == (Stratum("unsigned", 2, 2), Stratum("undated", 2, 2), Stratum("", 3, 3))
    strata = [(one.strata, one.within) for one in picks]
    assert strata == [(("unsigned", "undated"), 2)] * 2 + [(("",), 1)] * 3


def check_of(
    by: By, strata: Sequence[Stratum], papers: int, found: Sequence[tuple[Pick, Result | None]]
) -> Check:
    items = tuple(
        Item(at, pick, result, "", "", "", "", (), ()) for at, (pick, result) in enumerate(found, 1)
    )
    drawn = Drawn(wanted(Number(len(found)), by), papers, tuple(strata))
    return Check(1, drawn, DAY, "甲", "", items)


GOOD, BAD, GONE = Result.AGREES, Result.DIFFERS, Result.ABSENT


def test_figures_of_one_stratum_are_exact_and_of_what_was_looked_at() -> None:
    one = Pick("", ("",), 1)
    found = [(one, GOOD)] * 7 + [(one, BAD), (one, GONE), (one, None)]
    parts, total = figures(check_of(By.NONE, [Stratum("", 40, 10)], 40, found))
    fewest, most = interval(40, 9, 2)
    assert (total.drawn, total.looked, total.agrees, total.differs, total.absent) == (10, 9, 7, 1, 1)
    ends = [round(one, 6) for one in (2 / 9, fewest / 40, most / 40)]
    assert [total.rate, total.low, total.high] == ends
    assert parts == [total]
    assert figures(check_of(By.NONE, [Stratum("", 40, 1)], 40, [(one, None)]))[1].rate is None


def test_figures_of_responsible_persons_are_counts_only_in_the_order_of_names() -> None:
    first, second = Pick("a", ("李",), 1), Pick("b", ("覃",), 1)
    strata = [Stratum("李", 5, 1), Stratum("覃", 5, 1)]
    parts, total = figures(check_of(By.RESPONSIBLE, strata, 10, [(first, GOOD), (second, BAD)]))
    assert [(one.stratum, one.agrees, one.differs) for one in parts] == [("李", 1, 0), ("覃", 0, 1)]
    assert all((one.rate, one.low, one.high) == (None, None, None) for one in parts)
    assert total.rate == 0.5


def test_a_paper_of_two_strata_counts_once_in_all() -> None:
    both, none = Pick("a", ("unsigned", "undated"), 2), Pick("b", ("",), 1)
    strata = [Stratum("unsigned", 1, 1), Stratum("undated", 1, 1), Stratum("", 3, 1)]
    parts, total = figures(check_of(By.FINDING, strata, 4, [(both, BAD), (none, GOOD)]))
    assert [(one.looked, one.differs) for one in parts] == [(1, 1), (1, 1), (1, 0)]
    assert (total.looked, total.differs, total.rate) == (2, 1, 0.25)
    assert total.low == 0.25
    assert total.high == 0.75
