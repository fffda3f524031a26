"""Bounds for one number: proportions, means, standard deviations, quantiles, and anything else by the bootstrap.

Every bound is one-sided at confidence `level`; low and high together make a central interval at 2 * level - 1.
What cannot be bounded raises NotMeasurable and says what would be needed; no bound is ever NaN or infinite.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from crispq import Estimate, NotMeasurable

Vector: TypeAlias = NDArray[np.float64]
Index: TypeAlias = NDArray[np.intp]
Statistic: TypeAlias = Callable[..., float]

#: With fewer units than this in all, or in one stratum, resampling says nothing: too few different resamples exist.
FEWEST_UNITS = 10
FEWEST_IN_STRATUM = 5
#: Up to this many units the bootstrap is bias-corrected; the correction needs one more statistic for each unit.
MOST_UNITS_FOR_BCA = 1000
#: How often an undefined resample is drawn anew, for each resample that is wanted.
DRAWS_PER_RESAMPLE = 10


def proportion(successes: int, n: int, level: float = 0.95) -> Estimate:
    """Bound the share of successes among `n` independent rows exactly.

    Formula: low = Beta^-1(1 - level; k, n - k + 1), high = Beta^-1(level; k + 1, n - k), 0 and 1 at the borders.
    Source: Clopper & Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934), pp. 404-413.
    Raises NotMeasurable without rows, or if successes are not among 0..n.
    """
    _check_level(level)
    if n < 1 or not 0 <= successes <= n:
        raise NotMeasurable(f"A share of {successes} in {n} rows does not exist; at least one row is needed.")
    low = 0.0 if successes == 0 else float(stats.beta.ppf(1 - level, successes, n - successes + 1))
    high = 1.0 if successes == n else float(stats.beta.ppf(level, successes + 1, n - successes))
    return Estimate(value=successes / n, low=low, high=high, n=int(n), level=level)


def mean(values: ArrayLike, level: float = 0.95) -> Estimate:
    """Bound the mean of independent `values` (n,), in their unit: mean -+ t(level; n - 1) * s / sqrt(n).

    Equal values give an interval of zero width: whether that is certainty is for the caller to decide.
    Source: Student, "The probable error of a mean", Biometrika 6 (1908), pp. 1-25.
    Raises NotMeasurable with fewer than two values, or if one is not finite.
    """
    sample = _sample(values, fewest=2, level=level)
    value = float(sample.mean())
    margin = float(stats.t.ppf(level, sample.size - 1) * _deviation(sample) / math.sqrt(sample.size))
    return Estimate(value=value, low=value - margin, high=value + margin, n=sample.size, level=level)


def standard_deviation(values: ArrayLike, level: float = 0.95) -> Estimate:
    """Bound the standard deviation (n - 1 in the denominator) of independent, normal `values` (n,), in their unit.

    Formula: s * sqrt((n - 1) / chi2(level; n - 1)) and s * sqrt((n - 1) / chi2(1 - level; n - 1)).
    Equal values give zero for all three. Source: NIST/SEMATECH e-Handbook of Statistical Methods, section 7.2.3.1.
    Raises NotMeasurable with fewer than two values, or if one is not finite.
    """
    sample = _sample(values, fewest=2, level=level)
    value, freedom = _deviation(sample), sample.size - 1
    low, high = (value * math.sqrt(freedom / float(stats.chi2.ppf(p, freedom))) for p in (level, 1 - level))
    return Estimate(value=value, low=low, high=high, n=sample.size, level=level)


def quantile(values: ArrayLike, q: float, level: float = 0.95) -> Estimate:
    """Bound the `q` quantile (0 < q < 1) of independent `values` (n,), in their unit, by two of the values themselves.

    Formula: low is the r-th smallest with P(Bin(n, q) <= r - 1) <= 1 - level, r as large as possible; high is the k-th
    smallest with P(Bin(n, q) <= k - 1) >= level, k as small as possible. No distribution is assumed.
    Source: Conover, "Practical Nonparametric Statistics", 3rd ed. (1999), section 3.2. The value is numpy's quantile.
    Raises NotMeasurable, with the rows that are needed, where no value is high or low enough to be the bound (the 95 %
    quantile needs 59 values, the 99 % quantile 299: Wilks 1941), or if a value is not finite.
    """
    if not 0 < q < 1:
        raise NotMeasurable(f"A quantile of {q:g} cannot be bounded; it must lie between 0 and 1.")
    sample = np.sort(_sample(values, fewest=1, level=level))
    needed = math.ceil(math.log(1 - level) / math.log(max(q, 1 - q)) - 1e-9)
    if sample.size < needed:
        raise NotMeasurable(f"{sample.size} values cannot bound the {q:g} quantile at {level:g}; {needed} are needed.")
    lower = _largest_rank(sample.size, q, 1 - level)
    upper = int(stats.binom.ppf(level, sample.size, q)) + 1
    value, low, high = float(np.quantile(sample, q)), float(sample[lower - 1]), float(sample[upper - 1])
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=sample.size, level=level)


def bootstrap(  # noqa: PLR0913 - each word is one fact about the resampling
    statistic: Statistic,
    arrays: Sequence[NDArray[Any]],
    *,
    groups: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    support: tuple[float, float] | None = None,
    fewest: int | None = None,
) -> Estimate:
    """Bound `statistic(*arrays)` by resampling units: rows, or whole groups of rows that belong together.

    arrays: each with one row for each case. groups (n,): rows of one group are drawn together. strata (n,): units are
    drawn within each stratum, so that their sizes stay; not together with groups. The `n` of the estimate counts units.
    statistic: where it is undefined it returns NaN or raises NotMeasurable; such resamples are drawn anew, up to 10
    draws for each one wanted. support: the least and the greatest value that the statistic can take, if it has them.

    Bounds: bias-corrected and accelerated (Efron, "Better bootstrap confidence intervals", JASA 82 (1987), pp. 171-185;
    by scipy, several strata as several samples) up to 1000 units. Percentiles (Efron & Tibshirani, "An Introduction to
    the Bootstrap" (1993), chapter 13) beyond, where the correction is of order 1/n and costs n statistics more, and
    where the correction is undefined. The bounds always include the value.

    Two cases in which resampling would pretend to know:
    - The statistic is the same in every resample (AUC 1.0): with `support`, the bounds allow for unseen units. A kind
      of unit that m units did not show has a share of at most p = 1 - (1 - level)^(1/m) (Clopper-Pearson with no
      success, the "rule of three"), m being `fewest`, or else the smallest stratum. At worst it pulls the value to the
      border: low = (1 - p) * value + p * support[0], high = (1 - p) * value + p * support[1].
      With `fewest` (and `support`) no bounds are narrower than these, whatever the resamples say: without that, one
      error would give a better bound than none.
    - Fewer than 10 units, or 5 in a stratum: with `support` the bounds are the support, that is, nothing is known.
    Raises NotMeasurable in both cases without `support`; if the statistic is undefined on the data or on too many
    resamples; if the arrays differ in length.
    """
    _check_level(level)
    units = _units(_length(arrays), groups, strata)

    def on_units(*drawn: Index) -> float:
        rows = units.rows_of(np.concatenate(drawn))
        return _or_nan(statistic, [array[rows] for array in arrays])

    value = _defined(float(statistic(*arrays)))
    if problem := units.problem():
        low, high = _known(support, problem)
        return Estimate(value=value, low=low, high=high, n=units.n, level=level)
    distribution = _distribution(on_units, units.samples, resamples, np.random.default_rng(seed))
    if np.ptp(distribution) <= 1e-12 * max(1.0, abs(value)):
        low, high = _with_unseen(value, units.smallest if fewest is None else fewest, level, support)
    else:
        low, high = _bounds(distribution, on_units, units.samples, level)
        if fewest is not None:
            unseen = _with_unseen(value, fewest, level, support)
            low, high = min(low, unseen[0]), max(high, unseen[1])
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=units.n, level=level)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Units:
    """What is drawn: `samples` holds the units of each stratum; unit u is `rows[starts[u] : starts[u] + sizes[u]]`."""

    samples: tuple[Index, ...]
    rows: Index
    starts: Index
    sizes: Index

    @property
    def n(self) -> int:
        return self.starts.size

    @property
    def smallest(self) -> int:
        return min(sample.size for sample in self.samples)

    def rows_of(self, drawn: Index) -> Index:
        """Return the rows of the drawn units, one unit after the other."""
        if self.n == self.rows.size:
            return np.asarray(self.rows[drawn], dtype=np.intp)
        sizes = self.sizes[drawn]
        ends = np.cumsum(sizes)
        places = np.repeat(self.starts[drawn] - ends + sizes, sizes) + np.arange(ends[-1])
        return np.asarray(self.rows[places], dtype=np.intp)

    def problem(self) -> str:
        """Say why these are too few to resample, or nothing."""
        if self.n < FEWEST_UNITS:
            return f"{self.n} independent rows or groups are too few to resample; {FEWEST_UNITS} are needed."
        if self.smallest < FEWEST_IN_STRATUM:
            return f"The rarest class has {self.smallest} rows; {FEWEST_IN_STRATUM} are needed to resample it."
        return ""


def _units(n: int, groups: ArrayLike | None, strata: ArrayLike | None) -> _Units:
    if groups is not None and strata is not None:
        raise NotMeasurable("Groups cannot be resampled within strata: give one of the two.")
    of_row = np.arange(n) if groups is None else _codes(groups, n)
    rows = np.argsort(of_row, kind="stable")
    sizes = np.bincount(of_row)
    stratum = np.zeros(sizes.size, dtype=np.intp) if strata is None else _codes(strata, n)
    samples = tuple(np.flatnonzero(stratum == code) for code in range(stratum.max() + 1))
    return _Units(samples=samples, rows=rows, starts=np.cumsum(sizes) - sizes, sizes=sizes)


def _codes(labels: ArrayLike, n: int) -> Index:
    array = np.asarray(labels)
    if array.shape != (n,):
        raise NotMeasurable(f"{array.shape[0] if array.ndim else 0} groups or strata are given for {n} rows.")
    position: dict[Any, int] = {}
    codes = [position.setdefault(label, len(position)) for label in array.tolist()]
    if any(label is None or label != label for label in position):  # noqa: PLR0124 - NaN differs from itself
        raise NotMeasurable("Some rows have no group: fill the group column, or the rows cannot be kept together.")
    return np.asarray(codes, dtype=np.intp)


def _length(arrays: Sequence[NDArray[Any]]) -> int:
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or 0 in lengths:
        raise NotMeasurable(f"Columns of one length with at least one row are needed, not of {sorted(lengths)} rows.")
    return lengths.pop()


def _distribution(
    on_units: Statistic, samples: tuple[Index, ...], resamples: int, random: np.random.Generator
) -> Vector:
    most = DRAWS_PER_RESAMPLE * resamples
    found: list[float] = []
    for drawn in _draws(samples, most, random):
        value = on_units(*drawn)
        if math.isfinite(value):
            found.append(value)
        if len(found) == resamples:
            return np.asarray(found)
    raise NotMeasurable(
        f"The value is undefined in most resamples (defined in {len(found)} of {most}): "
        "a class or kind of row is too rare; more rows of it are needed."
    )


def _draws(samples: tuple[Index, ...], most: int, random: np.random.Generator) -> Iterator[list[Index]]:
    for _ in range(most):
        yield [sample[random.integers(sample.size, size=sample.size)] for sample in samples]


def _or_nan(statistic: Statistic, arrays: list[NDArray[Any]]) -> float:
    try:
        return float(statistic(*arrays))
    except NotMeasurable:
        return math.nan


def _defined(value: float) -> float:
    if not math.isfinite(value):
        raise NotMeasurable("The value is not finite on these rows.")
    return value


def _bounds(distribution: Vector, on_units: Statistic, samples: tuple[Index, ...], level: float) -> tuple[float, float]:
    if sum(sample.size for sample in samples) <= MOST_UNITS_FOR_BCA:
        low, high = _accelerated(distribution, on_units, samples, level)
        if math.isfinite(low) and math.isfinite(high):
            return low, high
    low, high = np.quantile(distribution, [1 - level, level])
    return float(low), float(high)


def _accelerated(
    distribution: Vector, on_units: Statistic, samples: tuple[Index, ...], level: float
) -> tuple[float, float]:
    """Return scipy's BCa interval of resamples that were drawn here (it knows neither groups nor redrawing)."""
    data: Any = samples
    previous: Any = SimpleNamespace(bootstrap_distribution=distribution)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            data,
            on_units,
            vectorized=False,
            method="BCa",
            confidence_level=2 * level - 1,
            n_resamples=0,
            bootstrap_result=previous,
        )
    low, high = result.confidence_interval
    return float(low), float(high)


