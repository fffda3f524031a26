"""Awkward rows, and what several engines are asked of them: queries and expectations of all kinds."""

from __future__ import annotations

from typing import Any

from postgres import quoted

from crispq.evidence.suites import Expectation

# ruff: noqa: E501, ISC004, S608 - tables of queries, each on its line

#: Every kind of column and what is awkward about it; the names are awkward too.
ROWS = f"""
SELECT * FROM (VALUES
  (1::BIGINT, 1.5::DOUBLE, 'a'::VARCHAR, DATE '2020-01-01', TIMESTAMP '2020-01-01 10:00:00', true, 1.25::DECIMAL(7, 2), 0.1::FLOAT, 3::INTEGER),
  (2, 'nan'::DOUBLE, 'B', DATE '2021-01-31', TIMESTAMP '2020-01-01 10:00:00.5', false, 2.5, 0.25, -7),
  (3, 'inf'::DOUBLE, '', NULL, NULL, NULL, NULL, NULL, NULL),
  (4, '-inf'::DOUBLE, 'é👩', DATE '1999-12-31', TIMESTAMP '1969-01-01', true, -3.75, 'nan', 2),
  (5, NULL, NULL, DATE '1582-10-04', TIMESTAMP '2020-01-01 10:00:00', false, 0.00, 1e10, 0),
  (6, -0.0, 'a%b', DATE '2020-01-01', TIMESTAMP '2262-01-01', true, 1.25, 3, 3),
  (7, 2.5, 'a\\_b' || chr(10) || 'c', DATE '2020-02-29', TIMESTAMP '2020-01-01 23:59:59.999999', true, 99999.99, 0.1, 2147483647),
  (9007199254740993, 1e-300, 'Zz 12-34', NULL, NULL, NULL, 1.25, NULL, -2147483648)
) AS v(id, x, "Text", d, "at", flag, price, {quoted('single "q"')}, "Ünit.n;a`me")
"""

