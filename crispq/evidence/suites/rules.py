"""The rules of the compiled expectation types, one generator each: what is asked of the rows, what follows from it.

Throughout, `where` are the rows that the row condition leaves, "present" those of them whose value is not missing.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

from crispq.evidence.suites import pandas_types, patterns
from crispq.evidence.suites.columns import INFINITY, LARGEST, Column, all_of, any_of, fitting, literal, moment, number
from crispq.evidence.suites.compile import (
    NO_PAIR,
    NO_ROW,
    NO_ROW_LEFT,
    Asked,
    Asking,
    Judged,
    NotCompiled,
    rule,
)
from crispq.evidence.suites.demands import Aggregate, Count, Demand, Distinct, Groups, Modes, Present, Repeated, Steps

#: Sets and groups above this size are left to the library.
LONGEST_SET = 10_000
MOST_GROUPS = 200_000
#: The unit roundoff of a double.
ROUNDOFF = 2.0**-53
ALL_MISSING = "all {} values are missing"


# --- rows ----------------------------------------------------------------------------------------


def _vacuous(asked: Asked, rows: int, present: int | None) -> str:
    if rows == 0:
        return NO_ROW_LEFT if asked.where else NO_ROW
    return ALL_MISSING.format(rows) if present == 0 else ""


def _by_rows(asked: Asked, rows: int, looked_at: int, unexpected: int, breaks: str) -> Judged:
    """What follows when `unexpected` of the `looked_at` rows break it, as `mostly` says."""
    met = looked_at == 0 or (float(looked_at) - float(unexpected)) / float(looked_at) >= asked.get("mostly", 1)
    vacuous = _vacuous(asked, rows, looked_at) if met else ""
    outcome = asked.outcome(met=met, vacuous=vacuous, examined=rows, unexpected=unexpected)
    return Judged(outcome=outcome, breaks=all_of(asked.where, breaks) if breaks else "")


def _rows_breaking(asked: Asked, column: Column, breaks: str) -> Asking:
    """The rows whose value is present and breaks the condition."""
    broken = all_of(column.present, breaks)
    rows, present, unexpected = yield (asked.count(), _present(asked, column), asked.rare(broken))
    return _by_rows(asked, rows, present, unexpected, broken)


def _present(asked: Asked, column: Column) -> Demand:
    if asked.where:
        return asked.count(column.present)
    return Present(columns=(column.name,), such=column.present)


def _extremes(asked: Asked, column: Column) -> tuple[Demand, ...]:
    """The least and the greatest number (NaN where there is one); nothing for times."""
    if column.kind in {"time", "zoned"}:
        return ()
    return (
        Aggregate(columns=asked.names, where=asked.where, function="min", of=column.number),
        Aggregate(columns=asked.names, where=asked.where, function="max", of=column.number),
    )


@rule("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")
def _nulls(asked: Asked) -> Asking:
    (column,) = asked.columns
    rows, present = yield (asked.count(), _present(asked, column))
    wanted_missing = asked.expectation.type.endswith("to_be_null")
    unexpected = present if wanted_missing else rows - present
    met = rows == 0 or (rows - unexpected) / rows >= asked.get("mostly", 1)
    outcome = asked.outcome(
        met=met, vacuous=_vacuous(asked, rows, None) if met else "", examined=rows, unexpected=unexpected
    )
    return Judged(outcome=outcome, breaks=all_of(asked.where, column.present if wanted_missing else column.missing))


@rule("expect_column_values_to_be_between")
def _between(asked: Asked) -> Asking:
    (column,) = asked.columns
    low, high = (_bound(asked.get(name), column) for name in ("min_value", "max_value"))
    if low is not None and high is not None and asked.get("min_value") > asked.get("max_value"):
        raise NotCompiled
    rows, present, *extremes = yield (asked.count(), _present(asked, column), *_extremes(asked, column))
    breaks = any_of(
        [
            *([f"{column.number} {'<=' if asked.get('strict_min') else '<'} {low}"] if low is not None else []),
            *([f"{column.number} {'>=' if asked.get('strict_max') else '>'} {high}"] if high is not None else []),
        ]
    )
    if present == 0 or _surely_between(asked, extremes):
        return _by_rows(asked, rows, present, 0, all_of(column.present, breaks))
    broken = all_of(column.present, breaks)
    (unexpected,) = yield (asked.rare(broken),)
    return _by_rows(asked, rows, present, unexpected, broken)


def _bound(value: Any, column: Column) -> str | None:
    """The bound as SQL; None for no bound."""
    if value is None:
        return None
    if column.kind in {"time", "zoned"} and isinstance(value, str) and (written := moment(value, column)):
        return written
    if column.kind in {"integer", "float", "boolean"} and isinstance(value, int | float):
        if abs(value) > LARGEST and column.kind == "integer":
            raise NotCompiled
        return number(value)
    raise NotCompiled


def _surely_between(asked: Asked, extremes: Sequence[Any]) -> bool:
    """Whether the extremes alone show that no value breaks the bounds."""
    if None in extremes or not extremes:
        return False
    least, greatest = extremes
    low, high = asked.get("min_value"), asked.get("max_value")
    above = low is None or (least > low if asked.get("strict_min") else least >= low)
    below = high is None or (greatest < high if asked.get("strict_max") else greatest <= high)
    return bool(above and below) and not math.isnan(greatest)


@rule("expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set")
def _set(asked: Asked) -> Asking:
    (column,) = asked.columns
    literals = _members(asked, column)
    wanted = asked.expectation.type.endswith("to_be_in_set") and "not_be" not in asked.expectation.type
    among = f"{column.sql} IN ({', '.join(literals)})"
    return (yield from _rows_breaking(asked, column, f"NOT ({among})" if wanted else among))


def _members(asked: Asked, column: Column) -> tuple[str, ...]:
    literals = fitting(asked.get("value_set"), column)
    if not literals or len(literals) > LONGEST_SET or (column.type == "FLOAT"):
        raise NotCompiled
    return literals


@rule("expect_column_value_lengths_to_be_between", "expect_column_value_lengths_to_equal")
def _lengths(asked: Asked) -> Asking:
    (column,) = asked.columns
    length = f"length({_as_text(column)})"
    if asked.expectation.type.endswith("to_equal"):
        return (yield from _rows_breaking(asked, column, f"{length} <> {number(asked.get('value'))}"))
    low, high = asked.get("min_value"), asked.get("max_value")
    breaks = [
        *([f"{length} {'<=' if asked.get('strict_min') else '<'} {low}"] if low is not None else []),
        *([f"{length} {'>=' if asked.get('strict_max') else '>'} {high}"] if high is not None else []),
    ]
    return (yield from _rows_breaking(asked, column, any_of(breaks)))


def _as_text(column: Column) -> str:
    """The value as `astype(str)` writes it."""
    if column.kind == "text":
        return column.sql
    if column.kind == "integer":
        return f"CAST({column.sql} AS VARCHAR)"
    if column.kind == "boolean":
        return f"CASE WHEN {column.sql} THEN 'True' ELSE 'False' END"
    raise NotCompiled


@rule("expect_column_values_to_match_regex", "expect_column_values_to_not_match_regex")
def _regex(asked: Asked) -> Asking:
    wanted = "not_match" not in asked.expectation.type
    return (yield from _patterns(asked, [asked.get("regex", "(?s).*")], need_all=False, wanted=wanted))


@rule("expect_column_values_to_match_regex_list", "expect_column_values_to_not_match_regex_list")
def _regexes(asked: Asked) -> Asking:
    wanted = "not_match" not in asked.expectation.type
    need_all = wanted and asked.get("match_on", "any") == "all"
    return (yield from _patterns(asked, asked.get("regex_list"), need_all=need_all, wanted=wanted))


def _patterns(asked: Asked, regexes: Sequence[str], *, need_all: bool, wanted: bool) -> Asking:
    (column,) = asked.columns
    value = _as_text(column)
    care = patterns.care(regexes)
    python = patterns.python_test(regexes, need_all=need_all, wanted=wanted)
    if care is None or ("python" in care and len(regexes) > 1):
        raise NotCompiled
    if "python" in care:
        return (yield from _in_python(asked, column, python))
    tests = [f"regexp_matches({value}, {literal(patterns.for_re2(one))})" for one in regexes]
    matches = all_of(*tests) if need_all else any_of(tests)
    breaks = f"NOT ({matches})" if wanted else matches
    if care and column.kind == "text":
        newlines, wide = yield (
            asked.count(f"contains({value}, chr(10))"),
            asked.count(f"length({value}) <> strlen({value})"),
        )
        if ("newline" in care and newlines) or ("ascii" in care and wide):
            return (yield from _in_python(asked, column, python))
    return (yield from _rows_breaking(asked, column, breaks))


@rule(
    "expect_column_values_to_be_dateutil_parseable",
    "expect_column_values_to_match_strftime_format",
    "expect_column_values_to_be_json_parseable",
)
def _parseable(asked: Asked) -> Asking:
    (column,) = asked.columns
    if column.kind != "text":
        raise NotCompiled
    plainly, test = patterns.parse_test(asked.expectation.type, asked.get("strftime_format"), column.sql)
    return (yield from _in_python(asked, column, test, plainly=plainly))


def _in_python(asked: Asked, column: Column, test: Any, *, plainly: str = "") -> Asking:
    """Each different value is put to a test in Python, save those that plainly pass it."""
    if column.kind != "text":
        raise NotCompiled
    unclear = all_of(asked.where, column.present, f"NOT ({plainly})" if plainly else "")
    rows, present, groups = yield (
        asked.count(),
        _present(asked, column),
        Groups(columns=asked.names, where=unclear, of=column.sql, most=MOST_GROUPS),
    )
    if groups is None:
        raise NotCompiled
    failing = [(value, n) for value, n in groups if not test(value)]
    unexpected = sum(n for _, n in failing)
    few = 500
    among = ", ".join(literal(value) for value, _ in failing[:few])
    return _by_rows(asked, rows, present, unexpected, f"{column.sql} IN ({among})" if failing else "")


@rule("expect_column_values_to_be_increasing", "expect_column_values_to_be_decreasing")
def _ordered(asked: Asked) -> Asking:
    (column,) = asked.columns
    if not asked.ordered or not (column.type in {"BIGINT", "INTEGER", "DOUBLE"} or column.kind == "time"):
        raise NotCompiled
    yield from _refuse_wide_steps(column)
    rising = asked.expectation.type.endswith("increasing")
    sign = {(True, True): "<=", (True, False): "<", (False, True): ">=", (False, False): ">"}[
        rising, bool(asked.get("strictly"))
    ]
    wrong = f"crispq_v {sign} crispq_b"
    if column.kind == "float":  # infinity less infinity is no number, which the library lets pass
        wrong = f"{wrong} AND NOT (crispq_v = crispq_b AND abs(crispq_v) = {INFINITY})"
    rows, present, unexpected = yield (
        asked.count(),
        _present(asked, column),
        Steps(columns=asked.names, where=all_of(asked.where, column.present), of=column.sql, wrong=wrong),
    )
    return _by_rows(asked, rows, present, unexpected, "")


#: The widest step from value to value that pandas can take.
_WIDEST_STEP = {"BIGINT": 2**63 - 1, "INTEGER": 2**31 - 1, "TIMESTAMP_NS": timedelta(days=106_751)}


def _refuse_wide_steps(column: Column) -> Any:
    """Steps from value to value are taken in the column's own type, where they may run over."""
    if column.type not in _WIDEST_STEP:
        return
    least, greatest = yield (
        Aggregate(columns=(column.name,), function="min", of=column.sql),
        Aggregate(columns=(column.name,), function="max", of=column.sql),
    )
    if least is not None and greatest - least > _WIDEST_STEP[column.type]:
        raise NotCompiled


