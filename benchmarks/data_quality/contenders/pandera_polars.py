"""pandera on polars, lazily read."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from contender import COLUMNS, finish, rows_and_table, wanted

rows, table = rows_and_table()
checks: dict[str, list[pa.Check]] = {column: [] for column in COLUMNS}
frame_checks = []
for demand in wanted():
    column, said = demand.column, demand.arguments
    match demand.kind:
        case "between":
            checks[column].append(pa.Check.in_range(*said))
        case "in_set":
            checks[column].append(pa.Check.isin(list(said)))
        case "length":
            checks[column].append(pa.Check.str_length(said[0], said[0]))
        case "mean":
            mean = pl.col(column).mean().is_between(*said)
            checks[column].append(pa.Check(lambda data, mean=mean: data.lazyframe.select(mean)))
        case "rows":
            frame_checks.append(pa.Check(lambda data, rows=said[0]: data.lazyframe.select(pl.len() == rows)))
schema = pa.DataFrameSchema(
    {name: pa.Column(nullable=False, unique=name == "id", checks=found) for name, found in checks.items()},
    checks=frame_checks,
)
frame = pl.read_parquet(table) if table.endswith(".parquet") else pl.read_csv(table)
schema.validate(frame)
finish(len(wanted()))