#: What is asked inside the engines; every one of them answers itself.
INSIDE = (
    "count(*)", "count(x)", "count(DISTINCT x)", 'count(DISTINCT "text")', "count(DISTINCT d)",
    "sum(id)", "sum(x)", "avg(id)", "avg(price)", "sum(price)", 'sum("Ünit.n;a`me")', "sum(flag)", "sum(id * 3)",
    "min(x)", "max(x)", 'min("TEXT")', "max(text)", "min(d)", 'max("at")', "min(flag)", "max(flag)", "max(price)",
    "bool_and(flag)", "bool_or(flag)", "count_if(flag)",
    "stddev_samp(id)", "stddev_samp(x)", "stddev_pop(price)", "var_samp(id)", "var_pop(id) FILTER (WHERE id < 9)",
    "stddev_samp(x) FILTER (WHERE x BETWEEN -10 AND 10)", "stddev_samp(id) FILTER (WHERE id = 1)",
    "median(id)", "quantile_cont(id, 0.3)", "quantile_cont(x, 0.25)", "quantile_cont(x, 0.75)", "quantile_cont(x, 0)",
    "quantile_cont(x, 0.9)", "quantile_cont(x, 1)", "quantile_disc(x, 0.5)", "median(x) FILTER (WHERE isfinite(x))",
    "median(x) FILTER (WHERE FALSE)",
    'count(*) FILTER (WHERE "single ""q""" = 0.1)', 'count(*) FILTER (WHERE "Single ""q""" BETWEEN 0.1 AND 0.25)',
    'count(*) FILTER (WHERE "single ""q""" IN (0.1, 3))', 'min("single ""q""")', 'avg("single ""q""")',
    "count(*) FILTER (WHERE \"single \"\"q\"\"\" > CAST('0.1' AS DOUBLE))",
    "sum(id // 2)", "sum(id % 2)", "count(*) FILTER (WHERE id / 2 = 0.5)", "max(id / 0)", "min(x / 0)",
    "count(*) FILTER (WHERE isnan(x / 0))", "count(*) FILTER (WHERE x / x = 1)", "count(*) / count(x)", "sum(id) / count(*)",
    "count(*) FILTER (WHERE x > 1)", "count(*) FILTER (WHERE x = CAST('nan' AS DOUBLE))", "count(*) FILTER (WHERE x <> 1.5)",
    "count(*) FILTER (WHERE NOT (x > 1))", "count(*) FILTER (WHERE isnan(x))", "count(*) FILTER (WHERE isnan(x) IS NULL)",
    "count(*) FILTER (WHERE isinf(x))", "count(*) FILTER (WHERE x <= CAST('Infinity' AS DOUBLE))",
    "count(*) FILTER (WHERE text LIKE 'a%')", r"count(*) FILTER (WHERE text LIKE 'a\_b%')", "count(*) FILTER (WHERE text LIKE '__')",
    r"count(*) FILTER (WHERE text LIKE 'a\\_b%')", "count(*) FILTER (WHERE text LIKE 'a!%b' ESCAPE '!')",
    "count(*) FILTER (WHERE starts_with(text, 'a%'))", "count(*) FILTER (WHERE contains(text, '_'))",
    "count(*) FILTER (WHERE contains(text, chr(10)))", "count(*) FILTER (WHERE ends_with(text, ''))",
    "count(*) FILTER (WHERE regexp_matches(text, '^[a-z]+$'))", r"count(*) FILTER (WHERE regexp_matches(text, '\d{2}-\d\d$'))",
    "count(*) FILTER (WHERE regexp_matches(text, 'a.*c'))", r"count(*) FILTER (WHERE regexp_matches(text, '^\w+$'))",
    r"count(*) FILTER (WHERE regexp_full_match(text, '\S*\s[\d\-]+'))", "count(*) FILTER (WHERE regexp_matches(text, '^.{2}$'))",
    "count(*) FILTER (WHERE regexp_matches(text, '[^a]'))", r"count(*) FILTER (WHERE regexp_matches(text, 'b$|[\\%_]'))",
    "max(length(text))", "min(length(text))", "max(strlen(text))", "max(md5(text))", "min(text || 'x')",
    "min(concat(text, NULL, 'y'))", "max(substring(text, 2, 3))", "count(*) FILTER (WHERE text < 'a')",
    "count(*) FILTER (WHERE text IN ('a', 'B'))", "count(*) FILTER (WHERE text = '')",
    "count(*) FILTER (WHERE d >= DATE '2020-01-01')", "count(*) FILTER (WHERE d = '2020-01-01')", 'count(*) FILTER (WHERE "at" > d)',
    """count(*) FILTER (WHERE "at" BETWEEN '2020-01-01' AND TIMESTAMP '2020-01-01 12:00:00')""",
    'max(CAST("at" AS DATE))', "min(CAST(d AS VARCHAR))", "min(CAST(flag AS VARCHAR))", "max(CAST(id AS VARCHAR))",
    "sum(CAST(flag AS INTEGER))", "sum(CAST(id AS HUGEINT))", "max(CAST(id AS DOUBLE))",
    "max(abs(price))", "max(floor(price))", "min(ceil(price))", "max(coalesce(x, 0))", "min(nullif(x, 1.5))",
    "max(greatest(x, id))", "min(least(x, id, 5))", "max(CASE WHEN x > 1 THEN 1 WHEN x < 0 THEN 2.5 END)",
    "sum(if(flag, 1, 0))", "sum(x * 2)", "sum(id - price)", "max(- x)", "count(*) FILTER (WHERE flag)", "max(1e-3)", "max('told')",
    "count(*) FILTER (WHERE NOT flag)", "count(*) FILTER (WHERE flag IS NULL)", "count(*) FILTER (WHERE id IS DISTINCT FROM 3)",
    "count(*) FILTER (WHERE x IS NOT DISTINCT FROM NULL)", "max(id) - min(id)", "max(x) = min(x)",
)  # fmt: skip
SELECTS = (
    'SELECT id, x, "Text", d, "at", flag, price FROM rows ORDER BY id DESC',
    "SELECT x FROM rows ORDER BY x, id",
    "SELECT x FROM rows ORDER BY x DESC NULLS FIRST, id",
    "SELECT Text FROM rows ORDER BY text",
    "SELECT DISTINCT flag FROM rows ORDER BY flag",
    "SELECT flag, count(*) AS n FROM rows GROUP BY flag ORDER BY n DESC, flag",
    "SELECT x, count(*) FROM rows GROUP BY x ORDER BY x",
    "SELECT id FROM rows ORDER BY x LIMIT 3",
    "SELECT count(*) FROM (SELECT text, count(*) AS n FROM rows GROUP BY text HAVING count(*) > 1) AS g",
    "SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM rows GROUP BY d, flag HAVING count(*) > 1) AS g",
    "WITH g AS (SELECT d AS v, count(*) AS n FROM rows GROUP BY d) SELECT count(*), "
    "count(*) FILTER (WHERE v > DATE '2020-01-01') FROM g WHERE n = (SELECT max(n) FROM g)",
    "SELECT count(*) FROM (SELECT DISTINCT x AS v FROM rows) AS d WHERE v IS NOT NULL",
    "SELECT count(*) FROM (SELECT id AS v, lag(id) OVER (ORDER BY id) AS b FROM rows) AS s WHERE v <= b",
    "SELECT id, row_number() OVER (PARTITION BY flag ORDER BY id) FROM rows ORDER BY id",
    "SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM rows ORDER BY id",
    "SELECT count(*) FROM rows WHERE id IN (SELECT id FROM rows WHERE flag)",
    "SELECT a.id, b.id FROM rows AS a JOIN rows AS b ON a.id = b.id + 1 ORDER BY a.id",
    "FROM rows SELECT count(*)",
    "SELECT * EXCLUDE (x) FROM rows ORDER BY id LIMIT 2",
    "SELECT id AS c0, - id AS id FROM rows ORDER BY id LIMIT 2",
    "SELECT text FROM rows WHERE text > 'Z' ORDER BY id",
)
#: What is left to DuckDB, since nobody can be sure that another engine means the same.
LEFT = (
    "SELECT count(*) FILTER (WHERE regexp_matches(text, '(?i)A')) FROM rows",
    "SELECT max(lower(text)), max(trim(text)), max(strftime(d, '%Y')) FROM rows",
    "SELECT approx_count_distinct(text), sum(hash(text)) FROM rows",
    "SELECT sum(price * price), max(round(price, 1)), sum(sqrt(id)) FROM rows",
    "SELECT count(DISTINCT (id, x)) FROM rows",
    "SELECT count(*) FROM (SELECT id AS v, lag(id) OVER () AS b FROM rows) AS s WHERE v <= b",
    "SELECT flag, max(x) AS m FROM rows GROUP BY ALL ORDER BY ALL",
    "SELECT x FROM rows QUALIFY row_number() OVER (ORDER BY id) = 1",
    "SELECT id FROM rows ORDER BY id OFFSET 6",
    "SUMMARIZE rows",
)
QUERIES = (*(f"SELECT {one} FROM rows" for one in INSIDE), *SELECTS)


