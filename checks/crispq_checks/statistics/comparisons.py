"""Comparing models fairly: over overlapping training sets, and over many comparisons at once."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from crispq import Estimate, NotMeasurable

Vector: TypeAlias = NDArray[np.float64]


def corrected_resampled(scores: ArrayLike, train_size: float, test_size: float, level: float = 0.95) -> Estimate:
    """Bound the mean of `scores` (J,), one for each fold of repeated cross-validation, in their unit.

    For a comparison give the differences between two models on the same folds; for one model its scores. train_size
    and test_size are the rows of one fold's parts (the mean, where folds differ).
    Formula: mean -+ t(level; J - 1) * sqrt((1/J + test_size / train_size) * s^2), s^2 with J - 1 in the denominator.
    The second term stands for the overlap of the training sets, which makes the plain interval far too narrow.
    Source: Nadeau & Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003), pp. 239-281,
    section 3; with repeated cross-validation: Bouckaert & Frank, PAKDD 2004, section 2.
    Values that are all exactly equal give low = high = value: the caller decides what that means. `n` is J.
    Raises NotMeasurable with fewer than two values, if one is not finite, or if a size is not positive.
    """
    sample = np.asarray(scores, dtype=np.float64)
    _check_scores(sample, train_size, test_size, level)
    if np.ptp(sample) == 0:
        same = float(sample[0])
        return Estimate(value=same, low=same, high=same, n=sample.size, level=level)
    value = float(sample.mean())
    deviation = math.sqrt((1 / sample.size + test_size / train_size) * float(sample.var(ddof=1)))
    margin = float(stats.t.ppf(level, sample.size - 1)) * deviation
    return Estimate(value=value, low=value - margin, high=value + margin, n=sample.size, level=level)


def holm(p_values: ArrayLike) -> Vector:
    """Adjust `p_values` (m,) so that rejecting those <= alpha errs even once with probability alpha at most.

    Formula: sorted ascending, max over j <= i of (m - j + 1) * p_(j), at most 1; returned in the order given.
    Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statistics 6 (1979), pp. 65-70.
    Raises NotMeasurable if a p-value is not in [0, 1].
    """
    sample = _p_values(p_values)
    order = np.argsort(sample, kind="stable")
    adjusted = np.empty_like(sample)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(sample[order] * np.arange(sample.size, 0, -1)))
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Vector:
    """Adjust `p_values` (m,) so that among those <= q a share of q at most is expected to be false.

    By scipy.stats.false_discovery_control; no p-values give none back.
    Source: Benjamini & Hochberg, "Controlling the False Discovery Rate", J. Royal Stat. Soc. B 57 (1995), pp. 289-300.
    Raises NotMeasurable if a p-value is not in [0, 1].
    """
    sample = _p_values(p_values)
    return np.asarray(stats.false_discovery_control(sample, method="bh"), dtype=np.float64) if sample.size else sample


def _p_values(p_values: ArrayLike) -> Vector:
    sample = np.asarray(p_values, dtype=np.float64)
    if sample.ndim != 1 or not np.all((sample >= 0) & (sample <= 1)):
        raise NotMeasurable("p-values must stand in one column and lie between 0 and 1.")
    return sample


def _check_scores(sample: Vector, train_size: float, test_size: float, level: float) -> None:
    if sample.ndim != 1 or sample.size < 2:  # noqa: PLR2004 - a variance needs two
        raise NotMeasurable(f"{sample.size} scores are too few to compare; at least two folds are needed.")
    if strange := int(np.count_nonzero(~np.isfinite(sample))):
        raise NotMeasurable(f"{strange} of {sample.size} scores are not finite.")
    if not (0 < train_size < math.inf and 0 < test_size < math.inf):
        raise NotMeasurable(f"Folds of {train_size:g} training and {test_size:g} test rows cannot be compared.")
    if not 0.5 < level < 1:  # noqa: PLR2004 - below a half, low would lie above high
        raise NotMeasurable(f"A confidence level of {level:g} makes no sense here; it must lie between 0.5 and 1.")
