"""The first Great Expectations suite: what the data at hand allows to say, marked as a proposal to be discussed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from crispq.commands.data.look import Column, Profile
from crispq.evidence.contents import Kind

#: By how much of the observed range the proposed limits are wider, on either side.
WIDER = 0.1
#: From so many rows on a median and a spread say what a column is like.
FEWEST_ROWS = 100
#: By how much more than was seen may be missing.
MORE_MISSING = 0.05
SIZES = (8, 16, 32, 64)
WHOLE = [f"{sign}{size}" for sign in ("int", "uint") for size in SIZES]
WHOLE += [f"{sign}{size}Dtype" for sign in ("Int", "UInt") for size in SIZES]
TYPES = {
    Kind.WHOLE: WHOLE,
    Kind.NUMBER: [*WHOLE, "float32", "float64", "Float32Dtype", "Float64Dtype"],
    Kind.YES_NO: ["bool", "BooleanDtype"],
    Kind.DATE: [f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")],
}
CLASSES = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}


def propose(  # noqa: PLR0913 - each word is one fact about the table
    profile: Profile, *, key: str | None, target: str | None, task: str, name: str = "raw", by: str = "crispq new"
) -> dict[str, Any]:
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
    expectations += [
        _expectation(
            "expect_column_pair_values_a_to_be_greater_than_b",
            "no row has them in another order",
            column_A=larger,
            column_B=smaller,
            or_equal=True,
        )
        for larger, smaller in profile.pairs
    ]
    return {
        "name": name,
        "expectations": expectations,
        "meta": {
            "proposed": True,
            "notes": f"Proposed by `{by}` from {profile.rows} rows. Discuss each limit with a domain expert, "
            "then take the word proposed away.",
        },
    }


def _of_column(column: Column, rows: int, *, is_key: bool, listed: bool) -> Iterator[dict[str, Any]]:
    if column.nulls == rows:
        return
    # A whole number with gaps is a number to pandas, which knows no missing whole number.
    kind = Kind.NUMBER if column.kind is Kind.WHOLE and column.nulls else column.kind
    if kind in TYPES and not column.zoned and not (kind is Kind.YES_NO and column.nulls):
        yield _expectation(
            "expect_column_values_to_be_in_type_list",
            f"found: {kind}",
            column=column.name,
            type_list=TYPES[kind],
        )
    yield _missing_limit(column, rows)
    if is_key and column.distinct == rows - column.nulls:
        yield _expectation("expect_column_values_to_be_unique", "it names a row", column=column.name)
    if column.values and (listed or column.is_category(rows)) and not is_key:
        yield _expectation(
            "expect_column_values_to_be_in_set",
            f"the {column.distinct} values that were found",
            column=column.name,
            value_set=list(column.values),
        )
        return
    yield from _domain(column, rows, is_key=is_key)


def _missing_limit(column: Column, rows: int) -> dict[str, Any]:
    """None may be missing where none was; else a little more than was, twice the standard error at least."""
    if not column.nulls:
        return _expectation("expect_column_values_to_not_be_null", "none was missing", column=column.name)
    share = column.nulls / rows
    margin = max(MORE_MISSING, 2 * math.sqrt(share * (1 - share) / rows))
    mostly = max(0.01, math.floor(100 * (1 - share - margin)) / 100)
    return _expectation(
        "expect_column_values_to_not_be_null", f"{share:.1%} were missing", column=column.name, mostly=mostly
    )


def _domain(column: Column, rows: int, *, is_key: bool) -> Iterator[dict[str, Any]]:
    if column.kind is Kind.YES_NO:
        yield _expectation(
            "expect_column_values_to_be_in_set", "yes or no", column=column.name, value_set=[True, False]
        )
    elif column.kind is Kind.DATE and column.days and not column.zoned:
        yield _dates(column, *column.days)
    elif column.low is not None and column.high is not None and column.finite:
        yield _range(column, column.low, column.high)
        if column.kind is Kind.TEXT and (regex := shape_regex(column.shapes, column.prefix)):
            yield _expectation(
                "expect_column_values_to_match_regex", "the shape of every value", column=column.name, regex=regex
            )
        if not is_key and rows - column.nulls >= FEWEST_ROWS:
            yield from _as_a_whole(column)


def _as_a_whole(column: Column) -> Iterator[dict[str, Any]]:
    """The middle and the spread: they notice another unit, another sign and a sensor that stands still."""
    if column.middle is None or not column.spread or column.middle[0] == column.middle[1]:
        return
    low, high = column.middle
    yield _expectation(
        "expect_column_median_to_be_between",
        "between the quantiles at 0.3 and 0.7 that were found",
        column=column.name,
        min_value=rounded(low, up=False),
        max_value=rounded(high, up=True),
    )
    yield _expectation(
        "expect_column_stdev_to_be_between",
        f"found: {column.spread:.3g}; below, a sensor stands still",
        column=column.name,
        min_value=rounded(min(column.spread, high - low) / 4, up=False),
    )


def _range(column: Column, low: float, high: float) -> dict[str, Any]:
    observed = f"observed from {low:.6g} to {high:.6g}, and {WIDER:.0%} of that range added on either side"
    if low == high:
        observed = f"observed: {low:.6g} alone; decide which others may come"
    if column.kind is Kind.TEXT:
        return _expectation(
            "expect_column_value_lengths_to_be_between",
            f"lengths {observed}",
            column=column.name,
            min_value=max(0, math.floor(low - WIDER * (high - low))),
            max_value=math.ceil(high + WIDER * (high - low)),
        )
    whole = column.kind is Kind.WHOLE
    alone = (int(low), int(high)) if whole else (low, high)
    least, most = alone if low == high else widened(low, high, whole=whole)
    return _expectation(
        "expect_column_values_to_be_between", observed, column=column.name, min_value=least, max_value=most
    )


def _dates(column: Column, first: str, last: str) -> dict[str, Any]:
    """Days around what was seen; the later end far enough for data that comes in tomorrow."""
    try:
        low, high = (datetime.fromisoformat(day) for day in (first, last))
        margin = max(timedelta(days=1), WIDER * (high - low))
        least, most = low - margin, high + margin
    except (ValueError, OverflowError):
        return _expectation("expect_column_to_exist", "dates beyond the calendar", column=column.name)
    return _expectation(
        "expect_column_values_to_be_between",
        f"observed from {low.date()} to {high.date()}; decide how far into the future dates may lie",
        column=column.name,
        min_value=least.replace(hour=0, minute=0, second=0, microsecond=0).isoformat(),
        max_value=(most + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0).isoformat(),
    )


def shape_regex(shapes: tuple[str, ...], prefix: str) -> str | None:
    """A regular expression for texts of one shape: runs of letters and digits, with the signs between them.

    Letters that all texts begin with stand as they are. None where the texts have no shape in common.
    """
    runs = [[(sign, len(list(group))) for sign, group in groupby(shape)] for shape in shapes]
    if not runs or not runs[0] or any([one[0] for one in run] != [one[0] for one in runs[0]] for run in runs):
        return None
    parts: list[str] = []
    start: int | None = 0
    for index, (sign, _) in enumerate(runs[0]):
        lengths = [run[index][1] for run in runs]
        end = start + lengths[0] if start is not None and len(set(lengths)) == 1 else None
        if sign in {"a", "A"} and end is not None and len(prefix) >= end:
            parts.append(re.escape(prefix[start:end]))
        elif sign in CLASSES:
            parts.append(CLASSES[sign] + _times(min(lengths), max(lengths)))
        else:
            parts.append(re.escape(sign) + (_times(min(lengths), max(lengths)) if max(lengths) > 1 else ""))
        start = end
    told = "".join(parts)
    return f"^{told}$" if told.isascii() else None


def _times(least: int, most: int) -> str:
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def rounded(number: float, *, up: bool) -> float:
    """The number with three significant digits, away from where it must not be narrowed."""
    if number == 0 or not math.isfinite(number):
        return number
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 2)
    digits = max(0, -math.floor(math.log10(step)))
    return round((math.ceil if up else math.floor)(number / step) * step, digits)


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
