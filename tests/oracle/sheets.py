"""The data of the oracle test: wide tables, each of one length, whose columns are the shapes that data come in.

A sheet is written to a file, and both sides read that file: crispq as it always does, Great Expectations as the frame
that crispq's table gives.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crispq.evidence.tables import TableData

NAN, INFINITY = float("nan"), float("inf")
HUGE = 2**53
BERLIN = pa.timestamp("us", tz="Europe/Berlin")
#: Values and their type in Arrow; the type is None where the values stand in an array of Arrow's already.
Columns = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table: the content of its files by their names, and the columns that go together."""

    name: str
    files: Mapping[str, bytes]
    pairs: Sequence[tuple[str, str]] = ()
    several: Sequence[tuple[str, ...]] = ()
    conditions: Sequence[Any] = field(default=())

    def write(self, folder: Path) -> TableData:
        """The table over the files, written below the folder."""
        home = folder / self.name
        home.mkdir(parents=True, exist_ok=True)
        for file, content in self.files.items():
            (home / file).write_bytes(content)
        return TableData(name=self.name, root=home, paths=tuple(sorted(self.files)))


def sheets() -> Iterator[Sheet]:
    """All sheets, always in the same order."""
    yield from (_none(), _one(), _one_missing(), _nothing(), _numbers(), _numbers_with_gaps(), _odd_numbers())
    yield from (_big_numbers(), _texts(), _unicode(), _texts_with_gaps(), _formats(), _flags(), _days(), _moments())
    yield from (_decimals(), _pairs(), _keys(), _sums(), _borders(), _shares(), _spread(), _odd_types(), _odd_names())
    yield from (_loose_csv(), _german_csv(), _several_files(), _long_with_row_groups(), _long_without_statistics())
    yield _frame("many_same", {"constant": ([7] * 300, pa.int64()), "word": (["x"] * 299 + ["y"], pa.string())})


def _parquet(columns: Columns, **options: Any) -> bytes:
    arrays = {
        name: values if kind is None else pa.array(list(values), kind) for name, (values, kind) in columns.items()
    }
    stream = io.BytesIO()
    pq.write_table(pa.table(arrays), stream, **options)
    return stream.getvalue()


def _frame(name: str, columns: Columns, **more: Any) -> Sheet:
    return Sheet(name=name, files={f"{name}.parquet": _parquet(columns)}, **more)


def _csv(name: str, text: str, **more: Any) -> Sheet:
    return Sheet(name=name, files={f"{name}.csv": text.encode()}, **more)


def _dates(first: str, count: int, step: int = 1) -> list[dt.date]:
    return [dt.date.fromisoformat(first) + dt.timedelta(days=step * number) for number in range(count)]


def _times(first: str, count: int, **step: float) -> list[dt.datetime]:
    return [dt.datetime.fromisoformat(first) + number * dt.timedelta(**step) for number in range(count)]


# --- hardly any rows -----------------------------------------------------------------------------

KINDS: Mapping[str, tuple[Any, pa.DataType]] = {
    "whole": (5, pa.int64()),
    "small": (3, pa.int8()),
    "real": (2.5, pa.float64()),
    "single": (0.5, pa.float32()),
    "text": ("Anna", pa.string()),
    "flag": (True, pa.bool_()),
    "day": (dt.date(2024, 2, 29), pa.date32()),
    "moment": (dt.datetime.fromisoformat("2024-02-29T12:30:00"), pa.timestamp("us")),
    "zoned": (dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC), pa.timestamp("us", tz="UTC")),
    "price": (Decimal("9.99"), pa.decimal128(10, 2)),
}
OF_KINDS: dict[str, Any] = {
    "pairs": (("whole", "small"), ("text", "text"), ("day", "moment")),
    "several": (("whole", "text"), ("whole", "small", "real")),
    "conditions": (
        {"type": "comparison", "column": {"name": "whole"}, "operator": ">", "parameter": 3},
        {"type": "nullity", "column": {"name": "text"}, "is_null": True},
    ),
}


def _rows_of_kinds(name: str, rows: int, *, missing: bool) -> Sheet:
    columns = {kind: ([None if missing else value] * rows, of) for kind, (value, of) in KINDS.items()}
    return _frame(name, columns, **OF_KINDS)


def _none() -> Sheet:
    return _rows_of_kinds("none", 0, missing=False)


def _one() -> Sheet:
    return _rows_of_kinds("one", 1, missing=False)


def _one_missing() -> Sheet:
    return _rows_of_kinds("one_missing", 1, missing=True)


