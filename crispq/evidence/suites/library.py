"""Great Expectations itself, for what is not compiled: held against a data frame, nothing written, nothing sent.

By itself it would call success what shows nothing; what it could not evaluate is told as such, without its words, for
they may quote the data.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import TYPE_CHECKING, Any

from crispq.errors import NotMeasurable
from crispq.evidence.suites.conditions import is_code
from crispq.evidence.suites.outcome import Outcome
from crispq.evidence.suites.suite import Expectation

if TYPE_CHECKING:
    import pandas as pd

MOST_EXAMPLES = 20
#: These say something of values that are missing, too.
ABOUT_MISSING = (
    "expect_column_to_exist",
    "expect_column_values_to_be_null",
    "expect_column_values_to_not_be_null",
    "expect_column_proportion_of_non_null",
    "expect_column_values_to_be_of_type",
    "expect_column_values_to_be_in_type_list",
    "expect_column_type_to_be",
)


def evaluated(
    frame: pd.DataFrame, expectations: Sequence[Expectation], *, keys: Sequence[Any] | None = None
) -> tuple[Outcome, ...]:
    """What the library says of each expectation on the frame. keys: the key of each row, where there is one."""
    with _quiet():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        source = context.data_sources.add_pandas("crispq").add_dataframe_asset("table")
        batch = source.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
        return tuple(_outcome(one, batch, frame, keys) for one in expectations)


def built(entry: Expectation) -> Any:
    """The library's object behind the entry. Raises NotMeasurable, with its line, when it cannot be asked so."""
    with _quiet():
        from great_expectations.expectations import core

        classes = {one.expectation_type: one for name, one in vars(core).items() if name.startswith("Expect")}
        try:
            return classes[entry.type](**entry.kwargs)
        except Exception as error:
            raise entry.refusal(f"{entry.type} cannot be asked so: {_sentence(error)}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """No word sent to anyone and none printed while the library works."""
    import logging
    import warnings

    before = os.environ.get("GX_ANALYTICS_ENABLED")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()), _a_main_module_with_a_file():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        if before is None:
            del os.environ["GX_ANALYTICS_ENABLED"]
        else:
            os.environ["GX_ANALYTICS_ENABLED"] = before


@contextmanager
def _a_main_module_with_a_file() -> Iterator[None]:
    """The library imports Spark where it is installed, and Spark ends a process whose main module has no file."""
    main = sys.modules["__main__"]
    lacks = getattr(main, "__file__", None) is None
    if lacks:
        main.__file__ = __file__
    try:
        yield
    finally:
        if lacks:
            del main.__file__


def _outcome(entry: Expectation, batch: Any, frame: pd.DataFrame, keys: Sequence[Any] | None) -> Outcome:
    if is_code(entry.kwargs.get("row_condition"), entry.kwargs.get("condition_parser")):
        return _failed(entry, "")
    try:
        expectation = built(entry)
        answer = batch.validate(expectation, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 20})
    except Exception as error:  # noqa: BLE001 - whatever a library raises on someone's data
        return failed(entry, error)
    raised = str(answer.exception_info)
    if re.search(r"""['"]raised_exception['"]: [Tt]rue""", raised):
        kind = re.findall(r"\b[A-Z]\w+(?:Error|Exception)\b", raised)
        return _failed(entry, kind[0] if kind else "")
    if answer.success not in {True, False}:
        return _failed(entry, "")
    result = answer.result or {}
    met = bool(answer.success)
    condition = expectation.row_condition if hasattr(expectation, "row_condition") else None
    return Outcome(
        expectation=entry,
        met=met,
        vacuous=_vacuous(entry, _looked_at(condition, frame), frame, result) if met else "",
        how="great_expectations",
        examined=result.get("element_count"),
        unexpected=_count(result.get("unexpected_count")),
        observed=_number(result.get("observed_value")),
        examples=() if met else _examples(result.get("partial_unexpected_index_list"), keys),
    )


def failed(entry: Expectation, error: Exception) -> Outcome:
    """The outcome of what raised this error; only crispq's own errors are told in their words."""
    if isinstance(error, NotMeasurable):
        return Outcome(expectation=entry, met=False, how="great_expectations", error=f"could not be evaluated: {error}")
    return _failed(entry, type(error).__name__)


def _failed(entry: Expectation, kind: str) -> Outcome:
    """The outcome of what could not be evaluated."""
    why = f" ({kind})" if kind else ""
    return Outcome(expectation=entry, met=False, how="great_expectations", error=f"could not be evaluated{why}")


def _vacuous(entry: Expectation, looked_at: pd.DataFrame, frame: pd.DataFrame, result: Any) -> str:
    """Why the library's success shows nothing: no row, or no value, to look at."""
    if frame.empty:
        return "the table has no row"
    if looked_at.empty or result.get("element_count") == 0:
        return "its condition leaves no row to look at"
    columns = [name for name in entry.columns if name in looked_at]
    if columns and not entry.type.startswith(ABOUT_MISSING) and looked_at[columns].isna().all(axis=None):
        return f"all {len(looked_at)} values are missing"
    return ""


def _looked_at(condition: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that the condition leaves, as the library's own engine picks them."""
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine

    if not condition:
        return frame
    left: pd.DataFrame = PandasExecutionEngine()._apply_row_condition_filter(frame, condition, {})  # noqa: SLF001 - no other way
    return left


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _number(value: Any) -> Any:
    """A number as Python has it; anything else may hold values of rows and is left out."""
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, int | float | bool) else None


def _examples(indices: Any, keys: Sequence[Any] | None) -> tuple[Any, ...]:
    if not isinstance(indices, list):
        return ()
    rows = [one for one in indices if isinstance(one, int)][:MOST_EXAMPLES]
    return tuple(keys[one] if keys is not None else one + 1 for one in rows)


def _sentence(error: Exception) -> str:
    """What the library's refusal says, in one line: its arguments come from the suite, never from the data."""
    told = [line.strip() for line in str(error).splitlines()[1:] if line.strip()]
    return "; ".join(told or [str(error)])[:200]