@rule("expect_column_values_to_be_unique")
def _unique(asked: Asked) -> Asking:
    (column,) = asked.columns
    _refuse_other([column])
    where = all_of(asked.where, column.present)
    rows, present, repeated = yield (
        asked.count(),
        _present(asked, column),
        Repeated(columns=asked.names, where=where, of=(column.sql,)),
    )
    twice = f"{column.sql} IN (SELECT {column.sql} FROM rows WHERE {where} GROUP BY {column.sql} HAVING count(*) > 1)"
    return _by_rows(asked, rows, present, repeated, all_of(column.present, twice))


def _refuse_other(columns: Sequence[Column]) -> None:
    if any(one.kind == "other" for one in columns):
        raise NotCompiled


@rule("expect_column_value_z_scores_to_be_less_than")
def _z_scores(asked: Asked) -> Asking:
    (column,) = asked.columns
    _refuse_all_but_plain_numbers(column)
    if column.kind == "integer":
        yield from _refuse_masked(asked, [column])
    value = f"CAST({column.value} AS DOUBLE)"
    rows, present, infinite, mean, spread = yield (
        asked.count(),
        _present(asked, column),
        asked.count(column.present, f"abs({column.sql}) = {INFINITY}")
        if column.kind == "float"
        else asked.count("FALSE"),
        Aggregate(columns=asked.names, where=all_of(asked.where, _finite(column)), function="avg", of=value),
        Aggregate(columns=asked.names, where=all_of(asked.where, _finite(column)), function="stddev_samp", of=value),
    )
    if infinite or not all(one is None or math.isfinite(one) for one in (mean, spread)):
        raise NotCompiled
    if not present or not spread:  # an undefined score breaks nothing
        return _by_rows(asked, rows, present, 0, "")
    score = f"({value} - {number(mean)}) / {number(spread)}"
    limit = float(asked.get("threshold"))
    if asked.get("double_sided"):
        score, limit = f"abs({score})", abs(limit)
    band = 1e-9 * (abs(limit) + (abs(mean) / spread) + 1)
    broken = all_of(column.present, f"{score} >= {number(limit)}")
    unexpected, doubtful = yield (
        asked.count(broken),
        asked.count(column.present, f"{score} BETWEEN {number(limit - band)} AND {number(limit + band)}"),
    )
    if doubtful:
        raise NotCompiled
    return _by_rows(asked, rows, present, unexpected, broken)