def _nothing() -> Sheet:
    columns = {kind: ([None] * 12, of) for kind, (_, of) in KINDS.items()}
    more = {
        "untyped": ([None] * 12, pa.null()),
        "nans": ([NAN] * 12, pa.float64()),
        "nans_and_nulls": ([NAN, None] * 6, pa.float64()),
    }
    return _frame("nothing", {**columns, **more}, **OF_KINDS)


# --- numbers -------------------------------------------------------------------------------------


def _numbers() -> Sheet:
    columns: Columns = {
        "rising": (range(10), pa.int64()),
        "falling": (range(20, 10, -1), pa.int32()),
        "level": ([1, 2, 2, 3, 4, 4, 4, 5, 6, 7], pa.int64()),
        "zigzag": ([5, 1, 4, 1, 5, 9, 2, 6, 5, 3], pa.int16()),
        "constant": ([4] * 10, pa.int64()),
        "signs": ([-3, -2, -1, 0, 1, 2, 3, 4, 5, 6], pa.int8()),
        "natural": ([0, 0, 1, 200, 255, 3, 4, 4, 9, 17], pa.uint8()),
        "real": ([0.1, 0.2, 0.30000000000000004, 0.3, 1.5, -2.5, 1e-9, 100.25, 3.0, 2.0], pa.float64()),
        "halves": ([0.5 * number for number in range(10)], pa.float32()),
        "tenths": ([0.1 * number for number in range(10)], pa.float32()),
        "outlier": ([1.0, 2.0, 1.5, 2.5, 1.0, 2.0, 1.5, 2.5, 1.75, 80.0], pa.float64()),
    }
    conditions = (
        {"type": "comparison", "column": {"name": "rising"}, "operator": ">=", "parameter": 5},
        {"type": "comparison", "column": {"name": "level"}, "operator": "IN", "parameter": [2, 4]},
        {"type": "comparison", "column": {"name": "real"}, "operator": "==", "parameter": 0.3},
        {"type": "comparison", "column": {"name": "rising"}, "operator": ">", "parameter": 99},
        _both({"rising": (">", 2)}, {"zigzag": ("<", 6)}),
        "rising > 4 and level != 4",
        "level in [1, 2]",
        "rising == level or not (zigzag > 4)",
        "rising % 2 == 0",
        "2 < rising <= 6",
        "index < 3",
        "absent > 1",
        ("great_expectations", 'col("rising") > 7'),
        ("great_expectations", 'col("real").notNull()'),
    )
    return _frame(
        "numbers",
        columns,
        pairs=(("rising", "level"), ("falling", "rising"), ("rising", "real"), ("level", "constant")),
        several=(("level", "constant"), ("level", "zigzag"), ("rising", "falling", "level")),
        conditions=conditions,
    )


def _both(*parts: Mapping[str, tuple[str, Any]], kind: str = "and") -> dict[str, Any]:
    compared = [
        {"type": "comparison", "column": {"name": column}, "operator": sign, "parameter": value}
        for part in parts
        for column, (sign, value) in part.items()
    ]
    return {"type": kind, "conditions": compared}


def _numbers_with_gaps() -> Sheet:
    columns: Columns = {
        "rising": ([1, None, 3, 4, None, 6, 7, 8, 9, 10, 11, None], pa.int64()),
        "late": ([None] * 11 + [5], pa.int64()),
        "level": ([1, 1, None, 2, 2, None, 3, 3, None, 4, 4, None], pa.int32()),
        "real": ([0.5, None, 1.5, None, 2.5, 3.5, 3.5, None, 4.5, -1.0, 0.0, 9.75], pa.float64()),
        "unknown": ([0.5, NAN, 1.5, NAN, 2.5, 3.5, 3.5, NAN, 4.5, -1.0, 0.0, 9.75], pa.float64()),
        "mixed_gaps": ([0.5, NAN, None, NAN, 2.5, None, 3.5, NAN, 4.5, -1.0, 0.0, 9.75], pa.float64()),
        "constant": ([None, 3, 3, 3, None, 3, 3, 3, 3, 3, 3, 3], pa.int16()),
        "falling": ([12.0, 11.0, None, 9.0, 8.0, NAN, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0], pa.float32()),
    }
    conditions = (
        {"type": "nullity", "column": {"name": "rising"}, "is_null": False},
        {"type": "nullity", "column": {"name": "unknown"}, "is_null": True},
        {"type": "comparison", "column": {"name": "real"}, "operator": "!=", "parameter": 3.5},
        {"type": "comparison", "column": {"name": "level"}, "operator": "NOT_IN", "parameter": [1, 3]},
        _both({"rising": ("<", 4)}, {"real": (">", 4)}, kind="or"),
        "rising.notnull() and level > 1",
        "real < 3",
    )
    return _frame(
        "numbers_with_gaps",
        columns,
        pairs=(("rising", "level"), ("real", "unknown"), ("unknown", "mixed_gaps"), ("late", "rising")),
        several=(("level", "constant"), ("rising", "level", "real"), ("unknown", "mixed_gaps")),
        conditions=conditions,
    )


