"""What a suite says of a column: its type, its domain, how much may be missing. For the checks of suites."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Protocol


class Demanded(StrEnum):
    """The three things that must be said of every column."""

    TYPE = "a type"
    DOMAIN = "a domain"
    MISSING = "a limit on missing values"


class Entry(Protocol):
    """An expectation as the suite's reader hands it over."""

    @property
    def type(self) -> str:
        """Its type in Great Expectations' words."""

    @property
    def kwargs(self) -> Any:
        """Its arguments."""


#: Say outright of which type the values are.
TYPES = frozenset(
    {"expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list", "expect_column_type_to_be"}
)
#: Say which values there may be; numbers, texts and dates fit different ones, so each implies a type too.
DOMAINS = frozenset(
    {
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_match_like_pattern_list",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_match_strftime_format",
    }
)
#: Say of a whole column where its numbers lie: a type, and both ends together a domain.
ENDS = {"expect_column_min_to_be_between": "min_value", "expect_column_max_to_be_between": "max_value"}
NUMBERS = frozenset(
    {
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_quantile_values_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
    }
)
PAIRS = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_to_be_in_set",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
    }
)
PRESENCE = frozenset(
    {"expect_column_values_to_not_be_null", "expect_column_proportion_of_non_null_values_to_be_between"}
)


def says(entry: Entry) -> Iterator[Demanded]:
    """What the expectation says of each column it looks at; nothing where it speaks of some rows only."""
    if entry.kwargs.get("row_condition"):
        return
    if entry.type in TYPES | DOMAINS | NUMBERS | set(ENDS):
        yield Demanded.TYPE
    if entry.type in DOMAINS | PAIRS:
        yield Demanded.DOMAIN
    if entry.type in PRESENCE and _limits(entry):
        yield Demanded.MISSING


def end_of(entry: Entry) -> str | None:
    """Which end of a column's range the expectation bounds ("min_value", "max_value"); None for others."""
    end = ENDS.get(entry.type)
    bounded = end is not None and entry.kwargs.get(end) is not None and not entry.kwargs.get("row_condition")
    return end if bounded else None


def _limits(entry: Entry) -> bool:
    """Whether a demand on the share of values that are present bounds it from below."""
    return entry.type == "expect_column_values_to_not_be_null" or (entry.kwargs.get("min_value") or 0) > 0