def _refuse_masked(asked: Asked, columns: Sequence[Column]) -> Asking:
    """A whole number that may be missing is of another pandas type, with a reckoning of its own."""
    whole = [one for one in columns if one.kind in {"integer", "boolean"}]
    rows, *filled = yield (Count(), *(Present(columns=(one.name,), such=one.present) for one in whole))
    if any(one < rows for one in filled):
        raise NotCompiled
    return Judged(outcome=asked.outcome(met=True))


def _finite(column: Column) -> str:
    return f"abs({column.sql}) < {INFINITY}" if column.kind == "float" else column.present


def _refuse_all_but_plain_numbers(column: Column) -> None:
    """A 32-bit float is reckoned in 32 bits by pandas."""
    if not column.numeric or column.type == "FLOAT":
        raise NotCompiled


# --- pairs and records ---------------------------------------------------------------------------


@rule("expect_column_pair_values_to_be_equal", "expect_column_pair_values_a_to_be_greater_than_b")
def _pair(asked: Asked) -> Asking:
    first, second = asked.columns
    _refuse_unlike(asked.columns)
    equal = asked.expectation.type.endswith("equal")
    sign = "=" if equal else (">=" if asked.get("or_equal") else ">")
    good = all_of(first.present, second.present, f"{first.number} {sign} {second.number}")
    return (yield from _records(asked, f"NOT ({good})", asked.get("ignore_row_if", "both_values_are_missing")))