def _odd_numbers() -> Sheet:
    columns: Columns = {
        "above": ([1.0, 2.0, INFINITY, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], pa.float64()),
        "below": ([1.0, 2.0, -INFINITY, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], pa.float64()),
        "both": ([INFINITY, -INFINITY, 0.0, 1.0, NAN, None, INFINITY, 2.0, 3.0, 3.0], pa.float64()),
        "all_infinite": ([INFINITY] * 10, pa.float64()),
        "zeros": ([0.0, -0.0] * 5, pa.float64()),
        "extreme": ([1.7e308, -1.7e308, 5e-324, -5e-324, 1e308, 1.0, 0.0, 1e-300, 2.0, 3.0], pa.float64()),
        "neighbours": ([1.0 + number * 2**-52 for number in range(10)], pa.float64()),
        "spread": ([1e16, 1.0, -1e16, 1.0, 1e16, 1.0, -1e16, 1.0, 0.0, 0.0], pa.float64()),
    }
    pairs = (("above", "below"), ("both", "above"), ("zeros", "both"))
    return _frame("odd_numbers", columns, pairs=pairs, several=(("zeros", "above"), ("above", "below", "zeros")))


def _big_numbers() -> Sheet:
    columns: Columns = {
        "near_double": ([HUGE - 1, HUGE, HUGE + 1, HUGE + 2, HUGE + 3, 1, 2, 3, 4, 5], pa.int64()),
        "near_double_gap": ([HUGE - 1, HUGE, HUGE + 1, HUGE + 2, HUGE + 3, 1, 2, None, 4, 5], pa.int64()),
        "near_limit": ([2**63 - 1, 2**63 - 2, -(2**63), -(2**63) + 1, 0, 1, 2, 3, 4, 5], pa.int64()),
        "unsigned": ([2**64 - 1, 2**64 - 2, 0, 1, 2, 3, 2**63, 2**63 - 1, 5, 6], pa.uint64()),
        "wide": ([10**30 + number for number in range(10)], pa.decimal128(38, 0)),
    }
    pairs = (("near_double", "near_limit"), ("near_double", "near_double_gap"), ("near_limit", "unsigned"))
    return _frame("big_numbers", columns, pairs=pairs, several=(("near_double", "near_limit"),))


def _decimals() -> Sheet:
    prices = ["0.10", "0.20", "0.30", "9.99", "-1.00", "100.00", "0.30", "3.14", "2.72", "0.00"]
    columns: Columns = {
        "price": ([Decimal(one) for one in prices], pa.decimal128(10, 2)),
        "price_gap": ([Decimal(one) if one != "3.14" else None for one in prices], pa.decimal128(10, 2)),
        "fine": ([Decimal(one) / 1000 for one in prices], pa.decimal128(18, 8)),
        "amount": ([0.1, 0.2, 0.3, 9.99, -1.0, 100.0, 0.3, 3.14, 2.72, 0.0], pa.float64()),
    }
    pairs = (("price", "amount"), ("price", "price_gap"), ("fine", "price"))
    return _frame("decimals", columns, pairs=pairs, several=(("price", "fine"), ("price", "amount", "price_gap")))


# --- texts ---------------------------------------------------------------------------------------


