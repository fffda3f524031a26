"""What examples cannot show of the checks that fit and score: how often they are right over many projects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from numpy.random import Generator
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

from crispq import Example
from crispq.gate import library
from crispq.nouns import Judgement, Status

SPECS = {one.name: one for one in library.load(library.installed_packages())}
ROWS = 240
SOURCE = """from sklearn.ensemble import ExtraTreesClassifier


def build(seed):
    return ExtraTreesClassifier(n_estimators=20, random_state=seed)
"""
RED = {Status.FAIL, Status.ERROR, Status.INCONCLUSIVE}


def judged(root: Path, name: str, example: Example) -> Judgement:
    return tiny.judge_example(root, SPECS[name], example)


def cases(random: Generator) -> dict[str, Any]:
    """A world that bends, so that a forest is an honest choice; in a straight one it is rightly called worse."""
    x, y, z = random.normal(size=(3, ROWS))
    sick = (x + 2 * x * y + 0.7 * random.normal(size=ROWS) > 0).astype(int)
    return {"id": list(range(ROWS)), "x": x.tolist(), "y": y.tolist(), "z": z.tolist(), "sick": sick.tolist()}


def honest_folds(table: Mapping[str, Any], seed: int) -> list[float]:
    """What a project's own training script would record, on folds of its own."""
    features = np.column_stack([table[name] for name in "xyz"])
    folds = StratifiedKFold(5, shuffle=True, random_state=1000 + seed)
    model = ExtraTreesClassifier(n_estimators=20, random_state=seed)
    scores: list[float] = cross_val_score(model, features, table["sick"], cv=folds, scoring="roc_auc").tolist()
    return scores


def training(table: Mapping[str, Any], folds: list[float]) -> Example:
    score = {"mean": float(np.mean(folds)), "folds": folds}
    record = {"model": "tiny", "finished": "2026-01-01T00:00:00+00:00", "seed": 0, "scores": {"roc_auc": score}}
    criterion = {"id": "ML1", "level": "ml", "statement": "told apart", "metric": "roc_auc", "at_least": 0.7}
    return Example(
        status="pass",
        title="",
        files={
            "data/train.csv": table,
            "src/tiny_model.py": SOURCE,
            "3_modeling/runs/first.json": json.dumps(record),
        },
        config={
            "data": {"target": "sick", "positive": 1, "key": "id", "tables": {"train": "data/train.csv"}},
            "models": {"tiny": {"estimator": "tiny_model:build"}},
        },
        phase_files={"business_and_data_understanding": {"requirements": [criterion]}},
    )


def evaluated(random: Generator, *, wrong_in_north: float) -> Example:
    site = random.integers(2, size=ROWS)
    truth = random.integers(2, size=ROWS)
    wrong = random.random(ROWS) < np.where(site == 1, wrong_in_north, 0.06)
    table = {"id": list(range(ROWS)), "site": site.tolist(), "sick": truth.tolist()}
    return Example(
        status="pass",
        title="",
        files={
            "data/test.csv": table,
            "predictions.csv": {"id": list(range(ROWS)), "prediction": np.where(wrong, 1 - truth, truth).tolist()},
        },
        config={
            "data": {
                "target": "sick",
                "positive": 1,
                "key": "id",
                "sensitive": ["site"],
                "tables": {"test": "data/test.csv"},
            },
            "models": {"tiny": {"estimator": "tiny_model:build", "predictions": {"test": "predictions.csv"}}},
        },
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cross_validation_meets_the_criterion", "beats_the_baselines", "seeds_agree"])
def test_of_twenty_honest_projects_none_is_stopped(name: str, tmp_path: Path) -> None:
    stopped = []
    for seed in range(20):
        table = cases(np.random.default_rng(seed))
        answer = judged(tmp_path / str(seed), name, training(table, honest_folds(table, 0)))
        if answer.status in RED:
            stopped.append((seed, answer.status, answer.summary))
    assert [] == stopped


@pytest.mark.slow
def test_a_record_that_claims_far_more_than_seeds_give_is_caught(tmp_path: Path) -> None:
    caught = 0
    for seed in range(10):
        table = cases(np.random.default_rng(seed))
        folds = honest_folds(table, 0)
        error = float(np.std(folds, ddof=1)) / len(folds) ** 0.5
        claimed = [min(1.0, one + max(0.05, 6 * error)) for one in folds]
        caught += judged(tmp_path / str(seed), "seeds_agree", training(table, claimed)).status is Status.FAIL
    assert caught >= 9


@pytest.mark.slow
def test_equal_slices_are_not_stopped_and_a_bad_one_is_caught(tmp_path: Path) -> None:
    equal = [
        judged(tmp_path / f"equal{seed}", "slices_hold", evaluated(np.random.default_rng(seed), wrong_in_north=0.06))
        for seed in range(20)
    ]
    worse = [
        judged(tmp_path / f"worse{seed}", "slices_hold", evaluated(np.random.default_rng(seed), wrong_in_north=0.4))
        for seed in range(20)
    ]
    assert [] == [one.summary for one in equal if one.status in RED]
    assert 18 <= sum(one.status is Status.FAIL for one in worse)