def _refuse_unlike(columns: Sequence[Column]) -> None:
    """Columns of different kinds are compared by rules of their own; whole numbers of 64 bits turn into floats."""
    kinds = {"number" if one.numeric else one.kind for one in columns}
    if len(kinds) != 1 or "other" in kinds or any(one.type == "FLOAT" for one in columns):
        raise NotCompiled
    if {"integer", "float"} <= {one.kind for one in columns} and any(
        one.type in {"BIGINT", "UBIGINT"} for one in columns
    ):
        raise NotCompiled
    if kinds == {"time"} and len({one.type for one in columns}) > 1:
        raise NotCompiled


def _records(asked: Asked, breaks: str, ignored: str) -> Asking:
    """Rows of several columns, without those that are ignored for what they miss.

    Where a whole number or a boolean is missing, pandas says neither yes nor no: such rows are left to the library.
    """
    every = all_of(*(one.present for one in asked.columns))
    some = any_of(one.present for one in asked.columns)
    kept = {"both": some, "all_": some, "eith": every, "any_": every}.get(ignored[:4], "")
    uncertain = [one.missing for one in asked.columns if one.kind in {"integer", "boolean"}]
    rows, examined, unexpected, doubtful = yield (
        asked.count(),
        asked.count(kept),
        asked.rare(kept, breaks),
        asked.rare(kept, any_of(uncertain) if uncertain else "FALSE"),
    )
    if doubtful:
        raise NotCompiled
    judged = _by_rows(asked, rows, examined, unexpected, all_of(kept, breaks))
    vacuous = NO_PAIR if judged.outcome.met and rows and not examined else judged.outcome.vacuous
    outcome = asked.outcome(
        met=judged.outcome.met, vacuous=vacuous, examined=judged.outcome.examined, unexpected=unexpected
    )
    return Judged(outcome=outcome, breaks=judged.breaks)


@rule("expect_column_pair_values_to_be_in_set")
def _pair_set(asked: Asked) -> Asking:
    pairs = asked.get("value_pairs_set")
    if asked.where or len(pairs) > LONGEST_SET:
        raise NotCompiled
    _refuse_other(asked.columns)
    among = any_of(
        all_of(*(_equals(column, value) for column, value in zip(asked.columns, pair, strict=True))) for pair in pairs
    )
    ignored = asked.get("ignore_row_if", "both_values_are_missing")
    kept = {
        "both_values_are_missing": any_of(one.present for one in asked.columns),
        "either_value_is_missing": all_of(*(one.present for one in asked.columns)),
    }.get(ignored, "")
    broken = f"NOT coalesce(({among}), FALSE)"
    rows, examined, unexpected = yield (asked.count(), asked.count(kept), asked.count(kept, broken))
    return _by_rows(asked, rows, examined, unexpected, all_of(kept, broken))


def _equals(column: Column, value: Any) -> str:
    if value is None:
        return column.missing
    if (literals := fitting([value], column)) is None or column.type == "FLOAT":
        raise NotCompiled
    return all_of(column.present, f"{column.sql} = {literals[0]}")


@rule("expect_multicolumn_sum_to_equal")
def _sum_of_columns(asked: Asked) -> Asking:
    many = 8
    if any(not one.numeric or one.type == "FLOAT" for one in asked.columns) or len(asked.columns) >= many:
        raise NotCompiled
    whole = all(one.kind == "integer" for one in asked.columns)
    if whole:
        yield from _refuse_inexact_sum(asked)
    else:
        yield from _refuse_masked(asked, asked.columns)
    parts = [f"CAST({one.sql} AS {'HUGEINT' if whole else 'DOUBLE'})" for one in asked.columns]
    total = " + ".join(parts)
    good = all_of(*(one.present for one in asked.columns), f"{total} = {number(asked.get('sum_total'))}")
    return (yield from _records(asked, f"NOT ({good})", asked.get("ignore_row_if", "all_values_are_missing")))


