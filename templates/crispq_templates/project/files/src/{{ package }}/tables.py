"""Tables in and out. They are read as crispq reads them: strictly, so that no column shifts and no value is lost."""

import re
from pathlib import Path

import duckdb
import pandas as pd

# What a cell of a CSV file may become. Truth values are left out: "no" and "t" are text, as crispq takes them.
TYPES = ["NULL", "BIGINT", "DOUBLE", "TIME", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"]
CSV = """CREATE TEMP TABLE source AS SELECT * FROM read_csv(
    $path, delim = $separator, auto_type_candidates = $types, header = true, skip = 0, quote = '"', escape = '"',
    comment = '', sample_size = -1, strict_mode = true)"""


def read(path: Path) -> pd.DataFrame:
    """Return the rows of a CSV or Parquet file; the text "NA" stays text, only an empty cell is missing."""
    if path.suffix == ".parquet":
        return duckdb.from_parquet(str(path)).df()
    with duckdb.connect() as connection:
        connection.execute(CSV, {"path": str(path), "separator": _separator(path), "types": TYPES})
        for name, kind, *_ in connection.execute("DESCRIBE source").fetchall():
            column = '"' + name.replace('"', '""') + '"'
            words = f"SELECT bool_and(lower({column}) IN ('true', 'false')) FROM source"
            if kind == "VARCHAR" and connection.execute(words).fetchone()[0]:
                connection.execute(f"ALTER TABLE source ALTER {column} TYPE BOOLEAN")
        return connection.execute("FROM source").df()


def _separator(path: Path) -> str:
    with path.open(encoding="utf-8-sig") as stream:
        header = re.sub(r'"[^"]*"', "", stream.readline())
    return max(",;\t|", key=header.count)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the rows as Parquet; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False)
