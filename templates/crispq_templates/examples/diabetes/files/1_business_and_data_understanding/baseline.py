"""Measure what can be had without the model, on the training patients only; the test set stays unseen.

Run from the project's root, after the split: python 1_business_and_data_understanding/baseline.py
It prints the rows of the table under "Baseline" in success_criteria.md. Bounds are one-sided at 95 %: the 5 % and 95 %
quantiles of 2,000 bootstrap samples.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict

TRAIN = Path("data/prepared/train.parquet")
MEASUREMENT = "bmi"
TOLERANCE = 75


def main() -> None:
    """Print one row for each criterion and method."""
    patients = pd.read_parquet(TRAIN)
    truth = patients["progression"].to_numpy(dtype=float)
    straight = cross_val_predict(
        LinearRegression(), patients[[MEASUREMENT]], truth, cv=KFold(5, shuffle=True, random_state=0)
    )
    one = f"straight line on `{MEASUREMENT}`, 5-fold cross-validation"
    middle = np.full_like(truth, np.median(truth))
    row("B1", one, within, truth, straight)
    row("B1", "the best single number for everybody", within, truth, np.full_like(truth, fullest(truth)))
    row("ML1", one, mean_absolute_error, truth, straight)
    row("ML1", "the median for everybody", mean_absolute_error, truth, middle)
    row("ML2", one, root_mean_squared_error, truth, straight)
    row("ML2", "the mean for everybody", root_mean_squared_error, truth, np.full_like(truth, truth.mean()))
    row("E1", one, r2_score, truth, straight)


def within(truth: np.ndarray, guess: np.ndarray) -> float:
    """Return the share of patients whose score is off by no more than the tolerance."""
    return float(np.mean(np.abs(truth - guess) <= TOLERANCE))


def fullest(truth: np.ndarray) -> float:
    """Return the number that most patients lie within the tolerance of."""
    ordered = np.sort(truth)
    ends = np.searchsorted(ordered, ordered + 2 * TOLERANCE, side="right")
    start = int(np.argmax(ends - np.arange(len(ordered))))
    return float(ordered[start] + ordered[ends[start] - 1]) / 2


def row(
    criterion: str,
    method: str,
    statistic: Callable[[np.ndarray, np.ndarray], float],
    truth: np.ndarray,
    guess: np.ndarray,
) -> None:
    """Print one row of the table."""
    random, n = np.random.default_rng(0), len(truth)
    drawn = (random.integers(n, size=n) for _ in range(2000))
    low, high = np.quantile([statistic(truth[rows], guess[rows]) for rows in drawn], [0.05, 0.95])
    today = datetime.now(UTC).date()
    print(f"| {criterion} | {method} | {statistic(truth, guess):.3f} | {low:.3f} | {high:.3f} | {n} | {today} |")


if __name__ == "__main__":
    main()
