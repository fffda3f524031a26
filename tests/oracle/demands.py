"""The demands of the oracle test: for every column and every type of expectation, arguments taken from the data.

Bounds lie exactly on values, beside them and far from them, sets lack one value or have one too many, `mostly` lies
exactly on the share that keeps the demand, and as near as a number can above and below it.
"""

from __future__ import annotations

import json
import math
import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from oracle.sheets import Sheet

if TYPE_CHECKING:
    import pandas as pd

Arguments = dict[str, Any]
WHOLE_TABLE = (
    *("expect_table_column", "expect_table_row_count_to_equal_other", "expect_column_to_exist"),
    *("expect_column_type_to_be", "unexpected_rows"),
)
NAMED = ("min_value", "max_value", "value_set", "mostly", "regex", "value")
MISSING_PAIRS = ("both_values_are_missing", "either_value_is_missing", "neither")
MISSING_SEVERAL = ("all_values_are_missing", "any_value_is_missing", "never")
#: How much of each sheet is drawn: columns for a type, of them one that does not suit it, and so on.
COLUMNS_PER_TYPE = 3
UNSUITED = 0.2
PER_PAIR = 5
PER_GROUP = 5
PER_TABLE = 10
PER_CONDITION = 5
PARAMETRISED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One expectation as a suite writes it. parameters: what the suite says of the names in its arguments."""

    type: str
    kwargs: Arguments
    parameters: Arguments = field(default_factory=dict)

    @property
    def text(self) -> str:
        """As JSON, the same for the same demand."""
        return json.dumps([self.type, self.kwargs], sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as its demands need it: its kind, and the values that are present, in order of the rows."""

    name: str
    kind: str
    rows: int
    present: Sequence[Any]

    @property
    def ranked(self) -> list[Any]:
        """The distinct values, smallest first."""
        return sorted(set(self.present))

    def share(self, keeps: Callable[[Any], bool]) -> tuple[int, int]:
        """How many of how many values keep a demand."""
        return sum(map(keeps, self.present)), len(self.present)


Maker = Callable[[Column, random.Random], Iterable[Arguments]]


def demands(sheet: Sheet, frame: pd.DataFrame, *, draw: int = 0) -> list[Demand]:
    """What is demanded of the sheet: no demand twice; every `draw` is another sample, itself always the same."""
    columns = [_column(name, frame[name]) for name in frame]
    made = [*_of_columns(sheet, columns, draw)]
    for first, second in sheet.pairs:
        made += _drawn(PER_PAIR, list(_of_pair(sheet, columns, first, second, draw)), sheet.name, first, second, draw)
    for names in sheet.several:
        made += _drawn(PER_GROUP, list(_of_group(sheet, columns, names, draw)), sheet.name, *names, draw)
    made += _drawn(PER_TABLE, [*_of_table(frame), *_absent(frame)], sheet.name, "table", draw)
    made += _conditioned(sheet, made, draw)
    made += _parametrised(sheet, made, draw)
    return list({one.text: one for one in made}.values())


def _drawn(count: int, made: Sequence[Demand], *about: object) -> list[Demand]:
    return _rng(*about).sample(made, min(count, len(made)))


def _rng(*parts: object) -> random.Random:
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - a fixed sequence is the point


def _column(name: Any, series: Any) -> Column:
    values = [_plain(one) for one in series[~series.isna()].tolist()]
    kind = _kind(series, values)
    plain = [str(one) for one in values] if kind == "other" else values
    return Column(name=str(name), kind=kind, rows=len(series), present=plain)


def _kind(series: Any, values: Sequence[Any]) -> str:
    letter = series.dtype.kind
    if letter == "M":
        return "zoned" if getattr(series.dtype, "tz", None) else "moment"
    known = {"i": "whole", "u": "whole", "f": "real", "b": "flag"}
    if letter in known:
        return known[letter]
    return "text" if all(isinstance(one, str) for one in values) else "other"


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


# --- of one column -------------------------------------------------------------------------------


def _of_columns(sheet: Sheet, columns: Sequence[Column], draw: int) -> Iterator[Demand]:
    for name, (maker, kinds) in OF_COLUMN.items():
        rng = _rng(sheet.name, name, draw)
        suited = [one for one in columns if not kinds or one.kind in kinds]
        others = [one for one in columns if kinds and one.kind not in kinds]
        chosen = rng.sample(suited, min(COLUMNS_PER_TYPE, len(suited)))
        if others and rng.random() < UNSUITED:
            chosen.append(rng.choice(others))
        for column in chosen:
            fitting = [one for one in maker(column, rng) if _is_json(one)]
            if fitting:
                yield Demand(type=name, kwargs={"column": column.name, **rng.choice(fitting)})


