"""DuckDB's own read of the CSV file, every value of it: the limit for CSV."""

from __future__ import annotations

import duckdb
from contender import COLUMNS, rows_and_table

rows, table = rows_and_table()
counted = ", ".join(f"count({name})" for name in COLUMNS)
found = duckdb.execute(f"SELECT count(*), {counted} FROM read_csv('{table}', sample_size=-1)").fetchall()[0]
print(f"{found[0]} of {rows}")
