"""Scoring predictions: one number for a metric, and its bounds.

`score` is scikit-learn's number wherever scikit-learn has the metric. `score_estimate` adds the bounds that fit the
metric: exact for shares of independent rows and medians, resampled otherwise, by whole groups where rows belong
together. The statistics that are resampled are the same formulas without scikit-learn's validation, which would cost
a hundred times more over thousands of resamples; the tests hold them against scikit-learn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn import metrics

from crispq import Estimate, NotMeasurable

from . import cases
from .cases import Cases, Classes
from .intervals import FEWEST_UNITS, bootstrap, proportion, quantile

Vector: TypeAlias = NDArray[np.float64]
Hits: TypeAlias = NDArray[np.bool_]
Parameters: TypeAlias = Mapping[str, Any]
NOTHING: Parameters = MappingProxyType({})

#: Log loss: probabilities are moved into [1e-15, 1 - 1e-15], so that one row costs at most 34.5 and never infinity.
CLIP = 1e-15
#: Rows times resamples that a bootstrap may touch: beyond 20,000 rows fewer resamples, but never fewer than 200.
ROWS_TOUCHED = 40_000_000
FEWEST_RESAMPLES = 200


# --- shares of independent rows: which rows count, and which of them are hits -------------------


def _recalled(case: Cases) -> Hits:
    return np.asarray(case.guess[_some(case.truth == 1, "no row is of the positive class")] == 1)


def _spared(case: Cases) -> Hits:
    return np.asarray(case.guess[_some(case.truth == 0, "every row is of the positive class")] == 0)


def _right_alarms(case: Cases) -> Hits:
    return np.asarray(case.truth[_some(case.guess == 1, "no row is predicted to be positive")] == 1)


def _some(chosen: Hits, problem: str) -> Hits:
    if not chosen.any():
        raise NotMeasurable(f"The metric is undefined: {problem}.")
    return chosen


SHARES: Mapping[str, Callable[[Cases, Parameters], Hits]] = {
    "accuracy": lambda case, _: case.truth == case.guess,
    "recall": lambda case, _: _recalled(case),
    "false_negative_rate": lambda case, _: ~_recalled(case),
    "specificity": lambda case, _: _spared(case),
    "false_positive_rate": lambda case, _: ~_spared(case),
    "precision": lambda case, _: _right_alarms(case),
    "within_tolerance": lambda case, given: np.abs(case.truth - case.guess) <= given["tolerance"],
}


# --- means over rows: what each row contributes -------------------------------------------------


def _costs(case: Cases, given: Parameters) -> Vector:
    false_alarm, missed = (case.guess > case.truth), (case.guess < case.truth)
    return np.asarray(given["false_positive"] * false_alarm + given["false_negative"] * missed, dtype=np.float64)


def _surprise(case: Cases, _: Parameters) -> Vector:
    told = np.column_stack([1 - case.guess, case.guess]) if case.guess.ndim == 1 else case.guess
    return np.asarray(-np.log(_clipped(told)[np.arange(len(told)), case.truth]), dtype=np.float64)


def _clipped(probability: Vector) -> Vector:
    return np.clip(probability, CLIP, 1 - CLIP)


def _relative(case: Cases, _: Parameters) -> Vector:
    if zeros := int(np.count_nonzero(case.truth == 0)):
        raise NotMeasurable(f"{zeros} of {case.truth.size} true values are zero: a percentage of them is undefined.")
    return np.asarray(np.abs((case.truth - case.guess) / case.truth), dtype=np.float64)


MEANS: Mapping[str, Callable[[Cases, Parameters], Vector]] = {
    "expected_cost": _costs,
    "log_loss": _surprise,
    "brier_score": lambda case, _: (case.truth - case.guess) ** 2,
    "mean_absolute_error": lambda case, _: np.abs(case.truth - case.guess),
    "root_mean_squared_error": lambda case, _: (case.truth - case.guess) ** 2,
    "mean_absolute_percentage_error": _relative,
}


# --- all else: a statistic of truth and guess ---------------------------------------------------


def _confusion(truth: NDArray[np.intp], guess: NDArray[np.intp]) -> Vector:
    width = int(max(truth.max(), guess.max())) + 1
    return np.bincount(truth * width + guess, minlength=width * width).reshape(width, width).astype(np.float64)


def _recalls(truth: NDArray[Any], guess: NDArray[Any], averaged: tuple[int, ...]) -> float:
    _check_all_present(truth, averaged)
    table, chosen = _confusion(truth, guess), list(averaged)
    return float(np.mean(table.diagonal()[chosen] / table.sum(axis=1)[chosen]))


def _f1s(truth: NDArray[Any], guess: NDArray[Any], averaged: tuple[int, ...]) -> float:
    _check_all_present(truth, averaged)
    table, chosen = _confusion(truth, guess), list(averaged)
    return float(np.mean((2 * table.diagonal() / _at_least_one(table.sum(axis=0) + table.sum(axis=1)))[chosen]))


def _f1(truth: NDArray[Any], guess: NDArray[Any], _: tuple[int, ...]) -> float:
    _some(truth == 1, "no row is of the positive class")
    return float(2 * np.count_nonzero(truth & guess) / (np.count_nonzero(truth) + np.count_nonzero(guess)))


def _matthews(truth: NDArray[Any], guess: NDArray[Any], _: tuple[int, ...]) -> float:
    """Return the multiclass coefficient of Gorodkin (2004), eq. 8; 0 if all predictions are of one class."""
    _check_two(truth)
    table = _confusion(truth, guess)
    told, guessed, n = table.sum(axis=1), table.sum(axis=0), table.sum()
    spread = math.sqrt(n * n - guessed @ guessed) * math.sqrt(n * n - told @ told)
    return float((n * table.trace() - told @ guessed) / spread) if spread > 0 else 0.0


def _area(truth: NDArray[Any], guess: NDArray[Any], _: tuple[int, ...] = ()) -> float:
    """Return the area under the ROC curve as the Mann-Whitney statistic (Hanley & McNeil 1982), ties counting half."""
    _check_two(truth)
    positives = int(np.count_nonzero(truth))
    ranks = float(stats.rankdata(guess)[truth == 1].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * (truth.size - positives))


def _areas(truth: NDArray[Any], guess: NDArray[Any], averaged: tuple[int, ...]) -> float:
    _check_all_present(truth, averaged)
    return float(np.mean([_area((truth == code).astype(np.intp), guess[:, code]) for code in averaged]))


def _average_precision(truth: NDArray[Any], guess: NDArray[Any], _: tuple[int, ...]) -> float:
    _check_two(truth)
    return float(metrics.average_precision_score(truth, guess))


def _r2(truth: NDArray[Any], guess: NDArray[Any], _: tuple[int, ...]) -> float:
    if np.ptp(truth) == 0:
        raise NotMeasurable("R squared is undefined: all true values are equal.")
    return float(metrics.r2_score(truth, guess))


def _check_two(truth: NDArray[Any]) -> None:
    if truth.min() == truth.max():
        raise NotMeasurable("The metric is undefined: the true values have one class only.")


def _check_all_present(truth: NDArray[Any], averaged: tuple[int, ...]) -> None:
    _check_two(truth)
    if absent := set(averaged) - set(np.unique(truth).tolist()):
        raise NotMeasurable(f"The metric is undefined: {len(absent)} of {len(averaged)} classes have no row.")


def _at_least_one(counts: Vector) -> Vector:
    return np.maximum(counts, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Formula:
    """A statistic to resample, and whether class sizes are held fixed meanwhile."""

    statistic: Callable[[NDArray[Any], NDArray[Any], tuple[int, ...]], float]
    by_class: bool = False


FORMULAS: Mapping[str, _Formula] = {
    "balanced_accuracy": _Formula(statistic=_recalls),
    "recall_macro": _Formula(statistic=_recalls),
    "f1_macro": _Formula(statistic=_f1s, by_class=True),
    "f1": _Formula(statistic=_f1),
    "matthews_correlation": _Formula(statistic=_matthews),
    "roc_auc": _Formula(statistic=_area, by_class=True),
    "roc_auc_ovr": _Formula(statistic=_areas, by_class=True),
    "average_precision": _Formula(statistic=_average_precision),
    "r2": _Formula(statistic=_r2),
}

MEDIAN = "median_absolute_error"
METRICS: frozenset[str] = frozenset({*SHARES, *MEANS, *FORMULAS, MEDIAN})

_PROBABILITIES = frozenset({"roc_auc", "average_precision", "log_loss", "brier_score", "roc_auc_ovr"})
_TWO_CLASSES = frozenset(
    {"precision", "recall", "specificity", "false_negative_rate", "false_positive_rate", "f1", "expected_cost"}
)
_SCORES = frozenset({"roc_auc", "average_precision", "brier_score"})
_VALUES = frozenset(
    {
        "mean_absolute_error",
        "root_mean_squared_error",
        "median_absolute_error",
        "mean_absolute_percentage_error",
        "r2",
        "within_tolerance",
    }
)
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "expected_cost": ("false_positive", "false_negative"),
    "within_tolerance": ("tolerance",),
}


def needs_probabilities(metric: str) -> bool:
    """Tell whether `metric` is computed from `probability`; all others are computed from `prediction`."""
    return metric in _PROBABILITIES


def score(  # noqa: PLR0913 - each word is one fact about the question
    metric: str,
    truth: ArrayLike,
    prediction: ArrayLike | None,
    probability: ArrayLike | None = None,
    *,
    positive: Any = None,
    classes: Classes | None = None,
    parameters: Parameters = NOTHING,
) -> float:
    """Score predictions against the truth: one number, in the metric's unit (see `crispq/process/metrics.toml`).

    truth, prediction (n,): labels or values. probability: (n,) the positive class's, or (n, classes) in the order of
    `classes` (else sorted); roc_auc and average_precision take any finite score. positive: the positive class of a
    binary metric; may be left out where the classes are 0 and 1. classes: all classes; left out, those that occur.
    parameters: tolerance (within_tolerance), false_positive and false_negative (expected_cost: mean cost per case).
    Source: scikit-learn; specificity and the false rates are shares of rows, expected_cost is Elkan (2001). Log loss
    clips probabilities to [1e-15, 1 - 1e-15]. A macro average runs over `classes`, else over those the truth has.
    matthews_correlation is 0, as in scikit-learn, where all predictions are of one class.
    Raises NotMeasurable for an unknown metric, a parameter that is missing, missing or non-finite predictions, columns
    of different length, and wherever the metric is undefined (a class without rows, no alarm for precision, ...).
    """
    case = _cases(metric, truth, prediction, probability, positive, classes, parameters)
    return _value(metric, case, parameters)


def score_estimate(  # noqa: PLR0913 - each word is one fact about the question
    metric: str,
    truth: ArrayLike,
    prediction: ArrayLike | None,
    probability: ArrayLike | None = None,
    *,
    positive: Any = None,
    classes: Classes | None = None,
    parameters: Parameters = NOTHING,
    groups: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Score predictions as `score` does, with one-sided bounds, each at `level`.

    groups (n,): rows of one group (patient, machine) are not independent: whole groups are resampled, for every metric.
    Without groups:
    - a share of rows (accuracy, recall, specificity, precision, the false rates, within_tolerance) is bounded exactly
      (`proportion`), given the rows it is a share of (precision: those predicted positive). `n` counts these rows.
    - median_absolute_error: `quantile`. root_mean_squared_error: the root of the bounds of the mean squared error.
    - f1: exactly, by way of the share of true positives among the rows positive in truth or prediction (these count).
    - balanced_accuracy, recall_macro: the exact bounds of each class's recall, combined after Zou & Donner,
      "Construction of confidence limits about effect measures", Statistics in Medicine 27 (2008), pp. 1693-1702.
    - expected_cost: in the same way the exact bounds of the shares of false alarms and of misses among all rows,
      weighted with their costs (the two shares exclude each other, which makes the bounds a little too wide).
    - all else: `bootstrap`; f1_macro, roc_auc and roc_auc_ovr within each class. `n` counts the rows. Beyond 20,000
      rows there are fewer resamples: 40 million / rows, and 200 at least.
    A perfect or constant value gets bounds for what was not seen (see `bootstrap`): down to the border of the metric's
    range; for regression, an unseen error is taken to be as large as the range of the true values. Resampled bounds of
    classification metrics (but log loss) and of shares are never narrower than that, so that an error never betters
    the bound of a perfect score; m counts the groups, else the rarest class (brier_score: the rows).
    Resampling fewer than 10 rows or groups, or 5 in a class: bounds of classification metrics are their whole range,
    regression raises NotMeasurable. Raises NotMeasurable where `score` does, and where too few resamples are defined.
    """
    case = _cases(metric, truth, prediction, probability, positive, classes, parameters)
    value = _value(metric, case, parameters)
    if groups is None and (estimate := _without_resampling(metric, case, parameters, level)):
        return replace(estimate, value=value)
    _check_units(metric, case, groups)
    estimate = _resampled(metric, case, parameters, groups)(
        groups=groups,
        fewest=_fewest(metric, case, groups),
        level=level,
        resamples=min(resamples, max(FEWEST_RESAMPLES, ROWS_TOUCHED // len(case.truth))),
        seed=seed,
        support=_support(metric, case, parameters),
    )
    estimate = _root(estimate) if metric == "root_mean_squared_error" else estimate
    low, high = (value if bound is None else bound for bound in (estimate.low, estimate.high))
    return replace(estimate, value=value, low=min(low, value), high=max(high, value))


def _without_resampling(metric: str, case: Cases, parameters: Parameters, level: float) -> Estimate | None:
    """Return the bounds of independent rows, where the metric has better ones than a bootstrap's."""
    if metric in SHARES:
        hits = SHARES[metric](case, parameters)
        return proportion(int(np.count_nonzero(hits)), hits.size, level)
    if metric == MEDIAN:
        return quantile(np.abs(case.truth - case.guess), 0.5, level)
    if metric == "f1":
        return _overlap(case, level)
    if metric in {"balanced_accuracy", "recall_macro"}:
        return _mean_of_recalls(case, level)
    if metric == "expected_cost":
        return _expected_cost(case, parameters, level)
    return None


def _overlap(case: Cases, level: float) -> Estimate:
    """Bound F1 = 2J / (1 + J), which rises with J: the share of true positives among rows positive on either side."""
    found, either = int(np.count_nonzero(case.truth & case.guess)), int(np.count_nonzero(case.truth | case.guess))
    share = proportion(found, either, level)
    value, low, high = (2 * j / (1 + j) for j in (share.value, share.low or 0.0, share.high or 0.0))
    return replace(share, value=value, low=low, high=high)


def _mean_of_recalls(case: Cases, level: float) -> Estimate:
    hits = case.truth == case.guess
    chosen = [hits[case.truth == code] for code in case.averaged]
    return _weighted_sum(chosen, [1 / len(chosen)] * len(chosen), 1.0, hits.size, level)


def _expected_cost(case: Cases, parameters: Parameters, level: float) -> Estimate:
    costs = [float(parameters["false_positive"]), float(parameters["false_negative"])]
    return _weighted_sum([case.guess > case.truth, case.guess < case.truth], costs, max(costs), case.truth.size, level)


def _weighted_sum(hits: Sequence[Hits], weights: Sequence[float], most: float, n: int, level: float) -> Estimate:
    """Bound a sum of weighted shares: value -+ sqrt(sum((weight * (share - bound))^2)), each bound exact."""
    shares = [proportion(int(np.count_nonzero(rows)), rows.size, level) for rows in hits]
    pairs = list(zip(weights, shares, strict=True))
    value = math.fsum(weight * share.value for weight, share in pairs)
    below = math.hypot(*(weight * (share.value - (share.low or 0.0)) for weight, share in pairs))
    above = math.hypot(*(weight * ((share.high or 0.0) - share.value) for weight, share in pairs))
    return Estimate(
        value=value, low=max(0.0, value - below), high=max(value, min(most, value + above)), n=n, level=level
    )


def _resampled(metric: str, case: Cases, parameters: Parameters, groups: ArrayLike | None) -> Callable[..., Estimate]:
    """Return the bootstrap of this metric, still to be told how."""
    if metric in SHARES:
        return partial(bootstrap, partial(_share, metric, parameters), [case.truth, case.guess])
    if metric in MEANS:
        return partial(bootstrap, np.mean, [MEANS[metric](case, parameters)])
    if metric == MEDIAN:
        return partial(bootstrap, np.median, [np.abs(case.truth - case.guess)])
    formula = FORMULAS[metric]
    statistic = partial(_of_classes, formula.statistic, case.averaged)
    strata = case.truth if formula.by_class and groups is None else None
    return partial(bootstrap, statistic, [case.truth, case.guess], strata=strata)


def _share(metric: str, parameters: Parameters, truth: NDArray[Any], guess: NDArray[Any]) -> float:
    return float(np.mean(SHARES[metric](Cases(truth=truth, guess=guess), parameters)))


def _of_classes(
    statistic: Callable[..., float], averaged: tuple[int, ...], truth: NDArray[Any], guess: NDArray[Any]
) -> float:
    return statistic(truth, guess, averaged)


def _root(estimate: Estimate) -> Estimate:
    low, high = (math.sqrt(max(0.0, bound or 0.0)) for bound in (estimate.low, estimate.high))
    return replace(estimate, low=low, high=high)


def _support(metric: str, case: Cases, parameters: Parameters) -> tuple[float, float]:
    """Return the least and the greatest value of the statistic that is resampled."""
    if metric == "expected_cost":
        return 0.0, float(max(parameters.values()))
    if metric == "log_loss":
        return 0.0, -math.log(CLIP)
    if metric in _VALUES and metric != "within_tolerance":
        return _support_of_errors(metric, case.truth)
    return (-1.0, 1.0) if metric == "matthews_correlation" else (0.0, 1.0)


def _fewest(metric: str, case: Cases, groups: ArrayLike | None) -> int | None:
    """Return how many units an unseen kind of error has escaped, where bounds must always allow for one."""
    if metric == "log_loss" or (metric in _VALUES and metric != "within_tolerance"):
        return None
    if groups is not None:
        return len(set(np.asarray(groups).tolist()))
    return len(case.truth) if metric in MEANS else int(np.unique(case.truth, return_counts=True)[1].min())


def _support_of_errors(metric: str, truth: Vector) -> tuple[float, float]:
    widest = float(np.ptp(truth))
    if metric == "r2":
        return 1 - widest**2 / float(np.var(truth)), 1.0
    if metric == "mean_absolute_percentage_error":
        return 0.0, widest / float(np.abs(truth).min())
    return 0.0, widest**2 if metric == "root_mean_squared_error" else widest


def _check_units(metric: str, case: Cases, groups: ArrayLike | None) -> None:
    units = len(case.truth) if groups is None else len(set(np.asarray(groups).tolist()))
    if metric in _VALUES and metric != "within_tolerance" and units < FEWEST_UNITS:
        raise NotMeasurable(f"{units} rows or groups cannot bound {metric}; {FEWEST_UNITS} are needed.")


def _value(metric: str, case: Cases, parameters: Parameters) -> float:
    """Return scikit-learn's number, after the formula of this module has refused what is undefined."""
    if metric in SHARES:
        return float(np.mean(SHARES[metric](case, parameters)))
    if metric in MEANS:
        contributions = MEANS[metric](case, parameters)
        return float(contributions.mean()) if metric == "expected_cost" else _by_sklearn(metric, case)
    if metric in FORMULAS:
        FORMULAS[metric].statistic(case.truth, case.guess, case.averaged)
    return _by_sklearn(metric, case)


def _by_sklearn(metric: str, case: Cases) -> float:
    value = float(_SKLEARN[metric](case))
    if not math.isfinite(value):
        raise NotMeasurable(f"{metric} is not finite on these rows.")
    return value


_SKLEARN: Mapping[str, Callable[[Cases], float]] = {
    "log_loss": lambda case: metrics.log_loss(case.truth, _clipped(case.guess), labels=list(case.averaged)),
    "brier_score": lambda case: metrics.brier_score_loss(case.truth, case.guess, pos_label=1, labels=[0, 1]),
    "balanced_accuracy": lambda case: _macro(metrics.recall_score, case),
    "recall_macro": lambda case: _macro(metrics.recall_score, case),
    "f1_macro": lambda case: _macro(metrics.f1_score, case),
    "f1": lambda case: metrics.f1_score(case.truth, case.guess),
    "matthews_correlation": lambda case: metrics.matthews_corrcoef(case.truth, case.guess),
    "roc_auc": lambda case: metrics.roc_auc_score(case.truth, case.guess),
    "roc_auc_ovr": lambda case: metrics.roc_auc_score(case.truth, case.guess, multi_class="ovr", average="macro"),
    "average_precision": lambda case: metrics.average_precision_score(case.truth, case.guess),
    "mean_absolute_error": lambda case: metrics.mean_absolute_error(case.truth, case.guess),
    "root_mean_squared_error": lambda case: metrics.root_mean_squared_error(case.truth, case.guess),
    "median_absolute_error": lambda case: metrics.median_absolute_error(case.truth, case.guess),
    "mean_absolute_percentage_error": lambda case: metrics.mean_absolute_percentage_error(case.truth, case.guess),
    "r2": lambda case: metrics.r2_score(case.truth, case.guess),
}


def _macro(metric: Callable[..., float], case: Cases) -> float:
    return metric(case.truth, case.guess, labels=list(case.averaged), average="macro", zero_division=0.0)


def _cases(  # noqa: PLR0913, PLR0917 - the words of `score`
    metric: str,
    truth: ArrayLike,
    prediction: ArrayLike | None,
    probability: ArrayLike | None,
    positive: Any,
    classes: Classes | None,
    parameters: Parameters,
) -> Cases:
    _check_metric(metric, parameters)
    if metric in _VALUES:
        return cases.of_values(truth, prediction)
    if metric in _TWO_CLASSES:
        return cases.of_two_classes(truth, prediction, positive, classes)
    if metric in _SCORES or (metric == "log_loss" and np.ndim(probability) <= 1):  # type: ignore[arg-type]
        return _scored(metric, cases.of_scores(truth, probability, positive, classes))
    if metric in _PROBABILITIES:
        return _told_apart(metric, cases.of_distributions(truth, probability, classes))
    return cases.of_classes(truth, prediction, classes)


def _scored(metric: str, case: Cases) -> Cases:
    if metric in {"brier_score", "log_loss"}:
        cases.check_probabilities(case.guess)
    return case


def _told_apart(metric: str, case: Cases) -> Cases:
    if metric == "roc_auc_ovr" and len(case.averaged) < 3:  # noqa: PLR2004 - two classes have roc_auc
        raise NotMeasurable("roc_auc_ovr is for three classes or more; use roc_auc.")
    return case


def _check_metric(metric: str, parameters: Parameters) -> None:
    if metric not in METRICS:
        raise NotMeasurable(f"The metric '{metric}' is unknown here; there are: {', '.join(sorted(METRICS))}.")
    needed = PARAMETERS.get(metric, ())
    if wrong := sorted(set(needed) ^ set(parameters)):
        raise NotMeasurable(f"{metric} takes {', '.join(needed) or 'no parameters'}; see to: {', '.join(wrong)}.")
    for name in needed:
        if not _is_amount(parameters[name]):
            raise NotMeasurable(f"{name} must be a finite number of at least 0, not {parameters[name]!r}.")


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
