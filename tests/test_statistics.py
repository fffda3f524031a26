"""The arithmetic of the checks: against published numbers, against other libraries, and against simulated truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from baycomp.single import CorrelatedTTest
from scipy.stats import norm, wasserstein_distance
from sklearn import metrics as sk
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from crispq.errors import NotMeasurable
from crispq.nouns import Estimate
from crispq_checks.statistics import scoring
from crispq_checks.statistics.cases import Cases
from crispq_checks.statistics.comparisons import benjamini_hochberg, corrected_resampled, holm
from crispq_checks.statistics.drift import drift_screen, shift
from crispq_checks.statistics.folds import folds
from crispq_checks.statistics.intervals import bootstrap, mean, proportion, quantile, standard_deviation
from crispq_checks.statistics.scoring import METRICS, needs_probabilities, score, score_estimate


def bounds(estimate: Estimate) -> tuple[float, float]:
    """Both bounds, which every estimate here must have, finite and around the value."""
    assert estimate.low is not None
    assert estimate.high is not None
    assert math.isfinite(estimate.low)
    assert math.isfinite(estimate.high)
    assert estimate.low <= estimate.value <= estimate.high
    return estimate.low, estimate.high


def misses(truth: float, estimates: Sequence[Estimate]) -> tuple[float, float]:
    """Share of estimates whose low lies above the truth, and whose high lies below it."""
    pairs = [bounds(estimate) for estimate in estimates]
    return float(np.mean([low > truth for low, _ in pairs])), float(np.mean([high < truth for _, high in pairs]))


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- intervals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "errors"), [(200, 1), (500, 8), (1000, 20), (2000, 47)])
def test_most_errors_that_still_show_97_percent_are_those_of_the_catalogue(rows: int, errors: int) -> None:
    assert bounds(proportion(rows - errors, rows))[0] >= 0.97
    assert bounds(proportion(rows - errors - 1, rows))[0] < 0.97


@pytest.mark.parametrize(("limit", "runs"), [(0.01, 299), (0.001, 2995), (0.0001, 29956)])
def test_runs_without_error_that_show_a_rate_are_those_of_the_catalogue(limit: float, runs: int) -> None:
    assert bounds(proportion(0, runs))[1] <= limit < bounds(proportion(0, runs - 1))[1]


@pytest.mark.parametrize(("successes", "rows"), [(0, 10), (1, 10), (5, 10), (10, 10), (263, 300), (1, 100_000)])
def test_proportion_agrees_with_statsmodels(successes: int, rows: int) -> None:
    expected = proportion_confint(successes, rows, alpha=0.1, method="beta")
    assert bounds(proportion(successes, rows)) == pytest.approx(expected, abs=1e-12)


def test_proportion_agrees_with_the_published_table() -> None:
    """Two-sided 95 % limits for 10 of 20: (0.272, 0.728), as in every Clopper-Pearson table."""
    assert bounds(proportion(10, 20, level=0.975)) == pytest.approx((0.272, 0.728), abs=5e-4)


def test_proportion_covers_at_least_as_often_as_it_says() -> None:
    above, below = misses(0.9, [proportion(int(k), 80) for k in random().binomial(80, 0.9, 2000)])
    assert above <= 0.06
    assert below <= 0.06


@pytest.mark.parametrize(("q", "needed"), [(0.95, 59), (0.99, 299), (0.5, 5), (0.05, 59)])
def test_quantile_says_how_many_values_it_needs(q: float, needed: int) -> None:
    bounds(quantile(np.arange(needed), q))
    with pytest.raises(NotMeasurable, match=f"{needed} are needed"):
        quantile(np.arange(needed - 1), q)


def test_quantile_takes_the_published_order_statistics() -> None:
    """Conover: the median of 10 lies between the 2nd and the 9th smallest with 97.9 %, of 20 between 6th and 15th."""
    assert bounds(quantile(np.arange(1, 11), 0.5)) == (2.0, 9.0)
    assert bounds(quantile(np.arange(1, 21), 0.5, level=0.975)) == (6.0, 15.0)


def test_quantile_covers() -> None:
    draws = random(1).exponential(size=(1000, 100))
    above, below = misses(-math.log(0.1), [quantile(row, 0.9) for row in draws])
    assert above <= 0.07
    assert below <= 0.07


def test_mean_has_the_margin_of_the_catalogue() -> None:
    """One-sided 95 % margin of the mean over 5 seeds: 0.95 standard deviations."""
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert (bounds(mean(values))[1] - 3) / np.std(values, ddof=1) == pytest.approx(0.95, abs=0.005)


def test_standard_deviation_agrees_with_the_handbook() -> None:
    """NIST/SEMATECH 7.2.3: 95 % of chi-square with 9 degrees of freedom lies between 2.700 and 19.023."""
    values = random().normal(size=10)
    low, high = bounds(standard_deviation(values, level=0.975))
    squares = 9 * float(np.var(values, ddof=1))
    assert (low, high) == pytest.approx((math.sqrt(squares / 19.023), math.sqrt(squares / 2.700)), rel=1e-3)


@pytest.mark.parametrize("bound", [mean, standard_deviation])
def test_equal_values_have_no_width(bound: Callable[..., Estimate]) -> None:
    low, high = bounds(bound([0.1, 0.1, 0.1]))
    assert low == pytest.approx(high, abs=0)


@pytest.mark.parametrize("bound", [mean, standard_deviation, partial(quantile, q=0.5)])
@pytest.mark.parametrize("values", [[], [1.0, math.nan, 2.0], [[1.0, 2.0]]])
def test_values_that_cannot_be_bounded_are_refused(bound: Callable[..., Estimate], values: list[Any]) -> None:
    with pytest.raises(NotMeasurable):
        bound(values)


@pytest.mark.parametrize("level", [0.5, 1.0, 95, math.nan])
def test_a_level_that_makes_no_sense_is_refused(level: float) -> None:
    asking: list[Callable[..., Estimate]] = [
        partial(proportion, 1, 2),
        partial(mean, [1, 2]),
        partial(corrected, [1, 2]),
    ]
    for bound in asking:
        with pytest.raises(NotMeasurable, match="level"):
            bound(level=level)


# --- the bootstrap -----------------------------------------------------------------------------


def test_bootstrap_of_a_mean_agrees_with_student() -> None:
    values = random().normal(size=400)
    assert bounds(bootstrap(np.mean, [values])) == pytest.approx(bounds(mean(values)), abs=0.01)


def test_bootstrap_covers_the_mean_of_a_skewed_variable() -> None:
    draws = random(2).exponential(size=(300, 60))
    above, below = misses(1.0, [bootstrap(np.mean, [row], resamples=400) for row in draws])
    assert above <= 0.09
    assert below <= 0.11


def test_bootstrap_covers_an_area_under_the_curve() -> None:
    truth = np.repeat([0, 1], [70, 30])
    scores = random(3).normal(size=(150, 100)) + 1.5 * truth
    found = [score_estimate("roc_auc", truth, None, row, resamples=400) for row in scores]
    above, below = misses(float(norm.cdf(1.5 / math.sqrt(2))), found)
    assert above <= 0.10
    assert below <= 0.10


def test_bootstrap_of_groups_covers_where_that_of_rows_does_not() -> None:
    group = np.repeat(np.arange(30), 10)
    draws = [random(seed).normal(size=30)[group] + random(seed + 1000).normal(size=300) for seed in range(200)]
    by_group = misses(0.0, [bootstrap(np.mean, [row], groups=group, resamples=200) for row in draws])
    by_row = misses(0.0, [bootstrap(np.mean, [row], resamples=200) for row in draws])
    assert sum(by_group) <= 0.17
    assert sum(by_row) >= 0.3


def test_groups_of_any_size_are_drawn_whole() -> None:
    group = np.array(["a", "b", "b", "c", "c", "c", *"defghijk"])
    sizes: list[Any] = []

    def watched(drawn: np.ndarray[Any, Any]) -> float:
        labels, counts = np.unique(drawn, return_counts=True)
        sizes.extend(zip(labels.tolist(), counts.tolist(), strict=True))
        return float(len(drawn) + random(len(sizes)).random())

    bootstrap(watched, [group], groups=group, resamples=50)
    whole = {"b": 2, "c": 3}
    assert all(count % whole.get(label, 1) == 0 for label, count in sizes)


def test_bootstrap_draws_the_same_for_the_same_seed() -> None:
    values = random().normal(size=50)
    assert bootstrap(np.median, [values], seed=4) == bootstrap(np.median, [values], seed=4)
    assert bootstrap(np.median, [values], seed=4) != bootstrap(np.median, [values], seed=5)


@pytest.mark.parametrize(("positives", "negatives"), [(20, 480), (300, 40), (7, 7)])
def test_a_perfect_area_is_bounded_by_the_rarer_class(positives: int, negatives: int) -> None:
    truth = np.repeat([0, 1], [negatives, positives])
    expected = bounds(proportion(min(positives, negatives), min(positives, negatives)))
    assert bounds(score_estimate("roc_auc", truth, None, truth.astype(float))) == pytest.approx(expected)


def perfect_and_worse(metric: str) -> tuple[Estimate, Estimate]:
    """Bounds of perfect answers, and of the same answers with one discordant pair, or one error in twelve groups."""
    truth, perfect = np.repeat([0, 1], [90, 10]), np.arange(100.0)
    if needs_probabilities(metric):
        worse = perfect.copy()
        worse[[89, 90]] = worse[[90, 89]]
        return score_estimate(metric, truth, None, perfect), score_estimate(metric, truth, None, worse)
    truth, groups = np.tile([0, 1], 120), np.repeat(np.arange(12), 20)
    wrong = np.where(np.arange(240) == 1, 0, truth)
    return score_estimate(metric, truth, truth, groups=groups), score_estimate(metric, truth, wrong, groups=groups)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "accuracy", "matthews_correlation"])
def test_a_bound_is_never_better_where_the_answers_are_worse(metric: str) -> None:
    perfect, worse = perfect_and_worse(metric)
    assert worse.value < perfect.value == pytest.approx(1)
    assert bounds(worse)[0] < bounds(perfect)[0]


def test_a_constant_statistic_without_support_is_not_measurable() -> None:
    with pytest.raises(NotMeasurable, match="differ too little"):
        bootstrap(np.mean, [np.ones(50)])


def test_too_few_rows_are_known_to_say_nothing() -> None:
    assert bounds(bootstrap(np.mean, [np.array([0.2, 0.4, 0.9])], support=(0, 1))) == (0.0, 1.0)
    with pytest.raises(NotMeasurable, match="10 are needed"):
        bootstrap(np.mean, [np.array([0.2, 0.4, 0.9])])


def test_undefined_resamples_are_drawn_anew_or_refused() -> None:
    def only_with_both(values: np.ndarray[Any, Any]) -> float:
        return float(values.mean()) if np.ptp(values) > 0 else math.nan

    def only_with_all(values: np.ndarray[Any, Any]) -> float:
        return 1.0 if np.unique(values).size == 30 else math.nan

    bounds(bootstrap(only_with_both, [np.repeat([0.0, 1.0], [29, 1])]))
    with pytest.raises(NotMeasurable, match="undefined in most resamples"):
        bootstrap(only_with_all, [np.arange(30)], resamples=100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"groups": ["a"] * 5},
        {"groups": [None] * 20},
        {"groups": ["a"] * 20, "strata": ["a"] * 20},
        {"strata": [math.nan] * 20},
    ],
)
def test_wrong_groups_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotMeasurable):
        bootstrap(np.mean, [np.arange(20.0)], **wrong)


# --- comparisons -------------------------------------------------------------------------------


def corrected(differences: Sequence[float], level: float = 0.95) -> Estimate:
    return corrected_resampled(differences, train_size=80, test_size=20, level=level)


def test_corrected_interval_agrees_with_baycomp() -> None:
    """Its posterior is the same t distribution: the chance of a difference below `low` is 1 - level."""
    differences = random().normal(0.02, 0.03, size=25)
    low, high = bounds(corrected(differences.tolist()))
    for bound, below in ((low, 0.05), (high, 0.95)):
        posterior: Any = CorrelatedTTest(differences, np.full(25, bound), 0, runs=5)
        assert 1 - posterior.probs()[0] == pytest.approx(below, abs=1e-9)


def test_corrected_interval_agrees_with_its_formula_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, s^2 = 1, (1/3 + 1/4) * 1, t(0.95; 2) = 2.920 (any t table)."""
    assert bounds(corrected([1, 2, 3]))[0] == pytest.approx(2 - 2.920 * math.sqrt(1 / 3 + 1 / 4), abs=1e-3)


