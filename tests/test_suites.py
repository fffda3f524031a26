"""Suites of expectations: read without the library, compiled into few queries, and the same as the library says."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crispq.errors import NotMeasurable
from crispq.evidence.suites import (
    Expectation,
    Outcome,
    arguments,
    conditions,
    demands,
    library,
    pandas_types,
    read_suite,
)
from crispq.evidence.suites.columns import column
from crispq.evidence.suites.compile import judged
from crispq.evidence.tables import TableData

NOT_FOR_SUITES = {
    *("id", "meta", "notes", "description", "severity", "rendered_content"),
    *("result_format", "catch_exceptions", "batch_id", "library_metadata", "windows"),
}


def asked(name: str, /, **kwargs: Any) -> Expectation:
    """An expectation, its type written without `expect_`."""
    return Expectation(type=f"expect_{name}", kwargs=kwargs)


def table(folder: Path, select: str, name: str = "rows.parquet") -> TableData:
    """The rows of a SELECT as a file, Parquet or CSV by its name."""
    import duckdb

    kind = "HEADER, FORMAT csv" if name.endswith(".csv") else "FORMAT parquet"
    duckdb.connect().execute(f"COPY ({select}) TO '{folder / name}' ({kind})")
    return TableData(name="raw", root=folder, paths=(name,))


def written(folder: Path, text: str, name: str = "rows.csv") -> TableData:
    """A CSV file with this text."""
    (folder / name).write_text(text, encoding="utf-8")
    return TableData(name="raw", root=folder, paths=(name,))


def held(rows: TableData, *expectations: Expectation, key: str | None = None) -> tuple[Outcome, ...]:
    return rows.hold(expectations, key=key)


def watched(rows: TableData) -> list[str]:
    """The SQL that is asked of the table from now on."""
    seen: list[str] = []
    ask = rows.query

    def query(sql: str) -> list[tuple[Any, ...]]:
        seen.append(sql)
        return ask(sql)

    object.__setattr__(rows, "query", query)
    return seen


# --- what is written -----------------------------------------------------------------------------


def library_classes() -> Mapping[str, Any]:
    """The library's own classes; an abstract one has no name."""
    with library._quiet():  # noqa: SLF001 - the library must not speak to anyone in a test either
        from great_expectations.expectations import core
    classes = [one for name, one in vars(core).items() if name.startswith("Expect")]
    return {one.expectation_type: one for one in classes if one.expectation_type}


def test_the_table_of_types_and_arguments_is_that_of_the_library() -> None:
    classes = library_classes()
    assert set(classes) == set(arguments.TYPES)
    for name, one in classes.items():
        fields = {field: known for field, known in one.__fields__.items() if field not in NOT_FOR_SUITES}
        assert set(fields) == set(arguments.TYPES[name]), name
        must = {field for field, known in fields.items() if known.required}
        assert must == {field for field, kind in arguments.TYPES[name].items() if kind.endswith("!")}, name


def test_the_table_of_pandas_types_is_that_of_the_library() -> None:
    import pandas as pd

    classes = library_classes()
    single = classes["expect_column_values_to_be_of_type"](column="c", type_="int")
    several = classes["expect_column_values_to_be_in_type_list"](column="c", type_list=["int"])
    for name in pandas_types._ACCEPTED:  # noqa: SLF001 - the table itself is under test
        dtype = pd.Series([], dtype=name).dtype
        for word in pandas_types._KNOWN:  # noqa: SLF001 - as above
            told = single._validate_pandas(actual_column_type=dtype, expected_type=word)  # noqa: SLF001 - as above
            listed = several._validate_pandas(actual_column_type=dtype, expected_types_list=[word])  # noqa: SLF001
            expected = (told["success"], listed["success"])
            assert expected == tuple(pandas_types.accepts(name, [word], listed=one) for one in (False, True)), (
                name,
                word,
            )
        assert told["result"]["observed_value"] == pandas_types.observed(name)


AGE = '{"type": "expect_column_values_to_be_between", "kwargs": {"column": "age", "min_value": 18}}'

