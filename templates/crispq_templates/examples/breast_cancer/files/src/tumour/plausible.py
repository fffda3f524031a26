"""Which values a measurement can have. The limits stand in one file, the expectations of phase 1."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from tumour.columns import NUMBERS

EXPECTATIONS = Path("1_business_and_data_understanding/expectations/raw.json")


@cache
def limits() -> dict[str, tuple[float, float]]:
    """Return column -> (lowest, highest) plausible value."""
    suite = json.loads(EXPECTATIONS.read_text())
    wanted = [one["kwargs"] for one in suite["expectations"] if one["type"] == "expect_column_values_to_be_between"]
    return {one["column"]: (one["min_value"], one["max_value"]) for one in wanted}


def refusal(record: Mapping[str, object]) -> str | None:
    """Say why a case cannot be judged, or return None. One sentence for the person who sent it."""
    for column in NUMBERS:
        if column not in record:
            return f"the measurement {column!r} is missing"
        value = record[column]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"{column!r} is not a number"
        low, high = limits()[column]
        if not low <= value <= high:
            return f"{column!r} is {value:g}, outside of what is plausible ({low:g} to {high:g})"
    return None


def refusals(frame: pd.DataFrame) -> pd.Series:
    """Say for each row why it cannot be judged, or None."""
    reasons = [refusal(record) for record in frame.to_dict("records")]
    return pd.Series(reasons, index=frame.index, dtype="object")
