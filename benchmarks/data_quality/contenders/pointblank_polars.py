"""pointblank on polars, without extracts of rows (its lean way)."""

from __future__ import annotations

import pointblank as pb
import polars as pl
from contender import finish, rows_and_table, wanted

rows, table = rows_and_table()
validation = pb.Validate(pl.scan_parquet(table).collect() if table.endswith(".parquet") else pl.read_csv(table))
for demand in wanted():
    column, said = demand.column, demand.arguments
    match demand.kind:
        case "rows":
            validation = validation.row_count_match(said[0])
        case "not_null":
            validation = validation.col_vals_not_null(column)
        case "between":
            validation = validation.col_vals_between(column, *said)
        case "in_set":
            validation = validation.col_vals_in_set(column, list(said))
        case "unique":
            validation = validation.rows_distinct([column])
        case "length":
            validation = validation.col_vals_expr(pl.col(column).str.len_chars() == said[0])
        case "mean":
            validation = validation.col_avg_ge(column, said[0]).col_avg_le(column, said[1])
done = validation.interrogate(collect_extracts=False, collect_tbl_checked=False)
passed = [step.all_passed for step in done.validation_info]
finish(sum(map(bool, passed)) - (len(passed) - len(wanted())))  # the mean takes two steps