RANGES = {"quantiles": [0.5, 0.9], "value_ranges": [[0, 1], [None, None]]}
QUANTILES = json.dumps(
    {"type": "expect_column_quantile_values_to_be_between", "kwargs": {"column": "age", "quantile_ranges": RANGES}}
)
PARTITION = {"values": ["a", "b"], "weights": [0.5, 0.5]}
DIVERGENCE = json.dumps(
    {"type": "expect_column_kl_divergence_to_be_less_than", "kwargs": {"column": "s", "partition_object": PARTITION}}
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "s.json:1: not JSON"),
        ("[]", "a suite is an object"),
        ('{"expectations": []}', "would hold for any data"),
        ('{"expectations": [], "oddity": 1}', "unknown key 'oddity'"),
        ('{"name": "a", "name": "b"}', "'name' stands twice"),
        ('{"expectations": [NaN]}', "NaN is no JSON value"),
        (
            '{"expectations": [{"type": "expect_table_row_count_to_equal", "kwargs": {"value": 3}}]}',
            "looks at a column",
        ),
        (f'{{"expectations": [\n{AGE},\n{AGE}]}}', "s.json:3: the expectation of line 2 stands here a second time"),
        (f'{{"expectations": [\n{AGE.replace("between", "betwen")}]}}', "s.json:2: unknown expectation type"),
        (f'{{"expectations": [{AGE.replace("min_value", "min_valeu")}]}}', "did you mean 'min_value'?"),
        (f'{{"expectations": [{AGE.replace("18", "null")}]}}', "neither min_value nor max_value"),
        (f'{{"expectations": [{AGE.replace("18", "18, " + chr(34) + "mostly" + chr(34) + ": 0")}]}}', "mostly is 0"),
        (f'{{"expectations": [{QUANTILES}]}}', "the range of a quantile has no bound"),
        (f'{{"expectations": [{DIVERGENCE}]}}', "threshold is not given"),
        (f'{{"expectations": [{AGE}, {{"type": "expect_table_columns_to_match_ordered_list"}}]}}', "column_list is"),
        (f'{{"expectations": [{AGE.replace("18", chr(34) + "often" + chr(34))}]}}', "cannot be asked so"),
        (f'{{"expectations": [{AGE.replace("18", json.dumps({"$PARAMETER": "adult"}))}]}}', "stands in no"),
    ],
)
def test_what_would_hold_emptily_or_is_misspelt_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(NotMeasurable) as refused:
        read_suite(text, table="raw", path="s.json")
    assert says in str(refused.value)


def test_parameters_are_filled_in_and_two_entries_may_share_a_line() -> None:
    text = json.dumps(
        {
            "suite_parameters": {"adult": 18, "sites": ["A"]},
            "expectations": [
                {
                    "type": "expect_column_min_to_be_between",
                    "kwargs": {"column": "a", "min_value": {"$PARAMETER": "adult"}},
                },
                {
                    "type": "expect_column_values_to_be_in_set",
                    "kwargs": {"column": "s", "value_set": {"$PARAMETER": "sites"}},
                },
            ],
        }
    )
    first, second = read_suite(text, table="raw", path="s.json").expectations
    assert (1, 18) == (first.line, first.kwargs["min_value"])
    assert (1, ["A"]) == (second.line, second.kwargs["value_set"])


# --- the same as the library ---------------------------------------------------------------------

