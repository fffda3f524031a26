"""Great Expectations on a pandas frame: how its own documentation does it."""

from __future__ import annotations

import warnings

warnings.simplefilter("ignore")

import great_expectations as gx
import pandas as pd
from contender import finish, rows_and_table
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations_suite import suite

rows, table = rows_and_table()
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
source = context.data_sources.add_pandas("pandas").add_dataframe_asset("table")
frame = pd.read_parquet(table) if table.endswith(".parquet") else pd.read_csv(table)
batch = source.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
finish(sum(one.success for one in batch.validate(suite(rows)).results))