def _texts() -> Sheet:
    columns: Columns = {
        "site": (["A", "B", "C", "A", "B", "C", "A", "B", "C", "D"], pa.string()),
        "name": (["Anna", "bob", "Bob", "BOB", "", " ", "Eve ", "zoë", "a b", "Zed"], pa.string()),
        "empty": ([""] * 10, pa.string()),
        "digits": (["1", "2", "10", "007", "-5", "3.5", "1e3", "NaN", "0x1F", "１"], pa.string()),  # noqa: RUF001
        "words_for_nothing": (
            ["None", "nan", "NULL", "null", "NA", "N/A", "", "NaT", "<NA>", "missing"],
            pa.string(),
        ),
        "marks": (["50%", "a_b", "a.b", "a\\b", "a*b", "(x)", "[y]", "^z$", "a|b", "x'y\"z"], pa.string()),
        "lines": (["a\nb", "a", "b\n", "\ta", "a\r\nb", "c d", "c  d", "é", "a\u00a0b", "end"], pa.string()),
        "unique": ([f"id-{number:03}" for number in range(10)], pa.string()),
        "large": (["x" * number for number in range(10)], pa.large_string()),
        "coded": (pa.array(["red", "green", "red", "blue"] + ["green"] * 6).dictionary_encode(), None),
    }
    conditions = (
        {"type": "comparison", "column": {"name": "site"}, "operator": "==", "parameter": "A"},
        {"type": "comparison", "column": {"name": "site"}, "operator": "IN", "parameter": ["A", "D"]},
        {"type": "comparison", "column": {"name": "name"}, "operator": "!=", "parameter": ""},
        'site == "B"',
        'name > "M"',
        "name.str.len() > 2",
        "site == 'A' and digits != '1'",
        ("great_expectations", 'col("site") == "C"'),
    )
    return _frame(
        "texts",
        columns,
        pairs=(("site", "name"), ("name", "digits"), ("site", "coded")),
        several=(("site", "name"), ("site", "coded"), ("empty", "site")),
        conditions=conditions,
    )


def _unicode() -> Sheet:
    columns: Columns = {
        "composed": (["é", "e\u0301", "ß", "ss", "ẞ", "İ", "ı", "ﬁ", "Å", "A\u030a"], pa.string()),  # noqa: RUF001
        "emoji": (["👍", "👍🏽", "👩‍👩‍👧", "🇩🇪", "a👍", "", "漢字", "שלום", "مرحبا", "日本語"], pa.string()),
        "digits": (["٣", "३", "５", "5", "²", "Ⅷ", "1", "12", "½", "7"], pa.string()),  # noqa: RUF001
        "order": (["Z", "a", "Ä", "z", "é", "À", "0", "_", "\U0001f600", "\uffff"], pa.string()),
        "spaces": (
            [" x", "x ", "\u2003x", "x\u200b", "\ufeffx", "x", "\u3000", "\t", "\u00a0", "x\u0301"],
            pa.string(),
        ),
    }
    conditions = (
        {"type": "comparison", "column": {"name": "composed"}, "operator": "==", "parameter": "é"},
        {"type": "comparison", "column": {"name": "emoji"}, "operator": "NOT_IN", "parameter": ["👍", "漢字"]},
    )
    pairs = (("composed", "order"), ("emoji", "spaces"))
    return _frame("unicode", columns, pairs=pairs, several=(("composed", "order"),), conditions=conditions)


def _texts_with_gaps() -> Sheet:
    columns: Columns = {
        "site": (["A", None, "B", "A", None, "C", "B", "A", "A", "B", None, "C"], pa.string()),
        "name": ([None, "", "Bob", "", "Eve", None, "eve", "Al", "Al", "Zed", "z", "Q"], pa.string()),
        "unique": ([f"k{number}" if number % 4 else None for number in range(12)], pa.string()),
        "rare": ([None] * 11 + ["only"], pa.string()),
    }
    conditions = (
        {"type": "nullity", "column": {"name": "site"}, "is_null": False},
        {"type": "comparison", "column": {"name": "site"}, "operator": "!=", "parameter": "A"},
        {"type": "comparison", "column": {"name": "site"}, "operator": "NOT_IN", "parameter": ["A", "B"]},
        'site != "A"',
        "site.isnull()",
    )
    pairs = (("site", "name"), ("unique", "rare"), ("name", "site"))
    several = (("site", "name"), ("unique", "rare"), ("site", "name", "unique"))
    return _frame("texts_with_gaps", columns, pairs=pairs, several=several, conditions=conditions)


def _formats() -> Sheet:
    columns: Columns = {
        "iso": ([f"2024-01-{day:02}" for day in range(1, 11)], pa.string()),
        "iso_but_one": ([f"2024-02-{day:02}" for day in range(21, 31)], pa.string()),
        "moments": ([f"2024-01-01T{hour:02}:30:00" for hour in range(10)], pa.string()),
        "german": ([f"{day}.3.2024" for day in range(1, 11)], pa.string()),
        "loose": (
            ["Jan 5 2024", "5", "12:30", "tomorrow", "2024", "", "1/2/3", "2024-13-01", "now", "Sat"],
            pa.string(),
        ),
        "json": (
            ['{"a": 1}', "[1, 2]", "3", '"x"', "null", "{a: 1}", "", "NaN", '{"a": 1', '{"a": 1, "a": 2}'],
            pa.string(),
        ),
        "documents": ([json.dumps({"age": number, "name": f"n{number}"}) for number in range(10)], pa.string()),
        "mail": ([f"u{number}@example.org" for number in range(8)] + ["nobody", "a@b@c"], pa.string()),
        "gaps": (["2024-01-01", None, "x", None, "2024-12-31", "", '{"a": 1}', "1", "true", "2024-02-30"], pa.string()),
    }
    return _frame("formats", columns, pairs=(("iso", "moments"),), several=(("iso", "german"),))