def test_equal_differences_have_no_width() -> None:
    assert bounds(corrected([0.1] * 25)) == (0.1, 0.1)


@pytest.mark.parametrize("scores", [[], [1.0], [1.0, math.nan]])
def test_scores_that_cannot_be_compared_are_refused(scores: list[float]) -> None:
    with pytest.raises(NotMeasurable):
        corrected(scores)


@pytest.mark.parametrize("size", [0, 1, 2, 30])
def test_adjusted_p_values_agree_with_statsmodels(size: int) -> None:
    p_values = np.round(random().random(size) ** 3, 2)
    for method, adjust in (("holm", holm), ("fdr_bh", benjamini_hochberg)):
        expected = multipletests(p_values, method=method)[1] if size else []
        assert adjust(p_values) == pytest.approx(expected)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_what_is_no_p_value_is_refused(adjust: Callable[..., Any]) -> None:
    for strange in ([0.1, math.nan], [-0.1], [1.1]):
        with pytest.raises(NotMeasurable):
            adjust(strange)


# --- scoring -----------------------------------------------------------------------------------

BINARY: dict[str, Callable[[Any, Any, Any], float]] = {
    "accuracy": lambda y, guess, _: sk.accuracy_score(y, guess),
    "balanced_accuracy": lambda y, guess, _: sk.balanced_accuracy_score(y, guess),
    "precision": lambda y, guess, _: sk.precision_score(y, guess),
    "recall": lambda y, guess, _: sk.recall_score(y, guess),
    "specificity": lambda y, guess, _: sk.recall_score(y, guess, pos_label=0),
    "false_negative_rate": lambda y, guess, _: 1 - sk.recall_score(y, guess),
    "false_positive_rate": lambda y, guess, _: 1 - sk.recall_score(y, guess, pos_label=0),
    "f1": lambda y, guess, _: sk.f1_score(y, guess),
    "roc_auc": lambda y, _, p: sk.roc_auc_score(y, p),
    "average_precision": lambda y, _, p: sk.average_precision_score(y, p),
    "log_loss": lambda y, _, p: sk.log_loss(y, p),
    "brier_score": lambda y, _, p: sk.brier_score_loss(y, p),
    "matthews_correlation": lambda y, guess, _: sk.matthews_corrcoef(y, guess),
    "expected_cost": lambda y, guess, _: float(
        (sk.confusion_matrix(y, guess) * np.array([[0, 2], [5, 0]])).sum() / len(y)
    ),
}
MULTICLASS: dict[str, Callable[[Any, Any, Any], float]] = {
    "accuracy": lambda y, guess, _: sk.accuracy_score(y, guess),
    "balanced_accuracy": lambda y, guess, _: sk.balanced_accuracy_score(y, guess),
    "f1_macro": lambda y, guess, _: sk.f1_score(y, guess, average="macro"),
    "recall_macro": lambda y, guess, _: sk.recall_score(y, guess, average="macro"),
    "log_loss": lambda y, _, p: sk.log_loss(y, p),
    "roc_auc_ovr": lambda y, _, p: sk.roc_auc_score(y, p, multi_class="ovr"),
    "matthews_correlation": lambda y, guess, _: sk.matthews_corrcoef(y, guess),
}
REGRESSION: dict[str, Callable[[Any, Any], float]] = {
    "mean_absolute_error": sk.mean_absolute_error,
    "root_mean_squared_error": sk.root_mean_squared_error,
    "median_absolute_error": sk.median_absolute_error,
    "mean_absolute_percentage_error": sk.mean_absolute_percentage_error,
    "r2": sk.r2_score,
    "within_tolerance": lambda y, guess: float(np.mean(np.abs(y - guess) <= 0.5)),
}
PARAMETERS: dict[str, dict[str, float]] = {
    "expected_cost": {"false_positive": 2, "false_negative": 5},
    "within_tolerance": {"tolerance": 0.5},
}