MIXED = """
    SELECT i AS id, CASE WHEN i % 7 <> 0 THEN i % 5 END AS small,
    CASE WHEN i % 6 <> 0 THEN (i * 37 % 100) / 4e0 END AS x,
    CASE i % 9 WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN NULL ELSE i * 1.5e0 END AS odd,
    CASE i % 8 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'é1' WHEN 3 THEN 'a' || chr(10) ELSE 'a' || i % 3 END AS s,
    i % 2 = 0 AS flag, DATE '2024-01-01' + i::INT AS day FROM range(60) AS t(i)
"""
ALIKE = (
    *(asked(f"column_values_to_{one}_null", column=name) for one in ("be", "not_be") for name in ("small", "odd", "s")),
    asked("column_values_to_be_between", column="x", min_value=2.25, max_value=20),
    asked("column_values_to_be_between", column="odd", min_value=0, strict_min=True, mostly=0.9),
    asked("column_values_to_be_between", column="day", min_value="2024-01-10T00:00:00"),
    asked("column_values_to_be_in_set", column="small", value_set=[0, 1, 2.0, 3]),
    asked("column_values_to_not_be_in_set", column="s", value_set=["", "a1"]),
    asked("column_values_to_be_unique", column="x"),
    asked("column_values_to_be_unique", column="id"),
    asked("column_values_to_be_increasing", column="day", strictly=True),
    asked("column_values_to_be_decreasing", column="odd"),
    asked("column_value_lengths_to_be_between", column="s", min_value=1, max_value=2),
    asked("column_value_lengths_to_equal", column="id", value=2),
    *(asked("column_values_to_match_regex", column="s", regex=one) for one in (r"^a\d$", r"\w", r"\s", "(?=a)", "a$")),
    asked("column_values_to_not_match_regex", column="s", regex="1"),
    asked("column_values_to_match_regex_list", column="s", regex_list=["^a", "1$"], match_on="all"),
    asked("column_values_to_match_strftime_format", column="s", strftime_format="%Y-%m-%d"),
    asked("column_values_to_be_dateutil_parseable", column="s", mostly=0.2),
    asked("column_values_to_be_json_parseable", column="s"),
    asked("column_value_z_scores_to_be_less_than", column="x", threshold=1.5, double_sided=True),
    *(
        asked(f"column_{one}_to_be_between", column="x", min_value=3, max_value=13)
        for one in ("min", "max", "mean", "median", "sum", "stdev")
    ),
    asked("column_median_to_be_between", column="odd", min_value=45, max_value=46),
    asked(
        "column_quantile_values_to_be_between",
        column="x",
        quantile_ranges={"quantiles": [0.1, 0.5, 0.9], "value_ranges": [[1, 3], [None, 12.5], [22, None]]},
    ),
    *(
        asked(f"column_distinct_values_to_{one}_set", column="small", value_set=[0, 1, 2, 3, 9])
        for one in ("be_in", "contain", "equal")
    ),
    asked("column_unique_value_count_to_be_between", column="s", min_value=2, max_value=4),
    asked("column_proportion_of_unique_values_to_be_between", column="x", min_value=0.5),
    asked("column_proportion_of_non_null_values_to_be_between", column="odd", min_value=0.5),
    asked("column_most_common_value_to_be_in_set", column="small", value_set=[1, 2], ties_okay=True),
    asked(
        "column_kl_divergence_to_be_less_than",
        column="s",
        partition_object={"values": ["a0", "a1", "a2"], "weights": [0.4, 0.3, 0.3]},
        threshold=0.9,
        tail_weight_holdout=0.2,
    ),
    asked("column_pair_values_to_be_equal", column_A="x", column_B="odd"),
    asked(
        "column_pair_values_a_to_be_greater_than_b",
        column_A="odd",
        column_B="x",
        ignore_row_if="either_value_is_missing",
    ),
    asked("column_pair_values_to_be_in_set", column_A="small", column_B="s", value_pairs_set=[[1, "a1"], [None, ""]]),
    asked("multicolumn_sum_to_equal", column_list=["x", "odd"], sum_total=10.5, mostly=0.5),
    asked("multicolumn_values_to_be_equal", column_list=["x", "odd"]),
    asked("select_column_values_to_be_unique_within_record", column_list=["x", "odd"]),
    asked("compound_columns_to_be_unique", column_list=["small", "s"]),
    asked("column_values_to_be_of_type", column="small", type_="int64"),
    asked("column_values_to_be_in_type_list", column="x", type_list=["INT", "FLOAT"]),
    asked("column_to_exist", column="x", column_index=2),
    asked("table_column_count_to_be_between", min_value=7, max_value=7),
    asked("table_columns_to_match_set", column_set=["id", "x"], exact_match=False),
    asked("table_columns_to_match_ordered_list", column_list=["id", "x"]),
    asked("table_row_count_to_equal", value=60),
    asked("table_row_count_to_be_between", min_value=1, row_condition="flag == True", condition_parser="pandas"),
)


def test_every_compiled_type_says_what_the_library_says(tmp_path: Path) -> None:
    rows = table(tmp_path, MIXED)
    ours, theirs = rows.hold(ALIKE), library.evaluated(rows.frame(), ALIKE)
    for one, other in zip(ours, theirs, strict=True):
        told = str(one.expectation)
        assert "compiled" == one.how, told
        assert (other.met, "") == (one.met, one.error), told
        assert other.unexpected in {None, one.unexpected}, told
        assert other.examined in {None, one.examined}, told
        if isinstance(other.observed, float | int) and isinstance(one.observed, float | int):
            assert one.observed == pytest.approx(other.observed, rel=1e-12), told


