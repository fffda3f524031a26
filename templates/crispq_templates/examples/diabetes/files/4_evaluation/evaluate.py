"""Predicts the test set with the stored model, and looks at robustness, the two sexes and what drives the predictions.

Run from the project's root: python 4_evaluation/evaluate.py
The verdict on the test set is not taken here: crispq holds the predictions against the criteria of phase 1. What
`findings.json` holds is measured on the training rows, so that looking at it costs no look at the test set.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import KFold

from progression.artifact import load
from progression.columns import TARGET
from progression.features import features
from progression.model import build
from progression.predict import predict
from progression.records import write_json
from progression.tables import read, write

TEST = Path("data/prepared/test.parquet")
TRAIN = Path("data/prepared/train.parquet")
PREDICTIONS = Path("4_evaluation/predictions/test.parquet")
FINDINGS = Path("4_evaluation/findings.json")
NOISE = (0.05, 0.1, 0.2)
REPEATS = 10


def main() -> None:
    """Write predictions and findings."""
    predictions = predict(load(), read(TEST))
    write(predictions, PREDICTIONS)
    training = read(TRAIN)
    findings = {"robustness": robustness(training), "by_sex": by_sex(training), "importance": importance(training)}
    write_json(FINDINGS, findings)
    told = predictions["prediction"]
    print(f"{PREDICTIONS}: {len(told)} patients, predicted {told.min():.0f} to {told.max():.0f}")


def robustness(table: pd.DataFrame) -> list[dict[str, float]]:
    """Measure how far predictions move, and what the mean absolute error becomes, when every value is disturbed at once.

    Noise is normal, its standard deviation a share of the value's own; sex is left alone. Each patient is
    predicted by a model that was fitted without them.
    """
    random = np.random.default_rng(0)
    spread = features(table).std().where(lambda one: one.index != "sex", 0.0).to_numpy()
    told = []
    for share in NOISE:
        moved, errors = [], []
        for model, rows, truth in _fitted(table):
            calm = model.predict(rows)
            for _ in range(REPEATS):
                noisy = model.predict(rows + random.normal(size=rows.shape) * spread * share)
                moved.append(np.abs(noisy - calm).mean())
                errors.append(np.abs(noisy - truth).mean())
        told.append({"noise": share, "moved": _rounded(moved), "mean_absolute_error": _rounded(errors)})
    return told


def by_sex(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return error and bias (predicted minus true) of each sex, with sex among the inputs and with it held at a constant."""
    result: dict[str, dict[str, float]] = {}
    for name, hidden in (("with_sex", False), ("without_sex", True)):
        seen = table.assign(sex=1) if hidden else table
        errors = pd.concat([truth - model.predict(rows) for model, rows, truth in _fitted(seen)])
        for code, mine in errors.groupby(table["sex"].loc[errors.index]):
            result[f"{name}, sex {code}"] = {
                "mean_absolute_error": round(float(mine.abs().mean()), 2),
                "bias": round(float(-mine.mean()), 2),
                "rows": len(mine),
            }
    return result


def importance(table: pd.DataFrame) -> dict[str, float]:
    """Measure how much the mean absolute error grows when one value is shuffled; largest first."""
    losses = [
        permutation_importance(
            model, rows, truth, scoring="neg_mean_absolute_error", n_repeats=REPEATS, random_state=0
        ).importances_mean
        for model, rows, truth in _fitted(table)
    ]
    mean = pd.Series(np.mean(losses, axis=0), index=features(table).columns).sort_values(ascending=False, kind="stable")
    return {name: round(float(loss), 2) for name, loss in mean.items()}


def _fitted(table: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame, pd.Series]]:
    """Yield five models, each with the rows it was not fitted on and their truth."""
    seen, truth = features(table), table[TARGET]
    for inner, outer in KFold(5, shuffle=True, random_state=0).split(table):
        yield clone(build(0)).fit(seen.iloc[inner], truth.iloc[inner]), seen.iloc[outer], truth.iloc[outer]


def _rounded(values: list[float]) -> float:
    return round(float(np.mean(values)), 2)


if __name__ == "__main__":
    main()