def asked(metric: str) -> dict[str, Any]:
    return {"parameters": PARAMETERS.get(metric, {})}


def two_classes(rows: int = 300) -> tuple[Any, Any, Any]:
    truth = random(1).integers(0, 2, rows)
    probability = np.clip(0.3 * truth + 0.7 * random(2).random(rows), 0.01, 0.99)
    return truth, (probability > 0.5).astype(int), np.round(probability, 2)


def three_classes(rows: int = 300) -> tuple[Any, Any, Any]:
    truth = random(1).integers(0, 3, rows)
    probability = random(2).random((rows, 3)) + np.eye(3)[truth]
    probability /= probability.sum(axis=1, keepdims=True)
    return truth, probability.argmax(axis=1), probability


def numbers(rows: int = 300) -> tuple[Any, Any]:
    truth = random(1).normal(10, 2, rows)
    return truth, truth + random(2).normal(0, 1, rows)


@pytest.mark.parametrize("metric", BINARY)
def test_binary_metrics_agree_with_scikit_learn(metric: str) -> None:
    assert score(metric, *two_classes(), **asked(metric)) == pytest.approx(BINARY[metric](*two_classes()), rel=1e-12)


@pytest.mark.parametrize("metric", MULTICLASS)
def test_multiclass_metrics_agree_with_scikit_learn(metric: str) -> None:
    assert score(metric, *three_classes()) == pytest.approx(MULTICLASS[metric](*three_classes()), rel=1e-12)