def test_what_is_not_compiled_is_asked_of_the_library(tmp_path: Path) -> None:
    rows = table(tmp_path, MIXED)
    outliers, like, between = held(
        rows,
        asked("column_values_to_not_be_outliers", column="x"),
        asked("column_values_to_match_like_pattern", column="s", like_pattern="a%"),
        asked("column_values_to_be_between", column="s", min_value=1),
    )
    assert ("great_expectations", True, "") == (outliers.how, outliers.met, outliers.error)
    assert not like.met
    assert "could not be evaluated" in like.error
    assert "TypeError" in between.error


@pytest.mark.parametrize("exact", [0.3, 0.1 + 0.2])
def test_a_bound_that_a_sum_of_floats_touches_is_decided_by_the_library(tmp_path: Path, exact: float) -> None:
    rows = table(tmp_path, "SELECT unnest([0.1::DOUBLE, 0.2::DOUBLE]) AS x")
    (outcome,) = held(rows, asked("column_sum_to_be_between", column="x", max_value=exact))
    assert ("great_expectations", exact > 0.3) == (outcome.how, outcome.met)


CONDITIONS = (
    "x > 3",
    "x != 3.25",
    "not x <= 3 and s == 'a1'",
    "s != 'a1' or small in [1, 2]",
    "small not in (1, 2)",
    "x.isnull() or odd.notna()",
    "flag == True and odd >= -1.5",
    "`small` < 3",
)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_picks_the_rows_that_pandas_picks(tmp_path: Path, condition: str) -> None:
    rows = table(tmp_path, MIXED)
    sql = conditions.sql_of(condition, rows.types, parser="pandas")
    picked = [one for (one,) in rows.query(f"SELECT id FROM rows WHERE {sql} ORDER BY id")]  # noqa: S608 - under test
    assert rows.frame().query(condition)["id"].tolist() == picked


@pytest.mark.parametrize(
    "condition", ["x & 1", "x > small", "nobody == 3", "s > 3", "len(s)", "day > '2024-01-01'", "x =="]
)
def test_any_other_condition_is_left_to_pandas(condition: str) -> None:
    types = {"x": "DOUBLE", "small": "BIGINT", "s": "VARCHAR", "day": "DATE"}
    with pytest.raises(conditions.Untranslated):
        conditions.sql_of(condition, types, parser="pandas")


# --- success that shows nothing ------------------------------------------------------------------


def test_what_looks_at_nothing_is_met_but_does_not_hold(tmp_path: Path) -> None:
    rows = table(tmp_path, "SELECT unnest([1, 2, 3]) AS a, NULL::DOUBLE AS b")
    no_row = asked(
        "column_values_to_be_between", column="a", min_value=9, row_condition="a > 9", condition_parser="pandas"
    )
    no_value = asked("column_values_to_be_unique", column="b")
    no_pair = asked("column_pair_values_to_be_equal", column_A="b", column_B="b")
    outcomes = held(rows, no_row, no_value, no_pair)
    assert [(True, False)] * 3 == [(one.met, one.holds) for one in outcomes]
    told = ["its condition leaves no row to look at", "all 3 values are missing", "no row has the values it looks at"]
    assert told == [one.vacuous for one in outcomes]


def test_a_column_that_is_not_there_is_told_without_the_library(tmp_path: Path) -> None:
    (outcome,) = held(table(tmp_path, "SELECT 1 AS age"), asked("column_values_to_be_unique", column="agee"))
    assert (False, "the table has no column 'agee' (did you mean 'age'?)") == (outcome.met, outcome.error)


# --- failing rows --------------------------------------------------------------------------------


def test_failing_rows_are_told_by_their_key_or_number_and_counted_exactly(tmp_path: Path) -> None:
    rows = table(tmp_path, "SELECT 'P' || i AS id, i AS v FROM range(100) AS t(i)")
    low = asked("column_values_to_be_between", column="v", min_value=50)
    (keyed,), (numbered,) = held(rows, low, key="id"), held(rows, low)
    assert (50, 100) == (keyed.unexpected, keyed.examined)
    assert tuple(f"P{one}" for one in range(20)) == keyed.examples
    assert tuple(range(1, 21)) == numbered.examples