# --- flags, days, moments ------------------------------------------------------------------------


def _flags() -> Sheet:
    columns: Columns = {
        "flag": ([True, False] * 5, pa.bool_()),
        "mostly_true": ([True] * 9 + [False], pa.bool_()),
        "always": ([True] * 10, pa.bool_()),
        "gaps": ([True, None, False, True, None, True, True, False, True, True], pa.bool_()),
        "number": ([1, 0] * 5, pa.int64()),
        "word": (["true", "false"] * 5, pa.string()),
    }
    conditions = (
        {"type": "comparison", "column": {"name": "flag"}, "operator": "==", "parameter": True},
        {"type": "comparison", "column": {"name": "gaps"}, "operator": "==", "parameter": False},
        "mostly_true == True",
        "flag",
        "not flag and number == 0",
    )
    pairs = (("flag", "mostly_true"), ("flag", "number"), ("gaps", "flag"))
    several = (("flag", "mostly_true"), ("flag", "always", "number"), ("gaps", "word"))
    return _frame("flags", columns, pairs=pairs, several=several, conditions=conditions)


def _days() -> Sheet:
    days = _dates("2024-02-25", 10)
    columns: Columns = {
        "day": (days, pa.date32()),
        "later": ([one + dt.timedelta(days=3) for one in days], pa.date32()),
        "weekly": (_dates("2023-12-25", 10, 7), pa.date64()),
        "gaps": ([*days[:4], None, *days[5:9], None], pa.date32()),
        "backwards": (days[::-1], pa.date32()),
        "repeated": ([days[0]] * 4 + [days[1]] * 6, pa.date32()),
        "extreme": ([dt.date(1, 1, 1), dt.date(1582, 10, 15), dt.date(9999, 12, 31), *days[:7]], pa.date32()),
    }
    conditions = (
        {"type": "comparison", "column": {"name": "day"}, "operator": ">", "parameter": "2024-02-28"},
        {"type": "nullity", "column": {"name": "gaps"}, "is_null": True},
        'day <= "2024-03-01"',
    )
    pairs = (("later", "day"), ("day", "gaps"), ("day", "backwards"), ("weekly", "day"))
    return _frame("days", columns, pairs=pairs, several=(("day", "repeated"), ("day", "later")), conditions=conditions)


def _moments() -> Sheet:
    hourly = _times("2024-03-31T00:00:00", 10, hours=1)
    zoned = [one.replace(tzinfo=dt.UTC) for one in hourly]
    finer = [pa.scalar(1_700_000_000_000_000_000 + number, pa.timestamp("ns")) for number in range(10)]
    columns: Columns = {
        "seconds": (hourly, pa.timestamp("s")),
        "millis": (_times("2024-01-01T00:00:00.001", 10, milliseconds=1), pa.timestamp("ms")),
        "micros": (_times("2024-01-01T00:00:00.000001", 10, microseconds=1), pa.timestamp("us")),
        "nanos": (finer, pa.timestamp("ns")),
        "gaps": ([*hourly[:3], None, *hourly[4:]], pa.timestamp("us")),
        "utc": (zoned, pa.timestamp("us", tz="UTC")),
        "berlin": (zoned, BERLIN),
        "utc_gaps": ([*zoned[:8], None, None], pa.timestamp("us", tz="UTC")),
        "midnights": (_times("2024-05-01", 10, days=1), pa.timestamp("us")),
        "early": ([dt.datetime.fromisoformat("1800-01-01"), *hourly[1:]], pa.timestamp("us")),
    }
    conditions = (
        {"type": "comparison", "column": {"name": "seconds"}, "operator": ">=", "parameter": "2024-03-31T05:00:00"},
        {"type": "nullity", "column": {"name": "utc_gaps"}, "is_null": False},
    )
    pairs = (("seconds", "gaps"), ("utc", "berlin"), ("utc", "utc_gaps"), ("seconds", "utc"), ("millis", "micros"))
    several = (("seconds", "gaps"), ("utc", "berlin"))
    return _frame("moments", columns, pairs=pairs, several=several, conditions=conditions)