@pytest.mark.parametrize("metric", REGRESSION)
def test_regression_metrics_agree_with_scikit_learn(metric: str) -> None:
    assert score(metric, *numbers(), **asked(metric)) == pytest.approx(REGRESSION[metric](*numbers()), rel=1e-12)


@pytest.mark.parametrize("rows", [40, 300])
@pytest.mark.parametrize("metric", scoring.FORMULAS)
def test_what_is_resampled_is_what_scikit_learn_scores(metric: str, rows: int) -> None:
    """The quick formulas of the bootstrap, which would otherwise bound another number than the one shown."""
    many = {"f1_macro", "recall_macro", "roc_auc_ovr", "balanced_accuracy", "matthews_correlation"}
    data: Any = numbers(rows) if metric == "r2" else three_classes(rows) if metric in many else two_classes(rows)
    guess = data[2] if needs_probabilities(metric) else data[1]
    classes = tuple(np.unique(data[0]).tolist()) if metric != "r2" else ()
    assert scoring.FORMULAS[metric].statistic(data[0], guess, classes) == pytest.approx(score(metric, *data), rel=1e-9)


@pytest.mark.parametrize("metric", scoring.MEANS)
def test_means_of_rows_are_what_scikit_learn_scores(metric: str) -> None:
    data: Any = two_classes() if metric in {"expected_cost", "log_loss", "brier_score"} else numbers()
    case = Cases(truth=data[0], guess=data[2] if needs_probabilities(metric) else data[1])
    expected = score(metric, *data, **asked(metric)) ** (2 if metric == "root_mean_squared_error" else 1)
    assert scoring.MEANS[metric](case, PARAMETERS.get(metric, {})).mean() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_has_bounds_of_sensible_width(metric: str, grouped: bool) -> None:  # noqa: FBT001 - a case
    data: Any = numbers() if metric in REGRESSION else three_classes() if metric not in BINARY else two_classes()
    groups = np.arange(300) // 3 if grouped else None
    estimate = score_estimate(metric, *data, **asked(metric), groups=groups, resamples=200)
    low, high = bounds(estimate)
    assert estimate.value == pytest.approx(score(metric, *data, **asked(metric)))
    assert 0 < high - low < 0.5 * max(1, abs(estimate.value))
    assert estimate.n is not None
    assert estimate.n <= (100 if grouped else 300)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("metric", sorted(METRICS))
