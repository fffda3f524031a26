"""What examples cannot show of the checks of features: formulas against other ways to compute them, and error rates."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from numpy.random import Generator
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from crispq import NotMeasurable
from crispq_checks.associations import inflation
from crispq_checks.fitted import Fitted, fitted, rows_of
from crispq_checks.permuted_labels import permuted_order
from crispq_checks.reruns import follows, same
from crispq_checks.statistics.stability import stability

ROUNDS, FEATURES = 30, 20


def choices(random: Generator, size: int) -> np.ndarray:
    """Random choices of `size` features, some of which are chosen more often than others."""
    weight = np.linspace(1, 4, FEATURES)
    z = np.zeros((ROUNDS, FEATURES))
    for row in z:
        row[random.choice(FEATURES, size=size, replace=False, p=weight / weight.sum())] = 1
    return z


@pytest.mark.parametrize("size", [2, 5, 13])
def test_stability_is_the_mean_of_kunchevas_index_over_pairs_where_sizes_are_equal(size: int) -> None:
    """Nogueira et al. 2018, section 4.3: for choices of one size the index is Kuncheva's (2007)."""
    z = choices(np.random.default_rng(size), size)
    expected = size**2 / FEATURES
    pairs = [(float((a * b).sum()) - expected) / (size - expected) for a, b in combinations(z, 2)]
    assert np.mean(pairs) == pytest.approx(stability(z).value, abs=1e-12)


def test_the_interval_of_stability_is_that_of_the_jackknife() -> None:
    """The asymptotic variance and the jackknife's (Efron 1982) are of the same size."""
    z = choices(np.random.default_rng(0), 5)
    told = stability(z)
    assert told.low is not None
    left_out = np.array([stability(np.delete(z, row, axis=0)).value for row in range(ROUNDS)])
    jackknife = np.sqrt((ROUNDS - 1) / ROUNDS * np.sum((left_out - left_out.mean()) ** 2))
    assert jackknife == pytest.approx((told.value - told.low) / 1.6449, rel=0.15)


def test_stability_covers_its_true_value() -> None:
    random = np.random.default_rng(1)
    truth = np.mean([stability(choices(random, 5)).value for _ in range(400)])
    bounds = [stability(choices(random, 5)) for _ in range(400)]
    above = np.mean([one.low is not None and one.low <= truth for one in bounds])
    below = np.mean([one.high is not None and one.high >= truth for one in bounds])
    print(f"stability: one-sided 95 % bounds hold in {above:.1%} and {below:.1%}")
    assert above > 0.91
    assert below > 0.91


def test_the_same_choice_every_time_is_stable_and_no_choice_is_refused() -> None:
    always = np.tile(np.arange(FEATURES) < 4, (ROUNDS, 1))
    assert (1.0, 1.0, 1.0) == (stability(always).low, stability(always).value, stability(always).high)
    with pytest.raises(NotMeasurable, match="no choice to be stable"):
        stability(np.ones((ROUNDS, FEATURES)))


def test_inflation_is_what_regressions_on_the_other_columns_tell() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 4))
    x[:, 3] = x[:, 0] + x[:, 1] + 0.3 * random.normal(size=200)
    expected = []
    for column in range(4):
        others = np.column_stack([np.ones(200), np.delete(x, column, axis=1)])
        rest = x[:, column] - others @ np.linalg.lstsq(others, x[:, column], rcond=None)[0]
        expected.append(x[:, column].var() / rest.var())
    assert expected == pytest.approx(inflation(pd.DataFrame(x)).tolist(), rel=1e-6)


# --- what was fitted on which rows ---------------------------------------------------------------


def prepared(seed: int, where: str) -> list[Fitted]:
    """A table that was scaled, filled and encoded by the training rows, by training and test, or by all raw rows."""
    random = np.random.default_rng(seed)
    n = int(random.integers(60, 400))
    raw = pd.DataFrame(
        {
            "id": np.arange(n),
            "skew": random.gamma(2, size=n) * 100,
            "plain": random.normal(50, 5, n),
            "wide": random.normal(size=n) * 1e4,
            "gaps": np.where(random.random(n) < 0.2, np.nan, random.integers(0, 90, n)),
            "town": random.choice(list("abcdef"), n),
            "y": random.integers(0, 2, n),
        }
    )
    order = random.permutation(n)
    train, test = np.sort(order[: int(n * 0.6)]), np.sort(order[int(n * 0.6) : int(n * 0.9)])
    seen = {"train": train, "train and test": np.sort(np.r_[train, test]), "all raw rows": np.arange(n)}[where]
    made = raw.copy()
    for name, scaler in (("skew", StandardScaler()), ("plain", MinMaxScaler()), ("wide", RobustScaler())):
        made[name] = scaler.fit(raw.loc[seen, [name]]).transform(raw[[name]])[:, 0]
    made["gaps"] = raw["gaps"].fillna(raw["gaps"][seen].mean())
    made["town"] = raw["town"].map(raw.loc[seen].groupby("town")["y"].mean()).fillna(0.5)
    tables = {"train": made.loc[train], "test": made.loc[test]}
    return list(fitted(rows_of(tables, raw, "id", "y", None), ("id", "y")))


def test_what_was_fitted_on_training_rows_is_never_called_anything_else() -> None:
    told = [one for seed in range(50) for one in prepared(seed, "train")]
    assert not [one for one in told if one.beyond]
    assert 0.95 * 50 * 5 < sum(one.on_training for one in told)


@pytest.mark.parametrize("where", ["train and test", "all raw rows"])
def test_what_was_fitted_on_more_is_named_with_its_rows(where: str) -> None:
    sure = {"skew", "wide", "gaps", "town"}  # borders are often those of the training rows
    told = [one for seed in range(50) for one in prepared(seed, where) if one.column in sure]
    found = sum(one.beyond and one.rows[0] == where for one in told)
    print(f"fitted on {where}: {found} of {len(sure) * 50} columns named")
    assert found > 0.95 * len(sure) * 50


# --- comparing two runs --------------------------------------------------------------------------


def test_specks_of_rounding_are_no_difference_and_a_tenth_of_a_percent_is() -> None:
    column = pd.Series([1.0, 0.0, float("nan"), 1000.0])
    assert same(column, column + pd.Series([1e-12, 1e-14, 0.0, 1e-8])).all()
    assert [False, True, True, True] == same(column, column * pd.Series([1.001, 1, 1, 1])).tolist()


def test_another_scale_follows_and_another_shape_does_not() -> None:
    random = np.random.default_rng(0)
    one = pd.Series(random.normal(size=50))
    gaps = np.arange(50) < 5
    filled = (3 * one + 2).where(~gaps, 7.0)
    nothing = np.zeros(50, dtype=bool)
    assert follows(one, 3 * one + 2, nothing)
    assert follows(one.where(~gaps, 0.0), filled, gaps)
    assert not follows(one, one**2, nothing)
    assert not follows(one, one.where(one.index != 20, 9.0), nothing)


def test_labels_of_groups_stay_together() -> None:
    groups = np.repeat(np.arange(20), 5)
    labels = np.repeat(np.arange(20) % 2, 5)
    order = permuted_order(np.ones(100, dtype=bool), groups, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(100))
    assert all(len(set(labels[order][groups == one].tolist())) == 1 for one in range(20))
    assert (labels[order] != labels).any()
