"""The limit: what someone who knows SQL writes by hand, one SELECT in DuckDB. Says how many demands are met."""

from __future__ import annotations

import sys

import duckdb
from contender import COLUMNS, NUMBERS, SETS, rows_and_table


def main() -> None:
    """One SELECT over the table that argv names."""
    rows, table = rows_and_table()
    select = [f"count(*) = {rows}", *(f"count(*) FILTER ({name} IS NULL) = 0" for name in COLUMNS)]
    select += [f"min({name}) >= {low} AND max({name}) <= {high}" for name, (low, high) in NUMBERS.items()]
    select += [f"count(*) FILTER ({name} NOT IN {tuple(values)}) = 0" for name, values in SETS.items()]
    select += ["count(DISTINCT id) = count(id)", "min(length(code)) = 6 AND max(length(code)) = 6"]
    select += ["avg(measure_0) BETWEEN 490 AND 510"]
    answers = duckdb.execute(f"SELECT {', '.join(select)} FROM '{table}'").fetchall()[0]
    print(f"{sum(answers)} of {len(answers)}")
    sys.exit(not all(answers))


main()
