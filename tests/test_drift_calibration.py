"""The drift check does not cry wolf: clean random splits of real data, and the same data with one unit changed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crispq import Example
from crispq.gate import library
from crispq.nouns import Judgement, Status

SPEC = next(one for one in library.load(("crispq_checks",)) if one.name == "inputs_have_not_drifted")
SEEDS = range(20)
WINDOWS = 3
DATA: dict[str, tuple[Any, str, Any, str]] = {
    "breast_cancer": (load_breast_cancer, "binary_classification", LogisticRegression(), "predict_proba"),
    "diabetes": (load_diabetes, "regression", Ridge(), "predict"),
}


def project(name: str, seed: int, *, factor: float = 1.0) -> Example:
    """Half of the rows for training, 30 % for test, 20 % as three windows of production; one column times `factor`."""
    load, task, last, method = DATA[name]
    frame = load(as_frame=True).frame.sample(frac=1, random_state=seed, ignore_index=True)
    frame.insert(0, "id", np.arange(len(frame)))
    half, later = len(frame) // 2, len(frame) * 4 // 5
    parts = {"train": frame[:half], "test": frame[half:later], "production": frame[later:].copy()}
    features = [column for column in frame if column not in {"id", "target"}]
    model = make_pipeline(StandardScaler(), last).fit(parts["train"][features], parts["train"]["target"])
    files: dict[str, Any] = {}
    for table in ("test", "production"):
        output = getattr(model, method)(parts[table][features])
        files[f"data/of_{table}.parquet"] = {
            "id": parts[table]["id"],
            **(
                {"prediction": output}
                if output.ndim == 1
                else {"prediction": output[:, 1] > 0.5, "probability": output[:, 1]}
            ),
        }
    parts["production"][features[0]] *= factor
    files |= {f"data/{table}.parquet": parts[table] for table in ("train", "test")}
    for number, rows in enumerate(np.array_split(np.arange(len(parts["production"])), WINDOWS)):
        files[f"data/production/{number}.parquet"] = parts["production"].iloc[rows]
    tables = {"train": "data/train.parquet", "test": "data/test.parquet", "production": "data/production/*.parquet"}
    predictions = {table: f"data/of_{table}.parquet" for table in ("test", "production")}
    return Example(
        status="pass",
        title=name,
        files=files,
        config={
            "task": task,
            "data": {"target": "target", "key": "id", "tables": tables},
            "models": {"one": {"estimator": "one.model:build", "predictions": predictions}},
        },
    )


def judged(root: Path, name: str, seed: int, **more: float) -> Judgement:
    return tiny.judge_example(root, SPEC, project(name, seed, **more))


@pytest.mark.slow
@pytest.mark.parametrize("name", DATA)
def test_clean_data_is_left_in_peace(name: str, tmp_path: Path) -> None:
    judgements = [judged(tmp_path / str(seed), name, seed) for seed in SEEDS]
    counted = Counter(one.status for one in judgements)
    print(name, dict(counted), [one.findings[0].message for one in judgements if one.findings])
    assert counted[Status.PASS] + counted[Status.WARN] == len(SEEDS)
    assert counted[Status.WARN] <= 4  # 10 % are expected at worst: more than four of twenty have a chance of 4 %


@pytest.mark.slow
@pytest.mark.parametrize("name", DATA)
def test_a_changed_unit_is_caught_at_once(name: str, tmp_path: Path) -> None:
    found = {judged(tmp_path / str(seed), name, seed, factor=25.4).status for seed in range(3)}
    assert {Status.FAIL} == found
