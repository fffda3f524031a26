"""Hold expectations against rows: compiled where that is exact, by the library where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from crispq.errors import hint
from crispq.evidence.suites.columns import identifier
from crispq.evidence.suites.compile import Judged, judged
from crispq.evidence.suites.demands import Demand
from crispq.evidence.suites.outcome import Outcome
from crispq.evidence.suites.suite import Expectation, Suite

if TYPE_CHECKING:
    import pandas as pd

MOST_EXAMPLES = 20


class Rows(Protocol):
    """What a suite can be held against: a table's files, a data base's table, a Spark frame."""

    @property
    def ordered(self) -> bool:
        """Whether the rows stand in an order of their own, as those of a file do."""

    @property
    def types(self) -> Mapping[str, str]:
        """The columns' types by name, in DuckDB's words."""

    def answer(self, demands: Sequence[Demand]) -> Mapping[Demand, Any]:
        """The answers; `demands.answered` gives them by way of any `query`."""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT in DuckDB's SQL over `rows`."""

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as pandas has them, for the library."""


def hold(
    suite: Suite | Sequence[Expectation], rows: Rows, *, key: str | None = None, examples: bool = True
) -> tuple[Outcome, ...]:
    """What came of each expectation, in their order.

    key: the column whose values name the failing rows; without one they are numbered, where rows have an order.
    examples: whether failing rows are looked up at all.
    """
    expectations = suite.expectations if isinstance(suite, Suite) else tuple(suite)
    types = rows.types
    found: list[Outcome | None] = [_absent(one, types) for one in expectations]
    there = [index for index, one in enumerate(found) if one is None]
    compiled = judged([expectations[index] for index in there], types, rows.answer, ordered=rows.ordered)
    for index, one in zip(there, compiled, strict=True):
        if one is not None:
            found[index] = _with_examples(one, rows, key if key in types else None) if examples else one.outcome
    for index, outcome in _by_library([(n, expectations[n]) for n in there if found[n] is None], rows, key):
        found[index] = outcome
    return tuple(one for one in found if one is not None)


def _absent(expectation: Expectation, types: Mapping[str, str]) -> Outcome | None:
    """The outcome of an expectation on a column that the table lacks."""
    absent = [name for name in expectation.columns if name not in types]
    if not absent or expectation.type == "expect_column_to_exist":
        return None
    near = hint(absent[0], list(types))
    return Outcome(expectation=expectation, met=False, error=f"the table has no column {absent[0]!r}{near}")


def _with_examples(one: Judged, rows: Rows, key: str | None) -> Outcome:
    if one.outcome.met or not one.breaks or (key is None and not rows.ordered):
        return one.outcome
    if key is not None:
        sql = f"SELECT {identifier(key)} FROM rows WHERE {one.breaks} LIMIT {MOST_EXAMPLES}"
    else:
        number = identifier(f"crispq row {max(map(len, rows.types), default=0) * '_'}")  # the name of no column
        sql = (
            f"SELECT {number} FROM (SELECT *, row_number() OVER () AS {number} FROM rows) AS rows WHERE {one.breaks}"
            f" LIMIT {MOST_EXAMPLES}"
        )
    try:
        return replace(one.outcome, examples=tuple(name for (name,) in rows.query(sql)))
    except Exception:  # noqa: BLE001 - the count is known; only which rows they are is not
        return one.outcome


def _by_library(
    expectations: Sequence[tuple[int, Expectation]], rows: Rows, key: str | None
) -> list[tuple[int, Outcome]]:
    """The library's outcomes, on the columns that they need."""
    if not expectations:
        return []
    from crispq.evidence.suites import library

    needed = [one for one in rows.types if any(_may_read(entry, one) for _, entry in expectations)]
    if any(entry.type.startswith("expect_table_") for _, entry in expectations) or not needed:
        needed = list(rows.types)
    named = [key] if key is not None and key in rows.types and key not in needed else []
    try:
        frame = rows.frame([*needed, *named])
        keys = frame[key].tolist() if key is not None and key in frame else None
        outcomes = library.evaluated(frame[needed], [entry for _, entry in expectations], keys=keys)
    except Exception as error:  # noqa: BLE001 - whatever a library raises on someone's data
        if len(expectations) > 1:
            return [found for one in expectations for found in _by_library([one], rows, key)]
        outcomes = (library.failed(expectations[0][1], error),)
    return [(index, outcome) for (index, _), outcome in zip(expectations, outcomes, strict=True)]


def _may_read(entry: Expectation, name: str) -> bool:
    return name in entry.columns or name in str(entry.kwargs.get("row_condition", ""))
