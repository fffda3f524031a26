"""From a stored model to predictions: one code for evaluation, serving and monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from progression.columns import KEY, NUMBERS
from progression.features import features
from progression.plausible import refusal

#: The scale of the progression score as far as it was ever seen; nothing beyond is passed on (see fallback_plan.md).
LOWEST, HIGHEST = 25.0, 346.0


def predict(model: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each patient: `prediction`, and the key where the frame has it."""
    told = model.predict(features(frame)).clip(LOWEST, HIGHEST)
    keys = {KEY: frame[KEY].to_numpy()} if KEY in frame else {}
    return pd.DataFrame(keys | {"prediction": told})


def answer(model: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prediction for one patient as plain values, or {"error": why there is none}."""
    if reason := refusal(row):
        return {"error": reason}
    frame = pd.DataFrame([{name: row[name] for name in NUMBERS}])
    return {name: column.tolist()[0] for name, column in predict(model, frame).items()}
