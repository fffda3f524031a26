"""Measure what can be had without the model, on the training cases only; the test set stays unseen.

Run from the project's root, after the split: python 1_business_and_data_understanding/baseline.py
It prints the rows of the table under "Baseline" in success_criteria.md. Bounds are one-sided at 95 %: exact for
shares, otherwise the 5 % and 95 % quantiles of 2,000 bootstrap samples drawn within the classes.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TRAIN = Path("data/prepared/train.parquet")
MEASUREMENT = "worst_perimeter"
MISSED, ALARM = 10, 1
THRESHOLD = ALARM / (ALARM + MISSED)


def main() -> None:
    """Print one row for each criterion."""
    cases = pd.read_parquet(TRAIN)
    ill = (cases["diagnosis"] == "malignant").to_numpy()
    told = probabilities(cases[[MEASUREMENT]], ill)
    alarm = told >= THRESHOLD
    one = f"`{MEASUREMENT}` in a logistic regression, 5-fold cross-validation"
    row("B1", f"{one}, threshold 1/11", *share(~alarm[ill]), ill.sum())
    row("B2", f"{one}, threshold 1/11", *share(alarm[~ill]), (~ill).sum())
    row("ML1", one, *resampled(lambda rows: roc_auc_score(ill[rows], told[rows]), ill), len(ill))
    row("ML2", one, *resampled(lambda rows: brier_score_loss(ill[rows], told[rows]), ill), len(ill))
    row("E1", f"{one}, threshold 1/11", *resampled(lambda rows: cost(ill[rows], alarm[rows]), ill), len(ill))
    row("E1", "biopsy for everybody", *share(~ill), len(ill))


def probabilities(features: pd.DataFrame, ill: np.ndarray) -> np.ndarray:
    """Return the probability of each case from folds that did not see it."""
    model = make_pipeline(StandardScaler(), LogisticRegression())
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return cross_val_predict(model, features, ill, cv=folds, method="predict_proba")[:, 1]


def cost(ill: np.ndarray, alarm: np.ndarray) -> float:
    """Return the cost per case, in needless biopsies."""
    return float(np.mean(MISSED * (ill & ~alarm) + ALARM * (~ill & alarm)))


def share(hits: np.ndarray) -> tuple[float, float, float]:
    """Return a share with its exact bounds (Clopper and Pearson)."""
    count, n = int(hits.sum()), len(hits)
    low = beta.ppf(0.05, count, n - count + 1) if count else 0.0
    high = beta.ppf(0.95, count + 1, n - count) if count < n else 1.0
    return count / n, float(low), float(high)


def resampled(statistic, ill: np.ndarray) -> tuple[float, float, float]:
    """Return a statistic with bootstrap bounds; cases are drawn within the classes."""
    random = np.random.default_rng(0)
    parts = [np.flatnonzero(ill), np.flatnonzero(~ill)]
    found = [statistic(np.concatenate([random.choice(part, size=len(part)) for part in parts])) for _ in range(2000)]
    low, high = np.quantile(found, [0.05, 0.95])
    return float(statistic(np.arange(len(ill)))), float(low), float(high)


def row(criterion: str, method: str, value: float, low: float, high: float, cases: int) -> None:
    """Print one row of the table."""
    today = datetime.now(UTC).date()
    print(f"| {criterion} | {method} | {value:.3f} | {low:.3f} | {high:.3f} | {cases} | {today} |")


if __name__ == "__main__":
    main()
