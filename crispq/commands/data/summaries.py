"""What is told of a table without its rows: gaps, ranges, quantiles, counts of frequent values; and how far two differ.

Everything comes from aggregates that DuckDB computes, a few columns at a time, so that memory stays flat.
"""

# ruff: noqa: S608 - names are quoted by `quoted`; nothing else of the user's goes into a query

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from crispq.evidence.contents import Kind, kind_of, quoted
from crispq.evidence.tables import TableData

#: One column in words and numbers, as it stands in the registry.
Summary: TypeAlias = dict[str, Any]

#: A column with more different values than these is told by quantiles or lengths, never by its values.
MOST_CATEGORIES = 25
#: A category that fewer rows share is counted among the others, so that nobody is recognised by it.
FEWEST_ROWS = 5
#: Above so many rows quantiles and large counts of different values are estimates.
EXACT_ROWS = 1_000_000
EXACT_DISTINCT = 100_000
QUANTILES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
AT_ONCE = 10
#: Whole numbers from here on may number people or telephones, where nearly every row has another.
SMALLEST_IDENTIFIER, NEARLY_ALL = 1_000_000, 0.9


def summarise(table: TableData, *, hidden: Collection[str] = ()) -> dict[str, Summary]:
    """Each column's summary. hidden: columns of which neither values nor ranges are told, such as the key."""
    told: dict[str, Summary] = {}
    for names in _chunks(list(table.types)):
        told |= {name: _basics(table, name, row) for name, row in _counted(table, names)}
    few = [
        name
        for name, one in told.items()
        if one["distinct"] <= MOST_CATEGORIES
        and (FEWEST_ROWS * one["distinct"] <= table.rows or kind_of(table.types[name]) is Kind.YES_NO)
        and kind_of(table.types[name]) not in {Kind.DATE, Kind.OTHER}
        and name not in hidden
    ]
    for names in _chunks(few):
        _add_counts(table, told, names)
    ranged = [name for name, one in told.items() if "counts" not in one and one["missing"] < 1 and name not in hidden]
    ranged = [name for name in ranged if kind_of(table.types[name]) is not Kind.OTHER]
    for names in _chunks(ranged):
        _add_ranges(table, told, names)
    return {name: _without_identifiers(one, table.rows) for name, one in told.items()}


def _without_identifiers(one: Summary, rows: int) -> Summary:
    """Without the quantiles of long numbers of which nearly each row has its own: they may be telephone numbers."""
    own = one["kind"] == Kind.WHOLE and one["distinct"] >= NEARLY_ALL * rows * (1 - one["missing"])
    if not own or max(abs(one.get("low", 0)), abs(one.get("high", 0))) < SMALLEST_IDENTIFIER:
        return one
    return {word: told for word, told in one.items() if word not in {"low", "high", "quantiles", "shares"}}


def shares_in(table: TableData, edges: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """For each column the shares of its values up to the first edge, between each two edges, and above the last."""
    found: dict[str, list[float]] = {}
    for names in _chunks(list(edges)):
        asked = []
        for name in names:
            measure = measured(name, table.types[name])
            asked += [f"count({measure})", *(f"count_if({measure} <= {edge!r}::DOUBLE)" for edge in edges[name])]
        [row] = table.query(f"SELECT {', '.join(asked)} FROM rows")
        numbers = iter(row)
        for name in names:
            filled = next(numbers)
            steps = [0, *(next(numbers) for _ in edges[name]), filled]
            found[name] = [round((high - low) / filled, 6) if filled else 0.0 for low, high in pairwise(steps)]
    return found


def measured(name: str, type_: str) -> str:
    """An SQL expression: the number by which a cell is told; of text its length, of a day its seconds since 1970."""
    column, kind = quoted(name), kind_of(type_)
    match kind:
        case Kind.TEXT:
            return f"length({column}::VARCHAR)::DOUBLE"
        case Kind.DATE:
            return f"floor(epoch({column}))::DOUBLE"
        case Kind.WHOLE | Kind.NUMBER:
            return f"CASE WHEN isfinite({column}::DOUBLE) THEN {column}::DOUBLE END"
        case _:
            return f"CASE WHEN {column} IS NULL THEN NULL ELSE 0 END::DOUBLE"


def filled(name: str, type_: str) -> str:
    """An SQL condition: the cell holds a value; not-a-number is none."""
    column = quoted(name)
    return (
        f"({column} IS NOT NULL AND NOT isnan({column}))" if type_ in {"FLOAT", "DOUBLE"} else f"{column} IS NOT NULL"
    )


def distinct(table: TableData, name: str) -> int:
    """How many different values the column has, exactly; DuckDB spills to disk where memory is short."""
    return int(table.query(f"SELECT count({quoted(name)}) FROM (SELECT DISTINCT {quoted(name)} FROM rows)")[0][0])


def edges_of(one: Summary) -> list[float]:
    """Where a column's quantiles lie, each place once."""
    return sorted({float(number) for number in one["quantiles"].values()})


# --- distances -----------------------------------------------------------------------------------


def distances(before: Mapping[str, Summary], table: TableData, after: Mapping[str, Summary]) -> dict[str, float]:
    """How far each shared column has moved, from 0 (nothing) to 1: the share of rows that would have to change.

    The total variation distance between the two distributions: over categories, or over the bins between the first
    table's quantiles, a missing value being one more category. `table` is the second table itself.
    """
    shared = [name for name in before if name in after and before[name]["kind"] == after[name]["kind"]]
    shares = shares_in(table, {name: edges_of(before[name]) for name in shared if "quantiles" in before[name]})
    return {name: _apart(before[name], after[name], shares.get(name)) for name in shared}


def distances_told(before: Mapping[str, Summary], after: Mapping[str, Summary]) -> dict[str, float]:
    """As `distances`, from the summaries alone: shares between the first one's quantiles are interpolated."""
    shared = [name for name in before if name in after and before[name]["kind"] == after[name]["kind"]]
    return {name: _apart(before[name], after[name], _interpolated(before[name], after[name])) for name in shared}


def _apart(before: Summary, after: Summary, shares: Sequence[float] | None) -> float:
    """The distance; where neither categories nor bins can be compared, that of the shares of missing values."""
    first, second = _counted_shares(before), _counted_shares(after)
    if first is None or second is None:
        first = second = None
        if "shares" in before and shares is not None:
            first, second = dict(enumerate(before["shares"])), dict(enumerate(shares))
    gap = abs(before["missing"] - after["missing"])
    if first is None or second is None:
        return float(round(gap, 4))
    kept = (1 - before["missing"], 1 - after["missing"])
    parts = [abs(kept[0] * first.get(one, 0) - kept[1] * second.get(one, 0)) for one in {*first, *second}]
    return float(round((sum(parts) + gap) / 2, 4))


def _counted_shares(one: Summary) -> dict[Any, float] | None:
    if "counts" not in one:
        return None
    counts = {**one["counts"], "other values": one["other"]}
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()} if total else {}