def _refuse_inexact_sum(asked: Asked) -> Any:
    """Whole numbers are added up in 64 bits and compared as floats: alike only while sums are exact."""
    extremes = yield tuple(
        Aggregate(columns=(one.name,), function=function, of=one.sql)
        for one in asked.columns
        for function in ("min", "max")
    )
    if sum(abs(one) for one in extremes if one is not None) > LARGEST:
        raise NotCompiled


@rule("expect_select_column_values_to_be_unique_within_record")
def _unique_within_record(asked: Asked) -> Asking:
    _refuse_unlike(asked.columns)
    alike = any_of(_alike(one, other) for one, other in combinations(asked.columns, 2))
    if not alike:
        raise NotCompiled
    return (yield from _records(asked, alike, asked.get("ignore_row_if", "all_values_are_missing")))


def _alike(one: Column, other: Column) -> str:
    """The condition that both columns hold the same value, or none."""
    return any_of([all_of(one.present, other.present, f"{one.sql} = {other.sql}"), all_of(one.missing, other.missing)])


@rule("expect_multicolumn_values_to_be_equal")
def _equal_within_record(asked: Asked) -> Asking:
    _refuse_unlike(asked.columns)
    first = asked.columns[0]
    same = all_of(*(_alike(first, one) for one in asked.columns[1:]))
    if not same:
        raise NotCompiled
    return (yield from _records(asked, f"NOT ({same})", asked.get("ignore_row_if", "all_values_are_missing")))


@rule("expect_compound_columns_to_be_unique")
def _compound(asked: Asked) -> Asking:
    _refuse_other(asked.columns)
    ignored = asked.get("ignore_row_if", "all_values_are_missing")
    kept = {
        "all_values_are_missing": any_of(one.present for one in asked.columns),
        "any_value_is_missing": all_of(*(one.present for one in asked.columns)),
    }.get(ignored, "")
    where = all_of(asked.where, kept)
    values = tuple(one.value for one in asked.columns)
    rows, examined, repeated = yield (
        asked.count(),
        asked.count(kept),
        Repeated(columns=asked.names, where=where, of=values),
    )
    several = ", ".join(values)
    matched = " AND ".join(f"({one}) IS NOT DISTINCT FROM crispq_g.crispq_k{index}" for index, one in enumerate(values))
    keys = ", ".join(f"{one} AS crispq_k{index}" for index, one in enumerate(values))
    twice = (
        f"EXISTS (SELECT 1 FROM (SELECT {keys} FROM rows {f'WHERE {where}' if where else ''}"
        f" GROUP BY {several} HAVING count(*) > 1) AS crispq_g WHERE {matched})"
    )
    return _by_rows(asked, rows, examined, repeated, all_of(kept, twice))


# --- columns as a whole --------------------------------------------------------------------------


def _whole(asked: Asked, *, met: bool, observed: Any, rows: int, present: int | None = None) -> Judged:
    vacuous = _vacuous(asked, rows, present) if met else ""
    return Judged(outcome=asked.outcome(met=met, vacuous=vacuous, observed=observed))


def _within(asked: Asked, value: Any, *, low: Any = None, high: Any = None) -> bool:
    low = asked.get("min_value") if low is None else low
    high = asked.get("max_value") if high is None else high
    above = low is None or (value > low if asked.get("strict_min") else value >= low)
    below = high is None or (value < high if asked.get("strict_max") else value <= high)
    return bool(above and below)


def _numbers(asked: Asked, column: Column, *functions: str) -> Any:
    """The rows, those present, and these aggregates of the numbers that are present.

    Asked for plainly at first, which footers may answer; once more without NaN when the greatest value is one.
    """
    rows, present, *found = yield (
        asked.count(),
        _present(asked, column),
        *(Aggregate(columns=asked.names, where=asked.where, function=one, of=column.number) for one in functions),
        *(_extremes(asked, column) if column.kind == "float" else ()),
    )
    if column.kind == "float" and found[-1] is not None and math.isnan(found[-1]):
        found = yield tuple(
            Aggregate(columns=asked.names, where=asked.where, function=one, of=column.value) for one in functions
        )
    return rows, present, *found[: len(functions)]


@rule("expect_column_min_to_be_between", "expect_column_max_to_be_between")
def _extreme(asked: Asked) -> Asking:
    (column,) = asked.columns
    if column.kind == "zoned":
        raise NotCompiled
    for name in ("min_value", "max_value"):
        _bound(asked.get(name), column)
    rows, present, found = yield from _numbers(
        asked, column, "min" if "column_min" in asked.expectation.type else "max"
    )
    if not present:
        return _whole(asked, met=False, observed=None, rows=rows)
    low, high = (_comparable(asked.get(name), column) for name in ("min_value", "max_value"))
    if column.kind == "time":
        found = _moment(found)
    return _whole(asked, met=_within(asked, found, low=low, high=high), observed=found, rows=rows, present=present)


def _comparable(value: Any, column: Column) -> Any:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if column.type == "FLOAT" and value is not None:
        return struct.unpack("f", struct.pack("f", value))[0]
    return value


def _moment(value: Any) -> Any:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day