@pytest.mark.parametrize(
    ("expectation", "keys"),
    [
        (asked("column_values_to_be_unique", column="v"), (1, 2)),
        (asked("compound_columns_to_be_unique", column_list=["v", "w"]), (1, 2)),
        (asked("column_values_to_match_regex", column="w", regex=r"\s"), (1, 2, 4)),
        (asked("column_pair_values_to_be_equal", column_A="v", column_B="id"), (2, 4)),
        (asked("column_distinct_values_to_be_in_set", column="v", value_set=[1]), (3, 4)),
        (asked("column_values_to_not_be_null", column="n"), (2,)),
        (asked("column_values_to_not_be_outliers", column="id", method="std", multiplier=1), (1, 4)),
    ],
)
def test_the_examples_are_the_failing_rows(tmp_path: Path, expectation: Expectation, keys: tuple[int, ...]) -> None:
    values = "(1, 1, 'a', 1e0), (2, 1, 'a', 'NaN'::DOUBLE), (3, 3, ' ', 2e0), (4, 5, 'b', 3e0)"
    rows = table(tmp_path, f"SELECT * FROM (VALUES {values}) AS t(id, v, w, n)")  # noqa: S608 - the test's own
    (outcome,) = held(rows, expectation, key="id")
    assert keys == tuple(sorted(outcome.examples))


# --- few queries ---------------------------------------------------------------------------------

HELD_IN_A_CHILD = """
import sys
from pathlib import Path
from crispq.evidence.suites import read_suite
from crispq.evidence.tables import TableData

rows = TableData(name="raw", root=Path(sys.argv[1]), paths=("rows.parquet",))
outcomes = rows.hold(read_suite(Path(sys.argv[2]).read_text(), table="raw", path="s.json"), key="id")
assert {"compiled"} == {one.how for one in outcomes}, [one.expectation for one in outcomes if one.how != "compiled"]
print(*[one for one in ("great_expectations", "pandas", "numpy", "pyarrow", "scipy") if one in sys.modules])
"""


