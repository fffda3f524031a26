"""How many cases a claim needs, learning curves and criteria that clash: against published numbers and brute force."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import binom, norm
from sklearn.metrics import r2_score, roc_auc_score
from statsmodels.stats.power import normal_sample_size_one_tail

from crispq.errors import NotMeasurable
from crispq.nouns import Limit, LimitKind, Place, Requirement
from crispq_checks.business_and_data_understanding import criteria_are_testable, criteria_do_not_contradict
from crispq_checks.statistics import planning
from crispq_checks.statistics.curves import PowerLaw, extrapolated, power_law
from crispq_checks.statistics.intervals import proportion

# --- cases for a claim ---------------------------------------------------------------------------

#: The catalogue's table in section 0.3: limit, truth, cases by the normal distribution.
CATALOGUED = [(0.97, 0.98, 1588), (0.97, 0.985, 652), (0.97, 0.99, 332), (0.90, 0.92, 1303), (0.90, 0.95, 184)]


@pytest.mark.parametrize(("limit", "truth", "cases"), CATALOGUED)
def test_cases_by_the_normal_distribution_are_those_of_the_catalogue(limit: float, truth: float, cases: int) -> None:
    assert planning.proportion_by_normal(limit, truth) == cases


@pytest.mark.parametrize(("limit", "truth", "level"), [(0.9, 0.95, 0.95), (0.15, 0.05, 0.975), (0.6, 0.75, 0.95)])
def test_the_normal_distribution_agrees_with_statsmodels(limit: float, truth: float, level: float) -> None:
    deviations = (math.sqrt(p * (1 - p)) for p in (limit, truth))
    wanted = normal_sample_size_one_tail(abs(truth - limit), 0.8, 1 - level, *deviations)
    assert math.ceil(wanted) == planning.proportion_by_normal(limit, truth, level=level)


def power_of(limit: float, truth: float, cases: int) -> float:
    """The chance that the exact bound of so many cases clears the limit, by trying every number of hits."""
    clears = [k for k in range(cases + 1) if (proportion(k, cases).low or 0.0) > limit]
    return float(sum(binom.pmf(k, cases, truth) for k in clears))


@pytest.mark.parametrize(("limit", "truth"), [(0.9, 0.95), (0.85, 0.97), (0.6, 0.8), (0.97, 0.995)])
def test_the_exact_cases_have_the_power_and_so_have_all_above_but_not_the_one_below(limit: float, truth: float) -> None:
    cases = planning.proportion_exactly(limit, truth)
    assert power_of(limit, truth, cases - 1) < 0.8
    assert min(power_of(limit, truth, n) for n in range(cases, cases + 25)) >= 0.8


def test_a_share_and_its_complement_need_the_same_cases() -> None:
    assert planning.proportion_exactly(0.9, 0.95) == planning.proportion_exactly(0.1, 0.05)


@pytest.mark.parametrize(("limit", "runs"), [(0.01, 299), (0.001, 2995)])
def test_runs_without_error_that_show_a_rate_are_those_of_the_catalogue(limit: float, runs: int) -> None:
    assert planning.proportion_exactly(limit, 0.0) == runs


def test_nothing_shows_what_lies_on_its_limit() -> None:
    with pytest.raises(NotMeasurable, match="lies on the limit"):
        planning.proportion_exactly(0.9, 0.9)


def test_the_standard_error_of_an_area_is_that_of_hanley_and_mcneil() -> None:
    cases = 51 + 58
    assert planning.area_deviation(0.893, 51 / cases, cases) / math.sqrt(cases) == pytest.approx(0.032, abs=0.001)


@pytest.mark.parametrize("ratio", [2.0, 9.0])
def test_the_standard_error_of_an_area_is_that_of_simulated_exponential_scores(ratio: float) -> None:
    random, area, found = np.random.default_rng(0), ratio / (1 + ratio), []
    truth = np.repeat([1, 0], [40, 60])
    for _ in range(800):
        scores = np.concatenate([random.exponential(ratio, 40), random.exponential(1, 60)])
        found.append(roc_auc_score(truth, scores))
    assert planning.area_deviation(area, 0.4, 100) / 10 == pytest.approx(np.std(found), rel=0.1)
    assert area == pytest.approx(np.mean(found), abs=0.005)


def test_cases_for_an_area_have_about_the_power_that_was_asked_for() -> None:
    random = np.random.default_rng(0)
    limit, area, share = 0.8, 0.9, 0.4
    cases = planning.area_cases(limit, area, share)
    truth = np.arange(cases) < share * cases
    shift = norm.ppf(area) * math.sqrt(2)
    cleared = 0
    for _ in range(600):
        found = roc_auc_score(truth, random.normal(size=cases) + shift * truth)
        deviation = planning.area_deviation(min(found, 0.999), share, cases) / math.sqrt(cases)
        cleared += found - norm.ppf(0.95) * deviation > limit
    assert 0.72 <= cleared / 600 <= 0.95


def test_no_values_between_zero_and_their_most_spread_wider_than_the_bound() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        values = random.choice([0.0, 1.0, 10.0], p=random.dirichlet([1, 1, 1]), size=50)
        assert values.std() <= planning.bounded_deviation(values.mean(), 10.0) + 1e-12


def test_the_deviation_of_r_squared_is_that_of_simulated_tables() -> None:
    random = np.random.default_rng(0)
    whole = random.normal(size=20_000)
    noise = random.normal(size=20_000) * 0.8
    deviation = criteria_are_testable._explained(whole + noise, -noise)(1 - 0.64 / 1.64)  # noqa: SLF001
    found = []
    for _ in range(1000):
        rows = random.integers(20_000, size=300)
        found.append(r2_score((whole + noise)[rows], whole[rows]))
    assert deviation / math.sqrt(300) == pytest.approx(np.std(found), rel=0.1)


# --- learning curves -----------------------------------------------------------------------------

SIZES = np.array([20.0, 30, 40, 60, 80, 120, 160, 200])


@pytest.mark.parametrize(("floor", "height", "exponent"), [(0.1, 0.3, 0.5), (0.0, 0.2, 1.0), (5.0, 2.0, 0.3)])
def test_a_power_law_is_found_again(floor: float, height: float, exponent: float) -> None:
    truth = PowerLaw(floor=floor, height=height, exponent=exponent, unit=200.0)
    law = power_law(SIZES, [truth.at(n) for n in SIZES], least=0.0)
    for rows in (200, 400, 2000):
        assert law.at(rows) == pytest.approx(truth.at(rows), rel=0.02, abs=0.002)


def test_a_noisy_curve_is_fitted_as_scipy_fits_it() -> None:
    random = np.random.default_rng(3)
    told = 0.1 + 0.2 * (SIZES / 200) ** -0.6 + random.normal(scale=0.004, size=SIZES.size)
    found, _ = curve_fit(
        lambda n, a, b, c: a + b * (n / 200) ** -c, SIZES, told, p0=(0.1, 0.2, 0.5), bounds=([0, 0, 0.1], [1, 5, 2])
    )
    law = power_law(SIZES, told, least=0.0)
    assert law.at(400) == pytest.approx(found[0] + found[1] * 2 ** -found[2], abs=0.003)


def test_an_error_that_does_not_fall_is_flat() -> None:
    law = power_law(SIZES, np.linspace(0.2, 0.3, SIZES.size))
    assert law.height == 0
    assert law.at(10_000) == pytest.approx(0.25)


def test_bounds_of_a_curve_hold_the_truth_as_often_as_they_say() -> None:
    random, truth = np.random.default_rng(0), PowerLaw(floor=0.1, height=0.1, exponent=0.5, unit=200.0)
    missed = 0
    for _ in range(50):
        shared = random.normal(scale=0.01)
        told = np.array([truth.at(n) for n in SIZES]) + shared + random.normal(scale=0.02, size=(10, SIZES.size))
        found = extrapolated(SIZES, told, 250, overlap=0.25, least=0.0)
        missed += not (found.low or 0.0) <= truth.at(250) <= (found.high or 0.0)
    print(f"missed {missed} of 50 at 90 %")
    assert missed <= 10


def test_one_hold_out_tells_nothing_about_its_spread() -> None:
    with pytest.raises(NotMeasurable, match="at least two"):
        extrapolated(SIZES, [SIZES], 100, overlap=0.25)


# --- criteria that clash -------------------------------------------------------------------------


def criterion(metric: str, low: float, high: float) -> Requirement:
    """A criterion whose metric must lie between low and high."""
    costs = {"false_positive": 1.0, "false_negative": 5.0} if metric == "expected_cost" else {}
    return Requirement(
        id=metric,
        level="ml",
        statement=metric,
        place=Place(path="phase.yaml", line=1),
        metric=metric,
        parameters=costs,
        limit=Limit(kind=LimitKind.BETWEEN, low=low, high=high),
    )


def every_table() -> dict[str, np.ndarray[Any, Any]]:
    """What every table of 100 positive and 300 negative cases makes of each metric."""
    found, alarmed = (one.ravel() for one in np.meshgrid(np.arange(101.0), np.arange(301.0)))
    missed, spared = 100 - found, 300 - alarmed
    with np.errstate(invalid="ignore"):
        precision = found / (found + alarmed)
    return {
        "recall": found / 100,
        "specificity": spared / 300,
        "false_negative_rate": missed / 100,
        "false_positive_rate": alarmed / 300,
        "precision": precision,
        "f1": 2 * found / (2 * found + missed + alarmed),
        "accuracy": (found + spared) / 400,
        "balanced_accuracy": (found / 100 + spared / 300) / 2,
        "expected_cost": (5 * missed + alarmed) / 400,
    }


TABLES = every_table()


def meets(limits: dict[str, tuple[float, float]], slack: float) -> bool:
    """Whether some table lies within the limits; precision without an alarm meets any."""
    inside = np.ones(TABLES["recall"].size, dtype=bool)
    for name, (low, high) in limits.items():
        values = TABLES[name]
        inside &= np.isnan(values) | ((values >= low - slack) & (values <= high + slack))
    return bool(inside.any())


@pytest.mark.parametrize("names", list(itertools.combinations(TABLES, 3)), ids="-".join)
def test_criteria_are_possible_exactly_where_some_table_of_two_classes_meets_them(names: tuple[str, ...]) -> None:
    random, told = np.random.default_rng([len(one) for one in names]), set()
    for _ in range(4):
        middles = {name: random.uniform(0.05, 0.95) for name in names}
        limits = {name: (middle - 0.08, middle + 0.08) for name, middle in middles.items()}
        possible = criteria_do_not_contradict._possible_for_two(  # noqa: SLF001
            [criterion(name, low, high) for name, (low, high) in limits.items()], 0.25
        )
        assert possible or not meets(limits, 0.0), limits
        assert not possible or meets(limits, 0.02), limits
        told.add(possible)
    assert told


def test_a_smallest_set_has_nothing_to_spare() -> None:
    chosen = [
        criterion("recall", 0.9, 1.0),
        criterion("specificity", 0.9, 1.0),
        criterion("accuracy", 0.0, 0.5),
        criterion("f1", 0.0, 1.0),
    ]
    shares = criteria_do_not_contradict._Shares(classes=(0.5, 0.5), positive=0.5)  # noqa: SLF001
    arguments: tuple[Any, ...] = (chosen, shares, "binary_classification")
    found = list(criteria_do_not_contradict._smallest_sets(*arguments))  # noqa: SLF001
    assert [{one.id for one in clash} for clash in found] == [{"recall", "specificity", "accuracy"}]
    for clash in found:
        for one in clash:
            rest = [other for other in clash if other is not one]
            assert not criteria_do_not_contradict._clash(rest, shares, "binary_classification")  # noqa: SLF001
