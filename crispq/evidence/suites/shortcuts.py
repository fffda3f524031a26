"""Short ways through Parquet and DuckDB: the same answers as `demands.answered`, in a fraction of the time.

Footers answer counts of missing values, minima and maxima (DuckDB does that itself when nothing else is asked along).
Rows that should not exist are asked for by a WHERE, which footers often answer too. One GROUP BY answers all demands
on a column of few values. Values in strictly rising order differ without being sorted; others are sorted by their
64-bit hashes, which spills to disk when there are many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from crispq.evidence.suites.columns import INFINITY, any_of, column
from crispq.evidence.suites.demands import Aggregate, Count, Demand, Distinct, Present, Query, Repeated, Steps, answered

#: A column whose first rows show at most so many values is grouped.
FEW_VALUES = 256
SAMPLE = 2048
RISING_SAMPLE = 20_000
MANY_ROWS = 500_000
IN_FOOTERS = frozenset({"count", "min", "max"})


def answered_by_duckdb(
    demands: Sequence[Demand], query: Query, types: Mapping[str, str], *, few: Mapping[str, bool]
) -> dict[Demand, Any]:
    """The answers to the demands by way of DuckDB's `query` over columns of these types.

    few: for the columns of which the files say so, whether they take few different values.
    """
    different = list(dict.fromkeys(demands))
    found = _present(different, query, types)
    found |= answered([one for one in different if _from_footers(one)], query)
    rare = [one for one in different if isinstance(one, Count) and one.rare]
    found |= _rare(rare, query, few)
    for one in different:
        if isinstance(one, Repeated) and (_rises(one, query, types) or _all_differ(one, query, types, few)):
            found[one] = 0
        if isinstance(one, Distinct) and _rises(one, query, types):
            found |= {one: answered([Count(columns=one.columns, where=one.where)], query).popitem()[1]}
    return found | answered([one for one in different if one not in found], query)


def _from_footers(demand: Demand) -> bool:
    if isinstance(demand, Count):
        return not demand.where
    return isinstance(demand, Aggregate) and not demand.where and demand.function in IN_FOOTERS


def _present(demands: Sequence[Demand], query: Query, types: Mapping[str, str]) -> dict[Demand, Any]:
    """Values that are not missing: those that are not NULL, less those that are not a number."""
    asked = [one for one in demands if isinstance(one, Present)]
    if not asked:
        return {}
    columns = {one: column(one.columns[0], types[one.columns[0]]) for one in asked}
    filled = {one: Aggregate(columns=one.columns, function="count", of=columns[one].sql) for one in asked}
    odd = {
        one: Count(columns=one.columns, where=f"{columns[one].sql} > {INFINITY}", rare=True)
        for one in asked
        if columns[one].kind == "float"
    }
    counts = answered(list(filled.values()), query)
    if odd and not _any_row(any_of(one.where for one in odd.values()), query):
        counts |= dict.fromkeys(odd.values(), 0)
    else:
        counts |= answered(list(odd.values()), query)
    return {one: counts[filled[one]] - (counts[odd[one]] if one in odd else 0) for one in asked}


def _any_row(condition: str, query: Query) -> bool:
    return bool(query(f"SELECT count(*) FROM rows WHERE {condition}")[0][0])


def _rare(demands: Sequence[Count], query: Query, known: Mapping[str, bool]) -> dict[Demand, Any]:
    """Counts that are expected to be nothing, column by column."""
    by_columns: dict[tuple[str, ...], list[Count]] = {}
    for one in demands:
        by_columns.setdefault(one.columns, []).append(one)
    single = [columns[0] for columns in by_columns if len(columns) == 1]
    few = {name for name in single if known.get(name)}
    few |= _few_valued([name for name in single if name not in known], query)
    found: dict[Demand, Any] = {}
    for columns, those in by_columns.items():
        if columns[0] in few and len(columns) == 1:
            source, counted = _grouped(columns[0]), "coalesce(sum(crispq_n)"
        else:
            source, counted = "rows", "(count(*)"
        with suppress(Exception):  # asked again one by one, where an error is that of one demand
            told = ", ".join(
                f"{counted} FILTER (WHERE {one.where})" + (", 0)" if "sum" in counted else ")") for one in those
            )
            narrowed = "" if "sum" in counted else f" WHERE {any_of(one.where for one in those)}"
            answers = query(f"SELECT {told} FROM {source}{narrowed}")[0]
            found |= {one: int(value) for one, value in zip(those, answers, strict=True)}
    return found


def _grouped(name: str) -> str:
    written = column(name, "VARCHAR").sql
    return f"(SELECT {written}, count(*) AS crispq_n FROM rows GROUP BY {written}) AS grouped"


def _few_valued(names: Sequence[str], query: Query) -> set[str]:
    """The columns that show few different values in the first rows."""
    if not names:
        return set()
    written = [column(name, "VARCHAR").sql for name in dict.fromkeys(names)]
    counts = ", ".join(f"count(DISTINCT {one})" for one in written)
    answers = query(f"SELECT {counts} FROM (SELECT {', '.join(written)} FROM rows LIMIT {SAMPLE}) AS first")[0]
    return {name for name, count in zip(dict.fromkeys(names), answers, strict=True) if count <= FEW_VALUES}


def _rises(demand: Repeated | Distinct, query: Query, types: Mapping[str, str]) -> bool:
    """Whether each value is greater than the one before it, so that all are different."""
    of = demand.of if isinstance(demand.of, str) else demand.of[0]
    if (not isinstance(demand.of, str) and len(demand.of) > 1) or len(demand.columns) != 1:
        return False
    named = column(demand.columns[0], types[demand.columns[0]])
    if named.kind not in {"integer", "time", "float", "text"} or of != named.sql:
        return False
    where = f" WHERE {demand.where}" if demand.where else ""
    steps = Steps(columns=demand.columns, where=demand.where, of=of, wrong="crispq_v <= crispq_b OR crispq_v IS NULL")
    if _first_rows_fall(steps, query, where):
        return False
    return not query(steps.select)[0][0]


def _all_differ(demand: Repeated, query: Query, types: Mapping[str, str], known: Mapping[str, bool]) -> bool:
    """Whether no two neighbours are equal once the values, or 64-bit hashes of them, are sorted.

    Sorting takes little memory and spills well. Equal neighbours prove nothing (hashes may collide): the values
    themselves are then grouped.
    """
    columns = [column(name, types[name]) for name in demand.columns]
    of_its_own = len(columns) == 1 and demand.of == (columns[0].sql,)
    if of_its_own and (known.get(columns[0].name) or _few_valued([columns[0].name], query)):
        return False
    if of_its_own and columns[0].kind in {"integer", "float", "time", "zoned"}:
        sorted_ = demand.of[0]
    elif all(one.kind in {"integer", "text", "boolean", "time"} for one in columns):
        sorted_ = f"hash({', '.join(demand.of)})"
    else:
        return False
    where = f" WHERE {demand.where}" if demand.where else ""
    values = f"(SELECT {sorted_} AS crispq_v FROM rows{where} ORDER BY crispq_v) AS crispq_o"
    pairs = f"(SELECT crispq_v, lag(crispq_v) OVER () AS crispq_b FROM {values}) AS crispq_s"
    return not query(f"SELECT count(*) FROM {pairs} WHERE crispq_v = crispq_b")[0][0]


def _first_rows_fall(steps: Steps, query: Query, where: str) -> bool:
    """Whether the first rows of a long table show already that the values do not rise."""
    if query("SELECT count(*) FROM rows")[0][0] < MANY_ROWS:
        return False
    first = f"(SELECT {steps.of} FROM rows{where} LIMIT {RISING_SAMPLE}) AS crispq_f"
    pairs = f"(SELECT {steps.of} AS crispq_v, lag({steps.of}) OVER () AS crispq_b FROM {first}) AS crispq_s"
    return bool(query(f"SELECT count(*) FROM {pairs} WHERE {steps.wrong}")[0][0])