def _with_unseen(value: float, m: int, level: float, support: tuple[float, float] | None) -> tuple[float, float]:
    worst, best = _known(support, f"Every resample gives {value:g}: the rows differ too little to bound it.")
    share = 1 - (1 - level) ** (1 / m)
    return (1 - share) * value + share * worst, (1 - share) * value + share * best


def _known(support: tuple[float, float] | None, problem: str) -> tuple[float, float]:
    if support is None:
        raise NotMeasurable(problem)
    return support


def _sample(values: ArrayLike, *, fewest: int, level: float) -> Vector:
    _check_level(level)
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size < fewest:
        raise NotMeasurable(f"{sample.size} values are too few; at least {fewest} are needed, in one column.")
    if strange := int(np.count_nonzero(~np.isfinite(sample))):
        raise NotMeasurable(f"{strange} of {sample.size} values are not finite.")
    return sample


def _deviation(sample: Vector) -> float:
    """Return the standard deviation; exactly zero if all values are equal, whatever rounding says."""
    return float(sample.std(ddof=1)) if np.ptp(sample) > 0 else 0.0


def _largest_rank(n: int, q: float, at_most: float) -> int:
    """Return the largest r with P(Bin(n, q) <= r - 1) <= at_most."""
    rank = int(stats.binom.ppf(at_most, n, q))
    return rank + 1 if stats.binom.cdf(rank, n, q) <= at_most else rank


def _check_level(level: float) -> None:
    if not 0.5 < level < 1:  # noqa: PLR2004 - below a half, low would lie above high
        raise NotMeasurable(f"A confidence level of {level:g} makes no sense here; it must lie between 0.5 and 1.")
