"""Compares the ladder of candidates by repeated cross-validation, trains the chosen one, records the run.

Run from the project's root: python 3_modeling/train.py --seed 0
A run that changes nothing (same data, source, seed and model) leaves no second record.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold

from tumour import records
from tumour.artifact import MODEL, save
from tumour.columns import POSITIVE, TARGET
from tumour.features import features
from tumour.model import COST_OF_FALSE_ALARM, COST_OF_MISSED_TUMOUR, PARAMETERS, build, ladder
from tumour.tables import read

TRAIN = Path("data/prepared/train.parquet")
LADDER = Path("3_modeling/ladder.json")
RUNS = Path("3_modeling/runs")
SPLITS, REPEATS = 5, 5
DEFAULT_REASON = "support vectors with calibrated probabilities on all thirty measurements"


def main(seed: int, reason: str) -> None:
    """Compare, train, record."""
    started = _now()
    table = read(TRAIN)
    seen, truth = features(table), table[TARGET]
    scores = {name: cross_validated(model, seen, truth, seed) for name, model in ladder(seed).items()}
    records.write_json(LADDER, {name: summarized(folds) for name, folds in scores.items()})
    save(build(seed).fit(seen, truth))
    record(run(seed, started, reason, scores["chosen"]))
    print(
        "cost per case: " + ", ".join(f"{name} {np.mean(folds['expected_cost']):.3f}" for name, folds in scores.items())
    )


def cross_validated(model: Any, seen: pd.DataFrame, truth: pd.Series, seed: int) -> dict[str, list[float]]:
    """Return metric -> one score for each of the 25 folds."""
    folds = RepeatedStratifiedKFold(n_splits=SPLITS, n_repeats=REPEATS, random_state=seed)
    scores: dict[str, list[float]] = {"roc_auc": [], "brier_score": [], "expected_cost": []}
    for inner, outer in folds.split(seen, truth):
        fitted = clone(model).fit(seen.iloc[inner], truth.iloc[inner])
        for metric, value in scored(fitted, seen.iloc[outer], truth.iloc[outer]).items():
            scores[metric].append(round(value, 6))
    return scores


def scored(model: Any, seen: pd.DataFrame, truth: pd.Series) -> dict[str, float]:
    """Return the three figures by which candidates are compared."""
    malignant = (truth == POSITIVE).to_numpy()
    called = model.predict(seen) == POSITIVE
    probability = model.predict_proba(seen)[:, list(model.classes_).index(POSITIVE)]
    cost = COST_OF_MISSED_TUMOUR * (malignant & ~called) + COST_OF_FALSE_ALARM * (~malignant & called)
    return {
        "roc_auc": float(roc_auc_score(malignant, probability)),
        "brier_score": float(brier_score_loss(malignant, probability)),
        "expected_cost": float(cost.mean()),
    }


def summarized(scores: dict[str, list[float]]) -> dict[str, dict[str, Any]]:
    """Return metric -> mean, standard deviation and the folds."""
    return {
        metric: {"mean": round(float(np.mean(folds)), 6), "sd": round(float(np.std(folds, ddof=1)), 6), "folds": folds}
        for metric, folds in scores.items()
    }


def run(seed: int, started: str, reason: str, scores: dict[str, list[float]]) -> dict[str, Any]:
    """Return what the record says."""
    return {
        "schema": "crispq/run/1",
        "model": "tumour",
        "started": started,
        "finished": _now(),
        "command": shlex.join(["python", *sys.argv]),
        "commit": records.git("rev-parse", "HEAD"),
        "dirty": bool(records.git("status", "--porcelain")),
        "parent": None,
        "reason": reason,
        "seed": seed,
        "parameters": PARAMETERS,
        "data": records.digests([TRAIN]),
        "source": records.digests(Path("src/tumour").glob("*.py")),
        "environment": records.environment(),
        "hardware": records.hardware(),
        "scores": {metric: {"mean": float(np.mean(folds)), "folds": folds} for metric, folds in scores.items()},
        "artifact": {"path": MODEL.as_posix(), "sha256": records.digest(MODEL)},
    }


def record(new: dict[str, Any]) -> None:
    """Write the next record, unless the last one says the same."""
    earlier = sorted(RUNS.glob("*.json"))
    if earlier:
        last = records.read_json(earlier[-1])
        told = ("data", "source", "seed", "parameters", "environment", "artifact")
        if all(last[key] == new[key] for key in told):
            return
        new["parent"] = earlier[-1].stem
    records.write_json(RUNS / f"{len(earlier) + 1:03}.json", new)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reason", default=DEFAULT_REASON, help="why this run was made")
    given = parser.parse_args()
    main(given.seed, given.reason)