def test_nothing_heavy_is_imported_when_all_is_compiled(tmp_path: Path) -> None:
    table(tmp_path, MIXED)
    plain = [{"type": one.type, "kwargs": dict(one.kwargs)} for one in ALIKE if "dateutil" not in one.type]
    (tmp_path / "suite.json").write_text(json.dumps({"expectations": plain}))
    command = [sys.executable, "-c", HELD_IN_A_CHILD, str(tmp_path), str(tmp_path / "suite.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout.strip()), done.stderr


def test_the_same_question_is_asked_once() -> None:
    seen: list[str] = []

    def query(sql: str) -> list[tuple[Any, ...]]:
        seen.append(sql)
        return [(10,) * sql.count("count(")]

    expectations = [
        asked("column_values_to_not_be_null", column="a"),
        asked("column_values_to_not_be_null", column="a", mostly=0.5),
        asked("column_proportion_of_non_null_values_to_be_between", column="a", min_value=0.5),
        asked("table_row_count_to_equal", value=10),
    ]
    found = judged(expectations, {"a": "BIGINT"}, lambda those: demands.answered(those, query))
    assert [True] * 4 == [one.outcome.met for one in found if one is not None]
    assert ['SELECT count(*), count(*) FILTER (WHERE "a" IS NOT NULL) FROM rows'] == seen


def many(folder: Path) -> TableData:
    """A table of 200,000 rows in two row groups, clean and in rising order of `id`."""
    select = (
        "SELECT i AS id, i % 1000 / 1e1 AS x, ['red', 'green', 'blue'][1 + i % 3] AS colour,"
        " 'c' || (i * 7919 % 200000) AS code FROM range(200000) AS t(i)"
    )
    return table(folder, select)


CLEAN = (
    asked("table_row_count_to_equal", value=200_000),
    *(asked("column_values_to_not_be_null", column=name) for name in ("id", "x", "colour", "code")),
    asked("column_values_to_be_between", column="id", min_value=0),
    asked("column_values_to_be_between", column="x", min_value=0, max_value=100),
    asked("column_min_to_be_between", column="x", min_value=0, max_value=0),
)


def test_footers_answer_what_they_can_without_a_look_at_the_pages(tmp_path: Path) -> None:
    """The pages are overwritten: only the footer still says what the file held."""
    many(tmp_path)
    path = tmp_path / "rows.parquet"
    raw = bytearray(path.read_bytes())
    footer = int.from_bytes(raw[-8:-4], "little") + 8
    raw[4:-footer] = b"\0" * (len(raw) - footer - 4)
    path.write_bytes(raw)
    rows = TableData(name="raw", root=tmp_path, paths=("rows.parquet",))
    assert [True] * len(CLEAN) == [one.holds for one in rows.hold(CLEAN)]


def test_forty_demands_take_a_dozen_queries(tmp_path: Path) -> None:
    rows = many(tmp_path)
    seen = watched(rows)
    colours = ["red", "green", "blue"]
    more = [
        *(asked("column_values_to_be_in_set", column="colour", value_set=[*colours, str(one)]) for one in range(20)),
        *(
            asked("column_value_lengths_to_be_between", column="code", min_value=1, max_value=one)
            for one in range(7, 17)
        ),
        asked("column_values_to_be_unique", column="id"),
        asked("column_mean_to_be_between", column="x", min_value=49, max_value=51),
        *CLEAN,
    ]
    assert all(one.holds for one in rows.hold(more))
    assert 40 == len(more)
    assert len(seen) <= 12
    assert 1 == sum("GROUP BY" in one for one in seen)


UNIQUE: Sequence[tuple[str, str, int]] = (
    ("rising", "i", 0),
    ("shuffled", "i * 7919 % 5003", 0),
    ("one twice", "CASE WHEN i = 4000 THEN 17 ELSE i END", 2),
    ("two kinds of zero", "CASE i WHEN 1 THEN -0.0::DOUBLE WHEN 2 THEN 0.0::DOUBLE ELSE i::DOUBLE + 5 END", 2),
    ("shuffled texts", "'k' || (i * 7919 % 5003)", 0),
    ("texts, one thrice", "'k' || CASE WHEN i IN (1, 2000, 4000) THEN 17000 ELSE (i * 7919 % 5003) END", 3),
    ("few values", "i % 3", 5003),
    ("missing ones", "CASE WHEN i % 2 = 0 THEN i * 7919 % 5003 END", 0),
)


@pytest.mark.parametrize(("title", "sql", "repeated"), UNIQUE)
@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_uniqueness_is_exact_whatever_way_it_is_found(
    tmp_path: Path, title: str, sql: str, repeated: int, name: str
) -> None:
    rows = table(tmp_path, f"SELECT {sql} AS v, 1 AS w FROM range(5003) AS t(i)", name)  # noqa: S608 - the test's own
    single, both, count = held(
        rows,
        asked("column_values_to_be_unique", column="v"),
        asked("compound_columns_to_be_unique", column_list=["v", "w"], ignore_row_if="any_value_is_missing"),
        asked("column_unique_value_count_to_be_between", column="v", min_value=1),
    )
    assert (repeated, repeated) == (single.unexpected, both.unexpected), title
    distinct = rows.query("SELECT count(DISTINCT v) FROM rows")[0][0]
    assert distinct == count.observed


# --- tables --------------------------------------------------------------------------------------


def test_nan_that_parquet_statistics_hide_is_found(tmp_path: Path) -> None:
    """pyarrow writes minimum and maximum past NaN and does not count it; DuckDB 2.0 takes them at their word."""
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"x": [1.0, math.nan, 2.0]}), tmp_path / "rows.parquet")
    rows = TableData(name="raw", root=tmp_path, paths=("rows.parquet",))
    null, unique, most = held(
        rows,
        asked("column_values_to_not_be_null", column="x"),
        asked("column_values_to_be_unique", column="x"),
        asked("column_values_to_be_between", column="x", max_value=1.5),
    )
    assert (1, (2,)) == (null.unexpected, null.examples)
    assert (True, 0) == (unique.met, unique.unexpected)
    assert (1, (3,)) == (most.unexpected, most.examples)
    assert [(1,)] == rows.query("SELECT count(*) FROM rows WHERE x > 'Infinity'::DOUBLE")