@rule("expect_column_sum_to_be_between", "expect_column_mean_to_be_between")
def _sum_or_mean(asked: Asked) -> Asking:
    (column,) = asked.columns
    if column.kind != "boolean":
        _refuse_all_but_plain_numbers(column)
    _refuse_moments(asked)
    mean = "column_mean" in asked.expectation.type
    rows, present, least, greatest, total = yield from _numbers(asked, column, "min", "max", "sum")
    if not present:
        if mean:
            return _whole(asked, met=False, observed=None, rows=rows)
        return _whole(asked, met=_within(asked, 0), observed=0, rows=rows, present=present)
    largest = max(abs(least), abs(greatest))
    exact = column.kind in {"integer", "boolean"} and present * largest < 2**53
    if not math.isfinite(largest) or (not exact and column.kind == "integer"):
        raise NotCompiled
    observed = float(total) / present if mean else total
    doubt = 0.0 if exact else 4 * (present + 8) * ROUNDOFF * largest * (1 if mean else present)
    _refuse_doubt(asked, observed, doubt)
    return _whole(asked, met=_within(asked, observed), observed=observed, rows=rows, present=present)


def _refuse_moments(asked: Asked) -> None:
    if any(isinstance(asked.get(name), str) for name in ("min_value", "max_value")):
        raise NotCompiled


def _refuse_doubt(asked: Asked, observed: float, doubt: float) -> None:
    """A sum of floats depends on the order of its terms: so near a bound the library itself has to add."""
    for name in ("min_value", "max_value"):
        bound = asked.get(name)
        if doubt and bound is not None and abs(observed - bound) <= doubt:
            raise NotCompiled


@rule("expect_column_stdev_to_be_between")
def _stdev(asked: Asked) -> Asking:
    (column,) = asked.columns
    _refuse_all_but_plain_numbers(column)
    rows, present, least, greatest, spread = yield from _numbers(asked, column, "min", "max", "stddev_samp")
    two = 2
    if present < two:
        return _whole(asked, met=False, observed=None, rows=rows)
    largest = max(abs(least), abs(greatest))
    if not math.isfinite(largest):
        raise NotCompiled
    if least == greatest and column.kind == "integer":
        return _whole(asked, met=_within(asked, 0.0), observed=0.0, rows=rows, present=present)
    _refuse_doubt(asked, spread, 8 * (present + 16) * ROUNDOFF * largest)
    return _whole(asked, met=_within(asked, spread), observed=spread, rows=rows, present=present)


@rule("expect_column_median_to_be_between")
def _median(asked: Asked) -> Asking:
    (column,) = asked.columns
    _refuse_all_but_plain_numbers(column)
    _refuse_moments(asked)
    rows, present = yield (asked.count(), _present(asked, column))
    if not present:
        return _whole(asked, met=False, observed=None, rows=rows)
    above = yield from _median_keeps_to(asked, column, present, lower=True)
    below = yield from _median_keeps_to(asked, column, present, lower=False)
    return _whole(asked, met=above and below, observed=None, rows=rows, present=present)


def _median_keeps_to(asked: Asked, column: Column, present: int, *, lower: bool) -> Any:
    """Whether the median keeps to one bound, by counting the values beyond it.

    The two middle values (one and the same for an odd number) are those of ranks `first` and `second`. When both lie
    on one side, so does their mean; when the bound parts them, they are looked up.
    """
    bound = asked.get("min_value" if lower else "max_value")
    strict = bool(asked.get("strict_min" if lower else "strict_max"))
    if bound is None:
        return True
    beyond = f"{column.sql} {('<=' if strict else '<') if lower else ('>=' if strict else '>')} {_bound(bound, column)}"
    (count,) = yield (asked.count(column.present, beyond),)
    first, second = (present - 1) // 2, present // 2
    if count <= first:
        return True
    if count > second:
        return False
    inner = Aggregate(
        columns=asked.names,
        where=all_of(asked.where, column.present, beyond),
        function="max" if lower else "min",
        of=column.sql,
    )
    outer = Aggregate(
        columns=asked.names,
        where=all_of(asked.where, column.present, f"NOT ({beyond})"),
        function="min" if lower else "max",
        of=column.sql,
    )
    one, other = yield (inner, outer)
    middle = (float(one) + float(other)) / 2
    if lower:
        return middle > bound if strict else middle >= bound
    return middle < bound if strict else middle <= bound


@rule("expect_column_quantile_values_to_be_between")
def _quantiles(asked: Asked) -> Asking:
    (column,) = asked.columns
    if not column.numeric or asked.get("allow_relative_error"):
        raise NotCompiled
    shares, ranges = (asked.get("quantile_ranges")[name] for name in ("quantiles", "value_ranges"))
    rows, present = yield (asked.count(), _present(asked, column))
    if not present:
        raise NotCompiled
    counts = yield tuple(demand for low, high in ranges for demand in _outside(asked, column, low, high))
    met = True
    for index, share in enumerate(shares):
        rank = round((present - 1) * ((share * 100.0) / 100))
        below, above = counts[2 * index], counts[2 * index + 1]
        met = met and below <= rank < present - above
    return _whole(asked, met=met, observed=None, rows=rows, present=present)