def _shares(kept: int, count: int) -> Iterator[float]:
    """Values of `mostly` around the share kept / count: on it, next to it, and rounded as people write it."""
    if count and kept:
        share = kept / count
        yield share
        yield from (one for one in (math.nextafter(share, 2), math.nextafter(share, 0)) if 0 < one <= 1)
        yield from (one for one in (round(share, 2), math.floor(share * 100) / 100, (kept - 0.5) / count) if 0 < one)
        yield min(1.0, (kept + 1) / count)
    else:
        yield from (0.5, 1.0)


def _with_shares(made: Iterable[tuple[Arguments, Callable[[Any], bool]]], column: Column) -> Iterator[Arguments]:
    for kwargs, keeps in made:
        yield kwargs
        kept, count = column.share(keeps)
        for share in _shares(kept, count):
            yield {**kwargs, "mostly": share}


def _nothing(column: Column, rng: random.Random) -> Iterator[Arguments]:
    yield {}
    kept = max(1, rng.randrange(len(column.present) + 1))
    for share in _shares(kept, max(1, len(column.present))):
        yield {"mostly": share}


def _missing(column: Column, _: random.Random) -> Iterator[Arguments]:
    yield {}
    present = len(column.present)
    for kept in (present, column.rows - present):
        for share in _shares(kept, column.rows):
            yield {"mostly": share}


def _limits(column: Column, rng: random.Random) -> Iterator[tuple[Any, Any]]:
    """Pairs of bounds from the values: the full range, one value less at an end, one bound, none inside."""
    ranked: list[Any] = column.ranked
    if not ranked or column.kind in {"other", "flag"}:
        ranked = {"moment": ["2024-01-01"], "zoned": ["2024-01-01T00:00:00+00:00"]}.get(column.kind, [0, 1])
    low: Any = ranked[0]
    high: Any = ranked[-1]
    yield from ((low, high), (low, None), (None, high), (high, high), (low, low))
    if len(ranked) > 2:
        yield from ((ranked[1], high), (low, ranked[-2]), (ranked[1], ranked[-2]), tuple(sorted(rng.sample(ranked, 2))))
    if column.kind in {"whole", "real"} and all(math.isfinite(one) for one in (low, high)):
        yield from ((math.nextafter(low, math.inf), high), (low, math.nextafter(high, -math.inf)))
        yield from ((low - 1, high + 1), (None, low), (high + 1, None), (low + 0.5, high - 0.5))
    if column.kind == "moment":
        yield from ((str(low)[:10], str(high)[:10]), (str(low).replace("T", " "), None), ("1900-01-01", "2100-01-01"))
        yield from ((str(low) + "+00:00", None), (0, None))
    if column.kind == "zoned":
        yield from ((str(low)[:19], str(high)[:19]), (str(low)[:10], None))
        yield from (("2024-03-31T03:00:00+02:00", None), (None, "2024-03-31T03:00:00Z"))


def _bounded(pairs: Iterable[tuple[Any, Any]]) -> Iterator[Arguments]:
    for low, high in pairs:
        bounds = {"min_value": low, "max_value": high}
        kwargs = {name: value for name, value in bounds.items() if value is not None}
        yield kwargs
        yield {**kwargs, "strict_min": True}
        yield {**kwargs, "strict_max": True}
        yield {**kwargs, "strict_min": True, "strict_max": True}


def _keeps_bounds(kwargs: Arguments) -> Callable[[Any], bool]:
    def keeps(value: Any) -> bool:
        try:
            low, high = kwargs.get("min_value", value), kwargs.get("max_value", value)
            above = low < value if kwargs.get("strict_min") and "min_value" in kwargs else low <= value
            below = value < high if kwargs.get("strict_max") and "max_value" in kwargs else value <= high
        except TypeError:
            return False
        return bool(above and below)

    return keeps


def _between(column: Column, rng: random.Random) -> Iterator[Arguments]:
    made = list(_bounded(_limits(column, rng)))
    yield from made
    few = rng.sample(made, min(3, len(made)))
    yield from _with_shares(((one, _keeps_bounds(one)) for one in few), column)


def _ranges(column: Column, rng: random.Random) -> Iterator[Arguments]:
    return _bounded(_limits(column, rng))


