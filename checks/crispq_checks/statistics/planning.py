"""How many cases are needed to show that a number lies on the right side of a limit, before any case is seen.

All functions answer the same question: if the truth is `expected`, how many cases make a one-sided bound at confidence
`level` clear the `limit` with probability `power`? They return whole numbers of cases, independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from crispq import NotMeasurable

#: Above this many cases the exact answer and the one by the normal distribution are within a few percent.
MOST_EXACT = 20_000
#: More cases than anybody collects to show one number.
MOST_CASES = 10**9


def proportion_by_normal(limit: float, expected: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """Count the cases for a share, by the normal distribution.

    Formula: ((z_level sqrt(p0 (1 - p0)) + z_power sqrt(p1 (1 - p1))) / (p1 - p0))^2, rounded up; p0 the limit, p1 what
    is expected. Source: Fleiss, Levin & Paik, "Statistical Methods for Rates and Proportions", 3rd ed. (2003),
    section 2.2.
    Raises NotMeasurable if both are equal or one is no share.
    """
    _check_shares(limit, expected)
    return for_deviations(
        limit, expected, math.sqrt(limit * (1 - limit)), math.sqrt(expected * (1 - expected)), level=level, power=power
    )


def proportion_exactly(limit: float, expected: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """Count the cases for a share whose bound is the exact one of Clopper and Pearson.

    With n cases, the bound clears the limit when so many hits have a probability of at most 1 - level under the limit.
    The power rises with n in a saw-tooth; the answer is the least n from which on it never falls below `power` again.
    Above 20,000 cases, the formula of the normal distribution.
    Source: Chernick & Liu, "The Saw-Toothed Behavior of Power Versus Sample Size", American Statistician 56 (2002),
    pp. 149-155. Raises NotMeasurable as `proportion_by_normal` does.
    """
    _check_shares(limit, expected)
    if expected < limit:  # the other side of the same coin
        return proportion_exactly(1 - limit, 1 - expected, level=level, power=power)
    if limit == 0:
        return _until_one_hit(expected, power)
    about = proportion_by_normal(limit, expected, level=level, power=power)
    if about > MOST_EXACT:
        return about
    highest = 2 * about + 20 * math.ceil(math.log(1 - level) / math.log(limit)) + 20
    cases = np.arange(1, min(highest, 3 * MOST_EXACT) + 1)
    hits = stats.binom.isf(1 - level, cases, limit) + 1
    weak = np.flatnonzero(stats.binom.sf(hits - 1, cases, expected) < power)
    return int(cases[weak[-1]]) + 1 if weak.size else 1


def _until_one_hit(expected: float, power: float) -> int:
    """Count the cases among which one hit is found: any hit shows that a share is not zero."""
    return 1 if expected == 1 else math.ceil(math.log(1 - power) / math.log(1 - expected))


def for_deviations(  # noqa: PLR0913 - each word is one fact about the question
    limit: float, expected: float, at_limit: float, at_expected: float, *, level: float = 0.95, power: float = 0.8
) -> int:
    """Count the cases for anything whose standard error falls with the root of their number.

    Formula: ((z_level d0 + z_power d1) / (expected - limit))^2, rounded up, at least 2. at_limit and at_expected are d0
    and d1: the standard error times the root of the number of cases, if the truth is the limit or what is expected.
    Raises NotMeasurable if limit and expected are equal.
    """
    gap = abs(expected - limit)
    if gap == 0:
        raise NotMeasurable("what is expected lies on the limit; no number of cases can show a difference")
    width = float(stats.norm.ppf(level)) * at_limit + float(stats.norm.ppf(power)) * at_expected
    return max(2, min(MOST_CASES, math.ceil((width / gap) ** 2 - 1e-9)))


def area_deviation(area: float, share: float, cases: float) -> float:
    """Return the standard error of an area under the ROC curve, times the root of `cases`, a `share` of them positive.

    Formula: var = (A (1 - A) + (m - 1)(Q1 - A^2) + (k - 1)(Q2 - A^2)) / (m k), Q1 = A / (2 - A), Q2 = 2 A^2 / (1 + A);
    m positive and k negative cases. Source: Hanley & McNeil, "The meaning and use of the area under a receiver
    operating characteristic (ROC) curve", Radiology 143 (1982), pp. 29-36.
    """
    positives, negatives = max(1.0, cases * share), max(1.0, cases * (1 - share))
    first, second, square = area / (2 - area), 2 * area**2 / (1 + area), area**2
    spread = area * (1 - area) + (positives - 1) * (first - square) + (negatives - 1) * (second - square)
    return math.sqrt(max(0.0, spread) / (positives * negatives) * cases)


def area_cases(limit: float, expected: float, share: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """Count the cases, positive and negative together, that show an area under the ROC curve.

    The standard error of `area_deviation` depends on the number of cases itself; four rounds settle it.
    Raises NotMeasurable if an area is not in [0, 1], if both are equal, or if the share is not between 0 and 1.
    """
    _check_shares(limit, expected)
    if not 0 < share < 1:
        raise NotMeasurable(f"a share of positive cases of {share:g} leaves nothing to rank")
    cases = 100
    for _ in range(4):
        at_limit, at_expected = (area_deviation(one, share, cases) for one in (limit, expected))
        cases = for_deviations(limit, expected, at_limit, at_expected, level=level, power=power)
    return cases


def bounded_deviation(mean: float, most: float) -> float:
    """Return the largest standard deviation that values between 0 and `most` with this mean can have.

    Formula: sqrt(mean (most - mean)). Source: Bhatia & Davis, "A Better Bound on the Variance", American Mathematical
    Monthly 107 (2000), pp. 353-357.
    """
    return math.sqrt(max(0.0, mean * (most - mean)))


def mean_of_shares_deviation(shares: Sequence[float], weights: Sequence[float]) -> float:
    """Return the deviation of the mean of several shares, each over the rows of its class.

    shares (k,): such as each class's recall; weights (k,): each class's share of all rows. Formula:
    sqrt(sum(r (1 - r) / w)) / k.
    """
    return math.sqrt(math.fsum(r * (1 - r) / w for r, w in zip(shares, weights, strict=True))) / len(shares)


def _check_shares(limit: float, expected: float) -> None:
    for told in (limit, expected):
        if not 0 <= told <= 1:
            raise NotMeasurable(f"{told:g} is no share; it must lie between 0 and 1")
    if limit == expected:
        raise NotMeasurable("what is expected lies on the limit; no number of cases can show a difference")