# --- several columns together --------------------------------------------------------------------


def _pairs() -> Sheet:
    columns: Columns = {
        "a": ([1, 2, 3, 4, 5, None, None, 8, 9, 10], pa.int64()),
        "b": ([1, 1, 4, None, 5, 6, None, 7, 9, 11], pa.int64()),
        "whole": (range(1, 11), pa.int64()),
        "real": ([1.0, 2.0, 3.0, 4.5, 5.0, 6.0, NAN, 8.0, 9.0, 10.0], pa.float64()),
        "left": (["x", "y", None, "", "X", "y", None, "x", "z", "x"], pa.string()),
        "right": (["x", "z", None, "", "x", None, "y", "x", "z", "y"], pa.string()),
    }
    pairs = (("a", "b"), ("b", "a"), ("whole", "real"), ("left", "right"), ("a", "whole"), ("whole", "left"))
    conditions = (
        {"type": "nullity", "column": {"name": "a"}, "is_null": False},
        {"type": "comparison", "column": {"name": "whole"}, "operator": "<", "parameter": 5},
        'left == "x"',
    )
    several = (("a", "b"), ("whole", "real"), ("left", "right"), ("a", "b", "whole"))
    return _frame("pairs", columns, pairs=pairs, several=several, conditions=conditions)


def _keys() -> Sheet:
    columns: Columns = {
        "patient": ([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, None, None], pa.int64()),
        "visit": ([1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1], pa.int64()),
        "site": (["A", "A", "A", "B", "B", "B", "C", "C", "C", "C", None, None], pa.string()),
        "device": (["d", None, "d", None, "e", None, "e", None, "f", None, "f", None], pa.string()),
        "score": ([0.0, -0.0, 1.0, NAN, NAN, None, 1.0, 2.0, 2.0, 3.0, NAN, None], pa.float64()),
        "number": (range(12), pa.int64()),
    }
    several = (
        ("patient", "visit"),
        ("patient", "site"),
        ("site", "device"),
        ("score", "visit"),
        ("number", "site"),
        ("patient", "visit", "device"),
        ("number", "visit", "score"),
        ("patient", "visit", "site", "device"),
    )
    conditions = (
        {"type": "nullity", "column": {"name": "patient"}, "is_null": False},
        {"type": "comparison", "column": {"name": "site"}, "operator": "==", "parameter": "A"},
        "patient < 5",
    )
    pairs = (("patient", "visit"), ("site", "device"))
    return _frame("keys", columns, pairs=pairs, several=several, conditions=conditions)


def _sums() -> Sheet:
    columns: Columns = {
        "tenth": ([0.1] * 10, pa.float64()),
        "fifth": ([0.2] * 10, pa.float64()),
        "rest": ([0.7] * 9 + [0.6], pa.float64()),
        "one": ([1, 2, 3, 4, 5, None, 7, 8, None, 10], pa.int64()),
        "ten": ([9, 8, 7, 6, 5, 4, 3, 2, None, 0], pa.int64()),
        "open": ([10.0, NAN, 10.0, None, 10.0, 10.0, 10.0, INFINITY, 10.0, 10.0], pa.float64()),
    }
    several = (("tenth", "fifth", "rest"), ("one", "ten"), ("one", "ten", "open"), ("tenth", "fifth"))
    return _frame("sums", columns, pairs=(("one", "ten"), ("tenth", "fifth")), several=several)


# --- shares and distributions --------------------------------------------------------------------


def _borders() -> Sheet:
    """Columns of 30 rows of which one, three, seven break what the others keep: `mostly` on its exact borders."""
    columns: Columns = {
        "one_bad": ([1] * 29 + [2], pa.int64()),
        "three_bad": ([1] * 27 + [2] * 3, pa.int64()),
        "seven_bad": ([1.0] * 23 + [2.0] * 7, pa.float64()),
        "half_empty": ([1, None] * 14 + [2, None], pa.int64()),
        "third_bad": (["a", "a", "b"] * 10, pa.string()),
        "bad_and_empty": ((["a"] * 19 + ["b"] + [None] * 10), pa.string()),
    }
    pairs = (("one_bad", "three_bad"), ("third_bad", "bad_and_empty"))
    return _frame("borders", columns, pairs=pairs, several=(("one_bad", "third_bad"), ("one_bad", "three_bad")))