def _one(kind: str, **kwargs: Any) -> Expectation:
    return Expectation(type=f"expect_{kind}", kwargs=kwargs)


EXPECTATIONS = (
    _one("table_row_count_to_equal", value=8),
    _one("table_row_count_to_be_between", min_value=9),
    _one("table_column_count_to_equal", value=9),
    _one("column_to_exist", column="Text"),
    _one("column_values_to_not_be_null", column="x"),
    _one("column_values_to_not_be_null", column="Text", mostly=0.8),
    _one("column_values_to_be_null", column="d", mostly=0.2),
    _one("column_values_to_be_unique", column="id"),
    _one("column_values_to_be_unique", column="price"),
    _one("column_values_to_be_unique", column="Text"),
    _one("compound_columns_to_be_unique", column_list=["price", "flag"]),
    _one("column_values_to_be_in_set", column="Text", value_set=["a", "B", ""]),
    _one("column_values_to_not_be_in_set", column="id", value_set=[1, 99]),
    _one("column_values_to_be_in_set", column="flag", value_set=[True]),
    _one("column_values_to_be_between", column="x", min_value=0, max_value=2.5),
    _one("column_values_to_be_between", column="id", min_value=1, max_value=7, strict_max=True),
    _one("column_values_to_be_between", column="price", min_value=0, mostly=0.5),
    _one("column_values_to_be_between", column="Ünit.n;a`me", min_value=-7, max_value=3),
    _one("column_values_to_be_between", column="id", min_value=2, row_condition="flag == True", condition_parser="pandas"),
    _one("column_values_to_be_between", column="id", min_value=2, row_condition="price > 1", condition_parser="pandas"),
    _one("column_value_lengths_to_equal", column="Text", value=1),
    _one("column_value_lengths_to_be_between", column="Text", min_value=1, max_value=3),
    _one("column_values_to_match_regex", column="Text", regex="^[a-z]"),
    _one("column_values_to_not_match_regex", column="Text", regex="[0-9]"),
    _one("column_values_to_match_regex_list", column="Text", regex_list=["^a", r"\d+"], match_on="any"),
    _one("column_min_to_be_between", column="id", min_value=1, max_value=1),
    _one("column_max_to_be_between", column="id", max_value=10),
    _one("column_max_to_be_between", column="price", min_value=0),
    _one("column_mean_to_be_between", column="id", min_value=0, max_value=5),
    _one("column_mean_to_be_between", column="price", min_value=0),
    _one("column_median_to_be_between", column="id", min_value=4, max_value=5),
    _one("column_median_to_be_between", column="price", min_value=1, max_value=2),
    _one("column_stdev_to_be_between", column="id", max_value=3),
    _one("column_sum_to_be_between", column="Ünit.n;a`me", min_value=-1, max_value=1),
    _one("column_unique_value_count_to_be_between", column="Text", min_value=7, max_value=7),
    _one("column_proportion_of_unique_values_to_be_between", column="price", min_value=0.9),
    _one("column_distinct_values_to_be_in_set", column="flag", value_set=[True, False]),
    _one("column_distinct_values_to_contain_set", column="Text", value_set=["a", "q"]),
    _one("column_distinct_values_to_equal_set", column="flag", value_set=[True, False]),
    _one("column_most_common_value_to_be_in_set", column="flag", value_set=[True]),
    _one("column_quantile_values_to_be_between", column="id",
         quantile_ranges={"quantiles": [0.25, 0.75], "value_ranges": [[1, 3], [5, 9]]}),
    _one("column_values_to_be_between", column="d", min_value="1999-12-31", max_value="2020-12-31"),
    _one("column_min_to_be_between", column="d", min_value="1582-10-04"),
    _one("column_pair_values_a_to_be_greater_than_b", column_A="id", column_B="price", or_equal=True),
    _one("column_pair_values_to_be_equal", column_A="id", column_B="Ünit.n;a`me"),
    _one("select_column_values_to_be_unique_within_record", column_list=["id", "Ünit.n;a`me"]),
    _one("multicolumn_sum_to_equal", column_list=["id", "Ünit.n;a`me"], sum_total=4),
    _one("column_value_z_scores_to_be_less_than", column="Ünit.n;a`me", threshold=1, double_sided=True),
    _one("table_columns_to_match_set", column_set=["id", "x"], exact_match=False),
    _one("column_values_to_be_of_type", column="id", type_="int64"),
)  # fmt: skip