def _sets(column: Column, rng: random.Random) -> Iterator[list[Any]]:
    distinct = list(dict.fromkeys(column.present))[:20]
    yield distinct or ["x"]
    if len(distinct) > 1:
        yield distinct[1:]
        yield rng.sample(distinct, len(distinct) // 2)
        yield [*distinct, *distinct[:1]]
    yield [*distinct, {"text": "other", "whole": 123, "real": 0.123}.get(column.kind, "2001-01-01")]
    yield [*distinct[:2], None]
    yield ["never"]
    if column.kind == "whole":
        yield [float(one) for one in distinct] or [1.0]
        yield [str(one) for one in distinct] or ["1"]
        yield [True, False, *distinct[2:]]
    if column.kind == "real":
        yield [int(one) for one in distinct if math.isfinite(one)] or [1]
    if column.kind == "text":
        yield [one.upper() for one in distinct] or ["X"]
        yield [1, 2.5, *distinct[1:]]
    if column.kind == "flag":
        yield from ([True], [False], [1, 0], ["True", "False"])
    if column.kind in {"moment", "zoned"}:
        yield [str(one).replace("T", " ") for one in distinct] or ["2024-01-01"]
        yield [str(one)[:10] for one in distinct] or ["2024-01-01"]


def _in_set(column: Column, rng: random.Random) -> Iterator[Arguments]:
    made = [{"value_set": one} for one in _sets(column, rng)]
    yield from made
    few = rng.sample(made, min(3, len(made)))
    yield from _with_shares(((one, _among(one["value_set"])) for one in few), column)


def _not_in_set(column: Column, rng: random.Random) -> Iterator[Arguments]:
    made = [{"value_set": one} for one in _sets(column, rng)]
    yield from made
    few = rng.sample(made, min(3, len(made)))
    yield from _with_shares(((one, _among(one["value_set"], keeps=False)) for one in few), column)


def _among(listed: Sequence[Any], *, keeps: bool = True) -> Callable[[Any], bool]:
    return lambda value: (value in listed) is keeps


def _sets_only(column: Column, rng: random.Random) -> Iterator[Arguments]:
    return ({"value_set": one} for one in _sets(column, rng))


def _most_common(column: Column, rng: random.Random) -> Iterator[Arguments]:
    for one in _sets_only(column, rng):
        yield from (one, {**one, "ties_okay": True})
    for value, _ in Counter(column.present).most_common(3):
        yield from ({"value_set": [value]}, {"value_set": [value], "ties_okay": True})


def _lengths(column: Column, rng: random.Random) -> Iterator[Arguments]:
    sizes = sorted({len(one) for one in column.present if isinstance(one, str)}) or [1]
    pairs = [(sizes[0], sizes[-1]), (sizes[0], None), (None, sizes[-1]), (rng.choice(sizes), sizes[-1])]
    made = list(_bounded([*pairs, (sizes[0] + 1, None), (0, sizes[len(sizes) // 2])]))
    yield from made
    yield from _with_shares(((one, _of_length(_keeps_bounds(one))) for one in rng.sample(made, 3)), column)


def _length(column: Column, rng: random.Random) -> Iterator[Arguments]:
    sizes = [len(one) for one in column.present if isinstance(one, str)] or [1]
    made = [{"value": one} for one in {sizes[0], max(sizes), min(sizes), rng.choice(sizes)}]
    yield from made
    yield {"value": float(sizes[0])}
    yield from _with_shares(((one, _of_length(_among([one["value"]]))) for one in made), column)


def _of_length(keeps: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: keeps(len(str(value)))


PATTERNS = (
    "^[A-Z]",
    "[a-z]$",
    "^$",
    "^.{1,3}$",
    r"^\d+$",
    r"\w+",
    r"^\w+$",
    r"\bb\b",
    "(?i)^bob$",
    "a|b",
    r"^\s",
    r"\s$",
    ".",
    "^.$",
    "é",
    "[^a-z]",
    r"^[^@\s]+@[^@\s]+\.\w+$",
    r"^\d{4}-\d{2}-\d{2}$",
    "(?=.*a)",
    r"^(.)\1",
    "x*",
    r"\.",
    r"\d\Z",
    "^id-0",
    "%",
    r"\p{L}",
    "(unclosed",
    "b\\n?$",
    "(?m)^b",
    "(?s)a.b",
    "[[:alpha:]]",
    "\\u00e9",
    "ß|ss",
    "",
)
LIKES = ("A%", "%b%", "_", "%", "___", "id-0%", "a\\_b", "50\\%", "%\n%", "%o_", "", "%.%", "[AB]%", "é", "Bob", "%b")


def _regex(column: Column, rng: random.Random) -> Iterator[Arguments]:
    for one in rng.sample(PATTERNS, 6):
        yield from ({"regex": one}, {"regex": one, "mostly": rng.choice((0.1, 0.5, 0.6, 0.9))})
    if column.present:
        yield {"regex": "^" + str(column.present[0])[:3]}


def _regexes(_: Column, rng: random.Random) -> Iterator[Arguments]:
    for count in (1, 2, 3):
        chosen = {"regex_list": rng.sample(PATTERNS, count)}
        yield from (chosen, {**chosen, "match_on": "all"}, {**chosen, "match_on": "any", "mostly": 0.5})


def _no_regexes(_: Column, rng: random.Random) -> Iterator[Arguments]:
    for count in (1, 2, 3):
        chosen = {"regex_list": rng.sample(PATTERNS, count)}
        yield from (chosen, {**chosen, "mostly": 0.4})


def _like(_: Column, rng: random.Random) -> Iterator[Arguments]:
    yield from ({"like_pattern": one} for one in rng.sample(LIKES, 4))
    yield {"like_pattern": rng.choice(LIKES), "mostly": 0.5}


def _likes(_: Column, rng: random.Random) -> Iterator[Arguments]:
    yield from ({"like_pattern_list": rng.sample(LIKES, count)} for count in (1, 2, 3))


def _strftime(_: Column, rng: random.Random) -> Iterator[Arguments]:
    formats = ("%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%H:%M", "%Y", "%b %d %Y", "%Q")
    for one in rng.sample(formats, 4):
        yield from ({"strftime_format": one}, {"strftime_format": one, "mostly": rng.choice((0.2, 0.5, 0.9))})


def _schema(_: Column, rng: random.Random) -> Iterator[Arguments]:
    schemas: tuple[Arguments, ...] = (
        {"type": "object"},
        {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer", "maximum": 6}}},
        {"type": ["number", "array", "null"]},
    )
    for one in schemas:
        yield from ({"json_schema": one}, {"json_schema": one, "mostly": rng.choice((0.2, 0.3, 0.7))})


TYPE_NAMES = (
    *("int", "int64", "int32", "int8", "INTEGER", "BIGINT", "float", "float64", "float32", "DOUBLE", "str", "string"),
    *("object", "VARCHAR", "bool", "boolean", "BOOLEAN", "datetime", "datetime64", "datetime64[ns]", "Timestamp"),
    *("Int64", "Int64Dtype", "date", "DATE", "TIMESTAMP", "quark", "Decimal", "DECIMAL(10,2)", "bytes", "list"),
    *("datetime64[us]", "NoneType", "uint8", "int16", "StringDtype", "category", "numpy.int64"),
)
LIKELY = {
    "whole": ("int", "int64", "int32", "Int64", "Int64Dtype", "BIGINT", "float"),
    "real": ("float", "float64", "float32", "int", "DOUBLE"),
    "text": ("str", "string", "object", "VARCHAR", "StringDtype"),
    "flag": ("bool", "boolean", "BOOLEAN", "int"),
    "moment": ("datetime", "datetime64", "datetime64[us]", "datetime64[ns]", "Timestamp", "date"),
    "zoned": ("datetime", "datetime64", "Timestamp", "TIMESTAMP"),
}


def _type(column: Column, rng: random.Random) -> Iterator[Arguments]:
    likely = LIKELY.get(column.kind, ("object", "list", "bytes"))
    yield from ({"type_": one} for one in likely)
    yield {"type_": rng.choice(TYPE_NAMES)}
    yield {"type_": rng.choice(likely), "mostly": 0.5}


def _whole_type(column: Column, rng: random.Random) -> Iterator[Arguments]:
    return (one for one in _type(column, rng) if "mostly" not in one)


def _types(column: Column, rng: random.Random) -> Iterator[Arguments]:
    likely = LIKELY.get(column.kind, ("object", "list", "bytes"))
    for count in (1, 2, 5):
        yield {"type_list": rng.sample(TYPE_NAMES, count)}
    yield {"type_list": [rng.choice(likely), "quark"]}
    yield {"type_list": list(likely)}
    yield {"type_list": list(likely), "mostly": 0.9}


def _order(column: Column, rng: random.Random) -> Iterator[Arguments]:
    yield from ({}, {"strictly": True}, {"strictly": False})
    count = max(1, len(column.present))
    for share in _shares(rng.randrange(1, count + 1), count):
        yield {"mostly": share, "strictly": rng.choice((True, False))}


def _scores(_: Column, rng: random.Random) -> Iterator[Arguments]:
    for threshold in (0.5, 1, 1.5, 2.5, 3):
        yield {"threshold": threshold, "double_sided": rng.choice((True, False))}
    yield {"threshold": 1.0, "double_sided": True, "mostly": 0.7}
    yield {"threshold": -0.5, "double_sided": False, "mostly": 0.2}


def _outliers(_: Column, rng: random.Random) -> Iterator[Arguments]:
    yield from ({}, {"method": "std", "multiplier": 2}, {"method": "iqr", "multiplier": 1.0})
    yield {"method": "std", "multiplier": 0.5, "mostly": rng.choice((0.3, 0.5, 0.7))}


def _numbers(column: Column) -> list[float]:
    return [float(one) for one in column.present if isinstance(one, int | float) and math.isfinite(one)]


def _around(*values: float) -> Iterator[tuple[Any, Any]]:
    for value in values:
        if not math.isfinite(value):
            continue
        yield from ((value, value), (value, None), (None, value), (value - 1, value + 1))
        yield from ((value + abs(value) * 1e-6 + 1e-9, None), (None, value - abs(value) * 1e-6 - 1e-9))


def _mean(column: Column, _: random.Random) -> Iterator[Arguments]:
    numbers = _numbers(column) or [0.0]
    yield from _bounded(_around(math.fsum(numbers) / len(numbers)))


def _median(column: Column, _: random.Random) -> Iterator[Arguments]:
    ranked = sorted(_numbers(column)) or [0.0]
    yield from _bounded(_around((ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2))
    if column.kind in {"moment", "zoned"} and column.present:
        yield from _bounded([(column.ranked[0], column.ranked[-1]), (column.ranked[-1], None)])


def _sum(column: Column, _: random.Random) -> Iterator[Arguments]:
    yield from _bounded(_around(math.fsum(_numbers(column))))


def _deviation(column: Column, _: random.Random) -> Iterator[Arguments]:
    numbers = _numbers(column) or [0.0]
    middle = math.fsum(numbers) / len(numbers)
    for freedom in (1, 0):
        spread = math.fsum((one - middle) ** 2 for one in numbers) if abs(middle) < 1e150 else 1.0
        yield from _bounded(_around(math.sqrt(spread / max(1, len(numbers) - freedom))))


def _quantiles(column: Column, rng: random.Random) -> Iterator[Arguments]:
    ranked = sorted(_numbers(column)) or [0.0]
    if column.kind in {"moment", "zoned"}:
        ranked = column.ranked or ["2024-01-01"]
    for quantiles in ([0.5], [0.0, 1.0], [0.25, 0.5, 0.75], [0.1, 0.9], [0.05, 0.333, 0.95]):
        nearest = [ranked[min(len(ranked) - 1, int(one * len(ranked)))] for one in quantiles]
        ends = [[ranked[0], one] for one in nearest]
        yield {"quantile_ranges": {"quantiles": quantiles, "value_ranges": ends}}
        yield {"quantile_ranges": {"quantiles": quantiles, "value_ranges": [[None, one] for one in nearest]}}
        open_ends = [[one, None] for one in nearest]
        rule = rng.choice(("linear", "lower", "higher", "midpoint", "nearest"))
        yield {"quantile_ranges": {"quantiles": quantiles, "value_ranges": open_ends}, "allow_relative_error": rule}


def _counts(column: Column, _: random.Random) -> Iterator[Arguments]:
    yield from _bounded([*_around(len(set(column.present))), (0, 0), (1, None)])


def _unique_share(column: Column, _: random.Random) -> Iterator[Arguments]:
    count = max(1, len(column.present))
    share = len(set(column.present)) / count
    yield from _bounded([*_next_to(share), (0, 1), (0.5, None)])


def _present_share(column: Column, _: random.Random) -> Iterator[Arguments]:
    yield from _bounded([*_next_to(len(column.present) / max(1, column.rows)), (0, 1), (0.5, None)])


def _next_to(share: float) -> Iterator[tuple[Any, Any]]:
    yield from ((share, share), (share, None), (None, share), (round(share, 2), None))
    if 0 < share < 1:
        yield from ((math.nextafter(share, 2), None), (None, math.nextafter(share, -1)))


def _divergence(column: Column, rng: random.Random) -> Iterator[Arguments]:
    if column.kind in {"whole", "real"} and len(set(_numbers(column))) > 1:
        yield from _divergence_of_bins(column, rng)
    distinct = list(dict.fromkeys(column.present))[:8] or ["x"]
    even = {"values": distinct, "weights": [1 / len(distinct)] * len(distinct)}
    yield {"partition_object": even, "threshold": 0.1}
    yield {"partition_object": even, "threshold": 5.0, "tail_weight_holdout": 0.01}
    fewer = distinct[:-1] or ["y"]
    partial = {"values": fewer, "weights": [1 / len(fewer)] * len(fewer)}
    yield {"partition_object": partial, "threshold": 0.5}
    yield {"partition_object": partial, "threshold": 0.5, "tail_weight_holdout": 0.1, "internal_weight_holdout": 0.1}
    counted = Counter(column.present)
    total = sum(counted[one] for one in distinct)
    if total:
        exact = {"values": distinct, "weights": [counted[one] / total for one in distinct]}
        yield {"partition_object": exact, "threshold": 0.0001}
        yield {"partition_object": exact, "max_value": 0.01}
    yield {"partition_object": {"values": ["q", *distinct], "weights": [0.5, *[0.5 / len(distinct)] * len(distinct)]}}


def _divergence_of_bins(column: Column, rng: random.Random) -> Iterator[Arguments]:
    numbers = _numbers(column)
    low, high = min(numbers), max(numbers)
    for count in (2, 5):
        width = (high - low) / count
        if not math.isfinite(width) or not width:
            continue
        bins = [low + width * number for number in range(count)] + [high]
        if bins != sorted(set(bins)):
            continue
        even = {"bins": bins, "weights": [1 / count] * count}
        yield {"partition_object": even, "threshold": rng.choice((0.01, 0.5, 3.0))}
        narrow = {"bins": [low + width / 2, *bins[1:-1], high - width / 2], "weights": [1 / count] * count}
        yield {"partition_object": narrow, "threshold": 0.5, "tail_weight_holdout": 0.01}
        yield {"partition_object": narrow, "threshold": 0.5}
        yield {"partition_object": even, "threshold": 0.5, "internal_weight_holdout": 0.01, "tail_weight_holdout": 0.01}
        tails = {**even, "weights": [0.9 / count] * count, "tail_weights": [0.05, 0.05]}
        yield {"partition_object": tails, "threshold": 0.4}


ORDERED = frozenset({"whole", "real", "moment", "zoned"})
NUMBERS = frozenset({"whole", "real"})
TEXTS = frozenset({"text"})
ALL: frozenset[str] = frozenset()
OF_COLUMN: Mapping[str, tuple[Maker, frozenset[str]]] = {
    "expect_column_values_to_not_be_null": (_missing, ALL),
    "expect_column_values_to_be_null": (_missing, ALL),
    "expect_column_values_to_be_unique": (_nothing, ALL),
    "expect_column_values_to_be_between": (_between, ORDERED),
    "expect_column_values_to_be_in_set": (_in_set, ALL),
    "expect_column_values_to_not_be_in_set": (_not_in_set, ALL),
    "expect_column_values_to_be_of_type": (_type, ALL),
    "expect_column_values_to_be_in_type_list": (_types, ALL),
    "expect_column_type_to_be": (_whole_type, ALL),
    "expect_column_value_lengths_to_be_between": (_lengths, TEXTS),
    "expect_column_value_lengths_to_equal": (_length, TEXTS),
    "expect_column_values_to_match_regex": (_regex, TEXTS),
    "expect_column_values_to_not_match_regex": (_regex, TEXTS),
    "expect_column_values_to_match_regex_list": (_regexes, TEXTS),
    "expect_column_values_to_not_match_regex_list": (_no_regexes, TEXTS),
    "expect_column_values_to_match_like_pattern": (_like, TEXTS),
    "expect_column_values_to_not_match_like_pattern": (_like, TEXTS),
    "expect_column_values_to_match_like_pattern_list": (_likes, TEXTS),
    "expect_column_values_to_not_match_like_pattern_list": (_likes, TEXTS),
    "expect_column_values_to_be_dateutil_parseable": (_nothing, TEXTS),
    "expect_column_values_to_match_strftime_format": (_strftime, TEXTS),
    "expect_column_values_to_be_json_parseable": (_nothing, TEXTS),
    "expect_column_values_to_match_json_schema": (_schema, TEXTS),
    "expect_column_values_to_be_increasing": (_order, ORDERED),
    "expect_column_values_to_be_decreasing": (_order, ORDERED),
    "expect_column_value_z_scores_to_be_less_than": (_scores, NUMBERS),
    "expect_column_values_to_not_be_outliers": (_outliers, NUMBERS),
    "expect_column_min_to_be_between": (_ranges, ORDERED),
    "expect_column_max_to_be_between": (_ranges, ORDERED),
    "expect_column_mean_to_be_between": (_mean, NUMBERS),
    "expect_column_median_to_be_between": (_median, ORDERED),
    "expect_column_sum_to_be_between": (_sum, NUMBERS),
    "expect_column_stdev_to_be_between": (_deviation, NUMBERS),
    "expect_column_quantile_values_to_be_between": (_quantiles, ORDERED),
    "expect_column_unique_value_count_to_be_between": (_counts, ALL),
    "expect_column_proportion_of_unique_values_to_be_between": (_unique_share, ALL),
    "expect_column_proportion_of_non_null_values_to_be_between": (_present_share, ALL),
    "expect_column_distinct_values_to_be_in_set": (_sets_only, ALL),
    "expect_column_distinct_values_to_equal_set": (_sets_only, ALL),
    "expect_column_distinct_values_to_contain_set": (_sets_only, ALL),
    "expect_column_most_common_value_to_be_in_set": (_most_common, ALL),
    "expect_column_kl_divergence_to_be_less_than": (_divergence, NUMBERS | TEXTS),
}


# --- of several columns --------------------------------------------------------------------------


def _of_pair(sheet: Sheet, columns: Sequence[Column], first: str, second: str, draw: int) -> Iterator[Demand]:
    by_name = {one.name: one for one in columns}
    rng = _rng(sheet.name, first, second, "pair", draw)
    both = {"column_A": first, "column_B": second}
    rows = max(1, by_name[first].rows)
    for ignored in (None, *MISSING_PAIRS):
        about = both if ignored is None else {**both, "ignore_row_if": ignored}
        for more in ({}, {"mostly": rng.randrange(1, rows + 1) / rows}):
            listed = _listed_pairs(by_name[first], by_name[second], rng)
            yield Demand(type="expect_column_pair_values_to_be_equal", kwargs={**about, **more})
            yield Demand(type=GREATER, kwargs={**about, **more, "or_equal": rng.choice((True, False, None))})
            yield Demand(
                type="expect_column_pair_values_to_be_in_set", kwargs={**about, **more, "value_pairs_set": listed}
            )


def _listed_pairs(first: Column, second: Column, rng: random.Random) -> list[list[Any]]:
    together = [list(one) for one in zip(first.present, second.present, strict=False) if _is_json(one)][:12]
    if not together:
        return [[1, 2]]
    return together if rng.random() < 0.3 else rng.sample(together, (len(together) + 1) // 2)


def _of_group(sheet: Sheet, columns: Sequence[Column], names: Sequence[str], draw: int) -> Iterator[Demand]:
    by_name = {one.name: one for one in columns}
    rng = _rng(sheet.name, *names, "group", draw)
    rows = max(1, by_name[names[0]].rows)
    for ignored in (None, *MISSING_SEVERAL):
        about: Arguments = {"column_list": list(names)}
        if ignored is not None:
            about["ignore_row_if"] = ignored
        for more in ({}, {"mostly": rng.randrange(1, rows + 1) / rows}):
            for name in SEVERAL:
                total = {"sum_total": _total(names, by_name, rng)} if name == SUM else {}
                yield Demand(type=name, kwargs={**about, **more, **total})


GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
SUM = "expect_multicolumn_sum_to_equal"
SEVERAL = (
    "expect_compound_columns_to_be_unique",
    "expect_select_column_values_to_be_unique_within_record",
    "expect_multicolumn_values_to_be_equal",
    SUM,
)


def _total(names: Sequence[str], by_name: Mapping[str, Column], rng: random.Random) -> float:
    values = [_numbers(by_name[one]) for one in names]
    totals = [math.fsum(row) for row in zip(*values, strict=False)]
    plain = [sum(row) for row in zip(*values, strict=False)]
    return rng.choice([*totals, *plain]) if totals else 10


# --- of the table, and of a part of the rows -----------------------------------------------------


def _of_table(frame: pd.DataFrame) -> Iterator[Demand]:
    rows, names = len(frame), [str(one) for one in frame.columns]
    for value in (rows, rows + 1, max(0, rows - 1)):
        yield Demand(type="expect_table_row_count_to_equal", kwargs={"value": value})
    for made in _bounded([(rows, rows), (rows, None), (None, rows), (rows + 1, None), (0, rows + 5)]):
        yield Demand(type="expect_table_row_count_to_be_between", kwargs=made)
    for value in (len(names), len(names) + 1):
        yield Demand(type="expect_table_column_count_to_equal", kwargs={"value": value})
    for low, high in ((len(names), len(names)), (1, None), (None, len(names) - 1)):
        bounds = {"min_value": low, "max_value": high}
        kwargs = {name: value for name, value in bounds.items() if value is not None}
        yield Demand(type="expect_table_column_count_to_be_between", kwargs=kwargs)
    for listed in (names, names[::-1], names[:-1], [*names, "more"], [names[0].upper(), *names[1:]], names + names[:1]):
        yield Demand(type="expect_table_columns_to_match_ordered_list", kwargs={"column_list": listed})
        yield Demand(type="expect_table_columns_to_match_set", kwargs={"column_set": listed})
        yield Demand(type="expect_table_columns_to_match_set", kwargs={"column_set": listed, "exact_match": False})
    for number, name in (
        (0, names[0]),
        (1, names[0]),
        (len(names) - 1, names[-1]),
        (None, names[-1]),
        (None, "absent"),
    ):
        place = {} if number is None else {"column_index": number}
        yield Demand(type="expect_column_to_exist", kwargs={"column": name, **place})


def _absent(frame: pd.DataFrame) -> tuple[Demand, ...]:
    """Demands that cannot be evaluated: columns that are not there, and types that need a database."""
    names = [str(one) for one in frame.columns]
    return (
        Demand(type="expect_column_values_to_not_be_null", kwargs={"column": "absent"}),
        Demand(type="expect_column_values_to_be_unique", kwargs={"column": names[0].swapcase()}),
        Demand(type="expect_column_mean_to_be_between", kwargs={"column": names[0].upper() + "x", "min_value": 0}),
        Demand(type="expect_column_values_to_be_in_set", kwargs={"column": names[-1] + " ", "value_set": [1]}),
        Demand(type="expect_compound_columns_to_be_unique", kwargs={"column_list": [names[0], "absent"]}),
        Demand(type="expect_column_pair_values_to_be_equal", kwargs={"column_A": names[0], "column_B": "absent"}),
        Demand(type="expect_column_type_to_be", kwargs={"column": "absent", "type_": "int64"}),
        Demand(type="expect_table_row_count_to_equal_other_table", kwargs={"other_table_name": "other"}),
        Demand(type="unexpected_rows_expectation", kwargs={"unexpected_rows_query": "SELECT * FROM {batch}"}),
    )


def _conditioned(sheet: Sheet, made: Sequence[Demand], draw: int) -> Iterator[Demand]:
    able = [one for one in made if _takes_condition(one)]
    for condition in sheet.conditions:
        rng = _rng(sheet.name, json.dumps(condition, sort_keys=True), draw)
        for name in rng.sample(sorted({one.type for one in able}), PER_CONDITION):
            one = rng.choice([demand for demand in able if demand.type == name])
            yield Demand(type=name, kwargs={**one.kwargs, **_condition(condition)})


def _takes_condition(demand: Demand) -> bool:
    return not demand.type.startswith(WHOLE_TABLE)


def _parametrised(sheet: Sheet, made: Sequence[Demand], draw: int) -> Iterator[Demand]:
    """Some of the demands with a name in place of an argument; the same name for the same value."""
    able = [(one, name) for one in made for name in NAMED if one.kwargs.get(name) is not None]
    for one, name in _rng(sheet.name, "parameters", draw).sample(able, min(PARAMETRISED, len(able))):
        value = one.kwargs[name]
        word = f"limit_{zlib.crc32(json.dumps(value).encode())}"
        yield Demand(type=one.type, kwargs={**one.kwargs, name: {"$PARAMETER": word}}, parameters={word: value})


def _condition(condition: Any) -> Arguments:
    if isinstance(condition, tuple):
        return {"row_condition": condition[1], "condition_parser": condition[0]}
    if isinstance(condition, str):
        return {"row_condition": condition, "condition_parser": "pandas"}
    return {"row_condition": condition}