def _shares() -> Sheet:
    words = ["a"] * 50 + ["b"] * 30 + ["c"] * 15 + ["d"] * 5
    columns: Columns = {
        "category": (words, pa.string()),
        "gaps": ([None if number % 10 == 0 else word for number, word in enumerate(words)], pa.string()),
        "grade": ([1] * 50 + [2] * 30 + [3] * 20, pa.int64()),
        "tie": (["x"] * 40 + ["y"] * 40 + ["z"] * 20, pa.string()),
        "flag": ([True] * 70 + [False] * 30, pa.bool_()),
        "unique": (range(100), pa.int64()),
    }
    pairs = (("category", "tie"), ("grade", "unique"))
    return _frame("shares", columns, pairs=pairs, several=(("category", "grade"), ("category", "unique")))


def _spread() -> Sheet:
    rng = random.Random(20261121)  # noqa: S311 - data for a test
    normal = [rng.gauss(50, 10) for _ in range(200)]
    columns: Columns = {
        "normal": (normal, pa.float64()),
        "normal_gaps": ([None if number % 7 == 0 else one for number, one in enumerate(normal)], pa.float64()),
        "uniform": ([number / 10 for number in range(200)], pa.float64()),
        "skewed": ([math.exp(one / 10) for one in normal], pa.float64()),
        "counts": ([rng.randrange(0, 12) for _ in range(200)], pa.int64()),
        "counts_gaps": ([rng.choice([None, 1, 2, 3, 5, 8]) for _ in range(200)], pa.int64()),
        "rounded": ([round(one) for one in normal], pa.int32()),
        "single": (normal, pa.float32()),
    }
    pairs = (("normal", "uniform"), ("counts", "rounded"))
    conditions = (
        {"type": "comparison", "column": {"name": "counts"}, "operator": "<", "parameter": 6},
        "normal > 50",
    )
    several = (("counts", "rounded"), ("counts", "counts_gaps"))
    return _frame("spread", columns, pairs=pairs, several=several, conditions=conditions)


# --- odd types and names -------------------------------------------------------------------------


def _odd_types() -> Sheet:
    columns: Columns = {
        "bytes": ([b"a", b"", b"\x00\xff", None, b"a"], pa.binary()),
        "list": ([[1, 2], [], None, [3], [1, 2]], pa.list_(pa.int64())),
        "object": ([{"a": 1}, {"a": 2}, None, {"a": None}, {"a": 1}], pa.struct([("a", pa.int64())])),
        "clock": ([dt.time(1), dt.time(2, 30), None, dt.time(23, 59, 59), dt.time(1)], pa.time64("us")),
        "duration": ([dt.timedelta(hours=number) for number in range(5)], pa.duration("us")),
        "number": ([1, 2, 3, 4, 5], pa.int64()),
        "half": ([1.0, 2.0, 0.5, NAN, None], pa.float16()),
    }
    return _frame("odd_types", columns, pairs=(("number", "duration"),), several=(("bytes", "number"),))


def _odd_names() -> Sheet:
    columns: Columns = {
        "first name": (["Al", "Bo", "Cy", None, "Al"], pa.string()),
        'say "x"': ([1, 2, 3, 4, 5], pa.int64()),
        "it's": ([1.0, 2.0, 3.0, NAN, 5.0], pa.float64()),
        "größe": ([170, 180, 190, 200, None], pa.int64()),
        "select": ([True, False, True, True, None], pa.bool_()),
        "rows": ([5, 4, 3, 2, 1], pa.int64()),
        "Case": ([1, 2, 3, 4, 5], pa.int64()),
        "a.b": ([1, 1, 2, 2, 3], pa.int64()),
        "100%": (["x", "y", "z", "x", "y"], pa.string()),
        "": ([1, 2, 3, 4, 5], pa.int64()),
        "n": (["x", "y", "z", "x", "x"], pa.string()),
        "v": ([1.5, 2.5, 2.5, None, NAN], pa.float64()),
        "b": ([1, 2, 2, 5, 4], pa.int64()),
        "s": ([3, 3, 1, 3, None], pa.int64()),
    }
    conditions = (
        {"type": "comparison", "column": {"name": "first name"}, "operator": "==", "parameter": "Al"},
        {"type": "comparison", "column": {"name": "größe"}, "operator": ">", "parameter": 175},
        {"type": "comparison", "column": {"name": "rows"}, "operator": "<", "parameter": 4},
        "`first name` == 'Bo'",
    )
    pairs = (("Case", "rows"), ('say "x"', "it's"))
    several = (("first name", "a.b"), ("select", "rows"), ("n", "v"), ("b", "s"))
    return _frame("odd_names", columns, pairs=pairs, several=several, conditions=conditions)