def _interpolated(before: Summary, after: Summary) -> list[float] | None:
    if "quantiles" not in before or "quantiles" not in after:
        return None
    below = [0.0]
    for share in after["shares"]:
        below.append(below[-1] + share)
    points = [after["low"], *edges_of(after), after["high"]]
    steps = [0.0, *(_read_off(points, below, edge) for edge in edges_of(before)), 1.0]
    return [high - low for low, high in pairwise(steps)]


def _read_off(points: Sequence[float], below: Sequence[float], edge: float) -> float:
    """The share of values up to the edge, on straight lines between the known points."""
    if edge >= points[-1]:
        return 1.0
    known = 0.0
    for (left, low), (right, high) in pairwise(zip(points, below, strict=True)):
        if edge >= right:
            known = high
        elif left <= edge:
            return low + (high - low) * (edge - left) / (right - left)
    return known


# --- aggregates ----------------------------------------------------------------------------------


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


def _counted(table: TableData, names: Sequence[str]) -> Iterator[tuple[str, tuple[int, int, int]]]:
    asked = [
        expression
        for name in names
        for expression in (
            f"count_if({filled(name, table.types[name])})",
            f"approx_count_distinct({quoted(name)})",
        )
    ]
    [[rows, *counted]] = table.query(f"SELECT count(*), {', '.join(asked)} FROM rows")
    about = dict(zip(names, counted[1::2], strict=True))
    exactly = [name for name in names if about[name] <= EXACT_DISTINCT or rows <= EXACT_DISTINCT]
    found: dict[str, int] = {}
    if exactly:
        counts = ", ".join(f"count(DISTINCT {quoted(name)})" for name in exactly)
        found = dict(zip(exactly, table.query(f"SELECT {counts} FROM rows")[0], strict=True))
    for index, name in enumerate(names):
        yield name, (rows, counted[2 * index], found.get(name, -about[name]))


def _basics(table: TableData, name: str, row: tuple[int, int, int]) -> Summary:
    """A negative count of different values is an estimate."""
    rows, present, different = row
    one: Summary = {"kind": str(kind_of(table.types[name])), "missing": round(1 - present / rows, 6)}
    one["distinct"] = abs(different)
    return one | ({"distinct_is": "estimated"} if different < 0 else {})


def _add_counts(table: TableData, told: Mapping[str, Summary], names: Sequence[str]) -> None:
    histograms = ", ".join(
        f"histogram({quoted(name)}::VARCHAR) FILTER (WHERE {filled(name, table.types[name])})" for name in names
    )
    for name, counts in zip(names, table.query(f"SELECT {histograms} FROM rows")[0], strict=True):
        by_value = _as_dict(counts)
        frequent = {value: count for value, count in sorted(by_value.items()) if count >= FEWEST_ROWS}
        told[name]["counts"] = frequent
        told[name]["other"] = sum(by_value.values()) - sum(frequent.values())


def _as_dict(counts: Any) -> dict[str, int]:
    """DuckDB's map, in the shapes its versions hand over."""
    if not counts:
        return {}
    if isinstance(counts, Mapping) and set(counts) == {"key", "value"} and isinstance(counts["key"], list):
        counts = dict(zip(counts["key"], counts["value"], strict=True))
    return {str(value): int(count) for value, count in counts.items()}


def _add_ranges(table: TableData, told: Mapping[str, Summary], names: Sequence[str]) -> None:
    quantile = "quantile_cont" if table.rows <= EXACT_ROWS else "approx_quantile"
    asked = []
    for name in names:
        measure = measured(name, table.types[name])
        asked += [f"min({measure})", f"max({measure})", f"{quantile}({measure}, {list(QUANTILES)})"]
    numbers = iter(table.query(f"SELECT {', '.join(asked)} FROM rows")[0])
    for name in names:
        low, high, quantiles = next(numbers), next(numbers), next(numbers)
        if low is not None:
            told[name] |= {"low": _tidy(low), "high": _tidy(high)}
            told[name]["quantiles"] = {f"{at:g}": _tidy(one) for at, one in zip(QUANTILES, quantiles, strict=True)}
    edges = {name: edges_of(told[name]) for name in names if "quantiles" in told[name]}
    for name, shares in shares_in(table, edges).items() if edges else ():
        told[name]["shares"] = shares


def _tidy(number: float) -> float | int:
    """The number with ten significant digits, whole ones as whole numbers."""
    if number == math.trunc(number) and abs(number) < 1e15:  # noqa: PLR2004 - beyond, digits are lost
        return int(number)
    return float(f"{number:.10g}")
