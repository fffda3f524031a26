"""From a stored model to predictions: one code for evaluation, serving and monitoring, so that they cannot differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tumour.columns import KEY, NUMBERS, POSITIVE
from tumour.features import features
from tumour.plausible import refusal


def predict(model: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each case: `prediction` and `probability`, and the key where the frame has it."""
    seen = features(frame)
    positive = list(model.classes_).index(POSITIVE)
    answers = {"prediction": model.predict(seen), "probability": model.predict_proba(seen)[:, positive]}
    keys = {KEY: frame[KEY].to_numpy()} if KEY in frame else {}
    return pd.DataFrame(keys | answers)


def answer(model: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prediction for one case as plain values, or {"error": why there is none}."""
    if reason := refusal(row):
        return {"error": reason}
    frame = pd.DataFrame([{name: row[name] for name in NUMBERS}])
    return {name: column.tolist()[0] for name, column in predict(model, frame).items()}