# --- files of other kinds ------------------------------------------------------------------------


def _loose_csv() -> Sheet:
    lines = ["number,mixed,code,day,moment,flag,word,real,empty,quoted"]
    for row in range(12):
        mixed = ("1", "x", "2.5", "", "true", "2024-01-01")[row % 6]
        word = "" if row in {3, 7} else ("nan", "NA", "ok", "null")[row % 4]
        real = ("1.5", "inf", "-2", "nan", "", "1e3")[row % 6]
        stamp = f"2024-01-{row + 1:02} {row:02}:00:00"
        cells = (row, mixed, f"{row:03}", f"2024-01-{row + 1:02}", stamp, str(row % 2 == 0).lower(), word, real, "")
        lines.append(",".join(map(str, cells)) + f',"a, ""{row % 3}"""')
    conditions = (
        {"type": "comparison", "column": {"name": "number"}, "operator": ">", "parameter": 5},
        {"type": "nullity", "column": {"name": "word"}, "is_null": False},
        'mixed == "x"',
    )
    pairs = (("number", "real"), ("day", "moment"), ("mixed", "word"))
    several = (("mixed", "flag"), ("number", "code"))
    return _csv("loose", "\n".join(lines) + "\n", pairs=pairs, several=several, conditions=conditions)


def _german_csv() -> Sheet:
    rows = ["Größe;Stadt;Wert", "170;München;1,5", "180;Köln;2,5", ";;", "190;Düsseldorf;3,5", '200;"a;b";4,5']
    return _csv("german", "\ufeff" + "\r\n".join(rows) + "\r\n", several=(("Größe", "Stadt"),))


def _several_files() -> Sheet:
    def part(first: int) -> bytes:
        columns: Columns = {
            "number": (range(first, first + 6), pa.int64()),
            "real": ([first + 0.5, None, NAN, 1.0, 2.0, 3.0], pa.float64()),
            "word": ([f"w{first}", "a", "b", None, "a", "c"], pa.string()),
        }
        return _parquet(columns)

    files = {f"part-{first}.parquet": part(first) for first in (0, 6, 3)}
    conditions = ({"type": "comparison", "column": {"name": "number"}, "operator": ">=", "parameter": 4},)
    pairs = (("number", "real"),)
    return Sheet(name="several", files=files, pairs=pairs, several=(("number", "word"),), conditions=conditions)


def _long(rows: int) -> Columns:
    rng = random.Random(7)  # noqa: S311 - data for a test
    start = dt.datetime.fromisoformat("2020-01-01")
    return {
        "serial": (range(rows), pa.int64()),
        "almost_unique": ([*range(rows - 1), 0], pa.int64()),
        "real": ([rng.uniform(-1, 1) for _ in range(rows)], pa.float64()),
        "with_nan": ([NAN if number % 100 == 99 else number / 7 for number in range(rows)], pa.float64()),
        "gaps": ([None if number % 3 == 0 else number for number in range(rows)], pa.int32()),
        "word": ([("low", "middle", "high")[number % 3] for number in range(rows)], pa.string()),
        "long_word": (["p" * 80 + f"{number % 50:03}" for number in range(rows)], pa.string()),
        "moment": ([start + dt.timedelta(minutes=number) for number in range(rows)], pa.timestamp("us")),
        "day": ([start.date() + dt.timedelta(days=number // 10) for number in range(rows)], pa.date32()),
        "flag": ([number % 2 == 0 for number in range(rows)], pa.bool_()),
        "late_fault": ([1.0] * (rows - 1) + [99.0], pa.float64()),
    }


LONG: dict[str, Any] = {
    "pairs": (("serial", "almost_unique"), ("real", "with_nan")),
    "several": (("word", "serial"), ("word", "almost_unique")),
    "conditions": (
        {"type": "comparison", "column": {"name": "word"}, "operator": "==", "parameter": "high"},
        {"type": "nullity", "column": {"name": "gaps"}, "is_null": True},
        "serial < 1000",
    ),
}


def _long_with_row_groups() -> Sheet:
    return Sheet(name="long", files={"long.parquet": _parquet(_long(3000), row_group_size=256)}, **LONG)


def _long_without_statistics() -> Sheet:
    content = _parquet(_long(1500), row_group_size=500, write_statistics=False, use_dictionary=False)
    return Sheet(name="long_bare", files={"long_bare.parquet": content}, **LONG)
