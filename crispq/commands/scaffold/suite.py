"""The first Great Expectations suite: what the data at hand allows to say, marked as a proposal to be discussed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from crispq.commands.scaffold.profile import Column, Kind, Profile

#: By how much of the observed range the proposed limits are wider, on either side.
WIDER = 0.1
SIZES = (8, 16, 32, 64)
WHOLE = [f"{sign}{size}" for sign in ("int", "uint") for size in SIZES]
WHOLE += [f"{sign}{size}Dtype" for sign in ("Int", "UInt") for size in SIZES]
TYPES = {
    Kind.WHOLE: WHOLE,
    Kind.NUMBER: [*WHOLE, "float32", "float64", "Float32Dtype", "Float64Dtype"],
    Kind.YES_NO: ["bool", "BooleanDtype"],
    Kind.DATE: [f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")],
}


def propose(profile: Profile, *, key: str | None, target: str | None, task: str) -> dict[str, Any]:
    """The suite as Great Expectations stores it; each expectation holds on the data as it is now."""
    expectations = [
        _expectation("expect_table_row_count_to_be_between", "a table without rows says nothing", min_value=1),
        _expectation(
            "expect_table_columns_to_match_ordered_list",
            "the columns as they were found",
            column_list=[one.name for one in profile.columns],
        ),
    ]
    for column in profile.columns:
        listed = column.name == target and task != "regression"
        expectations += _of_column(column, profile.rows, is_key=column.name == key, listed=listed)
    return {
        "name": "raw",
        "expectations": expectations,
        "meta": {
            "notes": f"Proposed by `crispq new` from {profile.rows} rows. Discuss each limit with a domain expert."
        },
    }


def _of_column(column: Column, rows: int, *, is_key: bool, listed: bool) -> Iterator[dict[str, Any]]:
    if column.nulls == rows:
        return
    if column.kind in TYPES and not column.zoned:
        yield _expectation(
            "expect_column_values_to_be_in_type_list",
            f"found: {column.kind}",
            column=column.name,
            type_list=TYPES[column.kind],
        )
    if not column.nulls:
        yield _expectation("expect_column_values_to_not_be_null", "none was missing", column=column.name)
    if is_key and column.distinct == rows - column.nulls:
        yield _expectation("expect_column_values_to_be_unique", "it names a row", column=column.name)
    elif column.values and (listed or column.is_category(rows)):
        yield _expectation(
            "expect_column_values_to_be_in_set",
            f"the {column.distinct} values that were found",
            column=column.name,
            value_set=list(column.values),
        )
    elif column.low is not None and column.high is not None and column.finite:
        yield _range(column, column.low, column.high)


def _range(column: Column, low: float, high: float) -> dict[str, Any]:
    observed = f"observed from {low:.6g} to {high:.6g}, and {WIDER:.0%} of that range added on either side"
    if column.kind is Kind.TEXT:
        return _expectation(
            "expect_column_value_lengths_to_be_between",
            f"lengths {observed}",
            column=column.name,
            min_value=max(0, math.floor(low - WIDER * (high - low))),
            max_value=math.ceil(high + WIDER * (high - low)),
        )
    least, most = widened(low, high, whole=column.kind is Kind.WHOLE)
    return _expectation(
        "expect_column_values_to_be_between", observed, column=column.name, min_value=least, max_value=most
    )


def widened(low: float, high: float, *, whole: bool) -> tuple[float, float]:
    """A range around [low, high] with round ends; it does not go below zero where nothing did."""
    margin = WIDER * ((high - low) or abs(high) or 1.0)
    step = 10.0 ** math.floor(math.log10(margin))
    if whole:
        step = max(1.0, step)
    digits = max(0, -math.floor(math.log10(step)))
    least = min(low, round(math.floor((low - margin) / step) * step, digits))
    most = max(high, round(math.ceil((high + margin) / step) * step, digits))
    if low >= 0:
        least = max(0.0, least)
    if high <= 0:
        most = min(0.0, most)
    return (int(least), int(most)) if whole else (least, most)


def _expectation(type_: str, notes: str, **arguments: Any) -> dict[str, Any]:
    return {"type": type_, "kwargs": arguments, "meta": {"proposed": True, "notes": notes}}
