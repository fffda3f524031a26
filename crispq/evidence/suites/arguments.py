"""Which expectation types Great Expectations 1.24 knows, and which arguments each takes.

Importing the library takes seconds; this table takes none. `tests/test_suites.py` holds it against the library's own
classes. What is not plain here (a text where a number is usual, a date as a bound) is put before the library itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

#: Beyond it not every whole number is a float of its own.
EXACT = 2**53
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?")
IGNORE_PAIR = ("both_values_are_missing", "either_value_is_missing", "neither")
IGNORE_SEVERAL = ("all_values_are_missing", "any_value_is_missing", "never")


def is_number(value: object) -> bool:
    """A number that is exactly the float that the library makes of it."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= EXACT


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= EXACT


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and MOMENT.fullmatch(value) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_format(value: object) -> bool:
    """A format that `strptime` reads: the library asks the same."""
    if not isinstance(value, str):
        return False
    try:
        datetime.strptime(datetime.now(tz=UTC).strftime(value), value)  # noqa: DTZ007 - only whether it parses
    except (ValueError, re.error):
        return False
    return True


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_pairs(value: object) -> bool:
    both = 2
    return isinstance(value, list) and all(isinstance(one, list) and len(one) == both for one in value)


def _is_quantiles(value: object) -> bool:
    match value:
        case {"quantiles": [_, *_] as shares, "value_ranges": [_, *_] as ranges, **rest}:
            in_order = all(_is_range(one) for one in ranges)
            return not rest and len(shares) == len(ranges) and all(map(_is_share, shares)) and in_order
    return False


def _is_range(value: object) -> bool:
    match value:
        case [None, one] | [one, None]:
            return one is None or is_number(one)
        case [int() | float() as low, int() | float() as high]:
            return is_number(low) and is_number(high) and low <= high
    return False


def _is_share(value: object) -> bool:
    return is_number(value) and 0 <= value <= 1  # type: ignore[operator] # a number, as asked first


def _is_partition(value: object) -> bool:
    match value:
        case {"weights": [_, *_] as weights, "values": [_, *_] as values, **rest} if not rest:
            return len(values) == len(weights) and all(map(is_number, weights))
        case {"weights": [_, *_] as weights, "bins": [_, *_] as bins, **rest} if not rest:
            return len(bins) == len(weights) + 1 and all(map(is_number, [*weights, *bins]))
    return False


def is_condition(value: object) -> bool:
    """Whether it is one of the library's condition objects as JSON, written in the plainest way."""
    match value:
        case "":
            return True
        case {"type": "and" | "or", "conditions": [_, *_] as several, **rest} if not rest:
            return all(is_condition(one) and isinstance(one, dict) and "conditions" not in one for one in several)
        case {"type": "nullity", "column": {"name": str()}, "is_null": bool(), **rest}:
            return not rest
        case {
            "type": "comparison",
            "column": {"name": str()},
            "operator": "IN" | "NOT_IN",
            "parameter": list() as among,
        }:
            return all(isinstance(one, str) for one in among) or all(map(is_number, among))
        case {"type": "comparison", "column": {"name": str()}, "operator": str(sign), "parameter": asked, **rest}:
            return not rest and sign in {"==", "!=", "<", "<=", ">", ">="} and isinstance(asked, str | int | float)
    return False


def _never(_: object) -> bool:
    return False


