"""Predicts the test set with the stored model, and looks at robustness and at what drives the predictions.

Run from the project's root: python 4_evaluation/evaluate.py
The verdict on the test set is not taken here: crispq holds the predictions against the criteria of phase 1. What
`findings.json` holds is measured on the training rows, so that looking at it costs no look at the test set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.metrics import brier_score_loss, make_scorer
from sklearn.model_selection import StratifiedKFold

from tumour.artifact import load
from tumour.columns import POSITIVE, TARGET
from tumour.features import features
from tumour.model import build
from tumour.predict import predict
from tumour.records import write_json
from tumour.tables import read, write

TEST = Path("data/prepared/test.parquet")
TRAIN = Path("data/prepared/train.parquet")
PREDICTIONS = Path("4_evaluation/predictions/test.parquet")
FINDINGS = Path("4_evaluation/findings.json")
NOISE = (0.05, 0.1, 0.2)
REPEATS = 5
BRIER = make_scorer(brier_score_loss, greater_is_better=False, response_method="predict_proba", pos_label=POSITIVE)


def main() -> None:
    """Write predictions and findings."""
    model = load()
    predictions = predict(model, read(TEST))
    write(predictions, PREDICTIONS)
    training = read(TRAIN)
    write_json(FINDINGS, {"robustness": robustness(training), "importance": importance(training)})
    print(f"{PREDICTIONS}: {len(predictions)} cases, {(predictions['prediction'] == POSITIVE).sum()} called {POSITIVE}")


def robustness(table: pd.DataFrame) -> list[dict[str, float]]:
    """Measure how often a call flips, and where the missed share stands, when every measurement is disturbed at once.

    Noise is normal, its standard deviation a share of the measurement's own. Each case is called by a model that was
    fitted without it.
    """
    random = np.random.default_rng(0)
    seen, malignant = features(table), (table[TARGET] == POSITIVE).to_numpy()
    spread = seen.std().to_numpy()
    told = []
    for share in NOISE:
        flipped, missed = [], []
        for inner, outer in _folds(table):
            model = clone(build(0)).fit(seen.iloc[inner], table[TARGET].iloc[inner])
            rows = seen.iloc[outer]
            calm = model.predict(rows) == POSITIVE
            for _ in range(REPEATS):
                noisy = model.predict(rows + random.normal(size=rows.shape) * spread * share) == POSITIVE
                flipped.append(np.mean(noisy != calm))
                missed.append(np.mean(~noisy[malignant[outer]]))
        told.append({"noise": share, "flipped": _rounded(flipped), "missed": _rounded(missed)})
    return told


def importance(table: pd.DataFrame) -> dict[str, float]:
    """Measure how much the Brier score worsens when one measurement is shuffled; largest first.

    Mean over five folds, each judged by a model that was fitted without it.
    """
    seen, truth = features(table), table[TARGET]
    losses = pd.DataFrame(
        permutation_importance(
            clone(build(0)).fit(seen.iloc[inner], truth.iloc[inner]),
            seen.iloc[outer],
            truth.iloc[outer],
            scoring=BRIER,
            n_repeats=REPEATS,
            random_state=0,
        ).importances_mean
        for inner, outer in _folds(table)
    )
    mean = pd.Series(losses.mean().to_numpy(), index=seen.columns).sort_values(ascending=False, kind="stable")
    return {name: round(float(loss), 5) for name, loss in mean.items()}


def _folds(table: pd.DataFrame) -> list[Any]:
    return list(StratifiedKFold(5, shuffle=True, random_state=0).split(table, table[TARGET]))


def _rounded(values: list[float]) -> float:
    return round(float(np.mean(values)), 4)


if __name__ == "__main__":
    main()
