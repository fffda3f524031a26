"""The demands as a suite of Great Expectations."""

from __future__ import annotations

from typing import Any

from contender import Demand
from demands import demands


def expectation(demand: Demand) -> dict[str, Any]:
    """One demand as the library writes it in JSON."""
    column, said = demand.column, demand.arguments
    match demand.kind:
        case "rows":
            return {"type": "expect_table_row_count_to_equal", "kwargs": {"value": said[0]}}
        case "not_null":
            return {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}}
        case "between":
            kwargs = {"column": column, "min_value": said[0], "max_value": said[1]}
            return {"type": "expect_column_values_to_be_between", "kwargs": kwargs}
        case "in_set":
            kwargs = {"column": column, "value_set": list(said)}
            return {"type": "expect_column_values_to_be_in_set", "kwargs": kwargs}
        case "unique":
            return {"type": "expect_column_values_to_be_unique", "kwargs": {"column": column}}
        case "length":
            kwargs = {"column": column, "value": said[0]}
            return {"type": "expect_column_value_lengths_to_equal", "kwargs": kwargs}
        case "mean":
            kwargs = {"column": column, "min_value": said[0], "max_value": said[1]}
            return {"type": "expect_column_mean_to_be_between", "kwargs": kwargs}
        case _:
            raise ValueError(demand.kind)


def suite(rows: int) -> Any:
    """The library's own suite of all demands."""
    import great_expectations as gx

    made = gx.ExpectationSuite(name="forty")
    for one in map(expectation, demands(rows)):
        made.add_expectation_configuration(_configuration(one))
    return made


def _configuration(one: dict[str, Any]) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(type=one["type"], kwargs=one["kwargs"])