def _outside(asked: Asked, column: Column, low: float | None, high: float | None) -> tuple[Demand, Demand]:
    """How many values lie below `low` and above `high`, each widened as the library widens it: by 1e-4 of itself."""
    value = f"CAST({column.sql} AS DOUBLE)"
    none = asked.count("FALSE")
    below = above = none
    if low is not None:
        near = f"abs({value} - {number(low)}) <= {number(1e-8 + 1e-4 * abs(low))}"
        below = asked.count(column.present, f"{value} < {number(low)} AND NOT ({near})")
    if high is not None:
        near = f"abs({value} - {number(high)}) <= {number(1e-8 + 1e-4 * abs(high))}"
        above = asked.count(column.present, f"{value} > {number(high)} AND NOT ({near})")
    return below, above


@rule(
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set",
    "expect_column_distinct_values_to_equal_set",
)
def _distinct_set(asked: Asked) -> Asking:
    (column,) = asked.columns
    literals = _members(asked, column)
    among = f"{column.sql} IN ({', '.join(literals)})"
    rows, present, outside, inside = yield (
        asked.count(),
        _present(asked, column),
        Distinct(columns=asked.names, where=all_of(asked.where, column.present, f"NOT ({among})"), of=column.sql),
        Distinct(columns=asked.names, where=all_of(asked.where, column.present, among), of=column.sql),
    )
    lacking = len(literals) - inside
    kind = asked.expectation.type.removeprefix("expect_column_distinct_values_to_")
    met = {"be_in_set": not outside, "contain_set": not lacking, "equal_set": not outside and not lacking}[kind]
    outcome = asked.outcome(
        met=met,
        vacuous=_vacuous(asked, rows, present) if met else "",
        unexpected=None if kind == "contain_set" else outside,
        observed={"values outside the set": outside, "values of the set that are missing": lacking},
    )
    breaks = "" if kind == "contain_set" else all_of(asked.where, column.present, f"NOT ({among})")
    return Judged(outcome=outcome, breaks=breaks)


@rule("expect_column_unique_value_count_to_be_between", "expect_column_proportion_of_unique_values_to_be_between")
def _distinct_count(asked: Asked) -> Asking:
    (column,) = asked.columns
    _refuse_other([column])
    rows, present, distinct = yield (
        asked.count(),
        _present(asked, column),
        Distinct(columns=asked.names, where=all_of(asked.where, column.present), of=column.sql),
    )
    observed = distinct
    if "proportion" in asked.expectation.type:
        observed = distinct / present if present else 0
    return _whole(asked, met=_within(asked, observed), observed=observed, rows=rows, present=present)


@rule("expect_column_proportion_of_non_null_values_to_be_between")
def _share_present(asked: Asked) -> Asking:
    (column,) = asked.columns
    rows, present = yield (asked.count(), _present(asked, column))
    observed = present / rows if rows else 0
    return _whole(asked, met=_within(asked, observed), observed=observed, rows=rows)


@rule("expect_column_most_common_value_to_be_in_set")
def _most_common(asked: Asked) -> Asking:
    (column,) = asked.columns
    literals = _members(asked, column)
    rows, present, (modes, among) = yield (
        asked.count(),
        _present(asked, column),
        Modes(
            columns=asked.names,
            where=all_of(asked.where, column.present),
            of=column.sql,
            among=f"crispq_v IN ({', '.join(literals)})",
        ),
    )
    met = among > 0 if asked.get("ties_okay") else modes == 1 and among == 1
    return _whole(asked, met=met, observed={"most common values": modes}, rows=rows, present=present)


@rule("expect_column_kl_divergence_to_be_less_than")
def _divergence(asked: Asked) -> Asking:
    (column,) = asked.columns
    partition, threshold = asked.get("partition_object"), asked.get("threshold")
    if partition is None or threshold is None or threshold < 0:
        raise NotCompiled
    if not math.isclose(math.fsum(partition["weights"]), 1, rel_tol=1e-6) or min(partition["weights"]) < 0:
        raise NotCompiled
    if "values" in partition:
        rows, pairs = yield from _categories(asked, column, partition)
    else:
        rows, pairs = yield from _bins(asked, column, partition)
    divergence = _entropy(pairs)
    if abs(divergence - threshold) <= 1e-9 * (1 + threshold):
        raise NotCompiled
    observed = divergence if math.isfinite(divergence) else None
    return _whole(asked, met=divergence <= threshold, observed=observed, rows=rows)