#: The kinds of value that need no second look; a "?" behind a kind allows null.
KINDS: Mapping[str, Callable[[object], bool]] = {
    "name": _is_text,
    "names": _is_texts,
    "text": _is_text,
    "texts": _is_texts,
    "format": _is_format,
    "list": _is_list,
    "pairs": _is_pairs,
    "flag": _is_flag,
    "number": is_number,
    "count": _is_count,
    "bound": lambda value: is_number(value) or _is_moment(value),
    "share": _is_share,
    "quantiles": _is_quantiles,
    "partition": _is_partition,
    "condition": is_condition,
    "parser": lambda value: value == "pandas",
    "pair": lambda value: value in IGNORE_PAIR,
    "several": lambda value: value in IGNORE_SEVERAL,
    "any_or_all": lambda value: value in {"any", "all"},
    "odd": _never,
}
_CONDITION = "row_condition:condition? condition_parser:parser?"
_COLUMN = f"column:name! {_CONDITION}"
_MAP = f"{_COLUMN} mostly:share"
_BOUNDS = "min_value:bound? max_value:bound? strict_min:flag strict_max:flag"
_NUMBERS = "min_value:number? max_value:number? strict_min:flag strict_max:flag"
_COUNTS = "min_value:count? max_value:count? strict_min:flag strict_max:flag"
_PAIR = f"column_A:name! column_B:name! mostly:share {_CONDITION} ignore_row_if:pair"
_SEVERAL = f"column_list:names! mostly:share {_CONDITION} ignore_row_if:several"
_TABLE: Mapping[str, str] = {
    "expect_column_distinct_values_to_be_in_set": f"{_COLUMN} value_set:list!",
    "expect_column_distinct_values_to_contain_set": f"{_COLUMN} value_set:list!",
    "expect_column_distinct_values_to_equal_set": f"{_COLUMN} value_set:list!",
    "expect_column_kl_divergence_to_be_less_than": (
        f"{_COLUMN} partition_object:partition? threshold:number? internal_weight_holdout:share?"
        " tail_weight_holdout:share? bucketize_data:flag min_value:odd? max_value:odd?"
    ),
    "expect_column_max_to_be_between": f"{_COLUMN} {_BOUNDS}",
    "expect_column_mean_to_be_between": f"{_COLUMN} {_BOUNDS}",
    "expect_column_median_to_be_between": f"{_COLUMN} {_BOUNDS}",
    "expect_column_min_to_be_between": f"{_COLUMN} {_BOUNDS}",
    "expect_column_most_common_value_to_be_in_set": f"{_COLUMN} value_set:list! ties_okay:flag?",
    "expect_column_pair_values_a_to_be_greater_than_b": f"{_PAIR} or_equal:flag?",
    "expect_column_pair_values_to_be_equal": _PAIR,
    "expect_column_pair_values_to_be_in_set": f"{_PAIR} value_pairs_set:pairs!",
    "expect_column_proportion_of_non_null_values_to_be_between": f"{_COLUMN} {_NUMBERS}",
    "expect_column_proportion_of_unique_values_to_be_between": f"{_COLUMN} {_NUMBERS}",
    "expect_column_quantile_values_to_be_between": f"{_COLUMN} quantile_ranges:quantiles! allow_relative_error:flag",
    "expect_column_stdev_to_be_between": f"{_COLUMN} {_NUMBERS}",
    "expect_column_sum_to_be_between": f"{_COLUMN} {_BOUNDS}",
    "expect_column_to_exist": "column:name! column_index:count?",
    "expect_column_type_to_be": "column:name! type_:odd!",
    "expect_column_unique_value_count_to_be_between": f"{_COLUMN} {_COUNTS}",
    "expect_column_value_lengths_to_be_between": f"{_MAP} {_COUNTS}",
    "expect_column_value_lengths_to_equal": f"{_MAP} value:number!",
    "expect_column_value_z_scores_to_be_less_than": f"{_MAP} threshold:number! double_sided:flag!",
    "expect_column_values_to_be_between": f"{_MAP} {_BOUNDS}",
    "expect_column_values_to_be_dateutil_parseable": _MAP,
    "expect_column_values_to_be_decreasing": f"{_MAP} strictly:flag?",
    "expect_column_values_to_be_in_set": f"{_MAP} value_set:list!",
    "expect_column_values_to_be_in_type_list": f"{_MAP} type_list:texts?",
    "expect_column_values_to_be_increasing": f"{_MAP} strictly:flag?",
    "expect_column_values_to_be_json_parseable": _MAP,
    "expect_column_values_to_be_null": _MAP,
    "expect_column_values_to_be_of_type": f"{_MAP} type_:text!",
    "expect_column_values_to_be_unique": _MAP,
    "expect_column_values_to_match_json_schema": f"{_MAP} json_schema:odd!",
    "expect_column_values_to_match_like_pattern": f"{_MAP} like_pattern:odd! escape:odd?",
    "expect_column_values_to_match_like_pattern_list": (
        f"{_MAP} like_pattern_list:odd! match_on:any_or_all escape:odd?"
    ),
    "expect_column_values_to_match_regex": f"{_MAP} regex:text",
    "expect_column_values_to_match_regex_list": f"{_MAP} regex_list:texts! match_on:any_or_all",
    "expect_column_values_to_match_strftime_format": f"{_MAP} strftime_format:format!",
    "expect_column_values_to_not_be_in_set": f"{_MAP} value_set:list!",
    "expect_column_values_to_not_be_null": _MAP,
    "expect_column_values_to_not_be_outliers": f"{_MAP} method:odd multiplier:odd",
    "expect_column_values_to_not_match_like_pattern": f"{_MAP} like_pattern:odd! escape:odd?",
    "expect_column_values_to_not_match_like_pattern_list": f"{_MAP} like_pattern_list:odd! escape:odd?",
    "expect_column_values_to_not_match_regex": f"{_MAP} regex:text!",
    "expect_column_values_to_not_match_regex_list": f"{_MAP} regex_list:texts!",
    "expect_compound_columns_to_be_unique": _SEVERAL,
    "expect_multicolumn_sum_to_equal": f"{_SEVERAL} sum_total:number!",
    "expect_multicolumn_values_to_be_equal": _SEVERAL,
    "expect_query_results_to_match_comparison": (
        "base_query:odd! comparison_data_source_name:odd! comparison_query:odd! mostly:share"
    ),
    "expect_select_column_values_to_be_unique_within_record": _SEVERAL,
    "expect_table_column_count_to_be_between": "min_value:number? max_value:number?",
    "expect_table_column_count_to_equal": "value:count!",
    "expect_table_columns_to_match_ordered_list": "column_list:list",
    "expect_table_columns_to_match_set": "column_set:list exact_match:flag",
    "expect_table_row_count_to_be_between": f"{_COUNTS} {_CONDITION}",
    "expect_table_row_count_to_equal": f"value:count! {_CONDITION}",
    "expect_table_row_count_to_equal_other_table": f"other_table_name:odd! {_CONDITION}",
}
#: Expectation type -> argument -> kind of its value; "!" stands for a must, "?" for one that may be null.
TYPES: Mapping[str, Mapping[str, str]] = {
    name: {word.partition(":")[0]: word.partition(":")[2] for word in line.split()} for name, line in _TABLE.items()
}


def plain(type_: str, kwargs: Mapping[str, Any]) -> bool:
    """Whether the library certainly takes these arguments, and takes them as they are written."""
    known = TYPES[type_]
    if any(kind.endswith("!") and name not in kwargs for name, kind in known.items()):
        return False
    return _are_plain(known, kwargs) and _has_its_parser(kwargs) and _are_in_order(type_, kwargs)


def _are_plain(known: Mapping[str, str], kwargs: Mapping[str, Any]) -> bool:
    for name, value in kwargs.items():
        kind = known[name]
        if name == "row_condition" and isinstance(value, str):
            continue
        if value is None and kind.endswith("?"):
            continue
        if not KINDS[kind.rstrip("!?")](value):
            return False
    return True


def _has_its_parser(kwargs: Mapping[str, Any]) -> bool:
    """A written condition needs a parser; the library's own has a grammar that it alone should read."""
    condition = kwargs.get("row_condition")
    return not condition or isinstance(condition, dict) or kwargs.get("condition_parser") == "pandas"


def _are_in_order(type_: str, kwargs: Mapping[str, Any]) -> bool:
    if type_ != "expect_table_row_count_to_be_between":
        return True
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    return low is None or high is None or bool(low <= high)
