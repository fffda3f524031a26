"""Which values a patient can have. The limits stand in one file, the expectations of phase 1."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from progression.columns import NUMBERS

EXPECTATIONS = Path("1_business_and_data_understanding/expectations/raw.json")


@cache
def limits() -> dict[str, tuple[float, float]]:
    """Return column -> (lowest, highest) plausible value."""
    return {
        one["column"]: (one["min_value"], one["max_value"]) for one in _expected("expect_column_values_to_be_between")
    }


@cache
def codes() -> dict[str, tuple[float, ...]]:
    """Return column -> the only values it can have."""
    return {one["column"]: tuple(one["value_set"]) for one in _expected("expect_column_values_to_be_in_set")}


def _expected(kind: str) -> list[dict]:
    suite = json.loads(EXPECTATIONS.read_text())
    return [one["kwargs"] for one in suite["expectations"] if one["type"] == kind]


def refusal(record: Mapping[str, object]) -> str | None:
    """Say why nothing can be predicted for a patient, or return None. One sentence for the person who sent it."""
    for column in NUMBERS:
        if column not in record:
            return f"the value {column!r} is missing"
        value = record[column]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"{column!r} is not a number"
        if column in codes() and value not in codes()[column]:
            return f"{column!r} is {value:g}, which is none of its codes"
        low, high = limits()[column]
        if not low <= value <= high:
            return f"{column!r} is {value:g}, outside of what is plausible ({low:g} to {high:g})"
    return None


def refusals(frame: pd.DataFrame) -> pd.Series:
    """Say for each row why it cannot be judged, or None."""
    reasons = [refusal(record) for record in frame.to_dict("records")]
    return pd.Series(reasons, index=frame.index, dtype="object")