def _categories(asked: Asked, column: Column, partition: Any) -> Any:
    values, weights = partition["values"], partition["weights"]
    literals = fitting(values, column)
    if not literals or len(literals) != len(values) or asked.get("internal_weight_holdout") or column.type == "FLOAT":
        raise NotCompiled
    rows, present, groups = yield (
        asked.count(),
        _present(asked, column),
        Groups(columns=asked.names, where=all_of(asked.where, column.present), of=column.sql, most=LONGEST_SET),
    )
    if not present or groups is None:
        raise NotCompiled
    seen, expected = dict(groups), dict(zip(values, weights, strict=True))
    unknown = [value for value in seen if value not in expected]
    holdout = asked.get("tail_weight_holdout") or 0
    scale = 1 - holdout if unknown else 1
    pairs = [(seen.get(value, 0) / present, weight * scale) for value, weight in expected.items()]
    return rows, pairs + [(seen[value] / present, holdout / len(unknown)) for value in unknown]


def _bins(asked: Asked, column: Column, partition: Any) -> Any:
    bins, weights = partition["bins"], partition["weights"]
    tails, inner = asked.get("tail_weight_holdout") or 0, asked.get("internal_weight_holdout") or 0
    rising = all(low < high for low, high in pairwise(bins))
    if not column.numeric or column.type == "FLOAT" or not rising or asked.get("bucketize_data") is False:
        raise NotCompiled
    yield from _refuse_masked(asked, [column])
    last = len(weights) - 1
    demands = [
        asked.count(
            column.present,
            f"{column.sql} >= {number(low)} AND {column.sql} {'<=' if index == last else '<'} {number(high)}",
        )
        for index, (low, high) in enumerate(pairwise(bins))
    ]
    rows, present, below, above, *counts = yield (
        asked.count(),
        _present(asked, column),
        asked.count(column.present, f"{column.sql} < {number(bins[0])}"),
        asked.count(column.present, f"{column.sql} > {number(bins[-1])}"),
        *demands,
    )
    if not present:
        raise NotCompiled
    expected = [weight * (1 - tails - inner) for weight in weights]
    if inner and (zeros := expected.count(0)):
        expected = [weight or inner / zeros for weight in expected]
    pairs = [(count / present, weight) for count, weight in zip(counts, expected, strict=True)]
    return rows, [(below / present, tails / 2), *pairs, (above / present, tails / 2)]


def _entropy(pairs: Sequence[tuple[float, float]]) -> float:
    """The Kullback-Leibler divergence of (observed, expected) weights, each side scaled to sum to one."""
    observed, expected = (math.fsum(side) for side in zip(*pairs, strict=True))
    if not observed or not expected:
        raise NotCompiled
    terms = []
    for p, q in ((p / observed, q / expected) for p, q in pairs):
        if p and not q:
            return math.inf
        terms.append(p * math.log(p / q) if p else 0.0)
    return math.fsum(terms)


# --- types and tables ----------------------------------------------------------------------------


@rule("expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list")
def _type(asked: Asked) -> Asking:
    (column,) = asked.columns
    names = asked.get("type_list", [asked.get("type_")])
    rows, filled = yield (Count(), Aggregate(columns=(column.name,), function="count", of=column.sql))
    if names is None or not rows or asked.where:
        raise NotCompiled
    dtype = pandas_types.dtype(column, has_nulls=filled < rows, all_null=not filled)
    if dtype is None:
        raise NotCompiled
    met = pandas_types.accepts(dtype, names, listed="type_list" in asked.expectation.kwargs)
    if met is None:
        raise NotCompiled
    return Judged(outcome=asked.outcome(met=met, observed=pandas_types.observed(dtype)))


@rule("expect_column_to_exist")
def _exists(asked: Asked) -> Asking:
    name, index, present = asked.get("column"), asked.get("column_index"), list(asked.types)
    there = name in present
    met = present[index : index + 1 or None] == [name] if index else there
    yield ()
    return Judged(outcome=asked.outcome(met=met))


@rule("expect_table_column_count_to_equal", "expect_table_column_count_to_be_between")
def _column_count(asked: Asked) -> Asking:
    found = len(asked.types)
    met = found == asked.get("value") if asked.expectation.type.endswith("to_equal") else _within(asked, found)
    yield ()
    return Judged(outcome=asked.outcome(met=met, observed=found))


@rule("expect_table_columns_to_match_ordered_list", "expect_table_columns_to_match_set")
def _column_names(asked: Asked) -> Asking:
    found = list(asked.types)
    if asked.expectation.type.endswith("ordered_list"):
        met = found == list(asked.get("column_list", found))
    else:
        expected = set(asked.get("column_set", []))
        met = expected == set(found) if asked.get("exact_match", True) else expected <= set(found)
    yield ()
    return Judged(outcome=asked.outcome(met=met, observed=found))


@rule("expect_table_row_count_to_equal", "expect_table_row_count_to_be_between")
def _row_count(asked: Asked) -> Asking:
    (rows,) = yield (asked.count(),)
    met = rows == asked.get("value") if asked.expectation.type.endswith("to_equal") else _within(asked, rows)
    vacuous = _vacuous(asked, rows, None) if met else ""
    return Judged(outcome=asked.outcome(met=met, vacuous=vacuous, observed=rows))
