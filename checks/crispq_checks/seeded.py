"""Faults put into the columns of a table, one at a time, as SQL: what `schema_catches_faults` holds a suite against.

A fault is a way in which columns really go wrong. Those that no schema of the columns can notice are left out, with the
reason: they are another check's business.
"""

# ruff: noqa: S608 - columns are quoted by `quoted`; what else goes into a query is written here

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: Of the rows, one in so many loses its value, and one in so many gets an impossible one.
ONE_IN_GAPS, ONE_IN_ODD = 5, 20
MOST_CATEGORIES, ROWS_PER_CATEGORY = 25, 5
#: Below, a column holds a code, not a measurement: standing still is no sign of a fault.
FEWEST_READINGS = 10
#: Columns whose distributions differ less (Kolmogorov-Smirnov) hold alike values: no schema tells them apart.
ALIKE = 0.5
#: Dates in that share of the rows in one order are meant to be in this order.
IN_ORDER = 0.95
LARGEST = 1e15
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")
FLOATS = ("FLOAT", "DOUBLE", "DECIMAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: what it does to which columns (SQL by column), or why it is left out."""

    kind: str
    column: str
    changes: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What must be known of a column to put faults into it."""

    name: str
    kind: str
    filled: int
    distinct: int
    low: Any
    high: Any
    middle: Any
    spread: float


def quoted(name: str) -> str:
    """The column's name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def kind_of(type_: str) -> str:
    """number, text, date or other."""
    base = type_.partition("(")[0]
    if base in NUMBERS or base in FLOATS:
        return "number"
    if base in {"VARCHAR", "ENUM"}:
        return "text"
    return "date" if base == "DATE" or base.startswith("TIMESTAMP") else "other"


def facts_of(sample: Any, types: Mapping[str, str]) -> dict[str, Facts]:
    """The facts of every column of the sample."""
    return {name: _facts(sample, name, kind_of(type_)) for name, type_ in types.items()}


def _facts(sample: Any, name: str, kind: str) -> Facts:
    column = quoted(name)
    measured = {"number": f"{column}::DOUBLE", "text": f"length({column}::VARCHAR)"}.get(kind, "NULL::DOUBLE")
    finite = f"CASE WHEN isfinite({measured}::DOUBLE) THEN {measured} END"
    # A number that could overflow a sum of squares is measured as a share of the largest.
    scale = f"(SELECT greatest(max(abs({finite})), 1) FROM sample)"
    spread = f"coalesce(stddev_pop({finite} / {scale}), 0) * any_value({scale})"
    asked = f"count({column}), count(DISTINCT {column}), min({finite}), max({finite}), median({finite}), {spread}"
    [(filled, distinct, low, high, middle, spread_)] = sample.query(f"SELECT {asked} FROM sample")
    return Facts(
        name=name,
        kind=kind,
        filled=filled,
        distinct=distinct,
        low=low,
        high=high,
        middle=middle,
        spread=float(spread_ or 0.0),
    )


def faults_of(sample: Any, types: Mapping[str, str], columns: Sequence[str]) -> Iterator[Fault]:
    """Every fault for these columns, those that are left out among them."""
    facts = facts_of(sample, types)
    for name in columns:
        one = facts[name]
        if not one.filled:
            yield Fault(kind="any", column=name, left_out="the column holds no value")
            continue
        yield _gaps(one)
        match one.kind:
            case "number":
                yield from _of_number(one)
            case "text":
                yield from _of_text(one)
            case "date":
                yield from _of_date(sample, one, facts)
    yield from _swaps(sample, [facts[name] for name in columns if facts[name].filled])


def _every(count: int, odd: str, name: str) -> str:
    """One row in `count` gets the value `odd`."""
    return f"CASE WHEN crispq_row % {count} = 1 THEN {odd} ELSE {quoted(name)} END"


def _gaps(one: Facts) -> Fault:
    return Fault(kind="nulls", column=one.name, changes={one.name: _every(ONE_IN_GAPS, "NULL", one.name)})


# --- numbers -------------------------------------------------------------------------------------


def _of_number(one: Facts) -> Iterator[Fault]:
    column = quoted(one.name)
    if one.low is None or max(abs(one.low), abs(one.high)) > LARGEST:
        yield Fault(kind="unit x10", column=one.name, left_out="its numbers are too large to be multiplied")
        return
    for factor in (10, 1000):
        yield Fault(kind=f"unit x{factor}", column=one.name, changes={one.name: f"{column} * {factor}"})
    if one.low < 0 < one.high and abs(one.middle) < one.spread / 2:
        yield Fault(kind="sign flipped", column=one.name, left_out="its numbers lie on both sides of zero")
    else:
        yield Fault(kind="sign flipped", column=one.name, changes={one.name: f"-({column}::{_signed(one)})"})
    beyond = one.high + 2 * (one.high - one.low) + max(1.0, abs(one.high))
    odd = f"{beyond:.0f}" if float(one.high).is_integer() and float(one.low).is_integer() else repr(float(beyond))
    yield Fault(kind="out of range", column=one.name, changes={one.name: _every(ONE_IN_ODD, odd, one.name)})
    still = f"CASE WHEN {column} IS NOT NULL THEN (SELECT quantile_disc({column}, 0.5) FROM sample) END"
    if one.distinct < FEWEST_READINGS:
        yield Fault(kind="constant sensor", column=one.name, left_out="it holds a code with few values")
    else:
        yield Fault(kind="constant sensor", column=one.name, changes={one.name: still})


def _signed(one: Facts) -> str:
    """A type with a sign that holds the column's numbers."""
    return "BIGINT" if float(one.low).is_integer() and float(one.high).is_integer() and one.distinct > 1 else "DOUBLE"


# --- texts and dates -----------------------------------------------------------------------------


def _of_text(one: Facts) -> Iterator[Fault]:
    column = f"{quoted(one.name)}::VARCHAR"
    few = one.distinct <= MOST_CATEGORIES and one.distinct * ROWS_PER_CATEGORY <= one.filled
    if few:
        odd = f"CASE WHEN crispq_row % {ONE_IN_ODD} = 1 THEN 'crispq: new' ELSE {column} END"
        yield Fault(kind="new category", column=one.name, changes={one.name: odd})
    else:
        yield Fault(kind="new category", column=one.name, left_out="its texts are free")
    if one.high < 2:  # noqa: PLR2004 - one letter has no half
        yield Fault(kind="truncated text", column=one.name, left_out="its texts are too short")
    elif not few and one.low * 2 <= one.high:
        yield Fault(kind="truncated text", column=one.name, left_out="its texts are of any length")
    else:
        cut = f"left({column}, length({column}) // 2)"
        yield Fault(kind="truncated text", column=one.name, changes={one.name: cut})


def _of_date(sample: Any, one: Facts, facts: Mapping[str, Facts]) -> Iterator[Fault]:
    column = quoted(one.name)
    later = _every(ONE_IN_ODD, f"{column} + INTERVAL 100 YEAR", one.name)
    yield Fault(kind="out of range", column=one.name, changes={one.name: later})
    others = [other for other in facts.values() if other.kind == "date" and other.name != one.name and other.filled]
    if not any(_stand_in_order(sample, one.name, other.name) for other in others):
        yield Fault(kind="shuffled dates", column=one.name, left_out="no other date stands in an order with it")
        return
    place = "(sample.crispq_row * 7919 + 13) % (SELECT count(*) FROM sample)"
    moved = f"(SELECT s.{column} FROM sample s WHERE s.crispq_row = {place})"
    yield Fault(kind="shuffled dates", column=one.name, changes={one.name: moved})


def _stand_in_order(sample: Any, first: str, second: str) -> bool:
    """Whether the two dates stand in one order, and would not if one of them were shuffled."""
    asked = f"avg(({quoted(first)} <= {quoted(second)})::INTEGER), avg(({quoted(first)} >= {quoted(second)})::INTEGER)"
    overlap = f"min({quoted(first)}) < max({quoted(second)}) AND min({quoted(second)}) < max({quoted(first)})"
    try:
        [(before, after, overlapping)] = sample.query(f"SELECT {asked}, {overlap} FROM sample")
    except Exception:  # noqa: BLE001 - a moment with a time zone and one without have no order
        return False
    return bool(overlapping) and max(before or 0, after or 0) >= IN_ORDER


# --- swaps ---------------------------------------------------------------------------------------


def _swaps(sample: Any, facts: Sequence[Facts]) -> Iterator[Fault]:
    """Each column exchanged with the next one of its kind, if the two hold different values."""
    for kind in ("number", "text", "date"):
        alike = [one for one in facts if one.kind == kind]
        for one, other in zip(alike, [*alike[1:], *alike[:1]], strict=True):
            if len(alike) == 1 or (len(alike) == 2 and one is alike[1]):  # noqa: PLR2004 - the same pair once
                continue
            if _apart(sample, one, other) < ALIKE:
                yield Fault(kind="swapped columns", column=one.name, left_out="its neighbour holds alike values")
                continue
            exchanged = {one.name: quoted(other.name), other.name: quoted(one.name)}
            yield Fault(kind="swapped columns", column=one.name, changes=exchanged)


def _apart(sample: Any, one: Facts, other: Facts) -> float:
    """How far the two columns are apart, from 0 to 1: Kolmogorov-Smirnov; for texts the share that the other lacks."""
    a, b = quoted(one.name), quoted(other.name)
    if one.kind == "text":
        among = f"(SELECT {b} FROM sample WHERE {b} IS NOT NULL)"
        shared = f"SELECT avg(({a} IN {among})::INTEGER) FROM sample WHERE {a} IS NOT NULL"
        return 1.0 - float(sample.query(shared)[0][0])
    cast = "DOUBLE" if one.kind == "number" else "TIMESTAMP"
    counts = (
        f"SELECT {a}::{cast} AS v, 1.0 / {one.filled} AS f, 0.0 AS g FROM sample WHERE {a} IS NOT NULL "
        f"UNION ALL SELECT {b}::{cast}, 0.0, 1.0 / {other.filled} FROM sample WHERE {b} IS NOT NULL"
    )
    steps = f"SELECT v, sum(f)::DOUBLE AS f, sum(g)::DOUBLE AS g FROM ({counts}) GROUP BY v"
    below = f"SELECT sum(f) OVER (ORDER BY v) - sum(g) OVER (ORDER BY v) AS d FROM ({steps})"
    return float(sample.query(f"SELECT max(abs(d)) FROM ({below})")[0][0] or 0.0)