def test_perfect_predictions_do_not_pretend_certainty(metric: str, grouped: bool) -> None:  # noqa: FBT001 - a case
    truth: Any = two_classes()[0] if metric in BINARY else three_classes()[0]
    data: Any = truth, truth, np.eye(3)[truth] if metric in MULTICLASS and metric not in BINARY else truth.astype(float)
    if metric in REGRESSION:
        data = numbers()[0], numbers()[0]
    groups = np.arange(300) // 3 if grouped else None
    low, high = bounds(score_estimate(metric, *data, **asked(metric), groups=groups, resamples=200))
    if metric != "median_absolute_error" or grouped:
        assert high - low > 0.005


def test_labels_of_any_kind_are_told_apart() -> None:
    truth, guess, probability = two_classes()
    words, guessed = np.where(truth, "sick", "well"), np.where(guess, "sick", "well").astype(object)
    for metric in sorted(BINARY):
        expected = score(metric, truth, guess, probability, **asked(metric))
        asking = {"positive": "sick", **asked(metric)}
        both = np.column_stack([probability, 1 - probability])
        assert score(metric, words, guessed, probability, **asking) == pytest.approx(expected)
        assert score(metric, words, guessed, both, classes=["sick", "well"], **asking) == pytest.approx(expected)
        assert score(metric, truth.astype(bool), guess.astype(float), probability, **asked(metric)) == expected


def test_log_loss_is_finite_for_a_confident_error() -> None:
    assert score("log_loss", [0, 1], None, [1.0, 1.0]) == pytest.approx(-math.log(1e-15) / 2, rel=1e-3)
    assert score("log_loss", list("abc"), None, np.eye(3)[[0, 1, 1]]) == pytest.approx(-math.log(1e-15) / 3, rel=1e-3)


def test_shares_are_bounded_exactly_over_their_own_rows() -> None:
    truth, guess, _ = two_classes()
    expected = proportion(int(np.sum(truth & guess)), int(np.sum(guess)))
    assert score_estimate("precision", truth, guess) == expected


@pytest.mark.parametrize(("recall", "specificity"), [(0.98, 0.999), (0.8, 0.9), (1.0, 0.999)])
def test_bounds_hold_where_errors_are_few(recall: float, specificity: float) -> None:
    """Here a bootstrap's lower bound of F1 lies above the truth four times too often."""
    f1s, balanced = [], []
    for seed in range(400):
        draw = random(seed)
        truth = (draw.random(500) < 0.1).astype(int)
        guess = np.where(truth == 1, draw.random(500) < recall, draw.random(500) > specificity).astype(int)
        f1s.append(score_estimate("f1", truth, guess))
        balanced.append(score_estimate("balanced_accuracy", truth, guess))
    true_f1 = 0.2 * recall / (0.1 * recall + 0.1 + 0.9 * (1 - specificity))
    assert max(misses(true_f1, f1s)) <= 0.08
    assert max(misses((recall + specificity) / 2, balanced)) <= 0.08


def test_expected_cost_is_bounded_where_misses_are_rare_and_dear() -> None:
    asking: Any = {"parameters": {"false_positive": 1, "false_negative": 50}}
    found = []
    for seed in range(400):
        draw = random(seed)
        truth = (draw.random(300) < 0.1).astype(int)
        guess = np.where(draw.random(300) < np.where(truth, 0.1, 0.05), 1 - truth, truth)
        found.append(score_estimate("expected_cost", truth, guess, **asking))
    assert max(misses(50 * 0.1 * 0.1 + 0.9 * 0.05, found)) <= 0.08
    truth = np.repeat([1, 0], [30, 270])
    guesses = [truth * (np.arange(300) >= missed) for missed in range(4)]
    highs = [bounds(score_estimate("expected_cost", truth, guess, **asking))[1] for guess in guesses]
    assert highs == sorted(highs)