def test_yes_and_no_stay_text_and_true_and_false_are_booleans(tmp_path: Path) -> None:
    rows = written(tmp_path, "a,b,c,d\nyes,true,t,1\nno,False,f,0\n,,,\n")
    assert {"a": "VARCHAR", "b": "BOOLEAN", "c": "VARCHAR", "d": "BIGINT"} == rows.types
    assert [("yes", True), ("no", False), (None, None)] == rows.query("SELECT a, b FROM rows")


def test_a_word_of_another_kind_far_below_keeps_a_column_of_booleans_text(tmp_path: Path) -> None:
    rows = written(tmp_path, "a\n" + "true\n" * 3000 + "unknown\n")
    assert {"a": "VARCHAR"} == rows.types


def test_times_with_a_zone_become_a_frame_without_a_warning(tmp_path: Path) -> None:
    rows = table(tmp_path, "SELECT TIMESTAMPTZ '2024-01-01 10:00:00+02' AS t")
    assert "2024-01-01T08:00:00+00:00" == rows.frame()["t"].iloc[0].isoformat()


def test_files_of_one_table_may_differ_in_type_but_not_in_columns(tmp_path: Path) -> None:
    for name, text in (("a.csv", "v,w\n1,x\n"), ("b.csv", "v,w\n1.5,y\n"), ("c.csv", "v,z\n1,x\n")):
        (tmp_path / name).write_text(text)
    both = TableData(name="raw", root=tmp_path, paths=("a.csv", "b.csv"))
    assert [(1.0, "x"), (1.5, "y")] == both.query("SELECT v, w FROM rows")
    with pytest.raises(NotMeasurable, match=r"c\.csv: its columns are not those of a\.csv: 'w'"):
        _ = TableData(name="raw", root=tmp_path, paths=("a.csv", "c.csv")).types


def test_arrow_files_are_tables_too(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import feather

    feather.write_feather(pa.table({"v": [1, None, 3], "s": ["a", "b", None]}), tmp_path / "rows.feather")
    rows = TableData(name="raw", root=tmp_path, paths=("rows.feather",))
    assert ({"v": "BIGINT", "s": "VARCHAR"}, 3) == (rows.types, rows.rows)
    (outcome,) = held(rows, asked("column_values_to_not_be_null", column="s"))
    assert (1, (3,)) == (outcome.unexpected, outcome.examples)


def test_an_altered_table_is_held_in_passing_and_leaves_the_table_alone(tmp_path: Path) -> None:
    rows = table(tmp_path, "SELECT i AS a, i * 2 AS b FROM range(5) AS t(i)")
    altered = rows.altered({"a": "a * 10"}).altered({"b": "a + 1"})
    assert [(40, 41)] == altered.query("SELECT max(a), max(b) FROM rows")
    assert [(4, 8)] == rows.query("SELECT max(a), max(b) FROM rows")
    assert [0, 10, 20, 30, 40] == altered.frame(["a"])["a"].tolist()
    (outcome,) = altered.hold([asked("column_values_to_be_between", column="a", max_value=30)])
    assert (1, (5,)) == (outcome.unexpected, outcome.examples)
    with pytest.raises(NotMeasurable, match="has no column 'z'"):
        rows.altered({"z": "1"})


def test_a_csv_file_is_read_once(tmp_path: Path) -> None:
    rows = written(tmp_path, "a\n1\n2\n")
    assert 2 == rows.rows
    (tmp_path / "rows.csv").unlink()
    assert [1, 2] == rows.frame()["a"].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_missing_values_are_what_pandas_calls_missing(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - test data
    pick: Callable[[], str] = lambda: dice.choice(["NULL", "'NaN'", "'inf'", "1.5", "-2"])  # noqa: E731 - said once
    rows = table(tmp_path, f"SELECT * FROM (VALUES {', '.join(f'({pick()}::DOUBLE)' for _ in range(40))}) AS t(x)")  # noqa: S608
    present = column("x", rows.types["x"]).present
    missing = column("x", rows.types["x"]).missing
    counted = rows.query(f"SELECT count(*) FILTER (WHERE {present}), count(*) FILTER (WHERE {missing}) FROM rows")[0]  # noqa: S608
    frame = rows.frame()["x"]
    assert (int(frame.notna().sum()), int(frame.isna().sum())) == counted