def test_few_rows_of_a_class_leave_everything_open() -> None:
    truth = np.repeat([0, 1], [96, 4])
    assert bounds(score_estimate("roc_auc", truth, None, random().random(100))) == (0.0, 1.0)


ONE_CLASS = [0, 0, 0]


@pytest.mark.parametrize(
    ("metric", "truth", "prediction", "probability", "says"),
    [
        ("accuracy_", [0, 1], [0, 1], None, "unknown"),
        ("latency_p95_ms", [0, 1], [0, 1], None, "unknown"),
        ("accuracy", [0, 1], [0, 1, 1], None, "do not fit"),
        ("accuracy", [], [], None, "no rows"),
        ("accuracy", [0.0, 1.0, 1.0], [0.0, math.nan, math.inf], None, "2 of 3 predictions are missing or not finite"),
        ("accuracy", ["a", "b"], ["a", None], None, "1 of 2 predictions"),
        ("accuracy", ["1", "0"], [1, 0], None, "cannot be compared"),
        ("accuracy", [0, 1], None, None, "missing"),
        ("recall", ["a", "b"], ["a", "b"], None, "positive"),
        ("recall", [0, 1, 2], [0, 1, 2], None, "two classes"),
        ("recall", [0, 1, 1], [0.2, 0.7, 0.8], None, "two classes"),
        ("recall", ONE_CLASS, [0, 1, 0], None, "no row is of the positive class"),
        ("precision", [0, 1], [0, 0], None, "no row is predicted"),
        ("specificity", [1, 1], [1, 0], None, "every row is of the positive class"),
        ("f1", ONE_CLASS, [0, 1, 0], None, "no row is of the positive class"),
        ("balanced_accuracy", ONE_CLASS, [0, 1, 0], None, "one class"),
        ("matthews_correlation", ONE_CLASS, [0, 1, 0], None, "one class"),
        ("f1_macro", ONE_CLASS, [0, 1, 0], None, "one class"),
        ("roc_auc", ONE_CLASS, None, [0.1, 0.2, 0.3], "one class"),
        ("average_precision", ONE_CLASS, None, [0.1, 0.2, 0.3], "one class"),
        ("roc_auc", [0, 1], None, [0.1, math.nan], "1 of 2 predictions are not finite"),
        ("roc_auc", [0, 1], None, None, "missing"),
        ("brier_score", [0, 1], None, [0.1, 1.2], "outside"),
        ("log_loss", [0, 1, 2], None, [[0.5, 0.5, 0.5]] * 3, "add up"),
        ("log_loss", [0, 1, 2], None, [[0.5, 0.5]] * 3, "do not fit"),
        ("roc_auc_ovr", [0, 1], None, [[0.5, 0.5]] * 2, "use roc_auc"),
        ("mean_absolute_error", [1.0, 2.0], [1.0, math.nan], None, "1 of 2 predictions are not finite"),
        ("mean_absolute_error", [1.0, 2.0], ["a", "b"], None, "not numbers"),
        ("mean_absolute_percentage_error", [0.0, 2.0], [1.0, 2.0], None, "zero"),
        ("r2", [1.0, 1.0], [1.0, 2.0], None, "equal"),
        ("within_tolerance", [1.0], [1.0], None, "tolerance"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    metric: str, truth: Any, prediction: Any, probability: Any, says: str
) -> None:
    for ask in (score, score_estimate):
        with pytest.raises(NotMeasurable, match=says):
            ask(metric, truth, prediction, probability)


@pytest.mark.parametrize("metric", ["specificity", "brier_score"])
def test_a_misspelt_positive_class_is_refused(metric: str) -> None:
    with pytest.raises(NotMeasurable, match="'Yes' is not among the classes 'yes'"):
        score(metric, ["yes"] * 60, ["yes"] * 60, [0.5] * 60, positive="Yes")
    score(metric, ["no"] * 60, ["no"] * 60, [0.5] * 60, positive="yes", classes=["no", "yes"])
    score(metric, [0] * 60, [0] * 60, [0.5] * 60, positive=1)


@pytest.mark.parametrize("amount", [-1, math.nan, math.inf, True, "2"])
def test_a_parameter_must_be_an_amount(amount: Any) -> None:
    with pytest.raises(NotMeasurable, match="at least 0"):
        score("within_tolerance", [1.0], [1.0], parameters={"tolerance": amount})


def test_a_declared_class_without_rows_is_told() -> None:
    with pytest.raises(NotMeasurable, match="1 of 3 classes have no row"):
        score("f1_macro", ["a", "b"], ["a", "b"], classes=["a", "b", "c"])
    with pytest.raises(NotMeasurable, match="'c' not among"):
        score("accuracy", ["a", "b"], ["a", "c"], classes=["a", "b"])


def test_metrics_are_those_of_the_process() -> None:
    from crispq.process import metrics

    of_models = {name: metric for name, metric in metrics().items() if metric.needs != "operation"}
    assert set(of_models) == METRICS
    for name, metric in of_models.items():
        assert needs_probabilities(name) == (metric.needs == "probabilities"), name
        assert metric.parameters == scoring.PARAMETERS.get(name, ()), name


# --- drift -------------------------------------------------------------------------------------


def test_the_numeric_effect_is_scipys_distance_in_standard_deviations() -> None:
    reference, window = random(1).normal(5, 3, 400), random(2).normal(6, 3, 150)
    expected = wasserstein_distance(reference, window) / np.std(reference, ddof=1)
    assert shift(reference, window).effect == pytest.approx(expected)
    assert shift(reference * 1000, window * 1000).effect == pytest.approx(expected)


def test_the_categorical_effect_is_the_share_that_moved_beyond_chance() -> None:
    found = shift(["a"] * 5000 + ["b"] * 5000, ["a"] * 2000 + ["b"] * 1000 + ["new"] * 1000)
    assert found.kind == "categorical"
    assert found.effect == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("categories", [2, 150, 1000])
def test_chance_alone_is_no_categorical_effect(categories: int) -> None:
    draws = [random(seed).integers(categories, size=340).astype(str).astype(object) for seed in range(20)]
    found = [shift(one[:300], one[300:], resamples=199).effect for one in draws]
    assert np.mean(found) < 0.05
    assert max(found) < 0.2


FEATURES: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "normal": lambda generator, n: generator.normal(size=n),
    "heavy": lambda generator, n: generator.pareto(2.5, size=n),
    "count": lambda generator, n: generator.poisson(2, size=n),
    "yes or no": lambda generator, n: generator.random(n) < 0.2,
    "words": lambda generator, n: generator.choice(list("abcdefghij"), size=n),
}


@pytest.mark.parametrize(("rows", "in_window"), [(300, 20), (300, 150), (300, 400), (2000, 100)])
@pytest.mark.parametrize("feature", FEATURES)
def test_p_values_are_calibrated_without_drift(feature: str, rows: int, in_window: int) -> None:
    draw = FEATURES[feature]
    p_values = np.array(
        [shift(draw(random(s), rows), draw(random(s + 9999), in_window), resamples=199).p_value for s in range(300)]
    )
    lattice = 0.0 if feature == "yes or no" else 1.0  # few possible distances: never too small a p, often too large
    assert 0.01 * lattice <= np.mean(p_values <= 0.05) <= 0.09
    assert 0.38 * lattice <= np.mean(p_values <= 0.5) <= 0.62


@pytest.mark.parametrize(
    ("feature", "moved"), [("normal", lambda x: x + 0.5), ("words", lambda x: np.where(x < "d", "a", x))]
)
def test_a_real_shift_is_seen(feature: str, moved: Callable[[Any], Any]) -> None:
    draw = FEATURES[feature]
    found = [shift(draw(random(s), 500), moved(draw(random(s + 99), 200)), resamples=199) for s in range(20)]
    assert all(one.p_value <= 0.05 and one.effect > 0.1 for one in found)


def test_a_constant_reference_has_a_finite_effect() -> None:
    assert shift([3.0] * 100, [3.0] * 30).effect == 0
    found = shift([3.0] * 100, [3.0] * 20 + [1e9] * 10)
    assert (found.kind, found.p_value) == ("constant", 1 / 2000)
    assert found.effect == pytest.approx(1 / 3)


def test_missing_values_are_a_feature_of_their_own() -> None:
    values = random().normal(size=500)
    window = np.where(np.arange(200) % 4 == 0, np.nan, values[:200])
    found = shift(values, window)
    assert (found.missing_effect, found.rows) == (0.25, (500, 150))
    assert found.missing_p_value < 1e-10
    assert found.p_value > 0.05


@pytest.mark.parametrize("gone", [np.full(50, np.nan), np.array([None] * 50), np.full(50, np.inf)])
def test_a_feature_that_vanished_is_an_alarm(gone: Any) -> None:
    found = shift(random().normal(size=500), gone)
    assert (found.effect, found.missing_effect) == (1.0, 1.0)
    assert found.p_value < 1e-10


def test_another_kind_of_value_is_an_alarm() -> None:
    found = shift([1, 2, 3] * 50, ["1", "2", "3"] * 20)
    assert (found.kind, found.p_value) == ("categorical", 1 / 2000)
    assert 0.8 < found.effect < 1


@pytest.mark.parametrize(("reference", "window"), [([], [1.0]), ([1.0], []), ([], [])])
def test_nothing_to_compare_is_refused(reference: list[float], window: list[float]) -> None:
    with pytest.raises(NotMeasurable, match="rows"):
        shift(reference, window)


def test_a_large_reference_is_handled() -> None:
    reference = random().normal(size=1_000_000)
    assert shift(reference, reference[:500] + 0.3).p_value == 1 / 2000


def test_a_screen_finds_the_columns_that_moved() -> None:
    reference = pd.DataFrame({f"f{i}": random(i).normal(size=300) for i in range(30)})
    window = pd.DataFrame({f"f{i}": random(i + 500).normal(size=150) for i in range(30)})
    window["f3"] += 1
    window.loc[::3, "f7"] = None
    found = {one.column: one for one in drift_screen(reference, window, list(reference.columns))}
    assert list(found) == list(reference.columns)
    assert {name for name, one in found.items() if one.significant} == {"f3", "f7"}
    assert found["f3"].adjusted_p_value == pytest.approx(1 / 2000 * 31 / 2)  # the second smallest of 31
    with pytest.raises(NotMeasurable, match="window has no column f9"):
        drift_screen(reference, window.drop(columns="f9"), list(reference.columns))


def test_a_screen_reads_pandas_own_types() -> None:
    table = pd.DataFrame(
        {
            "integer": pd.array([1, 2, None] * 20, dtype="Int64"),
            "boolean": pd.array([True, False, None] * 20, dtype="boolean"),
            "text": pd.array(["a", "b", None] * 20, dtype="string"),
            "category": pd.Categorical(["a", "b", None] * 20),
            "time": pd.to_datetime(["2026-01-01", "2026-01-02", ""] * 20),
        }
    )
    found = drift_screen(table, table, list(table.columns), resamples=99)
    assert [one.kind for one in found] == ["numeric", "categorical", "categorical", "categorical", "numeric"]
    assert [(one.effect, one.p_value, one.rows) for one in found] == [(0.0, 1.0, (40, 40))] * 5


# --- folds -------------------------------------------------------------------------------------


def test_folds_of_classes_keep_their_shares() -> None:
    target = np.repeat(["no", "yes"], [80, 20])
    found = folds(target, task="binary_classification")
    assert len(found) == 25
    assert {int(np.sum(target[test] == "yes")) for _, test in found} == {4}
    assert all(sorted([*train, *test]) == list(range(100)) for train, test in found)


@pytest.mark.parametrize("task", ["binary_classification", "regression", "other"])
def test_groups_stay_on_one_side(task: str) -> None:
    groups = np.repeat(np.arange(25), 4)
    found = folds(np.tile([0, 1], 50), task=task, groups=groups, repeats=3)
    assert len(found) == 15
    assert all(not set(groups[train]) & set(groups[test]) for train, test in found)
    assert len({tuple(test) for _, test in found}) == 15


def test_times_train_on_the_past_only() -> None:
    times = pd.Series(pd.date_range("2026-01-01", periods=30)).repeat(4).sample(frac=1, random_state=0).to_numpy()
    found = folds(np.arange(120.0), task="regression", times=times)
    assert len(found) == 5
    assert all(times[train].max() < times[test].min() for train, test in found)


def test_times_with_groups_leave_out_who_is_under_test() -> None:
    times, groups = np.arange(120), np.arange(120) // 7
    for train, test in folds(np.arange(120.0), task="regression", times=times, groups=groups, splits=3):
        assert not set(groups[train]) & set(groups[test])
        assert times[train].max() < times[test].min() - 1


def test_the_same_seed_gives_the_same_folds() -> None:
    first, second, third = (folds(np.arange(50.0), task="regression", seed=seed) for seed in (1, 1, 2))
    assert [test.tolist() for _, test in first] == [test.tolist() for _, test in second]
    assert [test.tolist() for _, test in first] != [test.tolist() for _, test in third]


@pytest.mark.parametrize(
    ("target", "asking", "says"),
    [
        ([0] * 50 + [1] * 4, {"task": "binary_classification"}, "5 folds need 5 of each class"),
        ([0] * 50, {"task": "binary_classification"}, "one class"),
        ([0, 1] * 20, {"task": "binary_classification", "groups": [0] * 32 + [1] * 8}, "2 groups"),
        ([1.0, 2.0, 3.0], {"task": "regression"}, "5 rows are needed"),
        ([1.0, math.nan] * 9, {"task": "regression"}, "9 of 18 rows have no target"),
        ([1.0] * 9, {"task": "regression", "groups": [1]}, "one value for each row"),
        ([1.0] * 9, {"task": "regression", "groups": [1, 2, 3] * 3}, "3 groups cannot fill 5"),
        ([1.0] * 9, {"task": "regression", "times": [1, 2, 3] * 3}, "6 are needed"),
        ([1.0] * 9, {"task": "clustering"}, "unknown"),
        ([1.0] * 9, {"task": "regression", "splits": 1}, "2 and 1"),
        ([0] * 30 + [1] * 30, {"task": "binary_classification", "times": list(range(60))}, "one class only"),
    ],
)
def test_folds_that_cannot_be_made_are_refused(target: list[Any], asking: dict[str, Any], says: str) -> None:
    with pytest.raises(NotMeasurable, match=says):
        folds(target, **asking)
